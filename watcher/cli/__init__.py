"""The command `watcher`: one file per group of commands, each imported only when it is called.

Exit status: 0 done, 1 could not do it, 2 the user's mistake. What the watcher raises on purpose is printed without a traceback.
"""

from __future__ import annotations

import importlib
import os
import shlex
import sys
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from watcher import __version__
from watcher.cli.output import give_output_up
from watcher.cli.output import make_output_writable
from watcher.cli.output import open_what_is_closed
from watcher.core.errors import ConfigError
from watcher.core.errors import WatcherError

# name -> (module, what `watcher --help` says); in the order in which a user meets them
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "The whole watcher against a bundled EDGAR: no network, no account."),
    "init": ("init", "Write a first configuration."),
    "check": ("check", "Say what is wrong with the configuration, line by line."),
    "run": ("run", "Watch: the daemon. With --once, one whole cycle."),
    "status": ("look", "How the watcher is, in words; exit 1 if something is wrong."),
    "parse": ("parse", "Read ownership documents and print them."),
    "holdings": ("history", "What reporting owners hold, as last reported, and how it went."),
    "person": ("history", "One person across issuers: holdings, plans, what they did."),
    "filings": ("look", "The filings in the store."),
    "alerts": ("look", "The alerts, and who was told."),
    "why": ("look", "Every rule, condition and delivery of one filing, also of a silent one."),
    "export": ("export", "Alerts, transactions, holdings, filings as CSV, JSON Lines, Parquet; one filing as a zip."),
    "metrics": ("metrics", "How the watcher is, for Prometheus."),
    "rehearse": ("rehearse", "What the rules would have sent, without sending."),
    "backfill": ("backfill", "Read the years before a watch began; tells nobody."),
    "notify": ("tell", "Try a destination with a real message."),
    "reconcile": ("prove", "Prove that nothing was missed on a day, and fetch what was."),
    "reparse": ("reparse", "Read the stored originals again after an upgrade."),
    "silence": ("silence", "Do not tell of an issuer, an owner or a rule for a while; nothing is lost."),
    "outbox": ("tell", "What is owed, and acting on it."),
    "backup": ("keep", "A verified copy of the database."),
    "restore": ("keep", "Put a copy back in the place of the database."),
    "completion": ("pages", "The completion script of your shell."),
    "man": ("pages", "Write the manual pages."),
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

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, but that what was probably meant is said."""
        word = args[0]
        if word not in COMMANDS and not word.startswith("-"):
            import difflib  # noqa: PLC0415 -- imported only where it is used: `watcher --help` is quick

            near = difflib.get_close_matches(word.casefold(), COMMANDS, 2)
            hint = f"did you mean {' or '.join(near)}?" if near else "these are there:\n  " + ", ".join(COMMANDS)
            raise click.UsageError(f"there is no command {word!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """As click's, but that a compiled file that is cut short is no "Aborted!".

        CPython 3.11 does not look whether all of it was written (its issue 126606): a disk that is full is enough.
        """
        try:
            return super().invoke(ctx)
        except EOFError as error:
            if "marshal" not in str(error):
                raise
            folder = shlex.quote(str(Path(__file__).parents[2]))
            message = (
                "a compiled file of the program is cut short, as by a disk that was full. They are made anew once they are gone"
            )
            raise WatcherError(f"{message}: find {folder} -name '*.pyc' -delete") from error

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """As click's, but that no command is imported for it."""
        found = [CompletionItem(name, help=text) for name, (_, text) in COMMANDS.items() if name.startswith(incomplete)]
        return found or super().shell_complete(ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="New here? `watcher demo` shows what it does, `watcher init` asks what it needs to know, `watcher run` begins.",
)
@click.version_option(__version__, prog_name="watcher")
def cli() -> None:
    """Tells you when somebody inside an issuer you watch sold shares or exercised options, minutes after it is filed."""


def main() -> None:
    """Run the command; the console script's entry."""
    open_what_is_closed()
    make_output_writable()
    try:
        try:
            cli(prog_name="watcher", color=False if os.environ.get("NO_COLOR") else None)
        finally:
            sys.stdout.flush()  # what cannot be written is said below, not by Python as it ends
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except WatcherError as error:
        click.echo(f"watcher: {error}", err=True)
        sys.exit(1)
    except UnicodeEncodeError as error:
        if error.reason != "surrogates not allowed":
            raise
        click.echo("watcher: a word of the command is not UTF-8 text", err=True)
        sys.exit(2)
    except BrokenPipeError:
        # Whoever read us (head, less) has seen enough.
        give_output_up()
        sys.exit(1)
    except OSError as error:
        # A working directory that is gone, a disk that is full: nothing a traceback would explain.
        give_output_up()
        click.echo(f"watcher: {error.strerror}{f': {error.filename}' if error.filename else ''}", err=True)
        sys.exit(1)
