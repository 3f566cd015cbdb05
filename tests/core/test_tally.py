"""Which of the totals of a running tally is the position after the filing, and what its rows moved."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import combinations
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import changes_since
from tests.core.samples import document
from tests.core.samples import held
from tests.core.samples import holdings_after
from tests.core.samples import row
from watcher.core.model import Row
from watcher.core.tally import closing_row
from watcher.core.tally import signed_total


def total(*rows: Row) -> Decimal | None:
    closing = closing_row(list(rows))
    return closing.shares_owned_following if closing else None


def test_the_last_row_of_a_running_tally_closes() -> None:
    assert total(row("M", "A", 500, after=1500), row("S", "D", 200, after=1300), row("F", "D", 300, after=1000)) == 1000


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_tally_in_any_order_closes_at_its_end(order: tuple[int, ...]) -> None:
    rows = [row("M", "A", 500, after=1500), row("S", "D", 200, after=1300), row("F", "D", 400, after=900)]
    assert total(*(rows[place] for place in order)) == 900


def test_where_a_tally_ends_where_it_began_the_rows_order_decides() -> None:
    exercised, sold = row("M", "A", 500, after=1500), row("S", "D", 500, after=1000)
    assert total(exercised, sold) == 1000
    assert total(sold, exercised) == 1500


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_tally_that_passes_a_balance_twice_closes_at_its_end_in_any_order(order: tuple[int, ...]) -> None:
    rows = [row("M", "A", 500, after=1500), row("S", "D", 500, after=1000), row("S", "D", 100, after=900)]
    assert total(*(rows[place] for place in order)) == 900


def test_where_rounding_and_another_order_are_both_possible_the_balance_cannot_be_told() -> None:
    assert total(row("S", "D", 900, after=99_100), row("P", "A", "899.5", after=100_000)) is None


def test_rounded_totals_of_fractional_shares_are_a_tally() -> None:
    assert total(row("P", "A", "10.5", after=111), row("P", "A", "10.4", after=121), row("P", "A", "0.6", after=122)) == 122


def test_two_tallies_are_not_joined_because_one_of_them_ends_where_it_began() -> None:
    rows = [row("S", "D", 500, after=1000), row("S", "D", 10, after=40), row("M", "A", 500, after=1500)]
    assert total(*rows) is None


def test_a_total_repeated_on_every_row_is_the_total() -> None:
    assert total(row("P", "A", 100, after=1700), row("P", "A", 300, after=1700), row("P", "A", 300, after=1700)) == 1700


def test_a_tally_may_be_off_by_the_rounding_of_its_totals() -> None:
    assert total(row("P", "A", "267.809", after="14242.084"), row("P", "A", "28.593", after="14270.678")) == Decimal("14270.678")


def test_a_jump_that_a_footnote_on_the_total_explains_closes_all_the_same() -> None:
    notes = {"shares_owned_following": ("F1",)}
    assert total(row("S", "D", 100, after=900), row("S", "D", 50, after=0, footnotes=notes)) == 0


@pytest.mark.parametrize(
    "rows",
    [
        [row("S", "D", 293, after=9238), row("F", "D", 2769, after=13302)],
        [row("A", "A", 500, after=500), row("A", "A", 20, after=20), row("A", "A", 3, after=3)],
        [held(65810), held(66153)],
        [row("S", "D", 100, after=900), held(500)],
    ],
    ids=["does not chain", "three grants", "two holdings", "a sale beside a holding"],
)
def test_totals_that_nothing_connects_are_no_total(rows: list[Row]) -> None:
    assert total(*rows) is None
    (change,) = changes_since(document(*rows), holdings_after(document(held(1000))))
    assert (change.after, change.unexplained) == (None, None)


def test_a_holding_row_that_repeats_the_closing_total_agrees_with_it() -> None:
    assert total(row("S", "D", 100, after=900), held(900)) == 900


def test_an_illegible_last_total_leaves_the_position_unknown() -> None:
    assert total(row("S", "D", 100, after=900), row("S", "D", 100)) is None
    assert total(row("S", "D", 100)) is None


def test_an_illegible_total_before_the_last_leaves_the_last() -> None:
    assert total(row("S", "D", 100), row("S", "D", 100, after=800)) == 800


def test_where_shares_are_not_legible_the_last_total_is_taken() -> None:
    assert total(row("S", "D", None, after=900), row("S", "D", 50, after=700)) == 700


def test_signed_total_adds_what_is_acquired_and_takes_off_what_is_disposed_of() -> None:
    assert signed_total([row("M", "A", 500), row("S", "D", "199.5"), held(7)]) == Decimal("300.5")
    assert signed_total([row("S", None, 5)]) is None
    assert signed_total([held(7)]) == 0


MOVES = st.lists(st.decimals(min_value="-500", max_value="900", places=4).filter(bool), min_size=1, max_size=8)


def tally(opening: Decimal, moves: Sequence[Decimal]) -> list[Row]:
    rows = []
    for move in moves:
        opening += move
        rows.append(row("J", "A" if move > 0 else "D", str(abs(move)), after=str(opening)))
    return rows


@given(st.integers(5000, 10**9), MOVES, st.data())
def test_a_running_tally_closes_at_its_last_total_and_never_leaves_a_gap(
    opening: int, moves: list[Decimal], data: st.DataObject
) -> None:
    rows = tally(Decimal(opening), moves)
    balances = [Decimal(opening), *(one.shares_owned_following or Decimal(0) for one in rows)]
    if all(
        abs(one - other) >= 1 for one, other in combinations(balances, 2)
    ):  # else another order looks like rounding, or as good
        rows = data.draw(st.permutations(rows))
    (change,) = changes_since(document(*rows), holdings_after(document(held(opening))))
    assert change.after == opening + sum(moves)
    assert change.unexplained == 0
