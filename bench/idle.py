"""Memory and CPU of the idle daemon, as a process of its own against a bundled EDGAR; `python -m bench.idle [--seconds N]`.

The aim: at most 50 MiB resident before the first alert, Apprise not imported. Also `--help`'s CPU and start to ready. JSON line last.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC
from datetime import date
from datetime import datetime
from pathlib import Path

from bench.latency import CONFIGURATION
from watcher.core.model import Issuer
from watcher.core.model import ReportingOwner
from watcher.demo.edgar import BundledEdgar
from watcher.demo.filings import Filing
from watcher.demo.receivers import WebhookReceiver
from watcher.demo.stories import Occasion
from watcher.demo.stories import sale

TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=20.0)
    figures = measured(arguments.parse_args().seconds)
    print("  ".join(f"{name} {value:.1f}" for name, value in figures.items()))
    print(json.dumps({"bench": "idle", **figures}))


def measured(seconds: float) -> dict[str, float]:
    """`--help`'s CPU, start to ready, and what an idle daemon takes over so many seconds."""
    figures = {"help_cpu_ms": _help_cpu()}
    with BundledEdgar(lambda: datetime.now(UTC)) as edgar, WebhookReceiver() as receiver, tempfile.TemporaryDirectory() as folder:
        edgar.add_issuer("EXMP", "0009990001", "Example Corp")
        edgar.file(_old_filing(), accepted_at=datetime(2026, 1, 5, 21, tzinfo=UTC))
        path = Path(folder) / "watcher.toml"
        # As users have it: every five seconds, around the clock.
        text = CONFIGURATION.format(edgar=edgar.url, webhook=receiver.url).replace('"1s"', '"5s"')
        path.write_text(text)
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        channel.bind(str(Path(folder) / "notify"))
        environ = {**os.environ, "SECRET": "secret", "NOTIFY_SOCKET": str(Path(folder) / "notify")}
        begun = time.monotonic()
        command = [sys.executable, "-m", "watcher", "run", "--config", str(path)]
        with subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL) as process:
            channel.recv(4096)
            channel.close()  # nobody would empty it
            figures["ready_ms"] = (time.monotonic() - begun) * 1000
            time.sleep(5)
            before = _cpu(process.pid)
            time.sleep(seconds)
            figures["cpu_percent"] = (_cpu(process.pid) - before) / seconds * 100
            figures["rss_mib"] = _rss(process.pid)
            process.terminate()
    return figures


def _old_filing() -> Filing:
    issuer = Issuer("0009990001", "Example Corp", "EXMP")
    owner = ReportingOwner("0009990101", "Roe Jane", is_director=True)
    return sale(Occasion("0000000000-26-000001", issuer, (owner,), date(2026, 1, 2), opening=1000), (100, "10.50"))


def _help_cpu() -> float:
    """CPU milliseconds of `watcher --help`, the median of seven, compiled beforehand."""
    taken = []
    for _ in range(8):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "watcher", "--help"], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000)
    return statistics.median(taken[1:])


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _rss(pid: int) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
