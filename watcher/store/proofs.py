"""Proofs that nothing was missed: how the filings of an index stand, and the row of each day."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date
from datetime import datetime

from watcher.core.completeness import Completeness
from watcher.core.completeness import Standing
from watcher.store.connection import Connection
from watcher.store.connection import stamp
from watcher.store.connection import unstamp

# States of what is owed in which nobody was told, nor will be by itself, in words.
_NOT_TOLD = {"dead": "not delivered (see `watcher outbox list`)", "silenced": "held back by a silence"}


class Proofs(Connection):
    """One row per day of EDGAR's index; the latest look at a day replaces the one before."""

    def standings(self, accession_numbers: Collection[str]) -> dict[str, Standing]:
        """How these filings stand; one that is not known is absent. An alert that reached nobody and will not by itself is none."""
        found = {}
        for accession_number in accession_numbers:
            row = self.row(
                "SELECT state, found_by, silent_because, reason FROM filing WHERE accession_number = ?", (accession_number,)
            )
            owed = self.rows(
                "SELECT DISTINCT state FROM owed JOIN alert USING (event_id) WHERE accession_number = ?", (accession_number,)
            )
            kept = {one["state"] for one in owed}
            if row is not None:
                found[accession_number] = Standing(
                    state=row["state"],
                    found_by=row["found_by"],
                    alerted=bool(kept - _NOT_TOLD.keys()),
                    silent_because=next((why for state, why in _NOT_TOLD.items() if state in kept), row["silent_because"]),
                    reason=row["reason"],
                )
        return found

    def keep_proof(self, proof: Completeness, now: datetime) -> None:
        """Write down how a day stands."""
        with self.transaction():
            self.execute(
                "INSERT OR REPLACE INTO proof VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    proof.day.isoformat(),
                    stamp(now),
                    proof.watches,
                    proof.indexed,
                    proof.listed,
                    proof.found,
                    proof.alerted,
                    json.dumps(dict(proof.silent)),
                    json.dumps(dict(proof.missing)),
                ),
            )

    def proven(self) -> dict[date, datetime]:
        """The days of which nothing is missing, and when that was seen."""
        rows = self.rows("SELECT day, proven_at FROM proof WHERE missing = '{}'")
        return {date.fromisoformat(row["day"]): unstamp(row["proven_at"]) for row in rows}
