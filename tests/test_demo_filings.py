"""The demo's filings say what they are told to say, and their totals agree."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC
from datetime import date
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from watcher.core.model import Issuer
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.model import Signature
from watcher.core.ownership import parse_ownership
from watcher.core.submission import parse_submission
from watcher.demo.filings import EASTERN
from watcher.demo.filings import Filing
from watcher.demo.filings import filing
from watcher.demo.filings import ownership_xml
from watcher.demo.filings import submission_text
from watcher.demo.stories import Grant
from watcher.demo.stories import Occasion
from watcher.demo.stories import exercise_and_sell
from watcher.demo.stories import gift
from watcher.demo.stories import holding_form3
from watcher.demo.stories import purchase
from watcher.demo.stories import sale
from watcher.demo.stories import scripted_day
from watcher.demo.stories import vest_with_withholding

EXAMPLE = Issuer("0009990001", "Example & Söhne Corp", "EXMP")
OTHER = Issuer("0009990002", "Other Ltd", "OTHR")
JANE = ReportingOwner("0009980001", "Roe Jane A", is_officer=True, officer_title="Chief Example Officer")
FUND = ReportingOwner("0009980002", "Example Fund, L.P.", is_ten_percent_owner=True, is_other=True, other_text="Fund")
DAY = date(2026, 8, 31)
OCCASION = Occasion("0000000000-26-000001", EXAMPLE, (JANE,), DAY, 10_000)

SALE_ROW = Row(
    kind="transaction",
    security_title="Common Stock",
    transaction_date=DAY,
    deemed_execution_date=DAY,
    transaction_form_type="4",
    transaction_code="S",
    equity_swap_involved=False,
    transaction_timeliness="L",
    shares=Decimal("0.0001"),
    price_per_share=Decimal("25.5600"),
    acquired_disposed="D",
    shares_owned_following=Decimal(10_000),
    direct_or_indirect="I",
    nature_of_ownership="By Family Trust",
    footnotes={"price_per_share": ("F1", "F2"), "transaction_code": ("F2",)},
)
HOLDING_ROW = Row("holding", "Common Stock", shares_owned_following=Decimal(7), direct_or_indirect="D")
NOTE_ROW = Row(
    kind="holding",
    security_title="Convertible Note",
    conversion_or_exercise_price=Decimal("1.5"),
    exercise_date=DAY,
    underlying_security_title="Common Stock",
    underlying_security_value=Decimal(5),
    value_owned_following=Decimal("100.50"),
    direct_or_indirect="D",
    footnotes={"expiration_date": ("F1",)},
)
DOCUMENT = OwnershipDocument(
    form_type="4/A",
    period_of_report=DAY,
    issuer=EXAMPLE,
    reporting_owners=(JANE, FUND),
    non_derivative_table=(SALE_ROW, HOLDING_ROW),
    derivative_table=(NOTE_ROW,),
    footnotes={"F1": "A range of $25 <to> $26.", "F2": "See “Remarks”."},
    remarks="A remark & more.",
    signatures=(Signature("/s/ Jane Roe", DAY),),
    schema_version="X0508",
    date_of_original_submission=date(2026, 8, 1),
    not_subject_to_section16=False,
    aff10b5_one=True,
)


def read(made: Filing) -> OwnershipDocument:
    document = parse_ownership(made.document)
    assert document.warnings == ()
    return document


def totals(made: Filing) -> list[Decimal | None]:
    document = read(made)
    return [row.shares_owned_following for row in (*document.non_derivative_table, *document.derivative_table)]


# --- documents and submissions ----------------------------------------------------------------------------------------


def test_reading_a_made_document_gives_it_back() -> None:
    assert parse_ownership(ownership_xml(DOCUMENT)) == DOCUMENT


def test_a_document_is_ascii_whatever_it_says() -> None:
    assert ownership_xml(DOCUMENT).isascii()


def test_form_3_keeps_its_older_schema_version() -> None:
    versions = {
        form: parse_ownership(ownership_xml(replace(DOCUMENT, form_type=form, schema_version=None))) for form in ("3", "4")
    }
    assert [versions[form].schema_version for form in ("3", "4")] == ["X0206", "X0508"]


@pytest.mark.parametrize("form", ["3", "4"])
def test_made_documents_are_valid_by_the_schema_of_the_sec(corpus: Path, form: str) -> None:
    (file,) = corpus.glob(f"schemas/ownershipxmltechspec-v5-5/*Schema_Files/ownership{form}Document.xsd.xml")
    schema = etree.XMLSchema(etree.parse(file))
    day = [made for made in scripted_day(5, 60, [EXAMPLE]) if made.form_type == form]
    assert day
    for made in day:
        schema.assertValid(etree.fromstring(made.document))


def test_the_header_names_everyone_and_the_eastern_acceptance_time() -> None:
    made = filing("0000000000-26-000001", DOCUMENT)
    submission = parse_submission(submission_text(made, datetime(2026, 9, 2, 1, 30, 5, tzinfo=UTC)))
    header = submission.header
    assert header.accepted_at == datetime(2026, 9, 1, 21, 30, 5, tzinfo=EASTERN)
    assert (header.accession_number, header.form_type) == ("0000000000-26-000001", "4/A")
    assert (header.filed_on, header.period_of_report) == (date(2026, 9, 1), DAY)
    assert [(owner.cik, owner.name) for owner in header.reporting_owners] == [(o.cik, o.name) for o in (JANE, FUND)]
    assert header.issuer is not None
    assert (header.issuer.cik, header.issuer.name) == (EXAMPLE.cik, EXAMPLE.name)
    assert (submission.kind, submission.warnings) == ("xml", ())
    assert parse_ownership(submission.document).form_type == "4/A"


def test_an_owner_without_a_cik_has_no_key_line() -> None:
    made = sale(replace(OCCASION, owners=(replace(JANE, cik=None),)), (1, 1))
    text = submission_text(made, datetime(2026, 9, 1, tzinfo=UTC))
    assert text.count(b"CENTRAL INDEX KEY") == 1
    assert b"Roe Jane A" in text


def test_only_xml_is_wrapped_in_xml() -> None:
    made = sale(OCCASION, (1, 1))
    printed = replace(made, document=b"FORM 4\nPrinted on paper.", document_name="form4.txt")
    accepted_at = datetime(2026, 9, 1, tzinfo=UTC)
    assert b"<TEXT>\n<XML>\n<?xml" in submission_text(made, accepted_at)
    assert b"<TEXT>\nFORM 4\nPrinted on paper.\n</TEXT>" in submission_text(printed, accepted_at)


# --- stories ----------------------------------------------------------------------------------------------------------


def test_a_sale_runs_down_the_total_lot_by_lot() -> None:
    made = sale(OCCASION, (1_000, "25.56"), (500, "26.5"))
    assert totals(made) == [Decimal(9_000), Decimal(8_500)]
    assert [row.price_per_share for row in read(made).non_derivative_table] == [Decimal("25.56"), Decimal("26.5")]
    assert read(made).aff10b5_one is False


def test_a_planned_sale_has_the_box_and_the_footnote() -> None:
    document = read(sale(replace(OCCASION, plan_adopted=date(2026, 3, 2)), (1_000, "25.56")))
    assert document.aff10b5_one is True
    assert "adopted on March 2, 2026" in document.footnotes["F1"]
    assert document.non_derivative_table[0].footnotes == {"transaction_code": ("F1",)}


def test_an_exercise_sold_at_once_leaves_the_shares_as_they_were() -> None:
    grant = Grant("12.75", 5_000, date(2031, 2, 1))
    made = exercise_and_sell(OCCASION, grant, 2_000, "30.05")
    assert totals(made) == [Decimal(12_000), Decimal(10_000), Decimal(3_000)]
    option = read(made).derivative_table[0]
    assert (option.conversion_or_exercise_price, option.underlying_security_shares) == (Decimal("12.75"), Decimal(2_000))


def test_withholding_takes_from_the_vested_shares() -> None:
    made = vest_with_withholding(OCCASION, 900, 300, (100, "25.56"))
    assert totals(made) == [Decimal(10_300), Decimal(10_200), Decimal(600)]
    assert [row.transaction_code for row in read(made).non_derivative_table] == ["M", "F"]


@pytest.mark.parametrize(
    ("made", "code", "total"),
    [(gift(OCCASION, 100), "G", Decimal(9_900)), (purchase(OCCASION, (100, "25.56")), "P", Decimal(10_100))],
)
def test_a_gift_leaves_and_a_purchase_arrives(made: Filing, code: str, total: Decimal) -> None:
    assert totals(made) == [total]
    assert read(made).non_derivative_table[0].transaction_code == code


def test_a_form_3_states_holdings_by_nature() -> None:
    document = read(holding_form3(OCCASION, ("By Trust", 500)))
    assert [(row.kind, row.shares_owned_following, row.nature_of_ownership) for row in document.non_derivative_table] == [
        ("holding", Decimal(10_000), None),
        ("holding", Decimal(500), "By Trust"),
    ]
    assert document.no_securities_owned is False


def test_a_form_3_of_nobody_with_nothing_says_so() -> None:
    document = read(holding_form3(replace(OCCASION, opening=0)))
    assert (document.no_securities_owned, document.non_derivative_table) == (True, ())


# --- a whole day ------------------------------------------------------------------------------------------------------


def test_a_scripted_day_repeats_and_another_seed_differs() -> None:
    assert scripted_day(7, 30, [EXAMPLE, OTHER]) == scripted_day(7, 30, [EXAMPLE, OTHER])
    assert scripted_day(7, 30, [EXAMPLE, OTHER]) != scripted_day(8, 30, [EXAMPLE, OTHER])


def test_a_scripted_day_tells_every_story_and_names_no_accession_twice() -> None:
    day = scripted_day(1, 200, [EXAMPLE, OTHER])
    codes = Counter(row.transaction_code for made in day for row in read(made).non_derivative_table)
    assert set(codes) == {"S", "M", "F", "P", "G", None}
    assert len({made.accession_number for made in day}) == 200
    assert {len(made.owners) for made in day} == {1, 2}
    assert {made.ticker for made in day} == {"EXMP", "OTHR"}


def test_in_a_scripted_day_every_total_follows_from_the_one_before() -> None:
    held: dict[object, Decimal] = {}
    for made in scripted_day(3, 200, [EXAMPLE, OTHER]):
        document = read(made)
        for table in (document.non_derivative_table, document.derivative_table):
            for row in table:
                key = (made.issuer_cik, made.owners, row.security_title, row.direct_or_indirect)
                after = row.shares_owned_following
                assert after is not None
                assert after >= 0
                if row.kind == "transaction":
                    assert row.shares is not None
                    change = row.shares if row.acquired_disposed == "A" else -row.shares
                    assert held.get(key, after - change) + change == after
                held[key] = after
