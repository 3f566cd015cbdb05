"""`watcher silence`: what somebody does not want to hear for a while, and what that has kept from being told."""

from __future__ import annotations

import sys
from collections.abc import Collection
from datetime import datetime
from datetime import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import click

from watcher.cli import completing
from watcher.cli.common import DAY
from watcher.cli.common import NUMBER
from watcher.cli.common import config_option
from watcher.cli.common import configured
from watcher.cli.common import json_option
from watcher.cli.common import now
from watcher.cli.common import opened
from watcher.cli.common import print_json
from watcher.cli.common import print_rows
from watcher.config_values import BadValueError
from watcher.config_values import cik
from watcher.config_values import duration
from watcher.config_values import one_of
from watcher.config_values import phrase
from watcher.config_values import ticker_or_cik
from watcher.core.figures import counted
from watcher.core.figures import moment
from watcher.core.payload import plain
from watcher.core.silence import Silence
from watcher.core.silence import is_named
from watcher.core.submission import EASTERN

if TYPE_CHECKING:
    from watcher.config import Config
    from watcher.store import Store

LONGEST = timedelta(days=366)  # what should be silent for longer is a matter of the rules
LATEST = 3  # alerts shown of each silence


@click.group
def silence() -> None:
    """Do not tell of an issuer, an owner or a rule for a while; nothing is lost.

    What is silenced is kept, shown by `watcher why` and `silence list`, and listed once to who would have been told when the silence ends.
    """


@silence.command
@config_option
@json_option
@click.option("--ticker", shell_complete=completing.tickers, help="Filings of this issuer, by ticker or CIK.")
@click.option("--owner", help="Filings that name this reporting owner, by CIK or name (its words in any order).")
@click.option(
    "--rule", shell_complete=completing.rules, help="What this rule alone would tell; another rule that matches still tells."
)
@click.option(
    "--destination", shell_complete=completing.destinations, help="Only this destination. A webhook is silenced only so."
)
@click.option("--for", "span", metavar="SPAN", help="For so long: 12h, 30d.")
@click.option("--until", type=DAY, metavar="DATE", help="Until the end of this day (Eastern time).")
@click.option("--why", required=True, help="The reason, which is kept and shown.")
def add(option: Path | None, as_json: bool, why: str, **asked: Any) -> None:
    """Begin a silence. Of several of --ticker, --owner, --rule, --destination all must hold; at least one is needed."""
    begins = now()
    config = configured(option)
    ends = _ends(begins, asked["span"], asked["until"])
    if all(asked[name] is None for name in ("ticker", "owner", "rule", "destination")):
        raise click.UsageError("say what is to be silenced: --ticker, --owner, --rule or --destination")
    store = opened(config)
    # One that is empty, as of a variable that a script did not set, is a mistake: without it the silence would be on everything.
    issuer = (None, None) if asked["ticker"] is None else _issuer(store, asked["ticker"])
    wanted = Silence(
        id=0,
        begins=begins,
        ends=ends,
        why=_checked("--why", phrase, why),
        issuer_cik=issuer[0],
        ticker=issuer[1],
        owner=None if asked["owner"] is None else _owner(asked["owner"]),
        rule=_named("rule", config.rules, asked["rule"]),
        destination=_named("destination", config.destinations, asked["destination"]),
    )
    number = store.add_silence(wanted)
    known = wanted.owner is None or any(is_named(wanted.owner, *owner) for owner in store.names_of_owners())
    store.close()
    if as_json:
        print_json({"id": number, **_shape(wanted)})
    click.echo(f"silence {number} on {wanted}, until {moment(wanted.ends)}", err=True)
    if not known:
        click.echo(f"note: no filing in the store names an owner {wanted.owner!r} so far", err=True)
    for name in _told_all_the_same(config, wanted):
        click.echo(f"note: the webhook {name} is still told: silence it with --destination {name}", err=True)


@silence.command("list")
@config_option
@json_option
@click.option("--all", "everything", is_flag=True, help="Also those that are over.")
def list_silences(option: Path | None, as_json: bool, everything: bool) -> None:
    """List the silences, each with what it has kept from being told."""
    store = opened(configured(option))
    moment_of_asking = now()
    in_force = {one.id for one in store.silences_in_force(moment_of_asking)}
    rows = []
    for one, removed in store.silences():
        if not everything and one.id not in in_force:
            continue
        kept = [alert for alerts in store.silenced_by(one.id).values() for alert in alerts]
        titles = list({alert.event_id: alert.title for alert in kept}.values())
        state = "in force" if one.id in in_force else "removed" if removed else "ended"
        shown = {"what": str(one), "until": moment(one.ends), "latest": "\n".join(titles[-LATEST:])}
        alerts = [{"event_id": alert.event_id, "title": alert.title, "outbox_id": alert.owed_id} for alert in kept]
        row = {"id": one.id, **_shape(one), "state": state, "held_back": len(titles)}
        rows.append({**row, "alerts": alerts} if as_json else {**row, **shown})
    store.close()
    print_rows(rows, ("id", "what", "until", "state", "why", "held_back", "latest"), as_json=as_json)


@silence.command
@config_option
@click.argument("silence_id", metavar="ID", type=NUMBER)
def remove(option: Path | None, silence_id: int) -> None:
    """End silence ID at once; what it held back is listed to who would have been told."""
    store = opened(configured(option))
    done = store.end_silence(silence_id, now())
    number = sum(len(alerts) for alerts in store.silenced_by(silence_id).values())
    store.close()
    if not done:
        click.echo(f"watcher: there is no silence {silence_id} in force: `watcher silence list` shows them", err=True)
        sys.exit(1)
    click.echo(f"silence {silence_id} is over; it held back {counted(number, 'message')}", err=True)


def _ends(begins: datetime, span: str | None, until: datetime | None) -> datetime:
    if (span is None) == (until is None):
        raise click.UsageError("a silence has an end: give one of --for SPAN and --until DATE")
    if until is not None:
        ends = datetime.combine(until.date() + timedelta(days=1), time(), EASTERN)
    else:
        ends = begins + _checked("--for", duration, span)
    if ends <= begins:
        raise click.UsageError("a silence ends in the future")
    if ends - begins > LONGEST:
        raise click.UsageError(
            f"a silence lasts at most {LONGEST.days} days: what should stay silent for longer is a matter of the rules"
        )
    return ends


def _issuer(store: Store, word: str) -> tuple[str, str]:
    """The CIK, and how the issuer is shown."""
    kind, value = _checked("--ticker", ticker_or_cik, word)
    if kind == "cik":
        return value, value
    found = store.issuer_named(value)
    if found is None:
        known = ", ".join(watch.shown for watch in store.watches() if watch.role == "issuer")
        raise click.UsageError(f"--ticker {value} is not known to the store: watched are {known or 'no issuers'}; a CIK does too")
    return found


def _named(what: str, known: Collection[str], word: str | None) -> str | None:
    return None if word is None else str(_checked(f"--{what}", one_of(what, known), word))


def _owner(word: str) -> str:
    name: str = _checked("--owner", cik if word.isdigit() else phrase, word)
    return name


def _checked(name: str, checker: Any, value: object) -> Any:
    try:
        return checker(value)
    except BadValueError as error:
        raise click.UsageError(f"{name} {error}") from None


def _told_all_the_same(config: Config, wanted: Silence) -> list[str]:
    if wanted.destination is not None:
        return []
    rules = [rule for name, rule in config.rules.items() if wanted.rule in {None, name, name.partition("@")[0]}]
    told = dict.fromkeys(name for rule in rules for name in rule.notify)
    return [name for name in told if name in config.destinations and config.destinations[name].kind == "webhook"]


def _shape(one: Silence) -> dict[str, Any]:
    names = ("issuer_cik", "ticker", "owner", "rule", "destination", "begins", "ends", "why")
    return {name: plain(getattr(one, name)) for name in names}
