"""Words of the user's own: what a template may see and do, how its mistakes are found, and that none of them costs an alert."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.core.samples import ACCESSION
from tests.core.samples import JANE
from tests.core.samples import URL
from tests.core.samples import WATCH
from tests.core.samples import document
from tests.core.samples import facts
from tests.core.samples import row
from watcher.core.findings import FilingFacts
from watcher.core.message import SUBJECT_LIMIT
from watcher.core.message import Reasons
from watcher.core.message import alert_message
from watcher.core.payload import alert_fields
from watcher.core.telling import Message
from watcher.core.telling import Templates
from watcher.templates import KINDS
from watcher.templates import MOST
from watcher.templates import problem_with
from watcher.templates import words

REASONS = Reasons(WATCH, ("default",))
SALE = facts(document(row("S", "D", 1000, "10.50", after=900)))
EVIL = facts(document(row(), owners=[replace(JANE, name="<b>Roe</b> <!channel> @here")]))
GOOD = {
    "subject": "{{ issuer.ticker }} {{ headline }}",
    "text": "{% for one in sections %}{{ one.heading }}: {% for line in one.lines %}{{ line.text }} {% endfor %}{% endfor %}{{ url }}",
    "html": "<p>{{ owners | join(', ') }}</p>{% for link in links %}<a href='{{ link.url }}'>{{ link.label }}</a>{% endfor %}",
    "slack": "*{{ subject }}* {% for e in events %}{{ e.shares | shares }} {{ e.value | dollars }}{% endfor %} {{ url | link('Filing') }}",
}


def made(filing: FilingFacts = SALE, **sources: str) -> Message:
    worded = words(filing, REASONS, Templates(**sources))
    assert worded.troubles == ()
    return worded.message


def form(message: Message, kind: str) -> str:
    return {"subject": message.title, "text": message.text, "html": message.html, "slack": message.slack}[kind]


def test_without_templates_the_words_are_ours() -> None:
    assert words(SALE, REASONS) == words(SALE, REASONS, Templates())
    assert words(SALE, REASONS).message == alert_message(SALE, REASONS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_replaces_its_form_and_no_other(kind: str) -> None:
    message, ours = made(SALE, **{kind: "mine: {{ accession_number }}"}), alert_message(SALE, REASONS)
    for other in KINDS:
        assert form(message, other) == (f"mine: {ACCESSION}" if other == kind else form(ours, other))


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_template_is_no_problem(kind: str) -> None:
    assert problem_with(kind, GOOD[kind]) is None


def test_every_field_that_a_machine_is_sent_can_be_said() -> None:
    for name, value in alert_fields(SALE, REASONS, "").items():
        said = made(text=f"{{{{ {name} | tojson }}}}.").text
        assert json.loads(said[:-1].encode().decode("unicode_escape")) == value


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("events[0].shares | shares", "1,000"),
        ("events[0].value | dollars", "$10,500.00"),
        ("events[0].price_average | price", "$10.50"),
        ("'5.6557' | percent", "5.7%"),
        ("events[0].dates[0] | day", "16 Jun 2026"),
        ("filed_at | moment", "17 Jun 2026 18:42:10 ET"),
        ("plan.adopted | day", "not stated"),
        ("holdings[0].before | shares", "not stated"),
        ("3 * 4", "12"),
    ],
)
def test_figures_and_days_are_shown_as_ours_are(expression: str, said: str) -> None:
    assert made(text=f"{{{{ {expression} }}}}").text == said


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("source", "line", "words_of_it"),
    [
        ("a\nb {{ subject", 2, "unexpected end of template"),
        ("a\n{% if %}", 2, "Expected an expression"),
        ("a\n{{ subjet }}", 2, "no alert has 'subjet'"),
        ("{{ subject | shout }}", 1, "No filter named 'shout'"),
        ("a\n\n{{ plan.adoptet }}", 3, "has no attribute 'adoptet'"),
        ("{{ events[3].kind }}", 1, "has no element 3"),
        ("{{ accession_number | dollars }}", 1, "what is no figure"),
        ("{{ subject.__class__ }}", 1, "unsafe"),
        ("{% include '/etc/hosts' %}", 1, "no loader"),
        ("{% import 'os' as os %}", 1, "no loader"),
        ("{{ owners.append('x') }}", 1, "append"),
        ("{{ 'a' * 1000000000 }}", 1, "* is for numbers only"),
        ("{{ 9 ** 9 ** 9 }}", 1, "** is not to be had"),
        ("{% for i in range(1000000) %}{% endfor %}", 1, "a range has at most"),
        ("{% for i in range(9999) %}{{ headline }}{% endfor %}", 1, f"more than {MOST:,} characters"),
        ("{# nothing #}", 1, "it comes to nothing"),
    ],
)
def test_a_problem_is_found_with_its_line(kind: str, source: str, line: int, words_of_it: str) -> None:
    found = problem_with(kind, source)
    assert found is not None
    assert found[0] == line
    assert words_of_it in found[1]


def test_what_only_some_filings_have_is_found_too() -> None:
    assert problem_with("text", "{{ events[0].kind }}") == (1, "list object has no element 0")
    assert problem_with("text", "{% if events %}{{ events[0].kind }}{% endif %}.") is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("source", ["{{ nothing }}", "{{ subject", "{{ 1 / 0 }}", "{{ 'a' * 9 }}", "", "{% include 'x' %}"])
def test_a_template_that_fails_costs_no_alert_and_is_told(kind: str, source: str) -> None:
    worded, ours = words(SALE, REASONS, Templates(**{kind: source})), alert_message(SALE, REASONS)
    (trouble,) = worded.troubles
    assert trouble.startswith(f"the template for {kind} failed (line 1)")
    told_in = "text" if kind == "subject" else kind
    assert worded.message.title == ours.title
    assert f"the template for {kind} failed" in form(worded.message, told_in)
    for part in (ACCESSION, "Roe Jane", "1,000 shares", URL):
        assert part in form(worded.message, told_in)
    for other in set(KINDS) - {told_in}:
        assert form(worded.message, other) == form(ours, other)


def test_the_line_that_tells_of_a_failure_stands_within_the_page() -> None:
    page = words(SALE, REASONS, Templates(html="{{ nothing }}")).message.html
    assert page.startswith("<!DOCTYPE html>")
    assert page.index("<body") < page.index("the template for html failed") < page.index("<h1")


def test_what_a_filing_holds_is_escaped_in_html() -> None:
    assert made(EVIL, html="<p>{{ owners[0] }}</p>").html.startswith("<p>&lt;b&gt;Roe&lt;/b&gt;")


def test_what_a_filing_holds_is_inert_in_slack_and_a_link_is_one() -> None:
    said = made(EVIL, slack="*{{ owners[0] }}* {{ url | link('Filing') }}").slack
    assert said.startswith("*&lt;b&gt;Roe&lt;/b&gt; &lt;!channel&gt; @\u200bhere")
    assert said.endswith(f"<{URL}|Filing>")


def test_a_subject_is_one_line_that_fits() -> None:
    said = made(subject="a\n\n b {{ headline }}\t" + "word " * 50).title
    assert said.startswith("a b EXMP")
    assert len(said) <= SUBJECT_LIMIT
    assert "\n" not in said
