"""How fast a history goes into the store, and what one more filing costs as the store grows.

    python -m bench.growth [--to 1000000] [--only history] [--folder PATH] [--json PATH]

The filings are made by `tests.history` and read beforehand; a real store on disk takes them through `watcher.judgement.take`, `BATCH` in a
transaction, one core. One more filing is a transaction of its own, with rules judged and alerts owed. At every size the filings measured
are the same: those that follow the first thousand of an issuer's history, so that only what else the store holds is different. The
million takes some minutes and some gigabytes below `--folder`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from datetime import UTC
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import fmean
from statistics import median

from tests.history import Filed as Made
from tests.history import history
from watcher.config import Config
from watcher.config import load
from watcher.core.listing import FilingRef
from watcher.core.listing import Party
from watcher.core.model import Issuer
from watcher.core.past import Filed
from watcher.judgement import take
from watcher.store import Store
from watcher.store import StoredWatch

BATCH = 200
HISTORY = 5_000
DEEP = 1_000  # filings of the measured issuer before those that are measured
PROBES = 500
SIZES = (1_000, 10_000, 100_000, 1_000_000)
OTHER_ISSUERS = 200
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)

CONFIG = """
[edgar]
contact = "Bench bench@example.com"
[store]
path = "{store}"
[destinations.desk]
terminal = true
[rules.default]
events = ["sale", "exercise"]
notify = ["desk"]
[[watch]]
cik = "0009000000"
rules = ["default"]
"""


@dataclass(frozen=True, slots=True)
class Lot:
    """Filings of one issuer, as the store takes them."""

    watch: StoredWatch
    filings: Sequence[Made]


def watch_of(number: int) -> StoredWatch:
    cik = f"{9_000_000 + number:010}"
    return StoredWatch(f"issuer:{cik}", "issuer", cik, None, f"Example {number} Corp", ("default",), BEGINNING, "done")


def lot(number: int, base: Sequence[Made]) -> Lot:
    """The same history told of another issuer and other people, under other accession numbers."""
    watch = watch_of(number)
    issuer = Issuer(watch.cik, watch.name, f"EX{number}")
    filings = []
    for made in base:
        owners = tuple(
            replace(owner, cik=f"{int(owner.cik or 0) + 10_000 * number + 10_000_000:010}")
            for owner in made.document.reporting_owners
        )
        document = replace(made.document, issuer=issuer, reporting_owners=owners)
        filings.append(replace(made, accession_number=f"{number:010}{made.accession_number[10:]}", document=document))
    return Lot(watch, filings)


def watched() -> list[StoredWatch]:
    """Every issuer there will be."""
    return [watch_of(number) for number in range(OTHER_ISSUERS + len(SIZES) + 1)]


def open_store(folder: Path, watches: Sequence[StoredWatch]) -> tuple[Store, Config]:
    """A new store that has watched these since the beginning, all read."""
    path = folder / "watcher.toml"
    path.write_text(CONFIG.format(store=folder / "bench.db"), encoding="utf-8")
    config = load(path, {})
    store = Store(config.store.path)
    store.set_watches(watches, BEGINNING)
    for watch in watches:
        store.set_baseline(watch.key, "done")
    return store, config


def put(store: Store, config: Config, watch: StoredWatch, filings: Sequence[Made]) -> None:
    """Found, taken and kept in one transaction of the store (two with the finding)."""
    store.remember([_ref(made) for made in filings], now=NOW, found_by="bench")
    with store.transaction():
        for made in filings:
            filed = Filed(made.accession_number, made.filed_at, NOW, watch.cik)
            take(store, config, [watch], made.document, filed, now=NOW)


def _ref(made: Made) -> FilingRef:
    document = made.document
    parties = [Party(document.issuer.cik or "", "issuer", document.issuer.name or "")]
    parties += [Party(owner.cik or "", "owner", owner.name or "") for owner in document.reporting_owners]
    return FilingRef(made.accession_number, document.form_type, tuple(parties), document.issuer.cik or "", made.filed_at)


def parts(filings: Sequence[Made]) -> Iterator[Sequence[Made]]:
    return (filings[start : start + BATCH] for start in range(0, len(filings), BATCH))


def quiet(watch: StoredWatch) -> StoredWatch:
    """The watch as of a first sight of the past: nothing that comes is newer than it."""
    return replace(watch, first_seen_at=NOW)


def measure_history(folder: Path, base: Sequence[Made]) -> dict[str, float]:
    """Filings a second for ten years of one issuer: at first sight, and with rules judged and alerts owed."""
    rates: dict[str, float] = {}
    for name, silent in (("first_sight", True), ("live", False)):
        place = folder / name
        place.mkdir()
        store, config = open_store(place, watched())
        one = lot(0, base)
        watch = quiet(one.watch) if silent else one.watch
        began, used = time.perf_counter(), time.process_time()
        for part in parts(one.filings):
            put(store, config, watch, part)
        rates[f"{name}_filings_per_second"] = round(len(one.filings) / (time.perf_counter() - began))
        rates[f"{name}_filings_per_second_of_cpu"] = round(len(one.filings) / (time.process_time() - used))
        store.close()
    return rates


def measure_growth(folder: Path, base: Sequence[Made], most: int) -> Iterator[dict[str, float]]:
    """Milliseconds for one more filing at each size, beside a new store that holds the measured issuer's past alone.

    Both take the same filings by turns, so that what else the machine does falls on both. Much of the price of a filing here is
    waiting for the disk, so CPU is told apart.
    """
    store, config = open_store(folder, watched())
    others = (lot(number, base) for number in range(1, OTHER_ISSUERS + 1))
    stored, watch = 0, watch_of(0)
    ahead: Iterator[Made] = iter(())
    for step, size in enumerate(size for size in SIZES if size <= most):
        store.rows("PRAGMA cache_size=-2000000")  # filling is not measured
        while stored < size - DEEP:
            part = list(islice(ahead, min(BATCH, size - DEEP - stored)))
            if not part:
                other = next(others)
                ahead, watch = iter(other.filings), quiet(other.watch)
                continue
            put(store, config, watch, part)
            stored += len(part)
        probe = lot(OTHER_ISSUERS + 1 + step, base[: DEEP + PROBES])
        beside = folder / f"beside_{size}"
        beside.mkdir()
        alone, its_config = open_store(beside, watched())
        for some in parts(probe.filings[:DEEP]):
            put(store, config, quiet(probe.watch), some)
            put(alone, its_config, quiet(probe.watch), some)
        store.rows("PRAGMA cache_size=-16000")  # as the product has it
        store.rows("PRAGMA shrink_memory")
        full, small = Prices(), Prices()
        for made in probe.filings[DEEP:]:
            full.of(partial(put, store, config, probe.watch, [made]))
            small.of(partial(put, alone, its_config, probe.watch, [made]))
        alone.close()
        stored += len(probe.filings)
        yield {
            "stored": size,
            "wall_ms": round(median(full.wall), 3),
            "cpu_ms": round(median(full.cpu), 3),
            "wall_ratio": round(median(full.wall) / median(small.wall), 2),
            "cpu_ratio": round(median(full.cpu) / median(small.cpu), 2),
            "mean_cpu_ratio": round(fmean(full.cpu) / fmean(small.cpu), 2),
            "megabytes": round(config.store.path.stat().st_size / 1e6),
        }
    store.close()


@dataclass(frozen=True, slots=True)
class Prices:
    """Milliseconds that each call took."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def of(self, call: Callable[[], None]) -> None:
        began, used = time.perf_counter(), time.process_time()
        call()
        self.wall.append(1000 * (time.perf_counter() - began))
        self.cpu.append(1000 * (time.process_time() - used))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--to", type=int, default=SIZES[-1], help="the largest store to measure at")
    arguments.add_argument("--only", choices=("history", "growth"))
    arguments.add_argument("--folder", type=Path, help="where the stores are made, for as long as it runs")
    arguments.add_argument("--json", type=Path)
    given = arguments.parse_args()
    base = history(1, HISTORY)
    found: dict[str, object] = {"filings": len(base)}
    with tempfile.TemporaryDirectory(dir=given.folder) as made:
        folder = Path(made)
        if given.only != "growth":
            rates = measure_history(folder, base)
            found |= rates
            for name, figure in rates.items():
                print(f"{name.replace('_', ' '):40} {figure:>10,}")
        if given.only != "history":
            (folder / "growth").mkdir()
            steps = []
            for step in measure_growth(folder / "growth", base, given.to):
                steps.append(step)
                print("  ".join(f"{name} {figure:,}" for name, figure in step.items()), flush=True)
            found["growth"] = steps
    if given.json is not None:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
