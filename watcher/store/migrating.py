"""Bringing a store to the schema of this release: a verified copy first, then one transaction for each step.

Killed at any moment, the store has the schema of before a step or of after it, never one between.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from watcher.core.errors import StoreError
from watcher.store.copying import copy_into

COPIES_KEPT = 2

Transaction = Callable[[], AbstractContextManager[None]]


def newer_step(database: Database, steps: Migrations) -> str | None:
    """The name of the first applied step that this release does not know, if any."""
    known = {step.name for step in steps.pending(Database(memory=True))}
    return next((step.name for step in steps.applied(database) if step.name not in known), None)


def is_foreign(database: Database, steps: Migrations) -> bool:
    """Whether the database is somebody else's: it has tables, and none of our steps was ever applied."""
    return bool(database.table_names()) and not steps.applied(database)


def is_empty(database: Database, steps: Migrations) -> bool:
    """Whether no step was ever applied."""
    return not steps.applied(database)


def otherwise(database: Database, steps: Migrations) -> str | None:
    """The first table whose columns are not those that the steps make, if any: a schema is text on the disk and can be damaged too."""
    sound = Database(memory=True)
    steps.apply(sound)
    for table in sound.table_names():
        if _columns(database, table) != _columns(sound, table):
            return table
    return None


def _columns(database: Database, table: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in database.conn.execute('SELECT name, type, "notnull", pk FROM pragma_table_info(?)', (table,))]


def copy_before(database: Database, steps: Migrations, path: Path) -> None:
    """Keep the store as it is beside itself, named after the first step to come; the latest `COPIES_KEPT` such copies stay.

    One copy for all steps of an upgrade: the one that the release of before can open. Raises `StoreError`; then nothing has changed.
    """
    first = steps.pending(database)[0].name
    copy = path.with_name(f"{path.name}.before-{first}")
    try:
        copy_into(database.conn, copy)
    except StoreError as error:
        raise StoreError(
            f"the store {path} was not brought to this release's schema, because no copy could be kept first: {error}"
        ) from error
    others = [other for other in copies_before(path) if other != copy]
    for other in others[COPIES_KEPT - 1 :]:
        other.unlink(missing_ok=True)


def copies_before(path: Path) -> list[Path]:
    """The copies kept before upgrades of a store, newest first."""
    found = path.parent.glob(f"{path.name}.before-*")
    return sorted((copy for copy in found if copy.is_file()), key=lambda copy: copy.stat().st_mtime_ns, reverse=True)


def apply_next(database: Database, steps: Migrations, transaction: Transaction) -> bool:
    """Apply the next step that waits, in one transaction; False when none does.

    A step may rebuild tables that others refer to: references are not held while it runs, and all of them are checked before it counts.
    """
    database.conn.execute("PRAGMA foreign_keys=OFF")
    try:
        with transaction():
            waiting = [step.name for step in steps.pending(database)]
            if not waiting:
                return False
            steps.apply(database, stop_before=waiting[1:])
            broken = database.conn.execute("PRAGMA foreign_key_check").fetchone()
            if broken is not None:
                raise StoreError(
                    f"the step {waiting[0]} would leave rows of {broken[0]} without what they refer to: it was undone"
                )
    finally:
        database.conn.execute("PRAGMA foreign_keys=ON")
    return True
