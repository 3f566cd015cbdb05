"""The running tally of one line within a form: what its rows moved, and which of their totals is the position after it.

Source: SEC staff FAQ on Section 16 electronic reporting (2003); specification v5.5, 4.3.3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from watcher.core.model import Row

# Fractional shares are rounded differently from form to form, and from row to row: less than one share apart is no gap.
ONE_SHARE = Decimal(1)


def are_near(one: Decimal | None, other: Decimal | int | None) -> bool:
    """Whether two balances, or two numbers of shares, are the same but for rounding; what is not known is near nothing."""
    return one is not None and other is not None and abs(one - other) < ONE_SHARE


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

    Normally the last in document order. The order "does not matter" to EDGAR (4.3.3), so where the totals chain in
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


def _end_of_chain(moves: list[Row]) -> Row | None:
    openings = [_opening(row) for row in moves]
    totals = [_total(row) for row in moves]
    last = moves[-1]
    if None in openings or openings[1:] == totals[:-1] or len(set(totals)) == 1:
        return last
    # Whether each row opens where the one before it closed, but for rounding.
    links = [are_near(total, opening) for total, opening in zip(totals[:-1], openings[1:], strict=True)]
    closed, opened = Counter(totals), Counter(openings)
    ends, starts = closed - opened, opened - closed
    if ends.total() == starts.total() == 1 and _are_one_walk(openings, totals):
        end = next(row for row, total in zip(moves, totals, strict=True) if total in ends)
        # Rounded totals may look like an exact chain in another order; which of the two is meant cannot be told.
        return None if all(links) and not are_near(_total(end), _total(last)) else end
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


def _moved(row: Row) -> Decimal | None:
    if row.shares is None or row.acquired_disposed not in {"A", "D"}:
        return None
    return row.shares if row.acquired_disposed == "A" else -row.shares


def _total(row: Row) -> Decimal | None:
    return row.value_owned_following if row.shares_owned_following is None else row.shares_owned_following


def _opening(row: Row) -> Decimal | None:
    moved = _moved(row)
    return None if moved is None or row.shares_owned_following is None else row.shares_owned_following - moved
