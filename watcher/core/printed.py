"""Section 16 forms that are text: printed forms a scanner turned to text or Markdown, and the typed forms of before mid-2003.

What is legible is given exactly; what is not is `None`, with a warning that names the place; what two stated balances leave no
doubt about is given as derived (`Row.derived`). Nothing is taken from outside the text: no CIKs, no ticker, no header.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from watcher.core.errors import UnreadableDocument
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row
from watcher.core.model import Signature
from watcher.core.printed_parties import read_issuer
from watcher.core.printed_parties import read_owners
from watcher.core.printed_tables import read_table
from watcher.core.printed_text import COLUMN
from watcher.core.printed_text import DATE
from watcher.core.printed_text import Form
from watcher.core.printed_text import Line
from watcher.core.printed_text import decode
from watcher.core.printed_text import squash
from watcher.core.printed_text import to_lines
from watcher.core.printed_text import value_of

MAX_BYTES = 2_000_000

_SIGNS = ("issuername", "reportingperson", "beneficialownership", "beneficiallyowned", "titleofsecurity", "titleofderivative")

_HEADING = re.compile(
    r"^\W{0,40}(?:sec\s)?form\s{1,9}([345])\s?(/A\b|\(?amend\w{0,9}\)?)?\s{0,9}(?:\W{0,40}$|[(-]|united|u\.s\.|statement|initial|annual)",
    re.IGNORECASE,
)
_PERIOD = re.compile(
    r"\W{0,3}(?:\d\d?[.)]\s?)?(?:(?P<whole>date\s+of\s+earliest\s+transaction|date\s+of\s+event\s+requiring\s+statement|"
    r"statement\s+for(?:\s+issuer'?s\s+fiscal\s+year(?:\s+ended)?)?)|date of (?:earliest|event)[a-z ]{0,12})"
    r"(?:[\s(]{1,4}month\s?/\s?(?:day\s?/\s?)?year\)?)?[\s*:]{0,9}",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"\W{0,3}(?:\d\d?[.)]\s?)?if\s+amendment,?\s+date\s+of\s+original(?:\s+filed)?(?:[\s(]{0,4}month\s?/\s?(?:day\s?/\s?)?year\)?)?[\s*:]{0,9}",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"^\W{0,9}(?:reminder\s?:|note\s?:\s?file|\*?\s?potential persons|intention\w{0,2} misstatement|persons who respond|"
    r"if the form is filed)",
    re.IGNORECASE,
)
_SIGNED = re.compile("signatureofreport")
_NOTHING = re.compile("^nosecuritiesarebeneficiallyowned")
_NUMBERED = re.compile(r"^\s{0,20}(-\s|\*\s)?\s?(?:\((\d\d?)\)|(\d\d?)[.)])\s{0,5}(?=\S)")


def _period(form: Form, rows: Sequence[Row]) -> date | None:
    """The box's date if its label is whole or it has all ten characters; a cut one gives way to the rows' earliest date."""
    days = [row.transaction_date for row in rows if row.transaction_date]
    stated = ""
    for _, _, text in form.boxes(_PERIOD):
        match = _PERIOD.match(text)
        value = value_of(_PERIOD, text)
        dates = form.dates_in(value)
        if dates and match and (match["whole"] or re.search(r"(?<!\d)\d\d/\d\d/\d{4}", value)):
            if days and min(days) != dates[0]:
                form.warnings.append(
                    f"period of report: {dates[0]} is not the earliest transaction date that is legible ({min(days)})"
                )
            return dates[0]
        if re.search(r"\d", value):
            cut = DATE.search(value[:200])
            stated = stated or (cut.group() if cut else value.split("\n")[0][:40])
    seen = f"'{stated}' is not a whole date" if stated else "not legible"
    if not days or (stated and not DATE.search(stated)):
        form.warnings.append(f"period of report: {seen}")
        return None
    form.warnings.append(f"period of report: {seen}; taken from the earliest transaction date that is legible")
    return min(days)


def _signatures(form: Form, start: int) -> tuple[tuple[Signature, ...], int]:
    """Who signed and when, and the line at which the signatures begin.

    A signature stands above its label; without labels (or where several stand above one) each begins at its "/s/".
    """
    lines = form.lines
    labels = [n for n in range(start, len(lines)) if _SIGNED.search(squash(lines[n].raw))]
    marked = [n for n in range(start, len(lines)) if "/s/" in lines[n].raw.lower()]
    heading = form.find("^signatures$", start)
    begin = heading + 1 if heading is not None else None
    spans: list[tuple[int, int, int]] = []  # where it begins, where its name ends, where its date ends
    for label in labels:
        above = [n for n in marked if n < label] if begin is None else [begin]
        if not above:
            words = [n for n in range(max(start, label - 5), label) if re.search(r"[A-Za-z]", DATE.sub("", lines[n].raw))]
            above = words[-1:]
        spans += ((n, after if len(above) == 1 else n + 1, after) for n, after in pairwise([*above, label]))
        begin = label + 1
    if not labels:
        spans = [(n, n + 1, min(after, n + 7)) for n, after in pairwise([*marked, len(lines)])]
    result = []
    for at, (first, name_end, date_end) in enumerate(spans[:100], 1):
        cells = [text for line in lines[first:name_end] for _, text in line.cells if re.search(r"[^\W_]", text)]
        dates = [day for line in lines[name_end:date_end] for day in form.dates_in(line.raw)]
        if signature := _signature(cells, dates, form):
            result.append(signature)
            if signature.date is None:
                form.warnings.append(f"signature {at}: the date is not legible")
    if not result:
        form.warnings.append("signature: not legible")
    return tuple(result), min([n for n in (heading, *(span[0] for span in spans[:1])) if n is not None], default=len(lines))


def _signature(cells: Sequence[str], below: Sequence[date], form: Form) -> Signature | None:
    """A name, and a date in a cell of its own or at the end of the name's or, else, below it."""
    dates = [cell for cell in cells if DATE.fullmatch(cell)]
    name = " ".join(" ".join(cell for cell in cells if cell not in dates)[:COLUMN].split())
    if not dates and (tail := list(DATE.finditer(name))) and tail[-1].end() == len(name):
        dates, name = [tail[-1].group()], name[: tail[-1].start()]
    days = [*form.dates_in(" ".join(dates)), *below]
    return Signature(name.strip(" _|,") or None, days[0] if days else None) if cells else None


def _explanations(lines: Sequence[Line]) -> tuple[dict[str, str], str | None]:
    """Numbered responses as F1, F2, ...; text without a number, and what stands under "Remarks", as remarks."""
    notes: dict[str, list[str]] = {}
    remarks: list[str] = []
    last, fresh, skipping, margin = 0, True, False, 10**6
    for line in lines:
        text = " ".join(cell for _, cell in line.cells if cell)
        place = next((place for place, cell in line.cells if cell), 0)
        match = None if (remarks and last) or place > margin else _NUMBERED.match(text)
        number = int(match.group(2) or match.group(3)) if match else 0
        remark = re.match(r"\W{0,3}remarks\W", f"{text[:20]} ", re.IGNORECASE)
        if _AFTER.match(text) or (not remarks and _NOTHING.search(squash(text))):
            if notes or remarks:
                break
            skipping = True  # some pages have the form's own notes first
        elif remark:
            remarks.append(text[remark.end() - (len(text) < remark.end()) :])
            last, skipping = last or 100, False
        elif match and (number == last + 1 or (number > last and fresh)) and 0 < number < 100:
            last, skipping, margin = number, False, place
            notes[f"F{last}"] = [text[match.end() :]]
        elif f"F{last}" in notes and not remarks:
            notes[f"F{last}"].append(text)
        elif re.search(r"\w", text) and not skipping:
            remarks.append(text)
        fresh = not text
    said = " ".join(" ".join(remarks).split())
    return {name: " ".join(" ".join(texts).split()) for name, texts in notes.items()}, said or None


def _check_notes(form: Form, rows: Sequence[Row], notes: dict[str, str]) -> None:
    used = {note for row in rows for ids in row.footnotes.values() for note in ids}
    if lost := sorted(used - notes.keys(), key=lambda note: int(note[1:])):
        form.warnings.append(f"footnotes referred to and not legible: {', '.join(lost)}")
    if spare := [note for note in notes if note not in used]:
        form.warnings.append(f"footnotes that no legible cell refers to: {', '.join(spare)}")


def _table(form: Form, table: str, start: int | None, parts: Sequence[int], kind: str) -> tuple[Row, ...]:
    """The rows of Table I or II, which begins at a line and goes on to the next part of the form, or to its small print."""
    if start is None:
        form.warnings.append(f"Table {table}: not found")
        return ()
    within = form.lines[start : next(n for n in parts if n > start)]
    cut = next((n for n, line in enumerate(within) if _AFTER.match(line.raw)), len(within))
    again = next((n for n, line in enumerate(within) if n and "tableiicontinued" in squash(line.raw)), len(within))
    rows, warnings = read_table(table, within[: min(cut, again)], form=kind, short_years=form.short_years)
    form.warnings += warnings
    return rows


def parse_printed(text: bytes) -> OwnershipDocument:
    """Reads a Form 3, 4 or 5 that is plain text: a scanner's (Markdown, tabs, pipes), typed before mid-2003, or a page as text.

    UTF-8, else Latin-1; at most `MAX_BYTES`. Footnotes are named F1, F2, ... after their numbers; CIKs are `None`;
    `source` is "text". Raises `UnreadableDocument` for anything that is no Section 16 form, and nothing else. A `*/A` form
    type comes from the heading or from a date of original filing. Does not read the SGML header, XML or SEC's HTML.
    """
    if len(text) > MAX_BYTES:
        raise UnreadableDocument(f"the text is larger than {MAX_BYTES:,} bytes, which no Section 16 form is")
    lines = to_lines(decode(text))
    heading = next((match for line in lines for _, cell in line.cells if (match := _HEADING.match(cell[:200]))), None)
    joined = {sign for line in lines for sign in _SIGNS if sign in squash(line.raw)}
    if heading is None or len(joined) < 2:
        raise UnreadableDocument("no Form 3, 4 or 5: its heading or its boxes are missing")
    scanned = any(line.delimited for line in lines)
    long_years = any(re.search(r"(?<!\d)\d\d/\d\d/\d{4}(?!\d)", line.raw) for line in lines)
    form = Form(lines, short_years=not (scanned and long_years))
    kind = heading.group(1)

    end = len(lines)
    explained = form.find("^explanationofresp")
    first = form.find("table[i1l]nonderi|titleofsec")
    second = form.find("table[i1l]{2}deri|titleofderiv", (first or 0) + 1)
    issuer = read_issuer(form)
    listed = form.find("^reportingownername")
    owners = read_owners(form, next((n for n in (first, second, explained) if n is not None), end), listed)
    signatures, signed = _signatures(form, listed or second or first or 0)
    further = form.find("nameandaddressofreport", (second or first or 0) + 1)
    parts = sorted(n for n in (first, second, further, listed, explained, signed, end) if n is not None)
    tables = {table: _table(form, table, start, parts, kind) for table, start in (("I", first), ("II", second))}
    rows = (*tables["I"], *tables["II"])
    notes, remarks = (
        _explanations(lines[explained + 1 : next(n for n in parts if n > explained)]) if explained is not None else ({}, None)
    )
    _check_notes(form, rows, notes)
    original = next((days[0] for _, _, box in form.boxes(_ORIGINAL) if (days := form.dates_in(value_of(_ORIGINAL, box)))), None)
    return OwnershipDocument(
        form_type=kind + ("/A" if heading.group(2) or original else ""),
        period_of_report=_period(form, rows if kind == "4" else ()),
        issuer=issuer,
        reporting_owners=owners,
        non_derivative_table=tables["I"],
        derivative_table=tables["II"],
        footnotes=notes,
        remarks=remarks,
        signatures=signatures,
        no_securities_owned=False if kind == "3" and rows else any(_NOTHING.search(squash(line.raw)) for line in lines) or None,
        form3_holdings_reported=form.box_before("form 3 holdings reported", "box 'Form 3 Holdings Reported'"),
        form4_transactions_reported=form.box_before("form 4 transactions reported", "box 'Form 4 Transactions Reported'"),
        not_subject_to_section16=form.box_before(r"check this box\s+if no longer", "exit box (no longer subject to Section 16)"),
        aff10b5_one=form.box_before(
            r"(?:rule 10b5-1\(c\) transaction indication )?check this box to indicate", "Rule 10b5-1 box"
        ),
        date_of_original_submission=original,
        warnings=tuple(form.warnings),
        source="text",
    )
