"""`watcher metrics`: how the watcher is, for Prometheus."""

from __future__ import annotations

from pathlib import Path

import click

from watcher.cli.common import config_option
from watcher.cli.common import configured
from watcher.cli.common import now
from watcher.cli.common import opened
from watcher.config_care import is_ours
from watcher.core.errors import NotWritten
from watcher.metrics import metrics as gathered
from watcher.pace import Pace
from watcher.pace import pace_path
from watcher.writing import whole


@click.command
@config_option
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write FILE, whole or not at all.")
def metrics(option: Path | None, output: Path | None) -> None:
    """Print how the watcher is in Prometheus' text format, or write it to a FILE for node-exporter's textfile collector.

    With `metrics_file` under [care] the daemon writes it each minute.
    """
    config = configured(option)
    if output is not None and is_ours(output, config.store.path, config.path):
        raise NotWritten(f"{output} is the watcher's own file: name another one")
    store = opened(config)
    try:
        text = gathered(store, Pace(pace_path(config.store.path)), config, now=now())
    finally:
        store.close()
    if output is None:
        click.echo(text, nl=False)
        return
    with whole(output, mode=0o644) as file:  # read by another user's collector
        file.write(text.encode())
