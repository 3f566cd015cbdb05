"""Watch over the watcher: notice what has been wrong for too long, and owe a message about it; ping a dead man's switch.

store, pace file, disk  ->  `core.vigil` judges  ->  { episodes, alert, owed } in one commit  ->  ping
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from typing import Any
from typing import Protocol

from watcher.config import Config
from watcher.core.calendar import is_open
from watcher.core.completeness import days_due
from watcher.core.submission import EASTERN
from watcher.core.vigil import DESTINATION
from watcher.core.vigil import Episode
from watcher.core.vigil import Limits
from watcher.core.vigil import Snapshot
from watcher.core.vigil import Telling
from watcher.core.vigil import Verdict
from watcher.core.vigil import Wrong
from watcher.core.vigil import after
from watcher.core.vigil import awake_since
from watcher.core.vigil import due
from watcher.core.vigil import goes_on
from watcher.core.vigil import verdicts
from watcher.core.vigil_telling import gathered
from watcher.core.vigil_telling import told_whom
from watcher.core.vigil_words import vigil_alert
from watcher.notify.ping import ping
from watcher.pace import Pace
from watcher.status import MOVED
from watcher.status import REFUSED
from watcher.status import UNRESOLVED
from watcher.status import condition
from watcher.store import Store
from watcher.store import stamp
from watcher.store import unstamp

PING_INTERVAL = timedelta(minutes=1)
PING_TROUBLE = timedelta(days=1)  # a ping that fails is a trouble once in this time
_LOOKS = "vigil"  # the fact that holds `_Looks`; that of an episode has the condition's name behind it


class Ping(Protocol):
    """Asks an address; why that did not succeed, or `None`."""

    def __call__(self, url: str, *, well: bool) -> str | None:
        """GET the address, or with `/fail` behind it where not `well`."""


@dataclass(frozen=True, slots=True)
class _Looks:
    """What is kept between looks: since when there was no break, the last look, the tellings of the last hour, and the pings."""

    awake: datetime
    looked: datetime
    told: tuple[datetime, ...] = ()
    pinged: datetime | None = None
    ping_failed: datetime | None = None


def vigil(
    store: Store,
    pace: Pace,
    config: Config,
    *,
    now: datetime,
    free_bytes: Callable[[], int] | None = None,
    ping: Ping = ping,
) -> tuple[str, ...]:
    """One look. Returns the destinations that are owed a message because of it.

    Raises `StoreError` only: a ping that fails is noted, and harms nothing. Sends no message by itself.
    """
    before = _looks(store)
    awake = awake_since((before.awake, before.looked) if before else None, now)
    looks = replace(before, awake=awake, looked=now) if before else _Looks(awake, now)
    seen = _snapshot(store, pace, config, awake, now, free_bytes() if free_bytes else shutil.disk_usage(store.path.parent).free)
    limits = Limits(config.vigil.blind_after, config.vigil.queue_older_than, config.vigil.free_megabytes * 10**6)
    found = verdicts(seen, limits)
    was = {name: _episode(store, name) for name in found}
    episodes = {name: goes_on(was[name], verdict, seen) for name, verdict in found.items()}
    told: list[str] = []
    with store.transaction():
        for destinations, tellings in _messages(config, found, episodes, looks, seen):
            store.keep_alert(vigil_alert(tellings, seen, destinations), now)
            episodes |= {telling.name: after(telling, now) for telling in tellings}
            looks = replace(looks, told=(*(at for at in looks.told if now - at < timedelta(hours=1)), now))
            told += destinations
        for name in _kept(store) - found.keys():  # of destinations that are gone: one of that name that comes back begins anew
            store.set_fact(f"{_LOOKS} {name}", None)
        for name, episode in episodes.items():
            if episode != was[name]:
                store.set_fact(f"{_LOOKS} {name}", None if episode == Episode() else _written(episode))
        store.set_fact(_LOOKS, _written(looks))
    if config.vigil.ping_url:
        _ping(store, config.vigil.ping_url, looks, found, episodes["blind"], ping, now)
    return tuple(dict.fromkeys(told))


def _snapshot(store: Store, pace: Pace, config: Config, awake: datetime, now: datetime, free_bytes: int) -> Snapshot:
    seen = condition(store, pace, config, now=now)
    first = min((watch.first_seen_at for watch in store.watches()), default=None)
    unproven = days_due(now, store.proven(), first.astimezone(EASTERN).date()) if first else []
    noted = {"refused": REFUSED, "moved": MOVED, "unresolved": UNRESOLVED}
    facts = {name: store.fact(fact) or "" for name, fact in noted.items()}
    return Snapshot(seen, awake, free_bytes, tuple(unproven), **facts)


def _messages(
    config: Config, found: Mapping[str, Verdict], episodes: dict[str, Episode], looks: _Looks, seen: Snapshot
) -> list[tuple[tuple[str, ...], tuple[Telling, ...]]]:
    """What to tell now, and whom. What is due and finds no room, or nobody to be told, is marked as held in `episodes`."""
    ruled = {name for rule in config.rules.values() for name in rule.notify}
    wanted = config.vigil.notify or tuple(name for name in config.destinations if name in ruled)
    whom: dict[str, tuple[str, ...]] = {}
    tellings = []
    for name, verdict in found.items():
        if due(episodes[name], verdict, seen):
            telling = Telling(name, episodes[name], verdict if isinstance(verdict, Wrong) else None)
            whom[name] = told_whom(telling, wanted, tuple(config.destinations))
            episodes[name] = replace(episodes[name], held=True)
            if whom[name]:
                tellings.append(telling)
    return [
        (tuple(dict.fromkeys(one for telling in together for one in whom[telling.name])), together)
        for together in gathered(tellings, looks.told, seen.now)
    ]


def _ping(
    store: Store, url: str, looks: _Looks, found: Mapping[str, Verdict], episode: Episode, ping: Ping, now: datetime
) -> None:
    """Once a minute: that all is well, or that EDGAR is not seen or every destination is in trouble, so that nobody can be told.

    Where it is not known whether EDGAR is seen, while it is open, not at all. `episode` is that of blindness.
    """
    if looks.pinged is not None and looks.pinged <= now < looks.pinged + PING_INTERVAL:
        return
    blind = found["blind"]
    destinations = [verdict for name, verdict in found.items() if name.startswith(DESTINATION)]
    mute = bool(destinations) and all(isinstance(verdict, Wrong) for verdict in destinations)
    failing = mute or isinstance(blind, Wrong) or (blind == "unsure" and episode.since is not None)
    if blind == "unsure" and not failing and is_open(now):
        return
    reason = ping(url, well=not failing)
    failed = looks.ping_failed
    if reason is not None and (failed is None or not failed <= now < failed + PING_TROUBLE):
        store.keep_trouble("ping", reason, now)
        failed = now
    store.set_fact(_LOOKS, _written(replace(looks, pinged=now, ping_failed=failed)))


# --- what is kept ---------------------------------------------------------------------------------------------------------


def _written(kept: Episode | _Looks) -> str:
    def plain(value: object) -> object:
        if isinstance(value, tuple):
            return [plain(one) for one in value]
        return stamp(value) if isinstance(value, datetime) else value

    return json.dumps({name: plain(value) for name, value in asdict(kept).items()})


def _read(store: Store, name: str) -> dict[str, Any]:
    """A kept value; one that cannot be read begins anew, as it only says what was told before."""
    try:
        found = json.loads(store.fact(name) or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _episode(store: Store, name: str) -> Episode:
    kept = _read(store, f"{_LOOKS} {name}")
    times = {key: unstamp(kept[key]) for key in ("since", "well", "told") if kept.get(key)}
    return Episode(**times, times=kept.get("times", 0), held=kept.get("held", False), said=kept.get("said", ""))


def _kept(store: Store) -> set[str]:
    """The conditions of which an episode is kept."""
    return {
        row["name"].removeprefix(f"{_LOOKS} ") for row in store.rows("SELECT name FROM fact WHERE name GLOB ?", (f"{_LOOKS} *",))
    }


def _looks(store: Store) -> _Looks | None:
    kept = _read(store, _LOOKS)
    if not kept:
        return None
    optional = {key: unstamp(kept[key]) for key in ("pinged", "ping_failed") if kept.get(key)}
    return _Looks(unstamp(kept["awake"]), unstamp(kept["looked"]), tuple(map(unstamp, kept["told"])), **optional)
