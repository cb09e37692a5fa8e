"""Answers compressed with gzip for whoever takes it; a body that many ask for is compressed once.

Only what is asked for with GET, and never what is streamed. The answer to a form is left as it is: it may hold a secret
that is shown once beside text that somebody sent, and the length of the two compressed together tells of the secret.
"""

from __future__ import annotations

import gzip
import threading
from collections import OrderedDict

from flask import Flask, Response, request

SMALLEST = 1_000
LEVEL = 4
KEPT_BYTES = 16 * 1024 * 1024
BODILESS = (204, 206, 304)
KINDS = ("text/", "application/json", "application/problem+json", "application/openapi+json", "image/svg+xml")


class Compressed:
    """Bodies and what they come to, the newest of them up to `kept_bytes` in all. One for each app, for all threads."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._kept_bytes = kept_bytes
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, bytes] = OrderedDict()
        self._size = 0

    def of(self, body: bytes) -> bytes:
        """The body, compressed; equal bodies give equal bytes."""
        with self._lock:
            known = self._known.get(body)
            if known is not None:
                self._known.move_to_end(body)
                return known
        made = gzip.compress(body, LEVEL, mtime=0)
        self._keep(body, made)
        return made

    def _keep(self, body: bytes, made: bytes) -> None:
        with self._lock:
            if body in self._known or len(body) + len(made) > self._kept_bytes:
                return
            self._known[body] = made
            self._size += len(body) + len(made)
            while self._size > self._kept_bytes:
                self._size -= sum(map(len, self._known.popitem(last=False)))


def install(app: Flask) -> None:
    """Compress what the app answers."""
    compressed = Compressed()

    def compress(response: Response) -> Response:
        if not _may_be(response):
            return response
        response.vary.add("Accept-Encoding")
        body = response.get_data()
        if len(body) >= SMALLEST and request.accept_encodings.quality("gzip") > 0:
            response.set_data(compressed.of(body))
            response.headers["Content-Encoding"] = "gzip"
            _weaken(response)
        return response

    app.after_request(compress)


def _may_be(response: Response) -> bool:
    is_whole = (
        not response.is_streamed and not response.direct_passthrough and response.status_code not in (204, 206, 304)
    )
    is_text = (response.mimetype or "").startswith(KINDS)
    return request.method == "GET" and is_whole and is_text and "Content-Encoding" not in response.headers


def _weaken(response: Response) -> None:
    # A strong tag promises equal bytes, and the same file also goes out as it is.
    tag, is_weak = response.get_etag()
    if tag is not None and not is_weak:
        response.set_etag(tag, weak=True)
