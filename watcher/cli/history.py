"""How it went: `holdings`, with every position they came through, and `person`, across issuers. Changes nothing."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Mapping
from collections.abc import Sequence
from datetime import date
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from watcher.cli import completing
from watcher.cli.common import NUMBER
from watcher.cli.common import config_option
from watcher.cli.common import configured
from watcher.cli.common import csv_option
from watcher.cli.common import json_option
from watcher.cli.common import opened
from watcher.cli.common import print_json
from watcher.cli.common import print_rows
from watcher.config import Config
from watcher.core.figures import count
from watcher.core.figures import counted
from watcher.core.figures import dollars
from watcher.core.figures import price
from watcher.core.figures import signed
from watcher.core.sparkline import sparkline
from watcher.store import Store

Row = Mapping[str, Any]
_HEADER = (
    *("issuer_cik", "ticker", "issuer_name", "reporting_owners", "security_title", "direct_or_indirect", "nature_of_ownership"),
    *("shares", "value", "exercise_price", "expiration_date", "as_of", "before", "change", "unexplained", "standing"),
    *("accession_number", "filed_at"),
)
_NARROWEST = 16  # columns of a text that is broken into lines


@click.command
@config_option
@json_option
@csv_option
@click.option(
    "--as-of", "day", type=click.DateTime(["%Y-%m-%d"]), help="As they stood at the end of this day, by what is in the store now."
)
@click.option("--history", is_flag=True, help="Every position that a filing stated, not only the newest.")
@click.argument("ticker", required=False, shell_complete=completing.tickers)
def holdings(option: Path | None, as_json: bool, as_csv: bool, day: datetime | None, history: bool, ticker: str | None) -> None:
    """What reporting owners hold, as last reported; of one issuer with TICKER (or its CIK)."""
    config = configured(option)
    store = opened(config)
    until = day.date() if day else None
    held = store.held(ticker, until=until, every=history)
    if not held:
        click.echo(_why_nothing(store, config, ticker), err=True)
    if as_json or as_csv:
        print_rows([_for_programs(row, as_json=as_json) for row in held], (), as_json=as_json, as_csv=as_csv, header=_HEADER)
    elif held:
        _print_held(store, held, until, history=history)
    store.close()


def _why_nothing(store: Store, config: Config, ticker: str | None) -> str:
    if ticker is not None and store.held():
        return f"nothing is known of {ticker}: `watcher holdings` shows all there is"
    if not store.watches():
        return f"nothing is watched yet: put a [[watch]] into {config.path}, and `watcher run` begins"
    return "no holdings are known yet: `watcher run` reads the past year, `watcher backfill --since DATE` more"


@click.command
@config_option
@json_option
@click.option("--limit", type=NUMBER, default=20, show_default=True, help="At most so many events, newest first.")
@click.argument("who", metavar="CIK|NAME", nargs=-1, required=True)
def person(option: Path | None, as_json: bool, limit: int, who: tuple[str, ...]) -> None:
    """One person across issuers: what they are there, hold now, sold under which plans, and did last.

    NAME is any words of the name as EDGAR has it (ROE JANE A).
    """
    config = configured(option)
    store = opened(config)
    found = store.people(" ".join(who))
    if len(found) != 1:
        if found:
            click.echo(f"{len(found):,} people have this in their names; ask by CIK:", err=True)
            for cik, name in found[:20]:
                click.echo(f"  {cik}  {name}", err=True)
        else:
            click.echo(
                f"nobody like {' '.join(who)!r} is in the store: `watcher filings` shows whose filings are; a watch with owner_cik follows"
                " one person across issuers",
                err=True,
            )
        store.close()
        sys.exit(1)
    ((cik, name),) = found
    places, held, events = store.places_of(cik), store.held_by(cik), store.events_of(cik)
    if as_json:
        shown = [_for_programs(row, as_json=True) for row in held]
        print_json(
            {"cik": cik, "name": name, "issuers": places, "holdings": shown, "plans": _plans(events), "events": events[:limit]}
        )
    else:
        click.echo(f"{name} (CIK {cik})")
        for place in places:
            click.echo(f"  {_issuer(place)}: {_office(place['owner'])}, {counted(place['filings'], 'filing')}")
        _print_held(store, held, None, history=False, only=cik)
        _print_plans(_plans(events))
        _print_events(events[:limit], len(events))
    store.close()


def _for_programs(row: Row, *, as_json: bool) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if name != "holding_id"}
    if not as_json:
        shown["reporting_owners"] = _names(row)
    return shown


# --- for people -----------------------------------------------------------------------------------------------------------------


def _print_held(store: Store, held: Sequence[Row], until: date | None, *, history: bool, only: str = "") -> None:
    """Balances under their issuer and owners; in a terminal with the course of each. `only` is whose page it is."""
    drawn = sys.stdout.isatty()

    def whose(row: Row) -> tuple[str, str]:
        names = _names(row)
        return _issuer(row), "" if [owner["cik"] for owner in row["reporting_owners"]] == [only] else names

    for (issuer, names), rows in groupby(held, whose):
        click.echo(f"\n{issuer}{' · ' if names else ''}{names}")
        lines = []
        for _, balance in groupby(rows, lambda row: row["holding_id"]):
            stated = list(balance)
            course = sparkline(_figures(store.course(stated[0]["holding_id"], until=until))) if drawn else ""
            if history:
                lines += [[_line(stated[0]) if not number else "", *_position(row), ""] for number, row in enumerate(stated)]
                lines[-1][-1] = course
            else:
                row = stated[0]
                lines.append([_line(row), _total(row), row["as_of"], _standing(row), course])
        _print_table(lines, right=(1, 3) if history else (1,))


def _position(row: Row) -> tuple[str, ...]:
    moved = _figure(row["change"])
    return (_total(row), row["as_of"], "" if moved is None else signed(moved), _standing(row))


def _standing(row: Row) -> str:
    gap = _figure(row["unexplained"])
    return f"gap {signed(gap)}" if row["standing"] == "gap" and gap is not None else str(row["standing"])


def _total(row: Row) -> str:
    shares, value = _figure(row["shares"]), _figure(row["value"])
    return count(shares) if shares is not None else dollars(value) if value is not None else "not stated"


def _line(row: Row) -> str:
    line = {"D": "direct", "I": row["nature_of_ownership"] or "indirect"}.get(row["direct_or_indirect"] or "", "line not legible")
    strike = _figure(row["exercise_price"])
    grant = f" at {price(strike)}" if strike else ""
    expires = f" until {row['expiration_date']}" if row["expiration_date"] else ""
    return f"{row['security_title']}{grant}{expires}, {line}"


def _plans(events: Sequence[Row]) -> list[dict[str, Any]]:
    """What was sold under each plan, by issuer and the day it was adopted, the newest plan first."""

    def plan(event: Row) -> tuple[str, str]:
        return (event["adopted"], event["issuer_cik"])

    sales = sorted((event for event in events if event["adopted"] and event["kind"] == "sale"), key=plan, reverse=True)
    found = []
    for (adopted, issuer), group in groupby(sales, plan):
        under = list(group)
        found.append(
            {
                "issuer_cik": issuer,
                "ticker": under[0]["ticker"],
                "issuer_name": under[0]["issuer_name"],
                "adopted": adopted,
                "filings": len({event["accession_number"] for event in under}),
                "sold": format(sum(map(Decimal, filter(None, (event["shares"] for event in under))), Decimal()), "f"),
                "sold_value": format(sum(map(Decimal, filter(None, (event["value"] for event in under))), Decimal()), "f"),
                "since": min(event["first_on"] or event["last_on"] for event in under),
                "last": max(event["last_on"] for event in under),
            }
        )
    return found


def _print_plans(plans: Sequence[Row]) -> None:
    if plans:
        click.echo("\nSold under plans (Rule 10b5-1), as far as it is in the store")
    _print_table(
        [
            [
                f"{_issuer(one)}, adopted {one['adopted']}",
                count(Decimal(one["sold"])),
                dollars(Decimal(one["sold_value"])),
                f"{one['since']} – {one['last']}",
            ]
            for one in plans
        ],
        right=(1, 2),
    )


def _print_events(events: Sequence[Row], of: int) -> None:
    click.echo(f"\nWhat happened{f' (the latest {len(events)} of {of:,})' if of > len(events) else ''}")
    if not events:
        click.echo("  nothing that is known: holdings alone were reported")
    lines = []
    for one in events:
        shares, value = _figure(one["shares"]), _figure(one["value"])
        plan = {True: ", plan", False: "", None: ""}[one["planned"]]
        words = f"{one['ticker'] or one['issuer_name'] or one['issuer_cik']}: {one['kind'].replace('_', ' ')}{plan}"
        lines.append([words, one["last_on"], "" if shares is None else count(shares), "" if value is None else dollars(value)])
    _print_table(lines, right=(2, 3))


def _print_table(lines: Sequence[Sequence[str]], right: Sequence[int] = (1,)) -> None:
    """Indented lines whose first cell is broken to fit the terminal; no other cell is ever cut. Into a pipe nothing is broken."""
    lines = [[cell or "" for cell in line] for line in lines]
    if not lines:
        return
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    used = [place for place in range(len(widths)) if widths[place]]
    room = widths[0]
    if sys.stdout.isatty():
        others = sum(widths[place] + 2 for place in used if place)
        room = min(widths[0], max(shutil.get_terminal_size().columns - 2 - others, _NARROWEST))
    for line in lines:
        first, *rest = textwrap.wrap(line[0], room, break_on_hyphens=False) or [""]
        cells = [
            line[place].rjust(widths[place]) if place in right else line[place].ljust(widths[place]) for place in used if place
        ]
        click.echo("  " + "  ".join([first.ljust(room), *cells]).rstrip())
        for more in rest:
            click.echo(f"    {more}")


def _issuer(row: Row) -> str:
    name = row["issuer_name"] or f"CIK {row['issuer_cik']}"
    return f"{row['ticker']} · {name}" if row["ticker"] else str(name)


def _office(owner: Row) -> str:
    roles = [
        owner.get("officer_title") or "officer" if owner.get("is_officer") else "",
        "director" if owner.get("is_director") else "",
        "10% owner" if owner.get("is_ten_percent_owner") else "",
        owner.get("other_text") or "other" if owner.get("is_other") else "",
    ]
    return ", ".join(filter(None, roles)) or "role not stated"


def _names(row: Row) -> str:
    return "; ".join(owner["name"] or "?" for owner in row["reporting_owners"])


def _figure(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _figures(texts: Sequence[str | None]) -> list[Decimal | None]:
    return [_figure(text) for text in texts]
