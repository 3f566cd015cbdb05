"""EDGAR's hours and days. Source: 17 CFR 232.12; 06:00 to 22:00 Eastern time on days that are not federal holidays.

The federal calendar, not the exchanges': open on Good Friday, closed on Columbus and Veterans Day. One-off closings by executive
order are not known here, so this may only slow the polling and judge lateness, never stop anything.
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


def is_open(now: datetime) -> bool:
    """Whether EDGAR accepts filings at this (aware) time, as far as the calendar tells."""
    eastern = now.astimezone(EASTERN)
    return is_business_day(eastern.date()) and OPENS <= eastern.time() < CLOSES


def is_business_day(day: date) -> bool:
    """Monday to Friday and no federal holiday."""
    return day.weekday() < 5 and day not in federal_holidays(day.year)


def due_date(traded: date) -> date:
    """The last day on which a Form 4 for a transaction of this day is on time: the second business day after (Form 4, instruction 1)."""
    day = traded
    for _ in range(2):
        day = next_business_day(day)
    return day


def next_business_day(day: date) -> date:
    """The first business day after `day`."""
    day += timedelta(days=1)
    while not is_business_day(day):
        day += timedelta(days=1)
    return day


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
