"""Problems of a configuration as people see them on a terminal: the line they stand in, with a mark under the place."""

from __future__ import annotations

import re
from pathlib import Path

import click

from watcher.core.errors import Problem
from watcher.ordinary import content
from watcher.toml_tables import PRIVATE

_WORD = re.compile(r"\[\[?[^\]\n]*\]\]?|\"[^\"\n]*\"?|'[^'\n]*'?|[^\s=,\]}#]+")
_VALUE = re.compile(r"(?<==)\s*\S.*")
_HEADER = re.compile(r"\s*\[\[?\s*[\"']?(\w+)")
_CLEARLY_PRIVATE = re.compile(r"://|secret|token|passw|url|key", re.IGNORECASE)


def shown(problem: Problem, width: int) -> str:
    """The problem in colours that click takes away where there is no terminal, and the line it stands in, as far as it may be shown."""
    place, level, said = f"{problem.file}:{problem.line}:", problem.level, problem.text
    colour = "red" if level == "error" else "yellow"
    first = f"{click.style(place, bold=True)} {click.style(f'{level}:', fg=colour)} {said}"
    row = _row(problem)
    if row is None:
        return first
    number = f"{problem.line:>5} | "
    at = max(problem.column - 1, 0)
    cut = max(0, at - 20) if len(row) > width - len(number) else 0
    lines = [first, f"{number}{row[cut : cut + width - len(number)]}"]
    if problem.column:
        word = _WORD.match(row, at)
        length = min(len(word[0]) if word else 1, width - len(number) - (at - cut))
        lines.append(" " * (len(number) - 2) + "| " + " " * (at - cut) + click.style("^" * max(length, 1), fg=colour))
    return "\n".join(lines)


def _row(problem: Problem) -> str | None:
    """The line, without tabs and what may be a secret; `None` if it cannot be shown."""
    try:
        rows = content(Path(problem.file)).decode("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError):
        return None
    if problem.line > len(rows):
        return None
    row = "".join(each if each.isprintable() else " " for each in rows[problem.line - 1].rstrip())
    if not row.strip():
        return None
    header = next((found[1] for each in rows[problem.line - 1 :: -1] if (found := _HEADER.match(each))), "")
    if _CLEARLY_PRIVATE.search(row) or header in PRIVATE:
        return _VALUE.sub(" ...", row) if "=" in row or _HEADER.match(row) else None
    return row
