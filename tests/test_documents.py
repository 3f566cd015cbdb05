"""What docs/ says of the configuration: every key, its default, and the recipes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.test_config_schema import TOLD
from tests.test_config_schema import tables
from tests.test_readme import blocks
from watcher.config import load
from watcher.expected_files import ENTRY_KEYS

DOCS = Path(__file__).parents[1] / "docs"
REFERENCE = (DOCS / "configuration.md").read_text(encoding="utf-8")
COOKBOOK = (DOCS / "rules.md").read_text(encoding="utf-8")
NOT_A_DEFAULT = "-"
WHOLE = """
[edgar]
contact = "Jane Roe jane.roe@example.com"
[destinations.NAME]
url = "json://127.0.0.1"
quiet = ["22:00-07:00"]
[rules.NAME]
notify = ["NAME"]
[[watch]]
ticker = "EXMP"
rules = ["NAME"]
"""
BASE = """
[edgar]
contact = "Jane Roe jane.roe@example.com"
[destinations.desk]
terminal = true
[destinations.mail]
terminal = true
[destinations.machine]
webhook = "https://example.com/hook"
secret_env = "HOOK_SECRET"
"""


def told(section: str) -> dict[str, str]:
    """The keys of a section of the reference, with the defaults it gives."""
    return dict(re.findall(r"^\| `(\w+)` \| `?(.*?)`? \|", section, re.MULTILINE))


SECTIONS = {
    match[1]: told(match[2])
    for match in re.finditer(r"^## (?:[^\n]*: )?(\[.*?\]+|At the top)\n(.*?)(?=^## |\Z)", REFERENCE, re.MULTILINE | re.DOTALL)
}


def test_every_table_of_the_schema_has_its_section_and_none_besides() -> None:
    known = {name.replace(".a]", ".NAME]") for name in tables()}
    assert set(SECTIONS) == known | {"[[expected]]", "At the top"}


@pytest.mark.parametrize("name", tables())
def test_the_reference_names_every_key_of_a_table(name: str) -> None:
    assert set(SECTIONS[name.replace(".a]", ".NAME]")]) == set(tables()[name]["properties"])


def test_the_reference_names_every_key_of_a_register_and_of_the_top() -> None:
    assert set(SECTIONS["[[expected]]"]) == set(ENTRY_KEYS)
    several = {re.sub(r"[\[\]]|\.a\]", "", name) for name in tables()}
    assert set(SECTIONS["At the top"]) == set(TOLD["properties"]) - several


def test_a_default_that_is_written_out_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "watcher.toml"
    path.write_text(WHOLE, encoding="utf-8")
    silent = load(path, {})
    whole = WHOLE
    for name in ("[edgar]", "[store]", "[vigil]", "[care]", "[destinations.NAME]", "[rules.NAME]"):
        said = "".join(f"{key} = {value}\n" for key, value in SECTIONS[name].items() if value != NOT_A_DEFAULT)
        assert said or name == "[care]"
        whole = whole.replace(f"{name}\n", f"{name}\n{said}") if name in whole else f"{name}\n{said}{whole}"
    path.write_text(whole, encoding="utf-8")
    spoken = load(path, {})
    for part in ("edgar", "store", "vigil", "care", "destinations", "rules"):
        assert getattr(spoken, part) == getattr(silent, part)


@pytest.mark.parametrize("recipe", blocks("toml", COOKBOOK))
def test_a_recipe_is_read(recipe: str, tmp_path: Path) -> None:
    (register,) = blocks("toml register", COOKBOOK)
    (tmp_path / "expected.toml").write_text(register, encoding="utf-8")
    shown = tomllib.loads(recipe)
    rest = "" if "default" in shown.get("rules", {}) else '[rules.default]\nnotify = ["desk"]\n'
    if "watch" not in shown:
        rules = ", ".join(f'"{name}"' for name in shown["rules"])
        rest += f'[[watch]]\nticker = "EXMP"\nrules = [{rules}]\n'
    path = tmp_path / "watcher.toml"
    path.write_text(BASE + rest + recipe, encoding="utf-8")
    config = load(path, {"HOOK_SECRET": "not a secret"})
    assert set(shown.get("rules", {})) <= set(config.rules)
