"""What `watcher init` writes: the configuration and, where there is a secret, a file of its own for it. Both whole, or neither."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path

# {…} are the answers. Commented settings are defaults or examples.
_CONFIGURATION = """\
{schema}# Configuration of the watcher. After a change, `watcher check` says what is wrong, line by line.

# Lists of tickers or CIKs, one a line, relative to this file:
# watchlists = ["watchlists/*.txt"]

[edgar]
contact = {contact}  # sent to the SEC, which wants to know who asks
{mirror}# poll_interval = "5s"
# off_hours_interval = "60s"

[store]
{store}
# baseline = "365d"  # how far back holdings are read when a watch is new

{destination}
# Any service of Apprise (https://appriseit.com). Its URL is a secret: in a file that only you can read (chmod 600) ...
# [destinations.team]
# url_file = "team.url"

# ... or in an environment variable, such as mailtos://user:password@example.com?to=desk@example.com
# [destinations.mailbox]
# url_env = "WATCHER_MAIL_URL"

# Signed JSON for a program of yours:
# [destinations.machine]
# webhook = "https://example.com/hook"
# secret_env = "WATCHER_HOOK_SECRET"

[rules.default]
events = ["sale", "exercise"]
plan = "any"  # transactions under a Rule 10b5-1 plan: any, exclude or only
min_value = 0  # dollars
notify = [{notify}]

{watches}"""
_LOGIN_UNIT = """\
# The watcher, started by your own systemd: systemctl --user enable --now {path}
[Unit]
Description=Tells when somebody inside a watched issuer sold shares or exercised options
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={command} run --config {config}
ExecReload={command} check --config {config}
ExecReload=/bin/sh -c 'kill -HUP "$MAINPID"'
Restart=always
RestartSec=5
# 2 is a mistake in the configuration: starting again would not mend it.
RestartPreventExitStatus=2
WatchdogSec=8

[Install]
WantedBy=default.target
"""
# Of the system's service, whose store has a place of its own; commands that only look find it by this.
_OF_THE_SYSTEM = Path("/etc/watcher")
_STORE_OF_THE_SYSTEM = 'path = "/var/lib/watcher/watcher.db"'
_TERMINAL = """\
# Alerts are printed on standard output.
[destinations.terminal]
terminal = true
"""
_ELSEWHERE = """\
# Where alerts go.
[destinations.{name}]
{how}

# Printed on standard output too: take the # away, and add "terminal" to the notify of a rule.
# [destinations.terminal]
# terminal = true
"""


@dataclass(frozen=True, slots=True)
class Told:
    """Where alerts go: the name of a destination, and the file or variable its URL is in, or the URL (`secret`), to be put into a file."""

    name: str
    url_file: str = ""
    url_env: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Watched:
    """A watch: `kind` is "ticker" or "cik", `remark` what EDGAR says it is, if it was asked."""

    kind: str
    value: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a first configuration is made of; without `told` alerts go to the terminal, without `mirror` EDGAR is asked itself."""

    contact: str
    watches: Sequence[Watched]
    told: Told | None = None
    mirror: str | None = None


def written(path: Path, answers: Answers) -> Answers:
    """Write both files, and return the answers with the name of the secret's file. Raises `OSError`; then there is neither.

    Never overwrites: a configuration that is there raises `FileExistsError`, a secret's file that is there gets another name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    secret: Path | None = None
    try:
        if answers.told and answers.told.secret:
            secret = _free(path.parent, answers.told.name)
            _put(secret, answers.told.secret + "\n")
            answers = replace(answers, told=replace(answers.told, url_file=secret.name))
        schema = (path.parent / "watcher.schema.json").exists()
        _put(path, configuration(answers, has_schema=schema, of_the_system=path.parent.absolute() == _OF_THE_SYSTEM))
    except BaseException:  # Ctrl-C too
        if secret is not None:
            secret.unlink(missing_ok=True)
        raise
    return answers


def login_unit(path: Path, command: Sequence[str]) -> str:
    """A unit for `systemctl --user`: `path` is the configuration's, absolute, `command` the words that call the watcher."""
    called = " ".join(map(_unit_word, command))
    return _LOGIN_UNIT.format(path=path.with_name("watcher.service"), command=called, config=_unit_word(str(path)))


def _unit_word(text: str) -> str:
    """A word as a unit has it: quoted where it must be, with nothing in it that systemd would expand."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return plain if plain == text and not re.search(r"[\s';]", text) else f'"{plain}"'


def configuration(answers: Answers, *, has_schema: bool = False, of_the_system: bool = False) -> str:
    """The text of the configuration; `of_the_system` names the store where systemd's unit has it."""
    told = answers.told
    if told is None:
        destination = _TERMINAL
    else:
        # A JSON string of ASCII characters is also a TOML one.
        how = f"url_file = {json.dumps(told.url_file)}" if told.url_file else f"url_env = {json.dumps(told.url_env)}"
        destination = _ELSEWHERE.format(name=told.name, how=how)
    tables = (
        f'[[watch]]\n{each.kind} = "{each.value}"{f"  # {each.remark}" if each.remark else ""}\n' for each in answers.watches
    )
    names = ("www", "data", "efts")
    return _CONFIGURATION.format(
        schema="#:schema watcher.schema.json\n" if has_schema else "",
        contact=json.dumps(answers.contact),
        mirror="".join(f"{name}_url = {json.dumps(answers.mirror)}\n" for name in names) if answers.mirror else "",
        store=_STORE_OF_THE_SYSTEM if of_the_system else '# path = "watcher.db"',
        destination=destination,
        notify=json.dumps(told.name if told else "terminal"),
        watches="\n".join(tables),
    )


def _free(folder: Path, name: str) -> Path:
    numbers = ("", *(f"-{number}" for number in range(2, 100)))
    return next(path for number in numbers if not os.path.lexists(path := folder / f"{name}{number}.url"))


def _put(path: Path, text: str) -> None:
    """A new file, for its owner only, that is there whole or not at all."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # unlike a rename, never over what is there
    finally:
        draft.unlink(missing_ok=True)
