"""Short form of the experiment with damaged configurations; its module says what its long form is."""

from __future__ import annotations

from pathlib import Path
from random import Random

from tests.experiments import configs
from tests.experiments.config_damage import CONFIG
from tests.experiments.config_damage import DAMAGES
from tests.experiments.config_damage import ENVIRON
from tests.experiments.config_damage import Damage
from tests.experiments.config_damage import lay
from watcher.config import load


def test_what_is_damaged_is_whole_before(tmp_path: Path) -> None:
    lay(tmp_path)
    assert load(tmp_path / CONFIG, ENVIRON).watches


def test_a_damaged_configuration_is_a_clear_error_at_the_right_line() -> None:
    """About 6 seconds: 70 configurations, 5 of them by the command, 4 by a daemon that is running."""
    result = configs.run(70, 7, daemon=4, every=14)
    assert result.faults == []
    assert result.refused > 50
    assert result.reloads > 0


def test_a_problem_at_another_line_would_be_found(tmp_path: Path) -> None:
    lay(tmp_path)
    damage = DAMAGES["misspelt key"](tmp_path, Random(1))  # noqa: S311 -- it must be repeatable
    found, _ = configs.faults(tmp_path, Damage(damage.what, damage.file, damage.line + 1))
    assert [each.partition(":")[0] for each in found] == [f"not said of line {damage.line + 1}"]
