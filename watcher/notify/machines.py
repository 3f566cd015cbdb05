"""The door to machines: one signed POST of the exact payload."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import socket
import threading
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx

from watcher import __version__
from watcher.config import Destination
from watcher.core.telling import Outcome
from watcher.core.telling import Outgoing
from watcher.notify.answers import cause_of
from watcher.notify.answers import outcome_of

DEADLINE = 30.0  # seconds for a whole delivery, however slowly the answer drips
CONNECT_DEADLINE = 10.0  # seconds
MOST_READ = 4096  # bytes of an answer's body; its status has said everything already

# What each failure of httpx means, the first that fits: has the request left, and could another attempt help?
FAILURES: tuple[tuple[type[Exception], str, str], ...] = (
    (httpx.ConnectTimeout, "not_sent", "no connection in time"),
    (httpx.PoolTimeout, "not_sent", "no connection in time"),
    (httpx.ConnectError, "not_sent", "no connection"),
    (httpx.UnsupportedProtocol, "permanent", "the address cannot be used"),
    (httpx.InvalidURL, "permanent", "the address cannot be used"),
    (httpx.TimeoutException, "unknown", "no answer in time"),
    (httpx.HTTPError, "unknown", "no answer"),
)


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """The value of X-Watcher-Signature: HMAC-SHA256 in hex over `timestamp`, a full stop and the body."""
    return "sha256=" + hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class Webhook:
    """Sends to one webhook. `deadline` is in seconds, for one delivery as a whole.

    It follows no redirect and heeds neither proxy variables nor .netrc. The receiver drops repeats by the event's id.
    """

    def __init__(self, destination: Destination, *, deadline: float = DEADLINE) -> None:
        self._url = destination.url
        self._secret = destination.secret or b""
        self._deadline = deadline
        self._client = httpx.Client(
            trust_env=False,
            timeout=httpx.Timeout(deadline, connect=min(CONNECT_DEADLINE, deadline)),
            # A connection kept open may die between two deliveries; the second would look as if it may have arrived.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def send(self, outgoing: Outgoing, *, now: datetime) -> Outcome:
        """Post `outgoing.payload`, byte for byte, signed with the time `now`."""
        timestamp = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"edgar-watcher/{__version__}",
            "Idempotency-Key": outgoing.event_id,
            "X-Watcher-Event": outgoing.event_id,
            "X-Watcher-Timestamp": timestamp,
            "X-Watcher-Signature": signature(self._secret, timestamp, outgoing.payload),
        }
        try:
            with (
                _hanging_up_after(self._deadline) as trace,
                self._client.stream(
                    "POST", self._url, content=outgoing.payload, headers=headers, extensions={"trace": trace}
                ) as response,
            ):
                _read_some(response)
                return outcome_of(response.status_code, response.headers.get("Retry-After"), now=now)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            state, words = next((state, words) for kind, state, words in FAILURES if isinstance(error, kind))
            return Outcome(state, f"{words}: {cause_of(error)}")


def _read_some(response: httpx.Response) -> None:
    """Take the start of the body, so that a receiver still writing it is not cut off; what it says changes nothing."""
    with contextlib.suppress(httpx.HTTPError):
        taken = 0
        for chunk in response.iter_raw():
            taken += len(chunk)
            if taken > MOST_READ:
                break


@contextlib.contextmanager
def _hanging_up_after(seconds: float) -> Iterator[Callable[[str, Mapping[str, Any]], None]]:
    """Give httpcore's `trace` extension a listener that learns the sockets, and shut these down when the time is over.

    httpx limits each read, not their sum: headers that drip a byte at a time would hold the delivery for days.
    """
    sockets: list[socket.socket] = []

    def listen(event: str, facts: Mapping[str, Any]) -> None:
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            sockets.append(facts["return_value"].get_extra_info("socket"))

    def hang_up() -> None:
        for connection in sockets:
            with contextlib.suppress(OSError):  # already closed
                connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield listen
    finally:
        timer.cancel()


def problem_with_webhook(destination: Destination) -> str | None:
    """What is wrong with a webhook's address or secret, without showing either; `None` if nothing is."""
    try:
        url = httpx.URL(destination.url)
    except httpx.InvalidURL:
        return "the webhook is not a URL; write it as https://host/path"
    if url.scheme not in {"http", "https"} or not url.host or len(destination.url.split()) > 1:
        return "the webhook is not an address on the web; write it as https://host/path"
    if not destination.secret:
        return "the webhook has no secret to sign with; give secret_env or secret_file"
    return None
