"""Issuer and reporting owners of a Section 16 form that is plain text: boxes 1, 2 and the relationship box. Used by `printed`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Sequence
from itertools import pairwise
from itertools import zip_longest

from watcher.core.model import Issuer
from watcher.core.model import ReportingOwner
from watcher.core.printed_text import CHECKED
from watcher.core.printed_text import COLUMN
from watcher.core.printed_text import LABEL
from watcher.core.printed_text import UNCHECKED
from watcher.core.printed_text import UNREADABLE
from watcher.core.printed_text import Form
from watcher.core.printed_text import Line
from watcher.core.printed_text import squash
from watcher.core.printed_text import value_of

_OWNER = re.compile(
    r"\W{0,3}(?:\d\d?[.)]\s?)?name\s+and\s+address(?:\s+of(?:\s+reporting(?:\s+person(?:\(?s\)?)?)?)?)?[\s*:]{0,9}",
    re.IGNORECASE,
)
_ISSUER = re.compile(
    r"\W{0,3}(?:\d\d?[.)]\s?)?issuer\s+name(?:,?\s+(?:and|&)(?:\s+ticker(?:\s+or(?:\s+trading(?:\s+symbol)?)?)?)?)?[\s*:]{0,9}",
    re.IGNORECASE,
)
_SYMBOLS = (
    r"\[\s?([A-Za-z0-9](?:[A-Za-z0-9.,;/ -]{0,30}[A-Za-z0-9])?)\s?\](?![^\n]{0,200}\[)",
    r"\(\s?(?:[A-Za-z]{2,9}\s?:\s?)?([A-Z][A-Z0-9.-]{0,9})\s?\)",
    r"(?i:[\w-]{0,30}[ \t]?[\w-]{0,30}[ \t]?symbol)\s?[=:-]\s?\"?([A-Z][A-Z0-9.-]{0,9})\b",
    r"(?:NYSE|NASDAQ|Nasdaq|AMEX|OTC)\s?[:-]\s?([A-Z][A-Z0-9.-]{0,9})\b",
    r"\s[-/]{1,2}\s([A-Z]{1,6})$",
    r"(?m:^([A-Z]{1,5})$)",
)
_ROLES = re.compile(
    rf"(?P<mark>{CHECKED})|(?P<empty>{UNCHECKED})|(?P<is_director>(?<![A-Za-z])(?<![A-Za-z]{2} )director\b)|"
    r"(?P<is_ten_percent_owner>(?<![\d.])10\s?%\s?owner)|"
    r"(?P<is_officer>(?<![A-Za-z])officer\s?\(give\s+title(?:\s+below)?\)?:?)|(?P<is_other>(?<![A-Za-z])other\s?\(specify(?:\s+below)?\)?:?)",
    re.IGNORECASE,
)
_PAST_ROLES = re.compile(r"joint\s?/\s?group|form filed by|individual or|explanation of|\btable i", re.IGNORECASE)
_BOXES = {"mark", "empty"}
_MAX_ITEMS = 100
_ROLE_NAMES = {"is_director": "Director", "is_ten_percent_owner": "10% Owner", "is_officer": "Officer", "is_other": "Other"}
_LIST = re.compile("^(?:reportingowner(?:nameaddress)?)?director10owner")
# Full titles that the letters left of a cut cell may be completed to, if just one fits; always with a warning.
_TITLES = tuple(
    f"CHIEF {word} OFFICER"
    for word in [
        "EXECUTIVE",
        "FINANCIAL",
        "OPERATING",
        "LEGAL",
        "ACCOUNTING",
        "TECHNOLOGY",
        "COMMERCIAL",
        "MARKETING",
        "MEDICAL",
        "SCIENTIFIC",
        "ADMINISTRATIVE",
        "INFORMATION",
        "PEOPLE",
        "PRODUCT",
        "REVENUE",
        "STRATEGY",
        "COMPLIANCE",
        "RISK",
        "INVESTMENT",
        "BUSINESS",
        "CUSTOMER",
    ]
)


def read_issuer(form: Form) -> Issuer:
    """Name and symbol from box 2, the best of its readings; what is missing is a warning."""
    best = Issuer(None, None, None)
    for _, _, text in form.boxes(_ISSUER):
        if not re.match(_ISSUER.pattern + r"$", text) and not re.search(r"symbol", text[:120], re.IGNORECASE):
            continue  # the label itself is cut: what follows it is part of it
        value = value_of(_ISSUER, text)
        found = next((match for pattern in _SYMBOLS if (match := re.search(pattern, value))), None)
        names = (value[: found.start()] if found else value).strip(" \n-,").splitlines()
        if names and UNREADABLE not in names[0]:
            best = Issuer(None, best.name or " ".join(names[0].split()), best.trading_symbol or (found and found.group(1)))
    for said, read in (("name", best.name), ("trading symbol", best.trading_symbol)):
        if read is None:
            form.warnings.append(f"issuer: the {said} is not legible")
    return best


def _title(fragments: Sequence[str], form: Form, name: str) -> str | None:
    """The officer's title; where the edge of two cells cuts it, the one usual title that fits both ends, with a warning."""
    if len(fragments) < 2:
        return fragments[0] if fragments else None
    said = " and ".join(f"'{part}'" for part in fragments)
    left, right = fragments[0].upper(), fragments[-1].upper()
    fits = [title for title in _TITLES if title.startswith(left) and title.endswith(right) and len(title) >= len(left + right)]
    if len(fits) != 1 or len(fragments) > 2:
        form.warnings.append(f"reporting owner {name}: the officer title is cut into {said} and not legible")
        return None
    form.warnings.append(
        f"reporting owner {name}: the officer title is cut into {said}; '{fits[0]}' is the one usual title that fits"
    )
    return fits[0]


def _role_lines(lines: Sequence[Line]) -> Iterator[list[tuple[int, str]]]:
    """The cells of the relationship boxes, line by line: right of or below the box's label, as far as the next box."""
    left, right = None, 10**9
    for line in lines:
        slack = COLUMN if line.delimited else 8
        for place, text in line.cells:
            if re.search(r"ationship\s+of\s+reportin", text, re.IGNORECASE):
                left, right = place - slack, 10**9
            elif left is not None and left + 2 * slack <= place < right and LABEL.match(text):
                right = place - slack // 4
            elif left is not None and place < right and _PAST_ROLES.search(text):
                left = None
        if left is not None:
            yield [(place, text) for place, text in line.cells if left <= place < right and text]


def _checked(items: Sequence[str]) -> set[str]:
    """The roles whose box is checked. A box stands before its label, unless the list begins with a label and ends with a box."""
    if items and items[-1] in _BOXES and items[0] not in _BOXES:
        items = items[::-1]
    return {label for box, label in pairwise(items) if box == "mark" and label not in _BOXES}


def _owner(name: str | None, lines: Sequence[Line], form: Form) -> ReportingOwner:
    """One owner, from the lines between two "Name and Address" boxes (or all above Table I, if there is one owner)."""
    items: list[str] = []
    beside: dict[str, list[str]] = {"is_officer": [], "is_other": []}
    below: dict[str, list[str]] = {"is_officer": [], "is_other": []}
    places: dict[str, int] = {}
    for cells in _role_lines(lines):
        matches = [(place, text, match) for place, text in cells for match in _ROLES.finditer(text)]
        items = [*items, *(str(match.lastgroup) for _, _, match in matches)][:_MAX_ITEMS]
        for (place, text, match), following in zip_longest(matches, matches[1:]):
            if (kind := str(match.lastgroup)) in beside:
                places[kind] = place + match.start()
                same_cell = following is not None and following[1] is text
                rest = text[match.end() : following[2].start() if same_cell else None].strip(" _:;,")
                beside[kind] += [rest] if rest else []
        if not matches and places and not any(below.values()):
            only = [kind for kind in _checked(items) if kind in places] or [*places]
            for place, text in cells:
                if re.search(r"[A-Za-z]", text) and not LABEL.match(text):
                    below[min(only, key=lambda kind: abs(places[kind] - place))].append(text)
    checked = _checked(items)
    said = name or "(name not legible)"
    officer, other = ([*beside[kind], *below[kind]] for kind in beside)
    if officer and "is_other" not in checked:
        officer, other = [*officer, *other], []  # the title is printed across both boxes
    title = _title(officer, form, said)
    if officer and "is_officer" not in checked:
        form.warnings.append(f"reporting owner {said}: the box 'Officer' is not legible; taken as checked, as a title is given")
        checked.add("is_officer")
    unseen = [label for role, label in _ROLE_NAMES.items() if role not in (items if "mark" in items else checked)]
    if unseen:
        form.warnings.append(f"reporting owner {said}: not legible, and taken as not checked: {', '.join(unseen)}")
    flags = {role: role in checked for role in _ROLE_NAMES}
    return ReportingOwner(None, name, **flags, officer_title=title, other_text=" ".join(other) or None)


def read_owners(form: Form, end: int, listed: int | None) -> tuple[ReportingOwner, ...]:
    """One owner for each "Name and Address" box, in order, or for each line of the list "Reporting Owners", which has all.

    `end` is the line at which the tables begin, `listed` the head of that list.
    """
    found = [(number, value_of(_OWNER, text).split("\n")[0]) for number, _, text in form.boxes(_OWNER)]
    owners: list[ReportingOwner] = []
    for at, (number, name) in enumerate(found[:100]):
        below = found[at + 1][0] if at + 1 < len(found) else len(form.lines)
        first = 0 if at == 0 else number
        last = min(below, end) if first < end else below
        legible = " ".join(name.split()) if name and UNREADABLE not in name else None
        if legible is None:
            form.warnings.append(f"reporting owner {at + 1}: the name is not legible")
        if legible and any(owner.name == legible for owner in owners):
            continue  # the SEC's page repeats the first owner in its list of several
        owners.append(_owner(legible, form.lines[first:last], form))
    if not owners:
        form.warnings.append("reporting owner: no name is legible")
    if listed is not None and (in_list := _listed(form.lines[listed:])):
        return _with_boxes(in_list, owners, form)
    return tuple(owners)


def _listed(lines: Sequence[Line]) -> list[dict[str, str]]:
    """The list "Reporting Owners": name and the four relationships of each; an X or, for officers and others, a title."""
    head = next((n for n, line in enumerate(lines[:4]) if _LIST.search(squash(line.raw))), 0)
    titles = {said: role for role, said in _ROLE_NAMES.items()}
    roles = [(place, titles[text]) for place, text in lines[head].cells if text in titles]
    if not roles:
        return []
    rows: list[dict[str, str]] = []
    above: set[str] = set()
    room: int | None = None  # what is left to the right of a name; a page in columns may have broken it there
    for line in lines[head + 1 :]:
        filled = [(place, text) for place, text in line.cells if text]
        if not filled or squash(line.raw) == "signatures":
            break
        row: dict[str, str] = {}
        for place, text in filled:
            role = "name" if place < roles[0][0] - 2 else min(roles, key=lambda role: abs(role[0] - place))[1]
            if role == "name":
                row[role] = "" if line.delimited and "\n" not in text else text.split("\n")[0]
            else:
                row[role] = f"{row.get(role, '')} {text}".strip()
        marks = row.keys() - {"name"}
        if "name" in row and (line.delimited or not marks <= above):
            rows.append(row)
            room = None if line.delimited else roles[0][0] - len(row["name"]) - 3
        elif rows and not line.delimited:
            rows[-1] |= {role: f"{rows[-1][role]} {row[role]}" for role in marks & rows[-1].keys()}
            if room is not None and len(row.get("name", "").split(" ")[0]) > room:
                rows[-1]["name"] = ""
            room = None
        above = marks
    return rows


def _with_boxes(rows: Sequence[dict[str, str]], boxed: Sequence[ReportingOwner], form: Form) -> tuple[ReportingOwner, ...]:
    """The owners of the list; the first one's name and boxes stand above as well."""
    owners = []
    for number, row in enumerate(rows):
        first = boxed[0] if boxed and not number else None
        name = (first and first.name) or row.get("name") or None
        if name is None:
            form.warnings.append(f"reporting owner {number + 1}: where the name ends and the address begins is not legible")
        owners.append(
            ReportingOwner(
                cik=None,
                name=name,
                is_director="is_director" in row,
                is_officer="is_officer" in row or bool(first and first.is_officer),
                is_ten_percent_owner="is_ten_percent_owner" in row,
                is_other="is_other" in row or bool(first and first.is_other),
                officer_title=row.get("is_officer"),
                other_text=row.get("is_other"),
            )
        )
    return tuple(owners)
