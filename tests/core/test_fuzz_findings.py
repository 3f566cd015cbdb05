"""Nothing that somebody else wrote may bring a reader down: what fuzzing found, and a short fuzzing of its own with fixed seeds.

The last tests are what a million mutants (`tests.mutants`) showed where two readers of ownership XML read differently.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from tests.experiments.fuzz import FINDINGS
from tests.experiments.fuzz import READERS
from tests.experiments.fuzz import judged
from tests.experiments.fuzz import mutants
from tests.experiments.fuzz import seeds
from watcher.core.model import Row
from watcher.core.ownership import parse_ownership

CASES = sorted(FINDINGS.iterdir())
# As many as take each reader about half a second.
COUNTS = {"any": 900, "rendered": 400, "printed": 250, "ownership": 4000}
USUAL_COUNT = 6000


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_a_finding_does_not_come_back(path: Path) -> None:
    assert judged(READERS[path.name.split("_")[0]], path.read_bytes()) is None


@pytest.mark.parametrize("name", READERS)
def test_mutated_cases_are_read_or_refused_as_declared(name: str) -> None:
    sources = seeds(READERS[name])
    assert sources, "there is nothing to mutate"
    for number, content in enumerate(islice(mutants(sources, Random(7)), COUNTS.get(name, USUAL_COUNT))):  # noqa: S311 - no secret
        assert judged(READERS[name], content) is None, f"mutant {number}: {content!r}"


@pytest.mark.parametrize("name", READERS)
def test_a_seed_is_no_mutant_yet(name: str) -> None:
    """Of the seeds, at least one is read to the end: a fuzzer that starts from refused inputs sees nothing of a reader."""
    read = []
    for content in seeds(READERS[name]):
        try:
            read.append(READERS[name].read(content))
        except READERS[name].declared:
            continue
    assert read


def row_of(inside: str) -> Row:
    xml = f"""<ownershipDocument><documentType>4</documentType><nonDerivativeTable><nonDerivativeTransaction>
{inside}
</nonDerivativeTransaction></nonDerivativeTable></ownershipDocument>"""
    return parse_ownership(xml.encode()).non_derivative_table[0]


def test_words_behind_an_element_inside_a_leaf_belong_to_the_leaf() -> None:
    assert parse_ownership(b"<ownershipDocument><documentType><new>x</new>4</documentType></ownershipDocument>").form_type == "4"
    row = row_of(
        "<transactionAmounts><transactionShares><value><new/>10<new>7</new>00</value></transactionShares></transactionAmounts>"
    )
    assert row.shares == Decimal(1000)


def test_of_two_leaves_of_one_name_the_first_that_says_something_stands() -> None:
    dates = ("<value/>", "<value>yesterday</value>", "<value>2024-03-05</value>")
    row = row_of("".join(f"<transactionDate>{date}</transactionDate>" for date in dates))
    assert row.transaction_date is None


def test_what_stands_in_an_unknown_element_is_not_taken_for_the_rows_own() -> None:
    row = row_of(
        """<transactionDate><footnoteId id="F1"/></transactionDate>
<new><value>2024-03-05</value><footnoteId id="F9"/><securityTitle><value>Wrong</value></securityTitle></new>
<value>2024-03-06</value><footnoteId id="F8"/>
<securityTitle><new><value>Wrong too</value></new><value>Right</value></securityTitle>"""
    )
    assert (row.transaction_date, row.security_title) == (None, "Right")
    assert row.footnotes == {"transaction_date": ("F1",)}
