"""A small EDGAR on the loopback interface, the filings it serves, and receivers of what is sent: for demo and tests.

Everything here binds 127.0.0.1 only, on a free port. All issuers and people are fictional.
"""

from __future__ import annotations
