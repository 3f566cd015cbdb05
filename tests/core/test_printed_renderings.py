"""The reader of printed forms on text made of SEC's pages: beside the XML behind the page, and on two such texts of our own."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest

from tests.independent import Reader
from tests.rendering import STYLES
from tests.rendering import Pair
from tests.rendering import Style
from tests.rendering import as_text
from tests.rendering import judge
from tests.rendering import pairs
from watcher.core.model import OwnershipDocument
from watcher.core.printed import parse_printed
from watcher.core.rendered import parse_rendered

CASES = Path(__file__).resolve().parents[1] / "cases" / "printed"
SAMPLE = 4  # every fourth document: all of them take half a minute (bench/rendered.py --text)


@pytest.fixture(scope="module")
def verdicts(corpus: Path) -> dict[Style, Counter[str]]:
    counted: dict[Style, Counter[str]] = {style: Counter() for style in STYLES}
    for pair in islice(pairs(corpus, every=False), 0, None, SAMPLE):
        page = parse_rendered(pair.page)
        for style in STYLES:
            judged = judge(pair, page, parse_printed(as_text(pair.page, style)))
            counted[style].update(one.verdict for one in judged)
            counted[style].update(f"{one.verdict} {one.difference}" for one in judged if one.verdict == "wrong")
    return counted


@pytest.mark.parametrize(("style", "floor"), [("markdown", 0.999), ("columns", 0.998)])
def test_a_text_of_a_page_gives_back_what_the_page_shows(verdicts: dict[Style, Counter[str]], style: Style, floor: float) -> None:
    counted = verdicts[style]
    assert counted["read"] > 10_000
    assert counted["read"] / (counted["read"] + counted["missed"] + counted["alike"]) >= floor


@pytest.mark.parametrize("style", STYLES)
def test_a_text_of_a_page_gives_nothing_that_the_xml_does_not_say(verdicts: dict[Style, Counter[str]], style: Style) -> None:
    assert [verdict for verdict in verdicts[style] if verdict.startswith("wrong")] == []


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("page", "xml"),
    [
        ("0001127602-15-028697", "0001127602-15-028697"),
        ("374WaterForm4", "noacc_6517d04a6984"),
        ("form3.snow", "noacc_68c8b2f760cd"),
    ],
)
def test_a_text_of_a_page_of_the_archive_lacks_only_ciks_and_a_box_that_is_not_drawn(
    corpus: Path, page: str, xml: str, style: Style
) -> None:
    html = (corpus / "html" / f"{page}.html").read_bytes()
    pair = Pair(corpus / "xml" / f"{xml}.xml", "archive", Reader((corpus / "xml" / f"{xml}.xml").read_bytes()), html)
    judged = judge(pair, parse_rendered(html), parse_printed(as_text(html, style)))
    lacking = {one.difference.field for one in judged if one.verdict not in ("read", "unsaid")}
    assert lacking <= {"issuer.cik", "reporting_owners.cik", "aff10b5_one"}


@pytest.mark.parametrize("style", STYLES)
def test_a_text_of_a_page_of_the_archive_names_each_of_ten_owners_once(corpus: Path, style: Style) -> None:
    document = parse_printed(as_text((corpus / "html" / "form3.BAMPartners.html").read_bytes(), style))
    assert len({owner.name for owner in document.reporting_owners}) == len(document.reporting_owners) == 10
    assert [owner.is_ten_percent_owner for owner in document.reporting_owners] == [True] + [False] * 9
    assert document.derivative_table == ()


# --- our own ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def in_columns() -> OwnershipDocument:
    return parse_printed((CASES / "page_columns.txt").read_bytes())


def test_words_and_marks_that_go_on_in_the_next_line_of_a_column_belong_to_the_row(in_columns: OwnershipDocument) -> None:
    option, swap, gift, held = in_columns.non_derivative_table
    assert {row.security_title for row in (option, swap, gift)} == {"Class A Common Stock"}
    assert gift.nature_of_ownership == "By the Jane Q. Roe Family Trust for the benefit of her children"
    assert gift.footnotes == {"nature_of_ownership": ("F4", "F5")}
    assert (held.kind, held.security_title, held.shares_owned_following) == ("holding", "Class B Common Stock", Decimal(7000))


def test_a_code_without_v_or_k_is_of_the_forms_own_type_and_no_swap(in_columns: OwnershipDocument) -> None:
    coding = [
        (row.transaction_code, row.transaction_form_type, row.equity_swap_involved) for row in in_columns.non_derivative_table
    ]
    assert coding == [("M", "4", False), ("S", "4", True), ("G", "5", False), (None, None, None)]


def test_a_figure_with_a_dollar_sign_is_a_value_and_no_number_of_shares(in_columns: OwnershipDocument) -> None:
    note = in_columns.derivative_table[1]
    assert (note.kind, note.value_owned_following, note.shares_owned_following) == ("holding", Decimal(50000), None)
    assert (note.underlying_security_value, note.underlying_security_shares) == (Decimal(50000), None)
    assert note.footnotes == {"conversion_or_exercise_price": ("F5",)}
    assert not any(warning.startswith("Table") for warning in in_columns.warnings)


def test_a_listed_name_that_may_go_on_in_the_next_line_is_not_cut_short(in_columns: OwnershipDocument) -> None:
    assert [owner.name for owner in in_columns.reporting_owners] == ["ROE JANE Q", None, "Specimen Trust"]
    assert in_columns.warnings == ("reporting owner 2: where the name ends and the address begins is not legible",)
    director, fund, trust = in_columns.reporting_owners
    assert (director.is_director, director.officer_title) == (True, "Managing Director, Widgets")
    assert (fund.is_ten_percent_owner, fund.is_director) == (True, False)
    assert (trust.is_other, trust.other_text) == (True, "Member of 10% owner group")


def test_signatures_above_the_explanations_are_read_each_with_its_date(in_columns: OwnershipDocument) -> None:
    assert [(signature.name, signature.date) for signature in in_columns.signatures] == [
        ("/s/ Ann Attorney, attorney-in-fact for Jane Q. Roe", date(2024, 5, 8)),
        ("Example Growth Partners, by John Doe under the agreement of March 1, 2023", date(2024, 5, 9)),
    ]
    assert list(in_columns.footnotes) == ["F1", "F2", "F3", "F4", "F5"]
    assert in_columns.remarks == "See Exhibit 24."


def test_a_form_5_says_beside_the_code_to_which_form_a_row_belonged() -> None:
    document = parse_printed((CASES / "page_markdown.md").read_bytes())
    rows = document.non_derivative_table
    assert [(row.kind, row.transaction_code, row.transaction_form_type) for row in rows] == [
        ("transaction", "P", "4"),
        ("transaction", "G", "5"),
        ("holding", None, "3"),
    ]
    assert (document.period_of_report, document.warnings) == (date(2024, 12, 31), ())
    assert (document.form3_holdings_reported, document.not_subject_to_section16) == (True, True)


def test_a_digit_behind_a_code_of_form_4_is_a_mark_without_its_brackets() -> None:
    text = (CASES / "page_columns.txt").read_text().replace(" G     V ", " G3    V ")
    gift = parse_printed(text.encode()).non_derivative_table[2]
    assert (gift.transaction_code, gift.transaction_form_type) == (None, None)


def test_a_listed_name_that_runs_into_its_address_is_not_given() -> None:
    text = (CASES / "page_markdown.md").read_text()
    row = "| ROE JANE Q<br>1 EXAMPLE WAY<br>ANYTOWN, NY 10001 |  |  | President |  |"
    further = "| Example Fund LP 1 EXAMPLE WAY ANYTOWN, NY 10001 |  | X |  |  |"
    assert row in text
    owners = parse_printed(text.replace(row, f"{row}\n{further}").encode()).reporting_owners
    assert [(owner.name, owner.is_ten_percent_owner) for owner in owners] == [("ROE JANE Q", False), (None, True)]


def test_a_list_of_owners_whose_columns_are_not_legible_leaves_the_owners_of_the_boxes() -> None:
    text = (CASES / "page_columns.txt").read_text().replace("Director  10% Owner  Officer      ", "Director 10% Owner Officer ")
    document = parse_printed(re.sub("Officer +Other\n", "Officer Other\n", text).encode())
    assert [owner.name for owner in document.reporting_owners] == ["ROE JANE Q"]
