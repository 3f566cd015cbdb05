"""The digest of a day or a week, after EDGAR has closed: what was told, what stayed silent and why, what is proven. Values in, values out.

A day ends at 22:05 Eastern time on a business day of EDGAR's, a week with its last one. A digest covers all since the one before: also
the nights, the weekends, and the days on which the watcher did not run. Every alert of that time is counted once in its sum.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from datetime import UTC
from datetime import date
from datetime import datetime
from datetime import time
from datetime import timedelta

from watcher.core.calendar import is_business_day
from watcher.core.calendar import next_business_day
from watcher.core.completeness import Completeness
from watcher.core.completeness import words
from watcher.core.figures import counted
from watcher.core.figures import day
from watcher.core.folding import HEAD
from watcher.core.folding import Digest
from watcher.core.folding import Waiting
from watcher.core.folding import groups
from watcher.core.folding import line_of
from watcher.core.payload import claiming_nothing
from watcher.core.payload import encoded
from watcher.core.payload import event_id
from watcher.core.payload import plain
from watcher.core.rendering import rendered
from watcher.core.silence import Silence
from watcher.core.submission import EASTERN
from watcher.core.telling import Line
from watcher.core.telling import Message
from watcher.core.telling import Outline
from watcher.core.telling import Section
from watcher.core.text import clean
from watcher.core.wording import SUBJECT_LIMIT
from watcher.core.wording import shortened

WATCH_KEY = "digest"
CLOSING = time(22, 5)  # Eastern
_DAY = timedelta(days=1)
_SHOWN = 8  # lines of a kind
_LONGEST = 300  # characters of a line
_EXPECTED = "as expected"  # how the reason begins where a register of expected trades kept a rule silent
# state of a row of the outbox -> the word under which a digest counts it
STANDINGS = {
    "delivered": "sent",
    **dict.fromkeys(("pending", "sending", "retry", "unknown", "folded"), "on their way"),
    "quiet": "waiting for the end of quiet hours",
    "silenced": "silenced",
    "held": "held for a person to decide",
    "dead": "given up",
}
IN_THIS_DIGEST = "in this digest"


@dataclass(frozen=True, slots=True)
class Period:
    """What a digest covers: after `begins`, up to `ends`, which is a close. `kind`: "daily" | "weekly"."""

    kind: str
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class ToldAlert:
    """An alert for the digest's destination, and its row's state in the outbox."""

    alert: Waiting
    state: str


@dataclass(frozen=True, slots=True)
class SettledFiling:
    """A filing that was read ("ingested") or could not be ("quarantined"), and what came of it."""

    accession_number: str
    state: str
    alerted: bool
    silent_because: str | None


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a digest tells of. `silences` are those in force, each with how many alerts it keeps; `over` those that ended.

    `carried` are the alerts that reach the destination by this digest only. `waiting` filings are not read yet.
    """

    alerts: Sequence[ToldAlert]
    filings: Sequence[SettledFiling]
    proofs: Sequence[Completeness] = ()
    troubles: Mapping[tuple[str, str], int] | None = None
    silences: Sequence[tuple[Silence, int]] = ()
    over: Sequence[Silence] = ()
    carried: Sequence[Waiting] = ()
    waiting: int = 0


# --- when -----------------------------------------------------------------------------------------------------------------


def latest_close(kind: str, now: datetime) -> datetime:
    """The latest end of a day or week of EDGAR's that is not after `now`."""
    eastern = now.astimezone(EASTERN)
    last = eastern.date() if eastern.time() >= CLOSING else eastern.date() - _DAY
    while not _ends(kind, last):
        last -= _DAY
    return datetime.combine(last, CLOSING, EASTERN)


def next_close(kind: str, now: datetime) -> datetime:
    """The first end of a day or week of EDGAR's after `now`."""
    last = latest_close(kind, now).date() + _DAY
    while not _ends(kind, last):
        last += _DAY
    return datetime.combine(last, CLOSING, EASTERN)


def _ends(kind: str, last: date) -> bool:
    if not is_business_day(last):
        return False
    return kind == "daily" or next_business_day(last).isocalendar()[:2] != last.isocalendar()[:2]


# --- what -----------------------------------------------------------------------------------------------------------------


def digests(period: Period, contents: Contents, destination: str, room: int) -> list[Digest]:
    """The digest, in one message of at most `room` characters; more than one only where `carried` does not fit in it.

    Where room is short, alerts that were sent anyhow are left out, then what stands below the sum; the sum never is. The messages that
    carry alerts name each of them.
    """
    head = _outline(period, contents)
    if room - HEAD < _size(rendered(head)) + HEAD:
        head = replace(head, sections=head.sections[:1])
    free = room - HEAD - _size(rendered(head))
    listed = contents.carried or [one.alert for one in contents.alerts if one.state != "silenced"]
    pages = list(groups(listed, max(free, 0)))
    if contents.carried:
        rest = groups([alert for page in pages[1:] for alert in page], room - HEAD)
        return [_page(period, contents, destination, head, pages[0], 0), *_more(period, contents, destination, rest)]
    shown = pages[0] if pages and free > 0 else []
    left_out = len(listed) - len(shown)
    if left_out:
        shown, left_out = shown[:-1], left_out + bool(shown)  # room for the line that says so
        more = Section("Alerts, oldest first", (Line(f"{left_out:,} more than are listed here: `watcher alerts` shows all"),))
        head = replace(head, sections=(*head.sections, more))
    return [_page(period, contents, destination, head, shown, 0)]


def _more(period: Period, contents: Contents, destination: str, rest: Iterator[list[Waiting]]) -> Iterator[Digest]:
    for number, page in enumerate(rest, 2):
        said = f"{_title(period)}, message {number}: {counted(len(page), 'more alert')}"
        outline = Outline(shortened(said, SUBJECT_LIMIT), said, (), (), ())
        yield _page(period, contents, destination, outline, page, number)


def _page(period: Period, contents: Contents, destination: str, head: Outline, listed: Sequence[Waiting], number: int) -> Digest:
    message = rendered(replace(head, links=tuple(map(line_of, listed))))
    carried = [one.event_id for one in listed] if contents.carried else []
    # With what it carries: after a clock that was ahead a period is told of again, and must not be taken for what was sent already.
    identity = event_id(" ".join((period.kind, period.ends.isoformat(), str(number or ""), *carried)), WATCH_KEY, destination)
    payload = {
        **claiming_nothing(WATCH_KEY, identity, WATCH_KEY),
        "period": period.kind,
        "begins": plain(period.begins.astimezone(UTC)),
        "ends": plain(period.ends.astimezone(UTC)),
        "alerts": dict(_sum(contents)) if not number else {},
        "filings": _read(contents.filings) if not number else {},
        "carries": carried,
        "title": message.title,
        "text": message.text,
    }
    return Digest(identity, message, encoded(payload), tuple(one.owed_id for one in listed if carried))


def _outline(period: Period, contents: Contents) -> Outline:
    said = f"{_title(period)}: {_said(contents)}"
    covered = _business_days(period)
    owners = [f"Covers {day(covered[0])} to {day(covered[-1])}"] if len(covered) > 1 else []
    if period.kind == "daily" and len(covered) > 1:
        owners = [f"{owners[0]}: there was no digest of the days before, as the watcher did not run"]
    sections = (
        Section("The sum", tuple(_sum_lines(contents))),
        Section("Silent filings", tuple(_silent_lines(contents.filings))),
        Section("Completeness", tuple(_proof_lines(contents.proofs, covered[-1]))),
        Section("Silences", tuple(_silence_lines(contents))),
        Section("Troubles", tuple(_trouble_lines(contents))),
    )
    return Outline(
        subject=shortened(said, SUBJECT_LIMIT),
        headline=said,
        owners=tuple(owners),
        sections=tuple(section for section in sections if section.lines),
        links=(),
    )


def _title(period: Period) -> str:
    last = day(period.ends.astimezone(EASTERN).date())
    return f"Digest of {last}" if period.kind == "daily" else f"Digest of the week to {last}"


def _said(contents: Contents) -> str:
    silent = sum(not one.alerted for one in contents.filings)
    alerts = max(len(contents.alerts), len(contents.carried))
    return f"{counted(alerts, 'alert')}, {counted(silent, 'silent filing')}"


def _business_days(period: Period) -> list[date]:
    first, last = (at.astimezone(EASTERN).date() for at in (period.begins, period.ends))
    return [one for number in range(1, (last - first).days + 1) if is_business_day(one := first + number * _DAY)] or [last]


def _sum(contents: Contents) -> Iterator[tuple[str, int]]:
    """How many alerts stand how; each is counted once."""
    carried = {one.owed_id for one in contents.carried}
    numbers = Counter(STANDINGS[one.state] for one in contents.alerts if one.alert.owed_id not in carried)
    if carried:
        yield IN_THIS_DIGEST, len(carried)
    yield from ((name, numbers[name]) for name in dict.fromkeys(STANDINGS.values()) if numbers[name])


def _sum_lines(contents: Contents) -> Iterator[Line]:
    parts = ", ".join(f"{number:,} {name}" for name, number in _sum(contents))
    total = sum(number for _, number in _sum(contents))
    yield Line(f"{counted(total, 'alert')} for you{f': {parts}' if parts else ''}")
    read = _read(contents.filings)
    unread = f", {read['unreadable']:,} could not be read" if read["unreadable"] else ""
    later = f"; {counted(contents.waiting, 'filing')} still to read" if contents.waiting else ""
    yield Line(
        f"{counted(len(contents.filings), 'filing')} taken: {read['alerted']:,} alerted, {read['silent']:,} silent{unread}{later}"
    )


def _read(filings: Collection[SettledFiling]) -> dict[str, int]:
    """How many filings came to what; each is counted once."""
    unreadable = sum(one.state == "quarantined" for one in filings)
    alerted = sum(one.alerted and one.state != "quarantined" for one in filings)
    return {"alerted": alerted, "silent": len(filings) - alerted - unreadable, "unreadable": unreadable}


def _silent_lines(filings: Sequence[SettledFiling]) -> Iterator[Line]:
    """The reasons with how many filings each kept silent; what was expected by name, as somebody wants to tick it off."""
    silent = [one for one in filings if not one.alerted and one.state != "quarantined"]
    expected = [one for one in silent if (one.silent_because or "").startswith(_EXPECTED)]
    reasons = Counter(one.silent_because or "no reason kept" for one in silent if one not in expected).most_common()
    for one in expected[:_SHOWN]:
        yield Line(clean(one.silent_because or "", _LONGEST), label=one.accession_number)
    if len(expected) > _SHOWN:
        yield Line(f"{len(expected) - _SHOWN:,} more as expected")
    yield from (Line(f"{number:,} because: {clean(reason, _LONGEST)}") for reason, number in reasons[:_SHOWN])
    if len(reasons) > _SHOWN:
        yield Line(f"{sum(number for _, number in reasons[_SHOWN:]):,} for other reasons: `watcher filings` shows them")


def _proof_lines(proofs: Sequence[Completeness], last: date) -> Iterator[Line]:
    yield from (Line(words(proof)) for proof in proofs[-_SHOWN:])
    if all(proof.day != last for proof in proofs):
        yield Line(f"EDGAR's index of {last} is final at 06:00 ET on the day after: its proof follows in the next digest")


def _silence_lines(contents: Contents) -> Iterator[Line]:
    for silence, number in contents.silences[:_SHOWN]:
        until = day(silence.ends.astimezone(EASTERN).date())
        yield Line(f"{silence}, until {until} ({silence.why}): has held back {counted(number, 'alert')} so far")
    if len(contents.silences) > _SHOWN:
        yield Line(f"{len(contents.silences) - _SHOWN:,} more: `watcher silence list` shows them")
    yield from (Line(f"{silence}: ended") for silence in contents.over[:_SHOWN])


def _trouble_lines(contents: Contents) -> Iterator[Line]:
    for one in [one for one in contents.filings if one.state == "quarantined"][:_SHOWN]:
        yield Line("could not be read: `watcher why` says more", label=one.accession_number)
    troubles = contents.troubles or {}
    for (source, text), number in list(troubles.items())[:3]:
        yield Line(clean(f"{counted(number, 'time')} {source}: {text}", _LONGEST))
    if len(troubles) > 3:
        yield Line(f"{counted(sum(list(troubles.values())[3:]), 'other trouble')}: `watcher status --json` shows the latest")


def _size(message: Message) -> int:
    """What a message takes of its room, in the largest of its forms."""
    return max(len(html.escape(message.text)) + sum(map(message.text.count, "@<]")), len(message.slack))
