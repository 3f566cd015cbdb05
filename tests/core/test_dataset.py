"""The SEC's quarterly tables: columns by their header, nothing lost in silence, and what the tables lose is said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.core.dataset import ROUNDED
from watcher.core.dataset import read_tables
from watcher.core.errors import UnreadableDocument
from watcher.core.model import Issuer
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Signature

ONE = "0000000000-24-000001"
TWO = "0000000000-24-000002"

Line = Mapping[str, str]


def table(*lines: Line) -> bytes:
    """Tab-separated text with every column that one of the lines has."""
    columns = list(dict.fromkeys(column for line in lines for column in line))
    cells = [columns, *([line.get(column, "") for column in columns] for line in lines)]
    return "".join("\t".join(line) + "\n" for line in cells).encode()


def submission(accession: str = ONE, **columns: str) -> Line:
    head = {"FILING_DATE": "05-JUL-2024", "PERIOD_OF_REPORT": "02-JUL-2024", "DOCUMENT_TYPE": "4", "ISSUERCIK": "0009990001"}
    return {"ACCESSION_NUMBER": accession, **head, "ISSUERNAME": "Example Corp", "ISSUERTRADINGSYMBOL": "EXMP", **columns}


def line(key: str, sk: int, **columns: str) -> Line:
    return {"ACCESSION_NUMBER": ONE, key: str(sk), "SECURITY_TITLE": "Common Stock", **columns}


def sale(sk: int = 7, /, **columns: str) -> Line:
    told = {"TRANS_DATE": "02-JUL-2024", "TRANS_CODE": "S", "TRANS_SHARES": "1000.0", "TRANS_ACQUIRED_DISP_CD": "D"}
    return {**line("NONDERIV_TRANS_SK", sk), **told, "SHRS_OWND_FOLWNG_TRANS": "9000.5", **columns}


def documents(**tables: bytes) -> list[OwnershipDocument]:
    return [document for _, _, document in read_tables(tables)]


def only(**tables: bytes) -> OwnershipDocument:
    (document,) = documents(**{"SUBMISSION": table(submission()), **tables})
    return document


def test_a_filing_comes_with_its_accession_number_and_its_day() -> None:
    ((accession, filed_on, document),) = read_tables({"SUBMISSION": table(submission())})
    assert (accession, filed_on) == (ONE, date(2024, 7, 5))
    assert (document.form_type, document.period_of_report, document.source) == ("4", date(2024, 7, 2), "dataset")
    assert document.issuer == Issuer("0009990001", "Example Corp", "EXMP")


def test_filings_come_in_the_order_of_submission() -> None:
    found = read_tables({"SUBMISSION": table(submission(TWO), submission(ONE))})
    assert [accession for accession, _, _ in found] == [TWO, ONE]


def test_a_row_of_table_i_is_read_by_the_names_of_its_columns() -> None:
    (row,) = only(NONDERIV_TRANS=table(sale(DIRECT_INDIRECT_OWNERSHIP="I", NATURE_OF_OWNERSHIP="By Trust"))).non_derivative_table
    assert (row.kind, row.transaction_code, row.acquired_disposed, row.transaction_date) == (
        "transaction",
        "S",
        "D",
        date(2024, 7, 2),
    )
    assert (str(row.shares), str(row.shares_owned_following)) == ("1000", "9000.5")
    assert (row.direct_or_indirect, row.nature_of_ownership, row.price_per_share) == ("I", "By Trust", None)


@pytest.mark.parametrize("column", ["EXCERCISE_DATE", "EXERCISE_DATE"])
def test_the_exercise_date_is_read_in_either_spelling(column: str) -> None:
    (row,) = only(DERIV_TRANS=table(line("DERIV_TRANS_SK", 1, **{column: "28-APR-2026"}))).derivative_table
    assert row.exercise_date == date(2026, 4, 28)


def test_rows_come_by_the_secs_key_and_holdings_after_transactions() -> None:
    held = line("NONDERIV_HOLDING_SK", 1, SHRS_OWND_FOLWNG_TRANS="5.0")
    document = only(NONDERIV_HOLDING=table(held), NONDERIV_TRANS=table(sale(10, TRANS_CODE="F"), sale(9, TRANS_CODE="M")))
    assert [(row.kind, row.transaction_code) for row in document.non_derivative_table] == [
        ("transaction", "M"),
        ("transaction", "F"),
        ("holding", None),
    ]


def test_footnotes_hang_where_their_column_says() -> None:
    row = sale(TRANS_PRICEPERSHARE_FN="F3, F1", EQUITY_SWAP_TRANS_CD_FN="F2")
    notes = table(
        {"ACCESSION_NUMBER": ONE, "FOOTNOTE_ID": "F10", "FOOTNOTE_TXT": "ten"},
        {"ACCESSION_NUMBER": ONE, "FOOTNOTE_ID": "F2", "FOOTNOTE_TXT": "two"},
    )
    document = only(NONDERIV_TRANS=table(row), FOOTNOTES=notes)
    assert document.non_derivative_table[0].footnotes == {"price_per_share": ("F3", "F1"), "transaction_code": ("F2",)}
    assert list(document.footnotes.items()) == [("F2", "two"), ("F10", "ten")]


@pytest.mark.parametrize(
    ("text", "flag"), [("1", True), ("true", True), ("TRUE", True), ("0", False), ("false", False), ("", None)]
)
def test_a_flag_is_read_in_every_spelling(text: str, flag: bool | None) -> None:
    (document,) = documents(SUBMISSION=table(submission(AFF10B5ONE=text, NOT_SUBJECT_SEC16=text)))
    assert (document.aff10b5_one, document.not_subject_to_section16) == (flag, flag)


def test_where_there_is_no_column_for_the_box_the_document_says_that_it_is_unknown() -> None:
    document = only()
    assert document.aff10b5_one is None
    assert any("10b5-1 box" in warning for warning in document.warnings)


def test_owners_have_the_relationships_of_the_joined_text() -> None:
    owner = {"RPTOWNERCIK": "9980001", "RPTOWNERNAME": "Roe Jane", "RPTOWNER_TITLE": "Chief Legal Officer"}
    document = only(
        REPORTINGOWNER=table({"ACCESSION_NUMBER": ONE, **owner, "RPTOWNER_RELATIONSHIP": "Director,Officer, TenPercentOwner"})
    )
    assert document.reporting_owners == (
        ReportingOwner("0009980001", "Roe Jane", True, True, True, officer_title="Chief Legal Officer"),
    )


def test_an_unknown_relationship_is_named() -> None:
    document = only(REPORTINGOWNER=table({"ACCESSION_NUMBER": ONE, "RPTOWNERCIK": "1", "RPTOWNER_RELATIONSHIP": "Jester"}))
    assert "RPTOWNER_RELATIONSHIP: 'jester' is no relationship" in document.warnings


def test_signatures_are_read() -> None:
    signed = {"ACCESSION_NUMBER": ONE, "OWNERSIGNATURENAME": "/s/ Jane Roe", "OWNERSIGNATUREDATE": "05-JUL-2024"}
    assert only(OWNER_SIGNATURE=table(signed)).signatures == (Signature("/s/ Jane Roe", date(2024, 7, 5)),)


def test_every_document_says_that_figures_are_rounded_and_which_tables_it_lacks() -> None:
    warnings = only(NONDERIV_TRANS=table(sale())).warnings
    assert warnings.count(ROUNDED) == 1
    missing = {warning.rpartition(" ")[2] for warning in warnings if "without its table" in warning}
    assert missing == {"REPORTINGOWNER", "FOOTNOTES", "OWNER_SIGNATURE", "NONDERIV_HOLDING", "DERIV_TRANS", "DERIV_HOLDING"}


def test_a_cell_with_quotation_marks_is_unquoted() -> None:
    (row,) = only(NONDERIV_TRANS=table(sale(NATURE_OF_OWNERSHIP='"By ""Example"" Trust"'))).non_derivative_table
    assert row.nature_of_ownership == 'By "Example" Trust'


@pytest.mark.parametrize(
    ("column", "text", "words"),
    [
        ("TRANS_DATE", "32-JUL-2024", "'32-JUL-2024' is not a date"),
        ("TRANS_DATE", "02-JUX-2024", "'02-JUX-2024' is not a date"),
        ("TRANS_SHARES", "1,000", "'1,000' is not a number"),
        ("TRANS_SHARES", "1E9", "'1E9' is not a number"),
        ("EQUITY_SWAP_INVOLVED", "maybe", "'maybe' is neither true nor false"),
    ],
)
def test_a_cell_that_cannot_be_read_is_quoted_with_its_row_and_column(column: str, text: str, words: str) -> None:
    document = only(NONDERIV_TRANS=table(sale(**{column: text})))
    assert f"NONDERIV_TRANS 7, {column}: {words}" in document.warnings


def test_a_short_line_keeps_what_it_has_and_is_named() -> None:
    whole = table(sale())
    document = only(NONDERIV_TRANS=whole[: whole.rindex(b"\t")] + b"\n")
    assert document.non_derivative_table[0].shares == Decimal(1000)
    assert any("a line of 7 cells where there are 8 columns" in warning for warning in document.warnings)


def test_a_line_break_inside_a_cell_begins_no_line() -> None:
    document = only(SUBMISSION=table(submission(REMARKS='"one\ntwo"')))
    assert document.remarks == "one\ntwo"


def test_a_broken_line_is_named() -> None:
    document = only(NONDERIV_TRANS=table(sale()) + b"and something else\n")
    assert any("a line is broken" in warning for warning in document.warnings)


def test_rows_of_no_filing_are_named_after_everything_else_was_given() -> None:
    found = read_tables({"SUBMISSION": table(submission()), "NONDERIV_TRANS": table(sale(), {**sale(), "ACCESSION_NUMBER": TWO})})
    assert next(found)[0] == ONE
    with pytest.raises(UnreadableDocument, match=TWO):
        next(found)


@pytest.mark.parametrize("wrong", [{"FILING_DATE": ""}, {"FILING_DATE": "soon"}, {"DOCUMENT_TYPE": "144"}])
def test_a_filing_without_a_day_or_a_form_is_left_out_aloud(wrong: Line) -> None:
    found = read_tables({"SUBMISSION": table({**submission(ONE), **wrong}, submission(TWO))})
    assert next(found)[0] == TWO
    with pytest.raises(UnreadableDocument, match=ONE):
        next(found)


def test_a_filing_that_is_listed_twice_says_so() -> None:
    (document,) = documents(SUBMISSION=table(submission(), submission(DOCUMENT_TYPE="5")))
    assert document.form_type == "4"
    assert "SUBMISSION has 2 lines for this filing: the first is taken" in document.warnings


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({}, "no table SUBMISSION"),
        ({"SUBMISSION": b""}, "SUBMISSION has no column"),
        ({"SUBMISSION": b"ACCESSION_NUMBER\tFILING_DATE\n"}, "DOCUMENT_TYPE"),
        ({"SUBMISSION": table(submission()), "DERIV_TRANS": b"ACCESSION_NUMBER\n"}, "DERIV_TRANS has no column DERIV_TRANS_SK"),
        ({"SUBMISSION": table(submission()), "readme": b""}, "no table of this data set: readme"),
    ],
)
def test_what_is_no_data_set_is_refused_in_words(tables: Mapping[str, bytes], words: str) -> None:
    with pytest.raises(UnreadableDocument, match=words):
        list(read_tables(tables))


@given(
    st.binary(max_size=200), st.sampled_from(["SUBMISSION", "NONDERIV_TRANS", "OWNER_SIGNATURE", "FOOTNOTES", "DERIV_HOLDING"])
)
def test_damaged_tables_give_documents_or_the_declared_error(tail: bytes, name: str) -> None:
    tables = {"SUBMISSION": table(submission()), "NONDERIV_TRANS": table(sale())}
    tables[name] = tables.get(name, b"ACCESSION_NUMBER\tFOOTNOTE_ID\n") + tail
    try:
        list(read_tables(tables))
    except UnreadableDocument as error:
        assert str(error)  # noqa: PT017 -- either way is right; only another error is wrong


# --- the real set ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def quarter(corpus: Path) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in (corpus / "datasets" / "2024q3_form345").glob("*.tsv")}


def test_every_line_of_the_real_set_becomes_a_row_in_time(quarter: dict[str, bytes]) -> None:
    began = process_time()
    found = [document for _, _, document in read_tables(quarter)]
    assert process_time() - began < 6
    assert len(found) == quarter["SUBMISSION"].count(b"\n") - 1
    rows = [row for document in found for row in (*document.non_derivative_table, *document.derivative_table)]
    assert len(rows) == sum(quarter[name].count(b"\n") - 1 for name in ("DERIV_TRANS", "DERIV_HOLDING", "NONDERIV_HOLDING"))
    assert sum(len(document.signatures) for document in found) == quarter["OWNER_SIGNATURE"].count(b"\n") - 1


def test_the_real_set_gives_no_warning_but_what_it_lacks(quarter: dict[str, bytes]) -> None:
    warnings = {warning for _, _, document in read_tables(quarter) for warning in document.warnings}
    assert warnings - {ROUNDED} == {
        "the data set was read without its table REPORTINGOWNER",
        "the data set was read without its table FOOTNOTES",
        "the data set was read without its table NONDERIV_TRANS",
        "the data set has no column for the Rule 10b5-1 box: whether it is checked is unknown",
    }
