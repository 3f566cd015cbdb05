"""A Debian with a booted systemd, in a container (systemd-nspawn), with the watcher installed as README.md says for a service.

The container shares the network of this machine, so that EDGAR and the receiver can be outside of it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from tests.experiments.guest.image import REPOSITORY
from tests.experiments.guest.image import NotToBeHadError

PACKAGES = "systemd,systemd-sysv,python3,python3-venv"
PATIENCE = 120.0  # seconds
_BOOTED = {"running", "degraded"}


def missing() -> str | None:
    """What this machine lacks for it, in words; `None` if nothing."""
    for name in ("systemd-nspawn", "mmdebstrap", "nsenter"):
        if shutil.which(name) is None:
            return f"{name} is not here"
    return None if os.geteuid() == 0 else "only root can boot a container"


def said(*command: str | Path, **more: str) -> str:
    """What a command says. Raises `NotToBeHadError` with its last words if it fails."""
    done = subprocess.run(  # noqa: S603 -- the system's own tools
        command, cwd=REPOSITORY, env={**os.environ, **more}, capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode:
        raise NotToBeHadError(f"{' '.join(map(str, command))}: {(done.stderr or done.stdout).strip()[-1000:]}")
    return done.stdout


def installed(root: Path) -> None:
    """A root file system with the watcher in /opt/watcher, its locked dependencies from wheels fetched beforehand."""
    said("mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", "bookworm", root)
    wheels, home = root / "wheels", root / "opt/watcher"
    version = said("chroot", root, "python3", "-c", "import platform; print(platform.python_version())").strip()
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    said(
        *(*pip, "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--python-version", version),
        *("--requirement", "requirements.lock", "--dest", wheels),
    )
    said(*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", wheels, ".")
    home.mkdir(parents=True)
    for name in ("requirements.lock", "systemd"):
        said("cp", "-r", REPOSITORY / name, home)
    said("chroot", root, "python3", "-m", "venv", "/opt/watcher/.venv")
    inside = ("chroot", root, "/opt/watcher/.venv/bin/pip", "--quiet", "install", "--no-index")
    said(*inside, "--find-links", "/wheels", "--require-hashes", "--requirement", "/opt/watcher/requirements.lock")
    said(*inside, "--no-deps", f"/wheels/{next(wheels.glob('edgar_watcher-*')).name}")


class Container:
    """A booted container. Leaving the `with` powers it off."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __enter__(self) -> Self:
        self._log = (self._root.parent / "boot.log").open("wb")
        self._process = subprocess.Popen(  # noqa: S603 -- systemd's own tool
            ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", "--directory", str(self._root)],  # noqa: S607 -- wherever the system has it
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        if not self.comes(self._is_up):
            self._end()
            raise NotToBeHadError(f"no boot: {self._said()}")
        return self

    def __exit__(self, *_: object) -> None:
        self.run("systemctl", "poweroff")
        self._end()

    def _end(self) -> None:
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def comes(self, condition: Callable[[], object]) -> bool:
        """Wait for a condition; whether it comes to that."""
        ends = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > ends or self._process.poll() is not None:
                return False
            time.sleep(0.05)
        return True

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition; what the boot said tells why it does not come to that."""
        assert self.comes(condition), self._said()

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside, as root and beside all services."""
        leader = self._leader()
        return subprocess.run(  # noqa: S603 -- commands of the experiment
            ["nsenter", "--target", leader, "--all", "--", *command],  # noqa: S607 -- wherever the system has it
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def show(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.run("systemctl", "show", "--property", name, "--value", unit).stdout.strip()

    def read(self, path: str) -> str:
        """A file inside."""
        return (self._root / path.lstrip("/")).read_text("utf-8")

    def write(self, path: str, content: str) -> None:
        """Write a file inside that anybody may read."""
        target = self._root / path.lstrip("/")
        target.write_text(content, "utf-8")
        target.chmod(0o644)

    def remove(self, path: str) -> None:
        """Remove a file inside."""
        (self._root / path.lstrip("/")).unlink()

    def _said(self) -> str:
        return (self._root.parent / "boot.log").read_text("utf-8", "replace")[-3000:]

    def _leader(self) -> str:
        """The container's process 1, as this machine counts; nothing while it has none."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return (children.read_text("utf-8").split() or [""])[0] if self._process.poll() is None else ""

    def _is_up(self) -> bool:
        return bool(self._leader()) and self.run("systemctl", "is-system-running").stdout.strip() in _BOOTED
