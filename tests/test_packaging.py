"""What a clone brings: locks that hold, a Makefile that says what is missing, a package with everything in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = [Requirement(each) for each in PROJECT["project"]["dependencies"]]
DEVELOPMENT = [Requirement(each) for each in PROJECT["project"]["optional-dependencies"]["dev"]]
BUILD = [Requirement(each) for each in PROJECT["build-system"]["requires"]]
LOCKS = ("requirements.lock", "requirements-dev.lock")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")

Entry = tuple[Requirement, list[str]]


def entries(lock: str) -> list[Entry]:
    """Each requirement of a lock, with its hashes."""
    logical = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    return [(Requirement(line.split("--hash=")[0]), line.split("--hash=")[1:]) for line in logical]


def locked(lock: str, python: str = "3.11") -> dict[str, Version]:
    """What a lock installs on Linux under a version of Python."""
    place = {"python_version": python, "python_full_version": f"{python}.9", "sys_platform": "linux"}
    pins = [pin for pin, _ in entries(lock) if pin.marker is None or pin.marker.evaluate(place)]
    return {canonicalize_name(pin.name): Version(str(pin.specifier).removeprefix("==")) for pin in pins}


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command's end, whatever it is."""
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 -- our own files


# --- locks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(("lock", "wanted"), [(LOCKS[0], RUNTIME), (LOCKS[1], RUNTIME + DEVELOPMENT + BUILD)])
def test_a_lock_holds_every_direct_dependency_within_its_bounds(lock: str, wanted: list[Requirement], python: str) -> None:
    pins = locked(lock, python)
    assert not [str(each) for each in wanted if pins.get(canonicalize_name(each.name), Version("0")) not in each.specifier]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_an_lxml_that_opens_no_files_for_entities(lock: str) -> None:
    assert locked(lock)["lxml"] >= Version("6.1.3")


@pytest.mark.parametrize("python", PYTHONS)
def test_what_runs_is_what_was_tested(python: str) -> None:
    assert locked(LOCKS[0], python).items() <= locked(LOCKS[1], python).items()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_of_a_lock_is_one_version_with_its_hashes(lock: str) -> None:
    loose = [
        str(pin)
        for pin, hashes in entries(lock)
        if not re.fullmatch(r"==[^*,]+", str(pin.specifier))
        or not hashes
        or not all(re.fullmatch(r"sha256:[0-9a-f]{64}\s*", one) for one in hashes)
    ]
    assert not loose


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address_and_no_option(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.findall(r"://|^\s*-(?!-hash=).*| @ ", text, re.MULTILINE)


# --- make -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """As much of a clone as `make .venv` looks at before it installs anything."""
    for name in ("Makefile", "pyproject.toml", LOCKS[1]):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def stub(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_make_says_that_the_python_is_too_old(clone: Path) -> None:
    old = stub(clone / "python3.9", "exit 1")
    ended = run("make", ".venv", f"PYTHON={old}", cwd=clone)
    assert ended.returncode == 2
    assert "Python 3.11 or newer is needed" in ended.stderr
    assert not (clone / ".venv").exists()


def test_make_says_that_venv_is_missing(clone: Path) -> None:
    bare = stub(clone / "python3", 'case "$2" in *ensurepip*) exit 1;; esac')
    ended = run("make", ".venv", f"PYTHON={bare}", cwd=clone)
    assert ended.returncode == 2
    assert "apt install python3-venv" in ended.stderr


def test_a_broken_installation_is_begun_anew(clone: Path) -> None:
    failing = stub(clone / "python3", 'case "$2" in venv) mkdir -p .venv/bin; ln -sf /bin/false .venv/bin/pip;; esac')
    assert run("make", ".venv", f"PYTHON={failing}", cwd=clone).returncode == 2
    assert (clone / ".venv" / "bin").is_dir()
    assert not (clone / ".venv" / "made").exists()


def test_make_install_touches_nothing_from_elsewhere_than_opt(clone: Path, tmp_path: Path) -> None:
    etc, units = tmp_path / "etc", tmp_path / "units"
    ended = run("make", "-o", ".venv", "install", f"ETC={etc}", f"UNITS={units}", cwd=clone)
    assert ended.returncode == 2
    assert ("clone there" if os.geteuid() == 0 else "is for root") in ended.stderr
    assert not etc.exists()
    assert not units.exists()


def test_make_alone_lists_every_target() -> None:
    listed = {line.split()[0] for line in run("make", "--no-print-directory", cwd=ROOT).stdout.splitlines()}
    phony = re.search(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert phony
    assert listed | {".venv"} == set(phony[1].split())


def test_ci_runs_what_everybody_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").splitlines()[-1] == "make test"


# --- the package ------------------------------------------------------------------------------------------------------


def test_the_wheel_holds_every_file_of_the_watcher(tmp_path: Path) -> None:
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path), cwd=ROOT)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("watcher/")}
    there = {path for path in (ROOT / "watcher").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert packed == {path.relative_to(ROOT).as_posix() for path in there}


def project_files() -> Iterator[Path]:
    """What is kept under version control, as far as its folders say."""
    for pattern in ("*.md", "*.toml", "requirements*.lock", "Makefile", "LICENSE", ".gitignore", ".ci/*"):
        yield from ROOT.glob(pattern)
    yield from ROOT.glob("config/**/*example*")  # what else is there is the user's own
    for folder in ("watcher", "tests", "bench", "systemd", "docs"):
        yield from (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def test_nothing_names_the_machine_it_was_written_on() -> None:
    # Bracketed letters, so that this line does not find itself.
    foreign = re.compile(
        rb"/wor[k]\b|/tm[p]/|[.]librar[y]\b|pyp[i][.]org|pythonhoste[d][.]org|npmj[s][.]|debia[n][.]org|/ro[o]t/"
    )
    named = [
        (path.relative_to(ROOT).as_posix(), found[0]) for path in project_files() if (found := foreign.search(path.read_bytes()))
    ]
    assert not named
