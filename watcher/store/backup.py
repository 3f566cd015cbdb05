"""A verified copy of the store, made while others write to it."""

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
from watcher.store.connection import Connection

# The store's own file, SQLite's beside it, the daemon's lock and the pace.
_OUR_SUFFIXES = ("", "-wal", "-shm", "-journal", ".lock", ".pace")


@dataclass(frozen=True, slots=True)
class Copied:
    """A finished copy: its length in bytes, its tables and the rows in them."""

    size: int
    tables: int
    rows: int


class Backup(Connection):
    """The store as it stands at one moment, put into another file."""

    def backup(self, path: Path, *, replace: bool = False) -> Copied:
        """Copy the store to `path`, whole or not at all: made beside it, checked, brought to the disk, then renamed.

        The copy is readable by this user only. Raises `StoreError` when `path` is there already (unless `replace`), belongs to the
        store, cannot be written, or the copy does not hold what the store does.
        """
        if path.is_dir():
            raise StoreError(f"{path} is a folder: name a file in it")
        if path.resolve() in {Path(f"{self.path.resolve()}{suffix}") for suffix in _OUR_SUFFIXES}:
            raise StoreError(f"{path} belongs to the store itself: name another file")
        if not replace and path.exists():
            raise StoreError(f"{path} is there already: name another file, or use --force")
        with _copying(path), _beside(path) as beside:
            copied = self._copy(beside)
            beside.replace(path)
            _to_disk(path.parent)
        return copied

    def _copy(self, beside: Path) -> Copied:
        with closing(sqlite3.connect(beside, isolation_level=None)) as copy:
            with self._lock:
                # Counted and copied in one read transaction: what others write meanwhile is in neither.
                self.execute("BEGIN")
                try:
                    wanted = _row_counts(self._connection)
                    self._connection.backup(copy)
                finally:
                    self.execute("ROLLBACK")
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
            answer = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if answer != "ok":
                raise StoreError(self._damaged(str(answer)))
            if _row_counts(copy) != wanted:
                raise StoreError("the copy does not hold the rows of the store: try again, on another disk if it stays so")
        _to_disk(beside)
        return Copied(beside.stat().st_size, len(wanted), sum(wanted.values()))


def _row_counts(connection: sqlite3.Connection) -> dict[str, int]:
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608 -- our own tables


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """An empty file in the same folder, for this user only; gone at the end unless it was renamed."""
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(number)
    try:
        yield Path(name)
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            Path(name + suffix).unlink(missing_ok=True)


@contextmanager
def _copying(path: Path) -> Iterator[None]:
    """Say in words why a copy could not be made."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"the copy {path} could not be made ({error}): is there space on its disk?") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(
            f"the copy {path} could not be made ({reason}): may this user write there, and is there space?"
        ) from error


def _to_disk(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
