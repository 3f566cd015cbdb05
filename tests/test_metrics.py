"""The watcher in Prometheus' text format, read by a strict reader."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.exposition import read
from tests.world import DAY
from tests.world import MINUTE
from tests.world import NOON
from tests.world import SECOND
from tests.world import World
from tests.world import a_sale
from tests.world import run_watcher
from watcher.core.metrics import Family
from watcher.core.metrics import Latency
from watcher.core.metrics import Sample
from watcher.core.metrics import exposition
from watcher.core.telling import Outcome
from watcher.core.telling import Outgoing
from watcher.deliver import deliver
from watcher.metrics import metrics


class Taker:
    def send(self, _outgoing: Outgoing, *, now: object) -> Outcome:  # noqa: ARG002 -- the signature is Sender's
        return Outcome("accepted")


def told(world: World) -> str:
    return metrics(world.store, world.pace, world.config, now=world.clock())


def test_a_filing_is_counted_on_its_way(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.watch()
        world.baseline()
        world.clock.tick(MINUTE)
        world.file(a_sale(1), ago=8 * SECOND)
        world.poll()
        pending = read(told(world))
        assert pending["watcher_filings"].value(state="pending", queue="live") == 1
        world.ingest()
        world.clock.tick(4 * SECOND)
        deliver(world.store, Taker(), "desk", now=world.clock)
        world.poll()
        found = read(told(world))
    assert found["watcher_filings"].value(state="ingested", queue="live") == 1
    assert found["watcher_deliveries_total"].value(destination="desk", outcome="accepted") == 1
    assert found["watcher_owed"].value(destination="desk", state="delivered") == 1
    latency = found["watcher_latency_seconds"]
    assert latency.value(stage="accepted_to_seen", quantile="0.5") == pytest.approx(8, abs=0.001)
    assert latency.value(stage="accepted_to_sent", quantile="0.95") == pytest.approx(12, abs=0.001)
    assert latency.samples["watcher_latency_seconds_count", (("stage", "seen_to_sent"),)] == 1
    assert found["watcher_last_good_poll_timestamp_seconds"].value(form="4") == world.clock().timestamp()
    assert found["watcher_feed_age_seconds"].value(form="4") == 12


def test_blind_is_told_by_edgars_hours(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.watch()
        for form in ("3", "4", "5"):
            world.store.set_fact(f"good poll {form}", NOON)
        assert read(told(world))["watcher_blind"].value() == 0
        world.clock.now = NOON + 10 * MINUTE
        assert read(told(world))["watcher_blind"].value() == 1
        night = NOON + 11 * 60 * MINUTE
        for form in ("3", "4", "5"):
            world.store.set_fact(f"good poll {form}", night)
        world.clock.now = night + 10 * MINUTE
        found = read(told(world))
    assert (found["watcher_blind"].value(), found["watcher_edgar_open"].value()) == (0, 0)


def test_a_new_store_has_metrics_already(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        found = read(told(world))
    assert found["watcher_filings"].value(state="quarantined", queue="live") == 0
    assert "watcher_last_backup_timestamp_seconds" not in found
    assert found["watcher_database_bytes"].value() > 0


def test_quantiles_are_of_the_window_and_the_count_is_of_all(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.watch()
        world.baseline()
        world.clock.tick(MINUTE)
        world.file(a_sale(1), ago=SECOND)
        world.poll()
        world.ingest()
        deliver(world.store, Taker(), "desk", now=world.clock)
        world.clock.tick(8 * DAY)
        latency = read(told(world))["watcher_latency_seconds"]
    assert ("watcher_latency_seconds", (("quantile", "0.5"), ("stage", "seen_to_sent"))) not in latency.samples
    assert latency.samples["watcher_latency_seconds_count", (("stage", "seen_to_sent"),)] == 1


@pytest.mark.parametrize(("number", "half", "most"), [(1, 1, 1), (2, 1, 2), (20, 10, 19), (100, 50, 95)])
def test_a_quantile_is_a_value_that_there_was(number: int, half: float, most: float) -> None:
    from watcher.core.metrics import _summary  # noqa: PLC0415 -- looked at by itself

    found = [sample.value for sample in _summary(Latency("x", tuple(map(float, range(number, 0, -1))), 0, 0))]
    assert found[:2] == [half, most]


def test_labels_and_help_are_escaped() -> None:
    hostile = 'a"b\\c\nd'
    (family,) = read(exposition([Family("x_total", "counter", hostile, (Sample(1, (("name", hostile),)),))])).values()
    assert family.value(name=hostile) == 1


def test_numbers_are_written_in_full() -> None:
    text = exposition([Family("x", "gauge", "x", (Sample(1_795_389_018.354, (("a", "1"),)), Sample(True, (("a", "2"),))))])
    assert text.splitlines()[2:] == ['x{a="1"} 1795389018.354', 'x{a="2"} 1']


def test_the_command_writes_a_file_that_collectors_may_read(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        path = tmp_path / "watcher.prom"
        done = run_watcher(world.config.path, "metrics", "-o", str(path))
        assert (done.returncode, done.stdout) == (0, "")
        assert path.stat().st_mode & 0o777 == 0o644
        printed = run_watcher(world.config.path, "metrics")
    assert read(printed.stdout).keys() == read(path.read_text("utf-8")).keys()
    assert not [left for left in tmp_path.iterdir() if left.name.endswith(".part")]


def test_time_does_not_run_backwards(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.store.set_fact("newest 4", NOON + timedelta(seconds=30))
        assert read(told(world))["watcher_feed_age_seconds"].value(form="4") == 0
