"""What is wrong with a document that is not TOML, in words for who wrote it: `tomllib` says what it met, this what was probably meant."""

from __future__ import annotations

import re
from dataclasses import dataclass

from watcher.toml_lines import opened

_HEADER = re.compile(r"\s*\[\[?\s*([^\]#]+?)\s*\]\]?\s*(#.*)?")
_PAIR = re.compile(r"\s*([\w.\"'-]+)\s*=\s*(.*?)\s*")
_QUOTES = "\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"  # what word processors make of quotation marks


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a document stops being TOML, line and column from 1 (column 0: not known), and why."""

    line: int
    column: int
    text: str


def fault(message: str, source: str) -> Fault:
    """What an error of `tomllib` says: "... (at line 3, column 8)", "... (at end of document)", or (a number too long) no place."""
    what, _, where = message.partition(" (at ")
    if spot := re.match(r"line (\d+), column (\d+)", where):
        line, column = int(spot[1]), int(spot[2])
    else:
        line, column = (source.rstrip("\n").count("\n") + 1 if where else _most_digits(source)), 0
    rows = source.split("\n")
    row = rows[line - 1] if line <= len(rows) else ""
    unclosed = opened(source)
    if unclosed is not None and (not column or _HEADER.fullmatch(row) or "Unclosed" in what):
        mark, line, column = unclosed
        return Fault(line, column, f"is not TOML: what is opened here with {mark} is not closed")
    if where and not column and (broken := _open_quote(rows)):
        return Fault(*broken, "is not TOML: the text that begins here is not closed; its quotation marks are missing at the end")
    place = f", at column {column}" if column else ", at the end of the file" if where else ""
    return Fault(line, column, f"is not TOML{place}: {_in_words(what, rows, line, column)}")


def _most_digits(source: str) -> int:
    """The line with the longest number."""
    rows = source.split("\n")
    return 1 + max(range(len(rows)), key=lambda row: max(map(len, re.findall(r"[0-9_]+", rows[row])), default=0))


def _open_quote(rows: list[str]) -> tuple[int, int] | None:
    """The last place where one of a pair of triple quotation marks stands."""
    found = [(number, match.start() + 1) for number, row in enumerate(rows, start=1) for match in re.finditer(r"\"{3}|'{3}", row)]
    return found[-1] if len(found) % 2 else None


def _in_words(what: str, rows: list[str], line: int, column: int) -> str:  # noqa: PLR0911 -- one answer for each thing people do
    row = rows[line - 1]
    pair = _PAIR.fullmatch(row)
    if (curly := next((each for each in _QUOTES if each in row), "")) and "alid" in what:
        return f'{curly} is no quotation mark here: write straight ones, "..."'
    if what.startswith("Illegal character '\\n'"):
        return "the text is not closed: a quotation mark is missing at the end of the line"
    if what.startswith("Cannot declare"):
        return f"this table is there twice{_first_header(rows, line)}; put all its keys into one"
    if what.startswith(("Cannot overwrite", "Duplicate inline")):
        return f"this key is set twice{_first_key(rows, line)}; keep one of them"
    if what.startswith("Invalid value"):
        return _no_value(row[column - 1 :].partition("#")[0].strip().rstrip(",] "))
    if what.startswith("Expected newline") and pair and re.match(r"\d{1,3}(,\d{3})+", pair[2]):
        return f"a number has no commas: write {pair[2].partition('#')[0].strip().replace(',', '_')}"
    if what.startswith("Expected newline") and pair and re.match(r"0\d", pair[2]):
        return "a number does not begin with 0; a CIK is text in quotes"
    if what.startswith("Expected newline") and pair and re.match(r"\d+\s*[A-Za-z]", pair[2]):
        return 'text needs quotes, a duration too: "5s"'
    if what.startswith("Exceeds the limit"):
        return "this number has more digits than any figure"
    if what.startswith("Expected newline"):
        return "something follows the end of the statement; one statement a line, and what is a remark begins with #"
    if what.startswith("Expected '='"):
        return "this line is neither a [table] nor key = value, nor a comment, which begins with #"
    if what.startswith(("Unescaped '\\\\'", "Unescaped '\\'")):
        return "a backslash in double quotes begins an escape: write \\\\ or put the text into single quotes"
    return what[:1].lower() + what[1:]


def _no_value(said: str) -> str:
    """What to write in place of something without quotes. It is not repeated where it may be a secret."""
    if not said:
        return "a value is missing here"
    if said in {"True", "False", "TRUE", "FALSE"}:
        return f"truth is written in small letters: {said.lower()}"
    if re.fullmatch(r"[\w.]{1,12}", said):
        return f'this is no value; text needs quotes: "{said}"'
    return "this is no value; text needs quotes, one at each end"


def _first_header(rows: list[str], line: int) -> str:
    mine = _HEADER.fullmatch(rows[line - 1])
    if mine is not None:
        for number, row in enumerate(rows[: line - 1], start=1):
            other = _HEADER.fullmatch(row)
            if other is not None and other[1] == mine[1]:
                return f", first at line {number}"
    return ""


def _first_key(rows: list[str], line: int) -> str:
    mine = _PAIR.fullmatch(rows[line - 1])
    for number in range(line - 1, 0, -1):
        other = _PAIR.fullmatch(rows[number - 1])
        if _HEADER.fullmatch(rows[number - 1]):
            break
        if mine is not None and other is not None and other[1] == mine[1]:
            return f", first at line {number}"
    return ""
