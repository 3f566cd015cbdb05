"""The past, brought in bulk and looked at as a whole: filings read long after they were filed, and how balances and people went."""

from __future__ import annotations

import json
from collections.abc import Collection
from collections.abc import Iterable
from datetime import date
from datetime import datetime
from pathlib import Path
from typing import Any

from watcher.store.connection import Connection
from watcher.store.connection import day_of
from watcher.store.connection import stamp
from watcher.store.discovery import StoredWatch

# What a bulk of filings that nobody is told of writes, in the order in which it may be copied; balances and positions have numbers of
# their own in every store.
_COPIED = ("filing", "filing_party", "reading", "event", "event_owner", "amendment")
_NUMBERED = ("holding", "position")

_OWNERS = (
    "(SELECT json_group_array(json_object('cik', json_extract(value, '$.cik'), 'name', json_extract(value, '$.name')))"
    " FROM reading, json_each(content, '$.reporting_owners') WHERE reading.accession_number = position.accession_number)"
)
_IS_NEWEST = (
    "(position.as_of, position.filed_at, position.accession_number) ="
    " (SELECT as_of, filed_at, accession_number FROM position AS stated WHERE stated.holding_id = holding.id"
    " AND stated.as_of <= coalesce(?, '9999') ORDER BY 1 DESC, 2 DESC, 3 DESC LIMIT 1)"
)
_HELD = (
    "SELECT holding.id AS holding_id, filing.issuer_cik, coalesce(watch.ticker, filing.trading_symbol) AS ticker,"  # noqa: S608 -- built from constants
    f" filing.issuer_name, {_OWNERS} AS reporting_owners, security_title, direct_or_indirect, nature_of_ownership, position.shares,"
    " position.value, exercise_price, expiration_date, position.as_of, position.before, position.moved AS change,"
    " position.unexplained, position.standing, position.accession_number, position.filed_at"
    " FROM holding JOIN position ON position.holding_id = holding.id"
    " JOIN filing ON filing.accession_number = position.accession_number"
    " LEFT JOIN watch ON watch.cik = filing.issuer_cik AND watch.role = 'issuer' AND watch.removed_at IS NULL"
)
_ORDER = " ORDER BY ticker, reporting_owners, table_name, security_title, direct_or_indirect, holding.id, position.as_of, position.filed_at"


class History(Connection):
    """Every method that writes, but for `merge_past`, expects to be part of the one transaction of its filing."""

    # --- filings of the past ------------------------------------------------------------------------------------------------

    def is_read_from_dataset(self, accession_number: str) -> bool:
        """Whether all that is known of a filing are the rounded figures of a data set."""
        return self._source(accession_number) == ("ingested", "dataset")

    def note_complete(self, watch: StoredWatch, since: date) -> None:
        """All that concerns a watch is here from this day on, for as long as the watch goes on."""
        known = self.complete_since(watch)
        if known is None or since < known:
            with self.transaction():
                self.execute(
                    "INSERT OR REPLACE INTO fact VALUES (?, ?)",
                    (f"complete {watch.key}", f"{since.isoformat()} {stamp(watch.first_seen_at)}"),
                )

    def complete_since(self, watch: StoredWatch) -> date | None:
        """The day that was noted of this watch, if one was; not of an earlier watch of the same, after which filings may be missing."""
        since, _, began = str(self.value("SELECT value FROM fact WHERE name = ?", (f"complete {watch.key}",)) or "").partition(
            " "
        )
        return day_of(since) if began == stamp(watch.first_seen_at) else None

    def has_issuer(self, cik: str) -> bool:
        """Whether a filing of this issuer is here."""
        return self.value("SELECT 1 FROM filing WHERE issuer_cik = ? LIMIT 1", (cik,)) is not None

    def begin_past(
        self, accession_number: str, form_type: str, path_cik: str, *, filed_on: date, found_by: str, now: datetime
    ) -> bool:
        """Make the pending row of a filing that is about to be taken. `False` where it is known, whatever its state."""
        return bool(
            self.execute(
                "INSERT OR IGNORE INTO filing (accession_number, form_type, state, queue, path_cik, found_by, first_seen_at, filed_on,"
                " next_at) VALUES (?, ?, 'pending', 'baseline', ?, ?, ?, ?, ?)",
                (accession_number, form_type, path_cik, found_by, stamp(now), filed_on.isoformat(), stamp(now)),
            )
        )

    def reopen_past(self, accession_number: str, *, now: datetime) -> bool:
        """Make a filing that was read from a data set pending again, for its original. `False` where it is not of that kind.

        Its amendments are tied anew by what is read then. Its positions and events are the caller's to take back.
        """
        reopened = self.execute(
            "UPDATE filing SET state = 'pending', queue = 'baseline', tries = 0, unserved = 0, next_at = ?, silent_because = NULL"
            " WHERE accession_number = ? AND state = 'ingested' AND source = 'dataset'",
            (stamp(now), accession_number),
        )
        if reopened:
            self.execute("DELETE FROM reading WHERE accession_number = ?", (accession_number,))
            self.execute("UPDATE amendment SET original = NULL WHERE original = ?", (accession_number,))
            self.execute("DELETE FROM amendment WHERE accession_number = ?", (accession_number,))
        return bool(reopened)

    def end_past(self, accession_numbers: Iterable[str], because: str) -> None:
        """Say why nobody was told of these filings of the past."""
        self.many(
            "UPDATE filing SET silent_because = ? WHERE accession_number = ?", [(because, one) for one in accession_numbers]
        )

    def merge_past(self, path: Path) -> bool:
        """Take over, in one transaction, what another store holds of issuers of which nothing is here.

        `False`, and nothing is done, where something of them has come meanwhile: their filings must be held against each other.
        """
        with self._lock:
            self.execute("ATTACH ? AS past", (str(path),))
            try:
                with self.transaction():
                    if self.value("SELECT 1 FROM past.filing JOIN main.filing USING (issuer_cik) LIMIT 1") is not None:
                        return False
                    if self.value("SELECT 1 FROM past.filing JOIN main.filing USING (accession_number) LIMIT 1") is not None:
                        return False
                    self._copy()
            finally:
                self.execute("DETACH past")
        return True

    def _copy(self) -> None:
        columns = {
            table: [row["name"] for row in self.rows(f"PRAGMA past.table_info({table})")] for table in (*_COPIED, *_NUMBERED)
        }
        for table in _COPIED[:3]:
            names = ", ".join(columns[table])
            self.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM past.{table}")  # noqa: S608 -- names of our own schema
        names = ", ".join(name for name in columns["holding"] if name != "id")
        self.execute(f"INSERT INTO main.holding ({names}) SELECT {names} FROM past.holding ORDER BY id")  # noqa: S608 -- names of our own schema
        names = ", ".join(name for name in columns["position"] if name != "holding_id")
        theirs = ", ".join(f"position.{name}" for name in columns["position"] if name != "holding_id")
        self.execute(
            f"INSERT INTO main.position (holding_id, {names}) SELECT main.holding.id, {theirs} FROM past.position AS position"  # noqa: S608 -- names of our own schema
            " JOIN past.holding AS there ON there.id = position.holding_id JOIN main.holding ON main.holding.key = there.key"
        )
        for table in _COPIED[3:]:
            names = ", ".join(columns[table])
            self.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM past.{table}")  # noqa: S608 -- names of our own schema

    def _source(self, accession_number: str) -> tuple[str, str] | None:
        row = self.row("SELECT state, source FROM filing WHERE accession_number = ?", (accession_number,))
        return (row["state"], row["source"]) if row else None

    # --- how it went ----------------------------------------------------------------------------------------------------------

    def held(self, ticker: str | None = None, *, until: date | None = None, every: bool = False) -> list[dict[str, Any]]:
        """The newest position of every balance, or with `every` all of them in their order, of one issuer (ticker or CIK) or of all."""
        newest = "" if every else f"{_IS_NEWEST} AND"
        day = until.isoformat() if until else None
        symbol = ticker.upper().replace(".", "-") if ticker else ticker  # BRK.B is BRK-B
        rows = self.rows(
            f"{_HELD} WHERE {newest} position.as_of <= coalesce(?, '9999')"
            " AND (? IS NULL OR ? IN (watch.ticker, replace(upper(filing.trading_symbol), '.', '-'))"
            f" OR filing.issuer_cik = ?){_ORDER}",
            (*(() if every else (day,)), day, symbol, symbol, ticker.zfill(10) if ticker and ticker.isdigit() else ticker),
        )
        return [_spelt(row) for row in rows]

    def held_by(self, cik: str) -> list[dict[str, Any]]:
        """The newest position of every balance of a person, alone or with others, across issuers."""
        rows = self.rows(
            f"{_HELD} WHERE {_IS_NEWEST} AND holding.issuer_cik IN (SELECT issuer_cik FROM filing JOIN filing_party"  # noqa: S608 -- built from constants
            f" USING (accession_number) WHERE cik = ? AND role = 'owner') AND instr(holding.owners, ?){_ORDER}",
            (None, cik, cik),
        )
        return [_spelt(row) for row in rows]

    def course(self, holding_id: int, *, until: date | None = None) -> list[str | None]:
        """What a balance came to, position by position: shares, or dollars where it is stated in dollars."""
        rows = self.rows(
            "SELECT coalesce(shares, value) FROM position WHERE holding_id = ? AND as_of <= coalesce(?, '9999')"
            " ORDER BY as_of, filed_at, accession_number",
            (holding_id, until.isoformat() if until else None),
        )
        return [row[0] for row in rows]

    def people(self, wanted: str) -> list[tuple[str, str]]:
        """(CIK, name) of the owners whose CIK this is, or whose name has all these words, in any order."""
        if wanted.isascii() and wanted.isdigit():
            where, values = "cik = ?", [wanted.zfill(10)]
        else:
            words = wanted.split()
            where, values = " AND ".join("instr(lower(name), ?)" for _ in words), [word.lower() for word in words]
        rows = self.rows(
            f"SELECT cik, max(name) AS name FROM filing_party WHERE role = 'owner' AND {where} GROUP BY cik ORDER BY name, cik",  # noqa: S608 -- only marks are put in
            values,
        )
        return [(row["cik"], row["name"]) for row in rows]

    def places_of(self, cik: str) -> list[dict[str, Any]]:
        """What a person is at each issuer, by the newest of their filings there."""
        rows = self.rows(
            "SELECT filing.issuer_cik, coalesce(watch.ticker, filing.trading_symbol) AS ticker, issuer_name, filing.accession_number,"
            " max(filed_at) AS filed_at, count(*) AS filings, reading.content AS reading FROM filing_party"
            " JOIN filing USING (accession_number) JOIN reading USING (accession_number)"
            " LEFT JOIN watch ON watch.cik = filing.issuer_cik AND watch.role = 'issuer' AND watch.removed_at IS NULL"
            " WHERE filing_party.cik = ? AND filing_party.role = 'owner' GROUP BY filing.issuer_cik ORDER BY filed_at DESC",
            (cik,),
        )
        found = []
        for row in rows:
            owners: Collection[dict[str, Any]] = json.loads(row["reading"])["reporting_owners"]
            names = ("issuer_cik", "ticker", "issuer_name", "filings", "accession_number", "filed_at")
            found.append(
                {
                    **{name: row[name] for name in names},
                    "owner": next((owner for owner in owners if owner["cik"] == cik), {}),
                }
            )
        return found

    def events_of(self, cik: str) -> list[dict[str, Any]]:
        """What happened in a person's filings, newest first."""
        rows = self.rows(
            "SELECT event.accession_number, event.issuer_cik, coalesce(watch.ticker, trading_symbol) AS ticker, issuer_name, kind,"
            " event.security, event.shares, event.value, first_on, last_on, planned, adopted, event.filed_at"
            " FROM filing_party JOIN event USING (accession_number) JOIN filing USING (accession_number)"
            " LEFT JOIN watch ON watch.cik = filing.issuer_cik AND watch.role = 'issuer' AND watch.removed_at IS NULL"
            " WHERE filing_party.cik = ? AND filing_party.role = 'owner'"
            " ORDER BY last_on DESC, event.filed_at DESC, event.accession_number, number",
            (cik,),
        )
        return [{**dict(row), "planned": None if row["planned"] is None else bool(row["planned"])} for row in rows]


def _spelt(row: Any) -> dict[str, Any]:
    return {**dict(row), "reporting_owners": json.loads(row["reporting_owners"])}
