"""Short forms of the experiments in virtual time, and what their world promises.

The long forms are `python -m tests.experiments.NAME` with outage, misbehaviour, clocks, faketime and soak.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.experiments import faketime
from tests.experiments import misbehaviour
from tests.experiments import outage
from tests.experiments.clocks import KINDS
from tests.experiments.clocks import Kind
from tests.experiments.clocks import in_real_time
from tests.experiments.clocks import in_virtual_time
from tests.experiments.soak import Sample
from tests.experiments.soak import growth
from tests.experiments.soak import soak
from tests.experiments.timeline import VirtualJobs
from tests.experiments.timeline import VirtualTime
from tests.world import HOUR
from tests.world import NOON
from tests.world import SECOND
from tests.world import World
from tests.world import a_sale
from tests.world import accession

NEVER = 1e9


@pytest.mark.parametrize("seed", [1, 2, 3], ids=outage.WAYS[1:] + outage.WAYS[:1])
def test_a_dead_destination_delays_nobody_and_gets_all_it_missed_in_order(seed: int) -> None:
    trial = outage.one_trial(seed, hours=2.0, alerts=30)
    assert trial.good, trial


@pytest.mark.parametrize("seed", range(1, 4))
def test_every_filing_is_told_once_though_edgar_misbehaves(seed: int) -> None:
    result = misbehaviour.one_month(seed, days=5)
    assert result.faults > 20
    assert result.good, result


def test_the_scheduler_goes_on_when_its_clock_is_set_back_or_slept_through() -> None:
    results, _ = in_real_time([kind for kind in KINDS if kind.name in {"-1h", "suspend"}], 1)
    assert [result.kind for result in results if not result.good] == []


@pytest.mark.parametrize("kind", KINDS[:4:3], ids=[kind.name for kind in KINDS[:4:3]])
def test_a_clock_that_was_wrong_for_a_while_leaves_nothing_behind_that_loses_a_filing(kind: Kind) -> None:
    result = in_virtual_time(kind, 4, days=5)
    assert result.good, result


@pytest.mark.skipif(not faketime.LIBRARY.exists(), reason="there is no libfaketime here")
def test_the_daemons_process_polls_and_tells_when_its_clock_jumps() -> None:
    results = faketime.as_a_process(faketime.LIBRARY)
    assert [result for result in results if not result.good] == []


def test_a_filing_found_by_a_clock_that_was_ahead_does_not_wait_for_that_hour(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.file(a_sale(1), ago=HOUR)
        world.watch()
        world.baseline()
        world.poll()
        world.file(a_sale(2, (7, "25.56")))
        world.clock.tick(HOUR - SECOND)
        world.poll()
        world.clock.tick(SECOND - HOUR)
        assert [one.accession_number for one in world.ingest()] == [accession(2)]
        world.clock.tick(timedelta(seconds=-1800))
        assert world.store.next_owed("desk", world.clock()) is not None


def test_a_soak_loses_nothing_and_leaves_no_thread_or_file_behind() -> None:
    result = soak(hours=0.5, times=3, watched=30)
    assert result.faults > 5
    assert (result.lost, result.duplicated) == (0, 0), result
    assert max(result.growth["threads"], result.growth["files"]) < 1.0, result


# --- the world ------------------------------------------------------------------------------------------------------------


def test_growth_is_the_slope_after_the_warm_up() -> None:
    flat = [Sample(hour, memory=300.0 if hour < 5 else 100.0, threads=9, files=9, log=0.0) for hour in range(20)]
    rising = [Sample(hour, memory=100.0 + 2 * hour, threads=9, files=9, log=0.0) for hour in range(20)]
    assert growth(flat) == {"memory": 0.0, "threads": 0.0, "files": 0.0, "log": 0.0}
    assert 1.6 < growth(rising)["memory"] < 1.7


class Steps:
    """Notes when each of its jobs began and ended."""

    def __init__(self) -> None:
        self.time = VirtualTime(NOON)
        self.jobs = VirtualJobs(self.time)
        self.said: list[tuple[str, float]] = []

    def add(self, name: str, *, takes: float, interval: float) -> None:
        def step() -> None:
            self.said.append((name, self.time.elapsed))
            self.time.sleep(takes)

        self.jobs.add(name, step, lambda: interval)

    def go(self, until: float) -> list[tuple[str, float]]:
        self.jobs.go(until, lambda: False)
        self.jobs.stop()
        return self.said


def test_a_job_that_waits_does_not_keep_another_from_its_turn() -> None:
    steps = Steps()
    steps.add("slow", takes=30.0, interval=NEVER)
    steps.add("quick", takes=1.0, interval=9.0)
    assert steps.go(25.0) == [("slow", 0.0), ("quick", 0.0), ("quick", 10.0), ("quick", 20.0)]


def test_a_virtual_job_woken_while_it_runs_runs_once_more() -> None:
    steps = Steps()
    steps.add("one", takes=5.0, interval=NEVER)
    steps.jobs.add("waker", lambda: steps.jobs.wake("one"), lambda: NEVER)
    assert steps.go(100.0) == [("one", 0.0), ("one", 5.0)]


def test_a_virtual_job_woken_at_rest_runs_at_once() -> None:
    steps = Steps()
    steps.add("one", takes=1.0, interval=NEVER)
    steps.jobs.add("waker", lambda: steps.jobs.wake("one"), lambda: 10.0)
    assert steps.go(15.0) == [("one", 0.0), ("one", 1.0), ("one", 10.0)]


def test_what_is_under_way_when_a_daemon_dies_is_unwound_where_it_waits() -> None:
    steps = Steps()
    ended = []

    def step() -> None:
        steps.time.sleep(10.0)
        ended.append("came to its end")

    steps.jobs.add("one", step, lambda: NEVER)
    steps.go(5.0)
    assert ended == []
