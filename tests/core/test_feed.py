"""EDGAR's list of current filings: what its entries say, what belongs together, and what is no list at all."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.core.errors import FeedUnreadable
from watcher.core.feed import group
from watcher.core.feed import parse_feed
from watcher.core.listing import FeedEntry
from watcher.core.listing import Party
from watcher.core.submission import EASTERN

Listed = tuple[str, str, str, str]  # form type, name, CIK, role
EXAMPLE: Listed = ("4", "Example Corp", "0009990001", "Issuer")
JANE: Listed = ("4", "Roe Jane", "0009980001", "Reporting")


def accession(number: int) -> str:
    return f"0000000000-26-{number:06}"


def entry(number: int, listed: Listed, updated: str = "2026-06-17T18:42:10-04:00") -> str:
    form, name, cik, role = listed
    return f"""<entry>
<title>{escape(f"{form} - {name} ({cik}) ({role})")}</title>
<link rel="alternate" href="https://www.sec.gov/Archives/edgar/data/{int(cik)}/x/{accession(number)}-index.htm"/>
<summary type="html"> &lt;b&gt;Filed:&lt;/b&gt; 2026-06-17</summary>
<updated>{updated}</updated>
<category scheme="https://www.sec.gov/" label="form type" term="{form}"/>
<id>urn:tag:sec.gov,2008:accession-number={accession(number)}</id>
</entry>"""


def page(*entries: str, encoding: str = "ISO-8859-1") -> bytes:
    text = f"""<?xml version="1.0" encoding="{encoding}" ?>
<feed xmlns="http://www.w3.org/2005/Atom">
<title>Latest Filings - Wed, 17 Jun 2026 18:43:00 EDT</title>
<updated>2026-06-17T18:43:00-04:00</updated>
{"".join(entries)}</feed>"""
    return text.encode(encoding)


def test_an_entry_is_read_with_its_party_and_its_moment() -> None:
    read = parse_feed(page(entry(7, EXAMPLE)))
    assert read.entries == (
        FeedEntry(
            accession_number=accession(7),
            form_type="4",
            role="Issuer",
            cik="0009990001",
            name="Example Corp",
            updated=datetime(2026, 6, 17, 18, 42, 10, tzinfo=EASTERN),
            url=f"https://www.sec.gov/Archives/edgar/data/9990001/x/{accession(7)}-index.htm",
        ),
    )
    assert read.generated_at == datetime(2026, 6, 17, 18, 43, tzinfo=EASTERN)


@pytest.mark.parametrize(
    "name",
    [
        "Example Fund (SPV) GP, LLC",
        "Roe - Doe Trust",
        "4 - Example (Issuer)",
        "Example (0001234567) (Reporting) Holdings",
        "Example & Söhne",
        "O'Roe",
    ],
)
def test_a_name_may_hold_parentheses_dashes_and_ciks(name: str) -> None:
    (read,) = parse_feed(page(entry(1, ("4", name, "0009990001", "Issuer")))).entries
    assert (read.name, read.cik, read.role) == (name, "0009990001", "Issuer")


def test_the_prolog_decides_how_bytes_are_read() -> None:
    listed = ("4", "Müller", "0009980001", "Reporting")
    assert parse_feed(page(entry(1, listed))) == parse_feed(page(entry(1, listed), encoding="UTF-8"))


def test_an_entry_without_a_party_in_its_title_is_known_by_the_path() -> None:
    (read,) = parse_feed(page(entry(1, EXAMPLE).replace(" (0009990001) (Issuer)", ""))).entries
    assert (read.cik, read.role, read.name) == ("0009990001", "", "4 - Example Corp")
    assert group([read])[0].parties == (Party("0009990001", "unknown", "4 - Example Corp"),)


def test_a_time_without_a_zone_is_new_york_s() -> None:
    (read,) = parse_feed(page(entry(1, EXAMPLE, "2026-01-05T10:00:00"))).entries
    assert read.updated == datetime(2026, 1, 5, 10, tzinfo=EASTERN)


def test_a_page_without_entries_is_a_page() -> None:
    assert parse_feed(page()).entries == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n",
        b"<!DOCTYPE html><html><head><title>SEC.gov | File Unavailable</title></head><body><br></body></html>",
        b"<html xmlns='http://www.w3.org/1999/xhtml'><body/></html>",
        b"<Error><Code>AccessDenied</Code></Error>",
        b"<feed><entry/></feed>",
        b"{}",
        b"\x1f\x8b\x08garbage",
        page(entry(1, EXAMPLE))[:-20],
        page(entry(1, EXAMPLE)).replace(b"ISO-8859-1", b"no-such-encoding"),
    ],
    ids=["empty", "blank", "html", "xhtml", "s3", "no namespace", "json", "gzip", "cut short", "unknown encoding"],
)
def test_what_is_no_list_is_unreadable_and_not_nothing_new(body: bytes) -> None:
    with pytest.raises(FeedUnreadable):
        parse_feed(body)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("urn:tag:sec.gov,2008:accession-number=", "urn:tag:sec.gov,2008:accession-nunber="),
        ('term="4"', 'term=""'),
        ("<category", "<kind"),
        ("<updated>2026-06-17T18:42:10-04:00", "<updated>yesterday"),
        ("0000000000-26-000001</id>", "0000000000-26-00001</id>"),
        (" (0009990001) (Issuer)</title>\n<link", "</title>\n<a"),
    ],
)
def test_an_entry_of_another_shape_stops_the_page(was: str, now: str) -> None:
    changed = entry(1, EXAMPLE).replace(was, now)
    assert changed != entry(1, EXAMPLE)
    with pytest.raises(FeedUnreadable, match="changed its shape"):
        parse_feed(page(entry(2, EXAMPLE), changed))


def test_an_entity_is_not_expanded() -> None:
    bomb = b'<!DOCTYPE feed [<!ENTITY a "4 - Example Corp (0009990001) (Issuer)">]>'
    body = page(entry(1, EXAMPLE).replace("4 - Example Corp (0009990001) (Issuer)", "&a;"))
    assert parse_feed(body.replace(b"<feed", bomb + b"<feed", 1)).entries[0].name == ""


def test_the_entries_of_a_filing_are_one_filing() -> None:
    (filing,) = group(parse_feed(page(entry(1, JANE), entry(1, EXAMPLE), entry(1, JANE))).entries)
    assert filing.accession_number == accession(1)
    assert filing.parties == (Party("0009980001", "owner", "Roe Jane"), Party("0009990001", "issuer", "Example Corp"))
    assert filing.path_cik == "0009990001"
    assert filing.listed_at == datetime(2026, 6, 17, 18, 42, 10, tzinfo=EASTERN)


@pytest.mark.parametrize(
    ("form", "counts"), [("4", 1), ("4/A", 1), ("3", 1), ("5/A", 1), ("424B2", 0), ("40-APP", 0), ("497", 0)]
)
def test_only_the_forms_of_section_16_are_kept_by_exact_name(form: str, counts: int) -> None:
    assert len(group(parse_feed(page(entry(1, (form, *EXAMPLE[1:])))).entries)) == counts


def test_odd_roles_are_parties_too() -> None:
    (filing,) = group(parse_feed(page(entry(1, ("4", "Example Corp", "0009990001", "Filed by")))).entries)
    assert filing.parties == (Party("0009990001", "unknown", "Example Corp"),)


def test_a_filing_that_straddles_pages_is_one() -> None:
    pages = [page(entry(1, EXAMPLE), entry(2, JANE)), page(entry(2, EXAMPLE), entry(3, EXAMPLE))]
    filings = group(itertools.chain.from_iterable(parse_feed(body).entries for body in pages))
    assert [(filing.accession_number, len(filing.parties)) for filing in filings] == [
        (accession(1), 1),
        (accession(2), 2),
        (accession(3), 1),
    ]


LISTED = st.lists(
    st.tuples(st.integers(1, 5), st.sampled_from([EXAMPLE, JANE, ("4", "Doe Alex", "0009980002", "Reporting")])), max_size=12
)


@given(LISTED.flatmap(lambda listed: st.tuples(st.just(listed), st.permutations(listed))))
def test_no_order_of_the_entries_changes_a_filing(
    orders: tuple[Sequence[tuple[int, Listed]], Sequence[tuple[int, Listed]]],
) -> None:
    one, other = (
        {
            (filing.accession_number, frozenset(filing.parties), filing.form_type, filing.listed_at)
            for filing in group(parse_feed(page(*(entry(number, listed) for number, listed in order))).entries)
        }
        for order in orders
    )
    assert one == other


def test_in_the_recorded_lists_every_form_4_is_one_filing_with_one_issuer(corpus: Path) -> None:
    for run in sorted((corpus / "feeds" / "getcurrent").iterdir()):
        entries = [one for path in sorted(run.glob("*.atom")) for one in parse_feed(path.read_bytes()).entries]
        filings = group(entries)
        listed = {one.accession_number for one in entries if one.form_type in {"3", "3/A", "4", "4/A", "5", "5/A"}}
        assert len(filings) == len(listed) > 600
        assert {filing.accession_number for filing in filings} == listed
        for filing in filings:
            issuers = [party for party in filing.parties if party.role == "issuer"]
            assert len(issuers) == 1, filing
            assert len(filing.parties) >= 2, filing
            assert filing.path_cik == issuers[0].cik


def test_the_recorded_pages_are_newest_first_and_carry_their_clock(corpus: Path) -> None:
    for path in sorted((corpus / "feeds" / "getcurrent").rglob("*.atom")):
        read = parse_feed(path.read_bytes())
        times = [one.updated for one in read.entries]
        assert times == sorted(times, reverse=True), path.name
        assert read.generated_at is not None
        assert read.generated_at >= times[0]


def test_no_recorded_error_page_passes_for_a_list(corpus: Path) -> None:
    bodies = [path for path in sorted((corpus / "errors").iterdir()) if path.suffix != ".json"]
    assert bodies
    for path in bodies:
        with pytest.raises(FeedUnreadable):
            parse_feed(path.read_bytes())
