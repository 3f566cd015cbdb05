"""Virtual time, and the daemon's jobs in it.

Every job has a thread, as in the daemon, but one runs at a time, until it ends or waits for an answer; then the next event is taken, and
the clock with it. So a send that takes ten seconds delays what waits for it and nothing else, and a run repeats exactly by its seed.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from datetime import datetime
from datetime import timedelta

from watcher.jobs import Jobs

STUCK = 120.0  # real seconds; what a job does between two waits takes far less


class Unwound(BaseException):
    """Ends the run of a job that waits while its daemon dies."""


class VirtualTime:
    """`elapsed` seconds since the world began, which only grow; called, it is the daemon's clock, which may be in `error`."""

    def __init__(self, begins: datetime) -> None:
        self.begins = begins
        self.elapsed = 0.0
        self.error = timedelta(0)
        self.jobs: VirtualJobs | None = None

    def true(self) -> datetime:
        """What every right clock shows."""
        return self.begins + timedelta(seconds=self.elapsed)

    def __call__(self) -> datetime:
        return self.true() + self.error

    def at(self, moment: datetime) -> float:
        """A moment in seconds since the world began."""
        return (moment - self.begins).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Let time pass: within a job others have their turns meanwhile."""
        if seconds <= 0:
            return
        if self.jobs is None or not self.jobs.wait(seconds):
            self.elapsed += seconds


def _taken() -> threading.Lock:
    """A lock that is taken by one thread and given by another: much faster than a semaphore."""
    lock = threading.Lock()
    lock.acquire()
    return lock


class _Run:
    """One job: its thread, which goes on whenever it gets the baton, and when that is."""

    def __init__(self, name: str, step: Callable[[], None], interval: Callable[[], float]) -> None:
        self.name = name
        self.step = step
        self.interval = interval
        self.due: float | None = None
        self.woken = False
        self.running = False
        self.baton = _taken()
        self.thread: threading.Thread | None = None


class VirtualJobs(Jobs):
    """The verbs of `watcher.jobs.Jobs` in virtual time. `least` seconds lie between two looks of a job at what falls due by time.

    It keeps no eye on hung jobs: what waits here, waits for virtual seconds that are known.
    """

    def __init__(self, time: VirtualTime, *, least: float = 0.0) -> None:
        self._time = time
        self._least = least
        self._runs: dict[str, _Run] = {}
        self._queue: list[tuple[float, int, _Run]] = []
        self._order = itertools.count()
        self._back = _taken()
        self._current: _Run | None = None
        self._stopped = False
        time.jobs = self

    def add(self, name: str, step: Callable[[], None], interval: Callable[[], float]) -> None:
        run = _Run(name, step, interval)
        run.thread = threading.Thread(target=self._live, args=(run,), name=name, daemon=True)
        run.thread.start()
        self._runs[name] = run
        self._arm(run, 0.0)

    def remove(self, name: str) -> None:
        run = self._runs.pop(name)
        run.interval = lambda: float("inf")
        if not run.running:
            run.due = None

    def wake(self, name: str) -> None:
        run = self._runs.get(name)
        if run is not None:
            run.woken = True
            if not run.running:
                self._arm(run, 0.0)

    def goes_on(self) -> None:
        return

    def start(self) -> None:
        return

    def tend(self) -> None:
        return

    def stop(self) -> None:
        """Unwind every run where it waits."""
        self._stopped = True
        for run in self._runs.values():
            self._hand_over(run)
            if run.thread is not None:
                run.thread.join()
        self._time.jobs = None

    def go(self, until: float, over: Callable[[], bool]) -> None:
        """Take one event after the other until that second, or until something is `over`."""
        while self._queue and self._queue[0][0] <= until and not over():
            at, _, run = heapq.heappop(self._queue)
            if run.due == at:
                self._time.elapsed = max(self._time.elapsed, at)
                run.due = None
                self._hand_over(run)

    def wait(self, seconds: float) -> bool:
        """Called within a job: rest for so long. False outside of one."""
        run = self._current
        if run is None or run.thread is not threading.current_thread():
            return False
        self._arm(run, seconds)
        self._back.release()
        run.baton.acquire()
        if self._stopped:
            raise Unwound
        return True

    def _arm(self, run: _Run, seconds: float) -> None:
        run.due = self._time.elapsed + seconds
        heapq.heappush(self._queue, (run.due, next(self._order), run))

    def _hand_over(self, run: _Run) -> None:
        self._current = run
        run.baton.release()
        if not self._back.acquire(timeout=STUCK):
            raise AssertionError(f"{run.name} waits for something that another job holds while that one waits for an answer")
        self._current = None

    def _live(self, run: _Run) -> None:
        try:
            run.baton.acquire()
            while not self._stopped:
                run.running, run.woken = True, False
                run.step()
                run.running = False
                self._arm(run, 0.0 if run.woken else max(self._least, run.interval()))
                if not self._stopped:
                    self._back.release()
                    run.baton.acquire()
        except Unwound:
            return
        finally:
            self._back.release()
