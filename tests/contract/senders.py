"""A sender without a receiver, and the real webhook with one, under the same verbs: what the one does, the other must do.

`tests/contract/test_senders.py` holds both to it, so that a test may use the fake where it wants no socket.
"""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import Protocol
from typing import Self

from tests.loopback import unused_port
from watcher.config import Destination
from watcher.core.telling import Outcome
from watcher.core.telling import Outgoing
from watcher.demo.receivers import Answer
from watcher.demo.receivers import WebhookReceiver
from watcher.notify import Sender
from watcher.notify.machines import Webhook


class Rig(Sender, Protocol):
    """A sender, and how its receiver behaves from now on."""

    @property
    def received(self) -> list[str]:
        """The event id of every message that reached the receiver."""

    def accepts(self) -> None: ...
    def refuses(self) -> None: ...
    def fails(self) -> None: ...
    def asks_for_a_pause(self, seconds: int) -> None: ...
    def is_gone(self) -> None: ...
    def falls_silent(self) -> None: ...


class FakeSender:
    """No socket; accepts until told otherwise. `sent` is what was handed to it, with the time."""

    def __init__(self) -> None:
        self.sent: list[tuple[datetime, Outgoing]] = []
        self.received: list[str] = []
        self.accepts()

    def accepts(self) -> None:
        self._outcome = Outcome("accepted")

    def refuses(self) -> None:
        self._outcome = Outcome("permanent", "the server answered 400")

    def fails(self) -> None:
        self._outcome = Outcome("retryable", "the server answered 500")

    def asks_for_a_pause(self, seconds: int) -> None:
        self._outcome = Outcome("retryable", "the server answered 429", float(seconds))

    def is_gone(self) -> None:
        self._outcome = Outcome("not_sent", "no connection: connection refused")

    def falls_silent(self) -> None:
        self._outcome = Outcome("unknown", "no answer: the connection was lost")

    def send(self, outgoing: Outgoing, *, now: datetime) -> Outcome:
        self.sent.append((now, outgoing))
        if self._outcome.state != "not_sent":
            self.received.append(outgoing.event_id)
        return self._outcome


class WebhookRig:
    """The real webhook and a receiver on the loopback interface."""

    def __init__(self) -> None:
        self._receiver = WebhookReceiver()
        self._url = self._receiver.url

    def __enter__(self) -> Self:
        self._receiver.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._receiver.__exit__(kind, error, trace)

    @property
    def received(self) -> list[str]:
        return [delivery.headers["x-watcher-event"] for delivery in self._receiver.received]

    def accepts(self) -> None:
        self._url, self._receiver.default = self._receiver.url, Answer(200)

    def refuses(self) -> None:
        self._receiver.default = Answer(400)

    def fails(self) -> None:
        self._receiver.default = Answer(500)

    def asks_for_a_pause(self, seconds: int) -> None:
        self._receiver.default = Answer(429, {"Retry-After": str(seconds)})

    def is_gone(self) -> None:
        self._url = f"http://127.0.0.1:{unused_port()}/hook"

    def falls_silent(self) -> None:
        self._receiver.default = Answer(None)

    def send(self, outgoing: Outgoing, *, now: datetime) -> Outcome:
        return Webhook(Destination("machine", "webhook", self._url, b"k"), deadline=10).send(outgoing, now=now)
