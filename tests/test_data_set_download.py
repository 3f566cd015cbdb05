"""A quarter's data set from the SEC: where most are, or where its page says; nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.world import CONTACT
from tests.world import Clock
from tests.world import Unpaced
from watcher.config import EdgarConfig
from watcher.core.errors import NotYet
from watcher.core.errors import Unreachable
from watcher.demo.loopback import Loopback
from watcher.edgar import Edgar

USUAL = "/files/structureddata/data/insider-transactions-data-sets/2026q2_form345.zip"
MOVED = "/files/elsewhere/2026q2_form345.zip"
PAGE = "/data-research/sec-markets-data/insider-transactions-data-sets"


class _Exchange(BaseHTTPRequestHandler):
    server: _Sec

    def do_GET(self) -> None:
        body = self.server.files.get(self.path)
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, format: str, *_args: object) -> None:  # noqa: A002, ARG002 -- the signature is http.server's
        return


class _Sec(Loopback):
    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(_Exchange)
        self.files = files


@contextmanager
def sec(folder: Path, files: dict[str, bytes]) -> Iterator[Edgar]:
    with _Sec(files) as server:
        door = Edgar(EdgarConfig(CONTACT, www_url=f"http://127.0.0.1:{server.port}"), Unpaced(folder / "pace"), now=Clock())
        yield door
        door.close()


def page(href: str) -> bytes:
    return f'<!DOCTYPE html><html><a href="{href}">2026 Q2</a></html>'.encode()


def test_a_data_set_lies_where_most_do(tmp_path: Path) -> None:
    with sec(tmp_path, {USUAL: b"PK"}) as door:
        assert door.data_set("2026q2") == b"PK"


@pytest.mark.parametrize("href", [MOVED, f"https://www.sec.gov{MOVED}"])
def test_one_that_was_moved_is_found_by_the_sec_s_page(tmp_path: Path, href: str) -> None:
    with sec(tmp_path, {PAGE: page(href), MOVED: b"PK"}) as door:
        assert door.data_set("2026q2") == b"PK"


@pytest.mark.parametrize("href", ["/files/elsewhere/2026q1_form345.zip", "https://example.com/2026q2_form345.zip"])
def test_one_that_the_sec_does_not_offer_is_not_there_yet(tmp_path: Path, href: str) -> None:
    with sec(tmp_path, {PAGE: page(href)}) as door, pytest.raises(NotYet, match="2026q2"):
        door.data_set("2026q2")


def test_a_web_page_is_no_data_set(tmp_path: Path) -> None:
    with sec(tmp_path, {USUAL: page(MOVED)}) as door, pytest.raises(Unreachable, match="web page"):
        door.data_set("2026q2")
