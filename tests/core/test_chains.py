"""Filings that belong together: companions go on where the other ends; the same transactions are known by more than equal numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import ALEX
from tests.core.samples import JANE
from tests.core.samples import document
from tests.core.samples import held
from tests.core.samples import option
from tests.core.samples import real_readings
from tests.core.samples import row
from watcher.core import chains
from watcher.core.chains import companions
from watcher.core.chains import is_companion
from watcher.core.chains import is_one_tally
from watcher.core.chains import loose_ends
from watcher.core.chains import same_transactions
from watcher.core.model import Issuer
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row

FUND = ReportingOwner("0009980010", "Example Growth Fund III, L.P.", is_ten_percent_owner=True)
SPONSOR = ReportingOwner("0009980011", "Example Growth GP, LLC", is_ten_percent_owner=True)
NAMED = {"F1": "Held by Example Growth Fund III, L.P., of which the reporting person is the general partner."}

# One day in three forms: 1,000 exercised, 400 sold; 350 sold; 200 sold.
FIRST = document(
    row("M", "A", 1000, 10, after=1500), row("S", "D", 400, 25, after=1100), derivatives=[option(shares=1000, after=0)]
)
SECOND = document(row("S", "D", 350, 26, after=750))
THIRD = document(row("S", "D", 200, 27, after=550))


# --- companions -----------------------------------------------------------------------------------------------------------


def test_forms_of_one_owner_and_day_whose_totals_go_on_are_companions() -> None:
    assert is_companion(FIRST, SECOND)
    assert is_companion(SECOND, FIRST)
    assert is_companion(THIRD, SECOND)


def test_what_goes_on_with_a_companion_is_found_through_it() -> None:
    assert not is_companion(FIRST, THIRD)
    candidates = [("three", THIRD), ("two", SECOND), ("gift", document(row("G", "D", 5, 0, after=545)))]
    assert [number for number, _ in companions(FIRST, candidates)] == ["three", "two"]
    assert companions(FIRST, [("three", THIRD)]) == ()


def test_totals_that_come_back_to_where_they_began_go_on_there() -> None:
    around = document(row("M", "A", 100, 10, after=650), row("S", "D", 100, 25, after=550))
    assert is_companion(around, THIRD)
    assert not is_companion(around, SECOND)


def test_forms_that_are_apart_in_anything_are_no_companions() -> None:
    for other in (
        replace(SECOND, issuer=Issuer("0009990002", "Sample Corp", "SMPL")),
        replace(SECOND, issuer=Issuer(None, "Example Corp", "EXMP")),
        replace(SECOND, reporting_owners=(ALEX,)),
        replace(SECOND, reporting_owners=(JANE, ALEX)),
        replace(SECOND, reporting_owners=(replace(JANE, cik=None),)),
        replace(SECOND, form_type="4/A"),
        replace(SECOND, form_type="5"),
        document(row("S", "D", 350, 26, after=750, on=date(2026, 6, 17))),
        document(row("S", "D", 350, 26, after=700)),
        document(row("S", "D", 350, 26)),
        document(row("S", "D", 350, 26, after=750, nature="By Trust")),
        document(row("S", "D", 350, 26, after=750, title="Class B Common Stock")),
        document(row("G", "D", 350, 0, after=750)),
    ):
        assert not is_companion(FIRST, other)
        assert not is_companion(other, FIRST)


def test_a_form_that_repeats_a_row_is_a_duplicate_and_no_companion() -> None:
    assert not is_companion(FIRST, FIRST)
    assert not is_companion(FIRST, document(row("S", "D", "400.0", "25.00", after=1100), row("S", "D", 350, 26, after=750)))


# --- the same transactions ---------------------------------------------------------------------------------------------------


def sold(owner: ReportingOwner, nature: str | None, *, after: int | None = 5000, **terms: object) -> OwnershipDocument:
    content = document(row("S", "D", 1000, 25, after=after, nature=nature), owners=[owner], footnotes=NAMED)
    return replace(content, **terms)  # type: ignore[arg-type]  # the fields of a document, as `replace` takes them


def test_a_block_reported_by_fund_and_sponsor_is_the_same() -> None:
    fund, sponsor = sold(FUND, None, footnotes={}), sold(SPONSOR, "See footnote (1)")
    assert same_transactions(fund, sponsor)
    assert same_transactions(sponsor, fund)
    assert chains.key(fund) == chains.key(sponsor)


def test_the_same_owner_s_second_filing_of_the_same_rows_is_the_same() -> None:
    assert same_transactions(sold(JANE, None), sold(JANE, None))


def test_parallel_funds_with_other_totals_are_not_the_same() -> None:
    fund, sponsor = sold(FUND, None), sold(SPONSOR, "See footnote (1)", after=6000)
    assert not same_transactions(fund, sponsor)
    assert chains.key(fund) != chains.key(sponsor)


def test_equal_awards_of_two_directors_are_not_the_same() -> None:
    jane, alex = (document(row("A", "A", 2480, 0, after=2480), owners=[owner]) for owner in (JANE, ALEX))
    assert chains.key(jane) == chains.key(alex)
    assert not same_transactions(jane, alex)


def test_an_amendment_a_form_without_transactions_and_unstated_rows_are_never_the_same() -> None:
    for content in (
        sold(JANE, None, form_type="4/A"),
        sold(JANE, None, after=None),
        sold(JANE, None, issuer=Issuer(None, None, None)),
        document(held(100)),
        document(row("S", "D", None, 25, after=100)),
        document(row("S", "D", 100, 25, after=100, on=None)),
    ):
        assert not same_transactions(content, content)
    assert chains.key(document(held(100))) == ""


def test_other_rows_beside_the_equal_ones_make_filings_differ() -> None:
    one = sold(JANE, None)
    more = replace(one, non_derivative_table=(*one.non_derivative_table, row("S", "D", 5, 25, after=4995)))
    assert not same_transactions(one, more)
    assert not same_transactions(more, one)


def test_the_key_reads_numbers_and_not_their_spelling() -> None:
    assert chains.key(document(row("S", "D", "100", "25.50"))) == chains.key(document(row("S", "D", "100.00", "25.5")))
    assert chains.key(document(row("S", "D", 100, 0))) != chains.key(document(row("S", "D", 100, None)))


ROWS = st.builds(
    lambda shares, price, after: row("S", "D", shares, price, after=after),
    st.sampled_from([100, 200]),
    st.sampled_from([25, 26]),
    st.sampled_from([0, 500]),
)


@given(st.lists(ROWS, min_size=1, max_size=4), st.lists(ROWS, min_size=1, max_size=4))
def test_equal_keys_are_equal_rows_in_any_order(one: list[Row], two: list[Row]) -> None:
    def plain(rows: Sequence[Row]) -> list[str]:
        return sorted(repr(one_row) for one_row in rows)

    same = plain(one) == plain(two)
    assert (chains.key(document(*one)) == chains.key(document(*two))) is same
    assert same_transactions(document(*one), document(*two)) is same


# --- running totals -------------------------------------------------------------------------------------------------------------


def test_the_loose_ends_of_a_running_tally_are_its_beginning_and_its_end() -> None:
    tally = (row("M", "A", 100, 10, after=600), row("S", "D", 40, 25, after=560), row("S", "D", 30, 25, after=530))
    assert loose_ends(tally) == ([Decimal(500)], [Decimal(530)])
    assert loose_ends((tally[0], tally[2])) == ([Decimal(500), Decimal(560)], [Decimal(600), Decimal(530)])
    assert loose_ends((tally[0], row("S", "D", 100, 25, after=500))) == ([], [])
    assert loose_ends((row("S", "D", 100, 25), row("S", None, 5, 25, after=1))) == ([], [])


# --- the corpus -----------------------------------------------------------------------------------------------------------------


def test_in_the_corpus_the_same_transactions_are_only_copies_of_one_filing(corpus: Path) -> None:
    found: dict[str, tuple[str, OwnershipDocument]] = {}
    for name, reading in real_readings(corpus):
        content = reading.document
        key = chains.key(content)
        if key in found and key:
            _, first = found[key]
            owners = [{owner.cik for owner in one.reporting_owners} for one in (content, first)]
            assert not same_transactions(content, first) or owners[0] & owners[1], name
            assert not is_companion(content, first), name
        found[key] = (name, content)
    assert len(found) > 300


def test_totals_that_follow_from_the_rows_are_one_tally_in_any_order_and_but_for_rounding() -> None:
    rows = [row("S", "D", 100, after="900.4"), row("S", "D", 200, after=700), row("S", "D", 300, after=400)]
    assert is_one_tally(rows)
    assert is_one_tally(rows[::-1])
    assert is_one_tally([replace(one, shares_owned_following=Decimal(400)) for one in rows])  # some repeat the last total
    assert not is_one_tally([*rows[:2], row("S", "D", 300, after=0)])
