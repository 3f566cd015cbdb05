"""A dated plan over time: the day of its first trade here, the cooling-off period of rule 10b5-1, what was sold under it.

Source: 17 CFR 240.10b5-1(c)(1)(ii)(B) and (c)(1)(iv), as amended by release 33-11138; staff interpretation 120.29 of 25 August 2023: the
first business day is the one after the filing of the report, and trading may begin on the day after the second. This counts days; it
does not judge whether a plan meets the rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from datetime import date
from datetime import datetime
from datetime import timedelta
from decimal import Decimal

from watcher.core.calendar import business_day_after
from watcher.core.figures import day
from watcher.core.findings import Event
from watcher.core.findings import Plan
from watcher.core.findings import PlanBook
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.past import Past
from watcher.core.past import PeriodicReport
from watcher.core.plan import days_in
from watcher.core.plan import plan_quotes
from watcher.core.stake import rows_of
from watcher.core.submission import EASTERN

AMENDED_RULE = date(2023, 2, 27)  # plans adopted, or changed, from this day on have a cooling-off period
_OTHERS = timedelta(days=30)
_LEAST, _MOST = timedelta(days=90), timedelta(days=120)  # directors and officers
# No fiscal quarter is shorter or longer (some have 12 weeks, some 17).
_SHORTEST_QUARTER, _LONGEST_QUARTER = timedelta(days=83), timedelta(days=120)
_CHANGED = re.compile(
    r"\b(?:amended|modified|restated)\s+(?:(?:on|as of|effective(?: as of)?|dated)\s+)?(?=[\dA-Z])", re.IGNORECASE
)
_LONGEST_DATE = 20  # characters: "September 15th, 2026"
_NONE, _SHORT, _LONG = "no days", "30 days", "90 to 120 days"
_ONCE_IN_OFFICE = re.compile(r"former|retired|officer|director|president|chief|\bc[efo]o\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one test of the cooling-off period says; fields as in `PlanBook`."""

    cooling_off: str
    words: str
    earliest: date | None = None


def read_plan_book(
    document: OwnershipDocument, plan: Plan, events: Sequence[Event], past: Past, filed_at: datetime
) -> PlanBook | None:
    """The plan of a filing beside what the store knows of it; `None` without one day of adoption.

    The first trade is the earliest sale or purchase of this filing or, without one, the earliest exercise; where footnotes on the plan
    hang on some of these rows, only those are under it. Its sales are counted with the store's of the same day of adoption.
    """
    if plan.adopted is None:
        return None
    rows = _rows_under_it(document, events)
    first = min((row.transaction_date for row in rows if row.transaction_date), default=None)
    if first is None:
        outcome = _Outcome("cannot tell", "no dated sale, purchase or exercise under it here")
    elif plan.adopted > min(first, filed_at.astimezone(EASTERN).date()):
        outcome = _Outcome("cannot tell", "adopted after the trade: contradictory")
    else:
        outcome = _cooling_off(document, plan, plan.adopted, first, past.reports)
    sales = [row for row in rows if row.acquired_disposed == "D" and row.transaction_code in {"S", None}]
    earlier = [one for one in past.own if one.kind == "sale" and one.adopted == plan.adopted]
    return PlanBook(
        adopted=plan.adopted,
        day=(first - plan.adopted).days if first and first >= plan.adopted else None,
        cooling_off=outcome.cooling_off,
        words=outcome.words,
        earliest=outcome.earliest,
        sold=_sum([*(row.shares for row in sales), *(one.shares for one in earlier)]),
        sold_value=_sum([*map(_value, sales), *(one.value for one in earlier)]),
        filings=len({one.accession_number for one in earlier}) + bool(sales),
        since=past.since,
    )


def _rows_under_it(document: OwnershipDocument, events: Sequence[Event]) -> list[Row]:
    rows = rows_of(document, events, "sale", "purchase") or rows_of(document, events, "exercise")
    notes = {note for note, *_ in plan_quotes(document)}
    marked = [row for row in rows if any(not notes.isdisjoint(ids) for ids in row.footnotes.values())]
    return marked or rows


def _value(row: Row) -> Decimal | None:
    return None if row.shares is None or row.price_per_share is None else row.shares * row.price_per_share


def _sum(numbers: Iterable[Decimal | None]) -> Decimal | None:
    known = list(numbers)
    return None if None in known else sum((one for one in known if one is not None), Decimal(0))


# --- the cooling-off period -------------------------------------------------------------------------------------------------


def _cooling_off(
    document: OwnershipDocument, plan: Plan, adopted: date, first: date, reports: Sequence[PeriodicReport]
) -> _Outcome:
    """Every test that may apply: of each owner, and from the day of a change too. The strictest speaks, if all agree."""
    changed = _changed(plan.quote or "", adopted, first)
    starts = [adopted, changed] if changed else [adopted]
    asked = {period for owner in document.reporting_owners for period in _periods(document, owner)}
    outcomes = [_outcome(period, start, first, reports) for start in starts for period in sorted(asked)]
    if not outcomes:
        return _Outcome("cannot tell", "no reporting owner is legible")
    found = max(outcomes, key=lambda one: one.earliest or date.max)
    if any(one.cooling_off != found.cooling_off for one in outcomes):
        words = f"traded on day {(first - adopted).days} after adoption: " + (
            f"{' or '.join(sorted(asked))} are required, by who adopted it, which is not told"
            if len(asked) > 1
            else "a change decides"
        )
        found = _Outcome("cannot tell", words)
    if changed:
        words = f"{found.words}; said to be changed on {day(changed)}: a new adoption if amount, price or timing changed"
        found = replace(found, words=words)
    return found


def _periods(document: OwnershipDocument, owner: ReportingOwner) -> tuple[str, ...]:
    """The periods that may apply to an owner: more than one where the form does not tell who somebody was at the adoption."""
    if owner.cik is not None and owner.cik == document.issuer.cik:
        return (_NONE,)
    if owner.is_director or owner.is_officer:
        return (_LONG,)
    told = owner.is_ten_percent_owner or owner.is_other
    return (_SHORT,) if told and not _ONCE_IN_OFFICE.search(owner.other_text or "") else (_SHORT, _LONG)


def _outcome(period: str, start: date, first: date, reports: Sequence[PeriodicReport]) -> _Outcome:
    if start < AMENDED_RULE:
        return _Outcome("not asked", "adopted before 27 Feb 2023, when the rule required no cooling-off period")
    if period == _NONE:
        return _Outcome("not asked", "the rule requires no cooling-off period of the issuer itself")
    if period == _SHORT:
        opens = start + _OTHERS
        words = f"earliest allowed {day(opens)} (30 days, for an owner who is neither director nor officer)"
        return _Outcome("passed" if first >= opens else "within", words, opens)
    return _of_director_or_officer(start, first, _report_on(start, reports))


def _of_director_or_officer(start: date, first: date, report: PeriodicReport | None) -> _Outcome:
    """The later of 90 days and two business days after the report on the quarter of adoption, but no more than 120 days."""
    least, most = start + _LEAST, start + _MOST
    if report is None:
        traded = f"traded on day {(first - start).days} after adoption"
        if first < least:
            return _Outcome("within", f"{traded}: at least 90 days are required")
        if first >= most:
            return _Outcome("passed", f"{traded}: no more than 120 days are required")
        return _Outcome(
            "cannot tell",
            f"{traded}: up to 120 days may be required, by the report on the quarter of adoption, which is not known here",
        )
    opens = business_day_after(report.filed_on, 3)
    earliest = min(max(least, opens), most)
    rule = f"two business days after the {report.form_type} of {day(report.filed_on)}"
    if opens <= least:
        why = f"90 days; {rule} came earlier"
    else:
        why = f"{rule}, later than 90 days" if opens <= most else f"120 days, the most; {rule} came later"
    return _Outcome("passed" if first >= earliest else "within", f"earliest allowed {day(earliest)} ({why})", earliest)


def _report_on(adopted: date, reports: Sequence[PeriodicReport]) -> PeriodicReport | None:
    """The first report on the quarter of a day: what ends on or after it first, if no quarter's end can lie between."""
    own = [one for one in reports if not one.form_type.endswith("/A")]
    found = min((one for one in own if one.period >= adopted), key=lambda one: (one.period, one.filed_on), default=None)
    if found is None:
        return None
    last = max((one.period for one in own if one.period < adopted), default=date.min)
    is_of_that_quarter = found.period - adopted <= _SHORTEST_QUARTER or found.period - last <= _LONGEST_QUARTER
    return found if is_of_that_quarter else None


def _changed(quote: str, adopted: date, first: date) -> date | None:
    """The last day after the adoption, and not after the trade, on which the quoted words say that the plan was changed."""
    dates = [one for match in _CHANGED.finditer(quote) for one in days_in(quote[match.end() : match.end() + _LONGEST_DATE])[:1]]
    return max((one for one in dates if adopted < one <= first), default=None)
