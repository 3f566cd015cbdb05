"""Silences, and what each has kept from being told. A silence that is over stays, as the rows it silenced name it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from watcher.core.folding import Waiting
from watcher.core.silence import Silence
from watcher.store.connection import Connection
from watcher.store.connection import stamp
from watcher.store.connection import unstamp
from watcher.store.listed import LISTED
from watcher.store.listed import listed

_COLUMNS = ("issuer_cik", "ticker", "owner", "rule", "destination")


class Silences(Connection):
    """One row per silence; in force until its end, or until it was announced as over by a clock that was ahead."""

    def add_silence(self, silence: Silence) -> int:
        """Put a silence into force, whatever its id; returns the id it has from now on."""
        with self.transaction():
            self.execute(
                "INSERT INTO silence (issuer_cik, ticker, owner, rule, destination, begins, ends, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*(getattr(silence, name) for name in _COLUMNS), stamp(silence.begins), stamp(silence.ends), silence.why),
            )
            return int(self.value("SELECT last_insert_rowid()"))

    def silences_in_force(self, now: datetime) -> list[Silence]:
        """Those that keep an alert from somebody now, oldest first."""
        rows = self.rows("SELECT * FROM silence WHERE ends > ? AND announced_at IS NULL ORDER BY id", (stamp(now),))
        return list(map(_silence, rows))

    def silences(self) -> list[tuple[Silence, bool]]:
        """All that there ever were, oldest first, with whether a person took it back."""
        return [(_silence(row), bool(row["removed"])) for row in self.rows("SELECT * FROM silence ORDER BY id")]

    def end_silence(self, silence_id: int, now: datetime) -> bool:
        """End a silence at once. False if there is none of this id in force."""
        with self.transaction():
            return bool(
                self.execute(
                    "UPDATE silence SET ends = ?1, removed = 1 WHERE id = ?2 AND ends > ?1 AND announced_at IS NULL",
                    (stamp(now), silence_id),
                )
            )

    def lapsed(self, now: datetime) -> list[tuple[Silence, bool]]:
        """Those that are over and were not announced as such yet, with whether a person took it back."""
        rows = self.rows("SELECT * FROM silence WHERE ends <= ? AND announced_at IS NULL ORDER BY id", (stamp(now),))
        return [(_silence(row), bool(row["removed"])) for row in rows]

    def note_announced(self, silence_id: int, now: datetime) -> None:
        """A silence's end was announced; part of the transaction that owes the notices."""
        self.execute("UPDATE silence SET announced_at = ? WHERE id = ?", (stamp(now), silence_id))

    def silenced_by(self, silence_id: int) -> dict[str, list[Waiting]]:
        """The alerts that a silence keeps, oldest first, by destination; not those that a person had sent after all."""
        kept: dict[str, list[Waiting]] = {}
        for row in self.rows(
            f"SELECT {LISTED}, destination FROM owed JOIN alert USING (event_id)"  # noqa: S608 -- built from constants
            " WHERE silence = ? AND state = 'silenced' ORDER BY owed.id",
            (silence_id,),
        ):
            kept.setdefault(row["destination"], []).append(listed(row))
        return kept

    def silences_over(self, begins: datetime, ends: datetime) -> list[Silence]:
        """Those whose end was announced after `begins`, up to `ends`."""
        return list(
            map(
                _silence,
                self.rows("SELECT * FROM silence WHERE announced_at > ? AND announced_at <= ?", (stamp(begins), stamp(ends))),
            )
        )

    def issuer_named(self, ticker: str) -> tuple[str, str] | None:
        """The (CIK, ticker) of an issuer that the watches or the filings in the store know by this ticker."""
        row = self.row(
            "SELECT cik, ticker FROM ticker WHERE ticker = ?1 UNION ALL SELECT issuer_cik, trading_symbol FROM filing"
            " WHERE replace(upper(trading_symbol), '.', '-') = ?1 AND issuer_cik IS NOT NULL LIMIT 1",
            (ticker,),
        )
        return None if row is None else (row["cik"], row["ticker"])

    def names_of_owners(self) -> Iterable[tuple[str, str]]:
        """The (CIK, name) of every reporting owner that lists and readings have shown."""
        return [
            (row["cik"], row["name"]) for row in self.rows("SELECT DISTINCT cik, name FROM filing_party WHERE role != 'issuer'")
        ]


def _silence(row: Any) -> Silence:
    named = {name: row[name] for name in _COLUMNS}
    return Silence(id=row["id"], begins=unstamp(row["begins"]), ends=unstamp(row["ends"]), why=row["why"], **named)
