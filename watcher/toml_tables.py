"""A TOML document read table by table, every problem gathered with its line instead of stopping at the first."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from watcher.config_values import BadValueError
from watcher.config_values import exact
from watcher.config_values import quoted
from watcher.config_values import suggestion
from watcher.core.errors import ConfigError
from watcher.core.errors import Problem
from watcher.ordinary import content
from watcher.toml_lines import Place
from watcher.toml_lines import Spot
from watcher.toml_lines import places
from watcher.toml_words import fault

Checker = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Each:
    """A list of at least one value, each checked by itself, none there twice."""

    checker: Checker


Known = Mapping[str, Checker | Each]

# What stands in these tables may be a secret, wherever it was put: it is not repeated.
PRIVATE = ("destinations", "vigil")
_SHOWN_LENGTH = 24  # what is longer may be a token, wherever it stands


class Tables:
    """The document of one file. What has a problem is left out of what is returned; `problems` says why, `warnings` what is odd.

    `homes` says where a key belongs that may stand in the wrong table: "in [edgar]". Floats are read as exact decimals.
    Raises `ConfigError` if the file cannot be read as TOML at all.
    """

    def __init__(self, path: Path, homes: Mapping[str, str]) -> None:
        self.path = path
        self.homes = homes
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        source = _source(path)
        try:
            self.document = tomllib.loads(source, parse_float=exact)
            self.spots = places(source)
        except RecursionError:
            raise ConfigError([Problem(str(path), _deepest(source), "is nested too deeply")]) from None
        except ValueError as error:  # TOMLDecodeError, or an integer beyond Python's limit of digits
            found = fault(str(error), source)
            raise ConfigError([Problem(str(path), found.line, found.text, found.column)]) from None

    def line(self, place: Place) -> int:
        """The line of `place`, or of the nearest thing around it that is there."""
        return self._spot(place)[0]

    def _spot(self, place: Place) -> Spot:
        while place and place not in self.spots:
            place = place[:-1]
        return self.spots.get(place, (1, 0))

    def wrong(self, place: Place, what: str) -> None:
        """Note a problem at `place`."""
        self.problems.append(self._noted(place, what))

    def odd(self, place: Place, what: str) -> None:
        """Note at `place` what works, but hardly as it is meant."""
        self.warnings.append(self._noted(place, what, "warning"))

    def _noted(self, place: Place, what: str, level: str = "error") -> Problem:
        line, column = self._spot(place)
        return Problem(str(self.path), line, what, column, level)

    def unknown(self, place: Place, known: Iterable[str]) -> None:
        """Note that the key at `place` is none of `known`, with what may have been meant."""
        key = str(place[-1])
        advice = f"it belongs {self.homes[key]}" if key in self.homes else suggestion(key, tuple(known))
        self.wrong(place, f"unknown key {quoted(key)}; {advice}")

    def table(self, place: Place, raw: object, known: Known) -> dict[str, Any]:
        """The checked values of one table by key."""
        if not isinstance(raw, dict):
            self.wrong(place, f"{place[0]} must be a table")
            return {}
        read: dict[str, Any] = {}
        for key, value in raw.items():
            if key not in known:
                self.unknown((*place, key), known)
            elif (found := self.value((*place, key), value, known[key])) is not None:
                read[key] = found
        return read

    def value(self, place: Place, raw: object, checker: Checker | Each) -> Any:
        """The checked value; `None` (which no checker returns) if it has a problem."""
        if isinstance(checker, Each):
            return self._each(place, raw, checker.checker)
        try:
            return checker(raw)
        except BadValueError as error:
            key = next(part for part in reversed(place) if isinstance(part, str))
            self.wrong(place, f"{key} {error}{_as_written(place, raw, str(error))}")
            return None

    def _each(self, place: Place, raw: object, checker: Checker) -> tuple[Any, ...] | None:
        if not isinstance(raw, list) or not raw:
            meant = f"[{json.dumps(raw)}]" if isinstance(raw, str) and place[0] not in PRIVATE and "://" not in raw else '["..."]'
            self.wrong(place, f"{place[-1]} must be a list of at least one text, {place[-1]} = {meant}")
            return None
        found: list[Any] = []
        for index, item in enumerate(raw):
            value = self.value((*place, index), item, checker)
            if value in found:
                self.wrong((*place, index), f"{place[-1]} says the same twice")
            elif value is not None:
                found.append(value)
        return tuple(found)

    def named(self, section: str) -> dict[str, dict[str, Any]]:
        """The tables [section.NAME], unchecked, by name."""
        raw = self.document.get(section, {})
        found: dict[str, dict[str, Any]] = {}
        for name, table in raw.items() if isinstance(raw, dict) else [("", raw)]:
            if not isinstance(table, dict):
                self.wrong((section, name), f"[{section}] holds named tables only: write [{section}.NAME]")
            elif not re.fullmatch(r"[\w.-]+", name):
                self.wrong((section, name), f"[{section}.NAME] needs a name of letters, digits, '_', '-' and '.'")
            else:
                found[name] = table
        return found


def _as_written(place: Place, raw: object, said: str) -> str:
    """What stands there instead, where it is short, is not said already and cannot be a secret."""
    # Where an address belongs, with a slip in it, somebody's password for a mirror may stand.
    address = str(place[-1]).endswith("_url")
    if address or place[0] in PRIVATE or not isinstance(raw, str | int | Decimal | date | time) or quoted(str(raw)) in said:
        return ""
    shown = json.dumps(raw) if isinstance(raw, str | bool) else str(raw)
    return "" if len(shown) > _SHOWN_LENGTH or "://" in shown else f" (here: {shown})"


def _source(path: Path) -> str:
    line = 1
    try:
        return content(path).decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        what = "there is no such file; `watcher init` writes a first configuration"
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        line, what = error.object.count(b"\n", 0, error.start) + 1, "is not UTF-8 text"
    raise ConfigError([Problem(str(path), line, what)])


def _deepest(source: str) -> int:
    """The line with the most opening brackets."""
    rows = source.split("\n")
    return 1 + max(range(len(rows)), key=lambda number: rows[number].count("[") + rows[number].count("{"))
