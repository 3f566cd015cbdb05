"""What the store knows of watches and of filings before they are read: watches, tickers, feed entries seen, pending filings."""

from __future__ import annotations

import json
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from datetime import datetime
from datetime import timedelta

from watcher.core.index import TickerEntry
from watcher.core.listing import FilingRef
from watcher.store.connection import FARTHEST
from watcher.store.connection import Connection
from watcher.store.connection import stamp
from watcher.store.connection import unstamp


@dataclass(frozen=True, slots=True)
class StoredWatch:
    """A watch as it is kept: by CIK, with the names of its rules, since when, and how far its baseline has come.

    `baseline` is "owed" (its past is not listed yet), "reading" (listed, filings pending) or "done".
    """

    key: str
    role: str  # "issuer" | "owner"
    cik: str
    ticker: str | None
    name: str | None
    rules: tuple[str, ...]
    first_seen_at: datetime
    baseline: str

    @property
    def shown(self) -> str:
        """How people know it."""
        return self.ticker or self.name or f"CIK {self.cik}"


@dataclass(frozen=True, slots=True)
class PendingFiling:
    """A filing that concerns a watch and has not been read yet. `tries` counts the attempts so far, `reason` is why the last failed.

    `unserved` counts the tries to which EDGAR had an answer, and that was no document, or the beginning of one.
    """

    accession_number: str
    form_type: str
    path_cik: str
    queue: str
    first_seen_at: datetime
    listed_at: datetime | None
    filed_on: date | None
    tries: int
    unserved: int
    names: str
    reason: str


class Discovery(Connection):
    """Watches, and the durable row of every filing that concerns one, until its ingest is committed."""

    # --- watches ----------------------------------------------------------------------------------------------------------

    def ticker(self, ticker: str) -> TickerEntry | None:
        """The CIK a ticker was resolved to, once."""
        row = self.row("SELECT ticker, cik, name FROM ticker WHERE ticker = ?", (ticker,))
        return TickerEntry(*row) if row else None

    def keep_tickers(self, entries: Iterable[TickerEntry], now: datetime) -> None:
        """Remember resolved tickers. A ticker already kept stays as it is: it is resolved once."""
        with self.transaction():
            self.many(
                "INSERT OR IGNORE INTO ticker VALUES (?, ?, ?, ?)",
                [(entry.ticker, entry.cik, entry.name, stamp(now)) for entry in entries],
            )

    def set_watches(self, wanted: Sequence[StoredWatch], now: datetime) -> None:
        """Make the kept watches those of the configuration. A new one, or one put back, is first seen now and owes its baseline."""
        with self.transaction():
            kept = {row["key"]: row["removed_at"] for row in self.rows("SELECT key, removed_at FROM watch")}
            for watch in wanted:
                if watch.key in kept and kept[watch.key] is None:
                    self.execute(
                        "UPDATE watch SET ticker = ?, rules = ?, name = coalesce(?, name) WHERE key = ?",
                        (watch.ticker, json.dumps(watch.rules), watch.name, watch.key),
                    )
                else:
                    self.execute(
                        "INSERT OR REPLACE INTO watch VALUES (?, ?, ?, ?, ?, ?, ?, 'owed', NULL)",
                        (watch.key, watch.role, watch.cik, watch.ticker, watch.name, json.dumps(watch.rules), stamp(now)),
                    )
            gone = [key for key, removed in kept.items() if removed is None and key not in {watch.key for watch in wanted}]
            self.many("UPDATE watch SET removed_at = ? WHERE key = ?", [(stamp(now), key) for key in gone])

    def watches(self) -> list[StoredWatch]:
        """All watches in force, oldest first."""
        return [
            StoredWatch(
                key=row["key"],
                role=row["role"],
                cik=row["cik"],
                ticker=row["ticker"],
                name=row["name"],
                rules=tuple(json.loads(row["rules"])),
                first_seen_at=unstamp(row["first_seen_at"]),
                baseline=row["baseline"],
            )
            for row in self.rows("SELECT * FROM watch WHERE removed_at IS NULL ORDER BY first_seen_at, key")
        ]

    def watches_issuer(self, cik: str) -> bool:
        """Whether an issuer is watched as such, so that all its filings are here."""
        return bool(self.value("SELECT 1 FROM watch WHERE role = 'issuer' AND cik = ? AND removed_at IS NULL", (cik,)))

    def watches_of(self, accession_number: str) -> list[StoredWatch]:
        """The watches that a filing concerns by its listed parties, before it is read."""
        rows = self.rows("SELECT role, cik FROM filing_party WHERE accession_number = ?", (accession_number,))
        parties = {(row["role"], row["cik"]) for row in rows}
        return [watch for watch in self.watches() if {(watch.role, watch.cik), ("unknown", watch.cik)} & parties]

    def set_baseline(self, key: str, state: str, name: str | None = None) -> None:
        """Note how far a watch's baseline has come, and the name EDGAR gives its CIK."""
        with self.transaction():
            self.execute("UPDATE watch SET baseline = ?, name = coalesce(?, name) WHERE key = ?", (state, name, key))

    # --- filings ----------------------------------------------------------------------------------------------------------

    def known_entries(self, entries: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those (accession number, CIK) pairs that an earlier poll has already looked at."""
        known = set()
        for accession_number, cik in set(entries):
            if self.value("SELECT 1 FROM seen WHERE accession_number = ? AND cik = ?", (accession_number, cik)):
                known.add((accession_number, cik))
        return known

    def remember(
        self,
        refs: Iterable[FilingRef],
        *,
        now: datetime,
        found_by: str,
        queue: str = "live",
        seen: Collection[tuple[str, str]] = (),
    ) -> list[str]:
        """Make a pending row of every filing that concerns a watch, and note the feed entries as seen, in one transaction.

        Watches are read inside the transaction, so that a filing and a new watch cannot miss each other. A filing already known
        stays as it is, but a live find of a filing waiting in the baseline queue moves it up. Returns the new accession numbers.
        """
        new = []
        with self.transaction():
            watched = {(row["role"], row["cik"]) for row in self.rows("SELECT role, cik FROM watch WHERE removed_at IS NULL")}
            for ref in refs:
                if not _concerns(ref, watched):
                    continue
                fresh = self.execute(
                    "INSERT OR IGNORE INTO filing (accession_number, form_type, state, queue, path_cik, found_by, first_seen_at,"
                    " listed_at, filed_on, next_at) VALUES (?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?)",
                    (
                        ref.accession_number,
                        ref.form_type,
                        queue,
                        ref.path_cik,
                        found_by,
                        stamp(now),
                        stamp(ref.listed_at) if ref.listed_at else None,
                        ref.filed_on.isoformat() if ref.filed_on else None,
                        stamp(now),
                    ),
                )
                if fresh:
                    new.append(ref.accession_number)
                elif queue == "live":
                    self.execute(
                        "UPDATE filing SET queue = 'live', listed_at = coalesce(listed_at, ?)"
                        " WHERE accession_number = ? AND state = 'pending'",
                        (stamp(ref.listed_at) if ref.listed_at else None, ref.accession_number),
                    )
                self.many(
                    "INSERT OR IGNORE INTO filing_party VALUES (?, ?, ?, ?)",
                    [(ref.accession_number, party.cik, party.role, party.name) for party in ref.parties],
                )
            self.many("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", [(*pair, stamp(now)) for pair in seen])
        return new

    def has_filing(self, accession_number: str) -> bool:
        """Whether a filing is known, in whatever state."""
        return bool(self.value("SELECT 1 FROM filing WHERE accession_number = ?", (accession_number,)))

    def pending(self, queue: str, now: datetime, limit: int = 50) -> list[PendingFiling]:
        """Filings of a queue whose next try is due, oldest first: the live ones by acceptance as far as it is known, else by day."""
        order = (
            "filed_on, accession_number"
            if queue == "baseline"
            else "coalesce(listed_at, filed_on || 'T23:59:59.999999+00:00', first_seen_at), accession_number"
        )
        return [
            PendingFiling(
                accession_number=row["accession_number"],
                form_type=row["form_type"],
                path_cik=row["path_cik"],
                queue=row["queue"],
                first_seen_at=unstamp(row["first_seen_at"]),
                listed_at=unstamp(row["listed_at"]) if row["listed_at"] else None,
                filed_on=date.fromisoformat(row["filed_on"]) if row["filed_on"] else None,
                tries=row["tries"],
                unserved=row["unserved"],
                names=row["names"] or "",
                reason=row["reason"] or "",
            )
            for row in self.rows(
                "SELECT *, (SELECT group_concat(name, ', ') FROM filing_party AS party"  # noqa: S608 -- two fixed orders
                " WHERE party.accession_number = filing.accession_number) AS names"
                " FROM filing WHERE state = 'pending' AND queue = ? AND (next_at <= ? OR next_at > ? OR tries = 0)"
                f" ORDER BY {order} LIMIT ?",
                (queue, stamp(now), stamp(now + FARTHEST), limit),
            )
        ]

    def is_pending(self, accession_number: str) -> bool:
        """Whether a filing still waits to be read; asked within the transaction that ends this."""
        return bool(self.value("SELECT 1 FROM filing WHERE accession_number = ? AND state = 'pending'", (accession_number,)))

    def pending_baseline(self, cik: str) -> bool:
        """Whether a filing of this CIK still waits in the baseline queue."""
        return bool(
            self.value(
                "SELECT 1 FROM filing JOIN filing_party USING (accession_number)"
                " WHERE state = 'pending' AND queue = 'baseline' AND cik = ? LIMIT 1",
                (cik,),
            )
        )

    def postpone(self, accession_number: str, *, next_at: datetime, reason: str, unserved: bool = False) -> None:
        """Count a try that did not succeed, say why, and name the time of the next. `unserved`: EDGAR answered, without a document."""
        with self.transaction():
            self.execute(
                "UPDATE filing SET tries = tries + 1, unserved = unserved + ?, next_at = ?, reason = ?"
                " WHERE accession_number = ? AND state = 'pending'",
                (unserved, stamp(next_at), reason, accession_number),
            )

    def retry_unserved(self, accession_numbers: Iterable[str], now: datetime, *, given_up_before: datetime) -> None:
        """Let those of these be tried once more that were set aside before then without a text: what is kept cannot be read, this may."""
        with self.transaction():
            self.many(
                "UPDATE filing SET state = 'pending', queue = 'live', next_at = ? WHERE accession_number = ? AND state = 'quarantined'"
                " AND ingested_at <= ? AND NOT EXISTS (SELECT 1 FROM original WHERE original.accession_number = filing.accession_number)",
                [(stamp(now), number, stamp(given_up_before)) for number in accession_numbers],
            )

    def forget_seen(self, now: datetime, *, keep: timedelta) -> None:
        """Drop feed entries too old to stand in the feed again."""
        with self.transaction():
            self.execute("DELETE FROM seen WHERE at < ?", (stamp(now - keep),))


def _concerns(ref: FilingRef, watched: set[tuple[str, str]]) -> bool:
    """Whether a party of the filing is watched in its role; where a list does not tell the role, any watched CIK counts."""
    return any(
        (party.role, party.cik) in watched
        or (party.role == "unknown" and ({("issuer", party.cik), ("owner", party.cik)} & watched))
        for party in ref.parties
    )
