"""What the daemon keeps for others, and for later: files beside the store, nightly backups, and what is removed by age.

each minute:  metrics, and (after a change) the feeds and the calendar, each written whole
each night, once EDGAR has closed:  a verified backup, then originals and logs by age
"""

from __future__ import annotations

import glob
import logging
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from datetime import time
from datetime import timedelta
from pathlib import Path

from watcher.config import Config
from watcher.config_care import StoreConfig
from watcher.core.errors import NotWritten
from watcher.core.errors import StoreError
from watcher.core.feeds import atom
from watcher.core.feeds import calendar
from watcher.core.feeds import json_feed
from watcher.core.figures import counted
from watcher.core.occasions import deadlines
from watcher.core.occasions import entries
from watcher.core.occasions import expiries
from watcher.core.submission import EASTERN
from watcher.metrics import metrics
from watcher.pace import Pace
from watcher.store import Store
from watcher.store import stamp
from watcher.store import unstamp
from watcher.writing import whole

log = logging.getLogger("watcher")

NIGHT = time(22, 5)  # Eastern time: EDGAR closes at 22:00 and what came last is read by then
AGAIN = timedelta(hours=1)  # after a backup that failed
SAID_AGAIN = timedelta(days=1)  # the same trouble with the same file
FED = 100  # alerts in a feed
SHOWN_BACK = timedelta(days=90)  # how far back the calendar reaches

BACKUP_FAILED = "backup failed"  # the fact that says why, for `watcher status` and the vigil


class Care:
    """All of it, for one store. `goes_on` is called between the parts of a long run."""

    def __init__(self, store: Store, pace: Pace, goes_on: Callable[[], None]) -> None:
        self._store = store
        self._pace = pace
        self._goes_on = goes_on
        self._shown: object = None
        self._tried: datetime | None = None
        self._said: dict[str, tuple[str, datetime]] = {}

    def __call__(self, config: Config, *, now: datetime) -> None:
        """Do what is due. Raises `StoreError` only: a file that cannot be written is a trouble, told once a day, and tried again."""
        care = config.care
        if care.metrics_file:
            text = metrics(self._store, self._pace, config, now=now)
            self._write(care.metrics_file, text.encode(), now, mode=0o644)  # another user's collector reads it
        today = now.astimezone(EASTERN).date()
        shown = (care, today, self._store.changes())
        if shown != self._shown and self._show(config, now):
            self._shown = shown
        self._back_up(config.store, now)
        if (config.store.keep_originals or config.store.keep_logs) and self._is_due("aged", now):
            self._age(config.store, now)
            self._store.set_fact("aged", now)

    def _show(self, config: Config, now: datetime) -> bool:
        """Write the feeds and the calendar that are asked for; whether all could be written."""
        care, written = config.care, []
        if care.atom_file or care.json_feed_file:
            begun = self._store.fact("feed begun") or stamp(now)
            self._store.set_fact("feed begun", begun)
            found = entries(self._store.newest_alerts(FED))
            if care.atom_file:
                written.append(self._write(care.atom_file, atom(found, begun=unstamp(begun)), now))
            if care.json_feed_file:
                written.append(self._write(care.json_feed_file, json_feed(found), now))
        if care.calendar_file:
            since = (now - SHOWN_BACK).astimezone(EASTERN).date()
            days = [*expiries(self._store.expiring(since)), *deadlines(self._store.traded(since))]
            written.append(self._write(care.calendar_file, calendar(days), now))
        return all(written)

    def _write(self, path: Path, content: bytes, now: datetime, *, mode: int | None = None) -> bool:
        try:
            with whole(path, mode=mode) as file:
                file.write(content)
        except NotWritten as error:
            self._trouble(f"care {path.name}", str(error), now)
            return False
        return True

    def _back_up(self, config: StoreConfig, now: datetime) -> None:
        if config.backup is None:
            if self._store.fact(BACKUP_FAILED) is not None:
                self._store.set_fact(BACKUP_FAILED, None)
            return
        if not self._is_due("backup made", now) or (self._tried is not None and self._tried <= now < self._tried + AGAIN):
            return
        self._tried = now
        path = config.backup / f"{config.path.stem}-{_last_night(now).date()}.db"
        try:
            config.backup.mkdir(parents=True, exist_ok=True, mode=0o700)
            with closing(Store(config.path, create=False)) as beside:  # so that nobody waits for the copy
                copied = beside.backup(path, replace=True)
            nights = f"{glob.escape(config.path.stem)}-????-??-??.db"
            for old in sorted(config.backup.glob(nights))[: -config.backup_keep]:
                if old != path:  # as it would be where the others are of a clock that was ahead
                    old.unlink()
        except (StoreError, OSError) as error:
            what = f"there is no backup of this night: {_reason(error, path)}"
            self._store.set_fact(BACKUP_FAILED, what)
            self._trouble("backup", what, now)
            return
        log.info("backup %s: %s, verified", path, counted(copied.rows, "row"))
        self._store.set_fact("backup made", now)
        self._store.set_fact(BACKUP_FAILED, None)
        self._goes_on()

    def _age(self, config: StoreConfig, now: datetime) -> None:
        for kept, forget, what in (
            (config.keep_originals, self._store.forget_originals, "original"),
            (config.keep_logs, self._store.forget_logs, "log row"),
        ):
            removed = 0
            for number in forget(now - kept) if kept else ():
                removed += number
                self._goes_on()
            if removed:
                log.info("%s removed by age", counted(removed, what))
        for _ in self._store.give_back():
            self._goes_on()

    def _is_due(self, fact: str, now: datetime) -> bool:
        """Whether it was not done since EDGAR last closed; what was done in the future was so before the clock was set back."""
        done = self._store.moment(fact)
        return done is None or not _last_night(now) <= done <= now

    def _trouble(self, source: str, text: str, now: datetime) -> None:
        said, at = self._said.get(source, ("", now))
        if said != text or not at <= now < at + SAID_AGAIN:
            self._said[source] = (text, now)
            self._store.keep_trouble(source, text, now)
            log.warning("%s: %s", source, text)


def _last_night(now: datetime) -> datetime:
    """When EDGAR last closed, or would have on a day without filings."""
    eastern = now.astimezone(EASTERN)
    tonight = datetime.combine(eastern.date(), NIGHT, EASTERN)
    return tonight if tonight <= eastern else datetime.combine(eastern.date() - timedelta(days=1), NIGHT, EASTERN)


def _reason(error: StoreError | OSError, path: Path) -> str:
    if isinstance(error, StoreError):
        return str(error)
    return f"{path} could not be written ({error.strerror or error}): may this user write in its folder?"
