"""Quiet hours: the times at which a destination is not disturbed. By the clock on its wall, so that changes of the hour need no thought.

What the watcher says of itself passes at all times: a watcher that went blind in the night is what somebody must hear of.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from datetime import time
from datetime import timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)
_LONGEST = timedelta(days=9)  # longer than a week: what is quiet for so long never ends
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Quiet:
    """`spans` are (from, until) of each day, whole minutes; one that ends before it begins goes over midnight. `zone` is an IANA name."""

    spans: tuple[tuple[time, time], ...]
    weekends: bool = False
    zone: str = "America/New_York"


def is_quiet(quiet: Quiet, now: datetime) -> bool:
    """Whether it is quiet at this (aware) time. A span's end is not part of it."""
    local = now.astimezone(ZoneInfo(quiet.zone))
    if quiet.weekends and local.weekday() >= _SATURDAY:
        return True
    wall = local.time()
    return any(begins <= wall < ends if begins < ends else wall >= begins or wall < ends for begins, ends in quiet.spans)


def quiet_until(quiet: Quiet, now: datetime) -> datetime | None:
    """When the quiet of this moment is over; `None` if it is not quiet, or never ends."""
    return _end(quiet, now.astimezone(UTC).replace(second=0, microsecond=0)) if is_quiet(quiet, now) else None


@lru_cache(maxsize=64)  # deliveries ask every other second
def _end(quiet: Quiet, at: datetime) -> datetime | None:
    for _ in range(_LONGEST // _MINUTE):
        at += _MINUTE
        if not is_quiet(quiet, at):
            return at
    return None


def is_endless(quiet: Quiet) -> bool:
    """Whether there is no time of a week at which it is not quiet."""
    monday = datetime(2026, 1, 5, tzinfo=ZoneInfo(quiet.zone))
    return is_quiet(quiet, monday) and quiet_until(quiet, monday) is None
