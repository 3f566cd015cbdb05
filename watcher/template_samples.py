"""Two filings, made up, that templates are tried on: one that says everything, and one that says as little as a filing can."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from datetime import datetime
from datetime import timedelta
from decimal import Decimal

from watcher.core.findings import Amendment
from watcher.core.findings import Candidate
from watcher.core.findings import Context
from watcher.core.findings import Event
from watcher.core.findings import FilingFacts
from watcher.core.findings import HoldingChange
from watcher.core.findings import Observation
from watcher.core.findings import Pairing
from watcher.core.findings import Plan
from watcher.core.findings import PlanBook
from watcher.core.findings import RowChange
from watcher.core.findings import Stake
from watcher.core.findings import Timing
from watcher.core.message import sec_url
from watcher.core.model import HoldingKey
from watcher.core.model import Issuer
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.submission import EASTERN
from watcher.core.telling import Reasons
from watcher.core.telling import WatchedAs

_CIK, _OWNER = "0009990001", "0009980001"
_ACCESSION, _EARLIER = "0000000000-26-000002", "0000000000-26-000001"
_TRADED, _FILED = date(2026, 6, 16), datetime(2026, 6, 17, 18, 42, 10, tzinfo=EASTERN)
_OPTION, _STOCK = "Stock Option (right to buy)", "Common Stock"
_NOTE = "Sold under a Rule 10b5-1 trading plan adopted on March 5, 2026."


def samples() -> tuple[tuple[FilingFacts, Reasons], ...]:
    """The facts and the reasons of both."""
    watch = WatchedAs(f"issuer:{_CIK}", "EXMP", "EXMP")
    return (
        (_full(), Reasons(watch, ("default",), ("default: sale or exercise",))),
        (_bare(), Reasons(replace(watch, ticker=None), ("default",))),
    )


def _bare() -> FilingFacts:
    """No issuer's name, no owner, no row that can be read."""
    return FilingFacts(
        accession_number=_ACCESSION,
        form_type="4",
        filed_at=_FILED,
        first_seen_at=_FILED,
        document=OwnershipDocument("4", None, Issuer(None, None, None), (), source="text"),
        changes=(),
        events=(),
        plan=Plan(None, None, None, None, "unknown"),
        timing=Timing(None, None, _FILED.date(), "unknown"),
        baseline_done=False,
        url=sec_url(_ACCESSION, _CIK),
    )


def _full() -> FilingFacts:
    """An amendment of a planned exercise and sale, with a gap."""
    owner = ReportingOwner(_OWNER, "Roe Jane", is_officer=True, officer_title="Chief Legal Officer")
    original = date(2026, 6, 16)
    document = OwnershipDocument(
        "4/A",
        _TRADED,
        Issuer(_CIK, "Example Corp", "EXMP"),
        (owner,),
        footnotes={"F1": _NOTE},
        date_of_original_submission=original,
    )
    amends = Amendment(
        "tied",
        _EARLIER,
        (RowChange("changed", "I", 2, 2, (("shares", "8500", "5000"),)),),
        reason="To correct the number of shares.",
    )
    return replace(
        _bare(),
        form_type="4/A",
        first_seen_at=_FILED + timedelta(seconds=52),
        document=replace(document, aff10b5_one=True),
        changes=(_change(),),
        events=(_event(),),
        plan=Plan(True, date(2026, 3, 5), _NOTE, "F1", "checked with date"),
        timing=Timing(_TRADED, date(2026, 6, 18), _FILED.date(), "on time"),
        baseline_done=True,
        stakes=(Stake(_STOCK, Decimal(5000), Decimal(76_407), Decimal("6.5439"), 1, None, None),),
        plan_book=PlanBook(
            date(2026, 3, 5), 103, "passed", "90 days", date(2026, 6, 3), Decimal(5000), Decimal(657_100), 1, date(2024, 1, 2)
        ),
        context=Context(date(2024, 1, 2), (Observation("first sale", "The first sale in 11 months."),)),
        amends=amends,
        companions=("0000000000-26-000003",),
        same_as="0000000000-26-000004",
    )


def _change() -> HoldingChange:
    return HoldingChange(
        HoldingKey(_CIK, _OWNER, "I", "common stock", "D", ""),
        _STOCK,
        "D",
        None,
        before=Decimal(72_607),
        after=Decimal(71_407),
        change=Decimal(0),
        unexplained=Decimal(-1200),
        before_as_of=date(2026, 2, 3),
        before_accession=_EARLIER,
        opening=Decimal(71_407),
        standing="gap",
        candidates=(Candidate("missing filing", "a filing that is not in the store", fits=False),),
    )


def _event() -> Event:
    shares, strike, paid = Decimal(5000), Decimal(86), Decimal("131.42")
    cost, gross = shares * strike, shares * paid
    exercise = Event(
        "exercise", _OPTION, shares, cost, strike, strike, strike, (_TRADED,), ("M",), (), exercise_price=strike, cost=cost
    )
    sale = Event("sale", _STOCK, shares, gross, paid, paid, paid, (_TRADED,), ("S",), (), direction="D", footnotes=("F1",))
    return replace(
        sale,
        kind="exercise_and_sell",
        codes=("M", "S"),
        parts=(exercise, sale),
        pairing=Pairing("shares", shares, cost, shares, gross, Decimal(0), Decimal(0), Decimal(0)),
    )
