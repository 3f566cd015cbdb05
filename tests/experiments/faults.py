"""Kill the watcher (SIGKILL) at every named point of a cycle, let it start again, and count what arrived.

    python -m tests.experiments.faults [--trials 40] [--seed 1] [--points TEXT] [--most N] [--jobs 2] [--json PATH]

One trial is one point with one seed: a story of a new watch with a past, a sale, an exercise with sale, an amendment that corrects what
was told, a filing that cannot be read and one that nobody asked for, told to three destinations, while EDGAR serves one document late
and the mail server once says "not now". The process is killed at one random pass of the point, and in half of the trials a second time
anywhere; then cycles go on until nothing is owed. Prints one line and, with `--json`, writes a row for each point; exit 1 if an alert is
lost, came twice without saying so or other than between its first byte and its commit, differs under one event id, came although
nobody asked for it, or is still owed in the end.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from datetime import timedelta
from itertools import count
from random import Random

from tests.experiments.command_line import command_parser
from tests.experiments.command_line import write_result
from tests.experiments.fault_points import AROUND
from tests.experiments.fault_scene import Count
from tests.experiments.fault_scene import Nursery
from tests.experiments.fault_scene import Place
from tests.experiments.fault_scene import Scene
from tests.experiments.fault_scene import counted
from tests.experiments.fault_scene import lay_out
from tests.experiments.fault_scene import memory_folder
from tests.experiments.fault_scene import still_open
from tests.world import MINUTE
from tests.world import NOON

CYCLES = (0, 5, 15)  # minutes after noon; then every five, until nothing is owed
MOST_CYCLES = 20
# Until a killed watcher is started again; after the longest it looks for what it missed.
RESTARTS = (timedelta(seconds=5), MINUTE, 15 * MINUTE)
NOTHING_WRONG = Count(0, 0, 0, 0, 0, 0)


@dataclass(slots=True)
class Told:
    """One story told to its end, with the kills in it. `problem`: what a process said that ended otherwise than it should."""

    passes: list[dict[str, int]] = field(default_factory=list)
    kills: int = 0
    in_sending: list[str] = field(default_factory=list)
    settled: bool = False
    problem: str = ""
    count: Count = NOTHING_WRONG


def tell(scene: Scene, nursery: Nursery, chance: Random, places: dict[int, Place], second: Place | None) -> Told:
    """Tell the story from noon on. `places` are by the number of the cycle; `second` is for those after the first kill."""
    told = Told()
    scene.begin()
    scene.desk.answer("MAIL", 451)
    with memory_folder() as folder:
        config = scene.configure(folder)
        scene.clock.now = NOON
        for number in count():
            place = places.get(number) if not told.kills else second if told.kills == 1 else None
            cycle = nursery.cycle(config, scene.clock(), place)
            if cycle.get("killed"):
                told.kills += 1
                told.in_sending += [cycle["sending_to"]] if cycle["sending_to"] else []
                # What was filed before a watch is first in the store is its past: nobody is told, so the first start is soon repeated.
                scene.clock.tick(chance.choice(RESTARTS) if told.passes else RESTARTS[0])
                scene.quiet()
                continue
            if cycle["status"] != 0:
                told.problem = f"cycle {number}, status {cycle['status']}: {(folder / 'said').read_text('utf-8', 'replace')}"
                break
            told.passes.append(cycle["passes"])
            minutes = (scene.clock() - NOON) / MINUTE
            told.settled = minutes >= CYCLES[-1] and still_open(folder / "watcher.db") == 0
            if told.settled or number == MOST_CYCLES:
                break
            scene.clock.now = NOON + next((at for at in CYCLES if at > minutes), int(minutes) + 5) * MINUTE
    told.count = counted(scene.arrivals(), told.in_sending)
    return told


# --- the trials -----------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Row:
    """What the trials of one point came to, in numbers of kills and messages."""

    trials: int = 0
    kills: int = 0
    second_kills: int = 0
    in_sending: int = 0
    lost: int = 0
    duplicated: int = 0
    unmarked: int = 0
    outside: int = 0
    conflicting: int = 0
    unexpected: int = 0
    unsettled: int = 0

    def add(self, told: Told) -> None:
        self.trials += 1
        self.kills += told.kills
        self.second_kills += max(0, told.kills - 1)
        self.in_sending += len(told.in_sending)
        self.unsettled += not told.settled
        for name, number in asdict(told.count).items():
            setattr(self, name, getattr(self, name) + number)

    @property
    def good(self) -> bool:
        """No message lost, none repeated but as promised, and every process that was not killed ended well."""
        wrong = (self.lost, self.unmarked, self.outside, self.conflicting, self.unexpected, self.unsettled)
        return not any(wrong) and self.kills >= self.trials


@dataclass(frozen=True, slots=True)
class Result:
    """All trials together, and by point; `problems` are what processes said that ended otherwise than they should.

    `unreached` are the steps that have points and that no story came to.
    """

    seed: int
    seconds: float
    total: Row
    by_point: dict[str, Row]
    unreached: list[str]
    problems: list[str]

    @property
    def good(self) -> bool:
        return self.total.good and not self.problems and all(row.good for row in self.by_point.values())

    def __str__(self) -> str:
        shown = " ".join(f"{name}={number}" for name, number in asdict(self.total).items())
        return f"faults points={len(self.by_point)} {shown} problems={len(self.problems)} seconds={self.seconds}"


def run(trials: int, seed: int = 1, *, only: str = "", most: int | None = None, jobs: int = 2) -> Result:
    """`trials` seeds, each with every point whose name holds `only`, or with `most` of them."""
    began = time.monotonic()
    by_point: dict[str, Row] = defaultdict(Row)
    problems = []
    with ThreadPoolExecutor(jobs) as pool:
        for told_by_point in pool.map(lambda one: _seed(one, only, most), range(seed, seed + trials)):
            for point, told in told_by_point:
                by_point[point].add(told)
                if told.problem:
                    problems.append(f"{point}: {told.problem}")
    total = Row(**{name: sum(getattr(row, name) for row in by_point.values()) for name in asdict(Row())})
    seconds = round(time.monotonic() - began, 1)
    unreached = [name for name in AROUND if f"{name}: before" not in by_point]
    return Result(seed, seconds, total, dict(sorted(by_point.items())), unreached, problems)


def _seed(seed: int, only: str, most: int | None) -> list[tuple[str, Told]]:
    """Every point once in the story of one seed: first nobody is killed, to know what is passed when, then one after the other."""
    chance = Random(seed)  # noqa: S311 -- a script that repeats, not a secret
    with Scene() as scene, Nursery(scene.peers) as nursery:
        lay_out(scene.edgar, chance)
        plain = tell(scene, nursery, chance, {}, None)
        assert plain.settled, f"the story fails without any kill: {plain}"
        assert plain.count == NOTHING_WRONG, f"the story fails without any kill: {plain}"
        places = _places(plain.passes)
        points = sorted({place.point for _, place in places if only in place.point})
        chosen = chance.sample(points, most) if most and most < len(points) else points
        by_point = {point: [(cycle, place) for cycle, place in places if place.point == point] for point in chosen}
        results = []
        for number, (point, where) in enumerate(by_point.items(), seed):
            second = chance.choice(places)[1] if number % 2 else None
            told = tell(scene, nursery, chance, dict([chance.choice(where)]), second)
            results.append((point, told))
        return results


def _places(passes: Sequence[dict[str, int]]) -> list[tuple[int, Place]]:
    """Every pass of every point, with the number of its cycle."""
    return [
        (number, Place(point, at))
        for number, cycle in enumerate(passes)
        for point, times in cycle.items()
        for at in range(1, times + 1)
    ]


def main() -> int:
    """Run the trials that the command line asks for."""
    parser = command_parser(__doc__)
    parser.add_argument("--trials", type=int, default=40, help="seeds for each point")
    parser.add_argument("--points", default="", help="only points whose name holds this")
    parser.add_argument("--most", type=int, help="only so many points of each seed")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    result = run(asked.trials, asked.seed, only=asked.points, most=asked.most, jobs=asked.jobs)
    sys.stdout.write(f"{result}\n" + "".join(f"{problem}\n" for problem in result.problems[:5]))
    write_result(result, asked.json)
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
