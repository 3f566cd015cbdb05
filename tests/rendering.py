"""Pairs of ownership XML and the page a stylesheet of the SEC makes of it, and what a page's reading says beside the XML's.

The stylesheets are those of the specification v5.5 (in the corpus): `3_X06` to `5_X09`, named for the form and the last digits of
the schema version they belong to. The archive serves other ones; of its pages the corpus holds five.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Literal

from lxml import etree

from tests.independent import Leaf
from tests.independent import Reader
from tests.independent import as_json
from tests.independent import leaves
from watcher.core.model import OwnershipDocument

NOT_ON_ANY_PAGE = ("schema_version",)


@dataclass(frozen=True, slots=True)
class Pair:
    xml: Path
    stylesheet: str
    wanted: Reader
    page: bytes


@dataclass(frozen=True, slots=True)
class Difference:
    path: str
    wanted: Leaf
    got: Leaf

    @property
    def field(self) -> str:
        """The path without numbers: `derivative_table.shares`."""
        return field_of(self.path)


def pairs(corpus: Path, *, every: bool) -> Iterator[Pair]:
    """Each document with every stylesheet of its form, or (in turn, so that all are used) with one."""
    folder = next((corpus / "schemas").glob("ownershipxmltechspec*/*Stylesheets"))
    stylesheets = {path.stem: etree.XSLT(etree.parse(path)) for path in sorted(folder.glob("[345]_X*.xsl"))}
    for number, path in enumerate(sorted((corpus / "xml").glob("*.xml"))):
        wanted = Reader(path.read_bytes())
        form = str(wanted.document["form_type"])[0]
        names = [name for name in stylesheets if name.startswith(form)]
        for name in names if every else [names[number % len(names)]]:
            page = etree.tostring(stylesheets[name](etree.parse(path)), method="html", encoding="utf-8")
            yield Pair(path, name, wanted, page)


def compare(wanted: Reader, got: OwnershipDocument) -> tuple[list[str], list[Difference]]:
    """The paths of all leaves that one of the two states, and the leaves that differ (figures by value: a page drops zeros)."""
    left, right = (
        {path: leaf for path, leaf in leaves(document) if not path.endswith(".keys") and path not in NOT_ON_ANY_PAGE}
        for document in (wanted.document, as_json(got))
    )
    stated = [path for path in left | right if left.get(path) is not None or right.get(path) is not None]
    differing = [path for path in stated if left.get(path) != right.get(path)]
    return stated, [Difference(path, left.get(path), right.get(path)) for path in differing]


def field_of(path: str) -> str:
    return re.sub(r"\[[0-9]+\]|(?<=^footnotes)\.F[0-9]+|\.count$", "", path)


# --- the page as text -------------------------------------------------------------------------------------------------

Style = Literal["markdown", "columns"]
STYLES: tuple[Style, ...] = ("markdown", "columns")
# A block is its lines, and a line is a list of units: one a cell in Markdown, one a character in columns.
Block = list[list[str]]
_BREAKS = frozenset(("br", "p", "center", "div", "h1", "h2", "dd", "hr"))
_BOX = {"markdown": ("☐", "☒"), "columns": ("[ ]", "[X]")}
_CELLS = ("td", "th")
_UNSAID = frozenset(("head", "style", "script"))


def as_text(html: bytes, style: Style) -> bytes:
    """A page as a scanner's Markdown with pipe tables, or as plain text in aligned columns (as browsers save it), in UTF-8.

    Both are laid out alike: tables inside cells become parts of the outer table's lines. Text in columns is wrapped at spaces.
    """
    page = _Page(style)
    page.read(etree.fromstring(html, etree.HTMLParser(encoding="utf-8")), columns=1)
    page.end_line()
    lines: list[str] = []
    for block in page.blocks:
        if style == "columns":
            lines += ["".join(line).rstrip() for line in block]
        elif len(block) == len(block[0]) == 1:
            lines += [block[0][0]]
        else:
            rows = ["| " + " | ".join(line) + " |" for line in block]
            lines += [rows[0], "|" + "---|" * len(block[0]), *rows[1:]]
        lines.append("")
    return "\n".join(lines).encode()


@dataclass(slots=True)
class _Page:
    """What stands in one cell (or on the whole page) so far: blocks one below the other, and the line that is not ended yet."""

    style: Style
    blocks: list[Block] = field(default_factory=list)
    words: str = ""
    columns: int = 1

    def read(self, node: etree._Element, columns: int) -> None:
        self.columns = columns
        self.words += node.text or ""
        for child in node:
            if isinstance(child.tag, str) and child.tag not in _UNSAID:
                self.child(child)
            self.words += child.tail or ""

    def child(self, node: etree._Element) -> None:
        if node.tag == "table":
            self.end_line()
            for loose in (part for row in _rows(node) for part in row if part.tag not in _CELLS):
                self.child(loose)  # what stands in a row and in none of its cells is shown above the table
            self.end_line()
            if block := _table(node, self.style):
                self.blocks.append(block)
        elif node.tag == "input":
            self.words += _BOX[self.style]["checked" in node.attrib] + " "
        elif node.tag == "sup" and self.style == "markdown":
            self.words += " <sup>"
            self.read(node, self.columns)
            self.words += "</sup>"
        elif node.tag in _BREAKS:
            self.end_line()
            self.read(node, self.columns)
            self.end_line()
        else:
            self.read(node, self.columns)

    def end_line(self) -> None:
        line, self.words = " ".join(self.words.split()), ""
        if not line:
            return
        if self.style == "columns":
            wrapped = textwrap.wrap(line, max(16, 160 // self.columns), break_long_words=False, break_on_hyphens=False)
            self.blocks.append([list(part) for part in wrapped])
        else:
            self.blocks.append([[line.replace("$", "\\$").replace("|", "\\|")]])

    def whole(self) -> Block:
        """All blocks as one; in Markdown, lines that follow one another stay in one cell."""
        self.end_line()
        lines: Block = []
        for block in self.blocks:
            if self.style == "markdown" and lines and len(block) == len(block[0]) == len(lines[-1]) == 1:
                lines[-1][0] += "<br>" + block[0][0]
            else:
                lines += [list(line) for line in block]
        return lines


def _rows(table: etree._Element) -> list[etree._Element]:
    return [row for row in table.iter("tr") if next(row.iterancestors("table")) is table] or [table]


def _table(table: etree._Element, style: Style) -> Block:
    """A table laid out: columns as wide and rows as high as what stands in them."""
    placed: dict[tuple[int, int], tuple[Block, int, int]] = {}
    taken: set[tuple[int, int]] = set()
    for at, row in enumerate(_rows(table)):
        cells = [cell for cell in row if cell.tag in _CELLS]
        column = 0
        for cell in cells:
            while (at, column) in taken:
                column += 1
            rows, columns = (int(cell.get(name) or 1) for name in ("rowspan", "colspan"))
            page = _Page(style)
            page.read(cell, len(cells))
            placed[at, column] = page.whole(), rows, columns
            taken |= {(at + down, column + right) for down in range(rows) for right in range(columns)}
    gap = 2 if style == "columns" else 0
    nothing = " " if style == "columns" else ""
    widths = {(at, n): (max(map(len, block), default=0) + gap, span) for (n, at), (block, _, span) in placed.items()}
    starts = _edges(widths, 1 - gap // 2)
    tops = _edges({(at, n): (len(block), span) for (at, n), (block, span, _) in placed.items()}, 0)
    if not placed:
        return []
    lines = [[nothing] * starts[-1] for _ in range(tops[-1])]
    for (at, column), (block, _, _) in placed.items():
        for number, line in enumerate(block, tops[at]):
            lines[number][starts[column] : starts[column] + len(line)] = line
    return [line for line in lines if any(unit.strip() for unit in line)]


def _edges(sizes: dict[tuple[int, int], tuple[int, int]], least: int) -> list[int]:
    """Where each column (or row) begins, and where the last one ends, from the size and the span of what stands in it."""
    last = max((at + span for (at, _), (_, span) in sizes.items()), default=0)
    edges = [0] * (last + 1)
    for end in range(1, last + 1):
        needed = (edges[at] + size for (at, _), (size, span) in sizes.items() if at + span == end)
        edges[end] = max(edges[end - 1] + least, *needed, 0)
    return edges


# --- what a reading of the text says, leaf by leaf ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Judged:
    """One leaf that the XML, the page or the reading of the text states, and what that reading made of it.

    "read" or "missed" if the page shows it, "unsaid" if not, "wrong"; "alike" where the filer typed a footnote's mark as words
    ("See Footnote (2)"), which on a page without raised letters is a mark like any other.
    """

    difference: Difference
    verdict: str


def judge(pair: Pair, page: OwnershipDocument, text: OwnershipDocument) -> list[Judged]:
    """The reading of a text held against the XML. What the page shows of it is what the page's own reading gives back.

    Spaces are compared by words, as no text keeps them. Counts are missed if rows or notes are, and wrong if there are more.
    """
    wanted, shown, got = (
        {path: _words(leaf) for path, leaf in leaves(document) if not path.endswith(".keys") and path not in NOT_ON_ANY_PAGE}
        for document in (pair.wanted.document, as_json(page), as_json(text))
    )
    typed = {path for path, leaf in wanted.items() if re.fullmatch(rf"{re.escape(str(got.get(path)))} \([0-9]+\)", str(leaf))}
    judged = []
    for path in wanted | shown | got:
        if any(each.get(path) is not None for each in (wanted, shown, got)):
            verdict = _verdict(wanted.get(path), shown.get(path), got.get(path), path)
            field = re.sub(r"\.footnotes(\.[a-z_]+)(?:\.count|\[[0-9]+\])$", r"\1", path)
            alike = verdict == "wrong" and field in typed
            judged.append(Judged(Difference(path, wanted.get(path), got.get(path)), "alike" if alike else verdict))
    return judged


def _verdict(wanted: Leaf, shown: Leaf, got: Leaf, path: str) -> str:
    if got == wanted == shown:
        return "read"
    if got is None or (path.endswith(".count") and int(str(got)) < int(str(wanted or 0))):
        return "missed" if wanted == shown else "unsaid"
    return "unsaid" if got in (wanted, shown) and wanted != shown else "wrong"


def _words(leaf: Leaf) -> Leaf:
    return " ".join(leaf.split()) or None if isinstance(leaf, str) else leaf
