"""A rehearsal on a real store: today's rules on yesterday's filings, and nothing is sent or kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from click.testing import Result

from tests.world import ALEX
from tests.world import DAY
from tests.world import JANE
from tests.world import NOON
from tests.world import OTHER
from tests.world import World
from tests.world import a_sale
from tests.world import accession
from watcher.cli.rehearse import rehearse as command
from watcher.core.rehearsal import Rehearsal
from watcher.rehearse import rehearse
from watcher.rehearse import unresolved

TODAY = NOON.date()
LONG_AGO = date(2025, 1, 1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A store with three filings of EXMP, the first of them read as baseline, and one of OTHR."""
    with World(tmp_path, watches=('ticker = "EXMP"', 'ticker = "OTHR"')) as made:
        made.file(a_sale(1, (1_000, "10"), opening=10_000, on=date(2026, 7, 22)), ago=40 * DAY)
        made.watch()
        made.baseline()
        made.file(a_sale(2, (2_000, "10"), opening=9_000))
        made.file(a_sale(3, (50, "10"), owners=(ALEX,)))
        made.file(a_sale(4, (100, "10"), owners=(JANE,), issuer=OTHER))
        made.poll()
        made.ingest()
        yield made


def rehearsed(world: World, rule: str = "", since: date = LONG_AGO, watches: tuple[str, ...] = ('ticker = "EXMP"',)) -> Rehearsal:
    world._rule = rule
    world.configure(watches)
    return rehearse(world.store, world.config, since=since, until=TODAY)


def kept(world: World) -> list[tuple[object, ...]]:
    """Everything in the store, but what SQLite keeps for itself."""
    tables = [
        row[0] for row in world.store.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    ]
    return [(table, *row) for table in tables for row in world.store.rows(f"SELECT * FROM {table}")]  # noqa: S608 -- names from the schema


def test_filings_of_the_baseline_are_judged_too(world: World) -> None:
    assert world.alerted() == [accession(2), accession(3), accession(4)]
    one = rehearsed(world)
    assert (one.filings, one.alerted) == (3, 3)
    assert sum(one.by_rule["default"].values()) == 3


def test_the_rules_of_today_are_rehearsed_not_those_of_then(world: World) -> None:
    one = rehearsed(world, "min_value = 10_000")
    assert one.alerted == 2
    assert [each.accession_number for each in one.biggest] == [accession(2), accession(1)]
    assert [each.example.accession_number for each in one.borderline] == [accession(1), accession(3), accession(2)]


def test_only_the_span_counts_though_the_past_is_known(world: World) -> None:
    one = rehearsed(world, since=TODAY)
    assert (one.filings, one.alerted) == (2, 2)


def test_the_watches_of_today_are_rehearsed(world: World) -> None:
    assert rehearsed(world, watches=('cik = "9990002"',)).filings == 1
    assert rehearsed(world, watches=(f'owner_cik = "{JANE.cik}"',)).filings == 3
    assert rehearsed(world, watches=('ticker = "EXMP"', f'owner_cik = "{JANE.cik}"')).filings == 4


def test_a_rehearsal_changes_nothing_and_owes_nothing(world: World) -> None:
    before = kept(world)
    rehearsed(world)
    assert kept(world) == before


def test_a_ticker_never_looked_up_is_named(world: World) -> None:
    assert rehearsed(world, watches=('ticker = "EXMP"', 'ticker = "NEWX"')).filings == 3
    assert unresolved(world.store, world.config) == ["NEWX"]


def test_a_register_stays_silent_over_what_it_expects(world: World) -> None:
    register = '[[expected]]\nperson = "Roe Jane A"\nfrom = 2026-09-01\nto = 2026-09-30\nshares = 2_000\n'
    (world.config.path.parent / "expected.toml").write_text(register, encoding="utf-8")
    one = rehearsed(world, 'expected = "expected.toml"')
    assert sum(one.by_rule["default"].values()) == one.alerted
    assert accession(2) not in [each.accession_number for each in one.biggest]
    assert accession(3) in [each.accession_number for each in one.biggest]


# --- the command ------------------------------------------------------------------------------------------------------------


def run(world: World, *arguments: str) -> Result:
    return CliRunner().invoke(command, ["--config", str(world.config.path), "--until", str(TODAY), *arguments])


def test_the_command_says_it_in_words(world: World) -> None:
    result = run(world, "--since", "2026-07-01")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(
        "1 Jul 2026 to 1 Sep 2026: 4 filings in the store, 4 would have been told of; nothing was sent\n"
    )


def test_the_command_says_it_to_machines_on_one_line(world: World) -> None:
    world._rule = "min_value = 10_000"
    world.configure(('ticker = "EXMP"', 'ticker = "NEWX"'))
    result = run(world, "--since", "2026-07-01", "--json")
    said = json.loads(result.stdout)
    assert (said["since"], said["filings"], said["alerted"], said["left_out"]) == ("2026-07-01", 3, 2, ["NEWX"])
    assert said["by_rule"]["default"] == {"2026-07": 1, "2026-08": 0, "2026-09": 1}
    assert said["biggest"][0]["value"] == "20000"
    assert (said["borderline"][0]["told"], said["borderline"][0]["wanted"]) == (True, "10000")
    assert {each["field"] for each in said["filled"]} == {"transaction code", "value of what is asked for"}
    assert "NEWX is left out" in result.stderr


def test_a_span_that_ends_before_it_begins_is_a_mistake(world: World) -> None:
    result = run(world, "--since", "2026-09-02")
    assert (result.exit_code, "is after" in result.stderr) == (2, True)
