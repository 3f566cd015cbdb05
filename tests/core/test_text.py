"""What a filer typed, made safe to show: no control, no hidden and no overlong text reaches a terminal, a mail or a chat."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import JANE
from tests.core.samples import document
from tests.core.samples import facts
from tests.core.samples import held
from tests.core.samples import row
from watcher.core.model import Issuer
from watcher.core.model import Signature
from watcher.core.text import clean
from watcher.core.text import cleaned


@pytest.mark.parametrize(
    ("filed", "shown"),
    [
        ("Roe\r\nBcc: everybody", "Roe Bcc: everybody"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("abc\u202eexe.gpj", "abc exe.gpj"),
        ("Ex\u200bample", "Ex ample"),
        ("\u2066hidden\u2069", "hidden"),
        ("a\u2028b", "a b"),
        ("tag\U000e0041", "tag"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("  many \t spaces  ", "many spaces"),
        ("e\u0301", "é"),
        ("Müller & Söhne «AG»", "Müller & Söhne «AG»"),
    ],
)
def test_text_becomes_one_line_of_ordinary_characters(filed: str, shown: str) -> None:
    assert clean(filed, 100) == shown


def test_what_is_too_long_ends_in_an_ellipsis() -> None:
    assert clean("abcdef ghi", 8) == "abcdef…"
    assert clean("abcdefgh", 8) == "abcdefgh"


@given(st.text(alphabet=st.characters()), st.integers(min_value=2, max_value=50))
def test_clean_text_is_short_one_line_and_encodable_and_stays_as_it_is(text: str, limit: int) -> None:
    shown = clean(text, limit)
    assert len(shown) <= limit
    assert len(shown.splitlines()) <= 1
    assert shown.encode().decode() == shown
    assert clean(shown, limit) == shown


def test_every_text_of_a_document_is_made_safe() -> None:
    dirty = "a\x07b"
    filed = replace(
        document(
            row("S\x07", title=dirty, nature=dirty, footnotes={"price_per_share": ("F\x071",)}),
            held(1, nature=dirty),
            owners=[replace(JANE, name=dirty, officer_title=dirty, other_text=dirty)],
            footnotes={"F\x071": dirty},
            remarks=dirty,
            warnings=[dirty],
        ),
        issuer=Issuer("0009990001", dirty, dirty),
        signatures=(Signature(dirty, None),),
    )
    assert "\x07" in repr(filed) or "\\x07" in repr(filed)
    assert "\\x07" not in repr(cleaned(filed))


def test_figures_and_references_survive_the_cleaning() -> None:
    filed = document(row("S", "D", 100, "25.56", after=900, footnotes={"price_per_share": ("F1",)}), footnotes={"F1": "a note"})
    assert cleaned(filed) == filed


def test_a_safe_document_makes_a_message_without_controls() -> None:
    filed = document(row(title="Common\x1b[2J Stock"), footnotes={"F1": "\u202e10b5-1"})
    assert all(change.security_title.isprintable() for change in facts(cleaned(filed)).changes)
