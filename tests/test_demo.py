"""`watcher demo`, run as its users run it: as a command, in an empty home."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from watcher.core.printed import parse_printed
from watcher.demo import cast

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.xdist_group("demo")  # the command runs once for all of them


@dataclass(frozen=True, slots=True)
class Told:
    """One run. `text` is what it printed, with wrapped lines put together again."""

    status: int
    seconds: float
    output: str
    errors: str
    left_behind: list[Path]

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", re.sub(r"\n  \|     ", " ", self.output))


@contextlib.contextmanager
def demo(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """The demo, begun in an empty folder that is its home and its temporary folder; gone at the end of the `with`."""
    environ = {"HOME": str(folder), "TMPDIR": str(folder), "PATH": os.defpath, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "always::ResourceWarning", "-m", "watcher", "demo", *options]
    with subprocess.Popen(  # noqa: S603 -- our own command
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], pattern: str) -> str:
    """What the demo prints, up to the line in which the pattern stands."""
    assert process.stdout is not None
    read = ""
    for line in process.stdout:
        read += line
        if re.search(pattern, line):
            return read
    raise AssertionError(f"ended without {pattern}: {read}")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("home")
    begun = time.monotonic()
    with demo(folder) as process:
        output, errors = process.communicate(timeout=60)
    return Told(process.returncode, time.monotonic() - begun, output, errors, list(folder.iterdir()))


def test_the_demo_ends_by_itself_with_status_0_in_less_than_half_a_minute(told: Told) -> None:
    assert (told.status, told.errors) == (0, "")
    assert told.seconds < 30


def test_the_demo_leaves_nothing_behind(told: Told) -> None:
    assert told.left_behind == []


def test_its_output_is_plain_text_of_at_most_100_columns(told: Told) -> None:
    assert "\x1b" not in told.output
    wide = [line for line in told.output.splitlines() if len(line) > 100]
    assert all(line.strip(" |").startswith("https://") for line in wide)


def test_the_past_is_read_and_nobody_is_told_of_it(told: Told) -> None:
    assert "3 watches, 3 past filings read, 0 messages sent" in told.text
    assert "EXMP Roe Jane A 18,500 Stock Option (right to buy)" in told.text.replace(" | ", " ")


def test_the_mail_about_the_new_form_4_is_shown_whole(told: Told) -> None:
    title = "CFO Roe Jane A exercised and sold 2,000 sh ($109,700), 10b5-1 plan; stake unchanged"
    assert f"Subject: EXMP: {title}" in told.text
    assert "Adopted 28 Nov 2023" in " ".join(told.text.split())
    assert "18,500 → 16,500 left" in told.text
    assert "https://www.sec.gov/Archives/edgar/data/9990001/000000000024000104/0000000000-24-000104-index.htm" in told.text


def test_the_webhook_s_signature_is_verified(told: Told) -> None:
    assert re.search(r"X-Watcher-Signature: sha256=[0-9a-f]{64}", told.text)
    assert "Verified: the signature is the one computed" in told.text


def test_the_silent_filing_is_shown_with_the_reason_that_why_gives(told: Told) -> None:
    assert "✗ events: wanted sale or exercise; seen vest, withholding" in told.text
    assert "nobody was told: no rule matched" in told.text


def test_the_paper_filing_is_told_with_its_exercise_and_with_what_is_not_legible(told: Told) -> None:
    assert "Subject: QLYS: CLO POSEY BRUCE K exercised 1,000 options and sold at least 132 sh" in told.text
    assert "cost $25,560.00" in told.text
    assert "Table I row 3 (Common Stock): price is not legible" in told.text
    assert "Rule 10b5-1 box: whether the box is checked is not legible" in told.text


def test_what_is_the_demo_s_own_in_the_paper_filing_is_said(told: Told) -> None:
    assert "The accession number and the time of acceptance are the demo's own; the owner's CIK is not legible." in told.text


def test_through_an_outage_and_a_failing_webhook_the_filing_is_told_once(told: Told) -> None:
    assert "The daemon has noted 2 failed polls" in told.text
    assert "destination machine: 1 message" in told.text
    assert "(the server answered 500)" in told.text
    assert "told exactly once" in told.text


def test_the_summary_says_who_was_told_and_that_nothing_is_owed(told: Told) -> None:
    summary = told.text.partition("6. Summary")[2]
    assert "filings read 7: 3 of the past, 4 new" in summary
    assert "alerts 3; 1 new filing stayed silent" in summary
    assert "told desk 3 delivered, in 3 attempts" in summary
    assert "told machine 3 delivered, in 4 attempts" in summary
    assert "still owed nothing" in summary


def test_the_bundled_paper_filing_is_read_exactly_as_the_scan_is(corpus: Path) -> None:
    scan = (corpus / "printed_form4_qlys.txt").read_bytes()
    assert parse_printed(cast.printed_filing().document) == parse_printed(scan)


def test_ctrl_c_ends_the_story_without_a_traceback_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        read_until(process, "The daemon starts")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert errors.strip() == "Interrupted: everything is stopped, and the temporary folder is gone."
    assert (process.returncode, list(tmp_path.iterdir())) == (1, [])


def test_with_stay_it_goes_on_and_status_finds_it_healthy_until_ctrl_c(tmp_path: Path) -> None:
    with demo(tmp_path, "--stay") as process:
        read = read_until(process, " mailed: ")
        config = re.findall(r" status --config (\S+)", read)[0]
        command = [sys.executable, "-m", "watcher", "status", "--config", config]
        status = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 -- our own command
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert (status.stdout.partition("\n")[0], status.returncode) == ("healthy", 0)
    assert (errors, process.returncode, list(tmp_path.iterdir())) == ("", 0, [])
