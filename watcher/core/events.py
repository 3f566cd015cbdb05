"""Rows to events: what happened, in people's terms. Pure reading of codes and directions; no judgement, no advice.

A sale is code S and disposed, in any table. An exercise is M, O or X of a security with an exercise price; M without one is the vesting
of a unit or, for a class of shares, a conversion. What was given up and what was received for it are one event, counted in the
instrument given up. Source: specification v5.5, 3.6.9 and Form 4, item 8.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from datetime import date
from decimal import Decimal

from watcher.core.codes import EXERCISE_CODES
from watcher.core.footnotes import price_range
from watcher.core.holdings import closing_row
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
# Units have no exercise price; some filers put the day's market price in its column.
_UNIT = re.compile(r"^(?!.*(?:option|warrant|appreciation)).*(?:restricted|phantom|\b[RPD]SUs?\b)", re.IGNORECASE)
_SHARE_CLASS = re.compile(r"\b(?:common|ordinary|preferred|convertible)\b", re.IGNORECASE)
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


def _kind(row: Row, document: OwnershipDocument) -> str:
    if row.transaction_code is None and row.acquired_disposed == "D":
        # On paper a code may be illegible where the footnote on the price still says what it is.
        notes = (document.footnotes.get(note, "") for note in row.footnotes.get("price_per_share", ()))
        return "sale" if any(_SOLD.search(text) for text in notes) else "other"
    return _KINDS.get((row.transaction_code or "", row.acquired_disposed or ""), "other")


# --- exercises ------------------------------------------------------------------------------------------------------------


def _exercises(lines: Sequence[_Line], document: OwnershipDocument) -> tuple[list[Event], list[_Line]]:
    """Put what was received under codes M, O, X to the instrument given up for it, by `_TWINS`; what stays is returned.

    Both sides are taken in an order of their own, so that the rows' order changes no sum.
    """
    coded = sorted((line for line in lines if line.row.transaction_code in EXERCISE_CODES), key=_in_own_order)
    rest = [line for line in lines if line.row.transaction_code not in EXERCISE_CODES]
    received = [line for line in coded if not _is_given_up(line)]
    given = [(line, list[_Line]()) for line in coded if _is_given_up(line)]
    for are_twins in _TWINS:
        for line, twins in given:
            twin = next((other for other in received if not twins and are_twins(line.row, other.row)), None)
            if twin is not None:
                received.remove(twin)
                twins.append(twin)
    single = [(line, shares) for line, shares in given if not shares]
    for other in [line for line in received if line.table == "I"]:  # net of what was withheld, or several instruments in one row
        home = next((shares for line, shares in single if _is_share_of(line.row, other.row)), None)
        if home is not None:
            received.remove(other)
            home.append(other)
    groups: dict[tuple[str, str, Decimal | None, date | None], tuple[list[_Line], list[_Line]]] = {}
    for line, twins in given:
        if line.table == "I" and not twins:
            rest.append(line)
            continue
        kind = _exercise_kind(line.row)
        strike = _strike(line.row, twins) if kind == "exercise" else None
        instruments, shares = groups.setdefault((kind, _title(line), strike, line.row.expiration_date), ([], []))
        instruments.append(line)
        shares += twins
    for line in received:
        if line.table == "II":
            rest.append(line)  # a unit earned or reloaded, nothing exercised
            continue
        paid = line.row.price_per_share or None
        kind = "exercise" if paid or line.row.transaction_code != "M" else "vest"
        groups.setdefault((kind, _title(line), paid, None), ([], []))[1].append(line)
    events = [_exercise(kind, strike, *sides, document) for (kind, _, strike, _), sides in groups.items()]
    return events, sorted(rest, key=lambda line: line.place)


def _is_given_up(line: _Line) -> bool:
    return line.row.acquired_disposed == "D" or (line.row.acquired_disposed is None and line.table == "II")


def _in_own_order(line: _Line) -> tuple[str, date, Decimal, Decimal, str, tuple[str, int]]:
    row, none = line.row, Decimal(-1)
    price = row.conversion_or_exercise_price if line.table == "II" else row.price_per_share
    paid, shares = none if price is None else price, none if row.shares is None else row.shares
    return (line.table, row.transaction_date or date.min, paid, shares, _title(line), line.place)


def _title(line: _Line) -> str:
    return (line.row.security_title or "").casefold()


def _prices_agree(given: Row, received: Row) -> bool:
    strike, paid = given.conversion_or_exercise_price, received.price_per_share
    return strike is None or paid is None or strike == paid


def _is_share_of(given: Row, received: Row) -> bool:
    same = (given.transaction_code, given.transaction_date) == (received.transaction_code, received.transaction_date)
    return same and _prices_agree(given, received)


def _same_shares(given: Row, received: Row) -> bool:
    return given.shares is not None and given.shares == received.shares


# What makes a row received the twin of a row given up, from the surest sign to the weakest.
_TWINS: tuple[Callable[[Row, Row], bool], ...] = (
    lambda given, received: _same_shares(given, received) and _is_share_of(given, received),
    lambda given, received: _same_shares(given, received) and given.transaction_date == received.transaction_date,
    lambda given, received: (
        given.underlying_security_shares is not None
        and given.underlying_security_shares == received.shares
        and given.transaction_date == received.transaction_date
    ),
    lambda given, received: _same_shares(given, received) and given.transaction_code == received.transaction_code,
)


def _exercise_kind(given: Row) -> str:
    title, strike = given.security_title or "", given.conversion_or_exercise_price
    if given.transaction_code == "M" and _UNIT.search(title):
        return "vest"
    if given.transaction_code != "M" or (strike > 0 if strike is not None else _OPTION.search(title)):
        return "exercise"
    return "conversion" if _SHARE_CLASS.search(title) else "vest"


def _strike(given: Row, twins: Sequence[_Line]) -> Decimal | None:
    """The exercise price: of the instrument or, where that names none, what was paid for the shares. A price of zero is none."""
    paid = {twin.row.price_per_share for twin in twins}
    return given.conversion_or_exercise_price or (paid.pop() if len(paid) == 1 else None) or None


def _exercise(
    kind: str, strike: Decimal | None, instruments: list[_Line], received: list[_Line], document: OwnershipDocument
) -> Event:
    members = sorted((*instruments, *received), key=lambda line: line.place)
    counted = [line for line in members if line in instruments] or members
    price = strike if kind == "exercise" else None
    closing = closing_row([line.row for line in counted]) if instruments else None
    shares, missing = _total_shares(counted)
    cost = shares * price if shares is not None and price is not None else None
    return Event(
        kind=kind,
        security_title=counted[0].row.security_title,
        shares=shares,
        value=cost,
        price_low=price,
        price_high=price,
        price_average=price,
        dates=_dates(members),
        codes=_codes(members),
        rows=tuple(line.place for line in members),
        footnotes=_notes(members, document),
        exercise_price=price,
        expiration_date=counted[0].row.expiration_date,
        remaining=closing.shares_owned_following if closing else None,
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
            stated = price_range(document, row.footnotes.get("price_per_share", ()), row.price_per_share)
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
