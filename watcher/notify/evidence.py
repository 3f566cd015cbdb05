"""What really happened on the wire while Apprise worked, as Apprise only says yes or no.

Whether a message can have arrived decides whether sending it again makes a repeat, so each HTTP request and each SMTP
command of a delivery is written down and judged. Services that use neither (MQTT, XMPP) leave no evidence.

The methods below are wrapped once, for the life of the process. Apprise makes its own `requests` sessions and its own
`smtplib.SMTP`, and offers no place to hand in others; so the classes it uses are the only place to listen. The wrappers
change no argument and no result, and do nothing outside `evidence()`.
"""

from __future__ import annotations

import contextlib
import http.client
import smtplib
import threading
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from functools import partial
from typing import Any

from watcher.core.telling import Outcome
from watcher.notify.answers import cause_of
from watcher.notify.answers import said_within

SMTP_VERBS = frozenset({"ehlo", "helo", "starttls", "mail", "rcpt", "data", "rset", "noop", "quit"})
AFTERWARDS = frozenset({"rset", "noop", "quit"})  # their replies say nothing of the message


@dataclass(slots=True)
class HttpStep:
    """One HTTP request: answered with `status`, or lost for the reason `error`. `began`: some of it may have left."""

    status: int | None = None
    retry_after: str | None = None
    error: str = "the connection was lost"
    began: bool = True
    body: Callable[[], bytes] = bytes

    def outcome(self, now: datetime) -> Outcome:
        """Judge the answer, and what a chat service says in it; a request lost after it began may have arrived."""
        if self.status is not None:
            return said_within(self.status, self.body(), self.retry_after, now=now)
        return Outcome("unknown", f"no answer: {self.error}") if self.began else Outcome("not_sent", self.error)


@dataclass(slots=True)
class SmtpStep:
    """One SMTP command (its name only: arguments hold passwords) and the last reply to it; `None`: there was none.

    DATA has two replies: 354 says "go on", so if no other that can be read follows, the message left and nobody said what became of it.
    """

    verb: str
    reply: int | None = None
    went_on: bool = False  # 354 came, and the message went out
    error: str = "the connection was lost"

    def outcome(self, now: datetime) -> Outcome:  # as HttpStep's; SMTP names no pause  # noqa: ARG002 -- the signature of a step
        """Judge the reply (RFC 5321, 4.2.1: 2 and 3 yes, 4 not now, 5 never); up to DATA nothing has been delivered."""
        command = self.verb.upper()
        if self.reply is None:
            return Outcome("not_sent", f"no reply to {command}: {self.error}")
        words = f"the mail server answered {self.reply} to {command}"
        if 500 <= self.reply <= 599:
            return Outcome("permanent", words)
        if 400 <= self.reply <= 499:
            return Outcome("retryable", words)
        if self.verb != "data" or not self.went_on:
            return Outcome("not_sent", f"{words}; then the conversation ended")
        if 200 <= self.reply <= 299:
            return Outcome("accepted")
        return Outcome("unknown", "the mail server took the message and did not say what became of it")


Step = HttpStep | SmtpStep

_steps: ContextVar[list[Step] | None] = ContextVar("steps", default=None)
_installing = threading.Lock()


@contextlib.contextmanager
def evidence() -> Iterator[list[Step]]:
    """Collect the steps taken inside the `with`, by this thread or by one that copies its context."""
    with _installing:
        _listen()
    steps: list[Step] = []
    token = _steps.set(steps)
    try:
        yield steps
    finally:
        _steps.reset(token)


def judge(steps: Sequence[Step], *, said_yes: bool, now: datetime) -> Outcome:
    """One outcome from Apprise's yes or no and the steps: any step that may have delivered counts, else the last.

    A no without evidence, or against an answer that reads as yes, is "unknown": the message may have arrived.
    """
    telling = [step for step in steps if not (isinstance(step, SmtpStep) and step.verb in AFTERWARDS)]
    outcomes = [step.outcome(now) for step in telling]
    last = telling[-1] if telling else None
    # Some plugins take a redirect, or any 200, for a yes.
    refused = isinstance(last, HttpStep) and last.status is not None and last.status < 400 and outcomes[-1].state != "accepted"
    if said_yes and not refused:
        return Outcome("accepted")
    if not outcomes:
        return Outcome("unknown", "the service reported a failure, and not whether the message had left")
    outcome = next((outcome for outcome in outcomes if outcome.state == "unknown"), outcomes[-1])
    if outcome.state == "accepted":
        return Outcome("unknown", "the service answered, but what it said was not a yes")
    return outcome


@cache
def _listen() -> None:
    """Wrap the methods; `requests` is imported here because whoever never tells people need not load it."""
    _listen_to_http()
    _listen_to_smtp()


def _listen_to_http() -> None:
    import requests  # late, see _listen  # noqa: PLC0415 -- as late as Apprise itself
    from requests.adapters import HTTPAdapter  # late, see _listen  # noqa: PLC0415 -- as late as Apprise itself
    from urllib3.connection import HTTPConnection  # late, see _listen  # noqa: PLC0415 -- as late as Apprise itself
    from urllib3.exceptions import ConnectTimeoutError  # late, see _listen  # noqa: PLC0415 -- as late as Apprise itself
    from urllib3.exceptions import NewConnectionError  # late, see _listen  # noqa: PLC0415 -- as late as Apprise itself

    before_the_request = (requests.ConnectTimeout, requests.exceptions.SSLError, requests.exceptions.ProxyError)
    send, write = HTTPAdapter.send, HTTPConnection.send
    # Where it is the standard library's, every byte of a request goes through its `send`, and none of a TLS handshake does.
    noticed = issubclass(HTTPConnection, http.client.HTTPConnection)

    def writing(connection: HTTPConnection, piece: Any) -> None:
        steps = _steps.get()
        if steps and isinstance(steps[-1], HttpStep):
            steps[-1].began = True
        write(connection, piece)

    def began(error: requests.RequestException) -> bool:
        reason = getattr(error.args[0] if error.args else None, "reason", None)
        return not isinstance(error, before_the_request) and not isinstance(reason, (NewConnectionError, ConnectTimeoutError))

    def listening(adapter: HTTPAdapter, request: requests.PreparedRequest, *args: Any, **options: Any) -> Any:
        steps = _steps.get()
        if steps is None:
            return send(adapter, request, *args, **options)
        if steps and isinstance(steps[-1], HttpStep) and steps[-1].status == 429:
            # Some plugins ask again at once; the pause that was asked for is kept by the outbox.
            raise requests.RequestException
        step = HttpStep(began=not noticed)
        steps.append(step)
        try:
            response = send(adapter, request, *args, **options)
        except requests.RequestException as error:
            step.error, step.began = cause_of(error), step.began and began(error)
            raise
        step.status, step.retry_after = response.status_code, response.headers.get("Retry-After")
        step.body = partial(_body, response)
        return response

    HTTPConnection.send = writing  # type: ignore[method-assign,assignment]  # see the module's docstring
    HTTPAdapter.send = listening  # type: ignore[assignment]  # see the module's docstring


def _body(response: Any) -> bytes:
    """What the plugin's request has read; not read by us, so that an answer that breaks off stays the plugin's to see."""
    return response._content or b""  # noqa: SLF001 -- `content` would read, or raise where reading failed


def _listen_to_smtp() -> None:
    connect, putcmd, getreply = smtplib.SMTP.connect, smtplib.SMTP.putcmd, smtplib.SMTP.getreply

    def begin(verb: str) -> SmtpStep:
        step = SmtpStep(verb)
        steps = _steps.get()
        if steps is not None:
            steps.append(step)
        return step

    def connecting(client: smtplib.SMTP, *args: Any, **options: Any) -> Any:
        step = begin("connect")
        try:
            return connect(client, *args, **options)
        except OSError as error:
            step.error = cause_of(error)
            raise

    def commanding(client: smtplib.SMTP, cmd: str, args: str = "") -> None:
        begin(cmd.lower() if cmd.lower() in SMTP_VERBS else "auth")
        putcmd(client, cmd, args)

    def replying(client: smtplib.SMTP) -> tuple[int, bytes]:
        code, text = getreply(client)
        steps = _steps.get()
        if steps and isinstance(steps[-1], SmtpStep):
            steps[-1].went_on |= code == 354
            steps[-1].reply = code
        return code, text

    smtplib.SMTP.connect = connecting  # type: ignore[assignment]  # see the module's docstring
    smtplib.SMTP.putcmd = commanding  # type: ignore[assignment]  # see the module's docstring
    smtplib.SMTP.getreply = replying  # type: ignore[assignment]  # see the module's docstring
