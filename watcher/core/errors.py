"""Every error the watcher raises on purpose. Each answers one question: try again, or not?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


class WatcherError(Exception):
    """Base of all errors raised on purpose; its text is written for the person who reads it.

    `again` says whether the same call may succeed later without anybody doing anything.
    """

    again = False


class UnreadableDocument(WatcherError):
    """The bytes are not a document of the expected kind, or break a size cap. Trying again will not help."""


class LeftOut(UnreadableDocument):
    """Lines of a data set had no place. All that had one was given before this is raised."""


class FeedUnreadable(WatcherError):
    """Where a feed, an index or a JSON document was expected, something else came: an outage, not "nothing new"."""

    again = True


class EdgarError(WatcherError):
    """Base of what the door to the SEC reports."""

    again = True


class Unreachable(EdgarError):
    """EDGAR did not give the expected answer: no connection, a server error, an error page, a deadline passed.

    `retry_after` is the number of seconds the server asked us to wait, if it did.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.status = status


class Blocked(EdgarError):
    """The SEC has limited our address, or a block is remembered; nothing may be asked before `until`."""

    def __init__(self, message: str, *, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class NotYet(EdgarError):
    """EDGAR has no such object (404, or 403 AccessDenied): a filing just listed may appear later."""


class TooLarge(EdgarError):
    """The body is larger than the cap for its kind; asking again gives the same."""

    again = False


class StoreError(WatcherError):
    """The store cannot be opened, read or written as it stands; the text says what to do."""


class NotWritten(WatcherError):
    """A file for other programs could not be written; the text says what to do."""

    again = True


class MissingExtra(WatcherError):
    """A library is not installed that only this needs; the text says how to install it."""


class AlreadyRunning(StoreError):
    """Another daemon holds the lock of this store."""


class UnknownTicker(WatcherError):
    """The SEC's ticker file does not list this symbol."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a configuration or watchlist file, said as `file:line: what is wrong and what would be right`.

    `column` counts from 1; 0 is the whole line. `level` is "error", or "warning" for what works, but hardly as meant.
    """

    file: str
    line: int
    text: str
    column: int = 0
    level: str = "error"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {'' if self.level == 'error' else f'{self.level}: '}{self.text}"


class ConfigError(WatcherError):
    """The configuration cannot be used; `problems` holds every mistake found, in file order, `warnings` what else was noticed."""

    def __init__(self, problems: list[Problem], warnings: tuple[Problem, ...] = ()) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
        self.warnings = warnings
