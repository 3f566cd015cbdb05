"""The small file beside a store that says that there is one, which one, and how much it has told.

By it a store that vanished, was emptied or was replaced by an older copy is known as such; a database cannot tell that of itself.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from pathlib import Path

from watcher.store.copying import to_disk

_WORDS = "There is a watcher's store beside this file. It is removed only to begin anew, with no past.\n"
_LIFE = 32


@dataclass(frozen=True, slots=True)
class Mark:
    """`life` names one store from its first start, or from the time it was put back; `sent` is its last attempt to tell, at `at`."""

    life: str
    sent: int
    at: datetime

    def line(self) -> bytes:
        """Always of the same length, so that it is written over in one short write."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        return f"{self.life:{_LIFE}} {self.sent:020} {at}\n".encode("ascii")


class Marker:
    """The file of a store. Its methods raise `OSError`; the connection says that in words."""

    def __init__(self, store: Path) -> None:
        self.path = store.with_name(store.name + ".mark")

    def exists(self) -> bool:
        """Whether there was a store here, even if the file cannot be understood."""
        return self.path.exists()

    def read(self) -> Mark | None:
        """What it says; `None` when it is not there or cannot be understood."""
        try:
            life, sent, at = self.path.read_text("ascii", "replace").partition("\n")[0].split(" ")
            moment = datetime.fromisoformat(at)
            return Mark(life, int(sent), moment) if moment.tzinfo and life else None
        except (FileNotFoundError, ValueError):
            return None

    def write(self, mark: Mark) -> None:
        """Make the file, whole and on the disk."""
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(number, mark.line() + _WORDS.encode("ascii"))
            os.fsync(number)
        finally:
            os.close(number)
        beside.replace(self.path)
        to_disk(self.path.parent)

    def count(self, mark: Mark) -> None:
        """Bring the file up to date before something is told; one that was removed meanwhile is made again."""
        try:
            number = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            self.write(mark)
            return
        try:
            os.pwrite(number, mark.line(), 0)
            os.fdatasync(number)
        finally:
            os.close(number)
