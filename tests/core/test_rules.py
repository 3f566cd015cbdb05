"""Rules held against filings: all conditions of a rule, any of the rules, everything kept, and silence never out of ignorance."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import document
from tests.core.samples import facts
from tests.core.samples import held
from tests.core.samples import option
from tests.core.samples import row
from watcher.core.codes import EVENT_NAMES
from watcher.core.model import FilingFacts
from watcher.core.model import Verdict
from watcher.core.rules import judge


@dataclass(frozen=True)
class Rule:
    name: str = "default"
    events: tuple[str, ...] = ("sale", "exercise")
    plan: str = "any"
    min_value: Decimal = Decimal(0)


PLAN = {"F1": "Sold pursuant to a Rule 10b5-1 plan."}
SALE = facts(document(row(shares=100, price="10")))
PLANNED = facts(document(row(), box=True))
FREE = facts(document(row(), box=False))
CONTRADICTORY = facts(document(row(), footnotes=PLAN, box=False))


def verdict(filing: FilingFacts, rule: Rule) -> Verdict:
    (one,) = judge(filing, [rule])
    return one


@pytest.mark.parametrize(
    ("filing", "wanted", "matches"),
    [
        (SALE, ("sale", "exercise"), True),
        (SALE, ("exercise",), False),
        (facts(document(derivatives=[option()])), ("exercise",), True),
        (facts(document(row("F", "D"), row("A", "A"))), ("sale", "exercise"), False),
        (facts(document(held(5))), EVENT_NAMES, False),
        (facts(document(held(5), form="4/A")), ("amendment",), True),
    ],
)
def test_one_of_the_events_asked_for_is_enough(*, filing: FilingFacts, wanted: tuple[str, ...], matches: bool) -> None:
    assert verdict(filing, Rule(events=wanted)).matched is matches


@pytest.mark.parametrize(
    ("filing", "matching"),
    [
        (PLANNED, {"any", "only"}),
        (FREE, {"any", "exclude"}),
        (SALE, {"any", "exclude"}),
        (CONTRADICTORY, {"any", "exclude", "only"}),
    ],
    ids=["planned", "unchecked", "unknown", "contradictory"],
)
def test_a_doubtful_plan_silences_nothing(filing: FilingFacts, matching: set[str]) -> None:
    assert {plan for plan in ("any", "exclude", "only") if verdict(filing, Rule(plan=plan)).matched} == matching


@pytest.mark.parametrize(("least", "matches"), [("999.99", True), ("1000", True), ("1000.01", False)])
def test_the_value_of_the_largest_event_asked_for_counts(*, least: str, matches: bool) -> None:
    filing = facts(document(row(shares=100, price="10"), row("F", "D", 10_000, "10")))
    assert verdict(filing, Rule(min_value=Decimal(least))).matched is matches


def test_an_unknown_value_passes_any_least_value() -> None:
    unknown = verdict(facts(document(row(price=None))), Rule(min_value=Decimal(10**9)))
    assert unknown.matched
    assert unknown.conditions[2].seen == "not stated"
    assert verdict(facts(document(held(5), form="4/A")), Rule(events=("amendment",), min_value=Decimal(10**9))).matched


def test_every_condition_is_judged_and_says_what_it_saw_though_an_earlier_one_failed() -> None:
    one = verdict(PLANNED, Rule(events=("gift",), plan="exclude", min_value=Decimal(5000)))
    assert not one.matched
    assert [(condition.name, condition.wanted, condition.seen, condition.met) for condition in one.conditions] == [
        ("events", "gift", "sale", False),
        ("plan", "exclude", "checked", False),
        ("min_value", "$5,000", "not stated", True),
    ]


def test_a_value_is_shown_to_the_cent_and_nothing_as_nothing() -> None:
    assert verdict(SALE, Rule()).conditions[2].seen == "$1,000.00"
    assert verdict(facts(document(held(5))), Rule()).conditions[0].seen == "nothing happened"


def test_rules_are_judged_apart_and_in_order() -> None:
    verdicts = judge(SALE, [Rule("first", ("gift",)), Rule("second")])
    assert [(one.rule, one.matched) for one in verdicts] == [("first", False), ("second", True)]


@given(st.sets(st.sampled_from(EVENT_NAMES)), st.sets(st.sampled_from(EVENT_NAMES)))
def test_asking_for_more_never_silences(asked: set[str], more: set[str]) -> None:
    filing = facts(document(row(), row("F", "D"), derivatives=[option()]))
    if verdict(filing, Rule(events=tuple(sorted(asked)))).matched:
        assert verdict(filing, Rule(events=tuple(sorted(asked | more)))).matched
