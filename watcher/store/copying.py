"""One SQLite database copied into a file: whole, verified and on the disk, or not at all. Knows nothing of what is in it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from watcher.core.errors import StoreError

# What SQLite keeps beside a database; it belongs to that file and to no other.
LOGS = ("-wal", "-shm", "-journal")

# How SQLite says no; what it says of a damaged schema may be no text at all.
REFUSALS = (sqlite3.Error, UnicodeDecodeError)


@dataclass(frozen=True, slots=True)
class Copied:
    """A finished copy: its length in bytes, its tables and the rows in them."""

    size: int
    tables: int
    rows: int


def copy_into(source: sqlite3.Connection, path: Path) -> Copied:
    """Copy a database to `path`, replacing what is there, for this user only. Raises `StoreError`; `path` is then as it was."""
    with copied_beside(source, path) as (beside, copied):
        beside.replace(path)
        to_disk(path.parent)
    return copied


@contextmanager
def copied_beside(source: sqlite3.Connection, path: Path) -> Iterator[tuple[Path, Copied]]:
    """A verified copy in the folder of `path`, to be renamed by the caller; what was not renamed is gone at the end."""
    with _said(path), _part(path) as beside:
        yield beside, _copy(source, beside)


def to_disk(path: Path) -> None:
    """Have the system write a file or a folder down now. Never for a database that this process has open: its locks would go."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _copy(source: sqlite3.Connection, beside: Path) -> Copied:
    with closing(sqlite3.connect(beside, isolation_level=None)) as copy:
        # Counted and copied in one read transaction: what others write meanwhile is in neither.
        source.execute("BEGIN")
        try:
            wanted = _row_counts(source)
            source.backup(copy)
        finally:
            source.execute("ROLLBACK")
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        answer = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if answer != "ok":
            raise StoreError(f"what was to be copied is damaged ({answer}), so no copy was made: use an earlier backup")
        if _row_counts(copy) != wanted:
            raise StoreError("the copy does not hold the rows of the store: try again, on another disk if it stays so")
    to_disk(beside)
    return Copied(beside.stat().st_size, len(wanted), sum(wanted.values()))


def _row_counts(connection: sqlite3.Connection) -> dict[str, int]:
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608 -- our own tables


@contextmanager
def _part(path: Path) -> Iterator[Path]:
    """An empty file in the same folder, for this user only; gone at the end unless it was renamed."""
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(number)
    try:
        yield Path(name)
    finally:
        for suffix in ("", *LOGS):
            Path(name + suffix).unlink(missing_ok=True)


@contextmanager
def _said(path: Path) -> Iterator[None]:
    """Say in words why a copy could not be made."""
    try:
        yield
    except REFUSALS as error:
        raise StoreError(f"the copy {path} could not be made ({error}): is there space on its disk?") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(
            f"the copy {path} could not be made ({reason}): may this user write there, and is there space?"
        ) from error
