"""The same real documents read by edgartools, leaf by leaf: every difference is of a kind that is known, and explained below.

It runs where the extra `compare` is installed; `make test` does not install it.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace
from datetime import date
from decimal import Decimal
from decimal import InvalidOperation
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from typing import TypeAlias

import pytest

from bench.compare import edgartools_ownership
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row
from watcher.core.ownership import parse_ownership

Value: TypeAlias = str | Decimal | bool | None

pytestmark = [
    pytest.mark.skipif(
        find_spec("edgar") is None, reason='edgartools is not installed (pip install -e ".[compare]"): not compared with it'
    ),
    pytest.mark.filterwarnings("ignore"),  # what other libraries warn of is no business of ours
]

# table, kind -> its column: our field
COLUMNS = {
    ("I", "transaction"): {
        "Security": "security_title",
        "Date": "transaction_date",
        "Shares": "shares",
        "Remaining": "shares_owned_following",
        "Price": "price_per_share",
        "AcquiredDisposed": "acquired_disposed",
        "DirectIndirect": "direct_or_indirect",
        "NatureOfOwnership": "nature_of_ownership",
        "form": "transaction_form_type",
        "Code": "transaction_code",
        "EquitySwap": "equity_swap_involved",
    },
    ("I", "holding"): {
        "Security": "security_title",
        "Shares": "shares_owned_following",
        "Direct": "direct_or_indirect",
        "NatureOfOwnership": "nature_of_ownership",
    },
    ("II", "transaction"): {
        "Security": "security_title",
        "Date": "transaction_date",
        "Shares": "shares",
        "Remaining": "shares_owned_following",
        "Price": "price_per_share",
        "AcquiredDisposed": "acquired_disposed",
        "DirectIndirect": "direct_or_indirect",
        "form": "transaction_form_type",
        "Code": "transaction_code",
        "EquitySwap": "equity_swap_involved",
        "Underlying": "underlying_security_title",
        "UnderlyingShares": "underlying_security_shares",
        "ExercisePrice": "conversion_or_exercise_price",
        "ExerciseDate": "exercise_date",
        "ExpirationDate": "expiration_date",
    },
    ("II", "holding"): {
        "Security": "security_title",
        "DirectIndirect": "direct_or_indirect",
        "Nature Of Ownership": "nature_of_ownership",
        "Underlying": "underlying_security_title",
        "UnderlyingShares": "underlying_security_shares",
        "ExercisePrice": "conversion_or_exercise_price",
        "ExerciseDate": "exercise_date",
        "ExpirationDate": "expiration_date",
    },
}


@dataclass(frozen=True, slots=True)
class Leaf:
    path: str
    ours: Value = None
    theirs: Value = None
    notes: tuple[str, ...] = ()  # the footnotes that ours refers to from here
    remarks: str | None = None

    @property
    def their_words(self) -> str:
        """What they say, without the references to footnotes that they put behind it."""
        return re.sub(r"\s*\[F[^\[\]]*\]$", "", str(self.theirs or ""))


def same(ours: Value, theirs: Value) -> bool:
    """The same text, flag or (read from text, where it is text) number."""
    if isinstance(ours, Decimal) and isinstance(theirs, str):
        try:
            return ours == Decimal(theirs)
        except InvalidOperation:
            return False
    return ours == theirs


# What a difference is called: when it is that, and why both say what they say.
KNOWN: dict[str, tuple[Callable[[Leaf], bool], str]] = {
    "references in the value": (
        lambda leaf: (
            isinstance(leaf.theirs, str)
            and leaf.theirs.endswith(f"[{','.join(leaf.notes)}]")
            and same(leaf.ours, leaf.their_words or None)
        ),
        "It writes the same references behind the value (`D [F1]`, or `[F1]` alone); ours keeps the two apart.",
    ),
    "number left as text": (
        lambda leaf: isinstance(leaf.ours, Decimal) and isinstance(leaf.theirs, str) and same(leaf.ours, leaf.theirs),
        "It makes numbers of a column only where every row of it is one; the digits are the same.",
    ),
    "direct taken for indirect": (
        lambda leaf: leaf.path.endswith(".Direct") and bool(leaf.notes) and (leaf.ours, leaf.theirs) == ("Yes", "No"),
        "It compares `D [F1]` with `D`: a holding owned directly, with a footnote to that, becomes one that is not. The XML says D.",
    ),
    "box absent": (
        lambda leaf: leaf.path == "no_securities_owned" and (leaf.ours, leaf.theirs) == (None, False),
        "Only Form 3 has that box; where it is absent, ours does not say that it is not ticked.",
    ),
    "title from the remarks": (
        lambda leaf: "see remarks" in str(leaf.ours).lower() and leaf.theirs == (leaf.remarks or ""),
        'Where the title reads "See Remarks", it gives all remarks as the title; ours gives what is filed in each place.',
    ),
    "zone kept in a date": (
        lambda leaf: re.fullmatch(rf"{re.escape(str(leaf.ours))}[-+]\d\d:\d\d", str(leaf.theirs)) is not None,
        "It hands the text on (`2024-07-19-05:00`); ours is a date, and the zone of a date says nothing.",
    ),
}


def ours(document: OwnershipDocument) -> Iterator[Leaf]:
    for name in ("form_type", "period_of_report", "remarks", "no_securities_owned", "aff10b5_one"):
        yield Leaf(name, plain(getattr(document, name)))
    for name in ("cik", "name", "trading_symbol"):
        yield Leaf(f"issuer.{name}", plain(getattr(document.issuer, name)))
    for number, owner in enumerate(document.reporting_owners):
        for name in ("cik", "name", "officer_title", "is_director", "is_officer", "is_other", "is_ten_percent_owner"):
            yield Leaf(f"owners[{number}].{name}", plain(getattr(owner, name)))
    for number, signature in enumerate(document.signatures):
        yield Leaf(f"signatures[{number}].name", plain(signature.name))
        yield Leaf(f"signatures[{number}].date", plain(signature.date))
    for identifier, text in document.footnotes.items():
        yield Leaf(f"footnotes.{identifier}", plain(text))
    for (table, kind), columns in COLUMNS.items():
        rows = document.non_derivative_table if table == "I" else document.derivative_table
        for number, row in enumerate(row for row in rows if row.kind == kind):
            yield from our_row(f"{table}.{kind}s[{number}]", row, columns)


def our_row(path: str, row: Row, columns: dict[str, str]) -> Iterator[Leaf]:
    for column, name in columns.items():
        value = plain(getattr(row, name))
        if column == "Direct":
            value = "Yes" if value == "D" else "No"
        yield Leaf(f"{path}.{column}", value, notes=row.footnotes.get(name, ()))
    if row.kind == "transaction":
        notes = dict.fromkeys(note for notes in row.footnotes.values() for note in notes)
        yield Leaf(f"{path}.footnotes", plain("\n".join(notes)))


def theirs(read: Any) -> Iterator[tuple[str, Value]]:
    """What their object says, under the same paths; a frame's row for a row of the table."""
    names = {"form_type": "form", "period_of_report": "reporting_period", "no_securities_owned": "no_securities"}
    for name in ("form_type", "period_of_report", "remarks", "no_securities_owned", "aff10b5_one"):
        yield name, plain(getattr(read, names.get(name, name)))
    for name, theirs_is in (("cik", "cik"), ("name", "name"), ("trading_symbol", "ticker")):
        yield f"issuer.{name}", plain(getattr(read.issuer, theirs_is))
    for number, owner in enumerate(read.reporting_owners.owners):
        yield f"owners[{number}].name", plain(owner.name_unreversed)
        yield f"owners[{number}].is_ten_percent_owner", plain(owner.is_ten_pct_owner)
        for name in ("cik", "officer_title", "is_director", "is_officer", "is_other"):
            yield f"owners[{number}].{name}", plain(getattr(owner, name))
    for number, signature in enumerate(read.signatures.signatures):
        yield f"signatures[{number}].name", plain(signature.signature)
        yield f"signatures[{number}].date", plain(signature.date)
    for identifier, text in read.footnotes.summary().footnote.items() if len(read.footnotes) else ():
        yield f"footnotes.{identifier}", plain(text)
    for table, held in (("I", read.non_derivative_table), ("II", read.derivative_table)):
        for kind, frame in (("transactions", held.transactions.data), ("holdings", held.holdings.data)):
            for number, row in enumerate(frame.to_dict("records") if frame is not None else ()):
                for column in row.keys() - {"TransactionType"}:  # its own words for the code
                    yield f"{table}.{kind}[{number}].{column}", plain(row[column])


def plain(value: Any) -> Value:
    """Text, flag, number or nothing; an empty text and their NaN are nothing."""
    if value is None or value == "" or value != value:  # noqa: PLR0124 - NaN alone differs from itself
        return None
    if hasattr(value, "item"):  # a number of numpy
        value = value.item()
    if isinstance(value, bool | Decimal):
        return value
    if isinstance(value, int | float):
        return Decimal(repr(value))
    return value.isoformat() if isinstance(value, date) else str(value)


def differences(corpus: Path) -> tuple[int, list[tuple[str, Leaf]]]:
    """How many leaves one of the two states, and those that differ, with the file."""
    stated, differing = 0, []
    ownership = edgartools_ownership()
    for path in sorted((corpus / "xml").glob("*.xml")):
        xml = path.read_bytes()
        document = parse_ownership(xml)
        both = {leaf.path: replace(leaf, remarks=document.remarks) for leaf in ours(document)}
        for place, value in theirs(ownership.from_xml(xml)):
            both[place] = replace(both.get(place, Leaf(place)), theirs=value)
        stated += sum(leaf.ours is not None or leaf.theirs is not None for leaf in both.values())
        differing += [(path.name, leaf) for leaf in both.values() if leaf.ours != leaf.theirs]
    return stated, differing


def test_every_difference_from_edgartools_is_explained(corpus: Path) -> None:
    stated, differing = differences(corpus)
    kinds = Counter(next((name for name, (applies, _) in KNOWN.items() if applies(leaf)), "unknown") for _, leaf in differing)
    unknown = [found for found in differing if not any(applies(found[1]) for applies, _ in KNOWN.values())]
    sys.stdout.write(f"{stated} leaves, {len(differing)} differ: {dict(kinds)}\n")
    assert not unknown
    assert kinds.keys() == KNOWN.keys(), "an explanation that explains nothing any more"
