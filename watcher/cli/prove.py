"""`watcher reconcile`: EDGAR's index of a day against the store."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection
from datetime import date
from datetime import datetime
from pathlib import Path

import click

from watcher.cli.common import config_option
from watcher.cli.common import configured
from watcher.cli.common import json_option
from watcher.cli.common import now
from watcher.cli.common import opened
from watcher.cli.common import print_json
from watcher.config import Config
from watcher.core.calendar import is_business_day
from watcher.core.completeness import Completeness
from watcher.core.completeness import absence
from watcher.core.completeness import latest_day
from watcher.core.completeness import words
from watcher.core.errors import AlreadyRunning
from watcher.core.errors import NotYet
from watcher.core.submission import EASTERN
from watcher.edgar import Edgar
from watcher.ingest import ingest
from watcher.pace import Pace
from watcher.pace import pace_path
from watcher.reconcile import compare
from watcher.reconcile import reconcile as list_missing
from watcher.store import Lock
from watcher.store import Store
from watcher.store.connection import FARTHEST

PATIENCE = 60.0  # seconds that a running daemon is given to read what was missing
LOOK = 0.25  # seconds between looks at how far it is


@click.command
@config_option
@json_option
@click.option("--date", "given", type=click.DateTime(["%Y-%m-%d"]), help="The day; without it, the latest whose index is there.")
def reconcile(option: Path | None, as_json: bool, given: datetime | None) -> None:
    """Prove that nothing was missed on a day: hold EDGAR's index against the store, and fetch what is missing.

    A running daemon is left to read what was missing; without one it is read here, and the next `watcher run` sends the alerts.
    Exit 1 if anything is missing and could not be fetched, or if the index of a business day is not there.
    """
    day = given.date() if given else latest_day(now())
    if day > now().astimezone(EASTERN).date():
        raise click.BadParameter(f"{day} is yet to come", param_hint="--date")
    config = configured(option)
    store = opened(config)
    edgar = Edgar(config.edgar, Pace(pace_path(config.store.path)), now=now)
    try:
        proof = _prove(edgar, store, config, day)
        said, complete = words(proof), not proof.missing
    except NotYet:
        proof = Completeness(day, len(store.watches()), indexed=False)
        said, complete = absence(day, now()), not is_business_day(day)
    finally:
        edgar.close()
        store.close()
    if as_json:
        print_json(_json(proof, complete=complete))
    click.echo(said, err=as_json)
    sys.exit(0 if complete else 1)


def _prove(edgar: Edgar, store: Store, config: Config, day: date) -> Completeness:
    """List, fetch what is missing, and keep how the day stands then."""
    listed = list_missing(edgar, store, day, now=now())
    if compare(store, day, listed).missing:
        try:
            lock = Lock(config.store.path)
        except AlreadyRunning:
            ends = time.monotonic() + PATIENCE
            while compare(store, day, listed).missing and time.monotonic() < ends:
                time.sleep(LOOK)
        else:
            try:
                _read(edgar, store, config, listed)
            finally:
                lock.release()
    proof = compare(store, day, listed)
    store.keep_proof(proof, now())
    return proof


def _read(edgar: Edgar, store: Store, config: Config, listed: Collection[str]) -> None:
    """One try at each of these that is pending, also where the next was set for later: somebody is waiting."""
    for pending in store.pending("live", now() + FARTHEST, limit=sys.maxsize):
        if pending.accession_number in listed:
            ingest(edgar, store, config, pending, now=now())


def _json(proof: Completeness, *, complete: bool) -> dict[str, object]:
    return {
        "date": proof.day.isoformat(),
        "complete": complete,
        "indexed": proof.indexed,
        "watches": proof.watches,
        "listed": proof.listed,
        "stored": proof.stored,
        "found": proof.found,
        "alerted": proof.alerted,
        "silent": dict(proof.silent),
        "missing": dict(proof.missing),
    }
