"""A world in virtual time: the real daemon, its jobs, steps, store and door to EDGAR, with no socket and without a second of waiting."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections import defaultdict
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.experiments.scripted import Crash
from tests.experiments.scripted import ScriptedEdgar
from tests.experiments.scripted import Timeline
from tests.experiments.timeline import VirtualJobs
from tests.experiments.timeline import VirtualTime
from tests.world import CONTACT
from tests.world import SECRET
from tests.world import webhook
from tests.world import write_config
from watcher.config import Config
from watcher.config import Destination
from watcher.config import EdgarConfig
from watcher.config import load
from watcher.core.errors import Blocked
from watcher.core.telling import Outgoing
from watcher.daemon import Daemon
from watcher.edgar import Edgar
from watcher.jobs import Jobs
from watcher.logs import Remembering
from watcher.notify import Sender
from watcher.pace import BACKGROUND_PER_SECOND
from watcher.pace import PER_SECOND
from watcher.pace import Pace
from watcher.pace import pace_path
from watcher.store import Store

MINUTE = 60.0
HOUR = 3600.0
DAY = 86_400.0
START_AGAIN = 2.0  # seconds until a daemon that died is there again


# --- the daemon -----------------------------------------------------------------------------------------------------------


class VirtualPace(Pace):
    """Keeps a block as the real one does; its pace, in virtual seconds, is even, where the real one allows a short burst."""

    def __init__(self, path: Path, time: VirtualTime) -> None:
        super().__init__(path, sleep=time.sleep)
        self._time = time
        self._free = 0.0

    def wait(self, now: Callable[[], datetime], *, background: bool = False) -> None:
        until = self.blocked_until(now())
        if until is not None:
            raise Blocked("a block is remembered", until=until)
        begins = max(self._free, self._time.elapsed)
        self._free = begins + 1 / (BACKGROUND_PER_SECOND if background else PER_SECOND)
        self._sleep(begins - self._time.elapsed)


class Door(Edgar):
    """The real door on another transport."""

    def __init__(self, config: EdgarConfig, pace: Pace, transport: httpx.BaseTransport, *, now: Callable[[], datetime]) -> None:
        self._transport = transport
        super().__init__(config, pace, now=now)

    def _new_client(self) -> httpx.Client:
        return httpx.Client(transport=self._transport, headers={"User-Agent": CONTACT, "Accept-Encoding": "gzip"})


class ScriptedDaemon(Daemon):
    """The real daemon with jobs as given, a door without a network, and senders without receivers."""

    def __init__(
        self,
        config: Config,
        now: Callable[[], datetime],
        *,
        jobs: Jobs,
        pace: Pace,
        edgar: ScriptedEdgar,
        senders: Mapping[str, Sender],
    ) -> None:
        super().__init__(config, now=now)
        self._edgar.close()
        self._edgar = Door(config.edgar, pace, edgar, now=now)
        self._jobs = jobs
        self._scripted = senders

    def over(self) -> bool:
        return self._fatal is not None

    @property
    def fatal(self) -> BaseException | None:
        """What it cannot go on with."""
        return self._fatal

    def _sender(self, destination: Destination) -> Remembering:
        return Remembering(self._scripted[destination.name], destination.name)


# --- the world ------------------------------------------------------------------------------------------------------------


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A folder in memory where there is one: what these experiments count does not depend on a disk, which would be most of the time."""
    memory = Path("/dev/shm")  # noqa: S108 -- a folder with a name of its own is made in it
    return tempfile.TemporaryDirectory(prefix="virtual-", dir=memory if memory.is_dir() else None)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the daemon's log to itself: what it says of scripted faults is no news."""
    log = logging.getLogger("watcher")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(level)


def resident() -> float:
    """Memory of this process in MB, as the system counts it."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def configured(
    folder: Path, destinations: Iterable[str], watches: Sequence[str], *, poll_every: float, off_hours_every: float
) -> Config:
    """A configuration whose destinations are machines; intervals in seconds."""
    hooks = {name: webhook("http://hook.invalid/") for name in destinations}
    config = load(write_config(folder, "http://edgar.invalid", hooks, watches), {"HOOK_SECRET": SECRET})
    return replace(config, edgar=replace(config.edgar, poll_interval=poll_every, off_hours_interval=off_hours_every))


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message that reached its receiver, `at` seconds after the world began."""

    at: float
    event_id: str
    marked: bool


class Arrivals:
    """What reached one receiver, by accession number."""

    def __init__(self, time: Timeline) -> None:
        self._time = time
        self.of: dict[str, list[Arrival]] = defaultdict(list)

    def __call__(self, outgoing: Outgoing) -> None:
        payload = json.loads(outgoing.payload)
        if payload["kind"] == "vigil":
            return  # the watcher on itself: it may say the same for as long as it is so
        number = str(payload["accession_number"])
        kind = "" if payload["kind"] == "alert" else f" {payload['kind']}"
        self.of[number + kind].append(Arrival(self._time.elapsed, outgoing.event_id, outgoing.possible_repeat))

    def lost(self, expected: Sequence[str]) -> list[str]:
        """Those of which nothing came."""
        return [number for number in expected if number not in self.of]

    def repeated(self, *, marked: bool | None = None) -> list[str]:
        """The repeats, by accession number; all, or only those marked as such, or not."""
        more = ((number, one) for number, came in self.of.items() for one in came[1:])
        return [number for number, one in more if marked is None or one.marked == marked]


class VirtualWorld:
    """One daemon in virtual time, and again another when it dies. Use it in a `with`."""

    def __init__(
        self,
        folder: Path,
        time: VirtualTime,
        edgar: ScriptedEdgar,
        senders: Mapping[str, Sender],
        watches: Sequence[str],
        *,
        poll_every: float = 5.0,
        off_hours_every: float = 60.0,
        least: float = 2.0,
    ) -> None:
        self.config = configured(folder, senders, watches, poll_every=poll_every, off_hours_every=off_hours_every)
        self.time = time
        self.edgar = edgar
        self.crashes = 0
        self._senders = senders
        self._least = least

    def __enter__(self) -> Self:
        self._quiet = quiet()
        self._quiet.__enter__()
        self._start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()
        self._quiet.__exit__(kind, error, trace)

    @property
    def store(self) -> Store:
        return self._daemon.store

    def run(self, seconds: float) -> None:
        """Let virtual seconds pass. A daemon that crashes by the script is started again; whatever else ends one is raised."""
        ends = self.time.elapsed + seconds
        while self.time.elapsed < ends:
            self._jobs.go(ends, self._daemon.over)
            fatal = self._daemon.fatal
            if fatal is None:
                self.time.elapsed = ends
            elif isinstance(fatal, Crash):
                self.crashes += 1
                self._stop()
                self.time.elapsed += START_AGAIN
                self._start()
            else:
                raise fatal

    def _start(self) -> None:
        pace = VirtualPace(pace_path(self.config.store.path), self.time)
        self._jobs = VirtualJobs(self.time, least=self._least)
        self._daemon = ScriptedDaemon(self.config, self.time, jobs=self._jobs, pace=pace, edgar=self.edgar, senders=self._senders)
        self._daemon.start()

    def _stop(self) -> None:
        self._jobs.stop()
        self._daemon.close()
