"""Kill a backfill at random moments, begin it again, and compare the store with that of one that nobody killed.

    python -m tests.experiments.backfill --kills 10 --filings 200

Both ways of it: filing by filing from the bundled EDGAR, at the pace of the past, and two data sets whose issuers are read in processes
of their own. Prints one line and the same as JSON; exit 1 if a table differs, or if anybody would be told.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.contents import content
from tests.experiments.command_line import command_parser
from tests.experiments.command_line import write_result
from tests.history import Filed
from tests.quarter import of_issuers
from tests.quarter import packed
from tests.quarter import quarter_of
from tests.world import REPOSITORY
from tests.world import TERMINAL
from tests.world import environment
from tests.world import real_now
from tests.world import write_config
from watcher.config import load
from watcher.demo.edgar import BundledEdgar
from watcher.demo.filings import filing
from watcher.edgar import Edgar
from watcher.pace import Pace
from watcher.pace import pace_path
from watcher.resolve import resolve
from watcher.store import Store

WATCH = ('cik = "0009990001"',)
ISSUERS = 4
LONGEST = 600.0  # seconds for one command


@dataclass(frozen=True, slots=True)
class Result:
    """What a trial came to. `kills` hit a backfill at work; `differing` names the tables that are not the same in the end."""

    trials: int
    kills: int
    filings: int
    differing: tuple[str, ...]
    owed: int
    seed: int
    seconds: float

    @property
    def good(self) -> bool:
        return not self.differing and not self.owed

    def __str__(self) -> str:
        return f"backfill trials={self.trials} kills={self.kills} filings={self.filings} differing={len(self.differing)} owed={self.owed}"


def run(kills: int, filings: int, seed: int) -> Result:
    """Both ways once undisturbed, and once killed about `kills` times in all."""
    chance = Random(seed)  # noqa: S311 -- a script that repeats, not a secret
    begun = time.monotonic()
    made = of_issuers(seed, filings, ISSUERS)
    listed = [one for one in made if one.document.issuer.cik == "0009990001"][: max(filings // 4, 10)]
    with tempfile.TemporaryDirectory(prefix="backfill-") as folder, BundledEdgar(real_now) as edgar:
        edgar.add_issuer("EX0", "0009990001", "Example 0 Corp")
        for one in listed:
            edgar.file(filing(one.accession_number, one.document), accepted_at=one.filed_at)
        only_listed = {one.accession_number for one in listed[::2]}
        commands = _commands(Path(folder), [one for one in made if one.accession_number not in only_listed])
        whole = _prepared(Path(folder) / "whole", edgar)
        seconds = [_undisturbed(whole, command) for command in commands]
        broken = _prepared(Path(folder) / "broken", edgar)
        hit = 0
        for number, command in enumerate(commands):
            hit += _killed(broken, command, kills // len(commands) + (number < kills % len(commands)), seconds[number], chance)
            _undisturbed(broken, command)
        ours, theirs = (_content(config) for config in (whole, broken))
    return Result(
        trials=1,
        kills=hit,
        filings=len(ours["filing"]),
        differing=tuple(name for name in ours if ours[name] != theirs[name]),
        owed=len(ours["owed"]) + len(theirs["owed"]) + len(ours["alert"]) + len(theirs["alert"]),
        seed=seed,
        seconds=round(time.monotonic() - begun, 1),
    )


def _commands(folder: Path, made: list[Filed]) -> tuple[tuple[str, ...], ...]:
    """Two data sets with everything in them, then what EDGAR lists of the watch: new filings, and originals of what is known."""
    sets = [str(packed(quarter_of(made[part::2]), folder / f"{part}.zip")) for part in range(2)]
    return (("--all", "--dataset", sets[0], "--dataset", sets[1]), ("--since", "2000-01-01"))


def _prepared(folder: Path, edgar: BundledEdgar) -> Path:
    """A configuration, and a store that watches and has nothing to read."""
    folder.mkdir()
    path = write_config(folder, edgar.url, {"desk": TERMINAL}, WATCH)
    config = load(path, {})
    store = Store(config.store.path)
    door = Edgar(config.edgar, Pace(pace_path(config.store.path)), now=real_now)
    resolve(door, store, config, now=real_now())
    for watch in store.watches():
        store.set_baseline(watch.key, "done")
    door.close()
    store.close()
    return path


def _start(config: Path, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 -- our own program
        [sys.executable, "-m", "watcher", "backfill", *command, "--config", str(config)],
        cwd=REPOSITORY,
        env=environment(config.parent),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _undisturbed(config: Path, command: tuple[str, ...]) -> float:
    """How many seconds it takes to its end."""
    begun = time.monotonic()
    process = _start(config, command)
    _, said = process.communicate(timeout=LONGEST)
    assert process.returncode == 0, said.decode()
    return time.monotonic() - begun


def _killed(config: Path, command: tuple[str, ...], kills: int, seconds: float, chance: Random) -> int:
    """Begin it again and again and kill it, with all its processes or alone, so that each time gets a little further."""
    hit = 0
    for _ in range(kills):
        process = _start(config, command)
        time.sleep(chance.uniform(0.2, max(2 * seconds / (kills + 1), 0.6)))
        if process.poll() is None:
            hit += 1
            if chance.random() < 0.5:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        process.communicate()
    return hit


def _content(config: Path) -> dict[str, list[tuple[object, ...]]]:
    store = Store(load(config, {}).store.path)
    assert store.integrity() is None
    found = content(store)
    store.close()
    return found


def main() -> int:
    """Run the trial that the command line asks for."""
    parser = command_parser(__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--filings", type=int, default=200, help="of each of four issuers")
    asked = parser.parse_args()
    result = run(asked.kills, asked.filings, asked.seed)
    sys.stdout.write(f"{result}\n{json.dumps(asdict(result))}\n")
    write_result(result, asked.json)
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
