"""What an alert says, and in which order, before it is laid out as text, HTML or for Slack.

The verb comes from the code, every dollar figure shows its parts, averages are called so and show their range, what is not known is named.
What is inferred (one event of several rows, what lies behind a gap) says what it rests on. Nothing is scored and nothing advised.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from decimal import InvalidOperation

from watcher.core.event_lines import days_of
from watcher.core.event_lines import event_lines
from watcher.core.figures import count
from watcher.core.figures import counted
from watcher.core.figures import day
from watcher.core.figures import lapse
from watcher.core.figures import moment
from watcher.core.figures import price
from watcher.core.findings import FilingFacts
from watcher.core.findings import RowChange
from watcher.core.holding_lines import holding_section
from watcher.core.plan import sentences
from watcher.core.plan import texts_of
from watcher.core.plan_lines import plan_section
from watcher.core.telling import Line
from watcher.core.telling import Outline
from watcher.core.telling import Reasons
from watcher.core.telling import Section
from watcher.core.wording import headline
from watcher.core.wording import is_planned
from watcher.core.wording import named_owners
from watcher.core.wording import owner_line
from watcher.core.wording import shortened
from watcher.core.wording import subject

_QUOTE = 400  # characters of a reason that is quoted
_CHANGED = re.compile(r"\b(?:amended|modif\w+|restated)\b", re.IGNORECASE)
# "This Form 4 is the second of five Form 4s", "Form 2 of 3", "the first of two filings".
_ONE_OF_SEVERAL = re.compile(
    r"\b(?:\d+(?:st|nd|rd|th)?|one|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)\s+of\s+"
    r"(?:\d+|two|three|four|five|six|seven|eight|nine|ten)\b(?=[^.;]{0,40}\b(?:forms?|filings?|reports?|parts?)\b)"
    r"|\b(?:form|filing|report|part)\s+\d+\s+of\s+\d+\b",
    re.IGNORECASE,
)
_STATED = {
    "not_subject_to_section16": "Exit box checked: no longer subject to Section 16; Form 4 or Form 5 duties may continue",
    "no_securities_owned": "States that no securities are beneficially owned",
    "form3_holdings_reported": "Box checked: reports holdings that a Form 3 should have shown",
    "form4_transactions_reported": "Box checked: reports transactions that a Form 4 should have shown",
}
_FIELDS = {  # as people call them; the others are called as the form does
    "aff10b5_one": "10b5-1 box",
    "not_subject_to_section16": "exit box",
    "reporting_owners": "reporting owner",
    "transaction_date": "day",
    "transaction_code": "code",
    "price_per_share": "price a share",
    "acquired_disposed": "acquired (A) or disposed of (D)",
    "shares_owned_following": "held afterwards",
    "value_owned_following": "value held afterwards",
    "direct_or_indirect": "held directly (D) or indirectly (I)",
    "conversion_or_exercise_price": "strike",
}
_KINDS_OF_ROW = {"changed": "Changed", "added": "Added", "dropped": "Dropped"}
_UNCHANGED_ROWS = {"restated": "restated without a change", "not repeated": "not repeated here, standing as filed"}
_AMENDED = {
    "orphan": "The original is not in your store, so rows cannot be compared",
    "ambiguous": "Several filings in your store fit, so rows are not compared",
}


def outline(facts: FilingFacts, reasons: Reasons) -> Outline:
    """The outline for one filing and watch. `facts.document` must have been made safe (`core.text.cleaned`)."""
    owners = named_owners(facts)
    sections = (
        _happened(facts),
        holding_section(facts),
        plan_section(facts),
        _amendment(facts),
        _context(facts),
        _timing(facts),
        _also(facts),
        _not_known(facts),
        _why(facts, reasons),
    )
    return Outline(
        subject=subject(facts, reasons.watch),
        headline=headline(facts, reasons.watch),
        owners=tuple(owner_line(owner, alone=len(owners) == 1 and facts.document.source != "text") for owner in owners),
        sections=tuple(section for section in sections if section.lines),
        links=(("Filing", facts.url),),
    )


# --- what happened --------------------------------------------------------------------------------------------------------


def _happened(facts: FilingFacts) -> Section:
    dates = sorted({when for event in facts.events for when in event.dates})
    heading = f"What happened ({days_of(dates)})" if dates else "What happened"
    lines: list[Line] = []
    lines += event_lines(facts, several_days=len(dates) > 1)
    document = facts.document
    lines += [Line(words) for name, words in _STATED.items() if getattr(document, name)]
    if document.not_subject_to_section16 and len(document.reporting_owners) > 1:
        lines.append(Line("The form does not tell which of the owners the exit box is for"))
    return Section(heading, tuple(lines))


# --- amendment, context, timing --------------------------------------------------------------------------------------------


def _amendment(facts: FilingFacts) -> Section:
    if not facts.form_type.endswith("/A"):
        return Section("Amendment", ())
    original, amends = facts.document.date_of_original_submission, facts.amends
    which = f" {amends.original}" if amends is not None and amends.original else ""
    lines = [Line(f"the filing{which} of {day(original) if original else 'a date not stated'}", label="Amends")]
    if amends is not None:
        lines += [Line(_AMENDED[amends.state])] if amends.state in _AMENDED else []
        lines += [Line(_otherwise(*head), label="Changed") for head in amends.heads]
        lines += [_row(row, facts) for row in amends.rows if row.kind in _KINDS_OF_ROW]
        for kind, words in _UNCHANGED_ROWS.items():
            number = sum(row.kind == kind for row in amends.rows)
            lines += [Line(f"{counted(number, 'row')} {words}")] if number else []
        lines += [Line(f"“{shortened(amends.reason, _QUOTE)}”", label="Reason given")] if amends.reason else []
    return Section("Amendment", tuple(lines))


def _row(row: RowChange, facts: FilingFacts) -> Line:
    here = f"Table {row.table} row {row.row if row.row is not None else row.original_row}"
    if row.row is not None and row.original_row is not None and row.row != row.original_row:
        here += f" (row {row.original_row} of the original)"
    fields = "; ".join(_otherwise(*field) for field in row.fields) if row.kind == "changed" else ""
    missing = "the totals hold only without it" if row.kind == "dropped" else ""
    said = fields or missing or _added(row, facts)
    return Line(f"{here}: {said}" if said else here, label=_KINDS_OF_ROW[row.kind])


def _added(row: RowChange, facts: FilingFacts) -> str:
    table = facts.document.derivative_table if row.table == "II" else facts.document.non_derivative_table
    if row.kind != "added" or row.row is None or row.row > len(table):
        return ""
    added = table[row.row - 1]
    paid = f" @ {price(added.price_per_share)}" if added.price_per_share else ""
    said = [f"code {added.transaction_code}"] if added.transaction_code else []
    said += [f"{count(added.shares)}{paid}"] if added.shares is not None else []
    said += [f"{count(added.shares_owned_following)} afterwards"] if added.shares_owned_following is not None else []
    return ", ".join([added.security_title or "security not legible", *said])


def _otherwise(name: str, was: str | None, now: str | None) -> str:
    return f"{_FIELDS.get(name, name.replace('_', ' '))} {_figure(name, was)} → {_figure(name, now)}"


def _figure(name: str, value: str | None) -> str:
    """A field of a row as people read it; what is no figure and no day stays as it is."""
    if value is None:
        return "not stated"
    try:
        if name.endswith("date") or name == "period_of_report":
            return day(date.fromisoformat(value))
        if "price" in name or "value" in name:
            return price(Decimal(value))
        return count(Decimal(value)) if "shares" in name else value
    except (ValueError, InvalidOperation):
        return value


def _context(facts: FilingFacts) -> Section:
    since = f", since {day(facts.context.since)}" if facts.context.since else ""
    lines = tuple(Line(one.words[:1].upper() + one.words[1:]) for one in facts.context.observations)
    return Section(f"Context (from your store{since})", lines)


def _timing(facts: FilingFacts) -> Section:
    timing = facts.timing
    due = f" · due {day(timing.due)}" if timing.due else ""
    days = {when for event in facts.events for when in event.dates}
    which = "the first" if timing.traded == min(days, default=None) else "one"
    of_days = f" ({which} of {len(days)} days)" if len(days) > 1 and timing.traded in days else ""
    lines = [Line(f"{day(timing.traded)}{of_days}{due}", label="Traded")] if timing.traded else []
    status = "on time or late: not known" if timing.status == "unknown" else timing.status
    asked = timing.status != "unknown" or timing.traded or timing.reason
    lines.append(Line(moment(facts.filed_at) + (f" · {status}" if asked else ""), label="Accepted", note=timing.reason))
    after = facts.first_seen_at - facts.filed_at
    later = f" · {lapse(after)} after it was accepted" if after.total_seconds() >= 0 else ""
    lines.append(Line(f"{moment(facts.first_seen_at)}{later}", label="First seen"))
    return Section("Timing", tuple(lines))


# --- the rest -------------------------------------------------------------------------------------------------------------


def _also(facts: FilingFacts) -> Section:
    lines = [Line(f"Continues filing {number}: together they report one event") for number in facts.companions]
    said = (one for _, text in reversed(texts_of(facts.document)) if _ONE_OF_SEVERAL.search(text) for one in sentences(text))
    lines += [Line(f"“{shortened(one, _QUOTE)}”", label="Filer says") for one in said if _ONE_OF_SEVERAL.search(one)][:1]
    if facts.same_as is not None:
        one = "sale" if any(part.kind == "sale" for event in facts.events for part in event.parts or (event,)) else "event"
        lines.append(Line(f"The same transactions as in {facts.same_as}, filed by other owners: one {one}, not two"))
    return Section("Also", tuple(lines))


def _not_known(facts: FilingFacts) -> Section:
    """What the filing leaves out though it belongs there, then what no such form tells and people would ask for."""
    parts = [part for event in facts.events for part in event.parts or (event,)]
    missing = [gap for event in facts.events for gap in event.missing] + [gap for part in parts for gap in part.missing]
    if facts.document.source == "text":
        missing = []  # each is a cell of the paper, which the warnings name
    kinds = {part.kind for part in parts}
    never = []
    if kinds & {"sale", "exercise", "withholding"}:
        never.append("tax paid" if "withholding" not in kinds else "tax paid beyond what was withheld")
    if is_planned(facts.plan) and not any(_CHANGED.search(text) for _, text in texts_of(facts.document)):
        never.append("whether the plan was changed")
    if "exercise" in kinds:
        never.append("options that no filing in your store shows")
    lines = [*dict.fromkeys((*missing, *facts.document.warnings)), *([", ".join(never)] if never else [])]
    return Section("Not known", tuple(Line(line) for line in lines))


def _why(facts: FilingFacts, reasons: Reasons) -> Section:
    lines = [Line(f"Watch {reasons.watch.shown}; rule {', '.join(reasons.rules)}")]
    lines += [Line(words) for words in reasons.conditions]
    lines += [Line(f"Accession number {facts.accession_number}"), Line(f"More: watcher why {facts.accession_number}")]
    return Section("Why you got this", tuple(lines))
