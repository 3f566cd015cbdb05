"""Looking into the store: `status`, `filings`, `alerts`, `why`. Changes nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from watcher.cli.common import ACCESSION_NUMBER
from watcher.cli.common import NUMBER
from watcher.cli.common import config_option
from watcher.cli.common import configured
from watcher.cli.common import csv_option
from watcher.cli.common import for_people
from watcher.cli.common import json_option
from watcher.cli.common import now
from watcher.cli.common import opened
from watcher.cli.common import print_json
from watcher.cli.common import print_rows
from watcher.cli.common import say
from watcher.config import Config
from watcher.core.figures import counted
from watcher.core.figures import lapse
from watcher.core.figures import moment
from watcher.core.health import complaints
from watcher.core.payload import plain
from watcher.pace import Pace
from watcher.pace import pace_path
from watcher.status import condition
from watcher.store import Store
from watcher.store import unstamp

# What CSV has, also of nothing.
_FILING = (
    *("accession_number", "form_type", "state", "filed_at", "first_seen_at", "ingested_at", "issuer_cik", "issuer_name"),
    *("trading_symbol", "period_of_report", "source", "found_by", "tries", "reason", "silent_because", "reporting_owners"),
    *("alerts", "warnings"),
)
_ALERT = (
    *("schema", "event_id", "kind", "corrects", "accession_number", "form_type", "filed_at", "first_seen_at", "period_of_report"),
    *("issuer", "reporting_owners", "watch", "rules", "events", "holdings", "stakes", "untouched", "plan", "footnote_facts"),
    *("timing", "context", "amends", "companions", "same_as", "baseline_done", "warnings", "url", "title", "text"),
    *("created_at", "deliveries", "told"),
)


@click.command
@config_option
@json_option
def status(option: Path | None, as_json: bool) -> None:
    """How the watcher is, in words; exit 1 if something is wrong."""
    config = configured(option)
    store = opened(config)
    seen = condition(store, Pace(pace_path(config.store.path)), config, now=now())
    wrong = complaints(seen)
    if as_json:
        print_json(
            {
                "healthy": not wrong,
                "complaints": wrong,
                "good_polls": {prefix: plain(polled) for prefix, polled in seen.good_polls},
                "blocked_until": plain(seen.blocked_until),
                "gap_since": plain(seen.gap_since),
                "pending": seen.pending,
                "quarantined": seen.quarantined,
                "baselines_open": seen.baselines_open,
                "destinations": [
                    {
                        "name": one.name,
                        "waiting": one.waiting,
                        "dead": one.dead,
                        "oldest": plain(one.oldest),
                        "reason": one.reason,
                    }
                    for one in seen.destinations
                ],
                "troubles": [{"at": plain(at), "source": source, "text": text} for at, source, text in seen.troubles[:10]],
            }
        )
    else:
        polled = dict(seen.good_polls)["4"]
        click.echo("healthy" if not wrong else "not healthy:")
        for complaint in wrong:
            click.echo(f"  {complaint}")
        click.echo(f"last good poll: {f'{moment(polled)}, {lapse(now() - polled)} ago' if polled else 'none yet'}")
        click.echo(f"watches: {len(store.watches())}, of which {seen.baselines_open} still read their past")
        waiting = sum(one.waiting for one in seen.destinations)
        click.echo(f"filings to read: {seen.pending}; messages to send: {waiting}")
    store.close()
    sys.exit(1 if wrong else 0)


@click.command
@config_option
@json_option
@csv_option
@click.option("--state", type=click.Choice(["pending", "ingested", "quarantined"]), help="Only filings in this state.")
@click.option("--limit", type=NUMBER, default=100, show_default=True, help="At most so many, newest first.")
def filings(option: Path | None, as_json: bool, as_csv: bool, state: str | None, limit: int) -> None:
    """The filings in the store, newest first."""
    store = opened(configured(option))
    rows = store.rows(
        "SELECT filing.accession_number, form_type, state, filed_at, first_seen_at, ingested_at, issuer_cik, issuer_name,"
        " coalesce(trading_symbol, '') AS trading_symbol, period_of_report, source, found_by, tries, reason, silent_because,"
        " (SELECT group_concat(json_extract(value, '$.name'), '; ') FROM reading, json_each(content, '$.reporting_owners')"
        "   WHERE reading.accession_number = filing.accession_number) AS reporting_owners,"
        " (SELECT count(*) FROM alert WHERE alert.accession_number = filing.accession_number) AS alerts, warnings"
        " FROM filing WHERE ?1 IS NULL OR state = ?1 ORDER BY coalesce(filed_at, listed_at, first_seen_at) DESC LIMIT ?2",
        (state, limit),
    )
    listed = [{**dict(row), "warnings": json.loads(row["warnings"] or "[]")} for row in rows]
    if as_json or as_csv:
        print_rows(listed, (), as_json=as_json, as_csv=as_csv, header=_FILING)
    else:
        shown = [{**row, "form": row["form_type"], "symbol": row["trading_symbol"], "became": _became(row)} for row in listed]
        print_rows(shown, ("accession_number", "form", "symbol", "filed_at", "reporting_owners", "became"), as_json=False)
    store.close()


def _became(row: Mapping[str, Any]) -> str:
    """What became of a filing, in few words."""
    if row["state"] != "ingested":
        return f"{row['state']}{f': {why}' if (why := row['reason']) else ''}"
    return counted(row["alerts"], "alert") if row["alerts"] else f"silent: {row['silent_because'] or 'nothing to tell'}"


@click.command
@config_option
@json_option
@csv_option
@click.option("--limit", type=NUMBER, default=100, show_default=True, help="At most so many, newest first.")
def alerts(option: Path | None, as_json: bool, as_csv: bool, limit: int) -> None:
    """The alerts, newest first, and who was told."""
    store = opened(configured(option))
    rows = store.rows("SELECT * FROM alert ORDER BY created_at DESC, rowid DESC LIMIT ?", (limit,))
    listed = [
        {**json.loads(row["payload"]), "created_at": row["created_at"], "deliveries": _deliveries(store, row["event_id"])}
        for row in rows
    ]
    if not as_json:
        for alert in listed:
            alert["told"] = ", ".join(f"{one['destination']} {one['state']}" for one in alert["deliveries"])
    print_rows(listed, ("created_at", "title", "told"), as_json=as_json, as_csv=as_csv, header=_ALERT)
    store.close()


def _deliveries(store: Store, event_id: str) -> list[dict[str, Any]]:
    rows = store.rows(
        "SELECT owed.id, owed.destination, state, tries, reason, next_at, delivered_at, silence, why FROM owed"
        " LEFT JOIN silence ON silence.id = owed.silence WHERE event_id = ? ORDER BY owed.id",
        (event_id,),
    )
    return [dict(row) for row in rows]


@click.command
@config_option
@json_option
@click.argument("accession", type=ACCESSION_NUMBER)
def why(option: Path | None, as_json: bool, accession: str) -> None:
    """Every rule, each condition, the values seen, the verdict and the deliveries of the filing ACCESSION."""
    config = configured(option)
    store = opened(config)
    filing = store.row("SELECT * FROM filing WHERE accession_number = ?", (accession,))
    if filing is None:
        click.echo(f"watcher: {accession} is not in the store: it concerns no watch, or has not been seen yet", err=True)
        sys.exit(1)
    verdicts = [
        {
            "watch": row["watch_key"],
            "rule": row["rule"],
            "matched": bool(row["matched"]),
            "conditions": [
                {"name": name, "wanted": wanted, "seen": seen, "met": met}
                for name, wanted, seen, met in json.loads(row["conditions"])
            ],
        }
        for row in store.rows("SELECT * FROM verdict WHERE accession_number = ? ORDER BY watch_key, rule", (accession,))
    ]
    told = [
        {"event_id": row["event_id"], "title": row["title"], "deliveries": _deliveries(store, row["event_id"])}
        for row in store.rows("SELECT event_id, title FROM alert WHERE accession_number = ?", (accession,))
    ]
    head = (
        "accession_number",
        "form_type",
        "state",
        "filed_at",
        "first_seen_at",
        "ingested_at",
        "tries",
        "reason",
        "silent_because",
        "source",
    )
    original = store.row("SELECT sha256, content IS NOT NULL AS kept FROM original WHERE accession_number = ?", (accession,))
    answer = {
        **{name: filing[name] for name in head},
        "original_sha256": original["sha256"] if original else None,
        "original_kept": bool(original and original["kept"]),
        "amends": dict(amends) if (amends := store.row(_AMENDS, (accession,))) else None,
        "ledger": [_balance(row) for row in store.changes_of(accession)],
        "verdicts": verdicts or _judged_now(store, config, accession),
        "judged": "when it was read" if verdicts else "now",
        "alerts": told,
    }
    store.close()
    if as_json:
        print_json(answer)
    else:
        say("\n".join(_in_words(answer)))


def _judged_now(store: Store, config: Config, accession: str) -> list[dict[str, Any]]:
    """What is of the past was not judged, as nobody was to be told of it: so by the rules of today."""
    from watcher.judgement import judged_now  # noqa: PLC0415 -- imported only where it is used: most filings were judged

    filing = store.read_filing(accession)
    found = {} if filing is None else judged_now(store, config, store.watches(), filing)
    return [
        {
            "watch": watch,
            "rule": verdict.rule,
            "matched": verdict.matched,
            "conditions": [asdict(one) for one in verdict.conditions],
        }
        for watch, verdicts in found.items()
        for verdict in verdicts
    ]


_AMENDS = "SELECT state, original AS accession_number FROM amendment WHERE accession_number = ?"


def _balance(row: Any) -> dict[str, Any]:
    names = (
        *("security_title", "direct_or_indirect", "nature_of_ownership", "exercise_price", "expiration_date", "as_of", "before"),
        *("before_accession", "opening", "moved", "shares", "value", "unexplained", "standing"),
    )
    candidates = [{"name": name, "words": words, "fits": fits} for name, words, fits in json.loads(row["candidates"] or "[]")]
    return {**{name: row[name] for name in names}, "candidates": candidates}


def _balance_in_words(one: Mapping[str, Any]) -> list[str]:
    line = {"D": "direct", "I": one["nature_of_ownership"] or "indirect"}.get(one["direct_or_indirect"] or "", "line not legible")
    grant = f" at {one['exercise_price']}" if one["exercise_price"] else ""
    total = one["shares"] or (f"${one['value']}" if one["value"] else "no total")
    before = f"{one['before']} in {one['before_accession']}" if one["before"] else "nothing before"
    opening = f", opens at {one['opening']}" if one["opening"] else ""
    gap = f" by {one['unexplained']}" if one["standing"] == "gap" else ""
    return [
        f"  {one['security_title']}{grant}, {line}: {before}{opening}, closes at {total}: {one['standing']}{gap}",
        *(f"    {'fits' if each['fits'] else 'may be'}: {each['words']}" for each in one["candidates"]),
    ]


def _delivery_in_words(one: Mapping[str, Any]) -> str:
    if one["state"] == "silenced":
        return f"silenced by silence {one['silence']} ({one['why']})"
    if one["state"] == "quiet":
        return f"waits until {moment(unstamp(one['next_at']))}: quiet hours, or its digest"
    when = moment(unstamp(one["delivered_at"])) if one["delivered_at"] else f"next try {moment(unstamp(one['next_at']))}"
    return f"{one['state']} after {counted(one['tries'], 'attempt')}, {when}{', ' if one['reason'] else ''}{one['reason'] or ''}"


def _in_words(answer: dict[str, Any]) -> list[str]:
    lines = [f"{answer['accession_number']}, Form {answer['form_type']}: {answer['state']}"]
    lines += [
        f"  {name.replace('_', ' ')}: {for_people(name, answer[name])}"
        for name in ("filed_at", "first_seen_at", "ingested_at")
        if answer[name]
    ]
    if answer["reason"]:
        lines.append(f"  {answer['reason']} (after {counted(answer['tries'], 'attempt')})")
    if answer["source"] == "dataset":
        lines.append(
            "  read from the SEC's data set: figures are rounded to cents; `watcher backfill --since DATE` reads the original"
        )
    if answer["original_sha256"] and not answer["original_kept"]:
        lines.append("  its original was removed by age (keep_originals): `watcher export --case` says where it is at the SEC")
    if answer["amends"]:
        lines.append(
            f"  amends {answer['amends']['accession_number'] or 'a filing that is not known'} ({answer['amends']['state']})"
        )
    lines += [line for one in answer["ledger"] for line in _balance_in_words(one)]
    if answer["verdicts"] and answer["judged"] == "now":
        lines.append("  it was not judged then; by the rules of today:")
    for verdict in answer["verdicts"]:
        lines.append(
            f"  watch {verdict['watch']}, rule {verdict['rule']}: {'matched' if verdict['matched'] else 'did not match'}"
        )
        for one in verdict["conditions"]:
            lines.append(f"    {'✓' if one['met'] else '✗'} {one['name']}: wanted {one['wanted']}; seen {one['seen']}")
        if not verdict["conditions"]:
            lines.append("    no conditions: it has none, or they were removed by age (keep_logs)")
    if answer["silent_because"]:
        lines.append(f"  nobody was told: {answer['silent_because']}")
    for alert in answer["alerts"]:
        lines.append(f"  alert {alert['event_id'][:8]}: {alert['title']}")
        for one in alert["deliveries"]:
            lines.append(f"    {one['destination']}: {_delivery_in_words(one)}")
    return lines
