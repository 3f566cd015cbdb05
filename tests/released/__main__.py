"""Record what a store of this release looks like."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.test_migrations import RELEASED
from tests.test_migrations import make_store
from tests.test_migrations import recorded


def main() -> None:
    """Write the record of the release that the command line names, unless there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "watcher.db"
        make_store(path)
        with (RELEASED / f"{asked.release}.sql").open("x", encoding="utf-8") as record:
            record.write(recorded(path))


if __name__ == "__main__":
    main()
