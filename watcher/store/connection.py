"""The connection to SQLite: opening, checking, transactions, and sqlite3's errors turned into ours.

One connection, one writer: every write is a `BEGIN IMMEDIATE` transaction under a lock that all threads of the process share.
WAL with synchronous=FULL: a commit that returned survives a power cut (measured; NORMAL does not).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import contextmanager
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from watcher.core.errors import AlreadyRunning
from watcher.core.errors import StoreError
from watcher.store.schema import migrations

BUSY_SECONDS = 10.0
# No next try is ever set further ahead; one that is was set before the clock went back, and is due.
FARTHEST = timedelta(hours=1)

Values = Sequence[object] | Mapping[str, object]


def stamp(time: datetime) -> str:
    """A time as the store writes it: UTC with microseconds, so that the order of texts is the order of times."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def unstamp(text: str) -> datetime:
    """A stored time."""
    return datetime.fromisoformat(text)


class Connection:
    """An open store. Not to be shared with a forked process."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        """Open the store at `path`, creating or upgrading its schema.

        Raises `StoreError` when it is missing and `create` is False, not writable, damaged, or of a newer release.
        """
        self.path = path
        self._lock = threading.RLock()
        with self._speaking():
            if not create and not path.exists():
                raise StoreError(f"there is no store at {path} yet: `watcher run` makes it")
            if create and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                # Never opened by us once it exists: closing it again would drop SQLite's locks of this process.
                with contextlib.suppress(FileExistsError):
                    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            self._connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS, cached_statements=256
            )
            with contextlib.ExitStack() as undone:
                undone.callback(self._connection.close)
                self._connection.row_factory = sqlite3.Row
                self._write_ahead()
                for pragma in ("synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF"):
                    self._connection.execute(f"PRAGMA {pragma}")
                self._database = Database(self._connection)
                self._check()
                self._migrate()
                undone.pop_all()

    def close(self) -> None:
        """Close the store; calling it again does nothing."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Inside another transaction of the same thread it joins that one."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.execute("COMMIT")
            except BaseException:
                # A full disk or an I/O error has already rolled back.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def execute(self, sql: str, values: Values = ()) -> int:
        """Run one statement of a transaction; returns the number of rows it changed."""
        with self._lock, self._speaking():
            return self._connection.execute(sql, values).rowcount

    def many(self, sql: str, rows: Sequence[Values]) -> None:
        """Run one statement once per row, inside a transaction."""
        with self._lock, self._speaking():
            self._connection.executemany(sql, rows)

    def rows(self, sql: str, values: Values = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._lock, self._speaking():
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, values: Values = ()) -> sqlite3.Row | None:
        """The first row of a query, if any."""
        found = self.rows(sql, values)
        return found[0] if found else None

    def value(self, sql: str, values: Values = ()) -> Any:
        """The first column of the first row of a query, or `None`."""
        found = self.row(sql, values)
        return found[0] if found else None

    def checkpoint(self) -> None:
        """Fold the write-ahead log into the database file, so that it does not grow."""
        self.rows("PRAGMA wal_checkpoint(TRUNCATE)")

    def _write_ahead(self) -> None:
        """Use the write-ahead log. SQLite does not wait for its turn to change the journal of a new store, so this does."""
        ends = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > ends:
                    raise
                time.sleep(0.02)
            else:
                return

    def _check(self) -> None:
        answer = self.value("PRAGMA quick_check(1)")
        if answer != "ok":
            raise StoreError(self._damaged(str(answer)))

    def _migrate(self) -> None:
        known = {migration.name for migration in migrations.pending(Database(memory=True))}
        newer = [migration.name for migration in migrations.applied(self._database) if migration.name not in known]
        if newer:
            raise StoreError(
                f"the store {self.path} was written by a newer release (it knows {newer[0]}): "
                "install that release, or point [store] path elsewhere"
            )
        if migrations.pending(self._database):
            with self.transaction():
                migrations.apply(self._database)

    def _damaged(self, detail: str) -> str:
        return (
            f"the store {self.path} is damaged or is not a watcher's database ({detail}): "
            "put a backup in its place, or move it away to begin anew with a baseline"
        )

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Say in words what SQLite and the system refuse; nothing of sqlite3 leaves this door."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StoreError(self._operational(str(error))) from error
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.InterfaceError):
                raise  # a mistake of ours, not of the file
            raise StoreError(self._damaged(str(error))) from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise StoreError(
                f"the store {self.path} cannot be opened ({reason}): check that its folder exists and that this user may write there"
            ) from error

    def _operational(self, text: str) -> str:
        if "full" in text:
            return f"the disk of the store {self.path} is full: free some space; nothing that was promised is lost"
        if "readonly" in text or "unable to open" in text:
            return f"the store {self.path} cannot be written ({text}): check the owner and mode of the file and its folder"
        if "locked" in text or "busy" in text:
            return f"the store {self.path} is held by another program ({text}): close it and try again"
        if "malformed" in text or "no such table" in text or "no such column" in text:
            return self._damaged(text)
        return f"the store {self.path} could not do its work ({text})"


class Lock:
    """Held by the one daemon of a store for as long as it lives; the system frees it when the process ends, however it ends."""

    def __init__(self, store: Path) -> None:
        """Take the lock of `store`. Raises `AlreadyRunning` when another process holds it."""
        self.path = store.with_name(store.name + ".lock")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                f"the store {store} cannot be used ({error.strerror}): check that its folder exists and that this user may write there"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            if not isinstance(error, BlockingIOError):
                raise StoreError(
                    f"the lock {self.path} cannot be taken ({error.strerror}): put the store on a local disk"
                ) from error
            raise AlreadyRunning(f"another watcher is already running on {store}: stop it first, or use another store") from None

    def release(self) -> None:
        """Let go of the lock."""
        os.close(self._file)
