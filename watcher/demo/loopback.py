"""The TCP server under the bundled EDGAR and the receivers: loopback only, and gone when its `with` ends."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import sys
import threading
from types import TracebackType
from typing import Any
from typing import Self


class Loopback(socketserver.ThreadingTCPServer):
    """A server on 127.0.0.1 and a free port, one thread a connection, used as a context manager.

    Leaving the `with` ends open connections at once and joins every thread. An exception in a conversation, other than a
    client that went away, is raised there, so that a mistake in the server cannot pass for an outage.
    """

    daemon_threads = False  # so that `server_close` joins the connections' threads
    block_on_close = True
    request_queue_size = 128

    def __init__(self, conversation: type[socketserver.BaseRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), conversation)
        self.port: int = self.socket.getsockname()[1]
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="loopback")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stopping.set()
        self.shutdown()
        with self.lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):  # the client may be gone already
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()
        self._thread.join()
        if self._failure is not None and error is None:
            raise self._failure

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, then serve it in a thread of its own."""
        with self.lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection, then close it."""
        with self.lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 -- the signature is socketserver's
        """Keep the first failure that is our own; a client that hangs up is not one."""
        failure = sys.exception()
        if not isinstance(failure, ConnectionError):
            self._failure = self._failure or failure
