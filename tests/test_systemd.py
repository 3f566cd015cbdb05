"""Telling systemd how we are."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from contextlib import suppress
from pathlib import Path

import pytest

from watcher.systemd import Notifier
from watcher.systemd import Watchdog


@pytest.fixture
def channel() -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as channel:
        channel.settimeout(10)
        yield channel


def test_lines_go_in_one_datagram(channel: socket.socket, tmp_path: Path) -> None:
    channel.bind(str(tmp_path / "notify"))
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})("READY=1", "STATUS=watching")
    assert channel.recv(4096) == b"READY=1\nSTATUS=watching"


def test_an_address_that_begins_with_an_at_sign_is_abstract(channel: socket.socket, tmp_path: Path) -> None:
    channel.bind(f"\0{tmp_path}")
    Notifier({"NOTIFY_SOCKET": f"@{tmp_path}"})("WATCHDOG=1")
    assert channel.recv(4096) == b"WATCHDOG=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "/nowhere/notify"}])
def test_without_systemd_nothing_happens(environ: dict[str, str]) -> None:
    Notifier(environ)("READY=1")


def test_a_socket_that_nobody_empties_keeps_nobody_from_going_on(channel: socket.socket, tmp_path: Path) -> None:
    channel.bind(str(tmp_path / "notify"))
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as other, suppress(BlockingIOError):
        other.setblocking(False)
        while True:
            other.sendto(b"x", str(tmp_path / "notify"))
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})("WATCHDOG=1")


def test_the_watchdog_is_fed_until_signs_of_life_stay_away_too_long(channel: socket.socket, tmp_path: Path) -> None:
    channel.bind(str(tmp_path / "notify"))
    channel.settimeout(0.1)
    watchdog = Watchdog(Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")}))
    watchdog.sign(1000.0)
    watchdog.feed(125.0, 1124.0)
    assert channel.recv(4096) == b"WATCHDOG=1"
    watchdog.feed(125.0, 1125.0)
    with pytest.raises(TimeoutError):
        channel.recv(4096)
    watchdog.feed(180.0, 1125.0)
    assert channel.recv(4096) == b"WATCHDOG=1"
