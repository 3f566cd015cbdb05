"""An amendment and what it amends: which filing, what is otherwise now, and what the two come to together.

An amendment gives "the complete line or lines being amended", not the whole form (Form 4, General Instruction 9), and names the day of
the original, no accession number. So it is tied only where one filing fits, what it does not repeat stands as filed, and nothing is
guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from datetime import date
from datetime import datetime

from watcher.core.amended_rows import compare_rows
from watcher.core.calendar import CLOSES
from watcher.core.calendar import is_business_day
from watcher.core.calendar import next_business_day
from watcher.core.findings import Amendment
from watcher.core.findings import RowChange
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.plan import sentences
from watcher.core.plan import texts_of
from watcher.core.submission import EASTERN

_FORM = r"\bform\s?[345](?:\s?/\s?a)?"
# Contracts and plans are amended too, and filing admits nothing; that is no reason for a filing.
_OF_ANOTHER_THING = re.compile(
    r"\bamended and restated\s+(?!form)|\bas (?:so )?amended\b|\b(?:first|second|third|\w+th)\s+amend\w+|\bamended by\b(?! this)"
    r"|\bamend\w*(?: no\. ?\d+)? to (?:the|that|its|such|an?)\b(?! (?:original|initial|form|filing|reporting person))"
    r"|^.*\b(?:admission|disclaim\w*)\b.*$",
    re.IGNORECASE,
)
_PURPOSE = (
    r"\b(?:(?:filed|amended|restated|made|submitted)\b[^.;]{0,60}\b(?:to|for|because|due|since)\b|solely\b|purpose\b|correct\w*"
    r"|to (?:add|include|report|reflect|amend|remove|delete|disclose|revise)\b)"
)
_WRONG = (
    r"\b(?:inadvertent|erroneous|mistaken|incorrect)\w*"
    r"|\b(?:clerical|administrative|typographical|scrivener\S*|data entry) (?:error|oversight)"
    r"|\b(?:omit(?:ted|s)|omission|mis(?:reported|stated|calculated|typed)|overstated|understated|disregard|in error"
    r"|corrects?|corrected|correcting"
    r"|correction)\b|\bonly change\b"
)
_AMENDS = rf"\bamend(?:s|ing|ed|ment)\b.*?(?:{_FORM}|\b(?:original|initial|prior) (?:filing|report))|{_FORM}.*?\bamend|\bform\s?[345]/a\b"
# The plainer the words, the earlier they are looked for: what it is amended for, what was wrong, that it amends at all.
_REASONS = tuple(re.compile(one, re.IGNORECASE) for one in (rf"\bamend(?:ment|ed|ing|s)\b.*?{_PURPOSE}", _WRONG, _AMENDS))
_BOXES = {None: None, True: "checked", False: "not checked"}


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored filing as an amendment is held against it. `original`: what it is known to amend, where it is an amendment itself."""

    accession_number: str
    filed_at: datetime
    document: OwnershipDocument
    original: str | None = None


def tie(amendment: OwnershipDocument, candidates: Sequence[Kept]) -> Amendment:
    """What an amendment amends, among stored filings (originals and amendments) that were filed before it, itself not among them.

    It must be of the same issuer, form and at least one owner, and filed on the day the amendment states, by the clock or by EDGAR's
    calendar (what comes after 22:00 or on a weekend is of the next business day). Where none such is of its period, one of its period filed
    a business day off may be meant as well; where there is none at all, the period may have been typed for the day. Of several that
    fit, the one of the very same owners, then the one whose rows it repeats; else it is ambiguous. An amendment leads on to the original it
    amends. `rows` and `heads` compare with that original as filed.
    """
    fitting = [one for one in candidates if _is_of_the_same_kind(amendment, one.document)]
    period, stated = amendment.period_of_report, amendment.date_of_original_submission
    of_its_period = [one for one in fitting if one.document.period_of_report == period]
    that_day = [one for one in fitting if stated in _days_of(one)]
    for found in (
        [one for one in of_its_period if one in that_day],
        [*that_day, *(one for one in of_its_period if _is_about(stated, _days_of(one)))],
        of_its_period if stated == period else [],
    ):
        amendments_first = sorted(found, key=lambda one: not one.document.form_type.endswith("/A"))
        originals = {original: one for one in amendments_first if (original := _original(one, fitting)) is not None}
        if originals:
            return _settled(amendment, originals, {one.accession_number: one for one in fitting})
    return Amendment("orphan", reason=amendment_reason(amendment))


def compare(original: OwnershipDocument, amendment: OwnershipDocument) -> Amendment:
    """What is otherwise in the amendment: rows, and owners, period and boxes. What it leaves out is not otherwise."""
    reason = amendment_reason(amendment)
    words = " ".join(text for _, text in texts_of(amendment)) if reason else None
    known = {_party(owner) for owner in original.reporting_owners}
    heads: list[tuple[str, str | None, str | None]] = [
        ("reporting_owners", None, owner.name or owner.cik) for owner in amendment.reporting_owners if _party(owner) not in known
    ]
    was, now = original.period_of_report, amendment.period_of_report
    if now is not None and now != was:
        heads.append(("period_of_report", was.isoformat() if was else None, now.isoformat()))
    for name in ("aff10b5_one", "not_subject_to_section16"):
        before, after = getattr(original, name), getattr(amendment, name)
        # The exit box is mostly left out where it is not checked.
        if after is not None and after != before and (after or before or name == "aff10b5_one"):
            heads.append((name, _BOXES[before], _BOXES[after]))
    return Amendment("tied", None, compare_rows(original, amendment, words), tuple(heads), reason)


def effective(original: OwnershipDocument, amendments: Sequence[OwnershipDocument]) -> OwnershipDocument:
    """The original as amended, by amendments in the order they were filed. A partial amendment erases nothing.

    Changed rows are replaced whole, added rows stand at their place, dropped rows are gone; owners are united, footnotes renamed where two
    documents use an id for different words; what is stated last of period and boxes holds. Form, issuer and source stay the original's.
    An amendment filed again word for word amends nothing more.
    """
    whole = original
    for number, amendment in enumerate(amendments):
        if amendment not in amendments[:number]:
            whole = _amended(whole, amendment)
    return whole


def amendment_reason(document: OwnershipDocument) -> str | None:
    """The sentence of the remarks, else of a footnote, that says why it was amended; `None` where no words do."""
    said = [sentence for _, text in reversed(texts_of(document)) for sentence in sentences(text)]
    for pattern in _REASONS:
        for sentence in said:
            if pattern.search(_OF_ANOTHER_THING.sub(" ", sentence)):
                return sentence
    return None


# --- which filing -----------------------------------------------------------------------------------------------------------


def _is_of_the_same_kind(amendment: OwnershipDocument, other: OwnershipDocument) -> bool:
    return (
        amendment.form_type[:1] == other.form_type[:1]
        and amendment.issuer.cik == other.issuer.cik
        and not _parties(amendment).isdisjoint(_parties(other))
    )


def _is_about(stated: date | None, days: set[date]) -> bool:
    return stated is not None and any(next_business_day(min(stated, day)) >= max(stated, day) for day in days)


def _days_of(one: Kept) -> set[date]:
    """The day it was filed by the clock, and officially."""
    filed = one.filed_at.astimezone(EASTERN)
    day = filed.date()
    late = filed.time() >= CLOSES or not is_business_day(day)
    return {day, next_business_day(day) if late else day}


def _original(one: Kept, candidates: Sequence[Kept]) -> str | None:
    if not one.document.form_type.endswith("/A"):
        return one.accession_number
    if one.original is not None:
        return one.original
    earlier = [other for other in candidates if other.filed_at < one.filed_at]
    return tie(one.document, earlier).original


def _settled(amendment: OwnershipDocument, found: dict[str, Kept], kept: dict[str, Kept]) -> Amendment:
    """Of several originals the one that fits best, where one does. `found` maps an original to what led to it."""
    if len(found) > 1:
        parties = _parties(amendment)
        found = {original: one for original, one in found.items() if _parties(one.document) == parties} or found
    if len(found) > 1:
        alike = {original: _likeness(compare(one.document, amendment).rows) for original, one in found.items()}
        best = max(alike.values())
        found = {original: one for original, one in found.items() if not best[0] or alike[original] == best}
    if len(found) > 1:
        return Amendment("ambiguous", reason=amendment_reason(amendment))
    (original,) = found
    if original not in kept:
        return Amendment("tied", original, reason=amendment_reason(amendment))
    return replace(compare(kept[original].document, amendment), original=original)


def _likeness(rows: Sequence[RowChange]) -> tuple[int, int]:
    kinds = [row.kind for row in rows]
    return kinds.count("restated") + kinds.count("changed"), kinds.count("restated") - kinds.count("not repeated")


def _party(owner: ReportingOwner) -> str:
    return owner.cik or (owner.name or "").casefold()


def _parties(document: OwnershipDocument) -> set[str]:
    return {_party(owner) for owner in document.reporting_owners}


# --- original and amendment together ----------------------------------------------------------------------------------------


def _amended(original: OwnershipDocument, amendment: OwnershipDocument) -> OwnershipDocument:
    changes = compare(original, amendment).rows
    footnotes, renamed = _united_footnotes(original, amendment)
    tables = (
        _united("I", original.non_derivative_table, amendment.non_derivative_table, changes, renamed),
        _united("II", original.derivative_table, amendment.derivative_table, changes, renamed),
    )
    owners = {_party(owner): owner for owner in (*original.reporting_owners, *amendment.reporting_owners)}
    stated = {
        name: getattr(amendment, name) if getattr(amendment, name) is not None else getattr(original, name)
        for name in (
            *("period_of_report", "aff10b5_one", "no_securities_owned", "not_subject_to_section16"),
            *("form3_holdings_reported", "form4_transactions_reported"),
        )
    }
    return replace(
        original,
        reporting_owners=tuple(owners.values()),
        non_derivative_table=tables[0],
        derivative_table=tables[1],
        footnotes=footnotes,
        remarks=_joined(original.remarks, amendment.remarks),
        signatures=tuple(dict.fromkeys((*original.signatures, *amendment.signatures))),
        warnings=tuple(dict.fromkeys((*original.warnings, *amendment.warnings))),
        **stated,
    )


def _united(
    table: str, before: Sequence[Row], after: Sequence[Row], changes: Sequence[RowChange], renamed: dict[str, str]
) -> tuple[Row, ...]:
    """The original's rows with each change at its place. An added row follows the row that precedes it in the amendment."""
    mine = [change for change in changes if change.table == table]
    places: dict[int, list[Row]] = {number: [row] for number, row in enumerate(before, 1)}
    places[0] = []
    first = min((change.original_row for change in mine if change.row and change.original_row), default=None)
    at = len(before) if first is None else first - 1
    for change in mine:
        if change.kind == "dropped" and change.original_row:
            places[change.original_row] = places[change.original_row][1:]
        if change.row is None:
            continue
        row = after[change.row - 1]
        if change.original_row is not None:
            at = change.original_row
        if change.kind == "changed":
            places[at][0] = _renamed(row, renamed)
        elif change.kind == "added":
            at = at if first is not None else _after(row, before) or at
            places[at].append(_renamed(row, renamed))
    return tuple(row for number in sorted(places) for row in places[number])


def _after(row: Row, before: Sequence[Row]) -> int | None:
    """Where an added row belongs that comes without a row of the original: after the row that closes where it opens."""
    if row.shares is None or row.shares_owned_following is None:
        return None
    opening = row.shares_owned_following + (row.shares if row.acquired_disposed == "D" else -row.shares)
    same = [
        number
        for number, one in enumerate(before, 1)
        if one.shares_owned_following == opening and one.security_title == row.security_title
    ]
    return same[-1] if same else None


def _renamed(row: Row, renamed: dict[str, str]) -> Row:
    footnotes = {name: tuple(renamed.get(note, note) for note in notes) for name, notes in row.footnotes.items()}
    return row if footnotes == row.footnotes else replace(row, footnotes=footnotes)


def _united_footnotes(original: OwnershipDocument, amendment: OwnershipDocument) -> tuple[dict[str, str], dict[str, str]]:
    """All footnotes, and how those of the amendment are called now. The same words are one footnote."""
    footnotes = dict(original.footnotes)
    by_text = {text: note for note, text in reversed(footnotes.items())}
    cited = {
        note
        for row in (*amendment.non_derivative_table, *amendment.derivative_table)
        for notes in row.footnotes.values()
        for note in notes
    }
    renamed: dict[str, str] = {}
    number = len(footnotes)
    for note in dict.fromkeys((*amendment.footnotes, *sorted(cited))):
        text = amendment.footnotes.get(note)
        known = by_text.get(text) if text is not None else None
        if footnotes.get(note) == text or known is not None:
            renamed[note] = note if footnotes.get(note) == text else known or note
            continue
        name = note
        while name in footnotes:
            number += 1
            name = f"F{number}"
        renamed[note] = name
        if text is not None:
            footnotes[name] = text
            by_text[text] = name
    return footnotes, renamed


def _joined(one: str | None, other: str | None) -> str | None:
    if not one or not other:
        return one or other
    return one if other in one else f"{one} {other}"
