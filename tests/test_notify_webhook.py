from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from datetime import UTC
from datetime import datetime
from pathlib import Path

import pytest

from tests.core.samples import BODY
from tests.loopback import Behaviour
from tests.loopback import Receiver
from tests.loopback import answer
from tests.loopback import close_at_once
from tests.loopback import drip
from tests.loopback import plain_text
from tests.loopback import raw
from tests.loopback import reset
from tests.loopback import silence
from tests.loopback import unused_port
from tests.world import run_watcher
from tests.world import webhook
from tests.world import write_config
from watcher import __version__
from watcher.config import Destination
from watcher.core.telling import Message
from watcher.core.telling import Outcome
from watcher.core.telling import Outgoing
from watcher.demo.receivers import WebhookReceiver
from watcher.notify import problem_with
from watcher.notify import sender_for
from watcher.notify.machines import Webhook

NOW = datetime(2026, 11, 20, 12, 0, 0, 400_000, tzinfo=UTC)
CANARY = "c4n4ry"
PAYLOAD = '{"event_id": "ab12cd34ef", "text": "„Größe“"}'.encode()
OUTGOING = Outgoing("ab12cd34ef", Message("title", "text", "<p>text</p>"), PAYLOAD)


def deliver(port: int, *, deadline: float = 0.5, outgoing: Outgoing = OUTGOING) -> Outcome:
    url = f"http://user:{CANARY}@127.0.0.1:{port}/{CANARY}?token={CANARY}"
    return Webhook(Destination("m", "webhook", url, CANARY.encode()), deadline=deadline).send(outgoing, now=NOW)


CELLS: list[tuple[str, Behaviour, str, float | None]] = [
    ("200", answer(200), "accepted", None),
    ("204", answer(204, body=b""), "accepted", None),
    ("200 with garbage", answer(200, body=b"<html>\x00\xff garbage"), "accepted", None),
    ("200 with a broken body", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nbroken"), "accepted", None),
    ("not HTTP", raw(b"no such thing\r\n\r\n"), "unknown", None),
    ("301", answer(301, "Location: /elsewhere"), "permanent", None),
    ("302", answer(302, "Location: /elsewhere"), "permanent", None),
    ("400", answer(400), "permanent", None),
    ("401", answer(401), "permanent", None),
    ("404", answer(404), "permanent", None),
    ("410 with a pause", answer(410, "Retry-After: 5"), "permanent", None),
    ("408", answer(408), "retryable", None),
    ("425", answer(425), "retryable", None),
    ("429", answer(429), "retryable", None),
    ("429 in seconds", answer(429, "Retry-After: 37"), "retryable", 37.0),
    ("429 as a date", answer(429, "Retry-After: Fri, 20 Nov 2026 12:02:00 GMT"), "retryable", 119.6),
    ("429 for ever", answer(429, "Retry-After: 999999999"), "retryable", 86_400.0),
    ("500", answer(500), "retryable", None),
    ("503 with a pause", answer(503, "Retry-After: 5"), "retryable", 5.0),
    ("503 with a broken body", raw(b"HTTP/1.1 503 No\r\nContent-Length: 99\r\n\r\nbroken"), "retryable", None),
    ("reset before the reply", reset, "unknown", None),
    ("closed at once", close_at_once, "unknown", None),
    ("never answered", silence, "unknown", None),
    ("headers that never end", drip, "unknown", None),
]


@pytest.mark.parametrize(("behaviour", "state", "pause"), [cell[1:] for cell in CELLS], ids=[cell[0] for cell in CELLS])
def test_every_answer_of_a_webhook_has_one_meaning(behaviour: Behaviour, state: str, pause: float | None) -> None:
    with Receiver(behaviour) as receiver:
        outcome = deliver(receiver.port)
    assert outcome.state == state
    assert outcome.retry_after == pytest.approx(pause)
    assert len(receiver.received) <= 1


def test_a_refused_connection_means_nothing_was_sent() -> None:
    assert deliver(unused_port()) == Outcome("not_sent", "no connection: connection refused")


def test_an_unknown_host_means_nothing_was_sent() -> None:
    webhook = Webhook(Destination("m", "webhook", "http://nowhere.invalid/", b"k"))
    assert webhook.send(OUTGOING, now=NOW).state == "not_sent"


def test_a_tls_handshake_that_fails_means_nothing_was_sent() -> None:
    with Receiver(plain_text) as receiver:
        webhook = Webhook(Destination("m", "webhook", f"https://127.0.0.1:{receiver.port}/", b"k"), deadline=0.5)
        assert webhook.send(OUTGOING, now=NOW) == Outcome("not_sent", "no connection: no trusted TLS connection")


def test_the_deadline_covers_an_answer_that_drips() -> None:
    with Receiver(drip) as receiver:
        begun = time.monotonic()
        deliver(receiver.port, deadline=0.3)
        assert time.monotonic() - begun < 2


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused_port()}")
    monkeypatch.setenv("NO_PROXY", "")
    with Receiver(answer(200)) as receiver:
        assert deliver(receiver.port).state == "accepted"


def test_a_redirect_is_named_in_the_reason() -> None:
    with Receiver(answer(302, "Location: /elsewhere")) as receiver:
        assert deliver(receiver.port).reason == "the server answered 302, a redirect, which is not followed"


def test_the_payload_arrives_byte_for_byte_with_its_headers() -> None:
    with Receiver(answer(200)) as receiver:
        deliver(receiver.port)
    assert receiver.body == PAYLOAD
    expected = {
        "content-type": "application/json",
        "user-agent": f"edgar-watcher/{__version__}",
        "idempotency-key": "ab12cd34ef",
        "x-watcher-event": "ab12cd34ef",
        "x-watcher-timestamp": "1795176000",
    }
    assert {name: receiver.headers.get(name) for name in expected} == expected


def test_the_signature_is_over_timestamp_full_stop_and_body() -> None:
    with Receiver(answer(200)) as receiver:
        deliver(receiver.port)
    signed = receiver.headers["x-watcher-timestamp"].encode() + b"." + receiver.body
    assert receiver.headers["x-watcher-signature"] == "sha256=" + hmac.digest(CANARY.encode(), signed, "sha256").hex()
    assert len(receiver.headers["x-watcher-signature"]) == len("sha256=") + hashlib.sha256().digest_size * 2


def test_a_possible_repeat_is_the_same_request() -> None:
    with Receiver(answer(200)) as receiver:
        deliver(receiver.port, outgoing=Outgoing("ab12cd34ef", OUTGOING.message, PAYLOAD, possible_repeat=True))
        deliver(receiver.port)
    first, second = receiver.received
    assert first == second


def test_one_sender_delivers_many_times() -> None:
    with Receiver(answer(200)) as receiver:
        webhook = sender_for(Destination("m", "webhook", f"http://127.0.0.1:{receiver.port}/", b"k"))
        assert [webhook.send(OUTGOING, now=NOW).state for _ in range(3)] == ["accepted"] * 3


def test_a_webhooks_secrets_stay_out_of_outcomes_and_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for behaviour in (answer(200), answer(404), answer(302, f"Location: /{CANARY}"), reset, raw(CANARY.encode())):
        with Receiver(behaviour) as receiver:
            assert CANARY not in repr(deliver(receiver.port))
    assert CANARY not in repr(deliver(unused_port()))
    assert CANARY not in caplog.text


@pytest.mark.parametrize("url", ["ftp://example.com/", "https://", "https://[::1", "hook", "https://a b/", ""])
def test_an_address_that_cannot_take_a_post_is_a_problem(url: str) -> None:
    assert "webhook" in (problem_with(Destination("m", "webhook", url, b"k")) or "")


def test_a_webhook_without_a_secret_is_a_problem() -> None:
    assert "secret" in (problem_with(Destination("m", "webhook", "https://example.com/hook")) or "")


def test_a_good_webhook_is_no_problem() -> None:
    assert problem_with(Destination("m", "webhook", "https://example.com/hook", b"k")) is None


def test_a_trial_has_the_fields_of_an_alert_so_that_it_tries_the_receiver_too(tmp_path: Path) -> None:
    with WebhookReceiver() as receiver:
        config = write_config(tmp_path, "http://127.0.0.1:9", {"machine": webhook(receiver.url)})
        assert run_watcher(config, "notify", "test", "machine").returncode == 0
    (post,) = receiver.received
    assert set(json.loads(post.body)) >= BODY
