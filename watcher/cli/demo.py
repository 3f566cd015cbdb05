"""`watcher demo`: the whole watcher against a bundled EDGAR, on the loopback interface only."""

from __future__ import annotations

import logging
import signal
import sys
from pathlib import Path
from types import FrameType

import click

from watcher.demo.story import tell_story
from watcher.logs import log_to_stderr

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """End the story once; a second Ctrl-C must not cut short the cleaning up."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


@click.command
@click.option("--config", expose_value=False, type=click.Path(path_type=Path), help="Not used: the demo writes its own.")
@click.option("--stay", is_flag=True, help="Go on after the story, with a new filing every 20 seconds, until Ctrl-C.")
@click.option("-v", "--verbose", is_flag=True, help="Show the daemon's log too, on standard error.")
def demo(stay: bool, verbose: bool) -> None:
    """The whole watcher against a bundled EDGAR: no network, no account.

    It shows what the daemon sees and what people and programs are sent, and ends by itself in less than half a minute.
    """
    if verbose:
        log_to_stderr()
    else:
        logging.getLogger().addHandler(logging.NullHandler())  # without any, warnings would go to standard error
    for number in _ENDING:
        signal.signal(number, _interrupt)
    try:
        tell_story(stay=stay)
    except KeyboardInterrupt:
        click.echo("\nInterrupted: everything is stopped, and the temporary folder is gone.", err=True)
        sys.exit(1)
    if stay:
        click.echo("\nEverything is stopped, and the temporary folder is gone.")
