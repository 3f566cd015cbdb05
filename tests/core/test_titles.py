"""Folded titles and ownership lines: spelling goes, whatever may tell two classes or two trusts apart stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import real_readings
from watcher.core.titles import folded
from watcher.core.titles import folded_nature
from watcher.core.titles import folded_note
from watcher.core.titles import says_nothing


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("COMMON STOCK", "Common  Stock."),
        ("Common Stock, par value $0.01 per share", "Common Stock"),
        ("Common Stock, $.001 par value", "common stock"),
        ("Common Stock $0.01 Par Value", "Common Stock"),
        ("$2.50 par value Common Stock", "Common Stock"),
        ("Common Stock, $1 2/3 Par Value", "Common Stock"),
        ("Common Shares, no par value", "Common Shares"),
        ("Common shares without par value", "Common Shares"),
        ("Ordinary Shares, nominal value $0.0003 per share", "Ordinary Shares"),
        ("Ordinary Shares, par value NIS 1.75 per share", "Ordinary Share"),
        ("Shares of Common Stock (par value $0.01 per share)", "Common Stock"),
        ('"Common Stock, $.01 par value (""Common Stock"")"', "Common Stock"),
        ("Common", "Common Stock"),
        ("Common Stock \u2013 Series A", "Series A Common Stock"),
        ("Common Class A", "Class A Common Stock"),
        ("Class A Ordinary Share", "Class  A ordinary shares"),
        ("Restricted Stock Units (RSUs)", "Restricted Stock Unit"),
        ('Deferred Share Units ("DSUs")', "Deferred Share Units"),
        ("2024 RSUs", "2024 RSU"),
        ("Stock Option (Right to Buy)", "Stock Options"),
        ("Employee Stock Option (right-to-buy)", "Employee Stock Option"),
        ("Warrant (right to purchase)", "Warrants"),
        ("Non- Qualified Stock Option", "Nonqualified Stock Option"),
        ("Restricted Stock Units(1)", "Restricted Stock Units"),
        ("Example Corp, Inc, Common Stock", "Example Corp. Inc. Common Stock"),
    ],
)
def test_two_spellings_of_a_class_are_one(title: str, other: str) -> None:
    assert folded(title) == folded(other)


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("Class A Common Stock", "Class B Common Stock"),
        ("Class A Common Stock", "Common Stock"),
        ("Series A Preferred Stock", "Series A-1 Preferred Stock"),
        ("Series C Preferred", "Series C Depositary Shares"),
        ("Common Stock", "Common Units"),
        ("Common Stock Units", "Common Units"),
        ("Common Stock", "Common Stock (401k)"),
        ("Common Stock", "Common Stock (Right to Buy)"),
        ("Voting Common Stock", "Non-Voting Common Stock"),
        ("Stock Option", "Non-Qualified Stock Option"),
        ("Employee Stock Option (right to buy)", "Director Stock Option (right to buy)"),
        ("Performance Share Units (2022)", "Performance Share Units (2023)"),
        ('Performance Stock Units ("2021 PSUs")', 'Performance Stock Units ("2022 PSUs")'),
        ("Restricted Stock Units (RSU) (Class A)", "Restricted Stock Units (RSU) (Class B)"),
        ("5.44% Notes due 2025", "5.44% Notes due 2026"),
        ("8.75% Series A Preferred", "875% Series A Preferred"),
        ("Restricted Stock Unit-5", "Restricted Stock Unit-6"),
    ],
)
def test_two_classes_stay_two(title: str, other: str) -> None:
    assert folded(title) != folded(other)


@pytest.mark.parametrize(
    ("nature", "other"),
    [
        ("By Trust", "by the trust"),
        ("Held by Trust", "Trust"),
        ("Owned by Spouse", "By: Spouse"),
        ("Shares held by spouse", "spouse"),
        ("By 401(k) Plan", "401K"),
        ("By Company 401(k) Plan", "by 401 (K)"),
        ("By the Roe 2018 Irrevocable Trust", "Roe 2018 Irrevocable Trust"),
        ("Through Roe Holdings, LLC", "By Roe Holdings LLC"),
        ("By Example Fund IV, L.P.", "Example Fund IV, LP"),
        ("Directly held by Example Fund II, L.P", "By Example Fund II, L.P."),
        ("By Roe\u2019s IRA", "Roe's IRA"),
        ("By GRAT #2", "By GRAT 2"),
        ("Roe Trust \u2014 B", "Roe Trust-B"),
        ("Roe Trust F/B/O Child 1", "Roe Trust FBO Child 1"),
    ],
)
def test_two_spellings_of_an_ownership_line_are_one(nature: str, other: str) -> None:
    assert folded_nature(nature) == folded_nature(other)


@pytest.mark.parametrize(
    ("nature", "other"),
    [
        ("By Trust", "By Trusts"),
        ("By Trust", "By Trust 2"),
        ("By Trust", "By Family Trust"),
        ("By Trust", "By Trust*"),
        ("By A Trust", "By Trust"),
        ("By 2018 Trust", "By 2020 Trust"),
        ("Roe Trust FBO Child 1", "Roe Trust FBO Child 2"),
        ("UTMA for Child", "UTMA for Child (2)"),
        ("Example Fund II, L.P.", "Example Fund III, L.P."),
        ("Example Fund II, L.P.", "Example Fund II-A, L.P."),
        ("By Daughter's Trust", "By Daughters' Trust"),
        ("By Spouse", "By Spouse's IRA"),
        ("401(k) Plan", "401(k) SSB Trust"),
        ("By Exempt Trust", "By Non-Exempt Trust"),
        ("GRAT dated 10/16/12", "GRAT dated 10/16/13"),
    ],
)
def test_two_ownership_lines_stay_two(nature: str, other: str) -> None:
    assert folded_nature(nature) != folded_nature(other)


@pytest.mark.parametrize(
    "nature", ["", "I", "See footnote (2)", "see foonote", "See Explanation of Responses", "See Notes 1 and 2", "*"]
)
def test_a_line_without_words_of_its_own_is_known_as_such(nature: str) -> None:
    assert says_nothing(nature)


@pytest.mark.parametrize("nature", ["By Trust", "By I Trust", "See footnote, by spouse"])
def test_a_line_with_words_of_its_own_is_known_as_such(nature: str) -> None:
    assert not says_nothing(nature)


def test_a_footnote_that_names_a_line_loses_its_numbers_of_shares_and_keeps_its_names() -> None:
    first, later = (f"Includes {count} shares held by Example Fund 2, L.P." for count in ("12,500", "900"))
    assert folded_note(first) == folded_note(later)
    assert folded_note(first) != folded_note(first.replace("Fund 2", "Fund 3"))
    assert folded_note("By the Roe 2018 Trust") != folded_note("By the Roe 2020 Trust")


@given(st.text(max_size=60))
def test_spaces_around_a_text_say_nothing_whatever_it_is(text: str) -> None:
    assert folded(text) == folded(f" {text} ")
    assert folded_nature(text) == folded_nature(f" {text} ")


@given(
    st.integers(1, 99),
    st.integers(1, 99),
    st.sampled_from(["Roe Trust {}", "By Trust #{}", "Class {} Common Stock", "Fund {}, L.P."]),
)
def test_a_number_is_never_folded_away(one: int, other: int, words: str) -> None:
    for fold in (folded, folded_nature):
        assert (fold(words.format(one)) == fold(words.format(other))) == (one == other)


def test_in_the_corpus_folding_never_joins_two_lines_that_differ_in_a_number(corpus: Path) -> None:
    titles: set[str] = set()
    natures: set[str] = set()
    for _, reading in real_readings(corpus):
        for line in (*reading.document.non_derivative_table, *reading.document.derivative_table):
            titles.add(line.security_title or "")
            natures.add(line.nature_of_ownership or "")
    for texts, fold in ((titles - {one for one in titles if "value" in one.casefold()}, folded), (natures, folded_nature)):
        joined: dict[str, set[str]] = {}
        for text in texts:
            joined.setdefault(fold(text), set()).add("".join(filter(str.isdigit, text)))
        assert not {key: numbers for key, numbers in joined.items() if len(numbers) > 1 and not says_nothing(key)}
        assert len(joined) < len(texts)
