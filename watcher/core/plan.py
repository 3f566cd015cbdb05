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
_SENTENCE_END = re.compile(r"(?<=[A-Za-z0-9)\"”])\.\s+(?=[A-Z(“\"])")
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
    quotes = _quotes(document)
    dates = {day for *_, days in quotes for day in days}
    adopted = next(iter(dates)) if len(dates) == 1 else None
    footnote, quote, _ = next((one for one in quotes if adopted in one[2]), quotes[0] if quotes else (None, None, []))
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
    found = []
    for match in _ADOPTED.finditer(sentence):
        text = re.sub(
            r"(?<=\d)(?:st|nd|rd|th)\b|\b(?:day|of)\b|[.,]", " ", match["after"] or match["before"], flags=re.IGNORECASE
        )
        text = " ".join(re.sub(r"\bSept\b", "Sep", text, flags=re.IGNORECASE).split())
        for pattern in _FORMATS:
            try:
                found.append(datetime.strptime(text, pattern).date())  # noqa: DTZ007 -- a calendar day, no time in it
                break
            except ValueError:
                continue
    return found


def _quotes(document: OwnershipDocument) -> list[tuple[str | None, str, list[date]]]:
    """(footnote id, words relied on, adoption dates) for each sentence that says the rule applies; `None` stands for the remarks.

    Where that sentence names no date, the next of the same note that speaks of the plan and does is quoted with it.
    """
    texts: list[tuple[str | None, str]] = [*document.footnotes.items()]
    if document.remarks:
        texts.append((None, document.remarks))
    quotes = []
    for note, text in texts:
        sentences = _sentences(text)
        for number, sentence in enumerate(sentences):
            match = _RULE.search(sentence)
            if match is None or _DENIED.search(sentence[: match.start()]):
                continue
            dates = adoption_dates(sentence)
            later = next(
                (one for one in sentences[number + 1 :] if _SPEAKS_OF_THE_PLAN.search(one) and adoption_dates(one)), None
            )
            if not dates and later is not None:
                quotes.append((note, f"{sentence}. {later}", adoption_dates(later)))
            else:
                quotes.append((note, sentence, dates))
    return quotes


def _sentences(text: str) -> list[str]:
    sentences: list[str] = []
    for part in (one.strip() for one in _SENTENCE_END.split(text)):
        if sentences and _ENDS_ABBREVIATED.search(sentences[-1]):
            sentences[-1] += f". {part}"
        else:
            sentences.append(part)
    return sentences
