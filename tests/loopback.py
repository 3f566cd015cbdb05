"""Receivers on the loopback interface that answer as they are told: HTTP byte for byte, SMTP command by command."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any
from typing import Self

Behaviour = Callable[["Receiver", socket.socket], None]


class Receiver(socketserver.ThreadingTCPServer):
    """A TCP server on a free port of 127.0.0.1. Used as a context manager, it leaves no thread and no socket behind."""

    def __init__(self, serve: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        self.port: int = self.socket.getsockname()[1]
        self.stopping = threading.Event()
        self.received: list[bytes] = []
        self._serve = serve
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  # socketserver's signature
        with contextlib.suppress(OSError):  # a client that hangs up is part of the play
            self._serve(self, request)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()
        self._thread.join()

    @property
    def body(self) -> bytes:
        """The body of the only request received."""
        (request,) = self.received
        return request.partition(b"\r\n\r\n")[2]

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the only request received, names in lower case."""
        (request,) = self.received
        lines = request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def unused_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# --- HTTP ---------------------------------------------------------------------------------------------------------------


def take_request(receiver: Receiver, client: socket.socket) -> None:
    """Read one request with its body, and remember it."""
    taken = b""
    while b"\r\n\r\n" not in taken:
        taken += client.recv(65536) or b"\r\n\r\n"
    head, _, body = taken.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length and (more := client.recv(65536)):
        body += more
    receiver.received.append(head + b"\r\n\r\n" + body)


def answer(status: int, *headers: str, body: bytes = b"ok") -> Behaviour:
    """Take the request and answer it."""
    lines = [f"HTTP/1.1 {status} Said So", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def late(seconds: float, behaviour: Behaviour) -> Behaviour:
    """Behave so, after a while."""

    def serve(receiver: Receiver, client: socket.socket) -> None:
        receiver.stopping.wait(seconds)
        behaviour(receiver, client)

    return serve


def raw(said: bytes) -> Behaviour:
    """Take the request, say these bytes, and close."""

    def serve(receiver: Receiver, client: socket.socket) -> None:
        take_request(receiver, client)
        client.sendall(said)

    return serve


def answer_in_turn(*behaviours: Behaviour) -> Behaviour:
    """Answer the first request with the first behaviour, and so on."""
    left = iter(behaviours)

    def serve(receiver: Receiver, client: socket.socket) -> None:
        next(left)(receiver, client)

    return serve


def reset(receiver: Receiver, client: socket.socket) -> None:
    """Take the request, then break the connection off."""
    take_request(receiver, client)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def reset_at_once(receiver: Receiver, client: socket.socket) -> None:  # noqa: ARG001 -- as every behaviour
    """Break the connection off at the first bytes, be they a TLS greeting."""
    client.recv(65536)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def close_at_once(receiver: Receiver, client: socket.socket) -> None:
    """Accept, and close without reading."""


def plain_text(receiver: Receiver, client: socket.socket) -> None:
    """Answer whatever comes, a TLS greeting too, in plain text."""
    receiver.received.append(client.recv(65536))
    client.sendall(b"HTTP/1.1 400 This is not TLS\r\n\r\n")


def silence(receiver: Receiver, client: socket.socket) -> None:
    """Take the request and never answer."""
    take_request(receiver, client)
    receiver.stopping.wait(10)


def drip(receiver: Receiver, client: socket.socket) -> None:
    """Take the request and answer with headers that never end."""
    take_request(receiver, client)
    client.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    while not receiver.stopping.wait(0.05):
        client.sendall(b"x")


# --- SMTP ---------------------------------------------------------------------------------------------------------------

HANG_UP = "hang up"
SILENT = "silent"
USUAL_REPLIES = {
    "connect": "220 example.com",
    "ehlo": "250-example.com\r\n250 AUTH PLAIN",
    "auth": "235 welcome",
    "mail": "250 ok",
    "rcpt": "250 ok",
    "data": "354 go on",
    "content": "250 taken",
    "rset": "250 ok",
    "quit": "221 bye",
}


def mail_server(replies: Mapping[str, str] | None = None) -> Behaviour:
    """A mail server that departs from the usual replies as told; `HANG_UP` and `SILENT` may stand in a reply's place."""
    all_replies = {**USUAL_REPLIES, **(replies or {})}

    def reply(receiver: Receiver, client: socket.socket, stage: str) -> bool:
        said = all_replies.get(stage, "502 what?")
        if said == SILENT:
            receiver.stopping.wait(10)
        if said in {SILENT, HANG_UP}:
            return False
        client.sendall(said.encode() + b"\r\n")
        return stage != "quit"

    def serve(receiver: Receiver, client: socket.socket) -> None:
        going = reply(receiver, client, "connect")
        with client.makefile("rb") as lines:
            while going and (line := lines.readline()):
                verb = line[:4].decode().strip().lower()
                going = reply(receiver, client, verb)
                if going and verb == "data" and all_replies["data"].startswith("354"):
                    receiver.received.append(b"".join(iter(lines.readline, b".\r\n")))
                    going = reply(receiver, client, "content")

    return serve
