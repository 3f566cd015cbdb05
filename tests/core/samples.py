"""Short ways to write the values that the tests of the core begin with. Everybody and everything in them is made up."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from datetime import datetime
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from watcher.core.errors import UnreadableDocument
from watcher.core.events import read_events
from watcher.core.findings import FilingFacts
from watcher.core.findings import HoldingChange
from watcher.core.findings import Stake
from watcher.core.holdings import change_between
from watcher.core.holdings import positions
from watcher.core.model import Holding
from watcher.core.model import HoldingKey
from watcher.core.model import Issuer
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.plan import read_plan
from watcher.core.reading import Reading
from watcher.core.reading import read
from watcher.core.submission import EASTERN
from watcher.core.telling import WatchedAs
from watcher.core.text import cleaned
from watcher.core.timing import read_timing

ISSUER = Issuer("0009990001", "Example Corp", "EXMP")
JANE = ReportingOwner("0009980001", "Roe Jane", is_officer=True, officer_title="Chief Legal Officer")
ALEX = ReportingOwner("0009980002", "Doe Alex", is_director=True)
ACCESSION = "0000000000-26-000001"
EARLIER = "0000000000-26-000000"
URL = "https://www.sec.gov/Archives/edgar/data/9990001/000000000026000001/0000000000-26-000001-index.htm"
TUESDAY = date(2026, 6, 16)
FILED = datetime(2026, 6, 17, 18, 42, 10, tzinfo=EASTERN)
WATCH = WatchedAs("issuer:0009990001", "EXMP", "EXMP")

OPTION = "Stock Option (right to buy)"
PART_SOLD = Stake(
    "Common Stock",
    Decimal(5000),
    Decimal(88_407),
    Decimal("5.6557"),
    2,
    Decimal(20_000),
    Decimal("4.8353"),
    shown=Decimal(76_407),
    shown_lines=1,
    percent_shown=Decimal("6.5439"),
)
# The fields that every body for a machine has.
BODY = {
    *("schema", "event_id", "kind", "corrects", "accession_number", "form_type", "filed_at", "first_seen_at", "issuer", "watch"),
    *("reporting_owners", "rules", "events", "holdings", "plan", "amends", "url", "title", "text"),
}


def values(*found: object) -> tuple[object, ...]:
    """What was found, to be compared with whole numbers too: mypy takes a `Decimal` never to equal an `int`."""
    return found


def number(value: str | int | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def row(
    code: str | None = "S",
    direction: str | None = "D",
    shares: str | int | None = 100,
    price: str | int | None = "25.56",
    *,
    after: str | int | None = None,
    title: str | None = "Common Stock",
    on: date | None = TUESDAY,
    nature: str | None = None,
    footnotes: Mapping[str, tuple[str, ...]] | None = None,
) -> Row:
    """A transaction of Table I; held directly, or indirectly where a nature is given."""
    return Row(
        kind="transaction",
        security_title=title,
        transaction_date=on,
        transaction_form_type="4",
        transaction_code=code,
        shares=number(shares),
        price_per_share=number(price),
        acquired_disposed=direction,
        shares_owned_following=number(after),
        direct_or_indirect="D" if nature is None else "I",
        nature_of_ownership=nature,
        footnotes=footnotes or {},
    )


def option(
    code: str = "M",
    direction: str | None = "D",
    shares: str | int | None = 100,
    strike: str | int | None = "10",
    *,
    title: str = OPTION,
    after: str | int | None = None,
    on: date | None = TUESDAY,
    expires: date | None = date(2030, 2, 14),
) -> Row:
    """A transaction of Table II."""
    plain = row(code, direction, shares, "0", title=title, on=on, after=after)
    return replace(
        plain,
        conversion_or_exercise_price=number(strike),
        expiration_date=expires,
        underlying_security_title="Common Stock",
        underlying_security_shares=number(shares),
    )


def held(shares: str | int | None, *, nature: str | None = None, title: str = "Common Stock", notes: Sequence[str] = ()) -> Row:
    """A holding row of Table I."""
    return Row(
        kind="holding",
        security_title=title,
        shares_owned_following=number(shares),
        direct_or_indirect="D" if nature is None else "I",
        nature_of_ownership=nature,
        footnotes={"nature_of_ownership": tuple(notes)} if notes else {},
    )


def document(
    *rows: Row,
    derivatives: Sequence[Row] = (),
    form: str = "4",
    owners: Sequence[ReportingOwner] = (JANE,),
    footnotes: Mapping[str, str] | None = None,
    remarks: str | None = None,
    box: bool | None = None,
    warnings: Sequence[str] = (),
) -> OwnershipDocument:
    return OwnershipDocument(
        form_type=form,
        period_of_report=TUESDAY,
        issuer=ISSUER,
        reporting_owners=tuple(owners),
        non_derivative_table=rows,
        derivative_table=tuple(derivatives),
        footnotes=footnotes or {},
        remarks=remarks,
        aff10b5_one=box,
        warnings=tuple(warnings),
    )


def holdings_after(
    content: OwnershipDocument, *, accession_number: str = EARLIER, filed_at: datetime = FILED
) -> dict[HoldingKey, Holding]:
    """What a filing leaves, as the store would hold it."""
    cik = content.issuer.cik or ""
    found = positions(content, issuer_cik=cik, accession_number=accession_number, filed_at=filed_at)
    return {position.holding.key: position.holding for position in found}


def changes_since(
    content: OwnershipDocument, before: Mapping[HoldingKey, Holding], *, filed_at: datetime = FILED
) -> tuple[HoldingChange, ...]:
    """Each line of a filing beside what was held before, all of which is older than it."""
    amends = content.form_type.endswith("/A")
    found = positions(content, issuer_cik=content.issuer.cik or "", accession_number=ACCESSION, filed_at=filed_at)
    return tuple(change_between(one, before.get(one.holding.key), amends=amends) for one in found)


def facts(
    content: OwnershipDocument,
    before: Mapping[HoldingKey, Holding] | None = None,
    *,
    filed_at: datetime = FILED,
    baseline_done: bool = True,
) -> FilingFacts:
    """What the daemon makes of a document before it judges it."""
    plan = read_plan(content)
    return FilingFacts(
        accession_number=ACCESSION,
        form_type=content.form_type,
        filed_at=filed_at,
        first_seen_at=filed_at + timedelta(seconds=30),
        document=content,
        changes=changes_since(content, before or {}, filed_at=filed_at),
        events=read_events(content),
        plan=plan,
        timing=read_timing(content, plan, filed_at),
        baseline_done=baseline_done,
        url=URL,
    )


def real_readings(corpus: Path) -> Iterator[tuple[str, Reading]]:
    """Every ownership document of the corpus that can be read, with its file's name."""
    for folder in ("xml", "submission_txt", "xml_trimmed", "html", "legacy_text"):
        for path in sorted((corpus / folder).iterdir()):
            if path.is_file():
                try:
                    yield path.name, read(path.read_bytes())
                except UnreadableDocument:
                    continue


def filed_after(reading: Reading) -> datetime:
    """When a document of the corpus was filed, or a time soon after its period."""
    if reading.header is not None and reading.header.accepted_at is not None:
        return reading.header.accepted_at
    period = reading.document.period_of_report or date(2026, 1, 5)
    return datetime(period.year, period.month, period.day, 17, tzinfo=EASTERN) + timedelta(days=1)


def real_facts(corpus: Path) -> Iterator[tuple[str, FilingFacts]]:
    for name, reading in real_readings(corpus):
        yield name, facts(cleaned(reading.document), filed_at=filed_after(reading))
