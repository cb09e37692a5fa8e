"""Answers go out compressed to whoever takes gzip, and as they are to everybody else."""

from __future__ import annotations

import gzip

import pytest
from flask import Flask, Response

from perseus.web import compression
from perseus.web.compression import Compressed

BODY = "<p>coinbase is active</p>" * 100
SMALL = "<p>ok</p>"


@pytest.fixture
def app() -> Flask:
    made = Flask("test")
    compression.install(made)
    made.add_url_rule("/page", "page", lambda: BODY, methods=["GET", "POST"])
    made.add_url_rule("/small", "small", lambda: SMALL)
    made.add_url_rule("/stream", "stream", lambda: Response((BODY for _ in range(3)), mimetype="text/csv"))
    made.add_url_rule("/image", "image", lambda: Response(BODY, mimetype="image/png"))
    made.add_url_rule("/tagged", "tagged", lambda: _tagged())
    return made


def _tagged() -> Response:
    response = Response(BODY)
    response.set_etag("one")
    return response


def ask(app: Flask, path: str, takes: str | None = "gzip, br", method: str = "GET") -> Response:
    headers = {} if takes is None else {"Accept-Encoding": takes}
    return app.test_client().open(path, method=method, headers=headers)


def test_a_page_is_compressed_for_who_takes_gzip(app: Flask) -> None:
    answer = ask(app, "/page")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) == len(answer.data) < len(BODY) / 10
    assert gzip.decompress(answer.data).decode() == BODY
    assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize("takes", [None, "", "br", "gzip;q=0", "identity"])
def test_a_page_goes_as_it_is_to_who_does_not(app: Flask, takes: str | None) -> None:
    answer = ask(app, "/page", takes)
    assert "Content-Encoding" not in answer.headers
    assert answer.text == BODY
    # A cache between must not hand it to one who takes it otherwise.
    assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("path", "method"), [("/small", "GET"), ("/stream", "GET"), ("/image", "GET"), ("/page", "POST")]
)
def test_what_is_small_streamed_no_text_or_the_answer_to_a_form_is_left_as_it_is(
    app: Flask, path: str, method: str
) -> None:
    assert "Content-Encoding" not in ask(app, path, method=method).headers


def test_the_tag_of_a_compressed_answer_is_weak(app: Flask) -> None:
    assert ask(app, "/tagged").headers["ETag"] == 'W/"one"'
    assert ask(app, "/tagged", None).headers["ETag"] == '"one"'


def test_a_body_that_many_ask_for_is_compressed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bytes] = []
    real = gzip.compress
    monkeypatch.setattr(
        gzip, "compress", lambda body, level, mtime: made.append(body) or real(body, level, mtime=mtime)
    )
    compressed = Compressed()
    first, second = compressed.of(b"a" * 5_000), compressed.of(b"a" * 5_000)
    assert first is second
    assert len(made) == 1


def test_no_more_is_kept_than_allowed_and_the_newest_of_it() -> None:
    compressed = Compressed(12_000)
    bodies = [bytes([65 + number]) * 5_000 for number in range(4)]
    for body in bodies:
        compressed.of(body)
    assert list(compressed._known) == bodies[2:]
    assert compressed._size <= 12_000


def test_a_body_that_is_larger_than_all_that_is_kept_drives_nothing_out() -> None:
    compressed = Compressed(12_000)
    compressed.of(b"a" * 5_000)
    compressed.of(b"b" * 50_000)
    assert list(compressed._known) == [b"a" * 5_000]
