"""The plain text of a mail, which is ours too: Apprise makes it out of the HTML, a table cell to a line, and takes no other.

Its e-mail plugin converts by a function of its own module and offers no place to hand in the result; so that name is the only place to put
it. It is replaced once, for the life of the process, and does nothing else than before outside `plain_text()`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache
from typing import Any

_text: ContextVar[str | None] = ContextVar("text", default=None)
_installing = threading.Lock()


@contextlib.contextmanager
def plain_text(text: str) -> Iterator[None]:
    """Within the `with`, a mail of HTML made by this thread carries this text beside it."""
    with _installing:
        _stand_in()
    token = _text.set(text)
    try:
        yield
    finally:
        _text.reset(token)


@cache
def _stand_in() -> None:
    from apprise import NotifyFormat  # late, as everywhere behind this door  # noqa: PLC0415 -- Apprise is imported when the first message is due
    from apprise.plugins.email import base  # late, as above  # noqa: PLC0415 -- Apprise is imported when the first message is due

    theirs: Any = vars(base).get("convert_between")
    if theirs is None:
        return  # another Apprise: a worse text is better than no mail

    def ours(source: object, target: object, content: object) -> object:
        text = _text.get()
        if text is None or (source, target) != (NotifyFormat.HTML, NotifyFormat.TEXT):
            return theirs(source, target, content)
        return text

    vars(base)["convert_between"] = ours
