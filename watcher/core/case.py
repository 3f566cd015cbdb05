"""Everything about one filing as files: what EDGAR sent, what was read, how it was judged, what was sent to whom, and the hashes.

The same store gives the same bytes: nothing here depends on the time, on the machine or on chance.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from watcher.core.message import sec_url

Row = Mapping[str, Any]

README = """Case {accession_number}

Form {form_type}, {issuer}. At the SEC: {url}

original.txt       {original}
parsed.json        what was read from it, in the shape of `watcher parse --json`{unread}
filing.json        when it was listed, seen, accepted and read, and why nobody was told, if nobody was
ledger.json        the positions it states beside those before, the events, and the amendments it is tied to
verdicts.json      every rule as it was judged, each condition with what was wanted and seen
                   (a rule without conditions matched everything, or they were removed by age, `keep_logs`)
deliveries.json    each message owed because of it: destination, state, and every attempt with its outcome
                   (of those removed by age only the number, `tries`, is left)
alerts/EVENT_ID/   each message, and each digest that carried one:
  payload.json     the exact bytes sent to a webhook, over which it was signed
  title.txt text.txt message.html slack.txt
                   the exact words kept for people. Services lay them out in their own way, cut them to their longest
                   length, and a possible repeat is marked as such when it is sent.
SHA256SUMS         `sha256sum -c SHA256SUMS` in this folder proves that all of these are as they were put here

Times are UTC. "promised" in deliveries.json is the hash of title, text, HTML, Slack text and payload (each parted from the next by
a zero byte), written when the alert was made and compared before each attempt.
"""
_KEPT = "the bytes as EDGAR sent them, SHA-256 {sha256}"
_REMOVED = "(not here) removed by age, `keep_originals`; its SHA-256 was {sha256}. EDGAR has it: {source}"
_NEVER = "(not here) it has not been read, or only in the SEC's data set, which has no originals. EDGAR may have it: {source}"
_WORDS = {"title.txt": "title", "text.txt": "text", "message.html": "html", "slack.txt": "slack"}


def case_files(
    filing: Row,
    *,
    original: bytes | None,
    original_sha256: str | None,
    reading: Row | None,
    ledger: Mapping[str, Sequence[Row]],
    verdicts: Sequence[Row],
    alerts: Sequence[Row],
    owed: Sequence[Row],
) -> dict[str, bytes]:
    """The files of a case by name, in order, the hashes last. Rows are the store's own; `owed` have their "attempts"."""
    number = filing["accession_number"]
    files = {"README.txt": _readme(filing, original, original_sha256, reading).encode()}
    if original is not None:
        files["original.txt"] = original
    if reading is not None:
        files["parsed.json"] = _json({"accession_number": number, "filed_at": filing["filed_at"], **reading})
    files["filing.json"] = _json(_unfolded(filing))
    files["ledger.json"] = _json({name: [_unfolded(row) for row in rows] for name, rows in ledger.items()})
    files["verdicts.json"] = _json([_unfolded(row) for row in verdicts])
    promised = {alert["event_id"]: alert["sha256"] for alert in alerts}
    files["deliveries.json"] = _json([{**row, "promised": promised[row["event_id"]]} for row in owed])
    for alert in alerts:
        folder = f"alerts/{alert['event_id']}"
        files[f"{folder}/payload.json"] = alert["payload"]
        files |= {f"{folder}/{name}": alert[column].encode() for name, column in _WORDS.items() if alert[column]}
    files["SHA256SUMS"] = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()).encode()
    return files


def _readme(filing: Row, original: bytes | None, sha256: str | None, reading: Row | None) -> str:
    source = f"https://www.sec.gov/Archives/edgar/data/{int(filing['path_cik'])}/{filing['accession_number']}.txt"
    words = _KEPT if original is not None else _REMOVED if sha256 else _NEVER
    return README.format(
        accession_number=filing["accession_number"],
        form_type=filing["form_type"],
        issuer=filing["issuer_name"] or "issuer not known",
        url=sec_url(filing["accession_number"], filing["path_cik"]),
        original=words.format(sha256=sha256, source=source),
        unread="" if reading is not None else " (not here: it could not be read, or not yet)",
    )


def _unfolded(row: Row) -> dict[str, Any]:
    """A stored row, with the lists that are kept in one column as lists."""
    return {name: _list(value) for name, value in row.items()}


def _list(value: Any) -> Any:
    """A text that is a JSON list, as one; a name may begin with a bracket too."""
    if not isinstance(value, str) or not value.startswith("["):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
