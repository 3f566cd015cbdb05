"""Figures and dates as people read them."""

from __future__ import annotations

from datetime import date
from datetime import datetime
from decimal import Decimal

from watcher.core.submission import EASTERN


def count(number: Decimal) -> str:
    """Shares with thousands separators and no trailing zeros: `1,234` or `1,234.5`."""
    whole = number == number.to_integral_value()
    return f"{number.to_integral_value() if whole else number.normalize():,f}"


def dollars(amount: Decimal) -> str:
    """Money to the cent: `$430,000.00`."""
    return f"${amount:,.2f}"


def short_dollars(amount: Decimal) -> str:
    """Money without cents, for a subject line: `$657,100`."""
    return f"${amount:,.0f}"


def price(amount: Decimal) -> str:
    """A price with at least two decimals and all it was filed with: `$86.00`, `$132.9362`."""
    exponent = amount.normalize().as_tuple().exponent
    decimals = max(2, -exponent if isinstance(exponent, int) else 2)
    return f"${amount:,.{decimals}f}"


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
