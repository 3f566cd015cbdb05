"""A store that vanished, was emptied, damaged or put back is known as such; nothing begins anew in silence, nothing is told in a burst."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.contract.senders import FakeSender
from tests.sending import send_all
from tests.world import DAY
from tests.world import HOUR
from tests.world import MINUTE
from tests.world import NOON
from tests.world import SECOND
from tests.world import TERMINAL
from tests.world import DaemonProcess
from tests.world import World
from tests.world import a_sale
from tests.world import accession
from tests.world import real_now
from tests.world import run_watcher
from tests.world import until
from tests.world import webhook
from tests.world import write_config
from watcher.config import Destination
from watcher.core.errors import AlreadyRunning
from watcher.core.errors import StoreError
from watcher.core.telling import Alert
from watcher.core.telling import Message
from watcher.deliver import deliver
from watcher.demo.edgar import BundledEdgar
from watcher.demo.receivers import WebhookReceiver
from watcher.store import Lock
from watcher.store import Store
from watcher.store.backup import HELD_AFTER
from watcher.store.backup import restore

PEOPLE = Destination("desk", "terminal", burst=3)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "watcher.db"


def begin(path: Path, now: datetime = NOON) -> Store:
    """The store as the daemon opens it."""
    store = Store(path)
    store.recover_restored(now)
    return store


def owe(store: Store, *numbers: int, now: datetime = NOON) -> None:
    for number in numbers:
        message = Message(f"title {number}", "text", "<p>text</p>")
        with store.transaction():
            store.keep_alert(Alert(f"event{number}", accession(number), "issuer:1", ("default",), message, b"{}", ("desk",)), now)


def tell(store: Store, now: datetime = NOON) -> list[tuple[str, bool]]:
    """Send all that is due; (event id, whether it was said to be a possible repeat) of each."""
    desk = FakeSender()
    while deliver(store, desk, "desk", now=lambda: now) is not None:
        continue
    return [(outgoing.event_id, outgoing.possible_repeat) for _, outgoing in desk.sent]


def remove(path: Path, *suffixes: str) -> None:
    for suffix in suffixes or ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


# --- an ordinary start -----------------------------------------------------------------------------------------------------


def test_a_first_start_makes_the_store_and_its_marker(path: Path) -> None:
    with closing(begin(path)) as store:
        assert store.value("SELECT count(*) FROM filing") == 0
    assert stat.S_IMODE(path.with_name("watcher.db.mark").stat().st_mode) == 0o600
    assert "There is a watcher's store beside this file" in path.with_name("watcher.db.mark").read_text()


@pytest.mark.parametrize("left", [(), (".lock",), (".lock", ".pace")])
def test_a_first_start_in_a_folder_with_nothing_but_what_a_start_broken_off_leaves(path: Path, left: tuple[str, ...]) -> None:
    for suffix in left:
        path.with_name(path.name + suffix).write_bytes(b"")
    begin(path).close()


def test_a_first_start_on_an_empty_file_somebody_made_for_us(path: Path) -> None:
    path.touch()
    begin(path).close()


def test_a_first_start_killed_at_any_moment_is_begun_again(tmp_path: Path) -> None:
    number, status = 0, -signal.SIGKILL
    while status == -signal.SIGKILL:
        path = tmp_path / f"{number}" / "watcher.db"
        path.parent.mkdir()
        child = os.fork()
        if child == 0:
            _start_killed(path, number)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with closing(Store(path)) as store:
            assert store.recover_restored(NOON) is None, f"killed before call {number}"
            assert store.fact("told until") is None
        number += 1 if number > 60 else 5
    assert status == 0
    assert number > 60


def _start_killed(path: Path, number: int) -> None:
    left = number
    reaching = {"connect", "Connection.execute", "Cursor.execute", "Connection.close", "open", "write", "fsync", "replace"}

    def look(_frame: object, event: str, called: object) -> None:
        nonlocal left
        if event == "c_call" and getattr(called, "__qualname__", "") in reaching:
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    status = 1
    try:
        sys.setprofile(look)
        begin(path).close()
        sys.setprofile(None)
        status = 0
    finally:
        os._exit(status)


def test_the_next_start_doubts_nothing(path: Path) -> None:
    with closing(begin(path)) as store:
        owe(store, 1)
        assert tell(store) == [("event1", False)]
        owe(store, 2)
    with closing(Store(path)) as store:
        assert store.recover_restored(NOON + HOUR) is None
        assert tell(store) == [("event2", False)]


def test_the_whole_watcher_starts_in_an_empty_folder(tmp_path: Path) -> None:
    with BundledEdgar(real_now) as edgar:
        edgar.add_issuer("EXMP", "0009990001", "Example Corp")
        edgar.file(a_sale(1), accepted_at=real_now() - HOUR)
        config = write_config(tmp_path, edgar.url, {"desk": TERMINAL})
        for _ in range(2):
            done = run_watcher(config, "run", "--once")
            assert done.returncode == 0, done.stderr


# --- gone, or emptied ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("breaking", "how"), [("gone", "is gone"), ("empty", "is an empty file"), ("no tables", "holds nothing")]
)
@pytest.mark.parametrize("create", [True, False])
def test_a_store_that_vanished_is_said_and_not_begun_anew(path: Path, breaking: str, how: str, create: bool) -> None:
    begin(path).close()
    remove(path)
    if breaking == "empty":
        path.touch()
    elif breaking == "no tables":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 1")
    with pytest.raises(StoreError, match=rf"watcher.db {how}, but by watcher.db.mark beside it there was one"):
        Store(path, create=create)
    assert path.exists() == (breaking != "gone")


def test_an_emptied_store_is_told_by_the_log_beside_it(path: Path) -> None:
    with closing(Store(path)) as store:
        store.set_fact("a", "1")
        shutil.copy(store.path.with_name("watcher.db-wal"), path.with_name("kept"))
    remove(path, "")
    path.with_name("kept").rename(path.with_name("watcher.db-wal"))
    with pytest.raises(StoreError, match=r"is gone, but by watcher\.db-wal beside it"):
        Store(path)
    assert path.with_name("watcher.db-wal").stat().st_size, "what may help somebody is still there"


def test_the_error_says_what_to_do_and_doing_it_works(tmp_path: Path, path: Path) -> None:
    begin(path).close()
    config = write_config(tmp_path, "http://127.0.0.1:9", {"desk": TERMINAL})
    remove(path)
    told = run_watcher(config, "run", "--once")
    assert told.returncode == 1
    assert "Traceback" not in told.stderr
    assert "remove watcher.db.mark to begin anew" in told.stderr
    path.with_name("watcher.db.mark").unlink()
    begin(path).close()


def test_the_error_names_the_copies_that_are_there(path: Path) -> None:
    begin(path).close()
    shutil.copy(path, path.with_name("watcher.db.before-m002_more"))
    remove(path)
    with pytest.raises(StoreError, match=r"beside it are: watcher\.db\.before-m002_more"):
        Store(path)


def test_the_database_of_another_program_is_left_as_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmark (url TEXT)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="its tables are another program's"):
        Store(path)
    assert path.read_bytes() == before


# --- soundness ------------------------------------------------------------------------------------------------------------


def test_a_sound_store_has_nothing_to_say(path: Path) -> None:
    with closing(begin(path)) as store:
        owe(store, 1)
        assert store.integrity() is None


def test_damage_of_an_index_is_said_in_words(path: Path) -> None:
    with closing(begin(path)) as store:
        owe(store, 1)
        store.execute("PRAGMA writable_schema=ON")
        store.execute("UPDATE sqlite_master SET sql = replace(sql, 'pending', 'gone') WHERE name = 'owed_due'")
    with closing(Store(path, create=False)) as store:
        said = store.integrity()
        assert said is not None
        assert "is damaged" in said
        assert "watcher restore" in said
    with pytest.raises(StoreError, match="is damaged"):
        Store(path)


def test_a_damaged_name_of_a_column_is_said_in_words(path: Path) -> None:
    with closing(begin(path)) as store:
        store.execute("PRAGMA writable_schema=ON")
        store.execute("UPDATE sqlite_master SET sql = replace(sql, 'may_repeat', 'may_rfpeat') WHERE name = 'owed'")
    with pytest.raises(StoreError, match="the table owed has other columns than it was made with"):
        Store(path)


def test_others_write_while_the_store_is_read_through(path: Path) -> None:
    with closing(begin(path)) as store, store.transaction():
        owe(store, 1)
        assert store.integrity() is None
    with closing(Store(path)) as store:
        assert tell(store) == [("event1", False)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's file")
def test_a_log_of_another_user_is_named(path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="watcher-") as folder, closing(begin(path)):
        os.chown(folder, 65534, 65534)
        copied = Path(folder) / "watcher.db"
        for suffix in ("", "-wal"):
            shutil.copy(path.with_name(path.name + suffix), copied.with_name(copied.name + suffix))
        os.chown(copied, 65534, 65534)
        os.seteuid(65534)
        try:
            with pytest.raises(StoreError, match=r"check the owner and mode of watcher\.db-wal, and of the folder"):
                Store(copied)
        finally:
            os.seteuid(0)


# --- put back ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def copy(path: Path, tmp_path: Path) -> Path:
    """A copy that owes events 1 and 2; after it was made, 1, 2 and 3 were told and 4 is owed."""
    copy = tmp_path / "elsewhere.db"
    with closing(begin(path)) as store:
        owe(store, 1, now=NOON - HELD_AFTER - SECOND)
        owe(store, 2)
        store.backup(copy)
        owe(store, 3)
        assert len(tell(store, NOON + HOUR)) == 3
        owe(store, 4)
    return copy


def test_a_copy_put_back_tells_no_burst(path: Path, copy: Path) -> None:
    restore(path, copy, NOON + 2 * HOUR)
    with closing(Store(path)) as store:
        doubt = store.recover_restored(NOON + 2 * HOUR)
        assert doubt is not None
        assert (doubt.marked, doubt.held) == (1, 1)
        assert tell(store, NOON + 2 * HOUR) == [("event2", True)]
        (held,) = store.rows("SELECT * FROM owed WHERE state = 'dead'")
        assert (held["event_id"], held["may_repeat"]) == ("event1", 1)
        assert "put back from a copy" in held["reason"]
        store.retry_now(held["id"], NOON + 2 * HOUR)
        assert tell(store, NOON + 2 * HOUR) == [("event1", True)]


def test_a_copy_put_in_place_by_hand_is_known_as_one(path: Path, copy: Path) -> None:
    remove(path)
    shutil.copy(copy, path)
    with closing(Store(path)) as store:
        assert store.recover_restored(NOON + 2 * HOUR) is not None
        assert tell(store, NOON + 2 * HOUR) == [("event2", True)]


def test_a_copy_that_nothing_was_told_after_is_not_doubted(path: Path, tmp_path: Path) -> None:
    with closing(begin(path)) as store:
        owe(store, 1)
        assert tell(store) == [("event1", False)]
        owe(store, 2)
        store.backup(tmp_path / "elsewhere.db")
    restore(path, tmp_path / "elsewhere.db", NOON + HOUR)
    with closing(Store(path)) as store:
        assert store.recover_restored(NOON + HOUR) is None
        assert tell(store) == [("event2", False)]


def test_a_copy_brought_where_no_marker_is_may_have_told_everything(tmp_path: Path, copy: Path) -> None:
    there = tmp_path / "other" / "watcher.db"
    restore(there, copy, NOON + DAY)
    with closing(Store(there)) as store:
        doubt = store.recover_restored(NOON + DAY)
        assert doubt is not None
        assert doubt.told_until == NOON + DAY


@pytest.mark.parametrize(("marker_taken_away", "repeat_is_marked"), [(False, False), (True, True)])
def test_a_copy_of_the_whole_folder_is_known_as_one_only_without_its_marker(
    path: Path, tmp_path: Path, marker_taken_away: bool, repeat_is_marked: bool
) -> None:
    with closing(begin(path)) as store:
        owe(store, 1)
        shutil.copytree(path.parent, tmp_path / "snapshot", ignore=shutil.ignore_patterns("snapshot"))
        assert tell(store, NOON + HOUR) == [("event1", False)]
    there = tmp_path / "snapshot" / path.name
    if marker_taken_away:
        there.with_name("watcher.db.mark").unlink()
    with closing(Store(there)) as store:
        store.recover_restored(NOON + 2 * HOUR)
        assert tell(store, NOON + 2 * HOUR) == [("event1", repeat_is_marked)]


def test_a_copy_is_doubted_once(path: Path, copy: Path) -> None:
    restore(path, copy, NOON + 2 * HOUR)
    begin(path, NOON + 2 * HOUR).close()
    with closing(Store(path)) as store:
        owe(store, 5)
        assert store.recover_restored(NOON + 3 * HOUR) is None
        assert ("event5", False) in tell(store, NOON + 3 * HOUR)


def test_the_store_of_before_put_back_again_is_doubted_too(path: Path, copy: Path) -> None:
    done = restore(path, copy, NOON + 2 * HOUR)
    begin(path, NOON + 2 * HOUR).close()
    assert done.aside is not None
    restore(path, done.aside, NOON + 3 * HOUR)
    with closing(Store(path)) as store:
        assert store.recover_restored(NOON + 3 * HOUR) is not None


def test_only_what_was_accepted_while_the_lost_store_told_may_repeat(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.store.recover_restored(world.clock())
        world.watch()
        world.baseline()
        world.file(a_sale(1))
        world.poll()
        world.store.backup(tmp_path / "copy.db")
        world.ingest()
        assert tell(world.store, world.clock.tick(MINUTE)) == [(world.store.value("SELECT event_id FROM alert"), False)]
        told = world.file(a_sale(2, (2_000, "26.00"), opening=9_000))
        world.poll()
        world.ingest()
        assert len(tell(world.store, world.clock())) == 1
        world.store.close()
        world.clock.tick(DAY)
        later = world.file(a_sale(3, (3_000, "27.00"), opening=7_000))
        restore(world.config.store.path, tmp_path / "copy.db", world.clock())
        world.store = Store(world.config.store.path)
        assert world.store.recover_restored(world.clock()) is not None
        world.poll()
        world.ingest()
        sent = dict(tell(world.store, world.clock()))
        repeats = {
            row["accession_number"]: sent[row["event_id"]]
            for row in world.store.rows("SELECT accession_number, event_id FROM alert")
        }
    assert repeats == {accession(1): True, told: True, later: False}


@pytest.fixture
def put_back(tmp_path: Path) -> Iterator[World]:
    """A store that was put back from a copy made before it told of five alerts, and has found their filings again."""
    with World(tmp_path) as world:
        world.store.recover_restored(world.clock())
        world.watch()
        world.baseline()
        world.store.backup(tmp_path / "copy.db")
        for number in range(1, 6):
            world.file(a_sale(number, (1_000 + number, "25.56")))
        world.poll()
        world.ingest()
        assert len(send_all(world.store, FakeSender(), world.clock, PEOPLE)) == 1
        world.store.close()
        restore(world.config.store.path, tmp_path / "copy.db", world.clock.tick(HOUR))
        world.store = Store(world.config.store.path)
        assert world.store.recover_restored(world.clock()) is not None
        world.poll()
        world.ingest()
        yield world


def test_what_a_store_that_was_put_back_tells_again_comes_as_one_message_in_which_each_is_marked(put_back: World) -> None:
    store, desk = put_back.store, FakeSender()
    assert (store.settles(put_back.clock()), store.settles(put_back.clock.tick(MINUTE))) == (True, False)
    assert len(send_all(store, desk, put_back.clock, PEOPLE)) == 1
    assert desk.sent[-1][1].message.text.count("[possible repeat]") == 5


def test_where_what_may_have_arrived_is_held_so_is_what_such_a_store_finds_again(put_back: World) -> None:
    desk = FakeSender()
    assert send_all(put_back.store, desk, put_back.clock, replace(PEOPLE, unknown="hold")) == []
    assert [row["state"] for row in put_back.store.rows("SELECT state FROM owed")] == ["held"] * 5
    assert put_back.store.retry_now(1, put_back.clock())
    assert send_all(put_back.store, desk, put_back.clock, replace(PEOPLE, unknown="hold")) == ["accepted"]


# --- putting back -------------------------------------------------------------------------------------------------------------


def test_what_was_in_the_place_is_kept_with_its_log(path: Path, copy: Path) -> None:
    held = begin(path)  # somebody still has it open, so that its log is there
    owe(held, 6)
    done = restore(path, copy, NOON + 2 * HOUR)
    held.close()
    assert done.aside is not None
    with closing(Store(done.aside, create=False)) as aside:
        assert aside.value("SELECT count(*) FROM alert") == 5
    with closing(Store(path)) as store:
        assert store.value("SELECT count(*) FROM alert") == 2
    assert copy.exists()


@pytest.mark.parametrize("breaking", ["missing", "empty", "not a database", "another program's", "truncated", "newer"])
def test_what_is_no_sound_copy_is_refused_and_the_store_left_alone(path: Path, copy: Path, breaking: str) -> None:
    if breaking == "missing":
        copy.unlink()
    elif breaking == "empty":
        copy.write_bytes(b"")
    elif breaking == "not a database":
        copy.write_bytes(b"Dear diary, " * 1000)
    elif breaking == "truncated":
        os.truncate(copy, copy.stat().st_size // 2)
    else:
        with closing(sqlite3.connect(copy)) as connection, connection:
            if breaking == "newer":
                connection.execute(
                    "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('watcher', 'm999', '')"
                )
            else:
                connection.execute("DROP TABLE _sqlite_migrations")
    before = {file.name: file.read_bytes() for file in path.parent.iterdir() if file.name.startswith("watcher.db")}
    with pytest.raises(StoreError, match=r"elsewhere\.db|damaged|malformed"):
        restore(path, copy, NOON)
    after = {file.name: file.read_bytes() for file in path.parent.iterdir() if file.name.startswith("watcher.db")}
    assert {name: content for name, content in after.items() if name != "watcher.db.lock"} == before


def test_nothing_is_put_back_under_a_running_watcher(path: Path, copy: Path) -> None:
    lock = Lock(path)
    with pytest.raises(AlreadyRunning):
        restore(path, copy, NOON)
    lock.release()


def test_the_store_is_not_a_copy_of_itself(path: Path, copy: Path) -> None:
    copy.unlink()
    copy.symlink_to(path)
    with pytest.raises(StoreError, match="is the store itself"):
        restore(path, copy, NOON)


def test_a_copy_beside_the_log_of_another_store_is_not_mixed_with_it(path: Path, copy: Path) -> None:
    with closing(Store(path)) as store:
        store.set_fact("a", "1")
        log = path.with_name("watcher.db-wal").read_bytes()
    assert log
    remove(path)
    shutil.copy(copy, path)
    path.with_name("watcher.db-wal").write_bytes(log)
    with pytest.raises(StoreError, match=r"beside the log of another: move watcher\.db-wal"):
        Store(path)
    restore(path, copy, NOON + 2 * HOUR)
    with closing(Store(path)) as store:
        assert store.integrity() is None
        assert store.fact("a") is None


def test_a_store_that_is_gone_or_damaged_can_be_put_back(path: Path, copy: Path) -> None:
    path.write_bytes(b"Dear diary, " * 1000)
    restore(path, copy, NOON + HOUR)
    remove(path)
    restore(path, copy, NOON + 2 * HOUR)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with closing(Store(path)) as store:
        assert store.value("SELECT count(*) FROM alert") == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_store_that_root_puts_back_belongs_to_whom_it_belonged(path: Path, copy: Path) -> None:
    os.chown(path, 65534, 65534)
    restore(path, copy, NOON)
    assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65534)


# --- as people do it ---------------------------------------------------------------------------------------------------------


def test_after_watcher_restore_nothing_is_lost_and_repeats_are_the_same_events(tmp_path: Path) -> None:
    with BundledEdgar(real_now) as edgar, WebhookReceiver() as hook:
        edgar.add_issuer("EXMP", "0009990001", "Example Corp")
        edgar.file(a_sale(1), accepted_at=real_now() - HOUR)
        config = write_config(tmp_path, edgar.url, {"hook": webhook(hook.url)})

        def events() -> dict[str, list[str]]:
            found: dict[str, list[str]] = {}
            for delivery in hook.received:
                found.setdefault(json.loads(delivery.body)["accession_number"], []).append(delivery.headers["x-watcher-event"])
            return found

        with DaemonProcess(config) as daemon:
            daemon.says("baseline of EXMP")
            edgar.file(a_sale(2), accepted_at=real_now())
            until(lambda: accession(2) in events(), what=daemon.log)
            assert run_watcher(config, "backup", str(tmp_path / "copy.db")).returncode == 0
            edgar.file(a_sale(3), accepted_at=real_now())
            until(lambda: accession(3) in events(), what=daemon.log)
            refused = run_watcher(config, "restore", str(tmp_path / "copy.db"))
            assert (refused.returncode, "already running" in refused.stderr) == (1, True)
            daemon.stop()
        edgar.file(a_sale(4), accepted_at=real_now())
        done = run_watcher(config, "restore", str(tmp_path / "copy.db"))
        assert (done.returncode, "verified" in done.stdout) == (0, True), done.stderr
        with DaemonProcess(config) as daemon:
            daemon.says("put back from a copy")
            until(lambda: {accession(3), accession(4)} <= events().keys() and len(events()[accession(3)]) == 2, what=daemon.log)
            daemon.stop()
        assert {number: len(set(ids)) for number, ids in events().items()} == {accession(2): 1, accession(3): 1, accession(4): 1}
        assert [len(ids) for _, ids in sorted(events().items())] == [1, 2, 1]
    with closing(sqlite3.connect(tmp_path / "watcher.db")) as connection:
        marked = dict(connection.execute("SELECT accession_number, may_repeat FROM owed JOIN alert USING (event_id)").fetchall())
    assert marked[accession(3)] == 1
