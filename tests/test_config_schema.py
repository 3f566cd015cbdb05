"""The JSON Schema for editors: in step with the reader, and with the example.

Written anew by `RENEW_SCHEMA=1 .venv/bin/pytest tests/test_config_schema.py`; `git diff` is then to be read.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.schema import EXAMPLE
from tests.schema import ROOT
from tests.schema import Schema
from tests.schema import complaints
from tests.schema import schema
from watcher.config import load
from watcher.core.errors import ConfigError

PATH = ROOT / "config" / "watcher.schema.json"
CASES = sorted((Path(__file__).parent / "cases" / "config").glob("*.toml"))
TOLD = json.loads(PATH.read_text("utf-8")) if PATH.exists() else {}


def tables(told: Schema = TOLD) -> dict[str, Schema]:
    """The schema of each kind of table, by how its header is written."""
    found = {}
    for name, each in told.get("properties", {}).items():
        if "patternProperties" in each:
            found[f"[{name}.a]"] = next(iter(each["patternProperties"].values()))
        elif each["type"] == "array" and "properties" in each["items"]:
            found[f"[[{name}]]"] = each["items"]
        elif "properties" in each:
            found[f"[{name}]"] = each
    return found


def unknown(source: str, folder: Path) -> list[str]:
    """What the reader says of keys that it does not know."""
    path = folder / "watcher.toml"
    path.write_text(source, "utf-8")
    try:
        load(path, {})
    except ConfigError as error:
        return [each.text for each in error.problems if each.text.startswith("unknown key")]
    return []


def test_it_is_what_the_reader_asks_for(tmp_path: Path) -> None:
    made = json.dumps(schema(tmp_path, EXAMPLE.read_text("utf-8")), indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("RENEW_SCHEMA"):
        PATH.write_text(made, "utf-8")
    assert PATH.read_text("utf-8") == made


def test_the_example_is_valid_as_it_is_and_with_all_that_is_commented_out() -> None:
    example = EXAMPLE.read_text("utf-8")
    whole = re.sub(r"^# (?=\[|\w+ = )", "", example, flags=re.MULTILINE)
    assert [list(complaints(tomllib.loads(text), TOLD)) for text in (example, whole)] == [[], []]


def test_the_example_shows_every_key() -> None:
    whole = tomllib.loads(re.sub(r"^# (?=\[|\w+ = )", "", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE))
    shown = {
        f"{name}.{key}"
        for name, each in whole.items()
        for table in (each if isinstance(each, list) else [each, *each.values()] if isinstance(each, dict) else [])
        if isinstance(table, dict)
        for key in table
    }
    known = {f"{header.strip('[]').split('.')[0]}.{key}" for header, table in tables().items() for key in table["properties"]}
    # each is a way to say what another key says there
    assert known - shown <= {"destinations.secret_file", "vigil.ping_url_env", "vigil.ping_url_file"}


@pytest.mark.parametrize("header", tables())
def test_every_key_of_a_table_is_known_to_the_reader_and_no_other(header: str, tmp_path: Path) -> None:
    keys = tables()[header]["properties"]
    assert unknown(f"{header}\n" + "".join(f"{key} = 1\n" for key in keys), tmp_path) == []
    assert len(unknown(f"{header}\n" + "".join(f"{key}x = 1\n" for key in keys), tmp_path)) == len(keys)


def test_every_table_is_known_to_the_reader_and_no_other(tmp_path: Path) -> None:
    assert unknown("".join(f"{name} = 1\n" for name in TOLD["properties"]), tmp_path) == []
    assert len(unknown("".join(f"{name}x = 1\n" for name in TOLD["properties"]), tmp_path)) == len(TOLD["properties"])


WRONG: list[tuple[str, Any]] = [
    ("edgar", {}),
    ("edgar", {"contact": "Jane jane@example.com", "poll_interval": 5}),
    ("rules", {"a": {"notify": "desk"}}),
    ("rules", {"a": {"notify": ["desk"], "plan": "exlude"}}),
    ("rules", {"a": {"notify": ["desk"], "late": False}}),
    ("rules", {"a": {"notify": ["desk"], "min_value": -1}}),
    ("rules", {"two words": {"notify": ["desk"]}}),
    ("watch", {"ticker": "EXMP"}),
    ("watchlist", [{"rules": ["a"]}]),
    ("watchlists", []),
]


@pytest.mark.parametrize(("table", "value"), WRONG)
def test_what_the_reader_refuses_is_not_valid(table: str, value: Any) -> None:
    whole = {"edgar": {"contact": "Jane Roe jane.roe@example.com"}}
    assert not list(complaints(whole, TOLD))
    assert list(complaints({**whole, table: value}, TOLD))


def test_the_example_names_it_for_editors() -> None:
    assert EXAMPLE.read_text("utf-8").startswith("#:schema watcher.schema.json\n")
