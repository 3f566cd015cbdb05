"""A dated plan over time: 5 March 2026 is its day 0, so 3 June is day 90 and 3 July day 120."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from datetime import datetime
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import ALEX
from tests.core.samples import FILED
from tests.core.samples import ISSUER
from tests.core.samples import JANE
from tests.core.samples import document
from tests.core.samples import filed_after
from tests.core.samples import option
from tests.core.samples import real_readings
from tests.core.samples import row
from watcher.core.events import read_events
from watcher.core.findings import PlanBook
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.past import Past
from watcher.core.past import PastEvent
from watcher.core.past import PeriodicReport
from watcher.core.plan import read_plan
from watcher.core.plan_book import read_plan_book
from watcher.core.submission import EASTERN
from watcher.core.text import cleaned

ADOPTED = date(2026, 3, 5)
NOTE = "Sold pursuant to a Rule 10b5-1 trading plan adopted by the reporting person on March 5, 2026"
FUND = ReportingOwner("0009980003", "Example Fund LP", is_ten_percent_owner=True)
NOBODY = ReportingOwner("0009980004", "Poe Sam")
YEAR_END, FIRST_QUARTER = date(2025, 12, 31), date(2026, 3, 31)


def report(filed_on: date, *, period: date = FIRST_QUARTER, form: str = "10-Q") -> PeriodicReport:
    return PeriodicReport(form, period, filed_on)


def book(content: OwnershipDocument, past: Past | None = None, *, filed_at: datetime | None = None) -> PlanBook:
    days = [one.transaction_date for one in content.non_derivative_table if one.transaction_date]
    filed = filed_at or datetime.combine(max(days, default=date(2026, 6, 16)) + timedelta(days=1), FILED.timetz())
    found = read_plan_book(content, read_plan(content), read_events(content), past or Past(), filed)
    assert found is not None
    return found


def sold_on(
    day: int | date,
    *reports: PeriodicReport,
    owners: Sequence[ReportingOwner] = (JANE,),
    note: str = NOTE,
    adopted: date = ADOPTED,
) -> PlanBook:
    """The book of a filing that tells one sale, `day` days after the adoption."""
    on = day if isinstance(day, date) else adopted + timedelta(days=day)
    content = document(row(on=on, footnotes={"transaction_code": ("F1",)}), footnotes={"F1": note}, owners=owners, box=True)
    return book(content, Past(reports=reports))


def test_without_a_day_of_adoption_there_is_no_book() -> None:
    content = document(row(), box=True)
    assert read_plan_book(content, read_plan(content), read_events(content), Past(), FILED) is None


# --- directors and officers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("owner", [JANE, ALEX], ids=["officer", "director"])
@pytest.mark.parametrize(
    ("day", "cooling_off"),
    [(0, "within"), (89, "within"), (90, "cannot tell"), (119, "cannot tell"), (120, "passed"), (121, "passed"), (400, "passed")],
)
def test_without_the_quarter_s_report_90_and_120_days_decide(owner: ReportingOwner, day: int, cooling_off: str) -> None:
    found = sold_on(day, owners=[owner])
    assert (found.cooling_off, found.day, found.earliest) == (cooling_off, day, None)
    assert found.words.startswith(f"traded on day {day} after adoption: ")


def test_what_cannot_be_told_says_why() -> None:
    assert sold_on(103).words == (
        "traded on day 103 after adoption: up to 120 days may be required, by the report on the quarter of adoption, which is not"
        " known here"
    )


@pytest.mark.parametrize(("day", "cooling_off"), [(89, "within"), (90, "passed"), (103, "passed")])
def test_an_early_report_leaves_90_days(day: int, cooling_off: str) -> None:
    found = sold_on(day, report(date(2026, 5, 8)))
    assert (found.cooling_off, found.earliest) == (cooling_off, date(2026, 6, 3))
    assert found.words == "earliest allowed 3 Jun 2026 (90 days; two business days after the 10-Q of 8 May 2026 came earlier)"


@pytest.mark.parametrize(("on", "cooling_off"), [(date(2026, 6, 10), "within"), (date(2026, 6, 11), "passed")])
def test_after_a_late_report_trading_begins_on_the_day_after_two_business_days(on: date, cooling_off: str) -> None:
    found = sold_on(on, report(date(2026, 6, 8)))  # a Monday: Tuesday, Wednesday, and then Thursday the 11th
    assert (found.cooling_off, found.earliest) == (cooling_off, date(2026, 6, 11))
    assert found.words == "earliest allowed 11 Jun 2026 (two business days after the 10-Q of 8 Jun 2026, later than 90 days)"


def test_business_days_after_a_report_skip_weekends_and_holidays() -> None:
    assert sold_on(110, report(date(2026, 6, 17))).earliest == date(2026, 6, 23)  # over Juneteenth, a Friday


@pytest.mark.parametrize(("day", "cooling_off"), [(119, "within"), (120, "passed"), (121, "passed")])
def test_a_report_that_is_very_late_asks_no_more_than_120_days(day: int, cooling_off: str) -> None:
    found = sold_on(day, report(date(2026, 8, 1)))
    assert (found.cooling_off, found.earliest) == (cooling_off, date(2026, 7, 3))
    assert "120 days, the most" in found.words


def test_the_report_on_the_quarter_of_adoption_counts_and_no_other() -> None:
    others = [report(date(2026, 2, 20), period=YEAR_END, form="10-K"), report(date(2026, 8, 5), period=date(2026, 6, 30))]
    assert sold_on(103, *others).cooling_off == "cannot tell"
    found = sold_on(103, *others, report(date(2026, 5, 8)))
    assert (found.cooling_off, "10-Q of 8 May 2026" in found.words) == ("passed", True)


def test_a_plan_adopted_on_the_last_day_of_a_quarter_is_of_that_quarter() -> None:
    note = NOTE.replace("March 5", "March 31")
    found = sold_on(
        100, report(date(2026, 5, 8)), report(date(2026, 8, 5), period=date(2026, 6, 30)), note=note, adopted=FIRST_QUARTER
    )
    assert "10-Q of 8 May 2026" in found.words


def test_a_later_report_counts_only_where_no_quarter_can_end_between() -> None:
    """Adopted on 2 January: what ends on 31 March may be of the next quarter of a fiscal year that ends in January."""
    note = NOTE.replace("March 5", "January 2")
    only = report(date(2026, 5, 8))
    before = report(date(2026, 2, 20), period=YEAR_END, form="10-K")
    assert sold_on(100, only, note=note, adopted=date(2026, 1, 2)).cooling_off == "cannot tell"
    assert sold_on(100, only, before, note=note, adopted=date(2026, 1, 2)).cooling_off == "within"


def test_the_first_report_on_a_quarter_counts_and_its_amendment_does_not() -> None:
    amended = report(date(2026, 4, 1), form="10-Q/A")
    assert sold_on(103, amended).cooling_off == "cannot tell"
    assert sold_on(103, amended, report(date(2026, 5, 8))).earliest == date(2026, 6, 3)


# --- others, and several ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "cooling_off"), [(0, "within"), (29, "within"), (30, "passed"), (31, "passed")])
def test_others_wait_30_days(day: int, cooling_off: str) -> None:
    found = sold_on(day, owners=[FUND])
    assert (found.cooling_off, found.earliest) == (cooling_off, date(2026, 4, 4))
    assert found.words == "earliest allowed 4 Apr 2026 (30 days, for an owner who is neither director nor officer)"


def test_the_issuer_itself_is_not_asked() -> None:
    itself = replace(FUND, cik=ISSUER.cik)
    assert sold_on(1, owners=[itself]).cooling_off == "not asked"


@pytest.mark.parametrize(
    "owners",
    [(JANE, FUND), (FUND, JANE), (NOBODY,), (replace(FUND, is_ten_percent_owner=False, is_other=True, other_text="Former CEO"),)],
    ids=["mixed", "mixed, the other way round", "role not stated", "former officer"],
)
@pytest.mark.parametrize(("day", "cooling_off"), [(29, "within"), (30, "cannot tell"), (100, "cannot tell"), (120, "passed")])
def test_where_several_periods_may_apply_they_must_agree(owners: Sequence[ReportingOwner], day: int, cooling_off: str) -> None:
    found = sold_on(day, owners=owners)
    assert found.cooling_off == cooling_off
    if day == 30:
        assert (
            found.words
            == "traded on day 30 after adoption: 30 days or 90 to 120 days are required, by who adopted it, which is not told"
        )


def test_who_is_director_and_holds_ten_percent_is_a_director() -> None:
    assert sold_on(60, owners=[replace(ALEX, is_ten_percent_owner=True)]).cooling_off == "within"


# --- days that decide otherwise -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("adopted", "cooling_off"), [(date(2023, 2, 26), "not asked"), (date(2023, 2, 27), "within"), (date(2019, 1, 2), "not asked")]
)
def test_a_plan_older_than_the_amended_rule_is_not_asked(adopted: date, cooling_off: str) -> None:
    note = NOTE.replace("March 5, 2026", f"{adopted:%B} {adopted.day}, {adopted.year}")
    assert sold_on(10, note=note, adopted=adopted).cooling_off == cooling_off


def test_a_plan_adopted_after_its_trade_is_a_contradiction() -> None:
    found = sold_on(-1)
    assert (found.cooling_off, found.words, found.day) == ("cannot tell", "adopted after the trade: contradictory", None)


def test_a_plan_whose_trades_are_not_dated_cannot_be_told() -> None:
    found = book(document(row(on=None), footnotes={"F1": NOTE}))
    assert (found.cooling_off, found.day, found.words) == (
        "cannot tell",
        None,
        "no dated sale, purchase or exercise under it here",
    )


@pytest.mark.parametrize(
    ("day", "cooling_off"),
    [(100, "cannot tell"), (140, "cannot tell"), (176, "cannot tell"), (177, "passed")],
)
def test_a_change_of_the_plan_may_be_a_new_adoption(day: int, cooling_off: str) -> None:
    """Changed on 1 May 2026, day 57: 120 days later is day 177."""
    found = sold_on(day, note=f"{NOTE}, and amended on May 1, 2026")
    assert found.cooling_off == cooling_off
    assert found.words.endswith("said to be changed on 1 May 2026: a new adoption if amount, price or timing changed")


@pytest.mark.parametrize(
    "note",
    [
        f"{NOTE}, as amended on September 1, 2026",
        f"{NOTE} under the Securities Exchange Act of 1934, as amended",
        "Sold under the amended plan adopted on March 5, 2026 pursuant to Rule 10b5-1",
    ],
    ids=["after the trade", "the Act was amended", "no day of the change"],
)
def test_no_change_is_told_where_no_day_of_one_before_the_trade_is_given(note: str) -> None:
    assert "changed" not in sold_on(130, note=note).words


# --- which trades are under it ------------------------------------------------------------------------------------------------


def planned(*rows: Row, derivatives: Sequence[Row] = (), past: Past | None = None) -> PlanBook:
    return book(document(*rows, derivatives=derivatives, footnotes={"F1": NOTE, "F2": "By trust."}), past)


def marked(one: Row) -> Row:
    return replace(one, footnotes={"security_title": ("F1",)})


def test_the_earliest_sale_or_purchase_is_the_first_trade() -> None:
    exercised = option(on=date(2026, 6, 8))
    assert planned(row(on=date(2026, 6, 16)), row(on=date(2026, 6, 12)), derivatives=[exercised]).day == 99
    assert planned(row("P", "A", on=date(2026, 6, 11)), row("F", "D", on=date(2026, 6, 1))).day == 98


def test_without_a_sale_the_earliest_exercise_is() -> None:
    assert planned(row("M", "A", on=date(2026, 6, 8), price=10), derivatives=[option(on=date(2026, 6, 8))]).day == 95


def test_where_the_footnote_hangs_on_some_trades_only_those_are_under_the_plan() -> None:
    other = row(shares=700, on=date(2026, 6, 1), footnotes={"shares": ("F2",)})
    found = planned(other, marked(row(shares=300, price=2, on=date(2026, 6, 15))))
    assert (found.day, found.sold, found.sold_value, found.filings) == (102, Decimal(300), Decimal(600), 1)
    assert planned(other, row(shares=300)).sold == Decimal(1000)


def earlier(number: int, shares: int | None, **others: object) -> PastEvent:
    plain = PastEvent(
        accession_number=f"0000000000-26-{number:06}",
        filed_at=FILED,
        owners=(JANE.cik or "",),
        kind="sale",
        security="common",
        shares=None if shares is None else Decimal(shares),
        value=Decimal(1000),
        first_on=date(2026, 6, 9),
        last_on=date(2026, 6, 9),
        planned=True,
        adopted=ADOPTED,
    )
    return replace(plain, kind=str(others.get("kind", "sale")), adopted=ADOPTED if others.get("same", True) else date(2025, 3, 5))


def test_sales_under_the_plan_are_counted_over_filings() -> None:
    own = (earlier(7, 100), earlier(7, 200), earlier(8, 400), earlier(9, 800, same=False), earlier(10, 1600, kind="purchase"))
    found = planned(row(shares=50, price=10), past=Past(since=date(2024, 1, 2), own=own))
    assert (found.sold, found.sold_value, found.filings, found.since) == (Decimal(750), Decimal(3500), 3, date(2024, 1, 2))


def test_a_sum_with_an_unstated_number_is_none() -> None:
    found = planned(row(shares=50, price=None), past=Past(own=(earlier(7, None),)))
    assert (found.sold, found.sold_value, found.filings) == (None, None, 2)


def test_a_filing_without_a_sale_adds_none() -> None:
    found = planned(row("P", "A"), past=Past(own=(earlier(7, 100),)))
    assert (found.sold, found.filings) == (Decimal(100), 1)


# --- what holds always --------------------------------------------------------------------------------------------------------


@given(
    day=st.integers(0, 200),
    filed=st.dates(date(2026, 4, 1), date(2026, 9, 1)) | st.none(),
    owners=st.lists(st.sampled_from([JANE, ALEX, FUND, NOBODY]), min_size=1, max_size=3),
)
def test_waiting_longer_never_turns_passed_into_within(day: int, filed: date | None, owners: list[ReportingOwner]) -> None:
    reports = [report(filed)] if filed else []
    order = ("within", "cannot tell", "passed")
    ranks = [order.index(sold_on(one, *reports, owners=owners).cooling_off) for one in (day, day + 1)]
    assert ranks == sorted(ranks)


@given(day=st.integers(0, 200), filed=st.dates(date(2026, 4, 1), date(2026, 9, 1)))
def test_what_is_said_without_the_report_stays_true_with_it(day: int, filed: date) -> None:
    without = sold_on(day).cooling_off
    assert without in {"cannot tell", sold_on(day, report(filed)).cooling_off}


def test_every_plan_of_the_corpus_gets_a_book(corpus: Path) -> None:
    seen = set()
    for name, reading in real_readings(corpus):
        content = cleaned(reading.document)
        plan = read_plan(content)
        found = read_plan_book(content, plan, read_events(content), Past(), filed_after(reading).astimezone(EASTERN))
        assert (found is None) == (plan.adopted is None), name
        if found:
            assert found.words, name
            seen.add(found.cooling_off)
    assert seen >= {"passed", "not asked"}
