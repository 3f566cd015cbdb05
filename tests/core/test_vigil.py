"""When the watcher itself is in trouble: each condition on and off, told with patience, told to be over, and never a storm."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from datetime import datetime
from datetime import timedelta

import pytest

from watcher.core.errors import FeedUnreadable
from watcher.core.errors import Unreachable
from watcher.core.health import Condition
from watcher.core.health import DestinationCondition
from watcher.core.submission import EASTERN
from watcher.core.vigil import SETTLED
from watcher.core.vigil import UNBROKEN
from watcher.core.vigil import Episode
from watcher.core.vigil import Limits
from watcher.core.vigil import Snapshot
from watcher.core.vigil import Telling
from watcher.core.vigil import Verdict
from watcher.core.vigil import Wrong
from watcher.core.vigil import after
from watcher.core.vigil import awake_since
from watcher.core.vigil import due
from watcher.core.vigil import goes_on
from watcher.core.vigil import source_of
from watcher.core.vigil import verdicts
from watcher.core.vigil_telling import HOUR
from watcher.core.vigil_telling import MOST_AN_HOUR
from watcher.core.vigil_telling import gathered
from watcher.core.vigil_telling import told_whom
from watcher.core.vigil_words import vigil_alert

OPEN = datetime(2026, 6, 16, 12, tzinfo=EASTERN)
NIGHT = datetime(2026, 6, 16, 23, tzinfo=EASTERN)
HOLIDAY = datetime(2026, 6, 19, 12, tzinfo=EASTERN)
SATURDAY = datetime(2026, 6, 20, 12, tzinfo=EASTERN)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
LIMITS = Limits(15 * MINUTE, 30 * MINUTE, 200)
BAD = Wrong("it is wrong", "never", ("mend it",))


def seen(now: datetime = OPEN, good: datetime | None = OPEN, **changed: object) -> Snapshot:
    condition = Condition(now, (("4", good),), None, None, None, 0, 0, 0, (), ())
    return Snapshot(replace(condition, **changed), now - 10 * DAY, 1000, ())  # type: ignore[arg-type]  # checked by what is asked of it


def verdict(name: str, snapshot: Snapshot) -> Verdict:
    return verdicts(snapshot, LIMITS)[name]


def wrong(name: str, snapshot: Snapshot) -> str:
    found = verdict(name, snapshot)
    assert isinstance(found, Wrong), found
    return found.what


# --- the conditions -------------------------------------------------------------------------------------------------------


def test_when_all_is_well_every_condition_says_so() -> None:
    assert set(verdicts(seen(), LIMITS).values()) == {"well"}


def test_it_is_blind_after_the_time_set_and_not_before() -> None:
    assert verdict("blind", seen(good=OPEN - 15 * MINUTE)) == "well"
    assert "form 4" in wrong("blind", seen(good=OPEN - 15 * MINUTE - SECOND))


@pytest.mark.parametrize("now", [NIGHT, HOLIDAY, SATURDAY, OPEN.replace(hour=6, minute=14), OPEN.replace(hour=22)])
def test_it_is_not_blind_unless_edgar_was_open_all_along(now: datetime) -> None:
    assert verdict("blind", seen(now, good=now - DAY)) == "unsure"


def test_it_is_not_blind_before_it_has_looked_for_long_enough() -> None:
    just_up = replace(seen(good=OPEN - DAY), awake=OPEN - 14 * MINUTE)
    assert verdict("blind", just_up) == "unsure"
    assert "not seen" in wrong("blind", replace(just_up, awake=OPEN - 16 * MINUTE))
    assert "not seen" in wrong("blind", replace(seen(good=None), awake=OPEN - 16 * MINUTE))


def test_a_good_look_in_the_future_is_from_before_the_clock_was_set_back() -> None:
    assert verdict("blind", replace(seen(good=OPEN + HOUR), awake=OPEN)) == "unsure"


def test_a_block_is_told_until_when() -> None:
    assert "16 Jun 2026 12:10:00 ET" in wrong("blocked", seen(blocked_until=OPEN + 10 * MINUTE))


def test_a_feed_changed_its_shape_when_its_latest_answer_is_no_list() -> None:
    odd, gone = source_of("poll 4", FeedUnreadable("x")), source_of("poll 4", Unreachable("x"))
    at, good = OPEN - MINUTE, OPEN - 2 * MINUTE
    assert "EDGAR sent <html>" in wrong("shape", seen(good=good, troubles=((at, odd, "EDGAR sent <html>"),)))
    assert verdict("shape", seen(good=good, troubles=((at, gone, "down"), (at, odd, "EDGAR sent <html>")))) == "unsure"
    assert verdict("shape", seen(good=OPEN, troubles=((at, odd, "EDGAR sent <html>"),))) == "well"
    assert verdict("shape", seen(NIGHT, good=NIGHT - HOUR, troubles=((NIGHT - MINUTE, odd, "x"),))) == "unsure"


def test_a_filing_that_waits_too_long_is_wrong() -> None:
    assert verdict("reading", seen(pending=1, oldest_pending=OPEN - 30 * MINUTE)) == "well"
    assert wrong("reading", seen(pending=2, oldest_pending=OPEN - 31 * MINUTE)).startswith("2 filings listed and not read")


def test_an_open_gap_and_an_unproven_day_and_a_full_disk_are_wrong() -> None:
    assert "12:00:00 ET may be missing" in wrong("gap", seen(gap_since=OPEN))
    assert wrong("unproven", replace(seen(), unproven=(date(2026, 6, 15),))).endswith("15 Jun 2026")
    unproven = verdict("unproven", replace(seen(), unproven=(date(2026, 6, 15),)))
    assert isinstance(unproven, Wrong)
    assert "`watcher reconcile --date 2026-06-15`" in unproven.todo[0]
    assert wrong("disk", replace(seen(), free_bytes=199)).endswith("0 MB are free")


@pytest.mark.parametrize(
    ("dead", "waiting", "oldest", "says"),
    [
        (0, 0, None, None),
        (0, 3, OPEN - 30 * MINUTE, None),
        (0, 3, OPEN - 31 * MINUTE, "3 waiting since 16 Jun 2026 11:29:00 ET (refused)"),
        (1, 0, None, "1 message refused for good (refused)"),
    ],
)
def test_a_destination_is_in_trouble_when_it_is_dead_or_late(
    dead: int, waiting: int, oldest: datetime | None, says: str | None
) -> None:
    snapshot = seen(destinations=(DestinationCondition("desk", waiting, dead, oldest, "refused"),))
    if says is None:
        assert verdict("destination desk", snapshot) == "well"
    else:
        assert wrong("destination desk", snapshot) == f"destination desk: {says}"


def test_a_silent_destination_and_one_with_held_messages_are_wrong_at_once() -> None:
    silent = DestinationCondition("desk", 2, 0, OPEN, "no answer", unanswered=3)
    assert wrong("destination desk", seen(destinations=(silent,))).startswith(
        "destination desk: silent: it took the last 3 messages and did not answer; they may have arrived, 2 waiting"
    )
    held = DestinationCondition("desk", 0, 0, None, "no answer", held=1, oldest_held=OPEN)
    assert "1 message held, which may have arrived (no answer)" in wrong("destination desk", seen(destinations=(held,)))


def test_damage_of_the_store_is_wrong_in_its_own_words() -> None:
    assert wrong("damage", seen(damage="the store is damaged")) == "the store is damaged"


# --- episodes -------------------------------------------------------------------------------------------------------------


def lived(steps: list[tuple[timedelta, Verdict]]) -> list[tuple[timedelta, str]]:
    """Look at each of these times; when something was told, and what."""
    episode, told = Episode(), []
    for at, found in steps:
        snapshot = seen(OPEN + at)
        episode = goes_on(episode, found, snapshot)
        if due(episode, found, snapshot):
            told.append((at, "wrong" if isinstance(found, Wrong) else "over"))
            episode = after(Telling("blind", episode, found if isinstance(found, Wrong) else None), snapshot.now)
    return told


def test_it_is_told_again_after_one_hour_four_hours_and_then_each_day() -> None:
    hourly = [(number * HOUR, BAD) for number in range(80)]
    assert [at // HOUR for at, _ in lived(list(hourly))] == [0, 1, 5, 29, 53, 77]


def test_it_is_told_once_to_be_over_when_it_has_settled() -> None:
    steps: list[tuple[timedelta, Verdict]] = [(0 * MINUTE, BAD), *((number * MINUTE, "well") for number in range(1, 10))]
    assert lived(steps) == [(0 * MINUTE, "wrong"), (MINUTE + SETTLED, "over")]


def test_what_flickers_is_one_episode() -> None:
    assert len(lived([(number * MINUTE, BAD if number % 2 else "well") for number in range(50)])) == 1


def test_what_is_over_before_its_patience_ends_was_never_told() -> None:
    patient = replace(BAD, patience=5 * MINUTE)
    steps: list[tuple[timedelta, Verdict]] = [
        (0 * MINUTE, patient),
        (4 * MINUTE, patient),
        (5 * MINUTE, "well"),
        (9 * MINUTE, "well"),
    ]
    assert lived(steps) == []
    assert lived([(number * MINUTE, patient) for number in range(7)]) == [(5 * MINUTE, "wrong")]


def test_while_nothing_can_be_known_nothing_is_told_and_nothing_ends() -> None:
    night: list[tuple[timedelta, Verdict]] = [(number * HOUR, "unsure") for number in range(1, 9)]
    assert lived([(0 * HOUR, BAD), *night]) == [(0 * HOUR, "wrong")]
    assert lived([(0 * HOUR, BAD), *night, (9 * HOUR, BAD)]) == [(0 * HOUR, "wrong"), (9 * HOUR, "wrong")]


def test_a_clock_set_back_tells_once_more_rather_than_never() -> None:
    assert lived([(5 * HOUR, BAD), (0 * HOUR, BAD), (MINUTE, BAD)]) == [(5 * HOUR, "wrong"), (0 * HOUR, "wrong")]


def test_a_look_begins_anew_after_a_break_and_when_the_clock_was_set() -> None:
    before = (OPEN - HOUR, OPEN)
    assert awake_since(before, OPEN + UNBROKEN) == OPEN - HOUR
    assert awake_since(before, OPEN + UNBROKEN + SECOND) == OPEN + UNBROKEN + SECOND
    assert awake_since(before, OPEN - SECOND) == OPEN - SECOND
    assert awake_since(None, OPEN) == OPEN


# --- what is told, and whom -----------------------------------------------------------------------------------------------


def test_an_hour_has_room_for_a_few_messages_and_the_rest_is_folded_into_the_next() -> None:
    tellings = [Telling(f"destination {number}", Episode(OPEN), BAD) for number in range(MOST_AN_HOUR + 1)]
    assert gathered(tellings[:-1], (), OPEN) == [(telling,) for telling in tellings[:-1]]
    assert gathered(tellings, (), OPEN) == [tuple(tellings)]
    assert gathered(tellings[:2], (OPEN,) * MOST_AN_HOUR, OPEN) == []
    assert gathered(tellings[:2], (OPEN,) * MOST_AN_HOUR, OPEN + HOUR) == [(tellings[0],), (tellings[1],)]


def test_a_folded_message_says_each_of_its_parts() -> None:
    tellings = tuple(Telling(f"destination {name}", Episode(OPEN), replace(BAD, what=f"{name} is dead")) for name in ("a", "b"))
    alert = vigil_alert(tellings, seen(), ("desk",))
    assert alert.message.title == "Watcher: 2 notices about the watcher itself: a is dead"
    assert "b is dead" in alert.message.text


def test_its_id_is_stable_for_an_episode_and_its_telling_alone() -> None:
    first = Telling("blind", Episode(OPEN), BAD)
    others = [
        replace(first, name="disk"),
        replace(first, wrong=None),
        replace(first, episode=Episode(OPEN, times=1)),
        replace(first, episode=Episode(OPEN + DAY)),
    ]
    assert vigil_alert((first,), seen(), ()).event_id == vigil_alert((first,), seen(OPEN + MINUTE), ()).event_id
    assert len({vigil_alert((one,), seen(), ()).event_id for one in (first, *others)}) == 5


def test_no_destination_is_told_of_its_own_death_and_any_other_will_do() -> None:
    telling = Telling("destination desk", Episode(OPEN), BAD)
    assert told_whom(telling, ("desk", "spare"), ("desk", "spare")) == ("spare",)
    assert told_whom(telling, ("desk",), ("desk", "machine")) == ("machine",)
    assert told_whom(telling, ("desk",), ("desk",)) == ()
    assert told_whom(replace(telling, wrong=None), ("desk",), ("desk", "spare")) == ("desk",)
