"""Is the SEC asked no more than it allows, by all processes together, also while they are killed and started again?

    python -m tests.experiments.fair [--trials 5] [--seconds 60] [--restarts 50] [--seed 1] [--json PATH]

One trial: the real daemon and three more processes that ask through the same door as fast as they are let, for half of the time; then four
such processes and an EDGAR that shuts everybody out, under a fast clock, so that two blocks run out. All the while one process after the
other is killed (SIGKILL) and started again. What counts is what the server counts: requests in any one second of the first part, and in any
ten minutes of the second. Prints one line and the same as JSON; exit 1 if there were more than 8, or more than one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Protocol

from tests.experiments.command_line import command_parser
from tests.experiments.command_line import write_result
from tests.world import CONTACT
from tests.world import REPOSITORY
from tests.world import TERMINAL
from tests.world import DaemonProcess
from tests.world import a_sale
from tests.world import environment
from tests.world import real_now
from tests.world import until
from tests.world import write_config
from watcher.config import EdgarConfig
from watcher.core.errors import EdgarError
from watcher.demo.edgar import BundledEdgar
from watcher.edgar import Edgar
from watcher.pace import Pace
from watcher.pace import pace_path

PROCESSES = 4
MOST = 8  # requests in any one second
BLOCK = 600.0  # seconds
SPEED = 50.0  # of the second part's clock: a block lasts 12 seconds
# What left before the first refusal came back cannot be called back. By the server's real clock, in seconds.
UNDER_WAY = 0.25
PAST = 300  # filings that the daemon has to read: more than it can in the time


@dataclass(frozen=True, slots=True)
class Result:
    """What the server counted. `most` requests in any one second; `most_blocked` in any ten minutes in which it shut everybody out."""

    trials: int
    processes: int
    restarts: int
    requests: int
    most: int
    most_blocked: int
    under_way: int
    seed: int
    seconds: float

    @property
    def good(self) -> bool:
        return self.most <= MOST and self.most_blocked <= 1 and self.requests > MOST

    def __str__(self) -> str:
        return (
            f"fair trials={self.trials} processes={self.processes} restarts={self.restarts} requests={self.requests} "
            f"most_in_a_second={self.most} most_in_ten_minutes_of_block={self.most_blocked} under_way={self.under_way}"
        )


def most_within(times: Sequence[float], span: float) -> int:
    """The most of these times (ascending, in seconds) that lie within less than `span` of each other."""
    return max((number - bisect_right(times, at - span) + 1 for number, at in enumerate(times)), default=0)


# --- the processes --------------------------------------------------------------------------------------------------------------


class Process(Protocol):
    """What can be killed."""

    def kill(self) -> None: ...


class Asking:
    """A process that asks as fast as it is let; its clock runs `speed` times as fast as the real one, from `origin` (seconds) on."""

    def __init__(self, url: str, store: Path, origin: float, speed: float) -> None:
        command = [sys.executable, "-m", "tests.experiments.fair", "--ask", url, str(store), str(origin), str(speed)]
        self._process = subprocess.Popen(  # noqa: S603 -- itself
            command, cwd=REPOSITORY, env=environment(store.parent)
        )

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


class Watching:
    """The real daemon."""

    def __init__(self, config: Path) -> None:
        self._process = DaemonProcess(config)
        self._process.__enter__()

    def kill(self) -> None:
        self._process.kill()


def ask(url: str, store: Path, origin: float, speed: float) -> None:
    """Ask until killed."""

    def now() -> datetime:
        return datetime.fromtimestamp(origin + (time.time() - origin) * speed, UTC)

    door = Edgar(EdgarConfig(CONTACT, www_url=url, data_url=url, efts_url=url), Pace(pace_path(store)), now=now)
    while True:
        with suppress(EdgarError):
            door.tickers()
            continue
        time.sleep(0.005)


def storm(
    starts: Sequence[Callable[[], Process]], restarts: int, seconds: float, chance: Random, begun: Callable[[], bool]
) -> None:
    """Start all, and once `begun` kill and start again one after the other, evenly over the time."""
    running = [start() for start in starts]
    try:
        until(begun, what="nobody asked")
        ends = time.monotonic() + seconds
        for left in range(restarts, 0, -1):
            time.sleep(max(0.0, (ends - time.monotonic()) / (left + 1)))
            victim = chance.randrange(len(running))
            running[victim].kill()
            running[victim] = starts[victim]()
        time.sleep(max(0.0, ends - time.monotonic()))
    finally:
        for process in running:
            process.kill()


# --- one trial ------------------------------------------------------------------------------------------------------------------


def in_peace(folder: Path, restarts: int, seconds: float, chance: Random) -> list[float]:
    """The times (monotonic, in seconds) at which an EDGAR that answers was asked."""
    with BundledEdgar(real_now) as edgar:
        edgar.add_issuer("EXMP", "0009990001", "Example Corp")
        for number in range(1, PAST + 1):
            edgar.file(a_sale(number), accepted_at=real_now() - timedelta(hours=number))
        config = write_config(folder, edgar.url, {"desk": TERMINAL})
        asking = [lambda: Asking(edgar.url, folder / "watcher.db", 0, 1)] * (PROCESSES - 1)
        storm([lambda: Watching(config), *asking], restarts, seconds, chance, lambda: len(edgar.requests) > MOST)
        assert any("browse-edgar" in request.path for request in edgar.requests), "the daemon did not ask"
        return [request.at for request in edgar.requests]


def shut_out(folder: Path, restarts: int, seconds: float, chance: Random, speed: float = SPEED) -> tuple[list[float], int]:
    """The times (in seconds of the fast clock) at which an EDGAR that refuses was asked; and how many requests were under way."""
    origin = time.time()
    with BundledEdgar(real_now) as edgar:
        edgar.add_issuer("EXMP", "0009990001", "Example Corp")
        asking = [lambda: Asking(edgar.url, folder / "blocked.db", origin, speed)] * PROCESSES
        answered: list[int] = []

        def begun() -> bool:
            with edgar.lock:
                if len(edgar.requests) > MOST and not answered:
                    edgar.fault("blocked")
                    answered.append(len(edgar.requests))
            return bool(answered)

        storm(asking, restarts, seconds, chance, begun)
        first, *later = [request.at for request in edgar.requests[answered[0] :]]
    under_way = sum(at <= first + UNDER_WAY for at in later)
    return [at * speed for at in (first, *later[under_way:])], under_way


def trial(restarts: int, seconds: float, seed: int) -> Result:
    """Both parts, one after the other, each with half of time and restarts."""
    chance = Random(seed)  # noqa: S311 -- a script that repeats, not a secret
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fair-") as folder:
        share = restarts // 2
        peace = in_peace(Path(folder), share, seconds / 2, chance)
        block, under_way = shut_out(Path(folder), restarts - share, seconds / 2, chance)
    return Result(
        trials=1,
        processes=PROCESSES,
        restarts=restarts,
        requests=len(peace),
        most=most_within(sorted(peace), 1.0),
        most_blocked=most_within(sorted(block), BLOCK),
        under_way=under_way,
        seed=seed,
        seconds=round(time.monotonic() - begun, 1),
    )


def run(trials: int, restarts: int, seconds: float, seed: int) -> Result:
    """So many trials; the worst of each count."""
    results = [trial(restarts, seconds, seed + number) for number in range(trials)]
    return Result(
        trials=trials,
        processes=PROCESSES,
        restarts=sum(result.restarts for result in results),
        requests=sum(result.requests for result in results),
        most=max(result.most for result in results),
        most_blocked=max(result.most_blocked for result in results),
        under_way=max(result.under_way for result in results),
        seed=seed,
        seconds=sum(result.seconds for result in results),
    )


def main() -> int:
    """Run the trials that the command line asks for."""
    parser = command_parser(__doc__, trials=5)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--restarts", type=int, default=50)
    parser.add_argument("--ask", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.ask:
        url, store, origin, speed = asked.ask
        ask(url, Path(store), float(origin), float(speed))
    result = run(asked.trials, asked.restarts, asked.seconds, asked.seed)
    sys.stdout.write(f"{result}\n{json.dumps(asdict(result))}\n")
    write_result(result, asked.json)
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
