"""An alert in words, for people: one subject line, and the same facts in the same order as plain text and HTML.

The verb comes from the code: "sold" is said of code S alone, never of F, G or M. Every dollar figure shows its parts, unknowns are
named, nothing is advised. Links are only ones built here.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from decimal import Decimal

from watcher.core.figures import count
from watcher.core.figures import day
from watcher.core.figures import dollars
from watcher.core.figures import moment
from watcher.core.figures import price
from watcher.core.figures import short_dollars
from watcher.core.footnotes import read_footnotes
from watcher.core.model import Event
from watcher.core.model import FilingFacts
from watcher.core.model import HoldingChange
from watcher.core.model import ReportingOwner
from watcher.core.telling import Message
from watcher.core.telling import WatchedAs

SUBJECT_LIMIT = 110

# kind, direction -> past tense. What is not here is said by its codes.
_VERBS: dict[tuple[str, str | None], str] = {
    ("sale", "D"): "sold",
    ("purchase", "A"): "bought",
    ("exercise", None): "exercised",
    ("vest", None): "vested",
    ("withholding", "D"): "had withheld",
    ("gift", "D"): "gave",
    ("gift", "A"): "received as a gift",
    ("award", "A"): "was awarded",
    ("conversion", "A"): "received by conversion",
    ("conversion", "D"): "converted",
    ("conversion", None): "converted",
    ("disposition", "D"): "returned or tendered",
}
# What comes first in a subject line, where there is no room for all.
_ORDER = ("exercise", "sale", "purchase", "vest", "withholding", "gift", "disposition", "conversion", "award", "other")

# What Table II counts, by the first of these words in its title.
_UNITS = {"option": "options", "warrant": "warrants", "appreciation": "SARs", "right": "rights", "unit": "units"}

Section = tuple[str, list[str]]


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why somebody is told: the watch and the names of the rules that matched."""

    watch: WatchedAs
    rules: tuple[str, ...]


def sec_url(accession_number: str, cik: str) -> str:
    """The SEC's index page of a filing. Built from digits only."""
    return f"https://www.sec.gov/Archives/edgar/data/{int(cik)}/{accession_number.replace('-', '')}/{accession_number}-index.htm"


def alert_message(facts: FilingFacts, reasons: Reasons) -> Message:
    """The message for one filing and watch. `facts.document` must have been made safe (`core.text.cleaned`)."""
    sections = [
        _what_happened(facts),
        _holdings(facts),
        _plan(facts),
        _timing(facts),
        _unknown(facts),
        _why(facts, reasons),
    ]
    title = subject(facts, reasons.watch)
    head = [_headline(facts, reasons.watch), *(_owner_line(owner) for owner in facts.document.reporting_owners)]
    return _rendered(title, head, [section for section in sections if section[1]], facts.url)


def quarantine_message(accession_number: str, form_type: str, names: str, reason: str, url: str, watch: WatchedAs) -> Message:
    """For a filing we could not read: that it exists, why it is not understood, and where to read it."""
    title = f"{watch.shown}: a Form {form_type} was filed that could not be read"
    head = [f"{watch.shown}: Form {form_type} of {names or 'parties not legible'} could not be read"]
    sections: list[Section] = [
        ("What is known", [f"Accession number {accession_number}", f"Reason: {reason}"]),
        ("What to do", ["Please read it at the SEC: a sale or an exercise may stand in it.", f"watcher why {accession_number}"]),
    ]
    return _rendered(shortened(title, SUBJECT_LIMIT), head, sections, url)


def subject(facts: FilingFacts, watch: WatchedAs) -> str:
    """One line of at most 110 characters: who, what, how much, planned or not."""
    symbol = watch.ticker or facts.document.issuer.trading_symbol or watch.shown
    owners = facts.document.reporting_owners
    name = owners[0].name or "reporting owner not legible" if owners else "reporting owner not legible"
    more = f" and {len(owners) - 1} more" if len(owners) > 1 else ""
    role = _role(owners[0]) if owners else ""
    amendment = " (amendment)" if facts.form_type.endswith("/A") else ""
    tail = f"{more} {_deeds(facts)}{_planned(facts)}{amendment}"
    room = SUBJECT_LIMIT - len(f"{symbol}: {tail}")
    who = f"{role} {name}".strip()
    if len(who) > room:
        who = shortened(name, max(room, 20))
    return shortened(f"{symbol}: {who}{tail}", SUBJECT_LIMIT)


def shortened(text: str, limit: int) -> str:
    """The text in at most `limit` characters, cut at a space and never inside a figure; an ellipsis says that it was cut."""
    return text if len(text) <= limit else f"{text[: limit - 1].rpartition(' ')[0] or text[: limit - 1]}…"


# --- parts ----------------------------------------------------------------------------------------------------------------


def _main_events(facts: FilingFacts) -> list[Event]:
    return sorted(facts.events, key=lambda event: _ORDER.index(event.kind) if event.kind in _ORDER else len(_ORDER))


def _deeds(facts: FilingFacts) -> str:
    events = _main_events(facts)
    if not events:
        return f"filed a Form {facts.form_type} without a transaction"
    groups: dict[tuple[str, str, str], list[Event]] = {}
    for event in events:
        groups.setdefault((event.kind, _verb(event), _unit(event)), []).append(event)
    wanted = [key for key in groups if key[0] in {"exercise", "sale"}] or list(groups)[:1]
    return " and ".join(_deed(verb, unit, groups[kind, verb, unit]) for kind, verb, unit in wanted)


def _deed(verb: str, unit: str, events: list[Event]) -> str:
    shares = _sum([event.shares for event in events])
    worth = _sum([event.value for event in events]) if events[0].kind in {"sale", "purchase"} else None
    if shares is None:
        return f"{verb} {unit} (number not stated or not legible)"
    least = " at least" if any(gap.startswith("code of") for event in events for gap in event.missing) else ""
    return f"{verb}{least} {count(shares)} {unit}" + (f" ({short_dollars(worth)})" if worth is not None else "")


def _unit(event: Event) -> str:
    if all(table == "I" for table, _ in event.rows):
        return "sh"
    title = (event.security_title or "").casefold()
    return next((unit for word, unit in _UNITS.items() if word in title), "derivative securities")


def _sum(values: list[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) if len(known) == len(values) else None


def _planned(facts: FilingFacts) -> str:
    return {
        "checked": ", 10b5-1 plan",
        "checked with date": ", 10b5-1 plan",
        "text only": ", 10b5-1 plan (by footnote)",
        "contradictory": ", 10b5-1 unclear",
    }.get(facts.plan.state, "")


def _verb(event: Event) -> str:
    verb = _VERBS.get((event.kind, event.direction)) or _VERBS.get((event.kind, None))
    if verb is None and not event.codes:
        verb = {"A": "acquired", "D": "disposed of"}.get(event.direction or "", "reported")
    return verb or f"reported code {'/'.join(event.codes)}:"


def _headline(facts: FilingFacts, watch: WatchedAs) -> str:
    issuer = facts.document.issuer
    symbol = watch.ticker or issuer.trading_symbol or watch.shown
    deeds = list(dict.fromkeys(_verb(event).removesuffix(":") for event in _main_events(facts)))
    return f"{symbol} · {issuer.name or 'issuer not legible'}: {', '.join(deeds) or 'no transaction'} (Form {facts.form_type})"


def _role(owner: ReportingOwner) -> str:
    if owner.officer_title:
        return owner.officer_title
    if owner.is_director:
        return "director"
    return "10% owner" if owner.is_ten_percent_owner else (owner.other_text or "")


def _owner_line(owner: ReportingOwner) -> str:
    roles = [
        label
        for label, held in (
            ("officer", owner.is_officer),
            ("director", owner.is_director),
            ("10% owner", owner.is_ten_percent_owner),
            (owner.other_text or "other", owner.is_other),
        )
        if held
    ]
    title = f", {owner.officer_title}" if owner.officer_title else ""
    return f"{owner.name or 'name not legible'}{title} ({', '.join(roles) or 'relationship not stated'})"


def _what_happened(facts: FilingFacts) -> Section:
    dates = sorted({when for event in facts.events for when in event.dates})
    heading = "What happened"
    if dates:
        heading += f" ({day(dates[0])}{f' to {day(dates[-1])}' if len(dates) > 1 else ''})"
    return heading, [_event_line(event, facts) for event in _main_events(facts)]


def _event_line(event: Event, facts: FilingFacts) -> str:
    shares = count(event.shares) if event.shares is not None else "a number not stated or not legible of"
    verb = _verb(event)
    parts = [f"{verb[0].upper()}{verb[1:]} {shares} {event.security_title or 'security not legible'}"]
    if event.kind == "exercise":
        if event.exercise_price is not None:
            parts.append(f"at {price(event.exercise_price)}")
        if event.cost is not None:
            parts.append(f"= cost {dollars(event.cost)}")
        parts += _vested(event, facts)
    elif event.price_average:
        parts += _at_price(event, facts)
    elif event.value:
        parts.append(f"for {dollars(event.value)}")
    if event.remaining is not None:
        expiry = f", expiring {day(event.expiration_date)}" if event.expiration_date else ""
        parts.append(f"· {count(event.remaining)} of these left{expiry}")
    notes = f"; footnotes {', '.join(event.footnotes)}" if event.footnotes else ""
    return f"{' '.join(parts)} (code {'/'.join(event.codes) or 'not legible'}{notes})"


def _vested(event: Event, facts: FilingFacts) -> list[str]:
    """What footnotes on every row of the option say; "exercisable" is not called "vested"."""
    said = {fact.footnote: fact.quote for fact in read_footnotes(facts.document) if fact.kind == "fully vested"}
    quotes = []
    for number in (number for table, number in event.rows if table == "II"):
        hung = (note for notes in facts.document.derivative_table[number - 1].footnotes.values() for note in notes)
        quotes.append(" ".join(said.get(note, "") for note in hung).strip())
    if not quotes or not all(quotes):
        return []
    return ["· vested in full" if all("vested" in quote.casefold() for quote in quotes) else "· exercisable in full"]


def _at_price(event: Event, facts: FilingFacts) -> list[str]:
    low, high, average = event.price_low, event.price_high, event.price_average
    ranges = low is not None and high is not None and low != high
    weighted = any("weighted" in facts.document.footnotes.get(note, "").casefold() for note in event.footnotes)
    parts = [f"at {price(average)}" if average is not None else "", "on average" if ranges or weighted else ""]
    parts.append(f"= {dollars(event.value)}" if event.value is not None else "")
    if ranges and low is not None and high is not None:
        parts.append(f"(range {price(low)} to {price(high)})")
    return [part for part in parts if part]


def _holdings(facts: FilingFacts) -> Section:
    return "Holdings", [_holding_line(change, facts) for change in facts.changes]


def _holding_line(change: HoldingChange, facts: FilingFacts) -> str:
    unit = dollars if change.in_dollars else count
    line = (
        "direct"
        if change.direct_or_indirect == "D"
        else "indirect"
        if change.direct_or_indirect == "I"
        else "form of ownership not legible"
    )
    nature = f" ({change.nature_of_ownership})" if change.nature_of_ownership else ""
    terms = "".join(
        (
            f", {price(Decimal(change.key.exercise_price))}" if change.key.exercise_price else "",
            f", expires {change.key.expiration}" if change.key.expiration else "",
        )
    )
    after = unit(change.after) if change.after is not None else "not stated as one total"
    text = f"{change.security_title or 'security not legible'}{terms}, {line}{nature}: "
    if change.before is None:
        known = "before: none in the store" if facts.baseline_done else "earlier holdings are not known yet"
        return f"{text}{after} after ({known})"
    text += f"{unit(change.before)} → {after}"
    if change.change:
        text += f" ({'+' if change.change > 0 else '−'}{count(abs(change.change))} reported here)"
    if change.unexplained:
        since = f" since {day(change.before_as_of)}" if change.before_as_of else ""
        sign = "+" if change.unexplained > 0 else "−"
        text += f"; {sign}{count(abs(change.unexplained))}{since} is not explained by what has been filed"
    return text


def _plan(facts: FilingFacts) -> Section:
    plan = facts.plan
    box = {True: "checked", False: "not checked", None: "not on this form or not legible"}[plan.box]
    lines = [f"10b5-1 box: {box}"]
    if plan.adopted:
        lines.append(f"Plan adopted {day(plan.adopted)}")
    if plan.quote:
        lines.append(f"{f'Footnote {plan.footnote}' if plan.footnote else 'Remarks'}: “{plan.quote}”")
    if plan.state == "contradictory":
        lines.append("The box and the footnote contradict each other.")
    return "Plan", lines


def _timing(facts: FilingFacts) -> Section:
    timing = facts.timing
    parts = [f"traded {day(timing.traded)}" if timing.traded else "", f"due {day(timing.due)}" if timing.due else ""]
    parts.append(f"accepted {moment(facts.filed_at)}")
    verdict = "" if timing.status == "unknown" else f" ({timing.status}{f' {timing.reason}' if timing.reason else ''})"
    return "Timing", [" · ".join(part for part in parts if part) + verdict]


def _unknown(facts: FilingFacts) -> Section:
    missing = [gap for event in facts.events for gap in event.missing]
    if facts.document.source == "text":
        missing = []  # each is a cell of the paper, which the warnings name
    return "Not known", list(dict.fromkeys([*missing, *facts.document.warnings]))


def _why(facts: FilingFacts, reasons: Reasons) -> Section:
    rules = ", ".join(reasons.rules)
    lines = [f"Watch {reasons.watch.shown}; rule {rules}", f"Accession number {facts.accession_number}"]
    if facts.form_type.endswith("/A"):
        original = facts.document.date_of_original_submission
        lines.append(f"This amends a filing of {day(original) if original else 'a date not stated'}.")
    lines.append(f"More: watcher why {facts.accession_number}")
    return "Why you got this", lines


def _rendered(title: str, head: list[str], sections: list[Section], url: str) -> Message:
    text = [*head]
    page = [f"<p><strong>{html.escape(head[0])}</strong>" + "".join(f"<br>{html.escape(line)}" for line in head[1:]) + "</p>"]
    for heading, lines in sections:
        text += ["", heading, *(f"  {line}" for line in lines)]
        page.append(f"<p><b>{html.escape(heading)}</b>" + "".join(f"<br>{html.escape(line)}" for line in lines) + "</p>")
    text += ["", f"Filing: {url}"]
    page.append(f'<p>Filing: <a href="{html.escape(url)}">{html.escape(url)}</a></p>')
    return Message(title=title, text="\n".join(text), html="\n".join(page))
