"""EDGAR's days and hours, against a table of federal holidays written by hand from the Office of Personnel Management's rules."""

from __future__ import annotations

from datetime import UTC
from datetime import date
from datetime import datetime
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.core.calendar import DOUBTFUL
from watcher.core.calendar import business_day_after
from watcher.core.calendar import business_days_between
from watcher.core.calendar import due_date
from watcher.core.calendar import federal_holidays
from watcher.core.calendar import is_business_day
from watcher.core.calendar import is_open
from watcher.core.calendar import next_business_day
from watcher.core.calendar import next_opening
from watcher.core.calendar import until_next_look
from watcher.core.submission import EASTERN

HOLIDAYS = {
    2021: "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31",
    2022: "01-17 02-21 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26",
    2023: "01-02 01-16 02-20 05-29 06-19 07-04 09-04 10-09 11-10 11-23 12-25",
    2024: "01-01 01-15 02-19 05-27 06-19 07-04 09-02 10-14 11-11 11-28 12-25",
    2026: "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25",
    2027: "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31",
    1999: "01-01 01-18 02-15 05-31 07-05 09-06 10-11 11-11 11-25 12-24 12-31",
}


@pytest.mark.parametrize("year", HOLIDAYS)
def test_the_holidays_of_a_year_are_those_that_the_government_observes(year: int) -> None:
    assert sorted(federal_holidays(year)) == [date.fromisoformat(f"{year}-{day}") for day in HOLIDAYS[year].split()]


def test_juneteenth_is_none_before_2021() -> None:
    assert is_business_day(date(2020, 6, 19))
    assert not is_business_day(date(2023, 6, 19))


def test_edgar_works_on_good_friday_and_rests_on_columbus_day() -> None:
    assert is_business_day(date(2026, 4, 3))
    assert not is_business_day(date(2026, 10, 12))


def test_the_whole_year_is_business_days_weekends_and_holidays() -> None:
    days = [date(2026, 1, 1) + timedelta(days=day) for day in range(365)]
    assert sum(map(is_business_day, days)) == 365 - 104 - 11


@pytest.mark.parametrize(
    ("moment", "is_so"),
    [
        ("2026-06-16T05:59:59", False),
        ("2026-06-16T06:00:00", True),
        ("2026-06-16T21:59:59", True),
        ("2026-06-16T22:00:00", False),
        ("2026-06-20T12:00:00", False),
        ("2026-06-19T12:00:00", False),
        ("2026-12-24T12:00:00", True),
    ],
)
def test_edgar_is_open_from_six_to_ten_in_the_evening_on_its_days(moment: str, is_so: bool) -> None:
    assert is_open(datetime.fromisoformat(moment).replace(tzinfo=EASTERN)) is is_so


@pytest.mark.parametrize(
    ("moment", "is_so"),
    [
        ("2026-03-06T10:59:59", False),  # Friday before the clocks go forward: 06:00 is 11:00 UTC
        ("2026-03-06T11:00:00", True),
        ("2026-03-09T09:59:59", False),  # Monday after: 10:00 UTC
        ("2026-03-09T10:00:00", True),
        ("2026-10-30T10:00:00", True),  # Friday before they go back
        ("2026-11-02T10:59:59", False),  # Monday after
        ("2026-11-02T11:00:00", True),
        ("2026-11-03T02:59:59", True),  # 21:59:59 of the day before in New York
    ],
)
def test_the_hours_are_new_york_s_whatever_the_season(moment: str, is_so: bool) -> None:
    assert is_open(datetime.fromisoformat(moment).replace(tzinfo=UTC)) is is_so


@pytest.mark.parametrize(
    ("traded", "due"),
    [
        ("2026-06-15", "2026-06-17"),
        ("2026-06-17", "2026-06-22"),  # over Juneteenth, a Friday, and the weekend
        ("2026-06-18", "2026-06-23"),
        ("2026-06-20", "2026-06-23"),  # a Saturday
        ("2025-12-31", "2026-01-05"),  # over New Year and the weekend
        ("2022-12-29", "2023-01-03"),  # New Year was a Sunday, observed on Monday
        ("2026-11-25", "2026-11-30"),
    ],
)
def test_a_form_4_is_due_on_the_second_business_day_after_the_trade(traded: str, due: str) -> None:
    assert due_date(date.fromisoformat(traded)) == date.fromisoformat(due)


def test_the_next_business_day_is_never_the_same_day() -> None:
    assert next_business_day(date(2026, 6, 16)) == date(2026, 6, 17)


@pytest.mark.parametrize("day", ["2018-12-05", "2019-12-24", "2020-12-24", "2021-06-18", "2025-01-09"])
def test_the_days_on_which_edgar_is_known_to_have_been_closed_are_no_business_days(day: str) -> None:
    assert not is_business_day(date.fromisoformat(day))


def test_a_doubtful_day_counts_unless_it_is_asked_to_be_left_out() -> None:
    eve = date(2025, 12, 24)
    assert is_business_day(eve)
    assert business_day_after(date(2025, 12, 23), 1) == eve
    assert business_day_after(date(2025, 12, 23), 1, off=DOUBTFUL) == date(2025, 12, 29)


@given(day=st.dates(date(2000, 1, 1), date(2030, 1, 1)), number=st.integers(0, 30))
def test_counting_business_days_undoes_adding_them(day: date, number: int) -> None:
    assert business_days_between(day, business_day_after(day, number)) == number


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (datetime(2026, 6, 16, 5, 59, tzinfo=EASTERN), datetime(2026, 6, 16, 6, tzinfo=EASTERN)),
        (datetime(2026, 6, 16, 6, tzinfo=EASTERN), datetime(2026, 6, 17, 6, tzinfo=EASTERN)),
        (datetime(2026, 6, 18, 23, tzinfo=EASTERN), datetime(2026, 6, 22, 6, tzinfo=EASTERN)),  # Juneteenth, a weekend
        (datetime(2026, 10, 31, 12, tzinfo=EASTERN), datetime(2026, 11, 2, 6, tzinfo=EASTERN)),  # the clocks go back
    ],
)
def test_edgar_opens_on_the_next_business_day(now: datetime, opens: datetime) -> None:
    assert next_opening(now.astimezone(UTC)) == opens


def test_a_long_interval_of_the_night_does_not_reach_into_the_morning() -> None:
    morning = datetime(2026, 6, 16, 6, tzinfo=EASTERN)
    looks = [until_next_look(morning - timedelta(minutes=before), 5, 3600) for before in (120, 61, 30, 0)]
    assert looks == [3600, 3600, 1800, 5]
    assert until_next_look(morning - timedelta(seconds=1), 5, 3600) == 5
    assert until_next_look(morning - timedelta(minutes=30), 5, 60) == 60
