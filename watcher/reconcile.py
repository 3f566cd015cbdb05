"""Prove that nothing was missed: EDGAR's daily index held against the store. Lists and counts; `ingest` reads what was missing.

index of the day  ->  filings that name a watched CIK  ->  pending row for each that is not there  ->  proof, kept
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterator
from datetime import date
from datetime import datetime
from datetime import timedelta

from watcher.core.completeness import Completeness
from watcher.core.completeness import completeness
from watcher.core.completeness import concerning
from watcher.core.completeness import days_due
from watcher.core.completeness import rebuilt_at
from watcher.core.errors import FeedUnreadable
from watcher.core.errors import NotYet
from watcher.core.submission import EASTERN
from watcher.edgar import Edgar
from watcher.store import Store

# A business day without an index is believed to have none only when that was said for so long: an archive in trouble says it too.
PATIENCE = timedelta(days=7)
# A filing that was given up because EDGAR did not serve it is tried once more, but not in the same night again.
REST = timedelta(hours=20)


def reconcile(edgar: Edgar, store: Store, day: date, *, now: datetime, rest: timedelta = timedelta(0)) -> tuple[str, ...]:
    """The accession numbers that EDGAR's index of a day lists for the watches; those that are missing are remembered.

    Those of which EDGAR never served the text are tried once more, unless they were given up less than `rest` ago.
    Raises `NotYet` where there is no index (weekend, holiday, too early), `EdgarError`, `FeedUnreadable`.
    """
    listed = concerning(edgar.daily_index(day), {watch.cik for watch in store.watches()})
    store.remember(listed, now=now, found_by="index")
    store.retry_unserved([ref.accession_number for ref in listed], now, given_up_before=now - rest)
    return tuple(ref.accession_number for ref in listed)


def compare(store: Store, day: date, listed: Collection[str]) -> Completeness:
    """How the filings that the index of a day lists stand in the store now. Keeps nothing."""
    return completeness(day, len(store.watches()), listed, store.standings(listed))


def reconcile_due(edgar: Edgar, store: Store, *, now: datetime) -> Iterator[Completeness]:
    """Hold every finished day since the first watch that is due against EDGAR's index; yields and keeps how each stands.

    A day of which something is missing stays due. One without an index is asked for until EDGAR has built its indexes anew.
    Raises `EdgarError` at once; an index that cannot be read (`FeedUnreadable`) is raised at the end, so that the others are read.
    """
    watches = store.watches()
    if not watches:
        return
    since = min(watch.first_seen_at for watch in watches).astimezone(EASTERN).date()
    unreadable: FeedUnreadable | None = None
    for day in days_due(now, store.proven(), since):
        try:
            proof = compare(store, day, reconcile(edgar, store, day, now=now, rest=REST))
        except NotYet:
            if now < rebuilt_at(day) + PATIENCE:
                continue
            proof = Completeness(day, len(watches), indexed=False)
        except FeedUnreadable as error:
            unreadable = error
            continue
        store.keep_proof(proof, now)
        yield proof
    if unreadable is not None:
        raise unreadable
