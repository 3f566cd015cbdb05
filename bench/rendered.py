"""Share of the XML's leaves recovered from its rendering, per field: `python -m bench.rendered [--text] [CORPUS]`.

Every document of the corpus is rendered with every stylesheet of its form, so the newer ones also print boxes that older XML does
not have (these count as differences here). Fields that every stylesheet gives back in full are left out of the table.

With `--text` each page (one of each document) is made text in two styles, and counted is what the reader of printed forms reads,
misses or reads wrongly of the leaves that the page shows; "alike" is explained at `tests.rendering.Judged`.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

from tabulate import tabulate

from tests.conftest import CORPUS
from tests.rendering import STYLES
from tests.rendering import as_text
from tests.rendering import compare
from tests.rendering import field_of
from tests.rendering import judge
from tests.rendering import pairs
from watcher.core.printed import parse_printed
from watcher.core.rendered import parse_rendered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--text", action="store_true", help="of text made of the pages, instead of the pages")
    parser.add_argument("corpus", type=Path, nargs="?", default=CORPUS)
    asked = parser.parse_args()
    (texts if asked.text else pages)(asked.corpus)


def pages(corpus: Path) -> None:
    stated: Counter[tuple[str, str]] = Counter()
    missed: Counter[tuple[str, str]] = Counter()
    drawn: Counter[str] = Counter()
    seconds = 0.0
    for pair in pairs(corpus, every=True):
        started = time.perf_counter()
        document = parse_rendered(pair.page)
        seconds += time.perf_counter() - started
        paths, differing = compare(pair.wanted, document)
        drawn[pair.stylesheet] += 1
        stated.update((field_of(path), pair.stylesheet) for path in paths)
        missed.update((difference.field, pair.stylesheet) for difference in differing)
    names = sorted(drawn)
    rows = [
        [field, *(share(stated[field, name], missed[field, name]) for name in names)]
        for field in sorted({field for field, _ in missed})
    ]
    totals = [
        (sum(n for (_, at), n in stated.items() if at == name), sum(n for (_, at), n in missed.items() if at == name))
        for name in names
    ]
    rows += [["all fields", *(share(*total) for total in totals)], ["pages", *(str(drawn[name]) for name in names)]]
    print(tabulate(rows, headers=["recovered", *names], disable_numparse=True, stralign="right"))
    recovered = share(stated.total(), missed.total())
    print(f"{drawn.total()} pages, {1000 * seconds / drawn.total():.2f} ms each; {recovered} of {stated.total():,} leaves")


def texts(corpus: Path) -> None:
    counted: Counter[tuple[str, str, str]] = Counter()
    seconds = 0.0
    drawn: Counter[str] = Counter()
    for pair in pairs(corpus, every=False):
        drawn[pair.stylesheet] += 1
        page = parse_rendered(pair.page)
        for style in STYLES:
            text = as_text(pair.page, style)
            started = time.perf_counter()
            document = parse_printed(text)
            seconds += time.perf_counter() - started
            for judged in judge(pair, page, document):
                counted[style, judged.difference.field, judged.verdict] += 1
                counted[style, "all fields", judged.verdict] += 1
    verdicts = ("read", "missed", "wrong", "alike")
    imperfect = {field for _, field, verdict in counted if verdict in verdicts[1:]}
    fields = [*sorted(imperfect - {"all fields"}), "all fields"]
    rows = [[field, *(counted[style, field, verdict] for style in STYLES for verdict in verdicts)] for field in fields]
    print(tabulate(rows, headers=["leaves", *(f"{style}: {verdict}" for style in STYLES for verdict in verdicts)]))
    for style in STYLES:
        missed = sum(counted[style, "all fields", verdict] for verdict in verdicts[1:])
        shown = counted[style, "all fields", "read"] + missed
        print(f"{style}: {share(shown, missed)} of {shown:,} leaves that {drawn.total()} pages show")
    print(f"{1000 * seconds / drawn.total() / len(STYLES):.1f} ms a text")


def share(stated: int, missed: int) -> str:
    return f"{100 * (stated - missed) / stated:.2f}%" if stated else "-"


if __name__ == "__main__":
    main()
