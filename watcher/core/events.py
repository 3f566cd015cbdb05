"""Rows to events: what happened, in people's terms. Pure reading of codes and directions; no judgement, no advice.

A sale is code S and disposed, in any table. What was given up for shares and the shares are one event, counted in the instrument given
up; an exercise and the sale of what it brought are one event too, and so are a vesting and what was withheld of it. Source:
specification v5.5, 3.6.9 and Form 4, item 8.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from watcher.core.codes import EXERCISE_CODES
from watcher.core.exercises import Exercise
from watcher.core.exercises import Line
from watcher.core.exercises import lines_of
from watcher.core.exercises import read_exercises
from watcher.core.findings import Event
from watcher.core.findings import FilingFacts
from watcher.core.footnotes import is_an_average
from watcher.core.footnotes import price_range
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row
from watcher.core.pairing import Tied
from watcher.core.pairing import lacking_rows
from watcher.core.pairing import others_gone
from watcher.core.pairing import others_received
from watcher.core.pairing import pairing_of
from watcher.core.pairing import tie
from watcher.core.pairing import total
from watcher.core.tally import closing_row
from watcher.core.titles import folded

# (code, acquired/disposed) -> kind, for rows that are not exercises. What is not here is "other": told apart by nobody, lost by nobody.
_KINDS = {
    ("S", "D"): "sale",
    ("P", "A"): "purchase",
    ("F", "D"): "withholding",
    ("G", "A"): "gift",
    ("G", "D"): "gift",
    ("A", "A"): "award",
    ("C", "A"): "conversion",
    ("C", "D"): "conversion",
    ("D", "D"): "disposition",
    ("U", "D"): "disposition",
}
_SOLD = re.compile(
    r"\bsale price\b|\bshares (?:were )?sold\b|\bsold in (?:multiple|several)\b|\bprice of the shares sold\b", re.IGNORECASE
)
_PRICED = frozenset({"sale", "purchase", "withholding", "disposition"})  # a price belongs there
_FOUR_PLACES = Decimal("0.0001")


def read_events(document: OwnershipDocument, companions: Sequence[tuple[str, OwnershipDocument]] = ()) -> tuple[Event, ...]:
    """All that happened in the filing, one event per kind (of "other": per code) and security class, in the order of first appearance.

    Every transaction row of the filing is in exactly one event; holdings are no events. Figures that a row does not state make the sums
    `None`, and `missing` names them. `companions` are (accession number, document) of filings of the same owners and day, see
    `chains.companions`: their exercises and sales are counted in where they are one event with rows of this filing. `Event.rows` are
    rows of this filing only, so a part that stands wholly in a companion has none, and `Event.filings` names the companion.
    """
    lines = lines_of(document)
    own = lines
    for number, other in companions:
        lines = [*lines, *lines_of(other, number)]
    if any(line.row.transaction_code in EXERCISE_CODES for line in lines):
        events, rest = _exercised(lines)
    else:
        events, rest = [], own
    events += _grouped(rest)
    if codeless := [f"code of Table {line.table} row {line.number}" for line in own if line.row.transaction_code is None]:
        events = [_least(event, tuple(codeless)) for event in events]
    return tuple(sorted(events, key=_first_row))


def simple_events(events: Iterable[Event]) -> tuple[Event, ...]:
    """The events with every exercise-and-sell, and every vesting with what was withheld, taken apart again.

    Sales (withholdings) of one class come as one. Only what the filing itself reports: parts that stand in a companion are left to it.
    """
    simple: list[Event] = []
    parted: dict[tuple[str, str, str | None], list[Event]] = {}
    for event in events:
        for part in event.parts or (event,):
            if part.kind in {"sale", "withholding"}:
                parted.setdefault((part.kind, folded(part.security_title or ""), part.direction), []).append(part)
            else:
                simple.append(part)
    for group in parted.values():
        own = [part for part in group if part.rows]
        simple += [_merged(own)] if own else []
    return tuple(sorted((event for event in simple if event.rows), key=_first_row))


def names_for_rules(facts: FilingFacts) -> frozenset[str]:
    """Everything in a filing that a rule may ask for under `events`: an exercise-and-sell is an exercise and a sale too."""
    names = {event.kind for event in facts.events}
    names.update(part.kind for event in facts.events for part in event.parts)
    if facts.form_type.endswith("/A"):
        names.add("amendment")
    if facts.timing.status == "late":
        names.add("late")
    if any(change.standing == "gap" for change in facts.changes):
        names.add("unexplained")
    return frozenset(names)


def _exercised(lines: list[Line]) -> tuple[list[Event], list[Line]]:
    """Events of all exercises and vestings with what hangs on them, and the filing's own lines that are left."""
    exercises, rest = read_exercises(lines)
    kinds = [(line, _kind(line)) for line in rest]
    sales, withheld = ([line for line, kind in kinds if kind == wanted] for wanted in ("sale", "withholding"))
    tied = tie(exercises, sales, withheld) if sales or withheld else []
    events = [event for event in (_together(one, lines) for one in tied) if event.rows]
    bound = {id(line) for one in tied for line in (*one.sales, *one.withheld)}
    joined = {id(exercise) for one in tied for exercise in one.exercises}
    for exercise in exercises:
        if id(exercise) not in joined:
            events += [event for event in map(_exercise, exercise.by_filing()) if event.rows]
    return events, [line for line in rest if id(line) not in bound and not line.filing]


def _together(tied: Tied, lines: list[Line]) -> Event:
    """One event of exercises and the sales out of them, or of vestings and what was withheld.

    What is left was kept only if no row can be missing.
    """
    exercises = [_exercise(part) for exercise in tied.exercises for part in exercise.by_filing()]
    sales, withheld = _grouped(tied.sales), _grouped(tied.withheld)
    parts = (*exercises, *sales, *withheld)
    whole = _merged(sales or exercises)
    cost = total(part.cost for part in exercises) if sales else Decimal(0)
    single = exercises[0] if len(exercises) == 1 else None
    pairing = pairing_of(tied, cost, whole.value if sales else Decimal(0))
    lacking = lacking_rows(tied, lines) if pairing.kept else ()
    if tied.method == "date" and sales and not lacking:
        lacking = others_received(tied, lines)
    if sales and pairing.kept and not lacking:
        lacking = others_gone(tied, lines)
    if lacking:
        pairing = replace(pairing, kept=None, from_holdings=None)
    return replace(
        whole,
        kind="exercise_and_sell" if sales else "vest",
        dates=tuple(sorted({day for part in parts for day in part.dates})),
        codes=_union(part.codes for part in parts),
        rows=tuple(sorted(place for part in parts for place in part.rows)),
        direction=None,
        footnotes=_union(part.footnotes for part in parts),
        exercise_price=single.exercise_price if single else None,
        expiration_date=single.expiration_date if single else None,
        remaining=single.remaining if single else None,
        cost=cost if sales else None,
        missing=_union((*(part.missing for part in parts), lacking)),
        parts=parts,
        pairing=pairing,
        filings=_union(part.filings for part in parts),
    )


def _least(event: Event, codeless: tuple[str, ...]) -> Event:
    """A sum of sales is a least sum where other rows of the same form do not show their code."""
    if event.kind not in {"sale", "exercise_and_sell"}:
        return event
    parts = tuple(_least(part, codeless) if part.rows else part for part in event.parts)
    return replace(event, missing=(*event.missing, *codeless), parts=parts)


def _kind(line: Line) -> str:
    row = line.row
    if row.transaction_code is None and row.acquired_disposed == "D":
        # On paper a code may be illegible where the footnote on the price still says what it is.
        notes = (line.document.footnotes.get(note, "") for note in row.footnotes.get("price_per_share", ()))
        return "sale" if any(_SOLD.search(text) for text in notes) else "other"
    return _KINDS.get((row.transaction_code or "", row.acquired_disposed or ""), "other")


# --- sums -----------------------------------------------------------------------------------------------------------------


def _exercise(exercise: Exercise) -> Event:
    instruments = sorted((leg.given for leg in exercise.legs if leg.given is not None), key=_standing)
    members = sorted((*instruments, *(line for leg in exercise.legs for line in leg.received)), key=_standing)
    counted = instruments or members
    price = exercise.strike
    closing = closing_row([line.row for line in counted]) if instruments else None
    shares, missing = _total_shares(counted)
    cost = shares * price if shares is not None and price is not None else None
    return Event(
        kind=exercise.kind,
        security_title=counted[0].row.security_title,
        shares=shares,
        value=cost,
        price_low=price,
        price_high=price,
        price_average=price,
        dates=_dates(members),
        codes=_codes(members),
        rows=_rows(members),
        footnotes=_notes(members),
        exercise_price=price,
        expiration_date=counted[0].row.expiration_date,
        remaining=closing.shares_owned_following if closing else None,
        cost=cost,
        missing=(*missing, *(("exercise price",) if exercise.kind == "exercise" and price is None else ())),
        filings=_filings(members),
    )


def _grouped(lines: Iterable[Line]) -> list[Event]:
    """One event per filing, kind, class and direction, the filing's own first; what is "other" in kind also by its code.

    An inheritance and a small purchase have no average price.
    """
    groups: dict[tuple[str, str, str, str | None, str | None], list[Line]] = {}
    for line in sorted(lines, key=_standing):
        kind = _kind(line)
        code = line.row.transaction_code if kind == "other" else None
        key = (line.filing, kind, folded(line.row.security_title or ""), line.row.acquired_disposed, code)
        groups.setdefault(key, []).append(line)
    return [_summed(kind, group) for (_, kind, *_), group in groups.items()]


def _summed(kind: str, lines: list[Line]) -> Event:
    shares, missing = _total_shares(lines)
    value: Decimal | None = Decimal(0)
    for line in lines:
        worth = _worth(line.row)
        if worth is None and kind in _PRICED:
            missing.append(f"price of {_named(line)}")
        value = None if value is None or worth is None else value + worth
    prices = [_prices(line) for line in lines if line.row.price_per_share is not None]
    ranges = [one for one in prices if one is not None]
    priced = len(ranges) == len(lines)
    average = value / shares if len(prices) == len(lines) and value is not None and shares else None
    return Event(
        kind=kind,
        security_title=lines[0].row.security_title,
        shares=shares,
        value=value,
        price_low=min(low for low, _ in ranges) if priced else None,
        price_high=max(high for _, high in ranges) if priced else None,
        price_average=average.quantize(_FOUR_PLACES) if average is not None and len(lines) > 1 else average,
        dates=_dates(lines),
        codes=_codes(lines),
        rows=_rows(lines),
        direction=lines[0].row.acquired_disposed,
        footnotes=_notes(lines),
        missing=tuple(missing),
        filings=_filings(lines),
    )


def _prices(line: Line) -> tuple[Decimal, Decimal] | None:
    """The lowest and the highest price of a row; `None` where it states an average alone."""
    price, notes = line.row.price_per_share, line.row.footnotes.get("price_per_share", ())
    if price is None or not notes:
        return None if price is None else (price, price)
    stated = price_range(line.document, notes, price)
    if stated is not None:
        return stated
    return None if is_an_average(line.document, notes) else (price, price)


def _merged(events: Sequence[Event]) -> Event:
    """Events of one kind as one: sums, the widest range, the true average."""
    if len(events) == 1:
        return events[0]
    shares, value = total(event.shares for event in events), total(event.value for event in events)
    lows = [event.price_low for event in events if event.price_low is not None]
    highs = [event.price_high for event in events if event.price_high is not None]
    priced = len(lows) == len(highs) == len(events)
    return replace(
        events[0],
        shares=shares,
        value=value,
        price_low=min(lows) if priced else None,
        price_high=max(highs) if priced else None,
        price_average=(value / shares).quantize(_FOUR_PLACES) if value is not None and shares else None,
        dates=tuple(sorted({day for event in events for day in event.dates})),
        codes=_union(event.codes for event in events),
        rows=tuple(sorted(place for event in events for place in event.rows)),
        footnotes=_union(event.footnotes for event in events),
        missing=_union(event.missing for event in events),
        filings=_union(event.filings for event in events),
    )


def _worth(row: Row) -> Decimal | None:
    if row.total_value is not None:
        return row.total_value
    return None if row.shares is None or row.price_per_share is None else row.shares * row.price_per_share


def _total_shares(lines: Iterable[Line]) -> tuple[Decimal | None, list[str]]:
    """The sum, and what it lacks; a row that gives a value in place of shares lacks nothing."""
    missing = [f"shares of {_named(line)}" for line in lines if line.row.shares is None and line.row.total_value is None]
    return total(line.row.shares for line in lines), missing


def _named(line: Line) -> str:
    return f"Table {line.table} row {line.number}{f' of {line.filing}' if line.filing else ''}"


def _standing(line: Line) -> tuple[str, str, int]:
    return (line.filing, line.table, line.number)


def _first_row(event: Event) -> tuple[str, int]:
    return min(event.rows)


def _dates(lines: Iterable[Line]) -> tuple[date, ...]:
    return tuple(sorted({line.row.transaction_date for line in lines if line.row.transaction_date}))


def _codes(lines: Iterable[Line]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.row.transaction_code for line in lines if line.row.transaction_code))


def _rows(lines: Iterable[Line]) -> tuple[tuple[str, int], ...]:
    return tuple(line.place for line in lines if not line.filing)


def _filings(lines: Iterable[Line]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.filing for line in lines if line.filing))


def _notes(lines: Iterable[Line]) -> tuple[str, ...]:
    """Footnotes of this filing; a companion numbers its own."""
    own = ((line.document.footnotes, ids) for line in lines if not line.filing for ids in line.row.footnotes.values())
    return tuple(dict.fromkeys(note for footnotes, ids in own for note in ids if note in footnotes))


def _union(found: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for some in found for one in some))
