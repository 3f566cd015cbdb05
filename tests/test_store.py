"""The store keeps what it was given, and says in words what it cannot do."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import closing
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.world import ALEX
from tests.world import DAY
from tests.world import EXAMPLE
from tests.world import HOUR
from tests.world import JANE
from tests.world import MINUTE
from tests.world import NOON
from tests.world import REPOSITORY
from tests.world import SECOND
from tests.world import TERMINAL
from tests.world import accession
from tests.world import environment
from tests.world import run_watcher
from tests.world import write_config
from watcher.core.errors import AlreadyRunning
from watcher.core.errors import StoreError
from watcher.core.index import TickerEntry
from watcher.core.listing import FilingRef
from watcher.core.listing import Party
from watcher.core.telling import Alert
from watcher.core.telling import Message
from watcher.core.telling import Outcome
from watcher.store import Lock
from watcher.store import Store
from watcher.store import StoredWatch
from watcher.store import stamp
from watcher.store import unstamp

ISSUER_CIK = EXAMPLE.cik or ""
OWNER_CIK = JANE.cik or ""
WATCH = StoredWatch(f"issuer:{ISSUER_CIK}", "issuer", ISSUER_CIK, "EXMP", "Example Corp", ("default",), NOON, "owed")
ISSUER = Party(ISSUER_CIK, "issuer", "Example Corp")
OWNER = Party(OWNER_CIK, "owner", "Roe Jane A")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "watcher.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with closing(Store(path)) as store:
        yield store


def ref(number: int, *parties: Party) -> FilingRef:
    return FilingRef(accession(number), "4", parties or (OWNER, ISSUER), ISSUER_CIK, listed_at=NOON)


def alert(number: int = 1, *, destinations: Sequence[str] = ("desk",)) -> Alert:
    message = Message(f"title {number}", "text „Größe“", "<p>text</p>")
    return Alert(f"event{number}", accession(number), WATCH.key, ("default",), message, b'{"a": 1}\x00\xff', tuple(destinations))


def owe(store: Store, *alerts: Alert) -> None:
    with store.transaction():
        for one in alerts:
            store.keep_alert(one, NOON)


# --- keeping ------------------------------------------------------------------------------------------------------------------


def test_reopening_finds_everything(path: Path) -> None:
    with closing(Store(path)) as store:
        store.keep_tickers([TickerEntry("EXMP", ISSUER_CIK, "Example Corp")], NOON)
        store.set_watches([WATCH], NOON)
        store.remember([ref(1)], now=NOON, found_by="feed", seen=[(accession(1), ISSUER_CIK)])
        with store.transaction():
            store.keep_original(accession(1), b"bytes\x00", 1)
        owe(store, alert())
        store.set_fact("good poll 4", NOON)
        store.keep_trouble("poll", "no connection", NOON)
        tables = dump(store)
    with closing(Store(path, create=False)) as store:
        assert dump(store) == tables
        assert store.watches() == [WATCH]
        assert [pending.accession_number for pending in store.pending("live", NOON)] == [accession(1)]
        assert store.original(accession(1)) == b"bytes\x00"
        owed = store.next_owed("desk", NOON)
        assert owed is not None
        assert (owed.outgoing.message, owed.outgoing.payload) == (alert().message, alert().payload)
        assert store.moment("good poll 4") == NOON
        assert store.troubles(NOON) == [(NOON, "poll", "no connection")]


def dump(store: Store) -> dict[str, list[tuple[object, ...]]]:
    names = [row["name"] for row in store.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: [tuple(row) for row in store.rows(f"SELECT * FROM {name}")] for name in names}  # noqa: S608 -- our own tables


def test_the_order_of_stored_times_is_the_order_of_times() -> None:
    times = [NOON, NOON + SECOND, NOON + SECOND / 10**6, NOON - DAY, NOON + 300 * DAY]
    assert [unstamp(text) for text in sorted(map(stamp, times))] == sorted(times)


def test_every_table_of_ours_is_strict(store: Store) -> None:
    sql = {row["name"]: row["sql"] for row in store.rows("SELECT name, sql FROM sqlite_master WHERE type = 'table'")}
    loose = {name for name, text in sql.items() if "STRICT" not in text.rpartition(")")[2]}
    assert loose <= {"_sqlite_migrations", "sqlite_sequence"}
    owe(store, alert())
    with pytest.raises(sqlite3.IntegrityError), store.transaction():
        store.execute("UPDATE owed SET tries = 'many'")


def test_a_commit_is_synchronous(store: Store) -> None:
    assert store.value("PRAGMA journal_mode") == "wal"
    assert store.value("PRAGMA synchronous") == 2
    assert store.value("PRAGMA foreign_keys") == 1


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    def half() -> None:
        with store.transaction():
            store.set_fact("a", "1")
            owe(store, alert())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert store.fact("a") is None
    assert store.next_owed("desk", NOON) is None


def test_a_transaction_of_another_thread_waits_for_ours_and_sees_all_of_it(store: Store) -> None:
    store.set_fact("count", "0")

    def add() -> None:
        for _ in range(25):
            with store.transaction():
                store.set_fact("count", str(int(store.fact("count") or 0) + 1))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.fact("count") == "100"


def test_an_error_that_is_not_the_stores_passes_through_a_transaction_as_it_is(store: Store) -> None:
    with pytest.raises(FileNotFoundError), store.transaction():
        raise FileNotFoundError("some other file")


def test_only_the_latest_troubles_are_kept(store: Store) -> None:
    for number in range(60):
        store.keep_trouble("poll", f"trouble {number}", NOON + number * SECOND)
    kept = [text for _, _, text in store.troubles(NOON)]
    assert kept == [f"trouble {number}" for number in range(59, 9, -1)]


# --- refusing -----------------------------------------------------------------------------------------------------------------


def corrupt(path: Path) -> None:
    with closing(Store(path)) as store:
        with store.transaction():
            store.many("INSERT INTO seen VALUES (?, ?, ?)", [(accession(n), f"{n:010}", stamp(NOON)) for n in range(5000)])
        store.checkpoint()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(os.urandom(4096) * 4)


def not_a_database(path: Path) -> None:
    path.write_bytes(b"Dear diary, today I was opened as a database." * 100)


def from_a_newer_release(path: Path) -> None:
    with closing(Store(path)) as store, store.transaction():
        store.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('watcher', 'm999_later', '2030-01-01')"
        )


def missing(_path: Path) -> None:
    """There is nothing there."""


def a_folder(path: Path) -> None:
    path.mkdir()


BROKEN = [
    (corrupt, "is damaged or is not a watcher's database"),
    (not_a_database, "is damaged or is not a watcher's database"),
    (from_a_newer_release, "newer release"),
    (missing, "`watcher run` makes it"),
    (a_folder, "check the owner and mode"),
]


@pytest.mark.parametrize(("breaking", "words"), BROKEN, ids=[case[0].__name__ for case in BROKEN])
def test_a_store_that_cannot_be_used_is_an_error_in_words(tmp_path: Path, path: Path, breaking: object, words: str) -> None:
    assert callable(breaking)
    breaking(path)
    with pytest.raises(StoreError, match=words) as caught:
        Store(path, create=False)
    assert str(path) in str(caught.value)
    config = write_config(tmp_path, "http://127.0.0.1:9", {"desk": TERMINAL})
    told = run_watcher(config, "status")
    assert told.returncode == 1
    assert words in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("breaking", [corrupt, not_a_database, from_a_newer_release])
def test_a_store_that_cannot_be_used_is_left_as_it_is(path: Path, breaking: object) -> None:
    assert callable(breaking)
    breaking(path)
    before = path.read_bytes()
    with pytest.raises(StoreError):
        Store(path)
    assert path.read_bytes() == before


def test_looking_does_not_make_a_store(path: Path) -> None:
    with pytest.raises(StoreError):
        Store(path, create=False)
    assert not path.exists()


@contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Without the rights of root, for whom no folder is read-only; `folder` is left readable."""
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose parents anybody may enter."""
    folder = Path(tempfile.mkdtemp(prefix="watcher-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_read_only_folder_is_an_error_in_words(folder: Path) -> None:
    with as_nobody(folder), pytest.raises(StoreError, match="this user may write there"):
        Store(folder / "watcher.db")
    with as_nobody(folder), pytest.raises(StoreError, match="this user may write there"):
        Lock(folder / "watcher.db")


def test_a_folder_that_was_made_read_only_is_an_error_in_words(folder: Path) -> None:
    path = folder / "watcher.db"
    Store(path).close()
    path.chmod(0o666)
    with as_nobody(folder), pytest.raises(StoreError, match=r"cannot be written .* check the owner and mode"):
        Store(path)


def test_a_folder_nobody_may_enter_is_an_error_in_words(folder: Path) -> None:
    inner = folder / "closed"
    inner.mkdir(mode=0)  # neither may its owner, where the tests are not run by root
    with as_nobody(folder), pytest.raises(StoreError, match="this user may write there"):
        Store(inner / "watcher.db", create=False)
    inner.chmod(0o700)


def test_a_full_disk_is_an_error_in_words_and_the_store_goes_on_afterwards(store: Store) -> None:
    store.execute(f"PRAGMA max_page_count = {store.value('PRAGMA page_count') + 3}")

    def too_much() -> None:
        with store.transaction():
            store.set_fact("before", "1")
            for number in range(40):
                store.keep_trouble("poll", os.urandom(2000).hex() + str(number), NOON)

    with pytest.raises(StoreError, match=r"disk of the store .* is full"):
        too_much()
    store.execute("PRAGMA max_page_count = 100000")
    assert store.fact("before") is None
    store.set_fact("after", "1")
    assert store.fact("after") == "1"


def test_a_store_held_by_another_program_is_an_error_in_words(path: Path, store: Store) -> None:
    store.execute("PRAGMA busy_timeout = 50")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="held by another program"):
            store.set_fact("a", "1")
        other.execute("ROLLBACK")
    store.set_fact("a", "1")


def test_a_new_store_waits_for_its_turn_to_be_made(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        letting_go = threading.Timer(0.3, other.execute, ("ROLLBACK",))
        letting_go.start()
        Store(path).close()
        letting_go.join()


def test_processes_that_open_a_new_store_at_once_all_succeed(path: Path) -> None:
    code = "import sys; from pathlib import Path; from watcher.store import Store; Store(Path(sys.argv[1])).close()"
    opening = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=REPOSITORY, env=environment(path.parent))  # noqa: S603 -- our own program
        for _ in range(4)
    ]
    assert [process.wait(timeout=60) for process in opening] == [0, 0, 0, 0]
    Store(path, create=False).close()


# --- the lock -------------------------------------------------------------------------------------------------------------------

_HOLDS = """
import sys, time
from pathlib import Path
from watcher.store import Lock
lock = Lock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


def test_a_second_process_is_kept_out_until_the_first_ends_however_it_ends(path: Path) -> None:
    with subprocess.Popen(  # noqa: S603 -- our own program
        [sys.executable, "-c", _HOLDS, str(path)], cwd=REPOSITORY, env=environment(path.parent), stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunning, match="another watcher is already running"):
            Lock(path)
        first.send_signal(signal.SIGKILL)
    Lock(path).release()


# --- watches --------------------------------------------------------------------------------------------------------------------


def test_a_watch_taken_out_and_put_back_is_new_again(store: Store) -> None:
    store.set_watches([WATCH], NOON)
    store.set_baseline(WATCH.key, "done")
    store.set_watches([], NOON + HOUR)
    assert store.watches() == []
    store.set_watches([WATCH], NOON + DAY)
    assert store.watches() == [replace(WATCH, first_seen_at=NOON + DAY)]


def test_a_watch_that_stays_keeps_since_when_it_is_watched(store: Store) -> None:
    store.set_watches([WATCH], NOON)
    store.set_baseline(WATCH.key, "done")
    store.set_watches([replace(WATCH, rules=("other",), ticker="EXMQ", name=None)], NOON + DAY)
    assert store.watches() == [replace(WATCH, rules=("other",), ticker="EXMQ", baseline="done")]


# --- pending filings ------------------------------------------------------------------------------------------------------------


def test_only_filings_that_concern_a_watch_are_remembered(store: Store) -> None:
    store.set_watches([WATCH], NOON)
    as_owner = Party(ISSUER_CIK, "owner", "Example Corp")
    somewhere = Party(ISSUER_CIK, "unknown", "Example Corp")
    assert store.remember([ref(1), ref(2, OWNER), ref(3, as_owner), ref(4, somewhere)], now=NOON, found_by="feed") == [
        accession(1),
        accession(4),
    ]


def test_a_filing_found_again_is_not_new(store: Store) -> None:
    store.set_watches([WATCH], NOON)
    assert store.remember([ref(1)], now=NOON, found_by="feed") == [accession(1)]
    assert store.remember([ref(1), ref(2)], now=NOON + HOUR, found_by="index") == [accession(2)]
    assert store.pending("live", NOON)[0].first_seen_at == NOON


def test_a_filing_of_the_baseline_that_the_feed_lists_moves_up(store: Store) -> None:
    store.set_watches([WATCH], NOON)
    store.remember([replace(ref(1), listed_at=None)], now=NOON, found_by="submissions", queue="baseline")
    assert store.pending("live", NOON) == []
    assert store.remember([ref(1)], now=NOON, found_by="feed") == []
    (pending,) = store.pending("live", NOON)
    assert pending.listed_at == NOON
    assert store.pending("baseline", NOON) == []


def test_a_postponed_filing_is_due_at_its_time_with_its_reason(store: Store) -> None:
    store.set_watches([WATCH], NOON)
    store.remember([ref(1)], now=NOON, found_by="feed")
    store.postpone(accession(1), next_at=NOON + MINUTE, reason="not there yet")
    assert store.pending("live", NOON + 59 * SECOND) == []
    (pending,) = store.pending("live", NOON + MINUTE)
    assert (pending.tries, pending.reason) == (1, "not there yet")


def test_a_clock_set_back_does_not_strand_what_is_due(store: Store) -> None:
    store.set_watches([WATCH], NOON)
    store.remember([ref(1)], now=NOON, found_by="feed")
    owe(store, alert())
    first = store.next_owed("desk", NOON)
    assert first is not None
    store.rest("desk", NOON + MINUTE, first.id, NOON)
    owe(store, alert(2))
    long_ago = NOON - 400 * DAY
    assert [pending.accession_number for pending in store.pending("live", long_ago)] == [accession(1)]
    owed = store.next_owed("desk", long_ago)
    assert owed is not None
    assert owed.outgoing.event_id == "event1"


def test_feed_entries_too_old_to_come_again_are_forgotten(store: Store) -> None:
    pairs = {(accession(1), ISSUER_CIK), (accession(2), ISSUER_CIK)}
    store.remember([], now=NOON - 15 * DAY, found_by="feed", seen=[(accession(1), ISSUER_CIK)])
    store.remember([], now=NOON - 13 * DAY, found_by="feed", seen=[(accession(2), ISSUER_CIK)])
    assert store.known_entries(pairs) == pairs
    store.forget_seen(NOON, keep=14 * DAY)
    assert store.known_entries(pairs) == {(accession(2), ISSUER_CIK)}


# --- what is owed ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["title", "text", "html", "payload"])
def test_a_message_that_is_not_as_it_was_written_is_not_sent(store: Store, column: str) -> None:
    owe(store, alert())
    with store.transaction():
        changed: object = b"{}" if column == "payload" else "BUY NOW"
        store.execute(f"UPDATE alert SET {column} = ?", (changed,))  # noqa: S608 -- one of four names
    assert store.next_owed("desk", NOON) is None
    (row,) = store.rows("SELECT state, reason FROM owed")
    assert row["state"] == "dead"
    assert "not as it was written" in row["reason"]


def test_a_damaged_message_does_not_keep_the_next_from_being_sent(store: Store) -> None:
    owe(store, alert(), alert(2))
    with store.transaction():
        store.execute("UPDATE alert SET title = 'BUY NOW' WHERE rowid = 1")
    owed = store.next_owed("desk", NOON)
    assert owed is not None
    assert owed.id == 2


def test_an_alert_kept_twice_is_owed_once(store: Store) -> None:
    owe(store, alert(), alert())
    owe(store, alert(destinations=("desk", "phone")))
    assert store.value("SELECT count(*) FROM alert") == 1
    assert [row["destination"] for row in store.rows("SELECT destination FROM owed ORDER BY id")] == ["desk", "phone"]


def test_what_was_being_sent_when_the_daemon_died_may_have_arrived(store: Store) -> None:
    owe(store, alert(), alert(2))
    owed = store.next_owed("desk", NOON)
    assert owed is not None
    store.start_sending(owed, NOON)
    assert store.recover_sending(NOON + HOUR) == 1
    again = store.next_owed("desk", NOON + HOUR)
    assert again is not None
    assert (again.id, again.tries, again.outgoing.possible_repeat) == (owed.id, 1, True)
    assert store.recover_sending(NOON + HOUR) == 0


def test_a_message_stays_a_possible_repeat_also_after_a_clean_failure(store: Store) -> None:
    owe(store, alert())
    for outcome in (Outcome("unknown", "no answer"), Outcome("retryable", "500")):
        owed = store.next_owed("desk", NOON)
        assert owed is not None
        store.record(owed, store.start_sending(owed, NOON), outcome, now=NOON, next_at=NOON)
    owed = store.next_owed("desk", NOON)
    assert owed is not None
    assert owed.outgoing.possible_repeat


def test_what_is_owed_to_a_destination_that_is_gone_stays_visible_and_can_be_owed_again(store: Store) -> None:
    owe(store, alert(destinations=("desk", "phone")))
    assert store.bury_unknown_destinations({"phone"}, NOON) == 1
    (row,) = store.rows("SELECT * FROM owed WHERE state = 'dead'")
    assert (row["destination"], row["reason"]) == ("desk", "the configuration has no such destination any more")
    assert store.next_owed("phone", NOON) is not None
    assert store.retry_now(row["id"], NOON)
    assert store.next_owed("desk", NOON) is not None


def test_a_message_given_up_is_not_sent_and_says_why(store: Store) -> None:
    owe(store, alert())
    assert store.drop(1, "told by telephone")
    assert store.next_owed("desk", NOON + DAY) is None
    assert store.value("SELECT reason FROM owed") == "dropped: told by telephone"
    assert not store.drop(99, "no such message")
    assert not store.retry_now(99, NOON)


def test_owners_are_parties_too(store: Store) -> None:
    owner_watch = replace(WATCH, key=f"owner:{OWNER_CIK}", role="owner", cik=OWNER_CIK)
    store.set_watches([WATCH, owner_watch], NOON)
    store.remember([ref(1), ref(2, Party(ALEX.cik or "", "owner", "Doe Alex B"), ISSUER)], now=NOON, found_by="feed")
    assert {watch.key for watch in store.watches_of(accession(1))} == {WATCH.key, owner_watch.key}
    assert {watch.key for watch in store.watches_of(accession(2))} == {WATCH.key}
