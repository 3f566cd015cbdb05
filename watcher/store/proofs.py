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


class Proofs(Connection):
    """One row per day of EDGAR's index; the latest look at a day replaces the one before."""

    def standings(self, accession_numbers: Collection[str]) -> dict[str, Standing]:
        """How these filings stand; one that is not known is absent."""
        found = {}
        for accession_number in accession_numbers:
            row = self.row(
                "SELECT state, found_by, silent_because, reason,"
                " EXISTS (SELECT 1 FROM alert WHERE alert.accession_number = filing.accession_number) AS alerted"
                " FROM filing WHERE accession_number = ?",
                (accession_number,),
            )
            if row is not None:
                found[accession_number] = Standing(
                    state=row["state"],
                    found_by=row["found_by"],
                    alerted=bool(row["alerted"]),
                    silent_because=row["silent_because"],
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
