"""EDGAR's index of a day against the store: what the feed never showed is found, read, told and proven."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import closing
from datetime import date
from datetime import datetime
from datetime import time
from datetime import timedelta
from pathlib import Path
from typing import Self

import pytest

from tests.world import DAY
from tests.world import EXAMPLE
from tests.world import HOUR
from tests.world import JANE
from tests.world import MINUTE
from tests.world import NOON
from tests.world import OTHER
from tests.world import TERMINAL
from tests.world import DaemonProcess
from tests.world import World
from tests.world import a_sale
from tests.world import accession
from tests.world import real_now
from tests.world import run_watcher
from tests.world import until
from tests.world import write_config
from watcher.core.completeness import Completeness
from watcher.core.completeness import latest_day
from watcher.core.completeness import words
from watcher.core.errors import FeedUnreadable
from watcher.core.errors import NotYet
from watcher.core.errors import Unreachable
from watcher.core.model import Issuer
from watcher.core.model import ReportingOwner
from watcher.core.submission import EASTERN
from watcher.demo.edgar import BundledEdgar
from watcher.demo.filings import Filing
from watcher.reconcile import compare
from watcher.reconcile import reconcile
from watcher.reconcile import reconcile_due
from watcher.store import Lock
from watcher.store import Store
from watcher.store import StoredWatch

TUESDAY = NOON.date()  # 2026-09-01, the day on which every world begins
THIRD = Issuer("0009990003", "Third Example Inc", "THRD")  # watched by nobody


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, watches=('ticker = "EXMP"', 'ticker = "OTHR"')) as world:
        world.watch()
        yield world


def night(world: World, day: date = TUESDAY, hour: int = 23) -> None:
    """Set the clock to the evening of a day, when its index is there."""
    world.clock.now = datetime.combine(day, time(hour), EASTERN)


def busy(world: World, *days: int) -> None:
    """Let others file on these days of September, so that there are indexes."""
    for day in days:
        filing = a_sale(800 + day, issuer=THIRD)
        world.edgar.file(filing, accepted_at=datetime.combine(date(2026, 9, day), time(9), EASTERN), listed=False)


def look(world: World, day: date = TUESDAY) -> Completeness:
    return compare(world.store, day, reconcile(world.door, world.store, day, now=world.clock()))


def due(world: World) -> list[Completeness]:
    return list(reconcile_due(world.door, world.store, now=world.clock()))


# --- one day ----------------------------------------------------------------------------------------------------------


def test_a_day_of_which_everything_was_seen_is_proven(world: World) -> None:
    world.file(a_sale(1))
    world.poll()
    world.ingest()
    night(world)
    assert words(look(world)) == (
        "EDGAR listed 1 ownership filing for your 2 watches on 2026-09-01; 1 stored; 1 alerted; 0 silent"
    )


def test_a_filing_that_the_feed_never_showed_is_missing_until_it_is_read_and_then_told(world: World) -> None:
    world.file(a_sale(1))
    world.file(a_sale(2, issuer=OTHER), listed=False)
    world.poll()
    world.ingest()
    night(world)
    assert look(world).missing == {accession(2): "not read yet"}
    world.ingest()
    proof = look(world)
    assert (proof.listed, proof.stored, proof.found, proof.alerted, proof.missing) == (2, 2, 1, 2, {})
    assert world.alerted() == [accession(1), accession(2)]


def test_a_filing_of_nobody_watched_is_not_listed(world: World) -> None:
    busy(world, 1)
    night(world)
    assert look(world).listed == 0


def test_a_filing_that_names_a_watched_issuer_as_owner_is_of_another_issuer_and_not_missing(world: World) -> None:
    as_owner = ReportingOwner(EXAMPLE.cik, "Example Corp", is_ten_percent_owner=True)
    world.file(a_sale(1, issuer=THIRD, owners=(as_owner,)))
    night(world)
    look(world)
    world.ingest()
    proof = look(world)
    assert (proof.stored, proof.silent, proof.missing) == (
        1,
        {"of another issuer: a watched CIK is named in another role": 1},
        {},
    )


def test_a_filing_that_edgar_does_not_serve_stays_missing_with_the_reason(world: World) -> None:
    world.file(a_sale(1), document_delay=math.inf)
    night(world)
    look(world)
    world.ingest()
    assert "no such object" in look(world).missing[accession(1)]


def test_a_filing_that_edgar_serves_only_after_it_was_given_up_is_read_on_saturday_and_told(world: World) -> None:
    number = world.file(a_sale(1), document_delay=math.inf)
    world.poll()
    while world.state_of(number) == "pending":
        world.clock.tick(5 * MINUTE)
        world.ingest()
    assert [proof.missing for proof in due(world)] == [{}], "its link was told, and it is not tried each hour for ever"
    assert world.state_of(number) == "quarantined"
    night(world, date(2026, 9, 5), hour=6)
    due(world)
    world.ingest()
    assert (world.state_of(number), world.alerted()) == ("quarantined", [number]), "one more try, of which nobody is told"
    world.edgar.publish(number)
    look(world)
    world.ingest()
    assert (world.state_of(number), world.alerted()) == ("ingested", [number, number])
    kinds = [json.loads(row["payload"])["kind"] for row in world.store.rows("SELECT payload FROM alert ORDER BY rowid")]
    assert kinds == ["quarantined", "alert"]


@pytest.mark.parametrize(
    ("state", "alerted", "silent"),
    [
        ("delivered", 1, {}),
        ("retry", 1, {}),
        ("dead", 0, {"not delivered (see `watcher outbox list`)": 1}),
        ("silenced", 0, {"held back by a silence": 1}),
    ],
)
def test_an_alert_counts_as_such_where_somebody_was_told_or_still_will_be(
    world: World, state: str, alerted: int, silent: dict[str, int]
) -> None:
    world.file(a_sale(1))
    world.poll()
    world.ingest()
    world.store.execute("UPDATE owed SET state = ?", (state,))
    night(world)
    proof = look(world)
    assert (proof.stored, proof.alerted, proof.silent) == (1, alerted, silent)


def test_the_lines_of_one_filing_count_once(world: World) -> None:
    world.watch('ticker = "EXMP"', f'owner_cik = "{JANE.cik}"')
    world.file(a_sale(1))
    night(world)
    assert look(world).listed == 1


def test_before_ten_in_the_evening_there_is_no_index(world: World) -> None:
    busy(world, 1)
    with pytest.raises(NotYet):
        look(world)


# --- each night -------------------------------------------------------------------------------------------------------


def test_nothing_is_asked_before_the_morning_after(world: World) -> None:
    night(world)
    asked = len(world.edgar.requests)
    assert due(world) == []
    assert len(world.edgar.requests) == asked


def test_a_day_is_asked_for_each_hour_until_nothing_of_it_is_missing(world: World) -> None:
    world.file(a_sale(1), listed=False)
    night(world, TUESDAY + DAY, hour=6)
    assert [len(proof.missing) for proof in due(world)] == [1]
    assert world.store.proven() == {}
    world.ingest()
    world.clock.tick(HOUR)
    assert [len(proof.missing) for proof in due(world)] == [0]
    assert world.store.proven() == {TUESDAY: world.clock()}
    world.clock.tick(HOUR)
    assert due(world) == []
    assert world.alerted() == [accession(1)]


def test_the_proof_is_kept_with_its_numbers(world: World) -> None:
    world.file(a_sale(1))
    world.poll()
    world.ingest()
    night(world, TUESDAY + DAY, hour=6)
    due(world)
    (row,) = world.store.rows("SELECT day, watches, indexed, listed, found, alerted, silent, missing FROM proof")
    assert tuple(row) == ("2026-09-01", 2, 1, 1, 0, 1, "{}", "{}")


def test_what_the_rebuilt_index_of_saturday_adds_is_found(world: World) -> None:
    busy(world, 1)
    night(world, TUESDAY + DAY, hour=6)
    assert [proof.listed for proof in due(world)] == [0]
    world.edgar.file(a_sale(1), accepted_at=NOON + HOUR, listed=False)  # a correction: it was not in the index before
    night(world, date(2026, 9, 5), hour=6)
    assert next((proof.day, len(proof.missing)) for proof in due(world)) == (TUESDAY, 1)


def test_a_day_without_an_index_does_not_keep_the_others_and_is_given_up_a_week_after_saturday(world: World) -> None:
    busy(world, 2, 3, 4)
    night(world, date(2026, 9, 4), hour=6)
    assert [proof.day.day for proof in due(world)] == [2, 3]
    night(world, date(2026, 9, 5), hour=6)
    assert [(proof.day.day, proof.indexed) for proof in due(world)] == [(2, True), (3, True), (4, True)]
    night(world, date(2026, 9, 12), hour=6)
    assert (1, False) in [(proof.day.day, proof.indexed) for proof in due(world)]
    assert not [proof for proof in due(world) if proof.day.day == 1]


def test_an_index_that_cannot_be_read_does_not_keep_the_others_and_is_said(world: World) -> None:
    busy(world, 1, 2)
    night(world, TUESDAY + 2 * DAY, hour=6)
    world.edgar.fault("truncated", times=1, path_contains="20260901")
    proofs = reconcile_due(world.door, world.store, now=world.clock())
    assert next(proofs).day == TUESDAY + DAY
    with pytest.raises(FeedUnreadable):
        next(proofs)
    assert TUESDAY not in world.store.proven()


def test_an_outage_leaves_every_day_due(world: World) -> None:
    busy(world, 1)
    night(world, TUESDAY + DAY, hour=6)
    world.edgar.fault("503", times=1)
    with pytest.raises(Unreachable):
        due(world)
    assert [proof.day for proof in due(world)] == [TUESDAY]


def test_without_a_watch_nothing_is_asked(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        assert due(world) == []
        assert world.edgar.requests == ()


# --- the command ------------------------------------------------------------------------------------------------------

LAST = latest_day(real_now() - DAY)  # its index is there, whatever the time of the test
BEFORE = datetime.combine(LAST - 7 * DAY, time(12), EASTERN)
AT_NOON = datetime.combine(LAST, time(12), EASTERN)


class Scene:
    """EDGAR under the real clock, and a store that has watched EXMP for a week."""

    def __init__(self, folder: Path) -> None:
        self.edgar = BundledEdgar(real_now)
        self.config = write_config(folder, self.edgar.url, {"desk": TERMINAL}, (f'cik = "{EXAMPLE.cik}"',))
        self.database = folder / "watcher.db"
        self._open = ExitStack()
        watch = StoredWatch(
            f"issuer:{EXAMPLE.cik}", "issuer", EXAMPLE.cik or "", None, "Example Corp", ("default",), BEFORE, "owed"
        )
        with closing(Store(self.database)) as store:
            store.set_watches([watch], BEFORE)
            store.set_baseline(watch.key, "done")

    def __enter__(self) -> Self:
        self._open.enter_context(self.edgar)
        self.edgar.file(a_sale(900, issuer=OTHER), accepted_at=real_now())  # the list of Form 4s is never empty
        self.file(a_sale(901, issuer=OTHER))  # nor is the index of the last day
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def file(self, filing: Filing, *, document_delay: float = 0) -> None:
        """Accept a filing on the last day, which the feed does not show."""
        self.edgar.file(filing, accepted_at=AT_NOON, listed=False, document_delay=document_delay)

    def value(self, sql: str) -> object:
        with closing(Store(self.database, create=False)) as store:
            return store.value(sql)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with Scene(tmp_path) as scene:
        yield scene


def test_the_command_fetches_what_is_missing_and_keeps_the_proof(scene: Scene) -> None:
    scene.file(a_sale(1, on=LAST))
    done = run_watcher(scene.config, "reconcile", "--date", LAST.isoformat())
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        f"EDGAR listed 1 ownership filing for your 1 watch on {LAST}; 1 stored; 1 alerted; 0 silent; 1 found only by this index\n"
    )
    assert scene.value("SELECT listed FROM proof WHERE missing = '{}'") == 1


def test_what_cannot_be_fetched_is_missing_and_exit_1(scene: Scene) -> None:
    scene.file(a_sale(1, on=LAST))
    scene.file(a_sale(2, on=LAST), document_delay=math.inf)
    done = run_watcher(scene.config, "reconcile", "--date", LAST.isoformat(), "--json")
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert (said["date"], said["complete"], said["listed"], said["stored"]) == (LAST.isoformat(), False, 2, 1)
    assert list(said["missing"]) == [accession(2)]
    assert f"1 missing: {accession(2)}" in done.stderr


def test_a_try_that_was_set_for_later_is_made_at_once(scene: Scene) -> None:
    scene.file(a_sale(1, on=LAST), document_delay=math.inf)
    assert run_watcher(scene.config, "reconcile", "--date", LAST.isoformat()).returncode == 1
    with closing(Store(scene.database, create=False)) as store:
        store.postpone(accession(1), next_at=real_now() + timedelta(minutes=5), reason="later")
    scene.edgar.publish(accession(1))
    assert run_watcher(scene.config, "reconcile", "--date", LAST.isoformat()).returncode == 0


def test_a_running_daemon_is_left_to_read_what_was_missing(scene: Scene) -> None:
    with DaemonProcess(scene.config) as daemon:
        daemon.says("watching 1")
        until(lambda: scene.value("SELECT count(*) FROM proof"))
        scene.file(a_sale(1, on=LAST))
        done = run_watcher(scene.config, "reconcile", "--date", LAST.isoformat())
        assert (done.returncode, "1 stored; 1 alerted" in done.stdout) == (0, True), done.stdout + done.stderr
        daemon.says(f"{accession(1)} ingested")


def test_the_daemon_finds_what_the_feed_missed_by_itself(scene: Scene) -> None:
    scene.file(a_sale(1, on=LAST))
    with DaemonProcess(scene.config) as daemon:
        daemon.says(f"1 missing: {accession(1)}")
        daemon.says(f"{accession(1)} ingested, 1 alert")
        assert daemon.stop() == 0


def test_whoever_holds_the_store_is_not_waited_for_where_nothing_is_missing(scene: Scene) -> None:
    held = Lock(scene.database)
    try:
        done = run_watcher(scene.config, "reconcile", "--date", LAST.isoformat(), seconds=20)
    finally:
        held.release()
    assert (done.returncode, "listed 0" in done.stdout) == (0, True), done.stderr


def test_a_day_that_is_no_business_day_is_complete_in_words(scene: Scene) -> None:
    sunday = LAST - timedelta(days=LAST.weekday() + 1)
    done = run_watcher(scene.config, "reconcile", "--date", sunday.isoformat())
    assert (done.returncode, "no business day, so nothing is listed" in done.stdout) == (0, True)
    assert scene.value("SELECT count(*) FROM proof") == 0


def test_a_business_day_without_an_index_is_exit_1(scene: Scene) -> None:
    nobody_filed = latest_day(AT_NOON)
    done = run_watcher(scene.config, "reconcile", "--date", nobody_filed.isoformat(), "--json")
    assert (done.returncode, json.loads(done.stdout)["complete"]) == (1, False)
    assert str(nobody_filed) in done.stderr


def test_a_day_yet_to_come_is_the_users_mistake(scene: Scene) -> None:
    done = run_watcher(scene.config, "reconcile", "--date", "2999-01-01")
    assert (done.returncode, "yet to come" in done.stderr) == (2, True)
    assert scene.edgar.requests == ()
