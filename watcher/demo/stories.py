"""Ready-made filings of fictional people: each maker tells one common story, with running totals that agree."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from datetime import date
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any
from typing import TypeAlias

from watcher.core.model import Issuer
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.model import Signature
from watcher.demo.filings import Filing
from watcher.demo.filings import filing

Number: TypeAlias = Decimal | int | str  # shares, or dollars a share; kept exact
Lot: TypeAlias = tuple[Number, Number]  # shares, dollars a share

COMMON = "Common Stock"
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who files about whom, and for which day. `opening` is the common stock held directly before it, in shares.

    With `plan_adopted` the Rule 10b5-1 box is checked and a footnote on the sales names that day.
    """

    accession_number: str
    issuer: Issuer
    owners: tuple[ReportingOwner, ...]
    on: date
    opening: Number = 0
    plan_adopted: date | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """An option to buy common stock: dollars a share, options outstanding before the filing, and when they lapse."""

    exercise_price: Number
    outstanding: Number
    expiration: date


class _Balance:
    """The running total of one line of the form."""

    def __init__(self, opening: Number) -> None:
        self.shares = Decimal(opening)

    def row(self, day: date, code: str, sign: int, lot: Lot, **more: Any) -> Row:
        """A transaction on this line (`sign` +1 acquired, -1 disposed) and the total after it; `more`: other fields."""
        shares = Decimal(lot[0])
        self.shares += sign * shares
        row = Row(
            kind="transaction",
            security_title=COMMON,
            transaction_date=day,
            transaction_form_type="4",
            transaction_code=code,
            equity_swap_involved=False,
            shares=shares,
            price_per_share=Decimal(lot[1]),
            acquired_disposed="A" if sign > 0 else "D",
            shares_owned_following=self.shares,
            direct_or_indirect="D",
        )
        return replace(row, **more)


def _filed(occasion: Occasion, table_1: list[Row], table_2: list[Row], notes: Mapping[str, str], form_type: str = "4") -> Filing:
    is_form_3 = form_type == "3"
    return filing(
        occasion.accession_number,
        OwnershipDocument(
            form_type=form_type,
            period_of_report=occasion.on,
            issuer=occasion.issuer,
            reporting_owners=occasion.owners,
            non_derivative_table=tuple(table_1),
            derivative_table=tuple(table_2),
            footnotes=notes,
            signatures=tuple(Signature(f"/s/ {owner.name}", occasion.on) for owner in occasion.owners),
            no_securities_owned=not table_1 if is_form_3 else None,
            not_subject_to_section16=None if is_form_3 else False,
            aff10b5_one=None if is_form_3 else occasion.plan_adopted is not None,
        ),
    )


def _plan(occasion: Occasion) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """The plan's footnote and where it hangs; nothing without a plan."""
    day = occasion.plan_adopted
    if day is None:
        return {}, {}
    words = f"Sold under a Rule 10b5-1 trading plan that the reporting person adopted on {day:%B} {day.day}, {day.year}."
    return {"F1": words}, {"transaction_code": ("F1",)}


def sale(occasion: Occasion, *lots: Lot) -> Filing:
    """Open-market sales (code S), one row for each lot."""
    held = _Balance(occasion.opening)
    notes, marks = _plan(occasion)
    return _filed(occasion, [held.row(occasion.on, "S", -1, lot, footnotes=marks) for lot in lots], [], notes)


def purchase(occasion: Occasion, *lots: Lot) -> Filing:
    """Open-market purchases (code P), one row for each lot."""
    held = _Balance(occasion.opening)
    return _filed(occasion, [held.row(occasion.on, "P", +1, lot) for lot in lots], [], {})


def gift(occasion: Occasion, shares: Number) -> Filing:
    """A bona fide gift given away (code G), at no price."""
    return _filed(occasion, [_Balance(occasion.opening).row(occasion.on, "G", -1, (shares, 0))], [], {})


def exercise_and_sell(occasion: Occasion, grant: Grant, shares: Number, price: Number) -> Filing:
    """An option exercised (code M in both tables) and every share of it sold the same day: three rows, one event."""
    held = _Balance(occasion.opening)
    notes, marks = _plan(occasion)
    common = [
        held.row(occasion.on, "M", +1, (shares, grant.exercise_price), footnotes=marks),
        held.row(occasion.on, "S", -1, (shares, price), footnotes=marks),
    ]
    option = _Balance(grant.outstanding).row(
        occasion.on,
        "M",
        -1,
        (shares, 0),
        security_title="Stock Option (right to buy)",
        conversion_or_exercise_price=Decimal(grant.exercise_price),
        expiration_date=grant.expiration,
        underlying_security_title=COMMON,
        underlying_security_shares=Decimal(shares),
        footnotes={"exercise_date": ("F2",)} | marks,
    )
    return _filed(occasion, common, [option], notes | {"F2": "The option is fully vested."})


def vest_with_withholding(occasion: Occasion, units: Number, vested: Number, withheld: Lot) -> Filing:
    """Restricted stock units vest (M) and shares are withheld for tax (F). `units` are those outstanding before."""
    held = _Balance(occasion.opening)
    common = [held.row(occasion.on, "M", +1, (vested, 0)), held.row(occasion.on, "F", -1, withheld)]
    unit = _Balance(units).row(
        occasion.on,
        "M",
        -1,
        (vested, 0),
        security_title="Restricted Stock Units",
        underlying_security_title=COMMON,
        underlying_security_shares=Decimal(vested),
        footnotes=dict.fromkeys(("conversion_or_exercise_price", "exercise_date", "expiration_date"), ("F1",)),
    )
    return _filed(occasion, common, [unit], {"F1": "Each unit is a right to receive one share of common stock."})


def holding_form3(occasion: Occasion, *indirect: tuple[str, Number]) -> Filing:
    """A Form 3: `opening` held directly, and indirect lines as (nature, shares). Without any line nothing is owned."""
    direct: list[tuple[str | None, Number]] = [(None, occasion.opening)] if Decimal(occasion.opening) else []
    rows = [
        Row(
            kind="holding",
            security_title=COMMON,
            shares_owned_following=Decimal(shares),
            direct_or_indirect="I" if nature else "D",
            nature_of_ownership=nature,
        )
        for nature, shares in (*direct, *indirect)
    ]
    return _filed(occasion, rows, [], {}, form_type="3")


# --- a whole day ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Person:
    """One reporting person (with the fund that files jointly, for some) and what is held before the next filing."""

    owners: tuple[ReportingOwner, ...]
    issuer: Issuer
    price: int
    shares: int
    options: int = 500_000
    units: int = 500_000


def _some(chance: Random, most: int) -> int:
    return chance.randint(1, max(1, most))


def _sells(person: _Person, occasion: Occasion, chance: Random) -> Filing:
    first, second = _some(chance, person.shares // 20), _some(chance, person.shares // 20)
    person.shares -= first + second
    if chance.random() < 0.5:
        occasion = replace(occasion, plan_adopted=occasion.on - timedelta(days=chance.randint(95, 400)))
    return sale(occasion, (first, f"{person.price}.25"), (second, f"{person.price + 1}.5"))


def _buys(person: _Person, occasion: Occasion, chance: Random) -> Filing:
    shares = _some(chance, 5_000)
    person.shares += shares
    return purchase(occasion, (shares, f"{person.price}.10"))


def _gives(person: _Person, occasion: Occasion, chance: Random) -> Filing:
    shares = _some(chance, person.shares // 20)
    person.shares -= shares
    return gift(occasion, shares)


def _exercises(person: _Person, occasion: Occasion, chance: Random) -> Filing:
    grant = Grant(f"{person.price // 2}.75", person.options, date(occasion.on.year + 5, 2, 1))
    shares = _some(chance, 2_000)
    person.options -= shares
    return exercise_and_sell(occasion, grant, shares, f"{person.price}.05")


def _vests(person: _Person, occasion: Occasion, chance: Random) -> Filing:
    units = person.units
    vested = _some(chance, 2_000)
    person.units -= vested
    person.shares += vested - vested // 3
    return vest_with_withholding(occasion, units, vested, (vested // 3, person.price))


def _arrives(_person: _Person, occasion: Occasion, chance: Random) -> Filing:
    return holding_form3(occasion, ("By Family Trust", _some(chance, 10_000)))


_STORIES: dict[Callable[[_Person, Occasion, Random], Filing], int] = {  # weights: about the shares of a real quarter
    _sells: 40,
    _exercises: 15,
    _vests: 20,
    _buys: 10,
    _gives: 5,
    _arrives: 10,
}

_GIVEN = ("Jane", "Alex", "Maria", "Sam", "Noor", "Lee")
_FAMILY = ("Roe", "Doe", "Bloggs", "Mustermann", "Rossi", "Janssen", "Novak")


def _people(issuers: Sequence[Issuer], chance: Random) -> list[_Person]:
    """Four reporting persons for each issuer; every fourth files together with a fund."""
    people = []
    for at, issuer in enumerate(issuers):
        for seat in range(4):
            number = 10 * at + seat
            name = f"{chance.choice(_FAMILY)} {chance.choice(_GIVEN)} {chr(65 + number % 26)}"
            person = ReportingOwner(f"{9_980_000 + number:010}", name, is_officer=True, officer_title="Chief Example Officer")
            fund = ReportingOwner(f"{9_970_000 + number:010}", f"{name} Example Fund (A), L.P.", is_ten_percent_owner=True)
            owners = (person, fund) if seat == 3 else (person,)
            people.append(_Person(owners, issuer, chance.randint(10, 300), 1_000 * chance.randint(50, 900)))
    return people


def scripted_day(seed: int, count: int, issuers: Sequence[Issuer], on: date = date(2026, 9, 1)) -> list[Filing]:
    """`count` (at most 999) filings about the issuers for one day, the same ones for the same arguments.

    In their order each person's totals follow from the filing before. Accession numbers are unique to the day.
    """
    chance = Random(seed)  # noqa: S311 -- a story told again alike, no secret
    people = _people(issuers, chance)
    filings = []
    for number in range(1, count + 1):
        person = chance.choice(people)
        story = chance.choices(list(_STORIES), list(_STORIES.values()))[0]
        accession_number = f"0000000000-{on:%y}-{on.timetuple().tm_yday * 1000 + number:06}"
        filings.append(story(person, Occasion(accession_number, person.issuer, person.owners, on, person.shares), chance))
    return filings
