"""What an HTTP answer, or a connection that broke, says about a message; and nothing about the address."""

from __future__ import annotations

import json
import os
import socket
import ssl
from datetime import datetime

from watcher.core.telling import Outcome
from watcher.pauses import pause_asked

MOST_SAID = 65_536  # bytes of a body that are looked at
LEAST_REFUSAL = 1000  # Feishu's and Lark's codes; below, others write 0 or 200 for a yes
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


def said_within(status: int, body: bytes, retry_after: str | None, *, now: datetime) -> Outcome:
    """As `outcome_of`, of a chat service whose body may say more than its status: Telegram, Discord, DingTalk, WeCom, Feishu and others.

    Some of them answer 200 and say no inside; some ask for a pause only there.
    """
    said = _object(body)
    details = said.get("parameters")
    pauses = [where["retry_after"] for where in (said, details) if isinstance(where, dict) and "retry_after" in where]
    asked = retry_after if retry_after or not pauses else str(pauses[0])
    numbers = [number for name in ("error_code", "errcode", "code") if isinstance(number := said.get(name), int)]
    code = numbers[0] if numbers else 0
    refused = said.get("ok") is False or said.get("errcode") not in (None, 0, "0") or ("msg" in said and code >= LEAST_REFUSAL)
    if not 200 <= status < 300 or not refused:
        return outcome_of(status, asked, now=now)
    if 400 <= code <= 599:
        return outcome_of(code, asked, now=now)
    return Outcome(
        "retryable",
        f"the service answered {status} and refused it{f' (code {code})' if code else ''}",
        pause_asked(asked, now=now),
    )


def _object(body: bytes) -> dict[str, object]:
    try:
        said = json.loads(body[:MOST_SAID])
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


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
