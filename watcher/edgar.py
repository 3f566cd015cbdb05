"""The door to the SEC: every request passes here, declared, paced, with a deadline and a size cap. It decides nothing and keeps nothing.

Speaks `core` types and raises `core.errors`; httpx does not leave this file. Synchronous and never cancelled: httpx loses pool slots
for good when a request is cancelled. Redirects are off; EDGAR's own addresses do not redirect.
"""

from __future__ import annotations

import logging
import re
import time
import zlib
from collections.abc import Callable
from collections.abc import Iterator
from datetime import date
from datetime import datetime
from datetime import timedelta

import httpx

from watcher.config import EdgarConfig
from watcher.core.errors import Blocked
from watcher.core.errors import NotYet
from watcher.core.errors import TooLarge
from watcher.core.errors import Unreachable
from watcher.core.feed import parse_feed
from watcher.core.index import SubmissionsList
from watcher.core.index import TickerEntry
from watcher.core.index import parse_master
from watcher.core.index import parse_submissions
from watcher.core.index import parse_tickers
from watcher.core.listing import FeedPage
from watcher.core.listing import FilingRef
from watcher.deadline import deadline
from watcher.deadline import transport
from watcher.pace import Pace
from watcher.pauses import pause_asked

PAGE = 100
LAST_START = 5000  # beyond it EDGAR answers 503, whatever the list
LONGEST_PAUSE = 3600.0  # seconds; where EDGAR asks for more it is asked again sooner
DEADLINE = 30.0  # seconds for one request, from first byte asked to last byte read
CAP = 8_000_000  # bytes after decompression, of a list
PIECE = 65_536  # bytes decompressed at once
SUBMISSION_CAP = 32_000_000  # of a complete submission with its exhibits
DATASET_CAP = 128_000_000  # of a quarter's data set, packed; they have about 12
DATASET_DEADLINE = 600.0
_DATASETS = "files/structureddata/data/insider-transactions-data-sets"  # where most are
_DATASET_PAGE = "data-research/sec-markets-data/insider-transactions-data-sets"

# httpx logs each address at INFO; an address may carry a user's mirror credentials.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class Edgar:
    """EDGAR, asked politely. One object per process; safe between threads."""

    def __init__(self, config: EdgarConfig, pace: Pace, *, now: Callable[[], datetime], deadline: float = DEADLINE) -> None:
        self._config = config
        self._pace = pace
        self._now = now
        self._deadline = deadline
        self._client = self._new_client()

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def current(self, form_prefix: str, start: int) -> FeedPage:
        """One page of the list of current ownership filings whose form type begins with `form_prefix`, from entry `start` on.

        Past the end of the list the page is empty. Raises `Unreachable` (also, with status 503, past the end), `Blocked`,
        `FeedUnreadable`.
        """
        address = (
            f"{self._config.www_url}/cgi-bin/browse-edgar?action=getcurrent&type={form_prefix}"
            f"&owner=only&count={PAGE}&start={start}&output=atom"
        )
        return parse_feed(self._list(address, "the list of current filings"))

    def submission(self, path_cik: str, accession_number: str, *, background: bool = False) -> bytes:
        """A complete submission, as bytes. Raises `NotYet` while EDGAR has no such object."""
        address = f"{self._config.www_url}/Archives/edgar/data/{int(path_cik)}/{accession_number}.txt"
        return self._get(address, f"filing {accession_number}", cap=SUBMISSION_CAP, background=background)

    def submissions(self, cik: str, *, since: date, background: bool = True) -> SubmissionsList:
        """The ownership filings of one CIK filed on or after `since`, from its list and as many older shards as that takes.

        Raises `NotYet` for a CIK that EDGAR does not know.
        """
        base = f"{self._config.data_url}/submissions"
        body = self._list(f"{base}/CIK{cik}.json", f"the filings of CIK {cik}", background=background)
        newest = parse_submissions(body, cik)
        filings = list(newest.filings)
        for shard in newest.shards:
            if shard.last >= since:
                older = self._list(f"{base}/{shard.name}", f"older filings of CIK {cik}", background=background)
                filings += parse_submissions(older, cik).filings
        recent = tuple(ref for ref in filings if ref.filed_on is not None and ref.filed_on >= since)
        return SubmissionsList(newest.cik, newest.name, newest.tickers, recent, (), newest.reports)

    def tickers(self, *, background: bool = False) -> dict[str, TickerEntry]:
        """The SEC's ticker file, by ticker in upper case."""
        address = f"{self._config.www_url}/files/company_tickers.json"
        return parse_tickers(self._list(address, "the SEC's ticker file", background=background))

    def daily_index(self, day: date) -> list[FilingRef]:
        """All ownership filings that EDGAR lists for a day. Raises `NotYet` where there is no index: weekend, holiday, too early."""
        quarter = (day.month - 1) // 3 + 1
        address = f"{self._config.www_url}/Archives/edgar/daily-index/{day.year}/QTR{quarter}/master.{day:%Y%m%d}.idx"
        return parse_master(self._list(address, f"the index of {day}", background=True))

    def data_set(self, quarter: str) -> bytes:
        """The zip of a quarter ("2024q3") of the Insider Transactions Data Sets; where it is not where most are, the SEC's page knows.

        Raises `NotYet` where there is none for the quarter (yet), `Unreachable`, `Blocked`.
        """
        name = f"{quarter}_form345.zip"
        what = f"the data set of {quarter}"
        try:
            return self._get(
                f"{self._config.www_url}/{_DATASETS}/{name}", what, cap=DATASET_CAP, seconds=DATASET_DEADLINE, background=True
            )
        except NotYet:
            page = self._get(f"{self._config.www_url}/{_DATASET_PAGE}", "the SEC's page of data sets", html=True, background=True)
        linked = re.search(rb'href="(?:https://www\.sec\.gov)?/([\w./-]*/' + re.escape(name.encode()) + rb')"', page)
        if linked is None:
            raise NotYet(f"{what}: the SEC does not offer it (yet)")
        return self._get(
            f"{self._config.www_url}/{linked[1].decode()}", what, cap=DATASET_CAP, seconds=DATASET_DEADLINE, background=True
        )

    # --- one request ------------------------------------------------------------------------------------------------------

    def _list(self, address: str, what: str, *, background: bool = False) -> bytes:
        """A list; one that grows past every bound is an outage, unlike a filing, which stays as it is."""
        try:
            return self._get(address, what, background=background)
        except TooLarge as error:
            raise Unreachable(str(error)) from None

    def _get(
        self,
        address: str,
        what: str,
        *,
        cap: int = CAP,
        background: bool = False,
        seconds: float | None = None,
        html: bool = False,
    ) -> bytes:
        self._pace.wait(self._now, background=background)
        try:
            with deadline(seconds or self._deadline) as ends, self._client.stream("GET", address) as response:
                body = self._read(response, what, cap=cap, ends=ends)
        except httpx.PoolTimeout as error:
            self._client = self._new_client()
            raise Unreachable(f"{what}: no connection was free") from error
        except (httpx.TransportError, httpx.StreamError) as error:
            raise Unreachable(f"{what}: {_words(error)}") from error
        self._judge(response, body, what, html=html)
        return body

    def _read(self, response: httpx.Response, what: str, *, cap: int, ends: float) -> bytes:
        encoding = response.headers.get("Content-Encoding", "identity").lower()
        if encoding not in {"identity", "gzip"}:
            raise Unreachable(f"{what}: EDGAR sent an encoding that was not asked for")
        body = bytearray()
        for chunk in _decoded(response.iter_raw(), gzip=encoding == "gzip", what=what):
            body += chunk
            if len(body) > cap:
                raise TooLarge(f"{what}: larger than {cap:,} bytes")
            if time.monotonic() > ends:
                raise Unreachable(f"{what}: not complete within the time allowed")
        return bytes(body)

    def _judge(self, response: httpx.Response, body: bytes, what: str, *, html: bool) -> None:
        status = response.status_code
        if status == 200:
            if not body.strip():
                raise Unreachable(f"{what}: EDGAR sent an empty page", status=status)
            if _is_html(body):
                self._refuse_if_blocked(body)
                if not html:
                    raise Unreachable(f"{what}: EDGAR sent a web page instead", status=status)
            return
        if status == 404 or (status == 403 and b"<Code>AccessDenied</Code>" in body):
            raise NotYet(f"{what}: EDGAR has no such object (yet)")
        if status == 403:
            self._refuse_if_blocked(body)
            until = self._pace.block(self._now())
            raise Blocked(f"{what}: the SEC refused the request (403); nothing is asked for ten minutes", until=until)
        retry_after = pause_asked(response.headers.get("Retry-After"), now=self._now(), longest=LONGEST_PAUSE)
        if retry_after:
            self._pace.block(self._now(), timedelta(seconds=retry_after))
        raise Unreachable(f"{what}: EDGAR answered {status}", status=status, retry_after=retry_after)

    def _refuse_if_blocked(self, body: bytes) -> None:
        text = body.lower()
        if b"undeclared automated tool" in text and b"request rate" not in text:
            until = self._pace.block(self._now())
            raise Blocked(
                "the SEC does not accept how we introduce ourselves: put your name and e-mail address into [edgar] contact; "
                "if they are there, the SEC refuses this network",
                until=until,
            )
        if b"request rate threshold exceeded" in text or b"limited for 10 minutes" in text:
            until = self._pace.block(self._now())
            raise Blocked("the SEC says this address asked too often; nothing is asked for ten minutes", until=until)

    def _new_client(self) -> httpx.Client:
        return httpx.Client(
            headers={"User-Agent": self._config.contact, "Accept-Encoding": "gzip"},
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(self._deadline / 3, connect=min(10.0, self._deadline)),
            transport=transport(httpx.Limits(max_connections=8, max_keepalive_connections=4, keepalive_expiry=60.0)),
        )


def _decoded(chunks: Iterator[bytes], *, gzip: bool, what: str) -> Iterator[bytes]:
    """Undo gzip in pieces of bounded size, however much a chunk holds: the caller stops at its cap."""
    if not gzip:
        yield from chunks
        return
    decompressor, more = zlib.decompressobj(31), False
    try:
        for chunk in chunks:
            rest, piece = chunk, bytes(PIECE)
            more |= decompressor.eof
            # A full piece may leave output behind although all input is taken.
            while not decompressor.eof and (rest or len(piece) == PIECE):
                piece = decompressor.decompress(rest, PIECE)
                rest = decompressor.unconsumed_tail
                yield piece
    except zlib.error as error:
        raise Unreachable(f"{what}: damaged on its way ({error})") from error
    if not decompressor.eof:
        raise Unreachable(f"{what}: cut short")
    if more or decompressor.unused_data:  # a second part would be left out, and a list pass for a whole one
        raise Unreachable(f"{what}: damaged on its way (something follows its end)")


def _is_html(body: bytes) -> bool:
    start = body[:500].lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html"))


def _words(error: Exception) -> str:
    """What went wrong, without an address (it may carry credentials of a mirror)."""
    kinds = {
        httpx.ConnectTimeout: "no connection within the time allowed",
        httpx.ConnectError: "no connection (is the network up?)",
        httpx.ReadTimeout: "no answer within the time allowed",
        httpx.ReadError: "the connection broke off",
        httpx.RemoteProtocolError: "the answer was cut short or not HTTP",
    }
    return next((words for kind, words in kinds.items() if isinstance(error, kind)), type(error).__name__)
