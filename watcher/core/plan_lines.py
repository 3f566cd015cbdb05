"""What an alert says of a Rule 10b5-1 plan: the box, the words relied on, the cooling-off period, and what was sold under it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from watcher.core.figures import count
from watcher.core.figures import counted
from watcher.core.figures import day
from watcher.core.figures import dollars
from watcher.core.findings import FilingFacts
from watcher.core.findings import PlanBook
from watcher.core.plan import plan_quotes
from watcher.core.plan import texts_of
from watcher.core.submission import EASTERN
from watcher.core.telling import Line
from watcher.core.telling import Section
from watcher.core.wording import is_planned

_BOX_BEGAN = date(2023, 4, 1)  # release 33-11138
_BOXES = {
    True: "checked",
    False: "not checked, which is not “no plan”: the box is for plans adopted since 27 Feb 2023",
}
_COOLING_OFF = {"passed": "passed ✓", "within": "within it", "cannot tell": "cannot tell", "not asked": "not required"}
# A footnote that speaks of these may disclose the plan's size or end: then nothing is said to be missing.
_SIZE_OR_END = re.compile(
    r"\b(?:expir\w+|terminat\w+|until|through|end(?:s|ed|ing)?|up to|maximum|aggregate|remain\w*|complet\w+|last)\b",
    re.IGNORECASE,
)


def plan_section(facts: FilingFacts) -> Section:
    """All that is said of a plan; empty for a form that has no box for it and says nothing."""
    plan, book = facts.plan, facts.plan_book
    if plan.state == "unknown" and facts.document.form_type.startswith("3"):
        return Section("Plan", ())  # a Form 3 has no such box
    lines = [Line(_BOXES[plan.box] if plan.box is not None else _no_box(facts), label="10b5-1 box")]
    if plan.quote:
        lines.append(Line(f"“{plan.quote}”", label=f"Footnote {plan.footnote}" if plan.footnote else "Remarks"))
    if plan.state == "contradictory":
        lines.append(Line("The box and the footnote contradict each other."))
    if plan.adopted:
        lines.append(Line(day(plan.adopted), label="Adopted"))
    elif is_planned(plan):
        days = sorted({one for *_, dates in plan_quotes(facts.document) for one in dates})
        several = f"more than one day is stated: {', '.join(day(one) for one in days)}"
        lines.append(Line(several if days else "day not stated", label="Adopted"))
    if book is not None:
        lines += [_cooling_off(book), *_tally(book)]
    if is_planned(plan) and not any(_SIZE_OR_END.search(text) for _, text in texts_of(facts.document)):
        lines.append(Line("the plan’s size and end: not disclosed in this filing", label="Not stated"))
    return Section("Plan", tuple(lines))


def _no_box(facts: FilingFacts) -> str:
    if facts.document.source == "text":
        return "not on this form or not legible"
    filed = facts.filed_at.astimezone(EASTERN).date()
    return f"none: forms filed before {day(_BOX_BEGAN)} have no such box" if filed < _BOX_BEGAN else "not stated"


def _cooling_off(book: PlanBook) -> Line:
    parts = [] if book.day is None else [f"day {book.day:,} after adoption"]
    parts += [] if book.earliest is None else [f"earliest allowed {day(book.earliest)}"]
    said = [_COOLING_OFF.get(book.cooling_off, book.cooling_off), *(one for one in parts if one not in book.words)]
    return Line("; ".join(said), label="Cooling-off", note=book.words)


def _tally(book: PlanBook) -> Iterator[Line]:
    """What was sold under the plan, as far as the store goes back."""
    if not book.filings:
        return
    since = f", since {day(book.since)}" if book.since else ""
    worth = f" for {dollars(book.sold_value)}" if book.sold_value is not None else ""
    sold = f"{count(book.sold)}{worth}" if book.sold is not None else "a total not stated"
    first = (
        "the first sale seen under this plan"
        if book.filings == 1
        else f"over {counted(book.filings, 'filing')}, this one included"
    )
    yield Line(f"{sold}; {first}", label="Sold so far", note=f"from your store{since}")
