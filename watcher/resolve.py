"""The watches of the configuration to watches by CIK. A ticker is looked up in the SEC's file once and then kept.

That it is another CIK's since, as after a merger, is noted for the vigil and changes no watch: a ticker may also go to a stranger.
"""

from __future__ import annotations

import difflib
from datetime import datetime
from datetime import timedelta

from watcher.config import Config
from watcher.config import Watch
from watcher.core.errors import ConfigError
from watcher.core.errors import EdgarError
from watcher.core.errors import FeedUnreadable
from watcher.core.errors import Problem
from watcher.core.index import TickerEntry
from watcher.edgar import Edgar
from watcher.status import MOVED
from watcher.status import UNRESOLVED
from watcher.store import Store
from watcher.store import StoredWatch

ASKED = "tickers asked"  # the fact that holds when the SEC's file was last had
ASKED_EACH = timedelta(days=1)


def resolve(edgar: Edgar, store: Store, config: Config, *, now: datetime) -> None:
    """Make the store's watches those of the configuration.

    Asks EDGAR only for tickers never looked up before. Raises `ConfigError` naming every ticker that the SEC's file does not list, and
    `EdgarError` or `FeedUnreadable` when the file cannot be had; then the store's watches stay as they are, which the vigil finds noted.
    """
    wanted = {watch.ticker for watch in config.watches if watch.ticker is not None}
    entries = {ticker: entry for ticker in wanted if (entry := store.ticker(ticker)) is not None}
    if wanted - entries.keys():
        try:
            listed = edgar.tickers()
        except (EdgarError, FeedUnreadable):
            store.set_fact(UNRESOLVED, ", ".join(sorted(wanted - entries.keys())))
            raise
        store.set_fact(ASKED, now)
        unknown = [
            watch for watch in config.watches if watch.ticker and watch.ticker not in entries and watch.ticker not in listed
        ]
        if unknown:
            raise ConfigError([_unknown(watch, listed) for watch in unknown])
        found = {ticker: listed[ticker] for ticker in wanted - entries.keys()}
        store.keep_tickers(found.values(), now)
        entries |= found
    store.set_watches(_merged(config, entries, now), now)
    store.set_fact(UNRESOLVED, None)
    if store.fact(MOVED) is not None:  # perhaps it is seen to
        store.set_fact(ASKED, None)


def note_moved(edgar: Edgar, store: Store, *, now: datetime) -> None:
    """Note, once a day, which watched tickers the SEC's file gives to a CIK that nobody watches. Raises `EdgarError`, `FeedUnreadable`.

    One that the file no longer lists is not noted: it misses names, and lags.
    """
    issuers = [watch for watch in store.watches() if watch.role == "issuer"]
    asked = store.moment(ASKED)
    if not any(watch.ticker for watch in issuers) or (asked is not None and timedelta(0) <= now - asked < ASKED_EACH):
        return
    listed = edgar.tickers(background=True)
    ciks = {watch.cik for watch in issuers}
    moved = (
        f"{entry.ticker} is CIK {entry.cik} ({entry.name}) now and watched as CIK {watch.cik}"
        for watch in issuers
        if (entry := listed.get(watch.ticker or "")) is not None and entry.cik not in ciks
    )
    store.set_fact(MOVED, "; ".join(moved) or None)
    store.set_fact(ASKED, now)


def _unknown(watch: Watch, listed: dict[str, TickerEntry]) -> Problem:
    near = difflib.get_close_matches(watch.ticker or "", listed, n=3, cutoff=0.6)
    hint = (
        f"did you mean {' or '.join(f'{one} ({listed[one].name})' for one in near)}?" if near else "use the issuer's CIK instead"
    )
    return Problem(watch.file, watch.line, f"the SEC's ticker file does not list {watch.ticker}: {hint}")


def _merged(config: Config, entries: dict[str, TickerEntry], now: datetime) -> list[StoredWatch]:
    """One watch per role and CIK: an issuer named twice, by ticker and by CIK, is watched once, by the rules of both."""
    merged: dict[str, StoredWatch] = {}
    for watch in config.watches:
        role = "owner" if watch.owner_cik else "issuer"
        entry = entries.get(watch.ticker or "")
        cik = entry.cik if entry else watch.cik or watch.owner_cik or ""
        key = f"{role}:{cik}"
        known = merged.get(key)
        merged[key] = StoredWatch(
            key=key,
            role=role,
            cik=cik,
            ticker=watch.ticker or (known.ticker if known else None),
            name=entry.name if entry else (known.name if known else None),
            rules=tuple(dict.fromkeys((*(known.rules if known else ()), *watch.rules))),
            first_seen_at=now,
            baseline="owed",
        )
    return list(merged.values())
