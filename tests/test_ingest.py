"""One filing, one commit: read whole or set aside with an alert, never half, never silently."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.world import ALEX
from tests.world import DAY
from tests.world import EXAMPLE
from tests.world import FUND
from tests.world import HOUR
from tests.world import JANE
from tests.world import MINUTE
from tests.world import OTHER
from tests.world import SECOND
from tests.world import TERMINAL
from tests.world import World
from tests.world import a_sale
from tests.world import accession
from tests.world import webhook
from watcher.core.errors import StoreError
from watcher.core.model import ReportingOwner
from watcher.demo.filings import Filing
from watcher.demo.filings import submission_text
from watcher.demo.stories import Occasion
from watcher.demo.stories import gift
from watcher.ingest import GIVE_UP
from watcher.ingest import GIVE_UP_AFTER
from watcher.ingest import ingest
from watcher.pace import BLOCK

DESTINATIONS = {"desk": TERMINAL, "machine": webhook("http://127.0.0.1:9/hook")}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, destinations=DESTINATIONS) as world:
        world.watch()
        world.store.set_baseline(world.store.watches()[0].key, "done")
        world.clock.tick(MINUTE)
        yield world


def arrive(world: World, filing: Filing, *, document_delay: float = 0) -> str:
    """File it and let the poll find it."""
    number = world.file(filing, document_delay=document_delay)
    assert world.poll().new == (number,)
    return number


def alerts(world: World) -> list[dict[str, Any]]:
    return [json.loads(row["payload"]) for row in world.store.rows("SELECT payload FROM alert ORDER BY rowid")]


def owed(world: World) -> list[tuple[str, str]]:
    """(watch, destination) of every promise."""
    rows = world.store.rows("SELECT watch_key, destination FROM owed JOIN alert USING (event_id) ORDER BY owed.id")
    return [(row["watch_key"], row["destination"]) for row in rows]


def reason(world: World) -> str:
    return str(world.store.value("SELECT reason FROM filing"))


# --- one alert ----------------------------------------------------------------------------------------------------------------


def test_a_filing_of_many_rows_is_one_alert_with_every_row(world: World) -> None:
    arrive(world, a_sale(1, *[(100, f"25.{cents:02}") for cents in range(30)]))
    (result,) = world.ingest()
    assert (result.state, len(result.alerts)) == ("ingested", 1)
    (alert,) = alerts(world)
    assert [(event["kind"], event["shares"]) for event in alert["events"]] == [("sale", "3000")]
    read = world.store.read_filing(world.alerted()[0])
    assert read is not None
    assert len(read.document.non_derivative_table) == 30


def test_a_filing_of_ten_owners_is_one_alert_that_names_them_all(world: World) -> None:
    owners = [ReportingOwner(f"{9_980_100 + number:010}", f"Owner {number}", is_ten_percent_owner=True) for number in range(10)]
    arrive(world, a_sale(1, owners=owners))
    world.ingest()
    (alert,) = alerts(world)
    assert [owner["name"] for owner in alert["reporting_owners"]] == [owner.name for owner in owners]


def test_every_destination_is_owed_one_message(world: World) -> None:
    arrive(world, a_sale(1))
    world.ingest()
    assert owed(world) == [(f"issuer:{EXAMPLE.cik}", "desk"), (f"issuer:{EXAMPLE.cik}", "machine")]


def test_a_filing_read_once_is_not_pending_and_its_bytes_are_kept(world: World) -> None:
    number = arrive(world, a_sale(1))
    world.ingest()
    assert world.state_of(number) == "ingested"
    assert world.store.pending("live", world.clock() + DAY) == []
    assert world.store.original(number) == submission_text(a_sale(1), world.clock())
    assert world.poll().new == ()


def test_two_watches_of_one_person_tell_people_once_and_machines_once_each(world: World) -> None:
    world.watch('ticker = "EXMP"', f'owner_cik = "{JANE.cik}"')
    arrive(world, a_sale(1))
    (result,) = world.ingest()
    assert len(set(result.alerts)) == 2
    people = [destination for _, destination in owed(world) if destination == "desk"]
    machines = {watch for watch, destination in owed(world) if destination == "machine"}
    assert len(people) == 1
    assert machines == {f"issuer:{EXAMPLE.cik}", f"owner:{JANE.cik}"}


def test_a_filing_that_no_rule_wants_is_kept_and_says_why_it_is_silent(world: World) -> None:
    arrive(world, gift(Occasion(accession(1), EXAMPLE, (JANE,), world.clock().date(), 5_000), 100))
    (result,) = world.ingest()
    assert (result.state, result.alerts, owed(world)) == ("ingested", (), [])
    assert world.store.value("SELECT silent_because FROM filing") == "no rule matched"
    assert world.store.value("SELECT count(*) FROM verdict WHERE NOT matched") == 1


def test_a_filing_whose_issuer_is_watched_only_as_an_owner_elsewhere_is_silent(world: World) -> None:
    """A CIK's list of submissions does not say in which role it stands there."""
    as_owner = ReportingOwner(EXAMPLE.cik, "Example Corp", is_ten_percent_owner=True)
    world.file(a_sale(1, issuer=OTHER, owners=(as_owner,)))
    world.store.set_fact("gap since", world.clock() - HOUR)
    assert world.close_gap() == [accession(1)]
    world.ingest()
    assert owed(world) == []
    assert "of another issuer" in world.store.value("SELECT silent_because FROM filing")


def test_a_filing_whose_watch_was_taken_out_before_it_was_read_says_so(world: World) -> None:
    world.watch('ticker = "EXMP"', 'ticker = "OTHR"')
    world.file(a_sale(1, issuer=OTHER))
    world.poll()
    world.watch('ticker = "EXMP"')
    world.ingest()
    assert world.store.value("SELECT silent_because FROM filing") == "whom it names nobody watches any more"


def test_a_filing_accepted_before_the_watch_began_is_silent_and_one_in_its_second_is_not(world: World) -> None:
    world.watch('ticker = "EXMP"', 'ticker = "OTHR"')
    world.file(a_sale(1, issuer=OTHER), ago=SECOND)
    world.file(a_sale(2, issuer=OTHER, owners=(ALEX,)))
    world.poll()
    world.ingest()
    assert world.alerted() == [accession(2)]


# --- late, broken, unreadable ---------------------------------------------------------------------------------------------------


def test_a_document_that_comes_late_is_waited_for(world: World) -> None:
    number = arrive(world, a_sale(1), document_delay=100)
    states = []
    for _ in range(90):
        states += [result.state for result in world.ingest()]
        world.clock.tick(2 * SECOND)
    assert states[-1] == "ingested"
    assert set(states[:-1]) == {"postponed"}
    assert 5 <= len(states) <= 12, "and asked for less and less often"
    assert world.alerted() == [number]


def until_told(world: World) -> timedelta:
    """Try again whenever a try is due, until the one filing is set aside; how long that took."""
    begun = world.clock()
    while world.state_of(accession(1)) == "pending":
        world.ingest()
        world.clock.now = max(world.clock(), datetime.fromisoformat(world.store.value("SELECT next_at FROM filing")))
    return world.clock() - begun


def test_a_document_that_never_comes_is_told_after_a_day_with_its_link(world: World) -> None:
    arrive(world, a_sale(1), document_delay=10 * 86400)
    assert GIVE_UP - HOUR < until_told(world) <= GIVE_UP
    (alert,) = alerts(world)
    assert alert["url"].endswith(f"{accession(1)}-index.htm")


@pytest.mark.parametrize("fault", ["503", "down", "truncated_length"])
def test_an_outage_of_days_does_not_count_towards_giving_up(world: World, fault: str) -> None:
    number = arrive(world, a_sale(1), document_delay=4 * 86400)
    assert [result.state for result in world.ingest()] == ["postponed"], "it is not there yet"
    world.edgar.fault(fault)
    for _ in range(80):
        world.clock.tick(HOUR)
        assert {result.state for result in world.ingest()} == {"postponed"}
    world.edgar.clear_faults()
    for _ in range(20):
        world.clock.tick(HOUR)
        world.ingest()
    assert world.alerted() == [number]


def test_the_first_answer_after_an_outage_does_not_wait_long_for_the_next(world: World) -> None:
    arrive(world, a_sale(1), document_delay=8 * 300 + 1)
    world.edgar.fault("503", times=8)
    for _ in range(8):
        world.ingest()
        world.clock.tick(5 * MINUTE)
    assert [result.state for result in world.ingest()] == ["postponed"]
    assert reason(world).endswith("no such object (yet)")
    world.clock.tick(2 * SECOND)
    assert [result.state for result in world.ingest()] == ["ingested"]


def test_a_document_cut_short_is_asked_for_again(world: World) -> None:
    number = arrive(world, a_sale(1))
    world.edgar.fault("truncated", times=2, path_contains=number)
    states = []
    for _ in range(3):
        states += [result.state for result in world.ingest()]
        world.clock.tick(MINUTE)
    assert states == ["postponed", "postponed", "ingested"]
    assert world.alerted() == [number]


def test_a_document_that_came_late_and_then_cut_short_is_asked_for_again(world: World) -> None:
    number = arrive(world, a_sale(1), document_delay=600)
    for _ in range(8):
        world.ingest()
        world.clock.tick(MINUTE)
    world.clock.tick(10 * MINUTE)
    world.edgar.fault("truncated", times=1, path_contains=number)
    assert [result.state for result in world.ingest()] == ["postponed"]
    assert reason(world).startswith("cut short")
    world.clock.tick(MINUTE)
    assert [result.state for result in world.ingest()] == ["ingested"]


def test_a_document_that_stays_cut_short_for_hours_is_owed_and_then_read(world: World) -> None:
    number = arrive(world, a_sale(1))
    world.edgar.fault("truncated", path_contains=number)
    for _ in range(20):
        assert [result.state for result in world.ingest()] == ["postponed"]
        world.clock.tick(HOUR)
    world.edgar.clear_faults()
    assert [result.state for result in world.ingest()] == ["ingested"]
    assert world.alerted() == [number]


def test_a_document_that_stays_cut_short_is_told_after_a_day_of_tries(world: World) -> None:
    number = arrive(world, a_sale(1))
    world.edgar.fault("truncated", path_contains=number)
    assert GIVE_UP - HOUR < until_told(world) <= GIVE_UP
    assert world.store.value("SELECT tries FROM filing") == GIVE_UP_AFTER
    (alert,) = alerts(world)
    assert "cut short" in alert["text"]


@pytest.mark.parametrize("kind", ["down", "503", "html", "redirect", "truncated_length", "empty"])
def test_an_outage_postpones_and_loses_nothing(world: World, kind: str) -> None:
    number = arrive(world, a_sale(1))
    world.edgar.fault(kind, times=3)
    for _ in range(3):
        assert [result.state for result in world.ingest()] == ["postponed"]
        world.clock.tick(MINUTE)
    assert reason(world)
    assert [result.state for result in world.ingest()] == ["ingested"]
    assert world.alerted() == [number]


def test_a_block_postpones_until_it_is_over(world: World) -> None:
    number = arrive(world, a_sale(1))
    world.edgar.fault("blocked", times=1)
    asked = len(world.edgar.requests)
    for _ in range(10):
        world.ingest()
        world.clock.tick(BLOCK / 10 - SECOND)
    assert len(world.edgar.requests) == asked + 1
    world.clock.tick(MINUTE)
    world.ingest()
    assert world.alerted() == [number]


def test_a_retry_after_is_obeyed(world: World) -> None:
    arrive(world, a_sale(1))
    world.edgar.fault("429", times=1, retry_after="300")
    world.ingest()
    asked = len(world.edgar.requests)
    world.clock.tick(299 * SECOND)
    assert world.ingest() == []
    assert len(world.edgar.requests) == asked
    world.clock.tick(SECOND)
    assert [result.state for result in world.ingest()] == ["ingested"]


UNREADABLE = {
    "not XML": b"<?xml version='1.0'?><ownershipDocument><unclosed></ownershipDocument>",
    "an entity bomb": b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'bb'>]><ownershipDocument>&b;</ownershipDocument>",
    "a shopping list": b"milk, eggs",
}


@pytest.mark.parametrize("document", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_an_unreadable_filing_is_set_aside_and_told_with_its_link(world: World, document: bytes) -> None:
    number = arrive(world, replace(a_sale(1), document=document))
    (result,) = world.ingest()
    assert (result.state, world.state_of(number)) == ("quarantined", "quarantined")
    (alert,) = alerts(world)
    assert alert["accession_number"] == number
    assert alert["url"] == "https://www.sec.gov/Archives/edgar/data/9990001/000000000026000001/0000000000-26-000001-index.htm"
    assert [destination for _, destination in owed(world)] == ["desk", "machine"]
    assert document in (world.store.original(number) or b"")
    assert world.store.pending("live", world.clock() + DAY) == []


@pytest.mark.parametrize("document", [None, b"milk, eggs"], ids=["readable", "unreadable"])
def test_a_filing_that_meets_watches_of_another_configuration_waits_for_it(world: World, document: bytes | None) -> None:
    number = arrive(world, a_sale(1) if document is None else replace(a_sale(1), document=document))
    (watch,) = world.store.watches()
    world.store.set_watches([replace(watch, rules=("renamed",))], world.clock())
    (result,) = world.ingest()
    assert (result.state, world.state_of(number), alerts(world)) == ("postponed", "pending", [])
    world.store.set_watches([watch], world.clock())
    world.clock.tick(2 * SECOND)
    world.ingest()
    assert len(alerts(world)) == 1


def test_a_filing_beyond_every_bound_is_set_aside_and_told(world: World) -> None:
    number = arrive(world, a_sale(1))
    world.edgar.fault("bomb", path_contains=number)
    (result,) = world.ingest()
    assert (result.state, len(result.alerts)) == ("quarantined", 1)
    assert "larger than" in reason(world)


# --- mistakes of our own --------------------------------------------------------------------------------------------------------


class Reluctant:
    """A store that fails at one of the writes of a commit, as often as it is told."""

    def __init__(self, store: object, verb: str, error: Exception, times: int = 1) -> None:
        self._store, self._verb, self._error, self._times = store, verb, error, times

    def __getattr__(self, name: str) -> Any:
        if name == self._verb and self._times:
            self._times -= 1
            raise self._error
        return getattr(self._store, name)


WRITES = ["keep_original", "keep_filing", "keep_positions", "keep_events", "keep_verdicts", "keep_alert", "placed", "watches"]


@pytest.mark.parametrize("verb", WRITES)
def test_a_store_that_fails_inside_the_commit_leaves_the_filing_pending(world: World, verb: str) -> None:
    number = arrive(world, a_sale(1))
    (pending,) = world.store.pending("live", world.clock())
    store: Any = Reluctant(world.store, verb, StoreError("the disk is full"))
    with pytest.raises(StoreError, match="full"):
        ingest(world.door, store, world.config, pending, now=world.clock())
    assert world.state_of(number) == "pending"
    for table in ("original", "reading", "holding", "verdict", "alert", "owed"):
        assert world.store.value(f"SELECT count(*) FROM {table}") == 0, table  # noqa: S608 -- our own tables
    world.ingest()
    assert world.alerted() == [number]


@pytest.mark.parametrize("error", [ZeroDivisionError("oh"), sqlite3.IntegrityError("oh"), RecursionError("oh")], ids=repr)
def test_a_mistake_of_ours_on_one_filing_sets_it_aside_alerted_and_is_raised(world: World, error: Exception) -> None:
    number = arrive(world, a_sale(1))
    (pending,) = world.store.pending("live", world.clock())
    store: Any = Reluctant(world.store, "keep_positions", error)
    with pytest.raises(type(error)):
        ingest(world.door, store, world.config, pending, now=world.clock())
    assert world.state_of(number) == "quarantined"
    assert world.store.value("SELECT count(*) FROM holding") == 0
    (alert,) = alerts(world)
    assert alert["url"].endswith(f"{number}-index.htm")
    assert type(error).__name__ in alert["text"]
    assert world.ingest() == [], "it is not met again at the next start"


def test_a_filing_that_both_queues_took_up_is_committed_once(world: World) -> None:
    number = arrive(world, a_sale(1))
    (pending,) = world.store.pending("live", world.clock())
    for _ in range(2):
        assert ingest(world.door, world.store, world.config, pending, now=world.clock()).state == "ingested"
    (change,) = world.store.rows("SELECT before, shares, unexplained FROM position")
    assert tuple(change) == (None, "9000", None)
    assert world.alerted() == [number]


# --- holdings -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))), ids=str)
def test_the_newest_filing_decides_the_holding_whatever_the_order_of_arrival(world: World, order: tuple[int, ...]) -> None:
    day = world.clock().date()
    filings = {number: a_sale(number, opening=11_000 - 1_000 * number, on=day - (4 - number) * DAY) for number in order}
    for number in order:
        world.file(filings[number], ago=(4 - number) * DAY)
        world.poll()
        world.ingest()
    held = world.store.rows("SELECT shares, accession_number FROM holding")
    assert [tuple(row) for row in held] == [("7000", accession(3))]


def test_owners_who_file_together_hold_together_and_apart_from_each_alone(world: World) -> None:
    arrive(world, a_sale(1, owners=(JANE,), opening=10_000))
    arrive(world, a_sale(2, owners=(FUND, JANE), opening=50_000))
    arrive(world, a_sale(3, owners=(JANE, FUND), opening=49_000))
    world.ingest()
    held = {row["owners"]: Decimal(row["shares"]) for row in world.store.rows("SELECT owners, shares FROM holding")}
    assert held == {JANE.cik: 9_000, f"{JANE.cik}+{FUND.cik}": 48_000}


def forget_the_time(world: World, number: str) -> None:
    """Serve the filing without the acceptance time in its header."""
    accepted = world.edgar._filings[number]
    lines = [line for line in accepted.text.split(b"\n") if b"ACCEPTANCE-DATETIME" not in line]
    world.edgar._filings[number] = replace(accepted, text=b"\n".join(lines))


def test_a_filing_whose_header_states_no_time_goes_by_the_feed(world: World) -> None:
    forget_the_time(world, arrive(world, a_sale(1)))
    world.ingest()
    assert datetime.fromisoformat(alerts(world)[0]["filed_at"]) == world.clock()


def test_a_filing_of_the_past_without_any_time_goes_by_its_day(world: World) -> None:
    world.store.set_baseline(world.store.watches()[0].key, "owed")
    for number, ago in ((1, 10 * DAY), (2, timedelta(0))):
        world.file(a_sale(number), ago=ago, listed=False)
        forget_the_time(world, accession(number))
    assert [result.state for result in world.baseline()] == ["ingested", "ingested"]
    assert world.alerted() == [accession(2)]
