"""A document, kept as JSON and read back, is the document it was."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import document
from tests.core.samples import option
from tests.core.samples import real_readings
from tests.core.samples import row
from watcher.core.errors import UnreadableDocument
from watcher.core.model import Issuer
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.model import Signature
from watcher.core.payload import document_json
from watcher.core.stored import document_from_json

TEXT = st.none() | st.text(max_size=8)
NUMBER = st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12)
DAY = st.none() | st.dates(min_value=date(1, 1, 1))
FLAG = st.none() | st.booleans()
NOTES = st.dictionaries(
    st.sampled_from(["shares", "price_per_share"]), st.lists(st.sampled_from(["F1", "F2"]), max_size=2).map(tuple)
)
OF_TABLE_I: dict[str, st.SearchStrategy[Any]] = {
    "kind": st.sampled_from(["transaction", "holding"]),
    "security_title": TEXT,
    "transaction_date": DAY,
    "deemed_execution_date": DAY,
    "transaction_form_type": TEXT,
    "transaction_code": TEXT,
    "equity_swap_involved": FLAG,
    "transaction_timeliness": TEXT,
    "shares": NUMBER,
    "total_value": NUMBER,
    "price_per_share": NUMBER,
    "acquired_disposed": TEXT,
    "shares_owned_following": NUMBER,
    "value_owned_following": NUMBER,
    "direct_or_indirect": TEXT,
    "nature_of_ownership": TEXT,
    "footnotes": NOTES,
    "derived": st.lists(st.just("shares"), max_size=1).map(tuple),
}
OF_TABLE_II = {
    **OF_TABLE_I,
    "conversion_or_exercise_price": NUMBER,
    "exercise_date": DAY,
    "expiration_date": DAY,
    "underlying_security_title": TEXT,
    "underlying_security_shares": NUMBER,
    "underlying_security_value": NUMBER,
}
DOCUMENTS = st.builds(
    OwnershipDocument,
    form_type=st.sampled_from(["3", "4", "4/A"]),
    period_of_report=DAY,
    issuer=st.builds(Issuer, cik=TEXT, name=TEXT, trading_symbol=TEXT),
    reporting_owners=st.lists(st.builds(ReportingOwner, cik=TEXT, name=TEXT, is_officer=st.booleans(), officer_title=TEXT)).map(
        tuple
    ),
    non_derivative_table=st.lists(st.builds(Row, **OF_TABLE_I), max_size=3).map(tuple),
    derivative_table=st.lists(st.builds(Row, **OF_TABLE_II), max_size=3).map(tuple),
    footnotes=st.dictionaries(st.text(max_size=3), st.text(max_size=9)),
    remarks=TEXT,
    signatures=st.lists(st.builds(Signature, name=TEXT, date=DAY), max_size=2).map(tuple),
    warnings=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    source=st.sampled_from(["xml", "text"]),
    schema_version=TEXT,
    date_of_original_submission=DAY,
    no_securities_owned=FLAG,
    not_subject_to_section16=FLAG,
    form3_holdings_reported=FLAG,
    form4_transactions_reported=FLAG,
    aff10b5_one=FLAG,
)


def kept(content: OwnershipDocument) -> Any:
    return json.loads(json.dumps(document_json(content)))


@given(DOCUMENTS)
def test_a_document_comes_back_as_it_was_kept(content: OwnershipDocument) -> None:
    assert document_from_json(kept(content)) == content


def test_every_document_of_the_corpus_comes_back_as_it_was_kept(corpus: Path) -> None:
    different = [
        name for name, reading in real_readings(corpus) if document_from_json(kept(reading.document)) != reading.document
    ]
    assert not different


def test_a_figure_comes_back_with_the_decimals_it_was_filed_with() -> None:
    back = document_from_json(kept(document(row(price="25.50"))))
    assert str(back.non_derivative_table[0].price_per_share) == "25.50"


def test_what_an_older_release_did_not_keep_is_not_stated() -> None:
    shape = kept(document(row(), derivatives=[option()], box=True, remarks="A remark"))
    for name in ("aff10b5_one", "remarks", "warnings"):
        del shape[name]
    del shape["derivative_table"][0]["expiration_date"]
    back = document_from_json(shape)
    assert (back.aff10b5_one, back.remarks, back.derivative_table[0].expiration_date) == (None, None, None)
    assert back.non_derivative_table[0].shares == Decimal(100)


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"form_type": "4"},
        {**document_json(document(row())), "issuer": None},
        {**document_json(document(row())), "non_derivative_table": [{"shares": "many"}]},
        {**document_json(document(row())), "period_of_report": "yesterday"},
        {**document_json(document(row())), "footnotes": None},
    ],
)
def test_what_is_no_document_is_refused_in_words(shape: dict[str, Any]) -> None:
    with pytest.raises(UnreadableDocument, match="kept of an earlier reading is not an ownership document"):
        document_from_json(shape)
