"""How fast a quarter of the SEC's data sets goes into a new store, and with how much memory.

    python -m bench.backfill SET... [--processes N] [--folder PATH] [--json PATH]
    python -m bench.backfill SET --fill FOLDER

A set is a zip or a folder. Everything in it is taken (`watcher backfill --all`). `--fill` measures nothing: it writes a new folder with
the tables of a set, and those that it lacks made up in their usual size: one owner and up to three rows of Table I for a filing, two or
three footnotes, one in ten of which names a plan. Seconds are of the wall, from the zip to the last commit; CPU is of all processes;
memory is the most that one process had.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC
from datetime import datetime
from pathlib import Path
from random import Random

from tests.quarter import table
from watcher.config import load
from watcher.core.tables import columns
from watcher.core.tables import records
from watcher.quarters import Choice
from watcher.quarters import Quarter
from watcher.quarters import cut
from watcher.quarters import take_parts
from watcher.quarters import workshop
from watcher.store import Store

CONFIG = """
[edgar]
contact = "Bench bench@example.com"
[store]
path = "bench.db"
[destinations.desk]
terminal = true
[rules.default]
notify = ["desk"]
[[watch]]
cik = "0009000000"
"""
UNITS = (
    "Each restricted stock unit represents a contingent right to receive one share of the issuer's common stock. The units vest in four"
    " equal annual instalments beginning on the first anniversary of the date of the grant."
)
PLAN = (
    "The sales reported in this Form 4 were effected pursuant to a Rule 10b5-1 trading plan adopted by the reporting person on"
    " March 5, 2024."
)
PRICES = (
    "The price reported is a weighted average price. These shares were sold in multiple transactions at prices from $10.01 to $10.90."
    " The reporting person undertakes to provide full information upon request."
)


def fill(given: Path, folder: Path) -> None:
    """Write the same data set with the tables that it lacks, made up."""
    quarter = Quarter(given)
    tables = dict(quarter)
    header, lines, _ = records(tables["SUBMISSION"])
    at = columns(header).index("ISSUERCIK"), columns(header).index("PERIOD_OF_REPORT")
    chance = Random(1)  # noqa: S311 -- figures that repeat, no secret
    owners: list[Mapping[str, str]] = []
    rows: list[Mapping[str, str]] = []
    notes: list[Mapping[str, str]] = []
    for line in lines:
        named, cells = {"ACCESSION_NUMBER": line[:20]}, line.split("\t")
        who = int(cells[at[0]]) * 8 % 900_000_000 + chance.randrange(8)
        owner = {"RPTOWNERCIK": str(who), "RPTOWNERNAME": f"Person {who} Of", "RPTOWNER_RELATIONSHIP": "Officer"}
        owners.append({**named, **owner, "RPTOWNER_TITLE": "Chief Example Officer"})
        for _ in range(chance.choice((0, 1, 1, 2, 2, 2, 3, 3))):
            code = chance.choice("SSFMPA")
            rows.append(
                {
                    **named,
                    "NONDERIV_TRANS_SK": str(len(rows) + 1),
                    "SECURITY_TITLE": "Common Stock",
                    "TRANS_DATE": cells[at[1]],
                    "TRANS_FORM_TYPE": "4",
                    "TRANS_CODE": code,
                    "EQUITY_SWAP_INVOLVED": "0",
                    "TRANS_SHARES": f"{chance.randrange(10, 9000)}.0",
                    "TRANS_SHARES_FN": "F1",
                    "TRANS_PRICEPERSHARE": f"{chance.randrange(100, 20_000) / 100}",
                    "TRANS_ACQUIRED_DISP_CD": "D" if code in "SF" else "A",
                    "SHRS_OWND_FOLWNG_TRANS": f"{chance.randrange(10, 90_000)}.0",
                    "DIRECT_INDIRECT_OWNERSHIP": "D",
                }
            )
        for number in range(chance.choice((1, 2, 3, 4))):
            text = chance.choices((PLAN, PRICES, UNITS), (1, 2, 7))[0]
            notes.append({**named, "FOOTNOTE_ID": f"F{number + 1}", "FOOTNOTE_TXT": text})
    made = {"REPORTINGOWNER": table(owners), "NONDERIV_TRANS": table(rows), "FOOTNOTES": table(notes)}
    folder.mkdir()
    for name, content in {**made, **tables}.items():
        (folder / f"{name}.tsv").write_bytes(content)


def measure(folder: Path, sets: list[Path], processes: int) -> dict[str, float]:
    """Take the data sets into a new store."""
    path = folder / "watcher.toml"
    path.write_text(CONFIG, encoding="utf-8")
    config = load(path, {})
    store = Store(config.store.path)
    choice = Choice((), everything=True)
    began, used = time.perf_counter(), _cpu()
    with workshop(config.store.path) as parts:
        wanted = cut(store, [Quarter(one) for one in sets], choice, parts)
        cut_after = time.perf_counter() - began
        tally = take_parts(
            store, config, choice, wanted, processes=processes, now=lambda: datetime.now(UTC), progress=lambda _: None
        )
    seconds = time.perf_counter() - began
    found = {
        "filings": tally.kept,
        "left_out": len(tally.left_out),
        "processes": processes,
        "seconds": round(seconds, 1),
        "of_which_cutting": round(cut_after, 1),
        "cpu_seconds": round(_cpu() - used, 1),
        "filings_per_second": round(tally.kept / seconds),
        "megabytes_of_memory": max(_most(resource.RUSAGE_SELF), _most(resource.RUSAGE_CHILDREN)),
    }
    assert store.integrity() is None
    store.close()
    return {**found, "megabytes_of_store": round(config.store.path.stat().st_size / 1e6)}


def _cpu() -> float:
    return sum(
        used.ru_utime + used.ru_stime for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def _most(who: int) -> int:
    return resource.getrusage(who).ru_maxrss // 1024


def main() -> None:
    """Measure what the command line asks for."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("sets", type=Path, nargs="+")
    arguments.add_argument("--fill", type=Path, metavar="FOLDER", help="make up the tables that are not there, into a new folder")
    arguments.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    arguments.add_argument("--folder", type=Path, help="where the store is made, for as long as it runs")
    arguments.add_argument("--json", type=Path)
    given = arguments.parse_args()
    if given.fill is not None:
        fill(given.sets[0], given.fill)
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as made:
        found = measure(Path(made), given.sets, given.processes)
    for name, figure in found.items():
        print(f"{name.replace('_', ' '):24} {figure:>10,}")
    if given.json is not None:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
