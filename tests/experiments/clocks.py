"""The wall clock jumps under the daemon: how soon it polls again by the monotonic clock, and whether every filing is told.

    python -m tests.experiments.clocks --moments 20

First the real scheduler with a clock that can be set wrong, one daemon for each kind of jump, in real time; each moment is a jump and the
way back. Then what jumps leave behind in the store, in virtual weeks with EDGAR misbehaving. Exit 1 unless each next poll comes within the
interval and the scheduler's own grace, nothing is lost, and memory grows by less than 20 MB. `faketime` does it to the daemon's process.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from datetime import tzinfo
from pathlib import Path
from random import Random

from tests.experiments import misbehaviour
from tests.experiments.command_line import command_parser
from tests.experiments.command_line import write_or_show
from tests.experiments.scripted import Placed
from tests.experiments.scripted import ScriptedEdgar
from tests.experiments.scripted import ScriptedSender
from tests.experiments.timeline import VirtualTime
from tests.experiments.virtual import DAY
from tests.experiments.virtual import Arrivals
from tests.experiments.virtual import ScriptedDaemon
from tests.experiments.virtual import VirtualWorld
from tests.experiments.virtual import configured
from tests.experiments.virtual import quiet
from tests.experiments.virtual import resident
from tests.experiments.virtual import scratch
from tests.world import EXAMPLE
from tests.world import a_sale
from tests.world import accession
from tests.world import until
from watcher.demo.filings import EASTERN
from watcher.jobs import LATE
from watcher.jobs import Jobs
from watcher.pace import Pace
from watcher.pace import pace_path

HOUR, ONE_DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)
INTERVAL = 1.0  # seconds between polls
LOOK = 1.0  # seconds between two looks of the main thread
BUSY = 2.0  # seconds that a busy machine may take
ALLOWED = INTERVAL + LATE + LOOK + BUSY
MORE_MEMORY = 20.0  # MB


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of jump: by how much the clock is wrong meanwhile. `slept` says that the machine was suspended: time itself went on.

    With `to` the clock is put two seconds before that moment, so that it passes it running: a change of Eastern time.
    """

    name: str
    by: timedelta = timedelta(0)
    slept: bool = False
    to: datetime | None = None

    def error(self, right: datetime) -> timedelta:
        """How wrong the clock is to be, where it should show `right`."""
        return self.by if self.to is None else self.to - timedelta(seconds=2) - right


KINDS = (
    Kind("-1h", -HOUR),
    Kind("+1h", HOUR),
    Kind("-1d", -ONE_DAY),
    Kind("+30d", 30 * ONE_DAY),
    Kind("+10y", 10 * YEAR),
    Kind("spring", to=datetime(2027, 3, 14, 7, tzinfo=UTC)),
    Kind("autumn", to=datetime(2027, 11, 7, 6, tzinfo=UTC)),
    Kind("suspend", timedelta(minutes=10), slept=True),
)


@dataclass(frozen=True, slots=True)
class Result:
    """Numbers of jumps, and of filings; `slowest` is the longest time to the next poll in seconds of the monotonic clock."""

    part: str
    kind: str
    jumps: int
    slowest: float
    expected: int
    lost: int
    duplicated: int

    @property
    def good(self) -> bool:
        return self.slowest <= ALLOWED and self.lost == self.duplicated == 0 < self.expected


# --- the real scheduler, in real time ---------------------------------------------------------------------------------------


class WrongZone(tzinfo):
    """UTC as a wrong clock shows it: `datetime.now` in this zone is off by `error`. APScheduler asks for the time in its own zone."""

    error = timedelta(0)

    def utcoffset(self, _moment: datetime | None) -> timedelta:
        return timedelta(0)

    def dst(self, _moment: datetime | None) -> timedelta:
        return timedelta(0)

    def tzname(self, _moment: datetime | None) -> str:
        return "UTC"

    def fromutc(self, moment: datetime) -> datetime:
        return moment + self.error


class WrongJobs(Jobs):
    """The real jobs by a clock that can be wrong."""

    def __init__(self, zone: WrongZone) -> None:
        super().__init__(threads=10)
        self._zone = zone
        self._scheduler.timezone = zone

    def wake(self, name: str) -> None:
        job = self._jobs.get(name)
        if job is not None and job.wake():
            self._scheduler.modify_job(name, next_run_time=datetime.now(self._zone))


class RealTimeline:
    """True time: it passes by the monotonic clock, and while the machine sleeps, unseen by that."""

    def __init__(self) -> None:
        self._begins = datetime.now(UTC)
        self._began = time.monotonic()
        self.slept = timedelta(0)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._began

    def true(self) -> datetime:
        return self._begins + timedelta(seconds=self.elapsed) + self.slept

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Watched:
    """One daemon in real time, by a clock that jumps."""

    def __init__(self, folder: Path, kind: Kind, seed: int) -> None:
        self._kind = kind
        self._chance = Random(seed)  # noqa: S311 -- a script that repeats, no secret
        self._timeline = RealTimeline()
        self._zone = WrongZone()
        self._numbers = iter(range(2, 1_000_000))
        self._filed: list[str] = []
        old = Placed(a_sale(1), self._timeline.true() - HOUR)  # the list of current filings is never empty
        self._edgar = ScriptedEdgar(self._timeline, (EXAMPLE,), [old])
        self._arrivals = Arrivals(self._timeline)
        self._daemon = ScriptedDaemon(
            configured(folder, ["hook"], ['ticker = "EXMP"'], poll_every=INTERVAL, off_hours_every=INTERVAL),
            lambda: datetime.now(self._zone).replace(tzinfo=UTC),
            jobs=WrongJobs(self._zone),
            pace=Pace(pace_path(folder / "watcher.db")),
            edgar=self._edgar,
            senders={"hook": ScriptedSender(self._timeline, self._arrivals, takes=0.0)},
        )
        self._main = threading.Thread(target=self._daemon.supervise, daemon=True)

    def start(self) -> None:
        """Begin to watch, by a clock that is right."""
        self._daemon.start()
        self._main.start()
        until(lambda: self._edgar.polled_at, what="it does not begin to poll")

    def close(self) -> None:
        """End it."""
        self._daemon.stop()
        self._main.join()
        self._daemon.close()

    def jump(self, moments: int) -> Result:
        """Jump so many times, and back; a filing is accepted at each moment."""
        slowest = 0.0
        for _ in range(moments):
            time.sleep(self._chance.uniform(0.0, 1.5 * INTERVAL))
            slowest = max(slowest, self._jump(there=True))
            if not self._kind.slept:
                slowest = max(slowest, self._jump(there=False))
        self._wait(lambda: not self._arrivals.lost(self._filed))
        return Result(
            part="scheduler",
            kind=self._kind.name,
            jumps=moments,
            slowest=round(slowest, 2),
            expected=len(self._filed),
            lost=len(self._arrivals.lost(self._filed)),
            duplicated=len(self._arrivals.repeated()),
        )

    def _jump(self, *, there: bool) -> float:
        """Set the clock, and wait for the next poll and for what is filed now; seconds until that poll."""
        self._file()
        if self._kind.slept:
            self._timeline.slept += self._kind.by
        elif there:
            self._zone.error = self._kind.error(self._timeline.true())
        else:
            self._zone.error = timedelta(0)
        if self._kind.slept:
            self._zone.error = self._timeline.slept
        jumped = self._timeline.elapsed
        self._wait(lambda: self._edgar.polled_at > jumped)
        polled = self._edgar.polled_at if self._edgar.polled_at > jumped else self._timeline.elapsed
        self._wait(lambda: not self._arrivals.lost(self._filed))
        return polled - jumped

    def _file(self) -> None:
        number = next(self._numbers)
        self._edgar.file(Placed(a_sale(number, (100 + number, "25.56")), self._timeline.true()))
        self._filed.append(accession(number))

    @staticmethod
    def _wait(condition: Callable[[], bool]) -> None:
        """Wait, but not for ever: what does not come is counted."""
        ends = time.monotonic() + 3 * ALLOWED
        while not condition() and time.monotonic() < ends:
            time.sleep(0.02)


def in_real_time(kinds: Sequence[Kind], moments: int, seed: int = 1) -> tuple[list[Result], float]:
    """One daemon for each kind of jump, all at the same time; and by how many MB the jumps made them grow."""
    with ExitStack() as open_, quiet(), ThreadPoolExecutor(len(kinds)) as threads:
        daemons = [Watched(Path(open_.enter_context(scratch())), kind, seed) for kind in kinds]
        for daemon in daemons:
            daemon.start()
            open_.callback(daemon.close)
        memory = resident()
        results = list(threads.map(lambda daemon: daemon.jump(moments), daemons))
        return results, resident() - memory


# --- what jumps leave behind, in virtual time -------------------------------------------------------------------------------


def in_virtual_time(kind: Kind, moments: int, seed: int = 1, *, days: int = 20) -> Result:
    """EDGAR misbehaves as in that experiment, and meanwhile the clock is wrong now and then, for a minute up to most of a day."""
    chance = Random(seed)  # noqa: S311 -- a script that repeats, no secret
    begins = datetime(2026, 9, 1, 12, tzinfo=EASTERN)
    clock = VirtualTime(begins)
    script = misbehaviour.filings(chance, begins, days)
    edgar = ScriptedEdgar(clock, misbehaviour.ISSUERS, script, misbehaviour.spells(chance, days), shown=misbehaviour.REACH)
    arrivals = Arrivals(clock)
    expected = [one.filing.accession_number for one in script if one.accepted_at > begins and misbehaviour.is_watched(one.filing)]
    senders = {"hook": ScriptedSender(clock, arrivals)}
    intervals = {"poll_every": 1200.0, "off_hours_every": 7200.0, "least": 900.0}
    with scratch() as folder, VirtualWorld(Path(folder), clock, edgar, senders, misbehaviour.WATCHES, **intervals) as world:
        world.run(misbehaviour.CALM)
        for _ in range(moments):
            right = chance.uniform(0, 0.2 * days / moments * DAY)
            world.run(right)
            if kind.slept:
                clock.elapsed += kind.by.total_seconds()
            else:
                clock.error = kind.error(clock.true())
            world.run(chance.choice((60.0, 0.2 * DAY, 0.7 * DAY)) * days / moments)
            clock.error = timedelta(0)
        world.run(max(0.0, misbehaviour.CALM + days * DAY - clock.elapsed) + misbehaviour.HONEST_DAYS * DAY)
    return Result(
        part="aftermath",
        kind=kind.name,
        jumps=moments,
        slowest=0.0,
        expected=len(expected),
        lost=len(arrivals.lost(expected)),
        duplicated=len(arrivals.repeated()),
    )


def main() -> int:
    """Run the parts that the command line asks for."""
    parser = command_parser(__doc__)
    parser.add_argument("--moments", type=int, default=20)
    asked = parser.parse_args()
    begun = time.monotonic()
    results, memory = in_real_time(KINDS, asked.moments, asked.seed)
    results += [in_virtual_time(kind, asked.moments, asked.seed) for kind in KINDS]
    slowest = max(one.slowest for one in results)
    lost, duplicated = sum(one.lost for one in results), sum(one.duplicated for one in results)
    sys.stdout.write(
        f"clocks trials={len(results)} jumps={sum(one.jumps for one in results)} slowest={slowest} allowed={ALLOWED}"
        f" expected={sum(one.expected for one in results)} lost={lost} duplicated={duplicated} memory={memory:+.1f}\n"
    )
    shown = {
        "memory": round(memory, 1),
        "seconds": round(time.monotonic() - begun, 1),
        "results": results,
    }
    write_or_show(shown, asked.json)
    return 0 if all(one.good for one in results) and memory < MORE_MEMORY else 1


if __name__ == "__main__":
    sys.exit(main())
