"""The JSON Schema of the configuration, made from what the reader asks for, and a checker that knows as much of JSON Schema as it uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from watcher.config import Reader
from watcher.config_values import BadValueError
from watcher.config_values import one_of
from watcher.toml_lines import Place
from watcher.toml_tables import Checker
from watcher.toml_tables import Each
from watcher.toml_tables import Known
from watcher.toml_tables import Tables

Schema = dict[str, Any]

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "config" / "watcher.example.toml"
# One of each table that may be there several times; a plan may be a word or a list.
SAMPLE = '[destinations.a]\n[rules.a]\n[rules.b]\nplan = ["checked"]\n[[watch]]\n[[watchlist]]\n'
DURATION = r"^[0-9]{1,6}[smhd]$"
TEXTS = (
    *("a", "QLYS", "0001107843", "NAME", "https://example.com", "json://example.com", "Jane Roe jane.roe@example.com"),
    *("22:00-07:00", "weekends", "America/New_York"),
)
NUMBERS = (0, 1, 5, 100, 1000, 10**6)
NAMES = r"^[\w.-]+$"


class Listening(Tables):
    """Tables that remember what was asked of them."""

    def __init__(self, path: Path, homes: Mapping[str, str]) -> None:
        super().__init__(path, homes)
        self.asked: dict[Place, list[Known]] = {}

    def table(self, place: Place, raw: object, known: Known) -> dict[str, Any]:
        """As the others', and what is known is kept under its place, names and numbers left out."""
        self.asked.setdefault(place[:1], []).append(known)
        return super().table(place, raw, known)


def asked(folder: Path) -> dict[Place, list[Known]]:
    """What the reader of the configuration knows in each table."""
    (folder / "sample.toml").write_text(SAMPLE, "utf-8")
    tables = Listening(folder / "sample.toml", {})
    Reader(tables, {}, lambda _: None, secrets=True).config()
    return tables.asked


def schema(folder: Path, example: str) -> Schema:
    """The whole schema; descriptions are the comments of the example."""
    said, known = descriptions(example), asked(folder)
    top: Schema = {"watchlists": {**_shape(Each(_anything)), "description": said.get(("watchlists",), "")}}
    for (name, *_), alternatives in known.items():
        title = str(name)
        made = _table(title, alternatives, said)
        named = title in {"destinations", "rules"}
        top[title] = {"type": "object", "patternProperties": {NAMES: made}, "additionalProperties": False} if named else made
        if title in {"watch", "watchlist"}:
            top[title] = {"type": "array", "items": made}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Configuration of the watcher",
        "description": "Made from the code, by tests/test_config_schema.py. `watcher check` says more.",
        "type": "object",
        "properties": dict(sorted(top.items())),
        "additionalProperties": False,
        "required": ["edgar"],
    }


def _table(name: str, alternatives: list[Known], said: Mapping[tuple[str, ...], str]) -> Schema:
    properties: dict[str, Schema] = {}
    for known in alternatives:
        for key, checker in known.items():
            shape, before = _shape(checker), properties.get(key, {})
            before.pop("description", None)
            if before and before != shape:
                shape = {"anyOf": [before, shape]}
            properties[key] = {**shape, "description": said[name, key]} if (name, key) in said else shape
    required = ["contact"] if name == "edgar" else ["notify"] if name == "rules" else ["files"] if name == "watchlist" else []
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def _anything(value: object) -> object:
    if not isinstance(value, str):
        raise BadValueError("must be text")
    return value


def _shape(checker: Checker | Each) -> Schema:
    """What a checker takes, as far as it shows when it is tried."""
    if isinstance(checker, Each):
        return {"type": "array", "items": _shape(checker.checker), "minItems": 1, "uniqueItems": True}
    if isinstance(checker, one_of) and checker.what not in {"rule", "destination"}:
        return {"enum": list(checker.known)}
    if _takes(checker, True):
        return {"const": True}
    texts = [text for text in TEXTS if _takes(checker, text)]
    found: list[Schema] = []
    if any(_takes(checker, span) for span in ("1h", "30d", "10m", "365d")) and "a" not in texts:
        found.append({"type": "string", "pattern": DURATION})
    elif texts == ["https://example.com"]:
        found.append({"type": "string", "pattern": "^https?://"})
    elif texts or isinstance(checker, one_of):
        found.append({"type": "string", "minLength": 1})
    if numbers := [number for number in NUMBERS if _takes(checker, number)]:
        kind = "number" if _takes(checker, Decimal("2.5")) else "integer"
        found.append({"type": kind, "minimum": numbers[0]})
    if _takes(checker, ["daily", "weekly"]):
        found = [{"enum": ["daily", "weekly"]}, {"type": "array", "items": {"enum": ["daily", "weekly"]}, "minItems": 1}]
    assert found, f"what does {checker} take?"
    return found[0] if len(found) == 1 else {"anyOf": found}


def _takes(checker: Checker, value: object) -> bool:
    try:
        checker(value)
    except BadValueError as error:
        return isinstance(value, str) and any(words in str(error) for words in ("must name a file", "must match a file"))
    return True


def descriptions(example: str) -> dict[tuple[str, ...], str]:
    """(table, key) or (key,) to the comment above it. Keys that follow each other share one."""
    found: dict[tuple[str, ...], str] = {}
    table: tuple[str, ...] = ()
    prose: list[str] = []
    fresh = True
    for line in example.splitlines():
        if header := re.fullmatch(r"(?:# )?\[\[?(\w+)[\w.]*\]\]?\s*(#.*)?", line):
            table, prose = (header[1],), []
        elif key := re.match(r"(?:# )?(\w+) = ", line):
            if prose:
                found.setdefault((*table, key[1]), " ".join(prose))
            fresh = True
        elif line.startswith("# ") and not line.startswith(("# ---", "#   ")):
            prose = [line[2:]] if fresh else [*prose, line[2:]]
            fresh = False
        elif not line.strip():
            prose, fresh = [], True
    return found


# --- checking -------------------------------------------------------------------------------------------------------------


def complaints(value: object, schema: Schema, where: str = "") -> Iterator[str]:
    """Where a value is not what the schema says, for the words of JSON Schema that are used here."""
    if "anyOf" in schema:
        if all(any(True for _ in complaints(value, one, where)) for one in schema["anyOf"]):
            yield f"{where}: none of the alternatives"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: not one of those"
    if "const" in schema and value is not schema["const"]:
        yield f"{where}: not {schema['const']}"
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": int | float | Decimal}
    kind = schema.get("type")
    if kind and (not isinstance(value, kinds[kind]) or isinstance(value, bool)):
        yield f"{where}: not of type {kind}"
    elif isinstance(value, dict):
        yield from _of_table(value, schema, where)
    elif isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield f"{where}: empty"
        for index, each in enumerate(value):
            yield from complaints(each, schema.get("items", {}), f"{where}[{index}]")
    elif isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{where}: not of the pattern"
    elif isinstance(value, int | float | Decimal) and value < schema.get("minimum", value):
        yield f"{where}: too small"


def _of_table(value: dict[str, Any], schema: Schema, where: str) -> Iterator[str]:
    for key, each in value.items():
        pattern = next((one for one in schema.get("patternProperties", {}) if re.search(one, key)), None)
        if key in schema.get("properties", {}):
            yield from complaints(each, schema["properties"][key], f"{where}.{key}")
        elif pattern is not None:
            yield from complaints(each, schema["patternProperties"][pattern], f"{where}.{key}")
        elif schema.get("additionalProperties") is False:
            yield f"{where}: unknown key {key}"
    yield from (f"{where}: {key} is missing" for key in schema.get("required", ()) if key not in value)
