"""Rows to what happened: kinds by code and direction, pairs counted once, sums exact, prices with their range, nothing lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import OPTION
from tests.core.samples import document
from tests.core.samples import facts
from tests.core.samples import held
from tests.core.samples import option
from tests.core.samples import real_readings
from tests.core.samples import row
from tests.core.samples import values
from watcher.core.codes import CODE_MEANING
from watcher.core.codes import EVENT_NAMES
from watcher.core.events import names_for_rules
from watcher.core.events import read_events
from watcher.core.events import simple_events
from watcher.core.findings import Event
from watcher.core.findings import Timing
from watcher.core.footnotes import price_range
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row


def only(content: OwnershipDocument) -> Event:
    (event,) = read_events(content)
    return event


def kinds(content: OwnershipDocument) -> list[str]:
    return [event.kind for event in read_events(content)]


@pytest.mark.parametrize(
    ("code", "direction", "kind"),
    [
        ("S", "D", "sale"),
        ("P", "A", "purchase"),
        ("F", "D", "withholding"),
        ("G", "D", "gift"),
        ("G", "A", "gift"),
        ("A", "A", "award"),
        ("C", "A", "conversion"),
        ("C", "D", "conversion"),
        ("D", "D", "disposition"),
        ("U", "D", "disposition"),
        ("S", "A", "other"),
        ("P", "D", "other"),
        ("A", "D", "other"),
        ("S", None, "other"),
        ("Q", "D", "other"),
        *((code, direction, "other") for code in "IEHLWZJK" for direction in "AD"),
    ],
)
def test_the_kind_comes_from_code_and_direction_in_either_table(code: str, direction: str | None, kind: str) -> None:
    assert kinds(document(row(code, direction))) == [kind]
    assert kinds(document(derivatives=[option(code, direction)])) == [kind]


@pytest.mark.parametrize("code", CODE_MEANING)
@pytest.mark.parametrize("direction", ["A", "D", None])
@pytest.mark.parametrize("price", ["0", "25", None])
def test_every_code_is_an_event_that_rules_can_name_and_only_s_is_a_sale(
    code: str, direction: str | None, price: str | None
) -> None:
    for content in (
        document(row(code, direction, price=price)),
        document(derivatives=[option(code, direction, strike=price)]),
    ):
        event = only(content)
        assert event.kind in EVENT_NAMES
        assert (event.kind == "sale") is ((code, direction) == ("S", "D"))
        assert event.kind != "exercise" or code in "MOX"


def test_holding_rows_are_no_events() -> None:
    assert read_events(document(held(1000))) == ()


# --- exercises -----------------------------------------------------------------------------------------------------------


def test_an_exercise_and_its_shares_are_one_event_counted_once() -> None:
    event = only(document(row("M", "A", 100, "10"), derivatives=[option(shares=100, strike="10", after=900)]))
    assert values(event.kind, event.shares, event.exercise_price, event.cost, event.remaining) == ("exercise", 100, 10, 1000, 900)
    assert event.rows == (("I", 1), ("II", 1))
    assert (event.security_title, event.expiration_date) == (OPTION, date(2030, 2, 14))


def test_tranches_of_one_grant_are_one_event_and_what_is_left_is_the_last_total() -> None:
    event = only(
        document(
            row("M", "A", 60, "10"),
            row("M", "A", 40, "10", on=date(2026, 6, 17)),
            derivatives=[option(shares=60, after=940), option(shares=40, after=900, on=date(2026, 6, 17))],
        )
    )
    assert values(event.shares, event.cost, event.remaining) == (100, 1000, 900)
    assert event.dates == (date(2026, 6, 16), date(2026, 6, 17))


def test_grants_of_another_price_or_expiry_are_events_of_their_own() -> None:
    grants = [option(strike="10"), option(strike="12"), option(strike="12", expires=date(2031, 1, 1))]
    events = read_events(document(*(row("M", "A", 100, price) for price in ("10", "12", "12")), derivatives=grants))
    assert [values(event.exercise_price, event.shares) for event in events] == [(10, 100), (12, 100), (12, 100)]


def test_twins_of_equal_size_are_told_apart_by_their_price() -> None:
    grants = [option(strike="10"), option(strike="12")]
    events = read_events(document(row("M", "A", 100, "12"), row("M", "A", 100, "10"), derivatives=grants))
    assert {event.exercise_price: event.rows for event in events} == {
        Decimal(12): (("I", 1), ("II", 2)),
        Decimal(10): (("I", 2), ("II", 1)),
    }


def test_m_without_an_exercise_price_is_a_vest() -> None:
    unit = option(strike=None, title="Restricted Stock Units", expires=None)
    event = only(document(row("M", "A", 100, "0"), derivatives=[unit]))
    assert values(event.kind, event.shares, event.exercise_price, event.value, event.missing) == ("vest", 100, None, None, ())
    assert kinds(document(row("M", "A", 100, "0"), derivatives=[replace(unit, conversion_or_exercise_price=Decimal(0))])) == [
        "vest"
    ]


@pytest.mark.parametrize("title", ["Restricted Stock Unit", "Restricted Stock Units (right to acquire)", "Phantom Stock", "RSUs"])
def test_a_unit_is_never_exercised_though_a_market_price_stands_in_its_price_column(title: str) -> None:
    assert kinds(document(derivatives=[option(strike="81.30", title=title)])) == ["vest"]


@pytest.mark.parametrize("title", ["Class B Common Stock", "Series A Convertible Preferred Stock", "Ordinary Shares"])
def test_a_class_of_shares_turned_into_another_under_m_is_a_conversion(title: str) -> None:
    event = only(document(row("M", "A", 100, None), derivatives=[option(strike=None, title=title, expires=None)]))
    assert values(event.kind, event.shares) == ("conversion", 100)


@pytest.mark.parametrize("title", ["Option to purchase restricted stock", "Common Stock Warrants", "Stock Appreciation Right"])
def test_options_warrants_and_rights_are_exercised(title: str) -> None:
    assert kinds(document(derivatives=[option(strike="5", title=title)])) == ["exercise"]
    assert kinds(document(derivatives=[option(strike=None, title=title)])) == ["exercise"]


@pytest.mark.parametrize("code", ["O", "X"])
def test_o_and_x_are_exercises_also_at_a_price_of_next_to_nothing(code: str) -> None:
    event = only(document(derivatives=[option(code, strike="0", title="Pre-Funded Units")]))
    assert (event.kind, event.missing) == ("exercise", ("exercise price",))


def test_an_exercise_price_that_only_a_footnote_states_is_missing_or_what_was_paid() -> None:
    assert only(document(derivatives=[option(strike=None)])).missing == ("exercise price",)
    paid = only(document(row("M", "A", 100, "10"), derivatives=[option(strike=None)]))
    assert values(paid.exercise_price, paid.cost, paid.missing) == (10, 1000, ())


def test_a_net_exercise_is_one_event_of_what_was_given_up() -> None:
    event = only(document(row("M", "A", 60, "10"), derivatives=[option(shares=100, strike="10")]))
    assert values(event.kind, event.shares, event.rows) == ("exercise", 100, (("I", 1), ("II", 1)))


def test_a_vest_net_of_tax_is_one_event_of_the_units() -> None:
    unit = option(shares=5063, strike="0", title="Restricted Stock Units")
    assert [
        values(event.kind, event.shares) for event in read_events(document(row("M", "A", 2815, "0"), derivatives=[unit]))
    ] == [("vest", 5063)]


def test_units_settled_in_one_row_of_shares_are_counted_once() -> None:
    units = [option(shares=shares, strike=None, title="Restricted Stock Units", expires=None) for shares in (100, 200)]
    event = only(document(row("M", "A", 300, "0"), derivatives=units))
    assert values(event.shares, len(event.rows)) == (300, 3)


def test_a_warrant_for_fewer_shares_is_paired_by_the_underlying() -> None:
    warrant = replace(option("X", shares=300, strike=None, title="Series C Warrants"), underlying_security_shares=Decimal(100))
    assert only(document(row("X", "A", 100, None), derivatives=[warrant])).shares == 300


def test_what_is_received_in_table_ii_is_the_other_half_of_its_exercise() -> None:
    warrant, received = option("X", strike="6"), option("X", "A", strike=None, title="Class B Common Stock", expires=None)
    event = only(document(derivatives=[warrant, received]))
    assert values(event.kind, event.shares, event.rows) == ("exercise", 100, (("II", 1), ("II", 2)))


def test_a_derivative_acquired_alone_under_m_is_no_exercise() -> None:
    assert kinds(document(derivatives=[option("M", "A")])) == ["other"]


def test_shares_alone_are_an_exercise_if_a_price_was_paid_and_else_a_vest() -> None:
    paid = only(document(row("M", "A", 100, "10")))
    assert values(paid.kind, paid.exercise_price, paid.cost, paid.expiration_date) == ("exercise", 10, 1000, None)
    assert kinds(document(row("M", "A", 100, "0"))) == kinds(document(row("M", "A", 100, None))) == ["vest"]
    assert kinds(document(row("X", "A", 100, None))) == ["exercise"]


def test_another_day_s_shares_of_another_number_are_not_its_twin() -> None:
    events = read_events(document(row("M", "A", 60, "10", on=date(2026, 6, 1)), derivatives=[option(shares=100, strike="10")]))
    assert [values(event.kind, event.shares) for event in events] == [("exercise", 60), ("exercise", 100)]


# --- sums and prices -----------------------------------------------------------------------------------------------------


def test_sales_of_one_class_are_summed_with_a_true_average() -> None:
    event = only(document(row(shares=100, price="10"), row(shares=300, price="11", nature="By Trust")))
    assert values(event.shares, event.value, event.price_low, event.price_high) == (400, 4300, 10, 11)
    assert event.price_average == Decimal("10.75")
    assert (event.direction, event.codes, event.rows) == ("D", ("S",), (("I", 1), ("I", 2)))


def test_a_class_that_a_filing_spells_in_two_ways_is_one_sale() -> None:
    spelt = [
        row("S", "D", shares=55, title="Common Stock, par value $0.001 per share"),
        row("S", "D", shares=207, title="Common stock"),
    ]
    assert only(document(*spelt)).shares == 262


def test_classes_are_summed_apart_and_so_are_gifts_given_and_received() -> None:
    assert len(read_events(document(row(title="Class A"), row(title="Class B"), row(title="CLASS A")))) == 2
    assert [event.direction for event in read_events(document(row("G", "D", 5, "0"), row("G", "A", 5, "0")))] == ["D", "A"]


def test_a_figure_that_a_row_does_not_state_makes_the_sum_unknown_and_is_named() -> None:
    no_price = only(document(row(), row(price=None)))
    assert values(no_price.shares, no_price.value, no_price.price_average) == (200, None, None)
    assert no_price.missing == ("price of Table I row 2",)
    no_shares = only(document(row(), row(shares=None)))
    assert (no_shares.shares, no_shares.value) == (None, None)
    assert "shares of Table I row 2" in no_shares.missing


def test_a_total_value_stands_where_there_are_no_shares() -> None:
    event = only(document(replace(row("P", "A", None, None), total_value=Decimal(5000))))
    assert values(event.value, event.shares, event.missing) == (5000, None, ())


def test_a_sale_beside_a_row_without_code_is_a_least_sum() -> None:
    events = read_events(document(row(), row(None, "D", 50)))
    assert [(event.kind, event.missing) for event in events] == [("sale", ("code of Table I row 2",)), ("other", ())]


def test_a_row_without_code_is_a_sale_where_the_footnote_on_its_price_says_so() -> None:
    notes = {"F1": "The shares were sold in multiple transactions."}
    assert kinds(document(row(None, "D", footnotes={"price_per_share": ("F1",)}), footnotes=notes)) == ["sale"]
    assert kinds(document(row(None, "A", footnotes={"price_per_share": ("F1",)}), footnotes=notes)) == ["other"]


WORDINGS = [
    ("These shares were sold in multiple transactions at prices ranging from $10.00 to $10.95, inclusive.", "10.00", "10.95"),
    ("The range of prices was from $132.65 to $133.23.", "132.65", "133.23"),
    ("sold at prices between 1.00 and 2.00", "1.00", "2.00"),
    ("executed in multiple trades ranging from $66.8350 to $66.9800", "66.8350", "66.9800"),
    ("Represents the weighted average sale price of the shares sold from $150.95 to $151.94 per share.", "150.95", "151.94"),
    ("prices ranging from $12.10-$12.95, inclusive", "12.10", "12.95"),
    ("prices ranging from $12.10 \u2013 $12.95", "12.10", "12.95"),
    ("Share price on this transaction ranged from $142.0500 to $142.4400", "142.0500", "142.4400"),
    ("prices ranging from $1,010.00 per share to $1,010.99 per share", "1010.00", "1010.99"),
    ("prices ranging from US$5.00 through US$5.12", "5.00", "5.12"),
    ("The lowest price at which the shares were sold was $4.50 and the highest price was $4.98.", "4.50", "4.98"),
    ("with a low of $4.50 and a high of $4.98", "4.50", "4.98"),
    ("prices ranging from $.50 to $.98", ".50", ".98"),
    ("Between June 1 and 2, sold at prices ranging from $7.00 to $7.50", "7.00", "7.50"),
]


@pytest.mark.parametrize(("text", "low", "high"), WORDINGS)
def test_a_range_is_read_as_people_write_it(text: str, low: str, high: str) -> None:
    price = (Decimal(low) + Decimal(high)) / 2
    assert price_range(document(footnotes={"F1": text}), ["F1"], price) == (Decimal(low), Decimal(high))


@pytest.mark.parametrize(
    "text",
    [
        "The price reported is a weighted average. Details will be supplied upon request.",
        "The trading range for these shares was EUR 14.60 to EUR 14.70.",
        "prices ranging from C$14.60 to C$14.70",
        "These options vest between 1 and 4 years after the grant.",
        "prices ranging from $663.91 to $664.90, inclusive",
    ],
    ids=["none", "euros", "Canadian dollars", "years", "another row's"],
)
def test_what_is_no_range_of_this_price_in_dollars_is_none(text: str) -> None:
    assert price_range(document(footnotes={"F1": text}), ["F1"], Decimal("14.65")) is None


def test_a_price_rounded_to_the_cent_is_within_its_range() -> None:
    notes = {"F1": "prices ranging from $5.1386 to $5.1390"}
    assert price_range(document(footnotes=notes), ["F1"], Decimal("5.14")) == (Decimal("5.1386"), Decimal("5.1390"))


def test_a_sale_at_an_average_has_its_footnote_s_range_and_the_sum_the_widest() -> None:
    notes = {"F1": "prices ranging from $10.00 to $10.95", "F2": "prices ranging from $11.00 to $11.90"}
    first = row(price="10.50", footnotes={"price_per_share": ("F1",)})
    second = row(price="11.50", footnotes={"price_per_share": ("F2",)})
    assert only(document(first, footnotes=notes)).price_high == Decimal("10.95")
    both = only(document(first, second, row(price="9"), footnotes=notes))
    assert values(both.price_low, both.price_high, both.footnotes) == (9, Decimal("11.90"), ("F1", "F2"))


# --- no order, no loss ---------------------------------------------------------------------------------------------------

SHARES = st.sampled_from([50, 100, 150])
PRICES = st.sampled_from(["0", "10", "12", None])
DAYS = st.sampled_from([date(2026, 6, 15), date(2026, 6, 16)])
TABLE_I = st.builds(
    lambda code, direction, shares, price, on: row(code, direction, shares, price, on=on),
    st.sampled_from(["M", "X", "S", "F"]),
    st.sampled_from(["A", "D"]),
    SHARES,
    PRICES,
    DAYS,
)
TABLE_II = st.builds(
    lambda code, direction, shares, strike, on, title: option(code, direction, shares, strike, on=on, title=title),
    st.sampled_from(["M", "X", "S"]),
    st.sampled_from(["A", "D", "D"]),
    SHARES,
    PRICES,
    DAYS,
    st.sampled_from([OPTION, "Restricted Stock Units"]),
)


def sums(events: Iterable[Event]) -> Counter[tuple[object, ...]]:
    return Counter(
        (
            *(event.kind, event.security_title, event.shares, event.value, event.exercise_price),
            *(event.price_low, event.price_high, event.price_average, event.cost, event.pairing, len(event.rows)),
        )
        for whole in events
        for event in (whole, *whole.parts)
    )


@given(st.lists(TABLE_I, max_size=6), st.lists(TABLE_II, max_size=5), st.data())
def test_no_order_of_the_rows_changes_a_sum(one: list[Row], two: list[Row], data: st.DataObject) -> None:
    shuffled = document(*data.draw(st.permutations(one)), derivatives=data.draw(st.permutations(two)))
    assert sums(read_events(shuffled)) == sums(read_events(document(*one, derivatives=two)))


def test_what_different_codes_of_no_kind_brought_is_not_averaged() -> None:
    events = read_events(document(row("L", "A", 10, "40"), row("W", "A", 100, "0"), row("L", "A", 5, "40")))
    assert [event.codes for event in events] == [("L",), ("W",)]
    assert [values(event.shares, event.price_average) for event in events] == [(15, 40), (100, 0)]


@pytest.mark.parametrize("code", ["M", "X"])
def test_shares_that_two_codes_brought_alike_go_to_the_option_of_their_own_code_in_any_order(code: str) -> None:
    rows = [row("M", "A", 100, "0"), row("X", "A", 100, "0")]
    for one in (rows, rows[::-1]):
        events = read_events(document(*one, derivatives=[option(code, "D", 100, "10")]))
        exercise = next(event for event in events if event.security_title == OPTION)
        assert exercise.codes == (code,)
        assert [event.shares for event in events] == [100, 100]


@given(st.lists(TABLE_I, max_size=6), st.lists(TABLE_II, max_size=5))
def test_every_row_is_in_exactly_one_event(one: list[Row], two: list[Row]) -> None:
    places = Counter(place for event in read_events(document(*one, derivatives=two)) for place in event.rows)
    wanted = [*(("I", place) for place in range(1, len(one) + 1)), *(("II", place) for place in range(1, len(two) + 1))]
    assert places == Counter(wanted)


@given(st.lists(TABLE_I, max_size=6), st.lists(TABLE_II, max_size=5))
def test_parts_are_the_rows_of_their_event_and_simple_events_are_all_rows_again(one: list[Row], two: list[Row]) -> None:
    events = read_events(document(*one, derivatives=two))
    for event in events:
        if event.parts:
            assert sorted(place for part in event.parts for place in part.rows) == list(event.rows)
    simple = simple_events(events)
    assert sorted(place for event in simple for place in event.rows) == sorted(place for event in events for place in event.rows)
    rows = {**{("I", place): row for place, row in enumerate(one, 1)}, **{("II", place): row for place, row in enumerate(two, 1)}}
    for event in simple:
        assert not event.parts
        if event.kind in {"sale", "withholding"}:
            assert event.shares == sum((rows[place].shares or Decimal(0) for place in event.rows), Decimal(0))
    assert sums(simple) == sums(simple_events(simple))


# --- what rules may ask for ---------------------------------------------------------------------------------------------


def test_rules_see_the_kinds_and_what_is_true_of_the_filing_as_a_whole() -> None:
    plain = facts(document(row(), row("F", "D")))
    assert names_for_rules(plain) == {"sale", "withholding"}
    assert names_for_rules(facts(document(row(), form="4/A"))) == {"sale", "amendment"}
    late = replace(plain, timing=Timing(None, None, date(2026, 6, 17), "late"))
    assert "late" in names_for_rules(late)
    assert "late" not in names_for_rules(replace(plain, timing=replace(late.timing, status="possibly late")))
    gap = replace(plain, changes=(replace(plain.changes[0], standing="gap"),))
    assert "unexplained" in names_for_rules(gap)
    assert "unexplained" not in names_for_rules(replace(gap, changes=(replace(gap.changes[0], standing="cannot tell"),)))


def test_an_exercise_and_sell_is_an_exercise_and_a_sale_to_rules() -> None:
    content = document(row("M", "A", 100, "10"), row("S", "D", 100), derivatives=[option()])
    assert names_for_rules(facts(content)) == {"exercise_and_sell", "exercise", "sale"}


# --- taken apart again ----------------------------------------------------------------------------------------------------


def test_simple_events_are_the_parts_with_all_sales_of_a_class_in_one() -> None:
    other_day = row("S", "D", 20, "30", on=date(2026, 6, 18))
    events = read_events(document(row("M", "A", 100, "10"), row("S", "D", 60, "25"), other_day, derivatives=[option()]))
    assert [event.kind for event in events] == ["exercise_and_sell", "sale"]
    exercise, sale = simple_events(events)
    assert (exercise.kind, exercise.rows) == ("exercise", (("I", 1), ("II", 1)))
    assert values(sale.kind, sale.shares, sale.value, sale.price_low, sale.price_high) == ("sale", 80, 2100, 25, 30)
    assert values(sale.price_average, sale.rows) == (Decimal("26.25"), (("I", 2), ("I", 3)))


def test_simple_events_of_a_vesting_are_the_vesting_and_the_withholding() -> None:
    unit = option(strike=None, title="Restricted Stock Units", expires=None)
    events = read_events(document(row("M", "A", 100, "0"), row("F", "D", 38), derivatives=[unit]))
    assert [event.kind for event in events] == ["vest"]
    assert [values(event.kind, event.shares) for event in simple_events(events)] == [("vest", 100), ("withholding", 38)]


def test_a_sale_out_of_an_exercise_beside_a_row_without_code_is_a_least_sum_in_its_parts_too() -> None:
    events = read_events(document(row("M", "A", 100, "10"), row(), row(None, "D", 50), derivatives=[option()]))
    assert events[0].kind == "exercise_and_sell"
    assert events[0].missing == simple_events(events)[1].missing == ("code of Table I row 3",)


# --- the corpus -----------------------------------------------------------------------------------------------------------


def test_in_the_corpus_no_row_is_lost_or_counted_twice_and_kinds_agree_with_codes(corpus: Path) -> None:
    table: Counter[tuple[str, str]] = Counter()
    for name, reading in real_readings(corpus):
        content = reading.document
        whole = read_events(content)
        assert {event.kind for event in whole} <= {*EVENT_NAMES, "exercise_and_sell"}, name
        events = simple_events(whole)
        assert sorted(place for event in events for place in event.rows) == sorted(
            place for event in whole for place in event.rows
        ), name
        places = Counter(place for event in events for place in event.rows)
        assert places == Counter(
            (table_name, place)
            for table_name, rows in (("I", content.non_derivative_table), ("II", content.derivative_table))
            for place, one in enumerate(rows, 1)
            if one.kind == "transaction"
        ), name
        table.update((event.kind, code) for event in events for code in event.codes)
    allowed = {
        "sale": "S", "purchase": "P", "withholding": "F", "gift": "G", "award": "A", "conversion": "CM",
        "disposition": "DU", "exercise": "MOX", "vest": "M", "other": "".join(CODE_MEANING),
    }  # fmt: skip
    assert all(code in allowed[kind] for kind, code in table), table
    assert table["exercise", "M"] > 50
    assert table["vest", "M"] > 10
    assert ("other", "M") not in table
    assert ("other", "X") not in table


def test_in_the_corpus_a_footnote_that_gives_a_range_in_dollars_is_read(corpus: Path) -> None:
    read = missed = 0
    for _, reading in real_readings(corpus):
        for one in (*reading.document.non_derivative_table, *reading.document.derivative_table):
            for note in one.footnotes.get("price_per_share", ()):
                text = reading.document.footnotes.get(note, "").casefold()
                if one.price_per_share and "$" in text and ("rang" in text or "weighted" in text):
                    stated = price_range(reading.document, [note], one.price_per_share)
                    read += stated is not None
                    missed += stated is None
    assert read > 1000
    assert missed <= 2  # one filing, in two copies, points at a footnote of which the range does not enclose the price


def test_rows_that_state_averages_alone_give_an_average_and_no_range() -> None:
    average = {"price_per_share": ("F1",)}
    rows = (row(shares=100, price="98.2767", footnotes=average), row(shares=100, price="103.7733", footnotes=average))
    sale = only(document(*rows, footnotes={"F1": "The sales price reported is the weighted average sale price."}))
    assert values(sale.price_low, sale.price_high, sale.price_average) == (None, None, Decimal("101.0250"))
    stated = only(document(*rows[:1], footnotes={"F1": "A weighted average; sold at prices from $98.00 to $98.90."}))
    assert values(stated.price_low, stated.price_high) == (98, Decimal("98.90"))


@pytest.mark.parametrize(("code", "direction"), [("C", "A"), ("J", "D"), ("A", "A"), ("G", "D")])
def test_a_price_is_missed_only_where_one_belongs(code: str, direction: str) -> None:
    assert only(document(row(code, direction, price=None))).missing == ()
    assert only(document(row("S", "D", price=None))).missing == ("price of Table I row 1",)
