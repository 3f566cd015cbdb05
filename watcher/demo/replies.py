"""HTTP answers that do not depend on what EDGAR holds: the archive's (S3's) error documents and the SEC's web pages.

The words are our own, around the titles and phrases by which the real pages are told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer before transport: the body is not compressed yet."""

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def _s3_error(status: int, code: str, message: str) -> Reply:
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}'
        "<RequestId>EXAMPLE000000000</RequestId><HostId>ZXhhbXBsZQ==</HostId></Error>"
    )
    return Reply(status, "application/xml", body.encode())


def no_such_key(path: str) -> Reply:
    """404: the archive has no object of this name."""
    return _s3_error(404, "NoSuchKey", f"The specified key does not exist.</Message><Key>{escape(path.removeprefix('/'))}</Key>")


ACCESS_DENIED = _s3_error(403, "AccessDenied", "Access Denied</Message>")


def _html(title: str, *paragraphs: str) -> bytes:
    body = "".join(f"<p>{paragraph}</p>\n" for paragraph in paragraphs)
    return (
        f"<!DOCTYPE html>\n<html>\n<head>\n<title>SEC.gov | {title}</title>\n</head>\n<body>\n<h1>{title}</h1>\n"
        f"{body}</body>\n</html>\n"
    ).encode()


RATE_THRESHOLD = Reply(
    403,
    "text/html",
    _html(
        "Request Rate Threshold Exceeded",
        "Your request rate has exceeded the maximum allowable requests per second. "
        "Your access to SEC.gov will be limited for 10 minutes.",
        "Asking again before that makes it longer.",
        "Reference ID: 0.00000000.0000000000.00000000",
    ),
)
UNDECLARED = Reply(
    403,
    "text/html",
    _html(
        "Your Request Originates from an Undeclared Automated Tool",
        "Please declare your traffic: name yourself and an e-mail address in the user agent.",
        "Reference ID: 0.00000000.0000000000.00000000",
    ),
)
UNAVAILABLE = Reply(
    503,
    "text/html",
    _html("File Unavailable", "This page is temporarily unavailable.", "SEC.gov is undergoing maintenance."),
    (("Server", "AkamaiNetStorage"), ("Connection", "close")),
)
SERVER_ERROR = Reply(500, "text/html", _html("Internal Server Error", "Something failed on our side."))
WEB_PAGE = Reply(200, "text/html", _html("Search the Next-Generation EDGAR System", "No matching results."))
