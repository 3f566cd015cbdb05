"""Is anything that a filer wrote alive where people and machines are told?

    python -m tests.experiments.hostile [--payloads 0] [--whole] [--json PATH]

Every payload of tests/cases/hostile/payloads.toml is put into every field of a filing in turn (with `--whole`: into all at once), judged
and kept by the real steps, and sent by the real senders to each channel; there the sink reads it as the provider's program would. At the
end all that was kept is printed by the commands that look into the store, for a terminal and for a spreadsheet. Prints one line; exit 1 if
there was anything alive.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import redirect_stdout
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from tests.experiments import sinks
from tests.experiments.ambiguity import sender_to
from tests.experiments.command_line import NO_CHANCE
from tests.experiments.command_line import command_parser
from tests.experiments.command_line import write_result
from tests.loopback import Receiver
from tests.loopback import answer
from tests.loopback import mail_server
from tests.world import EXAMPLE
from tests.world import JANE
from tests.world import NOON
from tests.world import TERMINAL
from tests.world import World
from tests.world import a_sale
from tests.world import accession
from tests.world import run_watcher
from watcher.core.listing import FilingRef
from watcher.core.listing import Party
from watcher.core.model import OwnershipDocument
from watcher.core.model import Row
from watcher.core.past import Filed
from watcher.core.reading import Reading
from watcher.core.reading import document_of
from watcher.core.reading import read_submission
from watcher.core.telling import Alert
from watcher.core.telling import Outgoing
from watcher.demo.filings import submission_text
from watcher.demo.stories import Grant
from watcher.demo.stories import Occasion
from watcher.demo.stories import exercise_and_sell
from watcher.judgement import take
from watcher.notify.people import Terminal

PAYLOADS = Path(__file__).parents[1] / "cases" / "hostile" / "payloads.toml"
TIMEOUT = 20.0  # seconds
ON = date(2026, 9, 1)
UNREADABLE = "a filing that cannot be read"


def payloads() -> list[tuple[str, str]]:
    """Each payload and its reason."""
    cases: list[dict[str, Any]] = tomllib.loads(PAYLOADS.read_text("utf-8"))["payload"]
    return [(case["text"] * case.get("repeat", 1), case["reason"]) for case in cases]


# --- fields ---------------------------------------------------------------------------------------------------------------------

Put = Callable[[OwnershipDocument, str], OwnershipDocument]


def _owner(name: str) -> Put:
    def put(document: OwnershipDocument, text: str) -> OwnershipDocument:
        changed: dict[str, Any] = {name: text}
        return replace(document, reporting_owners=tuple(replace(owner, **changed) for owner in document.reporting_owners))

    return put


def _rows(name: str, **more: Any) -> Put:
    def put(document: OwnershipDocument, text: str) -> OwnershipDocument:
        def changed(rows: tuple[Row, ...]) -> tuple[Row, ...]:
            return tuple(replace(row, **{name: text, **more}) for row in rows)

        first = (
            document
            if name.startswith("underlying")
            else replace(document, non_derivative_table=changed(document.non_derivative_table))
        )
        return replace(first, derivative_table=changed(document.derivative_table))

    return put


def _footnotes(document: OwnershipDocument, text: str) -> OwnershipDocument:
    return replace(document, footnotes={name: f"{text} {note} {text}" for name, note in document.footnotes.items()})


FIELDS: dict[str, Put] = {
    "issuer's name": lambda document, text: replace(document, issuer=replace(document.issuer, name=text)),
    "trading symbol": lambda document, text: replace(document, issuer=replace(document.issuer, trading_symbol=text)),
    "owner's name": _owner("name"),
    "officer's title": _owner("officer_title"),
    "other relationship": _owner("other_text"),
    "security title": _rows("security_title"),
    "underlying title": _rows("underlying_security_title"),
    "nature of ownership": _rows("nature_of_ownership", direct_or_indirect="I"),
    "footnote": _footnotes,
    "remarks": lambda document, text: replace(document, remarks=f"Rule 10b5-1 plan. {text}"),
    "signature": lambda document, text: replace(
        document, signatures=tuple(replace(signed, name=text) for signed in document.signatures)
    ),
    "warning": lambda document, text: replace(document, warnings=(text,)),
}


def all_at_once(document: OwnershipDocument, text: str) -> OwnershipDocument:
    """The document with the text in every field."""
    for put in FIELDS.values():
        document = put(document, text)
    return document


class Mill:
    """Filings with hostile fields, judged and kept in one store."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._number = 0
        world.watch()
        world.store.set_baseline(world.store.watches()[0].key, "done")

    def alerts(self, put: Put, text: str) -> tuple[Alert, ...]:
        """What is told of an exercise with a sale whose field holds this; each time by another owner."""
        self._number += 1
        number = accession(self._number)
        owner = replace(JANE, cik=f"{self._number:010}", is_other=True)
        plan = date(2026, 1, 5)
        occasion = Occasion(number, EXAMPLE, (owner,), ON, opening=10_000, plan_adopted=plan)
        filing = exercise_and_sell(occasion, Grant("10.25", 5_000, date(2030, 1, 1)), 1_000, f"{25 + self._number}.50")
        reading = read_submission(submission_text(filing, NOON))
        hostile = Reading(put(reading.document, text), reading.header)
        filed = Filed(number, NOON, NOON, EXAMPLE.cik or "")
        store, config = self._world.store, self._world.config
        self._found(number, owner.cik or "", text)
        with store.transaction():
            return take(store, config, store.watches(), document_of(hostile, NOON), filed, now=NOON).alerts

    def quarantined(self, text: str) -> tuple[Alert, ...]:
        """What is told of a filing that cannot be read; its owner in EDGAR's list, and its type inside, are this text."""
        self._number += 1
        world, number = self._world, accession(self._number)
        head, tail = b"<?xml version='1.0'?><ownershipDocument><documentType>", b"</documentType></ownershipDocument>"
        filing = replace(a_sale(self._number), document=head + escape(_printable(text)).encode() + tail)
        world.file(filing, listed=False)
        self._found(number, "0009980001", text)
        (result,) = world.ingest()
        assert result.state == "quarantined", result
        (kept,) = world.store.latest_alerts([number])
        payload = world.store.value("SELECT payload FROM alert WHERE event_id = ?", (kept.event_id,))
        return (Alert(kept.event_id, number, kept.watch_key, kept.rules, kept.message, payload, kept.destinations),)

    def _found(self, number: str, owner_cik: str, name: str) -> None:
        parties = (Party(EXAMPLE.cik or "", "issuer", name), Party(owner_cik, "owner", name))
        ref = FilingRef(number, "4", parties, EXAMPLE.cik or "", listed_at=NOON)
        assert self._world.store.remember([ref], now=NOON, found_by="feed") == [number]


def _printable(text: str) -> str:
    """What XML, and with it EDGAR's feed, can carry of a text."""
    return "".join(letter for letter in text if letter >= " " and letter != "\x7f")


# --- channels -------------------------------------------------------------------------------------------------------------------


class Channels:
    """All receivers, open for the whole experiment."""

    def __init__(self, leaving: ExitStack) -> None:
        self._receivers = {
            name: leaving.enter_context(Receiver(mail_server() if name == "mail" else answer(200, body=b"ok")))
            for name in sinks.SINKS
        }
        self._senders = {name: sender_to(name, receiver.port, timeout=TIMEOUT) for name, receiver in self._receivers.items()}

    def live(self, alert: Alert) -> Iterator[tuple[str, str]]:
        """Channel and finding for all in an alert that is alive somewhere."""
        outgoing = Outgoing(alert.event_id, alert.message, alert.payload)
        for name, sender in self._senders.items():
            received = self._receivers[name].received
            received.clear()
            outcome = sender.send(outgoing, now=NOON)
            if len(received) != 1 or outcome.state not in {"accepted", "unknown"}:
                yield name, f"not sent: {outcome}"
                continue
            yield from ((name, finding) for finding in sinks.SINKS[name](received[0]))
        shown = io.StringIO()
        with redirect_stdout(shown):
            Terminal().send(outgoing, now=NOON)
        yield from (("terminal", finding) for finding in sinks.terminal(shown.getvalue()))


LOOKS: tuple[tuple[str, ...], ...] = (
    ("alerts",),
    ("filings",),
    ("holdings",),
    ("why", accession(1)),
    ("outbox", "list"),
    ("status",),
)


def looked_at(config: Path) -> Iterator[tuple[str, str]]:
    """The same for what the commands print of the store."""
    for command in LOOKS:
        yield from (("terminal", f"{command[0]}: {finding}") for finding in sinks.terminal(run_watcher(config, *command).stdout))
    for command in LOOKS[:3]:
        limit = ("--limit", "100000") if command[0] != "holdings" else ()
        printed = run_watcher(config, *command, "--csv", *limit)
        assert printed.returncode == 0, printed.stderr
        yield from (("csv", f"{command[0]}: {finding}") for finding in sinks.table(printed.stdout))


# --- the experiment -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Result:
    """What was alive, by channel and field with the payload; `messages` is how many were read by a sink."""

    payloads: int
    fields: int
    channels: int
    messages: int
    live: int
    by_channel: dict[str, int]
    seconds: float
    findings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"hostile payloads={self.payloads} fields={self.fields} channels={self.channels} messages={self.messages} "
            f"live={self.live} {self.by_channel if self.live else ''} seconds={self.seconds:.0f}"
        )


def run(*, most: int = 0, whole: bool = False) -> Result:
    """The first `most` payloads (0: all), in each field or, `whole`, in all at once."""
    begun = time.monotonic()
    chosen = payloads()[: most or None]
    fields: dict[str, Put] = {"all fields": all_at_once} if whole else {**FIELDS}
    fields[UNREADABLE] = all_at_once
    findings: list[tuple[str, str]] = []
    messages = 0
    with ExitStack() as leaving:
        folder = Path(leaving.enter_context(tempfile.TemporaryDirectory(prefix="hostile-")))
        world = leaving.enter_context(World(folder, destinations={"desk": TERMINAL}))
        mill, channels = Mill(world), Channels(leaving)
        for text, reason in chosen:
            for name, put in fields.items():
                alerts = mill.quarantined(text) if name == UNREADABLE else mill.alerts(put, text)
                assert alerts, f"nothing was told with {reason!r} as {name}"
                for alert in alerts:
                    messages += len(sinks.SINKS) + 1
                    findings += [(channel, f"{name}: {live} ({reason})") for channel, live in channels.live(alert)]
        findings += looked_at(folder / "watcher.toml")
    return Result(
        payloads=len(chosen),
        fields=len(FIELDS) + 2,
        channels=len(sinks.SINKS) + 2,
        messages=messages,
        live=len(findings),
        by_channel=dict(Counter(channel for channel, _ in findings)),
        seconds=round(time.monotonic() - begun, 1),
        findings=[f"{channel}: {finding}" for channel, finding in findings],
    )


def main() -> int:
    """Run it as the command line asks."""
    parser = command_parser(__doc__, seed=NO_CHANCE)
    parser.add_argument("--payloads", type=int, default=0, help="only the first so many; 0: all")
    parser.add_argument("--whole", action="store_true", help="every field at once")
    parser.add_argument("--trials", type=int, default=1, help="not used: one trial is all there is")
    asked = parser.parse_args()
    result = run(most=asked.payloads, whole=asked.whole)
    sys.stdout.write(f"{result}\n" + "".join(f"  {finding}\n" for finding in result.findings[:40]))
    write_result(result, asked.json)
    return 1 if result.live else 0


if __name__ == "__main__":
    sys.exit(main())
