"""The ledger balances: a consistent history never shows a gap, in whatever order it is read, and a seeded gap always does."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from datetime import date
from datetime import datetime
from datetime import time
from datetime import timedelta
from decimal import ROUND_HALF_UP
from decimal import Decimal
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import assume
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from tests import history
from tests.core.samples import FILED
from tests.core.samples import document
from tests.core.samples import filed_after
from tests.core.samples import held
from tests.core.samples import real_readings
from tests.core.samples import row
from tests.history_world import UNITS
from tests.history_world import Balance
from watcher.core.errors import UnreadableDocument
from watcher.core.findings import HoldingChange
from watcher.core.gaps import explained
from watcher.core.holdings import Position
from watcher.core.holdings import by_key
from watcher.core.holdings import change_between
from watcher.core.holdings import positions
from watcher.core.model import HoldingKey
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row
from watcher.core.ownership import parse_ownership
from watcher.core.past import Past
from watcher.core.past import PastGap
from watcher.core.submission import EASTERN
from watcher.core.titles import folded

CIK = "0009990001"
CASES = Path(__file__).resolve().parents[1] / "cases" / "ownership"
START = date(2024, 1, 2)
# One balance each, in spellings that filers use for it.
LINES = (
    ("Common Stock", "COMMON STOCK", "Common Stock, par value $0.01 per share"),
    ("Class B Common Stock", "Class B common stock, $.01 par value"),
)
NATURES = ((None, None), ("By Trust", "Held by the Trust"), ("By Roe 2018 Trust", "Roe 2018 Trust"))
BALANCES = [(title, nature) for title in range(2) for nature in range(3)]
MOVES = st.lists(
    st.decimals(min_value="-900", max_value="900", places=2).filter(lambda move: abs(move) >= 1), min_size=1, max_size=4
)
FILING = st.dictionaries(st.sampled_from(range(6)), MOVES, max_size=4)
PATIENT = settings(deadline=None)  # whole histories are read, on whatever machine
HISTORY = st.lists(FILING, min_size=1, max_size=6)


@dataclass(frozen=True, slots=True)
class Filed:
    accession: str
    filed_at: datetime
    content: OwnershipDocument


@dataclass(slots=True)
class Ledger:
    """The smallest store: every position in the order of its day, each counted from the one before it."""

    kept: dict[HoldingKey, list[tuple[tuple[date, datetime, str], Position]]] = field(default_factory=dict)

    def ingest(self, filed: Filed) -> None:
        found = positions(filed.content, issuer_cik=CIK, accession_number=filed.accession, filed_at=filed.filed_at)
        for position in found:
            chain = self.kept.setdefault(position.holding.key, [])
            order = (position.holding.as_of or date.min, filed.filed_at, filed.accession)
            place = bisect_left([one for one, _ in chain], order)
            if place == len(chain) or chain[place][0] != order:
                chain.insert(place, (order, position))

    def changes(self) -> dict[tuple[HoldingKey, str], HoldingChange]:
        found = {}
        for key, chain in self.kept.items():
            previous, chained = None, False
            for order, position in chain:
                change = change_between(position, previous, amends=False, chained=chained)
                found[key, order[2]] = change
                previous, chained = position.holding, chained or change.standing == "matches"
        return found

    def standings(self) -> set[str]:
        return {change.standing for change in self.changes().values()}


def read(filings: list[Filed]) -> Ledger:
    ledger = Ledger()
    for filed in filings:
        ledger.ingest(filed)
    return ledger


def written(history: list[dict[int, list[Decimal]]], draw: st.DrawFn, *, whole: bool = False, split_at: int = -1) -> list[Filed]:
    """Filings of this history: first and last all lines as holdings, in between what moved, in any spelling."""
    balances = dict.fromkeys(range(6), Decimal(100_000))
    filings = []
    for number, moves in enumerate([{}, *history, {}]):
        if number == split_at:
            balances = {line: 2 * balance for line, balance in balances.items()}
        rows = []
        day = START + timedelta(days=7 * number)
        for line, (title, nature) in enumerate(BALANCES):
            words = draw(st.sampled_from(LINES[title])), draw(st.sampled_from(NATURES[nature]))
            for move in moves.get(line, ()):
                balances[line] += move
                total = balances[line].quantize(Decimal(1), ROUND_HALF_UP) if whole else balances[line]
                code = "P" if move > 0 else draw(st.sampled_from("SGF"))
                rows.append(
                    row(code, "A" if move > 0 else "D", str(abs(move)), after=str(total), on=day, title=words[0], nature=words[1])
                )
            if number in {0, len(history) + 1} or (line not in moves and draw(st.booleans())):
                total = balances[line].quantize(Decimal(1), ROUND_HALF_UP) if whole else balances[line]
                rows.append(held(str(total), title=words[0], nature=words[1]))
        content = replace(document(*rows), period_of_report=day)
        filed_at = datetime.combine(day + timedelta(days=draw(st.integers(0, 4))), time(17), EASTERN)
        filings.append(Filed(f"0000000000-24-{number:06}", filed_at, content))
    return filings


@st.composite
def consistent(draw: st.DrawFn, *, whole: bool = False) -> list[Filed]:
    return written(draw(HISTORY), draw, whole=whole)


@given(consistent(), st.data())
@PATIENT
def test_a_consistent_history_matches_in_whatever_order_it_is_read(filings: list[Filed], data: st.DataObject) -> None:
    ledger = read(data.draw(st.permutations(filings)))
    assert ledger.standings() == {"first sight", "matches"}
    assert len(ledger.kept) == len(BALANCES)
    assert ledger.changes() == read(filings).changes()


@given(consistent(whole=True))
@PATIENT
def test_filers_who_round_fractional_shares_show_no_gap(filings: list[Filed]) -> None:
    assert "gap" not in read(filings).standings()


@given(consistent(), st.data())
@PATIENT
def test_reading_a_filing_twice_changes_nothing(filings: list[Filed], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(filings)))
    assert read([*filings, *again]).changes() == read(filings).changes()


@given(consistent(), st.data())
@PATIENT
def test_the_order_of_rows_changes_no_closing_balance_where_the_rows_allow_it(filings: list[Filed], data: st.DataObject) -> None:
    filed = data.draw(st.sampled_from(filings))
    shuffled = replace(filed.content, non_derivative_table=tuple(data.draw(st.permutations(filed.content.non_derivative_table))))
    for rows in by_key(filed.content, CIK).values():
        assume(all(abs(one - other) >= 1 for one, other in combinations(balances(rows), 2)))  # else another order is as good
    assert closings(shuffled) == closings(filed.content)


def balances(rows: list[Row]) -> list[Decimal]:
    """Where a tally begins, and every balance it comes to."""
    totals = [one.shares_owned_following or Decimal(0) for one in rows]
    moved = rows[0].shares or Decimal(0)
    opening = totals[0] - moved if rows[0].acquired_disposed == "A" else totals[0] + moved
    return [opening, *totals] if moved else totals


def closings(content: OwnershipDocument) -> dict[HoldingKey, Decimal | None]:
    found = positions(content, issuer_cik=CIK, accession_number="0000000000-24-000001", filed_at=FILED)
    return {one.holding.key: one.holding.shares for one in found}


def gaps(ledger: Ledger) -> dict[tuple[HoldingKey, str], HoldingChange]:
    return {at: change for at, change in ledger.changes().items() if change.standing == "gap"}


@st.composite
def with_one_missing(draw: st.DrawFn) -> tuple[list[Filed], Filed]:
    filings = draw(consistent())
    return filings, draw(st.sampled_from(filings[1:-1]))


@given(with_one_missing(), st.data())
@PATIENT
def test_a_missing_filing_leaves_a_gap_in_each_line_it_moved_that_its_arrival_closes(
    seeded: tuple[list[Filed], Filed], data: st.DataObject
) -> None:
    filings, missing = seeded
    moved = {
        one.holding.key: one.moved
        for one in positions(missing.content, issuer_cik=CIK, accession_number=missing.accession, filed_at=missing.filed_at)
        if one.moved and abs(one.moved) >= 1
    }
    rest = [filed for filed in filings if filed is not missing]
    ledger = read(data.draw(st.permutations(rest)))
    found = gaps(ledger)
    assert {key: change.unexplained for (key, _), change in found.items()} == moved
    contents = {filed.accession: filed.content for filed in rest}
    for (_, accession), change in found.items():
        (told,) = explained((change,), contents[accession], Past(unread=(missing.accession,)))
        names = [one.name for one in told.candidates]
        assert "missing filing" in names
        assert missing.accession in next(one.words for one in told.candidates if one.name == "unread filing")
    ledger.ingest(missing)
    assert not gaps(ledger)


@given(consistent(), st.sampled_from([10, 100, 1000]))
@PATIENT
def test_a_total_typed_with_too_many_zeros_is_a_gap_that_may_be_a_typo(filings: list[Filed], factor: int) -> None:
    *earlier, last = filings
    line, *others = last.content.non_derivative_table
    total = line.shares_owned_following
    assert total is not None
    mistyped = replace(line, shares_owned_following=total * factor)
    content = replace(last.content, non_derivative_table=(mistyped, *others))
    (change,) = gaps(read([*earlier, replace(last, content=content)])).values()
    (told,) = explained((change,), content, Past())
    assert any(one.name == "typo" and one.fits for one in told.candidates)


@st.composite
def split(draw: st.DrawFn) -> list[Filed]:
    history = draw(HISTORY)
    return written(history, draw, split_at=draw(st.integers(1, len(history) + 1)))


@given(split())
@PATIENT
def test_a_split_is_a_gap_in_every_line_and_suspected_once_another_owner_shows_it(filings: list[Filed]) -> None:
    found = gaps(read(filings))
    contents = {filed.accession: filed.content for filed in filings}
    assert {key for key, _ in found} == set(read(filings).kept)
    for (key, accession), change in found.items():
        gap = PastGap(
            "0000000000-24-900001", "0009980002", key.security, contents[accession].period_of_report, Decimal(70), Decimal(140)
        )
        (told,) = explained((change,), contents[accession], Past(gaps=(gap,)))
        assert any(one.name == "split" and one.fits and "0009980002" in one.words for one in told.candidates)


# --- a large issuer's filings over the years -------------------------------------------------------------------------------------

# What is to be among the candidates of a gap, by how it was seeded.
NAMED = {"left out": "missing filing", "mistyped": "typo", "plan purchase": "plan purchase", "split": "split"}


def known_lines(filed: history.Filed) -> dict[HoldingKey, Balance]:
    """What is true of each line that the filing shows, under the key that its rows have."""
    tables = {"I": filed.document.non_derivative_table, "II": filed.document.derivative_table}
    line_of = {id(one): key for key, rows in by_key(filed.document, CIK).items() for one in rows}
    return {line_of[id(tables[table][number - 1])]: one for one in filed.truth.lines.values() for table, number in one.rows[:1]}


def told_changes(filings: list[history.Filed]) -> Iterator[tuple[Balance, HoldingChange, bool]]:
    """Every line of every filing: what is true of it, what is found, and whether an opening of it has matched before, in truth."""
    ledger = read([Filed(one.accession_number, one.filed_at, one.document) for one in filings])
    changes = ledger.changes()
    chained: set[HoldingKey] = set()
    for filed in filings:
        truth = known_lines(filed)
        found = tuple(changes[key, filed.accession_number] for key in truth)
        for (key, balance), change in zip(truth.items(), explained(found, filed.document, Past()), strict=True):
            yield balance, change, key in chained
            if balance.gap == 0:
                chained.add(key)


def is_contradiction(balance: Balance) -> bool:
    return balance.stated is not None and balance.stated < balance.moved


def is_told(balance: Balance, change: HoldingChange, kind: str, *, chained: bool) -> bool:
    """Whether what was seeded is named: as a gap of its size and with its kind, or else as what the filing itself leaves open."""
    names = {one.name for one in change.candidates}
    if change.standing == "gap":
        too_few = (
            kind == "mistyped" and max(balance.actual, balance.stated or 0) < 100
        )  # any two numbers are like one another then
        return change.unexplained == balance.gap and (NAMED[kind] in names or too_few)
    if "contradiction" in names:
        return is_contradiction(balance)
    new_grant = change.standing == "first sight" and balance.stated == balance.moved
    return not chained and change.key.security == folded(UNITS) and (new_grant or names == {"another grant"})


@pytest.mark.parametrize("kind", history.GAPS)
@given(data=st.data())
@settings(PATIENT, max_examples=40)
def test_a_seeded_gap_is_named_with_what_lies_behind_it_and_nothing_else_is_a_gap(kind: str, data: st.DataObject) -> None:
    most = 1 if kind == "mistyped" else 3  # two slips of one line in a row are none that anybody could name
    filings = data.draw(history.histories(gaps=most, kinds=[kind], amendments=False))
    for balance, change, chained in told_changes(filings):
        if balance.gap:
            assert is_told(balance, change, kind, chained=chained)
        elif is_contradiction(balance):
            assert [one.name for one in change.candidates] == ["contradiction"]
        else:
            assert change.standing == ("first sight" if balance.before is None else "matches")


@given(history.histories(amendments=False))
@settings(PATIENT, max_examples=40)
def test_a_consistent_history_of_an_issuer_never_shows_a_gap(filings: list[history.Filed]) -> None:
    assert {change.standing for _, change, _ in told_changes(filings)} <= {"first sight", "matches"}


# --- what is reported is what is kept -----------------------------------------------------------------------------------------


def assert_balances(content: OwnershipDocument, filed_at: datetime, name: str) -> int:
    """Every closing is a total that a row of its line states, and opens where its rows say; returns how many lines."""
    rows = by_key(content, CIK)
    found = positions(content, issuer_cik=CIK, accession_number="0000000000-24-000001", filed_at=filed_at)
    assert [one.holding.key for one in found] == list(rows), name
    assert sum(map(len, rows.values())) == len(content.non_derivative_table) + len(content.derivative_table), name
    for position in found:
        lines = rows[position.holding.key]
        stated = [stated_total(one) for one in lines]
        closing = (position.holding.shares, position.holding.value)
        if len(set(stated)) == 1:
            assert closing == stated[0], name
        assert closing in {*stated, (None, None)}, name
        if position.opening is not None and position.moved is not None:
            assert position.opening + position.moved == position.holding.shares, name
    return len(found)


def stated_total(line: Row) -> tuple[Decimal | None, Decimal | None]:
    return (line.shares_owned_following, line.value_owned_following)


def test_in_every_case_the_closing_balance_is_the_reported_one() -> None:
    lines = 0
    for path in sorted(CASES.glob("*.xml")):
        try:
            content = parse_ownership(path.read_bytes())
        except UnreadableDocument:
            continue
        lines += assert_balances(content, datetime(2026, 6, 17, 17, tzinfo=EASTERN), path.name)
    assert lines > 50


def test_in_the_corpus_the_closing_balance_is_the_reported_one(corpus: Path) -> None:
    lines = sum(assert_balances(reading.document, filed_after(reading), name) for name, reading in real_readings(corpus))
    assert lines > 2000
