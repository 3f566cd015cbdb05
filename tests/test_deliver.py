"""What is owed is sent, oldest first, until the destination said yes; and who waits keeps nobody else waiting."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from tests.contract.senders import FakeSender
from tests.sending import owe
from tests.sending import send_all
from tests.world import DAY
from tests.world import HOUR
from tests.world import MINUTE
from tests.world import NOON
from tests.world import SECOND
from tests.world import Clock
from watcher.config import Destination
from watcher.core.telling import Outcome
from watcher.core.telling import Outgoing
from watcher.deliver import BACKOFF
from watcher.deliver import REST
from watcher.deliver import deliver
from watcher.deliver import next_delay
from watcher.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "watcher.db")) as store:
        yield store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk() -> FakeSender:
    return FakeSender()


def state(store: Store, number: int = 1, destination: str = "desk") -> str:
    return str(store.value("SELECT state FROM owed WHERE event_id = ? AND destination = ?", (f"event{number}", destination)))


# --- the five outcomes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "outcome", "becomes"),
    [
        (FakeSender.accepts, "accepted", "delivered"),
        (FakeSender.refuses, "permanent", "dead"),
        (FakeSender.fails, "retryable", "retry"),
        (FakeSender.is_gone, "not_sent", "retry"),
        (FakeSender.falls_silent, "unknown", "unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_each_outcome_has_its_state(
    store: Store, clock: Clock, desk: FakeSender, verb: Callable[[FakeSender], None], outcome: str, becomes: str
) -> None:
    owe(store, clock, 1)
    verb(desk)
    assert send_all(store, desk, clock) == [outcome]
    assert state(store) == becomes
    (attempt,) = store.rows("SELECT * FROM attempt")
    assert (attempt["outcome"], attempt["ended_at"] is None) == (outcome, False)
    kept = store.value("SELECT reason FROM owed")
    assert kept == (None if outcome == "accepted" else attempt["reason"])


def test_nothing_due_is_nothing_done(store: Store, clock: Clock, desk: FakeSender) -> None:
    assert deliver(store, desk, "desk", now=clock) is None
    owe(store, clock, 1, destinations=("phone",))
    assert deliver(store, desk, "desk", now=clock) is None
    assert desk.sent == []


def test_what_was_delivered_is_not_sent_again(store: Store, clock: Clock, desk: FakeSender) -> None:
    owe(store, clock, 1)
    send_all(store, desk, clock)
    clock.tick(DAY)
    assert send_all(store, desk, clock) == []


def test_a_dead_letter_waits_for_a_person(store: Store, clock: Clock, desk: FakeSender) -> None:
    owe(store, clock, 1)
    desk.refuses()
    send_all(store, desk, clock)
    clock.tick(30 * DAY)
    desk.accepts()
    assert send_all(store, desk, clock) == []
    assert store.retry_now(1, clock())
    assert send_all(store, desk, clock) == ["accepted"]
    assert not desk.sent[-1][1].possible_repeat


def test_one_message_refused_for_good_does_not_stop_the_next(store: Store, clock: Clock, desk: FakeSender) -> None:
    owe(store, clock, 1, 2)
    desk.refuses()
    assert deliver(store, desk, "desk", now=clock) == Outcome("permanent", "the server answered 400")
    desk.accepts()
    assert send_all(store, desk, clock) == ["accepted"]
    assert (state(store, 1), state(store, 2)) == ("dead", "delivered")


# --- when again -----------------------------------------------------------------------------------------------------------------


def attempts(desk: FakeSender) -> list[float]:
    return [(at - NOON).total_seconds() for at, _ in desk.sent]


def test_a_destination_that_is_down_is_tried_less_and_less_often(store: Store, clock: Clock, desk: FakeSender) -> None:
    owe(store, clock, 1)
    desk.fails()
    for _ in range(4 * 3600):
        send_all(store, desk, clock)
        clock.tick()
    expected = [0.0]
    for pause in (*BACKOFF, *(BACKOFF[-1:] * 4)):
        expected.append(expected[-1] + pause)
    assert attempts(desk) == [at for at in expected if at < 4 * 3600]


def test_a_retry_after_is_obeyed_by_the_whole_queue_and_by_what_comes_meanwhile(
    store: Store, clock: Clock, desk: FakeSender
) -> None:
    owe(store, clock, 1, 2)
    desk.asks_for_a_pause(600)
    assert send_all(store, desk, clock) == ["retryable"]
    desk.accepts()
    for _ in range(10):
        clock.tick(59 * SECOND)
        owe(store, clock, 3)
        assert send_all(store, desk, clock) == []
    clock.tick(10 * SECOND)
    assert send_all(store, desk, clock) == ["accepted"] * 3
    assert desk.received == ["event1", "event1", "event2", "event3"]


def test_a_queue_does_not_hammer_a_destination_that_is_down(store: Store, clock: Clock, desk: FakeSender) -> None:
    owe(store, clock, *range(100))
    desk.is_gone()
    for _ in range(3600):
        send_all(store, desk, clock)
        clock.tick()
    assert len(desk.sent) < 100
    assert max(attempts(desk)) > 3600 - 2 * REST, "and still asks, so that it is not forgotten"
    desk.accepts()
    clock.tick(HOUR)
    assert send_all(store, desk, clock) == ["accepted"] * 100


def test_the_rest_of_a_destination_is_remembered_over_a_restart(
    store: Store, clock: Clock, desk: FakeSender, tmp_path: Path
) -> None:
    owe(store, clock, 1)
    desk.asks_for_a_pause(600)
    send_all(store, desk, clock)
    with closing(Store(tmp_path / "watcher.db")) as restarted:
        clock.tick(MINUTE)
        owe(restarted, clock, 2)
        assert send_all(restarted, desk, clock) == []


def test_a_person_may_try_a_resting_message_at_once(store: Store, clock: Clock, desk: FakeSender) -> None:
    owe(store, clock, 1)
    desk.asks_for_a_pause(600)
    send_all(store, desk, clock)
    desk.accepts()
    assert store.retry_now(1, clock())
    assert send_all(store, desk, clock) == ["accepted"]


@given(tries=st.integers(0, 10_000), asked=st.none() | st.floats(0, 86_400))
def test_the_next_try_is_never_before_the_receivers_wish_and_else_within_an_hour(tries: int, asked: float | None) -> None:
    delay = next_delay(tries, Outcome("retryable", "", asked))
    assert timedelta(seconds=max(asked or 0, BACKOFF[0])) <= delay <= timedelta(seconds=max(asked or 0, 3600))


def test_a_destination_that_asks_for_hours_is_left_alone_for_hours(store: Store, clock: Clock, desk: FakeSender) -> None:
    owe(store, clock, 1)
    desk.asks_for_a_pause(5 * 3600)
    send_all(store, desk, clock)
    owe(store, clock, 2)
    desk.accepts()
    for _ in range(299):
        clock.tick(MINUTE)
        assert send_all(store, desk, clock) == []
    clock.tick(MINUTE)
    assert send_all(store, desk, clock) == ["accepted"] * 2


def test_a_clock_that_went_back_after_such_a_pause_makes_what_comes_later_wait_for_nothing(
    store: Store, clock: Clock, desk: FakeSender
) -> None:
    owe(store, clock, 1)
    desk.asks_for_a_pause(2 * 3600)
    send_all(store, desk, clock)
    clock.tick(2 * HOUR)
    desk.is_gone()
    send_all(store, desk, clock)
    clock.tick(-6 * HOUR)
    desk.accepts()
    assert send_all(store, desk, clock) == ["accepted"]


# --- order ----------------------------------------------------------------------------------------------------------------------


def test_the_oldest_goes_first(store: Store, clock: Clock, desk: FakeSender) -> None:
    for number in (3, 1, 2):
        owe(store, clock, number)
        clock.tick()
    send_all(store, desk, clock)
    assert desk.received == ["event3", "event1", "event2"]


def test_one_dead_destination_does_not_delay_another(store: Store, clock: Clock, desk: FakeSender) -> None:
    phone = FakeSender()
    phone.is_gone()
    owe(store, clock, 1, 2, destinations=("phone", "desk"))
    assert send_all(store, phone, clock, Destination("phone", "terminal")) == ["not_sent"]
    assert send_all(store, desk, clock) == ["accepted", "accepted"]
    assert [at for at, _ in desk.sent] == [NOON, NOON]


# --- crashes --------------------------------------------------------------------------------------------------------------------


class Dies(FakeSender):
    """The process ends while it sends: whether the message arrived, nobody can tell."""

    def __init__(self, *, arrived: bool) -> None:
        super().__init__()
        self.arrived = arrived

    def send(self, outgoing: Outgoing, *, now: datetime) -> Outcome:
        if self.arrived:
            super().send(outgoing, now=now)
        raise KeyboardInterrupt


@pytest.mark.parametrize("arrived", [True, False])
def test_a_crash_while_sending_is_repeated_marked(
    store: Store, clock: Clock, desk: FakeSender, tmp_path: Path, arrived: bool
) -> None:
    owe(store, clock, 1, 2)
    with pytest.raises(KeyboardInterrupt):
        deliver(store, Dies(arrived=arrived), "desk", now=clock)
    assert state(store) == "sending", "written down before the first byte left"
    with closing(Store(tmp_path / "watcher.db")) as restarted:
        assert restarted.recover_sending(clock()) == 1
        assert send_all(restarted, desk, clock) == ["accepted", "accepted"]
    sent = [outgoing for _, outgoing in desk.sent]
    assert [(one.event_id, one.possible_repeat) for one in sent] == [("event1", True), ("event2", False)]


def test_what_is_being_sent_is_not_taken_by_another(store: Store, clock: Clock, desk: FakeSender) -> None:
    owe(store, clock, 1, 2)
    inner: list[str] = []

    class Meets(FakeSender):
        def send(self, outgoing: Outgoing, *, now: datetime) -> Outcome:
            inner.append(outgoing.event_id)
            deliver(store, desk, "desk", now=clock)
            return super().send(outgoing, now=now)

    deliver(store, Meets(), "desk", now=clock)
    assert (inner, desk.received) == (["event1"], ["event2"])


def test_two_that_deliver_at_once_never_take_the_same_message(
    store: Store, clock: Clock, desk: FakeSender, tmp_path: Path
) -> None:
    owe(store, clock, *range(60))

    def deliver_all() -> None:
        with closing(Store(tmp_path / "watcher.db")) as own:
            send_all(own, desk, clock)

    threads = [threading.Thread(target=deliver_all) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(desk.received) == sorted(f"event{number}" for number in range(60))


def test_a_message_that_may_have_arrived_is_repeated_with_the_same_bytes_and_marked(
    store: Store, clock: Clock, desk: FakeSender
) -> None:
    owe(store, clock, 1)
    desk.falls_silent()
    send_all(store, desk, clock)
    clock.tick(timedelta(seconds=BACKOFF[0]))
    desk.accepts()
    assert send_all(store, desk, clock) == ["accepted"]
    first, second = (outgoing for _, outgoing in desk.sent)
    assert (first.possible_repeat, second.possible_repeat) == (False, True)
    assert (first.event_id, first.message, first.payload) == (second.event_id, second.message, second.payload)


@settings(max_examples=60, deadline=None)
@given(
    verbs=st.lists(st.sampled_from(("accepts", "refuses", "fails", "is_gone", "falls_silent")), max_size=25),
    count=st.integers(1, 5),
)
def test_whatever_happens_every_message_ends_delivered_or_dead_and_a_repeat_is_marked(verbs: list[str], count: int) -> None:
    clock, desk = Clock(), FakeSender()
    unclear: set[str] = set()
    with tempfile.TemporaryDirectory() as folder, closing(Store(Path(folder) / "s.db")) as store:
        owe(store, clock, *range(count))
        for verb in (*verbs, *("accepts",) * 5 * count):
            getattr(desk, verb)()
            if deliver(store, desk, "desk", now=clock) is not None:
                sent = desk.sent[-1][1]
                assert sent.possible_repeat == (sent.event_id in unclear)
                if verb == "falls_silent":
                    unclear.add(sent.event_id)
            clock.tick(20 * SECOND if verb != "accepts" else HOUR)
        assert {row["state"] for row in store.rows("SELECT state FROM owed")} <= {"delivered", "dead"}
