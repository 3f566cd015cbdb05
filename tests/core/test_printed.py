"""Section 16 forms that are text: what is legible is exact, what is not is `None` with a warning that names the cell."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from watcher.core.errors import UnreadableDocument
from watcher.core.model import OwnershipDocument
from watcher.core.printed import MAX_BYTES
from watcher.core.printed import parse_printed

CASES = Path(__file__).resolve().parents[1] / "cases" / "printed"
NAMES = sorted(path.name for path in CASES.iterdir())


def case(name: str) -> str:
    return (CASES / name).read_text(encoding="utf-8")


def parsed(name: str, *changes: tuple[str, str]) -> OwnershipDocument:
    text = case(name)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parse_printed(text.encode())


@pytest.fixture(scope="session")
def qlys(corpus: Path) -> OwnershipDocument:
    return parse_printed((corpus / "printed_form4_qlys.txt").read_bytes())


@pytest.fixture(scope="session")
def typed_in_2000(corpus: Path) -> OwnershipDocument:
    whole = (corpus / "legacy_text" / "0000788738-00-000081.txt").read_bytes()
    return parse_printed(whole.partition(b"<TEXT>")[2].partition(b"</TEXT>")[0])


# --- the printed form, field by field -----------------------------------------------------------------------------------


def test_the_printed_form_gives_type_issuer_and_ticker(qlys: OwnershipDocument) -> None:
    assert (qlys.form_type, qlys.source) == ("4", "text")
    assert (qlys.issuer.name, qlys.issuer.trading_symbol, qlys.issuer.cik) == ("QUALYS, INC.", "QLYS", None)


def test_the_printed_form_gives_the_owner_and_says_how_title_and_box_were_read(qlys: OwnershipDocument) -> None:
    (owner,) = qlys.reporting_owners
    assert (owner.name, owner.cik) == ("POSEY BRUCE K", None)
    assert (owner.is_officer, owner.officer_title) == (True, "CHIEF LEGAL OFFICER")
    assert (owner.is_director, owner.is_ten_percent_owner, owner.is_other) == (False, False, False)
    said = "\n".join(qlys.warnings)
    assert "the officer title is cut into 'CHIEF LEG' and 'OFFICER'" in said
    assert "the box 'Officer' is not legible" in said
    assert "taken as not checked: Director, 10% Owner, Other" in said


def test_a_period_box_that_is_cut_gives_way_to_the_transaction_dates(qlys: OwnershipDocument) -> None:
    assert qlys.period_of_report == date(2024, 6, 20)
    assert any(warning.startswith("period of report: '5/20/2024' is not a whole date") for warning in qlys.warnings)


def test_a_plan_box_without_a_legible_mark_is_unknown(qlys: OwnershipDocument) -> None:
    assert qlys.aff10b5_one is None
    assert "Rule 10b5-1 box: whether the box is checked is not legible" in qlys.warnings


def test_the_printed_form_gives_the_exercise_whole(qlys: OwnershipDocument) -> None:
    row = qlys.non_derivative_table[0]
    assert (row.kind, row.security_title, row.transaction_date) == ("transaction", "Common Stock", date(2024, 6, 20))
    assert (row.transaction_code, row.shares, row.acquired_disposed) == ("M", Decimal(1000), "A")
    assert (row.price_per_share, row.shares_owned_following, row.direct_or_indirect) == (Decimal("25.56"), Decimal(60616), "D")
    assert (row.footnotes, row.derived) == ({"transaction_code": ("F1",)}, ())


def test_the_first_sale_has_its_shares_from_the_balances_and_no_code(qlys: OwnershipDocument) -> None:
    row = qlys.non_derivative_table[1]
    assert (row.shares, row.acquired_disposed, row.derived) == (Decimal(132), "D", ("shares",))
    assert (row.price_per_share, row.footnotes) == (Decimal("132.9362"), {"price_per_share": ("F2",)})
    assert (row.shares_owned_following, row.direct_or_indirect) == (Decimal(60484), "D")
    assert (row.transaction_code, row.transaction_date) == (None, None)
    assert "Table I row 2 (Common Stock): transaction code is not legible" in qlys.warnings


def test_the_second_sale_is_derived_and_its_price_is_not_invented(qlys: OwnershipDocument) -> None:
    row = qlys.non_derivative_table[2]
    assert (row.shares, row.acquired_disposed, row.derived) == (Decimal(264), "D", ("shares", "acquired_disposed"))
    assert (row.price_per_share, row.transaction_code, row.direct_or_indirect) == (None, None, None)
    assert (row.shares_owned_following, row.footnotes) == (Decimal(60220), {})


def test_a_row_of_which_only_the_title_is_legible_is_kept_and_each_missing_cell_named(qlys: OwnershipDocument) -> None:
    assert len(qlys.non_derivative_table) == 4
    row = qlys.non_derivative_table[3]
    assert (row.security_title, row.shares, row.shares_owned_following, row.derived) == ("Common Stock", None, None, ())
    named = [warning for warning in qlys.warnings if warning.startswith("Table I row 4 (Common Stock): ")]
    assert len(named) == 7


def test_the_printed_form_gives_the_option_row(qlys: OwnershipDocument) -> None:
    (row,) = qlys.derivative_table
    assert (row.security_title, row.conversion_or_exercise_price) == ("Stock Option (right to buy)", Decimal("25.56"))
    assert (row.transaction_date, row.transaction_code) == (date(2024, 6, 20), "M")
    assert (row.shares, row.acquired_disposed, row.price_per_share) == (Decimal(1000), "D", Decimal("25.56"))
    assert (row.exercise_date, row.expiration_date) == (None, date(2026, 4, 28))
    assert (row.underlying_security_title, row.underlying_security_shares) == ("Common Stock", Decimal(1000))
    assert (row.shares_owned_following, row.direct_or_indirect, row.derived) == (Decimal(4000), "D", ())
    assert row.footnotes == {"transaction_code": ("F1",), "exercise_date": ("F6",)}


def test_the_printed_form_gives_every_footnote_and_says_which_are_used_nowhere(qlys: OwnershipDocument) -> None:
    assert list(qlys.footnotes) == ["F1", "F2", "F3", "F4", "F5", "F6"]
    assert qlys.footnotes["F1"].endswith("adopted by the Reporting Person on August 28, 2023.")
    assert "ranging from $135.15 to $136.13 per share" in qlys.footnotes["F4"]
    assert qlys.footnotes["F6"] == "The option is fully vested and immediately exercisable."
    assert "footnotes that no legible cell refers to: F3, F4, F5" in qlys.warnings


def test_the_printed_form_gives_the_signature(qlys: OwnershipDocument) -> None:
    (signature,) = qlys.signatures
    assert (signature.name, signature.date) == ("/s/ Bruce K. Posey", date(2024, 6, 21))


def test_pipes_instead_of_tabs_change_nothing(corpus: Path, qlys: OwnershipDocument) -> None:
    text = (corpus / "printed_form4_qlys.txt").read_bytes()
    assert parse_printed(text.replace(b"\t", b"|")) == qlys


# --- the typed forms of the corpus ------------------------------------------------------------------------------------------


def test_a_form_typed_in_2000_is_read_by_its_ruler(typed_in_2000: OwnershipDocument) -> None:
    (row,) = typed_in_2000.non_derivative_table
    assert (row.security_title, row.transaction_date) == ("Common Stock", date(2000, 6, 26))
    assert (row.transaction_code, row.equity_swap_involved) == ("S", True)
    assert (row.shares, row.acquired_disposed, row.price_per_share) == (Decimal(4834), "D", Decimal("1.50"))
    assert (row.shares_owned_following, row.direct_or_indirect) == (Decimal(83066), "D")
    assert typed_in_2000.derivative_table == ()


def test_a_form_typed_in_2000_gives_its_parties(typed_in_2000: OwnershipDocument) -> None:
    assert (typed_in_2000.issuer.name, typed_in_2000.issuer.trading_symbol) == ("CyberAmerica", "CYAA")
    (owner,) = typed_in_2000.reporting_owners
    assert owner.name == "A-Z Professional Consultants, Inc. Retirement Trust"
    assert (owner.is_other, owner.other_text, owner.is_officer, owner.officer_title) == (True, "2.97% Owner", False, None)


def test_a_form_typed_in_2000_gives_exit_box_signature_and_no_day_it_does_not_state(typed_in_2000: OwnershipDocument) -> None:
    assert typed_in_2000.not_subject_to_section16 is True
    assert [(s.name, s.date) for s in typed_in_2000.signatures] == [("/s/BonnieJean C. Tippetts", date(2000, 7, 12))]
    assert typed_in_2000.period_of_report is None
    assert typed_in_2000.warnings == ("period of report: 'June 2000' is not a whole date",)


def test_a_submission_that_has_only_a_header_is_unreadable(corpus: Path) -> None:
    with pytest.raises(UnreadableDocument):
        parse_printed((corpus / "legacy_text" / "0001012325-98-000004.txt").read_bytes())


# --- scanner's Markdown -----------------------------------------------------------------------------------------------------


def test_clean_markdown_is_read_whole() -> None:
    document = parsed("markdown_pipes.md")
    assert document.form_type == "4"
    assert (document.issuer.name, document.issuer.trading_symbol) == ("Example Corp", "EXMP")
    (owner,) = document.reporting_owners
    assert (owner.name, owner.is_director, owner.is_officer) == ("Doe Jane Q", True, True)
    assert (owner.is_ten_percent_owner, owner.is_other, owner.officer_title) == (False, False, "Chief Widget Officer")
    assert (document.period_of_report, document.aff10b5_one) == (date(2024, 5, 6), True)
    assert document.not_subject_to_section16 is False
    assert document.remarks == "See Exhibit 24."
    assert document.footnotes["F1"] == "Made under a Rule 10b5-1 plan adopted on March 1, 2023."
    assert [(s.name, s.date) for s in document.signatures] == [("/s/ Ann Attorney, attorney-in-fact", date(2024, 5, 8))]


def test_every_spelling_of_a_footnote_mark_is_a_reference() -> None:
    first, second, _, _, holding = parsed("markdown_pipes.md").non_derivative_table
    assert first.footnotes == {"transaction_code": ("F1",)}
    assert second.footnotes == {"price_per_share": ("F2", "F3")}
    assert (second.price_per_share, second.deemed_execution_date) == (Decimal("99.01"), date(2024, 5, 7))
    assert holding.footnotes == {"nature_of_ownership": ("F4",)}


def test_a_holding_between_transactions_is_a_holding() -> None:
    row = parsed("markdown_pipes.md").non_derivative_table[4]
    assert (row.kind, row.shares_owned_following, row.direct_or_indirect) == ("holding", Decimal(7000), "I")
    assert (row.nature_of_ownership, row.transaction_code, row.derived) == ("By Trust", None, ())


def test_a_cell_of_latex_garbage_is_derived_if_the_balances_say_it() -> None:
    document = parsed("markdown_pipes.md")
    row = document.non_derivative_table[2]
    assert (row.transaction_code, row.transaction_form_type) == ("G", "5")
    assert (row.shares, row.acquired_disposed, row.derived) == (Decimal(100), "D", ("acquired_disposed",))
    assert (
        "Table I row 3 (Class A Common Stock): acquired/disposed is not legible; derived from the balances" in document.warnings
    )


def test_almost_numbers_and_cut_dates_are_not_read() -> None:
    document = parsed("markdown_pipes.md")
    row = document.non_derivative_table[3]
    assert (row.transaction_date, row.shares, row.shares_owned_following, row.derived) == (None, None, None, ())
    assert (row.transaction_code, row.price_per_share) == ("S", Decimal(98))
    assert "Table I row 4 (Class A Common Stock): number of securities is not legible ('1O0')" in document.warnings
    assert "Table I row 4 (Class A Common Stock): transaction date is not legible ('05/07/20')" in document.warnings


def test_a_price_of_zero_is_zero_and_a_footnote_alone_is_no_value_and_no_warning() -> None:
    document = parsed("markdown_pipes.md")
    (row,) = document.derivative_table
    assert (row.price_per_share, row.exercise_date, row.expiration_date) == (Decimal(0), None, date(2028, 2, 29))
    assert row.footnotes == {"transaction_code": ("F1",), "exercise_date": ("F4",)}
    assert not any(warning.startswith("Table II") for warning in document.warnings)


@pytest.mark.parametrize(("mark", "checked"), [("[X]", True), ("☑", True), ("X", True), ("☐", False), ("[ ]", False), ("", None)])
def test_the_plan_box_has_three_values(mark: str, checked: bool | None) -> None:
    document = parsed("markdown_pipes.md", ("☒ Check this box to indicate", f"{mark} Check this box to indicate"))
    assert document.aff10b5_one is checked
    assert any("Rule 10b5-1 box" in warning for warning in document.warnings) is (checked is None)


def test_a_date_of_original_filing_makes_an_amendment() -> None:
    label = "4. If Amendment, Date of Original Filed (Month/Day/Year)"
    document = parsed("markdown_pipes.md", (label, f"{label} 05/08/2024"))
    assert (document.form_type, document.date_of_original_submission) == ("4/A", date(2024, 5, 8))


def test_a_full_period_that_the_rows_contradict_is_kept_and_marked() -> None:
    document = parsed("markdown_pipes.md", ("1 EXAMPLE WAY | 05/06/2024", "1 EXAMPLE WAY | 05/03/2024"))
    assert document.period_of_report == date(2024, 5, 3)
    assert any("2024-05-03 is not the earliest transaction date" in warning for warning in document.warnings)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (("| 9,900.25 | D |", "| 9,900.25 | I |"), "another form of ownership"),
        (("| 10,000.25 | D |", "| 10,0OO.25 | D |"), "the balance before is not legible"),
        (("Class A Common Stock | 05/07/2024", "Class B Common Stock | 05/07/2024"), "another security"),
        (("| G | V | 100 |", "| G | V | 101 |"), "the number read is not the difference"),
    ],
)
def test_nothing_is_derived_where_there_is_a_doubt(changed: tuple[str, str], why: str) -> None:
    row = parsed("markdown_pipes.md", changed).non_derivative_table[2]
    assert (row.acquired_disposed, row.derived) == (None, ()), why


def test_cells_stacked_in_one_line_become_rows_and_short_columns_are_not_guessed() -> None:
    stack = (
        "| Class A Common Stock Class A Common Stock | 05/08/2024 05/08/2024 | | S S | | 50 60 | D D | \\$97 |"
        " 9,850.25 9,790.25 | D D | |\n| Class A Common Stock | | | | | | | | 7,000 |"
    )
    document = parsed("markdown_pipes.md", ("| Class A Common Stock | | | | | | | | 7,000 |", stack))
    rows = document.non_derivative_table[4:6]
    assert [(row.shares, row.transaction_code, row.shares_owned_following) for row in rows] == [
        (Decimal(50), "S", Decimal("9850.25")),
        (Decimal(60), "S", Decimal("9790.25")),
    ]
    assert [row.price_per_share for row in rows] == [None, None]
    assert "Table I row 6 (Class A Common Stock): price is not legible ('$97')" in document.warnings


def test_a_mark_that_lost_its_brackets_makes_no_row() -> None:
    document = parsed("markdown_pipes.md", ("\\$99.01 $^{(2)(3)}$", "\\$99.01 2"))
    assert len(document.non_derivative_table) == 5
    assert document.non_derivative_table[1].price_per_share is None
    assert "Table I row 2 (Class A Common Stock): price is not legible ('$99.01 2')" in document.warnings


def test_rows_that_a_scanner_ran_together_are_read_from_the_top() -> None:
    document = parsed("smeared_tabs.txt")
    first, second, third = document.non_derivative_table
    assert (first.transaction_code, first.shares, first.acquired_disposed) == ("M", Decimal(700), "A")
    assert (first.transaction_date, first.shares_owned_following) == (date(2025, 3, 4), Decimal(9700))
    assert (second.transaction_code, second.shares, second.derived) == ("F", Decimal(300), ("shares", "acquired_disposed"))
    assert (second.price_per_share, second.footnotes) == (Decimal("40.5"), {"price_per_share": ("F2",)})
    assert (third.transaction_code, third.shares, third.price_per_share) == (None, Decimal(500), None)


def test_a_date_cut_in_two_cells_is_one_date_and_half_of_it_is_none() -> None:
    rows = parsed("smeared_tabs.txt").non_derivative_table
    assert [row.transaction_date for row in rows] == [date(2025, 3, 4), None, None]
    halves = parsed("smeared_tabs.txt", ("03/04/20\t025", "03/04/20\t")).non_derivative_table
    assert [row.transaction_date for row in halves] == [None, None, None]


def test_a_second_form_of_ownership_stops_derivation_where_a_row_does_not_say_its_own() -> None:
    rows = parsed("smeared_tabs.txt", ("9,700\tD D", "9,700\tD I"), ("8,900\tD D D", "8,900\tD I")).non_derivative_table
    assert [row.derived for row in rows][1:] == [(), ()]


def test_a_column_that_two_lines_read_differently_is_not_legible_and_doubles_no_row() -> None:
    document = parsed("smeared_tabs.txt", ("8,900\tD D D", "8,900\tI D D"))
    assert [row.direct_or_indirect for row in document.non_derivative_table] == [None, None, None]
    assert [row.derived for row in document.non_derivative_table] == [(), (), ()]


def test_a_title_cut_in_two_is_completed_only_if_one_usual_title_fits() -> None:
    assert parsed("smeared_tabs.txt").reporting_owners[0].officer_title == "CHIEF FINANCIAL OFFICER"
    doubtful = parsed("smeared_tabs.txt", ("CHIEF FINAN", "CHIEF"), ("CIAL OFFICER", "OFFICER"))
    assert doubtful.reporting_owners[0].officer_title is None
    assert any("the officer title is cut into 'CHIEF' and 'OFFICER' and not legible" in w for w in doubtful.warnings)


# --- typed forms ------------------------------------------------------------------------------------------------------------


def test_boxes_typed_side_by_side_are_told_apart() -> None:
    document = parsed("ascii_columns.txt")
    assert (document.issuer.name, document.issuer.trading_symbol) == ("Example Corp", "EXMP")
    (owner,) = document.reporting_owners
    assert (owner.name, owner.is_director, owner.is_officer) == ("Doe John B.", True, True)
    assert (owner.is_ten_percent_owner, owner.officer_title) == (False, "Vice President")
    assert (document.period_of_report, document.not_subject_to_section16) == (date(1997, 12, 3), False)
    assert [(s.name, s.date) for s in document.signatures] == [("/s/ John B. Doe", date(1998, 1, 5))]


def test_columns_are_found_below_their_heads_without_a_ruler() -> None:
    first, second, gift, spouse = parsed("ascii_columns.txt").non_derivative_table
    assert (first.security_title, first.price_per_share) == ("Common Stock, $.01 par value", Decimal("7.375"))
    assert (first.shares_owned_following, first.direct_or_indirect) == (None, None)
    assert (second.shares, second.price_per_share, second.shares_owned_following) == (
        Decimal(400),
        Decimal("15.5"),
        Decimal(5600),
    )
    assert (gift.transaction_code, gift.transaction_form_type, gift.price_per_share) == ("G", "5", None)
    assert (gift.shares_owned_following, gift.acquired_disposed) == (Decimal(5500), "D")
    assert (spouse.kind, spouse.shares_owned_following, spouse.direct_or_indirect) == ("holding", Decimal(2000), "I")
    assert (spouse.nature_of_ownership, spouse.footnotes) == ("By spouse", {"nature_of_ownership": ("F1",)})


def test_a_ruled_form_gives_a_ten_percent_owner_and_both_tables() -> None:
    document = parsed("ascii_ruled.txt")
    (owner,) = document.reporting_owners
    assert (owner.name, owner.is_ten_percent_owner, owner.is_director) == ("Specimen Partners, L.P.", True, False)
    assert (document.issuer.name, document.issuer.trading_symbol) == ("Example Corp", "EXMP")
    (warrant,) = document.derivative_table
    assert (warrant.security_title, warrant.shares, warrant.acquired_disposed) == ("Warrant", Decimal(300), "A")
    assert (warrant.exercise_date, warrant.expiration_date) == (None, date(2004, 5, 10))
    assert "Table II row 1 (Warrant): exercise date is not legible ('Immed.')" in document.warnings
    assert (document.period_of_report, document.footnotes) == (None, {})


def test_an_illegible_number_between_two_balances_is_derived_and_an_explicit_nil_price_read() -> None:
    row = parsed("ascii_ruled.txt").non_derivative_table[1]
    assert (row.shares, row.acquired_disposed, row.derived) == (Decimal(5000), "D", ("shares",))
    assert (row.transaction_code, row.equity_swap_involved, row.price_per_share) == ("S", True, Decimal(0))


# --- other forms ------------------------------------------------------------------------------------------------------------


def test_a_form_3_gives_several_owners_and_holdings_only() -> None:
    document = parsed("form3_owners.md")
    assert (document.form_type, document.period_of_report) == ("3", date(2024, 1, 15))
    fund, partner = document.reporting_owners
    assert (fund.name, fund.is_ten_percent_owner, fund.is_other) == ("Example Fund LP", True, False)
    assert (partner.name, partner.is_other, partner.other_text) == ("Example GP LLC", True, "General partner")
    (stock,), (preferred,) = document.non_derivative_table, document.derivative_table
    assert (stock.kind, stock.shares_owned_following, stock.direct_or_indirect) == ("holding", Decimal(1234567), "I")
    assert (preferred.kind, preferred.underlying_security_shares) == ("holding", Decimal(500000))
    assert preferred.footnotes == {
        "exercise_date": ("F2",),
        "expiration_date": ("F2",),
        "conversion_or_exercise_price": ("F2",),
    }
    assert document.warnings == ()


def test_a_signature_without_slashes_is_the_line_above_its_label() -> None:
    (signature,) = parsed("form3_owners.md").signatures
    assert (signature.name, signature.date) == ("Example Fund LP, by Pat Person", date(2024, 1, 20))


def test_a_form_5_is_not_taken_for_a_4_by_its_small_print() -> None:
    assert parsed("markdown_pipes.md", ("# FORM 4", "# FORM 5")).form_type == "5"


def test_a_form_without_a_derivative_table_is_read_and_says_so() -> None:
    text = re.sub(r"(?s)### Table II.*?(?=\*\*Explanation)", "", case("markdown_pipes.md"))
    document = parse_printed(text.encode())
    assert (len(document.non_derivative_table), document.derivative_table) == (5, ())
    assert "Table II: not found" in document.warnings


# --- anything at all ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [b"", b"FORM 4", b"<html><body>Request Rate Threshold Exceeded</body></html>", b"FORM 4\nthe issuer name", b"\xff\x00"],
)
def test_what_is_no_section_16_form_is_unreadable(text: bytes) -> None:
    with pytest.raises(UnreadableDocument):
        parse_printed(text)


def test_a_text_over_the_cap_is_unreadable() -> None:
    with pytest.raises(UnreadableDocument, match="larger than"):
        parse_printed(case("ascii_ruled.txt").encode().ljust(MAX_BYTES + 1))


def test_latin_1_is_read() -> None:
    text = case("ascii_columns.txt").replace("Doe      John ", "Müller   José ").encode("latin-1")
    assert parse_printed(text).reporting_owners[0].name == "Müller José B."


def is_read_or_refused(text: bytes) -> None:
    try:
        document = parse_printed(text)
    except UnreadableDocument:
        return
    assert document.source == "text"
    for row in (*document.non_derivative_table, *document.derivative_table):
        assert row.kind in ("transaction", "holding")
        assert row.acquired_disposed in (None, "A", "D")
        assert row.direct_or_indirect in (None, "D", "I")


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    is_read_or_refused(text)
    is_read_or_refused(b"FORM 4\nIssuer Name\nReporting Person\n1. Title of Security\t" + text)


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_mutants_of_real_shapes_are_read_or_refused(data: st.DataObject) -> None:
    text = bytearray(case(data.draw(st.sampled_from(NAMES))).encode())
    pieces = st.sampled_from(
        [
            b"\t",
            b"|",
            b"\n",
            b"(1)",
            b"$",
            b"\\(",
            b"<sup>",
            b"<C>",
            b"D D",
            b"02/30/2024",
            b"0",
            b",",
            b"^",
            b"\xff",
            b"V",
            b"S/K",
            b"&#0;",
        ]
    )
    for _ in range(data.draw(st.integers(1, 12))):
        at = data.draw(st.integers(0, len(text)))
        end = min(len(text), at + data.draw(st.integers(0, 40)))
        moved = bytes(text[end : end + 30])
        text[at:end] = data.draw(st.one_of(pieces, st.binary(max_size=6), st.just(moved)))
    is_read_or_refused(bytes(text))


@pytest.mark.parametrize(
    "piece", ["\\(", "<sup>", "<del>", "a  ", "_", "(1)", "1,111", "Common Stock ", "/s/ ", "|", "<C> ", "[X] Director "]
)
def test_hostile_repetition_costs_linear_time(piece: str) -> None:
    def seconds(size: int) -> float:
        text = (case("smeared_tabs.txt").split("## Expl")[0] + piece * (size // len(piece))).encode()
        start = process_time()
        is_read_or_refused(text)
        return process_time() - start

    seconds(1000)
    assert seconds(800_000) < 20 * max(seconds(100_000), 0.01)
