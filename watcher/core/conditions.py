"""The conditions a rule may set, each held against one filing. What a filing does not state passes, and `seen` says so.

Every condition of a rule is judged, also when an earlier one failed: silence must be explainable.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from watcher.core.context import is_cluster
from watcher.core.context import is_unusual
from watcher.core.events import names_for_rules
from watcher.core.events import simple_events
from watcher.core.expected import NO_TRANSACTION
from watcher.core.expected import Expectation
from watcher.core.expected import match
from watcher.core.figures import count
from watcher.core.figures import dollars
from watcher.core.findings import Condition
from watcher.core.findings import Context
from watcher.core.findings import Event
from watcher.core.findings import FilingFacts
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.officers import has_title
from watcher.core.officers import is_incomplete
from watcher.core.past import Past
from watcher.core.plan import is_planned

# What a rule may ask for under `role`, and the field of `ReportingOwner` that states it.
ROLES = {
    "officer": "is_officer",
    "director": "is_director",
    "ten_percent_owner": "is_ten_percent_owner",
    "other": "is_other",
}
PLAN_STATES = ("checked with date", "checked", "text only", "contradictory", "unchecked", "unknown")
NOT_STATED = "not stated"
_DOUBTFUL = ("contradictory", "unknown")
# How far back the store must reach for the absence of an observation to say anything, see `context`.
_REACH = {"cluster": timedelta(days=30), "unusual": timedelta(days=90)}


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """What a rule asks for. All that is set must hold.

    `plan` is "any", "exclude" or "only", or a list of `PLAN_STATES`. `min_value` is in dollars, `min_percent` from 0 to 100, of what was
    held. `role`, `title` and `codes` are met by any of what they list. `expected` are the entries of a register, `None` without one.
    """

    name: str
    events: tuple[str, ...] = ("sale", "exercise")
    plan: str | tuple[str, ...] = "any"
    min_value: Decimal = Decimal(0)
    min_shares: Decimal | None = None
    min_percent: Decimal | None = None
    role: tuple[str, ...] = ()
    title: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    late: bool = False
    cluster: bool = False
    unusual: bool = False
    expected: tuple[Expectation, ...] | None = None


@dataclass(frozen=True, slots=True)
class Threshold:
    """A least figure of a rule beside the largest that a filing shows: `None` where one of the figures it needs is not stated."""

    name: str
    wanted: Decimal
    seen: Decimal | None


def conditions(facts: FilingFacts, rule: RuleTerms, past: Past | None = None) -> tuple[Condition, ...]:
    """Every condition of the rule as judged. `events`, `plan` and `min_value` are always there, the others where they are set."""
    judged = [_events(facts, rule), _plan(facts, rule)]
    judged += map(least, thresholds(facts, rule))
    judged += [judge(facts, rule) for name, judge in _OPTIONAL.items() if getattr(rule, name)]
    if rule.expected is not None:
        expected, words = match(facts, rule.expected, rule.events, past)
        judged.append(Condition("expected", "not as expected", words, met=not expected))
    return tuple(judged)


def wanted_events(facts: FilingFacts, rule: RuleTerms) -> list[Event]:
    """The events a rule asks for, an exercise-and-sell taken as its parts."""
    return [event for event in simple_events(facts.events) if event.kind in rule.events]


def thresholds(facts: FilingFacts, rule: RuleTerms) -> Iterator[Threshold]:
    """The least figures of a rule, each beside the largest of any one event it asks for.

    The value of an exercise is what it cost, that of a sale what it brought; a percentage is of what was sold of a class.
    """
    clear = not _is_unclear(facts)
    events = wanted_events(facts, rule) if clear else []
    yield Threshold("min_value", rule.min_value, _largest(event.value for event in events))
    if rule.min_shares is not None:
        yield Threshold("min_shares", rule.min_shares, _largest(event.shares for event in events))
    if rule.min_percent is not None:
        yield Threshold("min_percent", rule.min_percent, _largest(stake.percent for stake in facts.stakes if clear))


def _is_unclear(facts: FilingFacts) -> bool:
    """Whether the code or direction of a transaction is not stated: it may be any event, and part of any sum."""
    return any(row.transaction_code is None or row.acquired_disposed is None for row in _transactions(facts))


def _transactions(facts: FilingFacts) -> Iterator[Row]:
    rows = (*facts.document.non_derivative_table, *facts.document.derivative_table)
    return (row for row in rows if row.kind == "transaction")


def _largest(figures: Iterable[Decimal | None]) -> Decimal | None:
    """The largest; `None` where one is unknown, for it might be larger, and where there is none."""
    known: list[Decimal] = []
    for figure in figures:
        if figure is None:
            return None
        known.append(figure)
    return max(known, default=None)


_SHOWN: dict[str, tuple[Callable[[Decimal], str], Callable[[Decimal], str]]] = {
    "min_value": (lambda amount: f"${amount:,}", dollars),
    "min_shares": (lambda shares: f"{count(shares)} shares", lambda shares: f"{count(shares)} shares"),
    "min_percent": (lambda percent: f"{percent.normalize():f} %", lambda percent: f"{percent:.2f} %"),
}


def least(threshold: Threshold) -> Condition:
    """The condition that a least figure is reached, or not stated."""
    wanted, seen = _SHOWN[threshold.name]
    return Condition(
        name=threshold.name,
        wanted=wanted(threshold.wanted),
        seen=NOT_STATED if threshold.seen is None else seen(threshold.seen),
        met=threshold.seen is None or threshold.seen >= threshold.wanted,
    )


def _events(facts: FilingFacts, rule: RuleTerms) -> Condition:
    seen = names_for_rules(facts)
    unknown = not set(rule.events) <= NO_TRANSACTION and _is_unclear(facts)
    shown = (*sorted(seen), NOT_STATED) if unknown else sorted(seen)
    return Condition(
        name="events",
        wanted=" or ".join(rule.events),
        seen=", ".join(shown) or "nothing happened",
        met=unknown or not seen.isdisjoint(rule.events),
    )


def _plan(facts: FilingFacts, rule: RuleTerms) -> Condition:
    state, planned = facts.plan.state, is_planned(facts.plan)
    if isinstance(rule.plan, tuple):
        return Condition("plan", " or ".join(rule.plan), state, met=state in rule.plan or state in _DOUBTFUL)
    met = {"any": True, "exclude": planned is not True, "only": planned is not False}[rule.plan]
    return Condition(name="plan", wanted=rule.plan, seen=state, met=met)


# --- conditions that are there where they are set -------------------------------------------------------------------------


def _roles(owner: ReportingOwner) -> list[str]:
    return [role for role, field in ROLES.items() if getattr(owner, field)]


def _role(facts: FilingFacts, rule: RuleTerms) -> Condition:
    """Any owner of a joint filing counts; one whose relationship is not stated may be anything."""
    roles = [_roles(owner) for owner in facts.document.reporting_owners]
    seen = list(dict.fromkeys(role for each in roles for role in each))
    unknown = not all(roles) or not roles
    return Condition(
        name="role",
        wanted=" or ".join(rule.role),
        seen=", ".join((*seen, NOT_STATED) if unknown else seen),
        met=unknown or any(role in rule.role for role in seen),
    )


def _title(facts: FilingFacts, rule: RuleTerms) -> Condition:
    """Any officer's title counts; one that is not stated, refers elsewhere or may be cut may be anything."""
    seen: list[str] = []
    met = unknown = not facts.document.reporting_owners
    for owner in facts.document.reporting_owners:
        title = owner.officer_title
        if title is None:
            unknown |= owner.is_officer or not _roles(owner)
            continue
        found = any(has_title(title, wanted) for wanted in rule.title)
        seen.append(f"{title} (may not be all)" if is_incomplete(title) and not found else title)
        met |= found or is_incomplete(title)
    if unknown:
        seen.append(NOT_STATED)
    return Condition("title", " or ".join(rule.title), "; ".join(seen) or "no officer", met=met or unknown)


def _codes(facts: FilingFacts, rule: RuleTerms) -> Condition:
    """K is an equity swap, V a report earlier than required: in XML fields of their own, beside the code."""
    found: set[str] = set()
    unknown = False
    for row in (*facts.document.non_derivative_table, *facts.document.derivative_table):
        if row.kind == "transaction":
            found.update(
                row.transaction_code or "", "K" * bool(row.equity_swap_involved), "V" * (row.transaction_timeliness == "E")
            )
            unknown |= row.transaction_code is None
    seen = (*sorted(found), NOT_STATED) if unknown else sorted(found)
    return Condition(
        name="codes",
        wanted=" or ".join(rule.codes),
        seen=", ".join(seen) or "no transaction",
        met=unknown or bool(found & set(rule.codes)),
    )


def _late(facts: FilingFacts, rule: RuleTerms) -> Condition:  # noqa: ARG001 -- every condition is asked in the same way
    timing = facts.timing
    seen = f"{timing.status}: {timing.reason}" if timing.reason else timing.status
    unknown = _is_unclear(facts) or any(row.transaction_date is None for row in _transactions(facts))
    return Condition(
        name="late",
        wanted="late or possibly late",
        seen=f"{seen}, as far as it is stated" if unknown else seen,
        met=unknown or not timing.status.startswith("on time"),
    )


def _cluster(facts: FilingFacts, rule: RuleTerms) -> Condition:  # noqa: ARG001 -- every condition is asked in the same way
    return _beside_others("cluster", "part of a cluster", is_cluster, facts)


def _unusual(facts: FilingFacts, rule: RuleTerms) -> Condition:  # noqa: ARG001 -- every condition is asked in the same way
    return _beside_others("unusual", "something unusual", is_unusual, facts)


def _beside_others(name: str, wanted: str, is_so: Callable[[Context], bool], facts: FilingFacts) -> Condition:
    """What only earlier filings can tell is not known where they do not reach back far enough, or are still being read."""
    found, since = is_so(facts.context), facts.context.since
    known = facts.baseline_done and since is not None and since <= facts.filed_at.date() - _REACH[name]
    seen = ", ".join(observation.name for observation in facts.context.observations) or "nothing of the kind"
    if not found and not facts.context.whole_issuer:
        return Condition(name, wanted, "not known: only some owners of this issuer are watched", met=True)
    return Condition(
        name, wanted, seen if found or known else "not known: the store reaches not far enough back", found or not known
    )


# name of the condition, and of the field of `RuleTerms` that sets it -> how it is judged
_OPTIONAL: dict[str, Callable[[FilingFacts, RuleTerms], Condition]] = {
    "role": _role,
    "title": _title,
    "codes": _codes,
    "late": _late,
    "cluster": _cluster,
    "unusual": _unusual,
}
