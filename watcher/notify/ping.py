"""The door to a dead man's switch: an address that is asked now and then, and whose owner notices when nobody asks any more."""

from __future__ import annotations

import threading

import httpx

from watcher.notify.answers import cause_of

DEADLINE = 5.0  # seconds for a whole ping

_under_way = threading.Lock()


def ping(url: str, *, well: bool, deadline: float = DEADLINE) -> str | None:
    """GET the address, with `/fail` behind its path where not `well`. Why that did not succeed, never naming the address; else `None`.

    Follows no redirect, heeds no proxy variables, reads no body. It returns within `deadline` seconds whatever name server or receiver
    do: the request is made by a thread of its own, and none is made while an earlier one has not ended.
    """
    if not _under_way.acquire(blocking=False):
        return "the ping before has not ended yet"
    answers: list[str | None] = []

    def ask() -> None:
        try:
            answers.append(_asked(url, well=well, deadline=deadline))
        finally:
            _under_way.release()

    asking = threading.Thread(target=ask, name="ping", daemon=True)
    asking.start()
    asking.join(deadline)
    return answers[0] if answers else "no answer in time"


def _asked(url: str, *, well: bool, deadline: float) -> str | None:
    try:
        address = httpx.URL(url)
        if not well:
            address = address.copy_with(path=f"{address.path.rstrip('/')}/fail")
        with (
            httpx.Client(trust_env=False, timeout=deadline) as client,
            client.stream("GET", address) as response,
        ):
            return None if response.is_success else f"the server answered {response.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"no answer: {cause_of(error)}"
