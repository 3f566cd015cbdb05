"""Ownership XML (forms 3, 4, 5 and /A, schema X0101 to X0609) to an `OwnershipDocument`.

Source: EDGAR Ownership XML Technical Specification v5.5. Leaves of a row are `<x><value>..</value><footnoteId id=".."/></x>`;
header fields and the children of transactionCoding are bare text. Unknown elements are passed over, wherever they stand.
Nothing is repaired: what is not a date, number or flag becomes `None` with a warning that quotes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from dataclasses import make_dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lxml import etree

from watcher.core.codes import FORM_TYPES
from watcher.core.errors import UnreadableDocument
from watcher.core.model import Issuer
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.model import Signature

# A form holds at most 2 x 30 rows and 99 footnotes; the largest seen are near 200 kB and 6,000 tags.
MAX_BYTES = 4_000_000
MAX_TAGS = 100_000
# Other encodings could hide a DOCTYPE from the check below, and EDGAR's own documents do not use them.
ENCODINGS = frozenset({"utf-8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "windows-1252"})
WRAPPED_AT = 1023  # EDGAR's archive broke longer lines of submissions of the 2000s, also inside a tag

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,20}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})")
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2}|T.*)?")
_CIK = re.compile(r"[0-9]{1,10}")
_FLAGS = {"1": True, "true": True, "0": False, "false": False}

Complain = Callable[[str], None]
Reader = Callable[[str], Any]


def parse_ownership(xml: bytes) -> OwnershipDocument:
    """Read one ownership document.

    Raises `UnreadableDocument` when it is not well-formed, carries a DOCTYPE, breaks a cap, or is no form 3, 4 or 5.
    Does not look at a submission's header, and asks nobody.
    """
    root = _root(xml)
    complaints: list[str] = []
    head: dict[str, str] = {}
    owners: list[ReportingOwner] = []
    signatures: list[Signature] = []
    tables: dict[str, list[Row]] = {"nonDerivativeTable": [], "derivativeTable": []}
    footnotes: dict[str, str] = {}
    issuer = Issuer(None, None, None)
    for element in root:
        tag: Any = element.tag
        if tag in tables:
            tables[tag] += _rows(element, "I" if tag == "nonDerivativeTable" else "II", complaints.append)
        elif tag == "reportingOwner":
            owners.append(_owner(element, complaints.append))
        elif tag == "footnotes":
            for note in element.iterchildren("footnote"):
                text = "".join(note.itertext()) if len(note) else note.text or ""
                footnotes.setdefault(note.get("id", "").strip(), text.strip())
        elif tag == "issuer":
            issuer = _issuer(element, complaints.append)
        elif tag == "ownerSignature":
            texts = _texts(element, {})
            signed = _read(_date, texts.get("signatureDate"), "signature date", complaints.append)
            signatures.append(Signature(texts.get("signatureName"), signed))
        elif text := _text(element).strip():
            head.setdefault(tag, text)

    form_type = head.get("documentType", "")
    if form_type not in FORM_TYPES:
        raise UnreadableDocument(f"not a form 3, 4 or 5: the document says its type is {form_type[:20]!r}")
    dates = {name: _read(_date, head.get(tag), name, complaints.append) for tag, name in _DOCUMENT_DATES.items()}
    flags = {name: _read(_flag, head.get(tag), name, complaints.append) for tag, name in _DOCUMENT_FLAGS.items()}
    return OwnershipDocument(
        form_type=form_type,
        issuer=issuer,
        reporting_owners=tuple(owners),
        non_derivative_table=tuple(tables["nonDerivativeTable"]),
        derivative_table=tuple(tables["derivativeTable"]),
        footnotes=footnotes,
        remarks=head.get("remarks"),
        signatures=tuple(signatures),
        warnings=tuple(complaints),
        schema_version=head.get("schemaVersion"),
        **dates,
        **flags,
    )


def rejoin_wrapped_lines(data: bytes) -> bytes:
    """Undo EDGAR's breaking of lines at 1,023 bytes; bytes in which some line is longer were never broken and are returned as is."""
    if len(data) <= WRAPPED_AT:
        return data
    lines = data.split(b"\n")
    lengths = [len(line.rstrip(b"\r")) for line in lines]
    if max(lengths) != WRAPPED_AT:
        return data
    return b"".join(
        line.rstrip(b"\r") if length == WRAPPED_AT else line + b"\n" for line, length in zip(lines, lengths, strict=True)
    )


def _root(xml: bytes) -> etree._Element:
    if len(xml) > MAX_BYTES:
        raise UnreadableDocument(f"larger than {MAX_BYTES:,} bytes")
    if len(xml) > MAX_TAGS and xml.count(b"<") > MAX_TAGS:
        raise UnreadableDocument(f"more than {MAX_TAGS:,} tags")
    if b"\x00" in xml:
        raise UnreadableDocument("holds NUL bytes: not text in a known encoding")
    xml = xml.strip()
    start = xml.find(b"<ownershipDocument")
    if start < 0:
        looks_like_html = b"<html" in xml[:2000].lower()
        raise UnreadableDocument(
            "this is an HTML page, not the XML behind it" if looks_like_html else "holds no <ownershipDocument>"
        )
    if b"<!DOCTYPE" in xml[:start]:
        raise UnreadableDocument("carries a DOCTYPE, which EDGAR's documents never do")
    root = _parsed(xml, blanks=False)
    if any(len(note) for footnotes in root.iterchildren("footnotes") for note in footnotes):
        root = _parsed(xml, blanks=True)  # between two elements inside a footnote a blank parts two words
    docinfo = root.getroottree().docinfo
    if docinfo.internalDTD is not None or (docinfo.encoding or "utf-8").lower() not in ENCODINGS:
        raise UnreadableDocument("carries a DOCTYPE or an encoding that EDGAR's documents never have")
    if root.tag != "ownershipDocument":
        raise UnreadableDocument(f"the outermost element is <{str(root.tag)[:60]}>, not <ownershipDocument>")
    return root


def _parsed(xml: bytes, *, blanks: bool) -> etree._Element:
    try:
        return etree.fromstring(xml, _parser(blanks=blanks))
    except (etree.XMLSyntaxError, LookupError) as error:
        try:
            return etree.fromstring(rejoin_wrapped_lines(xml), _parser(blanks=blanks))
        except (etree.XMLSyntaxError, LookupError):
            raise UnreadableDocument(f"not well-formed XML: {error}") from None


def _parser(*, blanks: bool) -> etree.XMLParser:
    # One parser a call: a parser is locked while in use, and threads must not wait for one another. Comments and processing
    # instructions go, or they would cut a value in two. 'internal' is the safer setting of resolve_entities (lxml 6.1.3).
    # The blanks between tags are half of what there is to hold; `blanks` keeps them.
    return etree.XMLParser(
        resolve_entities="internal",
        no_network=True,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
        remove_blank_text=not blanks,
        collect_ids=False,
    )


# --- leaves: text to value ------------------------------------------------------------------------------------------------


class _DoubtError(Exception):
    """A text that is not, or can hardly be, what it should be; `value` is what to keep of it."""

    def __init__(self, reason: str, value: object = None) -> None:
        super().__init__(reason)
        self.value = value


def _number(text: str) -> Decimal:
    if _NUMBER.fullmatch(text) is None:
        raise _DoubtError("is not a number")
    number = Decimal(text)
    if "-" in text:
        raise _DoubtError("is negative, which the form does not allow", number)
    return number


@lru_cache(maxsize=1024)
def _date(text: str) -> date:
    match = _DATE.fullmatch(text)
    if match is None:
        raise _DoubtError("is not a date")
    try:
        day = date.fromisoformat(match[1])
    except ValueError:
        raise _DoubtError("is not a date") from None
    if not 1934 <= day.year <= 2100:  # from the Exchange Act to far beyond any option's expiry
        raise _DoubtError("has a year that cannot be right", day)
    return day


def _flag(text: str) -> bool:
    flag = _FLAGS.get(text.lower())
    if flag is None:
        raise _DoubtError("is neither true nor false")
    return flag


def _cik(text: str) -> str:
    if _CIK.fullmatch(text) is None:
        raise _DoubtError("is not a CIK")
    return text.zfill(10)


def _read(reader: Reader, text: str | None, where: str, complain: Complain) -> Any:
    """What a reader makes of a text, or `None` where there is no text; its doubts become warnings that quote the text."""
    if text is None:
        return None
    try:
        return reader(text)
    except _DoubtError as doubt:
        return _keep(doubt, text, where, complain)


def _keep(doubt: _DoubtError, text: str, where: str, complain: Complain) -> object:
    complain(f"{where.replace('_', ' ')}: {text[:60]!r} {doubt}")
    return doubt.value


_DOCUMENT_DATES = {"periodOfReport": "period_of_report", "dateOfOriginalSubmission": "date_of_original_submission"}
_DOCUMENT_FLAGS = {
    "noSecuritiesOwned": "no_securities_owned",
    "notSubjectToSection16": "not_subject_to_section16",
    "form3HoldingsReported": "form3_holdings_reported",
    "form4TransactionsReported": "form4_transactions_reported",
    "aff10b5One": "aff10b5_one",
}
_OWNER_FLAGS = {
    "isDirector": "is_director",
    "isOfficer": "is_officer",
    "isTenPercentOwner": "is_ten_percent_owner",
    "isOther": "is_other",
}
_LEAVES: dict[str, tuple[str, Reader | None]] = {
    "securityTitle": ("security_title", None),
    "transactionCoding": ("transaction_code", lambda _: None),  # of its own it has footnotes only, and those are the code's
    "transactionDate": ("transaction_date", _date),
    "deemedExecutionDate": ("deemed_execution_date", _date),
    "transactionTimeliness": ("transaction_timeliness", None),
    "transactionShares": ("shares", _number),
    "transactionTotalValue": ("total_value", _number),
    "transactionPricePerShare": ("price_per_share", _number),
    "transactionAcquiredDisposedCode": ("acquired_disposed", None),
    "sharesOwnedFollowingTransaction": ("shares_owned_following", _number),
    "valueOwnedFollowingTransaction": ("value_owned_following", _number),
    "directOrIndirectOwnership": ("direct_or_indirect", None),
    "natureOfOwnership": ("nature_of_ownership", None),
    "conversionOrExercisePrice": ("conversion_or_exercise_price", _number),
    "exerciseDate": ("exercise_date", _date),
    "expirationDate": ("expiration_date", _date),
    "underlyingSecurityTitle": ("underlying_security_title", None),
    "underlyingSecurityShares": ("underlying_security_shares", _number),
    "underlyingSecurityValue": ("underlying_security_value", _number),
}
_CODING: dict[str, tuple[str, Reader | None]] = {
    "transactionFormType": ("transaction_form_type", None),
    "transactionCode": ("transaction_code", None),
    "equitySwapInvolved": ("equity_swap_involved", _flag),
}
_GROUPS = frozenset({"transactionAmounts", "postTransactionAmounts", "ownershipNature", "underlyingSecurity"})
# A frozen dataclass sets each field by a call, five times as slow as an open one; having the same slots, that can turn into it.
_RowDraft = make_dataclass("_RowDraft", [(field.name, object, None) for field in fields(Row)], eq=False, repr=False, slots=True)
_ROW_KINDS = {
    "nonDerivativeTransaction": "transaction",
    "nonDerivativeHolding": "holding",
    "derivativeTransaction": "transaction",
    "derivativeHolding": "holding",
}


# --- parts of the document ----------------------------------------------------------------------------------------------


def _texts(element: etree._Element, texts: dict[str, str]) -> dict[str, str]:
    """`texts`, and added to it what the children of an element say, by tag; of two with one tag the first stands."""
    for child in element:
        if text := _text(child).strip():
            texts.setdefault(str(child.tag), text)
    return texts


def _text(element: etree._Element) -> str:
    """The words of a leaf, without those of elements inside it: unknown ones, or references to footnotes."""
    return "".join([element.text or "", *(child.tail or "" for child in element)]) if len(element) else element.text or ""


def _issuer(element: etree._Element, complain: Complain) -> Issuer:
    texts = _texts(element, {})
    return Issuer(
        cik=_read(_cik, texts.get("issuerCik"), "issuer CIK", complain),
        name=texts.get("issuerName"),
        trading_symbol=texts.get("issuerTradingSymbol"),
    )


def _owner(element: etree._Element, complain: Complain) -> ReportingOwner:
    texts: dict[str, str] = {}
    for part in element.iterchildren("reportingOwnerId", "reportingOwnerRelationship"):
        _texts(part, texts)
    roles = {name: _read(_flag, texts[tag], name, complain) or False for tag, name in _OWNER_FLAGS.items() if tag in texts}
    return ReportingOwner(
        cik=_read(_cik, texts.get("rptOwnerCik"), "reporting owner CIK", complain),
        name=texts.get("rptOwnerName"),
        officer_title=texts.get("officerTitle"),
        other_text=texts.get("otherText"),
        **roles,
    )


def _rows(table: etree._Element, name: str, complain: Complain) -> list[Row]:
    rows: list[Row] = []
    for element in table:
        tag: Any = element.tag
        if tag in _ROW_KINDS:
            rows.append(_row(element, _ROW_KINDS[tag], f"Table {name} row {len(rows) + 1}", complain))
    return rows


def _row(element: etree._Element, kind: str, where: str, complain: Complain) -> Row:
    notes: dict[str, tuple[str, ...]] = {}
    cells: dict[str, Any] = {"kind": kind, "footnotes": notes, "derived": ()}
    leaf: etree._Element | None = None
    of_leaf: tuple[str, Reader | None] = ("", None)
    below = element.iterdescendants()  # one flat walk costs half of what loops within loops do
    for node in below:
        tag: Any = node.tag
        if tag in _LEAVES:
            leaf, of_leaf = node, _LEAVES[tag]
            continue
        if tag == "value" and node.getparent() is leaf:
            name, reader = of_leaf
        elif tag in _CODING:
            name, reader = _CODING[tag]
        else:
            if tag == "footnoteId":
                parent: Any = node.getparent()
                name = of_leaf[0] if parent is leaf else "transaction_code" if parent.tag in _CODING else ""
                if name and (note := node.get("id", "").strip()):
                    notes[name] = (*notes.get(name, ()), note)
            elif tag not in _GROUPS:
                for _ in node.iterdescendants():
                    next(below)
            continue
        text = _text(node) if len(node) else node.text
        if text and name not in cells and (text := text.strip()):
            try:
                cells[name] = text if reader is None else reader(text)
            except _DoubtError as doubt:
                cells[name] = _keep(doubt, text, f"{where}, {name}", complain)
    row: Row = _RowDraft(**cells)
    row.__class__ = Row
    return row
