"""Rows into files of other programs: CSV, JSON Lines, Parquet; and a case into a zip. One row in memory at a time, or a batch of them."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from datetime import date
from datetime import datetime
from decimal import ROUND_HALF_EVEN
from decimal import Context
from decimal import Decimal
from importlib import import_module
from itertools import islice
from typing import Any
from typing import BinaryIO

from watcher.core.errors import MissingExtra
from watcher.core.exporting import Kind
from watcher.core.exporting import cell
from watcher.core.exporting import flat

BATCH = 1000  # rows of a Parquet row group
_PLACES = Decimal("1e-12")  # a form has no more; but a scanned fraction may be a third
_EXACT = Context(prec=38, rounding=ROUND_HALF_EVEN)
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)

Rows = Iterable[Mapping[str, Any]]
Columns = Mapping[str, Kind]


def write_csv(rows: Rows, columns: Columns, file: BinaryIO) -> int:
    """CSV in UTF-8 with a line of names, safe to open in a spreadsheet. Returns the number of rows."""
    text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    number = 0
    for number, row in enumerate(rows, 1):  # noqa: B007 -- the last one is returned
        writer.writerow([cell(row.get(name)) for name in columns])
    text.detach()
    return number


def write_json_lines(rows: Rows, file: BinaryIO) -> int:
    """One JSON object a line, with all that a row has. Returns the number of rows."""
    number = 0
    for number, row in enumerate(rows, 1):  # noqa: B007 -- the last one is returned
        file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    return number


def write_parquet(rows: Rows, columns: Columns, file: BinaryIO) -> int:
    """Parquet with exact decimals (12 places), dates and times in UTC. Returns the number of rows. Raises `MissingExtra`."""
    try:
        pyarrow: Any = import_module("pyarrow")  # an extra that few have
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise MissingExtra(
            "Parquet needs the library pyarrow, which is not installed: pip install 'edgar-watcher[parquet]'; CSV and JSON Lines need none"
        ) from None
    types: dict[Kind, Any] = {
        "text": pyarrow.string(),
        "figure": pyarrow.decimal128(38, 12),
        "day": pyarrow.date32(),
        "time": pyarrow.timestamp("us", "UTC"),
        "flag": pyarrow.bool_(),
        "count": pyarrow.int64(),
    }
    schema = pyarrow.schema([(name, types[kind]) for name, kind in columns.items()])
    number = 0
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in _batches(rows):
            number += len(batch)
            typed = [{name: _typed(row.get(name), kind) for name, kind in columns.items()} for row in batch]
            writer.write_table(pyarrow.Table.from_pylist(typed, schema))
    return number


def write_case(files: Mapping[str, bytes], folder: str, file: BinaryIO) -> None:
    """A zip of these files in one folder. The same files give the same bytes: no times, and not compressed, as zlib's releases differ."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(f"{folder}/{name}", _ZIP_EPOCH)
            entry.create_system = 3  # Unix, wherever this runs
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)


def _batches(rows: Rows) -> Iterator[list[Mapping[str, Any]]]:
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        yield batch


def _typed(value: Any, kind: Kind) -> Any:
    if value is None:
        return None
    match kind:
        case "figure":
            number = Decimal(value)
            return number.quantize(_PLACES, context=_EXACT)
        case "day":
            return date.fromisoformat(value)
        case "time":
            return datetime.fromisoformat(value)
        case "text":
            return flat(value)
        case _:
            return value
