"""Exercises and vestings put to the sales and withholdings that came out of them.

Nothing on a form ties a sale to an exercise. Equal numbers of one class on one ownership line tell most, then the same day; what fits
neither stays by itself. Withheld shares (code F) go to a vesting or an exercise of the same day and line that has room for them; where
both have, it cannot be told, and what was kept is not known. Shares are those received, never the number of instruments given up.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from watcher.core.chains import is_full
from watcher.core.chains import loose_ends
from watcher.core.codes import EXERCISE_CODES
from watcher.core.exercises import Exercise
from watcher.core.exercises import Line
from watcher.core.exercises import in_own_order
from watcher.core.findings import Pairing
from watcher.core.titles import folded
from watcher.core.titles import folded_nature

# What a footnote on withheld shares says they were withheld for.
_ON_VESTING = re.compile(r"\bvest|\brestricted|\b[RP]S[UA]s?\b|\bunits?\b", re.IGNORECASE)
_ON_EXERCISE = re.compile(r"\bexercis|\boptions?\b|\bwarrants?\b", re.IGNORECASE)
_UNKNOWN = date.min  # the day of a row that does not state one

Account = tuple[str, str, str]  # a class of shares on one ownership line, in folded words


class Lot(NamedTuple):
    """Shares received on one day by one exercise or vesting, which is named by its number."""

    exercise: int
    day: date
    shares: Decimal | None


@dataclass(slots=True)
class Tied:
    """Exercises (or vestings) and what hangs on them. `unsure`: withheld shares may be theirs or another's."""

    exercises: list[Exercise]
    lots: list[Lot]
    sales: list[Line] = field(default_factory=list)
    withheld: list[Line] = field(default_factory=list)
    method: str = "shares"
    unsure: bool = False


@dataclass(slots=True)
class _Books:
    """What is received, sold and withheld on one account."""

    exercised: list[Lot] = field(default_factory=list)
    vested: list[Lot] = field(default_factory=list)
    sold: list[Line] = field(default_factory=list)
    withheld: list[Line] = field(default_factory=list)


class _Ties:
    """Exercises by number, joined where one sale or withholding hangs on several."""

    def __init__(self, exercises: Sequence[Exercise]) -> None:
        self._home = list(range(len(exercises)))
        self._tied: list[tuple[int, Iterable[Line], Iterable[Line], str]] = []
        self._unsure: set[int] = set()

    def add(
        self, lots: Sequence[Lot], *, sales: Iterable[Line] = (), withheld: Iterable[Line] = (), method: str = "shares"
    ) -> None:
        first = self._root(lots[0].exercise)
        for lot in lots[1:]:
            self._home[self._root(lot.exercise)] = first
        self._tied.append((first, sales, withheld, method))

    def doubt(self, lots: Iterable[Lot]) -> None:
        self._unsure.update(lot.exercise for lot in lots)

    def components(self, exercises: Sequence[Exercise], lots: Iterable[Lot]) -> list[Tied]:
        found: dict[int, Tied] = {}
        for first, sales, withheld, method in self._tied:
            tied = found.setdefault(self._root(first), Tied([], []))
            tied.sales += sales
            tied.withheld += withheld
            tied.method = "date" if method == "date" else tied.method
        for number, exercise in enumerate(exercises):
            home = found.get(self._root(number))
            if home is not None:
                home.exercises.append(exercise)
                home.unsure = home.unsure or number in self._unsure
        for lot in lots:
            home = found.get(self._root(lot.exercise))
            if home is not None:
                home.lots.append(lot)
        return list(found.values())

    def _root(self, number: int) -> int:
        while self._home[number] != number:
            number = self._home[number]
        return number


def tie(exercises: Sequence[Exercise], sales: Sequence[Line], withheld: Sequence[Line]) -> list[Tied]:
    """Exercises with their sales (and withholdings), vestings with their withholdings; what is tied to nothing is not in it.

    `sales` are rows of code S and disposed, `withheld` of code F and disposed. An exercise out of which nothing was sold is not tied.
    """
    books: dict[Account, _Books] = {}
    lots: list[Lot] = []
    for number, exercise in enumerate(exercises):
        if exercise.kind == "conversion":
            continue
        for account, lot in _received(number, exercise):
            lots.append(lot)
            book = books.setdefault(account, _Books())
            (book.vested if exercise.kind == "vest" else book.exercised).append(lot)
    for line in sales:
        if (found := books.get(account_of(line, line.row.security_title))) is not None:
            found.sold.append(line)
    for line in withheld:
        if (found := books.get(account_of(line, line.row.security_title))) is not None:
            found.withheld.append(line)
    ties = _Ties(exercises)
    for book in books.values():
        if book.sold or book.withheld:
            _settle(book, ties)
    return [tied for tied in ties.components(exercises, lots) if tied.sales or tied.exercises[0].kind == "vest"]


def pairing_of(tied: Tied, cost: Decimal | None, gross: Decimal | None) -> Pairing:
    """What came of it, in shares and dollars; `None` where a row does not state it or it cannot be told."""
    exercised = total(lot.shares for lot in tied.lots)
    sold, withheld = total(line.row.shares for line in tied.sales), total(line.row.shares for line in tied.withheld)
    if tied.unsure:
        withheld = None
    kept = beyond = None
    if exercised is not None and sold is not None and withheld is not None:
        left = exercised - sold - withheld
        kept, beyond = max(left, Decimal(0)), max(-left, Decimal(0))
    return Pairing(tied.method, exercised, cost, sold, gross, withheld, kept, beyond)


def lacking_rows(tied: Tied, lines: Sequence[Line]) -> tuple[str, ...]:
    """Why rows may stand elsewhere that belong here too: no form at hand has room left, or the running totals have a gap."""
    if all(is_full(document) for document in {id(line.document): line.document for line in lines}.values()):
        return ("whether more rows stand on another form, as this one is full",)
    accounts = {account_of(line, line.row.security_title) for line in (*tied.sales, *tied.withheld)}
    for account in accounts:
        rows = [line.row for line in lines if account_of(line, line.row.security_title) == account]
        repeated = len(rows) > 1 and len({row.shares_owned_following for row in rows}) == 1  # some filers repeat the last total
        if not repeated and len(loose_ends(rows)[0]) > 1:
            return ("rows between the totals stated, which this form does not show",)
    return ()


def others_received(tied: Tied, lines: Sequence[Line]) -> tuple[str, ...]:
    """Other shares came to the same line on a day of the sale, so that nobody can tell which of them were sold."""
    accounts = {account_of(line, line.row.security_title) for line in tied.sales}
    days = {line.row.transaction_date for line in tied.sales}
    for line in lines:
        row = line.row
        others = row.acquired_disposed == "A" and row.transaction_code not in EXERCISE_CODES and row.transaction_date in days
        if others and account_of(line, row.security_title) in accounts:
            return ("which of the shares that came that day were sold",)
    return ()


def others_gone(tied: Tied, lines: Sequence[Line]) -> tuple[str, ...]:
    """Shares left the same line on those days otherwise (returned to the issuer for the price, given away): perhaps the exercised ones."""
    accounts = {account_of(line, line.row.security_title) for line in tied.sales}
    days = {*(line.row.transaction_date for line in tied.sales), *(lot.day for lot in tied.lots)}
    for line in lines:
        row = line.row
        others = row.acquired_disposed == "D" and row.transaction_code not in {"S", "F"} and row.transaction_date in days
        if others and account_of(line, row.security_title) in accounts:
            return ("whether what was disposed of otherwise came from the exercise",)
    return ()


def total(numbers: Iterable[Decimal | None]) -> Decimal | None:
    """The sum; `None` if any of them is not stated."""
    whole = Decimal(0)
    for number in numbers:
        if number is None:
            return None
        whole += number
    return whole


# --- one account ------------------------------------------------------------------------------------------------------------


def _settle(book: _Books, ties: _Ties) -> None:
    """From the surest sign to the weakest: equal totals of all days, of one day, equal rows, the same day; then what was withheld."""
    free, sold, withheld = sorted(book.exercised, key=lambda lot: lot.day), sorted(book.sold, key=in_own_order), book.withheld
    days = sorted({lot.day for lot in free})
    if sold and days:
        for day in (None, *days) if len(days) > 1 else (None,):
            lots, sales, paid = _of(free, day), _lines_of(sold, day), _lines_of(withheld, day)
            taken = _equal(lots, sales, paid)
            if taken is not None:
                ties.add(lots, sales=sales, withheld=taken)
                free = [lot for lot in free if lot not in lots]
                sold = [line for line in sold if line not in sales]
                withheld = [line for line in withheld if line not in taken]
        free, sold = _equal_rows(free, sold, ties)
        for day in days:
            if day != _UNKNOWN and (sales := _lines_of(sold, day)):
                ties.add(_of(book.exercised, day), sales=sales, method="date")
    for day in sorted({_day(line) for line in withheld} - {_UNKNOWN}):
        _withhold(_lines_of(withheld, day), _of(book.vested, day), _of(free, day), ties)


def _equal(lots: list[Lot], sales: list[Line], withheld: list[Line]) -> list[Line] | None:
    """Whether as many shares went as came, and none before the first came: the withheld rows that it takes for that, or `None`."""
    if not lots or not sales or min(map(_day, sales)) < lots[0].day:
        return None
    came, gone = total(lot.shares for lot in lots), total(line.row.shares for line in sales)
    if came is None or gone is None:
        return None
    if came == gone:
        return []
    paid = [line for line in withheld if not _only_on_vesting(line)]
    kept_back = total(line.row.shares for line in paid)
    return paid if paid and kept_back is not None and came == gone + kept_back else None


def _equal_rows(free: list[Lot], sold: list[Line], ties: _Ties) -> tuple[list[Lot], list[Line]]:
    """Tie each sale of exactly the shares received on the same or the nearest day before; what is left of both is returned."""
    free, left = list(free), []
    for line in sold:
        shares, day = line.row.shares, _day(line)
        lot = next((lot for lot in reversed(free) if shares is not None and lot.shares == shares and lot.day <= day), None)
        if lot is None:
            left.append(line)
        else:
            free.remove(lot)
            ties.add([lot], sales=[line])
    return free, left


def _withhold(lines: list[Line], vested: list[Lot], exercised: list[Lot], ties: _Ties) -> None:
    """Tie a day's withheld shares to its vestings or to its exercises, if only one of them can be meant."""
    on_vesting, unsure_vesting = _fitting(lines, vested, _only_on_exercise)
    on_exercise, unsure_exercise = _fitting(lines, exercised, _only_on_vesting)
    if unsure_vesting or unsure_exercise or any(line in on_exercise for line in on_vesting):
        ties.doubt((*vested, *exercised))
        return
    if on_vesting:
        ties.add(vested, withheld=on_vesting, method="date")
    if on_exercise:
        ties.add(exercised, withheld=on_exercise)


def _fitting(lines: list[Line], lots: list[Lot], of_something_else: Callable[[Line], bool]) -> tuple[list[Line], bool]:
    """The rows that there is room for, and whether that cannot be told. A row of more shares than all received is of something else."""
    if not lots:
        return [], False
    room = total(lot.shares for lot in lots)
    fitting = [line for line in lines if room is None or line.row.shares is None or line.row.shares <= room]
    fitting = [line for line in fitting if not of_something_else(line)]
    together = total(line.row.shares for line in fitting)
    if room is None or together is None or together > room:
        return [], bool(fitting)
    return fitting, False


def _received(number: int, exercise: Exercise) -> Iterator[tuple[Account, Lot]]:
    for given, received, covered in exercise.legs:
        for line in received:
            yield account_of(line, line.row.security_title), Lot(number, _day(line), line.row.shares)
        if given is not None and not received:
            shares = Decimal(0) if covered else given.row.underlying_security_shares  # covered: counted in another's row
            yield account_of(given, given.row.underlying_security_title), Lot(number, _day(given), shares)


def account_of(line: Line, title: str | None) -> Account:
    """The class and ownership line of a row. A nature of ownership that points at a footnote is told apart by what the footnote says."""
    row = line.row
    security = folded(title or "")
    if row.direct_or_indirect != "I":
        return (security, row.direct_or_indirect or "", "")
    nature = folded_nature(row.nature_of_ownership or "")
    if not nature or "note" in nature:
        notes = (*row.footnotes.get("nature_of_ownership", ()), *row.footnotes.get("direct_or_indirect", ()))
        nature += " ".join(sorted({line.document.footnotes.get(note, "") for note in notes}))
    return (security, "I", nature)


def _day(line: Line) -> date:
    return line.row.transaction_date or _UNKNOWN


def _of(lots: list[Lot], day: date | None) -> list[Lot]:
    return lots if day is None else [lot for lot in lots if lot.day == day]


def _lines_of(lines: list[Line], day: date | None) -> list[Line]:
    return lines if day is None else [line for line in lines if _day(line) == day]


def _only_on_vesting(line: Line) -> bool:
    return _says(line, _ON_VESTING) and not _says(line, _ON_EXERCISE)


def _only_on_exercise(line: Line) -> bool:
    return _says(line, _ON_EXERCISE) and not _says(line, _ON_VESTING)


def _says(line: Line, words: re.Pattern[str]) -> bool:
    texts = (line.document.footnotes.get(note, "") for notes in line.row.footnotes.values() for note in notes)
    return any(words.search(text) for text in texts)
