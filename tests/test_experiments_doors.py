"""Short forms of the experiments about the doors; each module under tests/experiments says what its long form is."""

from __future__ import annotations

from random import Random

import pytest

from tests.experiments import ambiguity
from tests.experiments import attacks
from tests.experiments import bombs
from tests.experiments import canaries
from tests.experiments import fair
from tests.experiments import hostile
from tests.experiments.sinks import discord
from tests.experiments.sinks import page
from tests.experiments.sinks import slack
from tests.experiments.sinks import table
from tests.experiments.sinks import terminal

# --- long forms made short ----------------------------------------------------------------------------------------------------


def test_everything_a_receiver_can_do_has_one_meaning() -> None:
    """About 10 seconds: all cells, once."""
    result = ambiguity.run()
    assert result.cells >= 160
    assert result.wrong == {}


def test_the_sec_is_never_asked_too_much() -> None:
    """About 15 seconds: 8 restarts, one block."""
    result = fair.run(trials=1, restarts=8, seconds=10.0, seed=1)
    assert result.good, result


def test_no_document_opens_a_file_or_asks_anybody() -> None:
    """About 5 seconds: all documents."""
    result = attacks.run()
    assert result.wrong == {}
    assert result.good, result
    if not result.traced:
        pytest.skip("strace is not installed: what was opened was watched by baits only")


def test_every_bomb_is_refused_in_time() -> None:
    """About 15 seconds: all bombs, with half a second each."""
    result = bombs.run(0.5)
    assert result.wrong == {}


def test_nothing_a_filer_wrote_is_alive() -> None:
    """About 15 seconds: all payloads in all fields at once."""
    result = hostile.run(whole=True)
    assert (result.payloads >= 60, result.findings) == (True, [])


def test_no_secret_gets_out() -> None:
    """About 15 seconds: two kinds of trouble."""
    result = canaries.run(short=True)
    assert (result.canaries >= 10, result.found) == (True, [])


# --- they can fail ------------------------------------------------------------------------------------------------------------


def test_the_most_requests_in_a_second_are_counted_over_any_second() -> None:
    assert fair.most_within([], 1.0) == 0
    assert fair.most_within([0.0, 0.5, 0.99, 1.0, 1.4], 1.0) == 4
    chance = Random(1)  # noqa: S311 -- a script that repeats, not a secret
    times = sorted(chance.uniform(0, 20) for _ in range(200))
    assert fair.most_within(times, 1.0) == max(sum(at - 1.0 < other <= at for other in times) for at in times)


LINK = "https://www.sec.gov/Archives/edgar/data/9990001/000000000026000001/0000000000-26-000001-index.htm"


def test_the_sinks_see_what_is_alive_and_leave_our_link_alone() -> None:
    for text in ("<!channel>", "<https://evil.example|sec.gov>", "https://evil.example", "@everyone", f"<{LINK}|{LINK}.evil>"):
        assert list(slack(b'{"text": "%s"}' % text.encode())), text
    for text in ("@here", "<@1>", "[sec.gov](https://evil.example)", f"{LINK}x"):
        assert list(discord(b'{"content": "%s"}' % text.encode())), text
    assert not list(slack(f'{{"text": "1,000 sh @ $25 &lt;b&gt; <{LINK}|Filing>"}}'.encode()))
    assert not list(discord(f'{{"content": "1,000 sh @ $25 [F1] {LINK}"}}'.encode()))
    for text in ("<img src=x>", '<a href="https://evil.example">x</a>', '<p onclick="x">', "<script></script>"):
        assert list(page(f"<html><body>{text}</body></html>")), text
    assert not list(page(f'<html><body><p>x</p><a href="{LINK}">x</a></body></html>'))
    assert list(terminal("\x1b[2J"))
    assert list(terminal("\u202e"))
    assert not list(terminal("Nestlé · 1,000 sh →\n"))
    assert [list(table(f'"{cell}",b\n')) != [] for cell in ("=1", "-1+1", "-5", "'=1", "x")] == [True, True, False, False, False]
