"""What in a configuration works, but hardly as it is meant: a rule that nobody uses, a secret where it may be read. Warnings only."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping

from watcher.config_rules import Rule
from watcher.config_values import quoted
from watcher.config_watches import Watch
from watcher.toml_lines import Place
from watcher.toml_tables import Tables


def advise(
    tables: Tables, watches: Iterable[Watch], rules: Mapping[str, Rule], destinations: Iterable[str], told: Collection[str]
) -> None:
    """Note at its line what is odd about a configuration that was read as far as it could be; `told` are told otherwise than by rules."""
    _secrets(tables)
    if tables.problems:  # what has one may be the very thing that uses another
        return
    taken = {name.partition("@")[0] for watch in watches for name in watch.rules}
    for name in rules:
        if "@" not in name and name not in taken:
            tables.odd(
                ("rules", name), f'no watch takes rule {quoted(name)}; add rules = ["{name}"] to a [[watch]] or [[watchlist]]'
            )
    named = {*told, *(to for rule in rules.values() for to in rule.notify)}
    for name in destinations:
        if name not in named:
            tables.odd(("destinations", name), f"no rule tells destination {quoted(name)}; add it to the notify of a rule")
    if str(tables.document["edgar"]["contact"]).casefold().strip().endswith(("@example.com", "@example.org")):
        tables.odd(("edgar", "contact"), "this is an example's address: the SEC may turn away who does not give their own")


def _secrets(tables: Tables) -> None:
    named = tables.document.get("destinations")
    found: list[Place] = [
        ("destinations", name, "url")
        for name, raw in (named.items() if isinstance(named, dict) else ())
        if isinstance(raw, dict) and isinstance(raw.get("url"), str)
    ]
    vigil = tables.document.get("vigil")
    if isinstance(vigil, dict) and isinstance(vigil.get("ping_url"), str):
        found.append(("vigil", "ping_url"))
    for place in found:
        key = place[-1]
        where = f'"{place[1]}.url"' if key == "url" else '"ping.url"'
        tables.odd(
            place, f"this is a secret in the open; keep it in a file that only you can read, and write {key}_file = {where} here"
        )
