"""How often the ledger balances on real filings: does a filing open where the last one closed, and if not, what is said about it?

    python -m bench.ledger [--corpus PATH] [--dataset PATH] [--sample N]

Prints Markdown. `--corpus` is a folder with `xml` and `submission_txt`, `--dataset` one of the SEC's quarterly tables; `--sample` shows so
many gaps of each, drawn by seed. A position is held against the one before it in the order (as of, filed, accession number). Where the
set comes without its table of owners, the owner is known by the signature: whoever signs for himself, or "for NAME"; other filings are
left out of it, and Table I is judged only with its transactions. That is good enough to measure and is no part of the product.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from datetime import date
from datetime import datetime
from datetime import time
from datetime import timedelta
from pathlib import Path
from random import Random

from watcher.core.amendment import Kept
from watcher.core.amendment import effective
from watcher.core.amendment import tie
from watcher.core.dataset import read_tables
from watcher.core.errors import UnreadableDocument
from watcher.core.findings import HoldingChange
from watcher.core.gaps import explained
from watcher.core.grants import ANOTHER_GRANT
from watcher.core.grants import CONTRADICTION
from watcher.core.holdings import Position
from watcher.core.holdings import change_between
from watcher.core.holdings import owners_key
from watcher.core.holdings import positions
from watcher.core.model import Holding
from watcher.core.model import HoldingKey
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.past import Past
from watcher.core.past import PastGap
from watcher.core.reading import read
from watcher.core.submission import EASTERN
from watcher.core.text import cleaned

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
EVENING = time(17)

# --- who signed -----------------------------------------------------------------------------------------------------------

_SIGN = re.compile(r"^\W*s\s*/\s*|/s/|^by:\s*", re.IGNORECASE)
_FOR = re.compile(r"\b(?:for|on behalf of):?\s+([^,;(/]+)", re.IGNORECASE)
_SIGNED_BY = re.compile(
    r"^(.+?),?\s+by:?\s+(?!power|poa|attorney|authori[sz]ed|its\b)\S.*(?:attorney|\bpoa\b|signatory)", re.IGNORECASE
)
_FOR_ANOTHER = re.compile(
    r"attor|in fact|\bpoa\b|\bupa\b|power of|signatory|behalf|\bagent\b|trustee|reporting person", re.IGNORECASE
)
_NO_NAME = frozenset(
    {"jr", "sr", "ii", "iii", "iv", "md", "phd", "esq", "dr", "mr", "ms", "mrs", "the", "reporting", "person", "himself"}
)


def signed_for(signature: str) -> str | None:
    """The person or firm whose form a signature signs, as sorted words; `None` where it does not say."""
    text = _SIGN.sub(" ", signature).strip()
    if (found := _FOR.search(text)) or (found := _SIGNED_BY.match(text)):
        text = found[1]
    elif _FOR_ANOTHER.search(text):
        return None
    words = {word for word in re.findall(r"\w+", re.sub(r"[.'’]", "", text.casefold())) if len(word) > 1} - _NO_NAME
    return " ".join(sorted(words)) if len(words) > 1 else None


def owned_by_signature(document: OwnershipDocument) -> OwnershipDocument | None:
    """The document with its owners as its signatures name them; `None` where one of them does not tell."""
    names = [signed_for(signature.name or "") for signature in document.signatures]
    known = sorted({name for name in names if name})
    if not known or None in names:
        return None
    return replace(document, reporting_owners=tuple(ReportingOwner(None, name) for name in known))


# --- the ledger -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Entry:
    """One filing, its positions in the tables judged, and what came of holding them against those before."""

    accession: str
    filed_at: datetime
    document: OwnershipDocument
    positions: list[Position] = field(default_factory=list)
    changes: tuple[HoldingChange, ...] = ()


@dataclass(slots=True)
class Tally:
    """How many lines and filings came out which way; `gaps` for looking at."""

    lines: Counter[str] = field(default_factory=Counter)
    filings: Counter[str] = field(default_factory=Counter)
    named: Counter[tuple[str, bool]] = field(default_factory=Counter)
    without: int = 0
    gaps: list[tuple[Entry, HoldingChange]] = field(default_factory=list)


def judged(entries: Iterable[Entry], tables: frozenset[str]) -> Tally:
    """Every filing's lines against those before them."""
    ordered = sorted(entries, key=lambda entry: (entry.filed_at, entry.accession))
    lines: dict[HoldingKey, list[tuple[Position, Entry]]] = defaultdict(list)
    kept: dict[tuple[str, str], list[Kept]] = defaultdict(list)
    for entry in ordered:
        owner = owner_of(entry)
        whole = entry.document
        if whole.form_type.endswith("/A"):
            known = kept[owner]
            original = tie(whole, known).original
            whole = next((effective(one.document, [whole]) for one in known if one.accession_number == original), whole)
        kept[owner].append(Kept(entry.accession, entry.filed_at, entry.document))
        found = positions(whole, issuer_cik=owner[0], accession_number=entry.accession, filed_at=entry.filed_at)
        entry.positions = [one for one in found if one.holding.key.table in tables]
        for one in entry.positions:
            lines[one.holding.key].append((one, entry))
    compared = {(key, accession): change for key, line in lines.items() for accession, change in _compared(line)}
    tally, gaps, latest = (
        Tally(),
        defaultdict[str, list[PastGap]](list),
        defaultdict[tuple[str, str], dict[HoldingKey, Holding]](dict),
    )
    for entry in ordered:
        entry.changes = tuple(compared[one.holding.key, entry.accession] for one in entry.positions)
        _explain(entry, gaps[owner_of(entry)[0]], latest[owner_of(entry)])
        _count(entry, tally)
    return tally


def _compared(line: list[tuple[Position, Entry]]) -> Iterator[tuple[str, HoldingChange]]:
    """Every position of one balance against the one before it in the order of their days."""
    previous, chained = None, False
    for position, entry in sorted(line, key=lambda one: _order(one[0].holding)):
        amends = entry.document.form_type.endswith("/A")
        change = change_between(position, previous, amends=amends, chained=chained)
        previous, chained = position.holding, chained or change.standing == "matches"
        yield entry.accession, change


def _explain(entry: Entry, gaps: list[PastGap], latest: dict[HoldingKey, Holding]) -> None:
    a_year_ago = entry.filed_at.date() - timedelta(days=366)
    past = Past(holdings=tuple(latest.values()), gaps=tuple(gap for gap in gaps if (gap.as_of or date.min) > a_year_ago))
    entry.changes = explained(entry.changes, entry.document, past)
    for one, change in zip(entry.positions, entry.changes, strict=True):
        latest[change.key] = one.holding
        if change.standing == "gap" and change.before is not None and change.opening is not None:
            owners, security = change.key.owners, change.key.security
            gaps.append(PastGap(entry.accession, owners, security, one.holding.as_of, change.before, change.opening))


def _order(holding: Holding) -> tuple[date, datetime, str]:
    return (holding.as_of or date.min, holding.filed_at, holding.accession_number)


COMPARED = ("matches", "gap, with a candidate that fits", "gap, candidates merely possible")

_REASONS = {
    ANOTHER_GRANT: "cannot tell: several grants share the title",
    CONTRADICTION: "cannot tell: the filing contradicts itself",
}


def outcome(change: HoldingChange) -> str:
    """How one line came out, in words for the table."""
    if change.standing == "gap":
        return (
            "gap, with a candidate that fits" if any(one.fits for one in change.candidates) else "gap, candidates merely possible"
        )
    if change.standing != "cannot tell":
        return {"matches": "matches", "first sight": "first sight", "amends": "restated by an amendment"}[change.standing]
    if change.candidates:
        return _REASONS[change.candidates[0].name]
    if change.in_dollars:
        return "cannot tell: in dollars"
    if change.after is None:
        return "cannot tell: no total stated, or several that do not chain"
    if change.change is None:
        return "cannot tell: a row without shares or direction"
    return "cannot tell: the filing before states no total"


def _count(entry: Entry, tally: Tally) -> None:
    found = Counter(outcome(change) for change in entry.changes)
    tally.lines += found
    if not found:
        tally.without += 1
        return
    tally.filings[next((name for name in reversed(COMPARED) if found[name]), found.most_common(1)[0][0])] += 1
    for change in entry.changes:
        if change.standing == "gap":
            first = change.candidates[0] if change.candidates else None
            tally.named[first.name if first else "nothing", bool(first and first.fits)] += 1
            tally.gaps.append((entry, change))


# --- the material ---------------------------------------------------------------------------------------------------------


def corpus_entries(folder: Path) -> Iterator[Entry]:
    """Every ownership document of the folder below, once an accession number.

    Bare XML does not say when it was filed: then it is taken to be the evening of the day it was signed.
    """
    seen: set[str] = set()
    for path in (*sorted(folder.glob("submission_txt/*.txt")), *sorted(folder.glob("xml/*.xml"))):
        try:
            reading = read(path.read_bytes())
        except UnreadableDocument:
            continue
        document, header = cleaned(reading.document), reading.header
        accession = (header and header.accession_number) or path.stem
        signed = max((one.date for one in document.signatures if one.date), default=document.period_of_report)
        filed_at = (header and header.accepted_at) or datetime.combine(signed or date(2000, 1, 3), EVENING, EASTERN)
        if accession not in seen:
            seen.add(accession)
            yield Entry(accession, filed_at, document)


def dataset_entries(tables: dict[str, bytes], left_out: Counter[str]) -> list[Entry]:
    """Every filing of the set whose owners are told.

    A name that signs several forms of one issuer and day signs for others without saying so, and is left out there.
    """
    by_signature = "REPORTINGOWNER" not in tables
    entries = []
    for accession, filed_on, document in read_tables(tables):
        owned = owned_by_signature(document) if by_signature else document
        if owned is None:
            left_out["the signature does not tell the owner"] += 1
        else:
            entries.append(Entry(accession, datetime.combine(filed_on, EVENING, EASTERN), cleaned(owned)))
    if not by_signature:
        return entries
    days = Counter((owner_of(entry), entry.filed_at) for entry in entries)
    doubtful = {owner for (owner, _), number in days.items() if number > 1}
    told = [entry for entry in entries if owner_of(entry) not in doubtful]
    left_out["one name signed several forms of a day"] = len(entries) - len(told)
    return told


def owner_of(entry: Entry) -> tuple[str, str]:
    return entry.document.issuer.cik or "", owners_key(entry.document)


# --- the report -----------------------------------------------------------------------------------------------------------


def told(name: str, tally: Tally) -> str:
    """The tally as Markdown. A filing counts under the worst of its lines that can be compared, else under the commonest."""
    lines, filings = tally.lines.total(), tally.filings.total()
    base = sum(tally.lines[one] for one in COMPARED)
    rows = [f"| {name} | lines | share | of those compared | filings | share |", "|---|---|---|---|---|---|"]
    for one, number in sorted(tally.lines.items(), key=lambda item: (item[0] not in COMPARED, -item[1])):
        compared = f"{number / base:.1%}" if one in COMPARED else ""
        in_filings = tally.filings[one]
        rows.append(f"| {one} | {number:,} | {number / lines:.1%} | {compared} | {in_filings:,} | {in_filings / filings:.1%} |")
    rows += [
        f"| all | {lines:,} | | {base:,} lines | {filings:,} | |",
        "",
        f"{tally.without:,} more filings have no line in these tables.",
        "",
        "| gaps by first candidate | fits | merely possible |",
        "|---|---|---|",
    ]
    names = sorted({candidate for candidate, _ in tally.named})
    rows += [f"| {one} | {tally.named[one, True]:,} | {tally.named[one, False]:,} |" for one in names]
    return "\n".join((*rows, ""))


def shown(entry: Entry, change: HoldingChange) -> str:
    """One gap beside the filing's rows of that table, for a person to look at."""
    table = entry.document.non_derivative_table if change.key.table == "I" else entry.document.derivative_table
    rows = []
    for row in table:
        moved = f"{row.transaction_code or 'held'} {row.acquired_disposed or ''} {row.shares} -> {row.shares_owned_following}"
        terms = f"@{row.conversion_or_exercise_price} exp {row.expiration_date}"
        rows.append(f"    {row.security_title} {moved} {terms} {row.direct_or_indirect} {row.nature_of_ownership or ''}")
    candidates = [f"    {'fits' if one.fits else 'may be'}: {one.name}: {one.words}" for one in change.candidates]
    head = (
        f"{entry.accession} {entry.document.form_type} {entry.document.issuer.name}, {change.key.owners}\n"
        f"    {change.key.text()}\n    before {change.before} ({change.before_accession}, {change.before_as_of})"
        f" opening {change.opening} gap {change.unexplained}"
    )
    return "\n".join((head, *rows, *candidates, ""))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--corpus", type=Path, default=CORPUS)
    arguments.add_argument("--dataset", type=Path, default=CORPUS / "datasets" / "2024q3_form345")
    arguments.add_argument("--sample", type=int, default=0)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    left_out: Counter[str] = Counter()
    tables = {path.stem: path.read_bytes() for path in given.dataset.glob("*.tsv")}
    both = frozenset({"I", "II"})
    of_set = both if "NONDERIV_TRANS" in tables else frozenset({"II"})
    tallies = {
        "real filings": judged(corpus_entries(given.corpus), both),
        f"data set, table {' and '.join(sorted(of_set))}": judged(dataset_entries(tables, left_out), of_set),
    }
    for name, tally in tallies.items():
        print(told(name, tally))
    for reason, number in left_out.items():
        print(f"Left out of the data set: {number:,} filings, because {reason}.")
    chance = Random(given.seed)  # noqa: S311 -- a sample drawn again alike, no secret
    for tally in tallies.values():
        for entry, change in chance.sample(tally.gaps, min(given.sample, len(tally.gaps))):
            print(shown(entry, change))


if __name__ == "__main__":
    main()
