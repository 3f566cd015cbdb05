"""Table I and Table II of a printed or typed Section 16 form, from lines of text to rows. Used by `printed` only.

Cells are given to fields by the words of the table's head, by the `<S> <C>` ruler of EDGAR's old text forms, or by the
form's own order of columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate
from itertools import pairwise

from watcher.core.model import Row
from watcher.core.printed_rows import SAID
from watcher.core.printed_rows import TYPES
from watcher.core.printed_rows import derive
from watcher.core.printed_rows import illegible
from watcher.core.printed_rows import to_drafts
from watcher.core.printed_rows import to_row
from watcher.core.printed_rows import tokens_of
from watcher.core.printed_text import COLUMN
from watcher.core.printed_text import UNREADABLE
from watcher.core.printed_text import Line
from watcher.core.printed_text import squash

MAX_ROWS = 500
MAX_COLUMNS = 40

_I = [
    "security_title",
    "transaction_date",
    "deemed_execution_date",
    "transaction_code",
    "voluntary",
    "shares",
    "acquired_disposed",
    "price_per_share",
    "shares_owned_following",
    "direct_or_indirect",
    "nature_of_ownership",
]
_II = [
    "security_title",
    "conversion_or_exercise_price",
    "transaction_date",
    "deemed_execution_date",
    "transaction_code",
    "voluntary",
    "acquired",
    "disposed",
    "exercise_date",
    "expiration_date",
    "underlying_security_title",
    "underlying_security_shares",
    "price_per_share",
    "shares_owned_following",
    "direct_or_indirect",
    "nature_of_ownership",
]
_I3 = ["security_title", "shares_owned_following", "direct_or_indirect", "nature_of_ownership"]
_II3 = [
    "security_title",
    "exercise_date",
    "expiration_date",
    "underlying_security_title",
    "underlying_security_shares",
    "conversion_or_exercise_price",
    "direct_or_indirect",
    "nature_of_ownership",
]
# The form's own order of columns, with and (before 2002) without the deemed execution date; the short ones are Form 3's.
# The fourth of Table II is its first page in old typed forms, which end after column 8.
_ORDERS = {
    "I": [_I, [name for name in _I if name != "deemed_execution_date"], _I3],
    "II": [_II, [name for name in _II if name != "deemed_execution_date"], _II3],
}
_ORDERS["II"].append(_ORDERS["II"][1][:12])

# Words of a column's head (letters and digits only, lower case) -> the field below it; the first that fits counts.
_HEADS = {
    "I": (
        ("deemed|execution", "deemed_execution_date"),
        ("nature", "nature_of_ownership"),
        ("ownershipform|directd", "direct_or_indirect"),
        ("titleof", "security_title"),
        ("code$|transactioncode", "transaction_code"),
        ("^v$|8v$", "voluntary"),
        ("aord$|ad$", "acquired_disposed"),
        ("price$", "price_per_share"),
        ("beneficially|following|amountofsec", "shares_owned_following"),
        ("amount$", "shares"),
        ("trans.*date", "transaction_date"),
    ),
    "II": (
        ("deemed|executiond", "deemed_execution_date"),
        ("nature", "nature_of_ownership"),
        ("ownershipform|directd", "direct_or_indirect"),
        ("titleofderiv", "security_title"),
        ("conversion|exerciseprice", "conversion_or_exercise_price"),
        ("priceofderiv|^8", "price_per_share"),
        ("beneficially|following", "shares_owned_following"),
        ("dateexer|exercisable$", "exercise_date"),
        ("expir", "expiration_date"),
        ("title$", "underlying_security_title"),
        ("sharesof|shares$|amount$", "underlying_security_shares"),
        ("code$|transactioncode", "transaction_code"),
        ("^v$|8v$", "voluntary"),
        ("^a$|5a$", "acquired"),
        ("^d$|5d$", "disposed"),
        ("trans.*date", "transaction_date"),
    ),
}
_BOX = re.compile(r"\d\d?A?\.\s?[A-Z]")
_MARKS = re.compile(r"(?:\s?\(\d\d?\))+")
# A date, or a number that is more than the "3" of a wrapped "(Instr. 3": what no head of a column has.
_FIGURE = re.compile(r"(?:\d\d?/\d\d?/\d{2,4}|\$?\s?\d[\d,]*(?:\.\d+)?)(?:\s?\(\d\d?\))*")
_CAPTION = re.compile("table[i1l]{1,2}(?:non)?der|titleof(?:sec|der)")
_SHARES = ("amountornumberof", "amountornumberofshares")
_LEAVES = frozenset(["code", "v", "amount", "aord", "a", "d", "price", "dateexercisable", "expirationdate", "title", *_SHARES])


def _fields(table: str, heads: Sequence[str], *, by_order: bool) -> list[str | None]:
    """The field of each column, from the words above it, or where they say too little from the form's own order."""
    fields: list[str | None] = []
    for head in heads:
        fits = (name for pattern, name in _HEADS[table] if re.search(pattern, head) and name not in fields)
        fields.append(next(fits, None) if head else None)
    order = next((order for order in _ORDERS[table] if len(order) == len(heads)), None)
    known = sum(name is not None for name in fields)
    if order and (by_order or known < min(len(order) - 2, 8)):
        return list(order)
    return fields if known >= 3 else [None] * len(fields)


def _join(left: str, right: str) -> str:
    """Two cells that are one: a date cut in two, a character on the cut standing in both ("06/20/20" + "024"), or plain text."""
    cut = {left + right[size:] for size in range(4) if left.endswith(right[:size])}
    whole = [text for text in sorted(cut) if re.fullmatch(r"\d\d/\d\d/\d{4}", text)]
    return whole[0] if len(whole) == 1 and left and right else f"{left} {right}".strip()


def _scanned(table: str, lines: Sequence[Line]) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Rows of a table divided by tabs or pipes, as field -> text, and the words of the head by field."""
    divided = [line for line in lines if line.delimited]
    names = {"I": "titleofsec", "II": "titleofderiv"}
    named = next((n for n, line in enumerate(divided) if names[table] in squash(line.raw)), None)
    top = named or 0
    no_leaf = -1 if named is None else named
    leaf = next((n for n in range(top, len(divided)) if sum(squash(c) in _LEAVES for _, c in divided[n].cells) >= 2), no_leaf)
    body = [line for line in divided[leaf + 1 :] if not _CAPTION.search(squash(line.raw))][:MAX_ROWS]
    width = max((len(line.cells) for line in divided[top:]), default=0)
    above = ["" for _ in range(width)]
    for line in divided[top : leaf + 1]:
        if line is divided[leaf] or len(line.cells) == width:  # a narrower one has lost its empty cells: its places mislead
            for place, text in line.cells:
                above[place // COLUMN] = f"{above[place // COLUMN]} {text}"[:400]
    fields = _fields(table, [squash(text) for text in above], by_order=False)
    heads = {name: " ".join(text.split()) for name, text in zip(fields, above, strict=True) if name}
    rows = []
    for line in body:
        row: dict[str, str] = {}
        name: str | None = None
        for place, text in line.cells:
            column = place // COLUMN
            if fields[column]:
                name = fields[column]
            elif squash(above[column]):
                name = None  # a column whose head is not understood; one without a head spills over from its left
            if name:
                row[name] = _join(row.get(name, ""), text.replace("\n", " "))
        rows.append(row)
    return rows, heads


def _spans(lines: Sequence[Line]) -> tuple[list[int], int] | None:
    """Where the columns of a typed table begin, and the number of the first line below its head, or of its lowest words known."""
    for number, line in enumerate(lines):
        if line.raw.upper().count("<C>") >= 2:
            return [match.start() for match in re.finditer("<[SC]>", line.raw, re.IGNORECASE)][:MAX_COLUMNS], number + 1
    leaf = next((n for n, ln in enumerate(lines) if sum(squash(c) in _LEAVES for _, c in ln.cells) >= 2), None)
    if leaf is None:
        leaf = next((n for n, line in enumerate(lines) if sum(bool(_BOX.match(c)) for _, c in line.cells) >= 3), None)
    if leaf is None:
        return None
    spans = [(place, place + len(text)) for place, text in lines[leaf].cells if squash(text) in _LEAVES]
    heads = sorted((p, p + len(t)) for line in lines[max(0, leaf - 12) : leaf + 1] for p, t in line.cells if _BOX.match(t))
    for (start, end), (after, _) in pairwise([*heads, (10**6, 0)]):
        if not any(start - 2 <= place < after - 2 for place, _ in spans[: len(_LEAVES)]):
            spans.append((start, end))
    spans = sorted(spans)[:MAX_COLUMNS]
    return _edges(spans, lines[leaf + 1 :]), leaf + 1


def _edges(spans: Sequence[tuple[int, int]], lines: Sequence[Line]) -> list[int]:
    """Between two heads the edge is where it cuts the fewest words below, and of such places nearest to the middle."""
    width = spans[-1][0] + 2
    steps = [0] * (width + 1)
    for line in lines:
        for place, text in line.cells:
            steps[min(place + 1, width)] += 1
            steps[min(place + len(text), width)] -= 1
    cut = list(accumulate(steps))
    edges = [0]
    for left, right in pairwise(spans):
        middle = (left[1] + right[0] + 1) // 2
        edges.append(min(range(left[0] + 1, right[0] + 1), key=lambda at: (cut[at], abs(at - middle)), default=right[0]))
    return edges


def _column(edges: Sequence[int], place: int, text: str) -> int:
    ends = [*edges[1:], 10**6]
    shared = [min(end, place + len(text)) - max(edge, place) for edge, end in zip(edges, ends, strict=True)]
    return shared.index(max(shared))


def _stacked(upper: dict[str, str], lower: dict[str, str]) -> dict[str, str]:
    """Words, and footnote marks, that go on from one line to the next within a column."""
    return upper | {
        name: f"{upper.get(name, '')} {text}".strip()[:COLUMN]
        for name, text in lower.items()
        if TYPES.get(name) == "text" or _MARKS.fullmatch(text)
    }


def _cells(line: Line, edges: Sequence[int], fields: Sequence[str | None]) -> dict[str, str]:
    row: dict[str, str] = {}
    for place, text in line.cells:
        if (name := fields[_column(edges, place, text)]) and re.search(rf"[^\W_]|{UNREADABLE}", text):
            row[name] = _join(row.get(name, ""), text)
    return row


def _figures(row: dict[str, str]) -> int:
    """How many cells of a line hold a figure, date or letter of their field: none in the head, and none where words go on."""
    read = (tokens_of(name, text, short_years=True) or () for name, text in row.items() if TYPES.get(name) != "text")
    return sum(any(token.value is not None for token in tokens) for tokens in read)


def _typed(table: str, lines: Sequence[Line]) -> list[dict[str, str]] | None:
    """Rows of a table in columns of characters, as field -> text; `None` if its columns cannot be told."""
    found = _spans(lines)
    if found is None:
        return None
    edges, first = found
    leaf = lines[first - 1]
    ruled = "<C>" in leaf.raw.upper()
    if not ruled:  # the head may go on below the words that were found
        blank = next((n for n in range(first, len(lines)) if not re.search(r"\w", lines[n].raw)), len(lines))
        first = next((n for n in range(first, blank) if any(_FIGURE.fullmatch(text) for _, text in lines[n].cells)), first)
    above = ["" for _ in edges]
    for line in lines[max(0, first - 14) : first]:
        for place, text in () if "tablei" in squash(line.raw) else line.cells:
            if not text.upper().startswith(("<S>", "<C>")):
                column = _column(edges, place, text)
                is_leaf = line is leaf and squash(text) in _LEAVES  # what stands above it is said of several columns
                above[column] = text if is_leaf else f"{above[column]} {text}"[:400]
    fields = _fields(table, [squash(text) for text in above], by_order=ruled)
    rows: list[dict[str, str]] = []
    pending: dict[str, str] = {}
    open_row = False
    for line in lines[first:]:
        row = _cells(line, edges, fields)
        row = {name: bare[1] if (bare := re.fullmatch(r"\(([ADI])\)", text)) else text for name, text in row.items()}
        if not row:
            pending, open_row = {}, False
        elif _figures(row):
            rows.append(row | _stacked(pending, row) if pending else row)
            pending, open_row = {}, True
        elif open_row:
            rows[-1] = _stacked(rows[-1], row)
        else:
            pending = _stacked(pending, row)
    return rows[:MAX_ROWS]


def read_table(table: str, lines: Sequence[Line], *, form: str, short_years: bool) -> tuple[tuple[Row, ...], list[str]]:
    """The rows of Table I or II ("I", "II") in order, and a warning for each cell that is not legible or was derived.

    `lines` begin with the table's title or head. Raises nothing. Does not follow rows from one page of a typed Table II to
    the next ("Table II (continued)", columns 9 to 11): those cells stay `None`.
    """
    scanned = sum(line.delimited and len(line.cells) > 3 for line in lines) >= 2
    heads: dict[str, str] = {}
    texts: list[dict[str, str]] | None
    if scanned:
        texts, heads = _scanned(table, lines)
    else:
        texts = _typed(table, lines)
    if texts is None and not any(re.search(r"\w", line.raw) for line in lines[1:]):
        return (), []
    if texts is None:
        return (), [f"Table {table}: its columns are not legible; no row was read"]
    drafts = to_drafts(texts, heads, short_years=short_years)[:MAX_ROWS]
    rows = [to_row(draft, form=form) for draft in drafts]
    if table == "I":
        rows = derive(rows)
    warnings: list[str] = []
    if any(draft.smeared or draft.stacked for draft in drafts):
        warnings.append(f"Table {table}: lines were run together; values were put in rows by their order in each column")
    for number, (row, draft) in enumerate(zip(rows, drafts, strict=True), 1):
        place = f"Table {table} row {number} ({row.security_title or 'no title'})"
        missing = illegible(row, draft, table=table, form3=form == "3")
        for name in dict.fromkeys((*missing, *row.derived)):
            stands = draft.unread.get(name, "").replace(UNREADABLE, "")[:40].strip()
            how = "; derived from the balances" if name in row.derived else ""
            shown = f" ('{stands}')" if stands else ""
            warnings.append(f"{place}: {SAID.get(name, name.replace('_', ' '))} is not legible{shown}{how}")
    return tuple(rows), warnings
