"""How much of what was held was sold, and of what: over all lines known, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import ALEX
from tests.core.samples import JANE
from tests.core.samples import TUESDAY
from tests.core.samples import changes_since
from tests.core.samples import document
from tests.core.samples import held
from tests.core.samples import holdings_after
from tests.core.samples import option
from tests.core.samples import row
from watcher.core.events import read_events
from watcher.core.findings import Stake
from watcher.core.model import Holding
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.stake import read_stakes

TRUST = "By Roe Family Trust"
LONG_AGO = date(2022, 2, 14)
LATER = date(2026, 6, 17)


def stakes(content: OwnershipDocument, holdings: Sequence[Holding] = ()) -> tuple[Stake, ...]:
    return read_stakes(content, read_events(content), changes_since(content, {}), holdings)


def stored(*rows: Row, owners: Sequence[ReportingOwner] = (JANE,)) -> list[Holding]:
    """What an earlier filing left in the store."""
    earlier = document(*rows, owners=owners)
    return list(holdings_after(earlier).values())


def vested_option(shares: int, after: int, *, strike: str = "86") -> Row:
    return replace(option("M", "D", shares, strike, after=after), exercise_date=LONG_AGO)


def rounded(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:.1f}"


def test_an_exercise_and_sale_is_told_of_all_shares_and_of_the_vested_options_too() -> None:
    content = document(
        row("M", "A", 5000, "86", after=76407),
        row("S", "D", 5000, "131.42", after=71407),
        derivatives=[vested_option(5000, 15000)],
    )
    (stake,) = stakes(content, stored(held(12000, nature=TRUST)))
    assert (stake.sold, stake.held, stake.lines) == (Decimal(5000), Decimal(88407), 2)
    assert (rounded(stake.percent), stake.percent) == ("5.7", Decimal("5.6557"))
    assert (stake.vested_options, rounded(stake.percent_with_options)) == (Decimal(20000), "4.8")
    assert stake.missing == ()


def test_what_is_held_in_a_trust_counts_so_3_percent_is_never_73() -> None:
    content = document(row("S", "D", 7300, after=2700), held(233333, nature=TRUST))
    (stake,) = stakes(content)
    assert (rounded(stake.percent), stake.held) == ("3.0", Decimal(243333))


def test_a_trust_that_only_the_store_knows_counts_too() -> None:
    content = document(row("S", "D", 7300, after=2700))
    (stake,) = stakes(content, stored(held(233333, nature=TRUST)))
    assert rounded(stake.percent) == "3.0"
    (alone,) = stakes(content)
    assert rounded(alone.percent) == "73.0"  # where that is all there is


def test_a_line_of_this_filing_is_not_counted_again_from_the_store() -> None:
    content = document(row("S", "D", 100, after=900))
    (stake,) = stakes(content, stored(held(1000)))
    assert (stake.held, stake.percent, stake.lines) == (Decimal(1000), Decimal(10), 1)


def test_a_line_whose_total_is_not_known_leaves_no_percentage_and_is_named() -> None:
    content = document(row("S", "D", 100, after=900))
    (stake,) = stakes(content, stored(held(None, nature=TRUST)))
    assert (stake.held, stake.percent) == (None, None)
    assert stake.missing == (f"the total of Common Stock (indirect, {TRUST})",)


def test_a_sale_that_does_not_state_what_is_left_leaves_no_percentage() -> None:
    (stake,) = stakes(document(row("S", "D", 100, after=None)))
    assert (stake.sold, stake.percent, stake.missing) == (Decimal(100), None, ("the total of Common Stock (direct)",))


def test_a_line_in_dollars_is_no_number_of_shares() -> None:
    content = document(row("S", "D", 100, after=900), replace(held(None, nature=TRUST), value_owned_following=Decimal(50000)))
    (stake,) = stakes(content)
    assert (stake.percent, stake.missing) == (None, (f"the total of Common Stock (indirect, {TRUST})",))


def test_a_sale_of_an_unstated_number_gives_no_stake() -> None:
    assert stakes(document(row("S", "D", None, after=900))) == ()


def test_other_classes_count_for_themselves() -> None:
    content = document(
        row("S", "D", 100, after=900, title="Class A Common Stock"),
        held(5000, title="Class B Common Stock"),
        row("S", "D", 300, after=0, title="Class B Common Stock", nature=TRUST),
    )
    assert [(one.security_title, one.held, one.percent) for one in stakes(content)] == [
        ("Class A Common Stock", Decimal(1000), Decimal(10)),
        ("Class B Common Stock", Decimal(5300), Decimal("5.6604")),
    ]


@pytest.mark.parametrize(("code", "direction"), [("F", "D"), ("G", "D"), ("D", "D"), ("S", "A"), ("P", "A")])
def test_only_sales_have_a_stake(code: str, direction: str) -> None:
    assert stakes(document(row(code, direction, 100, after=900))) == ()


def test_shares_withheld_are_not_part_of_what_was_held_before_the_sale() -> None:
    content = document(row("F", "D", 400, after=1000), row("S", "D", 100, after=900))
    (stake,) = stakes(content)
    assert stake.held == Decimal(1000)


def test_what_came_after_the_sale_was_not_held_before_it() -> None:
    content = document(
        row("S", "D", 100, after=0),
        row("A", "A", 900, "0", after=900, on=LATER),
        row("M", "A", 50, "0", after=950, on=LATER),
        row("F", "D", 20, after=930, on=LATER),
    )
    (stake,) = stakes(content)
    assert (stake.held, stake.percent, stake.shown) == (Decimal(100), Decimal(100), Decimal(100))


@pytest.mark.parametrize("given_on", [TUESDAY, LATER])
def test_what_was_given_away_on_the_day_of_the_sale_or_after_it_was_held_before_it(given_on: date) -> None:
    (stake,) = stakes(document(row("S", "D", 100, after=900), row("G", "D", 800, "0", after=100, on=given_on)))
    assert (stake.held, stake.percent) == (Decimal(1000), Decimal(10))


def test_what_was_given_away_before_the_sale_was_not_held_before_it() -> None:
    (stake,) = stakes(document(row("G", "D", 800, "0", after=200), row("S", "D", 100, after=100, on=LATER)))
    assert (stake.held, stake.percent) == (Decimal(200), Decimal(50))


@pytest.mark.parametrize("given_on", [TUESDAY, LATER])
def test_what_was_given_to_one_s_own_trust_counts_once(given_on: date) -> None:
    content = document(
        row("S", "D", 100, after=900),
        row("G", "D", 800, "0", after=100, on=given_on),
        row("G", "A", 800, "0", after=800, nature=TRUST, on=given_on),
    )
    (stake,) = stakes(content)
    assert (stake.held, stake.percent) == (Decimal(1000), Decimal(10))


def test_what_was_given_to_a_trust_whose_line_only_shows_it_counts_once() -> None:
    content = document(row("S", "D", 100, after=900), row("G", "D", 800, "0", after=100), held(1800, nature=TRUST))
    changes = changes_since(content, holdings_after(document(held(1000), held(1000, nature=TRUST))))
    (stake,) = read_stakes(content, read_events(content), changes, ())
    assert (stake.shown, stake.percent_shown) == (Decimal(2000), Decimal(5))


def test_lines_reported_with_other_owners_are_named_and_not_summed() -> None:
    content = document(row("S", "D", 100, after=900))
    (stake,) = stakes(content, stored(held(50000, nature="By Fund"), owners=(JANE, ALEX)))
    assert (stake.held, stake.percent) == (None, None)
    assert stake.missing == ("Common Stock (indirect, By Fund), reported together with other owners",)


def test_lines_of_other_owners_are_none_of_this_owner_s_business() -> None:
    content = document(row("S", "D", 100, after=900))
    (stake,) = stakes(content, stored(held(50000), owners=(ALEX,)))
    assert (stake.percent, stake.lines) == (Decimal(10), 1)


def test_an_emptied_line_with_others_hides_nothing() -> None:
    content = document(row("S", "D", 100, after=900))
    (stake,) = stakes(content, stored(held(0, nature="By Fund"), owners=(JANE, ALEX)))
    assert stake.percent == Decimal(10)


def test_joint_owners_lines_count_once() -> None:
    content = document(row("S", "D", 100, after=900, nature="By Fund I"), held(4000, nature="By Fund II"), owners=(JANE, ALEX))
    (stake,) = stakes(content)
    assert (stake.held, stake.percent) == (Decimal(5000), Decimal(2))


def test_joint_owners_lines_with_the_same_total_may_be_the_same_shares() -> None:
    content = document(
        row("S", "D", 100, after=900, nature="By Fund"), held(900, nature="By general partner"), owners=(JANE, ALEX)
    )
    (stake,) = stakes(content)
    assert stake.percent is None
    assert stake.missing == ("lines of joint owners with the same total, which may be the same shares",)


def test_what_was_sold_to_the_last_share_is_all_of_it() -> None:
    (stake,) = stakes(document(row("S", "D", 100, after=0)))
    assert stake.percent == Decimal(100)


def test_what_this_filing_shows_is_a_base_of_its_own() -> None:
    content = document(row("S", "D", 7300, after=2700))
    (stake,) = stakes(content, stored(held(233333, nature=TRUST), held(0, nature="By Fund")))
    assert (stake.shown, stake.shown_lines, rounded(stake.percent_shown)) == (Decimal(10000), 1, "73.0")
    assert (stake.lines, rounded(stake.percent)) == (2, "3.0")  # an empty line counts as none


def test_where_the_ledger_does_not_balance_lines_not_shown_are_named_and_not_counted() -> None:
    content = document(row("S", "D", 100, after=900))
    changes = changes_since(content, holdings_after(document(held(700))))
    (stake,) = read_stakes(content, read_events(content), changes, stored(held(300, nature=TRUST)))
    assert (stake.held, stake.percent, stake.lines) == (Decimal(1000), Decimal(10), 1)
    assert stake.not_counted == ("300 on 1 line not in this filing, as the ledger does not balance; with it 7.7%",)


def test_lines_that_only_footnotes_name_may_be_the_lines_shown_and_are_not_counted_twice() -> None:
    noted = {"nature_of_ownership": ("F1",)}
    content = document(row("S", "D", 100, after=900, nature="See footnote", footnotes=noted), footnotes={"F1": "Held by Fund I."})
    earlier = document(replace(held(1000, nature="See footnotes"), footnotes=noted), footnotes={"F1": "Held by Fund I, LP."})
    (stake,) = stakes(content, list(holdings_after(earlier).values()))
    assert (stake.held, stake.percent) == (Decimal(1000), Decimal(10))
    assert stake.not_counted == (
        "1,000 on 1 line not in this filing, named by footnotes alone, so perhaps the same as lines shown; with it 5%",
    )


def test_totals_that_do_not_follow_from_the_rows_leave_no_percentage() -> None:
    (stake,) = stakes(
        document(row("S", "D", 100, after=9000), row("S", "D", 50, after=0, footnotes={"shares_owned_following": ("F1",)}))
    )
    assert (stake.percent, stake.percent_shown) == (None, None)
    assert stake.missing == ("what was held before on Common Stock (direct), whose totals do not follow from its rows",)


def test_a_class_that_converts_into_the_one_sold_is_named_so_100_percent_is_not_all() -> None:
    converted = replace(
        option("C", "D", 100, None, after=5000, title="Class B Common Stock"), underlying_security_title="Class A"
    )
    content = document(
        row("C", "A", 100, None, after=100, title="Class A"),
        row("S", "D", 100, after=0, title="Class A"),
        derivatives=[converted],
    )
    (stake,) = stakes(content)
    assert (stake.percent, stake.not_counted) == (
        Decimal(100),
        ("5,000 Class B Common Stock in this filing, convertible into it",),
    )
    units = replace(converted, security_title="Restricted Stock Units")
    (stake,) = stakes(replace(content, derivative_table=(units,)))
    assert stake.not_counted == ()


# --- options ----------------------------------------------------------------------------------------------------------------


def with_options(*options: Row, footnotes: dict[str, str] | None = None) -> Stake:
    content = document(row("S", "D", 100, after=900), derivatives=options, footnotes=footnotes)
    (stake,) = stakes(content)
    return stake


def held_option(shares: int, *, since: date | None = LONG_AGO, notes: tuple[str, ...] = ()) -> Row:
    return replace(
        option("M", "D", None, "86", after=shares),
        kind="holding",
        transaction_code=None,
        transaction_date=None,
        acquired_disposed=None,
        underlying_security_shares=Decimal(shares),
        exercise_date=since,
        footnotes={"exercise_date": notes} if notes else {},
    )


def test_an_option_exercisable_since_before_the_sale_is_vested() -> None:
    stake = with_options(held_option(3000, since=date(2026, 6, 16)))
    assert (stake.vested_options, stake.percent_with_options) == (Decimal(3000), Decimal("2.5"))


@pytest.mark.parametrize(
    "grant",
    [
        held_option(3000, since=date(2026, 6, 17)),
        held_option(3000, since=None),
        held_option(3000, notes=("F1",)),
        replace(held_option(3000), expiration_date=date(2026, 6, 15)),
        replace(held_option(3000), underlying_security_title="Class B Common Stock"),
        replace(held_option(3000), security_title="Put option (obligation to buy)"),
        replace(held_option(3000), security_title="Restricted Stock Unit"),
        replace(held_option(3000), underlying_security_shares=None),
        replace(held_option(3000), shares_owned_following=None),
    ],
    ids=["tomorrow", "not stated", "by a schedule", "expired", "another class", "a put", "a unit", "no underlying", "no total"],
)
def test_what_is_not_known_to_be_vested_is_left_out(grant: Row) -> None:
    stake = with_options(grant, footnotes={"F1": "Vests in four equal annual installments."})
    assert (stake.vested_options, stake.percent_with_options, stake.percent) == (None, None, Decimal(10))


def test_a_footnote_on_the_grant_may_say_that_it_is_vested_in_full() -> None:
    said = {"F1": "The option is fully vested.", "F2": "See above."}
    assert with_options(held_option(3000, since=None, notes=("F1",)), footnotes=said).vested_options == Decimal(3000)
    assert with_options(held_option(3000, since=None, notes=("F2",)), footnotes=said).vested_options is None


def test_options_count_in_the_shares_they_are_for() -> None:
    stake = with_options(replace(held_option(300), underlying_security_shares=Decimal(3000)))
    assert stake.vested_options == Decimal(3000)


def test_two_grants_that_state_the_same_total_left_may_mean_one_total_for_both() -> None:
    stake = with_options(vested_option(100, 5000), vested_option(200, 5000, strike="90"))
    assert (stake.vested_options, stake.percent_with_options) == (None, None)


@given(
    sold=st.integers(1, 10**6),
    left=st.integers(0, 10**6),
    lines=st.lists(st.integers(0, 10**6), max_size=4),
    options=st.integers(0, 10**6),
)
def test_a_percentage_is_of_all_that_was_held_and_more_lines_never_raise_it(
    sold: int, left: int, lines: list[int], options: int
) -> None:
    content = document(
        row("S", "D", sold, after=left),
        *(held(total, nature=f"By Trust {'ABCD'[number]}") for number, total in enumerate(lines)),
        derivatives=[held_option(options)] if options else [],
    )
    (stake,) = stakes(content)
    assert stake.held == sold + left + sum(lines)
    assert stake.percent is not None
    assert 0 <= stake.percent <= 100
    assert stake.percent_with_options is None or stake.percent_with_options <= stake.percent
