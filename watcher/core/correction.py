"""What people were told and is otherwise now, in words, and the correction they get: our reading changed, or the filer amended.

Told is what happened, what was left, the plan and the parties. Wording, what came to be known later (a gap, the past, other filings) and
what the filing is held beside are no part of it: nobody was told anything wrong when those change.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from watcher.core.figures import count
from watcher.core.figures import day
from watcher.core.figures import dollars
from watcher.core.figures import price
from watcher.core.findings import Amendment
from watcher.core.model import OwnershipDocument
from watcher.core.payload import document_json
from watcher.core.rendering import headed
from watcher.core.telling import Message
from watcher.core.titles import folded
from watcher.core.titles import folded_nature
from watcher.core.wording import SUBJECT_LIMIT
from watcher.core.wording import USUAL_ROLES
from watcher.core.wording import known_deed
from watcher.core.wording import shortened

_PLANS = {
    "checked with date": "the box is checked, with a plan adopted on {adopted}",
    "checked": "the box is checked, without a date",
    "text only": "a plan by its footnotes ({adopted})",
    "contradictory": "box and footnotes contradict each other",
    "unchecked": "the box is not checked",
    "unknown": "nothing is said of a plan",
}
_HEADS = {"period_of_report": "period of report", "not_subject_to_section16": "no longer subject to Section 16 (exit box)"}


@dataclass(frozen=True, slots=True)
class _Told:
    """One event of a payload, all its lines of one kind, class and option grant together."""

    kind: str
    direction: str | None
    title: str
    strike: Decimal | None
    expires: str | None
    shares: Decimal | None
    value: Decimal | None
    low: Decimal | None
    high: Decimal | None
    dates: tuple[str, ...]
    remaining: Decimal | None
    in_shares: bool
    filings: frozenset[str]

    @property
    def key(self) -> tuple[object, ...]:
        return (self.kind, self.direction, folded(self.title), self.strike, self.expires)


def document_changes(before: Mapping[str, Any], after: OwnershipDocument) -> list[str]:
    """Each leaf of `document_json` that is read otherwise now, as `path: was -> is`. Warnings are no part of what a filing says."""
    changes: list[str] = []
    _compare("", dict(before), document_json(after), changes)
    return [change for change in changes if not change.startswith("warnings")]


def told_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What one alert's payload says otherwise than an earlier one, a sentence each, in words for people; empty where it still stands.

    Events are matched by what they are, not by their place, and compared as their parts: an exercise and sale told as one event or as two
    is no change. An event that counts lines of other filings is not compared with one that counts lines of others.
    """
    return [
        *_issuer_changes(before.get("issuer") or {}, after.get("issuer") or {}),
        *_owner_changes(before.get("reporting_owners") or (), after.get("reporting_owners") or ()),
        *_event_changes(_told(before.get("events") or ()), _told(after.get("events") or ())),
        *_holding_changes(before.get("holdings") or (), after.get("holdings") or ()),
        *_plan_changes(before.get("plan") or {}, after.get("plan") or {}),
    ]


def correction_message(earlier: Message, later: Message, changes: Sequence[str]) -> Message:
    """The corrected alert after our reading changed, headed by what was told before and what was wrong with it (`told_changes`)."""
    why = "CORRECTION of an alert sent before: the filing has not changed, our reading of it has."
    return _headed(earlier, later, why, changes)


def amendment_correction(
    earlier: Message, later: Message, changes: Sequence[str], amendment: Amendment, accession_number: str
) -> Message:
    """The corrected alert after the filer amended: what was told, each change (`told_changes`), and the filer's own reason.

    `later` is the message for what original and amendment come to together, `accession_number` the amendment's. It is true also for
    who was not told before: a rule may match only what was amended.
    """
    why = f"CORRECTION of an alert sent before: the filer has amended what it told (accession number {accession_number})."
    heads = [
        f"{_HEADS[name]}: {_head(name, now) or 'not stated'}, not {_head(name, was) or 'stated before'}"
        for name, was, now in amendment.heads
        if name in _HEADS
    ]
    reason = [f"The filer says: “{amendment.reason}”"] if amendment.reason else []
    return _headed(earlier, later, why, [*changes, *heads, *reason])


def _head(name: str, value: str | None) -> str | None:
    return _days([value]) if value and name == "period_of_report" else value


def _headed(earlier: Message, later: Message, why: str, changes: Sequence[str]) -> Message:
    titled = replace(later, title=shortened(f"Correction: {later.title}", SUBJECT_LIMIT))
    return headed(titled, [why, f"The alert said: {earlier.title}", *changes])


# --- events -----------------------------------------------------------------------------------------------------------------


def _told(events: Iterable[Mapping[str, Any]]) -> list[_Told]:
    """The events, taken apart and then united again by what they are, so that only what they say counts."""
    united: dict[tuple[object, ...], _Told] = {}
    for event in events:
        for part in event.get("parts") or (event,):
            told = _read(part)
            known = united.get(told.key)
            united[told.key] = told if known is None else _sum(known, told)
    return list(united.values())


def _read(event: Mapping[str, Any]) -> _Told:
    return _Told(
        kind=event.get("kind") or "other",
        direction=event.get("acquired_disposed"),
        title=event.get("security_title") or "class not stated",
        strike=_number(event.get("exercise_price")),
        expires=event.get("expiration_date"),
        shares=_number(event.get("shares")),
        value=_number(event.get("value")),
        low=_number(event.get("price_low")),
        high=_number(event.get("price_high")),
        dates=tuple(event.get("dates") or ()),
        remaining=_number(event.get("remaining")),
        in_shares=all(row.get("table") == "I" for row in event.get("rows") or ()),
        filings=frozenset(event.get("filings") or ()),
    )


def _sum(one: _Told, other: _Told) -> _Told:
    lows, highs = ([value for value in pair if value is not None] for pair in ((one.low, other.low), (one.high, other.high)))
    return replace(
        one,
        shares=None if one.shares is None or other.shares is None else one.shares + other.shares,
        value=None if one.value is None or other.value is None else one.value + other.value,
        low=min(lows, default=None),
        high=max(highs, default=None),
        dates=tuple(sorted({*one.dates, *other.dates})),
        remaining=other.remaining if other.remaining is not None else one.remaining,
        filings=one.filings | other.filings,
    )


# How an event of one payload is found in the other: as it is; with another grant; as another deed; of another class.
_ALIKE: tuple[Callable[[_Told], tuple[object, ...]], ...] = (
    lambda told: told.key,
    lambda told: (told.kind, told.direction, folded(told.title)),
    lambda told: (folded(told.title), told.strike, told.shares, told.dates),
    lambda told: (told.kind, told.direction, told.dates),
)


def _event_changes(before: list[_Told], after: list[_Told]) -> Iterator[str]:
    for alike in _ALIKE:
        for now in list(after):
            mine = [one for one in after if alike(one) == alike(now)]
            theirs = [one for one in before if alike(one) == alike(now)]
            if len(mine) == len(theirs) == 1:
                before.remove(theirs[0])
                after.remove(now)
                if theirs[0].filings == now.filings:
                    yield from _one_event(theirs[0], now)
    for one in after:
        yield f"one more: {_deed(one)} on {_days(one.dates)} ({_class(one)})"
    for one in before:
        yield f"no longer reported: {_deed(one)} on {_days(one.dates)} ({_class(one)})"


def _one_event(was: _Told, now: _Told) -> Iterator[str]:
    said = []
    if (was.kind, was.direction) != (now.kind, now.direction):
        said.append(f"{_deed(now)}, which was told as: {_deed(was)}")
    elif was.shares != now.shares:
        said.append(f"{_deed(now)}, not {_count(was.shares)}")
    else:
        said.append(_deed(now))
    if was.value != now.value:
        said.append(f"for {_money(now.value)}, not {_money(was.value)}")
    if (was.low, was.high) != (now.low, now.high):
        said.append(f"at {_prices(now)} a share, not {_prices(was)}")
    if set(was.dates) != set(now.dates):
        said.append(f"on {_days(now.dates)}, not {_days(was.dates)}")
    if was.remaining is not None and now.remaining is not None and was.remaining != now.remaining:
        said.append(f"{count(now.remaining)} left, not {count(was.remaining)}")
    if (folded(was.title), was.strike, was.expires) != (folded(now.title), now.strike, now.expires):
        said.append(f"of {_class(now)}, not {_class(was)}")
    if len(said) > 1 or (was.kind, was.direction, was.shares) != (now.kind, now.direction, now.shares):
        when = f", {_days(now.dates)}" if set(was.dates) == set(now.dates) and now.dates else ""
        yield f"{'; '.join(said)} ({_class(now)}{when})"


def _deed(told: _Told) -> str:
    deed = known_deed(told.kind, told.direction)
    verb = deed.verb if deed else f"reported {told.kind.replace('_', ' ')}:"
    return f"{verb} {_count(told.shares)}{' shares' if told.in_shares else ''}"


def _class(told: _Told) -> str:
    terms = [f"strike {price(told.strike)}"] if told.strike is not None else []
    terms += [f"expiring {_days([told.expires])}"] if told.expires else []
    return ", ".join([told.title, *terms])


def _prices(told: _Told) -> str:
    known = list(dict.fromkeys(price(one) for one in (told.low, told.high) if one is not None))
    return " to ".join(known) or "a price not stated"


# --- positions, plan, parties -------------------------------------------------------------------------------------------------


def _holding_changes(before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Totals that both state, of the same line. Which lines there are is the ledger's reading of them, not what was told."""
    was, now = _lines(before), _lines(after)
    for key, holding in now.items():
        one, other = was.get(key), _number(holding.get("after"))
        told = _number(one.get("after")) if one else None
        if (
            one
            and told is not None
            and other is not None
            and told != other
            and one.get("in_dollars") == holding.get("in_dollars")
        ):
            shown = dollars if holding.get("in_dollars") else count
            where = holding.get("nature_of_ownership") or {"D": "direct", "I": "indirect"}.get(key[1], "")
            terms = ", ".join(filter(None, (holding.get("security_title"), where)))
            yield f"{shown(other)} held afterwards, not {shown(told)} ({terms})"


def _lines(holdings: Iterable[Mapping[str, Any]]) -> dict[tuple[str, ...], Mapping[str, Any]]:
    """Positions by what they are; those that nothing tells apart are left out."""
    lines: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for one in holdings:
        names = (folded(one.get("security_title") or ""), one.get("direct_or_indirect") or "")
        strike = _number(one.get("exercise_price"))  # 12.40 in one filing, 12.4 in the other
        terms = (format(strike.normalize(), "f") if strike else "", one.get("expiration_date") or "")
        lines.setdefault((*names, folded_nature(one.get("nature_of_ownership") or ""), *terms), []).append(one)
    return {key: found[0] for key, found in lines.items() if len(found) == 1}


def _plan_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    if any(before.get(name) != after.get(name) for name in ("box", "adopted", "state")):
        yield f"10b5-1: {_plan(after)}; you were told: {_plan(before)}"


def _plan(plan: Mapping[str, Any]) -> str:
    adopted = f"adopted on {_days([plan['adopted']])}" if plan.get("adopted") else "no day of adoption stated"
    words = _PLANS.get(plan.get("state") or "unknown", "not known")
    return words.format(adopted=adopted.removeprefix("adopted on ") if "adopted on" in words else adopted)


def _owner_changes(before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    was, now = ({one.get("cik") or one.get("name"): one for one in owners} for owners in (before, after))
    for key, owner in now.items():
        name, known = owner.get("name") or f"CIK {key}", was.get(key)
        if known is None:
            yield f"one more reporting owner: {name}"
        elif _role(known) != _role(owner):
            yield f"{name}: {_role(owner)}, not {_role(known)}"
    yield from (f"no longer a reporting owner: {one.get('name') or key}" for key, one in was.items() if key not in now)


def _role(owner: Mapping[str, Any]) -> str:
    held = [words for field, words in (*USUAL_ROLES, ("is_other", "other")) if owner.get(field)] or ["no relationship stated"]
    return " and ".join(held) + (f" ({owner['officer_title']})" if owner.get("officer_title") else "")


def _issuer_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    if before.get("cik") != after.get("cik"):
        shown = [f"{one.get('name') or 'not legible'} (CIK {one.get('cik') or 'not stated'})" for one in (after, before)]
        yield f"issuer: {shown[0]}, not {shown[1]}"


# --- figures and paths ----------------------------------------------------------------------------------------------------------


def _number(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _count(shares: Decimal | None) -> str:
    return "a number not stated" if shares is None else count(shares)


def _money(value: Decimal | None) -> str:
    return "an amount not stated" if value is None else dollars(value)


def _days(dates: Iterable[str]) -> str:
    return ", ".join(day(date.fromisoformat(one)) for one in dates) or "a day not stated"


def _compare(path: str, before: Any, after: Any, changes: list[str]) -> None:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            _compare(f"{path}.{key}" if path else str(key), before.get(key), after.get(key), changes)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True), 1):
            _compare(f"{path} {number}", one, other, changes)
    elif before != after:
        changes.append(f"{path}: {_shown(before)} -> {_shown(after)}")


def _shown(value: object) -> str:
    if isinstance(value, list):
        return f"{len(value)} of them"
    return "nothing" if value is None else str(value)
