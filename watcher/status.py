"""Gather from the store and the pace file what `core.health` judges. Reads only."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from datetime import timedelta

from watcher.config import Config
from watcher.core.health import Condition
from watcher.core.health import DestinationCondition
from watcher.pace import Pace
from watcher.store import GONE
from watcher.store import Store
from watcher.store import unstamp

FORM_PREFIXES = ("4", "3", "5")
# Facts that say why what is watched may not be what somebody means to watch.
REFUSED = "configuration refused"  # the mistakes for which the configuration, as it was last read, is not in force
UNRESOLVED = "tickers not told"  # the tickers for which its watches are not, as EDGAR has not told what they are
MOVED = "tickers moved"  # which watched tickers are another CIK's now
_NOT_WATCHED = {
    REFUSED: "the changed configuration is not in force",
    UNRESOLVED: "the watches of the configuration are not in force, EDGAR does not tell what these tickers are",
    MOVED: "filings under another CIK are not seen",
}


def condition(store: Store, pace: Pace, config: Config, *, now: datetime) -> Condition:
    """How the watcher is, as far as is written down."""
    pending = store.rows(
        "SELECT count(*) AS number, min(first_seen_at) AS oldest FROM filing WHERE state = 'pending' AND queue = 'live'"
    )[0]
    return Condition(
        now=now,
        good_polls=tuple((prefix, store.moment(f"good poll {prefix}")) for prefix in FORM_PREFIXES),
        blocked_until=pace.blocked_until(now),
        gap_since=store.moment("gap since"),
        oldest_pending=unstamp(pending["oldest"]) if pending["oldest"] else None,
        pending=pending["number"],
        quarantined=store.value("SELECT count(*) FROM filing WHERE state = 'quarantined'"),
        baselines_open=sum(watch.baseline != "done" for watch in store.watches()),
        destinations=(
            *(_destination(store, name) for name in config.destinations),
            *(replace(_destination(store, name), gone=True) for name in _buried(store) if name not in config.destinations),
        ),
        troubles=tuple(store.troubles(now - timedelta(days=1))),
        damage=store.fact("damage"),
        backup_failed=store.fact("backup failed"),
        not_watched=tuple(f"{what}: {fact.splitlines()[0]}" for name, what in _NOT_WATCHED.items() if (fact := store.fact(name))),
        longest_interval=timedelta(seconds=max(config.edgar.poll_interval, config.edgar.off_hours_interval)),
    )


def _buried(store: Store) -> list[str]:
    """The destinations that were taken out of the configuration while something was owed to them, and nobody has seen to it yet."""
    rows = store.rows(
        "SELECT DISTINCT destination FROM owed WHERE state = 'dead' AND digest IS NULL AND reason = ? ORDER BY 1", (GONE,)
    )
    return [row["destination"] for row in rows]


def _destination(store: Store, name: str) -> DestinationCondition:
    open_ = {
        bool(row["held"]): row
        for row in store.rows(
            "SELECT state = 'held' AS held, count(*) AS number, min(coalesce(woken_at, created_at)) AS oldest FROM owed"
            " WHERE destination = ? AND state IN ('pending', 'sending', 'retry', 'unknown', 'held') AND digest IS NULL GROUP BY 1",
            (name,),
        )
    }
    waiting, held = open_.get(False), open_.get(True)
    reason = store.value(
        "SELECT reason FROM owed WHERE destination = ? AND reason IS NOT NULL AND state IN ('retry', 'unknown', 'held', 'dead')"
        " ORDER BY id DESC LIMIT 1",
        (name,),
    )
    return DestinationCondition(
        name=name,
        waiting=waiting["number"] if waiting else 0,
        dead=store.value(  # one that a person gave up is seen to
            "SELECT count(*) FROM owed WHERE destination = ? AND state = 'dead' AND digest IS NULL"
            " AND coalesce(reason, '') NOT LIKE 'dropped: %'",
            (name,),
        ),
        oldest=unstamp(waiting["oldest"]) if waiting else None,
        reason=reason,
        held=held["number"] if held else 0,
        oldest_held=unstamp(held["oldest"]) if held else None,
        unanswered=store.unanswered(name),
    )
