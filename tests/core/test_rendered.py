"""The reader of SEC's HTML pages: on pages that carry their own expectation, on harm, and beside the XML behind the page."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from tests.expectation import expectation
from tests.expectation import hold
from tests.independent import Reader
from tests.independent import as_json
from tests.rendering import Difference
from tests.rendering import compare
from tests.rendering import pairs
from watcher.core.errors import UnreadableDocument
from watcher.core.rendered import parse_rendered

CASES = sorted((Path(__file__).parents[1] / "cases" / "rendered").glob("*.html"))
PAGES = {case.stem: case.read_bytes().partition(b"-->")[2] for case in CASES}
FORM4 = PAGES["archive_form4_amendment"]
# The pages of the corpus whose XML it holds as well.
ARCHIVED = {
    "0001127602-15-028697": "0001127602-15-028697",
    "374WaterForm4": "noacc_6517d04a6984",
    "form3.snow": "noacc_68c8b2f760cd",
}


def replaced(page: bytes, old: str, new: str) -> bytes:
    assert old.encode() in page
    return page.replace(old.encode(), new.encode(), 1)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_case_is_read_as_it_says(case: Path) -> None:
    comment = case.read_text().partition("<!--")[2].partition("-->")[0]
    document = parse_rendered(case.read_bytes())
    assert document.source == "html"
    hold(expectation(comment), as_json(document), document.warnings)


@pytest.mark.parametrize(
    "not_a_rendering",
    [
        b"",
        b"\x00\x01\xff" * 40,
        b"FORM 4",
        b"<ownershipDocument><documentType>4</documentType></ownershipDocument>",
        b"<html><body><h1>Your Request Originates from an Undeclared Automated Tool</h1></body></html>",
        FORM4.replace(b"FORM 4", b"FORM 144"),
    ],
    ids=["nothing", "no text", "two words", "xml", "a refusal", "another form"],
)
def test_what_is_no_rendering_is_unreadable(not_a_rendering: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="not the SEC's rendering"):
        parse_rendered(not_a_rendering)


@pytest.mark.parametrize(("filler", "words"), [(b" " * 4_000_000, "4,000,000 bytes"), (b"<p>" * 100_000, "100,000 tags")])
def test_a_page_above_the_caps_is_unreadable(filler: bytes, words: str) -> None:
    with pytest.raises(UnreadableDocument, match=words):
        parse_rendered(FORM4 + filler)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (">1,000<", ">1,O00<", "shares"),
        (">5.25<", ">5.25 each<", "price_per_share"),
        (">03/05/2024</span></td>\n<td align=", ">02/30/2024</span></td>\n<td align=", "transaction_date"),
        (">M<", ">M+<", "transaction_code"),
    ],
)
def test_an_illegible_cell_is_none_and_named_in_a_warning(old: str, new: str, field: str) -> None:
    document = parse_rendered(replaced(FORM4, old, new))
    assert getattr(document.non_derivative_table[0], field) is None
    assert any(warning.startswith(f"Table I row 1, {field}: ") for warning in document.warnings)


def test_a_year_that_cannot_be_is_kept_and_warned_of() -> None:
    document = parse_rendered(FORM4.replace(b"06/30/2031", b"06/30/0031"))
    assert [row.expiration_date.year for row in document.derivative_table if row.expiration_date] == [31, 2030]
    assert any("the year of '06/30/0031' cannot be right" in warning for warning in document.warnings)


def test_a_row_that_does_not_fit_its_headings_is_left_out_and_named() -> None:
    document = parse_rendered(replaced(FORM4, '<td align="center"><span class="FormData">M</span></td>\n', ""))
    assert len(document.non_derivative_table) == 3
    assert any(warning.startswith("Table I row 1: 10 cells stand under 11 headings") for warning in document.warnings)


def test_a_column_of_unknown_heading_is_named() -> None:
    document = parse_rendered(replaced(FORM4, ">Price<", ">Prix<"))
    assert document.non_derivative_table[0].price_per_share is None
    assert "Table I: the column 'Prix' is not understood" in document.warnings


def test_a_page_without_the_plan_box_does_not_say_no() -> None:
    old_page = replaced(FORM4, "Check this box to indicate", "Nothing to indicate")
    unticked = replaced(FORM4, "<td>X</td></tr></table></td>", "<td></td></tr></table></td>")
    assert [parse_rendered(page).aff10b5_one for page in (old_page, unticked, FORM4)] == [None, False, True]


def test_a_page_that_breaks_off_is_warned_of() -> None:
    whole, _, _ = FORM4.partition(b"** Signature")
    assert "the page has no place for a signature: it may have been cut off" in parse_rendered(whole).warnings


def test_a_page_saved_in_another_encoding_keeps_its_letters() -> None:
    page = replaced(FORM4, "ROE JANE", "ROÉ JANE").decode().encode("cp1252")
    assert parse_rendered(page).reporting_owners[0].name == "ROÉ JANE"


def test_a_name_broken_over_lines_by_a_mail_program_is_one_line() -> None:
    page = replaced(FORM4, ">Example Corp<", ">Example\n  Corp<")
    assert parse_rendered(page).issuer.name == "Example Corp"


@pytest.mark.parametrize("filler", ["a" + " " * 1_000_000 + "b", "_" * 1_000_000, "[" * 1_000_000, "1" * 1_000_000])
def test_time_grows_with_size_and_no_faster(filler: str) -> None:
    page = FORM4.replace(b"Common Stock", filler.encode(), 1).replace(b"ROE JANE", filler.encode(), 1)
    started = time.perf_counter()
    parse_rendered(page)
    assert time.perf_counter() - started < 5  # it takes a fraction of a second; growing with the square, it would take an hour


@given(
    page=st.sampled_from(sorted(PAGES)),
    cuts=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 80), st.binary(max_size=12)), max_size=6),
    fragments=st.lists(
        st.sampled_from([b"<td>", b"</td>", b"</tr>", b"<table>", b"</table>", b"<sup>", b"<br>", b"$", b"<th colspan=99>"])
    ),
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_a_document_or_unreadable(page: str, cuts: list[tuple[float, int, bytes]], fragments: list[bytes]) -> None:
    harmed = PAGES[page]
    for (place, length, junk), fragment in zip(cuts, [*fragments, b"", b"", b"", b"", b"", b""], strict=False):
        at = int(place * len(harmed))
        harmed = harmed[:at] + junk + fragment + harmed[at + length :]
    try:
        document = parse_rendered(harmed)
    except UnreadableDocument:
        return
    assert document.source == "html"


# --- beside the XML behind them ------------------------------------------------------------------------------------------


def not_on_the_page(difference: Difference, stylesheet: str) -> bool:
    """Whether a difference is one that no reader of the page could avoid."""
    field, wanted, got = difference.field, difference.wanted, difference.got
    if field in {"issuer.cik", "reporting_owners.cik"}:
        return got is None  # the specification's stylesheets print no CIK
    if field.endswith("transaction_timeliness"):
        return got is None  # only "L" on a form 5 row of type 5 is printed, and the corpus has none
    if field in {"not_subject_to_section16", "aff10b5_one"}:
        # A stylesheet prints its boxes whether or not the XML has the element, and a box it does not know it does not print.
        return (wanted, got) == (None, False) or (field == "aff10b5_one" and stylesheet.endswith("X06") and got is None)
    # Form 5's stylesheets print a reference on the exercise price only where there is a price.
    return field.endswith("footnotes.conversion_or_exercise_price") and stylesheet.startswith("5") and got is None


def test_rendered_pairs_give_back_all_that_the_page_shows(corpus: Path) -> None:
    stated, differing, unexplained = 0, 0, []
    for pair in pairs(corpus, every=False):
        paths, differences = compare(pair.wanted, parse_rendered(pair.page))
        stated, differing = stated + len(paths), differing + len(differences)
        unexplained += [(pair.xml.name, pair.stylesheet, one) for one in differences if not not_on_the_page(one, pair.stylesheet)]
    assert unexplained == []
    assert stated > 50_000
    assert 1 - differing / stated > 0.97


@pytest.mark.parametrize(("page", "xml"), ARCHIVED.items())
def test_a_page_of_the_archive_gives_what_its_xml_gives(corpus: Path, page: str, xml: str) -> None:
    wanted = Reader((corpus / "xml" / f"{xml}.xml").read_bytes())
    document = parse_rendered((corpus / "html" / f"{page}.html").read_bytes())
    _, differences = compare(wanted, document)
    # Two of the three XMLs have no notSubjectToSection16, where the page prints its box, empty.
    told = {one.field: (one.wanted, one.got) for one in differences}
    assert told in ({}, {"not_subject_to_section16": (None, False)})
    assert document.warnings == ()


def test_a_page_of_the_archive_names_all_of_ten_owners(corpus: Path) -> None:
    document = parse_rendered((corpus / "html" / "form3.BAMPartners.html").read_bytes())
    assert len({owner.cik for owner in document.reporting_owners}) == 10
    assert document.issuer.name == "Triton International Ltd"
    assert len(document.warnings) == 1
