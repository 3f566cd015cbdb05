"""Fixtures shared by all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real filings and recorded responses; tests that need it are skipped, saying so, where it is absent."""
    if not CORPUS.is_dir():
        pytest.skip(f"the corpus of real filings is not here ({CORPUS.name} beside the checkout): tests on it are skipped")
    return CORPUS
