"""The store that `tests.experiments.damage` damages: with a past, with alerts told and owed, and with filings still to come."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

from tests.contract.senders import FakeSender
from tests.world import DAY
from tests.world import HOUR
from tests.world import MINUTE
from tests.world import World
from tests.world import a_sale
from watcher.deliver import deliver
from watcher.store import Store
from watcher.upkeep import look_after
from watcher.upkeep import recover

# What was sent to a destination: by event, the words and the exact body.
Sent = dict[str, tuple[object, bytes]]
SUFFIXES = ("", "-wal", "-shm", "-journal", ".mark", ".lock")


class Scene:
    """A world whose store is put back to the same state before each trial."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.path = world.config.store.path
        self._kept = folder / "kept"
        self.backup = folder / "backup.db"
        self._kept.mkdir()
        self._live()
        self._now = world.clock.now

    def _live(self) -> None:
        """A baseline, alerts told, two owed; then the store is closed, and two more filings are accepted."""
        world = self.world
        for number in range(1, 21):
            world.file(a_sale(number, (100 + number, "20.00"), opening=20_000 - 100 * number), ago=40 * DAY - number * DAY)
        world.store.recover_restored(world.clock())
        world.watch()
        world.baseline()
        for number in range(21, 31):
            world.clock.tick(MINUTE)
            world.file(a_sale(number, (200 + number, "25.00"), opening=18_000 - 300 * number))
            world.poll()
            world.ingest()
            if number <= 28:
                deliver(world.store, FakeSender(), "desk", now=world.clock)
        world.store.backup(self.backup)
        world.store.close()
        for suffix in SUFFIXES:
            if self.file(suffix).exists():
                shutil.copy(self.file(suffix), self._kept / f"store{suffix}")
        world.clock.tick(HOUR)
        for number in (31, 32):
            world.file(a_sale(number, (500 + number, "30.00"), opening=9_000 - 600 * (number - 31)))

    def file(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)

    def reset(self) -> None:
        for file in [*self.path.parent.glob(f"{self.path.name}*")]:
            file.unlink()
        for suffix in SUFFIXES:
            if (self._kept / f"store{suffix}").exists():
                shutil.copy(self._kept / f"store{suffix}", self.file(suffix))
        self.world.clock.now = self._now

    def work(self) -> tuple[Sent, int, bool]:
        """What the watcher does from its start on: what was sent, how many messages it has declared dead, whether it found damage."""
        world, desk = self.world, FakeSender()
        with closing(Store(self.path)) as world.store:
            store = world.store
            for _ in recover(store, {"desk"}, now=world.clock()):
                continue
            self._tell(store, desk)
            world.poll()
            world.ingest()
            self._tell(store, desk)
            dead = int(store.value("SELECT count(*) FROM owed WHERE state = 'dead'"))
            look_after(store, set(), now=world.clock() + DAY)
            said = any(source == "store" for _, source, _ in store.troubles(world.clock() - DAY))
        return {one.event_id: (one.message, one.payload) for _, one in desk.sent}, dead, said

    def _tell(self, store: Store, desk: FakeSender) -> None:
        while deliver(store, desk, "desk", now=self.world.clock) is not None:
            continue
