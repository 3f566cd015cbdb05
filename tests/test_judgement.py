"""Filings taken into the store: balances, amendments, what belongs together, and who is told. The documents are made by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from datetime import datetime
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.core.samples import ALEX
from tests.core.samples import JANE
from tests.core.samples import document
from tests.core.samples import held
from tests.core.samples import option
from tests.core.samples import row
from tests.core.samples import values
from watcher.config import Config
from watcher.config import load
from watcher.core.listing import FilingRef
from watcher.core.listing import Party
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.past import Filed
from watcher.core.submission import EASTERN
from watcher.judgement import Taken
from watcher.judgement import take
from watcher.store import Store
from watcher.store import StoredWatch

BEGAN = datetime(2026, 1, 5, 12, tzinfo=EASTERN)
CONFIG = """
[edgar]
contact = "Test test@example.com"
[store]
path = "watcher.db"
[destinations.desk]
terminal = true
[destinations.machine]
webhook = "http://127.0.0.1:9/"
secret_env = "HOOK_SECRET"
[rules.default]
notify = ["desk", "machine"]
{rule}
[[watch]]
cik = "{issuer}"
"""


class Desk:
    """A store, a configuration and one watch that has done its baseline; filings are put on it one by one."""

    def __init__(self, folder: Path, rule: str = "", issuer: str = "0009990001") -> None:
        folder.mkdir(exist_ok=True)
        path = folder / "watcher.toml"
        path.write_text(CONFIG.format(rule=rule, issuer=issuer), "utf-8")
        self.config: Config = load(path, {"HOOK_SECRET": "not a secret"})
        self.store = Store(self.config.store.path)
        self.issuer = issuer
        watch = StoredWatch(f"issuer:{issuer}", "issuer", issuer, "EXMP", None, ("default",), BEGAN, "done")
        self.store.set_watches([watch], BEGAN)
        self.store.set_baseline(watch.key, "done")

    def file(self, number: int, content: OwnershipDocument, filed_at: datetime) -> Taken:
        """Take a filing; `number` makes its accession number."""
        return self.take(content, Filed(accession_of(number), filed_at, filed_at, self.issuer))

    def take(self, content: OwnershipDocument, filed: Filed) -> Taken:
        ref = FilingRef(
            filed.accession_number, content.form_type, (Party(self.issuer, "issuer", ""),), self.issuer, filed.filed_at
        )
        self.store.remember([ref], now=filed.filed_at, found_by="feed")
        with self.store.transaction():
            return take(self.store, self.config, self.store.watches(), content, filed, now=filed.filed_at)

    def balances(self) -> dict[str, tuple[Any, ...]]:
        """Every position kept, by accession number and line: before, opening, closing, standing."""
        rows = self.store.rows(
            "SELECT position.accession_number || ' ' || key AS place, before, opening, position.shares, standing"
            " FROM position JOIN holding ON holding.id = holding_id"
        )
        return {row["place"]: tuple(row)[1:] for row in rows}

    def newest(self) -> dict[str, str]:
        return {row["key"]: row["shares"] for row in self.store.rows("SELECT key, shares FROM holding")}

    def events(self) -> list[tuple[str, str, str]]:
        rows = self.store.rows("SELECT accession_number, kind, shares FROM event ORDER BY 1, 2, 3")
        return [(row[0], row[1], row[2]) for row in rows]

    def silence(self, number: int) -> str | None:
        found: str | None = self.store.value(
            "SELECT silent_because FROM filing WHERE accession_number = ?", (accession_of(number),)
        )
        return found


def accession_of(number: int) -> str:
    return f"0000000000-26-{number:06}"


def at(day: date, hour: int = 18) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=EASTERN)


def on(number: int) -> date:
    """A business day of March 2026: the 2nd, 3rd, ..."""
    return date(2026, 3, 1) + timedelta(days=number)


def sold(shares: int, after: int, day: date, **more: Any) -> Row:
    return row("S", "D", shares, "25.00", after=after, on=day, **more)


def form(*rows: Row, day: date, derivatives: Sequence[Row] = (), owners: Sequence[ReportingOwner] = (JANE,)) -> OwnershipDocument:
    return replace(document(*rows, derivatives=derivatives, owners=owners), period_of_report=day)


def amending(content: OwnershipDocument, original_day: date) -> OwnershipDocument:
    return replace(content, form_type="4/A", date_of_original_submission=original_day)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.store.close()


# --- balances -------------------------------------------------------------------------------------------------------------

THREE = (
    (1, form(sold(100, 900, on(1)), day=on(1)), at(on(2))),
    (2, form(sold(200, 700, on(8)), day=on(8)), at(on(9))),
    (3, form(sold(300, 400, on(15)), day=on(15)), at(on(16))),
)


@pytest.mark.parametrize("order", list(permutations(THREE)), ids=lambda order: "".join(str(one[0]) for one in order))
def test_balances_come_out_the_same_in_any_order_of_arrival(
    desk: Desk, order: Sequence[tuple[int, OwnershipDocument, datetime]]
) -> None:
    for filing in order:
        desk.file(*filing)
    standings = [(before, opening, closing, standing) for before, opening, closing, standing in desk.balances().values()]
    assert sorted(standings, key=lambda one: -int(one[2])) == [
        (None, "1000", "900", "first sight"),
        ("900", "900", "700", "matches"),
        ("700", "700", "400", "matches"),
    ]
    assert list(desk.newest().values()) == ["400"]


def test_a_missing_filing_is_a_gap_with_candidates_until_it_arrives(desk: Desk) -> None:
    desk.file(*THREE[0])
    (change,) = desk.file(*THREE[2]).facts.changes
    assert values(change.standing, change.unexplained) == ("gap", -200)
    assert change.candidates
    desk.file(*THREE[1])
    assert {one[3] for one in desk.balances().values()} == {"first sight", "matches"}


def test_taking_a_filing_twice_changes_nothing(desk: Desk) -> None:
    desk.file(*THREE[0])
    once = desk.balances(), desk.newest(), desk.events(), desk.store.value("SELECT count(*) FROM alert")
    desk.file(*THREE[0])
    assert (desk.balances(), desk.newest(), desk.events(), desk.store.value("SELECT count(*) FROM alert")) == once


# --- amendments -----------------------------------------------------------------------------------------------------------

FIRST = form(sold(8_500, 1_500, on(1)), day=on(1))


def test_an_amendment_that_changes_what_was_told_sends_a_correction_to_whoever_got_it(desk: Desk) -> None:
    first = desk.file(1, FIRST, at(on(2)))
    amended = desk.file(2, amending(form(sold(5_800, 4_200, on(1)), day=on(1)), on(2)), at(on(10)))
    (told,), (correction,) = first.alerts, amended.alerts
    assert correction.destinations == told.destinations == ("desk", "machine")
    body = json.loads(correction.payload)
    assert (body["kind"], body["corrects"]) == ("correction", told.event_id)
    assert correction.message.title.startswith("Correction")
    assert "8,500" in correction.message.text
    assert "5,800" in correction.message.text
    assert told.message.title in correction.message.text


def test_an_amendment_that_restates_is_silent_and_says_so(desk: Desk) -> None:
    desk.file(1, FIRST, at(on(2)))
    assert desk.file(2, amending(FIRST, on(2)), at(on(10))).alerts == ()
    assert desk.silence(2) == f"says nothing else than {accession_of(1)}, of which you were told"


def test_a_rule_that_asks_for_amendments_hears_of_one_that_restates(tmp_path: Path) -> None:
    desk = Desk(tmp_path, 'events = ["sale", "amendment"]')
    desk.file(1, FIRST, at(on(2)))
    (alert,) = desk.file(2, amending(FIRST, on(2)), at(on(10))).alerts
    assert json.loads(alert.payload)["amends"]["accession_number"] == accession_of(1)
    desk.store.close()


def test_an_amended_sale_is_counted_once(desk: Desk) -> None:
    desk.file(1, FIRST, at(on(2)))
    desk.file(2, amending(form(sold(5_800, 4_200, on(1)), day=on(1)), on(2)), at(on(10)))
    assert desk.events() == [(accession_of(1), "sale", "5800")]


def test_a_partial_amendment_erases_nothing(desk: Desk) -> None:
    two = form(sold(500, 9_500, on(1)), sold(700, 8_800, on(2)), day=on(1))
    desk.file(1, two, at(on(3)))
    partial = amending(form(row("S", "D", 500, "26.00", after=9_500, on=on(1)), day=on(1)), on(3))
    taken = desk.file(2, partial, at(on(10)))
    assert [event.shares for event in taken.facts.events] == [1_200]
    assert set(desk.newest().values()) == {"8800"}


def test_an_amendment_of_an_amendment_amends_the_original(desk: Desk) -> None:
    desk.file(1, FIRST, at(on(2)))
    desk.file(2, amending(form(sold(5_800, 4_200, on(1)), day=on(1)), on(2)), at(on(10)))
    taken = desk.file(3, amending(form(sold(5_900, 4_100, on(1)), day=on(1)), on(10)), at(on(17)))
    assert taken.facts.amends is not None
    assert (taken.facts.amends.state, taken.facts.amends.original) == ("tied", accession_of(1))
    assert desk.events() == [(accession_of(1), "sale", "5900")]
    (correction,) = taken.alerts
    assert "5,900" in correction.message.text
    assert "5,800" in correction.message.text, "what was told last is corrected, not what was told first"


def test_a_filing_after_an_amendment_counts_from_the_amended_balance(desk: Desk) -> None:
    desk.file(1, FIRST, at(on(2)))
    desk.file(2, amending(form(sold(5_800, 4_200, on(1)), day=on(1)), on(2)), at(on(10)))
    (change,) = desk.file(3, form(sold(200, 4_000, on(15)), day=on(15)), at(on(16))).facts.changes
    assert values(change.before, change.standing) == (4_200, "matches")


def test_an_amendment_that_arrives_before_its_original_comes_to_the_same(tmp_path: Path) -> None:
    filings = (
        (1, FIRST, at(on(2))),
        (2, amending(form(sold(5_800, 4_200, on(1)), day=on(1)), on(2)), at(on(10))),
    )
    outcomes = []
    for name, order in (("in order", filings), ("reversed", filings[::-1])):
        (tmp_path / name).mkdir()
        desk = Desk(tmp_path / name)
        for filing in order:
            desk.file(*filing)
        outcomes.append((desk.newest(), desk.events(), sorted(desk.balances())))
        desk.store.close()
    assert outcomes[0] == outcomes[1]


def test_an_original_that_its_amendment_has_told_already_is_silent(desk: Desk) -> None:
    desk.file(2, amending(form(sold(5_800, 4_200, on(1)), day=on(1)), on(2)), at(on(10)))
    assert desk.file(1, FIRST, at(on(2))).alerts == ()
    assert desk.silence(1) == f"superseded by its amendment {accession_of(2)}, of which you were told"


def test_an_orphan_amendment_alerts_by_itself(desk: Desk) -> None:
    (alert,) = desk.file(2, amending(FIRST, on(2)), at(on(10))).alerts
    assert json.loads(alert.payload)["amends"]["state"] == "orphan"


# --- what belongs together --------------------------------------------------------------------------------------------------


def test_the_same_transactions_filed_by_another_owner_are_told_to_people_once_and_to_machines_marked(desk: Desk) -> None:
    block = sold(10_000, 0, on(1), nature="By Example Fund")
    fund = ReportingOwner("0009980003", "Example Fund", is_ten_percent_owner=True)
    desk.file(1, form(block, day=on(1)), at(on(2)))
    (alert,) = desk.file(2, form(block, day=on(1), owners=(fund,)), at(on(2), 19)).alerts
    assert alert.destinations == ("machine",)
    assert json.loads(alert.payload)["same_as"] == accession_of(1)
    assert desk.events() == [(accession_of(1), "sale", "10000")]


@pytest.mark.parametrize(("rule", "order"), [("", (2, 1, 3)), ('role = ["ten_percent_owner"]', (1, 2, 3))])
def test_people_hear_of_a_block_once_though_not_by_its_first_filing(tmp_path: Path, rule: str, order: Sequence[int]) -> None:
    desk = Desk(tmp_path, rule)
    block = sold(10_000, 0, on(1), nature="By Example Fund")
    fund = ReportingOwner("0009980003", "Example Fund", is_ten_percent_owner=True)
    partner = ReportingOwner("0009980004", "Example Partner", is_ten_percent_owner=True)
    forms = {number: form(block, day=on(1), owners=who) for number, who in enumerate(((JANE,), (fund,), (partner, fund)), 1)}
    told = [alert for number in order for alert in desk.file(number, forms[number], at(on(2), 17 + number)).alerts]
    assert [alert.accession_number for alert in told if "desk" in alert.destinations] == [accession_of(2)]
    desk.store.close()


def test_equal_sales_out_of_different_positions_are_two_sales(desk: Desk) -> None:
    desk.file(1, form(sold(10_000, 500, on(1)), day=on(1)), at(on(2)))
    (alert,) = desk.file(2, form(sold(10_000, 800, on(1)), day=on(1), owners=(ALEX,)), at(on(2), 19)).alerts
    assert alert.destinations == ("desk", "machine")


def test_an_exercise_and_its_sale_on_two_forms_of_one_day_are_one_event(desk: Desk) -> None:
    desk.file(
        1,
        form(row("M", "A", 1_000, "10", after=3_000, on=on(1)), day=on(1), derivatives=[option(on=on(1), shares=1_000)]),
        at(on(2)),
    )
    taken = desk.file(2, form(sold(1_000, 2_000, on(1)), day=on(1)), at(on(2), 19))
    (event,) = taken.facts.events
    assert (event.kind, event.filings) == ("exercise_and_sell", (accession_of(1),))
    assert event.pairing is not None
    assert values(event.pairing.exercised, event.pairing.sold, event.pairing.kept) == (1_000, 1_000, 0)
    assert taken.facts.companions == (accession_of(1),)


# --- what the store remembers -------------------------------------------------------------------------------------------------


def test_a_stake_counts_lines_that_the_filing_does_not_show(desk: Desk) -> None:
    desk.file(1, form(held(9_000, nature="By Trust"), sold(0, 1_000, on(1)), day=on(1)), at(on(2)))
    (stake,) = desk.file(2, form(sold(500, 500, on(8)), day=on(8)), at(on(9))).facts.stakes
    assert values(stake.sold, stake.held, stake.lines) == (500, 10_000, 2)
    assert stake.percent is not None
    assert round(stake.percent, 1) == 5


def test_the_past_counts_only_from_where_the_store_is_complete(desk: Desk) -> None:
    desk.file(1, form(sold(100, 900, on(1)), day=on(1)), at(on(2)))
    context = desk.file(2, form(sold(100, 800, on(8)), day=on(8)), at(on(9))).facts.context
    assert context.since == on(2)


def test_nobody_hears_of_what_was_accepted_before_the_watch_and_its_positions_count(desk: Desk) -> None:
    early = BEGAN.date() - timedelta(days=30)
    taken = desk.file(1, form(sold(100, 900, early), day=early), at(early))
    assert (taken.alerts, taken.facts.context.since) == ((), None)
    (change,) = desk.file(2, form(sold(100, 800, on(8)), day=on(8)), at(on(9))).facts.changes
    assert change.standing == "matches"


def test_what_was_backfilled_is_looked_back_on_for_as_long_as_the_watch_goes_on(desk: Desk) -> None:
    long_ago = date(2021, 3, 1)
    desk.file(1, form(sold(100, 900, long_ago), day=long_ago), at(long_ago + timedelta(days=1)))
    assert desk.file(2, form(sold(100, 800, on(1)), day=on(1)), at(on(2))).facts.context.since == date(2025, 1, 5)
    (watch,) = desk.store.watches()
    desk.store.note_complete(watch, date(2020, 1, 1))
    desk.store.note_complete(watch, date(2024, 1, 1))
    assert desk.file(3, form(sold(100, 700, on(3)), day=on(3)), at(on(4))).facts.context.since == date(2021, 3, 2)
    later = replace(watch, first_seen_at=watch.first_seen_at + timedelta(days=1))
    assert desk.store.complete_since(later) is None


def test_a_backfill_of_the_last_weeks_does_not_shorten_what_the_baseline_looks_back_on(desk: Desk) -> None:
    early = BEGAN.date() - timedelta(days=300)
    desk.file(1, form(sold(100, 900, early), day=early), at(early))
    (watch,) = desk.store.watches()
    desk.store.note_complete(watch, BEGAN.date() - timedelta(days=20))
    assert desk.file(2, form(sold(100, 800, on(1)), day=on(1)), at(on(2))).facts.context.since == early
