"""A document as read, to all that rules judge and messages say about it. No judgement yet."""

from __future__ import annotations

from datetime import datetime

from watcher.core.events import read_events
from watcher.core.message import sec_url
from watcher.core.model import FilingFacts
from watcher.core.model import HoldingChange
from watcher.core.model import OwnershipDocument
from watcher.core.plan import read_plan
from watcher.core.timing import read_timing


def facts_of(
    document: OwnershipDocument,
    changes: tuple[HoldingChange, ...],
    *,
    accession_number: str,
    filed_at: datetime,
    first_seen_at: datetime,
    baseline_done: bool,
    path_cik: str,
) -> FilingFacts:
    """Events, plan and timing of a document that has been made safe (`core.reading.document_of`)."""
    plan = read_plan(document)
    return FilingFacts(
        accession_number=accession_number,
        form_type=document.form_type,
        filed_at=filed_at,
        first_seen_at=first_seen_at,
        document=document,
        changes=changes,
        events=read_events(document),
        plan=plan,
        timing=read_timing(document, plan, filed_at),
        baseline_done=baseline_done,
        url=sec_url(accession_number, document.issuer.cik or path_cik),
    )
