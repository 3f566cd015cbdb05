"""The systemd unit: what it must say, a reason for every line, and what systemd itself thinks of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[1] / "systemd" / "watcher.service"
LINES = UNIT.read_text(encoding="utf-8").splitlines()
SERVICE = LINES[LINES.index("[Service]") + 1 : LINES.index("[Install]")]
DIRECTIVES = [line for line in LINES if re.match(r"[A-Za-z]+=", line)]

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The unit as on a machine where the command exists: `verify` looks for it."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text(encoding="utf-8").replace("/opt/watcher/.venv/bin/watcher", sys.executable), encoding="utf-8")
    return copy


@pytest.mark.parametrize(
    "directive",
    [
        "Type=notify",
        "NotifyAccess=main",
        "WatchdogSec=8",
        "RestartSec=5",
        "Restart=always",
        "RestartPreventExitStatus=2",
        "StartLimitIntervalSec=0",
        "KillMode=mixed",
        "TimeoutStopSec=90",
        "DynamicUser=yes",
        "StateDirectory=watcher",
        "ConfigurationDirectory=watcher",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "UMask=0077",
        "LimitCORE=0",
    ],
)
def test_the_unit_says(directive: str) -> None:
    assert directive in DIRECTIVES


def test_every_directive_of_the_service_has_its_reason_above_it() -> None:
    bare = [
        line for above, line in zip(["", *SERVICE], SERVICE, strict=False) if line in DIRECTIVES and not above.startswith("# ")
    ]
    assert not bare


def test_no_directive_is_said_twice_but_the_two_halves_of_the_filter_and_of_the_reload() -> None:
    names = [line.split("=")[0] for line in DIRECTIVES]
    assert {name for name in names if names.count(name) > 1} == {"SystemCallFilter", "ExecReload"}


def test_a_reload_looks_at_the_configuration_before_the_daemon_is_told() -> None:
    assert [line for line in DIRECTIVES if line.startswith("ExecReload=")] == [
        "ExecReload=/opt/watcher/.venv/bin/watcher check --no-secrets --config %E/watcher/watcher.toml",
        """ExecReload=/bin/sh -c 'kill -HUP "$MAINPID"'""",
    ]


def test_the_unit_starts_the_command_with_the_configuration_of_etc() -> None:
    assert "ExecStart=/opt/watcher/.venv/bin/watcher run --config %E/watcher/watcher.toml" in DIRECTIVES


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_unit(installed: Path) -> None:
    # It exits 0 on a misspelt directive: only its silence says that all is well.
    said = subprocess.run(  # noqa: S603 -- systemd's own tool on our own file
        ["systemd-analyze", "verify", str(installed)],  # noqa: S607 -- wherever the system has it
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (said.returncode, said.stderr) == (0, "")


@needs_systemd
def test_systemd_rates_the_unit_at_1_1_or_better(installed: Path) -> None:
    said = subprocess.run(  # noqa: S603 -- systemd's own tool on our own file
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(installed)],  # noqa: S607 -- as above
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    exposure = re.search(r"Overall exposure level for watcher\.service: ([0-9.]+)", said.stdout)
    assert exposure, said.stderr
    assert float(exposure[1]) <= 1.1
