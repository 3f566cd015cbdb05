"""How the watcher says it is: healthy without a word, or each trouble in words with what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from datetime import timedelta

import pytest

from watcher.core.health import BLIND_CLOSED
from watcher.core.health import BLIND_OPEN
from watcher.core.health import QUEUE_OLD
from watcher.core.health import Condition
from watcher.core.health import DestinationCondition
from watcher.core.health import complaints
from watcher.core.submission import EASTERN

OPEN = datetime(2026, 6, 16, 12, tzinfo=EASTERN)
NIGHT = datetime(2026, 6, 16, 23, tzinfo=EASTERN)
SATURDAY = datetime(2026, 6, 20, 12, tzinfo=EASTERN)
SECOND = timedelta(seconds=1)
DESK = DestinationCondition("desk", waiting=0, dead=0, oldest=None, reason=None)


def well(now: datetime = OPEN) -> Condition:
    return Condition(
        now=now,
        good_polls=(("4", now - SECOND), ("3", now - SECOND)),
        blocked_until=None,
        gap_since=None,
        oldest_pending=None,
        pending=0,
        quarantined=0,
        baselines_open=0,
        destinations=(DESK,),
        troubles=(),
    )


def test_health_has_nothing_to_say() -> None:
    assert complaints(well()) == []


def test_troubles_that_are_over_are_no_complaint() -> None:
    assert complaints(replace(well(), troubles=((OPEN - SECOND, "poll", "it was slow"),))) == []


@pytest.mark.parametrize(("now", "allowed"), [(OPEN, BLIND_OPEN), (NIGHT, BLIND_CLOSED), (SATURDAY, BLIND_CLOSED)])
def test_it_is_blind_once_no_poll_was_good_for_too_long(now: datetime, allowed: timedelta) -> None:
    assert complaints(replace(well(now), good_polls=(("4", now - allowed),))) == []
    (blind,) = complaints(replace(well(now), good_polls=(("4", now - allowed - SECOND),)))
    assert blind.startswith("blind: no good poll for form 4 since ")


def test_who_asks_rarely_is_not_blind_in_between() -> None:
    rarely = replace(well(NIGHT), longest_interval=timedelta(hours=1), good_polls=(("4", NIGHT - timedelta(minutes=61)),))
    assert complaints(rarely) == []
    assert complaints(replace(rarely, good_polls=(("4", NIGHT - timedelta(minutes=63)),)))


def test_it_is_blind_before_its_first_good_poll_and_for_each_form_alone() -> None:
    assert complaints(replace(well(), good_polls=(("4", OPEN), ("3", None)))) == [
        "blind: there has been no good poll for form 3 yet"
    ]


def test_blindness_names_the_last_success_and_the_latest_error() -> None:
    late = replace(
        well(),
        good_polls=(("4", OPEN - timedelta(minutes=9)),),
        troubles=((OPEN - SECOND, "poll", "no connection"), (OPEN - 2 * SECOND, "poll", "an older one")),
    )
    assert complaints(late) == ["blind: no good poll for form 4 since 16 Jun 2026 11:51:00 ET", "the latest error: no connection"]


def test_an_error_of_yesterday_is_not_the_latest() -> None:
    old = ((OPEN - timedelta(hours=20), "poll", "no connection"),)
    assert complaints(replace(well(), good_polls=(("4", None),), troubles=old)) == [
        "blind: there has been no good poll for form 4 yet"
    ]


def test_a_block_says_until_when() -> None:
    (blocked,) = complaints(replace(well(), blocked_until=OPEN + timedelta(minutes=10)))
    assert blocked.startswith("blocked:")
    assert "16 Jun 2026 12:10:00 ET" in blocked


def test_a_gap_says_since_when() -> None:
    assert complaints(replace(well(), gap_since=OPEN)) == ["a gap since 16 Jun 2026 12:00:00 ET is still being closed"]


def test_filings_that_wait_are_a_trouble_once_the_oldest_is_old() -> None:
    waiting = replace(well(), pending=3, oldest_pending=OPEN - QUEUE_OLD)
    assert complaints(waiting) == []
    assert complaints(replace(waiting, now=OPEN + SECOND))[0].startswith("3 filings to be read, the oldest since")


def test_unreadable_filings_are_told_with_the_command_that_lists_them() -> None:
    (told,) = complaints(replace(well(), quarantined=2))
    assert told == "2 filings could not be read: `watcher filings --state quarantined` lists them"


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (replace(DESK, waiting=1, oldest=OPEN - SECOND), []),
        (
            replace(DESK, waiting=1, oldest=OPEN - SECOND, reason="refused"),
            ["destination desk: 1 message waiting since 16 Jun 2026 11:59:59 ET (refused)"],
        ),
        (
            replace(DESK, waiting=4, oldest=OPEN - timedelta(hours=1)),
            ["destination desk: 4 messages waiting since 16 Jun 2026 11:00:00 ET"],
        ),
        (
            replace(DESK, dead=2, reason="no such channel"),
            ["destination desk: 2 messages dead (no such channel): `watcher outbox list` shows them"],
        ),
    ],
    ids=["just owed", "failing", "old", "dead"],
)
def test_a_destination_that_does_not_take_its_messages_is_named_with_the_reason(
    condition: DestinationCondition, told: list[str]
) -> None:
    assert complaints(replace(well(), destinations=(condition,))) == told


def test_what_blinds_comes_before_what_waits_and_every_trouble_is_said() -> None:
    bad = replace(
        well(),
        blocked_until=OPEN + SECOND,
        good_polls=(("4", None),),
        gap_since=OPEN,
        quarantined=1,
        pending=1,
        oldest_pending=OPEN - timedelta(hours=1),
        destinations=(replace(DESK, dead=1), replace(DESK, name="mail", dead=1)),
    )
    told = complaints(bad)
    assert [line.split()[0] for line in told] == ["blocked:", "blind:", "a", "1", "1", "destination", "destination"]


def test_what_is_held_is_told_apart_from_what_waits() -> None:
    held = replace(DESK, waiting=1, oldest=OPEN - SECOND, held=2, oldest_held=OPEN - timedelta(days=1))
    (told,) = complaints(replace(well(), destinations=(held,)))
    assert told == (
        "destination desk: 2 messages held since 15 Jun 2026 12:00:00 ET, which may have arrived: `watcher outbox list` shows them,"
        " `watcher outbox retry ID` sends one again, `watcher outbox drop ID --why TEXT` gives it up"
    )


@pytest.mark.parametrize(("unanswered", "waiting", "silent"), [(2, 1, False), (3, 1, True), (3, 0, False)])
def test_a_destination_is_silent_from_the_third_lost_answer_while_something_is_owed(
    unanswered: int, waiting: int, silent: bool
) -> None:
    one = replace(DESK, waiting=waiting, oldest=OPEN - SECOND, unanswered=unanswered)
    assert one.silent == silent
    assert any("silent" in told for told in complaints(replace(well(), destinations=(one,)))) == silent


def test_damage_is_told_in_its_own_words() -> None:
    assert complaints(replace(well(), damage="the store is damaged")) == ["the store is damaged"]
