"""What is marked and what is not: each mark on a row that cannot be meant, and on the ordinary row beside it. All rows are made up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from datetime import date
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from tests.core.samples import ALEX
from tests.core.samples import FILED
from tests.core.samples import ISSUER
from tests.core.samples import JANE
from tests.core.samples import TUESDAY
from tests.core.samples import document
from tests.core.samples import held
from tests.core.samples import number
from tests.core.samples import option
from tests.core.samples import real_readings
from tests.core.samples import row
from watcher.cli.parse import parse
from watcher.core.errors import UnreadableDocument
from watcher.core.marks import MARKS
from watcher.core.marks import MOST_ALIKE
from watcher.core.marks import marks
from watcher.core.marks_figures import running_tally_does_not_link
from watcher.core.marks_filing import Filing
from watcher.core.model import Issuer
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row
from watcher.core.model import Signature
from watcher.core.reading import document_of
from watcher.core.reading import read
from watcher.core.submission import EASTERN

CASES = Path(__file__).parents[1] / "cases"
WEDNESDAY = date(2026, 6, 17)
AVERAGE = "A weighted average; the shares were sold at prices ranging from $25.10 to $25.99."
NOTED = {"price_per_share": ("F1",)}


def sold(price: str | int = "25.56", shares: str | int = 100, after: str | int = 900, **more: Any) -> Row:
    """A sale as an ordinary form states it."""
    return row("S", "D", shares, price, after=after, **more)


def exercised(on: date | None = TUESDAY, **more: Any) -> Row:
    """An exercise in Table II as an ordinary form states it."""
    return replace(option(after=400, on=on), **more)


def symbol(typed: str | None) -> OwnershipDocument:
    return replace(document(sold()), issuer=Issuer(ISSUER.cik, ISSUER.name, typed))


def signed(*days: date) -> OwnershipDocument:
    return replace(document(sold()), signatures=tuple(Signature("/s/ Jane Roe", day) for day in days))


def amendment(original: date | None) -> OwnershipDocument:
    return replace(document(sold(), form="4/A"), date_of_original_submission=original)


def plain(form: str = "4", **more: Any) -> OwnershipDocument:
    """A form without a row."""
    return replace(document(form=form), **more)


# What is filed on Wednesday, and the one warning it gets.
MARKED: dict[str, tuple[OwnershipDocument, str]] = {
    "a transaction of a later year": (
        document(sold(), sold(on=date(2035, 1, 10), after=800)),
        "Table I row 2, transaction date: '2035-01-10' is after the filing date, 2026-06-17",
    ),
    "a deemed date to come": (
        document(replace(sold(), deemed_execution_date=date(2026, 6, 18))),
        "Table I row 1, deemed execution date: '2026-06-18' is after the filing date, 2026-06-17",
    ),
    "a transaction after every signature": (
        signed(date(2026, 6, 11), date(2026, 6, 12)),
        "Table I row 1, transaction date: '2026-06-16' is after every signature (2026-06-12 at the latest)",
    ),
    "a transaction of years before": (
        replace(document(sold(on=date(2023, 6, 16))), period_of_report=date(2023, 6, 16)),
        "Table I row 1, transaction date: '2023-06-16' is years before the filing (2026-06-17)",
    ),
    "a deemed date of a month before": (
        document(replace(sold(), deemed_execution_date=date(2026, 5, 13))),
        "Table I row 1, deemed execution date: '2026-05-13' is long before the transaction date, 2026-06-16",
    ),
    "an option that expires before it can be exercised": (
        document(derivatives=[exercised(exercise_date=date(2031, 2, 14))]),
        "Table II row 1, expiration date: '2030-02-14' is before the exercise date, 2031-02-14",
    ),
    "an option exercised years after it expired": (
        document(derivatives=[exercised(expiration_date=date(1988, 8, 8))]),
        "Table II row 1, expiration date: '1988-08-08' is before the transaction date, 2026-06-16",
    ),
    "a period that is no transaction's day": (
        replace(document(sold()), period_of_report=date(2026, 6, 15)),
        "period of report: '2026-06-15' is not the earliest transaction date, 2026-06-16",
    ),
    "a period to come": (
        replace(document(sold()), period_of_report=date(2027, 6, 16)),
        "period of report: '2027-06-16' is after the filing date, 2026-06-17",
    ),
    "a signature of the day after": (
        signed(date(2026, 6, 18)),
        "signature 1, date: '2026-06-18' is after the filing date, 2026-06-17",
    ),
    "an amendment of nothing": (amendment(None), "date of original submission: is not stated, though this is a form 4/A"),
    "an amendment of what is to come": (
        amendment(date(2026, 7, 1)),
        "date of original submission: '2026-07-01' is after the filing date, 2026-06-17",
    ),
    "a price that is another row's total": (
        document(sold("25.50"), sold("2550.00", after=800)),
        "Table I row 2, price per share: '2550.00' is exactly shares times price of Table I row 1: it may be a total",
    ),
    "a price that is its own row's total": (
        document(sold("25.50"), sold("5100.00", 200, 700)),
        "Table I row 2, price per share: '5100.00' is exactly this row's shares times the price of Table I row 1: it may be a total",
    ),
    "a price that is the number of shares": (
        document(sold("4022.50", "4022.50")),
        "Table I row 1, price per share: '4022.50' is also the number of shares",
    ),
    "a price that no share has": (
        document(sold("24035774.40")),
        "Table I row 1, price per share: '24035774.40' is more than a share costs: it may be a total",
    ),
    "a price unlike the others'": (
        document(sold("25.50"), sold("25.60", after=800), sold("2560.10", after=700)),
        "Table I row 3, price per share: '2560.10' is far above the other rows' ('25.60'): it may be a total",
    ),
    "shares times price beyond ten billion dollars": (
        document(row("P", "A", 551759, "25000", after=551759, title="Convertible Note")),
        "Table I row 1, price per share: '25000' times '551759' shares is more than 10,000,000,000 dollars: it may be a total",
    ),
    "a sale for nothing": (document(sold("0")), "Table I row 1, price per share: '0' for a sale"),
    "an average outside its range": (
        document(sold("52.51", footnotes=NOTED), footnotes={"F1": AVERAGE}),
        "Table I row 1, price per share: '52.51' is outside the prices of its footnote, 25.10 to 25.99",
    ),
    "two exercise prices for the same shares": (
        document(row("M", "A", 100, "26.55", after=1000), derivatives=[exercised(conversion_or_exercise_price=Decimal("25.65"))]),
        "Table II row 1, conversion or exercise price: '25.65' is not the price of Table I row 1, '26.55', for the same shares",
    ),
    "more shares than anybody holds": (
        document(row("G", "D", 24035774400, None, after=900)),
        "Table I row 1, shares: '24035774400' is more than anybody holds: it may be a value",
    ),
    "a transaction in no shares": (document(sold(shares=0)), "Table I row 1, shares: '0' is stated for a transaction"),
    "an award that is not in the total": (
        document(row("A", "A", 500, "0", after=200)),
        "Table I row 1, shares owned following: '200' is less than the '500' acquired",
    ),
    "a tally that does not link": (
        document(sold(after=900), sold(after=750), sold(after=650)),
        "Table I row 2, shares owned following: '750' does not follow from '900' in row 1: '100' were disposed of",
    ),
    "more sold than were held": (
        document(sold(after=50), sold(after=75)),
        "Table I row 2, shares owned following: '75' does not follow from '50' in row 1: '100' were disposed of, more than were held",
    ),
    "a symbol that is none": (symbol("[None]"), "issuer trading symbol: '[None]' stands for no symbol"),
    "a symbol of one dash": (symbol("-"), "issuer trading symbol: '-' stands for no symbol"),
    "a symbol with its exchange": (symbol("NYSE: EXMP"), "issuer trading symbol: 'NYSE: EXMP' names an exchange"),
    "an exchange for a symbol": (symbol("NASDAQ"), "issuer trading symbol: 'NASDAQ' names an exchange"),
    "two symbols": (symbol("EXMP, EXMPB"), "issuer trading symbol: 'EXMP, EXMPB' seems to hold several symbols"),
    "a symbol in parentheses": (symbol("(EXMP)"), "issuer trading symbol: '(EXMP)' is no ticker symbol"),
    "a number for a symbol": (symbol("1314152"), "issuer trading symbol: '1314152' is no ticker symbol"),
    "a code that the form does not have": (
        document(row("Q", "D", after=900)),
        "Table I row 1, transaction code: 'Q' is not among the form's codes",
    ),
    "a side that is neither": (
        document(row("S", "X", after=900)),
        "Table I row 1, acquired/disposed: 'X' is not among the form's codes",
    ),
    "ownership neither direct nor indirect": (
        document(sold(), replace(held(900, title="Preferred Stock"), direct_or_indirect="B")),
        "Table I row 2, direct/indirect: 'B' is not among the form's codes",
    ),
    "a row of a form 3 on a form 4": (
        document(replace(sold(), transaction_form_type="3")),
        "Table I row 1, transaction form type: '3' cannot stand on a form 4",
    ),
    "a purchase disposed of": (
        document(row("P", "D", after=900)),
        "Table I row 1, acquired/disposed: 'D' contradicts the transaction code P",
    ),
    "a transaction without shares": (document(row("S", "D", None, after=900)), "Table I row 1, shares: is not stated"),
    "a transaction without a code": (document(row(None, after=900)), "Table I row 1, transaction code: is not stated"),
    "a footnote that is not there": (
        document(sold(footnotes={"shares": ("F7",)}), footnotes={"F1": "Held directly."}),
        "Table I row 1, shares: refers to footnote 'F7', which the form does not have",
    ),
    "indirect ownership of no nature": (
        document(sold(), replace(held(900, nature="By Trust"), nature_of_ownership=None)),
        "Table I row 2, nature of ownership: is not stated, though the ownership is indirect",
    ),
    "code J unexplained": (
        document(row("J", "D", after=900)),
        "Table I row 1, transaction code: 'J' is without the footnote that has to say what was done",
    ),
    "an officer of no title": (
        document(sold(), owners=[ALEX, replace(JANE, officer_title=None)]),
        "reporting owner 2, officer title: is not stated for 'Roe Jane', an officer",
    ),
    "an owner without a CIK": (
        document(sold(), owners=[replace(JANE, cik=None)]),
        "reporting owner CIK: is not stated for 'Roe Jane'",
    ),
    "nobody who reports": (document(sold(), owners=[]), "reporting owner: none is named"),
    "a form without a row or a reason": (plain(), "Tables I and II: hold no row, and the form does not say why"),
    "nothing owned, and a row": (
        replace(document(held(900), form="3"), no_securities_owned=True),
        "no securities owned: is stated, and rows follow",
    ),
}

# What an ordinary form may well state.
UNMARKED: dict[str, OwnershipDocument] = {
    "a sale": document(sold()),
    "a transaction of the filing's own day": replace(document(sold(on=WEDNESDAY)), period_of_report=WEDNESDAY),
    "an amendment of years later": replace(
        amendment(date(2023, 6, 18)), non_derivative_table=(sold(on=date(2023, 6, 16)),), period_of_report=date(2023, 6, 16)
    ),
    "a row that says it is late": replace(
        document(replace(sold(on=date(2023, 6, 16)), transaction_timeliness="L"), form="5"), period_of_report=date(2025, 12, 31)
    ),
    "a deemed date of three days later": replace(
        document(replace(sold(on=date(2026, 6, 12)), deemed_execution_date=date(2026, 6, 15))), period_of_report=date(2026, 6, 12)
    ),
    "a period that is the deemed date": replace(
        document(replace(sold(), deemed_execution_date=date(2026, 6, 15))), period_of_report=date(2026, 6, 15)
    ),
    "an option to be exercised at once": document(derivatives=[exercised(exercise_date=date(2020, 2, 14))]),
    "a unit that ended last week": document(derivatives=[exercised(expiration_date=date(2026, 6, 10))]),
    "an expiration reported late": document(
        derivatives=[exercised(transaction_code="E", expiration_date=date(2026, 1, 10), price_per_share=None)]
    ),
    "an early report of an older gift": document(
        sold(), replace(row("G", "D", 5, "0", after=895, on=date(2026, 1, 5)), transaction_form_type="5")
    ),
    "a form 5 for its fiscal year": replace(document(sold(), form="5"), period_of_report=date(2025, 12, 31)),
    "a signature of the day of filing": signed(WEDNESDAY),
    "an amendment of last week's form": amendment(date(2026, 6, 10)),
    "an original on the same day": amendment(WEDNESDAY),
    "an option's price beside the market's": document(row("M", "A", 100, "0.10", after=1000), sold("25.50", 100, 900)),
    "a small price that happens to be a total": document(sold("20.00", 5, 900), sold("100.00", 5, 895)),
    "prices that rose ninefold": document(sold("2.50"), sold("22.50", after=800)),
    "the dearest of all shares": replace(document(sold("735000.00")), issuer=Issuer("0001067983", "Berkshire", "BRK.A")),
    "debt priced by the issue": document(
        derivatives=[exercised(security_title="4% Convertible Notes", price_per_share=Decimal(500000))]
    ),
    "a sale of nine billion dollars": document(sold("90.00", 100000000)),
    "a gift for nothing": document(row("G", "D", 100, "0", after=900)),
    "a warrant that came for nothing": document(
        derivatives=[replace(option("P", "A", 100, "10", title="Warrant"), shares_owned_following=Decimal(100))]
    ),
    "an average rounded beyond its range": document(sold("26.00", footnotes=NOTED), footnotes={"F1": AVERAGE}),
    "a range in another currency": document(
        sold("18.90", footnotes=NOTED), footnotes={"F1": "The average of prices from C$25.10 to C$25.99, in US dollars."}
    ),
    "a footnote on a price that is no average": document(
        sold("52.51", footnotes=NOTED), footnotes={"F1": "Sold after the tender at $10 was raised to $20."}
    ),
    "the same price in both tables": document(row("M", "A", 100, "10.00", after=1000), derivatives=[exercised()]),
    "two exercises of as many shares": document(
        row("M", "A", 100, "10", after=1000),
        row("M", "A", 100, "12", after=1100),
        derivatives=[exercised(), exercised(conversion_or_exercise_price=Decimal(12))],
    ),
    "a transaction stated in dollars": document(derivatives=[exercised(shares=None, total_value=Decimal(500000))]),
    "an award whose total a footnote explains": document(
        row("A", "A", 500, "0", after=200, footnotes={"shares_owned_following": ("F1",)}), footnotes={"F1": "After a transfer."}
    ),
    "a tally that links": document(sold(after=900), sold(after=800)),
    "a tally in another order": document(sold(after=800), sold(after=900)),
    "the final total on every row": document(sold(after=800), sold(after=800)),
    "two trusts of their own": document(sold(after=900, nature="By Trust A"), sold(after=10, nature="By Trust B")),
    "what is left of each grant": document(
        derivatives=[replace(exercised(), shares_owned_following=Decimal(left)) for left in (7, 90)]
    ),
    "a symbol in small letters": symbol("exmp"),
    "a class of shares": symbol("EXM.B"),
    "a class after a space": symbol("EXM B"),
    "a symbol spelled like an abbreviation": symbol("NA"),
    "no symbol": symbol(None),
    "every code of the form": document(
        *(
            row(code, "A" if code in "PAL" else "D", 5, None, nature=f"By {code}", footnotes={"shares": ("F1",)}, after=900)
            for code in "PADIMCEHOXGLWZJU"
        ),
        footnotes={"F1": "Explained."},
    ),
    "a row of form 5 on a form 4": document(replace(sold(), transaction_form_type="5")),
    "a row of form 3 on a form 5": replace(
        document(replace(sold(), transaction_form_type="3"), form="5"), period_of_report=TUESDAY
    ),
    "an award given back": document(row("A", "D", after=900)),
    "a footnote in the place of a price": document(
        sold(footnotes={"price_per_share": ("F1",)}), footnotes={"F1": "See the plan."}
    ),
    "a footnote in the place of shares": document(
        row("S", "D", None, after=900, footnotes={"shares": ("F1",)}), footnotes={"F1": "To be determined."}
    ),
    "indirect ownership explained by a footnote": document(
        sold(), replace(held(900, nature="x", notes=["F1"]), nature_of_ownership=None), footnotes={"F1": "Held by a trust."}
    ),
    "code J in a footnote": document(
        row("J", "D", after=900, footnotes={"shares": ("F1",)}), footnotes={"F1": "A distribution."}
    ),
    "code J in the remarks": document(row("J", "D", after=900), remarks="A distribution in kind."),
    "a director of no title": document(sold(), owners=[ALEX]),
    "an owner on paper": replace(document(sold(), owners=[replace(JANE, cik=None)]), source="text"),
    "an owner who has left": plain(not_subject_to_section16=True),
    "a newcomer who owns nothing": plain("3", no_securities_owned=True),
    "a newcomer's holdings": document(
        held(900),
        form="3",
        derivatives=[replace(exercised(), kind="holding", transaction_form_type=None, shares_owned_following=None)],
    ),
}


@pytest.mark.parametrize("marked", MARKED)
def test_is_marked(marked: str) -> None:
    content, warning = MARKED[marked]
    assert marks(content, filed_on=WEDNESDAY) == (warning,)


@pytest.mark.parametrize("unmarked", UNMARKED)
def test_is_not_marked(unmarked: str) -> None:
    assert marks(UNMARKED[unmarked], filed_on=WEDNESDAY) == ()


@pytest.mark.parametrize("mark", MARKS, ids=lambda mark: mark.__name__)
def test_each_mark_is_seen_to_fire(mark: Any) -> None:
    assert any(list(mark(Filing.of(content, WEDNESDAY))) for content, _ in MARKED.values())


def test_without_a_filing_date_only_signatures_bound_a_transaction() -> None:
    future = document(sold(on=date(2035, 1, 10)))
    future = replace(future, period_of_report=date(2035, 1, 10))
    assert marks(future, filed_on=None) == ()
    assert marks(replace(future, signatures=signed(WEDNESDAY).signatures), filed_on=None) == (
        "Table I row 1, transaction date: '2035-01-10' is after every signature (2026-06-17 at the latest)",
    )


def test_what_the_reader_doubted_is_not_doubted_again() -> None:
    doubted = ("Table I row 1, shares: 'l00' is not a number",)
    assert marks(document(row("S", "D", None, after=900), warnings=doubted), filed_on=WEDNESDAY) == ()


def test_a_cell_is_doubted_once_by_the_first_mark() -> None:
    """The price is another row's total, beyond any share and unlike the other rows'."""
    content = document(sold("255.00", 1000, 9000), sold("255000.00", 1000, 8000))
    assert marks(content, filed_on=WEDNESDAY) == (
        "Table I row 2, price per share: '255000.00' is exactly shares times price of Table I row 1: it may be a total",
    )


def test_the_same_mistake_on_every_row_is_counted_rather_than_listed() -> None:
    rows = [sold("0", after=900 - 100 * count) for count in range(MOST_ALIKE + 3)]
    found = marks(document(*rows), filed_on=WEDNESDAY)
    assert len(found) == MOST_ALIKE + 1
    assert found[-1] == "and 3 more cells like Table I row 5, price per share"


def test_a_missing_footnote_is_named_once() -> None:
    rows = [sold(footnotes={"shares": ("F7",)}), sold(after=800, footnotes={"shares": ("F7",)})]
    assert len(marks(document(*rows), filed_on=WEDNESDAY)) == 1


def test_scanned_text_is_not_blamed_for_what_its_reader_could_not_read() -> None:
    illegible = replace(document(row("J", "D", None, footnotes={"price_per_share": ("F9",)})), source="text")
    assert marks(illegible, filed_on=WEDNESDAY) == ()


def submission() -> bytes:
    return next((CASES / "submission").glob("archive.txt")).read_bytes().replace(b">EXMP<", b">NYSE:EXMP<")


def test_the_document_as_kept_carries_reader_warnings_first_and_then_marks() -> None:
    reading = read(submission())
    doubted = replace(reading, document=replace(reading.document, warnings=("signature date: 'soon' is not a date",)))
    assert document_of(doubted, FILED).warnings[:1] == ("signature date: 'soon' is not a date",)
    assert "issuer trading symbol: 'NYSE:EXMP' names an exchange" in document_of(doubted, FILED).warnings


def test_the_document_as_kept_is_held_against_the_day_of_acceptance_in_the_east() -> None:
    reading = read(submission())
    late_at_night = datetime(2026, 6, 17, 23, 30, tzinfo=EASTERN).astimezone(UTC)
    assert reading.document.non_derivative_table
    traded = replace(reading.document, non_derivative_table=(sold(on=date(2026, 6, 18)),), derivative_table=())
    warnings = document_of(replace(reading, document=traded), late_at_night).warnings
    assert "Table I row 1, transaction date: '2026-06-18' is after the filing date, 2026-06-17" in warnings


def test_parse_shows_marks_among_the_warnings(tmp_path: Path) -> None:
    path = tmp_path / "marked.txt"
    path.write_bytes(submission())
    said = "issuer trading symbol: 'NYSE:EXMP' names an exchange"
    assert f"warning: {said}" in CliRunner().invoke(parse, [str(path)]).output
    assert said in json.loads(CliRunner().invoke(parse, ["--json", str(path)]).output)["warnings"]


def documents() -> Iterator[OwnershipDocument]:
    for path in sorted(CASES.rglob("*")):
        if path.is_file() and path.suffix != ".toml":
            try:
                yield read(path.read_bytes()).document
            except UnreadableDocument:
                continue


def test_no_document_of_the_cases_makes_a_mark_raise() -> None:
    count = 0
    for content in documents():
        for filed_on in (None, date(1, 1, 1), WEDNESDAY, date(9999, 12, 31)):
            assert all(": " in warning or warning.startswith("and ") for warning in marks(content, filed_on=filed_on))
        count += 1
    assert count > 50


NUMBERS = st.none() | st.decimals(min_value=-(10**20), max_value=10**20, places=4)
DAYS = st.none() | st.dates()
WORDS = st.none() | st.text(max_size=8) | st.sampled_from(["A", "D", "I", "S", "P", "M", "J", "4", "5", "L"])
ROWS = st.builds(
    Row,
    kind=st.sampled_from(["transaction", "holding"]),
    footnotes=st.dictionaries(
        st.sampled_from(["shares", "price_per_share", "nature_of_ownership"]), st.tuples(WORDS.map(str)), max_size=2
    ),
    **dict.fromkeys(
        ("security_title", "transaction_code", "acquired_disposed", "direct_or_indirect", "transaction_form_type"), WORDS
    ),
    **dict.fromkeys(
        ("shares", "price_per_share", "shares_owned_following", "conversion_or_exercise_price", "total_value"), NUMBERS
    ),
    **dict.fromkeys(("transaction_date", "deemed_execution_date", "exercise_date", "expiration_date"), DAYS),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(ROWS, max_size=4), st.lists(ROWS, max_size=4), DAYS, DAYS, WORDS)
def test_nothing_that_a_row_may_hold_makes_a_mark_raise(
    shares: list[Row], derivatives: list[Row], filed_on: date | None, period: date | None, typed: str | None
) -> None:
    content = replace(
        document(*shares, derivatives=derivatives, footnotes={"None": AVERAGE}),
        period_of_report=period,
        issuer=Issuer(None, None, typed),
    )
    found = marks(content, filed_on=filed_on)
    assert len(found) <= len(MARKS) * (MOST_ALIKE + 1)


def test_fewer_than_three_in_a_hundred_real_filings_are_marked(corpus: Path) -> None:
    """Not counting running tallies that do not link: there the filer may have meant something by it."""
    names = []
    every = [(name, reading) for name, reading in real_readings(corpus) if name.endswith(".xml")]
    for name, reading in every:
        filing = Filing.of(reading.document, None)
        if any(list(mark(filing)) for mark in MARKS if mark is not running_tally_does_not_link):
            names.append(name)
    assert 0 < len(names) < 0.03 * len(every), names


def test_a_value_is_quoted_with_all_its_digits() -> None:
    content = document(replace(sold(), price_per_share=number("11000689.50")))
    assert "'11000689.50'" in marks(content, filed_on=WEDNESDAY)[0]
