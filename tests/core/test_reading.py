"""Bytes of any kind to a document: which reader takes them, and what the header of a submission adds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import ALEX
from tests.core.samples import JANE
from tests.core.samples import document
from watcher.core.errors import UnreadableDocument
from watcher.core.model import HeaderParty
from watcher.core.model import Issuer
from watcher.core.model import SubmissionHeader
from watcher.core.reading import Reading
from watcher.core.reading import completed
from watcher.core.reading import read

XML = b"""<?xml version="1.0"?>
<ownershipDocument><documentType>4</documentType><periodOfReport>2026-06-16</periodOfReport>
<issuer><issuerCik>0009990001</issuerCik><issuerName>Example Corp</issuerName><issuerTradingSymbol>EXMP</issuerTradingSymbol></issuer>
<reportingOwner><reportingOwnerId><rptOwnerCik>0009980001</rptOwnerCik><rptOwnerName>Roe Jane</rptOwnerName></reportingOwnerId>
<reportingOwnerRelationship><isDirector>1</isDirector></reportingOwnerRelationship></reportingOwner>
<ownerSignature><signatureName>Jane Roe</signatureName><signatureDate>2026-06-17</signatureDate></ownerSignature>
</ownershipDocument>"""


def submission(xml: bytes = XML, *, form: str = "4", owner: str = "0009980001", issuer: str = "0009990001") -> bytes:
    return (
        f"""<SEC-DOCUMENT>0000000000-26-000001.txt : 20260617
<SEC-HEADER>0000000000-26-000001.hdr.sgml : 20260617
<ACCEPTANCE-DATETIME>20260617184210
ACCESSION NUMBER:		0000000000-26-000001
CONFORMED SUBMISSION TYPE:	{form}
REPORTING-OWNER:
	OWNER DATA:
		COMPANY CONFORMED NAME:			Roe Jane
		CENTRAL INDEX KEY:			{owner}
ISSUER:
	COMPANY DATA:
		COMPANY CONFORMED NAME:			EXAMPLE CORP
		CENTRAL INDEX KEY:			{issuer}
</SEC-HEADER>
<DOCUMENT>
<TYPE>{form}
<SEQUENCE>1
<FILENAME>form4.xml
<TEXT>
<XML>
""".encode()
        + xml
        + b"\n</XML>\n</TEXT>\n</DOCUMENT>\n</SEC-DOCUMENT>\n"
    )


@pytest.mark.parametrize("front", [b"", b"\n  ", b"\xef\xbb\xbf"], ids=["bare", "blank lines", "byte order mark"])
def test_xml_is_read_as_xml(front: bytes) -> None:
    reading = read(front + XML)
    assert (reading.document.source, reading.document.form_type, reading.header) == ("xml", "4", None)


def test_xml_without_a_prolog_is_read_as_xml() -> None:
    assert read(XML.partition(b"?>\n")[2]).document.source == "xml"


def test_a_submission_gives_its_header_too() -> None:
    reading = read(submission())
    assert reading.document.source == "submission"
    assert reading.document.warnings == ()
    assert reading.header is not None
    assert reading.header.accession_number == "0000000000-26-000001"


@pytest.mark.parametrize(
    ("content", "warning"),
    [
        (submission(owner="0009980009"), "reporting owners: EDGAR's header names 0009980009, the document 0009980001"),
        (
            submission(issuer="0009990009"),
            "issuer: EDGAR's header names EXAMPLE CORP (CIK 0009990009), the document CIK 0009990001",
        ),
        (submission(form="4/A"), "form type: EDGAR's header says 4/A, the document 4"),
    ],
    ids=["owner", "issuer", "form"],
)
def test_where_header_and_document_differ_the_document_says_so_and_keeps_its_own(content: bytes, warning: str) -> None:
    reading = read(content)
    assert warning in reading.document.warnings
    assert (reading.document.issuer.cik, reading.document.form_type) == ("0009990001", "4")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n ",
        b"\x00" * 50,
        b"<!DOCTYPE html><html><body>SEC.gov | File Unavailable</body></html>",
        b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>",
        b"Dear Sir or Madam",
        submission(b"not xml at all"),
        submission()[:400],
        XML[:300],
    ],
    ids=["empty", "blank", "zeros", "html", "s3", "a letter", "no document inside", "cut header", "cut xml"],
)
def test_what_holds_no_form_is_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableDocument):
        read(content)


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"<?xml", b"<html>", b"<SEC-DOCUMENT>", b"<ownershipDocument>", b"FORM 4\n"])
)
def test_any_bytes_are_a_document_or_unreadable(junk: bytes, front: bytes) -> None:
    try:
        reading = read(front + junk)
    except UnreadableDocument:
        return
    assert reading.document.form_type in {"3", "3/A", "4", "4/A", "5", "5/A"}


HEADER = SubmissionHeader(
    accession_number="0000000000-26-000001",
    form_type="4",
    period_of_report=None,
    filed_on=None,
    accepted_at=None,
    issuer=HeaderParty("0009990001", "EXAMPLE CORP"),
    reporting_owners=(HeaderParty("0009980001", "Roe Jane"),),
)
PAPER = replace(
    document(owners=[replace(JANE, cik=None, name="Jane Roe")]), source="text", issuer=Issuer(None, "Example Corporation", None)
)


def test_paper_takes_from_the_header_only_what_it_does_not_print() -> None:
    whole = completed(Reading(PAPER, HEADER))
    assert whole.issuer == Issuer("0009990001", "Example Corporation", None)
    assert [(owner.cik, owner.name) for owner in whole.reporting_owners] == [("0009980001", "Jane Roe")]


def test_of_several_owners_none_is_guessed() -> None:
    two = replace(PAPER, reporting_owners=(replace(JANE, cik=None), replace(ALEX, cik=None)))
    assert completed(Reading(two, HEADER)).reporting_owners == two.reporting_owners
    both = replace(HEADER, reporting_owners=(*HEADER.reporting_owners, HeaderParty("0009980002", "Doe Alex")))
    assert completed(Reading(PAPER, both)).reporting_owners == PAPER.reporting_owners


def test_without_a_header_or_on_xml_nothing_is_added() -> None:
    assert completed(Reading(PAPER)) is PAPER
    xml = replace(PAPER, source="submission")
    assert completed(Reading(xml, HEADER)) is xml


def test_every_kind_of_the_corpus_is_told_apart(corpus: Path) -> None:
    def sources(pattern: str) -> set[str]:
        return {read(path.read_bytes()).document.source for path in sorted(corpus.glob(pattern))}

    assert sources("xml/*.xml") == {"xml"}
    assert sources("submission_txt/*-2[0-9]-*.txt") == {"submission"}
    assert sources("html/*.html") == {"html"}
    assert sources("printed_form4_qlys.txt") == {"text"}
