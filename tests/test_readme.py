"""What the README and docs/ say is there: commands, targets, settings, files, and the alert that is shown."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from datetime import UTC
from datetime import date
from datetime import datetime
from datetime import timedelta
from pathlib import Path

import click
import pytest

import watcher
from watcher.cli import COMMANDS
from watcher.cli import cli
from watcher.config import load
from watcher.core.codes import EVENT_NAMES
from watcher.core.model import Issuer
from watcher.core.model import ReportingOwner
from watcher.daemon import Daemon
from watcher.demo.edgar import BundledEdgar
from watcher.demo.filings import Filing
from watcher.demo.stories import Grant
from watcher.demo.stories import Occasion
from watcher.demo.stories import exercise_and_sell
from watcher.notify import problem_with

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {"README.md": README} | {
    f"docs/{page.name}": page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").glob("*.md"))
}
TARGETS = set(re.findall(r"^([a-z.]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
# A part of a configuration is checked within the smallest whole.
REST = {
    "edgar": '[edgar]\ncontact = "Jane Roe jane.roe@example.com"\n',
    "destinations": "[destinations.terminal]\nterminal = true\n[destinations.desk]\nterminal = true\n",
    "rules": '[rules.default]\nnotify = ["terminal"]\n',
    "watch": '[[watch]]\nticker = "EXMP"\n',
}
# Files that a configuration shown refers to.
BESIDE = {
    "expected.toml": '[[expected]]\nperson = "Roe Jane"\nfrom = 2026-06-01\nto = 2026-06-30\nshares = 5_000\n',
    "alert.txt.j2": "{{ subject }}\n",
}


def blocks(kind: str, text: str = README) -> list[str]:
    """The fenced blocks of a kind, in their order."""
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def shell_lines() -> Iterator[str]:
    for page in PAGES.values():
        for block in blocks("sh", page):
            yield from (line for line in block.splitlines() if line.strip())


def words(line: str) -> list[str]:
    """A command without its comment, without sudo and without the folder of the command."""
    said = shlex.split(line, comments=True)
    return [Path(said[0]).name, *said[1:]] if said and said[0] != "sudo" else [Path(said[1]).name, *said[2:]] if said else []


def complaint(arguments: list[str]) -> str | None:
    """What is wrong with the arguments of `watcher`, as far as it is known without running it."""
    command: click.Command = cli
    context = click.Context(command, info_name="watcher")
    for word in [*arguments]:
        if not isinstance(command, click.Group):
            break
        found = command.get_command(context, word)
        if found is None:
            return f"there is no {word}"
        command, context, arguments = found, click.Context(found, parent=context), arguments[1:]
    try:
        command.make_parser(context).parse_args(arguments)
    except click.UsageError as error:
        return error.format_message()
    return None


@pytest.mark.parametrize("line", [line for line in shell_lines() if words(line)[0] == "watcher"])
def test_a_command_of_the_pages_is_there(line: str) -> None:
    assert complaint(words(line)[1:]) is None


@pytest.mark.parametrize("line", [line for line in shell_lines() if words(line)[0] == "make"])
def test_a_target_of_the_pages_is_there(line: str) -> None:
    assert next(word for word in words(line)[1:] if "=" not in word) in TARGETS


@pytest.mark.parametrize("wrong", ["frontfill", "notify tset", "run --twice", "outbox drop 1 --because x"])
def test_a_command_that_is_not_there_would_be_found(wrong: str) -> None:
    assert complaint(shlex.split(wrong))


def test_the_table_names_every_command() -> None:
    rows = re.findall(r"^\| `watcher ([a-z]+)", README, re.MULTILINE)
    assert rows == sorted(rows, key=list(COMMANDS).index)
    assert set(rows) == set(COMMANDS)


@pytest.mark.parametrize("said", re.findall(r"^\| `watcher ([^`]+)`", README, re.MULTILINE))
def test_a_row_of_the_table_is_right_about_its_command(said: str) -> None:
    assert complaint([word for word in said.split() if not word.startswith("[") and word.islower()]) is None


@pytest.mark.parametrize("block", blocks("toml"))
def test_the_settings_shown_are_read(block: str, tmp_path: Path) -> None:
    shown = tomllib.loads(block)
    path = tmp_path / "watcher.toml"
    rest = REST if "watch" not in shown else {}
    missing = [text for table, text in rest.items() if table not in shown]
    if "default" not in shown.get("rules", {"default": None}):
        missing.append(REST["rules"])
    path.write_text(block + "".join(missing), encoding="utf-8")
    for name, content in BESIDE.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    environ = dict.fromkeys(re.findall(r'_env = "(\w+)"', block), "slack://TokenA12345/TokenB12345/TokenC12345/#x")
    config = load(path, environ, problem_with)
    assert set(shown.get("destinations", {})) <= set(config.destinations)


def test_the_events_named_are_the_events_there_are() -> None:
    (line,) = re.findall(r"^events = .*# also (.*)$", README, re.MULTILINE)
    assert ["sale", "exercise", *line.split(", ")] == list(EVENT_NAMES)


def test_the_pipeline_is_the_one_of_the_code() -> None:
    assert watcher.__doc__
    pipeline = re.findall(r"^    (\w.*)$", watcher.__doc__, re.MULTILINE)
    assert blocks("text")[-1].splitlines() == pipeline


@pytest.mark.parametrize("page", PAGES)
def test_a_page_links_to_files_that_are_there(page: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", PAGES[page])
    assert targets or page != "README.md"
    assert not [target for target in targets if "://" not in target and not (ROOT / page).parent.joinpath(target).exists()]


# --- the alert shown --------------------------------------------------------------------------------------------------

EXAMPLE = Issuer("0009990001", "Example Corp", "EXMP")
JANE = ReportingOwner("0009990101", "Roe Jane", is_officer=True, officer_title="Chief Legal Officer")
ADOPTED = date(2026, 2, 10)


def exercised(number: int, on: date, outstanding: int, price: str) -> Filing:
    occasion = Occasion(f"0000000000-26-{number:06}", EXAMPLE, (JANE,), on, 10_250, ADOPTED)
    return exercise_and_sell(occasion, Grant("25.56", outstanding, date(2028, 4, 28)), 1_000, price)


def test_the_alert_shown_is_what_people_are_sent(tmp_path: Path) -> None:
    clock = [datetime(2026, 6, 2, 13, 0, tzinfo=UTC)]
    with BundledEdgar(lambda: clock[0]) as edgar:
        edgar.add_issuer("EXMP", "0009990001", "Example Corp")
        edgar.file(exercised(1, date(2026, 5, 1), 6_000, "128.10"), accepted_at=datetime(2026, 5, 4, 20, 15, tzinfo=UTC))
        path = tmp_path / "watcher.toml"
        urls = "".join(f'{name}_url = "{edgar.url}"\n' for name in ("www", "data", "efts"))
        path.write_text(REST["edgar"] + urls + REST["destinations"] + REST["rules"] + REST["watch"], encoding="utf-8")
        daemon = Daemon(load(path, {}), now=lambda: clock[0])
        try:
            daemon.run_once()
            clock[0] += timedelta(hours=8)
            edgar.file(exercised(9, date(2026, 6, 1), 5_000, "131.42"), accepted_at=clock[0])
            clock[0] += timedelta(seconds=4)
            daemon.run_once()
            (sent,) = (json.loads(row["payload"]) for row in daemon.store.rows("SELECT payload FROM alert"))
        finally:
            daemon.close()
    assert f"{sent['title']}\n\n{sent['text']}\n" == blocks("text")[0]
