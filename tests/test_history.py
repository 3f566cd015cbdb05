"""The generator of histories keeps its word: what it calls true is what its forms say, and its XML is what it says it is."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from tests.history import GAPS
from tests.history import Filed
from tests.history import histories
from tests.history import history
from tests.history import shuffled
from tests.history_world import ROWS_A_FORM
from watcher.core.model import Row
from watcher.core.ownership import parse_ownership
from watcher.core.submission import parse_submission

SEEDS = st.integers(0, 2**32)
ANY = histories(gaps=4)


def rows(filed: Filed) -> dict[str, tuple[Row, ...]]:
    return {"I": filed.document.non_derivative_table, "II": filed.document.derivative_table}


@pytest.fixture(scope="module")
def large() -> list[Filed]:
    return history(7, filings=2_500, years=10)


@given(SEEDS)
@settings(max_examples=20)
def test_a_seed_gives_one_history(seed: int) -> None:
    assert history(seed, 30, 2, 3, gaps=2) == history(seed, 30, 2, 3, gaps=2)


def test_another_seed_gives_another_history() -> None:
    assert [filed.document for filed in history(1, 30)] != [filed.document for filed in history(2, 30)]


@given(ANY)
def test_every_row_belongs_to_exactly_one_line(filings: list[Filed]) -> None:
    for filed in filings:
        told = Counter(place for balance in filed.truth.lines.values() for place in balance.rows)
        assert told == Counter((table, at) for table, content in rows(filed).items() for at in range(1, len(content) + 1))


@given(ANY)
def test_the_stated_total_of_a_line_is_that_of_its_last_row(filings: list[Filed]) -> None:
    for filed in filings:
        for balance in filed.truth.lines.values():
            table, at = balance.rows[-1]
            assert rows(filed)[table][at - 1].shares_owned_following == balance.stated


@given(ANY)
def test_what_moved_is_the_signed_sum_of_the_rows(filings: list[Filed]) -> None:
    signs = {"A": 1, "D": -1, None: 0}
    for filed in filings:
        for balance in filed.truth.lines.values():
            told = [rows(filed)[table][at - 1] for table, at in balance.rows]
            assert sum(signs[row.acquired_disposed] * (row.shares or 0) for row in told) == balance.moved


@given(ANY)
def test_no_balance_is_ever_negative(filings: list[Filed]) -> None:
    assert all(
        row.shares_owned_following is None or row.shares_owned_following >= 0 for filed in filings for row in rows(filed)["I"]
    )
    assert all(balance.actual >= 0 for filed in filings for balance in filed.truth.lines.values())


@given(histories())
def test_a_consistent_history_has_no_gap(filings: list[Filed]) -> None:
    assert not [balance for filed in filings for balance in filed.truth.lines.values() if balance.gap]


@given(ANY)
def test_every_gap_has_a_cause_and_every_cause_a_gap(filings: list[Filed]) -> None:
    for filed in filings:
        for balance in filed.truth.lines.values():
            assert bool(balance.gap) == bool(balance.causes)


@given(SEEDS, st.sampled_from(["left out", "plan purchase", "split"]))
@settings(max_examples=30)
def test_outside_amendments_and_typos_what_is_stated_is_what_is_held(seed: int, kind: str) -> None:
    for filed in history(seed, 40, 2, 2, gaps=2, kinds=[kind], amendments=False):
        assert all(balance.stated == balance.actual for balance in filed.truth.lines.values())


@given(ANY)
def test_the_xml_is_read_back_as_the_document(filings: list[Filed]) -> None:
    for filed in filings:
        assert parse_ownership(filed.xml) == filed.document


def test_the_submission_carries_the_same_document_and_its_time_of_acceptance() -> None:
    for filed in history(3, 20):
        submission = parse_submission(filed.submission)
        assert parse_ownership(submission.document) == filed.document
        assert submission.header.accession_number == filed.accession_number
        assert submission.header.accepted_at == filed.filed_at.replace(microsecond=0)


@given(ANY)
def test_filings_come_in_the_order_of_filing_under_different_numbers(filings: list[Filed]) -> None:
    assert all(one.filed_at <= other.filed_at for one, other in pairwise(filings))
    assert len({filed.accession_number for filed in filings}) == len(filings)


@given(ANY)
def test_an_owner_files_again_only_after_the_last_form_but_where_it_ran_over(filings: list[Filed]) -> None:
    last: dict[tuple[str | None, ...], Filed] = {}
    for filed in filings:
        owners = tuple(owner.cik for owner in filed.document.reporting_owners)
        if owners in last and not filed.truth.amends and not filed.truth.continues:
            traded = [row.transaction_date for row in (*rows(filed)["I"], *rows(filed)["II"]) if row.transaction_date]
            assert min(traded) > last[owners].filed_at.date()
        last[owners] = filed


def test_shuffling_loses_nothing() -> None:
    filings = history(4, 30)
    others = shuffled(filings, 1)
    assert others != filings
    assert sorted(others, key=lambda filed: filed.filed_at) == filings


@pytest.mark.parametrize("kind", GAPS)
def test_every_kind_of_gap_can_be_seeded_alone(kind: str) -> None:
    causes = {
        cause for filed in history(5, 400, gaps=8, kinds=[kind]) for one in filed.truth.lines.values() for cause in one.causes
    }
    assert causes == {kind}


def test_a_large_history_lasts_ten_years(large: list[Filed]) -> None:
    assert 2_500 <= len(large) <= 2_510
    assert large[0].filed_at.year == 2015
    assert large[-1].filed_at.date() > date(2024, 11, 1)


def test_a_large_history_holds_everything_that_people_file(large: list[Filed]) -> None:
    assert {filed.document.form_type for filed in large} == {"3", "4", "4/A", "5"}
    assert {filed.truth.amendment for filed in large} == {None, "restating", "one line", "first row", "correcting"}
    assert {row.transaction_code for filed in large for content in rows(filed).values() for row in content} == {None, *"SMFAGP"}
    assert {len(filed.document.reporting_owners) for filed in large} == {1, 2}
    assert any(filed.truth.late for filed in large)
    assert {filed.document.aff10b5_one for filed in large} == {None, False, True}


def test_a_form_that_runs_over_has_thirty_rows_and_goes_on_in_the_next(large: list[Filed]) -> None:
    by_number = {filed.accession_number: filed for filed in large}
    over = [filed for filed in large if filed.truth.continues]
    assert over
    for filed in over:
        before = by_number[filed.truth.continues or ""]
        assert len(rows(before)["I"]) == ROWS_A_FORM
        assert before.document.period_of_report == filed.document.period_of_report


def test_every_planned_sale_names_the_day_of_its_plan(large: list[Filed]) -> None:
    planned = [filed for filed in large if filed.truth.plan and not filed.truth.amends]
    assert len(planned) > 100
    for filed in planned:
        adopted = filed.truth.plan or date.min
        told = f"{adopted:%B} {adopted.day}, {adopted.year}"
        assert any(told in text for text in filed.document.footnotes.values())
        assert filed.document.period_of_report is not None
        assert (filed.document.period_of_report - adopted).days >= 100


def test_a_chain_files_one_block_thrice(large: list[Filed]) -> None:
    blocks = Counter(
        (filed.document.period_of_report, *((row.shares, row.price_per_share) for row in rows(filed)["I"]))
        for filed in large
        if filed.truth.action == "block" and not filed.truth.amends
    )
    assert set(blocks.values()) == {3}


def test_a_split_doubles_what_is_held() -> None:
    gaps = [
        balance
        for filed in history(6, 60, 2, 2, gaps=1, kinds=["split"], amendments=False)
        for balance in filed.truth.lines.values()
        if balance.causes
    ]
    assert gaps
    for balance in gaps:
        assert balance.before is not None
        assert balance.gap == balance.before
    assert all(isinstance(balance.gap, Decimal) for balance in gaps)
