"""What one more filing costs does not grow with the store: nothing that is asked on its way reads through a whole table."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from bench.growth import lot
from bench.growth import open_store
from bench.growth import parts
from bench.growth import put
from bench.growth import quiet
from bench.growth import watched
from tests.history import history

SMALL = {"watch", "silence"}  # as many rows as the user has made


def test_no_statement_on_the_way_of_a_filing_reads_a_whole_table(tmp_path: Path) -> None:
    store, config = open_store(tmp_path, watched())
    asked: set[str] = set()
    store._connection.set_trace_callback(asked.add)
    made = lot(0, history(1, 400))
    for number, some in enumerate(parts(made.filings)):
        put(store, config, made.watch if number else quiet(made.watch), some)
    store.close()
    scans = {}
    with sqlite3.connect(config.store.path) as database:
        for sql in asked:
            if sql.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "INSERT")):
                for *_, step in database.execute(f"EXPLAIN QUERY PLAN {sql}"):
                    words = step.split()
                    if words[0] == "SCAN" and words[1] not in (*SMALL, "CONSTANT"):
                        scans[" ".join(sql.split())] = step
    assert len(asked) > 400
    assert scans == {}
