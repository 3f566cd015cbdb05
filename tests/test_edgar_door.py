"""The door to the SEC: declared, bounded, and never taking something else for the answer."""

from __future__ import annotations

import gzip
import math
import time
import tracemalloc
from collections.abc import Callable
from collections.abc import Iterator
from datetime import UTC
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.loopback import Behaviour
from tests.loopback import Receiver
from tests.loopback import answer
from tests.loopback import close_at_once
from tests.loopback import raw
from tests.loopback import reset
from tests.loopback import unused_port
from tests.world import CONTACT
from tests.world import DAY
from tests.world import EXAMPLE
from tests.world import HOUR
from tests.world import MINUTE
from tests.world import NOON
from tests.world import SECOND
from tests.world import Clock
from tests.world import Unpaced
from tests.world import World
from tests.world import a_sale
from tests.world import accession
from watcher.config import EdgarConfig
from watcher.core.errors import Blocked
from watcher.core.errors import FeedUnreadable
from watcher.core.errors import NotYet
from watcher.core.errors import TooLarge
from watcher.core.errors import Unreachable
from watcher.core.listing import FeedPage
from watcher.demo.edgar import BOMB_SIZE
from watcher.demo.filings import submission_text
from watcher.edgar import CAP
from watcher.edgar import SUBMISSION_CAP
from watcher.edgar import Edgar
from watcher.pace import BLOCK
from watcher.pace import Pace

ISSUER_CIK = EXAMPLE.cik or ""
FEED = b'<feed xmlns="http://www.w3.org/2005/Atom"></feed>'


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, recent_limit=3) as world:
        world.file(a_sale(1))
        yield world


def ask(
    folder: Path, behaviour: Behaviour, call: Callable[[Edgar], object], *, clock: Clock | None = None, deadline: float = 5
) -> object:
    """Make one call to a server that behaves so."""
    with Receiver(behaviour) as receiver:
        url = f"http://127.0.0.1:{receiver.port}"
        config = EdgarConfig(CONTACT, www_url=url, data_url=url)
        door = Edgar(config, Unpaced(folder / "pace"), now=clock or Clock(), deadline=deadline)
        try:
            return call(door)
        finally:
            door.close()


def feed(door: Edgar) -> FeedPage:
    return door.current("4", 0)


def filing(door: Edgar) -> bytes:
    return door.submission(ISSUER_CIK, accession(1))


# --- asking -----------------------------------------------------------------------------------------------------------------


def test_every_request_says_who_asks_and_accepts_gzip_only(tmp_path: Path) -> None:
    with Receiver(answer(200, body=FEED)) as receiver:
        door = Edgar(EdgarConfig(CONTACT, www_url=f"http://127.0.0.1:{receiver.port}"), Unpaced(tmp_path / "p"), now=Clock())
        door.current("4", 200)
        door.close()
    assert receiver.headers["user-agent"] == CONTACT
    assert receiver.headers["accept-encoding"] == "gzip"
    assert receiver.received[0].startswith(
        b"GET /cgi-bin/browse-edgar?action=getcurrent&type=4&owner=only&count=100&start=200&output=atom HTTP/1.1"
    )


def test_a_proxy_of_the_environment_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused_port()}")
    monkeypatch.setenv("NO_PROXY", "")
    assert ask(tmp_path, answer(200, body=FEED), feed) == FeedPage((), None)


def test_the_pace_is_asked_before_the_network_is(tmp_path: Path, world: World) -> None:
    asked: list[bool] = []

    class Noted(Pace):
        def wait(self, now: Callable[[], datetime], *, background: bool = False) -> None:  # noqa: ARG002 -- the signature is Pace's
            asked.append(background)
            assert world.edgar.requests == ()

    door = world.new_door(pace=Noted(tmp_path / "noted"))
    door.submission(ISSUER_CIK, accession(1), background=True)
    door.close()
    assert asked == [True]


# --- answers ----------------------------------------------------------------------------------------------------------------


def test_a_page_of_the_list_is_read(world: World) -> None:
    (issuer,) = [entry for entry in feed(world.door).entries if entry.role == "Issuer"]
    assert (issuer.accession_number, issuer.cik, issuer.updated) == (accession(1), ISSUER_CIK, NOON)


def test_a_submission_comes_byte_for_byte(world: World) -> None:
    assert filing(world.door) == submission_text(a_sale(1), NOON)


def test_the_ticker_file_is_read(world: World) -> None:
    assert world.door.tickers()["EXMP"].cik == ISSUER_CIK


def test_older_shards_are_read_as_far_back_as_is_asked(world: World) -> None:
    for number in range(2, 12):
        world.file(a_sale(number), ago=number * 10 * DAY)
    listed = world.door.submissions(ISSUER_CIK, since=NOON.date() - 55 * DAY)
    assert {ref.accession_number for ref in listed.filings} == {accession(number) for number in range(1, 6)}
    assert len([request for request in world.edgar.requests if "-submissions-" in request.path]) == 1


def test_a_cik_without_filings_is_not_known_yet(world: World) -> None:
    with pytest.raises(NotYet):
        world.door.submissions("0009999999", since=NOON.date())


def test_the_index_of_a_day_is_read_and_before_its_hour_it_is_not_there_yet(world: World) -> None:
    with pytest.raises(NotYet):
        world.door.daily_index(NOON.date())
    world.clock.tick(12 * HOUR)
    assert [ref.accession_number for ref in world.door.daily_index(NOON.date())] == [accession(1)]


# --- bounds -----------------------------------------------------------------------------------------------------------------


def test_a_bomb_is_refused_within_the_memory_of_its_cap(world: World) -> None:
    world.edgar.fault("bomb")
    with pytest.raises(TooLarge):
        filing(world.door)  # the first bomb is made now, and kept
    tracemalloc.start()
    try:
        with pytest.raises(Unreachable, match="larger than"):
            feed(world.door)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * CAP < BOMB_SIZE / 8


def test_a_list_beyond_every_bound_is_an_outage_and_a_filing_beyond_is_a_fact(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="larger than"):
        ask(tmp_path, answer(200, body=b" " * (CAP + 1)), feed)
    with pytest.raises(TooLarge):
        ask(tmp_path, answer(200, body=b" " * (SUBMISSION_CAP + 1)), filing)


def test_a_slow_drip_ends_at_the_deadline(world: World) -> None:
    door = world.new_door(deadline=1.0)
    world.edgar.fault("slow", times=1)
    begun = time.monotonic()
    with pytest.raises(Unreachable, match=r"not complete after 1 second|within the time allowed"):
        feed(door)
    assert time.monotonic() - begun < 5
    assert feed(door).entries, "and the connection is free for the next request"
    door.close()


def test_a_server_that_says_nothing_is_unreachable_in_time(world: World) -> None:
    door = world.new_door(deadline=0.6)
    world.edgar.fault("hang", times=1)
    with pytest.raises(Unreachable, match="no answer within the time"):
        feed(door)
    door.close()


def test_a_hundred_broken_requests_leave_the_pool_whole(world: World) -> None:
    door = world.new_door(deadline=2.0)
    for kind in ("down", "truncated_length", "truncated", "503", "redirect"):
        world.edgar.fault(kind, times=20)
    for _ in range(100):
        with pytest.raises((Unreachable, FeedUnreadable)):
            feed(door)
    assert feed(door).entries
    door.close()


# --- what is no answer --------------------------------------------------------------------------------------------------------


def test_a_body_shorter_than_announced_is_unreachable(world: World) -> None:
    world.edgar.fault("truncated_length")
    with pytest.raises(Unreachable, match="cut short"):
        feed(world.door)


def test_a_list_cut_short_without_a_length_is_unreadable(world: World) -> None:
    world.edgar.fault("truncated")
    with pytest.raises(FeedUnreadable):
        feed(world.door)
    with pytest.raises(FeedUnreadable):
        world.door.tickers()


def test_gzip_cut_short_is_unreachable(tmp_path: Path) -> None:
    half = gzip.compress(FEED * 50)[:-12]
    with pytest.raises(Unreachable, match="cut short"):
        ask(tmp_path, answer(200, "Content-Encoding: gzip", body=half), feed)


@pytest.mark.parametrize("more", [gzip.compress(FEED), b"x" * 200_000], ids=["another part", "a long rest"])
def test_gzip_that_something_follows_is_unreachable(tmp_path: Path, more: bytes) -> None:
    with pytest.raises(Unreachable, match="something follows its end"):
        ask(tmp_path, answer(200, "Content-Encoding: gzip", body=gzip.compress(FEED) + more), feed)


def test_gzip_that_is_none_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="damaged on its way"):
        ask(tmp_path, answer(200, "Content-Encoding: gzip", body=FEED), feed)


def test_an_encoding_that_was_not_asked_for_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="encoding"):
        ask(tmp_path, answer(200, "Content-Encoding: br", body=FEED), feed)


def test_a_redirect_is_no_success_and_is_not_followed(world: World) -> None:
    world.edgar.fault("redirect")
    with pytest.raises(Unreachable) as caught:
        filing(world.door)
    assert caught.value.status == 302
    assert len(world.edgar.requests) == 1


@pytest.mark.parametrize("call", [feed, filing, Edgar.tickers, lambda door: door.submissions(ISSUER_CIK, since=NOON.date())])
def test_a_web_page_is_unreachable_whatever_was_asked(world: World, call: Callable[[Edgar], object]) -> None:
    world.edgar.fault("html")
    with pytest.raises(Unreachable, match="a web page instead"):
        call(world.door)


@pytest.mark.parametrize("call", [feed, filing, Edgar.tickers])
def test_an_empty_page_is_unreachable(world: World, call: Callable[[Edgar], object]) -> None:
    world.edgar.fault("empty")
    with pytest.raises(Unreachable, match="an empty page"):
        call(world.door)


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (reset, "broke off|cut short"),
        (close_at_once, "not HTTP"),
        (raw(b"no such thing\r\n\r\n"), "not HTTP"),
        (raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n"), "not HTTP"),
    ],
    ids=["reset", "closed", "not HTTP", "endless header"],
)
def test_a_broken_connection_is_unreachable(tmp_path: Path, behaviour: Behaviour, words: str) -> None:
    with pytest.raises(Unreachable, match=words):
        ask(tmp_path, behaviour, feed)


def test_an_address_with_credentials_does_not_reach_an_error(tmp_path: Path) -> None:
    url = f"http://user:c4n4ry@127.0.0.1:{unused_port()}/c4n4ry"
    door = Edgar(EdgarConfig(CONTACT, www_url=url), Unpaced(tmp_path / "p"), now=Clock())
    with pytest.raises(Unreachable) as caught:
        feed(door)
    door.close()
    assert "c4n4ry" not in str(caught.value)
    assert "no connection" in str(caught.value)


def test_a_server_error_says_its_status(world: World) -> None:
    for status in (500, 503):
        world.edgar.fault(str(status), times=1)
        with pytest.raises(Unreachable, match=str(status)) as caught:
            feed(world.door)
        assert (caught.value.status, caught.value.retry_after) == (status, None)
    assert feed(world.door).entries, "and it does not keep anybody from asking again"


# --- not yet ------------------------------------------------------------------------------------------------------------------


def test_a_filing_that_is_not_published_yet_is_not_yet(world: World) -> None:
    world.file(a_sale(2), document_delay=math.inf)
    with pytest.raises(NotYet):
        world.door.submission(ISSUER_CIK, accession(2))
    with pytest.raises(NotYet):
        world.door.submission(ISSUER_CIK, accession(3))
    assert world.pace.blocked_until(NOON) is None


# --- refusals -----------------------------------------------------------------------------------------------------------------


def test_the_three_kinds_of_403_are_told_apart(world: World) -> None:
    world.file(a_sale(2), document_delay=math.inf)
    with pytest.raises(NotYet):
        world.door.submission(ISSUER_CIK, accession(2))
    world.edgar.fault("undeclared", times=1)
    with pytest.raises(Blocked, match=r"put your name and e-mail address into \[edgar\] contact"):
        feed(world.door)
    world.clock.tick(BLOCK)
    world.edgar.fault("blocked", times=1)
    with pytest.raises(Blocked, match="asked too often") as caught:
        feed(world.door)
    assert caught.value.until == world.clock() + BLOCK


def test_a_refusal_of_an_unknown_kind_is_taken_for_a_block(tmp_path: Path) -> None:
    with pytest.raises(Blocked, match="403"):
        ask(tmp_path, answer(403, body=b"<html>go away</html>"), feed)


def test_a_block_told_with_status_200_is_a_block(tmp_path: Path) -> None:
    page = b"<!DOCTYPE html><html><title>Request Rate Threshold Exceeded</title></html>"
    with pytest.raises(Blocked):
        ask(tmp_path, answer(200, body=page), feed)


def test_nothing_is_asked_during_a_block_also_not_by_a_new_process(world: World) -> None:
    world.edgar.fault("blocked", times=1)
    with pytest.raises(Blocked):
        feed(world.door)
    for _ in range(9):
        world.clock.tick(MINUTE)
        restarted = world.new_door(pace=Pace(world.pace.path))
        for call in (feed, filing, Edgar.tickers):
            with pytest.raises(Blocked):
                call(restarted)
        restarted.close()
    assert len(world.edgar.requests) == 1
    world.clock.tick(MINUTE)
    assert feed(world.door).entries


# --- Retry-After ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["90", format_datetime((NOON + 90 * SECOND).astimezone(UTC), usegmt=True)])
def test_both_forms_of_retry_after_are_obeyed(world: World, value: str) -> None:
    world.edgar.fault("429", times=1, retry_after=value)
    with pytest.raises(Unreachable) as caught:
        feed(world.door)
    assert (caught.value.status, caught.value.retry_after) == (429, 90.0)
    world.clock.tick(89 * SECOND)
    with pytest.raises(Blocked):
        feed(world.door)
    assert len(world.edgar.requests) == 1
    world.clock.tick()
    assert feed(world.door).entries
