"""Register files: the trades that are expected, as [[expected]] tables of TOML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from watcher.config_values import calendar_day
from watcher.config_values import cik
from watcher.config_values import one_of
from watcher.config_values import phrase
from watcher.config_values import text
from watcher.config_values import ticker
from watcher.config_values import whole_shares
from watcher.core.codes import CODE_MEANING
from watcher.core.codes import EVENT_NAMES
from watcher.core.errors import ConfigError
from watcher.core.errors import Problem
from watcher.core.expected import NO_TRANSACTION
from watcher.core.expected import Expectation
from watcher.toml_lines import Place
from watcher.toml_tables import Each
from watcher.toml_tables import Known
from watcher.toml_tables import Tables

_EVENTS = tuple(name for name in EVENT_NAMES if name not in NO_TRANSACTION)
ENTRY_KEYS: Known = {
    "person": phrase,
    "owner_cik": cik,
    "ticker": ticker,
    "cik": cik,
    "from": calendar_day,
    "to": calendar_day,
    "shares": whole_shares,
    "codes": Each(one_of("code", tuple(CODE_MEANING))),
    "events": Each(one_of("event", _EVENTS)),
    "plan": calendar_day,
    "note": text,
}
_NEEDED = ("from", "to", "shares")


def read_expected(path: Path) -> tuple[tuple[Expectation, ...], list[Problem]]:
    """What one register expects, and its problems, each with the line it stands in. An empty register expects nothing."""
    try:
        tables = Tables(path, {})
    except ConfigError as error:
        return (), error.problems
    for key in tables.document.keys() - {"expected"}:
        tables.unknown((key,), ("expected",))
    raw = tables.document.get("expected", [])
    if not isinstance(raw, list):
        tables.wrong(("expected",), "expected must be a list of tables: write [[expected]] with two brackets")
        raw = []
    found = [_entry(tables, ("expected", index), table) for index, table in enumerate(raw)]
    return tuple(one for one in found if one is not None), tables.problems


def _entry(tables: Tables, place: Place, raw: Any) -> Expectation | None:
    already = len(tables.problems)
    read = tables.table(place, raw, ENTRY_KEYS)
    if isinstance(raw, dict):
        if len(raw.keys() & {"person", "owner_cik"}) != 1:
            tables.wrong(place, 'an expected trade takes exactly one of person = "NAME AS IN THE FILING" and owner_cik = "CIK"')
        if len(raw.keys() & {"ticker", "cik"}) == 2:
            tables.wrong(place, "an expected trade takes ticker or cik of the issuer, not both")
        if missing := [key for key in _NEEDED if key not in raw]:
            tables.wrong(place, f"an expected trade needs {' and '.join(missing)}: from and to are days, shares is the most")
        if "from" in read and "to" in read and read["from"] > read["to"]:
            tables.wrong((*place, "to"), "to must not be before from")
    if len(tables.problems) > already:
        return None
    read |= {"begins": read.pop("from"), "ends": read.pop("to")}
    if "codes" not in read:
        read.setdefault("events", ("sale",))
    return Expectation(**read)
