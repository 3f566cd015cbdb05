"""The bundled EDGAR answers as the real one does and misbehaves on request."""

from __future__ import annotations

import gzip
import json
import math
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC
from datetime import date
from datetime import datetime
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from lxml import etree

from watcher.core.model import Issuer
from watcher.core.model import ReportingOwner
from watcher.demo.edgar import BOMB_SIZE
from watcher.demo.edgar import FAULTS
from watcher.demo.edgar import BundledEdgar
from watcher.demo.filings import EASTERN
from watcher.demo.filings import Filing
from watcher.demo.filings import submission_text
from watcher.demo.stories import Occasion
from watcher.demo.stories import sale

EXAMPLE = Issuer("0009990001", "Example Corp", "EXMP")
JANE = ReportingOwner("0009980001", "Roe Jane A", is_officer=True, officer_title="Chief Example Officer")
FUND = ReportingOwner("0009980002", "Example Fund (SPV) GP, LLC", is_ten_percent_owner=True)
NOON = datetime(2026, 9, 1, 12, 0, tzinfo=EASTERN)
FEED = "/cgi-bin/browse-edgar?action=getcurrent&type=4&owner=only&count=100&start=0&output=atom"
ATOM = {"a": "http://www.w3.org/2005/Atom"}


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def edgar(clock: Clock) -> Iterator[BundledEdgar]:
    with BundledEdgar(clock, recent_limit=3) as edgar:
        yield edgar


@contextmanager
def client_of(edgar: BundledEdgar, user_agent: str = "Test test@example.com") -> Iterator[httpx.Client]:
    with httpx.Client(base_url=edgar.url, headers={"User-Agent": user_agent}, timeout=2, trust_env=False) as client:
        yield client


@pytest.fixture
def client(edgar: BundledEdgar) -> Iterator[httpx.Client]:
    with client_of(edgar) as client:
        yield client


def a_sale(number: int = 1, *owners: ReportingOwner) -> Filing:
    occasion = Occasion(f"0000000000-26-{number:06}", EXAMPLE, owners or (JANE,), date(2026, 8, 31), 10_000)
    return sale(occasion, (1_000, "25.56"))


def feed(reply: httpx.Response) -> list[etree._Element]:
    return etree.fromstring(reply.content).findall("a:entry", ATOM)


def titles(reply: httpx.Response) -> list[str]:
    return [entry.findtext("a:title", "", ATOM) for entry in feed(reply)]


# --- the current-filings list -----------------------------------------------------------------------------------------


def test_the_feed_has_one_entry_for_each_party_with_a_cik(edgar: BundledEdgar, client: httpx.Client) -> None:
    nobody = ReportingOwner(None, "Doe Alex", is_director=True)
    edgar.file(a_sale(1, JANE, nobody, FUND), accepted_at=NOON)
    assert titles(client.get(FEED)) == [
        "4 - Roe Jane A (0009980001) (Reporting)",
        "4 - Example Fund (SPV) GP, LLC (0009980002) (Reporting)",
        "4 - Example Corp (0009990001) (Issuer)",
    ]


def test_the_feed_is_newest_first_in_eastern_time(edgar: BundledEdgar, client: httpx.Client) -> None:
    for number, minutes in ((1, 20), (2, 5), (3, 10)):
        edgar.file(a_sale(number), accepted_at=(NOON - timedelta(minutes=minutes)).astimezone(UTC))
    updated = [entry.findtext("a:updated", "", ATOM) for entry in feed(client.get(FEED))]
    assert updated[::2] == ["2026-09-01T11:55:00-04:00", "2026-09-01T11:50:00-04:00", "2026-09-01T11:40:00-04:00"]


def test_a_filing_of_the_future_is_not_listed_until_the_clock_gets_there(
    edgar: BundledEdgar, client: httpx.Client, clock: Clock
) -> None:
    edgar.file(a_sale(), accepted_at=NOON + timedelta(seconds=30))
    assert titles(client.get(FEED)) == []
    clock.now += timedelta(seconds=30)
    assert len(titles(client.get(FEED))) == 2


def test_the_type_is_a_prefix_and_owner_only_removes_other_forms(edgar: BundledEdgar, client: httpx.Client) -> None:
    for number, form in enumerate(("4", "4/A", "424B2", "3"), 1):
        edgar.file(replace(a_sale(number), form_type=form), accepted_at=NOON)
    forms = [title.split(" - ")[0] for title in titles(client.get(FEED))]
    assert set(forms) == {"4", "4/A"}
    assert "424B2" in str(titles(client.get(FEED.replace("owner=only", "owner=include"))))


def test_pages_shift_by_start_and_end_in_an_empty_feed(edgar: BundledEdgar, client: httpx.Client) -> None:
    for number in range(1, 61):
        edgar.file(a_sale(number), accepted_at=NOON - timedelta(seconds=number))
    first, second, end = (titles(client.get(FEED.replace("start=0", f"start={start}"))) for start in (0, 100, 120))
    assert (len(first), len(second), end) == (100, 20, [])
    assert titles(client.get(FEED.replace("start=0", "start=1")))[:99] == first[1:]


def test_start_beyond_5000_gives_the_maintenance_page(client: httpx.Client) -> None:
    assert client.get(FEED.replace("start=0", "start=5000")).status_code == 200
    reply = client.get(FEED.replace("start=0", "start=5100"))
    assert (reply.status_code, reply.headers["Content-Type"]) == (503, "text/html")
    assert "File Unavailable" in reply.text


def test_an_unlisted_filing_is_everywhere_but_in_the_feed(edgar: BundledEdgar, client: httpx.Client) -> None:
    edgar.file(a_sale(), accepted_at=NOON, listed=False)
    assert titles(client.get(FEED)) == []
    assert client.get("/submissions/CIK0009990001.json").json()["filings"]["recent"]["form"] == ["4"]
    assert client.get("/Archives/edgar/data/9990001/0000000000-26-000001.txt").status_code == 200


def skeleton(page: bytes) -> set[str]:
    """The distinct lines of a feed, values blanked."""
    text = re.sub(r"(?<=>)[^<>&\n]+(?=<)|(?<=data/)[^\"]+(?=-index)", "_", page.decode("iso-8859-1"))
    text = re.sub(r"AccNo:(\S+) \S+ |Filed:(\S+) \S+ |Size:(\S+) \d+ KB|(?<=term=\")[^\"]+", r"\1\2\3", text)
    text = re.sub(r"<title>.*</title>", "<title>_</title>", text)
    return set(text.splitlines())


def test_the_feed_is_shaped_as_a_recorded_one(corpus: Path, edgar: BundledEdgar, client: httpx.Client) -> None:
    edgar.file(a_sale(), accepted_at=NOON)
    recorded = sorted(corpus.glob("feeds/getcurrent/*/type=4_count=100_start=00000.atom"))
    assert recorded
    for page in recorded:
        assert skeleton(client.get(FEED).content) == skeleton(page.read_bytes())


# --- one filer, tickers, archive, index -------------------------------------------------------------------------------


def test_submissions_list_a_filing_under_every_cik_it_names(edgar: BundledEdgar, client: httpx.Client) -> None:
    edgar.file(a_sale(1, JANE, FUND), accepted_at=NOON)
    for cik in ("0009990001", "0009980001", "0009980002"):
        recent = client.get(f"/submissions/CIK{cik}.json").json()["filings"]["recent"]
        assert recent["accessionNumber"] == ["0000000000-26-000001"]
        assert recent["filingDate"] == ["2026-09-01"]
        assert recent["primaryDocument"] == ["xslF345X05/form4.xml"]


def test_older_rows_go_to_shards_newest_first(edgar: BundledEdgar, client: httpx.Client) -> None:
    for number in range(1, 9):
        edgar.file(a_sale(number), accepted_at=NOON - timedelta(days=number))
    filings = client.get("/submissions/CIK0009990001.json").json()["filings"]
    numbers = list(filings["recent"]["accessionNumber"])
    assert [(shard["name"], shard["filingCount"]) for shard in filings["files"]] == [
        ("CIK0009990001-submissions-001.json", 3),
        ("CIK0009990001-submissions-002.json", 2),
    ]
    assert (filings["files"][0]["filingFrom"], filings["files"][0]["filingTo"]) == ("2026-08-26", "2026-08-28")
    for shard in filings["files"]:
        numbers += client.get(f"/submissions/{shard['name']}").json()["accessionNumber"]
    assert numbers == [f"0000000000-26-{number:06}" for number in range(1, 9)]


def test_submissions_have_the_columns_of_a_recorded_list(corpus: Path, edgar: BundledEdgar, client: httpx.Client) -> None:
    real = json.loads((corpus / "feeds/submissions/CIK0001045810_c1c86088.json").read_bytes())
    edgar.file(a_sale(), accepted_at=NOON)
    ours = client.get("/submissions/CIK0009990001.json").json()
    assert list(ours["filings"]["recent"]) == list(real["filings"]["recent"])
    assert set(ours) <= set(real)


@pytest.mark.parametrize(
    "path",
    [
        "/submissions/CIK0009990009.json",
        "/submissions/CIK0009990001-submissions-001.json",
        "/Archives/edgar/data/9990001/0000000000-26-000009.txt",
        "/LATEST/search-index",
    ],
)
def test_an_unknown_object_is_404_no_such_key(edgar: BundledEdgar, client: httpx.Client, path: str) -> None:
    edgar.file(a_sale(), accepted_at=NOON)
    reply = client.get(path)
    assert (reply.status_code, reply.headers["Content-Type"]) == (404, "application/xml")
    assert etree.fromstring(reply.content).findtext("Code") == "NoSuchKey"
    assert etree.fromstring(reply.content).findtext("Key") == path[1:]


def test_the_ticker_file_lists_the_issuers(edgar: BundledEdgar, client: httpx.Client) -> None:
    edgar.add_issuer("EXMP", "0009990001", "Example Corp")
    edgar.add_issuer("OTHR-B", "0009990002", "Other Ltd")
    assert client.get("/files/company_tickers.json").json() == {
        "0": {"cik_str": 9990001, "ticker": "EXMP", "title": "Example Corp"},
        "1": {"cik_str": 9990002, "ticker": "OTHR-B", "title": "Other Ltd"},
    }


def test_a_delayed_document_is_403_access_denied_until_its_time(edgar: BundledEdgar, client: httpx.Client, clock: Clock) -> None:
    path = "/Archives/edgar/data/9990001/0000000000-26-000001.txt"
    edgar.file(a_sale(), accepted_at=NOON, document_delay=40)
    reply = client.get(path)
    assert (reply.status_code, etree.fromstring(reply.content).findtext("Code")) == (403, "AccessDenied")
    clock.now += timedelta(seconds=40)
    assert client.get(path).content == submission_text(a_sale(), NOON)


def test_a_held_document_can_be_published(edgar: BundledEdgar, client: httpx.Client) -> None:
    path = "/Archives/edgar/data/9980001/0000000000-26-000001.txt"
    edgar.file(a_sale(), accepted_at=NOON, document_delay=math.inf)
    assert client.get(path).status_code == 403
    edgar.publish("0000000000-26-000001")
    assert client.get(path).status_code == 200


def test_the_index_of_the_day_appears_at_22_and_names_every_party(
    edgar: BundledEdgar, client: httpx.Client, clock: Clock
) -> None:
    path = "/Archives/edgar/daily-index/2026/QTR3/master.20260901.idx"
    edgar.file(a_sale(), accepted_at=NOON)
    edgar.file(a_sale(2), accepted_at=NOON - timedelta(days=1))
    assert client.get(path).status_code == 403
    clock.now = NOON.replace(hour=22)
    lines = client.get(path).text.splitlines()
    assert lines[5] == "CIK|Company Name|Form Type|Date Filed|File Name"
    assert lines[7:] == [
        "9980001|Roe Jane A|4|20260901|edgar/data/9980001/0000000000-26-000001.txt",
        "9990001|Example Corp|4|20260901|edgar/data/9990001/0000000000-26-000001.txt",
    ]
    assert client.get(path.replace("QTR3", "QTR2")).status_code == 403


def test_the_head_of_the_index_is_that_of_a_recorded_one(
    corpus: Path, edgar: BundledEdgar, client: httpx.Client, clock: Clock
) -> None:
    edgar.file(a_sale(), accepted_at=NOON)
    clock.now = NOON.replace(hour=22)
    ours = client.get("/Archives/edgar/daily-index/2026/QTR3/master.20260901.idx").text.splitlines()[:7]
    real = (corpus / "indexes/master.20200103.idx").read_text("iso-8859-1").splitlines()[:7]
    assert [line for line in ours if "Received" not in line] == [line for line in real if "Received" not in line]
    assert len(ours[1]) == len(real[1])


# --- manners ----------------------------------------------------------------------------------------------------------


def test_a_client_that_does_not_say_who_it_is_is_refused(edgar: BundledEdgar) -> None:
    with client_of(edgar, "python-httpx") as client:
        reply = client.get(FEED)
    assert reply.status_code == 403
    assert "Undeclared Automated Tool" in reply.text


def test_the_answer_is_compressed_only_when_asked(edgar: BundledEdgar, client: httpx.Client) -> None:
    edgar.file(a_sale(), accepted_at=NOON)
    packed = client.get(FEED, headers={"Accept-Encoding": "gzip"})
    plain = client.get(FEED, headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.content == plain.content


def test_every_request_is_recorded(edgar: BundledEdgar, client: httpx.Client) -> None:
    before = time.monotonic()
    client.get("/files/company_tickers.json")
    edgar.fault("503")
    client.get(FEED)
    assert [request.path for request in edgar.requests] == ["/files/company_tickers.json", FEED]
    assert {request.user_agent for request in edgar.requests} == {"Test test@example.com"}
    assert before <= edgar.requests[0].at <= edgar.requests[1].at <= time.monotonic()


def test_leaving_ends_open_connections_and_threads_at_once(clock: Clock) -> None:
    threads = threading.active_count()
    edgar = BundledEdgar(clock)
    with client_of(edgar) as client:
        with edgar:
            client.get(FEED)
            assert threading.active_count() == threads + 2
            leaving = time.monotonic()
        assert time.monotonic() - leaving < 1
        assert threading.active_count() == threads


def test_a_mistake_in_the_server_is_raised_when_leaving(clock: Clock) -> None:
    with (
        pytest.raises(ValueError, match="many"),
        BundledEdgar(clock) as edgar,
        client_of(edgar) as client,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        client.get(FEED.replace("start=0", "start=many"))


# --- faults -----------------------------------------------------------------------------------------------------------

ANSWERS = {
    "503": (503, "text/html", "undergoing maintenance"),
    "500": (500, "text/html", "Internal Server Error"),
    "429": (429, "text/html", ""),
    "blocked": (403, "text/html", "Request Rate Threshold Exceeded"),
    "undeclared": (403, "text/html", "Undeclared Automated Tool"),
    "html": (200, "text/html", "<html>"),
    "empty": (200, "application/atom+xml", ""),
    "redirect": (302, "text/html", ""),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_fault_answers_in_place_of_the_feed(edgar: BundledEdgar, client: httpx.Client, kind: str) -> None:
    edgar.file(a_sale(), accepted_at=NOON)
    edgar.fault(kind, times=1)
    status, content_type, words = ANSWERS[kind]
    reply = client.get(FEED)
    assert (reply.status_code, reply.headers["Content-Type"]) == (status, content_type)
    assert words in reply.text
    assert len(feed(client.get(FEED))) == 2


def test_every_fault_has_its_test() -> None:
    elsewhere = {"down", "empty_feed", "stale", "truncated", "truncated_length", "slow", "hang", "bomb"}
    assert set(FAULTS) == set(ANSWERS) | elsewhere


def test_an_empty_body_is_really_empty(edgar: BundledEdgar, client: httpx.Client) -> None:
    edgar.fault("empty")
    assert client.get(FEED).content == b""


@pytest.mark.parametrize("retry_after", ["7", "Tue, 01 Sep 2026 16:00:30 GMT"])
def test_429_carries_retry_after(edgar: BundledEdgar, client: httpx.Client, retry_after: str) -> None:
    edgar.fault("429", retry_after=retry_after)
    assert client.get(FEED).headers["Retry-After"] == retry_after


def test_down_closes_without_an_answer(edgar: BundledEdgar, client: httpx.Client) -> None:
    edgar.fault("down", times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        client.get(FEED)
    assert client.get(FEED).status_code == 200


def test_an_empty_feed_is_a_feed_of_this_moment_without_entries(edgar: BundledEdgar, client: httpx.Client) -> None:
    edgar.file(a_sale(), accepted_at=NOON)
    edgar.fault("empty_feed")
    reply = client.get(FEED)
    assert feed(reply) == []
    assert "<title>Latest Filings - Tue, 01 Sep 2026 12:00:00 EDT</title>" in reply.text


def test_a_stale_feed_is_the_remembered_one(edgar: BundledEdgar, client: httpx.Client, clock: Clock) -> None:
    edgar.file(a_sale(1), accepted_at=NOON)
    edgar.snapshot()
    remembered = client.get(FEED).content
    clock.now += timedelta(minutes=5)
    edgar.file(a_sale(2), accepted_at=clock.now)
    edgar.fault("stale", times=1)
    assert client.get(FEED).content == remembered
    assert len(feed(client.get(FEED))) == 4


def test_truncated_is_half_a_feed_that_looks_complete(edgar: BundledEdgar, client: httpx.Client) -> None:
    edgar.file(a_sale(), accepted_at=NOON)
    whole = client.get(FEED).content
    edgar.fault("truncated")
    reply = client.get(FEED)
    assert "Content-Length" not in reply.headers
    assert reply.content == whole[: len(whole) // 2]


def test_truncated_length_promises_more_than_it_sends(edgar: BundledEdgar, client: httpx.Client) -> None:
    edgar.fault("truncated_length")
    with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
        client.get(FEED)


def test_slow_drips_and_never_trips_a_read_timeout(edgar: BundledEdgar, client: httpx.Client) -> None:
    edgar.fault("slow")
    with client.stream("GET", FEED) as reply:
        started = time.monotonic()
        drops = reply.iter_raw()
        assert b"".join(next(drops) for _ in range(4)) == b"<?xm"
    assert time.monotonic() - started > 0.5


def test_hang_answers_nothing_and_does_not_hold_up_leaving(clock: Clock) -> None:
    with BundledEdgar(clock) as edgar, client_of(edgar) as client:
        edgar.fault("hang")
        with pytest.raises(httpx.ReadTimeout):
            client.get(FEED, timeout=0.2)
        leaving = time.monotonic()
    assert time.monotonic() - leaving < 1


def test_a_bomb_is_small_on_the_wire_and_huge_unpacked(edgar: BundledEdgar, client: httpx.Client) -> None:
    edgar.fault("bomb")
    with client.stream("GET", FEED, timeout=30) as reply:
        assert reply.headers["Content-Encoding"] == "gzip"
        packed = b"".join(reply.iter_raw())
    assert len(packed) < BOMB_SIZE // 100
    assert int.from_bytes(packed[-4:], "little") == BOMB_SIZE  # gzip's own note of the size
    assert gzip.GzipFile(fileobj=BytesIO(packed)).read(100) == bytes(100)


def test_a_fault_keeps_to_its_path_and_its_times(edgar: BundledEdgar, client: httpx.Client) -> None:
    edgar.fault("503", times=2, path_contains="getcurrent")
    edgar.fault("500", path_contains="/files/")
    statuses = [client.get(path).status_code for path in (FEED, "/files/company_tickers.json", FEED, FEED)]
    assert statuses == [503, 500, 503, 200]
    edgar.clear_faults()
    assert client.get("/files/company_tickers.json").status_code == 200


def test_an_unknown_fault_is_a_mistake(edgar: BundledEdgar) -> None:
    with pytest.raises(KeyError):
        edgar.fault("404")
