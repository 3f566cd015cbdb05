"""What may lie behind a gap: candidates in words, with their figures. A gap is stated as such and is never a transaction.

A candidate fits where figures or the filing's own words speak for it; the others are merely possible. Nothing is corrected, and no
candidate is taken for the truth. Sources: rules 16a-3(f) (Form 5), 16a-9 (splits), 16a-11 (dividend reinvestment), 16a-12 (domestic
relations), 16a-13 (change of form) and 16b-3(c) (plans that are not reported by themselves).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from datetime import date
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from itertools import pairwise

from watcher.core.figures import count
from watcher.core.figures import day
from watcher.core.findings import Candidate
from watcher.core.findings import HoldingChange
from watcher.core.grants import ANOTHER_GRANT
from watcher.core.grants import CONTRADICTION
from watcher.core.grants import OWNER_NOT_STATED
from watcher.core.grants import SMALL
from watcher.core.grants import is_granted
from watcher.core.holdings import by_key
from watcher.core.model import Holding
from watcher.core.model import HoldingKey
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row
from watcher.core.past import Past
from watcher.core.past import PastGap
from watcher.core.plan import sentences
from watcher.core.plan import texts_of
from watcher.core.slips import WEAK
from watcher.core.slips import slip_between
from watcher.core.splits import TERMS
from watcher.core.splits import is_split_ratio
from watcher.core.splits import suspected_split
from watcher.core.tally import ONE_SHARE
from watcher.core.tally import are_near
from watcher.core.tally import signed_total

Found = tuple[str, bool]  # the words, and whether it fits

_SOME_MONTHS = timedelta(days=183)
_FEW, _MANY = Decimal(500), Decimal(10_000)  # shares: what plans may well, and hardly, add between two filings
_TRANCHES = range(1, 7)  # filings that may be missing in a row
_AS_NEAR = Decimal("0.001")  # so much may such filings be rounded
_FEWEST_IN_A_TRANCHE = 10  # shares; fewer go into any gap
_FEW_ROWS = 3  # of many rows, some number goes into the gap by chance
_FEWEST_GRANTS = 3  # whose totals differ by one number; two may by chance
_GIFTS_MADE_ON_FORM_4 = date(2023, 2, 27)  # Release 33-11138: before, a gift made could wait for Form 5
_LONGEST_QUOTE = 300

_FIGURE = re.compile(
    r"(?<![\w$.,/-])(?:(\d{1,3}(?:,\d{3})+(?:\.\d+)?)|(\d+(?:\.\d+)?)(?=\s(?:[\w-]+\s){0,4}?(?:shares?|units?|RSUs?|PSUs?|DSUs?|ADSs?)\b))(?![\w/%-])"
)
_OTHER_WAYS = re.compile(
    r"\b(?:401\s?\(?k\)?|ESPP|employee stock purchase|dividends?|DRIP|savings plan|retirement plan|gift\w*|split"
    r"|domestic relations|divorce|transfer\w*|distribut\w*|inadvertent\w*|erroneous\w*|previous(?:ly)? report\w*|exempt|spin-?off"
    r"|merger|restricted stock units|RSUs)\b",
    re.IGNORECASE,
)
_SAYS_WHAT_IS_IN_IT = re.compile(
    r"\b(?:includ\w+|reflect\w*|adjust\w*|acquired|since|correct\w*|inadvertent\w*|erroneous\w*)\b", re.IGNORECASE
)
_ON_THE_BALANCE = ("shares_owned_following", "security_title", "nature_of_ownership", "direct_or_indirect")
_PLAN = re.compile(
    r"\b(?:401k|espp|esop|ksop|drip|(?:savings|retirement|purchase|thrift|deferr?\w*|compensation|reinvestment) plan)\b"
)
_ACCOUNT = re.compile(r"\b(?:phantom|deferr\w*|credits?|hypothetical|notional|dsu|equivalents?)\b")


@dataclass(frozen=True, slots=True)
class _Gap:
    """One gap and what it is looked at beside: the other lines of the filing, its rows, and what the store knows."""

    change: HoldingChange
    before: Decimal
    opening: Decimal
    missing: Decimal  # opening - before
    others: tuple[HoldingChange, ...]
    lines: Mapping[HoldingKey, list[Row]]
    document: OwnershipDocument
    past: Past

    @property
    def rows(self) -> Sequence[Row]:
        """The rows of the line."""
        return self.lines.get(self.change.key, ())

    def absent(self) -> Iterator[Holding]:
        """Stored lines of the same table that this filing does not show."""
        shown = {self.change.key, *(other.key for other in self.others)}
        return (held for held in self.past.holdings if held.key.table == self.change.key.table and held.key not in shown)

    def same_class(self) -> list[HoldingChange]:
        """The other lines of the class in this filing."""
        key = self.change.key
        return [one for one in self.others if (one.key.table, one.key.security) == (key.table, key.security)]

    def moves(self) -> Iterator[Decimal]:
        """What this filing itself moves on the line, in all and, where it has a few rows there, row by row; in shares, signed."""
        moved = [one for row in self.rows if (one := signed_total([row]))] if len(self.rows) <= _FEW_ROWS else []
        yield from (one for one in (self.change.change, *moved) if one and abs(one) >= _FEWEST_IN_A_TRANCHE)

    def runs_through(self, keys: set[HoldingKey]) -> bool:
        """Whether the totals of these lines are one tally in the order of the rows, on from line to line."""
        line_of = {id(row): key for key in keys for row in self.lines.get(key, ())}
        rows = [row for row in self.document.derivative_table if id(row) in line_of]
        turns = [(one, other) for one, other in pairwise(rows) if line_of[id(one)] != line_of[id(other)]]
        return bool(turns) and all(_runs_on(one, other) for one, other in turns)


def explained(changes: tuple[HoldingChange, ...], document: OwnershipDocument, past: Past) -> tuple[HoldingChange, ...]:
    """The changes, with candidates for every gap: those that fit first, then the likelier. Other changes stay as they are."""
    if all(change.standing != "gap" for change in changes):
        return changes
    rows = by_key(document, changes[0].key.issuer_cik)
    return tuple(_explained(change, changes, rows, document, past) for change in changes)


def _explained(
    change: HoldingChange,
    changes: tuple[HoldingChange, ...],
    rows: Mapping[HoldingKey, list[Row]],
    document: OwnershipDocument,
    past: Past,
) -> HoldingChange:
    if change.standing != "gap" or change.before is None or change.opening is None or change.unexplained is None:
        return change
    others = tuple(other for other in changes if other.key != change.key)
    gap = _Gap(change, change.before, change.opening, change.unexplained, others, rows, document, past)
    found = [Candidate(name, words, fits) for name, find in _FINDERS for words, fits in find(gap)]
    return replace(change, candidates=tuple(sorted(found, key=lambda one: not one.fits)))


def _footnote(gap: _Gap) -> Iterator[Found]:
    own = {note for row in gap.rows for field in _ON_THE_BALANCE for note in row.footnotes.get(field, ())}
    said = []
    for note, text in texts_of(gap.document):
        where = f"footnote {note}" if note else "the remarks"
        for sentence in sentences(text):
            figures = [Decimal((one or other).replace(",", "")) for one, other in _FIGURE.findall(sentence)]
            if any(are_near(abs(gap.missing), figure) for figure in (*figures, *([sum(figures)] if note in own else []))):
                said.append((f"{where} states {count(abs(gap.missing))}: “{_quote(sentence)}”", True))
            elif note in own and _OTHER_WAYS.search(sentence):
                fits = not figures and bool(_SAYS_WHAT_IS_IN_IT.search(sentence))
                said.append((f"{where} says what the total counts: “{_quote(sentence)}”", fits))
    return islice(sorted(said, key=lambda one: not one[1]), 2)


def _unread_filing(gap: _Gap) -> Iterator[Found]:
    if gap.past.unread:
        yield f"not read yet, or not readable: {', '.join(gap.past.unread[:5])}", True


def _split(gap: _Gap) -> Iterator[Found]:
    ratio = is_split_ratio(gap.before, gap.opening)
    if ratio is None:
        return
    terms, figures = TERMS[ratio], f"{count(gap.before)} became {count(gap.opening)}"
    key, today = gap.change.key, gap.document.period_of_report
    owners = set(key.owners.split("+"))
    own = PastGap("", key.owners, key.security, today, gap.before, gap.opening)
    near = (
        one
        for one in gap.past.gaps
        if owners.isdisjoint(one.owners.split("+"))
        and is_split_ratio(one.before, one.opening) == ratio
        and (not today or not one.as_of or abs(one.as_of - today) <= _SOME_MONTHS)
    )
    shared = suspected_split((own, *near))
    lines = [one for one in gap.others if one.before and one.opening and is_split_ratio(one.before, one.opening) == ratio]
    if shared:
        names = ", ".join(f"{_owners(one.owners)} in {one.accession_number}" for one in shared[1][1:4])
        yield f"suspected split, {terms}: {figures}; other owners show the same ratio: {names}", True
    elif lines:
        # Lines of one owner may well move alike: funds distribute, trusts are filled.
        yield f"a {terms} split would do this: {figures}; {_line(lines[0])} shows the same ratio", False
    else:
        yield f"a {terms} split would do this: {figures}; no other owner known here shows the same ratio", False


def _change_of_form(gap: _Gap) -> Iterator[Found]:
    alike = gap.same_class()
    number = count(abs(gap.missing))
    for other in alike:
        if other.standing == "gap" and are_near(other.unexplained, -gap.missing):
            yield f"{_line(other)} in this filing has {number} {'less' if gap.missing > 0 else 'more'} than is explained", True
            return
        if other.standing == "first sight" and are_near(other.opening, -gap.missing):
            yield f"{_line(other)} is seen for the first time, with {number}", True
            return
    for held in gap.absent():
        if held.key.security == gap.change.key.security and are_near(held.shares, gap.missing):
            yield f"{_line(held)}, which this filing does not show, last held {number}", True
            return
    moved = [one.unexplained if one.standing == "gap" else one.opening for one in alike if one.standing in {"gap", "first sight"}]
    known = [one for one in moved if one is not None]
    if len(known) > 1 and len(known) == len(moved) and are_near(-gap.missing, sum(known)):
        yield f"{number} balance over the {len(known) + 1} lines of this class in this filing", True


def _another_spelling(gap: _Gap) -> Iterator[Found]:
    key = gap.change.key
    for held in gap.absent():
        line, other = ((one.direct_or_indirect, one.nature, one.exercise_price, one.expiration) for one in (key, held.key))
        alike = held.key.security == key.security or line == other
        if alike and held.shares and are_near(held.shares, gap.opening):
            yield (
                f"{_line(held)}, which this filing does not show, held {count(held.shares)}: the same line may be written otherwise",
                True,
            )
            return


def _another_grant(gap: _Gap) -> Iterator[Found]:
    key, moved = gap.change.key, gap.change.change
    if not is_granted(key):
        return
    if not (key.exercise_price and key.expiration):
        yield "no price and expiry tell grants of this title apart: the two totals may count different grants", False
    elif are_near(gap.opening, 0) and moved and moved > 0:
        yield "this filing opens with nothing: another grant on the same terms, or the same one reported again", False


def _total_of_all_grants(gap: _Gap) -> Iterator[Found]:
    """Whether the filing shows, over several strikes or expiries of a class, that each line states the total of them all."""
    key = gap.change.key
    line = (key.security, key.direct_or_indirect, key.nature)
    alike = [one for one in gap.same_class() if (one.key.security, one.key.direct_or_indirect, one.key.nature) == line]
    if key.table != "II" or not alike:
        return
    grants, total = [gap.change, *alike], gap.change.after
    if total and {one.after for one in grants} == {total} and any(one.change for one in grants):
        yield f"all {len(grants)} grants of this class state {count(total)} in this filing: it may be the total of all", True
    elif gap.runs_through({one.key for one in grants}):
        yield "the totals in this filing run on from grant to grant of this class: each may be the total of all", True
    else:
        off = 1 + sum(are_near(one.unexplained, gap.missing) for one in alike)
        if off >= min(len(grants), _FEWEST_GRANTS):
            yield f"{off} grants of this class are off by the same number: each may state the total of all", off >= _FEWEST_GRANTS


def _typo(gap: _Gap) -> Iterator[Found]:
    stated: list[tuple[str, Decimal, Decimal]] = []
    if gap.change.after is not None:
        stated.append(("the total of this filing", gap.change.after, gap.change.after - gap.missing))
    stated.append(("the total of the filing before", gap.before, gap.opening))
    for row in gap.rows:
        if row.kind == "transaction" and row.shares:
            sign = 1 if row.acquired_disposed == "A" else -1
            stated.append(("a transaction of this filing", row.shares, row.shares + sign * gap.missing))
    moved = gap.change.change
    if moved and are_near(-2 * moved, gap.missing):
        yield f"acquired and disposed of mistaken for one another: the other way round, the {count(abs(moved))} would fit", True
    slips = [(what, typed, meant, slip) for what, typed, meant in stated if (slip := slip_between(typed, meant))]
    for what, typed, meant, slip in sorted(slips, key=lambda one: one[3] in WEAK)[:1]:
        yield f"{slip}: {what} is {count(typed)}, and {count(meant)} would fit", slip not in WEAK


def _plan_purchase(gap: _Gap) -> Iterator[Found]:
    key = gap.change.key
    more, share = gap.missing, gap.before * SMALL
    if more <= 0:
        return
    if key.table == "I":
        named = bool(_PLAN.search(f"{key.nature} {key.security}"))
        if named or more <= max(min(share, _MANY), _FEW):
            yield f"{count(more)} more: a 401(k), a purchase plan or reinvested dividends add shares that need no report", named
        return
    account = bool(_ACCOUNT.search(f"{key.nature} {key.security}"))
    if more <= share and (account or (is_granted(key) and not (key.exercise_price and key.expiration))):
        yield f"{count(more)} more: dividend equivalents and deferrals under a plan are credited without a report", account


def _gift_received(gap: _Gap) -> Iterator[Found]:
    if gap.missing > 0 and gap.change.key.table == "I":
        yield "a gift received may wait for Form 5, until 45 days after the issuer's fiscal year", False


def _gift_made(gap: _Gap) -> Iterator[Found]:
    since = gap.change.before_as_of
    if gap.missing < 0 and gap.change.key.table == "I" and since is not None and since < _GIFTS_MADE_ON_FORM_4:
        yield "a gift made before 27 Feb 2023 could wait for Form 5", False


def _missing_filing(gap: _Gap) -> Iterator[Found]:
    change = gap.change
    since = f" since {day(change.before_as_of)}" if change.before_as_of else ""
    after = f" ({change.before_accession})" if change.before_accession else ""
    words = f"a filing{since}{after} that is not in the store, or was never made"
    near = min(ONE_SHARE, abs(gap.missing) * _AS_NEAR)
    tranche = next(((k, one) for one in gap.moves() for k in _TRANCHES if abs(k * one - gap.missing) <= near), None)
    if tranche is None:
        yield words, False
        return
    times, moved = tranche
    were = "one filing like this one were" if times == 1 else f"{times} filings like this one were"
    yield f"as if {were} missing, {count(abs(moved))} each: {words}", True


_FINDERS: tuple[tuple[str, Callable[[_Gap], Iterator[Found]]], ...] = (
    ("footnote", _footnote),
    ("unread filing", _unread_filing),
    ("split", _split),
    ("change of form", _change_of_form),
    ("another spelling", _another_spelling),
    ("typo", _typo),
    ("total of all grants", _total_of_all_grants),
    ("plan purchase", _plan_purchase),
    (ANOTHER_GRANT, _another_grant),
    ("gift received", _gift_received),
    ("gift made", _gift_made),
    ("missing filing", _missing_filing),
)
CANDIDATES: tuple[str, ...] = (*(name for name, _ in _FINDERS), CONTRADICTION, OWNER_NOT_STATED)


def _runs_on(row: Row, after: Row) -> bool:
    moved, before = signed_total([after]), row.shares_owned_following
    return bool(moved and before is not None and are_near(before + moved, after.shares_owned_following))


def _line(line: HoldingChange | Holding) -> str:
    held = "direct" if line.direct_or_indirect == "D" else line.nature_of_ownership or "indirect"
    return f"{line.security_title} ({held})"


def _owners(owners: str) -> str:
    return " and ".join(one.removeprefix("name:") if one.startswith("name:") else f"CIK {one}" for one in owners.split("+"))


def _quote(sentence: str) -> str:
    return sentence if len(sentence) <= _LONGEST_QUOTE else sentence[: _LONGEST_QUOTE - 1].rstrip() + "…"
