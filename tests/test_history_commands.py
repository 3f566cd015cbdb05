"""`watcher backfill`, `holdings --history` and `person` as their users meet them: in a terminal, a pipe, and with nothing to show."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.history import history
from tests.quarter import packed
from tests.quarter import quarter_of
from tests.test_judgement import THREE
from tests.test_judgement import Desk
from tests.test_judgement import accession_of
from tests.test_judgement import at
from tests.test_judgement import form
from tests.test_judgement import on
from tests.test_judgement import sold
from tests.world import REPOSITORY
from tests.world import environment
from tests.world import run_watcher
from watcher.core.model import Issuer
from watcher.store import Lock


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.store.close()


def seen(desk: Desk, *command: str, columns: int = 80) -> str:
    """What a terminal of so many columns shows."""
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(REPOSITORY)
        words = [sys.executable, "-m", "watcher", *command, "--config", str(desk.config.path)]
        os.execve(sys.executable, words, environment(desk.config.path.parent, TERM="xterm", COLUMNS=str(columns)))  # noqa: S606 -- our own program
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    said = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:
            break
        if not part:
            break
        said += part
    os.waitpid(pid, 0)
    os.close(terminal)
    return re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", said.decode()).replace("\r\n", "\n")


def three(desk: Desk) -> None:
    for filing in THREE:
        desk.file(*filing)


def test_holdings_in_a_terminal_show_their_course(desk: Desk) -> None:
    three(desk)
    assert seen(desk, "holdings") == "\nEXMP · Example Corp · Roe Jane\n  Common Stock, direct  400  2026-03-16  matches  █▇▅\n"


def test_holdings_in_a_pipe_show_no_blocks(desk: Desk) -> None:
    three(desk)
    assert run_watcher(desk.config.path, "holdings").stdout.endswith("  Common Stock, direct  400  2026-03-16  matches\n")


def test_the_history_has_each_position_with_day_balance_and_change(desk: Desk) -> None:
    three(desk)
    lines = run_watcher(desk.config.path, "holdings", "EXMP", "--history").stdout.splitlines()
    assert [line.split()[-4:] for line in lines[2:]] == [
        ["2026-03-02", "−100", "first", "sight"],
        ["700", "2026-03-09", "−200", "matches"],
        ["400", "2026-03-16", "−300", "matches"],
    ]


def test_the_history_is_csv_and_json_for_programs(desk: Desk) -> None:
    three(desk)
    table = run_watcher(desk.config.path, "holdings", "--history", "--csv").stdout
    assert next((row["as_of"], row["shares"], row["change"]) for row in csv.DictReader(io.StringIO(table))) == (
        "2026-03-02",
        "900",
        "-100",
    )
    lines = run_watcher(desk.config.path, "holdings", "--history", "--json").stdout.splitlines()
    told: list[dict[str, Any]] = [json.loads(line) for line in lines]
    assert [(one["shares"], one["reporting_owners"][0]["name"]) for one in told] == [
        (shares, "Roe Jane") for shares in ("900", "700", "400")
    ]


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_a_narrow_terminal_loses_no_figure(desk: Desk, columns: int) -> None:
    desk.file(1, form(sold(100, 1_234_567_890, on(1), nature="By the Example Family Trust of 2011"), day=on(1)), THREE[0][2])
    shown = seen(desk, "holdings", columns=columns)
    assert "1,234,567,890" in shown
    assert " ".join(shown.split()).count("Trust") == 1
    assert max(map(len, shown.splitlines())) <= max(columns, 60)


def test_nothing_known_is_said_with_what_to_type(desk: Desk) -> None:
    done = run_watcher(desk.config.path, "holdings")
    assert (done.returncode, done.stdout) == (0, "")
    assert "`watcher backfill --since DATE`" in done.stderr


def test_an_issuer_of_which_nothing_is_known_is_named(desk: Desk) -> None:
    three(desk)
    for output in ((), ("--json",), ("--csv",)):
        assert "nothing is known of AAPL" in run_watcher(desk.config.path, "holdings", "AAPL", *output).stderr


def test_an_issuer_is_found_however_its_symbol_was_typed(desk: Desk) -> None:
    typed = replace(form(sold(100, 900, on(1)), day=on(1)), issuer=Issuer("0009990077", "Other Corp", "othr"))
    desk.file(1, typed, at(on(2)))
    assert "Other Corp" in run_watcher(desk.config.path, "holdings", "OTHR").stdout


@pytest.mark.parametrize("word", ["BRK.B", "brk-b"])
def test_a_class_of_shares_is_found_with_a_dot_and_with_a_hyphen(desk: Desk, tmp_path: Path, word: str) -> None:
    three(desk)
    desk.store.set_watches([replace(desk.store.watches()[0], ticker="BRK-B")], at(on(9)))
    assert "BRK-B" in run_watcher(desk.config.path, "holdings", word).stdout
    for what in ("alerts", "transactions", "holdings", "filings"):
        every = run_watcher(desk.config.path, "export", what).stdout
        assert run_watcher(desk.config.path, "export", what, "--ticker", word).stdout == every
    path = packed(quarter_of(history(1, 10, 1)), tmp_path / "q.zip")
    assert run_watcher(desk.config.path, "backfill", "--dataset", str(path), word).returncode == 0


@pytest.mark.parametrize("word", ["BRK.B", "brk-b"])
def test_a_symbol_that_was_filed_with_a_dot_is_found_with_either(desk: Desk, word: str) -> None:
    filed = replace(form(sold(100, 900, on(1)), day=on(1)), issuer=Issuer("0009990077", "Other Corp", "BRK.B"))
    desk.file(1, filed, at(on(2)))
    assert "Other Corp" in run_watcher(desk.config.path, "holdings", word).stdout
    assert "Other Corp" in run_watcher(desk.config.path, "export", "filings", "--ticker", word).stdout
    assert run_watcher(desk.config.path, "silence", "add", "--ticker", word, "--for", "1d", "--why", "x").returncode == 0


def test_a_person_is_found_by_any_words_of_the_name_and_by_cik(desk: Desk) -> None:
    three(desk)
    by_name = run_watcher(desk.config.path, "person", "jane", "ROE").stdout
    assert by_name == run_watcher(desk.config.path, "person", "9980001").stdout
    assert "EXMP · Example Corp: Chief Legal Officer, 3 filings" in by_name
    assert "400  2026-03-16  matches" in by_name
    assert "EXMP: sale  2026-03-16  300" in by_name


def test_a_person_is_json_for_programs(desk: Desk) -> None:
    three(desk)
    (line,) = run_watcher(desk.config.path, "person", "roe", "--json").stdout.splitlines()
    told = json.loads(line)
    assert (told["cik"], [one["shares"] for one in told["holdings"]], len(told["events"])) == ("0009980001", ["400"], 3)


def test_a_person_s_sales_are_added_up_by_plan(desk: Desk) -> None:
    words = {"F1": "Sold under a Rule 10b5-1 trading plan adopted on December 1, 2025."}
    for number, after in ((1, 900), (2, 800)):
        noted = sold(100, after, on(number), footnotes={"shares": ("F1",)})
        desk.file(number, replace(form(noted, day=on(number)), footnotes=words, aff10b5_one=True), at(on(number)))
    shown = run_watcher(desk.config.path, "person", "roe").stdout
    assert "EXMP · Example Corp, adopted 2025-12-01  200  $5,000.00  2026-03-02 – 2026-03-03" in shown


def test_nobody_of_that_name_is_said(desk: Desk) -> None:
    three(desk)
    done = run_watcher(desk.config.path, "person", "Doe")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nobody like 'Doe' is in the store" in done.stderr


# --- backfill -------------------------------------------------------------------------------------------------------------------


def test_a_quarter_is_taken_with_plain_lines_into_a_pipe(desk: Desk, tmp_path: Path) -> None:
    made = history(1, 30, 1)
    path = packed(quarter_of(made), tmp_path / "2015q1_form345.zip")
    done = run_watcher(desk.config.path, "backfill", "--dataset", str(path))
    assert (done.returncode, done.stdout) == (0, f"{len(made)} filings read into the store; nobody is told of them\n")
    assert done.stderr.splitlines()[0] == f"reading: 0 of {len(made)} filings"
    assert done.stderr.splitlines()[-1].startswith(f"reading: {len(made)} of {len(made)} filings")


def test_a_quarter_that_is_not_whole_is_said_to_be_so(desk: Desk, tmp_path: Path) -> None:
    made = history(1, 5, 1)
    tables = {name: lines for name, lines in quarter_of(made).items() if name not in {"REPORTINGOWNER", "FOOTNOTES"}}
    done = run_watcher(desk.config.path, "backfill", "--dataset", str(packed(tables, tmp_path / "q.zip")))
    assert done.stdout == f"{len(made)} filings read into the store; nobody is told of them\n"
    assert "q.zip is not whole: without FOOTNOTES, REPORTINGOWNER its filings are read" in done.stderr


def test_of_a_filing_from_a_data_set_why_says_that_its_figures_are_rounded(desk: Desk, tmp_path: Path) -> None:
    made = history(1, 5, 1)
    run_watcher(desk.config.path, "backfill", "--dataset", str(packed(quarter_of(made), tmp_path / "q.zip")))
    shown = run_watcher(desk.config.path, "why", made[0].accession_number).stdout
    assert "figures are rounded to cents" in shown
    assert "nobody was told: history, read by `watcher backfill`" in shown


def test_a_terminal_shows_a_bar(desk: Desk, tmp_path: Path) -> None:
    made = history(1, 30, 1)
    path = packed(quarter_of(made), tmp_path / "2015q1_form345.zip")
    shown = seen(desk, "backfill", "--dataset", str(path))
    assert f"reading {len(made)} filings  [" in shown
    assert "100%" in shown


def test_what_a_backfill_came_to_is_json_for_programs(desk: Desk, tmp_path: Path) -> None:
    made = history(1, 30, 1)
    path = packed(quarter_of(made), tmp_path / "q.zip")
    told = json.loads(run_watcher(desk.config.path, "backfill", "--dataset", str(path), "--json").stdout)
    assert told == {
        "kept": len(made),
        "known": 0,
        "newer": 0,
        "before": 0,
        "unreadable": 0,
        "unserved": 0,
        "left_out": [],
    }


def test_a_running_daemon_is_no_hindrance_and_another_backfill_is(desk: Desk, tmp_path: Path) -> None:
    path = packed(quarter_of(history(1, 10, 1)), tmp_path / "q.zip")
    daemon = Lock(desk.config.store.path)
    assert run_watcher(desk.config.path, "backfill", "--dataset", str(path)).returncode == 0
    other = Lock(desk.config.store.path.with_name("watcher.db.backfill"))
    done = run_watcher(desk.config.path, "backfill", "--dataset", str(path))
    assert (done.returncode, done.stdout) == (1, "")
    assert "another `watcher backfill` is at work" in done.stderr
    other.release()
    daemon.release()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ((), "say since when with --since DATE (from EDGAR), or name a data set with --dataset"),
        (("--since", "2099-01-01"), "2099-01-01 is yet to come"),
        (("--since", "yesterday"), "does not match the format"),
        (("--since", "2020-01-01", "--all"), "--all is for --dataset"),
        (("--since", "2020-01-01", "AAPL"), "AAPL is not watched: add it to"),
        (("--dataset", "no.zip"), "'no.zip' is neither a file nor a quarter like 2024q3"),
        (("--dataset", "pyproject.toml"), "cannot be read as a zip of tables"),
        (("--dataset", "docs"), "holds no SUBMISSION.tsv"),
    ],
)
def test_a_mistake_is_said_with_what_would_be_right(desk: Desk, command: tuple[str, ...], words: str) -> None:
    done = run_watcher(desk.config.path, "backfill", *command)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("person", os.fsdecode(b"\xff")), "is not UTF-8 text"),
        (("outbox", "drop", "1", "--why", os.fsdecode(b"M\xfcller")), "is not UTF-8 text"),
        (("outbox", "retry", str(2**63)), "is too large"),
        (("alerts", "--limit", str(2**63)), "is too large"),
    ],
)
def test_what_cannot_be_looked_for_is_the_user_s_mistake(desk: Desk, command: tuple[str, ...], words: str) -> None:
    three(desk)
    done = run_watcher(desk.config.path, *command)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert words in " ".join(done.stderr.split())


def test_a_terminal_without_the_signs_is_shown_the_rest(desk: Desk) -> None:
    three(desk)
    command = [sys.executable, "-m", "watcher", "why", accession_of(1), "--config", str(desk.config.path)]
    environ = {**environment(desk.config.path.parent), "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environ, capture_output=True, text=True, check=True)  # noqa: S603 -- our own program
    assert "events: wanted sale" in done.stdout
