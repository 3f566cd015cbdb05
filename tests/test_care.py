"""What the daemon keeps for others and for later: files beside the store, nightly backups, and what goes by age."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.core.samples import option
from tests.exposition import read
from tests.test_daemon import Scene
from tests.test_judgement import THREE
from tests.test_judgement import Desk
from tests.test_judgement import accession_of
from tests.test_judgement import at
from tests.test_judgement import form
from tests.test_judgement import on
from tests.test_judgement import sold
from tests.world import EXAMPLE
from tests.world import DaemonProcess
from tests.world import a_sale
from tests.world import run_watcher
from tests.world import until
from watcher.care import Care
from watcher.config import Config
from watcher.config import load
from watcher.config_care import CareConfig
from watcher.core.errors import ConfigError
from watcher.core.reading import READER_VERSION
from watcher.core.submission import EASTERN
from watcher.core.telling import Outcome
from watcher.deliver import deliver
from watcher.metrics import metrics
from watcher.pace import Pace
from watcher.store import Store
from watcher.vigil import vigil

NIGHT = datetime(2026, 3, 23, 22, 5, tzinfo=EASTERN)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NEVER_REMOVED = ("holding", "position", "event", "reading", "alert", "owed", "proof", "filing", "amendment")


class Taker:
    def send(self, _outgoing: Any, *, now: Any) -> Outcome:  # noqa: ARG002 -- the signature is Sender's
        return Outcome("accepted")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    for filing in THREE:
        made.file(*filing)
    yield made
    made.store.close()


@pytest.fixture
def care(desk: Desk) -> Care:
    return Care(desk.store, Pace(desk.config.store.path.with_suffix(".pace")), lambda: None)


def files(desk: Desk, folder: Path) -> Config:
    care = CareConfig(folder / "w.prom", folder / "w.atom", folder / "w.json", folder / "w.ics")
    return replace(desk.config, care=care)


def storing(desk: Desk, **more: Any) -> Config:
    return replace(desk.config, store=replace(desk.config.store, **more))


def troubles(desk: Desk) -> list[tuple[str, str]]:
    return [(source, text) for _, source, text in desk.store.troubles(NIGHT - 365 * DAY)]


# --- files beside the store -------------------------------------------------------------------------------------------------


def test_the_files_asked_for_are_written(desk: Desk, care: Care, tmp_path: Path) -> None:
    desk.file(4, form(derivatives=[option("A", "A", 10, after=10, on=on(19))], day=on(19)), at(on(20)))
    care(files(desk, tmp_path), now=NIGHT)
    assert read((tmp_path / "w.prom").read_text("utf-8"))["watcher_alerts_total"].value() == 3
    assert len(json.loads((tmp_path / "w.json").read_bytes())["items"]) == 3
    assert (tmp_path / "w.atom").read_bytes().count(b"<entry>") == 3
    dates = [line for line in (tmp_path / "w.ics").read_text("utf-8").splitlines() if line.startswith("DTSTART")]
    assert dates == ["DTSTART;VALUE=DATE:20300214", *(f"DTSTART;VALUE=DATE:202603{day:02}" for day in (4, 11, 18, 24))]


def test_a_damaged_alert_is_left_out_of_the_feeds_and_ends_nothing(desk: Desk, care: Care, tmp_path: Path) -> None:
    desk.store.execute("UPDATE alert SET payload = CAST('{' AS BLOB) WHERE rowid = 2")
    care(files(desk, tmp_path), now=NIGHT)
    assert len(json.loads((tmp_path / "w.json").read_bytes())["items"]) == 2
    assert (tmp_path / "w.atom").read_bytes().count(b"<entry>") == 2


def test_days_at_the_end_of_the_calendar_do_not_stop_the_daemon(desk: Desk, care: Care, tmp_path: Path) -> None:
    last = date(9999, 12, 31)
    desk.file(4, form(sold(1, 399, last), derivatives=[option("A", "A", 10, on=on(19), expires=last)], day=on(19)), at(on(20)))
    care(files(desk, tmp_path), now=NIGHT)
    dates = [line for line in (tmp_path / "w.ics").read_text("utf-8").splitlines() if line.startswith("DTSTART")]
    assert dates == [f"DTSTART;VALUE=DATE:202603{day:02}" for day in (4, 11, 18, 24)]


def test_a_calendar_says_the_day_of_filing_in_the_time_by_which_it_was_due(desk: Desk, care: Care, tmp_path: Path) -> None:
    desk.file(4, form(sold(100, 300, on(18)), day=on(18)), at(on(19), 21))
    care(files(desk, tmp_path), now=NIGHT)
    said = (tmp_path / "w.ics").read_text("utf-8").replace("\n ", "")
    assert f"Filed 2026-03-20 as {accession_of(4)}" in said


def test_feeds_are_written_after_a_change_only_and_metrics_each_time(desk: Desk, care: Care, tmp_path: Path) -> None:
    config = files(desk, tmp_path)

    def written_at(now: datetime) -> list[str]:
        paths = [tmp_path / name for name in ("w.prom", "w.atom", "w.json", "w.ics")]
        for path in paths:
            path.unlink(missing_ok=True)
        care(config, now=now)
        return [path.suffix for path in paths if path.exists()]

    assert written_at(NIGHT) == [".prom", ".atom", ".json", ".ics"]
    assert written_at(NIGHT + MINUTE) == [".prom"]
    desk.file(4, form(day=on(19)), at(on(20)))
    assert written_at(NIGHT + 2 * MINUTE) == [".prom", ".atom", ".json", ".ics"]


def test_the_same_content_gives_the_same_feeds(desk: Desk, care: Care, tmp_path: Path) -> None:
    config = files(desk, tmp_path)
    care(config, now=NIGHT)
    before = [(tmp_path / name).read_bytes() for name in ("w.atom", "w.json", "w.ics")]
    again = Care(desk.store, Pace(tmp_path / "pace"), lambda: None)
    again(config, now=NIGHT + HOUR)
    assert [(tmp_path / name).read_bytes() for name in ("w.atom", "w.json", "w.ics")] == before


def test_a_file_that_cannot_be_written_is_a_trouble_once_a_day(desk: Desk, care: Care, tmp_path: Path) -> None:
    config = replace(desk.config, care=CareConfig(metrics_file=tmp_path / "none" / "w.prom"))
    for minutes in range(3):
        care(config, now=NIGHT + minutes * MINUTE)
    assert [source for source, _ in troubles(desk)] == ["care w.prom"]
    care(config, now=NIGHT + DAY)
    assert len(troubles(desk)) == 2


def test_a_place_that_cannot_be_looked_at_is_a_trouble_too(desk: Desk, care: Care, tmp_path: Path) -> None:
    # As a folder that is closed to this user is, but also for root.
    config = replace(desk.config, care=CareConfig(metrics_file=tmp_path / ("w" * 300)))
    care(config, now=NIGHT)
    ((_, text),) = troubles(desk)
    assert "could not be written" in text


# --- nightly backups --------------------------------------------------------------------------------------------------------


def test_a_backup_is_made_each_night_and_the_latest_are_kept(desk: Desk, care: Care, tmp_path: Path) -> None:
    config = storing(desk, backup=tmp_path / "copies", backup_keep=2)
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies" / "notes.txt").touch()
    for hours in range(0, 72, 4):
        care(config, now=NIGHT + hours * HOUR)
    names = sorted(path.name for path in (tmp_path / "copies").iterdir())
    assert names == ["notes.txt", "watcher-2026-03-24.db", "watcher-2026-03-25.db"]
    assert desk.store.moment("backup made") == NIGHT + 48 * HOUR


def test_a_nightly_backup_can_be_restored(desk: Desk, care: Care, tmp_path: Path) -> None:
    care(storing(desk, backup=tmp_path / "copies"), now=NIGHT)
    desk.store.close()
    (copy,) = (tmp_path / "copies").iterdir()
    done = run_watcher(desk.config.path, "restore", str(copy))
    assert done.returncode == 0, done.stderr
    store = Store(desk.config.store.path, create=False)
    assert store.alerts_promised() == 3
    store.close()


def test_a_backup_that_fails_is_told_and_told_to_be_over(desk: Desk, care: Care, tmp_path: Path) -> None:
    (tmp_path / "copies").write_text("a file where the folder should be")
    config = storing(desk, backup=tmp_path / "copies")
    care(config, now=NIGHT)
    (said,) = troubles(desk)
    assert said[0] == "backup"
    assert said[1].startswith("there is no backup of this night: ")
    pace = Pace(tmp_path / "pace")
    for minutes in range(3):
        vigil(desk.store, pace, config, now=NIGHT + minutes * MINUTE)
    titles = [row["title"] for row in desk.store.rows("SELECT title FROM alert WHERE watch_key = 'vigil'")]
    assert [title for title in titles if "no backup" in title]
    (tmp_path / "copies").unlink()
    care(config, now=NIGHT + 30 * MINUTE)
    assert not (tmp_path / "copies").exists()  # tried again in an hour, not each minute
    care(config, now=NIGHT + HOUR)
    assert desk.store.fact("backup failed") is None
    assert len(list((tmp_path / "copies").iterdir())) == 1


def test_status_says_that_the_backup_failed(desk: Desk, care: Care, tmp_path: Path) -> None:
    (tmp_path / "copies").touch()
    care(storing(desk, backup=tmp_path / "copies"), now=NIGHT)
    done = run_watcher(desk.config.path, "status")
    assert done.returncode == 1
    assert "there is no backup of this night" in done.stdout


def test_a_clock_that_went_back_does_not_put_the_backup_off(desk: Desk, care: Care, tmp_path: Path) -> None:
    config = storing(desk, backup=tmp_path / "copies", backup_keep=1)
    care(config, now=NIGHT + 300 * DAY)
    care(config, now=NIGHT)
    assert desk.store.moment("backup made") == NIGHT
    assert (tmp_path / "copies" / "watcher-2026-03-23.db").exists()


def test_a_store_whose_name_looks_like_a_pattern_does_not_fill_the_disk_with_backups(desk: Desk, tmp_path: Path) -> None:
    config = storing(desk, path=tmp_path / "watcher[1].db", backup=tmp_path / "copies", backup_keep=2)
    with closing(Store(config.store.path)) as store:
        care = Care(store, Pace(tmp_path / "pace"), lambda: None)
        for days in range(4):
            care(config, now=NIGHT + days * DAY)
    assert len(list((tmp_path / "copies").iterdir())) == 2


# --- by age -----------------------------------------------------------------------------------------------------------------


def snapshot(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    return {table: [tuple(row) for row in store.rows(f"SELECT * FROM {table}")] for table in NEVER_REMOVED}  # noqa: S608 -- our tables


@pytest.fixture
def old(desk: Desk) -> Desk:
    with desk.store.transaction():
        for number in (1, 2, 3):
            desk.store.keep_original(accession_of(number), b"as EDGAR sent it" * 400, READER_VERSION)
    for _ in range(3):
        deliver(desk.store, Taker(), "machine", now=lambda: at(on(18)))
        deliver(desk.store, Taker(), "desk", now=lambda: at(on(18)))
    return desk


def test_nothing_goes_by_age_unless_asked_for(old: Desk, care: Care) -> None:
    care(old.config, now=NIGHT + 3650 * DAY)
    assert all(old.store.original(accession_of(number)) for number in (1, 2, 3))
    assert old.store.value("SELECT count(*) FROM attempt") == 6


def test_originals_go_by_age_and_their_hash_stays(old: Desk, care: Care) -> None:
    before = snapshot(old.store)
    care(storing(old, keep_originals=timedelta(days=30)), now=at(on(10)) + 31 * DAY)
    assert [old.store.original(accession_of(number)) is None for number in (1, 2, 3)] == [True, True, False]
    assert old.store.value("SELECT count(*) FROM original WHERE sha256 > ''") == 3
    assert snapshot(old.store) == before
    assert "its original was removed by age" in run_watcher(old.config.path, "why", accession_of(1)).stdout


def test_reparse_says_what_it_could_not_read_again(old: Desk, care: Care) -> None:
    old.file(4, form(day=on(19)), at(on(20)))
    with old.store.transaction():
        old.store.keep_original(accession_of(4), b"unreadable", READER_VERSION)
    care(storing(old, keep_originals=timedelta(days=30)), now=at(on(16)) + 31 * DAY)
    done = run_watcher(old.config.path, "reparse", "--all")
    assert "3 filings cannot be read again: the originals were removed by age" in done.stderr
    assert "1 filing read again" in done.stderr


def test_an_original_that_goes_while_it_is_asked_for_is_passed_over(old: Desk, care: Care) -> None:
    found = old.store.readings(older_than=READER_VERSION + 1)
    next(found)
    care(storing(old, keep_originals=timedelta(days=30)), now=at(on(16)) + 31 * DAY)
    assert list(found) == []


def test_the_original_of_a_quarantined_filing_stays(old: Desk, care: Care) -> None:
    with old.store.transaction():
        old.store.quarantine(accession_of(1), reason="not legible", now=at(on(2)))
    care(storing(old, keep_originals=timedelta(days=30)), now=NIGHT + 365 * DAY)
    assert old.store.original(accession_of(1)) is not None


def test_logs_go_by_age_and_what_happened_stays(old: Desk, care: Care) -> None:
    before = snapshot(old.store)
    care(storing(old, keep_logs=timedelta(days=30)), now=NIGHT + 365 * DAY)
    assert snapshot(old.store) == before
    assert {row[0] for row in old.store.rows("SELECT conditions FROM verdict")} == {"[]"}
    assert old.store.value("SELECT count(*) FROM verdict WHERE matched") == 3
    # the newest of each destination stay: one says how much was told, each how its destination fares
    assert old.store.value("SELECT count(*) FROM attempt") == 2
    assert old.store.value("SELECT max(id) FROM attempt") == 6
    assert "removed by age (keep_logs)" in run_watcher(old.config.path, "why", accession_of(1)).stdout


def test_a_counter_never_goes_back(old: Desk, care: Care) -> None:
    def counted() -> list[float]:
        text = metrics(old.store, Pace(old.config.store.path.with_suffix(".pace")), old.config, now=NIGHT)
        return list(read(text)["watcher_deliveries_total"].samples.values())

    assert counted() == [3, 3]
    for days in (365, 366):
        care(storing(old, keep_logs=timedelta(days=30)), now=NIGHT + days * DAY)
        assert counted() == [3, 3]


def test_a_store_whose_logs_went_is_not_taken_for_an_older_copy(old: Desk, care: Care) -> None:
    care(storing(old, keep_logs=timedelta(days=30)), now=NIGHT + 365 * DAY)
    assert old.store.recover_restored(NIGHT + 365 * DAY) is None
    assert old.store.recover_restored(NIGHT + 366 * DAY) is None


def test_the_database_gets_smaller(old: Desk, care: Care) -> None:
    numbers = range(10, 200)
    with old.store.transaction():
        for number in numbers:
            old.store.execute(
                "INSERT INTO filing (accession_number, form_type, state, queue, path_cik, found_by, first_seen_at, next_at, ingested_at)"
                " VALUES (?, '4', 'ingested', 'live', '1', 'feed', '2026', '2026', '2026-01-01')",
                (accession_of(number),),
            )
            old.store.keep_original(
                accession_of(number), number.to_bytes(2) + bytes(range(256)) * 40 * (number % 7), READER_VERSION
            )
    old.store.checkpoint()
    before = old.store.path.stat().st_size
    care(storing(old, keep_originals=timedelta(days=30)), now=NIGHT + 365 * DAY)
    old.store.checkpoint()
    assert old.store.path.stat().st_size < before
    assert old.store.value("PRAGMA freelist_count") == 0
    assert old.store.integrity() is None


# --- the keys ---------------------------------------------------------------------------------------------------------------


def written(folder: Path, text: str) -> Config:
    path = folder / "watcher.toml"
    path.write_text(
        f'[edgar]\ncontact = "Test test@example.com"\n{text}\n[destinations.desk]\nterminal = true\n'
        '[rules.default]\nnotify = ["desk"]\n[[watch]]\nticker = "EXMP"\n',
        "utf-8",
    )
    return load(path, {})


def test_files_and_backups_lie_beside_the_store(tmp_path: Path) -> None:
    config = written(
        tmp_path,
        '[store]\npath = "data/watcher.db"\nkeep_originals = "730d"\nbackup = "copies"\nbackup_keep = 3\n'
        '[care]\nmetrics_file = "w.prom"\natom_file = "/srv/w.atom"\nlog_format = "json"',
    )
    assert (config.store.backup, config.store.backup_keep) == (tmp_path / "data" / "copies", 3)
    assert config.store.keep_originals == timedelta(days=730)
    assert (config.care.metrics_file, config.care.atom_file) == (tmp_path / "data" / "w.prom", Path("/srv/w.atom"))
    assert (config.care.log_format, config.care.log_level) == ("json", "info")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[store]\nkeep_originals = "7d"', 'keep_originals must be at least "30d"'),
        ("[store]\nbackup_keep = 0", "backup_keep must be a whole number of copies"),
        ('[care]\nlog_level = "loud"', "log_level has an unknown level 'loud'"),
        ('[care]\nmetrics = "x"', "unknown key 'metrics'; did you mean metrics_file?"),
        ('[care]\nbackup = "x"', "it belongs in [store]"),
        ('[care]\natom_file = "watcher.db-wal"', "something else already"),
        ('[store]\npath = "data/watcher.db"\n[care]\natom_file = "../data/watcher.db"', "something else already"),
        ('[care]\natom_file = "x/../watcher.toml"', "something else already"),
        ('[care]\natom_file = "watcher.db"', "atom_file names a file that is something else already"),
        ('[care]\natom_file = "a"\njson_feed_file = "a"', "json_feed_file names a file that is something else already"),
    ],
)
def test_a_mistake_is_said_with_what_would_be_right(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        written(tmp_path, text)
    assert said in str(caught.value)


# --- in the daemon ----------------------------------------------------------------------------------------------------------


def test_the_daemon_keeps_the_files_and_its_log_says_what_each_line_is_about(tmp_path: Path) -> None:
    with Scene(tmp_path) as scene:
        path = scene.configure()
        path.write_text(
            path.read_text("utf-8").replace('path = "watcher.db"', 'path = "watcher.db"\nbackup = "copies"')
            + '\n[care]\nmetrics_file = "w.prom"\natom_file = "w.atom"\nlog_format = "json"\n',
            "utf-8",
        )
        with DaemonProcess(path) as daemon:
            until(lambda: (tmp_path / "w.prom").exists() and (tmp_path / "copies").exists())
            daemon.says("baseline of EXMP")
            number = scene.file(a_sale(1))
            daemon.says("delivered")
            assert daemon.stop() == 0
        lines = [json.loads(line) for line in daemon.log.splitlines()]
    read((tmp_path / "w.prom").read_text("utf-8"))
    assert (tmp_path / "w.atom").exists()
    of = [line for line in lines if line.get("accession_number") == number]
    assert [line["message"] for line in of] == [f"{number} ingested, 1 alert", "hook: delivered"]
    assert {line["cik"] for line in of} == {EXAMPLE.cik}
    assert of[1]["destination"] == "hook"
