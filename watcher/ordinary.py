"""Ordinary files, read whole. A pipe, a device or a file without end in the place of one is refused: it might be waited for for ever."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

LARGEST = 4_000_000  # bytes; no hand writes as much


def content(path: Path) -> bytes:
    """The bytes of a file. Raises `OSError` (`strerror` says why) also for what is no file, and for one larger than `LARGEST`."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError:
        raise FileNotFoundError(errno.ENOENT, "its name holds a null character") from None
    with os.fdopen(opened, "rb") as file:
        status = os.fstat(opened)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no ordinary file")
        found = file.read(LARGEST + 1)
    if len(found) > LARGEST:
        raise OSError(errno.EFBIG, f"it is larger than {LARGEST:,} bytes")
    return found
