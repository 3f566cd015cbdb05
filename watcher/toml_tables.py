"""A TOML document read table by table, every problem gathered with its line instead of stopping at the first."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from watcher.config_values import BadValueError
from watcher.config_values import exact
from watcher.config_values import quoted
from watcher.config_values import suggestion
from watcher.core.errors import ConfigError
from watcher.core.errors import Problem
from watcher.toml_lines import Place
from watcher.toml_lines import places

Checker = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Each:
    """A list of at least one value, each checked by itself, none there twice."""

    checker: Checker


Known = Mapping[str, Checker | Each]


class Tables:
    """The document of one file. What has a problem is left out of what is returned; `problems` says why.

    `homes` says where a key belongs that may stand in the wrong table: "in [edgar]". Floats are read as exact decimals.
    Raises `ConfigError` if the file cannot be read as TOML at all.
    """

    def __init__(self, path: Path, homes: Mapping[str, str]) -> None:
        self.path = path
        self.homes = homes
        self.problems: list[Problem] = []
        source = _source(path)
        try:
            self.document = tomllib.loads(source, parse_float=exact)
            self.lines = places(source)
        except RecursionError:
            raise ConfigError([Problem(str(path), 1, "is nested too deeply")]) from None
        except ValueError as error:  # TOMLDecodeError, or an integer beyond Python's limit of digits
            raise ConfigError([_syntax_problem(path, str(error), source)]) from None

    def line(self, place: Place) -> int:
        """The line of `place`, or of the nearest thing around it that is there."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def wrong(self, place: Place, what: str) -> None:
        """Note a problem at `place`."""
        self.problems.append(Problem(str(self.path), self.line(place), what))

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
            self.wrong(place, f"{key} {error}")
            return None

    def _each(self, place: Place, raw: object, checker: Checker) -> tuple[Any, ...] | None:
        if not isinstance(raw, list) or not raw:
            self.wrong(place, f'{place[-1]} must be a list of at least one text, {place[-1]} = ["..."]')
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


def _source(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        line, what = 1, "there is no such file; `watcher init` writes a first configuration"
    except OSError as error:
        line, what = 1, f"cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        line, what = error.object.count(b"\n", 0, error.start) + 1, "is not UTF-8 text"
    raise ConfigError([Problem(str(path), line, what)])


def _syntax_problem(path: Path, message: str, source: str) -> Problem:
    """Where tomllib says it is: "(at line 3, column 8)", "(at end of document)", or (a number too long) nowhere."""
    what, _, where = message.partition(" (at ")
    if spot := re.match(r"line (\d+), column (\d+)", where):
        return Problem(str(path), int(spot[1]), f"is not TOML, at column {spot[2]}: {what}")
    line = source.rstrip("\n").count("\n") + 1 if where else 1
    return Problem(str(path), line, f"is not TOML{', at the end of the file' if where else ''}: {what}")
