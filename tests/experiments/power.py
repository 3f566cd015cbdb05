"""The power is cut while the watcher works: what it had said outside must be there when the power is back.

    python -m tests.experiments.power [--trials 100] [--control 5] [--seed 1] [--json PATH]

The watcher runs in a virtual machine; EDGAR and the receiver of its alerts are outside. At a random moment the machine is killed,
and of what the guest's disk had not been told to keep, a part is gone. Then the same disk is started from again, and what its store
holds is compared with what was known outside: filings said to be ingested, alerts received, deliveries said to be made. A control
with SQLite's synchronous=NORMAL, in the guest's copy only, must lose something, else the experiment would prove nothing.

Needs qemu-system-x86, mke2fs and Debian's package archive, for a kernel. Prints a line for each, writes JSON; exit 1 if anything
acknowledged is lost, a store is damaged, an alert does not arrive in the end, or the control loses nothing.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from tests.experiments.command_line import command_parser
from tests.experiments.command_line import write_result
from tests.experiments.guest.disk import Disk
from tests.experiments.guest.image import NotToBeHadError
from tests.experiments.guest.image import kernel
from tests.experiments.guest.image import memory_disk
from tests.experiments.guest.machine import HOST
from tests.experiments.guest.machine import Machine
from tests.experiments.guest.machine import empty_disk
from tests.experiments.guest.machine import missing
from tests.experiments.kill import ISSUERS
from tests.experiments.kill import is_expected
from tests.world import SECRET
from tests.world import a_sale
from tests.world import real_now
from tests.world import webhook
from tests.world import write_config
from watcher.demo.edgar import BundledEdgar
from watcher.demo.filings import EASTERN
from watcher.demo.filings import Filing
from watcher.demo.receivers import WebhookReceiver
from watcher.demo.stories import scripted_day

CUTS_A_DISK = 20
BACKLOG = 40  # filings waiting when the power comes: more than the watcher takes in before it goes
LONGEST = 4.0  # seconds from the first sign of work to the cut
GIVEN_UP = 60.0  # seconds in which nothing arrives any more
AT_ONCE = 2  # machines
_INGESTED = re.compile(r"(\d{10}-\d\d-\d{6}) (ingested|quarantined),")


@dataclass(slots=True)
class Result:
    """What cuts came to. `acknowledged` is what was known outside at last, `lost` what a cut undid of it; the rest are numbers of alerts.

    `forgotten` are blocks of the disk. Of a control only `lost` counts: it is not made to deliver what it then owes.
    """

    synchronous: str
    trials: int = 0
    acknowledged: int = 0
    lost: int = 0
    damaged: int = 0
    expected: int = 0
    undelivered: int = 0
    duplicated: int = 0
    forgotten: int = 0
    seed: int = 0
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        if self.synchronous == "NORMAL":
            return self.lost > 0
        return self.lost == self.damaged == self.undelivered == 0 and self.acknowledged > 0

    def __str__(self) -> str:
        return (
            f"power synchronous={self.synchronous} trials={self.trials} faults={self.trials} acknowledged={self.acknowledged} "
            f"lost={self.lost} damaged={self.damaged} duplicated={self.duplicated} undelivered={self.undelivered}"
        )

    def add(self, other: Result) -> None:
        """Take the numbers of another disk into the account."""
        for name in ("trials", "acknowledged", "lost", "damaged", "expected", "undelivered", "duplicated", "forgotten"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Known:
    """What was acknowledged outside, of one disk: filings ingested, alerts received, deliveries said to be made."""

    filings: dict[str, str] = field(default_factory=dict)
    events: set[str] = field(default_factory=set)
    deliveries: int = 0

    def hear(self, lines: Sequence[str], events: set[str]) -> None:
        """Take in what the machine said until the cut, and the alerts that have arrived."""
        for line in lines:
            self.filings.update(_INGESTED.findall(line))
            self.deliveries += line.endswith("hook: delivered")
        self.events |= events

    def lost(self, found: Mapping[str, Any]) -> int:
        """How much of it a store does not have. It is counted once: from then on it is not known any more."""
        filings, owed = found.get("filings", {}), found.get("owed", {})
        gone = {number for number, state in self.filings.items() if filings.get(number) != state}
        untold = self.events - owed.keys()
        undone = max(0, self.deliveries - list(owed.values()).count("delivered"))
        for number in gone:
            del self.filings[number]
        self.events -= untold
        self.deliveries -= undone
        return len(gone) + len(untold) + undone


class Frozen:
    """A machine that has booted, with the watcher imported, and waits for its order and its disk."""

    def __init__(self, folder: Path, linux: Path, modules: Sequence[Path], *, synchronous: str) -> None:
        self.synchronous = synchronous
        self._linux = linux
        self._memory_disk = folder / f"memory-{synchronous}"
        self._state = folder / f"frozen-{synchronous}"
        memory_disk(self._memory_disk, modules, synchronous)
        with Machine(linux, self._memory_disk, empty_disk()) as machine:
            machine.hear("READY ")
            machine.freeze(self._state)

    def thawed(self, disk: Disk) -> Machine:
        return Machine(self._linux, self._memory_disk, disk, "-incoming", f"exec:cat {self._state}")


class World:
    """One disk, what is outside of it, and what is known there."""

    def __init__(self, frozen: Frozen, edgar: BundledEdgar, hook: WebhookReceiver, seed: int) -> None:
        self._frozen, self._edgar, self._hook = frozen, edgar, hook
        self._chance = Random(seed)  # noqa: S311 -- a script that repeats, not a secret
        self._to_come = iter(scripted_day(seed, 999, ISSUERS, on=real_now().astimezone(EASTERN).date()))
        self._filed: list[Filing] = []
        self._disk = empty_disk()
        self._known = Known()
        self._config = _config(edgar, hook)
        self.result = Result(frozen.synchronous)

    @contextmanager
    def powered(self) -> Iterator[Machine]:
        """The power is on for as long as the `with` lasts; it comes with a look at the store and goes without a word."""
        with self._frozen.thawed(self._disk) as machine:
            machine.hear("READY ")
            machine.order(now=time.time(), config=self._config, secret=SECRET)
            found = machine.hear("FOUND ")
            self.result.damaged += found["integrity"] not in {"ok", "none"}
            self.result.lost += self._known.lost(found)
            before = self._received()
            yield machine
            machine.cut(self._chance)
            self._known.hear(machine.lines, self._received() - before)

    def begin(self) -> None:
        """The first boot, up to the first poll: what is filed from then on alerts."""
        for issuer in ISSUERS:
            self._edgar.add_issuer(issuer.trading_symbol or "", issuer.cik or "", issuer.name or "")
        self._edgar.file(a_sale(1), accepted_at=real_now() - timedelta(hours=1))  # the list of Form 4s is never empty
        with self.powered() as machine:
            machine.until(lambda: any("type=4" in request.path for request in self._edgar.requests))

    def cut_at_work(self) -> None:
        """Boot, look, give it work, and cut the power while it does that."""
        with self.powered() as machine:
            told = len(self._hook.received)
            while len(self._filed) < len(self._known.filings) + BACKLOG:
                self._filed.append(next(self._to_come))
                self._edgar.file(self._filed[-1], accepted_at=real_now())
            machine.until(lambda: len(self._hook.received) > told or " ingested, " in machine.heard)
            time.sleep(self._chance.uniform(0, LONGEST))
        self.result.trials += 1

    def finish(self) -> None:
        """The last boot makes up for everything; what it does not is undelivered."""
        expected = {filing.accession_number for filing in self._filed if is_expected(filing)}
        with self.powered():
            arrived, ends = self._arrived(), time.monotonic() + GIVEN_UP
            while expected - arrived.keys() and time.monotonic() < ends:
                time.sleep(0.1)
                if self._arrived() != arrived:
                    arrived, ends = self._arrived(), time.monotonic() + GIVEN_UP
            time.sleep(2.5)  # a repeat that is due would come now
        arrived = self._arrived()
        self.result.expected = len(expected)
        self.result.undelivered = len(expected - arrived.keys())
        self.result.duplicated = arrived.total() - len(arrived)

    def close(self) -> None:
        """One more look at the store closes the account."""
        with self.powered():
            pass
        self.result.acknowledged = len(self._known.filings) + len(self._known.events) + self._known.deliveries
        self.result.forgotten = self._disk.forgotten

    def _received(self) -> set[str]:
        return {delivery.headers["x-watcher-event"] for delivery in self._hook.received}

    def _arrived(self) -> Counter[str]:
        return Counter(json.loads(delivery.body)["accession_number"] for delivery in self._hook.received)


def _config(edgar: BundledEdgar, hook: WebhookReceiver) -> str:
    """The configuration, as the guest sees the world."""
    watches = [f'ticker = "{issuer.trading_symbol}"' for issuer in ISSUERS]
    with tempfile.TemporaryDirectory() as folder:
        written = write_config(Path(folder), edgar.url, {"hook": webhook(hook.url)}, watches).read_text("utf-8")
    return written.replace("127.0.0.1", HOST).replace('"watcher.db"', '"/disk/watcher.db"')


def one_disk(frozen: Frozen, cuts: int, seed: int) -> Result:
    """So many cuts of one watcher's life."""
    with BundledEdgar(real_now) as edgar, WebhookReceiver() as hook:
        world = World(frozen, edgar, hook, seed)
        world.begin()
        for _ in range(cuts):
            world.cut_at_work()
        if frozen.synchronous == "FULL":
            world.finish()
        world.close()
        return world.result


def run(cuts: int, control: int, seed: int) -> tuple[Result, Result]:
    """Cut the power so often, with a new disk after every `CUTS_A_DISK`; and the control's.

    Raises `NotToBeHadError` where this machine can have no guest.
    """
    if (lacks := missing()) is not None:
        raise NotToBeHadError(lacks)
    begun = time.monotonic()
    results = {name: Result(name, seed=seed) for name in ("FULL", "NORMAL")}
    with tempfile.TemporaryDirectory(prefix="power-") as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        linux, modules = kernel(Path(folder))
        full, normal = pool.map(lambda name: Frozen(Path(folder), linux, modules, synchronous=name), results)
        disks = [(full, min(CUTS_A_DISK, cuts - first), seed + first) for first in range(0, cuts, CUTS_A_DISK)]
        for result in pool.map(one_disk, *zip((normal, control, seed), *disks, strict=True)):
            results[result.synchronous].add(result)
    for result in results.values():
        result.seconds = round(time.monotonic() - begun, 1)
    return results["FULL"], results["NORMAL"]


def main() -> int:
    """Run what the command line asks for."""
    parser = command_parser(__doc__, trials=100)
    parser.add_argument("--control", type=int, default=5, help="cuts of the control")
    asked = parser.parse_args()
    results = run(asked.trials, asked.control, asked.seed)
    sys.stdout.write("".join(f"{result}\n" for result in results))
    write_result(results, asked.json)
    return 0 if all(result.good for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
