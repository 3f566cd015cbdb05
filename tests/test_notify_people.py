from __future__ import annotations

import email
import email.policy
import io
import json
import logging
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import UTC
from datetime import datetime
from email.message import EmailMessage
from html import unescape
from typing import TYPE_CHECKING
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.loopback import HANG_UP
from tests.loopback import SILENT
from tests.loopback import Behaviour
from tests.loopback import Receiver
from tests.loopback import answer
from tests.loopback import answer_in_turn
from tests.loopback import close_at_once
from tests.loopback import late
from tests.loopback import mail_server
from tests.loopback import plain_text
from tests.loopback import raw
from tests.loopback import reset
from tests.loopback import reset_at_once
from tests.loopback import silence
from tests.loopback import unused_port
from watcher.config import Destination
from watcher.core.telling import Message
from watcher.core.telling import Outcome
from watcher.core.telling import Outgoing
from watcher.notify import problem_with
from watcher.notify import sender_for
from watcher.notify.evidence import HttpStep
from watcher.notify.evidence import judge
from watcher.notify.people import People
from watcher.notify.people import _takes_mrkdwn
from watcher.notify.people import cut
from watcher.notify.people import inert

if TYPE_CHECKING:
    from apprise import NotifyBase

# On Python before 3.13, the first load of Apprise's plugins imports this module of the standard library.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CANARY = "c4n4ryZ9"
LINK = "https://www.sec.gov/Archives/edgar/data/9990001/000000000026000001/0000000000-26-000001-index.htm"
TEXT = f"EXMP: Roe sold 1,000 shares\n{LINK}"
MESSAGE = Message("EXMP sale", TEXT, f'<p>Roe sold 1,000 shares</p><a href="{LINK}">filing</a>')
OUTGOING = Outgoing("ab12cd34ef56", MESSAGE, b"{}")
HOSTILE = "ACME <!channel> <@U1> <https://evil.example|sec.gov> @everyone @here [sec](https://evil.example) <b>b</b>"


def people(url: str, **timeouts: float) -> People:
    return People(Destination("d", "apprise", url), **{"connect_timeout": 2.0, "read_timeout": 0.4, **timeouts})


def by_json(port: int, outgoing: Outgoing = OUTGOING) -> Outcome:
    url = f"json://user:{CANARY}@127.0.0.1:{port}/{CANARY}?+X-Token={CANARY}"
    return people(url).send(outgoing, now=NOW)


def by_mail(port: int, outgoing: Outgoing = OUTGOING, *, options: str = "") -> Outcome:
    url = f"mailto://desk:{CANARY}@127.0.0.1:{port}/?from=watcher@example.com&to=desk@example.com&mode=insecure{options}"
    return people(url).send(outgoing, now=NOW)


# --- what became of it ----------------------------------------------------------------------------------------------------

JSON_CELLS: list[tuple[str, Behaviour, str, float | None]] = [
    ("200", answer(200), "accepted", None),
    ("200 with garbage", answer(200, body=b"<html>\x00\xff garbage"), "accepted", None),
    ("200 with a broken body", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nbroken"), "unknown", None),
    ("not HTTP", raw(b"no such thing\r\n\r\n"), "unknown", None),
    ("302", answer(302, "Location: /elsewhere"), "permanent", None),
    ("400", answer(400), "permanent", None),
    ("404", answer(404), "permanent", None),
    ("408", answer(408), "retryable", None),
    ("429", answer(429), "retryable", None),
    ("429 in seconds", answer(429, "Retry-After: 37"), "retryable", 37.0),
    ("429 as a date", answer(429, "Retry-After: Fri, 20 Nov 2026 12:02:00 GMT"), "retryable", 120.0),
    ("429 as Telegram", answer(429, body=b'{"ok":false,"error_code":429,"parameters":{"retry_after":300}}'), "retryable", 300.0),
    ("429 as Discord", answer(429, body=b'{"message":"limited","retry_after":1.5,"global":false}'), "retryable", 1.5),
    ("429 in both", answer(429, "Retry-After: 7", body=b'{"retry_after":300}'), "retryable", 7.0),
    ("200 as Telegram", answer(200, body=b'{"ok":true,"result":{"message_id":1}}'), "accepted", None),
    ("200 and no, as Telegram", answer(200, body=b'{"ok":false,"error_code":403}'), "permanent", None),
    ("200 and not now, as Telegram", answer(200, body=b'{"ok":false,"error_code":429}'), "retryable", None),
    ("200 and no, as Slack's bots", answer(200, body=b'{"ok":false,"error":"channel_not_found"}'), "retryable", None),
    ("200 as WeCom", answer(200, body=b'{"errcode":0,"errmsg":"ok"}'), "accepted", None),
    ("200 and no, as WeCom", answer(200, body=b'{"errcode":93000,"errmsg":"invalid webhook url"}'), "retryable", None),
    ("200 as Feishu", answer(200, body=b'{"StatusCode":0,"code":0,"msg":"success"}'), "accepted", None),
    ("200 and no, as Feishu", answer(200, body=b'{"code":19024,"msg":"Key Words Not Found"}'), "retryable", None),
    ("200 as some say it", answer(200, body=b'{"code":200,"msg":"ok"}'), "accepted", None),
    ("200 and odd", answer(200, body=b'{"ok":1,"errcode":[],"code":true,"parameters":[]}'), "retryable", None),
    ("500", answer(500), "retryable", None),
    ("503 with a pause", answer(503, "Retry-After: 5"), "retryable", 5.0),
    ("503 with a broken body", raw(b"HTTP/1.1 503 No\r\nContent-Length: 99\r\n\r\nbroken"), "retryable", None),
    ("reset before the reply", reset, "unknown", None),
    ("closed at once", close_at_once, "unknown", None),
    ("never answered", silence, "unknown", None),
]


@pytest.mark.parametrize(("behaviour", "state", "pause"), [cell[1:] for cell in JSON_CELLS], ids=[cell[0] for cell in JSON_CELLS])
def test_every_answer_to_apprise_has_one_meaning(behaviour: Behaviour, state: str, pause: float | None) -> None:
    with Receiver(behaviour) as receiver:
        outcome = by_json(receiver.port)
    assert outcome.state == state
    assert outcome.retry_after == pytest.approx(pause)
    assert len(receiver.received) <= 1


def test_a_refused_connection_means_nothing_was_sent() -> None:
    assert by_json(unused_port()) == Outcome("not_sent", "connection refused")


def test_an_unknown_host_means_nothing_was_sent() -> None:
    assert people("json://nowhere.invalid").send(OUTGOING, now=NOW).state == "not_sent"


def test_a_tls_handshake_that_fails_means_nothing_was_sent() -> None:
    with Receiver(plain_text) as receiver:
        outcome = people(f"jsons://127.0.0.1:{receiver.port}").send(OUTGOING, now=NOW)
    assert outcome == Outcome("not_sent", "no trusted TLS connection")


@pytest.mark.parametrize("behaviour", [close_at_once, reset_at_once, silence], ids=["closed", "reset", "silent"])
def test_a_tls_handshake_that_breaks_off_means_nothing_was_sent(behaviour: Behaviour) -> None:
    with Receiver(behaviour) as receiver:
        outcome = people(f"jsons://127.0.0.1:{receiver.port}").send(OUTGOING, now=NOW)
    assert outcome.state == "not_sent"


SMTP_CELLS: list[tuple[str, dict[str, str], str]] = [
    ("ok", {}, "accepted"),
    ("421 as banner", {"connect": "421 busy"}, "retryable"),
    ("554 as banner", {"connect": "554 no mail here"}, "permanent"),
    ("no banner", {"connect": SILENT}, "not_sent"),
    ("closed instead of a banner", {"connect": HANG_UP}, "not_sent"),
    ("EHLO unknown, HELO fine", {"ehlo": "502 what?", "helo": "250 ok", "auth": "235 ok"}, "not_sent"),
    ("password refused", {"auth": "535 no"}, "permanent"),
    ("password not now", {"auth": "454 later"}, "retryable"),
    ("no login offered", {"ehlo": "250 example.com"}, "not_sent"),
    ("451 to MAIL", {"mail": "451 later"}, "retryable"),
    ("550 to MAIL", {"mail": "550 no"}, "permanent"),
    ("closed at MAIL", {"mail": HANG_UP}, "not_sent"),
    ("silent at MAIL", {"mail": SILENT}, "not_sent"),
    ("450 to RCPT", {"rcpt": "450 later"}, "retryable"),
    ("550 to RCPT", {"rcpt": "550 nobody"}, "permanent"),
    ("421 to RCPT", {"rcpt": "421 closing"}, "retryable"),
    ("closed at RCPT", {"rcpt": HANG_UP}, "not_sent"),
    ("451 to DATA", {"data": "451 later"}, "retryable"),
    ("554 to DATA", {"data": "554 no"}, "permanent"),
    ("closed at DATA", {"data": HANG_UP}, "not_sent"),
    ("452 after the message", {"content": "452 full"}, "retryable"),
    ("554 after the message", {"content": "554 spam"}, "permanent"),
    ("421 after the message", {"content": "421 closing"}, "retryable"),
    ("closed after the message", {"content": HANG_UP}, "unknown"),
    ("silent after the message", {"content": SILENT}, "unknown"),
    ("garbage after the message", {"content": "what?"}, "unknown"),
    ("closed at QUIT", {"quit": HANG_UP}, "accepted"),
]


@pytest.mark.parametrize(("replies", "state"), [cell[1:] for cell in SMTP_CELLS], ids=[cell[0] for cell in SMTP_CELLS])
def test_every_reply_of_a_mail_server_has_one_meaning(replies: dict[str, str], state: str) -> None:
    with Receiver(mail_server(replies)) as receiver:
        assert by_mail(receiver.port).state == state


def test_a_mail_server_that_refuses_connections_was_sent_nothing() -> None:
    assert by_mail(unused_port()) == Outcome("not_sent", "no reply to CONNECT: connection refused")


def test_the_reason_names_the_reply_and_the_command() -> None:
    with Receiver(mail_server({"rcpt": "550 <desk@example.com> unknown"})) as receiver:
        assert by_mail(receiver.port).reason == "the mail server answered 550 to RCPT"


def test_a_service_that_leaves_no_evidence_is_believed_its_yes_but_not_its_no() -> None:
    assert judge([], said_yes=True, now=NOW).state == "accepted"
    assert judge([], said_yes=False, now=NOW).state == "unknown"


def test_an_earlier_request_that_may_have_arrived_outweighs_a_later_refusal() -> None:
    steps = [HttpStep(error="timed out"), HttpStep(status=400)]
    assert judge(steps, said_yes=False, now=NOW) == Outcome("unknown", "no answer: timed out")


def test_a_redirect_is_no_yes_whatever_the_service_thinks() -> None:
    assert judge([HttpStep(status=302)], said_yes=True, now=NOW).state == "permanent"


def test_evidence_of_two_deliveries_at_once_is_kept_apart() -> None:
    outcomes: dict[int, list[str]] = {}
    with Receiver(answer(503)) as busy, Receiver(answer(404)) as gone:
        ports = {503: busy.port, 404: gone.port}

        def deliver(status: int) -> None:
            outcomes[status] = [by_json(ports[status]).reason for _ in range(5)]

        threads = [threading.Thread(target=deliver, args=(status,)) for status in ports]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert outcomes == {status: [f"the server answered {status}"] * 5 for status in ports}


def test_requests_outside_a_delivery_are_left_alone() -> None:
    import requests  # noqa: PLC0415  # late, as everywhere here: one test is that importing the door does not load it

    with Receiver(answer(429)) as receiver:
        by_json(receiver.port)
        with requests.Session() as session:
            answers = [session.get(f"http://127.0.0.1:{receiver.port}/", timeout=2).status_code for _ in range(2)]
    assert answers == [429, 429]


# --- services at their own hosts, moved to the loopback -------------------------------------------------------------------


class Moved(People):
    """People whose service is told another host than its own; everything else, and every byte, is the real thing."""

    def __init__(self, url: str, port: int) -> None:
        super().__init__(Destination("d", "apprise", url), connect_timeout=2.0, read_timeout=2.0)
        self._port = port

    def service(self) -> NotifyBase | None:
        service = super().service()
        for attribute in ("webhook_url", "notify_url"):
            if hasattr(service, attribute):
                setattr(service, attribute, f"http://127.0.0.1:{self._port}/bot")
        return service


SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
DISCORD = "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
TELEGRAM = "tgram://123456789:abcdefg_hijklmnop/12315544"
CHATS = {
    "slack": SLACK,
    "slack as markdown": f"{SLACK}?format=markdown",
    "slack in blocks": f"{SLACK}?blocks=yes",
    "discord": DISCORD,
    "discord as markdown": f"{DISCORD}?format=markdown",
    "telegram": TELEGRAM,
    "telegram as markdown": f"{TELEGRAM}?format=markdown",
}


def strings(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for part in value.values() for text in strings(part)]
        case list():
            return [text for part in value for text in strings(part)]
    return []


@pytest.mark.parametrize("url", CHATS.values(), ids=CHATS.keys())
def test_no_mention_or_disguised_link_reaches_a_chat_alive(url: str) -> None:
    hostile = replace(OUTGOING, message=Message(HOSTILE, f"{HOSTILE}\n{LINK}", "<p></p>"))
    with Receiver(answer(200)) as receiver:
        assert Moved(url, receiver.port).send(hostile, now=NOW).state == "accepted"
    sent = "\n".join(strings(receiver.json))
    assert sent.count("ACME") == 2
    for text in (sent, unescape(sent), unescape(unescape(sent)), sent.replace("\\", "")):
        assert re.findall(r"<[!@]|@everyone|@here|\]\(|<https?:|<b>b", text) == []


@pytest.mark.parametrize("url", [SLACK, DISCORD, TELEGRAM], ids=["slack", "discord", "telegram"])
def test_the_link_reaches_a_chat_whole(url: str) -> None:
    with Receiver(answer(200)) as receiver:
        Moved(url, receiver.port).send(OUTGOING, now=NOW)
    assert LINK in "\n".join(strings(receiver.json))


@pytest.mark.parametrize(
    ("url", "most"),
    [(SLACK, 3000), (DISCORD, 2000), (TELEGRAM, 4096), (f"{TELEGRAM}?overflow=split", 4096)],
    ids=["slack", "discord", "telegram", "telegram told to split"],
)
@pytest.mark.parametrize("filling", ["words and ", "<&>", "@x"])
def test_a_long_message_is_cut_to_what_the_service_takes(url: str, most: int, filling: str) -> None:
    long = replace(OUTGOING, message=Message("EXMP <sale>", f"{filling * 3000}\n{LINK}", "<p></p>"))
    with Receiver(answer(200)) as receiver:
        assert Moved(url, receiver.port).send(long, now=NOW).state == "accepted"
    sent = "\n".join(strings(receiver.json))
    assert f"… (cut; full text: {LINK})" in sent
    assert len(max(strings(receiver.json), key=len)) <= most


# --- Slack's own form -----------------------------------------------------------------------------------------------------

MRKDWN = f"*EXMP · Example Corp*\n• *Sold*  1,000 shares &lt;b&gt;\n<{LINK}|Filing>"
IN_SLACK = replace(OUTGOING, message=replace(MESSAGE, slack=MRKDWN))
WORKFLOW = "https://hooks.slack.com/workflows/T1JJ3T3L2/A1BRTD4JD/123456789012345678/TIiajkdnlazkcOXrIdevi7FQ"


def in_slack(outgoing: Outgoing = IN_SLACK, url: str = SLACK) -> tuple[Outcome, dict[str, Any]]:
    with Receiver(answer(200, body=b"ok")) as receiver:
        outcome = Moved(url, receiver.port).send(outgoing, now=NOW)
        return outcome, receiver.json


def test_slack_is_sent_our_mark_up_as_it_is() -> None:
    outcome, sent = in_slack()
    assert outcome == Outcome("accepted")
    (section,) = [block for block in sent["attachments"][0]["blocks"] if block["type"] == "section"]
    assert section["text"] == {"type": "mrkdwn", "text": MRKDWN}


def test_a_notification_of_slack_shows_the_subject_and_acts_on_nothing_in_it() -> None:
    evil = replace(IN_SLACK, message=replace(IN_SLACK.message, title="EXMP <!channel> @here & sale"))
    _, sent = in_slack(evil)
    assert sent["text"] == "EXMP &lt;\u200b!channel&gt; @\u200bhere &amp; sale"
    assert not [block for block in sent["attachments"][0]["blocks"] if block["type"] == "header"]


def test_slack_is_sent_text_where_its_address_asks_for_text_or_there_is_no_mark_up() -> None:
    for outgoing, url in ((IN_SLACK, f"{SLACK}?format=text"), (OUTGOING, SLACK)):
        _, sent = in_slack(outgoing, url)
        assert "EXMP: Roe sold 1,000 shares" in "\n".join(strings(sent))
        assert "*Sold*" not in "\n".join(strings(sent))


def test_a_workflow_of_slack_is_sent_text_as_it_shows_mark_up_as_it_stands() -> None:
    takes = [(service := people(url).service()) is not None and _takes_mrkdwn(service) for url in (SLACK, WORKFLOW)]
    assert takes == [True, False]
    assert people(WORKFLOW).service() is not None


def test_other_services_are_sent_text_though_there_is_mark_up_for_slack() -> None:
    with Receiver(answer(200)) as receiver:
        Moved(DISCORD, receiver.port).send(IN_SLACK, now=NOW)
    assert "*Sold*" not in "\n".join(strings(receiver.json))


def test_mark_up_that_is_too_long_is_cut_after_a_whole_line() -> None:
    line = "• *Sold*  1,000 shares &amp; <https://www.sec.gov/x|more>"
    long = replace(IN_SLACK, message=replace(IN_SLACK.message, slack="\n".join([line] * 200)))
    _, sent = in_slack(long)
    (section,) = [block for block in sent["attachments"][0]["blocks"] if block["type"] == "section"]
    *kept, last = section["text"]["text"].splitlines()
    assert set(kept) == {line}
    assert len(kept) > 40
    assert last == f"… (cut; full text: <{LINK}>)"
    assert len(section["text"]["text"]) <= 3000


def test_a_possible_repeat_says_so_first_in_slack() -> None:
    _, sent = in_slack(replace(IN_SLACK, possible_repeat=True))
    assert sent["text"].startswith("[possible repeat] ")
    (section,) = [block for block in sent["attachments"][0]["blocks"] if block["type"] == "section"]
    assert section["text"]["text"] == f"This may have been delivered before (ref ab12cd34).\n\n{MRKDWN}"


def test_a_service_that_asks_for_a_pause_is_not_asked_again() -> None:
    limits = ("Retry-After: 37", "X-RateLimit-Remaining: 0", f"X-RateLimit-Reset: {int(time.time()) + 5}")
    with Receiver(answer(429, *limits)) as receiver:
        begun = time.monotonic()
        outcome = Moved(DISCORD, receiver.port).send(OUTGOING, now=NOW)
    assert outcome == Outcome("retryable", "the server answered 429", 37.0)
    assert len(receiver.received) == 1
    assert time.monotonic() - begun < 3


def test_a_yes_that_the_service_does_not_understand_is_unknown() -> None:
    with Receiver(answer(200, body=b"<html>please log in</html>")) as receiver:
        outcome = Moved(SLACK, receiver.port).send(OUTGOING, now=NOW)
    assert outcome == Outcome("unknown", "the service answered, but what it said was not a yes")


def test_the_last_of_several_requests_decides() -> None:
    owner = {"ok": True, "result": [{"update_id": 1, "message": {"from": {"id": 7, "first_name": "Jane"}, "text": "/start"}}]}
    found = answer(200, "Content-Type: application/json", body=json.dumps(owner).encode())
    with Receiver(answer_in_turn(found, answer(503))) as receiver:
        outcome = Moved("tgram://123456789:abcdefg_hijklmnop/", receiver.port).send(OUTGOING, now=NOW)
    assert outcome == Outcome("retryable", "the server answered 503")


@pytest.mark.parametrize("option", ["retry=3&wait=1", "redirect=yes"])
def test_an_address_cannot_bring_back_what_breaks_the_promise(option: str) -> None:
    with Receiver(answer(302, "Location: /elsewhere")) as receiver:
        outcome = people(f"json://127.0.0.1:{receiver.port}/?{option}").send(OUTGOING, now=NOW)
    assert outcome.state == "permanent"
    assert len(receiver.received) == 1


@pytest.mark.parametrize("timeouts", ["", "?rto=0.05&cto=0.05"], ids=["usual", "shortened"])
def test_a_slow_yes_is_a_yes(timeouts: str) -> None:
    with Receiver(late(0.2, answer(200))) as receiver:
        outcome = people(f"json://127.0.0.1:{receiver.port}/{timeouts}").send(OUTGOING, now=NOW)
    assert outcome.state == "accepted"


# --- e-mail ---------------------------------------------------------------------------------------------------------------


def mail_of(receiver: Receiver) -> EmailMessage:
    (content,) = receiver.received
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body(preferencelist=(kind,))
    assert found is not None
    content: str = found.get_content()
    return content


def test_mail_carries_our_html_and_a_plain_text() -> None:
    with Receiver(mail_server()) as receiver:
        by_mail(receiver.port)
    assert part(mail_of(receiver), "html").strip() == MESSAGE.html
    assert part(mail_of(receiver), "plain").splitlines() == TEXT.splitlines()


def test_the_plain_text_of_one_mail_is_not_another_s() -> None:
    with Receiver(mail_server()) as one, Receiver(mail_server()) as other:
        by_mail(one.port)
        by_mail(other.port, replace(OUTGOING, message=replace(MESSAGE, text="another")))
    assert part(mail_of(one), "plain").splitlines() == TEXT.splitlines()
    assert part(mail_of(other), "plain").strip() == "another"


def test_mail_asked_for_as_text_is_our_text() -> None:
    with Receiver(mail_server()) as receiver:
        by_mail(receiver.port, replace(OUTGOING, message=replace(MESSAGE, text=HOSTILE)), options="&format=text")
    assert mail_of(receiver).get_content_type() == "text/plain"
    assert part(mail_of(receiver), "plain").strip() == HOSTILE


def test_a_subject_is_one_line_whatever_is_in_it() -> None:
    with Receiver(mail_server()) as receiver:
        by_mail(receiver.port, replace(OUTGOING, message=replace(MESSAGE, title="sale\r\nBcc: evil@example.com\x0bü")))
    assert mail_of(receiver)["Bcc"] is None
    assert mail_of(receiver)["Subject"] == "sale Bcc: evil@example.com ü"


def test_mail_is_never_cut() -> None:
    long = "word " * 20_000
    with Receiver(mail_server()) as receiver:
        by_mail(receiver.port, replace(OUTGOING, message=replace(MESSAGE, html=f"<p>{long}</p>")))
    assert part(mail_of(receiver), "html").count("word") == 20_000


# --- possible repeats -----------------------------------------------------------------------------------------------------

REPEAT = replace(OUTGOING, possible_repeat=True)


def test_a_possible_repeat_says_so_first_in_text() -> None:
    with Receiver(answer(200)) as receiver:
        by_json(receiver.port, REPEAT)
    assert receiver.json["title"] == "[possible repeat] EXMP sale"
    assert receiver.json["message"] == f"This may have been delivered before (ref ab12cd34).\n\n{TEXT}"


def test_a_possible_repeat_says_so_first_in_mail() -> None:
    page = replace(REPEAT, message=replace(MESSAGE, html='<html><body class="a"><p>Roe</p></body></html>'))
    with Receiver(mail_server()) as receiver:
        by_mail(receiver.port, page)
    assert mail_of(receiver)["Subject"].startswith("[possible repeat] ")
    assert '<body class="a"><p>This may have been delivered before (ref ab12cd34).</p><p>Roe' in part(mail_of(receiver), "html")


# --- the terminal -----------------------------------------------------------------------------------------------------------


def test_the_terminal_shows_title_and_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert sender_for(Destination("t", "terminal")).send(OUTGOING, now=NOW) == Outcome("accepted")
    assert capsys.readouterr().out == f"EXMP sale\n{TEXT}\n\n"


def test_a_reader_that_went_away_may_come_back() -> None:
    class Gone(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    with redirect_stdout(Gone()):
        assert sender_for(Destination("t", "terminal")).send(OUTGOING, now=NOW).state == "retryable"


def test_a_closed_terminal_is_no_crash() -> None:
    closed = io.StringIO()
    closed.close()
    with redirect_stdout(closed):
        assert sender_for(Destination("t", "terminal")).send(OUTGOING, now=NOW).state == "retryable"


# --- secrets and problems ---------------------------------------------------------------------------------------------------


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that reaches a handler of the root logger, as a daemon's does; caplog would also listen behind a closed door."""
    heard = io.StringIO()
    root, ear = logging.getLogger(), logging.StreamHandler(heard)
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    yield heard
    root.removeHandler(ear)
    root.setLevel(level)


def test_secrets_stay_out_of_outcomes_and_logs(log: io.StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    outcomes = [by_json(unused_port()), by_mail(unused_port())]
    for behaviour in (answer(404, body=CANARY.encode()), answer(302, f"Location: /{CANARY}"), reset, silence):
        with Receiver(behaviour) as receiver:
            outcomes.append(by_json(receiver.port))
    for replies in ({"auth": f"535 {CANARY}"}, {"rcpt": f"550 {CANARY}"}, {"content": HANG_UP}):
        with Receiver(mail_server(replies)) as receiver:
            outcomes.append(by_mail(receiver.port))
    outcomes.append(people(f"slack://T1JJ3T3L2/A1BRTD4JD/{CANARY}-no").send(OUTGOING, now=NOW))
    outcomes.append(people(f"nosuch://{CANARY}").send(OUTGOING, now=NOW))
    logging.getLogger("tests").warning("heard")
    seen = capfd.readouterr()
    assert "heard" in log.getvalue()
    assert CANARY not in repr(outcomes) + log.getvalue() + seen.out + seen.err


def test_an_address_apprise_cannot_use_is_permanent() -> None:
    assert people("nosuch://host").send(OUTGOING, now=NOW).state == "permanent"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (CANARY, "begins with its service"),
        (f"desk=json://{CANARY}", "no tag before it"),
        (f"2:desk=json://{CANARY}", "no tag before it"),
        (f"nosuch://{CANARY}", "Apprise knows no service nosuch://"),
        ("json://", "json:// is not complete"),
        (f"json://{CANARY}/?optional=yes", "optional=yes"),
        (f"json://{CANARY}, json://other", "several addresses"),
        (f"mailto://u:{CANARY}@example.com?to=a@example.com,b@example.com", "several recipients"),
        (f"mailto://u:{CANARY}@example.com?to=a@example.com&cc=b@example.com", "several recipients"),
        (f"mailto://u:{CANARY}@example.com?to=a@example.com&bcc=b@example.com", "several recipients"),
        (f"mailto://u:{CANARY}@example.com?to=a@example.com,b@example.com&retry=2", "several recipients"),
        (f"mailto://u:{CANARY}@example.com?to=a@example.com&to=b@example.com", "says something twice"),
        (f"mailto://u:{CANARY}@example.com?to=a@example.com;b@example.com", "says something twice"),
        (f"{SLACK}/#{CANARY},#b", "says something twice"),
        (f"mailto://u:{CANARY}@example.com?to=a@example.com,{CANARY}", "would be left out"),
        (f"mailto://u:{CANARY}@example.com/a@example.com/{CANARY}", "would be left out"),
        (f"mailto://u:{CANARY}@example.com?to=a@example.com&cc={CANARY}", "would be left out"),
        (f"tgram://123456789:abcdefg_hijklmnop/111/{CANARY}!", "would be left out"),
        (f"mailto://u:{CANARY}@example.com?to=nobody", "no valid recipient"),
        (f"{SLACK}/#{CANARY}/#b", "several recipients"),
        (f"mailto://u:{CANARY}@example.com?pgp={CANARY}", "Apprise does not take one of its parts"),
        (f"mailto://{CANARY}", "~From~"),
        (f"discord://{CANARY}", "Token"),
        (f"slack://bad!/{quote(CANARY)}/x", "slack:// is not complete"),
    ],
)
def test_a_problem_is_said_without_the_secret(url: str, words: str, capfd: pytest.CaptureFixture[str]) -> None:
    problem = problem_with(Destination("d", "apprise", url)) or ""
    seen = capfd.readouterr()
    assert words in problem
    assert CANARY.casefold() not in (problem + seen.out + seen.err).casefold()


@pytest.mark.parametrize(
    "url",
    [
        SLACK,
        DISCORD,
        TELEGRAM,
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "mailtos://u:p@example.com?to=a@example.com",
        f"{SLACK}?retry=2",
    ],
)
def test_a_usable_address_is_no_problem(url: str) -> None:
    assert problem_with(Destination("d", "apprise", url)) is None


def test_the_terminal_is_no_problem_and_an_unknown_kind_is() -> None:
    assert problem_with(Destination("t", "terminal")) is None
    assert problem_with(Destination("p", "pigeon")) == "unknown kind of destination: pigeon"
    with pytest.raises(ValueError, match="pigeon"):
        sender_for(Destination("p", "pigeon"))


def test_importing_the_door_does_not_load_apprise() -> None:
    code = "import sys, watcher.notify; print(sorted({'apprise', 'requests', 'urllib3'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603  # our own text
    assert ran.stdout == "[]\n"


# --- words ------------------------------------------------------------------------------------------------------------------


def test_ordinary_words_are_left_alone() -> None:
    ordinary = f"1,000 sh @ $25.10 (< 5 %) [F1] {LINK}"
    assert inert(ordinary) == ordinary


@given(st.text(alphabet="a@<!#:[]( >b\u200b", max_size=40))
def test_making_a_text_inert_twice_changes_nothing_more(text: str) -> None:
    assert inert(inert(text)) == inert(text)


@given(st.text(alphabet="ab <&\n", max_size=400), st.integers(min_value=150, max_value=300))
def test_a_cut_text_fits_and_ends_with_the_link(text: str, room: int) -> None:
    whole = f"{text}\n{LINK}"
    short = cut(whole, room)
    escaped = len(short.replace("&", "&amp;").replace("<", "&lt;"))
    assert short == whole or (escaped <= room and short.endswith(f"\n… (cut; full text: {LINK})"))


def test_a_cut_never_leaves_half_a_word_or_link() -> None:
    text = f"one two https://evil.example/three {'x ' * 200}\nhttps://evil.example/last"
    assert cut(text, 40) == "one two\n… (cut)"
