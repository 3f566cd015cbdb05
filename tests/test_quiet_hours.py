"""What quiet hours keep back is told when they are over, once; what a digest alone tells is told by it; whatever happens meanwhile."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from datetime import time
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import invariant
from hypothesis.stateful import rule

from tests.contract.senders import FakeSender
from tests.sending import owe
from tests.sending import send_all
from tests.world import DAY
from tests.world import HOUR
from tests.world import MINUTE
from tests.world import NOON
from tests.world import TERMINAL
from tests.world import Clock
from tests.world import accession
from tests.world import write_config
from watcher.cli import cli
from watcher.config import Config
from watcher.config import Destination
from watcher.config import load
from watcher.core.errors import ConfigError
from watcher.core.health import complaints
from watcher.core.quiet import Quiet
from watcher.core.quiet import is_quiet
from watcher.core.silence import Silence
from watcher.core.telling import Alert
from watcher.core.telling import Message
from watcher.core.telling import Outcome
from watcher.core.telling import Outgoing
from watcher.deliver import deliver
from watcher.demo.filings import EASTERN
from watcher.digest import owe_digests
from watcher.pace import Pace
from watcher.status import condition
from watcher.store import Store

NIGHTS = Quiet(((time(22), time(7)),), weekends=True)
QUIET = Destination("desk", "terminal", burst=3, quiet=NIGHTS)
DIGEST_ONLY = Destination("desk", "terminal", digest=("daily",), digest_only=True)
EVENING = datetime(2026, 9, 1, 23, tzinfo=EASTERN)
MORNING = datetime(2026, 9, 2, 7, tzinfo=EASTERN)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "watcher.db")) as store:
        yield store


@pytest.fixture
def clock() -> Clock:
    return Clock(EVENING)


@pytest.fixture
def sender() -> FakeSender:
    return FakeSender()


def states(store: Store) -> dict[str, str]:
    rows = store.rows("SELECT event_id, state FROM owed JOIN alert USING (event_id) WHERE accession_number > '' ORDER BY owed.id")
    return {row["event_id"]: row["state"] for row in rows}


def titles(sender: FakeSender) -> list[str]:
    return [outgoing.message.title for _, outgoing in sender.sent]


def test_one_alert_of_the_night_is_told_in_full_in_the_morning(store: Store, clock: Clock, sender: FakeSender) -> None:
    owe(store, clock, 1)
    assert send_all(store, sender, clock, QUIET) == []
    assert states(store) == {"event1": "quiet"}
    clock.now = MORNING
    send_all(store, sender, clock, QUIET)
    assert titles(sender) == ["title 1"]


def test_several_are_told_as_one_summary(store: Store, clock: Clock, sender: FakeSender) -> None:
    for number in (1, 2, 3):
        owe(store, clock, number)
        send_all(store, sender, clock, QUIET)
        clock.tick(HOUR)
    clock.now = MORNING
    send_all(store, sender, clock, QUIET)
    ((_, outgoing),) = sender.sent
    assert "3 alerts waited for the end of your quiet hours" in outgoing.message.text
    assert all(accession(number) in outgoing.message.text for number in (1, 2, 3))
    assert set(states(store).values()) == {"delivered"}


def test_what_waited_for_a_destination_that_was_down_is_quiet_too(store: Store, clock: Clock, sender: FakeSender) -> None:
    clock.now = EVENING - 2 * HOUR
    sender.is_gone()
    owe(store, clock, 1)
    send_all(store, sender, clock, QUIET)
    clock.now = EVENING
    sender.accepts()
    assert send_all(store, sender, clock, QUIET) == []
    clock.now = MORNING
    assert send_all(store, sender, clock, QUIET) == ["accepted"]


def test_a_pause_that_was_asked_for_outlasts_the_quiet_hours(store: Store, clock: Clock, sender: FakeSender) -> None:
    clock.now = MORNING - timedelta(minutes=1)
    with store.transaction():
        store.keep_alert(Alert("blind", "", "vigil", (), Message("blind", "blind", "blind"), b"{}", ("desk",)), clock())
    owe(store, clock, 1)
    sender.asks_for_a_pause(600)
    assert send_all(store, sender, clock, QUIET) == ["retryable"]
    asked = clock()
    sender.accepts()
    clock.now = MORNING
    assert send_all(store, sender, clock, QUIET) == []
    clock.now = asked + timedelta(seconds=600)
    assert send_all(store, sender, clock, QUIET) == ["accepted", "accepted"]


def test_what_may_have_arrived_is_told_alone_and_marked(store: Store, clock: Clock, sender: FakeSender) -> None:
    clock.now = EVENING - 2 * HOUR
    sender.falls_silent()
    owe(store, clock, 1)
    send_all(store, sender, clock, QUIET)
    clock.now = EVENING
    owe(store, clock, 2, 3)
    send_all(store, sender, clock, QUIET)
    clock.now = MORNING
    sender.accepts()
    send_all(store, sender, clock, QUIET)
    later = {outgoing.event_id: outgoing.possible_repeat for at, outgoing in sender.sent if at == MORNING}
    assert later["event1"]
    assert sorted(later.values()) == [False, True]


def owe_about_itself(store: Store, clock: Clock) -> None:
    with store.transaction():
        store.keep_alert(Alert("blind", "", "vigil", (), Message("blind", "blind", "blind"), b"{}", ("desk",)), clock())


@pytest.mark.parametrize("terms", [QUIET, DIGEST_ONLY], ids=["quiet hours", "digest only"])
def test_what_the_watcher_says_of_itself_passes_at_all_times(
    store: Store, clock: Clock, sender: FakeSender, terms: Destination
) -> None:
    owe(store, clock, 1)
    owe_about_itself(store, clock)
    send_all(store, sender, clock, terms)
    assert titles(sender) == ["blind"]


def test_quiet_taken_out_of_the_configuration_lets_all_through(store: Store, clock: Clock, sender: FakeSender) -> None:
    owe(store, clock, 1)
    send_all(store, sender, clock, QUIET)
    send_all(store, sender, clock, replace(QUIET, quiet=None))
    assert titles(sender) == ["title 1"]


def test_a_destination_taken_out_of_the_configuration_leaves_no_row_that_waits_for_ever(store: Store, clock: Clock) -> None:
    owe(store, clock, 1)
    send_all(store, FakeSender(), clock, QUIET)
    store.bury_unknown_destinations(set(), clock())
    assert states(store) == {"event1": "dead"}


def test_a_night_of_quiet_is_not_taken_for_a_destination_in_trouble(tmp_path: Path, store: Store, clock: Clock) -> None:
    config = load(write_config(tmp_path, "http://127.0.0.1:9", {"desk": TERMINAL}), {})

    def complained() -> str:
        return " ".join(complaints(condition(store, Pace(tmp_path / "pace"), config, now=clock())))

    owe(store, clock, 1)
    send_all(store, FakeSender(), clock, QUIET)
    clock.tick(6 * HOUR)
    assert "desk" not in complained()
    down = FakeSender()
    down.is_gone()
    clock.now = MORNING
    send_all(store, down, clock, QUIET)
    clock.tick(10 * MINUTE)
    assert "older" not in complained()
    assert store.value("SELECT woken_at FROM owed") is not None


# --- digests ----------------------------------------------------------------------------------------------------------------


def a_config(folder: Path, *destinations: Destination) -> Config:
    config = load(write_config(folder, "http://edgar.invalid", {"desk": "terminal = true"}), {})
    return replace(config, destinations={one.name: one for one in destinations})


def test_a_digest_is_owed_once_for_each_period(tmp_path: Path, store: Store) -> None:
    config = a_config(tmp_path, replace(QUIET, quiet=None, digest=("daily", "weekly")))
    owed = []
    at = NOON
    while at < NOON + 14 * DAY:
        owed += [at for _ in owe_digests(store, config, now=at)]
        at += timedelta(minutes=25)
    days = [(json.loads(row["payload"])["period"], row["title"]) for row in store.rows("SELECT payload, title FROM alert")]
    assert len(owed) == len(days)
    assert [kind for kind, _ in days].count("daily") == 9  # Labor Day is none
    assert [kind for kind, _ in days].count("weekly") == 2


def test_after_days_without_the_watcher_one_digest_covers_them_all(tmp_path: Path, store: Store) -> None:
    config = a_config(tmp_path, replace(QUIET, digest=("daily",)))
    list(owe_digests(store, config, now=NOON))
    list(owe_digests(store, config, now=NOON + 9 * DAY))
    (text,) = (row["text"] for row in store.rows("SELECT text FROM alert"))
    assert "Covers 1 Sep 2026 to 9 Sep 2026" in text


def test_a_destination_that_is_new_to_digests_is_not_told_of_the_past(tmp_path: Path, store: Store) -> None:
    assert list(owe_digests(store, a_config(tmp_path, replace(QUIET, digest=("daily",))), now=EVENING)) == []


@pytest.mark.parametrize("without", [(), (replace(QUIET, digest=()),)])
def test_a_destination_that_wants_digests_again_is_not_told_of_the_time_between(
    tmp_path: Path, store: Store, without: tuple[Destination, ...]
) -> None:
    wanting, other = a_config(tmp_path, replace(QUIET, digest=("daily",))), a_config(tmp_path, *without)
    days = ((0, wanting), (1, wanting), (2, other), (20, wanting), (20, wanting), (21, wanting))
    told = [list(owe_digests(store, config, now=NOON + number * DAY)) for number, config in days]
    assert told == [[], ["desk"], [], [], [], ["desk"]]


def test_a_clock_that_was_ahead_makes_no_digest_of_the_past_when_it_is_right_again(tmp_path: Path, store: Store) -> None:
    config = a_config(tmp_path, replace(QUIET, digest=("daily",)))
    assert [list(owe_digests(store, config, now=NOON + days * DAY)) for days in (0, 30, 0, 0, 1)] == [
        [],
        ["desk"],
        [],
        [],
        ["desk"],
    ]


def test_alerts_reach_who_wants_it_so_in_the_digest_only(tmp_path: Path, store: Store, sender: FakeSender) -> None:
    clock, config = Clock(NOON), a_config(tmp_path, DIGEST_ONLY)
    list(owe_digests(store, config, now=clock()))
    owe(store, clock, 1, 2)
    assert send_all(store, sender, clock, DIGEST_ONLY) == []
    clock.now = EVENING
    list(owe_digests(store, config, now=clock()))
    send_all(store, sender, clock, DIGEST_ONLY)
    ((_, outgoing),) = sender.sent
    assert "2 alerts for you: 2 in this digest" in outgoing.message.text
    assert all(accession(number) in outgoing.message.text for number in (1, 2))
    assert set(states(store).values()) == {"delivered"}


def test_what_comes_after_a_clock_that_was_ahead_is_told_by_a_digest_of_its_own(
    tmp_path: Path, store: Store, sender: FakeSender
) -> None:
    clock, config = Clock(NOON), a_config(tmp_path, DIGEST_ONLY)
    for number, at in enumerate((NOON, EVENING, NOON + HOUR, EVENING)):
        clock.now = at
        list(owe_digests(store, config, now=clock()))
        send_all(store, sender, clock, DIGEST_ONLY)
        owe(store, clock, number)
    clock.now = EVENING + DAY
    list(owe_digests(store, config, now=clock()))
    send_all(store, sender, clock, DIGEST_ONLY)
    assert set(states(store).values()) == {"delivered"}
    assert [sum(accession(number) in outgoing.message.text for _, outgoing in sender.sent) for number in range(4)] == [1] * 4


@pytest.mark.parametrize("terms", [DIGEST_ONLY, replace(DIGEST_ONLY, digest_only=False)])
def test_a_digest_names_an_alert_that_is_damaged_in_the_store_and_tells_nothing_of_it(
    tmp_path: Path, store: Store, sender: FakeSender, terms: Destination
) -> None:
    clock, config = Clock(NOON), a_config(tmp_path, terms)
    list(owe_digests(store, config, now=clock()))
    owe(store, clock, 1, 2)
    store.execute("UPDATE alert SET title = 'another', payload = CAST('{' AS BLOB) WHERE event_id = 'event1'")
    clock.now = EVENING
    list(owe_digests(store, config, now=clock()))
    send_all(store, sender, clock, terms)
    text = sender.sent[-1][1].message.text
    assert f"an alert whose words are damaged in the store ({accession(1)})" in text
    assert "another" not in text
    assert accession(2) in text


def test_a_digest_waits_for_the_end_of_quiet_hours(tmp_path: Path, store: Store, sender: FakeSender) -> None:
    clock, terms = Clock(NOON), replace(QUIET, digest=("daily",))
    list(owe_digests(store, a_config(tmp_path, terms), now=clock()))
    clock.now = EVENING
    owe(store, clock, 1, 2)
    list(owe_digests(store, a_config(tmp_path, terms), now=clock()))
    assert send_all(store, sender, clock, terms) == []
    clock.now = MORNING
    send_all(store, sender, clock, terms)
    assert [title.partition(":")[0] for title in titles(sender)] == ["Digest of 1 Sep 2026", "2 alerts in one message"]


def test_the_outbox_shows_until_when_an_alert_is_kept_back(tmp_path: Path, store: Store, clock: Clock) -> None:
    config = a_config(tmp_path)
    owe(store, clock, 1)
    send_all(store, FakeSender(), clock, QUIET)
    shown = CliRunner().invoke(cli, ["outbox", "list", "--json", "--config", str(config.path)])
    (row,) = [json.loads(line) for line in shown.stdout.splitlines()]
    assert (row["state"], datetime.fromisoformat(row["next_at"])) == ("quiet", MORNING)


# --- configuration ------------------------------------------------------------------------------------------------------------


def configured(folder: Path, toml: str) -> Destination:
    return load(write_config(folder, "http://edgar.invalid", {"desk": f"terminal = true\n{toml}"}), {}).destinations["desk"]


def test_quiet_and_digests_are_read(tmp_path: Path) -> None:
    toml = 'quiet = ["22:00-07:00", "12:00 - 24:00", "weekends"]\ntimezone = "Europe/Berlin"\ndigest = ["weekly", "daily"]\nonly = "digest"'
    made = configured(tmp_path, toml)
    spans = ((time(22), time(7)), (time(12), time(0)))
    assert made.quiet == Quiet(spans, weekends=True, zone="Europe/Berlin")
    assert (made.digest, made.digest_only) == (("daily", "weekly"), True)


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ('quiet = ["22:00"]', 'quiet must hold spans of the day such as "22:00-07:00"'),
        ('quiet = ["07:00-24:30"]', "quiet must hold spans"),
        ('quiet = ["07:00-07:00"]', "quiet has a span that ends when it begins"),
        ('quiet = ["00:00-12:00", "12:00-24:00"]', "quiet leaves no time of the week"),
        ('quiet = ["weekends"]\ntimezone = "Mars"', "timezone must be a time zone"),
        ('timezone = "Europe/Berlin"', "timezone is for quiet, which is missing"),
        ('digest = "monthly"', "digest has an unknown digest 'monthly'"),
        ('digest = ["daily", "daily"]', 'digest must be "daily"'),
        ("digest = 1", "digest must be text in quotes"),
        ('only = "digest"', 'needs digest = "daily"'),
    ],
)
def test_a_mistake_in_the_configuration_is_said(tmp_path: Path, toml: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(tmp_path, toml)
    assert says in str(caught.value)


def test_a_program_has_no_night(tmp_path: Path) -> None:
    hook = 'webhook = "http://hook.invalid/"\nsecret_env = "HOOK_SECRET"\nquiet = ["weekends"]'
    with pytest.raises(ConfigError, match="quiet is for people only"):
        load(write_config(tmp_path, "http://edgar.invalid", {"hook": hook}), {"HOOK_SECRET": "s"})


# --- whatever happens -----------------------------------------------------------------------------------------------------------


class Killed(Exception):
    """The process ends."""


class Receiver(FakeSender):
    """Knows what arrived, and is killed after a message is out, or before, when `kill` says so. Nobody is disturbed by it."""

    def __init__(self) -> None:
        super().__init__()
        self.kill = ""
        self.quiet: Quiet | None = None
        self.arrived: list[Outgoing] = []

    def send(self, outgoing: Outgoing, *, now: datetime) -> Outcome:
        if self.kill == "before":
            raise Killed
        assert self.quiet is None or not is_quiet(self.quiet, now) or outgoing.event_id.startswith("self")
        outcome = super().send(outgoing, now=now)
        if outcome.state in {"accepted", "unknown"}:
            self.arrived.append(outgoing)
        if self.kill == "after":
            raise Killed
        return outcome


class QuietOutbox(RuleBasedStateMachine):
    """Promises, silences, nights, digests, outcomes, kills, people and changes of the configuration in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock(EVENING - 3 * HOUR)
        self.receiver = Receiver()
        self.store = Store(Path(self.folder.name) / "s.db")
        self.config = a_config(Path(self.folder.name))
        self.terms = QUIET
        self.promised = 0
        self.about_itself = 0
        self.silence = self.store.add_silence(Silence(0, NOON, NOON + 900 * DAY, "noise", destination="desk"))

    @rule(number=st.integers(1, 6), silenced=st.booleans())
    def promise(self, number: int, silenced: bool) -> None:
        owe(self.store, self.clock, *range(self.promised, self.promised + number), silence=self.silence if silenced else None)
        self.promised += number

    @rule()
    def say_of_itself(self) -> None:
        self.about_itself += 1
        alert = Alert(f"self{self.about_itself}", "", "vigil", (), Message("blind", "blind", "blind"), b"{}", ("desk",))
        with self.store.transaction():
            self.store.keep_alert(alert, self.clock())

    @rule(
        verb=st.sampled_from(("accepts", "refuses", "fails", "is_gone", "falls_silent")),
        kill=st.sampled_from(("", "", "before", "after")),
    )
    def try_one(self, verb: str, kill: str) -> None:
        getattr(self.receiver, verb)()
        self.receiver.kill, self.receiver.quiet = kill, self.terms.quiet
        try:
            deliver(self.store, self.receiver, "desk", now=self.clock, terms=self.terms)
        except Killed:
            self.restart()
        self.receiver.kill = ""

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.store = Store(Path(self.folder.name) / "s.db")
        self.store.recover_sending(self.clock())

    @rule(
        terms=st.sampled_from(
            (QUIET, DIGEST_ONLY, replace(QUIET, digest=("daily",), digest_only=True), replace(QUIET, quiet=None))
        )
    )
    def configure(self, terms: Destination) -> None:
        self.terms = terms

    @rule(hours=st.sampled_from((0.1, 2, 9, 30)))
    def wait(self, hours: float) -> None:
        self.clock.tick(timedelta(hours=hours))

    @rule()
    def digest(self) -> None:
        config = replace(self.config, destinations={"desk": self.terms})
        list(owe_digests(self.store, config, now=self.clock()))

    @rule(number=st.integers(1, 30))
    def a_person_tries(self, number: int) -> None:
        self.store.retry_now(number, self.clock())

    @rule(number=st.integers(1, 30))
    def a_person_drops(self, number: int) -> None:
        self.store.drop(number, "told by telephone")

    def told(self) -> list[tuple[str, bool]]:
        """Each time that an alert arrived, and whether it was marked as a possible repeat."""
        found = []
        for outgoing in self.receiver.arrived:
            body = json.loads(outgoing.payload)
            for event in body.get("carries", [outgoing.event_id]):
                line = f"[possible repeat] title {event.removeprefix('event')} ("
                found.append((event, outgoing.possible_repeat or line in outgoing.message.text))
        return found

    @invariant()
    def every_alert_stands_somewhere(self) -> None:
        known = {"delivered", "folded", "silenced", "quiet", "held", "dead", "pending", "sending", "retry", "unknown"}
        assert len(states(self.store)) == self.promised
        assert set(states(self.store).values()) <= known

    @invariant()
    def nothing_arrives_twice_unmarked(self) -> None:
        seen: set[str] = set()
        for event, marked in self.told():
            assert marked or event not in seen
            seen.add(event)

    @invariant()
    def what_counts_as_delivered_has_arrived_and_what_is_silenced_has_not(self) -> None:
        arrived = {event for event, _ in self.told()}
        assert {event for event, state in states(self.store).items() if state == "delivered"} <= arrived
        assert not {event for event, state in states(self.store).items() if state == "silenced"} & arrived

    def teardown(self) -> None:
        self.receiver.accepts()
        self.terms = replace(QUIET, quiet=None)
        self.receiver.quiet = None
        for _ in range(self.promised + 5):
            self.clock.tick(61 * MINUTE)
            send_all(self.store, self.receiver, self.clock, self.terms)
        assert set(states(self.store).values()) <= {"delivered", "silenced", "dead"}
        self.nothing_arrives_twice_unmarked()
        self.store.close()
        self.folder.cleanup()


TestQuietOutbox = QuietOutbox.TestCase
TestQuietOutbox.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
