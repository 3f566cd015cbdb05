"""The SEC's quarterly data sets into the store: the fast way to many years. Alerts nobody; sends nothing.

zip or folder  ->  cut into parts by issuer, on disk  ->  read, compared, kept  ->  the store

What a quarter states of one issuer is held against nothing but what is known of that issuer. So issuers of which the store has nothing
are read in processes of their own, each into a small store beside the store, which takes them over whole. The others are taken in here.
"""

from __future__ import annotations

import contextlib
import gc
import glob
import lzma
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from datetime import date
from datetime import datetime
from datetime import time
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.connection import wait
from pathlib import Path

from watcher.config import Config
from watcher.core.dataset import TABLES
from watcher.core.dataset import read_tables
from watcher.core.errors import LeftOut
from watcher.core.errors import StoreError
from watcher.core.errors import UnreadableDocument
from watcher.core.errors import WatcherError
from watcher.core.submission import EASTERN
from watcher.core.tables import divided
from watcher.core.text import cleaned
from watcher.past import PastFiling
from watcher.past import keep_past
from watcher.store import Store
from watcher.store import StoredWatch

BATCH = 200  # filings in a transaction: a fraction of a second, so that a daemon beside it waits no longer
PARTS = 24
MOST_PROCESSES = 4
TABLE_CAP = 400_000_000  # bytes of one table, unpacked; the largest have about 30 million

Progress = Callable[[int], None]


@dataclass(slots=True)
class Tally:
    """What became of the filings of data sets: how many are kept, were known, are the daemon's, and what could not be placed."""

    kept: int = 0
    known: int = 0
    newer: int = 0
    before: int = 0
    left_out: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count what became of other filings too."""
        self.kept += other.kept
        self.known += other.known
        self.newer += other.newer
        self.before += other.before
        self.left_out += other.left_out


@dataclass(frozen=True, slots=True)
class Choice:
    """Which filings are wanted: of these watches and, with `everything`, all others too; filed `since` a day."""

    watches: tuple[StoredWatch, ...]
    everything: bool = False
    since: date | None = None

    def wants(self, issuer: str, owners: Collection[str]) -> bool:
        """Whether a filing of these CIKs is wanted, whenever it was filed."""
        return self.everything or any(
            watch.cik == issuer if watch.role == "issuer" else watch.cik in owners for watch in self.watches
        )


class Quarter(Mapping[str, bytes]):
    """The tables of one data set by name, each read when it is asked for. `path` is a zip, or a folder into which it was unpacked."""

    def __init__(self, path: Path) -> None:
        """Raises `UnreadableDocument` where that is no data set."""
        self.path = path
        self._places: dict[str, str] = {}
        try:
            if path.is_dir():
                names = sorted(one.name for one in path.iterdir())
            else:
                with zipfile.ZipFile(path) as packed:
                    names = packed.namelist()
        except (OSError, zipfile.BadZipFile) as error:
            raise UnreadableDocument(f"{path} cannot be read as a zip of tables: {error}") from error
        self._places = {
            name: place for place in names if (name := Path(place).stem.upper()) in TABLES and place.lower().endswith(".tsv")
        }
        if "SUBMISSION" not in self._places:
            raise UnreadableDocument(f"{path} holds no SUBMISSION.tsv: it is no Insider Transactions Data Set")

    def __getitem__(self, name: str) -> bytes:
        place = self._places[name]
        try:
            if self.path.is_dir():
                return (self.path / place).read_bytes()
            with zipfile.ZipFile(self.path) as packed, packed.open(place) as file:
                content = file.read(TABLE_CAP + 1)
        except (OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError) as error:
            raise UnreadableDocument(f"{self.path}: the table {name} cannot be unpacked: {error}") from error
        if len(content) > TABLE_CAP:
            raise UnreadableDocument(f"{self.path}: the table {name} is larger than {TABLE_CAP:,} bytes")
        return content

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


@contextmanager
def workshop(store: Path) -> Iterator[Path]:
    """A new folder beside the store for the parts; those that were left there by a kill go first.

    Its name is not used again: a process that outlived the kill of its parent may still be writing.
    """
    prefix = f"{store.name}.backfill-"
    for left in store.parent.glob(f"{glob.escape(prefix)}*"):
        shutil.rmtree(left, ignore_errors=True)
    try:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=store.parent))
    except OSError as error:
        raise StoreError(f"no folder can be made beside {store} ({error.strerror}): check its place and mode") from error
    try:
        yield folder
    except OSError as error:
        raise StoreError(f"{folder} cannot be written ({error.strerror}): check the space on its disk") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(slots=True)
class Cut:
    """The parts on disk that are wanted: those that are read in here, and those of issuers of which the store has nothing."""

    here: list[Path]
    apart: list[Path]
    filings: int
    tally: Tally


def cut(store: Store, quarters: Sequence[Quarter], choice: Choice, folder: Path) -> Cut:
    """Cut the quarters into parts below `folder`, without what the store has. Raises `UnreadableDocument`."""
    tally, filings = Tally(), 0
    here: dict[str, bool] = {}

    def part_of(number: str, issuer: str, owners: frozenset[str]) -> int | None:
        nonlocal filings
        if not choice.wants(issuer, owners):
            return None
        if store.has_filing(number):
            tally.known += 1
            return None
        filings += 1
        if issuer not in here:
            here[issuer] = not choice.everything or store.has_issuer(issuer)
        part = int(issuer) % PARTS if issuer.isdecimal() else 0
        return part if here[issuer] else PARTS + part

    for order, quarter in enumerate(quarters):
        try:
            for table, part, text in divided(quarter, part_of):
                place = folder / f"{part:03}" / f"{order:04}"
                place.mkdir(parents=True, exist_ok=True)
                (place / f"{table}.tsv").write_text(text, "utf-8", newline="\n")
        except LeftOut as error:
            tally.left_out.append(f"{quarter.path.name}: {error}")
    parts = sorted(folder.iterdir())
    return Cut(
        [part for part in parts if int(part.name) < PARTS],
        [part for part in parts if int(part.name) >= PARTS],
        filings,
        tally,
    )


def take_parts(
    store: Store, config: Config, choice: Choice, parts: Cut, *, processes: int, now: Callable[[], datetime], progress: Progress
) -> Tally:
    """Take in all parts; `progress` is told of filings as they are done. Returns what became of all."""
    tally = parts.tally
    if parts.apart:
        _take_apart(store, config, choice, parts, processes=processes, now=now, progress=progress)
    for part in parts.here:
        tally.add(take_part(store, config, choice, part, now=now(), progress=progress))
    return tally


def take_part(store: Store, config: Config, choice: Choice, part: Path, *, now: datetime, progress: Progress) -> Tally:
    """Take one part into a store, in the order of filing."""
    tally = Tally()
    watches = store.watches() or choice.watches  # all, not only those that were named; a store beside the store has none
    for place in sorted(one for one in part.iterdir() if one.is_dir()):
        filings = _read(Quarter(place), choice, tally, now)
        while batch := list(islice(filings, BATCH)):
            became = keep_past(store, config, watches, batch, now=now)
            tally.kept += became.count("kept")
            tally.known += became.count("known")
            tally.newer += became.count("newer")
            progress(len(batch))
    return tally


def _read(quarter: Quarter, choice: Choice, tally: Tally, now: datetime) -> Iterator[PastFiling]:
    """The filings of a part of a quarter, the earliest first. No doubts are looked for in them, as they are in what is told."""
    numbers = read_tables(quarter)
    found = []
    try:
        for number, filed_on, document in numbers:
            if choice.since is not None and filed_on < choice.since:
                tally.before += 1
                continue
            # The day is all that is stated, and the end of it is after whatever was accepted on it.
            filed_at = min(datetime.combine(filed_on, time.max, EASTERN), now)
            found.append(PastFiling(number, document.issuer.cik or "", filed_on, filed_at, cleaned(document)))
    except LeftOut as error:
        tally.left_out.append(str(error))
    found.sort(key=lambda filing: (filing.filed_on, filing.accession_number))
    return iter(found)


# --- in processes of their own -------------------------------------------------------------------------------------------------


def _take_apart(
    store: Store, config: Config, choice: Choice, parts: Cut, *, processes: int, now: Callable[[], datetime], progress: Progress
) -> None:
    """Let processes read parts into stores of their own, and take these over as they are done."""
    context = get_context("spawn")
    lines: list[Connection] = []
    workers = []
    for number in range(min(processes, MOST_PROCESSES, len(parts.apart))):
        ours, theirs = context.Pipe(duplex=False)
        arguments = (config, choice, parts.apart[number :: min(processes, MOST_PROCESSES)], now(), theirs)
        worker = context.Process(target=_work, args=arguments, daemon=True)
        worker.start()
        theirs.close()
        lines.append(ours)
        workers.append(worker)
    try:
        _gather(store, config, choice, lines, parts.tally, now=now, progress=progress)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def _gather(
    store: Store,
    config: Config,
    choice: Choice,
    lines: list[Connection],
    tally: Tally,
    *,
    now: Callable[[], datetime],
    progress: Progress,
) -> None:
    open_lines = list(lines)
    finished = 0
    while open_lines:
        for line in wait(open_lines):
            assert isinstance(line, Connection)  # noqa: S101 -- nothing else was given
            try:
                message = line.recv()
            except EOFError:
                open_lines.remove(line)
                continue
            if isinstance(message, int):
                progress(message)
            elif isinstance(message, WatcherError):
                raise message
            elif message is None:
                finished += 1
            else:
                part, found = message
                if store.merge_past(part / _SIDE):
                    tally.add(found)
                else:  # something of its issuers has come meanwhile
                    tally.add(take_part(store, config, choice, part, now=now(), progress=lambda _: None))
                shutil.rmtree(part)
    if finished < len(lines):
        raise StoreError(
            "a process that read a part of the data set has died (is there memory enough?): run the same again, it goes on"
        )


_SIDE = "side.db"


def _work(config: Config, choice: Choice, parts: Sequence[Path], now: datetime, line: Connection) -> None:
    """What a process does: one part after the other. It ends when nobody listens any more."""
    gc.disable()  # nothing here refers to itself, and looking for what does takes a tenth of the time
    try:
        for part in parts:
            store = Store(part / _SIDE)
            for pragma in ("synchronous=OFF", "journal_mode=OFF"):  # it is begun anew, were it cut short
                store.rows(f"PRAGMA {pragma}")
            tally = take_part(store, config, choice, part, now=now, progress=line.send)
            store.close()
            line.send((part, tally))
        line.send(None)
    except WatcherError as error:
        with contextlib.suppress(BrokenPipeError):
            line.send(error)
    except (OSError, KeyboardInterrupt):
        return  # who asked for this has gone, and the folder with it; or says itself that it was interrupted
