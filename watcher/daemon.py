"""The composition root: opens the doors, gives the scheduler its jobs, and watches over them until told to stop.

    poll 4 · poll 3 · poll 5  ->  ingest  ->  deliver (one job per destination)
    list  ->  baseline, beside them and slower, so that they never delay an alert
    reconcile, each hour: the finished days against EDGAR's index

Steps meet in the store; a job that left something for another only wakes it.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from types import FrameType

from watcher.baseline import close_gap
from watcher.baseline import finish_baselines
from watcher.baseline import list_past
from watcher.baseline import refresh_reports
from watcher.config import Config
from watcher.config import Destination
from watcher.core.calendar import is_open
from watcher.core.completeness import words
from watcher.core.errors import ConfigError
from watcher.core.errors import EdgarError
from watcher.core.errors import FeedUnreadable
from watcher.core.errors import WatcherError
from watcher.core.vigil import source_of
from watcher.deliver import deliver
from watcher.edgar import Edgar
from watcher.ingest import ingest
from watcher.jobs import HungError
from watcher.jobs import Jobs
from watcher.notify import Sender
from watcher.notify import sender_for
from watcher.pace import Pace
from watcher.pace import pace_path
from watcher.poll import poll
from watcher.reconcile import reconcile_due
from watcher.resolve import resolve
from watcher.status import FORM_PREFIXES
from watcher.store import Lock
from watcher.store import Store
from watcher.systemd import Notifier
from watcher.upkeep import look_after
from watcher.upkeep import recover
from watcher.vigil import vigil

log = logging.getLogger("watcher")

TICK = 2.0  # seconds between looks at a queue; work is announced by waking, this is for what falls due by time
OTHER_FORMS_INTERVAL = 60.0  # forms 3 and 5 are rare and carry few alerts
HOUR = 3600.0
LIST_INTERVAL = 30.0  # seconds until a list of a CIK's filings that was not to be had is asked for again


class Daemon:
    """Everything that runs for months. Made once per process; `run` or `run_once`, then `close`."""

    def __init__(self, config: Config, *, now: Callable[[], datetime], reload: Callable[[], Config] | None = None) -> None:
        """Open the store, whose lock keeps a second daemon out, and the door to EDGAR. Raises `StoreError`, `AlreadyRunning`."""
        self._now = now
        self._reload = reload
        self._lock = Lock(config.store.path)
        self.store = Store(config.store.path)
        self._config = config
        self._pace = Pace(pace_path(config.store.path))
        self._edgar = Edgar(config.edgar, self._pace, now=now)
        self._senders: dict[Destination, Sender] = {}
        self._resolved = False
        self._stopping = threading.Event()
        self._reloading = threading.Event()
        self._fatal: BaseException | None = None
        self._polled_at = time.monotonic()
        self._systemd = Notifier()
        self._jobs = Jobs(threads=16 + len(config.destinations))
        self._prepare()

    def close(self) -> None:
        """Close the doors."""
        self._edgar.close()
        self.store.close()
        self._lock.release()

    # --- the two ways to run ----------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Run until SIGTERM or SIGINT; SIGHUP reloads. Returns the exit status: 0 when told to stop, 1 when it could not go on.

        Raises the `WatcherError` that ended it, if one did: an unknown ticker is the user's mistake.
        """
        for number, action in (
            (signal.SIGTERM, self._on_stop),
            (signal.SIGINT, self._on_stop),
            (signal.SIGHUP, self._on_reload),
        ):
            signal.signal(number, action)
        self.start()
        status = self.supervise()
        if isinstance(self._fatal, WatcherError):
            raise self._fatal
        return status

    def start(self) -> None:
        """Give the scheduler its jobs."""
        self._jobs.add("resolve", self._guarded("resolve", self._resolve), lambda: 30.0)
        self._jobs.add("poll 4", self._guarded("poll 4", partial(self._poll, "4")), self._poll_interval)
        for prefix in FORM_PREFIXES[1:]:
            self._jobs.add(f"poll {prefix}", self._guarded(f"poll {prefix}", partial(self._poll, prefix)), self._other_interval)
        self._jobs.add("ingest", self._guarded("ingest", self._ingest_live), lambda: TICK)
        self._jobs.add("list", self._guarded("list", self._list), lambda: LIST_INTERVAL)
        self._jobs.add("baseline", self._guarded("baseline", self._read_past), lambda: TICK)
        self._jobs.add("reconcile", self._guarded("reconcile", self._reconcile), lambda: HOUR)
        self._jobs.add("housekeeping", self._guarded("housekeeping", self._housekeeping), lambda: HOUR)
        self._jobs.add("vigil", self._guarded("vigil", self._vigil), lambda: 30.0)
        for name in self._config.destinations:
            self._add_delivery(name)
        self._jobs.start()
        self._systemd("READY=1", "STATUS=watching")
        log.info("watching %d, telling %d destinations", len(self._config.watches), len(self._config.destinations))

    def supervise(self) -> int:
        """The main thread's work: a look at every job each second, by the monotonic clock, until told to stop."""
        fed = 0.0
        while not self._stopping.wait(1.0):
            if self._fatal is not None:
                break
            if self._reloading.is_set():
                self._reloading.clear()
                self._take_new_config()
            try:
                self._jobs.tend()
            except HungError as error:
                log.critical("%s: the process ends and must be started again", error)
                os._exit(70)  # its threads cannot be joined
            if self._polled_at > fed:
                fed = self._polled_at
                self._systemd("WATCHDOG=1")
        self._systemd("STOPPING=1")
        self._jobs.stop()
        if self._fatal is not None:
            log.critical("stopped: %s", self._fatal, exc_info=None if isinstance(self._fatal, WatcherError) else self._fatal)
            return 1
        return 0

    def stop(self) -> None:
        """Ask `supervise` to end; what is under way is finished."""
        self._stopping.set()

    def run_once(self) -> None:
        """One whole cycle: baseline if new, poll, ingest, deliver. What one step cannot do does not keep the next from its work.

        Raises the first `WatcherError` at the end, or at once if trying again would not help.
        """
        steps: list[tuple[str, Callable[[], None]]] = [("resolve", self._resolve)]
        steps += [(f"poll {prefix}", partial(self._poll, prefix)) for prefix in FORM_PREFIXES]
        steps += [("list", self._list), ("baseline", self._read_past), ("ingest", self._ingest_live)]
        steps += [(f"deliver {name}", partial(self._deliver, name)) for name in self._config.destinations]
        troubles: list[WatcherError] = []
        for source, step in steps:
            try:
                step()
            except WatcherError as error:
                if not error.again:
                    raise
                self.store.keep_trouble(source, str(error), self._now())
                troubles.append(error)
        if troubles:
            raise troubles[0]

    # --- jobs -------------------------------------------------------------------------------------------------------------

    def _guarded(self, source: str, step: Callable[[], None]) -> Callable[[], None]:
        """What may pass by itself is noted as a trouble; anything else ends the process, so that somebody sees it."""

        def guarded() -> None:
            if self._stopping.is_set() or self._fatal is not None:
                return
            try:
                step()
            except WatcherError as error:
                if not error.again:
                    self._fatal = error
                    return
                log.warning("%s: %s", source, error)
                self._note(source_of(source, error), str(error))
            except BaseException as error:  # noqa: BLE001 -- kept for the main thread, which ends the process with it
                self._fatal = error

        return guarded

    def _note(self, source: str, text: str) -> None:
        try:
            self.store.keep_trouble(source, text, self._now())
        except WatcherError as error:
            self._fatal = error

    def _resolve(self) -> None:
        if self._resolved:
            return
        resolve(self._edgar, self.store, self._config, now=self._now())
        self._resolved = True
        for name in ("list", *(f"poll {prefix}" for prefix in FORM_PREFIXES)):
            self._jobs.wake(name)

    def _poll(self, form_prefix: str) -> None:
        try:
            if not self._resolved and not self.store.watches():
                return
            polled = poll(self._edgar, self.store, now=self._now(), form_prefix=form_prefix)
        finally:
            if form_prefix == "4":
                self._polled_at = time.monotonic()
        if polled.new:
            log.info("poll %s: %s", form_prefix, ", ".join(polled.new))
            self._jobs.wake("ingest")
        if polled.gap:
            self._jobs.wake("list")

    def _ingest_live(self) -> None:
        while self._ingest("live") and not self._stopping.is_set():
            continue

    def _ingest(self, queue: str, limit: int = 50) -> int:
        """Take what is due of a queue; returns how many filings came to their end."""
        ended = 0
        for pending in self.store.pending(queue, self._now(), limit):
            if self._stopping.is_set():
                break
            result = ingest(self._edgar, self.store, self._config, pending, now=self._now())
            ended += result.state != "postponed"
            log.info("%s %s, %d alerts", result.accession_number, result.state, len(result.alerts))
            if result.alerts:
                for name in self._config.destinations:
                    self._jobs.wake(f"deliver {name}")
            self._jobs.goes_on()
        return ended

    def _list(self) -> None:
        """What the watches filed in a gap or in the past; a list that cannot be read does not keep the others from being read."""
        unreadable: FeedUnreadable | None = None
        try:
            for found in close_gap(self._edgar, self.store, now=self._now()):
                self._jobs.goes_on()
                if found:
                    self._jobs.wake("ingest")
                if self._stopping.is_set():
                    return
        except FeedUnreadable as error:
            unreadable = error
        for watch in self.store.watches():
            if watch.baseline != "owed" or self._stopping.is_set():
                continue
            try:
                count = list_past(self._edgar, self.store, watch, now=self._now(), span=self._config.store.baseline)
                log.info("baseline of %s: %d filings to read", watch.shown, count)
            except FeedUnreadable as error:
                unreadable = error
            self._jobs.goes_on()
        if unreadable is not None:
            raise unreadable

    def _read_past(self) -> None:
        while self._ingest("baseline") and not self._stopping.is_set():
            continue
        finish_baselines(self.store)

    def _deliver(self, name: str) -> None:
        while not self._stopping.is_set():
            destination = self._config.destinations.get(name)
            if destination is None:  # taken out of the configuration meanwhile
                return
            outcome = deliver(self.store, self._sender(destination), name, now=self._now, terms=destination)
            self._jobs.goes_on()
            if outcome is None:
                return
            if outcome.state == "accepted":
                log.info("%s: delivered", name)
            else:
                log.warning("%s: %s (%s)", name, outcome.state, outcome.reason)

    def _reconcile(self) -> None:
        """Hold what is due of EDGAR's indexes against the store; what is missing is left to `ingest` and looked at again in an hour."""
        for proof in reconcile_due(self._edgar, self.store, now=self._now()):
            self._jobs.goes_on()
            log.log(logging.WARNING if proof.missing else logging.INFO, words(proof))
            if proof.missing:
                self._jobs.wake("ingest")
            if self._stopping.is_set():
                return
        refresh_reports(self._edgar, self.store, now=self._now())

    def _housekeeping(self) -> None:
        look_after(self.store, now=self._now())

    def _vigil(self) -> None:
        for name in vigil(self.store, self._pace, self._config, now=self._now()):
            self._jobs.wake(f"deliver {name}")

    # --- parts ------------------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """What a crash or a long sleep left behind."""
        for left_behind in recover(self.store, set(self._config.destinations), now=self._now()):
            log.warning(left_behind)

    def _sender(self, destination: Destination) -> Sender:
        if destination not in self._senders:
            self._senders[destination] = sender_for(destination)
        return self._senders[destination]

    def _add_delivery(self, name: str) -> None:
        self._jobs.add(f"deliver {name}", self._guarded(f"deliver {name}", partial(self._deliver, name)), lambda: TICK)

    def _poll_interval(self) -> float:
        return self._config.edgar.poll_interval if is_open(self._now()) else self._config.edgar.off_hours_interval

    def _other_interval(self) -> float:
        return max(OTHER_FORMS_INTERVAL, self._poll_interval())

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping.set()

    def _on_reload(self, _number: int, _frame: FrameType | None) -> None:
        self._reloading.set()

    def _take_new_config(self) -> None:
        """Read the configuration again; one that is wrong, or names an unknown ticker, leaves the old one in force."""
        if self._reload is None:
            return
        try:
            config = self._reload()
            edgar = Edgar(config.edgar, self._pace, now=self._now)
            resolve(edgar, self.store, config, now=self._now())
        except (ConfigError, EdgarError, FeedUnreadable) as error:
            log.error("the configuration was not reloaded, the old one stays in force:\n%s", error)  # noqa: TRY400 -- no traceback for a typing mistake
            self._note("reload", str(error))
            return
        before, self._config, self._edgar, self._resolved = self._config.destinations.keys(), config, edgar, True
        for name in before - config.destinations.keys():
            self._jobs.remove(f"deliver {name}")
        for name in config.destinations.keys() - before:
            self._add_delivery(name)
        self.store.bury_unknown_destinations(set(config.destinations), self._now())
        log.info("configuration reloaded: watching %d", len(config.watches))
        self._jobs.wake("list")
