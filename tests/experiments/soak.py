"""A soak: 24 virtual hours at ten times the record day's rate, with random faults everywhere; what is lost, and what grows.

    python -m tests.experiments.soak

The record day had 3,496 Form 4s, so about 35,000 filings come; those of a third of the issuers are watched, and told to two receivers.
EDGAR and one of these misbehave now and then; the daemon dies and is started again. Exit 1 if an alert is lost, one arrives again unmarked,
or memory, threads, open files or the write-ahead log grow by one percent an hour or more after the first hours.
"""

from __future__ import annotations

import gc
import json
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from random import Random

from tests.experiments.command_line import command_parser
from tests.experiments.command_line import write_or_show
from tests.experiments.scripted import NOISE
from tests.experiments.scripted import Placed
from tests.experiments.scripted import ScriptedEdgar
from tests.experiments.scripted import ScriptedSender
from tests.experiments.scripted import Spell
from tests.experiments.timeline import VirtualTime
from tests.experiments.virtual import HOUR
from tests.experiments.virtual import MINUTE
from tests.experiments.virtual import VirtualWorld
from tests.experiments.virtual import resident
from tests.experiments.virtual import scratch
from watcher.core.model import Issuer
from watcher.core.model import ReportingOwner
from watcher.core.telling import Outgoing
from watcher.demo.filings import EASTERN
from watcher.demo.filings import Filing
from watcher.demo.stories import Occasion
from watcher.demo.stories import sale

RECORD, TIMES = 3_496, 10  # Form 4s on the record day, and how many times as many come here
BEGINS = datetime(2026, 9, 1, 6, tzinfo=EASTERN)
HOURS = 24.0
CALM = 0.02  # of the whole, at first and at last
ISSUERS, WATCHED = 300, 100
OWNERS = 5  # of each issuer
RECEIVER_FAULTS = ("is_gone", "fails", "pause", "falls_silent")
EDGAR_FAULTS = (*NOISE, "blocked")
WARM = 0.25  # of the samples, before growth is measured
MOST_GROWTH = 1.0  # percent of the mean, an hour


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process holds at one moment; memory and the write-ahead log in MB."""

    hour: float
    memory: float
    threads: int
    files: int
    log: float


@dataclass(frozen=True, slots=True)
class Result:
    """What a soak came to. `marked` are repeats that said so, `growth` percent of the mean an hour for each measure."""

    filings: int
    faults: int
    crashes: int
    expected: int
    lost: int
    duplicated: int
    marked: int
    growth: dict[str, float]
    samples: list[Sample]
    seconds: float

    @property
    def good(self) -> bool:
        flat = all(one < MOST_GROWTH for one in self.growth.values())
        return self.lost == self.duplicated == 0 < self.expected and flat

    def __str__(self) -> str:
        counts = ("filings", "faults", "crashes", "expected", "lost", "duplicated", "marked")
        shown = [f"{name}={getattr(self, name)}" for name in counts]
        shown += [f"{name}={value:+.2f}%/h" for name, value in self.growth.items()]
        return "soak trials=1 " + " ".join(shown)


class Counts:
    """How often each alert reached a receiver; its memory is taken at the start, so that it does not grow with what it counts."""

    def __init__(self, expected: Sequence[str]) -> None:
        self._place = {number: place for place, number in enumerate(expected)}
        self._plain = [0] * len(expected)
        self._marked = [0] * len(expected)
        self.unexpected = 0

    def __call__(self, outgoing: Outgoing) -> None:
        payload = json.loads(outgoing.payload)
        if payload["kind"] == "vigil":
            return  # the watcher on itself
        place = self._place.get(payload["accession_number"])
        if place is None:
            self.unexpected += 1
        elif outgoing.possible_repeat:
            self._marked[place] += 1
        else:
            self._plain[place] += 1

    @property
    def lost(self) -> int:
        return sum(not plain and not marked for plain, marked in zip(self._plain, self._marked, strict=True))

    @property
    def unmarked(self) -> int:
        """Repeats that did not say so: of the first telling there is one, marked or not."""
        return sum(max(0, plain - 1) for plain in self._plain) + self.unexpected

    @property
    def marked(self) -> int:
        return sum(max(0, plain + marked - 1) for plain, marked in zip(self._plain, self._marked, strict=True))


def soak(seed: int = 1, *, hours: float = HOURS, times: float = TIMES, watched: int = WATCHED) -> Result:
    """One soak; `hours` of it with filings, at the rate of `times` the record day."""
    chance = Random(seed)  # noqa: S311 -- a script that repeats, no secret
    begun = time.monotonic()
    issuers = [Issuer(f"{9_990_000 + number:010}", f"Example {number} Corp", f"EX{number}") for number in range(ISSUERS)]
    script = _filings(chance, issuers, hours, round(RECORD * times * hours / HOURS))
    ciks = {issuer.cik for issuer in issuers[:watched]}
    expected = [one.filing.accession_number for one in script if one.filing.issuer_cik in ciks and one.accepted_at > BEGINS]
    clock = VirtualTime(BEGINS)
    edgar = ScriptedEdgar(clock, issuers, script, _spells(chance, hours, EDGAR_FAULTS), latency=0.1, noise=0.02, seed=seed)
    counts = {name: Counts(expected) for name in ("well", "ill")}
    senders = {
        "well": ScriptedSender(clock, counts["well"], _crashes(chance, hours), takes=0.05, noted=False),
        "ill": ScriptedSender(clock, counts["ill"], _spells(chance, hours, RECEIVER_FAULTS), takes=0.05, noted=False),
    }
    watches = [f'cik = "{issuer.cik}"' for issuer in issuers[:watched]]
    samples: list[Sample] = []
    with (
        scratch() as folder,
        VirtualWorld(Path(folder), clock, edgar, senders, watches, poll_every=10.0, off_hours_every=10.0) as world,
    ):
        step = hours * HOUR / 48
        while clock.elapsed < hours * HOUR:
            world.run(step)
            samples.append(_sample(clock, Path(folder)))
        for _ in range(100):
            world.run(0.2 * HOUR)
            if not world.store.value("SELECT 1 FROM owed WHERE state NOT IN ('delivered', 'dead') LIMIT 1"):
                break
    return Result(
        filings=len(script),
        faults=edgar.faults + sum(one.faults for one in senders.values()),
        crashes=world.crashes,
        expected=2 * len(expected),
        lost=sum(one.lost for one in counts.values()),
        duplicated=sum(one.unmarked for one in counts.values()),
        marked=sum(one.marked for one in counts.values()),
        growth=growth(samples),
        samples=samples,
        seconds=round(time.monotonic() - begun, 1),
    )


# --- what grows -----------------------------------------------------------------------------------------------------------


def _sample(clock: VirtualTime, folder: Path) -> Sample:
    gc.collect()
    log = folder / "watcher.db-wal"
    return Sample(
        hour=round(clock.elapsed / HOUR, 2),
        memory=round(resident(), 1),
        threads=threading.active_count(),
        files=sum(1 for _ in Path("/proc/self/fd").iterdir()),
        log=round(log.stat().st_size / 1e6, 2) if log.exists() else 0.0,
    )


def growth(samples: Sequence[Sample]) -> dict[str, float]:
    """The slope of each measure after the warm-up, in percent of its mean an hour (least squares)."""
    warm = samples[round(WARM * len(samples)) :]
    hours = [one.hour for one in warm]
    middle = sum(hours) / len(hours)
    spread = sum((hour - middle) ** 2 for hour in hours)
    slopes = {}
    for name in ("memory", "threads", "files", "log"):
        values = [float(getattr(one, name)) for one in warm]
        mean = sum(values) / len(values)
        slope = sum((hour - middle) * (value - mean) for hour, value in zip(hours, values, strict=True)) / spread
        slopes[name] = round(100 * slope / mean, 3) if mean else 0.0
    return slopes


# --- the script -----------------------------------------------------------------------------------------------------------


def _filings(chance: Random, issuers: Sequence[Issuer], hours: float, number: int) -> list[Placed]:
    """So many sales, a third of them within two busy hours; each owner's totals follow from the one before."""
    busy = hours * 0.45 * HOUR
    moments = sorted(
        busy + chance.uniform(0, hours * HOUR / 12) if chance.random() < 1 / 3 else hours * HOUR * chance.uniform(CALM, 1 - CALM)
        for _ in range(number)
    )
    held: dict[str, int] = {}
    script = [Placed(_sale(chance, held, issuers, number=1), BEGINS - timedelta(hours=1))]
    for at, moment in enumerate(moments, 2):
        placed = Placed(
            _sale(chance, held, issuers, number=at),
            BEGINS + timedelta(seconds=int(moment)),
            feed_after=chance.uniform(0, 5 * MINUTE) if chance.random() < 0.05 else 0.0,
            document_after=chance.uniform(0, 5 * MINUTE) if chance.random() < 0.05 else 0.0,
        )
        script.append(placed)
    return script


def _sale(chance: Random, held: dict[str, int], issuers: Sequence[Issuer], *, number: int) -> Filing:
    at = chance.randrange(len(issuers))
    cik = f"{9_900_000 + OWNERS * at + chance.randrange(OWNERS):010}"
    owner = ReportingOwner(cik, f"Roe Jane {cik[-4:]}", is_officer=True, officer_title="Chief Example Officer")
    shares = 100 + chance.randrange(900)
    opening = held.setdefault(cik, 100_000_000)
    held[cik] = opening - shares
    day = BEGINS.date() - timedelta(days=chance.randrange(1, 3))
    return sale(
        Occasion(f"0000000000-26-{number:06}", issuers[at], (owner,), day, opening),
        (shares, f"{10 + number % 90}.{number % 100:02}"),
    )


def _spells(chance: Random, hours: float, kinds: Sequence[str]) -> list[Spell]:
    """Three spells an hour, of some seconds up to ten minutes."""
    begins = [hours * HOUR * chance.uniform(CALM, 1 - CALM) for _ in range(round(3 * hours))]
    return [Spell(at, at + chance.choice((5.0, MINUTE, 10 * MINUTE)), chance.choice(kinds)) for at in begins]


def _crashes(chance: Random, hours: float) -> list[Spell]:
    """The daemon dies once an hour, while it sends."""
    begins = [hours * HOUR * chance.uniform(CALM, 1 - CALM) for _ in range(round(hours))]
    return [Spell(at, at + HOUR, "crash") for at in begins]


def main() -> int:
    """Run the soak that the command line asks for."""
    parser = command_parser(__doc__)
    parser.add_argument("--hours", type=float, default=HOURS)
    parser.add_argument("--times", type=float, default=TIMES)
    asked = parser.parse_args()
    result = soak(asked.seed, hours=asked.hours, times=asked.times)
    sys.stdout.write(f"{result}\n")
    write_or_show(result, asked.json)
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
