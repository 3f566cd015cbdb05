"""Bytes of any kind that hold an ownership document, to that document: finds out which kind, and hands over to its reader."""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime

from watcher.core.errors import UnreadableDocument
from watcher.core.marks import marks
from watcher.core.model import OwnershipDocument
from watcher.core.model import Submission
from watcher.core.model import SubmissionHeader
from watcher.core.ownership import parse_ownership
from watcher.core.submission import EASTERN
from watcher.core.submission import parse_submission
from watcher.core.text import cleaned

# What a reader makes of the same bytes may change between releases; the store keeps this beside what it read.
READER_VERSION = 1

_SUBMISSION = re.compile(rb"<(?:SEC-DOCUMENT|IMS-DOCUMENT|SUBMISSION|SEC-HEADER|DOCUMENT)>")


@dataclass(frozen=True, slots=True)
class Reading:
    """A document as filed and, where it came in a complete submission, the submission's header."""

    document: OwnershipDocument
    header: SubmissionHeader | None = None


def read(content: bytes) -> Reading:
    """Read XML, a complete submission, SEC's HTML rendering or printed text. Raises `UnreadableDocument`."""
    if not content.strip():
        raise UnreadableDocument("the file is empty")
    if _SUBMISSION.search(content[:8000]):
        return read_submission(content)
    return Reading(_document(_kind(content), content))


def read_submission(content: bytes) -> Reading:
    """Read a complete submission. Owners of header and document are compared; where they differ, the document gains a warning."""
    submission = parse_submission(content)
    document = _document(submission.kind, submission.document)
    source = "submission" if submission.kind == "xml" else document.source
    warnings = (*document.warnings, *submission.warnings, *_mismatches(submission, document))
    return Reading(replace(document, source=source, warnings=warnings), submission.header)


def completed(reading: Reading) -> OwnershipDocument:
    """The document with the CIKs that paper does not print taken from EDGAR's own header of the same submission.

    Only where nothing is stated, and for an owner only where header and document each name exactly one.
    """
    document, header = reading.document, reading.header
    if header is None or document.source not in {"text", "html"}:
        return document
    issuer = document.issuer
    if header.issuer is not None:
        issuer = replace(issuer, cik=issuer.cik or header.issuer.cik, name=issuer.name or header.issuer.name)
    owners = document.reporting_owners
    if len(owners) == len(header.reporting_owners) == 1:
        listed = header.reporting_owners[0]
        owners = (replace(owners[0], cik=owners[0].cik or listed.cik, name=owners[0].name or listed.name),)
    return replace(document, issuer=issuer, reporting_owners=owners)


def document_of(reading: Reading, filed_at: datetime) -> OwnershipDocument:
    """The document as it is judged, kept and shown: completed from the header, marked as of its acceptance, and made safe."""
    document = completed(reading)
    found = marks(document, filed_on=filed_at.astimezone(EASTERN).date())
    return cleaned(replace(document, warnings=(*document.warnings, *found)))


def _document(kind: str, content: bytes) -> OwnershipDocument:
    # Most documents are XML, and the other two readers take longer to import than all that XML needs.
    if kind == "html":
        from watcher.core.rendered import parse_rendered  # noqa: PLC0415 -- imported only where it is used

        return parse_rendered(content)
    if kind == "text":
        from watcher.core.printed import parse_printed  # noqa: PLC0415 -- imported only where it is used

        return parse_printed(content)
    return parse_ownership(content)


def _kind(content: bytes) -> str:
    start = content[:4000].lower()
    if b"<ownershipdocument" in start or start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<?xml"):
        return "xml"
    if b"<html" in start or start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<!doctype html"):
        return "html"
    return "text"


def _mismatches(submission: Submission, document: OwnershipDocument) -> list[str]:
    header = submission.header
    warnings = []
    if header.issuer and header.issuer.cik and document.issuer.cik and header.issuer.cik != document.issuer.cik:
        warnings.append(
            f"issuer: EDGAR's header names {header.issuer.name} (CIK {header.issuer.cik}), the document CIK {document.issuer.cik}"
        )
    listed = {owner.cik for owner in header.reporting_owners if owner.cik}
    stated = {owner.cik for owner in document.reporting_owners if owner.cik}
    if listed and stated and listed != stated:
        warnings.append(
            f"reporting owners: EDGAR's header names {', '.join(sorted(listed))}, the document {', '.join(sorted(stated))}"
        )
    if header.form_type and header.form_type != document.form_type:
        warnings.append(f"form type: EDGAR's header says {header.form_type}, the document {document.form_type}")
    return warnings
