#!/python/bin/python3 -B
"""The first and only process of the virtual machine: makes it ready, waits for orders, looks at the store, runs the watcher.

    modules, network, imports -> [the machine is frozen here, and thawed for each cut] -> order -> disk -> report -> watcher

Orders come and what is said goes over the serial line.
"""

from __future__ import annotations

import ctypes
import fcntl
import importlib
import json
import os
import random
import select
import socket
import sqlite3
import struct
import sys
import time
from contextlib import closing
from pathlib import Path

SITE = "/site"
DISK, MOUNTED = "/dev/vda", "/disk"
STORE = Path(MOUNTED, "watcher.db")
_FINIT_MODULE = 313
_libc = ctypes.CDLL(None, use_errno=True)


def _checked(status: int, what: str) -> None:
    if status:
        raise OSError(ctypes.get_errno(), what)


def mount(source: str, target: str, kind: str) -> None:
    Path(target).mkdir(exist_ok=True)
    _checked(_libc.mount(source.encode(), target.encode(), kind.encode(), 0, None), f"mount {target}")


def load(module: Path) -> None:
    with module.open("rb") as opened:
        _checked(_libc.syscall(_FINIT_MODULE, opened.fileno(), b"", 0), f"load {module}")


def connect(interface: str, address: str | None) -> None:
    """Give an interface its address and switch it on."""
    with socket.socket() as any_socket:
        name = interface.encode().ljust(16, b"\0")
        for request, value in ((0x8916, address), (0x891C, "255.255.255.0")):
            if address is not None and value is not None:
                fcntl.ioctl(any_socket, request, name + struct.pack("<HH4s8x", socket.AF_INET, 0, socket.inet_aton(value)))
        fcntl.ioctl(any_socket, 0x8914, name + struct.pack("<H14x", 0x41))


def say(kind: str, what: object) -> None:
    sys.stdout.write(f"{kind} {json.dumps(what)}\n")
    sys.stdout.flush()


def found() -> dict[str, object]:
    """What the store holds, read without changing it."""
    if not STORE.exists():
        return {"integrity": "none"}
    try:
        with closing(sqlite3.connect(f"file:{STORE}?mode=ro", uri=True)) as store:
            return {
                "integrity": store.execute("PRAGMA integrity_check").fetchone()[0],
                "filings": dict(store.execute("SELECT accession_number, state FROM filing").fetchall()),
                "owed": dict(store.execute("SELECT event_id, state FROM owed").fetchall()),
            }
    except sqlite3.Error as error:
        return {"integrity": repr(error)}


def ready() -> None:
    """Everything that is the same each time."""
    for name, kind in (("proc", "proc"), ("sys", "sysfs"), ("dev", "devtmpfs"), ("tmp", "tmpfs")):
        mount(name, f"/{name}", kind)
    for module in sorted(Path("/modules").iterdir())[:-1]:
        load(module)
    connect("lo", "127.0.0.1")
    connect("eth0", "10.0.2.15")
    sys.path.insert(0, SITE)
    for name in ("watcher.cli", "watcher.cli.run", "watcher.notify.machines", "watcher.core.reading"):
        importlib.import_module(name)


def main() -> None:
    ready()
    while not select.select([sys.stdin], [], [], 0.2)[0]:
        say("READY", os.uname().release)  # again and again, since what is said to a frozen machine is lost
    order = json.loads(sys.stdin.readline())
    time.clock_settime(time.CLOCK_REALTIME, order["now"])
    random.seed(order["now"])
    load(max(Path("/modules").iterdir()))  # the disk is seen only now, so that nothing of it can be remembered from before
    mount(DISK, MOUNTED, "ext4")
    say("FOUND", found())
    config = Path("/watcher.toml")
    config.write_text(order["config"], "utf-8")
    os.environ["HOOK_SECRET"] = order["secret"]
    sys.argv = ["watcher", "run", "--config", str(config)]
    importlib.import_module("watcher.cli").main()


if __name__ == "__main__":
    main()
