"""The schema, one function per released step. A step is never edited after its release; a change is a new step.

STRICT tables; money and shares as exact decimal text; times as UTC ISO 8601 with microseconds (so that text order is time order); JSON
where a list belongs to one row and is never searched.
"""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("watcher")

_FIRST = (
    # What we watch, by CIK. A watch taken out of the configuration keeps its row; put back, it is new again.
    """CREATE TABLE watch (
        key TEXT PRIMARY KEY, role TEXT NOT NULL, cik TEXT NOT NULL, ticker TEXT, name TEXT,
        rules TEXT NOT NULL, first_seen_at TEXT NOT NULL, baseline TEXT NOT NULL, removed_at TEXT
    ) STRICT""",
    "CREATE INDEX watch_cik ON watch (cik, role)",
    "CREATE TABLE ticker (ticker TEXT PRIMARY KEY, cik TEXT NOT NULL, name TEXT NOT NULL, resolved_at TEXT NOT NULL) STRICT",
    # Feed entries already looked at, so that paging knows where to stop.
    """CREATE TABLE seen (
        accession_number TEXT NOT NULL, cik TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (accession_number, cik)
    ) STRICT, WITHOUT ROWID""",
    # A filing that concerns a watch. `state`: pending, ingested, quarantined. `queue`: live, baseline.
    """CREATE TABLE filing (
        accession_number TEXT PRIMARY KEY, form_type TEXT NOT NULL, state TEXT NOT NULL, queue TEXT NOT NULL,
        path_cik TEXT NOT NULL, found_by TEXT NOT NULL, first_seen_at TEXT NOT NULL, listed_at TEXT, filed_on TEXT,
        tries INTEGER NOT NULL DEFAULT 0, next_at TEXT NOT NULL, reason TEXT,
        filed_at TEXT, ingested_at TEXT, issuer_cik TEXT, issuer_name TEXT, trading_symbol TEXT, period_of_report TEXT,
        date_of_original_submission TEXT, not_subject_to_section16 INTEGER, aff10b5_one INTEGER, schema_version TEXT, source TEXT,
        footnotes TEXT, remarks TEXT, signatures TEXT, warnings TEXT, silent_because TEXT
    ) STRICT""",
    "CREATE INDEX filing_due ON filing (queue, next_at) WHERE state = 'pending'",
    "CREATE INDEX filing_issuer ON filing (issuer_cik, filed_at)",
    """CREATE TABLE filing_party (
        accession_number TEXT NOT NULL REFERENCES filing, cik TEXT NOT NULL, role TEXT NOT NULL, name TEXT NOT NULL,
        PRIMARY KEY (accession_number, cik, role)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX filing_party_cik ON filing_party (cik)",
    # The bytes as EDGAR sent them and, where they could be read, what was read (JSON), both compressed (zlib).
    """CREATE TABLE original (
        accession_number TEXT PRIMARY KEY REFERENCES filing, sha256 TEXT NOT NULL, reader_version INTEGER NOT NULL,
        size INTEGER NOT NULL, content BLOB NOT NULL, reading BLOB
    ) STRICT""",
    """CREATE TABLE reporting_owner (
        accession_number TEXT NOT NULL REFERENCES filing, position INTEGER NOT NULL, cik TEXT, name TEXT, is_director INTEGER NOT NULL,
        is_officer INTEGER NOT NULL, is_ten_percent_owner INTEGER NOT NULL, is_other INTEGER NOT NULL, officer_title TEXT,
        other_text TEXT, PRIMARY KEY (accession_number, position)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX reporting_owner_cik ON reporting_owner (cik)",
    # One row of Table I or II, identified by its place: there is no natural key.
    """CREATE TABLE reported_row (
        accession_number TEXT NOT NULL REFERENCES filing, table_name TEXT NOT NULL, row_number INTEGER NOT NULL, holding_key TEXT NOT NULL,
        kind TEXT NOT NULL, security_title TEXT, transaction_date TEXT, deemed_execution_date TEXT, transaction_form_type TEXT,
        transaction_code TEXT, equity_swap_involved INTEGER, transaction_timeliness TEXT, shares TEXT, total_value TEXT,
        price_per_share TEXT, acquired_disposed TEXT, shares_owned_following TEXT, value_owned_following TEXT, direct_or_indirect TEXT,
        nature_of_ownership TEXT, conversion_or_exercise_price TEXT, exercise_date TEXT, expiration_date TEXT,
        underlying_security_title TEXT, underlying_security_shares TEXT, underlying_security_value TEXT, footnotes TEXT NOT NULL,
        derived TEXT NOT NULL, PRIMARY KEY (accession_number, table_name, row_number)
    ) STRICT, WITHOUT ROWID""",
    # The newest known position of each running balance.
    """CREATE TABLE holding (
        key TEXT PRIMARY KEY, issuer_cik TEXT NOT NULL, owners TEXT NOT NULL, table_name TEXT NOT NULL, security_title TEXT NOT NULL,
        direct_or_indirect TEXT, nature_of_ownership TEXT, shares TEXT, value TEXT, exercise_price TEXT, expiration_date TEXT,
        as_of TEXT, accession_number TEXT NOT NULL REFERENCES filing, filed_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX holding_issuer ON holding (issuer_cik, owners)",
    """CREATE TABLE holding_change (
        accession_number TEXT NOT NULL REFERENCES filing, position INTEGER NOT NULL, holding_key TEXT NOT NULL, before TEXT, after TEXT,
        change TEXT, unexplained TEXT, in_dollars INTEGER NOT NULL, PRIMARY KEY (accession_number, position)
    ) STRICT, WITHOUT ROWID""",
    # Every rule as it was judged, also where it did not match.
    """CREATE TABLE verdict (
        accession_number TEXT NOT NULL REFERENCES filing, watch_key TEXT NOT NULL, rule TEXT NOT NULL, matched INTEGER NOT NULL,
        conditions TEXT NOT NULL, PRIMARY KEY (accession_number, watch_key, rule)
    ) STRICT, WITHOUT ROWID""",
    # The promise to tell, and one owed row per destination; the words and bytes are stored, a retry sends the same.
    """CREATE TABLE alert (
        event_id TEXT PRIMARY KEY, accession_number TEXT, watch_key TEXT NOT NULL, rules TEXT NOT NULL, title TEXT NOT NULL,
        text TEXT NOT NULL, html TEXT NOT NULL, payload BLOB NOT NULL, sha256 TEXT NOT NULL, created_at TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX alert_accession ON alert (accession_number)",
    # `state`: pending, sending, retry, unknown, delivered, dead. `sending` is committed before the first byte leaves.
    """CREATE TABLE owed (
        id INTEGER PRIMARY KEY, event_id TEXT NOT NULL REFERENCES alert, destination TEXT NOT NULL, state TEXT NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0, may_repeat INTEGER NOT NULL DEFAULT 0, next_at TEXT NOT NULL, reason TEXT,
        created_at TEXT NOT NULL, delivered_at TEXT, UNIQUE (event_id, destination)
    ) STRICT""",
    "CREATE INDEX owed_due ON owed (destination, next_at) WHERE state IN ('pending', 'sending', 'retry', 'unknown')",
    """CREATE TABLE attempt (
        id INTEGER PRIMARY KEY, owed_id INTEGER NOT NULL REFERENCES owed, started_at TEXT NOT NULL, ended_at TEXT, outcome TEXT,
        reason TEXT
    ) STRICT""",
    "CREATE INDEX attempt_owed ON attempt (owed_id)",
    # How each day of EDGAR's index stood against the store, when it was last looked at; a day is proven when nothing is missing.
    """CREATE TABLE proof (
        day TEXT PRIMARY KEY, proven_at TEXT NOT NULL, watches INTEGER NOT NULL, indexed INTEGER NOT NULL, listed INTEGER NOT NULL,
        found INTEGER NOT NULL, alerted INTEGER NOT NULL, silent TEXT NOT NULL, missing TEXT NOT NULL
    ) STRICT""",
    # Single facts about the daemon's life, and its latest troubles.
    "CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    "CREATE TABLE trouble (id INTEGER PRIMARY KEY, at TEXT NOT NULL, source TEXT NOT NULL, text TEXT NOT NULL) STRICT",
)


@migrations()
def m001_first(db: Database) -> None:
    """The first released schema."""
    for statement in _FIRST:
        db.execute(statement)
