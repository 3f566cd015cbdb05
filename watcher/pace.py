"""The SEC's speed limit, kept by every process that shares a store, and its block, remembered over restarts.

One small file beside the store, under `flock`: the times of the latest requests on the monotonic clock, which all processes of
a machine share, and until when the SEC has shut us out. Source: sec.gov, "Internet Security Policy": at most 10 requests a
second whatever the number of machines; a block lasts ten minutes and is extended by asking during it.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path

from watcher.core.errors import Blocked
from watcher.core.errors import StoreError

# At most 8 are to reach the SEC in any second. Requests take different times on their way to the server that counts them, so one is
# kept in hand, and the second is a little longer.
PER_SECOND = 7
WINDOW = 1.15
# What reads the past leaves room for what is new.
BACKGROUND_PER_SECOND = 4
BLOCK = timedelta(minutes=10)
LONGEST = timedelta(hours=1)  # no pause is kept for longer, whatever was asked
# When a pause is over, one asks at a time for a while: whether the SEC still refuses is known before the others ask too.
PROBATION = 120.0  # seconds
SKEW = 60.0  # seconds a clock may be set back without a pause being forgotten

_FORMAT = struct.Struct(f"<{PER_SECOND}ddd")


def pace_path(store: Path) -> Path:
    """The pace file of all who share a store."""
    return store.with_name(store.name + ".pace")


class Pace:
    """Grants requests to the SEC one by one. Safe between threads and processes."""

    def __init__(self, path: Path, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.path = path
        self._sleep = sleep

    def wait(self, now: Callable[[], datetime], *, background: bool = False) -> None:
        """Return when one request may be made. Raises `Blocked` at once while a block lasts."""
        limit = BACKGROUND_PER_SECOND if background else PER_SECOND
        while True:
            with self._record() as record:
                _refuse_if_blocked(record, now())
                most = 1 if record.just_over(now()) else limit
                clock = time.monotonic()
                # A time ahead of the clock is from before a reboot.
                recent = sorted(grant for grant in record.grants if clock - WINDOW < grant <= clock)
                if len(recent) < most:
                    record.grants = [*recent, clock]
                    return
                pause = recent[-most] + WINDOW - clock
            self._sleep(max(pause, 0.001))

    def block(self, now: datetime, pause: timedelta = BLOCK) -> datetime:
        """Note that the SEC has shut us out, or asked for a pause; nobody asks while it lasts. Returns until when."""
        with self._record() as record:
            until = max(record.blocked(now) or now, now + min(pause, LONGEST))
            record.blocked_at, record.blocked_until = now.timestamp(), until.timestamp()
        return until

    def blocked_until(self, now: datetime) -> datetime | None:
        """Until when a block lasts, or `None`."""
        with self._record() as record:
            return record.blocked(now)

    @contextmanager
    def _record(self) -> Iterator[_Record]:
        try:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                record = _Record(os.pread(file, _FORMAT.size, 0))
                yield record
                os.pwrite(file, record.packed(), 0)
            finally:
                os.close(file)
        except OSError as error:
            raise StoreError(
                f"{self.path} cannot be used ({error.strerror}): check the owner and mode of its folder, and the space on its disk"
            ) from error


def _refuse_if_blocked(record: _Record, now: datetime) -> None:
    until = record.blocked(now)
    if until is not None:
        raise Blocked(f"the SEC has limited this address; nothing is asked before {until:%H:%M:%S} UTC", until=until)


class _Record:
    """The file's content; one short write, so that no reader ever sees half of it."""

    def __init__(self, content: bytes) -> None:
        values = _FORMAT.unpack(content) if len(content) == _FORMAT.size else (0.0,) * (PER_SECOND + 2)
        self.grants: list[float] = list(values[:PER_SECOND])
        self.blocked_at: float = values[PER_SECOND]
        self.blocked_until: float = values[PER_SECOND + 1]

    def blocked(self, now: datetime) -> datetime | None:
        """Until when a block lasts, or `None`. One noted in the future is from before the clock went back, and is over."""
        began, ends = self.blocked_at, self.blocked_until
        lasts = ends - began <= LONGEST.total_seconds() and began - SKEW <= now.timestamp() < ends
        return datetime.fromtimestamp(ends, UTC) if lasts else None

    def just_over(self, now: datetime) -> bool:
        """Whether a block ended a moment ago."""
        return 0 <= now.timestamp() - self.blocked_until < PROBATION

    def packed(self) -> bytes:
        """The bytes to write."""
        latest = sorted(self.grants)[-PER_SECOND:]
        return _FORMAT.pack(*([0.0] * (PER_SECOND - len(latest))), *latest, self.blocked_at, self.blocked_until)
