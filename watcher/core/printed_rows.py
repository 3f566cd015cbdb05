"""Cells of Table I or II, read: text to values, values to rows, what two balances tell. Used by `printed_tables` only.

A cell counts as read only if all of it is one value of the field's type. Scanners run rows together: see `_Smear`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from watcher.core.codes import CODE_MEANING
from watcher.core.model import Row
from watcher.core.printed_text import COLUMN
from watcher.core.printed_text import DATE
from watcher.core.printed_text import UNREADABLE
from watcher.core.printed_text import read_date

TYPES = {
    "security_title": "text",
    "nature_of_ownership": "text",
    "underlying_security_title": "text",
    "transaction_date": "date",
    "deemed_execution_date": "date",
    "exercise_date": "date",
    "expiration_date": "date",
    "transaction_code": "code",
    "voluntary": "code",
    "acquired_disposed": "A|D",
    "direct_or_indirect": "D|I",
}  # every other field is a number

SAID = {
    "security_title": "title of security",
    "acquired_disposed": "acquired/disposed",
    "direct_or_indirect": "direct/indirect",
    "price_per_share": "price",
    "shares": "number of securities",
}  # every other field by its own name
_TRANSACTION = ("transaction_date", "transaction_code", "shares", "acquired_disposed", "price_per_share")
_DERIVATIVE = ("conversion_or_exercise_price", "exercise_date", "expiration_date")
_UNDERLYING = ("underlying_security_title", "underlying_security_shares")
_MARK = re.compile(r"\s{0,3}\((\d\d?)\)", re.ASCII)
_FRACTION = r"\d{1,6}[ -]\d{1,3}/(?:2|4|8|16|32|64|128|256)"
_PLAIN = r"(?:\d{1,3}(?:,\d{3}){1,6}|\d{1,15})(?:\.\d{1,12})?|\.\d{1,12}"
_TOKENS = {
    "date": DATE,
    "code": re.compile("(?:[" + "".join(CODE_MEANING) + r"](?:\s?/\s?[KV]|K|\(K\))?[345]?|V|[345])(?![\w/])"),
    "A|D": re.compile(r"[AD](?!\w)"),
    "D|I": re.compile(r"[DI](?!\w)"),
    "number": re.compile(rf"(?:-0-|\$?\s?(?:{_FRACTION}|{_PLAIN}))(?=[\s(]|$)", re.ASCII),
}
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_IN_DOLLARS = {
    "shares": "total_value",
    "shares_owned_following": "value_owned_following",
    "underlying_security_shares": "underlying_security_value",
}
_BALANCE = "shares_owned_following"
_NOT_STATED = frozenset(("n/a", "na", "none"))

_Value = Decimal | date | str | None


@dataclass(frozen=True, slots=True)
class _Token:
    """One value read, with the footnotes hung on it; a value of `None` means that only the footnote is given."""

    value: _Value
    notes: tuple[str, ...] = ()
    in_dollars: bool = False


@dataclass(slots=True)
class Draft:
    """One row while it is put together: what was read, and by field the words that could not be.

    `smeared` and `stacked` say that it was taken out of a line, or a run of lines, in which several rows stand.
    """

    tokens: dict[str, _Token]
    unread: dict[str, str]
    smeared: bool = False
    stacked: bool = False


def _number(text: str) -> Decimal:
    plain = text.replace("$", "").replace(",", "").strip()
    if plain == "-0-":
        return Decimal(0)
    whole, over, part = plain.replace("-", " ").replace("/", " / ").partition(" ")
    if not over:
        return Decimal(plain)
    above, below = part.split("/")
    return Decimal(whole) + Decimal(int(above)) / Decimal(int(below))


def _repeated(text: str) -> int:
    """How often the same words are said over: 4 for four times "Common Stock", else 1."""
    words = text.split()
    if len(words) > 60:
        return 1
    for size in range(1, len(words) // 2 + 1):
        if len(words) % size == 0 and words == words[:size] * (len(words) // size):
            return len(words) // size
    return 1


def _text_tokens(text: str) -> list[_Token] | None:
    bare = text
    notes: list[str] = []
    while mark := re.search(r"\s?\((\d\d?)\)$", bare[-8:]):
        notes.insert(0, f"F{int(mark.group(1))}")
        bare = bare[: len(bare) - len(mark.group())].rstrip()
    if UNREADABLE in bare or (bare and not re.search("[A-Za-z]", bare)):
        return None
    times = _repeated(bare)
    if times == 1:
        return [_Token(bare or None, tuple(notes))]
    words = bare.split()
    return [_Token(" ".join(words[: len(words) // times]))] * (times - 1) + [
        _Token(" ".join(words[: len(words) // times]), tuple(notes))
    ]


def tokens_of(name: str, text: str, *, short_years: bool) -> list[_Token] | None:
    """The values that make up the whole of a cell; `None` if anything in it is not a value of the field's type."""
    kind = TYPES.get(name, "number")
    if kind == "text":
        return _text_tokens(text)
    found: list[_Token] = []
    at = 0
    while at < len(text):
        value: _Value = None
        in_dollars = False
        match = _TOKENS[kind].match(text, at)
        if match:
            at = match.end()
            value = match.group()
            if kind == "number":
                in_dollars = "$" in value
                value = _number(value)
            elif kind == "date":
                value = read_date(value, short_years=short_years)
            elif kind == "code":
                value = re.sub(r"[ ()]", "", value)
                if value == "V" and name == "transaction_code":
                    if not found or "/" in str(found[-1].value):
                        return None
                    last = found.pop()
                    value = f"{last.value}/V"
            if value is None:
                return None
        notes = []
        while mark := _MARK.match(text, at):
            notes.append(f"F{int(mark.group(1))}")
            at = mark.end()
        if value is None and not notes:
            return None
        found.append(_Token(value, tuple(notes), in_dollars))
        at += len(text[at : at + 9]) - len(text[at : at + 9].lstrip())
    return found


def _height(columns: dict[str, list[_Token]]) -> int:
    """How many rows some columns show. One column alone does not make a row (a footnote mark may have lost its brackets),
    unless it is the titles."""
    counts = sorted(map(len, columns.values()), reverse=True)
    return max(len(columns.get("security_title", ())), *counts[1:2], 1 if counts else 0)


def _agree(one: list[_Token], other: list[_Token]) -> bool:
    return all(a == b for a, b in zip(one, other, strict=False))


@dataclass(slots=True)
class _Smear:
    """Rows that a scanner ran together: each line shows the column from its head down to another row ("Price $25.56" in one
    line, "$25.56 $132.94" in a later one), so the longest reading of each column counts, from the top row down."""

    seen: dict[str, list[_Token]] = field(default_factory=dict)

    def fits(self, line: dict[str, list[_Token]]) -> bool:
        """Whether a line shows the same rows: its balances decide, and where it has none every column."""
        shared = [_BALANCE] if _BALANCE in line and _BALANCE in self.seen else [name for name in line if name in self.seen]
        return all(_agree(self.seen[name], line[name]) for name in shared)

    def add(self, line: dict[str, list[_Token]]) -> None:
        """The longer reading of each column; of a column that two lines read differently, none."""
        for name, tokens in line.items():
            before = self.seen.get(name, tokens)
            self.seen[name] = max(before, tokens, key=len) if before and _agree(before, tokens) else []

    def drafts(self) -> Iterable[Draft]:
        height = max(_height(self.seen), len(self.seen.get(_BALANCE, ())))
        for number in range(height):
            tokens = {name: column[number] for name, column in self.seen.items() if number < len(column) <= height}
            yield Draft(tokens, {}, smeared=True)


def _without_head(name: str, text: str, head: str, *, short_years: bool) -> tuple[str, bool]:
    """The cell without words of its column's head that a scanner took into it, and whether there were any."""
    is_text = TYPES.get(name) == "text"
    if not is_text and tokens_of(name, text, short_years=short_years):
        return text, False
    words = text.split()
    for size in range(min(len(words), 12), 0, -1):
        first = " ".join(words[:size])
        if f" {first} " in f" {head} " and (not is_text or size > 1 or head.endswith(f" {first}")):
            return " ".join(words[size:]), True
    return text, False


def to_drafts(rows: Iterable[dict[str, str]], heads: dict[str, str], *, short_years: bool) -> list[Draft]:
    """Rows of the form from lines of cells (field -> text), with rows that run together taken apart."""
    drafts: list[Draft] = []
    smear = _Smear()
    for row in rows:
        line: dict[str, list[_Token]] = {}
        unread: dict[str, str] = {}
        smeared = False
        for name, cell in row.items():
            text = unicodedata.normalize("NFKC", cell[:COLUMN]).translate(_DASHES).strip()
            text = re.sub(r"^\$\s?(?=\()", "", text)  # a dollar sign alone is nothing
            text, had_head = _without_head(name, text, heads.get(name, ""), short_years=short_years)
            smeared |= had_head
            if not re.search(rf"\w|\$|{UNREADABLE}", text) or text.lower() in _NOT_STATED:
                continue
            tokens = tokens_of(name, text, short_years=short_years)
            if tokens is None:
                unread[name] = text
            else:
                line[name] = tokens
        if not (smeared or line or unread):
            continue
        again = _BALANCE in line and _BALANCE in smear.seen
        if (smeared or again) and smear.fits(line):
            smear.add(line)
            continue
        drafts += smear.drafts()
        smear = _Smear()
        if smeared:
            smear.add(line)
        else:
            height = _height(line)
            unread |= {name: row[name] for name, tokens in line.items() if len(tokens) != height}
            for number in range(max(height, 1)):
                told = {name: tokens[number] for name, tokens in line.items() if name not in unread}
                drafts.append(Draft(told, dict(unread), stacked=height > 1))
    return [*drafts, *smear.drafts()]


def _sides(draft: Draft) -> None:
    """Table II has a column for each side: the one that is filled gives the number and says acquired or disposed."""
    filled = [(side, draft.tokens.pop(name)) for side, name in (("A", "acquired"), ("D", "disposed")) if name in draft.tokens]
    bad = " ".join(draft.unread.pop(name) for name in ("acquired", "disposed") if name in draft.unread)
    if len(filled) == 1 and not bad:
        draft.tokens["shares"] = filled[0][1]
        draft.tokens["acquired_disposed"] = _Token(filled[0][0])
    elif filled or bad:
        draft.unread |= {"shares": bad, "acquired_disposed": bad}


def _coding(draft: Draft, form: str) -> dict[str, Any]:
    """Code, form type and equity swap (spec 4.3.8.2; Form 5, General Instructions, item 8: 3, 4 or 5 behind the code).

    A legible code without K is no swap, and without V or a digit of the form's own type; not so in a row of which a cell is not legible.
    """
    token = draft.tokens.get("transaction_code", _Token(None))
    voluntary = draft.tokens.get("voluntary", _Token(None)).value == "V"
    if token.value is None or not (match := re.fullmatch(r"([A-Z]?)/?([KV]?)([345]?)", str(token.value))):
        return {"transaction_form_type": "5"} if voluntary else {}
    code, letter, digit = match.groups()
    if digit and form != "5":
        return {"transaction_code": None}  # a footnote's number without its brackets, more likely
    whole = not draft.smeared and not draft.unread  # else a V or a K may be what is not legible
    return {
        "transaction_code": code or None,
        "transaction_form_type": digit or ("5" if voluntary or letter == "V" else form if whole else None),
        "transaction_timeliness": "L" if digit == "5" else None,
        "equity_swap_involved": True if letter == "K" else False if code and whole else None,
    }


def to_row(draft: Draft, *, form: str) -> Row:
    """The row that was read, of a form 3, 4 or 5. A figure with a dollar sign is a value where shares are asked for."""
    _sides(draft)
    told = {*draft.tokens, *draft.unread}
    if (coded := draft.tokens.get("transaction_code")) and str(coded.value).isdigit():
        told -= {"transaction_code"}  # on Form 5 a 3 alone is a holding that ought to have been on Form 3
    is_transaction = form != "3" and (draft.smeared or not told.isdisjoint(_TRANSACTION))
    values: dict[str, Any] = {}
    notes: dict[str, tuple[str, ...]] = {}
    for column, token in draft.tokens.items():
        name = _IN_DOLLARS.get(column, column) if token.in_dollars else column
        if column not in ("voluntary", "transaction_code"):
            values[name] = token.value
        if token.notes:
            place = "transaction_timeliness" if column == "voluntary" else name
            notes[place] = notes.get(place, ()) + token.notes
    return Row(kind="transaction" if is_transaction else "holding", footnotes=notes, **values, **_coding(draft, form))


def illegible(row: Row, draft: Draft, *, table: str, form3: bool) -> list[str]:
    """The fields of the row that ought to be there, or hold something, and could not be read."""
    wanted = ["security_title", *(_TRANSACTION if row.kind == "transaction" else ())]
    if table == "II":
        wanted += [*_DERIVATIVE, *_UNDERLYING]
    wanted += ["direct_or_indirect"] if form3 and table == "II" else ["shares_owned_following", "direct_or_indirect"]
    if row.direct_or_indirect == "I":
        wanted.append("nature_of_ownership")
    told = {name for name in row.__slots__ if getattr(row, name) is not None} | row.footnotes.keys()
    empty = [name for name in wanted if told.isdisjoint((name, _IN_DOLLARS.get(name, name)))]
    return [*empty, *sorted(draft.unread.keys() - {*empty})]


def derive(rows: list[Row]) -> list[Row]:
    """Numbers and sides that two balances in a row leave no doubt about, marked as derived; Table I only.

    Both balances must be read, of one security and form of ownership. Where a row's direct/indirect is not legible it
    is taken to be that of the row above only if the table shows no second form and no nature of indirect ownership.
    """
    one_form = len({row.direct_or_indirect for row in rows} - {None}) == 1 and not any(r.nature_of_ownership for r in rows)
    result = rows[:1]
    for above, row in pairwise(rows):
        derived: dict[str, Any] = {}
        before, after = above.shares_owned_following, row.shares_owned_following
        forms = {above.direct_or_indirect, row.direct_or_indirect}
        same_line = above.security_title == row.security_title is not None
        same_line &= above.nature_of_ownership == row.nature_of_ownership
        same_form = (len(forms) == 1 and None not in forms) or one_form
        if row.kind == "transaction" and same_line and same_form and before is not None and after is not None and before != after:
            side = "A" if after > before else "D"
            if row.shares is None and row.acquired_disposed in (None, side) and "shares" not in row.footnotes:
                derived["shares"] = abs(after - before)
            if row.acquired_disposed is None and row.shares in (None, abs(after - before)):
                derived["acquired_disposed"] = side
        result.append(replace(row, **derived, derived=tuple(derived)) if derived else row)
    return result
