"""`watcher init` on a terminal: what it asks, what it makes of the answers, and that it leaves nothing behind when it is given up."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC
from datetime import datetime
from pathlib import Path

import pytest

from tests.terminals import CTRL_C
from tests.terminals import on_terminal
from watcher.cli.first import Answers
from watcher.cli.first import Told
from watcher.cli.first import Watched
from watcher.cli.first import configuration
from watcher.cli.first import login_unit
from watcher.cli.first import written
from watcher.config import load
from watcher.demo.edgar import BundledEdgar
from watcher.demo.receivers import WebhookReceiver

WHO, WHAT, WATCH, WHERE = "for the SEC: ", "Tickers to watch: ", "Watch these? [Y/n]: ", "Number [1]: "
CONTACT = "Jane Roe jane.roe@corp.example"
START = [(WHO, CONTACT), (WHAT, "exmp"), (WATCH, "")]
MAIL_AT = "corp.example:hu%20sh%40%2F%3A@smtp.corp.example"
HIDDEN = "(not shown as you type): "


@pytest.fixture
def edgar() -> Iterator[BundledEdgar]:
    with BundledEdgar(lambda: datetime.now(UTC)) as server:
        server.add_issuer("EXMP", "0009990001", "Example Corp")
        server.add_issuer("OTHR", "0009990002", "Other Example Inc")
        yield server


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an empty folder `config`."""
    (tmp_path / "config").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("WATCHER_CONFIG", "XDG_CONFIG_HOME", "CONFIGURATION_DIRECTORY", "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "config"


def init(edgar: BundledEdgar, *typed: tuple[str, str]) -> str:
    return on_terminal("init", "--edgar-url", edgar.url, typed=typed)


def test_it_asks_who_what_and_where_and_each_again_until_it_is_right(edgar: BundledEdgar, place: Path) -> None:
    shown = init(
        edgar,
        (WHO, "Jane Roe"),
        (WHO, CONTACT),
        (WHAT, "EXMPP"),
        (WHAT, "exmp, 9990002"),
        (WATCH, ""),
        (WHERE, "9"),
        (WHERE, ""),
    )
    assert "must contain an e-mail address" in shown
    assert "EXMPP is not one: did you mean EXMP (Example Corp)?\n" in shown
    assert "  EXMP: Example Corp, CIK 0009990001\n  0009990002: Other Example Inc, CIK 0009990002\n" in shown
    assert shown.endswith("exit 0\n")
    config = load(place / "watcher.toml", {})
    assert config.edgar.contact == CONTACT
    assert [each.subject for each in config.watches] == ["EXMP", "0009990002"]
    assert config.rules["default"].notify == ("terminal",)
    assert 'ticker = "EXMP"  # Example Corp, CIK 0009990001' in (place / "watcher.toml").read_text("utf-8")


def test_tickers_that_are_not_what_was_meant_are_asked_for_again(edgar: BundledEdgar, place: Path) -> None:
    init(edgar, (WHO, CONTACT), (WHAT, "exmp"), (WATCH, "n"), (WHAT, "othr"), (WATCH, "y"), (WHERE, "1"))
    assert [each.ticker for each in load(place / "watcher.toml", {}).watches] == ["OTHR"]


def test_without_edgar_tickers_are_taken_and_it_says_that_they_were_not_checked(edgar: BundledEdgar, place: Path) -> None:
    edgar.fault("down")
    shown = init(edgar, (WHO, CONTACT), (WHAT, "exmpp"), (WHERE, ""))
    assert "Not checked, because EDGAR could not be asked" in shown
    assert [each.ticker for each in load(place / "watcher.toml", {}).watches] == ["EXMPP"]


def test_a_pasted_address_goes_into_a_private_file_is_never_shown_and_is_tried(edgar: BundledEdgar, place: Path) -> None:
    with WebhookReceiver() as receiver:
        address = f"{receiver.url.replace('http', 'json')}?hush=1"
        shown = init(edgar, *START, (WHERE, "7"), (HIDDEN, "nonsense"), (HIDDEN, address), ("message now? [Y/n]: ", ""))
        assert len(receiver.received) == 1
    assert "It must be an Apprise URL" in shown
    assert "desk: accepted" in shown
    secret = place / "desk.url"
    assert (stat.S_IMODE(secret.stat().st_mode), secret.read_text("utf-8")) == (0o600, f"{address}\n")
    assert "hush" not in shown + (place / "watcher.toml").read_text("utf-8")
    assert load(place / "watcher.toml", {}).destinations["desk"].url == address


@pytest.mark.parametrize(
    ("number", "typed", "address"),
    [
        ("2", [(HIDDEN, "https://hooks.slack.com/services/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")],
         "slack://T0HUSH111/B0HUSH111/hushhushhushhushhushhush"),
        ("3", [("also sends: ", "jane@corp.example"), ("(SMTP) [smtp.corp.example]: ", ""), ("[587]: ", ""),
               ("[jane@corp.example]: ", ""), (HIDDEN, "hu sh@/:"), ("[jane@corp.example]: ", "desk@corp.example")],
         f"mailtos://jane%40{MAIL_AT}:587/?from=jane%40corp.example&to=desk%40corp.example&mode=starttls"),
        ("4", [("[https://ntfy.sh]: ", "http://127.0.0.1:8080"), ("Topic [watcher-", "hush"), ("(not shown): ", "")],
         "ntfy://127.0.0.1:8080/hush"),
        ("5", [(HIDDEN, "123456789:hushhushhushhushhushhushhushhushhus"), ("the group’s: ", "-100123")],
         "tgram://123456789:hushhushhushhushhushhushhushhushhus/-100123"),
        ("6", [(HIDDEN, "https://discord.com/api/webhooks/1234/hushhush")], "discord://1234/hushhush"),
    ],
)  # fmt: skip
def test_a_service_is_asked_for_its_fields(
    edgar: BundledEdgar, place: Path, number: str, typed: list[tuple[str, str]], address: str
) -> None:
    shown = init(edgar, *START, (WHERE, number), *typed, ("message now? [Y/n]: ", "n"))
    config = load(place / "watcher.toml", {})
    (name,) = config.destinations
    assert config.destinations[name].url == address
    assert config.rules["default"].notify == (name,)
    if number != "4":  # the name of a topic is chosen on the screen
        assert not re.search("hush", shown, re.IGNORECASE)


@pytest.mark.parametrize(
    ("server", "topic", "complaint", "address"),
    [
        ("http://127.0.0.1:99999", "desk", "it must be an http:// or https:// URL", "ntfys://ntfy.sh/desk"),
        ("ntfy.corp.example", "my topic", "a topic is one word", "ntfys://ntfy.corp.example/desk"),
    ],
)
def test_of_ntfy_only_what_is_wrong_is_asked_again(
    edgar: BundledEdgar, place: Path, server: str, topic: str, complaint: str, address: str
) -> None:
    again = ("[https://ntfy.sh]: ", "") if topic == "desk" else ("Topic [watcher-", topic)
    first = [("[https://ntfy.sh]: ", server), again, ("Topic [watcher-", "desk"), ("(not shown): ", "")]
    shown = init(edgar, *START, (WHERE, "4"), *first, ("message now? [Y/n]: ", "n"))
    assert complaint in shown
    assert load(place / "watcher.toml", {}).destinations["ntfy"].url == address


def test_on_a_narrow_terminal_lines_end_between_words_and_paths_stay_whole(
    edgar: BundledEdgar, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    shown = init(edgar, (WHO, "Jane Roe"), *START, (WHERE, ""))
    lines = shown.replace(str(place.absolute()), "").splitlines()
    assert str(place / "watcher.toml") in shown
    assert max(len(line) for line in lines if "/" not in line and not line.startswith("Your name")) <= 60


@pytest.mark.parametrize("at", range(6))
def test_given_up_at_any_question_it_leaves_nothing(edgar: BundledEdgar, place: Path, at: int) -> None:
    typed = [*START, (WHERE, "4"), ("[https://ntfy.sh]: ", ""), ("Topic [watcher-", "mine")]
    shown = init(edgar, *typed[:at], (typed[at][0], CTRL_C))
    assert shown.endswith("Aborted!\nexit 1\n")
    assert list(place.iterdir()) == []


def test_with_all_given_it_asks_nothing_and_nobody(edgar: BundledEdgar, place: Path) -> None:
    on_terminal("init", "--edgar-url", edgar.url, "--contact", CONTACT, "--ticker", "EXMP", "--url-env", "DESK")
    assert edgar.requests == ()
    assert load(place / "watcher.toml", {"DESK": "slack://a/b/c"}).rules["default"].notify == ("desk",)


def test_a_file_with_the_address_is_referred_to_as_it_is(place: Path) -> None:
    secret = place.parent / "mine.url"
    secret.touch(mode=0o600)
    secret.write_text("slack://a/b/c", "utf-8")
    on_terminal("init", "--contact", CONTACT, "--ticker", "EXMP", "--url-file", "mine.url")
    assert load(place / "watcher.toml", {}).destinations["desk"].url == "slack://a/b/c"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--url-env", "slack://hush"), "--url-env must be the name of an environment variable, not its value"),
        (("--url-env", "A", "--url-file", "b"), "say the same in two ways"),
        (("--edgar-url", "nowhere"), "--edgar-url must be an http:// or https:// URL"),
    ],
)
def test_a_wrong_option_ends_it(place: Path, arguments: tuple[str, ...], complaint: str) -> None:
    shown = on_terminal("init", "--contact", CONTACT, "--ticker", "EXMP", *arguments)
    assert complaint in shown
    assert shown.endswith("exit 2\n")
    assert list(place.iterdir()) == []


# --- writing ---

ANSWERS = Answers(CONTACT, [Watched("ticker", "EXMP")], Told("desk", secret="slack://a/b/c"))


def test_a_secret_that_is_there_already_is_not_overwritten(place: Path) -> None:
    (place / "desk.url").write_text("mine", "utf-8")
    answers = written(place / "watcher.toml", ANSWERS)
    assert answers.told == Told("desk", url_file="desk-2.url", secret="slack://a/b/c")
    assert (place / "desk.url").read_text("utf-8") == "mine"
    assert tomllib.loads((place / "watcher.toml").read_text("utf-8"))["destinations"]["desk"] == {"url_file": "desk-2.url"}


def test_a_configuration_that_appears_meanwhile_is_kept_and_no_secret_is_left(place: Path) -> None:
    (place / "watcher.toml").write_text("mine", "utf-8")
    with pytest.raises(FileExistsError):
        written(place / "watcher.toml", ANSWERS)
    assert [(path.name, path.read_text("utf-8")) for path in place.iterdir()] == [("watcher.toml", "mine")]


def test_beside_the_configuration_is_a_unit_for_whoever_is_not_root(edgar: BundledEdgar, place: Path) -> None:
    shown = init(edgar, *START, (WHERE, ""))
    unit = place / "watcher.service"
    assert unit.exists() == (os.geteuid() != 0)
    assert (f"\n  $ systemctl --user enable --now {unit}\n" in shown) == unit.exists()


def test_the_unit_for_the_login_can_be_reloaded_and_quotes_what_systemd_would_expand() -> None:
    plain = login_unit(Path("/home/jane/watcher.toml"), ["/opt/bin/watcher"])
    assert "\nExecStart=/opt/bin/watcher run --config /home/jane/watcher.toml\n" in plain
    assert "\nExecReload=/opt/bin/watcher check --config /home/jane/watcher.toml\n" in plain
    strange = login_unit(Path("/home/jane/100% mine/watcher.toml"), ["/opt/bin/watcher"])
    assert 'run --config "/home/jane/100%% mine/watcher.toml"\n' in strange


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_unit_for_the_login(place: Path) -> None:
    unit = place / "watcher.service"
    unit.write_text(login_unit(place / "watcher.toml", [sys.executable, "-m", "watcher"]), "utf-8")
    done = subprocess.run(  # noqa: S603 -- our own unit
        ["systemd-analyze", "verify", "--user", "--man=no", str(unit)],  # noqa: S607 -- wherever the system has it
        capture_output=True, text=True, check=False, env={**os.environ, "XDG_RUNTIME_DIR": str(place)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_the_configuration_of_the_system_names_the_store_of_its_service() -> None:
    assert tomllib.loads(configuration(ANSWERS, of_the_system=True))["store"] == {"path": "/var/lib/watcher/watcher.db"}
    assert tomllib.loads(configuration(ANSWERS))["store"] == {}


def test_beside_the_schema_the_configuration_names_it(place: Path) -> None:
    (place / "watcher.schema.json").write_text("{}", "utf-8")
    written(place / "watcher.toml", ANSWERS)
    assert (place / "watcher.toml").read_text("utf-8").startswith("#:schema watcher.schema.json\n")
