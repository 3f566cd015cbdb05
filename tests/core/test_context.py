"""What the store shows beside a filing, with dates, figures and the span it rests on. The filing sells on 16 June 2026."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import ALEX
from tests.core.samples import FILED
from tests.core.samples import JANE
from tests.core.samples import document
from tests.core.samples import held
from tests.core.samples import holdings_after
from tests.core.samples import option
from tests.core.samples import row
from watcher.core.context import OBSERVATIONS
from watcher.core.context import UNUSUAL
from watcher.core.context import is_cluster
from watcher.core.context import is_unusual
from watcher.core.context import read_context
from watcher.core.events import read_events
from watcher.core.findings import Context
from watcher.core.model import Holding
from watcher.core.model import OwnershipDocument
from watcher.core.past import Past
from watcher.core.past import PastEvent
from watcher.core.plan import read_plan
from watcher.core.submission import EASTERN

SINCE = date(2024, 1, 2)
SALE = document(row("S", "D", 5000, "131.42", after=71407), box=False)
KNOWN = tuple(holdings_after(document(held(76407)), accession_number="0000000000-24-000001").values())


def past_event(
    on: str | None,
    shares: int | None = 1000,
    value: int | None = 25000,
    *,
    kind: str = "sale",
    owners: Sequence[str] = ("0009980001",),
    number: int = 1,
    planned: bool | None = None,
    security: str = "common",
) -> PastEvent:
    day = date.fromisoformat(on) if on else None
    return PastEvent(
        accession_number=f"0000000000-25-{number:06}",
        filed_at=datetime(2026, 6, 10, 18, tzinfo=EASTERN)
        if day is None
        else datetime(day.year, day.month, day.day, 18, tzinfo=EASTERN),
        owners=tuple(owners),
        kind=kind,
        security=security,
        shares=None if shares is None else Decimal(shares),
        value=None if value is None else Decimal(value),
        first_on=day,
        last_on=day,
        planned=planned,
        adopted=None,
    )


def seen(
    *own: PastEvent,
    content: OwnershipDocument = SALE,
    since: date | None = SINCE,
    others: Sequence[PastEvent] = (),
    late: int = 0,
    unread: Sequence[str] = (),
    holdings: Sequence[Holding] = KNOWN,
) -> dict[str, str]:
    """The observations, by name."""
    past = Past(since=since, own=own, others=tuple(others), holdings=tuple(holdings), late=late, unread=tuple(unread))
    context = read_context(content, read_events(content), read_plan(content), past, FILED)
    assert context.since == since
    assert len({one.name for one in context.observations}) == len(context.observations)
    assert {one.name for one in context.observations} <= set(OBSERVATIONS)
    return {one.name: one.words for one in context.observations}


# --- same day -----------------------------------------------------------------------------------------------------------------


def test_what_stands_on_another_form_of_the_same_day_is_added_up() -> None:
    assert seen(past_event("2026-06-16", 30000), since=None)["same day"] == (
        "sold on 16 Jun 2026 by other forms in your store too (0000000000-25-000001): 30,000; with this form 35,000 shares"
    )


@pytest.mark.parametrize(
    "other",
    [
        past_event("2026-06-15"),
        past_event("2026-06-16", kind="purchase"),
        past_event("2026-06-16", security="class b common"),
        past_event("2026-06-16", owners=("0009980002",)),
        past_event("2026-06-16", None),
    ],
    ids=["another day", "another kind", "another class", "another owner", "no number"],
)
def test_what_is_not_the_same_is_not_added_up(other: PastEvent) -> None:
    assert "same day" not in seen(other)


# --- first sale ---------------------------------------------------------------------------------------------------------------


def test_a_first_sale_in_months_names_the_last_one() -> None:
    assert seen(past_event("2025-07-14", 3000, 300000))["first sale"] == (
        "first sale by this owner in 11 months; the last: 3,000 shares for $300,000 on 14 Jul 2025"
    )


def test_a_first_sale_without_an_earlier_one_rests_on_the_span_that_is_known() -> None:
    assert seen()["first sale"] == "first sale by this owner in the 29 months known here, since 2 Jan 2024"


@pytest.mark.parametrize(("last", "is_told"), [("2025-12-16", True), ("2025-12-17", False), ("2026-06-16", False)])
def test_a_pause_of_less_than_six_months_is_no_news(last: str, *, is_told: bool) -> None:
    assert ("first sale" in seen(past_event(last))) is is_told


def test_only_open_market_sales_count() -> None:
    assert "29 months" in seen(past_event("2026-06-01", kind="purchase"))["first sale"]


def test_a_purchase_is_no_sale() -> None:
    assert "first sale" not in seen(content=document(row("P", "A")))


def test_joint_owners_are_spoken_of_together() -> None:
    content = document(row("S", "D"), owners=(JANE, ALEX))
    assert seen(content=content)["first sale"].startswith("first sale by any of these owners in the 29 months")


def test_the_first_sale_of_an_owner_the_store_did_not_know_rests_on_no_span() -> None:
    said = "first sale by this owner known here, and nothing of them was known before; the store begins on 2 Jan 2024"
    assert seen(holdings=())["first sale"] == said


def test_filings_that_were_not_read_limit_what_is_said_of_all() -> None:
    assert seen(unread=("a", "b"))["first sale"].endswith("since 2 Jan 2024; 2 filings naming this owner not read")


def test_a_later_sale_that_was_read_before_says_that_this_is_not_the_first() -> None:
    assert "first sale" not in seen(past_event("2026-06-17"), past_event("2025-01-02", number=2))


# --- reversal -------------------------------------------------------------------------------------------------------------------


def test_a_sale_within_six_months_of_a_purchase_names_both() -> None:
    assert seen(past_event("2026-02-03", 1000, 99000, kind="purchase"))["reversal"] == (
        "bought 1,000 shares for $99,000 on 3 Feb 2026; sold 5,000 shares for $657,100 on 16 Jun 2026, within six months"
    )


def test_a_purchase_within_six_months_of_a_sale_is_a_reversal_too() -> None:
    found = seen(past_event("2026-02-03", value=None), content=document(row("P", "A", None)))
    assert found["reversal"] == (
        "sold 1,000 shares on 3 Feb 2026; bought shares (number not stated) on 16 Jun 2026, within six months"
    )


@pytest.mark.parametrize(
    ("on", "is_told"), [("2025-12-16", False), ("2025-12-17", True), ("2026-06-16", True), ("2026-06-17", False)]
)
def test_six_months_and_no_day_more(on: str, *, is_told: bool) -> None:
    assert ("reversal" in seen(past_event(on, kind="purchase"))) is is_told


def test_another_class_is_no_reversal() -> None:
    assert "reversal" not in seen(past_event("2026-02-03", kind="purchase", security="class b common"))


def test_a_sale_after_a_sale_is_no_reversal() -> None:
    assert "reversal" not in seen(past_event("2026-02-03"))


def test_both_ways_in_one_filing_is_a_reversal() -> None:
    content = document(row("P", "A", 10, "2", on=date(2026, 6, 15)), row("S", "D", 10, "3"))
    assert seen(content=content)["reversal"].startswith("bought 10 shares for $20 on 15 Jun 2026; sold 10 shares for $30")


def test_a_reversal_by_some_of_the_owners_says_so() -> None:
    joint = past_event("2026-02-03", kind="purchase", owners=("0009980001", "0009980003"))
    assert ", reported by other owners too or by some of these; sold" in seen(joint)["reversal"]


# --- largest sale, share of own history -------------------------------------------------------------------------------------------


def test_the_largest_sale_by_value_names_the_largest_before() -> None:
    own = (past_event("2026-03-03", 9000, 300000), past_event("2026-02-02", 100, 40000, number=2))
    assert seen(*own)["largest sale"] == (
        "largest sale by value of this owner known here, since 2 Jan 2024: $657,100; the largest of 2 other days: $300,000"
        " on 3 Mar 2026"
    )


def test_only_where_dollars_are_not_stated_is_a_sale_the_largest_by_shares() -> None:
    assert "largest sale" not in seen(past_event("2026-03-03", 4000, 900000))  # a split makes more shares of the same stake
    said = "largest sale by shares of this owner known here, since 2 Jan 2024: 5,000; the largest of 1 other day: 4,000"
    assert said in seen(past_event("2026-03-03", 4000, None))["largest sale"]


def test_a_day_s_sale_on_several_forms_counts_as_one_when_the_largest_is_sought() -> None:
    split_over_two = (past_event("2026-03-03", 4000, 400000), past_event("2026-03-03", 4000, 400000, number=2))
    assert "largest sale" not in seen(*split_over_two)
    here_too = (past_event("2026-06-16", 4000, 400000), past_event("2026-03-03", 4000, 900000, number=2))
    said = "$1,057,100, with the other forms of that day; the largest of 1 other day: $900,000 on 3 Mar 2026"
    assert said in seen(*here_too)["largest sale"]


@pytest.mark.parametrize(
    "own",
    [
        (),
        (past_event("2026-03-03", 5000, 657100),),
        (past_event("2026-03-03", 3000, 400000), past_event("2026-03-03", 3000, 400000)),
        (past_event("2026-03-03", None, None), past_event("2025-03-03", 10, 100, number=2)),
        (past_event("2026-03-03", 10, None, security="class b common"),),
    ],
    ids=["nothing before", "the same", "two rows of one filing", "an unstated one", "another class"],
)
def test_what_is_not_known_to_be_the_largest_is_not_said_to_be(own: Sequence[PastEvent]) -> None:
    assert "largest sale" not in seen(*own)


def test_a_sale_is_set_beside_the_sales_of_the_year_before() -> None:
    own = (past_event("2026-03-03", 4000), past_event("2025-06-17", 2000, number=2), past_event("2025-06-16", 1, number=3))
    assert (
        seen(*own)["share of own history"]
        == "5,000 shares sold here; in the 12 months before: 6,000 in 2 filings (as filed, no split undone)"
    )


def test_a_year_that_is_not_known_whole_is_called_what_it_is() -> None:
    found = seen(past_event("2026-03-03", 4000), since=date(2026, 1, 2))
    assert found["share of own history"] == (
        "5,000 shares sold here; in the time before known here, since 2 Jan 2026: 4,000 in 1 filing (as filed, no split undone)"
    )


def test_what_other_forms_of_this_very_day_sold_is_not_of_the_time_before() -> None:
    assert "share of own history" not in seen(past_event("2026-06-16", 4000))


def test_an_unstated_number_gives_no_share_of_history() -> None:
    assert "share of own history" not in seen(past_event("2026-03-03", None))


# --- the span it rests on ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("since", "is_told"), [("2026-03-19", True), ("2026-03-20", False)])  # 90 days before 17 June, and 89
def test_with_less_than_90_days_nothing_is_said_of_the_owner_s_own_past(since: str, *, is_told: bool) -> None:
    found = seen(past_event("2026-06-01", 10, 10), since=date.fromisoformat(since), late=2)
    assert ({"share of own history", "largest sale", "late before"} <= found.keys()) is is_told
    assert "others" in found


def test_without_any_history_others_are_told_only_if_there_are_some() -> None:
    assert seen(since=None) == {}
    assert seen(since=None, others=[past_event("2026-06-10", owners=("9",))])["others"].endswith("0 bought, as far as known here")


# --- others and clusters ----------------------------------------------------------------------------------------------------------


def other(number: int, on: str = "2026-06-10", **others: bool | str | None) -> PastEvent:
    event = past_event(on, number=number, shares=100 + number, owners=(f"000997{number:04}",))
    return replace(event, planned=bool(others.get("planned")), kind=str(others.get("kind", "sale")))


def test_others_are_counted_by_what_they_did() -> None:
    found = seen(others=[other(1, planned=True), other(2), other(3, kind="purchase")])
    assert found["others"] == "other owners in the 30 days to 16 Jun 2026: 2 sold (1 under a plan), 1 bought"


def test_that_nobody_else_did_is_told_too() -> None:
    assert seen()["others"] == "other owners in the 30 days to 16 Jun 2026: 0 sold, 0 bought"


def test_a_span_shorter_than_30_days_is_named() -> None:
    found = seen(since=date(2026, 6, 1), others=[other(1)])
    assert found["others"].endswith("1 sold, 0 bought, as far as known here, since 1 Jun 2026")


@pytest.mark.parametrize(("on", "number"), [("2026-05-16", 0), ("2026-05-17", 1), ("2026-06-16", 1), ("2026-06-17", 0)])
def test_thirty_days_and_no_day_more(on: str, number: int) -> None:
    assert f": {number} sold" in seen(others=[other(1, on)])["others"]


def test_three_sellers_in_30_days_are_a_cluster_this_filing_included() -> None:
    assert seen(others=[other(1, "2026-06-02", planned=True), other(2)])["cluster"] == (
        "3 owners or groups of owners sold, this filing's included (1 under a plan): 2 Jun 2026 to 16 Jun 2026"
    )
    assert "cluster" not in seen(others=[other(1), other(1, "2026-06-03")])


def test_sellers_and_buyers_are_no_cluster_together() -> None:
    assert "cluster" not in seen(others=[other(1), other(2, kind="purchase"), other(3, kind="purchase")])


def test_three_buyers_are_a_cluster_too() -> None:
    found = seen(content=document(row("P", "A")), others=[other(1, kind="purchase"), other(2, kind="purchase")])
    assert "3 owners or groups of owners bought" in found["cluster"]


def test_filings_that_share_an_owner_are_of_one_group() -> None:
    chain = [past_event("2026-06-10", number=n, shares=n, owners=(f"9{n}", f"9{n + 1}")) for n in (1, 3, 2)]
    assert ": 1 sold" in seen(others=chain)["others"]


def test_the_same_transaction_told_by_several_is_one_seller() -> None:
    twice = [past_event("2026-06-10", 777, 7770, number=n, owners=(f"9{n}",)) for n in (1, 2)]
    assert ": 1 sold" in seen(others=twice)["others"]


def test_whoever_tells_the_transaction_of_this_very_filing_is_no_other() -> None:
    same = past_event("2026-06-16", 5000, 657100, owners=("91",))
    assert ": 0 sold" in seen(others=[same])["others"]


@given(
    order=st.permutations(range(6)),
    owners=st.lists(st.sets(st.sampled_from("ABCDEF"), min_size=1, max_size=3), min_size=6, max_size=6),
)
def test_the_order_in_which_others_are_known_changes_no_count(order: list[int], owners: list[set[str]]) -> None:
    events = [past_event("2026-06-10", shares=n + 1, number=n, owners=sorted(owners[n])) for n in range(6)]
    assert seen(others=events) == seen(others=[events[n] for n in order])


# --- when nothing is said -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        document(row("F", "D")),
        document(row("G", "D")),
        document(row("M", "A"), derivatives=[option()]),
        document(row("S", "D"), form="4/A"),
        document(form="3"),
    ],
    ids=["withholding", "gift", "exercise", "amendment", "Form 3"],
)
def test_what_is_no_new_sale_or_purchase_is_compared_with_nothing(content: OwnershipDocument) -> None:
    assert seen(past_event("2025-01-02"), others=[other(1), other(2)], content=content) == {}


def test_a_sale_that_is_part_of_an_exercise_and_sell_is_a_sale() -> None:
    content = document(row("M", "A", 100, "10"), row("S", "D", 100, "25"), derivatives=[option()])
    assert seen(content=content)["first sale"].startswith("first sale by this owner")


def test_late_filings_are_told_with_their_span() -> None:
    nothing_sold = document(row("F", "D"))
    assert seen(late=1, content=nothing_sold) == {"late before": "1 late filing in the 12 months before"}
    found = seen(late=2, content=nothing_sold, since=date(2026, 1, 2))
    assert found == {"late before": "2 late filings since 2 Jan 2026, as far as known here"}


@pytest.mark.parametrize("on", ["0001-01-01", "0022-06-16", "2035-01-10", "9999-12-31"])
def test_a_mistyped_day_is_taken_for_the_day_of_the_filing(on: str) -> None:
    mistyped = document(row("S", "D", 5000, "131.42", on=date.fromisoformat(on)))
    found = seen(past_event("2025-07-14"), content=mistyped)
    assert "in 11 months" in found["first sale"]
    assert "30 days to 17 Jun 2026" in found["others"]


# --- what rules ask -------------------------------------------------------------------------------------------------------------------


def test_unusual_is_what_is_named_so() -> None:
    content = SALE
    context = read_context(content, read_events(content), read_plan(content), Past(since=SINCE), FILED)
    assert is_unusual(context)
    assert not is_cluster(context)
    assert not is_unusual(Context(SINCE))
    assert set(OBSERVATIONS) > UNUSUAL


def test_a_cluster_is_unusual_and_others_alone_are_not() -> None:
    past = Past(since=SINCE, own=(past_event("2026-06-01", 10**6, 10**9),), others=(other(1),))
    alone = read_context(SALE, read_events(SALE), read_plan(SALE), past, FILED)
    together = read_context(SALE, read_events(SALE), read_plan(SALE), replace(past, others=(other(1), other(2))), FILED)
    assert (is_unusual(alone), is_cluster(alone)) == (False, False)
    assert (is_unusual(together), is_cluster(together)) == (True, True)
