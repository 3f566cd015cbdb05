"""Every real filing at hand through both readers, and 2,000 documents gone wrong."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from tests.independent import Reader
from tests.independent import as_json
from tests.independent import differences
from tests.independent import header_as_json
from tests.independent import read_document
from tests.independent import read_header
from tests.mutants import judged
from tests.mutants import mutant
from tests.mutants import sources
from watcher.core.errors import UnreadableDocument
from watcher.core.ownership import parse_ownership
from watcher.core.reading import read_submission
from watcher.core.submission import parse_header
from watcher.core.submission import parse_submission

BARE = re.compile(rb"<!--.*?-->", re.DOTALL)


def documents(corpus: Path) -> list[Path]:
    return sorted([*corpus.glob("xml/*.xml"), *corpus.glob("xml_trimmed/*.xml")])


def submissions(corpus: Path) -> list[Path]:
    return sorted([*corpus.glob("submission_txt/*.*"), *corpus.glob("xml_trimmed/*.txt")])


def test_every_document_is_read_and_the_second_reader_comes_to_the_same(corpus: Path) -> None:
    paths = documents(corpus)
    assert len(paths) >= 499
    wrong = {}
    for path in paths:
        xml = path.read_bytes()
        if found := differences(as_json(parse_ownership(xml)), Reader(xml).document):
            wrong[path.name] = found
    assert wrong == {}


def test_every_row_owner_and_footnote_reference_arrives(corpus: Path) -> None:
    """Count them in the bytes, with no parser at all."""
    wrong = {}
    for path in documents(corpus):
        xml = BARE.sub(b"", path.read_bytes())
        document = parse_ownership(xml)
        rows = (*document.non_derivative_table, *document.derivative_table)
        arrived = {
            "rows": len(rows),
            "holdings": sum(row.kind == "holding" for row in rows),
            "owners": len(document.reporting_owners),
            "footnotes": len(document.footnotes),
            "references": sum(len(ids) for row in rows for ids in row.footnotes.values()),
            "signatures": len(document.signatures),
        }
        filed = {
            "rows": len(re.findall(rb"<(?:nonD|d)erivative(?:Transaction|Holding)>", xml)),
            "holdings": len(re.findall(rb"<(?:nonD|d)erivativeHolding>", xml)),
            "owners": len(re.findall(rb"<reportingOwner>", xml)),
            "footnotes": len(re.findall(rb"<footnote\s", xml)),
            "references": len(re.findall(rb"<footnoteId\s", xml)),
            "signatures": len(re.findall(rb"<ownerSignature>", xml)),
        }
        if arrived != filed:
            wrong[path.name] = (arrived, filed)
    assert wrong == {}


def test_every_reference_of_a_real_filing_has_its_footnote(corpus: Path) -> None:
    missing = {}
    for path in sorted(corpus.glob("xml/*.xml")):  # those of xml_trimmed have lost theirs
        document = parse_ownership(path.read_bytes())
        named = {
            identifier
            for row in (*document.non_derivative_table, *document.derivative_table)
            for identifiers in row.footnotes.values()
            for identifier in identifiers
        }
        if named - set(document.footnotes):
            missing[path.name] = named - set(document.footnotes)
    assert missing == {}


def test_real_filings_give_no_warning(corpus: Path) -> None:
    assert {path.name: found for path in documents(corpus) if (found := parse_ownership(path.read_bytes()).warnings)} == {}


def test_every_submission_is_read_and_the_second_reader_comes_to_the_same(corpus: Path) -> None:
    paths = submissions(corpus)
    assert len(paths) >= 206
    wrong = {}
    for path in paths:
        text = path.read_bytes()
        submission = parse_submission(text)
        found = differences(header_as_json(submission.header), read_header(text))
        found += differences(as_json(parse_ownership(submission.document)), Reader(read_document(text)).document)
        if found or submission.kind != "xml":
            wrong[path.name] = found
    assert wrong == {}


def test_every_real_submission_agrees_with_its_own_header(corpus: Path) -> None:
    found = {path.name: read_submission(path.read_bytes()).document.warnings for path in submissions(corpus)}
    assert {name: warnings for name, warnings in found.items() if warnings} == {}


def test_a_submission_and_its_document_served_alone_are_the_same(corpus: Path) -> None:
    pairs = [(path, alone) for path in submissions(corpus) if (alone := corpus / "xml" / f"{path.stem}.xml").is_file()]
    assert len(pairs) > 100
    wrong = {}
    for path, alone in pairs:
        together = parse_ownership(parse_submission(path.read_bytes()).document)
        if found := differences(as_json(together), as_json(parse_ownership(alone.read_bytes()))):
            wrong[path.name] = found
    assert wrong == {}


def test_headers_served_alone_are_read(corpus: Path) -> None:
    paths = sorted(corpus.glob("feeds/filing_index/*-index-headers.html"))
    assert paths
    for path in paths:
        text = path.read_bytes()
        header = parse_header(text)
        assert header.accession_number == path.name.removesuffix("-index-headers.html")
        assert header.accepted_at is not None
        assert differences(header_as_json(header), read_header(text)) == []


def test_submissions_of_other_forms_are_refused(corpus: Path) -> None:
    paths = sorted(corpus.glob("submission_txt/non_ownership/*.txt"))
    assert len(paths) >= 4
    for path in paths:
        with pytest.raises(UnreadableDocument):
            parse_submission(path.read_bytes())


def test_the_filing_whose_lines_the_archive_broke_is_read_as_the_filer_wrote_it(corpus: Path) -> None:
    """Its one line of 1,023 bytes ends inside `</footnote>`."""
    (path,) = corpus.glob("xml_broken/*.xml")
    xml = path.read_bytes()
    joined = b"".join(line if len(line) == 1023 else line + b"\n" for line in xml.split(b"\n"))
    assert differences(as_json(parse_ownership(xml)), Reader(joined).document) == []


def test_the_filing_whose_lines_the_archive_broke_is_refused_when_torn_elsewhere_too(corpus: Path) -> None:
    (path,) = corpus.glob("xml_broken/*.xml")
    with pytest.raises(UnreadableDocument):
        parse_ownership(path.read_bytes().replace(b"</issuer>", b"</iss\nuer>", 1))


def test_the_samples_of_the_specification_are_read_or_refused_by_both_readers(corpus: Path) -> None:
    """The six of version 5.5 are not well-formed: a country that opens as one element and closes as another."""
    found = {path: judged(path.read_bytes()) for path in sorted(corpus.glob("schemas/**/*doc[345]*.xml"))}
    assert {path.name: complaints for path, (_, complaints) in found.items() if complaints} == {}
    refused = [path for path, (verdict, _) in found.items() if verdict == "refused"]
    assert len(found) == 13
    assert {path.parts[-3] for path in refused} == {"ownershipxmltechspec-v5-5"}


def test_readers_agree_on_two_thousand_documents_gone_wrong() -> None:
    """The short form of `python -m tests.mutants --count 1000000`."""
    chance, texts = random.Random(4), sources()  # noqa: S311 - mutants, not secrets
    assert len(texts) >= 60
    wrong, verdicts = [], []
    for _ in range(2000):
        xml = mutant(chance.choice(texts), chance)
        verdict, complaints = judged(xml)
        verdicts.append(verdict)
        if complaints:
            wrong.append((complaints, xml))
    assert wrong == []
    assert min(verdicts.count("read"), verdicts.count("refused")) > 400
