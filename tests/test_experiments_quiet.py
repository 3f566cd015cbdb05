"""Short form of `python -m tests.experiments.quiet`: four days in place of thirty."""

from __future__ import annotations

from tests.experiments.quiet import month


def test_every_alert_of_some_days_is_told_silenced_or_waits_exactly_once_and_the_sums_agree() -> None:
    result = month(1, filings=100, days=4)
    assert result.good, f"{result} {result.wrong_sums}"
