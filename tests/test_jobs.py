"""Jobs run again and again, never twice at a time, and neither a clock nor a hung run silences them unseen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from datetime import UTC
from datetime import datetime

import pytest

from tests.world import DAY
from tests.world import HOUR
from tests.world import SECOND
from tests.world import until
from watcher.jobs import HUNG
from watcher.jobs import LATE
from watcher.jobs import HungError
from watcher.jobs import Jobs
from watcher.jobs import _After

NEVER = 100_000.0


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    jobs = Jobs(threads=4)
    jobs.start()
    yield jobs
    jobs.stop()


class Step:
    """Counts its runs; with a gate it waits there in each of them."""

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.runs = 0
        self.at_once = 0
        self.most_at_once = 0
        self._gate = gate

    def __call__(self) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.runs += 1
        if self._gate is not None:
            self._gate.wait(30)
        self.at_once -= 1


def ran(step: Step, times: int) -> Callable[[], bool]:
    return lambda: step.runs >= times and not step.at_once


def settled(step: Step, runs: int) -> None:
    """It ran so often and does not run again; where it would, it would do so at once."""
    until(ran(step, runs))
    time.sleep(0.2)
    assert step.runs == runs


def test_a_job_runs_at_once_and_then_at_its_interval(jobs: Jobs) -> None:
    step = Step()
    begun = time.monotonic()
    jobs.add("step", step, lambda: 0.1)
    until(ran(step, 4))
    assert time.monotonic() - begun >= 0.3


def test_after_a_pause_a_job_does_not_make_up_for_what_it_missed() -> None:
    then = datetime(2026, 9, 1, tzinfo=UTC)
    after = _After(lambda: 5.0)
    assert after.get_next_fire_time(None, then) == then
    for pause in (SECOND, HOUR, 3650 * DAY, -DAY):
        assert after.get_next_fire_time(then, then + pause) == then + pause + 5 * SECOND


def test_a_run_longer_than_the_interval_is_followed_by_one_run_not_many(jobs: Jobs) -> None:
    gate = threading.Event()
    step = Step(gate)
    asked = 0

    def interval() -> float:
        nonlocal asked
        asked += 1
        return 0.01 if asked < 20 else NEVER

    jobs.add("step", step, interval)
    until(lambda: asked >= 20)
    gate.set()
    settled(step, 1)


def test_a_job_never_runs_twice_at_a_time(jobs: Jobs) -> None:
    step = Step()
    jobs.add("step", step, lambda: 0.001)

    def wake() -> None:
        for _ in range(200):
            jobs.wake("step")

    threads = [threading.Thread(target=wake) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    jobs.remove("step")
    until(lambda: step.at_once == 0)
    assert step.most_at_once == 1


def test_a_job_that_is_woken_runs_now(jobs: Jobs) -> None:
    step = Step()
    jobs.add("step", step, lambda: NEVER)
    settled(step, 1)
    jobs.wake("step")
    settled(step, 2)


def test_a_job_woken_while_it_runs_runs_once_more_however_often_it_is_woken(jobs: Jobs) -> None:
    gate = threading.Event()
    step = Step(gate)
    jobs.add("step", step, lambda: NEVER)
    until(lambda: step.runs == 1)
    for _ in range(5):
        jobs.wake("step")
    gate.set()
    settled(step, 2)


def test_no_wake_is_lost_at_the_moment_a_run_ends(jobs: Jobs) -> None:
    """Each wake says there is something to do; a run that began before it does not count."""
    said, done = 0, 0

    def step() -> None:
        nonlocal done
        done = said

    jobs.add("step", step, lambda: NEVER)
    for said in range(1, 2000):
        jobs.wake("step")
        if said % 7 == 0:
            time.sleep(0.0001)
    until(lambda: done == said)


def test_a_job_that_is_removed_runs_no_more(jobs: Jobs) -> None:
    step = Step()
    jobs.add("step", step, lambda: NEVER)
    settled(step, 1)
    jobs.remove("step")
    jobs.remove("step")
    jobs.wake("step")
    settled(step, 1)


def test_stopping_waits_for_the_run_under_way() -> None:
    jobs = Jobs(threads=2)
    finished = threading.Event()
    begun = threading.Event()

    def step() -> None:
        begun.set()
        time.sleep(0.2)
        finished.set()

    jobs.add("step", step, lambda: NEVER)
    jobs.start()
    assert begun.wait(30)
    jobs.stop()
    assert finished.is_set()


# --- the eye of the main thread -------------------------------------------------------------------------------------------------


def test_a_job_that_is_overdue_by_the_monotonic_clock_is_woken(jobs: Jobs) -> None:
    """As when the wall clock was set back an hour."""
    step = Step()
    jobs.add("step", step, lambda: 3600.0)
    settled(step, 1)
    jobs.tend()
    settled(step, 1)
    jobs._jobs["step"].rested -= 3600 + LATE + 1
    jobs.tend()
    settled(step, 2)


def test_a_run_that_does_not_end_is_reported(jobs: Jobs) -> None:
    gate = threading.Event()
    step = Step(gate)
    jobs.add("step", step, lambda: NEVER)
    until(lambda: step.runs == 1)
    jobs.tend()
    started = jobs._jobs["step"].started
    assert started is not None
    jobs._jobs["step"].started = started - HUNG - 1
    with pytest.raises(HungError, match="step has been running"):
        jobs.tend()
    gate.set()


def test_a_long_run_that_says_it_goes_on_is_not_hung(jobs: Jobs) -> None:
    told = threading.Event()
    gate = threading.Event()

    def step() -> None:
        jobs._jobs["step"].started = time.monotonic() - HUNG - 1
        jobs.goes_on()
        told.set()
        gate.wait(30)

    jobs.add("step", step, lambda: NEVER)
    assert told.wait(30)
    jobs.tend()
    gate.set()


def test_outside_a_job_nothing_goes_on(jobs: Jobs) -> None:
    jobs.goes_on()
