"""The configuration while the daemon runs: what has changed is noticed once it is whole, and a mistake is said once and harms nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import HOUR
from tests.world import MINUTE
from tests.world import TERMINAL
from tests.world import World
from watcher.config import Config
from watcher.config import load
from watcher.core.errors import ConfigError
from watcher.core.errors import Problem
from watcher.core.errors import Unreachable
from watcher.core.health import Condition
from watcher.core.health import complaints
from watcher.reloading import GONE
from watcher.reloading import LOOK
from watcher.reloading import RETRY
from watcher.reloading import STILL
from watcher.reloading import Origin
from watcher.reloading import Reloading
from watcher.status import FORM_PREFIXES
from watcher.status import REFUSED
from watcher.status import condition
from watcher.vigil import vigil

SOON = 0.1
REGISTER = '[[expected]]\nperson = "Roe Jane A"\nfrom = 2026-09-01\nto = 2026-09-30\nshares = 1\n'
NAMING = """\
watchlists = ["lists/*.txt"]
[edgar]
contact = "Jane Roe jane.roe@example.com"
[messages]
subject = "subject.j2"
[destinations.desk]
terminal = true
[rules.default]
expected = "expected.toml"
notify = ["desk"]
"""


class Files:
    """A configuration that names files of every kind, read once, and looks at it under a clock set by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = 0.0
        (folder / "lists").mkdir()
        for name, content in (
            ("watcher.toml", NAMING),
            ("lists/mine.txt", "EXMP\n"),
            ("expected.toml", REGISTER),
            ("subject.j2", "Sold"),
        ):
            self.write(name, content)
        self.origin = Origin(folder / "watcher.toml", lambda path: load(path, {}))
        self.origin.load()

    def write(self, name: str, content: str) -> None:
        (self.folder / name).write_text(content, "utf-8")

    def changed(self, after: float) -> bool:
        """A look, seconds after the one before."""
        self.clock += after
        return self.origin.changed(self.clock)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


# --- noticing -------------------------------------------------------------------------------------------------------------


def test_what_stays_as_it_is_has_not_changed(files: Files) -> None:
    assert [files.changed(LOOK) for _ in range(5)] == [False] * 5


@pytest.mark.parametrize("name", ["watcher.toml", "lists/mine.txt", "lists/new.txt", "expected.toml", "subject.j2"])
def test_a_change_counts_once_it_has_been_still_and_no_more_once_it_was_read(files: Files, name: str) -> None:
    path = files.folder / name
    files.write(name, (path.read_text("utf-8") if path.exists() else "") + "# a word more\n")
    assert [files.changed(SOON), files.changed(STILL - SOON), files.changed(SOON)] == [False, False, True]
    files.origin.load()
    assert not files.changed(HOUR.total_seconds())


def test_what_is_written_in_pieces_waits_for_the_last(files: Files) -> None:
    for piece in range(1, 9):
        files.write("lists/mine.txt", "EXMP\nOTHR\n"[: piece + 1])
        assert not files.changed(STILL / 2)
    assert [files.changed(STILL / 2), files.changed(STILL / 2)] == [False, True]


def test_what_is_written_anew_with_the_same_content_has_not_changed(files: Files) -> None:
    (files.folder / "beside").write_bytes((files.folder / "watcher.toml").read_bytes())
    (files.folder / "beside").replace(files.folder / "watcher.toml")
    assert not any(files.changed(STILL) for _ in range(5))


def test_what_is_changed_and_changed_back_has_not_changed(files: Files) -> None:
    files.write("expected.toml", "")
    assert not files.changed(SOON)
    files.write("expected.toml", REGISTER)
    assert not any(files.changed(STILL) for _ in range(5))


@pytest.mark.parametrize("name", ["watcher.toml", "lists/mine.txt", "expected.toml", "subject.j2"])
def test_a_file_that_is_away_for_a_moment_has_not_changed(files: Files, name: str) -> None:
    content = (files.folder / name).read_text("utf-8")
    (files.folder / name).unlink()
    assert [files.changed(SOON), files.changed(STILL), files.changed(STILL)] == [False] * 3
    files.write(name, content)
    assert not any(files.changed(STILL) for _ in range(5))


@pytest.mark.parametrize("name", ["watcher.toml", "lists/mine.txt", "expected.toml", "subject.j2"])
def test_a_file_that_stays_away_has_changed(files: Files, name: str) -> None:
    (files.folder / name).unlink()
    assert [files.changed(SOON), files.changed(GONE - SOON), files.changed(SOON)] == [False, False, True]
    with pytest.raises(ConfigError):
        files.origin.load()
    assert not files.changed(GONE)


def test_a_file_that_is_no_longer_named_need_not_be_waited_for(files: Files) -> None:
    files.write("watcher.toml", NAMING.replace('expected = "expected.toml"\n', ""))
    assert [files.changed(SOON), files.changed(STILL)] == [False, True]


def test_a_file_that_a_configuration_with_a_mistake_names_is_looked_at_too(files: Files) -> None:
    files.write("watcher.toml", NAMING.replace("expected.toml", "other.toml"))
    with pytest.raises(ConfigError, match="not there"):
        files.origin.load()
    files.write("other.toml", "mistake")
    assert [files.changed(SOON), files.changed(STILL)] == [False, True]
    with pytest.raises(ConfigError, match=r"other\.toml"):
        files.origin.load()
    files.write("other.toml", REGISTER)
    assert [files.changed(SOON), files.changed(STILL)] == [False, True]
    assert files.origin.load().rules["default"].expected


def test_a_secret_that_is_put_right_after_it_was_refused_is_looked_at_too(files: Files) -> None:
    files.write("watcher.toml", NAMING.replace("terminal = true", 'url_file = "desk.url"'))
    with pytest.raises(ConfigError, match="cannot be read"):
        files.origin.load()
    files.write("desk.url", "json://127.0.0.1:9/")
    (files.folder / "desk.url").chmod(0o644)
    assert [files.changed(SOON), files.changed(STILL)] == [False, True]
    with pytest.raises(ConfigError, match="others can read"):
        files.origin.load()
    (files.folder / "desk.url").chmod(0o600)
    assert [files.changed(SOON), files.changed(STILL)] == [False, True]
    assert files.origin.load().destinations["desk"].url == "json://127.0.0.1:9/"


def test_while_the_configuration_cannot_be_read_the_files_it_named_are_looked_at(files: Files) -> None:
    files.write("watcher.toml", "mistake")
    with pytest.raises(ConfigError):
        files.origin.load()
    files.write("lists/mine.txt", "OTHR\n")
    assert [files.changed(SOON), files.changed(STILL)] == [False, True]


@pytest.mark.parametrize(
    "strange",
    [
        'watchlists = "a"',
        "watchlists = [1, {}]",
        'watchlists = ["\\u0000*", "[", "\\u0000"]',
        "rules = 1",
        "rules.default = 1",
        "rules.default.expected = 1",
        "destinations = 1",
        "destinations.desk = 1",
        "destinations.desk.url_file = 1",
        "messages = 1",
        "messages.text = []",
        'messages.text = "\\u0000"',
        "\ufeff",
    ],
)
def test_a_configuration_of_a_strange_shape_is_looked_at_all_the_same(files: Files, strange: str) -> None:
    files.write("watcher.toml", strange)
    assert [files.changed(SOON), files.changed(STILL)] == [False, True]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_be_read_again_has_changed(files: Files) -> None:
    (files.folder / "expected.toml").chmod(0)
    with pytest.raises(ConfigError):
        files.origin.load()
    (files.folder / "expected.toml").chmod(0o600)
    assert [files.changed(SOON), files.changed(STILL)] == [False, True]


# --- the job --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, destinations={"desk": TERMINAL}) as world:
        world.watch()
        yield world


class Job:
    """The reload of a configuration whose reading ends as `ends` says."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.taken: list[Config] = []
        self.ends: list[Exception] = []
        origin = Origin(world.config.path, lambda _: world.config)
        origin.load()
        self.reloading = Reloading(origin, world.store, self.take, now=world.clock)

    def take(self, config: Config) -> None:
        if self.ends:
            raise self.ends.pop(0)
        self.taken.append(config)

    def asked(self, *ends: Exception) -> None:
        self.ends = list(ends)
        self.reloading.asked.set()
        self.reloading()


def mistake(*lines: int) -> Exception:
    return ConfigError([Problem("watcher.toml", line, "is wrong") for line in lines])


def titles(world: World, minutes: int = 5) -> list[str]:
    """What the vigil tells within some minutes."""
    query = "SELECT title FROM alert WHERE watch_key = 'vigil' ORDER BY rowid"
    before = len(world.store.rows(query))
    for _ in range(minutes):
        world.clock.tick(MINUTE)
        for prefix in FORM_PREFIXES:
            world.store.set_fact(f"good poll {prefix}", world.clock())
        vigil(world.store, world.pace, world.config, now=world.clock(), free_bytes=lambda: 10**12)
    return [row["title"] for row in world.store.rows(query)[before:]]


def test_it_is_read_again_when_asked_for_and_only_then(world: World) -> None:
    job = Job(world)
    job.reloading()
    assert job.taken == []
    job.asked()
    job.reloading()
    assert job.taken == [world.config]


def test_what_edgar_does_not_tell_is_asked_again_until_it_does(world: World) -> None:
    job = Job(world)
    job.asked(Unreachable("no connection"), Unreachable("no connection"))
    assert job.reloading.interval() == RETRY
    job.reloading()
    assert job.taken == []
    job.reloading()
    job.reloading()
    assert (job.taken, job.reloading.interval()) == ([world.config], LOOK)
    assert world.store.fact(REFUSED) is None


def test_a_mistake_is_told_once_and_that_it_is_mended(world: World) -> None:
    job = Job(world)
    job.asked(mistake(3, 9))
    (title,) = titles(world)
    assert title == "Watcher: the changed configuration is not in force: watcher.toml:3: is wrong (and 1 more)"
    assert titles(world, 180) == []
    job.asked(mistake(3, 9))
    assert titles(world) == []
    job.asked()
    assert titles(world) == ["Watcher: over: the configuration is in force as it is written"]
    assert titles(world) == []


def test_the_status_says_that_the_configuration_is_not_in_force_too(world: World) -> None:
    job = Job(world)
    job.asked(mistake(3, 9))
    assert "the changed configuration is not in force: watcher.toml:3: is wrong" in complaints(wrong(world))
    job.asked()
    assert wrong(world).not_watched == ()


def wrong(world: World) -> Condition:
    return condition(world.store, world.pace, world.config, now=world.clock())


def test_another_mistake_is_told_anew(world: World) -> None:
    job = Job(world)
    job.asked(mistake(3))
    assert len(titles(world)) == 1
    job.asked(mistake(4))
    (title,) = titles(world)
    assert "watcher.toml:4" in title


def test_what_is_mended_before_it_was_told_is_not_told(world: World) -> None:
    job = Job(world)
    job.asked(mistake(3))
    job.asked()
    assert titles(world) == []


def test_watches_whose_tickers_edgar_does_not_tell_for_long_are_told_and_that_they_are_in_force(world: World) -> None:
    world.edgar.fault("503")
    with pytest.raises(Unreachable):
        world.watch('ticker = "EXMP"', 'ticker = "OTHR"')
    assert titles(world, 9) == []
    (title,) = titles(world)
    assert title.startswith("Watcher: the watches of the configuration are not in force")
    assert title.endswith("OTHR")
    world.edgar.clear_faults()
    world.watch()
    assert titles(world) == ["Watcher: over: the configuration is in force as it is written"]
