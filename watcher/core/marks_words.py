"""Marks on words, codes and references: what the form's own rules do not allow, and what says nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from watcher.core.codes import CODE_MEANING
from watcher.core.marks_filing import Doubt
from watcher.core.marks_filing import Filing
from watcher.core.marks_filing import Mark
from watcher.core.marks_filing import quoted

# Filers type the trading symbol, and EDGAR checks its length only: of 36,075 in 2024Q3, 598 stand for none and 324 are odd. First wins.
SYMBOLS: tuple[tuple[re.Pattern[str], str | None], ...] = (
    (re.compile(r"\W*(?:none|n/a|n\.a\.?|not applicable|tbd|)\W*"), "stands for no symbol"),
    (re.compile(r"[a-z]{1,6}(?:[./-][a-z]{1,2}){0,2}|[a-z]{1,6} [a-z]{1,2}"), None),  # LEN.B, BRK-B, ACRG.A.U, BF B
    (re.compile(r".*\b(?:nyse|nasdaq|amex|otc\w*|asx|tsxv?|lse|cse)\b.*"), "names an exchange"),
    (re.compile(r"[a-z.-]+(?: ?[,;/&] ?| and | )[a-z.-]{2,}"), "seems to hold several symbols"),
    (re.compile(r".*"), "is no ticker symbol"),
)
EXCHANGES = frozenset({"nyse", "nasdaq", "amex"})  # alone they look like symbols

# field -> what the schema allows (specification v5.5, 3.6)
VOCABULARY: dict[str, frozenset[str]] = {
    "transaction_code": frozenset(CODE_MEANING),
    "acquired_disposed": frozenset("AD"),
    "direct_or_indirect": frozenset("DI"),
    "transaction_timeliness": frozenset("EL"),
}
# Form -> forms a row may belong to: a row of 5 on a form 4 is early, of 4 or 3 on a form 5 late.
ROW_FORMS = {"3": frozenset("3"), "4": frozenset("45"), "5": frozenset("345")}
# Codes that go one way only. Found: a purchase of 800,000 shares "disposed of".
SIDES = {"P": "A", "S": "D", "F": "D", "D": "D", "U": "D"}
# What every transaction states, in one of these fields (XSD); a footnote in its place is a statement too.
REQUIRED: tuple[tuple[str, ...], ...] = (
    ("security_title",),
    ("transaction_date",),
    ("transaction_code",),
    ("acquired_disposed",),
    ("shares", "total_value"),
    ("shares_owned_following", "value_owned_following"),
    ("direct_or_indirect",),
)


def symbol(filing: Filing) -> Iterator[Doubt]:
    """The symbol identifies nothing, but people read it: NONE, (SIRI), NYSE: KRC, LEN, LEN.B, 1314152."""
    typed = filing.document.issuer.trading_symbol
    if not typed:
        return
    folded = " ".join(typed.split()).casefold()
    said = "names an exchange" if folded in EXCHANGES else next(said for shape, said in SYMBOLS if shape.fullmatch(folded))
    if said is not None:
        yield "issuer trading symbol", f"{quoted(typed)} {said}"


def outside_the_schema(filing: Filing) -> Iterator[Doubt]:
    """Codes that no table of the form knows. Old forms were not checked as today's are."""
    row_forms = ROW_FORMS[filing.document.form_type[0]]
    for line in filing.lines:
        row = line.row
        for name, allowed in VOCABULARY.items():
            if (stated := getattr(row, name)) is not None and stated not in allowed:
                yield line.cell(name), f"{quoted(stated)} is not among the form's codes"
        if row.transaction_form_type is not None and row.transaction_form_type not in row_forms:
            form = f"a form {filing.document.form_type}"
            yield line.cell("transaction_form_type"), f"{quoted(row.transaction_form_type)} cannot stand on {form}"


def side_contradicts_the_code(filing: Filing) -> Iterator[Doubt]:
    """Whether it was bought or sold is stated twice, and not the same."""
    for line in filing.transactions:
        side = SIDES.get(line.row.transaction_code or "")
        if side and line.row.acquired_disposed in {"A", "D"} - {side}:
            said = f"{quoted(line.row.acquired_disposed or '')} contradicts the transaction code {line.row.transaction_code}"
            yield line.cell("acquired_disposed"), said


def required_and_not_stated(filing: Filing) -> Iterator[Doubt]:
    """A transaction without what the schema requires of it. Of scanned text its own reader says what is not legible."""
    if filing.document.source == "text":
        return
    for line in filing.transactions:
        for names in REQUIRED:
            if all(getattr(line.row, name) is None and name not in line.row.footnotes for name in names):
                yield line.cell(names[0]), "is not stated"


def footnote_missing(filing: Filing) -> Iterator[Doubt]:
    """A reference to a footnote that the form does not have. Of scanned text its own reader says so."""
    if filing.document.source == "text":
        return
    told: set[str] = set()
    for line in filing.lines:
        for name, notes in line.row.footnotes.items():
            for note in notes:
                if note not in filing.document.footnotes and note not in told:
                    told.add(note)
                    yield line.cell(name), f"refers to footnote {quoted(note)}, which the form does not have"


def indirect_without_nature(filing: Filing) -> Iterator[Doubt]:
    """Indirect ownership is to say through whom (Form 4, column 7)."""
    for line in filing.lines:
        explained = {"nature_of_ownership", "direct_or_indirect"} & line.row.footnotes.keys()
        if line.row.direct_or_indirect == "I" and line.row.nature_of_ownership is None and not explained:
            yield line.cell("nature_of_ownership"), "is not stated, though the ownership is indirect"


def other_without_explanation(filing: Filing) -> Iterator[Doubt]:
    """Code J is to be described in a footnote (General Instructions of Form 4, item 8); remarks will do. Scanned text loses references."""
    if filing.document.source == "text":
        return
    for line in filing.transactions:
        if line.row.transaction_code == "J" and not line.row.footnotes and not filing.document.remarks:
            yield line.cell("transaction_code"), "'J' is without the footnote that has to say what was done"


def parties(filing: Filing) -> Iterator[Doubt]:
    """Every owner has a CIK, which paper does not print, and every officer a title."""
    document = filing.document
    if not document.reporting_owners:
        yield "reporting owner", "none is named"
    for number, owner in enumerate(document.reporting_owners, 1):
        name = quoted(owner.name) if owner.name else f"owner {number}"
        if owner.cik is None and document.source in {"xml", "submission"}:
            yield "reporting owner CIK", f"is not stated for {name}"
        if owner.is_officer and owner.officer_title is None:
            yield f"reporting owner {number}, officer title", f"is not stated for {name}, an officer"


def rows(filing: Filing) -> Iterator[Doubt]:
    """Without a row a form 3 says that nothing is owned, a form 4 or 5 that its owner has left Section 16; or it says nothing."""
    document = filing.document
    nothing_owned = document.form_type.startswith("3") and document.no_securities_owned
    if filing.lines and nothing_owned:
        yield "no securities owned", "is stated, and rows follow"
    elif not filing.lines and document.source != "text" and not nothing_owned and not document.not_subject_to_section16:
        yield "Tables I and II", "hold no row, and the form does not say why"


WORD_MARKS: tuple[Mark, ...] = (
    symbol,
    outside_the_schema,
    side_contradicts_the_code,
    required_and_not_stated,
    footnote_missing,
    indirect_without_nature,
    other_without_explanation,
    parties,
    rows,
)
