"""The schema, one function per released step. A step is never edited after its release; a change is a new step.

STRICT tables; money and shares as exact decimal text; times as UTC ISO 8601 with microseconds (so that text order is time order); JSON
where a list belongs to one row and is never searched.
"""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("watcher")

_ROW_COLUMNS = (
    *("kind", "security_title", "transaction_date", "deemed_execution_date", "transaction_form_type", "transaction_code"),
    *("equity_swap_involved", "transaction_timeliness", "shares", "total_value", "price_per_share", "acquired_disposed"),
    *(
        "shares_owned_following",
        "value_owned_following",
        "direct_or_indirect",
        "nature_of_ownership",
        "conversion_or_exercise_price",
    ),
    *("exercise_date", "expiration_date", "underlying_security_title", "underlying_security_shares", "underlying_security_value"),
    *("footnotes", "derived"),
)


_ROW_NUMBER = "'{}' AS table_name, key + 1 AS row_number"
_OWNER_COLUMNS = (
    *("cik", "name", "is_director", "is_officer", "is_ten_percent_owner", "is_other", "officer_title", "other_text"),
)


def _each(place: str, names: tuple[str, ...], number: str) -> str:
    """One line for each member of a list in what was read, under these names, after its place in the list."""
    columns = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in names)
    return f"SELECT accession_number, {number}, {columns} FROM reading, json_each(content, '$.{place}')"  # noqa: S608 -- built from constants


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
    # A filing that concerns a watch. `state`: pending, ingested, quarantined. `queue`: live, baseline. Of its `tries`, `unserved` were
    # answered with no document, or with the beginning of one.
    """CREATE TABLE filing (
        accession_number TEXT PRIMARY KEY, form_type TEXT NOT NULL, state TEXT NOT NULL, queue TEXT NOT NULL,
        path_cik TEXT NOT NULL, found_by TEXT NOT NULL, first_seen_at TEXT NOT NULL, listed_at TEXT, filed_on TEXT,
        tries INTEGER NOT NULL DEFAULT 0, unserved INTEGER NOT NULL DEFAULT 0, next_at TEXT NOT NULL, reason TEXT,
        filed_at TEXT, ingested_at TEXT, issuer_cik TEXT, issuer_name TEXT, trading_symbol TEXT, period_of_report TEXT,
        date_of_original_submission TEXT, not_subject_to_section16 INTEGER, aff10b5_one INTEGER, schema_version TEXT, source TEXT,
        remarks TEXT, warnings TEXT, silent_because TEXT,
        owners TEXT, timeliness TEXT, transactions_key TEXT
    ) STRICT""",
    "CREATE INDEX filing_due ON filing (queue, next_at) WHERE state = 'pending'",
    "CREATE INDEX filing_quarantined ON filing (accession_number) WHERE state = 'quarantined'",
    "CREATE INDEX filing_issuer ON filing (issuer_cik, filed_at)",
    "CREATE INDEX filing_transactions ON filing (transactions_key) WHERE transactions_key IS NOT NULL",
    """CREATE TABLE filing_party (
        accession_number TEXT NOT NULL REFERENCES filing, cik TEXT NOT NULL, role TEXT NOT NULL, name TEXT NOT NULL,
        PRIMARY KEY (accession_number, cik, role)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX filing_party_cik ON filing_party (cik)",
    # The bytes as EDGAR sent them, compressed (zlib; NULL once removed by age), and what was read from them (`core.payload.document_json`).
    """CREATE TABLE original (
        accession_number TEXT PRIMARY KEY REFERENCES filing, sha256 TEXT NOT NULL, reader_version INTEGER NOT NULL,
        size INTEGER NOT NULL, content BLOB
    ) STRICT""",
    """CREATE TABLE reading (
        accession_number TEXT PRIMARY KEY REFERENCES filing, content TEXT NOT NULL, crc32 INTEGER NOT NULL
    ) STRICT""",
    # The owners and the rows of Tables I and II as they were read, for people who look into the file with a program of theirs: our own
    # connection trusts no schema, so it does not read views with JSON in them. A row is identified by its place: it has no natural key.
    f"CREATE VIEW reporting_owner AS {_each('reporting_owners', _OWNER_COLUMNS, 'key AS position')}",
    " UNION ALL ".join(
        (
            f"CREATE VIEW reported_row AS {_each('non_derivative_table', _ROW_COLUMNS, _ROW_NUMBER.format('I'))}",
            _each("derivative_table", _ROW_COLUMNS, _ROW_NUMBER.format("II")),
        )
    ),
    # A running balance, with its newest known position; and each position that a filing states, beside the one before it.
    """CREATE TABLE holding (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, issuer_cik TEXT NOT NULL, owners TEXT NOT NULL, table_name TEXT NOT NULL,
        security_title TEXT NOT NULL, direct_or_indirect TEXT, nature_of_ownership TEXT, shares TEXT, value TEXT, exercise_price TEXT,
        expiration_date TEXT, as_of TEXT NOT NULL, filed_at TEXT NOT NULL, accession_number TEXT NOT NULL REFERENCES filing
    ) STRICT""",
    "CREATE INDEX holding_owners ON holding (issuer_cik, owners)",
    """CREATE TABLE position (
        holding_id INTEGER NOT NULL REFERENCES holding, as_of TEXT NOT NULL, filed_at TEXT NOT NULL,
        accession_number TEXT NOT NULL REFERENCES filing, issuer_cik TEXT NOT NULL, shares TEXT, value TEXT, moved TEXT, opening TEXT,
        before TEXT, before_accession TEXT, unexplained TEXT, standing TEXT NOT NULL, candidates TEXT,
        PRIMARY KEY (holding_id, as_of, filed_at, accession_number)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX position_accession ON position (accession_number)",
    "CREATE INDEX position_gap ON position (issuer_cik, as_of) WHERE standing = 'gap'",
    # What happened, as later filings are compared with it: an exercise-and-sell by its parts, an amended filing as amended.
    # `crc32` is over the other columns: nothing else in the store says the same.
    """CREATE TABLE event (
        accession_number TEXT NOT NULL REFERENCES filing, number INTEGER NOT NULL, issuer_cik TEXT NOT NULL, owners TEXT NOT NULL,
        kind TEXT NOT NULL, security TEXT NOT NULL, shares TEXT, value TEXT, first_on TEXT, last_on TEXT NOT NULL, planned INTEGER,
        adopted TEXT, filed_at TEXT NOT NULL, crc32 INTEGER NOT NULL, PRIMARY KEY (accession_number, number)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX event_issuer ON event (issuer_cik, kind, last_on)",
    """CREATE TABLE event_owner (
        owner_cik TEXT NOT NULL, issuer_cik TEXT NOT NULL, last_on TEXT NOT NULL, accession_number TEXT NOT NULL, number INTEGER NOT NULL,
        PRIMARY KEY (owner_cik, issuer_cik, last_on, accession_number, number)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX event_owner_filing ON event_owner (accession_number)",
    # Which filing an amendment amends, as far as it is known.
    """CREATE TABLE amendment (
        accession_number TEXT PRIMARY KEY REFERENCES filing, state TEXT NOT NULL, original TEXT, issuer_cik TEXT NOT NULL,
        filed_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX amendment_original ON amendment (original) WHERE original IS NOT NULL",
    "CREATE INDEX amendment_untied ON amendment (issuer_cik, filed_at) WHERE original IS NULL",
    # Quarterly and annual reports of watched issuers: cooling-off periods of plans count from them.
    """CREATE TABLE periodic_report (
        issuer_cik TEXT NOT NULL, period TEXT NOT NULL, form_type TEXT NOT NULL, filed_on TEXT NOT NULL,
        PRIMARY KEY (issuer_cik, period, form_type, filed_on)
    ) STRICT, WITHOUT ROWID""",
    # Every rule as it was judged, also where it did not match.
    """CREATE TABLE verdict (
        accession_number TEXT NOT NULL REFERENCES filing, watch_key TEXT NOT NULL, rule TEXT NOT NULL, matched INTEGER NOT NULL,
        conditions TEXT NOT NULL, PRIMARY KEY (accession_number, watch_key, rule)
    ) STRICT, WITHOUT ROWID""",
    # The promise to tell, and one owed row per destination; the words and bytes are stored, a retry sends the same.
    """CREATE TABLE alert (
        event_id TEXT PRIMARY KEY, accession_number TEXT, watch_key TEXT NOT NULL, rules TEXT NOT NULL, title TEXT NOT NULL,
        text TEXT NOT NULL, html TEXT NOT NULL, slack TEXT NOT NULL, payload BLOB NOT NULL, sha256 TEXT NOT NULL, created_at TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX alert_accession ON alert (accession_number)",
    "CREATE INDEX alert_created ON alert (created_at)",
    # What somebody asked not to be told for a while. It may outlast its alerts: a row is never deleted.
    """CREATE TABLE silence (
        id INTEGER PRIMARY KEY, issuer_cik TEXT, ticker TEXT, owner TEXT, rule TEXT, destination TEXT, begins TEXT NOT NULL,
        ends TEXT NOT NULL, why TEXT NOT NULL, removed INTEGER NOT NULL DEFAULT 0, announced_at TEXT
    ) STRICT""",
    # `state`: pending, sending, retry, unknown, held, folded, delivered, dead, quiet, silenced. `sending` is committed before the first
    # byte leaves. A row whose alert a digest carries names that alert's event in `digest`, and becomes what the digest becomes.
    # `woken_at` is when the quiet that kept it was over.
    """CREATE TABLE owed (
        id INTEGER PRIMARY KEY, event_id TEXT NOT NULL REFERENCES alert, destination TEXT NOT NULL, state TEXT NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0, may_repeat INTEGER NOT NULL DEFAULT 0, next_at TEXT NOT NULL, reason TEXT,
        created_at TEXT NOT NULL, delivered_at TEXT, digest TEXT REFERENCES alert, silence INTEGER REFERENCES silence, woken_at TEXT,
        UNIQUE (event_id, destination)
    ) STRICT""",
    "CREATE INDEX owed_quiet ON owed (destination) WHERE state = 'quiet'",
    "CREATE INDEX owed_dead ON owed (destination) WHERE state = 'dead'",
    "CREATE INDEX owed_silence ON owed (silence) WHERE silence IS NOT NULL",
    "CREATE INDEX owed_digest ON owed (digest) WHERE digest IS NOT NULL",
    """CREATE TRIGGER owed_carried AFTER UPDATE OF state ON owed WHEN NEW.digest IS NULL
    BEGIN
        UPDATE owed SET state = CASE WHEN NEW.state IN ('delivered', 'dead', 'held') THEN NEW.state ELSE 'folded' END,
            reason = NEW.reason, delivered_at = NEW.delivered_at
        WHERE digest = NEW.event_id AND destination = NEW.destination;
    END""",
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
