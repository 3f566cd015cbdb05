"""An alert as a line of a list: in a digest, or in the notice that a silence is over."""

from __future__ import annotations

from sqlite3 import Row

from watcher.core.folding import Waiting
from watcher.core.message import sec_url
from watcher.core.payload import encoded
from watcher.core.telling import Message
from watcher.store.outbox import digest_of

# What `listed` wants of `owed JOIN alert USING (event_id)`.
LISTED = (
    "owed.id, event_id, alert.accession_number, title, text, html, slack, payload, sha256, may_repeat,"
    " (SELECT path_cik FROM filing WHERE filing.accession_number = alert.accession_number) AS path_cik"
)
DAMAGED = "an alert whose words are damaged in the store"


def is_as_written(row: Row) -> bool:
    """Whether an alert's row still holds, in every form, what was written."""
    return digest_of(Message(row["title"], row["text"], row["html"], row["slack"]), row["payload"]) == str(row["sha256"])


def listed(row: Row, *, marked: bool = False) -> Waiting:
    """The alert; where it is `marked`, one that may have arrived says so.

    Of one that is not as it was written only the number and the link are told: it is not left out, and nothing wrong is told of it.
    """
    title, payload = row["title"], row["payload"]
    if not is_as_written(row):
        number, cik = row["accession_number"], row["path_cik"] or row["accession_number"][:10]
        title, payload = DAMAGED, encoded({"accession_number": number, "url": sec_url(number, cik)})
    return Waiting(row["id"], row["event_id"], f"[possible repeat] {title}" if marked and row["may_repeat"] else title, payload)
