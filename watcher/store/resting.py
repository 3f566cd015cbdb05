"""Destinations in trouble: how long each is left alone, and whether it was one message or the destination itself."""

from __future__ import annotations

from datetime import datetime

from watcher.store.connection import FARTHEST
from watcher.store.connection import Connection
from watcher.store.connection import stamp
from watcher.store.connection import unstamp

_SEVERAL = "several"


class Resting(Connection):
    """What is remembered of a destination between attempts, over restarts too."""

    def unanswered(self, destination: str) -> int:
        """How many messages a destination has taken without a word since its last answer."""
        return int(self.value("SELECT value FROM fact WHERE name = ?", (unanswered_by(destination),)) or 0)

    def rest(self, destination: str, until: datetime, owed_id: int, now: datetime) -> None:
        """Let a destination in trouble rest: nothing that waits for it, or is promised meanwhile, is due before `until`.

        `owed_id`: the message that it did not accept.
        """
        with self.transaction():
            first = self.value("SELECT value FROM fact WHERE name = ?", (_failing(destination),)) or str(owed_id)
            failing = first if first == str(owed_id) else _SEVERAL
            self.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (_failing(destination), failing))
            self.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (rest_of(destination), stamp(until)))
            self.execute("DELETE FROM fact WHERE name = ?", (_asked(destination),))
            if until > now + FARTHEST:
                self.execute("INSERT INTO fact VALUES (?, ?)", (_asked(destination), stamp(until)))
            self.execute(
                "UPDATE owed SET next_at = max(next_at, ?) WHERE destination = ? AND state IN ('pending', 'retry', 'unknown')",
                (stamp(until), destination),
            )

    def is_back(self, destination: str, now: datetime) -> None:
        """It took a message. Where it had refused several before, that was not because of them: what waits is due, oldest first."""
        with self.transaction():
            failing = self.value("SELECT value FROM fact WHERE name = ?", (_failing(destination),))
            if failing is None:
                return
            self.execute("DELETE FROM fact WHERE name IN (?, ?)", (_failing(destination), rest_of(destination)))
            self.execute(
                "UPDATE owed SET next_at = min(next_at, ?) WHERE destination = ?"
                " AND (state = 'pending' OR (state IN ('retry', 'unknown') AND ?))",
                (stamp(now), destination, failing == _SEVERAL),
            )

    def farthest(self, destination: str, now: datetime) -> datetime:
        """What is to be tried later than this was written down before the clock went back, and is due.

        Only a destination that asked for more than `FARTHEST` is left alone for longer, and then also where the clock went back.
        """
        asked = self.value("SELECT value FROM fact WHERE name = ?", (_asked(destination),))
        return max(now + FARTHEST, unstamp(asked)) if asked else now + FARTHEST


def rest_of(destination: str) -> str:
    """The fact that holds until when a destination in trouble is left alone."""
    return f"rest {destination}"


def unanswered_by(destination: str) -> str:
    """The fact that holds how many messages in a row it took without an answer."""
    return f"unanswered {destination}"


def _failing(destination: str) -> str:
    return f"failing {destination}"


def _asked(destination: str) -> str:
    """The fact that holds until when it asked to be left alone, where that is far ahead."""
    return f"asked for {destination}"
