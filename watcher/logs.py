"""The watcher's own log: one line per event on standard error, for people, for the journal, or as JSON for programs.

What is logged about a filing carries its accession number and a CIK (`about`). Secrets never come this far: they are kept out of every
`repr`, error text and reason.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC
from datetime import datetime

from watcher.core.telling import Outcome
from watcher.core.telling import Outgoing
from watcher.notify import Sender

# sd-daemon(3): a number in front of a line tells the journal its level.
_PRIORITIES = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}
_CARRIED = ("accession_number", "cik", "destination")


def about(accession_number: str | None, cik: str | None = None, destination: str | None = None) -> Mapping[str, str]:
    """What a line is about, for `extra`; what is not known is left out."""
    known = zip(_CARRIED, (accession_number, cik, destination), strict=True)
    return {name: value for name, value in known if value}


class Remembering:
    """A door that remembers what the message it was last given is about, for the line that says what became of it."""

    def __init__(self, sender: Sender, destination: str) -> None:
        self._sender = sender
        self.about = about(None, None, destination)

    def send(self, outgoing: Outgoing, *, now: datetime) -> Outcome:
        """Hand it on."""
        body = json.loads(outgoing.payload)
        self.about = about(body.get("accession_number"), (body.get("issuer") or {}).get("cik"), self.about["destination"])
        return self._sender.send(outgoing, now=now)


def log_to_stderr(level: str = "info", form: str = "text") -> None:
    """Send the watcher's own log to standard error, from this level on; libraries below WARNING stay silent.

    Called again, it changes level and form. Does not log anything itself.
    """
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one.formatter, _Lines)]:
        root.removeHandler(handler)
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter((_Json if form == "json" else _Lines)(journal=_to_journal(os.environ)))
    root.addHandler(output)
    logging.getLogger("watcher").setLevel(level.upper())


def _to_journal(environ: Mapping[str, str]) -> bool:
    """Whether standard error is the journal (systemd.exec(5), $JOURNAL_STREAM); the variable alone may be inherited."""
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


class _Lines(logging.Formatter):
    """With the time for people, with the level for the journal, which has its own time."""

    def __init__(self, *, journal: bool) -> None:
        super().__init__("%(message)s" if journal else "%(asctime)s %(levelname)s %(message)s")
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        text = self.text(record)
        if not self._journal:
            return text
        priority = f"<{_PRIORITIES.get(record.levelno, 6)}>"
        return "\n".join(priority + line for line in text.splitlines())

    def text(self, record: logging.LogRecord) -> str:
        """The line, without what the journal wants before it."""
        said = super().format(record)
        carried = [f"{name}={value}" for name, value in _carried(record).items() if value not in said]
        first, *more = said.splitlines() or [""]
        return "\n".join((" ".join((first, *carried)), *more))


class _Json(_Lines):
    """One JSON object a line."""

    def text(self, record: logging.LogRecord) -> str:
        content = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **_carried(record),
        }
        if record.exc_info:
            content["traceback"] = self.formatException(record.exc_info)
        return json.dumps(content, ensure_ascii=False)


def _carried(record: logging.LogRecord) -> dict[str, str]:
    return {name: getattr(record, name) for name in _CARRIED if hasattr(record, name)}
