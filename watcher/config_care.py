"""The tables `[store]` and `[care]`: where the store is, what is kept for how long, nightly backups, files for other programs, the log."""

from __future__ import annotations

import os
from dataclasses import dataclass
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

from watcher.config_values import BadValueError
from watcher.config_values import file_name
from watcher.config_values import one_of
from watcher.config_values import reach
from watcher.toml_tables import Known
from watcher.toml_tables import Tables

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("text", "json")

STORE_KEYS = ("path", "baseline", "keep_originals", "keep_logs", "backup", "backup_keep")
_FILES = ("metrics_file", "atom_file", "json_feed_file", "calendar_file")


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """Where the store is, and how far back holdings are read when a watch is new; what is kept for how long (`None`: for ever).

    `backup` is the folder of nightly backups, of which the latest `backup_keep` stay (`None`: none are made).
    """

    path: Path
    baseline: timedelta = timedelta(days=365)
    keep_originals: timedelta | None = None
    keep_logs: timedelta | None = None
    backup: Path | None = None
    backup_keep: int = 7


@dataclass(frozen=True, slots=True)
class CareConfig:
    """Files that the daemon keeps for other programs (`None`: not), and its log. A relative path starts in the folder of the store."""

    metrics_file: Path | None = None
    atom_file: Path | None = None
    json_feed_file: Path | None = None
    calendar_file: Path | None = None
    log_level: str = "info"
    log_format: str = "text"


DEFAULT_CARE = CareConfig()
_OURS = ("", "-wal", "-shm", "-journal", ".lock", ".pace", ".mark")  # the store, and what lies beside it
CARE_KEYS = tuple(field.name for field in fields(CareConfig))


def read_store(tables: Tables, raw: object, base: Path) -> StoreConfig:
    """The table `[store]`. A relative path starts in `base`, a relative `backup` in the folder of the store."""
    known: Known = {
        "path": file_name,
        "baseline": reach,
        "keep_originals": _kept_for,
        "keep_logs": _kept_for,
        "backup": file_name,
        "backup_keep": _copies,
    }
    read = tables.table(("store",), raw, known)
    path = base / read.get("path", "watcher.db")
    return StoreConfig(**{**read, "path": path, **({"backup": path.parent / read["backup"]} if "backup" in read else {})})


def read_care(tables: Tables, raw: object, store: Path) -> CareConfig:
    """The table `[care]`; what has a problem is noted at its line and left at its default. No file is looked for."""
    known: Known = {
        **dict.fromkeys(_FILES, file_name),
        "log_level": one_of("level", LEVELS),
        "log_format": one_of("format", FORMATS),
    }
    read = tables.table(("care",), raw, known)
    paths = {key: store.parent / read[key] for key in _FILES if key in read}
    for key, path in paths.items():
        if is_ours(path, store, tables.path) or list(paths.values()).count(path) > 1:
            tables.wrong(("care", key), f"{key} names a file that is something else already; give it one of its own")
    return CareConfig(**{**read, **paths})


def is_ours(path: Path, store: Path, configuration: Path) -> bool:
    """Whether a path, by whatever way it leads there, is the watcher's own file: who writes there ends the store."""
    ours = {configuration, *(store.with_name(store.name + suffix) for suffix in _OURS)}
    return os.path.realpath(path) in map(os.path.realpath, ours)


def _kept_for(value: object) -> timedelta:
    """A duration from thirty days on: what is younger is still compared and looked up."""
    span = reach(value)
    if span < timedelta(days=30):
        raise BadValueError('must be at least "30d"')
    return span


def _copies(value: object) -> int:
    """How many nightly backups are kept."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
        raise BadValueError("must be a whole number of copies without quotes, from 1 to 1000, such as 7")
    return value
