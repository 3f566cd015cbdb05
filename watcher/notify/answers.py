"""What an HTTP answer, or a connection that broke, says about a message; and nothing about the address."""

from __future__ import annotations

import os
import socket
import ssl
from datetime import datetime

from watcher.core.telling import Outcome
from watcher.pauses import pause_asked

NOT_NOW = frozenset({408, 425, 429})  # the only refusals of the 4xx kind that pass by themselves


def outcome_of(status: int, retry_after: str | None, *, now: datetime) -> Outcome:
    """What a complete HTTP answer means. Only 2xx is a yes; a redirect never is, as following one loses the body."""
    words = f"the server answered {status}"
    if 200 <= status < 300:
        return Outcome("accepted")
    if 300 <= status < 400:
        return Outcome("permanent", f"{words}, a redirect, which is not followed")
    if status in NOT_NOW or status >= 500:
        return Outcome("retryable", words, pause_asked(retry_after, now=now))
    return Outcome("permanent", words)


def cause_of(error: BaseException) -> str:
    """Why a connection failed, in the system's words ("connection refused"): the libraries' texts quote the address."""
    found: BaseException | None = error
    while found is not None:
        match found:
            case socket.gaierror():
                return "the host name is not known"
            case ssl.SSLError():
                return "no trusted TLS connection"
            case TimeoutError():
                return "timed out"
            case OSError(errno=int(number)):
                return os.strerror(number).lower()
        found = found.__cause__ or found.__context__
    return "the connection was lost"
