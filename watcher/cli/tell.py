"""`watcher notify` and `watcher outbox`: trying destinations, and acting on what is owed."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

import click

from watcher.cli import completing
from watcher.cli.common import NUMBER
from watcher.cli.common import config_option
from watcher.cli.common import configured
from watcher.cli.common import json_option
from watcher.cli.common import now
from watcher.cli.common import opened
from watcher.cli.common import print_json
from watcher.cli.common import print_rows
from watcher.config import Destination
from watcher.core.payload import claiming_nothing
from watcher.core.payload import encoded
from watcher.core.telling import Message
from watcher.core.telling import Outcome
from watcher.core.telling import Outgoing
from watcher.notify import sender_for


@click.group
def notify() -> None:
    """Try a destination with a real message."""


@notify.command
@config_option
@json_option
@click.argument("destination", required=False, shell_complete=completing.destinations)
def test(option: Path | None, as_json: bool, destination: str | None) -> None:
    """Send a real message by the real path, to DESTINATION or to every one; exit 1 if one does not accept it."""
    config = configured(option, secrets=True)
    if destination is not None and destination not in config.destinations:
        raise click.UsageError(f"there is no destination {destination!r}; there are: {', '.join(config.destinations)}")
    failed = False
    for name in [destination] if destination else config.destinations:
        outcome = trial(config.destinations[name])
        failed |= outcome.state != "accepted"
        if as_json:
            print_json({"destination": name, "outcome": outcome.state, "reason": outcome.reason or None})
        else:
            click.echo(f"{name}: {outcome.state}{f' ({outcome.reason})' if outcome.reason else ''}", err=True)
    if failed:
        sys.exit(1)


def trial(destination: Destination) -> Outcome:
    """Send a test message by the real path."""
    return sender_for(destination).send(_test_message(destination.name), now=now())


def _test_message(name: str) -> Outgoing:
    title = "watcher: a test message"
    text = f"This is a test of destination {name}, sent by `watcher notify test`. No filing stands behind it."
    identity = uuid.uuid4().hex
    payload = encoded({**claiming_nothing("test", identity, None), "title": title, "text": text})
    return Outgoing(identity, Message(title, text, f"<p>{text}</p>"), payload)


@click.group
def outbox() -> None:
    """What is owed, and acting on it."""


@outbox.command("list")
@config_option
@json_option
@click.option("--all", "everything", is_flag=True, help="Also what was delivered or silenced.")
def list_owed(option: Path | None, as_json: bool, everything: bool) -> None:
    """List what is owed, held, quiet or dead, oldest first; what is folded goes with the message named."""
    store = opened(configured(option))
    rows = store.rows(
        "SELECT owed.id, owed.destination, owed.state, owed.tries, owed.next_at, owed.reason, owed.event_id, alert.accession_number, title,"
        " owed.created_at, owed.delivered_at, carrier.id AS goes_with FROM owed JOIN alert USING (event_id) LEFT JOIN owed AS carrier"
        " ON carrier.event_id = owed.digest AND carrier.destination = owed.destination"
        " WHERE ? OR owed.state NOT IN ('delivered', 'silenced') ORDER BY owed.id",
        (everything,),
    )
    columns = ("id", "destination", "state", "goes_with", "tries", "next_at", "reason", "title")
    print_rows([dict(row) for row in rows], columns, as_json=as_json)
    store.close()


@outbox.command
@config_option
@click.argument("owed_id", metavar="ID", type=NUMBER)
def retry(option: Path | None, owed_id: int) -> None:
    """Owe message ID again at once, also a held or dead one; a running daemon sends it within seconds."""
    store = opened(configured(option))
    done, carrier = store.retry_now(owed_id, now()), store.carried_by(owed_id)
    store.close()
    _say(done, owed_id, "will be tried again at once; in the quiet hours of its destination, after them", carrier)


@outbox.command
@config_option
@click.argument("owed_id", metavar="ID", type=NUMBER)
@click.option("--why", required=True, help="The reason, which is kept.")
def drop(option: Path | None, owed_id: int, why: str) -> None:
    """Give message ID up, with the reason."""
    store = opened(configured(option))
    done, carrier = store.drop(owed_id, why), store.carried_by(owed_id)
    store.close()
    _say(done, owed_id, "is given up", carrier)


def _say(done: bool, owed_id: int, what: str, carrier: int | None) -> None:
    if carrier is not None:
        click.echo(
            f"watcher: message {owed_id} goes with message {carrier}, which lists it among others: act on that one", err=True
        )
        sys.exit(1)
    if not done:
        click.echo(f"watcher: there is no message {owed_id} that is still owed: `watcher outbox list` shows them", err=True)
        sys.exit(1)
    click.echo(f"message {owed_id} {what}", err=True)
