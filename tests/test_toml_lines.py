"""The line of every value of a TOML document."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from watcher.toml_lines import Place
from watcher.toml_lines import places

# Each "@" stands for the number of its own line, "%" for a number used once.
STATEMENTS = [
    "",
    "# [comment] = @",
    "[table%]",
    '[ "quoted ] %" . deeper ]',
    "[[rows]]",
    "[rows.sub%]",
    "[[rows.inner]]",
    "key% = @",
    'dotted%."x ] y".z = @  # [x]',
    "list% = [ @,\n  @, # ] not the end\n  [\n @,\n @ ],\n]",
    "rows% = [ { a = @, b = [@,\n{ c = @ }] },\n { a = @ } ]",
    'text% = """\n[[rows]] # x = 1\n\\""" ""\n"""\nafter% = @',
    "literal% = '''\n]] '' \"\"\" {''''\nlater% = @",
    "basic% = \"# ] \\\" [ ''' {\"",
    "empty% = \"\"\nnone% = ''\nleft% = @",
    "float% = 1.5e3\ntime% = 1979-05-27 07:32:00\nnext% = @",
]


def numbered(statements: list[str]) -> str:
    source = "\n".join(each.replace("%", str(number)) for number, each in enumerate(statements))
    return "\n".join(line.replace("@", str(number)) for number, line in enumerate(source.split("\n"), start=1))


def leaves(value: object, place: Place = ()) -> list[tuple[Place, object]]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, (*place, key))]
    if isinstance(value, list):
        return [leaf for index, inner in enumerate(value) for leaf in leaves(inner, (*place, index))]
    return [(place, value)]


@given(st.lists(st.sampled_from(STATEMENTS), max_size=25))
def test_every_value_of_any_document_is_found_on_its_line(statements: list[str]) -> None:
    source = numbered(["first% = @", "[[rows]]", *statements])
    document = tomllib.loads(source)
    lines = places(source)
    found = leaves(document)
    assert {place for place, _ in found} <= lines.keys()
    assert [(place, lines[place]) for place, value in found if isinstance(value, int) and lines[place][0] != value] == []
