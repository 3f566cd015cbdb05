"""One title, several grants: what is known to be one balance has gaps, what is not cannot be told, and a new grant is a first sight."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import ACCESSION
from tests.core.samples import FILED
from tests.core.samples import JANE
from tests.core.samples import document
from tests.core.samples import held
from tests.core.samples import option
from tests.core.samples import row
from tests.core.samples import values
from watcher.core.findings import HoldingChange
from watcher.core.gaps import CANDIDATES
from watcher.core.holdings import Position
from watcher.core.holdings import change_between
from watcher.core.holdings import positions
from watcher.core.model import Holding
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row

CIK = "0009990001"
TITLE = "Restricted Stock Units"


def position(content: OwnershipDocument) -> Position:
    (found,) = positions(content, issuer_cik=CIK, accession_number=ACCESSION, filed_at=FILED)
    return found


def units(code: str, direction: str, shares: int, *, after: int) -> Row:
    return option(code, direction, shares, None, title=TITLE, expires=None, after=after)


def previous(line: Position, shares: int) -> Holding:
    return replace(line.holding, shares=Decimal(shares), accession_number="0000000000-26-000000")


def beside(content: Row, before: int | None, *, chained: bool = False, amends: bool = False) -> HoldingChange:
    """How a row of Table II stands beside a filing that stated `before` of its line."""
    found = position(document(derivatives=[content]))
    return change_between(found, None if before is None else previous(found, before), amends=amends, chained=chained)


@pytest.mark.parametrize("owners", [(), (ReportingOwner(None, None),), (JANE, ReportingOwner(None, None))])
@pytest.mark.parametrize("before", [1000, 115_000])
def test_what_is_said_to_be_nobody_s_is_not_held_against_another_filing(owners: tuple[ReportingOwner, ...], before: int) -> None:
    stated = position(replace(document(row("S", "D", 100, after=900)), reporting_owners=owners))
    change = change_between(stated, previous(stated, before), amends=False)
    assert values(change.standing, change.before, change.unexplained, change.opening) == ("cannot tell", None, None, 1000)
    assert change.candidates[0].name in CANDIDATES
    assert change_between(stated, None, amends=False).standing == "first sight"
    assert change_between(stated, previous(stated, before), amends=True).before is None


def test_an_award_that_opens_with_nothing_is_a_new_grant_seen_for_the_first_time() -> None:
    change = beside(units("A", "A", 800, after=800), 1200)
    assert change.standing == "first sight"
    assert values(change.before, change.before_accession, change.unexplained, change.after) == (None, None, None, 800)


def test_units_that_vest_out_of_nothing_known_cannot_be_told() -> None:
    change = beside(units("M", "D", 300, after=600), 0)
    assert values(change.standing, change.unexplained, change.opening) == ("cannot tell", None, 900)
    assert change.candidates[0].name == "another grant"


@pytest.mark.parametrize(
    "filed", [units("A", "A", 800, after=800), units("M", "D", 300, after=600)], ids=["a new award", "units that vest"]
)
def test_a_balance_that_has_chained_before_is_one_balance_and_never_hides_a_gap(filed: Row) -> None:
    change = beside(filed, 1200, chained=True)
    assert change.standing == "gap"
    assert change.unexplained == (change.opening or 0) - Decimal(1200)


def test_an_opening_that_matches_matches_whatever_the_title() -> None:
    assert beside(units("M", "D", 300, after=900), 1200).standing == "matches"
    assert beside(units("A", "A", 800, after=800), 0).standing == "matches"


@pytest.mark.parametrize(("before", "standing"), [(857, "cannot tell"), (858, "gap"), (947, "gap"), (948, "cannot tell")])
def test_up_to_five_percent_is_a_gap_in_one_balance(before: int, standing: str) -> None:
    assert beside(units("M", "D", 300, after=600), before).standing == standing


def test_a_total_below_what_the_rows_acquire_is_told_as_a_contradiction_and_not_as_shares() -> None:
    for before in (None, 0, 5000):
        change = beside(option("A", "A", 14_817, after=0), before)
        assert values(change.standing, change.opening, change.unexplained) == ("cannot tell", None, None)
        (reason,) = change.candidates
        assert (reason.name, reason.fits) == ("contradiction", True)
        assert "acquire 14,817" in reason.words
        assert reason.name in CANDIDATES


def test_a_contradiction_in_table_one_is_told_too_even_of_a_balance_that_chained() -> None:
    found = position(document(row("P", "A", 500, after=400)))
    change = change_between(found, previous(found, 1000), amends=False, chained=True)
    assert change.candidates[0].name == "contradiction"


def test_a_rounded_opening_just_below_zero_and_a_short_position_are_no_contradiction() -> None:
    assert beside(option("A", "A", 500, after="499.5"), None).standing == "first sight"
    assert beside(option("A", "A", 500, after=-300), -800).standing == "matches"


def test_an_amendment_restates_units_too() -> None:
    change = beside(units("M", "D", 300, after=600), 5, amends=True)
    assert (change.standing, change.candidates) == ("amends", ())


def test_what_is_only_shown_as_held_is_no_award() -> None:
    line = replace(held(0, title=TITLE))
    assert beside(line, 1200).standing == "cannot tell"


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(-(10**6), 10**6).filter(bool), st.booleans())
def test_a_gap_is_what_is_missing_or_nothing_is_said_to_be_missing(before: int, after: int, moved: int, chained: bool) -> None:
    change = beside(units("J", "A" if moved > 0 else "D", abs(moved), after=after), before, chained=chained)
    opening = after - moved
    if change.standing == "gap":
        assert change.unexplained == opening - before
    elif change.standing == "matches":
        assert abs(opening - before) < 1
    else:
        assert change.unexplained is None
    assert (change.standing == "cannot tell") == bool(change.candidates)
    assert not chained or opening < 0 or change.standing in {"gap", "matches"}
