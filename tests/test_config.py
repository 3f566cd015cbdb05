"""The configuration: what it reads, and every kind of problem with its line."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from collections.abc import Mapping
from datetime import date
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from watcher.config import Config
from watcher.config import Destination
from watcher.config import Watch
from watcher.config import find
from watcher.config import load
from watcher.core.errors import ConfigError
from watcher.core.errors import Problem
from watcher.core.expected import Expectation

CASES = sorted((Path(__file__).parent / "cases" / "config").glob("*.toml"))
EXAMPLE = Path(__file__).parents[1] / "config" / "watcher.example.toml"
ENVIRON = {
    "APPRISE_URL": "slack://hush/",
    "HOOK_SECRET": "hush",
    "OPTIONAL_URL": "slack://hush/?optional=yes",
    "EMPTY": " ",
}
BASE = """\
[edgar]
contact = "Jane Roe jane.roe@example.com"
[destinations.desk]
terminal = true
[rules.default]
notify = ["desk"]
"""
WATCH = '[[watch]]\nticker = "EXMP"\n'

Load = Callable[..., Config]


@pytest.fixture
def read(tmp_path: Path) -> Load:
    """Writes a configuration and loads it."""

    def written(source: str | bytes, environ: Mapping[str, str] = ENVIRON) -> Config:
        path = tmp_path / "watcher.toml"
        path.write_bytes(source if isinstance(source, bytes) else source.encode())
        return load(path, environ)

    return written


def problems_of(read: Callable[..., object], *arguments: Any) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        read(*arguments)
    return caught.value.problems


# --- problems and their lines ---


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_every_line_of_a_case_gives_the_problems_written_beside_it_and_no_others(case: Path) -> None:
    expected = [
        (number, fragment.strip())
        for number, line in enumerate(case.read_text(encoding="utf-8").splitlines(), start=1)
        for fragment in line.partition("WRONG:")[2].split(" | ")
        if fragment.strip()
    ]
    with pytest.raises(ConfigError) as caught:
        load(case, ENVIRON)
    found = [(each.line, each.text.replace(f"{case.parent}/", "")) for each in caught.value.problems]
    assert [line for line, _ in found] == [line for line, _ in expected]
    assert [(text, part) for (_, text), (_, part) in zip(found, expected, strict=True) if part not in text] == []
    assert {each.file for each in caught.value.problems} == {str(case)}
    assert not re.search("hush", str(caught.value), re.IGNORECASE)


def test_a_missing_file_is_one_problem_that_names_init(tmp_path: Path) -> None:
    problems = problems_of(load, tmp_path / "none.toml", {})
    assert [each.line for each in problems] == [1]
    assert "`watcher init`" in problems[0].text


def test_a_folder_in_place_of_the_file_is_a_problem(tmp_path: Path) -> None:
    assert "cannot be read: Is a directory" in problems_of(load, tmp_path, {})[0].text


def test_bytes_that_are_not_utf_8_are_a_problem_on_their_line(read: Load) -> None:
    assert [(each.line, each.text) for each in problems_of(read, b"[edgar]\n# \xff\n")] == [(2, "is not UTF-8 text")]


def test_nesting_beyond_reason_is_a_problem(read: Load) -> None:
    assert "nested too deeply" in problems_of(read, "a = " + "[" * 9000 + "]" * 9000)[0].text


def test_a_number_of_too_many_digits_is_a_problem(read: Load) -> None:
    assert "is not TOML" in problems_of(read, "a = " + "9" * 9000)[0].text


def test_a_judge_of_destinations_adds_its_problem_at_the_destination(tmp_path: Path) -> None:
    path = tmp_path / "watcher.toml"
    path.write_text(BASE + WATCH, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path, {}, lambda destination: f"no {destination.kind} here")
    assert [str(each) for each in caught.value.problems] == [f"{path}:3: destination 'desk': no terminal here"]


# --- what is read ---


def test_the_smallest_configuration_gets_every_default(read: Load, tmp_path: Path) -> None:
    config = read(BASE + WATCH)
    assert (config.edgar.poll_interval, config.edgar.off_hours_interval) == (5.0, 60.0)
    assert config.store.path == tmp_path / "watcher.db"
    assert config.store.baseline == timedelta(days=365)
    assert config.rules["default"].events == ("sale", "exercise")
    assert config.rules["default"].plan == "any"
    assert config.destinations == {"desk": Destination("desk", "terminal")}
    assert config.watches == (Watch(("default",), ticker="EXMP", file=str(config.path), line=7),)


def test_every_setting_is_read(read: Load) -> None:
    source = BASE.replace(
        "[destinations",
        'poll_interval = "2m"\noff_hours_interval = "1h"\nwww_url = "http://127.0.0.1:8080/"\n'
        '[store]\npath = "/var/lib/w.db"\nbaseline = "30d"\n[destinations',
    )
    source += 'events = ["gift"]\nplan = "only"\nmin_value = 1234.50\n' + WATCH
    config = read("\ufeff" + source.replace("\n", "\r\n"))
    assert (config.edgar.poll_interval, config.edgar.off_hours_interval) == (120.0, 3600.0)
    assert config.edgar.www_url == "http://127.0.0.1:8080"
    assert (config.store.path, config.store.baseline) == (Path("/var/lib/w.db"), timedelta(days=30))
    rule = config.rules["default"]
    assert (rule.events, rule.plan, rule.notify) == (("gift",), "only", ("desk",))
    assert str(rule.min_value) == "1234.50"


def test_min_value_is_an_exact_decimal(read: Load) -> None:
    assert read(BASE + "min_value = 0.1\n" + WATCH).rules["default"].min_value == Decimal("0.1")


@pytest.mark.parametrize(
    ("written", "watch"),
    [
        ('ticker = "brk.b"', {"ticker": "BRK-B"}),
        ('ticker = "BAC-PL"', {"ticker": "BAC-PL"}),
        ('cik = "9990001"', {"cik": "0009990001"}),
        ('owner_cik = "0009990001"', {"owner_cik": "0009990001"}),
    ],
)
def test_tickers_and_ciks_are_written_as_the_sec_does(read: Load, written: str, watch: dict[str, str]) -> None:
    found = read(f"{BASE}[[watch]]\n{written}\n").watches[0]
    assert found == Watch(("default",), file=found.file, line=7, **watch)


def test_the_store_lies_where_systemd_keeps_state(read: Load) -> None:
    environ = {"STATE_DIRECTORY": "/var/lib/watcher:/var/lib/other"}
    assert read(BASE + WATCH, environ).store.path == Path("/var/lib/watcher/watcher.db")


# --- watchlists ---


def listed(tmp_path: Path, **files: str) -> str:
    folder = tmp_path / "lists"
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return f'watchlists = ["lists/*.txt"]\n{BASE}'


def test_a_watchlist_holds_tickers_ciks_and_comments(read: Load, tmp_path: Path) -> None:
    source = listed(tmp_path, a="# ours\nexmp\n\n  brk.b  # class B\r\n9990001", b="9990002\n")
    found = [(each.ticker or each.cik, Path(each.file).name, each.line, each.rules) for each in read(source).watches]
    assert found == [
        ("EXMP", "a.txt", 2, ("default",)),
        ("BRK-B", "a.txt", 4, ("default",)),
        ("0009990001", "a.txt", 5, ("default",)),
        ("0009990002", "b.txt", 1, ("default",)),
    ]


def test_bad_lines_of_a_watchlist_are_problems_of_that_file(read: Load, tmp_path: Path) -> None:
    source = listed(tmp_path, a="EXMP\nEX MP\n$EX\n123456789012\n")
    problems = problems_of(read, source)
    assert [(Path(each.file).name, each.line) for each in problems] == [("a.txt", 2), ("a.txt", 3), ("a.txt", 4)]
    assert "it must be a ticker such as" in problems[0].text
    assert "it must be a CIK" in problems[2].text


def test_a_watch_repeated_in_a_watchlist_names_both_lines(read: Load, tmp_path: Path) -> None:
    source = listed(tmp_path, a="OTHR\nEXMP\n") + WATCH
    problem = problems_of(read, source)[0]
    assert (Path(problem.file).name, problem.line) == ("a.txt", 2)
    assert f"{tmp_path / 'watcher.toml'}:8" in problem.text


def test_a_file_two_patterns_match_is_read_once(read: Load, tmp_path: Path) -> None:
    source = listed(tmp_path, a="EXMP\n", b="OTHR\n").replace("[", '["lists/a.txt", ', 1)
    assert [each.ticker for each in read(source).watches] == ["EXMP", "OTHR"]


def test_an_absolute_pattern_is_taken_as_it_is(read: Load, tmp_path: Path) -> None:
    source = listed(tmp_path, a="EXMP\n").replace("lists/", f"{tmp_path}/lists/")
    assert [each.ticker for each in read(source).watches] == ["EXMP"]


def test_brackets_in_the_name_of_the_folder_are_no_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "[watch]"
    folder.mkdir()
    (folder / "watcher.toml").write_text(listed(folder, a="EXMP\n"), encoding="utf-8")
    assert [each.ticker for each in load(folder / "watcher.toml", {}).watches] == ["EXMP"]


def test_an_empty_watchlist_alone_is_nothing_to_watch(read: Load, tmp_path: Path) -> None:
    problems = problems_of(read, listed(tmp_path, a="# none yet\n"))
    assert [(each.line, each.text.partition(":")[0]) for each in problems] == [(1, "nothing is watched")]


def test_a_watchlist_that_is_not_text_is_a_problem(read: Load, tmp_path: Path) -> None:
    source = listed(tmp_path, a="")
    (tmp_path / "lists" / "a.txt").write_bytes(b"\xff\xfe")
    assert [each.text for each in problems_of(read, source)] == ["is not UTF-8 text"]


def test_a_watchlist_without_a_default_rule_is_a_problem_said_once(read: Load, tmp_path: Path) -> None:
    source = listed(tmp_path, a="EXMP\nOTHR\n").replace("rules.default", "rules.other")
    assert [each.text for each in problems_of(read, source)] == ["takes [rules.default], which is missing"]


# --- conditions and registers ---

REGISTER = """\
[[expected]]
person = "Roe Jane A"
ticker = "exmp"
from = 2026-06-01
to = 2026-06-30
shares = 5_000
plan = 2026-02-10
note = "cleared by legal"

[[expected]]
owner_cik = "9980002"
cik = "9990001"
from = 2026-07-01
to = 2026-07-01
shares = 1
codes = ["S", "M"]
"""


def test_every_condition_is_read(read: Load) -> None:
    source = (
        'min_shares = 1_000\nmin_percent = 2.5\nrole = ["officer"]\ntitle = ["CEO", "General Counsel"]\ncodes = ["S", "K", "V"]\n'
        'late = true\ncluster = true\nunusual = true\nplan = ["checked", "text only"]\n'
    )
    rule = read(BASE + source + WATCH).rules["default"]
    assert (rule.min_shares, rule.min_percent) == (Decimal(1000), Decimal("2.5"))
    assert (rule.role, rule.title, rule.codes) == (("officer",), ("CEO", "General Counsel"), ("S", "K", "V"))
    assert (rule.late, rule.cluster, rule.unusual, rule.plan) == (True, True, True, ("checked", "text only"))


def registered(tmp_path: Path, register: str | bytes, rule: str = "") -> str:
    (tmp_path / "expected.toml").write_bytes(register if isinstance(register, bytes) else register.encode())
    return f'{BASE}expected = "expected.toml"\n{rule}{WATCH}'


def test_a_register_is_read(read: Load, tmp_path: Path) -> None:
    first, second = read(registered(tmp_path, REGISTER)).rules["default"].expected or ()
    assert first == Expectation(
        begins=date(2026, 6, 1),
        ends=date(2026, 6, 30),
        shares=Decimal(5000),
        person="Roe Jane A",
        ticker="EXMP",
        events=("sale",),
        plan=date(2026, 2, 10),
        note="cleared by legal",
    )
    assert (second.owner_cik, second.cik, second.codes, second.events) == ("0009980002", "0009990001", ("S", "M"), ())


def test_an_empty_register_is_one(read: Load, tmp_path: Path) -> None:
    assert read(registered(tmp_path, "# nothing this quarter\n")).rules["default"].expected == ()


def test_without_a_register_there_is_none(read: Load) -> None:
    assert read(BASE + WATCH).rules["default"].expected is None


DAMAGED_REGISTER = """\
[[expected]]
person = "Roe Jane A"
from = "2026-06-01"
to = 2026-06-30T10:00:00
shares = 5_000.5
event = ["sale"]

[[expected]]
person = "Roe Jane A"
owner_cik = "9980001"
ticker = "EXMP"
cik = "9990001"
from = 2026-07-02
to = 2026-07-01
events = ["late"]

[[trade]]
"""


def test_every_problem_of_a_register_is_said_at_once_with_its_line(read: Load, tmp_path: Path) -> None:
    problems = problems_of(read, registered(tmp_path, DAMAGED_REGISTER))
    assert {Path(each.file).name for each in problems} == {"expected.toml"}
    assert [(each.line, re.split("[:;] | \\(", each.text)[0]) for each in problems] == [
        (3, "from must be a date without quotes and time, such as 2026-06-30"),
        (4, "to must be a date without quotes and time, such as 2026-06-30"),
        (5, "shares must be a whole number of shares without quotes, such as 10000"),
        (6, "unknown key 'event'"),
        (8, 'an expected trade takes exactly one of person = "NAME AS IN THE FILING" and owner_cik = "CIK"'),
        (8, "an expected trade takes ticker or cik of the issuer, not both"),
        (8, "an expected trade needs shares"),
        (14, "to must not be before from"),
        (15, "events has an unknown event 'late'"),
        (17, "unknown key 'trade'"),
    ]


@pytest.mark.parametrize(
    ("register", "line", "text"),
    [
        ("[[expected]\n", 1, "is not TOML"),
        (b"# ours\n# \xff\n", 2, "is not UTF-8 text"),
        ("\n[expected]\n", 2, "write [[expected]] with two brackets"),
        ("expected = [5]\n", 1, "expected must be a table"),
    ],
)
def test_a_damaged_register_is_a_problem_of_that_file(
    read: Load, tmp_path: Path, register: str | bytes, line: int, text: str
) -> None:
    (problem,) = problems_of(read, registered(tmp_path, register))
    assert (Path(problem.file).name, problem.line) == ("expected.toml", line)
    assert text in problem.text


def test_a_register_that_two_rules_name_is_complained_of_once(read: Load, tmp_path: Path) -> None:
    second = '[rules.second]\nexpected = "expected.toml"\nnotify = ["desk"]\n'
    assert len(problems_of(read, registered(tmp_path, "[[expected]\n", second))) == 1


# --- the example ---


def test_the_example_loads_as_it_is() -> None:
    config = load(EXAMPLE, {})
    assert {each.ticker for each in config.watches} >= {"QLYS", "BRK-B"}


def test_the_example_loads_with_everything_commented_out_put_in(tmp_path: Path) -> None:
    source = re.sub(r"^# (?=\[|\w+ = )", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for folder in ("watchlists", "fund"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text("MSFT\n", encoding="utf-8")
    (tmp_path / "expected.toml").write_text(REGISTER, encoding="utf-8")
    for name in ("subject.txt.j2", "text.txt.j2", "mail.html.j2", "slack.txt.j2"):
        (tmp_path / name).write_text("{{ accession_number }}\n", encoding="utf-8")
    (tmp_path / "desk.url").touch(mode=0o600)
    (tmp_path / "desk.url").write_text("slack://a/b/c", encoding="utf-8")
    path = tmp_path / "watcher.toml"
    path.write_text(source, encoding="utf-8")
    config = load(path, {"WATCHER_MAIL_URL": "mailtos://example.com", "WATCHER_HOOK_SECRET": "hush"})
    assert set(config.destinations) == {"terminal", "desk", "mail", "ops", "machine"}
    assert config.watches[2].owner_cik == "0009990001"


# --- where it is looked for ---


def test_an_option_is_taken_at_its_word(tmp_path: Path) -> None:
    assert find(Path("x.toml"), {"WATCHER_CONFIG": "y.toml"}, tmp_path) == Path("x.toml")


def test_the_variable_comes_before_the_usual_places(tmp_path: Path) -> None:
    assert find(None, {"WATCHER_CONFIG": "y.toml"}, tmp_path) == Path("y.toml")


def test_the_first_usual_place_that_exists_is_taken(tmp_path: Path) -> None:
    folders = [tmp_path / "config", tmp_path / "xdg" / "watcher", tmp_path / "system"]
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "xdg"), "CONFIGURATION_DIRECTORY": f"{folders[2]}:/elsewhere"}
    for folder in reversed(folders):
        folder.mkdir(parents=True)
        (folder / "watcher.toml").touch()
        assert find(None, environ, tmp_path) == folder / "watcher.toml"


def test_a_first_configuration_goes_to_the_working_directory_if_it_has_a_folder_for_it(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    assert find(None, {"HOME": str(tmp_path / "home")}, tmp_path) == tmp_path / "config" / "watcher.toml"


def test_a_first_configuration_goes_to_the_home_directory_otherwise(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert find(None, {"HOME": str(home)}, tmp_path) == home / ".config" / "watcher" / "watcher.toml"


# --- damage ---

FRAGMENTS = [b"[", b"]", b'"', b"=", b"\n", b"#", b"{", b"}", b"'''", b"\x00", b"\xff", b"-1", b"true", b"[[watch]]\n"]
EDIT = st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from([b"", b"", *FRAGMENTS]))


@settings(max_examples=200, deadline=None)
@given(st.lists(EDIT, min_size=1, max_size=6))
def test_a_damaged_configuration_is_read_or_refused_and_never_anything_else(
    edits: list[tuple[float, int, bytes]],
) -> None:
    source = EXAMPLE.read_bytes()
    for where, length, new in edits:
        start = int(where * len(source))
        source = source[:start] + new + source[start + length :]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "watcher.toml"
        path.write_bytes(source)
        (Path(folder) / "watchlists").mkdir()
        (Path(folder) / "watchlists" / "a.txt").write_bytes(source[:60])
        try:
            config, problems = load(path, {}), []
        except ConfigError as error:
            config, problems = None, error.problems
    assert bool(config and config.watches) is not bool(problems)
    assert all(1 <= each.line <= source.count(b"\n") + 1 and each.text.isprintable() for each in problems)
