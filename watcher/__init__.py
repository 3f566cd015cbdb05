"""Tells people when an insider of an issuer they watch sold shares or exercised options, minutes after it is filed.

    poll      ask EDGAR what is new; remember the filings that concern a watch     (durable: pending filing)
    ingest    one filing: fetch, read, compare with what we hold, judge, commit    (durable: filing, holdings, alerts, owed messages)
    deliver   send what is owed; write down who was told                           (durable: delivery)
    baseline  a new watch: read its recent past; after a gap: what was missed      (durable: pending filing)
    reconcile prove nothing was missed: EDGAR's index of the day against the store (durable: pending filing, proof)

The steps meet in the store and never call each other. A step calls doors (`edgar`, `store`, `notify`) and the pure `core`;
a door speaks core types. `daemon` opens the doors and gives the scheduler its jobs.
"""

from __future__ import annotations

__version__ = "0.1.0"
