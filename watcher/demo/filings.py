"""Making filings: ownership documents, the and the complete submissions that carry them.

Element order: EDGAR Ownership XML Technical Specification v5.5, 3.5, with `aff10b5One` where filers put it since X0407.
Nothing here is checked against the schema: a case may be wrong on purpose.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import date
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row

EASTERN = ZoneInfo("America/New_York")


@dataclass(frozen=True, slots=True)
class Filing:
    """One filing as its filer sends it. `owners` are (CIK or `None`, name); an owner without a CIK gets no feed entry.

    `document` is the primary document's bytes, XML or not. When EDGAR accepts it is not the filing's business.
    """

    accession_number: str
    form_type: str
    issuer_cik: str
    issuer_name: str
    ticker: str
    owners: tuple[tuple[str | None, str], ...]
    document: bytes
    document_name: str
    period: date


# --- documents --------------------------------------------------------------------------------------------------------

_SCHEMA_VERSION = {"3": "X0206", "3/A": "X0206"}  # Form 3 stayed behind when 4 and 5 moved on

# In the schema's order: the element a leaf stands in ("": the row itself), the leaf, the field of `Row`.
_LEAVES = (
    ("", "securityTitle", "security_title"),
    ("", "conversionOrExercisePrice", "conversion_or_exercise_price"),
    ("", "transactionDate", "transaction_date"),
    ("", "deemedExecutionDate", "deemed_execution_date"),
    ("transactionCoding", "transactionFormType", "transaction_form_type"),
    ("transactionCoding", "transactionCode", "transaction_code"),
    ("transactionCoding", "equitySwapInvolved", "equity_swap_involved"),
    ("", "transactionTimeliness", "transaction_timeliness"),
    ("transactionAmounts", "transactionShares", "shares"),
    ("transactionAmounts", "transactionTotalValue", "total_value"),
    ("transactionAmounts", "transactionPricePerShare", "price_per_share"),
    ("transactionAmounts", "transactionAcquiredDisposedCode", "acquired_disposed"),
    ("", "exerciseDate", "exercise_date"),
    ("", "expirationDate", "expiration_date"),
    ("underlyingSecurity", "underlyingSecurityTitle", "underlying_security_title"),
    ("underlyingSecurity", "underlyingSecurityShares", "underlying_security_shares"),
    ("underlyingSecurity", "underlyingSecurityValue", "underlying_security_value"),
    ("postTransactionAmounts", "sharesOwnedFollowingTransaction", "shares_owned_following"),
    ("postTransactionAmounts", "valueOwnedFollowingTransaction", "value_owned_following"),
    ("ownershipNature", "directOrIndirectOwnership", "direct_or_indirect"),
    ("ownershipNature", "natureOfOwnership", "nature_of_ownership"),
)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _put(parent: ET.Element, **children: object) -> None:
    """Add a child with bare text for each value that is stated."""
    for name, value in children.items():
        if value is not None:
            ET.SubElement(parent, name).text = _text(value)


def _put_row(table: ET.Element, name: str, row: Row) -> None:
    element = ET.SubElement(table, f"{name}{row.kind.capitalize()}")
    groups = {"": element}
    for group, leaf_name, field_name in _LEAVES:
        value = getattr(row, field_name)
        footnotes = row.footnotes.get(field_name, ())
        if value is None and not footnotes:
            continue
        if group not in groups:
            groups[group] = ET.SubElement(element, group)
        if group == "transactionCoding":  # its children are bare text; the footnotes come after them
            _put(groups[group], **{leaf_name: value})
            continue
        leaf = ET.SubElement(groups[group], leaf_name)
        _put(leaf, value=value)
        for footnote in footnotes:
            ET.SubElement(leaf, "footnoteId", id=footnote)
    for footnote in row.footnotes.get("transaction_code", ()):
        ET.SubElement(groups["transactionCoding"], "footnoteId", id=footnote)


def _put_owner(root: ET.Element, owner: ReportingOwner) -> None:
    element = ET.SubElement(root, "reportingOwner")
    _put(ET.SubElement(element, "reportingOwnerId"), rptOwnerCik=owner.cik, rptOwnerName=owner.name)
    address = ET.SubElement(element, "reportingOwnerAddress")
    _put(address, rptOwnerStreet1="1 EXAMPLE WAY", rptOwnerStreet2="", rptOwnerCity="EXAMPLETON", rptOwnerState="DE")
    _put(address, rptOwnerZipCode="00000", rptOwnerStateDescription="")
    _put(
        ET.SubElement(element, "reportingOwnerRelationship"),
        isDirector=owner.is_director,
        isOfficer=owner.is_officer,
        isTenPercentOwner=owner.is_ten_percent_owner,
        isOther=owner.is_other,
        officerTitle=owner.officer_title,
        otherText=owner.other_text,
    )


def ownership_xml(document: OwnershipDocument) -> bytes:
    """The document as filers' software writes it, in ASCII with character references; reading gives `document` again.

    A field that is `None` is left out; a footnote hung on such a field gives a leaf with only a footnoteId, as filed.
    The schema version is that of the form in 2025 (X0508; Form 3: X0206) unless the document names another.
    """
    root = ET.Element("ownershipDocument")
    _put(
        root,
        schemaVersion=document.schema_version or _SCHEMA_VERSION.get(document.form_type, "X0508"),
        documentType=document.form_type,
        periodOfReport=document.period_of_report,
        dateOfOriginalSubmission=document.date_of_original_submission,
        noSecuritiesOwned=document.no_securities_owned,
        notSubjectToSection16=document.not_subject_to_section16,
        form3HoldingsReported=document.form3_holdings_reported,
        form4TransactionsReported=document.form4_transactions_reported,
    )
    _put(
        ET.SubElement(root, "issuer"),
        issuerCik=document.issuer.cik,
        issuerName=document.issuer.name,
        issuerTradingSymbol=document.issuer.trading_symbol,
    )
    for owner in document.reporting_owners:
        _put_owner(root, owner)
    _put(root, aff10b5One=document.aff10b5_one)
    for name, rows in (("nonDerivative", document.non_derivative_table), ("derivative", document.derivative_table)):
        if rows:
            table = ET.SubElement(root, f"{name}Table")
            for row in rows:
                _put_row(table, name, row)
    if document.footnotes:
        footnotes = ET.SubElement(root, "footnotes")
        for footnote, text in document.footnotes.items():
            ET.SubElement(footnotes, "footnote", id=footnote).text = text
    _put(root, remarks=document.remarks or "")
    for signature in document.signatures:
        _put(ET.SubElement(root, "ownerSignature"), signatureName=signature.name, signatureDate=signature.date)
    ET.indent(root, "    ")
    return b'<?xml version="1.0"?>\n' + ET.tostring(root, short_empty_elements=False)


def filing(accession_number: str, document: OwnershipDocument) -> Filing:
    """Wrap a document as the filing that carries it."""
    return Filing(
        accession_number=accession_number,
        form_type=document.form_type,
        issuer_cik=document.issuer.cik or "",
        issuer_name=document.issuer.name or "",
        ticker=document.issuer.trading_symbol or "",
        owners=tuple((owner.cik, owner.name or "") for owner in document.reporting_owners),
        document=ownership_xml(document),
        document_name=f"form{document.form_type.removesuffix('/A')}.xml",
        period=document.period_of_report or date.min,
    )


# --- submissions ------------------------------------------------------------------------------------------------------


def _party(block: str, part: str, name: str, cik: str | None) -> list[str]:
    key = [f"\t\tCENTRAL INDEX KEY:\t\t\t{cik}"] if cik else []
    return ["", f"{block}:\t", "", f"\t{part}:\t", f"\t\tCOMPANY CONFORMED NAME:\t\t\t{name}", *key]


def submission_text(filing: Filing, accepted_at: datetime) -> bytes:
    """The complete submission as EDGAR disseminates it: SGML header, then the primary document.

    `accepted_at` is aware and is written in Eastern time without a zone. `<XML>` goes around XML documents only.
    There are no exhibits.
    """
    local = accepted_at.astimezone(EASTERN)
    filed = f"{local:%Y%m%d}"
    header = [
        f"<SEC-DOCUMENT>{filing.accession_number}.txt : {filed}",
        f"<SEC-HEADER>{filing.accession_number}.hdr.sgml : {filed}",
        f"<ACCEPTANCE-DATETIME>{local:%Y%m%d%H%M%S}",
        f"ACCESSION NUMBER:\t\t{filing.accession_number}",
        f"CONFORMED SUBMISSION TYPE:\t{filing.form_type}",
        "PUBLIC DOCUMENT COUNT:\t\t1",
        f"CONFORMED PERIOD OF REPORT:\t{filing.period:%Y%m%d}",
        f"FILED AS OF DATE:\t\t{filed}",
        f"DATE AS OF CHANGE:\t\t{filed}",
    ]
    for cik, name in filing.owners:
        header += _party("REPORTING-OWNER", "OWNER DATA", name, cik)
        header += ["", "\tFILING VALUES:", f"\t\tFORM TYPE:\t\t{filing.form_type}", "\t\tSEC ACT:\t\t1934 Act"]
        header += ["\t\tSEC FILE NUMBER:\t000-00000", "\t\tFILM NUMBER:\t\t00000000"]
    header += _party("ISSUER", "COMPANY DATA", filing.issuer_name, filing.issuer_cik)
    is_xml = filing.document.lstrip().startswith(b"<?xml")
    header += [
        "</SEC-HEADER>",
        "<DOCUMENT>",
        f"<TYPE>{filing.form_type}",
        "<SEQUENCE>1",
        f"<FILENAME>{filing.document_name}",
        f"<DESCRIPTION>FORM {filing.form_type}",
        "<TEXT>",
    ]
    opening, closing = (b"<XML>\n", b"\n</XML>") if is_xml else (b"", b"")
    body = opening + filing.document + closing
    return "\n".join(header).encode() + b"\n" + body + b"\n</TEXT>\n</DOCUMENT>\n</SEC-DOCUMENT>\n"
