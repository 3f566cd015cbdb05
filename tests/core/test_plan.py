"""What a filing says of a Rule 10b5-1 plan, in the many ways in which people write it; and what must stay unknown."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from tests.core.samples import document
from tests.core.samples import real_readings
from tests.core.samples import row
from watcher.core.findings import Plan
from watcher.core.plan import adoption_dates
from watcher.core.plan import is_planned
from watcher.core.plan import read_plan

RULE = "pursuant to a Rule 10b5-1 trading plan"
MARCH = date(2026, 3, 5)


def said(text: str, *, box: bool | None = None) -> Plan:
    return read_plan(document(row(), footnotes={"F1": text}, box=box))


DATED = [
    f"This transaction was made {RULE} adopted by the reporting person on March 5, 2026.",
    f"Sold {RULE} adopted March 5, 2026",
    f"SOLD {RULE} PREVIOUSLY ADOPTED ON MARCH 5, 2026 AND ESTABLISHED BY THE REPORTING PERSON".upper(),
    f"Sold {RULE} dated as of 3/5/2026.",
    f"Sold {RULE}, dated 03/05/26.",
    f"Sold {RULE} dated 2026-03-05.",
    f"Sold {RULE} entered into on Mar. 5, 2026.",
    f"Sold {RULE} established by Ms. Roe on March 5th, 2026.",
    f"Sold {RULE} adopted by Jane A. Roe on 5 March 2026.",
    f"Sold {RULE} adopted by Example Holdings, Inc. on the 5th day of March, 2026.",
    f"Sold {RULE} executed by the reporting person's trust on March 5 2026.",
    "Sold under a plan adopted on March 5, 2026 that is intended to satisfy the conditions of Rule 10b5-1(c).",
    "Sold under a plan entered into pursuant to Rule 10b5-1 on March 5, 2026.",
    "On March 5, 2026, the reporting person entered into a Rule 10b5-1 trading plan.",
    f"Sold on June 16, 2026 {RULE} adopted on March 5, 2026.",
    f"Sold {RULE}. The plan was adopted on March 5, 2026.",
    f"Sold {RULE}. Such trading plan was adopted by Mr. Roe on March 5, 2026, and ends on March 5, 2027.",
    f"Sold {RULE} adopted on March 5, 2026, which becomes effective on June 5, 2026.",
    f"The options expire on June 20, 2026. They were exercised {RULE} adopted on March 5, 2026.",
    "Sold pursuant to a 10b5 plan dated March 5, 2026.",
    "Sold pursuant to a Rule 10b5-trading plan dated March 5, 2026.",
    f"{RULE} (adoption date: March 5, 2026)",
]


@pytest.mark.parametrize("text", DATED)
def test_the_day_of_adoption_is_read(text: str) -> None:
    plan = said(text, box=True)
    assert (plan.adopted, plan.state, plan.footnote) == (MARCH, "checked with date", "F1")
    assert plan.quote is not None
    assert adoption_dates(plan.quote) == [MARCH]


UNDATED = [
    f"Sold {RULE}.",
    f"Sold {RULE} adopted in March 2026.",
    f"Sold {RULE} adopted by the reporting person. Sold on June 16, 2026.",
    f"On June 16, 2026, the reporting person sold {RULE} adopted previously.",
    f"Sold {RULE} adopted to exercise options that expire on June 20, 2026.",
    f"Sold {RULE} adopted by the holder for sales that commenced on June 5, 2026.",
    f"Sold {RULE} that became effective on June 5, 2026.",
    f"Sold {RULE} adopted on February 30, 2026.",
    f"Sold {RULE}. Granted under the Equity Incentive Plan adopted on May 1, 2019.",
    f"Sold {RULE} adopted on March 5, 2026 and a plan adopted on May 5, 2026.",
]


@pytest.mark.parametrize("text", UNDATED)
def test_without_one_day_of_adoption_there_is_none(text: str) -> None:
    plan = said(text, box=True)
    assert (plan.adopted, plan.state) == (None, "checked")


@pytest.mark.parametrize(
    "rule", ["10b5-1", "10b5\u20111", "10b5\u20131", "10b5 -1", "10b51", "10B5-1", "10b5-1(c)", "10b-5-1", "10(b)5-1", "10b5(1)"]
)
def test_the_rule_is_known_however_its_dash_is_written(rule: str) -> None:
    assert said(f"Sold pursuant to a Rule {rule} plan.").state == "text only"


@pytest.mark.parametrize(
    "text",
    [
        "These sales were not made pursuant to a Rule 10b5-1 trading plan.",
        "The shares were not sold under a Rule 10b5-1 plan.",
        "Sold without a Rule 10b5-1 plan.",
        "There is no Rule 10b5-1 plan.",
        "Sold outside of any Rule 10b5-1 plan.",
        "The statement is true under Rule 10b-5.",
        "Sold to diversify. Nothing else was planned.",
    ],
)
def test_a_denial_or_another_rule_is_no_plan(text: str) -> None:
    assert (said(text).state, said(text, box=False).state) == ("unknown", "unchecked")
    assert said(text).quote is None


@pytest.mark.parametrize(
    "text",
    [
        "This was not a discretionary trade and was made pursuant to a Rule 10b5-1 plan.",
        "The sale was not at the reporting person's discretion but under a Rule 10b5-1 plan.",
        "Shares not previously reported as sold under a Rule 10b5-1 plan.",
    ],
)
def test_a_not_about_something_else_does_not_deny_the_plan(text: str) -> None:
    assert said(text).state == "text only"


@pytest.mark.parametrize(
    ("box", "text", "state", "planned"),
    [
        (True, f"Sold {RULE} adopted on March 5, 2026.", "checked with date", True),
        (True, f"Sold {RULE}.", "checked", True),
        (True, "Nothing of the sort.", "checked", True),
        (None, f"Sold {RULE}.", "text only", True),
        (False, f"Sold {RULE}.", "contradictory", None),
        (False, f"Sold {RULE} adopted on March 5, 2026.", "contradictory", None),
        (False, f"Sold {RULE} adopted on February 26, 2023.", "text only", True),
        (False, f"Sold {RULE} adopted on February 27, 2023.", "contradictory", None),
        (False, "Nothing of the sort.", "unchecked", False),
        (None, "Nothing of the sort.", "unknown", None),
    ],
)
def test_box_and_words_are_held_against_each_other(*, box: bool | None, text: str, state: str, planned: bool | None) -> None:
    plan = said(text, box=box)
    assert (plan.box, plan.state, is_planned(plan)) == (box, state, planned)


def test_two_footnotes_with_two_days_give_none_and_the_first_is_quoted() -> None:
    notes = {"F1": f"Sold {RULE} adopted on March 5, 2026.", "F2": f"Sold {RULE} adopted on May 5, 2026."}
    plan = read_plan(document(row(), footnotes=notes, box=True))
    assert (plan.adopted, plan.state, plan.footnote) == (None, "checked", "F1")


def test_the_footnote_with_the_day_is_quoted_before_one_without() -> None:
    notes = {"F1": f"Sold {RULE}.", "F2": f"Exercised {RULE} adopted on March 5, 2026."}
    plan = read_plan(document(row(), footnotes=notes))
    assert (plan.footnote, plan.adopted) == ("F2", MARCH)


def test_remarks_count_and_have_no_footnote() -> None:
    plan = read_plan(document(row(), remarks=f"All sales were made {RULE} adopted on March 5, 2026."))
    assert (plan.state, plan.footnote, plan.adopted) == ("text only", None, MARCH)


def test_the_sentence_relied_on_is_quoted_and_not_the_whole_note() -> None:
    plan = said(f"The price is an average. Sold {RULE} adopted by Mr. Roe on March 5, 2026. Details on request.")
    assert plan.quote == f"Sold {RULE} adopted by Mr. Roe on March 5, 2026"


def test_in_the_corpus_every_date_is_one_that_the_quote_shows_and_every_clear_date_is_read(corpus: Path) -> None:
    dated = 0
    for name, reading in real_readings(corpus):
        plan = read_plan(reading.document)
        texts = " ".join((*reading.document.footnotes.values(), reading.document.remarks or ""))
        clear = {
            found
            for match in re.finditer(r"10b5-1[\w\s]{0,80}?adopted[\w\s']{0,60}? on (\w+ \d+, \d{4})", texts, re.IGNORECASE)
            for found in adoption_dates(f"adopted on {match[1]}")
        }
        if clear:
            assert {plan.adopted} == clear, name
        if plan.adopted:
            dated += 1
            assert plan.quote is not None
            assert str(plan.adopted.year) in plan.quote, name
            assert f"{plan.adopted:%B}".casefold() in plan.quote.casefold(), name
            assert plan.state in {"checked with date", "text only"}, name
    assert dated >= 20
