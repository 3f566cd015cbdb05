"""`watcher export`: what is stored, for spreadsheets and other programs; and all about one filing in a zip."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import datetime
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from typing import BinaryIO

import click

from watcher.cli.common import ACCESSION_NUMBER
from watcher.cli.common import DAY
from watcher.cli.common import config_option
from watcher.cli.common import configured
from watcher.cli.common import opened
from watcher.config_care import is_ours
from watcher.core.case import case_files
from watcher.core.errors import NotWritten
from watcher.core.exporting import COLUMNS
from watcher.core.exporting import flat_alert
from watcher.core.figures import counted
from watcher.core.submission import EASTERN
from watcher.exporting import write_case
from watcher.exporting import write_csv
from watcher.exporting import write_json_lines
from watcher.exporting import write_parquet
from watcher.store import Choice
from watcher.store import Store
from watcher.writing import whole


@click.command
@config_option
@click.option("--format", "form", type=click.Choice(["csv", "jsonl", "parquet"]), help="Without: by the name of FILE, else csv.")
@click.option(
    "--since", type=DAY, metavar="DATE", help="Filed (alerts: told; holdings: held) on this day or later, Eastern time."
)
@click.option("--until", type=DAY, metavar="DATE", help="Filed (alerts: told; holdings: held) on this day or earlier.")
@click.option("--ticker", help="Of one issuer only, by ticker or CIK.")
@click.option(
    "--case",
    "accession",
    type=ACCESSION_NUMBER,
    metavar="ACCESSION",
    help="All about one filing, as a zip (without -o: ACCESSION.zip).",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write FILE, whole or not at all.")
@click.argument("what", type=click.Choice(list(COLUMNS)), required=False)
def export(
    option: Path | None,
    form: str | None,
    since: datetime | None,
    until: datetime | None,
    ticker: str | None,
    accession: str | None,
    output: Path | None,
    what: str | None,
) -> None:
    """Write alerts, transactions, holdings or filings for other programs, to standard output or a FILE.

    CSV is safe to open in a spreadsheet. JSON Lines have every field. Parquet has exact decimals, and needs the extra `parquet`.
    """
    if (what is None) == (accession is None):
        raise click.UsageError(f"name what to export ({', '.join(COLUMNS)}), or one filing with --case ACCESSION")
    if accession is not None and (form or since or until or ticker):
        raise click.UsageError("--case is about one filing: it takes no other choice than -o")
    form = form or {".jsonl": "jsonl", ".parquet": "parquet"}.get(output.suffix.lower() if output else "", "csv")
    if form == "parquet" and output is None:
        raise click.UsageError("Parquet is not text: name a file with -o")
    config = configured(option)
    store = opened(config)
    try:
        if output is not None and is_ours(output, config.store.path, config.path):
            raise NotWritten(f"{output} is the watcher's own file: name another one")
        if accession is not None:
            _export_case(store, accession, output or Path(f"{accession}.zip"))
        elif what is not None:
            _export_rows(store, what, form, Choice(ticker, _midnight(since), _midnight(until, days=1)), output)
    finally:
        store.close()


def _export_rows(store: Store, what: str, form: str, choice: Choice, output: Path | None) -> None:
    rows: Iterator[Mapping[str, Any]] = store.exported(what, choice)
    if what == "alerts" and form != "jsonl":
        rows = map(flat_alert, rows)
    columns = COLUMNS[what]
    writers: Mapping[str, Callable[[BinaryIO], int]] = {
        "csv": partial(write_csv, rows, columns),
        "jsonl": partial(write_json_lines, rows),
        "parquet": partial(write_parquet, rows, columns),
    }
    with _written(output) as file:
        number = writers[form](file)
    if output is not None:
        click.echo(f"{output}: {counted(number, 'row')}", err=True)
    elif not number:
        click.echo("nothing to export", err=True)


def _export_case(store: Store, accession: str, output: Path) -> None:
    case = store.case(accession)
    if case is None:
        click.echo(f"watcher: {accession} is not in the store: it concerns no watch, or has not been seen yet", err=True)
        sys.exit(1)
    files = case_files(
        case.filing,
        original=case.original,
        original_sha256=case.original_sha256,
        reading=case.reading,
        ledger={"positions": case.positions, "events": case.events, "amendments": case.amendments},
        verdicts=case.verdicts,
        alerts=case.alerts,
        owed=case.owed,
    )
    with _written(output) as file:
        write_case(files, accession, file)
    click.echo(f"{output}: {counted(len(files), 'file')}", err=True)


@contextmanager
def _written(output: Path | None) -> Iterator[BinaryIO]:
    if output is not None:
        with whole(output) as file:
            yield file
        return
    # What was not written because the reader has gone is not tried again at the end.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as file:
        yield file


def _midnight(day: datetime | None, *, days: int = 0) -> datetime | None:
    """When a day begins in EDGAR's time, or so many days later."""
    return (day + timedelta(days=days)).replace(tzinfo=EASTERN) if day else None
