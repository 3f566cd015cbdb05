"""What the experiments have in common on the command line: what may be asked for, and where the result is written."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

NO_CHANCE = "not used: nothing here is left to chance"


def command_parser(about: str | None, *, trials: int | None = None, seed: str | None = None) -> argparse.ArgumentParser:
    """A parser with `--json PATH`, `--seed` (its help in `seed`) and, where there are any by default, `--trials`."""
    made = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    if trials is not None:
        made.add_argument("--trials", type=int, default=trials)
    made.add_argument("--seed", type=int, default=1, help=seed)
    made.add_argument("--json", type=Path, help="write the result there")
    return made


def write_result(result: object, path: Path | None) -> None:
    """Write the result, made of what JSON knows and of dataclasses, where a path is given."""
    if path is not None:
        path.write_text(json.dumps(result, indent=1, default=asdict) + "\n", "utf-8")


def write_or_show(result: object, path: Path | None) -> None:
    """As `write_result`, and on standard output without a path; on one line."""
    text = json.dumps(result, default=asdict) + "\n"
    if path is not None:
        path.write_text(text, "utf-8")
    else:
        sys.stdout.write(text)
