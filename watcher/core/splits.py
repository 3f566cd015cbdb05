"""Ratios of the usual stock splits, and a split suspected because several owners of an issuer show one. Source: rule 16a-9."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from watcher.core.past import PastGap
from watcher.core.tally import ONE_SHARE

# Shares after for shares before. Reverse splits are the same the other way round.
_SPLITS = ((2, 1), (3, 1), (4, 1), (5, 1), (10, 1), (20, 1), (3, 2), (8, 1), (15, 1), (25, 1), (30, 1), (50, 1), (100, 1))
TERMS = {Decimal(new) / old: f"{new}-for-{old}" for a, b in _SPLITS for new, old in ((a, b), (b, a))}

_NEAR = Decimal("0.005")  # cash for fractions, and what reinvested dividends add meanwhile
_FEWEST = 10  # shares; below, any two numbers are near some ratio


def is_split_ratio(before: Decimal, opening: Decimal) -> Decimal | None:
    """The ratio of a usual split, or of its inverse, that leads from one balance to the other within 0.5 % or a share; else `None`."""
    if before <= 0 or opening <= 0 or max(before, opening) < _FEWEST:
        return None
    for ratio in TERMS:
        after = before * ratio
        if abs(opening - after) <= max(after * _NEAR, min(ONE_SHARE, after / _FEWEST)):
            return ratio
    return None


def suspected_split(gaps: Iterable[PastGap]) -> tuple[Decimal, tuple[PastGap, ...]] | None:
    """The split ratio that gaps of two or more owners of an issuer share, and those gaps; `None` where no two share one.

    It is suspected only: the store does not read the issuer's own announcements.
    """
    alike: dict[Decimal, dict[str, PastGap]] = {}
    for gap in gaps:
        ratio = is_split_ratio(gap.before, gap.opening)
        if ratio is not None:
            alike.setdefault(ratio, {}).setdefault(gap.owners, gap)
    most = max(alike.items(), key=lambda item: len(item[1]), default=None)
    return (most[0], tuple(most[1].values())) if most and len(most[1]) > 1 else None
