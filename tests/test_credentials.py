"""Where the secrets of a destination come from, and that none of them is shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from watcher.config import Destination
from watcher.config import load
from watcher.core.errors import ConfigError
from watcher.core.errors import Problem

ENVIRON = {"APPRISE_URL": "slack://a/b/c", "HOOK_SECRET": "hush"}
SOURCE = """\
[edgar]
contact = "Jane Roe jane.roe@example.com"
[rules.default]
notify = ["desk"]
[[watch]]
ticker = "EXMP"
[destinations.desk]
"""


def destination_from(folder: Path, lines: str, environ: Mapping[str, str] = ENVIRON) -> Destination:
    path = folder / "watcher.toml"
    path.write_text(f"{SOURCE}{lines}\n", encoding="utf-8")
    return load(path, environ).destinations["desk"]


def problems_of(folder: Path, lines: str, environ: Mapping[str, str] = ENVIRON) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        destination_from(folder, lines, environ)
    return caught.value.problems


def test_an_apprise_url_may_stand_in_the_configuration(tmp_path: Path) -> None:
    found = destination_from(tmp_path, 'url = "slack://a/b/c"')
    assert (found.kind, found.url) == ("apprise", "slack://a/b/c")


def test_an_apprise_url_may_come_from_the_environment(tmp_path: Path) -> None:
    assert destination_from(tmp_path, 'url_env = "APPRISE_URL"').url == ENVIRON["APPRISE_URL"]


def test_a_webhook_has_the_secret_it_signs_with(tmp_path: Path) -> None:
    found = destination_from(tmp_path, 'webhook = "https://example.com/hook/"\nsecret_env = "HOOK_SECRET"')
    assert (found.kind, found.url, found.secret) == ("webhook", "https://example.com/hook/", b"hush")


def test_no_secret_is_in_what_a_destination_prints(tmp_path: Path) -> None:
    found = destination_from(tmp_path, 'webhook = "https://example.com/hush"\nsecret_env = "HOOK_SECRET"')
    assert "hush" not in repr(found)


def private(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o400, 0o600])
def test_a_private_file_beside_the_configuration_may_hold_the_url(tmp_path: Path, mode: int) -> None:
    private(tmp_path / "desk.url", "slack://a/b/c\n", mode)
    assert destination_from(tmp_path, 'url_file = "desk.url"').url == "slack://a/b/c"


def test_a_private_file_may_hold_the_secret_of_a_webhook(tmp_path: Path) -> None:
    file = private(tmp_path / "hook.secret", "hush\n")
    assert destination_from(tmp_path, f'webhook = "https://example.com/"\nsecret_file = "{file}"').secret == b"hush"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_others_can_open_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    file = private(tmp_path / "desk.url", "slack://hush", mode)
    problems = problems_of(tmp_path, 'url_file = "desk.url"')
    assert [(each.line, each.text) for each in problems] == [(8, f"url_file names a file that others can read: chmod 600 {file}")]


@pytest.mark.parametrize("mode", [0o400, 0o440])
def test_a_credential_of_systemd_comes_first_and_may_belong_to_others(tmp_path: Path, mode: int) -> None:
    private(tmp_path / "desk.url", "slack://beside/the/configuration")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    private(credentials / "desk.url", "slack://a/b/c", mode)
    environ = {"CREDENTIALS_DIRECTORY": str(credentials)}
    assert destination_from(tmp_path, 'url_file = "desk.url"', environ).url == "slack://a/b/c"


def test_a_file_that_is_no_credential_is_looked_up_beside_the_configuration(tmp_path: Path) -> None:
    private(tmp_path / "desk.url", "slack://hush", 0o640)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}
    assert "chmod 600" in problems_of(tmp_path, 'url_file = "desk.url"', environ)[0].text


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "url_file names an empty file"),
        (b"slack://hush\xff", "url_file names a file that is not UTF-8 text"),
        (b"slack://hush\nslack://hush", "url_file must not contain control characters"),
        (b"hush", "url_file must be an Apprise URL"),
    ],
)
def test_a_file_without_a_usable_url_is_a_problem(tmp_path: Path, content: bytes, complaint: str) -> None:
    private(tmp_path / "desk.url", "").write_bytes(content)
    problem = problems_of(tmp_path, 'url_file = "desk.url"')[0]
    assert problem.text.startswith(complaint)
    assert "hush" not in problem.text


def test_a_pipe_in_place_of_a_secret_file_is_refused_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "desk.url", 0o600)
    assert "must name a file" in problems_of(tmp_path, 'url_file = "desk.url"')[0].text
