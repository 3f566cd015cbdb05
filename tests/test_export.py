"""What leaves the store for other programs: CSV, JSON Lines, Parquet, and a case as a zip."""

from __future__ import annotations

import csv
import hashlib
import importlib
import io
import json
import os
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.core.samples import option
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
from watcher.core.exporting import COLUMNS
from watcher.core.exporting import cell
from watcher.core.exporting import flat
from watcher.core.reading import READER_VERSION
from watcher.core.telling import Outcome
from watcher.deliver import deliver
from watcher.store import Choice

BYTES = b"<SEC-DOCUMENT>\r\nas EDGAR sent it \xff\n</SEC-DOCUMENT>"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    for filing in THREE:
        made.file(*filing)
    yield made
    made.store.close()


def rows(desk: Desk, what: str, *more: str) -> list[dict[str, Any]]:
    done = run_watcher(desk.config.path, "export", what, "--format", "jsonl", *more)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


# --- tables -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", COLUMNS)
def test_csv_has_the_named_columns_and_a_line_for_each_row(desk: Desk, what: str) -> None:
    done = run_watcher(desk.config.path, "export", what)
    found = list(csv.DictReader(io.StringIO(done.stdout)))
    assert list(found[0]) == list(COLUMNS[what])
    assert len(found) == len(rows(desk, what)) == (1 if what == "holdings" else 3)


def test_a_transaction_stands_as_it_was_filed(desk: Desk) -> None:
    first = rows(desk, "transactions")[0]
    assert (first["shares"], first["price_per_share"], first["transaction_date"]) == ("100", "25.00", on(1).isoformat())
    assert first["reporting_owners"] == [{"cik": "0009980001", "name": "Roe Jane"}]


def test_what_is_amended_is_told_apart_from_what_amends(desk: Desk) -> None:
    desk.file(4, amending(FIRST, on(2)), at(on(20)))
    found = {row["accession_number"]: (row["amends"], row["amended_by"]) for row in rows(desk, "transactions")}
    assert found[accession_of(1)] == (None, [accession_of(4)])
    assert found[accession_of(4)] == (accession_of(1), [])


@pytest.mark.parametrize(
    ("choice", "numbers"),
    [
        (("--since", "2026-03-10"), [2, 3]),
        (("--since", "2026-03-10", "--until", "9999-12-31"), [2, 3]),
        (("--until", "2026-03-10"), [1, 2]),
        (("--since", "2026-03-04", "--until", "2026-03-09"), []),
        (("--ticker", "exmp"), [1, 2, 3]),
        (("--ticker", "9990001"), [1, 2, 3]),
        (("--ticker", "OTHR"), []),
    ],
)
def test_filings_are_chosen_by_day_in_eastern_time_and_by_issuer(desk: Desk, choice: tuple[str, ...], numbers: list[int]) -> None:
    assert [row["accession_number"] for row in rows(desk, "filings", *choice)] == [accession_of(number) for number in numbers]


def test_holdings_are_those_of_the_last_day_asked_for(desk: Desk) -> None:
    assert [row["shares"] for row in rows(desk, "holdings", "--until", on(8).isoformat())] == ["700"]


def test_alerts_are_as_programs_are_sent_them_with_their_deliveries(desk: Desk) -> None:
    (row, *_) = rows(desk, "alerts")
    assert row["text"]
    assert [one["destination"] for one in row["deliveries"]] == ["desk", "machine"]


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "\uff1d1", "-", "+1 555 0100"])
def test_no_text_of_a_filing_runs_as_a_formula(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-1000", "+93", "-0.5", "Roe Jane", "2026-03-01", ""])
def test_a_number_or_a_plain_text_stays_as_it_is(text: str) -> None:
    assert cell(text) == text


def test_a_list_in_a_cell_is_made_safe_as_a_whole() -> None:
    assert cell(["=1", "2"]) == "'=1; 2"
    assert flat([{"cik": "0000000001", "name": None}]) == "? (0000000001)"


def test_a_hostile_name_is_safe_in_the_csv(desk: Desk) -> None:
    desk.file(4, replace(FIRST, issuer=replace(FIRST.issuer, name='=HYPERLINK("http://x","y")')), at(on(20)))
    done = run_watcher(desk.config.path, "export", "filings")
    assert [row["issuer_name"] for row in csv.DictReader(io.StringIO(done.stdout))][-1] == """'=HYPERLINK("http://x","y")"""


# --- files ------------------------------------------------------------------------------------------------------------------


def test_the_form_follows_the_name_of_the_file(desk: Desk, tmp_path: Path) -> None:
    done = run_watcher(desk.config.path, "export", "filings", "-o", str(tmp_path / "filings.jsonl"))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith("filings.jsonl: 3 rows\n")
    assert len((tmp_path / "filings.jsonl").read_text("utf-8").splitlines()) == 3


@pytest.mark.parametrize("command", [("export", "filings"), ("metrics",)])
def test_the_store_is_not_written_over(desk: Desk, command: tuple[str, ...]) -> None:
    done = run_watcher(desk.config.path, *command, "-o", str(desk.config.store.path))
    assert done.returncode == 1
    assert "is the watcher's own file" in done.stderr
    assert len(rows(desk, "filings")) == 3


def test_a_device_is_not_replaced_by_a_file(desk: Desk, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    done = run_watcher(desk.config.path, "export", "filings", "-o", str(tmp_path / "pipe"))
    assert (done.returncode, "is no ordinary file" in done.stderr) == (1, True)
    assert (tmp_path / "pipe").is_fifo()


def test_a_folder_that_is_not_there_is_said_in_words(desk: Desk, tmp_path: Path) -> None:
    done = run_watcher(desk.config.path, "export", "filings", "-o", str(tmp_path / "none" / "a.csv"))
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "is its folder there" in done.stderr


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ((), "name what to export"),
        (("alerts", "--case", accession_of(1)), "name what to export"),
        (("--case", accession_of(1), "--since", "2026-01-01"), "takes no other choice"),
        (("alerts", "--format", "parquet"), "name a file with -o"),
        (("plans",), "'plans' is not one of"),
    ],
)
def test_a_mistake_in_the_command_is_the_user_s(desk: Desk, command: tuple[str, ...], said: str) -> None:
    done = run_watcher(desk.config.path, "export", *command)
    assert done.returncode == 2
    assert said in done.stderr


def test_nothing_to_export_is_said(desk: Desk) -> None:
    done = run_watcher(desk.config.path, "export", "filings", "--ticker", "NONE")
    assert (done.returncode, done.stderr, len(done.stdout.splitlines())) == (0, "nothing to export\n", 1)


def test_parquet_without_its_library_says_what_to_install(desk: Desk, tmp_path: Path) -> None:
    try:
        importlib.import_module("pyarrow")
    except ImportError:
        done = run_watcher(desk.config.path, "export", "filings", "-o", str(tmp_path / "filings.parquet"))
        assert done.returncode == 1
        assert "pip install 'edgar-watcher[parquet]'" in done.stderr
        assert not (tmp_path / "filings.parquet").exists()
    else:
        pytest.skip("pyarrow is installed here")


def test_parquet_holds_exact_figures_days_and_times(desk: Desk, tmp_path: Path) -> None:
    parquet: Any = pytest.importorskip("pyarrow.parquet", reason="the extra `parquet` is not installed")
    path = tmp_path / "transactions.parquet"
    assert run_watcher(desk.config.path, "export", "transactions", "-o", str(path)).returncode == 0
    (first, *_) = parquet.read_table(path).to_pylist()
    assert (str(first["price_per_share"]), first["transaction_date"], first["row_number"]) == ("25.000000000000", on(1), 1)
    assert first["filed_at"] == at(on(2))


# --- a case -----------------------------------------------------------------------------------------------------------------


class Taker:
    def send(self, _outgoing: Any, *, now: Any) -> Outcome:  # noqa: ARG002 -- the signature is Sender's
        return Outcome("accepted")


def case(desk: Desk, number: int, path: Path) -> dict[str, bytes]:
    done = run_watcher(desk.config.path, "export", "--case", accession_of(number), "-o", str(path))
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name.removeprefix(f"{accession_of(number)}/"): archive.read(name) for name in archive.namelist()}


@pytest.fixture
def told(desk: Desk) -> Desk:
    with desk.store.transaction():
        desk.store.keep_original(accession_of(1), BYTES, READER_VERSION)
    deliver(desk.store, Taker(), "machine", now=lambda: at(on(3)))
    return desk


def test_a_case_has_the_original_the_messages_and_the_attempts(told: Desk, tmp_path: Path) -> None:
    files = case(told, 1, tmp_path / "case.zip")
    (alert,) = told.store.rows("SELECT * FROM alert WHERE accession_number = ?", (accession_of(1),))
    assert files["original.txt"] == BYTES
    assert files[f"alerts/{alert['event_id']}/payload.json"] == alert["payload"]
    assert files[f"alerts/{alert['event_id']}/text.txt"].decode() == alert["text"]
    deliveries = {one["destination"]: one for one in json.loads(files["deliveries.json"])}
    assert [one["outcome"] for one in deliveries["machine"]["attempts"]] == ["accepted"]
    assert deliveries["desk"]["attempts"] == []
    assert json.loads(files["verdicts.json"])[0]["rule"] == "default"
    assert json.loads(files["parsed.json"])["non_derivative_table"][0]["shares"] == "100"


def test_sha256sum_proves_a_case(told: Desk, tmp_path: Path) -> None:
    path = tmp_path / "case.zip"
    files = case(told, 1, path)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path)
    done = subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"],  # noqa: S607 -- of the system
        cwd=tmp_path / accession_of(1),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.count(": OK\n")) == (0, len(files) - 1)


def test_a_case_is_the_same_bytes_each_time(told: Desk, tmp_path: Path) -> None:
    case(told, 1, tmp_path / "one.zip")
    case(told, 1, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_a_case_whose_original_was_removed_says_so_and_where_it_is(told: Desk, tmp_path: Path) -> None:
    assert list(told.store.forget_originals(at(on(30)))) == [1]
    files = case(told, 1, tmp_path / "case.zip")
    assert "original.txt" not in files
    readme = " ".join(files["README.txt"].decode().split())
    assert f"removed by age, `keep_originals`; its SHA-256 was {hashlib.sha256(BYTES).hexdigest()}" in readme
    assert f"/Archives/edgar/data/9990001/{accession_of(1)}.txt" in readme


def test_a_filing_that_is_not_known_is_said(desk: Desk) -> None:
    done = run_watcher(desk.config.path, "export", "--case", accession_of(9))
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not in the store" in done.stderr


# --- many rows --------------------------------------------------------------------------------------------------------------


def test_rows_are_read_one_by_one_from_one_moment(desk: Desk) -> None:
    reading = desk.store.exported("filings", Choice())
    assert next(reading)["accession_number"] == accession_of(1)
    desk.file(4, form(sold(1, 399, on(20)), derivatives=[option("A", "A", 10)], day=on(20)), at(on(21)))
    assert [row["accession_number"] for row in reading] == [accession_of(2), accession_of(3)]
