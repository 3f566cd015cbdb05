"""Watchlist files: one ticker, CIK or `owner CIK` a line, `#` begins a comment."""

from __future__ import annotations

import glob
import re
from pathlib import Path

from watcher.config_values import BadValueError
from watcher.config_values import cik
from watcher.config_values import path_from
from watcher.config_values import quoted
from watcher.config_values import text
from watcher.config_values import ticker_or_cik
from watcher.core.errors import Problem
from watcher.ordinary import content

Entry = tuple[int, str, str]  # line, "ticker", "cik" or "owner_cik", its normalised value
MOST_PROBLEMS = 20  # of one file: what was meant is clear by then


def files_matching(pattern: object, folder: Path) -> list[Path]:
    """The files a glob pattern names, relative to `folder`, sorted. Raises `BadValueError` if there is none."""
    absolute = path_from(Path(glob.escape(str(folder))), text(pattern))
    # glob, because Path.glob refuses an absolute pattern
    names = sorted(glob.glob(str(absolute)))  # noqa: PTH207 -- the pattern is relative to a folder and may be absolute
    found = [path for path in map(Path, names) if not path.is_dir()]
    if not found:
        raise BadValueError("must match a file, relative to the folder of the configuration; this matches none")
    return found


def read_watchlist(file: Path) -> tuple[list[Entry], list[Problem]]:
    """What one watchlist asks for, and its bad lines."""
    try:
        rows = content(file).decode("utf-8-sig").split("\n")
    except OSError as error:
        return [], [Problem(str(file), 1, f"cannot be read: {error.strerror}")]
    except UnicodeDecodeError as error:
        return [], [Problem(str(file), error.object.count(b"\n", 0, error.start) + 1, "is not UTF-8 text")]
    entries: list[Entry] = []
    problems: list[Problem] = []
    for line, row in enumerate(rows, start=1):
        said = row.partition("#")[0].strip()
        try:
            if said:
                entries.append((line, *_entry(said)))
        except BadValueError as error:
            problems.append(Problem(str(file), line, f"a line of a watchlist holds one ticker or CIK; it {error}"))
    if len(problems) > MOST_PROBLEMS:
        rest = f"and {len(problems) - MOST_PROBLEMS} more lines that hold no ticker or CIK; is this a watchlist?"
        problems = [*problems[:MOST_PROBLEMS], Problem(str(file), problems[MOST_PROBLEMS].line, rest)]
    return entries, problems


def _entry(said: str) -> tuple[str, str]:
    """A line without its comment. What follows a ticker is no remark of itself: it might be the rest of a ticker, or another."""
    if person := re.fullmatch(r"owner\s*[:\s]\s*(.*)", said, re.IGNORECASE):
        try:
            return "owner_cik", cik(person[1])
        except BadValueError:
            raise BadValueError(f"must have a CIK after owner, such as owner 0001234567 (here: {quoted(said)})") from None
    first, *rest = re.split(r"[\s,;]+", said, maxsplit=1)
    try:
        return ticker_or_cik(said)
    except BadValueError as error:
        if not rest:
            raise BadValueError(f"{error} (here: {quoted(said)})") from None
    raise BadValueError(
        f"must be a ticker such as QLYS or BRK-B, alone on its line; write {quoted(first)}, and # before a remark"
    )
