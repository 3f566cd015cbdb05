"""An alert for people: its outline, laid out as one subject line, plain text, HTML and for Slack. Links are only ones built here."""

from __future__ import annotations

from watcher.core.findings import FilingFacts
from watcher.core.outline import outline
from watcher.core.rendering import rendered
from watcher.core.telling import Line
from watcher.core.telling import Message
from watcher.core.telling import Outline
from watcher.core.telling import Reasons
from watcher.core.telling import Section
from watcher.core.telling import WatchedAs
from watcher.core.wording import SUBJECT_LIMIT
from watcher.core.wording import shortened
from watcher.core.wording import subject

__all__ = ["SUBJECT_LIMIT", "Reasons", "alert_message", "quarantine_message", "sec_url", "shortened", "subject"]


def sec_url(accession_number: str, cik: str) -> str:
    """The SEC's index page of a filing. Built from digits only."""
    return f"https://www.sec.gov/Archives/edgar/data/{int(cik)}/{accession_number.replace('-', '')}/{accession_number}-index.htm"


def alert_message(facts: FilingFacts, reasons: Reasons) -> Message:
    """The message for one filing and watch, in our own words. `facts.document` must have been made safe (`core.text.cleaned`)."""
    return rendered(outline(facts, reasons))


def quarantine_message(accession_number: str, form_type: str, names: str, reason: str, url: str, watch: WatchedAs) -> Message:
    """For a filing we could not read: that it exists, why it is not understood, and where to read it."""
    known = (Line(accession_number, label="Accession number"), Line(reason, label="Reason"))
    todo = (
        Line("Please read it at the SEC: a sale or an exercise may stand in it."),
        Line(f"watcher why {accession_number}"),
    )
    return rendered(
        Outline(
            subject=shortened(f"{watch.shown}: a Form {form_type} was filed that could not be read", SUBJECT_LIMIT),
            headline=f"{watch.shown}: Form {form_type} of {names or 'parties not legible'} could not be read",
            owners=(),
            sections=(Section("What is known", known), Section("What to do", todo)),
            links=(("Filing", url),),
        )
    )
