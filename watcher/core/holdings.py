"""Rows to positions, and a position beside the one before it. The reported total is authoritative; the computed one is a check.

Source: Form 4, instruction 4(a)(i). A class or ownership line that a form does not show is not zero: it is not touched.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace
from datetime import date
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from watcher.core.findings import HoldingChange
from watcher.core.grants import NAMELESS
from watcher.core.grants import as_far_as_known
from watcher.core.model import Holding
from watcher.core.model import HoldingKey
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.submission import EASTERN
from watcher.core.tally import ONE_SHARE
from watcher.core.tally import closing_row
from watcher.core.tally import signed_total
from watcher.core.titles import folded
from watcher.core.titles import folded_nature
from watcher.core.titles import folded_note
from watcher.core.titles import says_nothing

_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Position:
    """What one filing states of one balance: the holding after it, and what its rows moved.

    `moved` is the signed sum of its rows in shares (`None`: a row does not state it, or the balance is in dollars), `opening` =
    closing - moved.
    """

    holding: Holding
    moved: Decimal | None
    opening: Decimal | None
    in_dollars: bool


def owners_key(document: OwnershipDocument) -> str:
    """The reporting owners as one sortable text; an owner whose CIK is not legible is known by name."""
    return _owners(document.reporting_owners)


@lru_cache(maxsize=4096)
def _owners(owners: tuple[ReportingOwner, ...]) -> str:
    return "+".join(sorted(owner.cik or (f"name:{_same(owner.name)}" if owner.name else NAMELESS) for owner in owners))


def holding_key(document: OwnershipDocument, table: str, row: Row, issuer_cik: str) -> HoldingKey:
    """The running balance that a row belongs to, by its own words; see `by_key` for what the other rows of the filing add.

    Title and nature are folded (`core.titles`). Where an indirect line says no more than "see footnote", the text of its footnotes,
    less the numbers of shares in it, is part of its identity, as a digest. A grant is known by price and expiry; a price of zero says
    as much as none.
    """
    derivative = table == "II"
    price = row.conversion_or_exercise_price if derivative else None
    return HoldingKey(
        issuer_cik=issuer_cik,
        owners=_owners(document.reporting_owners),
        table=table,
        security=folded(row.security_title or ""),
        direct_or_indirect=row.direct_or_indirect or "",
        nature=_nature(document, row),
        exercise_price=format(price.normalize(), "f") if price else "",
        expiration=row.expiration_date.isoformat() if derivative and row.expiration_date else "",
    )


def by_key(document: OwnershipDocument, issuer_cik: str) -> dict[HoldingKey, list[Row]]:
    """All rows of both tables under the balance they belong to, in document order.

    On paper a row's form of ownership may be illegible; where all legible rows of its class are of one line, it is of that line too.
    Lines that only their spelling tells apart are one balance, unless their totals do not chain: then the filing itself shows them to
    be several, and their spelling is part of their keys.
    """
    return {key: rows for key, rows, _ in _balances(document, issuer_cik)}


def positions(document: OwnershipDocument, *, issuer_cik: str, accession_number: str, filed_at: datetime) -> list[Position]:
    """The position each line of the filing states, after the filing. A position without a stated total is kept, with `None`.

    Rests on this filing alone, so it is the same whatever was read before it.
    """
    found = []
    for key, rows, closing in _balances(document, issuer_cik):
        last = rows[-1]
        shares, value = (closing.shares_owned_following, closing.value_owned_following) if closing else (None, None)
        in_dollars = shares is None and value is not None
        moved = None if in_dollars else signed_total(rows)
        holding = Holding(
            key=key,
            security_title=last.security_title or "",
            direct_or_indirect=key.direct_or_indirect or None,
            nature_of_ownership=last.nature_of_ownership,
            shares=shares,
            value=value,
            exercise_price=last.conversion_or_exercise_price,
            expiration_date=last.expiration_date,
            as_of=_as_of(document, rows, filed_at),
            accession_number=accession_number,
            filed_at=filed_at,
        )
        opening = None if shares is None or moved is None else shares - moved
        found.append(Position(holding, moved, opening, in_dollars))
    return found


def change_between(position: Position, previous: Holding | None, *, amends: bool, chained: bool = False) -> HoldingChange:
    """A position beside the one before it in the order (as of, filed, accession number), and how the two stand to each other.

    `amends`: the filing is an amendment, which restates, so no gap is computed. `chained`: an earlier pair of this balance matches, see
    `grants.as_far_as_known`. Names no candidates of a gap: see `gaps.explained`.
    """
    holding = position.holding
    before = (previous.value if position.in_dollars else previous.shares) if previous else None
    unexplained = None if amends or before is None or position.opening is None else position.opening - before
    if amends:
        standing = "amends"
    elif previous is None:
        standing = "first sight"
    elif unexplained is None:
        standing = "cannot tell"
    else:
        standing = "matches" if abs(unexplained) < ONE_SHARE else "gap"
    change = HoldingChange(
        key=holding.key,
        security_title=holding.security_title,
        direct_or_indirect=holding.direct_or_indirect,
        nature_of_ownership=holding.nature_of_ownership,
        before=before,
        after=holding.value if position.in_dollars else holding.shares,
        change=position.moved,
        unexplained=unexplained,
        in_dollars=position.in_dollars,
        before_as_of=previous.as_of if previous else None,
        before_accession=previous.accession_number if previous else None,
        opening=position.opening,
        standing=standing,
        exercise_price=holding.exercise_price,
    )
    return as_far_as_known(change, chained=chained)


def _balances(document: OwnershipDocument, issuer_cik: str) -> Iterator[tuple[HoldingKey, list[Row], Row | None]]:
    """Every balance of the filing: its key, its rows and the row that closes it."""
    grouped: dict[HoldingKey, list[Row]] = {}
    for table, content in (("I", document.non_derivative_table), ("II", document.derivative_table)):
        keys = [holding_key(document, table, row, issuer_cik) for row in content]
        if not all(key.direct_or_indirect for key in keys):
            keys = [_legible(key, keys) for key in keys]
        for key, row in zip(keys, content, strict=True):
            grouped.setdefault(key, []).append(row)
    for key, rows in grouped.items():
        closing = closing_row(rows)
        spellings: dict[str, list[Row]] = {}
        if closing is None:
            for row in rows:
                spellings.setdefault(_spelling(document, row), []).append(row)
        if len(spellings) < 2:
            yield key, rows, closing
            continue
        for spelling, part in spellings.items():
            yield replace(key, nature=f"{key.nature} [{spelling}]"), part, closing_row(part)


def _legible(key: HoldingKey, keys: list[HoldingKey]) -> HoldingKey:
    lines = {one for one in keys if one.security == key.security and one.direct_or_indirect}
    return next(iter(lines)) if not key.direct_or_indirect and len(lines) == 1 else key


def _spelling(document: OwnershipDocument, row: Row) -> str:
    """What is told of a line beyond its key: its words as filed, the price of zero, the footnotes with their figures."""
    price = row.conversion_or_exercise_price
    words = [
        _same(row.security_title or ""),
        _same(row.nature_of_ownership or ""),
        "" if price is None else f"{price.normalize():f}",
    ]
    if _points_at_a_footnote(row):
        words.append(_digest(sorted({_same(text) for text in _notes_on_the_line(document, row)})))
    return "; ".join(word for word in words if word)


def _as_of(document: OwnershipDocument, rows: list[Row], filed_at: datetime) -> date:
    """The day the position is known for; never after the filing, so that a mistyped year cannot freeze a holding."""
    filed = filed_at.astimezone(EASTERN).date()
    stated = max((row.transaction_date for row in rows if row.transaction_date), default=document.period_of_report)
    return min(stated, filed) if stated else filed


def _nature(document: OwnershipDocument, row: Row) -> str:
    nature = folded_nature(row.nature_of_ownership or "")
    if not _points_at_a_footnote(row):
        return nature
    texts = sorted({folded_note(text) for text in _notes_on_the_line(document, row)})
    return f"see footnote {_digest(texts)}" if texts else nature


def _points_at_a_footnote(row: Row) -> bool:
    return row.direct_or_indirect == "I" and says_nothing(row.nature_of_ownership or "")


def _notes_on_the_line(document: OwnershipDocument, row: Row) -> list[str]:
    notes = (*row.footnotes.get("nature_of_ownership", ()), *row.footnotes.get("direct_or_indirect", ()))
    return [document.footnotes[note] for note in notes if note in document.footnotes]


def _digest(texts: list[str]) -> str:
    return hashlib.sha256(repr(texts).encode()).hexdigest()[:16]


def _same(text: str) -> str:
    return _SPACES.sub(" ", text).strip().rstrip(".").casefold()
