"""How long a server asks us to wait."""

from __future__ import annotations

import re
from datetime import UTC
from datetime import datetime
from email.utils import parsedate_to_datetime

LONGEST_PAUSE = 86_400.0  # seconds; who asks for more is asked again sooner


def pause_asked(header: str | None, *, now: datetime, longest: float = LONGEST_PAUSE) -> float | None:
    """Seconds that a Retry-After header asks us to wait (RFC 9110, 10.2.3: seconds, or a date), at most `longest`.

    `None` where there is none or it cannot be read. Fractions of a second, which some services send, are understood.
    """
    text = (header or "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return min(float(text), longest)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 0.0), longest)
