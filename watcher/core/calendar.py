"""EDGAR's hours and days. Source: 17 CFR 232.12; 06:00 to 22:00 Eastern time on days that are not federal holidays.

The federal calendar, not the exchanges': open on Good Friday, closed on Columbus and Veterans Day. Closings by executive order are
announced days ahead and known here only from the past, so this may slow the polling and judge lateness, never stop anything.
"""

from __future__ import annotations

from datetime import date
from datetime import datetime
from datetime import time
from datetime import timedelta
from functools import lru_cache

from watcher.core.submission import EASTERN

OPENS = time(6)
CLOSES = time(22)

# (month, day, first year): holidays by date, observed on the Friday before a Saturday and the Monday after a Sunday.
_FIXED = ((1, 1, 1871), (6, 19, 2021), (7, 4, 1871), (11, 11, 1978), (12, 25, 1871))
# (month, weekday, n-th, first year); weekday 0 is Monday, the -1st is the last.
_FLOATING = ((1, 0, 3, 1986), (2, 0, 3, 1971), (5, 0, -1, 1971), (9, 0, 1, 1894), (10, 0, 2, 1971), (11, 3, 4, 1942))
# Closed besides, as the SEC announced for EDGAR: mourning for two presidents, two Christmas Eves. The 18th of June 2021 is a rule's.
_CLOSED_ONCE = frozenset({date(2018, 12, 5), date(2019, 12, 24), date(2020, 12, 24), date(2025, 1, 9)})
# The federal offices were closed by executive order or, in 2012, by a storm; whether EDGAR counted the day is not established here.
DOUBTFUL = frozenset(
    date.fromisoformat(day)
    for day in (
        *("2004-06-11", "2007-01-02", "2007-12-24", "2008-12-26", "2012-10-29", "2012-10-30", "2012-12-24"),
        *("2014-12-26", "2018-12-24", "2024-12-24", "2025-12-24", "2025-12-26"),
    )
)


def is_open(now: datetime) -> bool:
    """Whether EDGAR accepts filings at this (aware) time, as far as the calendar tells."""
    eastern = now.astimezone(EASTERN)
    return is_business_day(eastern.date()) and OPENS <= eastern.time() < CLOSES


def next_opening(now: datetime) -> datetime:
    """When EDGAR begins to accept filings the next time after `now`, as far as the calendar tells."""
    eastern = now.astimezone(EASTERN)
    is_before = eastern.time() < OPENS and is_business_day(eastern.date())
    return datetime.combine(eastern.date() if is_before else next_business_day(eastern.date()), OPENS, EASTERN)


def until_next_look(now: datetime, while_open: float, while_closed: float) -> float:
    """Seconds between two looks at EDGAR's list, by two intervals; a long one of the night does not reach into the morning."""
    if is_open(now):
        return while_open
    opens_in = next_opening(now).timestamp() - now.timestamp()
    return min(while_closed, max(while_open, opens_in))


def is_business_day(day: date) -> bool:
    """Monday to Friday, no federal holiday and no day on which EDGAR is known to have been closed. A doubtful day counts."""
    return day.weekday() < 5 and day not in federal_holidays(day.year) and day not in _CLOSED_ONCE


def due_date(traded: date) -> date:
    """The last day on which a Form 4 for a transaction of this day is on time: the second business day after (Form 4, instruction 1)."""
    return business_day_after(traded, 2)


def next_business_day(day: date) -> date:
    """The first business day after `day`."""
    return business_day_after(day, 1)


@lru_cache(maxsize=8192)
def business_day_after(day: date, number: int, *, off: frozenset[date] = frozenset()) -> date:
    """The n-th business day after `day`; the days in `off` are taken for closed too."""
    for _ in range(number):
        day += timedelta(days=1)
        while day in off or not is_business_day(day):
            day += timedelta(days=1)
    return day


def business_days_between(day: date, later: date) -> int:
    """How many business days lie after `day`, up to `later` and with it; 0 where it is not later."""
    closed = {one for year in range(day.year, later.year + 1) for one in federal_holidays(year)} | _CLOSED_ONCE
    return max(0, _weekdays(later) - _weekdays(day) - sum(one.weekday() < 5 and day < one <= later for one in closed))


def _weekdays(day: date) -> int:
    """How many days from Monday to Friday the calendar has up to a day; its first day was a Monday."""
    weeks, rest = divmod(day.toordinal(), 7)
    return 5 * weeks + min(rest, 5)


@lru_cache(maxsize=64)
def federal_holidays(year: int) -> frozenset[date]:
    """The days on which federal offices are closed in a year, by rule (5 U.S.C. 6103), as observed."""
    days = [_observed(date(year, month, day)) for month, day, since in _FIXED if year >= since]
    days += [_nth(year, month, weekday, n) for month, weekday, n, since in _FLOATING if year >= since]
    new_year_next = _observed(date(year + 1, 1, 1))  # a Saturday New Year is observed in the old year
    return frozenset(day for day in (*days, new_year_next) if day.year == year)


def _observed(day: date) -> date:
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    if n > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))
    last = date(year, month + 1, 1) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % 7)
