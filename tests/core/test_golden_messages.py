"""Whole alerts, word for word: one for every transaction code, every state of plan, time and ledger, and the shapes events come in.

The files stand in tests/cases/messages. After a change of words that is meant, write them anew and read what `git diff` shows:

    RENEW_MESSAGES=1 python -m pytest tests/core/test_golden_messages.py
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from tests.core.samples import ALEX
from tests.core.samples import EARLIER
from tests.core.samples import JANE
from tests.core.samples import PART_SOLD
from tests.core.samples import TUESDAY
from tests.core.samples import WATCH
from tests.core.samples import document
from tests.core.samples import facts
from tests.core.samples import held
from tests.core.samples import holdings_after
from tests.core.samples import option
from tests.core.samples import row
from watcher.core.codes import CODE_MEANING
from watcher.core.findings import Amendment
from watcher.core.findings import Candidate
from watcher.core.findings import Context
from watcher.core.findings import FilingFacts
from watcher.core.findings import Observation
from watcher.core.findings import PlanBook
from watcher.core.findings import RowChange
from watcher.core.findings import Timing
from watcher.core.message import Reasons
from watcher.core.message import alert_message
from watcher.core.message import quarantine_message
from watcher.core.telling import Message
from watcher.core.text import cleaned
from watcher.core.timing import STATUSES

FOLDER = Path(__file__).parents[1] / "cases" / "messages"
REASONS = Reasons(WATCH, ("clo-any",), ("clo-any: role contains “legal”, any event",))
LATER = date(2026, 6, 17)

SENTENCE = "Sold pursuant to a Rule 10b5-1 trading plan adopted on March 5, 2026."
UNDATED = "Sold pursuant to a Rule 10b5-1 trading plan."
NOTES = {
    "F1": SENTENCE,
    "F2": "The price is a weighted average price. Sold at prices ranging from $131.00 to $131.96, inclusive.",
    "F3": "The option is fully vested.",
}
ON_PLAN = {"transaction_code": ("F1",), "price_per_share": ("F2",)}
GRANT = replace(option(shares=None, strike="86", after=20_000, on=None), kind="holding")
BEFORE = replace(
    document(held(71_407), held(12_000, nature="By Trust"), derivatives=[GRANT]),
    period_of_report=date(2026, 2, 3),
)

# code -> (direction, whether it is told of Table II)
CODES: dict[str, tuple[str, bool]] = {
    **dict.fromkeys("SDFGUJ", ("D", False)),
    **dict.fromkeys("PALIWZ", ("A", False)),
    **dict.fromkeys("MXOHECK", ("D", True)),
}
PLANS: dict[str, tuple[bool | None, str]] = {
    "checked with date": (True, SENTENCE),
    "checked": (True, UNDATED),
    "text only": (None, SENTENCE),
    "contradictory": (False, SENTENCE),
    "unchecked": (False, "Nothing of a plan."),
    "unknown": (None, "Nothing of a plan."),
}
REASON_OF = {
    "on time": "",
    "on time by extension": "counted from the deemed execution date, 18 Jun 2026 (rule 16a-3(g))",
    "possibly late": "no deemed execution date is stated, and a plan's transaction may count from one (rule 16a-3(g))",
    "late": "by 3 business days",
    "unknown": "",
}


def of_code(code: str) -> FilingFacts:
    direction, derivative = CODES[code]
    notes = {"F1": "The footnote that says what happened."}
    if derivative:
        one = replace(option(code, direction, 100, "10", after=900), footnotes={"transaction_code": ("F1",)})
        return facts(document(derivatives=[one], footnotes=notes))
    return facts(
        document(row(code, direction, 100, "12.50", after=900, footnotes={"transaction_code": ("F1",)}), footnotes=notes)
    )


def of_plan(state: str) -> FilingFacts:
    box, note = PLANS[state]
    found = facts(document(row("S", "D", 100, "10", after=900), footnotes={"F1": note}, box=box))
    assert found.plan.state == state
    return found


def of_time(status: str) -> FilingFacts:
    timing = Timing(TUESDAY, date(2026, 6, 18), date(2026, 6, 17), status, REASON_OF[status])
    return replace(facts(document(row("S", "D", 100, "10", after=900))), timing=timing)


def of_ledger(standing: str) -> FilingFacts:
    found = facts(document(row("S", "D", 407, "10", after=70_000)), holdings_after(BEFORE))
    change = replace(found.changes[0], standing=standing)
    if standing != "gap":
        return replace(found, changes=(change,))
    candidates = (
        Candidate("footnote", "footnote F1 states 1,000: “Includes 1,000 shares given to a trust”", fits=True),
        Candidate(
            "missing filing", f"a filing since 3 Feb 2026 ({EARLIER}) that is not in the store, or was never made", fits=False
        ),
    )
    return replace(found, changes=(replace(change, candidates=candidates),))


def of_cooling_off(result: str) -> FilingFacts:
    found = facts(
        document(row("S", "D", 100, "10", after=900, footnotes={"transaction_code": ("F1",)}), footnotes=NOTES, box=True)
    )
    earliest = None if result == "cannot tell" else date(2026, 6, 3)
    book = PlanBook(
        date(2026, 3, 5), 103, result, "the words of the rule", earliest, Decimal(900), Decimal(9000), 3, date(2024, 1, 2)
    )
    return replace(found, plan_book=book)


def of_amendment(state: str) -> FilingFacts:
    content = replace(document(row("S", "D", 5800, "10", after=900), form="4/A"), date_of_original_submission=date(2026, 6, 2))
    rows = (
        RowChange("changed", "I", 1, 2, (("shares", "8500", "5800"), ("price_per_share", None, "10"))),
        RowChange("added", "I", 2, None),
        RowChange("dropped", "II", None, 1),
        RowChange("restated", "I", 3, 3),
        RowChange("not repeated", "II", None, 2),
        RowChange("not repeated", "II", None, 3),
    )
    reason = "This amendment is filed to correct the number of shares sold."
    tied = Amendment(state, EARLIER, rows, (("period_of_report", "2026-06-01", "2026-06-16"),), reason)
    return replace(facts(content), amends=tied if state == "tied" else Amendment(state, reason=reason))


# --- exercises and sales ------------------------------------------------------------------------------------------------------


def ideal() -> FilingFacts:
    """The alert that the product's reference shows: an exercise and a sale of as much, under a plan."""
    content = document(
        row("M", "A", 5000, "86", after=76_407),
        row("S", "D", 5000, "131.42", after=71_407, footnotes=ON_PLAN),
        derivatives=[replace(option(shares=5000, strike="86", after=15_000), footnotes={"exercise_date": ("F3",)})],
        footnotes=NOTES,
        box=True,
    )
    found = facts(content, holdings_after(BEFORE))
    (trust,) = (one for one in holdings_after(BEFORE).values() if one.key.direct_or_indirect == "I")
    return replace(
        found,
        stakes=(PART_SOLD,),
        plan_book=PlanBook(
            date(2026, 3, 5),
            103,
            "passed",
            "90 days; the 10-Q and two business days came earlier",
            date(2026, 6, 3),
            Decimal(5000),
            Decimal(657_100),
            1,
            date(2024, 1, 2),
        ),
        context=Context(
            date(2024, 1, 2),
            (
                Observation("first sale", "first sale of this owner in 11 months"),
                Observation("others", "other owners in the 30 days to 16 Jun 2026: 1 sold, 0 bought"),
            ),
        ),
        untouched=(trust,),
    )


def exercised(*sales: int, withheld: int = 0, days: bool = False) -> FilingFacts:
    """5,000 options exercised, so many sold in each row, so many withheld; on two days if `days`."""
    total = Decimal(71_407 + 5000)
    rows = [row("M", "A", 5000, "86", after=str(total))]
    for number, shares in enumerate(sales):
        total -= shares
        rows.append(row("S", "D", shares, str(130 + number), after=str(total), on=LATER if days and number else TUESDAY))
    if withheld:
        rows.append(row("F", "D", withheld, "131", after=str(total - withheld)))
    return facts(document(*rows, derivatives=[option(shares=5000, strike="86", after=15_000)]))


def two_grants() -> FilingFacts:
    return facts(
        document(
            row("M", "A", 2000, "40", after=2000),
            row("M", "A", 3000, "86", after=5000),
            row("S", "D", 5000, "131", after=0),
            derivatives=[
                option(shares=2000, strike="40", after=0, expires=date(2027, 2, 14)),
                option(shares=3000, strike="86", after=17_000),
            ],
        )
    )


def vested() -> FilingFacts:
    units = option("M", shares=1000, strike=None, title="Restricted Stock Units", after=3000, expires=None)
    return facts(document(row("M", "A", 1000, "0", after=5000), row("F", "D", 380, "131.42", after=4620), derivatives=[units]))


def hostile() -> FilingFacts:
    evil = "<script>alert(1)</script> <!channel> @here https://evil.example [sec](https://evil.example) *b* `c` \u202e & \x00"
    content = document(
        row("S", "D", 100, "10", after=900, title=evil, nature=evil),
        owners=[replace(JANE, name=evil, officer_title=evil)],
        footnotes={"F1": f"{evil} under a Rule 10b5-1 plan."},
        warnings=[evil],
        box=True,
    )
    return facts(cleaned(replace(content, issuer=replace(content.issuer, name=evil, trading_symbol=evil))))


CASES: Mapping[str, Callable[[], FilingFacts]] = {
    **{f"code-{code}": partial(of_code, code) for code in CODE_MEANING},
    **{f"plan-{state}": partial(of_plan, state) for state in PLANS},
    **{f"time-{status}": partial(of_time, status) for status in REASON_OF},
    **{f"ledger-{name}": partial(of_ledger, name) for name in ("matches", "gap", "first sight", "amends", "cannot tell")},
    **{f"cooling-off-{name}": partial(of_cooling_off, name) for name in ("passed", "within", "cannot tell", "not asked")},
    **{f"amendment-{state}": partial(of_amendment, state) for state in ("tied", "orphan", "ambiguous")},
    "ideal": ideal,
    "exercise-some-kept": lambda: exercised(3000),
    "exercise-more-sold": lambda: exercised(6200),
    "exercise-withheld": lambda: exercised(3000, withheld=2000),
    "exercise-two-days": lambda: exercised(3000, 2000, days=True),
    "exercise-two-grants": two_grants,
    "exercise-in-two-filings": lambda: replace(exercised(5000), companions=("0000000000-26-000002",)),
    "vest-withheld": vested,
    "joint-owners": lambda: facts(document(row(after=900), owners=[JANE, ALEX, replace(ALEX, name="Example Fund LP")])),
    "same-as": lambda: replace(facts(document(row(after=900))), same_as="0000000000-26-000009"),
    "exit": lambda: facts(replace(document(row(after=900)), not_subject_to_section16=True)),
    "exit-of-one-of-several": lambda: facts(
        replace(document(row(after=900), owners=[JANE, ALEX]), not_subject_to_section16=True)
    ),
    "form-3": lambda: facts(document(held(1000), held(500, nature="By Trust"), derivatives=[GRANT], form="3")),
    "form-3-nothing-owned": lambda: facts(replace(document(form="3"), no_securities_owned=True)),
    "form-5": lambda: facts(replace(document(row("G", "D", 10, "0", after=90), form="5"), form4_transactions_reported=True)),
    "paper": lambda: facts(
        replace(document(row(None, "D", 100, None), warnings=["Table I row 1: price is not legible"]), source="text")
    ),
    "baseline-not-read": lambda: facts(document(row(after=900)), baseline_done=False),
    "hostile": hostile,
}


def message(name: str) -> Message:
    return alert_message(CASES[name](), REASONS)


@pytest.mark.parametrize("name", CASES)
def test_an_alert_reads_word_for_word_as_it_did(name: str) -> None:
    said = message(name)
    check(name, f"{said.title}\n\n{said.text}\n")


def test_an_unreadable_filing_reads_word_for_word_as_it_did() -> None:
    said = quarantine_message("0000000000-26-000001", "4", "Roe Jane", "the document is cut short", ideal().url, WATCH)
    check("unreadable", f"{said.title}\n\n{said.text}\n")


def check(name: str, said: str) -> None:
    path = FOLDER / f"{name.replace(' ', '-')}.txt"
    if os.environ.get("RENEW_MESSAGES"):
        path.write_text(said, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == said


def test_there_is_no_file_without_a_case() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {name.replace(" ", "-") for name in CASES} | {"unreadable"}


def test_every_state_has_its_alert() -> None:
    assert set(STATUSES) | {"unknown"} == REASON_OF.keys()
    for name, state in (("plan", "state"), ("timing", "status")):
        shown = {getattr(getattr(case(), name), state) for case in CASES.values()}
        assert shown == (PLANS.keys() if name == "plan" else REASON_OF.keys())


def test_every_code_has_its_alert() -> None:
    assert CODE_MEANING.keys() == CODES.keys()
    for code in CODE_MEANING:
        assert f"(code {code};" in message(f"code-{code}").text


@pytest.mark.parametrize("name", CASES)
def test_text_html_and_slack_carry_the_same_facts(name: str) -> None:
    said = message(name)
    page = html.unescape(re.sub(r"<[^>]+>", "\n", said.html.partition("<body")[2].partition(">")[2]))
    slack = html.unescape(re.sub(r"<(https[^|]+)\|([^>]+)>", r"\2: \1", said.slack))
    assert words(page) == words(said.text)
    assert words(slack) == words(said.text)


def words(form: str) -> list[str]:
    """The words of a form without what lays them out, and without what makes them dead in Slack."""
    return re.findall(r"[^\s()*•·'`]+", form.replace("\u200b", ""))


@pytest.mark.parametrize("name", CASES)
def test_no_form_has_a_link_that_we_did_not_build(name: str) -> None:
    said = message(name)
    url = CASES[name]().url
    assert re.findall(r"<a [^>]*href=\"([^\"]*)\"", said.html) == [url]
    assert re.findall(r"<[^>]*>", said.slack) == [f"<{url}|Filing>"]
    assert re.findall(r"https?://[^\s|>]*", said.slack) == [url]
