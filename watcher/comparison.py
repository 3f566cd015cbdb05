"""One filing beside what the store holds: what it amends, which filings belong to it, its positions, and what happened before.

Reads the store, and keeps what a filing comes to. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
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
class Compared:
    """A filing beside the store. `document` is what it comes to: of an amendment that is tied, the original as amended.

    `beside.changes` are how its lines compare with those before them, once amended; `changes`, which are kept, are of the filing by itself.
    `amended` are the accession numbers of what it amends, or of amendments of it that came first, in the order of acceptance.
    """

    document: OwnershipDocument
    as_filed: OwnershipDocument
    placed: tuple[Placed, ...]
    changes: tuple[HoldingChange, ...]
    beside: Beside
    transactions_key: str = ""
    same: tuple[ReadFiling, ...] = ()
    amended: tuple[str, ...] = ()
    tied_now: tuple[tuple[ReadFiling, Amendment], ...] = ()


def compare(store: Store, document: OwnershipDocument, filed: Filed, *, live: bool, complete_since: date | None) -> Compared:
    """Hold a filing against the store. `live`: somebody may be told, so that the past is looked at too.

    `complete_since` is the day from which the store should have all filings that the watches concern; `None` while it is still read.
    """
    amends = document.form_type.endswith("/A")
    amendment: Amendment | None = None
    whole = by_then = document
    amended = tuple[str, ...]()
    tied_now = tuple[tuple[ReadFiling, Amendment], ...]()
    if amends:
        amendment, amended = _amendment(store, document, filed)
        by_then, whole = _whole(store, document, amendment, filed)
    else:
        tied_now = _amended_already(store, document, filed)
        amended = tuple(one.accession_number for one, _ in tied_now)
        if tied_now:
            whole = effective(document, [one.document for one, _ in tied_now])
    placed = tuple(store.placed(_positions(by_then, document, filed)))
    changes = tuple(one.change(amends=amends) for one in placed)
    transactions_key = "" if amends else key_of(document)
    same = _same(store, document, filed, transactions_key)
    past = _past(store, document, filed, complete_since) if live else None
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
                one.change(amends=amends) for one in store.placed(_positions(whole, document if amends else whole, filed))
            ),
            past=past,
            amends=amendment,
            companions=() if amends or not live else _companions(store, document, filed),
            same_as=same[0].accession_number if same else None,
        ),
        same=same,
        transactions_key=transactions_key,
        amended=amended,
        tied_now=tied_now,
    )


def keep(store: Store, facts: FilingFacts, compared: Compared, filed: Filed) -> None:
    """Keep what a filing comes to: its positions, its events, and what it amends."""
    accession, document = filed.accession_number, compared.as_filed
    issuer_cik = document.issuer.cik or ""
    gapped = store.keep_positions(list(zip(compared.placed, compared.changes, strict=True)))
    amendment = compared.beside.amends
    if amendment is not None:
        store.keep_amendment(accession, amendment.state, amendment.original, issuer_cik, filed.filed_at)
    told_by = amendment.original if amendment is not None else None
    if told_by is not None:
        store.forget_events(accession)
        store.forget_events(told_by)
        original = store.read_filing(told_by)
        facts = replace(facts, accession_number=told_by, filed_at=original.filed_at if original else filed.filed_at)
    for early, tie_ in compared.tied_now:
        store.keep_amendment(early.accession_number, tie_.state, accession, issuer_cik, early.filed_at)
        store.forget_events(early.accession_number)
        gapped += store.forget_positions(early.accession_number)
        again = Filed(early.accession_number, early.filed_at, early.first_seen_at, early.path_cik)
        placed = store.placed(_positions(compared.document, early.document, again))
        gapped += store.keep_positions([(one, one.change(amends=True)) for one in placed])
    # Of filings that report the very same, the first one accepted stands for all, in whatever order they are read.
    accepted = [(filed.filed_at, accession), *((one.filed_at, one.accession_number) for one in compared.same)]
    for _, number in sorted(accepted)[1:]:
        store.forget_events(number)
    if min(accepted) == accepted[0]:
        store.keep_events(facts, simple_events(facts.events), owners_key(document))
    explain_anew(store, gapped)


def explain_anew(store: Store, accession_numbers: Iterable[str]) -> None:
    """Name anew what may lie behind the gaps of filings whose balances count from another position now."""
    for number in dict.fromkeys(accession_numbers):
        later = store.read_filing(number)
        if later is not None:
            again = Filed(number, later.filed_at, later.first_seen_at, later.path_cik)
            past = _with_gaps(store, Past(), later.document, again)
            store.keep_candidates(number, explained(tuple(store.changes_kept(number)), later.document, past))


# --- amendments -------------------------------------------------------------------------------------------------------------


def _amendment(store: Store, document: OwnershipDocument, filed: Filed) -> tuple[Amendment, tuple[str, ...]]:
    """What an amendment amends, and the accession numbers of that and of its earlier amendments."""
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
    amendment = tie(document, list(candidates.values()))
    if amendment.original is None:
        return amendment, ()
    others = [number for number in store.amendments_of(amendment.original) if number != filed.accession_number]
    return amendment, (amendment.original, *others)


def _whole(
    store: Store, document: OwnershipDocument, amendment: Amendment, filed: Filed
) -> tuple[OwnershipDocument, OwnershipDocument]:
    """The original as amended up to and with this amendment, and with those too that were accepted later and read before it.

    The amendment itself where the original is not known.
    """
    original = store.read_filing(amendment.original) if amendment.original else None
    if original is None or amendment.original is None:
        return document, document
    others = [found for number in store.amendments_of(amendment.original) if (found := store.read_filing(number)) is not None]
    place = (filed.filed_at, filed.accession_number)
    before = [one.document for one in others if (one.filed_at, one.accession_number) < place]
    after = [one.document for one in others if (one.filed_at, one.accession_number) > place]
    by_then = _amended(original.document, document, [*before, document])
    return by_then, _amended(original.document, document, [*before, document, *after]) if after else by_then


def _amended(
    original: OwnershipDocument, amendment: OwnershipDocument, amendments: Sequence[OwnershipDocument]
) -> OwnershipDocument:
    return replace(
        effective(original, amendments),
        form_type=amendment.form_type,
        date_of_original_submission=amendment.date_of_original_submission,
        warnings=amendment.warnings,
    )


def _amended_already(store: Store, document: OwnershipDocument, filed: Filed) -> tuple[tuple[ReadFiling, Amendment], ...]:
    """Amendments of this filing that were read before it."""
    found = []
    for number in store.untied_amendments(document.issuer.cik or "", since=filed.filed_at):
        early = store.read_filing(number)
        if early is not None:
            amendment = tie(early.document, [Kept(filed.accession_number, filed.filed_at, document)])
            if amendment.state == "tied":
                found.append((early, amendment))
    return tuple(found)


def _positions(whole: OwnershipDocument, as_filed: OwnershipDocument, filed: Filed) -> list[Position]:
    """The positions that a filing states, of an amendment those that it touches, as they come out with the rows it leaves alone."""
    issuer_cik = as_filed.issuer.cik or ""
    found = positions(whole, issuer_cik=issuer_cik, accession_number=filed.accession_number, filed_at=filed.filed_at)
    if whole is as_filed:
        return found
    touched = by_key(
        replace(as_filed, reporting_owners=whole.reporting_owners), issuer_cik
    )  # one of joint owners may amend alone
    return [one for one in found if one.holding.key in touched]


# --- what belongs to a filing, and what was before ------------------------------------------------------------------------------


def _companions(store: Store, document: OwnershipDocument, filed: Filed) -> tuple[tuple[str, OwnershipDocument], ...]:
    near = store.filings_near(
        document.issuer.cik or "", since=filed.filed_at - _TOGETHER, until=filed.filed_at, owners=owners_key(document)
    )
    others = [one for number, _ in near if number != filed.accession_number and (one := store.read_filing(number)) is not None]
    return companions(document, [(one.accession_number, one.document) for one in others])


def _same(store: Store, document: OwnershipDocument, filed: Filed, transactions_key: str) -> tuple[ReadFiling, ...]:
    """The filings that report the very same transactions, the first one first; also those that are only tied to one another."""
    alike = store.filings_like(transactions_key, near=filed.filed_at, but=filed.accession_number) if transactions_key else []
    others = [one for number in alike if (one := store.read_filing(number)) is not None]
    reached, ends = list[ReadFiling](), [document]
    while ends:
        end = ends.pop()
        found = [one for one in others if one not in reached and same_transactions(end, one.document)]
        reached += found
        ends += [one.document for one in found]
    return tuple(sorted(reached, key=lambda one: (one.filed_at, one.accession_number)))


def _past(store: Store, document: OwnershipDocument, filed: Filed, complete_since: date | None) -> Past:
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
        own=store.own_events(issuer_cik, ciks, until=filed.filed_at, but=filed.accession_number),
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
