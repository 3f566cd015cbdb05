"""Keeping the file small: the log folded in, and what goes by age, if the user asks for it. Never what anything is compared with.

By age go EDGAR's bytes, and the logs of what is long over.
Holdings, positions, events, readings, alerts, deliveries and proofs stay for ever. Of an original its hash stays, of an attempt that it
was made (`tries`, and the metrics count it), of a verdict that the rule matched or not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from watcher.store.connection import BUSY_SECONDS
from watcher.store.connection import Connection
from watcher.store.connection import stamp
from watcher.store.counting import FORGOTTEN

BATCH = 200
PAGES = 2000  # given back to the disk in one go: 8 MB

_ORIGINALS = (
    "SELECT accession_number FROM original JOIN filing USING (accession_number)"
    " WHERE state = 'ingested' AND ingested_at < ? AND content IS NOT NULL"
)
# Written anew at the end, as an update in its place leaves pages that are nearly empty, which cannot be given back.
_WITHOUT_BYTES = (
    "REPLACE INTO original SELECT accession_number, sha256, reader_version, size, NULL FROM original WHERE accession_number = ?"
)
_VERDICTS = (
    "SELECT DISTINCT accession_number FROM verdict JOIN filing USING (accession_number)"
    " WHERE ingested_at < ? AND conditions != '[]'"
)
# The newest attempt of all says how much this store has told (`backup`), the newest of a destination how it fares (`Outbox.burst`).
_ATTEMPTS = (
    "SELECT attempt.id FROM attempt JOIN owed ON owed.id = owed_id WHERE ended_at < ? AND state IN ('delivered', 'dead')"
    " AND attempt.id NOT IN (SELECT max(attempt.id) FROM attempt JOIN owed ON owed.id = owed_id GROUP BY destination)"
)
_COUNT = (
    "INSERT INTO fact SELECT ? || json_array(destination, outcome), count(*) FROM attempt JOIN owed ON owed.id = owed_id"
    " WHERE attempt.id IN (SELECT value FROM json_each(?)) GROUP BY destination, outcome"
    " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value"
)


class Ageing(Connection):
    """Each removes in small transactions, so that nobody waits long; yields after each how many rows it was."""

    def checkpoint(self) -> None:
        """Fold the write-ahead log into the database file, as far as nobody reads from it; waits for no reader, however long he reads."""
        with self._lock:
            self.rows("PRAGMA busy_timeout=0")
            try:
                self.rows("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                self.rows(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")

    def forget_originals(self, before: datetime) -> Iterator[int]:
        """EDGAR's bytes of filings that were read before then. Those of quarantined ones stay: they are still to be read."""
        return self._in_batches(_ORIGINALS, _WITHOUT_BYTES, before)

    def forget_logs(self, before: datetime) -> Iterator[int]:
        """The conditions of verdicts, and the attempts of what was delivered or given up, from before then."""
        yield from self._in_batches(_VERDICTS, "UPDATE verdict SET conditions = '[]' WHERE accession_number = ?", before)
        yield from self._in_batches(_ATTEMPTS, "DELETE FROM attempt WHERE id = ?", before, first=_COUNT)

    def give_back(self) -> Iterator[int]:
        """Return to the disk the pages that are free now; yields how many."""
        while free := int(self.value("PRAGMA freelist_count")):
            with self._lock, self._speaking():
                self._connection.executescript(f"PRAGMA incremental_vacuum({PAGES})")  # `execute` would give back one page
            left = int(self.value("PRAGMA freelist_count"))
            if left >= free:
                return
            yield free - left

    def _in_batches(self, found: str, change: str, before: datetime, *, first: str = "") -> Iterator[int]:
        numbers = iter([row[0] for row in self.rows(found, (stamp(before),))])
        while batch := list(islice(numbers, BATCH)):
            with self.transaction():
                if first:
                    self.execute(first, (FORGOTTEN, json.dumps(batch)))
                self.many(change, [(number,) for number in batch])
            yield len(batch)
