"""HTTP for notifiers, with the deadline, the limits and the error classes of a delivery. Only here is httpx used."""

from __future__ import annotations

import json as json_
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from perseus.notify.limiter import Limiter
from perseus.notify.outcomes import DeliveryError, Permanent, Poison, Retry, Wait
from perseus.version import VERSION

ANSWER_MAX = 256 * 1024
CONNECT_SECONDS = 5.0
LEAST_SECONDS = 0.05
NOT_ARRIVED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)
PERMANENT = frozenset((401, 403, 404, 410))
PASSING = frozenset((408, 425))
TOO_MANY = 429

SecondsLeft = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered, 2xx. Names of headers in lower case; at most 256 KiB of text."""

    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> Any:
        """The body as JSON. Raises Retry for what is none; the message may have arrived."""
        try:
            return json_.loads(self.text)
        except (ValueError, RecursionError):
            reason = "the service took it, and answered with something that is no JSON"
            raise Retry(reason, status=self.status) from None


class Http:
    """One destination's connections, which are kept. `now_ms`: Unix milliseconds, as the limiter counts them.

    `shared`: limits of a service that counts by address, kept to by all destinations of this process together.
    """

    def __init__(self, limiter: Limiter, now_ms: Callable[[], int], shared: Limiter | None = None) -> None:
        self._limiters = [limiter] if shared is None else [limiter, shared]
        self._now_ms = now_ms
        self._client = httpx.Client(follow_redirects=False, headers={"User-Agent": f"perseus/{VERSION}"})

    def bounded(self, seconds_left: SecondsLeft) -> Bounded:
        """The client for one call."""
        return Bounded(self, seconds_left)

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def exchange(self, seconds_left: SecondsLeft, method: str, url: str, **more: Any) -> Answer:
        """One request, as `Bounded.request`."""
        where = _host(url)
        wait_ms = self._wait_ms()
        if wait_ms > 0:
            raise Wait(wait_ms / 1000, f"the limit of {where} is used up")
        for limiter in self._limiters:
            limiter.sent(self._now_ms())
        try:
            response, text = self._answered(seconds_left, method, url, more)
        except (httpx.InvalidURL, httpx.LocalProtocolError):
            raise Permanent("its address or a header cannot be used: look at the configuration") from None
        except NOT_ARRIVED as error:
            raise Retry(f"{where} cannot be reached ({_kind(error)})", may_have_arrived=False) from None
        except httpx.HTTPError as error:
            raise Retry(f"{where} gave no whole answer ({_kind(error)})") from None
        self._heard(response, text)
        self._judge(where, response.status_code, text)
        return Answer(response.status_code, _lower(response), text)

    def _answered(
        self, seconds_left: SecondsLeft, method: str, url: str, more: Mapping[str, Any]
    ) -> tuple[httpx.Response, str]:
        """The whole answer, or a time-out: one that drips byte by byte never runs into the others."""
        end = time.monotonic() + max(LEAST_SECONDS, seconds_left())
        timeout = httpx.Timeout(end - time.monotonic(), connect=min(CONNECT_SECONDS, end - time.monotonic()))
        parts: list[bytes] = []
        with self._client.stream(method, url, timeout=timeout, **more) as response:
            for part in response.iter_bytes():
                parts.append(part)
                if time.monotonic() > end:
                    raise httpx.ReadTimeout("too slow")
                if sum(map(len, parts)) > ANSWER_MAX:
                    break
        return response, b"".join(parts)[:ANSWER_MAX].decode("utf-8", "replace")

    def _heard(self, response: httpx.Response, text: str) -> None:
        for limiter in self._limiters:
            limiter.heard(response.status_code, _lower(response), text, self._now_ms())

    def _wait_ms(self) -> int:
        return max(limiter.wait_ms(self._now_ms()) for limiter in self._limiters)

    def _judge(self, where: str, status: int, text: str) -> None:
        try:
            self._raise(where, status)
        except DeliveryError as error:
            error.answer = text
            raise

    def _raise(self, where: str, status: int) -> None:
        reason = f"{where} answered {status}"
        if status == TOO_MANY:
            raise Wait(self._wait_ms() / 1000, f"{reason}: too many requests", status=status)
        if status >= 500 or status in PASSING:
            raise Retry(reason, after=self._wait_ms() / 1000 or None, status=status)
        if 300 <= status < 400:
            raise Permanent(f"{reason}: it sends elsewhere, which is not followed", status=status)
        if status in PERMANENT:
            raise Permanent(reason, status=status)
        if status >= 400:
            raise Poison(f"{reason}: it does not take this message", status=status)


@dataclass(frozen=True, slots=True)
class Bounded:
    """HTTP within the deadline of one call: what a notifier has as `context.http`."""

    _http: Http
    _seconds_left: SecondsLeft

    def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        content: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request. The answer when the service took it (2xx); raises Wait, Retry, Poison, Permanent.

        Redirects are not followed. Limits that the service names are kept to: Wait before one would be broken.
        """
        more = {"json": json, "content": content, "headers": dict(headers or {}), "params": params}
        given = {name: value for name, value in more.items() if value is not None}
        return self._http.exchange(self._seconds_left, method, url, **given)

    def get(self, url: str, **more: Any) -> Answer:
        """As `request`."""
        return self.request("GET", url, **more)

    def post(self, url: str, **more: Any) -> Answer:
        """As `request`."""
        return self.request("POST", url, **more)

    def patch(self, url: str, **more: Any) -> Answer:
        """As `request`."""
        return self.request("PATCH", url, **more)


def _lower(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _host(url: str) -> str:
    """Of an address whose path may be a secret, what may be told."""
    try:
        return urlsplit(url).hostname or "the service"
    except ValueError:
        return "the service"


def _kind(error: Exception) -> str:
    """`ReadTimeout` as `read timeout`."""
    name = type(error).__name__.removesuffix("Error")
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
