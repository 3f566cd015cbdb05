"""The door to people: any service Apprise knows, and the terminal.

Apprise writes the request; everything that decides whether a message arrives once is taken out of its hands: one address
and one recipient, one attempt, no redirects, no splitting, no sleeping. What happened is read from `evidence`, not from
its result alone. Filings may hold any text, so it is declared as text, and mark-up in it is made inert.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from dataclasses import replace
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING
from typing import Self
from urllib.parse import unquote

from watcher.config import Destination
from watcher.core.rendering import headed
from watcher.core.telling import Message
from watcher.core.telling import Outcome
from watcher.core.telling import Outgoing
from watcher.notify.alternative import plain_text
from watcher.notify.evidence import evidence
from watcher.notify.evidence import judge

if TYPE_CHECKING:
    from apprise import AppriseAsset
    from apprise import NotifyBase

CONNECT_TIMEOUT = 10.0  # seconds
READ_TIMEOUT = 60.0  # seconds; Apprise's own 4 s take a slow yes for a no

MAIL = frozenset({"mailto", "mailtos"})
MOST_CHARACTERS = {"slack": 3000, "discord": 2000, "tgram": 4096}  # of a message, by the services' own documents
USUALLY_MOST = 30_000

# What chat services act upon even in text: @everyone, <!channel>, <@id>, <url|disguise>, [disguise](url).
_LIVE = re.compile(r"@(?=[^\s\u200b])|<(?=[!@#:/\w])|\](?=\()")
_SEC_LINK = re.compile(r"https://www\.sec\.gov/[^\s<>\"')]+")


class People:
    """Sends to one Apprise address. Timeouts in seconds; `read_timeout` is for each answer, or reply of a mail server."""

    def __init__(
        self, destination: Destination, *, connect_timeout: float = CONNECT_TIMEOUT, read_timeout: float = READ_TIMEOUT
    ) -> None:
        self._url = destination.url
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout

    def send(self, outgoing: Outgoing, *, now: datetime) -> Outcome:
        """Make one attempt with a fresh Apprise: its objects remember times of the wall clock and sleep by them."""
        from apprise import Apprise  # late: heavy, and not needed before the first message  # noqa: PLC0415 -- Apprise is imported when the first message is due
        from apprise import NotifyFormat  # late, as above  # noqa: PLC0415 -- Apprise is imported when the first message is due

        service = self.service()
        if service is None:
            return Outcome("permanent", "the address is not one Apprise can use")
        message = marked(outgoing)
        title, body, form = message.title, message.text, NotifyFormat.TEXT
        if _schemes(service) & MAIL:
            title = title.replace("=?", "=\u200b?")  # or a mail program would decode what a filer encoded (RFC 2047)
            if service.resolve_format(NotifyFormat.HTML) is NotifyFormat.HTML:
                body, form = message.html, NotifyFormat.HTML
        elif message.slack and _takes_mrkdwn(service):
            _speak_mrkdwn(service, inert(title))
            title, body, form = "", cut_lines(message.slack, _room(service), message.text), NotifyFormat.MARKDOWN
        else:
            title = inert(title)
            body = cut(inert(body), _room(service) - len(escape(title)))
        box = Apprise(asset=service.asset)
        box.add(service)
        with evidence() as steps, plain_text(message.text):
            said_yes = bool(box.notify(body=body, title=title, body_format=form))
        return judge(steps, said_yes=said_yes, now=now)

    def service(self) -> NotifyBase | None:
        """The plugin for the address, with what the address may not decide set over it; `None` if there is none."""
        from apprise import Apprise  # late, see send  # noqa: PLC0415 -- Apprise is imported when the first message is due
        from apprise import OverflowMode  # late, see send  # noqa: PLC0415 -- Apprise is imported when the first message is due

        service = Apprise.instantiate(self._url, asset=_asset())
        if service is None:
            return None
        mail = bool(_schemes(service) & MAIL)
        service.retry = 0
        service.optional = False
        service.redirects = False
        service.overflow_mode = OverflowMode.UPSTREAM  # cut() has cut; Apprise counts mark-up it removes later
        # To mail servers Apprise has one timeout, which is also how long the reply to DATA may take.
        service.socket_connect_timeout = self._read_timeout if mail else self._connect_timeout
        service.socket_read_timeout = self._read_timeout
        service.throttle = _at_once  # type: ignore[method-assign]  # the outbox keeps the pace; this would sleep for hours
        return service


def _schemes(service: NotifyBase) -> set[str]:
    schemes: set[str] = service.schemas()  # type: ignore[no-untyped-call]  # Apprise leaves it without types
    return schemes


def _takes_mrkdwn(service: NotifyBase) -> bool:
    """Whether this is Slack by webhook or bot, and its address does not ask for another form; a workflow shows mark-up as it stands."""
    from apprise import NotifyFormat  # late, see People.send  # noqa: PLC0415 -- Apprise is imported when the first message is due

    is_slack = "slack" in _schemes(service) and "workflow" not in str(getattr(service, "mode", "")).casefold()
    return is_slack and service.resolve_format(NotifyFormat.MARKDOWN) is NotifyFormat.MARKDOWN


def _speak_mrkdwn(service: NotifyBase, title: str) -> None:
    """Let Slack show our mark-up as it is, under a title that a phone's notification shows too: for blocks alone, it would show none."""
    service.use_blocks = True  # type: ignore[attr-defined]  # the plugin's; its other form shows mark-up only if asked in a way it lacks
    service.dialect_convert = lambda body, *_, **__: body  # type: ignore[method-assign]  # it would take our mark-up for another's
    send = service._send  # type: ignore[attr-defined]  # noqa: SLF001 -- the only place where the whole message can be seen

    def with_title(url: str, payload: dict[str, object], **options: object) -> object:
        return send(url, {**payload, "text": escape(title, quote=False)}, **options)

    service._send = with_title  # type: ignore[attr-defined]  # noqa: SLF001 -- as above


def _at_once(*_: object, **__: object) -> None:
    """In place of Apprise's throttle."""


def _asset() -> AppriseAsset:
    from apprise import AppriseAsset  # late, see People.send  # noqa: PLC0415 -- Apprise is imported when the first message is due

    return AppriseAsset(
        app_id="Form 4 watcher",
        app_desc="Form 4 watcher",
        app_url="https://www.sec.gov/edgar",
        image_url_mask="",  # no picture from Apprise's own site, which every reader's program would fetch
        image_url_logo="",
        async_mode=False,
        http_redirects=False,
        service_timeout=0,
        secure_logging=True,
        interpret_escapes=False,
        interpret_emojis=False,
        storage_mode="memory",
        allow_templates=False,
    )


class Terminal:
    """Writes messages to standard output."""

    def send(self, outgoing: Outgoing, *, now: datetime) -> Outcome:  # every sender's; here nothing is dated  # noqa: ARG002 -- the protocol's signature
        """Write title and text, and an empty line; a reader that went away may come back."""
        message = marked(outgoing)
        try:
            sys.stdout.write(f"{message.title}\n{message.text}\n\n")
            sys.stdout.flush()
        except (OSError, ValueError):  # ValueError: closed, or an encoding that lacks a character
            return Outcome("retryable", "standard output cannot be written")
        return Outcome("accepted")


def marked(outgoing: Outgoing) -> Message:
    """The message for people, saying first that it may have come before, where that is so."""
    message = outgoing.message
    if not outgoing.possible_repeat:
        return message
    repeat = headed(message, [f"This may have been delivered before (ref {outgoing.event_id[:8]})."])
    return replace(repeat, title=f"[possible repeat] {message.title}")


def inert(text: str) -> str:
    """The text with an invisible break (U+200B) in all that a chat service takes for a mention or a disguised link."""
    return _LIVE.sub(lambda found: found[0] + "\u200b", text)


def cut(text: str, room: int) -> str:
    """The text if it fits in `room` characters, counted as escaped; else its start, and the last SEC link in it."""
    excess = len(escape(text)) - room
    if excess <= 0:
        return text
    closing = "".join(f"\n… (cut; full text: {link})" for link in _SEC_LINK.findall(text)[-1:])
    if not closing or len(escape(closing)) > room:
        closing = "\n… (cut)"
    kept = text[: max(0, len(text) - excess - len(escape(closing)))]
    return re.sub(r"\S*\Z", "", kept).rstrip() + closing


def cut_lines(text: str, room: int, source: str) -> str:
    """Mark-up that fits in `room` characters, or its first whole lines and the last SEC link in `source`."""
    if len(text) <= room:
        return text
    closing = "".join(f": <{link}>" for link in _SEC_LINK.findall(source)[-1:])
    closing = f"\n… (cut; full text{closing})" if closing else "\n… (cut)"
    kept = text[: room - len(closing) + 1].rpartition("\n")[0]
    return f"{kept}{closing}"


def _room(service: NotifyBase) -> int:
    """Characters a service takes for title and text, less a little for the mark-up Apprise puts around the title."""
    own = min((MOST_CHARACTERS.get(scheme, USUALLY_MOST) for scheme in _schemes(service)), default=USUALLY_MOST)
    return min(own, service.body_maxlen or own) - 20


def room_at(url: str) -> int:
    """Characters that a message to this address has room for; 0 for an address that Apprise cannot use, and what is usual for none."""
    if not url:
        return USUALLY_MOST
    service = People(Destination("", "apprise", url)).service()
    return 0 if service is None else _room(service)


def problem_with_url(url: str) -> str | None:
    """What is wrong with an Apprise address, without showing more of it than its scheme; `None` if nothing is."""
    from apprise import Apprise  # late, see People.send  # noqa: PLC0415 -- Apprise is imported when the first message is due
    from apprise.exception import AppriseImproperlyConfigured  # late, see People.send  # noqa: PLC0415 -- Apprise is imported when the first message is due
    from apprise.manager_plugins import NotificationManager  # late, see People.send  # noqa: PLC0415 -- Apprise is imported when the first message is due

    start = re.match(r"([a-z0-9]{1,32})://", url, re.IGNORECASE)
    if start is None:
        return "an address begins with its service, as in slack://... or mailtos://..., and with no tag before it"
    if re.search(r"[\s,;][a-z0-9]{1,32}://", url, re.IGNORECASE):
        return "several addresses in one; give each a destination of its own"
    scheme = start[1].lower()
    if _says_twice(url):
        return (
            f"{scheme}:// says something twice, of which only one would count: write each key once, ; as %3B, and one "
            "[destinations.NAME] for each recipient"
        )
    known = NotificationManager()  # type: ignore[no-untyped-call]  # Apprise leaves it without types
    try:
        with _Complaints() as complaints:
            service = Apprise.instantiate(url, asset=_asset(), suppress_exceptions=False)
    except (AppriseImproperlyConfigured, TypeError) as error:
        return f"{scheme}:// is not complete or not right: {_without_secrets(str(error), url, scheme)}"
    if service is None:
        if scheme not in known:
            return f"Apprise knows no service {scheme}://"
        if not known[scheme].enabled:
            return f"{scheme}:// needs a library that is not installed"
        return f"{scheme}:// is not complete or not right"
    problem = _problem_with_service(service, scheme)
    if problem is None and (complaints.any or (scheme in MAIL and _names_a_wrong_one(url))):
        return f"{scheme}:// has a recipient that is not right and would be left out"
    return problem


def _says_twice(url: str) -> bool:
    """Whether of several recipients, or other values, Apprise would take one without a word: a key twice, a `;`, channels after a comma."""
    path, _, query = url.partition("?")
    pieces = [piece for piece in re.split("[&;]", query) if piece]
    keys = {unquote(piece.partition("=")[0]).casefold() for piece in pieces}
    cut_short = ";" in query and not all("=" in piece for piece in pieces)
    return len(keys) < len(pieces) or cut_short or re.search("#[^?]*,#", path) is not None


def _names_a_wrong_one(url: str) -> bool:
    """Whether one of the recipients of a mail is no address: Apprise takes the others without a word."""
    to = re.search(r"[?&]to=([^&]*)", url, re.IGNORECASE)
    return to is not None and any("@" not in one for one in unquote(to[1]).split(",") if one.strip())


class _Complaints(logging.Handler):
    """Remembers whether Apprise called a part "invalid" within the `with`, in this thread: it leaves such a part out and goes on."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.any = False
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Look at one record; its words may hold a secret and are not kept."""
        self.any |= record.thread == self._thread and "invalid" in record.getMessage().casefold()

    def __enter__(self) -> Self:
        logging.getLogger("apprise").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("apprise").removeHandler(self)


def _problem_with_service(service: NotifyBase, scheme: str) -> str | None:
    """What would make one delivery several, or a failure look like a success."""
    mail = bool(_schemes(service) & MAIL)
    copies = [*getattr(service, "cc", ()), *getattr(service, "bcc", ())] if mail else []
    if copies or len(service) // (service.retry + 1) > 1:
        return (
            f"{scheme}:// has several recipients, and one failing would fail all: write one [destinations.NAME] for each of them"
        )
    if mail and not getattr(service, "targets", None):
        return f"{scheme}:// has no valid recipient"
    if service.optional:
        return "optional=yes makes Apprise call a failure a success; leave it out"
    return None


def _without_secrets(said: str, url: str, scheme: str) -> str:
    """Apprise's complaint without the value it complains of; a stock phrase if any piece of the address is left in it."""
    said = re.sub(r"\s*\((?!(?:first|second|third)\)).*\)", "", said, flags=re.DOTALL)
    pieces = {piece for text in (url, unquote(url)) for piece in re.findall(r"\w{3,}", text.casefold())} - {scheme}
    if any(piece in said.casefold() for piece in pieces):
        return "Apprise does not take one of its parts"
    return said.rstrip(": ")
