"""How the demo speaks: wrapped paragraphs, times, and what others said behind a bar."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Callable
from collections.abc import Iterable
from datetime import datetime

import click

from watcher.demo.filings import EASTERN


class Teller:
    """Writes to standard output, 60 to 96 columns wide. Bold only on a terminal, and not where NO_COLOR is set."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._width = max(60, min(96, shutil.get_terminal_size((96, 24)).columns))
        self._bold = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self._apart = True  # whether an empty line stands above

    def part(self, heading: str) -> None:
        """Begin a part of the story."""
        self._gap()
        click.echo(f"{click.style(heading, bold=True) if self._bold else heading}\n{'-' * len(heading)}")

    def say(self, text: str) -> None:
        """Explain something."""
        self._write(text)
        self._gap()

    def now(self, text: str) -> None:
        """Tell what has just happened, with EDGAR's time."""
        self._write(f"{self._clock().astimezone(EASTERN):%H:%M:%S}  {text}", indent=" " * 10)

    def show(self, lines: Iterable[str]) -> None:
        """Show words that are not the demo's own: a file, a message, the output of a command."""
        for line in lines:
            self._write(f"  | {line}".rstrip(), indent="  |     ")
        self._gap()

    def offer(self, commands: Iterable[str]) -> None:
        """Show commands to be copied, each on one line however long."""
        for command in commands:
            click.echo(f"  $ {command}")

    def _gap(self) -> None:
        if not self._apart:
            click.echo()
        self._apart = True

    def _write(self, text: str, indent: str = "") -> None:
        # An accession number or an address stays in one piece, to be copied.
        click.echo(textwrap.fill(text, self._width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False))
        self._apart = False
