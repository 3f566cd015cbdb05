"""How the watcher is, from values to words. Asks nobody; `now` is passed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta

from watcher.core.calendar import is_open
from watcher.core.figures import counted
from watcher.core.figures import moment

# Without a good poll for this long we are blind; outside EDGAR's hours polls are rarer and nothing is filed.
BLIND_OPEN = timedelta(minutes=5)
BLIND_CLOSED = timedelta(minutes=30)
QUEUE_OLD = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Condition:
    """What the store and the pace file tell about the daemon, at one moment. Counts are of rows; times are aware."""

    now: datetime
    good_polls: tuple[tuple[str, datetime | None], ...]  # (form prefix, last good poll)
    blocked_until: datetime | None
    gap_since: datetime | None
    oldest_pending: datetime | None
    pending: int
    quarantined: int
    baselines_open: int
    destinations: tuple[DestinationCondition, ...]
    troubles: tuple[tuple[datetime, str, str], ...]


@dataclass(frozen=True, slots=True)
class DestinationCondition:
    """What one destination is owed. `reason` is the latest of its failures that is not over."""

    name: str
    waiting: int
    dead: int
    oldest: datetime | None
    reason: str | None


def complaints(condition: Condition) -> list[str]:
    """Everything that is wrong, most urgent first, each with what to do; empty when healthy."""
    wrong = [*_seeing(condition), *_reading(condition)]
    for destination in condition.destinations:
        wrong += _telling(destination, condition.now)
    return wrong


def _seeing(condition: Condition) -> list[str]:
    wrong = []
    if condition.blocked_until is not None:
        wrong.append(
            f"blocked: the SEC has limited this address until {moment(condition.blocked_until)}; nothing is asked before"
        )
    allowed = BLIND_OPEN if is_open(condition.now) else BLIND_CLOSED
    for prefix, polled in condition.good_polls:
        if polled is None:
            wrong.append(f"blind: there has been no good poll for form {prefix} yet")
        elif condition.now - polled > allowed:
            wrong.append(f"blind: no good poll for form {prefix} since {moment(polled)}")
    if wrong or condition.troubles:
        recent = [text for at, _, text in condition.troubles if condition.now - at < allowed]
        if wrong and recent:
            wrong.append(f"the latest error: {recent[0]}")
    if condition.gap_since is not None:
        wrong.append(f"a gap since {moment(condition.gap_since)} is still being closed")
    return wrong


def _reading(condition: Condition) -> list[str]:
    wrong = []
    oldest = condition.oldest_pending
    if oldest is not None and condition.now - oldest > QUEUE_OLD:
        wrong.append(f"{counted(condition.pending, 'filing')} to be read, the oldest since {moment(oldest)}")
    if condition.quarantined:
        quarantined = counted(condition.quarantined, "filing")
        wrong.append(f"{quarantined} could not be read: `watcher filings --state quarantined` lists them")
    return wrong


def _telling(destination: DestinationCondition, now: datetime) -> list[str]:
    wrong = []
    why = f" ({destination.reason})" if destination.reason else ""
    stuck = destination.oldest is not None and (destination.reason is not None or now - destination.oldest > QUEUE_OLD)
    if destination.waiting and stuck:
        since = f" since {moment(destination.oldest)}" if destination.oldest else ""
        wrong.append(f"destination {destination.name}: {counted(destination.waiting, 'message')} waiting{since}{why}")
    if destination.dead:
        wrong.append(
            f"destination {destination.name}: {counted(destination.dead, 'message')} dead{why}: `watcher outbox list` shows them"
        )
    return wrong
