"""What the store shows beside a filing: the owner's own sales and purchases before it, and those of others at the issuer.

Facts with their dates, figures and the span of history they rest on; no score and no advice. Sales are code S, purchases code P, on the
open market or private. "Within six months" is what it says, and nothing about section 16(b).
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from datetime import datetime
from datetime import timedelta
from decimal import Decimal
from operator import itemgetter

from watcher.core.events import simple_events
from watcher.core.figures import count
from watcher.core.figures import counted
from watcher.core.figures import day
from watcher.core.figures import short_dollars
from watcher.core.findings import Context
from watcher.core.findings import Event
from watcher.core.findings import Observation
from watcher.core.findings import Plan
from watcher.core.model import OwnershipDocument
from watcher.core.past import Past
from watcher.core.past import PastEvent
from watcher.core.plan import is_planned
from watcher.core.submission import EASTERN
from watcher.core.timing import EXCHANGE_ACT
from watcher.core.titles import folded

OBSERVATIONS = ("same day", "first sale", "reversal", "largest sale", "share of own history", "others", "cluster", "late before")
UNUSUAL = frozenset({"first sale", "reversal", "largest sale", "cluster"})

_ENOUGH_HISTORY = timedelta(days=90)  # with less, nothing is said of the owners' own past
_QUIET = 6  # months without a sale that are worth a word
_NEAR = timedelta(days=30)
_CLUSTER = 3  # owners, or groups of joint owners
_VERBS = {"sale": "sold", "purchase": "bought"}
_ZERO = Decimal(0)
_AS_FILED = "as filed, no split undone"
_OPPOSITE = {"sale": "purchase", "purchase": "sale"}


@dataclass(frozen=True, slots=True)
class _Scene:
    """The sales and purchases of the filing, what the store knows beside them, and how the owners are called.

    `own` are the owners' past events by kind, each after its last day.
    """

    moves: tuple[PastEvent, ...]
    past: Past
    owners: frozenset[str]
    filed: date
    own: dict[str, list[tuple[date, PastEvent]]]

    @property
    def whom(self) -> str:
        return "this owner" if len(self.owners) == 1 else "these owners"

    @property
    def unread(self) -> str:
        """What limits any statement on all of the owners' filings."""
        number = len(self.past.unread)
        return f"; {counted(number, 'filing')} naming {self.whom} not read" if number else ""


def read_context(document: OwnershipDocument, events: Sequence[Event], plan: Plan, past: Past, filed_at: datetime) -> Context:
    """What there is to say, in the order of `OBSERVATIONS`; amendments and filings without a sale or purchase get no comparisons.

    The owners' own past is told from 90 days of history on. Of joint owners, what any of them reported counts. What the same filing or
    the store does not state (shares, dollars) makes no comparison.
    """
    filed = filed_at.astimezone(EASTERN).date()
    observations: list[Observation] = []
    known_for_long = past.since is not None and filed - past.since >= _ENOUGH_HISTORY
    if not document.form_type.endswith("/A") and any(part.kind in _VERBS for event in events for part in event.parts or (event,)):
        owners = frozenset(owner.cik for owner in document.reporting_owners if owner.cik)
        moves = _moves(events, plan, owners, filed_at)
        own = {kind: [(_last(one), one) for one in past.own if one.kind == kind] if known_for_long else [] for kind in _VERBS}
        scene = _Scene(moves, past, owners, filed, own)
        observations += [Observation("same day", words) for words in _same_day(scene)]
        if known_for_long:
            for name, comparison in _COMPARISONS.items():
                observations += [Observation(name, words) for words in comparison(scene)]
        observations += _beside_others(scene) if past.whole_issuer else ()
    if past.late and known_for_long:
        observations.append(Observation("late before", _late_before(past, filed)))
    return Context(past.since, tuple(observations), past.whole_issuer)


def is_unusual(context: Context) -> bool:
    """Whether something was observed that the owners, or the issuer, do not show every month."""
    return any(one.name in UNUSUAL for one in context.observations)


def is_cluster(context: Context) -> bool:
    """Whether three or more owners, or groups of joint owners, sold (or bought) within 30 days."""
    return any(one.name == "cluster" for one in context.observations)


def _moves(events: Sequence[Event], plan: Plan, owners: frozenset[str], filed_at: datetime) -> tuple[PastEvent, ...]:
    """The filing's own sales and purchases, in the form in which the store keeps those of earlier filings."""
    planned = is_planned(plan)
    return tuple(
        PastEvent(
            accession_number="",
            filed_at=filed_at,
            owners=tuple(sorted(owners)),
            kind=event.kind,
            security=folded(event.security_title or ""),
            shares=event.shares,
            value=event.value,
            first_on=min(event.dates, default=None),
            last_on=max(event.dates, default=None),
            planned=planned,
            adopted=plan.adopted,
        )
        for event in simple_events(events)
        if event.kind in _VERBS
    )


def _on_other_forms(scene: _Scene, move: PastEvent) -> list[PastEvent]:
    """A form holds thirty rows: what the same owners did on one day may stand on several."""
    marks = (move.kind, move.security, move.first_on, move.last_on)
    if move.first_on is None or move.first_on != move.last_on:
        return []
    near = [one for one in scene.past.own if (one.kind, one.security, one.first_on, one.last_on) == marks]
    return [one for one in near if set(one.owners) == scene.owners]


def _same_day(scene: _Scene) -> Iterator[str]:
    for move in scene.moves:
        near = _on_other_forms(scene, move)
        elsewhere = _sum(one.shares for one in near)
        if near and move.last_on is not None and elsewhere is not None and move.shares is not None:
            numbers = ", ".join(dict.fromkeys(one.accession_number for one in near))
            here = f"{count(elsewhere)}; with this form {count(move.shares + elsewhere)} shares"
            yield f"{_VERBS[move.kind]} on {day(move.last_on)} by other forms in your store too ({numbers}): {here}"


# --- the owners' own past -----------------------------------------------------------------------------------------------------


def _first_sale(scene: _Scene) -> Iterator[str]:
    on = min((_first(one) for one in scene.moves if one.kind == "sale"), default=None)
    if on is None or scene.past.since is None:
        return
    whom = "this owner" if len(scene.owners) == 1 else "any of these owners"
    if not scene.past.own and not scene.past.holdings:
        begins = day(scene.past.since)
        yield f"first sale by {whom} known here, and nothing of them was known before; the store begins on {begins}{scene.unread}"
        return
    last, latest = max(scene.own["sale"], key=itemgetter(0), default=(scene.past.since, None))
    months = _months(last, on)
    if months < _QUIET:
        return
    if latest:
        yield f"first sale by {whom} in {months} months; the last: {_figures(latest)} on {day(last)}{scene.unread}"
    else:
        yield f"first sale by {whom} in the {months} months known here, since {day(last)}{scene.unread}"


def _reversal(scene: _Scene) -> Iterator[str]:
    for move in scene.moves:
        until, opposite = _first(move), _OPPOSITE[move.kind]
        after = _months_before(until, _QUIET)
        here = [(_last(one), one) for one in scene.moves if one.kind == opposite]
        before = [
            pair for pair in (*scene.own[opposite], *here) if after < pair[0] <= until and pair[1].security == move.security
        ]
        if before:
            on, latest = max(before, key=itemgetter(0))
            who = "" if scene.owners == set(latest.owners) else ", reported by other owners too or by some of these"
            earlier = f"{_VERBS[opposite]} {_figures(latest)} on {day(on)}{who}"
            yield f"{earlier}; {_VERBS[move.kind]} {_figures(move)} on {day(until)}, within six months"
            return


def _largest_sale(scene: _Scene) -> Iterator[str]:
    """By days, as one day's sale may stand on several forms; by shares only where dollars are not stated, as a split changes shares."""
    here = [one for one in scene.moves if one.kind == "sale"]
    if not here or not scene.own["sale"] or scene.past.since is None:
        return
    today = max(map(_last, here))
    days: dict[date, list[PastEvent]] = {today: [*here]}
    for on, one in scene.own["sale"]:
        days.setdefault(on, []).append(one)
    one_class = len({one.security for some in days.values() for one in some}) == 1
    for unit, shown in (("value", short_dollars), ("shares", count)) if one_class else (("value", short_dollars),):
        totals = {on: _sum(getattr(one, unit) for one in some) for on, some in days.items()}
        known = {on: total for on, total in totals.items() if total is not None}
        if len(known) < len(totals):
            continue
        this = known.pop(today)
        before = max(known, key=lambda on: known[on], default=None)
        if before is None or this <= known[before]:
            return
        with_others = ", with the other forms of that day" if len(days[today]) > len(here) else ""
        yield (
            f"largest sale by {unit} of {scene.whom} known here, since {day(scene.past.since)}: {shown(this)}{with_others};"
            f" the largest of {counted(len(known), 'other day')}: {shown(known[before])} on {day(before)}{scene.unread}"
        )
        return


def _share_of_history(scene: _Scene) -> Iterator[str]:
    sales = [one for one in scene.moves if one.kind == "sale"]
    if len({one.security for one in sales}) != 1 or scene.past.since is None:
        return
    on = min(map(_first, sales))
    since = _months_before(on, 12)
    near = _on_other_forms(scene, sales[0]) if len(sales) == 1 else []
    before = [
        one for last, one in scene.own["sale"] if since < last <= on and one.security == sales[0].security and one not in near
    ]
    this, total = _sum(one.shares for one in sales), _sum(one.shares for one in before)
    if before and this is not None and total is not None:
        span = "12 months before" if scene.past.since <= since else f"time before known here, since {day(scene.past.since)}"
        filings = counted(len({one.accession_number for one in before}), "filing")
        yield f"{count(this)} shares sold here; in the {span}: {count(total)} in {filings} ({_AS_FILED}){scene.unread}"


_COMPARISONS: dict[str, Callable[[_Scene], Iterator[str]]] = {
    "first sale": _first_sale,
    "reversal": _reversal,
    "largest sale": _largest_sale,
    "share of own history": _share_of_history,
}


def _late_before(past: Past, filed: date) -> str:
    since = _months_before(filed, 12)
    span = (
        "in the 12 months before"
        if past.since is None or past.since <= since
        else f"since {day(past.since)}, as far as known here"
    )
    return f"{counted(past.late, 'late filing')} {span}"


# --- others -------------------------------------------------------------------------------------------------------------------


def _beside_others(scene: _Scene) -> Iterator[Observation]:
    until = max(map(_last, scene.moves))
    near = [one for one in scene.past.others if until - _NEAR <= _last(one) <= until]
    known_days = (scene.filed - scene.past.since).days if scene.past.since else None
    span = "" if known_days is not None and known_days >= _NEAR.days else ", as far as known here"
    if span and scene.past.since:
        span += f", since {day(scene.past.since)}"
    groups = {kind: _groups(scene, [one for one in near if one.kind == kind]) for kind in _VERBS}
    if near or not span:
        sold, bought = (f"{len(groups[kind])} {verb}{_planned(groups[kind])}" for kind, verb in _VERBS.items())
        yield Observation("others", f"other owners in the 30 days to {day(until)}: {sold}, {bought}{span}")
    for kind in dict.fromkeys(one.kind for one in scene.moves):
        own = [one for one in scene.moves if one.kind == kind]
        everyone = [*groups[kind], own]
        if len(everyone) >= _CLUSTER:
            first = min(_last(one) for group in everyone for one in group)
            words = f"{len(everyone)} owners or groups of owners {_VERBS[kind]}, this filing's included{_planned(everyone)}"
            yield Observation("cluster", f"{words}: {day(first)} to {day(until)}{span}")


def _groups(scene: _Scene, others: Iterable[PastEvent]) -> list[list[PastEvent]]:
    """Others' events by who is behind them: owners of one filing, and filings that share an owner or tell the very same transaction.

    What tells the transaction of this filing is left out: it is one event, reported by several.
    """
    at: dict[object, tuple[set[object], list[PastEvent]]] = {}
    for one in others:
        signs, events = _signs(one), [one]
        for known, group in {id(at[sign]): at[sign] for sign in signs if sign in at}.values():
            signs, events = signs | known, [*group, *events]
        at.update(dict.fromkeys(signs, (signs, events)))
    here = {sign for move in scene.moves for sign in _signs(move)}
    return [group for signs, group in {id(found): found for found in at.values()}.values() if signs.isdisjoint(here)]


def _signs(one: PastEvent) -> set[object]:
    """What two filings share that have the same people behind them: an owner, or every figure of a transaction."""
    signs: set[object] = set(one.owners)
    if one.shares and one.value and one.first_on:
        signs.add((one.kind, one.security, one.shares, one.value, one.first_on, one.last_on))
    return signs


def _planned(groups: Sequence[Sequence[PastEvent]]) -> str:
    number = sum(all(one.planned for one in group) for group in groups)
    return f" ({number} under a plan)" if groups and number else ""


# --- dates and figures ----------------------------------------------------------------------------------------------------------


def _first(one: PastEvent) -> date:
    return _possible(one.first_on, one)


def _last(one: PastEvent) -> date:
    return _possible(one.last_on, one)


def _possible(on: date | None, one: PastEvent) -> date:
    """The day stated, or that of the filing where none is, or a mistyped one."""
    if on is not None and EXCHANGE_ACT <= on <= one.filed_at.date():
        return on
    return one.filed_at.astimezone(EASTERN).date()


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """`None` where one of them is not stated."""
    total = _ZERO
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def _figures(one: PastEvent) -> str:
    shares = "shares (number not stated)" if one.shares is None else f"{count(one.shares)} shares"
    return shares if one.value is None else f"{shares} for {short_dollars(one.value)}"


def _months(earlier: date, later: date) -> int:
    """Whole months between two days; negative where they are the other way round."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month - (later.day < earlier.day)


def _months_before(one: date, months: int) -> date:
    """The same day some months before, or the last of its month."""
    year, month = divmod(one.year * 12 + one.month - 1 - months, 12)
    length = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(one.day, length))
