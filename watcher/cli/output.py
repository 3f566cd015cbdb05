"""Standard output in whatever encoding it has: nothing is left unsaid for want of an arrow."""

from __future__ import annotations

import codecs
import io
import sys

_PLAIN = str.maketrans(
    {
        "−": "-",
        "–": "-",
        "—": "-",
        "·": "-",
        "•": "*",
        "→": "->",
        "…": "...",
        "✓": "ok",
        "✗": "no",
        "“": '"',
        "”": '"',
        "’": "'",
    }
)
_NAME = "in-plain-characters"


def make_output_writable() -> None:
    """Have standard output take every text: what its encoding lacks comes in plain characters, or as a backslash and a number.

    One that knows ASCII only is taken for one that was not told, and gets UTF-8, as click does.
    """
    codecs.register_error(_NAME, _in_plain_characters)
    if isinstance(sys.stdout, io.TextIOWrapper):
        ascii_only = codecs.lookup(sys.stdout.encoding).name == "ascii"
        sys.stdout.reconfigure(encoding="utf-8" if ascii_only else None, errors=_NAME)


def _in_plain_characters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_PLAIN)
    return text.encode("ascii", "backslashreplace").decode("ascii"), error.end
