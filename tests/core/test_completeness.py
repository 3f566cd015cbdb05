"""A day of EDGAR's index against the store: what counts as stored, silent and missing, and which days are due."""

from __future__ import annotations

from datetime import date
from datetime import datetime
from datetime import timedelta

import pytest

from watcher.core.calendar import is_business_day
from watcher.core.completeness import Completeness
from watcher.core.completeness import Standing
from watcher.core.completeness import absence
from watcher.core.completeness import completeness
from watcher.core.completeness import concerning
from watcher.core.completeness import days_due
from watcher.core.completeness import latest_day
from watcher.core.completeness import words
from watcher.core.listing import FilingRef
from watcher.core.listing import Party
from watcher.core.submission import EASTERN

TUESDAY = date(2026, 6, 16)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def eastern(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=EASTERN)


def accession(number: int) -> str:
    return f"0000000000-26-{number:06}"


def standing(
    state: str = "ingested",
    *,
    found_by: str = "feed",
    alerted: bool = False,
    silent_because: str | None = None,
    reason: str | None = None,
) -> Standing:
    return Standing(state, found_by, alerted, silent_because, reason)


# --- one day ----------------------------------------------------------------------------------------------------------


def test_a_filing_concerns_us_in_whatever_role_the_index_does_not_tell() -> None:
    refs = [FilingRef(accession(n), "4", (Party(cik, "unknown", ""),), cik) for n, cik in enumerate(("1", "2", "3"))]
    assert [ref.path_cik for ref in concerning(refs, {"1", "3"})] == ["1", "3"]


def test_the_words_count_what_was_listed_stored_alerted_and_silent_with_the_reasons() -> None:
    standings = {
        accession(1): standing(alerted=True),
        accession(2): standing(alerted=True),
        accession(3): standing("quarantined", alerted=True),
        accession(4): standing(silent_because="accepted before the watch began (baseline)"),
        accession(5): standing(silent_because="no rule matched"),
        accession(6): standing(silent_because="no rule matched"),
        accession(7): standing(silent_because="of another issuer"),
    }
    assert words(completeness(TUESDAY, 12, list(standings), standings)) == (
        "EDGAR listed 7 ownership filings for your 12 watches on 2026-06-16; 7 stored; 3 alerted; 4 silent:"
        " 2 no rule matched, 1 accepted before the watch began (baseline), 1 of another issuer"
    )


def test_a_day_without_a_filing_is_complete() -> None:
    proof = completeness(TUESDAY, 1, [], {})
    assert not proof.missing
    assert words(proof) == "EDGAR listed 0 ownership filings for your 1 watch on 2026-06-16; 0 stored; 0 alerted; 0 silent"


def test_a_filing_that_waits_or_is_unknown_is_missing_with_its_reason() -> None:
    listed = [accession(3), accession(1), accession(2)]
    proof = completeness(
        TUESDAY, 2, listed, {accession(1): standing("pending", reason="no connection"), accession(2): standing()}
    )
    assert (proof.listed, proof.stored, sum(proof.silent.values())) == (3, 1, 1)
    assert proof.missing == {accession(1): "no connection", accession(3): "not read yet"}
    assert words(proof).endswith("2 missing: 0000000000-26-000001 (no connection), 0000000000-26-000003 (not read yet)")


def test_what_only_the_index_showed_is_said() -> None:
    proof = completeness(TUESDAY, 2, [accession(1)], {accession(1): standing(found_by="index", alerted=True)})
    assert words(proof).endswith("1 alerted; 0 silent; 1 found only by this index")


def test_an_unreadable_filing_that_nobody_was_told_of_is_silent_as_such() -> None:
    proof = completeness(TUESDAY, 2, [accession(1)], {accession(1): standing("quarantined")})
    assert proof.silent == {"could not be read": 1}


def test_a_day_without_an_index_proves_nothing() -> None:
    assert words(Completeness(TUESDAY, 2, indexed=False)) == "EDGAR has no index of 2026-06-16: nothing is proven"


@pytest.mark.parametrize(
    ("day", "now", "said"),
    [
        (date(2026, 6, 20), eastern(date(2026, 6, 22), 12), "no business day"),
        (date(2026, 6, 19), eastern(date(2026, 6, 22), 12), "no business day"),  # Juneteenth
        (TUESDAY, eastern(TUESDAY, 21), "not built yet, try after 22:00 ET"),
        (TUESDAY, eastern(date(2026, 6, 20), 5, 59), "not built yet"),
        (TUESDAY, eastern(date(2026, 6, 20), 6), "closed"),
    ],
)
def test_why_there_is_no_index_is_said(day: date, now: datetime, said: str) -> None:
    assert said in absence(day, now)


# --- which day --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "latest"),
    [
        (eastern(TUESDAY, 22, 29), TUESDAY - DAY),
        (eastern(TUESDAY, 22, 30), TUESDAY),
        (eastern(TUESDAY + DAY, 0, 10), TUESDAY),
        (eastern(date(2026, 6, 22), 12), date(2026, 6, 18)),  # Monday after the Friday that is Juneteenth
        (eastern(date(2026, 6, 20), 23), date(2026, 6, 18)),
    ],
)
def test_the_latest_day_is_today_only_once_its_index_is_there(now: datetime, latest: date) -> None:
    assert latest_day(now) == latest


def test_a_day_is_due_from_six_in_the_morning_on() -> None:
    assert days_due(eastern(TUESDAY + DAY, 5, 59), {}, TUESDAY) == []
    assert days_due(eastern(TUESDAY + DAY, 6), {}, TUESDAY) == [TUESDAY]


def test_a_day_once_proven_is_not_due_again_before_saturday() -> None:
    proven = {TUESDAY: eastern(TUESDAY + DAY, 6)}
    assert TUESDAY not in days_due(eastern(date(2026, 6, 20), 5, 59), proven, TUESDAY)


def test_a_proof_of_the_evening_before_does_not_count() -> None:
    assert days_due(eastern(TUESDAY + DAY, 6), {TUESDAY: eastern(TUESDAY, 22, 30)}, TUESDAY) == [TUESDAY]


def test_on_saturday_the_days_of_the_week_are_due_once_more() -> None:
    monday = date(2026, 6, 8)
    week = [monday + n * DAY for n in range(5)]
    proven = {day: eastern(day + DAY, 6) for day in week[:4]}
    saturday = eastern(date(2026, 6, 13), 6)
    assert days_due(saturday, proven, monday) == week
    assert days_due(saturday + HOUR, dict.fromkeys(week, saturday), monday) == []


def test_weekends_and_holidays_are_never_due() -> None:
    due = days_due(eastern(date(2026, 7, 10), 12), {}, date(2026, 6, 15))
    assert due == [day for n in range(25) if is_business_day(day := date(2026, 6, 15) + n * DAY)]
    assert date(2026, 6, 19) not in due


def test_after_a_long_pause_every_day_of_it_is_due_and_none_before_the_first_watch() -> None:
    due = days_due(eastern(date(2026, 6, 16), 12), {}, date(2026, 1, 1))
    assert (len(due), due[0], due[-1]) == (114, date(2026, 1, 2), date(2026, 6, 15))


@pytest.mark.parametrize("first", [date(2026, 3, 2), date(2026, 10, 26)], ids=["spring", "autumn"])
def test_asked_each_hour_every_day_is_proven_twice_also_when_the_clocks_change(first: date) -> None:
    proven: dict[date, datetime] = {}
    times: dict[date, list[datetime]] = {}
    now = eastern(first, 12)
    while now < eastern(first + 12 * DAY, 12):
        for day in days_due(now, proven, first):
            times.setdefault(day, []).append(now.astimezone(EASTERN))
            proven[day] = now
        now = (now.astimezone(tz=None) + HOUR).astimezone(EASTERN)
    week = [first + n * DAY for n in range(5)]
    assert [[at.date() for at in times[day]] for day in week[:4]] == [[day + DAY, first + 5 * DAY] for day in week[:4]]
    assert [at.date() for at in times[week[4]]] == [first + 5 * DAY]
    assert all(at.hour == 6 for found in times.values() for at in found)
