"""Looking into the store from the command line: holdings of any day, and why a filing was told or was not."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.core.samples import row
from tests.terminals import on_terminal
from tests.test_judgement import BEGAN
from tests.test_judgement import FIRST
from tests.test_judgement import THREE
from tests.test_judgement import Desk
from tests.test_judgement import accession_of
from tests.test_judgement import amending
from tests.test_judgement import at
from tests.test_judgement import form
from tests.test_judgement import on
from tests.test_judgement import sold
from tests.world import run_watcher
from watcher.core.figures import moment


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.store.close()


def said(desk: Desk, *command: str) -> str:
    done = run_watcher(desk.config.path, *command)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def listed(desk: Desk, *command: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said(desk, *command, "--json").splitlines()]


def test_holdings_stand_as_they_were_last_reported(desk: Desk) -> None:
    for filing in THREE:
        desk.file(*filing)
    (held,) = listed(desk, "holdings", "EXMP")
    assert (held["shares"], held["as_of"], held["standing"]) == ("400", on(15).isoformat(), "matches")
    assert held["reporting_owners"] == [{"cik": "0009980001", "name": "Roe Jane"}]


@pytest.mark.parametrize(("day", "shares"), [(on(1), ["900"]), (on(7), ["900"]), (on(8), ["700"]), (on(0), [])])
def test_holdings_as_of_a_day_know_nothing_later(desk: Desk, day: Any, shares: list[str]) -> None:
    for filing in THREE:
        desk.file(*filing)
    done = run_watcher(desk.config.path, "holdings", "EXMP", "--as-of", day.isoformat(), "--json")
    assert [json.loads(line)["shares"] for line in done.stdout.splitlines()] == shares


def test_holdings_as_of_a_day_are_those_of_the_amendment(desk: Desk) -> None:
    desk.file(1, FIRST, at(on(2)))
    desk.file(2, amending(form(sold(5_800, 4_200, on(1)), day=on(1)), on(2)), at(on(10)))
    assert [held["shares"] for held in listed(desk, "holdings", "--as-of", on(1).isoformat())] == ["4200"]


def test_holdings_are_csv_for_spreadsheets(desk: Desk) -> None:
    desk.file(*THREE[0])
    (row,) = csv.DictReader(io.StringIO(said(desk, "holdings", "--csv")))
    assert (row["ticker"], row["shares"]) == ("EXMP", "900")


@pytest.mark.parametrize("command", ["holdings", "filings", "alerts"])
def test_csv_of_nothing_has_the_names_of_the_columns(desk: Desk, command: str) -> None:
    nothing = run_watcher(desk.config.path, command, "--csv").stdout
    desk.file(*THREE[0])
    header, _, row = said(desk, command, "--csv").partition("\n")
    assert row
    assert nothing == f"{header}\n"


def test_a_day_that_is_none_is_the_user_s_mistake(desk: Desk) -> None:
    done = run_watcher(desk.config.path, "holdings", "--as-of", "last week")
    assert done.returncode == 2
    assert "'last week' does not match the format '%Y-%m-%d'" in done.stderr


def test_why_shows_the_ledger_with_the_gap_and_what_may_lie_behind_it(desk: Desk) -> None:
    desk.file(*THREE[0])
    desk.file(*THREE[2])
    text = said(desk, "why", accession_of(3))
    assert f"Common Stock, direct: 900 in {accession_of(1)}, opens at 700, closes at 400: gap by -200" in text
    assert "may be: " in text


@pytest.mark.parametrize(
    "named", ["000000000026000001", "https://www.sec.gov/Archives/x/000000000026000001/0000000000-26-000001-index.htm"]
)
def test_a_filing_may_be_named_as_its_link_does(desk: Desk, named: str) -> None:
    desk.file(*THREE[0])
    assert said(desk, "why", named) == said(desk, "why", accession_of(1))


def test_what_is_no_accession_number_is_the_user_s_mistake(desk: Desk) -> None:
    done = run_watcher(desk.config.path, "why", "27-18")
    assert (done.returncode, done.stdout) == (2, "")
    assert "one looks like 0001107843-24-000123" in done.stderr


def test_why_names_what_an_amendment_amends_and_why_it_was_silent(desk: Desk) -> None:
    desk.file(1, FIRST, at(on(2)))
    desk.file(2, amending(FIRST, on(2)), at(on(10)))
    text = said(desk, "why", accession_of(2))
    assert f"amends {accession_of(1)} (tied)" in text
    assert f"nobody was told: says nothing else than {accession_of(1)}, of which you were told" in text


def test_of_what_is_older_than_the_watch_why_judges_by_the_rules_of_today(desk: Desk) -> None:
    early = BEGAN.date() - timedelta(days=30)
    desk.file(1, form(sold(100, 900, early), day=early), at(early))
    desk.file(*THREE[1])
    text = said(desk, "why", accession_of(1))
    assert "it was not judged then; by the rules of today:\n  watch issuer:0009990001, rule default: matched" in text
    assert "✓ events: wanted" in text
    assert "nobody was told: accepted before the watch began (baseline)" in text
    answers = [json.loads(said(desk, "why", accession_of(number), "--json")) for number in (1, 2)]
    assert [answer["judged"] for answer in answers] == ["now", "when it was read"]
    assert desk.store.value("SELECT count(*) FROM verdict") == 1


def test_why_judges_what_is_older_than_the_watch_by_what_was_known_then(tmp_path: Path) -> None:
    desk = Desk(tmp_path, 'events = ["sale"]\nunusual = true\nmin_percent = 20')
    first, second, later = (BEGAN.date() - timedelta(days=days) for days in (400, 60, 30))
    desk.file(1, form(sold(100, 500, first), day=first), at(first))
    desk.file(2, form(sold(250, 250, second), day=second), at(second))
    desk.file(3, form(sold(50, 200, later), row("A", "A", 9_000, after=9_000, on=later, nature="By Trust"), day=later), at(later))
    (watch,) = desk.store.watches()
    desk.store.note_complete(watch, first)
    text = said(desk, "why", accession_of(2))
    assert "rule default: matched" in text, "a first sale in eleven months, of half of what was held then"
    assert "50.00 %" in text
    desk.store.close()


def test_filings_are_listed_with_their_owners(desk: Desk) -> None:
    desk.file(*THREE[0])
    (filing,) = listed(desk, "filings")
    assert (filing["accession_number"], filing["reporting_owners"], filing["alerts"]) == (accession_of(1), "Roe Jane", 1)


def test_times_are_shown_by_edgar_s_clock_to_the_second_and_in_full_to_programs(desk: Desk) -> None:
    desk.file(*THREE[0])
    (filing,) = listed(desk, "filings")
    assert filing["filed_at"].endswith("+00:00")
    clock = moment(datetime.fromisoformat(filing["filed_at"]))
    assert clock in said(desk, "filings")
    assert f"  filed at: {clock}\n" in said(desk, "why", accession_of(1))
    assert "+00:00" not in said(desk, "filings") + said(desk, "alerts") + said(desk, "why", accession_of(1))


def test_what_became_of_a_filing_stands_in_its_row(desk: Desk) -> None:
    early = BEGAN.date() - timedelta(days=30)
    desk.file(1, form(sold(100, 900, early), day=early), at(early))
    desk.file(*THREE[1])
    newer, older = said(desk, "filings").splitlines()[1:]
    assert newer.endswith("1 alert")
    assert older.endswith("silent: accepted before the watch began (baseline)")


@pytest.mark.parametrize(("width", "table"), [(80, True), (40, False)])
def test_filings_fit_a_terminal_and_one_that_is_too_narrow_gets_a_line_for_each_value(
    desk: Desk, width: int, table: bool
) -> None:
    desk.file(*THREE[0])
    shown = on_terminal("filings", "--config", str(desk.config.path), COLUMNS=str(width))
    assert max(map(len, shown.splitlines())) <= width
    assert ("accession number: " in shown) == (not table)


def test_why_breaks_its_lines_between_words(desk: Desk) -> None:
    desk.file(*THREE[0])
    desk.file(*THREE[2])
    shown = on_terminal("why", accession_of(3), "--config", str(desk.config.path), COLUMNS="60")
    assert max(map(len, shown.splitlines())) <= 60
    assert " ".join(said(desk, "why", accession_of(3)).split()) in " ".join(shown.split())
