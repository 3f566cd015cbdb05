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

from watcher.baseline import finish_baselines
from watcher.baseline import list_missing
from watcher.baseline import refresh_reports
from watcher.care import Care
from watcher.config import Config
from watcher.config import Destination
from watcher.core.calendar import until_next_look
from watcher.core.completeness import words
from watcher.core.errors import WatcherError
from watcher.core.figures import counted
from watcher.core.vigil import source_of
from watcher.deliver import deliver
from watcher.digest import owe_by_the_clock
from watcher.edgar import Edgar
from watcher.ingest import ingest
from watcher.jobs import HungError
from watcher.jobs import Jobs
from watcher.logs import Remembering
from watcher.logs import about
from watcher.notify import sender_for
from watcher.pace import Pace
from watcher.pace import pace_path
from watcher.poll import poll
from watcher.reconcile import reconcile_due
from watcher.reloading import Origin
from watcher.reloading import Reloading
from watcher.reloading import check_store
from watcher.resolve import note_moved
from watcher.resolve import resolve
from watcher.status import FORM_PREFIXES
from watcher.status import REFUSED
from watcher.store import Lock
from watcher.store import Store
from watcher.systemd import Notifier
from watcher.systemd import Watchdog
from watcher.upkeep import look_after
from watcher.upkeep import recover
from watcher.vigil import vigil

log = logging.getLogger("watcher")

TICK = 2.0  # seconds between looks at a queue; work is announced by waking, this is for what falls due by time
OTHER_FORMS_INTERVAL = 60.0  # forms 3 and 5 are rare and carry few alerts
HOUR = 3600.0
LIST_INTERVAL = 30.0  # seconds until a list of a CIK's filings that was not to be had is asked for again
PAGE_TAKES = 120.0  # seconds at most, beyond the interval, between two pages of polls: a turn, a host's name, an answer


class Daemon:
    """Everything that runs for months. Made once per process; `run` or `run_once`, then `close`."""

    def __init__(self, config: Config, *, now: Callable[[], datetime], origin: Origin | None = None) -> None:
        """Open the store, whose lock keeps a second daemon out, and the door to EDGAR. Raises `StoreError`, `AlreadyRunning`."""
        self._now = now
        self._lock = Lock(config.store.path)
        self.store = Store(config.store.path)
        self._config = config
        self._pace = Pace(pace_path(config.store.path))
        self._edgar = Edgar(config.edgar, self._pace, now=now)
        self._senders: dict[Destination, Remembering] = {}
        self._resolved = False
        self._resolving = threading.Lock()  # between the start and a reload: the later one's watches stay
        self._stopping = threading.Event()
        self._fatal: BaseException | None = None
        self._systemd = Notifier()
        self._watchdog = Watchdog(self._systemd)
        self._jobs = Jobs(threads=16 + len(config.destinations))
        self._care = Care(self.store, self._pace, self._jobs.goes_on)
        self._reloading = Reloading(origin, self.store, self._take, now=now) if origin else None  # without, nothing is reloaded
        self.store.set_fact(REFUSED, None)  # this one could be read
        for left_behind in recover(self.store, set(config.destinations), now=now()):  # by a crash or a long sleep
            log.warning(left_behind)

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
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: self._stopping.set())
        signal.signal(signal.SIGHUP, self._on_reload)
        self.start()
        status = self.supervise()
        if isinstance(self._fatal, WatcherError):
            raise self._fatal
        return status

    def start(self) -> None:
        """Give the scheduler its jobs."""
        self._add("resolve", self._resolve, lambda: 30.0)
        self._add("poll 4", partial(self._poll, "4"), self._poll_interval)
        for prefix in FORM_PREFIXES[1:]:
            self._add(f"poll {prefix}", partial(self._poll, prefix), lambda: max(OTHER_FORMS_INTERVAL, self._poll_interval()))
        self._add("ingest", self._ingest_live, lambda: TICK)
        self._add("list", self._list, lambda: LIST_INTERVAL)
        self._add("baseline", self._read_past, lambda: TICK)
        self._add("reconcile", self._reconcile, lambda: HOUR)
        self._add("tickers", lambda: note_moved(self._edgar, self.store, now=self._now()), lambda: HOUR)
        self._add("housekeeping", lambda: look_after(self.store, set(self._config.destinations), now=self._now()), lambda: HOUR)
        self._add("vigil", self._vigil, lambda: 30.0)
        self._add("care", lambda: self._care(self._config, now=self._now()), lambda: 60.0)
        self._add("digest", self._digest, lambda: 30.0)
        if self._reloading:
            self._add("reload", self._reloading, self._reloading.interval)
        for name in self._config.destinations:
            self._add_delivery(name)
        self._jobs.start()
        self._systemd("READY=1", "STATUS=watching")
        config, told = self._config, counted(len(self._config.destinations), "destination")
        often = f"EDGAR is asked every {config.edgar.poll_interval:g} s, every {config.edgar.off_hours_interval:g} s while closed"
        log.info("watching %d, telling %s; %s", len(config.watches), told, often)

    def supervise(self) -> int:
        """The main thread's work: a look at every job each second, by the monotonic clock, until told to stop."""
        while not self._stopping.wait(1.0):
            if self._fatal is not None:
                break
            if self._reloading and self._reloading.asked.is_set():
                self._jobs.wake("reload")
            try:
                self._jobs.tend()
            except HungError as error:
                log.critical("%s: the process ends and must be started again", error)
                os._exit(70)  # its threads cannot be joined
            # The longer of the two at all hours: when EDGAR opens, the poll before was made at the interval of the night.
            longest = max(self._config.edgar.poll_interval, self._config.edgar.off_hours_interval)
            self._watchdog.feed(longest + PAGE_TAKES, time.monotonic())
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
        steps += [("list", self._list), ("baseline", self._read_past), ("ingest", self._ingest_live), ("digest", self._digest)]
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
        with self._resolving:
            if self._resolved:
                return
            resolve(self._edgar, self.store, self._config, now=self._now())
            self._resolved = True
        self._look_at_once()

    def _poll(self, form_prefix: str) -> None:
        try:
            if not self._resolved and not self.store.watches():
                return
            went_on = partial(self._poll_goes_on, form_prefix)
            polled = poll(self._edgar, self.store, now=self._now(), form_prefix=form_prefix, goes_on=went_on)
        finally:
            self._poll_goes_on(form_prefix)
        if polled.new:
            log.info("poll %s: %s", form_prefix, ", ".join(polled.new))
            self._jobs.wake("ingest")
        if polled.gap:
            self._jobs.wake("list")

    def _poll_goes_on(self, form_prefix: str) -> None:
        """A long list takes many pages, each with a deadline of its own: who reads on is not hung."""
        self._jobs.goes_on()
        if form_prefix == "4":
            self._watchdog.sign(time.monotonic())

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
            of = about(result.accession_number, pending.path_cik)
            log.info("%s %s, %s", result.accession_number, result.state, counted(len(result.alerts), "alert"), extra=of)
            for name in self._config.destinations if result.alerts else ():
                self._jobs.wake(f"deliver {name}")
            self._jobs.goes_on()
        return ended

    def _list(self) -> None:
        """What the watches filed in a gap or in the past."""
        for what, new in list_missing(self._edgar, self.store, now=self._now, span=self._config.store.baseline):
            log.info("%s: %d filings to read", what, new)
            self._jobs.goes_on()
            if new:
                self._jobs.wake("ingest")
            if self._stopping.is_set():
                return

    def _read_past(self) -> None:
        while self._ingest("baseline") and not self._stopping.is_set():
            continue
        finish_baselines(self.store)

    def _deliver(self, name: str, *, waits: bool = False) -> None:
        while not self._stopping.is_set():
            destination = self._config.destinations.get(name)
            if destination is None:  # taken out of the configuration meanwhile
                return
            if waits and destination.burst and self.store.settles(self._now()):  # what else it may have told is still being found
                return
            sender = self._sender(destination)
            outcome = deliver(self.store, sender, name, now=self._now, terms=destination)
            self._jobs.goes_on()
            if outcome is None:
                return
            taken = outcome.state == "accepted"
            said = "delivered" if taken else f"{outcome.state} ({outcome.reason})"
            log.log(logging.INFO if taken else logging.WARNING, "%s: %s", name, said, extra=sender.about)

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

    def _vigil(self) -> None:
        for name in vigil(self.store, self._pace, self._config, now=self._now()):
            self._jobs.wake(f"deliver {name}")

    def _digest(self) -> None:
        for name in owe_by_the_clock(self.store, self._config, now=self._now()):
            self._jobs.wake(f"deliver {name}")

    # --- parts ------------------------------------------------------------------------------------------------------------

    def _sender(self, destination: Destination) -> Remembering:
        if destination not in self._senders:
            self._senders[destination] = Remembering(sender_for(destination), destination.name)
        return self._senders[destination]

    def _add(self, name: str, step: Callable[[], None], interval: Callable[[], float]) -> None:
        self._jobs.add(name, self._guarded(name, step), interval)

    def _add_delivery(self, name: str) -> None:
        self._add(f"deliver {name}", partial(self._deliver, name, waits=True), lambda: TICK)

    def _poll_interval(self) -> float:
        edgar = self._config.edgar
        return until_next_look(self._now(), edgar.poll_interval, edgar.off_hours_interval)

    def _on_reload(self, _number: int, _frame: FrameType | None) -> None:
        if self._reloading:
            self._reloading.asked.set()

    def _look_at_once(self) -> None:
        for name in ("list", *(f"poll {prefix}" for prefix in FORM_PREFIXES)):
            self._jobs.wake(name)

    # --- another configuration --------------------------------------------------------------------------------------------

    def _take(self, config: Config) -> None:
        """Put a configuration into force; one of another store, or with a ticker unknown or not told by EDGAR, leaves the old one."""
        check_store(config, self.store.path)
        edgar = self._edgar if config.edgar == self._config.edgar else Edgar(config.edgar, self._pace, now=self._now)
        with self._resolving:
            resolve(edgar, self.store, config, now=self._now())
            before, self._config, self._edgar, self._resolved = self._config.destinations.keys(), config, edgar, True
        self._watchdog.sign(time.monotonic())  # what was in time by the old intervals is not late by the new ones
        for name in before - config.destinations.keys():
            self._jobs.remove(f"deliver {name}")
        for name in config.destinations.keys() - before:
            self._add_delivery(name)
        self.store.bury_unknown_destinations(set(config.destinations), self._now())
        log.info("configuration reloaded: watching %d", len(config.watches))
        self._look_at_once()
