"""The door to SQLite. Steps meet here: what one leaves, the next finds, also after a crash. It decides nothing."""

from __future__ import annotations

from datetime import datetime

from watcher.store.ageing import Ageing
from watcher.store.backup import Backup
from watcher.store.backup import Copied
from watcher.store.checking import Checking
from watcher.store.connection import Lock
from watcher.store.connection import stamp
from watcher.store.connection import unstamp
from watcher.store.counting import Counting
from watcher.store.discovery import Discovery
from watcher.store.discovery import PendingFiling
from watcher.store.discovery import StoredWatch
from watcher.store.exporting import Choice
from watcher.store.exporting import Exporting
from watcher.store.exporting import StoredCase
from watcher.store.history import History
from watcher.store.ledger import KeptReading
from watcher.store.ledger import Ledger
from watcher.store.ledger import ReadFiling
from watcher.store.outbox import GONE
from watcher.store.outbox import KeptAlert
from watcher.store.outbox import Outbox
from watcher.store.outbox import Owed
from watcher.store.past import Past
from watcher.store.positions import Placed
from watcher.store.positions import Positions
from watcher.store.proofs import Proofs
from watcher.store.quiet import QuietRows
from watcher.store.silences import Silences

__all__ = [
    "GONE",
    "Choice",
    "Copied",
    "KeptAlert",
    "KeptReading",
    "Lock",
    "Owed",
    "PendingFiling",
    "Placed",
    "ReadFiling",
    "Store",
    "StoredCase",
    "StoredWatch",
    "stamp",
    "unstamp",
]

_TROUBLES_KEPT = 50


class Store(
    Discovery,
    Ledger,
    Positions,
    Past,
    History,
    Outbox,
    Proofs,
    Silences,
    QuietRows,
    Backup,
    Checking,
    Exporting,
    Counting,
    Ageing,
):
    """All that is durable: watches, pending filings, holdings, alerts, owed messages, proofs, and facts about the daemon's life."""

    def fact(self, name: str) -> str | None:
        """A single fact, if known."""
        value = self.value("SELECT value FROM fact WHERE name = ?", (name,))
        return None if value is None else str(value)

    def moment(self, name: str) -> datetime | None:
        """A single fact that is a time."""
        text = self.fact(name)
        return unstamp(text) if text else None

    def set_fact(self, name: str, value: str | datetime | None) -> None:
        """Set a single fact, or with `None` forget it."""
        with self.transaction():
            if value is None:
                self.execute("DELETE FROM fact WHERE name = ?", (name,))
            else:
                text = stamp(value) if isinstance(value, datetime) else value
                self.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, text))

    def keep_trouble(self, source: str, text: str, now: datetime) -> None:
        """Remember what went wrong; only the latest are kept."""
        with self.transaction():
            self.execute("INSERT INTO trouble (at, source, text) VALUES (?, ?, ?)", (stamp(now), source, text))
            self.execute("DELETE FROM trouble WHERE id <= (SELECT max(id) FROM trouble) - ?", (_TROUBLES_KEPT,))

    def troubles(self, since: datetime) -> list[tuple[datetime, str, str]]:
        """(time, source, text) of what went wrong since then, newest first."""
        rows = self.rows("SELECT at, source, text FROM trouble WHERE at >= ? ORDER BY id DESC", (stamp(since),))
        return [(unstamp(row["at"]), row["source"], row["text"]) for row in rows]
