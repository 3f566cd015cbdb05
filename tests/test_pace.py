"""The SEC's speed limit is kept over processes, and its block over restarts."""

from __future__ import annotations

import math
import struct
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from tests.world import DAY
from tests.world import HOUR
from tests.world import MINUTE
from tests.world import NOON
from tests.world import REPOSITORY
from tests.world import SECOND
from tests.world import Clock
from tests.world import environment
from watcher.core.errors import Blocked
from watcher.core.errors import StoreError
from watcher.pace import BACKGROUND_PER_SECOND
from watcher.pace import BLOCK
from watcher.pace import PER_SECOND
from watcher.pace import Pace

_ASKS = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from watcher.pace import Pace
pace = Pace(Path(sys.argv[1]))
ends = time.monotonic() + float(sys.argv[2])
while time.monotonic() < ends:
    pace.wait(lambda: datetime.now(UTC))
    print(time.monotonic())
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "watcher.db.pace"


def most_in_a_second(grants: list[float]) -> int:
    return max(sum(begin <= grant < begin + 1 for grant in grants) for begin in grants)


def test_three_processes_together_keep_the_limit_and_use_it(path: Path) -> None:
    asking = [
        subprocess.Popen(  # noqa: S603 -- our own program
            [sys.executable, "-c", _ASKS, str(path), "3"],
            cwd=REPOSITORY,
            env=environment(path.parent),
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    grants = sorted(float(line) for process in asking for line in process.communicate(timeout=60)[0].split())
    assert most_in_a_second(grants) <= 8, "the SEC allows ten, over all machines"
    assert len(grants) >= 16


def test_threads_of_one_process_keep_the_limit(path: Path) -> None:
    pace = Pace(path)
    grants: list[float] = []

    def ask() -> None:
        for _ in range(4):
            pace.wait(Clock())
            grants.append(time.monotonic())

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(grants) == 20
    assert most_in_a_second(sorted(grants)) <= PER_SECOND


def test_reading_the_past_leaves_room_for_what_is_new(path: Path) -> None:
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        time.sleep(seconds)

    pace = Pace(path, sleep=sleep)
    for _ in range(BACKGROUND_PER_SECOND):
        pace.wait(Clock(), background=True)
    for _ in range(PER_SECOND - BACKGROUND_PER_SECOND):
        pace.wait(Clock())
    assert pauses == []
    pace.wait(Clock(), background=True)
    assert pauses


def test_a_block_refuses_at_once_and_says_until_when(path: Path) -> None:
    pace = Pace(path)
    assert pace.block(NOON) == NOON + BLOCK
    with pytest.raises(Blocked, match="16:10:00 UTC") as caught:
        pace.wait(Clock(NOON + MINUTE))
    assert caught.value.until == NOON + BLOCK


def test_a_block_is_remembered_by_the_next_process(path: Path) -> None:
    Pace(path).block(NOON)
    assert Pace(path).blocked_until(NOON + MINUTE) == NOON + BLOCK
    with pytest.raises(Blocked):
        Pace(path).wait(Clock(NOON + MINUTE))


def test_a_block_ends(path: Path) -> None:
    pace = Pace(path)
    pace.block(NOON)
    assert pace.blocked_until(NOON + BLOCK) is None
    pace.wait(Clock(NOON + BLOCK))


@pytest.mark.parametrize("step", [HOUR, DAY, 365 * DAY])
def test_a_clock_set_back_does_not_prolong_a_block(path: Path, step: timedelta) -> None:
    pace = Pace(path)
    pace.block(NOON)
    assert pace.blocked_until(NOON - step) is None
    pace.wait(Clock(NOON - step))


def test_a_clock_that_is_corrected_a_little_does_not_end_a_block(path: Path) -> None:
    pace = Pace(path)
    pace.block(NOON)
    assert pace.blocked_until(NOON - SECOND) == NOON + BLOCK


def test_a_pause_that_was_asked_for_does_not_shorten_a_block(path: Path) -> None:
    pace = Pace(path)
    pace.block(NOON)
    pace.block(NOON, 5 * SECOND)
    assert pace.blocked_until(NOON + MINUTE) == NOON + BLOCK


def test_no_pause_is_kept_for_longer_than_an_hour(path: Path) -> None:
    pace = Pace(path)
    assert pace.block(NOON, 30 * DAY) == NOON + HOUR
    assert pace.blocked_until(NOON + HOUR) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00", b"\xff" * 80, b"\x7f\xef" * 40, b"garbage " * 10, b"\x00" * 8000, bytes(range(160, 240))],
    ids=["empty", "short", "not numbers", "huge numbers", "text", "long", "noise"],
)
def test_a_damaged_pace_file_is_as_good_as_none(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    pauses: list[float] = []
    pace = Pace(path, sleep=pauses.append)
    pace.wait(Clock())
    assert pauses == []
    assert pace.blocked_until(NOON) is None
    pace.block(NOON)
    assert Pace(path).blocked_until(NOON) == NOON + BLOCK


@pytest.mark.parametrize("until", [1e300, math.inf, math.nan, (NOON + 365 * DAY).timestamp()])
def test_a_damaged_block_does_not_last_for_ever(path: Path, until: float) -> None:
    path.write_bytes(struct.pack(f"<{PER_SECOND + 2}d", *[0.0] * (PER_SECOND + 1), until))
    Pace(path).wait(Clock())


def test_a_grant_from_before_a_reboot_is_forgotten(path: Path) -> None:
    """The monotonic clock begins anew, so that all grants lie ahead of it."""
    pace = Pace(path)
    for _ in range(PER_SECOND):
        pace.wait(Clock())
    content = path.read_bytes()
    ahead = memoryview(bytearray(content)).cast("d")
    for at in range(PER_SECOND):
        ahead[at] += 1_000_000
    path.write_bytes(ahead.tobytes())
    pauses: list[float] = []
    Pace(path, sleep=pauses.append).wait(Clock())
    assert pauses == []


def test_a_pace_file_that_cannot_be_made_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="check the owner and mode"):
        Pace(tmp_path / "no such folder" / "pace").wait(Clock())
