"""EDGAR misbehaves for 30 virtual days: what of a scripted month is told, and how often.

    python -m tests.experiments.misbehaviour --trials 1000

Blocks, 503, broken and cut answers, web pages with status 200, empty and old lists, entries twice or out of order, filings listed late,
never, or without their document for an hour, indexes with holes until Saturday or denied, lists of a CIK hours behind, outages longer
than the list of current filings reaches back. Then nine honest days. Exit 1 unless every filing of the script was told exactly once.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import fields
from datetime import date
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from random import Random

from tests.experiments.command_line import command_parser
from tests.experiments.command_line import write_or_show
from tests.experiments.scripted import Placed
from tests.experiments.scripted import ScriptedEdgar
from tests.experiments.scripted import ScriptedSender
from tests.experiments.scripted import Spell
from tests.experiments.timeline import VirtualTime
from tests.experiments.virtual import DAY
from tests.experiments.virtual import HOUR
from tests.experiments.virtual import MINUTE
from tests.experiments.virtual import Arrivals
from tests.experiments.virtual import VirtualWorld
from tests.experiments.virtual import scratch
from tests.world import ALEX
from tests.world import EXAMPLE
from tests.world import JANE
from tests.world import OTHER
from watcher.core.calendar import is_business_day
from watcher.core.model import Issuer
from watcher.core.model import ReportingOwner
from watcher.demo.filings import EASTERN
from watcher.demo.filings import Filing
from watcher.demo.stories import Occasion
from watcher.demo.stories import sale

DAYS, HONEST_DAYS = 30, 9  # the last Saturday, when the indexes are built anew, comes within the honest ones
CALM = 6 * HOUR  # at first: a watch begins when EDGAR has told the CIK of its ticker
LIVELY, STRANGE = (1, 3), 12  # filings of watched parties on a business day, at least and at most; of others
REACH = 45  # filings that the list of current filings shows, more than two days of them
LONGEST = 4 * DAY  # seconds that EDGAR may be away
ELSEWHERE = Issuer("0009990009", "Elsewhere Corp", "ELSW")
ISSUERS = (EXAMPLE, OTHER, ELSEWHERE)
LONG_SPELLS = ("down", "503", "html", "blocked", "undeclared", "empty feed", "stale", "broken", "cut", "500", "absent")
WATCHES = (f'ticker = "{EXAMPLE.trading_symbol}"', f'ticker = "{OTHER.trading_symbol}"', f'owner_cik = "{ALEX.cik}"')
PLACES = ("", "", "/cgi-bin/", "/cgi-bin/", "/Archives/edgar/data/", "/Archives/edgar/daily-index/", "/submissions/")


@dataclass(frozen=True, slots=True)
class Result:
    """Numbers over all trials. `unread` were set aside as unreadable though EDGAR served them whole in the end.

    `unsound` are filings that count as seen without being remembered, or as read without having been served.
    """

    trials: int = 0
    requests: int = 0
    faults: int = 0
    expected: int = 0
    lost: int = 0
    duplicated: int = 0
    unread: int = 0
    unsound: int = 0

    def __add__(self, other: Result) -> Result:
        return Result(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Result)))

    @property
    def good(self) -> bool:
        return self.lost == self.duplicated == self.unread == self.unsound == 0 < self.expected

    def __str__(self) -> str:
        return "misbehaviour " + " ".join(f"{name}={value}" for name, value in asdict(self).items())


def one_month(seed: int, *, days: int = DAYS) -> Result:
    """One trial: the month of this seed, and how it was told."""
    chance = Random(seed)  # noqa: S311 -- a script that repeats, no secret
    begins = datetime(2026, 8, 24, chance.randrange(24), tzinfo=EASTERN) + timedelta(days=chance.randrange(120))
    clock = VirtualTime(begins)
    script = filings(chance, begins, days)
    edgar = ScriptedEdgar(clock, ISSUERS, script, spells(chance, days), shown=REACH, seed=seed)
    arrivals = Arrivals(clock)
    expected = [one.filing.accession_number for one in script if one.accepted_at > begins and is_watched(one.filing)]
    unsound: set[str] = set()
    with (
        scratch() as folder,
        VirtualWorld(
            Path(folder),
            clock,
            edgar,
            {"hook": ScriptedSender(clock, arrivals)},
            WATCHES,
            poll_every=chance.choice((20, 40, 60)) * MINUTE,
            off_hours_every=3 * HOUR,
            least=15 * MINUTE,
        ) as world,
    ):
        world.run(CALM)
        edgar.noise = chance.uniform(0.0, 0.3)
        for _ in range(days):
            world.run(DAY)
            unsound |= _unsound(world, edgar, expected)
        edgar.noise = 0.0
        world.run(HONEST_DAYS * DAY)
        unsound |= _unsound(world, edgar, expected)
    return Result(
        trials=1,
        requests=edgar.requests,
        faults=edgar.faults,
        expected=len(expected),
        lost=sum(number not in arrivals.of and f"{number} quarantined" not in arrivals.of for number in expected),
        duplicated=len(arrivals.repeated()) + len(arrivals.of.keys() - set(expected) - _quarantines(expected)),
        unread=len(_quarantines(expected) & arrivals.of.keys()),
        unsound=len(unsound),
    )


def _quarantines(expected: Sequence[str]) -> set[str]:
    return {f"{number} quarantined" for number in expected}


def _unsound(world: VirtualWorld, edgar: ScriptedEdgar, expected: Sequence[str]) -> set[str]:
    seen = {row[0] for row in world.store.rows("SELECT DISTINCT accession_number FROM seen")}
    known = {row[0]: row[1] for row in world.store.rows("SELECT accession_number, state FROM filing")}
    read = {number for number, state in known.items() if state == "ingested"}
    return {number for number in expected if number in seen and number not in known} | (read - edgar.served)


def is_watched(filing: Filing) -> bool:
    return filing.issuer_cik in {EXAMPLE.cik, OTHER.cik} or ALEX.cik in dict(filing.owners)


# --- the script -----------------------------------------------------------------------------------------------------------


def filings(chance: Random, begins: datetime, days: int) -> list[Placed]:
    """The month: on each business day a few sales by or about watched parties among those of others, and one of each before it began."""
    numbers = iter(range(1, 100_000))
    held = {JANE: 10_000_000, ALEX: 20_000_000}
    script = []
    for day in (begins.date() + timedelta(days=number) for number in range(-3, days)):
        if not is_business_day(day):
            continue
        for watched in (*(True for _ in range(chance.randint(*LIVELY))), *(False for _ in range(STRANGE))):
            issuer = chance.choice(ISSUERS) if watched else ELSEWHERE
            owner = _stranger(chance) if not watched else ALEX if issuer is ELSEWHERE else JANE
            opening, number = held.get(owner, 10_000), next(numbers)
            filing = sale(Occasion(f"0000000000-26-{number:06}", issuer, (owner,), day, opening), (100 + number, "25.56"))
            if watched:
                held[owner] = opening - 100 - number
            accepted_at = _moment(chance, day)
            if day >= begins.date() and accepted_at <= begins + timedelta(seconds=CALM):
                continue  # whether it counts as before the watch or after it would hang on seconds
            script.append(_placed(chance, filing, accepted_at) if watched else Placed(filing, accepted_at))
    return script


def _moment(chance: Random, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 6, tzinfo=EASTERN) + timedelta(seconds=chance.randrange(16 * 3600))


def _stranger(chance: Random) -> ReportingOwner:
    return ReportingOwner(f"{9_970_000 + chance.randrange(500):010}", "Stranger Pat", is_director=True)


def _placed(chance: Random, filing: Filing, accepted_at: datetime) -> Placed:
    """Half of them as they should be; of the others each list has its own way of being late."""
    if chance.random() < 0.5:
        return Placed(filing, accepted_at)
    return Placed(
        filing,
        accepted_at,
        feed_after=chance.choice((0.0, 0.0, chance.uniform(0, 6 * HOUR), math.inf)),
        lists_after=chance.choice((0.0, chance.uniform(0, 8 * HOUR))),
        document_after=chance.choice((0.0, 0.0, HOUR)),
        left_out=chance.random() < 0.3,
    )


def spells(chance: Random, days: int) -> list[Spell]:
    """Spells of ten minutes to some hours, about one a day, and one outage of days."""
    found = []
    for _ in range(days):
        begins = chance.uniform(CALM, CALM + days * DAY)
        lasts = math.exp(chance.uniform(math.log(10 * MINUTE), math.log(12 * HOUR)))
        ends = min(begins + lasts, CALM + days * DAY)
        found.append(Spell(begins, ends, chance.choice(LONG_SPELLS), chance.choice(PLACES)))
    away = chance.uniform(CALM, CALM + days * DAY - LONGEST) if days * DAY > LONGEST else CALM
    return [*found, Spell(away, away + chance.uniform(DAY, min(LONGEST, days * DAY / 2)), chance.choice(("down", "503", "hang")))]


def run(trials: int, seed: int, *, days: int = DAYS, processes: int = 1) -> tuple[Result, list[int]]:
    """So many months, and the seeds of those that missed the goal."""
    seeds = range(seed, seed + trials)
    if processes == 1:
        results = [one_month(one, days=days) for one in seeds]
    else:
        with ProcessPoolExecutor(processes) as pool:
            results = list(pool.map(one_month, seeds, chunksize=4))
    return sum(results, Result()), [one for one, result in zip(seeds, results, strict=True) if not result.good]


def main() -> int:
    """Run the trials that the command line asks for."""
    parser = command_parser(__doc__, trials=1000)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    begun = time.monotonic()
    result, failed = run(asked.trials, asked.seed, processes=asked.processes)
    sys.stdout.write(f"{result}\n" + (f"missed by seeds {failed}\n" if failed else ""))
    write_or_show(
        asdict(result) | {"failed": failed, "seed": asked.seed, "seconds": round(time.monotonic() - begun, 1)}, asked.json
    )
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
