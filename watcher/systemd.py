"""Telling systemd how we are (sd_notify(3)): a datagram to the socket it names. Without systemd every call does nothing."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping


class Notifier:
    """Says READY, STOPPING, WATCHDOG and STATUS to systemd."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def __call__(self, *lines: str) -> None:
        """Send assignments such as `READY=1`; a socket that is unreachable, or that nobody empties, is nobody's loss."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.settimeout(1.0)  # the main thread must not hang with whoever should read this
            try:
                channel.connect(self._address)  # without, the wait for room would not be a wait: it would spin
                channel.send("\n".join(lines).encode())
            except OSError:
                return


class Watchdog:
    """Feeds systemd's watchdog, as long as what is to be watched gives signs of life. Times are monotonic, in seconds."""

    def __init__(self, systemd: Notifier) -> None:
        self._systemd = systemd
        self._sign = time.monotonic()

    def sign(self, clock: float) -> None:
        """A sign of life, from whatever thread."""
        self._sign = clock

    def feed(self, patience: float, clock: float) -> None:
        """Said by the main thread about each second, so that its own hang is noticed soon; in vain once no sign came for `patience`."""
        if clock - self._sign < patience:
            self._systemd("WATCHDOG=1")
