"""`watcher init` and `watcher check`, as people and scripts meet them."""

from __future__ import annotations

import json
import os
import pty
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from click.testing import Result

from watcher.cli.setup import check
from watcher.cli.setup import init
from watcher.config import load

# Some plugin of Apprise imports a module that Python 3.13 drops.
apprise_loads = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

CONTACT = "Jane Roe jane.roe@example.com"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory with a folder `config`, and no configuration anywhere."""
    (tmp_path / "config").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("WATCHER_CONFIG", "XDG_CONFIG_HOME", "CONFIGURATION_DIRECTORY", "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def run_init(*arguments: str) -> Result:
    return CliRunner().invoke(init, arguments)


def run_check(*arguments: str) -> Result:
    return CliRunner().invoke(check, arguments)


# --- init ---


def test_init_writes_a_configuration_that_loads(place: Path) -> None:
    result = run_init("--contact", CONTACT, "--ticker", "exmp", "--ticker", "brk.b, 9990001", "--ticker", "EXMP")
    assert (result.exit_code, result.stderr) == (0, "")
    config = load(place / "config" / "watcher.toml", {})
    assert config.edgar.contact == CONTACT
    assert [each.ticker or each.cik for each in config.watches] == ["EXMP", "BRK-B", "0009990001"]
    assert config.destinations["terminal"].kind == "terminal"


def test_the_examples_init_leaves_commented_out_load_when_put_in(place: Path) -> None:
    run_init("--contact", CONTACT, "--ticker", "EXMP")
    path = place / "config" / "watcher.toml"
    source = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"^# (?=\[|\w+ = )", "", source, flags=re.MULTILINE), encoding="utf-8")
    (place / "config" / "watchlists").mkdir()
    (place / "config" / "watchlists" / "a.txt").write_text("OTHR\n", encoding="utf-8")
    config = load(path, {"WATCHER_MAIL_URL": "mailtos://example.com", "WATCHER_HOOK_SECRET": "hush"})
    assert set(config.destinations) == {"terminal", "slack", "mail", "machine"}


def test_a_contact_with_quotes_and_backslashes_comes_back_as_it_was(place: Path) -> None:
    contact = r'Jane "JR" Roe \ {x} jane.roe@example.com'
    run_init("--contact", contact, "--ticker", "EXMP")
    assert load(place / "config" / "watcher.toml", {}).edgar.contact == contact


def test_what_init_writes_is_private(place: Path) -> None:
    run_init("--contact", CONTACT, "--ticker", "EXMP", "--config", "new/folder/w.toml")
    assert stat.S_IMODE((place / "new" / "folder" / "w.toml").stat().st_mode) == 0o600


@pytest.mark.usefixtures("place")
def test_init_says_what_to_do_next() -> None:
    output = run_init("--contact", CONTACT, "--ticker", "EXMP").stdout
    assert [word in output for word in ("watcher check", "watcher run", "watcher demo")] == [True, True, True]


def test_init_never_overwrites(place: Path) -> None:
    path = place / "config" / "watcher.toml"
    path.write_text("mine", encoding="utf-8")
    result = run_init("--contact", CONTACT, "--ticker", "EXMP")
    assert (result.exit_code, path.read_text(encoding="utf-8")) == (2, "mine")
    assert "exists already and was not changed" in result.stderr


def test_init_does_not_write_through_a_dangling_link(place: Path) -> None:
    (place / "config" / "watcher.toml").symlink_to(place / "elsewhere")
    assert run_init("--contact", CONTACT, "--ticker", "EXMP").exit_code == 2
    assert not (place / "elsewhere").exists()


def test_init_that_cannot_write_says_so(place: Path) -> None:
    (place / "file").touch()
    result = run_init("--contact", CONTACT, "--ticker", "EXMP", "--config", "file/watcher.toml")
    assert (result.exit_code, "cannot be written" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "--contact is missing, and there is no terminal to ask on"),
        (("--contact", CONTACT), "--ticker is missing, and there is no terminal to ask on"),
        (("--contact", "Jane Roe", "--ticker", "EXMP"), "--contact must contain an e-mail address"),
        (("--contact", CONTACT, "--ticker", "$EX"), "--ticker must be a ticker"),
        (("--contact", CONTACT, "--ticker", " , "), "--ticker must name at least one ticker"),
    ],
)
def test_without_a_terminal_a_missing_or_wrong_answer_ends_init(place: Path, arguments: tuple[str, ...], complaint: str) -> None:
    result = run_init(*arguments)
    assert (result.exit_code, complaint in result.stderr) == (2, True)
    assert list((place / "config").iterdir()) == []


def test_on_a_terminal_init_asks_only_what_is_missing_and_again_until_it_is_right(place: Path) -> None:
    terminal, end = pty.openpty()
    os.write(terminal, f"EXMP\n{CONTACT}\n".encode())
    done = subprocess.run(
        [sys.executable, "-c", "from watcher.cli.setup import init; init()", "--ticker", "OTHR, EXMP"],
        stdin=end,
        capture_output=True,
        timeout=60,
        check=False,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    os.close(end)
    os.close(terminal)
    assert (done.returncode, done.stderr.count("must contain an e-mail address")) == (0, 1)
    assert "Tickers" not in done.stdout
    config = load(place / "config" / "watcher.toml", {})
    assert config.edgar.contact == CONTACT
    assert [each.ticker for each in config.watches] == ["OTHR", "EXMP"]


# --- check ---


def test_check_sums_up_a_good_configuration(place: Path) -> None:
    run_init("--contact", CONTACT, "--ticker", "EXMP")
    result = run_check()
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "config/watcher.toml is fine.",
        f"  contact  {CONTACT}",
        f"  store    {place / 'config' / 'watcher.db'}",
        "  watches  1",
        "  rule     default -> terminal",
    ]


def test_check_sums_up_for_machines(place: Path) -> None:
    run_init("--contact", CONTACT, "--ticker", "EXMP")
    assert json.loads(run_check("--json").stdout) == {
        "contact": CONTACT,
        "store": str(place / "config" / "watcher.db"),
        "watches": 1,
        "rules": {"default": ["terminal"]},
    }


BAD = """\
[edgar]
contact = "Jane Roe"
[destinations.desk]
url = "slack://hush"
[rules.default]
min_valu = 1
notify = ["desk"]
[[watch]]
ticker = "EXMP"
"""


@apprise_loads
def test_check_prints_every_problem_with_its_place_and_no_secret(place: Path) -> None:
    (place / "config" / "watcher.toml").write_text(BAD, encoding="utf-8")
    result = run_check()
    assert result.exit_code == 2
    found = [line.split(": ")[:2] for line in result.stdout.splitlines()]
    assert found == [
        ["config/watcher.toml:2", "contact must contain an e-mail address"],
        ["config/watcher.toml:3", "destination 'desk'"],
        ["config/watcher.toml:6", "unknown key 'min_valu'; did you mean min_value?"],
    ]
    assert "hush" not in result.output


@apprise_loads
def test_check_prints_problems_for_machines(place: Path) -> None:
    (place / "w.toml").write_text(BAD, encoding="utf-8")
    result = run_check("--json", "--config", "w.toml")
    assert result.exit_code == 2
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each.keys() == {"file", "line", "text"} for each in found] == [True, True, True]
    assert [(each["file"], each["line"]) for each in found] == [("w.toml", 2), ("w.toml", 3), ("w.toml", 6)]


@pytest.mark.usefixtures("place")
def test_check_without_a_configuration_names_init() -> None:
    result = run_check()
    assert (result.exit_code, "watcher init" in result.stdout) == (2, True)
