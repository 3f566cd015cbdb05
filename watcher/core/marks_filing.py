"""What a mark is given, a filing as numbered lines, and what it finds: the cell, in the words of the form, and the doubt."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from watcher.core.model import OwnershipDocument
from watcher.core.model import Row

# How the form heads a column where a field's own name says it badly.
_HEADINGS = {"acquired_disposed": "acquired/disposed", "direct_or_indirect": "direct/indirect"}
# (cell, what is doubtful about it, with the value quoted as filed)
Doubt = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """A row with its place: Table "I" or "II", and its number from 1."""

    table: str
    number: int
    row: Row

    @property
    def place(self) -> str:
        """The row in words."""
        return f"Table {self.table} row {self.number}"

    def cell(self, name: str) -> str:
        """One field of the row in words, as the readers' own warnings name it."""
        return f"{self.place}, {_HEADINGS.get(name, name.replace('_', ' '))}"


@dataclass(frozen=True, slots=True)
class Filing:
    """A document, the day it was filed where that is known, and its rows; `transactions` are those that are no holdings."""

    document: OwnershipDocument
    filed_on: date | None
    lines: tuple[Line, ...]
    transactions: tuple[Line, ...]

    @classmethod
    def of(cls, document: OwnershipDocument, filed_on: date | None) -> Filing:
        """Number the rows of both tables."""
        tables = (("I", document.non_derivative_table), ("II", document.derivative_table))
        lines = tuple(Line(table, number, row) for table, rows in tables for number, row in enumerate(rows, 1))
        return cls(document, filed_on, lines, tuple(line for line in lines if line.row.kind == "transaction"))

    @property
    def last_signed(self) -> date | None:
        """The latest date beside a signature."""
        return max((one.date for one in self.document.signatures if one.date), default=None)


Mark = Callable[[Filing], Iterator[Doubt]]


def quoted(value: str | date | Decimal) -> str:
    """A value as filed, in quotation marks: all its digits, no separators."""
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    return repr(text[:60])
