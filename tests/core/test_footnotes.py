"""What footnotes state: each kind as people write it, its denials, and the words it rests on; never an error, never slow."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import FILED
from tests.core.samples import document
from tests.core.samples import facts
from tests.core.samples import option
from tests.core.samples import real_readings
from tests.core.samples import row
from watcher.core.footnotes import FootnoteFact
from watcher.core.footnotes import price_range
from watcher.core.footnotes import read_footnotes
from watcher.core.message import Reasons
from watcher.core.message import alert_message
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row
from watcher.core.plan import read_plan
from watcher.core.telling import WatchedAs

AVERAGE = "weighted average"
RANGE = (Decimal("10.00"), Decimal("10.95"))


def said(text: str) -> tuple[FootnoteFact, ...]:
    return read_footnotes(document(row(), footnotes={"F1": text}))


# --- weighted averages ------------------------------------------------------------------------------------------------------


RANGED = [
    "The price is a weighted average price. These shares were sold at prices ranging from $10.00 to $10.95, inclusive.",
    "Sold in multiple trades at prices ranging from $10.00 to $10.95. The price above reflects the weighted average sale price.",
    "Sold at prices ranging from $10.00 to $10.95; the price reported is the weighted-average price.",
    "Represents the weighted average sale price of the shares sold from $10.00 to $10.95 per share.",
    "The prices are weighted averages: sold at a low of $10.00 and a high of $10.95.",
    "The price reported is an average weighted price. The lots were many. The range of prices was from $10.00 to $10.95.",
]


@pytest.mark.parametrize("text", RANGED)
def test_a_weighted_average_is_read_with_its_range_and_both_sentences(text: str) -> None:
    (fact,) = said(text)
    assert (fact.kind, fact.footnote, (fact.low, fact.high), fact.day) == (AVERAGE, "F1", RANGE, None)
    assert fact.quote.rstrip(".") == text.rstrip(".")


def test_a_weighted_average_without_a_range_has_none() -> None:
    (fact,) = said("The price is a weighted average price. Details on request.")
    assert (fact.kind, fact.quote, fact.low, fact.high) == (AVERAGE, "The price is a weighted average price", None, None)


def test_each_range_of_an_average_is_a_fact() -> None:
    text = "Weighted average price. Sold at prices ranging from $1.00 to $1.50 and at prices ranging from $2.00 to $2.50."
    assert [(fact.low, fact.high) for fact in said(text)] == [
        (Decimal("1.00"), Decimal("1.50")),
        (Decimal("2.00"), Decimal("2.50")),
    ]


NO_AVERAGE_THAT_WAS_PAID = [
    "The price is not a weighted average price.",
    "The units vest if the volume weighted average price equals $12.00.",
    "The number was calculated from the 30-day volume-weighted average share price.",
    "The options have a weighted average exercise price of $5.00.",
    "The weighted average life of the notes is four years.",
    "Sold at prices ranging from $1.00 to $1.50.",
]


@pytest.mark.parametrize(
    "words",
    [
        "ranging $10.25 to $10.75",
        "with a price range $10.25 - $10.75",
        "in ranges: $10.25 to $10.75",
        "with a range of $10.25 \u2014 $10.75",
        "ranging from USD 10.25 to USD 10.75",
        "ranging from approximately $10.25 to approximately $10.75",
        "from $10.25/share up to $10.75/share",
        "at a minimum of $10.25 and a maximum of $10.75",
        "between a high of $10.75 and a low of $10.25",
    ],
)
def test_a_range_is_read_in_the_words_that_filers_choose(words: str) -> None:
    content = document(footnotes={"F1": f"Weighted average price of shares sold {words}."})
    assert price_range(content, ["F1"], Decimal("10.50")) == (Decimal("10.25"), Decimal("10.75"))
    assert price_range(content, ["F1"], Decimal("11.50")) is None


def test_a_range_that_is_not_in_dollars_is_not_the_price_s() -> None:
    (fact,) = said("The price is a weighted average. Sold between 10 and 12 June.")
    assert (fact.kind, fact.low) == (AVERAGE, None)


# --- plans --------------------------------------------------------------------------------------------------------------------


def test_a_plan_is_read_as_the_alert_s_plan_is() -> None:
    content = document(
        row(), footnotes={"F1": "Nothing.", "F2": "Sold under a Rule 10b5-1 plan. The plan was adopted on May 5, 2026."}
    )
    (fact,) = read_footnotes(content)
    plan = read_plan(content)
    assert (fact.kind, fact.day) == ("10b5-1 plan", date(2026, 5, 5))
    assert (fact.footnote, fact.quote, fact.day) == (plan.footnote, plan.quote, plan.adopted)


def test_two_days_of_adoption_are_two_facts_and_none_is_one() -> None:
    text = "Sold under Rule 10b5-1 plans, one adopted on March 5, 2026 and one adopted on May 5, 2026."
    assert [fact.day for fact in said(text)] == [date(2026, 3, 5), date(2026, 5, 5)]
    assert [fact.day for fact in said("Sold under a Rule 10b5-1 plan.")] == [None]
    assert said("Not sold under a Rule 10b5-1 plan.") == ()


# --- vested in full ---------------------------------------------------------------------------------------------------------


VESTED = [
    "The option is fully vested.",
    "The option was granted on May 19, 2014 and is fully vested.",
    "The option was granted on 5/19/2014 and is fully vested",
    "The option shares are fully vested and may be exercised at any time.",
    "All of the shares subject to the option are fully vested and exercisable as of the date hereof.",
    "The option is fully vested as of March 1, 2025.",
    "The option became fully vested and exercisable on March 1, 2025.",
    "The RSUs were fully vested at the time of issuance.",
    "The RSUs are fully vested on the grant date.",
    "The RSUs vested in full on June 1, 2025.",
    "The RSUs vested in full upon the closing of the merger.",
    "The RSUs vested as to 100% of the shares on May 15, 2025.",
    "100% of the RSUs vested on June 10, 2025.",
    "Options, all of which are vested.",
    "All of the options have vested.",
    "The option has fully vested.",
    "Represents fully vested stock options.",
    "One third vested each year, such that the option was fully vested by June 1, 2025.",
    "The option is immediately exercisable.",
    "This option is 100% exercisable.",
    "The option is currently exercisable in full.",
]


@pytest.mark.parametrize("text", VESTED)
def test_what_has_vested_in_full_is_read(text: str) -> None:
    (fact,) = said(text)
    assert (fact.kind, fact.footnote, fact.quote) == ("fully vested", "F1", text)


UNVESTED = [
    "The option is not fully vested.",
    "The option isn't fully vested.",
    "The option is not yet vested in full.",
    "The option will be fully vested on March 1, 2028.",
    "The option, none of which is vested.",
    "None of the options, which were granted in 2020, are fully vested.",
    "Not all of the options have vested.",
    "The option shall become fully vested upon a change in control.",
    "The option vests monthly until it is fully vested.",
    "The option vests such that it is fully vested on March 1, 2028.",
    "The option is fully vested on the fourth anniversary of the grant.",
    "The option vests so that it will have vested in full by March 1, 2028.",
    "The RSUs vest in full on June 1, 2028.",
    "100% of the RSUs vest on June 1, 2028.",
    "All of the vested options were exercised.",
    "If all of the options vested, they would be sold.",
    "Half of the option is fully vested.",
    "50% of the options are fully vested.",
    "1/4th of the options are fully vested.",
    "1,250 of the options are fully vested.",
    "The first tranche is fully vested.",
    "The option is fully vested, except for 500 shares.",
    "The option is fully vested if the price reaches $5.",
    "The option is immediately exercisable and vests in 48 monthly installments.",
    "The option is immediately exercisable. Unvested shares may be repurchased.",
    "Represents 243 shares of fully vested Common Stock.",
    "The option is partially vested.",
    "The option may be exercised to the extent it is fully vested.",
    "The option is scheduled to be fully vested in 2028.",
    "Each option becomes immediately exercisable upon a sale of the issuer.",
]


def test_a_day_named_is_held_against_the_days_of_the_filing_alone() -> None:
    content = document(row(), footnotes={"F1": "The option is fully vested on June 17, 2026."})
    assert read_footnotes(content) == ()
    assert read_footnotes(replace(content, period_of_report=date(2026, 6, 17)))
    assert read_footnotes(replace(content, period_of_report=None)) == ()


# --- units ------------------------------------------------------------------------------------------------------------------


UNITS = [
    "Each restricted stock unit represents a contingent right to receive one share of Example Corp common stock.",
    'Each Restricted Stock Unit ("RSU") represents the right to receive, at settlement, 1 share of Class A Common Stock.',
    "Each RSU will be settled for one share of common stock.",
    "Each performance-based restricted stock unit represents a right to receive one (1) share of common stock.",
    "Each PSU is the economic equivalent of one share.",
    "Each share of phantom stock is the economic equivalent of one share of common stock.",
    "Each unit is a right to receive one share of common stock.",
    "Phantom stock units convert to common stock on a one-for-one basis.",
    "The RSUs convert 1-for-1 into common stock.",
    "Includes 226 RSUs, each of which entitles the holder to receive one share.",
    "Upon vesting, the holder is entitled to one share of common stock for each restricted stock unit.",
]


@pytest.mark.parametrize("text", UNITS)
def test_what_a_unit_stands_for_is_read(text: str) -> None:
    (fact,) = said(text)
    assert (fact.kind, fact.footnote, fact.quote) == ("unit", "F1", text)


NO_UNIT_OF_ONE_SHARE = [
    "Each RSU does not represent a right to receive one share until it vests.",
    "Each phantom stock unit represents a fraction of a phantom share of common stock.",
    "Each unit consists of one share and one-half of one warrant.",
    "Each unit represents one share and one warrant.",
    "Each share of Class B Common Stock converts into one share of Class A Common Stock.",
    "Each LLC Unit may be exchanged for one share of Class A Common Stock.",
    "The RSUs convert 1-for-10 into common stock.",
    "Each RSU vests on the first anniversary of the grant.",
]


# --- all kinds ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [*NO_AVERAGE_THAT_WAS_PAID, *UNVESTED, *NO_UNIT_OF_ONE_SHARE])
def test_what_is_denied_partial_conditional_still_to_come_or_something_else_is_no_fact(text: str) -> None:
    assert said(text) == ()


def test_a_note_of_several_sentences_gives_each_fact_its_own() -> None:
    unit = "Each RSU represents a contingent right to receive one share of common stock"
    assert [(fact.kind, fact.quote) for fact in said(f"{unit}. 100% of the RSUs vested on June 10, 2025.")] == [
        ("fully vested", "100% of the RSUs vested on June 10, 2025."),
        ("unit", unit),
    ]


def test_the_remarks_are_read_and_have_no_footnote() -> None:
    (fact,) = read_footnotes(document(row(), remarks="The option is fully vested."))
    assert (fact.kind, fact.footnote) == ("fully vested", None)


PHRASES = [
    *RANGED,
    *VESTED,
    *UNVESTED,
    *UNITS,
    "Sold under a Rule 10b5-1 plan adopted on May 5, 2026.",
    "from $",
    "Mr.",
    "; ",
    "on 1/1/1",
]


@given(st.lists(st.one_of(st.sampled_from(PHRASES), st.text(max_size=20)), max_size=12).map(" ".join))
def test_any_text_can_be_read_and_every_quote_stands_in_it(text: str) -> None:
    words = "".join(text.replace(".", " ").split())
    for fact in said(text):
        assert "".join(fact.quote.replace(".", " ").split()) in words
        assert (fact.low is None) is (fact.high is None)


@pytest.mark.parametrize(
    "piece",
    [
        "Each unit is a a a a ",
        "each RSU represents one one one ",
        "Sold under a 10b5-1 plan. ",
        "Mr. Roe and No. A. B. ",
        "is fully vested and ",
        "all of the options ",
        "weighted average price. ",
        "ranging from $1,111,111",
        "low $1 high ",
        "not pursuant to ",
        "adopted adopted on ",
        "vested ",
        "1",
        " ",
        "a",
    ],
)
def test_ten_times_the_text_takes_about_ten_times_as_long(piece: str) -> None:
    def seconds(characters: int) -> float:
        text = (piece * characters)[:characters]
        began = time.process_time()
        said(text)
        return time.process_time() - began

    assert seconds(40_000) < 30 * max(seconds(4_000), 0.004)


def test_in_the_corpus_facts_are_found_in_the_words_of_the_filings(corpus: Path) -> None:
    found: Counter[str] = Counter()
    for name, reading in real_readings(corpus):
        for fact in read_footnotes(reading.document):
            found[fact.kind] += 1
            if fact.kind == AVERAGE:
                found["ranged"] += fact.low is not None
            if fact.kind == "fully vested":
                assert "vested" in fact.quote or "exercisable" in fact.quote, name
                assert not any(word in fact.quote for word in (" not fully", "will ", "none ")), name
    assert found[AVERAGE] > 1000
    assert found["ranged"] > 0.97 * found[AVERAGE]
    assert (found["10b5-1 plan"] > 70, found["fully vested"] > 90, found["unit"] > 130) == (True, True, True)


# --- the exercise line ------------------------------------------------------------------------------------------------------


def exercise_line(*options: Row, note: str = "The option is fully vested.") -> str:
    content: OwnershipDocument = document(row("M", "A", 100, "10"), derivatives=options, footnotes={"F1": note})
    text = alert_message(facts(content, filed_at=FILED), Reasons(WatchedAs("issuer:0009990001", "EXMP"), ("default",))).text
    (paragraph,) = [part for part in text.split("\n\n") if "  Exercised" in part]
    return " ".join(paragraph.split())


@pytest.mark.parametrize("field", ["exercise_date", "security_title"])
def test_an_exercise_says_that_its_option_is_vested_where_the_footnote_hangs_on_its_row(field: str) -> None:
    line = exercise_line(replace(option(after=900), footnotes={field: ("F1",)}))
    assert "cost $1,000.00" in line
    assert "vested in full" in line


def test_a_footnote_that_hangs_elsewhere_says_nothing_of_this_option() -> None:
    assert "vested" not in exercise_line(option(after=900))


def test_an_option_that_is_only_exercisable_is_not_called_vested() -> None:
    hung = replace(option(after=900), footnotes={"exercise_date": ("F1",)})
    assert "exercisable in full" in exercise_line(hung, note="The option is immediately exercisable.")


def test_one_unvested_row_of_an_exercise_keeps_the_whole_from_being_called_vested() -> None:
    hung = replace(option(shares=50), footnotes={"exercise_date": ("F1",)})
    assert "vested" not in exercise_line(hung, option(shares=50))
