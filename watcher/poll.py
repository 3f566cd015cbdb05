"""Ask EDGAR what is new, and remember the filings that concern a watch. Does not read filings and tells nobody.

page 0, page 1, ... until one is wholly known  ->  group entries by filing  ->  pending row for each that is watched
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta

from watcher.core.errors import EdgarError
from watcher.core.errors import FeedUnreadable
from watcher.core.errors import Unreachable
from watcher.core.feed import group
from watcher.core.listing import FeedEntry
from watcher.core.listing import FeedPage
from watcher.edgar import LAST_START
from watcher.edgar import PAGE
from watcher.edgar import Edgar
from watcher.store import Store

# The list of a CIK's submissions, from which a new watch's past is read, may lag by hours; the feed is read back that far.
LISTS_LAG = timedelta(hours=6)
# What was filed within this time stands in the feed, unless so much was filed that EDGAR does not show it all.
LISTED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll found: new accession numbers that concern a watch, and how many entries and pages it took.

    `gap` says that the list did not reach back to what was known, so something may have passed unseen in between.
    """

    new: tuple[str, ...]
    entries: int
    pages: int
    gap: bool


def poll(
    edgar: Edgar, store: Store, *, now: datetime, form_prefix: str = "4", goes_on: Callable[[], None] = lambda: None
) -> Polled:
    """Read the list of current filings whose type begins with `form_prefix` back to what is known.

    A page that is older than the last, no feed or empty means unreachable, never "nothing new". Entries count as seen only when the
    walk came to its end: a walk broken off is begun anew by the next poll. `goes_on` is called after each page.
    Raises `EdgarError` or `FeedUnreadable`; what was found until then is remembered.
    """
    walk = _Walk(edgar, store, form_prefix, floor=_floor(store))
    trouble: EdgarError | FeedUnreadable | None = None
    try:
        walk.go(now, goes_on)
    except (EdgarError, FeedUnreadable) as error:
        trouble = error
    # EDGAR answers 503 both past the end of its list and when it is down; after a sound page either may be meant.
    past_end = isinstance(trouble, Unreachable) and trouble.status == 503 and walk.pages > 0
    if trouble is not None and not past_end:
        store.remember(group(walk.entries), now=now, found_by="feed")
        raise trouble
    before = store.moment(f"good poll {form_prefix}")
    recent = before is not None and timedelta(0) <= now - before < LISTED
    gap = before is not None and not walk.reached_known and not (walk.whole and recent)
    newest = store.moment(f"newest {form_prefix}")
    seen = [] if trouble else [(entry.accession_number, entry.cik) for entry in walk.entries]
    with store.transaction():
        new = store.remember(group(walk.entries), now=now, found_by="feed", seen=seen)
        store.set_fact(f"good poll {form_prefix}", now)
        if walk.entries:
            store.set_fact(f"newest {form_prefix}", walk.entries[0].updated)
        if gap and before is not None:
            # One that is noted may be being closed at this moment. By EDGAR's clock where it is known: ours may have been wrong.
            name = "gap since" if store.moment("gap since") is None else "another gap since"
            if store.moment(name) is None:
                store.set_fact(name, min(before, newest or before))
    return Polled(tuple(new), len(walk.entries), walk.pages, gap)


def _floor(store: Store) -> datetime | None:
    """Filings accepted before this need not be looked for in the feed: they were there before anything was watched."""
    return min((watch.first_seen_at for watch in store.watches()), default=None)


class _Walk:
    """One walk through the list, page by page; keeps what it read also when it is broken off."""

    def __init__(self, edgar: Edgar, store: Store, form_prefix: str, *, floor: datetime | None) -> None:
        self._edgar = edgar
        self._store = store
        self._form_prefix = form_prefix
        self._floor = floor - LISTS_LAG if floor else None
        self.entries: list[FeedEntry] = []
        self.pages = 0
        self.reached_known = False
        self.whole = False  # read to its own end, not only as deep as EDGAR shows

    def go(self, now: datetime, goes_on: Callable[[], None]) -> None:
        start = 0
        while start <= LAST_START:
            page = self._edgar.current(self._form_prefix, start)
            goes_on()
            if start == 0:
                self._refuse_empty_or_stale(page, now)
            self.pages += 1
            self.entries += page.entries
            pairs = {(entry.accession_number, entry.cik) for entry in page.entries}
            known = self._store.known_entries(pairs)
            before_all = self._floor is not None and bool(pairs) and page.entries[-1].updated < self._floor
            self.reached_known |= bool(known) or before_all
            self.whole = len(page.entries) < PAGE
            if self.whole or known == pairs or before_all:
                return
            start += len(page.entries)

    def _refuse_empty_or_stale(self, page: FeedPage, now: datetime) -> None:
        known = self._store.moment(f"newest {self._form_prefix}")
        # Form 4s are filed every business day; a list of the rarer forms may be empty when the last has left it.
        if not page.entries and (self._form_prefix == "4" or (known is not None and now - known < LISTED)):
            raise FeedUnreadable("EDGAR's list of current filings is empty")
        # A time to come was a mistake, EDGAR's or of a clock: held against it every list would be an old one until then.
        is_past = known is not None and known <= now + LISTED
        if known is not None and is_past and page.entries and page.entries[0].updated < known:
            raise FeedUnreadable("EDGAR's list of current filings is older than the one before: an old copy was served")
