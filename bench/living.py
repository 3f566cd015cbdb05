"""What it is to live with the watcher: the command line, the idle daemon, and a year of filings in the store.

    python -m bench.living [--filings 10000] [--seconds 20] [--folder PATH] [--json PATH]

The year is that of fifty issuers (about 200 filings each), with rules judged, every fifth message delivered, and original bytes of a usual
size. Each command is a process of its own, the median of five; its memory is the largest of them. Daily work is done in this process.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from statistics import median

from bench import growth
from bench import idle
from tests.history import history
from watcher.care import Care
from watcher.config import Config
from watcher.config_care import CareConfig
from watcher.core.reading import READER_VERSION
from watcher.core.telling import Outcome
from watcher.core.telling import Outgoing
from watcher.deliver import deliver
from watcher.metrics import metrics
from watcher.pace import Pace
from watcher.pace import pace_path
from watcher.store import Store

ISSUERS = 50
RUNS = 5
ORIGINAL = 2_500  # bytes of a complete submission, compressed: the median of the filings at hand
COMMANDS = {
    "status": ("status",),
    "alerts": ("alerts",),
    "holdings": ("holdings",),
    "holdings_of_one": ("holdings", "0009000001"),
    "metrics": ("metrics",),
    "export_transactions": ("export", "transactions", "--format", "jsonl"),
    "export_filings_csv": ("export", "filings"),
}
# The system's own count for a child begins with what its parent had.
AT_THE_END = """
import atexit, sys
from watcher.cli import main
said = lambda: next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
atexit.register(lambda: sys.stderr.write(said()))
main()
"""


class Taker:
    """A destination that takes everything."""

    def send(self, _outgoing: Outgoing, *, now: datetime) -> Outcome:  # noqa: ARG002 -- the signature is Sender's
        return Outcome("accepted")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--filings", type=int, default=10_000)
    arguments.add_argument("--seconds", type=float, default=20.0)
    arguments.add_argument("--folder", type=Path)
    arguments.add_argument("--json", type=Path)
    asked = arguments.parse_args()
    figures: dict[str, float] = {name: round(value, 1) for name, value in idle.measured(asked.seconds).items()}
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        figures |= a_year(Path(folder), asked.filings)
    print("\n".join(f"{name:32} {value:,}" for name, value in figures.items()))
    line = json.dumps({"bench": "living", **figures})
    print(line)
    if asked.json:
        asked.json.write_text(f"{line}\n", "utf-8")


def a_year(folder: Path, filings: int) -> dict[str, float]:
    """Sizes in megabytes, times in milliseconds."""
    watches = [growth.watch_of(number) for number in range(1, ISSUERS + 1)]
    store, config = growth.open_store(folder, watches)
    began = time.perf_counter()
    fill(store, config, filings)
    figures: dict[str, float] = {
        "filings": store.value("SELECT count(*) FROM filing"),
        "alerts": store.alerts_promised(),
        "fill_seconds": round(time.perf_counter() - began, 1),
        "megabytes": round(store.path.stat().st_size / 1e6, 1),
    }
    accession = store.value("SELECT accession_number FROM alert ORDER BY rowid DESC LIMIT 1")
    figures |= in_this_process(store, config, folder)
    store.close()
    for name, command in {**COMMANDS, "why": ("why", accession), "export_case": ("export", "--case", accession)}.items():
        taken, most = run(config, folder, *command)
        figures |= {f"{name}_ms": round(taken), f"{name}_mib": round(most)}
    return figures


def fill(store: Store, config: Config, filings: int) -> None:
    """A year of each issuer, up to this number of filings."""
    base = history(1, filings // ISSUERS, years=1)
    dice = random.Random(1)  # noqa: S311 -- not a secret
    for number in range(1, ISSUERS + 1):
        lot = growth.lot(number, base)
        for part in growth.parts(lot.filings):
            growth.put(store, config, lot.watch, part)
            with store.transaction():
                for made in part:
                    store.keep_original(made.accession_number, dice.randbytes(ORIGINAL), READER_VERSION)
    taker = Taker()
    for _ in range(store.alerts_promised() // 5):
        deliver(store, taker, "desk", now=lambda: growth.NOW + timedelta(seconds=5))
    store.checkpoint()


def in_this_process(store: Store, config: Config, folder: Path) -> dict[str, float]:
    """What the daemon does each minute, each day and each night."""
    pace = Pace(pace_path(store.path))
    care = CareConfig(folder / "w.prom", folder / "w.atom", folder / "w.json", folder / "w.ics")
    nightly = replace(config.store, backup=folder / "copies")
    ageing = replace(config.store, keep_originals=timedelta(days=30), keep_logs=timedelta(days=30))
    look = Care(store, pace, lambda: None)
    later = growth.NOW + timedelta(days=365)
    figures = {
        "metrics_in_the_daemon_ms": timed(lambda: metrics(store, pace, config, now=growth.NOW)),
        "feeds_after_a_change_ms": timed(lambda: Care(store, pace, lambda: None)(replace(config, care=care), now=growth.NOW)),
        "nothing_to_do_ms": timed(lambda: look(config, now=growth.NOW)),
        "integrity_ms": timed(store.integrity),
        "backup_ms": timed(lambda: Care(store, pace, lambda: None)(replace(config, store=nightly), now=growth.NOW), runs=1),
        "ageing_ms": timed(lambda: look(replace(config, store=ageing), now=later), runs=1),
    }
    store.checkpoint()
    return {**figures, "megabytes_after_ageing": round(store.path.stat().st_size / 1e6, 1)}


def timed(work: Callable[[], object], *, runs: int = RUNS) -> float:
    """Milliseconds, the median."""
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return round(median(taken), 1)


def run(config: Config, folder: Path, *command: str) -> tuple[float, float]:
    """Milliseconds of one command, from its start to its end, and its largest memory in MiB."""
    taken, most = [], 0
    for _ in range(RUNS):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", AT_THE_END, *command, "--config", str(config.path)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            check=False,
        )
        taken.append((time.perf_counter() - began) * 1000)
        most = max(most, int(done.stderr.split()[-2]))
    return median(taken), most / 1024


if __name__ == "__main__":
    main()
