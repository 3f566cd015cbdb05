"""The ledger check of an alert: how each line of a filing stands against the store, and what may lie behind a gap.

What the store does not explain may well have been filed: it is said to be missing from the store. A gap is never called a transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping
from decimal import Decimal
from itertools import combinations

from watcher.core.figures import count
from watcher.core.figures import day
from watcher.core.figures import dollars
from watcher.core.figures import price
from watcher.core.figures import signed
from watcher.core.findings import Candidate
from watcher.core.findings import FilingFacts
from watcher.core.findings import HoldingChange
from watcher.core.model import HoldingKey
from watcher.core.telling import Line

OWNERSHIP = {"D": "direct", "I": "indirect"}

_CHECK = "Ledger check"
_CLUE, _POSSIBLE = "Clue", "Possible cause"
_CANDIDATES_SHOWN = 6

_Names = Mapping[HoldingKey, str]


def ledger_check(facts: FilingFacts, names: _Names) -> Iterator[Line]:
    """The lines by how they stand against the store; each gap by itself, with what may lie behind it. `names` are the lines' names."""
    for standing in ("matches", "first sight", "amends", "cannot tell"):
        standing_so = [change for change in facts.changes if change.standing == standing]
        if standing_so:
            alike = len(standing_so) == len(facts.changes)
            shown = "" if alike else "; ".join(_listed([names[change.key] for change in standing_so]))
            yield Line(_standing(standing, standing_so, facts), label=_CHECK, note=shown)
    gaps = [change for change in facts.changes if change.standing == "gap"]
    for one, other in combinations(gaps, 2):
        if one in gaps and other in gaps and _cancel_out(one, other):
            gaps.remove(one)
            gaps.remove(other)
            yield from _two_gaps(one, other, names)
    for change in gaps:
        strike = f", strike {price(Decimal(change.key.exercise_price))}" if change.key.exercise_price else ""
        yield from _gap(change, f"{names[change.key]}{strike}" if len(facts.changes) > 1 else "")


def _listed(names: list[str]) -> Iterator[str]:
    """The names, those of several lines (grants, mostly) once with their number."""
    yield from (name if number == 1 else f"{number} lines of {name}" for name, number in Counter(names).items())


def _standing(standing: str, changes: list[HoldingChange], facts: FilingFacts) -> str:
    if standing == "matches":
        days = sorted({change.before_as_of for change in changes if change.before_as_of})
        since = f", as of {' and '.join(day(one) for one in days)}" if len(days) in {1, 2} else ""
        return f"the opening balance matches what was last filed{since} ✓"
    if standing == "first sight":
        if not facts.baseline_done:
            return "earlier holdings are not known yet"
        return f"nothing to compare with: first sight of {'this line' if len(changes) == 1 else 'these lines'}"
    if standing == "amends":
        return "an amendment restates balances; they are not compared"
    reasons = dict.fromkeys(candidate.words for change in changes for candidate in change.candidates)
    return ": ".join(["cannot tell whether the opening balance matches", *(["; ".join(reasons)] if reasons else [])])


def _gap(change: HoldingChange, name: str) -> Iterator[Line]:
    yield Line(f"does not balance: {_missing(change)} not explained by the filings in your store", label=_CHECK, note=name)
    yield Line(_balances(change), label="Before this filing")
    for label, fits in ((_CLUE, True), (_POSSIBLE, False)):
        yield from (Line(one.words, label=label) for one in change.candidates[:_CANDIDATES_SHOWN] if one.fits is fits)
    if len(change.candidates) > _CANDIDATES_SHOWN:
        yield Line(f"{len(change.candidates) - _CANDIDATES_SHOWN} more candidates are in the machine form")


def _two_gaps(one: HoldingChange, other: HoldingChange, names: _Names) -> Iterator[Line]:
    """Two lines of a class of which one has too much by what the other has too little: one finding, not two."""
    number = count(abs(one.unexplained)) if one.unexplained is not None else ""
    yield Line(f"two lines do not balance with your store, by {number} each: one has more, the other less", label=_CHECK)
    for change in (one, other):
        yield Line(f"{_missing(change)} ({_balances(change)})", label=names[change.key])
    yield Line(
        "the two cancel out, as if shares moved from line to line; a mere change of form needs no report (rule 16a-13)",
        label=_CLUE,
    )
    own: dict[str, Candidate] = {
        found.words: found
        for change in (one, other)
        for found in change.candidates
        if found.fits and found.name != "change of form"
    }
    yield from (Line(words, label=_CLUE) for words in list(own)[:_CANDIDATES_SHOWN])


def _cancel_out(one: HoldingChange, other: HoldingChange) -> bool:
    if (one.key.table, one.key.security, one.in_dollars) != (other.key.table, other.key.security, other.in_dollars):
        return False
    return one.unexplained is not None and other.unexplained is not None and abs(one.unexplained + other.unexplained) < 1


def _missing(change: HoldingChange) -> str:
    gap = change.unexplained
    if gap is None:
        return "a difference"
    return f"{'−' if gap < 0 else '+'}{dollars(abs(gap))}" if change.in_dollars else signed(gap)


def _balances(change: HoldingChange) -> str:
    unit = dollars if change.in_dollars else count
    since = f" as of {day(change.before_as_of)}" if change.before_as_of else ""
    by = f" by {change.before_accession}" if change.before_accession else ""
    before = "a balance not stated" if change.before is None else unit(change.before)
    opens = "" if change.opening is None else f"; by this filing’s own figures {unit(change.opening)}"
    return f"{before}{since}{by}{opens}"
