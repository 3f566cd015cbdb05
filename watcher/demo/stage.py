"""The demo's stage: a clock, the bundled EDGAR, two receivers, a configuration file, and the real daemon between them.

Nothing here is simulated but the outside: the daemon reads its configuration from a file, asks over HTTP, keeps its store on
disk, and sends by the doors it always sends by.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import hmac
import json
import tempfile
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from watcher.config import Config
from watcher.config import load
from watcher.core.errors import WatcherError
from watcher.daemon import Daemon
from watcher.demo.edgar import BundledEdgar
from watcher.demo.filings import EASTERN
from watcher.demo.filings import Filing
from watcher.demo.receivers import Received
from watcher.demo.receivers import SmtpReceiver
from watcher.demo.receivers import WebhookReceiver

T = TypeVar("T")

START = datetime(2024, 6, 21, 16, 30, tzinfo=EASTERN)  # a Friday on which EDGAR was open; the QLYS filing was signed that day
SECRET = "a secret that only this demo uses"  # noqa: S105 -- fictional, and gone with the temporary folder

CONFIGURATION = """\
[edgar]
contact = "Jane Roe jane.roe@example.com"
poll_interval = "1s"       # against the real EDGAR: 5s
off_hours_interval = "1s"
www_url = "{edgar}"
data_url = "{edgar}"
efts_url = "{edgar}"

[destinations.desk]        # people: e-mail here; Slack, Teams and others likewise
url = "mailto://127.0.0.1:{smtp}?from=watcher@example.com&to=desk@example.com&mode=insecure"

[destinations.machine]     # programs: signed JSON
webhook = "{webhook}"
secret_file = "webhook.secret"

[rules.default]
events = ["sale", "exercise"]
notify = ["desk", "machine"]

[[watch]]
ticker = "EXMP"            # an issuer: whoever files about it

[[watch]]
ticker = "QLYS"

[[watch]]
owner_cik = "0009990103"   # a person: whatever the issuer
"""


class StoryBroken(WatcherError):
    """Something the demo waits for did not happen; its text says what."""


class Clock:
    """A clock that starts where it is told to and then runs as fast as any other."""

    def __init__(self, start: datetime) -> None:
        self.set(start)

    def __call__(self) -> datetime:
        """The time, aware."""
        return self._start + timedelta(seconds=time.monotonic() - self._started)

    def set(self, moment: datetime) -> None:
        """Go on from another moment."""
        self._start, self._started = moment, time.monotonic()


@dataclass(frozen=True, slots=True)
class Letter:
    """One e-mail as it was received: seconds on the monotonic clock, and what its reader sees."""

    at: float
    sender: str
    recipient: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything around the daemon."""

    clock: Clock
    edgar: BundledEdgar
    webhook: WebhookReceiver
    smtp: SmtpReceiver
    config: Config

    def publish(self, filing: Filing, *, earlier: timedelta = timedelta(0), listed: bool = True) -> float:
        """Have EDGAR accept a filing now, or so much earlier; returns the monotonic time."""
        self.edgar.file(filing, accepted_at=self.clock() - earlier, listed=listed)
        return time.monotonic()

    def letters(self, about: str, *, skip: int = 0) -> list[Letter]:
        """The e-mails received so far in which this text stands, not counting the first ones."""
        read = []
        for mail in self.smtp.received[skip:]:
            message = email.message_from_bytes(mail.content, policy=email.policy.default)
            body = message.get_body(("plain",))
            text = body.get_content() if body is not None else ""
            if about in text:
                read.append(Letter(mail.at, message["From"], message["To"], message["Subject"], text))
        return read

    def posts(self, accession_number: str) -> list[Received]:
        """The webhook's deliveries so far that are about this filing, refused ones included."""
        return [post for post in self.webhook.received if json.loads(post.body)["accession_number"] == accession_number]


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    """Set the stage on the loopback interface and in a temporary folder; both are gone at the end."""
    clock = Clock(START)
    with (
        tempfile.TemporaryDirectory(prefix="watcher-demo-") as folder,
        BundledEdgar(clock) as edgar,
        WebhookReceiver() as webhook,
        SmtpReceiver() as smtp,
    ):
        secret = Path(folder) / "webhook.secret"
        secret.touch(mode=0o600)
        secret.write_text(SECRET)
        path = Path(folder) / "watcher.toml"
        path.write_text(CONFIGURATION.format(edgar=edgar.url, webhook=webhook.url, smtp=smtp.port))
        yield Stage(clock, edgar, webhook, smtp, load(path, {}))


class Running:
    """The daemon at work in a thread of its own, which leaves the main thread, where Ctrl-C arrives, to the story."""

    def __init__(self, daemon: Daemon) -> None:
        self.store = daemon.store
        self.status: int | None = None
        self._daemon = daemon
        self._thread = threading.Thread(target=self._work, name="daemon")

    def start(self) -> None:
        """Begin, as `watcher run` does."""
        self._thread.start()

    def stop(self) -> None:
        """End it as SIGTERM would; `status` is then its exit status."""
        self._daemon.stop()
        self._thread.join()

    def _work(self) -> None:
        self._daemon.start()
        self.status = self._daemon.supervise()

    def wait(self, what: str, look: Callable[[], T], *, seconds: float = 25.0) -> T:
        """The first true answer to `look`. Raises `StoryBroken` if there is none in time, or if the daemon has ended."""
        ends = time.monotonic() + seconds
        while not (answer := look()):
            if not self._thread.is_alive():
                raise StoryBroken(f"the daemon ended by itself, with status {self.status}; `watcher demo -v` shows its log")
            if time.monotonic() > ends:
                raise StoryBroken(f"{what}: not within {seconds:.0f} seconds; `watcher demo -v` shows the daemon's log")
            time.sleep(0.02)
        return answer

    def read(self, accession_number: str) -> str | None:
        """Wait until the filing is read; why it stayed silent, or `None` if it was told."""
        query = "SELECT silent_because FROM filing WHERE accession_number = ? AND state = 'ingested'"
        [row] = self.wait("reading the filing", lambda: self.store.rows(query, (accession_number,)))
        return None if row["silent_because"] is None else str(row["silent_because"])


@contextlib.contextmanager
def running(on: Stage) -> Iterator[Running]:
    """Run the daemon until the end of the `with`, then stop it as SIGTERM would."""
    daemon = Daemon(on.config, now=on.clock)
    try:
        run = Running(daemon)
        try:
            run.start()
            yield run
        finally:
            run.stop()
    finally:
        daemon.close()


def is_signed(post: Received, secret: str) -> bool:
    """What a receiver does with X-Watcher-Signature: compute it anew from the secret, the timestamp and the bytes."""
    signed = post.headers["x-watcher-timestamp"].encode() + b"." + post.body
    expected = "sha256=" + hmac.new(secret.encode(), signed, "sha256").hexdigest()
    return hmac.compare_digest(expected, post.headers["x-watcher-signature"])
