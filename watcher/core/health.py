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
_A_POLL_TAKES = timedelta(minutes=2)
QUEUE_OLD = timedelta(minutes=30)
SILENT_FROM = 3  # messages in a row that a destination took without an answer


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
    damage: str | None = None  # what the latest check of the store found
    backup_failed: str | None = None  # why the latest nightly backup is missing
    not_watched: tuple[str, ...] = ()  # why what is watched may not be what somebody means to watch
    longest_interval: timedelta = timedelta()  # between two polls, by the configuration


@dataclass(frozen=True, slots=True)
class DestinationCondition:
    """What one destination is owed. `reason` is the latest of its failures that is not over.

    `held` are left to a person; `unanswered` is how many messages it has taken without a word since its last answer. `gone`: it is not
    in the configuration any more, where something was still owed to it.
    """

    name: str
    waiting: int
    dead: int
    oldest: datetime | None
    reason: str | None
    held: int = 0
    oldest_held: datetime | None = None
    unanswered: int = 0
    gone: bool = False

    @property
    def silent(self) -> bool:
        """Whether it takes messages and does not answer; one lost answer is an accident."""
        return self.unanswered >= SILENT_FROM and bool(self.waiting or self.held)


def complaints(condition: Condition) -> list[str]:
    """Everything that is wrong, most urgent first, each with what to do; empty when healthy."""
    wrong = [*_seeing(condition), *condition.not_watched, *_reading(condition)]
    wrong += [one for one in (condition.damage, condition.backup_failed) if one is not None]
    for destination in condition.destinations:
        wrong += _telling(destination, condition.now)
    return wrong


def unseen(condition: Condition) -> tuple[tuple[str, datetime | None], ...]:
    """The forms whose list was not read for too long, with the last good poll; by EDGAR's hours and holidays."""
    allowed = _patience(condition)
    return tuple((prefix, at) for prefix, at in condition.good_polls if at is None or condition.now - at > allowed)


def _patience(condition: Condition) -> timedelta:
    usual = BLIND_OPEN if is_open(condition.now) else BLIND_CLOSED
    return max(usual, condition.longest_interval + _A_POLL_TAKES)


def _seeing(condition: Condition) -> list[str]:
    wrong = []
    if condition.blocked_until is not None:
        wrong.append(
            f"blocked: the SEC has limited this address until {moment(condition.blocked_until)}; nothing is asked before"
        )
    for prefix, polled in unseen(condition):
        if polled is None:
            wrong.append(f"blind: there has been no good poll for form {prefix} yet")
        else:
            wrong.append(f"blind: no good poll for form {prefix} since {moment(polled)}")
    if wrong or condition.troubles:
        recent = [text for at, _, text in condition.troubles if condition.now - at < _patience(condition)]
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


def not_taken(one: DestinationCondition, *, late: bool) -> str | None:
    """What a destination does not take, in one line; `None` if it does. `late`: what waits for it has waited for too long."""
    counts = [_silence(one)] if one.silent else []
    counts += [f"{counted(one.dead, 'message')} {'not sent' if one.gone else 'refused for good'}"] if one.dead else []
    counts += [f"{counted(one.held, 'message')} held, which may have arrived"] if one.held else []
    if not counts and not late:
        return None
    if one.waiting:
        counts.append(f"{one.waiting:,} waiting" + (f" since {moment(one.oldest)}" if one.oldest else ""))
    return f"destination {one.name}: {', '.join(counts)}" + (f" ({one.reason})" if one.reason else "")


def _silence(one: DestinationCondition) -> str:
    return f"silent: it took the last {one.unanswered} messages and did not answer; they may have arrived"


def _telling(destination: DestinationCondition, now: datetime) -> list[str]:
    wrong = []
    name = f"destination {destination.name}"
    why = f" ({destination.reason})" if destination.reason else ""
    stuck = destination.oldest is not None and (destination.reason is not None or now - destination.oldest > QUEUE_OLD)
    if destination.waiting and stuck:
        since = f" since {moment(destination.oldest)}" if destination.oldest else ""
        wrong.append(f"{name}: {counted(destination.waiting, 'message')} waiting{since}{why}")
    if destination.silent:
        wrong.append(f"{name}: {_silence(destination)}")
    if destination.held:
        since = f" since {moment(destination.oldest_held)}" if destination.oldest_held else ""
        wrong.append(
            f"{name}: {counted(destination.held, 'message')} held{since}, which may have arrived: `watcher outbox list` shows them,"
            " `watcher outbox retry ID` sends one again, `watcher outbox drop ID --why TEXT` gives it up"
        )
    if destination.dead:
        wrong.append(f"{name}: {counted(destination.dead, 'message')} dead{why}: `watcher outbox list` shows them")
    return wrong
