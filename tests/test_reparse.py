"""Reading the store again after an upgrade. An older reader is one that kept another reading of the same bytes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC
from datetime import date
from datetime import datetime
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.test_judgement import Desk
from tests.test_judgement import amending
from watcher.comparison import compare
from watcher.comparison import keep as keep_compared
from watcher.core.facts import facts_of
from watcher.core.listing import FilingRef
from watcher.core.listing import Party
from watcher.core.message import Reasons
from watcher.core.message import alert_message
from watcher.core.model import Issuer
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.past import Filed
from watcher.core.payload import alert_payload
from watcher.core.payload import event_id
from watcher.core.reading import READER_VERSION
from watcher.core.reading import document_of
from watcher.core.reading import read_submission
from watcher.core.telling import Alert
from watcher.core.telling import WatchedAs
from watcher.demo.filings import submission_text
from watcher.demo.stories import Occasion
from watcher.demo.stories import sale
from watcher.reparse import reparse
from watcher.store import Store
from watcher.store import StoredWatch

NOW = datetime(2026, 9, 2, 20, 0, tzinfo=UTC)
ISSUER = Issuer("0009990001", "Example Corp", "EXMP")
OWNER = ReportingOwner("0009990101", "Roe Jane", is_director=True)
ACCESSION = "0000000000-26-000001"
OLD = READER_VERSION - 1
KEY = "issuer:0009990001"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "watcher.db")
    opened.set_watches([StoredWatch(KEY, "issuer", "0009990001", "EXMP", None, ("default",), NOW, "done")], NOW)
    ref = FilingRef(ACCESSION, "4", (Party("0009990001", "issuer", "Example Corp"),), "0009990001", NOW)
    opened.remember([ref], now=NOW, found_by="feed")
    yield opened
    opened.close()


def content() -> bytes:
    return submission_text(sale(Occasion(ACCESSION, ISSUER, (OWNER,), date(2026, 9, 1), opening=1000), (100, "10.50")), NOW)


def misread(document: OwnershipDocument) -> OwnershipDocument:
    row = replace(document.non_derivative_table[0], shares=Decimal(1000), shares_owned_following=Decimal(1))
    return replace(document, non_derivative_table=(row,))


def keep(store: Store, document: OwnershipDocument, *, told: bool) -> None:
    filed = Filed(ACCESSION, NOW, NOW, "0009990001")
    with store.transaction():
        compared = compare(store, document, filed, live=True, complete_since=None)
        facts = facts_of(compared.document, compared.beside, filed, baseline_done=True)
        reasons = Reasons(WatchedAs(KEY, "EXMP", "EXMP"), ("default",))
        message = alert_message(facts, reasons)
        identity = event_id(ACCESSION, KEY)
        store.keep_filing(facts, NOW, silent_because=None, transactions_key="")
        store.keep_original(ACCESSION, content(), OLD)
        keep_compared(store, facts, compared, filed)
        if told:
            body = alert_payload(facts, reasons, identity, message)
            store.keep_alert(Alert(identity, ACCESSION, KEY, ("default",), message, body, ("desk",)), NOW)


def right() -> OwnershipDocument:
    return document_of(read_submission(content()), NOW)


def again(store: Store) -> list[tuple[tuple[str, ...], int]]:
    results = [reparse(store, kept, now=NOW) for kept in store.readings(older_than=READER_VERSION)]
    return [(result.changes, result.corrections) for result in results]


def reported(store: Store) -> list[str]:
    """The shares of every row that was read, as a program of the user's sees them."""
    with closing(sqlite3.connect(store.path)) as other:
        return [row[0] for row in other.execute("SELECT shares FROM reported_row")]


def test_an_unchanged_reading_changes_nothing_and_tells_nobody(store: Store) -> None:
    keep(store, right(), told=True)
    assert again(store) == [((), 0)]
    assert store.value("SELECT count(*) FROM alert") == 1


def test_a_changed_reading_is_reported_and_the_rows_and_holdings_are_mended(store: Store) -> None:
    keep(store, misread(right()), told=False)
    ((changes, corrections),) = again(store)
    assert changes == (
        "non_derivative_table 1.shares: 1000 -> 100",
        "non_derivative_table 1.shares_owned_following: 1 -> 900",
    )
    assert corrections == 0
    assert reported(store) == ["100"]
    assert store.value("SELECT shares FROM holding") == "900"


def test_an_alert_that_was_wrong_is_corrected_to_whoever_got_it(store: Store) -> None:
    keep(store, misread(right()), told=True)
    ((_, corrections),) = again(store)
    assert corrections == 1
    wrong, correction = store.rows("SELECT * FROM alert ORDER BY rowid")
    body = json.loads(correction["payload"])
    assert (body["kind"], body["corrects"]) == ("correction", wrong["event_id"])
    assert correction["title"].startswith("Correction: EXMP: ")
    assert f"The alert said: {wrong['title']}" in correction["text"]
    assert "sold 100 shares, not 1,000" in correction["text"]
    owed = store.rows("SELECT destination FROM owed WHERE event_id = ?", (correction["event_id"],))
    assert [row["destination"] for row in owed] == ["desk"]


def test_a_correction_is_owed_once_however_often_the_store_is_read_again(store: Store) -> None:
    keep(store, misread(right()), told=True)
    again(store)
    for kept in store.readings(older_than=READER_VERSION + 1):
        assert reparse(store, kept, now=NOW).corrections == 0
    assert store.value("SELECT count(*) FROM alert") == 2


def test_what_this_release_has_read_is_not_read_again(store: Store) -> None:
    keep(store, misread(right()), told=False)
    again(store)
    assert list(store.readings(older_than=READER_VERSION)) == []


def test_a_quarantined_filing_that_can_be_read_now_waits_to_be_ingested(store: Store) -> None:
    with store.transaction():
        store.keep_original(ACCESSION, content(), OLD)
        store.quarantine(ACCESSION, reason="not understood", now=NOW)
    (kept,) = store.readings(older_than=READER_VERSION)
    assert reparse(store, kept, now=NOW).released
    assert [one.accession_number for one in store.pending("live", NOW)] == [ACCESSION]


def test_a_notice_that_a_filing_was_unreadable_claimed_nothing_and_is_not_corrected(store: Store) -> None:
    keep(store, right(), told=True)
    with store.transaction():
        body = json.loads(store.value("SELECT payload FROM alert"))
        silent = json.dumps({**body, "kind": "quarantined", "events": []}).encode()
        store.execute("UPDATE alert SET payload = ?", (silent,))
    assert again(store) == [((), 0)]


def test_what_can_no_longer_be_read_stays_as_it_was(store: Store) -> None:
    keep(store, right(), told=False)
    with store.transaction():
        store.keep_original(ACCESSION, b"<SEC-DOCUMENT>gone", OLD)
    (kept,) = store.readings(older_than=READER_VERSION)
    assert reparse(store, kept, now=NOW).error is not None
    assert reported(store) == ["100"]


def test_an_original_read_again_stays_amended_though_the_amendment_cannot_be_read_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.file(1, right(), NOW)
    (told,) = desk.file(2, amending(misread(right()), date(2026, 9, 2)), NOW + timedelta(days=7)).alerts
    assert told.message.title.startswith("Correction")
    with desk.store.transaction():
        desk.store.keep_original(ACCESSION, content(), OLD)
    before = desk.events(), desk.newest(), desk.balances()
    assert before[0] == [(ACCESSION, "sale", "1000")]
    assert again(desk.store) == [((), 0)], "nor is anybody put back to what was amended since"
    assert (desk.events(), desk.newest(), desk.balances()) == before
    desk.store.close()
