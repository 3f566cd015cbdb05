"""Killed at any named point, the watcher loses nothing; the long form is `python -m tests.experiments.faults`."""

from __future__ import annotations

import pytest

from tests.experiments.fault_scene import Arrival
from tests.experiments.fault_scene import Count
from tests.experiments.fault_scene import counted
from tests.experiments.faults import run

WANTED = frozenset({("desk", "1"), ("hook", "1")})
LETTER = Arrival("desk", "1", marked=False)
REPEAT = Arrival("desk", "1", marked=True)
POST = Arrival("hook", "1", marked=False, event_id="a", body=b"{}")


def test_nothing_is_lost_wherever_the_watcher_is_killed() -> None:
    result = run(trials=1, seed=7, most=6, jobs=1)
    assert result.good, result
    assert result.total.kills >= 6


def test_a_repeat_comes_only_of_a_kill_while_sending_and_says_so() -> None:
    result = run(trials=1, seed=3, only="send: after", jobs=1)
    assert result.good, result
    assert result.by_point["desk send: after"].kills >= 1


@pytest.mark.parametrize(
    ("arrivals", "in_sending", "expected"),
    [
        ((LETTER, POST), (), Count(0, 0, 0, 0, 0, 0)),
        ((POST,), (), Count(1, 0, 0, 0, 0, 0)),
        ((LETTER, REPEAT, POST), ("desk",), Count(0, 1, 0, 0, 0, 0)),
        ((LETTER, LETTER, POST), ("desk",), Count(0, 1, 1, 0, 0, 0)),
        ((LETTER, REPEAT, POST), ("hook",), Count(0, 1, 0, 1, 0, 0)),
        ((LETTER, POST, Arrival("hook", "1", marked=False, event_id="b", body=b"{}")), ("hook",), Count(0, 1, 0, 0, 1, 0)),
        ((LETTER, POST, Arrival("desk", "2", marked=False)), (), Count(0, 0, 0, 0, 0, 1)),
    ],
    ids=("all well", "lost", "a marked repeat", "an unmarked repeat", "a repeat for no reason", "another event id", "unasked"),
)
def test_the_experiment_sees(arrivals: tuple[Arrival, ...], in_sending: tuple[str, ...], expected: Count) -> None:
    assert counted(arrivals, in_sending, wanted=WANTED) == expected
