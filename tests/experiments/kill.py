"""Kill the daemon at random moments of a scripted day, start it again, and count what arrived.

    python -m tests.experiments.kill --kills 20 --filings 200

The day's filings are accepted one after the other while the daemon is killed (SIGKILL) and started again. Prints one line and the
same as JSON; exit 1 if an expected alert is missing, one arrived that was not expected, or a repeat had another event id.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import asdict
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

from tests.experiments.command_line import command_parser
from tests.experiments.command_line import write_result
from tests.world import DaemonProcess
from tests.world import a_sale
from tests.world import real_now
from tests.world import until
from tests.world import webhook
from tests.world import write_config
from watcher.core.model import Issuer
from watcher.demo.edgar import BundledEdgar
from watcher.demo.filings import EASTERN
from watcher.demo.filings import Filing
from watcher.demo.receivers import Answer
from watcher.demo.receivers import WebhookReceiver
from watcher.demo.stories import scripted_day

ISSUERS = tuple(
    Issuer(f"{9_990_000 + number:010}", f"Example {name} Corp", f"EX{name}") for number, name in enumerate("ABCDE", 1)
)
SHORTEST, LONGEST = 0.2, 3.0  # seconds a daemon lives; a start takes about half a second
ANSWER_SECONDS = 0.15  # the webhook takes its time, so that kills fall into deliveries
IN_THE_END = 180.0  # seconds for the last daemon to make up for everything


@dataclass(frozen=True, slots=True)
class Result:
    """What a trial came to, in numbers of alerts. `duplicated` are repeats with the same event id, which receivers drop."""

    trials: int
    kills: int
    expected: int
    lost: int
    duplicated: int
    unexpected: int
    seed: int
    seconds: float

    @property
    def good(self) -> bool:
        return self.lost == 0 and self.unexpected == 0

    def __str__(self) -> str:
        return (
            f"kill trials={self.trials} kills={self.kills} expected={self.expected} lost={self.lost} duplicated={self.duplicated}"
        )


def is_expected(filing: Filing) -> bool:
    """A sale or an exercise, read without the watcher's reader: in the scripted stories both have a row of code S."""
    return b"<transactionCode>S</transactionCode>" in filing.document


def run(kills: int, filings: int, seed: int, *, span: float) -> Result:
    """One trial: `filings` accepted evenly over `span` seconds, the daemon killed `kills` times meanwhile."""
    chance = Random(seed)  # noqa: S311 -- a script that repeats, not a secret
    begun = time.monotonic()
    day = scripted_day(seed, filings, ISSUERS, on=real_now().astimezone(EASTERN).date())
    with (
        tempfile.TemporaryDirectory(prefix="kill-") as folder,
        BundledEdgar(real_now) as edgar,
        WebhookReceiver(Answer(200, delay_seconds=ANSWER_SECONDS)) as hook,
    ):
        for issuer in ISSUERS:
            edgar.add_issuer(issuer.trading_symbol or "", issuer.cik or "", issuer.name or "")
        edgar.file(a_sale(1), accepted_at=real_now() - timedelta(hours=1))  # the list of Form 4s is never empty
        watches = [f'ticker = "{issuer.trading_symbol}"' for issuer in ISSUERS]
        config = write_config(Path(folder), edgar.url, {"hook": webhook(hook.url)}, watches)
        with DaemonProcess(config) as daemon:
            until(lambda: any("type=4" in request.path for request in edgar.requests), what=daemon.log)
            start = real_now()
            for number, filing in enumerate(day):
                edgar.file(filing, accepted_at=start + timedelta(seconds=1 + span * number / len(day)))
            time.sleep(chance.uniform(SHORTEST, LONGEST))
            daemon.kill()
        for _ in range(kills - 1):
            with DaemonProcess(config) as daemon:
                time.sleep(chance.uniform(SHORTEST, LONGEST))
                daemon.kill()
        expected = {filing.accession_number for filing in day if is_expected(filing)}
        with DaemonProcess(config) as daemon:
            _wait(hook, expected)
            ended = daemon.stop()
        arrived = _by_accession(hook)
    assert ended == 0, "the daemon that nobody killed did not end cleanly"
    return Result(
        trials=1,
        kills=kills,
        expected=len(expected),
        lost=len(expected - arrived.keys()),
        duplicated=sum(len(ids) - 1 for ids in arrived.values()),
        unexpected=len(arrived.keys() - expected) + sum(len(set(ids)) != 1 for ids in arrived.values()),
        seed=seed,
        seconds=round(time.monotonic() - begun, 1),
    )


def _by_accession(hook: WebhookReceiver) -> dict[str, list[str]]:
    """Accession number to the event id of every message about it, as they arrived."""
    arrived: dict[str, list[str]] = defaultdict(list)
    for delivery in hook.received:
        arrived[json.loads(delivery.body)["accession_number"]].append(delivery.headers["x-watcher-event"])
    return arrived


def _wait(hook: WebhookReceiver, expected: set[str]) -> None:
    """Wait for what is missing; when it does not come, it is counted as lost."""
    ends = time.monotonic() + IN_THE_END
    while expected - _by_accession(hook).keys() and time.monotonic() < ends:
        time.sleep(0.1)
    time.sleep(2.5)  # a repeat that is due would come now


def main() -> int:
    """Run the trials that the command line asks for."""
    parser = command_parser(__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--filings", type=int, default=200)
    asked = parser.parse_args()
    # Filings arrive about as fast as their documents may be fetched.
    result = run(asked.kills, asked.filings, asked.seed, span=max(asked.filings / 5, asked.kills * LONGEST / 2))
    sys.stdout.write(f"{result}\n{json.dumps(asdict(result))}\n")
    write_result(result, asked.json)
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
