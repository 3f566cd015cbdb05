"""Rules held against filings: all conditions of a rule, any of the rules, everything kept, and silence never out of ignorance."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from tests.core.samples import ALEX
from tests.core.samples import FILED
from tests.core.samples import JANE
from tests.core.samples import document
from tests.core.samples import facts
from tests.core.samples import held
from tests.core.samples import option
from tests.core.samples import row
from watcher.core.codes import EVENT_NAMES
from watcher.core.conditions import PLAN_STATES
from watcher.core.conditions import RuleTerms
from watcher.core.findings import Condition
from watcher.core.findings import Context
from watcher.core.findings import FilingFacts
from watcher.core.findings import Observation
from watcher.core.findings import Stake
from watcher.core.findings import Verdict
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.officers import has_title
from watcher.core.rules import judge
from watcher.core.rules import why_silent

Rule = partial(RuleTerms, "default")

PLAN = {"F1": "Sold pursuant to a Rule 10b5-1 plan."}
SALE = facts(document(row(shares=100, price="10")))
PLANNED = facts(document(row(), box=True))
FREE = facts(document(row(), box=False))
CONTRADICTORY = facts(document(row(), footnotes=PLAN, box=False))


def verdict(filing: FilingFacts, rule: RuleTerms) -> Verdict:
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
        (SALE, {"any", "exclude", "only"}),
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
    verdicts = judge(SALE, [RuleTerms("first", ("gift",)), RuleTerms("second")])
    assert [(one.rule, one.matched) for one in verdicts] == [("first", False), ("second", True)]


@given(st.sets(st.sampled_from(EVENT_NAMES)), st.sets(st.sampled_from(EVENT_NAMES)))
def test_asking_for_more_never_silences(asked: set[str], more: set[str]) -> None:
    filing = facts(document(row(), row("F", "D"), derivatives=[option()]))
    if verdict(filing, Rule(events=tuple(sorted(asked)))).matched:
        assert verdict(filing, Rule(events=tuple(sorted(asked | more)))).matched


# --- the optional conditions ------------------------------------------------------------------------------------------------


def seen(filing: FilingFacts, name: str, **terms: Any) -> Condition:
    """The condition of that name, which the terms set."""
    (found,) = [one for one in verdict(filing, Rule(**terms)).conditions if one.name == name]
    return found


def by(*owners: ReportingOwner, **rest: Any) -> FilingFacts:
    return facts(document(row(), owners=owners, **rest))


def officer(title: str | None) -> ReportingOwner:
    return replace(JANE, officer_title=title)


def test_only_conditions_that_are_set_are_shown_beside_the_usual_three() -> None:
    assert [one.name for one in verdict(SALE, Rule()).conditions] == ["events", "plan", "min_value"]
    full = Rule(
        min_shares=Decimal(1),
        min_percent=Decimal(1),
        role=("officer",),
        title=("CEO",),
        codes=("S",),
        late=True,
        cluster=True,
        unusual=True,
        expected=(),
    )
    assert [one.name for one in verdict(SALE, full).conditions][3:] == [
        *("min_shares", "min_percent", "role", "title", "codes", "late", "cluster", "unusual", "expected"),
    ]


NOBODY = ReportingOwner("0009980009", "Unstated Sam")


@pytest.mark.parametrize(
    ("owners", "wanted", "met", "shown"),
    [
        ((JANE,), ("officer",), True, "officer"),
        ((JANE,), ("director", "ten_percent_owner"), False, "officer"),
        ((ALEX, JANE), ("officer",), True, "director, officer"),
        ((NOBODY,), ("officer",), True, "not stated"),
        ((ALEX, NOBODY), ("officer",), True, "director, not stated"),
        ((), ("officer",), True, "not stated"),
    ],
)
def test_any_owner_of_the_role_is_enough(
    *, owners: Sequence[ReportingOwner], wanted: tuple[str, ...], met: bool, shown: str
) -> None:
    one = seen(by(*owners), "role", role=wanted)
    assert (one.met, one.seen) == (met, shown)


@pytest.mark.parametrize(
    ("title", "wanted", "found"),
    [
        ("Chief Executive Officer", "CEO", True),
        ("President and CEO", "Chief Executive Officer", True),
        ("PRESIDENT & C.E.O.", "ceo", True),
        ("CEO/President", "president and ceo", False),
        ("Sr. Vice President", "Senior VP", True),
        ("EVP & CFO", "Executive Vice President", True),
        ("SVP, GC and Secretary", "General Counsel", True),
        ("Chief Executive & Financial Officer", "CFO", True),
        ("CTO", "Chief Technical Officer", True),
        ("CTO", "Chief Technology Officer", True),
        ("Chief Technical Officer", "Chief Technology Officer", False),
        ("Chief Technical Officer", "CTO", True),
        ("Chief Information Security Officer", "Chief Security Officer", False),
        ("Controller", "Control", False),
        ("Vice President", "President", True),
        ("Executive Chairman", "Chair", True),
    ],
)
def test_a_title_is_found_by_whole_words_and_usual_abbreviations(*, title: str, wanted: str, found: bool) -> None:
    assert has_title(title, wanted) is found


@pytest.mark.parametrize(
    ("owners", "met", "shown"),
    [
        ((officer("Chief Executive Officer"),), True, "Chief Executive Officer"),
        ((officer("Controller"),), False, "Controller"),
        ((officer("Controller"), officer("CEO")), True, "Controller; CEO"),
        ((officer(None),), True, "not stated"),
        ((officer("See Remarks"),), True, "See Remarks (may not be all)"),
        ((officer("EVP, Operations and Interim Chi"),), True, "EVP, Operations and Interim Chi (may not be all)"),
        ((ALEX,), False, "no officer"),
        ((NOBODY,), True, "not stated"),
        ((), True, "not stated"),
    ],
)
def test_a_title_that_may_be_another_silences_nothing(*, owners: Sequence[ReportingOwner], met: bool, shown: str) -> None:
    one = seen(by(*owners), "title", title=("CEO",))
    assert (one.met, one.seen) == (met, shown)


@pytest.mark.parametrize(
    ("lines", "wanted", "met", "shown"),
    [
        ((row("S"),), ("S", "M"), True, "S"),
        ((row("F"), row("A", "A")), ("S",), False, "A, F"),
        ((row(None),), ("S",), True, "not stated"),
        ((replace(row("S"), equity_swap_involved=True),), ("K",), True, "K, S"),
        ((replace(row("S"), transaction_timeliness="E"),), ("V",), True, "S, V"),
        ((replace(row("S"), transaction_timeliness="L"),), ("V",), False, "S"),
        ((held(5),), ("S",), False, "no transaction"),
    ],
)
def test_one_of_the_codes_is_enough(*, lines: Sequence[Row], wanted: tuple[str, ...], met: bool, shown: str) -> None:
    one = seen(facts(document(*lines)), "codes", codes=wanted)
    assert (one.met, one.seen) == (met, shown)


@pytest.mark.parametrize(("least", "met"), [(100, True), (101, False)])
def test_the_largest_number_of_shares_counts(*, least: int, met: bool) -> None:
    filing = facts(document(row(shares=100), row("F", "D", 900)))
    assert seen(filing, "min_shares", min_shares=Decimal(least)) == Condition("min_shares", f"{least} shares", "100 shares", met)


def test_shares_that_are_not_stated_pass() -> None:
    one = seen(facts(document(row(shares=None))), "min_shares", min_shares=Decimal(1))
    assert (one.met, one.seen) == (True, "not stated")


def stake(percent: str | None) -> Stake:
    known = None if percent is None else Decimal(percent)
    return Stake("Common Stock", Decimal(100), None, known, 1, None, None)


@pytest.mark.parametrize(
    ("percents", "met", "shown"),
    [(("5",), True, "5.00 %"), (("4.99", "1"), False, "4.99 %"), (("1", None), True, "not stated"), ((), True, "not stated")],
)
def test_the_largest_percentage_of_a_class_counts(*, percents: Sequence[str | None], met: bool, shown: str) -> None:
    filing = replace(SALE, stakes=tuple(stake(one) for one in percents))
    one = seen(filing, "min_percent", min_percent=Decimal(5))
    assert (one.wanted, one.met, one.seen) == ("5 %", met, shown)


@pytest.mark.parametrize(
    ("status", "met"),
    [("on time", False), ("on time by extension", False), ("possibly late", True), ("late", True), ("unknown", True)],
)
def test_late_is_what_is_not_known_to_be_on_time(*, status: str, met: bool) -> None:
    filing = replace(SALE, timing=replace(SALE.timing, status=status, reason="by 2 days"))
    one = seen(filing, "late", late=True)
    assert (one.met, one.seen) == (met, f"{status}: by 2 days")


def test_a_transaction_without_its_day_may_be_late() -> None:
    one = seen(facts(document(row(), row(on=None))), "late", late=True)
    assert (one.met, one.seen) == (True, "unknown: a transaction states no legible date, as far as it is stated")


@pytest.mark.parametrize("state", PLAN_STATES)
def test_a_list_of_plan_states_takes_those_and_what_is_doubtful(state: str) -> None:
    filing = replace(SALE, plan=replace(SALE.plan, state=state))
    wanted = ("checked", "text only")
    assert seen(filing, "plan", plan=wanted) == Condition(
        "plan", "checked or text only", state, state in {*wanted, "contradictory", "unknown"}
    )


CLUSTER = (Observation("cluster", "three sellers in 30 days"),)
SINCE = date(2025, 1, 2)


@pytest.mark.parametrize("name", ["cluster", "unusual"])
@pytest.mark.parametrize(
    ("context", "done", "met"),
    [
        (Context(SINCE, CLUSTER), True, True),
        (Context(SINCE), True, False),
        (Context(SINCE), False, True),
        (Context(), True, True),
        (Context(date(2026, 5, 20)), True, True),
    ],
    ids=["observed", "nothing", "baseline still read", "no history", "short history"],
)
def test_what_only_history_can_tell_passes_while_there_is_none(*, name: str, context: Context, done: bool, met: bool) -> None:
    one = seen(replace(SALE, context=context, baseline_done=done), name, **{name: True})
    assert one.met is met
    assert ("not known" in one.seen) is (met and not context.observations)


def test_a_rule_kept_silent_by_the_register_alone_says_so() -> None:
    expected, small = Condition("expected", "", "as expected: Roe Jane", met=False), Condition("min_value", "", "", met=False)
    assert why_silent([Verdict("a", (small,)), Verdict("b", (expected,))]) == "as expected: Roe Jane"
    assert why_silent([Verdict("a", (small, expected))]) == "no rule matched"


# --- what is not stated -----------------------------------------------------------------------------------------------------

ROWS = st.builds(
    row,
    st.sampled_from(["S", "P", "F", "G"]),
    st.sampled_from(["A", "D"]),
    st.integers(1, 10_000),
    st.integers(1, 500),
    on=st.dates(date(2026, 6, 1), date(2026, 6, 17)),
)
OWNERS = st.sampled_from([(JANE,), (ALEX,), (JANE, ALEX), (officer("President and CEO"),)])
RULES = st.builds(
    Rule,
    events=st.sets(st.sampled_from(["sale", "purchase", "withholding", "gift", "other"]), min_size=1).map(tuple),
    plan=st.sampled_from(["any", "exclude", "only", ("checked",), ("unchecked", "text only")]),
    min_value=st.integers(0, 10**6).map(Decimal),
    min_shares=st.none() | st.integers(0, 10**4).map(Decimal),
    min_percent=st.none() | st.integers(0, 100).map(Decimal),
    role=st.sampled_from([(), ("officer",), ("director", "other")]),
    title=st.sampled_from([(), ("CEO",), ("General Counsel",)]),
    codes=st.sampled_from([(), ("S",), ("P", "G")]),
    late=st.booleans(),
    cluster=st.booleans(),
    unusual=st.booleans(),
)


UNSTATED: dict[str, Callable[[Row], Row]] = {
    "shares": lambda row: replace(row, shares=None),
    "price": lambda row: replace(row, price_per_share=None),
    "code": lambda row: replace(row, transaction_code=None),
    "direction": lambda row: replace(row, acquired_disposed=None),
    "date": lambda row: replace(row, transaction_date=None),
}


def without(filing: OwnershipDocument, field: str, where: int) -> OwnershipDocument:
    """The same filing, one field of it not stated."""
    if field == "box":
        return replace(filing, aff10b5_one=None)
    if field == "title":
        return replace(filing, reporting_owners=tuple(replace(one, officer_title=None) for one in filing.reporting_owners))
    if field == "relationship":
        unrelated = (ReportingOwner(one.cik, one.name) for one in filing.reporting_owners)
        return replace(filing, reporting_owners=tuple(unrelated))
    rows = list(filing.non_derivative_table)
    rows[where % len(rows)] = UNSTATED[field](rows[where % len(rows)])
    return replace(filing, non_derivative_table=tuple(rows))


FIELDS = st.sampled_from([*UNSTATED, "box", "title", "relationship"])


def test_a_transaction_without_its_code_may_be_part_of_any_sum() -> None:
    filing = facts(document(row(shares=100, price="10"), row(None, shares=100, price="10")))
    one = seen(filing, "min_value", min_value=Decimal(2000))
    assert (one.met, one.seen) == (True, "not stated")


@settings(max_examples=300, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=4), OWNERS, st.sampled_from([True, False]), RULES, FIELDS, st.integers(0, 3))
def test_what_is_not_stated_never_silences(
    rows: list[Row], owners: tuple[ReportingOwner, ...], box: bool, rule: RuleTerms, field: str, where: int
) -> None:
    content = document(*rows, owners=owners, box=box)
    whole, part = (facts(one, filed_at=FILED) for one in (content, without(content, field, where)))
    lost = [
        before.name
        for before, after in zip(verdict(whole, rule).conditions, verdict(part, rule).conditions, strict=True)
        if before.met and not after.met
    ]
    assert lost == []


@given(st.lists(st.sampled_from(["5", "1", "80"]), max_size=3), st.integers(0, 100), st.integers(0, 3))
def test_a_percentage_that_is_not_known_never_silences(percents: list[str], least: int, where: int) -> None:
    rule = Rule(min_percent=Decimal(least))
    whole = replace(SALE, stakes=tuple(stake(one) for one in percents))
    part = replace(SALE, stakes=(*whole.stakes[:where], stake(None), *whole.stakes[where:]))
    assert verdict(part, rule).matched or not verdict(whole, rule).matched
