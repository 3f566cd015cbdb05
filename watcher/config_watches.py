"""Who is watched: tables [[watch]], the files of `watchlists`, and groups of files [[watchlist]] with their own rules and destinations."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from watcher.config_rules import Rule
from watcher.config_values import cik
from watcher.config_values import one_of
from watcher.config_values import ticker
from watcher.core.errors import Problem
from watcher.toml_lines import Place
from watcher.toml_tables import Each
from watcher.toml_tables import Known
from watcher.toml_tables import Tables
from watcher.watchlists import files_matching
from watcher.watchlists import read_watchlist

DEFAULT_RULE = "default"
WATCHED = ("ticker", "cik", "owner_cik")
GROUP_KEYS = ("files", "rules", "notify")


@dataclass(frozen=True, slots=True)
class Watch:
    """One line of the watch list: an issuer by ticker or CIK, or a reporting owner by CIK; with the names of its rules.

    Exactly one of `ticker`, `cik`, `owner_cik` is set; CIKs are ten digits, tickers as in the SEC's file (BRK-B).
    `file` and `line` say where it was written.
    """

    rules: tuple[str, ...]
    ticker: str | None = None
    cik: str | None = None
    owner_cik: str | None = None
    file: str = ""
    line: int = 0

    @property
    def subject(self) -> str:
        """Whom it names, as it is written in a watchlist."""
        return self.ticker or self.cik or f"owner {self.owner_cik}"


class WatchReader:
    """Reads all watches. `rules` is added to: where a group names destinations of its own, its rules are there again with these."""

    def __init__(self, tables: Tables, rules: dict[str, Rule], destinations: Collection[str]) -> None:
        self.tables = tables
        self.rules = rules
        self.known = tuple(rules)
        self.destinations = destinations
        self.lists: dict[Path, tuple[list[tuple[int, str, str]], list[Problem]]] = {}

    def watches(self, document: dict[str, Any]) -> tuple[Watch, ...]:
        """Every watch, in the order of [[watch]], `watchlists`, [[watchlist]]."""
        already = len(self.tables.problems)
        single = [made for place, raw in self._tables("watch", document) if (made := self._watch(place, raw))]
        groups = [list(self._group(place, raw)) for place, raw in self._tables("watchlist", document)]
        files = self._files(("watchlists",), document["watchlists"]) if "watchlists" in document else ()
        grouped = {watch.file for group in groups for watch in group}
        listed = self._listed((file for file in files if str(file) not in grouped), (DEFAULT_RULE,))
        found = [*single, *listed]
        for each in (found, *groups):
            self._refuse_repeated(each)
        found += (watch for group in groups for watch in group)
        if not found and len(self.tables.problems) == already:
            self.tables.wrong(("watchlists",), 'nothing is watched: add [[watch]] with ticker = "...", or fill a watchlist')
        takers = [watch for watch in found if DEFAULT_RULE in watch.rules and DEFAULT_RULE not in self.rules]
        for watch in takers[:1]:
            self.tables.problems.append(Problem(watch.file, watch.line, "takes [rules.default], which is missing"))
        return tuple(found)

    def _tables(self, key: str, document: dict[str, Any]) -> list[tuple[Place, Any]]:
        raw = document.get(key, [])
        if not isinstance(raw, list):
            self.tables.wrong((key,), f"{key} must be a list of tables: write [[{key}]] with two brackets")
            raw = []
        return [((key, index), table) for index, table in enumerate(raw)]

    def _watch(self, place: Place, raw: object) -> Watch | None:
        known: Known = {"ticker": ticker, "cik": cik, "owner_cik": cik, "rules": Each(one_of("rule", self.known))}
        already = len(self.tables.problems)
        read = self.tables.table(place, raw, known)
        if isinstance(raw, dict) and len(raw.keys() & set(WATCHED)) != 1:
            self.tables.wrong(place, f"a watch takes exactly one of {', '.join(WATCHED)}")
        if len(self.tables.problems) > already:
            return None
        return Watch(**{"rules": (DEFAULT_RULE,), **read}, file=str(self.tables.path), line=self.tables.line(place))

    def _group(self, place: Place, raw: object) -> Iterator[Watch]:
        known: Known = {
            "files": Each(partial(files_matching, folder=self.tables.path.parent)),
            "rules": Each(one_of("rule", self.known)),
            "notify": Each(one_of("destination", self.destinations)),
        }
        read = self.tables.table(place, raw, known)
        if isinstance(raw, dict) and "files" not in raw:
            self.tables.wrong(place, 'a [[watchlist]] needs files, such as files = ["fund/*.txt"]')
        rules = read.get("rules", (DEFAULT_RULE,))
        if notify := read.get("notify"):
            rules = tuple(self._telling(name, notify) for name in rules)
        files = dict.fromkeys(file for matched in read.get("files", ()) for file in matched)
        yield from self._listed(files, rules)

    def _telling(self, name: str, notify: tuple[str, ...]) -> str:
        """The name of a rule that tells others than it does by itself."""
        if name not in self.rules:
            return name
        derived = f"{name}@{'+'.join(notify)}"
        self.rules[derived] = replace(self.rules[name], name=derived, notify=notify)
        return derived

    def _files(self, place: Place, patterns: object) -> Iterable[Path]:
        matching = Each(partial(files_matching, folder=self.tables.path.parent))
        matched = self.tables.value(place, patterns, matching) or ()
        return dict.fromkeys(file for files in matched for file in files)

    def _listed(self, files: Iterable[Path], rules: tuple[str, ...]) -> list[Watch]:
        found = []
        for file in files:
            if file not in self.lists:
                self.lists[file] = read_watchlist(file)
                self.tables.problems += self.lists[file][1]
            entries, _ = self.lists[file]
            found += [Watch(rules, file=str(file), line=line, **{kind: value}) for line, kind, value in entries]
        return found

    def _refuse_repeated(self, watches: Iterable[Watch]) -> None:
        """What stands in one group twice; in two groups it may: their rules are alternatives."""
        first: dict[str, Watch] = {}
        for watch in watches:
            earlier = first.setdefault(watch.subject, watch)
            if earlier is not watch:
                what = f"{watch.subject} is watched already, at {earlier.file}:{earlier.line}; keep one of them"
                self.tables.problems.append(Problem(watch.file, watch.line, what))
