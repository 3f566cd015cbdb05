"""What leaves the store for other programs: the columns of each export, and one row as a line of text.

A figure is exact, as filed; a day is `YYYY-MM-DD`, a time ISO 8601 with offset. JSON Lines keep lists and objects as they are; in a
flat form (CSV, Parquet) they are one text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from typing import Literal

Kind = Literal["text", "figure", "day", "time", "flag", "count"]

_FILING: dict[str, Kind] = {
    "accession_number": "text",
    "form_type": "text",
    "filed_at": "time",
    "issuer_cik": "text",
    "ticker": "text",
    "issuer_name": "text",
    "reporting_owners": "text",
    "url": "text",
}
_ROW: dict[str, Kind] = {
    "table_name": "text",
    "row_number": "count",
    "security_title": "text",
    "transaction_date": "day",
    "deemed_execution_date": "day",
    "transaction_form_type": "text",
    "transaction_code": "text",
    "equity_swap_involved": "flag",
    "transaction_timeliness": "text",
    "shares": "figure",
    "total_value": "figure",
    "price_per_share": "figure",
    "acquired_disposed": "text",
    "shares_owned_following": "figure",
    "value_owned_following": "figure",
    "direct_or_indirect": "text",
    "nature_of_ownership": "text",
    "conversion_or_exercise_price": "figure",
    "exercise_date": "day",
    "expiration_date": "day",
    "underlying_security_title": "text",
    "underlying_security_shares": "figure",
    "underlying_security_value": "figure",
    "footnotes": "text",
    "derived": "text",
}
COLUMNS: Mapping[str, Mapping[str, Kind]] = {
    "alerts": {
        "created_at": "time",
        "event_id": "text",
        "kind": "text",
        **_FILING,
        "first_seen_at": "time",
        "watch": "text",
        "rules": "text",
        "events": "text",
        "title": "text",
        "text": "text",
        "told": "text",
    },
    # Beside an original, an amendment repeats its rows: who adds up leaves out what is amended.
    "transactions": {
        **_FILING,
        "period_of_report": "day",
        "aff10b5_one": "flag",
        "amends": "text",
        "amended_by": "text",
        **_ROW,
    },
    "holdings": {
        **_FILING,
        "table_name": "text",
        "security_title": "text",
        "direct_or_indirect": "text",
        "nature_of_ownership": "text",
        "shares": "figure",
        "value": "figure",
        "exercise_price": "figure",
        "expiration_date": "day",
        "as_of": "day",
        "before": "figure",
        "change": "figure",
        "unexplained": "figure",
        "standing": "text",
    },
    "filings": {
        **_FILING,
        "state": "text",
        "first_seen_at": "time",
        "ingested_at": "time",
        "found_by": "text",
        "period_of_report": "day",
        "date_of_original_submission": "day",
        "aff10b5_one": "flag",
        "not_subject_to_section16": "flag",
        "timeliness": "text",
        "amends": "text",
        "amended_by": "text",
        "alerts": "count",
        "silent_because": "text",
        "reason": "text",
        "remarks": "text",
        "warnings": "text",
        "original_sha256": "text",
        "original_kept": "flag",
    },
}

# What a spreadsheet takes for a formula at the start of a cell. A number is none, also with a sign.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def cell(value: object) -> str:
    """One value for a spreadsheet: a text that would run as a formula has an apostrophe before it."""
    text = flat(value) or ""
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def flat(value: object) -> str | None:
    """One value as one text; owners as `Roe Jane (0009980001); ...`, other lists of texts parted by semicolons, objects as JSON."""
    match value:
        case None | str():
            return value
        case list() if all(isinstance(one, dict) and {"cik", "name"} <= one.keys() for one in value):
            return "; ".join(f"{one['name'] or '?'} ({one['cik'] or '?'})" for one in value)
        case list() if all(isinstance(one, str) for one in value):
            return "; ".join(value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def flat_alert(alert: Mapping[str, Any]) -> dict[str, Any]:
    """An alert as a machine is sent it, in the columns of a table."""
    issuer = alert.get("issuer") or {}
    return {
        **alert,
        "issuer_cik": issuer.get("cik"),
        "ticker": issuer.get("ticker"),
        "issuer_name": issuer.get("name"),
        "reporting_owners": [{"cik": one.get("cik"), "name": one.get("name")} for one in alert.get("reporting_owners") or ()],
        "events": [one["kind"] for one in alert.get("events") or ()],
        "told": [f"{one['destination']} {one['state']}" for one in alert["deliveries"]],
    }
