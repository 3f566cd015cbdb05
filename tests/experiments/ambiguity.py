"""What each sender makes of each thing that a receiver can do, through the outbox and the store, against the table below.

    python -m tests.experiments.ambiguity [--trials 5] [--json PATH]

One trial is every cell: each behaviour of an HTTP server with each sender that speaks HTTP, and each behaviour of a mail server at each
command. A cell is right if the outcome is the table's, the store holds what follows from it, the second attempt comes when it should
(never before Retry-After; the clock is set by hand, second by second), and a message the receiver never got is not called delivered.
Prints one line and, with `--json`, writes every wrong cell; exit 1 if there is any.
"""

from __future__ import annotations

import socket
import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from datetime import timedelta
from email.utils import format_datetime
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

from tests.experiments.command_line import NO_CHANCE
from tests.experiments.command_line import command_parser
from tests.experiments.command_line import write_result
from tests.loopback import USUAL_REPLIES
from tests.loopback import Behaviour
from tests.loopback import Receiver
from tests.loopback import answer
from tests.loopback import close_at_once
from tests.loopback import reset
from tests.loopback import take_request
from tests.loopback import unused_port
from tests.world import NOON
from tests.world import SECOND
from tests.world import Clock
from tests.world import accession
from watcher.config import Destination
from watcher.core.telling import Alert
from watcher.core.telling import Message
from watcher.core.telling import Outcome
from watcher.deliver import BACKOFF
from watcher.deliver import deliver
from watcher.notify import Sender
from watcher.notify.machines import Webhook
from watcher.notify.people import People
from watcher.store import Store

if TYPE_CHECKING:
    from apprise import NotifyBase

TIMEOUT = 0.5  # seconds that a sender waits for an answer here
TOO_LATE = 0.8  # seconds after which a receiver says yes to a sender that is gone
IN_TIME = 0.15
AT_ONCE = 12  # cells
RESET = struct.pack("ii", 1, 0)  # for SO_LINGER: closing is a reset (RST) and no orderly end
PAUSE = 700.0  # seconds of Retry-After: longer than our own first pause, so that it decides

# --- the table ------------------------------------------------------------------------------------------------------------------

ACCEPTED, PERMANENT, RETRYABLE, NOT_SENT, UNKNOWN = "accepted", "permanent", "retryable", "not_sent", "unknown"

HTTP_SENDERS = ("webhook", "json", "slack", "discord", "telegram")
# What a 200 is worth whose body is not what this service says: Slack says "ok" and nothing else. The others are judged by the status.
GARBAGE = {"slack": UNKNOWN}

HTTP_TABLE: dict[str, str] = {
    "refuses the connection": NOT_SENT,
    "breaks off before the body": UNKNOWN,
    "breaks off after the body": UNKNOWN,
    "accepts, then closes": UNKNOWN,
    "says yes too late": UNKNOWN,
    "200 with garbage": ACCEPTED,
    "302": PERMANENT,
    "400": PERMANENT,
    "404": PERMANENT,
    "429 with seconds": RETRYABLE,
    "429 with a date": RETRYABLE,
    "500": RETRYABLE,
    "503": RETRYABLE,
}

STAGES = ("connect", "ehlo", "auth", "mail", "rcpt", "data", "content", "quit")
_BEFORE = dict.fromkeys(STAGES, NOT_SENT) | {"content": UNKNOWN, "quit": ACCEPTED}
# Whoever says 421 to EHLO and hangs up is asked HELO, by custom, and does not answer that.
_CLOSING = dict.fromkeys(STAGES, RETRYABLE) | {"ehlo": NOT_SENT, "quit": ACCEPTED}
_NOT_NOW = dict.fromkeys(STAGES, RETRYABLE) | {"quit": ACCEPTED}
_NEVER = dict.fromkeys(STAGES, PERMANENT) | {"quit": ACCEPTED}
# 3xx asks for more, which nobody has: only to DATA is it a yes, and after the message it says nothing of the message's fate.
_ASKS_FOR_MORE = _BEFORE | {"data": ACCEPTED}

SMTP_TABLE: dict[str, dict[str, str]] = {
    "the usual reply": dict.fromkeys(STAGES, ACCEPTED),
    "the usual reply, slowly": dict.fromkeys(STAGES, ACCEPTED),
    "421 and closes": _CLOSING,
    "451": _NOT_NOW,
    "554": _NEVER,
    "554 in several lines": _NEVER,
    "354": _ASKS_FOR_MORE,
    "closes": _BEFORE,
    "breaks off": _BEFORE,
    "says nothing": _BEFORE,
    "says something else": _BEFORE,
    "a reply cut short": _BEFORE,
}

STATES = {ACCEPTED: "delivered", PERMANENT: "dead", RETRYABLE: "retry", NOT_SENT: "retry", UNKNOWN: "unknown"}

# --- receivers ------------------------------------------------------------------------------------------------------------------


def _before_the_body(_: Receiver, client: socket.socket) -> None:
    taken = b""
    while b"\r\n\r\n" not in taken and (more := client.recv(1)):
        taken += more
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def _yes_too_late(receiver: Receiver, client: socket.socket) -> None:
    take_request(receiver, client)
    receiver.stopping.wait(TOO_LATE)
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


HTTP_BEHAVIOURS: dict[str, Behaviour | None] = {
    "refuses the connection": None,
    "breaks off before the body": _before_the_body,
    "breaks off after the body": reset,
    "accepts, then closes": close_at_once,
    "says yes too late": _yes_too_late,
    "200 with garbage": answer(200, body=b"<html>\x00\xff please log in"),
    "302": answer(302, "Location: /elsewhere"),
    "400": answer(400),
    "404": answer(404),
    "429 with seconds": answer(429, f"Retry-After: {PAUSE:.0f}"),
    "429 with a date": answer(429, f"Retry-After: {format_datetime(NOON + timedelta(seconds=PAUSE))}"),
    "500": answer(500),
    "503": answer(503, f"Retry-After: {PAUSE:.0f}"),
}

SAID: dict[str, str] = {  # in place of the usual reply
    "421 and closes": "421 closing\r\n",
    "451": "451 not now\r\n",
    "554": "554 never\r\n",
    "554 in several lines": "554-never\r\n554-and 250 is\r\n554 not meant\r\n",
    "354": "354 go on\r\n",
    "closes": "",
    "breaks off": "",
    "says nothing": "",
    "says something else": "what?\r\n",
    "a reply cut short": "2",
}
_ENDS = ("421 and closes", "closes", "breaks off", "says nothing", "a reply cut short")


def mail_server_that(behaviour: str, at: str) -> Behaviour:
    """A mail server with the usual replies, and one other behaviour at one stage. It counts a message as received once it has it whole."""

    def reply(receiver: Receiver, client: socket.socket, stage: str) -> bool:
        usual = USUAL_REPLIES.get({"helo": "ehlo"}.get(stage, stage), "502 what?")
        if {"helo": "ehlo"}.get(stage, stage) != at:
            client.sendall(f"{usual}\r\n".encode())
            return stage != "quit"
        if behaviour == "the usual reply, slowly":
            receiver.stopping.wait(IN_TIME)
        if behaviour == "says nothing":
            receiver.stopping.wait(TOO_LATE)
        client.sendall(SAID.get(behaviour, f"{usual}\r\n").encode())
        if behaviour == "breaks off":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        return behaviour not in _ENDS and stage != "quit"

    def serve(receiver: Receiver, client: socket.socket) -> None:
        going = reply(receiver, client, "connect")
        with client.makefile("rb") as lines:
            while going and (line := lines.readline()):
                verb = line[:4].decode("ascii", "replace").strip().lower()
                going = reply(receiver, client, verb)
                if going and verb == "data" and (at != "data" or SAID.get(behaviour, "354").startswith("354")):
                    receiver.received.append(b"".join(iter(lines.readline, b".\r\n")))
                    going = reply(receiver, client, "content")

    return serve


# --- senders --------------------------------------------------------------------------------------------------------------------

ADDRESSES = {
    "json": "json://127.0.0.1:{port}/",
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "discord": "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "telegram": "tgram://123456789:abcdefg_hijklmnop/12315544",
    "ntfy": "ntfy://127.0.0.1:{port}/desk",
    "mail": "mailto://desk:secret@127.0.0.1:{port}/?from=watcher@example.com&to=desk@example.com&mode=insecure",
}


class Moved(People):
    """People whose service is told another host than its own; everything else, and every byte, is the real thing."""

    def __init__(self, url: str, port: int, *, timeout: float = TIMEOUT) -> None:
        super().__init__(Destination("desk", "apprise", url), connect_timeout=2.0, read_timeout=timeout)
        self._port = port

    def service(self) -> NotifyBase | None:
        service = super().service()
        for attribute in ("webhook_url", "notify_url"):
            if hasattr(service, attribute):
                setattr(service, attribute, f"http://127.0.0.1:{self._port}/bot")
        return service


def sender_to(name: str, port: int, *, timeout: float = TIMEOUT) -> Sender:
    """The real sender of that name, to a port of the loopback interface."""
    if name == "webhook":
        return Webhook(Destination("desk", "webhook", f"http://127.0.0.1:{port}/hook", b"k"), deadline=timeout)
    url = ADDRESSES[name].format(port=port)
    if "{port}" in ADDRESSES[name]:
        return People(Destination("desk", "apprise", url), connect_timeout=2.0, read_timeout=timeout)
    return Moved(url, port, timeout=timeout)


# --- one cell -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """One behaviour met by one sender, and what must come of it; `stage` is a mail server's, `pause` in seconds."""

    sender: str
    behaviour: str
    expected: str
    stage: str = ""
    pause: float | None = None

    def __str__(self) -> str:
        return f"{self.sender}: {self.behaviour}{f' at {self.stage}' if self.stage else ''}"


def cells() -> Iterator[Cell]:
    """Every cell of both tables."""
    for sender in HTTP_SENDERS:
        for behaviour, expected in HTTP_TABLE.items():
            garbage = GARBAGE.get(sender, expected) if "garbage" in behaviour else expected
            pause = PAUSE if behaviour.startswith(("429", "503")) else None
            yield Cell(sender, behaviour, garbage, pause=pause)
    yield Cell("mail", "refuses the connection", NOT_SENT, "connect")
    for behaviour, by_stage in SMTP_TABLE.items():
        for stage, expected in by_stage.items():
            yield Cell("mail", behaviour, expected, stage)


@contextmanager
def receiver_of(cell: Cell) -> Iterator[tuple[int, list[bytes]]]:
    """A receiver that behaves as the cell says: its port, and what it received."""
    if cell.behaviour == "refuses the connection":
        yield unused_port(), []
        return
    chosen = mail_server_that(cell.behaviour, cell.stage) if cell.stage else HTTP_BEHAVIOURS[cell.behaviour]
    assert chosen is not None
    with Receiver(chosen) as receiver:
        yield receiver.port, receiver.received


def wrong_with(cell: Cell, store: Store, number: int) -> list[str]:
    """Play one cell through `deliver` and the store; what was not as it should be."""
    clock, event = Clock(), f"event{number}"
    message = Message("EXMP sale", "text", "<p>text</p>")
    with store.transaction():
        store.keep_alert(Alert(event, accession(number), "issuer:1", ("default",), message, b"{}", (event,)), clock())
    with receiver_of(cell) as (port, received):
        sender = sender_to(cell.sender, port)
        first = deliver(store, sender, event, now=clock)
        wrong = [] if first is not None else ["nothing was due"]
        outcome = first or Outcome("none")
        if outcome.state != cell.expected:
            wrong.append(f"{outcome.state} ({outcome.reason}), not {cell.expected}")
        state = store.value("SELECT state FROM owed WHERE destination = ?", (event,))
        if state != STATES[cell.expected]:
            wrong.append(f"the store says {state}, not {STATES[cell.expected]}")
        if state == "delivered" and not received:
            wrong.append("called delivered, and the receiver has nothing")
        if len(received) > 1:
            wrong.append(f"{len(received)} messages in one attempt")
        wrong += _wrong_pause(cell, store, sender, event, clock)
    return wrong


def _wrong_pause(cell: Cell, store: Store, sender: Sender, event: str, clock: Clock) -> list[str]:
    """Second by second until the next attempt: it comes after the longer of the receiver's pause and ours, or never."""
    due = max(BACKOFF[0], cell.pause or 0) if cell.expected in {RETRYABLE, NOT_SENT, UNKNOWN} else None
    for second in range(1, int(PAUSE) + 30):
        clock.tick(SECOND)
        if store.next_owed(event, clock()) is None:
            continue
        again = deliver(store, sender, event, now=clock)
        if due is None:
            return [f"sent again after {second} s, though it was {cell.expected}"]
        if not due <= second <= due + 1:
            return [f"sent again after {second} s, not {due:.0f} s"]
        if cell.expected == UNKNOWN and not store.value("SELECT may_repeat FROM owed WHERE destination = ?", (event,)):
            return ["sent again without being marked as a possible repeat"]
        return [] if again is not None and again.state == cell.expected else [f"the second time it was {again}"]
    return [] if due is None else ["never sent again"]


# --- the experiment -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Result:
    """What all trials came to; `wrong` holds each wrong cell with what was wrong."""

    trials: int
    cells: int
    seconds: float
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"ambiguity trials={self.trials} cells={self.cells} wrong={len(self.wrong)} seconds={self.seconds:.0f}"


def run(trials: int = 1) -> Result:
    """Every cell, `trials` times."""
    begun = time.monotonic()
    played = [cell for _ in range(trials) for cell in cells()]
    with (
        tempfile.TemporaryDirectory(prefix="ambiguity-") as folder,
        closing(Store(Path(folder) / "watcher.db")) as store,
        ThreadPoolExecutor(AT_ONCE) as pool,  # as the daemon's deliveries run beside one another; most of a cell is waiting
    ):
        found = pool.map(wrong_with, played, repeat(store), range(1, len(played) + 1))
        wrong = {str(cell): complaints for cell, complaints in zip(played, found, strict=True) if complaints}
    return Result(trials, len(played), round(time.monotonic() - begun, 1), wrong)


def main() -> int:
    """Run the trials that the command line asks for."""
    asked = command_parser(__doc__, trials=5, seed=NO_CHANCE).parse_args()
    result = run(asked.trials)
    sys.stdout.write(f"{result}\n" + "".join(f"  {cell}: {'; '.join(found)}\n" for cell, found in result.wrong.items()))
    write_result(result, asked.json)
    return 1 if result.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
