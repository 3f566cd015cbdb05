"""What happened, in lines of an alert: each event with its figures and what they rest on, and what came of an exercise and its sale."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from watcher.core.codes import CODE_MEANING
from watcher.core.figures import count
from watcher.core.figures import day
from watcher.core.figures import dollars
from watcher.core.figures import price
from watcher.core.findings import Event
from watcher.core.findings import FilingFacts
from watcher.core.holding_lines import vested_words
from watcher.core.telling import Line
from watcher.core.wording import EXERCISE_AND_SELL
from watcher.core.wording import deed_of
from watcher.core.wording import main_events
from watcher.core.wording import shortened
from watcher.core.wording import unit_of

_QUOTE = 400  # characters of a footnote that is quoted for what a code does not say
_NOTES = 3

_TIED_BY = {
    "shares": "by equal numbers of shares",
    "date": "by the same day and ownership line; the form itself does not tie them",
}
_MANY = 6  # grants that are told one by one
# What says whose shares they are, and the terms of an option, does not tell what happened.
_OF_THE_POSITION = frozenset(
    (
        *("nature_of_ownership", "direct_or_indirect", "shares_owned_following", "value_owned_following"),
        *("conversion_or_exercise_price", "exercise_date", "expiration_date"),
    )
)


def event_lines(facts: FilingFacts, *, several_days: bool) -> list[Line]:
    """All events in the order of their days, the main one of a day first. A footnote is quoted once; many grants are told in one."""
    lines: list[Line] = []
    exercises = [part for event in facts.events for part in event.parts or (event,) if part.kind == "exercise"]
    folded = _together(exercises, facts) if len(exercises) > _MANY else None
    for event in sorted(main_events(facts), key=lambda event: min(event.dates, default=date.max)):
        for part in event.parts or (event,):
            if folded is not None and part.kind == "exercise":
                lines += [folded] if folded not in lines else []
                continue
            told = _event(part, facts, several_days=several_days)
            lines += [line for line in told if line not in lines or not line.label.startswith("Footnote")]
        lines += _pairing(event)
        if event.filings:
            lines.append(Line(f"These figures count {', '.join(event.filings)} too: do not add them to that filing’s"))
    return lines


def _together(exercises: Sequence[Event], facts: FilingFacts) -> Line | None:
    """Many exercises of one kind on one line; `None` where a figure is not stated or they are of several kinds."""
    shares = [one.shares for one in exercises if one.shares is not None]
    costs = [one.cost for one in exercises if one.cost is not None]
    strikes = [one.exercise_price for one in exercises if one.exercise_price is not None]
    titles = {one.security_title: unit_of(one)[0] for one in exercises}
    if (
        not len(shares) == len(costs) == len(strikes) == len(exercises)
        or len(titles) > 1
        or any(one.filings for one in exercises)
    ):
        return None
    ((title, unit),) = titles.items()
    vested = {vested_words(one.rows, facts) for one in exercises}
    codes = "/".join(dict.fromkeys(code for one in exercises for code in one.codes))
    notes = [f"code {codes}", title or "", vested.pop() if len(vested) == 1 else "", "each is in the machine form"]
    return Line(
        f"{count(sum(shares, Decimal(0)))} {unit} of {len(exercises)} grants @ {price(min(strikes))} to {price(max(strikes))}",
        label="Exercised",
        amount=f"cost {dollars(sum(costs, Decimal(0)))}",
        note="; ".join(note for note in notes if note),
    )


def days_of(dates: Sequence[date]) -> str:
    """`16 Jun 2026`, or the first and the last of several days."""
    return f"{day(dates[0])}{f' to {day(dates[-1])}' if len(dates) > 1 else ''}"


def _event(event: Event, facts: FilingFacts, *, several_days: bool) -> Iterator[Line]:
    deed = deed_of(event)
    unit, is_title = unit_of(event)
    is_in_dollars = event.shares is None and event.value is not None
    text = f"{count(event.shares)} {unit}" if event.shares is not None else unit
    text += ", number not stated or not legible" if event.shares is None and not is_in_dollars else ""
    if event.kind == "other":
        text += {"A": ", acquired", "D": ", disposed of"}.get(event.direction or "", "") if event.codes else ""
    amount = event.cost if event.kind in {"exercise", "vest"} else event.value
    paid = event.exercise_price if event.kind in {"exercise", "vest"} else event.price_average
    if paid:
        text += f" @ {price(paid)}" + (" average" if event.kind != "exercise" and _is_average(event, facts) else "")
    notes = [f"code {'/'.join(event.codes) or 'not legible'}"]
    if event.kind == "other":
        notes += [CODE_MEANING[code] for code in event.codes if code in CODE_MEANING]
    notes.append("" if is_title or event.security_title is None else event.security_title)
    notes.append(vested_words(event.rows, facts) if event.kind == "exercise" else "")
    notes.append(_range(event) if paid else "")
    notes.append(days_of(event.dates) if several_days and event.dates else "")
    notes.append(f"footnote{'s' if len(event.footnotes) > 1 else ''} {_ids(event.footnotes)}" if event.footnotes else "")
    notes.append(f"in filing {', '.join(event.filings)}" if event.filings and not event.rows else "")
    yield Line(
        text,
        label=deed.label,
        amount=f"{deed.dollars} {dollars(amount)}" if amount else "",
        note="; ".join(note for note in notes if note),
    )
    if event.kind == "other":
        yield from _quoted(event, facts)


def _is_average(event: Event, facts: FilingFacts) -> bool:
    weighted = any("weighted" in facts.document.footnotes.get(note, "").casefold() for note in event.footnotes)
    return weighted or event.price_low is None or event.price_low != event.price_high


def _range(event: Event) -> str:
    """Between which prices it was done: never between averages, which say nothing of the lowest and the highest price."""
    if event.kind in {"exercise", "vest"} or event.price_low == event.price_high is not None:
        return ""
    if event.price_low is None or event.price_high is None:
        return "lowest and highest price not stated"
    return f"range {price(event.price_low)} to {price(event.price_high)}"


def _ids(notes: tuple[str, ...]) -> str:
    """The ids of footnotes, three or more in a row as `F3 to F9`."""
    numbered = sorted({int(note[1:]) for note in notes if note[:1] == "F" and note[1:].isdecimal()})
    runs: list[list[int]] = []
    for number in numbered:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    shown = [f"F{run[0]} to F{run[-1]}" if len(run) > 2 else ", ".join(f"F{number}" for number in run) for run in runs]
    return ", ".join([*shown, *(note for note in notes if note[:1] != "F" or not note[1:].isdecimal())])


def _quoted(event: Event, facts: FilingFacts) -> Iterator[Line]:
    """What the footnotes say of a code that by itself says little: first those at the code, none on whose shares they are."""
    tables = {"I": facts.document.non_derivative_table, "II": facts.document.derivative_table}
    rows = [tables[table][number - 1] for table, number in event.rows]
    at_the_code = [note for row in rows for note in row.footnotes.get("transaction_code", ())]
    others = [note for row in rows for field, notes in row.footnotes.items() if field not in _OF_THE_POSITION for note in notes]
    for note in [note for note in dict.fromkeys((*at_the_code, *others)) if note in facts.document.footnotes][:_NOTES]:
        yield Line(f"“{shortened(facts.document.footnotes[note], _QUOTE)}”", label=f"Footnote {note}")


def _pairing(event: Event) -> Iterator[Line]:
    """What came of an exercise and its sale, or of a vesting and what was withheld; and why they are told as one."""
    pairing = event.pairing
    if pairing is None:
        return
    sells = event.kind == EXERCISE_AND_SELL
    sales = [part for part in event.parts if part.kind == "sale"]
    if len(sales) > 1 and pairing.sold is not None:
        gross = f"gross {dollars(pairing.gross)}" if pairing.gross is not None else ""
        yield Line(f"{count(pairing.sold)} shares", label="Sold in all", amount=gross)
    # Where some were kept or withheld, or that is not known, what all cost and what some brought make no difference that means anything.
    is_whole = sells and pairing.kept == pairing.from_holdings == pairing.withheld == 0
    if is_whole and pairing.cost is not None and pairing.gross is not None:
        yield Line("gross − cost, before tax and fees", label="Difference", amount=dollars(pairing.gross - pairing.cost))
    label = "Kept" if sells else "Received"
    if pairing.kept is None or pairing.exercised is None:
        lacking = "; ".join(words for words in event.missing if "price" not in words)
        why = f"not known: {lacking}" if lacking else "the rows do not say enough"
        yield Line(f"cannot tell; {why}", label=label)
    elif sells:
        yield Line(f"{count(pairing.kept)} of the {count(pairing.exercised)} exercised", label=label)
    else:
        yield Line(f"{count(pairing.kept)} of the {count(pairing.exercised)} vested, after withholding", label=label)
    if sells and pairing.from_holdings and pairing.sold is not None:
        yield Line(
            f"{count(pairing.from_holdings)} of the {count(pairing.sold)} sold did not come from the exercise",
            label="From holdings",
        )
    both = "exercise and sale" if sells else "vesting and withholding"
    yield Line(f"{both}, tied {_TIED_BY.get(pairing.method, f'by {pairing.method}')}", label="One event")
