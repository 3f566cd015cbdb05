"""How many messages of the vigil there are at a time, and who gets them. Values in, values out."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta
from functools import partial

from watcher.core.vigil import DESTINATION
from watcher.core.vigil import Telling

MOST_AN_HOUR = 6  # messages; what is due beyond that waits, and is told in one message together
HOUR = timedelta(hours=1)


def gathered(tellings: list[Telling], told: tuple[datetime, ...], now: datetime) -> list[tuple[Telling, ...]]:
    """The messages to send now: one for each telling, or all in one where the hour has no room for them; none where it is full."""
    room = MOST_AN_HOUR - sum(now - HOUR < at <= now for at in told)
    if not tellings or room <= 0:
        return []
    return [(telling,) for telling in tellings] if len(tellings) <= room else [tuple(tellings)]


def told_whom(telling: Telling, wanted: tuple[str, ...], every: tuple[str, ...]) -> tuple[str, ...]:
    """The destinations for a telling: never the one it is about while that is in trouble; any other where no wanted one is left."""
    if telling.wrong is None:
        return wanted
    others = partial(filter, lambda name: f"{DESTINATION}{name}" != telling.name)
    return tuple(others(wanted)) or tuple(others(every))
