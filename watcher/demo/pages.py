"""What the bundled EDGAR answers: its contents and a moment in, an HTTP reply out. No sockets, no clock.

Shapes follow recorded answers of www.sec.gov and data.sec.gov wherever a reader could depend on them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from datetime import time
from datetime import timedelta
from email.utils import format_datetime
from itertools import islice
from typing import TypeAlias
from urllib.parse import parse_qs
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from watcher.core.codes import FORM_TYPES
from watcher.core.model import Issuer
from watcher.demo.filings import EASTERN
from watcher.demo.filings import Filing
from watcher.demo.replies import ACCESS_DENIED
from watcher.demo.replies import UNAVAILABLE
from watcher.demo.replies import WEB_PAGE
from watcher.demo.replies import Reply
from watcher.demo.replies import no_such_key

DEEPEST_START = 5000  # of the current-filings list; beyond it EDGAR shows its maintenance page
INDEX_FROM = time(22)  # Eastern: when the index of the day appears


@dataclass(frozen=True, slots=True)
class Accepted:
    """A filing with what EDGAR adds. Its document is in the archive `document_delay` seconds after acceptance.

    `listed` is whether the current-filings list shows it; everything else shows it either way.
    """

    filing: Filing
    accepted_at: datetime
    listed: bool
    document_delay: float
    text: bytes

    @property
    def local(self) -> datetime:
        """The acceptance time on EDGAR's clock; its date is the official filing date of Forms 3, 4 and 5."""
        return self.accepted_at.astimezone(EASTERN)

    def parties(self) -> list[tuple[str, str, str]]:
        """(CIK, name, role) of everyone named who has a CIK; the issuer is first in every fifth filing, else last."""
        filing = self.filing
        owners = [(cik, name, "Reporting") for cik, name in filing.owners if cik]
        issuer = (filing.issuer_cik, filing.issuer_name, "Issuer" if filing.form_type in FORM_TYPES else "Filer")
        return [issuer, *owners] if int(filing.accession_number[-6:]) % 5 == 0 else [*owners, issuer]


@dataclass(frozen=True, slots=True)
class Archive:
    """All that EDGAR holds, and the moment it is asked; a filing accepted later than `now` does not exist yet."""

    filings: tuple[Accepted, ...]
    issuers: tuple[Issuer, ...]
    now: datetime
    recent_limit: int

    def newest_first(self) -> list[Accepted]:
        """Filings accepted by now; of those accepted in one second the one filed last comes first."""
        there = [filing for filing in reversed(self.filings) if filing.accepted_at <= self.now]
        return sorted(there, key=lambda filing: filing.accepted_at, reverse=True)

    def answer(self, target: str) -> Reply:
        """Answer a GET of this path and query."""
        parts = urlsplit(target)
        for pattern, page in _PAGES:
            if match := pattern.fullmatch(parts.path):
                return page(self, match, {name: values[0] for name, values in parse_qs(parts.query).items()})
        return no_such_key(parts.path)


_Query: TypeAlias = Mapping[str, str]

# --- the current-filings list -----------------------------------------------------------------------------------------


def _matches(filing: Filing, query: _Query) -> bool:
    is_ownership = filing.form_type in FORM_TYPES
    wanted = {"only": is_ownership, "exclude": not is_ownership}.get(query.get("owner", "include"), True)
    return wanted and filing.form_type.startswith(query.get("type", ""))


def _entry(accepted: Accepted, party: tuple[str, str, str]) -> str:
    cik, name, role = party
    filing = accepted.filing
    number = filing.accession_number
    folder = f"https://www.sec.gov/Archives/edgar/data/{int(cik)}/{number.replace('-', '')}"
    size = max(1, len(accepted.text) // 1024)
    return (
        f"<entry>\n<title>{escape(f'{filing.form_type} - {name} ({cik}) ({role})')}</title>\n"
        f'<link rel="alternate" type="text/html" href="{folder}/{number}-index.htm"/>\n'
        '<summary type="html">\n'
        f" &lt;b&gt;Filed:&lt;/b&gt; {accepted.local:%Y-%m-%d} &lt;b&gt;AccNo:&lt;/b&gt; {number}"
        f" &lt;b&gt;Size:&lt;/b&gt; {size} KB\n</summary>\n"
        f"<updated>{accepted.local.isoformat(timespec='seconds')}</updated>\n"
        f'<category scheme="https://www.sec.gov/" label="form type" term="{filing.form_type}"/>\n'
        f"<id>urn:tag:sec.gov,2008:accession-number={number}</id>\n</entry>\n"
    )


def _current_filings(archive: Archive, _match: re.Match[str], query: _Query) -> Reply:
    if query.get("action") != "getcurrent" or query.get("output") != "atom":
        return WEB_PAGE
    start, count = int(query.get("start") or 0), int(query.get("count") or 40)
    if start > DEEPEST_START:
        return UNAVAILABLE
    entries = (
        _entry(accepted, party)
        for accepted in archive.newest_first()
        if accepted.listed and _matches(accepted.filing, query)
        for party in accepted.parties()
    )
    now = archive.now.astimezone(EASTERN)
    head = (
        '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<title>Latest Filings - {now:%a, %d %b %Y %H:%M:%S %Z}</title>\n"
        '<link rel="alternate" href="/cgi-bin/browse-edgar?action=getcurrent"/>\n'
        '<link rel="self" href="/cgi-bin/browse-edgar?action=getcurrent"/>\n'
        "<id>https://www.sec.gov/cgi-bin/browse-edgar?action=getcurrent</id>\n"
        "<author><name>Webmaster</name><email>webmaster@sec.gov</email></author>\n"
        f"<updated>{now.isoformat(timespec='seconds')}</updated>\n"
    )
    page = head + "".join(islice(entries, start, start + min(count, 100))) + "</feed>\n"
    headers = (("Cache-Control", "no-cache"), ("Server", "Apache"))
    return Reply(200, "application/atom+xml", page.encode("iso-8859-1", "xmlcharrefreplace"), headers)


# --- one filer, all filings -------------------------------------------------------------------------------------------


def _acceptance(accepted: Accepted) -> str:
    """As the real lists state it: always marked Z, but in every second filing it is Eastern time."""
    number = int(accepted.filing.accession_number[-6:])
    moment = accepted.local if number % 2 else accepted.accepted_at.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


def _xsl(filing: Filing) -> str:
    return "xslF345X02/" if filing.form_type.startswith("3") else "xslF345X05/"


_COLUMNS: Mapping[str, Callable[[Accepted], str | int]] = {
    "accessionNumber": lambda row: row.filing.accession_number,
    "filingDate": lambda row: f"{row.local:%Y-%m-%d}",
    "reportDate": lambda row: row.filing.period.isoformat(),
    "acceptanceDateTime": _acceptance,
    "act": lambda _: "",
    "form": lambda row: row.filing.form_type,
    "fileNumber": lambda _: "",
    "filmNumber": lambda _: "",
    "items": lambda _: "",
    "core_type": lambda row: row.filing.form_type,
    "size": lambda row: len(row.text),
    "isXBRL": lambda _: 0,
    "isInlineXBRL": lambda _: 0,
    "primaryDocument": lambda row: _xsl(row.filing) + row.filing.document_name,
    "primaryDocDescription": lambda row: f"FORM {row.filing.form_type}",
}


def _columnar(rows: Sequence[Accepted]) -> dict[str, list[str | int]]:
    return {name: [value(row) for row in rows] for name, value in _COLUMNS.items()}


def _json(content: object) -> Reply:
    headers = (("Cache-Control", "max-age=0, no-cache, no-store"),)
    return Reply(200, "application/json", json.dumps(content, separators=(",", ":")).encode(), headers)


def _submissions(archive: Archive, match: re.Match[str], _query: _Query) -> Reply:
    cik, shard = match["cik"], match["shard"]
    named = [
        (accepted, name, role) for accepted in archive.newest_first() for party, name, role in accepted.parties() if party == cik
    ]
    rows = [accepted for accepted, _, _ in named]
    limit = archive.recent_limit
    shards = [rows[at : at + limit] for at in range(limit, len(rows), limit)]
    if shard:
        at = int(shard) - 1
        return _json(_columnar(shards[at])) if 0 <= at < len(shards) else no_such_key(match[0])
    issuers = [issuer for issuer in archive.issuers if issuer.cik == cik]
    names = [issuer.name for issuer in issuers] + [name for _, name, _ in named]
    if not names:
        return no_such_key(match[0])
    roles = {role for _, _, role in named}
    return _json(
        {
            "cik": cik,
            "entityType": "operating" if issuers else "other",
            "insiderTransactionForOwnerExists": int("Reporting" in roles),
            "insiderTransactionForIssuerExists": int("Issuer" in roles),
            "name": names[0],
            "tickers": [issuer.trading_symbol for issuer in issuers],
            "exchanges": ["Nasdaq" for _ in issuers],
            "formerNames": [],
            "filings": {
                "recent": _columnar(rows[:limit]),
                "files": [
                    {
                        "name": f"CIK{cik}-submissions-{number:03}.json",
                        "filingCount": len(older),
                        "filingFrom": f"{older[-1].local:%Y-%m-%d}",
                        "filingTo": f"{older[0].local:%Y-%m-%d}",
                    }
                    for number, older in enumerate(shards, 1)
                ],
            },
        }
    )


def _tickers(archive: Archive, _match: re.Match[str], _query: _Query) -> Reply:
    return _json(
        {
            str(rank): {"cik_str": int(issuer.cik or 0), "ticker": issuer.trading_symbol, "title": issuer.name}
            for rank, issuer in enumerate(archive.issuers)
        }
    )


def _complete_submission(archive: Archive, match: re.Match[str], _query: _Query) -> Reply:
    for accepted in archive.filings:
        if accepted.filing.accession_number != match["accession"] or accepted.accepted_at > archive.now:
            continue
        if int(match["cik"]) in {int(cik) for cik, _, _ in accepted.parties()}:
            if (archive.now - accepted.accepted_at).total_seconds() < accepted.document_delay:
                return ACCESS_DENIED
            modified = accepted.accepted_at + timedelta(seconds=accepted.document_delay)
            digest = hashlib.md5(accepted.text, usedforsecurity=False).hexdigest()
            headers = (
                ("ETag", f'"{digest}-gzip"'),
                ("Last-Modified", format_datetime(modified.astimezone(UTC), usegmt=True)),
            )
            return Reply(200, "text/plain", accepted.text, headers)
    return no_such_key(match[0])


def _daily_index(archive: Archive, match: re.Match[str], _query: _Query) -> Reply:
    day = datetime.strptime(match["day"], "%Y%m%d").replace(tzinfo=EASTERN).date()
    lines = [
        f"{int(cik)}|{name}|{accepted.filing.form_type}|{day:%Y%m%d}"
        f"|edgar/data/{int(cik)}/{accepted.filing.accession_number}.txt\n"
        for accepted in archive.newest_first()
        if accepted.local.date() == day
        for cik, name, _ in accepted.parties()
    ]
    place = (str(day.year), str((day.month + 2) // 3))
    is_early = archive.now < datetime.combine(day, INDEX_FROM, EASTERN)
    if not lines or is_early or place != (match["year"], match["quarter"]):
        return ACCESS_DENIED
    head = (
        "Description:           Daily Index of EDGAR Dissemination Feed\n"
        f"Last Data Received:    {day:%b} {day.day:2}, {day.year}\n"
        "Comments:              webmaster@sec.gov\n"
        "Anonymous FTP:         ftp://ftp.sec.gov/edgar/\n \n"
        f"CIK|Company Name|Form Type|Date Filed|File Name\n{'-' * 80}\n"
    )
    return Reply(200, "text/plain", (head + "".join(sorted(lines))).encode("iso-8859-1", "replace"))


_PAGES: tuple[tuple[re.Pattern[str], Callable[[Archive, re.Match[str], _Query], Reply]], ...] = (
    (re.compile(r"/cgi-bin/browse-edgar"), _current_filings),
    (re.compile(r"/submissions/CIK(?P<cik>\d{10})(-submissions-(?P<shard>\d{3}))?\.json"), _submissions),
    (re.compile(r"/files/company_tickers\.json"), _tickers),
    (re.compile(r"/Archives/edgar/data/(?P<cik>\d+)/(?P<accession>\d{10}-\d\d-\d{6})\.txt"), _complete_submission),
    (
        re.compile(r"/Archives/edgar/daily-index/(?P<year>\d{4})/QTR(?P<quarter>[1-4])/master\.(?P<day>\d{8})\.idx"),
        _daily_index,
    ),
)
