"""`watcher completion` and `watcher man`: what a shell and `man` know of the commands, from the same source as `--help`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from watcher import __version__
from watcher.cli.common import config_option

_HOW = {
    "bash": """\
mkdir -p ~/.local/share/bash-completion/completions
watcher completion bash >~/.local/share/bash-completion/completions/watcher""",
    # In front, because zsh itself brings a completion for OpenStack, which has a command of this name.
    "zsh": """\
mkdir -p ~/.zfunc
watcher completion zsh >~/.zfunc/_watcher
  (~/.zshrc: fpath=(~/.zfunc $fpath); autoload -Uz compinit; compinit)""",
    "fish": """\
mkdir -p ~/.config/fish/completions
watcher completion fish >~/.config/fish/completions/watcher.fish""",
}


@click.command(epilog="Where it is put:\n\n\b\n" + "\n".join(_HOW.values()))
@config_option
@click.argument("shell", type=click.Choice(tuple(_HOW)))
@click.pass_context
def completion(context: click.Context, option: Path | None, shell: str) -> None:  # noqa: ARG001 -- every command takes --config
    """Print the completion script of a shell."""
    made = get_completion_class(shell)
    assert made is not None  # noqa: S101 -- click has these three
    script = made(context.find_root().command, {}, "watcher", "_WATCHER_COMPLETE")
    # Not .source(): for bash that would look which one runs here, and it may be for another machine.
    click.echo(script.source_template % script.source_vars())


@click.command
@config_option
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.pass_context
def man(context: click.Context, option: Path | None, folder: Path) -> None:  # noqa: ARG001 -- every command takes --config
    """Write the manual pages into DIR: watcher(1), and one for each command.

    `man` looks into /usr/local/share/man/man1, and into ~/.local/share/man/man1 if ~/.local/bin is in your PATH.
    """
    root = context.find_root()
    written = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, page in pages(root.command, "watcher"):
            (folder / path).write_text(page, encoding="utf-8")
            written += 1
    except OSError as error:
        raise click.ClickException(f"{error.filename} cannot be written: {error.strerror}") from None
    click.echo(f"{written} pages written to {folder}: man -l {folder / 'watcher.1'}", err=True)


def pages(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[tuple[str, str]]:
    """The manual page of a command and of those below it, as file name and roff."""
    context = click.Context(command, info_name=name.rpartition(" ")[2], parent=parent, help_option_names=["-h", "--help"])
    below: list[tuple[str, click.Command]] = []
    if isinstance(command, click.Group):
        found = ((each, command.get_command(context, each)) for each in command.list_commands(context))
        below = [(each, one) for each, one in found if one is not None and not one.hidden]
    yield f"{name.replace(' ', '-')}.1", _page(command, context, name, below)
    for each, one in below:
        yield from pages(one, f"{name} {each}", context)


def _page(command: click.Command, context: click.Context, name: str, below: list[tuple[str, click.Command]]) -> str:
    title = name.replace(" ", "-")
    said = command.get_short_help_str(limit=200)
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [
        f'.TH "{_plain(title).upper()}" "1" "" "watcher {__version__}" "watcher"',
        ".SH NAME",
        f"{_plain(title)} \\- {_plain(said)}",
    ]
    lines += [".SH SYNOPSIS", f".B {_plain(name)}", _plain(usage), ".SH DESCRIPTION", *_paragraphs(command.help or "")]
    options = [record for one in command.get_params(context) if (record := one.get_help_record(context)) is not None]
    lines += [".SH OPTIONS", *_listed(options)] if options else []
    lines += [".SH COMMANDS", *_listed([(each, one.get_short_help_str(limit=200)) for each, one in below])] if below else []
    lines += [".PP", *_paragraphs(command.epilog)] if command.epilog else []
    lines += [".SH EXIT STATUS", "0 done, 1 could not do it, 2 the user's mistake."]
    others = [title.rpartition("-")[0]] if context.parent else [f"{title}-{each}" for each, _ in below]
    others = [each for each in others if each]
    lines += [".SH SEE ALSO", ", ".join(f"\\fB{_plain(each)}\\fR(1)" for each in others)] if others else []
    return "\n".join(lines) + "\n"


def _listed(rows: list[tuple[str, str]]) -> Iterator[str]:
    for term, said in rows:
        yield from (".TP", f"\\fB{_plain(term)}\\fR", _plain(said) or "\\&")


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(re.split(r"\n\s*\n", text.strip())):
        if number:
            yield ".PP"
        if paragraph.startswith("\b"):
            yield from (".nf", *map(_plain, paragraph.splitlines()[1:]), ".fi")
        else:
            yield _plain(" ".join(paragraph.split()))


def _plain(text: str) -> str:
    """Text as roff shows it: with minus signs that can be copied, and no line that is taken for a request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("'", "\\(aq").replace("^", "\\(ha")
    escaped = escaped.replace("~", "\\(ti").replace("…", "...").replace("–", "\\(en").replace("→", "\\(->")
    return f"\\&{escaped}" if escaped.startswith(".") else escaped
