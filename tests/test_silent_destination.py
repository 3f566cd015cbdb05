"""A destination that takes messages and never answers: tried less and less, so that few may arrive twice, and said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.contract.senders import FakeSender
from tests.loopback import Receiver
from tests.loopback import silence
from tests.sending import DESK
from tests.sending import owe
from tests.sending import send_all
from tests.world import DAY
from tests.world import SECOND
from tests.world import Clock
from tests.world import World
from watcher.config import Destination
from watcher.core.health import SILENT_FROM
from watcher.core.health import complaints
from watcher.deliver import BACKOFF
from watcher.deliver import SILENT_REST
from watcher.deliver import deliver
from watcher.notify.machines import Webhook
from watcher.status import condition
from watcher.store import Store

HOLDS = Destination("desk", "terminal", unknown="hold")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "watcher.db")) as store:
        yield store


@pytest.fixture
def clock() -> Clock:
    return Clock()


def pass_time(store: Store, desk: FakeSender, clock: Clock, span: timedelta, terms: Destination = DESK) -> None:
    ends = clock() + span
    while clock() < ends:
        send_all(store, desk, clock, terms)
        clock.tick(5 * SECOND)


def test_a_day_of_silence_repeats_little_however_much_is_owed(store: Store, clock: Clock) -> None:
    desk = FakeSender()
    desk.falls_silent()
    owe(store, clock, *range(300))
    pass_time(store, desk, clock, DAY)
    assert len(desk.sent) < len(BACKOFF) + DAY.total_seconds() / SILENT_REST
    assert max(Counter(desk.received).values()) < len(BACKOFF) + DAY / timedelta(seconds=BACKOFF[-1])
    desk.accepts()
    clock.tick(timedelta(seconds=SILENT_REST))
    assert set(send_all(store, desk, clock)) == {"accepted"}
    assert store.value("SELECT count(*) FROM owed WHERE state != 'delivered'") == 0


def test_one_lost_answer_keeps_nobody_waiting(store: Store, clock: Clock) -> None:
    desk = FakeSender()
    owe(store, clock, 1, 2, 3)
    desk.falls_silent()
    deliver(store, desk, "desk", now=clock)
    desk.accepts()
    assert send_all(store, desk, clock) == ["accepted"] * 2
    assert desk.received == ["event1", "event2", "event3"]


def test_where_it_is_held_silence_does_not_hold_the_whole_queue(store: Store, clock: Clock) -> None:
    desk = FakeSender()
    desk.falls_silent()
    owe(store, clock, *range(100))
    pass_time(store, desk, clock, timedelta(hours=1), HOLDS)
    assert store.value("SELECT count(*) FROM owed WHERE state IN ('held', 'unknown')") < 12
    desk.accepts()
    clock.tick(timedelta(seconds=SILENT_REST))
    send_all(store, desk, clock, HOLDS)
    assert store.value("SELECT count(*) FROM owed WHERE state = 'delivered'") > 88


def test_a_real_receiver_that_never_answers_is_named(tmp_path: Path) -> None:
    with World(tmp_path) as world, Receiver(silence) as receiver:
        sender = Webhook(Destination("desk", "webhook", f"http://127.0.0.1:{receiver.port}/hook", b"k"), deadline=0.2)
        owe(world.store, world.clock, *range(20))
        for _ in range(60):
            while deliver(world.store, sender, "desk", now=world.clock) is not None:
                continue
            world.clock.tick(SECOND)
        assert SILENT_FROM <= len(receiver.received) <= 4
        told = complaints(condition(world.store, world.pace, world.config, now=world.clock()))
        assert any("destination desk: silent: it took the last" in line for line in told)


def test_what_is_held_is_said_with_what_to_type(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        desk = FakeSender()
        desk.falls_silent()
        owe(world.store, world.clock, 1)
        assert send_all(world.store, desk, world.clock, HOLDS) == ["unknown"]
        (told,) = (
            one for one in complaints(condition(world.store, world.pace, world.config, now=world.clock())) if " held " in one
        )
        assert told.startswith("destination desk: 1 message held since 1 Sep 2026 12:00:00 ET, which may have arrived: ")
        assert "`watcher outbox retry ID`" in told
