"""However often a backfill is killed, it ends with the same store; the long form is `python -m tests.experiments.backfill`."""

from __future__ import annotations

from tests.experiments.backfill import run


def test_a_backfill_that_was_killed_ends_with_the_same_store() -> None:
    result = run(kills=3, filings=30, seed=5)
    assert result.filings > 100
    assert (result.differing, result.owed) == ((), 0), result
