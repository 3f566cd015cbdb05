"""An HTML page as the cells of its tables: what each says, what stands beside it, and the table it belongs to. Knows no form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from lxml import etree

from watcher.core.errors import UnreadableDocument

# A full form (30 rows a table, 99 footnotes) renders to less than 1 MB and some 10,000 tags.
MAX_BYTES = 4_000_000
MAX_TAGS = 100_000

_CIK = re.compile(r"\bCIK=([0-9]{1,10})(?![0-9])", re.IGNORECASE)
_NOTE = re.compile(r"\(([0-9]{1,4})\)")


@dataclass(slots=True, eq=False)
class Cell:
    """One cell, with its own words only: those of a table inside it belong to that table's cells.

    `text` is stripped at the ends, with a line break for each `<br>`, and without raised text (`<sup>`); `label` is the same on
    one line, with single spaces. `rows` is the table it stands in. `cik` comes from a link to a filer's list of filings.
    """

    rows: list[list[Cell]] = field(repr=False)
    row: int = 0
    columns: int = 1
    before: Cell | None = field(default=None, repr=False)
    after: Cell | None = field(default=None, repr=False)
    parts: list[str] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)
    boxes: list[bool] = field(default_factory=list)
    cik: str | None = None
    text: str = ""
    label: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """The footnotes referred to, as the ids they have in the XML: a raised "(1)" is "F1"."""
        return tuple("F" + number for number in _NOTE.findall("".join(self.raised)))

    @property
    def filled(self) -> bool:
        """Whether it says anything; a dollar sign alone is nothing."""
        return bool(self.notes or self.text.strip("$\xa0 \r\n\t"))

    @property
    def ticked(self) -> bool:
        """Whether the box this cell explains is ticked: a checkbox in or before it, or an X in the cell before."""
        boxes = self.boxes or (self.before.boxes if self.before else [])
        return any(boxes) or (self.before is not None and self.before.label == "X")


def read_cells(html: bytes) -> list[Cell]:
    """Every cell of the page, in the order in which they begin; the first one stands for all that is outside of tables.

    Bytes that are not UTF-8 are taken as Windows-1252. Raises `UnreadableDocument` for an empty page and for one above the caps.
    Time grows linearly with size.
    """
    if len(html) > MAX_BYTES:
        raise UnreadableDocument(f"larger than {MAX_BYTES:,} bytes")
    if html.count(b"<") > MAX_TAGS:
        raise UnreadableDocument(f"more than {MAX_TAGS:,} tags")
    try:
        text = html.decode("utf-8")
    except UnicodeDecodeError:
        text = html.decode("cp1252", "replace")
    target: Any = _Target()  # lxml asks for the four methods below; its stubs ask for more
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, target=target)
    try:
        cells: list[Cell] = etree.fromstring(text.replace("\0", " ").encode(), parser)
    except etree.LxmlError as error:
        raise UnreadableDocument(f"not an HTML page: {error}") from None
    return cells


class _Target:
    """What lxml's parser tells its events to. No tree is built: every word is looked at once, however deep it lies."""

    def __init__(self) -> None:
        self.cells = [Cell([])]
        self._open = [self.cells[0]]
        self._tables: list[list[list[Cell]]] = [[]]
        self._raised = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        cell = self._open[-1]
        if tag in {"td", "th"}:
            self._begin_cell(attributes.get("colspan", ""))
        elif tag == "tr":
            self._tables[-1].append([])
        elif tag == "table":
            self._tables.append([])
        elif tag == "br":
            cell.parts.append("\n")
        elif tag == "sup":
            self._raised += 1
        elif tag == "input":
            cell.boxes.append("checked" in attributes)
        elif tag == "a" and (match := _CIK.search(attributes.get("href", "")[:300])):
            cell.cik = match[1].zfill(10)

    def end(self, tag: str) -> None:
        if tag in {"td", "th"} and len(self._open) > 1:
            self._open.pop()
        elif tag == "table" and len(self._tables) > 1:
            self._tables.pop()
        elif tag == "sup":
            self._raised -= 1

    def data(self, text: str) -> None:
        cell = self._open[-1]
        (cell.raised if self._raised > 0 else cell.parts).append(text)

    def close(self) -> list[Cell]:
        for cell in self.cells:
            cell.text = "".join(cell.parts).strip()
            cell.label = " ".join(cell.text.split())
        return self.cells

    def _begin_cell(self, colspan: str) -> None:
        rows = self._tables[-1]
        if not rows:
            rows.append([])
        last = self.cells[-1]
        columns = int(colspan) if re.fullmatch("[1-9][0-9]?", colspan) else 1
        cell = last.after = Cell(rows, row=len(rows) - 1, columns=columns, before=last)
        rows[-1].append(cell)
        self.cells.append(cell)
        self._open.append(cell)
