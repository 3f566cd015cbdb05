"""A deadline for a request as a whole. httpx limits each read and not their sum: headers that drip would hold a request for days.

httpx offers no place for such a deadline, so the connections of its own transport are wrapped: each operation on a socket may take what is
left of the time of the thread that waits for it. Looking up a host's name is the system's business and not limited.
"""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Iterable
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

_ends: ContextVar[float] = ContextVar("ends", default=math.inf)


@contextmanager
def deadline(seconds: float) -> Iterator[float]:
    """Within the `with`, this thread's requests by a transport from here end after `seconds`; gives when, on the monotonic clock."""
    token = _ends.set(time.monotonic() + seconds)
    try:
        yield _ends.get()
    finally:
        _ends.reset(token)


def transport(limits: httpx.Limits) -> httpx.HTTPTransport:
    """httpx's own transport for HTTP/1.1, without regard for proxy variables, whose connections heed `deadline`."""
    made = httpx.HTTPTransport(trust_env=False, http2=False, limits=limits)
    pool = made._pool  # noqa: SLF001 -- the pool takes a backend, and the transport does not let it be given
    pool._network_backend = _Backend(pool._network_backend)  # noqa: SLF001 -- as above
    return made


def _left(timeout: float | None, error: type[httpcore.TimeoutException]) -> float | None:
    left = _ends.get() - time.monotonic()
    if left <= 0:
        raise error("the deadline has passed")
    return timeout if left == math.inf else min(left, math.inf if timeout is None else timeout)


class _Backend(httpcore.NetworkBackend):
    """Connects as httpx does."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._backend.connect_tcp(host, port, left, local_address, socket_options))


class _Stream(httpcore.NetworkStream):
    """A connection that gives no operation more than what is left."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _left(timeout, httpcore.ConnectTimeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
