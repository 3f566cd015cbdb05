"""What a shell completes from the configuration: destinations, rules, tickers. Without a configuration that can be read: nothing."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from watcher.cli.common import configured
from watcher.core.errors import WatcherError

if TYPE_CHECKING:
    from watcher.config import Config

Completer = Callable[[click.Context, click.Parameter, str], list[str]]


def _from_configuration(names: Callable[[Config], Iterable[str]]) -> Completer:
    def complete(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:  # noqa: ARG001 -- click's signature
        try:
            config = configured(context.params.get("option"))
        except WatcherError:
            return []
        return sorted(name for name in names(config) if name.casefold().startswith(begun.casefold()))

    return complete


destinations = _from_configuration(lambda config: config.destinations)
rules = _from_configuration(lambda config: (name for name in config.rules if "@" not in name))
tickers = _from_configuration(lambda config: (watch.ticker for watch in config.watches if watch.ticker))
