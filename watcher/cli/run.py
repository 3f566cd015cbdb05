"""`watcher run`: the daemon."""

from __future__ import annotations

import faulthandler
import os
import sys
from pathlib import Path

import click

from watcher.cli.common import config_option
from watcher.cli.common import now
from watcher.config import find
from watcher.config import load
from watcher.config_care import FORMATS
from watcher.config_care import LEVELS
from watcher.daemon import Daemon
from watcher.logs import log_to_stderr
from watcher.reloading import Origin


@click.command
@config_option
@click.option("--once", is_flag=True, help="One whole cycle (baseline if new, poll, ingest, deliver), then exit.")
@click.option("--log-level", type=click.Choice(LEVELS), help="From which level on the log is written; without, as under [care].")
@click.option(
    "--log-format", type=click.Choice(FORMATS), help="Lines for people, or JSON for programs; without, as under [care]."
)
def run(option: Path | None, once: bool, log_level: str | None, log_format: str | None) -> None:
    """Watch: poll EDGAR, read what concerns a watch, tell whom the rules name.

    SIGTERM and Ctrl-C end it cleanly. The configuration is reloaded when one of its files changes, and on SIGHUP.
    """
    faulthandler.enable()
    log_to_stderr(log_level or "info", log_format or "text")
    origin = Origin(find(option, os.environ, Path.cwd()), lambda path: load(path, os.environ))
    config = origin.load()
    log_to_stderr(log_level or config.care.log_level, log_format or config.care.log_format)
    daemon = Daemon(config, now=now, origin=origin)
    try:
        if once:
            daemon.run_once()
            return
        status = daemon.run()
    finally:
        daemon.close()
    sys.exit(status)
