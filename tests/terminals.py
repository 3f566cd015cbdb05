"""The watcher on a terminal of its own: what is typed there, and what it shows."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
CTRL_C = "\x03"


def on_terminal(*arguments: str, typed: Sequence[tuple[str, str]] = (), seconds: float = 60, **environ: str) -> str:
    """Run `watcher` here, in the working directory, and return all it showed, lines ended by "\\n".

    `typed` holds what to wait for and what is then typed, in order; Ctrl-C as it is, anything else with Enter.
    """
    child, terminal = os.forkpty()
    if child == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs, and what they start, ignore it
        os.execve(  # noqa: S606 -- our own program
            sys.executable,
            [sys.executable, "-m", "watcher", *arguments],
            {**os.environ, "PYTHONPATH": str(REPOSITORY), **environ},
        )
    shown, seen, waiting, ends = "", 0, list(typed), time.monotonic() + seconds
    while select.select([terminal], [], [], max(0.0, ends - time.monotonic()))[0]:
        try:
            piece = os.read(terminal, 65_536)
        except OSError:  # how Linux says that the other end is closed
            piece = b""
        if not piece:
            break
        shown += piece.decode("utf-8", "replace").replace("\r\n", "\n")
        while waiting and waiting[0][0] in shown[seen:]:
            words, answer = waiting.pop(0)
            seen = shown.index(words, seen) + len(words)
            if answer == CTRL_C:
                time.sleep(0.3)  # Python misses a signal that comes between the prompt and the wait for the answer
            os.write(terminal, (answer if answer == CTRL_C else f"{answer}\n").encode())
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    assert not waiting, f"it did not come to {waiting[0][0]!r}:\n{shown}"
    return f"{shown}exit {os.waitstatus_to_exitcode(status)}\n"
