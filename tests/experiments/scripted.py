"""What stands outside the daemon in a virtual world, as a script has it: EDGAR behind httpx, and receivers behind senders. No sockets."""

from __future__ import annotations

import gzip
import random
import re
from bisect import bisect_left
from bisect import bisect_right
from collections import defaultdict
from collections import deque
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from datetime import time
from datetime import timedelta
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from tests.contract.senders import FakeSender
from watcher.core.model import Issuer
from watcher.core.telling import Outcome
from watcher.core.telling import Outgoing
from watcher.demo import replies
from watcher.demo.filings import EASTERN
from watcher.demo.filings import Filing
from watcher.demo.filings import submission_text
from watcher.demo.pages import Accepted
from watcher.demo.pages import Archive
from watcher.demo.replies import Reply

SHOWN = 2_500  # filings behind the list of current filings, which ends at 5,000 entries: two for each at least
NOISE = ("down", "hang", "503", "500", "429", "html", "empty", "empty feed", "stale", "cut", "broken", "repeated", "shuffled")
STALE = timedelta(hours=2)
SATURDAY = 5
REBUILT = time(4)  # Eastern: when the indexes of the week are built anew


class Crash(BaseException):
    """The daemon dies here and now, as by SIGKILL: nothing in it may take notice."""


class Timeline(Protocol):
    """The true time, whatever the daemon's clock shows, and a way to let it pass."""

    @property
    def elapsed(self) -> float: ...
    def true(self) -> datetime: ...
    def sleep(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Spell:
    """Something misbehaves in one way for a time, in seconds since the world began; `path` narrows it to some addresses."""

    begins: float
    ends: float
    kind: str
    path: str = ""


class Script:
    """Spells in the order of their ends, of which those that are over are forgotten."""

    def __init__(self, spells: Iterable[Spell]) -> None:
        self._spells = deque(sorted(spells, key=lambda spell: spell.ends))

    def kind(self, elapsed: float, path: str = "") -> str | None:
        """How to misbehave now, if at all."""
        while self._spells and self._spells[0].ends <= elapsed:
            self._spells.popleft()
        return next((spell.kind for spell in self._spells if spell.begins <= elapsed and spell.path in path), None)

    def done(self, kind: str) -> None:
        """Forget the spell of this kind that would end next: it was for once."""
        self._spells.remove(next(spell for spell in self._spells if spell.kind == kind))


# --- EDGAR ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Placed:
    """A filing, and how long after its acceptance each of EDGAR's lists shows it, in seconds (`math.inf`: never).

    `document_after` is for the document itself. What is `left_out` stands in no index before the one of Saturday.
    """

    filing: Filing
    accepted_at: datetime
    feed_after: float = 0.0
    lists_after: float = 0.0
    document_after: float = 0.0
    left_out: bool = False

    def accepted(self, *, whole: bool) -> Accepted:
        """As EDGAR has it; its text is made only for who asks for the whole: lists show no more of it than its size."""
        text = submission_text(self.filing, self.accepted_at) if whole else self.filing.document
        return Accepted(self.filing, self.accepted_at, listed=True, document_delay=self.document_after, text=text)


class _Body(httpx.SyncByteStream):
    def __init__(self, content: bytes, *, breaks_off: bool) -> None:
        self._content = content
        self._breaks_off = breaks_off

    def __iter__(self) -> Iterator[bytes]:
        yield self._content
        if self._breaks_off:
            raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


class ScriptedEdgar(httpx.BaseTransport):
    """The bundled EDGAR's pages behind httpx: misbehaves by its script, and takes `latency` seconds for every answer.

    Besides, each request meets one of `NOISE` with the probability `noise`. Behind its list of current filings are `shown` filings.
    """

    def __init__(
        self,
        timeline: Timeline,
        issuers: Sequence[Issuer],
        filings: Iterable[Placed],
        spells: Iterable[Spell] = (),
        *,
        latency: float = 0.0,
        noise: float = 0.0,
        shown: int = SHOWN,
        seed: int = 1,
    ) -> None:
        self.timeline = timeline
        self.noise = noise
        self.requests = 0
        self.polled_at = 0.0  # when the list of Form 4s was last asked for, in seconds since the world began
        self.faults = 0  # requests that were not answered as they should be
        self.served: set[str] = set()  # accession numbers of the documents that were answered in full
        self._issuers = tuple(issuers)
        self._script = Script(spells)
        self._latency = latency
        self._shown = shown
        self._chance = random.Random(seed)  # noqa: S311 -- a script that repeats, no secret
        self._filings: list[Placed] = []
        self._times: list[datetime] = []
        self._by_number: dict[str, Placed] = {}
        self._by_cik: dict[str, list[Placed]] = defaultdict(list)
        for placed in sorted(filings, key=lambda placed: placed.accepted_at):
            self.file(placed)

    def file(self, placed: Placed) -> None:
        """Take one more filing, accepted after all the others."""
        self._by_number[placed.filing.accession_number] = placed
        for cik in {placed.filing.issuer_cik, *(cik for cik, _ in placed.filing.owners if cik)}:
            self._by_cik[cik].append(placed)
        self._filings.append(placed)
        self._times.append(placed.accepted_at)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        self.requests += 1
        if "type=4" in path:
            self.polled_at = self.timeline.elapsed
        self.timeline.sleep(self._latency)
        kind = self._script.kind(self.timeline.elapsed, path)
        if kind is None and self.noise and self._chance.random() < self.noise:
            kind = self._chance.choice(NOISE)
        self.faults += kind is not None
        if kind == "crash":
            self._script.done("crash")
            raise Crash
        answer = _ANSWERS[kind] if kind else _honest
        reply = answer(self, path)
        body = gzip.compress(reply.body, compresslevel=1, mtime=0)
        if kind in {"cut", "broken"}:
            body = body[: len(body) // 2]
        elif reply.body.endswith(b"</SEC-DOCUMENT>\n"):
            self.served.add(self._by_number[_number(path)].filing.accession_number)
        headers = [("Content-Type", reply.content_type), ("Content-Encoding", "gzip"), *reply.headers]
        return httpx.Response(reply.status, headers=headers, stream=_Body(body, breaks_off=kind == "broken"), request=request)

    def honest(self, path: str, *, now: datetime | None = None) -> Reply:
        """What EDGAR would answer, at its own time unless another is given."""
        moment = now or self.timeline.true()
        page = urlsplit(path).path
        if page.startswith("/Archives/edgar/data/"):
            placed = self._by_number.get(_number(page))
            there = [placed] if placed else []
            waits = placed is not None and moment < placed.accepted_at + timedelta(seconds=placed.document_after)
            if waits and int(page[-6:-4]) % 2:
                return replies.no_such_key(page)
        elif page.startswith("/Archives/edgar/daily-index/"):
            there = self._indexed(page, moment)
        elif page.startswith("/submissions/"):
            there = [one for one in self._by_cik[page[16:26]] if _since(one, moment) >= one.lists_after]
        else:
            end = bisect_right(self._times, moment)
            there = [one for one in self._filings[max(0, end - self._shown) : end] if _since(one, moment) >= one.feed_after]
        accepted = tuple(one.accepted(whole=page.endswith(".txt")) for one in there)
        return Archive(accepted, self._issuers, moment, 1000).answer(path)

    def empty(self, path: str) -> Reply:
        """The list of current filings with nothing in it; all else is honest."""
        if not path.startswith("/cgi-bin/"):
            return self.honest(path)
        return Archive((), self._issuers, self.timeline.true(), 1000).answer(path)

    def rearranged(self, path: str, arrange: Callable[[list[str]], list[str]]) -> Reply:
        """The honest list with its entries in another order, or some of them twice."""
        reply = self.honest(path)
        if b"<feed" not in reply.body[:200]:
            return reply
        head, *entries = re.split(r"(?=<entry>)", reply.body.decode("iso-8859-1").removesuffix("</feed>\n"))
        return replace(reply, body="".join([head, *arrange(entries), "</feed>\n"]).encode("iso-8859-1"))

    def shuffled(self, entries: list[str]) -> list[str]:
        """The newest stays first: a list whose first entry is old is taken for an old copy, which is another fault."""
        return entries[:1] + self._chance.sample(entries[1:], max(0, len(entries) - 1))

    def _indexed(self, page: str, moment: datetime) -> list[Placed]:
        day = datetime.strptime(page[-12:-4], "%Y%m%d").replace(tzinfo=EASTERN)
        saturday = datetime.combine(day.date() + timedelta(days=SATURDAY - day.weekday()), REBUILT, EASTERN)
        begin, end = bisect_left(self._times, day), bisect_left(self._times, day + timedelta(days=1, hours=2))
        return [one for one in self._filings[begin:end] if moment >= saturday or not one.left_out]


def _number(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".txt")


def _since(placed: Placed, moment: datetime) -> float:
    return (moment - placed.accepted_at).total_seconds()


def _honest(edgar: ScriptedEdgar, path: str) -> Reply:
    return edgar.honest(path)


def _down(_edgar: ScriptedEdgar, _path: str) -> Reply:
    raise httpx.ConnectError("connection refused")


def _hang(edgar: ScriptedEdgar, _path: str) -> Reply:
    edgar.timeline.sleep(10.0)
    raise httpx.ReadTimeout("timed out")


def _rate(edgar: ScriptedEdgar, path: str) -> Reply:
    return replace(edgar.honest(path), status=429, headers=(("Retry-After", "120"),))


_ANSWERS: Mapping[str, Callable[[ScriptedEdgar, str], Reply]] = {
    "down": _down,
    "hang": _hang,
    "503": lambda *_: replies.UNAVAILABLE,
    "500": lambda *_: replies.SERVER_ERROR,
    "429": _rate,
    "blocked": lambda *_: replies.RATE_THRESHOLD,
    "undeclared": lambda *_: replies.UNDECLARED,
    "html": lambda *_: replies.WEB_PAGE,
    "empty": lambda edgar, path: replace(edgar.honest(path), body=b""),
    "absent": lambda edgar, path: replies.ACCESS_DENIED if "/daily-index/" in path else edgar.honest(path),
    "empty feed": lambda edgar, path: edgar.empty(path),
    "stale": lambda edgar, path: edgar.honest(path, now=edgar.timeline.true() - STALE),
    "cut": _honest,  # half of its bytes, and the end looks regular
    "broken": _honest,  # half of its bytes, then the connection breaks
    "repeated": lambda edgar, path: edgar.rearranged(path, lambda entries: [one for one in entries for _ in "12"]),
    "shuffled": lambda edgar, path: edgar.rearranged(path, edgar.shuffled),
}


# --- receivers ------------------------------------------------------------------------------------------------------------


class ScriptedSender:
    """The contract's fake, told by a script how to behave; `arrived` hears of every message that reached the receiver.

    Seconds that an attempt takes: `takes`, or 10 for a connection that does not come about, 30 for an answer that does not.
    """

    def __init__(
        self,
        timeline: Timeline,
        arrived: Callable[[Outgoing], None],
        spells: Iterable[Spell] = (),
        *,
        takes: float = 0.2,
        noted: bool = True,
    ) -> None:
        self.attempts: list[float] = []  # when each began, in seconds since the world began, if they are to be `noted`
        self.faults = 0
        self._noted = noted
        self._timeline = timeline
        self._arrived = arrived
        self._script = Script(spells)
        self._takes = takes

    def send(self, outgoing: Outgoing, *, now: datetime) -> Outcome:
        fake = FakeSender()
        kind = self._script.kind(self._timeline.elapsed) or "accepts"
        self.faults += kind != "accepts"
        if self._noted:
            self.attempts.append(self._timeline.elapsed)
        if kind == "pause":
            fake.asks_for_a_pause(90)
        elif kind != "crash":
            getattr(fake, kind)()
        self._timeline.sleep({"is_gone": 10.0, "falls_silent": 30.0}.get(kind, self._takes))
        if kind == "crash":
            self._script.done("crash")
            self._arrived(outgoing)
            raise Crash
        outcome = fake.send(outgoing, now=now)
        if kind in {"accepts", "falls_silent"}:
            self._arrived(outgoing)
        return outcome
