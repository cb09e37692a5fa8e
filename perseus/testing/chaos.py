"""Discord on this machine: webhooks with real buckets, and every way to fail that a notifier has to survive.

Limits are counted as Discord's documentation has it; the figures are small so that tests reach them.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from perseus.testing import discordform
from perseus.testing.service import FakeService, Reply, Request

WEBHOOK = re.compile(r"/api/webhooks/(\d+)/([\w-]+)(?:/messages/(\d+))?(?:\?.*)?")
UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK, INVALID_FORM = 10_008, 10_015, 50_035
FIRST_ID = 1_000

#: What makes an answer of a request, or None to let Discord answer.
Trouble = Callable[[Request], Reply | None]


class ChaosDiscord(FakeService):
    """Use it in a `with`. `webhook` is the URL to configure; any token is one.

    At most `limit` requests in `window` seconds, each beyond answered 429 and counted in `refused`. `messages`: by id,
    as they stand now. `trouble`: asked first for each request. `dead`: tokens of webhooks that were deleted.
    `is_strict`: messages that Discord would refuse are answered 400, with the reason.
    """

    def __init__(
        self, limit: int = 5, window: float = 2.0, trouble: Trouble = lambda _: None, *, is_strict: bool = False
    ) -> None:
        super().__init__()
        self.is_strict = is_strict
        self.limit, self.window, self.trouble = limit, window, trouble
        self.messages: dict[str, Any] = {}
        self.dead: set[str] = set()
        self.refused = 0
        self.came: list[tuple[float, str]] = []
        self._buckets: dict[str, deque[float]] = {}
        self._counting = threading.Lock()
        self._next_id = FIRST_ID

    @property
    def webhook(self) -> str:
        """URL of one webhook."""
        return f"{self.url}/api/webhooks/1/a-token"

    def take(self, request: Request) -> Reply:
        """Note a request and answer as Discord would, unless `trouble` has its own answer."""
        with self._counting:
            self.requests.append(request)
            self.came.append((time.monotonic(), request.path))
            found = WEBHOOK.fullmatch(request.path)
            if found is None:
                return _told(404, {"message": "404: Not Found", "code": 0})
            _, token, message = found.groups()
            headers, is_over = self._counted(token)
            if is_over:
                self.refused += 1
                wait = float(headers["X-RateLimit-Reset-After"])
                body = {"message": "You are being rate limited.", "retry_after": wait, "global": False}
                return _told(429, body, {**headers, "Retry-After": str(int(wait) + 1), "X-RateLimit-Scope": "user"})
        return self.trouble(request) or self._answered(request, token, message, headers)

    def _counted(self, token: str) -> tuple[dict[str, str], bool]:
        """The headers of the bucket, and whether this request is one too many."""
        now, sent = time.monotonic(), self._buckets.setdefault(token, deque())
        while sent and sent[0] <= now - self.window:
            sent.popleft()
        is_over = len(sent) >= self.limit
        if not is_over:
            sent.append(now)
        after = sent[0] + self.window - now
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.limit - len(sent)),
            "X-RateLimit-Reset": f"{time.time() + after:.3f}",
            "X-RateLimit-Reset-After": f"{after:.3f}",
            "X-RateLimit-Bucket": "80c17d2f203122d936070c88c8d10f33",
        }
        return headers, is_over

    def _answered(self, request: Request, token: str, message: str | None, headers: Mapping[str, str]) -> Reply:
        if token in self.dead:
            return _told(404, {"message": "Unknown Webhook", "code": UNKNOWN_WEBHOOK}, headers)
        if request.method == "GET" and message is None:
            return _told(200, {"id": "1", "name": "alerts", "channel_id": "42"}, headers)
        if message is not None and message not in self.messages:
            return _told(404, {"message": "Unknown Message", "code": UNKNOWN_MESSAGE}, headers)
        if message is not None and request.method in ("GET", "DELETE"):
            return self._looked_up(request.method, message, headers)
        reason = _refusal(request) if self.is_strict else None
        if reason is not None:
            return _told(400, {"message": f"Invalid Form Body: {reason}", "code": INVALID_FORM}, headers)
        return self._kept(request, message, headers)

    def _looked_up(self, method: str, message: str, headers: Mapping[str, str]) -> Reply:
        with self._counting:
            if method == "GET":
                return _told(200, {"id": message, **self.messages[message]}, headers)
            del self.messages[message]
            return _told(204, {}, headers)

    def _kept(self, request: Request, message: str | None, headers: Mapping[str, str]) -> Reply:
        with self._counting:
            if message is None:
                self._next_id += 1
            name = message or str(self._next_id)
            self.messages[name] = request.json()
        if message is None and "wait=true" not in request.path:
            return _told(204, {}, headers)
        return _told(200, {"id": name, "channel_id": "42", "webhook_id": "1"}, headers)


def failing(status: int, times: int = 1) -> Trouble:
    """The next `times` requests are answered with this status."""
    return _some(Reply(status, json.dumps({"message": "trouble"}).encode()), times)


def broken_off(times: int = 1) -> Trouble:
    """The next answers break off in the middle."""
    return _some(Reply(200, b'{"id": "1001", "content": "half of it"}', is_cut=True), times)


def torn(times: int = 1) -> Trouble:
    """The next connections are reset in the middle of the answer."""
    return _some(Reply(200, b'{"id": "1001", "content": "half of it"}', is_reset=True), times)


def garbled(times: int = 1) -> Trouble:
    """The next answers say 200 and hold no JSON."""
    return _some(Reply(200, b"<html>it works"), times)


def slow(seconds: float, times: int = 1) -> Trouble:
    """The next answers begin that late."""
    return _some(Reply(delay=seconds), times)


def dripping(seconds: float, times: int = 1) -> Trouble:
    """The bodies of the next answers come byte by byte, so long apart."""
    return _some(Reply(drip=seconds), times)


def dripping_head(seconds: float, times: int = 1) -> Trouble:
    """The next answers come byte by byte from the first header on, so long apart."""
    return _some(Reply(head_drip=seconds), times)


def always(status: int) -> Trouble:
    """Whatever is asked is answered with this status, for ever."""
    return lambda _: Reply(status, b'{"message": "trouble"}')


def refusing(text: str) -> Trouble:
    """Whatever holds this text is answered 400, for ever."""
    refused = Reply(400, b'{"message": "Invalid Form Body", "code": 50035}')
    return lambda request: refused if text in request.text else None


def flooded(seconds: float, times: int = 1) -> Trouble:
    """The next requests are one too many for all of Discord: 429 with `global`."""
    body = json.dumps({"message": "You are being rate limited.", "retry_after": seconds, "global": True}).encode()
    headers = {"Retry-After": str(int(seconds) + 1), "X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
    return _some(Reply(429, body, headers), times)


def in_turn(*troubles: Trouble | None) -> Trouble:
    """The first request has the first of these, and so on; None is no trouble, and so is what comes after the last."""
    left = list(troubles)

    def trouble(request: Request) -> Reply | None:
        found = left.pop(0) if left else None
        return found(request) if found else None

    return trouble


def _some(reply: Reply, times: int) -> Trouble:
    left = [reply] * times
    return lambda _: left.pop() if left else None


def _refusal(request: Request) -> str | None:
    try:
        return discordform.refusal(request.json())
    except ValueError:
        return "no JSON"


def _told(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, json.dumps(body).encode(), dict(headers or {}))
