"""A quarter cut into parts: every line goes with its filing, and what belongs to none is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from tests.core.test_dataset import ONE
from tests.core.test_dataset import TWO
from tests.core.test_dataset import sale
from tests.core.test_dataset import submission
from tests.core.test_dataset import table
from tests.history import history
from tests.quarter import quarter_of
from watcher.core.dataset import read_tables
from watcher.core.errors import LeftOut
from watcher.core.tables import divided


def parts_of(tables: dict[str, bytes], parts: int) -> Iterator[dict[str, bytes]]:
    found: dict[int, dict[str, bytes]] = {}
    for name, part, text in divided(tables, lambda number, _issuer, _owners: int(number[-6:]) % parts):
        found.setdefault(part, {})[name] = text.encode()
    return iter(found.values())


@pytest.mark.parametrize("parts", [1, 3, 7])
def test_the_parts_say_together_what_the_whole_says(parts: int) -> None:
    tables = quarter_of(history(1, 60, 2))
    whole = {number: (day, document) for number, day, document in read_tables(tables)}
    read = [one for part in parts_of(tables, parts) for one in read_tables(part)]
    assert len(read) == len(whole) >= 60
    for number, day, document in read:
        of_the_whole = whole[number][1]
        assert (day, document.non_derivative_table, document.derivative_table, document.footnotes, document.reporting_owners) == (
            whole[number][0],
            *(
                of_the_whole.non_derivative_table,
                of_the_whole.derivative_table,
                of_the_whole.footnotes,
                of_the_whole.reporting_owners,
            ),
        )


def test_a_part_is_chosen_by_issuer_and_owners() -> None:
    asked = []
    owner = {"ACCESSION_NUMBER": ONE, "RPTOWNERCIK": "42"}
    tables = {"REPORTINGOWNER": table(owner), "SUBMISSION": table(submission(ONE, ISSUERCIK="7"), submission(TWO))}
    assert list(divided(tables, lambda *known: asked.append(known))) == []
    assert asked == [(ONE, "0000000007", frozenset({"0000000042"})), (TWO, "0009990001", frozenset())]


def test_what_is_not_wanted_is_left_out_without_a_word() -> None:
    tables = {"SUBMISSION": table(submission(ONE), submission(TWO)), "NONDERIV_TRANS": table(sale())}
    found = list(divided(tables, lambda number, *_: 5 if number == TWO else None))
    assert [(name, part, text.count("\n")) for name, part, text in found] == [("SUBMISSION", 5, 2), ("NONDERIV_TRANS", 5, 1)]
    assert [number for number, _, _ in read_tables({"SUBMISSION": found[0][2].encode()})] == [TWO]


def test_lines_of_no_filing_are_named_after_everything_else() -> None:
    tables = {"SUBMISSION": table(submission()), "NONDERIV_TRANS": table({**sale(), "ACCESSION_NUMBER": TWO})}
    found = divided(tables, lambda *_: 0)
    assert [next(found)[0], next(found)[0]] == ["SUBMISSION", "NONDERIV_TRANS"]
    with pytest.raises(LeftOut, match=TWO):
        next(found)


def test_a_day_in_a_quarter_is_its_day_of_filing() -> None:
    made = history(2, 5, 1)[0]
    ((number, day, _),) = read_tables(quarter_of([made]))
    assert (number, day) == (made.accession_number, date(2015, 1, made.filed_at.day))
