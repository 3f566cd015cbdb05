"""A large issuer's filings over the years, made up, with what is true of each: the balance of every line, the plan, what was left out.

Officers with options, restricted stock units and plans, directors, trusts, joint owners and chains of funds file forms 3, 4, 5 and 4/A.
All balances are kept while the forms are filled in (`tests.history_world`), so that `Truth` owes nothing to the code under test. The
same seed gives the same history. What a history does not hold: two filings of one owner for one day, but for a form that ran over.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from datetime import datetime
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.history_world import BEGINS
from tests.history_world import CENT
from tests.history_world import OPTION
from tests.history_world import ROWS_A_FORM
from tests.history_world import ZERO
from tests.history_world import Able
from tests.history_world import Action
from tests.history_world import Balance
from tests.history_world import Draft
from tests.history_world import Line
from tests.history_world import Person
from tests.history_world import Sheet
from tests.history_world import Sheets
from tests.history_world import World
from tests.history_world import lines_of_chain
from watcher.core.model import Issuer
from watcher.core.model import OwnershipDocument
from watcher.demo.filings import filing
from watcher.demo.filings import ownership_xml
from watcher.demo.filings import submission_text

EXAMPLE = Issuer("0009990001", "Example Corp", "EXMP")
GAPS = ("left out", "mistyped", "plan purchase", "split")
KINDS = ("officer", "director", "officer", "officer", "joint", "officer", "director", "chain")


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of a filing: its lines, the day the plan of its sales was adopted, how it came to be.

    `amends` is the accession number of what it amends; `amendment` is "restating", "one line", "first row" or "correcting". A "first
    row" states totals that are not the last. `continues` is a form that ran over into this one.
    """

    lines: Mapping[Line, Balance]
    action: str
    plan: date | None = None
    amends: str | None = None
    amendment: str | None = None
    late: bool = False
    continues: str | None = None


@dataclass(frozen=True, slots=True)
class Filed:
    """One filing of the history."""

    accession_number: str
    filed_at: datetime
    document: OwnershipDocument
    truth: Truth

    @property
    def xml(self) -> bytes:
        return ownership_xml(self.document)

    @property
    def submission(self) -> bytes:
        return submission_text(filing(self.accession_number, self.document), self.filed_at)


def history(
    seed: int,
    filings: int = 5000,
    years: int = 10,
    owners: int | None = None,
    *,
    gaps: int = 0,
    kinds: Sequence[str] = GAPS,
    amendments: bool = True,
    spellings: bool = True,
    issuer: Issuer = EXAMPLE,
) -> list[Filed]:
    """About `filings` filings (a form may run over, a block be filed thrice) in the order of filing.

    `owners` counts people and groups, about one for 25 filings a year unless told. With `gaps`, so many of the `kinds` are seeded, evenly
    spread and in turn; without, every opening balance is the last closing one. What is seeded may never show (nobody files of the line
    again, or it comes to nothing): what does is in `Balance.causes`.
    """
    rng = Random(seed)  # noqa: S311 -- a history told again alike, no secret
    world = World(rng, issuer, amendments=amendments, spellings=spellings)
    count = owners or max(1, round(filings / years / 25))
    first = rng.randrange(len(KINDS))
    for number in range(count):
        world.join(number, KINDS[(first + number) % len(KINDS)])
    seeds = [(int((number + 1) * filings / (gaps + 1)), kinds[number % len(kinds)]) for number in range(gaps)]
    while (made := len(world.drafts)) < filings:
        due = bool(seeds) and seeds[0][0] <= made
        world.act(BEGINS + timedelta(days=years * 365 * made // filings), ACTIONS, seeds.pop(0)[1] if due else "")
    return _numbered(world.drafts)


def histories(*, most: int = 40, gaps: int = 0, kinds: Sequence[str] = GAPS, **knobs: Any) -> st.SearchStrategy[list[Filed]]:
    """Small histories, 5 to `most` filings of one to four owners; with `gaps`, one to so many are seeded."""
    return st.builds(
        lambda seed, filings, owners, seeded: history(seed, filings, 2, owners, gaps=seeded, kinds=kinds, **knobs),
        st.integers(0, 2**32),
        st.integers(5, most),
        st.integers(1, 4),
        st.integers(1, gaps) if gaps else st.just(0),
    )


def shuffled(filed: Sequence[Filed], seed: int) -> list[Filed]:
    """The same filings in another order of arrival."""
    others = list(filed)
    Random(seed).shuffle(others)  # noqa: S311 -- an order made again alike, no secret
    return others


def _numbered(drafts: Sequence[Draft]) -> list[Filed]:
    """What was filed, in order, with its numbers, and the totals that each filing's lines were last seen with."""
    kept = sorted((draft for draft in drafts if not draft.left_out), key=lambda draft: draft.filed_at)
    numbers = {draft: f"0000000000-{draft.filed_at:%y}-{number:06}" for number, draft in enumerate(kept, start=1)}
    seen: dict[Line, Decimal] = {}
    filed = []
    for draft in kept:
        for line, balance in draft.lines.items():
            balance.before = None if draft.amended else seen.get(line)
            balance.causes = tuple(dict.fromkeys(draft.pending.get(line, ()))) if balance.gap else ()
            if balance.stated is not None and draft.amendment != "first row":
                seen[line] = balance.stated
        truth = Truth(
            lines=draft.lines,
            action=draft.action,
            plan=draft.plan,
            amends=numbers[draft.amended] if draft.amended else None,
            amendment=draft.amendment,
            late=draft.late,
            continues=numbers.get(draft.continues) if draft.continues else None,
        )
        filed.append(Filed(numbers[draft], draft.filed_at, draft.document, truth))
    return filed


# --- what people do -----------------------------------------------------------------------------------------------------------


def _adopt(sheet: Sheet) -> None:
    """Most sales of officers are under a plan; a new one about every second year."""
    person, rng = sheet.person, sheet.world.rng
    if person.kind != "officer" or rng.random() < 0.2:
        return
    if person.plan is None or (sheet.day - person.plan).days > 700:
        person.plan = sheet.day - timedelta(days=rng.randrange(100, 160))
    sheet.planned = True


def _sold(sheet: Sheet, line: Line, shares: Decimal) -> list[Sheet]:
    """Sales in one or several lots, each at an average price; past thirty rows a second form takes them."""
    rng = sheet.world.rng
    lots = min(int(shares), rng.choices((1, rng.randrange(2, 6), rng.randrange(31, 70)), (70, 28, 2))[0])
    sheets = [sheet]
    for lot in range(lots):
        if len(sheets[-1].rows["I"]) == ROWS_A_FORM:
            sheets.append(Sheet(sheet.world, sheet.person, sheet.day, owners=sheet.owners))
            sheets[-1].planned = sheet.planned
        price = sheet.world.price(sheet.day)
        note = f"A weighted average price: sold in multiple transactions at prices from ${price - 40 * CENT} to ${price + 40 * CENT}."
        part = (lot + 1) * shares // lots - lot * shares // lots
        sheets[-1].move(line, "S", -part, price, sheets[-1].note(note) if rng.random() < 0.5 else ())
    return sheets


def _exercise_and_sell(world: World, person: Person, day: date) -> list[Sheet]:
    sheet, common, grant = Sheet(world, person, day), person.line(), world.rng.choice(world.live(person))
    _adopt(sheet)
    shares = min(world.balances[grant], world.shares(100, 3_000))
    sheet.move(common, "M", shares, grant.strike)
    sheet.move(grant, "M", -shares)
    if world.rng.random() < 0.2:  # kept
        return [sheet]
    return _sold(sheet, common, max(shares - world.rng.choice((0, 0, 50)), Decimal(1)))


def _sale(world: World, person: Person, day: date) -> list[Sheet]:
    sheet = Sheet(world, person, day)
    _adopt(sheet)
    if person.trust and world.rng.random() < 0.4:
        sheet.hold(person.line(person.trust))
    return _sold(sheet, person.line(), world.shares(50, 900))


def _trust_sale(world: World, person: Person, day: date) -> list[Sheet]:
    sheet, trust = Sheet(world, person, day), person.line(person.trust)
    sheet.hold(person.line())
    return _sold(sheet, trust, min(world.shares(50, 500), world.balances[trust]))


def _block(world: World, person: Person, day: date) -> list[Sheet]:
    """One sale of a block (a purchase, where little is left), told by each member of the chain on a form of its own."""
    shares, price = world.shares(1_000, 50_000), world.price(day)
    sells = world.balances[person.line()] > shares
    sheets = []
    for owners, line in lines_of_chain(person):
        sheet = Sheet(world, person, day, owners=owners)
        sheet.move(line, "S" if sells else "P", -shares if sells else shares, price)
        sheets.append(sheet)
    return sheets


def _option_grant(world: World, person: Person, day: date) -> list[Sheet]:
    grant = Line(person.line().owners, "II", OPTION, "", world.price(day), day.replace(year=day.year + 10, day=min(day.day, 28)))
    person.grants.append(grant)
    sheet = Sheet(world, person, day)
    sheet.move(grant, "A", world.shares(2, 20) * 1_000)
    return [sheet]


def _vest(world: World, person: Person, day: date) -> list[Sheet]:
    sheet = Sheet(world, person, day)
    shares = min(world.balances[person.units], world.shares(100, 1_500))
    sheet.move(person.line(), "M", shares)
    if shares >= 3:
        sheet.move(person.line(), "F", -(shares * 35 // 100), world.price(day))
    sheet.move(person.units, "M", -shares)
    return [sheet]


def _to_trust(world: World, person: Person, day: date) -> list[Sheet]:
    sheet, shares = Sheet(world, person, day), world.shares(10, 500)
    sheet.move(person.line(), "G", -shares)
    sheet.move(person.line(person.trust), "G", shares)
    return [sheet]


def _year_end_gift(world: World, person: Person, day: date) -> list[Sheet]:
    sheet = Sheet(world, person, day, form="5")
    sheet.move(person.line(), "G", -world.shares(10, 200))
    return [sheet]


def _one_row(code: str, least: int, most: int, *, units: bool = False) -> Sheets:
    """An action that is one row on the direct line: bought at a price (P), else received or given away for nothing."""

    def sheets(world: World, person: Person, day: date) -> list[Sheet]:
        sheet, shares = Sheet(world, person, day), world.shares(least, most)
        line = person.units if units else person.line()
        sheet.move(line, code, -shares if code == "G" else shares, world.price(day) if code == "P" else ZERO)
        return [sheet]

    return sheets


def _always(_world: World, _person: Person) -> bool:
    return True


def _holds(least: int) -> Able:
    return lambda world, person: world.balances[person.line()] > least


_OFFICER, _PERSON, _CHAIN = frozenset({"officer"}), frozenset({"officer", "director"}), frozenset({"chain"})
_ANYBODY = _PERSON | {"joint"}
ACTIONS = (
    Action("exercise", _OFFICER, 35, lambda world, person: bool(world.live(person)), _exercise_and_sell),
    Action("vest", _OFFICER, 20, lambda world, person: world.balances.get(person.units, ZERO) > 0, _vest),
    Action("sale", _ANYBODY, 20, _holds(1_000), _sale),
    Action("sale from a trust", _ANYBODY, 6, lambda world, person: world.balances[person.line(person.trust)] > 0, _trust_sale),
    Action("gift to a trust", _ANYBODY, 4, _holds(1_000), _to_trust),
    Action("gift", _ANYBODY, 4, _holds(1_000), _one_row("G", 10, 400)),
    Action("year-end gift", _PERSON, 2, _holds(1_000), _year_end_gift),
    Action("purchase", _ANYBODY, 4, _always, _one_row("P", 100, 2_000)),
    Action("option grant", _OFFICER, 8, lambda world, person: len(world.live(person)) < 4, _option_grant),
    Action("award of units", _OFFICER, 8, _always, _one_row("A", 500, 8_000, units=True)),
    Action("award", frozenset({"director", "joint"}), 12, _always, _one_row("A", 100, 3_000)),
    Action("block", _CHAIN, 1, _always, _block),
)
