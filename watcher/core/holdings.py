"""Rows to holdings, and holdings before to holdings after. The reported total is authoritative; the computed one is a check.

Source: Form 4, instruction 4(a)(i); SEC staff FAQ on Section 16 electronic reporting (2003): a running tally within a form. A class or
ownership line that a form does not show is not zero: it is not touched.
"""

from __future__ import annotations

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


def owners_key(document: OwnershipDocument) -> str:
    """The reporting owners as one sortable text; an owner whose CIK is not legible is known by name."""
    return "+".join(sorted(owner.cik or f"name:{_same(owner.name or '?')}" for owner in document.reporting_owners))


def holding_key(document: OwnershipDocument, table: str, row: Row, issuer_cik: str) -> HoldingKey:
    """The running balance that a row belongs to. Case and spaces are normalised and nothing else: different trusts stay apart."""
    derivative = table == "II"
    price = row.conversion_or_exercise_price
    return HoldingKey(
        issuer_cik=issuer_cik,
        owners=owners_key(document),
        table=table,
        security=_same(row.security_title or ""),
        direct_or_indirect=row.direct_or_indirect or "",
        nature=_same(row.nature_of_ownership or ""),
        exercise_price=format(price.normalize(), "f") if derivative and price is not None else "",
        expiration=row.expiration_date.isoformat() if derivative and row.expiration_date else "",
    )


def by_key(document: OwnershipDocument, issuer_cik: str) -> dict[HoldingKey, list[Row]]:
    """All rows of both tables under the balance they belong to, in document order."""
    rows: dict[HoldingKey, list[Row]] = {}
    for table, content in (("I", document.non_derivative_table), ("II", document.derivative_table)):
        for row in content:
            rows.setdefault(holding_key(document, table, row, issuer_cik), []).append(row)
    return rows


def holdings_after(document: OwnershipDocument, *, issuer_cik: str, accession_number: str, filed_at: datetime) -> list[Holding]:
    """The position each line of the filing states, after the filing. A position without a stated total is kept, with `None`."""
    holdings = []
    for key, rows in by_key(document, issuer_cik).items():
        last = closing_row(rows)
        holdings.append(
            Holding(
                key=key,
                security_title=last.security_title or "",
                direct_or_indirect=last.direct_or_indirect,
                nature_of_ownership=last.nature_of_ownership,
                shares=last.shares_owned_following,
                value=last.value_owned_following,
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
        last = closing_row(rows)
        in_dollars = last.shares_owned_following is None and last.value_owned_following is not None
        after = last.value_owned_following if in_dollars else last.shares_owned_following
        held = before.get(key)
        if held is not None and _order(held.as_of, held.filed_at) > _order(_as_of(document, rows, filed_at), filed_at):
            held = None
        opening = (held.value if in_dollars else held.shares) if held else None
        moved = None if in_dollars else signed_total(rows)
        known = opening is not None and after is not None and moved is not None
        unexplained = (
            after - opening - moved
            if known and not document.form_type.endswith("/A") and after is not None and opening is not None and moved is not None
            else None
        )
        changes.append(
            HoldingChange(
                key=key,
                security_title=last.security_title or "",
                direct_or_indirect=last.direct_or_indirect,
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
    """Whether a position may replace the stored one: later as of, or as of the same day and filed later."""
    return _order(candidate.as_of, candidate.filed_at) >= _order(stored.as_of, stored.filed_at)


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


def closing_row(rows: list[Row]) -> Row:
    """The row whose total is the position after the filing.

    Normally the last in document order. The order "does not matter" to EDGAR (specification 4.3.3), so where the totals chain in
    another order (each opening is another's closing), the end of that chain is meant.
    """
    stated = [row for row in rows if row.shares_owned_following is not None]
    if len(stated) < 2 or _links(stated):
        return stated[-1] if stated else rows[-1]
    openings: dict[Decimal, Row] = {}
    for row in stated:
        opening = _opening(row)
        if opening is None or opening in openings:
            return stated[-1]
        openings[opening] = row
    ends = [row for row in stated if row.shares_owned_following not in openings]
    starts = set(openings) - {row.shares_owned_following for row in stated}
    return ends[0] if len(ends) == 1 and len(starts) == 1 else stated[-1]


def _links(rows: list[Row]) -> bool:
    return all(_opening(after) == before.shares_owned_following for before, after in pairwise(rows))


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


def _same(text: str) -> str:
    return _SPACES.sub(" ", text).strip().rstrip(".").casefold()
