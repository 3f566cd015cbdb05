"""Pairs of ownership XML and the page a stylesheet of the SEC makes of it, and what a page's reading says beside the XML's.

The stylesheets are those of the specification v5.5 (in the corpus): `3_X06` to `5_X09`, named for the form and the last digits of
the schema version they belong to. The archive serves other ones; of its pages the corpus holds five.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from tests.independent import Leaf
from tests.independent import Reader
from tests.independent import as_json
from tests.independent import leaves
from watcher.core.model import OwnershipDocument

NOT_ON_ANY_PAGE = ("schema_version",)


@dataclass(frozen=True, slots=True)
class Pair:
    xml: Path
    stylesheet: str
    wanted: Reader
    page: bytes


@dataclass(frozen=True, slots=True)
class Difference:
    path: str
    wanted: Leaf
    got: Leaf

    @property
    def field(self) -> str:
        """The path without numbers: `derivative_table.shares`."""
        return field_of(self.path)


def pairs(corpus: Path, *, every: bool) -> Iterator[Pair]:
    """Each document with every stylesheet of its form, or (in turn, so that all are used) with one."""
    folder = next((corpus / "schemas").glob("ownershipxmltechspec*/*Stylesheets"))
    stylesheets = {path.stem: etree.XSLT(etree.parse(path)) for path in sorted(folder.glob("[345]_X*.xsl"))}
    for number, path in enumerate(sorted((corpus / "xml").glob("*.xml"))):
        wanted = Reader(path.read_bytes())
        form = str(wanted.document["form_type"])[0]
        names = [name for name in stylesheets if name.startswith(form)]
        for name in names if every else [names[number % len(names)]]:
            page = etree.tostring(stylesheets[name](etree.parse(path)), method="html", encoding="utf-8")
            yield Pair(path, name, wanted, page)


def compare(wanted: Reader, got: OwnershipDocument) -> tuple[list[str], list[Difference]]:
    """The paths of all leaves that one of the two states, and the leaves that differ (figures by value: a page drops zeros)."""
    left, right = (
        {path: leaf for path, leaf in leaves(document) if not path.endswith(".keys") and path not in NOT_ON_ANY_PAGE}
        for document in (wanted.document, as_json(got))
    )
    stated = [path for path in left | right if left.get(path) is not None or right.get(path) is not None]
    differing = [path for path in stated if left.get(path) != right.get(path)]
    return stated, [Difference(path, left.get(path), right.get(path)) for path in differing]


def field_of(path: str) -> str:
    return re.sub(r"\[[0-9]+\]|(?<=^footnotes)\.F[0-9]+|\.count$", "", path)
