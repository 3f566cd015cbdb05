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
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import contextmanager
from datetime import UTC
from datetime import date
from datetime import datetime
from datetime import timedelta
from decimal import Decimal
from decimal import InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any
from typing import NoReturn
from typing import TypeVar

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from watcher.core.errors import AlreadyRunning
from watcher.core.errors import StoreError
from watcher.store.copying import LOGS
from watcher.store.copying import REFUSALS
from watcher.store.marker import Marker
from watcher.store.migrating import apply_next
from watcher.store.migrating import copies_before
from watcher.store.migrating import copy_before
from watcher.store.migrating import is_empty
from watcher.store.migrating import is_foreign
from watcher.store.migrating import newer_step
from watcher.store.migrating import otherwise
from watcher.store.schema import migrations

BUSY_SECONDS = 10.0
# No next try is ever set further ahead; one that is was set before the clock went back, and is due.
FARTHEST = timedelta(hours=1)

Values = Sequence[object] | Mapping[str, object]
_Value = TypeVar("_Value")


@lru_cache(maxsize=1024)
def stamp(time: datetime) -> str:
    """A time as the store writes it: UTC with microseconds, so that the order of texts is the order of times."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def unstamp(text: str) -> datetime:
    """A stored time. Raises `StoreError` for a text that is none: what was written was one."""
    return _as_written(datetime.fromisoformat, text, "time")


def decimal_of(text: str | None) -> Decimal | None:
    """A stored number; raises `StoreError` like `unstamp`."""
    return None if text is None else _as_written(Decimal, text, "number")


def day_of(text: str | None) -> date | None:
    """A stored day; raises `StoreError` like `unstamp`."""
    return _as_written(date.fromisoformat, text, "day") if text else None


def _as_written(read: Callable[[str], _Value], text: str, kind: str) -> _Value:
    try:
        return read(text)
    except (ValueError, InvalidOperation) as error:
        raise StoreError(f"the store is damaged ({text[:40]!r} is no {kind}): put a backup in its place") from error


class Connection:
    """An open store. Not to be shared with a forked process."""

    def __init__(self, path: Path, *, create: bool = True, steps: Migrations = migrations) -> None:
        """Open the store at `path`, creating it or bringing its schema to the last of `steps`, after keeping a copy beside it.

        Without `create` (commands that look) it must be there. Raises `StoreError` when it is missing, emptied or gone although its
        marker says that there was one, not writable, damaged, another program's, or of a newer release.
        """
        self.path = path
        self.marker = Marker(path)
        self._steps = steps
        self._lock = threading.RLock()
        with self._speaking():
            self._find(create=create)
            self._connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS, cached_statements=256
            )
            with contextlib.ExitStack() as undone:
                undone.callback(self._connection.close)
                self._database = Database(self._connection)
                self._connection.row_factory = sqlite3.Row
                self._check(thoroughly=create)
                self._write_ahead()
                for pragma in ("synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF", "cache_size=-16000"):
                    self._connection.execute(f"PRAGMA {pragma}")
                self._migrate(create=create)
                if create and (table := otherwise(self._database, self._steps)):
                    raise StoreError(self._damaged(f"the table {table} has other columns than it was made with"))
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
        with self._lock:
            try:
                return self._connection.execute(sql, values).rowcount
            except REFUSALS as error:
                self._say(error)

    def insert(self, sql: str, values: Values) -> int:
        """Insert one row inside a transaction; returns its row id."""
        with self._lock:
            try:
                return self._connection.execute(sql, values).lastrowid or 0
            except REFUSALS as error:
                self._say(error)

    def many(self, sql: str, rows: Sequence[Values]) -> None:
        """Run one statement once per row, inside a transaction."""
        if not rows:
            return
        with self._lock:
            try:
                self._connection.executemany(sql, rows)
            except REFUSALS as error:
                self._say(error)

    def rows(self, sql: str, values: Values = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._lock:
            try:
                return self._connection.execute(sql, values).fetchall()
            except REFUSALS as error:
                self._say(error)

    def row(self, sql: str, values: Values = ()) -> sqlite3.Row | None:
        """The first row of a query, if any."""
        found = self.rows(sql, values)
        return found[0] if found else None

    def value(self, sql: str, values: Values = ()) -> Any:
        """The first column of the first row of a query, or `None`."""
        found = self.row(sql, values)
        return found[0] if found else None

    def _write_ahead(self) -> None:
        """Use the write-ahead log. SQLite does not wait for its turn to change the journal of a new store, so this does."""
        ends = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                if not self.value("PRAGMA page_count"):  # a new store: what is removed by age can be given back to the disk
                    self._connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
                self._connection.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > ends:
                    raise
                time.sleep(0.02)
            else:
                return

    def _find(self, *, create: bool) -> None:
        """See what is there, and make the file of a new store.

        Who makes a new store writes the marker last, so it is asked for first; and the log before the file, which it comes after.
        """
        known = self.marker.exists()
        unfolded = bool(_size(self._beside("-wal")))
        size = _size(self.path)
        if not size and (known or unfolded):
            raise StoreError(self._vanished("is gone" if size is None else "is an empty file"))
        if size is None and not create:
            raise StoreError(f"there is no store at {self.path} yet: `watcher run` makes it")
        if size is None:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Never opened by us once it exists: closing it again would drop SQLite's locks of this process.
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        elif create and unfolded and _keeps_no_log(self.path):
            # SQLite would take the log for this file's and mix the two (only the daemon comes here, before it has the file open).
            raise StoreError(
                f"the store {self.path} was put in place beside the log of another: move {self._beside('-wal').name} and"
                f" {self._beside('-shm').name} away, or put the copy in place with `watcher restore`"
            )

    def _check(self, *, thoroughly: bool) -> None:
        """Thorough for the daemon: the quick check sees 4 of 200 flipped bits, this one 183, for half as much time again (measured)."""
        answer = self.value("PRAGMA integrity_check(1)" if thoroughly else "PRAGMA quick_check(1)")
        if answer != "ok":
            raise StoreError(self._damaged(str(answer)))
        if is_foreign(self._database, self._steps):
            raise StoreError(self._damaged("its tables are another program's"))

    def _migrate(self, *, create: bool) -> None:
        newer = newer_step(self._database, self._steps)
        if newer is not None:
            raise StoreError(
                f"the store {self.path} was written by a newer release (it knows {newer}): "
                "install that release, or point [store] path elsewhere"
            )
        if not self._steps.pending(self._database):
            return
        with self.transaction():  # so that nobody else is at it at this moment
            if not self._steps.pending(self._database):
                return
            empty = is_empty(self._database, self._steps)
            if empty and self.marker.exists():
                raise StoreError(self._vanished("holds nothing"))
        with contextlib.ExitStack() as held:
            if not create:  # the daemon has the lock already
                held.callback(self._lock_for_upgrade().release)
            if not empty:
                copy_before(self._database, self._steps, self.path)
            while apply_next(self._database, self._steps, self.transaction):
                continue

    def _lock_for_upgrade(self) -> Lock:
        try:
            return Lock(self.path)
        except AlreadyRunning:
            raise StoreError(
                f"the store {self.path} is of an earlier release, whose watcher is still running: "
                "restart that, and the store is brought up to date"
            ) from None

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)

    def _vanished(self, how: str) -> str:
        kept = [copy.name for copy in copies_before(self.path)]
        copies = f" (beside it are: {', '.join(kept)})" if kept else ""
        there = " and ".join(path.name for path in (self.marker.path, self._beside("-wal")) if _size(path))
        return (
            f"the store {self.path} {how}, but by {there} beside it there was one: put a backup in its place with `watcher restore`"
            f"{copies}, or remove {there} to begin anew with a baseline that tells nothing of the past"
        )

    def _damaged(self, detail: str) -> str:
        return (
            f"the store {self.path} is damaged or is not a watcher's database ({detail}): "
            "put a backup in its place with `watcher restore`, or move it and what lies beside it away to begin anew with a baseline"
        )

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Say in words what SQLite and the system refuse; nothing of sqlite3 leaves this door."""
        try:
            yield
        except (*REFUSALS, OSError) as error:
            self._say(error)

    def _say(self, error: sqlite3.Error | UnicodeDecodeError | OSError) -> NoReturn:
        """Raise the error in our words; a mistake of ours, not of the file, stays what it is."""
        if isinstance(error, sqlite3.OperationalError):
            raise StoreError(self._operational(str(error))) from error
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.InterfaceError):
            raise error
        if isinstance(error, sqlite3.Error | UnicodeDecodeError):
            raise StoreError(self._damaged(str(error))) from error
        reason = error.strerror or str(error)
        raise StoreError(
            f"the store {self.path} cannot be opened ({reason}): check that its folder exists and that this user may write there"
        ) from error

    def _operational(self, text: str) -> str:
        if "full" in text:
            return f"the disk of the store {self.path} is full: free some space; nothing that was promised is lost"
        if "readonly" in text or "unable to open" in text:
            return f"the store {self.path} cannot be written ({text}): check the owner and mode of {self._closed_to_us()}"
        if "locked" in text or "busy" in text:
            return f"the store {self.path} is held by another program ({text}): close it and try again"
        if any(words in text for words in ("malformed", "no such table", "no such column", "Could not decode")):
            return self._damaged(text)
        return f"the store {self.path} could not do its work ({text})"

    def _closed_to_us(self) -> str:
        """Which of the files this user may not write; a log left by another user is easily overlooked."""
        ours = [path for path in (self.path, *map(self._beside, LOGS)) if path.exists()]
        closed = [
            path.name for path in ours if not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
        ]
        return f"{' and '.join(closed)}, and of the folder" if closed else "the file and its folder"


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _keeps_no_log(path: Path) -> bool:
    """Whether a database says of itself that it is written without a log (SQLite file format, 1.3.3), as our copies do."""
    with path.open("rb") as file:
        return file.read(20)[18:20] == b"\x01\x01"


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
