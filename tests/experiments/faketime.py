"""The clock of the daemon's process jumps, by libfaketime: how soon it polls again, and whether every filing is told.

    python -m tests.experiments.faketime --library /usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1

A step of each kind and the way back, while the monotonic clock goes on. Exit 1 unless each next poll comes within the interval and the
scheduler's own grace and nothing is lost; exit 77 where there is no such library.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from tests.experiments.clocks import ALLOWED
from tests.experiments.clocks import HOUR
from tests.experiments.clocks import KINDS
from tests.experiments.clocks import Kind
from tests.experiments.clocks import Result
from tests.experiments.command_line import NO_CHANCE
from tests.experiments.command_line import command_parser
from tests.experiments.command_line import write_or_show
from tests.world import EXAMPLE
from tests.world import REPOSITORY
from tests.world import DaemonProcess
from tests.world import a_sale
from tests.world import accession
from tests.world import real_now
from tests.world import until
from tests.world import webhook
from tests.world import write_config
from watcher.demo.edgar import BundledEdgar
from watcher.demo.receivers import WebhookReceiver

LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
ABSENT = 77
# The library's own clock_nanosleep refuses times that it has changed; a wait for an event is not changed by it.
SLEEPS = "import threading\nimport time\ntime.sleep = threading.Event().wait\n"


def as_a_process(library: Path) -> list[Result]:
    """The daemon whose C library tells it a wrong time, through each kind of jump that is one of the clock alone."""
    with (
        tempfile.TemporaryDirectory(prefix="clocks-") as name,
        BundledEdgar(real_now) as edgar,
        WebhookReceiver() as hook,
    ):
        folder, shift = Path(name), Path(name) / "shift"
        edgar.add_issuer(EXAMPLE.trading_symbol or "", EXAMPLE.cik or "", EXAMPLE.name or "")
        edgar.file(a_sale(1), accepted_at=real_now() - HOUR)
        config = write_config(folder, edgar.url, {"hook": webhook(hook.url)})
        shift.write_text("+0\n", "ascii")
        (folder / "sitecustomize.py").write_text(SLEEPS, "ascii")
        more = {
            "PYTHONPATH": f"{REPOSITORY}:{folder}",
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(shift),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
        with DaemonProcess(config, **more) as daemon:
            until(lambda: any("type=4" in one.path for one in edgar.requests), what=daemon.log)
            return [
                _one_jump(edgar, hook, shift, kind, number)
                for number, kind in enumerate((one for one in KINDS if one.by and not one.slept), 2)
            ]


def _one_jump(edgar: BundledEdgar, hook: WebhookReceiver, shift: Path, kind: Kind, number: int) -> Result:
    slowest = 0.0
    for at, seconds in enumerate((kind.by.total_seconds(), 0.0)):
        shift.write_text(f"{seconds:+.0f}\n", "ascii")
        jumped = time.monotonic()
        edgar.file(a_sale(10 * number + at, (100 * number + at, "25.56")), accepted_at=real_now())
        until(partial(_polled_since, edgar, jumped), seconds=3 * ALLOWED)
        slowest = max(slowest, min(_polled_since(edgar, jumped)) - jumped)
        until(partial(_told, hook, accession(10 * number + at)), seconds=3 * ALLOWED)
    told = [len(_told(hook, accession(10 * number + at))) for at in (0, 1)]
    return Result("process", kind.name, 2, round(slowest, 2), 2, told.count(0), sum(max(0, one - 1) for one in told))


def _polled_since(edgar: BundledEdgar, moment: float) -> list[float]:
    return [one.at for one in edgar.requests if one.at > moment and "type=4" in one.path]


def _told(hook: WebhookReceiver, number: str) -> list[object]:
    return [one for one in hook.received if json.loads(one.body)["accession_number"] == number]


def main() -> int:
    """Run what the command line asks for."""
    parser = command_parser(__doc__, seed=NO_CHANCE)
    parser.add_argument("--library", dest="preload", type=Path, default=LIBRARY)
    asked = parser.parse_args()
    if not asked.preload.exists():
        sys.stderr.write(f"left out: there is no {asked.preload} (Debian's package libfaketime)\n")
        return ABSENT
    results = as_a_process(asked.preload)
    slowest, lost = max(one.slowest for one in results), sum(one.lost for one in results)
    sys.stdout.write(
        f"faketime trials={len(results)} jumps={sum(one.jumps for one in results)} slowest={slowest} allowed={ALLOWED}"
        f" lost={lost} duplicated={sum(one.duplicated for one in results)}\n"
    )
    write_or_show(results, asked.json)
    return 0 if all(one.good for one in results) else 1


if __name__ == "__main__":
    sys.exit(main())
