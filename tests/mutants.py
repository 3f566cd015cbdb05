"""Documents gone wrong in the ways documents go wrong, read by both readers: both refuse, or both come to the same.

`python -m tests.mutants --count 1000000` makes a million of them from the cases (and `--corpus PATH`: from every XML file
there), and prints one line of counts; what the readers disagree on is printed in full, and the exit status is then 1. The same
seed gives the same mutants.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.independent import Reader
from tests.independent import RefusedError
from tests.independent import as_json
from tests.independent import differences
from watcher.core.errors import UnreadableDocument
from watcher.core.ownership import parse_ownership

CASES = Path(__file__).parent / "cases" / "ownership"
SLOW = 0.1  # seconds of CPU one document may take
TEXTS = (
    *("", " ", "0", "1", "true", "FALSE", "yes", "NaN", "1e5", "-1", "+7", "1,000", ".001", "5.", "."),
    *("0.0001", "\uff11\uff12", "0x1", "999999999999.9999", "00012", "0009990001", "12345678901", "9990001"),
    *("2024-02-30", "2024-02-29", "0022-01-01", "2024-07-19-05:00", "2024-13-01", "20240719", "2024-07-19Z"),
    *("F1", "F99", "S", "M", "D", "I", "4", "5/A", "10-K", "\u00a0", "\u202e", "\U0001f4c8", "é", "x" * 3000),
    *("A &amp; B", "&#49;0", "&#x2014;", "&lt;b&gt;", "&amp;amp;", "\n  two\n lines ", "\r\n"),
    *("&bogus;", "&", "a < b", "]]>", "&#0;", "\x07", "&#xD800;"),
)
INSIDE = (
    "<!-- a -->",
    "<!---->",
    "<?p q?>",
    "<![CDATA[]]>",
    "<![CDATA[1]]>",
    "<!-- -- -->",
    "<?xml version='1.0'?>",
    "<![CDATA[<b>",
)
UNKNOWN = (
    "<new/>",
    "<new>5</new>",
    "<n:w xmlns:n='urn:example'><value>9</value></n:w>",
    "<new a='1' a='2'/>",
    "<new>",
    "<Value>8</Value>",
)
DOCTYPES = ("<!DOCTYPE x>", '<!DOCTYPE x [<!ENTITY e "1">]>', '<!DOCTYPE x SYSTEM "file:///dev/null">', "<!doctype x>")
PROLOGS = ("", "\ufeff", "\n ", '<?xml version="1.0" encoding="{}"?>', '<?xml version="1.0" standalone="yes"?>', "<?xml?>")
ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "iso-8859-1",
    "windows-1252",
    "us-ascii",
    "utf-16",
    "utf-16-le",
    "utf-32",
    "cp037",
    "shift_jis",
)
REPEATABLE = "nonDerivativeTransaction|nonDerivativeHolding|derivativeTransaction|derivativeHolding|reportingOwner|footnoteId"

Tokens = list[str]  # tags and the text between them, as they stand


def _tags(tokens: Tokens, pattern: str) -> list[int]:
    return [place for place, token in enumerate(tokens) if re.match(pattern, token)]


def _end(tokens: Tokens, start: int) -> int:
    """Where the element that opens at `start` is over (it may not be, in a mutant of a mutant)."""
    if tokens[start].endswith("/>"):
        return start + 1
    name, depth = re.split(r"[\s/>]", tokens[start][1:], maxsplit=1)[0], 0
    for place in range(start, len(tokens)):
        depth += bool(re.match(rf"<{name}[\s>]", tokens[place])) and not tokens[place].endswith("/>")
        depth -= tokens[place] == f"</{name}>"
        if depth == 0:
            return place + 1
    return start + 1


def change_text(tokens: Tokens, chance: random.Random) -> None:
    leaves = [
        place for place in range(1, len(tokens) - 1) if tokens[place + 1].startswith("</") and tokens[place - 1][1:2] != "/"
    ]
    tokens[chance.choice(leaves)] = chance.choice(TEXTS)


def put_inside_text(tokens: Tokens, chance: random.Random) -> None:
    place = chance.choice([place for place, token in enumerate(tokens) if not token.startswith("<")])
    cut = chance.randint(0, len(tokens[place]))
    tokens[place] = tokens[place][:cut] + chance.choice(INSIDE) + tokens[place][cut:]


def put_unknown_element(tokens: Tokens, chance: random.Random) -> None:
    tokens.insert(chance.choice(_tags(tokens, "<[a-z]")[1:]), chance.choice(UNKNOWN))


def drop_element(tokens: Tokens, chance: random.Random) -> None:
    start = chance.choice(_tags(tokens, "<[a-z]")[1:])
    del tokens[start : _end(tokens, start)]


def repeat_element(tokens: Tokens, chance: random.Random) -> None:
    start = chance.choice(_tags(tokens, rf"<({REPEATABLE})[\s/>]") or [len(tokens) - 1])
    end = _end(tokens, start)
    tokens[end:end] = tokens[start:end]


def swap_elements(tokens: Tokens, chance: random.Random) -> None:
    start = chance.choice(_tags(tokens, "<[a-z]")[1:])
    middle = _end(tokens, start)
    following = next((place for place in _tags(tokens, "<[a-z]") if place >= middle), middle)
    if all(token.isspace() or not token for token in tokens[middle:following]):
        end = _end(tokens, following)
        tokens[start:end] = tokens[following:end] + tokens[middle:following] + tokens[start:middle]


def misspell_tag(tokens: Tokens, chance: random.Random) -> None:
    place = chance.choice(_tags(tokens, "<"))
    cut = chance.randint(0, len(tokens[place]))
    tokens[place] = tokens[place][:cut] + chance.choice(("", "x", " ", "/", "<", ">", '"', "\n")) + tokens[place][cut + 1 :]


def change_id(tokens: Tokens, chance: random.Random) -> None:
    place = chance.choice(_tags(tokens, "<.*id=") or [0])
    tokens[place] = re.sub('id="[^"]*"', chance.choice(('id="F1"', "id='F2'", 'id=" F3 "', 'id=""', "id=F1", "")), tokens[place])


def put_doctype(tokens: Tokens, chance: random.Random) -> None:
    tokens.insert(chance.randint(0, min(6, len(tokens))), chance.choice(DOCTYPES))


CHANGES: tuple[Callable[[Tokens, random.Random], None], ...] = (
    *(change_text,) * 8,
    *(put_inside_text, put_unknown_element, drop_element, repeat_element, swap_elements) * 2,
    *(misspell_tag, change_id, put_doctype),
)


def mutant(source: str, chance: random.Random) -> bytes:
    """One document made from `source` by one to six changes, sometimes in another encoding, cut short or with a wrong byte."""
    tokens = re.split(r"(<!--.*?-->|<!\[CDATA\[.*?\]\]>|<[^>]*>)", source, flags=re.DOTALL)
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        chance.choice(CHANGES)(tokens, chance)
    text = "".join(tokens)
    encoding = "utf-8"
    if chance.random() < 0.15:
        encoding = chance.choice(ENCODINGS)
        declared = chance.choice((encoding, encoding, *ENCODINGS))
        text = chance.choice(PROLOGS).format(declared) + re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    xml = text.encode(encoding, "xmlcharrefreplace" if encoding != "utf-8" else "replace")
    if chance.random() < 0.05:
        xml = xml[: chance.randint(0, len(xml))]
    if chance.random() < 0.05:
        place = chance.randint(0, len(xml))
        xml = xml[:place] + chance.choice((b"\x00", b"\xff", b"\xc3", b"<", b"&", b"\x1a", b"\r")) + xml[place:]
    return xml


def judged(xml: bytes) -> tuple[str, list[str]]:
    """Return "read" or "refused" with no complaint, or what the readers disagree on."""
    began = time.process_time()
    try:
        ours = parse_ownership(xml)
    except UnreadableDocument as error:
        ours = None
        refusal = str(error)
    took = time.process_time() - began
    complaints = [f"took {took:.3f} s"] if took > SLOW else []
    try:
        theirs = Reader(xml)
    except RefusedError as error:
        return "refused", [*complaints, f"only the second refuses: {error}"] if ours else complaints
    if ours is None:
        return "refused", [*complaints, f"only the first refuses: {refusal}"]
    complaints += differences(as_json(ours), theirs.document)
    complaints += [f"no warning quotes {text!r}" for text in theirs.illegible if not _quoted(text, ours.warnings)]
    return "read", complaints


def _quoted(text: str, warnings: tuple[str, ...]) -> bool:
    return any(repr(text[:60])[1:-1] in warning for warning in warnings)


def sources(corpus: Path | None = None) -> list[str]:
    """What mutants are made from: every case that is read, and the XML files of `corpus`."""
    texts = []
    for path in [*sorted(CASES.glob("*.xml")), *(sorted(corpus.rglob("*.xml")) if corpus else [])]:
        try:
            parse_ownership(path.read_bytes())
        except UnreadableDocument:
            continue
        texts.append(
            re.sub(r"^(<\?xml[^>]*\?>\s*)?<!--.*?-->", r"\1", path.read_bytes().decode("utf-8", "ignore"), flags=re.DOTALL)
        )
    return texts


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--count", type=int, default=2000)
    arguments.add_argument("--seed", type=int, default=4)
    arguments.add_argument("--corpus", type=Path)
    given = arguments.parse_args()
    chance, counts, began = random.Random(given.seed), Counter[str](), time.monotonic()  # noqa: S311 - mutants, not secrets
    texts = sources(given.corpus)
    for number in range(given.count):
        xml = mutant(chance.choice(texts), chance)
        verdict, complaints = judged(xml)
        counts[verdict] += 1
        if complaints:
            counts["disagreements"] += 1
            sys.stdout.write(f"mutant {number}: {verdict}: {complaints[:3]}\n{xml!r}\n")
    sys.stdout.write(
        f"{given.count} mutants of {len(texts)} documents, seed {given.seed}: "
        f"read {counts['read']}, refused {counts['refused']}, disagreements {counts['disagreements']}, "
        f"{time.monotonic() - began:.0f} s\n"
    )
    return 1 if counts["disagreements"] else 0


if __name__ == "__main__":
    sys.exit(main())
