"""Alerts drawn at random, each beside the filing it speaks of, for a person to hold against each other.

    python -m tests.experiments.alerts_read [--count 30] [--seed 1] [--corpus PATH] > read.txt

Drawn are real filings with a sale or an exercise. All filings go into a store in the order of filing first, as the daemon would take
them, so that what a message says of the past rests on what the corpus holds. Bare XML does not say when it was filed: then it is taken to
be the evening of the day it was signed, and what is said of lateness is of that. Nothing is sent.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

from bench.growth import BEGINNING
from bench.growth import open_store
from bench.ledger import Entry
from bench.ledger import corpus_entries
from tests.conftest import CORPUS
from watcher.core.listing import FilingRef
from watcher.core.listing import Party
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row
from watcher.core.past import Filed
from watcher.core.telling import Alert
from watcher.judgement import take
from watcher.store import StoredWatch

_CELLS = (  # how a cell is named in the listing; what every row has comes without a name
    ("on", "transaction_date"),
    ("deemed", "deemed_execution_date"),
    ("", "transaction_code"),
    ("form", "transaction_form_type"),
    ("timeliness", "transaction_timeliness"),
    ("swap", "equity_swap_involved"),
    ("", "acquired_disposed"),
    ("shares", "shares"),
    ("value", "total_value"),
    ("price", "price_per_share"),
    ("after", "shares_owned_following"),
    ("value after", "value_owned_following"),
    ("strike", "conversion_or_exercise_price"),
    ("from", "exercise_date"),
    ("expires", "expiration_date"),
    ("of", "underlying_security_title"),
    ("number", "underlying_security_shares"),
    ("", "direct_or_indirect"),
    ("nature", "nature_of_ownership"),
)


def listed(row: Row) -> str:
    """One row on one line, with the footnotes at their cells."""
    cells = [row.security_title or "?"]
    for name, field in _CELLS:
        value, notes = getattr(row, field), row.footnotes.get(field, ())
        if (value is not None and value is not False) or notes:
            cells.append(f"{name} {'' if value is None else value}{''.join(f'[{note}]' for note in notes)}".strip())
    elsewhere = [f"{field}[{note}]" for field, notes in row.footnotes.items() if field == "security_title" for note in notes]
    return " · ".join((*cells, *elsewhere))


def as_filed(entry: Entry) -> Iterator[str]:
    """The filing, compactly."""
    document = entry.document
    issuer = document.issuer
    yield f"{entry.accession} · form {document.form_type} · period {document.period_of_report} · filed {entry.filed_at:%Y-%m-%d %H:%M}"
    yield f"issuer {issuer.name} ({issuer.trading_symbol}) {issuer.cik} · box {document.aff10b5_one}"
    for owner in document.reporting_owners:
        roles = [name for name in ("director", "officer", "ten_percent_owner", "other") if getattr(owner, f"is_{name}")]
        yield f"owner {owner.name} {owner.cik} · {', '.join(roles)} · {owner.officer_title or owner.other_text or ''}"
    for name, table in (("I", document.non_derivative_table), ("II", document.derivative_table)):
        yield from (f"{name:>2} {number:>2}  {listed(row)}" for number, row in enumerate(table, start=1))
    yield from (f"    {note}: {text}" for note, text in document.footnotes.items())
    if document.remarks:
        yield f"    remarks: {document.remarks}"
    yield from (f"    reader: {warning}" for warning in document.warnings)


def told(entries: list[Entry], folder: Path) -> Iterator[tuple[Entry, Alert]]:
    """Every filing taken in the order of filing, and the alert it gives."""
    issuers = {entry.document.issuer.cik or "": entry.document.issuer for entry in entries}
    watches = {
        cik: StoredWatch(f"issuer:{cik}", "issuer", cik, one.trading_symbol, one.name, ("default",), BEGINNING, "done")
        for cik, one in issuers.items()
        if cik
    }
    store, config = open_store(folder, list(watches.values()))
    for entry in sorted(entries, key=lambda entry: (entry.filed_at, entry.accession)):
        if entry.document.issuer.cik not in watches:
            continue
        watch = watches[entry.document.issuer.cik]
        seen = entry.filed_at + timedelta(seconds=40)
        store.remember([_ref(entry, entry.document)], now=seen, found_by="reading")
        with store.transaction():
            taken = take(
                store, config, [watch], entry.document, Filed(entry.accession, entry.filed_at, seen, watch.cik), now=seen
            )
        yield from ((entry, alert) for alert in taken.alerts)
    store.close()


def _ref(entry: Entry, document: OwnershipDocument) -> FilingRef:
    named = [("issuer", document.issuer.cik, document.issuer.name)]
    named += [("owner", owner.cik, owner.name) for owner in document.reporting_owners]
    parties = tuple(Party(cik, role, name or "") for role, cik, name in named if cik)
    return FilingRef(entry.accession, document.form_type, parties, document.issuer.cik or "", entry.filed_at)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--corpus", type=Path, default=CORPUS)
    arguments.add_argument("--count", type=int, default=30)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        alerts = list(told(list(corpus_entries(given.corpus)), Path(folder)))
    if not alerts:
        arguments.error(f"no filing in {given.corpus} would alert")
    chance = Random(given.seed)  # noqa: S311 -- a sample drawn again alike, no secret
    drawn = chance.sample(alerts, min(given.count, len(alerts)))
    lines = [f"{len(alerts)} filings would alert; {len(drawn)} of them, seed {given.seed}:", ""]
    for number, (entry, alert) in enumerate(drawn, start=1):
        lines += [f"{'=' * 20} {number} {'=' * 100}", *as_filed(entry), f"{'-' * 60} the alert:", alert.message.title, ""]
        lines += [alert.message.text, ""]
    sys.stdout.write("\n".join(lines))


if __name__ == "__main__":
    main()
