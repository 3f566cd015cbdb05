"""The sum of a rehearsal: what is counted, what is shown, and how thin the columns are."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import ALEX
from tests.core.samples import JANE
from tests.core.samples import document
from tests.core.samples import facts
from tests.core.samples import held
from tests.core.samples import row
from watcher.core.conditions import RuleTerms
from watcher.core.findings import FilingFacts
from watcher.core.rehearsal import Rehearsal
from watcher.core.rehearsal import Replayed
from watcher.core.rehearsal import in_words
from watcher.core.rehearsal import summed
from watcher.core.rules import judge
from watcher.core.submission import EASTERN

SINCE, UNTIL = date(2026, 5, 1), date(2026, 6, 30)
LARGE = RuleTerms("large", ("sale",), min_value=Decimal(100_000))
ALL = RuleTerms("all", ("sale",))


def sale(value: int | None, on: date = date(2026, 6, 17), number: int = 1, *, box: bool | None = None) -> FilingFacts:
    """A sale of 100 shares for so many dollars, accepted at noon of a day."""
    price = None if value is None else str(Decimal(value) / 100)
    content = document(row(shares=100, price=price), box=box)
    filed_at = datetime(on.year, on.month, on.day, 12, tzinfo=EASTERN)
    return replace(facts(content, filed_at=filed_at), accession_number=f"0000000000-26-{number:06}")


def rehearsed(filings: Sequence[FilingFacts], *rules: RuleTerms) -> Rehearsal:
    named: Mapping[str, RuleTerms] = {rule.name: rule for rule in rules}
    judged = [(one, judge(one, rules)) for one in filings]
    replayed = [Replayed(one, tuple(each.rule for each in verdicts if each.matched), verdicts) for one, verdicts in judged]
    return summed(replayed, named, SINCE, UNTIL)


def test_filings_told_of_are_counted_by_rule_and_month() -> None:
    filings = [sale(50_000), sale(150_000), sale(150_000, date(2026, 5, 4))]
    one = rehearsed(filings, ALL, LARGE)
    assert (one.filings, one.alerted) == (3, 3)
    assert one.by_rule == {"all": {"2026-05": 1, "2026-06": 2}, "large": {"2026-05": 1, "2026-06": 1}}


@pytest.mark.parametrize(
    ("on", "counts"),
    [(date(2026, 4, 30), 0), (SINCE, 1), (UNTIL, 1), (date(2026, 7, 1), 0)],
)
def test_the_span_includes_both_its_days_and_no_other(on: date, counts: int) -> None:
    assert rehearsed([sale(1, on)], ALL).filings == counts


def test_a_rule_that_never_matches_is_there_with_its_zeros() -> None:
    one = rehearsed([], LARGE)
    assert one.by_rule == {"large": {"2026-05": 0, "2026-06": 0}}
    assert "  all           0" in in_words(one)


def test_a_span_over_the_end_of_a_year_has_its_months_in_order() -> None:
    one = summed([], {"all": ALL}, date(2025, 11, 30), date(2026, 2, 1))
    assert list(one.by_rule["all"]) == ["2025-11", "2025-12", "2026-01", "2026-02"]


def test_the_five_biggest_that_were_told_are_shown_the_biggest_first() -> None:
    filings = [sale(1_000 * number, number=number) for number in range(1, 10)] + [sale(None, number=99)]
    gift = replace(facts(document(row("G", "D", 100, 10_000))), accession_number="0000000000-26-000098")
    one = rehearsed([*filings, gift], ALL)
    assert [str(each.value) for each in one.biggest] == ["9000", "8000", "7000", "6000", "5000"]


def test_the_value_shown_is_of_what_was_asked_for() -> None:
    filing = facts(document(row(shares=100, price="10"), row("F", "D", 10_000, "10")))
    (biggest,) = rehearsed([filing], ALL).biggest
    assert biggest.value == Decimal(1000)
    assert (biggest.issuer, biggest.owners, biggest.rules) == ("EXMP", "Roe Jane", ("all",))


# --- borderline -------------------------------------------------------------------------------------------------------------


def test_borderline_are_the_nearest_to_a_threshold_on_either_side() -> None:
    values = [100_000, 99_000, 102_000, 50_000, 1_000_000, 97_000, 104_000]
    one = rehearsed([sale(value, number=value) for value in values], LARGE)
    found = [(int(each.seen), each.told) for each in one.borderline]
    assert found == [(100_000, True), (99_000, False), (102_000, True), (97_000, False), (104_000, True)]


def test_what_another_condition_decided_is_not_borderline() -> None:
    planned = sale(99_999, box=True)
    assert rehearsed([planned], replace(LARGE, plan="exclude")).borderline == ()
    assert len(rehearsed([planned], replace(LARGE, plan="only")).borderline) == 1


def test_what_is_not_known_and_a_threshold_of_nothing_are_not_borderline() -> None:
    assert rehearsed([sale(None)], LARGE).borderline == ()
    assert rehearsed([sale(1)], ALL).borderline == ()


def test_a_filing_is_borderline_once_by_its_nearest_threshold() -> None:
    (one,) = rehearsed([sale(90_000)], LARGE, RuleTerms("near", ("sale",), min_shares=Decimal(101))).borderline
    assert (one.rule, one.condition, one.told) == ("near", "min_shares", False)


# --- how often a field is stated --------------------------------------------------------------------------------------------


def filled(filings: Sequence[FilingFacts], rule: RuleTerms) -> dict[str, tuple[int, int]]:
    return {each.field: (each.stated, each.of) for each in rehearsed(filings, rule).filled}


def test_only_fields_that_the_rules_ask_for_are_counted() -> None:
    assert filled([sale(1)], ALL) == {"transaction code": (1, 1)}
    assert set(filled([sale(1)], replace(LARGE, plan="only"))) == {
        "transaction code",
        "value of what is asked for",
        "Rule 10b5-1 box",
    }


def test_stated_and_not_stated_are_counted_where_the_field_stands() -> None:
    rule = RuleTerms("closer", ("sale",), plan="only", min_value=Decimal(1), role=("officer",), title=("CEO",), late=True)
    content = document(row(price=None), row(None), held(5), owners=(JANE, ALEX, replace(JANE, officer_title=None)))
    found = filled([facts(content), sale(1, box=False)], rule)
    assert found["Rule 10b5-1 box"] == (1, 2)
    assert found["transaction code"] == (2, 3)
    assert found["value of what is asked for"] == (1, 2)
    assert found["relationship to the issuer"] == (4, 4)
    assert found["whole title of an officer"] == (2, 3)
    assert found["whether it is late"] == (2, 2)


def test_a_thin_column_is_named_as_such() -> None:
    lines = in_words(rehearsed([sale(1), sale(1), sale(1, box=True)], replace(ALL, plan="only")))
    assert "  Rule 10b5-1 box: 1 of 3 (33 %), for plan  thin: this condition decides little" in lines


def test_the_words_hold_the_span_the_table_and_the_examples() -> None:
    lines = in_words(rehearsed([sale(99_000, number=7), sale(150_000, number=8)], ALL, LARGE))
    assert lines[0] == "1 May 2026 to 30 Jun 2026: 2 filings in the store, 2 would have been told of; nothing was sent"
    assert lines[3:7] == [
        "  month       all   large",
        "  2026-05       0       0",
        "  2026-06       2       1",
        "  all           2       1",
    ]
    assert "  $150,000.00  0000000000-26-000008  17 Jun 2026  EXMP  Roe Jane  rule all, large" in lines
    assert any(line.startswith("  silent by rule large: min_value $100,000, seen $99,000.00") for line in lines)


@given(st.permutations([sale(1_000 * number, number=number) for number in range(90, 110)]))
def test_the_order_of_filings_changes_nothing_that_is_shown(filings: list[FilingFacts]) -> None:
    one, other = rehearsed(filings, LARGE), rehearsed(sorted(filings, key=lambda each: each.accession_number), LARGE)
    assert (one.by_rule, one.filled) == (other.by_rule, other.filled)
    assert [each.value for each in one.biggest] == [each.value for each in other.biggest]
    assert [each.distance for each in one.borderline] == [each.distance for each in other.borderline]
