"""`watcher backup`: a verified copy of the database."""

from __future__ import annotations

from pathlib import Path

import click

from watcher.cli.common import config_option
from watcher.cli.common import configured
from watcher.cli.common import opened
from watcher.core.figures import counted


@click.command
@config_option
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@click.argument("path", type=click.Path(path_type=Path))
def backup(option: Path | None, force: bool, path: Path) -> None:
    """Copy the database to PATH and verify the copy; the watcher may be running meanwhile.

    To go back to it, stop the watcher and put the copy in the place of the store; its files -wal and -shm go with the old one.
    """
    store = opened(configured(option))
    try:
        copied = store.backup(path, replace=force)
    finally:
        store.close()
    click.echo(
        f"{path}: {counted(copied.rows, 'row')} in {counted(copied.tables, 'table')}, {counted(copied.size, 'byte')}; verified"
    )
