"""One filing: fetch, read, compare with what we hold, judge, and commit all of it in one transaction. Sends nothing.

fetch  ->  read  ->  `judgement.take`  ->  { original, filing, rows, positions, verdicts, alerts, owed } in one commit
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from datetime import time
from datetime import timedelta

from watcher.config import Config
from watcher.core.errors import Blocked
from watcher.core.errors import NotYet
from watcher.core.errors import TooLarge
from watcher.core.errors import Unreachable
from watcher.core.errors import UnreadableDocument
from watcher.core.errors import WatcherError
from watcher.core.message import quarantine_message
from watcher.core.message import sec_url
from watcher.core.past import Filed
from watcher.core.payload import event_id
from watcher.core.payload import quarantine_payload
from watcher.core.reading import READER_VERSION
from watcher.core.reading import Reading
from watcher.core.reading import document_of
from watcher.core.reading import read_submission
from watcher.core.submission import EASTERN
from watcher.core.telling import Alert
from watcher.core.telling import Message
from watcher.core.telling import WatchedAs
from watcher.core.text import clean
from watcher.edgar import Edgar
from watcher.judgement import is_after
from watcher.judgement import take
from watcher.store import PendingFiling
from watcher.store import Store
from watcher.store import StoredWatch

# Seconds before the next try, by the number of tries so far; the last value repeats.
NOT_YET = (2, 5, 10, 20, 40, 60, 120, 300)
UNREACHABLE = (5, 10, 20, 40, 60, 120, 300)
CUT_SHORT = (5, 10, 20, 40)
_CUT_SHORT = "cut short"
# A filing that EDGAR lists and does not serve within this time is reported as unreadable, with its link.
GIVE_UP = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one pending filing: "ingested", "quarantined" or "postponed", and the alerts it made."""

    accession_number: str
    state: str
    alerts: tuple[str, ...] = ()


def ingest(edgar: Edgar, store: Store, config: Config, pending: PendingFiling, *, now: datetime) -> Ingested:
    """Take one pending filing to its end, or postpone it with the reason. Nothing is half done: a crash leaves it pending.

    Does not raise for what EDGAR or the filing does; `StoreError` passes through. A mistake of our own on this one filing sets it aside,
    alerted with its link, and is then raised: seen by somebody, and not met again at every start.
    """
    try:
        content = edgar.submission(pending.path_cik, pending.accession_number, background=pending.queue == "baseline")
    except NotYet as error:
        if now - pending.first_seen_at > GIVE_UP:
            return _quarantine(store, config, pending, f"EDGAR lists this filing and has not served it for {GIVE_UP}", now)
        return _postpone(store, pending, _delay(NOT_YET, pending), str(error), now)
    except Blocked as error:
        return _postpone(store, pending, max(error.until - now, timedelta(0)), str(error), now)
    except Unreachable as error:
        delay = max(_delay(UNREACHABLE, pending), timedelta(seconds=error.retry_after or 0))
        return _postpone(store, pending, delay, str(error), now)
    except TooLarge as error:
        return _quarantine(store, config, pending, str(error), now)
    try:
        return _commit(store, config, pending, read_submission(content), content, now)
    except UnreadableDocument as error:
        again = pending.tries < len(CUT_SHORT) or not pending.reason.startswith(_CUT_SHORT)
        if b"</SEC-DOCUMENT>" not in content[-200:] and again:
            return _postpone(store, pending, _delay(CUT_SHORT, pending), f"{_CUT_SHORT}: {error}", now)
        return _quarantine(store, config, pending, str(error), now, content=content)
    except WatcherError:
        raise
    except Exception as error:
        _quarantine(store, config, pending, f"a mistake in the watcher itself ({type(error).__name__})", now, content=content)
        raise


def _delay(steps: tuple[int, ...], pending: PendingFiling) -> timedelta:
    return timedelta(seconds=steps[min(pending.tries, len(steps) - 1)])


def _postpone(store: Store, pending: PendingFiling, delay: timedelta, reason: str, now: datetime) -> Ingested:
    store.postpone(pending.accession_number, next_at=now + delay, reason=reason)
    return Ingested(pending.accession_number, "postponed")


def _commit(store: Store, config: Config, pending: PendingFiling, reading: Reading, content: bytes, now: datetime) -> Ingested:
    accession = pending.accession_number
    header = reading.header
    filed_at = (header.accepted_at if header else None) or pending.listed_at or _latest_acceptance(pending)
    document = document_of(reading, filed_at)
    filed = Filed(accession, filed_at, pending.first_seen_at, pending.path_cik)
    with store.transaction():
        if not store.is_pending(accession):
            return Ingested(accession, "ingested")  # by the other queue, meanwhile
        taken = take(store, config, _watches(store, reading, document.issuer.cik or ""), document, filed, now=now)
        store.keep_original(accession, content, READER_VERSION)
    return Ingested(accession, "ingested", tuple(alert.event_id for alert in taken.alerts))


def _latest_acceptance(pending: PendingFiling) -> datetime:
    """Where neither header nor feed states the time: the end of the official filing date, but not after we saw it."""
    if pending.filed_on is None:
        return pending.first_seen_at
    return min(pending.first_seen_at, datetime.combine(pending.filed_on, time.max, EASTERN))


def _watches(store: Store, reading: Reading, issuer_cik: str) -> list[StoredWatch]:
    """The watches a filing concerns, by what EDGAR's header and the document say of each party's role."""
    header = reading.header
    issuers = {issuer_cik, header.issuer.cik if header and header.issuer else None}
    owners = {owner.cik for owner in reading.document.reporting_owners}
    owners |= {owner.cik for owner in header.reporting_owners} if header else set()
    return [watch for watch in store.watches() if watch.cik in (issuers if watch.role == "issuer" else owners)]


def _quarantine(
    store: Store,
    config: Config,
    pending: PendingFiling,
    reason: str,
    now: datetime,
    content: bytes | None = None,
) -> Ingested:
    """Set an unreadable filing aside, and owe everybody concerned a message with its link."""
    accession = pending.accession_number
    accepted_at = pending.listed_at or _latest_acceptance(pending)
    with store.transaction():
        if not store.is_pending(accession):
            return Ingested(accession, "quarantined")  # by the other queue, meanwhile
        alerts = [
            _quarantine_alert(pending, watch, config, clean(reason, 300))
            for watch in store.watches_of(accession)
            if is_after(accepted_at, watch)
        ]
        if content is not None:
            store.keep_original(accession, content, READER_VERSION)
        store.quarantine(accession, reason=reason, now=now)
        for alert in alerts:
            store.keep_alert(alert, now)
    return Ingested(accession, "quarantined", tuple(alert.event_id for alert in alerts))


def _quarantine_alert(pending: PendingFiling, watch: StoredWatch, config: Config, reason: str) -> Alert:
    accession = pending.accession_number
    shown = WatchedAs(watch.key, watch.shown, watch.ticker)
    url = sec_url(accession, pending.path_cik)
    names = clean(pending.names, 200)
    message: Message = quarantine_message(accession, pending.form_type, names, reason, url, shown)
    identity = event_id(accession, watch.key, "quarantined")
    known = [name for name in watch.rules if name in config.rules]
    return Alert(
        event_id=identity,
        accession_number=accession,
        watch_key=watch.key,
        rules=tuple(known),
        message=message,
        payload=quarantine_payload(pending.form_type, accession, shown, identity, message, reason, url, pending.first_seen_at),
        destinations=tuple(dict.fromkeys(destination for name in known for destination in config.rules[name].notify)),
    )
