"""Send what is owed to one destination, oldest first, and write down who was told. Decides only when to try again.

a burst folded  ->  owed  ->  "sending" committed  ->  the door  ->  outcome committed
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from datetime import timedelta

from watcher.config import Destination
from watcher.core.folding import folded
from watcher.core.telling import Outcome
from watcher.notify import Sender
from watcher.notify import room_of
from watcher.store import Store

# Seconds before the next try, by the number of tries so far; the last value repeats. Never before the receiver's own Retry-After.
BACKOFF = (5, 15, 60, 300, 900, 1800, 3600)
# A destination in trouble rests for all its messages, so that a queue of hundreds does not hammer it; but so that it is noticed soon
# when it is back, no longer than this unless it asked for more.
REST = 60


def deliver(
    store: Store, sender: Sender, destination: str, *, now: Callable[[], datetime], terms: Destination | None = None
) -> Outcome | None:
    """Send the oldest message due at a destination, once. `None` when nothing is due.

    `terms` says what is held and from when alerts are folded; without, nothing is. A crash after the first byte leaves "sending", which
    the next start reads as "may have arrived".
    """
    if terms is not None and terms.burst:
        _fold(store, terms, now())
    with store.transaction():  # so that nobody else takes the same message
        if terms is not None and terms.unknown == "hold":
            store.hold_unknown(destination)
        owed = store.next_owed(destination, now())
        if owed is None:
            return None
        attempt = store.start_sending(owed, now())
    store.note_sending(attempt, now())
    outcome = sender.send(owed.outgoing, now=now())
    done = now()
    delay = next_delay(owed.tries, outcome)
    with store.transaction():
        store.record(owed, attempt, outcome, now=done, next_at=done + delay)
        if outcome.state in {"retryable", "not_sent"}:
            rest = timedelta(seconds=outcome.retry_after) if outcome.retry_after else min(delay, timedelta(seconds=REST))
            store.rest(destination, done + rest, owed)
        elif outcome.state == "accepted":
            store.is_back(destination, done)
    return outcome


def _fold(store: Store, terms: Destination, now: datetime) -> None:
    """Put digests in the place of a burst, in one commit. What is too long to share a message stays as it is."""
    if not store.burst(terms.name, terms.burst, now):
        return
    room = room_of(terms)  # may import Apprise: not while the store is held
    with store.transaction():
        store.fold(terms.name, folded(store.burst(terms.name, terms.burst, now), terms.name, room), now)


def next_delay(tries: int, outcome: Outcome) -> timedelta:
    """How long until the next try, after `tries` earlier ones: our own backoff, or the receiver's wish if that is longer."""
    ours = BACKOFF[min(tries, len(BACKOFF) - 1)]
    return timedelta(seconds=max(ours, outcome.retry_after or 0))
