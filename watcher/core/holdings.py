"""Rows to positions, and a position beside the one before it. The reported total is authoritative; the computed one is a check.

Source: Form 4, instruction 4(a)(i); SEC staff FAQ on Section 16 electronic reporting (2003): a running tally within a form. A class or
ownership line that a form does not show is not zero: it is not touched.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from datetime import date
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from watcher.core.findings import HoldingChange
from watcher.core.grants import as_far_as_known
from watcher.core.model import Holding
from watcher.core.model import HoldingKey
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.submission import EASTERN
from watcher.core.titles import folded
from watcher.core.titles import folded_nature
from watcher.core.titles import folded_note
from watcher.core.titles import says_nothing

_SPACES = re.compile(r"\s+")
# Fractional shares are rounded differently from form to form, and from row to row: less than one share apart is no gap.
_ONE_SHARE = Decimal(1)


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
    return "+".join(sorted(owner.cik or f"name:{_same(owner.name or '?')}" for owner in owners))


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


def holdings_after(document: OwnershipDocument, *, issuer_cik: str, accession_number: str, filed_at: datetime) -> list[Holding]:
    """The holdings of `positions`."""
    found = positions(document, issuer_cik=issuer_cik, accession_number=accession_number, filed_at=filed_at)
    return [position.holding for position in found]


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
        standing = "matches" if abs(unexplained) < _ONE_SHARE else "gap"
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
    )
    return as_far_as_known(change, chained=chained)


def difference(
    document: OwnershipDocument, before: Mapping[HoldingKey, Holding], *, issuer_cik: str, filed_at: datetime
) -> tuple[HoldingChange, ...]:
    """Each line before and after this filing. A stored balance that is newer than this filing is no "before"."""
    amends = document.form_type.endswith("/A")
    changes = []
    for position in positions(document, issuer_cik=issuer_cik, accession_number="", filed_at=filed_at):
        held = before.get(position.holding.key)
        is_before = held is not None and _order(held) <= _order(position.holding)
        changes.append(change_between(position, held if is_before else None, amends=amends))
    return tuple(changes)


def is_newer(candidate: Holding, stored: Holding) -> bool:
    """Whether a position may replace the stored one: later as of, or as of the same day and filed later.

    Filings of one second are told apart by accession number, so that the order in which they are read decides nothing.
    """
    return (_order(candidate), candidate.accession_number) >= (_order(stored), stored.accession_number)


def signed_total(rows: Iterable[Row]) -> Decimal | None:
    """Shares acquired less shares disposed of; `None` if a transaction does not state its shares or its direction."""
    total = Decimal(0)
    for row in rows:
        if row.kind != "transaction":
            continue
        moved = _moved(row)
        if moved is None:
            return None
        total += moved
    return total


def closing_row(rows: list[Row]) -> Row | None:
    """The row whose total is the position after the filing; `None` where the rows state several that nothing tells apart.

    Normally the last in document order. The order "does not matter" to EDGAR (specification 4.3.3), so where the totals chain in
    another order (each opening is another's closing), the end of that chain is meant. Some filers repeat the final total on every row.
    Lines that are worded alike and do not chain are different positions, and none of their totals is the whole.
    """
    if len(rows) == 1:
        return rows[0]
    stated = [row for row in rows if _total(row) is not None]
    if not stated:
        return rows[-1]
    if rows[-1].kind == "transaction" and _total(rows[-1]) is None:
        return None  # on paper, the last total may be illegible
    ends = [row for row in stated if row.kind != "transaction"]
    moves = [row for row in stated if row.kind == "transaction"]
    if moves:
        end = _end_of_chain(moves)
        if end is None:
            return None
        ends.append(end)
    return ends[-1] if len({_total(row) for row in ends}) == 1 else None


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


def _end_of_chain(moves: list[Row]) -> Row | None:
    openings = [_opening(row) for row in moves]
    totals = [_total(row) for row in moves]
    last = moves[-1]
    if None in openings or openings[1:] == totals[:-1] or len(set(totals)) == 1:
        return last
    links = [_links(before, after) for before, after in pairwise(moves)]
    closed, opened = Counter(totals), Counter(openings)
    ends, starts = closed - opened, opened - closed
    if ends.total() == starts.total() == 1 and _are_one_walk(openings, totals):
        end = next(row for row, total in zip(moves, totals, strict=True) if total in ends)
        # Rounded totals may look like an exact chain in another order; which of the two is meant cannot be told.
        return None if all(links) and not _are_near(_total(end), _total(last)) else end
    noted = ["shares_owned_following" in after.footnotes for after in moves[1:]]
    return last if all(link or note for link, note in zip(links, noted, strict=True)) else None


def _are_one_walk(openings: list[Decimal | None], totals: list[Decimal | None]) -> bool:
    """Whether the rows, as steps from balance to balance, hang together: then one walk takes them all (Euler)."""
    steps: dict[Decimal | None, set[Decimal | None]] = {}
    for opening, total in zip(openings, totals, strict=True):
        steps.setdefault(opening, set()).add(total)
        steps.setdefault(total, set()).add(opening)
    reached, ahead = set(), [totals[0]]
    while ahead:
        balance = ahead.pop()
        if balance not in reached:
            reached.add(balance)
            ahead += steps[balance]
    return len(reached) == len(steps)


def _links(before: Row, after: Row) -> bool:
    """Whether a row opens where the one before it closed, but for rounding."""
    return _are_near(_total(before), _opening(after))


def _are_near(one: Decimal | None, other: Decimal | None) -> bool:
    return one is not None and other is not None and abs(one - other) < _ONE_SHARE


def _moved(row: Row) -> Decimal | None:
    if row.shares is None or row.acquired_disposed not in {"A", "D"}:
        return None
    return row.shares if row.acquired_disposed == "A" else -row.shares


def _total(row: Row) -> Decimal | None:
    return row.value_owned_following if row.shares_owned_following is None else row.shares_owned_following


def _opening(row: Row) -> Decimal | None:
    moved = _moved(row)
    return None if moved is None or row.shares_owned_following is None else row.shares_owned_following - moved


def _as_of(document: OwnershipDocument, rows: list[Row], filed_at: datetime) -> date:
    """The day the position is known for; never after the filing, so that a mistyped year cannot freeze a holding."""
    filed = filed_at.astimezone(EASTERN).date()
    stated = max((row.transaction_date for row in rows if row.transaction_date), default=document.period_of_report)
    return min(stated, filed) if stated else filed


def _order(holding: Holding) -> tuple[date, datetime]:
    return (holding.as_of or date.min, holding.filed_at)


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
