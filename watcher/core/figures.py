"""Figures and dates as people read them."""

from __future__ import annotations

from datetime import date
from datetime import datetime
from datetime import timedelta
from decimal import ROUND_HALF_UP
from decimal import Context
from decimal import Decimal

from watcher.core.submission import EASTERN

_CENT, _DOLLAR, _TENTH = Decimal("0.01"), Decimal(1), Decimal("0.1")
_AS_PEOPLE_ROUND = Context(prec=100, rounding=ROUND_HALF_UP)


def count(number: Decimal) -> str:
    """Shares with thousands separators and no trailing zeros: `1,234` or `1,234.5`."""
    whole = number == number.to_integral_value()
    return f"{number.to_integral_value() if whole else number.normalize():,f}"


def dollars(amount: Decimal) -> str:
    """Money to the cent: `$430,000.00`, `−$1,200.50`."""
    return f"{'−' if amount < 0 else ''}${abs(amount).quantize(_CENT, context=_AS_PEOPLE_ROUND):,}"


def short_dollars(amount: Decimal) -> str:
    """Money without cents, for a subject line: `$657,100`."""
    return f"${amount.quantize(_DOLLAR, context=_AS_PEOPLE_ROUND):,}"


def price(amount: Decimal) -> str:
    """A price with at least two decimals and all it was filed with: `$86.00`, `$132.9362`."""
    exponent = amount.normalize().as_tuple().exponent
    decimals = max(2, -exponent if isinstance(exponent, int) else 2)
    return f"${amount:,.{decimals}f}"


def signed(number: Decimal) -> str:
    """A change in shares: `+93`, `−1,000`, `0`."""
    return f"{'+' if number > 0 else '−' if number < 0 else ''}{count(abs(number))}"


def percent(of_hundred: Decimal) -> str:
    """A percentage to a tenth: `5.7%`. What is not nothing is not shown as 0, nor a part as all."""
    shown = of_hundred.quantize(_TENTH, context=_AS_PEOPLE_ROUND)
    if not shown and of_hundred:
        return "less than 0.1%"
    if shown == 100 and of_hundred < 100:
        return "over 99.9%"
    return f"{shown:,.0f}%" if shown == shown.to_integral_value() else f"{shown:,}%"


def lapse(span: timedelta) -> str:
    """How long something took: `52 s`, `14 min`, `5 h`, `3 days`."""
    seconds = round(span.total_seconds())
    for limit, size, unit in ((600, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds // size} {unit}"
    return f"{seconds // 86_400} days"


def day(value: date) -> str:
    """`16 Jun 2026`."""
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime) -> str:
    """`17 Jun 2026 18:42:10 ET`."""
    eastern = value.astimezone(EASTERN)
    return f"{day(eastern.date())} {eastern:%H:%M:%S} ET"


def counted(number: int, noun: str) -> str:
    """`1 message`, `2 messages`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
