"""Watchlist files: one ticker or CIK a line, `#` begins a comment."""

from __future__ import annotations

import glob
from pathlib import Path

from watcher.config_values import BadValueError
from watcher.config_values import text
from watcher.config_values import ticker_or_cik
from watcher.core.errors import Problem

Entry = tuple[int, str, str]  # line, "ticker" or "cik", its normalised value


def files_matching(pattern: object, folder: Path) -> list[Path]:
    """The files a glob pattern names, relative to `folder`, sorted. Raises `BadValueError` if there is none."""
    absolute = Path(glob.escape(str(folder))) / text(pattern)
    # glob, because Path.glob refuses an absolute pattern
    names = sorted(glob.glob(str(absolute)))  # noqa: PTH207 -- the pattern is relative to a folder and may be absolute
    found = [path for path in map(Path, names) if path.is_file()]
    if not found:
        raise BadValueError("must match a file, relative to the folder of the configuration; this matches none")
    return found


def read_watchlist(file: Path) -> tuple[list[Entry], list[Problem]]:
    """What one watchlist asks for, and its bad lines."""
    try:
        rows = file.read_bytes().decode("utf-8-sig").split("\n")
    except OSError as error:
        return [], [Problem(str(file), 1, f"cannot be read: {error.strerror}")]
    except UnicodeDecodeError:
        return [], [Problem(str(file), 1, "is not UTF-8 text")]
    entries: list[Entry] = []
    problems: list[Problem] = []
    for line, row in enumerate(rows, start=1):
        word = row.split("#")[0].strip()
        try:
            if word:
                entries.append((line, *ticker_or_cik(word)))
        except BadValueError as error:
            problems.append(Problem(str(file), line, f"a line of a watchlist holds one ticker or CIK; it {error}"))
    return entries, problems
