"""Periodic jobs on APScheduler, and the eye that the main thread keeps on them by the monotonic clock.

APScheduler runs on the wall clock: set back an hour, it would be silent for an hour; set forward, it would make up for every missed
run; a job that hangs would be skipped for ever. So each job is armed for its next run only, `tend` wakes one that is overdue and
reports one that hangs. This is the only file that knows APScheduler, which ships no types.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

logging.getLogger("apscheduler").setLevel(logging.ERROR)

LATE = 10.0  # seconds a job may be overdue before it is woken
HUNG = 600.0  # seconds without a sign before a run is taken for hung; every request and send has a shorter deadline of its own


class HungError(RuntimeError):
    """A job has been running for so long that it will not end; the process cannot mend that from inside."""


class _After(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Fires `interval()` seconds after it last fired, as the clock then stands: it never makes up for missed runs."""

    def __init__(self, interval: Callable[[], float]) -> None:
        self._interval = interval

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """At once, then again and again."""
        return now if previous_fire_time is None else now + timedelta(seconds=self._interval())


class _Job:
    """One job: its step, when it last ran, and whether it was woken while it ran."""

    def __init__(self, name: str, step: Callable[[], None], interval: Callable[[], float]) -> None:
        self.name = name
        self.step = step
        self.interval = interval
        self.woken = False
        self.started: float | None = None
        self.rested = time.monotonic()
        self.lock = threading.Lock()

    def run(self) -> None:
        _running.job = self
        again = True
        try:
            while again:
                self.started = time.monotonic()
                self.woken = False
                self.step()
                again = self._rest_unless_woken()
        finally:
            self.started = None

    def wake(self) -> bool:
        """Ask for one more run; whether none is under way that would see to it."""
        with self.lock:
            self.woken = True
            return self.started is None

    def _rest_unless_woken(self) -> bool:
        with self.lock:
            if not self.woken:
                self.started = None
                self.rested = time.monotonic()
            return self.woken


_running = threading.local()


class Jobs:
    """The daemon's periodic jobs. A step must not raise: what it cannot bear it tells the daemon in its own way."""

    def __init__(self, threads: int) -> None:
        self._jobs: dict[str, _Job] = {}
        self._threads = ThreadPoolExecutor(threads)
        self._scheduler: Any = BackgroundScheduler(
            timezone=UTC,
            executors={"default": self._threads},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def add(self, name: str, step: Callable[[], None], interval: Callable[[], float]) -> None:
        """Run `step` at once and then every `interval()` seconds; never twice at a time."""
        job = _Job(name, step, interval)
        self._jobs[name] = job
        self._scheduler.add_job(job.run, _After(interval), id=name, replace_existing=True)

    def remove(self, name: str) -> None:
        """Run it no more; a run under way ends by itself."""
        self._jobs.pop(name, None)
        try:
            self._scheduler.remove_job(name)
        except JobLookupError:
            return

    def wake(self, name: str) -> None:
        """Run a job now, or once more if it is running."""
        job = self._jobs.get(name)
        if job is not None and job.wake():
            try:
                self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))
            except JobLookupError:
                return

    def goes_on(self) -> None:
        """Said by a step between the parts of a long run: it is not hung."""
        job: _Job | None = getattr(_running, "job", None)
        if job is not None:
            job.started = time.monotonic()

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def stop(self) -> None:
        """Begin no more runs, and wait for those under way."""
        # Told to wait, APScheduler would do so under the lock that `wake` needs in a run under way: neither would ever end.
        self._scheduler.shutdown(wait=False)
        self._threads.shutdown(wait=True)

    def tend(self) -> None:
        """Wake what is overdue by the monotonic clock. Raises `HungError` when a run does not end."""
        clock = time.monotonic()
        for job in list(self._jobs.values()):
            started = job.started
            if started is not None:
                if clock - started > HUNG:
                    raise HungError(f"{job.name} has been running for {clock - started:.0f} seconds")
            elif clock - job.rested > job.interval() + LATE:
                self.wake(job.name)
