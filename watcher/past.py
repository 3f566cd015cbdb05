"""One filing of the past into the store: compared and kept like any other, judged by no rule, told to nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from datetime import datetime

from watcher.comparison import explain_anew
from watcher.config import Config
from watcher.core.model import OwnershipDocument
from watcher.core.past import Filed
from watcher.core.reading import READER_VERSION
from watcher.judgement import concerns
from watcher.judgement import is_after
from watcher.judgement import take
from watcher.store import Store
from watcher.store import StoredWatch

BECAUSE = "history, read by `watcher backfill`"


@dataclass(frozen=True, slots=True)
class PastFiling:
    """A filing that was read; `original` are EDGAR's bytes, which a data set does not have.

    `filed_at` is the end of `filed_on` where the time of acceptance is not known.
    """

    accession_number: str
    path_cik: str
    filed_on: date
    filed_at: datetime
    document: OwnershipDocument
    original: bytes | None = None


def keep_past(
    store: Store, config: Config, watches: Sequence[StoredWatch], filings: Sequence[PastFiling], *, now: datetime
) -> list[str]:
    """Keep filings of the past in one transaction; says of each what became of it, see `_keep`."""
    with store.transaction():
        became = [_keep(store, config, watches, filing, now=now) for filing in filings]
        kept = [filing.accession_number for filing, word in zip(filings, became, strict=True) if word == "kept"]
        store.end_past(kept, BECAUSE)
    return became


def reopen(store: Store, accession_number: str, *, now: datetime) -> bool:
    """Take back what a data set said of a filing, so that its original can be taken. `False` where it was not read from one.

    Part of the caller's transaction. The filing is pending then, in the queue of the baseline.
    """
    if not store.reopen_past(accession_number, now=now):
        return False
    gapped = store.forget_positions(accession_number)
    store.forget_events(accession_number)
    explain_anew(store, gapped)
    return True


def _keep(store: Store, config: Config, watches: Sequence[StoredWatch], filing: PastFiling, *, now: datetime) -> str:
    """Keep a filing of the past: "kept", "known", or "newer". Idempotent.

    Nobody can be told of it: no watch is handed on to be judged. So one that was accepted since a watch of its parties began ("newer")
    is not kept: the daemon finds and judges it. An original takes the place of the rounded figures of a data set; else what is known
    stays.
    """
    number, document = filing.accession_number, filing.document
    if any(is_after(filing.filed_at, watch) for watch in watches if concerns(watch, document)):
        return "newer"
    found_by = "dataset" if filing.original is None else "backfill"
    is_new = store.begin_past(number, document.form_type, filing.path_cik, filed_on=filing.filed_on, found_by=found_by, now=now)
    if not is_new and (filing.original is None or not reopen(store, number, now=now)):
        return "known"
    take(store, config, (), document, Filed(number, filing.filed_at, now, filing.path_cik), now=now)
    if filing.original is not None:
        store.keep_original(number, filing.original, READER_VERSION)
    return "kept"
