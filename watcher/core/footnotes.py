"""What footnotes state that a row cannot: an average price and its range, a plan, options vested in full, what a unit is.

Each fact keeps the words it rests on. What is denied, still to come, conditional, or true of a part only is no fact here; silence
is no fact either. Sources: SEC no-action letter of 25 June 2008 (weighted averages); Form 4, items 4 and 6; 17 CFR 240.10b5-1(c).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from watcher.core.model import OwnershipDocument
from watcher.core.plan import days_in
from watcher.core.plan import plan_quotes
from watcher.core.plan import sentences
from watcher.core.plan import texts_of

_AMOUNT = r"(?:(?:approximately|about)\s+)?(?:USD|(?:US\s?)?\$)?\s?([0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+)"
_A_SHARE = r"\s*(?:(?:per|a|/)\s?share\s*)?"
_DASH = "-\u2013\u2014"
_FROM_TO = re.compile(
    rf"(?:\brang\w+(?:\s+(?:from|between|of|was|is)|\s*:)?|\bbetween|\bfrom|\bprices?\s+of)\s*{_AMOUNT}{_A_SHARE}"
    rf"(?:(?:up\s+)?to|and|through|[{_DASH}])\s*{_AMOUNT}",
    re.IGNORECASE,
)
_LOW, _HIGH = r"\b(?:low(?:est)?|minimum)\b[^$]{0,60}\$", r"\b(?:high(?:est)?|maximum)\b[^$]{0,60}\$"
_LOW_AND_HIGH = re.compile(rf"{_LOW}{_AMOUNT}[^$]{{0,60}}{_HIGH}{_AMOUNT}", re.IGNORECASE)
_HIGH_AND_LOW = re.compile(rf"{_HIGH}{_AMOUNT}[^$]{{0,60}}{_LOW}{_AMOUNT}", re.IGNORECASE)
_CENT = Decimal("0.01")

# "Volume-weighted" averages are hurdles and conversion rates, not what somebody was paid.
_WEIGHTED = re.compile(r"(?<!volume[ -])\bweighted[\s-]+averages?\b(?!\s+exercise)|\baverage\s+weighted\s+price\b", re.IGNORECASE)
_OF_A_PRICE = re.compile(r"\b(?:pric|sold\b|sales?\b|purchase|bought\b)", re.IGNORECASE)
_NOT_JUST_BEFORE = re.compile(r"\b(?:not|no|never)\b[^.;,]{0,30}$", re.IGNORECASE)
# The range often stands in the sentence after the one that says "weighted average", sometimes before it.
_WHERE_THE_RANGE_STANDS = (0, 1, -1, 2, -2)

_AWARD = (
    r"(?:(?:stock|share|restricted|performance|deferred|phantom|and)[\s-]){0,4}(?:options?|units?|warrants?|SARs?|[RPD]SUs?)\b"
)
_BEING = r"\b(?:is|are|was|were|been|became|deemed|granted|issued)\s(?:(?:all|now|currently|also|already|both|presently)\s)?"
_FULL = re.compile(
    rf"(?P<state>{_BEING}(?:(?:fully|completely|100%)[\s-](?:and immediately )?(?:vested|exercisable)"
    r"|immediately (?:vested|exercisable)|exercisable in full))"
    r"|\bvested (?:and (?:became |becoming )?exercisable )?(?:in full|in (?:its|their) entirety|as to 100%|immediately)"
    r"|\b(?:has|have|had) (?:fully|completely) vested"
    r"|(?:\ball|\b100%) (?:of )?(?:which|the|these|those|such|shares|options)\b[^.;,]{0,60}?\bvested\b"
    rf"(?!\s(?:shares|stock|portion|or|and unvested|{_AWARD}))"
    rf"|\bfully vested {_AWARD}",
    re.IGNORECASE,
)
_NOT_OR_NOT_YET_OR_NOT_ALL = re.compile(
    r"\b(?:not|none|no(?! expir)|never|neither|nor|without|until|once|when|if|unless|upon|will|shall|would|could|should|(?:may|to) be"
    r"|become|becomes|becoming|assum\w+|expected|scheduled|extent|provided|whether|as long as|only"
    r"|before|prior to|in the event|had been|includ\w+|portion|part|remaining|half|thirds?|quarters?"
    r"|tranches?|installments?|(?<![,.])\d{1,2}(?:\.\d+)?%|\d[\d,]* of the)(?!\w)|n['\u2019]t\b"
    r"|(?<![\d/])\d{1,2}/\d{1,3}(?![\d/])",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"[\s,]*(?:and (?:\w+ )?exercisable[\s,]*)?(?P<word>on|by|as of|upon|after|following|at|for|if|when|once|unless|until|provided"
    r"|subject to|except|other than|or|in the event)\b\s*",
    re.IGNORECASE,
)
_CONDITIONS = frozenset({"if", "once", "unless", "until", "provided", "subject to", "except", "other than", "or", "in the event"})
_ALREADY = re.compile(
    r"(?:the )?(?:(?:date|time|day) (?:hereof|of (?:the |this |its )?(?:filing|grant|report|issuance|issue|award|reported|transaction))"
    r"|(?:grant|issuance|transaction|filing) date|grant(?:ed)?\b|issu(?:ance|ed)\b|any time)",
    re.IGNORECASE,
)
_SCHEDULE = re.compile(r"vest|instal|repurchase", re.IGNORECASE)

_NAME = (
    r"(?:(?:(?:restricted|phantom|performance|market|time|based|vesting|deferred|notional|stock|shares?|director|award|vested|such|of the)"
    r"[\s-]{1,2}){0,6}units?|[RPDM]SUs?|PRSUs?|phantom (?:stock|shares?)|shares? of phantom stock)\b"
)
_ONE_SHARE = r"\b(?:one|1|an?)(?:\s?\(1\))?\s(?:[\w'\u2019-]{1,20}\s){0,4}?shares?\b"
_IS_WORTH = r"\b(?:represent|is|entitle|convert|settle|exchange|payable|equal|equivalent|will)\w*\b"
_UNIT = re.compile(
    rf"\b(?:each|every|one|an?)\s{_NAME}[^.;]{{0,80}}?{_IS_WORTH}[^.;]{{0,90}}?{_ONE_SHARE}"
    rf"|\b{_NAME}[^.;]{{0,40}}?\beach\b(?:\sof\swhich)?[^.;]{{0,30}}?{_IS_WORTH}[^.;]{{0,90}}?{_ONE_SHARE}"
    rf"|\b{_NAME}[^.;]{{0,120}}?\b(?:convert|represent|settle|pa(?:id|y)|exchange)\w*\b[^.;]{{0,90}}?"
    r"\b(?:one|1)[\s-]?(?:for|to|:)[\s-]?(?:one|1)\b"
    rf"|{_ONE_SHARE}[^.;]{{0,80}}?\b(?:for|per)\s(?:each|every)\s{_NAME}",
    re.IGNORECASE,
)
_NO_UNIT = re.compile(r"\b(?:not|fraction|portion|warrants?|consists?|compris\w+)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FootnoteFact:
    """One thing that a footnote (the remarks, where `footnote` is `None`) states, and the sentence or sentences it rests on.

    `kind`: "weighted average" (`low` and `high`: dollars a share, where stated), "10b5-1 plan" (`day`: of adoption, where stated),
    "fully vested" (vested, or exercisable, in whole), "unit" (one unit stands for one share).
    """

    kind: str
    footnote: str | None
    quote: str
    low: Decimal | None = None
    high: Decimal | None = None
    day: date | None = None


def read_footnotes(document: OwnershipDocument) -> tuple[FootnoteFact, ...]:
    """Every fact of the four kinds, by kind and then in the footnotes' order; the remarks come last.

    Does not say which row a fact is about: that is where the footnote hangs. Never raises.
    """
    known_on = max((day for day in (document.period_of_report, *(one.date for one in document.signatures)) if day), default=None)
    facts: list[FootnoteFact] = []
    for note, quote, days in plan_quotes(document):
        dated: list[date | None] = [*dict.fromkeys(days)]
        facts += (FootnoteFact("10b5-1 plan", note, quote, day=day) for day in dated or [None])
    for note, text in texts_of(document):
        said = sentences(text)
        facts += _averages(note, said)
        scheduled = bool(_SCHEDULE.search(text))
        facts += (FootnoteFact("fully vested", note, one) for one in said if _is_fully_vested(one, known_on, scheduled=scheduled))
        facts += (FootnoteFact("unit", note, one) for one in said if _is_a_unit(one))
    order = ("weighted average", "10b5-1 plan", "fully vested", "unit")
    return tuple(sorted(facts, key=lambda fact: order.index(fact.kind)))


def price_range(document: OwnershipDocument, notes: Iterable[str], price: Decimal) -> tuple[Decimal, Decimal] | None:
    """The lowest and highest price that a footnote states for a weighted average (SEC no-action letter of 25 June 2008).

    Only a range that encloses `price`, to the cent, is this row's: filers point at the wrong footnote, and mistype. Dollars only.
    """
    for text in (document.footnotes.get(note, "") for note in notes):
        for low, high, _ in _ranges(text):
            if low - _CENT < price < high + _CENT:
                return low, high
    return None


def is_an_average(document: OwnershipDocument, notes: Iterable[str]) -> bool:
    """Whether a footnote on a price speaks of an average, whatever range it states."""
    return any("average" in document.footnotes.get(note, "").casefold() for note in notes)


def _ranges(text: str) -> Iterator[tuple[Decimal, Decimal, str]]:
    """(low, high, the words) of everything that looks like a range, of prices or not."""
    for pattern in (_FROM_TO, _LOW_AND_HIGH, _HIGH_AND_LOW):
        for match in pattern.finditer(text):
            low, high = (Decimal(amount.replace(",", "")) for amount in match.groups())
            yield (high, low, match[0]) if pattern is _HIGH_AND_LOW else (low, high, match[0])


def _averages(note: str | None, said: list[str]) -> Iterator[FootnoteFact]:
    for number, sentence in enumerate(said):
        match = _WEIGHTED.search(sentence)
        if match is None or not _OF_A_PRICE.search(sentence) or _NOT_JUST_BEFORE.search(sentence[: match.start()]):
            continue
        for other in (number + step for step in _WHERE_THE_RANGE_STANDS if 0 <= number + step < len(said)):
            ranges = [(low, high) for low, high, words in _ranges(said[other]) if "$" in words and low <= high]
            if ranges:
                quote = ". ".join(said[min(number, other) : max(number, other) + 1])
                yield from (FootnoteFact("weighted average", note, quote, low, high) for low, high in dict.fromkeys(ranges))
                break
        else:
            yield FootnoteFact("weighted average", note, sentence)


def _is_fully_vested(sentence: str, known_on: date | None, *, scheduled: bool) -> bool:
    for match in _FULL.finditer(sentence):
        clause = re.split(r";|\bsuch that\b", sentence[: match.end()])[-1]
        if _NOT_OR_NOT_YET_OR_NOT_ALL.search(clause) or not _has_come(match, sentence[match.end() :], known_on):
            continue
        # What may be exercised early is exercisable in full and yet unvested.
        if "vested" in match[0].casefold() or not scheduled:
            return True
    return False


def _has_come(match: re.Match[str], rest: str, known_on: date | None) -> bool:
    """Whether what is said to be vested is so by now: the day named has passed, or it is told as past."""
    when = _WHEN.match(rest)
    if when is None:
        return True
    if when["word"].casefold() in _CONDITIONS:
        return False
    days = days_in(rest[when.end() : when.end() + 40])
    if days:
        return known_on is not None and days[0] <= known_on
    is_told_as_past = not (match["state"] or "").casefold().startswith(("is", "are", "been", "deemed"))
    return is_told_as_past or bool(_ALREADY.match(rest, when.end()))


def _is_a_unit(sentence: str) -> bool:
    return any(not _NO_UNIT.search(match[0]) for match in _UNIT.finditer(sentence)) and "warrant" not in sentence.casefold()
