"""A document as read, to all that rules judge and messages say about it. No judgement yet."""

from __future__ import annotations

from collections.abc import Sequence

from watcher.core.context import read_context
from watcher.core.events import read_events
from watcher.core.findings import Context
from watcher.core.findings import FilingFacts
from watcher.core.findings import HoldingChange
from watcher.core.message import sec_url
from watcher.core.model import Holding
from watcher.core.model import OwnershipDocument
from watcher.core.past import Beside
from watcher.core.past import Filed
from watcher.core.plan import read_plan
from watcher.core.plan_book import read_plan_book
from watcher.core.stake import read_stakes
from watcher.core.timing import read_timing


def facts_of(document: OwnershipDocument, beside: Beside, filed: Filed, *, baseline_done: bool) -> FilingFacts:
    """Events, plan and timing of a document that has been made safe (`core.reading.document_of`), with what the store shows beside it.

    Of the companions those are named that an event was counted together with.
    """
    plan = read_plan(document)
    events = read_events(document, beside.companions)
    past = beside.past
    return FilingFacts(
        accession_number=filed.accession_number,
        form_type=document.form_type,
        filed_at=filed.filed_at,
        first_seen_at=filed.first_seen_at,
        document=document,
        changes=beside.changes,
        events=events,
        plan=plan,
        timing=read_timing(document, plan, filed.filed_at),
        baseline_done=baseline_done,
        url=sec_url(filed.accession_number, document.issuer.cik or filed.path_cik),
        stakes=() if past is None else read_stakes(document, events, beside.changes, past.holdings),
        plan_book=None if past is None else read_plan_book(document, plan, events, past, filed.filed_at),
        context=Context() if past is None else read_context(document, events, plan, past, filed.filed_at),
        amends=beside.amends,
        companions=tuple(dict.fromkeys(number for event in events for number in event.filings)),
        same_as=beside.same_as,
        untouched=() if past is None else _untouched(beside.changes, past.holdings),
    )


def _untouched(changes: Sequence[HoldingChange], holdings: Sequence[Holding]) -> tuple[Holding, ...]:
    """Shares of these owners on lines that the filing does not show. Not options: what is left of old grants is often nothing."""
    shown = {change.key for change in changes}
    return tuple(one for one in holdings if one.key not in shown and one.key.table == "I" and one.shares)
