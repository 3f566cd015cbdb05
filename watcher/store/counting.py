"""How much there is of what, and how long it took: for the metrics."""

from __future__ import annotations

import json
from datetime import datetime

from watcher.core.metrics import Latency
from watcher.store.connection import Connection
from watcher.store.connection import stamp

FORGOTTEN = "attempts forgotten "  # the facts that count the attempts removed by age: a counter never goes back

_DAY = 86_400.0
# Each stage with its two times; what was listed late, or by a clock that was ahead of EDGAR's, took no time.
_STAGES = {
    "accepted_to_seen": ("filing.filed_at", "filing.first_seen_at"),
    "seen_to_sent": ("filing.first_seen_at", "sent_at"),
    "accepted_to_sent": ("filing.filed_at", "sent_at"),
}
# Of the filings that came by the live queue and were alerted: when the first message about each was taken.
_SENT = """
    FROM (SELECT accession_number, min(delivered_at) AS sent_at FROM alert JOIN owed USING (event_id)
        WHERE state = 'delivered' AND accession_number > '' GROUP BY accession_number)
    JOIN filing USING (accession_number) WHERE filing.queue = 'live' AND filing.filed_at IS NOT NULL"""


class Counting(Connection):
    """Counts of rows. Each reads its whole table, or an index of it."""

    def filings_by_state(self) -> dict[tuple[str, str], int]:
        """The number of filings by (state, queue)."""
        rows = self.rows("SELECT state, queue, count(*) AS number FROM filing GROUP BY state, queue")
        return {(row["state"], row["queue"]): row["number"] for row in rows}

    def owed_by_state(self) -> dict[tuple[str, str], int]:
        """The number of messages by (destination, state)."""
        rows = self.rows("SELECT destination, state, count(*) AS number FROM owed GROUP BY destination, state")
        return {(row["destination"], row["state"]): row["number"] for row in rows}

    def attempts_by_outcome(self) -> dict[tuple[str, str], int]:
        """The number of ended attempts by (destination, outcome), with those that were removed by age."""
        rows = self.rows(
            "SELECT destination, outcome, count(*) AS number FROM attempt JOIN owed ON owed.id = owed_id"
            " WHERE outcome IS NOT NULL GROUP BY destination, outcome"
        )
        found = {(row["destination"], row["outcome"]): row["number"] for row in rows}
        for row in self.rows("SELECT name, value FROM fact WHERE name GLOB ?", (f"{FORGOTTEN}*",)):
            destination, outcome = json.loads(row["name"].removeprefix(FORGOTTEN))
            found[destination, outcome] = found.get((destination, outcome), 0) + int(row["value"])
        return found

    def alerts_promised(self) -> int:
        """The number of alerts there ever were."""
        return int(self.value("SELECT count(*) FROM alert"))

    def latencies(self, since: datetime) -> list[Latency]:
        """How long each stage took, for the filings whose first message was taken since then, and for all."""
        spans = ", ".join(
            f"max(0, (julianday({to}) - julianday({begin})) * {_DAY}) AS {stage}" for stage, (begin, to) in _STAGES.items()
        )
        recent = self.rows(f"SELECT {spans} {_SENT} AND sent_at >= ?", (stamp(since),))
        sums = ", ".join(f"total({stage}) AS {stage}" for stage in _STAGES)
        every = self.row(f"SELECT count(*) AS number, {sums} FROM (SELECT {spans} {_SENT})")  # noqa: S608 -- built from constants
        return [
            Latency(stage, tuple(row[stage] for row in recent), every[stage] if every else 0.0, every["number"] if every else 0)
            for stage in _STAGES
        ]
