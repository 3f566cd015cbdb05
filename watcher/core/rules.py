"""Rules held against a filing. Every condition is judged and kept, also when an earlier one failed: silence must be explainable.

What a filing does not state never silences an alert: a value that is unknown passes `min_value`, a contradictory plan passes `exclude`.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol

from watcher.core.events import names_for_rules
from watcher.core.model import Condition
from watcher.core.model import FilingFacts
from watcher.core.model import Verdict
from watcher.core.plan import is_planned


class RuleTerms(Protocol):
    """What a rule asks for (the configuration's `Rule` has it): event names, "any" | "exclude" | "only", dollars."""

    @property
    def name(self) -> str: ...  # noqa: D102 -- described by the protocol
    @property
    def events(self) -> tuple[str, ...]: ...  # noqa: D102 -- described by the protocol
    @property
    def plan(self) -> str: ...  # noqa: D102 -- described by the protocol
    @property
    def min_value(self) -> Decimal: ...  # noqa: D102 -- described by the protocol


def judge(facts: FilingFacts, rules: Iterable[RuleTerms]) -> tuple[Verdict, ...]:
    """One verdict per rule, in the order given. Rules are alternatives; within a rule all conditions must be met."""
    return tuple(Verdict(rule.name, (_events(facts, rule), _plan(facts, rule), _min_value(facts, rule))) for rule in rules)


def _events(facts: FilingFacts, rule: RuleTerms) -> Condition:
    seen = names_for_rules(facts)
    return Condition(
        name="events",
        wanted=" or ".join(rule.events),
        seen=", ".join(sorted(seen)) or "nothing happened",
        met=bool(seen & set(rule.events)),
    )


def _plan(facts: FilingFacts, rule: RuleTerms) -> Condition:
    planned = is_planned(facts.plan)
    unsure = facts.plan.state == "contradictory"
    met = {"any": True, "exclude": planned is not True, "only": planned is True or unsure}[rule.plan]
    return Condition(name="plan", wanted=rule.plan, seen=facts.plan.state, met=met)


def _min_value(facts: FilingFacts, rule: RuleTerms) -> Condition:
    wanted = set(rule.events)
    values = [event.value for event in facts.events if event.kind in wanted]
    unknown = not values or None in values
    largest = max((value for value in values if value is not None), default=None)
    return Condition(
        name="min_value",
        wanted=f"${rule.min_value:,}",
        seen="not stated" if unknown else f"${largest:,.2f}",
        met=unknown or (largest is not None and largest >= rule.min_value),
    )
