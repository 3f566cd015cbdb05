"""How much of what was held was sold: over all lines of the class that are known, never over one of them alone.

A base that leaves out a trust makes 73 % of what is 3 %. So where a line is not known there is no percentage, and the line is named. Lines
that the filing does not show may be years old, so what it does show is a base of its own.
Source: Form 4, instruction 4(a)(i): each form of ownership of a class has a line, and a total, of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from watcher.core.chains import is_one_tally
from watcher.core.codes import EXERCISE_CODES
from watcher.core.figures import count
from watcher.core.figures import counted
from watcher.core.figures import percent
from watcher.core.findings import Event
from watcher.core.findings import HoldingChange
from watcher.core.findings import Stake
from watcher.core.footnotes import read_footnotes
from watcher.core.holdings import by_key
from watcher.core.model import Holding
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row
from watcher.core.titles import folded
from watcher.core.titles import says_nothing

_RIGHT = re.compile(r"\b(?:options?|warrants?|right to (?:buy|purchase|acquire))\b", re.IGNORECASE)
_OWED = re.compile(r"\b(?:put|obligation|short|written|sell)\b", re.IGNORECASE)  # options that would take shares away
_OF_SHARES = re.compile(r"\b(?:class|series|common|ordinary|preferred|preference|convertible)\b", re.IGNORECASE)
_NO_SHARES = re.compile(r"\b(?:options?|warrants?|rights?|units?|[rpd]sus?|notes?|debentures?|awards?|phantom)\b", re.IGNORECASE)
_PLACES = Decimal("0.0001")

_Terms = tuple[str, str, str, str]  # title, exercise price, expiration, direct or indirect: as in `HoldingKey`


def read_stakes(
    document: OwnershipDocument, events: Sequence[Event], changes: Sequence[HoldingChange], holdings: Sequence[Holding]
) -> tuple[Stake, ...]:
    """One for each class of shares of Table I that was sold (code S) and whose rows state how many.

    `held` is the total after the filing over its own lines and the store's other lines of the same owners, and what was sold here. Of
    the rest what came or went after the days of the sale is undone, and what was given away on them; shares withheld on them, or what
    happened before, are not. Percentages are of 100, to four places. Lines that were reported with other owners may show the same
    shares or others, so they are not summed but named, and so are lines of joint owners that state the same total. Where a line of the
    class has a gap, shares may have moved between lines, so those that the filing does not show are not counted, and that is said; so
    it is where only footnotes tell lines apart, whose words change.
    """
    sold: dict[str, list[Row]] = {}
    for row in rows_of(document, events, "sale", table="I"):
        sold.setdefault(folded(row.security_title or ""), []).append(row)
    return tuple(_stake(document, rows, security, changes, holdings) for security, rows in sold.items() if _are_counted(rows))


def rows_of(document: OwnershipDocument, events: Sequence[Event], *kinds: str, table: str | None = None) -> list[Row]:
    """The filing's own rows behind the events of these kinds, also where such an event is part of another."""
    tables = {"I": document.non_derivative_table, "II": document.derivative_table}
    return [
        tables[place][number - 1]
        for event in events
        for part in event.parts or (event,)
        if part.kind in kinds
        for place, number in part.rows
        if table in {None, place}
    ]


def _are_counted(rows: Sequence[Row]) -> bool:
    return all(row.shares is not None for row in rows)


def _stake(
    document: OwnershipDocument, rows: Sequence[Row], security: str, changes: Sequence[HoldingChange], holdings: Sequence[Holding]
) -> Stake:
    sold = sum((row.shares for row in rows if row.shares is not None), Decimal(0))
    own = [one for one in changes if (one.key.table, one.key.security) == ("I", security)]
    here, unclear = _shown(document, own)
    since = _since(document, rows, security)
    # What another line has more of, and no row brought, may be what was given away: it is not counted twice.
    since -= min(max(since, Decimal(0)), sum((max(one.unexplained, Decimal(0)) for one in own if one.unexplained), Decimal(0)))
    elsewhere, missing = _elsewhere(security, own, holdings)
    not_counted = _convertible(document, security, changes)
    if elsewhere and (doubt := _doubt(own, elsewhere)):
        more, lines = _sum(elsewhere), counted(len(elsewhere), "line")
        with_it = None if unclear else _percent(sold, sum(here, sold + since) + more)
        them = "it" if len(elsewhere) == 1 else "them"
        would = f"; with {them} {percent(with_it)}" if with_it is not None else ""
        not_counted.append(f"{count(more)} on {lines} not in this filing, {doubt}{would}")
        elsewhere = []
    unclear += _perhaps_the_same(own, here)
    missing = [*unclear, *missing] or _perhaps_the_same(own, [*here, *(one.shares for one in elsewhere if one.shares)])
    shown = None if unclear else sum(here, sold + since)
    held = None if missing or shown is None else shown + _sum(elsewhere)
    days = [row.transaction_date for row in rows if row.transaction_date]
    vested = _vested(document, security, changes, min(days)) if days and document.derivative_table else None
    return Stake(
        security_title=rows[0].security_title or "",
        sold=sold,
        held=held,
        percent=_percent(sold, held),
        lines=len(here) + len(elsewhere),
        vested_options=sum(vested, Decimal(0)) if vested else None,
        percent_with_options=_percent(sold, held + vested[1]) if vested and held is not None else None,
        missing=tuple(dict.fromkeys(missing)),
        shown=shown,
        shown_lines=len(here),
        percent_shown=_percent(sold, shown),
        not_counted=tuple(not_counted),
    )


def _percent(sold: Decimal, held: Decimal | None) -> Decimal | None:
    return (sold / held * 100).quantize(_PLACES) if held else None


def _since(document: OwnershipDocument, sales: Sequence[Row], security: str) -> Decimal:
    """Shares of the class that were held before the sale and are in no total after it, less those that came when it was over.

    Rows of one day have no order, so of those on the days of the sale only disposals count, less what came under the same code: a gift
    to a trust of one's own is still held. What was withheld (code F) could not be sold.
    """
    days = [row.transaction_date for row in sales if row.transaction_date]
    if not days:
        return Decimal(0)
    later, meanwhile = Decimal(0), dict[str, Decimal]()
    for row in document.non_derivative_table:
        code, day, shares = row.transaction_code or "", row.transaction_date, row.shares
        is_other = row.kind == "transaction" and code != "S" and folded(row.security_title or "") == security
        if not is_other or day is None or shares is None or row.acquired_disposed not in {"A", "D"}:
            continue
        gone = shares if row.acquired_disposed == "D" else -shares
        if day > max(days):
            later += gone
        elif day >= min(days) and code != "F":
            meanwhile[code] = meanwhile.get(code, Decimal(0)) + gone
    return later + sum((gone for gone in meanwhile.values() if gone > 0), Decimal(0))


def _shown(document: OwnershipDocument, own: Sequence[HoldingChange]) -> tuple[list[Decimal], list[str]]:
    """The totals of the lines of a class that the filing shows, and what is not known of them in words."""
    if not own:
        return [], ["the total of the line sold from"]
    rows = by_key(document, own[0].key.issuer_cik)
    totals, unclear = [], []
    for one in own:
        if one.after is None or one.in_dollars:
            unclear.append(f"the total of {_line(one)}")
        elif not is_one_tally(rows.get(one.key, ())):
            unclear.append(f"what was held before on {_line(one)}, whose totals do not follow from its rows")
        else:
            totals.append(one.after)
    return totals, unclear


def _elsewhere(security: str, own: Sequence[HoldingChange], holdings: Sequence[Holding]) -> tuple[list[Holding], list[str]]:
    """The owners' other lines of a class as the store has them, without empty ones; and what is not known of them."""
    if not own:
        return [], []
    owners, shown = own[0].key.owners, {one.key for one in own}
    members = set(owners.split("+"))
    stored = [one for one in holdings if (one.key.table, one.key.security) == ("I", security) and one.key not in shown]
    missing = [
        f"{_line(one)}, reported together with other owners"
        for one in stored
        if one.key.owners != owners and not members.isdisjoint(one.key.owners.split("+")) and one.shares != 0
    ]
    alone = [one for one in stored if one.key.owners == owners]
    missing += [f"the total of {_line(one)}" for one in alone if one.shares is None]
    return [one for one in alone if one.shares], missing


def _doubt(own: Sequence[HoldingChange], elsewhere: Sequence[Holding]) -> str:
    """Why lines that the filing does not show may no longer hold what was last filed, or be the very lines that it shows; or nothing."""
    if any(one.standing == "gap" for one in own):
        return "as the ledger does not balance"
    pointing = any(one.direct_or_indirect == "I" and says_nothing(one.nature_of_ownership or "") for one in own)
    if pointing and any(one.direct_or_indirect == "I" and says_nothing(one.nature_of_ownership or "") for one in elsewhere):
        return "named by footnotes alone, so perhaps the same as lines shown"
    return ""


def _sum(lines: Sequence[Holding]) -> Decimal:
    return sum((one.shares for one in lines if one.shares is not None), Decimal(0))


def _perhaps_the_same(own: Sequence[HoldingChange], totals: Sequence[Decimal]) -> list[str]:
    """Joint owners often show the same shares on a line each."""
    above_zero = [total for total in totals if total]
    if own and "+" in own[0].key.owners and len(set(above_zero)) < len(above_zero):
        return ["lines of joint owners with the same total, which may be the same shares"]
    return []


def _convertible(document: OwnershipDocument, security: str, changes: Sequence[HoldingChange]) -> list[str]:
    """Shares of another class that may become this one: all of one class sold may be a small part of what is held."""
    titles = {
        folded(row.security_title or ""): row.security_title or ""
        for row in document.derivative_table
        if folded(row.underlying_security_title or "") == security
        and _OF_SHARES.search(row.security_title or "")
        and not _NO_SHARES.search(row.security_title or "")
    }
    found = []
    for title, shown in titles.items():
        left = [one.after for one in changes if (one.key.table, one.key.security) == ("II", title) and not one.in_dollars]
        known = [one for one in left if one is not None]
        if sum(known) and len(known) == len(left):
            found.append(f"{count(sum(known, Decimal(0)))} {shown} in this filing, convertible into it")
    return found


def _line(line: HoldingChange | Holding) -> str:
    where = {"D": "direct", "I": "indirect"}.get(line.direct_or_indirect or "", "form of ownership not stated")
    return f"{line.security_title} ({where}{f', {line.nature_of_ownership}' if line.nature_of_ownership else ''})"


# --- options ----------------------------------------------------------------------------------------------------------------


def _vested(
    document: OwnershipDocument, security: str, changes: Sequence[HoldingChange], on: date
) -> tuple[Decimal, Decimal] | None:
    """(exercised here, left) of the grants in this filing that are known to be vested, in shares of the class; `None` without any.

    Nothing can be told where two grants exercised here state the same number left: some filers give one total for all their grants.
    """
    exercised, left = Decimal(0), Decimal(0)
    seen: list[Decimal] = []
    for terms, rows in _grants(document, security, on).items():
        lines = [one.after for one in changes if one.key.table == "II" and _terms_of(one) == terms]
        per_option = _shares_per_option(rows[-1], lines)
        if not per_option or None in lines or not _is_vested(document, rows, on):
            continue
        moved = [row.shares or Decimal(0) for row in rows if row.transaction_code in EXERCISE_CODES]
        remaining = sum((one for one in lines if one is not None), Decimal(0))
        exercised += sum(moved, Decimal(0)) * per_option
        left += remaining * per_option
        if moved and remaining:
            seen.append(remaining)
    return None if len(set(seen)) < len(seen) or not exercised + left else (exercised, left)


def _grants(document: OwnershipDocument, security: str, on: date) -> dict[_Terms, list[Row]]:
    grants: dict[_Terms, list[Row]] = {}
    for row in document.derivative_table:
        title = row.security_title or ""
        if folded(row.underlying_security_title or "") != security or not _RIGHT.search(title) or _OWED.search(title):
            continue
        if row.expiration_date is None or row.expiration_date >= on:
            price = row.conversion_or_exercise_price
            expires = row.expiration_date.isoformat() if row.expiration_date else ""
            terms = (folded(title), f"{price.normalize():f}" if price else "", expires, row.direct_or_indirect or "")
            grants.setdefault(terms, []).append(row)
    return grants


def _terms_of(change: HoldingChange) -> _Terms:
    return (change.key.security, change.key.exercise_price, change.key.expiration, change.key.direct_or_indirect)


def _shares_per_option(row: Row, totals: Sequence[Decimal | None]) -> Decimal | None:
    """Of a transaction, its underlying shares by its options; of a holding, by the total it states."""
    options = row.shares if row.kind == "transaction" else next(iter(totals), None)
    return row.underlying_security_shares / options if row.underlying_security_shares and options else None


def _is_vested(document: OwnershipDocument, rows: Sequence[Row], on: date) -> bool:
    """Whether the grant is exercisable by its date, which no footnote qualifies, or vested in full by a footnote of one of its rows."""
    if all(row.exercise_date and row.exercise_date <= on and "exercise_date" not in row.footnotes for row in rows):
        return True
    notes = {note for row in rows for ids in row.footnotes.values() for note in ids}
    return bool(notes) and not notes.isdisjoint(_notes_on_full_vesting(document))


def _notes_on_full_vesting(document: OwnershipDocument) -> Iterator[str]:
    return (fact.footnote for fact in read_footnotes(document) if fact.kind == "fully vested" and fact.footnote)
