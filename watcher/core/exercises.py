"""Exercises and vestings: what was given up under codes M, O, X, and the shares received for it, counted once.

An exercise is M, O or X of a security with an exercise price; M without one is the vesting of a unit or, for a class of shares, a
conversion. Source: specification v5.5, 3.6.9 and Form 4, item 8.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from watcher.core.codes import EXERCISE_CODES
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row
from watcher.core.titles import folded

_OPTION = re.compile(r"option|right to (?:buy|purchase|acquire)|warrant|appreciation", re.IGNORECASE)
# Units have no exercise price; some filers put the day's market price in its column.
_UNIT = re.compile(r"^(?!.*(?:option|warrant|appreciation)).*(?:restricted|phantom|\b[RPD]SUs?\b)", re.IGNORECASE)
_SHARE_CLASS = re.compile(r"\b(?:common|ordinary|preferred|convertible)\b", re.IGNORECASE)


class Line(NamedTuple):
    """A transaction row with its place: table, row number from 1, and the accession number of a companion ("": the filing itself)."""

    table: str
    number: int
    row: Row
    document: OwnershipDocument
    filing: str = ""

    @property
    def place(self) -> tuple[str, int]:
        """Table and row number, as `Event.rows` has them."""
        return (self.table, self.number)


class Leg(NamedTuple):
    """One instrument given up and the rows of what was received for it.

    Without `given`, only the shares are reported. `covered`: what was received for it stands in a row of another leg.
    """

    given: Line | None
    received: list[Line]
    covered: bool = False

    @property
    def filing(self) -> str:
        """The filing that counts it."""
        return self.given.filing if self.given else self.received[0].filing


class Exercise(NamedTuple):
    """Legs of one grant: kind "exercise", "vest" or "conversion"; `strike` in dollars, of an exercise only."""

    kind: str
    strike: Decimal | None
    legs: list[Leg]

    def by_filing(self) -> Iterator[Exercise]:
        """The legs that each filing counts; usually all are of one."""
        filings = dict.fromkeys(leg.filing for leg in self.legs)
        if len(filings) == 1:
            yield self
            return
        for filing in filings:
            yield Exercise(self.kind, self.strike, [leg for leg in self.legs if leg.filing == filing])


def lines_of(document: OwnershipDocument, filing: str = "") -> list[Line]:
    """All transaction rows of both tables, in document order."""
    return [
        Line(table, number, row, document, filing)
        for table, rows in (("I", document.non_derivative_table), ("II", document.derivative_table))
        for number, row in enumerate(rows, 1)
        if row.kind == "transaction"
    ]


def read_exercises(lines: Sequence[Line]) -> tuple[list[Exercise], list[Line]]:
    """Put what was received under codes M, O, X to the instrument given up for it, by `_TWINS`; lines that are neither are returned.

    Both sides are taken in an order of their own, so that the rows' order changes no sum.
    """
    coded = sorted((line for line in lines if line.row.transaction_code in EXERCISE_CODES), key=in_own_order)
    rest = [line for line in lines if line.row.transaction_code not in EXERCISE_CODES]
    legs, received = _matched(coded)
    groups: dict[tuple[str, str, Decimal | None, date | None], list[Leg]] = {}
    for leg in legs:
        given = leg.given
        if given is None or (given.table == "I" and not leg.received):
            rest += [given] if given else []
            continue
        kind = _kind(given.row)
        strike = _strike(given.row, leg.received) if kind == "exercise" else None
        groups.setdefault((kind, _title(given), strike, given.row.expiration_date), []).append(leg)
    for line in received:
        if line.table == "II":
            rest.append(line)  # a unit earned or reloaded, nothing exercised
            continue
        paid = line.row.price_per_share or None
        kind = "exercise" if paid or line.row.transaction_code != "M" else "vest"
        groups.setdefault((kind, _title(line), paid, None), []).append(Leg(None, [line]))
    return [Exercise(kind, strike, group) for (kind, _, strike, _), group in groups.items()], rest


def in_own_order(line: Line) -> tuple[str, date, Decimal, Decimal, str, str, str, int]:
    """Sorts lines by what they say, and only lines that say the same by where they stand."""
    row, none = line.row, Decimal(-1)
    price = row.conversion_or_exercise_price if line.table == "II" else row.price_per_share
    paid, shares = none if price is None else price, none if row.shares is None else row.shares
    code = row.transaction_code or ""
    return (line.table, row.transaction_date or date.min, paid, shares, _title(line), code, line.filing, line.number)


def _matched(coded: list[Line]) -> tuple[list[Leg], list[Line]]:
    """Every line given up with its twin, and the lines received that are nobody's."""
    received = [line for line in coded if not _is_given_up(line)]
    given = [(line, list[Line]()) for line in coded if _is_given_up(line)]
    for are_twins in _TWINS:
        for line, twins in given:
            if not received:
                break
            twin = next((other for other in received if not twins and are_twins(line.row, other.row)), None)
            if twin is not None:
                received.remove(twin)
                twins.append(twin)
    single = [(line, shares) for line, shares in given if not shares]
    covered: set[int] = set()
    for other in [line for line in received if line.table == "I"]:  # net of what was withheld, or several instruments in one row
        homes = [(line, shares) for line, shares in single if _is_share_of(line.row, other.row)]
        if homes:
            received.remove(other)
            homes[0][1].append(other)
            if (other.row.shares or 0) > (homes[0][0].row.shares or 0):
                covered.update(id(shares) for _, shares in homes)
    return [Leg(line, shares, id(shares) in covered and not shares) for line, shares in given], received


def _is_given_up(line: Line) -> bool:
    return line.row.acquired_disposed == "D" or (line.row.acquired_disposed is None and line.table == "II")


def _title(line: Line) -> str:
    return folded(line.row.security_title or "")


def _prices_agree(given: Row, received: Row) -> bool:
    strike, paid = given.conversion_or_exercise_price, received.price_per_share
    return strike is None or paid is None or strike == paid


def _is_share_of(given: Row, received: Row) -> bool:
    same = (given.transaction_code, given.transaction_date) == (received.transaction_code, received.transaction_date)
    return same and _prices_agree(given, received)


def _same_code(given: Row, received: Row) -> bool:
    return given.transaction_code == received.transaction_code


def _same_shares(given: Row, received: Row) -> bool:
    return given.shares is not None and given.shares == received.shares


# What makes a row received the twin of a row given up, from the surest sign to the weakest.
_TWINS: tuple[Callable[[Row, Row], bool], ...] = (
    lambda given, received: _same_shares(given, received) and _is_share_of(given, received),
    lambda given, received: (
        _same_shares(given, received) and _same_code(given, received) and given.transaction_date == received.transaction_date
    ),
    lambda given, received: _same_shares(given, received) and given.transaction_date == received.transaction_date,
    lambda given, received: (
        given.underlying_security_shares is not None
        and given.underlying_security_shares == received.shares
        and given.transaction_date == received.transaction_date
    ),
    lambda given, received: _same_shares(given, received) and _same_code(given, received),
)


def _kind(given: Row) -> str:
    title, strike = given.security_title or "", given.conversion_or_exercise_price
    if given.transaction_code == "M" and _UNIT.search(title):
        return "vest"
    if given.transaction_code != "M" or (strike > 0 if strike is not None else _OPTION.search(title)):
        return "exercise"
    return "conversion" if _SHARE_CLASS.search(title) else "vest"


def _strike(given: Row, twins: Sequence[Line]) -> Decimal | None:
    """The exercise price: of the instrument or, where that names none, what was paid for the shares. A price of zero is none."""
    paid = {twin.row.price_per_share for twin in twins}
    return given.conversion_or_exercise_price or (paid.pop() if len(paid) == 1 else None) or None
