"""The daemon as a process of its own: it starts, tells, reloads, recovers and ends as its users may expect."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from select import select
from typing import Any
from typing import Self

import pytest

from tests.world import EXAMPLE
from tests.world import JANE
from tests.world import OTHER
from tests.world import DaemonProcess
from tests.world import a_sale
from tests.world import accession
from tests.world import mail
from tests.world import real_now
from tests.world import run_watcher
from tests.world import until
from tests.world import webhook
from tests.world import write_config
from watcher.demo.edgar import BundledEdgar
from watcher.demo.filings import Filing
from watcher.demo.receivers import Received
from watcher.demo.receivers import SmtpReceiver
from watcher.demo.receivers import WebhookReceiver
from watcher.store import stamp

BY_CIK = f'cik = "{EXAMPLE.cik}"'  # needs no ticker file


class Scene:
    """EDGAR, a webhook and a mail server on the loopback interface, under the real clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.edgar = BundledEdgar(real_now)
        self.hook = WebhookReceiver()
        self.mail = SmtpReceiver()
        self._open = ExitStack()
        for issuer in (EXAMPLE, OTHER):
            self.edgar.add_issuer(issuer.trading_symbol or "", issuer.cik or "", issuer.name or "")
        self.file(a_sale(900, issuer=OTHER), ago=60)  # the list of Form 4s is never empty

    def __enter__(self) -> Self:
        for server in (self.edgar, self.hook, self.mail):
            self._open.enter_context(server)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def configure(self, *watches: str, **destinations: str) -> Path:
        """Tell the webhook, or these destinations, of EXMP, or of these watches."""
        everyone = destinations or {"hook": webhook(self.hook.url)}
        return write_config(self.folder, self.edgar.url, everyone, watches or ('ticker = "EXMP"',))

    def file(self, filing: Filing, *, ago: float = 0, document_delay: float = 0) -> str:
        at = real_now() - timedelta(seconds=ago)
        self.edgar.file(replace(filing, period=at.date()), accepted_at=at, document_delay=document_delay)
        return filing.accession_number

    def watches(self, *, times: int = 1) -> None:
        """Wait until the daemon looks: it asks for the list of Form 4s only once it knows what it watches."""
        until(lambda: sum("type=4" in request.path for request in self.edgar.requests) >= times)

    def told(self, *numbers: str) -> None:
        """Wait until the webhook was told of these."""
        until(lambda: set(numbers) <= set(of(self.hook.received)), what=f"{numbers} not in {of(self.hook.received)}")

    def select(self, sql: str) -> list[tuple[Any, ...]]:
        """What the store says, looked at from outside."""
        with closing(sqlite3.connect(f"file:{self.folder}/watcher.db?mode=ro", uri=True)) as looking:
            return looking.execute(sql).fetchall()


def of(received: tuple[Received, ...]) -> list[str]:
    return [json.loads(delivery.body)["accession_number"] for delivery in received]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with Scene(tmp_path) as scene:
        yield scene


# --- from filing to alert -------------------------------------------------------------------------------------------------------


def test_a_new_filing_reaches_machines_and_people_and_the_past_does_not(scene: Scene) -> None:
    scene.file(a_sale(1), ago=30 * 86400)
    with DaemonProcess(scene.configure(hook=webhook(scene.hook.url), desk=mail(scene.mail.port))) as daemon:
        scene.watches()
        number = scene.file(a_sale(2, opening=9_000))
        scene.told(number)
        until(lambda: scene.mail.received)
        assert daemon.stop() == 0
    assert of(scene.hook.received) == [number]
    (letter,) = scene.mail.received
    assert b"EXMP" in letter.content
    (payload,) = (json.loads(delivery.body) for delivery in scene.hook.received)
    assert payload["holdings"][0]["before"] == "9000"


def test_apprise_is_not_imported_before_the_first_message_to_people(scene: Scene) -> None:
    config = scene.configure(desk=mail(scene.mail.port))
    with DaemonProcess(config, PYTHONPROFILEIMPORTTIME="1") as daemon:
        scene.watches(times=3)
        assert "watcher.deliver" in daemon.log
        assert " apprise" not in daemon.log
        scene.file(a_sale(1))
        until(lambda: scene.mail.received)
        assert " apprise" in daemon.log


# --- beginning and ending ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(scene: Scene, number: signal.Signals) -> None:
    with DaemonProcess(scene.configure()) as daemon:
        scene.watches()
        begun = time.monotonic()
        daemon.process.send_signal(number)
        assert daemon.process.wait(timeout=60) == 0
        assert time.monotonic() - begun < 20
        assert "Traceback" not in daemon.log


def test_a_signal_lets_a_delivery_under_way_come_to_its_end(scene: Scene) -> None:
    scene.hook.answer(200, delay_seconds=2)
    with DaemonProcess(scene.configure()) as daemon:
        scene.watches()
        scene.file(a_sale(1))
        until(lambda: scene.hook.received)
        assert daemon.stop() == 0
    assert scene.select("SELECT state FROM owed") == [("delivered",)]


def test_a_second_daemon_refuses_to_start(scene: Scene) -> None:
    config = scene.configure()
    with DaemonProcess(config) as daemon:
        scene.watches()
        second = run_watcher(config, "run")
        assert (second.returncode, "already running" in second.stderr) == (1, True)
        assert "Traceback" not in second.stderr
        scene.told(scene.file(a_sale(1)))
        assert daemon.process.poll() is None


def test_an_unknown_ticker_ends_it_as_the_users_mistake(scene: Scene) -> None:
    config = scene.configure('ticker = "EXNP"')
    with DaemonProcess(config) as daemon:
        assert daemon.process.wait(timeout=60) == 2
        assert f"{config}:" in daemon.log
        assert "did you mean EXMP" in daemon.log
        assert "Traceback" not in daemon.log


def test_it_tells_systemd_that_it_is_ready_that_it_polls_and_that_it_stops(scene: Scene) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as channel:
        channel.bind(str(scene.folder / "notify"))
        channel.settimeout(60)
        with DaemonProcess(scene.configure(), NOTIFY_SOCKET=str(scene.folder / "notify")) as daemon:
            assert channel.recv(4096).splitlines()[0] == b"READY=1"
            for _ in range(3):
                assert channel.recv(4096) == b"WATCHDOG=1"
            daemon.process.terminate()
            said = channel.recv(4096)
            while said == b"WATCHDOG=1":
                said = channel.recv(4096)
            assert said == b"STOPPING=1"
            assert daemon.process.wait(timeout=60) == 0


def test_a_reload_that_waits_for_edgar_keeps_nothing_else_waiting(scene: Scene) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as channel:
        channel.bind(str(scene.folder / "notify"))
        channel.settimeout(60)
        with DaemonProcess(scene.configure(), NOTIFY_SOCKET=str(scene.folder / "notify")) as daemon:
            scene.watches()
            scene.edgar.fault("hang", path_contains="tickers")
            asked = len(scene.edgar.requests)
            scene.configure('ticker = "EXMP"', 'ticker = "OTHR"')
            daemon.reload()
            until(lambda: any("tickers" in request.path for request in scene.edgar.requests[asked:]))
            scene.told(scene.file(a_sale(1)))
            list(iter(lambda: select([channel], [], [], 0)[0] and channel.recv(4096), []))
            assert [channel.recv(4096) for _ in range(3)] == [b"WATCHDOG=1"] * 3
            assert "not reloaded" not in daemon.log


def test_once_does_one_whole_cycle(scene: Scene) -> None:
    scene.file(a_sale(1), ago=30 * 86400)
    config = scene.configure()
    first = run_watcher(config, "run", "--once")
    assert (first.returncode, scene.hook.received) == (0, ())
    number = scene.file(a_sale(2, opening=9_000))
    second = run_watcher(config, "run", "--once")
    assert (second.returncode, of(scene.hook.received)) == (0, [number])
    third = run_watcher(config, "run", "--once")
    assert (third.returncode, of(scene.hook.received)) == (0, [number])


def test_once_without_edgar_could_not_do_it(scene: Scene) -> None:
    scene.edgar.fault("503")
    done = run_watcher(scene.configure(), "run", "--once")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "503" in done.stderr


# --- reloading ------------------------------------------------------------------------------------------------------------------


def test_a_reload_takes_a_new_watch_and_keeps_the_old_one_in_force_when_the_configuration_is_wrong(scene: Scene) -> None:
    second = WebhookReceiver()
    with second, DaemonProcess(scene.configure()) as daemon:
        scene.watches()
        good = scene.configure('ticker = "EXMP"', 'ticker = "OTHR"', hook=webhook(scene.hook.url), more=webhook(second.url))
        good_text = good.read_text("utf-8")
        good.write_text(good_text.replace("contact", "contcat"), "utf-8")
        daemon.reload()
        daemon.says("the old one stays in force")
        scene.told(scene.file(a_sale(1)))
        good.write_text(good_text.replace("OTHR", "OTHQ"), "utf-8")
        daemon.reload()
        daemon.says("the old one stays in force", times=2)
        good.write_text(good_text, "utf-8")
        scene.edgar.fault("truncated", times=1, path_contains="tickers")
        daemon.reload()
        daemon.says("was not reloaded yet, the old one stays in force")
        daemon.says("configuration reloaded: watching 2")  # EDGAR is asked again, and answers
        number = scene.file(a_sale(2, issuer=OTHER))
        scene.told(number)
        until(lambda: of(second.received) == [number])
        assert daemon.stop() == 0
        assert "Traceback" not in daemon.log


def test_another_store_is_not_taken_up_without_a_restart(scene: Scene) -> None:
    config = scene.configure()
    with DaemonProcess(config) as daemon:
        scene.watches()
        config.write_text(config.read_text("utf-8").replace("watcher.db", "other.db"), "utf-8")
        daemon.reload()
        daemon.says("watcher.toml:9: another store is taken up by a restart only")
        assert "configuration reloaded" not in daemon.log


def test_a_change_of_a_watchlist_is_taken_without_a_signal(scene: Scene) -> None:
    config = scene.configure()
    config.write_text(f'watchlists = ["*.list"]\n{config.read_text("utf-8")}', "utf-8")
    (scene.folder / "mine.list").write_text("# nothing yet\n", "utf-8")
    with DaemonProcess(config) as daemon:
        scene.watches()
        (scene.folder / "mine.list").write_text(f"{OTHER.cik}\n", "utf-8")
        daemon.says("configuration reloaded: watching 2")
        scene.told(scene.file(a_sale(1, issuer=OTHER)))


def test_a_destination_may_be_taken_out_while_it_is_being_told(scene: Scene) -> None:
    slow = WebhookReceiver()
    slow.answer(200, delay_seconds=2)
    with slow, DaemonProcess(scene.configure(hook=webhook(scene.hook.url), slow=webhook(slow.url))) as daemon:
        scene.watches()
        scene.file(a_sale(1))
        scene.file(a_sale(2, owners=(replace(JANE, cik="0009980009"),)))
        until(lambda: slow.received)
        scene.configure(hook=webhook(scene.hook.url))
        daemon.reload()
        daemon.says("configuration reloaded")
        scene.told(scene.file(a_sale(3)))
        assert daemon.stop() == 0
    states = dict(scene.select("SELECT event_id, state FROM owed WHERE destination = 'slow'"))
    assert sorted(states.values()) in (["dead", "dead"], ["dead", "delivered"])
    assert len(slow.received) == 1


# --- trouble and recovery -------------------------------------------------------------------------------------------------------


def status(scene: Scene) -> tuple[int, str]:
    done = run_watcher(scene.folder / "watcher.toml", "status")
    return done.returncode, done.stdout + done.stderr


def becomes_healthy(scene: Scene) -> None:
    code, words = 1, ""

    def healthy() -> bool:
        nonlocal code, words
        code, words = status(scene)
        return code == 0

    until(healthy, what=words)


def test_edgar_down_and_up_again_loses_nothing_and_status_says_so(scene: Scene) -> None:
    scene.edgar.fault("down", path_contains="type=4")
    with DaemonProcess(scene.configure(BY_CIK)) as daemon:
        scene.watches(times=2)
        until(lambda: scene.select("SELECT * FROM trouble"))
        code, words = status(scene)
        assert code == 1
        assert "no good poll for form 4" in words
        assert "broke off" in words or "cut short" in words
        scene.edgar.clear_faults()
        becomes_healthy(scene)
        for kind in ("down", "503", "html", "truncated", "empty_feed", "429"):
            scene.edgar.fault(kind, times=1, path_contains="type=4", retry_after="1")
        scene.edgar.fault("html", times=1, path_contains="/Archives/")
        numbers = [scene.file(a_sale(number, opening=10_000 - 1_000 * number)) for number in range(1, 4)]
        scene.told(*numbers)
        assert sorted(of(scene.hook.received)) == numbers
        assert daemon.process.poll() is None
        becomes_healthy(scene)


def test_a_daemon_that_was_killed_and_down_tells_what_was_filed_meanwhile(scene: Scene) -> None:
    config = scene.configure()
    with DaemonProcess(config) as daemon:
        scene.watches()
        scene.told(scene.file(a_sale(1)))
        daemon.kill()
    long_ago = stamp(real_now() - timedelta(hours=5))
    with closing(sqlite3.connect(scene.folder / "watcher.db", isolation_level=None)) as meanwhile:
        meanwhile.execute("UPDATE fact SET value = ? WHERE name LIKE 'good poll %'", (long_ago,))
    unlisted = a_sale(2, opening=9_000)
    scene.edgar.file(unlisted, accepted_at=real_now(), listed=False)
    listed = scene.file(a_sale(3, opening=8_000))
    with DaemonProcess(config) as daemon:
        scene.told(accession(2), listed)
        assert daemon.stop() == 0
    # The kill may have come between the webhook's yes and its being written down: then the first is told again.
    assert sorted(set(of(scene.hook.received))) == [accession(number) for number in (1, 2, 3)]


def test_every_destination_in_trouble_is_named_by_status_and_nobody_loses_a_message(scene: Scene) -> None:
    hooks = {name: WebhookReceiver() for name in ("failing", "busy", "moved", "slow", "silent")}
    hooks["failing"].answer(500)
    hooks["busy"].answer(429, {"Retry-After": "4"})
    hooks["moved"].answer(302, {"Location": "/elsewhere"})
    hooks["slow"].answer(200, delay_seconds=3)
    hooks["silent"].answer(None)
    scene.mail.answer("CONNECT", 421, "closing for a moment")
    destinations = {name: webhook(hook.url) for name, hook in hooks.items()}
    with ExitStack() as servers:
        for hook in hooks.values():
            servers.enter_context(hook)
        with DaemonProcess(scene.configure(hook=webhook(scene.hook.url), desk=mail(scene.mail.port), **destinations)) as daemon:
            scene.watches()
            number = scene.file(a_sale(1))
            scene.told(number)
            troubled = ("failing", "busy", "moved", "silent", "desk")
            states = "SELECT count(*) FROM owed WHERE reason IS NOT NULL"
            until(lambda: scene.select(states) == [(len(troubled),)])
            code, words = status(scene)
            assert code == 1
            for name in troubled:
                assert f"destination {name}:" in words, words
            assert "destination hook" not in words
            until(lambda: scene.mail.received and len(hooks["failing"].received) == len(hooks["busy"].received) == 2)
            until(lambda: len(hooks["silent"].received) == 2)
            pause = hooks["busy"].received[1].at - hooks["busy"].received[0].at
            assert pause >= 4
            until(lambda: scene.select("SELECT DISTINCT state FROM owed WHERE destination != 'moved'") == [("delivered",)])
            code, words = status(scene)
            assert (code, "destination moved: 1 message dead (the server answered 302" in words) == (1, True), words
            (dead,) = scene.select("SELECT id FROM owed WHERE state = 'dead'")
            assert run_watcher(scene.folder / "watcher.toml", "outbox", "retry", str(dead[0])).returncode == 0
            until(lambda: len(hooks["moved"].received) == 2)
            becomes_healthy(scene)
            assert daemon.stop() == 0
    assert [len(hooks[name].received) for name in ("slow", "moved", "silent")] == [1, 2, 2]
    assert {number for hook in hooks.values() for number in of(hook.received)} == {number}
    first, again = (delivery.headers["x-watcher-event"] for delivery in hooks["silent"].received)
    assert first == again


def test_a_list_of_one_watch_that_cannot_be_read_does_not_hold_up_the_others(scene: Scene) -> None:
    scene.file(a_sale(1), ago=30 * 86400)
    scene.file(a_sale(2, issuer=OTHER), ago=30 * 86400)
    scene.edgar.fault("truncated", path_contains=f"CIK{EXAMPLE.cik}")
    watches = (f'cik = "{EXAMPLE.cik}"', f'cik = "{OTHER.cik}"')
    with DaemonProcess(scene.configure(*watches)):
        until(_baseline(scene, OTHER.cik, "done"))
        assert _baseline(scene, EXAMPLE.cik, "owed")()


def _baseline(scene: Scene, cik: str | None, state: str) -> Callable[[], bool]:
    def reached() -> bool:
        try:
            return scene.select(f"SELECT baseline FROM watch WHERE cik = '{cik}'") == [(state,)]  # noqa: S608 -- our own CIK
        except sqlite3.OperationalError:  # there is no store yet
            return False

    return reached


def test_a_damaged_message_is_not_sent_and_is_shown_with_its_reason(scene: Scene) -> None:
    config = scene.configure()
    scene.hook.answer(500)
    with DaemonProcess(config) as daemon:
        scene.watches()
        scene.file(a_sale(1))
        until(lambda: scene.hook.received)
        assert daemon.stop() == 0
    with closing(sqlite3.connect(scene.folder / "watcher.db", isolation_level=None)) as tampering:
        tampering.execute("UPDATE alert SET title = 'EXMP: buy now'")
        tampering.execute("UPDATE owed SET next_at = ?", (stamp(real_now()),))
    with DaemonProcess(config) as daemon:
        until(lambda: scene.select("SELECT state FROM owed") == [("dead",)])
        status = run_watcher(config, "status")
        assert (status.returncode, "not as it was written" in status.stdout) == (1, True), status.stdout
        assert daemon.stop() == 0
    assert len(scene.hook.received) == 1
