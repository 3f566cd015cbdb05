"""A small world for tests: the bundled EDGAR, receivers, a configuration, a store, the doors; and the real daemon as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC
from datetime import date
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from watcher.baseline import close_gap
from watcher.baseline import finish_baselines
from watcher.baseline import list_past
from watcher.config import Config
from watcher.config import EdgarConfig
from watcher.config import load
from watcher.core.errors import Blocked
from watcher.core.model import Issuer
from watcher.core.model import ReportingOwner
from watcher.demo.edgar import BundledEdgar
from watcher.demo.filings import EASTERN
from watcher.demo.filings import Filing
from watcher.demo.stories import Lot
from watcher.demo.stories import Occasion
from watcher.demo.stories import sale
from watcher.edgar import Edgar
from watcher.ingest import Ingested
from watcher.ingest import ingest
from watcher.pace import Pace
from watcher.pace import pace_path
from watcher.poll import Polled
from watcher.poll import poll
from watcher.resolve import resolve
from watcher.store import Store

EXAMPLE = Issuer("0009990001", "Example Corp", "EXMP")
OTHER = Issuer("0009990002", "Other Example Inc", "OTHR")
JANE = ReportingOwner("0009980001", "Roe Jane A", is_officer=True, officer_title="Chief Example Officer")
ALEX = ReportingOwner("0009980002", "Doe Alex B", is_director=True)
FUND = ReportingOwner("0009980003", "Example Fund (SPV) GP, LLC", is_ten_percent_owner=True)

NOON = datetime(2026, 9, 1, 12, 0, tzinfo=EASTERN)  # a Tuesday on which EDGAR is open
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

CONTACT = "Test test@example.com"
SECRET = "not a secret"
REPOSITORY = Path(__file__).resolve().parents[1]


def a_sale(
    number: int,
    *lots: Lot,
    owners: Sequence[ReportingOwner] = (JANE,),
    issuer: Issuer = EXAMPLE,
    opening: int = 10_000,
    on: date = date(2026, 9, 1),
) -> Filing:
    """A Form 4 with one row for each lot; `number` makes its accession number."""
    return sale(Occasion(accession(number), issuer, tuple(owners), on, opening), *(lots or ((1_000, "25.56"),)))


def accession(number: int) -> str:
    return f"0000000000-26-{number:06}"


def until(condition: Callable[[], object], *, seconds: float = 60, what: str = "") -> None:
    """Wait for a condition; a busy machine only makes this slower."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, what or f"it did not come to this within {seconds} seconds"
        time.sleep(0.02)


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def tick(self, step: timedelta = SECOND) -> datetime:
        self.now += step
        return self.now


def real_now() -> datetime:
    return datetime.now(UTC)


class Unpaced(Pace):
    """Keeps a block and no pace: the bundled EDGAR may be asked as fast as it answers."""

    def wait(self, now: Callable[[], datetime], *, background: bool = False) -> None:  # noqa: ARG002 -- the signature is Pace's
        until = self.blocked_until(now())
        if until is not None:
            raise Blocked("a block is remembered", until=until)


# --- configuration --------------------------------------------------------------------------------------------------------

TERMINAL = "terminal = true"


def webhook(url: str) -> str:
    return f'webhook = "{url}"\nsecret_env = "HOOK_SECRET"'


def mail(port: int) -> str:
    return f'url = "mailto://127.0.0.1:{port}?from=watcher@example.com&to=desk@example.com&mode=insecure"'


def write_config(
    folder: Path,
    edgar_url: str,
    destinations: Mapping[str, str],
    watches: Sequence[str] = ('ticker = "EXMP"',),
    rule: str = "",
) -> Path:
    """A configuration whose default rule tells every destination (name to TOML); it polls each second."""
    path = folder / "watcher.toml"
    told = ", ".join(f'"{name}"' for name in destinations)
    path.write_text(
        "\n".join(
            (
                f'[edgar]\ncontact = "{CONTACT}"\npoll_interval = "1s"\noff_hours_interval = "1s"',
                *(f'{name}_url = "{edgar_url}"' for name in ("www", "data", "efts")),
                '[store]\npath = "watcher.db"',
                *(f"[destinations.{name}]\n{toml}" for name, toml in destinations.items()),
                f"[rules.default]\n{rule}\nnotify = [{told}]",
                *(f"[[watch]]\n{toml}" for toml in watches),
            )
        ),
        "utf-8",
    )
    return path


# --- the steps, in this process ---------------------------------------------------------------------------------------------


class World:
    """EDGAR, a store and a configuration under a clock set by hand; the steps as the daemon calls them."""

    def __init__(
        self,
        folder: Path,
        *,
        destinations: Mapping[str, str] | None = None,
        watches: Sequence[str] = ('ticker = "EXMP"',),
        rule: str = "",
        recent_limit: int = 1000,
    ) -> None:
        self.clock = Clock()
        self.edgar = BundledEdgar(self.clock, recent_limit=recent_limit)
        for issuer in (EXAMPLE, OTHER):
            self.edgar.add_issuer(issuer.trading_symbol or "", issuer.cik or "", issuer.name or "")
        self._folder = folder
        self._destinations = destinations or {"desk": TERMINAL}
        self._rule = rule
        self.configure(watches)
        self.store = Store(self.config.store.path)
        self.pace = Unpaced(pace_path(self.config.store.path))
        self.door = self.new_door()
        self._open = ExitStack()

    def configure(self, watches: Sequence[str], destinations: Mapping[str, str] | None = None) -> None:
        path = write_config(self._folder, self.edgar.url, destinations or self._destinations, watches, self._rule)
        self.config: Config = load(path, {"HOOK_SECRET": SECRET})

    def new_door(self, *, deadline: float = 10.0, pace: Pace | None = None, contact: str = CONTACT) -> Edgar:
        config = EdgarConfig(contact, www_url=self.edgar.url, data_url=self.edgar.url, efts_url=self.edgar.url)
        return Edgar(config, pace or self.pace, now=self.clock, deadline=deadline)

    def __enter__(self) -> Self:
        self._open.enter_context(self.edgar)
        self._open.callback(self.store.close)
        self._open.callback(self.door.close)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.__exit__(kind, error, trace)

    def watch(self, *watches: str) -> None:
        """Put these watches (TOML), or those given at first, into force now."""
        if watches:
            self.configure(watches)
        resolve(self.door, self.store, self.config, now=self.clock())

    def file(self, filing: Filing, *, ago: timedelta = timedelta(0), listed: bool = True, document_delay: float = 0) -> str:
        self.edgar.file(filing, accepted_at=self.clock() - ago, listed=listed, document_delay=document_delay)
        return filing.accession_number

    def poll(self, form_prefix: str = "4") -> Polled:
        return poll(self.door, self.store, now=self.clock(), form_prefix=form_prefix)

    def close_gap(self) -> list[str]:
        return [number for found in close_gap(self.door, self.store, now=self.clock()) for number in found]

    def ingest(self, queue: str = "live") -> list[Ingested]:
        return [
            ingest(self.door, self.store, self.config, pending, now=self.clock())
            for pending in self.store.pending(queue, self.clock(), limit=1000)
        ]

    def baseline(self) -> list[Ingested]:
        """Read the past of the watches that owe it."""
        for watch in self.store.watches():
            if watch.baseline == "owed":
                list_past(self.door, self.store, watch, now=self.clock(), span=self.config.store.baseline)
        results = self.ingest("baseline")
        finish_baselines(self.store)
        return results

    def alerted(self) -> list[str]:
        """The accession number of every alert, in the order in which they were promised."""
        return [row["accession_number"] for row in self.store.rows("SELECT accession_number FROM alert ORDER BY rowid")]

    def state_of(self, accession_number: str) -> str | None:
        state: str | None = self.store.value("SELECT state FROM filing WHERE accession_number = ?", (accession_number,))
        return state


# --- the daemon, as a process of its own --------------------------------------------------------------------------------------


def run_watcher(config: Path, *command: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """One command of the watcher, in a process of its own."""
    return subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-m", "watcher", *command, "--config", str(config)],
        cwd=REPOSITORY,
        env=environment(config.parent),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def environment(home: Path, **more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(REPOSITORY), "HOOK_SECRET": SECRET, **more}


class DaemonProcess:
    """`watcher run` in a process of its own; leaving the `with` ends it."""

    def __init__(self, config: Path, **more: str) -> None:
        self._config = config
        self._more = more
        self._log = config.parent / f"log-{time.monotonic_ns()}"

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(  # noqa: S603 -- our own program
                [sys.executable, "-m", "watcher", "run", "--config", str(self._config)],
                cwd=REPOSITORY,
                env=environment(self._config.parent, **self._more),
                stdout=log,
                stderr=log,
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")

    def says(self, words: str, *, times: int = 1) -> None:
        """Wait until the log has these words."""
        until(lambda: self._said(words, times), what=f"the log does not say {words!r}:\n{self.log}")

    def _said(self, words: str, times: int) -> bool:
        assert self.process.poll() is None or self.log.count(words) >= times, f"it ended:\n{self.log}"
        return self.log.count(words) >= times

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        self.process.terminate()
        return self.process.wait(timeout=60)
