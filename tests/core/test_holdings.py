"""Positions before and after a filing: which row closes, what is a line of its own, what is not explained and what is not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from datetime import datetime
from datetime import timedelta
from decimal import Decimal
from itertools import combinations
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import ACCESSION
from tests.core.samples import ALEX
from tests.core.samples import FILED
from tests.core.samples import JANE
from tests.core.samples import TUESDAY
from tests.core.samples import document
from tests.core.samples import filed_after
from tests.core.samples import held
from tests.core.samples import option
from tests.core.samples import real_readings
from tests.core.samples import row
from tests.core.samples import values
from watcher.core.findings import HoldingChange
from watcher.core.holdings import by_key
from watcher.core.holdings import change_between
from watcher.core.holdings import closing_row
from watcher.core.holdings import difference
from watcher.core.holdings import holding_key
from watcher.core.holdings import holdings_after
from watcher.core.holdings import is_newer
from watcher.core.holdings import owners_key
from watcher.core.holdings import positions
from watcher.core.holdings import signed_total
from watcher.core.model import Holding
from watcher.core.model import HoldingKey
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row

CIK = "0009990001"


def after(content: OwnershipDocument, *, filed_at: datetime = FILED, accession: str = ACCESSION) -> dict[HoldingKey, Holding]:
    holdings = holdings_after(content, issuer_cik=CIK, accession_number=accession, filed_at=filed_at)
    return {holding.key: holding for holding in holdings}


def changes(
    content: OwnershipDocument, before: OwnershipDocument | None = None, *, filed_at: datetime = FILED
) -> tuple[HoldingChange, ...]:
    stored = after(before, filed_at=filed_at - timedelta(days=30)) if before is not None else {}
    return difference(content, stored, issuer_cik=CIK, filed_at=filed_at)


def key(content: Row, table: str = "I", filing: OwnershipDocument | None = None) -> HoldingKey:
    return holding_key(filing or document(content), table, content, CIK)


BEFORE = replace(document(row(after=1000)), period_of_report=date(2026, 5, 1), non_derivative_table=(held(1000),))


def test_a_consistent_filing_leaves_nothing_unexplained() -> None:
    (change,) = changes(document(row("M", "A", 500, "10", after=1500), row("S", "D", 500, after=1000)), BEFORE)
    assert values(change.before, change.after, change.change, change.unexplained) == (1000, 1000, 0, 0)
    assert (change.before_as_of, change.before_accession) == (date(2026, 5, 1), ACCESSION)


@pytest.mark.parametrize(("total", "gap"), [(700, -200), (1100, 200), ("900.0001", "0.0001")])
def test_what_neither_rows_nor_store_explain_has_a_sign_and_is_exact(total: int | str, gap: int | str) -> None:
    (change,) = changes(document(row("S", "D", 100, after=total)), BEFORE)
    assert values(change.change, change.unexplained) == (-100, Decimal(gap))


def test_a_position_seen_for_the_first_time_has_no_before_and_no_gap() -> None:
    (change,) = changes(document(row("S", "D", 100, after=900)))
    assert values(change.before, change.after, change.change, change.unexplained) == (None, 900, -100, None)


def test_a_row_without_its_shares_makes_the_change_and_the_gap_unknown() -> None:
    (change,) = changes(document(row("S", "D", None, after=900)), BEFORE)
    assert values(change.before, change.after, change.change, change.unexplained) == (1000, 900, None, None)


def test_an_amendment_restates_so_no_gap_is_computed() -> None:
    (change,) = changes(document(row("S", "D", 100, after=700), form="4/A"), BEFORE)
    assert values(change.before, change.after, change.unexplained) == (1000, 700, None)


def test_a_stored_position_that_is_newer_is_no_before() -> None:
    late = document(row("S", "D", 100, after=900, on=date(2026, 1, 5)))
    (change,) = changes(late, BEFORE)
    assert (change.before, change.unexplained) == (None, None)


def standing(content: OwnershipDocument, before: OwnershipDocument | None = None) -> str:
    (change,) = changes(content, before)
    return change.standing


def test_every_change_says_how_it_stands() -> None:
    assert standing(document(row(after=900)), BEFORE) == "matches"
    assert standing(document(row(after=800)), BEFORE) == "gap"
    assert standing(document(row(after=900))) == "first sight"
    assert standing(document(row(after=800), form="4/A"), BEFORE) == "amends"
    assert standing(document(row(shares=None, after=800)), BEFORE) == "cannot tell"
    assert standing(document(row(after=800)), document(held(None))) == "cannot tell"


@pytest.mark.parametrize(("total", "said"), [("900.9999", "matches"), ("899.0001", "matches"), ("901", "gap"), ("899", "gap")])
def test_less_than_one_share_is_rounding_and_no_gap(total: str, said: str) -> None:
    assert standing(document(row("S", "D", 100, after=total)), BEFORE) == said


def test_a_position_opens_where_its_rows_began_whatever_was_held_before() -> None:
    content = document(row("M", "A", 500, after=1500), row("S", "D", 200, after=1300), held(77, nature="By Trust"))
    direct, trust = positions(content, issuer_cik=CIK, accession_number=ACCESSION, filed_at=FILED)
    assert values(direct.opening, direct.moved, direct.holding.shares) == (1000, 300, 1300)
    assert values(trust.opening, trust.moved, trust.holding.shares) == (77, 0, 77)


def test_an_unknown_closing_total_has_no_opening() -> None:
    (one,) = positions(document(row()), issuer_cik=CIK, accession_number=ACCESSION, filed_at=FILED)
    assert (one.opening, one.holding.shares) == (None, None)


def test_a_position_counts_from_the_one_it_is_given() -> None:
    (one,) = positions(document(row(after=900)), issuer_cik=CIK, accession_number=ACCESSION, filed_at=FILED)
    assert change_between(one, None, amends=False).standing == "first sight"
    change = change_between(one, replace(one.holding, shares=Decimal(1005)), amends=False)
    assert values(change.before, change.opening, change.unexplained, change.standing) == (1005, 1000, -5, "gap")


def test_a_line_that_the_form_does_not_show_is_not_touched() -> None:
    before = document(held(1000), held(500, nature="By Trust"))
    assert [change.direct_or_indirect for change in changes(document(row(after=900)), before)] == ["D"]


def test_what_is_held_in_dollars_is_compared_in_dollars_and_has_no_movement_in_shares() -> None:
    note = replace(held(None, title="Convertible Note"), value_owned_following=Decimal(5_000_000))
    bought = replace(row("P", "A", None, None, title="Convertible Note"), value_owned_following=Decimal(6_000_000))
    (change,) = changes(document(bought), document(note))
    assert change.in_dollars
    assert values(change.before, change.after, change.change, change.unexplained) == (5_000_000, 6_000_000, None, None)


def test_shares_before_and_dollars_after_are_not_compared() -> None:
    (change,) = changes(document(replace(held(None), value_owned_following=Decimal(10))), document(held(10)))
    assert values(change.before, change.after, change.in_dollars) == (None, 10, True)


# --- which line a row belongs to ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("title", ["COMMON STOCK", " Common  Stock ", "common stock."])
def test_case_and_spaces_do_not_split_a_position(title: str) -> None:
    assert key(held(1, title=title)) == key(held(1, title="Common Stock"))


@pytest.mark.parametrize(("one", "other"), [("Class A Common Stock", "Class B Common Stock"), ("Common Stock", "Common Units")])
def test_classes_are_kept_apart(one: str, other: str) -> None:
    assert key(held(1, title=one)) != key(held(1, title=other))


def test_par_value_and_held_by_do_not_split_a_position() -> None:
    filed = held(1, title="Common Stock, par value $0.01 per share", nature="Held by the Trust")
    assert key(filed) == key(held(1, nature="By Trust"))


def test_lines_of_one_filing_that_only_spelling_tells_apart_and_whose_totals_differ_stay_apart() -> None:
    content = document(held(500, nature="By Trust"), held(300, nature="Trust"))
    assert [change.after for change in changes(content)] == [500, 300]
    assert [change.standing for change in changes(content, content)] == ["matches", "matches"]


def test_rows_of_one_tally_that_are_spelled_in_two_ways_are_one_balance() -> None:
    content = document(row("S", "D", 100, after=900), row("S", "D", 100, after=800, title="COMMON STOCK, $.01 par value"))
    (change,) = changes(content, BEFORE)
    assert values(change.before, change.after, change.unexplained) == (1000, 800, 0)


def test_a_price_of_zero_says_as_much_of_a_grant_as_none() -> None:
    assert key(option(strike="0.00"), "II") == key(option(strike=None), "II")


def test_direct_and_each_named_indirect_line_are_kept_apart() -> None:
    lines = [held(1), held(1, nature="By Trust"), held(1, nature="By Spouse"), held(1, nature="By Roe Trust No. 2")]
    assert len({key(line) for line in lines}) == 4


def test_a_grant_is_known_by_its_price_and_expiry() -> None:
    grants = [option(), option(strike="10.00"), option(strike="11"), option(expires=date(2031, 1, 1)), option(expires=None)]
    assert len({key(grant, "II") for grant in grants}) == 4


def test_owners_are_known_by_cik_in_any_order_and_by_name_without_one() -> None:
    assert owners_key(document(owners=[JANE, ALEX])) == owners_key(document(owners=[ALEX, JANE])) == "0009980001+0009980002"
    assert owners_key(document(owners=[replace(JANE, cik=None)])) == "name:roe jane"


FUNDS = {"F1": "Held by Example Fund I, L.P.", "F2": "Held by Example Fund II, L.P.", "F9": "Held by Example Fund I, L.P."}


@pytest.mark.parametrize("nature", ["See Footnote", "See footnotes (1)", "Indirect", "by see footnote", "(2)"])
def test_lines_that_only_point_at_a_footnote_are_told_apart_by_its_text(nature: str) -> None:
    filing = document(footnotes=FUNDS)
    first, second, again = (key(held(1, nature=nature, notes=[note]), filing=filing) for note in ("F1", "F2", "F9"))
    assert first != second
    assert first == again


def test_the_numbers_of_shares_in_a_footnote_do_not_split_the_line_it_names() -> None:
    said = [{"F1": f"Represents {number} shares held by Example Fund I, L.P."} for number in ("12,000", "900")]
    one, other = (key(held(1, nature="See footnote", notes=["F1"]), filing=document(footnotes=notes)) for notes in said)
    assert one == other


def test_a_line_with_a_name_of_its_own_is_not_split_by_its_footnotes() -> None:
    filing = document(footnotes=FUNDS)
    assert key(held(1, nature="By Trust", notes=["F1"]), filing=filing) == key(
        held(1, nature="By Trust", notes=["F2"]), filing=filing
    )


def test_sales_by_two_funds_under_one_wording_are_two_balances() -> None:
    notes = [{"nature_of_ownership": ("F1",)}, {"nature_of_ownership": ("F2",)}]
    before = document(
        held(1000, nature="See footnote", notes=["F1"]), held(300, nature="See footnote", notes=["F2"]), footnotes=FUNDS
    )
    sales = document(
        row("S", "D", 100, after=900, nature="See footnote", footnotes=notes[0]),
        row("S", "D", 30, after=270, nature="See footnote", footnotes=notes[1]),
        row("S", "D", 200, after=700, nature="See footnote", footnotes=notes[0]),
        footnotes=FUNDS,
    )
    assert [values(change.before, change.after, change.unexplained) for change in changes(sales, before)] == [
        (1000, 700, 0),
        (300, 270, 0),
    ]


# --- which row closes ----------------------------------------------------------------------------------------------------


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
    (change,) = changes(document(*rows), BEFORE)
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
    (change,) = changes(document(*rows), replace(BEFORE, non_derivative_table=(held(opening),)))
    assert change.after == opening + sum(moves)
    assert change.unexplained == 0


# --- which position is kept ---------------------------------------------------------------------------------------------


def position(as_of: int, filed: int, accession: int, shares: int = 0) -> Holding:
    filed_at = FILED + timedelta(days=filed)
    content = replace(document(held(shares)), period_of_report=TUESDAY + timedelta(days=as_of))
    (holding,) = holdings_after(content, issuer_cik=CIK, accession_number=f"0000000000-26-{accession:06}", filed_at=filed_at)
    return holding


def test_a_late_report_of_an_old_trade_does_not_move_a_newer_holding() -> None:
    assert not is_newer(position(-60, 5, 2), position(-1, 0, 1))


def test_of_two_positions_of_one_day_the_one_filed_later_is_kept() -> None:
    assert is_newer(position(0, 2, 1), position(0, 1, 2))
    assert not is_newer(position(0, 1, 2), position(0, 2, 1))


def test_a_position_is_never_known_for_a_day_after_its_filing() -> None:
    (holding,) = after(document(row(after=1, on=date(2035, 1, 10)))).values()
    assert holding.as_of == FILED.date()


def test_the_day_of_filing_is_new_york_s() -> None:
    (holding,) = after(
        document(row(after=1, on=date(2035, 1, 10))), filed_at=datetime.fromisoformat("2026-06-18T01:30:00+00:00")
    ).values()
    assert holding.as_of == date(2026, 6, 17)


FILINGS = st.lists(st.tuples(st.integers(-5, 0), st.integers(0, 2)), min_size=1, max_size=6)


@given(FILINGS, st.data())
def test_whatever_the_order_of_the_filings_the_newest_position_stays(filings: list[tuple[int, int]], data: st.DataObject) -> None:
    positions = [position(as_of, filed, number, shares=number) for number, (as_of, filed) in enumerate(filings)]
    stored = positions[0]
    for candidate in data.draw(st.permutations(positions)):
        stored = candidate if is_newer(candidate, stored) else stored
    newest = max(positions, key=lambda one: (one.as_of or date.min, one.filed_at, one.accession_number))
    assert stored == newest


def test_holdings_carry_what_the_line_says() -> None:
    (holding,) = after(document(derivatives=[option(shares=100, strike="86.00", after=15_000)])).values()
    assert values(holding.shares, holding.exercise_price, holding.expiration_date) == (
        15_000,
        Decimal("86.00"),
        date(2030, 2, 14),
    )
    assert (holding.security_title, holding.direct_or_indirect, holding.as_of) == ("Stock Option (right to buy)", "D", TUESDAY)


def test_in_the_corpus_a_balance_that_is_stated_is_one_of_its_rows_and_a_true_tally_always_closes(corpus: Path) -> None:
    lines = several = open_ones = 0
    for name, reading in real_readings(corpus):
        content = reading.document
        stored = after(content, filed_at=filed_after(reading))
        for line, rows in by_key(content, CIK).items():
            lines += 1
            totals = {one.shares_owned_following for one in rows} - {None}
            assert stored[line].shares in totals | {None}, name
            several += len(totals) > 1
            open_ones += len(totals) > 1 and stored[line].shares is None
    assert lines > 2000
    assert open_ones < several / 5  # so many are lines worded alike, or do not chain
