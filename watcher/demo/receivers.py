"""Receivers on the loopback interface that take what the watcher sends, and can be told to refuse, stall or hang up."""

from __future__ import annotations

import socketserver
import time
from collections import deque
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from http.server import BaseHTTPRequestHandler

from watcher.demo.loopback import Loopback

# --- webhooks ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """How the webhook receiver answers once: after a pause; with `status` `None` it hangs up without a word."""

    status: int | None = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0


@dataclass(frozen=True, slots=True)
class Received:
    """One POST as it arrived: seconds on the monotonic clock, headers by lower-case name, body."""

    at: float
    headers: Mapping[str, str]
    body: bytes


class _WebhookExchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms between its head and its body
    server: WebhookReceiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.take(Received(time.monotonic(), headers, body))
        if self.server.stopping.wait(answer.delay_seconds) or answer.status is None:
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *_args: object) -> None:  # noqa: A002 -- the signature is http.server's
        """Stay silent: deliveries are kept in `WebhookReceiver.received`."""


class WebhookReceiver(Loopback):
    """An HTTP server that records every POST to `url`. Queued answers go out in order, then `default`."""

    def __init__(self, default: Answer | None = None) -> None:
        super().__init__(_WebhookExchange)
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self.default = default or Answer()
        self.answers: deque[Answer] = deque()
        self._received: list[Received] = []

    @property
    def received(self) -> tuple[Received, ...]:
        """Every POST so far, also those answered with an error or not at all."""
        with self.lock:
            return tuple(self._received)

    def answer(self, status: int | None, headers: Mapping[str, str] | None = None, delay_seconds: float = 0) -> None:
        """Queue the answer to one more POST."""
        self.answers.append(Answer(status, headers or {}, delay_seconds))

    def take(self, delivery: Received) -> Answer:
        """Record a delivery and say how to answer it."""
        with self.lock:
            self._received.append(delivery)
            return self.answers.popleft() if self.answers else self.default


# --- mail -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mail:
    """One message as it arrived: seconds on the monotonic clock, envelope, and the bytes with dot-stuffing undone."""

    at: float
    sender: str
    recipients: tuple[str, ...]
    content: bytes


@dataclass(slots=True)
class _Reply:
    """A reply to one command; `code` `None` hangs up. `times` is how often the script still has it (`None`: always)."""

    code: int | None
    lines: tuple[str, ...]
    delay_seconds: float = 0
    times: int | None = None


class _SmtpSession(socketserver.StreamRequestHandler):
    """One connection: RFC 5321's minimum, with every reply open to be scripted. A step gives whether to go on."""

    server: SmtpReceiver

    def handle(self) -> None:
        self.sender: str | None = None
        self.recipients: list[str] = []
        going = self.say("CONNECT", 220, "example.com ready") is not None
        while going and (line := self.rfile.readline()):
            verb, _, argument = line.decode("utf-8", "replace").strip().partition(" ")
            going = _VERBS.get(verb.upper(), _SmtpSession.unknown)(self, argument)

    def say(self, stage: str, code: int, *lines: str) -> int | None:
        """Reply, as scripted or else as given; the code that went out, or `None` where the script says to hang up."""
        return self.send(self.server.scripted(stage) or _Reply(code, lines))

    def send(self, reply: _Reply) -> int | None:
        if self.server.stopping.wait(reply.delay_seconds) or reply.code is None:
            return None
        last = len(reply.lines) - 1
        text = "".join(f"{reply.code}{' ' if at == last else '-'}{line}\r\n" for at, line in enumerate(reply.lines))
        self.wfile.write(text.encode())
        return reply.code

    def hello(self, _argument: str) -> bool:
        return self.say("EHLO", 250, "example.com", "8BITMIME", "SIZE 33554432") is not None

    def mail(self, argument: str) -> bool:
        code = self.say("MAIL", 250, "sender ok")
        if code == 250:
            self.sender, self.recipients = _address(argument), []
        return code is not None

    def rcpt(self, argument: str) -> bool:
        address = _address(argument)
        if self.sender is None:
            code = self.say("RCPT", 503, "MAIL first")
        elif address in self.server.refused:
            code = self.say("RCPT", 550, "no such mailbox")
        else:
            code = self.say("RCPT", 250, "recipient ok")
        if code == 250:
            self.recipients.append(address)
        return code is not None

    def letter(self, _argument: str) -> bool:
        if not self.recipients:
            return self.say("DATA", 503, "RCPT first") is not None
        code = self.say("DATA", 354, "end with <CRLF>.<CRLF>")
        if code != 354:
            return code is not None
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line.removeprefix(b"."))
        reply = self.server.scripted("BODY") or _Reply(250, ("queued",))
        if reply.code in {None, 250}:  # kept before it is said, as one who reads the reply may look at once
            self.server.keep(Mail(time.monotonic(), self.sender or "", tuple(self.recipients), b"".join(lines)))
        return self.send(reply) is not None

    def reset(self, _argument: str) -> bool:
        self.sender, self.recipients = None, []
        return self.say("RSET", 250, "ok") is not None

    def noop(self, _argument: str) -> bool:
        return self.say("NOOP", 250, "ok") is not None

    def quit(self, _argument: str) -> bool:
        self.say("QUIT", 221, "bye")
        return False

    def unknown(self, _argument: str) -> bool:
        return self.say("?", 502, "not implemented") is not None


_VERBS: Mapping[str, Callable[[_SmtpSession, str], bool]] = {
    "EHLO": _SmtpSession.hello,
    "HELO": _SmtpSession.hello,
    "MAIL": _SmtpSession.mail,
    "RCPT": _SmtpSession.rcpt,
    "DATA": _SmtpSession.letter,
    "RSET": _SmtpSession.reset,
    "NOOP": _SmtpSession.noop,
    "QUIT": _SmtpSession.quit,
}


def _address(argument: str) -> str:
    """The path of `FROM:<path> PARAMETERS` or `TO:<path>`."""
    return argument.partition("<")[2].partition(">")[0]


class SmtpReceiver(Loopback):
    """An SMTP server that keeps every message it accepted. No TLS, no AUTH.

    A message counts as received before it is replied to, also where the script then stalls or hangs up: it did arrive.
    """

    def __init__(self) -> None:
        super().__init__(_SmtpSession)
        self.url = f"smtp://127.0.0.1:{self.port}"
        self.refused: set[str] = set()
        self._script: dict[str, list[_Reply]] = {}
        self._received: list[Mail] = []

    @property
    def received(self) -> tuple[Mail, ...]:
        """Every message so far that was not refused."""
        with self.lock:
            return tuple(self._received)

    def refuse(self, *recipients: str) -> None:
        """Answer 550 to these recipients."""
        self.refused.update(recipients)

    def answer(
        self, stage: str, code: int | None, text: str = "scripted", *, delay_seconds: float = 0, times: int | None = 1
    ) -> None:
        """Reply like this the next `times` (`None`: always) at a stage; `code` `None` hangs up without a reply.

        Stages: "CONNECT", a verb ("EHLO" covers HELO), and "BODY" for the reply to the whole message.
        """
        with self.lock:
            self._script.setdefault(stage, []).append(_Reply(code, (text,), delay_seconds, times))

    def scripted(self, stage: str) -> _Reply | None:
        """The reply the script has for this stage now, if any."""
        with self.lock:
            for scripted in self._script.get(stage, []):
                if scripted.times != 0:
                    if scripted.times is not None:
                        scripted.times -= 1
                    return scripted
        return None

    def keep(self, mail: Mail) -> None:
        """Record a message that is not refused."""
        with self.lock:
            self._received.append(mail)
