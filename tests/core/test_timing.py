"""On time, possibly late, late or not to be told: by EDGAR's calendar. 16 June 2026 is a Tuesday; the 19th is a federal holiday."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from datetime import datetime
from datetime import time
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import document
from tests.core.samples import held
from tests.core.samples import option
from tests.core.samples import row
from watcher.core.findings import Timing
from watcher.core.model import Row
from watcher.core.plan import read_plan
from watcher.core.submission import EASTERN
from watcher.core.timing import STATUSES
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
        ("2026-06-17", "2026-06-23", "late", "by 1 day (1 business day)"),
        ("2026-06-16", "2026-06-22", "late", "by 4 days (1 business day)"),
        ("2025-06-16", "2026-06-22", "late", "by 369 days (251 business days)"),
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
    assert (timing.status, timing.traded, timing.due) == ("on time by extension", date(2026, 6, 15), date(2026, 6, 22))
    assert timing.reason == "counted from the deemed execution date, 17 Jun 2026 (rule 16a-3(g))"
    in_time_anyway = judged(traded("2026-06-15", deemed="2026-06-17"), filed="2026-06-17")
    assert (in_time_anyway.status, in_time_anyway.reason) == ("on time", "")


def test_a_stated_deemed_date_cannot_be_extended_again() -> None:
    assert judged(traded("2026-06-15", deemed="2026-06-16"), filed="2026-06-22", box=True).status == "late"


def test_a_deemed_date_gives_at_most_three_business_days() -> None:
    timing = judged(traded("2026-06-15", deemed="2026-06-22"), filed="2026-06-23")
    assert (timing.status, timing.due) == ("on time by extension", date(2026, 6, 23))
    assert timing.reason == "counted from the latest day that a deemed execution date may be, 18 Jun 2026 (rule 16a-3(g))"
    assert judged(traded("2026-06-15", deemed="2026-06-22"), filed="2026-06-24").status == "late"


@pytest.mark.parametrize("deemed", ["2026-09-01", "9999-12-31"])
def test_a_deemed_date_after_the_filing_makes_all_unknown(deemed: str) -> None:
    assert judged(traded("2026-06-15", deemed=deemed), filed="2026-06-16").status == "unknown"


def test_how_late_a_plan_s_trade_is_at_the_least_is_told_too() -> None:
    timing = judged(traded("2026-06-16"), filed="2026-06-26", box=True)
    assert timing.reason == "by 8 days (5 business days), or 2 days (2 business days) at the least, if it counts from a later day"


@pytest.mark.parametrize("code", ["A", "D", "F", "G", "U"])
def test_what_no_broker_does_under_a_plan_is_not_extended(code: str) -> None:
    assert judged(replace(traded("2026-06-16"), transaction_code=code), filed="2026-06-24", box=True).status == "late"


def test_a_discretionary_transaction_may_count_from_a_later_day_whatever_the_box_says() -> None:
    row_of_a_fund = replace(traded("2026-06-16"), transaction_code="I")
    timing = judged(row_of_a_fund, filed="2026-06-24", box=False)
    assert timing.status == "possibly late"
    assert timing.reason.startswith("no deemed execution date is stated, and an employee plan's transaction")
    assert judged(row_of_a_fund, filed="2026-06-25", box=False).status == "late"


@pytest.mark.parametrize("code", ["E", "H", "J"])
def test_what_may_be_exempt_is_at_most_possibly_late(code: str) -> None:
    timing = judged(replace(traded("2026-01-05"), transaction_code=code), filed="2026-06-24")
    assert (timing.status, f"code {code}" in timing.reason) == ("possibly late", True)


def test_the_transaction_that_fared_worst_decides() -> None:
    extended = traded("2026-06-10", deemed="2026-06-15")
    other = replace(traded("2026-06-12"), transaction_code="J")
    assert judged(extended, traded("2026-06-15"), filed="2026-06-17").status == "on time by extension"
    assert judged(extended, other, traded("2026-06-15"), filed="2026-06-17").status == "possibly late"
    assert judged(extended, other, traded("2026-06-12"), filed="2026-06-17").status == "late"


@given(
    rows=st.lists(
        st.tuples(
            st.dates(date(2026, 6, 1), date(2026, 6, 24)),
            st.sampled_from("SPAFMIJGX"),
            st.none() | st.integers(-2, 9),
            st.booleans(),
        ),
        min_size=1,
        max_size=5,
    ),
    box=st.none() | st.booleans(),
)
def test_neither_the_order_nor_the_repetition_of_rows_changes_the_verdict(
    rows: list[tuple[date, str, int | None, bool]], *, box: bool | None
) -> None:
    lines = [
        replace(row(on=on, code=code), deemed_execution_date=None if later is None else on + timedelta(days=later))
        for on, code, later, _ in rows
    ]
    verdict = judged(*lines, filed="2026-06-24", box=box)
    assert judged(*reversed(lines), *lines, filed="2026-06-24", box=box) == verdict


@given(on=st.dates(date(2003, 1, 1), date(2026, 6, 1)), wait=st.integers(0, 20), box=st.none() | st.booleans())
def test_waiting_never_makes_a_filing_more_timely(on: date, wait: int, *, box: bool | None) -> None:
    ranks = [
        STATUSES.index(judged(traded(on.isoformat()), filed=(on + timedelta(days=days)).isoformat(), box=box).status)
        for days in (wait, wait + 1)
    ]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize(
    ("on", "filed", "status"),
    [
        ("2018-12-03", "2018-12-06", "on time"),  # national mourning on the 5th
        ("2020-12-22", "2020-12-28", "on time"),  # closed on Christmas Eve
        ("2021-06-16", "2021-06-21", "on time"),  # the first Juneteenth, a law one day old
        ("2025-01-07", "2025-01-10", "on time"),
        ("2025-12-22", "2025-12-29", "possibly late"),  # federal offices were closed on the 24th and the 26th
        ("2025-12-22", "2025-12-30", "late"),
    ],
)
def test_days_on_which_edgar_was_closed_by_order_do_not_count(on: str, filed: str, status: str) -> None:
    timing = judged(traded(on), filed=filed)
    assert timing.status == status


def test_a_doubtful_day_is_named() -> None:
    timing = judged(traded("2025-12-22"), filed="2025-12-29")
    assert timing.reason == "EDGAR may not have counted 24 Dec 2025 and 26 Dec 2025, when federal offices were closed"


def test_a_trade_older_than_the_two_days_is_not_judged_by_them() -> None:
    timing = judged(traded("2002-08-28"), filed="2026-06-18")
    assert (timing.status, timing.due, timing.reason) == ("unknown", None, "traded before 29 Aug 2002, when other terms applied")
    assert judged(traded("2002-08-29"), filed="2002-09-04").status == "late"  # over Labor Day
    assert judged(traded("2002-08-28"), traded("2026-06-16"), filed="2026-06-18").status == "on time"


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("2026-03-06T03:30:00+00:00", "on time"),  # 22:30 on the 5th, before the clocks go forward on the 8th
        ("2026-03-11T03:59:59+00:00", "late"),  # 23:59:59 on the 10th, after
    ],
)
def test_the_day_is_new_york_s_on_both_sides_of_the_change_of_clocks(moment: str, status: str) -> None:
    content = document(traded("2026-03-03" if status == "on time" else "2026-03-05"), box=False)
    assert read_timing(content, read_plan(content), datetime.fromisoformat(moment)).status == status


# --- Form 3 -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "filed", "status", "due"),
    [
        ("2026-06-16", "2026-06-16", "on time", "2026-06-26"),
        ("2026-06-16", "2026-06-26", "on time", "2026-06-26"),
        ("2026-06-16", "2026-06-29", "late", "2026-06-26"),
        ("2026-06-17", "2026-06-29", "on time", "2026-06-29"),  # the tenth day is a Saturday
        ("2026-06-09", "2026-06-22", "on time", "2026-06-22"),  # the tenth day is Juneteenth, then a weekend
        ("2025-12-16", "2025-12-29", "possibly late", "2025-12-26"),
    ],
)
def test_a_form_3_has_ten_days_from_its_event(event: str, filed: str, status: str, due: str) -> None:
    content = replace(document(form="3"), period_of_report=date.fromisoformat(event))
    timing = read_timing(content, read_plan(content), datetime.combine(date.fromisoformat(filed), time(18), EASTERN))
    assert (timing.status, timing.due, timing.traded) == (status, date.fromisoformat(due), None)


@pytest.mark.parametrize("event", [None, date(2026, 6, 27), date(22, 6, 16)])
def test_a_form_3_without_a_possible_event_is_unknown(event: date | None) -> None:
    content = replace(document(form="3"), period_of_report=event)
    assert read_timing(content, read_plan(content), datetime(2026, 6, 26, 18, tzinfo=EASTERN)).status == "unknown"


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
        replace(traded("2026-01-05"), transaction_timeliness="E"),
    ],
    ids=["voluntary", "small", "inherited", "gift received", "gift before 2023", "said to be early"],
)
def test_what_could_have_waited_for_form_5_is_not_late(early: Row) -> None:
    assert judged(early, filed="2026-06-18").status == "unknown"
    assert judged(early, traded("2026-06-16"), filed="2026-06-18").status == "on time"


def test_a_gift_made_has_two_business_days_since_2023() -> None:
    assert judged(replace(traded("2026-01-05"), transaction_code="G"), filed="2026-06-18").status == "late"


@pytest.mark.parametrize("form", ["4/A", "5", "3/A", "5/A"])
def test_form_5_and_amendments_are_not_judged(form: str) -> None:
    assert judged(traded("2026-01-05"), filed="2026-06-18", form=form).status == "unknown"


@pytest.mark.parametrize("on", ["2035-01-10", "0022-06-16", "0001-01-01", "9999-12-31", "2026-06-19"])
def test_an_impossible_date_makes_all_unknown(on: str) -> None:
    assert judged(traded(on), filed="2026-06-18").status == "unknown"
    assert judged(traded(on), traded("2026-06-16"), filed="2026-06-18").status == "unknown"


def test_a_form_without_a_dated_trade_is_unknown() -> None:
    assert judged(held(5), filed="2026-06-18") == Timing(None, None, date(2026, 6, 18), "unknown")
    assert judged(replace(traded("2026-06-16"), transaction_date=None), filed="2026-06-18").status == "unknown"


def test_with_a_transaction_that_states_no_day_nothing_is_on_time() -> None:
    undated = row(on=None)
    found = judged(traded("2026-06-16"), undated, filed="2026-06-17")
    assert (found.status, found.reason) == ("unknown", "a transaction states no legible date")
    assert judged(traded("2026-06-16"), undated, filed="2026-06-25").status == "late"
    assert judged(traded("2026-06-16"), replace(undated, kind="holding"), filed="2026-06-17").status == "on time"
