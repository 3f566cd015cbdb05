"""The rows of an amendment beside the rows of what it amends, one to one: restated, changed, added, dropped, not repeated.

Form 4, General Instruction 9: an amendment gives each line being added, and the complete line or lines being amended. Rows have no
number of their own, so they are told apart by what they say, and by where their running totals link.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from watcher.core.findings import RowChange
from watcher.core.footnotes import FootnoteFact
from watcher.core.footnotes import read_footnotes
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row
from watcher.core.payload import DERIVATIVE_FIELDS
from watcher.core.payload import ROW_FIELDS
from watcher.core.payload import plain
from watcher.core.titles import folded
from watcher.core.titles import folded_nature

_FIELDS = (*ROW_FIELDS, *DERIVATIVE_FIELDS)
_TEXTS = {"security_title": folded, "underlying_security_title": folded, "nature_of_ownership": folded_nature}

_OMITTED = re.compile(
    r"\b(?:omit\w+|omission|(?:not|never) (?:previously |been )?(?:reported|included)|fail\w+ to (?:report|include))",
    re.IGNORECASE,
)
_MOVES = r"(?:transactions?|sales?|purchases?|acquisitions?|dispositions?|disposals?|exercises?|rows?|lines?|line items?|entr(?:y|ies))"
_DELETED = re.compile(
    rf"\b(?:delet|remov|eliminat)\w+\b[^.;]{{0,60}}\b{_MOVES}\b"
    rf"|\b{_MOVES}\b[^.;]{{0,80}}\b(?:should not have been (?:reported|included)|did not (?:occur|take place)|never (?:occurred|took place)"
    r"|(?:was|were) (?:inadvertently|erroneously|mistakenly) (?:included|duplicated|reported twice))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Line:
    """What a row says, as it is compared: its words folded, its key, and its footnotes that carry a plan or a price range."""

    row: Row
    said: tuple[object, ...]
    security: tuple[object, ...]
    ownership: tuple[object, ...]
    deed: tuple[object, ...]
    opening: Decimal | None
    notes: tuple[str, ...]

    @property
    def balance(self) -> tuple[object, ...]:
        """The running balance it belongs to."""
        return (self.security, self.ownership)

    @property
    def keys(self) -> tuple[tuple[object, ...], ...]:
        """What tells it from other rows of its table."""
        return (self.security, self.ownership, self.deed, (self.row.transaction_date,))


def compare_rows(original: OwnershipDocument, amendment: OwnershipDocument, reason: str | None) -> tuple[RowChange, ...]:
    """Each row of the amendment, then each row of the original that it does not repeat; Table I first. Never raises."""
    theirs, ours = read_footnotes(original), read_footnotes(amendment)
    changes: list[RowChange] = []
    for table, before, after in (
        ("I", original.non_derivative_table, amendment.non_derivative_table),
        ("II", original.derivative_table, amendment.derivative_table),
    ):
        was = [_line(row, theirs) for row in before]
        now = [_line(row, ours) for row in after]
        pairs = _pairs(was, now, omitted=bool(reason and _OMITTED.search(reason)))
        for number, line in enumerate(now):
            partner = pairs.get(number)
            differing = () if partner is None else tuple(_differing(was[partner], line))
            kind = "added" if partner is None else "changed" if differing else "restated"
            changes.append(RowChange(kind, table, number + 1, None if partner is None else partner + 1, differing))
        gone = _excluded(was, now, pairs)
        left = [number for number in range(len(was)) if number not in pairs.values()]
        changes += (RowChange("dropped" if one in gone else "not repeated", table, None, one + 1) for one in left)
    return _deleted_by_words(changes, original, reason)


def _line(row: Row, facts: Sequence[FootnoteFact]) -> _Line:
    said = tuple([_folded(name, getattr(row, name)) for name in _FIELDS])
    cited = {note for notes in row.footnotes.values() for note in notes}
    notes = sorted(_fact_words(fact) for fact in facts if fact.footnote in cited and (fact.day or fact.low is not None))
    total = row.shares_owned_following
    opening = None
    if total is not None and row.shares is not None and row.acquired_disposed in {"A", "D"}:
        opening = total - row.shares if row.acquired_disposed == "A" else total + row.shares
    return _Line(
        row=row,
        said=said,
        security=(folded(row.security_title or ""), row.conversion_or_exercise_price, row.expiration_date),
        ownership=(row.direct_or_indirect, folded_nature(row.nature_of_ownership or "")),
        deed=(row.transaction_code, row.acquired_disposed),
        opening=opening,
        notes=tuple(dict.fromkeys(notes)),
    )


def _folded(name: str, value: object) -> object:
    if name == "equity_swap_involved":
        return bool(value)
    return _TEXTS[name](value) if name in _TEXTS and isinstance(value, str) else value


def _fact_words(fact: FootnoteFact) -> str:
    return f"plan of {fact.day}" if fact.day else f"prices from {plain(fact.low)} to {plain(fact.high)}"


def _differing(was: _Line, now: _Line) -> Iterator[tuple[str, str | None, str | None]]:
    for name, one, other in zip(_FIELDS, was.said, now.said, strict=True):
        if one != other:
            yield name, _shown(getattr(was.row, name)), _shown(getattr(now.row, name))
    # A footnote that is not given again is not taken back.
    if now.notes and now.notes != was.notes:
        yield "footnotes", "; ".join(was.notes) or None, "; ".join(now.notes)


def _shown(value: object) -> str | None:
    return None if value is None else str(plain(value))


# --- which row is which -----------------------------------------------------------------------------------------------------


def _pairs(was: Sequence[_Line], now: Sequence[_Line], *, omitted: bool) -> dict[int, int]:
    """Row of the amendment -> row of the original, from 0: what is the same first, then what differs least, then by order."""
    places: dict[tuple[object, ...], list[int]] = {}
    for number in range(len(was) - 1, -1, -1):
        places.setdefault(was[number].said, []).append(number)
    pairs = {number: same.pop() for number, line in enumerate(now) if (same := places.get(line.said))}
    left = [number for number in range(len(was)) if number not in set(pairs.values())]
    new = [number for number in range(len(now)) if number not in pairs]
    last = len(left) == len(new) == 1
    counts = Counter(was[one].keys for one in left), Counter(now[one].keys for one in new)
    ranked = []
    for mine, theirs in product(new, left):
        before, after = was[theirs], now[mine]
        differing = [one != other for one, other in zip(before.keys, after.keys, strict=True)]
        alone = not any(differing) and counts[0][before.keys] == counts[1][after.keys] and not omitted
        agreeing = _agreeing(before, after) - ({"price", "opening"} if omitted else set())
        if _may_be_the_same(before, after, sum(differing), agreeing, alone=alone, last=last):
            fields = sum(one != other for one, other in zip(before.said, after.said, strict=True))
            ranked.append((sum(differing), -len(agreeing), fields, abs(mine - theirs), mine, theirs))
    for *_, mine, theirs in sorted(ranked):
        if mine not in pairs and theirs not in pairs.values():
            pairs[mine] = theirs
    return pairs


def _agreeing(was: _Line, now: _Line) -> set[str]:
    """The figures in which two rows agree. A price of zero is no sign of anything."""
    figures = {
        "shares": (was.row.shares, now.row.shares),
        "price": (was.row.price_per_share or None, now.row.price_per_share or None),
        "total": (was.row.shares_owned_following, now.row.shares_owned_following),
        "value": (was.row.value_owned_following, now.row.value_owned_following),
        "opening": (was.opening, now.opening),
    }
    return {name for name, (one, other) in figures.items() if one is not None and one == other}


def _may_be_the_same(was: _Line, now: _Line, differing: int, agreeing: set[str], *, alone: bool, last: bool) -> bool:
    """Whether a row may be another one's correction. What opens where the other closed is the next row, not the same.

    `alone`: no other row has its key. `last`: all others have found theirs.
    """
    if was.row.kind != now.row.kind:
        return last and was.balance == now.balance
    if was.row.kind == "holding":
        return alone or (differing <= 1 and bool(agreeing & {"total", "value"}))
    if now.opening is not None and now.opening == was.row.shares_owned_following and not agreeing >= {"shares", "price"}:
        return False
    if not differing:
        return alone or bool(agreeing)
    if differing == 1:
        return bool(agreeing & {"shares", "total", "opening"})
    return differing == 2 and "shares" in agreeing and len(agreeing) > 1


# --- what is taken back -----------------------------------------------------------------------------------------------------


def _excluded(was: Sequence[_Line], now: Sequence[_Line], pairs: Mapping[int, int]) -> set[int]:
    """Rows of the original, from 0, without which alone a total holds that the amendment states for a later row of their balance."""
    mine = {theirs: number for number, theirs in pairs.items()}
    gone: set[int] = set()
    balances = {line.balance for line in was if line.opening is not None}
    for balance in balances:
        chain = [number for number, line in enumerate(was) if line.balance == balance and line.row.kind == "transaction"]
        running = was[chain[0]].opening
        missing: list[int] = []
        for number in chain:
            if running is None:
                break
            if number not in mine:
                missing.append(number)
                running = _moved(running, was[number])
                continue
            line = now[mine[number]]
            if line.balance != balance:
                continue
            running = _moved(running, line)
            new = [one for one in range(mine[number]) if one not in pairs and now[one].balance == balance]
            total = line.row.shares_owned_following
            if running is None or total is None or not missing:
                continue
            added, taken = _net(now[one] for one in new), _net(was[one] for one in missing)
            if added is None or taken is None or not taken:
                continue
            if total == running + added - taken:
                gone.update(missing)
                running -= taken
                missing = []
    return gone


def _moved(running: Decimal, line: _Line) -> Decimal | None:
    net = _net([line])
    return None if net is None else running + net


def _net(lines: Iterable[_Line]) -> Decimal | None:
    total = Decimal(0)
    for line in lines:
        shares, direction = line.row.shares, line.row.acquired_disposed
        if shares is None or direction not in {"A", "D"}:
            return None
        total += shares if direction == "A" else -shares
    return total


def _deleted_by_words(changes: list[RowChange], original: OwnershipDocument, reason: str | None) -> tuple[RowChange, ...]:
    """A deletion is believed where it can mean one row only."""
    rows = {"I": original.non_derivative_table, "II": original.derivative_table}
    left = [
        number
        for number, change in enumerate(changes)
        if change.kind == "not repeated"
        and change.original_row is not None
        and rows[change.table][change.original_row - 1].kind == "transaction"
    ]
    if len(left) == 1 and reason is not None and _DELETED.search(reason):
        change = changes[left[0]]
        changes[left[0]] = RowChange("dropped", change.table, None, change.original_row)
    return tuple(changes)
