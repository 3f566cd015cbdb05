"""How far a long command is: a bar with rate and time left on a terminal, plain lines elsewhere. Both on standard error."""

from __future__ import annotations

import shutil
import sys
import time
from datetime import timedelta
from types import TracebackType
from typing import Any
from typing import Self

import click

from watcher.core.figures import lapse

EVERY = 5.0  # seconds between plain lines
_SETTLED = 1.0  # seconds before a rate says anything


class Progress:
    """Counts `total` things done, beginning now; nothing is shown where there is nothing to do."""

    def __init__(self, doing: str, total: int, one: str, many: str) -> None:
        self._doing, self._total, self._one, self._many = doing, total, one, many
        self._done, self._began = 0, time.monotonic()
        self._said = self._began
        self._bar: Any = None  # click does not export its type
        if total and sys.stderr.isatty():
            self._bar = click.progressbar(
                length=total,
                label=f"{doing} {total:,} {one if total == 1 else many}",
                file=sys.stderr,
                show_eta=True,
                item_show_func=lambda _: self._rate(),
                width=0 if shutil.get_terminal_size().columns > 100 else 20,
            )

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.__enter__()
        elif self._total > 1:
            self._line()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.__exit__(kind, error, trace)
        elif self._done:
            self._line()

    def step(self, _name: str = "", *, number: int = 1) -> None:
        """So many more are done."""
        self._done += number
        if self._bar is not None:
            self._bar.update(number)
        elif time.monotonic() - self._said > EVERY and self._done < self._total:
            self._line()

    def say(self, text: str) -> None:
        """A line beside it, for what people should know at once."""
        click.echo(f"\r{text}\033[K" if self._bar is not None else text, err=True)

    def _rate(self) -> str:
        passed = time.monotonic() - self._began
        return f"{self._done / passed:,.1f}/s" if passed > _SETTLED and self._done else ""

    def _line(self) -> None:
        self._said = time.monotonic()
        passed = self._said - self._began
        left = ""
        if passed > _SETTLED and self._done:
            seconds = passed * (self._total - self._done) / self._done
            left = f", {self._rate()}" + (f", {lapse(timedelta(seconds=seconds))} left" if self._done < self._total else "")
        click.echo(
            f"{self._doing}: {self._done:,} of {self._total:,} {self._one if self._total == 1 else self._many}{left}", err=True
        )
