"""Filings that were read, the holdings they state, and how each rule judged them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from datetime import datetime
from decimal import Decimal
from typing import Any

from watcher.core.holdings import holding_key
from watcher.core.holdings import is_newer
from watcher.core.model import FilingFacts
from watcher.core.model import Holding
from watcher.core.model import HoldingKey
from watcher.core.model import OwnershipDocument
from watcher.core.model import Verdict
from watcher.core.payload import DERIVATIVE_FIELDS
from watcher.core.payload import ROW_FIELDS
from watcher.core.payload import document_json
from watcher.core.payload import plain
from watcher.core.payload import row_json
from watcher.store.connection import Connection
from watcher.store.connection import stamp
from watcher.store.connection import unstamp

_ROW_COLUMNS = ROW_FIELDS + DERIVATIVE_FIELDS
_INSERT_ROW = (
    f"INSERT OR REPLACE INTO reported_row (accession_number, table_name, row_number, holding_key, {', '.join(_ROW_COLUMNS)},"  # noqa: S608 -- built from constants
    f" footnotes, derived) VALUES ({', '.join('?' * (len(_ROW_COLUMNS) + 6))})"
)


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

    def holdings(self, keys: Collection[HoldingKey]) -> dict[HoldingKey, Holding]:
        """The newest known positions under these keys; a key never seen is absent."""
        found = {}
        for key in keys:
            row = self.row("SELECT * FROM holding WHERE key = ?", (key.text(),))
            if row is not None:
                found[key] = _holding(key, row)
        return found

    def keep_original(
        self, accession_number: str, content: bytes, reader_version: int, document: OwnershipDocument | None = None
    ) -> None:
        """Keep the bytes as EDGAR sent them and, unless they could not be read, what was read."""
        reading = None if document is None else zlib.compress(json.dumps(document_json(document)).encode(), 6)
        self.execute(
            "INSERT OR REPLACE INTO original VALUES (?, ?, ?, ?, ?, ?)",
            (
                accession_number,
                hashlib.sha256(content).hexdigest(),
                reader_version,
                len(content),
                zlib.compress(content, 6),
                reading,
            ),
        )

    def original(self, accession_number: str) -> bytes | None:
        """The bytes as EDGAR sent them, if kept."""
        row = self.row("SELECT content FROM original WHERE accession_number = ?", (accession_number,))
        return zlib.decompress(row["content"]) if row else None

    def readings(self, *, older_than: int) -> list[KeptReading]:
        """What was read, or could not be, by readers before version `older_than`; in the order of filing."""
        rows = self.rows(
            "SELECT filing.*, content, reading FROM original JOIN filing USING (accession_number)"
            " WHERE reader_version < ? AND state IN ('ingested', 'quarantined') ORDER BY filed_at, accession_number",
            (older_than,),
        )
        return [
            KeptReading(
                accession_number=row["accession_number"],
                content=zlib.decompress(row["content"]),
                document=json.loads(zlib.decompress(row["reading"])) if row["reading"] else None,
                filed_at=unstamp(row["filed_at"] or row["listed_at"] or row["first_seen_at"]),
                first_seen_at=unstamp(row["first_seen_at"]),
                path_cik=row["path_cik"],
            )
            for row in rows
        ]

    def keep_filing(self, facts: FilingFacts, now: datetime, *, silent_because: str | None) -> None:
        """Write down a filing as read: its head, owners, rows and changes. The pending row becomes the ingested one."""
        self.execute(
            "UPDATE filing SET state = 'ingested', filed_at = ?, ingested_at = ?, silent_because = ?, reason = NULL"
            " WHERE accession_number = ?",
            (stamp(facts.filed_at), stamp(now), silent_because, facts.accession_number),
        )
        self.keep_reading(facts)
        self.many(
            "INSERT OR REPLACE INTO holding_change VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    facts.accession_number,
                    position,
                    change.key.text(),
                    plain(change.before),
                    plain(change.after),
                    plain(change.change),
                    plain(change.unexplained),
                    change.in_dollars,
                )
                for position, change in enumerate(facts.changes)
            ],
        )

    def keep_reading(self, facts: FilingFacts) -> None:
        """Write down, or replace, what stands in the document: its head, owners and rows."""
        document = facts.document
        issuer = document.issuer
        self.execute(
            "UPDATE filing SET form_type = ?, issuer_cik = ?, issuer_name = ?, trading_symbol = ?, period_of_report = ?,"
            " date_of_original_submission = ?, not_subject_to_section16 = ?, aff10b5_one = ?, schema_version = ?, source = ?,"
            " footnotes = ?, remarks = ?, signatures = ?, warnings = ? WHERE accession_number = ?",
            (
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
                json.dumps(dict(document.footnotes)),
                document.remarks,
                json.dumps([[one.name, plain(one.date)] for one in document.signatures]),
                json.dumps(document.warnings),
                facts.accession_number,
            ),
        )
        for table in ("reporting_owner", "reported_row"):
            self.execute(f"DELETE FROM {table} WHERE accession_number = ?", (facts.accession_number,))  # noqa: S608 -- two fixed names
        self._keep_parties(facts)
        self._keep_rows(facts)

    def keep_holdings(self, after: Sequence[Holding], stored: Mapping[HoldingKey, Holding]) -> None:
        """Move each position forward; one that the store knows from a newer filing stays."""
        self.many(
            "INSERT OR REPLACE INTO holding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    holding.key.text(),
                    holding.key.issuer_cik,
                    holding.key.owners,
                    holding.key.table,
                    holding.security_title,
                    holding.direct_or_indirect,
                    holding.nature_of_ownership,
                    plain(holding.shares),
                    plain(holding.value),
                    plain(holding.exercise_price),
                    plain(holding.expiration_date),
                    plain(holding.as_of),
                    holding.accession_number,
                    stamp(holding.filed_at),
                )
                for holding in after
                if holding.key not in stored or is_newer(holding, stored[holding.key])
            ],
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
            "UPDATE filing SET state = 'pending', tries = 0, next_at = ?, reason = NULL WHERE accession_number = ?"
            " AND state = 'quarantined'",
            (stamp(now), accession_number),
        )

    def _keep_parties(self, facts: FilingFacts) -> None:
        owners = facts.document.reporting_owners
        self.many(
            "INSERT OR REPLACE INTO reporting_owner VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    facts.accession_number,
                    position,
                    owner.cik,
                    owner.name,
                    owner.is_director,
                    owner.is_officer,
                    owner.is_ten_percent_owner,
                    owner.is_other,
                    owner.officer_title,
                    owner.other_text,
                )
                for position, owner in enumerate(owners)
            ],
        )
        issuer = facts.document.issuer
        named = [(issuer.cik, "issuer", issuer.name), *((owner.cik, "owner", owner.name) for owner in owners)]
        self.many(
            "INSERT OR IGNORE INTO filing_party VALUES (?, ?, ?, ?)",
            [(facts.accession_number, cik, role, name or "") for cik, role, name in named if cik],
        )

    def _keep_rows(self, facts: FilingFacts) -> None:
        document = facts.document
        issuer_cik = document.issuer.cik or ""
        rows = []
        for table, content in (("I", document.non_derivative_table), ("II", document.derivative_table)):
            for number, row in enumerate(content, 1):
                shape = row_json(row, derivative=True)
                key = holding_key(document, table, row, issuer_cik).text()
                values = [shape[name] for name in _ROW_COLUMNS]
                notes, derived = json.dumps(shape["footnotes"]), json.dumps(shape["derived"])
                rows.append((facts.accession_number, table, number, key, *values, notes, derived))
        self.many(_INSERT_ROW, rows)


def _holding(key: HoldingKey, row: sqlite3.Row) -> Holding:
    return Holding(
        key=key,
        security_title=row["security_title"],
        direct_or_indirect=row["direct_or_indirect"],
        nature_of_ownership=row["nature_of_ownership"],
        shares=_decimal(row["shares"]),
        value=_decimal(row["value"]),
        exercise_price=_decimal(row["exercise_price"]),
        expiration_date=_day(row["expiration_date"]),
        as_of=_day(row["as_of"]),
        accession_number=row["accession_number"],
        filed_at=unstamp(row["filed_at"]),
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
