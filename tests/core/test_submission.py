"""Complete submissions that carry their own expectation in front (see `tests/expectation.py`), and promises on any bytes.

`header.` is what the header says, `kind` what the document is, `document.` what it holds when read.
"""

from __future__ import annotations

import re
from datetime import UTC
from datetime import datetime
from pathlib import Path

import pytest

from tests.expectation import expectation
from tests.expectation import hold
from tests.independent import Json
from tests.independent import as_json
from tests.independent import differences
from tests.independent import header_as_json
from tests.independent import read_header
from watcher.core.errors import UnreadableDocument
from watcher.core.reading import read_submission
from watcher.core.submission import parse_submission

CASES = sorted((Path(__file__).parents[1] / "cases" / "submission").glob("*.txt"))
# The second reader takes dates and CIKs to be what they should be.
REPAIRED = {"header_dates_illegible", "ciks_without_zeros"}
ARCHIVE = next(case for case in CASES if case.stem == "archive").read_bytes().split(b"-->\n", 1)[1]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_case_is_read_as_it_says(case: Path) -> None:
    comment, text = case.read_bytes().split(b"-->\n", 1)
    wanted = expectation(comment.decode())
    if wanted.refused is not None:
        with pytest.raises(UnreadableDocument, match=re.escape(wanted.refused)):
            read_submission(text)
        return
    submission = parse_submission(text)
    read: dict[str, Json] = {"kind": submission.kind, "header": header_as_json(submission.header)}
    warnings: tuple[str, ...] = ()
    if submission.kind == "xml":
        document = read_submission(text).document
        read["document"], warnings = as_json(document), document.warnings
    hold(wanted, read, warnings)


@pytest.mark.parametrize("case", [case for case in CASES if case.stem not in REPAIRED], ids=lambda case: case.stem)
def test_the_second_reader_of_headers_comes_to_the_same(case: Path) -> None:
    comment, text = case.read_bytes().split(b"-->\n", 1)
    if expectation(comment.decode()).refused is None:
        assert differences(header_as_json(parse_submission(text).header), read_header(text)) == []


def test_the_acceptance_time_is_a_moment_and_not_a_wall_clock() -> None:
    assert parse_submission(ARCHIVE).header.accepted_at == datetime(2024, 3, 6, 22, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize("length", range(0, ARCHIVE.index(b"</DOCUMENT>"), 97))
def test_a_submission_cut_short_anywhere_before_the_document_ends_is_refused(length: int) -> None:
    with pytest.raises(UnreadableDocument):
        parse_submission(ARCHIVE[:length])


def test_a_submission_whose_last_line_is_missing_is_read() -> None:
    assert parse_submission(ARCHIVE.replace(b"</SEC-DOCUMENT>\n", b"")) == parse_submission(ARCHIVE)


def test_a_submission_past_any_size_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="larger"):
        parse_submission(ARCHIVE + b"x" * 200_000_000)


@pytest.mark.parametrize("junk", [b"\x00", b"\xff\xfe", b"\x80\x81", "Ωμέγα".encode(), b"<SEC-HEADER>", b":::\n<<<>>>"])
def test_odd_bytes_in_the_header_do_not_stop_the_reading(junk: bytes) -> None:
    odd = ARCHIVE.replace(b"SAMPLETOWN", junk)
    assert parse_submission(odd).document == parse_submission(ARCHIVE).document


def test_the_document_comes_out_byte_for_byte() -> None:
    inner = ARCHIVE.split(b"<XML>\n", 1)[1].split(b"</XML>", 1)[0]
    assert parse_submission(ARCHIVE).document == inner.strip()
