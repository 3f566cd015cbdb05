"""`watcher reparse`: read the store again after an upgrade."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from watcher.cli.common import config_option
from watcher.cli.common import configured
from watcher.cli.common import json_option
from watcher.cli.common import now
from watcher.cli.common import opened
from watcher.cli.common import print_json
from watcher.core.figures import counted
from watcher.core.reading import READER_VERSION
from watcher.reparse import reparse as reparse_one


@click.command
@config_option
@json_option
@click.option("--all", "everything", is_flag=True, help="Also what this release has read itself.")
def reparse(option: Path | None, as_json: bool, everything: bool) -> None:
    """Read the stored originals again, say what is read otherwise now, and correct alerts that were wrong.

    Nobody is told anything unless an alert was wrong. A filing that could not be read before, and now can, is ingested by the daemon.
    Exit 1 if a filing that could be read no longer can; it stays as it was.
    """
    store = opened(configured(option))
    read = changed = corrected = failed = 0
    older_than = READER_VERSION + everything
    for kept in store.readings(older_than=older_than):
        result = reparse_one(store, kept, now=now())
        read += 1
        changed += bool(result.changes)
        corrected += result.corrections
        failed += result.error is not None
        if as_json:
            print_json(
                {
                    "accession_number": result.accession_number,
                    "changes": list(result.changes),
                    "corrections": result.corrections,
                    "released": result.released,
                    "error": result.error,
                }
            )
            continue
        for line in result.changes:
            click.echo(f"{result.accession_number}: {line}")
        if result.released:
            click.echo(f"{result.accession_number}: can be read now; a running daemon ingests it")
        if result.error is not None:
            click.echo(f"{result.accession_number}: could be read before and now cannot: {result.error}", err=True)
    lost = store.without_bytes(older_than=older_than)
    store.close()
    if lost:
        click.echo(
            f"{counted(lost, 'filing')} cannot be read again: the originals were removed by age (`keep_originals`)", err=True
        )
    click.echo(
        f"{counted(read, 'filing')} read again, {changed} read otherwise, {counted(corrected, 'alert')} corrected", err=True
    )
    if failed:
        sys.exit(1)
