"""However often the daemon is killed, every alert arrives; the long form is `python -m tests.experiments.kill`."""

from __future__ import annotations

from tests.experiments.kill import run


def test_every_alert_arrives_though_the_daemon_is_killed_at_random_moments() -> None:
    result = run(kills=3, filings=40, seed=3, span=5.0)
    assert result.expected > 10
    assert (result.lost, result.unexpected) == (0, 0), result
    assert result.duplicated <= result.kills, "at most the message under way at each kill"
