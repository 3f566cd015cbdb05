"""What happened before: past events of an issuer and its owners, filings that belong together, amendments and what they amend."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
from datetime import date
from datetime import datetime
from datetime import timedelta
from decimal import Decimal

from watcher.core.errors import StoreError
from watcher.core.findings import Event
from watcher.core.findings import FilingFacts
from watcher.core.past import PastEvent
from watcher.core.past import PastGap
from watcher.core.past import PeriodicReport
from watcher.core.payload import plain
from watcher.core.plan import is_planned
from watcher.core.titles import folded
from watcher.store.connection import Connection
from watcher.store.connection import day_of
from watcher.store.connection import decimal_of
from watcher.store.connection import stamp
from watcher.store.connection import unstamp

# What later filings are compared with; the rest of the events is kept for people who look into the store.
_COMPARED = ("sale", "purchase")
# At most so many of an owner's past events, and of an issuer's filings of one month, are looked at, the newest first.
_MOST = 300


class Past(Connection):
    """What earlier filings say, asked by issuer and owners. Every method that writes expects to be part of a filing's transaction."""

    def keep_events(self, facts: FilingFacts, events: Iterable[Event], owners: str) -> None:
        """Keep what happened in a filing. What was kept of it before has been forgotten, or is the same."""
        issuer_cik = facts.document.issuer.cik or ""
        planned, adopted = is_planned(facts.plan), facts.plan.adopted
        filed_on = facts.filed_at.date()
        ciks = {owner.cik for owner in facts.document.reporting_owners if owner.cik}
        for number, event in enumerate(events, 1):
            last_on = plain(max(event.dates, default=filed_on))
            row = (
                facts.accession_number,
                number,
                issuer_cik,
                owners,
                event.kind,
                folded(event.security_title or ""),
                plain(event.shares),
                plain(event.value),
                plain(min(event.dates, default=None)),
                last_on,
                None if planned is None else int(planned),
                plain(adopted),
                stamp(facts.filed_at),
            )
            self.execute("INSERT OR REPLACE INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, checksum(row)))
            if event.kind in _COMPARED:
                self.many(
                    "INSERT OR REPLACE INTO event_owner VALUES (?, ?, ?, ?, ?)",
                    [(cik, issuer_cik, last_on, facts.accession_number, number) for cik in ciks],
                )

    def forget_events(self, accession_number: str) -> None:
        """Take back what happened in a filing: another one says it better, or the same."""
        if self.execute("DELETE FROM event WHERE accession_number = ?", (accession_number,)):
            self.execute("DELETE FROM event_owner WHERE accession_number = ?", (accession_number,))

    def own_events(
        self, issuer_cik: str, ciks: Collection[str], *, until: datetime, but: Collection[str]
    ) -> tuple[PastEvent, ...]:
        """Sales and purchases of any of these owners at the issuer accepted by then, the newest first; not of the filings `but`."""
        found = {
            (row["accession_number"], row["number"]): row
            for cik in ciks
            for row in self.rows(
                "SELECT event.* FROM event_owner JOIN event USING (accession_number, number)"
                " WHERE owner_cik = ? AND event_owner.issuer_cik = ? AND filed_at <= ? ORDER BY event_owner.last_on DESC LIMIT ?",
                (cik, issuer_cik, stamp(until), _MOST),
            )
            if row["accession_number"] not in but
        }
        return tuple(_event(row) for row in sorted(found.values(), key=lambda row: str(row["last_on"]), reverse=True))

    def other_events(self, issuer_cik: str, ciks: Collection[str], *, since: date, until: date) -> tuple[PastEvent, ...]:
        """Sales and purchases of other owners of the issuer in a span of days, the newest first."""
        rows = [
            row
            for kind in _COMPARED
            for row in self.rows(
                "SELECT * FROM event WHERE issuer_cik = ? AND kind = ? AND last_on BETWEEN ? AND ? ORDER BY last_on DESC LIMIT ?",
                (issuer_cik, kind, since.isoformat(), until.isoformat(), _MOST),
            )
        ]
        rows.sort(key=lambda row: str(row["last_on"]), reverse=True)
        return tuple(event for row in rows if not set((event := _event(row)).owners) & set(ciks))

    def known_since(self, issuer_cik: str) -> date | None:
        """The day of the earliest filing of an issuer in the store."""
        found = self.value("SELECT min(filed_at) FROM filing WHERE issuer_cik = ? AND filed_at IS NOT NULL", (issuer_cik,))
        return unstamp(found).date() if found else None

    def gaps(self, issuer_cik: str, since: date) -> tuple[PastGap, ...]:
        """Gaps in balances of the issuer since a day, the newest first."""
        rows = self.rows(
            "SELECT position.accession_number, owners, key, position.as_of, before, opening FROM position"
            " JOIN holding ON holding.id = holding_id WHERE position.issuer_cik = ? AND standing = 'gap' AND position.as_of >= ?"
            " AND before IS NOT NULL AND opening IS NOT NULL ORDER BY position.as_of DESC LIMIT ?",
            (issuer_cik, since.isoformat(), _MOST),
        )
        return tuple(
            PastGap(
                accession_number=row["accession_number"],
                owners=row["owners"],
                security=row["key"].split("|")[3],
                as_of=day_of(row["as_of"]),
                before=Decimal(row["before"]),
                opening=Decimal(row["opening"]),
            )
            for row in rows
        )

    def late_filings(self, issuer_cik: str, owners: str, *, since: datetime, until: datetime) -> int:
        """How many filings of these owners were late in a span of time."""
        return int(
            self.value(
                "SELECT count(*) FROM filing WHERE issuer_cik = ? AND owners = ? AND filed_at >= ? AND filed_at < ?"
                " AND timeliness = 'late'",
                (issuer_cik, owners, stamp(since), stamp(until)),
            )
        )

    def unread(self, ciks: Collection[str], *, until: datetime, but: str) -> tuple[str, ...]:
        """Filings accepted by then that name one of these owners and are still to be read, or cannot be; not the filing `but`."""
        marks = ", ".join("?" * len(ciks))
        rows = [
            row
            for state in ("pending", "quarantined")
            for row in self.rows(
                "SELECT DISTINCT accession_number FROM filing JOIN filing_party USING (accession_number)"  # noqa: S608 -- only marks and two fixed words are put in
                f" WHERE state = '{state}' AND accession_number != ? AND coalesce(listed_at, filed_on, first_seen_at) <= ?"
                f" AND cik IN ({marks}) ORDER BY 1 LIMIT 5",
                (but, stamp(until), *ciks),
            )
        ]
        return tuple(row[0] for row in rows)

    # --- filings that belong together -----------------------------------------------------------------------------------------

    def filings_near(
        self, issuer_cik: str, *, since: datetime, until: datetime, owners: str | None = None
    ) -> list[tuple[str, str]]:
        """(accession number, owners) of filings of the issuer that were read and accepted in a span, of the same owners if named."""
        rows = self.rows(
            "SELECT accession_number, owners FROM filing WHERE issuer_cik = ? AND filed_at BETWEEN ? AND ? AND state = 'ingested'"  # noqa: S608 -- a fixed clause
            f"{' AND owners = ?' if owners is not None else ''} ORDER BY filed_at, accession_number LIMIT 200",
            (issuer_cik, stamp(since), stamp(until), *([owners] if owners is not None else [])),
        )
        return [(row["accession_number"], row["owners"] or "") for row in rows]

    def filings_like(self, transactions_key: str, *, near: datetime, but: str) -> list[str]:
        """Filings accepted within a month of that time whose transaction rows are the same by `core.chains.key`, the first one first."""
        rows = self.rows("SELECT filed_at, accession_number FROM filing WHERE transactions_key = ? LIMIT 50", (transactions_key,))
        alike = sorted((row["filed_at"], row["accession_number"]) for row in rows if row["accession_number"] != but)
        return [number for filed_at, number in alike if abs(unstamp(filed_at) - near) <= timedelta(days=31)]

    # --- amendments -----------------------------------------------------------------------------------------------------------

    def keep_amendment(
        self, accession_number: str, state: str, original: str | None, issuer_cik: str, filed_at: datetime
    ) -> None:
        """Note what an amendment amends, or that it is not known."""
        self.execute(
            "INSERT OR REPLACE INTO amendment VALUES (?, ?, ?, ?, ?)",
            (accession_number, state, original, issuer_cik, stamp(filed_at)),
        )

    def original_of(self, accession_number: str) -> str | None:
        """What a stored amendment amends, as far as it is known."""
        found = self.value("SELECT original FROM amendment WHERE accession_number = ?", (accession_number,))
        return None if found is None else str(found)

    def amendments_of(self, original: str) -> list[str]:
        """The amendments tied to a filing, in the order of acceptance."""
        rows = self.rows(
            "SELECT accession_number FROM amendment WHERE original = ? ORDER BY filed_at, accession_number", (original,)
        )
        return [row[0] for row in rows]

    def untied_amendments(self, issuer_cik: str, *, since: datetime) -> list[str]:
        """Amendments at an issuer accepted since then whose original is not known."""
        rows = self.rows(
            "SELECT accession_number FROM amendment WHERE issuer_cik = ? AND original IS NULL AND filed_at >= ? ORDER BY filed_at",
            (issuer_cik, stamp(since)),
        )
        return [row[0] for row in rows]

    # --- periodic reports -----------------------------------------------------------------------------------------------------

    def keep_reports(self, issuer_cik: str, reports: Sequence[PeriodicReport]) -> None:
        """Remember when an issuer filed its quarterly and annual reports."""
        with self.transaction():
            self.many(
                "INSERT OR IGNORE INTO periodic_report VALUES (?, ?, ?, ?)",
                [(issuer_cik, one.period.isoformat(), one.form_type, one.filed_on.isoformat()) for one in reports],
            )

    def reports(self, issuer_cik: str, since: date) -> tuple[PeriodicReport, ...]:
        """The issuer's reports on periods that end on or after a day, the earliest first."""
        rows = self.rows(
            "SELECT * FROM periodic_report WHERE issuer_cik = ? AND period >= ? ORDER BY period, filed_on LIMIT 8",
            (issuer_cik, since.isoformat()),
        )
        return tuple(
            PeriodicReport(row["form_type"], date.fromisoformat(row["period"]), date.fromisoformat(row["filed_on"]))
            for row in rows
        )


def checksum(row: Sequence[object]) -> int:
    """CRC-32 over the columns of an event but the last, which holds it."""
    return zlib.crc32(repr(tuple(row)).encode())


def _event(row: sqlite3.Row) -> PastEvent:
    *values, crc32 = row
    if checksum(values) != crc32:
        raise StoreError("the store is damaged (a past event is not as it was written): put a backup in its place")
    return PastEvent(
        accession_number=row["accession_number"],
        filed_at=unstamp(row["filed_at"]),
        owners=tuple(row["owners"].split("+")),
        kind=row["kind"],
        security=row["security"],
        shares=decimal_of(row["shares"]),
        value=decimal_of(row["value"]),
        first_on=day_of(row["first_on"]),
        last_on=day_of(row["last_on"]),
        planned=None if row["planned"] is None else bool(row["planned"]),
        adopted=day_of(row["adopted"]),
    )
