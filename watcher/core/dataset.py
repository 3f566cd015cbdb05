"""The SEC's Insider Transactions Data Sets (forms 3, 4 and 5 of a quarter as tab-separated tables) to `OwnershipDocument`s.

Source: the readme of the sets (FORM_345_readme.htm) and their metadata. The columns moved over the years, so they are found by their
header. What the sets lose is said in each document's warnings: figures are rounded to cents, the order of rows is not the document's, and
there is no time of acceptance. A cell with a quotation mark in it is quoted as in CSV, though the readme does not say so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from watcher.core.codes import FORM_TYPES
from watcher.core.errors import UnreadableDocument
from watcher.core.model import Issuer
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.model import Signature
from watcher.core.tables import columns
from watcher.core.tables import records
from watcher.core.tables import refuse

Cells = list[str]
Reader = Callable[[str], Any]

_DATE = re.compile(r"([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})")
_NUMBER = re.compile(r"-?(?:[0-9]{1,20}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})")
_NOTE = re.compile(r"[^\s,]+")
_MONTHS = {
    name: month
    for month, name in enumerate(("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), start=1)
}
_FLAGS = {"1": True, "true": True, "y": True, "yes": True, "0": False, "false": False, "n": False, "no": False}

ROUNDED = "from the SEC's data set: figures are rounded to two decimals, and the order of the rows is not stated"


class _DoubtError(Exception):
    """A text that is not what its column holds."""


@lru_cache(maxsize=4096)
def _date(text: str) -> date:
    match = _DATE.fullmatch(text)
    try:
        if match:
            return date(int(match[3]), _MONTHS[match[2].upper()], int(match[1]))
        return date.fromisoformat(text)
    except (ValueError, KeyError):
        raise _DoubtError("is not a date") from None


@lru_cache(maxsize=65536)
def _number(text: str) -> Decimal:
    if _NUMBER.fullmatch(text) is None:
        raise _DoubtError("is not a number")
    return Decimal(text.rstrip("0").rstrip(".") or "0") if "." in text else Decimal(text)  # the set writes 1000 as 1000.0


def _flag(text: str) -> bool:
    flag = _FLAGS.get(text.lower())
    if flag is None:
        raise _DoubtError("is neither true nor false")
    return flag


def _cik(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise _DoubtError("is not a CIK")
    return text.zfill(10)


# column of the four tables of rows -> field of `Row`, how to read it
_ROW_COLUMNS: dict[str, tuple[str, Reader]] = {
    "SECURITY_TITLE": ("security_title", str),
    "CONV_EXERCISE_PRICE": ("conversion_or_exercise_price", _number),
    "TRANS_DATE": ("transaction_date", _date),
    "DEEMED_EXECUTION_DATE": ("deemed_execution_date", _date),
    "TRANS_FORM_TYPE": ("transaction_form_type", str),
    "TRANS_CODE": ("transaction_code", str),
    "EQUITY_SWAP_INVOLVED": ("equity_swap_involved", _flag),
    "TRANS_TIMELINESS": ("transaction_timeliness", str),
    "TRANS_SHARES": ("shares", _number),
    "TRANS_TOTAL_VALUE": ("total_value", _number),
    "TRANS_PRICEPERSHARE": ("price_per_share", _number),
    "TRANS_ACQUIRED_DISP_CD": ("acquired_disposed", str),
    "EXERCISE_DATE": ("exercise_date", _date),
    "EXCERCISE_DATE": ("exercise_date", _date),  # so spelt in DERIV_TRANS
    "EXPIRATION_DATE": ("expiration_date", _date),
    "UNDLYNG_SEC_TITLE": ("underlying_security_title", str),
    "UNDLYNG_SEC_SHARES": ("underlying_security_shares", _number),
    "UNDLYNG_SEC_VALUE": ("underlying_security_value", _number),
    "SHRS_OWND_FOLWNG_TRANS": ("shares_owned_following", _number),
    "VALU_OWND_FOLWNG_TRANS": ("value_owned_following", _number),
    "DIRECT_INDIRECT_OWNERSHIP": ("direct_or_indirect", str),
    "NATURE_OF_OWNERSHIP": ("nature_of_ownership", str),
}
# What hangs on transactionCoding or its children is the code's, as `Row.footnotes` has it.
_CODING_NOTES = ("TRANS_FORM_TYPE_FN", "TRANS_CODE_FN", "EQUITY_SWAP_INVOLVED_FN", "EQUITY_SWAP_TRANS_CD_FN")
_NOTE_COLUMNS = {f"{column}_FN": field for column, (field, _) in _ROW_COLUMNS.items()} | dict.fromkeys(
    _CODING_NOTES, "transaction_code"
)
_ROW_TABLES = {  # table -> (I or II, kind of row, column of its key)
    "NONDERIV_TRANS": ("I", "transaction", "NONDERIV_TRANS_SK"),
    "NONDERIV_HOLDING": ("I", "holding", "NONDERIV_HOLDING_SK"),
    "DERIV_TRANS": ("II", "transaction", "DERIV_TRANS_SK"),
    "DERIV_HOLDING": ("II", "holding", "DERIV_HOLDING_SK"),
}
_OTHER_TABLES = {  # table -> the columns without which it says nothing
    "SUBMISSION": ("ACCESSION_NUMBER", "FILING_DATE", "DOCUMENT_TYPE", "ISSUERCIK"),
    "REPORTINGOWNER": ("ACCESSION_NUMBER", "RPTOWNERCIK"),
    "FOOTNOTES": ("ACCESSION_NUMBER", "FOOTNOTE_ID", "FOOTNOTE_TXT"),
    "OWNER_SIGNATURE": ("ACCESSION_NUMBER", "OWNERSIGNATURENAME"),
}
TABLES = frozenset({*_ROW_TABLES, *_OTHER_TABLES})
_SUBMISSION_COLUMNS: dict[str, tuple[str, Reader]] = {
    "PERIOD_OF_REPORT": ("period_of_report", _date),
    "DATE_OF_ORIG_SUB": ("date_of_original_submission", _date),
    "NO_SECURITIES_OWNED": ("no_securities_owned", _flag),
    "NOT_SUBJECT_SEC16": ("not_subject_to_section16", _flag),
    "FORM3_HOLDINGS_REPORTED": ("form3_holdings_reported", _flag),
    "FORM4_TRANS_REPORTED": ("form4_transactions_reported", _flag),
    "AFF10B5ONE": ("aff10b5_one", _flag),  # in the newer sets only
    "REMARKS": ("remarks", str),
}
_ROLES = {
    "director": "is_director",
    "officer": "is_officer",
    "tenpercentowner": "is_ten_percent_owner",
    "other": "is_other",
}


def read_tables(tables: Mapping[str, bytes]) -> Iterator[tuple[str, date, OwnershipDocument]]:
    """Each filing of a quarter: accession number, day of filing and document, in the order of SUBMISSION.

    `tables` maps a table's name ("SUBMISSION", "NONDERIV_TRANS", ...) to the bytes of its file. All but SUBMISSION may be missing; every
    document then says what it lacks. A cell that cannot be read becomes `None` with a warning that quotes it. `UnreadableDocument` is
    raised at once where a table lacks a column it cannot do without, and `LeftOut` after the last filing where lines belong to no filing
    that was given: it names them.
    """
    if unknown := sorted(set(tables) - TABLES):
        raise UnreadableDocument(f"no table of this data set: {', '.join(unknown)}")
    if "SUBMISSION" not in tables:
        raise UnreadableDocument("the data set has no table SUBMISSION")
    read = {name: _Table(name, content) for name, content in tables.items()}
    lacking = _lacking(read)
    left_out: list[str] = []
    for accession, lines in read["SUBMISSION"].lines.items():
        complaints: list[str] = []
        head = read["SUBMISSION"].cells(lines[0], complaints)
        filed_on = _read(_date, head.get("FILING_DATE", ""), "FILING_DATE", complaints)
        form_type = head.get("DOCUMENT_TYPE", "")
        issuer = _read(_cik, head["ISSUERCIK"], "ISSUERCIK", complaints)
        if filed_on is None or form_type not in FORM_TYPES or issuer is None:
            left_out += (f"SUBMISSION: {line[:80]!r}" for line in lines)
            continue
        if len(lines) > 1:
            complaints.append(f"SUBMISSION has {len(lines)} lines for this filing: the first is taken")
        yield accession, filed_on, _document(accession, form_type, head, read, lacking, complaints)
    submitted = read["SUBMISSION"].lines.keys()
    for name, table in read.items():
        left_out += (f"{name}: {table.lines[accession][0][:80]!r}" for accession in table.lines.keys() - submitted)
        left_out += (f"{name}: {line[:80]!r}" for line in table.strays)
    refuse(left_out)


class _Table:
    """One table: its columns, and its lines by accession number, uncut."""

    def __init__(self, name: str, content: bytes) -> None:
        header, found, self.strays = records(content)
        self.name = name
        self.columns = columns(header)
        needed = _OTHER_TABLES.get(name) or ("ACCESSION_NUMBER", _ROW_TABLES[name][2], "SECURITY_TITLE")
        if wanting := [column for column in needed if column not in self.columns]:
            raise UnreadableDocument(f"table {name} has no column {', '.join(wanting)}")
        if self.columns[0] != "ACCESSION_NUMBER":
            raise UnreadableDocument(f"table {name} does not begin with ACCESSION_NUMBER")
        self.lines: dict[str, list[str]] = {}
        for record in found:
            self.lines.setdefault(record[:20], []).append(record)
        self.fields = tuple(
            (index, column, *_ROW_COLUMNS[column]) for index, column in enumerate(self.columns) if column in _ROW_COLUMNS
        )
        self.notes = tuple((index, _NOTE_COLUMNS[column]) for index, column in enumerate(self.columns) if column in _NOTE_COLUMNS)

    def cut(self, line: str, complaints: list[str]) -> list[str]:
        """The cells of a line, as many as there are columns."""
        cells = [cell.strip() for cell in line.split("\t")]
        if '"' in line:
            cells = [_unquoted(cell) for cell in cells]
        wide = len(self.columns)
        if "\n" in line and '"' not in line:
            complaints.append(f"{self.name}: a line is broken: {line[:60]!r}")
        if len(cells) != wide:
            complaints.append(f"{self.name}: a line of {len(cells)} cells where there are {wide} columns: {line[:60]!r}")
            cells += [""] * (wide - len(cells))
        return cells

    def cells(self, line: str, complaints: list[str]) -> dict[str, str]:
        return dict(zip(self.columns, self.cut(line, complaints), strict=False))

    def lines_of(self, accession: str, complaints: list[str]) -> list[dict[str, str]]:
        return [self.cells(line, complaints) for line in self.lines.get(accession, ())]

    def rows(self, accession: str, complaints: list[str]) -> list[Row]:
        """The rows of one filing by the SEC's own key."""
        _, kind, key = _ROW_TABLES[self.name]
        at = self.columns.index(key)
        lines = [self.cut(line, complaints) for line in self.lines.get(accession, ())]
        lines.sort(key=lambda cells: (len(cells[at]), cells[at]))
        return [self._row(kind, cells, f"{self.name} {cells[at]}", complaints) for cells in lines]

    def _row(self, kind: str, cells: Cells, where: str, complaints: list[str]) -> Row:
        stated: dict[str, Any] = {}
        for index, column, field, reader in self.fields:
            if text := cells[index]:
                try:
                    stated[field] = reader(text)
                except _DoubtError as doubt:
                    complaints.append(f"{where}, {column}: {text[:60]!r} {doubt}")
        notes: dict[str, tuple[str, ...]] = {}
        for index, field in self.notes:
            if text := cells[index]:
                notes[field] = (*notes.get(field, ()), *_NOTE.findall(text))
        return Row(kind=kind, footnotes=notes, **stated)


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def _read(reader: Reader, text: str, where: str, complaints: list[str]) -> Any:
    if not text:
        return None
    try:
        return reader(text)
    except _DoubtError as doubt:
        complaints.append(f"{where}: {text[:60]!r} {doubt}")
        return None


def _lacking(read: Mapping[str, _Table]) -> tuple[str, ...]:
    """What no document of this set can state, said once."""
    missing = [name for name in (*_OTHER_TABLES, *_ROW_TABLES) if name not in read]
    said = [f"the data set was read without its table {name}" for name in missing]
    if "AFF10B5ONE" not in read["SUBMISSION"].columns:
        said.append("the data set has no column for the Rule 10b5-1 box: whether it is checked is unknown")
    return (ROUNDED, *said)


def _document(
    accession: str,
    form_type: str,
    head: Mapping[str, str],
    read: Mapping[str, _Table],
    lacking: tuple[str, ...],
    complaints: list[str],
) -> OwnershipDocument:
    content: dict[str, list[Row]] = {"I": [], "II": []}
    for name, (table, _, _) in _ROW_TABLES.items():
        if name in read and accession in read[name].lines:
            content[table] += read[name].rows(accession, complaints)
    found = {name: read[name].lines_of(accession, complaints) if name in read else [] for name in _OTHER_TABLES}
    stated = {
        field: _read(reader, head.get(column, ""), column, complaints) for column, (field, reader) in _SUBMISSION_COLUMNS.items()
    }
    return OwnershipDocument(
        form_type=form_type,
        issuer=Issuer(
            _read(_cik, head["ISSUERCIK"], "ISSUERCIK", complaints),
            head.get("ISSUERNAME") or None,
            head.get("ISSUERTRADINGSYMBOL") or None,
        ),
        reporting_owners=tuple(_owner(cells, complaints) for cells in found["REPORTINGOWNER"]),
        non_derivative_table=tuple(content["I"]),
        derivative_table=tuple(content["II"]),
        footnotes=_footnotes(found["FOOTNOTES"]),
        signatures=tuple(
            Signature(
                cells["OWNERSIGNATURENAME"] or None, _read(_date, cells.get("OWNERSIGNATUREDATE", ""), "signature", complaints)
            )
            for cells in found["OWNER_SIGNATURE"]
        ),
        warnings=(*lacking, *complaints),
        source="dataset",
        **stated,
    )


def _owner(cells: Mapping[str, str], complaints: list[str]) -> ReportingOwner:
    words = re.findall(r"[a-z]+", cells.get("RPTOWNER_RELATIONSHIP", "").lower())
    if strange := [word for word in words if word not in _ROLES]:
        complaints.append(f"RPTOWNER_RELATIONSHIP: {' '.join(strange)[:60]!r} is no relationship")
    return ReportingOwner(
        cik=_read(_cik, cells["RPTOWNERCIK"], "RPTOWNERCIK", complaints),
        name=cells.get("RPTOWNERNAME") or None,
        officer_title=cells.get("RPTOWNER_TITLE") or None,
        other_text=cells.get("RPTOWNER_TXT") or None,
        **{_ROLES[word]: True for word in words if word in _ROLES},
    )


def _footnotes(lines: list[dict[str, str]]) -> dict[str, str]:
    """The footnotes by number, as a document has them."""
    texts = {cells["FOOTNOTE_ID"]: cells["FOOTNOTE_TXT"] for cells in lines}
    return dict(sorted(texts.items(), key=lambda item: (len(item[0]), item[0])))
