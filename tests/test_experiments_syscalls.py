"""Whichever system call fails, or is the last, the watcher loses nothing; the long form is `python -m tests.experiments.syscalls`."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.experiments.syscalls import run


def _can_trace() -> bool:
    strace = shutil.which("strace")
    return strace is not None and subprocess.run([strace, "true"], capture_output=True, check=False).returncode == 0  # noqa: S603 -- the system's own


@pytest.mark.skipif(not _can_trace(), reason="strace is not here, or may not trace (on Debian and Ubuntu: apt install strace)")
def test_nothing_is_lost_whichever_system_call_fails_or_is_the_last() -> None:
    result = run(trials=8, seed=4, jobs=1)
    assert result.good, result
    assert result.total.hit == 8
