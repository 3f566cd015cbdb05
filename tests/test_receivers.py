"""The receivers take what real clients send, and refuse, stall or hang up as they are told."""

from __future__ import annotations

import smtplib
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from watcher.demo.receivers import Answer
from watcher.demo.receivers import SmtpReceiver
from watcher.demo.receivers import WebhookReceiver

SENDER = "watcher@example.com"
DESK = "desk@example.com"
LETTER = b"Subject: a sale\r\n\r\n.hidden line\r\nlast line\r\n"


@pytest.fixture
def hook() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as receiver:
        yield receiver


@pytest.fixture
def post(hook: WebhookReceiver) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=hook.url, timeout=2, trust_env=False) as client:
        yield client


@pytest.fixture
def mailbox() -> Iterator[SmtpReceiver]:
    with SmtpReceiver() as receiver:
        yield receiver


@pytest.fixture
def smtp(mailbox: SmtpReceiver) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", mailbox.port, timeout=2) as smtp:
        yield smtp


# --- webhooks ---------------------------------------------------------------------------------------------------------


def test_a_webhook_is_recorded_as_it_came(hook: WebhookReceiver, post: httpx.Client) -> None:
    before = time.monotonic()
    assert post.post("", content=b'{"a": 1}', headers={"X-Watcher-Event": "e1"}).status_code == 200
    (received,) = hook.received
    assert received.body == b'{"a": 1}'
    assert received.headers["x-watcher-event"] == "e1"
    assert before <= received.at <= time.monotonic()


def test_queued_answers_come_in_order_then_the_default(hook: WebhookReceiver, post: httpx.Client) -> None:
    hook.answer(503, {"Retry-After": "7"})
    hook.answer(410)
    replies = [post.post("") for _ in range(3)]
    assert [reply.status_code for reply in replies] == [503, 410, 200]
    assert replies[0].headers["Retry-After"] == "7"


def test_the_default_answer_can_be_another() -> None:
    with WebhookReceiver(Answer(500)) as hook:
        assert [httpx.post(hook.url, trust_env=False).status_code for _ in range(2)] == [500, 500]


def test_a_webhook_can_be_taken_without_an_answer(hook: WebhookReceiver, post: httpx.Client) -> None:
    hook.answer(None)
    with pytest.raises(httpx.RemoteProtocolError):
        post.post("", content=b"x")
    assert [received.body for received in hook.received] == [b"x"]


def test_a_slow_webhook_keeps_nobody_waiting_at_the_end() -> None:
    threads = threading.active_count()
    with WebhookReceiver(Answer(delay_seconds=30)) as hook:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(hook.url, timeout=0.2, trust_env=False)
        leaving = time.monotonic()
    assert time.monotonic() - leaving < 1
    assert threading.active_count() == threads


# --- mail -------------------------------------------------------------------------------------------------------------


def test_a_letter_arrives_with_its_envelope_and_its_dots(mailbox: SmtpReceiver, smtp: smtplib.SMTP) -> None:
    assert smtp.sendmail(SENDER, [DESK, "other@example.com"], LETTER) == {}
    (mail,) = mailbox.received
    assert (mail.sender, mail.recipients, mail.content) == (SENDER, (DESK, "other@example.com"), LETTER)


def test_one_connection_carries_several_letters(mailbox: SmtpReceiver, smtp: smtplib.SMTP) -> None:
    smtp.sendmail(SENDER, [DESK], LETTER)
    smtp.rset()
    smtp.noop()
    smtp.sendmail(SENDER, ["other@example.com"], LETTER)
    assert [mail.recipients for mail in mailbox.received] == [(DESK,), ("other@example.com",)]


def test_a_refused_recipient_does_not_stop_the_others(mailbox: SmtpReceiver, smtp: smtplib.SMTP) -> None:
    mailbox.refuse("gone@example.com")
    refused = smtp.sendmail(SENDER, [DESK, "gone@example.com"], LETTER)
    assert refused == {"gone@example.com": (550, b"no such mailbox")}
    assert mailbox.received[0].recipients == (DESK,)


@pytest.mark.parametrize(
    ("stage", "error"),
    [
        ("MAIL", smtplib.SMTPSenderRefused),
        ("RCPT", smtplib.SMTPRecipientsRefused),
        ("DATA", smtplib.SMTPDataError),
        ("BODY", smtplib.SMTPDataError),
    ],
)
@pytest.mark.parametrize("code", [451, 554])
def test_a_stage_refuses_as_told_and_then_no_more(
    mailbox: SmtpReceiver, smtp: smtplib.SMTP, stage: str, error: type[Exception], code: int
) -> None:
    mailbox.answer(stage, code, "not like this")
    with pytest.raises(error, match=str(code)):
        smtp.sendmail(SENDER, [DESK], LETTER)
    assert mailbox.received == ()
    smtp.sendmail(SENDER, [DESK], LETTER)
    assert len(mailbox.received) == 1


def test_the_greeting_can_refuse_too(mailbox: SmtpReceiver) -> None:
    mailbox.answer("CONNECT", 421, "busy", times=None)
    for _ in range(2):
        with pytest.raises(smtplib.SMTPConnectError, match="busy"):
            smtplib.SMTP("127.0.0.1", mailbox.port, timeout=2)


def test_a_letter_taken_without_a_reply_did_arrive(mailbox: SmtpReceiver, smtp: smtplib.SMTP) -> None:
    mailbox.answer("BODY", None)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        smtp.sendmail(SENDER, [DESK], LETTER)
    assert len(mailbox.received) == 1


def test_a_slow_reply_outlasts_the_client_but_not_the_server() -> None:
    with SmtpReceiver() as mailbox:
        mailbox.answer("BODY", 250, delay_seconds=30)
        with (
            smtplib.SMTP("127.0.0.1", mailbox.port, timeout=0.2) as smtp,
            pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"),
        ):
            smtp.sendmail(SENDER, [DESK], LETTER)
        assert len(mailbox.received) == 1
        leaving = time.monotonic()
    assert time.monotonic() - leaving < 1


def test_commands_out_of_order_or_unknown_are_refused(smtp: smtplib.SMTP) -> None:
    assert smtp.rcpt(DESK)[0] == 503
    assert smtp.docmd("DATA")[0] == 503
    assert smtp.docmd("VRFY", "desk")[0] == 502
