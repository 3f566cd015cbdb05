"""Whoever relies on the watcher hears that it is in trouble, once, again with patience, and when it is over; and nothing at night."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from collections.abc import Iterator
from datetime import datetime
from datetime import timedelta
from pathlib import Path

import pytest

from tests.core.samples import BODY
from tests.loopback import Receiver
from tests.loopback import unused_port
from tests.world import DAY
from tests.world import HOUR
from tests.world import MINUTE
from tests.world import NOON
from tests.world import OTHER
from tests.world import TERMINAL
from tests.world import World
from tests.world import a_sale
from tests.world import accession
from watcher.config import load
from watcher.core.errors import ConfigError
from watcher.core.errors import WatcherError
from watcher.core.health import complaints
from watcher.core.submission import EASTERN
from watcher.core.telling import Alert
from watcher.core.telling import Message
from watcher.core.telling import Outcome
from watcher.core.vigil import source_of
from watcher.notify.ping import ping
from watcher.status import condition
from watcher.store import Owed
from watcher.vigil import vigil

STEP = MINUTE
PLENTY = 10**12
LABOR_DAY = datetime(2026, 9, 7, 12, tzinfo=EASTERN)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, destinations={"desk": TERMINAL, "spare": TERMINAL}) as world:
        world.watch()
        world.file(a_sale(1, issuer=OTHER))  # so that the list is not empty
        live(world, MINUTE)
        yield world


def live(world: World, span: timedelta, *, free: int = PLENTY, ping: Callable[..., str | None] = ping) -> list[str]:
    """Let the watcher poll and look at itself for a span of its clock; the titles of the messages that came of it."""
    before = count(world)
    ends = world.clock() + span
    while world.clock() < ends:
        world.clock.tick(STEP)
        for prefix in ("4", "3", "5"):
            try:
                world.poll(prefix)
            except WatcherError as error:
                world.store.keep_trouble(source_of(f"poll {prefix}", error), str(error), world.clock())
        look(world, free=free, ping=ping)
    return titles(world)[before:]


def look(world: World, *, free: int = PLENTY, ping: Callable[..., str | None] = ping) -> tuple[str, ...]:
    return vigil(world.store, world.pace, world.config, now=world.clock(), free_bytes=lambda: free, ping=ping)


def count(world: World) -> int:
    return len(titles(world))


def titles(world: World) -> list[str]:
    return [row["title"] for row in world.store.rows("SELECT title FROM alert WHERE watch_key = 'vigil' ORDER BY rowid")]


def told(world: World, title: str) -> set[str]:
    """The destinations that are owed the message of such a title."""
    rows = world.store.rows("SELECT destination FROM owed JOIN alert USING (event_id) WHERE title LIKE ?", (f"%{title}%",))
    return {row["destination"] for row in rows}


# --- blind ----------------------------------------------------------------------------------------------------------------


def test_while_all_is_well_nobody_is_told_anything(world: World) -> None:
    assert live(world, HOUR) == []


def test_edgar_down_for_twenty_minutes_is_one_message_and_one_when_it_is_back(world: World) -> None:
    world.edgar.fault("down")
    (title,) = live(world, 20 * MINUTE)
    assert title.startswith("Watcher: EDGAR is not seen")
    world.edgar.clear_faults()
    assert live(world, 20 * MINUTE) == ["Watcher: over: EDGAR is seen again"]


def test_it_says_since_when_the_last_success_the_errors_and_what_to_do(world: World) -> None:
    world.edgar.fault("down")
    live(world, 20 * MINUTE)
    row = world.store.rows("SELECT text, payload FROM alert WHERE watch_key = 'vigil'")[0]
    for words in (
        "Noticed",
        "form 4: 1 Sep 2026 12:01:00 ET",
        "Recent errors",
        "poll 4: ",
        "What to do",
        "https://www.sec.gov/cgi-bin/browse-edgar",
    ):
        assert words in " ".join(row["text"].split())
    payload = json.loads(row["payload"])
    assert (payload["kind"], payload["accession_number"]) == ("vigil", None)
    assert set(payload) >= BODY
    assert [(one["name"], one["state"]) for one in payload["conditions"]] == [("blind", "wrong")]


def test_an_outage_of_ten_minutes_is_nobodys_business(world: World) -> None:
    world.edgar.fault("503")
    assert live(world, 10 * MINUTE) == []
    world.edgar.clear_faults()
    assert live(world, 10 * MINUTE) == []


@pytest.mark.parametrize("fault", ["html", "empty_feed", "empty", "truncated_length"])
def test_an_answer_that_is_no_list_is_no_good_look(world: World, fault: str) -> None:
    world.edgar.fault(fault)
    assert any("EDGAR is not seen" in title for title in live(world, 20 * MINUTE))


def test_a_feed_of_another_shape_is_told_before_the_watcher_counts_as_blind(world: World) -> None:
    world.edgar.fault("empty_feed")
    (title,) = live(world, 5 * MINUTE)
    assert title.startswith("Watcher: EDGAR answers with something that is not its list of filings")
    world.edgar.clear_faults()
    assert live(world, 5 * MINUTE) == ["Watcher: over: EDGAR's list of filings can be read again"]


@pytest.mark.parametrize("when", [NOON.replace(hour=22, minute=10), NOON + 4 * DAY, LABOR_DAY])
def test_nothing_is_told_at_night_or_on_a_holiday(world: World, when: datetime) -> None:
    world.clock.now = when
    live(world, MINUTE)
    world.close_gap()
    world.edgar.fault("html")
    assert live(world, HOUR) == []


def test_the_night_before_does_not_count(world: World) -> None:
    world.clock.now = NOON.replace(hour=5, minute=50) + DAY
    live(world, MINUTE)
    world.edgar.fault("down")
    assert live(world, 20 * MINUTE) == []
    assert len(live(world, 10 * MINUTE)) == 1


@pytest.mark.parametrize("step", [-3 * HOUR, 2 * HOUR, 30 * MINUTE])
def test_a_clock_that_is_set_or_a_machine_that_slept_makes_nobody_blind(world: World, step: timedelta) -> None:
    world.clock.tick(step)
    look(world)
    assert live(world, 10 * MINUTE) == []


def test_a_start_after_a_long_stop_is_not_told_as_blindness(world: World) -> None:
    world.clock.tick(7 * DAY)
    world.edgar.fault("down")
    assert live(world, 14 * MINUTE) == []
    assert any("not seen" in title for title in live(world, 3 * MINUTE))


def test_a_block_is_told_and_when_the_sec_answers_again(world: World) -> None:
    world.edgar.fault("blocked", times=1)
    (title,) = live(world, 5 * MINUTE)
    assert title.startswith("Watcher: the SEC has limited this address until")
    assert live(world, 15 * MINUTE) == ["Watcher: over: the SEC answers again"]


# --- the rest -------------------------------------------------------------------------------------------------------------


def test_a_disk_nearly_full_is_told(world: World) -> None:
    (title,) = live(world, MINUTE, free=150 * 10**6)
    assert title == "Watcher: the disk of the store is nearly full: 150 MB are free"


def test_a_dead_destination_is_told_to_another_and_its_end_to_all(world: World) -> None:
    owed = owe(world, "desk")
    refuse(world, owed)
    (title,) = live(world, MINUTE)
    assert title == "Watcher: destination desk: 1 message refused for good (no such channel)"
    assert told(world, "refused for good") == {"spare"}
    assert world.store.drop(owed.id, "seen to")
    assert live(world, 5 * MINUTE) == ["Watcher: over: destination desk takes messages again"]
    assert told(world, "takes messages again") == {"desk", "spare"}


def test_what_waits_for_a_destination_that_is_taken_out_is_told_to_another_once(world: World) -> None:
    owed = owe(world, "desk")
    take_out(world, "desk")
    (title,) = of_desk(live(world, 5 * HOUR))
    assert title == "Watcher: destination desk: 1 message not sent (the configuration has no such destination any more)"
    assert told(world, "not sent") == {"spare"}
    assert len(of_desk(wrong(world))) == 1
    assert world.store.drop(owed.id, "nobody reads it")
    assert of_desk([*live(world, HOUR), *wrong(world)]) == []


def test_a_destination_that_is_taken_out_and_was_owed_nothing_is_nobodys_business(world: World) -> None:
    take_out(world, "desk")
    assert live(world, HOUR) == []


def test_a_destination_that_comes_back_and_is_dead_again_is_told_at_once(world: World) -> None:
    refuse(world, owe(world, "desk"))
    assert len(live(world, MINUTE)) == 1
    take_out(world, "desk")
    assert live(world, MINUTE) == []
    world.configure(('ticker = "EXMP"',))
    assert len(live(world, MINUTE)) == 1


def test_a_message_that_waits_too_long_is_told_to_another_destination(world: World) -> None:
    owe(world, "spare")
    assert live(world, 30 * MINUTE) == []
    assert len(live(world, MINUTE)) == 1
    assert told(world, "destination spare: 1 waiting since") == {"desk"}


def test_where_the_only_destination_is_dead_nobody_is_told_and_nothing_piles_up(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.watch()
        world.file(a_sale(1, issuer=OTHER))
        owe(world, "desk")
        assert live(world, HOUR) == []


def test_a_filing_that_is_listed_and_cannot_be_read_is_told_after_half_an_hour(world: World) -> None:
    world.file(a_sale(2))
    assert live(world, 30 * MINUTE) == []
    (title,) = live(world, 3 * MINUTE)
    assert title.startswith("Watcher: 1 filing listed and not read")


def take_out(world: World, destination: str) -> None:
    """Reload with the other destinations only."""
    others = {name: TERMINAL for name in world.config.destinations if name != destination}
    world.configure(('ticker = "EXMP"',), others)
    world.store.bury_unknown_destinations(set(others), world.clock())


def of_desk(said: list[str]) -> list[str]:
    return [one for one in said if "destination desk" in one]


def refuse(world: World, owed: Owed) -> None:
    attempt = world.store.start_sending(owed, world.clock())
    world.store.record(owed, attempt, Outcome("permanent", "no such channel"), now=world.clock(), next_at=world.clock())


def wrong(world: World) -> list[str]:
    """What `watcher status` says."""
    return complaints(condition(world.store, world.pace, world.config, now=world.clock()))


def owe(world: World, destination: str) -> Owed:
    message = Message("a sale", "text", "<p>text</p>")
    with world.store.transaction():
        world.store.keep_alert(Alert("event1", accession(1), "issuer:1", (), message, b"{}", (destination,)), world.clock())
    owed = world.store.next_owed(destination, world.clock())
    assert owed is not None
    return owed


# --- the ping -------------------------------------------------------------------------------------------------------------


class Pings:
    """What a dead man's switch would hear."""

    def __init__(self, answer: str | None = None) -> None:
        self.heard: list[bool] = []
        self.answer = answer

    def __call__(self, _url: str, *, well: bool) -> str | None:
        self.heard.append(well)
        return self.answer


@pytest.fixture
def pinged(world: World) -> World:
    path = world.config.path
    path.write_text('[vigil]\nping_url = "http://127.0.0.1:9/secret"\n' + path.read_text("utf-8"), "utf-8")
    world.config = load(path, {})
    return world


def test_a_ping_goes_out_every_minute_while_all_is_well(pinged: World) -> None:
    pings = Pings()
    live(pinged, 10 * MINUTE, ping=pings)
    look(pinged, ping=pings)
    assert pings.heard == [True] * 10


def test_the_ping_says_that_it_fails_while_edgar_is_not_seen(pinged: World) -> None:
    pings = Pings()
    pinged.edgar.fault("down")
    live(pinged, 20 * MINUTE, ping=pings)
    assert pings.heard[0]
    assert not any(pings.heard[-4:])
    pinged.edgar.clear_faults()
    live(pinged, 5 * MINUTE, ping=pings)
    assert pings.heard[-1]


def test_the_ping_says_that_it_fails_while_no_destination_is_left_to_be_told(pinged: World) -> None:
    pings = Pings()
    for name, is_last in (("desk", False), ("spare", True)):
        owed = owe(pinged, name)
        attempt, refused = pinged.store.start_sending(owed, pinged.clock()), Outcome("permanent", "the key was taken back")
        pinged.store.record(owed, attempt, refused, now=pinged.clock(), next_at=pinged.clock())
        live(pinged, 2 * MINUTE, ping=pings)
        assert pings.heard[-1] is not is_last, "as long as one takes messages it tells of the other"
    for row in pinged.store.rows("SELECT id FROM owed WHERE state = 'dead'"):
        pinged.store.drop(row["id"], "seen to")
    live(pinged, MINUTE, ping=pings)
    assert pings.heard[-1]


def test_a_ping_that_fails_harms_nothing_and_is_a_trouble_once_a_day(pinged: World) -> None:
    assert live(pinged, HOUR, ping=Pings("no answer: connection refused")) == []
    troubles = pinged.store.troubles(NOON)
    assert [(source, text) for _, source, text in troubles] == [("ping", "no answer: connection refused")]


def answering(head: bytes) -> Receiver:
    def serve(receiver: Receiver, connection: socket.socket) -> None:
        receiver.received.append(connection.recv(65536))
        connection.sendall(head)

    return Receiver(serve)


def test_the_ping_asks_the_address_and_fail_behind_its_path() -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK") as receiver:
        assert ping(f"http://127.0.0.1:{receiver.port}/abc?x=1", well=True) is None
        assert ping(f"http://127.0.0.1:{receiver.port}/abc?x=1", well=False) is None
    assert [one.split(b"\r\n")[0] for one in receiver.received] == [b"GET /abc?x=1 HTTP/1.1", b"GET /abc/fail?x=1 HTTP/1.1"]


def test_a_ping_follows_no_redirect_and_says_why_without_the_address() -> None:
    with answering(b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n") as receiver:
        assert ping(f"http://127.0.0.1:{receiver.port}/hush", well=True) == "the server answered 302"
    assert len(receiver.received) == 1
    refused = ping(f"http://127.0.0.1:{unused_port()}/hush", well=True)
    assert refused == f"no answer: {os.strerror(111).lower()}"


def test_a_ping_whose_answer_drips_is_left_in_time_and_no_second_is_made_beside_it() -> None:
    def drip(receiver: Receiver, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not receiver.stopping.wait(0.05):
            connection.sendall(b"X")

    with Receiver(drip) as receiver:
        assert ping(f"http://127.0.0.1:{receiver.port}/", well=True, deadline=0.3) == "no answer in time"
        assert ping(f"http://127.0.0.1:{receiver.port}/", well=True, deadline=0.3) == "the ping before has not ended yet"


# --- the table ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('blind_after = "9h"', 'blind_after must be at least "5m" and at most "8h"'),
        ('queue_older_than = "soon"', "queue_older_than must be a duration"),
        ('free_megabytes = "1G"', "free_megabytes must be a whole number of megabytes"),
        ('notify = ["nobody"]', "has an unknown destination 'nobody'"),
        ('ping_url = "hush"', "ping_url must be an http:// or https:// URL"),
        ('ping_url_env = "NOT_SET"', "ping_url_env names an environment variable that is not set"),
        ('blind_before = "1m"', "unknown key 'blind_before'; did you mean blind_after?"),
    ],
)
def test_a_mistake_in_the_table_is_said_with_its_line(world: World, line: str, says: str) -> None:
    path = world.config.path
    path.write_text(f"[vigil]\n{line}\n" + path.read_text("utf-8"), "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert str(caught.value).startswith(f"{path}:2: ")
    assert says in str(caught.value)


def test_the_ping_address_comes_from_one_place_only_and_is_never_shown(world: World) -> None:
    path = world.config.path
    source = path.read_text("utf-8")
    path.write_text('[vigil]\nping_url = "https://example.com/hush"\nping_url_env = "PING"\n' + source, "utf-8")
    with pytest.raises(ConfigError, match="takes one of ping_url, ping_url_env, ping_url_file"):
        load(path, {"PING": "https://example.com/hush"})
    path.write_text('[vigil]\nping_url_env = "PING"\n' + source, "utf-8")
    config = load(path, {"PING": "https://example.com/hush"})
    assert config.vigil.ping_url == "https://example.com/hush"
    assert "hush" not in repr(config)
    assert load(path, {}, secrets=False).vigil.ping_url == ""
