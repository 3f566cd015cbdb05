"""Corrections: what people were told and is otherwise now, in words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.samples import JANE
from tests.core.samples import document
from tests.core.samples import held
from tests.core.samples import option
from tests.core.samples import row
from watcher.core.correction import amendment_correction
from watcher.core.correction import correction_message
from watcher.core.correction import document_changes
from watcher.core.correction import told_changes
from watcher.core.findings import Amendment
from watcher.core.payload import document_json
from watcher.core.payload import owner_json
from watcher.core.telling import Message

PLAN = {"box": True, "adopted": "2026-03-05", "quote": "Sold under a plan.", "footnote": "F1", "state": "checked with date"}


def event(kind: str = "sale", direction: str | None = "D", shares: str | None = "8500", **more: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "acquired_disposed": direction,
        "security_title": "Common Stock",
        "shares": shares,
        "value": None,
        "price_low": "25.00",
        "price_high": "25.00",
        "dates": ["2026-06-16"],
        "exercise_price": None,
        "expiration_date": None,
        "remaining": None,
        "rows": [{"table": "I", "row": 1}],
        **more,
    }


def exercise(shares: str = "3000", **more: Any) -> dict[str, Any]:
    terms = {"exercise_price": "10", "expiration_date": "2030-02-14", "rows": [{"table": "II", "row": 1}]}
    return event(
        "exercise", None, shares, **{"security_title": "Stock Option", "price_low": None, "price_high": None, **terms, **more}
    )


def holding(after: str | None, nature: str | None = None) -> dict[str, Any]:
    return {
        "security_title": "Common Stock",
        "direct_or_indirect": "I" if nature else "D",
        "nature_of_ownership": nature,
        "exercise_price": None,
        "expiration_date": None,
        "after": after,
        "in_dollars": False,
    }


def payload(*events: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "issuer": {"cik": "0009990001", "ticker": "EXMP", "name": "Example Corp"},
        "reporting_owners": [owner_json(JANE)],
        "events": list(events),
        "holdings": [],
        "plan": PLAN,
        **more,
    }


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (event(), event(shares="5800"), "sold 5,800 shares, not 8,500 (Common Stock, 16 Jun 2026)"),
        (event(shares=None), event(), "sold 8,500 shares, not a number not stated (Common Stock, 16 Jun 2026)"),
        (
            event(value="212500"),
            event(value="217260", price_high="25.56"),
            (
                "sold 8,500 shares; for $217,260.00, not $212,500.00; at $25.00 to $25.56 a share, not $25.00"
                " (Common Stock, 16 Jun 2026)"
            ),
        ),
        (event(), event(dates=["2026-06-15"]), "sold 8,500 shares; on 15 Jun 2026, not 16 Jun 2026 (Common Stock)"),
        (event(), event("gift"), "gave 8,500 shares, which was told as: sold 8,500 shares (Common Stock, 16 Jun 2026)"),
        (
            event(),
            event(security_title="Class B Common Stock"),
            "sold 8,500 shares; of Class B Common Stock, not Common Stock (Class B Common Stock, 16 Jun 2026)",
        ),
        (
            exercise(remaining="3000"),
            exercise(remaining="2000"),
            "exercised 3,000; 2,000 left, not 3,000 (Stock Option, strike $10.00, expiring 14 Feb 2030, 16 Jun 2026)",
        ),
        (
            exercise(),
            exercise(exercise_price="12.64"),
            (
                "exercised 3,000; of Stock Option, strike $12.64, expiring 14 Feb 2030, not Stock Option, strike $10.00,"
                " expiring 14 Feb 2030 (Stock Option, strike $12.64, expiring 14 Feb 2030, 16 Jun 2026)"
            ),
        ),
    ],
)
def test_a_change_of_an_event_is_said_in_words(before: dict[str, Any], after: dict[str, Any], words: str) -> None:
    assert told_changes(payload(before), payload(after)) == [words]


def test_an_event_that_was_not_told_is_one_more() -> None:
    more = event("gift", shares="500", dates=["2026-06-03"], security_title="Class B Common Stock")
    words = "one more: gave 500 shares on 3 Jun 2026 (Class B Common Stock)"
    assert told_changes(payload(event()), payload(more, event())) == [words]


def test_an_event_that_is_gone_is_no_longer_reported() -> None:
    words = "no longer reported: exercised 3,000 on 16 Jun 2026 (Stock Option, strike $10.00, expiring 14 Feb 2030)"
    assert told_changes(payload(exercise(), event()), payload(event())) == [words]


def test_events_are_matched_by_what_they_are_and_not_by_their_place() -> None:
    assert told_changes(payload(event(), exercise()), payload(exercise(), event())) == []


def test_two_grants_are_told_apart_by_their_strike() -> None:
    before = payload(exercise("100"), exercise("200", exercise_price="12"))
    after = payload(exercise("250", exercise_price="12"), exercise("100"))
    (words,) = told_changes(before, after)
    assert words.startswith("exercised 250, not 200 (Stock Option, strike $12.00")


def test_an_exercise_and_sale_told_as_one_event_or_as_two_is_no_change() -> None:
    one = event("exercise_and_sell", parts=[exercise(), event(shares="1000"), event(shares="7500")], pairing={"method": "date"})
    assert told_changes(payload(exercise(), event()), payload(one)) == []


def test_a_change_within_an_exercise_and_sale_is_said() -> None:
    one, other = (event("exercise_and_sell", parts=[exercise(), event(shares=sold)]) for sold in ("3000", "2000"))
    assert told_changes(payload(one), payload(other)) == ["sold 2,000 shares, not 3,000 (Common Stock, 16 Jun 2026)"]


def test_an_event_that_counts_other_filings_is_not_held_against_one_that_does_not() -> None:
    assert told_changes(payload(event(filings=["0000000000-26-000002"])), payload(event(shares="5800"))) == []


def test_wording_and_later_knowledge_are_no_change() -> None:
    before = payload(event(), title="EXMP: sold", text="words", footnote_facts=[], timing={"status": "on time"}, warnings=[])
    after = payload(
        event(footnotes=["F2"], missing=["price"], codes=["S"], value=None, remaining="10", pairing=None, parts=[]),
        title="EXMP: otherwise",
        text="other words",
        plan={**PLAN, "quote": "Sold under such a plan.", "footnote": "F9"},
        holdings=[holding("900")],
        plan_book={"sold": "7"},
        context={"observations": ["first sale"]},
        issuer={"cik": "0009990001", "ticker": "NEW", "name": "Renamed Corp"},
    )
    assert told_changes(before, after) == []


def test_a_figure_filed_with_other_decimals_is_no_change() -> None:
    assert told_changes(payload(event(value="212500")), payload(event(shares="8500.00", value="212500.0"))) == []


def test_a_total_held_is_corrected_on_its_own_line() -> None:
    before, after = [holding("900"), holding("50", "By Trust")], [holding("50", "by trust"), holding("9000")]
    assert told_changes(payload(holdings=before), payload(holdings=after)) == [
        "9,000 held afterwards, not 900 (Common Stock, direct)"
    ]


def test_a_total_is_corrected_also_where_the_strike_is_filed_with_other_decimals() -> None:
    before, after = ({**holding(total), "exercise_price": strike} for total, strike in (("900", "12.4"), ("700", "12.40")))
    assert told_changes(payload(holdings=[before]), payload(holdings=[after])) == [
        "700 held afterwards, not 900 (Common Stock, direct)"
    ]


def test_totals_of_lines_worded_alike_are_not_held_against_each_other() -> None:
    before, after = [holding("50", "By Trust"), holding("60", "By Trust")], [holding("70", "By Trust")]
    assert told_changes(payload(holdings=before), payload(holdings=after)) == []


def test_another_plan_is_said_with_what_was_told() -> None:
    without = {"box": None, "adopted": None, "quote": None, "footnote": None, "state": "unknown"}
    assert told_changes(payload(plan=without), payload()) == [
        "10b5-1: the box is checked, with a plan adopted on 5 Mar 2026; you were told: nothing is said of a plan"
    ]


def test_another_owner_and_another_role_are_said() -> None:
    alex = {"cik": "0009980002", "name": "Doe Alex", "is_director": True}
    before = payload(reporting_owners=[{"cik": "0009980001", "name": "Roe Jane", "is_director": True}])
    assert told_changes(before, payload(reporting_owners=[owner_json(JANE), alex])) == [
        "Roe Jane: officer (Chief Legal Officer), not director",
        "one more reporting owner: Doe Alex",
    ]
    assert told_changes(payload(reporting_owners=[owner_json(JANE), alex]), payload()) == [
        "no longer a reporting owner: Doe Alex"
    ]


def test_another_issuer_is_said() -> None:
    other = payload(issuer={"cik": "0009990002", "ticker": "EXMP", "name": "Other Corp"})
    assert told_changes(payload(), other) == ["issuer: Other Corp (CIK 0009990002), not Example Corp (CIK 0009990001)"]


# --- messages ---------------------------------------------------------------------------------------------------------------

TOLD = Message(title="EXMP: Roe Jane sold 8,500 sh", text="sold 8,500", html="<p>sold 8,500</p>")
NOW = Message(title="EXMP: Roe Jane sold 5,800 sh", text="sold 5,800", html="<p>sold 5,800</p>", slack="*sold* 5,800")
CHANGE = "sold 5,800 shares, not 8,500 (Common Stock, 16 Jun 2026)"


def test_a_correction_of_our_reading_says_that_the_filing_is_the_same() -> None:
    message = correction_message(TOLD, NOW, [CHANGE])
    assert message.title == "Correction: EXMP: Roe Jane sold 5,800 sh"
    assert message.text.splitlines() == [
        "CORRECTION of an alert sent before: the filing has not changed, our reading of it has.",
        "The alert said: EXMP: Roe Jane sold 8,500 sh",
        CHANGE,
        "",
        "sold 5,800",
    ]


def test_a_correction_after_an_amendment_quotes_the_filer() -> None:
    amendment = Amendment(
        "tied",
        "0000000000-26-000001",
        heads=(("period_of_report", "2026-06-15", "2026-06-16"), ("not_subject_to_section16", None, "checked")),
        reason="Filed to correct the shares sold.",
    )
    message = amendment_correction(TOLD, NOW, [CHANGE], amendment, "0000000000-26-000009")
    assert message.text.splitlines()[:6] == [
        "CORRECTION of an alert sent before: the filer has amended what it told (accession number 0000000000-26-000009).",
        "The alert said: EXMP: Roe Jane sold 8,500 sh",
        CHANGE,
        "period of report: 16 Jun 2026, not 15 Jun 2026",
        "no longer subject to Section 16 (exit box): checked, not stated before",
        "The filer says: “Filed to correct the shares sold.”",
    ]


def test_every_form_of_a_correction_says_what_changed_and_nothing_in_it_is_mark_up() -> None:
    evil = Message(title="EXMP: <b>Roe & Doe</b>", text="t", html="h")
    message = correction_message(evil, NOW, ["<i>x</i>"])
    assert "&lt;b&gt;Roe &amp; Doe&lt;/b&gt;<br>&lt;i&gt;x&lt;/i&gt;" in message.html
    assert "&lt;b&gt;Roe &amp; Doe&lt;/b&gt;\n&lt;i&gt;x&lt;/i&gt;" in message.slack
    assert message.slack.endswith("*sold* 5,800")
    assert message.html.endswith("<p>sold 5,800</p>")


def test_where_there_is_no_form_for_slack_none_is_made() -> None:
    assert correction_message(TOLD, TOLD, [CHANGE]).slack == ""


def test_a_title_is_cut_to_a_subject_line_and_never_inside_a_figure() -> None:
    later = Message(title="EXMP: " + "Roe Jane " * 10 + "sold 1,234,567 sh", text="", html="")
    title = correction_message(TOLD, later, []).title
    assert len(title) <= 110
    assert title.endswith("…")
    assert "1,2" not in title or "1,234,567" in title


def test_what_is_read_otherwise_is_named_by_its_path() -> None:
    before = document(row(shares=1000), held(5), derivatives=[option()])
    after = document(row(shares=100), held(5), derivatives=[option()], warnings=["one"])
    assert document_changes(document_json(before), after) == ["non_derivative_table 1.shares: 1000 -> 100"]
