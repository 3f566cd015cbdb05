"""Configuration: TOML in, frozen `Config` out, or every problem at once. Reads files and the environment only."""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from watcher.config_messages import MESSAGE_KEYS
from watcher.config_messages import read_templates
from watcher.config_rules import RULE_KEYS
from watcher.config_rules import Rule
from watcher.config_rules import RuleReader
from watcher.config_values import apprise_url
from watcher.config_values import base_url
from watcher.config_values import cik
from watcher.config_values import contact
from watcher.config_values import http_url
from watcher.config_values import interval
from watcher.config_values import messages
from watcher.config_values import one_of
from watcher.config_values import quoted
from watcher.config_values import reach
from watcher.config_values import text
from watcher.config_values import ticker
from watcher.config_values import variable
from watcher.config_values import yes
from watcher.config_vigil import DEFAULT_VIGIL
from watcher.config_vigil import VIGIL_KEYS
from watcher.config_vigil import VigilConfig
from watcher.config_vigil import read_vigil
from watcher.core.errors import ConfigError
from watcher.core.errors import Problem
from watcher.core.telling import OUR_WORDS
from watcher.core.telling import Templates
from watcher.credentials import from_environment
from watcher.credentials import from_file
from watcher.toml_lines import Place
from watcher.toml_tables import Each
from watcher.toml_tables import Known
from watcher.toml_tables import Tables
from watcher.watchlists import files_matching
from watcher.watchlists import read_watchlist


@dataclass(frozen=True, slots=True)
class EdgarConfig:
    """How EDGAR is asked. Intervals in seconds; URLs without a trailing slash."""

    contact: str
    poll_interval: float = 5.0
    off_hours_interval: float = 60.0
    www_url: str = "https://www.sec.gov"
    data_url: str = "https://data.sec.gov"
    efts_url: str = "https://efts.sec.gov"


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """Where the store is, and how far back holdings are read when a watch is new."""

    path: Path
    baseline: timedelta = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where messages go. `kind` is "apprise" (`url`, a secret), "webhook" (`url` and `secret`) or "terminal".

    "terminal" is standard output. Secrets are kept out of `repr`, so that no log or error can show them. `unknown` says what becomes of
    what may have arrived ("resend", marked, or "hold" for a person); more than `burst` alerts due at once are folded (0: never).
    """

    name: str
    kind: str
    url: str = field(default="", repr=False)
    secret: bytes | None = field(default=None, repr=False)
    unknown: str = "resend"
    burst: int = 0


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


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration, checked. `path` is the file it was read from."""

    path: Path
    edgar: EdgarConfig
    store: StoreConfig
    destinations: Mapping[str, Destination]
    rules: Mapping[str, Rule]
    watches: tuple[Watch, ...]
    templates: Templates = OUR_WORDS
    vigil: VigilConfig = DEFAULT_VIGIL


# --- reading ------------------------------------------------------------------------------------------------------

Judge = Callable[[Destination], str | None]

DEFAULT_RULE = "default"

_EDGAR: Known = {
    "contact": contact,
    "poll_interval": interval,
    "off_hours_interval": interval,
    "www_url": base_url,
    "data_url": base_url,
    "efts_url": base_url,
}
_STORE: Known = {"path": text, "baseline": reach}
_DESTINATION: Known = {
    "url": apprise_url,
    "url_env": variable,
    "url_file": text,
    "webhook": http_url,
    "secret_env": variable,
    "secret_file": text,
    "terminal": yes,
    "unknown": one_of("policy", ("resend", "hold")),
    "burst": messages,
}
_KINDS = ("url", "url_env", "url_file", "webhook", "terminal")
_SECRETS = ("secret_env", "secret_file")
_FOR_PEOPLE = ("unknown", "burst")
BURST = 10  # for people; what is printed on the terminal disturbs nobody
_WATCHED = ("ticker", "cik", "owner_cik")
_TOP = ("watchlists", "edgar", "store", "messages", "vigil", "destinations", "rules", "watch")
_HOMES = {
    **dict.fromkeys(_EDGAR, "in [edgar]"),
    **dict.fromkeys(_STORE, "in [store]"),
    **dict.fromkeys(_DESTINATION, "in [destinations.NAME]"),
    **dict.fromkeys(MESSAGE_KEYS, "in [messages]"),
    **dict.fromkeys(VIGIL_KEYS, "in [vigil]"),
    **dict.fromkeys(RULE_KEYS, "in [rules.NAME]"),
    **dict.fromkeys(_WATCHED, "in [[watch]]"),
    "watchlists": "at the top of the file, before the first [table]",
}


def find(option: Path | None, environ: Mapping[str, str], cwd: Path) -> Path:
    """Where the configuration is, or where `watcher init` should write it.

    `--config` and $WATCHER_CONFIG are taken at their word, there or not. Otherwise the first that exists of
    config/watcher.toml in `cwd`, the XDG place, $CONFIGURATION_DIRECTORY (systemd) and /etc/watcher. If none does:
    config/watcher.toml where `cwd` has a folder `config`, else the XDG place.
    """
    if option is not None:
        return option
    if named := environ.get("WATCHER_CONFIG"):
        return Path(named)
    here = cwd / "config" / "watcher.toml"
    home = environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "/")) / ".config"
    xdg = Path(home) / "watcher" / "watcher.toml"
    system = [Path(folder) / "watcher.toml" for folder in (_first(environ, "CONFIGURATION_DIRECTORY"), "/etc/watcher") if folder]
    for path in (here, xdg, *system):
        # a folder closed to us (ProtectHome=) counts as "not there"; Path.is_file would raise
        if os.path.isfile(path):  # noqa: PTH113 -- see the line above
            return path
    return here if here.parent.is_dir() else xdg


def load(path: Path, environ: Mapping[str, str], judge: Judge = lambda _: None, *, secrets: bool = True) -> Config:
    """Read the configuration, its watchlists and the secrets it refers to.

    Without `secrets` they are not looked for: who only looks at the store need not be able to read the daemon's credentials.
    `judge` may look deeper at each destination (`watcher check` asks Apprise): what it returns is one more problem.
    Raises `ConfigError` with every problem found, the configuration's own first, by line. Does not
    reach for the network or the store.
    """
    reader = _Reader(Tables(path, _HOMES), environ, judge, secrets=secrets)
    config = reader.config()
    if problems := reader.tables.problems:
        raise ConfigError(sorted(problems, key=lambda each: (each.file != str(path), each.file, each.line)))
    return config


def _first(environ: Mapping[str, str], name: str) -> str:
    """systemd separates several directories by colons; ours is the first."""
    return environ.get(name, "").split(":")[0]


class _Reader:
    """One reading. Goes on past each problem, so that all are said at once."""

    def __init__(self, tables: Tables, environ: Mapping[str, str], judge: Judge, *, secrets: bool) -> None:
        self.secrets = secrets
        self.tables = tables
        self.path = tables.path
        self.folder = tables.path.parent
        self.environ = environ
        self.judge = judge
        self.wrong = tables.wrong

    def config(self) -> Config:
        document = self.tables.document
        for key in document.keys() - set(_TOP):
            self.tables.unknown((key,), _TOP)
        destinations, rules = self.tables.named("destinations"), self.tables.named("rules")
        made = [self.destination(name, raw) for name, raw in destinations.items()]
        reader = RuleReader(self.tables, destinations)
        return Config(
            path=self.path,
            edgar=self.edgar(document.get("edgar", {})),
            store=self.store(document.get("store", {})),
            destinations={each.name: each for each in made if each is not None},
            rules={name: reader.rule(name, raw) for name, raw in rules.items()},
            watches=self.watches(document, rules),
            templates=read_templates(self.tables, document.get("messages", {})),
            vigil=read_vigil(self.tables, document.get("vigil", {}), destinations, self.environ, secrets=self.secrets),
        )

    def edgar(self, raw: object) -> EdgarConfig:
        read = self.tables.table(("edgar",), raw, _EDGAR)
        if isinstance(raw, dict) and "contact" not in raw:
            self.wrong(
                ("edgar",),
                "contact is missing: the SEC wants to know who asks and turns away those who do not say; "
                'write contact = "Jane Roe jane.roe@example.com" under [edgar], with your own name and address',
            )
        return EdgarConfig(**{"contact": "", **read})

    def store(self, raw: object) -> StoreConfig:
        read = self.tables.table(("store",), raw, _STORE)
        base = Path(_first(self.environ, "STATE_DIRECTORY") or self.folder.absolute())
        return StoreConfig(**{**read, "path": base / read.get("path", "watcher.db")})

    def destination(self, name: str, raw: dict[str, Any]) -> Destination | None:
        place: Place = ("destinations", name)
        already = len(self.tables.problems)
        read = self.tables.table(place, raw, _DESTINATION)
        kinds = [kind for kind in _KINDS if kind in raw]
        secrets = [key for key in _SECRETS if key in raw]
        if len(kinds) != 1:
            there = " and ".join(kinds) or "none"
            self.wrong(place, f"destination {quoted(name)} takes exactly one of {', '.join(_KINDS)}; it has {there}")
        elif kinds == ["webhook"] and len(secrets) != 1:
            self.wrong(place, f"webhook {quoted(name)} takes exactly one of {' and '.join(_SECRETS)}, to sign what it sends")
        elif kinds != ["webhook"] and secrets:
            self.wrong((*place, secrets[0]), f"{secrets[0]} is for a webhook only")
        for key in _FOR_PEOPLE if kinds == ["webhook"] else ():
            if key in raw:
                self.wrong(
                    (*place, key), f"{key} is for people only: a program is sent each alert, and drops repeats by event_id"
                )
        if len(self.tables.problems) > already:
            return None
        made = self.with_secrets(name, kinds[0], read)
        if made is not None and made.kind != "webhook":
            usual = {"burst": BURST if made.kind == "apprise" else 0}
            made = replace(made, **{**usual, **{key: read[key] for key in _FOR_PEOPLE if key in read}})
        if made is not None and (complaint := self.judge(made)):
            self.wrong(place, f"destination {quoted(name)}: {complaint}")
        return made

    def with_secrets(self, name: str, kind: str, read: dict[str, str]) -> Destination | None:
        """The destination, once what it refers to in the environment or in a file is read."""
        if kind == "terminal" or not self.secrets:
            return Destination(name, kind if kind in {"terminal", "webhook"} else "apprise")
        key = next(key for key in _SECRETS if key in read) if kind == "webhook" else kind
        secret = self.tables.value(("destinations", name, key), read[key], partial(self.followed, key))
        if secret is None:
            return None
        if kind == "webhook":
            return Destination(name, kind, read["webhook"], secret.encode("utf-8", "surrogateescape"))
        return Destination(name, "apprise", secret)

    def followed(self, key: str, value: str) -> str:
        if key.endswith("_env"):
            value = from_environment(value, self.environ)
        elif key.endswith("_file"):
            value = from_file(value, self.folder, self.environ)
        return apprise_url(value) if key.startswith("url") else value

    def watches(self, document: dict[str, Any], rules: Collection[str]) -> tuple[Watch, ...]:
        already = len(self.tables.problems)
        raw = document.get("watch", [])
        if not isinstance(raw, list):
            self.wrong(("watch",), "watch must be a list of tables: write [[watch]] with two brackets")
            raw = []
        found = [made for index, table in enumerate(raw) if (made := self.watch(("watch", index), table, rules))]
        if "watchlists" in document:
            found += self.listed(document["watchlists"])
        self.refuse_repeated(found)
        if not found and len(self.tables.problems) == already:
            self.wrong(("watchlists",), 'nothing is watched: add [[watch]] with ticker = "...", or fill a watchlist')
        takers = [watch for watch in found if DEFAULT_RULE in watch.rules and DEFAULT_RULE not in rules]
        for watch in takers[:1]:
            self.tables.problems.append(Problem(watch.file, watch.line, "takes [rules.default], which is missing"))
        return tuple(found)

    def watch(self, place: Place, raw: object, rules: Collection[str]) -> Watch | None:
        known: Known = {"ticker": ticker, "cik": cik, "owner_cik": cik, "rules": Each(one_of("rule", rules))}
        already = len(self.tables.problems)
        read = self.tables.table(place, raw, known)
        if isinstance(raw, dict) and len(raw.keys() & set(_WATCHED)) != 1:
            self.wrong(place, f"a watch takes exactly one of {', '.join(_WATCHED)}")
        if len(self.tables.problems) > already:
            return None
        return Watch(**{"rules": (DEFAULT_RULE,), **read}, file=str(self.path), line=self.tables.line(place))

    def listed(self, patterns: object) -> Iterable[Watch]:
        matching = Each(partial(files_matching, folder=self.folder))
        lists = self.tables.value(("watchlists",), patterns, matching) or ()
        for file in dict.fromkeys(file for files in lists for file in files):
            entries, problems = read_watchlist(file)
            self.tables.problems += problems
            for line, kind, value in entries:
                yield Watch(rules=(DEFAULT_RULE,), file=str(file), line=line, **{kind: value})

    def refuse_repeated(self, watches: Iterable[Watch]) -> None:
        first: dict[tuple[str | None, ...], Watch] = {}
        for watch in watches:
            earlier = first.setdefault((watch.ticker, watch.cik, watch.owner_cik), watch)
            if earlier is not watch:
                subject = watch.ticker or watch.cik or watch.owner_cik
                what = f"{subject} is watched already, at {earlier.file}:{earlier.line}; keep one of them"
                self.tables.problems.append(Problem(watch.file, watch.line, what))
