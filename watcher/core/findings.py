"""What we find in a filing: changes, events, plan, timing, context, verdicts.

Frozen values; nothing here reads or judges. Shares are shares, money is dollars, both exact; `None` is "not stated" or "not known",
never zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from datetime import datetime
from decimal import Decimal

from watcher.core.model import Holding
from watcher.core.model import HoldingKey
from watcher.core.model import OwnershipDocument

# --- the ledger -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that may lie behind a gap. `fits`: figures or the filing's own words speak for it; else it is merely possible."""

    name: str  # a name of `gaps.CANDIDATES`
    words: str
    fits: bool


@dataclass(frozen=True, slots=True)
class HoldingChange:
    """One position before and after a filing, in shares (dollars where the form gives values).

    `before` is the stored balance (`None`: not known yet), `after` the total the filing states, `change` the signed sum of its rows
    (`None`: a row does not state it), `opening` = after - change. `unexplained` = opening - before: what neither this filing nor the
    store explains; never a trade. `standing`: "matches", "gap", "first sight" (nothing before), "amends" (an amendment restates), or
    "cannot tell". `candidates` are what may lie behind a gap, the likeliest first, or the one reason for "cannot tell".
    `exercise_price` is as filed; in the key it is as short as can be.
    """

    key: HoldingKey
    security_title: str
    direct_or_indirect: str | None
    nature_of_ownership: str | None
    before: Decimal | None
    after: Decimal | None
    change: Decimal | None
    unexplained: Decimal | None
    in_dollars: bool = False
    before_as_of: date | None = None
    before_accession: str | None = None
    opening: Decimal | None = None
    standing: str = "first sight"
    candidates: tuple[Candidate, ...] = ()
    exercise_price: Decimal | None = None


# --- events ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pairing:
    """An exercise and what was sold or withheld out of it, in shares; `cost` and `gross` in dollars.

    `kept` = exercised - sold - withheld where that is not negative, else 0, and `from_holdings` is what was sold beyond. `method` tells
    what tied the sale to the exercise: "shares" (equal numbers) or "date" (the same day and ownership line).
    """

    method: str
    exercised: Decimal | None
    cost: Decimal | None
    sold: Decimal | None
    gross: Decimal | None
    withheld: Decimal | None
    kept: Decimal | None
    from_holdings: Decimal | None


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, in people's terms, summed over the rows of one filing that belong together.

    `kind` is a name of `codes.EVENT_NAMES` or "exercise_and_sell". `shares` and `value` are `None` where a row does not state
    them. Prices are dollars a share; `price_low` and `price_high` come from the rows' prices and, where a row's is an average, from
    the range that its footnote states; an average without one leaves them `None`. `rows` are (table, row number). Of an
    exercise_and_sell, `parts` are the exercises, sales and withholdings it is made of, `pairing` says what came of them, and shares,
    value and prices are those of what was sold. `filings` are the accession numbers of other filings whose rows are counted in.
    """

    kind: str
    security_title: str | None
    shares: Decimal | None
    value: Decimal | None
    price_low: Decimal | None
    price_high: Decimal | None
    price_average: Decimal | None
    dates: tuple[date, ...]
    codes: tuple[str, ...]
    rows: tuple[tuple[str, int], ...]
    direction: str | None = None  # "A" acquired | "D" disposed, where all its rows agree
    footnotes: tuple[str, ...] = ()
    exercise_price: Decimal | None = None
    expiration_date: date | None = None
    remaining: Decimal | None = None
    cost: Decimal | None = None
    missing: tuple[str, ...] = ()
    parts: tuple[Event, ...] = ()
    pairing: Pairing | None = None
    filings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stake:
    """How much of what was held was sold, with its base.

    `held` counts the class over all `lines` known, before the sale (after what was exercised); `percent` = sold / held. The second
    pair adds options known to be vested. A percentage is `None` where a line's total is not known, which `missing` names. `shown` is
    the part of `held` on the `shown_lines` of this filing, the rest being as last filed, and `percent_shown` is of it. `not_counted` names
    in words what is held and not in `held`.
    """

    security_title: str
    sold: Decimal
    held: Decimal | None
    percent: Decimal | None
    lines: int
    vested_options: Decimal | None
    percent_with_options: Decimal | None
    missing: tuple[str, ...] = ()
    shown: Decimal | None = None
    shown_lines: int = 0
    percent_shown: Decimal | None = None
    not_counted: tuple[str, ...] = ()


# --- plan, timing, context --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plan:
    """What the filing says of a Rule 10b5-1 plan: the box and the footnotes, read separately.

    `state`: "checked with date", "checked", "text only", "contradictory", "unchecked" (which is not "no plan"), "unknown".
    `quote` is the sentence relied on and `footnote` the id it stands in.
    """

    box: bool | None
    adopted: date | None
    quote: str | None
    footnote: str | None
    state: str


@dataclass(frozen=True, slots=True)
class PlanBook:
    """A dated plan over time. `day` counts from adoption to the first trade of this filing under it.

    `cooling_off`: "passed", "within", "cannot tell" or "not asked" (the rule of 2023 does not reach this plan); `words` says why.
    `earliest` is the first day it allows, where known. `sold`, `sold_value` and `filings` count sales under the plan in the store,
    this filing included; `since` is the day from which the store knows.
    """

    adopted: date
    day: int | None
    cooling_off: str
    words: str
    earliest: date | None
    sold: Decimal | None
    sold_value: Decimal | None
    filings: int
    since: date | None


@dataclass(frozen=True, slots=True)
class Timing:
    """When it was traded, due and filed, by EDGAR's calendar.

    `status`: "on time", "on time by extension", "possibly late", "late" or "unknown"; `reason` in words.
    """

    traded: date | None
    due: date | None
    filed: date
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing the store shows about a filing beside others; `name` is a name of `context.OBSERVATIONS`."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class Context:
    """What the store shows beside the filing. Rests on what it holds of the issuer from `since` on, and says so.

    `whole_issuer` is False where only some owners of the issuer are watched: nothing is said of the others then.
    """

    since: date | None = None
    observations: tuple[Observation, ...] = ()
    whole_issuer: bool = True


# --- amendments -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row of an amendment beside its row of the original.

    `kind`: "restated" (the same), "changed", "added", "dropped" (the amendment's totals hold only without it) or "not repeated" (it
    stands as filed). `row` and `original_row` count from 1. `fields` are (field of `Row`, was, is) in plain text.
    """

    kind: str
    table: str  # "I" | "II"
    row: int | None
    original_row: int | None
    fields: tuple[tuple[str, str | None, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Amendment:
    """What an amendment amends. `state`: "tied", "orphan" (no such original in the store) or "ambiguous" (several fit).

    `original` is the accession number, `rows` how the rows compare, `heads` the (field, was, is) of what stands outside the tables,
    `reason` the filer's own words.
    """

    state: str
    original: str | None = None
    rows: tuple[RowChange, ...] = ()
    heads: tuple[tuple[str, str | None, str | None], ...] = ()
    reason: str | None = None


# --- judgement ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a rule as it was judged: its name, what the rule wanted, what the filing showed, and the verdict."""

    name: str
    wanted: str
    seen: str
    met: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule held against one filing: it matches if every condition is met."""

    rule: str
    conditions: tuple[Condition, ...]

    @property
    def matched(self) -> bool:
        """Whether the rule asks for an alert."""
        return all(condition.met for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class FilingFacts:
    """One filing, read and compared with what we held: all that rules judge and messages say.

    `baseline_done` is False while earlier holdings are still being read. `document` has been made safe to show. `companions` are
    filings of the same owners and day that, with this one, report one event; `same_as` is an earlier filing, by other owners, of the very
    same transactions. `untouched` are lines of these owners that the store knows and this filing does not show.
    """

    accession_number: str
    form_type: str
    filed_at: datetime
    first_seen_at: datetime
    document: OwnershipDocument
    changes: tuple[HoldingChange, ...]
    events: tuple[Event, ...]
    plan: Plan
    timing: Timing
    baseline_done: bool
    url: str
    stakes: tuple[Stake, ...] = ()
    plan_book: PlanBook | None = None
    context: Context = Context()
    amends: Amendment | None = None
    companions: tuple[str, ...] = ()
    same_as: str | None = None
    untouched: tuple[Holding, ...] = ()
