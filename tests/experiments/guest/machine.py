"""The virtual machine: booted and frozen once, thawed for each cut, and ended as a power cut ends it."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from typing import Self

from tests.experiments.guest.disk import Disk
from tests.experiments.guest.disk import Served

QEMU = "qemu-system-x86_64"
HOST = "10.0.2.2"  # what the guest calls this machine's loopback interface
MEMORY = 512  # MiB
PATIENCE = 240.0  # seconds; a boot without help by the processor takes about 20 on an idle machine
DISK_SIZE = 64  # MiB


class Machine:
    """A running virtual machine with a disk. Leaving the `with` kills it without a word, and so does `cut`."""

    def __init__(self, kernel: Path, memory_disk: Path, disk: Disk, *options: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="machine-")
        self._disk = disk
        self._served = Served(disk, self.socket("disk"))
        self._command = (
            *(QEMU, "-machine", "q35,accel=tcg", "-cpu", "max", "-m", str(MEMORY), "-nodefaults", "-no-user-config"),
            *("-display", "none", "-serial", "stdio", "-monitor", f"unix:{self.socket('monitor')},server=on,wait=off"),
            *(
                "-kernel",
                str(kernel),
                "-initrd",
                str(memory_disk),
                "-append",
                "console=ttyS0 quiet panic=-1 rootfstype=ramfs",
                "-no-reboot",
            ),
            *("-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile="),
            *("-drive", f"file=nbd:unix:{self.socket('disk')},format=raw,if=none,id=disk,cache=none"),
            *("-device", "virtio-blk-pci,drive=disk"),
            *options,
        )
        self.lines: list[str] = []

    def socket(self, name: str) -> Path:
        return Path(self._folder.name, name)

    def __enter__(self) -> Self:
        self._served.__enter__()
        self._process = subprocess.Popen(  # noqa: S603 -- the virtual machine, with options of our own
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()
        self._served.__exit__()
        self._folder.cleanup()

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))

    def _kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):  # an order that it did not live to read
                if pipe:
                    pipe.close()

    @property
    def heard(self) -> str:
        """Everything it has said."""
        return "\n".join(list(self.lines))

    def cut(self, chance: Random) -> None:
        """The power goes, and with it a part of what the disk had not been told to keep."""
        self._kill()
        self._disk.cut(chance)

    def order(self, **what: object) -> None:
        """Give the guest its order."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition; what the machine has said tells why it does not come to that."""
        ends = time.monotonic() + PATIENCE
        while not condition():
            assert self._process.poll() is None, self.heard
            assert time.monotonic() < ends, self.heard
            time.sleep(0.02)

    def hear(self, word: str) -> Any:
        """Wait for a line that begins with a word; what it says."""
        self.until(lambda: self._find(word))
        return json.loads(self._find(word).removeprefix(word))

    def _find(self, word: str) -> str:
        return next((line for line in list(self.lines) if line.startswith(word)), "")

    def freeze(self, path: Path) -> None:
        """Write the machine's state to a file, and end it."""
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(str(self.socket("monitor")))
            monitor.sendall(f'migrate "exec:cat > {path}"\nquit\n'.encode())
            self._process.wait(timeout=PATIENCE)


def empty_disk() -> Disk:
    """A disk with a file system (ext4) that is complete: the kernel has nothing left to do for it in the background."""
    with tempfile.NamedTemporaryFile(prefix="disk-") as file:
        file.truncate(DISK_SIZE * 2**20)
        lazy = "lazy_itable_init=0,lazy_journal_init=0"
        subprocess.run([_tool("mke2fs"), "-q", "-t", "ext4", "-E", lazy, file.name], check=True)  # noqa: S603 -- the system's own tool
        return Disk(Path(file.name).read_bytes())


def _tool(name: str) -> str:
    return shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin") or name


def missing() -> str | None:
    """What this machine lacks for it, in words; `None` if nothing."""
    for name in (QEMU, "apt-get", "apt-cache", "dpkg-deb", "ldd"):
        if shutil.which(name) is None:
            return f"{name} is not here"
    return None if shutil.which(_tool("mke2fs")) else "mke2fs is not here"
