"""The door to people (`people`: Apprise, and the terminal) and to machines (`machines`: a signed webhook).

A `Sender` makes one attempt and says what became of it; retries, pauses and queues are the outbox's business. Apprise is
imported when the first message to people is due: it takes a quarter of a second and 15 MB.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Protocol

from watcher.config import Destination
from watcher.core.telling import Outcome
from watcher.core.telling import Outgoing
from watcher.notify.machines import Webhook
from watcher.notify.machines import problem_with_webhook
from watcher.notify.people import People
from watcher.notify.people import Terminal
from watcher.notify.people import problem_with_url
from watcher.notify.people import room_at

# These libraries log whole addresses, tokens included, at DEBUG and INFO, and Apprise even at WARNING. So Apprise's log leads
# nowhere; it is not switched off, because Apprise builds its results from it.
for _name in ("apprise", "httpx", "httpcore", "requests", "urllib3"):
    logging.getLogger(_name).setLevel(logging.WARNING)
logging.getLogger("apprise").addHandler(logging.NullHandler())
logging.getLogger("apprise").propagate = False


class Sender(Protocol):
    """Delivers to one destination. Blocks; one attempt at a time."""

    def send(self, outgoing: Outgoing, *, now: datetime) -> Outcome:
        """Make one attempt, never raising for what a receiver does. `now` (aware) is signed, and Retry-After counts from it."""


def sender_for(destination: Destination) -> Sender:
    """The sender for a destination `problem_with` found nothing wrong with; raises ValueError for an unknown kind."""
    match destination.kind:
        case "apprise":
            return People(destination)
        case "webhook":
            return Webhook(destination)
        case "terminal":
            return Terminal()
    raise ValueError(f"unknown kind of destination: {destination.kind}")


def room_of(destination: Destination) -> int:
    """Characters that one message to people has room for, title and text together, as the service counts them."""
    return room_at(destination.url)


def problem_with(destination: Destination) -> str | None:
    """What is wrong with a destination's address, in words that show no secret; `None` if nothing is. Sends nothing."""
    match destination.kind:
        case "apprise":
            return problem_with_url(destination.url)
        case "webhook":
            return problem_with_webhook(destination)
        case "terminal":
            return None
    return f"unknown kind of destination: {destination.kind}"
