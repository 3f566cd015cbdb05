"""Is the watcher itself in trouble, and is it time to say so? Values in, values out; `now` is part of what was seen.

snapshot  ->  a verdict for each condition  ->  its episode goes on, begins or ends  ->  what is to be told now

A verdict may be "unsure": at night EDGAR says nothing either way, so an episode neither begins nor goes on nor ends.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from datetime import date
from datetime import datetime
from datetime import timedelta
from typing import Literal

from watcher.core.calendar import is_open
from watcher.core.errors import FeedUnreadable
from watcher.core.figures import counted
from watcher.core.figures import day
from watcher.core.figures import moment
from watcher.core.health import Condition
from watcher.core.health import DestinationCondition
from watcher.core.health import not_taken

# How long after each telling an episode is told again; the last value repeats.
REPEATS = (timedelta(hours=1), timedelta(hours=4), timedelta(days=1))
SETTLED = timedelta(minutes=2)  # an episode is over once nothing was wrong for this long, so that what flickers is one episode
UNBROKEN = timedelta(minutes=5)  # looks further apart than this: the watcher was not running, or the clock was set
DESTINATION = "destination "

_UNREADABLE = ", unreadable"
_CALM = timedelta(0)


@dataclass(frozen=True, slots=True)
class Limits:
    """Where trouble begins. `blind_after` is at most eight hours, the length of EDGAR's night."""

    blind_after: timedelta
    queue_older_than: timedelta
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that is judged. `awake` is since when the watcher has been looking without a break, by a clock that was not set."""

    condition: Condition
    awake: datetime
    free_bytes: int
    unproven: tuple[date, ...]
    refused: str = ""  # the mistakes, one a line, for which the configuration as it is written is not in force
    unresolved: str = ""  # the tickers for which it is not, because EDGAR has not told what they are
    moved: str = ""  # the watched tickers that are another CIK's now, in words

    @property
    def now(self) -> datetime:
        """When it was taken."""
        return self.condition.now


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong, in one line; the last success, and what to do. `patience`: how long it may last before it is told."""

    what: str
    last_success: str
    todo: tuple[str, ...]
    patience: timedelta = _CALM
    once: bool = False  # not told again while it lasts, unless in other words


Verdict = Wrong | Literal["well", "unsure"]


@dataclass(frozen=True, slots=True)
class Episode:
    """One time that something was wrong. `since` when it was first seen, `well` since when it no longer is.

    `told` is the latest telling, `times` how many there were; `held` that one was due and there was no room for it.
    """

    since: datetime | None = None
    well: datetime | None = None
    told: datetime | None = None
    times: int = 0
    held: bool = False
    said: str = ""  # the latest telling's words


@dataclass(frozen=True, slots=True)
class Telling:
    """What is due to be told of one condition: that it is wrong, or (`wrong` is `None`) that it is over."""

    name: str
    episode: Episode
    wrong: Wrong | None


def source_of(job: str, error: Exception) -> str:
    """The source under which a job's trouble is remembered: an answer of another shape than expected is told from none."""
    return f"{job}{_UNREADABLE}" if isinstance(error, FeedUnreadable) else job


def verdicts(seen: Snapshot, limits: Limits) -> dict[str, Verdict]:
    """How each condition stands, by name."""
    found: dict[str, Verdict] = {name: judge(seen, limits) for name, judge in CONDITIONS.items()}
    for destination in seen.condition.destinations:
        found[f"{DESTINATION}{destination.name}"] = _destination(destination, seen, limits)
    return found


# --- the conditions -------------------------------------------------------------------------------------------------------


def _blind(seen: Snapshot, limits: Limits) -> Verdict:
    silent = [prefix for prefix, at in seen.condition.good_polls if seen.now - _good(at, seen) > limits.blind_after]
    if not silent:
        unseen = any(at is None or at > seen.now for _, at in seen.condition.good_polls)
        return "unsure" if unseen else "well"
    open_all_along = is_open(seen.now) and is_open(seen.now - limits.blind_after)
    if not open_all_along or seen.now - seen.awake < limits.blind_after:
        return "unsure"
    return Wrong(
        f"EDGAR is not seen: no good look at its list of form {' and '.join(silent)} filings",
        _last_good(seen),
        (
            "Filings may be appearing that nobody is told of. Look at EDGAR's own list until this is over.",
            "Is the network of this machine up, and does it reach the SEC? `watcher status` shows the latest errors.",
            "What is missed meanwhile is read once EDGAR is seen again.",
        ),
    )


def _blocked(seen: Snapshot, _limits: Limits) -> Verdict:
    until = seen.condition.blocked_until
    if until is None:
        return "well"
    return Wrong(
        f"the SEC has limited this address until {moment(until)}; nothing is asked before",
        _last_good(seen),
        (
            "The watcher waits by itself. Does another program at this address ask the SEC, or does `contact` under [edgar] name nobody?",
            "What is missed meanwhile is read afterwards.",
        ),
        timedelta(minutes=1),
    )


def _shape(seen: Snapshot, _limits: Limits) -> Verdict:
    """The latest trouble of a poll since its last good one is an answer that is no list, or an empty or an old one."""
    changed: list[str] = []
    doubtful = False
    for prefix, good in seen.condition.good_polls:
        polls = [
            (source, text) for at, source, text in _since(good, seen) if source.removesuffix(_UNREADABLE) == f"poll {prefix}"
        ]
        if polls and polls[0][0].endswith(_UNREADABLE):
            changed.append(polls[0][1])
        doubtful |= bool(polls)
    if not changed:
        return "unsure" if doubtful else "well"
    if not is_open(seen.now):
        return "unsure"
    return Wrong(
        f"EDGAR answers with something that is not its list of filings: {changed[0]}",
        _last_good(seen),
        (
            "Look at EDGAR's own list: an outage page passes by itself.",
            "Where the list is there and this goes on, its shape has changed, and the watcher needs a newer version.",
        ),
        timedelta(minutes=2),
    )


def _reading(seen: Snapshot, limits: Limits) -> Verdict:
    oldest = seen.condition.oldest_pending
    if oldest is None or seen.now - oldest <= limits.queue_older_than:
        return "well"
    return Wrong(
        f"{counted(seen.condition.pending, 'filing')} listed and not read, the oldest since {moment(oldest)}",
        _last_good(seen),
        ("`watcher filings --state pending` lists them: read them at the SEC. The watcher goes on trying.",),
    )


def _gap(seen: Snapshot, _limits: Limits) -> Verdict:
    since = seen.condition.gap_since
    if since is None:
        return "well"
    return Wrong(
        f"what was filed since {moment(since)} may be missing: the gap is not closed yet",
        _last_good(seen),
        ("The lists of each watched CIK are asked until all have answered; `watcher status` shows the latest errors.",),
        timedelta(minutes=30),
    )


def _disk(seen: Snapshot, limits: Limits) -> Verdict:
    if seen.free_bytes >= limits.free_bytes:
        return "well"
    return Wrong(
        f"the disk of the store is nearly full: {seen.free_bytes // 10**6:,} MB are free",
        _last_good(seen),
        ("Make room: when nothing is left the watcher stops, and tells nobody anything.",),
    )


def _unproven(seen: Snapshot, _limits: Limits) -> Verdict:
    if not seen.unproven:
        return "well"
    days = [day(one) for one in seen.unproven]
    shown = ", ".join(days[:3]) + (f" and {len(days) - 3} more" if len(days) > 3 else "")
    return Wrong(
        f"not held against EDGAR's index yet, or something is missing: {shown}",
        _last_good(seen),
        (f"`watcher reconcile --date {seen.unproven[0]}` says what is missing. It is tried again each hour.",),
        timedelta(hours=6),
    )


def _configuration(seen: Snapshot, _limits: Limits) -> Verdict:
    if not seen.refused and not seen.unresolved:
        return "well"
    if not seen.refused:
        return Wrong(
            f"the watches of the configuration are not in force: EDGAR does not tell what these tickers are: {seen.unresolved[:200]}",
            _last_good(seen),
            (
                "The watches before stay in force. EDGAR is asked again each half minute; `cik` in place of `ticker` needs no answer.",
            ),
            timedelta(minutes=10),
        )
    first, *others = seen.refused.splitlines()
    return Wrong(
        f"the changed configuration is not in force: {first}" + (f" (and {len(others)} more)" if others else ""),
        _last_good(seen),
        ("The one before stays in force. `watcher check` says all that is wrong; once it is mended, it is taken by itself.",),
        once=True,
    )


def _moved(seen: Snapshot, _limits: Limits) -> Verdict:
    if not seen.moved:
        return "well"
    return Wrong(
        f"filings under another CIK are not seen: {seen.moved}",
        _last_good(seen),
        (
            "Where that is the same company under a new CIK, or its successor, watch it too, by `cik`. The old one stays watched.",
            "Where it is a stranger that took the ticker over, watch the old one by `cik` in place of `ticker`.",
        ),
        once=True,
    )


def _damage(seen: Snapshot, _limits: Limits) -> Verdict:
    damage = seen.condition.damage
    return Wrong(damage, _last_good(seen), ("Nothing is mended by itself.",)) if damage is not None else "well"


def _backup(seen: Snapshot, _limits: Limits) -> Verdict:
    failed = seen.condition.backup_failed
    return Wrong(failed, _last_good(seen), ("It is tried again each hour.",)) if failed is not None else "well"


def _destination(one: DestinationCondition, seen: Snapshot, limits: Limits) -> Verdict:
    late = bool(one.waiting) and one.oldest is not None and seen.now - one.oldest > limits.queue_older_than
    what = not_taken(one, late=late)
    if what is None:
        return "well"
    again = f"{'once it is named there again, ' if one.gone else ''}`watcher outbox retry ID` sends one again"
    return Wrong(
        what,
        _last_good(seen),
        (f"`watcher outbox list` shows them; {again}, `drop ID --why TEXT` gives it up.",),
        once=one.gone,
    )


CONDITIONS: Mapping[str, Callable[[Snapshot, Limits], Verdict]] = {
    "blind": _blind,
    "blocked": _blocked,
    "shape": _shape,
    "reading": _reading,
    "gap": _gap,
    "disk": _disk,
    "damage": _damage,
    "backup": _backup,
    "unproven": _unproven,
    "configuration": _configuration,
    "tickers": _moved,
}


def _good(at: datetime | None, seen: Snapshot) -> datetime:
    """The last good poll; one that lies in the future is from before the clock was set back, and tells nothing."""
    return at if at is not None and at <= seen.now else seen.awake


def _since(good: datetime | None, seen: Snapshot) -> list[tuple[datetime, str, str]]:
    return [one for one in seen.condition.troubles if good is None or one[0] > good]


def _last_good(seen: Snapshot) -> str:
    polls = (f"form {prefix}: {moment(at) if at else 'none yet'}" for prefix, at in seen.condition.good_polls)
    return "the last good look at EDGAR's lists: " + "; ".join(polls)


# --- episodes -------------------------------------------------------------------------------------------------------------


def awake_since(before: tuple[datetime, datetime] | None, now: datetime) -> datetime:
    """Since when there was no break, from (awake, last look). A first look, a pause and a clock that was set begin anew."""
    if before is None or not before[1] <= now <= before[1] + UNBROKEN:
        return now
    return before[0]


def goes_on(episode: Episode, verdict: Verdict, seen: Snapshot) -> Episode:
    """The episode after another look, before anything is told."""
    now = seen.now
    match verdict:
        case Wrong():
            return replace(episode, since=episode.since or now, well=None)
        case "well" if episode.since is not None:
            well = episode.well if episode.well is not None and episode.well <= now else now
            ends = now - well >= SETTLED and not (episode.times or episode.held)
            return Episode() if ends else replace(episode, well=well)
        case _:
            return replace(episode, well=None)


def due(episode: Episode, verdict: Verdict, seen: Snapshot) -> bool:
    """Whether the episode is to be told, or told to be over, now."""
    if episode.since is None:
        return False
    if not isinstance(verdict, Wrong):
        return episode.well is not None and seen.now - episode.well >= SETTLED and bool(episode.times or episode.held)
    begun = episode.since if episode.since <= seen.now else seen.awake
    if seen.now - max(begun, seen.awake if verdict.patience else begun) < verdict.patience:
        return False
    if episode.told is None or episode.told > seen.now:
        return True
    if verdict.once:
        return verdict.what != episode.said
    return seen.now - episode.told >= REPEATS[min(episode.times, len(REPEATS)) - 1]


def after(telling: Telling, now: datetime) -> Episode:
    """The episode once this was told."""
    if telling.wrong is None:
        return Episode()
    return replace(telling.episode, told=now, times=telling.episode.times + 1, held=False, said=telling.wrong.what)
