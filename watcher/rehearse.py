"""What the rules of today's configuration would have sent: stored filings taken anew, into a store that is thrown away. Sends nothing.

read from the store  ->  compare, judge (in a scratch store, in the order of filing)  ->  sum up
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC
from datetime import date
from datetime import datetime
from datetime import time
from datetime import timedelta
from pathlib import Path

from watcher.config import Config
from watcher.core.listing import FilingRef
from watcher.core.listing import Party
from watcher.core.model import OwnershipDocument
from watcher.core.past import Filed
from watcher.core.rehearsal import Rehearsal
from watcher.core.rehearsal import Replayed
from watcher.core.rehearsal import summed
from watcher.core.submission import EASTERN
from watcher.judgement import take
from watcher.store import ReadFiling
from watcher.store import Store
from watcher.store import StoredWatch

_BEGINNING = datetime(1934, 6, 6, tzinfo=UTC)  # watched before there was anything to file


def rehearse(store: Store, config: Config, *, since: date, until: date) -> Rehearsal:
    """Replay what the store has read, as if the configured watches and rules had always been in force.

    Earlier filings are taken too, for what the later ones are compared with. The store is only read. See `unresolved` for the
    watches that cannot be rehearsed.
    """
    with tempfile.TemporaryDirectory(prefix="watcher-rehearsal-") as folder:
        scratch = Store(Path(folder) / "scratch.db")
        try:
            # one transaction: what is thrown away need not be safe in between
            with scratch.transaction():
                return summed(_replayed(store, scratch, config, until), config.rules, since, until)
        finally:
            scratch.close()


def unresolved(store: Store, config: Config) -> list[str]:
    """Tickers of the configuration whose CIK the store does not know yet: a running watcher looks them up."""
    return [watch.ticker for watch in config.watches if watch.ticker is not None and store.ticker(watch.ticker) is None]


def _replayed(store: Store, scratch: Store, config: Config, until: date) -> Iterator[Replayed]:
    scratch.set_watches(_watches(store, config), _BEGINNING)
    watches = scratch.watches()
    for watch in watches:
        scratch.set_baseline(watch.key, "done")
    watches = scratch.watches()
    for kept in store.read_filings(since=_BEGINNING, until=datetime.combine(until + timedelta(days=1), time.min, EASTERN)):
        document = kept.document
        concerned = [watch for watch in watches if watch.cik in _parties(document, watch.role)]
        if concerned:
            scratch.remember([_ref(kept)], now=kept.first_seen_at, found_by="rehearsal")
            filed = Filed(kept.accession_number, kept.filed_at, kept.first_seen_at, kept.path_cik)
            taken = take(scratch, config, concerned, document, filed, now=kept.first_seen_at)
            alerted = dict.fromkeys(rule for alert in taken.alerts for rule in alert.rules)
            judged = {verdict.rule: verdict for verdicts in taken.verdicts.values() for verdict in verdicts}
            yield Replayed(taken.facts, tuple(alerted), tuple(judged.values()))


def _watches(store: Store, config: Config) -> list[StoredWatch]:
    """One watch per role and CIK, with the rules of all that name it."""
    found: dict[str, StoredWatch] = {}
    for watch in config.watches:
        entry = store.ticker(watch.ticker) if watch.ticker else None
        cik = entry.cik if entry else watch.cik or watch.owner_cik
        if cik is not None:
            role = "owner" if watch.owner_cik else "issuer"
            known = found.get(f"{role}:{cik}")
            rules = dict.fromkeys((*(known.rules if known else ()), *watch.rules))
            ticker = watch.ticker or (known.ticker if known else None)
            found[f"{role}:{cik}"] = StoredWatch(f"{role}:{cik}", role, cik, ticker, None, tuple(rules), _BEGINNING, "owed")
    return list(found.values())


def _parties(document: OwnershipDocument, role: str) -> set[str | None]:
    return {document.issuer.cik} if role == "issuer" else {owner.cik for owner in document.reporting_owners}


def _ref(kept: ReadFiling) -> FilingRef:
    document = kept.document
    named = [("issuer", document.issuer.cik, document.issuer.name)]
    named += [("owner", owner.cik, owner.name) for owner in document.reporting_owners]
    parties = tuple(Party(cik, role, name or "") for role, cik, name in named if cik)
    return FilingRef(kept.accession_number, document.form_type, parties, kept.path_cik, kept.filed_at)
