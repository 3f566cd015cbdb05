"""What a filing says of a Rule 10b5-1 plan: the box and the footnotes, read separately and then held against each other.

The box is per document, exists since 2023 and covers plans adopted under the amended rule, so unchecked is not "no plan".
Source: Form 4 (2023), Rule 10b5-1(c) transaction indication, instruction 10; 17 CFR 240.10b5-1(c).
"""

from __future__ import annotations

import re
from datetime import date
from datetime import datetime

from watcher.core.model import OwnershipDocument
from watcher.core.model import Plan

_RULE = re.compile(r"10b\s?5\s?[-\u2010-\u2015\u2212]?\s?1\b", re.IGNORECASE)
_DENIED = re.compile(r"\bnot\b[^.;]{0,60}(?:pursuant to|under|part of)[^.;]{0,60}$", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[a-z0-9\)\"”])\.\s+(?=[A-Z(“\"])")
_ADOPTED = re.compile(
    r"\b(?:adopt\w*|enter\w*\s+into|establish\w*|dated|execut\w*|effective)\b[^.;]{0,90}?\b(?:on\s+|as of\s+|dated\s+)?"
    r"(?P<date>(?:January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|"
    r"Sept?|Oct|Nov|Dec)\.?\s+\d{1,2},?\s+\d{4}|\d{1,2}\s+[A-Z][a-z]+\s+\d{4}|\d{1,2}/\d{1,2}/(?:\d{4}|\d{2})|\d{4}-\d{2}-\d{2})"
)
_FORMATS = ("%B %d %Y", "%b %d %Y", "%d %B %Y", "%m/%d/%Y", "%m/%d/%y", "%Y-%m-%d")


def read_plan(document: OwnershipDocument) -> Plan:
    """The plan as stated. `adopted` is `None` where no date is given, or where the footnotes give more than one.

    Does not judge whether the plan meets the rule.
    """
    quotes = _quotes(document)
    dates = {found for _, sentence in quotes for found in adoption_dates(sentence)}
    adopted = next(iter(dates)) if len(dates) == 1 else None
    footnote, quote = quotes[0] if quotes else (None, None)
    if adopted is not None:
        footnote, quote = next((note, text) for note, text in quotes if adopted in adoption_dates(text))
    box = document.aff10b5_one
    if box:
        state = "checked with date" if adopted else "checked"
    elif quotes:
        state = "contradictory" if box is False else "text only"
    else:
        state = "unknown" if box is None else "unchecked"
    return Plan(box=box, adopted=adopted, quote=quote, footnote=footnote, state=state)


def is_planned(plan: Plan) -> bool | None:
    """Whether what was done was said to be under a plan; `None` where the filing does not say or contradicts itself."""
    if plan.state in {"checked", "checked with date", "text only"}:
        return True
    return False if plan.state == "unchecked" else None


def adoption_dates(sentence: str) -> list[date]:
    """The dates a sentence gives for a plan's adoption, in its order."""
    found = []
    for match in _ADOPTED.finditer(sentence):
        text = " ".join(re.sub(r"\bSept\b", "Sep", match["date"]).replace(",", " ").replace(".", " ").split())
        for pattern in _FORMATS:
            try:
                found.append(datetime.strptime(text, pattern).date())  # noqa: DTZ007 -- a calendar day, no time in it
                break
            except ValueError:
                continue
    return found


def _quotes(document: OwnershipDocument) -> list[tuple[str | None, str]]:
    """(footnote id, sentence) for each sentence that says the rule applies; ("", ...) stands for the remarks."""
    texts: list[tuple[str | None, str]] = [*document.footnotes.items()]
    if document.remarks:
        texts.append((None, document.remarks))
    return [
        (note, sentence.strip())
        for note, text in texts
        for sentence in _SENTENCE_END.split(text)
        if (match := _RULE.search(sentence)) and not _DENIED.search(sentence[: match.start()])
    ]
