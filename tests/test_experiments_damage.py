"""Whatever is done to the file of the store, nothing is told wrongly; the long form is `python -m tests.experiments.damage`."""

from __future__ import annotations

from tests.experiments.damage import FIGURES
from tests.experiments.damage import ONCE
from tests.experiments.damage import run


def test_a_damaged_store_tells_nothing_wrong_and_a_backup_can_be_put_back() -> None:
    result = run(trials=8, seed=3)
    assert result.trials == 8 + 2 + len(FIGURES) + len(ONCE)
    assert result.good, result.what
    assert result.refused > 5
    assert result.said >= len(FIGURES)
