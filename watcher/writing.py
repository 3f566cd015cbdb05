"""A file written whole or not at all: made beside its place, then renamed, so that who reads it never sees half of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from watcher.core.errors import NotWritten


@contextmanager
def whole(path: Path, *, mode: int | None = None) -> Iterator[BinaryIO]:
    """A file to write into, which takes the place of `path` at the end; after an error `path` is as it was.

    `mode`: who may read it; without, as the system has it for new files (umask). Raises `NotWritten`. It is not forced to the disk.
    """
    name = ""
    try:
        if path.exists() and not path.is_file():
            raise NotWritten(f"{path} is no ordinary file, and would be replaced by one: name another one")
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        with os.fdopen(number, "wb") as file:
            yield file
        Path(name).chmod(0o666 & ~_umask() if mode is None else mode)
        Path(name).replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise NotWritten(
            f"{path} could not be written ({reason}): is its folder there, and may this user write in it?"
        ) from error
    finally:
        if name:
            Path(name).unlink(missing_ok=True)


def _umask() -> int:
    """Who reads it sets it, for all threads: so it is asked for where the system tells it, and else taken for the usual one."""
    try:
        line = next(line for line in Path("/proc/self/status").read_text("ascii").splitlines() if line.startswith("Umask:"))
        return int(line.split()[1], 8)
    except (OSError, StopIteration):
        return 0o022
