"""A disk that forgets: what was written since its last flush is in its cache, and a power cut loses any part of that.

It is served to the virtual machine by the protocol of network block devices (NBD) on a socket of this machine; killing the machine
alone would cut nothing but the guest's memory, since what it had handed over stays with the host.
"""

from __future__ import annotations

import socketserver
import struct
import threading
from pathlib import Path
from random import Random
from typing import Self

BLOCK = 4096  # bytes; what a disk writes whole or not at all
_MAGIC, _OPTION, _REPLY = 0x4E42444D41474943, 0x49484156454F5054, 0x3E889045565A9
_GO, _ACKNOWLEDGED, _INFORMATION, _UNSUPPORTED = 7, 1, 3, 0x80000001
_READ, _WRITE, _END, _FLUSH = range(4)
_FORCED = 1  # a write that is to be on the disk before it is answered
_TRANSMISSION = 0b1101  # "I have flags, I can flush, I know forced writes"


class Disk:
    """The content, and what of it is only in the cache."""

    def __init__(self, content: bytes) -> None:
        self._content = bytearray(content)
        self._kept: dict[int, bytes] = {}  # number of a block that was written since the flush, to what it was before
        self.lock = threading.Lock()
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._content)

    def read(self, at: int, length: int) -> bytes:
        with self.lock:
            return bytes(self._content[at : at + length])

    def write(self, at: int, content: bytes, *, forced: bool = False) -> None:
        """Into the cache; `forced` onto the disk itself, whose blocks written before then are on it too."""
        with self.lock:
            for block in range(at // BLOCK, (at + len(content) - 1) // BLOCK + 1):
                if forced:
                    self._kept.pop(block, None)
                elif block not in self._kept:
                    self._kept[block] = bytes(self._content[block * BLOCK : (block + 1) * BLOCK])
            self._content[at : at + len(content)] = content

    def flush(self) -> None:
        """Everything answered so far is on the disk."""
        with self.lock:
            self._kept.clear()

    def cut(self, chance: Random) -> None:
        """The power goes: of the blocks in the cache, those that chance wants are as they were before."""
        with self.lock:
            lost = [block for block in self._kept if chance.random() < 0.5]
            for block in lost:
                self._content[block * BLOCK : (block + 1) * BLOCK] = self._kept[block]
            self.forgotten += len(lost)
            self._kept.clear()


class Served(socketserver.ThreadingUnixStreamServer):
    """A disk on a socket, for as long as the `with` lasts."""

    daemon_threads = True

    def __init__(self, disk: Disk, path: Path) -> None:
        super().__init__(str(path), _Conversation)
        self.disk = disk
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Conversation(socketserver.StreamRequestHandler):
    server: Served

    def handle(self) -> None:
        try:
            self._agree()
            while self._serve():
                continue
        except (ConnectionError, EOFError):  # the machine was killed: that is what it is for
            return

    def _agree(self) -> None:
        self._say(struct.pack(">QQH", _MAGIC, _OPTION, 0b11))  # fixed newstyle, no padding
        self._take(">I")
        while True:
            _, option, length = self._take(">QII")
            self._read(length)
            if option == _GO:
                information = struct.pack(">HQH", 0, len(self.server.disk), _TRANSMISSION)
                self._say(struct.pack(">QIII", _REPLY, option, _INFORMATION, len(information)) + information)
                self._say(struct.pack(">QIII", _REPLY, option, _ACKNOWLEDGED, 0))
                return
            self._say(struct.pack(">QIII", _REPLY, option, _UNSUPPORTED, 0))

    def _serve(self) -> bool:
        _, flags, kind, handle, at, length = self._take(">IHHQQI")
        content = b""
        if kind == _READ:
            content = self.server.disk.read(at, length)
        elif kind == _WRITE:
            self.server.disk.write(at, self._read(length), forced=bool(flags & _FORCED))
        elif kind == _FLUSH:
            self.server.disk.flush()
        elif kind == _END:
            return False
        self._say(struct.pack(">IIQ", 0x67446698, 0, handle) + content)
        return True

    def _take(self, form: str) -> tuple[int, ...]:
        return struct.unpack(form, self._read(struct.calcsize(form)))

    def _read(self, length: int) -> bytes:
        content = self.rfile.read(length)
        if len(content) != length:
            raise EOFError
        return content

    def _say(self, content: bytes) -> None:
        self.wfile.write(content)
        self.wfile.flush()
