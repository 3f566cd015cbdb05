"""What was held before and after, in lines of an alert: each balance, how much of all was sold, and whether the ledger balances.

The balances are the filing's own (its totals, and the opening that follows from them); what they are compared with is said apart, as the
ledger check. A gap is said to be one and never a transaction.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from watcher.core.chains import is_one_tally
from watcher.core.figures import count
from watcher.core.figures import counted
from watcher.core.figures import day
from watcher.core.figures import dollars
from watcher.core.figures import percent
from watcher.core.figures import price
from watcher.core.figures import signed
from watcher.core.findings import Event
from watcher.core.findings import FilingFacts
from watcher.core.findings import HoldingChange
from watcher.core.findings import Stake
from watcher.core.footnotes import read_footnotes
from watcher.core.holdings import by_key
from watcher.core.ledger_lines import OWNERSHIP
from watcher.core.ledger_lines import ledger_check
from watcher.core.model import Holding
from watcher.core.model import HoldingKey
from watcher.core.model import Row
from watcher.core.telling import Line
from watcher.core.telling import Section
from watcher.core.titles import says_nothing
from watcher.core.wording import shortened

_MANY = 6  # grants that are told one by one
_TURNS = 5  # balances that one line may show
_QUOTE = 50  # characters of a footnote that says whose a line is
_HOLDER = re.compile(
    r"\b(?:held|owned)(?: (?:of record|directly|indirectly|solely|beneficially))* (?:by|in|through|for) (?P<holder>.{3,60}?"
    r"(?:, (?:L\.?P|L\.?L\.?C|Inc|Ltd)\b\.?)?)(?=[,;(]|\.(?:\s|$)| (?:of|for|over|in) which\b| dated\b| as (?:trustee|nominee)\b)",
    re.IGNORECASE,
)

_Rows = Mapping[HoldingKey, Sequence[Row]]


def holding_section(facts: FilingFacts) -> Section:
    """Every balance before and after, the lines not shown here, what part was sold, options left, and the ledger check."""
    balances = sorted(facts.changes, key=lambda change: change.key.table)
    rows = by_key(facts.document, balances[0].key.issuer_cik) if balances else {}
    pointed = _pointed(balances, rows, facts)
    shares = [_balance(change, rows, facts, pointed) for change in balances if change.key.table != "II"]
    emptied = [change for change in balances if change.key.table == "II" and change.after == 0 and change.opening]
    many = emptied if len(emptied) > _MANY and len({change.security_title for change in emptied}) == 1 else []
    options = [_balance(change, rows, facts, pointed) for change in balances if change.key.table == "II" and change not in many]
    if many:
        gone = sum((change.opening for change in many if change.opening is not None), Decimal(0))
        options.append(Line(f"{count(gone)} → 0 left of {len(many)} grants", label=many[0].security_title))
    stakes = [_stake(stake, facts) for stake in facts.stakes]
    names = {change.key: _name(change, pointed.get(change.key)) for change in balances}
    return Section("Holdings", (*shares, *_untouched(facts.untouched), *stakes, *options, *ledger_check(facts, names)))


def vested_words(rows: tuple[tuple[str, int], ...], facts: FilingFacts) -> str:
    """What footnotes on every one of these rows of Table II say of vesting, or nothing; "exercisable" is not called "vested"."""
    said = {fact.footnote: fact.quote for fact in read_footnotes(facts.document) if fact.kind == "fully vested"}
    quotes = []
    for number in (number for table, number in rows if table == "II"):
        hung = (note for notes in facts.document.derivative_table[number - 1].footnotes.values() for note in notes)
        quotes.append(" ".join(said.get(note, "") for note in hung).strip())
    if not quotes or not all(quotes):
        return ""
    return "vested in full" if all("vested" in quote.casefold() for quote in quotes) else "exercisable in full"


# --- balances -------------------------------------------------------------------------------------------------------------


def _balance(change: HoldingChange, rows_of: _Rows, facts: FilingFacts, pointed: Mapping[HoldingKey, str]) -> Line:
    """Opening, the totals stated in between where they turn, and closing, with what the filing's own rows say happened in between."""
    unit = dollars if change.in_dollars else count
    rows = rows_of.get(change.key, ())
    moved = any(row.kind == "transaction" for row in rows)
    start = change.opening if change.opening is not None else change.before
    notes = [_terms(change, facts)]
    after = "not stated as one total" if change.after is None else unit(change.after)
    if start is None:
        text = f"{after} after this filing"
    elif not moved and start == change.after:
        text = after
        notes.append("no transaction here" if facts.events else "")
    elif change.change is not None and not is_one_tally(rows):
        text = f"{after} after this filing"
        why = ", ".join(dict.fromkeys(note for row in rows for note in row.footnotes.get("shares_owned_following", ())))
        said = f", see footnote {why}" if why else ""
        notes.append(f"its rows move {signed(change.change)}, but the totals they state do not follow from each other{said}")
    else:
        text = " → ".join([*map(unit, _turns(rows, start, change)), after])
        if change.change is not None and change.after is not None:
            notes.append(f"net {signed(change.change)}")
    if change.opening is None and change.before is not None:
        since = f" as of {day(change.before_as_of)}" if change.before_as_of else ""
        notes.append(f"{unit(change.before)} is the last balance known{since}")
    if change.key.table == "II" and change.after is not None:
        text += " left" if moved and not text.endswith("after this filing") else ""
    return Line(text, label=_name(change, pointed.get(change.key), facts), note="; ".join(note for note in notes if note))


def _turns(rows: Sequence[Row], start: Decimal, change: HoldingChange) -> list[Decimal]:
    """The opening and the totals at which the balance turned; of too many, or out of their order, only one above both ends."""
    if change.in_dollars or change.after is None:
        return [start]
    moves = [(row.shares_owned_following, row) for row in rows if row.kind == "transaction"]
    totals = [total for total, _ in moves if total is not None]
    path = [start]
    for total in (*totals, change.after):
        if len(path) > 1 and (path[-1] - path[-2]) * (total - path[-1]) >= 0:
            path.pop()  # it goes on the same way
        path.append(total)
    follow = all(_follows(one, row) for one, (_, row) in zip((start, *totals), moves, strict=False))
    if len(totals) == len(moves) and follow and len(path) <= _TURNS:
        return path[:-1]
    peak = max(totals, default=start)
    return [start, peak] if peak > max(start, change.after) else [start]


def _follows(before: Decimal, row: Row) -> bool:
    if row.shares is None or row.shares_owned_following is None:
        return False
    moved = row.shares if row.acquired_disposed == "A" else -row.shares
    return abs(before + moved - row.shares_owned_following) < 1


def _terms(change: HoldingChange, facts: FilingFacts) -> str:
    """Strike, vesting and expiry of a line of Table II; the days to expiry count from the trade."""
    if change.key.table != "II":
        return ""
    terms = [f"strike {price(Decimal(change.key.exercise_price))}"] if change.key.exercise_price else []
    terms += [words for event in _exercises(facts) if _is_of(event, change) and (words := vested_words(event.rows, facts))][:1]
    if change.key.expiration:
        expires = date.fromisoformat(change.key.expiration)
        left = (expires - facts.timing.traded).days if facts.timing.traded else -1
        terms.append(f"expires {day(expires)}" + (f", {left:,} days after the trade" if left >= 0 else ""))
    return ", ".join(terms)


def _exercises(facts: FilingFacts) -> Iterator[Event]:
    return (part for event in facts.events for part in event.parts or (event,) if part.kind == "exercise")


def _is_of(event: Event, change: HoldingChange) -> bool:
    same_title = (event.security_title or "").casefold() == change.security_title.casefold()
    known = Decimal(change.key.exercise_price) if change.key.exercise_price else None
    expires = event.expiration_date.isoformat() if event.expiration_date else ""
    return same_title and known == event.exercise_price and change.key.expiration == expires


def _pointed(changes: Sequence[HoldingChange], rows: _Rows, facts: FilingFacts) -> dict[HoldingKey, str]:
    """The footnote that tells a line from the others of its class, of lines whose form of ownership only points at footnotes."""
    fields = ("nature_of_ownership", "direct_or_indirect")
    at: dict[HoldingKey, list[str]] = {}
    for one in changes:
        if one.direct_or_indirect == "I" and says_nothing(one.nature_of_ownership or ""):
            notes = (note for row in rows.get(one.key, ()) for field in fields for note in row.footnotes.get(field, ()))
            at[one.key] = [note for note in dict.fromkeys(notes) if note in facts.document.footnotes]
    used = Counter((key.table, key.security, note) for key, notes in at.items() for note in notes)
    return {key: min(notes, key=lambda note: used[key.table, key.security, note]) for key, notes in at.items() if notes}


def _name(change: HoldingChange, note: str | None, facts: FilingFacts | None = None) -> str:
    """Title and form of ownership; where this only points at a footnote, the footnote, with `facts` whom it names or how it begins."""
    if note is None:
        return _titled(change, change.nature_of_ownership)
    if facts is None:
        return _titled(change, f"footnote {note}")
    text = facts.document.footnotes[note]
    holder = _HOLDER.search(text)
    return _titled(change, f"footnote {note}: “{holder['holder'].strip() if holder else shortened(text, _QUOTE)}”")


def _titled(line: HoldingChange | Holding, nature: str | None) -> str:
    ownership = OWNERSHIP.get(line.direct_or_indirect or "", "form of ownership not legible")
    return f"{line.security_title or 'security not legible'}, {ownership}{f' ({nature})' if nature else ''}"


def _untouched(holdings: Sequence[Holding]) -> Iterator[Line]:
    """Lines that this filing does not show. Those that bear the same name, as "See footnote", are told in one."""
    named: dict[str, list[Holding]] = {}
    for holding in holdings:
        named.setdefault(_titled(holding, holding.nature_of_ownership), []).append(holding)
    for name, lines in named.items():
        known = [one.shares for one in lines if one.shares is not None]
        alike = [lines] if len(known) == len(lines) else [[one] for one in lines]
        for group in alike:
            shares, value = group[0].shares, group[0].value
            held = dollars(value) if value is not None else "a total not stated"
            held = count(sum(known, Decimal(0)) if len(group) > 1 else shares) if shares is not None else held
            held += f" on {len(group)} lines" if len(group) > 1 else ""
            yield Line(held, label=name, note=f"not in this filing{_last_filed([one.as_of for one in group])}")


def _last_filed(days: Sequence[date | None]) -> str:
    known = sorted({one for one in days if one is not None})
    return f"; last filed as of {' to '.join(day(one) for one in dict.fromkeys((known[0], known[-1])))}" if known else ""


# --- what part was sold -----------------------------------------------------------------------------------------------------


def _stake(stake: Stake, facts: FilingFacts) -> Line:
    """A percentage only with what it is of; vested options that were exercised here are counted once, as shares."""
    what = stake.security_title or "security not legible"
    note = "; ".join(f"not counted: {words}" for words in (*stake.missing, *stake.not_counted))
    sold = count(stake.sold)
    if stake.percent_shown is None or stake.shown is None:
        return Line(f"{sold} {what}, of a total that is not known", label="Part sold", note="; ".join(stake.missing))
    when = "before the sale and after the exercise" if any(_exercises(facts)) else "before the sale"
    lines = counted(stake.shown_lines, "line")
    text = f"{sold} of the {count(stake.shown)} {what} held on {lines} of this filing {when}: {percent(stake.percent_shown)}"
    if stake.percent is not None and stake.held is not None and stake.held != stake.shown:
        others = counted(stake.lines - stake.shown_lines, "line")
        text += f"; {percent(stake.percent)} of {count(stake.held)} with {others} as last filed"
    if stake.percent_with_options not in {None, stake.percent} and stake.vested_options is not None:
        options = f"{count(stake.vested_options)} vested options before the exercise"
        text += f"; {percent(stake.percent_with_options or Decimal(0))} counting options too ({options})"
    return Line(text, label="Part sold", note=note)
