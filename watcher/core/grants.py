"""What one title covers, where a form gives neither price nor expiry: one balance, or several grants that nothing tells apart.

Restricted, performance and phantom units often stand so: some filers state what is left of the one grant, others of all. Which of the two
a total counts is not said. That it once began where the last one ended speaks for one balance: of the 135 openings under such titles in
2024Q3 that follow one that matched, 117 match and 18 are off by 5 % or less; of the 340 others, 199 match. Source: specification v5.5, 3.6.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from watcher.core.figures import count
from watcher.core.findings import Candidate
from watcher.core.findings import HoldingChange
from watcher.core.model import HoldingKey
from watcher.core.tally import ONE_SHARE

ANOTHER_GRANT = "another grant"
CONTRADICTION = "contradiction"
OWNER_NOT_STATED = "owner not stated"
NAMELESS = "name:?"  # stands in a key for an owner of whom neither CIK nor name is legible
SMALL = Decimal("0.05")  # of what was held: what dividend equivalents and plans add between two filings

_GRANTED = re.compile(r"\b(?:units?|options?|rights?|warrants?|awards?|[rpd]sus?|performance|phantom|deferred)\b")
# Of units only those that pay in shares: "common unit" and "class b unit" are classes, held as one.
_IN_GRANTS = re.compile(
    r"\b(?:options?|rights?|warrants?|awards?|[rpd]sus?|performance|phantom|deferred|(?:stock|share|restricted|equivalent) units?)\b"
)


def is_granted(key: HoldingKey) -> bool:
    """Whether the title is one under which grants are made: options, units, rights and the like, no class of stock."""
    return key.table == "II" and bool(_GRANTED.search(key.security))


def is_of_several(key: HoldingKey) -> bool:
    """Whether several grants may stand under this one key: granted in parts, and neither price nor expiry given."""
    return key.table == "II" and not key.exercise_price and not key.expiration and bool(_IN_GRANTS.search(key.security))


def as_far_as_known(change: HoldingChange, *, chained: bool) -> HoldingChange:
    """The change, with a gap only where it is known that both totals count the same; else the reason in its candidates.

    A filing whose total is less than what its rows acquire contradicts itself: its opening is not known. Under a title of several
    grants an award that opens with nothing is a new grant, seen for the first time; any other opening that is more than 5 % off the last
    closing may be another grant's. `chained`: an earlier filing of this balance opened where the one before it closed, so it is one
    balance, and a gap in it is a gap. Of filings that do not say whose the balance is nothing is held against each other.
    """
    if change.before_accession is not None and not _says_whose(change.key):
        return _nobodys(change)
    opening, before, missing = change.opening, change.before, change.unexplained
    if change.standing == "amends" or opening is None or change.after is None or change.change is None:
        return change
    if opening <= -ONE_SHARE and change.after >= 0:
        words = (
            f"the rows of this filing acquire {count(change.change)} in all, more than its total after them, {count(change.after)}:"
            " the total may count a part only, more may have happened than these rows say, or a number or letter is mistyped"
        )
        return _not_known(replace(change, opening=None), Candidate(CONTRADICTION, words, fits=True))
    if change.standing != "gap" or chained or before is None or missing is None or not is_of_several(change.key):
        return change
    if abs(opening) < ONE_SHARE and change.change > 0:
        return replace(change, standing="first sight", before=None, unexplained=None, before_as_of=None, before_accession=None)
    if abs(missing) <= before * SMALL:
        return change
    words = f"several grants may share this title: {count(before)} were left by the filing before, and this one opens with {count(opening)}"
    return _not_known(change, Candidate(ANOTHER_GRANT, words, fits=False))


def _says_whose(key: HoldingKey) -> bool:
    return bool(key.owners) and NAMELESS not in key.owners.split("+")


def _nobodys(change: HoldingChange) -> HoldingChange:
    alone = replace(change, before=None, unexplained=None, before_as_of=None, before_accession=None)
    words = "the filing does not say whose these are, so that they may be somebody else's than those of the filing before"
    return alone if change.standing == "amends" else _not_known(alone, Candidate(OWNER_NOT_STATED, words, fits=True))


def _not_known(change: HoldingChange, reason: Candidate) -> HoldingChange:
    return replace(change, standing="cannot tell", unexplained=None, candidates=(reason,))
