"""What the store remembers, as later filings are compared with it. Frozen values; nothing here reads or judges."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from datetime import datetime
from decimal import Decimal

from watcher.core.findings import Amendment
from watcher.core.findings import HoldingChange
from watcher.core.model import Holding
from watcher.core.model import OwnershipDocument


@dataclass(frozen=True, slots=True)
class PastEvent:
    """One event of a stored filing, as later filings are compared with it. An exercise_and_sell is kept as its parts.

    `owners` are CIKs. `planned` is `None` where the filing does not say.
    """

    accession_number: str
    filed_at: datetime
    owners: tuple[str, ...]
    kind: str
    security: str  # folded title, see `titles.folded`
    shares: Decimal | None
    value: Decimal | None
    first_on: date | None
    last_on: date | None
    planned: bool | None
    adopted: date | None


@dataclass(frozen=True, slots=True)
class PastGap:
    """A gap that another filing of the issuer showed: the balance before, and the opening derived from the filing."""

    accession_number: str
    owners: str
    security: str
    as_of: date | None
    before: Decimal
    opening: Decimal


@dataclass(frozen=True, slots=True)
class PeriodicReport:
    """A 10-Q or 10-K of the issuer: the last day of the period it covers and the day it was filed."""

    form_type: str
    period: date
    filed_on: date


@dataclass(frozen=True, slots=True)
class Past:
    """What the store knows about an issuer and the owners of a filing, before that filing.

    `since` is the day from which the store has the issuer's filings. `own` are events of any of these owners at this issuer, `others` of
    other owners in the last 30 days, both the newest first. `holdings` are all lines known of these owners at the issuer. `gaps` are the
    issuer's of the last year. `late` counts late filings of these owners in the last year. `unread` are accession numbers of filings that
    name an owner and are still to be read, or cannot be. `whole_issuer` is False where only some owners of the issuer are watched, so that
    an empty `others` says nothing.
    """

    since: date | None = None
    own: tuple[PastEvent, ...] = ()
    others: tuple[PastEvent, ...] = ()
    holdings: tuple[Holding, ...] = ()
    gaps: tuple[PastGap, ...] = ()
    reports: tuple[PeriodicReport, ...] = ()
    late: int = 0
    unread: tuple[str, ...] = ()
    whole_issuer: bool = True


@dataclass(frozen=True, slots=True)
class Filed:
    """Which filing: its accession number, when EDGAR accepted it, when we saw it, and a CIK in whose folder it lies."""

    accession_number: str
    filed_at: datetime
    first_seen_at: datetime
    path_cik: str


@dataclass(frozen=True, slots=True)
class Beside:
    """What the store shows beside a document: how its positions changed, and what it belongs to.

    Without `past` nobody will be told, and nothing is said of stakes, of the plan over time and of context. `companions` are
    (accession number, document) of filings that may report the rest of an event; `same_as` is an earlier filing of the same transactions.
    """

    changes: tuple[HoldingChange, ...] = ()
    past: Past | None = None
    amends: Amendment | None = None
    companions: tuple[tuple[str, OwnershipDocument], ...] = ()
    same_as: str | None = None
