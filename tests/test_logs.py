"""The log: for people, for the journal and for programs, with what each line is about."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.world import REPOSITORY

SPEAKER = """
import logging, sys
from watcher.logs import about, log_to_stderr
log_to_stderr(*sys.argv[1:])
log = logging.getLogger("watcher")
log.debug("nothing")
log.info("%s ingested", "0000000000-26-000001", extra=about("0000000000-26-000001", "0009990001"))
log.warning("first\\nsecond")
log.critical("ended", exc_info=ValueError("a mistake"))
"""


def spoken(folder: Path, *arguments: str, journal: bool = False) -> list[str]:
    path = folder / "stderr"
    with path.open("wb") as file:
        status = os.fstat(file.fileno())
        stream = f"{status.st_dev}:{status.st_ino}" if journal else "1:2"
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), "JOURNAL_STREAM": stream}
        subprocess.run([sys.executable, "-c", SPEAKER, *arguments], stderr=file, env=environ, check=True)  # noqa: S603 -- our own
    return path.read_text("utf-8").splitlines()


def test_a_line_says_the_time_the_level_and_what_it_is_about(tmp_path: Path) -> None:
    first, second, *_ = spoken(tmp_path)
    assert first.endswith(" INFO 0000000000-26-000001 ingested cik=0009990001")
    assert second.endswith(" WARNING first")


def test_the_journal_is_told_the_level_of_each_line(tmp_path: Path) -> None:
    lines = spoken(tmp_path, journal=True)
    assert lines[:4] == ["<6>0000000000-26-000001 ingested cik=0009990001", "<4>first", "<4>second", "<2>ended"]
    assert all(line.startswith("<2>") for line in lines[3:])
    assert lines[-1] == "<2>ValueError: a mistake"


def test_json_has_one_object_a_line(tmp_path: Path) -> None:
    first, second, third = map(json.loads, spoken(tmp_path, "info", "json"))
    assert (first["level"], first["accession_number"], first["cik"]) == ("info", "0000000000-26-000001", "0009990001")
    assert second["message"] == "first\nsecond"
    assert third["traceback"].endswith("ValueError: a mistake")
    assert "accession_number" not in second


def test_json_in_the_journal_has_its_level_before_it(tmp_path: Path) -> None:
    (first, *_) = spoken(tmp_path, "info", "json", journal=True)
    assert first.startswith('<6>{"time"')


@pytest.mark.parametrize(("level", "number"), [("debug", 5), ("info", 4), ("error", 1)])
def test_what_is_below_the_level_is_not_said(tmp_path: Path, level: str, number: int) -> None:
    assert len([line for line in spoken(tmp_path, level) if line[:2] == "20" or line == "second"]) == number
