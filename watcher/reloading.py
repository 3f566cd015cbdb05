"""The configuration while the daemon runs: noticed when it has changed, read again, put into force, or said why not.

An editor writes in pieces, or moves the old file away before the new one is there: what changed has to be still for a moment first.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
import tomllib
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from watcher.config import Config
from watcher.config_messages import MESSAGE_KEYS
from watcher.config_values import BadValueError
from watcher.config_values import path_from
from watcher.core.errors import ConfigError
from watcher.core.errors import EdgarError
from watcher.core.errors import FeedUnreadable
from watcher.core.errors import Problem
from watcher.ordinary import content
from watcher.status import REFUSED
from watcher.store import Store
from watcher.toml_lines import places
from watcher.watchlists import files_matching

log = logging.getLogger("watcher")

LOOK = 2.0  # seconds between looks at the files
STILL = 2.0  # seconds without a change before what was written counts as whole
GONE = 10.0  # seconds a file may be away before it counts as taken away
RETRY = 30.0  # seconds until EDGAR is asked again for what it did not say about new tickers

Stamps = Mapping[Path, tuple[int, ...]]


class Origin:
    """The files that a configuration is read from: its own, and the watchlists, registers, templates and secrets that it names.

    Not systemd's credentials, which are the same for as long as the process lives. Not safe between threads.
    """

    def __init__(self, path: Path, read: Callable[[Path], Config]) -> None:
        self._path = path
        self._read = read
        self._named = _Named()
        self._stamps: Stamps = {}  # as they were when they were last read
        self._contents: Mapping[Path, str] = {}
        self._seen: Stamps = {}  # as they are now, and since when on the monotonic clock
        self._since = 0.0

    def load(self) -> Config:
        """Read it, and take what is there now for known, whether or not it can be used. Raises `ConfigError`."""
        self._stamps = self._look()  # before it is read: what changes meanwhile has changed
        self._contents = _contents(self._stamps)
        return self._read(self._path)

    def changed(self, clock: float) -> bool:
        """Whether there is something else than what was last read, and it has come to rest. `clock` is monotonic, in seconds."""
        stamps = self._look()
        if stamps != self._seen:
            self._seen, self._since = stamps, clock
        if stamps == self._stamps:
            return False
        missed = self._stamps.keys() - stamps.keys()
        away = missed - _stamped(missed).keys()  # the others are only named no more
        if clock - self._since < (GONE if away else STILL):
            return False
        if _contents(stamps) != self._contents:
            return True
        self._stamps = stamps  # written anew, and the same
        return False

    def _look(self) -> Stamps:
        own = _stamped((self._path,))
        self._named.of(self._path, own.get(self._path))
        return {**own, **_stamped(self._named.files())}


class _Named:
    """The files that a configuration names; while it cannot be read, those that it named before."""

    def __init__(self) -> None:
        self._stamp: tuple[int, ...] | None = None
        self._folder = Path()
        self._patterns: tuple[object, ...] = ()
        self._names: tuple[Path, ...] = ()

    def of(self, path: Path, stamp: tuple[int, ...] | None) -> None:
        """Look which they are, if the configuration has another stamp than before. What is wrong with it is not said here."""
        if stamp is None or stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            document = tomllib.loads(content(path).decode("utf-8-sig"))
            names = tuple(path_from(path.parent, name.strip()) for name in _names(document) if isinstance(name, str))
        except (OSError, ValueError, RecursionError):
            return
        self._folder = path.parent
        self._patterns = tuple(_patterns(document))
        self._names = names

    def files(self) -> Iterator[Path]:
        """All of them, there or not; a pattern may match other files from look to look."""
        yield from self._names
        for pattern in self._patterns:
            try:
                yield from files_matching(pattern, self._folder)
            except BadValueError:
                continue


def _patterns(document: dict[str, Any]) -> Iterator[object]:
    """What names watchlists, whole groups of them too."""
    groups = document.get("watchlist")
    named = [group.get("files") for group in (groups if isinstance(groups, list) else ()) if isinstance(group, dict)]
    for patterns in (document.get("watchlists"), *named):
        yield from patterns if isinstance(patterns, list) else ()


def _names(document: dict[str, Any]) -> Iterator[object]:
    """What may name a register, a template or a secret; a document of another shape than it should have names nothing."""
    yield from (table.get("expected") for table in _tables(document.get("rules")))
    yield from (table.get(key) for table in _tables(document.get("destinations")) for key in ("url_file", "secret_file"))
    yield from (table.get(key) for table in _tables(document) for key in (*MESSAGE_KEYS, "ping_url_file"))


def _tables(found: object) -> list[dict[str, Any]]:
    return [table for table in found.values() if isinstance(table, dict)] if isinstance(found, dict) else []


def _stamped(files: Iterable[Path]) -> Stamps:
    """What changes with a file, also with its mode or when another takes its name. One that is not there is left out."""
    found = {}
    for file in files:
        try:
            status = file.stat()
        except (OSError, ValueError):  # a name with a null character is no file's
            continue
        found[file] = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_dev, status.st_ino)
    return found


def _contents(files: Iterable[Path]) -> Mapping[Path, str]:
    """What would be read from each file; that others may read it too counts, as a secret is then refused."""
    found = {}
    for file in files:
        try:
            found[file] = f"{hashlib.sha256(content(file)).hexdigest()} {file.stat().st_mode & 0o077:o}"
        except OSError:
            found[file] = ""
    return found


def check_store(config: Config, store: Path) -> None:
    """Raise `ConfigError` if a configuration names another store than the one that is open: only a restart takes that up."""
    if config.store.path == store:
        return
    line, column = places(content(config.path).decode("utf-8-sig")).get(("store", "path"), (1, 0))
    text = f"another store is taken up by a restart only: restart the watcher, or leave the path of {store}"
    raise ConfigError([Problem(str(config.path), line, text, column)])


class Reloading:
    """The job that reads the configuration again: when asked to, or when it has changed. One that is wrong changes nothing."""

    def __init__(self, origin: Origin, store: Store, take: Callable[[Config], None], *, now: Callable[[], datetime]) -> None:
        """`take` puts a configuration into force, or raises `ConfigError`, `EdgarError` or `FeedUnreadable` and changes nothing."""
        self._origin = origin
        self._store = store
        self._take = take
        self._now = now
        self._waits = False  # for EDGAR, to say what new tickers are
        self.asked = threading.Event()  # set by a signal's handler, in which nothing else may be done

    def interval(self) -> float:
        """Seconds until the next look."""
        return RETRY if self._waits else LOOK

    def __call__(self) -> None:
        """One look. What became of it is in the log, and in the store, where the vigil finds it.

        Raises `StoreError` only. What EDGAR must say first is tried again; a mistake not until the files change, or it is asked for.
        """
        asked = self.asked.is_set()
        self.asked.clear()
        if not (asked or self._waits or self._origin.changed(time.monotonic())):
            return
        self._waits = False
        try:
            self._take(self._origin.load())
        except ConfigError as error:
            log.error("the configuration was not reloaded, the old one stays in force:\n%s", error)  # noqa: TRY400 -- no traceback for a typing mistake
            self._store.keep_trouble("reload", str(error), self._now())
            self._store.set_fact(REFUSED, str(error))
        except (EdgarError, FeedUnreadable) as error:
            self._waits = True
            log.warning(
                "the configuration was not reloaded yet, the old one stays in force: its tickers are not known: %s", error
            )
            self._store.keep_trouble("reload", str(error), self._now())
        else:
            self._store.set_fact(REFUSED, None)
