"""Configuration: TOML in, frozen `Config` out, or every problem at once. Reads files and the environment only."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path

from watcher.config_advice import advise
from watcher.config_care import CARE_KEYS
from watcher.config_care import DEFAULT_CARE
from watcher.config_care import STORE_KEYS
from watcher.config_care import CareConfig
from watcher.config_care import StoreConfig
from watcher.config_care import read_care
from watcher.config_care import read_store
from watcher.config_destinations import DESTINATION_KEYS
from watcher.config_destinations import Destination
from watcher.config_destinations import DestinationReader
from watcher.config_destinations import Judge
from watcher.config_messages import MESSAGE_KEYS
from watcher.config_messages import read_templates
from watcher.config_rules import RULE_KEYS
from watcher.config_rules import Rule
from watcher.config_rules import RuleReader
from watcher.config_values import base_url
from watcher.config_values import contact
from watcher.config_values import interval
from watcher.config_vigil import DEFAULT_VIGIL
from watcher.config_vigil import VIGIL_KEYS
from watcher.config_vigil import VigilConfig
from watcher.config_vigil import read_vigil
from watcher.config_watches import WATCHED
from watcher.config_watches import Watch
from watcher.config_watches import WatchReader
from watcher.core.errors import ConfigError
from watcher.core.errors import Problem
from watcher.core.telling import OUR_WORDS
from watcher.core.telling import Templates
from watcher.toml_tables import Known
from watcher.toml_tables import Tables

__all__ = ["CareConfig", "Config", "Destination", "EdgarConfig", "Judge", "StoreConfig", "Watch", "find", "load"]


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
class Config:
    """The whole configuration, checked. `path` is the file it was read from, `warnings` what in it works, but hardly as it is meant."""

    path: Path
    edgar: EdgarConfig
    store: StoreConfig
    destinations: Mapping[str, Destination]
    rules: Mapping[str, Rule]
    watches: tuple[Watch, ...]
    templates: Templates = OUR_WORDS
    vigil: VigilConfig = DEFAULT_VIGIL
    care: CareConfig = DEFAULT_CARE
    warnings: tuple[Problem, ...] = ()


# --- reading ------------------------------------------------------------------------------------------------------

_EDGAR: Known = {
    "contact": contact,
    "poll_interval": interval,
    "off_hours_interval": interval,
    "www_url": base_url,
    "data_url": base_url,
    "efts_url": base_url,
}
_TOP = ("watchlists", "edgar", "store", "messages", "vigil", "care", "destinations", "rules", "watchlist", "watch")
_HOMES = {
    **dict.fromkeys(_EDGAR, "in [edgar]"),
    **dict.fromkeys(STORE_KEYS, "in [store]"),
    **dict.fromkeys(DESTINATION_KEYS, "in [destinations.NAME]"),
    **dict.fromkeys(MESSAGE_KEYS, "in [messages]"),
    **dict.fromkeys(VIGIL_KEYS, "in [vigil]"),
    **dict.fromkeys(CARE_KEYS, "in [care]"),
    **dict.fromkeys(RULE_KEYS, "in [rules.NAME]"),
    **dict.fromkeys(WATCHED, "in [[watch]]"),
    "files": "in [[watchlist]]",
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
    reader = Reader(Tables(path, _HOMES), environ, judge, secrets=secrets)
    config = reader.config()
    told = {*config.vigil.notify, *(each.name for each in config.destinations.values() if each.digest)}
    advise(reader.tables, config.watches, config.rules, config.destinations, told)

    def place(each: Problem) -> tuple[bool, str, int, int]:
        return each.file != str(path), each.file, each.line, each.column

    warnings = tuple(sorted(reader.tables.warnings, key=place))
    if problems := reader.tables.problems:
        raise ConfigError(sorted(problems, key=place), warnings)
    return replace(config, warnings=warnings)


def _first(environ: Mapping[str, str], name: str) -> str:
    """systemd separates several directories by colons; ours is the first."""
    return environ.get(name, "").split(":")[0]


class Reader:
    """One reading. Goes on past each problem, so that all are said at once."""

    def __init__(self, tables: Tables, environ: Mapping[str, str], judge: Judge, *, secrets: bool) -> None:
        self.secrets = secrets
        self.tables = tables
        self.environ = environ
        self.judge = judge

    def config(self) -> Config:
        """What could be read; `tables` has the problems."""
        document = self.tables.document
        for key in document.keys() - set(_TOP):
            self.tables.unknown((key,), _TOP)
        destinations, rules = self.tables.named("destinations"), self.tables.named("rules")
        teller = DestinationReader(self.tables, self.environ, self.judge, secrets=self.secrets)
        made = [teller.destination(name, raw) for name, raw in destinations.items()]
        reader = RuleReader(self.tables, destinations)
        ruled = {name: reader.rule(name, raw) for name, raw in rules.items()}
        base = Path(_first(self.environ, "STATE_DIRECTORY") or self.tables.path.parent.absolute())
        store = read_store(self.tables, document.get("store", {}), base)
        return Config(
            path=self.tables.path,
            edgar=self._edgar(document.get("edgar", {})),
            store=store,
            destinations={each.name: each for each in made if each is not None},
            rules=ruled,
            watches=WatchReader(self.tables, ruled, destinations).watches(document),
            templates=read_templates(self.tables, document.get("messages", {})),
            vigil=read_vigil(self.tables, document.get("vigil", {}), destinations, self.environ, secrets=self.secrets),
            care=read_care(self.tables, document.get("care", {}), store.path),
        )

    def _edgar(self, raw: object) -> EdgarConfig:
        read = self.tables.table(("edgar",), raw, _EDGAR)
        if isinstance(raw, dict) and "contact" not in raw:
            self.tables.wrong(
                ("edgar",),
                "contact is missing: the SEC wants to know who asks and turns away those who do not say; "
                'write contact = "Jane Roe jane.roe@example.com" under [edgar], with your own name and address',
            )
        return EdgarConfig(**{"contact": "", **read})
