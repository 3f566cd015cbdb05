from __future__ import annotations

from datetime import UTC
from datetime import date
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.core.figures import count
from watcher.core.figures import day
from watcher.core.figures import dollars
from watcher.core.figures import moment
from watcher.core.figures import percent
from watcher.core.figures import price
from watcher.core.figures import short_dollars

FILED = st.decimals(min_value=0, max_value=Decimal("999999999999.9999"), places=4)  # what the schema allows


@pytest.mark.parametrize(
    ("filed", "shown"),
    [("1234", "1,234"), ("1484.0000", "1,484"), ("11909.8100", "11,909.81"), ("0", "0"), ("1E+3", "1,000"), ("0.0001", "0.0001")],
)
def test_shares_have_separators_and_no_idle_zeros(filed: str, shown: str) -> None:
    assert count(Decimal(filed)) == shown


@pytest.mark.parametrize(
    ("filed", "shown"),
    [("86", "$86.00"), ("132.9362", "$132.9362"), ("131.4200", "$131.42"), ("0.5", "$0.50"), ("24035774.40", "$24,035,774.40")],
)
def test_a_price_keeps_every_digit_that_was_filed(filed: str, shown: str) -> None:
    assert price(Decimal(filed)) == shown


@given(FILED)
def test_no_digit_of_a_figure_is_lost_on_the_way_to_people(filed: Decimal) -> None:
    assert Decimal(count(filed).replace(",", "")) == filed
    assert Decimal(price(filed).lstrip("$").replace(",", "")) == filed


def test_money_is_said_to_the_cent_and_in_a_subject_line_without() -> None:
    assert dollars(Decimal(430_000)) == "$430,000.00"
    assert short_dollars(Decimal("657100.40")) == "$657,100"


def test_days_and_moments_are_new_york_s() -> None:
    assert day(date(2026, 6, 6)) == "6 Jun 2026"
    assert moment(datetime(2026, 1, 5, 3, 0, 1, tzinfo=UTC)) == "4 Jan 2026 22:00:01 ET"


def test_half_a_cent_is_rounded_up_as_people_do() -> None:
    assert dollars(Decimal("27253.185")) == "$27,253.19"
    assert dollars(Decimal("-0.005")) == "−$0.01"
    assert short_dollars(Decimal("25549744.5")) == "$25,549,745"
    assert percent(Decimal("4.65")) == "4.7%"
