"""What a filing says of a Rule 10b5-1 plan: the box and the footnotes, read separately and then held against each other.

The box is per document, exists since 2023 and covers plans adopted under the amended rule, so unchecked is not "no plan".
Source: Form 4 (2023), Rule 10b5-1(c) transaction indication, instruction 10; 17 CFR 240.10b5-1(c).
"""

from __future__ import annotations

import re
from datetime import date
from datetime import datetime
from functools import lru_cache

from watcher.core.findings import Plan
from watcher.core.model import OwnershipDocument

# "10b5-1" with any dash or none, and "10b5 plan"; not "10b-5", which is the rule against fraud.
_RULE = re.compile(
    r"\b10\(?b\)?-?\s?5(?:\s?[-\u2010-\u2015\u2212]?\s?(?:1\b|\(1\))|[\s-]+(?:trading\s+)?(?:plan|arrangement)\b)", re.IGNORECASE
)
_DENIED = re.compile(
    r"\b(?:not\b(?:(?!\b(?:and|but|discretionary|previously)\b)[^.;,]){0,60}(?:pursuant to|under|part of|in connection with)"
    r"|no|without|outside(?:\s+of)?|other than (?:pursuant to|under))\b[^.;,]{0,60}$",
    re.IGNORECASE,
)
_ABBREVIATED = r"(?:Mr|Mrs|Ms|Dr|Jr|Sr|Inc|Corp|Co|Ltd|No|\b[A-Z])"
_SENTENCE_END = re.compile(r"(?<=[A-Za-z0-9)\"”])\.\s+(?=[A-Z(“\"]|\d+%)")
_ENDS_ABBREVIATED = re.compile(rf"\b{_ABBREVIATED}$")
_SPEAKS_OF_THE_PLAN = re.compile(r"\btrading (?:plan|arrangement)|\b(?:the|this|such|that) plan\b", re.IGNORECASE)
_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = (
    rf"(?:{_MONTH}\.?\s+{_DAY},?\s+\d{{4}}|{_DAY}\s+(?:day\s+)?(?:of\s+)?{_MONTH}\.?,?\s+\d{{4}}"
    r"|\d{1,2}[/-]\d{1,2}[/-](?:\d{4}|\d{2})|\d{4}-\d{2}-\d{2})\b"
)
_ANY_DATE = re.compile(rf"\b{_DATE}", re.IGNORECASE)
_VERB = r"\b(?:adopt\w*|enter\w*\s+into|establish\w*|dated|execut\w*|put\s+in(?:to)?\s+place)\b"
# What lies between the verb and its date may not speak of another thing that has a date.
_BETWEEN = (
    r"(?:(?!\b(?:sold|sale|sales|sell|expir\w*|vest\w*|transact\w*|purchas\w*|exercis\w*|commenc\w*|terminat\w*|effective|complet\w*"
    rf"|amend\w*|modif\w*|granted|until|through)\b)(?:\b{_ABBREVIATED}\.|[^.;]))"
)
_ADOPTED = re.compile(
    rf"{_VERB}{_BETWEEN}{{0,90}}?\b(?P<after>{_DATE})|(?:^|\.\s+|\)\s*)on\s+(?P<before>{_DATE}),?{_BETWEEN}{{1,60}}?{_VERB}",
    re.IGNORECASE,
)
_FORMATS = ("%B %d %Y", "%b %d %Y", "%d %B %Y", "%d %b %Y", "%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y", "%m-%d-%y", "%Y-%m-%d")
# The box is for plans under the rule as amended from this day on; an older plan is rightly not checked (release 33-11138).
_BOX_BEGAN = date(2023, 2, 27)


def read_plan(document: OwnershipDocument) -> Plan:
    """The plan as stated. `adopted` is `None` where no date is given, or where the footnotes give more than one.

    Does not judge whether the plan meets the rule.
    """
    quotes = plan_quotes(document)
    dates = {day for *_, days in quotes for day in days}
    adopted = next(iter(dates)) if len(dates) == 1 else None
    footnote, quote, _ = next((one for one in quotes if adopted in one[2]), quotes[0] if quotes else (None, None, ()))
    box = document.aff10b5_one
    if box:
        state = "checked with date" if adopted else "checked"
    elif quotes:
        contradicts = box is False and (adopted is None or adopted >= _BOX_BEGAN)
        state = "contradictory" if contradicts else "text only"
    else:
        state = "unknown" if box is None else "unchecked"
    return Plan(box=box, adopted=adopted, quote=quote, footnote=footnote, state=state)


def is_planned(plan: Plan) -> bool | None:
    """Whether what was done was said to be under a plan; `None` where the filing does not say or contradicts itself."""
    if plan.state in {"checked", "checked with date", "text only"}:
        return True
    return False if plan.state == "unchecked" else None


def adoption_dates(sentence: str) -> list[date]:
    """The days a sentence gives for a plan's adoption, in its order. A month without a day is none."""
    days = (_day(match["after"] or match["before"]) for match in _ADOPTED.finditer(sentence))
    return [day for day in days if day]


def days_in(text: str) -> list[date]:
    """Every calendar day that a text names, in its order; one that does not exist is none."""
    return [day for match in _ANY_DATE.finditer(text) if (day := _day(match[0]))]


def plan_quotes(document: OwnershipDocument) -> list[tuple[str | None, str, tuple[date, ...]]]:
    """(footnote id, words relied on, adoption dates) for each sentence that says the rule applies; `None` stands for the remarks.

    Where that sentence names no date, the next of the same note that speaks of the plan and does is quoted with it.
    """
    return [(note, *found) for note, text in texts_of(document) for found in _quotes(text)]


def texts_of(document: OwnershipDocument) -> list[tuple[str | None, str]]:
    """(footnote id, text) of every footnote in its order, then the remarks under `None`."""
    return [*document.footnotes.items(), *([(None, document.remarks)] if document.remarks else [])]


def sentences(text: str) -> list[str]:
    """The sentences of a note in their order. All but the last are without their full stop; "Mr. Roe" is not two."""
    groups: list[list[str]] = []
    for part in (one.strip() for one in _SENTENCE_END.split(text)):
        if groups and _ENDS_ABBREVIATED.search(groups[-1][-1]):
            groups[-1].append(part)
        else:
            groups.append([part])
    return [". ".join(group) for group in groups]


@lru_cache(maxsize=8192)  # filers word their footnotes alike for years
def _quotes(text: str) -> tuple[tuple[str, tuple[date, ...]], ...]:
    if not _RULE.search(text):
        return ()
    quotes: list[tuple[str, tuple[date, ...]]] = []
    later: tuple[str, tuple[date, ...]] | None = None  # the nearest sentence after this one that speaks of the plan and dates it
    for sentence in reversed(sentences(text)):
        dates = tuple(adoption_dates(sentence))
        match = _RULE.search(sentence)
        if match and not _DENIED.search(sentence[: match.start()]):
            quotes.append((f"{sentence}. {later[0]}", later[1]) if later and not dates else (sentence, dates))
        if dates and _SPEAKS_OF_THE_PLAN.search(sentence):
            later = (sentence, dates)
    return tuple(quotes[::-1])


def _day(text: str) -> date | None:
    text = re.sub(r"(?<=\d)(?:st|nd|rd|th)\b|\b(?:day|of)\b|[.,]", " ", text, flags=re.IGNORECASE)
    text = " ".join(re.sub(r"\bSept\b", "Sep", text, flags=re.IGNORECASE).split())
    for pattern in _FORMATS:
        try:
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007 -- a calendar day, no time in it
        except ValueError:
            continue
    return None
