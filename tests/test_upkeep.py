"""The store is looked after: once a day all of it is read, and damage is said."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.world import DAY
from tests.world import HOUR
from tests.world import MINUTE
from tests.world import NOON
from tests.world import TERMINAL
from tests.world import World
from tests.world import a_sale
from watcher.store import Store
from watcher.upkeep import look_after


def test_a_sound_store_is_read_whole_once_a_day(tmp_path: Path) -> None:
    store = Store(tmp_path / "watcher.db")
    for hours in (0, 1, 23, 24, 25):
        look_after(store, set(), now=NOON + hours * HOUR)
    assert store.moment("integrity checked") == NOON + DAY
    assert store.troubles(NOON - DAY) == []
    store.close()


def test_damage_is_kept_as_a_trouble_for_status(tmp_path: Path) -> None:
    store = Store(tmp_path / "watcher.db")
    store.keep_trouble("poll", "no connection", NOON)
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("PRAGMA writable_schema=ON")
        other.execute("UPDATE sqlite_schema SET sql = replace(sql, 'trouble (id', 'trouble (idd') WHERE name = 'trouble'")
        other.execute("DELETE FROM sqlite_schema WHERE name = 'filing_issuer'")
        other.commit()
    look_after(store, set(), now=NOON)
    assert [source for _, source, _ in store.troubles(NOON - DAY)] == ["store", "poll"]
    store.close()


def test_a_clock_that_went_back_does_not_put_the_check_off(tmp_path: Path) -> None:
    store = Store(tmp_path / "watcher.db")
    look_after(store, set(), now=NOON)
    look_after(store, set(), now=NOON - 300 * DAY)
    assert store.moment("integrity checked") == NOON - 300 * DAY
    store.close()


def test_a_message_to_a_destination_that_was_removed_while_it_was_made_does_not_stay_owed(tmp_path: Path) -> None:
    with World(tmp_path, destinations={"desk": TERMINAL}) as world:
        world.watch()
        world.store.set_baseline(world.store.watches()[0].key, "done")
        world.clock.tick(MINUTE)
        world.file(a_sale(1))
        world.poll()
        world.ingest()
        look_after(world.store, {"mail"}, now=world.clock())
        assert [row["state"] for row in world.store.rows("SELECT state FROM owed")] == ["dead"]
