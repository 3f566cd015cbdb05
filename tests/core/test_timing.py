"""On time, possibly late, late or not to be told: by EDGAR's calendar. 16 June 2026 is a Tuesday; the 19th is a federal holiday."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from datetime import datetime
from datetime import time

import pytest

from tests.core.samples import document
from tests.core.samples import held
from tests.core.samples import option
from tests.core.samples import row
from watcher.core.model import Row
from watcher.core.model import Timing
from watcher.core.plan import read_plan
from watcher.core.submission import EASTERN
from watcher.core.timing import read_timing

UNCHECKED = False


def judged(*rows: Row, filed: str, at: str = "18:00:00", form: str = "4", box: bool | None = UNCHECKED) -> Timing:
    content = document(*rows, form=form, box=box)
    moment = datetime.combine(date.fromisoformat(filed), time.fromisoformat(at), EASTERN)
    return read_timing(content, read_plan(content), moment)


def traded(on: str, deemed: str | None = None) -> Row:
    return replace(row(on=date.fromisoformat(on)), deemed_execution_date=date.fromisoformat(deemed) if deemed else None)


@pytest.mark.parametrize(
    ("on", "filed", "status", "reason"),
    [
        ("2026-06-16", "2026-06-16", "on time", ""),
        ("2026-06-16", "2026-06-18", "on time", ""),
        ("2026-06-17", "2026-06-22", "on time", ""),  # over Juneteenth and the weekend
        ("2026-06-17", "2026-06-23", "late", "by 1 day"),
        ("2026-06-16", "2026-06-22", "late", "by 4 days"),
        ("2025-06-16", "2026-06-22", "late", "by 369 days"),
    ],
)
def test_two_business_days_decide(on: str, filed: str, status: str, reason: str) -> None:
    timing = judged(traded(on), filed=filed)
    assert (timing.status, timing.reason, timing.traded) == (status, reason, date.fromisoformat(on))


def test_the_due_day_and_the_day_of_filing_are_told() -> None:
    timing = judged(traded("2026-06-16"), filed="2026-06-17")
    assert (timing.due, timing.filed) == (date(2026, 6, 18), date(2026, 6, 17))


@pytest.mark.parametrize("at", ["21:59:59", "22:00:40", "23:59:59"])
def test_the_evening_of_the_due_day_counts_in_new_york(at: str) -> None:
    """What was begun by 22:00 keeps its day, also if it is accepted a little later (Regulation S-T, rule 13(a)(4))."""
    assert judged(traded("2026-06-16"), filed="2026-06-18", at=at).status == "on time"


@pytest.mark.parametrize("box", [True, None])
@pytest.mark.parametrize(
    ("filed", "status"), [("2026-06-18", "on time"), ("2026-06-24", "possibly late"), ("2026-06-25", "late")]
)
def test_what_may_be_a_plan_s_trade_has_up_to_the_fifth_business_day(*, box: bool | None, filed: str, status: str) -> None:
    timing = judged(traded("2026-06-16"), filed=filed, box=box)
    assert timing.status == status
    assert ("16a-3(g)" in timing.reason) is (status == "possibly late")


def test_a_deemed_date_counts_and_is_named_where_it_decides() -> None:
    timing = judged(traded("2026-06-15", deemed="2026-06-17"), filed="2026-06-22", box=True)
    assert (timing.status, timing.traded, timing.due) == ("on time", date(2026, 6, 15), date(2026, 6, 22))
    assert timing.reason == "counted from the deemed execution date, 17 Jun 2026"
    assert judged(traded("2026-06-15", deemed="2026-06-17"), filed="2026-06-17").reason == ""


def test_a_stated_deemed_date_cannot_be_extended_again() -> None:
    assert judged(traded("2026-06-15", deemed="2026-06-16"), filed="2026-06-22", box=True).status == "late"


@pytest.mark.parametrize("deemed", ["2026-09-01", "9999-12-31"])
def test_a_deemed_date_gives_at_most_three_business_days(deemed: str) -> None:
    assert judged(traded("2026-06-15", deemed=deemed), filed="2026-06-23").due == date(2026, 6, 23)


def test_a_deemed_date_before_the_trade_is_none() -> None:
    assert judged(traded("2026-06-16", deemed="2026-06-01"), filed="2026-06-18").status == "on time"


def test_the_trade_that_was_due_first_decides() -> None:
    timing = judged(traded("2026-06-17"), traded("2026-06-10"), held(5), filed="2026-06-18")
    assert (timing.status, timing.traded, timing.due) == ("late", date(2026, 6, 10), date(2026, 6, 12))


def test_a_trade_in_table_ii_counts_too() -> None:
    content = document(derivatives=[option(on=date(2026, 6, 10))], box=False)
    assert read_timing(content, read_plan(content), datetime(2026, 6, 18, 18, tzinfo=EASTERN)).status == "late"


@pytest.mark.parametrize(
    "early",
    [
        replace(traded("2026-01-05"), transaction_form_type="5"),
        replace(traded("2026-01-05"), transaction_code="L", acquired_disposed="A"),
        replace(traded("2026-01-05"), transaction_code="W"),
        replace(traded("2026-01-05"), transaction_code="G", acquired_disposed="A"),
        replace(traded("2023-02-24"), transaction_code="G"),
    ],
    ids=["voluntary", "small", "inherited", "gift received", "gift before 2023"],
)
def test_what_could_have_waited_for_form_5_is_not_late(early: Row) -> None:
    assert judged(early, filed="2026-06-18").status == "unknown"
    assert judged(early, traded("2026-06-16"), filed="2026-06-18").status == "on time"


def test_a_gift_made_has_two_business_days_since_2023() -> None:
    assert judged(replace(traded("2026-01-05"), transaction_code="G"), filed="2026-06-18").status == "late"


@pytest.mark.parametrize("form", ["4/A", "5", "3", "3/A", "5/A"])
def test_only_a_form_4_is_judged(form: str) -> None:
    assert judged(traded("2026-01-05"), filed="2026-06-18", form=form).status == "unknown"


@pytest.mark.parametrize("on", ["2035-01-10", "0022-06-16", "0001-01-01", "9999-12-31", "2026-06-19"])
def test_an_impossible_date_makes_all_unknown(on: str) -> None:
    assert judged(traded(on), filed="2026-06-18").status == "unknown"
    assert judged(traded(on), traded("2026-06-16"), filed="2026-06-18").status == "unknown"


def test_a_form_without_a_dated_trade_is_unknown() -> None:
    assert judged(held(5), filed="2026-06-18") == Timing(None, None, date(2026, 6, 18), "unknown")
    assert judged(replace(traded("2026-06-16"), transaction_date=None), filed="2026-06-18").status == "unknown"
