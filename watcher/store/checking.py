"""Whether the store is sound: its pages, and the figures of which SQLite would not notice that a bit was flipped.

What was read of a filing, and what happened in it, has a checksum. A position states a total of it, and its other figures follow from
each other; a balance is its newest position. So each is held against the one before.
"""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing
from decimal import Decimal
from decimal import InvalidOperation
from urllib.parse import quote

from watcher.store.connection import Connection
from watcher.store.copying import REFUSALS
from watcher.store.past import checksum

# Balances that are not what their newest position states.
_BALANCES = """
    SELECT coalesce(newest.accession_number, holding.accession_number) FROM holding LEFT JOIN position AS newest
    ON newest.holding_id = holding.id AND (newest.as_of, newest.filed_at, newest.accession_number) = (
        SELECT as_of, filed_at, accession_number FROM position WHERE holding_id = holding.id
        ORDER BY as_of DESC, filed_at DESC, accession_number DESC LIMIT 1)
    WHERE newest.accession_number IS NULL OR (holding.shares, holding.value, holding.issuer_cik)
        IS NOT (newest.shares, newest.value, newest.issuer_cik)
    OR (holding.as_of, holding.filed_at, holding.accession_number) != (newest.as_of, newest.filed_at, newest.accession_number)"""

_SUMS = "SELECT accession_number FROM position WHERE NOT adds_up(shares, moved, opening, before, unexplained)"
# Positions that are stated neither by their filing nor, of an amendment, by what it amends and what else amends that.
_STATED = """
    SELECT position.accession_number FROM position JOIN reading USING (accession_number)
    LEFT JOIN amendment ON standing = 'amends' AND amendment.accession_number = position.accession_number
    WHERE NOT states(content, shares, value)
    AND (amendment.original IS NULL OR NOT EXISTS (
        SELECT 1 FROM reading AS other WHERE states(other.content, shares, value) AND (other.accession_number = amendment.original
            OR other.accession_number IN (SELECT accession_number FROM amendment AS beside WHERE beside.original = amendment.original))))
"""
_READINGS = "SELECT accession_number FROM reading WHERE NOT as_written(content, crc32)"


class Checking(Connection):
    """What is looked for at the start and once a day. Nothing is mended."""

    def integrity(self) -> str | None:
        """Read the whole store and say what is wrong with it, or `None`. Others read and write meanwhile; it may take seconds."""
        try:
            with closing(sqlite3.connect(f"file:{quote(str(self.path))}?mode=ro", uri=True)) as reader:
                (answer,) = reader.execute("PRAGMA integrity_check(1)").fetchone()
                if answer != "ok":
                    return self._damaged(answer)
                orphan = reader.execute("PRAGMA foreign_key_check").fetchone()
                if orphan is not None:
                    return self._damaged(f"rows of {orphan[0]} lack what they refer to")
                _teach(reader)
                altered = reader.execute(_READINGS).fetchone()
                if altered is not None:
                    return self._damaged(f"what was read of filing {altered[0]} is not as it was written")
                for *event, crc32 in reader.execute("SELECT * FROM event"):
                    if checksum(event) != crc32:
                        return self._damaged(f"what happened in filing {event[0]} is not as it was written")
                return _misstated(reader, _BALANCES, _SUMS, _STATED)
        except REFUSALS as error:
            return self._damaged(str(error))

    def misstated(self) -> str | None:
        """What is wrong with the balances that the next filings are held against, or `None`. Takes 0.2 s for 100,000 filings."""
        with self._lock, self._speaking():
            _teach(self._connection)
            return _misstated(self._connection, _BALANCES, _SUMS)


def _teach(reader: sqlite3.Connection) -> None:
    """Make the functions below known to SQL."""
    for function in (adds_up, states, as_written):
        reader.create_function(function.__name__, -1, function, deterministic=True)


def _misstated(reader: sqlite3.Connection, *statements: str) -> str | None:
    wrong = {number for statement in statements for (number,) in reader.execute(statement)}
    if not wrong:
        return None
    also = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    return (
        f"the store is damaged (what is held is not as it was read of filing {min(wrong)}{also}): messages may tell wrong holdings."
        " `watcher reparse --all` counts them anew: restart the watcher then, and if it says so again, put a backup in its place"
    )


def adds_up(shares: str | None, moved: str | None, opening: str | None, before: str | None, unexplained: str | None) -> bool:
    """Whether a position opened where it closed less what moved, and differs from the one before by what is written."""
    try:
        opened = None if shares is None or moved is None else Decimal(shares) - Decimal(moved)
        if opened != (None if opening is None else Decimal(opening)):
            return False
        return unexplained is None or (
            opened is not None and before is not None and opened - Decimal(before) == Decimal(unexplained)
        )
    except InvalidOperation:
        return False


def states(content: str, shares: str | None, value: str | None) -> bool:
    """Whether some row of what was read closes with these totals."""
    return all(
        total is None or f'"{name}":"{total}"' in content
        for name, total in (("shares_owned_following", shares), ("value_owned_following", value))
    )


def as_written(content: str, crc32: int) -> bool:
    """Whether what was read of a filing is as it was written."""
    return zlib.crc32(content.encode()) == crc32
