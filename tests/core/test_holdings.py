"""Positions before and after a filing: what is a line of its own, what is not explained and what is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from datetime import datetime
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.core.samples import ACCESSION
from tests.core.samples import ALEX
from tests.core.samples import EARLIER
from tests.core.samples import FILED
from tests.core.samples import JANE
from tests.core.samples import TUESDAY
from tests.core.samples import changes_since
from tests.core.samples import document
from tests.core.samples import filed_after
from tests.core.samples import held
from tests.core.samples import holdings_after
from tests.core.samples import option
from tests.core.samples import real_readings
from tests.core.samples import row
from tests.core.samples import values
from watcher.core.findings import HoldingChange
from watcher.core.holdings import by_key
from watcher.core.holdings import change_between
from watcher.core.holdings import holding_key
from watcher.core.holdings import owners_key
from watcher.core.holdings import positions
from watcher.core.model import HoldingKey
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row

CIK = "0009990001"


def changes(content: OwnershipDocument, before: OwnershipDocument | None = None) -> tuple[HoldingChange, ...]:
    return changes_since(content, holdings_after(before, filed_at=FILED - timedelta(days=30)) if before is not None else {})


def key(content: Row, table: str = "I", filing: OwnershipDocument | None = None) -> HoldingKey:
    return holding_key(filing or document(content), table, content, CIK)


BEFORE = replace(document(row(after=1000)), period_of_report=date(2026, 5, 1), non_derivative_table=(held(1000),))


def test_a_consistent_filing_leaves_nothing_unexplained() -> None:
    (change,) = changes(document(row("M", "A", 500, "10", after=1500), row("S", "D", 500, after=1000)), BEFORE)
    assert values(change.before, change.after, change.change, change.unexplained) == (1000, 1000, 0, 0)
    assert (change.before_as_of, change.before_accession) == (date(2026, 5, 1), EARLIER)


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


# --- what a position carries -----------------------------------------------------------------------------------------


def test_a_position_is_never_known_for_a_day_after_its_filing() -> None:
    (holding,) = holdings_after(document(row(after=1, on=date(2035, 1, 10)))).values()
    assert holding.as_of == FILED.date()


def test_the_day_of_filing_is_new_york_s() -> None:
    late = datetime.fromisoformat("2026-06-18T01:30:00+00:00")
    (holding,) = holdings_after(document(row(after=1, on=date(2035, 1, 10))), filed_at=late).values()
    assert holding.as_of == date(2026, 6, 17)


def test_holdings_carry_what_the_line_says() -> None:
    (holding,) = holdings_after(document(derivatives=[option(shares=100, strike="86.00", after=15_000)])).values()
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
        stored = holdings_after(content, filed_at=filed_after(reading))
        for line, rows in by_key(content, content.issuer.cik or "").items():
            lines += 1
            totals = {one.shares_owned_following for one in rows} - {None}
            assert stored[line].shares in totals | {None}, name
            several += len(totals) > 1
            open_ones += len(totals) > 1 and stored[line].shares is None
    assert lines > 2000
    assert open_ones < several / 5  # so many are lines worded alike, or do not chain
