"""The `[vigil]` table: when somebody is told that the watcher itself is in trouble, who, and the address of an outbound ping."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import timedelta
from typing import Any

from watcher.config_values import BadValueError
from watcher.config_values import duration
from watcher.config_values import http_url
from watcher.config_values import one_of
from watcher.config_values import text
from watcher.config_values import variable
from watcher.credentials import from_environment
from watcher.credentials import from_file
from watcher.toml_tables import Each
from watcher.toml_tables import Known
from watcher.toml_tables import Tables

PING_KEYS = ("ping_url", "ping_url_env", "ping_url_file")
VIGIL_KEYS = ("blind_after", "queue_older_than", "free_megabytes", "notify", *PING_KEYS)


@dataclass(frozen=True, slots=True)
class VigilConfig:
    """When and whom the vigil tells. `notify` is empty where every destination that a rule names is told.

    `ping_url` is a secret, empty where nobody is pinged; it is kept out of `repr`, so that no log or error can show it.
    """

    blind_after: timedelta = timedelta(minutes=15)
    queue_older_than: timedelta = timedelta(minutes=30)
    free_megabytes: int = 200
    notify: tuple[str, ...] = ()
    ping_url: str = field(default="", repr=False)


DEFAULT_VIGIL = VigilConfig()


def read_vigil(
    tables: Tables, raw: object, destinations: Collection[str], environ: Mapping[str, str], *, secrets: bool
) -> VigilConfig:
    """The table; what has a problem is noted at its line and left at its default. Without `secrets` no ping address is looked for."""
    known: Known = {
        "blind_after": _blind_after,
        "queue_older_than": _queue_older_than,
        "free_megabytes": _megabytes,
        "notify": Each(one_of("destination", destinations)),
        "ping_url": http_url,
        "ping_url_env": variable,
        "ping_url_file": text,
    }
    read = tables.table(("vigil",), raw, known)
    given = [key for key in PING_KEYS if isinstance(raw, dict) and key in raw]
    if len(given) > 1:
        tables.wrong(("vigil", given[1]), f"[vigil] takes one of {', '.join(PING_KEYS)}; it has {' and '.join(given)}")
    plain: dict[str, Any] = {key: value for key, value in read.items() if key not in PING_KEYS}
    key = given[0] if given else ""
    if not secrets or key not in read:
        return VigilConfig(**plain)

    def followed(value: str) -> str:
        if key.endswith("_env"):
            return http_url(from_environment(value, environ))
        return http_url(from_file(value, tables.path.parent, environ)) if key.endswith("_file") else value

    return VigilConfig(**plain, ping_url=tables.value(("vigil", key), read[key], followed) or "")


def _blind_after(value: object) -> timedelta:
    """EDGAR is closed for eight hours of a night: a longer span would never lie within its hours of two days."""
    return _between(duration(value), timedelta(minutes=5), timedelta(hours=8), 'must be at least "5m" and at most "8h"')


def _queue_older_than(value: object) -> timedelta:
    return _between(duration(value), timedelta(minutes=1), timedelta(days=1), 'must be at least "1m" and at most "1d"')


def _between(span: timedelta, least: timedelta, most: timedelta, what: str) -> timedelta:
    if not least <= span <= most:
        raise BadValueError(what)
    return span


def _megabytes(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10**6:
        raise BadValueError("must be a whole number of megabytes without quotes, from 0 to 1000000")
    return value
