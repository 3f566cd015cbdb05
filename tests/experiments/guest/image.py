"""The virtual machine's memory disk: this Python, what the watcher needs of it, the watcher, and four kernel modules.

The kernel is Debian's for clouds, as it comes from the package archive; nothing is installed on this machine.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError
from importlib.metadata import distribution
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
KERNEL_PACKAGE = "linux-image-cloud-amd64"
MODULES = ("virtio_pci", "virtio_net", "virtio_blk")  # loaded in this order, each after what it depends on
_SPARED = re.compile(
    r"(^|/)(test|tests|idlelib|tkinter|turtledemo|lib2to3|ensurepip|pydoc_data|config-[^/]*|site-packages)(/|$)|\.opt-\d\.pyc$|\.a$"
)
_SYNCHRONOUS = b'"synchronous=FULL"'


class NotToBeHadError(RuntimeError):
    """This machine lacks what the guest needs; the text says what."""


def kernel(folder: Path) -> tuple[Path, list[Path]]:
    """The kernel and its modules, in the order of loading, from the package archive into `folder`. Raises `NotToBeHadError`."""
    listed = _said("apt-cache", "depends", KERNEL_PACKAGE, folder=folder)
    package = re.search(r"Depends: (linux-image-\S+)", listed)
    if package is None:
        raise NotToBeHadError(f"the package archive does not know {KERNEL_PACKAGE} (apt-get update?)")
    _said("apt-get", "download", package[1], folder=folder)
    _said("dpkg-deb", "--extract", str(next(folder.glob("linux-image-*.deb"))), "kernel", folder=folder)
    found = {path.stem.replace("-", "_"): path for path in folder.glob("kernel/lib/modules/**/*.ko")}
    return next(folder.glob("kernel/boot/vmlinuz-*")), list(dict.fromkeys(_with_needed(MODULES, found)))


def _said(*command: str, folder: Path) -> str:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 -- Debian's own tools
    except FileNotFoundError:
        raise NotToBeHadError(f"{command[0]} is not here") from None
    if done.returncode:
        raise NotToBeHadError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def _with_needed(names: Iterable[str], found: dict[str, Path]) -> Iterator[Path]:
    for name in names:
        needs = re.search(rb"\0depends=([^\0]*)", found[name].read_bytes())
        yield from _with_needed([each for each in (needs[1] if needs else b"").decode().split(",") if each], found)
        yield found[name]


def memory_disk(path: Path, modules: Sequence[Path], synchronous: str = "FULL") -> None:
    """Write the memory disk. With another `synchronous` than ours, the guest's copy of the watcher, and no other, commits so."""
    with path.open("wb") as disk:
        archive = _Archive()
        for name, source in sorted(_contents(modules)):
            content = source.read_bytes()
            if source == REPOSITORY / "watcher/store/connection.py":
                assert content.count(_SYNCHRONOUS) == 1, "a control would be no control"
                content = content.replace(_SYNCHRONOUS, f'"synchronous={synchronous}"'.encode())
            disk.write(archive.entry(name, content, executable=os.access(source, os.X_OK)))
        disk.write(archive.end())


def _contents(modules: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Each file's name in the guest, and the file."""
    stdlib, site = Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib"))
    python = Path(sys.executable).resolve()
    yield "python/bin/python3", python
    yield "init", Path(__file__).with_name("init.py")
    yield from ((f"modules/{number:02}.ko", module) for number, module in enumerate(modules))
    libraries = [python]
    for name, source in (*_files(stdlib, f"python/lib/{stdlib.name}"), *_distributions(site, "site")):
        yield name, source
        libraries += [source] if ".so" in source.suffixes else []
    yield from _files(REPOSITORY / "watcher", "site/watcher")
    yield from ((str(each).lstrip("/"), each) for each in _libraries(libraries))


def _files(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    for source in folder.rglob("*"):
        inside = source.relative_to(folder).as_posix()
        if source.is_file() and not _SPARED.search(inside):
            yield f"{name}/{inside}", source


def _distributions(site: Path, name: str) -> Iterator[tuple[str, Path]]:
    """The files of the watcher's dependencies and of theirs."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    due, taken = [_name(each) for each in project["dependencies"]], {"pip"}  # which sqlite-utils names and no command here runs
    while due:
        if (each := due.pop()) in taken:
            continue
        taken.add(each)
        try:
            found = distribution(each)
        except PackageNotFoundError:  # for other systems or other Pythons
            continue
        due += [_name(needed) for needed in found.requires or () if "extra ==" not in needed]
        for file in found.files or ():
            source = site / file
            if ".." not in file.parts and source.is_file() and not source.name.endswith(".pth"):
                yield f"{name}/{file.as_posix()}", source


def _name(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match
    return match[0].lower()


def _libraries(programs: list[Path]) -> set[Path]:
    """The shared libraries of the system that these load."""
    listed = _said("ldd", *map(str, programs), folder=Path("/"))
    return {Path(name) for name in re.findall(r"(/\S+) \(0x", listed)}


class _Archive:
    """The kernel's format of a memory disk: cpio, "newc"."""

    def __init__(self) -> None:
        self._number = 0
        self._folders: set[str] = set()

    def entry(self, name: str, content: bytes, *, executable: bool) -> bytes:
        """A file, after those of its folders that are not there yet."""
        parents = [
            str(parent) for parent in reversed(Path(name).parents) if str(parent) != "." and str(parent) not in self._folders
        ]
        self._folders.update(parents)
        folders = b"".join(self._record(parent, stat.S_IFDIR | 0o755, b"") for parent in parents)
        return folders + self._record(name, stat.S_IFREG | (0o755 if executable or name == "init" else 0o644), content)

    def end(self) -> bytes:
        return self._record("TRAILER!!!", 0, b"")

    def _record(self, name: str, mode: int, content: bytes) -> bytes:
        self._number += 1
        fields = (self._number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + "".join(f"{each:08x}" for each in fields).encode() + name.encode() + b"\0"
        return _padded(head) + _padded(content)


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 4)
