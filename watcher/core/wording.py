"""The words of an alert: what was done, by code and direction; what is counted, by title; who did it.

"Sold" is said of code S and disposed alone, never of F, G or M; "bought" of P and acquired alone; "planned" only where the box is checked
or a footnote says so. Nothing is judged and nothing is advised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import replace
from decimal import Decimal

from watcher.core.figures import count
from watcher.core.figures import short_dollars
from watcher.core.findings import Event
from watcher.core.findings import FilingFacts
from watcher.core.findings import Plan
from watcher.core.model import ReportingOwner
from watcher.core.telling import WatchedAs

SUBJECT_LIMIT = 110

EXERCISE_AND_SELL = "exercise_and_sell"


@dataclass(frozen=True, slots=True)
class Deed:
    """One kind of event in words: in a sentence, in a headline, at the head of a line, and what its dollars are."""

    verb: str
    noun: str
    label: str
    dollars: str


# field of `ReportingOwner` -> words, of the relationships that are usual
USUAL_ROLES = (("is_officer", "officer"), ("is_director", "director"), ("is_ten_percent_owner", "10% owner"))

# kind, direction -> words. What is not here is said by its codes.
_DEEDS: dict[tuple[str, str | None], Deed] = {
    ("sale", "D"): Deed("sold", "sale", "Sold", "gross"),
    ("purchase", "A"): Deed("bought", "purchase", "Bought", "cost"),
    ("exercise", None): Deed("exercised", "exercise", "Exercised", "cost"),
    ("vest", None): Deed("vested", "vesting", "Vested", "cost"),
    ("withholding", "D"): Deed("had withheld", "withholding", "Withheld", "worth"),
    ("gift", "D"): Deed("gave", "gift", "Gave", "stated value"),
    ("gift", "A"): Deed("received as a gift", "gift received", "Was given", "stated value"),
    ("award", "A"): Deed("was awarded", "award", "Awarded", "cost"),
    ("conversion", "A"): Deed("received by conversion", "conversion", "Received", "stated value"),
    ("conversion", None): Deed("converted", "conversion", "Converted", "stated value"),
    ("disposition", "D"): Deed("returned or tendered", "return or tender", "Returned", "for"),
    # Its codes say more, where they are legible.
    ("other", "A"): Deed("acquired", "acquisition", "Acquired", "stated value"),
    ("other", "D"): Deed("disposed of", "disposal", "Disposed of", "stated value"),
    ("other", None): Deed("reported", "transaction not legible", "Reported", "stated value"),
}
# What comes first where there is no room for all.
_ORDER = (EXERCISE_AND_SELL, "exercise", "sale", "purchase", "vest", "withholding", "gift", "disposition", "conversion", "award")

# What Table II counts, by the first of these words in its title.
_UNITS = {"option": "options", "warrant": "warrants", "appreciation": "SARs", "right": "rights", "unit": "units"}
_SHARES = ("stock", "share", "common")

# Titles that have one usual abbreviation, for the subject line.
_SHORT_TITLES = {
    "chief executive officer": "CEO",
    "chief financial officer": "CFO",
    "chief legal officer": "CLO",
    "chief operating officer": "COO",
    "chief technology officer": "CTO",
    "general counsel": "GC",
}

_SEE_REMARKS = re.compile(r"see (?:the )?remarks?(?: (?:below|section))?\.?", re.IGNORECASE)
_AN_OFFICE = re.compile(
    r"\b(?:officer|president|counsel|secretary|treasurer|controller|chair\w*|head|C[EFTO]O|[ES]?VP)\b", re.IGNORECASE
)
_LONGEST_OFFICE = 100  # characters; longer remarks say other things too

_PLANNED = {"checked", "checked with date", "text only"}
_ON_A_PLAN = {
    "checked": ", 10b5-1 plan",
    "checked with date": ", 10b5-1 plan",
    "text only": ", 10b5-1 plan (by footnote)",
    "contradictory": ", 10b5-1 unclear",
}


def subject(facts: FilingFacts, watch: WatchedAs) -> str:
    """One line of at most 110 characters: who, what, how much, planned or not, and whether what is held is as before."""
    symbol = shown_symbol(facts, watch)
    owners = named_owners(facts)
    name = (owners[0].name if owners else None) or "reporting owner not legible"
    more = f" and {len(owners) - 1} more" if len(owners) > 1 else ""
    role = _role(owners[0]) if owners else ""
    amendment = " (amendment)" if facts.form_type.endswith("/A") else ""
    forms = len({number for event in facts.events for number in event.filings})
    over = f" over {1 + forms} forms" if forms else ""
    did, on_a_plan = f"{more} {_deeds(facts)}{over}", _ON_A_PLAN.get(facts.plan.state, "")
    unchanged = "; stake unchanged" if _is_unchanged(facts) else ""
    tail = f"{did}{on_a_plan.partition(' (')[0]}{amendment}"
    for line in (
        f"{symbol}: {role} {name}{did}{on_a_plan}{amendment}{unchanged}",
        f"{symbol}: {role} {name}{did}{on_a_plan}{amendment}",
        f"{symbol}: {role} {name}{tail}",
        f"{symbol}: {name}{tail}",
    ):
        if len(one := " ".join(line.split())) <= SUBJECT_LIMIT:
            return one
    room = SUBJECT_LIMIT - len(f"{symbol}: {tail}")
    return shortened(f"{symbol}: {shortened(name, max(room, 20))}{tail}", SUBJECT_LIMIT)


def headline(facts: FilingFacts, watch: WatchedAs) -> str:
    """`EXMP · Example Corp — planned exercise-and-sell (Form 4)`."""
    mark = "planned " if facts.plan.state in _PLANNED else ""
    nouns = [
        f"{mark}{noun}" if event.kind in {EXERCISE_AND_SELL, "sale", "purchase"} else noun
        for event in main_events(facts)
        for noun in [_noun(event)]
    ]
    what = ", ".join(dict.fromkeys(nouns)) or "no transaction"
    issuer = facts.document.issuer.name or "issuer not legible"
    return f"{shown_symbol(facts, watch)} · {issuer} — {what} (Form {facts.form_type})"


def named_owners(facts: FilingFacts) -> tuple[ReportingOwner, ...]:
    """The reporting owners; the title of one who is alone stands in the remarks where the form says "See Remarks"."""
    owners, remarks = facts.document.reporting_owners, (facts.document.remarks or "").rstrip(". ")
    if len(owners) != 1 or not _SEE_REMARKS.fullmatch(owners[0].officer_title or ""):
        return owners
    is_an_office = len(remarks) <= _LONGEST_OFFICE and _AN_OFFICE.search(remarks) and "exhibit" not in remarks.casefold()
    return (replace(owners[0], officer_title=remarks),) if is_an_office else owners


def shown_symbol(facts: FilingFacts, watch: WatchedAs) -> str:
    """The issuer's ticker as we resolved it, else as the filer typed it, else the watch."""
    return watch.ticker or facts.document.issuer.trading_symbol or watch.shown


def shortened(text: str, limit: int) -> str:
    """The text in at most `limit` characters, cut at a space and never inside a figure; an ellipsis says that it was cut."""
    return text if len(text) <= limit else f"{text[: limit - 1].rpartition(' ')[0] or text[: limit - 1]}…"


def main_events(facts: FilingFacts) -> list[Event]:
    """The events, those that matter most to a reader first."""
    return sorted(facts.events, key=lambda event: _ORDER.index(event.kind) if event.kind in _ORDER else len(_ORDER))


def is_planned(plan: Plan) -> bool:
    """Whether the words "planned" and "plan" may be used of what was done."""
    return plan.state in _PLANNED


def known_deed(kind: str, direction: str | None) -> Deed | None:
    """The words for a kind of event in this direction; `None` where only its codes can say it."""
    return _DEEDS.get((kind, direction)) or _DEEDS.get((kind, None))


def deed_of(event: Event) -> Deed:
    """The words for an event that has no parts."""
    deed = known_deed(event.kind, event.direction)
    codes = "/".join(event.codes)
    if deed is not None and not (event.kind == "other" and codes):
        return deed
    return Deed(f"reported code {codes}:", f"code {codes}", f"Code {codes}", "stated value")


def unit_of(event: Event) -> tuple[str, bool]:
    """What is counted, and whether these are the title's own words: `("options", False)`, `("LP Interests", True)`."""
    title = event.security_title or "security not legible"
    folded = title.casefold()
    if _is_of_shares(event):
        return ("shares", False) if any(word in folded for word in _SHARES) and "unit" not in folded else (title, True)
    unit = next((unit for word, unit in _UNITS.items() if word in folded), None)
    return (unit, False) if unit else (title, True)


def owner_line(owner: ReportingOwner, *, alone: bool) -> str:
    """One reporting owner with every relationship stated; of one who is alone, also the usual ones not stated."""
    held = [words for field, words in USUAL_ROLES if getattr(owner, field)]
    others = [words for _, words in USUAL_ROLES if words not in held]
    held += [owner.other_text or "other"] if owner.is_other else []
    roles = ", ".join(held) or "relationship not stated"
    if alone and held:
        roles += "; not " + ", not ".join(others) if others else ""
    title = f", {owner.officer_title}" if owner.officer_title else ""
    return f"{owner.name or 'name not legible'}{title} ({roles})"


# --- parts ----------------------------------------------------------------------------------------------------------------


def _deeds(facts: FilingFacts) -> str:
    events = main_events(facts)
    if not events:
        return f"filed a Form {facts.form_type} without a transaction"
    groups: dict[tuple[str, str, str], list[Event]] = {}
    for part in (part for event in events for part in event.parts or (event,)):
        groups.setdefault((part.kind, deed_of(part).verb, _short_unit(part)), []).append(part)
    wanted = [key for key in groups if key[0] in {"exercise", "sale"}] or list(groups)[:1]
    if [key[0] for key in wanted] == ["exercise", "sale"] and [event.kind for event in events].count(EXERCISE_AND_SELL) == 1:
        (exercised, sold) = (groups[key] for key in wanted)
        if _sum(event.shares for event in exercised) == _sum(event.shares for event in sold) is not None:
            return f"exercised and {_deed(wanted[1], sold)}"
    return " and ".join(_deed(key, groups[key]) for key in wanted)


def _deed(key: tuple[str, str, str], events: list[Event]) -> str:
    kind, verb, unit = key
    shares = _sum(event.shares for event in events)
    worth = _sum(event.value for event in events) if kind in {"sale", "purchase"} else None
    if shares is None:
        return f"{verb} {unit} (number not stated or not legible)"
    least = " at least" if any(gap.startswith("code of") for event in events for gap in event.missing) else ""
    return f"{verb}{least} {count(shares)} {unit}" + (f" ({short_dollars(worth)})" if worth is not None else "")


def _short_unit(event: Event) -> str:
    if _is_of_shares(event):
        return "sh"
    unit, is_title = unit_of(event)
    return "derivative securities" if is_title else unit


def _is_of_shares(event: Event) -> bool:
    """Whether an event counts Table I. A part that stands wholly in a companion filing has no rows here."""
    if event.rows:
        return all(table == "I" for table, _ in event.rows)
    return event.kind not in {"exercise", "vest"}


def _noun(event: Event) -> str:
    return "exercise-and-sell" if event.kind == EXERCISE_AND_SELL else deed_of(event).noun


def _role(owner: ReportingOwner) -> str:
    if owner.officer_title:
        return _SHORT_TITLES.get(owner.officer_title.casefold(), owner.officer_title)
    if owner.is_director:
        return "director"
    return "10% owner" if owner.is_ten_percent_owner else (owner.other_text or "")


def _is_unchanged(facts: FilingFacts) -> bool:
    """Whether all lines of shares that the filing shows are known to be as they were, though it tells of an exercise and a sale."""
    if not any(event.kind == EXERCISE_AND_SELL for event in facts.events):
        return False
    shares = [change for change in facts.changes if change.key.table == "I"]
    return bool(shares) and all(change.standing == "matches" and change.before == change.after for change in shares)


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    total = Decimal(0)
    for value in values:
        if value is None:
            return None
        total += value
    return total
