"""The XML reader on documents that carry their own expectation (see `tests/expectation.py`), and on what no file can show.

The second reader (`tests/independent.py`) has to come to the same on each of them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.expectation import Expectation
from tests.expectation import expectation
from tests.expectation import hold
from tests.independent import Reader
from tests.independent import RefusedError
from tests.independent import as_json
from tests.independent import differences
from watcher.core.errors import UnreadableDocument
from watcher.core.ownership import parse_ownership

CASES = sorted((Path(__file__).parents[1] / "cases" / "ownership").glob("*.xml"))
OPTION_EXERCISE = next(case for case in CASES if case.stem == "option_exercise").read_bytes()
# The second reader has no caps: expat reads any depth.
CAPS = {"depth"}


def expectation_of(xml: bytes) -> Expectation:
    """Read the first comment, whatever the encoding of the case."""
    declared = re.search(rb'encoding="(ISO-8859-1|windows-1252)"', xml[:60])
    encoding = "utf-16" if xml[:2] == b"\xff\xfe" else declared[1].decode() if declared and xml[:1] == b"<" else "utf-8"
    comment = re.search(r"<!--(.*?)-->", xml.decode(encoding, "replace"), re.DOTALL)
    assert comment, "a case opens with its expectation"
    return expectation(comment[1])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_case_is_read_as_it_says(case: Path) -> None:
    xml = case.read_bytes()
    wanted = expectation_of(xml)
    if wanted.refused is not None:
        with pytest.raises(UnreadableDocument, match=re.escape(wanted.refused)):
            parse_ownership(xml)
    else:
        document = parse_ownership(xml)
        hold(wanted, as_json(document), document.warnings)


@pytest.mark.parametrize("case", [case for case in CASES if case.stem not in CAPS], ids=lambda case: case.stem)
def test_the_second_reader_comes_to_the_same(case: Path) -> None:
    xml = case.read_bytes()
    if expectation_of(xml).refused is not None:
        with pytest.raises(RefusedError):
            Reader(xml)
    else:
        assert differences(as_json(parse_ownership(xml)), Reader(xml).document) == []


@pytest.mark.parametrize("length", range(1, len(OPTION_EXERCISE.rstrip()), 7))
def test_a_document_cut_short_anywhere_is_refused(length: int) -> None:
    with pytest.raises(UnreadableDocument):
        parse_ownership(OPTION_EXERCISE[:length])


@pytest.mark.parametrize(
    "nothing", [b"", b" \n", b"<", b"\x00", b"\xef\xbb\xbf", b"not XML", b"{}", b"%PDF-1.4\n", b"<?xml version='1.0'?>"]
)
def test_what_is_no_document_at_all_is_refused(nothing: bytes) -> None:
    with pytest.raises(UnreadableDocument):
        parse_ownership(nothing)


def padded(filling: bytes) -> bytes:
    return OPTION_EXERCISE.replace(b"</ownershipDocument>", filling + b"</ownershipDocument>")


def test_a_document_of_many_megabytes_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="larger"):
        parse_ownership(padded(b"<remarks>" + b"x" * 64_000_000 + b"</remarks>"))


def test_a_document_of_very_many_elements_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="tags"):
        parse_ownership(padded(b"<a/>" * 500_000))


def test_a_document_ten_times_the_largest_ever_seen_is_read() -> None:
    document = parse_ownership(padded(b"<remarks>" + b"x" * 2_000_000 + b"</remarks>"))
    assert len(document.remarks or "") == 2_000_000


def test_lines_the_archive_broke_inside_a_tag_are_joined_again() -> None:
    line = b"<footnote id='F9'>" + b"a" * (1023 - len(b"<footnote id='F9'></fo")) + b"</fo"
    assert len(line) == 1023
    xml = (
        b"<ownershipDocument><documentType>4</documentType><footnotes>\n" + line + b"\notnote></footnotes>\n</ownershipDocument>"
    )
    assert set(parse_ownership(xml).footnotes["F9"]) == {"a"}


def test_a_broken_document_that_ends_in_a_line_of_1023_bytes_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="not well-formed"):
        parse_ownership(b"<ownershipDocument>\n<remarks>" + b"a" * 1014)


def test_reading_the_same_bytes_twice_gives_equal_documents() -> None:
    assert parse_ownership(OPTION_EXERCISE) == parse_ownership(OPTION_EXERCISE)
