"""`watcher backup` and `watcher restore`: a verified copy of the database, and the way back to it."""

from __future__ import annotations

from pathlib import Path

import click

from watcher.cli.common import config_option
from watcher.cli.common import configured
from watcher.cli.common import now
from watcher.cli.common import opened
from watcher.core.figures import counted


@click.command
@config_option
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@click.argument("path", type=click.Path(path_type=Path))
def backup(option: Path | None, force: bool, path: Path) -> None:
    """Copy the database to PATH and verify the copy; the watcher may be running meanwhile.

    `watcher restore PATH` goes back to it.
    """
    store = opened(configured(option))
    try:
        copied = store.backup(path, replace=force)
    finally:
        store.close()
    click.echo(
        f"{path}: {counted(copied.rows, 'row')} in {counted(copied.tables, 'table')}, {counted(copied.size, 'byte')}; verified"
    )


@click.command
@config_option
@click.argument("path", type=click.Path(path_type=Path))
def restore(option: Path | None, path: Path) -> None:
    """Put the copy PATH in the place of the database, while the watcher is stopped. Nothing is deleted.

    PATH is verified first and stays as it is. When the watcher starts, it finds what was filed meanwhile; messages that may have been
    told before are marked as possible repeats, and those owed for more than a day are held (`watcher outbox list`).
    """
    from watcher.store.backup import restore as put_back  # noqa: PLC0415 -- imported only where it is used: `watcher --help` is quick

    store = configured(option).store.path
    done = put_back(store, path, now())
    click.echo(f"{store}: {counted(done.copied.rows, 'row')} in {counted(done.copied.tables, 'table')}, from {path}; verified")
    if done.aside is not None:
        click.echo(f"what was in its place is kept in {done.aside}", err=True)
    click.echo("start the watcher: it will find what was filed meanwhile", err=True)
