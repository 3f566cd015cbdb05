"""How much our reader adds to bare lxml: one process, the two in turn over the same documents.

`python -m bench.parse [--corpus PATH] [--rounds N]`; without the real filings beside the checkout it takes the tests' own cases.
Each round reads every document once with `lxml.etree.fromstring` and once with `parse_ownership`, in alternating order; the
figures are medians over the rounds. Prints a small table and one JSON line.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from lxml import etree

from watcher.core.errors import UnreadableDocument
from watcher.core.ownership import parse_ownership

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT.parent / "shared" / "corpus" / "xml"
CASES = ROOT / "tests" / "cases" / "ownership"


def readable(folder: Path) -> list[bytes]:
    found = []
    for path in sorted(folder.rglob("*.xml")):
        xml = path.read_bytes().strip()
        try:
            parse_ownership(xml)
        except UnreadableDocument:
            continue
        found.append(xml)
    return found


def seconds(read: Callable[[bytes], object], documents: list[bytes]) -> float:
    began = time.perf_counter()
    for xml in documents:
        read(xml)
    return time.perf_counter() - began


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--corpus", type=Path, default=CORPUS if CORPUS.is_dir() else CASES)
    arguments.add_argument("--rounds", type=int, default=21)
    given = arguments.parse_args()
    documents = readable(given.corpus)
    if not documents:
        arguments.error(f"no ownership document in {given.corpus}")
    bare: list[float] = []
    ours: list[float] = []
    for number in range(given.rounds + 1):
        first, second = (bare, ours) if number % 2 else (ours, bare)
        for times in (first, second):
            times.append(seconds(etree.fromstring if times is bare else parse_ownership, documents))
    del bare[0], ours[0]  # the first round warms caches
    read = [parse_ownership(xml) for xml in documents]
    rows = sum(len(document.non_derivative_table) + len(document.derivative_table) for document in read)
    ratio = median(our / lxml for our, lxml in zip(ours, bare, strict=True))
    figures = {
        "documents": len(documents),
        "rows": rows,
        "rounds": given.rounds,
        "lxml_ms_per_document": round(1000 * median(bare) / len(documents), 4),
        "watcher_ms_per_document": round(1000 * median(ours) / len(documents), 4),
        "ratio": round(ratio, 2),
        "watcher_documents_per_second": round(len(documents) / median(ours)),
    }
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):30} {value:>12,}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
