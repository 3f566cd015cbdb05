"""A burst becomes few messages and every alert in it is accounted for; what may have arrived is held where that is asked for."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import initialize
from hypothesis.stateful import invariant
from hypothesis.stateful import rule

from tests.contract.senders import FakeSender
from tests.sending import DESK
from tests.sending import owe
from tests.sending import send_all
from tests.world import HOUR
from tests.world import MINUTE
from tests.world import Clock
from tests.world import accession
from tests.world import write_config
from watcher.cli import cli
from watcher.config import Destination
from watcher.core.folding import folded
from watcher.core.telling import Alert
from watcher.core.telling import Message
from watcher.core.telling import Outcome
from watcher.core.telling import Outgoing
from watcher.deliver import BACKOFF
from watcher.deliver import deliver
from watcher.store import Store
from watcher.store import stamp

FOLDING = Destination("desk", "terminal", burst=3)
HOLDS = Destination("desk", "terminal", unknown="hold")
HOOK = Destination("desk", "webhook", "https://example.com/hook", b"k")


class Killed(Exception):
    """The process ends."""


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


def states(store: Store) -> dict[str, str]:
    """The state of every alert about a filing."""
    return {row["event_id"]: row["state"] for row in store.rows("SELECT event_id, state FROM owed") if "event" in row["event_id"]}


def fold_and_die(store: Store, clock: Clock) -> None:
    with store.transaction():
        store.fold("desk", folded(store.burst("desk", 3, clock()), "desk", 30_000), clock())
        raise Killed


def texts(sender: FakeSender) -> list[str]:
    return [outgoing.message.text for _, outgoing in sender.sent]


# --- bursts -----------------------------------------------------------------------------------------------------------------------


def test_a_burst_becomes_one_message_that_lists_every_alert(store: Store, clock: Clock, desk: FakeSender) -> None:
    owe(store, clock, 1, 2, 3, 4)
    assert send_all(store, desk, clock, FOLDING) == ["accepted"]
    (text,) = texts(desk)
    assert [text.index(accession(number)) for number in (1, 2, 3, 4)] == sorted(text.index(accession(n)) for n in (1, 2, 3, 4))
    assert set(states(store).values()) == {"delivered"}
    assert store.value("SELECT count(*) FROM owed WHERE delivered_at IS NULL") == 0


def test_up_to_the_limit_each_alert_has_a_message_of_its_own(store: Store, clock: Clock, desk: FakeSender) -> None:
    owe(store, clock, 1, 2, 3)
    assert send_all(store, desk, clock, FOLDING) == ["accepted"] * 3
    assert desk.received == ["event1", "event2", "event3"]


@pytest.mark.parametrize("terms", [HOOK, DESK, HOLDS], ids=["a webhook", "burst 0", "no burst given"])
def test_where_nothing_is_folded_each_alert_goes_by_itself(
    store: Store, clock: Clock, desk: FakeSender, terms: Destination
) -> None:
    owe(store, clock, *range(30))
    assert send_all(store, desk, clock, terms) == ["accepted"] * 30


def test_a_burst_too_long_for_one_message_becomes_several(store: Store, clock: Clock, desk: FakeSender) -> None:
    owe(store, clock, *range(40))
    telegram = Destination("desk", "apprise", "tgram://123456789:abcdefg_hijklmnop/12315544/", burst=10)
    sent = send_all(store, desk, clock, telegram)
    assert 1 < len(sent) < 10
    assert all(sum(accession(number) in text for text in texts(desk)) == 1 for number in range(40))
    assert set(states(store).values()) == {"delivered"}


def test_an_alert_is_delivered_only_when_the_digest_that_carries_it_was_accepted(
    store: Store, clock: Clock, desk: FakeSender
) -> None:
    owe(store, clock, 1, 2, 3, 4)
    desk.fails()
    assert send_all(store, desk, clock, FOLDING) == ["retryable"]
    assert set(states(store).values()) == {"folded"}
    clock.tick(HOUR)
    desk.accepts()
    assert send_all(store, desk, clock, FOLDING) == ["accepted"]
    assert set(states(store).values()) == {"delivered"}
    first, second = texts(desk)
    assert first == second


def test_what_comes_later_is_not_put_into_a_digest_that_waits(store: Store, clock: Clock, desk: FakeSender) -> None:
    owe(store, clock, 1, 2, 3, 4)
    desk.fails()
    send_all(store, desk, clock, FOLDING)
    owe(store, clock, 5)
    clock.tick(HOUR)
    desk.accepts()
    assert send_all(store, desk, clock, FOLDING) == ["accepted"] * 2
    assert not any(accession(5) in text for text in texts(desk)[:2])
    assert desk.received[-1] == "event5"


def test_a_digest_refused_for_good_is_dead_with_all_that_it_carries_and_one_command_sends_it_again(
    store: Store, clock: Clock, desk: FakeSender
) -> None:
    owe(store, clock, 1, 2, 3, 4)
    desk.refuses()
    assert send_all(store, desk, clock, FOLDING) == ["permanent"]
    assert set(states(store).values()) == {"dead"}
    desk.accepts()
    assert store.retry_now(5, clock())
    assert set(states(store).values()) == {"folded"}
    assert send_all(store, desk, clock, FOLDING) == ["accepted"]
    assert set(states(store).values()) == {"delivered"}


def test_an_alert_taken_out_of_a_dead_digest_is_marked_as_is_the_digest(store: Store, clock: Clock, desk: FakeSender) -> None:
    owe(store, clock, 1, 2, 3, 4)
    desk.refuses()
    send_all(store, desk, clock, FOLDING)
    desk.accepts()
    assert store.retry_now(2, clock())
    assert store.retry_now(5, clock())
    send_all(store, desk, clock, FOLDING)
    assert [outgoing.possible_repeat for _, outgoing in desk.sent] == [False, True, True]
    assert set(states(store).values()) == {"delivered"}


def test_an_alert_on_its_way_in_a_digest_can_be_neither_tried_nor_dropped_alone(
    store: Store, clock: Clock, desk: FakeSender
) -> None:
    owe(store, clock, 1, 2, 3, 4)
    desk.fails()
    send_all(store, desk, clock, FOLDING)
    assert not store.retry_now(1, clock())
    assert not store.drop(1, "told by telephone")
    assert (store.carried_by(1), store.carried_by(5)) == (5, None)
    assert store.drop(5, "told by telephone")
    assert set(states(store).values()) == {"dead"}


def test_a_crash_while_a_digest_is_sent_repeats_it_whole_and_marked(store: Store, clock: Clock, desk: FakeSender) -> None:
    class Dies(FakeSender):
        def send(self, outgoing: Outgoing, *, now: datetime) -> Outcome:
            super().send(outgoing, now=now)
            raise KeyboardInterrupt

    owe(store, clock, 1, 2, 3, 4)
    with pytest.raises(KeyboardInterrupt):
        deliver(store, Dies(), "desk", now=clock, terms=FOLDING)
    assert set(states(store).values()) == {"folded"}
    assert store.recover_sending(clock()) == 1
    assert send_all(store, desk, clock, FOLDING) == ["accepted"]
    assert [outgoing.possible_repeat for _, outgoing in desk.sent] == [True]
    assert set(states(store).values()) == {"delivered"}


def test_a_crash_while_folding_leaves_every_alert_as_it_was(store: Store, clock: Clock, tmp_path: Path) -> None:
    owe(store, clock, 1, 2, 3, 4)
    with pytest.raises(Killed):
        fold_and_die(store, clock)
    with closing(Store(tmp_path / "watcher.db")) as restarted:
        assert set(states(restarted).values()) == {"pending"}
        assert restarted.value("SELECT count(*) FROM alert") == 4


def test_what_may_have_arrived_is_repeated_alone_and_never_folded(store: Store, clock: Clock, desk: FakeSender) -> None:
    owe(store, clock, 1)
    desk.falls_silent()
    send_all(store, desk, clock, FOLDING)
    desk.accepts()
    owe(store, clock, 0)
    send_all(store, desk, clock, FOLDING)
    clock.tick(HOUR)
    owe(store, clock, 2, 3, 4, 5)
    assert send_all(store, desk, clock, FOLDING) == ["accepted"] * 2
    assert sorted((accession(1) in text, accession(2) in text) for text in texts(desk)[2:]) == [(False, False), (False, True)]


def test_a_possible_repeat_stays_out_of_a_burst_that_comes_after_it(store: Store, clock: Clock, desk: FakeSender) -> None:
    owe(store, clock, 1, 2)
    store.execute(
        "UPDATE owed SET state = 'retry', may_repeat = 1, next_at = ? WHERE event_id = 'event1'", (stamp(clock() + HOUR),)
    )
    assert send_all(store, desk, clock, FOLDING) == ["accepted"]
    owe(store, clock, 3, 4, 5, 6)
    clock.tick(2 * HOUR)
    assert send_all(store, desk, clock, FOLDING) == ["accepted"] * 2
    assert [outgoing.possible_repeat for _, outgoing in desk.sent if outgoing.event_id == "event1"] == [True]
    assert not any(accession(1) in text for text in texts(desk)), "no digest names it"


def test_a_folded_alert_is_not_called_delivered_before_its_digest_is(store: Store, clock: Clock) -> None:
    owe(store, clock, 1, 2, 3, 4)
    with store.transaction():
        store.fold("desk", folded(store.burst("desk", 3, clock()), "desk", 30_000), clock())
    assert set(states(store).values()) == {"folded"}


def test_a_destination_in_trouble_is_tried_with_one_alert_and_gets_the_rest_folded_when_it_is_back(
    store: Store, clock: Clock, desk: FakeSender
) -> None:
    owe(store, clock, 100)
    desk.is_gone()
    for number in range(50):
        send_all(store, desk, clock, FOLDING)
        owe(store, clock, number)
        clock.tick(MINUTE)
    desk.accepts()
    before = len(desk.sent)
    clock.tick(HOUR)
    assert send_all(store, desk, clock, FOLDING) == ["accepted"] * 2
    assert len(desk.sent) == before + 2
    assert set(states(store).values()) == {"delivered"}


def test_a_damaged_alert_is_not_folded_but_dies_visibly(store: Store, clock: Clock, desk: FakeSender) -> None:
    owe(store, clock, *range(6))
    store.execute("UPDATE alert SET title = 'another' WHERE event_id = 'event2'")
    send_all(store, desk, clock, FOLDING)
    assert Counter(states(store).values()) == {"delivered": 5, "dead": 1}
    assert not any("another" in text for text in texts(desk))


def test_what_is_not_about_a_filing_is_never_folded(store: Store, clock: Clock, desk: FakeSender) -> None:
    with store.transaction():
        store.keep_alert(Alert("blind", "", "", (), Message("blind", "blind", "blind"), b"{}", ("desk",)), clock())
    owe(store, clock, 1, 2, 3, 4)
    assert send_all(store, desk, clock, FOLDING) == ["accepted"] * 2
    assert "blind" in desk.received


def test_a_digest_of_a_destination_that_is_gone_is_buried_with_what_it_carries(
    store: Store, clock: Clock, desk: FakeSender
) -> None:
    owe(store, clock, 1, 2, 3, 4)
    desk.fails()
    send_all(store, desk, clock, FOLDING)
    store.bury_unknown_destinations({"phone"}, clock())
    assert set(states(store).values()) == {"dead"}


# --- what may have arrived ----------------------------------------------------------------------------------------------------------


def test_by_default_what_may_have_arrived_is_sent_again_marked(store: Store, clock: Clock, desk: FakeSender) -> None:
    owe(store, clock, 1)
    desk.falls_silent()
    send_all(store, desk, clock, FOLDING)
    clock.tick(timedelta(seconds=BACKOFF[0]))
    desk.accepts()
    assert send_all(store, desk, clock, FOLDING) == ["accepted"]
    assert desk.sent[-1][1].possible_repeat


@pytest.mark.parametrize("killed", [True, False], ids=["by a kill", "by a lost answer"])
def test_where_it_is_held_nobody_but_a_person_sends_it_again(store: Store, clock: Clock, desk: FakeSender, killed: bool) -> None:
    owe(store, clock, 1, 2)
    if killed:
        owed = store.next_owed("desk", clock())
        assert owed is not None
        store.start_sending(owed, clock())
        store.recover_sending(clock())
    else:
        desk.falls_silent()
        deliver(store, desk, "desk", now=clock, terms=HOLDS)
        desk.accepts()
    clock.tick(HOUR)
    assert send_all(store, desk, clock, HOLDS) == ["accepted"]
    assert states(store) == {"event1": "held", "event2": "delivered"}
    assert store.retry_now(1, clock())
    assert send_all(store, desk, clock, HOLDS) == ["accepted"]
    assert desk.sent[-1][1].possible_repeat
    assert states(store)["event1"] == "delivered"


def test_what_is_held_can_be_given_up_with_the_reason(store: Store, clock: Clock, desk: FakeSender) -> None:
    owe(store, clock, 1)
    desk.falls_silent()
    send_all(store, desk, clock, HOLDS)
    assert store.drop(1, "it is in the channel")
    assert states(store) == {"event1": "dead"}
    assert store.value("SELECT reason FROM owed") == "dropped: it is in the channel"
    assert store.retry_now(1, clock())
    assert store.value("SELECT reason FROM owed") is None, "it is given up no more"


@pytest.mark.parametrize(("state", "ends"), [("retryable", "dead"), ("unknown", "dead"), ("accepted", "delivered")])
def test_what_is_given_up_while_it_is_being_sent_is_not_sent_again(store: Store, clock: Clock, state: str, ends: str) -> None:
    owe(store, clock, 1)
    owed = store.next_owed("desk", clock())
    assert owed is not None
    attempt = store.start_sending(owed, clock())
    assert store.drop(owed.id, "told by telephone")
    store.record(owed, attempt, Outcome(state, "no answer"), now=clock(), next_at=clock())
    (row,) = store.rows("SELECT state, reason FROM owed")
    assert row["state"] == ends
    assert ends == "delivered" or row["reason"] == "dropped: told by telephone"


def test_a_held_digest_holds_what_it_carries(store: Store, clock: Clock, desk: FakeSender) -> None:
    both = Destination("desk", "terminal", unknown="hold", burst=3)
    owe(store, clock, 1, 2, 3, 4)
    desk.falls_silent()
    send_all(store, desk, clock, both)
    clock.tick(HOUR)
    assert send_all(store, desk, clock, both) == []
    assert set(states(store).values()) == {"held"}


# --- the commands ------------------------------------------------------------------------------------------------------------------


def test_the_list_shows_what_is_held_and_with_which_message_a_folded_alert_goes(
    store: Store, clock: Clock, desk: FakeSender, tmp_path: Path
) -> None:
    owe(store, clock, 9)
    desk.falls_silent()
    send_all(store, desk, clock, HOLDS)
    store.hold_unknown("desk")
    desk.accepts()
    owe(store, clock, 0)
    send_all(store, desk, clock, FOLDING)
    owe(store, clock, 1, 2, 3, 4)
    desk.fails()
    send_all(store, desk, clock, FOLDING)
    config = str(write_config(tmp_path, "http://127.0.0.1:1", {"desk": "terminal = true"}))
    listed = CliRunner().invoke(cli, ["outbox", "list", "--json", "--config", config])
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    digest = rows[-1]["id"]
    assert [(row["state"], row["goes_with"]) for row in rows] == [("held", None), *[("folded", digest)] * 4, ("retry", None)]
    for command in (["retry", str(rows[1]["id"])], ["drop", str(rows[1]["id"]), "--why", "x"]):
        refused = CliRunner().invoke(cli, ["outbox", *command, "--config", config])
        assert refused.exit_code == 1
        assert f"goes with message {digest}" in refused.output
    assert CliRunner().invoke(cli, ["outbox", "retry", str(rows[0]["id"]), "--config", config]).exit_code == 0
    assert CliRunner().invoke(cli, ["outbox", "drop", str(digest), "--why", "x", "--config", config]).exit_code == 0


# --- whatever happens -----------------------------------------------------------------------------------------------------------------


class Cut(FakeSender):
    """As the fake, and killed after a message is out, or before, when `kill` says so. It knows what really arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.kill = ""
        self.arrived: list[Outgoing] = []

    def send(self, outgoing: Outgoing, *, now: datetime) -> Outcome:
        if self.kill == "before":
            raise Killed
        outcome = super().send(outgoing, now=now)
        if outcome.state in {"accepted", "unknown"}:
            self.arrived.append(outgoing)
        if self.kill == "after":
            raise Killed
        return outcome


class Outbox(RuleBasedStateMachine):
    """Promises, outcomes, kills, restarts and people in any order, over a store on disk."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.cut = Cut()
        self.promised = 0
        self.store = Store(Path(self.folder.name) / "s.db")
        self.policy = "resend"

    @property
    def terms(self) -> Destination:
        return Destination("desk", "terminal", unknown=self.policy, burst=3)

    @initialize(number=st.integers(1, 8))
    def begin(self, number: int) -> None:
        self.promise(number)

    @rule(number=st.integers(1, 8))
    def promise(self, number: int) -> None:
        owe(self.store, self.clock, *range(self.promised, self.promised + number))
        self.promised += number

    @rule(
        verb=st.sampled_from(("accepts", "refuses", "fails", "is_gone", "falls_silent")),
        kill=st.sampled_from(("", "", "before", "after")),
    )
    def try_one(self, verb: str, kill: str) -> None:
        getattr(self.cut, verb)()
        self.cut.kill = kill
        try:
            deliver(self.store, self.cut, "desk", now=self.clock, terms=self.terms)
        except Killed:
            self.restart()
        self.cut.kill = ""

    @rule()
    def killed_while_folding(self) -> None:
        try:
            fold_and_die(self.store, self.clock)
        except Killed:
            self.restart()

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.store = Store(Path(self.folder.name) / "s.db")
        self.store.recover_sending(self.clock())

    @rule(policy=st.sampled_from(("resend", "hold")))
    def configure(self, policy: str) -> None:
        self.policy = policy

    @rule(minutes=st.sampled_from((0.1, 1, 61)))
    def wait(self, minutes: float) -> None:
        self.clock.tick(timedelta(minutes=minutes))

    @rule(number=st.integers(1, 30))
    def a_person_tries(self, number: int) -> None:
        self.store.retry_now(number, self.clock())

    @rule(number=st.integers(1, 30))
    def a_person_drops(self, number: int) -> None:
        self.store.drop(number, "told by telephone")

    @invariant()
    def every_alert_has_its_row_and_a_carried_one_stands_as_its_digest(self) -> None:
        assert len(states(self.store)) == self.promised
        for row in self.store.rows(
            "SELECT owed.state, carrier.state AS whole FROM owed LEFT JOIN owed AS carrier ON carrier.event_id = owed.digest"
            " WHERE owed.digest IS NOT NULL"
        ):
            settled = row["whole"] in {"delivered", "dead", "held"}
            assert row["state"] == (row["whole"] if settled else "folded") or row["state"] == "dead"

    @invariant()
    def no_alert_is_in_two_digests(self) -> None:
        bodies = [json.loads(row["payload"]) for row in self.store.rows("SELECT payload FROM alert WHERE accession_number = ''")]
        carried = [event for body in bodies for event in body["carries"]]
        assert len(carried) == len(set(carried))

    @invariant()
    def nothing_arrives_twice_unmarked(self) -> None:
        told: set[str] = set()
        for outgoing in self.cut.arrived:
            body = json.loads(outgoing.payload)
            events = set(body.get("carries", [outgoing.event_id]))
            assert outgoing.possible_repeat or not events & told
            told |= events

    @invariant()
    def what_counts_as_delivered_has_arrived(self) -> None:
        told = {event for one in self.cut.arrived for event in json.loads(one.payload).get("carries", [one.event_id])}
        assert {event for event, state in states(self.store).items() if state == "delivered"} <= told

    def teardown(self) -> None:
        self.cut.accepts()
        for _ in range(self.promised + 5):
            self.clock.tick(61 * MINUTE)
            send_all(self.store, self.cut, self.clock, self.terms)
        assert set(states(self.store).values()) <= {"delivered", "held", "dead"}
        self.nothing_arrives_twice_unmarked()
        self.store.close()
        self.folder.cleanup()


TestOutbox = Outbox.TestCase
TestOutbox.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
