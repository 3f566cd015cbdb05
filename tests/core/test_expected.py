"""The register of expected trades: silent is only what lies within it by what the filing says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import ACCESSION
from tests.core.samples import ALEX
from tests.core.samples import FILED
from tests.core.samples import JANE
from tests.core.samples import TUESDAY
from tests.core.samples import document
from tests.core.samples import facts
from tests.core.samples import option
from tests.core.samples import row
from watcher.core.conditions import RuleTerms
from watcher.core.expected import Expectation
from watcher.core.expected import match
from watcher.core.findings import Amendment
from watcher.core.findings import FilingFacts
from watcher.core.findings import Timing
from watcher.core.model import Row
from watcher.core.past import Past
from watcher.core.past import PastEvent
from watcher.core.rules import judge

ADOPTED = date(2026, 2, 10)
PLAN = {"F1": "Sold under a Rule 10b5-1 trading plan adopted on February 10, 2026."}
SALE = facts(document(row(shares=1_000, after=9_000)))
JUNE = Expectation(date(2026, 6, 1), date(2026, 6, 30), Decimal(5_000), person="Jane Roe", events=("sale",))
WANTED = ("sale", "exercise")


def sold(
    shares: int | None,
    *,
    on: date | None = date(2026, 6, 9),
    number: str = "0000000000-26-000077",
    kind: str = "sale",
    owners: Sequence[str] = ("0009980001",),
    adopted: date | None = None,
) -> PastEvent:
    known = None if shares is None else Decimal(shares)
    return PastEvent(number, FILED, tuple(owners), kind, "common stock", known, None, on, on, None, adopted)


def past(*own: PastEvent, since: date | None = date(2025, 6, 1)) -> Past:
    return Past(since=since, own=own)


NOTHING = past()


def asked(filing: FilingFacts = SALE, before: Past | None = NOTHING, **changes: Any) -> tuple[bool, str]:
    return match(filing, [replace(JUNE, **changes)], WANTED, before)


def test_what_lies_within_an_entry_is_expected_and_the_entry_is_said() -> None:
    assert asked(note="cleared by legal") == (
        True,
        "as expected: Jane Roe, 1 Jun 2026 to 30 Jun 2026, at most 5,000 (cleared by legal)",
    )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"person": "Roe Jane A"}, "nobody registered as Roe Jane at this issuer"),
        ({"person": "Roe"}, "nobody registered as Roe Jane at this issuer"),
        ({"person": None, "owner_cik": "0009980002"}, "nobody registered as Roe Jane at this issuer"),
        ({"ticker": "OTHR"}, "nobody registered as Roe Jane at this issuer"),
        ({"cik": "0009990002"}, "nobody registered as Roe Jane at this issuer"),
        ({"begins": date(2026, 6, 17)}, "outside the window: 16 Jun 2026 is not within 17 Jun 2026 to 30 Jun 2026"),
        ({"ends": date(2026, 6, 15)}, "outside the window: 16 Jun 2026 is not within 1 Jun 2026 to 15 Jun 2026"),
        ({"shares": Decimal(999)}, "more than registered (sale): 1,000 here, at most 999"),
        ({"events": ("gift",)}, "sale is not registered, only gift"),
        ({"events": (), "codes": ("M",)}, "code S is not registered, only M"),
        ({"plan": ADOPTED}, "registered under the plan of 10 Feb 2026; the filing is unknown, without one clear adoption date"),
    ],
)
def test_what_does_not_match_says_why(changes: dict[str, Any], why: str) -> None:
    assert asked(**changes) == (False, why)


@pytest.mark.parametrize(
    "changes",
    [
        {"person": "ROE, JANE"},
        {"person": None, "owner_cik": "0009980001"},
        {"ticker": "EXMP"},
        {"cik": "0009990001"},
        {"begins": TUESDAY, "ends": TUESDAY},
        {"shares": Decimal(1_000)},
        {"events": (), "codes": ("S",)},
    ],
)
def test_the_edges_of_an_entry_are_within_it(changes: dict[str, Any]) -> None:
    assert asked(**changes)[0]


# --- how much ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ([sold(4_000)], True),
        ([sold(4_001)], False),
        ([sold(2_000), sold(2_001, number="0000000000-26-000078")], False),
        ([sold(9_000, on=date(2026, 5, 31))], True),
        ([sold(9_000, on=date(2026, 7, 1))], True),
        ([sold(9_000, on=None)], False),
        ([sold(None)], False),
        ([sold(9_000, kind="purchase")], True),
        ([sold(9_000, owners=("0009980002",))], True),
        ([sold(9_000, owners=("0009980001", "0009980002"))], False),
        ([sold(9_000, number=ACCESSION)], True),
    ],
)
def test_what_was_sold_before_counts(*, before: Sequence[PastEvent], expected: bool) -> None:
    assert asked(before=past(*before))[0] is expected


def test_what_was_sold_before_is_said() -> None:
    assert asked(before=past(sold(4_500)))[1] == "more than registered (sale): 1,000 here and 4,500 before, at most 5,000"


@pytest.mark.parametrize("before", [None, past(since=None), past(since=date(2026, 6, 2))])
def test_without_the_whole_past_of_the_window_nothing_sold_is_expected(before: Past | None) -> None:
    assert asked(before=before) == (False, "how much came before (sale), from 1 Jun 2026 on, is not known to the store")


def test_an_owner_without_a_cik_has_no_past_that_could_be_counted() -> None:
    filing = facts(document(row(shares=1_000), owners=(replace(JANE, cik=None),)))
    assert "is not known to the store" in asked(filing)[1]


def test_sales_under_another_plan_do_not_count() -> None:
    filing = facts(document(row(shares=1_000), footnotes=PLAN, box=True))
    assert asked(filing, past(sold(9_000, adopted=date(2025, 1, 2))), plan=ADOPTED)[0]
    assert not asked(filing, past(sold(9_000)), plan=ADOPTED)[0]


def test_a_sale_under_another_plan_is_raised() -> None:
    filing = facts(document(row(shares=1_000), footnotes=PLAN, box=True))
    assert asked(filing, plan=date(2025, 1, 2)) == (False, "another plan: adopted 10 Feb 2026, registered 2 Jan 2025")


def test_a_plan_that_the_box_denies_is_not_the_one_registered() -> None:
    filing = facts(document(row(shares=1_000), footnotes=PLAN | {"F2": "x"}, box=False))
    assert filing.plan.state == "contradictory"
    assert not asked(filing, plan=ADOPTED)[0]


def test_the_amended_original_is_not_counted_twice_and_one_not_known_is_not_expected() -> None:
    filing = replace(SALE, amends=Amendment("tied", "0000000000-26-000077"))
    assert asked(filing, past(sold(4_500)))[0]
    assert asked(replace(SALE, amends=Amendment("orphan"))) == (False, "it amends a filing that is not known")


# --- which transactions -----------------------------------------------------------------------------------------------------


def exercised_and_sold(*more: Row) -> FilingFacts:
    return facts(document(row("M", "A", 5_000, 10), row(shares=5_000), *more, derivatives=[option(shares=5_000)]))


def test_each_kind_of_an_exercise_and_sale_has_the_whole_number() -> None:
    assert asked(exercised_and_sold(), events=("sale", "exercise"))[0]
    assert asked(exercised_and_sold())[1] == "exercise is not registered, only sale"


def test_a_transaction_that_the_rule_does_not_ask_for_is_no_matter() -> None:
    assert asked(exercised_and_sold(row("F", "D", 90_000)), events=("sale", "exercise"))[0]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (row(shares=None), "how many shares (sale) is not stated"),
        (row(on=None), "a transaction date is not stated"),
        (row("S", "D", 10, on=date(2026, 7, 1)), "outside the window: 1 Jul 2026 is not within 1 Jun 2026 to 30 Jun 2026"),
        (row(None), "a transaction code is not stated"),
    ],
)
def test_one_transaction_that_is_not_within_is_enough(line: Row, why: str) -> None:
    assert asked(facts(document(row(shares=10), line))) == (False, why)


def test_two_entries_do_not_add_up() -> None:
    entries = [JUNE, replace(JUNE, begins=date(2026, 7, 1), ends=date(2026, 7, 31))]
    filing = facts(document(row(), row(on=date(2026, 7, 1))))
    assert not match(filing, entries, WANTED, past())[0]


def test_the_reason_is_that_of_the_nearest_entry() -> None:
    entries = [replace(JUNE, begins=date(2026, 1, 1), ends=date(2026, 1, 31)), replace(JUNE, shares=Decimal(1)), JUNE]
    assert match(SALE, entries[:2], WANTED, past())[1] == "more than registered (sale): 1,000 here, at most 1"
    assert match(SALE, entries, WANTED, past())[0]


def test_every_owner_of_a_joint_filing_must_be_registered() -> None:
    filing = facts(document(row(), owners=(JANE, ALEX)))
    assert match(filing, [JUNE], WANTED, past()) == (False, "nobody registered as Doe Alex at this issuer")
    assert match(filing, [JUNE, replace(JUNE, person="Doe Alex")], WANTED, past())[0]


def test_a_filing_that_names_nobody_is_not_expected() -> None:
    assert match(facts(document(row(), owners=())), [JUNE], WANTED, past()) == (False, "nobody is named")


def test_a_late_filing_is_not_expected_by_a_rule_that_asks_for_late_ones() -> None:
    late = replace(SALE, timing=Timing(TUESDAY, TUESDAY, TUESDAY, "late"))
    assert match(late, [JUNE], ("sale", "late"), past()) == (False, "never expected: late")
    assert match(late, [JUNE], ("sale",), past())[0]


# --- in a rule --------------------------------------------------------------------------------------------------------------


def test_what_is_expected_keeps_a_rule_silent_and_the_rest_is_raised() -> None:
    rule = RuleTerms("unexpected", expected=(JUNE,))
    ((silent,), (raised,)) = (judge(filing, [rule], past()) for filing in (SALE, facts(document(row(shares=5_001)))))
    assert (silent.matched, silent.conditions[-1].seen[:12]) == (False, "as expected:")
    assert (raised.matched, raised.conditions[-1].seen) == (True, "more than registered (sale): 5,001 here, at most 5,000")


def test_an_empty_register_expects_nothing() -> None:
    (one,) = judge(SALE, [RuleTerms("unexpected", expected=())], past())
    assert (one.matched, one.conditions[-1].seen) == (True, "nobody registered as Roe Jane at this issuer")


@given(st.lists(st.integers(1, 4_000), min_size=1, max_size=4), st.lists(st.integers(1, 4_000), max_size=4))
def test_the_sum_of_all_that_is_known_decides(here: list[int], before: list[int]) -> None:
    filing = facts(document(*(row(shares=shares) for shares in here)))
    own = [sold(shares, number=f"0000000000-26-{number:06}") for number, shares in enumerate(before, 100)]
    assert asked(filing, past(*own))[0] is (sum(here) + sum(before) <= 5_000)
