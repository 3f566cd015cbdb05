"""What a destination says of time, in [destinations.NAME]: when it is not disturbed, and which digests it takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo
from zoneinfo import ZoneInfoNotFoundError

from watcher.config_values import BadValueError
from watcher.config_values import one_of
from watcher.config_values import text
from watcher.core.quiet import Quiet
from watcher.core.quiet import is_endless
from watcher.toml_lines import Place
from watcher.toml_tables import Each
from watcher.toml_tables import Known
from watcher.toml_tables import Tables

WEEKENDS = "weekends"
_DIGEST = one_of("digest", ("daily", "weekly"))


def read_quiet(tables: Tables, place: Place, read: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a destination that these keys come to; what contradicts itself is noted at its line."""
    fields: dict[str, Any] = {}
    if "timezone" in read and "quiet" not in read:
        tables.wrong((*place, "timezone"), 'timezone is for quiet, which is missing: quiet = ["22:00-07:00", "weekends"]')
    if "quiet" in read:
        spans = tuple(one for one in read["quiet"] if one != WEEKENDS)
        zone = {"zone": read["timezone"]} if "timezone" in read else {}
        fields["quiet"] = Quiet(spans, weekends=WEEKENDS in read["quiet"], **zone)
        if is_endless(fields["quiet"]):
            tables.wrong((*place, "quiet"), "quiet leaves no time of the week at which this destination could be told")
    if "digest" in read:
        fields["digest"] = read["digest"]
    if "only" in read:
        fields["digest_only"] = True
        if "digest" not in read:
            tables.wrong((*place, "only"), 'only = "digest" needs digest = "daily" or "weekly": else nothing would be told')
    return fields


def _span(value: object) -> object:
    """ "weekends", or a span of the day as (from, until)."""
    word = text(value)
    if word == WEEKENDS:
        return word
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-4]):([0-5]\d)", word)
    if match is None or match[3] + match[4] > "2400":
        raise BadValueError('must hold spans of the day such as "22:00-07:00", or "weekends"')
    begins, ends = time(int(match[1]), int(match[2])), time(int(match[3]) % 24, int(match[4]))
    if begins == ends:
        raise BadValueError("has a span that ends when it begins")
    return begins, ends


def _zone(value: object) -> str:
    name = text(value)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadValueError(
            'must be a time zone as in the IANA database, such as "America/New_York" or "Europe/Berlin"'
        ) from None
    return name


def _digests(value: object) -> tuple[str, ...]:
    """One kind of digest, or a list of both; the daily one first."""
    listed = value if isinstance(value, list) else [value]
    kinds = [_DIGEST(one) for one in listed]
    if not kinds or len(set(kinds)) != len(kinds):
        raise BadValueError('must be "daily", "weekly" or ["daily", "weekly"]')
    return tuple(sorted(kinds))


QUIET_KEYS: Known = {"quiet": Each(_span), "timezone": _zone, "digest": _digests, "only": one_of("value", ("digest",))}
