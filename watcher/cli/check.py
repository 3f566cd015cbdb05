"""`watcher check` says what is wrong with the configuration, and what is odd."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from watcher.cli.common import config_option
from watcher.cli.common import print_json
from watcher.cli.problems import shown
from watcher.config import Config
from watcher.config import find
from watcher.config import load
from watcher.core.errors import ConfigError
from watcher.core.errors import Problem


@click.command
@config_option
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="One JSON object a line: each problem and warning, and the summary if there is no problem.",
)
@click.option("--no-secrets", is_flag=True, help="Leave the secrets unread, and what only they can show unchecked.")
def check(option: Path | None, as_json: bool, no_secrets: bool) -> None:
    """Read the configuration and print every problem, as file:line: what is wrong and what would be right.

    Exit status 2 if there is any; a warning is what works, but hardly as it is meant. On a terminal the lines are shown too, but no secret.
    """
    here = Path.cwd()
    path = find(option, os.environ, here)
    if option is None and path.is_relative_to(here):
        path = path.relative_to(here)
    try:
        config = _loaded(path, secrets=not no_secrets)
    except ConfigError as error:
        _print((*error.problems, *error.warnings), as_json=as_json)
        if not as_json and sys.stdout.isatty():
            click.echo(_count(error.problems, error.warnings))
        raise SystemExit(2) from None
    _print(config.warnings, as_json=as_json)
    if as_json:
        print_json(_summary(config))
        return
    click.echo(f"{path} {'can be used' if config.warnings else 'is fine'}.")
    click.echo(f"  contact  {config.edgar.contact}")
    click.echo(f"  store    {config.store.path}")
    click.echo(f"  watches  {len(config.watches)}")
    for rule in config.rules.values():
        click.echo(f"  rule     {rule.name} -> {', '.join(rule.notify)}")


def _loaded(path: Path, *, secrets: bool) -> Config:
    if not secrets:
        return load(path, os.environ, secrets=False)
    from watcher.notify import problem_with  # noqa: PLC0415 -- the doors of notification are imported only where they are asked

    return load(path, os.environ, problem_with)


def _print(problems: Sequence[Problem], *, as_json: bool) -> None:
    """In a pipe one line each; for people, who see colours and the place, with the line they stand in."""
    on_terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns
    for each in problems:
        if as_json:
            print_json(asdict(each))
        else:
            click.echo(shown(each, width) if on_terminal else str(each))


def _count(problems: Sequence[Problem], warnings: Sequence[Problem]) -> str:
    said = [
        f"{len(each)} {word}{'s' * (len(each) != 1)}" for each, word in ((problems, "problem"), (warnings, "warning")) if each
    ]
    return " and ".join(said)


def _summary(config: Config) -> dict[str, object]:
    return {
        "contact": config.edgar.contact,
        "store": str(config.store.path),
        "watches": len(config.watches),
        "rules": {name: list(rule.notify) for name, rule in config.rules.items()},
    }
