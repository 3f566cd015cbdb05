"""Whether a filing was on time, by EDGAR's calendar.

Source: Exchange Act section 16(a)(2), rules 0-3(a), 16a-3(a), 16a-3(g) and 16b-3(f), Form 4 instruction 1. What was begun by 22:00
Eastern time keeps its day, also if it is accepted a little later (Regulation S-T, rule 13(a)(4)).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from datetime import datetime
from datetime import timedelta

from watcher.core.calendar import DOUBTFUL
from watcher.core.calendar import business_day_after
from watcher.core.calendar import business_days_between
from watcher.core.calendar import due_date
from watcher.core.figures import counted
from watcher.core.figures import day
from watcher.core.findings import Plan
from watcher.core.findings import Timing
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row
from watcher.core.plan import is_planned
from watcher.core.submission import EASTERN

STATUSES = ("on time", "on time by extension", "possibly late", "late")  # the better first
EXCHANGE_ACT = date(1934, 6, 6)  # an earlier trade is a mistyped year
TWO_DAYS_BEGAN = date(
    2002, 8, 29
)  # for trades before, a Form 4 was due on the 10th of the next month, or a Form 5 did (release 34-46421)
GIFTS_BEGAN = date(2023, 2, 27)  # gifts made from this day on have two business days; gifts received may wait for Form 5
_FORM_3_DAYS = timedelta(days=10)
_FOR_FORM_5 = frozenset("LWZ")  # small acquisitions, inheritance, voting trusts (rules 16a-6, 16b-5, 16b-8)
# Nothing that a broker does under a plan of rule 10b5-1: awards, dispositions to the issuer, withholdings, gifts, tenders.
_NEVER_OF_A_PLAN = frozenset("ADFGU")
_DISCRETIONARY = "I"  # in an employee plan, whose administrator may pick the day
# Expirations, cancellations and "other" are owed a Form 4 or not, for reasons that a row does not tell (rules 16a-4(d), 16a-9, 16a-13).
_PERHAPS_EXEMPT = frozenset("EHJ")


def read_timing(document: OwnershipDocument, plan: Plan, filed_at: datetime) -> Timing:
    """Judge a Form 4 by the transaction that fared worst, a Form 3 by its event; Form 5 and amendments are "unknown".

    A transaction has two business days, counted from the trade or from the deemed execution date stated, which is at most the third
    business day after it ("on time by extension"). Where none is stated and the transaction may be a plan's, or the administrator's of
    an employee plan, up to the fifth business day "possibly late" is all that can be said; so it is where it may be exempt, or where
    it hangs on a doubtful day. One impossible date (before the Act, or after the filing) makes all "unknown", and with a transaction
    that states no date nothing is "on time".
    """
    filed = filed_at.astimezone(EASTERN).date()
    if document.form_type == "3":
        return _of_form_3(document.period_of_report, filed)
    trades = {
        (row.transaction_date, row.deemed_execution_date, row.transaction_code)
        for rows in (document.non_derivative_table, document.derivative_table)
        for row in rows
        if _has_two_days(row)
    }
    days = [traded for traded, *_ in trades if traded]
    if document.form_type != "4" or not days or min(days) < EXCHANGE_ACT or any(max(one[:2]) > filed for one in _dated(trades)):
        return Timing(traded=min(days, default=None), due=None, filed=filed, status="unknown")
    planned = is_planned(plan)
    judged = [_judged(*one, filed, planned=planned) for one in _dated(trades) if one[0] >= TWO_DAYS_BEGAN]
    if not judged:
        reason = "traded before 29 Aug 2002, when other terms applied"
        return Timing(traded=min(days), due=None, filed=filed, status="unknown", reason=reason)
    worst = min(judged, key=lambda one: (-STATUSES.index(one.status), one.due or date.max, one.traded or date.max, one.reason))
    if len(days) < len(trades) and worst.status.startswith("on time"):
        return replace(worst, status="unknown", reason="a transaction states no legible date")
    return worst


def _dated(trades: set[tuple[date | None, date | None, str | None]]) -> Iterator[tuple[date, date, str | None]]:
    """(traded, deemed to be executed, code) of what is dated; a deemed date that is missing, or before the trade, is the trade's."""
    for traded, deemed, code in trades:
        if traded is not None:
            yield traded, max(traded, deemed or traded), code


def _judged(traded: date, deemed: date, code: str | None, filed: date, *, planned: bool | None) -> Timing:
    longest = business_day_after(traded, 3)
    counted_from = min(deemed, longest)
    due = due_date(counted_from)
    if filed <= due_date(traded):
        return Timing(traded, due, filed, "on time")
    if filed <= due:
        stated = "the deemed execution date" if deemed <= longest else "the latest day that a deemed execution date may be"
        return Timing(traded, due, filed, "on time by extension", f"counted from {stated}, {day(counted_from)} (rule 16a-3(g))")
    if code in _PERHAPS_EXEMPT:
        return Timing(
            traded, due, filed, "possibly late", f"what is reported under code {code} may be exempt from the two business days"
        )
    extends = deemed == traded and (code == _DISCRETIONARY or (planned is not False and code not in _NEVER_OF_A_PLAN))
    last = longest if extends else counted_from
    if extends and filed <= due_date(last):
        whose = "an employee plan's" if code == _DISCRETIONARY else "a plan's"
        reason = f"no deemed execution date is stated, and {whose} transaction may count from one (rule 16a-3(g))"
        return Timing(traded, due, filed, "possibly late", reason)
    return _late(traded, due, business_day_after(last, 2, off=DOUBTFUL), filed)


def _of_form_3(event: date | None, filed: date) -> Timing:
    """Ten days after the event, or the next business day (rule 0-3(a)); where the issuer was registered that day, that day itself."""
    if event is None or not EXCHANGE_ACT <= event <= filed:
        return Timing(traded=None, due=None, filed=filed, status="unknown")
    tenth = event + _FORM_3_DAYS - timedelta(days=1)
    due = business_day_after(tenth, 1)
    if filed <= due:
        reason = "" if filed == event else "within ten days of the event; an issuer's own registration leaves none"
        return Timing(None, due, filed, "on time", reason)
    return _late(None, due, business_day_after(tenth, 1, off=DOUBTFUL), filed)


def _late(traded: date | None, due: date, last: date, filed: date) -> Timing:
    """Late, unless days that may not count explain it; `last` is the day on which it was due at the latest."""
    if filed <= last:
        closed = " and ".join(day(one) for one in sorted(DOUBTFUL) if (traded or due) < one < last)
        return Timing(
            traded, due, filed, "possibly late", f"EDGAR may not have counted {closed}, when federal offices were closed"
        )
    reason = f"by {_days(due, filed)}"
    if last > due:
        reason += f", or {_days(last, filed)} at the least, if it counts from a later day"
    return Timing(traded, due, filed, "late", reason)


def _days(due: date, filed: date) -> str:
    return f"{counted((filed - due).days, 'day')} ({counted(business_days_between(due, filed), 'business day')})"


def _has_two_days(row: Row) -> bool:
    """Whether this had to be on a Form 4. What a Form 5 could have told is early there, not late."""
    if row.kind != "transaction" or row.transaction_form_type not in {"4", None} or row.transaction_code in _FOR_FORM_5:
        return False
    gift_received_or_old = row.acquired_disposed != "D" or (row.transaction_date or date.max) < GIFTS_BEGAN
    return row.transaction_timeliness != "E" and not (row.transaction_code == "G" and gift_received_or_old)
