"""Whether a filing was on time, by EDGAR's calendar. Source: Exchange Act section 16(a)(2)(C), rule 16a-3(g), Form 4 instruction 1."""

from __future__ import annotations

from datetime import date
from datetime import datetime

from watcher.core.calendar import due_date
from watcher.core.calendar import next_business_day
from watcher.core.figures import day
from watcher.core.model import OwnershipDocument
from watcher.core.model import Plan
from watcher.core.model import Row
from watcher.core.model import Timing
from watcher.core.plan import is_planned
from watcher.core.submission import EASTERN

EXCHANGE_ACT = date(1934, 6, 6)  # an earlier trade is a mistyped year
GIFTS_BEGAN = date(2023, 2, 27)  # gifts made from this day on have two business days; gifts received may wait for Form 5
_FOR_FORM_5 = frozenset("LWZ")  # small acquisitions, inheritance, voting trusts (rules 16a-6, 16b-5, 16b-8)


def read_timing(document: OwnershipDocument, plan: Plan, filed_at: datetime) -> Timing:
    """Judge a Form 4 by the transaction of it that was due first; forms 3 and 5 and amendments are "unknown".

    Time counts from the trade or from its deemed execution date, which is at most the third business day after it (rule 16a-3(g)).
    Where a plan's transaction states none, up to the fifth business day "possibly late" is all that can be said. One impossible date
    (before the Act, or after the filing) makes all "unknown".
    """
    filed = filed_at.astimezone(EASTERN).date()
    trades = [row for row in (*document.non_derivative_table, *document.derivative_table) if _has_two_days(row)]
    days = [row.transaction_date for row in trades if row.transaction_date]
    if document.form_type != "4" or not days or min(days) < EXCHANGE_ACT or max(days) > filed:
        return Timing(traded=min(days, default=None), due=None, filed=filed, status="unknown")
    counted, traded = min((_counted_from(on, row.deemed_execution_date), on) for row in trades if (on := row.transaction_date))
    due = due_date(counted)
    if filed <= due:
        reason = f"counted from the deemed execution date, {day(counted)}" if filed > due_date(traded) else ""
        return Timing(traded=traded, due=due, filed=filed, status="on time", reason=reason)
    extended = due_date(_third_business_day_after(traded))
    if counted == traded and filed <= extended and is_planned(plan) is not False:
        reason = "a plan transaction may count from a later, deemed date (rule 16a-3(g))"
        return Timing(traded=traded, due=due, filed=filed, status="possibly late", reason=reason)
    over = (filed - due).days
    return Timing(traded=traded, due=due, filed=filed, status="late", reason=f"by {over} day{'s' if over != 1 else ''}")


def _counted_from(traded: date, deemed: date | None) -> date:
    return traded if deemed is None or deemed <= traded else min(deemed, _third_business_day_after(traded))


def _has_two_days(row: Row) -> bool:
    """Whether this had to be on a Form 4. What a Form 5 could have told is early there, not late."""
    if row.kind != "transaction" or row.transaction_form_type not in {"4", None} or row.transaction_code in _FOR_FORM_5:
        return False
    gift_received_or_old = row.acquired_disposed != "D" or (row.transaction_date or date.max) < GIFTS_BEGAN
    return not (row.transaction_code == "G" and gift_received_or_old)


def _third_business_day_after(day: date) -> date:
    for _ in range(3):
        day = next_business_day(day)
    return day
