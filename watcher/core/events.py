"""Rows to events: what happened, in people's terms. Pure reading of codes and directions; no judgement, no advice.

A sale is code S and disposed, in any table. An exercise is M, O or X of a security with an exercise price; M without one is the vesting
of a unit. Its two rows (Table II disposed, Table I acquired) are one event. Source: specification v5.5, 3.6.9 and Form 4, item 8.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from datetime import date
from decimal import Decimal

from watcher.core.codes import EXERCISE_CODES
from watcher.core.model import Event
from watcher.core.model import FilingFacts
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row

# (code, acquired/disposed) -> kind, for rows that are not exercises. What is not here is "other": told apart by nobody, lost by nobody.
_KINDS = {
    ("S", "D"): "sale",
    ("P", "A"): "purchase",
    ("F", "D"): "withholding",
    ("G", "A"): "gift",
    ("G", "D"): "gift",
    ("A", "A"): "award",
    ("C", "A"): "conversion",
    ("C", "D"): "conversion",
    ("D", "D"): "disposition",
    ("U", "D"): "disposition",
}
_OPTION = re.compile(r"option|right to (?:buy|purchase|acquire)|warrant|appreciation", re.IGNORECASE)
_RANGE = re.compile(
    r"(?:rang\w+\s+from|between|prices?\s+(?:from|of))\s+(?:US)?\$?\s?(?P<low>[0-9][0-9,]*(?:\.[0-9]+)?)\s*"
    r"(?:per share\s*)?(?:to|and|through|-|\u2013)\s*(?:US)?\$?\s?(?P<high>[0-9][0-9,]*(?:\.[0-9]+)?)",
    re.IGNORECASE,
)
_SOLD = re.compile(
    r"\bsale price\b|\bshares (?:were )?sold\b|\bsold in (?:multiple|several)\b|\bprice of the shares sold\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Line:
    """A transaction row with its place: (table, row number from 1)."""

    table: str
    number: int
    row: Row

    @property
    def place(self) -> tuple[str, int]:
        return (self.table, self.number)


def read_events(document: OwnershipDocument) -> tuple[Event, ...]:
    """All that happened in the filing, one event per kind and security class, in the order of first appearance.

    Figures that a row does not state make the sums `None`, and `missing` names them. Holdings are no events.
    """
    lines = [
        _Line(table, number, row)
        for table, rows in (("I", document.non_derivative_table), ("II", document.derivative_table))
        for number, row in enumerate(rows, 1)
        if row.kind == "transaction"
    ]
    exercised, rest = _exercises(lines, document)
    grouped: dict[tuple[str, str, str | None], list[_Line]] = {}
    for line in rest:
        row = line.row
        key = (_kind(row, document), (row.security_title or "").casefold(), row.acquired_disposed)
        grouped.setdefault(key, []).append(line)
    others = [_summed(kind, group, document) for (kind, *_), group in grouped.items()]
    events = [*exercised, *_with_doubts(others, lines)]
    return tuple(sorted(events, key=lambda event: min(event.rows)))


def _with_doubts(events: list[Event], lines: list[_Line]) -> list[Event]:
    """A sum of sales is a least sum where other rows of the same form do not show their code."""
    codeless = [f"code of Table {line.table} row {line.number}" for line in lines if line.row.transaction_code is None]
    if not codeless:
        return events
    return [replace(event, missing=(*event.missing, *codeless)) if event.kind == "sale" else event for event in events]


def names_for_rules(facts: FilingFacts) -> frozenset[str]:
    """Everything in a filing that a rule may ask for under `events`."""
    names = {event.kind for event in facts.events}
    if facts.form_type.endswith("/A"):
        names.add("amendment")
    if facts.timing.status == "late":
        names.add("late")
    if any(change.unexplained for change in facts.changes):
        names.add("unexplained")
    return frozenset(names)


def price_range(document: OwnershipDocument, notes: Iterable[str]) -> tuple[Decimal, Decimal] | None:
    """The lowest and highest price that a footnote states for a weighted average (SEC no-action letter of 25 June 2008)."""
    for note in notes:
        match = _RANGE.search(document.footnotes.get(note, ""))
        if match:
            low, high = (Decimal(match[name].replace(",", "")) for name in ("low", "high"))
            if low <= high:
                return low, high
    return None


def _kind(row: Row, document: OwnershipDocument) -> str:
    if row.transaction_code is None and row.acquired_disposed == "D":
        # On paper a code may be illegible where the footnote on the price still says what it is.
        notes = (document.footnotes.get(note, "") for note in row.footnotes.get("price_per_share", ()))
        return "sale" if any(_SOLD.search(text) for text in notes) else "other"
    return _KINDS.get((row.transaction_code or "", row.acquired_disposed or ""), "other")


# --- exercises ------------------------------------------------------------------------------------------------------------


def _exercises(lines: Sequence[_Line], document: OwnershipDocument) -> tuple[list[Event], list[_Line]]:
    """Pair each derivative row of codes M, O, X with its Table I twin (same shares, then same date); the rest stays."""
    coded = [line for line in lines if line.row.transaction_code in EXERCISE_CODES]
    rest = [line for line in lines if line.row.transaction_code not in EXERCISE_CODES]
    commons = [line for line in coded if line.table == "I"]
    groups: dict[tuple[str, str, Decimal | None, date | None], list[_Line]] = {}
    for line in (line for line in coded if line.table == "II"):
        twin = _twin(line, commons)
        if twin is None and line.row.acquired_disposed == "A":
            rest.append(line)  # a unit earned or reloaded, nothing exercised
            continue
        members = [line]
        if twin is not None:
            commons.remove(twin)
            members.append(twin)
        row = line.row
        kind = "exercise" if _has_exercise_price(row) else "vest"
        key = (kind, (row.security_title or "").casefold(), row.conversion_or_exercise_price, row.expiration_date)
        groups.setdefault(key, []).extend(members)
    for line in commons:  # Table I rows alone: a price paid is an exercise, none is a vesting
        kind = "exercise" if line.row.price_per_share else "vest"
        groups.setdefault((kind, (line.row.security_title or "").casefold(), line.row.price_per_share, None), []).append(line)
    return [_exercise(kind, members, document) for (kind, *_), members in groups.items()], rest


def _twin(line: _Line, commons: Sequence[_Line]) -> _Line | None:
    same = [other for other in commons if line.row.shares is not None and other.row.shares == line.row.shares]
    dated = [other for other in same if other.row.transaction_date == line.row.transaction_date]
    return next(iter(dated or same), None)


def _has_exercise_price(row: Row) -> bool:
    if row.conversion_or_exercise_price is not None:
        return row.conversion_or_exercise_price > 0
    return _OPTION.search(row.security_title or "") is not None


def _exercise(kind: str, members: list[_Line], document: OwnershipDocument) -> Event:
    derivatives = [line for line in members if line.table == "II"]
    counted = derivatives or members
    first = counted[0].row
    price = first.conversion_or_exercise_price if derivatives else first.price_per_share
    price = price or None  # a price of zero is none
    shares, missing = _total_shares(counted)
    cost = shares * price if kind == "exercise" and shares is not None and price is not None else None
    return Event(
        kind=kind,
        security_title=first.security_title,
        shares=shares,
        value=cost,
        price_low=price if kind == "exercise" else None,
        price_high=price if kind == "exercise" else None,
        price_average=price if kind == "exercise" else None,
        dates=_dates(members),
        codes=_codes(members),
        rows=tuple(line.place for line in members),
        footnotes=_notes(members, document),
        exercise_price=price,
        expiration_date=first.expiration_date if derivatives else None,
        remaining=counted[-1].row.shares_owned_following if derivatives else None,
        cost=cost,
        missing=(*missing, *(("exercise price",) if kind == "exercise" and price is None else ())),
    )


# --- sums -----------------------------------------------------------------------------------------------------------------


def _summed(kind: str, lines: list[_Line], document: OwnershipDocument) -> Event:
    shares, missing = _total_shares(lines)
    lows: list[Decimal] = []
    highs: list[Decimal] = []
    value: Decimal | None = Decimal(0)
    for line in lines:
        row = line.row
        if row.price_per_share is not None:
            stated = price_range(document, row.footnotes.get("price_per_share", ()))
            lows.append(stated[0] if stated else row.price_per_share)
            highs.append(stated[1] if stated else row.price_per_share)
        worth = _worth(row)
        if worth is None:
            missing.append(f"price of Table {line.table} row {line.number}")
        value = None if value is None or worth is None else value + worth
    priced = len(lows) == len(lines)
    average = value / shares if priced and value is not None and shares else None
    return Event(
        kind=kind,
        security_title=lines[0].row.security_title,
        shares=shares,
        value=value,
        price_low=min(lows) if priced else None,
        price_high=max(highs) if priced else None,
        price_average=average.quantize(Decimal("0.0001")) if average is not None and len(lines) > 1 else average,
        dates=_dates(lines),
        codes=_codes(lines),
        rows=tuple(line.place for line in lines),
        direction=lines[0].row.acquired_disposed,
        footnotes=_notes(lines, document),
        missing=tuple(missing),
    )


def _worth(row: Row) -> Decimal | None:
    if row.total_value is not None:
        return row.total_value
    return None if row.shares is None or row.price_per_share is None else row.shares * row.price_per_share


def _total_shares(lines: Iterable[_Line]) -> tuple[Decimal | None, list[str]]:
    total: Decimal | None = Decimal(0)
    missing = []
    for line in lines:
        if line.row.shares is None:
            total = None
            if line.row.total_value is None:
                missing.append(f"shares of Table {line.table} row {line.number}")
        elif total is not None:
            total += line.row.shares
    return total, missing


def _dates(lines: Iterable[_Line]) -> tuple[date, ...]:
    return tuple(sorted({line.row.transaction_date for line in lines if line.row.transaction_date}))


def _codes(lines: Iterable[_Line]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.row.transaction_code for line in lines if line.row.transaction_code))


def _notes(lines: Iterable[_Line], document: OwnershipDocument) -> tuple[str, ...]:
    notes = (note for line in lines for ids in line.row.footnotes.values() for note in ids)
    return tuple(dict.fromkeys(note for note in notes if note in document.footnotes))
