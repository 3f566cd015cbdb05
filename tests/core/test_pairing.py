"""Exercises put to sales and withholdings: by equal numbers, then by day and line; what cannot be told stays apart or unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import TUESDAY
from tests.core.samples import document
from tests.core.samples import option
from tests.core.samples import real_readings
from tests.core.samples import row
from tests.core.samples import values
from watcher.core.events import read_events
from watcher.core.events import simple_events
from watcher.core.findings import Event
from watcher.core.findings import Pairing
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row

WEDNESDAY = TUESDAY + timedelta(days=1)
ACCESSIONS = ("0000000000-26-000002", "0000000000-26-000003")


def unit(shares: int, *, on: date = TUESDAY) -> Row:
    return option(shares=shares, strike=None, title="Restricted Stock Units", expires=None, on=on)


def exercised(shares: int = 1000, strike: int = 10, *, on: date = TUESDAY, after: int | None = None) -> tuple[Row, Row]:
    """The shares received and the option given up."""
    return row("M", "A", shares, strike, on=on), option(shares=shares, strike=strike, on=on, after=after)


def filing(*pairs: tuple[Row, Row], others: Sequence[Row] = (), form: str = "4") -> OwnershipDocument:
    return document(*(pair[0] for pair in pairs), *others, derivatives=[pair[1] for pair in pairs], form=form)


def sale(shares: int | None = 1000, price: int | None = 25, *, on: date = TUESDAY, nature: str | None = None) -> Row:
    return row("S", "D", shares, price, on=on, nature=nature)


def kept_back(shares: int, *, on: date = TUESDAY) -> Row:
    return row("F", "D", shares, 25, on=on)


def only(content: OwnershipDocument) -> tuple[Event, Pairing]:
    (event,) = read_events(content)
    assert event.pairing is not None
    return event, event.pairing


def kinds(content: OwnershipDocument) -> list[str]:
    return [event.kind for event in read_events(content)]


# --- one event --------------------------------------------------------------------------------------------------------------


def test_an_exercise_and_the_sale_of_all_its_shares_is_one_event_of_what_was_sold() -> None:
    event, pairing = only(filing(exercised(after=4000), others=[sale()]))
    assert values(event.kind, event.security_title, event.shares, event.value) == (
        "exercise_and_sell",
        "Common Stock",
        1000,
        25000,
    )
    assert values(event.price_average, event.codes, event.rows) == (25, ("M", "S"), (("I", 1), ("I", 2), ("II", 1)))
    assert values(event.exercise_price, event.remaining, event.cost, event.direction) == (10, 4000, 10000, None)
    assert pairing == Pairing("shares", *(Decimal(number) for number in (1000, 10000, 1000, 25000, 0, 0, 0)))
    assert [values(part.kind, part.shares) for part in event.parts] == [("exercise", 1000), ("sale", 1000)]


def test_what_is_not_sold_was_kept_and_what_is_sold_beyond_came_from_holdings() -> None:
    _, part = only(filing(exercised(), others=[sale(300)]))
    assert values(part.method, part.sold, part.kept, part.from_holdings) == ("date", 300, 700, 0)
    _, more = only(filing(exercised(), others=[sale(), sale(250, 26)]))
    assert values(more.method, more.sold, more.kept, more.from_holdings) == ("date", 1250, 0, 250)


def test_several_grants_sold_in_one_row_are_one_event_with_a_part_each() -> None:
    event, pairing = only(filing(exercised(300, 10, after=0), exercised(200, 12, after=50), others=[sale(500)]))
    assert values(pairing.method, pairing.exercised, pairing.cost, pairing.kept) == ("shares", 500, 5400, 0)
    assert [values(part.kind, part.exercise_price, part.remaining) for part in event.parts] == [
        ("exercise", 10, 0),
        ("exercise", 12, 50),
        ("sale", None, None),
    ]
    assert (event.exercise_price, event.remaining) == (None, None)


def test_days_of_one_grant_are_one_event() -> None:
    event, pairing = only(filing(exercised(300), exercised(200, on=WEDNESDAY), others=[sale(300), sale(200, on=WEDNESDAY)]))
    assert values(pairing.method, pairing.exercised, pairing.sold) == ("shares", 500, 500)
    assert event.dates == (TUESDAY, WEDNESDAY)


def test_equal_numbers_tie_a_sale_of_a_later_day() -> None:
    _, pairing = only(filing(exercised(), others=[sale(400), sale(600, on=WEDNESDAY)]))
    assert values(pairing.method, pairing.sold, pairing.kept) == ("shares", 1000, 0)
    _, one = only(filing(exercised(), others=[sale(on=WEDNESDAY)]))
    assert one.method == "shares"


def test_one_of_several_sales_is_tied_by_its_number() -> None:
    events = read_events(filing(exercised(), others=[sale(on=WEDNESDAY), sale(333, on=WEDNESDAY)]))
    assert [values(event.kind, event.shares) for event in events] == [("exercise_and_sell", 1000), ("sale", 333)]


def test_a_sale_before_the_exercise_or_of_another_number_on_another_day_is_not_out_of_it() -> None:
    assert kinds(filing(exercised(on=WEDNESDAY), others=[sale()])) == ["exercise", "sale"]
    assert kinds(filing(exercised(), others=[sale(400, on=WEDNESDAY)])) == ["exercise", "sale"]


def test_another_ownership_line_or_class_is_not_what_was_exercised() -> None:
    assert kinds(filing(exercised(), others=[sale(nature="By Trust")])) == ["exercise", "sale"]
    assert kinds(filing(exercised(), others=[row("S", "D", 1000, 25, title="Class B Common Stock")])) == ["exercise", "sale"]


def test_two_trusts_that_only_a_footnote_tells_apart_are_two_lines() -> None:
    received, given_up = exercised()
    first, second = ({"nature_of_ownership": (note,)} for note in ("F1", "F2"))
    held = replace(received, direct_or_indirect="I", nature_of_ownership="See footnote", footnotes=first)
    sold = replace(sale(nature="See footnote"), footnotes=second)
    notes = {"F1": "By the Roe 2018 Trust.", "F2": "By the Roe 2019 Trust."}
    assert kinds(document(held, sold, derivatives=[given_up], footnotes=notes)) == ["exercise", "sale"]
    assert kinds(document(held, replace(sold, footnotes=first), derivatives=[given_up], footnotes=notes)) == ["exercise_and_sell"]


def test_rows_without_a_day_are_not_of_one_day() -> None:
    received, given_up = (replace(one, transaction_date=None) for one in exercised())
    assert kinds(document(received, replace(sale(400), transaction_date=None), derivatives=[given_up])) == ["exercise", "sale"]


def test_the_class_sold_is_the_underlying_one_where_its_row_is_not_on_the_form() -> None:
    event, pairing = only(document(sale(), derivatives=[option(shares=1000)]))
    assert values(event.kind, pairing.exercised) == ("exercise_and_sell", 1000)


def test_a_conversion_of_a_class_is_no_exercise_to_be_sold_out_of() -> None:
    shares = option(shares=1000, strike=None, title="Class B Common Stock", expires=None)
    assert kinds(document(row("M", "A", 1000, None), sale(), derivatives=[shares])) == ["conversion", "sale"]


def test_pairing_counts_shares_received_and_not_warrants_given_up() -> None:
    warrant = replace(option("X", shares=300, strike=6, title="Series C Warrants"), underlying_security_shares=Decimal(100))
    event, pairing = only(document(row("X", "A", 100, None), sale(100), derivatives=[warrant]))
    assert values(pairing.exercised, pairing.kept, event.parts[0].shares) == (100, 0, 300)


def test_a_figure_that_a_row_does_not_state_leaves_what_was_kept_unknown() -> None:
    event, pairing = only(filing(exercised(), others=[sale(None)]))
    assert values(pairing.exercised, pairing.sold, pairing.kept, pairing.from_holdings) == (1000, None, None, None)
    assert "shares of Table I row 2" in event.missing
    assert only(filing(exercised(), others=[sale(price=None)]))[1].gross is None


# --- what was withheld --------------------------------------------------------------------------------------------------------


def test_shares_withheld_at_the_exercise_are_of_its_event() -> None:
    event, pairing = only(filing(exercised(), others=[sale(300), kept_back(400)]))
    assert values(pairing.withheld, pairing.kept) == (400, 300)
    assert event.codes == ("M", "S", "F")
    assert values(event.shares, event.value) == (300, 7500)


def test_sold_and_withheld_in_equal_numbers() -> None:
    _, pairing = only(filing(exercised(), others=[sale(600, on=WEDNESDAY), kept_back(400)]))
    assert values(pairing.method, pairing.withheld, pairing.kept) == ("shares", 400, 0)


def test_withheld_shares_that_find_no_room_in_the_exercise_are_of_something_else() -> None:
    """All that was exercised was sold, and more was withheld than that: restricted stock vested on the same day."""
    events = read_events(filing(exercised(3470, 37), others=[sale(3470, 140), kept_back(7990)]))
    assert [values(event.kind, event.shares) for event in events] == [("exercise_and_sell", 3470), ("withholding", 7990)]
    assert values(events[0].pairing and events[0].pairing.withheld) == (0,)


def test_a_withholding_that_says_it_was_for_units_is_not_of_the_exercise() -> None:
    footnotes = {"F1": "Shares withheld for taxes upon the vesting of restricted stock units."}
    withheld = replace(kept_back(400), footnotes={"transaction_code": ("F1",)})
    received, given_up = exercised()
    events = read_events(document(received, sale(300), withheld, derivatives=[given_up], footnotes=footnotes))
    assert [event.kind for event in events] == ["exercise_and_sell", "withholding"]


def test_an_exercise_of_which_nothing_was_sold_and_its_withholding_stay_two_events() -> None:
    assert kinds(filing(exercised(), others=[kept_back(400)])) == ["exercise", "withholding"]


def test_a_vesting_is_one_event_with_what_was_withheld() -> None:
    event, pairing = only(document(row("M", "A", 1000, 0), kept_back(380), derivatives=[unit(1000)]))
    assert values(event.kind, event.shares, event.value, event.codes) == ("vest", 1000, None, ("M", "F"))
    assert values(pairing.exercised, pairing.withheld, pairing.kept, pairing.sold) == (1000, 380, 620, 0)
    assert [part.kind for part in event.parts] == ["vest", "withholding"]


def test_units_settled_in_one_row_are_counted_once() -> None:
    grants = [unit(1000), replace(unit(500), security_title="Performance Share Units (RSUs)")]
    event, pairing = only(document(row("M", "A", 1500, 0), kept_back(600), derivatives=grants))
    assert values(event.kind, pairing.exercised, pairing.kept) == ("vest", 1500, 900)


def test_a_vesting_and_a_sale_stay_two_events() -> None:
    assert kinds(document(row("M", "A", 1000, 0), sale(400), derivatives=[unit(1000)])) == ["vest", "sale"]


def test_another_day_s_withholding_is_not_the_vesting_s() -> None:
    assert kinds(document(row("M", "A", 1000, 0), kept_back(380, on=WEDNESDAY), derivatives=[unit(1000)])) == [
        "vest",
        "withholding",
    ]


def test_withheld_of_a_vesting_or_of_an_exercise_cannot_be_told_so_what_was_kept_is_unknown() -> None:
    received, given_up = exercised()
    content = document(received, row("M", "A", 800, 0), sale(300), kept_back(400), derivatives=[given_up, unit(800)])
    sold, vested, withheld = read_events(content)
    assert (sold.kind, vested.kind, withheld.kind) == ("exercise_and_sell", "vest", "withholding")
    assert sold.pairing is not None
    assert values(sold.pairing.sold, sold.pairing.withheld, sold.pairing.kept) == (300, None, None)


# --- what is missing on the form -------------------------------------------------------------------------------------------------


def test_nothing_is_called_kept_where_a_form_is_full() -> None:
    event, pairing = only(filing(exercised(), others=[sale(10)] * 29))
    assert values(pairing.sold, pairing.kept, pairing.from_holdings) == (290, None, None)
    assert event.missing == ("whether more rows stand on another form, as this one is full",)
    _, room_left = only(filing(exercised(), others=[sale(10)] * 28))
    assert values(room_left.kept) == (720,)


def test_nothing_is_called_kept_where_the_running_totals_have_a_gap() -> None:
    """An amendment shows only the lines it amends: 1,000 shares went between the two totals."""
    rows = (
        replace(sale(300), shares_owned_following=Decimal(5000)),
        replace(kept_back(200), shares_owned_following=Decimal(6300)),
    )
    event, pairing = only(document(*rows, derivatives=[option(shares=2000)], form="4/A"))
    assert values(pairing.withheld, pairing.kept) == (200, None)
    assert event.missing
    chained = (rows[0], replace(rows[1], shares_owned_following=Decimal(5300)))
    assert only(document(*chained, derivatives=[option(shares=2000)], form="4/A"))[1].kept == 1500


# --- across filings -----------------------------------------------------------------------------------------------------------------


def test_a_sale_in_a_companion_is_counted_in_and_its_rows_are_left_to_it() -> None:
    first, second = filing(exercised(), others=[sale(400)]), document(sale(600, 26))
    (event,) = read_events(second, [(ACCESSIONS[0], first)])
    assert event.pairing is not None
    assert values(event.kind, event.shares, event.value) == ("exercise_and_sell", 1000, 25600)
    assert values(event.pairing.method, event.pairing.cost, event.pairing.kept) == ("shares", 10000, 0)
    assert (event.rows, event.filings) == ((("I", 1),), ACCESSIONS[:1])
    assert [(part.kind, part.rows, part.filings) for part in event.parts] == [
        ("exercise", (), ACCESSIONS[:1]),
        ("sale", (("I", 1),), ()),
        ("sale", (), ACCESSIONS[:1]),
    ]


def test_simple_events_leave_to_a_companion_what_stands_in_it() -> None:
    first, second = filing(exercised(), others=[sale(400)]), document(sale(600, 26))
    (own,) = simple_events(read_events(second, [(ACCESSIONS[0], first)]))
    assert values(own.kind, own.shares, own.filings) == ("sale", 600, ())


def test_an_event_wholly_inside_a_companion_is_not_repeated() -> None:
    events = read_events(document(row("G", "D", 5, 0)), [(ACCESSIONS[0], filing(exercised(), others=[sale()]))])
    assert [event.kind for event in events] == ["gift"]


def test_what_a_companion_does_not_state_is_named_with_the_companion() -> None:
    (event,) = read_events(document(sale(600)), [(ACCESSIONS[0], filing(exercised(), others=[sale(400, None)]))])
    assert event.missing == (f"price of Table I row 2 of {ACCESSIONS[0]}",)
    assert event.value is None


# --- no order, no loss -----------------------------------------------------------------------------------------------------------------

DAYS = st.sampled_from([TUESDAY, WEDNESDAY])
PAIRS = st.builds(
    lambda shares, strike, on: exercised(shares, strike, on=on), st.sampled_from([100, 150, 400]), st.sampled_from([10, 12]), DAYS
)
OTHERS = st.one_of(
    st.builds(
        lambda shares, price, on: sale(shares, price, on=on), st.sampled_from([50, 100, 400]), st.sampled_from([25, 26]), DAYS
    ),
    st.builds(lambda shares, on: kept_back(shares, on=on), st.sampled_from([50, 100]), DAYS),
)


@given(st.lists(PAIRS, max_size=4), st.lists(OTHERS, max_size=5))
def test_kept_is_what_was_exercised_less_sold_and_withheld(pairs: list[tuple[Row, Row]], others: list[Row]) -> None:
    for event in read_events(filing(*pairs, others=others)):
        pairing = event.pairing
        if pairing is not None and pairing.kept is not None:
            assert pairing.exercised is not None
            assert pairing.sold is not None
            assert pairing.withheld is not None
            assert pairing.from_holdings is not None
            assert pairing.exercised - pairing.sold - pairing.withheld == pairing.kept - pairing.from_holdings
            assert pairing.kept >= 0 <= pairing.from_holdings
            assert not (pairing.kept and pairing.from_holdings)


def pairings(document_: OwnershipDocument, companions: Sequence[tuple[str, OwnershipDocument]] = ()) -> list[Pairing]:
    return [event.pairing for event in read_events(document_, companions) if event.pairing is not None]


@given(st.lists(PAIRS, max_size=4), st.lists(OTHERS, max_size=6), st.data())
def test_a_filing_split_in_companions_comes_to_the_same(
    pairs: list[tuple[Row, Row]], others: list[Row], data: st.DataObject
) -> None:
    whole = pairings(filing(*pairs, others=others))
    places = st.integers(0, 2)
    pair_places = data.draw(st.lists(places, min_size=len(pairs), max_size=len(pairs)))
    other_places = data.draw(st.lists(places, min_size=len(others), max_size=len(others)))
    split = [
        filing(
            *(pair for pair, where in zip(pairs, pair_places, strict=True) if where == place),
            others=[one for one, where in zip(others, other_places, strict=True) if where == place],
        )
        for place in range(3)
    ]
    seen: list[Pairing] = []
    for first, second, third in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        companions = list(zip(ACCESSIONS, (split[second], split[third]), strict=True))
        found = pairings(split[first], companions)
        assert all(pairing in whole for pairing in found)
        seen += found
        places_seen = sorted(place for event in read_events(split[first], companions) for place in event.rows)
        assert places_seen == sorted(place for event in read_events(split[first]) for place in event.rows)
    assert all(pairing in seen for pairing in whole)


# --- the corpus ---------------------------------------------------------------------------------------------------------------------------


def test_in_the_corpus_every_pairing_adds_up_to_its_rows(corpus: Path) -> None:
    found = 0
    for name, reading in real_readings(corpus):
        content = reading.document
        tables = {"I": content.non_derivative_table, "II": content.derivative_table}
        for event in read_events(content):
            if event.kind != "exercise_and_sell" or event.pairing is None:
                continue
            found += 1
            rows = [tables[table][number - 1] for table, number in event.rows]
            for code, number in (("S", event.pairing.sold), ("F", event.pairing.withheld)):
                stated = [one.shares for one in rows if one.transaction_code == code and one.shares is not None]
                assert number == sum(stated, Decimal(0)), name
    assert found > 10


@pytest.mark.parametrize("price", [None, 0])
def test_a_sale_without_price_is_still_out_of_the_exercise(price: int | None) -> None:
    assert kinds(filing(exercised(), others=[sale(price=price)])) == ["exercise_and_sell"]


def test_what_else_came_that_day_leaves_it_open_what_was_sold() -> None:
    content = document(
        row("C", "A", 500, None, after=500),
        row("M", "A", 100, "10", after=600),
        row("S", "D", 300, "20", after=300),
        derivatives=[option(shares=100, after=0)],
    )
    event = next(one for one in read_events(content) if one.kind == "exercise_and_sell")
    assert event.pairing is not None
    assert (event.pairing.method, event.pairing.kept, event.pairing.from_holdings) == ("date", None, None)
    assert event.missing == ("which of the shares that came that day were sold",)


@pytest.mark.parametrize("code", ["D", "G"])
def test_what_was_returned_or_given_away_that_day_leaves_it_open_what_was_kept(code: str) -> None:
    content = document(
        row("M", "A", 1000, "10", after=1500),
        row(code, "D", 400, "25", after=1100),
        row("S", "D", 600, "25", after=500),
        derivatives=[option(shares=1000, after=0)],
    )
    event = next(one for one in read_events(content) if one.kind == "exercise_and_sell")
    assert event.pairing is not None
    assert (event.pairing.sold, event.pairing.kept) == (Decimal(600), None)
    assert event.missing == ("whether what was disposed of otherwise came from the exercise",)


def test_what_was_given_away_before_the_exercise_says_nothing_of_what_was_kept() -> None:
    content = document(
        row("G", "D", 400, "0", after=100, on=TUESDAY - timedelta(days=1)),
        row("M", "A", 1000, "10", after=1100),
        row("S", "D", 600, "25", after=500),
        derivatives=[option(shares=1000, after=0)],
    )
    event = next(one for one in read_events(content) if one.kind == "exercise_and_sell")
    assert event.pairing is not None
    assert event.pairing.kept == 400
