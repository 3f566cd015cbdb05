"""Rows to holdings, and holdings before to holdings after. The reported total is authoritative; the computed one is a check.

Source: Form 4, instruction 4(a)(i); SEC staff FAQ on Section 16 electronic reporting (2003): a running tally within a form. A class or
ownership line that a form does not show is not zero: it is not touched.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from collections.abc import Mapping
from datetime import date
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from watcher.core.model import Holding
from watcher.core.model import HoldingChange
from watcher.core.model import HoldingKey
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row
from watcher.core.submission import EASTERN

_SPACES = re.compile(r"\s+")
# A nature of ownership that only points at a footnote: what tells such lines apart is the footnote's text.
_SAYS_NOTHING = re.compile(
    r"(?:\b(?:see|by|in|the|and|of|indirect(?:ly)?|foot|(?:foot ?)?notes?|explanation|remarks|below)\b|[\W\d])*"
)
# Totals are filed with up to four decimals, so a running tally may be off by their rounding.
_ROUNDING = Decimal("0.01")


def owners_key(document: OwnershipDocument) -> str:
    """The reporting owners as one sortable text; an owner whose CIK is not legible is known by name."""
    return "+".join(sorted(owner.cik or f"name:{_same(owner.name or '?')}" for owner in document.reporting_owners))


def holding_key(document: OwnershipDocument, table: str, row: Row, issuer_cik: str) -> HoldingKey:
    """The running balance that a row belongs to.

    Case and spaces are normalised and nothing else: different trusts stay apart. Where an indirect line says no more than "see
    footnote", the text of its footnotes is part of its identity, as a digest.
    """
    derivative = table == "II"
    price = row.conversion_or_exercise_price
    return HoldingKey(
        issuer_cik=issuer_cik,
        owners=owners_key(document),
        table=table,
        security=_same(row.security_title or ""),
        direct_or_indirect=row.direct_or_indirect or "",
        nature=_nature(document, row),
        exercise_price=format(price.normalize(), "f") if derivative and price is not None else "",
        expiration=row.expiration_date.isoformat() if derivative and row.expiration_date else "",
    )


def by_key(document: OwnershipDocument, issuer_cik: str) -> dict[HoldingKey, list[Row]]:
    """All rows of both tables under the balance they belong to, in document order.

    On paper a row's form of ownership may be illegible; where all legible rows of its class are of one line, it is of that line too.
    """
    rows: dict[HoldingKey, list[Row]] = {}
    for table, content in (("I", document.non_derivative_table), ("II", document.derivative_table)):
        keys = [holding_key(document, table, row, issuer_cik) for row in content]
        for key, row in zip(keys, content, strict=True):
            lines = {one for one in keys if one.security == key.security and one.direct_or_indirect}
            known = next(iter(lines)) if not key.direct_or_indirect and len(lines) == 1 else key
            rows.setdefault(known, []).append(row)
    return rows


def holdings_after(document: OwnershipDocument, *, issuer_cik: str, accession_number: str, filed_at: datetime) -> list[Holding]:
    """The position each line of the filing states, after the filing. A position without a stated total is kept, with `None`."""
    holdings = []
    for key, rows in by_key(document, issuer_cik).items():
        last, closing = rows[-1], closing_row(rows)
        holdings.append(
            Holding(
                key=key,
                security_title=last.security_title or "",
                direct_or_indirect=key.direct_or_indirect or None,
                nature_of_ownership=last.nature_of_ownership,
                shares=closing.shares_owned_following if closing else None,
                value=closing.value_owned_following if closing else None,
                exercise_price=last.conversion_or_exercise_price,
                expiration_date=last.expiration_date,
                as_of=_as_of(document, rows, filed_at),
                accession_number=accession_number,
                filed_at=filed_at,
            )
        )
    return holdings


def difference(
    document: OwnershipDocument, before: Mapping[HoldingKey, Holding], *, issuer_cik: str, filed_at: datetime
) -> tuple[HoldingChange, ...]:
    """Each line before and after this filing, and what neither its rows nor the stored balance explain.

    A stored balance that is newer than this filing is no "before". An amendment restates, so for it no gap is computed.
    """
    changes = []
    for key, rows in by_key(document, issuer_cik).items():
        last, closing = rows[-1], closing_row(rows)
        shares, value = (closing.shares_owned_following, closing.value_owned_following) if closing else (None, None)
        in_dollars = shares is None and value is not None
        after = value if in_dollars else shares
        held = before.get(key)
        if held is not None and _order(held.as_of, held.filed_at) > _order(_as_of(document, rows, filed_at), filed_at):
            held = None
        opening = (held.value if in_dollars else held.shares) if held else None
        moved = None if in_dollars else signed_total(rows)
        unexplained = None
        if after is not None and opening is not None and moved is not None and not document.form_type.endswith("/A"):
            unexplained = after - opening - moved
        changes.append(
            HoldingChange(
                key=key,
                security_title=last.security_title or "",
                direct_or_indirect=key.direct_or_indirect or None,
                nature_of_ownership=last.nature_of_ownership,
                before=opening,
                after=after,
                change=moved,
                unexplained=unexplained,
                in_dollars=in_dollars,
                before_as_of=held.as_of if held else None,
                before_accession=held.accession_number if held else None,
            )
        )
    return tuple(changes)


def is_newer(candidate: Holding, stored: Holding) -> bool:
    """Whether a position may replace the stored one: later as of, or as of the same day and filed later.

    Filings of one second are told apart by accession number, so that the order in which they are read decides nothing.
    """
    one, other = (_order(holding.as_of, holding.filed_at) for holding in (candidate, stored))
    return (one, candidate.accession_number) >= (other, stored.accession_number)


def signed_total(rows: Iterable[Row]) -> Decimal | None:
    """Shares acquired less shares disposed of; `None` if a transaction does not state its shares or its direction."""
    total = Decimal(0)
    for row in rows:
        if row.kind != "transaction":
            continue
        if row.shares is None or row.acquired_disposed not in {"A", "D"}:
            return None
        total += row.shares if row.acquired_disposed == "A" else -row.shares
    return total


def closing_row(rows: list[Row]) -> Row | None:
    """The row whose total is the position after the filing; `None` where the rows state several that nothing tells apart.

    Normally the last in document order. The order "does not matter" to EDGAR (specification 4.3.3), so where the totals chain in
    another order (each opening is another's closing), the end of that chain is meant. Some filers repeat the final total on every row.
    Lines that are worded alike and do not chain are different positions, and none of their totals is the whole.
    """
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


def _end_of_chain(moves: list[Row]) -> Row | None:
    openings = [_opening(row) for row in moves]
    totals = [_total(row) for row in moves]
    if None in openings or openings[1:] == totals[:-1] or len(set(totals)) == 1:
        return moves[-1]
    ends = [row for row in moves if _total(row) not in openings]
    starts = [opening for opening in openings if opening not in totals]
    if len(ends) == len(starts) == 1 and len(set(openings)) == len(set(totals)) == len(moves):
        return ends[0]
    return moves[-1] if all(_nearly_links(before, after) for before, after in pairwise(moves)) else None


def _nearly_links(before: Row, after: Row) -> bool:
    """Whether a row opens where the one before it closed, but for rounding, or a footnote on its total says why it does not."""
    closing, opening = _total(before), _opening(after)
    near = closing is not None and opening is not None and abs(closing - opening) <= _ROUNDING
    return near or "shares_owned_following" in after.footnotes


def _total(row: Row) -> Decimal | None:
    return row.value_owned_following if row.shares_owned_following is None else row.shares_owned_following


def _opening(row: Row) -> Decimal | None:
    moved = signed_total([row])
    return None if moved is None or row.shares_owned_following is None else row.shares_owned_following - moved


def _as_of(document: OwnershipDocument, rows: list[Row], filed_at: datetime) -> date:
    """The day the position is known for; never after the filing, so that a mistyped year cannot freeze a holding."""
    filed = filed_at.astimezone(EASTERN).date()
    dates = [row.transaction_date for row in rows if row.transaction_date]
    stated = max(dates) if dates else document.period_of_report
    return min(stated, filed) if stated else filed


def _order(as_of: date | None, filed_at: datetime) -> tuple[date, datetime]:
    return (as_of or date.min, filed_at)


def _nature(document: OwnershipDocument, row: Row) -> str:
    nature = _same(row.nature_of_ownership or "")
    if row.direct_or_indirect != "I" or not _SAYS_NOTHING.fullmatch(nature):
        return nature
    notes = (*row.footnotes.get("nature_of_ownership", ()), *row.footnotes.get("direct_or_indirect", ()))
    texts = sorted({_same(document.footnotes[note]) for note in notes if note in document.footnotes})
    return f"see footnote {hashlib.sha256(repr(texts).encode()).hexdigest()[:16]}" if texts else nature


def _same(text: str) -> str:
    return _SPACES.sub(" ", text).strip().rstrip(".").casefold()
