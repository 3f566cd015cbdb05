"""Many alerts in one message: each is in it, in order, with what finds it again, and it fits where it goes."""

from __future__ import annotations

import html
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import BODY
from tests.world import accession
from watcher.core.folding import Digest
from watcher.core.folding import Waiting
from watcher.core.folding import folded

USUAL = 30_000


def link(number: int) -> str:
    return f"https://www.sec.gov/Archives/edgar/data/9990001/{accession(number).replace('-', '')}/{accession(number)}-index.htm"


def waiting(number: int, title: str = "", kind: str = "alert") -> Waiting:
    body = {
        "kind": kind,
        "accession_number": accession(number),
        "issuer": {"ticker": "EXMP"},
        "reporting_owners": [{"name": "Roe Jane A"}],
        "url": link(number),
    }
    return Waiting(number, f"event{number}", title or f"EXMP: Roe Jane A sold {number} shares", json.dumps(body).encode())


def only(*alerts: Waiting) -> Digest:
    (digest,) = folded(alerts, "desk", USUAL)
    return digest


def test_every_alert_is_listed_oldest_first_with_subject_accession_number_and_link() -> None:
    digest = only(*map(waiting, range(1, 13)))
    assert digest.carried == tuple(range(1, 13))
    lines = [line for line in digest.message.text.splitlines() if "https:" in line]
    assert len(lines) == 12
    for number, line in enumerate(lines, 1):
        assert f"sold {number} shares" in line
        assert accession(number) in line
        assert link(number) in line
        assert link(number) in digest.message.html
        assert link(number) in digest.message.slack
    assert digest.message.title == "12 alerts in one message: EXMP"
    assert set(json.loads(digest.payload)) >= BODY


def test_what_a_subject_in_the_users_own_words_leaves_out_is_said_beside_it() -> None:
    text = only(waiting(1, "a sale"), waiting(2)).message.text
    assert f"a sale (EXMP, Roe Jane A, {accession(1)})" in text
    assert f"EXMP: Roe Jane A sold 2 shares ({accession(2)})" in text


def test_corrections_and_unreadable_filings_are_named_as_such() -> None:
    text = only(waiting(1, kind="correction"), waiting(2, kind="quarantined"), waiting(3)).message.text
    assert "[correction] EXMP: Roe Jane A sold 1 shares" in text
    assert "[could not be read] EXMP: Roe Jane A sold 2 shares" in text
    assert "\nEXMP: Roe Jane A sold 3 shares" in text


def test_a_machine_readable_body_says_what_it_carries() -> None:
    digest = only(waiting(1), waiting(2))
    body = json.loads(digest.payload)
    assert (body["kind"], body["event_id"], body["carries"]) == ("digest", digest.event_id, ["event1", "event2"])


def test_an_alert_that_would_be_alone_goes_as_it_is() -> None:
    assert folded([waiting(1)], "desk", USUAL) == []
    assert folded([waiting(number) for number in range(20)], "pager", 160) == []


def test_hostile_words_stay_words() -> None:
    message = only(waiting(1, "<b>@everyone</b> <!channel> <https://evil.example|sec.gov>"), waiting(2)).message
    assert "<b>@everyone" not in message.html
    assert "<!channel>" not in message.slack
    assert "<https://evil" not in message.slack


@pytest.mark.parametrize("address", ["https://evil.example/x", "www.evil.example", "evil.example/x"])
def test_an_address_in_what_stands_beside_a_subject_is_no_link(address: str) -> None:
    body = {**json.loads(waiting(1).payload), "reporting_owners": [{"name": address}]}
    message = only(Waiting(1, "event1", "Sold", json.dumps(body).encode()), waiting(2)).message
    assert not any(address in form for form in (message.text, message.html, message.slack))


@given(
    titles=st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=110), max_size=40),
    room=st.integers(100, 5000),
)
def test_digests_fit_their_room_and_share_no_alert(titles: list[str], room: int) -> None:
    alerts = [waiting(number, f"t {title}") for number, title in enumerate(titles)]
    digests = folded(alerts, "desk", room)
    carried = [number for digest in digests for number in digest.carried]
    assert carried == sorted(set(carried))
    assert all(len(digest.carried) > 1 for digest in digests)
    for digest in digests:
        repeat = 100  # "[possible repeat]" and the line that explains it
        assert len(html.escape(digest.message.text)) + len(html.escape(digest.message.title)) + repeat <= room
        assert len(digest.message.slack) + repeat <= room
    assert digests == folded(alerts, "desk", room), "the same alerts give the same digests"
    assert not {one.event_id for one in digests} & {one.event_id for one in folded(alerts, "phone", room)}
