"""Whether a filing was on time, by EDGAR's calendar. Source: Exchange Act section 16(a)(2)(C), rule 16a-3(g), Form 4 instruction 1."""

from __future__ import annotations

from datetime import date
from datetime import datetime

from watcher.core.calendar import due_date
from watcher.core.calendar import next_business_day
from watcher.core.model import OwnershipDocument
from watcher.core.model import Plan
from watcher.core.model import Timing
from watcher.core.plan import is_planned
from watcher.core.submission import EASTERN


def read_timing(document: OwnershipDocument, plan: Plan, filed_at: datetime) -> Timing:
    """Judge a Form 4 by its earliest transaction that belongs on it; forms 3 and 5 and amendments are "unknown".

    A plan transaction may count from a later, deemed date, up to the third business day after it (rule 16a-3(g)(2)), so up to the
    fifth business day "possibly late" is all that can be said.
    """
    filed = filed_at.astimezone(EASTERN).date()
    traded = _first_traded(document)
    if document.form_type != "4" or traded is None or traded > filed:
        return Timing(traded=traded, due=None, filed=filed, status="unknown")
    due = due_date(traded)
    if filed <= due:
        return Timing(traded=traded, due=due, filed=filed, status="on time")
    extended = due
    for _ in range(3):
        extended = next_business_day(extended)
    if filed <= extended and is_planned(plan) is not False:
        reason = "a plan transaction may count from a later, deemed date (rule 16a-3(g))"
        return Timing(traded=traded, due=due, filed=filed, status="possibly late", reason=reason)
    days = (filed - due).days
    return Timing(traded=traded, due=due, filed=filed, status="late", reason=f"by {days} day{'s' if days != 1 else ''}")


def _first_traded(document: OwnershipDocument) -> date | None:
    rows = (*document.non_derivative_table, *document.derivative_table)
    # On a Form 4, a row of form type 5 is an early, voluntary report: it cannot be late.
    due = [row for row in rows if row.kind == "transaction" and row.transaction_form_type in {"4", None}]
    dates = [row.deemed_execution_date or row.transaction_date for row in due]
    return min((day for day in dates if day is not None), default=None)
