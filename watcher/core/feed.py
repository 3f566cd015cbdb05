"""EDGAR's list of current filings (Atom) to entries, and entries to filings. Asks nobody and remembers nothing.

One entry stands for one filing *and party*: all entries of an accession share an `<id>`, may be interleaved with another filing's and
may straddle pages, so nothing may be dropped before they are grouped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from lxml import etree

from watcher.core.codes import FORM_TYPES
from watcher.core.errors import FeedUnreadable
from watcher.core.listing import FeedEntry
from watcher.core.listing import FeedPage
from watcher.core.listing import FilingRef
from watcher.core.listing import Party
from watcher.core.submission import EASTERN

_ATOM = "{http://www.w3.org/2005/Atom}"
_ACCESSION = re.compile(r"accession-number=([0-9]{10}-[0-9]{2}-[0-9]{6})$")
# From the right: names themselves hold parentheses and dashes, as "General Atlantic (SPV) GP, LLC (0001793940) (Reporting)".
_PARTY = re.compile(r"\(([0-9]{10})\) \(([^()]+)\)$")
_PATH_CIK = re.compile(r"/edgar/data/([0-9]{1,10})/")
_ROLES = {"Issuer": "issuer", "Reporting": "owner"}


def parse_feed(body: bytes) -> FeedPage:
    """Read one page. An empty page is a `FeedPage` without entries: whether that can be true is for the caller to judge.

    Raises `FeedUnreadable` when the body is no Atom feed, or one entry lacks its accession number, form type, party or time: a list
    that changed its shape must not pass for a list with nothing new.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(body.strip(), parser)
    except (etree.XMLSyntaxError, LookupError) as error:
        raise FeedUnreadable(f"EDGAR's list of current filings is not well-formed: {error}") from None
    if root.tag != f"{_ATOM}feed":
        raise FeedUnreadable(f"where a list of current filings was expected, EDGAR sent <{str(root.tag)[:60]}>")
    generated = root.findtext(f"{_ATOM}updated")
    return FeedPage(
        entries=tuple(_entry(element) for element in root.iterchildren(f"{_ATOM}entry")),
        generated_at=_time(generated) if generated else None,
    )


def group(entries: Iterable[FeedEntry]) -> list[FilingRef]:
    """Gather entries into filings of the forms 3, 4, 5 and /A, exactly by name, in order of first appearance."""
    grouped: dict[str, list[FeedEntry]] = {}
    for entry in entries:
        grouped.setdefault(entry.accession_number, []).append(entry)
    refs = []
    for accession_number, group_entries in grouped.items():
        first = group_entries[0]
        if first.form_type not in FORM_TYPES:
            continue
        parties = dict.fromkeys(Party(entry.cik, _ROLES.get(entry.role, "unknown"), entry.name) for entry in group_entries)
        issuer = next((party for party in parties if party.role == "issuer"), None)
        refs.append(
            FilingRef(
                accession_number=accession_number,
                form_type=first.form_type,
                parties=tuple(parties),
                path_cik=issuer.cik if issuer else first.cik,
                listed_at=first.updated,
            )
        )
    return refs


def _entry(element: etree._Element) -> FeedEntry:
    title = (element.findtext(f"{_ATOM}title") or "").strip()
    accession = _ACCESSION.search((element.findtext(f"{_ATOM}id") or "").strip())
    category = element.find(f"{_ATOM}category")
    form_type = category.get("term", "").strip() if category is not None else ""
    link = element.find(f"{_ATOM}link")
    url = link.get("href", "") if link is not None else ""
    updated = _time(element.findtext(f"{_ATOM}updated") or "")
    party = _PARTY.search(title)
    path_cik = _PATH_CIK.search(url)
    cik = party[1] if party else path_cik[1].zfill(10) if path_cik else None
    if accession is None or not form_type or cik is None or updated is None:
        raise FeedUnreadable(f"EDGAR's list of current filings changed its shape: an entry reads {title[:100]!r}")
    name = title[: party.start()].removeprefix(f"{form_type} - ").strip() if party else title
    return FeedEntry(
        accession_number=accession[1],
        form_type=form_type,
        role=party[2] if party else "",
        cik=cik,
        name=name,
        updated=updated,
        url=url,
    )


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=EASTERN)
