"""The bundled EDGAR: www.sec.gov and data.sec.gov in one server on the loopback interface, with faults on request.

What it answers is in `pages`; here are the socket, the log of requests and the faults. It limits no rates by itself.
"""

from __future__ import annotations

import functools
import gzip
import time
import zlib
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from datetime import UTC
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler

from watcher.core.model import Issuer
from watcher.demo import replies
from watcher.demo.filings import Filing
from watcher.demo.filings import submission_text
from watcher.demo.loopback import Loopback
from watcher.demo.pages import Accepted
from watcher.demo.pages import Archive
from watcher.demo.replies import Reply

BOMB_SIZE = 200 * 2**20  # bytes, unpacked
DRIP_SECONDS = 0.2
HANG_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came: seconds on the monotonic clock, path with query, and what the client called itself."""

    at: float
    path: str
    user_agent: str


@dataclass(slots=True)
class _Fault:
    answer: Callable[[_Call], Reply | None]
    times: int | None
    path_contains: str
    retry_after: str


@dataclass(frozen=True, slots=True)
class _Call:
    """A request under a fault: the archive it would have been answered from, and the connection to misuse."""

    edgar: BundledEdgar
    exchange: _Exchange
    archive: Archive
    retry_after: str

    def honest(self) -> Reply:
        return self.archive.answer(self.exchange.path)


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms between its head and its body
    server: BundledEdgar

    def do_GET(self) -> None:
        reply = self.server.reply(self)
        if reply is not None:
            self.send(reply)

    def send(self, reply: Reply) -> None:
        """Answer in full, compressed if the client asked for that."""
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(reply.body, compresslevel=1, mtime=0)
            self.send_head(reply, len(body), ("Content-Encoding", "gzip"))
        else:
            body = reply.body
            self.send_head(reply, len(body))
        self.wfile.write(body)

    def send_head(self, reply: Reply, length: int | None, *more: tuple[str, str]) -> None:
        """Status line and headers; without a length the body ends when the connection does."""
        self.send_response_only(reply.status)
        self.send_header("Date", format_datetime(self.server.now().astimezone(UTC), usegmt=True))
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Vary", "Accept-Encoding")
        for name, value in (*reply.headers, *more):
            self.send_header(name, value)
        if length is None:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *_args: object) -> None:  # noqa: A002 -- the signature is http.server's
        """Stay silent: requests are kept in `BundledEdgar.requests`."""


# --- faults -----------------------------------------------------------------------------------------------------------
# Each gives the answer to send instead, or sends what it wants itself and gives `None`.


def _down(call: _Call) -> None:
    call.exchange.close_connection = True


def _too_many(call: _Call) -> Reply:
    return replace(replies.RATE_THRESHOLD, status=429, headers=(("Retry-After", call.retry_after),))


def _html(_call: _Call) -> Reply:
    return replies.WEB_PAGE


def _empty(call: _Call) -> Reply:
    return replace(call.honest(), body=b"")


def _empty_feed(call: _Call) -> Reply:
    return replace(call.archive, filings=()).answer(call.exchange.path)


def _stale(call: _Call) -> Reply:
    return call.edgar.remembered().answer(call.exchange.path)


def _truncated(call: _Call) -> None:
    reply = call.honest()
    call.exchange.send_head(reply, None)
    call.exchange.wfile.write(reply.body[: len(reply.body) // 2])


def _truncated_length(call: _Call) -> None:
    reply = call.honest()
    call.exchange.send_head(reply, len(reply.body))
    call.exchange.wfile.write(reply.body[: len(reply.body) // 2])
    call.exchange.close_connection = True


def _slow(call: _Call) -> None:
    reply = call.honest()
    call.exchange.send_head(reply, len(reply.body))
    for at in range(len(reply.body)):
        call.exchange.wfile.write(reply.body[at : at + 1])
        if call.edgar.stopping.wait(DRIP_SECONDS):
            return


def _hang(call: _Call) -> None:
    call.edgar.stopping.wait(HANG_SECONDS)
    call.exchange.close_connection = True


@functools.cache
def _zeros() -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    block = bytes(2**20)
    return b"".join(packer.compress(block) for _ in range(BOMB_SIZE // len(block))) + packer.flush()


def _bomb(call: _Call) -> None:
    body = _zeros()
    call.exchange.send_head(call.honest(), len(body), ("Content-Encoding", "gzip"))
    call.exchange.wfile.write(body)


def _redirect(_call: _Call) -> Reply:
    return replace(replies.WEB_PAGE, status=302, body=b"", headers=(("Location", "/maintenance.html"),))


FAULTS: Mapping[str, Callable[[_Call], Reply | None]] = {
    "down": _down,
    "503": lambda _: replies.UNAVAILABLE,
    "500": lambda _: replies.SERVER_ERROR,
    "429": _too_many,
    "blocked": lambda _: replies.RATE_THRESHOLD,
    "undeclared": lambda _: replies.UNDECLARED,
    "html": _html,
    "empty": _empty,
    "empty_feed": _empty_feed,
    "stale": _stale,
    "truncated": _truncated,
    "truncated_length": _truncated_length,
    "slow": _slow,
    "hang": _hang,
    "bomb": _bomb,
    "redirect": _redirect,
}


class BundledEdgar(Loopback):
    """EDGAR for the demo and the tests; `url` is both its www and its data address. Use it in a `with`.

    `now` is its clock (aware). A filing given with a later `accepted_at` appears when the clock gets there, so that a
    day can be laid out in advance. The index of a day exists from 22:00 Eastern, as the real one does. A document that
    is not published yet answers 403 AccessDenied, an unknown one 404 NoSuchKey; both occur in reality.
    """

    def __init__(self, now: Callable[[], datetime], *, recent_limit: int = 1000) -> None:
        super().__init__(_Exchange)
        self.url = f"http://127.0.0.1:{self.port}"
        self.now = now
        self._recent_limit = recent_limit
        self._filings: dict[str, Accepted] = {}
        self._issuers: list[Issuer] = []
        self._requests: list[Request] = []
        self._faults: list[_Fault] = []
        self._snapshot: Archive | None = None

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request so far, in the order of arrival."""
        with self.lock:
            return tuple(self._requests)

    def add_issuer(self, ticker: str, cik: str, name: str) -> None:
        """List an issuer (CIK of ten digits) in the ticker file. One with several tickers is added once for each."""
        with self.lock:
            self._issuers.append(Issuer(cik, name, ticker))

    def file(self, filing: Filing, *, accepted_at: datetime, listed: bool = True, document_delay: float = 0) -> None:
        """Accept a filing. `listed=False` keeps it out of the current-filings list only.

        Its document can be fetched `document_delay` seconds of the server's clock after acceptance (`math.inf`: never),
        or after `publish`.
        """
        text = submission_text(filing, accepted_at)
        with self.lock:
            self._filings[filing.accession_number] = Accepted(filing, accepted_at, listed, document_delay, text)

    def publish(self, accession_number: str) -> None:
        """Put a delayed document into the archive now."""
        with self.lock:
            self._filings[accession_number] = replace(self._filings[accession_number], document_delay=0)

    def snapshot(self) -> None:
        """Remember this moment for the fault "stale"."""
        self._snapshot = self._archive()

    def remembered(self) -> Archive:
        """What `snapshot` remembered; without one, everything as it is now."""
        return self._snapshot or self._archive()

    def fault(self, kind: str, *, times: int | None = None, path_contains: str = "", retry_after: str = "120") -> None:
        """Misbehave as `FAULTS` names it for the next `times` requests (`None`: until `clear_faults`) to such a path.

        Of several faults that fit, the one asked for first acts. `retry_after` (seconds, or an HTTP date) is for "429".
        Raises `KeyError` for an unknown kind.
        """
        with self.lock:
            self._faults.append(_Fault(FAULTS[kind], times, path_contains, retry_after))

    def clear_faults(self) -> None:
        """Answer honestly again."""
        with self.lock:
            self._faults.clear()

    def reply(self, exchange: _Exchange) -> Reply | None:
        """The answer to one request, or `None` if a fault has dealt with it."""
        user_agent = exchange.headers.get("User-Agent", "")
        with self.lock:
            self._requests.append(Request(time.monotonic(), exchange.path, user_agent))
            fault = self._next_fault(exchange.path)
        archive = self._archive()
        if fault is not None:
            return fault.answer(_Call(self, exchange, archive, fault.retry_after))
        return archive.answer(exchange.path) if "@" in user_agent else replies.UNDECLARED

    def _archive(self) -> Archive:
        with self.lock:
            return Archive(tuple(self._filings.values()), tuple(self._issuers), self.now(), self._recent_limit)

    def _next_fault(self, path: str) -> _Fault | None:
        for fault in self._faults:
            if fault.path_contains in path and fault.times != 0:
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None
