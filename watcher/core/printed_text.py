"""The lines, cells, boxes and dates of a Section 16 form that is plain text. Used by `printed` and its parts only.

A line is a tuple of cells with their place: in a table that a scanner made (tabs or pipes) the place is the column number
times `COLUMN`, in a typed form it is the column of characters. So "below this box" means the same in both.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from datetime import date
from itertools import islice

from watcher.core.errors import UnreadableDocument

COLUMN = 1000
UNREADABLE = "\ufffd"
MAX_LINES = 5_000
MAX_BOXES = 100  # of one kind; ten owners are the most EDGAR takes
_MAX_CELLS = 60
_MAX_CELL = 10_000

_BREAK = "\x1e"  # a line break inside of a cell, until the line is divided

# A scanner's markup -> plain text, in this order. Every pattern looks a bounded way ahead: hostile text costs linear time.
_MARKUP: tuple[tuple[str, str], ...] = (
    (r"\r\n?|[\v\f\x85\u2028\u2029]", "\n"),
    (r"[\x00-\x08\x0e-\x1f\x7f]", ""),
    (r"(?i)<sup>((?:\s?\(\d\d?\)){1,9})\s?</sup>", r"\1"),
    (r"(?i)<sup>\s?(\d\d?)\s?</sup>", r"(\1)"),
    (r"(?i)<sup>(?=\s?\d)", UNREADABLE),
    (r"(?:\\\(|\$)?\s?\^\s?\{?((?:\s?\(\d\d?\)){1,9})\s?\}?(?:\\\)|\$)?", r" \1"),
    (r"(?:\\\(|\$)?\s?\^\s?\{?\s?(\d\d?)\s?\}?(?:\\\)|\$)?", r" (\1)"),
    (r"(?i)<(del|s)>[^<\n]{1,2000}</\1>", UNREADABLE),
    (r"\\\((?:(?!\\[()])[^\n]){0,500}\\\)", UNREADABLE),
    (r"(?i)</tr>", "\n"),
    (r"(?i)</t[dh]>", "\t"),
    (r"(?i)<br\s?/?>", _BREAK),
    (r"(?i)<(?!/?[sc]>)/?[a-z][^<>\n]{0,200}>", ""),
    (r"\\([$*_#\[\]().+!|~<>-])", r"\1"),
    (r"\\(?![A-Z]{2}\\)[A-Za-z]{1,30}", UNREADABLE),  # but "CORP \\DE\\" is a name with its state
    (r"\*{2,}|(?m:^#{1,6}\s)", ""),
    (r"\b(\d\d/\d\d)[+-]\d\d:\d\d(/\d{4})\b", r"\1\2      "),  # a zone, which the SEC's pages put behind the day
    (r"\b(\d\d/\d\d)Z(/\d{4})\b", r"\1\2 "),
    (r"[\xa0\u2000-\u200a\u202f\u3000]", " "),
)

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = "(?:" + "|".join(_MONTHS) + ")[a-z]{0,6}"
DATE = re.compile(
    r"(?<![\d/])(?:\d{4}-\d\d-\d\d|\d\d?[/-]\d\d?[/-](?:\d{4}|\d\d)|"
    rf"{_MONTH}\.?\s\d\d?,?\s\d{{4}}|\d\d?[ -]{_MONTH}[ -](?:\d{{4}}|\d\d))(?![\d/:])",
    re.IGNORECASE | re.ASCII,
)
LABEL = re.compile(
    r"\W{0,3}(?:(?:\d\d?[A.)]{1,2}\s?)?(?:name and address|issuer name|i\.?r\.?s|date of (?:earliest|event)|statement for|"
    r"if amendment|relationship of|individual or|rule 10b5|\((?:last|street|city)\)|form filed|check this|table i)|"
    r"\d\d?\.\s?[A-Z])",
    re.IGNORECASE,
)
CHECKED = r"\[\s?[xX✓✔]\s?\]|\(\s?[xX]\s?\)|[☒☑✓✔✗✘]|_{1,40}\s?[xX]\b|_{1,40}\s?[xX]_{1,40}|(?<!\w)[xX](?!\w)"
UNCHECKED = r"\[\s{0,3}\]|\(\s{0,3}\)|[☐□]|_{2,}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its cells as (place, text), left to right, whether a scanner divided it, and the text it came from."""

    cells: tuple[tuple[int, str], ...]
    delimited: bool
    raw: str


def squash(text: str) -> str:
    """Letters and digits only, lower case: what survives when a scanner moves spaces, dashes and dots."""
    return re.sub(r"[\W_]+", "", text[: COLUMN * 2]).lower()


def read_date(text: str, *, short_years: bool) -> date | None:
    """The one date that the whole text is, else `None`. Two-digit years are 1950 to 2049, and refused unless `short_years`."""
    if not DATE.fullmatch(text):
        return None
    word = re.search("[a-z]{3}", text.lower())
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    if word:
        day, year = numbers
        month = _MONTHS.index(word.group()) + 1
    elif re.match(r"\d{4}", text):
        year, month, day = numbers
    else:
        month, day, year = numbers
    if re.search(r"(?<!\d)\d\d$", text) and not re.match(r"\d{4}", text):
        if not short_years:
            return None
        year += 1900 if year >= 50 else 2000
    try:
        return date(year, month, day)
    except ValueError:
        return None


@dataclass(slots=True)
class Form:
    """The lines of one form, whether its years may have two digits, and what has been noticed while reading it."""

    lines: list[Line]
    short_years: bool
    warnings: list[str] = field(default_factory=list)

    def boxes(self, label: re.Pattern[str]) -> Iterator[tuple[int, int, str]]:
        """Each box whose label fits: line, place, and its text with the label (lines end in newlines)."""
        cells = ((number, at, cell) for number, line in enumerate(self.lines) for at, cell in enumerate(line.cells))
        found = ((number, at, place) for number, at, (place, text) in cells if label.match(text[:200]))
        for number, at, place in islice(found, MAX_BOXES):
            yield number, place, self._below(number, at)

    def _below(self, number: int, at: int) -> str:
        first = self.lines[number]
        place, text = first.cells[at]
        right = next((p for p, t in first.cells[at + 1 :] if LABEL.match(t)), 10**9)
        parts = [" ".join([text, *(t for p, t in first.cells[at + 1 :] if p < right and t)])[:COLUMN]]
        for line in self.lines[number + 1 : number + 13]:
            inside = [t for p, t in line.cells if place - 2 <= p < right and t and not re.fullmatch(r"[-_=\s|]+", t)]
            if inside and re.match(r"\((?:last|first)\)", inside[0], re.IGNORECASE) and len(parts) == 1:
                continue
            if (not inside and len(parts) > 1) or (inside and LABEL.match(inside[0])):
                break
            if inside:
                parts.append(" ".join(inside)[:COLUMN])
        return "\n".join(parts)

    def find(self, pattern: str, start: int = 0) -> int | None:
        """The first line from `start` whose letters, spaces apart, fit."""
        found = re.compile(pattern)
        return next((n for n in range(start, len(self.lines)) if found.search(squash(self.lines[n].raw))), None)

    def dates_in(self, text: str) -> list[date]:
        """Every date that is legible in a text, in its order."""
        read = (read_date(match.group(), short_years=self.short_years) for match in DATE.finditer(text[: 2 * COLUMN]))
        return [day for day in read if day]

    def box_before(self, pattern: str, said: str) -> bool | None:
        """Whether the check box in front of some words is checked; `None` with a warning where the words are and no box is."""
        words = re.compile(pattern, re.IGNORECASE)
        for line in self.lines:
            text = " ".join(text for _, text in line.cells if text)[: 2 * COLUMN]
            if match := words.search(text):
                before = text[: match.start()][-60:]
                if re.search(rf"(?:{CHECKED})\s{{0,9}}$", before):
                    return True
                if re.search(rf"(?:{UNCHECKED})\s{{0,9}}$", before):
                    return False
                self.warnings.append(f"{said}: whether the box is checked is not legible")
                return None
        return None


def decode(text: bytes) -> str:
    """UTF-8 if it is, else Latin-1, in which every byte is a letter."""
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _plain(cell: str) -> str:
    return "\n".join(" ".join(part.split()) for part in cell.split(_BREAK)).strip()


def to_lines(text: str) -> list[Line]:
    """Lines and their cells, free of markup; a cell keeps line breaks. Tabs and pipes divide, unless there is a `<C>` ruler."""
    for pattern, plain in _MARKUP:
        text = re.sub(pattern, plain, text)
    text = html.unescape(text)
    raws = text.split("\n")
    if len(raws) > MAX_LINES:
        raise UnreadableDocument(f"the text has more than {MAX_LINES:,} lines, which no Section 16 form has")
    ruled = re.search(r"(?i)<C>\s{0,90}<C>", text) is not None
    framed = all(raw.strip().startswith("|") for raw in raws if raw.count("|") > 1)
    lines = []
    for raw in raws:
        pipes = raw.count("|") > 1
        if pipes and re.fullmatch(r"[\s|:=+_-]*-[\s|:=+_-]*", raw):
            continue
        if not ruled and (pipes or "\t" in raw.strip()):
            inner = raw.strip().removeprefix("|").removesuffix("|") if pipes and framed else raw
            cells = enumerate(inner.split("|" if pipes else "\t")[:_MAX_CELLS])
            placed = tuple((number * COLUMN, _plain(cell[:_MAX_CELL])) for number, cell in cells)
            lines.append(Line(placed, delimited=True, raw=raw))
        else:
            parts = re.finditer(r"\S+(?:\s(?!\d\d?A?\.\s?[A-Z][a-z])\S+)*", raw.expandtabs().rstrip())
            typed = tuple((part.start(), part.group()[:_MAX_CELL]) for part in islice(parts, _MAX_CELLS))
            lines.append(Line(typed, delimited=False, raw=raw))
    return lines


def value_of(label: re.Pattern[str], text: str) -> str:
    """A box's text without its label and without the next box, where a scanner ran the two together."""
    match = label.match(text)
    rest = text[match.end() :] if match else text
    return re.split(r"\((?:Last|Street|City)\)|\s\d\d?A?\.\s(?=[A-Z][a-z])", rest, maxsplit=1)[0].strip()
