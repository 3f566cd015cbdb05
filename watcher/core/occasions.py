"""Stored rows as what `core.feeds` shows: alerts, expiries of options, and the days by which trades were to be filed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from collections.abc import Mapping
from datetime import date
from datetime import datetime
from decimal import Decimal
from typing import Any

from watcher.core.calendar import due_date
from watcher.core.feeds import Entry
from watcher.core.feeds import Occasion
from watcher.core.figures import count
from watcher.core.figures import day
from watcher.core.figures import dollars
from watcher.core.message import sec_url
from watcher.core.submission import EASTERN
from watcher.core.text import NAME
from watcher.core.text import clean

Row = Mapping[str, Any]

_NEVER = date.max  # so is stated what does not expire


def entries(alerts: Iterable[Row]) -> list[Entry]:
    """Alerts about filings, in the order given."""
    return [_entry(row, json.loads(row["payload"])) for row in alerts]


def _entry(row: Row, payload: Mapping[str, Any]) -> Entry:
    issuer = payload.get("issuer") or {}
    tags = (issuer.get("ticker"), *(event["kind"] for event in payload.get("events") or ()))
    return Entry(
        event_id=row["event_id"],
        at=datetime.fromisoformat(row["created_at"]),
        title=row["title"],
        text=row["text"],
        html=row["html"],
        url=payload.get("url"),
        tags=tuple(dict.fromkeys(tag for tag in tags if tag)),
    )


def expiries(holdings: Iterable[Row]) -> Iterable[Occasion]:
    """The day on which each balance of a derivative expires, as last reported."""
    for row in holdings:
        expires = date.fromisoformat(row["expiration_date"])
        if expires == _NEVER:
            continue
        price = f" at {dollars(Decimal(row['exercise_price']))}" if row["exercise_price"] else ""
        title = clean(row["security_title"], NAME)
        left = f"{count(Decimal(row['shares']))} {title}{price}"
        yield Occasion(
            identity=f"expiry|{row['key']}",
            day=expires,
            summary=f"{_shown(row)}: {left} expire ({_owners(row)})",
            description=f"{_owners(row)} held {left} as of {row['as_of']}, as last reported in {row['accession_number']}.",
            url=sec_url(row["accession_number"], row["path_cik"]),
            category="expiry",
            stated_at=datetime.fromisoformat(row["filed_at"]),
        )


def deadlines(trades: Iterable[Row]) -> Iterable[Occasion]:
    """The day by which the transactions of a day were to be filed on Form 4, and when they were; none for a day after the filing."""
    for row in trades:
        traded = date.fromisoformat(row["last_on"])
        filed_at = datetime.fromisoformat(row["filed_at"])
        filed = filed_at.astimezone(EASTERN).date()
        if traded > filed:
            continue  # a mistyped year
        kinds = ", ".join(sorted(set(json.loads(row["kinds"]))))
        yield Occasion(
            identity=f"due|{row['accession_number']}|{row['last_on']}",
            day=due_date(traded),
            summary=f"{_shown(row)}: Form 4 due for {kinds} of {day(traded)} ({_owners(row)}): {row['timeliness'] or 'unknown'}",
            description=f"Second business day after {day(traded)}. Filed {filed} as {row['accession_number']}.",
            url=sec_url(row["accession_number"], row["path_cik"]),
            category="filing deadline",
            stated_at=filed_at,
        )


def _shown(row: Row) -> str:
    return clean(row["ticker"] or row["issuer_name"] or row["issuer_cik"], NAME)


def _owners(row: Row) -> str:
    return clean(row["reporting_owners"] or "owner not known", NAME)
