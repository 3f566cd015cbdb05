"""When our own reading of a filing changed: what changed, and the correction that people get if what they were told was wrong."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from watcher.core.message import SUBJECT_LIMIT
from watcher.core.model import OwnershipDocument
from watcher.core.payload import document_json
from watcher.core.telling import Message

_TOLD = ("events", "plan", "reporting_owners", "issuer")


def document_changes(before: Mapping[str, Any], after: OwnershipDocument) -> list[str]:
    """Each leaf of `document_json` that is read otherwise now, as `path: was -> is`. Warnings are no part of what a filing says."""
    changes: list[str] = []
    _compare("", dict(before), document_json(after), changes)
    return [change for change in changes if not change.startswith("warnings")]


def told_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What an alert's payload says otherwise now: what happened, the plan, the parties. Wording and later knowledge do not count."""
    changes: list[str] = []
    for name in _TOLD:
        _compare(name, before.get(name), after.get(name), changes)
    return changes


def correction_message(earlier: Message, later: Message, changes: list[str]) -> Message:
    """The corrected alert, headed by what was told before and what was wrong with it. `changes` are in `told_changes`' words."""
    head = [
        "CORRECTION of what you were sent before: the filing has not changed, our reading of it has.",
        f"You were told: {earlier.title}",
        *changes,
    ]
    page = "<br>".join(html.escape(line) for line in head)
    return Message(
        title=f"Correction: {later.title}"[:SUBJECT_LIMIT],
        text="\n".join([*head, "", later.text]),
        html=f"<p>{page}</p>\n{later.html}",
    )


def _compare(path: str, before: Any, after: Any, changes: list[str]) -> None:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            _compare(f"{path}.{key}" if path else str(key), before.get(key), after.get(key), changes)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True), 1):
            _compare(f"{path} {number}", one, other, changes)
    elif before != after:
        changes.append(f"{path}: {_shown(before)} -> {_shown(after)}")


def _shown(value: object) -> str:
    if isinstance(value, list):
        return f"{len(value)} of them"
    return "nothing" if value is None else str(value)
