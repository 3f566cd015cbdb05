"""A month in virtual time with silences, quiet hours, digests, limits, outages and restarts: what became of every alert?

    python -m tests.experiments.quiet

2,000 filings over 30 days that hold both changes of the hour, two rules, four destinations: a desk with quiet nights and weekends and both
digests, a telephone that takes the digest only, one in Berlin, and a program. What must be silenced is worked out from the script, what was
told is what the receivers got. Exit 1 unless each alert for each destination was told (by itself, or in one message with others), silenced,
or still waits, exactly once; nothing came in quiet hours; and digests and notices count every alert once.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from datetime import time as wall
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tests.experiments.command_line import command_parser
from tests.experiments.command_line import write_result
from tests.experiments.scripted import Placed
from tests.experiments.scripted import ScriptedEdgar
from tests.experiments.scripted import ScriptedSender
from tests.experiments.scripted import Spell
from tests.experiments.timeline import VirtualTime
from tests.experiments.virtual import DAY
from tests.experiments.virtual import HOUR
from tests.experiments.virtual import MINUTE
from tests.experiments.virtual import VirtualWorld
from tests.experiments.virtual import scratch
from tests.world import ALEX
from tests.world import EXAMPLE
from tests.world import JANE
from tests.world import OTHER
from tests.world import a_sale
from watcher.config import Config
from watcher.config import Destination
from watcher.config_rules import Rule
from watcher.core.calendar import is_business_day
from watcher.core.quiet import Quiet
from watcher.core.silence import Silence
from watcher.core.telling import Outgoing
from watcher.demo.filings import EASTERN
from watcher.store import Store
from watcher.store import unstamp

FILINGS, DAYS = 2_000, 30
BEGINS = datetime(2026, 10, 13, 12, tzinfo=EASTERN)  # Europe changes its hour on 25 October, the United States on 1 November
LULL = 2 * HOUR  # at first: a watch begins when EDGAR has told the CIK of its ticker
DESK = Quiet(((wall(17), wall(8)),), weekends=True)
BERLIN = Quiet(((wall(20), wall(7)), (wall(13), wall(14))), zone="Europe/Berlin")
DESTINATIONS = (
    Destination("desk", "apprise", burst=10, quiet=DESK, digest=("daily", "weekly")),
    Destination("phone", "apprise", burst=10, digest=("daily",), digest_only=True),
    Destination("berlin", "apprise", burst=5, quiet=BERLIN, digest=("weekly",)),
    Destination("hook", "webhook", "http://hook.invalid/", b"k"),
)
ALL = tuple(one.name for one in DESTINATIONS)
TOLD_BY = {"default": ALL, "big": ("desk", "hook")}
LEAST = {"default": Decimal(5_000), "big": Decimal(40_000)}
# (day it begins, days it lasts, what it names); the filing's issuer, owner, the rule, the destination
SILENCES: tuple[tuple[float, float, dict[str, str | None]], ...] = (
    (1.1, 0.6, {"issuer_cik": OTHER.cik, "rule": "default"}),
    (2.1, 3.0, {"issuer_cik": EXAMPLE.cik}),
    (6.3, 5.0, {"owner": ALEX.cik}),
    (9.4, 2.5, {"rule": "default"}),
    (12.2, 4.0, {"destination": "hook", "issuer_cik": OTHER.cik}),
    (15.6, 3.0, {"owner": "jane roe", "rule": "big"}),
    (16.7, 6.0, {"destination": "desk"}),
    (22.5, 0.5, {"issuer_cik": OTHER.cik, "owner": JANE.cik, "rule": "default", "destination": "berlin"}),
)
LATE = 90.0  # seconds: a message may have been on its way when it became quiet


@dataclass(frozen=True, slots=True)
class Result:
    """What the month came to, in rows of the outbox (an alert for a destination). `agree` says whether every sum does."""

    filings: int
    silent: int
    alerts: int
    rows: int
    delivered: int
    folded: int  # delivered in one message with others
    silenced: int
    waiting: int
    dead: int
    owed: int
    lost: int
    twice: int
    repeats: int  # marked as such, after a crash
    wrongly_silenced: int
    in_quiet: int
    messages: int
    digests: int
    notices: int
    restarts: int
    wrong_sums: tuple[str, ...]

    @property
    def good(self) -> bool:
        sums = self.delivered + self.folded + self.silenced + self.waiting + self.dead + self.owed == self.rows
        clean = self.lost == self.twice == self.wrongly_silenced == self.in_quiet == self.dead == self.owed == 0
        happened = min(self.delivered, self.folded, self.silenced, self.digests, self.notices, self.silent) > 0
        return sums and clean and happened and not self.wrong_sums

    def __str__(self) -> str:
        figures = {**asdict(self), "wrong_sums": len(self.wrong_sums), "good": self.good}
        return "quiet " + " ".join(f"{name}={value}" for name, value in figures.items())


@dataclass(frozen=True, slots=True)
class Came:
    """One message that reached a receiver, and when it did."""

    at: datetime
    event_id: str
    marked: bool
    body: Mapping[str, Any]


class Receiver:
    """All that reached one destination."""

    def __init__(self, clock: VirtualTime) -> None:
        self._clock = clock
        self.came: list[Came] = []

    def __call__(self, outgoing: Outgoing) -> None:
        body = json.loads(outgoing.payload)
        self.came.append(Came(self._clock.true(), outgoing.event_id, outgoing.possible_repeat, body))

    def told(self) -> dict[str, list[bool]]:
        """How often each alert was told, by event id: for each time whether it was marked as a possible repeat."""
        found: dict[str, list[bool]] = defaultdict(list)
        for one in self.came:
            for event in one.body.get("carries", ()) if one.body["kind"] == "digest" else (one.event_id,):
                found[event].append(one.marked)
        return found

    def of_kind(self, kind: str) -> list[Mapping[str, Any]]:
        """The bodies of messages of a kind, each once, in their order."""
        return list({one.event_id: one.body for one in self.came if one.body["kind"] == kind}.values())


def month(seed: int, *, filings: int = FILINGS, days: int = DAYS) -> Result:
    """One run of the month of this seed."""
    chance = Random(seed)  # noqa: S311 -- a script that repeats, no secret
    clock = VirtualTime(BEGINS)
    old = Placed(a_sale(1), BEGINS - timedelta(hours=1))  # the list of current filings is never empty
    script = [*_placed(chance, filings, days)]
    crashes = [Spell(at * DAY, days * DAY, "crash", "/cgi-bin/") for at in (3.13, 8.4, 8.41, 13.9, 20.02) if at < days]
    edgar = ScriptedEdgar(clock, (EXAMPLE, OTHER), [old, *script], crashes, latency=0.1)
    spells = {
        "desk": [Spell(4.9 * DAY, 5.2 * DAY, "is_gone"), Spell(10.1 * DAY, days * DAY, "crash")],
        "phone": [Spell(7.3 * DAY, 8.0 * DAY, "fails"), Spell(14.3 * DAY, days * DAY, "crash")],
        "berlin": [Spell(11.0 * DAY, 11.9 * DAY, "pause")],
    }
    receivers = {name: Receiver(clock) for name in ALL}
    senders = {name: ScriptedSender(clock, came, spells.get(name, ()), noted=False) for name, came in receivers.items()}
    watches = [f'ticker = "{one.trading_symbol}"' for one in (EXAMPLE, OTHER)]
    with scratch() as folder:
        world = VirtualWorld(
            Path(folder), clock, edgar, senders, watches, poll_every=15 * MINUTE, off_hours_every=HOUR, least=15 * MINUTE
        )
        world.config = _told_so(world.config)
        with world:
            begun: list[Silence] = []
            for first, lasts, names in sorted(SILENCES, key=lambda one: one[0]):
                if first + lasts > days - 1:
                    continue
                world.run(first * DAY - clock.elapsed)
                begins = clock()
                silence = Silence(0, begins, begins + timedelta(days=lasts), "the month", **names)
                begun.append(replace(silence, id=world.store.add_silence(silence)))
            world.run(days * DAY - clock.elapsed)
            return _result(world, receivers, script, begun)


def _told_so(config: Config) -> Config:
    rules = {name: Rule(name, events=("sale",), min_value=LEAST[name], notify=told) for name, told in TOLD_BY.items()}
    watches = tuple(replace(watch, rules=tuple(rules)) for watch in config.watches)
    return replace(config, destinations={one.name: one for one in DESTINATIONS}, rules=rules, watches=watches)


def _placed(chance: Random, number: int, days: int) -> list[Placed]:
    """Filings on business days: one in three at any time that EDGAR is open, the others after the close of the exchanges."""
    open_days = [day for after in range(days - 1) if is_business_day(day := (BEGINS + timedelta(days=after)).date())]
    times = []
    for _ in range(number):
        minutes = chance.uniform(6 * 60, 22 * 60 - 1) if chance.random() < 1 / 3 else chance.uniform(16 * 60, 20 * 60)
        day = datetime.combine(chance.choice(open_days), wall(), EASTERN)
        times.append(max(day + timedelta(minutes=int(minutes)), BEGINS + timedelta(seconds=LULL)))
    return [
        Placed(
            a_sale(
                after,
                (_shares(after, number), _price(after)),
                issuer=(EXAMPLE, OTHER)[after % 2],
                owners=((JANE,), (ALEX,), (JANE, ALEX))[after % 7 % 3],
                on=at.date(),
            ),
            at,
        )
        for after, at in enumerate(sorted(times), 2)
    ]


# --- what must be, by the script ------------------------------------------------------------------------------------------


def _is_silenced(silences: Sequence[Silence], at: datetime, body: Mapping[str, Any], destination: str) -> bool:
    """By what the silences say, for an alert made then: every rule that told this destination is silenced."""

    def holds(silence: Silence, rule: str) -> bool:
        owners = {owner["cik"] for owner in body["reporting_owners"]}
        person = {"jane roe": JANE.cik}.get(silence.owner or "", silence.owner)
        return (
            silence.begins <= at < silence.ends
            and silence.issuer_cik in (None, body["issuer"]["cik"])
            and (person is None or person in owners)
            and silence.rule in (None, rule)
            and (silence.destination == destination if destination == "hook" else silence.destination in (None, destination))
        )

    telling = [rule for rule in body["rules"] if destination in TOLD_BY[rule]]
    return all(any(holds(silence, rule) for silence in silences) for rule in telling)


def _disturbs(quiet: Quiet | None, came: Came) -> bool:
    """Whether a message came in quiet hours that had begun when it was sent. Counted in minutes of the wall's clock."""
    if quiet is None or came.body["kind"] == "vigil":
        return False

    def is_quiet(at: datetime) -> bool:
        local = at.astimezone(ZoneInfo(quiet.zone))
        minute = local.hour * 60 + local.minute
        spans = [(begins.hour * 60, ends.hour * 60) for begins, ends in quiet.spans]
        inside = [
            first <= minute < last if first < last else not last <= minute < first  # over midnight
            for first, last in spans
        ]
        return any(inside) or (quiet.weekends and local.isoweekday() > 5)

    return is_quiet(came.at) and is_quiet(came.at - timedelta(seconds=LATE))


# --- what was -------------------------------------------------------------------------------------------------------------


def _result(
    world: VirtualWorld, receivers: Mapping[str, Receiver], script: Sequence[Placed], silences: Sequence[Silence]
) -> Result:
    store = world.store
    told = {name: receiver.told() for name, receiver in receivers.items()}
    standing: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    rows = store.rows(
        "SELECT event_id, destination, state, digest, payload, alert.created_at FROM owed JOIN alert USING (event_id)"
        " WHERE accession_number > ''"
    )
    for row in rows:
        state = "folded" if row["state"] == "delivered" and row["digest"] else row["state"]
        standing[state] += 1
        times = told[row["destination"]].get(row["event_id"], [])
        silenced = _is_silenced(silences, unstamp(row["created_at"]), json.loads(row["payload"]), row["destination"])
        faults["wrongly silenced"] += silenced != (state == "silenced")
        wanted = state in {"delivered", "folded"}
        faults["lost"] += wanted and not times
        faults["twice"] += (sum(not marked for marked in times) > 1) or (bool(times) and not wanted)
        faults["repeats"] += max(0, len(times) - 1)
    told_of = {row[0] for row in store.rows("SELECT DISTINCT accession_number FROM alert")}
    due = {one.filing.accession_number for number, one in enumerate(script, 2) if _is_told(number, len(script))}
    faults["lost"] += len(due - told_of)
    return Result(
        filings=len(script),
        silent=store.value("SELECT count(*) FROM filing WHERE queue = 'live' AND silent_because = 'no rule matched'"),
        alerts=len(told_of - {""}),
        rows=len(rows),
        delivered=standing["delivered"],
        folded=standing["folded"],
        silenced=standing["silenced"],
        waiting=standing["quiet"],
        dead=standing["dead"],
        owed=len(rows) - sum(standing[name] for name in ("delivered", "folded", "silenced", "quiet", "dead")),
        lost=faults["lost"],
        twice=faults["twice"],
        repeats=faults["repeats"],
        wrongly_silenced=faults["wrongly silenced"],
        in_quiet=sum(_disturbs(one.quiet, came) for one in DESTINATIONS for came in receivers[one.name].came),
        messages=sum(len(receiver.came) for receiver in receivers.values()),
        digests=sum(len(_digests(receiver, None)) for receiver in receivers.values()),
        notices=sum(len(receiver.of_kind("silence")) for receiver in receivers.values()),
        restarts=world.crashes,
        wrong_sums=(*_wrong_digests(store, receivers), *_wrong_notices(store, receivers, silences)),
    )


def _shares(number: int, filings: int) -> int:
    """Another number of shares for each filing: two of the same would be taken for one sale."""
    return 100 + number * (FILINGS // filings)


def _price(number: int) -> str:
    return "1.25" if number % 3 == 0 else "25.56"


def _is_told(number: int, filings: int) -> bool:
    """Whether the filing of this number is worth telling by the rules."""
    return _shares(number, filings) * Decimal(_price(number)) >= LEAST["default"]


def _digests(receiver: Receiver, kind: str | None) -> list[Mapping[str, Any]]:
    return [body for body in receiver.of_kind("digest") if body.get("period") and kind in {None, body["period"]}]


def _wrong_digests(store: Store, receivers: Mapping[str, Receiver]) -> list[str]:
    """Digests of a kind must follow each other without a gap, and count every alert and filing of their time once."""
    wrong = []
    made = [
        (unstamp(row["created_at"]), row["destination"], row["event_id"])
        for row in store.rows(
            "SELECT alert.created_at, destination, event_id FROM owed JOIN alert USING (event_id) WHERE accession_number > ''"
        )
    ]
    read = [unstamp(row[0]) for row in store.rows("SELECT ingested_at FROM filing WHERE queue = 'live' AND state = 'ingested'")]
    for one in DESTINATIONS:
        for kind in one.digest:
            bodies = [body for body in _digests(receivers[one.name], kind) if body["filings"]]
            for before, body in pairwise(bodies):
                if before["ends"] != body["begins"]:
                    wrong.append(f"{one.name} {kind}: nothing between {before['ends']} and {body['begins']}")
            for body in bodies:
                begins, ends = (datetime.fromisoformat(body[name]) for name in ("begins", "ends"))
                alerts = {event for at, name, event in made if begins < at <= ends and name == one.name}
                alerts |= {
                    event
                    for each in _digests(receivers[one.name], kind)
                    if each["ends"] == body["ends"]
                    for event in each["carries"]
                }
                if sum(body["alerts"].values()) != len(alerts):
                    wrong.append(f"{one.name} {kind} to {ends}: {body['alerts']} and not {len(alerts)} alerts")
                if sum(body["filings"].values()) != sum(begins < at <= ends for at in read):
                    wrong.append(f"{one.name} {kind} to {ends}: {body['filings']} filings")
            if one.digest_only:
                carried = Counter(event for body in _digests(receivers[one.name], kind) for event in body["carries"])
                wrong += [f"{one.name}: {event} in two digests" for event, times in carried.items() if times > 1]
    return wrong


def _wrong_notices(store: Store, receivers: Mapping[str, Receiver], silences: Sequence[Silence]) -> list[str]:
    """The end of each silence is told once to whom it kept something from, with all of that."""
    told = {
        (body["silence"], name): set(body["held_back"])
        for name, receiver in receivers.items()
        for body in receiver.of_kind("silence")
    }
    wrong = []
    for silence in silences:
        for name, kept in store.silenced_by(silence.id).items():
            if told.get((silence.id, name)) != {one.event_id for one in kept}:
                wrong.append(f"silence {silence.id} at {name}: {len(kept)} held back")
    return wrong


def main() -> int:
    """Run the month that the command line asks for."""
    asked = command_parser(__doc__).parse_args()
    begun = time.monotonic()
    result = month(asked.seed)
    sys.stdout.write(f"{result} seconds={time.monotonic() - begun:.0f}\n")
    sys.stdout.writelines(f"  {one}\n" for one in result.wrong_sums[:20])
    write_result(result, asked.json)
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
