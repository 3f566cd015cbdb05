"""Complete submission text to a `Submission`: EDGAR's SGML header, and the one ownership document inside.

Header dialects: `KEY:   value` lines under `<SEC-HEADER>` (archive `.txt`), and tagged `<KEY>value` (`.nc` files of the daily feed,
`-index-headers.html`). Source: EDGAR Public Dissemination Service specification. It reads no ownership fields.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from dataclasses import field
from datetime import date
from datetime import datetime
from zoneinfo import ZoneInfo

from watcher.core.codes import FORM_TYPES
from watcher.core.errors import UnreadableDocument
from watcher.core.model import HeaderParty
from watcher.core.model import Submission
from watcher.core.model import SubmissionHeader
from watcher.core.ownership import rejoin_wrapped_lines

EASTERN = ZoneInfo("America/New_York")
MAX_BYTES = 32_000_000  # attachments (exhibits, scans) may be long; the ownership document itself has its own cap

PEM = b"-----BEGIN PRIVACY-ENHANCED MESSAGE-----"  # only submissions of that time had their lines broken

_LINE = re.compile(r"[ \t]*(?:<(?P<tag>/?[A-Z0-9-]+)>(?P<tagged>.*)|(?P<key>[A-Z0-9][A-Z0-9 ./()&-]{0,60}):[ \t]*(?P<value>.*))")
_ACCESSION = re.compile(r"[0-9]{10}-[0-9]{2}-[0-9]{6}")
_PARTIES = {
    "REPORTING OWNER": "owner",
    "ISSUER": "issuer",
    "SUBJECT COMPANY": "issuer",  # what the issuer was called before 2003
}
_NAMES = frozenset({"COMPANY CONFORMED NAME", "CONFORMED NAME"})
_CIKS = frozenset({"CENTRAL INDEX KEY", "CIK"})
_ALIASES = {
    "CONFORMED SUBMISSION TYPE": "TYPE",
    "CONFORMED PERIOD OF REPORT": "PERIOD",
    "FILED AS OF DATE": "FILING DATE",
}


@dataclass(slots=True)
class _Party:
    role: str
    fields: dict[str, str] = field(default_factory=dict)


def parse_submission(text: bytes) -> Submission:
    """Take a complete submission apart; the ownership document is chosen by its `<TYPE>`, not by its place.

    Raises `UnreadableDocument` when no form 3, 4 or 5 is in it or it is cut short. The line breaks forced at 1,023 bytes in the
    2000s are undone.
    """
    if len(text) > MAX_BYTES:
        raise UnreadableDocument(f"larger than {MAX_BYTES:,} bytes")
    first_document = text.find(b"<DOCUMENT>")
    if first_document < 0:
        raise UnreadableDocument("not a complete submission: it holds no <DOCUMENT>")
    header = parse_header(text[:first_document])
    form_types: list[str] = []
    position = first_document
    while position >= 0:
        end = text.find(b"</DOCUMENT>", position)
        part = text[position : end if end >= 0 else len(text)]
        form_type = _document_type(part)
        form_types.append(form_type)
        if form_type in FORM_TYPES:
            if end < 0:
                raise UnreadableDocument("the submission is cut short: its ownership document does not end")
            body, kind = _body(rejoin_wrapped_lines(part) if text.startswith(PEM) else part)
            return Submission(header=header, document=body, kind=kind)
        position = text.find(b"<DOCUMENT>", end) if end >= 0 else -1
    raise UnreadableDocument(f"no form 3, 4 or 5 among its documents ({', '.join(form_types[:5])})")


def parse_header(text: bytes) -> SubmissionHeader:
    """Read a submission's header in either dialect; what it does not state is `None`. Never raises on odd text."""
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        decoded = text.decode("latin-1")
    if "<SEC-HEADER>" not in decoded and "&lt;" in decoded:
        decoded = html.unescape(decoded)
    values: dict[str, str] = {}
    parties: list[_Party] = []
    for line in decoded.replace("<", "\n<").splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        key = (match["tag"] or match["key"]).replace("-", " ").strip()
        value = (match["tagged"] if match["tag"] else match["value"]).strip()
        if not value and key in _PARTIES:
            parties.append(_Party(_PARTIES[key]))
        elif value and parties:
            parties[-1].fields.setdefault(key, value)
        elif value:
            values.setdefault(_ALIASES.get(key, key), value)
    accession = _ACCESSION.search(values.get("ACCESSION NUMBER", "") or values.get("SEC DOCUMENT", ""))
    owners = tuple(_header_party(party) for party in parties if party.role == "owner")
    issuers = [_header_party(party) for party in parties if party.role == "issuer"]
    return SubmissionHeader(
        accession_number=accession[0] if accession else None,
        form_type=values.get("TYPE"),
        period_of_report=_day(values.get("PERIOD", "")),
        filed_on=_day(values.get("FILING DATE", "")),
        accepted_at=_accepted(values.get("ACCEPTANCE DATETIME", "")),
        issuer=issuers[0] if issuers else None,
        reporting_owners=owners,
    )


def _header_party(party: _Party) -> HeaderParty:
    name = next((party.fields[key] for key in _NAMES if key in party.fields), "")
    cik = next((party.fields[key] for key in _CIKS if key in party.fields), "")
    return HeaderParty(cik=cik.zfill(10) if cik.isascii() and cik.isdigit() and len(cik) <= 10 else None, name=name)


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=EASTERN).date()
    except ValueError:
        return None


def _accepted(text: str) -> datetime | None:
    """EDGAR writes the acceptance time in Eastern time without a zone; in the hour repeated in November the first is meant."""
    try:
        return datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=EASTERN)
    except ValueError:
        return None


def _document_type(part: bytes) -> str:
    match = re.search(rb"<TYPE>([^\r\n<]*)", part[:2000])
    return match[1].decode("latin-1").strip() if match else ""


def _body(part: bytes) -> tuple[bytes, str]:
    start = part.find(b"<TEXT>")
    end = part.rfind(b"</TEXT>")
    if start < 0 or end < 0:
        raise UnreadableDocument("the submission is cut short: its ownership document has no complete <TEXT>")
    body = part[start + len(b"<TEXT>") : end]
    opening, closing = body.find(b"<XML>"), body.rfind(b"</XML>")
    if 0 <= opening < closing:
        return body[opening + len(b"<XML>") : closing].strip(), "xml"
    if b"<ownershipDocument" in body:
        return body.strip(), "xml"
    return body.strip(b"\r\n"), "html" if b"<html" in body[:2000].lower() else "text"
