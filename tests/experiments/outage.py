"""One destination is dead for 72 virtual hours while another is well: what reaches each of them, when, and after how many attempts.

    python -m tests.experiments.outage --trials 20

Each trial is run twice, the second time without the outage, to compare what the healthy destination feels. Exit 1 unless nothing is lost
or repeated, the healthy one's delays stay within 10 % of the run without an outage, the dead one is asked no more often than
the schedule allows, and what waited for it arrives in its order once it is back.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from random import Random

from tests.experiments.command_line import command_parser
from tests.experiments.command_line import write_or_show
from tests.experiments.scripted import Placed
from tests.experiments.scripted import ScriptedEdgar
from tests.experiments.scripted import ScriptedSender
from tests.experiments.scripted import Spell
from tests.experiments.timeline import VirtualTime
from tests.experiments.virtual import HOUR
from tests.experiments.virtual import MINUTE
from tests.experiments.virtual import Arrivals
from tests.experiments.virtual import VirtualWorld
from tests.experiments.virtual import scratch
from tests.world import EXAMPLE
from tests.world import a_sale
from tests.world import accession
from watcher.deliver import BACKOFF
from watcher.deliver import REST
from watcher.demo.filings import EASTERN
from watcher.store import unstamp

HOURS, ALERTS = 72.0, 500
BEFORE = 2 * HOUR
WAYS = ("is_gone", "fails", "pause")  # a connection refused, a server in trouble, one that asks for a pause
POLL_EVERY, LEAST = MINUTE, 5.0
MORE = 1.10  # a delay of the healthy destination may be so many times what it is without an outage
LONGEST_REST = 120.0  # seconds until the first attempt when it is back
PACE = 1.0  # seconds for one message, at most, when a queue of them drains


@dataclass(frozen=True, slots=True)
class Delays:
    """How long after they were promised messages arrived, in seconds: half of them sooner, 99 % sooner, and the longest."""

    median: float
    p99: float
    longest: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Delays:
        ranked = sorted(seconds)
        return cls(*(round(ranked[math.ceil(share * len(ranked)) - 1], 3) for share in (0.5, 0.99, 1.0)))


@dataclass(frozen=True, slots=True)
class Run:
    """What one run came to. `attempts` are those on the destination that is dead meanwhile, `drained` the seconds it then took."""

    lost: int
    duplicated: int
    healthy: Delays
    attempts: int
    drained: float
    in_order: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """One seed: with the outage, what the healthy destination feels without it, and how many attempts the schedule allows."""

    seed: int
    way: str
    alerts: int
    run: Run
    undisturbed: Delays
    allowed: int

    @property
    def slower(self) -> float:
        """The worst of the healthy destination's delays, in times of what it is without an outage."""
        with_, without = asdict(self.run.healthy), asdict(self.undisturbed)
        return round(max(float(with_[name]) / float(without[name]) for name in with_), 3)

    @property
    def good(self) -> bool:
        run = self.run
        return (
            run.lost == run.duplicated == 0
            and self.slower <= MORE
            and run.attempts <= self.allowed
            and run.drained <= self.alerts * PACE + LONGEST_REST
            and run.in_order
        )


def one_trial(seed: int, *, hours: float = HOURS, alerts: int = ALERTS) -> Trial:
    """The outage of this seed, and the same days without it."""
    chance = Random(seed)  # noqa: S311 -- a script that repeats, no secret
    way = WAYS[seed % len(WAYS)]
    times = sorted(chance.uniform(0, hours * HOUR) for _ in range(alerts))
    if seed % 2:  # half of them come at once, as after the close of a day
        close = hours / 2 * HOUR
        times = sorted([*times[::2], *(chance.uniform(close, close + MINUTE) for _ in times[1::2])])
    return Trial(
        seed=seed,
        way=way,
        alerts=alerts,
        run=_run(times, hours, way),
        undisturbed=_run(times, hours, None).healthy,
        allowed=_allowed(hours, alerts),
    )


def _run(times: Sequence[float], hours: float, way: str | None) -> Run:
    begins = datetime(2026, 9, 1, 12, tzinfo=EASTERN)
    clock = VirtualTime(begins)
    placed = [
        Placed(a_sale(number, (100 + number, "25.56")), begins + timedelta(seconds=int(BEFORE + at)))
        for number, at in enumerate(times, 2)
    ]
    old = Placed(a_sale(1), begins - timedelta(hours=1))  # the list of current filings is never empty
    edgar = ScriptedEdgar(clock, (EXAMPLE,), [old, *placed], latency=0.15)
    ends = BEFORE + hours * HOUR
    spells = [Spell(BEFORE, ends, way)] if way else []
    arrived = {name: Arrivals(clock) for name in ("well", "ill")}
    senders = {
        "well": ScriptedSender(clock, arrived["well"]),
        "ill": ScriptedSender(clock, arrived["ill"], spells),
    }
    with (
        scratch() as folder,
        VirtualWorld(
            Path(folder),
            clock,
            edgar,
            senders,
            ['ticker = "EXMP"'],
            poll_every=POLL_EVERY,
            off_hours_every=POLL_EVERY,
            least=LEAST,
        ) as world,
    ):
        world.run(ends + HOUR)
        promised = {
            row[0]: clock.at(unstamp(row[1])) for row in world.store.rows("SELECT accession_number, created_at FROM alert")
        }
    numbers = [accession(number) for number, _ in enumerate(times, 2)]
    ill = {number: came[0].at for number, came in arrived["ill"].of.items()}
    # The first that comes afterwards is the one with which the destination happened to be tried.
    waited = [number for number, at in ill.items() if at > ends and promised[number] <= ends][1:]
    return Run(
        lost=sum(len(one.lost(numbers)) for one in arrived.values()),
        duplicated=sum(len(one.repeated()) for one in arrived.values()),
        healthy=Delays.of([came[0].at - promised[number] for number, came in arrived["well"].of.items()]),
        attempts=sum(BEFORE <= at < ends for at in senders["ill"].attempts),
        drained=round(max((ill[number] for number in waited), default=ends) - ends, 1),
        in_order=waited == sorted(waited, key=list(promised).index),
    )


def _allowed(hours: float, alerts: int) -> int:
    """Attempts while it is dead: each message may try it soon after it was promised, as long as its pauses are shorter than the rest."""
    soon = sum(pause < REST for pause in BACKOFF)
    return math.ceil(hours * HOUR / REST) + soon * alerts


def _line(trials: Sequence[Trial]) -> str:
    figures = {
        "trials": len(trials),
        "alerts": sum(one.alerts for one in trials),
        "lost": sum(one.run.lost for one in trials),
        "duplicated": sum(one.run.duplicated for one in trials),
        "slower": max(one.slower for one in trials),
        "attempts": max(one.run.attempts for one in trials),
        "allowed": max(one.allowed for one in trials),
        "drained": max(one.run.drained for one in trials),
        "out_of_order": sum(not one.run.in_order for one in trials),
    }
    return "outage " + " ".join(f"{name}={value}" for name, value in figures.items())


def main() -> int:
    """Run the trials that the command line asks for."""
    asked = command_parser(__doc__, trials=20).parse_args()
    begun = time.monotonic()
    trials = [one_trial(seed) for seed in range(asked.seed, asked.seed + asked.trials)]
    sys.stdout.write(_line(trials) + "\n")
    write_or_show({"seconds": round(time.monotonic() - begun, 1), "trials": trials}, asked.json)
    return 0 if all(one.good for one in trials) else 1


if __name__ == "__main__":
    sys.exit(main())
