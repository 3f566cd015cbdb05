"""The rules of the configuration: the tables [rules.NAME] and the registers of expected trades they name."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from watcher.config_values import BadValueError
from watcher.config_values import dollars
from watcher.config_values import one_of
from watcher.config_values import path_from
from watcher.config_values import percentage
from watcher.config_values import phrase
from watcher.config_values import quoted
from watcher.config_values import text
from watcher.config_values import whole_shares
from watcher.config_values import yes
from watcher.core.codes import CODE_MEANING
from watcher.core.codes import EVENT_NAMES
from watcher.core.conditions import PLAN_STATES
from watcher.core.conditions import ROLES
from watcher.core.conditions import RuleTerms
from watcher.core.expected import Expectation
from watcher.expected_files import read_expected
from watcher.toml_tables import Each
from watcher.toml_tables import Known
from watcher.toml_tables import Tables

PLANS = ("any", "exclude", "only")
# V marks a report made earlier than required. It and K are fields of their own beside the code.
CODES = (*CODE_MEANING, "V")

# What people call the events.
_MEANT = {
    **dict.fromkeys(("sell", "sells", "sold", "sales", "selling"), "sale"),
    **dict.fromkeys(("buy", "buys", "bought", "buying"), "purchase"),
    **dict.fromkeys(("options", "option", "option_exercise"), "exercise"),
    **dict.fromkeys(("grant", "grants"), "award"),
    **dict.fromkeys(("tax", "taxes"), "withholding"),
    "rsu": "vest",
}
_CONDITIONS: Known = {
    "events": Each(one_of("event", EVENT_NAMES, _MEANT)),
    "plan": one_of("value", PLANS),
    "min_value": dollars,
    "min_shares": whole_shares,
    "min_percent": percentage,
    "role": Each(one_of("role", tuple(ROLES))),
    "title": Each(phrase),
    "codes": Each(one_of("code", CODES)),
    "late": yes,
    "cluster": yes,
    "unusual": yes,
}
RULE_KEYS = (*_CONDITIONS, "expected", "notify")


@dataclass(frozen=True, slots=True)
class Rule(RuleTerms):
    """A rule of the configuration: what it asks for, and the destinations it tells."""

    notify: tuple[str, ...] = ()


class RuleReader:
    """Reads rules; a register that several of them name is read once."""

    def __init__(self, tables: Tables, destinations: Collection[str]) -> None:
        self.tables = tables
        self.destinations = destinations
        self.registers: dict[Path, tuple[Expectation, ...]] = {}

    def rule(self, name: str, raw: dict[str, Any]) -> Rule:
        """One rule; what has a problem is noted and left at its default."""
        known = {**_CONDITIONS, "expected": self.register, "notify": Each(one_of("destination", self.destinations))}
        if isinstance(raw.get("plan"), list):
            known["plan"] = Each(one_of("plan state", PLAN_STATES))
        if "notify" not in raw:
            self.tables.wrong(("rules", name), f"rule {quoted(name)} tells nobody: it needs notify, a list of destinations")
        return Rule(name, **self.tables.table(("rules", name), raw, known))

    def register(self, value: object) -> tuple[Expectation, ...]:
        """The entries of a register. Its own problems are noted with its name and lines."""
        path = path_from(self.tables.path.parent, text(value))
        if path not in self.registers:
            # a folder closed to us counts as "not there"; Path.exists would raise
            if not os.path.exists(path):  # noqa: PTH110 -- see the line above
                raise BadValueError("must name a file, relative to the folder of the configuration; this one is not there")
            self.registers[path], problems = read_expected(path)
            self.tables.problems += problems
        return self.registers[path]
