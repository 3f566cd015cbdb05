"""One filing beside what the store holds: what it amends, which filings belong to it, its positions, and what happened before.

Reads the store, and keeps what a filing comes to. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from datetime import date
from datetime import datetime
from datetime import time
from datetime import timedelta

from watcher.core.amendment import Kept
from watcher.core.amendment import effective
from watcher.core.amendment import tie
from watcher.core.chains import companions
from watcher.core.chains import key as key_of
from watcher.core.chains import same_transactions
from watcher.core.events import simple_events
from watcher.core.findings import Amendment
from watcher.core.findings import FilingFacts
from watcher.core.findings import HoldingChange
from watcher.core.gaps import explained
from watcher.core.holdings import Position
from watcher.core.holdings import by_key
from watcher.core.holdings import owners_key
from watcher.core.holdings import positions
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.past import Beside
from watcher.core.past import Filed
from watcher.core.past import Past
from watcher.core.plan import read_plan
from watcher.core.submission import EASTERN
from watcher.store import Placed
from watcher.store import ReadFiling
from watcher.store import Store

# A filer gives the date of the original, which may trail the official one by a weekend, or types the period instead.
_BEFORE_STATED = timedelta(days=4)
_AFTER_STATED = timedelta(days=12)
# The rest of a day's transactions that did not fit on one form follows within days.
_TOGETHER = timedelta(days=5)
_MONTH = timedelta(days=31)
_YEAR = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Member:
    """An original, or an amendment of it. `by_then` is what they come to with this one and those before it."""

    filing: ReadFiling
    by_then: OwnershipDocument


@dataclass(frozen=True, slots=True)
class Compared:
    """A filing beside the store. `document` is what it comes to: of an amendment that is tied, the original as amended.

    `beside.changes` are how its lines compare with those before them, once amended; `changes`, which are kept, are of the filing by itself.
    `others` are what it amends and the other amendments of that, or the amendments of it that came first, in the order of acceptance.
    """

    document: OwnershipDocument
    as_filed: OwnershipDocument
    placed: tuple[Placed, ...]
    changes: tuple[HoldingChange, ...]
    beside: Beside
    transactions_key: str = ""
    same: tuple[ReadFiling, ...] = ()
    block: tuple[ReadFiling, ...] = ()
    others: tuple[Member, ...] = ()


def compare(store: Store, document: OwnershipDocument, filed: Filed, *, live: bool, complete_since: date | None) -> Compared:
    """Hold a filing against the store. `live`: somebody may be told, so that the past is looked at too.

    `complete_since` is the day from which the store should have all filings that the watches concern; `None` while it is still read.
    """
    amends = document.form_type.endswith("/A")
    amendment = _amendment(store, document, filed) if amends else None
    root = filed.accession_number if amendment is None else amendment.original
    by_then, whole, others = (document, document, ()) if root is None else _family(store, document, filed, root)
    owners = whole.reporting_owners
    placed = tuple(store.placed(_positions(by_then, document, filed, owners)))
    changes = tuple(one.change(amends=amends) for one in placed)
    transactions_key = "" if amends else key_of(document)
    block = _block(store, document, filed, root, others)
    again = {filed.accession_number, root or "", *(one.accession_number for one in block)}
    past = _past(store, document, filed, complete_since, again) if live else None
    if any(change.standing == "gap" for change in changes):
        changes = explained(changes, document, _with_gaps(store, past or Past(), document, filed))
    return Compared(
        document=whole,
        as_filed=document,
        placed=placed,
        changes=changes,
        beside=Beside(
            changes=changes
            if whole is by_then
            else tuple(
                one.change(amends=amends) for one in store.placed(_positions(whole, document if amends else whole, filed, owners))
            ),
            past=past,
            amends=amendment,
            companions=() if amends or not live else _companions(store, document, filed),
            same_as=block[0].accession_number if block and not amends else None,
        ),
        same=() if amends else block,
        block=block,
        transactions_key=transactions_key,
        others=others,
    )


def keep(store: Store, facts: FilingFacts, compared: Compared, filed: Filed) -> None:
    """Keep what a filing comes to: its positions, its events, and what it amends."""
    accession, document = filed.accession_number, compared.as_filed
    issuer_cik = document.issuer.cik or ""
    gapped = store.keep_positions(list(zip(compared.placed, compared.changes, strict=True)))
    amendment = compared.beside.amends
    if amendment is not None:
        store.keep_amendment(accession, amendment.state, amendment.original, issuer_cik, filed.filed_at)
    root = accession if amendment is None else amendment.original or accession
    store.forget_events(accession)
    for number, one in ((one.filing.accession_number, one) for one in compared.others):
        store.forget_events(number)
        if number == root:
            facts = replace(facts, accession_number=root, filed_at=one.filing.filed_at)
        else:
            store.keep_amendment(number, "tied", root, issuer_cik, one.filing.filed_at)
        came_later = (one.filing.filed_at, number) > (filed.filed_at, accession)
        if came_later or owners_key(one.by_then) != owners_key(compared.document):
            gapped += _place_anew(store, one, compared.document.reporting_owners)
    # Of filings that report the very same, the first one accepted stands for all, in whatever order they are read.
    accepted = [(facts.filed_at, root), *_still_the_same(store, compared, (facts.filed_at, root))]
    for _, number in sorted(accepted)[1:]:
        store.forget_events(number)
    if min(accepted) == accepted[0]:
        store.keep_events(facts, simple_events(facts.events), owners_key(compared.document))
    explain_anew(store, gapped)


def _still_the_same(store: Store, compared: Compared, place: tuple[datetime, str]) -> Iterator[tuple[datetime, str]]:
    """When the filings of the block were accepted, and their accession numbers, but for one that the later of two was amended to."""
    whole = replace(compared.document, form_type=compared.document.form_type.removesuffix("/A"))
    for one in compared.block:
        theirs = [found.document for number in store.amendments_of(one.accession_number) if (found := store.read_filing(number))]
        is_later = (one.filed_at, one.accession_number) > place
        later_is_amended = theirs if is_later else compared.document is not compared.as_filed or compared.others
        if not later_is_amended or same_transactions(whole, effective(one.document, theirs)):
            yield one.filed_at, one.accession_number


def _place_anew(store: Store, member: Member, owners: tuple[ReportingOwner, ...]) -> list[str]:
    """Keep the positions of a filing as it comes out now; returns the accession numbers whose gaps may be others then."""
    one, number = member.filing, member.filing.accession_number
    gapped = store.forget_positions(number)
    again = Filed(number, one.filed_at, one.first_seen_at, one.path_cik)
    placed = store.placed(_positions(member.by_then, one.document, again, owners))
    amends = one.document.form_type.endswith("/A")
    gapped += store.keep_positions([(each, each.change(amends=amends)) for each in placed])
    return [*gapped, number]


def explain_anew(store: Store, accession_numbers: Iterable[str]) -> None:
    """Name anew what may lie behind the gaps of filings whose balances count from another position now."""
    for number in dict.fromkeys(accession_numbers):
        later = store.read_filing(number)
        if later is not None:
            again = Filed(number, later.filed_at, later.first_seen_at, later.path_cik)
            past = _with_gaps(store, Past(), later.document, again)
            store.keep_candidates(number, explained(tuple(store.changes_kept(number)), later.document, past))


# --- amendments -------------------------------------------------------------------------------------------------------------


def _amendment(store: Store, document: OwnershipDocument, filed: Filed, beside: Sequence[Kept] = ()) -> Amendment:
    """What an amendment amends, of what the store holds and what stands `beside` it."""
    stated = document.date_of_original_submission or document.period_of_report
    candidates: dict[str, Kept] = {}
    if stated is not None:
        near = datetime.combine(stated, time.min, EASTERN)
        until = min(near + _AFTER_STATED, filed.filed_at)
        owners = set(owners_key(document).split("+"))
        found = store.filings_near(document.issuer.cik or "", since=near - _BEFORE_STATED, until=until)
        numbers = [number for number, theirs in found if owners & set(theirs.split("+")) and number != filed.accession_number]
        roots = [root for number in numbers if (root := store.original_of(number)) is not None]
        for number in dict.fromkeys((*numbers, *roots)):
            one = store.read_filing(number)
            if one is not None:
                candidates[number] = Kept(number, one.filed_at, one.document, store.original_of(number))
    return tie(document, list((candidates | {one.accession_number: one for one in beside}).values()))


def _family(
    store: Store, document: OwnershipDocument, filed: Filed, root: str
) -> tuple[OwnershipDocument, OwnershipDocument, tuple[Member, ...]]:
    """The original as amended up to and with this filing, and by all its amendments; and the others among these.

    Those too that were accepted later and read before it.
    """
    this = ReadFiling(filed.accession_number, document, filed.filed_at, filed.first_seen_at, filed.path_cik)
    known = [store.read_filing(number) for number in (root, *store.amendments_of(root)) if number != this.accession_number]
    found = [this, *(one for one in known if one is not None), *_amended_already(store, this, root)]
    original, *amendments = sorted(found, key=lambda one: (one.accession_number != root, one.filed_at, one.accession_number))
    documents = [one.document for one in amendments]
    members = [Member(original, original.document)]
    for number, one in enumerate(amendments, 1):
        members.append(Member(one, _amended(original.document, one.document, documents[:number])))
    by_then = next(member.by_then for member in members if member.filing is this)
    if this is members[-1].filing:
        whole = by_then
    elif this is original:
        whole = effective(document, documents)
    else:
        whole = _amended(original.document, document, documents)
    return by_then, whole, tuple(member for member in members if member.filing is not this)


def _amended(
    original: OwnershipDocument, amendment: OwnershipDocument, amendments: Sequence[OwnershipDocument]
) -> OwnershipDocument:
    return replace(
        effective(original, amendments),
        form_type=amendment.form_type,
        date_of_original_submission=amendment.date_of_original_submission,
        warnings=amendment.warnings,
    )


def _amended_already(store: Store, this: ReadFiling, root: str) -> list[ReadFiling]:
    """Amendments that were read before what they amend: this filing, or an amendment of it."""
    found = list[ReadFiling]()
    beside = [Kept(this.accession_number, this.filed_at, this.document, None if this.accession_number == root else root)]
    for number in store.untied_amendments(this.document.issuer.cik or "", since=this.filed_at):
        early = store.read_filing(number)
        if early is None or tie(early.document, beside).original != root:
            continue
        again = Filed(number, early.filed_at, early.first_seen_at, early.path_cik)
        if number != this.accession_number and _amendment(store, early.document, again, beside).original == root:
            found.append(early)
            beside.append(Kept(number, early.filed_at, early.document, root))
    return found


def _positions(
    whole: OwnershipDocument, as_filed: OwnershipDocument, filed: Filed, owners: tuple[ReportingOwner, ...]
) -> list[Position]:
    """The positions that a filing states, of an amendment those that it touches, as they come out with the rows it leaves alone.

    They are of all the owners that the original and its amendments name: one of joint owners may amend alone, or add another.
    """
    issuer_cik, accession = as_filed.issuer.cik or "", filed.accession_number
    jointly = replace(whole, reporting_owners=owners)
    found = positions(jointly, issuer_cik=issuer_cik, accession_number=accession, filed_at=filed.filed_at)
    if whole is as_filed:
        return found
    touched = by_key(replace(as_filed, reporting_owners=owners), issuer_cik)
    return [one for one in found if one.holding.key in touched]


# --- what belongs to a filing, and what was before ------------------------------------------------------------------------------


def _companions(store: Store, document: OwnershipDocument, filed: Filed) -> tuple[tuple[str, OwnershipDocument], ...]:
    near = store.filings_near(
        document.issuer.cik or "", since=filed.filed_at - _TOGETHER, until=filed.filed_at, owners=owners_key(document)
    )
    others = [one for number, _ in near if number != filed.accession_number and (one := store.read_filing(number)) is not None]
    return companions(document, [(one.accession_number, one.document) for one in others])


def _block(
    store: Store, document: OwnershipDocument, filed: Filed, root: str | None, others: Sequence[Member]
) -> tuple[ReadFiling, ...]:
    """The filings that report the very same transactions, the first one first; of an amendment those that its original is like."""
    original = next((one.filing for one in others if one.filing.accession_number == root), None)
    if original is not None:
        return _same(store, original.document, original.filed_at, original.accession_number)
    return _same(store, document, filed.filed_at, filed.accession_number)


def _same(store: Store, document: OwnershipDocument, filed_at: datetime, number: str) -> tuple[ReadFiling, ...]:
    """The filings that report the very same transactions, the first one first; also those that are only tied to one another."""
    transactions_key = "" if document.form_type.endswith("/A") else key_of(document)
    alike = store.filings_like(transactions_key, near=filed_at, but=number) if transactions_key else []
    others = [one for number in alike if (one := store.read_filing(number)) is not None]
    reached, ends = list[ReadFiling](), [document]
    while ends:
        end = ends.pop()
        found = [one for one in others if one not in reached and same_transactions(end, one.document)]
        reached += found
        ends += [one.document for one in found]
    return tuple(sorted(reached, key=lambda one: (one.filed_at, one.accession_number)))


def _past(store: Store, document: OwnershipDocument, filed: Filed, complete_since: date | None, again: Collection[str]) -> Past:
    """What was before; `again` are the filings that say what this one says too, itself among them."""
    issuer_cik = document.issuer.cik or ""
    owners, ciks = owners_key(document), _ciks(document)
    holdings = tuple(store.holdings_of(issuer_cik, owners, until=filed.filed_at, but=filed.accession_number))
    known_since = store.known_since(issuer_cik)
    adopted = read_plan(document).adopted
    reports = store.reports(issuer_cik, adopted) if adopted else ()
    if complete_since is None or known_since is None:
        return Past(holdings=holdings, reports=reports)
    filed_on = filed.filed_at.astimezone(EASTERN).date()
    whole = store.watches_issuer(issuer_cik)  # else of the other owners only some filings are here
    return Past(
        since=max(known_since, complete_since),
        own=store.own_events(issuer_cik, ciks, until=filed.filed_at, but=again),
        others=store.other_events(issuer_cik, ciks, since=filed_on - _MONTH, until=filed_on) if whole else (),
        holdings=holdings,
        reports=reports,
        late=store.late_filings(issuer_cik, owners, since=filed.filed_at - _YEAR, until=filed.filed_at),
        unread=_unread(store, ciks, filed),
        whole_issuer=whole,
    )


def _with_gaps(store: Store, past: Past, document: OwnershipDocument, filed: Filed) -> Past:
    """What a gap is explained from; looked up only where there is one."""
    issuer_cik, ciks = document.issuer.cik or "", _ciks(document)
    since = (filed.filed_at - _YEAR).date()
    return replace(
        past,
        holdings=past.holdings
        or tuple(store.holdings_of(issuer_cik, owners_key(document), until=filed.filed_at, but=filed.accession_number)),
        gaps=store.gaps(issuer_cik, since),
        unread=past.unread or _unread(store, ciks, filed),
    )


def _unread(store: Store, ciks: Sequence[str], filed: Filed) -> tuple[str, ...]:
    return store.unread(ciks, until=filed.filed_at, but=filed.accession_number) if ciks else ()


def _ciks(document: OwnershipDocument) -> Sequence[str]:
    return sorted({owner.cik for owner in document.reporting_owners if owner.cik})
