"""Completion scripts, manual pages, and what somebody sees who calls the watcher wrongly."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from click.testing import Result

from tests.terminals import on_terminal
from tests.world import World
from tests.world import a_sale
from tests.world import run_watcher
from watcher.cli import COMMANDS
from watcher.cli import cli
from watcher.cli.pages import pages

REPOSITORY = Path(__file__).resolve().parents[1]
CONFIG = """\
[edgar]
contact = "Jane Roe jane.roe@corp.example"
[destinations.desk]
terminal = true
[destinations.machine]
terminal = true
[rules.default]
notify = ["desk", "machine"]
[[watch]]
ticker = "EXMP"
[[watch]]
ticker = "OTHR"
"""
ALL = dict(pages(cli, "watcher"))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, prog_name="watcher")


# --- completion ---


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "watcher.toml"
    path.write_text(CONFIG, "utf-8")
    return path


def completed(line: str, config: Path | None = None) -> list[str]:
    """What is offered for the last word of a line."""
    words = line.split(" ")
    more = {"_WATCHER_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    where = {"WATCHER_CONFIG": str(config), "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [sys.executable, "-m", "watcher"], env={**os.environ, **where, **more}, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return [each.partition(",")[2] for each in done.stdout.splitlines() if each]


def test_commands_and_options_are_completed() -> None:
    assert completed("watcher sta") == ["status"]
    assert "--no-secrets" in completed("watcher check --")
    assert completed("watcher outbox dr") == ["drop"]


def test_names_are_completed_from_the_configuration(config: Path) -> None:
    assert completed("watcher notify test ", config) == ["desk", "machine"]
    assert completed("watcher holdings ex", config) == ["EXMP"]


def test_without_a_configuration_that_can_be_read_nothing_is_offered(config: Path) -> None:
    config.write_text("[", "utf-8")
    assert completed("watcher holdings ", config) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_one_that_the_shell_reads(shell: str, tmp_path: Path) -> None:
    script = run("completion", shell).output
    assert "_WATCHER_COMPLETE" in script
    if shutil.which(shell):
        (tmp_path / "script").write_text(script, "utf-8")
        subprocess.run([shell, "-n", str(tmp_path / "script")], check=True, capture_output=True)  # noqa: S603 -- a shell


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_help_says_of_the_script_works_in_an_empty_home(shell: str, tmp_path: Path) -> None:
    lines = [line.strip() for line in run("completion", "--help").output.splitlines()]
    (make,) = (line for line in lines if line.startswith("mkdir -p") and lines[lines.index(line) + 1].split()[2] == shell)
    put = lines[lines.index(make) + 1].replace("watcher", f"{sys.executable} -m watcher", 1)
    here = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(REPOSITORY)}
    subprocess.run(["/bin/sh", "-ec", f"{make}\n{put}"], env=here, check=True)  # noqa: S603 -- what our own help says
    (script,) = (path for path in tmp_path.rglob("*watcher*") if path.is_file())
    assert "_WATCHER_COMPLETE" in script.read_text("utf-8")


def test_the_script_for_zsh_goes_before_those_that_zsh_brings() -> None:
    assert "fpath=(~/.zfunc $fpath)" in run("completion", "zsh", "--help").output


# --- manual pages ---


def test_there_is_a_page_for_every_command() -> None:
    assert {f"watcher-{name}.1" for name in COMMANDS} | {"watcher.1", "watcher-notify-test.1"} <= ALL.keys()


def test_every_command_takes_the_path_of_the_configuration() -> None:
    commands = [name for name in ALL if not any(other.startswith(f"{name[:-2]}-") for other in ALL)]
    assert [name for name in commands if "config" not in ALL[name]] == []


@pytest.mark.parametrize("name", ALL)
def test_a_page_has_its_parts_and_says_what_help_says(name: str) -> None:
    page = ALL[name]
    parts = re.findall(r"^\.SH (.*)", page, re.MULTILINE)
    assert parts[:3] == ["NAME", "SYNOPSIS", "DESCRIPTION"]
    assert parts[-2:] == ["EXIT STATUS", "SEE ALSO"]
    requests = set(re.findall(r"^\.(\w*)", page, re.MULTILINE))
    assert requests <= {"TH", "SH", "B", "PP", "TP", "nf", "fi"}
    assert page.isascii()
    command: click.Command | None = cli
    context = click.Context(cli, info_name="watcher")
    for word in name.removesuffix(".1").split("-")[1:]:
        assert isinstance(command, click.Group)
        command = command.get_command(context, word)
    assert command is not None
    for option in command.params:
        assert all(each.replace("-", "\\-") in page for each in (*option.opts, *option.secondary_opts) if each.startswith("-"))


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_man_has_nothing_to_say_against_the_pages(tmp_path: Path) -> None:
    assert run("man", str(tmp_path)).exit_code == 0
    for path in tmp_path.iterdir():
        done = subprocess.run(  # noqa: S603 -- our own pages
            ["man", "--warnings", "-E", "UTF-8", "-l", str(path)],  # noqa: S607 -- wherever it is
            capture_output=True, text=True, check=False, env={**os.environ, "MANWIDTH": "60"},
        )  # fmt: skip
        assert (path.name, done.returncode, done.stderr) == (path.name, 0, "")


def test_pages_that_cannot_be_written_are_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run("man", str(tmp_path / "file" / "man1"))
    assert (result.exit_code, "cannot be written" in result.stderr) == (1, True)


# --- called wrongly ---


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "New here? `watcher demo` shows what it does"),
        (("chek",), "there is no command 'chek'; did you mean check?"),
        (("frobnicate",), "these are there:\n  demo, init, check"),
        (("holdings", "--jason"), "--jason"),
        (("completion",), "bash"),
    ],
)
def test_a_wrong_call_says_what_would_be_right_and_ends_with_2(arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("name", ["status", "holdings", "run", "alerts", "check"])
def test_without_a_configuration_a_command_names_init(name: str, tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-m", "watcher", name],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(REPOSITORY)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "there is no such file; `watcher init` writes a first configuration" in done.stdout + done.stderr


def test_in_a_folder_that_is_gone_there_is_no_traceback(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    call = "import os, sys; os.rmdir(os.getcwd()); os.execv(sys.executable, [sys.executable, '-m', 'watcher', 'status'])"
    done = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-c", call],
        cwd=gone,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "watcher: No such file or directory\n")


# --- narrow terminals ---


def test_a_table_fits_a_narrow_terminal_word_by_word_and_is_whole_in_a_pipe(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.watch()
        world.baseline()
        world.clock.tick()
        world.file(a_sale(1))
        world.poll()
        world.ingest()
        path = world.config.path
    wide = run_watcher(path, "outbox", "list").stdout
    assert len(wide.splitlines()) == 2
    assert max(map(len, wide.splitlines())) > 108
    shown = on_terminal("outbox", "list", "--config", str(path), COLUMNS="108")
    assert max(map(len, shown.splitlines())) <= 108
    assert wide.split()[-1] in shown


def test_a_compiled_file_that_is_cut_short_is_named_with_what_helps(tmp_path: Path) -> None:
    def called() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "watcher", "completion", "bash"],
            cwd=REPOSITORY,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPYCACHEPREFIX": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    assert called().returncode == 0
    (compiled,) = tmp_path.rglob("cli/pages.*.pyc")
    compiled.write_bytes(compiled.read_bytes()[:2000])
    done = called()
    assert (done.returncode, f"find {REPOSITORY} -name '*.pyc' -delete" in done.stderr) == (1, True), done.stderr
