"""The past of a watch: its recent filings when it is new, and what was missed in a gap. Lists them; `ingest` reads them.

What was accepted before the watch was first seen is read into holdings and alerts nobody: ingest decides that by the time of acceptance.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from datetime import datetime
from datetime import timedelta

from watcher.core.errors import FeedUnreadable
from watcher.core.errors import NotYet
from watcher.core.index import SubmissionsList
from watcher.core.submission import EASTERN
from watcher.edgar import Edgar
from watcher.past import reopen
from watcher.store import Store
from watcher.store import StoredWatch

# Filing dates are days in Eastern time, and a list may carry a later date than the acceptance.
MARGIN = timedelta(days=3)
REPORTS_KEPT = timedelta(days=7)
AT_A_TIME = 5


def list_missing(edgar: Edgar, store: Store, *, now: Callable[[], datetime], span: timedelta) -> Iterator[tuple[str, int]]:
    """List what was filed in a gap, then the past of the watches that are new; yields after each list what it was, and how many were new.

    Raises like `close_gap`: a list that cannot be read does not keep the others from being read.
    """
    unreadable: FeedUnreadable | None = None
    try:
        yield from (("gap", len(found)) for found in close_gap(edgar, store, now=now()))
    except FeedUnreadable as error:
        unreadable = error
    for watch in store.watches():
        if watch.baseline != "owed":
            continue
        try:
            yield f"baseline of {watch.shown}", list_past(edgar, store, watch, now=now(), span=span)
        except FeedUnreadable as error:
            unreadable = error
    if unreadable is not None:
        raise unreadable


def list_past(edgar: Edgar, store: Store, watch: StoredWatch, *, now: datetime, span: timedelta) -> int:
    """Owe the reading of a new watch's filings of the last `span`; returns how many were new. Idempotent."""
    since = (watch.first_seen_at - span).astimezone(EASTERN).date()
    try:
        listed = edgar.submissions(watch.cik, since=since)
    except NotYet:
        # A CIK that has filed nothing yet has no list.
        store.set_baseline(watch.key, "done")
        return 0
    with store.transaction():
        new = store.remember(listed.filings, now=now, found_by="submissions", queue="baseline")
        for ref in listed.filings:  # of what a data set told, the original is read now
            reopen(store, ref.accession_number, now=now)
        store.set_baseline(watch.key, "reading", listed.name or None)
        _keep_reports(store, watch, listed, now)
    return len(new)


def refresh_reports(edgar: Edgar, store: Store, *, now: datetime) -> None:
    """Ask anew for the quarterly and annual reports of issuers, each once a week, a few at a time. Raises `EdgarError`."""
    known = [watch for watch in store.watches() if watch.role == "issuer" and watch.baseline != "owed"]
    due = [watch for watch in known if (asked := _asked(store, watch)) is None or now - asked > REPORTS_KEPT]
    for watch in due[:AT_A_TIME]:
        try:
            listed = edgar.submissions(watch.cik, since=now.astimezone(EASTERN).date())
        except NotYet:
            continue
        with store.transaction():
            _keep_reports(store, watch, listed, now)


def _asked(store: Store, watch: StoredWatch) -> datetime | None:
    return store.moment(f"reports asked {watch.cik}")


def _keep_reports(store: Store, watch: StoredWatch, listed: SubmissionsList, now: datetime) -> None:
    if watch.role == "issuer":
        store.keep_reports(watch.cik, listed.reports)
        store.set_fact(f"reports asked {watch.cik}", now)


def finish_baselines(store: Store) -> None:
    """A baseline is done when none of the filings it listed waits any more."""
    for watch in store.watches():
        if watch.baseline == "reading" and not store.pending_baseline(watch.cik):
            store.set_baseline(watch.key, "done")


def close_gap(edgar: Edgar, store: Store, *, now: datetime) -> Iterator[list[str]]:
    """If the feed did not reach back to what was known, list what each watched CIK filed since, whatever the length.

    Yields the new accession numbers of one watch after the other. The gap stays noted until all were read. Raises `EdgarError` at
    once; a list that cannot be read (`FeedUnreadable`) is raised at the end, so that it does not keep the others from being read.
    """
    since = store.moment("gap since")
    if since is None:
        return
    store.set_fact("another gap since", None)  # the lists are asked for from here on
    unreadable: FeedUnreadable | None = None
    for watch in store.watches():
        begin = max(since, watch.first_seen_at) - MARGIN
        try:
            listed = edgar.submissions(watch.cik, since=begin.astimezone(EASTERN).date())
        except NotYet:
            continue
        except FeedUnreadable as error:
            unreadable = error
            continue
        yield store.remember(listed.filings, now=now, found_by="submissions")
    if unreadable is not None:
        raise unreadable
    with store.transaction():
        store.set_fact("gap since", store.moment("another gap since"))
        store.set_fact("another gap since", None)
