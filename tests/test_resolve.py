"""Tickers become CIKs once; what cannot be resolved is said with its place, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.world import DAY
from tests.world import EXAMPLE
from tests.world import JANE
from tests.world import OTHER
from tests.world import World
from watcher.core.errors import ConfigError
from watcher.core.errors import FeedUnreadable
from watcher.core.errors import Unreachable
from watcher.resolve import note_moved
from watcher.status import MOVED
from watcher.vigil import vigil


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as world:
        yield world


def watched(world: World) -> dict[str, str]:
    return {watch.key: watch.shown for watch in world.store.watches()}


def test_a_ticker_is_watched_by_its_cik(world: World) -> None:
    world.watch()
    (watch,) = world.store.watches()
    assert (watch.key, watch.cik, watch.ticker, watch.name) == (f"issuer:{EXAMPLE.cik}", EXAMPLE.cik, "EXMP", "Example Corp")
    assert (watch.first_seen_at, watch.baseline) == (world.clock(), "owed")


def test_a_ticker_is_looked_up_once(world: World) -> None:
    world.watch()
    world.clock.tick(DAY)
    world.edgar.fault("503")
    world.watch()
    assert len(world.edgar.requests) == 1
    assert world.store.watches()[0].first_seen_at == world.clock() - DAY


def test_a_ticker_that_left_the_secs_file_stays_watched(world: World) -> None:
    world.watch()
    world.edgar._issuers = [issuer for issuer in world.edgar._issuers if issuer.trading_symbol != "EXMP"]
    world.watch('ticker = "EXMP"', 'ticker = "OTHR"')
    assert set(watched(world).values()) == {"EXMP", "OTHR"}


def test_every_unknown_ticker_is_named_with_its_place_and_a_suggestion(world: World) -> None:
    with pytest.raises(ConfigError) as caught:
        world.watch('ticker = "EXMP"', 'ticker = "EXNP"', 'ticker = "ZZZZZ"')
    near, far = caught.value.problems
    lines = Path(near.file).read_text("utf-8").splitlines()
    assert "EXNP" in "".join(lines[near.line - 1 : near.line + 1])
    assert "did you mean EXMP (Example Corp)" in near.text
    assert "use the issuer's CIK instead" in far.text


def test_an_unknown_ticker_leaves_the_watches_as_they_are(world: World) -> None:
    world.watch()
    with pytest.raises(ConfigError):
        world.watch('ticker = "OTHR"', 'ticker = "ZZZZZ"')
    assert watched(world) == {f"issuer:{EXAMPLE.cik}": "EXMP"}


@pytest.mark.parametrize("kind", ["down", "503", "html", "truncated"])
def test_a_ticker_file_that_cannot_be_had_is_no_unknown_ticker(world: World, kind: str) -> None:
    world.watch()
    world.edgar.fault(kind)
    with pytest.raises((Unreachable, FeedUnreadable)):
        world.watch('ticker = "OTHR"')
    assert watched(world) == {f"issuer:{EXAMPLE.cik}": "EXMP"}


def test_a_cik_needs_no_ticker_file(world: World) -> None:
    world.edgar.fault("503")
    world.watch(f'cik = "{OTHER.cik}"', f'owner_cik = "{JANE.cik}"')
    assert set(watched(world)) == {f"issuer:{OTHER.cik}", f"owner:{JANE.cik}"}
    assert world.edgar.requests == ()


def test_an_issuer_named_twice_is_watched_once(world: World) -> None:
    world.edgar.add_issuer("EXMP-B", EXAMPLE.cik or "", "Example Corp")
    world.watch('ticker = "EXMP"', 'ticker = "EXMP-B"', f'cik = "{EXAMPLE.cik}"')
    (watch,) = world.store.watches()
    assert (watch.ticker, watch.rules) == ("EXMP-B", ("default",))


def test_one_cik_may_be_watched_as_an_issuer_and_as_an_owner(world: World) -> None:
    world.watch('ticker = "EXMP"', f'owner_cik = "{EXAMPLE.cik}"')
    assert set(watched(world)) == {f"issuer:{EXAMPLE.cik}", f"owner:{EXAMPLE.cik}"}


def test_a_ticker_that_is_another_ciks_now_is_told_until_that_is_watched_too(world: World) -> None:
    world.watch()
    moved(world)
    assert titles(world) == []
    world.edgar._issuers = [replace(OTHER, trading_symbol="EXMP")]
    moved(world)
    assert titles(world) == [], "the file is asked for once a day"
    world.clock.tick(DAY)
    moved(world)
    (told,) = titles(world)
    assert told.startswith("Watcher: filings under another CIK are not seen: EXMP is CIK 0009990002 (Other Example Inc) now")
    assert watched(world) == {f"issuer:{EXAMPLE.cik}": "EXMP"}, "a ticker may have gone to a stranger"
    world.watch('ticker = "EXMP"', 'cik = "0009990002"')
    moved(world)
    assert world.store.fact(MOVED) is None


def test_a_ticker_that_left_the_secs_file_is_not_told_as_moved(world: World) -> None:
    world.watch()
    world.edgar._issuers = [OTHER]
    moved(world)
    assert world.store.fact(MOVED) is None


def moved(world: World) -> None:
    note_moved(world.door, world.store, now=world.clock())


def titles(world: World) -> list[str]:
    """What the vigil has told."""
    vigil(world.store, world.pace, world.config, now=world.clock(), free_bytes=lambda: 10**12)
    rows = world.store.rows("SELECT title FROM alert WHERE watch_key = 'vigil'")
    return [row["title"] for row in rows if "CIK" in row["title"]]
