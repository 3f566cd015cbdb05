"""Who is not told because of a silence: only who it was meant for, and only of what it names."""

from __future__ import annotations

import json
from datetime import UTC
from datetime import datetime
from typing import Any

import pytest

from tests.core.samples import BODY
from tests.world import accession
from watcher.core.folding import Waiting
from watcher.core.silence import Silence
from watcher.core.silence import Subject
from watcher.core.silence import lapse_alert
from watcher.core.silence import silencing

BEGINS, ENDS = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 30, tzinfo=UTC)
FILING = Subject("0001107843", (("0000000001", "Roe Jane A"), ("0000000002", "Fund LLC")))


def a_silence(number: int = 1, **names: Any) -> Silence:
    return Silence(number, BEGINS, ENDS, "noise", **names)


def kept_from(
    *silences: Silence, rules: tuple[str, ...] = ("default",), destination: str = "desk", is_machine: bool = False
) -> int | None:
    return silencing(silences, FILING, rules, destination, is_machine=is_machine)


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        ({"issuer_cik": "0001107843"}, True),
        ({"issuer_cik": "0000000009"}, False),
        ({"owner": "0000000002"}, True),
        ({"owner": "0000000009"}, False),
        ({"owner": "jane ROE"}, True),
        ({"owner": "Roe Jane B"}, False),
        ({"owner": "Ro"}, False),
        ({"rule": "default"}, True),
        ({"rule": "big"}, False),
        ({"destination": "desk"}, True),
        ({"destination": "phone"}, False),
        ({"issuer_cik": "0001107843", "owner": "0000000009"}, False),
        ({"issuer_cik": "0001107843", "rule": "default", "destination": "desk"}, True),
    ],
)
def test_all_that_a_silence_names_must_hold(names: dict[str, Any], kept: bool) -> None:
    assert kept_from(a_silence(**names)) == (1 if kept else None)


def test_another_rule_that_matches_still_tells() -> None:
    only = a_silence(rule="default")
    assert kept_from(only, rules=("default", "big")) is None
    assert kept_from(only, a_silence(2, rule="big"), rules=("default", "big")) == 1


def test_what_is_not_known_does_not_silence() -> None:
    unread = Subject("0001107843")
    assert silencing([a_silence(rule="default")], unread, (), "desk", is_machine=False) is None
    assert silencing([a_silence(owner="Roe")], unread, (), "desk", is_machine=False) is None
    assert silencing([a_silence(issuer_cik="0001107843")], unread, (), "desk", is_machine=False) == 1


def test_a_program_is_silenced_only_by_name() -> None:
    assert kept_from(a_silence(issuer_cik="0001107843"), destination="hook", is_machine=True) is None
    assert kept_from(a_silence(destination="hook"), destination="hook", is_machine=True) == 1


def waiting(number: int) -> Waiting:
    url = f"https://www.sec.gov/Archives/edgar/data/1/{number}/{accession(number)}-index.htm"
    body = {"kind": "alert", "accession_number": accession(number), "url": url, "issuer": {"ticker": "QLYS"}}
    return Waiting(number, f"event{number}", f"title {number}", json.dumps(body).encode())


def test_the_notice_lists_what_was_held_back() -> None:
    notice = lapse_alert(a_silence(ticker="QLYS"), [waiting(1), waiting(2)], "desk", 2_000, removed=False)
    assert notice.message.title == "The silence on QLYS ended; it held back 2 alerts"
    for number in (1, 2):
        assert f"title {number} (QLYS, {accession(number)}): https://www.sec.gov/" in notice.message.text
    assert "because: noise" in notice.message.text


def test_a_notice_without_room_says_how_many_it_lists() -> None:
    notice = lapse_alert(a_silence(ticker="QLYS"), [waiting(number) for number in range(50)], "desk", 1_500, removed=True)
    assert len(notice.message.text) <= 1_500
    assert "was taken back; it held back 50 alerts" in notice.message.title
    assert f"The first {notice.message.text.count('index.htm')} are listed here" in notice.message.text
    body = json.loads(notice.payload)
    assert len(body["held_back"]) == 50
    assert set(body) >= BODY
