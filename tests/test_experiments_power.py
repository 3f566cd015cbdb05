"""A power cut undoes nothing that was acknowledged; the long form is `python -m tests.experiments.power`."""

from __future__ import annotations

import os
from random import Random

import pytest

from tests.experiments.guest.disk import BLOCK
from tests.experiments.guest.disk import Disk
from tests.experiments.guest.image import NotToBeHadError
from tests.experiments.power import Known
from tests.experiments.power import Result
from tests.experiments.power import run


@pytest.mark.skipif("LONG_EXPERIMENTS" not in os.environ, reason="boots virtual machines for minutes; set LONG_EXPERIMENTS=1")
def test_nothing_acknowledged_is_lost_when_the_power_is_cut_and_a_less_durable_store_does_lose() -> None:
    # Two boots of a virtual machine without help by the processor, and then some seconds for each cut: about two minutes.
    try:
        result, control = run(cuts=10, control=2, seed=3)
    except NotToBeHadError as lacking:
        pytest.skip(f"no virtual machine for power cuts: {lacking}")
    assert result.good, result
    assert control.lost > 0, control


# --- the disk that forgets ---------------------------------------------------------------------------------------------

BLOCKS = 64
CHANCE = Random(1)  # noqa: S311 -- a script that repeats, not a secret


def written(disk: Disk) -> int:
    """How many blocks hold what was written."""
    return disk.read(0, len(disk)).count(b"x" * BLOCK)


@pytest.fixture
def disk() -> Disk:
    disk = Disk(bytes(BLOCKS * BLOCK))
    disk.write(0, b"x" * len(disk))
    return disk


def test_a_cut_takes_a_part_of_what_was_not_flushed(disk: Disk) -> None:
    disk.cut(CHANCE)
    assert 0 < written(disk) < BLOCKS
    assert disk.forgotten == BLOCKS - written(disk)


def test_a_cut_leaves_what_was_flushed(disk: Disk) -> None:
    disk.flush()
    disk.cut(CHANCE)
    assert written(disk) == BLOCKS


def test_what_is_written_again_after_a_flush_goes_back_to_what_was_flushed(disk: Disk) -> None:
    disk.flush()
    disk.write(0, b"y" * len(disk))
    disk.cut(CHANCE)
    assert 0 < written(disk) < BLOCKS


def test_a_forced_write_needs_no_flush(disk: Disk) -> None:
    disk.write(0, b"x" * len(disk), forced=True)
    disk.cut(CHANCE)
    assert written(disk) == BLOCKS


# --- the account -------------------------------------------------------------------------------------------------------


def test_what_a_store_no_longer_has_is_lost_and_counted_once() -> None:
    known = Known()
    known.hear(["INFO 0000000000-26-000001 ingested, 1 alert", "INFO hook: delivered"], {"event 1", "event 2"})
    found = {"filings": {"0000000000-26-000001": "pending"}, "owed": {"event 1": "sending"}}
    assert known.lost(found) == 3  # the filing, the second event, the delivery
    assert known.lost(found) == 0


def test_what_a_store_has_is_not_lost() -> None:
    known = Known()
    known.hear(["INFO 0000000000-26-000001 ingested, 1 alert", "INFO hook: delivered"], {"event 1"})
    assert known.lost({"filings": {"0000000000-26-000001": "ingested"}, "owed": {"event 1": "delivered"}}) == 0


@pytest.mark.parametrize(
    ("result", "good"),
    [
        (Result("FULL", acknowledged=1), True),
        (Result("FULL"), False),
        (Result("FULL", acknowledged=1, lost=1), False),
        (Result("FULL", acknowledged=1, damaged=1), False),
        (Result("FULL", acknowledged=1, undelivered=1), False),
        (Result("NORMAL", acknowledged=1), False),
        (Result("NORMAL", acknowledged=1, lost=1), True),
    ],
)
def test_a_result_is_good_only_if_nothing_is_lost_and_the_controls_only_if_something_is(result: Result, good: bool) -> None:
    assert result.good is good
