"""Where each key of a TOML document stands. `tomllib` gives values without lines; this gives lines and columns without values.

Only for a source that `tomllib` has accepted: what is not TOML is not noticed here. Grammar: TOML v1.0.0.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

Place = tuple[str | int, ...]
Spot = tuple[int, int]  # line and column, from 1

_TOKEN = re.compile(
    r"""
      (?P<skip> [ \t\r]+ | \#[^\n]* )
    | (?P<text> \"{3} (?:\\.|[^\\])*? \"{3,5} | '{3} .*? '{3,5} | \"(?:\\.|[^\"\\])*\" | '[^']*' )
    | (?P<mark> [\[\]{}=,.\n] )
    | (?P<bare> [^\s\[\]{}=,.\#\"']+ )
    """,
    re.VERBOSE | re.DOTALL,
)
_END_OF_VALUE = frozenset("\n,]}")


def places(source: str) -> dict[Place, Spot]:
    """The line and column of every table, key and array element: ("watch", 0, "ticker") is the first watch's ticker.

    A table that only its children's headers imply stands where the first of them stands.
    """
    scan = _Scan(source)
    scan.document()
    return scan.places


def opened(source: str) -> tuple[str, int, int] | None:
    """The first bracket or brace that nothing closes, with its line and column. For any source, TOML or not."""
    waiting: list[tuple[str, int, int]] = []
    for piece, (line, column) in _tokens(source):
        if piece in ("[", "{"):
            waiting.append((piece, line, column))
        elif piece in ("]", "}") and waiting:
            waiting.pop()
    return waiting[0] if waiting else None


def _tokens(source: str) -> Iterator[tuple[str, Spot]]:
    line, begins = 1, 0
    for match in _TOKEN.finditer(source):
        piece = match.group()
        if match.lastgroup != "skip":
            yield piece, (line, match.start() - begins + 1)
        if ends := piece.count("\n"):
            line += ends
            begins = match.start() + piece.rindex("\n") + 1
    yield "\n", (line, 1)


class _Scan:
    def __init__(self, source: str) -> None:
        self.tokens = list(_tokens(source))
        self.at = 0
        self.places: dict[Place, Spot] = {}
        self.newest: dict[Place, int] = {}  # array of tables -> index of the table being filled

    def document(self) -> None:
        table: Place = ()
        while self.at < len(self.tokens):
            piece = self.tokens[self.at][0]
            if piece == "\n":
                self.at += 1
            elif piece == "[":
                table = self.header()
            else:
                self.pair(table)

    def header(self) -> Place:
        spot = self.tokens[self.at][1]
        brackets = 2 if self.tokens[self.at + 1][0] == "[" else 1
        self.at += brackets
        *parents, name = self.keys("]")
        self.at += brackets - 1
        place: Place = ()
        for key in parents:
            place = (*place, key)
            self.places.setdefault(place, spot)
            if place in self.newest:
                place = (*place, self.newest[place])
        place = (*place, name)
        if brackets == 2:
            self.newest[place] = self.newest.get(place, -1) + 1
            self.places.setdefault(place, spot)
            place = (*place, self.newest[place])
        self.places[place] = spot
        return place

    def keys(self, end: str) -> list[str]:
        found: list[str] = []
        while (piece := self.tokens[self.at][0]) != end:
            if piece[0] in "\"'":
                found.append(tomllib.loads(f"key = {piece}")["key"])
            elif piece != ".":
                found.append(piece)
            self.at += 1
        self.at += 1
        return found

    def pair(self, table: Place) -> None:
        spot = self.tokens[self.at][1]
        place = table
        for key in self.keys("="):
            place = (*place, key)
            self.places.setdefault(place, spot)
        self.value(place)

    def value(self, place: Place) -> None:
        piece, spot = self.tokens[self.at]
        self.places.setdefault(place, spot)
        if piece in ("[", "{"):
            self.at += 1
            index = 0
            while (inner := self.tokens[self.at][0]) not in ("]", "}"):
                if inner in ("\n", ","):
                    self.at += 1
                elif piece == "{":
                    self.pair(place)
                else:
                    self.value((*place, index))
                    index += 1
            self.at += 1
        else:
            while self.tokens[self.at][0] not in _END_OF_VALUE:
                self.at += 1
