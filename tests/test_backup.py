"""A copy of the store: whole and verified, or none, whatever happens meanwhile."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC
from datetime import datetime
from pathlib import Path

import pytest

from tests.world import REPOSITORY
from tests.world import TERMINAL
from tests.world import environment
from tests.world import run_watcher
from tests.world import write_config
from watcher.core.errors import StoreError
from watcher.core.listing import FilingRef
from watcher.core.listing import Party
from watcher.store import Store
from watcher.store import StoredWatch

NOW = datetime(2026, 9, 1, 16, 0, tzinfo=UTC)
CIK = "0009990001"


def ref(number: int) -> FilingRef:
    return FilingRef(f"0000000000-26-{number:06}", "4", (Party(CIK, "issuer", "Example Corp"),), CIK, NOW)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "watcher.db")) as opened:
        opened.set_watches([StoredWatch(f"issuer:{CIK}", "issuer", CIK, "EXMP", None, ("default",), NOW, "done")], NOW)
        opened.remember([ref(number) for number in range(1, 101)], now=NOW, found_by="feed")
        yield opened


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


def dump(store: Store) -> dict[str, list[tuple[object, ...]]]:
    names = [row["name"] for row in store.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: [tuple(row) for row in store.rows(f"SELECT * FROM {name}")] for name in names}  # noqa: S608 -- our own tables


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- a copy -----------------------------------------------------------------------------------------------------------


def test_a_copy_opens_as_a_store_and_holds_the_same(store: Store, elsewhere: Path) -> None:
    copied = store.backup(elsewhere / "copy.db")
    assert names(elsewhere) == ["copy.db"], "one file, with no log that must go with it"
    assert copied.size == (elsewhere / "copy.db").stat().st_size
    assert copied.rows == sum(len(rows) for rows in dump(store).values())
    with closing(Store(elsewhere / "copy.db", create=False)) as copy:
        assert dump(copy) == dump(store)


def test_a_copy_is_for_this_user_only(store: Store, elsewhere: Path) -> None:
    store.backup(elsewhere / "copy.db")
    assert stat.S_IMODE((elsewhere / "copy.db").stat().st_mode) == 0o600


def test_a_copy_can_be_looked_at_where_nothing_may_be_written(store: Store, elsewhere: Path) -> None:
    store.backup(elsewhere / "copy.db")
    versions = (elsewhere / "copy.db").read_bytes()[18:20]
    assert versions == b"\x01\x01", "a file that says WAL (2) needs a log beside it to be opened (SQLite file format, 1.3.3)"


def test_a_copy_made_while_another_connection_writes_is_of_one_moment(store: Store, elsewhere: Path) -> None:
    done = threading.Event()
    wrote = threading.Event()

    def write() -> None:
        with closing(Store(store.path)) as other:
            number = 1000
            while not done.is_set():
                # Two rows in one transaction: a copy has both or none.
                other.remember([ref(number)], now=NOW, found_by="feed", seen=[(ref(number).accession_number, CIK)])
                number += 1
                wrote.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert wrote.wait(30)
        for number in range(5):
            store.backup(elsewhere / f"{number}.db")
    finally:
        done.set()
        writer.join()
    for number in range(5):
        with closing(Store(elsewhere / f"{number}.db", create=False)) as copy:
            filings = copy.value("SELECT count(*) FROM filing")
            assert filings == 100 + copy.value("SELECT count(*) FROM seen")
            assert filings > 100


def test_a_copy_is_made_while_another_connection_holds_the_write_lock(store: Store, elsewhere: Path) -> None:
    with closing(Store(store.path)) as other, other.transaction():
        other.execute("DELETE FROM filing_party")
        store.backup(elsewhere / "copy.db")
    with closing(Store(elsewhere / "copy.db", create=False)) as copy:
        assert copy.value("SELECT count(*) FROM filing_party") == 100


def test_the_store_can_be_written_after_a_copy_was_made(store: Store, elsewhere: Path) -> None:
    store.backup(elsewhere / "copy.db")
    assert store.remember([ref(500)], now=NOW, found_by="feed")


# --- no copy ----------------------------------------------------------------------------------------------------------


def test_a_file_that_is_there_is_left_as_it_is_unless_it_may_be_replaced(store: Store, elsewhere: Path) -> None:
    there = elsewhere / "copy.db"
    there.write_text("mine")
    with pytest.raises(StoreError, match="there already"):
        store.backup(there)
    assert there.read_text() == "mine"
    store.backup(there, replace=True)
    with closing(Store(there, create=False)) as copy:
        assert dump(copy) == dump(store)


@pytest.mark.parametrize("suffix", ["", "-wal", ".lock"])
def test_the_store_itself_is_never_the_target(store: Store, suffix: str) -> None:
    with pytest.raises(StoreError, match="belongs to the store"):
        store.backup(store.path.with_name(store.path.name + suffix), replace=True)
    with pytest.raises(StoreError, match="belongs to the store"):
        store.backup(store.path.parent / "elsewhere" / ".." / (store.path.name + suffix), replace=True)


def test_a_link_to_the_store_is_not_the_target_either(store: Store, elsewhere: Path) -> None:
    (elsewhere / "link.db").symlink_to(store.path)
    with pytest.raises(StoreError, match="belongs to the store"):
        store.backup(elsewhere / "link.db", replace=True)


def test_a_folder_is_not_a_target(store: Store, elsewhere: Path) -> None:
    with pytest.raises(StoreError, match="folder"):
        store.backup(elsewhere, replace=True)
    assert names(elsewhere) == []


def test_a_folder_that_is_not_there_is_said(store: Store, elsewhere: Path) -> None:
    with pytest.raises(StoreError, match="No such file or directory"):
        store.backup(elsewhere / "deeper" / "copy.db")


def test_a_store_damaged_where_opening_it_does_not_look_is_not_copied(store: Store, elsewhere: Path) -> None:
    with closing(sqlite3.connect(store.path, isolation_level=None)) as meddling:
        meddling.execute("PRAGMA writable_schema=ON")
        # The index then lacks what it says it holds.
        meddling.execute("UPDATE sqlite_master SET sql = replace(sql, 'pending', 'gone') WHERE name = 'filing_due'")
    (elsewhere / "copy.db").write_text("an older copy")
    with closing(Store(store.path, create=False)) as damaged, pytest.raises(StoreError, match="damaged"):
        damaged.backup(elsewhere / "copy.db", replace=True)
    assert names(elsewhere) == ["copy.db"]
    assert (elsewhere / "copy.db").read_text() == "an older copy"


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def config(store: Store) -> Path:
    return write_config(store.path.parent, "http://127.0.0.1:9", {"desk": TERMINAL})


def test_the_command_says_what_it_copied(store: Store, config: Path, elsewhere: Path) -> None:
    done = run_watcher(config, "backup", str(elsewhere / "copy.db"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("; verified\n")
    with closing(Store(elsewhere / "copy.db", create=False)) as copy:
        assert dump(copy) == dump(store)


def test_the_command_replaces_a_file_only_by_force(config: Path, elsewhere: Path) -> None:
    (elsewhere / "copy.db").write_text("mine")
    refused = run_watcher(config, "backup", str(elsewhere / "copy.db"))
    assert (refused.returncode, "--force" in refused.stderr) == (1, True)
    assert run_watcher(config, "backup", "--force", str(elsewhere / "copy.db")).returncode == 0


def test_a_target_that_cannot_be_written_is_a_clear_error(config: Path) -> None:
    done = run_watcher(config, "backup", "/proc/copy.db")
    assert done.returncode == 1
    assert done.stderr.startswith("watcher: the copy /proc/copy.db could not be made (")
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_somebody_else_is_a_clear_error(config: Path, elsewhere: Path) -> None:
    elsewhere.chmod(0o500)
    done = run_watcher(config, "backup", str(elsewhere / "copy.db"))
    assert (done.returncode, "Permission denied" in done.stderr) == (1, True)


@pytest.mark.parametrize("limit", [0, 4096, 65536])
def test_a_disk_that_is_full_leaves_no_half_file(config: Path, elsewhere: Path, limit: int) -> None:
    limited = (
        "import resource, sys; from watcher.cli import main;"
        f"sys.argv[0] = 'watcher'; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); main()"
    )
    done = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-c", limited, "backup", str(elsewhere / "copy.db"), "--config", str(config)],
        cwd=REPOSITORY,
        env=environment(elsewhere, PYTHONDONTWRITEBYTECODE="1"),  # else what it compiles is cut short too, for all who come after
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert done.stderr.startswith("watcher: the copy ")
    assert names(elsewhere) == []
