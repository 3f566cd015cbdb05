"""An alert as people read it: the verb that the code allows, every figure with its parts, unknowns named, a subject that fits."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import ACCESSION
from tests.core.samples import ALEX
from tests.core.samples import FILED
from tests.core.samples import JANE
from tests.core.samples import OPTION
from tests.core.samples import URL
from tests.core.samples import WATCH
from tests.core.samples import document
from tests.core.samples import facts
from tests.core.samples import held
from tests.core.samples import option
from tests.core.samples import real_facts
from tests.core.samples import row
from watcher.core.codes import CODE_MEANING
from watcher.core.holdings import holdings_after
from watcher.core.message import SUBJECT_LIMIT
from watcher.core.message import Reasons
from watcher.core.message import alert_message
from watcher.core.message import quarantine_message
from watcher.core.message import sec_url
from watcher.core.message import shortened
from watcher.core.message import subject
from watcher.core.model import FilingFacts
from watcher.core.model import Holding
from watcher.core.model import HoldingKey
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.telling import Message
from watcher.core.telling import WatchedAs

REASONS = Reasons(WATCH, ("default",))
BEFORE = replace(document(held(71_407)), period_of_report=date(2026, 2, 3))
PLAN = {
    "F1": "Sold pursuant to a Rule 10b5-1 trading plan adopted on March 5, 2026.",
    "F2": "The price is a weighted average. Sold at prices ranging from $131.00 to $131.96.",
}
EXERCISE_AND_SALE = document(
    row("M", "A", 5000, "86", after=76_407),
    row("S", "D", 5000, "131.42", after=71_407, footnotes={"transaction_code": ("F1",), "price_per_share": ("F2",)}),
    derivatives=[option(shares=5000, strike="86", after=15_000, expires=date(2028, 2, 14))],
    footnotes=PLAN,
    box=True,
)


def stored(content: OwnershipDocument) -> dict[HoldingKey, Holding]:
    holdings = holdings_after(content, issuer_cik="0009990001", accession_number="0000000000-26-000000", filed_at=FILED)
    return {holding.key: holding for holding in holdings}


def told(content: OwnershipDocument, before: OwnershipDocument | None = None) -> Message:
    return alert_message(facts(content, stored(before) if before else None), REASONS)


def title(content: OwnershipDocument) -> str:
    return told(content).title


def line(content: OwnershipDocument, start: str, before: OwnershipDocument | None = None) -> str:
    (found,) = [one.strip() for one in told(content, before).text.splitlines() if one.strip().startswith(start)]
    return found


def test_a_planned_exercise_and_sale_reads_so() -> None:
    message = told(EXERCISE_AND_SALE, BEFORE)
    assert message.title == "EXMP: Chief Legal Officer Roe Jane exercised 5,000 options and sold 5,000 sh ($657,100), 10b5-1 plan"
    assert (
        message.text
        == f"""EXMP · Example Corp: exercised, sold (Form 4)
Roe Jane, Chief Legal Officer (officer)

What happened (16 Jun 2026)
  Exercised 5,000 {OPTION} at $86.00 = cost $430,000.00 · 15,000 of these left, expiring 14 Feb 2028 (code M)
  Sold 5,000 Common Stock at $131.42 on average = $657,100.00 (range $131.00 to $131.96) (code S; footnotes F1, F2)

Holdings
  Common Stock, direct: 71,407 → 71,407
  {OPTION}, $86.00, expires 2028-02-14, direct: 15,000 after (before: none in the store)

Plan
  10b5-1 box: checked
  Plan adopted 5 Mar 2026
  Footnote F1: “Sold pursuant to a Rule 10b5-1 trading plan adopted on March 5, 2026.”

Timing
  traded 16 Jun 2026 · due 18 Jun 2026 · accepted 17 Jun 2026 18:42:10 ET (on time)

Why you got this
  Watch EXMP; rule default
  Accession number {ACCESSION}
  More: watcher why {ACCESSION}

Filing: {URL}"""
    )


def test_the_html_says_what_the_text_says() -> None:
    message = told(EXERCISE_AND_SALE, BEFORE)
    shown = html.unescape(re.sub(r"<[^>]+>", "\n", message.html)).split()
    assert shown == message.text.split()


# --- words -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [*CODE_MEANING, "?", None])
@pytest.mark.parametrize("direction", ["A", "D", None])
@pytest.mark.parametrize("table", ["I", "II"])
def test_sold_and_bought_are_said_of_s_and_p_alone(code: str | None, direction: str | None, table: str) -> None:
    one = row(code, direction) if table == "I" else replace(option(direction=direction), transaction_code=code)
    content = document(one) if table == "I" else document(derivatives=[one])
    said = f"{told(content).title}\n{told(content).text}".casefold()
    assert ("sold" in said) is ((code, direction) == ("S", "D"))
    assert ("bought" in said) is ((code, direction) == ("P", "A"))
    assert "exercised" not in said or code in {"M", "O", "X"}
    assert f"code {code or 'not legible'}" in told(content).text


@pytest.mark.parametrize(
    ("content", "deed"),
    [
        (document(row("S", "D", 100, "10")), "sold 100 sh ($1,000)"),
        (document(row("P", "A", 100, "10")), "bought 100 sh ($1,000)"),
        (document(row("F", "D", 100, "10")), "had withheld 100 sh"),
        (document(row("G", "D", 100, "0")), "gave 100 sh"),
        (document(row("G", "A", 30, "0")), "received as a gift 30 sh"),
        (document(row("G", "D", 100, "0"), row("G", "A", 30, "0")), "gave 100 sh"),
        (document(row("A", "A", 100, "0")), "was awarded 100 sh"),
        (document(row("D", "D", 100, "0")), "returned or tendered 100 sh"),
        (document(row("J", "D", 100, "0")), "reported code J: 100 sh"),
        (document(row("C", "A", 100, "0")), "received by conversion 100 sh"),
        (document(row("M", "A", 100, "10")), "exercised 100 sh"),
        (document(derivatives=[option("A", "A", 5)]), "was awarded 5 options"),
        (document(derivatives=[option("A", "A", 5, title="Restricted Stock Units")]), "was awarded 5 units"),
        (document(derivatives=[option("M", strike=None, title="Restricted Stock Units")]), "vested 100 units"),
        (document(derivatives=[option("X", title="Common Stock Warrants")]), "exercised 100 warrants"),
        (document(derivatives=[option("M", strike=None, title="Class B Common Stock")]), "converted 100 derivative securities"),
        (document(row("A", "A", 7, "0"), derivatives=[option("A", "A", 5)]), "was awarded 7 sh"),
        (document(row("F", "D", 100, "10"), row("S", "D", 40, "10")), "sold 40 sh ($400)"),
        (document(row(shares=None)), "sold sh (number not stated or not legible)"),
        (document(row(), row(None, "D", 5)), "sold at least 100 sh ($2,556)"),
        (document(row(price=None)), "sold 100 sh"),
        (document(held(5)), "filed a Form 4 without a transaction"),
        (document(held(5), form="3"), "filed a Form 3 without a transaction"),
    ],
)
def test_the_subject_says_what_was_done_and_how_much(content: OwnershipDocument, deed: str) -> None:
    assert title(content) == f"EXMP: Chief Legal Officer Roe Jane {deed}"


@pytest.mark.parametrize(
    ("box", "footnote", "said"),
    [
        (True, "Nothing.", ", 10b5-1 plan"),
        (None, PLAN["F1"], ", 10b5-1 plan (by footnote)"),
        (False, PLAN["F1"], ", 10b5-1 unclear"),
        (False, "Nothing.", ""),
        (None, "Nothing.", ""),
    ],
)
def test_planned_is_said_only_with_the_box_or_a_quoted_sentence(*, box: bool | None, footnote: str, said: str) -> None:
    content = document(row(shares=1, price="10"), footnotes={"F1": footnote}, box=box)
    assert title(content) == f"EXMP: Chief Legal Officer Roe Jane sold 1 sh ($10){said}"
    assert ("10b5-1 trading plan" in told(content).text) is (footnote == PLAN["F1"])


def test_a_contradiction_is_said_in_words() -> None:
    assert "The box and the footnote contradict each other." in told(document(row(), footnotes=PLAN, box=False)).text


def test_an_amendment_is_marked_and_names_what_it_amends() -> None:
    content = replace(document(row(shares=1, price="1"), form="4/A"), date_of_original_submission=date(2026, 6, 2))
    assert title(content).endswith("sold 1 sh ($1) (amendment)")
    assert "This amends a filing of 2 Jun 2026." in told(content).text
    assert "This amends a filing of a date not stated." in told(document(row(), form="4/A")).text


def test_joint_owners_are_all_named_and_the_event_told_once() -> None:
    message = told(
        document(row(), owners=[JANE, ALEX, replace(ALEX, name="Example Fund", is_director=False, is_ten_percent_owner=True)])
    )
    assert message.title.startswith("EXMP: Chief Legal Officer Roe Jane and 2 more sold 100 sh")
    for owner in ("Roe Jane, Chief Legal Officer (officer)", "Doe Alex (director)", "Example Fund (10% owner)"):
        assert owner in message.text.splitlines()
    assert message.text.count("Sold 100") == 1


@pytest.mark.parametrize(
    ("owner", "said"),
    [
        (replace(JANE, officer_title=None), "Roe Jane (officer)"),
        (
            replace(JANE, is_director=True, is_ten_percent_owner=True),
            "Roe Jane, Chief Legal Officer (officer, director, 10% owner)",
        ),
        (replace(ALEX, is_director=False), "Doe Alex (relationship not stated)"),
        (replace(ALEX, is_director=False, is_other=True, other_text="Member of a Group"), "Doe Alex (Member of a Group)"),
        (replace(ALEX, name=None), "name not legible (director)"),
    ],
)
def test_an_owner_is_named_with_every_relationship_stated(owner: ReportingOwner, said: str) -> None:
    assert said in told(document(row(), owners=[owner])).text.splitlines()


# --- figures ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (document(row(shares=100, price="10")), "Sold 100 Common Stock at $10.00 = $1,000.00 (code S)"),
        (
            document(row(shares=100, price="10"), row(shares=300, price="11")),
            "Sold 400 Common Stock at $10.75 on average = $4,300.00 (range $10.00 to $11.00) (code S)",
        ),
        (
            document(
                row(price="10", footnotes={"price_per_share": ("F1",)}), footnotes={"F1": "This is a weighted average price."}
            ),
            "Sold 100 Common Stock at $10.00 on average = $1,000.00 (code S; footnotes F1)",
        ),
        (document(row(price=None)), "Sold 100 Common Stock (code S)"),
        (document(row(shares=None)), "Sold a number not stated or not legible of Common Stock (code S)"),
        (document(row(title=None)), "Sold 100 security not legible at $25.56 = $2,556.00 (code S)"),
    ],
)
def test_a_sale_shows_its_parts_and_calls_an_average_one(content: OwnershipDocument, said: str) -> None:
    assert line(content, "Sold") == said


def test_an_exercise_without_its_price_shows_no_cost_and_names_what_is_missing() -> None:
    content = document(derivatives=[option(strike=None, expires=None)])
    assert line(content, "Exercised") == f"Exercised 100 {OPTION} (code M)"
    assert "Not known\n  exercise price" in told(content).text


def test_codes_keep_their_capitals_in_a_sentence() -> None:
    assert line(document(row("J", "D", 5, "0")), "Reported") == "Reported code J: 5 Common Stock (code J)"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (document(row("S", "D", 407, after=71_000)), "71,407 → 71,000 (−407 reported here)"),
        (document(row("P", "A", 93, after=71_500)), "71,407 → 71,500 (+93 reported here)"),
        (
            document(row("S", "D", 407, after=70_000)),
            "71,407 → 70,000 (−407 reported here); −1,000 since 3 Feb 2026 is not explained by what has been filed",
        ),
        (document(held(71_500)), "71,407 → 71,500; +93 since 3 Feb 2026 is not explained by what has been filed"),
        (document(row("S", "D", 407)), "71,407 → not stated as one total (−407 reported here)"),
        (document(held(71_407)), "71,407 → 71,407"),
    ],
)
def test_holdings_show_before_after_and_what_is_not_explained_with_its_sign(content: OwnershipDocument, said: str) -> None:
    assert line(content, "Common Stock, direct", BEFORE) == f"Common Stock, direct: {said}"


def test_an_indirect_line_is_named() -> None:
    assert line(document(held(5, nature="By Trust")), "Common") == (
        "Common Stock, indirect (By Trust): 5 after (before: none in the store)"
    )


def test_holdings_in_dollars_are_said_in_dollars() -> None:
    note = replace(held(None, title="Convertible Note"), value_owned_following=Decimal(6_000_000))
    before = replace(note, value_owned_following=Decimal(5_000_000))
    assert line(document(note), "Convertible", document(before)) == "Convertible Note, direct: $5,000,000.00 → $6,000,000.00"


def test_before_the_baseline_is_read_nothing_is_claimed_of_earlier_holdings() -> None:
    message = alert_message(facts(document(row(after=900)), baseline_done=False), REASONS)
    assert "900 after (earlier holdings are not known yet)" in message.text
    assert "none in the store" not in message.text


def test_what_is_not_known_is_named_once() -> None:
    content = document(row(price=None), row(), warnings=["the date is not legible", "the date is not legible"])
    assert told(content).text.split("Not known\n")[1].startswith("  price of Table I row 1\n  the date is not legible\n\n")


# --- the whole -----------------------------------------------------------------------------------------------------------


def test_what_a_filer_typed_is_text_and_never_markup() -> None:
    evil = '<script src="//x">&'
    content = document(row(title=evil), owners=[replace(JANE, name=evil)], footnotes={"F1": f"10b5-1 {evil}"}, warnings=[evil])
    message = told(replace(content, issuer=replace(content.issuer, name=evil)))
    assert "<script" not in message.html
    assert set(re.findall(r"<(/?\w+)", message.html)) == {"p", "/p", "b", "/b", "br", "strong", "/strong", "a", "/a"}
    assert evil in message.text


@pytest.mark.parametrize(
    ("watch", "symbol"),
    [(WATCH, "EXMP"), (WatchedAs("owner:0009980001", "Roe Jane"), "EXMP"), (WatchedAs("issuer:1", "NEWT", "NEWT"), "NEWT")],
)
def test_the_issuer_s_ticker_comes_first_also_for_a_watched_person(watch: WatchedAs, symbol: str) -> None:
    message = alert_message(facts(document(row())), Reasons(watch, ("default",)))
    assert message.title.startswith(f"{symbol}: ")
    assert message.text.startswith(f"{symbol} · Example Corp")
    assert f"Watch {watch.shown}; rule default" in message.text


def test_every_rule_that_matched_is_named() -> None:
    assert "rule one, two" in alert_message(facts(document(row())), Reasons(WATCH, ("one", "two"))).text


def test_a_link_is_built_from_digits_alone() -> None:
    assert sec_url(ACCESSION, "0009990001") == URL


NAMES = st.text(alphabet="ABCDEFGH abcdefgh", min_size=1, max_size=200).map(str.strip).filter(bool)


@given(NAMES, NAMES, st.integers(1, 10), st.integers(1, 10**12))
def test_a_subject_fits_and_never_cuts_a_figure(name: str, role: str, owners: int, shares: int) -> None:
    people = [replace(JANE, name=name, officer_title=role)] * owners
    content = document(
        row(shares=shares, price="999.99"), derivatives=[option(shares=shares)], owners=people, footnotes=PLAN, form="4/A"
    )
    line = subject(facts(content), WATCH)
    assert len(line) <= SUBJECT_LIMIT
    assert set(re.findall(r"[0-9][0-9,]{3,}", line)) <= {f"{shares:,}", f"{shares * Decimal('999.99'):,.0f}"}
    assert f"exercised {shares:,} options" in line


def test_text_is_cut_at_a_space() -> None:
    assert shortened("sold 1,000,000 sh", 12) == "sold…"
    assert shortened("short", 12) == "short"
    assert shortened("x" * 20, 12) == "x" * 11 + "…"


def test_an_unreadable_filing_is_told_with_all_that_is_known() -> None:
    message = quarantine_message(ACCESSION, "4", "Roe Jane", "cut <short>", URL, WATCH)
    assert message.title == "EXMP: a Form 4 was filed that could not be read"
    for part in ("EXMP", "Roe Jane", ACCESSION, "Reason: cut <short>", URL):
        assert part in message.text
    assert "cut &lt;short&gt;" in message.html
    assert "parties not legible" in quarantine_message(ACCESSION, "4", "", "why", URL, WATCH).text
    assert len(quarantine_message(ACCESSION, "4", "", "", URL, WatchedAs("k", "word " * 50)).title) <= SUBJECT_LIMIT


@pytest.fixture(scope="module")
def real(corpus: Path) -> list[tuple[str, FilingFacts]]:
    return list(real_facts(corpus))


def test_every_filing_of_the_corpus_is_told_with_ticker_owners_accession_and_link(real: list[tuple[str, FilingFacts]]) -> None:
    assert len(real) > 600
    for name, filing in real:
        message = alert_message(filing, REASONS)
        assert len(message.title) <= SUBJECT_LIMIT, name
        assert message.title.startswith("EXMP: "), name
        assert message.title.isprintable(), name
        for text in (message.text, html.unescape(message.html)):
            assert ACCESSION in text, name
            assert URL in text, name
            for owner in filing.document.reporting_owners:
                assert (owner.name or "name not legible") in text, name


def test_of_the_corpus_only_filings_with_a_sale_are_said_to_hold_one(real: list[tuple[str, FilingFacts]]) -> None:
    for name, filing in real:
        message = alert_message(filing, REASONS)
        kinds = {event.kind for event in filing.events}
        happened = message.text.partition("What happened")[2].partition("\n\n")[0]
        assert ("\n  Sold " in happened) is ("sale" in kinds), name
        assert ("\n  Bought " in happened) is ("purchase" in kinds), name
        assert (" sold " in message.title) is ("sale" in kinds), name
