"""Ownership documents as the SEC's quarterly tables have them: tab-separated, rounded to cents, without the time of acceptance."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.history import Filed
from tests.history import history
from watcher.core.model import Issuer
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.submission import EASTERN

Line = Mapping[str, str]

# column -> field of `Row`
_ROW = {
    "SECURITY_TITLE": "security_title",
    "CONV_EXERCISE_PRICE": "conversion_or_exercise_price",
    "TRANS_DATE": "transaction_date",
    "DEEMED_EXECUTION_DATE": "deemed_execution_date",
    "TRANS_FORM_TYPE": "transaction_form_type",
    "TRANS_CODE": "transaction_code",
    "EQUITY_SWAP_INVOLVED": "equity_swap_involved",
    "TRANS_TIMELINESS": "transaction_timeliness",
    "TRANS_SHARES": "shares",
    "TRANS_TOTAL_VALUE": "total_value",
    "TRANS_PRICEPERSHARE": "price_per_share",
    "TRANS_ACQUIRED_DISP_CD": "acquired_disposed",
    "EXERCISE_DATE": "exercise_date",
    "EXPIRATION_DATE": "expiration_date",
    "UNDLYNG_SEC_TITLE": "underlying_security_title",
    "UNDLYNG_SEC_SHARES": "underlying_security_shares",
    "UNDLYNG_SEC_VALUE": "underlying_security_value",
    "SHRS_OWND_FOLWNG_TRANS": "shares_owned_following",
    "VALU_OWND_FOLWNG_TRANS": "value_owned_following",
    "DIRECT_INDIRECT_OWNERSHIP": "direct_or_indirect",
    "NATURE_OF_OWNERSHIP": "nature_of_ownership",
}
# table -> the columns that it has although no line is in it
_KEYS = {
    "SUBMISSION": ("ACCESSION_NUMBER", "FILING_DATE", "DOCUMENT_TYPE", "ISSUERCIK"),
    "REPORTINGOWNER": ("ACCESSION_NUMBER", "RPTOWNERCIK"),
    **{
        name: ("ACCESSION_NUMBER", f"{name}_SK", "SECURITY_TITLE")
        for name in ("NONDERIV_TRANS", "NONDERIV_HOLDING", "DERIV_TRANS", "DERIV_HOLDING")
    },
    "FOOTNOTES": ("ACCESSION_NUMBER", "FOOTNOTE_ID", "FOOTNOTE_TXT"),
    "OWNER_SIGNATURE": ("ACCESSION_NUMBER", "OWNERSIGNATURENAME"),
}
_ROLES = {"Director": "is_director", "Officer": "is_officer", "TenPercentOwner": "is_ten_percent_owner", "Other": "is_other"}


def quarter(filings: Iterable[tuple[str, date, OwnershipDocument]]) -> dict[str, bytes]:
    """The tables of these filings: accession number, day of filing, document."""
    lines: dict[str, list[Line]] = {name: [] for name in _KEYS}
    number = 0
    for accession, filed_on, document in filings:
        named = {"ACCESSION_NUMBER": accession}
        lines["SUBMISSION"].append({**named, **_submission(document, filed_on)})
        for owner in document.reporting_owners:
            lines["REPORTINGOWNER"].append({**named, **_owner(owner)})
        for kind, rows in (("NONDERIV", document.non_derivative_table), ("DERIV", document.derivative_table)):
            for row in rows:
                number += 1
                name = f"{kind}_{'TRANS' if row.kind == 'transaction' else 'HOLDING'}"
                lines[name].append({**named, f"{name}_SK": str(number), **_cells(row)})
        for note, text in document.footnotes.items():
            lines["FOOTNOTES"].append({**named, "FOOTNOTE_ID": note, "FOOTNOTE_TXT": text})
        for one in document.signatures:
            signed = {"OWNERSIGNATURENAME": one.name or "", "OWNERSIGNATUREDATE": _text(one.date)}
            lines["OWNER_SIGNATURE"].append({**named, **signed})
    return {name: table(content) if content else "\t".join(_KEYS[name]).encode() + b"\n" for name, content in lines.items()}


def quarter_of(filings: Iterable[Filed]) -> dict[str, bytes]:
    """The tables of a made-up history."""
    return quarter((made.accession_number, made.filed_at.astimezone(EASTERN).date(), made.document) for made in filings)


def of_issuers(seed: int, filings: int, issuers: int, *, amendments: bool = True) -> list[Filed]:
    """Histories of several issuers, with accession numbers of their own."""
    made = []
    for number in range(issuers):
        issuer = Issuer(f"{9_990_001 + number:010}", f"Example {number} Corp", f"EX{number}")
        for one in history(seed + number, filings, 2, issuer=issuer, amendments=amendments):
            owners = tuple(
                replace(owner, cik=f"{int(owner.cik or 0) + 1000 * number:010}") for owner in one.document.reporting_owners
            )
            made.append(
                replace(
                    one,
                    accession_number=f"{number:010}{one.accession_number[10:]}",
                    document=replace(one.document, reporting_owners=owners),
                )
            )
    return made


def packed(tables: Mapping[str, bytes], path: Path) -> Path:
    """The zip of a quarter, as the SEC offers it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in tables.items():
            file.writestr(f"{name}.tsv", content)
        file.writestr("FORM_345_readme.htm", "<html></html>")
    return path


def table(lines: Iterable[Line]) -> bytes:
    """Tab-separated text with every column that one of the lines has."""
    listed = list(lines)
    columns = list(dict.fromkeys(column for line in listed for column in line))
    cells = [columns, *([line.get(column, "") for column in columns] for line in listed)]
    return "".join("\t".join(line) + "\n" for line in cells).encode()


def _submission(document: OwnershipDocument, filed_on: date) -> dict[str, str]:
    return {
        "FILING_DATE": _text(filed_on),
        "PERIOD_OF_REPORT": _text(document.period_of_report),
        "DATE_OF_ORIG_SUB": _text(document.date_of_original_submission),
        "DOCUMENT_TYPE": document.form_type,
        "ISSUERCIK": document.issuer.cik or "",
        "ISSUERNAME": document.issuer.name or "",
        "ISSUERTRADINGSYMBOL": document.issuer.trading_symbol or "",
        "REMARKS": document.remarks or "",
        "AFF10B5ONE": _text(document.aff10b5_one),
    }


def _owner(owner: ReportingOwner) -> dict[str, str]:
    return {
        "RPTOWNERCIK": owner.cik or "",
        "RPTOWNERNAME": owner.name or "",
        "RPTOWNER_RELATIONSHIP": ",".join(word for word, field in _ROLES.items() if getattr(owner, field)),
        "RPTOWNER_TITLE": owner.officer_title or "",
        "RPTOWNER_TXT": owner.other_text or "",
    }


def _cells(row: Row) -> dict[str, str]:
    cells = {column: _text(getattr(row, field)) for column, field in _ROW.items()}
    notes = {f"{column}_FN": ", ".join(row.footnotes.get(field, ())) for column, field in _ROW.items()}
    return {**cells, **notes}


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(int(value))
        case Decimal():
            return f"{round(value, 2):f}"
        case date():
            return f"{value:%d-%b-%Y}".upper()
    return " ".join(str(value).split())
