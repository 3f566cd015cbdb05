"""Values to the JSON shapes of the contract: exact decimals as strings, dates ISO 8601, CIKs ten digits, absent values null."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from collections.abc import Mapping
from datetime import date
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from watcher.core.findings import Event
from watcher.core.findings import FilingFacts
from watcher.core.findings import HoldingChange
from watcher.core.findings import Plan
from watcher.core.findings import PlanBook
from watcher.core.footnotes import read_footnotes
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.telling import Message
from watcher.core.telling import Reasons
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
_ALL_FIELDS = ROW_FIELDS + DERIVATIVE_FIELDS
_row_values = attrgetter(*ROW_FIELDS)
_all_values = attrgetter(*_ALL_FIELDS)
_AS_THEY_ARE = frozenset((type(None), str, bool, int))  # in JSON
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

_EVENT = (
    "kind",
    "shares",
    "value",
    "price_low",
    "price_high",
    "price_average",
    "security_title",
    "codes",
    "dates",
    "exercise_price",
    "expiration_date",
    "remaining",
    "cost",
    "footnotes",
    "missing",
    "filings",
)
_PAIRING = ("method", "exercised", "cost", "sold", "gross", "withheld", "kept", "from_holdings")
_HOLDING = (
    "security_title",
    "direct_or_indirect",
    "nature_of_ownership",
    "before",
    "after",
    "change",
    "opening",
    "unexplained",
    "standing",
    "in_dollars",
    "before_as_of",
    "before_accession",
)
_STAKE = (
    "security_title",
    "sold",
    "held",
    "percent",
    "lines",
    "vested_options",
    "percent_with_options",
    "missing",
    "shown",
    "shown_lines",
    "percent_shown",
    "not_counted",
)
_UNTOUCHED = (
    "security_title",
    "direct_or_indirect",
    "nature_of_ownership",
    "shares",
    "value",
    "exercise_price",
    "expiration_date",
    "as_of",
    "accession_number",
)
_PLAN = ("box", "adopted", "quote", "footnote", "state")
_PLAN_BOOK = ("cooling_off", "day", "earliest", "sold", "sold_value", "filings", "since")
_TIMING = ("traded", "due", "filed", "status", "reason")
_FACT = ("kind", "footnote", "quote", "low", "high", "day")
_ROW_CHANGE = ("kind", "table", "row", "original_row")


def plain(value: object) -> Any:
    """One value as JSON holds it."""
    if value.__class__ in _AS_THEY_ARE:
        return value
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
    names, values = (_ALL_FIELDS, _all_values(row)) if derivative else (ROW_FIELDS, _row_values(row))
    # Asked here and not in `plain` alone: a bulk of filings spends much of its time on these lines.
    shape = {name: value if value.__class__ in _AS_THEY_ARE else plain(value) for name, value in zip(names, values, strict=True)}
    shape["footnotes"] = {column: list(ids) for column, ids in row.footnotes.items()}
    shape["derived"] = list(row.derived)
    return shape


def alert_payload(facts: FilingFacts, reasons: Reasons, identity: str, message: Message, *, corrects: str | None = None) -> bytes:
    """The body of a webhook for one filing and watch, as the exact bytes that are stored, signed and sent.

    `corrects` is the event id of an earlier alert that was wrong.
    """
    return encoded(
        {**alert_fields(facts, reasons, identity, corrects=corrects), "title": message.title, "text": message.text},
    )


def alert_fields(facts: FilingFacts, reasons: Reasons, identity: str, *, corrects: str | None = None) -> dict[str, Any]:
    """All of an alert's body but the words for people."""
    document = facts.document
    return {
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
        "stakes": [_fields(stake, _STAKE) for stake in facts.stakes],
        "untouched": [_fields(holding, _UNTOUCHED) for holding in facts.untouched],
        "plan": _plan_json(facts.plan, facts.plan_book),
        "footnote_facts": [_fields(fact, _FACT) for fact in read_footnotes(document)],
        "timing": _fields(facts.timing, _TIMING),
        "context": {
            "since": plain(facts.context.since),
            "observations": [_fields(one, ("name", "words")) for one in facts.context.observations],
        },
        "amends": _amends_json(facts),
        "companions": list(facts.companions),
        "same_as": facts.same_as,
        "baseline_done": facts.baseline_done,
        "warnings": list(document.warnings),
        "url": facts.url,
    }


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
            **claiming_nothing("quarantined", identity, watch.key),
            "accession_number": accession_number,
            "form_type": form_type,
            "first_seen_at": plain(first_seen_at),
            "issuer": {"cik": None, "ticker": watch.ticker, "name": None},
            "stakes": [],
            "untouched": [],
            "footnote_facts": [],
            "context": {"since": None, "observations": []},
            "companions": [],
            "same_as": None,
            "reason": reason,
            "url": url,
            "title": message.title,
            "text": message.text,
        }
    )


def claiming_nothing(kind: str, identity: str, watch: str | None) -> dict[str, Any]:
    """The fields that every body has, so that a receiver finds them also where no filing, or none that could be read, stands behind it."""
    return {
        "schema": 1,
        "event_id": identity,
        "kind": kind,
        "corrects": None,
        "accession_number": None,
        "form_type": None,
        "filed_at": None,
        "first_seen_at": None,
        "issuer": {"cik": None, "ticker": None, "name": None},
        "reporting_owners": [],
        "watch": watch,
        "rules": [],
        "events": [],
        "holdings": [],
        "plan": _plan_json(Plan(None, None, None, None, "unknown"), None),
        "amends": None,
        "url": None,
    }


def encoded(body: Mapping[str, Any]) -> bytes:
    """JSON as bytes, one line."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _fields(value: object, names: tuple[str, ...]) -> dict[str, Any]:
    """The named fields as JSON holds them; of nothing, as many nulls."""
    return {name: plain(getattr(value, name, None)) for name in names}


def _event_json(event: Event) -> dict[str, Any]:
    return {
        **_fields(event, _EVENT),
        "acquired_disposed": event.direction,
        "rows": [{"table": table, "row": number} for table, number in event.rows],
        "parts": [_event_json(part) for part in event.parts],
        "pairing": None if event.pairing is None else _fields(event.pairing, _PAIRING),
    }


def _plan_json(plan: Plan, book: PlanBook | None) -> dict[str, Any]:
    return {
        **_fields(plan, _PLAN),
        **_fields(book, _PLAN_BOOK),
        "cooling_off_reason": None if book is None else book.words,
    }


def _change_json(change: HoldingChange) -> dict[str, Any]:
    return {
        **_fields(change, _HOLDING),
        "exercise_price": plain(change.exercise_price),
        "expiration_date": change.key.expiration or None,
        "candidates": [_fields(one, ("name", "words", "fits")) for one in change.candidates],
    }


def _amends_json(facts: FilingFacts) -> dict[str, Any] | None:
    if not facts.form_type.endswith("/A"):
        return None
    amends = facts.amends
    return {
        "date_of_original_submission": plain(facts.document.date_of_original_submission),
        "accession_number": amends.original if amends else None,
        "state": amends.state if amends else None,
        "rows": [{**_fields(row, _ROW_CHANGE), "fields": _was_is(row.fields)} for row in (amends.rows if amends else ())],
        "heads": _was_is(amends.heads) if amends else [],
        "reason": amends.reason if amends else None,
    }


def _was_is(fields: Iterable[tuple[str, str | None, str | None]]) -> list[dict[str, str | None]]:
    return [{"field": name, "was": was, "is": now} for name, was, now in fields]
