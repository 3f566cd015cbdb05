"""Looking after the store: what a crash, a copy or a long sleep left behind, at the start; and what is due each hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from datetime import timedelta

from watcher.core.figures import counted
from watcher.store import Store

SEEN_KEPT = timedelta(days=14)  # the feed reaches back about three business days
CHECKED_EACH = timedelta(hours=24)
# After such a pause the lists of each CIK are asked for too.
DOWN_LONG = timedelta(minutes=10)


def recover(store: Store, destinations: set[str], *, now: datetime) -> Iterator[str]:
    """Take up a store where it was left; yields in words what a person should know."""
    if (doubt := store.recover_restored(now)) is not None:
        store.keep_trouble("restore", doubt.words, now)
        yield doubt.words
    if interrupted := store.recover_sending(now):
        yield f"{counted(interrupted, 'message')} may have been cut off when the watcher stopped, and may arrive twice, marked"
    store.bury_unknown_destinations(destinations, now)
    if (damage := store.misstated()) is not None:
        _say(store, damage, now)
        yield damage
    elif store.fact("damage") is not None:
        store.set_fact("integrity checked", None)  # it may be mended: the next look finds out
    last = store.moment("good poll 4")
    if last is not None and not now - DOWN_LONG <= last <= now and store.moment("gap since") is None:
        store.set_fact("gap since", min(last, now))


def look_after(store: Store, destinations: set[str], *, now: datetime) -> None:
    """Do what is due. What the check of the whole store finds is said until a check finds nothing any more; nothing is mended."""
    store.forget_seen(now, keep=SEEN_KEPT)
    store.checkpoint()
    store.bury_unknown_destinations(destinations, now)  # what was owed to one while the configuration was changed
    checked = store.moment("integrity checked")
    if checked is None or not timedelta(0) <= now - checked < CHECKED_EACH:
        damage = store.integrity()
        if damage is not None:
            _say(store, damage, now)
        else:
            store.set_fact("damage", None)
        store.set_fact("integrity checked", now)


def _say(store: Store, damage: str, now: datetime) -> None:
    """For `watcher status`, and for the vigil, which tells a destination of it."""
    store.keep_trouble("store", damage, now)
    store.set_fact("damage", damage)
