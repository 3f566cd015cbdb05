"""Section 16 forms that are text: printed forms a scanner turned to text or Markdown, and the typed forms of before mid-2003.

What is legible is given exactly; what is not is `None`, with a warning that names the place; what two stated balances leave no
doubt about is given as derived (`Row.derived`). Nothing is taken from outside the text: no CIKs, no ticker, no header.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

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
    r"^\W{0,9}(?:reminder\s?:|note\s?:\s?file|intention\w{0,2} misstatement|persons who respond|if the form is filed)",
    re.IGNORECASE,
)
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
    """Who signed and when, and the line at which the signatures begin."""
    lines = form.lines
    signed = [(n, p, t) for n in range(start, len(lines)) for p, t in lines[n].cells if "/s/" in t.lower()]
    if not signed:
        line = form.find("signatureofreport", start) or 0
        above = [n for n in range(max(start, line - 5), line) if re.search(r"[A-Za-z]", DATE.sub("", lines[n].raw))]
        signed = [(above[-1], p, t) for p, t in lines[above[-1]].cells if t][:1] if above else []
    result = []
    for at, (number, place, text) in enumerate(signed[:100]):
        below = signed[at + 1][0] if at + 1 < len(signed) else number + 7
        same_line = " ".join(t for p, t in lines[number].cells if p >= place)
        later = [line.raw for line in lines[number + 1 : min(below, number + 7)]]
        dates = [day for part in (same_line, *later) for day in form.dates_in(part)]
        name = text[:COLUMN]
        if (tail := list(DATE.finditer(name))) and tail[-1].end() == len(name):
            name = name[: tail[-1].start()]
        result.append(Signature(" ".join(name.split()).strip(" _|,") or None, dates[0] if dates else None))
        if not dates:
            form.warnings.append(f"signature {at + 1}: the date is not legible")
    if not result:
        form.warnings.append("signature: not legible")
    return tuple(result), signed[0][0] if signed else len(lines)


def _explanations(lines: Sequence[Line]) -> tuple[dict[str, str], str | None]:
    """Numbered responses as F1, F2, ...; text without a number, and what stands under "Remarks", as remarks."""
    notes: dict[str, list[str]] = {}
    remarks: list[str] = []
    last, fresh = 0, True
    for line in lines:
        text = " ".join(cell for _, cell in line.cells if cell)
        if _AFTER.match(text):
            break
        match = None if remarks and last else _NUMBERED.match(text)
        number = int(match.group(2) or match.group(3)) if match else 0
        if re.match(r"\W{0,3}remarks\W", f"{text[:20]} ", re.IGNORECASE):
            remarks.append(re.sub(r"^\W{0,3}remarks\W{0,3}", "", text, flags=re.IGNORECASE))
            last = last or 100
        elif match and (number == last + 1 or (number > last and fresh)) and 0 < number < 100:
            last = number
            notes[f"F{last}"] = [text[match.end() :]]
        elif f"F{last}" in notes and not remarks:
            notes[f"F{last}"].append(text)
        elif re.search(r"\w", text) and not re.fullmatch(r"[\W_]+", text):
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


def parse_printed(text: bytes) -> OwnershipDocument:
    """Reads a Form 3, 4 or 5 that is plain text, from a scanner (Markdown, tabs, pipes) or typed for EDGAR before mid-2003.

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
    form3 = heading.group(1) == "3"

    end = len(lines)
    explained = form.find("explanationofresp")
    first = form.find("table[i1l]nonderi|titleofsec")
    second = form.find("table[i1l]{2}deri|titleofderiv", (first or 0) + 1)
    issuer = read_issuer(form)
    owners = read_owners(form, next((n for n in (first, second, explained) if n is not None), end))
    signatures, signed = _signatures(form, explained or second or first or 0)
    tables: dict[str, tuple[Row, ...]] = {"I": (), "II": ()}
    for table, start, stop in (("I", first, second), ("II", second, None)):
        if start is None:
            form.warnings.append(f"Table {table}: not found")
            continue
        within = lines[start : next(n for n in (stop, explained, signed, end) if n is not None and n > start)]
        cut = next((n for n, line in enumerate(within) if _AFTER.match(line.raw)), len(within))
        again = next((n for n, line in enumerate(within) if n and "tableiicontinued" in squash(line.raw)), len(within))
        tables[table], warnings = read_table(table, within[: min(cut, again)], form3=form3, short_years=form.short_years)
        form.warnings += warnings
    rows = (*tables["I"], *tables["II"])
    notes, remarks = _explanations(lines[explained + 1 : signed]) if explained is not None else ({}, None)
    _check_notes(form, rows, notes)
    original = next((days[0] for _, _, box in form.boxes(_ORIGINAL) if (days := form.dates_in(value_of(_ORIGINAL, box)))), None)
    return OwnershipDocument(
        form_type=heading.group(1) + ("/A" if heading.group(2) or original else ""),
        period_of_report=_period(form, rows),
        issuer=issuer,
        reporting_owners=owners,
        non_derivative_table=tables["I"],
        derivative_table=tables["II"],
        footnotes=notes,
        remarks=remarks,
        signatures=signatures,
        not_subject_to_section16=form.box_before(r"check this box\s+if no longer", "exit box (no longer subject to Section 16)"),
        aff10b5_one=form.box_before(
            r"(?:rule 10b5-1\(c\) transaction indication )?check this box to indicate", "Rule 10b5-1 box"
        ),
        date_of_original_submission=original,
        warnings=tuple(form.warnings),
        source="text",
    )
