"""What the fault experiments play on: EDGAR and three receivers with a story of filings, the process whose forks do the cycles, a count.

The story: a new watch with a past; a sale, an exercise with sale, an amendment that corrects what was told, a filing that cannot be
read, and one that nobody asked for. EDGAR serves one document late. Three destinations are to be told.
"""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Set
from contextlib import closing
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace
from datetime import date
from datetime import datetime
from email import message_from_bytes
from email import policy
from itertools import product
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any
from typing import Self

from tests.world import ALEX
from tests.world import DAY
from tests.world import EXAMPLE
from tests.world import HOUR
from tests.world import JANE
from tests.world import MINUTE
from tests.world import NOON
from tests.world import OTHER
from tests.world import REPOSITORY
from tests.world import Clock
from tests.world import a_sale
from tests.world import accession
from tests.world import environment
from tests.world import mail
from tests.world import until
from tests.world import webhook
from tests.world import write_config
from watcher.demo.edgar import BundledEdgar
from watcher.demo.filings import Filing
from watcher.demo.receivers import SmtpReceiver
from watcher.demo.receivers import WebhookReceiver
from watcher.demo.stories import Grant
from watcher.demo.stories import Occasion
from watcher.demo.stories import exercise_and_sell
from watcher.demo.stories import purchase
from watcher.demo.stories import sale

TODAY = NOON.date()
PAST, SALE, EXERCISE, AMENDMENT, UNREADABLE, PURCHASE, ELSEWHERE = map(accession, range(1, 8))
WANTED = frozenset(product(("hook", "chat", "desk"), (SALE, EXERCISE, AMENDMENT, UNREADABLE)))
# In memory where the system can: what a killed process wrote is kept there as on a disk. (Power cuts are another experiment.)
MEMORY = Path("/dev/shm")  # noqa: S108 -- a folder of its own is made in it

_FILING = re.compile(r"/(\d{10}-\d\d-\d{6})-index\.htm")
_REPEAT = "[possible repeat]"


# --- the scene ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message that came whole: about which filing, whether it says that it may be a repeat; and, of a machine's, id and bytes."""

    destination: str
    accession_number: str
    marked: bool
    event_id: str = ""
    body: bytes = b""


class Scene:
    """EDGAR, two HTTP receivers and a mail server, by one clock set by hand. Use it in a `with`."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.edgar = BundledEdgar(self.clock)
        self.hook, self.chat, self.desk = WebhookReceiver(), WebhookReceiver(), SmtpReceiver()
        self._servers = (self.edgar, self.hook, self.chat, self.desk)
        self.peers = {
            str(server.port): name for name, server in zip(("edgar", "hook", "chat", "desk"), self._servers, strict=True)
        }
        self._counted = (0, 0, 0)

    def __enter__(self) -> Self:
        for server in self._servers:
            server.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for server in reversed(self._servers):
            server.__exit__(kind, error, trace)

    def configure(self, folder: Path) -> Path:
        """A configuration that tells all three of sales and exercises."""
        chat = f'url = "mmost://127.0.0.1:{self.chat.port}/token"'
        told = {"hook": webhook(self.hook.url), "chat": chat, "desk": mail(self.desk.port)}
        return write_config(folder, self.edgar.url, told, rule='events = ["sale", "exercise"]')

    def begin(self) -> None:
        """Forget what came until now."""
        self.quiet()
        self._counted = (len(self.hook.received), len(self.chat.received), len(self.desk.received))

    def quiet(self) -> None:
        """Wait until nobody is connected any more: what a killed process sent has been taken."""
        until(lambda: not any(server._connections for server in self._servers), what="somebody stays connected")

    def arrivals(self) -> list[Arrival]:
        """What came since `begin`, in its order for each destination. A request cut off is no message."""
        self.quiet()
        hook, chat, desk = self._counted
        posts = [("hook", one) for one in self.hook.received[hook:]] + [("chat", one) for one in self.chat.received[chat:]]
        whole = [(name, one) for name, one in posts if one.body and len(one.body) == int(one.headers.get("content-length", 0))]
        return [
            *(_posted(name, post.body, post.headers.get("x-watcher-event", "")) for name, post in whole),
            *(_mailed(letter.content) for letter in self.desk.received[desk:]),
        ]


def _posted(destination: str, body: bytes, event_id: str) -> Arrival:
    text = json.loads(body)["text"]
    return Arrival(destination, _FILING.findall(text)[-1], _REPEAT in text, event_id, body if event_id else b"")


def _mailed(content: bytes) -> Arrival:
    letter = message_from_bytes(content, policy=policy.default)
    text = letter.get_body(("plain",))
    assert text is not None, "a letter without text"
    return Arrival("desk", _FILING.findall(text.get_content())[-1], _REPEAT in letter["Subject"])


@dataclass(frozen=True, slots=True)
class Count:
    """What came, against what should have: numbers of messages. `outside` are repeats that no kill in a sending explains."""

    lost: int
    duplicated: int
    unmarked: int
    outside: int
    conflicting: int
    unexpected: int


def counted(arrivals: Iterable[Arrival], in_sending: Iterable[str], *, wanted: Set[tuple[str, str]] = WANTED) -> Count:
    """Count; `in_sending` names the destination for each kill between a first byte and the commit of what became of it.

    `wanted` are the pairs of destination and accession number of what should come.
    """
    found: dict[tuple[str, str], list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        found[arrival.destination, arrival.accession_number].append(arrival)
    repeats = Counter({key: len(same) - 1 for key, same in found.items()})
    of_each: Counter[str] = Counter()
    for (destination, _), number in repeats.items():
        of_each[destination] += number
    return Count(
        lost=len(wanted - found.keys()),
        duplicated=repeats.total(),
        unmarked=sum(not later.marked for (name, _), same in found.items() if name != "hook" for later in same[1:]),
        outside=(of_each - Counter(in_sending)).total(),
        conflicting=sum(
            len({(one.event_id, one.body) for one in same}) - 1 for (name, _), same in found.items() if name == "hook"
        ),
        unexpected=len(found.keys() - wanted),
    )


# --- the story ------------------------------------------------------------------------------------------------------------------


def amending(filing: Filing, number: str, of: date) -> Filing:
    """The filing as a 4/A of what was filed that day."""
    document = filing.document.replace(b"<documentType>4<", b"<documentType>4/A<")
    original = f"</periodOfReport><dateOfOriginalSubmission>{of}</dateOfOriginalSubmission>".encode()
    return replace(filing, accession_number=number, form_type="4/A", document=document.replace(b"</periodOfReport>", original))


def lay_out(edgar: BundledEdgar, chance: Random) -> None:
    """All that will be filed, at its time; the seed decides who is first."""
    edgar.add_issuer(EXAMPLE.trading_symbol or "", EXAMPLE.cik or "", EXAMPLE.name or "")
    past = Occasion(PAST, EXAMPLE, (JANE,), TODAY - 29 * DAY, 12_000)
    edgar.file(sale(past, (2_000, "20.10")), accepted_at=NOON - 29 * DAY, listed=False)
    edgar.file(replace(a_sale(7, issuer=OTHER), accession_number=ELSEWHERE), accepted_at=NOON - HOUR)
    options = Grant("10.00", 5_000, date(2030, 1, 1))
    first = [a_sale(2), exercise_and_sell(Occasion(EXERCISE, EXAMPLE, (ALEX,), TODAY, 500), options, 700, "26.10")]
    corrected = sale(Occasion(SALE, EXAMPLE, (JANE,), TODAY, 10_000), (1_500, "25.56"))
    then = [
        amending(corrected, AMENDMENT, TODAY),
        replace(a_sale(5, owners=(ALEX,)), document=b"not a form"),
        purchase(Occasion(PURCHASE, EXAMPLE, (ALEX,), TODAY, 500), (10, "26.00")),
    ]
    for begin, filings in ((1, first), (11, then)):
        chance.shuffle(filings)
        for minute, filing in enumerate(filings, begin):
            # Not the sale's: read after its amendment, it would be silent, and rightly so.
            delay = 300 if filing.accession_number == EXERCISE else 0
            edgar.file(filing, accepted_at=NOON + minute * MINUTE, document_delay=delay)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process is to be killed: a point, and the pass of it in that cycle."""

    point: str
    at: int


class Nursery:
    """The process whose forks do the cycles (`fault_points.serve`)."""

    def __init__(self, peers: dict[str, str]) -> None:
        self._peers = peers

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.experiments.fault_points"],
            cwd=REPOSITORY,
            env=environment(Path.home()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def cycle(self, config: Path, at: datetime, place: Place | None = None) -> dict[str, Any]:
        """One cycle in a fork: its exit status, and either that it was `killed`, and `sending_to` whom, or the `passes` of its points."""
        self.begin(config, at, place)
        return self.answer()

    def begin(self, config: Path, at: datetime, place: Place | None = None, *, traced: bool = False) -> None:
        """Order a cycle. One to be `traced` first answers with its `pid`, stops, and waits for SIGCONT."""
        assert self._process.stdin is not None
        order = {"config": str(config), "at": at.isoformat(), "peers": self._peers, "traced": traced}
        order |= {"point": place.point if place else None, "pass": place.at if place else 0}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """What the nursery says next."""
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def memory_folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="faults-", dir=MEMORY if MEMORY.is_dir() else None) as name:
        yield Path(name)


def still_open(store: Path) -> int:
    """How many filings wait to be read and how many messages are owed."""
    with closing(sqlite3.connect(store)) as reader:
        (count,) = reader.execute(
            "SELECT (SELECT count(*) FROM filing WHERE state = 'pending') + (SELECT count(*) FROM watch WHERE baseline != 'done')"
            " + (SELECT count(*) FROM owed WHERE state NOT IN ('delivered', 'dead'))"
        ).fetchone()
    return int(count)
