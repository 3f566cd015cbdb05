"""The JSON that machines get: every field of the contract, exact figures as text, absent as null, the same id for ever."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import ACCESSION
from tests.core.samples import BODY
from tests.core.samples import EARLIER
from tests.core.samples import FILED
from tests.core.samples import JANE
from tests.core.samples import OPTION
from tests.core.samples import URL
from tests.core.samples import WATCH
from tests.core.samples import document
from tests.core.samples import facts
from tests.core.samples import held
from tests.core.samples import holdings_after
from tests.core.samples import option
from tests.core.samples import real_facts
from tests.core.samples import row
from watcher.core.findings import Amendment
from watcher.core.findings import Candidate
from watcher.core.findings import Context
from watcher.core.findings import FilingFacts
from watcher.core.findings import Observation
from watcher.core.findings import PlanBook
from watcher.core.findings import RowChange
from watcher.core.findings import Stake
from watcher.core.message import Reasons
from watcher.core.message import alert_message
from watcher.core.model import OwnershipDocument
from watcher.core.model import Signature
from watcher.core.payload import alert_payload
from watcher.core.payload import claiming_nothing
from watcher.core.payload import document_json
from watcher.core.payload import encoded
from watcher.core.payload import event_id
from watcher.core.payload import plain
from watcher.core.payload import quarantine_payload
from watcher.core.telling import Message
from watcher.core.telling import WatchedAs

REASONS = Reasons(WATCH, ("default", "big"))


def sent(filing: FilingFacts, reasons: Reasons = REASONS) -> dict[str, Any]:
    message = alert_message(filing, reasons)
    body: dict[str, Any] = json.loads(alert_payload(filing, reasons, "an id", message))
    assert (body["title"], body["text"]) == (message.title, message.text)
    return body


def of(content: OwnershipDocument) -> dict[str, Any]:
    return sent(facts(content))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("25.56"), "25.56"),
        (Decimal(1000), "1000"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.0001"), "0.0001"),
        (Decimal("1484.0000"), "1484.0000"),
        (date(2026, 6, 16), "2026-06-16"),
        (FILED, "2026-06-17T18:42:10-04:00"),
        (datetime(2026, 1, 5, 9, 0, 0, 123456, tzinfo=FILED.tzinfo), "2026-01-05T09:00:00-05:00"),
        (None, None),
        (True, True),
        (("F1", Decimal(1)), ["F1", "1"]),
        ({"price_per_share": ("F1",)}, {"price_per_share": ["F1"]}),
    ],
)
def test_a_value_is_shown_exactly(value: object, shown: object) -> None:
    assert plain(value) == shown


@given(st.decimals(min_value=0, max_value=Decimal("999999999999.9999"), places=4))
def test_a_figure_survives_the_wire(value: Decimal) -> None:
    assert Decimal(json.loads(encoded({"shares": plain(value)}))["shares"]) == value


def test_an_alert_holds_the_fields_of_the_contract() -> None:
    body = of(
        document(
            row("S", "D", 100, "10.50", after=900, footnotes={"transaction_code": ("F1",)}),
            footnotes={"F1": "Sold under a Rule 10b5-1 plan adopted on March 5, 2026."},
            box=True,
        )
    )
    assert {name: body[name] for name in ("schema", "event_id", "kind", "accession_number", "form_type", "url", "amends")} == {
        "schema": 1,
        "event_id": "an id",
        "kind": "alert",
        "accession_number": ACCESSION,
        "form_type": "4",
        "url": URL,
        "amends": None,
    }
    assert set(body) >= BODY
    assert body["filed_at"] == "2026-06-17T18:42:10-04:00"
    assert body["first_seen_at"] == "2026-06-17T18:42:40-04:00"
    assert body["issuer"] == {"cik": "0009990001", "ticker": "EXMP", "name": "Example Corp"}
    assert body["reporting_owners"] == [
        {
            "cik": "0009980001",
            "name": "Roe Jane",
            "is_director": False,
            "is_officer": True,
            "is_ten_percent_owner": False,
            "is_other": False,
            "officer_title": "Chief Legal Officer",
            "other_text": None,
        }
    ]
    assert (body["watch"], body["rules"]) == ("issuer:0009990001", ["default", "big"])
    assert body["plan"] == {
        "box": True,
        "adopted": "2026-03-05",
        "quote": "Sold under a Rule 10b5-1 plan adopted on March 5, 2026.",
        "footnote": "F1",
        "state": "checked with date",
        **dict.fromkeys(("cooling_off", "cooling_off_reason", "day", "earliest", "sold", "sold_value", "filings", "since")),
    }
    assert body["footnote_facts"] == [
        {
            "kind": "10b5-1 plan",
            "footnote": "F1",
            "quote": "Sold under a Rule 10b5-1 plan adopted on March 5, 2026.",
            "low": None,
            "high": None,
            "day": "2026-03-05",
        }
    ]
    assert body["timing"] == {
        "traded": "2026-06-16",
        "due": "2026-06-18",
        "filed": "2026-06-17",
        "status": "on time",
        "reason": "",
    }
    assert (body["stakes"], body["untouched"], body["companions"], body["same_as"]) == ([], [], [], None)
    assert body["context"] == {"since": None, "observations": []}


def test_an_event_is_told_with_all_its_figures() -> None:
    (event,) = of(document(row("M", "A", 100, "10"), derivatives=[option(shares=100, strike="10", after=900)]))["events"]
    assert event == {
        "kind": "exercise",
        "shares": "100",
        "value": "1000",
        "price_low": "10",
        "price_high": "10",
        "price_average": "10",
        "security_title": OPTION,
        "acquired_disposed": None,
        "codes": ["M"],
        "dates": ["2026-06-16"],
        "exercise_price": "10",
        "expiration_date": "2030-02-14",
        "remaining": "900",
        "cost": "1000",
        "footnotes": [],
        "rows": [{"table": "I", "row": 1}, {"table": "II", "row": 1}],
        "missing": [],
        "filings": [],
        "parts": [],
        "pairing": None,
    }


def test_an_exercise_and_sale_is_told_with_its_parts_and_what_came_of_it() -> None:
    content = document(
        row("M", "A", 100, "10", after=1100), row("S", "D", 100, "25", after=1000), derivatives=[option(strike="10")], box=True
    )
    (event,) = of(content)["events"]
    assert (event["kind"], [part["kind"] for part in event["parts"]]) == ("exercise_and_sell", ["exercise", "sale"])
    assert event["pairing"] == {
        "method": "shares",
        "exercised": "100",
        "cost": "1000",
        "sold": "100",
        "gross": "2500",
        "withheld": "0",
        "kept": "0",
        "from_holdings": "0",
    }
    assert {part["value"] for part in event["parts"]} == {"1000", "2500"}


def test_what_is_known_beside_the_filing_is_told() -> None:
    day = date(2026, 3, 5)
    (trust,) = holdings_after(document(held(12_000, nature="By Trust"))).values()
    body = sent(
        replace(
            facts(document(row())),
            stakes=(Stake("Common Stock", Decimal(5), Decimal(200), Decimal("2.5"), 2, None, None, ("a trust",)),),
            plan_book=PlanBook(day, 103, "passed", "90 days", day, Decimal(5), Decimal("128.5"), 1, day),
            context=Context(day, (Observation("first sale", "The first sale."),)),
            companions=("0000000000-26-000002",),
            same_as="0000000000-26-000003",
            untouched=(trust,),
        )
    )
    assert body["stakes"] == [
        {
            "security_title": "Common Stock",
            "sold": "5",
            "held": "200",
            "percent": "2.5",
            "lines": 2,
            "vested_options": None,
            "percent_with_options": None,
            "missing": ["a trust"],
            "shown": None,
            "shown_lines": 0,
            "percent_shown": None,
            "not_counted": [],
        }
    ]
    plan = {"cooling_off": "passed", "cooling_off_reason": "90 days", "day": 103, "earliest": "2026-03-05", "sold": "5"}
    assert {name: body["plan"][name] for name in plan} == plan
    assert (body["plan"]["sold_value"], body["plan"]["filings"], body["plan"]["since"]) == ("128.5", 1, "2026-03-05")
    assert body["context"] == {"since": "2026-03-05", "observations": [{"name": "first sale", "words": "The first sale."}]}
    assert (body["companions"], body["same_as"]) == (["0000000000-26-000002"], "0000000000-26-000003")
    assert [(one["shares"], one["accession_number"]) for one in body["untouched"]] == [("12000", EARLIER)]


def test_a_range_in_a_footnote_is_told_as_exact_figures() -> None:
    note = {"F1": "The price is a weighted average price. Sold at prices ranging from $10.10 to $10.90."}
    (fact,) = of(document(row(footnotes={"price_per_share": ("F1",)}), footnotes=note))["footnote_facts"]
    assert (fact["kind"], fact["low"], fact["high"], fact["day"]) == ("weighted average", "10.10", "10.90", None)
    assert fact["quote"] == note["F1"]


def test_a_holding_is_told_before_and_after() -> None:
    change = replace(
        facts(document(row("S", "D", 100, after=800, nature="By Trust"))).changes[0],
        before=Decimal(1000),
        unexplained=Decimal(-100),
        before_as_of=date(2026, 2, 3),
        before_accession="0000000000-26-000000",
        opening=Decimal(900),
        standing="gap",
        candidates=(Candidate("split", "a split", fits=True),),
    )
    (holding,) = sent(replace(facts(document(row())), changes=(change,)))["holdings"]
    assert holding == {
        "security_title": "Common Stock",
        "direct_or_indirect": "I",
        "nature_of_ownership": "By Trust",
        "exercise_price": None,
        "expiration_date": None,
        "before": "1000",
        "after": "800",
        "change": "-100",
        "unexplained": "-100",
        "in_dollars": False,
        "before_as_of": "2026-02-03",
        "before_accession": "0000000000-26-000000",
        "opening": "900",
        "standing": "gap",
        "candidates": [{"name": "split", "words": "a split", "fits": True}],
    }


def test_the_strike_of_a_holding_is_told_as_filed() -> None:
    for strike in ("12.40", "86", "0.0000"):
        body = of(document(derivatives=[option(strike=strike, after=400)]))
        assert [line["exercise_price"] for line in body["holdings"]] == [strike]


def test_what_is_not_stated_is_null_and_named() -> None:
    body = of(document(row(shares=None, price=None)))
    assert [body["events"][0][name] for name in ("shares", "value", "price_low", "price_average")] == [None] * 4
    assert body["events"][0]["missing"] == ["shares of Table I row 1", "price of Table I row 1"]
    assert [body["holdings"][0][name] for name in ("before", "after", "change", "unexplained")] == [None] * 4


def test_an_amendment_says_what_it_amends() -> None:
    content = replace(document(row(), form="4/A"), date_of_original_submission=date(2026, 6, 2))
    nothing: dict[str, Any] = {"accession_number": None, "state": None, "rows": [], "heads": [], "reason": None}
    assert of(content)["amends"] == {"date_of_original_submission": "2026-06-02", **nothing}
    assert of(document(row(), form="4/A"))["amends"] == {"date_of_original_submission": None, **nothing}
    changed = RowChange("changed", "I", 1, 2, (("shares", "8500", "5800"),))
    heads = (("period_of_report", None, "2026-06-16"),)
    amends = Amendment("tied", "0000000000-26-000000", (changed,), heads, "To correct.")
    assert sent(replace(facts(content), amends=amends))["amends"] == {
        "date_of_original_submission": "2026-06-02",
        "accession_number": "0000000000-26-000000",
        "state": "tied",
        "rows": [
            {
                "kind": "changed",
                "table": "I",
                "row": 1,
                "original_row": 2,
                "fields": [{"field": "shares", "was": "8500", "is": "5800"}],
            }
        ],
        "heads": [{"field": "period_of_report", "was": None, "is": "2026-06-16"}],
        "reason": "To correct.",
    }


def test_a_watched_person_s_alert_takes_the_ticker_of_the_filing() -> None:
    body = sent(facts(document(row())), Reasons(WatchedAs("owner:0009980001", "Roe Jane"), ("default",)))
    assert (body["watch"], body["issuer"]["ticker"]) == ("owner:0009980001", "EXMP")


def test_an_unreadable_filing_claims_nothing_and_has_the_same_fields() -> None:
    body = json.loads(
        quarantine_payload("4", ACCESSION, WATCH, "an id", Message("title", "text", "html"), "cut short", URL, FILED)
    )
    alert = of(document(row()))
    assert set(alert) - set(body) == {"period_of_report", "timing", "baseline_done", "warnings"}
    assert (body["kind"], body["reason"], body["url"]) == ("quarantined", "cut short", URL)
    assert (body["filed_at"], body["events"], body["holdings"], body["rules"]) == (None, [], [], [])
    assert body["footnote_facts"] == []
    assert set(body["plan"]) == set(alert["plan"])
    assert set(body["issuer"]) == set(alert["issuer"])


def test_what_has_no_filing_behind_it_has_the_same_fields_too() -> None:
    body, alert = claiming_nothing("vigil", "an id", "vigil"), of(document(row()))
    assert {*body, "title", "text"} == BODY
    for name in ("issuer", "plan"):
        assert set(body[name]) == set(alert[name])


def test_the_id_of_an_alert_depends_on_filing_watch_and_kind_alone() -> None:
    assert event_id(ACCESSION, "issuer:0009990001") == "69830cbd83f63ca7bc63f9c40514d398"
    ids = {event_id(ACCESSION, "a"), event_id(ACCESSION, "b"), event_id(ACCESSION, "a", "quarantined"), event_id("other", "a")}
    assert len(ids) == 4


def test_the_body_is_one_line_of_utf_8() -> None:
    body = encoded({"text": "71,407 → 76,407\nnext", "name": "Müller"})
    assert body == '{"text":"71,407 → 76,407\\nnext","name":"Müller"}'.encode()


def words(text: str) -> set[str]:
    return set(text.split())


ROW_FIELDS = words(
    "kind security_title transaction_date deemed_execution_date transaction_form_type transaction_code equity_swap_involved "
    "transaction_timeliness shares total_value price_per_share acquired_disposed shares_owned_following value_owned_following "
    "direct_or_indirect nature_of_ownership footnotes derived"
)
DERIVATIVE_FIELDS = words(
    "conversion_or_exercise_price exercise_date expiration_date underlying_security_title underlying_security_shares "
    "underlying_security_value"
)


def test_a_document_is_shown_with_every_field_of_the_contract() -> None:
    content = replace(
        document(
            row(), held(5), derivatives=[option()], footnotes={"F1": "a note"}, remarks="none", warnings=["odd"], owners=[JANE]
        ),
        signatures=(Signature("Jane Roe", date(2026, 6, 17)),),
    )
    shown = document_json(content)
    assert set(shown) >= words(
        "form_type period_of_report date_of_original_submission no_securities_owned not_subject_to_section16 aff10b5_one issuer "
        "reporting_owners non_derivative_table derivative_table footnotes remarks signatures warnings source"
    )
    assert [set(one) for one in shown["non_derivative_table"]] == [ROW_FIELDS] * 2
    assert [set(one) for one in shown["derivative_table"]] == [ROW_FIELDS | DERIVATIVE_FIELDS]
    assert shown["issuer"] == {"cik": "0009990001", "name": "Example Corp", "trading_symbol": "EXMP"}
    assert shown["signatures"] == [{"name": "Jane Roe", "date": "2026-06-17"}]
    assert (shown["footnotes"], shown["remarks"], shown["warnings"]) == ({"F1": "a note"}, "none", ["odd"])


def test_every_filing_of_the_corpus_has_a_body_that_reads_back(corpus: Path) -> None:
    bodies = 0
    for name, filing in real_facts(corpus):
        body = sent(filing)
        bodies += 1
        assert json.loads(encoded(document_json(filing.document)))["form_type"] == filing.form_type, name
        for event, told in zip(filing.events, body["events"], strict=True):
            assert (told["shares"] and Decimal(told["shares"])) == event.shares, name
    assert bodies > 600
