"""What people and machines are told, and what became of it. Frozen values; nothing here reads or writes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """What people are sent: one subject line, and the same facts as plain text, as HTML and in Slack's mark-up (empty: as text)."""

    title: str
    text: str
    html: str
    slack: str = ""


@dataclass(frozen=True, slots=True)
class Templates:
    """The sources of the user's templates, by the form of the message they replace; `None` means our own words."""

    subject: str | None = None
    text: str | None = None
    html: str | None = None
    slack: str | None = None


OUR_WORDS = Templates()


@dataclass(frozen=True, slots=True)
class WatchedAs:
    """Why a filing concerns us: the watch, as shown to people and as stored."""

    key: str  # "issuer:0001107843" | "owner:0001234567"
    shown: str  # "QLYS"
    ticker: str | None = None


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why somebody is told: the watch, the names of the rules that matched and, where known, what each asks for, in words."""

    watch: WatchedAs
    rules: tuple[str, ...]
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an alert. `label` heads it, `amount` is a sum of dollars with what it is, `note` what stands behind it."""

    text: str
    label: str = ""
    amount: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a heading."""

    heading: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """What an alert says, in its order, before it is laid out. `subject` is one line; `links` are (label, address built by us)."""

    subject: str
    headline: str
    owners: tuple[str, ...]
    sections: tuple[Section, ...]
    links: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """The promise to tell, made once per filing and watch: stable id, the words, and the machine payload as exact bytes.

    `silenced` are those of its destinations from which a silence keeps it, each with that silence's id.
    """

    event_id: str
    accession_number: str
    watch_key: str
    rules: tuple[str, ...]
    message: Message
    payload: bytes
    destinations: tuple[str, ...]
    silenced: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message on its way to one destination: the words for people and the exact body for machines.

    `possible_repeat` is set when an earlier attempt may have arrived; people are told so, machines drop it by `event_id`.
    """

    event_id: str
    message: Message
    payload: bytes
    possible_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt. `retry_after` is in seconds, where the receiver asked for a pause.

    `state`: "accepted" (the receiver said yes), "permanent" (it said never), "retryable" (it said not now), "not_sent"
    (nothing can have reached it), "unknown" (it may have arrived). Only "unknown" can make a repeat.
    """

    state: str
    reason: str = ""
    retry_after: float | None = None
