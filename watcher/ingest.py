"""One filing: fetch, read, compare with what we hold, judge, and commit all of it in one transaction. Sends nothing.

fetch  ->  read  ->  `judgement.take`  ->  { original, filing, rows, positions, verdicts, alerts, owed } in one commit
"""

from __future__ import annotations

import re
from collections.abc import Sequence
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
from watcher.core.silence import Silence
from watcher.core.silence import Subject
from watcher.core.silence import silencing
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

# Seconds before the next try, by the number of tries of that kind so far; the last value repeats.
UNSERVED = (2, 5, 10, 20, 40, 60, 120, 300)
UNREACHABLE = (5, 10, 20, 40, 60, 120, 300)
# A filing that EDGAR lists and does not serve, or serves without its end, for a day of answers is reported as unreadable, with its link.
# Answers are counted and not hours: while EDGAR is down, or we are, it cannot serve anything.
GIVE_UP = timedelta(hours=24)
GIVE_UP_AFTER = len(UNSERVED) + (int(GIVE_UP.total_seconds()) - sum(UNSERVED)) // UNSERVED[-1]
# How a complete submission ends, in its dialects; what lacks it was cut short, which not every connection tells.
_CUT_SHORT = "cut short"
_END = re.compile(rb"</(?:SEC-DOCUMENT|IMS-DOCUMENT|SUBMISSION)>")
_MEANWHILE = timedelta(seconds=2)
_CHANGING = "the configuration is being changed"


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
        if pending.unserved < GIVE_UP_AFTER:
            return _wait_for_it(store, pending, pending.unserved, str(error), now)
        return _quarantine(store, config, pending, f"EDGAR lists this filing and has not served it for {GIVE_UP}", now)
    except Blocked as error:
        return _postpone(store, pending, max(error.until - now, timedelta(0)), str(error), now)
    except Unreachable as error:
        tries = pending.tries - pending.unserved
        delay = max(_step(UNREACHABLE, tries), timedelta(seconds=error.retry_after or 0))
        return _postpone(store, pending, delay, str(error), now)
    except TooLarge as error:
        return _quarantine(store, config, pending, str(error), now)
    try:
        return _commit(store, config, pending, read_submission(content), content, now)
    except UnreadableDocument as error:
        if _END.search(content[-200:]) is None and pending.unserved < GIVE_UP_AFTER:
            before = pending.unserved if pending.reason.startswith(_CUT_SHORT) else 0  # else it has only just come
            return _wait_for_it(store, pending, before, f"{_CUT_SHORT}: {error}", now)
        return _quarantine(store, config, pending, str(error), now, content=content)
    except WatcherError:
        raise
    except Exception as error:
        _quarantine(store, config, pending, f"a mistake in the watcher itself ({type(error).__name__})", now, content=content)
        raise


def _step(steps: tuple[int, ...], tries: int) -> timedelta:
    return timedelta(seconds=steps[min(tries, len(steps) - 1)])


def _wait_for_it(store: Store, pending: PendingFiling, before: int, reason: str, now: datetime) -> Ingested:
    """EDGAR answered, and the document is not there yet, or not all of it; `before`: how often before this."""
    return _postpone(store, pending, _step(UNSERVED, before), reason, now, unserved=True)


def _postpone(
    store: Store, pending: PendingFiling, delay: timedelta, reason: str, now: datetime, *, unserved: bool = False
) -> Ingested:
    store.postpone(pending.accession_number, next_at=now + delay, reason=reason, unserved=unserved)
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
        watches = _watches(store, reading, document.issuer.cik or "")
        if _is_being_changed(config, watches):
            return _postpone(store, pending, _MEANWHILE, _CHANGING, now)
        taken = take(store, config, watches, document, filed, now=now)
        store.keep_original(accession, content, READER_VERSION)
    return Ingested(accession, "ingested", tuple(alert.event_id for alert in taken.alerts))


def _is_being_changed(config: Config, watches: Sequence[StoredWatch]) -> bool:
    """Whether the store's watches are of another configuration, so that a rule of theirs is not known and would be silent."""
    return any(name not in config.rules for watch in watches for name in watch.rules)


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
        watches = store.watches_of(accession)
        if _is_being_changed(config, watches):
            return _postpone(store, pending, _MEANWHILE, _CHANGING, now)
        silences = store.silences_in_force(now)
        alerts = [
            _quarantine_alert(pending, watch, config, clean(reason, 300), silences)
            for watch in watches
            if is_after(accepted_at, watch)
        ]
        if content is not None:
            store.keep_original(accession, content, READER_VERSION)
        store.quarantine(accession, reason=reason, now=now)
        for alert in alerts:
            store.keep_alert(alert, now)
    return Ingested(accession, "quarantined", tuple(alert.event_id for alert in alerts))


def _quarantine_alert(
    pending: PendingFiling, watch: StoredWatch, config: Config, reason: str, silences: Sequence[Silence]
) -> Alert:
    accession = pending.accession_number
    shown = WatchedAs(watch.key, watch.shown, watch.ticker)
    url = sec_url(accession, pending.path_cik)
    names = clean(pending.names, 200)
    message: Message = quarantine_message(accession, pending.form_type, names, reason, url, shown)
    identity = event_id(accession, watch.key, "quarantined")
    told = dict.fromkeys(destination for name in watch.rules for destination in config.rules[name].notify)
    subject = Subject(watch.cik if watch.role == "issuer" else None)
    silenced = {
        name: silencing(silences, subject, (), name, is_machine=config.destinations[name].kind == "webhook") for name in told
    }
    return Alert(
        event_id=identity,
        accession_number=accession,
        watch_key=watch.key,
        rules=watch.rules,
        message=message,
        payload=quarantine_payload(pending.form_type, accession, shown, identity, message, reason, url, pending.first_seen_at),
        destinations=tuple(told),
        silenced=tuple((name, silence) for name, silence in silenced.items() if silence is not None),
    )
