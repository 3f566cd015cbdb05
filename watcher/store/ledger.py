"""Filings that were read, the holdings they state, and how each rule judged them."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watcher.core.errors import StoreError
from watcher.core.findings import FilingFacts
from watcher.core.findings import Verdict
from watcher.core.holdings import owners_key
from watcher.core.model import OwnershipDocument
from watcher.core.payload import document_json
from watcher.core.payload import plain
from watcher.core.stored import document_from_json
from watcher.store.connection import Connection
from watcher.store.connection import stamp
from watcher.store.connection import unstamp

_HEAD = (
    *("form_type", "issuer_cik", "issuer_name", "trading_symbol", "period_of_report", "date_of_original_submission"),
    *("not_subject_to_section16", "aff10b5_one", "schema_version", "source", "remarks", "warnings"),
    *("owners", "timeliness"),
)
_SET_HEAD = f"{', '.join(f'{name} = ?' for name in _HEAD)} WHERE accession_number = ?"
_encoded = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
# zlib's quickest: half the time of its usual level for a tenth more bytes.
_LEVEL = 1


@dataclass(frozen=True, slots=True)
class ReadFiling:
    """A filing as it was read."""

    accession_number: str
    document: OwnershipDocument
    filed_at: datetime
    first_seen_at: datetime
    path_cik: str


@dataclass(frozen=True, slots=True)
class KeptReading:
    """A filing as it is kept: EDGAR's bytes, and what was read from them (`document_json`), `None` for a quarantined one."""

    accession_number: str
    content: bytes
    document: dict[str, Any] | None
    filed_at: datetime
    first_seen_at: datetime
    path_cik: str


class Ledger(Connection):
    """What was read. Every method that writes expects to be part of the one transaction of its filing."""

    def keep_original(self, accession_number: str, content: bytes, reader_version: int) -> None:
        """Keep the bytes as EDGAR sent them."""
        self.execute(
            "INSERT OR REPLACE INTO original VALUES (?, ?, ?, ?, ?)",
            (accession_number, hashlib.sha256(content).hexdigest(), reader_version, len(content), zlib.compress(content, _LEVEL)),
        )

    def original(self, accession_number: str) -> bytes | None:
        """The bytes as EDGAR sent them, if kept."""
        row = self.row("SELECT content FROM original WHERE accession_number = ? AND content IS NOT NULL", (accession_number,))
        return unpacked(row["content"]) if row else None

    def readings(self, *, older_than: int) -> Iterator[KeptReading]:
        """What was read, or could not be, by readers before version `older_than`; in the order of filing."""
        numbers = self.rows(
            "SELECT accession_number FROM original JOIN filing USING (accession_number)"
            " WHERE reader_version < ? AND content IS NOT NULL AND state IN ('ingested', 'quarantined')"
            " ORDER BY filed_at, accession_number",
            (older_than,),
        )
        for (number,) in numbers:
            row = self.row(
                "SELECT filing.*, original.content AS content, reading.content AS reading, crc32 FROM filing JOIN original"
                " USING (accession_number) LEFT JOIN reading USING (accession_number) WHERE filing.accession_number = ?",
                (number,),
            )
            if row is not None and row["content"] is not None:  # it may go by age meanwhile
                yield KeptReading(
                    accession_number=number,
                    content=unpacked(row["content"]),
                    document=sound(row["reading"], row["crc32"]) if row["reading"] else None,
                    filed_at=unstamp(row["filed_at"] or row["listed_at"] or row["first_seen_at"]),
                    first_seen_at=unstamp(row["first_seen_at"]),
                    path_cik=row["path_cik"],
                )

    def without_bytes(self, *, older_than: int) -> int:
        """How many filings were read by readers before version `older_than` and have lost their original by age."""
        return int(self.value("SELECT count(*) FROM original WHERE reader_version < ? AND content IS NULL", (older_than,)))

    def read_filings(self, *, since: datetime, until: datetime) -> Iterator[ReadFiling]:
        """Every filing read that was accepted in [since, until), with what was read, in the order of acceptance."""
        numbers = self.rows(
            "SELECT accession_number FROM filing WHERE state = 'ingested' AND filed_at >= ? AND filed_at < ?"
            " ORDER BY filed_at, accession_number",
            (stamp(since), stamp(until)),
        )
        for (number,) in numbers:
            found = self.read_filing(number)
            if found is not None:
                yield found

    def read_filing(self, accession_number: str) -> ReadFiling | None:
        """One filing as it was read; `None` where it was not, or not yet."""
        row = self.row(
            "SELECT filing.*, content, crc32 FROM filing JOIN reading USING (accession_number) WHERE accession_number = ?",
            (accession_number,),
        )
        if row is None:
            return None
        return ReadFiling(
            accession_number=accession_number,
            document=document_from_json(sound(row["content"], row["crc32"])),
            filed_at=unstamp(row["filed_at"]),
            first_seen_at=unstamp(row["first_seen_at"]),
            path_cik=row["path_cik"],
        )

    def keep_filing(self, facts: FilingFacts, now: datetime, *, silent_because: str | None, transactions_key: str) -> None:
        """Write down a filing as read, for the first time. The pending row becomes the ingested one.

        `transactions_key` is `core.chains.key` of its document; empty where no other filing can report the same.
        """
        self.execute(
            "UPDATE filing SET state = 'ingested', filed_at = ?, ingested_at = ?, silent_because = ?, reason = NULL,"  # noqa: S608 -- built from constants
            f" transactions_key = ?, {_SET_HEAD}",
            (stamp(facts.filed_at), stamp(now), silent_because, transactions_key or None, *_head(facts), facts.accession_number),
        )
        self._keep_read(facts)

    def keep_reading(self, facts: FilingFacts) -> None:
        """Write what stands in the document in the place of what was read before."""
        self.execute(f"UPDATE filing SET {_SET_HEAD}", (*_head(facts), facts.accession_number))  # noqa: S608 -- built from constants
        self._keep_read(facts)

    def _keep_read(self, facts: FilingFacts) -> None:
        shape = document_json(facts.document)
        content = _encoded(shape)
        self.execute(
            "INSERT OR REPLACE INTO reading VALUES (?, ?, ?)", (facts.accession_number, content, zlib.crc32(content.encode()))
        )
        issuer, owners = facts.document.issuer, facts.document.reporting_owners
        named = [(issuer.cik, "issuer", issuer.name), *((owner.cik, "owner", owner.name) for owner in owners)]
        self.many(
            "INSERT OR IGNORE INTO filing_party VALUES (?, ?, ?, ?)",
            [(facts.accession_number, cik, role, name or "") for cik, role, name in named if cik],
        )

    def keep_verdicts(self, accession_number: str, watch_key: str, verdicts: Sequence[Verdict]) -> None:
        """Write down every rule as it was judged."""
        self.many(
            "INSERT OR REPLACE INTO verdict VALUES (?, ?, ?, ?, ?)",
            [
                (
                    accession_number,
                    watch_key,
                    verdict.rule,
                    verdict.matched,
                    json.dumps([[one.name, one.wanted, one.seen, one.met] for one in verdict.conditions]),
                )
                for verdict in verdicts
            ],
        )

    def quarantine(self, accession_number: str, *, reason: str, now: datetime) -> None:
        """Set a filing aside as unreadable: it is not tried again by itself, and stays visible with its reason."""
        self.execute(
            "UPDATE filing SET state = 'quarantined', reason = ?, ingested_at = ? WHERE accession_number = ?",
            (reason, stamp(now), accession_number),
        )

    def release(self, accession_number: str, now: datetime) -> None:
        """Let a quarantined filing be ingested anew, by a reader that can read it."""
        self.execute(
            "UPDATE filing SET state = 'pending', tries = 0, unserved = 0, next_at = ?, reason = NULL WHERE accession_number = ?"
            " AND state = 'quarantined'",
            (stamp(now), accession_number),
        )


def _head(facts: FilingFacts) -> tuple[object, ...]:
    """What `_HEAD` names, of a document."""
    document = facts.document
    issuer = document.issuer
    return (
        facts.form_type,
        issuer.cik,
        issuer.name,
        issuer.trading_symbol,
        plain(document.period_of_report),
        plain(document.date_of_original_submission),
        document.not_subject_to_section16,
        document.aff10b5_one,
        document.schema_version,
        document.source,
        document.remarks,
        json.dumps(document.warnings) if document.warnings else "[]",
        owners_key(document),
        facts.timing.status,
    )


def unpacked(content: bytes) -> bytes:
    """What was kept compressed; its checksum is in it. Raises `StoreError`."""
    try:
        return zlib.decompress(content)
    except zlib.error as error:
        raise StoreError(f"the store is damaged (a kept document does not unpack: {error}): put a backup in its place") from error


def sound(content: str, crc32: int) -> Any:
    """What was read of a filing, if it is as it was written: SQLite has no checksums of its own."""
    if zlib.crc32(content.encode()) != crc32:
        raise StoreError("the store is damaged (what was read of a filing is not as it was written): put a backup in its place")
    return json.loads(content)
