"""Alerts and what is owed because of them: one row per alert and destination, struck out only after the destination said yes.

    pending -> sending -> delivered
                       -> retry (not sent, or refused for now: tried again at `next_at`)
                       -> unknown (it may have arrived: tried again, marked as a possible repeat)
                       -> dead (refused for good, or given up by a person: visible until someone acts)
    unknown -> held (where the destination asks for it: a person decides)
    pending, retry -> folded (a digest carries it: delivered, held or dead with that, by a trigger of the schema)
    silenced (from the beginning: a silence keeps it), and quiet (until quiet hours or, for some, the digest): see `silences` and `quiet`

`sending` is committed before the first byte leaves. A daemon that finds `sending` when it starts does not know what became of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watcher.core.folding import Digest
from watcher.core.folding import Waiting
from watcher.core.telling import Alert
from watcher.core.telling import Message
from watcher.core.telling import Outcome
from watcher.core.telling import Outgoing
from watcher.store.connection import stamp
from watcher.store.connection import unstamp
from watcher.store.resting import Resting
from watcher.store.resting import rest_of
from watcher.store.resting import unanswered_by

OPEN_STATES = "('pending', 'sending', 'retry', 'unknown', 'quiet')"
MOST_FOLDED = 1000  # alerts looked at together; what is beyond is folded in the next turn


@dataclass(frozen=True, slots=True)
class Owed:
    """One promise to one destination, ready to be sent. `tries` counts the attempts so far."""

    id: int
    destination: str
    tries: int
    created_at: datetime
    outgoing: Outgoing


@dataclass(frozen=True, slots=True)
class KeptAlert:
    """An alert as it was made, with the destinations it was for."""

    event_id: str
    watch_key: str
    rules: tuple[str, ...]
    message: Message
    payload: dict[str, Any]
    destinations: tuple[str, ...]
    silenced: tuple[str, ...] = ()

    @property
    def told(self) -> tuple[str, ...]:
        """The destinations from which no silence kept it."""
        return tuple(name for name in self.destinations if name not in self.silenced)


class Outbox(Resting):
    """The promises to tell, and what became of each attempt."""

    def keep_alert(self, alert: Alert, now: datetime) -> None:
        """Write down an alert and what is owed because of it. Idempotent by event id; part of the filing's transaction."""
        self.execute(
            "INSERT OR IGNORE INTO alert VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                alert.event_id,
                alert.accession_number,
                alert.watch_key,
                json.dumps(alert.rules),
                alert.message.title,
                alert.message.text,
                alert.message.html,
                alert.message.slack,
                alert.payload,
                digest_of(alert.message, alert.payload),
                stamp(now),
            ),
        )
        silenced = dict(alert.silenced)
        self.many(
            "INSERT OR IGNORE INTO owed (event_id, destination, state, silence, created_at, next_at, may_repeat) VALUES (?, ?, ?, ?, ?,"
            " max(?, coalesce((SELECT value FROM fact WHERE name = ?), '')),"
            # A store that was put back from a copy may have told of what was accepted before: see `backup`.
            " EXISTS (SELECT 1 FROM filing, fact WHERE accession_number = ? AND name = 'told until'"
            " AND coalesce(filed_at, listed_at, filed_on, first_seen_at) <= value))",
            [
                (
                    alert.event_id,
                    name,
                    "silenced" if name in silenced else "pending",
                    silenced.get(name),
                    stamp(now),
                    stamp(now),
                    rest_of(name),
                    alert.accession_number,
                )
                for name in alert.destinations
            ],
        )

    def latest_alerts(self, accession_numbers: Iterable[str]) -> list[KeptAlert]:
        """The latest alert for each watch about each of these filings, as they were made, with the destinations that are told."""
        numbers = tuple(accession_numbers)
        if not numbers:
            return []
        rows = self.rows(
            "SELECT * FROM alert WHERE rowid IN (SELECT max(rowid) FROM alert"  # noqa: S608 -- only marks are put in
            f" WHERE accession_number IN ({', '.join('?' * len(numbers))}) GROUP BY accession_number, watch_key) ORDER BY rowid",
            numbers,
        )
        states = {
            row["event_id"]: self.rows(
                "SELECT destination, state FROM owed WHERE event_id = ? AND state != 'dead' ORDER BY id", (row["event_id"],)
            )
            for row in rows
        }
        return [
            KeptAlert(
                event_id=row["event_id"],
                watch_key=row["watch_key"],
                rules=tuple(json.loads(row["rules"])),
                message=Message(row["title"], row["text"], row["html"], row["slack"]),
                payload=json.loads(row["payload"]),
                destinations=tuple(one["destination"] for one in states[row["event_id"]]),
                silenced=tuple(one["destination"] for one in states[row["event_id"]] if one["state"] == "silenced"),
            )
            for row in rows
        ]

    def next_owed(self, destination: str, now: datetime) -> Owed | None:
        """The oldest message due at this destination.

        One whose stored bytes are not those that were promised is never sent: it is dead, with that reason, and the next is taken.
        """
        rows = self.rows(
            "SELECT owed.*, title, text, html, slack, payload, sha256 FROM owed JOIN alert USING (event_id)"
            " WHERE destination = ? AND state IN ('pending', 'retry', 'unknown') AND (next_at <= ? OR next_at > ?"
            " OR (tries = 0 AND owed.created_at > ?)) ORDER BY owed.id LIMIT 20",
            (destination, stamp(now), stamp(self.farthest(destination, now)), stamp(now)),
        )
        for row in rows:
            message = Message(row["title"], row["text"], row["html"], row["slack"])
            if digest_of(message, row["payload"]) == row["sha256"]:
                return Owed(
                    id=row["id"],
                    destination=destination,
                    tries=row["tries"],
                    created_at=unstamp(row["created_at"]),
                    outgoing=Outgoing(row["event_id"], message, row["payload"], possible_repeat=bool(row["may_repeat"])),
                )
            with self.transaction():
                reason = "the stored message is not as it was written: the store is damaged; read the filing at the SEC, restore a backup"
                self.execute("UPDATE owed SET state = 'dead', reason = ? WHERE id = ?", (reason, row["id"]))
        return None

    def burst(self, destination: str, beyond: int, now: datetime) -> list[Waiting]:
        """The alerts about filings due at a destination, oldest first, if they are more than `beyond` and it is well; else none.

        Only what this store never sent it: what it did, and may have arrived, goes alone and marked. A destination is well unless its last
        attempt failed: one in trouble is tried with single messages, so that what it missed is folded once it is back.
        """
        rows = self.rows(
            "SELECT owed.id, event_id, title, text, html, slack, payload, sha256,"
            " iif(may_repeat, '[possible repeat] ', '') AS mark FROM owed JOIN alert USING (event_id) WHERE destination = ?"
            " AND (state IN ('pending', 'retry') AND NOT may_repeat OR state = 'pending' AND tries = 0) AND accession_number > ''"
            " AND (next_at <= ? OR next_at > ?) ORDER BY owed.id LIMIT ?",
            (destination, stamp(now), stamp(self.farthest(destination, now)), MOST_FOLDED),
        )
        if len(rows) <= beyond or self._last_outcome(destination) not in {None, "accepted"}:
            return []
        return [
            Waiting(row["id"], row["event_id"], row["mark"] + row["title"], row["payload"])
            for row in rows
            if digest_of(Message(row["title"], row["text"], row["html"], row["slack"]), row["payload"]) == row["sha256"]
        ]

    def fold(self, destination: str, digests: Sequence[Digest], now: datetime, *, watch_key: str = "") -> None:
        """Owe these digests in place of what they carry. Part of the transaction in which that was found."""
        for digest in digests:
            self.keep_alert(Alert(digest.event_id, "", watch_key, (), digest.message, digest.payload, (destination,)), now)
            self.many(
                "UPDATE owed SET state = 'folded', digest = ?, reason = NULL WHERE id = ?",
                [(digest.event_id, owed_id) for owed_id in digest.carried],
            )

    def hold_unknown(self, destination: str) -> None:
        """Leave to a person what may have arrived at a destination, also from the store of which this was a copy; part of a transaction."""
        self.execute(
            "UPDATE owed SET state = 'held' WHERE destination = ? AND (state = 'unknown' OR (state = 'pending' AND may_repeat))",
            (destination,),
        )

    def carried_by(self, owed_id: int) -> int | None:
        """The message that carries this one and is still on its way, if any: what is done to that is done to both."""
        number = self.value(
            "SELECT digest.id FROM owed JOIN owed AS digest ON digest.event_id = owed.digest AND digest.destination = owed.destination"
            " WHERE owed.id = ? AND owed.state = 'folded'",
            (owed_id,),
        )
        return None if number is None else int(number)

    def start_sending(self, owed: Owed, now: datetime) -> int:
        """Commit that an attempt begins, before its first byte leaves; returns the attempt's id."""
        with self.transaction():
            self.execute("UPDATE owed SET state = 'sending', tries = tries + 1 WHERE id = ?", (owed.id,))
            self.execute("INSERT INTO attempt (owed_id, started_at) VALUES (?, ?)", (owed.id, stamp(now)))
            return int(self.value("SELECT last_insert_rowid()"))

    def record(self, owed: Owed, attempt: int, outcome: Outcome, *, now: datetime, next_at: datetime) -> None:
        """Write down what became of an attempt. `next_at` counts unless it was delivered or is dead."""
        state = {"accepted": "delivered", "permanent": "dead", "unknown": "unknown"}.get(outcome.state, "retry")
        reason = outcome.reason or None
        with self.transaction():
            given_up = self.row("SELECT reason FROM owed WHERE id = ? AND state = 'dead'", (owed.id,))  # meanwhile, by a person
            if given_up is not None and state != "delivered":
                state, reason = "dead", given_up["reason"]
            self.execute(
                "UPDATE owed SET state = ?, reason = ?, next_at = ?, delivered_at = ?, may_repeat = may_repeat OR ? WHERE id = ?",
                (
                    state,
                    reason,
                    stamp(next_at),
                    stamp(now) if state == "delivered" else None,
                    outcome.state == "unknown",
                    owed.id,
                ),
            )
            self.execute(
                "UPDATE attempt SET ended_at = ?, outcome = ?, reason = ? WHERE id = ?",
                (stamp(now), outcome.state, outcome.reason or None, attempt),
            )
            if outcome.state == "unknown":
                self.execute(
                    "INSERT INTO fact VALUES (?, 1) ON CONFLICT DO UPDATE SET value = value + 1",
                    (unanswered_by(owed.destination),),
                )
            elif outcome.state != "not_sent":
                self.execute("DELETE FROM fact WHERE name = ?", (unanswered_by(owed.destination),))

    def recover_sending(self, now: datetime) -> int:
        """On start: an attempt that was under way when the daemon died may have arrived. Returns how many there were."""
        reason = "the watcher stopped while this was being sent"
        with self.transaction():
            self.execute(
                "UPDATE attempt SET ended_at = ?, outcome = 'unknown', reason = ? WHERE ended_at IS NULL", (stamp(now), reason)
            )
            return self.execute(
                "UPDATE owed SET state = 'unknown', may_repeat = 1, next_at = ?, reason = ? WHERE state = 'sending'",
                (stamp(now), reason),
            )

    def retry_now(self, owed_id: int, now: datetime) -> bool:
        """Owe a message again at once, also a held or dead one. False if there is no such message, it is delivered or a digest has it.

        One that went with a digest that is held or dead leaves it, and goes alone; as the digest may be tried again too, both are marked.
        """
        with self.transaction():
            self.execute(
                "UPDATE owed SET may_repeat = 1 WHERE (event_id, destination) IN"
                " (SELECT digest, destination FROM owed WHERE id = ? AND state IN ('held', 'dead'))",
                (owed_id,),
            )
            return bool(
                self.execute(
                    "UPDATE owed SET state = 'retry', next_at = ?, may_repeat = may_repeat OR digest IS NOT NULL, digest = NULL,"
                    " reason = NULL WHERE id = ? AND state NOT IN ('delivered', 'sending', 'folded')",
                    (stamp(now), owed_id),
                )
            )

    def drop(self, owed_id: int, why: str) -> bool:
        """Give a message up, with the reason. False if there is no such message, it is delivered or a digest has it."""
        with self.transaction():
            return bool(
                self.execute(
                    "UPDATE owed SET state = 'dead', reason = ? WHERE id = ? AND state NOT IN ('delivered', 'folded')",
                    (f"dropped: {why}", owed_id),
                )
            )

    def _last_outcome(self, destination: str) -> str | None:
        outcome: str | None = self.value(
            "SELECT outcome FROM attempt JOIN owed ON owed.id = owed_id WHERE destination = ? ORDER BY attempt.id DESC LIMIT 1",
            (destination,),
        )
        return outcome

    def bury_unknown_destinations(self, names: set[str], now: datetime) -> int:
        """Mark what is owed to destinations that the configuration no longer has; it stays visible and can be retried."""
        missing = [
            row["destination"]
            for row in self.rows(f"SELECT DISTINCT destination FROM owed WHERE state IN {OPEN_STATES} OR state = 'held'")  # noqa: S608 -- built from a constant
            if row["destination"] not in names
        ]
        with self.transaction():
            for name in missing:
                self.execute(
                    f"UPDATE owed SET state = 'dead', next_at = ?, reason = ?"  # noqa: S608 -- built from a constant
                    f" WHERE destination = ? AND (state IN {OPEN_STATES} OR (state = 'held' AND digest IS NULL))",
                    (stamp(now), GONE, name),
                )
        return len(missing)


GONE = "the configuration has no such destination any more"


def digest_of(message: Message, payload: bytes) -> str:
    """What tells whether a message is still as it was written, in every form."""
    parts = (message.title.encode(), message.text.encode(), message.html.encode(), message.slack.encode(), payload)
    return hashlib.sha256(b"\x00".join(parts)).hexdigest()
