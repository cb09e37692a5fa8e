"""What cannot be a request never reaches the pages, and is answered in the same plain way."""

from __future__ import annotations

import socket
from http import HTTPStatus
from http.client import HTTPResponse

from tests.commands.running import Site, eventually

BAD = (
    (b"<script>alert(1)</script>\r\n\r\n", 400, "cannot be read"),
    (b"GET / HTTP/9.9\r\n\r\n", 400, "cannot be read"),
    (b"GET /?" + b"x" * 5_000 + b" HTTP/1.1\r\n\r\n", 414, "Shorten it"),
    (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431, "Delete the cookies"),
    (b"GET / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: odd\r\n\r\n", 501, "does not take"),
)
THEIRS = ("script", "9.9", "xxx", "odd", "Error", "gunicorn")


def test_what_cannot_be_a_request_is_refused_in_our_words(site: Site, real_store: str) -> None:
    site.settings |= {"PERSEUS_REDIS_URL": real_store}
    assert site.run("init").returncode == 0
    with site.start("web"):
        eventually(lambda: site.get("/health"))
        for request, status, said in BAD:
            head, text = _answer(site.port, request, status)
            assert text.startswith(f"{status} {HTTPStatus(status).phrase}. ")
            assert said in text
            assert "Content-Type: text/plain; charset=utf-8" in head
            assert not any(word in head + text for word in THEIRS)


def _answer(port: int, request: bytes, status: int) -> tuple[str, str]:
    """Head and body; the connection is closed after it."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as asked:
        asked.sendall(request)
        answer = HTTPResponse(asked)
        answer.begin()
        text = answer.read().decode()
        assert asked.recv(1) == b""
    assert answer.status == status
    return answer.headers.as_string(), text
