"""What rules would have sent over a span of filings, summed up: how often, the biggest, the borderline, and how thin their columns are.

A condition on a field that filings seldom state decides little: what is not stated passes it. Reads nothing; `watcher.rehearse` does.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from watcher.core.conditions import RuleTerms
from watcher.core.conditions import Threshold
from watcher.core.conditions import least
from watcher.core.conditions import thresholds
from watcher.core.conditions import wanted_events
from watcher.core.events import simple_events
from watcher.core.figures import counted
from watcher.core.figures import day
from watcher.core.figures import dollars
from watcher.core.findings import FilingFacts
from watcher.core.findings import Verdict
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.officers import is_incomplete
from watcher.core.submission import EASTERN

SHOWN = 5
_THIN = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Replayed:
    """One stored filing as the rules judge it today. `alerted` names the rules in its alerts, `verdicts` are those of all its watches."""

    facts: FilingFacts
    alerted: tuple[str, ...]
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """One filing shown, with the rules that alert of it. `value` in dollars: the largest event asked for."""

    accession_number: str
    filed_on: date
    issuer: str
    owners: str
    rules: tuple[str, ...]
    value: Decimal | None
    url: str


@dataclass(frozen=True, slots=True)
class Borderline:
    """A filing that one threshold alone decided, and how near: `distance` is |seen - wanted| / wanted."""

    example: Example
    rule: str
    condition: str
    wanted: Decimal
    seen: Decimal
    distance: Decimal

    @property
    def told(self) -> bool:
        """Whether the rule matches: it does at the threshold itself."""
        return self.seen >= self.wanted


@dataclass(frozen=True, slots=True)
class Filled:
    """How often a field is stated in the filings of the span, and the conditions that ask for it."""

    field: str
    conditions: tuple[str, ...]
    stated: int
    of: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What the rules would have sent from `since` to `until`, both included, by the day of acceptance in Eastern time.

    `by_rule` counts filings told of: rule -> month ("2026-06") -> number, every rule and month there. A filing may count for two rules.
    """

    since: date
    until: date
    filings: int
    alerted: int
    by_rule: Mapping[str, Mapping[str, int]]
    biggest: tuple[Example, ...]
    borderline: tuple[Borderline, ...]
    filled: tuple[Filled, ...]


def summed(replayed: Iterable[Replayed], rules: Mapping[str, RuleTerms], since: date, until: date) -> Rehearsal:
    """Sum up the filings of a span, in any order; those outside it are passed over. Goes through them once and keeps few."""
    months = list(_months(since, until))
    by_rule = {name: dict.fromkeys(months, 0) for name in rules}
    fields = [field for field in _FIELDS if field.conditions & _used(rules.values())]
    stated, asked = [0] * len(fields), [0] * len(fields)
    kinds = {kind for rule in rules.values() for kind in rule.events}
    filings = alerted = 0
    biggest: list[Example] = []
    borderline: list[Borderline] = []
    for one in replayed:
        filed_on = one.facts.filed_at.astimezone(EASTERN).date()
        if not since <= filed_on <= until:
            continue
        filings += 1
        alerted += bool(one.alerted)
        for name in one.alerted:
            by_rule[name][f"{filed_on:%Y-%m}"] += 1
        example = _example(one, rules, filed_on)
        if one.alerted and example.value is not None:
            biggest = sorted([*biggest, example], key=lambda each: -(each.value or 0))[:SHOWN]
        if (near := _nearest(one, rules, example)) is not None:
            borderline = sorted([*borderline, near], key=lambda each: each.distance)[:SHOWN]
        for index, field in enumerate(fields):
            for is_stated in field.look(one.facts, kinds):
                asked[index] += 1
                stated[index] += is_stated
    used = _used(rules.values())
    filled = [
        Filled(field.name, tuple(sorted(field.conditions & used)), *figures)
        for field, *figures in zip(fields, stated, asked, strict=True)
    ]
    return Rehearsal(since, until, filings, alerted, by_rule, tuple(biggest), tuple(borderline), tuple(filled))


def in_words(rehearsal: Rehearsal) -> list[str]:
    """The rehearsal as lines for a terminal."""
    span = f"{day(rehearsal.since)} to {day(rehearsal.until)}"
    lines = [
        f"{span}: {counted(rehearsal.filings, 'filing')} in the store, {rehearsal.alerted:,} would have been told of; nothing was sent"
    ]
    names = list(rehearsal.by_rule)
    widths = [max(len(name), 6) for name in names]
    lines += ["", "Alerts a month, by rule (one filing may count for several)", _table_line("month", names, widths)]
    for month in next(iter(rehearsal.by_rule.values()), {}):
        lines.append(_table_line(month, [f"{rehearsal.by_rule[name][month]:,}" for name in names], widths))
    lines.append(_table_line("all", [f"{sum(rehearsal.by_rule[name].values()):,}" for name in names], widths))
    lines += ["", "The biggest, by value"]
    lines += [_biggest_line(one) for one in rehearsal.biggest] or ["  none"]
    lines += ["", "Borderline: nearest to the one threshold that decided"]
    lines += [_borderline_line(one) for one in rehearsal.borderline] or ["  none"]
    lines += ["", "How often what the rules ask for is stated (what is not stated passes)"]
    for field in rehearsal.filled:
        share = f"{Decimal(100 * field.stated) / field.of:.0f} %" if field.of else "nothing to look at"
        thin = "  thin: this condition decides little" if field.of and Decimal(field.stated) / field.of < _THIN else ""
        lines.append(f"  {field.field}: {field.stated:,} of {field.of:,} ({share}), for {', '.join(field.conditions)}{thin}")
    return lines


def _table_line(head: str, cells: Collection[str], widths: Collection[int]) -> str:
    return "  ".join((f"  {head:<7}", *(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))))


def _biggest_line(one: Example) -> str:
    return f"  {dollars(one.value or Decimal(0))}  {_named(one)}  rule {', '.join(one.rules)}"


def _borderline_line(one: Borderline) -> str:
    verdict = "told" if one.told else "silent"
    judged = least(Threshold(one.condition, one.wanted, one.seen))
    return f"  {verdict} by rule {one.rule}: {judged.name} {judged.wanted}, seen {judged.seen}  {_named(one.example)}"


def _named(example: Example) -> str:
    return f"{example.accession_number}  {day(example.filed_on)}  {example.issuer}  {example.owners}"


def _months(since: date, until: date) -> Iterator[str]:
    for month in range(since.year * 12 + since.month - 1, until.year * 12 + until.month):
        yield f"{month // 12:04}-{month % 12 + 1:02}"


def _example(one: Replayed, rules: Mapping[str, RuleTerms], filed_on: date) -> Example:
    document = one.facts.document
    matched = [verdict.rule for verdict in one.verdicts if verdict.matched]
    values = [event.value for name in dict.fromkeys(matched) for event in wanted_events(one.facts, rules[name])]
    return Example(
        accession_number=one.facts.accession_number,
        filed_on=filed_on,
        issuer=document.issuer.trading_symbol or document.issuer.name or f"CIK {document.issuer.cik}",
        owners="; ".join(owner.name or "?" for owner in document.reporting_owners),
        rules=one.alerted,
        value=max((value for value in values if value is not None), default=None),
        url=one.facts.url,
    )


def _nearest(one: Replayed, rules: Mapping[str, RuleTerms], example: Example) -> Borderline | None:
    """The nearest threshold that alone decided: every other condition of its rule is met."""
    found: list[Borderline] = []
    for verdict in one.verdicts:
        failed = {condition.name for condition in verdict.conditions if not condition.met}
        for threshold in thresholds(one.facts, rules[verdict.rule]):
            wanted, seen = threshold.wanted, threshold.seen
            if wanted and seen is not None and failed <= {threshold.name}:
                found.append(Borderline(example, verdict.rule, threshold.name, wanted, seen, abs(seen - wanted) / wanted))
    return min(found, key=lambda each: each.distance, default=None)


# --- fields -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Field:
    """A field, the conditions that read it, and where it stands: `look` says of each place whether it is stated."""

    name: str
    conditions: frozenset[str]
    look: Callable[[FilingFacts, Collection[str]], Iterable[bool]]


def _used(rules: Iterable[RuleTerms]) -> set[str]:
    """The conditions that decide something: `plan = "any"` and `min_value = 0` do not."""
    used = {"events"}
    for rule in rules:
        asked = {name: getattr(rule, name) for name in ("min_value", "role", "title", "codes", "late", "cluster", "unusual")}
        asked |= {name: getattr(rule, name) is not None for name in ("min_shares", "min_percent", "expected")}
        used |= {name for name, value in {**asked, "plan": rule.plan != "any"}.items() if value}
    return used


def _transactions(document: OwnershipDocument) -> list[Row]:
    return [row for row in (*document.non_derivative_table, *document.derivative_table) if row.kind == "transaction"]


def _is_related(owner: ReportingOwner) -> bool:
    return owner.is_officer or owner.is_director or owner.is_ten_percent_owner or owner.is_other


_FIELDS = (
    _Field(
        "transaction code",
        frozenset({"events", "codes"}),
        lambda facts, _: [row.transaction_code is not None for row in _transactions(facts.document)],
    ),
    _Field(
        "transaction date",
        frozenset({"late", "expected"}),
        lambda facts, _: [row.transaction_date is not None for row in _transactions(facts.document)],
    ),
    _Field(
        "value of what is asked for",
        frozenset({"min_value"}),
        lambda facts, kinds: [event.value is not None for event in simple_events(facts.events) if event.kind in kinds],
    ),
    _Field(
        "shares of what is asked for",
        frozenset({"min_shares", "expected"}),
        lambda facts, kinds: [event.shares is not None for event in simple_events(facts.events) if event.kind in kinds],
    ),
    _Field(
        "percent of the class sold",
        frozenset({"min_percent"}),
        lambda facts, _: [stake.percent is not None for stake in facts.stakes],
    ),
    _Field("Rule 10b5-1 box", frozenset({"plan"}), lambda facts, _: [facts.plan.box is not None]),
    _Field(
        "day a named plan was adopted",
        frozenset({"expected"}),
        lambda facts, _: [facts.plan.adopted is not None] * (facts.plan.state not in {"unchecked", "unknown"}),
    ),
    _Field(
        "relationship to the issuer",
        frozenset({"role"}),
        lambda facts, _: [_is_related(owner) for owner in facts.document.reporting_owners],
    ),
    _Field(
        "whole title of an officer",
        frozenset({"title"}),
        lambda facts, _: [
            owner.officer_title is not None and not is_incomplete(owner.officer_title)
            for owner in facts.document.reporting_owners
            if owner.is_officer
        ],
    ),
    _Field("whether it is late", frozenset({"late"}), lambda facts, _: [facts.timing.status != "unknown"]),
    _Field(
        "history of the issuer in the store",
        frozenset({"cluster", "unusual"}),
        lambda facts, _: [facts.context.since is not None],
    ),
)
