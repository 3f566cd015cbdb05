"""`watcher run`: the daemon."""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
from pathlib import Path

import click

from watcher.cli.common import config_option
from watcher.cli.common import configured
from watcher.cli.common import now
from watcher.daemon import Daemon

# sd-daemon(3): a number in front of a line tells the journal its level.
_PRIORITIES = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}


class _Lines(logging.Formatter):
    """One line per event: with the time for people, with the level for the journal, which has its own time."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._journal = "JOURNAL_STREAM" in os.environ

    def format(self, record: logging.LogRecord) -> str:
        if not self._journal:
            return super().format(record)
        priority = f"<{_PRIORITIES.get(record.levelno, 6)}>"
        return "\n".join(priority + line for line in record.getMessage().splitlines())


def log_to_stderr() -> None:
    """Send the watcher's own log to standard error; libraries below WARNING stay silent."""
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(_Lines())
    logging.getLogger().addHandler(output)
    logging.getLogger("watcher").setLevel(logging.INFO)


@click.command
@config_option
@click.option("--once", is_flag=True, help="One whole cycle (baseline if new, poll, ingest, deliver), then exit.")
def run(option: Path | None, once: bool) -> None:
    """Watch: poll EDGAR, read what concerns a watch, tell whom the rules name.

    SIGTERM and Ctrl-C end it cleanly, SIGHUP reloads the configuration.
    """
    faulthandler.enable()
    log_to_stderr()
    config = configured(option, secrets=True)
    daemon = Daemon(config, now=now, reload=lambda: configured(option, secrets=True))
    try:
        if once:
            daemon.run_once()
            return
        status = daemon.run()
    finally:
        daemon.close()
    sys.exit(status)
