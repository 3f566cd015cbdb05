"""The house keeps its shape: who may import whom, who may look at a clock, and how long things may grow."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TREES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): ast.parse(path.read_bytes())
    for path in sorted((ROOT / "watcher").rglob("*.py"))
}

LONGEST_MODULE = 360
LONGEST_FUNCTION = 70

STEPS = {
    f"watcher.{step}"
    for step in ("poll", "ingest", "deliver", "baseline", "resolve", "reparse", "backfill", "reconcile", "rehearse", "digest")
}
# What the core may use: values in, values out. ZoneInfo reads the zone's file once; there is no purer Eastern time.
PURE = {
    *("__future__", "collections", "collections.abc", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools"),
    *("hashlib", "html", "itertools", "json", "lxml", "operator", "re", "string", "typing", "unicodedata", "zoneinfo"),
}
# library -> the only places that know it
DOORS = {
    "httpx": ("watcher.edgar", "watcher.deadline", "watcher.notify"),
    "httpcore": ("watcher.deadline",),
    "sqlite3": ("watcher.store",),
    "sqlite_utils": ("watcher.store",),
    "apprise": ("watcher.notify",),
    "requests": ("watcher.notify",),
    "apscheduler": ("watcher.jobs",),
    "watcher.demo": ("watcher.demo", "watcher.cli.demo"),
}
# Who asks for the time of day: what a command begins with, the scheduler, and the demo, which winds a clock of its own by it.
CLOCKS = {"watcher.cli.common", "watcher.jobs", "watcher.demo.story"}


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module named by an import, wherever it stands; `from a import b` names a.b if that is a module of ours."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            source = node.module or ""
            yield from (f"{source}.{alias.name}" if f"{source}.{alias.name}" in TREES else source for alias in node.names)


def within(module: str, *places: str) -> bool:
    """Whether a module is one of the places, or lies in one."""
    return any(module == place or module.startswith(f"{place}.") for place in places)


ARROWS = {module: set(imports(tree)) for module, tree in TREES.items()}
CORE = sorted(module for module in TREES if within(module, "watcher.core"))


def test_the_fence_sees_the_house() -> None:
    assert {"watcher.poll", "watcher.ingest", "watcher.deliver"} <= STEPS & TREES.keys()
    assert "watcher.judgement" in ARROWS["watcher.ingest"]
    assert "watcher.demo.replies" in ARROWS["watcher.demo.edgar"]


def test_the_core_imports_pure_things_only() -> None:
    wrong = [(module, target) for module in CORE for target in ARROWS[module] if not within(target, "watcher.core", *PURE)]
    assert not wrong


def test_the_core_opens_nothing_and_prints_nothing() -> None:
    calls = [
        (module, node.func.id, node.lineno)
        for module in CORE
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    assert not [call for call in calls if call[1] in {"open", "print", "input", "exec", "eval", "__import__"}]


def test_no_step_imports_another() -> None:
    assert not [(step, target) for step in STEPS & TREES.keys() for target in ARROWS[step] if within(target, *STEPS)]


@pytest.mark.parametrize("library", DOORS)
def test_a_library_stays_behind_its_door(library: str) -> None:
    outside = [module for module, targets in ARROWS.items() if any(within(target, library) for target in targets)]
    assert not [module for module in outside if not within(module, *DOORS[library])]


def test_every_door_is_used() -> None:
    used = {library for library in DOORS for targets in ARROWS.values() if any(within(target, library) for target in targets)}
    assert used == DOORS.keys()


def test_whoever_needs_the_time_of_day_is_told_it() -> None:
    asking = {
        module
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr)
        in {
            *(("datetime", name) for name in ("now", "utcnow", "today")),
            *(("time", name) for name in ("time", "time_ns", "localtime", "gmtime", "ctime", "strftime")),
            ("date", "today"),
        }
    }
    assert asking == CLOCKS


def test_no_module_imports_itself_in_a_circle() -> None:
    ours = {module: {target for target in targets if target in TREES} for module, targets in ARROWS.items()}
    try:
        TopologicalSorter(ours).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


def test_no_module_is_longer_than_one_concern() -> None:
    lengths = {path: len(path.read_bytes().splitlines()) for path in (ROOT / "watcher").rglob("*.py")}
    assert not {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > LONGEST_MODULE}


def test_no_function_is_longer_than_a_screen() -> None:
    lengths = {
        f"{module}.{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert not {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION}
