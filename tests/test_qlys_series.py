"""An officer's series of exercises under one plan, June to September 2024, as far as a printed form and option rows state it.

The printed form is of June. Of the others there are the rows of options and the signatures only: the SEC's tables of shares, owners and
footnotes are not at hand, so what they would state must stay unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from datetime import date
from datetime import datetime
from datetime import time
from decimal import Decimal
from pathlib import Path

import pytest

from bench.ledger import signed_for
from tests.core.samples import values
from tests.test_judgement import Desk
from watcher.core.dataset import read_tables
from watcher.core.findings import HoldingChange
from watcher.core.holdings import change_between
from watcher.core.holdings import positions
from watcher.core.model import Holding
from watcher.core.model import HoldingKey
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.past import Filed
from watcher.core.plan import read_plan
from watcher.core.reading import read
from watcher.core.submission import EASTERN
from watcher.core.text import cleaned

ISSUER = "0001107843"
OFFICER, CHIEF, THIRD = "bruce posey", "sumedh thakar", "joo kim mi"
PRINTED = "0000000000-24-000621"  # the paper bears no number; this one stands for it


@dataclass(frozen=True, slots=True)
class Filing:
    accession_number: str
    filed_on: date
    document: OwnershipDocument


@pytest.fixture(scope="module")
def printed(corpus: Path) -> OwnershipDocument:
    return cleaned(read((corpus / "printed_form4_qlys.txt").read_bytes()).document)


@pytest.fixture(scope="module")
def filings(corpus: Path, printed: OwnershipDocument) -> list[Filing]:
    """Every form of the issuer, June to September, with whose it is by its signature."""
    tables = {path.stem: path.read_bytes() for path in (corpus / "datasets" / "2024q3_form345").glob("*.tsv")}
    found = [
        Filing(accession, filed_on, cleaned(document))
        for accession, filed_on, document in read_tables(tables)
        if document.issuer.cik == ISSUER
    ]
    found.append(Filing(PRINTED, date(2024, 6, 21), printed))
    return sorted(found, key=lambda filing: (filing.filed_on, filing.accession_number))


def whose(document: OwnershipDocument) -> str | None:
    (signature,) = document.signatures
    return signed_for(signature.name or "")


def series(filings: list[Filing], owner: str) -> list[tuple[Filing, HoldingChange]]:
    """Each line of an owner's forms beside the one before it, in the order of filing."""
    latest: dict[HoldingKey, Holding] = {}
    changes = []
    for filing in filings:
        if whose(filing.document) != owner:
            continue
        document = replace(filing.document, reporting_owners=(ReportingOwner(None, owner),))
        filed_at = datetime.combine(filing.filed_on, time(17), EASTERN)
        for one in positions(document, issuer_cik=ISSUER, accession_number=filing.accession_number, filed_at=filed_at):
            changes.append((filing, change_between(one, latest.get(one.holding.key), amends=False)))
            latest[one.holding.key] = one.holding
    return changes


def options(filings: list[Filing], owner: str) -> list[HoldingChange]:
    return [change for _, change in series(filings, owner) if change.key.table == "II"]


def test_the_options_go_from_four_thousand_to_one_thousand_and_every_opening_is_the_last_closing(filings: list[Filing]) -> None:
    told = options(filings, OFFICER)
    assert [(change.opening, change.change, change.after) for change in told] == [
        values(Decimal(5000), Decimal(-1000), Decimal(4000)),
        values(Decimal(4000), Decimal(-1000), Decimal(3000)),
        values(Decimal(3000), Decimal(-1000), Decimal(2000)),
        values(Decimal(2000), Decimal(-1000), Decimal(1000)),
    ]
    assert [change.standing for change in told] == ["first sight", "matches", "matches", "matches"]
    assert [change.before for change in told] == [None, *(change.after for change in told[:-1])]
    assert len({change.key for change in told}) == 1


@pytest.mark.parametrize("backwards", [False, True])
def test_the_store_holds_the_same_series_in_whatever_order_it_is_read(
    tmp_path: Path, filings: list[Filing], *, backwards: bool
) -> None:
    desk = Desk(tmp_path, issuer=ISSUER)
    for filing in reversed(filings) if backwards else filings:
        issuer = replace(filing.document.issuer, cik=ISSUER)  # the paper states none; of a filing its header does
        named = replace(filing.document, issuer=issuer, reporting_owners=(ReportingOwner(None, whose(filing.document)),))
        filed_at = datetime.combine(filing.filed_on, time(17), EASTERN)
        desk.take(named, Filed(filing.accession_number, filed_at, filed_at, ISSUER))
    kept = desk.store.rows(
        "SELECT position.opening, position.shares, standing, before FROM position JOIN holding ON holding.id = holding_id"
        " WHERE table_name = 'II' AND owners = ? ORDER BY position.as_of",
        (f"name:{OFFICER}",),
    )
    assert [tuple(row) for row in kept] == [
        ("5000", "4000", "first sight", None),
        ("4000", "3000", "matches", "4000"),
        ("3000", "2000", "matches", "3000"),
        ("2000", "1000", "matches", "2000"),
    ]


def test_the_days_of_the_series_are_those_of_the_forms(filings: list[Filing]) -> None:
    days = [filing.document.period_of_report for filing, change in series(filings, OFFICER) if change.key.table == "II"]
    assert days == [date(2024, 6, 20), date(2024, 7, 22), date(2024, 8, 20), date(2024, 9, 20)]


def test_the_printed_form_names_the_plan_and_its_day(printed: OwnershipDocument) -> None:
    plan = read_plan(printed)
    assert plan.adopted == date(2023, 8, 28)
    assert plan.quote is not None
    assert "Rule 10b5-1 trading plan" in plan.quote


def test_without_footnotes_and_box_the_plan_of_the_later_forms_stays_unknown(filings: list[Filing]) -> None:
    for filing in filings:
        if filing.accession_number != PRINTED:
            plan = read_plan(filing.document)
            assert (plan.box, plan.adopted, plan.quote, plan.state) == (None, None, None, "unknown")


def test_what_was_sold_and_what_is_held_in_shares_is_stated_in_june_only(filings: list[Filing]) -> None:
    stated = [(filing.accession_number, change.after) for filing, change in series(filings, OFFICER) if change.key.table == "I"]
    assert [accession for accession, _ in stated] == [PRINTED]
    later = [filing.document for filing in filings if filing.accession_number != PRINTED]
    assert all(document.non_derivative_table == () for document in later)
    assert all(any("without its table NONDERIV_TRANS" in warning for warning in document.warnings) for document in later)


def test_of_the_shares_held_in_june_only_the_legible_totals_are_known(printed: OwnershipDocument, filings: list[Filing]) -> None:
    totals = [row.shares_owned_following for row in printed.non_derivative_table]
    assert totals == [Decimal(60_616), Decimal(60_484), Decimal(60_220), None]
    (change,) = [change for _, change in series(filings, OFFICER) if change.key.table == "I"]
    assert (change.before, change.opening, change.change, change.after) == (None, None, None, None)
    assert change.standing == "first sight"


def test_a_form_signed_by_power_of_attorney_belongs_to_the_other_person(filings: list[Filing]) -> None:
    signed = {filing.accession_number: (filing.document.signatures[0].name or "") for filing in filings}
    owners = {filing.accession_number: whose(filing.document) for filing in filings}
    by_attorney = {accession for accession, name in signed.items() if "power of attorney" in name}
    assert len(by_attorney) == 11
    assert {owners[accession] for accession in by_attorney} == {CHIEF, THIRD}
    assert {owner for accession, owner in owners.items() if accession not in by_attorney} == {OFFICER}


def test_the_other_persons_options_are_a_series_of_their_own(filings: list[Filing]) -> None:
    told = options(filings, CHIEF)
    assert [(change.opening, change.after, change.standing) for change in told] == [
        (Decimal(122_000), Decimal(115_000), "first sight"),
        (Decimal(115_000), Decimal(108_000), "matches"),
        (Decimal(108_000), Decimal(101_000), "matches"),
    ]
    assert {change.key for change in told}.isdisjoint(change.key for change in options(filings, OFFICER))


def test_a_form_of_which_no_row_is_at_hand_moves_nothing(filings: list[Filing]) -> None:
    (award,) = [
        filing for filing in filings if whose(filing.document) == OFFICER and filing.document.period_of_report == date(2024, 8, 1)
    ]
    assert (award.document.non_derivative_table, award.document.derivative_table) == ((), ())
    assert award.accession_number not in {filing.accession_number for filing, _ in series(filings, OFFICER)}


def test_the_rest_of_the_terms_is_as_filed_or_unknown(filings: list[Filing]) -> None:
    for filing in filings:
        for row in filing.document.derivative_table:
            terms: Mapping[str, object] = {"price": row.conversion_or_exercise_price, "expires": row.expiration_date}
            assert terms == {"price": Decimal("25.56"), "expires": date(2026, 4, 28)}
            assert row.exercise_date is None  # a footnote says it, which is not at hand
