"""Each place where people are told, as the program there reads what arrives: what in it is alive that we did not put there.

A finding is a short text: the kind ("mention", "link", "tag", "header", "escape", "formula") and the piece itself. Our own links, which
lead to a filing at the SEC, are taken out first; what is left must have none. Sources: Slack "Formatting text for app surfaces" (control
sequences in angle brackets; automatic parsing of addresses and names), Discord "Message formatting", Telegram Bot API "HTML style" and its
clients' automatic links, OWASP "CSV Injection".
"""

from __future__ import annotations

import csv
import email
import email.policy
import html
import io
import json
import re
import unicodedata
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from email.message import EmailMessage

import lxml.html

OURS = r"https://www\.sec\.gov/Archives/edgar/data/[0-9]+/[0-9]{18}/[0-9-]{20}-index\.htm(?![^\s<>|\"')])"
_ADDRESS = re.compile(
    r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://(?=[^\s\u200b])|\bmailto:(?=[^\s\u200b])|\bwww\.(?=\w)|\w\.(?=(?:com|net|org|gg|example)\b)"
)
_MENTION = re.compile(r"@(?:everyone|here|channel|team)\b|@[A-Za-z]\w{4,}")

SLACK_CONTROL = re.compile(r"<[^<>]*>?|>")
DISCORD_CONTROL = re.compile(r"<(?:@[!&]?|#|a?:\w+:|t:|/\w+:|id:)[^>]*>|<\w+://[^>]*>|\]\(\s*<?\s*\w+:")
# The last four are the first four in full width, which some spreadsheets take for them.
FORMULA = (*"=+-@\t\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for part in value.values():
                yield from _strings(part)
        case list():
            for part in value:
                yield from _strings(part)


def _addresses(text: str) -> Iterator[str]:
    rest = re.sub(OURS, "", text)
    yield from (f"link {rest[found.start() : found.start() + 40]!r}" for found in _ADDRESS.finditer(rest))


def _mentions(text: str) -> Iterator[str]:
    yield from (f"mention {found[0]!r}" for found in _MENTION.finditer(text))


def slack(body: bytes) -> Iterator[str]:
    """A message for Slack: every string of it, as if its mark-up were shown."""
    for text in _strings(json.loads(body)):
        rest = re.sub(rf"<{OURS}(?:\|Filing)?>", "", text)
        yield from (f"link or mention {found[0]!r}" for found in SLACK_CONTROL.finditer(rest))
        shown = html.unescape(SLACK_CONTROL.sub("", rest))
        yield from _addresses(shown)
        yield from _mentions(shown)


def discord(body: bytes) -> Iterator[str]:
    """A message for Discord."""
    for text in _strings(json.loads(body)):
        rest = re.sub(OURS, "", text)
        yield from (f"link or mention {found[0]!r}" for found in DISCORD_CONTROL.finditer(rest))
        yield from _addresses(rest)
        yield from _mentions(rest)


def telegram(body: bytes) -> Iterator[str]:
    """A message for Telegram in its HTML style; Apprise's own bold title is not counted."""
    sent = json.loads(body)
    if sent["parse_mode"] != "HTML":
        yield f"tag: mark-up of another kind, {sent['parse_mode']}"
    tree = lxml.html.fragment_fromstring(sent["text"], create_parent="div")
    yield from (f"tag {element.tag!r}" for element in tree.iterdescendants() if element.tag != "b")
    shown = tree.text_content()
    yield from _addresses(shown)
    yield from _mentions(shown)


def ntfy(body: bytes) -> Iterator[str]:
    """A message of text under a title, as JSON: no other field, so no button, no picture, no address to open."""
    # What is too long for a message Apprise sends as a file.
    sent = json.loads(body) if body.startswith(b"{") else {"message": body.decode()}
    yield from (
        f"header {name}" for name in sent.keys() - {"topic", "title", "message", "version", "type", "attachments", "priority"}
    )
    yield from (finding for text in _strings(sent) for finding in _addresses(text))


_TAGS = frozenset({"html", "head", "meta", "style", "body", "div", "h1", "h2", "table", "tr", "td", "p", "a", "br"})
_ATTRIBUTES = frozenset(
    {"lang", "charset", "name", "content", "class", "style", "href", "role", "cellpadding", "cellspacing", "border", "colspan"}
)


def page(text: str) -> Iterator[str]:
    """A page of HTML in a mail program: the tags of ours, no address but ours, nothing fetched."""
    for element in lxml.html.document_fromstring(text).iter():
        if not isinstance(element.tag, str) or element.tag not in _TAGS:
            yield f"tag {element.tag!r}"
            continue
        yield from (f"tag {element.tag} {name!r}" for name in element.attrib if str(name) not in _ATTRIBUTES)
        target = element.get("href")
        if target is not None and not re.fullmatch(OURS, target):
            yield f"link {target!r}"
        if re.search(
            r"url\(|@import|expression|position:",
            element.get("style", "") + (element.text or "" if element.tag == "style" else ""),
        ):
            yield f"tag {element.tag!r} with a style that is not ours"


_HEADERS = frozenset(
    {"content-type", "mime-version", "subject", "from", "to", "date", "message-id", "x-application", "reply-to", "cc"}
)


def mail(content: bytes) -> Iterator[str]:
    """A mail as it arrived: its headers, its parts, the page and the text in them."""
    undotted = re.sub(rb"(?m)^\.\.", b".", content)  # RFC 5321, 4.5.2
    parsed = email.message_from_bytes(undotted, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    yield from (f"header {name}" for name in parsed if name.lower() not in _HEADERS)
    yield from (f"header {name} twice" for name in set(parsed) if len(parsed.get_all(name, [])) > 1)
    yield from (f"header: {defect}" for part in parsed.walk() for defect in part.defects)
    if (parsed["To"], parsed["Cc"]) != ("desk@example.com", None):
        yield f"header To: {parsed['To']}, Cc: {parsed['Cc']}"
    yield from terminal(str(parsed["Subject"]))
    if [part.get_content_type() for part in parsed.walk()] != ["multipart/alternative", "text/plain", "text/html"]:
        yield "header: other parts"
        return
    plain, marked = (part for part in parsed.walk() if not part.is_multipart())
    yield from _addresses(plain.get_content())
    yield from page(marked.get_content())


def terminal(text: str) -> Iterator[str]:
    """Lines on a terminal: no control character, and nothing that turns or hides what stands there."""
    for letter in set(text) - {"\n"}:
        if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and letter != "\u200b":
            yield f"escape {letter!r}"
    if max((len(run) for run in re.findall("[\u0300-\u036f]+", text)), default=0) > 50:
        yield "escape: marks that cover other lines"


def table(text: str) -> Iterator[str]:
    """Comma-separated values in a spreadsheet: a cell that begins like a formula, and is no number, is one."""
    for row in csv.reader(io.StringIO(text)):
        for cell in row:
            bare = cell.strip(f" {_INVISIBLE}")
            if bare[:1] in FORMULA and bare and not re.fullmatch(r"-?[0-9.]+", bare):
                yield f"formula {cell[:40]!r}"


_WEBHOOK_HEADERS = frozenset(
    {"host", "accept", "accept-encoding", "connection", "user-agent", "content-type", "content-length", "idempotency-key"}
) | {"x-watcher-event", "x-watcher-timestamp", "x-watcher-signature"}


def webhook(request: bytes) -> Iterator[str]:
    """A POST to a machine: its headers, its address, and no control character in any of its texts."""
    head, _, body = request.partition(b"\r\n\r\n")
    names = [line.partition(b":")[0].decode("latin-1").lower() for line in head.split(b"\r\n")[1:]]
    yield from (f"header {name}" for name in names if name not in _WEBHOOK_HEADERS)
    sent = json.loads(body)
    if not re.fullmatch(OURS, sent["url"]):
        yield f"link {sent['url']!r}"
    yield from (finding for text in _strings(sent) for finding in terminal(text))


def _body(sink: Callable[[bytes], Iterator[str]]) -> Callable[[bytes], Iterator[str]]:
    return lambda request: sink(request.partition(b"\r\n\r\n")[2])


# Channel -> what it makes of what a receiver of the tests took: a whole request, or a mail's content.
SINKS: Mapping[str, Callable[[bytes], Iterator[str]]] = {
    "slack": _body(slack),
    "discord": _body(discord),
    "telegram": _body(telegram),
    "ntfy": _body(ntfy),
    "mail": mail,
    "webhook": webhook,
}
