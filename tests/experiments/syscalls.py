"""Let every single system call that changes something fail, or kill the watcher there, and count what arrived. Needs strace.

    python -m tests.experiments.syscalls [--trials N] [--seed 1] [--jobs 2] [--json PATH]

Two cycles of the story of `fault_scene` are swept: the first start of a watcher, and one that reads and tells most. Each Nth call of
each kind in `CALLS` is one trial per fault: SIGKILL before it; EIO or ENOSPC once; the same from there on until the process ends. Then
the fault is over, the watcher is started again, and has to make up for everything in that one cycle. Without `--trials` all are done,
else so many drawn at random. Prints one line and, with `--json`, writes a row for each fault and call; exit 1 if an alert is lost, came
twice without saying so, counts as delivered without having arrived, is still owed after one clean cycle, if a process ended in any other
way than killed, well, or with status 1 and its reason in words, or if of more than one trial in a hundred the call never came.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextlib import closing
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from typing import Self

from tests.experiments.command_line import command_parser
from tests.experiments.command_line import write_result
from tests.experiments.fault_scene import WANTED
from tests.experiments.fault_scene import Nursery
from tests.experiments.fault_scene import Scene
from tests.experiments.fault_scene import counted
from tests.experiments.fault_scene import lay_out
from tests.experiments.fault_scene import memory_folder
from tests.experiments.fault_scene import still_open
from tests.world import MINUTE
from tests.world import NOON
from tests.world import until

FILE_CALLS = ("pwrite64", "fdatasync", "fsync", "ftruncate", "rename", "unlink")
CALLS = (*FILE_CALLS, "connect", "sendto", "recvfrom")
# What strace is to do to the Nth call: "+" means from there on.
FAULTS = {
    "SIGKILL": "signal=SIGKILL:when={}",
    "EIO once": "error=EIO:when={}",
    "EIO from there on": "error=EIO:when={}+",
    "ENOSPC once": "error=ENOSPC:when={}",
    "ENOSPC from there on": "error=ENOSPC:when={}+",
}
# Minutes after noon of the cycles that are swept, and how long after one the watcher is started again: longer than any first pause.
SWEPT = {0: timedelta(seconds=15), 15: 2 * MINUTE}
REST = (5, 15, 20, 25)  # minutes after noon of the cycles that finish the story

_CALL = re.compile(r"(?:(?P<thread>\d+) +)?(?P<call>\w+)\(")
_IN_WORDS = re.compile(r"^watcher: \S.*\S$")


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault at the `at`th call of a kind, in the cycle at that minute."""

    minute: int
    fault: str
    call: str
    at: int


@dataclass(slots=True)
class Row:
    """What the trials of one fault and call came to. `hit`: the fault happened; `late`: something was open after one clean cycle.

    A cycle writes a few pages more or less than the one in which its calls were counted: of the last calls some never come.
    """

    trials: int = 0
    hit: int = 0
    ended_in_words: int = 0
    lost: int = 0
    duplicated: int = 0
    unmarked: int = 0
    conflicting: int = 0
    unexpected: int = 0
    false_delivered: int = 0
    late: int = 0

    def __add__(self, other: Row) -> Row:
        return Row(**{name: number + getattr(other, name) for name, number in asdict(self).items()})

    @property
    def good(self) -> bool:
        wrong = (self.lost, self.unmarked, self.conflicting, self.unexpected, self.false_delivered, self.late)
        return self.trials > 0 and not any(wrong)


@dataclass(slots=True)
class Result:
    """All trials together, and by fault and call; `problems` are what processes said that ended otherwise than they should."""

    seed: int
    seconds: float = 0.0
    total: Row = field(default_factory=Row)
    rows: dict[str, Row] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return self.total.good and not self.problems and self.total.trials - self.total.hit <= 1 + self.total.trials // 100

    def __str__(self) -> str:
        shown = " ".join(f"{name}={number}" for name, number in asdict(self.total).items())
        return f"syscalls {shown} problems={len(self.problems)} seconds={self.seconds}"


class Bench:
    """A scene, a nursery, and the watcher's folder as it is before each cycle that is swept. Use it in a `with`."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._open = ExitStack()
        self._kept: dict[int, Path] = {}
        self._told: dict[int, frozenset[tuple[str, str]]] = {}

    def __enter__(self) -> Self:
        self.scene = self._open.enter_context(Scene())
        self.nursery = self._open.enter_context(Nursery(self.scene.peers))
        lay_out(self.scene.edgar, Random(self._seed))  # noqa: S311 -- a script that repeats, not a secret
        self._folders = self._open.enter_context(memory_folder())
        folder = self._folders / "first"
        folder.mkdir()
        config = self.scene.configure(folder)
        self.scene.begin()
        for minute in sorted({*SWEPT, *REST}):
            if minute in SWEPT:
                self._kept[minute] = Path(shutil.copytree(folder, self._folders / f"before-{minute}"))
                self._told[minute] = frozenset(self._arrived())
            self.scene.clock.now = NOON + minute * MINUTE
            self.nursery.cycle(config, self.scene.clock())
        assert self._arrived() == WANTED, "the story fails without any fault"
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def calls(self, minute: int) -> Counter[str]:
        """How often the process of a cycle makes each call when nothing fails."""
        with memory_folder() as parent:
            folder = self._set_up(minute, parent)
            trace = parent / "trace"
            self._traced(folder, ["-e", f"trace={','.join(CALLS)}", "-o", str(trace)])
            found = [match for line in trace.read_text().splitlines() if (match := _CALL.match(line))]
        main = found[0]["thread"] if found else None
        return Counter(match["call"] for match in found if match["thread"] == main)

    def try_one(self, trial: Trial) -> tuple[Row, str]:
        """One trial; the second value is what a process said that ended as it should not, or nothing."""
        with memory_folder() as parent:
            folder = self._set_up(trial.minute, parent)
            inject = f"inject={trial.call}:{FAULTS[trial.fault].format(trial.at)}"
            trace = parent / "trace"
            answer = self._traced(folder, ["-e", f"trace={trial.call}", "-e", inject, "-o", str(trace)])
            row = Row(trials=1)
            killed = answer["status"] == -signal.SIGKILL
            row.hit = int(killed or "(INJECTED)" in trace.read_text())
            row.false_delivered = len(self._called_delivered(folder, parent) - self._arrived() - self._told[trial.minute])
            said = (folder / "said").read_text("utf-8", "replace")
            row.ended_in_words = int(answer["status"] == 1 and _in_words(said))
            well = killed if trial.fault == "SIGKILL" and row.hit else answer["status"] == 0 or row.ended_in_words
            problem = "" if well else f"{trial}: status {answer['status']}: {said}"
            (folder / "said").write_bytes(b"")
            self.scene.clock.tick(SWEPT[trial.minute])
            again = self.nursery.cycle(folder / "watcher.toml", self.scene.clock())
            row.late = int(again["status"] != 0 or still_open(folder / "watcher.db") != 0)
            for minute in (minute for minute in REST if minute > trial.minute and not problem):
                self.scene.clock.now = max(self.scene.clock(), NOON + minute * MINUTE)
                again = self.nursery.cycle(folder / "watcher.toml", self.scene.clock())
            if again["status"] != 0:
                problem = f"{trial}, afterwards: status {again['status']}: {(folder / 'said').read_text('utf-8', 'replace')}"
        count = counted(self.scene.arrivals(), (), wanted=WANTED - self._told[trial.minute])
        row.lost, row.duplicated, row.unmarked = count.lost, count.duplicated, count.unmarked
        row.conflicting, row.unexpected = count.conflicting, count.unexpected
        return row, problem

    def _set_up(self, minute: int, parent: Path) -> Path:
        self.scene.clock.now = NOON + minute * MINUTE
        self.scene.begin()
        return Path(shutil.copytree(self._kept[minute], parent / "watcher"))

    def _traced(self, folder: Path, options: Sequence[str]) -> dict[str, Any]:
        """One cycle under strace."""
        self.nursery.begin(folder / "watcher.toml", self.scene.clock(), traced=True)
        number = self.nursery.answer()["pid"]
        until(lambda: _state(number) == "T", what="the process does not wait for strace")
        command = ["strace", "-f", *options, "-p", str(number)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:  # noqa: S603 -- a list that we made
            assert strace.stderr is not None
            first = strace.stderr.readline()
            os.kill(number, signal.SIGCONT)
            answer = self.nursery.answer()
            strace.stderr.read()
        assert "attached" in first, first
        self.scene.quiet()
        return answer

    def _arrived(self) -> set[tuple[str, str]]:
        return {(one.destination, one.accession_number) for one in self.scene.arrivals()}

    def _called_delivered(self, folder: Path, parent: Path) -> set[tuple[str, str]]:
        """What the store says has been delivered; read from a copy, so that the next start finds what the fault left behind."""
        copy = Path(shutil.copytree(folder, parent / "copy")) / "watcher.db"
        with closing(sqlite3.connect(copy)) as reader:
            if not reader.execute("SELECT 1 FROM sqlite_master WHERE name = 'owed'").fetchone():
                return set()
            rows = reader.execute(
                "SELECT destination, accession_number FROM owed JOIN alert USING (event_id) WHERE state = 'delivered'"
            )
            return {(destination, number) for destination, number in rows}


def _state(process: int) -> str:
    """The state of a process as one letter, see proc(5)."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def _in_words(said: str) -> bool:
    """Whether the last line says why, for people, and nothing was left to a traceback."""
    return "Traceback" not in said and bool(_IN_WORDS.match(said.rstrip("\n").rpartition("\n")[2]))


def _all_trials(bench: Bench) -> Iterator[Trial]:
    for minute in SWEPT:
        for call, times in sorted(bench.calls(minute).items()):
            for fault in FAULTS:
                if "ENOSPC" not in fault or call in FILE_CALLS:
                    for at in range(1, times + 1):
                        yield Trial(minute, fault, call, at)


def run(trials: int | None = None, seed: int = 1, *, jobs: int = 2) -> Result:
    """The whole sweep, or as many trials of it drawn at random."""
    began = time.monotonic()
    result = Result(seed)
    with Bench(seed) as bench:
        chosen = list(_all_trials(bench))
    if trials is not None:
        chosen = Random(seed).sample(chosen, trials)  # noqa: S311 -- a script that repeats, not a secret
    with ThreadPoolExecutor(jobs) as pool:
        for part in pool.map(lambda share: _several(seed, share), [chosen[at::jobs] for at in range(jobs)]):
            for trial, (row, problem) in part:
                name = f"{trial.fault}: {trial.call}"
                result.rows[name] = result.rows.get(name, Row()) + row
                result.total += row
                if problem:
                    result.problems.append(problem)
                elif not row.good:
                    result.problems.append(f"{trial}: {row}")
    result.seconds = round(time.monotonic() - began, 1)
    return result


def _several(seed: int, trials: Sequence[Trial]) -> list[tuple[Trial, tuple[Row, str]]]:
    with Bench(seed) as bench:
        return [(trial, bench.try_one(trial)) for trial in trials]


def main() -> int:
    """Run the trials that the command line asks for."""
    parser = command_parser(__doc__)
    parser.add_argument("--trials", type=int, help="only so many, drawn at random")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    result = run(asked.trials, asked.seed, jobs=asked.jobs)
    sys.stdout.write(f"{result}\n" + "".join(f"{problem}\n" for problem in result.problems[:5]))
    write_result(result, asked.json)
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
