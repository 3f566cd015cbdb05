"""Coverage-guided fuzzing of everything that reads what others wrote.

    python -m tests.experiments.fuzz --reader all --seconds 60 [--corpus ../shared/corpus]

Needs Atheris, which nothing else here does: install it, and lxml, in an environment of its own. Each reader is fuzzed in a process
of its own, from the tests' cases and, with `--corpus`, from real material. A reader may raise the error it declares and no other,
and may take a second of CPU for one input. What breaks that is written to tests/cases/fuzz, once for each place in the code it
comes from, and is from then on read by tests/core/test_fuzz_findings.py. Before it is kept for good, reduce it to a few lines of
one's own: what began as a real filing must not stay. Exit 1 if there is any.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

from watcher.core.errors import FeedUnreadable
from watcher.core.errors import UnreadableDocument

CASES = Path(__file__).parents[1] / "cases"
FINDINGS = CASES / "fuzz"
SECONDS_EACH = 1.0  # of CPU, for one input
LONGEST = 60_000  # bytes; a longer input is slow to mutate and shows nothing that a shorter one does not


@dataclass(frozen=True, slots=True)
class Reader:
    """A function from bytes, by name so that it can be instrumented as it is imported, and what it may start from."""

    module: str
    function: str
    declared: type[Exception]
    cases: str  # below tests/cases
    real: tuple[str, ...]  # below the corpus
    arguments: tuple[str, ...] = ()

    def read(self, content: bytes) -> object:
        function = getattr(import_module(self.module), self.function)
        return function(content, *self.arguments)


READERS = {
    "ownership": Reader("watcher.core.ownership", "parse_ownership", UnreadableDocument, "ownership/*", ("xml/*.xml",)),
    "submission": Reader(
        "watcher.core.submission", "parse_submission", UnreadableDocument, "submission/*", ("submission_txt/*",)
    ),
    "any": Reader("watcher.core.reading", "read", UnreadableDocument, "*/*.[thx]*", ("submission_txt/*", "html/*")),
    "rendered": Reader("watcher.core.rendered", "parse_rendered", UnreadableDocument, "rendered/*", ("html/*",)),
    "printed": Reader("watcher.core.printed", "parse_printed", UnreadableDocument, "printed/*", ("printed_*", "legacy_text/*")),
    "feed": Reader("watcher.core.feed", "parse_feed", FeedUnreadable, "fuzz/feed_*", ("feeds/getcurrent/*/*.atom",)),
    "submissions": Reader(
        "watcher.core.index",
        "parse_submissions",
        FeedUnreadable,
        "fuzz/submissions_*",
        ("feeds/submissions/*.json",),
        ("0009990001",),
    ),
    "tickers": Reader("watcher.core.index", "parse_tickers", FeedUnreadable, "fuzz/tickers_*", ("feeds/tickers/*",)),
    "master": Reader("watcher.core.index", "parse_master", FeedUnreadable, "fuzz/master_*", ("indexes/master*",)),
}


def seeds(reader: Reader, corpus: Path | None = None) -> list[bytes]:
    """What to start from, without what is too long for a fuzzer."""
    paths = sorted(CASES.glob(reader.cases)) + sorted(path for glob in reader.real if corpus for path in corpus.glob(glob))
    return [content for path in paths if path.is_file() and len(content := path.read_bytes()) <= LONGEST]


def judged(reader: Reader, content: bytes) -> tuple[str, str] | None:
    """Nothing if the reader behaved; else what it did, and the place in the code that it comes from."""
    began = time.process_time()
    try:
        reader.read(content)
    except reader.declared:
        pass
    except Exception as error:  # noqa: BLE001 - any other error is what is looked for
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return repr(error)[:200], f"{type(error).__name__} {Path(frame.filename).name}:{frame.lineno}"
    took = time.process_time() - began
    return (f"took {took:.1f} s", "slow") if took > SECONDS_EACH else None


def mutants(sources: list[bytes], chance: Random) -> Iterator[bytes]:
    """Without end: a source with one to ten bytes changed, or pieces moved, repeated, dropped or taken from another source."""
    while True:
        content = bytearray(chance.choice(sources))
        for _ in range(chance.randint(1, 10)):
            place, length = chance.randint(0, len(content)), chance.choice((0, 1, 1, 4, 40, 400))
            other = chance.choice((content, chance.choice(sources)))
            start = chance.randint(0, len(other))
            piece = bytes(other[start : start + chance.choice((0, 1, 8, 80, 800))])
            content[place : place + length] = chance.choice((piece, bytes([chance.randrange(256)]), piece * chance.randint(1, 9)))
        yield bytes(content)


def fuzz(name: str, seconds: int, corpus: Path | None) -> None:
    """Let Atheris loose on one reader; it ends the process itself."""
    atheris: Any = import_module("atheris")
    reader = READERS[name]
    with atheris.instrument_imports(include=["watcher.core"]):
        for each in READERS.values():  # a reader may import another only when it meets its kind of document
            import_module(each.module)
    found: set[str] = set()

    def one_input(content: bytes) -> None:
        if (complaint := judged(reader, content)) is not None and complaint[1] not in found:
            found.add(complaint[1])
            path = FINDINGS / f"{name}_{hashlib.sha256(content).hexdigest()[:12]}"
            path.write_bytes(content)
            sys.stdout.write(f"FOUND {name}: {complaint[1]}: {complaint[0]} ({path.name})\n")
            sys.stdout.flush()

    with tempfile.TemporaryDirectory() as folder:
        for number, content in enumerate(seeds(reader, corpus)):
            Path(folder, str(number)).write_bytes(content)
        options = [
            f"-max_total_time={seconds}",
            f"-max_len={LONGEST}",
            "-print_final_stats=1",
            "-rss_limit_mb=4096",
            "-verbosity=0",
        ]
        atheris.Setup([sys.argv[0], *options, folder], one_input)
        atheris.Fuzz()


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--reader", choices=["all", *READERS], default="all")
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("--corpus", type=Path)
    arguments.add_argument("--in-process", action="store_true", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.in_process:
        fuzz(given.reader, given.seconds, given.corpus)
    status = 0
    for name in READERS if given.reader == "all" else [given.reader]:
        command = [
            sys.executable,
            "-m",
            "tests.experiments.fuzz",
            "--in-process",
            "--reader",
            name,
            "--seconds",
            str(given.seconds),
        ]
        command += ["--corpus", str(given.corpus)] if given.corpus else []
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - itself
        executions = re.search(r"number_of_executed_units:\s*([0-9]+)", done.stderr)
        findings = [line for line in done.stdout.splitlines() if line.startswith("FOUND")]
        sys.stdout.write("".join(f"{line}\n" for line in findings))
        sys.stdout.write(
            f"{name}: {executions[1] if executions else 'no'} executions in {given.seconds} s, {len(findings)} findings\n"
        )
        if executions is None or done.returncode:
            sys.stdout.write(done.stderr[-3000:])
        status |= bool(findings) or executions is None
    return status


if __name__ == "__main__":
    sys.exit(main())
