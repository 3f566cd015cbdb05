"""The years before a watch began, filing by filing from EDGAR: lists, fetches, keeps. Alerts nobody, whatever the rules say.

What is stored is not asked for again, so that a backfill that was interrupted goes on when it is begun anew: there is nothing to keep of
how far it came.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from datetime import datetime
from datetime import time

from watcher.config import Config
from watcher.core.errors import Blocked
from watcher.core.errors import NotYet
from watcher.core.errors import TooLarge
from watcher.core.errors import Unreachable
from watcher.core.errors import UnreadableDocument
from watcher.core.listing import FilingRef
from watcher.core.reading import READER_VERSION
from watcher.core.reading import document_of
from watcher.core.reading import read_submission
from watcher.core.submission import EASTERN
from watcher.core.submission import parse_header
from watcher.edgar import Edgar
from watcher.judgement import is_after
from watcher.past import PastFiling
from watcher.past import keep_past
from watcher.store import Store
from watcher.store import StoredWatch

# Seconds before the next try while EDGAR cannot be reached; after the last it is given up.
PAUSES = (2, 5, 10, 20, 40, 60, 120)


@dataclass(frozen=True, slots=True)
class Listed:
    """What EDGAR lists of a watch: the filings to read, oldest first, how many are here, and how many are the daemon's."""

    filings: tuple[FilingRef, ...]
    stored: int
    newer: int


def list_years(edgar: Edgar, store: Store, watch: StoredWatch, *, since: date) -> Listed:
    """What of a watch's filings since a day is not here, or only from a data set. Raises `EdgarError`, `FeedUnreadable`."""
    try:
        listed = edgar.submissions(watch.cik, since=since)
    except NotYet:
        return Listed((), 0, 0)  # it has filed nothing yet
    if watch.role == "issuer":
        store.keep_reports(watch.cik, listed.reports)
    began = watch.first_seen_at.astimezone(EASTERN).date()
    past = [ref for ref in listed.filings if ref.filed_on is not None and ref.filed_on < began]
    wanted = [
        ref for ref in past if not store.has_filing(ref.accession_number) or store.is_read_from_dataset(ref.accession_number)
    ]
    wanted.sort(key=lambda ref: (ref.filed_on or began, ref.accession_number))
    return Listed(tuple(wanted), len(past) - len(wanted), len(listed.filings) - len(past))


def read_years(
    edgar: Edgar,
    store: Store,
    config: Config,
    wanted: Iterable[FilingRef],
    *,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    say: Callable[[str], None],
) -> Iterator[str]:
    """Read filings one after the other; yields what became of each: as `past.keep_past` says, or "unreadable" or "unserved".

    Waits while EDGAR is away or has shut us out, and says so. Raises `Unreachable` where it stays away; what was read stays.
    """
    for ref in wanted:
        pauses = iter(PAUSES)
        while True:
            try:
                yield _read(edgar, store, config, ref, now=now())
                break
            except Blocked as error:
                say(f"{error}; waiting until then")
                sleep(max((error.until - now()).total_seconds(), 1))
            except Unreachable as error:
                pause = next(pauses, None)
                if pause is None:
                    raise
                say(f"{error}; trying again in {pause} s")
                sleep(max(pause, error.retry_after or 0))


def _read(edgar: Edgar, store: Store, config: Config, ref: FilingRef, *, now: datetime) -> str:
    number, filed_on = ref.accession_number, ref.filed_on or now.date()
    try:
        content = edgar.submission(ref.path_cik, number, background=True)
        reading = read_submission(content)
    except NotYet:
        return "unserved"
    except TooLarge as error:
        return _set_aside(store, ref, filed_on, str(error), None, now)
    except UnreadableDocument as error:
        return _set_aside(store, ref, filed_on, str(error), content, now)
    accepted_at = reading.header.accepted_at if reading.header else None
    filed_at = accepted_at or datetime.combine(filed_on, time.max, EASTERN)
    filing = PastFiling(number, ref.path_cik, filed_on, filed_at, document_of(reading, filed_at), content)
    (became,) = keep_past(store, config, store.watches(), [filing], now=now)
    return became


def _set_aside(store: Store, ref: FilingRef, filed_on: date, reason: str, content: bytes | None, now: datetime) -> str:
    """Keep what cannot be read for a later release to read; the figures of a data set are better than nothing, and stay.

    What a watch must be told of, by the parties that its header names, is left to the daemon like what can be read.
    """
    number, last = ref.accession_number, datetime.combine(filed_on, time.max, EASTERN)
    header = parse_header(content or b"")
    parties = {one.cik for one in (header.issuer, *header.reporting_owners) if one is not None}
    if any(is_after(last, watch) for watch in store.watches() if watch.cik in parties):
        return "newer"
    with store.transaction():
        if store.begin_past(number, ref.form_type, ref.path_cik, filed_on=filed_on, found_by="backfill", now=now):
            if content is not None:
                store.keep_original(number, content, READER_VERSION)
            store.quarantine(number, reason=reason, now=now)
    return "unreadable"
