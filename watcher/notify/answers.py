"""What an HTTP answer, or a connection that broke, says about a message; and nothing about the address."""

from __future__ import annotations

import os
import re
import socket
import ssl
from datetime import UTC
from datetime import datetime
from email.utils import parsedate_to_datetime

from watcher.core.telling import Outcome

LONGEST_PAUSE = 3600.0  # seconds; a receiver that asks for more is asked again sooner
NOT_NOW = frozenset({408, 425, 429})  # the only refusals of the 4xx kind that pass by themselves


def pause_asked(header: str | None, *, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks us to wait (RFC 9110, 10.2.3: seconds, or a date), at most `LONGEST_PAUSE`.

    `None` where there is none or it cannot be read. Fractions of a second, which some services send, are understood.
    """
    text = (header or "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return min(float(text), LONGEST_PAUSE)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 0.0), LONGEST_PAUSE)


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
