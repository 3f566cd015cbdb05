"""Our reader of ownership XML beside bare lxml and beside other libraries: one process, each in its turn over the same documents.

    python -m bench.compare [--corpus PATH] [--rounds N] [--only NAME ...]
    python -m bench.compare --instructions        (needs valgrind)

The other libraries are the optional extra `compare`; what is not installed is left out, saying so. Each round every reader reads
every document once, and who begins moves on by one; figures are medians over the rounds, rows are those that a reader returned.
`--instructions` counts, for bare lxml and for ours, the instructions for one document in twelve: callgrind's count for three
passes less its count for one, so that imports and warming up fall out.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

from lxml import etree

from bench.parse import CASES
from bench.parse import CORPUS
from bench.parse import readable
from watcher.core.ownership import parse_ownership

RowsOf = Callable[[bytes], int]  # reads one document and says how many rows of its two tables came of it


def bare_lxml() -> RowsOf:
    def rows_of(xml: bytes) -> int:
        etree.fromstring(xml)
        return 0

    return rows_of


def ours() -> RowsOf:
    def rows_of(xml: bytes) -> int:
        document = parse_ownership(xml)
        return len(document.non_derivative_table) + len(document.derivative_table)

    return rows_of


def edgartools_ownership() -> Any:
    """Its class `Ownership`; that it asks the SEC of each owner whether it is a company is answered here: it is not."""
    owners: Any = import_module("edgar.ownership.owners")
    owners.Entity = lambda _cik: SimpleNamespace(data=SimpleNamespace(is_company=False))
    return import_module("edgar.ownership").Ownership


def edgartools() -> RowsOf:
    ownership = edgartools_ownership()

    def rows_of(xml: bytes) -> int:
        read = ownership.from_xml(xml)
        tables = (read.non_derivative_table, read.derivative_table)
        held = chain.from_iterable((table.transactions.data, table.holdings.data) for table in tables)
        return sum(len(frame) for frame in held if frame is not None)

    return rows_of


def datamule() -> RowsOf:
    document = import_module("datamule.document.document").Document

    def rows_of(xml: bytes) -> int:
        form = re.search(rb"<documentType>\s*([345](?:/A)?)", xml)
        one = document(form[1].decode() if form else "4", xml, filename="form.xml", accession="", filing_date="")
        return sum(len(table.data) for table in one.tables.tables if table.name.endswith(("_transaction", "_holding")))

    return rows_of


def insider_scanner() -> RowsOf:
    extract = import_module("insider_scanner.core.sec_ownership_document").extract_ownership_document
    parse = import_module("insider_scanner.core.sec_ownership_parser").parse_ownership_document

    def rows_of(xml: bytes) -> int:
        read = parse(extract(xml))
        return len(read.non_derivative_transactions) + len(read.derivative_transactions)

    return rows_of


def ledge_edgar() -> RowsOf:
    parse = import_module("oxfordledge_edgar").parse_form4

    def rows_of(xml: bytes) -> int:
        return len(parse(xml.decode("utf-8")))

    return rows_of


# name -> how to make it, and the distribution it comes in
READERS: dict[str, tuple[Callable[[], RowsOf], str]] = {
    "bare lxml": (bare_lxml, "lxml"),
    "watcher": (ours, "edgar-watcher"),
    "edgartools": (edgartools, "edgartools"),
    "datamule": (datamule, "datamule"),
    "insider-scanner": (insider_scanner, "insider-scanner"),
    "ledge-edgar": (ledge_edgar, "ledge-edgar"),
}


def sweep(rows_of: RowsOf, documents: list[bytes]) -> tuple[float, int, int]:
    """Seconds for all documents, the rows that came of them, and how many documents were refused."""
    rows = refused = 0
    began = time.perf_counter()
    for xml in documents:
        try:
            rows += rows_of(xml)
        except Exception:  # noqa: BLE001 - whatever another library raises, the document was refused
            refused += 1
    return time.perf_counter() - began, rows, refused


def compare(readers: dict[str, RowsOf], documents: list[bytes], rounds: int) -> list[dict[str, Any]]:
    names = list(readers)
    swept: dict[str, list[tuple[float, int, int]]] = {name: [] for name in names}
    for number in range(rounds + 1):  # the first round warms caches
        for name in names[number % len(names) :] + names[: number % len(names)]:
            swept[name].append(sweep(readers[name], documents))
    seconds = {name: [sweeps[0] for sweeps in swept[name][1:]] for name in names}
    return [
        {
            "reader": name,
            "ms_per_document": round(1000 * median(seconds[name]) / len(documents), 4),
            "to_bare_lxml": round(median(one / bare for one, bare in zip(seconds[name], seconds["bare lxml"], strict=True)), 2),
            "rows": swept[name][-1][1],
            "refused": swept[name][-1][2],
        }
        for name in names
    ]


def instructions(name: str, documents: int) -> int:
    """Instructions for one document, in a process of its own under callgrind, the same for each run to some 0.1 %."""
    counts = []
    for passes in (1, 3):
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, "-m", "bench.compare"]
        command += ["--only", name, "--passes", str(passes)]
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        collected = re.search(r"Collected : ([0-9]+)", done.stderr)
        assert collected is not None, done.stderr
        counts.append(int(collected[1]))
    return (counts[1] - counts[0]) // (2 * documents)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--corpus", type=Path, default=CORPUS if CORPUS.is_dir() else CASES)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--only", choices=READERS, nargs="*", default=list(READERS))
    arguments.add_argument("--instructions", action="store_true")
    arguments.add_argument("--passes", type=int, help=argparse.SUPPRESS)  # what runs under callgrind
    given = arguments.parse_args()
    documents = readable(given.corpus)
    if given.passes:
        rows_of = READERS[given.only[0]][0]()
        for _ in range(given.passes):
            sweep(rows_of, documents[::12])
        return
    if given.instructions:
        bare, mine = (instructions(name, len(documents[::12])) for name in ("bare lxml", "watcher"))
        print(f"instructions a document: bare lxml {bare:,}, watcher {mine:,}, ratio {mine / bare:.2f}")
        return
    warnings.simplefilter("ignore")  # what other libraries warn of is no business of ours
    readers: dict[str, RowsOf] = {}
    for name in dict.fromkeys(["bare lxml", *given.only]):
        make, distribution = READERS[name]
        try:
            readers[name] = make()
        except ImportError:
            print(f"{name:16} not installed: it comes in {distribution}")
    figures = compare(readers, documents, given.rounds)
    print(f"{len(documents)} documents, {given.rounds} rounds")
    print(f"{'':24} {'ms/document':>12} {'x bare lxml':>12} {'rows':>7} {'refused':>8}")
    for figure in figures:
        with contextlib.suppress(ImportError):
            figure["version"] = version(READERS[figure["reader"]][1])
        label = f"{figure['reader']} {figure.get('version', '')}"
        print(
            f"{label:24} {figure['ms_per_document']:>12} {figure['to_bare_lxml']:>12} {figure['rows']:>7} {figure['refused']:>8}"
        )
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
