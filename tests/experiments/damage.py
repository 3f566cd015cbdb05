"""Damage the store in every way a disk or a person can, start the watcher on it, and count what is told wrongly.

    python -m tests.experiments.damage --trials 200 --seed 1 --json damage.json

A store with a past, told alerts and owed ones is kept. Each trial damages a copy of it (`--trials` flipped bits, a quarter as many
truncations, as many altered figures of balances and positions, and each of the other faults once), lets the watcher do a day's work on it,
and compares what was sent, byte for byte, with what the sound store sends. Then a backup is put back. Prints one line, and exits 1 if
anything was told wrongly or not at all without a word, if an error or an altered figure was not said in words, or if a backup could not be
put back. `said`: the watcher told of the damage itself, and went on.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import closing
from contextlib import contextmanager
from dataclasses import asdict
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.experiments.command_line import command_parser
from tests.experiments.command_line import write_result
from tests.experiments.damage_scene import Scene
from tests.experiments.damage_scene import Sent
from tests.world import DAY
from tests.world import NOON
from tests.world import World
from tests.world import run_watcher
from watcher.core.errors import WatcherError
from watcher.store import Store
from watcher.store.backup import restore

Fault = Callable[[Scene, Random], None]
COMMANDS_TRIED = 2  # faults of each kind after which a command is run as well, for its exit status


@dataclass(frozen=True, slots=True)
class Result:
    """What the trials came to. `wrong` messages differ from what a sound store sends, `lost` ones were not sent, without any word."""

    trials: int
    faults: dict[str, int]
    refused: int
    said: int
    dead: int
    harmless: int
    wrong: int
    lost: int
    unsaid: int
    not_restored: int
    seed: int
    seconds: float
    what: list[str]

    @property
    def good(self) -> bool:
        return not (self.wrong or self.lost or self.unsaid or self.not_restored)

    def __str__(self) -> str:
        return (
            f"damage trials={self.trials} faults={sum(self.faults.values())} refused={self.refused} said={self.said}"
            f" dead={self.dead} harmless={self.harmless} wrong={self.wrong} lost={self.lost} unsaid={self.unsaid}"
            f" not_restored={self.not_restored}"
        )


# --- faults -----------------------------------------------------------------------------------------------------------


def flipped_bit(scene: Scene, chance: Random) -> None:
    content = bytearray(scene.path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    scene.path.write_bytes(content)


def truncated(scene: Scene, chance: Random) -> None:
    os.truncate(scene.path, chance.randrange(scene.path.stat().st_size))


def zeroed_page(scene: Scene, chance: Random) -> None:
    with scene.path.open("r+b") as file:
        file.seek(4096 * chance.randrange(scene.path.stat().st_size // 4096))
        file.write(bytes(4096))


def altered_balance(scene: Scene, chance: Random) -> None:
    _alter(scene, "holding", chance.choice(("shares", "issuer_cik", "as_of", "filed_at", "accession_number")), chance)


def altered_position(scene: Scene, chance: Random) -> None:
    _alter(scene, "position", chance.choice(("shares", "moved", "opening", "before", "unexplained")), chance)


def _alter(scene: Scene, table: str, column: str, chance: Random) -> None:
    """One digit of one value is another, as after a flipped bit that no page notices."""
    with closing(sqlite3.connect(scene.path)) as connection, connection:
        rows = connection.execute(
            f"SELECT accession_number, {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY 1"  # noqa: S608 -- our own names
        ).fetchall()
        number, text = chance.choice(rows)
        at = chance.choice([place for place, sign in enumerate(text) if sign.isdigit()])
        altered = text[:at] + str((int(text[at]) + chance.randrange(1, 10)) % 10) + text[at + 1 :]
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE accession_number = ?", (altered, number))  # noqa: S608 -- our own names


def emptied(scene: Scene, _chance: Random) -> None:
    os.truncate(scene.path, 0)


def removed(scene: Scene, _chance: Random) -> None:
    scene.path.unlink()


def no_tables(scene: Scene, _chance: Random) -> None:
    scene.path.unlink()
    with closing(sqlite3.connect(scene.path)) as connection:
        connection.execute("PRAGMA user_version = 1")


def of_a_newer_release(scene: Scene, _chance: Random) -> None:
    with closing(sqlite3.connect(scene.path)) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('watcher', 'm999_later', '')"
        )


def of_another_program(scene: Scene, _chance: Random) -> None:
    scene.path.unlink()
    with closing(sqlite3.connect(scene.path)) as connection:
        connection.execute("CREATE TABLE bookmark (url TEXT)")


def log_of_another_store(scene: Scene, chance: Random) -> None:
    """A copy put in place by hand, beside the log that the store of before left when its machine went down."""
    with closing(sqlite3.connect(scene.path, isolation_level=None)) as connection:
        for _ in range(chance.randrange(1, 20)):
            connection.execute("INSERT INTO seen VALUES (?, '1', '2026')", (chance.random().hex(),))
        connection.execute("UPDATE alert SET title = 'of another store'")
        log = scene.file("-wal").read_bytes()
    shutil.copy(scene.backup, scene.path)
    scene.file("-wal").write_bytes(log)


def log_of_a_stranger(scene: Scene, _chance: Random) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(sqlite3.connect(Path(folder) / "other.db", isolation_level=None)) as other,
    ):
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("CREATE TABLE bookmark (url TEXT)")
        other.execute("INSERT INTO bookmark VALUES ('nowhere')")
        shutil.copy(Path(folder) / "other.db-wal", scene.file("-wal"))


def read_only(scene: Scene, _chance: Random) -> None:
    scene.path.chmod(0o444)
    scene.path.parent.chmod(0o555)


ONCE: tuple[Fault, ...] = (
    *(emptied, removed, no_tables, of_a_newer_release, of_another_program, log_of_another_store, log_of_a_stranger, read_only),
)


FIGURES: tuple[Fault, ...] = (altered_balance, altered_position)


@contextmanager
def without_roots_rights(fault: Fault, folder: Path) -> Iterator[None]:
    """For root no folder is read-only."""
    lowered = fault is read_only and os.geteuid() == 0
    if lowered:
        os.seteuid(65534)
    try:
        yield
    finally:
        if lowered:
            os.seteuid(0)
        folder.chmod(0o755)


# --- trials -----------------------------------------------------------------------------------------------------------


class Trials:
    """The count."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self.scene = scene
        self.seed = seed
        self.chance = Random(seed)  # noqa: S311 -- a script that repeats, not a secret
        self.count: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.what: list[str] = []
        scene.reset()
        self.sound, _, said = scene.work()
        assert not said, "the sound store is called sound"
        assert len(self.sound) == 4, "two owed and two new"

    def run(self, fault: Fault) -> None:
        scene = self.scene
        scene.reset()
        fault(scene, self.chance)
        self.faults[fault.__name__] += 1
        try:
            with without_roots_rights(fault, scene.path.parent):
                sent, dead, said = scene.work()
        except WatcherError:
            self.count["refused"] += 1
        except Exception as error:  # noqa: BLE001 -- counted: every error is to be one of ours, in words
            self._note("unsaid", fault, f"{type(error).__name__}: {error}")
        else:
            self._judge(fault, sent, dead, said=said)
        self._command(fault)
        self._restore(fault)

    def _judge(self, fault: Fault, sent: Sent, dead: int, *, said: bool) -> None:
        wrong = [event for event, what in sent.items() if self.sound.get(event) != what]
        missing = self.sound.keys() - sent.keys()
        if said:
            self.count["said"] += 1
        elif fault in FIGURES:
            self._note("unsaid", fault, "the altered figure")
        elif wrong:
            self._note("wrong", fault, f"{len(wrong)} messages, {_difference(self.sound.get(wrong[0]), sent[wrong[0]])}")
        elif missing and not dead:
            self._note("lost", fault, f"{len(missing)} messages")
        else:
            self.count["dead" if missing else "harmless"] += 1

    def _command(self, fault: Fault) -> None:
        if self.faults[fault.__name__] > COMMANDS_TRIED:
            return
        done = run_watcher(self.scene.path.parent / "watcher.toml", "status")
        if done.returncode not in (0, 1) or "Traceback" in done.stderr:
            self._note("unsaid", fault, f"watcher status: {done.returncode} {done.stderr[-300:]}")

    def _restore(self, fault: Fault) -> None:
        try:
            restore(self.scene.path, self.scene.backup, NOON + DAY)
            with closing(Store(self.scene.path)) as store:
                trouble = store.integrity()
        except WatcherError as error:
            trouble = str(error)
        if trouble:
            self._note("not_restored", fault, trouble)

    def _note(self, kind: str, fault: Fault, text: str) -> None:
        self.count[kind] += 1
        self.what.append(f"{kind} after {fault.__name__} {self.faults[fault.__name__]}: {text}")


def _difference(sound: tuple[object, bytes] | None, sent: tuple[object, bytes]) -> str:
    if sound is None:
        return "an event that a sound store does not make"
    try:
        before, after = json.loads(sound[1]), json.loads(sent[1])
    except ValueError:
        return "a body that is no JSON"
    return "otherwise in " + ", ".join(name for name in before if before[name] != after.get(name))


def run(trials: int, seed: int) -> Result:
    """`trials` flipped bits, a quarter as many truncations, as many altered figures, fewer zeroed pages, and every other fault once."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="damage-") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        home.mkdir(mode=0o755)
        with World(home) as world:
            counted = Trials(Scene(world, Path(folder)), seed)
            many = (
                (flipped_bit, trials),
                (truncated, trials // 4),
                (zeroed_page, trials // 10),
                *((one, trials // 8) for one in FIGURES),
            )
            plan = [fault for fault, times in many for _ in range(times)] + list(ONCE)
            for fault in plan:
                counted.run(fault)
    names = ("refused", "said", "dead", "harmless", "wrong", "lost", "unsaid", "not_restored")
    return Result(
        trials=len(plan),
        faults=dict(counted.faults),
        **{name: counted.count[name] for name in names},
        seed=seed,
        seconds=round(time.monotonic() - begun, 1),
        what=counted.what,
    )


def main() -> int:
    """Run the trials that the command line asks for."""
    asked = command_parser(__doc__, trials=200).parse_args()
    result = run(asked.trials, asked.seed)
    sys.stdout.write("\n".join((str(result), *result.what, json.dumps(asdict(result)), "")))
    write_result(result, asked.json)
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
