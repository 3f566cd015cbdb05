"""Damaged configurations: each a clear error at the right line, or taken as it is; never a traceback, never for long.

    python -m tests.experiments.configs [--trials 500] [--seed 1] [--daemon 40] [--json PATH]

A whole configuration is damaged in one place: bytes, lines, types, keys, figures, nesting, encodings, files that are folders, pipes or not
there. It is then read here, a part of them by `watcher check` in a process of its own; another, smaller one by a daemon that is told to
(SIGHUP), and must go on by the configuration that it had. Where the damage has a line of its own, a problem must be said of that line.
Exit 1 if anything else happens.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from random import Random
from types import FrameType

from tests.experiments.command_line import command_parser
from tests.experiments.command_line import write_result
from tests.experiments.config_damage import CONFIG
from tests.experiments.config_damage import DAMAGES
from tests.experiments.config_damage import ENVIRON
from tests.experiments.config_damage import OF_ONE_LINE
from tests.experiments.config_damage import Damage
from tests.experiments.config_damage import a_pair
from tests.experiments.config_damage import lay
from tests.world import EXAMPLE
from tests.world import DaemonProcess
from tests.world import a_sale
from tests.world import real_now
from tests.world import run_watcher
from tests.world import until
from tests.world import write_config
from watcher.config import load
from watcher.core.errors import ConfigError
from watcher.core.errors import Problem
from watcher.demo.edgar import BundledEdgar

SECONDS = 2.0  # for one reading


# --- what must be so ----------------------------------------------------------------------------------------------------


class TooLongError(Exception):
    """A reading did not end in time."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Stop what takes longer."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def faults(folder: Path, damage: Damage) -> tuple[list[str], list[Problem]]:
    """What is wrong about the reading of a damaged configuration, and the problems that it was said to have."""
    try:
        with limited(SECONDS):
            load(folder / CONFIG, ENVIRON)
    except ConfigError as error:
        return list(_unclear(folder, damage, error.problems)), error.problems
    except Exception as error:  # noqa: BLE001 -- any other error is what is looked for
        return [f"{type(error).__name__}: {error}"], []
    return [], []


def _unclear(folder: Path, damage: Damage, problems: list[Problem]) -> Iterator[str]:
    if damage.fine:
        yield f"refused: {problems[0]}"
    if damage.line and not any(Path(each.file) == folder / damage.file and each.line == damage.line for each in problems):
        yield f"not said of line {damage.line}: {problems[0]}"
    for each in problems:
        if not each.text.isprintable() or not each.file.startswith(str(folder)):
            yield f"not clear: {each}"
        if "hush" in each.text:
            yield "a secret is shown"
        path = Path(each.file)
        if path.is_file() and path.stat().st_size < 10**6 and not 1 <= each.line <= path.read_bytes().count(b"\n") + 1:
            yield f"no such line: {each}"


def by_command(folder: Path, problems: list[Problem]) -> Iterator[str]:
    """`watcher check`, in a process of its own, must say the same, or more: it asks Apprise too."""
    done = run_watcher(folder / CONFIG, "check", "--no-secrets", seconds=20)
    if done.returncode not in ((2,) if problems else (0, 2)) and not all("url" in each.text for each in problems):
        yield f"`watcher check` ended with {done.returncode}"
    if "Traceback" in done.stdout + done.stderr or (done.returncode == 2 and not done.stdout):
        yield f"`watcher check` said {(done.stdout + done.stderr)[-200:]!r}"


# --- a daemon that is running -------------------------------------------------------------------------------------------


def disturbed(count: int, chance: Random, folder: Path) -> tuple[int, list[str]]:
    """Tell a daemon `count` times to read a configuration that is damaged; how often it refused, and what it did that it should not."""
    found: list[str] = []
    with BundledEdgar(real_now) as edgar:
        edgar.add_issuer("EXMP", EXAMPLE.cik or "", EXAMPLE.name or "")
        good = write_config(folder, edgar.url, {"desk": "terminal = true"}).read_text("utf-8")
        path, refused = folder / CONFIG, 0
        with DaemonProcess(path) as daemon:
            daemon.says("watching 1")
            until(lambda: edgar.requests)
            for _ in range(count):
                what = _damaged_for_the_daemon(path, good, chance)
                try:
                    with limited(SECONDS):
                        load(path, {})
                    continue  # it does no harm
                except ConfigError:
                    refused += 1
                daemon.reload()
                daemon.says("the configuration was not reloaded", times=refused)
                if "Traceback" in daemon.log or daemon.process.poll() is not None:
                    found.append(f"the daemon, after {what}")
            edgar.file(a_sale(1), accepted_at=real_now())
            daemon.says("0000000000-26-000001 ingested, 1 alert")
            until(lambda: "sold 1,000" in daemon.log, what="the alert was not printed")
            if (status := daemon.stop()) != 0:
                found.append(f"the daemon ended with {status}")
    return refused, found


def _damaged_for_the_daemon(path: Path, good: str, chance: Random) -> str:
    if path.is_dir():
        path.rmdir()
    path.unlink(missing_ok=True)
    path.write_text(good, "utf-8")
    match chance.choice(["line", "line", "line", "cut", "folder", "pipe", "gone", "huge"]):
        case "cut":
            path.write_text(good[: chance.randrange(len(good))], "utf-8")
            return "cut off"
        case "folder" | "pipe" | "gone" as what:
            path.unlink()
            if what != "gone":
                path.mkdir() if what == "folder" else os.mkfifo(path)
            return what
        case _:
            rows = good.split("\n")
            index, key, value = a_pair(rows, chance)
            rows[index] = chance.choice(OF_ONE_LINE)(key, value, chance)
            path.write_bytes("\n".join(rows).encode("utf-8", "surrogateescape"))
            return rows[index][:60]


# --- the experiment -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Result:
    """How many were read, refused, refused at the line of the damage; the longest reading in seconds."""

    trials: int
    refused: int
    with_line: int
    commands: int
    reloads: int
    slowest: float
    by_kind: dict[str, int]
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"configs trials={self.trials} faults={len(self.faults)} refused={self.refused} with_line={self.with_line} "
            f"commands={self.commands} reloads={self.reloads} slowest={self.slowest:.2f}s"
        )


def run(trials: int, seed: int, *, daemon: int, every: int = 10) -> Result:
    """Damage `trials` configurations; each `every`th is given to the command too, and `daemon` further ones to a daemon."""
    chance = Random(seed)  # noqa: S311 -- it must be repeatable
    found: list[str] = []
    kinds: Counter[str] = Counter()
    refused = with_line = commands = 0
    slowest = 0.0
    for trial in range(trials):
        kind = list(DAMAGES)[trial % len(DAMAGES)]
        with tempfile.TemporaryDirectory(prefix="configs-") as name:
            folder = Path(name)
            lay(folder)
            damage = DAMAGES[kind](folder, chance)
            began = time.monotonic()
            wrong, problems = faults(folder, damage)
            slowest = max(slowest, time.monotonic() - began)
            refused += bool(problems)
            with_line += bool(problems and damage.line)
            kinds[kind] += bool(problems)
            if trial % every == 0:
                commands += 1
                wrong += by_command(folder, problems)
            found += [f"{kind}: {damage.what}: {each}" for each in wrong]
    with tempfile.TemporaryDirectory(prefix="configs-") as name:
        reloads, wrong = disturbed(daemon, chance, Path(name)) if daemon else (0, [])
    return Result(trials, refused, with_line, commands, reloads, round(slowest, 3), dict(kinds), found + wrong)


def main() -> int:
    """Run it as the command line asks."""
    parser = command_parser(__doc__, trials=500)
    parser.add_argument("--daemon", type=int, default=40, help="how many a running daemon is told to read")
    asked = parser.parse_args()
    result = run(asked.trials, asked.seed, daemon=asked.daemon)
    sys.stdout.write(f"{result}\n" + "".join(f"  {each}\n" for each in result.faults[:40]))
    write_result(result, asked.json)
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
