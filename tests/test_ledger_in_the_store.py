"""Whole histories through the real store, in any order: what it comes to is the same, true to the documents, and named where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from tests.history import Filed as Made
from tests.history import history
from tests.history import shuffled
from tests.test_judgement import Desk
from watcher.core.holdings import positions
from watcher.core.past import Filed

FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def outcome(made: Sequence[Made], *, again: bool = False) -> dict[str, Any]:
    """What the store holds after these filings, in this order; with `again`, after each was taken twice."""
    with TemporaryDirectory() as folder:
        desk = Desk(Path(folder), issuer=made[0].document.issuer.cik or "")
        for one in made:
            for _ in range(1 + again):
                desk.take(one.document, Filed(one.accession_number, one.filed_at, one.filed_at, "0009990001"))
        found = {
            "balances": desk.balances(),
            "newest": desk.newest(),
            "events": desk.events(),
            "unnamed": desk.store.value("SELECT count(*) FROM position WHERE standing = 'gap' AND candidates IS NULL"),
            "amendments": sorted(map(tuple, desk.store.rows("SELECT accession_number, state, original FROM amendment"))),
        }
        desk.store.close()
    return found


STANDINGS = ("gap", "cannot tell")
seeds = st.integers(0, 2**32)


def made_of(seed: int, gaps: int = 0) -> list[Made]:
    """A small history; a seed, because Hypothesis would print whole documents."""
    return history(seed, 20, 2, 1 + seed % 4, gaps=gaps)


@FEW
@given(seed=seeds)
def test_taking_every_filing_twice_changes_nothing(seed: int) -> None:
    assert outcome(made_of(seed), again=True) == outcome(made_of(seed))


@FEW
@given(seed=seeds, order=seeds)
def test_the_order_of_arrival_changes_nothing(seed: int, order: int) -> None:
    assert outcome(shuffled(made_of(seed), order)) == outcome(made_of(seed))


@FEW
@given(seed=seeds)
def test_a_consistent_history_shows_no_gap(seed: int) -> None:
    assert {place: one for place, one in outcome(made_of(seed))["balances"].items() if one[3] == "gap"} == {}


@FEW
@given(seed=seeds, order=seeds)
def test_a_seeded_gap_is_found_and_named_in_any_order(seed: int, order: int) -> None:
    made = made_of(seed, gaps=2)
    seeded = {one.accession_number for one in made if any(balance.gap for balance in one.truth.lines.values())}
    found = outcome(shuffled(made, order))
    told = {
        standing: {place.partition(" ")[0] for place, one in found["balances"].items() if one[3] == standing}
        for standing in STANDINGS
    }
    assert told["gap"] <= seeded, "and nothing else is a gap"
    # Grants that share one title cannot be told apart, which is said instead.
    assert seeded <= told["gap"] | told["cannot tell"]
    assert found["unnamed"] == 0


@FEW
@given(seed=seeds)
def test_every_balance_closes_at_what_its_newest_filing_states(seed: int) -> None:
    made = made_of(seed)
    stated: dict[str, str] = {}
    for one in sorted(made, key=lambda one: one.filed_at):
        found = positions(one.document, issuer_cik=one.document.issuer.cik or "", accession_number="", filed_at=one.filed_at)
        if not one.document.form_type.endswith("/A"):  # one may restate rows from the middle of a form
            stated |= {
                each.holding.key.text(): format(each.holding.shares, "f") for each in found if each.holding.shares is not None
            }
    newest = outcome([one for one in made if not one.document.form_type.endswith("/A")])["newest"]
    assert {key: newest[key] for key in stated} == stated
