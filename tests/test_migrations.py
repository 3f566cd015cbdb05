"""A store of an earlier release becomes one of this release, or stays what it was, whenever it is killed; and a copy is kept first."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from types import FrameType

import pytest
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from tests.world import NOON
from tests.world import REPOSITORY
from tests.world import environment
from watcher.core.errors import StoreError
from watcher.core.listing import FilingRef
from watcher.core.listing import Party
from watcher.store import Lock
from watcher.store import Store
from watcher.store import StoredWatch
from watcher.store.schema import migrations

RELEASED = Path(__file__).parent / "released"
CIK = "0009990001"
STRIDE = int(os.environ.get("KILL_STRIDE", "5"))  # 1 kills at every call; more takes less time

# A step as a later release may have it: a table rebuilt that others refer to, rows moved, an index.
SECOND_STEP = (
    "CREATE TABLE watch_note (key TEXT PRIMARY KEY REFERENCES watch, text TEXT NOT NULL) STRICT",
    "INSERT INTO watch_note SELECT key, 'first seen ' || first_seen_at FROM watch",
    (
        "CREATE TABLE filing_party_new (accession_number TEXT NOT NULL REFERENCES filing, cik TEXT NOT NULL, role TEXT NOT NULL,"
        " name TEXT NOT NULL, position INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (accession_number, cik, role)) STRICT, WITHOUT ROWID"
    ),
    "INSERT INTO filing_party_new SELECT accession_number, cik, role, name, 0 FROM filing_party",
    "DROP TABLE filing_party",
    "ALTER TABLE filing_party_new RENAME TO filing_party",
    "CREATE INDEX filing_party_cik ON filing_party (cik)",
    "ALTER TABLE filing ADD COLUMN weight INTEGER NOT NULL DEFAULT 1",
    "UPDATE filing SET weight = 2 WHERE state = 'pending'",
)


def later(
    statements: tuple[str, ...] = SECOND_STEP, *, name: str = "m900_later", before: Callable[[int], None] = lambda _number: None
) -> Migrations:
    """The steps of this release and one more; `before` is called with the number of each statement of it, and once after the last."""
    steps = Migrations("watcher")
    for step in migrations.pending(Database(memory=True)):
        steps(name=step.name)(step.fn)

    @steps(name=name)
    def _later(db: Database) -> None:
        for number, statement in enumerate(statements):
            before(number)
            db.execute(statement)
        before(len(statements))

    return steps


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "watcher.db"
    make_store(path)
    return path


def make_store(path: Path) -> None:
    with closing(Store(path)) as store:
        store.set_watches([StoredWatch(f"issuer:{CIK}", "issuer", CIK, "EXMP", None, ("default",), NOON, "done")], NOON)
        parties = (Party(CIK, "issuer", "Example Corp"),)
        store.remember(
            [FilingRef(f"0000000000-26-{number:06}", "4", parties, CIK, NOON) for number in range(50)], now=NOON, found_by="feed"
        )


def contents(path: Path) -> dict[str, list[str]]:
    """Every table, index and row of a database, read by nothing of ours; the record of applied steps has no times here."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = {"": sorted(str(row) for row in connection.execute("SELECT type, name, sql FROM sqlite_master"))}
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = "name" if name == "_sqlite_migrations" else "*"
            found[name] = sorted(str(row) for row in connection.execute(f"SELECT {columns} FROM {name}"))  # noqa: S608 -- our own tables
    return found


# --- the steps ----------------------------------------------------------------------------------------------------------


def test_every_released_step_is_one_transaction() -> None:
    assert all(step.transactional for step in migrations.pending(Database(memory=True)))


def test_the_steps_are_applied_in_the_order_of_their_names() -> None:
    names = [step.name for step in migrations.pending(Database(memory=True))]
    assert names == sorted(names)


def test_a_later_step_is_applied_and_keeps_what_was_there(path: Path) -> None:
    before = contents(path)
    with closing(Store(path, steps=later())) as store:
        assert store.value("SELECT count(*) FROM filing WHERE weight = 2") == 50
        assert store.value("PRAGMA foreign_keys") == 1
        assert len(store.pending("live", NOON)) == 50
    after = contents(path)
    assert {name for name in before if before[name] != after[name]} == {"", "_sqlite_migrations", "filing", "filing_party"}


def test_a_step_applied_before_is_not_applied_again(path: Path) -> None:
    Store(path, steps=later()).close()
    after = contents(path)
    Store(path, steps=later()).close()
    assert contents(path) == after


def test_a_step_that_fails_leaves_the_store_as_it_was(path: Path) -> None:
    before = contents(path)
    with pytest.raises(StoreError):
        Store(path, steps=later((*SECOND_STEP, "INSERT INTO no_such_table VALUES (1)")))
    assert contents(path) == before
    Store(path).close()


def test_a_step_that_leaves_rows_without_what_they_refer_to_is_undone(path: Path) -> None:
    before = contents(path)
    with pytest.raises(StoreError, match=r"m900_later would leave rows of filing_party without"):
        Store(path, steps=later(("DELETE FROM filing WHERE accession_number LIKE '%7'",)))
    assert contents(path) == before


def test_each_of_two_steps_counts_by_itself(path: Path) -> None:
    steps = later()

    @steps(name="m901_fails")
    def _fails(db: Database) -> None:
        db.execute("CREATE TABLE half (a) STRICT")

    with pytest.raises(StoreError):
        Store(path, steps=steps)
    assert "weight" in str(contents(path)["filing"]) or "m900_later" in str(contents(path)["_sqlite_migrations"])
    assert "half" not in contents(path)
    assert "m901_fails" not in str(contents(path)["_sqlite_migrations"])


# --- killed in the middle -------------------------------------------------------------------------------------------------


def in_a_child(work: Callable[[], object]) -> int:
    """Do it in a process of its own; its exit status, or minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("number", range(len(SECOND_STEP) + 1))
def test_killed_before_any_statement_of_a_step_the_store_is_as_before_it(path: Path, number: int) -> None:
    before = contents(path)
    steps = later(before=lambda statement: die() if statement == number else None)
    assert in_a_child(lambda: Store(path, steps=steps)) == -signal.SIGKILL
    assert contents(path) == before
    with closing(Store(path, steps=later())) as store:
        assert store.value("SELECT count(*) FROM watch_note") == 1


def upgrade_killed(path: Path, number: int) -> None:
    """Bring a store up to date, killed before the call with this number that reaches SQLite or the system's files."""
    left = number

    def look(_frame: FrameType, event: str, called: object) -> None:
        nonlocal left
        if event == "c_call" and getattr(called, "__qualname__", "") in _REACHING:
            if left == 0:
                die()
            left -= 1

    sys.setprofile(look)
    Store(path, steps=later()).close()


_REACHING = {
    *("connect", "Connection.execute", "Connection.backup", "Connection.close", "Cursor.execute", "Cursor.fetchone"),
    *("open", "close", "fsync", "replace", "unlink"),
}


def test_killed_at_any_call_of_an_upgrade_the_store_has_the_old_schema_or_the_new(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    make_store(old)
    make_store(new)
    Store(new, steps=later()).close()
    either = [contents(old), contents(new)]
    seen: list[int] = []
    status, number = -signal.SIGKILL, 0
    while status == -signal.SIGKILL:
        path = tmp_path / f"{number}.db"
        path.write_bytes(old.read_bytes())
        status = in_a_child(partial(upgrade_killed, path, number))
        found = contents(path)
        assert found in either, f"killed before call {number}"
        seen.append(either.index(found))
        assert all(contents(copy) == either[0] for copy in tmp_path.glob(f"{path.name}.before-*"))
        Store(path, steps=later()).close()  # the next start ends it
        assert contents(path) == either[1]
        number += STRIDE
    assert status == 0
    assert seen == sorted(seen), "first the old schema, then the new"
    assert number > 50


# --- the copy kept first --------------------------------------------------------------------------------------------------


def copies(path: Path) -> list[str]:
    return sorted(copy.name for copy in path.parent.iterdir() if ".before-" in copy.name)


def test_a_new_store_needs_no_copy(path: Path) -> None:
    assert copies(path) == []


def test_the_store_of_before_is_kept_verified_and_for_this_user_only(path: Path) -> None:
    before = contents(path)
    Store(path, steps=later()).close()
    assert copies(path) == ["watcher.db.before-m900_later"]
    copy = path.with_name("watcher.db.before-m900_later")
    assert contents(copy) == before
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    Store(copy, create=False).close()


def test_the_latest_two_are_kept(path: Path) -> None:
    steps = later()
    for number in range(4):
        steps(name=f"m90{number + 1}_more")(lambda db, table=f"t{number}": db.execute(f"CREATE TABLE {table} (a INTEGER) STRICT"))
        Store(path, steps=steps).close()
    assert copies(path) == ["watcher.db.before-m903_more", "watcher.db.before-m904_more"]


@pytest.fixture
def _no_room(tmp_path: Path) -> Iterator[None]:
    """Every file of this process may have as many bytes as the store has, and no more than a page for another."""
    yield
    assert not list(tmp_path.glob(".*.part"))


def run_python(code: str, *arguments: str, home: Path) -> int:
    # What is compiled under a limit would be cut short for all who come after.
    alone = environment(home, PYTHONDONTWRITEBYTECODE="1")
    done = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-c", code, *arguments], cwd=REPOSITORY, env=alone, timeout=60, check=False
    )
    return done.returncode


_LIMITED = """
import resource, signal, sys
from pathlib import Path
from tests.test_migrations import later
from watcher.core.errors import StoreError
from watcher.store import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    Store(Path(sys.argv[1]), steps=later())
except StoreError as error:
    sys.exit(7 if "was not brought to this release's schema, because no copy could be kept first" in str(error) else 8)
"""


@pytest.mark.parametrize("limit", [40_000, 65_536])
@pytest.mark.usefixtures("_no_room")
def test_without_room_for_the_copy_nothing_is_changed(path: Path, limit: int) -> None:
    before = contents(path)
    assert path.stat().st_size > limit
    assert run_python(_LIMITED, str(path), str(limit), home=path.parent) == 7
    assert (contents(path), copies(path)) == (before, [])


# --- who may --------------------------------------------------------------------------------------------------------------


def test_a_command_does_not_upgrade_a_store_under_the_feet_of_its_watcher(path: Path) -> None:
    before = contents(path)
    lock = Lock(path)
    try:
        with pytest.raises(StoreError, match="of an earlier release, whose watcher is still running"):
            Store(path, create=False, steps=later())
        assert contents(path) == before
    finally:
        lock.release()
    Store(path, create=False, steps=later()).close()


def test_a_store_of_a_newer_release_is_left_as_it_is(path: Path) -> None:
    Store(path, steps=later()).close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"newer release \(it knows m900_later\)"):
        Store(path)
    assert path.read_bytes() == before


def test_processes_that_upgrade_at_once_all_succeed(path: Path) -> None:
    code = "import sys; from pathlib import Path; from tests.test_migrations import later; from watcher.store import Store;"
    code += "Store(Path(sys.argv[1]), steps=later()).close()"
    opening = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=REPOSITORY, env=environment(path.parent))  # noqa: S603 -- our own program
        for _ in range(3)
    ]
    assert [process.wait(timeout=60) for process in opening] == [0, 0, 0]
    assert len(contents(path)["watch_note"]) == 1


# --- every release --------------------------------------------------------------------------------------------------------


def released() -> list[Path]:
    return sorted(RELEASED.glob("*.sql"))


@pytest.mark.skipif(not released(), reason="there is no release yet: docs/development.md says how its schema is recorded")
@pytest.mark.parametrize("record", released(), ids=lambda record: record.stem)
def test_a_store_of_every_release_becomes_one_of_this(tmp_path: Path, record: Path) -> None:
    path, new = tmp_path / "watcher.db", tmp_path / "new.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(record.read_text("utf-8"))
    Store(path).close()
    Store(new).close()
    assert columns(path) == columns(new)


def recorded(path: Path) -> str:
    """A store as SQL text: its schema, the steps that were applied and its rows."""
    with closing(sqlite3.connect(path)) as connection:
        return "\n".join((*connection.iterdump(), ""))


def test_a_store_made_from_its_record_is_the_same_and_goes_on(path: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.db"
    with closing(sqlite3.connect(again)) as connection:
        connection.executescript(recorded(path))
    assert contents(again) == contents(path)
    Store(path, steps=later()).close()
    Store(again, steps=later()).close()
    assert contents(again) == contents(path)


def columns(path: Path) -> dict[str, list[str]]:
    """Every table with its columns, in the order of their names: a step adds columns at the end."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {name: sorted(str(row[1:]) for row in connection.execute(f"PRAGMA table_info({name})")) for name in tables}
