"""Answers made to exhaust whoever reads them: each is refused within the deadline and within the memory it may take.

    python -m tests.experiments.bombs [--trials 1] [--deadline 5] [--json PATH]

Each bomb is served twice through the real door: as a list, where it must raise, and as a filing to the real ingest, where it is postponed
or set aside with an alert and never lost. Prints one line; exit 1 if one was believed, took longer than the deadline, or more memory than
it may.
"""

from __future__ import annotations

import gzip
import socket
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import closing
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from itertools import repeat
from pathlib import Path

from tests.experiments.attacks import peak
from tests.experiments.command_line import NO_CHANCE
from tests.experiments.command_line import command_parser
from tests.experiments.command_line import write_result
from tests.loopback import Behaviour
from tests.loopback import Receiver
from tests.loopback import take_request
from tests.world import CONTACT
from tests.world import MINUTE
from tests.world import Unpaced
from tests.world import World
from tests.world import a_sale
from watcher.config import EdgarConfig
from watcher.core.errors import WatcherError
from watcher.edgar import CAP
from watcher.edgar import SUBMISSION_CAP
from watcher.edgar import Edgar
from watcher.ingest import ingest

DEADLINE = 5.0  # seconds; the daemon's is 30
LATE = 1.0  # seconds that a busy machine may add
# A list or a filing is held once, with what growing costs, and the pieces on their way.
MOST_MEMORY = {"list": 2 * CAP + 16_000_000, "filing": 2 * SUBMISSION_CAP}
MEGABYTE = 2**20
DRIP = 0.05  # seconds between two bytes


def _gzip_of(blocks: int) -> bytes:
    """So many megabytes of zeros, compressed once and repeated; it lacks the end, which nobody may get to."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.compress(bytes(MEGABYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(MEGABYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * (blocks - 1)


def says(head: str, pieces: Callable[[], Iterator[bytes]], *, pause: float = 0.0) -> Behaviour:
    """Take the request, then say this, piece by piece, until all is said or nobody listens."""

    def serve(receiver: Receiver, client: socket.socket) -> None:
        take_request(receiver, client)
        client.sendall(head.replace("\n", "\r\n").encode("latin-1"))
        for piece in pieces():
            client.sendall(piece)
            if receiver.stopping.wait(pause) if pause else receiver.stopping.is_set():
                return

    return serve


OK = "HTTP/1.1 200 OK\nConnection: close\n"
GZIP = f"{OK}Content-Encoding: gzip\n\n"
CHUNKED = f"{OK}Transfer-Encoding: chunked\n\n"
EMPTY_BLOCK = b"\x00\x00\x00\xff\xff"  # of deflate: five bytes that say nothing

BOMBS: dict[str, Behaviour] = {
    "gzip of 1 GiB": says(GZIP, lambda: iter([_gzip_of(1024)])),
    "gzip in gzip": says(GZIP, lambda: iter([gzip.compress(_gzip_of(1024))])),
    "gzip twice, declared": says(f"{OK}Content-Encoding: gzip, gzip\n\n", lambda: repeat(bytes(65536))),
    "an encoding not asked for": says(f"{OK}Content-Encoding: br\n\n", lambda: repeat(bytes(65536))),
    "gzip of nothing, endless": says(
        GZIP, lambda: iter([b"\x1f\x8b\x08\0\0\0\0\0\0\xff", *[EMPTY_BLOCK * 10_000] * 100, *[EMPTY_BLOCK] * 10_000]), pause=0.01
    ),
    "gzip that has ended and goes on": says(
        GZIP, lambda: iter([gzip.compress(b"x" * 1000), *[bytes(1000)] * 10_000]), pause=0.01
    ),
    "a body without end": says(f"{OK}\n", lambda: repeat(b"x" * 65536)),
    "chunks without end": says(CHUNKED, lambda: repeat(b"1\r\nx\r\n")),
    "a chunk of 4 GiB": says(CHUNKED, lambda: iter([b"ffffffff\r\n", *[b"x" * 65536] * 10_000])),
    "a chunk's name without end": says(CHUNKED, lambda: repeat(b"0" * 65536)),
    "a body that drips": says(f"{OK}Content-Length: 100000\n\n", lambda: repeat(b"x"), pause=DRIP),
    "headers that drip": says("HTTP/1.1 200 OK\nX-Drip: ", lambda: repeat(b"x"), pause=DRIP),
    "lines of headers that drip": says("HTTP/1.1 200 OK\n", lambda: repeat(b"X-Drip: x\r\n"), pause=DRIP),
    "a header of 200 kB": says(f"HTTP/1.1 200 OK\nX: {'x' * 200_000}\n\n", lambda: iter([b"ok"])),
    "headers without end": says("HTTP/1.1 200 OK\n", lambda: repeat(b"X-More: x\r\n" * 1000)),
    "continue, for ever": says("", lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n"), pause=DRIP),
    "a length and then nothing": says(f"{OK}Content-Length: 999999999999999\n\n", lambda: repeat(b"", 1000), pause=DRIP),
    "nothing": says("", lambda: repeat(b"", 1000), pause=DRIP),
}


@contextmanager
def opened_door(bomb: Behaviour, folder: Path, deadline: float, world: World) -> Iterator[Edgar]:
    """A door to an EDGAR that sends this bomb."""
    with Receiver(bomb) as receiver:
        url = f"http://127.0.0.1:{receiver.port}"
        config = EdgarConfig(CONTACT, www_url=url, data_url=url, efts_url=url)
        enough = threading.Timer(deadline + 2 * LATE, receiver.stopping.set)  # a door without a deadline would stay for ever
        enough.start()
        with closing(Edgar(config, Unpaced(folder / "pace"), now=world.clock, deadline=deadline)) as door:
            yield door
        enough.cancel()


def as_list(door: Edgar, _: World) -> str:
    """What became of the bomb where a list was asked for."""
    try:
        door.tickers()
    except WatcherError:
        return "refused"
    return "believed"


def as_filing(door: Edgar, world: World) -> str:
    """What became of the bomb where a filing was asked for; nothing if it is neither waiting nor alerted."""
    (pending,) = world.store.pending("live", world.clock(), limit=1)
    result = ingest(door, world.store, world.config, pending, now=world.clock())
    alerts = world.alerted().count(pending.accession_number)
    fine = {"postponed": 0, "quarantined": 1}.get(result.state) == alerts
    return "refused" if fine else f"{result.state} with {alerts} alerts"


def wrong_with(bomb: Behaviour, kind: str, folder: Path, deadline: float) -> tuple[list[str], float, float]:
    """What was wrong with one bomb as one kind; with the seconds and megabytes it took."""
    folder.mkdir()
    with World(folder) as world:
        world.watch()
        world.store.set_baseline(world.store.watches()[0].key, "done")
        world.clock.tick(MINUTE)
        world.file(a_sale(1))
        world.poll()
        with opened_door(bomb, folder, deadline, world) as door:
            before, began = peak(reset=True), time.monotonic()
            became = {"list": as_list, "filing": as_filing}[kind](door, world)
            seconds, memory = time.monotonic() - began, peak() - before
    wrong = [] if became == "refused" else [became]
    if seconds > deadline + LATE:
        wrong.append(f"took {seconds:.1f} s")
    if memory > MOST_MEMORY[kind]:
        wrong.append(f"took {memory / MEGABYTE:.0f} MiB")
    return wrong, seconds, memory / MEGABYTE


@dataclass(frozen=True, slots=True)
class Result:
    """What all bombs came to. The longest in seconds, the most memory in MiB for lists and for filings."""

    bombs: int
    deadline: float
    longest: float
    most_for_a_list: float
    most_for_a_filing: float
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        return (
            f"bombs trials={self.bombs} deadline={self.deadline:.1f}s longest={self.longest:.1f}s "
            f"memory={self.most_for_a_list:.0f}MiB/{self.most_for_a_filing:.0f}MiB wrong={len(self.wrong)}"
        )


def run(deadline: float = DEADLINE) -> Result:
    """Every bomb as a list and as a filing."""
    wrong: dict[str, list[str]] = {}
    longest = 0.0
    most = {"list": 0.0, "filing": 0.0}
    with tempfile.TemporaryDirectory(prefix="bombs-") as name:
        for number, (bomb, behaviour) in enumerate(BOMBS.items()):
            for kind in ("list", "filing"):
                found, seconds, memory = wrong_with(behaviour, kind, Path(name) / f"{kind}{number}", deadline)
                longest, most[kind] = max(longest, seconds), max(most[kind], memory)
                if found:
                    wrong[f"{bomb}, as a {kind}"] = found
    return Result(2 * len(BOMBS), deadline, round(longest, 1), round(most["list"]), round(most["filing"]), wrong)


def main() -> int:
    """Serve them all, and print what came of it."""
    parser = command_parser(__doc__, trials=1, seed=NO_CHANCE)
    parser.add_argument("--deadline", type=float, default=DEADLINE)
    asked = parser.parse_args()
    results = [run(asked.deadline) for _ in range(asked.trials)]
    for result in results:
        sys.stdout.write(f"{result}\n" + "".join(f"  {name}: {'; '.join(found)}\n" for name, found in result.wrong.items()))
    write_result(results, asked.json)
    return 1 if any(result.wrong for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
