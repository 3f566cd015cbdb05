"""One cycle of the watcher in a process that may kill itself at a named point. Nothing of this is in the product.

    python -m tests.experiments.fault_points CONFIG TIME    does one cycle by a clock that begins at TIME (ISO 8601)
    python -m tests.experiments.fault_points                does many, each in a fork that is ready at once: an order (JSON) a line on
                                                            standard input, an answer a line on standard output

The cycle is the command `watcher run --once` itself; only its clock is another, and it does not pause between requests to the loopback
EDGAR. In a fork the functions of `AROUND` are wrapped from outside: each has a point before and one after it. An order names a point
and the pass at which the fork kills itself (SIGKILL) there. Every connection has points of its own, by whom it leads to.
"""

from __future__ import annotations

import ctypes
import functools
import gc
import importlib
import json
import os
import signal
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import Any
from typing import NoReturn

LONGEST = 60  # seconds that a cycle may take

# name of the step -> the function, as module:attribute. Those that no cycle of the story reaches are counted and told.
AROUND: dict[str, str] = {
    # files
    "lock taken": "watcher.daemon:Lock.__init__",
    "lock released": "watcher.daemon:Lock.release",
    "pace": "watcher.pace:Pace.wait",
    "file write": "os:pwrite",
    "file to disk": "os:fsync",
    "file data to disk": "os:fdatasync",
    "file renamed": "pathlib:Path.replace",
    "marker made": "watcher.store.marker:Marker.write",
    "marker counted": "watcher.store.marker:Marker.count",
    # the database
    "store opened": "watcher.store.connection:Connection.__init__",
    "schema step": "watcher.store.connection:apply_next",
    "statements": "watcher.store.connection:Connection.many",
    "store closed": "watcher.store.connection:Connection.close",
    # what is written down
    "recover sending": "watcher.store.outbox:Outbox.recover_sending",
    "recover restored": "watcher.store.backup:Backup.recover_restored",
    "bury destinations": "watcher.store.outbox:Outbox.bury_unknown_destinations",
    "keep tickers": "watcher.store.discovery:Discovery.keep_tickers",
    "set watches": "watcher.store.discovery:Discovery.set_watches",
    "set baseline": "watcher.store.discovery:Discovery.set_baseline",
    "remember filings": "watcher.store.discovery:Discovery.remember",
    "postpone filing": "watcher.store.discovery:Discovery.postpone",
    "set fact": "watcher.store:Store.set_fact",
    "keep reports": "watcher.store.past:Past.keep_reports",
    "keep filing": "watcher.store.ledger:Ledger.keep_filing",
    "keep original": "watcher.store.ledger:Ledger.keep_original",
    "keep verdicts": "watcher.store.ledger:Ledger.keep_verdicts",
    "keep positions": "watcher.store.positions:Positions.keep_positions",
    "keep events": "watcher.store.past:Past.keep_events",
    "keep amendment": "watcher.store.past:Past.keep_amendment",
    "quarantine": "watcher.store.ledger:Ledger.quarantine",
    "keep alert": "watcher.store.outbox:Outbox.keep_alert",
    "start sending": "watcher.store.outbox:Outbox.start_sending",
    "note sending": "watcher.store.backup:Backup.note_sending",
    "record outcome": "watcher.store.outbox:Outbox.record",
    "rest destination": "watcher.store.resting:Resting.rest",
    # steps
    "resolve": "watcher.daemon:resolve",
    "poll": "watcher.daemon:poll",
    "list past": "watcher.baseline:list_past",
    "finish baselines": "watcher.daemon:finish_baselines",
    "ingest": "watcher.daemon:ingest",
    "read submission": "watcher.ingest:read_submission",
    "take": "watcher.ingest:take",
    "deliver": "watcher.daemon:deliver",
    # doors
    "ask tickers": "watcher.edgar:Edgar.tickers",
    "ask current": "watcher.edgar:Edgar.current",
    "ask submissions": "watcher.edgar:Edgar.submissions",
    "ask submission": "watcher.edgar:Edgar.submission",
    "send to machines": "watcher.notify.machines:Webhook.send",
    "send to people": "watcher.notify.people:People.send",
    "SMTP connect": "smtplib:SMTP.connect",
    "SMTP EHLO": "smtplib:SMTP.ehlo",
    "SMTP MAIL": "smtplib:SMTP.mail",
    "SMTP RCPT": "smtplib:SMTP.rcpt",
    "SMTP DATA": "smtplib:SMTP.data",
    "SMTP QUIT": "smtplib:SMTP.quit",
}
ANYBODY_MAY_TRACE = 0x59616D61  # PR_SET_PTRACER, see prctl(2): some systems let only an ancestor trace
TRANSACTION = {"BEGIN IMMEDIATE": "begin", "COMMIT": "commit"}
ON_SOCKETS = {"connect": "connect", "send": "send", "sendall": "send", "recv": "receive", "recv_into": "receive"}


class Points:
    """Counts the passes of every point in this process, and knows where it is to die."""

    def __init__(self) -> None:
        self.passes: Counter[str] = Counter()
        self._point: str | None = None
        self._at = 0
        self._peers: Mapping[str, str] = {}
        self._report: Callable[[dict[str, Any]], None] = lambda _: None
        self._sending_to: str | None = None  # a destination, from the first byte to the commit of what became of it

    def follow(self, order: Mapping[str, Any], report: Callable[[dict[str, Any]], None]) -> None:
        """Take an order: where to die, and who is behind which port of this machine."""
        self._point, self._at, self._peers, self._report = order["point"], order["pass"], order["peers"], report

    def due(self, point: str) -> bool:
        """Pass a point; whether this is the place to die."""
        self.passes[point] += 1
        return point == self._point and self.passes[point] == self._at

    def reach(self, point: str) -> None:
        """Pass a point, and die if it is the place."""
        if point == "commit: after":
            self._sending_to = None
        if self.due(point):
            self.die()

    def die(self) -> NoReturn:
        """Say in which state, then be killed."""
        self._report({"killed": True, "sending_to": self._sending_to})
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("SIGKILL does not return")

    def left(self, peer: str) -> None:
        """A byte has left for somebody: from now on a message may have arrived."""
        if peer != "edgar":
            self._sending_to = peer

    def peer(self, address: object) -> str | None:
        """Whom an address of a socket leads to."""
        return self._peers.get(str(address[1])) if isinstance(address, tuple) else None


POINTS = Points()


def _wrap(target: str, points_of: Callable[..., str | None]) -> None:
    """Put a point before and after a function; `points_of` names it by its arguments (`None`: none here)."""
    module, _, path = target.partition(":")
    *owners, name = path.split(".")
    owner = functools.reduce(getattr, owners, importlib.import_module(module))
    function = getattr(owner, name)

    @functools.wraps(function)
    def wrapped(*args: Any, **options: Any) -> Any:
        point = points_of(*args)
        if point is None:
            return function(*args, **options)
        POINTS.reach(f"{point}: before")
        result = function(*args, **options)
        POINTS.reach(f"{point}: after")
        return result

    setattr(owner, name, wrapped)


def _wrap_socket(method: str, point: str) -> None:
    """Points on a method of sockets, by whom they lead to; a send has one more, where only its first byte has left."""
    function = getattr(socket.socket, method)

    @functools.wraps(function)
    def wrapped(connection: socket.socket, *args: Any) -> Any:
        peer = POINTS.peer(args[0] if method == "connect" else _other_end(connection))
        if peer is None:
            return function(connection, *args)
        POINTS.reach(f"{peer} {point}: before")
        if point == "send" and POINTS.due(f"{peer} {point}: first byte"):
            function(connection, bytes(args[0][:1]))
            POINTS.left(peer)
            POINTS.die()
        result = function(connection, *args)
        if point == "send":
            POINTS.left(peer)
        POINTS.reach(f"{peer} {point}: after")
        return result

    setattr(socket.socket, method, wrapped)


def _other_end(connection: socket.socket) -> object:
    with suppress(OSError):  # not connected any more
        return connection.getpeername()
    return None


def install() -> None:
    """Put all points around the watcher of this process."""
    for name, target in AROUND.items():
        _wrap(target, lambda *_, name=name: name)
    _wrap("watcher.store.connection:Connection.execute", lambda _, sql, *__: TRANSACTION.get(sql, "statement"))
    for method, point in ON_SOCKETS.items():
        _wrap_socket(method, point)


def cycle(config: Path, at: datetime) -> None:
    """`watcher run --once`, at a time. Ends the process as the command does (`SystemExit`)."""
    import watcher.cli.run  # noqa: PLC0415 -- the wrapped functions are in it
    import watcher.pace  # noqa: PLC0415 -- as above

    began = time.monotonic()
    watcher.cli.run.now = lambda: at + timedelta(seconds=time.monotonic() - began)  # type: ignore[attr-defined]  # a name it imports
    watcher.pace.WINDOW = 0.0  # its file is written as ever, but the loopback EDGAR may be asked as fast as it answers
    sys.argv = ["watcher", "run", "--once", "--config", str(config)]
    watcher.cli.main()


def serve() -> None:
    """Do cycles in forks, as ordered."""
    install()
    _warm_up()
    assert threading.active_count() == 1, "a process with threads must not be forked"
    for line in sys.stdin:
        order = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _live(order, writing)
        os.close(writing)
        if order["traced"]:
            _say({"pid": child})
        with os.fdopen(reading, "rb") as pipe:
            said = pipe.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        _say({"status": status} | json.loads(said or b"{}"))


def _say(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _warm_up() -> None:
    """Import now what each fork would import for itself."""
    import httpx  # noqa: PLC0415 -- here, and not where one cycle is done
    from apprise import Apprise  # noqa: PLC0415 -- as above

    importlib.import_module("watcher.cli.run")
    # Nobody here speaks TLS, and reading the system's certificates takes more than half of a cycle.
    ssl.create_default_context = functools.cache(ssl.create_default_context)  # type: ignore[assignment]  # as good as the function
    ssl.create_default_context()
    httpx.Client(trust_env=False).close()
    for url in ("mmost://localhost/token", "mailto://localhost?from=a@example.com&to=b@example.com"):
        Apprise.instantiate(url)
    gc.collect()
    gc.freeze()  # so that a fork copies little


def _be_impatient() -> None:
    """Wait seconds and not half a minute for an answer that cannot come because the request failed to leave."""
    for door, seconds in (("watcher.edgar:Edgar", 9.0), ("watcher.notify.machines:Webhook", 3.0)):
        module, _, name = door.partition(":")
        getattr(importlib.import_module(module), name).__init__.__kwdefaults__["deadline"] = seconds


def _live(order: Mapping[str, Any], writing: int) -> NoReturn:
    """The life of a fork. What it says goes beside the configuration."""
    signal.alarm(LONGEST)  # one that hangs dies of it, and is counted as broken
    config = Path(order["config"])
    said = os.open(config.parent / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(said, 1)
    os.dup2(said, 2)
    if order["traced"]:  # wait until strace is there
        ctypes.CDLL(None).prctl(ANYBODY_MAY_TRACE, ctypes.c_long(-1), 0, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        _be_impatient()

    def report(what: dict[str, Any]) -> None:
        os.write(writing, json.dumps(what).encode())

    POINTS.follow(order, report)
    status = 70
    try:
        cycle(config, datetime.fromisoformat(order["at"]))
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 -- what a process would die of is shown as it would show it
        sys.excepthook(*sys.exc_info())
    report({"passes": POINTS.passes})
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    if sys.argv[1:]:
        cycle(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))
    else:
        serve()
