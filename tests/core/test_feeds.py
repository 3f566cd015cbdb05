"""Feeds and calendars by their specifications, also of hostile text."""

from __future__ import annotations

import json
import re
from datetime import UTC
from datetime import date
from datetime import datetime

from lxml import etree

from watcher.core.feeds import Entry
from watcher.core.feeds import Occasion
from watcher.core.feeds import atom
from watcher.core.feeds import calendar
from watcher.core.feeds import json_feed

AT = datetime(2026, 3, 3, 23, tzinfo=UTC)
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
URL = "https://www.sec.gov/Archives/edgar/data/1/2/3-index.htm"
HOSTILE = ']]></title><script>alert(1)</script>&amp; "\x00\x0b\ud800\ufffe, ; \\ \r\nEND:VCALENDAR'
PAGE = '<!DOCTYPE html><html><head><title>x</title></head><body class="p"><p>said</p></body></html>'
A = "{http://www.w3.org/2005/Atom}"


def entry(title: str = "Sold", url: str | None = URL, number: int = 1) -> Entry:
    return Entry(f"{number:032x}", AT, title, f"{title} 100", PAGE, url, (title, "sale"))


def occasion(summary: str = "Options expire", url: str = URL, identity: str = "a") -> Occasion:
    return Occasion(identity, date(2026, 12, 31), summary, f"{summary}, in words", url, "expiry", AT)


# --- Atom (RFC 4287) --------------------------------------------------------------------------------------------------------


def test_atom_has_what_the_specification_asks_for() -> None:
    root = etree.fromstring(atom([entry(), entry(number=2)], begun=BEGUN))
    for element in (root, *root.findall(f"{A}entry")):
        for name in ("id", "title", "updated"):
            (one,) = element.findall(f"{A}{name}")
            assert one.text
        assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", element.findtext(f"{A}id") or "")
        assert datetime.fromisoformat(element.findtext(f"{A}updated") or "").tzinfo
    assert root.findtext(f"{A}author/{A}name")
    assert len({element.text for element in root.iter(f"{A}id")}) == 3


def test_atom_is_as_new_as_its_newest_entry_and_as_old_as_itself_without_any() -> None:
    assert etree.fromstring(atom([entry()], begun=BEGUN)).findtext(f"{A}updated") == "2026-03-03T23:00:00Z"
    assert etree.fromstring(atom([], begun=BEGUN)).findtext(f"{A}updated") == "2026-01-01T00:00:00Z"


def test_the_same_alert_is_the_same_entry_for_ever() -> None:
    ids = [etree.fromstring(atom([entry(title)], begun=BEGUN)).findtext(f"{A}entry/{A}id") for title in ("one", "two")]
    assert ids[0] == ids[1]


def test_hostile_text_stays_text_in_atom() -> None:
    root = etree.fromstring(atom([entry(HOSTILE)], begun=BEGUN))
    (made,) = root.findall(f"{A}entry")
    assert "</title><script>" in (made.findtext(f"{A}title") or "")
    assert not [element for element in root.iter() if isinstance(element.tag, str) and "script" in element.tag]


def test_the_content_is_what_stands_in_the_page() -> None:
    content = etree.fromstring(atom([entry()], begun=BEGUN)).find(f"{A}entry/{A}content")
    assert content is not None
    assert (content.get("type"), content.text) == ("html", "<p>said</p>")


def test_an_address_that_is_not_ours_is_left_out() -> None:
    for url in (
        "javascript:alert(1)",
        "https://www.sec.gov.example.com/",
        "https://www.sec.gov/<script>",
        "https://www.sec.gov/\n",
        None,
    ):
        assert etree.fromstring(atom([entry(url=url)], begun=BEGUN)).find(f"{A}entry/{A}link") is None
        assert "url" not in json.loads(json_feed([entry(url=url)]))["items"][0]
        assert b"URL" not in calendar([occasion(url=url or "")])


# --- JSON Feed 1.1 ----------------------------------------------------------------------------------------------------------


def test_the_json_feed_has_what_the_specification_asks_for() -> None:
    feed = json.loads(json_feed([entry(HOSTILE)]))
    assert (feed["version"], feed["title"]) == ("https://jsonfeed.org/version/1.1", "Insider filings")
    (item,) = feed["items"]
    assert isinstance(item["id"], str)
    assert item["url"] == URL
    assert item["content_html"] == "<p>said</p>"
    assert datetime.fromisoformat(item["date_published"]).tzinfo
    assert all(isinstance(tag, str) for tag in item["tags"])


# --- iCalendar (RFC 5545) ---------------------------------------------------------------------------------------------------


def unfolded(content: bytes) -> list[str]:
    """The content lines, after the rules of 3.1 are seen to be kept."""
    assert content.endswith(b"\r\n")
    lines = content.removesuffix(b"\r\n").split(b"\r\n")
    assert all(len(line) <= 75 and b"\n" not in line and b"\r" not in line for line in lines)
    for line in lines:
        line.decode()  # no character is cut in two
    return content.decode().replace("\r\n ", "").removesuffix("\r\n").split("\r\n")


def test_a_calendar_has_what_the_specification_asks_for() -> None:
    lines = unfolded(calendar([occasion()]))
    assert lines[:3] == ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//watcher//insider filings//EN"]
    assert lines[-2:] == ["END:VEVENT", "END:VCALENDAR"]
    names = [line.split(":")[0].split(";")[0] for line in lines[lines.index("BEGIN:VEVENT") :]]
    assert all(names.count(name) == 1 for name in ("UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY"))
    assert "DTSTART;VALUE=DATE:20261231" in lines
    assert "DTEND;VALUE=DATE:20270101" in lines
    assert "DTSTAMP:20260303T230000Z" in lines


def test_a_uid_stays_the_same_and_is_one_event_s_own() -> None:
    lines = [unfolded(calendar([occasion(words, identity=key)])) for words, key in (("a", "1"), ("b", "1"), ("a", "2"))]
    uids = [next(line for line in one if line.startswith("UID:")) for one in lines]
    assert uids[0] == uids[1] != uids[2]


def test_hostile_text_ends_no_line_and_begins_no_property() -> None:
    lines = unfolded(calendar([occasion(HOSTILE)]))
    assert lines.count("END:VCALENDAR") == 1
    (summary,) = [line for line in lines if line.startswith("SUMMARY:")]
    assert summary.endswith("\\, \\; \\\\ \\nEND:VCALENDAR")


def test_long_lines_are_folded_between_characters() -> None:
    text = "é" * 200 + "漢字" * 100 + "\U0001d4b3" * 50
    (summary,) = [line for line in unfolded(calendar([occasion(text)])) if line.startswith("SUMMARY:")]
    assert summary == f"SUMMARY:{text}"
