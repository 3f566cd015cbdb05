"""Amendments: what they amend, what is otherwise, and what the two come to together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from datetime import date
from datetime import datetime
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import ALEX
from tests.core.samples import FILED
from tests.core.samples import JANE
from tests.core.samples import TUESDAY
from tests.core.samples import document
from tests.core.samples import held
from tests.core.samples import option
from tests.core.samples import row
from watcher.core.amendment import Kept
from watcher.core.amendment import amendment_reason
from watcher.core.amendment import compare
from watcher.core.amendment import effective
from watcher.core.amendment import tie
from watcher.core.model import Issuer
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.submission import EASTERN

FIRST = row(shares=1000, price="25", after=9000)
SECOND = row(shares=500, price="25.60", after=8500)
THIRD = row(shares=200, price="26.10", after=8300)
ORIGINAL = document(FIRST, SECOND, THIRD)
ON = FILED.date()


def number_of(index: int) -> str:
    return f"0000000000-26-{index:06}"


def amended(
    *rows: Row,
    derivatives: Sequence[Row] = (),
    stated: date | None = ON,
    owners: Sequence[ReportingOwner] = (JANE,),
    remarks: str | None = None,
    box: bool | None = None,
    period: date = TUESDAY,
    footnotes: dict[str, str] | None = None,
    form: str = "4/A",
) -> OwnershipDocument:
    content = document(*rows, derivatives=derivatives, form=form, owners=owners, remarks=remarks, box=box, footnotes=footnotes)
    return replace(content, date_of_original_submission=stated, period_of_report=period)


def kept(content: OwnershipDocument, index: int = 1, *, at: datetime = FILED, original: str | None = None) -> Kept:
    return Kept(number_of(index), at, content, original)


def kinds(original: OwnershipDocument, amendment: OwnershipDocument) -> list[tuple[str, int | None, int | None]]:
    return [(change.kind, change.row, change.original_row) for change in compare(original, amendment).rows]


# --- which filing -----------------------------------------------------------------------------------------------------------


def test_an_amendment_is_tied_to_the_filing_of_the_day_it_names() -> None:
    found = tie(amended(FIRST), [kept(ORIGINAL), kept(ORIGINAL, 2, at=FILED + timedelta(days=7))])
    assert (found.state, found.original) == ("tied", number_of(1))


def test_the_day_of_a_filing_is_eastern() -> None:
    evening = datetime(2026, 6, 18, 1, 30, tzinfo=UTC)
    of_another_period = replace(ORIGINAL, period_of_report=date(2026, 6, 1))
    assert tie(amended(stated=date(2026, 6, 17)), [kept(of_another_period, at=evening)]).state == "tied"
    assert tie(amended(stated=date(2026, 6, 18)), [kept(of_another_period, at=evening)]).state == "orphan"


@pytest.mark.parametrize("stated", [date(2026, 6, 12), date(2026, 6, 15)])
def test_what_came_after_hours_on_friday_is_of_friday_and_of_monday(stated: date) -> None:
    friday = datetime(2026, 6, 12, 22, 30, tzinfo=EASTERN)
    assert tie(amended(stated=stated, period=date(2026, 6, 1)), [kept(ORIGINAL, at=friday)]).state == "tied"


def test_a_day_off_by_a_weekend_is_enough_where_the_period_agrees() -> None:
    monday = datetime(2026, 6, 22, 9, 0, tzinfo=EASTERN)
    stated = date(2026, 6, 19)  # a federal holiday before a weekend
    assert tie(amended(FIRST, stated=stated), [kept(ORIGINAL, at=monday)]).state == "tied"
    assert tie(amended(FIRST, stated=stated, period=date(2026, 6, 1)), [kept(ORIGINAL, at=monday)]).state == "orphan"


def test_the_period_may_have_been_typed_for_the_day() -> None:
    late = FILED + timedelta(days=20)
    assert tie(amended(FIRST, stated=TUESDAY), [kept(ORIGINAL, at=late)]).original == number_of(1)


@pytest.mark.parametrize(
    "other",
    [
        replace(ORIGINAL, form_type="5"),
        replace(ORIGINAL, issuer=Issuer("0009990002", "Other Corp", "OTHR")),
        replace(ORIGINAL, reporting_owners=(ALEX,)),
    ],
)
def test_a_filing_of_another_form_issuer_or_owner_is_not_what_is_amended(other: OwnershipDocument) -> None:
    assert tie(amended(FIRST), [kept(other)]).state == "orphan"


def test_an_amendment_that_comes_first_is_an_orphan_until_its_original_is_there() -> None:
    early = amended(replace(FIRST, shares=Decimal(900)))
    assert tie(early, []).state == "orphan"
    assert tie(early, [kept(ORIGINAL)]).rows == compare(ORIGINAL, early).rows


def test_an_amendment_without_a_stated_day_is_an_orphan() -> None:
    assert tie(amended(FIRST, stated=None), [kept(ORIGINAL)]).state == "orphan"


def test_an_amendment_that_adds_an_owner_is_tied_by_the_owner_it_shares() -> None:
    found = tie(amended(*ORIGINAL.non_derivative_table, owners=(JANE, ALEX)), [kept(ORIGINAL)])
    assert found.state == "tied"
    assert found.heads == (("reporting_owners", None, "Doe Alex"),)


def test_of_two_filings_of_a_day_the_one_of_its_period_is_meant() -> None:
    other = replace(ORIGINAL, period_of_report=date(2026, 6, 15))
    assert tie(amended(FIRST), [kept(other), kept(ORIGINAL, 2)]).original == number_of(2)


def test_of_two_filings_of_a_day_and_period_the_one_whose_rows_are_repeated_is_meant() -> None:
    other = document(row(shares=77, price="3", after=12, title="Preferred Stock"))
    changed = replace(SECOND, shares=Decimal(450), shares_owned_following=Decimal(8550))
    assert tie(amended(FIRST, changed), [kept(other), kept(ORIGINAL, 2)]).original == number_of(2)


def test_two_filings_that_fit_alike_are_ambiguous() -> None:
    found = tie(amended(FIRST), [kept(ORIGINAL), kept(ORIGINAL, 2)])
    assert (found.state, found.original, found.rows) == ("ambiguous", None, ())


def test_the_day_of_one_filing_and_the_period_of_another_are_ambiguous() -> None:
    of_that_day = replace(ORIGINAL, period_of_report=date(2026, 1, 2))
    before = kept(ORIGINAL, 2, at=FILED - timedelta(days=1))
    assert tie(amended(), [kept(of_that_day), before]).state == "ambiguous"


def test_an_amendment_of_an_amendment_is_tied_to_the_original() -> None:
    first = kept(amended(FIRST), 2, at=FILED + timedelta(days=9))
    second = amended(FIRST, stated=first.filed_at.date())
    assert tie(second, [first, kept(ORIGINAL)]).original == number_of(1)


def test_an_amendment_that_names_the_day_of_both_is_tied_to_the_original_alone() -> None:
    first = kept(amended(FIRST), 2, at=FILED + timedelta(hours=1))
    assert tie(amended(FIRST), [first, kept(ORIGINAL)]).original == number_of(1)


def test_a_chain_whose_original_is_known_by_number_only_is_tied_to_it() -> None:
    first = kept(amended(FIRST), 2, at=FILED + timedelta(days=9), original=number_of(1))
    assert tie(amended(FIRST, stated=first.filed_at.date()), [first]).original == number_of(1)


def test_a_chain_without_its_original_is_an_orphan() -> None:
    first = kept(amended(FIRST), 2, at=FILED + timedelta(days=9))
    assert tie(amended(FIRST, stated=first.filed_at.date()), [first]).state == "orphan"


# --- row by row -------------------------------------------------------------------------------------------------------------


def test_rows_that_say_the_same_are_restated_whatever_their_spelling() -> None:
    again = replace(FIRST, security_title="COMMON STOCK", shares=Decimal("1000.00"))
    assert kinds(document(FIRST), amended(again)) == [("restated", 1, 1)]


def test_a_partial_amendment_leaves_the_other_rows_as_filed() -> None:
    changed = replace(SECOND, price_per_share=Decimal("25.06"))
    assert kinds(ORIGINAL, amended(changed)) == [("changed", 1, 2), ("not repeated", None, 1), ("not repeated", None, 3)]


def test_a_change_names_field_was_and_is() -> None:
    changed = replace(SECOND, shares=Decimal(300), shares_owned_following=Decimal(8700))
    (change, *_) = compare(ORIGINAL, amended(changed)).rows
    assert change.fields == (("shares", "500", "300"), ("shares_owned_following", "8500", "8700"))


@pytest.mark.parametrize(
    "correction",
    [
        {"transaction_date": date(2026, 6, 15)},
        {"transaction_code": "G"},
        {"direct_or_indirect": "I", "nature_of_ownership": "By Trust"},
        {"security_title": "Class B Common Stock"},
    ],
)
def test_a_row_may_be_corrected_in_what_it_is_known_by(correction: dict[str, Any]) -> None:
    changed = replace(SECOND, **correction)
    assert kinds(ORIGINAL, amended(changed))[0] == ("changed", 1, 2)


def test_an_omitted_sale_that_opens_where_another_closed_is_added() -> None:
    fourth = row(shares=300, price="26.10", after=8000)
    assert kinds(ORIGINAL, amended(fourth))[0] == ("added", 1, None)


def test_a_sale_said_to_be_omitted_is_not_taken_for_a_correction() -> None:
    omitted = amended(
        row(shares=40, price="31", after=700), remarks="This amendment reports a sale that was inadvertently omitted."
    )
    assert kinds(document(FIRST), omitted)[0] == ("added", 1, None)


def test_an_amendment_without_rows_takes_nothing_back() -> None:
    assert {kind for kind, *_ in kinds(ORIGINAL, amended(remarks="Amended solely to correct the address."))} == {"not repeated"}


def test_a_holdings_only_amendment_leaves_the_transactions_as_filed() -> None:
    original = document(FIRST, held(620, nature="By 401(k) plan"))
    assert kinds(original, amended(held(430, nature="By 401(k) plan"))) == [("changed", 1, 2), ("not repeated", None, 1)]


def test_one_of_several_holdings_worded_alike_is_not_guessed() -> None:
    original = document(held(100, nature="By Trust"), held(200, nature="By Trust"))
    assert kinds(original, amended(held(300, nature="By Trust")))[0] == ("added", 1, None)


def test_a_row_is_dropped_where_the_later_totals_hold_only_without_it() -> None:
    later = replace(THIRD, shares_owned_following=Decimal(8800))
    assert kinds(ORIGINAL, amended(FIRST, later)) == [("restated", 1, 1), ("changed", 2, 3), ("dropped", None, 2)]


def test_a_row_is_not_dropped_where_the_later_totals_hold_with_it() -> None:
    assert kinds(ORIGINAL, amended(FIRST, THIRD))[-1] == ("not repeated", None, 2)


def test_the_last_row_is_dropped_where_the_words_say_so() -> None:
    why = "This amendment is filed solely for the purpose of deleting the transaction that was inadvertently included."
    assert kinds(document(FIRST, SECOND), amended(FIRST, remarks=why))[-1] == ("dropped", None, 2)


def test_words_of_a_deletion_that_may_mean_several_rows_drop_none() -> None:
    why = "This amendment deletes the sale that was inadvertently included."
    assert {kind for kind, *_ in kinds(ORIGINAL, amended(FIRST, remarks=why))} == {"restated", "not repeated"}


def test_equal_rows_are_told_apart_by_their_order() -> None:
    twin = row(shares=100, price="25", after=None)
    assert kinds(document(twin, twin), amended(twin, twin)) == [("restated", 1, 1), ("restated", 2, 2)]


def test_options_are_compared_in_their_own_table() -> None:
    grant = option("A", "A", 16700, "12.64", after=16700)
    fixed = replace(grant, shares=Decimal(4111), shares_owned_following=Decimal(4111))
    changes = compare(document(FIRST, derivatives=[grant]), amended(derivatives=[fixed])).rows
    assert [(change.table, change.kind) for change in changes] == [("I", "not repeated"), ("II", "changed")]


def test_a_new_plan_footnote_is_a_change_of_its_row_and_a_missing_one_is_not() -> None:
    note = {"F1": "Sold pursuant to a Rule 10b5-1 trading plan adopted on March 5, 2026."}
    with_note = replace(FIRST, footnotes={"shares": ("F1",)})
    (change,) = compare(document(FIRST), amended(with_note, footnotes=note)).rows
    assert change.fields == (("footnotes", None, "plan of 2026-03-05"),)
    assert kinds(document(with_note, footnotes=note), amended(FIRST)) == [("restated", 1, 1)]


def test_period_and_boxes_are_compared() -> None:
    amendment = replace(amended(box=True, period=date(2026, 6, 15)), not_subject_to_section16=True)
    assert compare(ORIGINAL, amendment).heads == (
        ("period_of_report", "2026-06-16", "2026-06-15"),
        ("aff10b5_one", None, "checked"),
        ("not_subject_to_section16", None, "checked"),
    )


def test_a_box_that_is_left_out_is_no_change() -> None:
    assert compare(replace(ORIGINAL, aff10b5_one=True), amended()).heads == ()


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("A director. This Form 4/A is filed to correct the price. Exhibit 24.", "This Form 4/A is filed to correct the price"),
        ("On June 17, 2026, a Form 4 was filed which erroneously reported a sale.", None),
        ("The number of shares was overstated.", None),
    ],
)
def test_the_reason_is_the_sentence_that_says_why(text: str, quote: str | None) -> None:
    assert amendment_reason(amended(remarks=text)) == (quote or text)


@pytest.mark.parametrize(
    "text",
    [
        "Exhibit 24 - Power of Attorney",
        "Sold under the Amended and Restated 2018 Plan.",
        "The filing of this statement, for the purposes of the Securities Exchange Act of 1934, as amended, is no admission.",
    ],
)
def test_words_on_other_things_are_no_reason(text: str) -> None:
    assert amendment_reason(amended(remarks=text)) is None


def test_a_reason_may_stand_in_a_footnote() -> None:
    note = "This amendment is being filed to correct the number of shares withheld."
    assert amendment_reason(amended(footnotes={"F1": note})) == note


# --- together ---------------------------------------------------------------------------------------------------------------


def test_a_changed_row_is_replaced_and_the_others_stand() -> None:
    changed = replace(SECOND, price_per_share=Decimal("25.06"))
    assert effective(ORIGINAL, [amended(changed)]).non_derivative_table == (FIRST, changed, THIRD)


def test_an_added_row_stands_where_the_amendment_has_it() -> None:
    before = row("M", "A", 1000, "10", after=10000)
    assert effective(ORIGINAL, [amended(before, FIRST, SECOND, THIRD)]).non_derivative_table == (before, FIRST, SECOND, THIRD)


def test_an_added_row_that_comes_alone_stands_after_the_row_it_follows() -> None:
    odd = row(shares=5, price="1", after=8495, on=date(2026, 6, 15), nature=None)
    together = effective(ORIGINAL, [amended(odd, remarks="This amendment reports a sale that was omitted.")])
    assert together.non_derivative_table == (FIRST, SECOND, odd, THIRD)


def test_a_dropped_row_is_gone() -> None:
    later = replace(THIRD, shares_owned_following=Decimal(8800))
    assert effective(ORIGINAL, [amended(FIRST, later)]).non_derivative_table == (FIRST, later)


def test_an_amendment_without_rows_changes_no_row() -> None:
    together = effective(ORIGINAL, [amended(owners=(ALEX,), box=True, remarks="Filed to add an owner.")])
    assert together.non_derivative_table == ORIGINAL.non_derivative_table
    assert [owner.name for owner in together.reporting_owners] == ["Roe Jane", "Doe Alex"]
    assert (together.form_type, together.aff10b5_one, together.remarks) == ("4", True, "Filed to add an owner.")


def test_footnotes_that_share_an_id_are_renamed_and_every_reference_still_resolves() -> None:
    original = document(replace(FIRST, footnotes={"shares": ("F1",)}), SECOND, footnotes={"F1": "Of the first."})
    changed = replace(SECOND, price_per_share=Decimal("25.06"), footnotes={"price_per_share": ("F1", "F2")})
    together = effective(original, [amended(changed, footnotes={"F1": "Of the second.", "F2": "Of the first."})])
    one, other = together.non_derivative_table
    assert [together.footnotes[note] for note in one.footnotes["shares"]] == ["Of the first."]
    assert [together.footnotes[note] for note in other.footnotes["price_per_share"]] == ["Of the second.", "Of the first."]
    assert len(together.footnotes) == 2


def test_a_reference_without_a_footnote_does_not_point_at_another_ones_words() -> None:
    changed = replace(SECOND, price_per_share=Decimal("25.06"), footnotes={"price_per_share": ("F1",)})
    together = effective(document(FIRST, SECOND, footnotes={"F1": "Of the original."}), [amended(changed)])
    assert not set(together.non_derivative_table[1].footnotes["price_per_share"]) & together.footnotes.keys()


def test_a_chain_comes_to_what_was_said_last() -> None:
    one = amended(replace(SECOND, price_per_share=Decimal("25.06")), box=True)
    two = amended(replace(SECOND, price_per_share=Decimal("25.07")), replace(THIRD, shares=Decimal(200)))
    together = effective(ORIGINAL, [one, two])
    assert [line.price_per_share for line in together.non_derivative_table] == [Decimal(25), Decimal("25.07"), Decimal("26.10")]
    assert together.aff10b5_one is True


def test_without_amendments_a_filing_stands_as_filed() -> None:
    assert effective(ORIGINAL, []) == ORIGINAL


ROWS = st.lists(
    st.builds(
        row,
        code=st.sampled_from(["S", "P", "G", "M"]),
        direction=st.sampled_from(["A", "D"]),
        shares=st.integers(0, 3),
        price=st.integers(0, 2),
        after=st.none() | st.integers(0, 6),
        title=st.sampled_from(["Common Stock", "Class B Common Stock"]),
        nature=st.sampled_from([None, "By Trust"]),
        footnotes=st.sampled_from([{}, {"shares": ("F1",)}]),
    )
    | st.builds(held, st.integers(0, 3), nature=st.sampled_from([None, "By Trust"])),
    max_size=6,
)
GRANTS = st.lists(st.builds(option, shares=st.integers(0, 3), strike=st.integers(1, 2), after=st.integers(0, 3)), max_size=3)
NOTES = st.dictionaries(st.sampled_from(["F1", "F2"]), st.sampled_from(["One.", "Two.", "Sold from $1 to $2."]))


@given(ROWS, GRANTS, NOTES)
def test_an_amendment_that_restates_all_changes_no_row(rows: list[Row], grants: list[Row], notes: dict[str, str]) -> None:
    original = document(*rows, derivatives=grants, footnotes=notes)
    amendment = amended(*rows, derivatives=grants, footnotes=notes)
    assert {change.kind for change in compare(original, amendment).rows} <= {"restated"}
    together = effective(original, [amendment])
    assert (together.non_derivative_table, together.derivative_table) == (tuple(rows), tuple(grants))
    assert together.footnotes == notes


@given(ROWS, ROWS, GRANTS, NOTES, NOTES)
def test_every_row_of_both_is_accounted_for_once(
    rows: list[Row], others: list[Row], grants: list[Row], notes: dict[str, str], more: dict[str, str]
) -> None:
    original, amendment = document(*rows, derivatives=grants, footnotes=notes), amended(*others, footnotes=more)
    changes = [change for change in compare(original, amendment).rows if change.table == "I"]
    assert sorted(change.row for change in changes if change.row) == list(range(1, len(others) + 1))
    assert sorted(change.original_row for change in changes if change.original_row) == list(range(1, len(rows) + 1))
    together = effective(original, [amendment])
    kept_rows = (
        len(rows) - sum(change.kind == "dropped" for change in changes) + sum(change.kind == "added" for change in changes)
    )
    assert len(together.non_derivative_table) == kept_rows
    assert together.derivative_table == tuple(grants)
    assert {*notes.values(), *more.values()} == set(together.footnotes.values())


@given(ROWS, ROWS)
def test_an_amendment_applied_twice_changes_nothing_more(rows: list[Row], others: list[Row]) -> None:
    original, amendment = document(*rows), amended(*others)
    once = effective(original, [amendment])
    assert effective(original, [amendment, amendment]) == once
