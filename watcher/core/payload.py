"""Values to the JSON shapes of the contract: exact decimals as strings, dates ISO 8601, CIKs ten digits, absent values null."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from datetime import datetime
from decimal import Decimal
from typing import Any

from watcher.core.footnotes import FootnoteFact
from watcher.core.footnotes import read_footnotes
from watcher.core.message import Reasons
from watcher.core.model import Event
from watcher.core.model import FilingFacts
from watcher.core.model import HoldingChange
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.telling import Message
from watcher.core.telling import WatchedAs

ROW_FIELDS = (
    "kind",
    "security_title",
    "transaction_date",
    "deemed_execution_date",
    "transaction_form_type",
    "transaction_code",
    "equity_swap_involved",
    "transaction_timeliness",
    "shares",
    "total_value",
    "price_per_share",
    "acquired_disposed",
    "shares_owned_following",
    "value_owned_following",
    "direct_or_indirect",
    "nature_of_ownership",
)
DERIVATIVE_FIELDS = (
    "conversion_or_exercise_price",
    "exercise_date",
    "expiration_date",
    "underlying_security_title",
    "underlying_security_shares",
    "underlying_security_value",
)
_OWNER_FIELDS = (
    "cik",
    "name",
    "is_director",
    "is_officer",
    "is_ten_percent_owner",
    "is_other",
    "officer_title",
    "other_text",
)


def plain(value: object) -> Any:
    """One value as JSON holds it."""
    match value:
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.isoformat(timespec="seconds")
        case date():
            return value.isoformat()
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case tuple() | list():
            return [plain(item) for item in value]
        case _:
            return value


def event_id(accession_number: str, watch_key: str, kind: str = "alert") -> str:
    """The stable identity of an alert: the same filing and watch give the same id, in any store, at any time."""
    return hashlib.sha256(f"{kind}|{accession_number}|{watch_key}".encode()).hexdigest()[:32]


def document_json(document: OwnershipDocument) -> dict[str, Any]:
    """An ownership document in the shape of `watcher parse --json`, without `path`, `accession_number` and `filed_at`."""
    return {
        "form_type": document.form_type,
        "period_of_report": plain(document.period_of_report),
        "date_of_original_submission": plain(document.date_of_original_submission),
        "no_securities_owned": document.no_securities_owned,
        "not_subject_to_section16": document.not_subject_to_section16,
        "form3_holdings_reported": document.form3_holdings_reported,
        "form4_transactions_reported": document.form4_transactions_reported,
        "aff10b5_one": document.aff10b5_one,
        "schema_version": document.schema_version,
        "issuer": {
            "cik": document.issuer.cik,
            "name": document.issuer.name,
            "trading_symbol": document.issuer.trading_symbol,
        },
        "reporting_owners": [owner_json(owner) for owner in document.reporting_owners],
        "non_derivative_table": [row_json(row, derivative=False) for row in document.non_derivative_table],
        "derivative_table": [row_json(row, derivative=True) for row in document.derivative_table],
        "footnotes": dict(document.footnotes),
        "remarks": document.remarks,
        "signatures": [{"name": one.name, "date": plain(one.date)} for one in document.signatures],
        "warnings": list(document.warnings),
        "source": document.source,
    }


def owner_json(owner: ReportingOwner) -> dict[str, Any]:
    """One reporting owner."""
    return {name: getattr(owner, name) for name in _OWNER_FIELDS}


def row_json(row: Row, *, derivative: bool) -> dict[str, Any]:
    """One row; the derivative columns only in the derivative table."""
    fields = ROW_FIELDS + (DERIVATIVE_FIELDS if derivative else ())
    shape = {name: plain(getattr(row, name)) for name in fields}
    return {**shape, "footnotes": plain(row.footnotes), "derived": list(row.derived)}


def alert_payload(facts: FilingFacts, reasons: Reasons, identity: str, message: Message, *, corrects: str | None = None) -> bytes:
    """The body of a webhook for one filing and watch, as the exact bytes that are stored, signed and sent.

    `corrects` is the event id of an earlier alert that was wrong.
    """
    document = facts.document
    plan = facts.plan
    return encoded(
        {
            "schema": 1,
            "event_id": identity,
            "kind": "correction" if corrects else "alert",
            "corrects": corrects,
            "accession_number": facts.accession_number,
            "form_type": facts.form_type,
            "filed_at": plain(facts.filed_at),
            "first_seen_at": plain(facts.first_seen_at),
            "period_of_report": plain(document.period_of_report),
            "issuer": {
                "cik": document.issuer.cik,
                "ticker": reasons.watch.ticker or document.issuer.trading_symbol,
                "name": document.issuer.name,
            },
            "reporting_owners": [owner_json(owner) for owner in document.reporting_owners],
            "watch": reasons.watch.key,
            "rules": list(reasons.rules),
            "events": [_event_json(event) for event in facts.events],
            "holdings": [_change_json(change) for change in facts.changes],
            "plan": {
                "box": plan.box,
                "adopted": plain(plan.adopted),
                "quote": plan.quote,
                "footnote": plan.footnote,
                "state": plan.state,
            },
            "footnote_facts": [_fact_json(fact) for fact in read_footnotes(document)],
            "timing": {
                "traded": plain(facts.timing.traded),
                "due": plain(facts.timing.due),
                "status": facts.timing.status,
                "reason": facts.timing.reason,
            },
            "amends": {"date_of_original_submission": plain(document.date_of_original_submission)}
            if facts.form_type.endswith("/A")
            else None,
            "baseline_done": facts.baseline_done,
            "warnings": list(document.warnings),
            "url": facts.url,
            "title": message.title,
            "text": message.text,
        }
    )


def quarantine_payload(
    form_type: str,
    accession_number: str,
    watch: WatchedAs,
    identity: str,
    message: Message,
    reason: str,
    url: str,
    first_seen_at: datetime,
) -> bytes:
    """The body of a webhook for a filing that could not be read: the same fields, with nothing claimed."""
    return encoded(
        {
            "schema": 1,
            "event_id": identity,
            "kind": "quarantined",
            "corrects": None,
            "accession_number": accession_number,
            "form_type": form_type,
            "filed_at": None,
            "first_seen_at": plain(first_seen_at),
            "issuer": {"cik": None, "ticker": watch.ticker, "name": None},
            "reporting_owners": [],
            "watch": watch.key,
            "rules": [],
            "events": [],
            "holdings": [],
            "plan": {"box": None, "adopted": None, "quote": None, "footnote": None, "state": "unknown"},
            "footnote_facts": [],
            "amends": None,
            "reason": reason,
            "url": url,
            "title": message.title,
            "text": message.text,
        }
    )


def encoded(body: Mapping[str, Any]) -> bytes:
    """JSON as bytes, one line."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _event_json(event: Event) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "shares": plain(event.shares),
        "value": plain(event.value),
        "price_low": plain(event.price_low),
        "price_high": plain(event.price_high),
        "price_average": plain(event.price_average),
        "security_title": event.security_title,
        "acquired_disposed": event.direction,
        "codes": list(event.codes),
        "dates": plain(event.dates),
        "exercise_price": plain(event.exercise_price),
        "expiration_date": plain(event.expiration_date),
        "remaining": plain(event.remaining),
        "cost": plain(event.cost),
        "footnotes": list(event.footnotes),
        "rows": [{"table": table, "row": number} for table, number in event.rows],
        "missing": list(event.missing),
    }


def _fact_json(fact: FootnoteFact) -> dict[str, Any]:
    return {
        "kind": fact.kind,
        "footnote": fact.footnote,
        "quote": fact.quote,
        "low": plain(fact.low),
        "high": plain(fact.high),
        "day": plain(fact.day),
    }


def _change_json(change: HoldingChange) -> dict[str, Any]:
    return {
        "security_title": change.security_title,
        "direct_or_indirect": change.direct_or_indirect,
        "nature_of_ownership": change.nature_of_ownership,
        "exercise_price": change.key.exercise_price or None,
        "expiration_date": change.key.expiration or None,
        "before": plain(change.before),
        "after": plain(change.after),
        "change": plain(change.change),
        "unexplained": plain(change.unexplained),
        "in_dollars": change.in_dollars,
        "before_as_of": plain(change.before_as_of),
    }
