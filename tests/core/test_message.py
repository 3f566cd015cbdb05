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
from tests.core.samples import PART_SOLD
from tests.core.samples import URL
from tests.core.samples import WATCH
from tests.core.samples import document
from tests.core.samples import facts
from tests.core.samples import held
from tests.core.samples import holdings_after
from tests.core.samples import option
from tests.core.samples import real_facts
from tests.core.samples import row
from watcher.core.codes import CODE_MEANING
from watcher.core.figures import short_dollars
from watcher.core.findings import Amendment
from watcher.core.findings import Candidate
from watcher.core.findings import FilingFacts
from watcher.core.findings import PlanBook
from watcher.core.findings import RowChange
from watcher.core.findings import Stake
from watcher.core.message import SUBJECT_LIMIT
from watcher.core.message import Reasons
from watcher.core.message import alert_message
from watcher.core.message import quarantine_message
from watcher.core.message import sec_url
from watcher.core.message import shortened
from watcher.core.message import subject
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


def told(content: OwnershipDocument, before: OwnershipDocument | None = None) -> Message:
    return alert_message(facts(content, holdings_after(before) if before else None), REASONS)


def title(content: OwnershipDocument) -> str:
    return told(content).title


def under(message: Message, label: str, number: int = 0) -> str:
    """What is said in the row of this label, as one line: with its amount, and its note in brackets."""
    bullets = [one for one in message.slack.splitlines() if one.startswith(f"• *{label}*  ")]
    return html.unescape(bullets[number].partition("*  ")[2]).replace("\u200b", "").replace(" · ", " ")


def flat(text: str) -> str:
    """The text as one line, so that where it is broken does not matter."""
    return " ".join(text.split())


def words(form: str) -> list[str]:
    """The words of a form without what lays them out: brackets, bullets, stars, columns."""
    return re.findall(r"[^\s()*•·]+", form.replace("\u200b", ""))


def of_html(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "\n", page.partition("<body")[2].partition(">")[2]))


def of_slack(form: str) -> str:
    return html.unescape(re.sub(r"<(https[^|]+)\|([^>]+)>", r"\2: \1", form))


def test_a_planned_exercise_and_sale_is_told_as_one() -> None:
    message = told(EXERCISE_AND_SALE, BEFORE)
    assert message.title == "EXMP: CLO Roe Jane exercised and sold 5,000 sh ($657,100), 10b5-1 plan; stake unchanged"
    assert message.text.startswith("EXMP · Example Corp — planned exercise-and-sell (Form 4)\n")
    assert "5,000 options @ $86.00             cost $430,000.00" in message.text
    assert "5,000 shares @ $131.42 average     gross $657,100.00" in message.text
    assert "$227,100.00" in message.text
    assert "71,407 → 76,407 → 71,407 (net 0)" in message.text


@pytest.mark.parametrize("content", [EXERCISE_AND_SALE, document(row("J", "D", 5, "0"), form="4/A"), document(held(5), form="3")])
def test_text_html_and_slack_say_the_same_in_the_same_order(content: OwnershipDocument) -> None:
    message = told(content, BEFORE)
    assert words(of_html(message.html)) == words(message.text)
    assert words(of_slack(message.slack)) == words(message.text)


def test_text_is_at_most_78_wide_but_for_names_and_links() -> None:
    lines = told(EXERCISE_AND_SALE, BEFORE).text.splitlines()
    assert max(len(line) for line in lines if "https://" not in line) <= 78


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
    assert title(content) == f"EXMP: CLO Roe Jane {deed}"


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
    assert title(content) == f"EXMP: CLO Roe Jane sold 1 sh ($10){said}"
    assert ("10b5-1 trading plan" in flat(told(content).text)) is (footnote == PLAN["F1"])
    assert ("planned sale" in told(content).text) is (said in {", 10b5-1 plan", ", 10b5-1 plan (by footnote)"})


def test_a_contradiction_is_said_in_words() -> None:
    assert "The box and the footnote contradict each other." in told(document(row(), footnotes=PLAN, box=False)).text


def test_an_amendment_is_marked_and_names_what_it_amends() -> None:
    content = replace(document(row(shares=1, price="1"), form="4/A"), date_of_original_submission=date(2026, 6, 2))
    assert title(content).endswith("sold 1 sh ($1) (amendment)")
    assert "Amends  the filing of 2 Jun 2026" in told(content).text
    assert "Amends  the filing of a date not stated" in told(document(row(), form="4/A")).text


def test_an_added_row_is_told_with_what_it_says_and_a_box_by_its_name() -> None:
    content = document(row("S", "D", 10, "5", after=90), form="4/A")
    amends = Amendment("tied", ACCESSION, (RowChange("added", "I", 1, None),), (("aff10b5_one", None, "checked"),))
    message = alert_message(replace(facts(content), amends=amends), REASONS)
    assert under(message, "Added") == "Table I row 1: Common Stock, code S, 10 @ $5.00, 90 afterwards"
    assert under(message, "Changed") == "10b5-1 box not stated → checked"


def test_joint_owners_are_all_named_and_the_event_told_once() -> None:
    message = told(
        document(row(), owners=[JANE, ALEX, replace(ALEX, name="Example Fund", is_director=False, is_ten_percent_owner=True)])
    )
    assert message.title.startswith("EXMP: CLO Roe Jane and 2 more sold 100 sh")
    for owner in ("Roe Jane, Chief Legal Officer (officer)", "Doe Alex (director)", "Example Fund (10% owner)"):
        assert owner in message.text.splitlines()
    assert message.text.count("100 shares") == 1


@pytest.mark.parametrize(
    ("owner", "said"),
    [
        (replace(JANE, officer_title=None), "Roe Jane (officer; not director, not 10% owner)"),
        (
            replace(JANE, is_director=True, is_ten_percent_owner=True),
            "Roe Jane, Chief Legal Officer (officer, director, 10% owner)",
        ),
        (replace(ALEX, is_director=False), "Doe Alex (relationship not stated)"),
        (
            replace(ALEX, is_director=False, is_other=True, other_text="Member of a Group"),
            "Doe Alex (Member of a Group; not officer, not director, not 10% owner)",
        ),
        (replace(ALEX, name=None), "name not legible (director; not officer, not 10% owner)"),
    ],
)
def test_an_owner_is_named_with_every_relationship_stated(owner: ReportingOwner, said: str) -> None:
    assert said in told(document(row(), owners=[owner])).text.splitlines()


# --- figures ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (document(row(shares=100, price="10")), "100 shares @ $10.00 gross $1,000.00 (code S; Common Stock)"),
        (
            document(row(shares=100, price="10"), row(shares=300, price="11")),
            "400 shares @ $10.75 average gross $4,300.00 (code S; Common Stock; range $10.00 to $11.00)",
        ),
        (
            document(
                row(price="10", footnotes={"price_per_share": ("F1",)}), footnotes={"F1": "This is a weighted average price."}
            ),
            "100 shares @ $10.00 average gross $1,000.00 (code S; Common Stock; lowest and highest price not stated; footnote F1)",
        ),
        (document(row(price=None)), "100 shares (code S; Common Stock)"),
        (document(row(shares=None)), "shares, number not stated or not legible (code S; Common Stock)"),
        (document(row(title=None)), "100 security not legible @ $25.56 gross $2,556.00 (code S)"),
        (document(row(title="LP Interests", price="10")), "100 LP Interests @ $10.00 gross $1,000.00 (code S)"),
    ],
)
def test_a_sale_shows_its_parts_and_calls_an_average_one(content: OwnershipDocument, said: str) -> None:
    assert under(told(content), "Sold") == said


def test_an_exercise_without_its_price_shows_no_cost_and_names_what_is_missing() -> None:
    message = told(document(derivatives=[option(strike=None, expires=None)]))
    assert under(message, "Exercised") == f"100 options (code M; {OPTION})"
    assert "Not known\n  exercise price\n" in message.text


def test_codes_keep_their_capitals_in_a_sentence() -> None:
    meaning = "other acquisition or disposition (see the footnotes)"
    said = under(told(document(row("J", "D", 5, "0"))), "Code J")
    assert said == f"5 shares, disposed of (code J; {meaning}; Common Stock)"


def test_of_a_code_that_says_little_the_footnotes_are_quoted() -> None:
    content = document(row("J", "D", 5, "0", footnotes={"transaction_code": ("F1",)}), footnotes={"F1": "Given to a fund."})
    assert under(told(content), "Footnote F1") == "“Given to a fund.”"


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ({"not_subject_to_section16": True}, "Exit box checked: no longer subject to Section 16"),
        ({"no_securities_owned": True}, "States that no securities are beneficially owned"),
        ({"form3_holdings_reported": True}, "reports holdings that a Form 3 should have shown"),
        ({"form4_transactions_reported": True}, "reports transactions that a Form 4 should have shown"),
    ],
)
def test_what_the_boxes_of_the_form_say_is_told(box: dict[str, bool], said: str) -> None:
    assert said in flat(told(replace(document(row()), **box)).text)  # type: ignore[arg-type]  # names of flags
    assert said not in flat(told(document(row())).text)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (document(row("S", "D", 407, after=71_000)), "71,407 → 71,000 (net −407)"),
        (document(row("P", "A", 93, after=71_500)), "71,407 → 71,500 (net +93)"),
        (document(row("S", "D", 407, after=70_000)), "70,407 → 70,000 (net −407)"),
        (document(held(71_500)), "71,500"),
        (document(row("S", "D", 407)), "71,407 → not stated as one total (71,407 is the last balance known as of 3 Feb 2026)"),
        (document(held(71_407)), "71,407"),
        (document(held(71_407), row(after=5, nature="By Trust")), "71,407 (no transaction here)"),
    ],
)
def test_a_holding_shows_the_opening_and_the_closing_of_this_filing(content: OwnershipDocument, said: str) -> None:
    assert under(told(content, BEFORE), "Common Stock, direct") == said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (document(row("S", "D", 407, after=71_000)), "the opening balance matches what was last filed, as of 3 Feb 2026 ✓"),
        (document(row("S", "D", 407, after=70_000)), "does not balance: −1,000 not explained by the filings in your store"),
        (document(held(71_500)), "does not balance: +93 not explained by the filings in your store"),
    ],
)
def test_the_ledger_check_says_whether_the_opening_matches_the_store(content: OwnershipDocument, said: str) -> None:
    assert under(told(content, BEFORE), "Ledger check").startswith(said)


def test_what_may_lie_behind_a_gap_is_told_the_fitting_apart_from_the_possible() -> None:
    found = facts(document(row("S", "D", 407, after=70_000)), holdings_after(BEFORE))
    candidates = (Candidate("split", "a split would do this", fits=True), Candidate("missing", "a filing is missing", fits=False))
    message = alert_message(replace(found, changes=(replace(found.changes[0], candidates=candidates),)), REASONS)
    assert under(message, "Before this filing") == (
        "71,407 as of 3 Feb 2026 by 0000000000-26-000000; by this filing’s own figures 70,407"
    )
    assert under(message, "Clue") == "a split would do this"
    assert under(message, "Possible cause") == "a filing is missing"


def test_a_line_that_the_filing_does_not_show_is_named_with_when_it_was_seen() -> None:
    (holding,) = holdings_after(replace(document(held(12_000, nature="By Trust")), period_of_report=date(2026, 2, 3))).values()
    message = alert_message(replace(facts(document(row())), untouched=(holding,)), REASONS)
    assert "Common Stock, indirect (By Trust) 12,000 (not in this filing; last filed as of 3 Feb 2026)" in flat(message.text)


def part_sold(stake: Stake) -> str:
    return under(alert_message(replace(facts(EXERCISE_AND_SALE), stakes=(stake,)), REASONS), "Part sold")


def test_a_percentage_says_of_what_and_tells_what_is_shown_from_what_was_filed_before() -> None:
    assert part_sold(PART_SOLD) == (
        "5,000 of the 76,407 Common Stock held on 1 line of this filing before the sale and after the exercise: 6.5%;"
        " 5.7% of 88,407 with 1 line as last filed; 4.8% counting options too (20,000 vested options before the exercise)"
    )


def test_without_other_lines_a_part_sold_has_one_base() -> None:
    stake = replace(
        PART_SOLD, held=PART_SOLD.shown, percent=PART_SOLD.percent_shown, lines=1, vested_options=None, percent_with_options=None
    )
    assert part_sold(stake).endswith("6.5%")


def test_what_a_percentage_does_not_count_is_named() -> None:
    said = part_sold(replace(PART_SOLD, not_counted=("900 Class B Common Stock in this filing, convertible into it",)))
    assert said.endswith("(not counted: 900 Class B Common Stock in this filing, convertible into it)")


def test_without_a_known_total_there_is_no_percentage() -> None:
    stake = Stake("Common Stock", Decimal(5000), None, None, 2, None, None, ("the total of the trust",))
    assert part_sold(stake) == "5,000 Common Stock, of a total that is not known (the total of the trust)"


def test_the_lines_of_funds_that_all_say_see_footnote_are_told_apart_by_their_footnotes() -> None:
    notes = {"F1": "Shares held of record by Example Fund I, LP, which he manages.", "F2": "The reporting person is its trustee."}
    content = document(
        row("S", "D", 100, after=5000, nature="See footnote", footnotes={"nature_of_ownership": ("F1",)}),
        replace(held(70, nature="See footnote"), footnotes={"nature_of_ownership": ("F2",)}),
        footnotes=notes,
    )
    message = told(content)
    assert under(message, "Common Stock, indirect (footnote F1: “Example Fund I, LP”)") == "5,100 → 5,000 (net −100)"
    assert (
        under(message, "Common Stock, indirect (footnote F2: “The reporting person is its trustee.”)")
        == "70 (no transaction here)"
    )


def test_of_several_footnotes_the_one_that_tells_a_line_from_the_others_names_it() -> None:
    notes = {"F1": "The general partner.", "F2": "Held directly by Fund I.", "F3": "Held directly by Fund II."}
    rows = [
        replace(held(shares, nature="See footnotes"), footnotes={"nature_of_ownership": ("F1", note)})
        for shares, note in ((50, "F2"), (70, "F3"))
    ]
    message = told(document(*rows, footnotes=notes))
    assert under(message, "Common Stock, indirect (footnote F2: “Fund I”)") == "50"
    assert under(message, "Common Stock, indirect (footnote F3: “Fund II”)") == "70"


def test_many_grants_are_told_in_one_line() -> None:
    rows = [row("M", "A", 10, str(strike), after=10 * (strike - 9)) for strike in range(10, 20)]
    grants = [option(shares=10, strike=strike, after=0) for strike in range(10, 20)]
    message = told(document(*rows, derivatives=grants))
    assert under(message, "Exercised") == (
        f"100 options of 10 grants @ $10.00 to $19.00 cost $1,450.00 (code M; {OPTION}; each is in the machine form)"
    )
    assert under(message, OPTION) == "100 → 0 left of 10 grants"
    assert message.text.count("Exercised") == 1


def test_a_balance_shows_each_turn_it_took() -> None:
    content = document(
        row("M", "A", 633, after=633),
        row("F", "D", 633, after=0),
        row("M", "A", 8500, after=8500),
        row("S", "D", 8000, after=500),
        row("S", "D", 500, after=0),
    )
    assert under(told(content), "Common Stock, direct") == "0 → 633 → 0 → 8,500 → 0 (net 0)"


def test_totals_that_do_not_follow_from_the_rows_give_no_opening() -> None:
    content = document(
        row("S", "D", 100, after=9000),
        row("S", "D", 50, after=0, footnotes={"shares_owned_following": ("F1",)}),
        footnotes={"F1": "Adjusted for a transfer that is exempt."},
    )
    assert under(told(content), "Common Stock, direct") == (
        "0 after this filing (its rows move −150, but the totals they state do not follow from each other, see footnote F1)"
    )


def test_a_gap_of_one_line_that_another_makes_good_is_told_once() -> None:
    before = document(held(1656), held(243_572, nature="By Trust"))
    content = document(row("S", "D", 500, after=244_013, nature="By Trust"), held(715))
    message = alert_message(facts(content, holdings_after(before)), REASONS)
    assert under(message, "Ledger check") == "two lines do not balance with your store, by 941 each: one has more, the other less"
    assert under(message, "Common Stock, direct", 1).startswith("−941 (1,656 as of 16 Jun 2026")
    assert under(message, "Clue").startswith("the two cancel out")
    assert message.text.count("not explained") == 0


def test_lines_of_one_name_that_this_filing_does_not_show_are_told_in_one() -> None:
    lines = [
        replace(one, as_of=date(2026, 1, month), nature_of_ownership="See footnote", shares=Decimal(month))
        for month, one in enumerate(holdings_after(document(held(1, nature="By A"), held(2, nature="By B"))).values(), 1)
    ]
    message = alert_message(replace(facts(document(row())), untouched=tuple(lines)), REASONS)
    said = "Common Stock, indirect (See footnote) 3 on 2 lines (not in this filing; last filed as of 1 Jan 2026 to 2 Jan 2026)"
    assert said in flat(message.text)


def test_an_indirect_line_is_named() -> None:
    assert under(told(document(held(5, nature="By Trust"))), "Common Stock, indirect (By Trust)") == "5"


def test_holdings_in_dollars_are_said_in_dollars() -> None:
    note = replace(held(None, title="Convertible Note"), value_owned_following=Decimal(6_000_000))
    before = replace(note, value_owned_following=Decimal(5_000_000))
    said = under(told(document(note), document(before)), "Convertible Note, direct")
    assert said.startswith("$5,000,000.00 → $6,000,000.00")


def test_before_the_baseline_is_read_nothing_is_claimed_of_earlier_holdings() -> None:
    message = alert_message(facts(document(row(after=900)), baseline_done=False), REASONS)
    assert under(message, "Ledger check") == "earlier holdings are not known yet"


def test_what_is_not_known_is_named_once() -> None:
    content = document(row(price=None), row(), warnings=["the date is not legible", "the date is not legible"])
    said = told(content).text.split("Not known\n")[1]
    assert said.startswith("  price of Table I row 1\n  the date is not legible\n  tax paid\n\n")


def test_a_plan_over_time_says_what_it_rests_on() -> None:
    book = PlanBook(
        date(2026, 3, 5), 40, "within", "90 days", date(2026, 6, 3), Decimal(900), Decimal("9000.5"), 2, date(2024, 1, 2)
    )
    message = alert_message(replace(facts(EXERCISE_AND_SALE), plan_book=book), REASONS)
    assert under(message, "Cooling-off") == "within it; day 40 after adoption; earliest allowed 3 Jun 2026 (90 days)"
    in_words = replace(book, words="earliest allowed 3 Jun 2026 (90 days)")
    message = alert_message(replace(facts(EXERCISE_AND_SALE), plan_book=in_words), REASONS)
    assert under(message, "Cooling-off") == "within it; day 40 after adoption (earliest allowed 3 Jun 2026 (90 days))"
    assert under(message, "Sold so far") == (
        "900 for $9,000.50; over 2 filings, this one included (from your store, since 2 Jan 2024)"
    )


@pytest.mark.parametrize(
    ("note", "claimed"),
    [
        (PLAN["F1"], True),
        (f"{PLAN['F1']} The plan expires on May 1, 2027.", False),
        (f"{PLAN['F1']} Up to 9,000 shares may be sold under it.", False),
    ],
)
def test_what_a_footnote_may_disclose_of_a_plan_is_not_called_undisclosed(note: str, *, claimed: bool) -> None:
    message = told(document(row(), footnotes={"F1": note}, box=True))
    assert ("not disclosed in this filing" in message.text) is claimed


def test_a_plan_with_two_days_of_adoption_names_both() -> None:
    notes = {"F1": PLAN["F1"], "F2": "Sold under a Rule 10b5-1 plan adopted on May 2, 2025."}
    assert (
        under(told(document(row(), footnotes=notes, box=True)), "Adopted")
        == "more than one day is stated: 2 May 2025, 5 Mar 2026"
    )
    assert under(told(document(row(), box=True)), "Adopted") == "day not stated"


def test_a_form_older_than_the_box_is_not_said_to_hide_it() -> None:
    old = facts(document(row()), filed_at=FILED.replace(year=2022))
    assert under(alert_message(old, REASONS), "10b5-1 box") == "none: forms filed before 1 Apr 2023 have no such box"
    assert under(told(document(row())), "10b5-1 box") == "not stated"


def test_that_a_form_is_one_of_several_is_told_in_the_filer_s_words() -> None:
    content = replace(
        document(row()), remarks="Exhibit 24. This Form 4 is the second of five Form 4s relating to the same event."
    )
    said = under(told(content), "Filer says")
    assert said == "“This Form 4 is the second of five Form 4s relating to the same event.”"
    assert "Filer says" not in told(replace(content, remarks="Vests one of three years after the grant.")).text


def test_what_was_withheld_on_vesting_leaves_shares_received_not_kept() -> None:
    units = option("M", shares=1000, strike=None, title="Restricted Stock Units", after=3000, expires=None)
    content = document(
        row("M", "A", 1000, "0", after=5000),
        row("F", "D", 380, "131.42", after=4620),
        row("S", "D", 620, "132", after=4000, on=date(2026, 6, 17)),
        derivatives=[units],
    )
    message = told(content)
    assert under(message, "Received") == "620 of the 1,000 vested, after withholding"
    assert "Kept" not in message.text
    assert message.text.index("Vested") < message.text.index("Sold")  # in the order of days


@pytest.mark.parametrize("kept", [0, 2000])
def test_a_difference_is_told_only_where_all_that_was_exercised_was_sold(kept: int) -> None:
    content = document(
        row("M", "A", 5000, "86", after=5000),
        row("S", "D", 5000 - kept, "131", after=kept),
        derivatives=[option(shares=5000, strike="86", after=0)],
    )
    assert ("Difference" in told(content).text) is (kept == 0)


def test_a_title_that_stands_in_the_remarks_is_read_there() -> None:
    content = replace(
        document(row(shares=1, price="1"), owners=[replace(JANE, officer_title="See Remarks")]), remarks="Chief Operating Officer"
    )
    assert title(content) == "EXMP: COO Roe Jane sold 1 sh ($1)"
    assert title(replace(content, remarks="Exhibit 24")) == "EXMP: See Remarks Roe Jane sold 1 sh ($1)"


def test_a_subject_that_is_too_long_loses_where_the_plan_stands_before_it_loses_the_plan() -> None:
    owner = replace(JANE, officer_title="Executive Vice President of Everything Else Worldwide")
    said = title(document(row(shares=1_234_567, price="100"), owners=[owner], footnotes=PLAN))
    assert len(said) <= SUBJECT_LIMIT
    assert said.endswith("sold 1,234,567 sh ($123,456,700), 10b5-1 plan")


def test_footnotes_in_a_row_are_named_by_the_first_and_the_last() -> None:
    notes = {f"F{number}": "Words." for number in range(1, 12)}
    content = document(row(footnotes={"transaction_code": ("F11", "F3", "F4", "F5", "F1")}), footnotes=notes)
    assert under(told(content), "Sold").endswith("footnotes F1, F3 to F5, F11)")


def test_no_price_is_missed_where_none_belongs() -> None:
    assert "price of" not in told(document(row("C", "A", 10, None), row("J", "D", 10, None))).text


def test_the_same_transactions_filed_by_others_are_one_sale() -> None:
    message = alert_message(replace(facts(document(row())), same_as="0000000000-26-000009"), REASONS)
    said = "The same transactions as in 0000000000-26-000009, filed by other owners: one sale, not two"
    assert said in flat(message.text)


def test_what_a_rule_asks_for_is_told_in_words_where_known() -> None:
    message = alert_message(facts(document(row())), Reasons(WATCH, ("clo",), ("clo: role contains “legal”",)))
    assert "  Watch EXMP; rule clo\n  clo: role contains “legal”\n" in message.text


# --- the whole -----------------------------------------------------------------------------------------------------------


def test_what_a_filer_typed_is_text_and_never_markup() -> None:
    evil = '<script src="//x">&'
    content = document(row(title=evil), owners=[replace(JANE, name=evil)], footnotes={"F1": f"10b5-1 {evil}"}, warnings=[evil])
    message = told(replace(content, issuer=replace(content.issuer, name=evil)))
    assert "<script" not in message.html
    assert re.findall(r"(?:href|src)=\"[^\"]*", message.html) == [f'href="{URL}']
    assert re.findall(r"<[^>]*>", message.slack) == [f"<{URL}|Filing>"]
    assert evil in message.text


def test_no_form_asks_for_anything_from_outside() -> None:
    page = told(EXERCISE_AND_SALE).html
    assert re.findall(r"<(?:img|link|script|iframe|object)|url\(|@import", page) == []
    assert page.count("http") == 2, "the link and its text"


def test_a_mention_a_link_or_a_code_block_in_a_filing_is_dead_in_slack() -> None:
    evil = "<!channel> @here https://evil.example `code` <https://evil.example|sec.gov>"
    form = told(document(row(title=evil), owners=[replace(JANE, name=evil)])).slack
    assert "<!" not in form
    assert "@here" not in form
    assert "`" not in form
    assert re.findall(r"https?://[^|>]*", form) == [URL]


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
    assert set(re.findall(r"[0-9][0-9,]{3,}", line)) <= {f"{shares:,}", short_dollars(shares * Decimal("999.99"))[1:]}
    assert f"exercised and sold {shares:,} sh" in line


def test_text_is_cut_at_a_space() -> None:
    assert shortened("sold 1,000,000 sh", 12) == "sold…"
    assert shortened("short", 12) == "short"
    assert shortened("x" * 20, 12) == "x" * 11 + "…"


def test_an_unreadable_filing_is_told_with_all_that_is_known() -> None:
    message = quarantine_message(ACCESSION, "4", "Roe Jane", "cut <short>", URL, WATCH)
    assert message.title == "EXMP: a Form 4 was filed that could not be read"
    for part in ("EXMP", "Roe Jane", ACCESSION, "cut <short>", URL):
        assert part in message.text
    assert "cut &lt;short&gt;" in message.html
    assert under(message, "Reason") == "cut <short>"
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
        assert message.title.replace("\u200b", "").isprintable(), name  # a title like "GLOBAL.CEO" is kept from being a link
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
        kinds |= {part.kind for event in filing.events for part in event.parts}
        assert ("\n  Sold " in happened) is ("sale" in kinds), name
        assert ("\n  Bought " in happened) is ("purchase" in kinds), name
        assert (" sold " in message.title) is ("sale" in kinds), name


def test_a_note_that_is_stated_in_dollars_lacks_no_number_and_what_is_left_of_it_is_said_once() -> None:
    note = replace(
        option("C", "D", None, "10", title="5% Convertible Note", expires=None),
        total_value=Decimal(10_000),
        value_owned_following=Decimal(0),
    )
    said = " ".join(alert_message(facts(document(derivatives=[note])), REASONS).text.split())
    assert "Converted 5% Convertible Note stated value $10,000.00 (code C)" in said
    assert "5% Convertible Note, direct $0.00 after this filing (strike $10.00)" in said
    assert "not legible" not in said
