"""The register of expected trades, held against a filing: is all that a rule asks about within what was registered?

What is not stated is not expected: a filing is silenced only by what it says. Reads no file; `watcher.expected_files` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from watcher.core.events import names_for_rules
from watcher.core.events import simple_events
from watcher.core.figures import count
from watcher.core.figures import day
from watcher.core.findings import Event
from watcher.core.findings import FilingFacts
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.past import Past
from watcher.core.plan import is_planned

# Kinds that `Past.own` holds: only of these can it be said how much came before.
COUNTED = frozenset({"sale", "purchase"})
# What a rule may ask for that is no transaction: never expected.
NO_TRANSACTION = frozenset({"amendment", "late", "unexplained"})
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Expectation:
    """One entry of the register: what somebody may do between two days, both included, without an alert.

    `person` is a name as in filings, its words in any order; or `owner_cik` is given instead. `ticker` or `cik` name the issuer, both
    `None`: any. `shares` is the most of each kind of event: of sales and purchases over the whole span, of other kinds in one filing.
    Of `codes` and `events` either may be empty, which is no limit. `plan` is the day a Rule 10b5-1 plan was adopted.
    """

    begins: date
    ends: date
    shares: Decimal
    person: str | None = None
    owner_cik: str | None = None
    ticker: str | None = None
    cik: str | None = None
    codes: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    plan: date | None = None
    note: str | None = None

    def __str__(self) -> str:
        plan = f", plan of {day(self.plan)}" if self.plan else ""
        note = f" ({self.note})" if self.note else ""
        who = self.person or f"CIK {self.owner_cik}"
        return f"{who}, {day(self.begins)} to {day(self.ends)}, at most {count(self.shares)}{plan}{note}"


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked of one entry: an owner's part in a filing. A joint filing does not tell which owner acted."""

    facts: FilingFacts
    owner: ReportingOwner
    events: Sequence[Event]
    past: Past


def match(
    facts: FilingFacts, expectations: Collection[Expectation], wanted: Collection[str], past: Past | None = None
) -> tuple[bool, str]:
    """Whether all that `wanted` names and the filing shows is expected, and in words by which entries, or why not.

    For every owner one entry must cover every such event. Without `past` (what the store knew before the filing) sales and purchases
    are never expected, because what came before is not known.
    """
    events = [event for event in simple_events(facts.events) if event.kind in wanted]
    names = names_for_rules(facts)
    other = sorted(NO_TRANSACTION & names & set(wanted))
    if other or not events:
        return False, f"never expected: {', '.join(other)}" if other else "nothing that could be expected"
    if facts.amends is not None and facts.amends.state != "tied":
        return False, "it amends a filing that is not known"
    found: list[str] = []
    for owner in facts.document.reporting_owners:
        entry, words = _covering(_Question(facts, owner, events, past or Past()), expectations)
        if entry is None:
            return False, words
        found.append(words)
    return bool(found), f"as expected: {'; '.join(dict.fromkeys(found))}" if found else "nobody is named"


def _covering(question: _Question, expectations: Collection[Expectation]) -> tuple[Expectation | None, str]:
    """The first entry that covers all, or why the one that came nearest does not."""
    nearest, words = -1, f"nobody registered as {question.owner.name or 'an owner who is not named'} at this issuer"
    for entry in expectations:
        if not (_is_person(entry, question.owner) and _is_issuer(entry, question.facts)):
            continue
        step, misfit = next(((step, why) for step, ask in enumerate(_STEPS) if (why := ask(entry, question))), (0, None))
        if misfit is None:
            return entry, str(entry)
        if step > nearest:
            nearest, words = step, misfit
    return None, words


# --- one entry, one owner -------------------------------------------------------------------------------------------------


def _is_person(entry: Expectation, owner: ReportingOwner) -> bool:
    if entry.owner_cik is not None:
        return entry.owner_cik == owner.cik
    return bool(owner.name) and _name_words(entry.person or "") == _name_words(owner.name or "")


def _is_issuer(entry: Expectation, facts: FilingFacts) -> bool:
    issuer = facts.document.issuer
    if entry.cik is not None:
        return entry.cik == issuer.cik
    return entry.ticker is None or entry.ticker == (issuer.trading_symbol or "").strip().upper().replace(".", "-")


@lru_cache(maxsize=1024)
def _name_words(name: str) -> tuple[str, ...]:
    return tuple(sorted(_WORD.findall(name.casefold())))


def _other_kind(entry: Expectation, question: _Question) -> str | None:
    document = question.facts.document
    transactions = [row for row in (*document.non_derivative_table, *document.derivative_table) if row.kind == "transaction"]
    if any(row.transaction_code is None for row in transactions):
        return "a transaction code is not stated"
    for event in question.events:
        if entry.events and event.kind not in entry.events:
            return f"{event.kind} is not registered, only {', '.join(entry.events)}"
        if entry.codes and (other := sorted(code for code in event.codes if code not in entry.codes)):
            return f"code {', '.join(other)} is not registered, only {', '.join(entry.codes)}"
    return None


def _outside(entry: Expectation, question: _Question) -> str | None:
    for event in question.events:
        days = [*event.dates, *(row.transaction_date for row in _rows(event, question.facts))]
        if None in days or not days:
            return "a transaction date is not stated"
        for on in days:
            if on is not None and not entry.begins <= on <= entry.ends:
                return f"outside the window: {day(on)} is not within {day(entry.begins)} to {day(entry.ends)}"
    return None


def _other_plan(entry: Expectation, question: _Question) -> str | None:
    plan = question.facts.plan
    if entry.plan is None:
        return None
    if is_planned(plan) is not True or plan.adopted is None:
        return f"registered under the plan of {day(entry.plan)}; the filing is {plan.state}, without one clear adoption date"
    if plan.adopted != entry.plan:
        return f"another plan: adopted {day(plan.adopted)}, registered {day(entry.plan)}"
    return None


def _too_much(entry: Expectation, question: _Question) -> str | None:
    for kind in dict.fromkeys(event.kind for event in question.events):
        here = _sum(event.shares for event in question.events if event.kind == kind)
        before = _sum(_before(kind, entry, question)) if kind in COUNTED else Decimal(0)
        if here is None:
            return f"how many shares ({kind}) is not stated"
        if before is None or (kind in COUNTED and not _knows_the_past(entry, question)):
            return f"how much came before ({kind}), from {day(entry.begins)} on, is not known to the store"
        if here + before > entry.shares:
            earlier = f" and {count(before)} before" if before else ""
            return f"more than registered ({kind}): {count(here)} here{earlier}, at most {count(entry.shares)}"
    return None


def _knows_the_past(entry: Expectation, question: _Question) -> bool:
    since = question.past.since
    return question.owner.cik is not None and since is not None and since <= entry.begins


# From what is looked at first to what is looked at last: the entry that passes most of them is the nearest.
_STEPS: tuple[Callable[[Expectation, _Question], str | None], ...] = (_other_kind, _outside, _other_plan, _too_much)


def _before(kind: str, entry: Expectation, question: _Question) -> Iterator[Decimal | None]:
    """Shares of the store's events of this owner and kind that may fall under the entry, but for those this filing reports again."""
    facts = question.facts
    here = {facts.accession_number, facts.same_as, facts.amends.original if facts.amends else None}
    for past in question.past.own:
        may_fall = (past.last_on or date.max) >= entry.begins and (past.first_on or date.min) <= entry.ends
        other_plan = entry.plan is not None and past.adopted not in {entry.plan, None}
        is_own = past.kind == kind and question.owner.cik in past.owners and past.accession_number not in here
        if is_own and may_fall and not other_plan:
            yield past.shares


def _rows(event: Event, facts: FilingFacts) -> list[Row]:
    tables = {"I": facts.document.non_derivative_table, "II": facts.document.derivative_table}
    return [tables[table][number - 1] for table, number in event.rows if 0 < number <= len(tables[table])]


def _sum(shares: Iterator[Decimal | None]) -> Decimal | None:
    total = Decimal(0)
    for one in shares:
        if one is None:
            return None
        total += one
    return total
