"""Send what is owed to one destination, oldest first, and write down who was told. Decides only when to try again.

a burst folded  ->  owed  ->  "sending" committed  ->  the door  ->  outcome committed
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from datetime import timedelta

from watcher.config import Destination
from watcher.core.digest import next_close
from watcher.core.folding import folded
from watcher.core.quiet import quiet_until
from watcher.core.telling import Outcome
from watcher.notify import Sender
from watcher.notify import room_of
from watcher.store import Store
from watcher.store.quiet import DIGEST_ONLY
from watcher.store.quiet import NOTHING
from watcher.store.quiet import QUIET_HOURS

# Seconds before the next try, by the number of tries so far; the last value repeats. Never before the receiver's own Retry-After.
BACKOFF = (5, 15, 60, 300, 900, 1800, 3600)
# A destination in trouble rests for all its messages, so that a queue of hundreds does not hammer it; but so that it is noticed soon
# when it is back, no longer than this unless it asked for more. One that takes messages and says nothing rests longer, as each try may
# tell somebody twice; but only from the second on: one lost answer may be the message's own.
REST = 60
SILENT_REST = 900


def deliver(
    store: Store, sender: Sender, destination: str, *, now: Callable[[], datetime], terms: Destination | None = None
) -> Outcome | None:
    """Send the oldest message due at a destination, once. `None` when nothing is due.

    `terms` says what is held, kept back for a time, and from when alerts are folded; without, nothing is. A crash after the first byte
    leaves "sending", which the next start reads as "may have arrived".
    """
    kept, kept_until = (NOTHING, now()) if terms is None else _kept_back(terms, now())
    if terms is not None:
        _wake(store, terms, kept, now())
        if terms.unknown == "hold":
            with store.transaction():
                store.hold_unknown(destination)
        if terms.burst and kept == NOTHING:
            _fold(store, terms, now())
    with store.transaction():  # so that nobody else takes the same message
        if kept != NOTHING:
            store.keep_back(destination, kept_until, kept)
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
        if outcome.state == "accepted":
            store.is_back(destination, done)
        elif (rest := _rest(store, destination, delay, outcome)) is not None:
            store.rest(destination, done + rest, owed.id, done)
    return outcome


def _rest(store: Store, destination: str, delay: timedelta, outcome: Outcome) -> timedelta | None:
    """How long the whole destination is left alone after an attempt that it did not accept, if at all."""
    if outcome.retry_after and outcome.state != "permanent":
        return timedelta(seconds=outcome.retry_after)
    if outcome.state in {"retryable", "not_sent"}:
        return min(delay, timedelta(seconds=REST))
    if outcome.state == "unknown" and (unanswered := store.unanswered(destination)) > 1:
        return timedelta(seconds=min(BACKOFF[min(unanswered, len(BACKOFF)) - 2], SILENT_REST))
    return None


def _kept_back(terms: Destination, now: datetime) -> tuple[str, datetime]:
    """What keeps messages for a destination back now, and until when."""
    if terms.quiet is not None and (until := quiet_until(terms.quiet, now)) is not None:
        return QUIET_HOURS, until
    if terms.digest_only:
        return DIGEST_ONLY, min(next_close(kind, now) for kind in terms.digest)
    return NOTHING, now


def _wake(store: Store, terms: Destination, kept: str, now: datetime) -> None:
    """What was kept back and passes now is due: alerts about filings as one message, where they are several."""
    if not store.is_kept_back(terms.name, kept):
        return
    room = room_of(terms)  # may import Apprise: not while the store is held
    with store.transaction():
        woken = store.wake(terms.name, now, kept)
        store.fold(terms.name, folded(woken, terms.name, room, came="waited for the end of your quiet hours"), now)


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
