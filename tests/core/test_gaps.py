"""What is said to lie behind a gap: each candidate where it belongs, nowhere else, with its figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.core.samples import FILED
from tests.core.samples import TUESDAY
from tests.core.samples import changes_since
from tests.core.samples import document
from tests.core.samples import held
from tests.core.samples import holdings_after
from tests.core.samples import option
from tests.core.samples import row
from tests.core.samples import values
from watcher.core.findings import Candidate
from watcher.core.findings import HoldingChange
from watcher.core.gaps import CANDIDATES
from watcher.core.gaps import explained
from watcher.core.model import Holding
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row
from watcher.core.past import Past
from watcher.core.past import PastGap
from watcher.core.splits import is_split_ratio
from watcher.core.splits import suspected_split

LAST = "0000000000-26-000009"
MAY = date(2026, 5, 1)


def stored(*rows: Row, on: date = MAY, derivatives: tuple[Row, ...] = ()) -> tuple[Holding, ...]:
    content = replace(document(*rows, derivatives=derivatives), period_of_report=on)
    return tuple(holdings_after(content, accession_number=LAST, filed_at=FILED - (TUESDAY - on)).values())


def changed(
    content: OwnershipDocument, before: tuple[Holding, ...], *, gaps: tuple[PastGap, ...] = (), unread: tuple[str, ...] = ()
) -> tuple[HoldingChange, ...]:
    found = changes_since(content, {one.key: one for one in before})
    return explained(found, content, Past(holdings=before, gaps=gaps, unread=unread))


def named(change: HoldingChange) -> Mapping[str, Candidate]:
    return {one.name: one for one in change.candidates}


def sold_from(
    before: int, *, opening: int, gaps: tuple[PastGap, ...] = (), unread: tuple[str, ...] = ()
) -> Mapping[str, Candidate]:
    """Candidates where 100 were sold out of `opening` shares and the store has `before`."""
    return named(changed(document(row(after=opening - 100)), stored(held(before)), gaps=gaps, unread=unread)[0])


def test_what_matches_or_cannot_be_told_has_no_candidates() -> None:
    (matching,) = changed(document(row(after=900)), stored(held(1000)))
    (unknown,) = changed(document(row(shares=None, after=900)), stored(held(1000)))
    (first,) = changed(document(row(after=900)), ())
    assert [(one.standing, one.candidates) for one in (matching, unknown, first)] == [
        ("matches", ()),
        ("cannot tell", ()),
        ("first sight", ()),
    ]


def test_a_missing_filing_is_possible_behind_every_gap_and_named_last_with_its_span() -> None:
    (change,) = changed(document(row(after=713)), stored(held(1000)))
    last = change.candidates[-1]
    assert (last.name, last.fits) == ("missing filing", False)
    assert "1 May 2026" in last.words
    assert LAST in last.words


def test_candidates_that_fit_come_before_those_that_are_possible() -> None:
    (change,) = changed(document(row(after=1_237)), stored(held(1000)), unread=("0000000000-26-000008",))
    assert [one.fits for one in change.candidates] == sorted((one.fits for one in change.candidates), reverse=True)
    assert change.candidates[0].name == "unread filing"
    assert {one.name for one in change.candidates} <= set(CANDIDATES)


def test_an_unread_filing_is_named_by_its_accession_number() -> None:
    candidate = sold_from(1000, opening=800, unread=("0000000000-26-000008",))["unread filing"]
    assert candidate.fits
    assert "0000000000-26-000008" in candidate.words


def footnoted(text: str, *, opening: int = 1237, hung_on: str = "shares_owned_following") -> Mapping[str, Candidate]:
    line = row(after=opening - 100, footnotes={hung_on: ("F1",)})
    return named(changed(document(line, footnotes={"F1": text}), stored(held(1000)))[0])


@pytest.mark.parametrize(
    "text",
    [
        "Includes 237 shares acquired under the Example Corp Employee Stock Purchase Plan.",
        "Sold under a plan. The total includes 200 shares bought under the ESPP and 37 shares from reinvested dividends.",
        "Reflects shares acquired by dividend reinvestment since the last report.",
        "The total includes shares received by gift, previously reported by the spouse.",
        "Adjusted for a stock split.",
        "Includes shares transferred under a domestic relations order.",
    ],
)
def test_a_footnote_that_states_the_number_or_says_what_is_counted_fits_and_is_quoted(text: str) -> None:
    candidate = footnoted(text)["footnote"]
    assert candidate.fits
    assert text.rsplit(". ", 1)[-1].rstrip(".") in candidate.words


def test_a_footnote_with_the_number_counts_wherever_it_hangs() -> None:
    assert footnoted("Does not count 237 shares held by a trust.", hung_on="transaction_date")["footnote"].fits


def test_a_footnote_with_other_numbers_is_merely_possible() -> None:
    assert not footnoted("Includes 5,000 unvested restricted stock units.")["footnote"].fits


@pytest.mark.parametrize(
    "text",
    [
        "Sold at prices from $237 to $238.",
        "Vests on 237/2026.",
        "Includes 237% of it.",
        "A weighted average price of many sales.",
    ],
)
def test_a_footnote_about_something_else_is_no_candidate(text: str) -> None:
    assert "footnote" not in footnoted(text)


def other_gap(owners: str, before: int, opening: int, *, on: date = MAY) -> PastGap:
    return PastGap("0000000000-26-000003", owners, "common", on, Decimal(before), Decimal(opening))


def test_the_same_ratio_in_filings_of_other_owners_is_a_suspected_split_with_the_owners_named() -> None:
    candidate = sold_from(1000, opening=2000, gaps=(other_gap("0009980002", 333, 666),))["split"]
    assert candidate.fits
    for words in ("suspected split", "2-for-1", "1,000", "2,000", "0009980002", "0000000000-26-000003"):
        assert words in candidate.words


@pytest.mark.parametrize(
    "gap",
    [
        other_gap("0009980002", 333, 999),
        other_gap("0009980001", 333, 666),
        other_gap("0009980001+0009980002", 333, 666),
        other_gap("0009980002", 333, 666, on=date(2024, 5, 1)),
    ],
    ids=["another ratio", "the same owner", "the same owner with another", "long ago"],
)
def test_without_another_owner_of_the_same_ratio_and_time_a_split_is_merely_possible(gap: PastGap) -> None:
    candidate = sold_from(1000, opening=2000, gaps=(gap,))["split"]
    assert not candidate.fits
    assert "suspected" not in candidate.words


@pytest.mark.parametrize("times", [2, Decimal("0.5")], ids=["grown alike", "shrunk alike"])
def test_a_ratio_seen_only_in_lines_of_one_filing_is_named_and_never_fits(times: Decimal | int) -> None:
    content = document(held(str(1000 * times)), held(str(700 * times), nature="By Spouse"))
    both = changed(content, stored(held(1000), held(700, nature="By Spouse")))
    assert [named(one)["split"].fits for one in both] == [False, False]
    assert "By Spouse" in named(both[0])["split"].words


@pytest.mark.parametrize(
    ("before", "opening", "ratio"),
    [
        (1000, 2000, 2),
        (1001, 3003, 3),
        (100, 1000, 10),
        (1000, 1500, "1.5"),
        (1000, 100, "0.1"),
        (1001, 500, "0.5"),
        (1000, 2004, 2),
        (1000, 2100, None),
        (0, 2000, None),
        (2, 4, None),
    ],
)
def test_a_ratio_near_that_of_a_usual_split_is_known(before: int, opening: int, ratio: int | str | None) -> None:
    assert is_split_ratio(Decimal(before), Decimal(opening)) == (None if ratio is None else Decimal(ratio))


def test_a_split_is_suspected_of_two_owners_and_not_of_one() -> None:
    first, again, other = other_gap("1", 100, 200), other_gap("1", 50, 100), other_gap("2", 70, 140)
    assert suspected_split([first, again]) is None
    assert suspected_split([]) is None
    assert suspected_split([first, again, other, other_gap("3", 10, 30)]) == (Decimal(2), (first, other))


def test_what_one_line_lost_and_another_gained_is_a_change_of_form() -> None:
    content = document(row(after=400), held(900, nature="By Trust"))
    direct, trust = changed(content, stored(held(1000), held(400, nature="By Trust")))
    assert named(direct)["change of form"].fits
    assert "By Trust" in named(direct)["change of form"].words
    assert "direct" in named(trust)["change of form"].words


def test_a_line_seen_for_the_first_time_with_what_is_missing_is_a_change_of_form() -> None:
    direct, trust = changed(document(row(after=400), held(500, nature="By GRAT")), stored(held(1000)))
    assert trust.standing == "first sight"
    assert "By GRAT" in named(direct)["change of form"].words


def test_a_stored_line_with_what_came_in_is_a_change_of_form() -> None:
    (direct,) = changed(document(row(after=1400)), stored(held(1000), held(500, nature="By GRAT")))
    assert "By GRAT" in named(direct)["change of form"].words


def test_what_is_missing_and_stands_in_two_new_lines_is_a_change_of_form() -> None:
    content = document(row(after=400), held(300, nature="By GRAT 1"), held(200, nature="By GRAT 2"))
    direct = changed(content, stored(held(1000)))[0]
    assert "over the 3 lines" in named(direct)["change of form"].words


def test_a_line_of_another_class_is_no_change_of_form() -> None:
    content = document(row(after=400), held(500, nature="By GRAT", title="Class B Common Stock"))
    assert "change of form" not in named(changed(content, stored(held(1000)))[0])


def test_a_stored_line_that_this_filing_does_not_show_with_the_opening_may_be_another_spelling() -> None:
    before = stored(held(1000, nature="By Trust"), held(777, nature="By the Roe Fmly Trust"))
    (change,) = changed(document(row(after=677, nature="By Trust")), before)
    assert named(change)["another spelling"].fits
    assert "Roe Fmly" in named(change)["another spelling"].words


@pytest.mark.parametrize(
    ("before", "after", "slip"),
    [
        (12_345, 13_245, "transposed"),
        (12_345, 123_450, "factor of 10"),
        (12_345, 12_845, "one digit"),
        (12_345, 1_245, "left out"),
        (9_011, 911, "left out"),
    ],
)
def test_a_total_that_a_slip_of_the_hand_explains_may_be_a_typo(before: int, after: int, slip: str) -> None:
    (change,) = changed(document(held(after)), stored(held(before)))
    candidate = named(change)["typo"]
    assert slip in candidate.words
    assert candidate.fits == (slip not in {"one digit", "left out"})


def test_a_number_of_shares_typed_ten_times_too_large_may_be_a_typo() -> None:
    (change,) = changed(document(row(shares=5000, after=9500)), stored(held(10_000)))
    candidate = named(change)["typo"]
    assert candidate.fits
    assert "5,000" in candidate.words
    assert "500 would fit" in candidate.words


def test_numbers_that_are_just_different_are_no_typo() -> None:
    assert "typo" not in sold_from(12_345, opening=17_891)


def test_a_small_increase_may_be_a_plan_purchase_and_in_a_line_of_a_plan_it_fits() -> None:
    assert not sold_from(10_000, opening=10_037)["plan purchase"].fits
    assert "plan purchase" not in sold_from(10_000, opening=17_891)
    assert "plan purchase" not in sold_from(10_000, opening=9_900)
    (change,) = changed(document(held(9000, nature="By 401(k) Plan")), stored(held(1000, nature="401k")))
    assert named(change)["plan purchase"].fits


def test_an_increase_may_be_a_gift_that_waits_for_form_5() -> None:
    assert "Form 5" in sold_from(10_000, opening=11_111)["gift received"].words
    assert "gift received" not in sold_from(10_000, opening=9_111)


def test_a_gift_made_could_wait_for_form_5_until_february_2023_only() -> None:
    (then,) = changed(document(row(after=700)), stored(held(1000), on=date(2022, 5, 2)))
    (now,) = changed(document(row(after=700)), stored(held(1000)))
    assert "gift made" in named(then)
    assert "gift made" not in named(now)


UNITS = "Restricted Stock Units"


def units(after: int | str, *, title: str = UNITS, **more: Any) -> Row:
    """100 units that vest, under a title without price and expiry, or what more says."""
    return option(**{"title": title, "strike": None, "expires": None, "after": after, **more})


def told(line: Row, before: int) -> HoldingChange:
    """How a line of Table II compares with `before` of it, of which the store has this one filing."""
    (change,) = changed(
        document(derivatives=[line]), stored(derivatives=(replace(line, shares_owned_following=Decimal(before)),))
    )
    return change


def test_a_title_without_terms_that_opens_elsewhere_may_be_of_another_grant_and_says_so_without_a_gap() -> None:
    change = told(units(900), 5)
    assert (change.standing, change.unexplained) == ("cannot tell", None)
    (reason,) = change.candidates
    assert (reason.name, reason.fits) == ("another grant", False)
    assert "5 were left" in reason.words
    assert "opens with 1,000" in reason.words


def test_a_small_difference_under_a_title_without_terms_is_a_gap_for_it_is_plainly_one_balance() -> None:
    change = told(units(900), 960)
    assert values(change.standing, change.unexplained) == ("gap", 40)
    assert list(named(change)) == ["plan purchase", "another grant", "missing filing"]


@pytest.mark.parametrize(("strike", "expires"), [("10", None), (None, date(2030, 2, 14))], ids=["no expiry", "no price"])
def test_a_grant_that_price_or_expiry_tells_apart_has_a_gap_and_may_still_be_another(
    strike: str | None, expires: date | None
) -> None:
    change = told(units(900, strike=strike, expires=expires), 5)
    assert change.standing == "gap"
    assert "another grant" in named(change)


@pytest.mark.parametrize(
    "title", ["Class B Common Stock", "Series A Preferred Stock", "Convertible Note", "Forward Sale Contract"]
)
def test_a_class_of_stock_is_no_grant(title: str) -> None:
    change = told(units(900, title=title), 5)
    assert change.standing == "gap"
    assert "another grant" not in named(change)


@pytest.mark.parametrize("title", ["Stock Option", "Common Units", "Performance Shares", "Warrants", "Phantom Stock", "Rights"])
def test_titles_under_which_grants_are_made_may_be_of_another_grant(title: str) -> None:
    assert "another grant" in {one.name for one in told(units(900, title=title), 5).candidates}


def test_a_grant_known_by_price_and_expiry_is_another_only_if_it_opens_with_nothing() -> None:
    assert "another grant" not in named(told(option(after=900), 5))
    awarded = told(option("A", "A", 900, after=900), 900)
    assert "same terms" in named(awarded)["another grant"].words


@pytest.mark.parametrize(("title", "fits"), [("Phantom Stock Units", True), ("Deferred Stock Units", True), (UNITS, False)])
def test_dividend_equivalents_may_be_a_small_increase_of_units_and_fit_an_account(title: str, *, fits: bool) -> None:
    candidate = named(told(units(900, title=title), 988))["plan purchase"]
    assert candidate.fits is fits
    assert "12 more: dividend equivalents" in candidate.words


def test_dividend_equivalents_explain_no_decrease_no_large_increase_and_no_class_of_stock() -> None:
    assert "plan purchase" not in named(told(units(900, title="Phantom Stock"), 1004))
    assert "plan purchase" not in named(told(units(900, title="Hypothetical Shares"), 800))
    assert "plan purchase" not in named(told(units(900, title="Class B Common Stock"), 988))


def test_a_plan_is_not_said_to_have_bought_more_than_a_person_could_pay_in() -> None:
    assert "plan purchase" not in sold_from(10_000_000, opening=10_012_345)


def options(*totals: tuple[int, int], moved: int = 0) -> tuple[Row, ...]:
    """A line per strike and total; of the first, so many were exercised."""
    lines = [option(shares=None, strike=str(strike), after=total) for strike, total in totals]
    rows = [replace(line, kind="holding", transaction_code=None, acquired_disposed=None) for line in lines]
    return (option(shares=moved, strike=str(totals[0][0]), after=totals[0][1]), *rows[1:]) if moved else tuple(rows)


def of_class(now: tuple[Row, ...], before: tuple[Row, ...]) -> list[Candidate | None]:
    changes = changed(document(derivatives=now), stored(derivatives=before))
    return [named(change).get("total of all grants") for change in changes if change.standing == "gap"]


def test_one_total_on_every_grant_of_a_class_fits_the_total_of_all() -> None:
    found = of_class(options((10, 4900), (11, 4900), moved=100), options((10, 5300), (11, 5300)))
    assert [one.fits if one else None for one in found] == [True, True]
    assert found[0]
    assert "all 2 grants of this class state 4,900" in found[0].words


def test_totals_that_run_on_from_grant_to_grant_fit_the_total_of_all() -> None:
    now = (option(shares=100, strike="10", after=4900), option(shares=300, strike="11", after=4600))
    found = of_class(now, options((10, 6000), (11, 5300)))
    assert [one.fits if one else None for one in found] == [True, True]
    assert found[0]
    assert "from grant to grant" in found[0].words


@pytest.mark.parametrize("number", [2, 3])
def test_grants_that_are_off_by_one_number_may_state_the_total_of_all_and_three_fit(number: int) -> None:
    strikes = range(10, 10 + number)
    found = of_class(options(*((one, one * 100) for one in strikes)), options(*((one, one * 100 + 250) for one in strikes)))
    assert [one.fits if one else None for one in found] == [number == 3] * number


def test_grants_that_move_by_themselves_are_no_total_of_all() -> None:
    now = (option(shares=100, strike="10", after=900), option(shares=100, strike="11", after=2000))
    assert of_class(now, options((10, 1300), (11, 2700))) == [None, None]


@pytest.mark.parametrize("times", [1, 3, 6])
def test_a_gap_of_some_filings_like_this_one_fits_a_missing_filing_and_says_how_many(times: int) -> None:
    candidate = sold_from(1000, opening=1000 - 100 * times)["missing filing"]
    assert candidate.fits
    assert "like this one" in candidate.words
    assert f"{'one filing' if times == 1 else f'{times} filings'}" in candidate.words
    assert LAST in candidate.words


@pytest.mark.parametrize("opening", [1100, 950, 300, 699], ids=["the other way", "half", "too many", "not a whole number"])
def test_a_gap_that_is_no_number_of_such_filings_does_not_fit(opening: int) -> None:
    assert not sold_from(1000, opening=opening)["missing filing"].fits


def test_one_row_of_this_filing_may_be_what_the_missing_one_moved() -> None:
    rows = (row(shares=250, after=500), row(shares=90, after=410))
    (change,) = changed(document(*rows), stored(held(1000)))
    assert "250 each" in named(change)["missing filing"].words


def test_acquired_and_disposed_of_may_have_been_mistaken_for_one_another() -> None:
    (change,) = changed(document(row("S", "A", 137, after=863)), stored(held(1000)))
    candidate = named(change)["typo"]
    assert candidate.fits
    assert "other way round, the 137" in candidate.words


def test_an_amendment_is_given_no_candidates() -> None:
    (change,) = changed(document(row(after=700), form="4/A"), stored(held(1000)))
    assert (change.standing, change.candidates) == ("amends", ())
