"""What somebody who had taken the watcher over would try, each without harm; run inside the sandbox of its unit, and outside.

Prints one JSON object: the name of each attempt, and "denied" with the reason, or "allowed". A call that gets as far as to dislike
its arguments was allowed.
"""

from __future__ import annotations

import ctypes
import errno
import json
import mmap
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

STATE = Path(os.environ.get("STATE_DIRECTORY", "/tmp"))  # noqa: S108 -- where it is run outside of the unit
SECRET = Path("/etc/watcher/credentials/hook.secret")
_REFUSED = {errno.EPERM, errno.EACCES, errno.EROFS, errno.ENOENT, errno.EAFNOSUPPORT}
_libc = ctypes.CDLL(None, use_errno=True)
_PIECE = (ctypes.c_size_t * 2)(4096, 1)  # an address and a length
_SYSCALLS = {
    "mount": (165, b"probe", b"/tmp", b"tmpfs", 0, 0),
    "unshare a user namespace": (272, 0x10000000),
    "unshare a mount namespace": (272, 0x00020000),
    "enter a namespace": (308, -1, 0),
    "change the root": (161, b"/"),
    "pivot the root": (155, b"/", b"/"),
    "trace process 1": (101, 0x4206, 1, 0, 0),
    "read the memory of process 1": (310, 1, _PIECE, 1, _PIECE, 1, 0),
    "bpf": (321, 99, 0, 0),
    "perf_event_open": (298, 0, 0, -1, -1, 0),
    "userfaultfd": (323, 0),
    "become root": (117, 0, 0, 0),
    "set the host's name": (170, b"probe", 5),
    "load a kernel module": (313, -1, b"", 0),
    "load another kernel": (246, 0, 0, 0, 0xFFFFFFFF),
    "restart the machine": (169, 0, 0, 0, 0),
    "switch swap off": (168, b"/"),
    "read the kernel's log": (103, 10, 0, 0),
    "list keys": (250, 0, -3, 0),
    "add a key": (248, b"user", b"probe", b"x", 1, -2),
    "another personality": (135, 0x0008),
    "real-time scheduling": (144, 0, 1, ctypes.byref(ctypes.c_int(1))),
    "signal process 1": (62, 1, 0),
    "a device node": (133, str(STATE / "node").encode(), stat.S_IFCHR | 0o600, 0x103),
    "quotas": (179, 0, 0, 0, 0),
    "open by handle": (304, -1, 0, 0),
}


def call(number: int, *arguments: object) -> None:
    ctypes.set_errno(0)
    if _libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def set_clock() -> None:
    time.clock_settime(time.CLOCK_REALTIME, time.time())


def write(path: str) -> Callable[[], object]:
    return lambda: Path(path).write_text("", "utf-8")


def read(path: str | Path) -> Callable[[], object]:
    return lambda: Path(path).read_bytes()[:1]


def open_socket(family: int, kind: int, protocol: int = 0) -> Callable[[], object]:
    return lambda: socket.socket(family, kind, protocol).close()


def bind_low() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 80))


def writable_code() -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def code_made_later() -> None:
    with mmap.mmap(-1, 4096) as page:
        address = ctypes.addressof(ctypes.c_char.from_buffer(page))
        if _libc.mprotect(ctypes.c_void_p(address), 4096, mmap.PROT_READ | mmap.PROT_EXEC):
            raise OSError(ctypes.get_errno(), "refused")


def set_user_id_file() -> None:
    path = STATE / "suid"
    path.touch()
    path.chmod(0o4755)


def run_what_was_written() -> None:
    path = STATE / "program"
    path.write_text("#!/bin/sh\n", "utf-8")
    path.chmod(0o700)
    subprocess.run([path], check=True)  # noqa: S603 -- to be refused


def see_others() -> None:
    Path("/proc/1/status").read_text("utf-8")


ATTEMPTS: dict[str, Callable[[], object]] = {
    **{
        f"write {path}": write(path)
        for path in ("/etc/probe", "/usr/probe", "/opt/probe", "/var/lib/probe", "/boot/probe", "/srv/probe")
    },
    "write the program": write("/opt/watcher/probe"),
    "write the configuration": write("/etc/watcher/probe"),
    "read the shadow file": read("/etc/shadow"),
    "read the raw secret": read(SECRET),
    "read another home": lambda: os.listdir("/root"),  # noqa: PTH208 -- the shortest that fails where it must
    "kernel settings": lambda: Path("/proc/sys/kernel/core_pattern").open("r+b").close(),
    "make a resource group": lambda: Path("/sys/fs/cgroup/probe").mkdir(),
    "the kernel's message device": read("/dev/kmsg"),
    "see process 1": see_others,
    "AF_PACKET": open_socket(socket.AF_PACKET, socket.SOCK_RAW),
    "AF_NETLINK": open_socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "a raw socket": open_socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    "bind port 80": bind_low,
    "memory to write and execute": writable_code,
    "memory made executable": code_made_later,
    "set the clock": set_clock,
    "a set-user-ID file": set_user_id_file,
    "run what was written": run_what_was_written,
    "give a file to root": lambda: os.chown(STATE, 0, 0),
    **{name: lambda arguments=arguments: call(*arguments) for name, arguments in _SYSCALLS.items()},  # type: ignore[misc]  # a lambda's default has no type
}


def attempted(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        if error.errno in _REFUSED:
            return f"denied: {errno.errorcode[error.errno or 0]}"
        return f"allowed: {error}"
    return "allowed"


def main() -> None:
    found = {name: attempted(attempt) for name, attempt in ATTEMPTS.items()}
    if folder := os.environ.get("CREDENTIALS_DIRECTORY"):
        credential = Path(folder, SECRET.name)
        found["its own credential"] = f"{stat.S_IMODE(credential.stat().st_mode):o} {len(credential.read_bytes())}"
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
