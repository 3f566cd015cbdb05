"""Alerts owed to a destination and sent to it, as the tests of delivery begin."""

from __future__ import annotations

import json

from tests.contract.senders import FakeSender
from tests.world import Clock
from tests.world import accession
from watcher.config import Destination
from watcher.core.telling import Alert
from watcher.core.telling import Message
from watcher.deliver import deliver
from watcher.store import Store

DESK = Destination("desk", "terminal")


def owe(store: Store, clock: Clock, *numbers: int, destinations: tuple[str, ...] = ("desk",), silence: int | None = None) -> None:
    """An alert for each number: `event1` is about the filing `accession(1)`. A silence keeps it from all of them."""
    silenced = () if silence is None else tuple((name, silence) for name in destinations)
    for number in numbers:
        url = f"https://www.sec.gov/Archives/edgar/data/1/{number}/{accession(number)}-index.htm"
        body = json.dumps({"kind": "alert", "accession_number": accession(number), "url": url}).encode()
        message = Message(f"title {number}", "text", "<p>text</p>")
        with store.transaction():
            store.keep_alert(
                Alert(f"event{number}", accession(number), "issuer:1", ("default",), message, body, destinations, silenced),
                clock(),
            )


def send_all(store: Store, sender: FakeSender, clock: Clock, terms: Destination = DESK) -> list[str]:
    """Deliver until nothing is due; the outcomes."""
    states = []
    while (outcome := deliver(store, sender, terms.name, now=clock, terms=terms)) is not None:
        states.append(outcome.state)
    return states
