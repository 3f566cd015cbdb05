"""What people and machines are told, and what became of it. Frozen values; nothing here reads or writes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """What people are sent: one subject line, the same facts as plain text and as HTML."""

    title: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class WatchedAs:
    """Why a filing concerns us: the watch, as shown to people and as stored."""

    key: str  # "issuer:0001107843" | "owner:0001234567"
    shown: str  # "QLYS"
    ticker: str | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """The promise to tell, made once per filing and watch: stable id, the words, and the machine payload as exact bytes."""

    event_id: str
    accession_number: str
    watch_key: str
    rules: tuple[str, ...]
    message: Message
    payload: bytes
    destinations: tuple[str, ...]


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
