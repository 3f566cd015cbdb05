"""`watcher rehearse`: what the rules would have sent, without sending."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from watcher.cli.common import DAY
from watcher.cli.common import config_option
from watcher.cli.common import configured
from watcher.cli.common import json_option
from watcher.cli.common import now
from watcher.cli.common import opened
from watcher.cli.common import print_json
from watcher.cli.common import say
from watcher.core.payload import plain
from watcher.core.rehearsal import Rehearsal
from watcher.core.rehearsal import in_words
from watcher.core.submission import EASTERN
from watcher.rehearse import rehearse as replay
from watcher.rehearse import unresolved


@click.command
@config_option
@json_option
@click.option("--since", required=True, type=DAY, help="The first day, by acceptance.")
@click.option("--until", type=DAY, help="The last day; without it, today.")
def rehearse(option: Path | None, as_json: bool, since: datetime, until: datetime | None) -> None:
    """What the rules of the configuration would have sent, on the filings in the store, without sending.

    Shows alerts per month by rule, the five biggest and five borderline, and how often each field that the rules ask for is stated.
    """
    begin, end = since.date(), until.date() if until else now().astimezone(EASTERN).date()
    if begin > end:
        raise click.BadParameter(f"{begin} is after {end}", param_hint="--since")
    config = configured(option)
    store = opened(config)
    unknown = unresolved(store, config)
    rehearsal = replay(store, config, since=begin, until=end)
    store.close()
    for ticker in unknown:
        click.echo(f"watcher: {ticker} is left out: its CIK is not known yet; `watcher run --once` looks it up", err=True)
    if as_json:
        print_json({**_json(rehearsal), "left_out": unknown})
    else:
        say("\n".join(in_words(rehearsal)))


def _json(rehearsal: Rehearsal) -> dict[str, object]:
    shown: dict[str, object] = plain(asdict(rehearsal))
    return {**shown, "borderline": [{**plain(asdict(one)), "told": one.told} for one in rehearsal.borderline]}
