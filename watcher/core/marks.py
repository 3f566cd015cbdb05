"""Marks, not repairs: what a filing states and can hardly mean. Each mark is a small function in a table, with the fact behind it.

EDGAR accepts impossible dates, totals typed as prices and symbols that are none. Such a value stays as filed, and a warning in plain
words names the table, row and cell and quotes it. An ordinary filing gets none: false alarms teach people to pass over the true ones.
"""

from __future__ import annotations

from datetime import date

from watcher.core.marks_dates import DATE_MARKS
from watcher.core.marks_figures import FIGURE_MARKS
from watcher.core.marks_filing import Filing
from watcher.core.marks_filing import Mark
from watcher.core.marks_words import WORD_MARKS
from watcher.core.model import OwnershipDocument

# In this order: a cell is doubted once, by the reader that read it or by the first mark that does.
MARKS: tuple[Mark, ...] = (*DATE_MARKS, *FIGURE_MARKS, *WORD_MARKS)
# The same mistake on every row is one mistake: people are shown some of them, and told how many more there are.
MOST_ALIKE = 5


def marks(document: OwnershipDocument, *, filed_on: date | None) -> tuple[str, ...]:
    """Warnings on one document, in the order of `MARKS`, beside those it already carries. Changes nothing, and never raises.

    `filed_on` is the day of acceptance, Eastern time; without it, dates are held against the signatures only.
    """
    filing = Filing.of(document, filed_on)
    doubted = {warning.partition(": ")[0] for warning in document.warnings}
    warnings = []
    for mark in MARKS:
        found = [f"{cell}: {doubt}" for cell, doubt in dict(mark(filing)).items() if cell not in doubted]
        doubted |= {warning.partition(": ")[0] for warning in found}
        warnings += found[:MOST_ALIKE]
        if len(found) > MOST_ALIKE:
            warnings.append(f"and {len(found) - MOST_ALIKE} more cells like {found[MOST_ALIKE - 1].partition(': ')[0]}")
    return tuple(warnings)
