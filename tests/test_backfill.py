"""Years before a watch began, into the store: all of them, once, interrupted or not, and nobody is told."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.contents import content
from tests.core.samples import row
from tests.history import Filed
from tests.history import history
from tests.quarter import of_issuers
from tests.quarter import packed
from tests.quarter import quarter
from tests.quarter import quarter_of
from tests.test_judgement import amending
from tests.test_judgement import form
from tests.test_judgement import sold
from tests.world import DAY
from tests.world import EXAMPLE
from tests.world import NOON
from tests.world import World
from tests.world import a_sale
from tests.world import accession
from watcher.backfill import list_years
from watcher.backfill import read_years
from watcher.core.errors import Unreachable
from watcher.core.errors import UnreadableDocument
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row
from watcher.demo.filings import filing
from watcher.past import PastFiling
from watcher.past import keep_past
from watcher.quarters import Choice
from watcher.quarters import Quarter
from watcher.quarters import Tally
from watcher.quarters import cut
from watcher.quarters import take_parts
from watcher.quarters import workshop
from watcher.store import Store
from watcher.store import StoredWatch

LONG_AGO = date(2000, 1, 1)
TELL_ALL = (
    'events = ["sale", "purchase", "exercise", "vest", "withholding", "gift", "award", "conversion", "disposition", "other",'
    ' "amendment", "late", "unexplained"]'
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, rule=TELL_ALL) as made:
        yield made


def backfill(world: World, *, since: date = LONG_AGO, waited: list[float] | None = None) -> list[str]:
    """The history of all watches; what became of each filing."""
    (watch,) = world.store.watches()
    listed = list_years(world.door, world.store, watch, since=since)
    sleep = (waited if waited is not None else []).append
    return list(
        read_years(world.door, world.store, world.config, listed.filings, now=world.clock, sleep=sleep, say=lambda _: None)
    )


def take_quarters(
    world: World,
    *quarters: Path,
    named: tuple[StoredWatch, ...] = (),
    everything: bool = False,
    since: date | None = None,
    processes: int = 1,
) -> Tally:
    choice = Choice(named or tuple(world.store.watches()), everything, since)
    with workshop(world.config.store.path) as folder:
        parts = cut(world.store, [Quarter(path) for path in quarters], choice, folder)
        return take_parts(world.store, world.config, choice, parts, processes=processes, now=world.clock, progress=lambda _: None)


def nobody_is_told(world: World) -> bool:
    return not any(world.store.value(f"SELECT count(*) FROM {table}") for table in ("alert", "owed", "verdict"))  # noqa: S608 -- names of our own schema


def put(world: World, made: Sequence[Filed]) -> None:
    for one in made:
        world.edgar.file(filing(one.accession_number, one.document), accepted_at=one.filed_at)


# --- from EDGAR's lists -----------------------------------------------------------------------------------------------------


def test_all_that_a_watch_filed_is_read_and_nobody_is_told(world: World) -> None:
    made = history(1, 40, 3)
    put(world, made)
    world.watch()
    assert backfill(world) == ["kept"] * len(made)
    assert nobody_is_told(world)
    assert {row[0] for row in world.store.rows("SELECT state || silent_because FROM filing")} == {
        "ingestedhistory, read by `watcher backfill`"
    }
    assert world.store.integrity() is None


def test_history_is_as_the_daemon_s_baseline_would_have_read_it(world: World, tmp_path: Path) -> None:
    made = history(3, 40, 3)
    put(world, made)
    world.watch()
    backfill(world)
    (tmp_path / "other").mkdir()
    with World(tmp_path / "other", rule=TELL_ALL) as other:
        put(other, made)
        other.watch()
        store = other.store
        store.remember(
            list_years(other.door, store, store.watches()[0], since=LONG_AGO).filings,
            now=other.clock(),
            found_by="submissions",
            queue="baseline",
        )
        assert len(other.ingest("baseline")) == len(made)
        theirs, ours = content(store), content(world.store)
        same = ("position", "holding", "event", "event_owner", "amendment", "reading", "original")
        assert {name: ours[name] for name in same} == {name: theirs[name] for name in same}


def test_only_what_was_filed_since_the_day_is_read(world: World) -> None:
    for number, ago in ((1, 400), (2, 200), (3, 100)):
        world.file(a_sale(number), ago=ago * DAY)
    world.watch()
    assert len(backfill(world, since=(NOON - 250 * DAY).date())) == 2


def test_what_is_stored_is_not_asked_for_again(world: World) -> None:
    put(world, history(1, 10, 1))
    world.watch()
    backfill(world)
    before = len(world.edgar.requests)
    assert backfill(world) == []
    assert [request.path for request in world.edgar.requests[before:]] == [f"/submissions/CIK{EXAMPLE.cik}.json"]


def test_what_was_filed_since_the_watch_began_is_left_to_the_daemon_that_tells_of_it(world: World) -> None:
    world.watch()
    world.clock.tick(3 * DAY)
    late = world.file(a_sale(1))
    assert backfill(world) == []
    world.poll()
    world.ingest()
    assert world.alerted() == [late]


@pytest.mark.parametrize("document", [None, b"no document"])
def test_a_filing_that_another_watch_should_have_told_of_is_left_to_be_found(world: World, document: bytes | None) -> None:
    world.watch()
    world.clock.tick(30 * DAY)
    missed = world.file(a_sale(1) if document is None else replace(a_sale(1), document=document), listed=False)
    world.clock.tick(30 * DAY)
    world.watch('ticker = "EXMP"', 'owner_cik = "0009980001"')
    (owner,) = [watch for watch in world.store.watches() if watch.role == "owner"]
    listed = list_years(world.door, world.store, owner, since=LONG_AGO)
    told = read_years(
        world.door, world.store, world.config, listed.filings, now=world.clock, sleep=lambda _: None, say=lambda _: None
    )
    assert list(told) == ["newer"]
    assert world.state_of(missed) is None


def test_edgar_away_is_waited_for(world: World) -> None:
    put(world, history(1, 3, 1))
    world.watch()
    world.edgar.fault("down", times=2, path_contains="Archives")
    waited: list[float] = []
    assert set(backfill(world, waited=waited)) == {"kept"}
    assert waited == [2, 5]


def test_edgar_away_for_long_ends_it_and_what_was_read_stays(world: World) -> None:
    made = history(1, 5, 1)
    put(world, made)
    world.watch()
    world.edgar.fault("down", path_contains=made[3].accession_number)
    with pytest.raises(Unreachable):
        backfill(world)
    assert world.store.value("SELECT count(*) FROM filing") == 3
    world.edgar.clear_faults()
    assert len(backfill(world)) == len(made) - 3


def test_a_document_that_cannot_be_read_is_set_aside_and_nobody_is_told(world: World) -> None:
    world.file(replace(a_sale(1), document=b"no document"), ago=100 * DAY)
    world.watch()
    assert backfill(world) == ["unreadable"]
    assert world.state_of(accession(1)) == "quarantined"
    assert nobody_is_told(world)


def test_what_waits_for_the_daemon_is_left_to_it(world: World) -> None:
    number = world.file(a_sale(1), ago=100 * DAY)
    world.watch()
    (watch,) = world.store.watches()
    refs = list_years(world.door, world.store, watch, since=LONG_AGO).filings
    world.store.remember(refs, now=world.clock(), found_by="submissions", queue="baseline")
    assert list(
        read_years(world.door, world.store, world.config, refs, now=world.clock, sleep=lambda _: None, say=lambda _: None)
    ) == ["known"]
    assert world.state_of(number) == "pending"


# --- from data sets -----------------------------------------------------------------------------------------------------------


def test_of_a_quarter_only_the_watches_are_taken(world: World, tmp_path: Path) -> None:
    path = packed(quarter_of(of_issuers(1, 20, 3)), tmp_path / "2015q1_form345.zip")
    world.watch()
    tally = take_quarters(world, path)
    assert (tally.kept >= 20, tally.left_out) == (True, [])
    assert {row[0] for row in world.store.rows("SELECT DISTINCT issuer_cik FROM filing")} == {EXAMPLE.cik}
    assert nobody_is_told(world)


def test_a_person_is_taken_at_every_issuer(world: World, tmp_path: Path) -> None:
    made = of_issuers(1, 20, 3)
    whom = made[-1].document.reporting_owners[0].cik
    world.watch(f'owner_cik = "{whom}"')
    tally = take_quarters(world, packed(quarter_of(made), tmp_path / "q.zip"))
    theirs = [one for one in made if whom in {owner.cik for owner in one.document.reporting_owners}]
    assert tally.kept == len(theirs) > 0


def test_everything_is_the_same_in_however_many_processes_it_is_read(world: World, tmp_path: Path) -> None:
    made = of_issuers(4, 30, 6)
    one, two = (packed(quarter_of(made[part::2]), tmp_path / f"{part}.zip") for part in range(2))
    world.watch()
    assert take_quarters(world, one, two, everything=True, processes=2).kept == len(made)
    assert world.store.integrity() is None
    (tmp_path / "other").mkdir()
    with World(tmp_path / "other") as other:
        other.watch(*(f'cik = "{number:010}"' for number in range(9_990_001, 9_990_007)))
        assert take_quarters(other, one, two).kept == len(made)
        assert content(other.store) == content(world.store)


def test_issuers_of_whom_something_is_here_are_held_against_it(world: World, tmp_path: Path) -> None:
    made = of_issuers(4, 40, 2)
    world.watch()
    first = packed(quarter_of(made[::2]), tmp_path / "1.zip")
    second = packed(quarter_of(made[1::2]), tmp_path / "2.zip")
    for path in (first, second):
        take_quarters(world, path, everything=True, processes=2)
    (tmp_path / "other").mkdir()
    with World(tmp_path / "other") as other:
        other.watch()
        take_quarters(other, packed(quarter_of(made), tmp_path / "all.zip"), everything=True, processes=2)
        assert content(other.store) == content(world.store)


def test_a_data_set_taken_twice_is_taken_once(world: World, tmp_path: Path) -> None:
    made = of_issuers(1, 20, 2)
    path = packed(quarter_of(made), tmp_path / "q.zip")
    world.watch()
    take_quarters(world, path, everything=True)
    before = content(world.store)
    again = take_quarters(world, path, everything=True)
    assert (again.kept, again.known) == (0, len(made))
    assert content(world.store) == before


def test_filings_before_the_day_are_left_out(world: World, tmp_path: Path) -> None:
    made = history(1, 40, 4)
    world.watch()
    tally = take_quarters(world, packed(quarter_of(made), tmp_path / "q.zip"), since=date(2017, 1, 1))
    assert tally.kept == sum(one.filed_at.date() >= date(2017, 1, 1) for one in made)
    assert tally.kept + tally.before == len(made)


def test_a_filing_of_the_time_of_the_watch_is_left_to_be_told(world: World, tmp_path: Path) -> None:
    world.watch()
    day = (NOON + 2 * DAY).date()
    world.clock.tick(100 * DAY)
    tables = quarter([(accession(1), day, of_example(sold(100, 900, day), day=day))])
    assert take_quarters(world, packed(tables, tmp_path / "q.zip")).newer == 1
    assert world.state_of(accession(1)) is None


def test_a_filing_of_the_time_of_a_watch_that_was_not_named_is_left_to_be_told_too(world: World, tmp_path: Path) -> None:
    world.watch('owner_cik = "0009980001"')
    day = (NOON + 30 * DAY).date()
    world.clock.tick(60 * DAY)
    world.watch('owner_cik = "0009980001"', 'ticker = "EXMP"')
    path = packed(quarter([(accession(1), day, of_example(sold(100, 900, day), day=day))]), tmp_path / "q.zip")
    named = tuple(watch for watch in world.store.watches() if watch.role == "issuer")
    assert take_quarters(world, path, named=named).newer == 1
    assert world.state_of(accession(1)) is None


def of_example(*rows: Row, day: date) -> OwnershipDocument:
    return replace(form(*rows, day=day), issuer=EXAMPLE)


def test_the_original_takes_the_place_of_the_rounded_figures(world: World, tmp_path: Path) -> None:
    day = date(2026, 3, 2)
    exact = of_example(row("S", "D", "100", "25.1234", after="900.5678", on=day), day=day)
    fixed = amending(of_example(row("S", "D", "200", "25.1234", after="800.5678", on=day), day=day), day)
    filed = {accession(1): exact, accession(2): fixed}
    for number, (name, document) in enumerate(filed.items()):
        world.edgar.file(filing(name, document), accepted_at=datetime(2026, 3, 3 + number, 18, tzinfo=NOON.tzinfo))
    world.watch()
    take_quarters(
        world,
        packed(
            quarter((name, date(2026, 3, 3 + number), document) for number, (name, document) in enumerate(filed.items())),
            tmp_path / "q.zip",
        ),
    )
    assert held(world) == ["900.57", "800.57"]
    assert backfill(world) == ["kept", "kept"]
    assert held(world) == ["900.5678", "800.5678"]
    assert [row[0] for row in world.store.rows("SELECT DISTINCT source FROM filing")] == ["submission"]
    (tmp_path / "other").mkdir()
    with World(tmp_path / "other", rule=TELL_ALL) as other:
        for number, (name, document) in enumerate(filed.items()):
            other.edgar.file(filing(name, document), accepted_at=datetime(2026, 3, 3 + number, 18, tzinfo=NOON.tzinfo))
        other.watch()
        backfill(other)
        assert content(other.store) == content(world.store)


def held(world: World) -> list[str]:
    rows = world.store.rows("SELECT shares FROM position ORDER BY accession_number")
    return [str(Decimal(row[0])) for row in rows]


def test_originals_of_a_whole_history_leave_nothing_of_the_data_set(world: World, tmp_path: Path) -> None:
    made = history(5, 60, 4, gaps=4)
    put(world, made)
    world.watch()
    take_quarters(world, packed(quarter_of(made), tmp_path / "q.zip"))
    assert len(backfill(world)) == len(made)
    assert world.store.integrity() is None
    (tmp_path / "other").mkdir()
    with World(tmp_path / "other", rule=TELL_ALL) as other:
        put(other, made)
        other.watch()
        backfill(other)
        assert content(other.store) == content(world.store)


def test_a_new_watch_reads_the_originals_of_what_a_data_set_told(world: World, tmp_path: Path) -> None:
    day = (NOON - 100 * DAY).date()
    number = world.file(a_sale(1, on=day), ago=99 * DAY)
    tables = quarter([(number, day, of_example(sold(1, 2, day), day=day))])
    world.watch('ticker = "OTHR"')
    take_quarters(world, packed(tables, tmp_path / "q.zip"), everything=True)
    world.watch('ticker = "EXMP"')
    world.baseline()
    assert [tuple(row) for row in world.store.rows("SELECT source, state FROM filing")] == [("submission", "ingested")]
    assert held(world) == ["9000"]
    assert world.store.integrity() is None
    assert world.alerted() == []


def test_a_folder_is_as_good_as_a_zip(world: World, tmp_path: Path) -> None:
    made = history(1, 20, 1)
    with zipfile.ZipFile(packed(quarter_of(made), tmp_path / "q.zip")) as file:
        file.extractall(tmp_path / "unpacked")
    world.watch()
    assert take_quarters(world, tmp_path / "unpacked").kept == len(made)


def test_what_has_no_place_is_named_and_the_rest_is_taken(world: World, tmp_path: Path) -> None:
    made = history(1, 20, 1)
    tables = quarter_of(made)
    tables["FOOTNOTES"] = (
        tables.get("FOOTNOTES", b"ACCESSION_NUMBER\tFOOTNOTE_ID\tFOOTNOTE_TXT\n") + b"0000000000-15-999999\tF1\tx\n"
    )
    world.watch()
    tally = take_quarters(world, packed(tables, tmp_path / "2015q1_form345.zip"))
    assert tally.kept == len(made)
    (words,) = tally.left_out
    assert words.startswith("2015q1_form345.zip: 1 filings or lines")


@pytest.mark.parametrize("cik", ["", "abc", "12345678901", "²"])
def test_a_filing_whose_issuer_has_no_cik_is_named_and_the_rest_is_taken(world: World, tmp_path: Path, cik: str) -> None:
    made = history(1, 20, 1)
    tables = quarter_of(made)
    tables["SUBMISSION"] = tables["SUBMISSION"].replace(str(EXAMPLE.cik).encode(), cik.encode(), 1)
    world.watch('ticker = "OTHR"')
    tally = take_quarters(world, packed(tables, tmp_path / "q.zip"), everything=True)
    assert tally.kept == len(made) - 1
    assert made[0].accession_number in "".join(tally.left_out)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text", "other zip"])
def test_a_damaged_zip_is_said_to_be_one_and_the_store_is_as_it_was(world: World, tmp_path: Path, damage: str) -> None:
    path = packed(quarter_of(history(1, 20, 1)), tmp_path / "q.zip")
    whole = path.read_bytes()
    middle = len(whole) // 4
    path.write_bytes(
        {
            "cut": whole[: len(whole) // 2],
            "flipped": whole[:middle] + bytes(byte ^ 255 for byte in whole[middle : middle + 50]) + whole[middle + 50 :],
            "empty": b"",
            "text": b"Not a zip",
            "other zip": packed({"other": b""}, tmp_path / "o.zip").read_bytes(),
        }[damage]
    )
    world.watch()
    with pytest.raises(UnreadableDocument, match=r"q\.zip|data set"):
        take_quarters(world, path)
    assert world.store.value("SELECT count(*) FROM filing") == 0
    assert not list(world.config.store.path.parent.glob("*.backfill*"))


def test_damage_in_a_zip_of_another_kind_is_said_too(world: World, tmp_path: Path) -> None:
    path = tmp_path / "q.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as file:
        file.writestr("SUBMISSION.tsv", quarter_of(history(1, 20, 1))["SUBMISSION"])
    whole = path.read_bytes()
    path.write_bytes(whole[:60] + bytes(byte ^ 255 for byte in whole[60:200]) + whole[200:])
    world.watch()
    with pytest.raises(UnreadableDocument, match="cannot be unpacked"):
        take_quarters(world, path)


def test_a_table_that_lacks_a_column_is_said_from_a_process_too(world: World, tmp_path: Path) -> None:
    tables = quarter_of(of_issuers(1, 5, 2))
    tables["DERIV_TRANS"] = b"ACCESSION_NUMBER\n"
    world.watch()
    with pytest.raises(UnreadableDocument, match="DERIV_TRANS has no column"):
        take_quarters(world, packed(tables, tmp_path / "q.zip"), everything=True, processes=2)
    assert world.store.value("SELECT count(*) FROM filing") == 0


def test_what_comes_meanwhile_is_held_against_what_a_process_read(world: World, tmp_path: Path) -> None:
    made = history(1, 10, 1)
    world.watch()
    store = world.store
    side = Store(tmp_path / "side.db")
    for one, number in ((store, 0), (side, 1)):
        past = PastFiling(
            made[number].accession_number,
            EXAMPLE.cik or "",
            made[number].filed_at.date(),
            made[number].filed_at,
            made[number].document,
        )
        assert keep_past(one, world.config, (), [past], now=world.clock()) == ["kept"]
    side.close()
    before = content(store)
    assert store.merge_past(tmp_path / "side.db") is False
    assert content(store) == before
