"""The service in a booted systemd: what it does, what it survives, and what nobody in its place can do.

    python -m tests.experiments.service [--json PATH]

A Debian with the watcher installed as README.md says boots in a container; EDGAR and the receiver of its alerts are outside.
Then: an alert, credentials, reloads with and without a mistake, kills, a hang, a start with a mistake; before that, attempts at
everything the unit forbids, from inside its sandbox, and for comparison from a unit that forbids nothing.

Needs root, systemd-nspawn, mmdebstrap, and the archives of Debian and of Python packages while it installs. Prints one line, writes
JSON; exit 1 if any of it is not as it must be.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.experiments.guest.container import Container
from tests.experiments.guest.container import installed
from tests.experiments.guest.container import missing
from tests.experiments.guest.image import REPOSITORY
from tests.experiments.guest.image import NotToBeHadError
from tests.world import EXAMPLE
from tests.world import OTHER
from tests.world import a_sale
from tests.world import real_now
from tests.world import write_config
from watcher.core.model import Issuer
from watcher.demo.edgar import BundledEdgar
from watcher.demo.receivers import WebhookReceiver

UNIT = "watcher.service"
SECRET = "canary-of-the-service-experiment"
CREDENTIALS = "/etc/watcher/credentials"
CONFIG = "/etc/watcher/watcher.toml"
DROP_INS = f"/etc/systemd/system/{UNIT}.d"
KILLS = 3
RESTARTED_WITHIN = 15.0  # seconds from the hang: WatchdogSec=8, RestartSec=5, and what is left to start
_PROBED = """[Service]
Type=oneshot
Restart=no
WatchdogSec=0
ExecStart=
ExecStart=/opt/watcher/.venv/bin/python /probes.py
StandardOutput=file:/probed.json
"""
_BARE = "[Service]\nType=oneshot\nExecStart=/usr/bin/python3 /probes.py\nStandardOutput=file:/bare.json\n"


@dataclass(slots=True)
class Result:
    """`attempts` by name with what became of each; `checks` by what must be so, and whether it was."""

    trials: int = 1
    faults: int = 0
    lost: int = 0
    duplicated: int = 0
    attempts: dict[str, str] = field(default_factory=dict)
    allowed_without: int = 0
    watchdog_seconds: float = 0.0
    checks: dict[str, bool] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def denied(self) -> int:
        return sum(outcome.startswith("denied") for outcome in self.attempts.values())

    @property
    def good(self) -> bool:
        return not self.lost and self.denied == len(self.attempts) and self.allowed_without > 0 and all(self.checks.values())

    def __str__(self) -> str:
        wrong = "; ".join(name for name, right in self.checks.items() if not right) or "nothing"
        return (
            f"service trials={self.trials} faults={self.faults} lost={self.lost} duplicated={self.duplicated} "
            f"attempts={len(self.attempts)} denied={self.denied} allowed_without={self.allowed_without} "
            f"watchdog_seconds={self.watchdog_seconds} wrong={wrong}"
        )


class Scene:
    """The container, EDGAR and the receiver; each act leaves the service running."""

    def __init__(self, box: Container, edgar: BundledEdgar, hook: WebhookReceiver, result: Result) -> None:
        self._box, self._edgar, self._hook, self._result = box, edgar, hook, result
        self._filed = 1
        for issuer in (EXAMPLE, OTHER):
            edgar.add_issuer(issuer.trading_symbol or "", issuer.cik or "", issuer.name or "")
        edgar.file(a_sale(1), accepted_at=real_now() - timedelta(hours=1))  # the list of Form 4s is never empty

    def attempts(self) -> None:
        """Everything the unit forbids, from inside it, and from one that forbids nothing."""
        for unit in (UNIT, "bare.service"):
            self._box.run("systemctl", "start", unit)
        found = json.loads(self._box.read("/probed.json"))
        credential = found.pop("its own credential")
        self._check("the service reads its credential, which is its owner's alone", credential == f"400 {len(SECRET)}")
        self._result.attempts = found
        self._result.allowed_without = sum(
            each.startswith("allowed") for each in json.loads(self._box.read("/bare.json")).values()
        )
        self._box.remove(f"{DROP_INS}/probe.conf")
        self._box.run("systemctl", "daemon-reload")

    def start(self) -> None:
        self._check("it starts", self._box.run("systemctl", "start", UNIT).returncode == 0)
        self._box.until(lambda: any("type=4" in request.path for request in self._edgar.requests))
        self._check("it says an alert", self._alerts())

    def credentials(self) -> None:
        """Nobody but the service can read the secret, and it is nowhere else."""
        pid = self._box.show(UNIT, "MainPID")
        for path in (f"/run/credentials/{UNIT}/hook.secret", f"{CREDENTIALS}/hook.secret"):
            other = self._box.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat", path)
            self._check(f"another user cannot read {path}", other.returncode != 0 and not other.stdout)
        shown = self._box.run("cat", f"/proc/{pid}/environ", f"/proc/{pid}/cmdline").stdout
        self._check("the process shows no secret", bool(shown) and SECRET not in shown)
        kept = self._box.run("grep", "-r", "--text", SECRET, "/var/lib/private/watcher")
        self._check("the store has no secret", kept.returncode == 1)

    def reload(self) -> None:
        """A reload with a mistake fails and changes nothing; one without takes effect, and so does a change that nobody told of."""
        right, pid = self._box.read(CONFIG), self._box.show(UNIT, "MainPID")
        self._box.write(CONFIG, right.replace("[rules.default]", "[rules.default]\nevents = 1"))
        done = self._box.run("systemctl", "reload", UNIT)
        self._check("a reload with a mistake fails", done.returncode != 0)
        self._check("the journal then names file and line", f"{CONFIG}:" in self._journal())
        self._box.until(lambda: "not reloaded" in self._journal("--priority=err"))
        self._check("after it the same process goes on", self._box.show(UNIT, "MainPID") == pid)
        self._check("after it the old configuration is in force", self._alerts())
        self._check("the mistake is told as an alert", self._box.comes(lambda: "configuration" in self._conditions()))
        self._box.write(CONFIG, f'{right}\n[[watch]]\ncik = "{OTHER.cik}"\n')
        self._check("a reload without a mistake does not fail", self._box.run("systemctl", "reload", UNIT).returncode == 0)
        self._box.until(lambda: "configuration reloaded: watching 2" in self._journal())
        self._check("after it the new configuration is in force", self._alerts(OTHER))
        self._box.write(CONFIG, right)
        taken = self._box.comes(lambda: "configuration reloaded: watching 1" in self._journal())
        self._check("a change is noticed without a reload", taken)
        self._check("after all that the same process goes on", self._box.show(UNIT, "MainPID") == pid)

    def kills(self) -> None:
        """However often it is killed, it is started again, and what was filed meanwhile is told."""
        for number in range(KILLS):
            before = int(self._box.show(UNIT, "NRestarts"))
            self._box.run("systemctl", "kill", "--signal=KILL", "--kill-whom=main", UNIT)
            self._result.faults += 1
            self._box.until(lambda before=before: int(self._box.show(UNIT, "NRestarts")) == before + 1)  # type: ignore[misc]  # a lambda's default has no type
            self._box.until(lambda: self._box.show(UNIT, "ActiveState") == "active")
            self._check(f"after kill {number + 1} it is there again", self._alerts())

    def hang(self) -> None:
        """Stopped in its tracks, it is ended by the watchdog and started again."""
        pid, stopped = self._box.show(UNIT, "MainPID"), time.monotonic()
        self._box.run("systemctl", "kill", "--signal=STOP", "--kill-whom=main", UNIT)
        self._result.faults += 1
        self._box.until(lambda: self._box.show(UNIT, "MainPID") not in {pid, "0"})
        self._result.watchdog_seconds = round(time.monotonic() - stopped, 1)
        self._check("the watchdog ends a hang in time", self._result.watchdog_seconds <= RESTARTED_WITHIN)
        self._check("after a hang it is there again", self._alerts())
        self._check("a hang leaves the stacks in the journal", "Current thread" in self._journal())

    def wrong_start(self) -> None:
        """A mistake in the configuration ends the start, and it is not tried again and again."""
        right = self._box.read(CONFIG)
        self._box.write(CONFIG, "mistake")
        failed = self._box.run("systemctl", "restart", UNIT).returncode
        self._check("a start with a mistake fails", failed != 0)
        self._check("and stays failed", self._box.show(UNIT, "ActiveState") == "failed")
        self._check("the journal names file and line", f"{CONFIG}:1:" in self._journal())
        self._box.write(CONFIG, right)
        self._check("it starts once that is mended", self._box.run("systemctl", "start", UNIT).returncode == 0)
        self._check("the secret is not in the journal", SECRET not in self._journal())

    def _alerts(self, issuer: Issuer = EXAMPLE) -> bool:
        """File a sale; whether it is told."""
        self._filed += 1
        filing = a_sale(self._filed, issuer=issuer)
        self._edgar.file(filing, accepted_at=real_now())
        told = self._box.comes(lambda: filing.accession_number in self.arrived())
        self._result.lost += not told
        return told

    def arrived(self) -> list[str]:
        """The accession number of every alert, as it arrived."""
        return [payload["accession_number"] for payload in self._payloads() if payload["kind"] != "vigil"]

    def _conditions(self) -> list[str]:
        """What the watcher told of itself."""
        return [one["name"] for payload in self._payloads() if payload["kind"] == "vigil" for one in payload["conditions"]]

    def _payloads(self) -> list[dict[str, Any]]:
        return [json.loads(delivery.body) for delivery in self._hook.received]

    def _journal(self, *options: str) -> str:
        return self._box.run("journalctl", "--no-pager", "--output=cat", f"--unit={UNIT}", *options).stdout

    def _check(self, what: str, right: bool) -> None:
        self._result.checks[what] = right


def prepared(root: Path, edgar_url: str, hook_url: str) -> None:
    """Put the configuration, the secret, the unit and the attempts where they belong."""
    etc = root / "etc/watcher"
    credentials = root / CREDENTIALS.lstrip("/")
    credentials.mkdir(parents=True, mode=0o700)
    secret = credentials / "hook.secret"
    secret.touch(mode=0o600)
    secret.write_text(SECRET, "utf-8")
    destination = f'webhook = "{hook_url}"\nsecret_file = "hook.secret"'
    written = write_config(etc, edgar_url, {"hook": destination})
    written.write_text(written.read_text("utf-8").replace('"watcher.db"', '"/var/lib/watcher/watcher.db"'), "utf-8")
    written.chmod(0o644)
    unit = (REPOSITORY / "systemd" / UNIT).read_text("utf-8")
    system = root / "etc/systemd/system"
    (system / UNIT).write_text(unit.replace("#LoadCredential=hook.secret", "LoadCredential=hook.secret"), "utf-8")
    (system / "bare.service").write_text(_BARE, "utf-8")
    drop_in = root / f"{DROP_INS}/probe.conf".lstrip("/")
    drop_in.parent.mkdir()
    drop_in.write_text(_PROBED, "utf-8")
    (root / "probes.py").write_bytes(Path(__file__).with_name("guest").joinpath("probes.py").read_bytes())


def run() -> Result:
    """All acts, one after the other. Raises `NotToBeHadError` where this machine can have no such container."""
    if (lacks := missing()) is not None:
        raise NotToBeHadError(lacks)
    begun, result = time.monotonic(), Result()
    with (
        tempfile.TemporaryDirectory(prefix="service-") as folder,
        BundledEdgar(real_now) as edgar,
        WebhookReceiver() as hook,
    ):
        root = Path(folder, "root")
        installed(root)
        prepared(root, edgar.url, hook.url)
        with Container(root) as box:
            scene = Scene(box, edgar, hook, result)
            for act in (scene.attempts, scene.start, scene.credentials, scene.reload, scene.kills, scene.hang, scene.wrong_start):
                act()
        result.duplicated = len(scene.arrived()) - len(set(scene.arrived()))
    result.seconds = round(time.monotonic() - begun, 1)
    return result


def main() -> int:
    """Run it, and say how it went."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    result = run()
    sys.stdout.write(f"{result}\n")
    if asked.json:
        asked.json.write_text(json.dumps(asdict(result), indent=1) + "\n", "utf-8")
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
