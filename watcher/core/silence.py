"""Silences: what somebody asked not to be told for a while. Values in, values out; a silenced alert is kept, and shown on request.

A silence names an issuer, an owner, a rule, a destination, or several of them, which must then all hold. Three things it never does:

- A program goes on being told, unless the silence names it as its destination: noise disturbs people, and a gap harms a program's records.
- What the watcher says of itself (that it is blind, say) is not silenced, by whatever silence.
- What is not known does not silence: a filing that could not be read has no known owners and rules. A correction of what a destination was
  told is told to it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from watcher.core.figures import counted
from watcher.core.figures import day
from watcher.core.folding import HEAD
from watcher.core.folding import Waiting
from watcher.core.folding import groups
from watcher.core.folding import line_of
from watcher.core.payload import claiming_nothing
from watcher.core.payload import encoded
from watcher.core.payload import event_id
from watcher.core.rendering import rendered
from watcher.core.submission import EASTERN
from watcher.core.telling import Alert
from watcher.core.telling import Outline
from watcher.core.wording import SUBJECT_LIMIT
from watcher.core.wording import shortened

WATCH_KEY = "silence"
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence. `ticker` is how its issuer is shown; `owner` is a CIK of ten digits, or a name as in filings, its words in any order."""

    id: int
    begins: datetime
    ends: datetime
    why: str
    issuer_cik: str | None = None
    ticker: str | None = None
    owner: str | None = None
    rule: str | None = None
    destination: str | None = None

    def __str__(self) -> str:
        named = (
            self.ticker or self.issuer_cik,
            self.owner and f"owner {self.owner}",
            self.rule and f"rule {self.rule}",
            self.destination and f"destination {self.destination}",
        )
        return ", ".join(one for one in named if one)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a filing is about: the issuer's CIK and the (CIK, name) of its reporting owners, as far as known."""

    issuer_cik: str | None
    owners: tuple[tuple[str | None, str | None], ...] = ()


def silencing(
    silences: Iterable[Silence], subject: Subject, rules: Collection[str], destination: str, *, is_machine: bool
) -> int | None:
    """The id of the silence that keeps an alert from a destination, if one does.

    `rules` are those that matched and tell this destination: each must be silenced, or it still alerts. Without any, as they are not known,
    only a silence of all rules keeps it. `silences` are those in force.
    """
    asked = [one for one in silences if _concerns(one, subject, destination, is_machine=is_machine)]
    # A rule with a group's own destinations is called RULE@DESTINATION.
    names = [(None, rule, rule.partition("@")[0]) for rule in rules or ("",)]
    found = [next((one.id for one in asked if one.rule in name), None) for name in names]
    return None if None in found else found[0]


def _concerns(silence: Silence, subject: Subject, destination: str, *, is_machine: bool) -> bool:
    return (
        silence.destination in ((destination,) if is_machine else (None, destination))
        and silence.issuer_cik in (None, subject.issuer_cik)
        and (silence.owner is None or any(is_named(silence.owner, cik, name) for cik, name in subject.owners))
    )


def is_named(owner: str, cik: str | None, name: str | None) -> bool:
    """Whether an owner with this CIK and name is the one that a silence names."""
    if owner.isdigit():
        return owner == cik
    wanted = _WORD.findall(owner.casefold())
    return bool(wanted) and set(wanted) <= set(_WORD.findall((name or "").casefold()))


def lapse_alert(silence: Silence, kept: Sequence[Waiting], destination: str, room: int, *, removed: bool) -> Alert:
    """The notice to one destination that a silence is over, with what it kept from it, one line each, as far as `room` allows."""
    over = "was taken back" if removed else "ended"
    held = f"it held back {counted(len(kept), 'alert')}" if kept else "it held back nothing"
    said = f"The silence on {silence} {over}; {held}"
    identity = event_id(f"{silence.id} {silence.begins.isoformat()}", WATCH_KEY, destination)
    shown = next(groups(kept, room - HEAD), [])
    more = len(kept) - len(shown)
    begun = day(silence.begins.astimezone(EASTERN).date())
    lines = [f"It began on {begun}, because: {silence.why}"]
    lines += [f"The first {len(shown)} are listed here; `watcher silence list --all --json` lists all."] if more else []
    lines += ["`watcher why` and the accession number tell all of one."] if kept else []
    message = rendered(
        Outline(
            subject=shortened(said, SUBJECT_LIMIT),
            headline=f"{said}{':' if kept else ''}",
            owners=tuple(lines),
            sections=(),
            links=tuple(map(line_of, shown)),
        )
    )
    payload = {
        **claiming_nothing("silence", identity, WATCH_KEY),
        "silence": silence.id,
        "held_back": [one.event_id for one in kept],
        "title": message.title,
        "text": message.text,
    }
    return Alert(identity, "", WATCH_KEY, (), message, encoded(payload), (destination,))
