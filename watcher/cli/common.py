"""What the commands share: finding the configuration, opening the store, printing tables and JSON lines."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import click

if TYPE_CHECKING:
    from watcher.config import Config
    from watcher.store import Store

config_option = click.option(
    "--config", "option", type=click.Path(path_type=Path), help="The configuration file, if not in a usual place."
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for scripts.")
csv_option = click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values, for spreadsheets.")

# What a spreadsheet takes for a formula at the start of a cell.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


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


def print_json(row: Mapping[str, Any]) -> None:
    """One object on one line of standard output."""
    sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


def print_rows(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, as_csv: bool = False) -> None:
    """Rows as a table for people (only `columns`), or whole as JSON lines or CSV for programs."""
    listed = list(rows)
    if as_json:
        for row in listed:
            print_json(row)
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        names = list(dict.fromkeys(name for row in listed for name in row)) or list(columns)
        writer.writerow(names)
        writer.writerows([_cell(row.get(name)) for name in names] for row in listed)
    elif listed:
        from tabulate import tabulate  # noqa: PLC0415 -- imported only where it is used: `watcher --help` is quick

        content = [["" if row[name] is None else str(row[name]) for name in columns] for row in listed]
        titles = [name.replace("_", " ") for name in columns]
        click.echo(tabulate(content, titles, tablefmt="plain", disable_numparse=True))
    else:
        click.echo("nothing to show", err=True)


def _cell(value: object) -> str:
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return f"'{text}" if isinstance(value, str) and value.startswith(_FORMULA) else text
