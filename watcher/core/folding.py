"""Many alerts that wait for the same people at once, as few messages that list them all. Values in, values out; nothing is left out.

The messages themselves are not shortened into it: each alert keeps its subject line, accession number and link, oldest first.
"""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from watcher.core.figures import counted
from watcher.core.payload import claiming_nothing
from watcher.core.payload import encoded
from watcher.core.rendering import rendered
from watcher.core.rendering import slack_escaped
from watcher.core.rendering import slack_link
from watcher.core.rendering import unlinked
from watcher.core.telling import Message
from watcher.core.telling import Outline
from watcher.core.wording import SUBJECT_LIMIT
from watcher.core.wording import shortened

HEAD = 350  # characters kept free for subject, heading and the words that mark a possible repeat
_MARKS = {"correction": "[correction] ", "quarantined": "[could not be read] "}


@dataclass(frozen=True, slots=True)
class Waiting:
    """An alert that is due at a destination and has never left for it. `payload` is its body for machines."""

    owed_id: int
    event_id: str
    title: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Digest:
    """One message in place of those it carries (ids of owed rows), which are told once it is."""

    event_id: str
    message: Message
    payload: bytes
    carried: tuple[int, ...]


def folded(waiting: Sequence[Waiting], destination: str, room: int, *, came: str = "came at once") -> list[Digest]:
    """The alerts, oldest first as given, as messages of at most `room` characters (as the service counts: escaped).

    An alert that would be alone in its digest is left out: it goes as it is. The same alerts give the same digests.
    """
    return [_digest(group, destination, came) for group in groups(waiting, room - HEAD) if len(group) > 1]


def groups(waiting: Iterable[Waiting], room: int) -> Iterator[list[Waiting]]:
    """The alerts in their order, as many together as their lines fit in so many characters; at least one."""
    group: list[Waiting] = []
    taken = 0
    for alert in waiting:
        size = size_of(alert)
        if group and taken + size > room:
            yield group
            group, taken = [], 0
        group.append(alert)
        taken += size
    if group:
        yield group


def size_of(alert: Waiting) -> int:
    """What an alert takes of a message, in the largest of its forms; what is made inert takes one more character each."""
    label, url = line_of(alert)
    as_text = f"{label}: {url}\n"
    return max(
        len(html.escape(as_text)) + sum(map(as_text.count, "@<].:")), len(slack_link(url, label)) + len(slack_escaped("\n"))
    )


def line_of(alert: Waiting) -> tuple[str, str]:
    """What says which alert it is, and the link: its subject, and what every message names where the subject does not."""
    body: dict[str, Any] = json.loads(alert.payload)
    issuer, owners = body.get("issuer") or {}, body.get("reporting_owners") or ()
    names = [issuer.get("ticker"), *(owner["name"] for owner in owners[:2]), body["accession_number"]]
    missing = ", ".join(name for name in names if name and unlinked(name) not in alert.title)
    return f"{_MARKS.get(body.get('kind', ''), '')}{alert.title} ({missing})", body["url"]


def _digest(group: Sequence[Waiting], destination: str, came: str) -> Digest:
    events = [alert.event_id for alert in group]
    identity = hashlib.sha256("|".join(("digest", destination, *events)).encode()).hexdigest()[:32]
    tickers = [(json.loads(alert.payload).get("issuer") or {}).get("ticker") for alert in group]
    about = ", ".join(dict.fromkeys(ticker for ticker in tickers if ticker))
    number = counted(len(group), "alert")
    message = rendered(
        Outline(
            subject=shortened(f"{number} in one message{f': {about}' if about else ''}", SUBJECT_LIMIT),
            headline=f"{number} {came} and are listed here, oldest first",
            owners=("`watcher why` and the accession number tell all of one.",),
            sections=(),
            links=tuple(line_of(alert) for alert in group),
        )
    )
    payload = {**claiming_nothing("digest", identity, None), "carries": events}
    return Digest(
        identity, message, encoded({**payload, "title": message.title, "text": message.text}), tuple(one.owed_id for one in group)
    )
