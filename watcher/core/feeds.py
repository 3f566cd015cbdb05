"""Alerts as an Atom and a JSON feed, and days to come as a calendar: for readers that people have already. Values in, bytes out.

Sources: RFC 4287 (Atom), jsonfeed.org version 1.1, RFC 5545 (iCalendar). What a filing says is escaped by the rules of each; the only
addresses are those we build ourselves.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from datetime import date
from datetime import datetime
from datetime import timedelta

from lxml import etree

TITLE = "Insider filings"
OURS = "https://www.sec.gov/"

_ATOM = "http://www.w3.org/2005/Atom"
# What no XML document may hold (XML 1.0, 2.2); it is of no use in the others either.
_NO_TEXT = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST_LINE = 75  # octets of a calendar's line, without its end


@dataclass(frozen=True, slots=True)
class Entry:
    """One alert. `event_id` is its stable identity, 32 hexadecimal digits; `html` and `text` say the same; `url` is at the SEC."""

    event_id: str
    at: datetime
    title: str
    text: str
    html: str
    url: str | None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Occasion:
    """A whole day of a calendar. `identity` makes its UID, so it stays the same; `stated_at` is when it was last stated."""

    identity: str
    day: date
    summary: str
    description: str
    url: str
    category: str
    stated_at: datetime


def atom(entries: Sequence[Entry], *, begun: datetime) -> bytes:
    """An Atom feed, newest first. `begun`: when this feed was first made; it is also what tells it from every other."""
    root = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})
    updated = max((entry.at for entry in entries), default=begun)
    _element(root, "id", _urn(hashlib.sha256(f"feed|{begun.isoformat()}".encode()).hexdigest()))
    _element(root, "title", TITLE)
    _element(root, "updated", _moment(updated))
    _element(_element(root, "author"), "name", "watcher")
    for entry in entries:
        made = _element(root, "entry")
        _element(made, "id", _urn(entry.event_id))
        _element(made, "title", entry.title)
        _element(made, "updated", _moment(entry.at))
        _element(made, "published", _moment(entry.at))
        if url := _ours(entry.url):
            _element(made, "link", rel="alternate", type="text/html", href=url)
        for tag in entry.tags:
            _element(made, "category", term=tag)
        _element(made, "content", _inside(entry.html), type="html")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def json_feed(entries: Sequence[Entry]) -> bytes:
    """A JSON feed, newest first."""
    items = [
        {
            "id": _urn(entry.event_id),
            **({"url": url} if (url := _ours(entry.url)) else {}),
            "title": entry.title,
            "content_html": _inside(entry.html),
            "content_text": entry.text,
            "date_published": _moment(entry.at),
            **({"tags": list(entry.tags)} if entry.tags else {}),
        }
        for entry in entries
    ]
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": TITLE,
        "language": "en-US",
        "authors": [{"name": "watcher"}],
        "items": items,
    }
    return (json.dumps(feed, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def calendar(occasions: Iterable[Occasion]) -> bytes:
    """An iCalendar file of whole days, which take up nobody's time."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//watcher//insider filings//EN", "CALSCALE:GREGORIAN"]
    lines.append("X-WR-CALNAME:Insider filings")
    for one in occasions:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{hashlib.sha256(one.identity.encode()).hexdigest()[:32]}@watcher.invalid",
            f"DTSTAMP:{one.stated_at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
            f"DTSTART;VALUE=DATE:{one.day:%Y%m%d}",
            f"DTEND;VALUE=DATE:{one.day + timedelta(days=1):%Y%m%d}",
            f"SUMMARY:{_escaped(one.summary)}",
            f"DESCRIPTION:{_escaped(one.description)}",
            f"CATEGORIES:{_escaped(one.category)}",
            "TRANSP:TRANSPARENT",
            *([f"URL:{url}"] if (url := _ours(one.url)) else []),
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line) for line in lines)


def _element(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    made = etree.SubElement(parent, f"{{{_ATOM}}}{name}")
    for attribute, value in attributes.items():
        made.set(attribute, _NO_TEXT.sub("\ufffd", value))
    made.text = None if text is None else _NO_TEXT.sub("\ufffd", text)
    return made


def _inside(html: str) -> str:
    """What stands in the body of a page: a feed's reader puts it into a page of its own (RFC 4287, 3.1.1.3)."""
    body = re.search(r"<body[^>]*>(.*)</body>", html, re.DOTALL)
    return body[1] if body else html


def _urn(digits: str) -> str:
    """A UUID of the kind that is made as one likes (RFC 9562, version 8), from hexadecimal digits."""
    parts = (digits[:8], digits[8:12], "8" + digits[13:16], "8" + digits[17:20], digits[20:32])
    return "urn:uuid:" + "-".join(parts)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _ours(url: str | None) -> str | None:
    """An address that we have built: at the SEC, and of ordinary characters."""
    return url if url and url.startswith(OURS) and re.fullmatch(r"[\x21-\x7e]+", url) and not set('<>"') & set(url) else None


def _escaped(text: str) -> str:
    """A TEXT value (RFC 5545, 3.3.11)."""
    lines = _NO_TEXT.sub("\ufffd", text).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return lines.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> bytes:
    """A content line with its end, folded between characters (RFC 5545, 3.1)."""
    parts: list[bytes] = []
    part = b""
    for character in line:
        encoded = character.encode()
        if len(part) + len(encoded) > _LONGEST_LINE - bool(parts):  # a continued line begins with a space
            parts.append(part)
            part = b""
        part += encoded
    return b"\r\n ".join((*parts, part)) + b"\r\n"
