"""What `watcher demo` tells: a story in six parts, each played on the real daemon and shown as it happens.

Every figure on the terminal was received by e-mail or webhook, read from the daemon's store, or printed by a command of the
watcher. What does not happen in time breaks the story off with the reason.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime
from datetime import timedelta
from functools import partial
from pathlib import Path

from watcher.core.figures import day
from watcher.core.health import complaints
from watcher.demo import cast
from watcher.demo.filings import EASTERN
from watcher.demo.filings import Filing
from watcher.demo.stage import SECRET
from watcher.demo.stage import START
from watcher.demo.stage import Letter
from watcher.demo.stage import Running
from watcher.demo.stage import Stage
from watcher.demo.stage import StoryBroken
from watcher.demo.stage import is_signed
from watcher.demo.stage import running
from watcher.demo.stage import stage
from watcher.demo.teller import Teller
from watcher.pace import Pace
from watcher.pace import pace_path
from watcher.status import condition

OUTAGE = 2  # failed polls before EDGAR comes back
STAY_INTERVAL = 20.0  # seconds from filing to filing with --stay

_HELD = (
    "SELECT trading_symbol, json_extract(owner.value, '$.name') AS name, security_title, shares FROM holding"
    " JOIN filing USING (accession_number) JOIN reading USING (accession_number), json_each(content, '$.reporting_owners') AS owner"
    " ORDER BY holding.filed_at, table_name"
)


def tell_story(*, stay: bool) -> None:
    """Tell all of it, and with `stay` go on filing until Ctrl-C. Raises `StoryBroken`; leaves nothing running behind."""
    with stage() as on:
        tell = Teller(on.clock)
        _set_up(on, tell)
        with running(on) as run:
            story = Story(on, run, tell)
            for part in (story.past, story.planned_sale, story.silence, story.printed_filing, story.trouble, story.sums):
                part()
        if run.status != 0:
            raise StoryBroken(f"the daemon ended with status {run.status}")
        tell.say("Told to stop, the daemon ended with status 0.")
        if stay:
            _linger(on, tell)
        else:
            _show_commands(tell, "What to do next:", "demo --stay", "init", "run")


def _set_up(on: Stage, tell: Teller) -> None:
    """Before the daemon starts: what EDGAR holds, and what the configuration says."""
    tell.say(
        "This is the whole watcher at work, with a small EDGAR of its own and two receivers, all on 127.0.0.1: nothing leaves"
        " this computer. Example Corp (EXMP), Sample Industries (SMPL) and their people are fictional; the filing in part 4 is"
        " real. Accession numbers are made up, so the links to sec.gov lead nowhere. The demo's clock starts on"
        f" {day(START.date())} at {START:%H:%M} Eastern time, which is EDGAR's."
    )
    for issuer in (cast.EXMP, cast.SMPL, cast.QLYS, *cast.OTHERS):
        on.edgar.add_issuer(issuer.trading_symbol or "", issuer.cik or "", issuer.name or "")
    for number, filing in enumerate(cast.unwatched()):
        on.publish(filing, earlier=timedelta(minutes=90 - 5 * number))
    for filed_on, filing in cast.past().items():
        accepted_at = datetime(filed_on.year, filed_on.month, filed_on.day, 17, 5, tzinfo=EASTERN)
        on.publish(filing, earlier=START - accepted_at, listed=False)
    tell.part("1. Set-up: what is watched, and what is known already")
    tell.say("The configuration, as it is read from a file in a temporary folder:")
    tell.show(on.config.path.read_text().splitlines())


class Story:
    """The parts, in their order. Each waits until what it began has come to its end."""

    def __init__(self, on: Stage, run: Running, tell: Teller) -> None:
        self.on = on
        self.run = run
        self.tell = tell

    def past(self) -> None:
        """The baseline."""
        self.tell.now(
            "The daemon starts: it looks the tickers up in the SEC's file, and reads what the watches filed in the past year."
            " The past alerts nobody; it gives the holdings with which the next filing is compared."
        )
        store = self.run.store
        self.run.wait("the baseline", lambda: {watch.baseline for watch in store.watches()} == {"done"})
        read = store.value("SELECT count(*) FROM filing WHERE state = 'ingested'")
        self.tell.now(
            f"{len(store.watches())} watches, {read} past filings read, 0 messages sent. What people hold, as they filed it:"
        )
        self.tell.show(
            f"{row['trading_symbol']}  {row['name']:<11} {int(row['shares']):>7,}  {row['security_title']}"
            for row in store.rows(_HELD)
        )

    def planned_sale(self) -> None:
        """An officer exercises and sells: the alert to people and to programs."""
        self.tell.part("2. A new Form 4: an officer exercises an option and sells, under a plan")
        filing = cast.planned_sale()
        letter = self._told(filing)
        self._show_letter(letter)
        [post] = self.run.wait("the webhook's delivery", lambda: self.on.posts(filing.accession_number))
        if not is_signed(post, SECRET):
            raise StoryBroken("the signature of the webhook's delivery is not right")
        body = json.loads(post.body)
        held = [
            {name: one[name] for name in ("security_title", "before", "after", "change", "unexplained")}
            for one in body["holdings"]
        ]
        self.tell.now('The same, for programs: destination "machine" has received signed JSON. Some of it:')
        self.tell.show(
            [
                *(
                    f"{name}: {post.headers[name.lower()]}"
                    for name in ("X-Watcher-Event", "X-Watcher-Timestamp", "X-Watcher-Signature")
                ),
                "",
                *(f"{name}: {json.dumps(body[name])}" for name in ("event_id", "accession_number", "watch", "rules")),
                *(f"holdings: {json.dumps(one)}" for one in held),
            ]
        )
        self.tell.say("Verified: the signature is the one computed from the shared secret, the timestamp and the body.")

    def silence(self) -> None:
        """What no rule asks for is read and kept, and disturbs nobody."""
        self.tell.part("3. Noise: shares withheld for tax stay silent, and you can ask why")
        filing = cast.withholding()
        self._publish(filing)
        because = self.run.read(filing.accession_number)
        self.tell.now(f"Read, and nobody was told: {because}. `watcher why {filing.accession_number}` says:")
        self.tell.show(self._ask("why", filing.accession_number))
        if self.on.letters(filing.accession_number) or self.on.posts(filing.accession_number):
            raise StoryBroken("a filing that should stay silent was told")

    def printed_filing(self) -> None:
        """A real filing, as a scanner left it."""
        self.tell.part("4. A filing on paper: the QLYS Form 4 of 20 June 2024, partly illegible")
        self.tell.say(
            "It is served as a scanner left it: as text, with cells run together or lost. It holds what is legible and nothing"
            " else. The accession number and the time of acceptance are the demo's own; the owner's CIK is not legible."
        )
        self._show_letter(self._told(cast.printed_filing()))
        self.tell.say(
            "The exercise is read whole, 1,000 at $25.56. Of the sales only one price is legible; where two balances leave no"
            " doubt, the number of shares is derived and marked so. Nothing else is guessed: what is missing is named."
        )

    def trouble(self) -> None:
        """EDGAR goes down while somebody files, and the webhook fails once: told once all the same."""
        self.tell.part("5. Trouble: EDGAR goes down, and the webhook answers 500")
        since = self.on.clock()
        self.on.edgar.fault("down", path_contains="/cgi-bin/")
        self.on.webhook.answer(500)
        self.tell.now("EDGAR's list of current filings hangs up on whoever asks. And the webhook will fail once.")
        filing = cast.sale_elsewhere()
        self._publish(filing)
        self.run.wait("noticing the outage", lambda: len(self.run.store.troubles(since)) >= OUTAGE)
        [(_, _, reason), *others] = self.run.store.troubles(since)
        self.tell.now(f"The daemon has noted {1 + len(others)} failed polls ({reason}) and goes on asking.")
        self.on.edgar.clear_faults()
        back = time.monotonic()
        self.tell.now("EDGAR is back.")
        letter = self._letter(filing)
        self.tell.now(
            f"{letter.at - back:.1f} s later desk has its e-mail: the issuer is on no list, but Alex Doe is. Note the shares that"
            " no filing explains."
        )
        lines = letter.text.splitlines()
        holdings = lines[lines.index("Holdings") :]
        self.tell.show([f"Subject: {letter.subject}", "[...]", *holdings[: holdings.index("")], "[...]"])
        self.run.wait("the webhook's failure", self._complaints)
        self.tell.now("The webhook answered 500, so `watcher status` would now say:")
        self.tell.show(["not healthy:", *(f"  {complaint}" for complaint in self._complaints())])
        self.run.wait("the second attempt", lambda: not self._owed(), seconds=15)
        posts = self.on.posts(filing.accession_number)
        events = {post.headers["x-watcher-event"] for post in posts}
        letters = self.on.letters(filing.accession_number)
        if (len(posts), len(events), len(letters)) != (2, 1, 1):
            raise StoryBroken(f"{len(posts)} attempts with {len(events)} event ids and {len(letters)} e-mails, not 2, 1 and 1")
        self.tell.now(
            f"{posts[1].at - posts[0].at:.1f} s after the first attempt the second is accepted, under the same X-Watcher-Event, by"
            " which a program knows a repeat. Desk, which had its e-mail, gets no second one. Nothing is lost: told exactly once."
        )

    def sums(self) -> None:
        """What the store has written down."""
        self.tell.part("6. Summary")
        store = self.run.store
        read = store.value("SELECT count(*) FROM filing WHERE state = 'ingested'")
        past = store.value("SELECT count(*) FROM filing WHERE queue = 'baseline'")
        alerts = store.value("SELECT count(*) FROM alert")
        told = store.rows("SELECT destination, count(*) AS number, sum(tries) AS tries FROM owed GROUP BY destination")
        asked = [request.at for request in self.on.edgar.requests]
        busiest = max(sum(at <= other < at + 1 for other in asked) for at in asked)
        sums = {
            "filings read": f"{read}: {past} of the past, {read - past} new",
            "alerts": f"{alerts}; {read - past - alerts} new filing stayed silent",
            **{f"told {row['destination']}": f"{row['number']} delivered, in {row['tries']} attempts" for row in told},
            "still owed": str(self._owed() or "nothing"),
            "EDGAR was asked": f"{len(asked)} times, at most {busiest} times in any second",
        }
        self.tell.show(f"{name:<16} {value}" for name, value in sums.items())

    # --- what the parts share ---------------------------------------------------------------------------------------------

    def _publish(self, filing: Filing) -> float:
        at = self.on.publish(filing)
        [(_, owner)] = filing.owners
        self.tell.now(f"EDGAR accepts {filing.accession_number}: Form {filing.form_type} of {owner}, issuer {filing.issuer_name}")
        return at

    def _told(self, filing: Filing) -> Letter:
        """Publish a filing and wait for the one e-mail about it."""
        at = self._publish(filing)
        letter = self._letter(filing)
        self.tell.now(f'{letter.at - at:.1f} s later destination "desk" has an e-mail. This is all of it:')
        return letter

    def _letter(self, filing: Filing) -> Letter:
        [letter] = self.run.wait("the e-mail", lambda: self.on.letters(filing.accession_number))
        return letter

    def _show_letter(self, letter: Letter) -> None:
        head = [f"From: {letter.sender}", f"To: {letter.recipient}", f"Subject: {letter.subject}", ""]
        self.tell.show([*head, *letter.text.strip().splitlines()])

    def _ask(self, *arguments: str) -> list[str]:
        """What a command of the watcher prints, in a process of its own, as for anybody who looks on."""
        command = [sys.executable, "-m", "watcher", *arguments, "--config", str(self.on.config.path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- our own command
        if done.returncode != 0:
            raise StoryBroken(f"`watcher {' '.join(arguments)}` ended with status {done.returncode}: {done.stderr.strip()}")
        return done.stdout.splitlines()

    def _complaints(self) -> list[str]:
        return _complaints(self.on, self.run)

    def _owed(self) -> int:
        return int(self.run.store.value("SELECT count(*) FROM owed WHERE state != 'delivered'"))


def _complaints(on: Stage, run: Running) -> list[str]:
    """What `watcher status` would say, if it went by the demo's clock."""
    pace = Pace(pace_path(on.config.store.path))
    return complaints(condition(run.store, pace, on.config, now=on.clock()))


# --- at the end, and with --stay --------------------------------------------------------------------------------------


def _show_commands(tell: Teller, heading: str, *commands: str) -> None:
    """Name commands as they can be typed here: the watcher need not be on the PATH."""
    beside = Path(sys.executable).with_name("watcher")
    watcher = f"{sys.executable} -m watcher"
    if beside.exists():
        watcher = str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)
    if shutil.which("watcher") == str(beside):
        watcher = "watcher"
    tell.say(heading)
    tell.offer(f"{watcher} {command}" for command in commands)


def _linger(on: Stage, tell: Teller) -> None:
    """Start the daemon again, with the real time, by which the commands go; file until Ctrl-C."""
    tell.part("Staying: the daemon runs again, with the same store and the real time, until Ctrl-C")
    on.clock.set(datetime.now(EASTERN))
    with running(on) as run, suppress(KeyboardInterrupt):
        run.wait("catching up with the real time", lambda: not _complaints(on, run), seconds=30)
        heading = f"There is a new filing about EXMP every {STAY_INTERVAL:.0f} seconds. In another terminal, try:"
        looks = ("status", "holdings EXMP", "alerts", "filings", "outbox list")
        _show_commands(tell, heading, *(f"{look} --config {on.config.path}" for look in looks))
        for filing in cast.more(on.clock().date()):
            number, heard = filing.accession_number, len(on.smtp.received)
            on.publish(filing)
            if because := run.read(number):
                tell.now(f"{number}, {filing.owners[0][1]}: silent ({because})")
            else:
                [letter] = run.wait("the e-mail", partial(on.letters, number, skip=heard))
                tell.now(f"{number} mailed: {letter.subject}")
            time.sleep(STAY_INTERVAL)
