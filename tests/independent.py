"""A second reader of ownership documents and submission headers, for tests to hold against the product's.

It stands on `xml.etree.ElementTree` (expat) where the product stands on lxml (libxml2), was written from the SEC's
schema files and the project's contract, and shares neither code nor a table with the product: field names are derived
from the XML names by rule, and types from the field names. It is slow and plain on purpose, has no size caps and gives
no warnings, only the values it found illegible.
"""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import date
from datetime import datetime
from decimal import Decimal
from typing import NoReturn
from typing import TypeAlias
from zoneinfo import ZoneInfo

from watcher.core.model import OwnershipDocument
from watcher.core.model import SubmissionHeader

Leaf: TypeAlias = str | bool | Decimal | date | None
ENCODINGS = (b"utf-8", b"us-ascii", b"ascii", b"iso-8859-1", b"latin-1", b"windows-1252")
Json: TypeAlias = "Leaf | list[Json] | dict[str, Json]"

ROW = (
    "security_title",
    "transaction_date",
    "deemed_execution_date",
    "transaction_form_type",
    "transaction_code",
    "equity_swap_involved",
    "transaction_timeliness",
    "shares",
    "total_value",
    "price_per_share",
    "acquired_disposed",
    "shares_owned_following",
    "value_owned_following",
    "direct_or_indirect",
    "nature_of_ownership",
    "conversion_or_exercise_price",
    "exercise_date",
    "expiration_date",
    "underlying_security_title",
    "underlying_security_shares",
    "underlying_security_value",
)
RENAMED = {
    "transaction_shares": "shares",
    "transaction_total_value": "total_value",
    "transaction_price_per_share": "price_per_share",
    "transaction_acquired_disposed_code": "acquired_disposed",
    "direct_or_indirect_ownership": "direct_or_indirect",
    "shares_owned_following_transaction": "shares_owned_following",
    "value_owned_following_transaction": "value_owned_following",
    "transaction_coding": "transaction_code",
}


class RefusedError(Exception):
    """The bytes are not an ownership document."""


class _NoDoctype(ET.TreeBuilder):
    def doctype(self, _name: str, _pubid: str, _system: str) -> NoReturn:
        message = "a document type declaration"
        raise RefusedError(message)

    def start_ns(self, _prefix: str, uri: str) -> None:
        if not re.fullmatch(r"(?!:)[\w.~/?@!$&'()*+,;=:#-]*", uri, re.ASCII):  # Namespaces in XML 1.0, 2.2; expat does not look
            message = "a namespace that is no URI"
            raise RefusedError(message)


def field_name(tag: str) -> str:
    """`sharesOwnedFollowingTransaction` -> `shares_owned_following`."""
    snake = re.sub(r"(?<=[a-z])[A-Z]", lambda upper: "_" + upper[0].lower(), tag)
    return RENAMED.get(snake, snake)


class Reader:
    """One reading: `document` in the contract's shape; `illegible`, the texts that do not fit their field."""

    def __init__(self, xml: bytes) -> None:
        self.illegible: list[str] = []
        xml = xml.lstrip(b" \t\r\n")
        marked = xml.startswith(b"\xef\xbb\xbf")  # RFC 7303, 3: the byte order mark outdoes the declaration
        declared = re.match(rb"<\?xml[^>]*encoding\s*=\s*[\"']([^\"']*)", xml)
        if b"\0" in xml or (declared and declared[1].lower() not in ENCODINGS):
            raise RefusedError("an encoding that hides its text from a plain look")
        if re.match(rb"<\?xml\s+version\s*=\s*[\"'](?!1\.[0-9]*[\"'])", xml):  # XML 1.0, 2.8; expat lets it pass, "1." both do
            raise RefusedError("no version of XML")
        try:
            parser = ET.XMLParser(  # noqa: S314 - a DOCTYPE ends it, so no entity is ever declared
                target=_NoDoctype(), encoding="utf-8" if marked else None
            )
            root = ET.fromstring(xml, parser)  # noqa: S314 - as above
        except (ET.ParseError, ValueError, LookupError) as error:  # the last two: an encoding expat does not know
            raise RefusedError(str(error)) from error
        if root.tag != "ownershipDocument":
            raise RefusedError(root.tag)
        self.document = self._document(root)

    def _document(self, root: ET.Element) -> dict[str, Json]:
        form = _text(root.find("documentType"))
        if form not in ("3", "3/A", "4", "4/A", "5", "5/A"):
            raise RefusedError(str(form))
        issuer = root.find("issuer")
        return {
            "form_type": form,
            "schema_version": _text(root.find("schemaVersion")),
            "period_of_report": self._date(root.find("periodOfReport")),
            "date_of_original_submission": self._date(root.find("dateOfOriginalSubmission")),
            "no_securities_owned": self._boolean(root.find("noSecuritiesOwned")),
            "not_subject_to_section16": self._boolean(root.find("notSubjectToSection16")),
            "form3_holdings_reported": self._boolean(root.find("form3HoldingsReported")),
            "form4_transactions_reported": self._boolean(root.find("form4TransactionsReported")),
            "aff10b5_one": self._boolean(root.find("aff10b5One")),
            "issuer": {
                "cik": self._cik(_find(issuer, "issuerCik")),
                "name": _text(_find(issuer, "issuerName")),
                "trading_symbol": _text(_find(issuer, "issuerTradingSymbol")),
            },
            "reporting_owners": [self._owner(owner) for owner in root.findall("reportingOwner")],
            "non_derivative_table": self._rows(root, "nonDerivative"),
            "derivative_table": self._rows(root, "derivative"),
            "footnotes": _footnotes(root),
            "remarks": _text(root.find("remarks")),
            "signatures": [
                {"name": _text(signed.find("signatureName")), "date": self._date(signed.find("signatureDate"))}
                for signed in root.findall("ownerSignature")
            ],
        }

    def _owner(self, owner: ET.Element) -> Json:
        role = owner.find("reportingOwnerRelationship")
        flags: dict[str, Json] = {
            field_name(tag): self._boolean(_find(role, tag)) or False
            for tag in ("isDirector", "isOfficer", "isTenPercentOwner", "isOther")
        }
        return {
            **flags,
            "cik": self._cik(owner.find("reportingOwnerId/rptOwnerCik")),
            "name": _text(owner.find("reportingOwnerId/rptOwnerName")),
            "officer_title": _text(_find(role, "officerTitle")),
            "other_text": _text(_find(role, "otherText")),
        }

    def _rows(self, root: ET.Element, table: str) -> list[Json]:
        kinds = {f"{table}Transaction": "transaction", f"{table}Holding": "holding"}
        return [self._row(row, kinds[row.tag]) for row in root.findall(f"{table}Table/*") if row.tag in kinds]

    def _row(self, row: ET.Element, kind: str) -> Json:
        cells: dict[str, Json] = {}
        notes: dict[str, list[Json]] = {}
        for name, element in _fields(row):
            coding = element.tag == "transactionCoding"
            in_coding = not coding and name in ("transaction_form_type", "transaction_code", "equity_swap_involved")
            value = element if in_coding else element.find("value")
            if not coding and name not in cells and _text(value):  # of two that say something the first stands
                cells[name] = self._cell(name, value)
            for reference in [] if in_coding else element.iter("footnoteId"):  # those in coding came with transactionCoding
                if identifier := reference.get("id", "").strip():
                    notes.setdefault(name, []).append(identifier)
        return {"kind": kind, **dict.fromkeys(ROW), **cells, "footnotes": dict(notes), "derived": []}

    def _cell(self, name: str, element: ET.Element | None) -> Leaf:
        if name.endswith("_date"):
            return self._date(element)
        if name == "equity_swap_involved":
            return self._boolean(element)
        if re.search("shares|value|price", name):
            return self._number(element)
        return _text(element)

    def _date(self, element: ET.Element | None) -> date | None:
        if not (text := _text(element)):
            return None
        try:
            return date.fromisoformat(text[:10] if re.fullmatch(r"[-0-9]{10}(Z|[-+]\d\d:\d\d)?", text, re.ASCII) else "")
        except ValueError:
            self.illegible.append(text)
            return None

    def _number(self, element: ET.Element | None) -> Decimal | None:
        if not (text := _text(element)):
            return None
        if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)", text, re.ASCII):
            return Decimal(text)
        self.illegible.append(text)
        return None

    def _boolean(self, element: ET.Element | None) -> bool | None:
        if not (text := _text(element)):
            return None
        if text.lower() not in ("1", "0", "true", "false"):
            self.illegible.append(text)
            return None
        return text.lower() in ("1", "true")

    def _cik(self, element: ET.Element | None) -> str | None:
        if not (text := _text(element)):
            return None
        if re.fullmatch(r"\d{1,10}", text, re.ASCII):
            return text.zfill(10)
        self.illegible.append(text)
        return None


def _fields(row: ET.Element) -> Iterator[tuple[str, ET.Element]]:
    """The cells of one row in document order; transactionCoding itself comes before the cells inside it."""
    for child in row:
        if child.tag in ("transactionAmounts", "postTransactionAmounts", "ownershipNature", "underlyingSecurity"):
            yield from _fields(child)
        elif child.tag == "transactionCoding":
            yield field_name(child.tag), child
            yield from _fields(child)
        elif (name := field_name(child.tag)) in ROW:
            yield name, child


def _footnotes(root: ET.Element) -> Json:
    """Text by id; of two footnotes with one id, the first stands."""
    texts: dict[str, Json] = {}
    for note in root.findall("footnotes/footnote"):
        texts.setdefault(note.get("id", "").strip(), "".join(note.itertext()).strip())
    return texts


def _find(parent: ET.Element | None, tag: str) -> ET.Element | None:
    return None if parent is None else parent.find(tag)


def _text(element: ET.Element | None) -> str | None:
    """The element's own text, not that of elements inside it; comments and processing instructions are already gone."""
    if element is None:
        return None
    return "".join([element.text or "", *(child.tail or "" for child in element)]).strip() or None


def as_json(document: OwnershipDocument) -> dict[str, Json]:
    """The product's document in the same plain shape, without `warnings` and `source`, which are not in the XML."""
    plain: dict[str, Json] = {
        field.name: _plain(getattr(document, field.name))
        for field in dataclasses.fields(document)
        if field.name not in ("warnings", "source")
    }
    return plain


def _plain(value: object) -> Json:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if value is None or isinstance(value, str | bool | Decimal | date):
        return value
    raise TypeError(type(value))


def leaves(value: Json, path: str = "") -> Iterator[tuple[str, Leaf]]:
    """Every leaf with its path (`derivative_table[0].shares`), lengths of lists and orders of keys included."""
    if isinstance(value, dict):
        yield f"{path}.keys", " ".join(value if "footnotes" in path else sorted(value))
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        yield f"{path}.count", str(len(value))
        for number, item in enumerate(value):
            yield from leaves(item, f"{path}[{number}]")
    else:
        yield path, value


def differences(ours: Json, theirs: Json) -> list[str]:
    """Every leaf that is not the same, digit for digit, in both."""
    left, right = dict(leaves(ours)), dict(leaves(theirs))
    return [
        f"{path}: {left.get(path, 'no such leaf')!r} is not {right.get(path, 'no such leaf')!r}"
        for path in left | right
        if path not in left or path not in right or repr(left[path]) != repr(right[path])
    ]


# --- the submission around it -----------------------------------------------------------------------------------------

MEANING = {
    "ACCESSION NUMBER": "accession_number",
    "CONFORMED SUBMISSION TYPE": "form_type",
    "TYPE": "form_type",
    "CONFORMED PERIOD OF REPORT": "period_of_report",
    "PERIOD": "period_of_report",
    "FILED AS OF DATE": "filed_on",
    "FILING DATE": "filed_on",
    "ACCEPTANCE DATETIME": "accepted_at",
    "COMPANY CONFORMED NAME": "name",
    "CONFORMED NAME": "name",
    "CENTRAL INDEX KEY": "cik",
    "CIK": "cik",
}


def read_header(text: bytes) -> dict[str, Json]:
    """The header of a submission, either dialect, by looking at one line after the other."""
    header: dict[str, Json] = dict.fromkeys(("accession_number", "form_type", "period_of_report", "filed_on", "accepted_at"))
    parties: dict[str, list[dict[str, Json]]] = {"ISSUER": [], "REPORTING OWNER": []}
    party: dict[str, Json] | None = None
    for line in text.decode("latin-1").splitlines():
        if line.strip() == "<DOCUMENT>":
            break
        words = re.match(r"\s*<([A-Z-]+)>(.*)|\s*([A-Z -]+):(.*)", line)
        if not words:
            continue
        key, value = (words[1] or words[3]).replace("-", " "), (words[2] or words[4] or "").strip()
        if key in parties:
            party = {"cik": None, "name": "", "trading_symbol": None}
            parties[key].append(party)
        elif (meaning := MEANING.get(key)) in ("cik", "name"):
            if party is not None:
                party[meaning] = value
        elif meaning and value:
            header[meaning] = value
    for name in ("period_of_report", "filed_on"):
        if digits := header[name]:
            header[name] = datetime.strptime(str(digits), "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone
    if digits := header["accepted_at"]:
        header["accepted_at"] = datetime.strptime(str(digits), "%Y%m%d%H%M%S").replace(tzinfo=ZoneInfo("America/New_York"))
    header["issuer"] = parties["ISSUER"][0] if parties["ISSUER"] else None
    header["reporting_owners"] = list(parties["REPORTING OWNER"])
    return header


def header_as_json(header: SubmissionHeader) -> Json:
    return _plain(header)


def read_document(text: bytes) -> bytes:
    """The bytes between `<XML>` and `</XML>` of the first document, lines wrapped at 1,023 characters joined again."""
    inner = text.split(b"<XML>", 1)[1].split(b"</XML>", 1)[0]
    lines = inner.split(b"\n")
    return b"".join(line if len(line) == 1023 else line + b"\n" for line in lines)
