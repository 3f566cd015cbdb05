"""`watcher parse`: read ownership documents of any kind and print them."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from watcher.cli.common import ACCESSION
from watcher.cli.common import config_option
from watcher.cli.common import json_option
from watcher.cli.common import print_json
from watcher.core.errors import UnreadableDocument
from watcher.core.figures import count
from watcher.core.figures import price
from watcher.core.marks import marks
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row
from watcher.core.reading import Reading
from watcher.core.reading import read
from watcher.core.text import cleaned


@click.command
@config_option
@json_option
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
def parse(option: Path | None, as_json: bool, paths: tuple[str, ...]) -> None:  # noqa: ARG001 -- every command takes --config
    """Read ownership documents (XML, complete submissions, SEC's HTML rendering, printed text) and print them.

    `-` is standard input. A file that cannot be read is reported in its place, and the others are still read.
    """
    failed = False
    for path in paths:
        try:
            content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
            reading = _marked(read(content))
        except (UnreadableDocument, OSError) as error:
            failed = True
            reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
            if as_json:
                print_json({"path": path, "error": reason})
            else:
                click.echo(f"{path}: {reason}", err=True)
            continue
        if as_json:
            print_json(_as_json(path, reading))
        else:
            click.echo(_in_words(path, reading))
    if failed:
        sys.exit(1)


def _marked(reading: Reading) -> Reading:
    """The reading with the marks on it beside the reader's own warnings; the filing date is the header's, where there is one."""
    document, header = reading.document, reading.header
    filed_on = (header.accepted_at.date() if header.accepted_at else header.filed_on) if header else None
    return replace(reading, document=replace(document, warnings=(*document.warnings, *marks(document, filed_on=filed_on))))


def _as_json(path: str, reading: Reading) -> dict[str, Any]:
    from watcher.core.payload import document_json  # noqa: PLC0415 -- imported only where it is used
    from watcher.core.payload import plain  # noqa: PLC0415 -- imported only where it is used

    header = reading.header
    return {
        "path": path,
        "accession_number": (header.accession_number if header else None) or _from_name(path),
        **document_json(reading.document),
        "filed_at": plain(header.accepted_at) if header else None,
    }


def _from_name(path: str) -> str | None:
    match = ACCESSION.search(Path(path).name)
    return "-".join(match.groups()) if match else None


def _in_words(path: str, reading: Reading) -> str:
    document = cleaned(reading.document)
    issuer = document.issuer
    lines = [
        f"{path}: Form {document.form_type}, period {document.period_of_report or '?'}",
        f"  {issuer.name or '?'} [{issuer.trading_symbol or '?'}] (CIK {issuer.cik or '?'})",
    ]
    for owner in document.reporting_owners:
        title = f", {owner.officer_title}" if owner.officer_title else ""
        lines.append(f"  {owner.name or '?'} (CIK {owner.cik or '?'}){title}")
    for name, rows in (("I", document.non_derivative_table), ("II", document.derivative_table)):
        lines += [f"  Table {name} row {number}: {_row(row)}" for number, row in enumerate(rows, 1)]
    box = {True: "checked", False: "not checked", None: "not stated"}[document.aff10b5_one]
    lines.append(f"  10b5-1 box: {box}")
    lines += _notes(document)
    return "\n".join(lines)


def _row(row: Row) -> str:
    shares = row.shares_owned_following if row.kind == "holding" else row.shares
    parts = [
        str(row.transaction_date or ""),
        row.transaction_code or ("" if row.kind == "holding" else "code ?"),
        {"A": "acquired", "D": "disposed of"}.get(row.acquired_disposed or "", "held" if row.kind == "holding" else "?"),
        count(shares) if shares is not None else "?",
        row.security_title or "?",
        f"at {price(row.price_per_share)}" if row.price_per_share is not None else "",
        f"→ {count(row.shares_owned_following)}" if row.kind == "transaction" and row.shares_owned_following is not None else "",
        {"D": "direct", "I": "indirect"}.get(row.direct_or_indirect or "", ""),
        f"({row.nature_of_ownership})" if row.nature_of_ownership else "",
        f"strike {price(row.conversion_or_exercise_price)}" if row.conversion_or_exercise_price is not None else "",
        f"expires {row.expiration_date}" if row.expiration_date else "",
        f"[{', '.join(dict.fromkeys(note for notes in row.footnotes.values() for note in notes))}]" if row.footnotes else "",
        f"(derived: {', '.join(row.derived)})" if row.derived else "",
    ]
    return " ".join(part for part in parts if part)


def _notes(document: OwnershipDocument) -> list[str]:
    lines = [f"  {note}: {text}" for note, text in document.footnotes.items()]
    if document.remarks:
        lines.append(f"  Remarks: {document.remarks}")
    lines += [f"  signed {one.name or '?'}, {one.date or '?'}" for one in document.signatures]
    return lines + [f"  warning: {warning}" for warning in document.warnings]
