"""What a digest says, when its period ends, and that nothing which reaches somebody by it alone is left out."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC
from datetime import date
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import BODY
from tests.world import accession
from watcher.core.completeness import Completeness
from watcher.core.digest import Contents
from watcher.core.digest import Period
from watcher.core.digest import SettledFiling
from watcher.core.digest import ToldAlert
from watcher.core.digest import digests
from watcher.core.digest import latest_close
from watcher.core.digest import next_close
from watcher.core.folding import Waiting
from watcher.core.silence import Silence
from watcher.core.submission import EASTERN

ROOM = 30_000
DAY = Period("daily", datetime(2026, 8, 31, 22, 5, tzinfo=EASTERN), datetime(2026, 9, 1, 22, 5, tzinfo=EASTERN))
STATES = ("delivered", "pending", "retry", "folded", "quiet", "silenced", "held", "dead")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=EASTERN)


def waiting(number: int, title: str = "QLYS: Roe Jane A sold 1,000 sh") -> Waiting:
    url = f"https://www.sec.gov/Archives/edgar/data/1/{number}/{accession(number)}-index.htm"
    body = {"kind": "alert", "accession_number": accession(number), "url": url, "issuer": {"ticker": "QLYS"}}
    return Waiting(number, f"event{number}", title, json.dumps(body).encode())


def filing(number: int, *, state: str = "ingested", alerted: bool = False, because: str | None = None) -> SettledFiling:
    return SettledFiling(accession(number), state, alerted, because)


def text_of(contents: Contents, period: Period = DAY) -> str:
    (digest,) = digests(period, contents, "desk", ROOM)
    return " ".join(digest.message.text.split())


@pytest.mark.parametrize(
    ("kind", "now", "close"),
    [
        ("daily", "2026-09-01 22:05", "2026-09-01"),
        ("daily", "2026-09-01 22:04:59", "2026-08-31"),
        ("daily", "2026-09-05 12:00", "2026-09-04"),
        ("daily", "2026-09-07 23:00", "2026-09-04"),  # Labor Day
        ("weekly", "2026-09-04 22:04", "2026-08-28"),
        ("weekly", "2026-09-04 22:05", "2026-09-04"),
        ("weekly", "2026-12-24 23:00", "2026-12-24"),  # Friday is Christmas Day
        ("weekly", "2027-01-03 12:00", "2026-12-31"),  # Friday is New Year's Day
    ],
)
def test_a_day_ends_after_edgar_has_closed_and_a_week_with_its_last_business_day(kind: str, now: str, close: str) -> None:
    assert latest_close(kind, at(now)) == at(f"{close} 22:05")


def test_the_next_close_is_the_first_that_is_not_over() -> None:
    assert next_close("daily", at("2026-09-04 22:05")) == at("2026-09-08 22:05")
    assert next_close("weekly", at("2026-12-20 12:00")) == at("2026-12-24 22:05")


def test_a_close_is_at_the_same_hour_in_summer_and_in_winter() -> None:
    assert latest_close("daily", at("2026-10-30 23:00")).astimezone(UTC).hour == 2
    assert latest_close("daily", at("2026-11-02 23:00")).astimezone(UTC).hour == 3


def test_a_digest_says_what_was_told_and_why_the_rest_was_silent() -> None:
    text = text_of(
        Contents(
            alerts=[ToldAlert(waiting(1), "delivered"), ToldAlert(waiting(2), "silenced")],
            filings=[
                *(filing(number, alerted=True) for number in (1, 2)),
                *(filing(number, because="no rule matched") for number in (3, 4)),
                filing(5, because="as expected: Roe Jane A, up to 5,000 shares"),
                filing(6, state="quarantined", alerted=True),
            ],
            proofs=[Completeness(date(2026, 8, 31), watches=2, listed=7, alerted=3, silent={"no rule matched": 4})],
            silences=[(Silence(1, DAY.begins, DAY.ends, "noise", ticker="QLYS"), 1)],
            troubles={("poll 4", "no connection"): 3},
        )
    )
    assert text.startswith("Digest of 1 Sep 2026: 2 alerts, 3 silent filings")
    assert "2 alerts for you: 1 sent, 1 silenced" in text
    assert "6 filings taken: 2 alerted, 3 silent, 1 could not be read" in text
    assert "2 because: no rule matched" in text
    assert re.search(rf"{accession(5)}\s+as expected: Roe Jane A", text)
    assert "EDGAR listed 7 ownership filings for your 2 watches on 2026-08-31; 7 stored" in text
    assert "EDGAR's index of 2026-09-01 is final at 06:00 ET on the day after: its proof follows" in text
    assert "QLYS, until 1 Sep 2026 (noise): has held back 1 alert so far" in text
    assert "3 times poll 4: no connection" in text
    assert accession(1) in text
    assert accession(2) not in text


def test_a_day_without_anything_is_said_to_have_been_one() -> None:
    text = text_of(Contents(alerts=(), filings=()))
    assert text.startswith("Digest of 1 Sep 2026: 0 alerts, 0 silent filings")


def test_a_digest_after_days_without_the_watcher_says_which_it_covers() -> None:
    period = Period("daily", datetime(2026, 8, 27, 22, 5, tzinfo=EASTERN), DAY.ends)
    assert "Covers 28 Aug 2026 to 1 Sep 2026: there was no digest of the days before" in text_of(Contents((), ()), period)


def test_a_digest_of_a_week_names_its_days() -> None:
    period = Period("weekly", datetime(2026, 8, 28, 22, 5, tzinfo=EASTERN), datetime(2026, 9, 4, 22, 5, tzinfo=EASTERN))
    text = text_of(Contents((), ()), period)
    assert text.startswith("Digest of the week to 4 Sep 2026")
    assert "Covers 31 Aug 2026 to 4 Sep 2026 The sum" in text


def test_words_of_a_filing_make_no_link_and_no_mention() -> None:
    contents = Contents([ToldAlert(waiting(1, "@here <b> http://evil.example"), "delivered")], ())
    (digest,) = digests(DAY, contents, "desk", ROOM)
    assert "http://evil" not in digest.message.slack
    assert "<b>" not in digest.message.html
    assert "@here" not in digest.message.slack


def test_the_same_period_and_destination_give_the_same_identity() -> None:
    (one,), (other,), (elsewhere,) = (digests(DAY, Contents((), ()), name, ROOM) for name in ("desk", "desk", "phone"))
    assert one == other
    assert one.event_id != elsewhere.event_id


@given(st.lists(st.sampled_from(STATES), max_size=60), st.integers(500, 5_000), st.booleans())
def test_a_digest_counts_every_alert_once_and_fits_its_room(states: list[str], room: int, troubled: bool) -> None:
    alerts = [ToldAlert(waiting(number), state) for number, state in enumerate(states)]
    filings = [filing(number, because=f"reason {number}") for number in range(20 if troubled else 0)]
    (digest,) = digests(DAY, Contents(alerts, filings), "desk", room)
    body: dict[str, Any] = json.loads(digest.payload)
    assert sum(body["alerts"].values()) == len(states)
    assert digest.carried == ()
    assert max(len(html.escape(digest.message.text)), len(digest.message.slack)) <= max(room, 900)


@given(st.integers(0, 60), st.integers(900, 5_000))
def test_all_that_somebody_hears_of_by_the_digest_alone_is_named_in_it(number: int, room: int) -> None:
    carried = [waiting(one) for one in range(number)]
    made = digests(DAY, Contents([ToldAlert(one, "quiet") for one in carried], (), carried=carried), "phone", room)
    assert [owed_id for digest in made for owed_id in digest.carried] == list(range(number))
    assert len({digest.event_id for digest in made}) == len(made)
    for digest in made:
        assert max(len(html.escape(digest.message.text)), len(digest.message.slack)) <= room
        for owed_id in digest.carried:
            assert accession(owed_id) in digest.message.text
    body = json.loads(made[0].payload)
    assert sum(body["alerts"].values()) == number
    assert set(body) >= BODY
