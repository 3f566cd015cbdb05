"""Quiet hours follow the clock on the wall, in the zone that was asked for, on both days on which it changes."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from datetime import time
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.core.quiet import Quiet
from watcher.core.quiet import is_endless
from watcher.core.quiet import is_quiet
from watcher.core.quiet import quiet_until

NIGHT = ((time(22), time(7)),)
NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"


def at(text: str, zone: str = NEW_YORK, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


@pytest.mark.parametrize(
    ("now", "quiet"),
    [
        ("2026-09-01 21:59:59", False),
        ("2026-09-01 22:00", True),
        ("2026-09-02 06:59:59", True),
        ("2026-09-02 07:00", False),
        ("2026-09-04 12:00", False),
        ("2026-09-05 00:00", True),
        ("2026-09-06 23:59", True),
        ("2026-09-07 06:59", True),
        ("2026-09-07 07:00", False),
    ],
)
def test_a_night_goes_over_midnight_and_a_weekend_from_saturday_to_sunday(now: str, quiet: bool) -> None:
    assert is_quiet(Quiet(NIGHT, weekends=True), at(now)) is quiet


def test_the_hours_are_those_of_the_zone_that_was_asked_for() -> None:
    assert is_quiet(Quiet(NIGHT, zone=BERLIN), at("2026-09-01 16:00"))
    assert not is_quiet(Quiet(NIGHT), at("2026-09-01 16:00"))


def test_a_friday_night_lasts_until_monday_morning() -> None:
    assert quiet_until(Quiet(NIGHT, weekends=True), at("2026-09-04 23:00")) == at("2026-09-07 07:00")


@pytest.mark.parametrize("fold", [0, 1])
def test_an_hour_that_comes_twice_is_quiet_both_times(fold: int) -> None:
    quiet = Quiet(((time(1), time(2)),))
    assert is_quiet(quiet, at("2026-11-01 01:30", fold=fold))
    assert quiet_until(quiet, at("2026-11-01 01:30", fold=fold)) == at("2026-11-01 02:00")


def test_a_quiet_that_would_end_in_an_hour_that_is_left_out_ends_with_that_hour() -> None:
    assert quiet_until(Quiet(((time(22), time(2, 30)),)), at("2026-03-08 01:59")) == datetime(2026, 3, 8, 7, tzinfo=UTC)


def test_a_night_in_which_the_hour_changes_ends_by_the_new_time() -> None:
    for night in ("2026-03-07 23:00", "2026-10-31 23:00"):
        until = quiet_until(Quiet(NIGHT), at(night))
        assert until is not None
        assert until.astimezone(ZoneInfo(NEW_YORK)).time() == time(7)


def test_what_is_quiet_all_week_is_found_out() -> None:
    halves = (time(0), time(12)), (time(12), time(0))
    assert is_endless(Quiet(halves))
    assert not is_endless(Quiet(halves[:1], weekends=True))


@given(
    st.lists(st.tuples(st.times(), st.times()), min_size=1, max_size=3),
    st.booleans(),
    st.sampled_from([NEW_YORK, BERLIN, "UTC", "Asia/Kathmandu"]),
    st.integers(0, 365 * 24 * 60),
)
def test_a_quiet_ends_at_the_first_minute_that_is_not(
    spans: list[tuple[time, time]], weekends: bool, zone: str, minute: int
) -> None:
    whole = tuple((begins.replace(second=0, microsecond=0), ends.replace(second=0, microsecond=0)) for begins, ends in spans)
    quiet = Quiet(whole, weekends, zone)
    now = datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC) + timedelta(minutes=minute)
    until = quiet_until(quiet, now)
    assert (until is not None) == (is_quiet(quiet, now) and not is_endless(quiet))
    if until is not None:
        assert now < until
        assert not is_quiet(quiet, until)
        assert is_quiet(quiet, until - timedelta(seconds=1))
