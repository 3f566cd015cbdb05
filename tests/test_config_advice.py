"""Groups of watchlists, what a line of one may say, warnings, and the words for what is not TOML."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.world import ALEX
from tests.world import OTHER
from tests.world import TERMINAL
from tests.world import World
from tests.world import a_sale
from tests.world import accession
from watcher.config import Config
from watcher.config import load
from watcher.core.errors import ConfigError
from watcher.core.errors import Problem
from watcher.reloading import Origin
from watcher.resolve import resolve

BASE = """\
[edgar]
contact = "Jane Roe jane.roe@corp.example"
[destinations.desk]
terminal = true
[destinations.fund]
terminal = true
[rules.default]
notify = ["desk", "fund"]
"""
WATCH = '[[watch]]\nticker = "EXMP"\n'
Load = Callable[..., Config]


@pytest.fixture
def read(tmp_path: Path) -> Load:
    """Writes a configuration, and files beside it, and loads it."""

    def written(source: str | bytes, **lists: str) -> Config:
        path = tmp_path / "watcher.toml"
        path.write_bytes(source if isinstance(source, bytes) else source.encode())
        for name, text in lists.items():
            (tmp_path / f"{name}.txt").write_text(text, "utf-8")
        return load(path, {})

    return written


def problems(read: Load, source: str | bytes, **lists: str) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        read(source, **lists)
    return caught.value.problems


# --- groups -------------------------------------------------------------------------------------------------------------

LARGE = '[rules.large]\nmin_value = 1_000_000\nnotify = ["desk"]\n'
GROUP = '[[watchlist]]\nfiles = ["b.txt"]\nrules = ["large"]\n'


def test_a_group_takes_its_own_rules(read: Load) -> None:
    config = read(f'watchlists = ["a.txt"]\n{BASE}{LARGE}{GROUP}', a="EXMP\n", b="OTHR\n")
    assert [(each.ticker, each.rules) for each in config.watches] == [("EXMP", ("default",)), ("OTHR", ("large",))]


def test_a_group_without_rules_takes_the_default(read: Load) -> None:
    assert read(f'{BASE}[[watchlist]]\nfiles = ["b.txt"]\n', b="OTHR\n").watches[0].rules == ("default",)


def test_a_group_may_tell_others_than_its_rules_do(read: Load) -> None:
    config = read(f'{BASE}{LARGE}{GROUP}notify = ["fund"]\n{WATCH}rules = ["default", "large"]\n', b="OTHR\n")
    assert [each.rules for each in config.watches] == [("default", "large"), ("large@fund",)]
    told = config.rules["large@fund"]
    assert (told.name, told.notify, told.min_value) == ("large@fund", ("fund",), config.rules["large"].min_value)
    assert config.rules["large"].notify == ("desk",)


def test_a_file_of_a_group_is_the_groups_although_the_pattern_for_all_matches_it(read: Load) -> None:
    config = read(f'watchlists = ["*.txt"]\n{BASE}{LARGE}{GROUP}', a="EXMP\n", b="OTHR\n")
    assert [(each.ticker, each.rules) for each in config.watches] == [("EXMP", ("default",)), ("OTHR", ("large",))]


def test_the_same_ticker_may_stand_in_two_groups_but_not_in_one_twice(read: Load) -> None:
    assert len(read(f"{BASE}{LARGE}{GROUP}{WATCH}", b="EXMP\n").watches) == 2
    (problem,) = problems(read, f"{BASE}{LARGE}{GROUP}{WATCH}", b="EXMP\nOTHR\nexmp\n")
    assert (Path(problem.file).name, problem.line) == ("b.txt", 3)
    assert "EXMP is watched already, at " in problem.text
    assert problem.text.endswith("b.txt:1; keep one of them")


def test_a_bad_line_of_a_file_in_two_groups_is_said_once(read: Load) -> None:
    (problem,) = problems(read, f"{BASE}{LARGE}{GROUP}{GROUP}{WATCH}", b="EX MP\n")
    assert problem.line == 1


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ('[[watchlist]]\nrules = ["large"]\n', 'a [[watchlist]] needs files, such as files = ["fund/*.txt"]'),
        ('[watchlist]\nfiles = ["b.txt"]\n', "write [[watchlist]] with two brackets"),
        ('[[watchlist]]\nfiles = ["c.txt"]\n', 'this matches none (here: "c.txt")'),
        ('[[watchlist]]\nfiles = "b.txt"\n', 'files = ["b.txt"]'),
        (GROUP.replace("large", "lrage"), "did you mean large?"),
        (GROUP + 'notify = ["fnud"]\n', "did you mean fund?"),
        (GROUP + "file = 1\n", "unknown key 'file'; did you mean files?"),
    ],
)
def test_a_mistake_in_a_group_is_a_problem_at_its_line(read: Load, group: str, said: str) -> None:
    found = problems(read, f"{BASE}{LARGE}{group}{WATCH}", b="OTHR\n")
    assert [said in each.text for each in found] == [True]
    assert found[0].line > f"{BASE}{LARGE}".count("\n")


# --- lines of a watchlist -----------------------------------------------------------------------------------------------


def test_a_person_is_watched_by_a_line_of_a_watchlist(read: Load) -> None:
    config = read(f'watchlists = ["a.txt"]\n{BASE}', a="owner 0001234567\nOwner:1234568  # a fund\nowner : 1234569\n")
    assert [each.owner_cik for each in config.watches] == ["0001234567", "0001234568", "0001234569"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("EX MP", "must be a ticker such as QLYS or BRK-B, alone on its line; write 'EX', and # before a remark"),
        ("EXMP,Example Corp", "write 'EXMP', and # before a remark"),
        ("NASDAQ:EXMP", "did you mean EXMP? (here: 'NASDAQ:EXMP')"),
        ("BRK/B", "did you mean BRK-B? (here: 'BRK/B')"),
        ("owner EXMP", "must have a CIK after owner, such as owner 0001234567 (here: 'owner EXMP')"),
        ("12345678901", "must be a CIK"),
    ],
)
def test_a_bad_line_says_what_was_probably_meant(read: Load, line: str, said: str) -> None:
    (problem,) = problems(read, f'watchlists = ["a.txt"]\n{BASE}', a=f"OTHR\n{line}\n")
    assert (problem.line, said in problem.text) == (2, True)


def test_a_file_that_is_no_watchlist_is_not_complained_of_line_by_line(read: Load) -> None:
    found = problems(read, f'watchlists = ["a.txt"]\n{BASE}', a="this is prose\n" * 500)
    assert len(found) == 21
    assert "and 480 more lines" in found[-1].text


def test_a_pipe_in_place_of_a_watchlist_is_a_problem_and_not_waited_for(read: Load, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    (problem,) = problems(read, f'watchlists = ["a.txt"]\n{BASE}')
    assert problem.text == "cannot be read: it is no ordinary file"


# --- values -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("poll_interval = 5", "its unit is missing (here: 5)"),
        ('poll_interval = "5"', 'its unit is missing (here: "5")'),
        ('poll_interval = "5 min"', 'did you mean "5m"?'),
        ('poll_interval = "500ms"', '(here: "500ms")'),
    ],
)
def test_a_duration_that_lacks_its_unit_says_so(read: Load, line: str, said: str) -> None:
    (problem,) = problems(read, BASE.replace("[edgar]", f"[edgar]\n{line}") + WATCH)
    assert (problem.line, problem.column, said in problem.text) == (2, 1, True)


@pytest.mark.parametrize(("word", "meant"), [("sell", "sale"), ("Bought", "purchase"), ("SALE", "sale"), ("gfit", "gift")])
def test_an_event_by_another_word_is_understood_but_not_taken(read: Load, word: str, meant: str) -> None:
    (problem,) = problems(read, f'{BASE}events = ["{word}"]\n{WATCH}')
    assert problem.text.endswith(f"; did you mean {meant}?")


def test_a_home_directory_is_understood_in_every_path(read: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "register.toml").write_text("", "utf-8")
    (tmp_path / "alert.j2").write_text("x", "utf-8")
    (tmp_path / "secret").touch(mode=0o600)
    (tmp_path / "secret").write_text("json://example.com", "utf-8")
    source = f'watchlists = ["~/a.txt"]\n{BASE}expected = "~/register.toml"\n[store]\npath = "~/w.db"\nbackup = "~/b"\n'
    source += '[messages]\ntext = "~/alert.j2"\n[care]\natom_file = "~/a.atom"\n[destinations.secret]\nurl_file = "~/secret"\n'
    config = read(source, a="EXMP\n")
    assert (config.store.path, config.store.backup, config.care.atom_file) == tuple(
        tmp_path / name for name in ("w.db", "b", "a.atom")
    )
    assert config.destinations["secret"].url == "json://example.com"


def test_a_home_directory_that_is_not_there_is_a_problem(read: Load) -> None:
    (problem,) = problems(read, BASE + '[store]\npath = "~nobody-of-that-name/w.db"\n' + WATCH)
    assert (problem.line, "that home directory is not known" in problem.text) == (10, True)


# --- warnings -----------------------------------------------------------------------------------------------------------


def warned(config: Config) -> list[tuple[int, str]]:
    return [(each.line, each.text.partition(";")[0]) for each in config.warnings]


def test_nothing_is_odd_about_a_usual_configuration(read: Load) -> None:
    assert read(BASE + WATCH).warnings == ()


def test_a_rule_that_no_watch_takes_is_odd(read: Load) -> None:
    assert warned(read(BASE + LARGE + WATCH)) == [(9, "no watch takes rule 'large'")]


def test_a_rule_that_only_a_group_with_destinations_of_its_own_takes_is_not(read: Load) -> None:
    assert warned(read(f'{BASE}{LARGE}{GROUP}notify = ["fund"]\n{WATCH}', b="OTHR\n")) == []


def test_a_destination_that_nobody_tells_is_odd(read: Load) -> None:
    spare = "[destinations.spare]\nterminal = true\n"
    assert warned(read(BASE + spare + WATCH)) == [(9, "no rule tells destination 'spare'")]
    assert warned(read(f'{BASE}{spare}[vigil]\nnotify = ["spare"]\n{WATCH}')) == []


def test_a_secret_in_the_configuration_is_odd_and_not_shown(read: Load) -> None:
    config = read(BASE.replace("terminal = true", 'url = "json://hush"', 1) + '[vigil]\nping_url = "https://hush"\n' + WATCH)
    assert [line for line, _ in warned(config)] == [4, 10]
    assert 'url_file = "desk.url"' in config.warnings[0].text
    assert "hush" not in str(config.warnings)


def test_the_contact_of_an_example_is_odd(read: Load) -> None:
    assert warned(read((BASE + WATCH).replace("corp.example", "example.com"))) == [
        (2, "this is an example's address: the SEC may turn away who does not give their own")
    ]


# --- what is not TOML ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "line", "column", "said"),
    [
        ('a = "b\nc = 1\n', 1, 7, "a quotation mark is missing at the end of the line"),
        ("[x]\na = 5s\n", 2, 6, 'text needs quotes, a duration too: "5s"'),
        ("a = yes\n", 1, 5, 'this is no value; text needs quotes: "yes"'),
        ("a = True\n", 1, 5, "truth is written in small letters: true"),
        ("a =\n", 1, 4, "a value is missing here"),
        ("a = 100,000\n", 1, 8, "a number has no commas: write 100_000"),
        ("a = 0001\n", 1, 6, "a number does not begin with 0; a CIK is text in quotes"),
        ("a = “b”\n", 1, 5, "“ is no quotation mark here"),
        ('a = "C:\\x"\n', 1, 10, "a backslash in double quotes begins an escape"),
        ("a: 1\n", 1, 2, "this line is neither a [table] nor key = value"),
        ("[x]\n[y]\n[x]\n", 3, 3, "this table is there twice, first at line 1"),
        ("[x]\na = 1\nb = 2\na = 3\n", 4, 6, "this key is set twice, first at line 2"),
        ('a = "b" c\n', 1, 9, "something follows the end of the statement"),
        ('[x]\na = [\n "b",\n\n[y]\nc = 1\n', 2, 5, "what is opened here with [ is not closed"),
        ('a = [\n "b"', 1, 5, "what is opened here with [ is not closed"),
        ('[x]\na = """\nb\n', 2, 5, "the text that begins here is not closed"),
    ],
)  # fmt: skip
def test_what_is_not_toml_is_said_in_plain_words_where_it_is(read: Load, source: str, line: int, column: int, said: str) -> None:
    (problem,) = problems(read, source)
    assert (problem.line, problem.column, problem.text) == (line, column, problem.text)
    assert said in problem.text
    assert problem.text.startswith("is not TOML")


@pytest.mark.parametrize("address", ["http//u:hunter2@mirror", "https:/u:hunter2@mirror", "u:hunter2@mirror", "hunter2"])
def test_the_password_of_a_mirror_is_not_repeated(read: Load, address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(f'[edgar]\ncontact = "Jane Roe jane.roe@example.com"\nwww_url = "{address}"\n')
    assert ("www_url must be" in str(caught.value), "hunter2" in str(caught.value)) == (True, False)


def test_a_word_that_may_be_a_secret_is_not_repeated(read: Load) -> None:
    (problem,) = problems(read, "[destinations.desk]\nurl = xoxb-hushhush-hush\n")
    assert "hush" not in problem.text


# --- while the daemon runs ----------------------------------------------------------------------------------------------


def test_a_change_of_a_groups_file_is_noticed(read: Load, tmp_path: Path) -> None:
    read(f"{BASE}{LARGE}{GROUP}", b="OTHR\n")
    origin = Origin(tmp_path / "watcher.toml", lambda path: load(path, {}))
    origin.load()
    assert not origin.changed(0.0)
    (tmp_path / "b.txt").write_text("OTHR\nEXMP\n", "utf-8")
    assert [origin.changed(clock) for clock in (1.0, 10.0)] == [False, True]
    assert [each.ticker for each in origin.load().watches] == ["OTHR", "EXMP"]


def test_a_pipe_in_place_of_the_configuration_is_not_waited_for_by_who_looks(read: Load, tmp_path: Path) -> None:
    read(f"{BASE}{LARGE}{GROUP}", b="OTHR\n")
    path = tmp_path / "watcher.toml"
    origin = Origin(path, lambda path: load(path, {}))
    origin.load()
    path.unlink()
    os.mkfifo(path)
    assert [origin.changed(clock) for clock in (1.0, 30.0)] == [False, True]
    with pytest.raises(ConfigError, match="it is no ordinary file"):
        origin.load()


def test_an_alert_of_a_group_goes_to_the_destinations_of_the_group(tmp_path: Path) -> None:
    with World(tmp_path, destinations={"desk": TERMINAL, "fund": TERMINAL}) as world:
        (tmp_path / "b.txt").write_text("OTHR  # in the fund\n", "utf-8")
        path = world.config.path
        path.write_text(path.read_text("utf-8") + '\n[[watchlist]]\nfiles = ["b.txt"]\nnotify = ["fund"]\n', "utf-8")
        world.config = load(path, {})
        resolve(world.door, world.store, world.config, now=world.clock())
        world.baseline()
        world.clock.tick()
        world.file(a_sale(1))
        world.file(a_sale(2, issuer=OTHER, owners=(ALEX,)))
        world.poll()
        world.ingest()
        told = [
            tuple(row) for row in world.store.rows("SELECT accession_number, destination FROM owed JOIN alert USING (event_id)")
        ]
        rules = world.store.value("SELECT rules FROM alert WHERE accession_number = ?", (accession(2),))
    assert sorted(told) == [(accession(1), "desk"), (accession(1), "fund"), (accession(2), "fund")]
    assert rules == '["default@fund"]'
