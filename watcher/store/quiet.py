"""What waits on purpose: alerts that quiet hours keep back, or that a destination wants in its digest only. And what a digest tells of.

A row that waits so is `quiet`: nothing else touches it, and whoever finds it later, also after a crash, decides by the time of then.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from datetime import datetime

from watcher.core.completeness import Completeness
from watcher.core.digest import SettledFiling
from watcher.core.digest import ToldAlert
from watcher.core.folding import Waiting
from watcher.core.telling import Message
from watcher.store.connection import Connection
from watcher.store.connection import stamp
from watcher.store.listed import LISTED
from watcher.store.listed import listed
from watcher.store.outbox import digest_of
from watcher.store.resting import rest_of

# What keeps messages back, and which pass all the same: what the watcher says of itself passes always.
NOTHING, QUIET_HOURS, DIGEST_ONLY = "nothing", "quiet hours", "digest only"
_PASSES = {NOTHING: "TRUE", QUIET_HOURS: "watch_key = 'vigil'", DIGEST_ONLY: "accession_number = ''"}


class QuietRows(Connection):
    """Rows that wait for a time of day and not for a destination."""

    def keep_back(self, destination: str, until: datetime, kept: str) -> None:
        """Keep back what waits for a destination and does not pass (`QUIET_HOURS`, `DIGEST_ONLY`); part of a transaction."""
        self.execute(
            "UPDATE owed SET state = 'quiet', next_at = ? WHERE destination = ? AND state IN ('pending', 'retry', 'unknown')"  # noqa: S608 -- built from constants
            f" AND NOT EXISTS (SELECT 1 FROM alert WHERE alert.event_id = owed.event_id AND {_PASSES[kept]})",
            (stamp(until), destination),
        )

    def is_kept_back(self, destination: str, kept: str) -> bool:
        """Whether something is that passes now."""
        return bool(
            self.value(
                "SELECT 1 FROM owed JOIN alert USING (event_id)"  # noqa: S608 -- built from constants
                f" WHERE destination = ? AND state = 'quiet' AND {_PASSES[kept]} LIMIT 1",
                (destination,),
            )
        )

    def wake(self, destination: str, now: datetime, kept: str) -> list[Waiting]:
        """What was kept back and passes now is due, though not before the destination has rested; part of a transaction.

        Returns the alerts about filings among it that may be folded, oldest first: not what may have arrived.
        """
        rows = self.rows(
            "SELECT owed.id, event_id, accession_number, title, text, html, slack, payload, sha256, may_repeat FROM owed"  # noqa: S608 -- built from constants
            f" JOIN alert USING (event_id) WHERE destination = ? AND state = 'quiet' AND {_PASSES[kept]} ORDER BY owed.id",
            (destination,),
        )
        self.many(
            "UPDATE owed SET state = CASE WHEN may_repeat AND tries THEN 'unknown' WHEN tries THEN 'retry' ELSE 'pending' END,"
            " next_at = max(?, coalesce((SELECT value FROM fact WHERE name = ?), '')), woken_at = ? WHERE id = ?",
            [(stamp(now), rest_of(destination), stamp(now), row["id"]) for row in rows],
        )
        return [
            Waiting(row["id"], row["event_id"], row["title"], row["payload"])
            for row in rows
            if row["accession_number"]
            and not row["may_repeat"]
            and digest_of(Message(row["title"], row["text"], row["html"], row["slack"]), row["payload"]) == row["sha256"]
        ]

    def for_the_digest(self, destination: str) -> list[Waiting]:
        """All that waits for a destination which wants it in its digest only, oldest first: alerts about filings."""
        return [
            listed(row, marked=True)
            for row in self.rows(
                f"SELECT {LISTED} FROM owed JOIN alert USING (event_id)"  # noqa: S608 -- built from constants
                " WHERE destination = ? AND state IN ('quiet', 'pending', 'retry', 'unknown') AND accession_number > '' ORDER BY owed.id",
                (destination,),
            )
        ]

    # --- what a digest tells of -----------------------------------------------------------------------------------------------

    def alerts_for(self, destination: str, begins: datetime, ends: datetime) -> list[ToldAlert]:
        """The alerts about filings that were made for a destination after `begins`, up to `ends`, oldest first."""
        return [
            ToldAlert(listed(row), row["state"])
            for row in self.rows(
                f"SELECT {LISTED}, state FROM alert JOIN owed USING (event_id)"  # noqa: S608 -- built from constants
                " WHERE alert.created_at > ? AND alert.created_at <= ? AND destination = ? AND accession_number > '' ORDER BY owed.id",
                (stamp(begins), stamp(ends), destination),
            )
        ]

    def read_between(self, begins: datetime, ends: datetime) -> list[SettledFiling]:
        """The filings that were read, or set aside as unreadable, after `begins`, up to `ends`; not those of a watch's past."""
        return [
            SettledFiling(row["accession_number"], row["state"], bool(row["alerted"]), row["silent_because"])
            for row in self.rows(
                "SELECT accession_number, state, silent_because,"
                " EXISTS (SELECT 1 FROM alert WHERE alert.accession_number = filing.accession_number) AS alerted"
                " FROM filing WHERE queue = 'live' AND state != 'pending' AND ingested_at > ? AND ingested_at <= ? ORDER BY ingested_at",
                (stamp(begins), stamp(ends)),
            )
        ]

    def count_pending(self) -> int:
        """How many filings wait to be read, but for those of a watch's past."""
        return int(self.value("SELECT count(*) FROM filing WHERE state = 'pending' AND queue = 'live'"))

    def troubles_between(self, begins: datetime, ends: datetime) -> dict[tuple[str, str], int]:
        """How often each (source, text) went wrong then, the most frequent first; only the latest troubles are kept."""
        rows = self.rows("SELECT source, text FROM trouble WHERE at > ? AND at <= ?", (stamp(begins), stamp(ends)))
        return dict(Counter((row["source"], row["text"]) for row in rows).most_common())

    def proofs_between(self, begins: datetime, ends: datetime) -> list[Completeness]:
        """The days whose proof was made after `begins`, up to `ends`."""
        days = self.rows(
            "SELECT day FROM proof WHERE proven_at > ? AND proven_at <= ? ORDER BY day", (stamp(begins), stamp(ends))
        )
        return [proof for row in days if (proof := self.proof_of(date.fromisoformat(row["day"]))) is not None]

    def proof_of(self, day: date) -> Completeness | None:
        """How a day stood when it was last held against EDGAR's index."""
        row = self.row("SELECT * FROM proof WHERE day = ?", (day.isoformat(),))
        if row is None:
            return None
        numbers = {name: row[name] for name in ("watches", "listed", "found", "alerted")}
        return Completeness(
            day, **numbers, silent=json.loads(row["silent"]), missing=json.loads(row["missing"]), indexed=bool(row["indexed"])
        )
