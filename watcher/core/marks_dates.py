"""Marks on dates. EDGAR checks that a date is one, and little more: 2035-01-10 and year 0022 have been accepted.

The thresholds were measured on 498 filings of 2006 to 2026 and on the SEC's insider data set of 2024Q3 (36,075 filings).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from watcher.core.marks_filing import Doubt
from watcher.core.marks_filing import Filing
from watcher.core.marks_filing import Mark
from watcher.core.marks_filing import quoted

# Forms 4 and 5 more than two years late are 17 of 36,075; a year typed wrong looks just like them.
YEARS_BEFORE = timedelta(days=2 * 365)
# A deemed date is at most three business days after the trade (rule 16a-3(g)(2)): a week, with holidays.
DEEMED_APART = timedelta(days=7)
# Units vest and notes are paid some days after the date they end on: a weekend, or a committee that has to meet.
SETTLED_WITHIN = timedelta(days=30)
# They report, on or after the day, that a security has expired.
EXPIRY_CODES = frozenset("EH")


def transaction_in_the_future(filing: Filing) -> Iterator[Doubt]:
    """Nobody reports what has yet to happen: 2026-08-23 in a filing of 2024-08-26."""
    for line in filing.transactions:
        for name in ("transaction_date", "deemed_execution_date"):
            traded = line.row.transaction_date if name == "transaction_date" else line.row.deemed_execution_date
            if traded is None:
                continue
            if filing.filed_on and traded > filing.filed_on:
                yield line.cell(name), f"{quoted(traded)} is after the filing date, {filing.filed_on}"
            elif filing.last_signed and traded > filing.last_signed:
                yield line.cell(name), f"{quoted(traded)} is after every signature ({filing.last_signed} at the latest)"


def transaction_years_before(filing: Filing) -> Iterator[Doubt]:
    """Two business days are allowed. Amendments speak as of the original date; rows of timeliness L say that they are late."""
    known = filing.filed_on or filing.last_signed
    if known is None or filing.document.form_type.endswith("/A"):
        return
    for line in filing.transactions:
        traded = line.row.transaction_date if line.row.transaction_timeliness != "L" else None
        if traded and known - traded > YEARS_BEFORE:
            yield line.cell("transaction_date"), f"{quoted(traded)} is years before the filing ({known})"


def deemed_date_far_from_transaction(filing: Filing) -> Iterator[Doubt]:
    """The deemed execution date of a plan's trade is the day the owner heard of it (rule 16a-3(g)); one filing says 34 days before."""
    for line in filing.transactions:
        traded, deemed = line.row.transaction_date, line.row.deemed_execution_date
        if traded and deemed and abs(deemed - traded) > DEEMED_APART:
            side = "before" if deemed < traded else "after"
            yield line.cell("deemed_execution_date"), f"{quoted(deemed)} is long {side} the transaction date, {traded}"


def expiration_before_exercise(filing: Filing) -> Iterator[Doubt]:
    """A right that ends before it begins: exercisable 2028-09-30, expiring 2027-11-08."""
    for line in filing.lines:
        begins, ends = line.row.exercise_date, line.row.expiration_date
        if begins and ends and ends < begins:
            yield line.cell("expiration_date"), f"{quoted(ends)} is before the exercise date, {begins}"


def expired_before_transaction(filing: Filing) -> Iterator[Doubt]:
    """An option expired 2018-06-21 cannot be disposed of in 2024. Some software writes 1988-08-08 for "none" (17 filings of 2024Q3)."""
    for line in filing.transactions:
        traded, ends = line.row.transaction_date, line.row.expiration_date
        if traded and ends and traded - ends > SETTLED_WITHIN and line.row.transaction_code not in EXPIRY_CODES:
            yield line.cell("expiration_date"), f"{quoted(ends)} is before the transaction date, {traded}"


def period_is_not_the_earliest_transaction(filing: Filing) -> Iterator[Doubt]:
    """Form 4's period is its earliest transaction (specification v5.5). Rows of form type 5 are early, voluntary reports of older ones.

    On forms 3 and 5 the period is an event or a fiscal year.
    """
    period = filing.document.period_of_report
    if period is None or filing.document.form_type not in {"4", "4/A"}:
        return
    rows = [line.row for line in filing.transactions if line.row.transaction_form_type != "5"]
    earliest = min((row.transaction_date for row in rows if row.transaction_date), default=None)
    if filing.filed_on and period > filing.filed_on:
        yield "period of report", f"{quoted(period)} is after the filing date, {filing.filed_on}"
    elif earliest and period not in {earliest, *(row.deemed_execution_date for row in rows)}:
        yield "period of report", f"{quoted(period)} is not the earliest transaction date, {earliest}"


def signed_after_filing(filing: Filing) -> Iterator[Doubt]:
    """What is filed has been signed; 40 filings of 2024Q3 say otherwise, mostly by a day or a month."""
    for number, signature in enumerate(filing.document.signatures, 1):
        if filing.filed_on and signature.date and signature.date > filing.filed_on:
            yield f"signature {number}, date", f"{quoted(signature.date)} is after the filing date, {filing.filed_on}"


def original_submission(filing: Filing) -> Iterator[Doubt]:
    """An amendment states the date of what it amends: all 520 of 2024Q3 do, one of them a date after its own filing."""
    original = filing.document.date_of_original_submission
    if original is None:
        if filing.document.form_type.endswith("/A"):
            yield "date of original submission", f"is not stated, though this is a form {filing.document.form_type}"
    elif filing.filed_on and original > filing.filed_on:
        yield "date of original submission", f"{quoted(original)} is after the filing date, {filing.filed_on}"


DATE_MARKS: tuple[Mark, ...] = (
    transaction_in_the_future,
    transaction_years_before,
    deemed_date_far_from_transaction,
    expiration_before_exercise,
    expired_before_transaction,
    period_is_not_the_earliest_transaction,
    signed_after_filing,
    original_submission,
)
