"""Polling finds every filing that concerns a watch, once, and never takes something else for "nothing new"."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from tests.world import ALEX
from tests.world import DAY
from tests.world import EXAMPLE
from tests.world import FUND
from tests.world import HOUR
from tests.world import JANE
from tests.world import MINUTE
from tests.world import NOON
from tests.world import OTHER
from tests.world import SECOND
from tests.world import World
from tests.world import a_sale
from tests.world import accession
from watcher.core.codes import FORM_TYPES
from watcher.core.errors import Blocked
from watcher.core.errors import EdgarError
from watcher.core.errors import FeedUnreadable
from watcher.core.errors import Unreachable
from watcher.core.feed import parse_feed
from watcher.core.listing import FeedEntry
from watcher.core.listing import FeedPage
from watcher.core.model import ReportingOwner
from watcher.edgar import PAGE
from watcher.edgar import Edgar
from watcher.poll import poll
from watcher.store import Store
from watcher.store import StoredWatch

EXAMPLE_CIK = EXAMPLE.cik or ""


class ListedEdgar(Edgar):
    """The list of current filings alone, out of memory: newest first, as of `now`; `depth` is how much of it EDGAR shows."""

    def __init__(self, entries: Sequence[FeedEntry], *, depth: int = 5100) -> None:
        self.entries = tuple(entries)
        self.now = NOON
        self.depth = depth
        self.asked: list[int] = []

    def current(self, form_prefix: str, start: int) -> FeedPage:
        self.asked.append(start)
        listed = [entry for entry in self.entries if entry.updated <= self.now and entry.form_type.startswith(form_prefix)]
        return FeedPage(tuple(listed[: self.depth][start : start + PAGE]), self.now)


def entry(number: int, cik: str, role: str, updated: datetime, form_type: str = "4") -> FeedEntry:
    return FeedEntry(accession(number), form_type, role, cik, "Somebody", updated, "")


def watch(cik: str, since: datetime = NOON, role: str = "issuer") -> StoredWatch:
    return StoredWatch(f"{role}:{cik}", role, cik, None, None, ("default",), since, "done")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as world:
        yield world


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "listed.db")) as store:
        store.set_watches([watch(EXAMPLE_CIK)], NOON)
        yield store


def found(store: Store) -> list[str]:
    return [row["accession_number"] for row in store.rows("SELECT accession_number FROM filing ORDER BY accession_number")]


# --- every filing, once -------------------------------------------------------------------------------------------------------


def scripted(chance: Random, count: int) -> tuple[list[FeedEntry], set[str]]:
    """A feed of `count` filings after noon, newest first, and those of it that concern the watch.

    Bursts within one second, whose entries are interleaved; one to eleven parties; other forms; the watched CIK as an owner.
    """
    entries: list[FeedEntry] = []
    wanted: set[str] = set()
    at = NOON
    order: dict[int, float] = {}
    for number in range(count):
        at += chance.choice((0, 0, 0, 1, 5, 60, 600)) * SECOND
        form_type = chance.choices(("4", "4/A", "424B2"), (8, 1, 1))[0]
        watched_as = chance.choices(("Issuer", "Reporting", None), (4, 1, 5))[0]
        issuer = EXAMPLE_CIK if watched_as == "Issuer" else "0009990077"
        parties = [
            ("Issuer", issuer),
            *(("Reporting", f"{9_980_000 + chance.randrange(999):010}") for _ in range(chance.choice((1, 1, 2, 10)))),
        ]
        if watched_as == "Reporting":
            parties.append(("Reporting", EXAMPLE_CIK))
        made = [entry(number, cik, role, at, form_type) for role, cik in dict.fromkeys(parties)]
        for one in made:
            order[id(one)] = chance.random()
        entries += made
        if form_type in FORM_TYPES and watched_as == "Issuer":
            wanted.add(accession(number))
    entries.sort(key=lambda one: (one.updated, order[id(one)]), reverse=True)
    return entries, wanted


class ShakyEdgar(ListedEdgar):
    """Time passes between two pages, so that the list moves on during a walk; and now and then the line breaks."""

    def __init__(self, entries: Sequence[FeedEntry], chance: Random) -> None:
        super().__init__(entries)
        self._chance = chance
        self.steady = False

    def current(self, form_prefix: str, start: int) -> FeedPage:
        if not self.steady:
            self.now += self._chance.choice((0, 1, 5, 120)) * SECOND
            if self._chance.random() < 0.15:
                raise self._chance.choice(
                    (
                        Unreachable("no connection"),
                        Unreachable("503", status=503),
                        FeedUnreadable("odd"),
                        Blocked("no", until=NOON),
                    )
                )
        return super().current(form_prefix, start)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    intervals=st.lists(st.sampled_from((1, 5, 30, 300, 3600, 6 * 3600)), min_size=1, max_size=12),
)
def test_every_filing_is_found_once_whatever_the_poll_interval(seed: int, intervals: list[int]) -> None:
    chance = Random(seed)  # noqa: S311 -- a script that repeats, not a secret
    entries, wanted = scripted(chance, 120)
    edgar = ShakyEdgar(entries, chance)
    told: list[str] = []
    with tempfile.TemporaryDirectory() as folder, closing(Store(Path(folder) / "s.db")) as store:
        store.set_watches([watch(EXAMPLE_CIK)], NOON)
        for seconds in intervals:
            edgar.now += seconds * SECOND
            try:
                told += poll(edgar, store, now=edgar.now).new
            except (EdgarError, FeedUnreadable):
                continue
        edgar.steady = True
        edgar.now = entries[0].updated + DAY
        told += poll(edgar, store, now=edgar.now).new
        told += poll(edgar, store, now=edgar.now).new
        assert set(found(store)) == wanted
        assert len(told) == len(set(told)) <= len(wanted)
        rows = store.rows("SELECT accession_number, count(*) AS n FROM filing_party GROUP BY accession_number")
        parties = {row["accession_number"]: row["n"] for row in rows}
        assert parties == {number: len({e.cik for e in entries if e.accession_number == number}) for number in wanted}


@lru_cache(maxsize=1)
def recorded(corpus: Path) -> tuple[FeedPage, ...]:
    """The pages that were recorded one after the other on 2025-12-12 with type=4 and all its junk."""
    folder = corpus / "feeds" / "getcurrent" / "20251212_test_get_current_filings_form_4_filtering_issue_501"
    pages = tuple(parse_feed(path.read_bytes()) for path in sorted(folder.glob("*.atom")))
    assert len(pages) == 51
    return pages


def recorded_entries(corpus: Path) -> list[FeedEntry]:
    every = dict.fromkeys(entry for page in recorded(corpus) for entry in page.entries)
    return sorted(every, key=lambda entry: entry.updated, reverse=True)


def issuers_of(entries: Sequence[FeedEntry], since: datetime) -> list[StoredWatch]:
    ciks = sorted({entry.cik for entry in entries if entry.role == "Issuer"})
    return [watch(cik, since) for cik in ciks]


def test_the_recorded_pages_walked_once_give_every_filing_once(corpus: Path, tmp_path: Path) -> None:
    class Recorded(ListedEdgar):
        def current(self, form_prefix: str, start: int) -> FeedPage:  # noqa: ARG002 -- the signature is Edgar's
            self.asked.append(start)
            return recorded(corpus)[start // PAGE]

    entries = recorded_entries(corpus)
    before_all = entries[-1].updated - DAY
    with closing(Store(tmp_path / "s.db")) as store:
        store.set_watches(issuers_of(entries, before_all), before_all)
        edgar = Recorded(())
        polled = poll(edgar, store, now=entries[0].updated)
        again = poll(edgar, store, now=entries[0].updated)
    expected = {e.accession_number for e in entries if e.form_type in FORM_TYPES and e.role == "Issuer"}
    assert len(expected) > 1500
    assert len(polled.new) == len(set(polled.new))
    assert set(polled.new) == expected
    assert edgar.asked == [*range(0, 5100, 100), 0]
    assert again.new == ()


@pytest.mark.parametrize("interval", [10 * MINUTE, 97 * MINUTE, 9 * HOUR], ids=str)
def test_replaying_the_recorded_feed_every_filing_is_found_once(corpus: Path, tmp_path: Path, interval: timedelta) -> None:
    entries = recorded_entries(corpus)
    begin = datetime(2025, 12, 11, 12, 0, tzinfo=NOON.tzinfo)
    edgar = ListedEdgar(entries)
    edgar.now = begin
    told: list[str] = []
    with closing(Store(tmp_path / "s.db")) as store:
        store.set_watches(issuers_of(entries, begin), begin)
        while edgar.now < entries[0].updated + interval:
            polled = poll(edgar, store, now=edgar.now)
            assert not polled.gap
            told += polled.new
            edgar.now += interval
    expected = {e.accession_number for e in entries if e.form_type in FORM_TYPES and e.role == "Issuer" and e.updated >= begin}
    assert len(told) == len(set(told))
    assert expected <= set(told)
    assert len(expected) > 800


# --- pages ----------------------------------------------------------------------------------------------------------------------


def fill(world: World, count: int, *, first: int = 1, issuer_every: int = 10) -> list[str]:
    """File `count` filings, two entries each, a second apart up to now; every tenth concerns the watch."""
    for number in range(first, first + count):
        issuer = EXAMPLE if number % issuer_every == 0 else OTHER
        world.file(a_sale(number, issuer=issuer), ago=(first + count - number) * SECOND)
    return [accession(number) for number in range(first, first + count) if number % issuer_every == 0]


def test_pages_are_read_until_one_is_wholly_known(world: World) -> None:
    world.watch()
    world.clock.tick(HOUR)
    first = fill(world, 160)
    polled = world.poll()
    assert (sorted(polled.new), polled.pages, polled.entries, polled.gap) == (first, 4, 320, False)
    assert world.poll().pages == 1
    world.clock.tick(MINUTE)
    second = fill(world, 10, first=161)
    polled = world.poll()
    assert (list(polled.new), polled.pages) == (second, 2)
    world.clock.tick(MINUTE)
    third = fill(world, 60, first=171)
    polled = world.poll()
    assert (sorted(polled.new), polled.pages, polled.gap) == (third, 3, False)


def test_the_first_poll_does_not_read_what_was_there_long_before_the_watch(world: World) -> None:
    for number in range(1, 201):
        world.file(a_sale(number), ago=number * HOUR)
    world.watch()
    polled = world.poll()
    assert (polled.pages, polled.gap) == (1, False)


def test_after_each_page_it_says_that_it_goes_on(store: Store) -> None:
    edgar = ListedEdgar([entry(number, OTHER.cik or "", "Issuer", NOON) for number in range(250)])
    said: list[int] = []
    poll(edgar, store, now=NOON, goes_on=lambda: said.append(len(edgar.asked)))
    assert said == [1, 2, 3]


def test_the_entries_of_one_filing_on_two_pages_are_one_filing(world: World) -> None:
    world.watch()
    world.clock.tick(HOUR)
    world.file(a_sale(1, owners=(JANE, ALEX, FUND)), ago=MINUTE)
    for number in range(2, 51):
        world.file(a_sale(number, issuer=OTHER))
    on_the_first_page = [entry.accession_number for entry in world.door.current("4", 0).entries].count(accession(1))
    assert on_the_first_page == 2
    assert world.poll().new == (accession(1),)
    assert world.store.value("SELECT count(*) FROM filing_party WHERE accession_number = ?", (accession(1),)) == 4


def test_interleaved_entries_of_two_filings_are_two_filings(store: Store) -> None:
    edgar = ListedEdgar(
        [
            entry(1, JANE.cik or "", "Reporting", NOON),
            entry(2, ALEX.cik or "", "Reporting", NOON),
            entry(1, EXAMPLE_CIK, "Issuer", NOON),
            entry(2, EXAMPLE_CIK, "Issuer", NOON),
        ]
    )
    assert poll(edgar, store, now=NOON).new == (accession(1), accession(2))


# --- what concerns a watch --------------------------------------------------------------------------------------------------------


def test_other_forms_whose_name_begins_alike_are_ignored(store: Store) -> None:
    forms = ("424B2", "4/A", "425", "40-APP", "4", "497K")
    edgar = ListedEdgar([entry(number, EXAMPLE_CIK, "Issuer", NOON, form) for number, form in enumerate(forms)])
    assert poll(edgar, store, now=NOON).new == (accession(1), accession(4))


def test_an_issuer_that_reports_as_an_owner_of_another_is_not_meant(world: World) -> None:
    world.watch()
    as_owner = ReportingOwner(EXAMPLE.cik, "Example Corp", is_ten_percent_owner=True)
    world.file(a_sale(1, issuer=OTHER, owners=(as_owner,)))
    assert world.poll().new == ()
    world.watch(f'owner_cik = "{EXAMPLE_CIK}"')
    assert world.poll().new == (accession(1),)


def test_a_watched_person_is_found_at_any_issuer(world: World) -> None:
    world.watch(f'owner_cik = "{FUND.cik}"')
    world.file(a_sale(1, owners=(JANE, FUND)))
    world.file(a_sale(2, issuer=OTHER, owners=(FUND,)))
    world.file(a_sale(3))
    assert sorted(world.poll().new) == [accession(1), accession(2)]


def test_forms_3_and_5_are_found_by_their_own_lists(world: World) -> None:
    world.watch()
    for number, form_type in enumerate(("3", "4", "5/A")):
        world.file(replace(a_sale(number), form_type=form_type))
    assert [world.poll(prefix).new for prefix in ("3", "4", "5")] == [(accession(0),), (accession(1),), (accession(2),)]


# --- breaking off -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["down", "truncated", "html", "500", "blocked"])
def test_a_walk_that_breaks_off_loses_nothing_and_is_walked_again(world: World, kind: str) -> None:
    world.watch()
    world.clock.tick(HOUR)
    expected = fill(world, 90)
    world.edgar.fault(kind, times=1, path_contains="start=100")
    with pytest.raises((EdgarError, FeedUnreadable)):
        world.poll()
    assert found(world.store) == expected[-5:], "what was found until then is remembered"
    assert world.store.moment("good poll 4") is None
    world.clock.tick(10 * MINUTE)
    polled = world.poll()
    assert (polled.pages, found(world.store)) == (2, expected)


def test_a_503_after_a_sound_page_may_be_the_end_of_the_list_and_is_asked_for_again(world: World) -> None:
    world.watch()
    world.file(a_sale(1, issuer=OTHER), ago=7 * HOUR)
    world.poll()
    world.clock.tick(HOUR)
    expected = fill(world, 100, first=101)
    world.edgar.fault("503", times=1, path_contains="start=100")
    polled = world.poll()
    assert (polled.pages, polled.gap) == (1, True)
    assert world.poll().pages >= 2
    assert found(world.store) == expected


def test_a_503_on_the_first_page_is_an_outage(world: World) -> None:
    world.watch()
    world.edgar.fault("503")
    with pytest.raises(Unreachable):
        world.poll()
    assert world.store.moment("good poll 4") is None


# --- stale, empty, something else ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["stale", "empty_feed", "empty", "html", "truncated", "503"])
def test_what_is_not_the_list_never_advances(world: World, kind: str) -> None:
    world.watch()
    world.file(a_sale(1))
    world.poll()
    world.edgar.snapshot()
    world.clock.tick(MINUTE)
    world.file(a_sale(2))
    world.poll()
    facts = {row["name"]: row["value"] for row in world.store.rows("SELECT * FROM fact")}
    seen = world.store.value("SELECT count(*) FROM seen")
    world.clock.tick(MINUTE)
    world.file(a_sale(3))
    world.edgar.fault(kind, times=1)
    with pytest.raises((EdgarError, FeedUnreadable)):
        world.poll()
    assert {row["name"]: row["value"] for row in world.store.rows("SELECT * FROM fact")} == facts
    assert world.store.value("SELECT count(*) FROM seen") == seen
    assert world.poll().new == (accession(3),)


def test_a_time_far_to_come_that_a_list_once_named_makes_no_later_list_an_old_one(world: World) -> None:
    world.watch()
    world.store.set_fact("newest 4", world.clock() + 365 * DAY)
    number = world.file(a_sale(2))
    world.clock.tick()
    assert world.poll().new == (number,)


def test_the_list_of_form_4s_is_never_empty(world: World) -> None:
    world.watch()
    with pytest.raises(FeedUnreadable, match="is empty"):
        world.poll()


def test_the_list_of_a_rare_form_may_be_empty_until_there_is_one_and_when_the_last_has_left_it(world: World) -> None:
    world.watch()
    assert world.poll("5").entries == 0
    world.file(replace(a_sale(1), form_type="5"))
    assert world.poll("5").new == (accession(1),)
    world.edgar.fault("empty_feed")
    with pytest.raises(FeedUnreadable, match="is empty"):
        world.poll("5")
    world.clock.tick(3 * DAY)
    assert world.poll("5").entries == 0


# --- gaps ---------------------------------------------------------------------------------------------------------------------------


def a_list(count: int, *, newest: datetime, first: int) -> list[FeedEntry]:
    return [entry(first + at, "0009990077", "Issuer", newest - at * SECOND) for at in range(count)]


class Endless(ListedEdgar):
    """However deep one looks, there is more, and nothing of it is known."""

    def current(self, form_prefix: str, start: int) -> FeedPage:  # noqa: ARG002 -- the signature is Edgar's
        return FeedPage(tuple(a_list(PAGE, newest=self.now - start * SECOND, first=1000 + start)), self.now)


def test_a_list_without_overlap_leaves_a_gap_noted(store: Store) -> None:
    store.set_watches([watch("0009990001"), watch("0009990002", NOON - 30 * DAY)], NOON - 30 * DAY)
    assert not poll(ListedEdgar(a_list(3, newest=NOON, first=1)), store, now=NOON).gap
    edgar = Endless(())
    edgar.now = NOON + HOUR
    polled = poll(edgar, store, now=edgar.now)
    assert (polled.gap, polled.pages) == (True, 51)
    assert store.moment("gap since") == NOON
    assert not poll(edgar, store, now=edgar.now).gap
    assert store.moment("gap since") == NOON, "it stays noted until it is closed"


def test_a_gap_that_opens_while_another_is_noted_is_noted_beside_it(store: Store) -> None:
    poll(ListedEdgar(a_list(3, newest=NOON, first=1)), store, now=NOON)
    for days, first in ((10, 10), (20, 20)):
        edgar = ListedEdgar(a_list(3, newest=NOON + days * DAY, first=first))
        edgar.now = NOON + days * DAY
        poll(edgar, store, now=edgar.now)
    assert [store.moment("gap since"), store.moment("another gap since")] == [NOON, NOON + 10 * DAY]


def test_a_short_list_without_overlap_is_a_gap_only_after_a_day(store: Store) -> None:
    edgar = ListedEdgar(a_list(3, newest=NOON, first=1))
    poll(edgar, store, now=NOON)
    edgar.entries = tuple(a_list(3, newest=NOON + HOUR, first=10))
    edgar.now = NOON + HOUR
    assert not poll(edgar, store, now=edgar.now).gap
    edgar.entries = tuple(a_list(3, newest=NOON + 3 * DAY, first=20))
    edgar.now = NOON + 3 * DAY
    assert poll(edgar, store, now=edgar.now).gap


def test_a_list_with_overlap_has_no_gap_however_long_nobody_looked(store: Store) -> None:
    edgar = ListedEdgar(a_list(3, newest=NOON, first=1))
    poll(edgar, store, now=NOON)
    edgar.now = NOON + 3 * DAY
    edgar.entries = (*a_list(3, newest=edgar.now, first=10), *edgar.entries[:1])
    assert not poll(edgar, store, now=edgar.now).gap


def test_a_list_that_gains_an_entry_has_no_gap(world: World) -> None:
    world.watch()
    for number in range(1, 5):
        world.file(a_sale(number))
        assert not world.poll().gap
        assert not world.poll("5").gap
        world.clock.tick(MINUTE)
    assert world.store.moment("gap since") is None
