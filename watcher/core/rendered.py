"""SEC's HTML rendering of forms 3, 4 and 5 (`xslF345X01/` to `xslF345X06/`) to an `OwnershipDocument`, as far as it shows it.

Two families of pages exist: the one the archive serves, and the one the stylesheets of the Ownership XML Technical Specification
(v5.5) make, which names no CIK. Both are read by the words they print (labels, headings of columns) and not by position, so that
a generation which adds a box or a column is still read.

What the page leaves unsaid, and what is made of it:
- A code carries V for transactionFormType 5 on a Form 4, K for an equity swap, and on a Form 5 a 3, 4 or 5 behind it (General
  Instructions, item 8). Where a code stands without such a mark, the row says the form's own type and no swap: that is implied.
- transaction_timeliness is not printed, save "L" as the 5 behind a code on Form 5; schema_version is not printed at all.
- A box printed empty is False; a box the page does not have is `None`, whatever the XML behind it says.
- The archive's page shows the relationship of the first reporting owner only: that of further ones stays False, with a warning.
- Table II has no column for acquired or disposed: references hung on that code stand with the amount, and are given there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from watcher.core.cells import Cell
from watcher.core.cells import read_cells
from watcher.core.errors import UnreadableDocument
from watcher.core.model import Issuer
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.model import Signature

Complain = Callable[[str], None]
Found = dict[str, list[Cell]]

# What a cell begins with, after the number of an item, if it is the label of something.
_LABEL = re.compile(
    r"""(?:[0-9]{1,3}A?\.\ ?)?(?:
      (?P<form>FORM\ [345](?:/A)?$)
    | (?P<issuer>Issuer\ Name\ and\ Ticker)
    | (?P<owner>Name\ and\ Address\ of\ Reporting\ Person)
    | (?P<owner_list>Reporting\ Owner\ Name)
    | (?P<role>[_ ]{0,9}X?[_ ]{0,9}(?:Director|10%\ Owner|Officer|Other)(?:\ \((?:give\ title|specify)\ below\))?$)
    | (?P<period>Date\ of\ Earliest\ Transaction|Date\ of\ Event\ Requiring|Statement\ for\ Issuer's\ Fiscal\ Year)
    | (?P<original>If\ Amendment,\ Date)
    | (?P<exit_box>Check\ this\ box\ if\ no\ longer\ subject)
    | (?P<plan_box>(?:Rule\ 10b5-1\(c\)\ Transaction\ Indication\ ?)?Check\ this\ box\ to\ indicate)
    | (?P<form3_box>Form\ 3\ Holdings\ Reported)
    | (?P<form4_box>Form\ 4\ Transactions\ Reported)
    | (?P<table>Title\ of\ (?:Derivative\ )?Security)
    | (?P<explanation>Explanation\ of\ Responses|If\ the\ form\ is\ filed\ by\ more\ than\ one)
    | (?P<signature>\*{0,3}\ ?Signature\ of\ Reporting\ Person)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_ROLE = re.compile(r"(_*)(X?)[_ ]*(Director|10% Owner|Officer|Other)", re.IGNORECASE)
_CODE = re.compile(r"([A-Z]?)(/?K|\(K\))?([345]?)")
_NUMBER = re.compile(r"-?(?:[0-9]{1,20}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})")
_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})[^/\s]{0,12}/([0-9]{4})")  # a zone suffix ends up behind the day
_NUMBERED = re.compile(r"\(([0-9]{1,4})\)")
_FOOTNOTE = re.compile(r"([0-9]{1,4})\.\s*(.*)", re.DOTALL)


def parse_rendered(html: bytes) -> OwnershipDocument:
    """Read one rendered page: text as it stands there, stripped at the ends; figures and dates in the types of the model.

    Raises `UnreadableDocument` when it is no rendering of a form 3, 4 or 5, or is too large. Time grows linearly with size. Does
    not read addresses, nor the foreign trading symbol.
    """
    found: Found = {}
    for cell in read_cells(html):
        if match := _LABEL.match(cell.label):
            found.setdefault(str(match.lastgroup), []).append(cell)
    if not {"form", "issuer", "owner", "table"} <= found.keys():
        raise UnreadableDocument("not the SEC's rendering of a form 3, 4 or 5: its labels are not on the page")

    complaints: list[str] = []
    complain = complaints.append
    if "signature" not in found:
        complain("the page has no place for a signature: it may have been cut off")
    form = found["form"][0].label[5:].upper()
    original = _date_in(found.get("original"), "date of original submission", complain)
    tables = _tables(found["table"], form[0], complain)
    footnotes, remarks, nothing_owned = _explanations(found.get("explanation"), complain)
    if form[0] == "3" and any(tables.values()):
        nothing_owned = False
    return OwnershipDocument(
        form_type=f"{form[0]}/A" if original else form,
        period_of_report=_date_in(found.get("period"), "period of report", complain),
        date_of_original_submission=original,
        issuer=_issuer(found["issuer"][0]),
        reporting_owners=tuple(_owners(found, complain)),
        non_derivative_table=tuple(tables["I"]),
        derivative_table=tuple(tables["II"]),
        footnotes=footnotes,
        remarks=remarks,
        signatures=tuple(_signatures(found.get("signature", []), complain)),
        warnings=tuple(complaints),
        source="html",
        no_securities_owned=nothing_owned,
        not_subject_to_section16=_box(found.get("exit_box")),
        form3_holdings_reported=_box(found.get("form3_box")),
        form4_transactions_reported=_box(found.get("form4_box")),
        aff10b5_one=_box(found.get("plan_box")),
    )


# --- values -----------------------------------------------------------------------------------------------------------


def _line(text: str) -> str | None:
    """Text on one line: pages that went through a mail program have it broken over several, which filers do not do."""
    return " ".join(part for line in re.split(r"[\r\n]", text) if (part := line.strip())) or None


def _text(text: str, _where: str, _complain: Complain) -> str | None:
    return _line(text)


def _number(text: str, where: str, complain: Complain) -> Decimal | None:
    digits = text.replace("$", "").replace(",", "").strip()
    if not digits:
        return None
    if _NUMBER.fullmatch(digits):
        return Decimal(digits)
    complain(f"{where}: {text[:60]!r} is not a number")
    return None


def _date(text: str, where: str, complain: Complain) -> date | None:
    if not text:
        return None
    match = _DATE.fullmatch(text)
    try:
        day = date(int(match[3]), int(match[1]), int(match[2])) if match else None
    except ValueError:
        day = None
    if day is None:
        complain(f"{where}: {text[:60]!r} is not a date")
    elif not 1934 <= day.year <= 2100:  # from the Exchange Act to far beyond any option's expiry
        complain(f"{where}: the year of {text[:60]!r} cannot be right")
    return day


def _date_in(labels: list[Cell] | None, where: str, complain: Complain) -> date | None:
    match = _DATE.search(labels[0].text) if labels else None
    return _date(match[0], where, complain) if match else None


def _box(labels: list[Cell] | None) -> bool | None:
    return labels[0].ticked if labels else None


# --- issuer and reporting owners --------------------------------------------------------------------------------------


def _issuer(label: Cell) -> Issuer:
    named = re.split(r"[0-9]a\. Foreign", label.text.partition("Symbol")[2])[0]
    name, bracket, symbol = named.rpartition("[")
    return Issuer(label.cik, _line(name if bracket else named), _line(symbol.partition("]")[0]) if bracket else None)


def _owners(found: Found, complain: Complain) -> list[ReportingOwner]:
    roles: dict[str, bool] = {}
    for label in found.get("role", []):
        if match := _ROLE.match(label.label):  # "__X__ Director", or an X in a cell of its own
            roles.setdefault(match[3].lower(), bool(match[2]) if match[1] else label.ticked)
    named: dict[str | None, ReportingOwner] = {}
    for label in found["owner"]:  # the archive's page repeats the first owner in its list of several
        cell = label.after or Cell([])
        named.setdefault(cell.cik or cell.label, ReportingOwner(cell.cik, _line(cell.text)))
    title, other = _titles(found.get("role", []), roles)
    first, *further = named.values()
    first = replace(
        first,
        is_director=roles.get("director", False),
        is_officer=roles.get("officer", False),
        is_ten_percent_owner=roles.get("10% owner", False),
        is_other=roles.get("other", False),
        officer_title=title,
        other_text=other,
    )
    if listed := [row for row in found["owner_list"][0].rows if len(row) == 5] if "owner_list" in found else []:
        return [_listed_owner(listed[0], first), *(_listed_owner(row, None) for row in listed[1:])]
    if further:
        complain(f"the page shows the relationship of the first of its {1 + len(further)} reporting owners only")
    return [first, *further]


def _listed_owner(row: list[Cell], boxed: ReportingOwner | None) -> ReportingOwner:
    """One line of the list "Reporting Owners", where an officer is whoever has a title; the first owner has boxes besides."""
    name, director, ten_percent, title, other = (cell.text for cell in row)
    return ReportingOwner(
        cik=None,
        name=boxed.name if boxed else _line(name.partition("\n")[0]),
        is_director=director == "X",
        is_officer=bool(title or (boxed and boxed.is_officer)),
        is_ten_percent_owner=ten_percent == "X",
        is_other=bool(other or (boxed and boxed.is_other)),
        officer_title=_line(title),
        other_text=_line(other),
    )


def _titles(labels: list[Cell], roles: dict[str, bool]) -> tuple[str | None, str | None]:
    """Officer title and other text, which stand below the labels: in columns of their own, or (until about 2023) in one cell."""
    label = next((label for label in labels if label.label.startswith("Other")), None)
    row = label.rows[label.row + 1] if label and label.row + 1 < len(label.rows) else []
    if len(row) >= 4:
        return _line(row[1].text), _line(row[3].text)
    texts = [text for part in (row[0].parts if row else []) if (text := _line(part.strip("/ \n\r\t")))]
    if len(texts) == 1 and roles.get("other") and not roles.get("officer"):
        return None, texts[0]
    return (texts[0] if texts else None), (texts[1] if len(texts) > 1 else None)


# --- tables I and II --------------------------------------------------------------------------------------------------

Reader = Callable[[str, str, Complain], object]

# Heading of a column after its number, field, reader; in the order of the XML. A heading over several columns is not asked.
_COLUMNS: tuple[tuple[str, str, Reader | None], ...] = (
    (r"Title of (?:Derivative )?Security", "security_title", _text),
    (r"Conversion or Exercise Price", "conversion_or_exercise_price", _number),
    (r"Transaction Date", "transaction_date", _date),
    (r"Deemed Execution Date", "deemed_execution_date", _date),
    (r"(?:Transaction )?Code", "transaction_code", None),
    (r"V$", "transaction_timeliness", None),
    (r"Amount$", "shares", _number),
    (r"\(A\)$", "acquired", None),
    (r"\(D\)$", "disposed", None),
    (r"Price", "price_per_share", _number),
    (r"\(A\) or \(D\)", "acquired_disposed", _text),
    (r"Date Exercisable$", "exercise_date", _date),
    (r"Expiration Date$", "expiration_date", _date),
    (r"Title$", "underlying_security_title", _text),
    (r"Amount or Number of", "underlying_security_shares", _number),
    (r"(?:Amount|Number) of (?:Derivative )?Securities Beneficially Owned", "shares_owned_following", _number),
    (r"Ownership Form", "direct_or_indirect", _text),
    (r"Nature of", "nature_of_ownership", _text),
)
# Where the figure is printed with a dollar sign it is a value, not a number of shares.
_IN_DOLLARS = {
    "shares": "total_value",
    "shares_owned_following": "value_owned_following",
    "underlying_security_shares": "underlying_security_value",
}
# A line that says something here, or states a code, is a transaction; any other is a holding.
_OF_TRANSACTIONS = ("transaction_date", "deemed_execution_date", "shares", "acquired_disposed", "price_per_share")


def _tables(headings: list[Cell], form: str, complain: Complain) -> dict[str, list[Row]]:
    tables: dict[str, list[Row]] = {"I": [], "II": []}
    read: set[int] = set()
    for heading in headings:
        if id(heading.rows) in read:
            continue
        read.add(id(heading.rows))
        table = "II" if "derivative" in heading.label.lower() else "I"
        names, lines = _columns(heading, f"Table {table}", complain)
        for cells in (line for line in lines if any(cell.filled for cell in line)):
            where = f"Table {table} row {len(tables[table]) + 1}"
            if len(cells) == len(names):
                tables[table].append(_row(dict(zip(names, cells, strict=True)), form, where, complain))
            else:
                complain(f"{where}: {len(cells)} cells stand under {len(names)} headings, so the row is left out")
    return tables


def _columns(heading: Cell, table: str, complain: Complain) -> tuple[list[str], list[list[Cell]]]:
    """The field that each column holds, by its lowest heading; and the lines below the headings."""
    rows = heading.rows[heading.row :]  # none where the heading stands outside of all tables
    top, lines = (rows[0], rows[1:]) if rows else ([], [])
    grouped = any(cell.columns > 1 for cell in top)
    lower = iter(lines[0] if grouped and lines else [])
    names: list[str] = []
    for leaf in (leaf for cell in top for leaf in (islice(lower, cell.columns) if cell.columns > 1 else (cell,))):
        words = re.sub(r"^[0-9]+A?\. ?", "", leaf.label)
        name = next((name for pattern, name, _ in _COLUMNS if re.match(pattern, words, re.IGNORECASE)), None)
        if name is None:
            complain(f"{table}: the column {words[:60]!r} is not understood")
        names.append(name or words)
    return names, lines[1:] if grouped else lines


def _row(cells: dict[str, Cell], form: str, where: str, complain: Complain) -> Row:
    values: dict[str, Any] = {}
    notes: dict[str, tuple[str, ...]] = {}
    # Table II states the side by the column its amount is in; where the XML states none, the page prints it in both.
    sides = [side for side in ("acquired", "disposed") if side in cells and cells[side].filled]
    if sides:
        cells["shares"] = cells[sides[0]]
        values["acquired_disposed"] = sides[0][0].upper() if len(sides) == 1 else None
    for _, column, reader in _COLUMNS:
        if (cell := cells.get(column)) is None or column in {"acquired", "disposed"}:
            continue
        name = _IN_DOLLARS.get(column, column) if "$" in cell.text else column
        if reader is not None:
            values[name] = reader(cell.text, f"{where}, {name}", complain)
        if cell.notes:
            notes[name] = cell.notes
    if "transaction_code" in cells:
        voluntary = "transaction_timeliness" in cells and cells["transaction_timeliness"].label == "V"
        values |= _coding(cells["transaction_code"].text, "5" if voluntary else form, f"{where}, transaction_code", complain)
    traded = any(name in cells and cells[name].filled for name in _OF_TRANSACTIONS) or values.get("transaction_code")
    return Row(kind="transaction" if traded else "holding", footnotes=notes, **values)


def _coding(text: str, implied_form: str, where: str, complain: Complain) -> dict[str, Any]:
    match = _CODE.fullmatch("".join(text.split()))
    if match is None:
        complain(f"{where}: {text[:60]!r} is not a transaction code")
        return {}
    code, swap, belated = match.groups()
    return {
        "transaction_code": code or None,
        "transaction_form_type": belated or (implied_form if code else None),
        "equity_swap_involved": bool(swap) if code else None,
        "transaction_timeliness": "L" if belated == "5" else None,
    }


# --- below the tables -------------------------------------------------------------------------------------------------


def _explanations(labels: list[Cell] | None, complain: Complain) -> tuple[dict[str, str], str | None, bool | None]:
    """Footnotes, remarks, and True where the page says that no securities are owned."""
    footnotes: dict[str, str] = {}
    remarks: list[str] | None = None
    nothing_owned = None
    for row in filter(None, labels[0].rows if labels else []):
        text, label = row[-1].text, row[-1].label
        if remarks is not None:
            remarks.append(text)
        elif len(row) == 2 and (match := _NUMBERED.fullmatch(row[0].label)):
            footnotes.setdefault("F" + match[1], text)
        elif label.startswith("Remarks:"):
            remarks = [text.removeprefix("Remarks:").replace("\xa0", " ")]  # the specification's stylesheets print spaces so
        elif len(row) == 1 and (match := _FOOTNOTE.fullmatch(text)):
            footnotes.setdefault("F" + match[1], match[2])
        elif label.startswith("No securities are beneficially owned"):
            nothing_owned = True
        elif text and not _LABEL.match(label) and not row[0].label.startswith("*"):
            complain(f"explanation of responses: {text[:60]!r} is neither a footnote nor a remark")
    return footnotes, "\n".join(remarks or []).strip() or None, nothing_owned


def _signatures(labels: list[Cell], complain: Complain) -> Iterator[Signature]:
    """The lines above each label "Signature of Reporting Person", back to the label before it: a name and, last, a date."""
    start: dict[int, int] = {}
    for label in labels:
        for row in label.rows[start.get(id(label.rows), 0) : label.row]:
            if any(cell.filled for cell in row):
                name = next((cell.text for cell in row[:-1] if cell.filled), "")
                yield Signature(name or None, _date(row[-1].text, "signature date", complain))
        start[id(label.rows)] = label.row + 1
