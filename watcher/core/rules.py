"""Rules held against a filing. Every condition is judged and kept, also when an earlier one failed: silence must be explainable.

What a filing does not state never silences an alert: a value that is unknown passes `min_value`, a contradictory plan passes `exclude`.
"""

from __future__ import annotations

from collections.abc import Iterable

from watcher.core.conditions import RuleTerms
from watcher.core.conditions import conditions
from watcher.core.findings import FilingFacts
from watcher.core.findings import Verdict
from watcher.core.past import Past


def judge(facts: FilingFacts, rules: Iterable[RuleTerms], past: Past | None = None) -> tuple[Verdict, ...]:
    """One verdict per rule, in the order given. Rules are alternatives; within a rule all conditions must be met.

    `past` is what the store knew before the filing; only a register of expected trades asks for it.
    """
    return tuple(Verdict(rule.name, conditions(facts, rule, past)) for rule in rules)


def why_silent(verdicts: Iterable[Verdict]) -> str:
    """Why verdicts of which none matched alert nobody: "as expected: ..." where that alone kept a rule silent, else "no rule matched"."""
    for verdict in verdicts:
        failed = [condition for condition in verdict.conditions if not condition.met]
        if [condition.name for condition in failed] == ["expected"]:
            return failed[0].seen
    return "no rule matched"
