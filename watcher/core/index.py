"""EDGAR's other lists to values: submissions of one CIK (JSON), the ticker file (JSON), the daily master index (text).

`acceptanceDateTime` of the submissions JSON is not read: it is sometimes UTC, sometimes Eastern time marked as UTC.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from datetime import datetime
from typing import Any

from watcher.core.codes import FORM_TYPES
from watcher.core.errors import FeedUnreadable
from watcher.core.listing import FilingRef
from watcher.core.listing import Party
from watcher.core.past import PeriodicReport

_ACCESSION = re.compile(r"[0-9]{10}-[0-9]{2}-[0-9]{6}")
_PERIODIC = frozenset({"10-Q", "10-QT", "10-K", "10-KT"})
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")  # alone it has no encoding, so that no store could keep the name
_SHARD = re.compile(r"CIK[0-9]{10}-submissions-[0-9]{3}\.json")


@dataclass(frozen=True, slots=True)
class Shard:
    """An older part of a CIK's submissions: its file name and the filing dates it spans."""

    name: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class SubmissionsList:
    """The ownership filings of one CIK, newest first, of one file; `shards` name the files with older ones.

    `reports` are its quarterly and annual reports, where it is an issuer.
    """

    cik: str
    name: str
    tickers: tuple[str, ...]
    filings: tuple[FilingRef, ...]
    shards: tuple[Shard, ...]
    reports: tuple[PeriodicReport, ...] = ()


@dataclass(frozen=True, slots=True)
class TickerEntry:
    """One symbol of the SEC's ticker file: classes are written with a hyphen (BRK-B)."""

    ticker: str
    cik: str
    name: str


def parse_submissions(body: bytes, cik: str) -> SubmissionsList:
    """Read `CIK##########.json` or one of its shards (whose top level is the table itself).

    A filing stands in the list of *every* CIK it names, so whether this CIK is its issuer is unknown until it is read.
    Raises `FeedUnreadable` when it is not that JSON, or its columns differ in length.
    """
    document = _json(body, "a CIK's submissions")
    filings = document.get("filings", {})
    columns = document if "accessionNumber" in document else filings.get("recent") if isinstance(filings, dict) else None
    if not isinstance(columns, dict):
        raise FeedUnreadable("EDGAR's list of a CIK's submissions holds no table of filings")
    accessions, forms, dates = (columns.get(name) for name in ("accessionNumber", "form", "filingDate"))
    if not (isinstance(accessions, list) and isinstance(forms, list) and isinstance(dates, list)):
        raise FeedUnreadable("EDGAR's list of a CIK's submissions lacks a column")
    if not len(accessions) == len(forms) == len(dates):
        raise FeedUnreadable("the columns of EDGAR's list of a CIK's submissions differ in length")
    name = str(document.get("name", ""))
    party = (Party(cik, "unknown", name),)
    shards = (filings.get("files") or []) if isinstance(filings, dict) else []
    tickers = document.get("tickers") or []
    if not isinstance(shards, list) or not isinstance(tickers, list):
        raise FeedUnreadable("EDGAR's list of a CIK's submissions changed its shape")
    return SubmissionsList(
        cik=cik,
        name=name,
        tickers=tuple(str(ticker) for ticker in tickers),
        filings=tuple(
            FilingRef(
                accession_number=_accession(accession),
                form_type=form,
                parties=party,
                path_cik=cik,
                filed_on=_iso_day(filed),
            )
            for accession, form, filed in zip(accessions, forms, dates, strict=True)
            if isinstance(form, str) and form in FORM_TYPES
        ),
        shards=tuple(_shard(shard) for shard in shards),
        reports=_reports(forms, dates, columns.get("reportDate")),
    )


def parse_tickers(body: bytes) -> dict[str, TickerEntry]:
    """Read `company_tickers.json`: {"0": {"cik_str", "ticker", "title"}, ...}. An empty or odd file is `FeedUnreadable`."""
    entries: dict[str, TickerEntry] = {}
    for row in _json(body, "the SEC's ticker file").values():
        try:
            ticker = str(row["ticker"]).upper()
            entries.setdefault(ticker, TickerEntry(ticker, f"{int(row['cik_str']):010}", str(row["title"])))
        except (TypeError, KeyError, ValueError) as error:
            raise FeedUnreadable(f"the SEC's ticker file changed its shape: {error}") from None
    if not entries:
        raise FeedUnreadable("the SEC's ticker file is empty")
    return entries


def parse_master(body: bytes) -> list[FilingRef]:
    """Read a `master` index (`CIK|Company Name|Form Type|Date Filed|File Name`), daily or quarterly, grouped by accession number.

    Raises `FeedUnreadable` without the dashed rule that ends the preamble, or when a line is not of five fields.
    """
    lines = body.decode("latin-1").splitlines()
    rule = next((number for number, line in enumerate(lines) if line.startswith("-----")), None)
    if rule is None:
        raise FeedUnreadable("EDGAR's index has no rule under its headings: it is cut short or no index")
    filings: dict[str, FilingRef] = {}
    for line in lines[rule + 1 :]:
        if not line.strip():
            continue
        fields = line.split("|")
        accession = _ACCESSION.search(fields[-1])
        if len(fields) != 5 or accession is None or not fields[0].isdigit():
            raise FeedUnreadable(f"a line of EDGAR's index is not of its shape: {line[:80]!r}")
        cik, name, form, filed, _path = fields
        if form not in FORM_TYPES:
            continue
        party = Party(cik.zfill(10), "unknown", name)
        known = filings.get(accession[0])
        parties = (*known.parties, party) if known else (party,)
        filings[accession[0]] = FilingRef(
            accession_number=accession[0],
            form_type=form,
            parties=parties,
            path_cik=parties[0].cik,
            filed_on=_iso_day(filed),
        )
    return list(filings.values())


def _json(body: bytes, what: str) -> Mapping[str, Any]:
    try:
        document = json.loads(_SURROGATE.sub(rb"\\ufffd", body))
    except (ValueError, RecursionError):
        raise FeedUnreadable(f"where {what} was expected, something that is not JSON came") from None
    if not isinstance(document, dict):
        raise FeedUnreadable(f"{what} changed its shape")
    return document


def _reports(forms: list[Any], filed: list[Any], periods: object) -> tuple[PeriodicReport, ...]:
    """Reports whose period is stated; what is odd here is passed over, because nothing is missed by it."""
    if not isinstance(periods, list) or len(periods) != len(forms):
        return ()
    found = []
    for form, filed_on, period in zip(forms, filed, periods, strict=True):
        if form in _PERIODIC and period:
            try:
                found.append(PeriodicReport(form, date.fromisoformat(str(period)), date.fromisoformat(str(filed_on))))
            except ValueError:
                continue
    return tuple(found)


def _accession(value: object) -> str:
    if isinstance(value, str) and _ACCESSION.fullmatch(value):
        return value
    raise FeedUnreadable(f"EDGAR lists {str(value)[:40]!r} as an accession number")


def _iso_day(text: object) -> date:
    """`2016-04-26` or `20200318`."""
    try:
        return datetime.fromisoformat(str(text)).date()
    except ValueError:
        raise FeedUnreadable(f"EDGAR lists {str(text)[:40]!r} as a filing date") from None


def _shard(shard: object) -> Shard:
    if isinstance(shard, dict) and _SHARD.fullmatch(str(shard.get("name"))):
        return Shard(str(shard["name"]), _iso_day(shard.get("filingFrom")), _iso_day(shard.get("filingTo")))
    raise FeedUnreadable("EDGAR's list of a CIK's older submissions changed its shape")
