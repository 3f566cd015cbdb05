"""Gather from the store, the pace file and the disk what `core.metrics` tells. Reads only."""

from __future__ import annotations

import platform
import shutil
from datetime import datetime
from pathlib import Path

from watcher import __version__
from watcher.config import Config
from watcher.core.metrics import WINDOW
from watcher.core.metrics import Counts
from watcher.core.metrics import exposition
from watcher.core.metrics import families
from watcher.pace import Pace
from watcher.status import FORM_PREFIXES
from watcher.status import condition
from watcher.store import Store


def metrics(store: Store, pace: Pace, config: Config, *, now: datetime) -> str:
    """The metrics at one moment, in Prometheus' text format. Takes tens of milliseconds for a year of filings."""
    watches: dict[str, int] = {"issuer": 0, "owner": 0}
    for watch in store.watches():
        watches[watch.role] = watches.get(watch.role, 0) + 1
    newest = {form: store.moment(f"newest {form}") for form in FORM_PREFIXES}
    counts = Counts(
        filings=store.filings_by_state(),
        owed=store.owed_by_state(),
        attempts=store.attempts_by_outcome(),
        alerts=store.alerts_promised(),
        watches=watches,
        newest_entries={form: at for form, at in newest.items() if at is not None},
        latencies=store.latencies(now - WINDOW),
        database=_size(store.path),
        log=_size(store.path.with_name(store.path.name + "-wal")),
        free=shutil.disk_usage(store.path.parent).free,
        last_proven=max(store.proven().values(), default=None),
        last_backup=store.moment("backup made"),
        build=(("version", __version__), ("python", platform.python_version())),
    )
    return exposition(families(condition(store, pace, config, now=now), counts))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
