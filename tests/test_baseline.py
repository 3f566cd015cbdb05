"""A new watch first reads its past and tells nobody; what was filed while nobody looked is found and told."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.world import ALEX
from tests.world import DAY
from tests.world import EXAMPLE
from tests.world import FUND
from tests.world import HOUR
from tests.world import JANE
from tests.world import MINUTE
from tests.world import OTHER
from tests.world import World
from tests.world import a_sale
from tests.world import accession
from watcher.baseline import close_gap
from watcher.core.errors import EdgarError
from watcher.core.errors import FeedUnreadable
from watcher.core.errors import Unreachable
from watcher.demo.stories import Occasion
from watcher.demo.stories import holding_form3

EXAMPLE_CIK = EXAMPLE.cik or ""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, recent_limit=4, watches=('ticker = "EXMP"', 'ticker = "OTHR"')) as world:
        yield world


def held(world: World, owner_cik: str | None = JANE.cik) -> Decimal | None:
    shares = world.store.value("SELECT shares FROM holding WHERE owners = ? AND issuer_cik = ?", (owner_cik, EXAMPLE_CIK))
    return None if shares is None else Decimal(shares)


def baselines(world: World) -> dict[str, str]:
    return {watch.shown: watch.baseline for watch in world.store.watches()}


# --- the past ---------------------------------------------------------------------------------------------------------------------


def test_the_past_is_read_into_holdings_and_nobody_is_told(world: World) -> None:
    world.file(a_sale(1, opening=10_000), ago=30 * DAY)
    world.file(a_sale(2, opening=9_000), ago=10 * DAY)
    world.watch()
    assert [result.alerts for result in world.baseline()] == [(), ()]
    assert held(world) == 8_000
    assert world.alerted() == []
    assert baselines(world) == {"EXMP": "done", "OTHR": "done"}
    assert "baseline" in world.store.value("SELECT silent_because FROM filing LIMIT 1")


def test_the_next_filing_is_compared_with_the_past(world: World) -> None:
    world.file(a_sale(1, opening=10_000), ago=30 * DAY)
    world.watch()
    world.baseline()
    world.clock.tick(HOUR)
    world.file(a_sale(2, opening=9_000))
    world.poll()
    world.ingest()
    (text,) = (row["text"] for row in world.store.rows("SELECT text FROM alert"))
    assert "9,000 → 8,000" in text
    assert "not known yet" not in text


def test_an_alert_while_the_past_is_being_read_says_that_holdings_are_not_known_yet(world: World) -> None:
    world.file(a_sale(1, opening=10_000), ago=30 * DAY, listed=False)
    world.watch()
    world.clock.tick(HOUR)
    world.file(a_sale(2, opening=9_000))
    world.poll()
    world.ingest()
    (text,) = (row["text"] for row in world.store.rows("SELECT text FROM alert"))
    assert "earlier holdings are not known yet" in text
    world.baseline()
    assert held(world) == 8_000, "the past that is read afterwards does not overwrite what is newer"
    assert world.alerted() == [accession(2)]


def test_the_past_reaches_over_shards_and_no_further_than_configured(world: World) -> None:
    for number in range(1, 31):
        world.file(a_sale(number), ago=number * 20 * DAY)
    world.watch()
    results = world.baseline()
    assert sorted(result.accession_number for result in results) == [accession(number) for number in range(1, 19)]


def test_a_form_3_of_the_past_is_a_holding(world: World) -> None:
    occasion = Occasion(accession(1), EXAMPLE, (ALEX,), world.clock().date() - 40 * DAY, opening=777)
    world.file(holding_form3(occasion), ago=39 * DAY)
    world.watch()
    world.baseline()
    assert held(world, ALEX.cik) == 777


def test_an_issuer_that_never_filed_has_its_baseline_at_once(world: World) -> None:
    world.watch(f'owner_cik = "{FUND.cik}"')
    assert world.baseline() == []
    assert set(baselines(world).values()) == {"done"}


def test_a_baseline_is_done_when_the_last_of_its_filings_is(world: World) -> None:
    world.file(a_sale(1), ago=30 * DAY, document_delay=math.inf)
    world.file(a_sale(2), ago=20 * DAY)
    world.watch()
    world.baseline()
    assert baselines(world)["EXMP"] == "reading"
    world.edgar.publish(accession(1))
    world.clock.tick(HOUR)
    world.baseline()
    assert baselines(world)["EXMP"] == "done"


def test_a_list_that_cannot_be_had_leaves_the_baseline_owed(world: World) -> None:
    world.file(a_sale(1), ago=30 * DAY)
    world.watch()
    world.edgar.fault("503", times=1, path_contains="/submissions/")
    with pytest.raises(Unreachable):
        world.baseline()
    assert baselines(world)["EXMP"] == "owed"
    world.baseline()
    assert held(world) == 9_000


def test_a_shard_that_cannot_be_had_leaves_the_baseline_owed(world: World) -> None:
    for number in range(1, 8):
        world.file(a_sale(number), ago=number * DAY)
    world.watch()
    world.edgar.fault("truncated", times=1, path_contains="-submissions-001")
    with pytest.raises(FeedUnreadable):
        world.baseline()
    assert (baselines(world)["EXMP"], world.state_of(accession(1))) == ("owed", None)


def test_an_unreadable_filing_of_the_past_is_set_aside_and_alerts_nobody(world: World) -> None:
    world.file(a_sale(1), ago=30 * DAY)
    world.watch()
    world.edgar.fault("bomb", path_contains=accession(1))
    (result,) = world.baseline()
    assert (result.state, result.alerts) == ("quarantined", ())
    assert baselines(world)["EXMP"] == "done"


def test_what_the_feed_missed_and_the_past_lists_is_told_if_it_is_new(world: World) -> None:
    world.watch()
    world.clock.tick(MINUTE)
    world.file(a_sale(1), listed=False)
    (result,) = world.baseline()
    assert (result.state, world.alerted()) == ("ingested", [accession(1)])


def test_an_unreadable_filing_that_the_feed_missed_is_told_if_it_may_be_new(world: World) -> None:
    world.watch()
    world.clock.tick(MINUTE)
    world.file(a_sale(1), listed=False)
    world.edgar.fault("bomb", path_contains=accession(1))
    (result,) = world.baseline()
    assert (result.state, len(result.alerts)) == ("quarantined", 1)


# --- gaps -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [HOUR, 5 * DAY, 200 * DAY], ids=str)
def test_what_was_accepted_while_the_watcher_was_down_is_told_once_each(world: World, length: timedelta) -> None:
    world.file(a_sale(1, opening=20_000), ago=30 * DAY)
    world.watch()
    world.baseline()
    world.file(a_sale(2, opening=19_000))
    world.poll()
    world.ingest()
    down_since = world.clock()
    for number in range(3, 13):
        moment = world.clock() + (number - 2) * length / 11
        listed = number % 2 == 0
        world.edgar.file(a_sale(number, opening=21_000 - 1_000 * number), accepted_at=moment, listed=listed)
    world.clock.tick(length)
    world.store.set_fact("gap since", down_since)  # as the daemon does when it starts
    assert sorted(world.close_gap()) == [accession(number) for number in range(3, 13)]
    world.poll()
    world.ingest()
    assert sorted(world.alerted()) == [accession(number) for number in range(2, 13)]
    assert held(world) == 8_000
    assert world.store.moment("gap since") is None
    assert world.close_gap() == []


def test_filings_of_a_gap_are_read_in_the_order_of_their_dates_whatever_their_numbers(world: World) -> None:
    world.watch()
    world.store.set_fact("gap since", world.clock())
    for number in (3, 2, 1):
        world.clock.tick(DAY)
        world.file(a_sale(number, opening=1_000 * (number + 5)), listed=False)
    world.clock.tick(DAY)
    world.close_gap()
    world.ingest()
    assert world.alerted() == [accession(3), accession(2), accession(1)]
    changes = world.store.rows("SELECT before, shares, unexplained FROM position ORDER BY accession_number DESC")
    assert [tuple(row) for row in changes] == [(None, "7000", None), ("7000", "6000", "0"), ("6000", "5000", "0")]


def test_a_gap_stays_noted_until_every_watch_was_asked(world: World) -> None:
    world.watch()
    world.file(a_sale(1), listed=False)
    world.file(a_sale(2, issuer=OTHER), listed=False)
    world.store.set_fact("gap since", world.clock() - HOUR)
    world.edgar.fault("503", times=1, path_contains=OTHER.cik or "")
    with pytest.raises(EdgarError):
        world.close_gap()
    assert world.store.moment("gap since") is not None
    assert world.state_of(accession(1)) == "pending", "what was found until then is kept"
    assert world.close_gap() == [accession(2)]
    assert world.store.moment("gap since") is None


def test_another_gap_that_opens_while_one_is_closed_is_closed_in_its_turn(world: World) -> None:
    world.watch()
    world.store.set_fact("gap since", world.clock() - HOUR)
    closing = close_gap(world.door, world.store, now=world.clock())
    assert next(closing) == []
    world.store.set_fact("another gap since", world.clock())  # as a poll does
    world.file(a_sale(1), listed=False)
    assert list(closing) == [[]]
    assert world.close_gap() == [accession(1)]
    assert world.store.moment("gap since") is None


def test_a_list_that_cannot_be_read_does_not_keep_the_others_from_being_read(world: World) -> None:
    world.watch()
    world.file(a_sale(1), listed=False)
    world.file(a_sale(2, issuer=OTHER), listed=False)
    world.store.set_fact("gap since", world.clock() - HOUR)
    world.edgar.fault("truncated", path_contains=EXAMPLE_CIK)
    closing = close_gap(world.door, world.store, now=world.clock())
    assert next(closing) == [accession(2)]
    with pytest.raises(FeedUnreadable):
        next(closing)
    assert world.store.moment("gap since") is not None
