"""Standard output in whatever encoding it has, and where it is closed or full: nothing is left unsaid for want of an arrow."""

from __future__ import annotations

import codecs
import io
import os
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


def open_what_is_closed() -> None:
    """Put the null device behind each of standard input, output and error that is closed (`>&-`).

    Python has `None` for such a stream, and the next file that is opened would get its number.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))


def give_output_up() -> None:
    """Let go of what could not be written: Python would try again as it ends, and exit with a status of its own (120)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
