"""`watcher init` writes a first configuration: who asks, what is watched, where to tell. Nothing is written before all is answered."""

from __future__ import annotations

import difflib
import os
import shlex
import sys
import tempfile
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from typing import NoReturn
from typing import TypeVar

import click

from watcher.cli.common import config_option
from watcher.cli.common import now
from watcher.cli.common import say
from watcher.cli.first import Answers
from watcher.cli.first import Told
from watcher.cli.first import Watched
from watcher.cli.first import login_unit
from watcher.cli.first import written
from watcher.cli.services import ask_where
from watcher.config import EdgarConfig
from watcher.config import find
from watcher.config_values import BadValueError
from watcher.config_values import base_url
from watcher.config_values import contact as checked_contact
from watcher.config_values import ticker_or_cik
from watcher.config_values import variable
from watcher.core.errors import WatcherError

if TYPE_CHECKING:
    from watcher.core.index import TickerEntry

T = TypeVar("T")

NEXT_STEPS = """
Next:
  $ {watcher} check{option}
      reads it again and says what is wrong, if anything
  $ {watcher} run{option}
      watches, until Ctrl-C; alerts go to {where}
  $ {watcher} demo
      shows what it does, on made-up filings, without the network
"""
AS_A_SERVICE = 'As a service with a user of its own: "As a service" in README.md.'
AT_LOGIN = """\
To start it now, and whenever you log in:
  $ systemctl --user enable --now {unit}
  $ loginctl enable-linger
      lets it stay when you log out
"""


@click.command
@config_option
@click.option("--contact", help="Your name and e-mail address: the SEC wants to know who asks.")
@click.option("--ticker", "tickers", multiple=True, help="A ticker (or CIK) to watch. May be given several times.")
@click.option("--url-file", metavar="PATH", help="Tell the Apprise URL in this file of yours (chmod 600).")
@click.option("--url-env", metavar="NAME", help="Tell the Apprise URL in this environment variable.")
@click.option("--edgar-url", metavar="URL", help="Where EDGAR is, behind a mirror.")
def init(
    option: Path | None,
    contact: str | None,
    tickers: tuple[str, ...],
    url_file: str | None,
    url_env: str | None,
    edgar_url: str | None,
) -> None:
    """Write a first configuration. Asks what is not given, if there is a terminal; never overwrites a file.

    With --contact and --ticker nothing is asked, and EDGAR is not either. A secret goes into a file of its own beside the configuration.
    """
    path = find(option, os.environ, Path.cwd())
    if os.path.lexists(path):
        _refuse(f"{path} exists already and was not changed; edit it, or name another file with --config")
    told = _told(url_file, url_env)
    mirror = None if edgar_url is None else _checked("--edgar-url", edgar_url, base_url)
    asking = sys.stdin.isatty() and not (contact and tickers)
    if asking:
        say(f"A few questions; then {path} is written. Ctrl-C leaves everything as it is.\n")
    who = _answer("--contact", contact, "Your name and e-mail address, for the SEC", checked_contact)
    listed = _Listed(who, mirror) if asking else None
    watches = _answer("--ticker", " ".join(tickers) or None, "Tickers to watch", lambda words: _watches(words, listed))
    if told is None and asking:
        told = ask_where()
    try:
        answers = written(path, Answers(who, watches, told, mirror))
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from None
    say(f"\nWritten: {path}")
    if answers.told is not None and answers.told.secret:
        say(f"Written: {path.parent / answers.told.url_file}, with the secret; only you can read it")
    if asking and answers.told is not None and click.confirm("\nSend a test message now?", default=True):
        _try(path)
    given = "" if option is None else f" --config {shlex.quote(str(option))}"
    watcher, command = _called()
    where = answers.told.name if answers.told else "this terminal until you add another destination"
    start = _at_login(path.absolute(), command)
    say(f"{NEXT_STEPS.format(watcher=watcher, option=given, where=where)}\n{start}{AS_A_SERVICE}")


def _called() -> tuple[str, list[str]]:
    """How this program is called here, and the words by which it is called from everywhere."""
    command = Path(sys.argv[0]).absolute()
    if command.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m watcher", [sys.executable, "-m", "watcher"]
    here = "watcher" if command.parent in map(Path, os.get_exec_path()) else shlex.quote(os.path.relpath(command))
    return here, [str(command)]


def _at_login(path: Path, command: Sequence[str]) -> str:
    """Write the unit for one's own systemd beside the configuration, and say how it is started; nothing for root, who has the service."""
    unit = path.with_name("watcher.service")
    if os.geteuid() == 0 or os.path.lexists(unit):
        return ""
    try:
        unit.write_text(login_unit(path, command), encoding="utf-8")
    except OSError:  # the configuration was written there a moment ago; without the unit it is as good
        return ""
    return AT_LOGIN.format(unit=shlex.quote(str(unit)))


class _Listed:
    """The SEC's ticker file, asked for when the first ticker is; where it cannot be had, that is said once and nothing is checked."""

    def __init__(self, who: str, mirror: str | None) -> None:
        self._config = EdgarConfig(who) if mirror is None else EdgarConfig(who, www_url=mirror)
        self._tickers: dict[str, TickerEntry] | None = None
        self._asked = False

    def tickers(self) -> dict[str, TickerEntry] | None:
        """The file; `None` where it cannot be had."""
        if not self._asked:
            self._asked = True
            from watcher.edgar import Edgar  # noqa: PLC0415 -- the door is opened only where somebody is asked
            from watcher.pace import Pace  # noqa: PLC0415 -- the door is opened only where somebody is asked

            with tempfile.TemporaryDirectory() as folder:
                edgar = Edgar(self._config, Pace(Path(folder) / "pace"), now=now, deadline=15.0)
                try:
                    self._tickers = edgar.tickers()
                except WatcherError as error:
                    say(f"Not checked, because EDGAR could not be asked ({error}); `watcher run` will.", err=True)
                finally:
                    edgar.close()
        return self._tickers


def _watches(words: str, listed: _Listed | None) -> Sequence[Watched]:
    """Tickers or CIKs, separated by commas or spaces, each once, in the order given; with what EDGAR says they are, where it is asked."""
    found = tuple(dict.fromkeys(map(ticker_or_cik, words.replace(",", " ").split())))
    if not found:
        raise BadValueError("must name at least one ticker")
    known = listed.tickers() if listed else None
    if known is None:
        return tuple(Watched(kind, value) for kind, value in found)
    if complaints := [_suggested(value, known) for kind, value in found if kind == "ticker" and value not in known]:
        raise BadValueError(f"must name tickers that the SEC lists; {'; '.join(complaints)}")
    by_cik = {entry.cik: entry for entry in known.values()}
    watches = []
    for kind, value in found:
        entry = known.get(value) if kind == "ticker" else by_cik.get(value)
        remark = " ".join(entry.name.split()) if entry and entry.name.isprintable() else ""
        shown = f"{remark or '(a CIK without a ticker: not checked)'}, CIK {entry.cik if entry else value}"
        say(f"  {value}: {shown}")
        watches.append(Watched(kind, value, f"{remark}, CIK {entry.cik}" if entry and kind == "ticker" else remark))
    if not click.confirm("Watch these?", default=True):
        raise BadValueError("can be said again")
    return tuple(watches)


def _suggested(value: str, known: dict[str, TickerEntry]) -> str:
    by_name = [one for one, entry in known.items() if len(value) > 3 and entry.name.upper().startswith(value.replace("-", " "))]
    near = (by_name or difflib.get_close_matches(value, known, n=3, cutoff=0.6))[:3]
    if not near:
        return f"{value} is not one (an issuer without a ticker is named by its CIK)"
    return f"{value} is not one: did you mean {' or '.join(f'{one} ({known[one].name})' for one in near)}?"


def _told(url_file: str | None, url_env: str | None) -> Told | None:
    if url_file and url_env:
        _refuse("--url-file and --url-env say the same in two ways: give one of them")
    if url_env:
        return Told("desk", url_env=_checked("--url-env", url_env, variable))
    return Told("desk", url_file=str(Path(url_file).expanduser().absolute())) if url_file else None


def _try(path: Path) -> None:
    from watcher.cli.tell import trial  # noqa: PLC0415 -- the doors of notification are opened only by who wants a message
    from watcher.config import load  # noqa: PLC0415 -- see above

    try:
        config = load(path, os.environ)
    except WatcherError as error:
        say(str(error), err=True)
        return
    for name in config.rules["default"].notify:
        outcome = trial(config.destinations[name])
        hint = "" if outcome.state == "accepted" else f"; mend it, then: watcher notify test {name}"
        say(f"{name}: {outcome.state}{f' ({outcome.reason})' if outcome.reason else ''}{hint}")


def _answer(flag: str, given: str | None, question: str, checker: Callable[[str], T]) -> T:
    """The answer given by `flag`, else asked for; asked again until it is right, where there is somebody to ask."""
    interactive = sys.stdin.isatty()
    while True:
        if given is None and not interactive:
            _refuse(f"{flag} is missing, and there is no terminal to ask on")
        if given is not None and not interactive:
            return _checked(flag, given, checker)
        try:
            return checker(click.prompt(question) if given is None else given)
        except BadValueError as error:
            say(f"It {error}".rstrip("?.") + ("?" if str(error).endswith("?") else "."), err=True)
            given = None


def _checked(flag: str, given: str, checker: Callable[[str], T]) -> T:
    try:
        return checker(given)
    except BadValueError as error:
        _refuse(f"{flag} {error}")


def _refuse(reason: str) -> NoReturn:
    say(f"watcher init: {reason}", err=True)
    raise SystemExit(2)
