"""A silence keeps what it names from who it was meant for; what it kept is shown, listed once when it is over, and never lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.contract.senders import FakeSender
from tests.sending import owe
from tests.sending import send_all
from tests.world import ALEX
from tests.world import DAY
from tests.world import EXAMPLE
from tests.world import HOUR
from tests.world import JANE
from tests.world import MINUTE
from tests.world import OTHER
from tests.world import SECRET
from tests.world import World
from tests.world import a_sale
from tests.world import accession
from tests.world import webhook
from watcher.cli import cli
from watcher.config_rules import Rule
from watcher.core.silence import Silence
from watcher.demo.filings import Filing
from watcher.digest import announce_lapses
from watcher.vigil import vigil

DESTINATIONS = {"desk": "terminal = true", "hook": webhook("http://hook.invalid/")}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, destinations=DESTINATIONS, watches=('ticker = "EXMP"', 'ticker = "OTHR"')) as world:
        world.file(a_sale(1, issuer=OTHER), ago=HOUR)
        world.watch()
        world.baseline()
        world.poll()
        yield world


def silenced(world: World, **names: Any) -> int:
    lasts = names.pop("lasts", DAY)
    begins = world.clock()
    return world.store.add_silence(Silence(0, begins, begins + lasts, "noise", **names))


def taken(world: World, *filings: Any) -> None:
    """File these now and read them."""
    for filing in filings:
        world.clock.tick()
        world.file(filing)
    world.poll()
    world.ingest()


def an_amendment(filing: Filing) -> Filing:
    """The filing as an amendment of one that was filed on the day of its period."""
    period = b"<periodOfReport>2026-09-01</periodOfReport>"
    assert period in filing.document
    original = period + b"<dateOfOriginalSubmission>2026-09-01</dateOfOriginalSubmission>"
    document = filing.document.replace(period, original).replace(b">4</documentType>", b">4/A</documentType>")
    return replace(filing, form_type="4/A", document=document)


def states(world: World, number: int) -> dict[str, str]:
    rows = world.store.rows(
        "SELECT destination, state FROM owed JOIN alert USING (event_id) WHERE accession_number = ?", (accession(number),)
    )
    return {row["destination"]: row["state"] for row in rows}


def test_people_are_not_told_and_a_program_is(world: World) -> None:
    silenced(world, issuer_cik=EXAMPLE.cik)
    taken(world, a_sale(2, (7, "1")), a_sale(3, (8, "1"), issuer=OTHER))
    assert states(world, 2) == {"desk": "silenced", "hook": "pending"}
    assert states(world, 3) == {"desk": "pending", "hook": "pending"}


def test_a_silence_of_an_owner_by_name_holds_for_filings_that_name_them_beside_others(world: World) -> None:
    silenced(world, owner="doe alex")
    taken(world, a_sale(2, (7, "1"), owners=(JANE, ALEX)), a_sale(3, (8, "1")))
    assert states(world, 2)["desk"] == "silenced"
    assert states(world, 3)["desk"] == "pending"


def test_a_silence_over_lets_the_next_filing_through(world: World) -> None:
    silenced(world, issuer_cik=EXAMPLE.cik, lasts=HOUR)
    world.clock.tick(HOUR)
    taken(world, a_sale(2, (7, "1")))
    assert states(world, 2)["desk"] == "pending"


def test_who_watches_twice_is_told_by_the_watch_whose_rule_is_not_silenced(tmp_path: Path) -> None:
    watches = ('ticker = "EXMP"', f'owner_cik = "{JANE.cik}"\nrules = ["person"]')
    rule = 'notify = ["desk"]\n[rules.person]\nevents = ["sale"]'
    with World(tmp_path, watches=watches, rule=rule) as world:
        world.file(a_sale(1), ago=HOUR)
        world.watch()
        world.baseline()
        world.poll()
        silenced(world, rule="default")
        taken(world, a_sale(2, (7, "1")))
        rows = world.store.rows("SELECT watch_key, state FROM owed JOIN alert USING (event_id) ORDER BY watch_key")
        assert [(row["watch_key"], row["state"]) for row in rows] == [
            (f"issuer:{EXAMPLE.cik}", "silenced"),
            (f"owner:{JANE.cik}", "pending"),
        ]


def test_a_correction_reaches_who_was_told_though_a_silence_began_since(world: World) -> None:
    taken(world, a_sale(2, (500, "1")))
    silenced(world, issuer_cik=EXAMPLE.cik)
    taken(world, an_amendment(a_sale(3, (400, "1"))))
    assert states(world, 3) == {"desk": "pending", "hook": "pending"}


def test_a_correction_of_what_was_silenced_is_silenced_too(world: World) -> None:
    silenced(world, issuer_cik=EXAMPLE.cik)
    taken(world, a_sale(2, (500, "1")))
    taken(world, an_amendment(a_sale(3, (400, "1"))))
    assert states(world, 3) == {"desk": "silenced", "hook": "pending"}


@pytest.mark.parametrize(("muted", "state"), [(("default",), "pending"), (("default", "amended"), "silenced")])
def test_a_correction_of_what_was_silenced_is_told_by_another_rule_that_asks_for_it(
    tmp_path: Path, muted: tuple[str, ...], state: str
) -> None:
    watches = ('ticker = "EXMP"\nrules = ["default", "amended"]',)
    rule = 'events = ["sale"]\nnotify = ["desk"]\n[rules.amended]\nevents = ["amendment"]'
    with World(tmp_path, watches=watches, rule=rule) as world:
        world.file(a_sale(1, issuer=OTHER), ago=HOUR)
        world.watch()
        world.baseline()
        world.poll()
        for name in muted:
            silenced(world, rule=name)
        taken(world, a_sale(2, (500, "1")))
        taken(world, an_amendment(a_sale(3, (400, "1"))))
        assert (states(world, 2), states(world, 3)) == ({"desk": "silenced"}, {"desk": state})


def test_what_cannot_be_read_is_silenced_by_its_issuer_and_not_by_a_rule(world: World) -> None:
    def unreadable(number: int) -> Filing:
        return replace(a_sale(number), document=b"<nothing/>")

    silenced(world, rule="default", lasts=HOUR)
    taken(world, unreadable(2))
    silenced(world, issuer_cik=EXAMPLE.cik)
    taken(world, unreadable(3))
    assert states(world, 2) == {"desk": "pending", "hook": "pending"}
    assert states(world, 3) == {"desk": "silenced", "hook": "pending"}


def test_what_the_watcher_says_of_itself_is_not_silenced(world: World) -> None:
    silenced(world, destination="desk")
    world.clock.tick(HOUR)  # nothing was polled for so long
    vigil(world.store, world.pace, world.config, now=world.clock())
    world.clock.tick(MINUTE)
    for _ in range(30):
        world.clock.tick(MINUTE)
        vigil(world.store, world.pace, world.config, now=world.clock())
    rows = world.store.rows(
        "SELECT state FROM owed JOIN alert USING (event_id) WHERE watch_key = 'vigil' AND destination = 'desk'"
    )
    assert {row["state"] for row in rows} == {"pending"}


def notices(world: World) -> list[dict[str, Any]]:
    rows = world.store.rows("SELECT payload, destination FROM alert JOIN owed USING (event_id) WHERE watch_key = 'silence'")
    return [{**json.loads(row["payload"]), "destination": row["destination"]} for row in rows]


def test_the_end_of_a_silence_is_announced_once_with_what_it_held_back(world: World) -> None:
    silenced(world, issuer_cik=EXAMPLE.cik, ticker="EXMP", lasts=HOUR)
    taken(world, a_sale(2, (7, "1")), a_sale(3, (8, "1")))
    assert list(announce_lapses(world.store, world.config, now=world.clock())) == []
    world.clock.tick(HOUR)
    assert list(announce_lapses(world.store, world.config, now=world.clock())) == ["desk"]
    assert list(announce_lapses(world.store, world.config, now=world.clock())) == []
    (notice,) = notices(world)
    assert notice["title"] == "The silence on EXMP ended; it held back 2 alerts"
    assert accession(2) in notice["text"]
    assert accession(3) in notice["text"]


@pytest.mark.parametrize("named", [{"issuer_cik": EXAMPLE.cik}, {"destination": "desk"}])
def test_what_was_held_back_from_a_destination_that_has_another_name_now_is_told_by_that(
    world: World, named: dict[str, str]
) -> None:
    silenced(world, **named)
    taken(world, a_sale(2, (7, "1")))
    destinations = dict(world.config.destinations)
    destinations["phone"] = replace(destinations.pop("desk"), name="phone")
    rules = {"default": replace(world.config.rules["default"], notify=("phone", "hook"))}
    config = replace(world.config, destinations=destinations, rules=rules)
    world.clock.tick(DAY)
    assert list(announce_lapses(world.store, config, now=world.clock())) == ["phone"]
    assert accession(2) in notices(world)[0]["text"]


def test_the_notice_of_the_end_names_an_alert_that_is_damaged_in_the_store(world: World) -> None:
    silenced(world, destination="desk")
    taken(world, a_sale(2, (7, "1")))
    world.store.execute("UPDATE alert SET payload = CAST('{' AS BLOB)")
    world.clock.tick(DAY)
    assert list(announce_lapses(world.store, world.config, now=world.clock())) == ["desk"]
    (text,) = (row["text"] for row in world.store.rows("SELECT text FROM alert WHERE watch_key = 'silence'"))
    assert f"an alert whose words are damaged in the store ({accession(2)})" in text


def test_the_end_of_a_silence_that_held_nothing_back_is_announced_to_the_people_concerned(world: World) -> None:
    silenced(world, rule="default", lasts=HOUR)
    world.clock.tick(HOUR)
    assert list(announce_lapses(world.store, world.config, now=world.clock())) == ["desk"]
    assert notices(world)[0]["title"].endswith("it held back nothing")


def test_the_end_of_a_silence_of_a_rule_reaches_those_whom_a_group_tells_by_that_rule(world: World) -> None:
    rules = {**world.config.rules, "default@team": replace(world.config.rules["default"], name="default@team", notify=("team",))}
    destinations = {**world.config.destinations, "team": replace(world.config.destinations["desk"], name="team")}
    silenced(world, rule="default", lasts=HOUR)
    world.clock.tick(HOUR)
    config = replace(world.config, rules=rules, destinations=destinations)
    assert list(announce_lapses(world.store, config, now=world.clock())) == ["desk", "team"]


class Meanwhile(Mapping[str, Rule]):
    """Rules, and what others do between two looks at the store, as far as they get in a moment."""

    def __init__(self, rules: Mapping[str, Rule], others: Callable[[], None]) -> None:
        self.rules = rules
        self.others = threading.Thread(target=others)

    def __getitem__(self, name: str) -> Rule:
        return self.rules[name]

    def __len__(self) -> int:
        return len(self.rules)

    def __iter__(self) -> Iterator[str]:
        self.others.start()
        self.others.join(0.5)
        return iter(self.rules)


def test_what_is_read_while_the_end_of_a_silence_is_announced_is_listed_or_told(world: World) -> None:
    number, begun = silenced(world, destination=None, lasts=HOUR), world.clock()

    def read_one_that_was_begun_before() -> None:
        with world.store.transaction():
            owe(world.store, world.clock, 9, silence=number if world.store.silences_in_force(begun) else None)

    world.clock.tick(HOUR)
    rules = Meanwhile(world.config.rules, read_one_that_was_begun_before)
    list(announce_lapses(world.store, replace(world.config, rules=rules), now=world.clock()))
    rules.others.join()
    (notice,) = notices(world)
    assert notice["held_back"] == ["event9"] or states(world, 9) == {"desk": "pending"}


def test_a_silence_taken_back_is_announced_only_where_it_held_something_back(world: World) -> None:
    idle, busy = silenced(world, issuer_cik=OTHER.cik), silenced(world, issuer_cik=EXAMPLE.cik)
    taken(world, a_sale(2, (7, "1")))
    for one in (idle, busy):
        assert world.store.end_silence(one, world.clock())
    assert list(announce_lapses(world.store, world.config, now=world.clock())) == ["desk"]
    assert [notice["silence"] for notice in notices(world)] == [busy]


def test_a_clock_set_back_does_not_announce_an_end_twice(world: World) -> None:
    silenced(world, destination="desk", lasts=HOUR)
    world.clock.tick(HOUR)
    assert list(announce_lapses(world.store, world.config, now=world.clock())) == ["desk"]
    world.clock.tick(-HOUR)
    assert world.store.silences_in_force(world.clock()) == []
    world.clock.tick(HOUR)
    assert list(announce_lapses(world.store, world.config, now=world.clock())) == []


def test_a_silenced_message_can_be_sent_by_hand(world: World) -> None:
    silenced(world, issuer_cik=EXAMPLE.cik)
    taken(world, a_sale(2, (7, "1")))
    (owed_id,) = [alert.owed_id for alert in world.store.silenced_by(1)["desk"]]
    assert world.store.retry_now(owed_id, world.clock())
    assert send_all(world.store, FakeSender(), world.clock) == ["accepted"]
    assert world.store.silenced_by(1) == {}


# --- the commands -----------------------------------------------------------------------------------------------------------


def run(world: World, *command: str) -> tuple[int, str, str]:
    result = CliRunner(env={"HOOK_SECRET": SECRET}).invoke(cli, [*command, "--config", str(world.config.path)])
    return result.exit_code, result.stdout, result.stderr


def test_a_silence_is_added_listed_and_removed(world: World) -> None:
    code, out, err = run(world, "silence", "add", "--ticker", "exmp", "--for", "30d", "--why", "too much", "--json")
    assert (code, json.loads(out)["issuer_cik"]) == (0, EXAMPLE.cik)
    assert "the webhook hook is still told" in err
    with world.store.transaction():
        world.store.execute("UPDATE silence SET begins = ends, ends = '2999-01-01T00:00:00.000000+00:00'")
    taken(world, a_sale(2, (7, "1")))
    (listed,) = [json.loads(line) for line in run(world, "silence", "list", "--json")[1].splitlines()]
    assert (listed["held_back"], listed["state"], listed["why"]) == (1, "in force", "too much")
    assert "sold 7 sh" in run(world, "silence", "list")[1]
    assert run(world, "silence", "remove", "1")[0] == 0
    assert run(world, "silence", "remove", "1")[0] == 1
    assert run(world, "silence", "list")[1] == ""
    assert "removed" in run(world, "silence", "list", "--all")[1]


def test_why_and_the_outbox_show_what_was_silenced(world: World) -> None:
    silenced(world, issuer_cik=EXAMPLE.cik)
    taken(world, a_sale(2, (7, "1")))
    assert "desk: silenced by silence 1 (noise)" in run(world, "why", accession(2))[1]
    assert "silenced" in run(world, "outbox", "list", "--all")[1]
    assert "silenced" not in run(world, "outbox", "list")[1]
    assert "desk silenced" in run(world, "alerts")[1]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("--for", "30d"), "say what is to be silenced"),
        (("--ticker", "EXMP"), "a silence has an end"),
        (("--ticker", "EXMP", "--for", "1d", "--until", "2999-01-01"), "a silence has an end"),
        (("--ticker", "NONE", "--for", "30d"), "watched are EXMP, OTHR"),
        (("--ticker", "EXMP", "--for", "a month"), '--for must be a duration such as "10s"'),
        (("--ticker", "EXMP", "--until", "2020-01-01"), "ends in the future"),
        (("--ticker", "EXMP", "--for", "400d"), "at most 366 days"),
        (("--ticker", "EXMP", "--until", "9999-12-31"), "at most 366 days"),
        (("--ticker", "", "--rule", "default", "--for", "1d"), "--ticker must not be empty"),
        (("--owner", "", "--rule", "default", "--for", "1d"), "--owner must not be empty"),
        (("--ticker", "EXMP", "--rule", "", "--for", "1d"), "--rule must"),
        (("--ticker", "EXMP", "--destination", "", "--for", "1d"), "--destination must"),
        (("--rule", "defalt", "--for", "1d"), "did you mean default?"),
        (("--destination", "dest", "--for", "1d"), "did you mean desk?"),
        (("--owner", "--", "--for", "1d"), "--owner must hold a word"),
    ],
)
def test_a_mistake_on_the_command_line_is_said(world: World, given: tuple[str, ...], says: str) -> None:
    code, _, err = run(world, "silence", "add", *given, "--why", "x")
    assert (code, says in err) == (2, True), err


@pytest.mark.parametrize("command", [("silence", "remove"), ("outbox", "retry"), ("outbox", "drop", "--why", "x")])
def test_a_number_that_no_row_can_have_is_a_mistake(world: World, command: tuple[str, ...]) -> None:
    code, _, err = run(world, *command, "9" * 20)
    assert (code, "is too large" in err) == (2, True), err


def test_an_owner_whom_no_filing_names_is_pointed_out(world: World) -> None:
    assert (
        "no filing in the store names an owner 'Nobody'"
        in run(world, "silence", "add", "--owner", "Nobody", "--for", "1d", "--why", "x")[2]
    )
    assert "names an owner" not in run(world, "silence", "add", "--owner", "roe jane", "--for", "1d", "--why", "x")[2]
