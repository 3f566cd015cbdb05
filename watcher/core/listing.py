"""What EDGAR's lists tell of filings before any is read: feed entries, parties, references. Frozen values; nothing here reads or writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from datetime import datetime


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One line of EDGAR's list of current filings: one per filing *and party* (an issuer, or one of its reporting owners).

    `role` is as EDGAR writes it ("Issuer", "Reporting", ...); `updated` is the acceptance time, aware.
    """

    accession_number: str
    form_type: str
    role: str
    cik: str
    name: str
    updated: datetime
    url: str


@dataclass(frozen=True, slots=True)
class FeedPage:
    """One page of the list: its entries in EDGAR's order, newest first, and the server's own clock where stated."""

    entries: tuple[FeedEntry, ...]
    generated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Party:
    """An issuer ("issuer") or reporting owner ("owner") that a filing names; "unknown" where a list does not say which."""

    cik: str
    role: str
    name: str


@dataclass(frozen=True, slots=True)
class FilingRef:
    """A filing we know exists and have not read: what the feed, an index or the submissions list tells.

    `listed_at` is the acceptance time where the list states a trustworthy one (the feed), else `None`.
    `filed_on` is the official filing date where stated. `path_cik` is a CIK under which the archive serves the filing.
    """

    accession_number: str
    form_type: str
    parties: tuple[Party, ...]
    path_cik: str
    listed_at: datetime | None = None
    filed_on: date | None = None
