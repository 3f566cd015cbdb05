"""What a case file says of itself: `Description:` in words, then under `Expect:` one line a fact.

`PATH = VALUE` is a leaf of what is read, as text: `null`, `true`, `false`, a backslash and `n` for a line break, ids of footnotes
with spaces between; `PATH.count` says how many. `warns = TEXT` is one warning with these words in it, and a case without such a
line expects none. `refused = TEXT` says that the document is refused, in these words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from tests.independent import Json
from tests.independent import Leaf


@dataclass(frozen=True, slots=True)
class Expectation:
    facts: dict[str, str]
    warns: tuple[str, ...]
    refused: str | None


def expectation(comment: str) -> Expectation:
    assert "Description:" in comment
    lines = comment.split("Expect:", 1)[1].strip("\n").splitlines()
    pairs = [(path.strip(), value.strip()) for path, _, value in (line.partition(" =") for line in lines if line.strip())]
    assert pairs, "a case that expects nothing cannot fail"
    facts = {path: value for path, value in pairs if path not in ("warns", "refused")}
    warns = tuple(value for path, value in pairs if path == "warns")
    assert len(facts) + len(warns) + ("refused" in dict(pairs)) == len(pairs), "a fact is stated twice"
    return Expectation(facts, warns, dict(pairs).get("refused"))


def facts_of(value: Json, path: str = "") -> Iterator[tuple[str, str]]:
    """Every leaf of a reading in the words of a case file."""
    if isinstance(value, dict):
        yield f"{path}.count", str(len(value))
        for key, item in value.items():
            yield from facts_of(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        yield path, " ".join(str(item) for item in value)
    elif isinstance(value, list):
        yield f"{path}.count", str(len(value))
        for number, item in enumerate(value):
            yield from facts_of(item, f"{path}[{number}]")
    else:
        yield path, _text(value)


def _text(leaf: Leaf) -> str:
    if leaf is None or isinstance(leaf, bool):
        return {None: "null", True: "true", False: "false"}[leaf]
    return format(leaf, "f") if isinstance(leaf, Decimal) else str(leaf).replace("\n", "\\n")


def hold(wanted: Expectation, read: Json, warnings: tuple[str, ...]) -> None:
    """Fail unless every stated fact is there, and exactly the stated warnings."""
    found = dict(facts_of(read))
    assert {path: found.get(path, "(not there)") for path in wanted.facts} == wanted.facts
    left = list(warnings)
    for words in wanted.warns:
        told = [warning for warning in left if words in warning]
        assert told, f"no warning with {words} in {warnings}"
        left.remove(told[0])
    assert left == []
