"""How long a server asks us to wait (RFC 9110, 10.2.3)."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.pauses import LONGEST_PAUSE
from watcher.pauses import pause_asked

NOW = datetime(2026, 11, 20, 12, 0, 0, 400_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        (" 12 ", 12.0),
        ("1.5", 1.5),
        ("9" * 400, LONGEST_PAUSE),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("Fri, 20 Nov 2026 12:00:01 -0000", 0.6),
        ("Sat, 21 Nov 2026 12:00:01 GMT", LONGEST_PAUSE),
        ("-5", None),
        ("soon", None),
        ("٣", None),
        ("", None),
        (None, None),
    ],
)
def test_both_forms_of_retry_after_are_read(header: str | None, seconds: float | None) -> None:
    assert pause_asked(header, now=NOW) == pytest.approx(seconds)


@given(st.text())
def test_no_retry_after_is_too_odd(header: str) -> None:
    pause = pause_asked(header, now=NOW)
    assert pause is None or 0 <= pause <= LONGEST_PAUSE


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # hypothesis wants naive bounds
def test_a_date_asks_for_the_time_until_then(until: datetime) -> None:
    pause = pause_asked(format_datetime(until, usegmt=True), now=NOW)
    assert pause == pytest.approx(min(max((until.replace(microsecond=0) - NOW).total_seconds(), 0), LONGEST_PAUSE))


def test_a_date_without_a_zone_is_taken_for_utc() -> None:
    assert pause_asked("Fri, 20 Nov 2026 12:01:00", now=NOW) == pytest.approx(59.6)
