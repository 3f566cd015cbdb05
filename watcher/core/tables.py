"""The tab-separated tables of the SEC's data sets, by the line: their records, their columns, and a quarter cut into parts."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

from watcher.core.errors import LeftOut
from watcher.core.errors import UnreadableDocument

_RECORD = re.compile(r"\r?\n(?=[0-9]{10}-[0-9]{2}-[0-9]{6}\t)")  # a line break inside a cell begins no record
_NO_PART = -1


PartOf = Callable[[str, str, frozenset[str]], "int | None"]


def records(content: bytes) -> tuple[str, list[str], list[str]]:
    """The header of a table, its records uncut, and the lines before the first record that are none."""
    header, *found = _RECORD.split(content.decode("utf-8", errors="replace").removeprefix("\ufeff").rstrip("\r\n"))
    header, *strays = header.split("\n")
    return header, found, strays


def columns(header: str) -> tuple[str, ...]:
    """The names of the columns."""
    return tuple(column.strip().strip('"').upper() for column in header.split("\t"))


def refuse(left_out: Collection[str]) -> None:
    """Raise `LeftOut` that names some of the lines that had no place, if there are any."""
    if left_out:
        shown = "; ".join(sorted(left_out)[:5])
        raise LeftOut(f"{len(left_out):,} filings or lines of the data set could not be placed: {shown}")


def divided(tables: Mapping[str, bytes], part_of: PartOf) -> Iterator[tuple[str, int, str]]:
    """A quarter in parts that can each be read by themselves: table, number of the part, and its lines under the header, if it has any.

    `part_of` says by accession number, CIK of the issuer and CIKs of the owners which part a filing goes to, `None` for one that is not
    wanted. One table after the other is taken out of `tables`. Raises `UnreadableDocument` at once where there is no table of filings,
    or a column is missing that is needed here, and `LeftOut` after everything else.
    """
    if "SUBMISSION" not in tables:
        raise UnreadableDocument("the data set has no table SUBMISSION")
    first = records(tables["SUBMISSION"])
    left_out: list[str] = []
    issuers = _ciks(*first[:2], "ISSUERCIK")
    owners = _ciks(*records(tables["REPORTINGOWNER"])[:2], "RPTOWNERCIK") if "REPORTINGOWNER" in tables else {}
    parts = {number: part_of(number, next(iter(issuer)), frozenset(owners.get(number, ()))) for number, issuer in issuers.items()}
    wanted = sorted({part for part in parts.values() if part is not None})
    for name in tables:
        header, lines, strays = first if name == "SUBMISSION" else records(tables[name])
        left_out += (f"{name}: {line[:80]!r}" for line in strays)
        found: dict[int, list[str]] = {}
        for line in lines:
            part = parts.get(line[:20], _NO_PART)
            if part == _NO_PART:
                left_out.append(f"{name}: {line[:80]!r}")
            elif part is not None:
                found.setdefault(part, []).append(line)
        for part in wanted:
            yield name, part, "\n".join((header, *found.get(part, ()), ""))
    refuse(left_out)


def _ciks(header: str, lines: Sequence[str], name: str) -> dict[str, list[str]]:
    """The CIKs in a column, by accession number."""
    names = columns(header)
    if name not in names:
        raise UnreadableDocument(f"the data set has no column {name}")
    at = names.index(name)
    found: dict[str, list[str]] = {}
    for line in lines:
        cells = line.split("\t", at + 1)
        found.setdefault(line[:20], []).append(cells[at].strip().strip('"').zfill(10) if len(cells) > at else "")
    return found
