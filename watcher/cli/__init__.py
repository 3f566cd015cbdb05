"""The command `watcher`: one file per group of commands, each imported only when it is called.

Exit status: 0 done, 1 could not do it, 2 the user's mistake. What the watcher raises on purpose is printed without a traceback.
"""

from __future__ import annotations

import importlib
import os
import sys

import click

from watcher import __version__
from watcher.core.errors import ConfigError
from watcher.core.errors import WatcherError

# name -> (module, what `watcher --help` says); in the order in which a user meets them
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "The whole watcher against a bundled EDGAR: no network, no account."),
    "init": ("setup", "Write a first configuration."),
    "check": ("setup", "Say what is wrong with the configuration, line by line."),
    "run": ("run", "Watch: the daemon. With --once, one whole cycle."),
    "status": ("look", "How the watcher is, in words; exit 1 if something is wrong."),
    "parse": ("parse", "Read ownership documents and print them."),
    "holdings": ("look", "What reporting owners hold, as last reported."),
    "filings": ("look", "The filings in the store."),
    "alerts": ("look", "The alerts, and who was told."),
    "why": ("look", "Every rule, condition and delivery of one filing, also of a silent one."),
    "rehearse": ("rehearse", "What the rules would have sent, without sending."),
    "notify": ("tell", "Try a destination with a real message."),
    "reconcile": ("prove", "Prove that nothing was missed on a day, and fetch what was."),
    "reparse": ("reparse", "Read the stored originals again after an upgrade."),
    "outbox": ("tell", "What is owed, and acting on it."),
    "backup": ("keep", "A verified copy of the database."),
    "restore": ("keep", "Put a copy back in the place of the database."),
}


class _Lazy(click.Group):
    """Knows its commands by name, and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- click's signature
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"watcher.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="watcher")
def cli() -> None:
    """Tells you when somebody inside an issuer you watch sold shares or exercised options, minutes after it is filed."""


def main() -> None:
    """Run the command; the console script's entry."""
    try:
        cli(prog_name="watcher")
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except WatcherError as error:
        click.echo(f"watcher: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read us (head, less) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
