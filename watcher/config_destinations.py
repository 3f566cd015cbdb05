"""The tables [destinations.NAME]: where messages go, and the secrets that they refer to."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from functools import partial
from typing import Any

from watcher.config_quiet import QUIET_KEYS
from watcher.config_quiet import read_quiet
from watcher.config_values import apprise_url
from watcher.config_values import http_url
from watcher.config_values import messages
from watcher.config_values import one_of
from watcher.config_values import quoted
from watcher.config_values import text
from watcher.config_values import variable
from watcher.config_values import yes
from watcher.core.quiet import Quiet
from watcher.credentials import from_environment
from watcher.credentials import from_file
from watcher.toml_lines import Place
from watcher.toml_tables import Known
from watcher.toml_tables import Tables


@dataclass(frozen=True, slots=True)
class Destination:
    """Where messages go. `kind` is "apprise" (`url`, a secret), "webhook" (`url` and `secret`) or "terminal".

    "terminal" is standard output. Secrets are kept out of `repr`, so that no log or error can show them. `unknown` says what becomes of
    what may have arrived ("resend", marked, or "hold" for a person); more than `burst` alerts due at once are folded (0: never). In its
    `quiet` times it is not disturbed; `digest` ("daily", "weekly") comes besides the alerts or, with `digest_only`, in place of them.
    """

    name: str
    kind: str
    url: str = field(default="", repr=False)
    secret: bytes | None = field(default=None, repr=False)
    unknown: str = "resend"
    burst: int = 0
    quiet: Quiet | None = None
    digest: tuple[str, ...] = ()
    digest_only: bool = False


Judge = Callable[[Destination], str | None]

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
    **QUIET_KEYS,
}
DESTINATION_KEYS = tuple(_DESTINATION)
_KINDS = ("url", "url_env", "url_file", "webhook", "terminal")
_SECRETS = ("secret_env", "secret_file")
_FOR_PEOPLE = ("unknown", "burst", *QUIET_KEYS)
BURST = 10  # for people; what is printed on the terminal disturbs nobody


class DestinationReader:
    """Reads destinations. Without `secrets` what they refer to is not looked for; `judge` may look deeper at each."""

    def __init__(self, tables: Tables, environ: Mapping[str, str], judge: Judge, *, secrets: bool) -> None:
        self.tables = tables
        self.environ = environ
        self.judge = judge
        self.secrets = secrets
        self.wrong = tables.wrong

    def destination(self, name: str, raw: dict[str, Any]) -> Destination | None:
        """One destination; `None` if it has a problem."""
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
        quiet = read_quiet(self.tables, place, read)
        if len(self.tables.problems) > already:
            return None
        made = self._with_secrets(name, kinds[0], read)
        if made is not None and made.kind != "webhook":
            terms = {"burst": BURST if made.kind == "apprise" else 0, **read, **quiet}
            made = replace(made, **{key: terms[key] for key in ("unknown", "burst", *quiet) if key in terms})
        if made is not None and (complaint := self.judge(made)):
            self.wrong(place, f"destination {quoted(name)}: {complaint}")
        return made

    def _with_secrets(self, name: str, kind: str, read: dict[str, str]) -> Destination | None:
        """The destination, once what it refers to in the environment or in a file is read."""
        if kind == "terminal" or not self.secrets:
            return Destination(name, kind if kind in {"terminal", "webhook"} else "apprise")
        key = next(key for key in _SECRETS if key in read) if kind == "webhook" else kind
        secret = self.tables.value(("destinations", name, key), read[key], partial(self._followed, key))
        if secret is None:
            return None
        if kind == "webhook":
            return Destination(name, kind, read["webhook"], secret.encode("utf-8", "surrogateescape"))
        return Destination(name, "apprise", secret)

    def _followed(self, key: str, value: str) -> str:
        if key.endswith("_env"):
            value = from_environment(value, self.environ)
        elif key.endswith("_file"):
            value = from_file(value, self.tables.path.parent, self.environ)
        return apprise_url(value) if key.startswith("url") else value
