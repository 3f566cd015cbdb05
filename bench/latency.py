"""From the feed page being served to the webhook being received, on loopback; `python -m bench.latency [--filings N]`.

Prints p50 and p95 in milliseconds, beside the bare round trip (fetching the same submission and posting the same body by hand).
The aim: p95 at most 25 ms above the round trip. Prints a JSON line last.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from datetime import UTC
from datetime import datetime
from pathlib import Path

import httpx

from watcher.config import load
from watcher.core.model import Issuer
from watcher.daemon import Daemon
from watcher.demo.edgar import BundledEdgar
from watcher.demo.receivers import WebhookReceiver
from watcher.demo.stories import scripted_day

CONFIGURATION = """
[edgar]
contact = "Jane Roe jane.roe@example.com"
poll_interval = "1s"
off_hours_interval = "1s"
www_url = "{edgar}"
data_url = "{edgar}"
[store]
path = "watcher.db"
[destinations.machine]
webhook = "{webhook}"
secret_env = "SECRET"
[rules.default]
events = ["sale", "exercise", "vest", "purchase", "withholding", "gift", "award", "conversion", "disposition", "other"]
notify = ["machine"]
[[watch]]
ticker = "EXMP"
"""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--filings", type=int, default=40)
    count = arguments.parse_args().filings
    issuer = Issuer("0009990001", "Example Corp", "EXMP")
    filings = [one for one in scripted_day(7, min(count * 2, 900), [issuer]) if one.form_type == "4"][:count]
    with BundledEdgar(lambda: datetime.now(UTC)) as edgar, WebhookReceiver() as receiver, tempfile.TemporaryDirectory() as folder:
        edgar.add_issuer("EXMP", "0009990001", "Example Corp")
        path = Path(folder) / "watcher.toml"
        path.write_text(CONFIGURATION.format(edgar=edgar.url, webhook=receiver.url))
        daemon = Daemon(load(path, {"SECRET": "secret"}), now=lambda: datetime.now(UTC))
        daemon.start()
        thread = threading.Thread(target=daemon.supervise)
        thread.start()
        taken = []
        while not daemon.store.moment("good poll 4") and not daemon.store.watches():
            time.sleep(0.05)
        time.sleep(1.5)
        for one in filings:
            seen = len(receiver.received)
            edgar.file(one, accepted_at=datetime.now(UTC))
            filed = time.monotonic()
            while len(receiver.received) == seen and time.monotonic() - filed < 20:
                time.sleep(0.002)
            got = receiver.received[-1].at
            served = max(request.at for request in edgar.requests if "type=4" in request.path and filed <= request.at <= got)
            taken.append((got - served) * 1000)
        daemon.stop()
        thread.join()
        daemon.close()
        round_trip = _round_trip(edgar, receiver, filings[0].issuer_cik, filings[0].accession_number)
    p50, p95 = statistics.median(taken), statistics.quantiles(taken, n=20)[18]
    print(f"filings {len(taken)}  p50 {p50:.1f} ms  p95 {p95:.1f} ms  bare round trip {round_trip:.1f} ms")
    print(json.dumps({"bench": "latency", "filings": len(taken), "p50_ms": p50, "p95_ms": p95, "round_trip_ms": round_trip}))


def _round_trip(edgar: BundledEdgar, receiver: WebhookReceiver, cik: str, accession_number: str) -> float:
    headers = {"User-Agent": "Jane Roe jane.roe@example.com"}
    taken = []
    with httpx.Client(headers=headers) as client:
        for _ in range(20):
            begun = time.monotonic()
            body = client.get(f"{edgar.url}/Archives/edgar/data/{int(cik)}/{accession_number}.txt").content
            client.post(receiver.url, content=body[:3000])
            taken.append((time.monotonic() - begun) * 1000)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
