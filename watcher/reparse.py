"""Read a stored filing again after an upgrade: from the bytes that were kept, asking nobody. Alerts nobody, unless an alert was wrong.

original  ->  read  ->  compare with what was read  ->  { rows, positions, owed correction where an alert was wrong } in one commit
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime

from watcher.comparison import compare
from watcher.comparison import explain_anew
from watcher.comparison import keep
from watcher.core.correction import correction_message
from watcher.core.correction import document_changes
from watcher.core.correction import told_changes
from watcher.core.errors import UnreadableDocument
from watcher.core.facts import facts_of
from watcher.core.findings import FilingFacts
from watcher.core.message import Reasons
from watcher.core.message import alert_message
from watcher.core.past import Filed
from watcher.core.payload import alert_payload
from watcher.core.payload import event_id
from watcher.core.reading import READER_VERSION
from watcher.core.reading import document_of
from watcher.core.reading import read_submission
from watcher.core.telling import Alert
from watcher.core.telling import WatchedAs
from watcher.judgement import latest_told
from watcher.store import KeptAlert
from watcher.store import KeptReading
from watcher.store import Store


@dataclass(frozen=True, slots=True)
class Reparsed:
    """What reading a filing again brought: what is read otherwise now, and how many alerts are corrected.

    `released`: it was quarantined, can be read now, and waits to be ingested. `error`: it could be read and no longer can.
    """

    accession_number: str
    changes: tuple[str, ...] = ()
    corrections: int = 0
    released: bool = False
    error: str | None = None


def reparse(store: Store, kept: KeptReading, *, now: datetime) -> Reparsed:
    """Read one filing again. Idempotent: a second time nothing has changed. What can no longer be read stays as it was."""
    accession = kept.accession_number
    try:
        document = document_of(read_submission(kept.content), kept.filed_at)
    except UnreadableDocument as error:
        return Reparsed(accession, error=None if kept.document is None else str(error))
    if kept.document is None:
        with store.transaction():
            store.release(accession, now)
        return Reparsed(accession, released=True)
    changes = tuple(document_changes(kept.document, document))
    filed = Filed(accession, kept.filed_at, kept.first_seen_at, kept.path_cik)
    with store.transaction():
        gapped = store.forget_positions(accession)
        store.forget_events(accession)
        compared = compare(store, document, filed, live=True, complete_since=None)
        facts = facts_of(compared.document, compared.beside, filed, baseline_done=True)
        store.keep_original(accession, kept.content, READER_VERSION)
        store.keep_reading(replace(facts, document=document))
        keep(store, facts, compared, filed)
        explain_anew(store, gapped)
        told = latest_told(store, [accession, *(one.filing.accession_number for one in compared.others)])
        corrections = [one for alert in told.values() if (one := _correction(facts, alert)) is not None]
        for one in corrections:
            store.keep_alert(one, now)
    return Reparsed(accession, changes, corrections=len(corrections))


def _correction(facts: FilingFacts, told: KeptAlert) -> Alert | None:
    """What is owed to whoever was told otherwise; `None` where what was told still stands. Holdings are not judged again."""
    ticker = told.payload.get("issuer", {}).get("ticker")
    reasons = Reasons(WatchedAs(told.watch_key, ticker or told.watch_key, ticker), told.rules)
    later = alert_message(facts, reasons)
    body = json.loads(alert_payload(facts, reasons, "", later))
    changes = told_changes(told.payload, body)
    if not changes:
        return None
    identity = event_id(facts.accession_number, told.watch_key, f"correction|{json.dumps(changes)}")
    message = correction_message(told.message, later, changes)
    return Alert(
        event_id=identity,
        accession_number=facts.accession_number,
        watch_key=told.watch_key,
        rules=told.rules,
        message=message,
        payload=alert_payload(facts, reasons, identity, message, corrects=told.event_id),
        destinations=told.told,
    )
