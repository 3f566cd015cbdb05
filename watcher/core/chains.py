"""Filings that belong together: one event split over several forms, and one set of transactions reported by several owners.

A form holds at most 30 rows a table and 10 owners, so a busy day comes as several forms of the same owners (companions), and a block
held through a chain of funds comes once from each. Equal numbers alone prove neither: directors are given equal awards on one day, and
parallel funds sell equal numbers from different positions. Source: specification v5.5, 3.4 to 3.6; SEC staff FAQ of 2003 (a running tally).
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Hashable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.titles import folded
from watcher.core.titles import folded_nature

MOST_ROWS = 30  # that one table of a form holds

_SPLIT = frozenset("MOXSF")  # codes of the events that filers split over forms
_WORD = re.compile(r"[^\W_]{2,}")
# What names of entities have in common.
_FORMS_OF_ENTITY = frozenset(
    ("inc", "llc", "lp", "llp", "ltd", "corp", "co", "company", "limited", "sa", "ag", "nv", "plc", "the", "and", "of")
)


def key(document: OwnershipDocument) -> str:
    """A digest over the issuer and all transaction rows, in whatever order: date, code, direction, shares, price, total following.

    Equal keys are equal rows, which alone does not make them the same transactions: ask `same_transactions`. Empty without such rows.
    """
    rows = sorted(_marks(document))
    return hashlib.sha256(repr((document.issuer.cik, rows)).encode()).hexdigest()[:32] if rows else ""


def same_transactions(document: OwnershipDocument, other: OwnershipDocument) -> bool:
    """Whether two filings, neither an amendment, report the very same transactions of one issuer.

    All rows must be equal, each with a date, shares and a total following, and the filings must have an owner in common, or one must
    name an owner of the other in its footnotes, remarks or natures of ownership.
    """
    if document.form_type.endswith("/A") or other.form_type.endswith("/A"):
        return False
    if document.issuer.cik is None or document.issuer.cik != other.issuer.cik:
        return False
    rows = [row for _, row in _transactions(document)]
    stated = all(
        row.transaction_date
        and row.shares is not None
        and (row.shares_owned_following, row.value_owned_following) != (None, None)
        for row in rows
    )
    if not rows or not stated or sorted(_marks(document)) != sorted(_marks(other)):
        return False
    if _owners(document) & _owners(other):
        return True
    return _names_owner_of(document, other) or _names_owner_of(other, document)


def is_companion(document: OwnershipDocument, other: OwnershipDocument) -> bool:
    """Whether two Forms 4 of the same owners report one day's exercises, sales or withholdings between them.

    They share a day and no row, and on some position the totals of one go on where those of the other end.
    """
    if not document.form_type == other.form_type == "4" or document.issuer.cik is None or document.issuer.cik != other.issuer.cik:
        return False
    owners = _owners(document)
    if not owners or len(owners) != len(document.reporting_owners) or owners != _owners(other):
        return False
    if not _split_days(document) & _split_days(other) or not set(_marks(document)).isdisjoint(_marks(other)):
        return False
    ends, others = _positions(document), _positions(other)
    return any(_meet(rows, others[position]) for position, rows in ends.items() if position in others)


def companions(
    document: OwnershipDocument, candidates: Sequence[tuple[str, OwnershipDocument]]
) -> tuple[tuple[str, OwnershipDocument], ...]:
    """Those of the candidates (accession number, document) that are companions of the document, or of one that is; in their order."""
    found: dict[str, OwnershipDocument] = {}
    reached = [document]
    while reached:
        last = reached.pop()
        for number, other in candidates:
            if number not in found and other is not document and is_companion(last, other):
                found[number] = other
                reached.append(other)
    return tuple((number, other) for number, other in candidates if number in found)


def is_full(document: OwnershipDocument) -> bool:
    """Whether a table has no room left, so that the rest may stand on another form."""
    return max(len(document.non_derivative_table), len(document.derivative_table)) >= MOST_ROWS


def loose_ends(rows: Iterable[Row]) -> tuple[list[Decimal], list[Decimal]]:
    """Openings that are no other row's total, and totals that are no other row's opening, of rows of one position.

    One each where the totals are one running tally, none where it comes back to where it began. Rows that do not state shares,
    direction and total are passed over.
    """
    openings: Counter[Decimal] = Counter()
    totals: Counter[Decimal] = Counter()
    for row in rows:
        if row.shares is not None and row.shares_owned_following is not None and row.acquired_disposed in {"A", "D"}:
            openings[row.shares_owned_following - (row.shares if row.acquired_disposed == "A" else -row.shares)] += 1
            totals[row.shares_owned_following] += 1
    return list((openings - totals).elements()), list((totals - openings).elements())


def is_one_tally(rows: Iterable[Row]) -> bool:
    """Whether the totals of one position follow from its rows: one running tally, but for rounding, or the last total repeated.

    Where they do not, shares came or went between the rows, and the total less all rows is not what was held before.
    """
    moves = [row for row in rows if row.kind == "transaction"]
    if len({row.shares_owned_following for row in moves}) <= 1:
        return True
    openings, totals = loose_ends(moves)
    alone = 0
    for opening in openings:
        near = next((total for total in totals if abs(total - opening) < 1), None)
        if near is None:
            alone += 1
        else:
            totals.remove(near)
    return alone <= 1


def _meet(rows: list[Row], others: list[Row]) -> bool:
    (starts, ends), (other_starts, other_ends) = _reach(rows), _reach(others)
    return not starts.isdisjoint(other_ends) or not ends.isdisjoint(other_starts)


def _reach(rows: list[Row]) -> tuple[set[Decimal], set[Decimal]]:
    """Where the totals of a position begin and end; if they come back to their beginning, there."""
    starts, ends = loose_ends(rows)
    if starts or ends:
        return set(starts), set(ends)
    last = next((row.shares_owned_following for row in reversed(rows) if row.shares_owned_following is not None), None)
    around = set() if last is None else {last}
    return around, around


def _transactions(document: OwnershipDocument) -> Iterator[tuple[str, Row]]:
    for table, rows in (("I", document.non_derivative_table), ("II", document.derivative_table)):
        for row in rows:
            if row.kind == "transaction":
                yield table, row


def _marks(document: OwnershipDocument) -> Iterator[tuple[str, ...]]:
    """What tells transactions apart, as text: numbers without their trailing zeros."""
    for table, row in _transactions(document):
        numbers = (row.shares, row.total_value, row.price_per_share, row.shares_owned_following, row.value_owned_following)
        words = (table, str(row.transaction_date), row.transaction_code or "", row.acquired_disposed or "")
        yield (*words, *map(_plain, numbers))


def _plain(number: Decimal | None) -> str:
    if number is None:
        return ""
    text = format(number, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) if number else "0"


def _owners(document: OwnershipDocument) -> set[str]:
    return {owner.cik for owner in document.reporting_owners if owner.cik}


def _split_days(document: OwnershipDocument) -> set[date]:
    return {row.transaction_date for _, row in _transactions(document) if row.transaction_code in _SPLIT and row.transaction_date}


def _positions(document: OwnershipDocument) -> dict[Hashable, list[Row]]:
    found: dict[Hashable, list[Row]] = {}
    for table, row in _transactions(document):
        terms = (row.conversion_or_exercise_price, row.expiration_date) if table == "II" else ()
        line = (row.direct_or_indirect, folded_nature(row.nature_of_ownership or ""))
        found.setdefault((table, folded(row.security_title or ""), *line, *terms), []).append(row)
    return found


def _names_owner_of(document: OwnershipDocument, other: OwnershipDocument) -> bool:
    natures = {row.nature_of_ownership or "" for _, row in _transactions(document)}
    words = set(_WORD.findall(" ".join((*natures, *document.footnotes.values(), document.remarks or "")).casefold()))
    return any(_telling_words(owner) and _telling_words(owner) <= words for owner in other.reporting_owners)


def _telling_words(owner: ReportingOwner) -> set[str]:
    words = set(_WORD.findall((owner.name or "").casefold())) - _FORMS_OF_ENTITY
    return words if len(words) > 1 else set()
