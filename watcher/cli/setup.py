"""`watcher init` writes a first configuration; `watcher check` says what is wrong with one."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn
from typing import TypeVar

import click

from watcher.cli.common import config_option
from watcher.config import Config
from watcher.config import find
from watcher.config import load
from watcher.config_values import BadValueError
from watcher.config_values import contact as checked_contact
from watcher.config_values import ticker_or_cik
from watcher.core.errors import ConfigError
from watcher.notify import problem_with

T = TypeVar("T")

# What `init` writes; {contact} and {watches} are its two answers. Commented settings are defaults or examples.
FIRST_CONFIGURATION = """\
# Configuration of the watcher. After a change, `watcher check` says what is wrong, line by line.

# Lists of tickers or CIKs, one a line, relative to this file:
# watchlists = ["watchlists/*.txt"]

[edgar]
contact = {contact}  # sent to the SEC, which wants to know who asks
# poll_interval = "5s"
# off_hours_interval = "60s"

[store]
# path = "watcher.db"
# baseline = "365d"

[destinations.terminal]
terminal = true

# Slack, or any other service of Apprise. The URL is a secret: keep it here only while this file is yours alone to read.
# [destinations.slack]
# url = "slack://TokenA/TokenB/TokenC/#filings"

# E-mail, with the URL in an environment variable, such as mailtos://user:password@example.com?to=desk@example.com
# [destinations.mail]
# url_env = "WATCHER_MAIL_URL"

# Signed JSON for a program of yours:
# [destinations.machine]
# webhook = "https://example.com/hook"
# secret_env = "WATCHER_HOOK_SECRET"

[rules.default]
events = ["sale", "exercise"]
plan = "any"  # transactions under a Rule 10b5-1 plan: any, exclude or only
min_value = 0  # dollars
notify = ["terminal"]

{watches}"""

NEXT_STEPS = """\
Written: {path}
Next:
  watcher check   reads it again and says what is wrong, if anything
  watcher run     watches; alerts are printed on this terminal until you add another destination
  watcher demo    shows what it does, on made-up filings, without the network"""


@click.command
@config_option
@click.option("--contact", help="Your name and e-mail address: the SEC wants to know who asks.")
@click.option("--ticker", "tickers", multiple=True, help="A ticker (or CIK) to watch. May be given several times.")
def init(option: Path | None, contact: str | None, tickers: tuple[str, ...]) -> None:
    """Write a first configuration. Asks what is not given; never overwrites a file."""
    path = find(option, os.environ, Path.cwd())
    if os.path.lexists(path):
        _refuse(f"{path} exists already and was not changed; edit it, or name another file with --config")
    who = _answer("--contact", contact, "Your name and e-mail address, for the SEC", checked_contact)
    watches = _answer("--ticker", " ".join(tickers) or None, "Tickers to watch", _watches)
    tables = "\n".join(f'[[watch]]\n{kind} = "{value}"\n' for kind, value in watches)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=False)
        # A JSON string of ASCII characters is also a TOML one.
        path.write_text(FIRST_CONFIGURATION.format(contact=json.dumps(who), watches=tables), encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from None
    click.echo(NEXT_STEPS.format(path=path))


@click.command
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line: each problem, or the summary.")
def check(option: Path | None, as_json: bool) -> None:
    """Read the configuration and print every problem, as file:line: what is wrong and what would be right."""
    here = Path.cwd()
    path = find(option, os.environ, here)
    if path.is_relative_to(here):
        path = path.relative_to(here)
    try:
        config = load(path, os.environ, problem_with)
    except ConfigError as error:
        for each in error.problems:
            click.echo(json.dumps(asdict(each)) if as_json else str(each))
        raise SystemExit(2) from None
    if as_json:
        click.echo(json.dumps(_summary(config)))
        return
    click.echo(f"{path} is fine.")
    click.echo(f"  contact  {config.edgar.contact}")
    click.echo(f"  store    {config.store.path}")
    click.echo(f"  watches  {len(config.watches)}")
    for rule in config.rules.values():
        click.echo(f"  rule     {rule.name} -> {', '.join(rule.notify)}")


def _answer(flag: str, given: str | None, question: str, checker: Callable[[str], T]) -> T:
    """The answer given by `flag`, else asked for; asked again until it is right, where there is somebody to ask."""
    interactive = sys.stdin.isatty()
    while True:
        if given is None and not interactive:
            _refuse(f"{flag} is missing, and there is no terminal to ask on")
        try:
            return checker(click.prompt(question) if given is None else given)
        except BadValueError as error:
            if not interactive:
                _refuse(f"{flag} {error}")
            click.echo(f"It {error}.", err=True)
            given = None


def _watches(words: str) -> Sequence[tuple[str, str]]:
    """Tickers or CIKs, separated by commas or spaces, each once, in the order given."""
    found = dict.fromkeys(map(ticker_or_cik, words.replace(",", " ").split()))
    if not found:
        raise BadValueError("must name at least one ticker")
    return tuple(found)


def _summary(config: Config) -> dict[str, object]:
    return {
        "contact": config.edgar.contact,
        "store": str(config.store.path),
        "watches": len(config.watches),
        "rules": {name: list(rule.notify) for name, rule in config.rules.items()},
    }


def _refuse(reason: str) -> NoReturn:
    click.echo(f"watcher init: {reason}", err=True)
    raise SystemExit(2)
