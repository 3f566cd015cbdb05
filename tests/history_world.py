"""The made-up issuer behind `tests.history`: who files, what they hold, and the forms they fill in, one after another."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from datetime import date
from datetime import datetime
from datetime import time
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple
from typing import TypeAlias

from watcher.core.calendar import business_day_after
from watcher.core.model import Issuer
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.model import Signature
from watcher.demo.filings import EASTERN

BEGINS = date(2015, 1, 5)
ROWS_A_FORM = 30
ZERO = Decimal(0)
CENT = Decimal("0.01")

COMMON = "Common Stock"
OPTION = "Stock Option (right to buy)"
UNITS = "Restricted Stock Units"
# What people write for one and the same.
_SPELLINGS = {
    COMMON: (COMMON, COMMON, "COMMON STOCK", "Common stock", "Common Stock, par value $0.001 per share"),
    OPTION: (OPTION, OPTION, "Stock Option (Right to Buy)", "Stock option (right to buy)"),
    UNITS: (UNITS, UNITS, "Restricted Stock Unit", "Restricted stock units"),
}
_PLANS = (
    "Sold under a Rule 10b5-1 trading plan that the reporting person adopted on {}.",
    "The sale reported in this Form 4 was effected pursuant to a Rule 10b5-1 trading plan adopted by the Reporting Person on {}.",
    "These transactions were made under the reporting person's Rule 10b5-1 trading plan, which was adopted on {}.",
)
_NAMES = (
    "Alder",
    "Birch",
    "Cedar",
    "Dogwood",
    "Elm",
    "Fir",
    "Ginkgo",
    "Hazel",
    "Ivy",
    "Juniper",
    "Larch",
    "Maple",
    "Oak",
    "Pine",
)
_TITLES = (
    "Chief Executive Officer",
    "Chief Financial Officer",
    "Chief Legal Officer",
    "SVP, Operations",
    "Chief Example Officer",
)
_REASONS = {
    "restating": "attach an exhibit that was left out; nothing else has changed",
    "one line": "repeat one line with a footnote that was left out",
    "first row": "repeat the first line with a footnote that was left out",
    "correcting": "correct a number of shares",
}


class Line(NamedTuple):
    """One running balance as it is, whatever anybody calls it. `nature` is empty where it is held directly."""

    owners: str
    table: str
    security: str
    nature: str = ""
    strike: Decimal | None = None
    expires: date | None = None


@dataclass(slots=True)
class Balance:
    """A line in one filing, in shares. `before`: what the filings seen until then state last (`None`: nothing, or an amendment).

    `stated` is the total the form shows after its rows (`None`: it shows none) and `actual` what is held then. `rows` are (table, row
    number, from 1). `causes` are why `before` is not the opening, of `history.GAPS`; empty where it is.
    """

    moved: Decimal = ZERO
    stated: Decimal | None = None
    actual: Decimal = ZERO
    rows: list[tuple[str, int]] = field(default_factory=list)
    before: Decimal | None = None
    causes: tuple[str, ...] = ()

    @property
    def gap(self) -> Decimal | None:
        """What the filing's own rows and the filings before it leave unexplained; `None` where that cannot be told."""
        return None if self.before is None or self.stated is None else self.stated - self.moved - self.before


@dataclass(slots=True, eq=False)
class Person:
    """Who files: one owner, two that file jointly, or the first of a chain whose `chain` file the same again."""

    kind: str
    owners: tuple[ReportingOwner, ...]
    free_on: date
    trust: str = ""
    chain: tuple[ReportingOwner, ...] = ()
    plan: date | None = None
    grants: list[Line] = field(default_factory=list)

    def line(self, nature: str = "", security: str = COMMON, table: str = "I") -> Line:
        return Line(key_of(self.owners), table, security, nature)

    @property
    def units(self) -> Line:
        return self.line(security=UNITS, table="II")


@dataclass(slots=True, eq=False)
class Draft:
    """A filing whose number is not known yet. `amended` and `continues` are earlier drafts; `pending` is why a line's opening is off."""

    filed_at: datetime
    document: OwnershipDocument
    lines: dict[Line, Balance]
    action: str
    pending: dict[Line, list[str]] = field(default_factory=dict)
    plan: date | None = None
    late: bool = False
    amended: Draft | None = None
    amendment: str | None = None
    continues: Draft | None = None
    left_out: bool = False


def key_of(owners: Sequence[ReportingOwner]) -> str:
    return "+".join(sorted(owner.cik or "" for owner in owners))


class Sheet:
    """One form being filled in: rows with running totals, and footnotes in the order of their first use."""

    def __init__(
        self, world: World, person: Person, day: date, *, owners: Sequence[ReportingOwner] = (), form: str = "4"
    ) -> None:
        self.world, self.person, self.day, self.form_type = world, person, day, form
        self.owners = tuple(owners) or person.owners
        self.rows: dict[str, list[Row]] = {"I": [], "II": []}
        self.notes: dict[str, str] = {}
        self.lines: dict[Line, Balance] = {}
        self.planned = False

    def note(self, text: str) -> tuple[str, ...]:
        name = next((name for name, words in self.notes.items() if words == text), f"F{len(self.notes) + 1}")
        self.notes[name] = text
        return (name,)

    def move(self, line: Line, code: str, shares: Decimal, price: Decimal | None = ZERO, average: tuple[str, ...] = ()) -> None:
        """A transaction; `shares` is negative where they are disposed of, `average` the footnotes on the price."""
        self.world.balances[line] = self.world.balances.get(line, ZERO) + shares
        row = Row(
            kind="transaction",
            transaction_date=self.day,
            transaction_form_type=self.form_type,
            transaction_code=code,
            equity_swap_involved=False,
            shares=abs(shares),
            price_per_share=price,
            acquired_disposed="A" if shares > 0 else "D",
            shares_owned_following=self.world.balances[line],
            footnotes={"price_per_share": average} if average else {},
        )
        self._put(line, row, shares)

    def hold(self, line: Line) -> None:
        self._put(line, Row(kind="holding", shares_owned_following=self.world.balances.get(line, ZERO)), ZERO)

    def _put(self, line: Line, row: Row, moved: Decimal) -> None:
        notes = dict(row.footnotes)
        if self.planned and (row.transaction_code == "S" or line.strike is not None):
            notes["transaction_code"] = self.note(self.world.plan_words(self.person))
        if line.strike is not None:
            notes["exercise_date"] = self.note("The option vests monthly over four years.")
        elif line.table == "II":
            notes["conversion_or_exercise_price"] = self.note("Each unit is a right to receive one share of common stock.")
            notes["expiration_date"] = self.note("The units vest in equal quarterly parts.")
        rows = self.rows[line.table]
        rows.append(
            replace(
                row,
                security_title=self.world.spelt(line.security),
                direct_or_indirect="I" if line.nature else "D",
                nature_of_ownership=self.world.spelt(line.nature) or None,
                conversion_or_exercise_price=line.strike,
                expiration_date=line.expires,
                underlying_security_title=COMMON if line.table == "II" else None,
                underlying_security_shares=row.shares if line.table == "II" else None,
                footnotes=notes,
            )
        )
        balance = self.lines.setdefault(line, Balance())
        balance.moved += moved
        balance.stated = balance.actual = self.world.balances.get(line, ZERO)
        balance.rows.append((line.table, len(rows)))

    def document(self, signed: date) -> OwnershipDocument:
        box = self.form_type != "3" and signed >= date(2023, 4, 1)
        version = "X0206" if self.form_type == "3" else "X0508" if box else "X0306"
        return OwnershipDocument(
            form_type=self.form_type,
            period_of_report=self.day,
            issuer=self.world.issuer,
            reporting_owners=self.owners,
            non_derivative_table=tuple(self.rows["I"]),
            derivative_table=tuple(self.rows["II"]),
            footnotes=dict(self.notes),
            signatures=tuple(Signature(f"/s/ {owner.name}", signed) for owner in self.owners),
            schema_version=version,
            no_securities_owned=False if self.form_type == "3" else None,
            not_subject_to_section16=None if self.form_type == "3" else False,
            aff10b5_one=self.planned if box else None,
        )


class World:
    """All balances, and the forms filed so far."""

    def __init__(self, rng: Random, issuer: Issuer, *, amendments: bool, spellings: bool) -> None:
        self.rng, self.issuer, self.amendments, self.spellings = rng, issuer, amendments, spellings
        self.balances: dict[Line, Decimal] = {}
        self.people: list[Person] = []
        self.drafts: list[Draft] = []
        self.pending: dict[Line, list[str]] = {}
        self.last_filed: dict[str, datetime] = {}

    def shares(self, least: int, most: int) -> Decimal:
        return Decimal(self.rng.randrange(least, most))

    def price(self, day: date) -> Decimal:
        middle = 40 + (day - BEGINS).days // 40
        return Decimal(self.rng.randrange(middle * 90, middle * 110)) * CENT

    def spelt(self, text: str) -> str:
        if not self.spellings or not text:
            return text
        return self.rng.choice(_SPELLINGS.get(text) or (text, text, text.lower(), text.upper()))

    def plan_words(self, person: Person) -> str:
        adopted = person.plan or BEGINS
        return _PLANS[adopted.day % len(_PLANS)].format(f"{adopted:%B} {adopted.day}, {adopted.year}")

    def live(self, person: Person) -> list[Line]:
        """The options not yet used up."""
        return [grant for grant in person.grants if self.balances[grant] > 0]

    def join(self, number: int, kind: str) -> None:
        """One more filer, with its Form 3 on a day of its own."""
        day = BEGINS + timedelta(days=number)
        name = f"{_NAMES[number % len(_NAMES)]} {number}"
        who = [ReportingOwner(f"{9_800_000 + 10 * number + one:010}", f"Roe {name} {'ABC'[one]}") for one in range(3)]
        owners: tuple[ReportingOwner, ...] = (replace(who[0], is_director=True),)
        chain: tuple[ReportingOwner, ...] = ()
        trust = f"By the {name} Children's Trust"
        if kind == "officer":
            owners = (replace(who[0], is_officer=True, officer_title=_TITLES[number % len(_TITLES)]),)
            trust = f"By the {name} Family Trust"
        elif kind == "joint":
            owners = (*owners, replace(who[1], is_ten_percent_owner=True))
        elif kind == "chain":
            parts = ("Fund, L.P.", "GP, L.L.C.", "Management, L.P.")
            funds = [
                replace(one, name=f"Example {name} {part}", is_ten_percent_owner=True)
                for one, part in zip(who, parts, strict=True)
            ]
            owners, chain, trust = (funds[0],), tuple(funds[1:]), ""
        person = Person(kind, owners, day, trust, chain)
        self.people.append(person)
        held = self.shares(20_000, 90_000) * (100 if chain else 1)
        for filer, line in lines_of_chain(person):
            self.balances[line] = held
            sheet = Sheet(self, person, day, owners=filer, form="3")
            sheet.hold(line)
            if trust:
                self.balances[person.line(trust)] = self.shares(5_000, 20_000)
                sheet.hold(person.line(trust))
            self.file(sheet, "first statement")

    def free(self, today: date) -> Person:
        """Somebody whose last form is filed; if that is nobody, whoever is next."""
        able = [person for person in self.people if person.free_on <= today]
        return self.rng.choice(able) if able else min(self.people, key=lambda person: person.free_on)

    def act(self, today: date, actions: Sequence[Action], gap: str = "") -> None:
        """Something happens to somebody and is filed; `gap` is what to seed with it."""
        person = self.free(today)
        day = max(today, person.free_on)
        day = day if day.weekday() < 5 else business_day_after(day, 1)
        if gap in {"plan purchase", "split"}:
            self._unseen(person, gap)
        able = [one for one in actions if person.kind in one.kinds and one.able(self, person)]
        action = self.rng.choices(able, [one.weight for one in able])[0]
        late = not gap and self.rng.random() < 0.02
        made: list[Draft] = []
        for sheet in action.sheets(self, person, day):
            runs_over = bool(made) and made[-1].document.reporting_owners == sheet.owners
            made.append(self.file(sheet, action.name, late=late, continues=made[-1] if runs_over else None))
        if gap == "left out":
            for draft in made:
                draft.left_out = True
                for line in draft.lines:
                    self.pending[line] = [*draft.pending.get(line, ()), gap]
        elif gap == "mistyped":
            self._mistype(made[-1])
        elif self.amendments and not late and len(made) == 1 and made[0].document.form_type == "4" and self.rng.random() < 0.05:
            self._amend(made[0])
        person.free_on = max(self.last_filed[key_of(owners)].date() for owners, _ in lines_of_chain(person)) + timedelta(days=1)

    def file(self, sheet: Sheet, action: str, *, late: bool = False, continues: Draft | None = None) -> Draft:
        days = 30 if sheet.form_type == "5" else self.rng.randrange(6, 25) if late else self.rng.choice((1, 1, 2, 2))
        filed_at = self._filed_at(sheet.owners, business_day_after(sheet.day, days))
        if continues is not None:
            filed_at = continues.filed_at + timedelta(minutes=3)
        self.last_filed[key_of(sheet.owners)] = filed_at
        pending = {line: self.pending.pop(line) for line in sheet.lines if line in self.pending}
        document = sheet.document(filed_at.date())
        plan = sheet.person.plan if sheet.planned else None
        self.drafts.append(Draft(filed_at, document, sheet.lines, action, pending, plan, late, continues=continues))
        return self.drafts[-1]

    def _filed_at(self, owners: Sequence[ReportingOwner], day: date) -> datetime:
        filed_at = datetime.combine(day, time(16), EASTERN) + timedelta(seconds=self.rng.randrange(5 * 3600))
        last = self.last_filed.get(key_of(owners))
        return filed_at if last is None else max(filed_at, last + timedelta(minutes=3))

    def _unseen(self, person: Person, gap: str) -> None:
        """Balances change with nothing to report: a purchase under a plan of the issuer, or two shares for one."""
        if gap == "plan purchase":
            self.balances[person.line()] += self.shares(10, 400)
            self.pending.setdefault(person.line(), []).append(gap)
            return
        for line, held in list(self.balances.items()):
            if line.strike is None:
                self.balances[line] = held * 2
                self.pending.setdefault(line, []).append(gap)
        for one in self.people:  # an option on twice the shares at half the price is another line
            halved = [grant._replace(strike=((grant.strike or ZERO) / 2).quantize(CENT)) for grant in one.grants]
            self.balances.update({new: 2 * self.balances.pop(old) for old, new in zip(one.grants, halved, strict=True)})
            one.grants = halved

    def _mistype(self, draft: Draft) -> None:
        """Two digits of a total change places, or one is doubled: what is stated is off, and right again in the next filing."""
        single = [line for line, balance in draft.lines.items() if len(balance.rows) == 1 and balance.moved and balance.actual]
        if not single:
            return
        line = self.rng.choice(single)
        balance, (table, number) = draft.lines[line], draft.lines[line].rows[0]
        digits = str(balance.actual)
        swapped = {digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :] for at in range(len(digits) - 1)}
        wrong = Decimal(self.rng.choice(sorted(swapped - {digits}) or [digits + digits[-1]]))
        balance.stated = wrong
        rows = _rows(draft.document)
        rows[table][number - 1] = replace(rows[table][number - 1], shares_owned_following=wrong)
        draft.document = _with_rows(draft.document, rows)
        draft.pending.setdefault(line, []).append("mistyped")
        self.pending.setdefault(line, []).append("mistyped")

    def _amend(self, draft: Draft) -> None:
        """A 4/A some days later, in one of the ways people write them. A correcting one makes the original wrong in hindsight."""
        right = _rows(draft.document)
        single = [line for line, balance in draft.lines.items() if len(balance.rows) == 1 and balance.moved]
        first_row = len(right["I"]) > 1 and right["I"][0].kind == "transaction"
        way = self.rng.choice(["restating", "one line", *["first row"] * first_row, *["correcting"] * bool(single)])
        kept = self.rng.choice(list(draft.lines.values())).rows
        if way == "correcting":
            self._misreport(draft, self.rng.choice(single))
        elif way == "first row":
            kept = [("I", 1)]
        places = kept if way in {"one line", "first row"} else [place for one in draft.lines.values() for place in one.rows]
        rows = {table: [row for at, row in enumerate(right[table], start=1) if (table, at) in places] for table in right}
        order = {table: sorted(place for place in places if place[0] == table) for table in right}
        lines = {}
        for line, balance in draft.lines.items():
            amended = [(table, order[table].index((table, at)) + 1) for table, at in balance.rows if (table, at) in places]
            if amended:
                said = [rows[table][at - 1] for table, at in amended]
                lines[line] = Balance(sum(map(_signed, said), ZERO), said[-1].shares_owned_following, balance.actual, amended)
        filed_at = self._filed_at(
            draft.document.reporting_owners, business_day_after(draft.filed_at.date(), self.rng.randrange(1, 9))
        )
        self.last_filed[key_of(draft.document.reporting_owners)] = filed_at
        document = replace(
            _with_rows(draft.document, rows),
            form_type="4/A",
            date_of_original_submission=draft.filed_at.date(),
            remarks=f"This amendment is filed to {_REASONS[way]}.",
        )
        self.drafts.append(Draft(filed_at, document, lines, draft.action, plan=draft.plan, amended=draft, amendment=way))

    def _misreport(self, draft: Draft, line: Line) -> None:
        """A wrong number of shares with the total that follows from it."""
        balance, (table, number) = draft.lines[line], draft.lines[line].rows[0]
        rows = _rows(draft.document)
        row = rows[table][number - 1]
        shares, sign = row.shares or ZERO, 1 if balance.moved > 0 else -1
        more = Decimal(self.rng.choice((9, 90))) if sign > 0 or balance.actual >= 90 else -(shares // 2)
        balance.moved, balance.stated = sign * (shares + more), balance.actual + sign * more
        rows[table][number - 1] = replace(row, shares=shares + more, shares_owned_following=balance.stated)
        draft.document = _with_rows(draft.document, rows)


Able: TypeAlias = Callable[[World, Person], bool]
Sheets: TypeAlias = Callable[[World, Person, date], list[Sheet]]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that may happen: to which kinds of people, whether it can, how often beside the others, and the forms it gives."""

    name: str
    kinds: frozenset[str]
    weight: int
    able: Able
    sheets: Sheets


def lines_of_chain(person: Person) -> list[tuple[tuple[ReportingOwner, ...], Line]]:
    """Who files of a block of common stock, and on which line each of them holds it."""
    above = [((one,), Line(key_of([one]), "I", COMMON, f"By {person.owners[0].name}")) for one in person.chain]
    return [(person.owners, person.line()), *above]


def _rows(document: OwnershipDocument) -> dict[str, list[Row]]:
    return {"I": list(document.non_derivative_table), "II": list(document.derivative_table)}


def _with_rows(document: OwnershipDocument, rows: dict[str, list[Row]]) -> OwnershipDocument:
    return replace(document, non_derivative_table=tuple(rows["I"]), derivative_table=tuple(rows["II"]))


def _signed(row: Row) -> Decimal:
    return ZERO if row.shares is None else row.shares if row.acquired_disposed == "A" else -row.shares
