"""What a store says of filings, without what is of our own doing and our own time: for comparing two stores."""

from __future__ import annotations

from watcher.store import Store

_OURS = {"first_seen_at", "ingested_at", "next_at", "queue", "tries", "unserved", "holding_id", "id", "found_by"}
_TABLES = (
    *(
        "filing",
        "filing_party",
        "reading",
        "original",
        "holding",
        "event",
        "event_owner",
        "amendment",
        "verdict",
        "alert",
        "owed",
    ),
)


def content(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every table's rows, in an order that does not depend on when they were written."""
    queries = {name: f"SELECT * FROM {name}" for name in _TABLES}  # noqa: S608 -- names of our own schema
    queries["position"] = "SELECT key, position.* FROM position JOIN holding ON holding.id = holding_id"
    return {
        name: sorted((tuple(row[key] for key in row.keys() if key not in _OURS) for row in store.rows(sql)), key=repr)  # noqa: SIM118 -- a Row iterates over its values
        for name, sql in queries.items()
    }
