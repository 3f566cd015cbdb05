"""What is told at its own time, and not because of a filing: digests after EDGAR has closed, and that a silence is over. Sends nothing.

the store  ->  `core.digest`, `core.silence`  ->  { message, owed, what it carries folded into it, the period done } in one commit
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from datetime import datetime

from watcher.config import Config
from watcher.config import Destination
from watcher.core.digest import WATCH_KEY
from watcher.core.digest import Contents
from watcher.core.digest import Period
from watcher.core.digest import digests
from watcher.core.digest import latest_close
from watcher.core.folding import Waiting
from watcher.core.silence import Silence
from watcher.core.silence import lapse_alert
from watcher.notify import room_of
from watcher.store import Store


def owe_by_the_clock(store: Store, config: Config, *, now: datetime) -> Iterator[str]:
    """Owe what is due by the time: that a silence is over, then the digests. Yields the destinations; nothing is owed twice."""
    yield from announce_lapses(store, config, now=now)
    yield from owe_digests(store, config, now=now)


def owe_digests(store: Store, config: Config, *, now: datetime) -> Iterator[str]:
    """Owe every destination the digests that are due; yields the destinations.

    A period is told of once: after days without the watcher one digest covers them all. The first period of a destination that is new
    to digests, also after a time in which it did not want them, begins with the close before it.
    """
    wanted = {_told(terms.name, kind) for terms in config.destinations.values() for kind in terms.digest}
    for row in store.rows("SELECT name FROM fact WHERE name GLOB ?", (_told("*", "*"),)):
        if row["name"] not in wanted:
            store.set_fact(row["name"], None)
    for terms in config.destinations.values():
        for kind in terms.digest:
            ends = latest_close(kind, now)
            told = store.moment(_told(terms.name, kind))
            if told is None or told > now:  # new to digests; or told by a clock that was ahead
                store.set_fact(_told(terms.name, kind), ends)
            elif told < ends:
                _owe(store, terms, Period(kind, told, ends), now)
                yield terms.name


def _owe(store: Store, terms: Destination, period: Period, now: datetime) -> None:
    room = room_of(terms)  # may import Apprise: not while the store is held
    with store.transaction():
        made = digests(period, _contents(store, terms, period, now), terms.name, room)
        store.fold(terms.name, made, now, watch_key=WATCH_KEY)
        store.set_fact(_told(terms.name, period.kind), period.ends)


def _contents(store: Store, terms: Destination, period: Period, now: datetime) -> Contents:
    begins, ends = period.begins, period.ends
    return Contents(
        alerts=store.alerts_for(terms.name, begins, ends),
        filings=store.read_between(begins, ends),
        proofs=store.proofs_between(begins, ends),
        troubles=store.troubles_between(begins, ends),
        silences=[
            (one, len(store.silenced_by(one.id).get(terms.name, ())))
            for one in store.silences_in_force(now)
            if one.destination in {None, terms.name}
        ],
        over=[one for one in store.silences_over(begins, ends) if one.destination in {None, terms.name}],
        carried=store.for_the_digest(terms.name) if terms.digest_only else (),
        waiting=store.count_pending(),
    )


def announce_lapses(store: Store, config: Config, *, now: datetime) -> Iterator[str]:
    """Owe a notice of every silence that is over to the destinations concerned, once; yields these.

    Those are the one it named; else those it kept something from, or where there are none, the people it could have kept it from. What
    it kept from a destination that is there no more, by that name, these people are told. A silence that a person took back and that
    kept nothing is not announced: that person knows.
    """
    over = store.lapsed(now)
    rooms = {name: room_of(terms) for name, terms in config.destinations.items()} if over else {}
    for silence, removed in over:
        with store.transaction():  # from here on it keeps nothing more, so that what it kept is all of it
            kept = _by_who_is_there(config, silence, store.silenced_by(silence.id))
            concerned = [name for name in _concerned(config, silence, set(kept)) if name in config.destinations]
            if removed and not kept:
                concerned = []
            for name in concerned:
                store.keep_alert(lapse_alert(silence, kept.get(name, ()), name, rooms[name], removed=removed), now)
            store.note_announced(silence.id, now)
        yield from concerned


def _concerned(config: Config, silence: Silence, kept: set[str]) -> list[str]:
    if kept:
        return sorted(kept)
    return _people(config, silence) if silence.destination is None else [silence.destination]


def _by_who_is_there(config: Config, silence: Silence, kept: Mapping[str, Sequence[Waiting]]) -> dict[str, list[Waiting]]:
    """What a silence kept, by destination; what it kept from one that is there no more by the people it could have kept it from."""
    found = {name: list(waiting) for name, waiting in kept.items() if name in config.destinations}
    gone = {one.event_id: one for name, waiting in kept.items() if name not in found for one in waiting}
    for name in _people(config, silence) if gone else ():
        known = {one.event_id for one in found.get(name, ())}
        found.setdefault(name, []).extend(one for event_id, one in gone.items() if event_id not in known)
    return found


def _people(config: Config, silence: Silence) -> list[str]:
    """Whom the rules tell that a silence is for."""
    rules = [rule for name, rule in config.rules.items() if silence.rule in {None, name, name.partition("@")[0]}]
    named = dict.fromkeys(name for rule in rules for name in rule.notify if name in config.destinations)
    return [name for name in named if config.destinations[name].kind != "webhook"]


def _told(destination: str, kind: str) -> str:
    """The fact that holds the end of the latest period told of."""
    return f"digest {kind} {destination}"
