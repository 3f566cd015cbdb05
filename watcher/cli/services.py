"""Asking where to tell: a service with its fields, or an Apprise URL. What is secret is not echoed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from urllib.parse import quote
from urllib.parse import urlencode
from urllib.parse import urlsplit

import click

from watcher.cli.common import say
from watcher.cli.first import Told
from watcher.config_values import BadValueError
from watcher.config_values import apprise_url
from watcher.config_values import base_url


def ask_where() -> Told | None:
    """The destination asked for; `None` for the terminal alone. What Apprise would not take is asked for again."""
    say("\nWhere should alerts go?")
    for number, (words, _, _) in enumerate(_SERVICES, start=1):
        say(f"  {number}  {words}")
    choice = click.prompt("Number", type=click.IntRange(1, len(_SERVICES)), default=1, show_choices=False)
    _, name, ask = _SERVICES[choice - 1]
    while True:
        try:
            url = ask()
            if not url:
                return None
            complaint = _problem(name, apprise_url(url))
        except BadValueError as error:
            complaint = f"It {error}"
        if complaint is None:
            return Told(name, secret=url)
        say(f"{complaint}.", err=True)


def _problem(name: str, url: str) -> str | None:
    from watcher.config import Destination  # noqa: PLC0415 -- Apprise is imported only by who chooses it
    from watcher.notify import problem_with  # noqa: PLC0415 -- Apprise is imported only by who chooses it

    return problem_with(Destination(name, "apprise", url))


def _terminal() -> str:
    return ""


def _secret(question: str) -> str:
    said: str = click.prompt(f"{question} (not shown as you type)", hide_input=True)
    return said.strip()


def _slack() -> str:
    say("In Slack: Apps, Incoming Webhooks, Add to Slack; it shows a URL https://hooks.slack.com/services/...")
    parts = _path_of(_secret("Webhook URL"), "hooks.slack.com", r"/services/([^/]+)/([^/]+)/([^/]+)")
    return f"slack://{'/'.join(parts)}"


def _discord() -> str:
    say("In Discord: Edit Channel, Integrations, Webhooks, New Webhook, Copy Webhook URL")
    parts = _path_of(_secret("Webhook URL"), "discord.com", r"/api/webhooks/([^/]+)/([^/]+)")
    return f"discord://{'/'.join(parts)}"


def _path_of(url: str, host: str, path: str) -> tuple[str, ...]:
    parts = urlsplit(url)
    found = re.fullmatch(path, parts.path.rstrip("/"))
    if found is None or (parts.hostname or "").removeprefix("www.") not in {host, host.replace("discord.com", "discordapp.com")}:
        raise BadValueError(f"must be the whole URL, which begins with https://{host}/")
    return tuple(quote(part, safe="") for part in found.groups())


def _telegram() -> str:
    say("In Telegram: @BotFather, /newbot, gives a token; write to the bot once; @userinfobot tells your id (groups: -100...)")
    token = _secret("Token of the bot")
    return f"tgram://{quote(token, safe=':')}/{quote(click.prompt('Your id, or the group’s').strip(), safe='-')}"


def _ntfy() -> str:
    say("Who knows a topic's name can read it. Subscribe to the same topic in the ntfy app.")
    server = urlsplit(click.prompt("Server", default="https://ntfy.sh", value_proc=_ntfy_server))
    topic = click.prompt("Topic", default=f"watcher-{secrets.token_urlsafe(9)}", value_proc=_ntfy_topic)
    token = click.prompt("Access token, if the server asks for one (not shown)", default="", hide_input=True, show_default=False)
    scheme = "ntfy" if server.scheme == "http" else "ntfys"
    who = f"{quote(token.strip(), safe='')}@" if token.strip() else ""
    return f"{scheme}://{who}{server.netloc}{server.path}/{topic}{'?auth=token' if who else ''}"


def _ntfy_server(said: str) -> str:
    """A server as typed, with or without https://; what is wrong is asked for again, without the questions before it."""
    try:
        return base_url(said.strip() if "://" in said else f"https://{said.strip()}")
    except BadValueError as error:
        raise click.BadParameter(f"it {error}") from None


def _ntfy_topic(said: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", topic := said.strip()):
        raise click.BadParameter("a topic is one word of at most 64 letters, digits, - and _")
    return topic


def _mail() -> str:
    sender = click.prompt("Your e-mail address, which also sends").strip()
    server = click.prompt("Outgoing mail server (SMTP)", default=f"smtp.{sender.rpartition('@')[2]}").strip()
    port = click.prompt("Port (465: TLS from the start; else STARTTLS)", type=click.IntRange(1, 65535), default=587)
    user = click.prompt("User name there", default=sender).strip()
    password = _secret("Password, or app password")
    to = click.prompt("Send alerts to", default=sender).strip()
    options = urlencode({"from": sender, "to": to, "mode": "ssl" if port == 465 else "starttls"})
    return f"mailtos://{quote(user, safe='')}:{quote(password, safe='')}@{server}:{port}/?{options}"


def _pasted() -> str:
    say("https://appriseit.com lists the services and the form of their URLs.")
    return _secret("Apprise URL")


# what the menu says, the name of the destination, what asks for its URL
_SERVICES: tuple[tuple[str, str, Callable[[], str]], ...] = (
    ("this terminal only; anything else can be added later", "terminal", _terminal),
    ("Slack", "slack", _slack),
    ("e-mail", "mail", _mail),
    ("ntfy", "ntfy", _ntfy),
    ("Telegram", "telegram", _telegram),
    ("Discord", "discord", _discord),
    ("another service: paste its Apprise URL", "desk", _pasted),
)
