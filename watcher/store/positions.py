"""The running balances: each with its newest known position, and every position that a filing stated, in the order of its day."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from watcher.core.findings import Candidate
from watcher.core.findings import HoldingChange
from watcher.core.grants import is_of_several
from watcher.core.holdings import Position
from watcher.core.holdings import change_between
from watcher.core.model import Holding
from watcher.core.model import HoldingKey
from watcher.core.payload import plain
from watcher.store.connection import Connection
from watcher.store.connection import day_of
from watcher.store.connection import decimal_of
from watcher.store.connection import stamp
from watcher.store.connection import unstamp

_BEFORE = (
    "SELECT * FROM position WHERE holding_id = ? AND (as_of, filed_at, accession_number) < (?, ?, ?)"
    " ORDER BY as_of DESC, filed_at DESC, accession_number DESC LIMIT 1"
)
_AFTER = (
    "SELECT * FROM position WHERE holding_id = ? AND (as_of, filed_at, accession_number) > (?, ?, ?)"
    " ORDER BY as_of, filed_at, accession_number"
)
_AS_OF_THEN = (
    "SELECT * FROM position WHERE holding_id = ? AND filed_at <= ? AND accession_number != ?"
    " ORDER BY as_of DESC, filed_at DESC, accession_number DESC LIMIT 1"
)
_CHAINED = (
    "SELECT EXISTS (SELECT 1 FROM position WHERE holding_id = ? AND standing = 'matches'"
    " AND (as_of, filed_at, accession_number) < (?, ?, ?))"
)


@dataclass(frozen=True, slots=True)
class Placed:
    """A position about to be kept: its balance in the store (`None`: a new one) and the position before it.

    `chained`: an earlier position of a balance that several grants may share opened where the one before it closed. `newest`: none of
    the balance is newer.
    """

    position: Position
    holding_id: int | None = None
    previous: Holding | None = None
    chained: bool = False
    newest: bool = True

    def change(self, *, amends: bool) -> HoldingChange:
        """What the filing states beside what was held before."""
        return change_between(self.position, self.previous, amends=amends, chained=self.chained)


class Positions(Connection):
    """Balances in the order (as of, filed, accession number), whatever the order in which filings are read."""

    def placed(self, positions: Iterable[Position]) -> list[Placed]:
        """Where each position belongs among those already kept. Its own, if it is kept already, does not count."""
        found = []
        for position in positions:
            holding = position.holding
            row = self.row("SELECT * FROM holding WHERE key = ?", (holding.key.text(),))
            if row is None:
                found.append(Placed(position))
                continue
            order = _order(holding)
            newest = (row["as_of"], row["filed_at"], row["accession_number"]) < order
            before = None if newest else self.row(_BEFORE, (row["id"], *order))
            previous = _holding(holding.key, row) if newest else _as_held(holding, before) if before else None
            chained = self._chained(holding.key, row["id"], order)
            later = not newest and self.row(f"{_AFTER} LIMIT 1", (row["id"], *order)) is not None
            found.append(Placed(position, row["id"], previous, chained, newest=not later))
        return found

    def keep_positions(self, placed: Iterable[tuple[Placed, HoldingChange]]) -> list[str]:
        """Keep positions with how they compare, and let those after them count from them.

        Returns the accession numbers of later filings whose gap is another one now, or new.
        """
        gapped = []
        for one, change in placed:
            holding = one.position.holding
            if one.holding_id is None:
                self._keep(self._new_balance(holding), one.position, change)
                continue
            holding_id = one.holding_id
            self._keep(holding_id, one.position, change)
            if one.newest:
                self.execute(
                    "UPDATE holding SET security_title = ?, nature_of_ownership = ?, shares = ?, value = ?, as_of = ?, filed_at = ?,"
                    " accession_number = ? WHERE id = ?",
                    (
                        holding.security_title,
                        holding.nature_of_ownership,
                        plain(holding.shares),
                        plain(holding.value),
                        *_order(holding),
                        holding_id,
                    ),
                )
            else:
                gapped += self._recount(holding.key, holding_id, _order(holding), holding)
        return list(dict.fromkeys(gapped))

    def changes_kept(self, accession_number: str) -> list[HoldingChange]:
        """How the positions that a filing states compare with those before them, as it is kept; without candidates."""
        rows = self.rows("SELECT * FROM position WHERE accession_number = ? ORDER BY holding_id", (accession_number,))
        return [
            self._change(row, None if before is None else self._stated(before), amends=row["standing"] == "amends")
            for row in rows
            for before in [self.row(_BEFORE, (row["holding_id"], row["as_of"], row["filed_at"], accession_number))]
        ]

    def keep_candidates(self, accession_number: str, changes: Iterable[HoldingChange]) -> None:
        """Write down what may lie behind the gaps of a filing, in the place of what was written before."""
        self.many(
            "UPDATE position SET candidates = ? WHERE accession_number = ? AND holding_id = (SELECT id FROM holding WHERE key = ?)",
            [(_candidates(change.candidates), accession_number, change.key.text()) for change in changes],
        )

    def forget_positions(self, accession_number: str) -> list[str]:
        """Take back what a filing stated, so that it can be kept anew as read by another reader or as amended.

        Returns the accession numbers of later filings whose gap is another one now, or new.
        """
        gapped = []
        rows = self.rows("SELECT holding_id, as_of, filed_at FROM position WHERE accession_number = ?", (accession_number,))
        self.execute("DELETE FROM position WHERE accession_number = ?", (accession_number,))
        for row in rows:
            order = (row["as_of"], row["filed_at"], accession_number)
            before = self.row(_BEFORE, (row["holding_id"], *order))
            after = self.row(f"{_AFTER} LIMIT 1", (row["holding_id"], *order))
            if after is not None:
                key = self._stated(after).key
                gapped += self._recount(key, row["holding_id"], order, None if before is None else self._stated(before))
            elif before is not None:
                self.execute(
                    "UPDATE holding SET shares = ?, value = ?, as_of = ?, filed_at = ?, accession_number = ? WHERE id = ?",
                    (*(before[name] for name in ("shares", "value", "as_of", "filed_at", "accession_number")), row["holding_id"]),
                )
            else:
                self.execute("DELETE FROM holding WHERE id = ?", (row["holding_id"],))
        return gapped

    def holdings_of(self, issuer_cik: str, owners: str, *, until: datetime, but: str) -> list[Holding]:
        """Every balance of these owners (`core.holdings.owners_key`) at an issuer, as last stated by what was accepted by then.

        What the filing `but` states does not count.
        """
        rows = self.rows("SELECT * FROM holding WHERE issuer_cik = ? AND owners = ? ORDER BY id", (issuer_cik, owners))
        found, last = [], stamp(until)
        for row in rows:
            held = _holding(HoldingKey.of(row["key"]), row)
            if row["filed_at"] <= last and row["accession_number"] != but:
                found.append(held)
            elif (then := self.row(_AS_OF_THEN, (row["id"], last, but))) is not None:
                found.append(_as_held(held, then))
        return found

    def changes_of(self, accession_number: str) -> list[sqlite3.Row]:
        """The positions that a filing states and how they compare with those before, with the words of their balance."""
        return self.rows(
            "SELECT position.*, security_title, direct_or_indirect, nature_of_ownership, exercise_price, expiration_date"
            " FROM position JOIN holding ON holding.id = holding_id WHERE position.accession_number = ? ORDER BY holding_id",
            (accession_number,),
        )

    def _new_balance(self, holding: Holding) -> int:
        key = holding.key
        return self.insert(
            "INSERT INTO holding (key, issuer_cik, owners, table_name, security_title, direct_or_indirect, nature_of_ownership, shares,"
            " value, exercise_price, expiration_date, as_of, filed_at, accession_number) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key.text(),
                key.issuer_cik,
                key.owners,
                key.table,
                holding.security_title,
                holding.direct_or_indirect,
                holding.nature_of_ownership,
                plain(holding.shares),
                plain(holding.value),
                plain(holding.exercise_price),
                plain(holding.expiration_date),
                *_order(holding),
            ),
        )

    def _keep(self, holding_id: int, position: Position, change: HoldingChange) -> None:
        holding = position.holding
        self.execute(
            "INSERT OR REPLACE INTO position VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                holding_id,
                *_order(holding),
                holding.key.issuer_cik,
                plain(holding.shares),
                plain(holding.value),
                plain(position.moved),
                plain(position.opening),
                plain(change.before),
                change.before_accession,
                plain(change.unexplained),
                change.standing,
                _candidates(change.candidates),
            ),
        )

    def _recount(self, key: HoldingKey, holding_id: int, order: tuple[str, str, str], previous: Holding | None) -> list[str]:
        """Let what comes after a place count from what is before it now; returns the accession numbers that have a gap then.

        That is one position, but of a balance that several grants may share all: whether one chains tells about those after it.
        """
        gapped = []
        for row in self.rows(_AFTER if is_of_several(key) else f"{_AFTER} LIMIT 1", (holding_id, *order)):
            if self._counts_anew(row, previous):
                gapped.append(row["accession_number"])
            previous = self._stated(row)
        return gapped

    def _counts_anew(self, row: sqlite3.Row, previous: Holding | None) -> bool:
        change = self._change(row, previous, amends=row["standing"] == "amends")
        self.execute(
            "UPDATE position SET before = ?, before_accession = ?, unexplained = ?, standing = ?, candidates = ?"
            " WHERE holding_id = ? AND as_of = ? AND filed_at = ? AND accession_number = ?",
            (
                plain(change.before),
                change.before_accession,
                plain(change.unexplained),
                change.standing,
                _candidates(change.candidates),
                row["holding_id"],
                row["as_of"],
                row["filed_at"],
                row["accession_number"],
            ),
        )
        return change.standing == "gap"

    def _change(self, row: sqlite3.Row, previous: Holding | None, *, amends: bool) -> HoldingChange:
        """A kept position beside the one before it, judged again."""
        position = self._position(row)
        order = (row["as_of"], row["filed_at"], row["accession_number"])
        chained = self._chained(position.holding.key, row["holding_id"], order)
        return change_between(position, previous, amends=amends, chained=chained)

    def _chained(self, key: HoldingKey, holding_id: int, order: tuple[str, str, str]) -> bool:
        return is_of_several(key) and bool(self.value(_CHAINED, (holding_id, *order)))

    def _position(self, row: sqlite3.Row) -> Position:
        return Position(
            holding=self._stated(row),
            moved=decimal_of(row["moved"]),
            opening=decimal_of(row["opening"]),
            in_dollars=row["shares"] is None and row["value"] is not None,
        )

    def _stated(self, row: sqlite3.Row) -> Holding:
        balance = self.row("SELECT * FROM holding WHERE id = ?", (row["holding_id"],))
        assert balance is not None  # noqa: S101 -- a foreign key holds it
        return _as_held(_holding(HoldingKey.of(balance["key"]), balance), row)


def _order(holding: Holding) -> tuple[str, str, str]:
    """The place of a position among others of its balance, as texts that sort like the values."""
    return (plain(holding.as_of) or "", stamp(holding.filed_at), holding.accession_number)


def _holding(key: HoldingKey, row: sqlite3.Row) -> Holding:
    return Holding(
        key=key,
        security_title=row["security_title"],
        direct_or_indirect=row["direct_or_indirect"],
        nature_of_ownership=row["nature_of_ownership"],
        shares=decimal_of(row["shares"]),
        value=decimal_of(row["value"]),
        exercise_price=decimal_of(row["exercise_price"]),
        expiration_date=day_of(row["expiration_date"]),
        as_of=day_of(row["as_of"]),
        accession_number=row["accession_number"],
        filed_at=unstamp(row["filed_at"]),
    )


def _as_held(like: Holding, row: sqlite3.Row) -> Holding:
    """A stored position of the balance of `like`."""
    return Holding(
        key=like.key,
        security_title=like.security_title,
        direct_or_indirect=like.direct_or_indirect,
        nature_of_ownership=like.nature_of_ownership,
        shares=decimal_of(row["shares"]),
        value=decimal_of(row["value"]),
        exercise_price=like.exercise_price,
        expiration_date=like.expiration_date,
        as_of=day_of(row["as_of"]),
        accession_number=row["accession_number"],
        filed_at=unstamp(row["filed_at"]),
    )


def _candidates(candidates: tuple[Candidate, ...]) -> str | None:
    return json.dumps([[one.name, one.words, one.fits] for one in candidates]) if candidates else None
