"""The service in a booted systemd; the same as `python -m tests.experiments.service`."""

from __future__ import annotations

import os

import pytest

from tests.experiments.guest.image import NotToBeHadError
from tests.experiments.service import Result
from tests.experiments.service import run


@pytest.mark.skipif("LONG_EXPERIMENTS" not in os.environ, reason="makes and boots a Debian for minutes; set LONG_EXPERIMENTS=1")
def test_the_service_does_its_work_survives_and_is_locked_in() -> None:
    # A Debian is made and booted for it: about two minutes.
    try:
        result = run()
    except NotToBeHadError as lacking:
        pytest.skip(f"no container with a booted systemd: {lacking}")
    assert [name for name, right in result.checks.items() if not right] == []
    assert [name for name, outcome in result.attempts.items() if not outcome.startswith("denied")] == []
    assert len(result.attempts) >= 26
    assert result.good, result


@pytest.mark.parametrize(
    ("attempts", "allowed_without", "checks", "lost", "good"),
    [
        ({"mount": "denied: EPERM"}, 1, {"it starts": True}, 0, True),
        ({"mount": "allowed"}, 1, {"it starts": True}, 0, False),
        ({"mount": "denied: EPERM"}, 0, {"it starts": True}, 0, False),
        ({"mount": "denied: EPERM"}, 1, {"it starts": False}, 0, False),
        ({"mount": "denied: EPERM"}, 1, {"it starts": True}, 1, False),
    ],
)
def test_a_result_is_good_only_if_all_of_it_is(
    attempts: dict[str, str], allowed_without: int, checks: dict[str, bool], lost: int, good: bool
) -> None:
    result = Result(attempts=attempts, allowed_without=allowed_without, checks=checks, lost=lost)
    assert result.good is good
