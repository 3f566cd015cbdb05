"""`watcher backfill`: history into the store, from EDGAR's lists or from the SEC's quarterly data sets."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from datetime import date
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watcher.cli import completing
from watcher.cli.common import config_option
from watcher.cli.common import configured
from watcher.cli.common import json_option
from watcher.cli.common import now
from watcher.cli.common import opened
from watcher.cli.common import print_json
from watcher.cli.progress import Progress
from watcher.core.errors import AlreadyRunning
from watcher.core.errors import FeedUnreadable
from watcher.core.errors import StoreError
from watcher.core.errors import UnreadableDocument
from watcher.core.figures import counted
from watcher.core.submission import EASTERN
from watcher.edgar import Edgar
from watcher.pace import Pace
from watcher.pace import pace_path
from watcher.store import Lock
from watcher.store import Store
from watcher.store import StoredWatch

if TYPE_CHECKING:
    from watcher.config import Config
    from watcher.core.listing import FilingRef
    from watcher.quarters import Quarter

_QUARTER = re.compile(r"(?:19|20)[0-9]{2}q[1-4]")


@click.command
@config_option
@json_option
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Filed on this day or later.")
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    metavar="PATH|QUARTER",
    help="A data set: a zip, a folder, or 2024q3 to download. Repeatable.",
)
@click.option("--all", "everything", is_flag=True, help="All filings of the data sets, not only those of your watches.")
@click.argument("tickers", nargs=-1, metavar="[TICKER]...", shell_complete=completing.tickers)
def backfill(
    option: Path | None,
    as_json: bool,
    since: datetime | None,
    datasets: tuple[str, ...],
    everything: bool,
    tickers: tuple[str, ...],
) -> None:
    """Read the history of your watches, or of those of them named (TICKER or CIK), into the store. Tells nobody of it.

    From EDGAR's lists, filing by filing (about three a second, so that a running watcher goes before), or from the SEC's quarterly
    Insider Transactions Data Sets, which are quick and have figures rounded to cents; what is read from EDGAR later takes their place.

    Interrupted and begun again, it goes on where it was.
    """
    if since is None and not datasets:
        raise click.UsageError("say since when with --since DATE (from EDGAR), or name a data set with --dataset")
    if everything and (not datasets or tickers):
        raise click.UsageError("--all is for --dataset, and without tickers")
    if since is not None and since.date() > now().astimezone(EASTERN).date():
        raise click.BadParameter(f"{since:%Y-%m-%d} is yet to come", param_hint="--since")
    wanted = [_place(text) for text in datasets]
    config = configured(option)
    store = opened(config)
    edgar = Edgar(config.edgar, Pace(pace_path(config.store.path)), now=now)
    try:
        watches = _chosen(store, config, tickers, everything=everything)
        with _alone(config.store.path):
            day = since.date() if since else None
            if datasets:
                said = _from_data_sets(edgar, store, config, wanted, watches, day, everything=everything)
            else:
                assert day is not None  # noqa: S101 -- asked for above
                said = _from_edgar(edgar, store, config, watches, day)
    except KeyboardInterrupt:
        click.echo("\ninterrupted: what was read is kept; the same command goes on from here", err=True)
        sys.exit(1)
    finally:
        edgar.close()
        store.close()
    if as_json:
        print_json(said)
    else:
        click.echo(_in_words(said))


def _place(text: str) -> str | Path:
    """A quarter to download, or a path."""
    if _QUARTER.fullmatch(text.lower()):
        return text.lower()
    path = Path(text)
    if not path.exists():
        raise click.BadParameter(f"{text!r} is neither a file nor a quarter like 2024q3", param_hint="--dataset")
    return path


def _chosen(store: Store, config: Config, tickers: Sequence[str], *, everything: bool) -> list[StoredWatch]:
    """The watches that are meant. What is not watched has no history to keep up."""
    watches = store.watches()
    if not watches and not everything:
        raise StoreError(f"nothing is watched yet: `watcher run` (or `watcher run --once`) takes up the watches of {config.path}")
    if not tickers:
        return watches
    found: dict[str, StoredWatch] = {}
    for text in tickers:
        symbol = text.upper().replace(".", "-")
        meant = [one for one in watches if symbol == one.ticker or (text.isdigit() and text.zfill(10) == one.cik)]
        if meant:
            found |= {one.key: one for one in meant}
        elif any(
            symbol == one.ticker or (text.isdigit() and text.zfill(10) in {one.cik, one.owner_cik}) for one in config.watches
        ):
            raise StoreError(f"{text} is new in the configuration: `watcher run` (or `watcher run --once`) takes it up first")
        else:
            raise click.UsageError(
                f'{text} is not watched: add it to {config.path} ([[watch]] with ticker = "{symbol}") or to a watchlist,'
                " let `watcher run` take it up, and ask again"
            )
    return list(found.values())


@contextmanager
def _alone(store: Path) -> Iterator[None]:
    """One backfill at a time; the daemon goes on beside it."""
    try:
        lock = Lock(store.with_name(store.name + ".backfill"))
    except AlreadyRunning:
        raise StoreError(f"another `watcher backfill` is at work on {store}: let it end first") from None
    try:
        yield
    finally:
        lock.release()


def _from_edgar(edgar: Edgar, store: Store, config: Config, watches: Sequence[StoredWatch], since: date) -> dict[str, object]:
    from watcher.backfill import list_years  # noqa: PLC0415 -- imported only where it is used: `watcher --help` is quick
    from watcher.backfill import read_years  # noqa: PLC0415 -- imported only where it is used: `watcher --help` is quick

    filings: list[FilingRef] = []
    unread: list[str] = []
    whole: list[StoredWatch] = []
    stored = newer = 0
    with Progress("looking up", len(watches), "watch", "watches") as progress:
        for watch in watches:
            try:
                listed = list_years(edgar, store, watch, since=since)
            except FeedUnreadable as error:
                unread.append(f"{watch.shown}: {error}")
                continue
            finally:
                progress.step(watch.shown)
            whole.append(watch)
            filings += listed.filings
            stored += listed.stored
            newer += listed.newer
    filings = list({ref.accession_number: ref for ref in filings}.values())
    became: Counter[str] = Counter()
    with Progress("reading", len(filings), "filing", "filings") as progress:
        for word in read_years(edgar, store, config, filings, now=now, sleep=time.sleep, say=progress.say):
            became[word] += 1
            progress.step()
    for watch in whole if not became["unserved"] else ():
        store.note_complete(watch, since)
    return {
        "kept": became["kept"],
        "known": stored + became["known"],
        "newer": newer + became["newer"],
        "before": 0,
        "unreadable": became["unreadable"],
        "unserved": became["unserved"],
        "left_out": unread,
    }


def _from_data_sets(
    edgar: Edgar,
    store: Store,
    config: Config,
    wanted: Sequence[str | Path],
    watches: Sequence[StoredWatch],
    since: date | None,
    *,
    everything: bool,
) -> dict[str, object]:
    from watcher import quarters  # noqa: PLC0415 -- imported only where it is used: `watcher --help` is quick

    choice = quarters.Choice(tuple(watches), everything, since)
    processes = len(os.sched_getaffinity(0))
    with quarters.workshop(config.store.path) as folder, tempfile.TemporaryDirectory(dir=folder, prefix="zip-") as downloads:
        sets = [_opened(edgar, one, Path(downloads)) for one in wanted]
        (parts := folder / "parts").mkdir()
        cut = quarters.cut(store, sets, choice, parts)
        with Progress("reading", cut.filings, "filing", "filings") as progress:
            tally = quarters.take_parts(
                store, config, choice, cut, processes=processes, now=now, progress=lambda number: progress.step(number=number)
            )
    return {
        "kept": tally.kept,
        "known": tally.known,
        "newer": tally.newer,
        "before": tally.before,
        "unreadable": 0,
        "unserved": 0,
        "left_out": tally.left_out,
    }


def _opened(edgar: Edgar, wanted: str | Path, downloads: Path) -> Quarter:
    from watcher.core.dataset import TABLES  # noqa: PLC0415 -- imported only where it is used: `watcher --help` is quick
    from watcher.quarters import Quarter  # noqa: PLC0415 -- imported only where it is used: `watcher --help` is quick

    if isinstance(wanted, str):
        click.echo(f"{wanted}: asking the SEC for it", err=True)
        content = edgar.data_set(wanted)
        wanted = downloads / f"{wanted}.zip"
        wanted.write_bytes(content)
        click.echo(f"{wanted.stem}: {len(content) / 1e6:.1f} MB", err=True)
    try:
        found = Quarter(wanted)
    except UnreadableDocument as error:
        raise click.BadParameter(str(error), param_hint="--dataset") from error
    if lacking := sorted(TABLES - set(found)):
        click.echo(
            f"note: {wanted} is not whole: without {', '.join(lacking)} its filings are read without what stands there", err=True
        )
    return found


def _in_words(said: dict[str, object]) -> str:
    words = {
        "known": "already in the store",
        "newer": "newer than the watch: the daemon tells of those",
        "before": "filed before --since",
        "unreadable": "could not be read and are set aside (`watcher filings --state quarantined`)",
        "unserved": "not served by EDGAR; the same command asks again",
    }
    lines = [f"{counted(int(str(said['kept'])), 'filing')} read into the store; nobody is told of them"]
    lines += [f"  {int(str(said[name])):,} {text}" for name, text in words.items() if said[name]]
    left_out = said["left_out"]
    assert isinstance(left_out, list)  # noqa: S101 -- made above
    return "\n".join((*lines, *(f"  left out: {line}" for line in left_out)))
