"""Amendments that are read in another order than they were filed in, and who hears of one through several watches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest

from tests.core.samples import ALEX
from tests.core.samples import JANE
from tests.core.samples import values
from tests.test_judgement import BEGAN
from tests.test_judgement import FIRST
from tests.test_judgement import Desk
from tests.test_judgement import accession_of
from tests.test_judgement import amending
from tests.test_judgement import at
from tests.test_judgement import form
from tests.test_judgement import on
from tests.test_judgement import sold
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.store import StoredWatch

AMENDED = amending(form(sold(5_800, 4_200, on(1)), day=on(1)), on(2))
AMENDED_AGAIN = amending(form(sold(5_900, 4_100, on(1)), day=on(1)), on(2))
OF_THE_AMENDMENT = amending(form(sold(6_000, 4_000, on(1)), day=on(1)), on(10))
LATER = form(sold(200, 3_800, on(22)), day=on(22))
FILED = {
    1: (FIRST, at(on(2))),
    2: (AMENDED, at(on(10))),
    3: (AMENDED_AGAIN, at(on(17))),
    4: (OF_THE_AMENDMENT, at(on(19))),
    5: (LATER, at(on(23))),
}


def planned(shares: int, after: int, owners: Sequence[ReportingOwner] = (JANE,), day: int = 1) -> OwnershipDocument:
    """A sale under a plan, which a footnote names with its day."""
    made = form(sold(shares, after, on(day), footnotes={"transaction_code": ("F1",)}), day=on(day), owners=owners)
    words = "The sale was effected pursuant to a Rule 10b5-1 trading plan adopted by the reporting person on December 1, 2025."
    return replace(made, aff10b5_one=True, footnotes={"F1": words})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.store.close()


@pytest.mark.parametrize("last", [3, 4])
def test_what_was_amended_last_holds_in_any_order_of_arrival(tmp_path: Path, last: int) -> None:
    shares, left = {3: ("5,900", "4100"), 4: ("6,000", "4000")}[last]
    outcomes = []
    for order in permutations(range(1, last + 1)):
        desk = Desk(tmp_path / "".join(map(str, order)))
        told = [alert.message.title for number in order for alert in desk.file(number, *FILED[number]).alerts]
        assert f"sold {shares} sh" in told[-1], "what is told last is what holds"
        ties = [tuple(tie) for tie in desk.store.rows("SELECT accession_number, state, original FROM amendment ORDER BY 1")]
        outcomes.append((desk.balances(), desk.newest(), desk.events(), ties))
        desk.store.close()
    assert list(outcomes[0][1].values()) == [left]
    assert outcomes[0][2] == [(accession_of(1), "sale", shares.replace(",", ""))]
    assert outcomes[0][3] == [(accession_of(number), "tied", accession_of(1)) for number in range(2, last + 1)]
    assert [one for one in outcomes if one != outcomes[0]] == []


def test_a_later_filing_counts_from_what_was_amended_last_in_any_order_of_arrival(tmp_path: Path) -> None:
    outcomes = []
    for order in permutations((1, 2, 4, 5)):
        desk = Desk(tmp_path / "".join(map(str, order)))
        for number in order:
            desk.file(number, *FILED[number])
        (line,) = (one for number, one in desk.balances().items() if number.startswith(accession_of(5)))
        outcomes.append((line, desk.newest(), desk.events()))
        desk.store.close()
    assert outcomes[0][0] == ("4000", "4000", "3800", "matches")
    assert [one for one in outcomes if one != outcomes[0]] == []


def test_a_later_amendment_of_another_row_states_the_balance_as_an_earlier_one_amends_it(desk: Desk) -> None:
    desk.file(1, form(sold(500, 9_500, on(1)), sold(700, 8_800, on(2)), day=on(1)), at(on(3)))
    desk.file(3, amending(form(sold(400, 9_500, on(1)), day=on(1)), on(3)), at(on(17)))
    desk.file(2, amending(form(sold(600, 8_900, on(2)), day=on(1)), on(3)), at(on(10)))
    assert list(desk.newest().values()) == ["8900"]


def test_an_earlier_amendment_that_comes_last_adds_what_it_alone_says(desk: Desk) -> None:
    two = form(sold(500, 9_500, on(1)), sold(700, 8_800, on(2)), day=on(1))
    desk.file(1, two, at(on(3)))
    desk.file(3, amending(form(sold(600, 8_900, on(2)), day=on(1)), on(3)), at(on(17)))
    (correction,) = desk.file(2, amending(form(sold(400, 9_500, on(1)), day=on(1)), on(3)), at(on(10))).alerts
    assert "sold 1,000" in correction.message.title, "400, and the 600 of the amendment that was read before"


def test_an_amendment_by_one_of_joint_owners_amends_what_they_hold_together(desk: Desk) -> None:
    desk.file(1, form(sold(8_500, 1_500, on(1)), day=on(1), owners=(JANE, ALEX)), at(on(2)))
    (correction,) = desk.file(2, *FILED[2]).alerts
    assert "4,200" in correction.message.text
    assert list(desk.newest().values()) == ["4200"]
    (change,) = desk.file(3, form(sold(200, 4_000, on(15)), day=on(15), owners=(JANE, ALEX)), at(on(16))).facts.changes
    assert change.standing == "matches"


def test_an_amendment_that_adds_an_owner_leaves_no_second_balance_in_any_order_of_arrival(tmp_path: Path) -> None:
    both = (JANE, ALEX)
    filings = {
        1: (form(sold(500, 10_000, on(1)), day=on(1), owners=both), at(on(2))),
        2: (form(sold(8_500, 1_500, on(8)), sold(10, 90, on(8), nature="By Trust"), day=on(8)), at(on(9))),
        3: (amending(form(sold(5_800, 4_200, on(8)), day=on(8), owners=both), on(9)), at(on(16))),
        4: (form(sold(200, 4_000, on(20)), day=on(20), owners=both), at(on(23))),
    }
    outcomes = []
    for order in permutations(filings):
        desk = Desk(tmp_path / "".join(map(str, order)))
        for number in order:
            desk.file(number, *filings[number])
        events = [tuple(row) for row in desk.store.rows("SELECT accession_number, owners, shares FROM event ORDER BY 1, 3")]
        outcomes.append((desk.balances(), desk.newest(), events))
        desk.store.close()
    assert list(outcomes[0][1].values()) == ["4000", "90"]
    assert [one for one in outcomes if one != outcomes[0]] == []
    assert sorted(one[3] for one in outcomes[0][0].values()) == ["amends", "first sight", "first sight", "matches", "matches"]


def test_a_correction_reaches_who_was_told_of_the_original_though_others_heard_of_an_amendment_since(tmp_path: Path) -> None:
    desk = Desk(tmp_path, '[rules.amended]\nevents = ["amendment"]\nnotify = ["machine"]')
    desk.store.set_watches([replace(watch, rules=("default", "amended")) for watch in desk.store.watches()], BEGAN)
    first = desk.file(1, *FILED[1])
    restated = desk.file(2, amending(FIRST, on(2)), at(on(10)))
    (correction,) = desk.file(3, *FILED[3]).alerts
    assert [taken.alerts[0].destinations for taken in (first, restated)] == [("desk", "machine"), ("machine",)]
    assert correction.destinations == ("desk", "machine")
    assert "The alert said: EXMP: CLO Roe Jane sold 8,500 sh" in correction.message.text
    desk.store.close()


def test_a_correction_reaches_whom_a_rule_tells_that_matches_only_what_was_amended(tmp_path: Path) -> None:
    desk = Desk(tmp_path, '[rules.large]\nmin_value = 200_000\nnotify = ["desk"]')
    rules = {**desk.config.rules, "default": replace(desk.config.rules["default"], notify=("machine",))}
    desk.config = replace(desk.config, rules=rules)
    desk.store.set_watches([replace(watch, rules=("default", "large")) for watch in desk.store.watches()], BEGAN)
    larger = amending(FIRST, on(2))
    original = form(sold(5_800, 4_200, on(1)), day=on(1))
    told = [desk.file(1, original, at(on(2))).alerts[0], desk.file(2, larger, at(on(10))).alerts[0]]
    assert [(alert.rules, alert.destinations) for alert in told] == [
        (("default",), ("machine",)),
        (("default", "large"), ("machine", "desk")),
    ]
    desk.store.close()


def test_a_notice_that_an_amendment_was_unreadable_does_not_hide_what_was_told_of_the_original(desk: Desk) -> None:
    (told,) = desk.file(1, *FILED[1]).alerts
    notice = replace(
        told,
        event_id="0" * 32,
        accession_number=accession_of(2),
        payload=json.dumps({"kind": "quarantined", "accession_number": accession_of(2)}).encode(),
    )
    with desk.store.transaction():
        desk.store.keep_alert(notice, at(on(10)))
    assert desk.file(2, amending(FIRST, on(2)), at(on(10))).alerts == ()
    (correction,) = desk.file(3, *FILED[3]).alerts
    assert json.loads(correction.payload)["corrects"] == told.event_id


def test_who_gets_the_correction_does_not_hear_of_the_amendment_through_another_watch_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path, '[rules.amended]\nevents = ["amendment"]\nnotify = ["desk"]')
    (issuer,) = desk.store.watches()
    person = StoredWatch("owner:0009980001", "owner", "0009980001", None, "Roe Jane", ("amended",), BEGAN, "done")
    older = BEGAN - timedelta(days=1)
    desk.store.set_watches([], older)
    desk.store.set_watches([person], older)
    desk.store.set_watches([person, replace(issuer, baseline="done")], BEGAN)
    desk.file(1, *FILED[1])
    told = [alert for alert in desk.file(2, *FILED[2]).alerts if "desk" in alert.destinations]
    assert [alert.watch_key for alert in told] == [issuer.key]
    assert told[0].message.title.startswith("Correction")
    desk.store.close()


def test_who_was_told_through_a_watch_that_is_gone_gets_the_correction_through_another_that_names_them(desk: Desk) -> None:
    (issuer,) = desk.store.watches()
    person = StoredWatch("owner:0009980001", "owner", "0009980001", None, "Roe Jane", ("default",), BEGAN, "done")
    older = BEGAN - timedelta(days=1)
    desk.store.set_watches([], older)
    desk.store.set_watches([person], older)
    desk.store.set_watches([person, issuer], BEGAN)
    told = {alert.watch_key: alert.destinations for alert in desk.file(1, *FILED[1]).alerts}
    assert ("desk" in told[person.key], "desk" in told[issuer.key]) == (True, False), "a person hears of it once"
    desk.store.set_watches([issuer], at(on(5)))
    (correction,) = desk.file(2, *FILED[2]).alerts
    assert correction.watch_key == issuer.key
    assert "desk" in correction.destinations


def test_a_correction_reaches_a_destination_by_the_name_it_has_now(desk: Desk) -> None:
    desk.file(1, *FILED[1])
    destinations = dict(desk.config.destinations)
    destinations["phone"] = replace(destinations.pop("desk"), name="phone")
    rules = {"default": replace(desk.config.rules["default"], notify=("phone", "machine"))}
    desk.config = replace(desk.config, destinations=destinations, rules=rules)
    (correction,) = desk.file(2, *FILED[2]).alerts
    assert correction.destinations == ("machine", "phone")


def test_a_correction_reaches_a_destination_that_refused_the_alert(desk: Desk) -> None:
    desk.file(1, *FILED[1])
    with desk.store.transaction():
        desk.store.execute("UPDATE owed SET state = 'dead', reason = 'no such channel'")
    (correction,) = desk.file(2, *FILED[2]).alerts
    assert correction.destinations == ("desk", "machine")


def test_what_an_amendment_amends_does_not_count_as_sold_before_it(desk: Desk) -> None:
    desk.file(1, planned(8_500, 1_500), at(on(2)))
    (correction,) = desk.file(2, amending(planned(5_800, 4_200), on(2)), at(on(10))).alerts
    assert "Sold so far  5,800 for $145,000.00; the first sale seen under this plan" in correction.message.text


def test_a_sale_that_another_filing_reports_too_does_not_count_as_sold_before_it(desk: Desk) -> None:
    desk.file(1, planned(8_500, 1_500, (JANE, ALEX)), at(on(2)))
    book = desk.file(2, planned(8_500, 1_500), at(on(2), 19)).facts.plan_book
    assert book is not None
    assert values(book.sold, book.filings) == (8_500, 1)


def test_a_block_that_two_filings_report_and_amend_alike_counts_once_in_whatever_order_they_come(tmp_path: Path) -> None:
    filings = {
        1: (planned(8_500, 1_500, (JANE, ALEX)), at(on(2))),
        2: (planned(8_500, 1_500), at(on(2), 19)),
        3: (amending(planned(5_800, 4_200, (JANE, ALEX)), on(2)), at(on(10))),
        4: (amending(planned(5_800, 4_200), on(2)), at(on(10), 19)),
    }
    for order in (one for one in permutations(filings) if one.index(1) < one.index(3) and one.index(2) < one.index(4)):
        desk = Desk(tmp_path / "".join(map(str, order)))
        for number in order:
            desk.file(number, *filings[number])
        assert desk.events() == [(accession_of(1), "sale", "5800")], order
        book = desk.file(5, planned(200, 4_000, day=20), at(on(23))).facts.plan_book
        assert book is not None
        assert values(book.sold, book.filings) == (6_000, 2)
        desk.store.close()


def test_of_a_block_that_two_filings_report_the_one_amended_to_another_sale_counts_too(desk: Desk) -> None:
    desk.file(1, planned(8_500, 1_500, (JANE, ALEX)), at(on(2)))
    desk.file(2, planned(8_500, 1_500), at(on(2), 19))
    desk.file(3, amending(planned(300, 1_500), on(2)), at(on(10)))
    assert desk.events() == [(accession_of(1), "sale", "8500"), (accession_of(2), "sale", "300")]
