"""The stores of the releases, as SQL text, from which every later release must be able to go on (`tests/test_migrations.py`).

    python -m tests.released 0.1.0

writes `0.1.0.sql`: once for each release that changed the schema, and never again.
"""
