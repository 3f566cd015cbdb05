"""`watcher init` and `watcher check`, as people and scripts meet them."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner
from click.testing import Result

from tests.terminals import on_terminal
from watcher.cli.check import check
from watcher.cli.init import init
from watcher.config import load

# Some plugin of Apprise imports a module that Python 3.13 drops.
apprise_loads = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

CONTACT = "Jane Roe jane.roe@corp.example"


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
    secret = place / "config" / "team.url"
    secret.touch(mode=0o600)
    secret.write_text("slack://a/b/c", encoding="utf-8")
    config = load(path, {"WATCHER_MAIL_URL": "mailtos://example.com", "WATCHER_HOOK_SECRET": "hush"})
    assert set(config.destinations) == {"terminal", "team", "mailbox", "machine"}


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
    assert [word in output for word in (" check\n", " run\n", " demo\n")] == [True, True, True]


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
        ["config/watcher.toml:4", "warning"],
    ]
    assert "hush" not in result.output


def test_check_without_secrets_finds_every_other_mistake_and_needs_no_credential(place: Path) -> None:
    good = BAD.replace("Roe", "Roe jane.roe@example.com").replace("min_valu ", "min_value ")
    path = place / "config" / "watcher.toml"
    path.write_text(good.replace('url = "slack://hush"', 'url_env = "NOT_SET"'), encoding="utf-8")
    assert [run_check().exit_code, run_check("--no-secrets").exit_code] == [2, 0]
    path.write_text(BAD, encoding="utf-8")
    assert run_check("--no-secrets").stdout.count("config/watcher.toml:") == 3


@pytest.mark.usefixtures("place")
def test_check_calls_a_file_as_it_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "w.toml").write_text("mistake", encoding="utf-8")
    assert run_check("--config", str(tmp_path / "w.toml")).stdout.startswith(f"{tmp_path}/w.toml:1: ")


@apprise_loads
def test_check_prints_problems_for_machines(place: Path) -> None:
    (place / "w.toml").write_text(BAD, encoding="utf-8")
    result = run_check("--json", "--config", "w.toml")
    assert result.exit_code == 2
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each.keys() == {"file", "line", "text", "column", "level"} for each in found] == [True] * 4
    assert [(each["file"], each["line"], each["column"], each["level"]) for each in found] == [
        ("w.toml", 2, 1, "error"),
        ("w.toml", 3, 1, "error"),
        ("w.toml", 6, 1, "error"),
        ("w.toml", 4, 1, "warning"),
    ]


@pytest.mark.usefixtures("place")
def test_check_without_a_configuration_names_init() -> None:
    result = run_check()
    assert (result.exit_code, "watcher init" in result.stdout) == (2, True)


def test_check_of_what_works_but_is_odd_warns_and_ends_well(place: Path) -> None:
    run_init("--contact", CONTACT, "--ticker", "EXMP")
    path = place / "config" / "watcher.toml"
    path.write_text(path.read_text(encoding="utf-8") + '[rules.large]\nnotify = ["terminal"]\n', encoding="utf-8")
    result = run_check()
    assert (result.exit_code, result.stdout.splitlines()[1]) == (0, "config/watcher.toml can be used.")
    assert re.match(r"config/watcher\.toml:\d+: warning: no watch takes rule 'large'; add rules = ", result.stdout)


def test_on_a_terminal_check_shows_the_line_with_a_mark_and_hides_what_may_be_a_secret(place: Path) -> None:
    (place / "config" / "watcher.toml").write_text(BAD, encoding="utf-8")
    shown = on_terminal("check", TERM="xterm", NO_COLOR="1")
    assert "    6 | min_valu = 1\n      | ^^^^^^^^\n" in shown
    assert "    4 | url = ...\n      | ^^^\n" in shown
    assert "3 problems and 1 warning" in shown
    assert not re.search("hush|\x1b", shown)


def test_on_a_terminal_check_is_coloured(place: Path) -> None:
    (place / "config" / "watcher.toml").write_text(BAD, encoding="utf-8")
    assert "\x1b[31merror:" in on_terminal("check", TERM="xterm", NO_COLOR="")


def test_on_a_narrow_terminal_a_long_line_is_cut_around_its_place(place: Path) -> None:
    source = BAD.replace('notify = ["desk"]', f"""notify = [{"'desk', " * 3}"nobody", {"'desk', " * 20}]""")
    (place / "config" / "watcher.toml").write_text(source, encoding="utf-8")
    shown = on_terminal("check", TERM="xterm", NO_COLOR="1", COLUMNS="50")
    marked = [line for line in shown.splitlines() if re.match(r" +\d* \| ", line)]
    assert max(map(len, marked)) <= 50
    assert marked[marked.index("      | " + " " * 20 + "^^^^^^^^") - 1].index('"nobody"') == 28
