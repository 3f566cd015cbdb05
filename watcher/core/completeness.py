"""What EDGAR's index of a day lists for the watches, held against what the store has: values in, words out; `now` is passed in.

An index is final at 06:00 Eastern time on the day after, and EDGAR builds its indexes anew early on Saturday, to take up corrections.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import date
from datetime import datetime
from datetime import time
from datetime import timedelta

from watcher.core.calendar import is_business_day
from watcher.core.figures import counted
from watcher.core.listing import FilingRef
from watcher.core.submission import EASTERN

READY = time(22, 30)  # Eastern: the index of the day, built from 22:00 on, may be asked for
FINAL = time(6)  # Eastern, on the day after: it does not grow any more
_SATURDAY = 5
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a filing that an index lists stands in the store.

    `found_by` is what showed it first: "feed", "submissions" or "index".
    `reason` is why the last try to read it failed, `silent_because` why nobody was told.
    """

    state: str  # "pending" | "ingested" | "quarantined"
    found_by: str
    alerted: bool
    silent_because: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Completeness:
    """One day of EDGAR's index against the store, in numbers of filings of the forms 3, 4, 5 and /A that name a watched CIK.

    `found` are those that nothing but the index had shown. `silent` counts by reason, `missing` gives each accession number
    with why it is not read. `indexed` is False where EDGAR has no index of the day: nothing is proven then.
    """

    day: date
    watches: int
    listed: int = 0
    found: int = 0
    alerted: int = 0
    silent: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    indexed: bool = True

    @property
    def stored(self) -> int:
        """How many of those listed were read, or set aside as unreadable."""
        return self.listed - len(self.missing)


def concerning(refs: Iterable[FilingRef], ciks: Collection[str]) -> list[FilingRef]:
    """The filings that name one of these CIKs, in whatever role: an index does not tell it."""
    return [ref for ref in refs if any(party.cik in ciks for party in ref.parties)]


def completeness(day: date, watches: int, listed: Collection[str], standings: Mapping[str, Standing]) -> Completeness:
    """Hold the accession numbers that the index of a day lists against how they stand in the store."""
    read = [one for one in standings.values() if one.state != "pending"]
    silent = Counter(_silence(one) for one in read if not one.alerted)
    waiting = {number: standings.get(number) for number in sorted(listed)}
    return Completeness(
        day=day,
        watches=watches,
        listed=len(listed),
        found=sum(one.found_by == "index" for one in standings.values()),
        alerted=sum(one.alerted for one in read),
        silent=dict(silent.most_common()),
        missing={
            number: (one.reason if one else None) or "not read yet"
            for number, one in waiting.items()
            if one is None or one.state == "pending"
        },
    )


def words(proof: Completeness) -> str:
    """The proof as one line for people."""
    if not proof.indexed:
        return f"EDGAR has no index of {proof.day}: nothing is proven"
    watches = f"{proof.watches:,} watch{'' if proof.watches == 1 else 'es'}"
    said = [
        f"EDGAR listed {counted(proof.listed, 'ownership filing')} for your {watches} on {proof.day}",
        f"{proof.stored:,} stored",
        f"{proof.alerted:,} alerted",
        f"{sum(proof.silent.values()):,} silent" + _listing(f"{number:,} {reason}" for reason, number in proof.silent.items()),
    ]
    if proof.found:
        said.append(f"{proof.found:,} found only by this index")
    if proof.missing:
        missing = (f"{number} ({reason})" for number, reason in proof.missing.items())
        said.append(f"{len(proof.missing):,} missing" + _listing(missing))
    return "; ".join(said)


def absence(day: date, now: datetime) -> str:
    """Why EDGAR has no index of a day, in words."""
    if not is_business_day(day):
        return f"EDGAR has no index of {day}: it is no business day, so nothing is listed"
    if now < rebuilt_at(day):
        return f"EDGAR's index of {day} is not built yet, try after 22:00 ET"
    return f"EDGAR has no index of {day}, a business day: it was closed, or has lost it"


def latest_day(now: datetime) -> date:
    """The latest business day whose index may be asked for: today from 22:30 Eastern time on, else the business day before."""
    eastern = now.astimezone(EASTERN)
    day = eastern.date() if eastern.time() >= READY else eastern.date() - _DAY
    while not is_business_day(day):
        day -= _DAY
    return day


def days_due(now: datetime, proven: Mapping[date, datetime], since: date) -> list[date]:
    """The business days from `since` on whose index is final and was not held against the store since, oldest first.

    A day falls due at 06:00 Eastern time on the day after, and once more at 06:00 on the Saturday after.
    """
    past = (since + number * _DAY for number in range((now.astimezone(EASTERN).date() - since).days))
    return [day for day in past if is_business_day(day) and _is_due(day, now, proven.get(day))]


def rebuilt_at(day: date) -> datetime:
    """When EDGAR has built the index of a business day anew: 06:00 Eastern time on the Saturday after."""
    return _final(day + (_SATURDAY - day.weekday()) * _DAY)


def _is_due(day: date, now: datetime, proven_at: datetime | None) -> bool:
    passed = [at for at in (_final(day + _DAY), rebuilt_at(day)) if at <= now]
    # A proof of the future was made by a clock that was wrong.
    return bool(passed) and (proven_at is None or not max(passed) <= proven_at <= now)


def _final(day: date) -> datetime:
    return datetime.combine(day, FINAL, EASTERN)


def _silence(one: Standing) -> str:
    if one.state == "quarantined":
        return "could not be read"
    return one.silent_because or "not judged"


def _listing(items: Iterable[str]) -> str:
    joined = ", ".join(items)
    return f": {joined}" if joined else ""
