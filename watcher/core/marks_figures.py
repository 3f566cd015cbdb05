"""Marks on prices, shares and totals. EDGAR asks for a number below 10^12 with up to four decimals, and takes any."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise

from watcher.core.codes import EXERCISE_CODES
from watcher.core.holdings import holding_key
from watcher.core.marks_filing import Doubt
from watcher.core.marks_filing import Filing
from watcher.core.marks_filing import Line
from watcher.core.marks_filing import Mark
from watcher.core.marks_filing import quoted
from watcher.core.model import HoldingKey
from watcher.core.tally import closing_row

# Totals typed as prices: $24,035,774.40, $11,000,689.50, $100,000. Of all shares only Berkshire Hathaway's class A costs so much.
DEAREST_SHARE = 50_000
BERKSHIRE = "0001067983"
# The largest sales by one holder ever were near it; total times shares goes far beyond.
LARGEST_VALUE = 10**10
# The largest issuers have more shares outstanding; no owner moves as many at once.
MOST_SHARES = 10**10
# Between the market prices of one security in one form: 1.5 was never reached in 498 filings.
TIMES_THE_USUAL = 10
# Below this, that a price equals some number of shares or some total may be chance; few shares cost more.
COINCIDENCE = 1_000
# A price may be rounded to the cent where the range of its footnote is not.
CENT = Decimal("0.01")

_MARKET_CODES = frozenset("PSF")  # whose price is the market's; that of an exercise is the strike
_DEBT = re.compile(r"\b(?:notes?|debentures?|bonds?|loans?)\b", re.IGNORECASE)  # stated per issue, not per share
_AVERAGE = re.compile(r"averag|rang", re.IGNORECASE)
_DOLLARS = re.compile(r"(?:(?<![A-Z])|(?<=US))\$ ?([0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+)")  # C$ and HK$ are no dollars


def price_equals_a_total(filing: Filing) -> Iterator[Doubt]:
    """A price that is exactly shares times price of a row of the same form has slipped into the wrong column."""
    priced = [line for line in filing.transactions if line.row.shares and line.row.price_per_share]
    totals = {line.row.shares * line.row.price_per_share: line for line in priced if line.row.shares and line.row.price_per_share}
    prices = {line.row.price_per_share: line for line in priced}
    for line in priced:
        price, shares = line.row.price_per_share, line.row.shares
        if price is None or not shares or price < COINCIDENCE:
            continue
        cell = line.cell("price_per_share")
        if price == shares:
            yield cell, f"{quoted(price)} is also the number of shares"
        elif (other := totals.get(price)) is not None and other.row.price_per_share != price:
            yield cell, f"{quoted(price)} is exactly shares times price of {other.place}: it may be a total"
        elif (other := prices.get(price / shares)) is not None and shares != 1:
            yield cell, f"{quoted(price)} is exactly this row's shares times the price of {other.place}: it may be a total"


def price_beyond_any_share(filing: Filing) -> Iterator[Doubt]:
    """No share but Berkshire Hathaway's class A costs more than 50,000 dollars. Debt is priced by the issue."""
    if filing.document.issuer.cik == BERKSHIRE:
        return
    for line in filing.transactions:
        price = line.row.price_per_share
        if price and price > DEAREST_SHARE and line.row.shares is not None and not _DEBT.search(line.row.security_title or ""):
            yield line.cell("price_per_share"), f"{quoted(price)} is more than a share costs: it may be a total"


def price_unlike_the_other_rows(filing: Filing) -> Iterator[Doubt]:
    """The purchases, sales and withholdings of one security in one form are at prices near one another."""
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in filing.transactions:
        title = line.row.security_title or ""
        if line.row.price_per_share and line.row.transaction_code in _MARKET_CODES and not _DEBT.search(title):
            groups.setdefault((line.table, title.casefold()), []).append(line)
    for lines in groups.values():
        prices = sorted(line.row.price_per_share for line in lines if line.row.price_per_share)
        usual = prices[(len(prices) - 1) // 2]
        for line in lines:
            price = line.row.price_per_share
            if price and price > TIMES_THE_USUAL * usual:
                yield (
                    line.cell("price_per_share"),
                    f"{quoted(price)} is far above the other rows' ({quoted(usual)}): it may be a total",
                )


def value_out_of_proportion(filing: Filing) -> Iterator[Doubt]:
    """Ten filings of 2024Q3 state notes as 551,759 "shares" at 525,000 dollars: the price is what all of them cost."""
    for line in filing.transactions:
        shares, price = line.row.shares, line.row.price_per_share
        if shares and price and shares * price > LARGEST_VALUE:
            product = f"{quoted(price)} times {quoted(shares)} shares is more than {LARGEST_VALUE:,} dollars"
            yield line.cell("price_per_share"), f"{product}: it may be a total"


def sold_or_bought_for_nothing(filing: Filing) -> Iterator[Doubt]:
    """Codes P and S are for a price; what costs nothing is a gift (G) or an award (A). Table II's warrants come with something else."""
    for line in filing.transactions:
        if line.table == "I" and line.row.transaction_code in {"P", "S"} and line.row.price_per_share == 0:
            what = "a purchase" if line.row.transaction_code == "P" else "a sale"
            yield line.cell("price_per_share"), f"{quoted(line.row.price_per_share)} for {what}"


def price_outside_its_range(filing: Filing) -> Iterator[Doubt]:
    """A weighted average lies within the range that its footnote states (SEC no-action letter of 25 June 2008).

    Found: 634.4608 with a range from 663.91 to 664.90. Every dollar amount of the footnotes counts, so that no wording is misread.
    """
    for line in filing.transactions:
        price = line.row.price_per_share
        texts = [filing.document.footnotes.get(note, "") for note in line.row.footnotes.get("price_per_share", ())]
        if price is None or not any(_AVERAGE.search(text) for text in texts):
            continue
        amounts = [Decimal(amount.replace(",", "")) for text in texts for amount in _DOLLARS.findall(text)]
        if len(amounts) > 1 and not min(amounts) - CENT <= price <= max(amounts) + CENT:
            said = f"{quoted(price)} is outside the prices of its footnote, {min(amounts)} to {max(amounts)}"
            yield line.cell("price_per_share"), said


def exercise_prices_differ(filing: Filing) -> Iterator[Doubt]:
    """What is paid for the shares in Table I is the exercise price of Table II; compared only where shares and date fit one pair."""
    sides: dict[tuple[Decimal, date], dict[str, list[Line]]] = {}
    for line in filing.transactions:
        row = line.row
        given_up = line.table == "II" and row.acquired_disposed == "D"
        if row.transaction_code in EXERCISE_CODES and row.shares and row.transaction_date and (line.table == "I" or given_up):
            sides.setdefault((row.shares, row.transaction_date), {}).setdefault(line.table, []).append(line)
    for pair in sides.values():
        if [len(pair.get(table, ())) for table in ("I", "II")] != [1, 1]:
            continue
        paid, strike = pair["I"][0].row.price_per_share, pair["II"][0].row.conversion_or_exercise_price
        if paid and strike and paid != strike:
            said = f"{quoted(strike)} is not the price of {pair['I'][0].place}, {quoted(paid)}, for the same shares"
            yield pair["II"][0].cell("conversion_or_exercise_price"), said


def shares_beyond_any_holding(filing: Filing) -> Iterator[Doubt]:
    """More shares than most issuers have: a value in the wrong column."""
    for line in filing.transactions:
        if line.row.shares and line.row.shares > MOST_SHARES:
            yield line.cell("shares"), f"{quoted(line.row.shares)} is more than anybody holds: it may be a value"


def nothing_moved(filing: Filing) -> Iterator[Doubt]:
    """A transaction in no shares (47 filings of 2024Q3, in Table II)."""
    for line in filing.transactions:
        if line.row.shares == 0 and not line.row.total_value:
            yield line.cell("shares"), f"{quoted(line.row.shares)} is stated for a transaction"


def acquired_more_than_held_after(filing: Filing) -> Iterator[Doubt]:
    """A total counts what was just acquired, unless a footnote on it says why not or another row of the same position follows."""
    for lines in _positions(filing):
        row = lines[0].row
        held = row.shares_owned_following
        alone = len(lines) == 1 and row.kind == "transaction" and "shares_owned_following" not in row.footnotes
        if alone and row.acquired_disposed == "A" and row.shares and held is not None and held < row.shares:
            yield lines[0].cell("shares_owned_following"), f"{quoted(held)} is less than the {quoted(row.shares)} acquired"


def running_tally_does_not_link(filing: Filing) -> Iterator[Doubt]:
    """Several rows of one position are a running tally (SEC staff FAQ of 2003): 173 of 177 link.

    Silent where they link in another order, repeat the final total, or a footnote explains. Table I only: in Table II many filers
    give what is left of each grant (835 of 1,965 filings of 2024Q3 with several alike).
    """
    for lines in _positions(filing):
        moves = [line for line in lines if line.row.kind == "transaction"]
        if len(moves) < 2 or closing_row([line.row for line in moves]) is not None:
            continue
        pairs = list(pairwise(moves))
        before, after = next((pair for pair in pairs if closing_row([line.row for line in pair]) is None), pairs[-1])
        held, total, shares = before.row.shares_owned_following, after.row.shares_owned_following, after.row.shares
        if held is None or total is None or shares is None:
            continue
        moved = "acquired" if after.row.acquired_disposed == "A" else "disposed of"
        more = ", more than were held" if moved == "disposed of" and shares > held else ""
        said = f"{quoted(total)} does not follow from {quoted(held)} in row {before.number}: {quoted(shares)} were {moved}{more}"
        yield after.cell("shares_owned_following"), said


def _positions(filing: Filing) -> list[list[Line]]:
    """The rows of Table I that are lines of one running balance, in document order."""
    positions: dict[HoldingKey, list[Line]] = {}
    for line in filing.lines:
        if line.table == "I":
            positions.setdefault(holding_key(filing.document, "I", line.row, ""), []).append(line)
    return list(positions.values())


FIGURE_MARKS: tuple[Mark, ...] = (
    price_equals_a_total,
    price_beyond_any_share,
    price_unlike_the_other_rows,
    value_out_of_proportion,
    sold_or_bought_for_nothing,
    price_outside_its_range,
    exercise_prices_differ,
    shares_beyond_any_holding,
    nothing_moved,
    acquired_more_than_held_after,
    running_tally_does_not_link,
)
