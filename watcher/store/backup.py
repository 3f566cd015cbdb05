"""Copies of the store: made while others write to it, put back in its place, and what a store that was put back may not believe.

A copy knows nothing of what was told after it was made. So the daemon writes beside the store, before anything is told, which store
this is and how much it has told (`Marker`), and compares when it starts (`recover_restored`). However a copy came into place, by
`watcher restore` or by hand, one that has told less than the marker says, or of which the marker does not speak, is an older one:

- What it still owes may have been told since. Younger than `HELD_AFTER` it is "unknown" and goes out marked as a possible repeat;
  older than that it is dead, with this reason, until somebody acts (`watcher outbox retry`): no burst of old alerts.
- Filings that it lacks are found again by the ordinary catch-up and alerted. Those accepted while the lost store may still have told
  of them (fact "told until") are marked as possible repeats; what came later cannot have been told, and is not. People are told nothing
  for `SETTLING` after the start (`settles`), so that many are found by then and become few messages.
- Watches that it lacks begin anew with a baseline.

Not noticed is a copy that brings its marker along: of the whole folder, the disk or the machine. Its marker is as old as its store, so what
it still owes goes out unmarked, however old; `restore` leaves the marker alone and does not help there. Whoever takes the marker away
before the first start of such a copy makes it one of which no marker speaks.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import uuid
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from sqlite_utils import Database

from watcher.core.errors import StoreError
from watcher.core.figures import counted
from watcher.store.connection import Connection
from watcher.store.connection import Lock
from watcher.store.connection import stamp
from watcher.store.connection import unstamp
from watcher.store.copying import LOGS
from watcher.store.copying import REFUSALS
from watcher.store.copying import Copied
from watcher.store.copying import copied_beside
from watcher.store.copying import copy_into
from watcher.store.copying import to_disk
from watcher.store.marker import Mark
from watcher.store.migrating import is_empty
from watcher.store.migrating import newer_step
from watcher.store.outbox import OPEN_STATES
from watcher.store.schema import migrations

__all__ = ["Backup", "Copied", "Doubt", "PutBack", "restore"]

# What was promised longer ago than this is not told any more after a restore without somebody asking for it.
HELD_AFTER = timedelta(days=1)
SETTLING = timedelta(minutes=1)
# How far EDGAR's clock may be ahead of ours.
SKEW = timedelta(hours=1)
# The store's own file, SQLite's beside it, the daemon's lock, the pace and the marker.
_OUR_SUFFIXES = ("", *LOGS, ".lock", ".pace", ".mark")


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a store that was put back may have told already: open messages now marked, those held, and until when filings are."""

    marked: int
    held: int
    told_until: datetime

    @property
    def words(self) -> str:
        """What a person needs to know of it."""
        return f"the store was put back from a copy: {counted(self.marked, 'message')} may arrive twice, marked; {self.held} held"


@dataclass(frozen=True, slots=True)
class PutBack:
    """A restored store: what it holds, and where the store that was in its place is kept now (`None`: there was none)."""

    copied: Copied
    aside: Path | None


class Backup(Connection):
    """The store as it stands at one moment, put into another file; and whether it is itself such a copy."""

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
        with self._lock:
            return copy_into(self._connection, path)

    def note_sending(self, attempt: int, now: datetime) -> None:
        """Count an attempt beside the store too, after it was committed and before its first byte leaves."""
        life = self.value("SELECT value FROM fact WHERE name = 'life'")
        if life is not None:  # no daemon has had this store
            with self._speaking():
                self.marker.count(Mark(life, attempt, now))

    def recover_restored(self, now: datetime) -> Doubt | None:
        """On start, before anything is owed or told: notice that this is an older copy, and treat it so. `None` if it is not.

        Killed before its end, it is done again by the next start, to the same effect.
        """
        with self._speaking():
            mark = self.marker.read()
        life = self.value("SELECT value FROM fact WHERE name = 'life'")
        sent = int(self.value("SELECT coalesce(max(id), 0) FROM attempt"))
        if life is None:
            # Of a first start, perhaps one that was killed between the marker and this.
            life = mark.life if mark is not None else uuid.uuid4().hex
            self._write_mark(Mark(life, sent, now))
            self._set("life", life)
            return None
        ours = mark if mark is not None and mark.life == life else None
        if ours is not None and sent >= ours.sent:
            return None
        until = now if ours is None else min(now, ours.at + SKEW)
        with self.transaction():
            doubt = self._doubt(until, now)
            life = uuid.uuid4().hex
            self._set("life", life)
            self._set("put back", stamp(now))
        self._write_mark(Mark(life, sent, now))
        return doubt

    def settles(self, now: datetime) -> bool:
        """Whether this store was noticed as a copy that was put back only a moment ago."""
        at = self.value("SELECT value FROM fact WHERE name = 'put back'")
        return at is not None and at <= stamp(now) < stamp(unstamp(at) + SETTLING)

    def _doubt(self, until: datetime, now: datetime) -> Doubt:
        reason = "the store was put back from a copy: this may have been told since"
        held = self.execute(
            f"UPDATE owed SET state = 'dead', may_repeat = 1, reason = ? WHERE state IN {OPEN_STATES} AND created_at < ?",  # noqa: S608 -- built from a constant
            (f"{reason}, and it is too old to be told twice", stamp(now - HELD_AFTER)),
        )
        marked = self.execute(
            f"UPDATE owed SET state = 'unknown', may_repeat = 1, reason = ? WHERE state IN {OPEN_STATES}",  # noqa: S608 -- built from a constant
            (reason,),
        )
        self.execute(
            "UPDATE attempt SET ended_at = ?, outcome = 'unknown', reason = ? WHERE ended_at IS NULL", (stamp(now), reason)
        )
        self._set("told until", max(stamp(until), self.value("SELECT value FROM fact WHERE name = 'told until'") or ""))
        return Doubt(marked, held, until)

    def _set(self, name: str, value: str) -> None:
        with self.transaction():
            self.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))

    def _write_mark(self, mark: Mark) -> None:
        with self._speaking():
            self.marker.write(mark)


def restore(store: Path, copy: Path, now: datetime) -> PutBack:
    """Put a verified copy of `copy` in the place of the store; what was there is moved aside and kept.

    Raises `AlreadyRunning` while a daemon holds the store, and `StoreError` when the copy is damaged, of a newer release or no store, or
    when something cannot be written: the store is then as it was. It does not bring the schema up to date, and tells nobody: the daemon
    does both when it starts. Killed between moving and placing, it leaves no store, which the next start says.
    """
    if not copy.is_file():
        raise StoreError(f"there is no file {copy}")
    if store.exists() and copy.samefile(store):
        raise StoreError(f"{copy} is the store itself: name a copy of it")
    lock = Lock(store)
    try:
        with closing(_opened_copy(copy)) as source, copied_beside(source, store) as (beside, copied):
            _own_as(beside, store if store.exists() else store.parent)
            aside = _move_aside(store, now)
            beside.replace(store)
            to_disk(store.parent)
    finally:
        lock.release()
    return PutBack(copied, aside)


def _opened_copy(copy: Path) -> sqlite3.Connection:
    """The copy, for reading only, known to be a store that this release can open."""
    try:
        connection = sqlite3.connect(f"file:{quote(str(copy.resolve()))}?mode=ro", uri=True, isolation_level=None)
        database = Database(connection)
        newer, empty = newer_step(database, migrations), is_empty(database, migrations)
    except REFUSALS as error:
        raise StoreError(f"{copy} cannot be read as a store ({error}): name another copy") from error
    if empty or newer:
        connection.close()
        raise StoreError(
            f"{copy} {'holds no store' if empty else f'is of a newer release (it knows {newer})'}: name another copy"
        )
    return connection


def _own_as(path: Path, model: Path) -> None:
    """Root may put back a store that another user's daemon must write."""
    if os.geteuid() == 0:
        owner = model.stat()
        shutil.chown(path, owner.st_uid, owner.st_gid)


def _move_aside(store: Path, now: datetime) -> Path | None:
    """Rename the store and its logs, all alike, so that they still belong together."""
    aside = store.with_name(f"{store.name}.replaced-{now:%Y%m%dT%H%M%S.%fZ}")
    moved = False
    for suffix in ("", *LOGS):
        file = store.with_name(store.name + suffix)
        if file.exists():
            file.rename(aside.with_name(aside.name + suffix))
            moved = True
    return aside if moved else None
