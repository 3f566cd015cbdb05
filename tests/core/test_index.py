"""EDGAR's other lists: submissions of a CIK, its older parts, the ticker file and the master index."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from watcher.core.errors import FeedUnreadable
from watcher.core.index import Shard
from watcher.core.index import TickerEntry
from watcher.core.index import parse_master
from watcher.core.index import parse_submissions
from watcher.core.index import parse_tickers
from watcher.core.listing import FilingRef
from watcher.core.listing import Party

CIK = "0009990001"
COLUMNS = {
    "accessionNumber": ["0000000000-26-000003", "0000000000-26-000002", "0000000000-26-000001"],
    "form": ["4/A", "8-K", "4"],
    "filingDate": ["2026-06-19", "2026-06-18", "2026-06-17"],
    "acceptanceDateTime": ["2026-06-19T18:42:10.000Z"] * 3,
}
SHARD: dict[str, Any] = {
    "name": f"CIK{CIK}-submissions-001.json",
    "filingCount": 5,
    "filingFrom": "2003-05-06",
    "filingTo": "2009-01-31",
}
SUBMISSIONS: dict[str, Any] = {
    "cik": "9990001",
    "name": "Example Corp",
    "tickers": ["EXMP", "EXMP-B"],
    "filings": {"recent": COLUMNS, "files": [SHARD]},
}


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


def test_the_list_of_a_cik_gives_its_ownership_filings() -> None:
    listed = parse_submissions(encoded(SUBMISSIONS), CIK)
    party = (Party(CIK, "unknown", "Example Corp"),)
    assert listed.filings == (
        FilingRef("0000000000-26-000003", "4/A", party, CIK, filed_on=date(2026, 6, 19)),
        FilingRef("0000000000-26-000001", "4", party, CIK, filed_on=date(2026, 6, 17)),
    )
    assert (listed.cik, listed.name, listed.tickers) == (CIK, "Example Corp", ("EXMP", "EXMP-B"))
    assert listed.shards == (Shard(SHARD["name"], date(2003, 5, 6), date(2009, 1, 31)),)


def test_the_acceptance_time_of_the_list_is_not_believed() -> None:
    assert all(filing.listed_at is None for filing in parse_submissions(encoded(SUBMISSIONS), CIK).filings)


def test_an_older_part_is_the_table_itself() -> None:
    part = parse_submissions(encoded(COLUMNS), CIK)
    assert [filing.form_type for filing in part.filings] == ["4/A", "4"]
    assert (part.name, part.tickers, part.shards) == ("", (), ())


def test_a_cik_without_tickers_files_or_filings_has_none() -> None:
    empty = {"name": "Roe Jane", "tickers": None, "filings": {"recent": {name: list[str]() for name in COLUMNS}, "files": None}}
    listed = parse_submissions(encoded(empty), CIK)
    assert (listed.tickers, listed.filings, listed.shards) == ((), (), ())


def with_recent(**columns: object) -> dict[str, Any]:
    return {**SUBMISSIONS, "filings": {"recent": {**COLUMNS, **columns}, "files": []}}


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"filings": []},
        {"filings": {"files": []}},
        {"filings": {"recent": []}},
        {"filings": {"recent": {"accessionNumber": [], "form": []}}},
        with_recent(form=["4"]),
        with_recent(accessionNumber=["1", "2", "3"]),
        with_recent(accessionNumber=[None, None, None]),
        with_recent(filingDate=["17 June", "2026-06-18", "2026-06-17"]),
        {**SUBMISSIONS, "tickers": "EXMP"},
        {**SUBMISSIONS, "filings": {"recent": COLUMNS, "files": {"name": "x"}}},
        {**SUBMISSIONS, "filings": {"recent": COLUMNS, "files": [{**SHARD, "name": "../../etc/passwd"}]}},
        {**SUBMISSIONS, "filings": {"recent": COLUMNS, "files": [{**SHARD, "filingTo": None}]}},
        {**SUBMISSIONS, "filings": {"recent": COLUMNS, "files": ["CIK0009990001-submissions-001.json"]}},
    ],
)
def test_a_list_of_another_shape_is_an_outage(document: object) -> None:
    with pytest.raises(FeedUnreadable):
        parse_submissions(encoded(document), CIK)


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"\xff\xfe{", b"[" * 100_000, b'{"filings":'])
def test_what_is_no_json_is_an_outage(body: bytes) -> None:
    with pytest.raises(FeedUnreadable, match="not JSON"):
        parse_submissions(body, CIK)
    with pytest.raises(FeedUnreadable, match="not JSON"):
        parse_tickers(body)


def test_a_form_that_is_no_text_is_passed_over() -> None:
    assert len(parse_submissions(encoded(with_recent(form=[None, ["4"], "4"])), CIK).filings) == 1


def test_tickers_are_known_in_capitals_with_ten_digits() -> None:
    body = encoded(
        {
            "0": {"cik_str": 9990001, "ticker": "exmp", "title": "Example Corp"},
            "1": {"cik_str": "9990002", "ticker": "OTHR-B", "title": "Other Example Inc"},
            "2": {"cik_str": 9990003, "ticker": "EXMP", "title": "A later one of the same name"},
        }
    )
    assert parse_tickers(body) == {
        "EXMP": TickerEntry("EXMP", "0009990001", "Example Corp"),
        "OTHR-B": TickerEntry("OTHR-B", "0009990002", "Other Example Inc"),
    }


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        {"fields": ["cik", "name", "ticker", "exchange"], "data": [[9990001, "Example Corp", "EXMP", "NYSE"]]},
        {"0": {"cik_str": None, "ticker": "EXMP", "title": "Example Corp"}},
        {"0": {"cik_str": "EXMP", "ticker": "EXMP", "title": "Example Corp"}},
        {"0": {"ticker": "EXMP", "title": "Example Corp"}},
        {"0": "EXMP"},
    ],
)
def test_a_ticker_file_of_another_shape_is_an_outage(document: object) -> None:
    with pytest.raises(FeedUnreadable):
        parse_tickers(encoded(document))


PREAMBLE = "Description: Daily Index\n \nCIK|Company Name|Form Type|Date Filed|File Name\n" + "-" * 80 + "\n"


def master(*lines: str) -> bytes:
    return (PREAMBLE + "".join(f"{line}\n" for line in lines)).encode("latin-1")


def test_the_lines_of_a_filing_are_one_filing() -> None:
    body = master(
        "9990001|Example Corp|4|20260617|edgar/data/9990001/0000000000-26-000001.txt",
        "9990002|Other Example Inc|8-K|20260617|edgar/data/9990002/0000000000-26-000002.txt",
        "9980001|Roe Jané|4|20260617|edgar/data/9980001/0000000000-26-000001.txt",
        "9980002|Doe Alex|5/A|2026-06-17|edgar/data/9980002/0000000000-26-000003.txt",
        "",
    )
    assert parse_master(body) == [
        FilingRef(
            "0000000000-26-000001",
            "4",
            (Party("0009990001", "unknown", "Example Corp"), Party("0009980001", "unknown", "Roe Jané")),
            "0009990001",
            filed_on=date(2026, 6, 17),
        ),
        FilingRef(
            "0000000000-26-000003", "5/A", (Party("0009980002", "unknown", "Doe Alex"),), "0009980002", filed_on=date(2026, 6, 17)
        ),
    ]


def test_an_index_of_a_day_without_filings_is_empty() -> None:
    assert parse_master(master()) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>SEC.gov | File Unavailable</html>",
        b"<Error><Code>AccessDenied</Code></Error>",
        PREAMBLE.encode()[:60],
        master("9990001|Example Corp|4|20260617"),
        master("9990001|Example|Corp|4|20260617|edgar/data/9990001/0000000000-26-000001.txt"),
        master("9990001|Example Corp|4|20260617|edgar/data/9990001/0000000000-26-00"),
        master("CIK|Example Corp|4|20260617|edgar/data/9990001/0000000000-26-000001.txt"),
        master("9990001|Example Corp|4|June|edgar/data/9990001/0000000000-26-000001.txt"),
        master("4    Example Corp    9990001   20260617   edgar/data/9990001/0000000000-26-000001.txt"),
    ],
)
def test_an_index_of_another_shape_is_an_outage(body: bytes) -> None:
    with pytest.raises(FeedUnreadable):
        parse_master(body)


def test_the_recorded_submissions_are_read_whole(corpus: Path) -> None:
    paths = [path for path in sorted((corpus / "feeds" / "submissions").iterdir()) if ".headers." not in path.name]
    assert len(paths) > 30
    for path in paths:
        document = json.loads(path.read_bytes())
        columns = document if "accessionNumber" in document else document["filings"]["recent"]
        wanted = [
            (accession, form, date.fromisoformat(filed))
            for accession, form, filed in zip(columns["accessionNumber"], columns["form"], columns["filingDate"], strict=True)
            if form in {"3", "3/A", "4", "4/A", "5", "5/A"}
        ]
        listed = parse_submissions(path.read_bytes(), CIK)
        assert [(filing.accession_number, filing.form_type, filing.filed_on) for filing in listed.filings] == wanted, path.name
        assert len(listed.shards) == len(document.get("filings", {}).get("files", [])), path.name


def test_the_recorded_ticker_files_are_read_and_the_columnar_one_is_refused(corpus: Path) -> None:
    folder = corpus / "feeds" / "tickers"
    for name in ("company_tickers_edgartools.json", "company_tickers_ryansmccoy.json"):
        body = (folder / name).read_bytes()
        assert len(parse_tickers(body)) == len(json.loads(body)) > 9000
    with pytest.raises(FeedUnreadable, match="changed its shape"):
        parse_tickers((folder / "company_tickers_exchange_ryansmccoy.json").read_bytes())


def test_the_recorded_master_indexes_are_read_and_the_other_kinds_refused(corpus: Path) -> None:
    found = {}
    for path in sorted((corpus / "indexes").glob("master*")):
        lines = path.read_bytes().decode("latin-1").splitlines()
        wanted = {
            line.split("|")[4][-24:-4]
            for line in lines
            if line.split("|")[2:3] in (["3"], ["4"], ["5"], ["3/A"], ["4/A"], ["5/A"])
        }
        filings = parse_master(path.read_bytes())
        assert {filing.accession_number for filing in filings} == wanted, path.name
        assert len(filings) == len(wanted)
        found[path.name] = len(filings)
    assert found["master_1993QTR1.idx"] == found["master_1993QTR4_excerpt.idx"] == 0
    assert found["master.20130104.idx"] > 1000
    others = [path for path in (corpus / "indexes").iterdir() if not path.name.startswith(("master", "empty"))]
    assert len(others) >= 5
    for path in others:
        with pytest.raises(FeedUnreadable):
            parse_master(path.read_bytes())


def test_half_a_letter_in_a_name_is_replaced_as_nothing_could_keep_it() -> None:
    found = parse_submissions(json.dumps({**SUBMISSIONS, "name": "Example \ud83d Corp"}).encode(), CIK)
    assert found.name == "Example \ufffd Corp"
    assert {party.name for filing in found.filings for party in filing.parties} == {"Example \ufffd Corp"}
