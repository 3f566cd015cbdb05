"""What is stored, row by row, for other programs: any number of rows in the memory of one. All of it as it stood at one moment."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import closing
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from datetime import datetime
from typing import Any
from urllib.parse import quote

from watcher.core.message import sec_url
from watcher.store.connection import Connection
from watcher.store.connection import stamp
from watcher.store.ledger import sound
from watcher.store.ledger import unpacked
from watcher.store.listed import is_as_written

Row = dict[str, Any]

# What is sorted is narrow: the wide rows are looked up one by one.
_CHOSEN = """
    SELECT filing.accession_number FROM filing
    LEFT JOIN watch ON watch.cik = filing.issuer_cik AND watch.role = 'issuer' AND watch.removed_at IS NULL
    WHERE (:ticker IS NULL OR filing.issuer_cik = :cik OR :ticker IN (watch.ticker, replace(upper(filing.trading_symbol), '.', '-')))
    AND (:since IS NULL OR coalesce(filed_at, listed_at, filing.first_seen_at) >= :since)
    AND (:until IS NULL OR coalesce(filed_at, listed_at, filing.first_seen_at) < :until)
    ORDER BY coalesce(filed_at, listed_at, filing.first_seen_at), filing.accession_number"""
_FILING = """
    SELECT filing.accession_number, form_type, coalesce(filing.filed_at, listed_at) AS filed_at, filing.issuer_cik,
        coalesce(watch.ticker, trading_symbol) AS ticker, issuer_name, path_cik, state, filing.first_seen_at, ingested_at, found_by,
        period_of_report, date_of_original_submission, aff10b5_one, not_subject_to_section16, timeliness, silent_because, reason,
        remarks, warnings, original.sha256 AS original_sha256, original.content IS NOT NULL AS original_kept,
        reading.content AS reading, crc32,
        (SELECT original FROM amendment WHERE amendment.accession_number = filing.accession_number) AS amends,
        (SELECT json_group_array(amendment.accession_number) FROM amendment
            WHERE amendment.original = filing.accession_number) AS amended_by,
        (SELECT count(*) FROM alert WHERE alert.accession_number = filing.accession_number) AS alerts
    FROM filing LEFT JOIN reading USING (accession_number) LEFT JOIN original USING (accession_number)
    LEFT JOIN watch ON watch.cik = filing.issuer_cik AND watch.role = 'issuer' AND watch.removed_at IS NULL
    WHERE filing.accession_number = ?"""
# Of each balance the newest position that was stated before a day.
_BALANCES = """
    SELECT position.accession_number, table_name, security_title, direct_or_indirect, nature_of_ownership, position.shares,
        position.value, exercise_price, expiration_date, position.as_of, position.before, position.moved AS change,
        position.unexplained, position.standing
    FROM holding JOIN position ON position.holding_id = holding.id AND (position.as_of, position.filed_at, position.accession_number) =
        (SELECT as_of, filed_at, accession_number FROM position AS stated WHERE stated.holding_id = holding.id
        AND stated.as_of < coalesce(:day, '9999') ORDER BY 1 DESC, 2 DESC, 3 DESC LIMIT 1)
    JOIN filing ON filing.accession_number = position.accession_number
    LEFT JOIN watch ON watch.cik = filing.issuer_cik AND watch.role = 'issuer' AND watch.removed_at IS NULL
    WHERE (:ticker IS NULL OR filing.issuer_cik = :cik OR :ticker IN (watch.ticker, replace(upper(filing.trading_symbol), '.', '-')))
    AND (:from_day IS NULL OR position.as_of >= :from_day)
    ORDER BY holding.id"""
_ALERTS = """
    SELECT alert.rowid FROM alert LEFT JOIN filing USING (accession_number)
    LEFT JOIN watch ON watch.cik = filing.issuer_cik AND watch.role = 'issuer' AND watch.removed_at IS NULL
    WHERE (:ticker IS NULL OR filing.issuer_cik = :cik OR :ticker IN (watch.ticker, replace(upper(filing.trading_symbol), '.', '-')))
    AND (:since IS NULL OR created_at >= :since) AND (:until IS NULL OR created_at < :until) ORDER BY alert.rowid"""
_DELIVERIES = "SELECT id, destination, state, tries, reason, next_at, delivered_at FROM owed WHERE event_id = ? ORDER BY id"

_NAMED = """coalesce(watch.ticker, trading_symbol) AS ticker, issuer_name, filing.issuer_cik, path_cik, filing.accession_number,
        filing.filed_at, (SELECT group_concat(name, '; ') FROM filing_party
            WHERE filing_party.accession_number = filing.accession_number AND role = 'owner') AS reporting_owners"""
_WATCHED = "LEFT JOIN watch ON watch.cik = filing.issuer_cik AND watch.role = 'issuer' AND watch.removed_at IS NULL"
_EXPIRING = f"""
    SELECT holding.key, security_title, shares, exercise_price, expiration_date, as_of, {_NAMED}
    FROM holding JOIN filing USING (accession_number) {_WATCHED}
    WHERE expiration_date >= ? AND CAST(shares AS REAL) > 0 ORDER BY expiration_date, holding.id"""  # noqa: S608 -- built from constants
_TRADED = f"""
    SELECT last_on, json_group_array(kind) AS kinds, timeliness, {_NAMED}
    FROM event JOIN filing USING (accession_number) {_WATCHED}
    WHERE last_on >= ? AND form_type = '4' GROUP BY filing.accession_number, last_on ORDER BY last_on, filing.accession_number"""  # noqa: S608 -- built from constants


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows are wanted: of an issuer, by ticker or CIK; and of what was filed (told, held) in [since, until)."""

    ticker: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredCase:
    """All that is stored about one filing. `original` is `None` where it was never kept, or was removed by age.

    `alerts` are those about the filing and the digests that carried them; each of `owed` has its attempts under "attempts".
    """

    filing: Row
    original: bytes | None
    original_sha256: str | None
    reading: Row | None
    positions: list[Row]
    events: list[Row]
    amendments: list[Row]
    verdicts: list[Row]
    alerts: list[Row]
    owed: list[Row]


class Exporting(Connection):
    """Reads by a connection of its own, so that the daemon waits for nobody."""

    def exported(self, what: str, choice: Choice) -> Iterator[Row]:
        """The rows of one export (`core.exporting.COLUMNS`), oldest first. Raises `StoreError` for what cannot be read."""
        makers: Mapping[str, Callable[[sqlite3.Connection, Choice], Iterator[Row]]] = {
            "alerts": _alerts,
            "transactions": _transactions,
            "holdings": _holdings,
            "filings": _filings,
        }
        with self._speaking(), self._snapshot() as reader:
            yield from makers[what](reader, choice)

    def case(self, accession_number: str) -> StoredCase | None:
        """Everything about one filing; `None` if it is not in the store."""
        with self._speaking(), self._snapshot() as reader:
            found = [dict(row) for row in reader.execute("SELECT * FROM filing WHERE accession_number = ?", (accession_number,))]
            if not found:
                return None

            def rows(sql: str, *values: object) -> list[Row]:
                return [dict(row) for row in reader.execute(sql, values)]

            alerts = rows(
                "SELECT * FROM alert WHERE accession_number = ?1 OR event_id IN (SELECT digest FROM owed JOIN alert USING (event_id)"
                " WHERE accession_number = ?1) ORDER BY rowid",
                accession_number,
            )
            owed = [
                one for alert in alerts for one in rows("SELECT * FROM owed WHERE event_id = ? ORDER BY id", alert["event_id"])
            ]
            for one in owed:
                one["attempts"] = rows(
                    "SELECT started_at, ended_at, outcome, reason FROM attempt WHERE owed_id = ? ORDER BY id", one["id"]
                )
            original = reader.execute(
                "SELECT sha256, content FROM original WHERE accession_number = ?", (accession_number,)
            ).fetchone()
            reading = reader.execute(
                "SELECT content, crc32 FROM reading WHERE accession_number = ?", (accession_number,)
            ).fetchone()
            return StoredCase(
                filing=found[0],
                original=unpacked(original["content"]) if original and original["content"] is not None else None,
                original_sha256=original["sha256"] if original else None,
                reading=sound(reading["content"], reading["crc32"]) if reading else None,
                positions=rows(
                    "SELECT holding.key AS balance, security_title, position.* FROM position JOIN holding ON holding.id = holding_id"
                    " WHERE position.accession_number = ? ORDER BY holding_id",
                    accession_number,
                ),
                events=rows("SELECT * FROM event WHERE accession_number = ? ORDER BY number", accession_number),
                amendments=rows(
                    "SELECT * FROM amendment WHERE accession_number = ?1 OR original = ?1 ORDER BY filed_at, accession_number",
                    accession_number,
                ),
                verdicts=rows("SELECT * FROM verdict WHERE accession_number = ? ORDER BY watch_key, rule", accession_number),
                alerts=alerts,
                owed=owed,
            )

    def changes(self) -> tuple[int, int]:
        """Another value once anything was read, read again or alerted."""
        row = self.row("SELECT (SELECT max(rowid) FROM reading), (SELECT max(rowid) FROM alert)")
        return (row[0] or 0, row[1] or 0) if row else (0, 0)

    def newest_alerts(self, limit: int) -> list[Row]:
        """The latest alerts about filings, newest first; without those that are not as they were written."""
        rows = self.rows("SELECT * FROM alert WHERE accession_number > '' ORDER BY rowid DESC LIMIT ?", (limit,))
        return [dict(row) for row in rows if is_as_written(row)]

    def expiring(self, since: date) -> list[Row]:
        """The balances with something left that expire on that day or later, by that day."""
        return [dict(row) for row in self.rows(_EXPIRING, (since.isoformat(),))]

    def traded(self, since: date) -> list[Row]:
        """The days of transactions reported on Form 4, from that day on, each filing's by itself."""
        return [dict(row) for row in self.rows(_TRADED, (since.isoformat(),))]

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        with closing(
            sqlite3.connect(f"file:{quote(str(self.path.resolve()))}?mode=ro", uri=True, isolation_level=None)
        ) as reader:
            reader.row_factory = sqlite3.Row
            reader.execute("PRAGMA trusted_schema=OFF")
            reader.execute("BEGIN")  # ended by closing
            yield reader


def _asked(choice: Choice) -> dict[str, str | None]:
    ticker = choice.ticker
    return {
        "ticker": ticker.upper().replace(".", "-") if ticker else ticker,  # BRK.B is BRK-B
        "cik": ticker.zfill(10) if ticker and ticker.isdigit() else None,
        "since": stamp(choice.since) if choice.since else None,
        "until": stamp(choice.until) if choice.until else None,
    }


def _filing(reader: sqlite3.Connection, accession_number: str) -> Row:
    row: Row = dict(reader.execute(_FILING, (accession_number,)).fetchone())
    read = row.pop("reading")
    row["document"] = document = sound(read, row["crc32"]) if read else {}
    del row["crc32"]
    row["reporting_owners"] = [{"cik": one["cik"], "name": one["name"]} for one in document.get("reporting_owners", ())]
    row["url"] = sec_url(accession_number, row.pop("path_cik"))
    row["warnings"] = json.loads(row["warnings"] or "[]")
    row["amended_by"] = json.loads(row["amended_by"])
    for name in ("aff10b5_one", "not_subject_to_section16", "original_kept"):
        row[name] = None if row[name] is None else bool(row[name])
    return row


def _filings(reader: sqlite3.Connection, choice: Choice) -> Iterator[Row]:
    for (accession_number,) in reader.execute(_CHOSEN, _asked(choice)):
        row = _filing(reader, accession_number)
        del row["document"]
        yield row


_HEAD = ("accession_number", "form_type", "filed_at", "issuer_cik", "ticker", "issuer_name", "reporting_owners", "url")


def _transactions(reader: sqlite3.Connection, choice: Choice) -> Iterator[Row]:
    names = (*_HEAD, "period_of_report", "aff10b5_one", "amends", "amended_by")
    for (accession_number,) in reader.execute(_CHOSEN, _asked(choice)):
        filing = _filing(reader, accession_number)
        head = {name: filing[name] for name in names}
        for table, place in (("I", "non_derivative_table"), ("II", "derivative_table")):
            for number, row in enumerate(filing["document"].get(place, ()), 1):
                if row["kind"] == "transaction":
                    yield {**head, "table_name": table, "row_number": number, **row}


def _holdings(reader: sqlite3.Connection, choice: Choice) -> Iterator[Row]:
    asked = _asked(choice)
    days = {"from_day": choice.since, "day": choice.until}
    asked |= {name: at.date().isoformat() if at else None for name, at in days.items()}  # stated for a day, without a time
    for row in reader.execute(_BALANCES, asked):
        filing = _filing(reader, row["accession_number"])
        yield {**{name: filing[name] for name in _HEAD}, **dict(row)}


def _alerts(reader: sqlite3.Connection, choice: Choice) -> Iterator[Row]:
    for (number,) in reader.execute(_ALERTS, _asked(choice)):
        row = reader.execute("SELECT event_id, created_at, payload FROM alert WHERE rowid = ?", (number,)).fetchone()
        deliveries = [dict(one) for one in reader.execute(_DELIVERIES, (row["event_id"],))]
        yield {**json.loads(row["payload"]), "created_at": row["created_at"], "deliveries": deliveries}
