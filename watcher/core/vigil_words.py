"""The messages of the vigil: what is wrong with the watcher, since when, the last success, the recent errors, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from datetime import datetime
from datetime import timedelta

from watcher.core.figures import counted
from watcher.core.figures import lapse
from watcher.core.figures import moment
from watcher.core.payload import claiming_nothing
from watcher.core.payload import encoded
from watcher.core.payload import event_id
from watcher.core.payload import plain
from watcher.core.rendering import rendered
from watcher.core.telling import Alert
from watcher.core.telling import Line
from watcher.core.telling import Outline
from watcher.core.telling import Section
from watcher.core.text import clean
from watcher.core.vigil import Snapshot
from watcher.core.vigil import Telling
from watcher.core.wording import SUBJECT_LIMIT
from watcher.core.wording import shortened

WATCH_KEY = "vigil"
ERRORS_SHOWN = 5
LONGEST_ERROR = 300  # characters
EDGARS_LIST = "https://www.sec.gov/cgi-bin/browse-edgar?action=getcurrent&type=4&owner=only"
_UNSEEN = frozenset({"blind", "blocked", "shape"})  # while one of these lasts people have to look for themselves

OVER = {
    "blind": "EDGAR is seen again",
    "blocked": "the SEC answers again",
    "shape": "EDGAR's list of filings can be read again",
    "reading": "no filing waits for long any more",
    "gap": "the gap is closed",
    "disk": "there is room on the disk again",
    "damage": "the store is sound again",
    "backup": "the nightly backup is made again",
    "unproven": "every finished day is held against EDGAR's index",
    "configuration": "the configuration is in force as it is written",
    "tickers": "every ticker watched is that of a CIK that is watched",
}


def over_words(name: str) -> str:
    """That a condition is over, in one line."""
    return OVER.get(name) or f"{name} takes messages again"


def vigil_alert(tellings: tuple[Telling, ...], seen: Snapshot, destinations: tuple[str, ...]) -> Alert:
    """One message for one telling, or for several that are told together. It is about no filing.

    Its id is the same for the same episode and number of telling, in this store.
    """
    identity = event_id(",".join(map(_identity, tellings)), WATCH_KEY, "vigil")
    lines = [_headline(telling, seen.now) for telling in tellings]
    first = lines[0] if len(lines) == 1 else f"{counted(len(lines), 'notice')} about the watcher itself: {lines[0]}"
    wrong = [telling.wrong for telling in tellings if telling.wrong is not None]
    sections = [Section("What is known" if wrong else "It is over", tuple(_known(tellings, seen)))]
    errors = tuple(_errors(seen.condition.troubles))
    if wrong and errors:
        sections.append(Section("Recent errors", errors))
    if wrong:
        todo = dict.fromkeys(line for one in wrong for line in one.todo)
        sections.append(Section("What to do", tuple(Line(line) for line in todo)))
    message = rendered(
        Outline(
            subject=shortened(f"Watcher: {first}", SUBJECT_LIMIT),
            headline=f"Watcher: {first}",
            owners=(),
            sections=tuple(sections),
            links=(("EDGAR's own list", EDGARS_LIST),) if any(one.wrong and one.name in _UNSEEN for one in tellings) else (),
        )
    )
    payload = encoded(
        {
            **claiming_nothing("vigil", identity, WATCH_KEY),
            "at": plain(seen.now),
            "conditions": [_condition_json(telling) for telling in tellings],
            "title": message.title,
            "text": message.text,
        }
    )
    return Alert(
        event_id=identity,
        accession_number="",
        watch_key=WATCH_KEY,
        rules=(),
        message=message,
        payload=payload,
        destinations=destinations,
    )


def _identity(telling: Telling) -> str:
    began = telling.episode.since.isoformat() if telling.episode.since else ""
    return f"{telling.name} {began} {telling.episode.times if telling.wrong else 'over'}"


def _headline(telling: Telling, now: datetime) -> str:
    if telling.wrong is None:
        return f"over: {clean(over_words(telling.name), LONGEST_ERROR)}"
    since = telling.episode.since
    still = f"still, after {lapse(max(now - since, timedelta(0)))}: " if telling.episode.times and since else ""
    return f"{still}{clean(telling.wrong.what, LONGEST_ERROR)}"


def _known(tellings: Iterable[Telling], seen: Snapshot) -> Iterator[Line]:
    """What each telling says, with its times; the last success once, as it is the same for all."""
    for telling in tellings:
        yield Line(_headline(telling, seen.now), label=telling.name)
        if telling.episode.since is not None:
            yield Line(moment(telling.episode.since), label="Noticed")
        if telling.wrong is None and telling.episode.well is not None:
            yield Line(moment(telling.episode.well), label="Over since")
    last = next((telling.wrong.last_success for telling in tellings if telling.wrong is not None), "")
    if last:
        yield Line(last, label="Last success")


def _errors(troubles: Iterable[tuple[datetime, str, str]]) -> Iterator[Line]:
    """The latest troubles, newest first; one that came many times is shown once, with its latest time."""
    shown: set[tuple[str, str]] = set()
    for at, source, text in troubles:
        if (source, text) not in shown and len(shown) < ERRORS_SHOWN:
            shown.add((source, text))
            yield Line(clean(f"{source}: {text}", LONGEST_ERROR), label=moment(at))


def _condition_json(telling: Telling) -> dict[str, object]:
    since = telling.episode.since
    return {
        "name": telling.name,
        "state": "over" if telling.wrong is None else "wrong",
        "what": over_words(telling.name) if telling.wrong is None else clean(telling.wrong.what, LONGEST_ERROR),
        "since": plain(since),
        "last_success": None if telling.wrong is None else telling.wrong.last_success,
        "told_before": telling.episode.times,
    }
