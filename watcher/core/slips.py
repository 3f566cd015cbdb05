"""Slips of the hand: how one number may have been typed for another."""

from __future__ import annotations

from decimal import Decimal

_ONE_DIGIT = "one digit differs"
_LEFT_OUT = "a digit is left out or one too many"
# What two unlike numbers may well do by chance.
WEAK = frozenset({_ONE_DIGIT, _LEFT_OUT})


def slip_between(typed: Decimal, meant: Decimal) -> str | None:
    """How one number may have been typed for the other, in words. Whole numbers of three digits or more."""
    if min(typed, meant) <= 0 or max(typed, meant) < 100:
        return None
    for factor in (10, 100, 1000):
        if typed * factor == meant or meant * factor == typed:
            return f"a factor of {factor:,}"
    one, other = (format(number.normalize(), "f") for number in (typed, meant))
    if not (one + other).isdigit():
        return None
    if abs(len(one) - len(other)) == 1:
        shorter, longer = sorted((one, other), key=len)
        return _LEFT_OUT if any(longer[:place] + longer[place + 1 :] == shorter for place in range(len(longer))) else None
    if len(one) != len(other):
        return None
    apart = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    if len(apart) == 2 and apart[1] == apart[0] + 1 and one[apart[0]] == other[apart[1]] and one[apart[1]] == other[apart[0]]:
        return "two digits transposed"
    return _ONE_DIGIT if len(apart) == 1 else None
