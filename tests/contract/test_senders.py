"""The fake sender and the real webhook answer alike."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator

import pytest

from tests.contract.senders import FakeSender
from tests.contract.senders import Rig
from tests.contract.senders import WebhookRig
from tests.world import NOON
from watcher.core.telling import Message
from watcher.core.telling import Outgoing

OUTGOING = Outgoing("ab12", Message("title", "text", "<p>text</p>"), b"{}")


@pytest.fixture(params=["fake", "webhook"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    if request.param == "fake":
        yield FakeSender()
        return
    with WebhookRig() as real:
        yield real


VERBS: list[tuple[Callable[[Rig], None], str, float | None, bool]] = [
    (lambda rig: rig.accepts(), "accepted", None, True),
    (lambda rig: rig.refuses(), "permanent", None, True),
    (lambda rig: rig.fails(), "retryable", None, True),
    (lambda rig: rig.asks_for_a_pause(37), "retryable", 37.0, True),
    (lambda rig: rig.is_gone(), "not_sent", None, False),
    (lambda rig: rig.falls_silent(), "unknown", None, True),
]


@pytest.mark.parametrize(
    ("verb", "state", "pause", "reached"),
    VERBS,
    ids=["accepts", "refuses", "fails", "asks for a pause", "is gone", "falls silent"],
)
def test_every_behaviour_has_one_outcome(
    rig: Rig, verb: Callable[[Rig], None], state: str, pause: float | None, reached: bool
) -> None:
    verb(rig)
    outcome = rig.send(OUTGOING, now=NOON)
    assert (outcome.state, outcome.retry_after) == (state, pause)
    assert rig.received == (["ab12"] if reached else [])


def test_what_is_not_accepted_has_a_reason_and_what_is_has_none(rig: Rig) -> None:
    for verb, state, _, _ in VERBS:
        rig.accepts()
        verb(rig)
        assert bool(rig.send(OUTGOING, now=NOON).reason) == (state != "accepted")


def test_a_receiver_that_recovers_gets_the_next_message(rig: Rig) -> None:
    rig.is_gone()
    rig.send(OUTGOING, now=NOON)
    rig.accepts()
    assert rig.send(OUTGOING, now=NOON).state == "accepted"
    assert rig.received == ["ab12"]
