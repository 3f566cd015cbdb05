"""Text from a filing made safe to show, once, at the model's edge. Escaping for Slack, HTML or a terminal is each channel's own."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import Any

from watcher.core.model import Issuer
from watcher.core.model import OwnershipDocument
from watcher.core.model import ReportingOwner
from watcher.core.model import Row
from watcher.core.model import Signature

# C0 and C1 controls, zero-width and invisible operators, bidi controls, line separators, the tags block, interlinear marks,
# surrogates (which no encoding can carry).
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffc\ud800-\udfff\U000e0000-\U000e0fff]+"
)
_SPACES = re.compile(r"\s+")

# Longest that each kind of text may legally be (specification v5.5), with room for old forms.
NAME, TITLE, LONG = 200, 120, 4000


def clean(text: str, limit: int) -> str:
    """One line of ordinary characters, at most `limit` long (then it ends in an ellipsis); composed as NFC."""
    if text.isascii() and text.isprintable() and len(text) <= limit and "  " not in text and text[:1] != " " != text[-1:]:
        return text  # as most are
    flat = _SPACES.sub(" ", _UNSAFE.sub(" ", unicodedata.normalize("NFC", text))).strip()
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def _clean(text: str | None, limit: int) -> str | None:
    return None if text is None else clean(text, limit)


def cleaned(document: OwnershipDocument) -> OwnershipDocument:
    """The document with every text made safe. Figures, dates and footnote references stay as they are."""
    issuer = document.issuer
    return replace(
        document,
        issuer=Issuer(issuer.cik, _clean(issuer.name, NAME), _clean(issuer.trading_symbol, 20)),
        reporting_owners=tuple(_clean_owner(owner) for owner in document.reporting_owners),
        non_derivative_table=tuple(_clean_row(row) for row in document.non_derivative_table),
        derivative_table=tuple(_clean_row(row) for row in document.derivative_table),
        footnotes={clean(key, 10): clean(text, LONG) for key, text in document.footnotes.items()},
        remarks=_clean(document.remarks, LONG),
        signatures=tuple(Signature(_clean(one.name, NAME), one.date) for one in document.signatures),
        warnings=tuple(clean(warning, 300) for warning in document.warnings),
    )


def _clean_owner(owner: ReportingOwner) -> ReportingOwner:
    return replace(
        owner,
        name=_clean(owner.name, NAME),
        officer_title=_clean(owner.officer_title, TITLE),
        other_text=_clean(owner.other_text, TITLE),
    )


_ROW_LIMITS = (
    ("security_title", TITLE),
    ("transaction_form_type", 5),
    ("transaction_code", 5),
    ("transaction_timeliness", 5),
    ("acquired_disposed", 5),
    ("direct_or_indirect", 5),
    ("nature_of_ownership", NAME),
    ("underlying_security_title", TITLE),
)


def _clean_row(row: Row) -> Row:
    changed: dict[str, Any] = {}
    for name, limit in _ROW_LIMITS:
        text = getattr(row, name)
        if text is not None and (safe := clean(text, limit)) is not text:
            changed[name] = safe
    notes = {name: tuple(clean(note, 10) for note in notes) for name, notes in row.footnotes.items()}
    if notes != row.footnotes:
        changed["footnotes"] = notes
    return replace(row, **changed) if changed else row
