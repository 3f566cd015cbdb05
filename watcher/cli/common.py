"""What the commands share: finding the configuration, opening the store, printing tables and JSON lines."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import click

from watcher.core.exporting import cell

if TYPE_CHECKING:
    from watcher.config import Config
    from watcher.store import Store


class _Day(click.DateTime):
    """A day, as its midnight. One of the last year there is counts as of the year before: it has a day after it, in every time zone."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        day: datetime = super().convert(value, param, ctx)
        return day.replace(year=min(day.year, 9998))


class _Number(click.types.IntParamType):
    """A whole number that the store can be asked for."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number: int = super().convert(value, param, ctx)
        return self.fail(f"{value} is too large", param, ctx) if abs(number) >= 2**63 else number


class _Accession(click.types.StringParamType):
    """An accession number, also without its dashes, or within a link to the filing."""

    name = "accession"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        found = ACCESSION.search(super().convert(value, param, ctx))
        if found is None:
            self.fail(f"{value!r} is no accession number; one looks like 0001107843-24-000123", param, ctx)
        return "-".join(found.groups())


ACCESSION = re.compile(r"(?<![0-9])([0-9]{10})-?([0-9]{2})-?([0-9]{6})(?![0-9])")
ACCESSION_NUMBER = _Accession()
DAY = _Day()
NUMBER = _Number()
config_option = click.option(
    "--config", "option", type=click.Path(path_type=Path), help="The configuration file, if not in a usual place."
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for scripts.")
csv_option = click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values, for spreadsheets.")


def now() -> datetime:
    """The time, aware. Below the commands and the daemon it is passed in."""
    return datetime.now(UTC)


def configured(option: Path | None, *, secrets: bool = False) -> Config:
    """The configuration; without `secrets` for commands that only look. Raises `ConfigError`."""
    from watcher.config import find  # noqa: PLC0415 -- imported only where it is used: `watcher --help` is quick
    from watcher.config import load  # noqa: PLC0415 -- imported only where it is used: `watcher --help` is quick

    return load(find(option, os.environ, Path.cwd()), os.environ, secrets=secrets)


def opened(config: Config) -> Store:
    """The store of a configuration, which must exist. Raises `StoreError`."""
    from watcher.store import Store  # noqa: PLC0415 -- imported only where it is used: `watcher --help` is quick

    return Store(config.store.path, create=False)


def say(text: str, *, err: bool = False) -> None:
    """Text for people. On a terminal, lines that are too long for it are broken between words, further lines indented below.

    A line that begins with `$` is a command: it stays whole, to be copied.
    """
    stream = sys.stderr if err else sys.stdout
    if stream.isatty():
        width = shutil.get_terminal_size().columns
        text = "\n".join(_broken(line, width) for line in text.split("\n"))
    click.echo(text, err=err)


def _broken(line: str, width: int) -> str:
    if len(line) <= width or line.lstrip().startswith("$ "):
        return line
    indent = " " * (len(line) - len(line.lstrip()))
    below = indent + "  " if indent else ""
    # A word that is longer, such as a path or a link, stays whole, to be copied.
    return textwrap.fill(line, width, initial_indent="", subsequent_indent=below, break_long_words=False, break_on_hyphens=False)


def print_json(row: Mapping[str, Any]) -> None:
    """One object on one line of standard output, in ASCII: JSON in any encoding, and whatever bytes the name of a file has."""
    sys.stdout.write(json.dumps(row) + "\n")


def print_rows(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, as_csv: bool = False, header: Sequence[str] = ()
) -> None:
    """Rows as a table for people (only `columns`), or whole as JSON lines or CSV for programs.

    `header` are the names that CSV has whatever the rows, also of none; names that only some rows have follow.
    """
    listed = list(rows)
    if as_json:
        for row in listed:
            print_json(row)
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        names = list(dict.fromkeys([*header, *(name for row in listed for name in row)]))
        writer.writerow(names)
        writer.writerows([cell(row.get(name)) for name in names] for row in listed)
    elif listed:
        from tabulate import tabulate  # noqa: PLC0415 -- imported only where it is used: `watcher --help` is quick

        content = [[for_people(name, row[name]) for name in columns] for row in listed]
        titles = [name.replace("_", " ") for name in columns]
        fitted: dict[str, Any] = {}
        room = shutil.get_terminal_size().columns
        if sys.stdout.isatty() and (widths := _fitting(titles, content, room)):
            if _width(widths) > room:
                say("\n\n".join("\n".join(_records(titles, row)) for row in content))
                return
            fitted = {"maxcolwidths": widths, "maxheadercolwidths": [width - _AROUND for width in widths]}
        click.echo(tabulate(content, titles, tablefmt="plain", disable_numparse=True, **fitted))
    else:
        click.echo("nothing to show", err=True)


def for_people(name: str, value: object) -> str:
    """A value for people: a time as EDGAR's clock has it, to the second."""
    if name.endswith("_at") and isinstance(value, str):
        from watcher.core.figures import moment  # noqa: PLC0415 -- imported only where it is used: `watcher --help` is quick

        return moment(datetime.fromisoformat(value))
    return "" if value is None else str(value)


def _records(titles: Sequence[str], row: Sequence[str]) -> Iterator[str]:
    """A row as lines of its own, for a terminal that is too narrow for a table."""
    return (f"{title}: {text}" for title, text in zip(titles, row, strict=True) if text)


_AROUND = 2  # characters between columns, and those that tabulate adds to a title


def _fitting(titles: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """The width of each column for a table of at most `room` characters, as far as that goes without cutting a word; `None`: as it is."""
    columns = list(zip(*rows, strict=True))
    widths, least = [], []
    for title, column in zip(titles, columns, strict=True):
        widths.append(max(len(title) + _AROUND, *map(len, column)))
        words = [len(word) for text in column for word in text.split()]
        least.append(max([*words, *(len(word) + _AROUND for word in title.split())]))
    excess = _width(widths) - room
    if excess <= 0:
        return None
    while excess > 0 and (wide := [index for index, width in enumerate(widths) if width > least[index]]):
        widths[max(wide, key=widths.__getitem__)] -= 1
        excess -= 1
    return widths


def _width(widths: Sequence[int]) -> int:
    return sum(widths) + _AROUND * (len(widths) - 1)
