"""Gather from the store and the pace file what `core.health` judges. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from datetime import timedelta

from watcher.core.health import Condition
from watcher.core.health import DestinationCondition
from watcher.pace import Pace
from watcher.store import Store
from watcher.store import unstamp

FORM_PREFIXES = ("4", "3", "5")


def condition(store: Store, pace: Pace, destinations: Iterable[str], *, now: datetime) -> Condition:
    """How the watcher is, as far as is written down. Names of destinations come from the configuration."""
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
        destinations=tuple(_destination(store, name) for name in destinations),
        troubles=tuple(store.troubles(now - timedelta(days=1))),
    )


def _destination(store: Store, name: str) -> DestinationCondition:
    waiting = store.rows(
        "SELECT count(*) AS number, min(created_at) AS oldest FROM owed"
        " WHERE destination = ? AND state IN ('pending', 'sending', 'retry', 'unknown', 'held')"
        " AND digest IS NULL",
        (name,),
    )[0]
    reason = store.value(
        "SELECT reason FROM owed WHERE destination = ? AND reason IS NOT NULL AND state IN ('retry', 'unknown', 'held', 'dead')"
        " ORDER BY id DESC LIMIT 1",
        (name,),
    )
    return DestinationCondition(
        name=name,
        waiting=waiting["number"],
        dead=store.value(  # one that a person gave up is seen to
            "SELECT count(*) FROM owed WHERE destination = ? AND state = 'dead' AND digest IS NULL"
            " AND coalesce(reason, '') NOT LIKE 'dropped: %'",
            (name,),
        ),
        oldest=unstamp(waiting["oldest"]) if waiting["oldest"] else None,
        reason=reason,
    )
