"""A stored reading back to the document it was: the inverse of `payload.document_json`, which is how the store keeps what was read."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from decimal import InvalidOperation
from typing import Any

from watcher.core.errors import UnreadableDocument
from watcher.core.model import Issuer
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.model import Signature
from watcher.core.payload import DERIVATIVE_FIELDS
from watcher.core.payload import ROW_FIELDS

_DATES = frozenset({"transaction_date", "deemed_execution_date", "exercise_date", "expiration_date"})
_NUMBERS = frozenset(
    {
        *("shares", "total_value", "price_per_share", "shares_owned_following", "value_owned_following"),
        *("conversion_or_exercise_price", "underlying_security_shares", "underlying_security_value"),
    }
)
_AS_IT_IS = tuple(name for name in (*ROW_FIELDS, *DERIVATIVE_FIELDS) if name not in _DATES | _NUMBERS)


def document_from_json(shape: Mapping[str, Any]) -> OwnershipDocument:
    """The document that `document_json` wrote: `document_from_json(document_json(one)) == one`.

    What a shape of an older release lacks is "not stated". Raises `UnreadableDocument` where it is no such shape; it checks no more
    than it needs, for it reads what we wrote.
    """
    try:
        return OwnershipDocument(
            form_type=shape["form_type"],
            period_of_report=_date(shape.get("period_of_report")),
            issuer=Issuer(**shape["issuer"]),
            reporting_owners=tuple([ReportingOwner(**one) for one in shape["reporting_owners"]]),
            non_derivative_table=_rows(shape["non_derivative_table"]),
            derivative_table=_rows(shape["derivative_table"]),
            footnotes=dict(shape["footnotes"]),
            remarks=shape.get("remarks"),
            signatures=tuple([Signature(one["name"], _date(one["date"])) for one in shape.get("signatures", ())]),
            warnings=tuple(shape.get("warnings", ())),
            source=shape.get("source", "xml"),
            schema_version=shape.get("schema_version"),
            date_of_original_submission=_date(shape.get("date_of_original_submission")),
            no_securities_owned=shape.get("no_securities_owned"),
            not_subject_to_section16=shape.get("not_subject_to_section16"),
            form3_holdings_reported=shape.get("form3_holdings_reported"),
            form4_transactions_reported=shape.get("form4_transactions_reported"),
            aff10b5_one=shape.get("aff10b5_one"),
        )
    except (AttributeError, InvalidOperation, KeyError, TypeError, ValueError) as error:
        raise UnreadableDocument(f"what was kept of an earlier reading is not an ownership document: {error!r}") from error


def _rows(shapes: Sequence[Mapping[str, Any]]) -> tuple[Row, ...]:
    return tuple([_row(shape) for shape in shapes])


def _row(shape: Mapping[str, Any]) -> Row:
    stated: dict[str, Any] = {name: shape[name] for name in _AS_IT_IS if shape.get(name) is not None}
    for name in _NUMBERS:
        if (number := shape.get(name)) is not None:
            stated[name] = Decimal(number)
    for name in _DATES:
        if (day := shape.get(name)) is not None:
            stated[name] = date.fromisoformat(day)
    stated["footnotes"] = {name: tuple(notes) for name, notes in shape["footnotes"].items()}
    return Row(**stated, derived=tuple(shape["derived"]))


def _date(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)
