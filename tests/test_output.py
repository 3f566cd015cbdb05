"""Standard output that is not in UTF-8, closed or full, and names of files that are in no encoding: everything is said all the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_judgement import THREE
from tests.test_judgement import Desk
from tests.test_judgement import accession_of
from tests.world import REPOSITORY
from tests.world import environment

CASE = REPOSITORY / "tests" / "cases" / "ownership" / "cdata.xml"
SEND = """
from datetime import UTC, datetime
from watcher.cli.output import make_output_writable
from watcher.core.telling import Message, Outgoing
from watcher.notify.people import Terminal
make_output_writable()
outgoing = Outgoing("1", Message("EXMP · sale", "1,000 → 400 (net −600) ✓", ""), b"")
assert Terminal().send(outgoing, now=datetime.now(UTC)).state == "accepted"
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.store.close()


def shown(folder: Path, encoding: str, *arguments: str | bytes) -> bytes:
    """Standard output of Python, called with these arguments."""
    variables = environment(folder, PYTHONIOENCODING=encoding)
    done = subprocess.run([sys.executable, *arguments], env=variables, capture_output=True, timeout=60, check=False)  # noqa: S603 -- our own program
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


@pytest.mark.parametrize(("encoding", "said"), [("latin-1", "ok events: wanted"), ("ascii", "✓ events: wanted")])
def test_what_the_encoding_of_the_output_lacks_comes_in_plain_characters(desk: Desk, encoding: str, said: str) -> None:
    desk.file(*THREE[0])
    text = shown(desk.config.path.parent, encoding, "-m", "watcher", "why", accession_of(1), "--config", str(desk.config.path))
    assert said in text.decode("utf-8")


def test_a_terminal_without_arrows_is_told_too(tmp_path: Path) -> None:
    text = shown(tmp_path, "latin-1", "-c", SEND).decode("latin-1")
    assert text == "EXMP · sale\n1,000 -> 400 (net -600) ok\n\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_is_json_in_every_encoding(desk: Desk, encoding: str) -> None:
    desk.file(*THREE[0])
    lines = shown(desk.config.path.parent, encoding, "-m", "watcher", "alerts", "--json", "--config", str(desk.config.path))
    assert "·" in json.loads(lines.decode("utf-8"))["text"]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8", "utf-8:surrogateescape"])
def test_a_file_whose_name_is_in_no_encoding_is_read_like_others(tmp_path: Path, encoding: str) -> None:
    path = os.fsencode(tmp_path) + b"/\xff.xml"
    Path(os.fsdecode(path)).write_bytes(CASE.read_bytes())
    line = json.loads(shown(tmp_path, encoding, "-m", "watcher", "parse", "--json", path).decode("utf-8"))
    assert (os.fsencode(line["path"]), line["source"]) == (path, "xml")
    assert b"Form 4" in shown(tmp_path, encoding, "-m", "watcher", "parse", path)


def ended(desk: Desk, command: str, redirected: str) -> subprocess.CompletedProcess[bytes]:
    """A command, as a shell starts it that puts its standard streams elsewhere."""
    variables = environment(desk.config.path.parent, WATCHER_CONFIG=str(desk.config.path))
    variables.pop("PYTHONUNBUFFERED", None)
    line = f"{sys.executable} -m watcher {command} {redirected}"
    return subprocess.run(["/bin/sh", "-c", line], env=variables, capture_output=True, timeout=60, check=False)  # noqa: S603 -- our own program


@pytest.mark.parametrize("command", ["holdings", f"why {accession_of(1)}", "alerts", "export alerts"])
def test_a_closed_output_takes_what_is_said(desk: Desk, command: str) -> None:
    desk.file(*THREE[0])
    done = ended(desk, command, ">&- <&-")
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("command", ["filings", "filings --json", "status"])
def test_a_full_disk_under_the_output_is_said_once(desk: Desk, command: str) -> None:
    desk.file(*THREE[0])
    done = ended(desk, command, ">/dev/full")
    assert (done.returncode, done.stderr) == (1, b"watcher: No space left on device\n")
