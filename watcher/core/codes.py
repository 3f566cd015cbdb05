"""Transaction codes and form types, as data.

Source: EDGAR Ownership XML Technical Specification v5.5, 3.6.9 (codes) and the General Instructions of Form 4, item 8.
K (equity swap) and V (voluntary early report) are printed beside a code on paper; in XML they are fields of their own.
"""

from __future__ import annotations

FORM_TYPES = frozenset({"3", "3/A", "4", "4/A", "5", "5/A"})

# code -> what happened, as a past-tense phrase for people. Direction comes from acquired/disposed, never from the code.
CODE_MEANING: dict[str, str] = {
    "P": "open-market or private purchase",
    "S": "open-market or private sale",
    "A": "grant, award or other acquisition from the issuer",
    "D": "disposition to the issuer",
    "F": "shares withheld or delivered for the exercise price or tax",
    "I": "discretionary transaction in an employee plan",
    "M": "exercise or conversion of a derivative security (exempt)",
    "C": "conversion of a derivative security",
    "E": "expiration of a short derivative position",
    "H": "expiration or cancellation of a long derivative position with value received",
    "O": "exercise of an out-of-the-money derivative security",
    "X": "exercise of an in-the-money or at-the-money derivative security",
    "G": "bona fide gift",
    "L": "small acquisition under rule 16a-6",
    "W": "acquisition or disposition by will or the laws of descent",
    "Z": "deposit into or withdrawal from a voting trust",
    "J": "other acquisition or disposition (see the footnotes)",
    "U": "disposition in a tender of shares in a change of control",
    "K": "equity swap or similar instrument",
}

EXERCISE_CODES = frozenset("MOX")

# What a rule may ask for under `events`.
EVENT_NAMES = (
    "sale",
    "exercise",
    "vest",
    "purchase",
    "withholding",
    "gift",
    "award",
    "conversion",
    "disposition",
    "other",
    "amendment",
    "late",
    "unexplained",
)
