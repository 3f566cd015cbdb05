"""A figure that is not as it was written is said: of a balance and of sums at the start, of every position once a day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bench.growth import lot
from bench.growth import open_store
from bench.growth import put
from bench.growth import quiet
from tests.history import history
from tests.world import DAY
from tests.world import EXAMPLE
from tests.world import MINUTE
from tests.world import World
from tests.world import a_sale
from tests.world import accession
from watcher.core.errors import StoreError
from watcher.core.health import complaints
from watcher.core.reading import READER_VERSION
from watcher.reparse import reparse
from watcher.status import condition
from watcher.upkeep import look_after
from watcher.upkeep import recover

FIGURES = [
    *(("holding", column, "1") for column in ("shares", "accession_number", "issuer_cik")),
    *(("holding", column, "2031-01-01") for column in ("as_of", "filed_at")),
    *(("position", column, "1") for column in ("shares", "moved", "opening", "unexplained")),
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Three filings of one balance."""
    with World(tmp_path) as world:
        world.watch()
        world.store.set_baseline(world.store.watches()[0].key, "done")
        for number in (1, 2, 3):
            world.clock.tick(MINUTE)
            world.file(a_sale(number, opening=11_000 - 1_000 * number))
        world.poll()
        world.ingest()
        yield world


def started(world: World) -> list[str]:
    return list(recover(world.store, {"desk"}, now=world.clock()))


def test_a_sound_store_is_called_sound(world: World) -> None:
    assert started(world) == []
    assert world.store.integrity() is None


@pytest.mark.parametrize(("table", "column", "value"), FIGURES)
def test_an_altered_figure_is_said_at_the_start_and_by_status(world: World, table: str, column: str, value: str) -> None:
    alter(world, table, column, value)
    (said,) = started(world)
    assert "the store is damaged" in said
    assert said in complaints(condition(world.store, world.pace, world.config, now=world.clock()))


def alter(world: World, table: str, column: str, value: str) -> None:
    """Write it without the checks of a connection of ours, as a disk would."""
    world.store.execute("PRAGMA foreign_keys=OFF")
    world.store.execute(f"UPDATE {table} SET {column} = ? WHERE {column} IS NOT NULL", (value,))  # noqa: S608 -- our own tables
    world.store.execute("PRAGMA foreign_keys=ON")


def test_a_total_that_its_filing_does_not_state_is_said_by_the_daily_check(world: World) -> None:
    world.store.execute(
        "UPDATE position SET shares = '7', moved = NULL, opening = NULL, unexplained = NULL WHERE accession_number = ?",
        (accession(1),),
    )
    assert started(world) == [], "its figures agree, and it is not the newest"
    look_after(world.store, {"desk"}, now=world.clock())
    assert f"filing {accession(1)})" in str(world.store.fact("damage"))


def test_a_reading_that_is_not_as_it_was_written_is_said_by_the_daily_check(world: World) -> None:
    world.store.execute("UPDATE reading SET content = replace(content, '1000', '1001')")
    assert started(world) == []
    look_after(world.store, {"desk"}, now=world.clock())
    assert "what was read of filing" in str(world.store.fact("damage"))


def test_a_past_event_that_is_not_as_it_was_written_is_said_by_the_daily_check_and_not_taken(world: World) -> None:
    world.store.execute("UPDATE event SET owners = '0009990103' WHERE accession_number = ?", (accession(1),))
    look_after(world.store, {"desk"}, now=world.clock())
    assert f"what happened in filing {accession(1)}" in str(world.store.fact("damage"))
    day = world.clock().date()
    with pytest.raises(StoreError, match="past event"):
        world.store.other_events(EXAMPLE.cik or "", [], since=day - 900 * DAY, until=day + 900 * DAY)


@pytest.mark.parametrize(("table", "column", "value"), [one for one in FIGURES if one[1] != "issuer_cik"])
def test_what_is_damaged_is_mended_as_it_is_said(world: World, table: str, column: str, value: str) -> None:
    before = figures(world)
    alter(world, table, column, value)
    assert started(world)
    for kept in world.store.readings(older_than=READER_VERSION + 1):
        reparse(world.store, kept, now=world.clock())
    assert figures(world) == before
    assert started(world) == []
    look_after(world.store, {"desk"}, now=world.clock() + MINUTE)
    assert world.store.fact("damage") is None


def figures(world: World) -> list[tuple[object, ...]]:
    """What is held and was stated, but for the numbers of the rows."""
    held = world.store.rows("SELECT key, issuer_cik, shares, value, as_of, filed_at, accession_number FROM holding")
    stated = world.store.rows(
        "SELECT accession_number, as_of, filed_at, shares, moved, opening, before, unexplained FROM position"
    )
    return [*map(tuple, held), *map(tuple, stated)]


def test_a_history_with_amendments_is_called_sound(tmp_path: Path) -> None:
    one = lot(0, history(3, 400))
    store, config = open_store(tmp_path, [one.watch])
    with closing(store):
        put(store, config, quiet(one.watch), one.filings)
        assert store.value("SELECT count(*) FROM position WHERE standing = 'amends'") > 5
        assert store.misstated() is None
        assert store.integrity() is None
