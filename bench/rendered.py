"""Share of the XML's leaves recovered from its rendering, per field and stylesheet: `python -m bench.rendered [CORPUS]`.

Every document of the corpus is rendered with every stylesheet of its form, so the newer ones also print boxes that older XML does
not have (these count as differences here). Fields that every stylesheet gives back in full are left out of the table.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

from tabulate import tabulate

from tests.conftest import CORPUS
from tests.rendering import compare
from tests.rendering import field_of
from tests.rendering import pairs
from watcher.core.rendered import parse_rendered


def main(corpus: Path) -> None:
    stated: Counter[tuple[str, str]] = Counter()
    missed: Counter[tuple[str, str]] = Counter()
    pages: Counter[str] = Counter()
    seconds = 0.0
    for pair in pairs(corpus, every=True):
        started = time.perf_counter()
        document = parse_rendered(pair.page)
        seconds += time.perf_counter() - started
        paths, differing = compare(pair.wanted, document)
        pages[pair.stylesheet] += 1
        stated.update((field_of(path), pair.stylesheet) for path in paths)
        missed.update((difference.field, pair.stylesheet) for difference in differing)
    names = sorted(pages)
    rows = [
        [field, *(share(stated[field, name], missed[field, name]) for name in names)]
        for field in sorted({field for field, _ in missed})
    ]
    totals = [
        (sum(n for (_, at), n in stated.items() if at == name), sum(n for (_, at), n in missed.items() if at == name))
        for name in names
    ]
    rows += [["all fields", *(share(*total) for total in totals)], ["pages", *(str(pages[name]) for name in names)]]
    print(tabulate(rows, headers=["recovered", *names], disable_numparse=True, stralign="right"))
    recovered = share(stated.total(), missed.total())
    print(f"{pages.total()} pages, {1000 * seconds / pages.total():.2f} ms each; {recovered} of {stated.total():,} leaves")


def share(stated: int, missed: int) -> str:
    return f"{100 * (stated - missed) / stated:.2f}%" if stated else "-"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS)
