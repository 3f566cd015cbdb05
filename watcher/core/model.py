"""A filing as it was read, and the positions it states. Frozen values; nothing here reads or writes.

Names follow the SEC's own (EDGAR Ownership XML Technical Specification v5.5), in snake_case. Shares, prices and values are
exact decimals as filed; a `None` means "not stated", which is never zero. CIKs are ten digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import date
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class HeaderParty:
    """An issuer or reporting owner as EDGAR's own header names it (conformed name, CIK)."""

    cik: str | None
    name: str
    trading_symbol: str | None = None


@dataclass(frozen=True, slots=True)
class SubmissionHeader:
    """The SGML header of a complete submission. `accepted_at` is aware, America/New_York; `None` in the `.nc` dialect."""

    accession_number: str | None
    form_type: str | None
    period_of_report: date | None
    filed_on: date | None
    accepted_at: datetime | None
    issuer: HeaderParty | None
    reporting_owners: tuple[HeaderParty, ...]


@dataclass(frozen=True, slots=True)
class Submission:
    """A complete submission text taken apart: the header and the one ownership document, as bytes.

    `kind` is "xml", "html" or "text": what the primary document is. It does not read the document.
    """

    header: SubmissionHeader
    document: bytes
    kind: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Issuer:
    """The issuer as the document names it; `trading_symbol` is what the filer typed and identifies nothing."""

    cik: str | None
    name: str | None
    trading_symbol: str | None


@dataclass(frozen=True, slots=True)
class ReportingOwner:
    """One reporting owner and the relationship stated. There is no primary owner and their order means nothing (4.3.2)."""

    cik: str | None
    name: str | None
    is_director: bool = False
    is_officer: bool = False
    is_ten_percent_owner: bool = False
    is_other: bool = False
    officer_title: str | None = None
    other_text: str | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed, and when. Signatures are not tied to owners: an attorney may sign (4.3.7)."""

    name: str | None
    date: date | None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of Table I or Table II, a transaction or a holding, in the words of the form.

    `footnotes` maps a field name of this class to the footnote ids hung on it, in document order; ids on
    transactionCoding and its children are under "transaction_code". `derived` names fields computed from
    other cells (scanned text only). What a holding or Table I does not have is `None`.
    """

    kind: str  # "transaction" | "holding"
    security_title: str | None = None
    transaction_date: date | None = None
    deemed_execution_date: date | None = None
    transaction_form_type: str | None = None
    transaction_code: str | None = None
    equity_swap_involved: bool | None = None
    transaction_timeliness: str | None = None
    shares: Decimal | None = None
    total_value: Decimal | None = None
    price_per_share: Decimal | None = None
    acquired_disposed: str | None = None  # "A" | "D"
    shares_owned_following: Decimal | None = None
    value_owned_following: Decimal | None = None
    direct_or_indirect: str | None = None  # "D" | "I"
    nature_of_ownership: str | None = None
    conversion_or_exercise_price: Decimal | None = None
    exercise_date: date | None = None
    expiration_date: date | None = None
    underlying_security_title: str | None = None
    underlying_security_shares: Decimal | None = None
    underlying_security_value: Decimal | None = None
    footnotes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    derived: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnershipDocument:
    """A Form 3, 4 or 5 as filed: both tables in document order, every owner, every footnote and every reference to one.

    `aff10b5_one` is the Rule 10b5-1 box: absent (`None`) is unknown, not "no". `warnings` name what was not legible,
    not plausible or not understood; nothing is repaired. `source` is "xml", "submission", "html" or "text".
    """

    form_type: str
    period_of_report: date | None
    issuer: Issuer
    reporting_owners: tuple[ReportingOwner, ...]
    non_derivative_table: tuple[Row, ...] = ()
    derivative_table: tuple[Row, ...] = ()
    footnotes: Mapping[str, str] = field(default_factory=dict)
    remarks: str | None = None
    signatures: tuple[Signature, ...] = ()
    warnings: tuple[str, ...] = ()
    source: str = "xml"
    schema_version: str | None = None
    date_of_original_submission: date | None = None
    no_securities_owned: bool | None = None
    not_subject_to_section16: bool | None = None
    form3_holdings_reported: bool | None = None
    form4_transactions_reported: bool | None = None
    aff10b5_one: bool | None = None


# --- positions ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HoldingKey:
    """Identity of one running balance: issuer, owners, table, security class and ownership line; an option grant by its terms.

    `security` and `nature` are folded (`core.titles`): not for showing to people, and made so that spelling does not split a position.
    """

    issuer_cik: str
    owners: str  # owner CIKs, sorted, joined by "+"
    table: str  # "I" | "II"
    security: str
    direct_or_indirect: str
    nature: str
    exercise_price: str = ""
    expiration: str = ""

    def text(self) -> str:
        """The key as one string, stable over releases: it is stored."""
        parts = (
            self.issuer_cik,
            self.owners,
            self.table,
            self.security,
            self.direct_or_indirect,
            self.nature,
            self.exercise_price,
            self.expiration,
        )
        text = "|".join(parts)
        return text if text.count("|") == len(parts) - 1 else "|".join(part.replace("|", "/") for part in parts)

    @classmethod
    def of(cls, text: str) -> HoldingKey:
        """The key that `text()` wrote."""
        return cls(*text.split("|"))


@dataclass(frozen=True, slots=True)
class Holding:
    """A position as one filing states it, after that filing. Shares, or (debt, fund interests) a value in dollars."""

    key: HoldingKey
    security_title: str
    direct_or_indirect: str | None
    nature_of_ownership: str | None
    shares: Decimal | None
    value: Decimal | None
    exercise_price: Decimal | None
    expiration_date: date | None
    as_of: date | None
    accession_number: str
    filed_at: datetime
