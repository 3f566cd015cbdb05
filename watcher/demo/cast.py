"""Who plays in the demo, and what they file. Everything here is fictional, except the filing of QLYS.

That one is the Form 4 of 20 June 2024 as a scanner left it, partly illegible, in `documents/`: written by hand with what is
legible in the scan and nothing else, so that no invented figure stands under a real name. Its issuer's CIK is public; the
owner's is not legible, so it has none. Accession number and time of acceptance are the demo's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from importlib.resources import files

from watcher.core.model import Issuer
from watcher.core.model import ReportingOwner
from watcher.demo.filings import Filing
from watcher.demo.stories import Grant
from watcher.demo.stories import Occasion
from watcher.demo.stories import exercise_and_sell
from watcher.demo.stories import purchase
from watcher.demo.stories import sale
from watcher.demo.stories import scripted_day
from watcher.demo.stories import vest_with_withholding

EXMP = Issuer("0009990001", "Example Corp", "EXMP")
SMPL = Issuer("0009990002", "Sample Industries Inc", "SMPL")
QLYS = Issuer("0001107843", "QUALYS, INC.", "QLYS")
OTHERS = (Issuer("0009990011", "Foo Foods Inc", "FOOF"), Issuer("0009990012", "Bar Brewing Co", "BARB"))

ROE = ReportingOwner("0009990101", "Roe Jane A", is_officer=True, officer_title="Chief Financial Officer")
BLOGGS = ReportingOwner("0009990102", "Bloggs Sam", is_officer=True, officer_title="Chief Technology Officer")
DOE = ReportingOwner("0009990103", "Doe Alex", is_director=True)

PLAN_ADOPTED = date(2023, 11, 28)
EXPIRATION = date(2030, 2, 1)
TRADED = date(2024, 6, 20)


def past() -> dict[date, Filing]:
    """What was filed before the story begins, by filing date."""
    exercised = Occasion("0000000000-24-000101", EXMP, (ROE,), date(2024, 3, 5), 14_200, PLAN_ADOPTED)
    vested = Occasion("0000000000-24-000102", EXMP, (BLOGGS,), date(2024, 3, 15), 8_400)
    bought = Occasion("0000000000-24-000103", SMPL, (DOE,), date(2024, 4, 2), 30_000)
    return {
        date(2024, 3, 6): exercise_and_sell(exercised, Grant("12.40", 20_000, EXPIRATION), 1_500, "48.10"),
        date(2024, 3, 18): vest_with_withholding(vested, 9_600, 1_200, (428, "47.35")),
        date(2024, 4, 3): purchase(bought, (5_000, "21.30")),
    }


def unwatched() -> list[Filing]:
    """What else stands in EDGAR's list: filings that concern no watch."""
    return scripted_day(seed=4, count=12, issuers=OTHERS, on=TRADED)


def planned_sale() -> Filing:
    """The finance officer exercises and sells under a plan."""
    occasion = Occasion("0000000000-24-000104", EXMP, (ROE,), TRADED, 14_200, PLAN_ADOPTED)
    return exercise_and_sell(occasion, Grant("12.40", 18_500, EXPIRATION), 2_000, "54.85")


def withholding() -> Filing:
    """Units vest, and shares are withheld for tax: neither a sale nor an exercise."""
    return vest_with_withholding(Occasion("0000000000-24-000105", EXMP, (BLOGGS,), TRADED, 9_172), 8_400, 1_200, (431, "54.20"))


def sale_elsewhere() -> Filing:
    """The watched person sells shares of an issuer that is on no list; some shares came by a way that is not reported."""
    occasion = Occasion("0000000000-24-000106", SMPL, (DOE,), TRADED, 35_120)
    return sale(occasion, (2_500, Decimal("23.15")), (1_500, Decimal("23.40")))


def printed_filing() -> Filing:
    """The Form 4 about QLYS, as scanned text."""
    return Filing(
        accession_number="0000000000-24-000001",
        form_type="4",
        issuer_cik=QLYS.cik or "",
        issuer_name=QLYS.name or "",
        ticker=QLYS.trading_symbol or "",
        owners=((None, "POSEY BRUCE K"),),
        document=files("watcher.demo").joinpath("documents", "printed_form4_qlys.md").read_bytes(),
        document_name="form4.txt",
        period=TRADED,
    )


def more(on: date) -> Iterator[Filing]:
    """A long day of Form 4s about Example Corp."""
    return (filing for filing in scripted_day(seed=3, count=999, issuers=(EXMP,), on=on) if filing.form_type == "4")
