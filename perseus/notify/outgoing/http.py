"""HTTP for notifiers, with the deadline, the limits and the error classes of a delivery."""

from __future__ import annotations

import errno
import json as json_
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from perseus.notify.notifier import Limit
from perseus.notify.outcomes import DeliveryError, Permanent, Poison, Retry, Wait
from perseus.notify.outgoing import ratelimit, wire
from perseus.notify.outgoing.hostlimits import HostLimits
from perseus.notify.outgoing.limiter import Limiter
from perseus.notify.outgoing.transport import Transport
from perseus.version import VERSION

ANSWER_MAX = 256 * 1024
#: Of the deadline of a call, for the notifier to make something of the answer, or of its absence.
REST_SECONDS, REST_SHARE = 0.25, 0.1
#: A pause that a failing service asks for counts from here on; a shorter one is left to the usual backoff.
PAUSE_SECONDS = 2.0
NOT_ARRIVED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)
PERMANENT = frozenset((401, 403, 404, 407, 410))
PASSING = frozenset((408, 421, 425))
#: By these a service says that it has not taken up the request at all. Not 503: proxies say that of a half-done one.
UNTOUCHED = frozenset((408, 421, 425, 501))
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

    `hosts`, `of_host`: limits of services that count by our address, kept to by all who share `hosts`.
    """

    def __init__(
        self,
        limiter: Limiter,
        now_ms: Callable[[], int],
        hosts: HostLimits | None = None,
        of_host: Sequence[Limit] = (),
    ) -> None:
        self._limiter = limiter
        self._now_ms = now_ms
        self._hosts = hosts or HostLimits()
        self._of_host = of_host
        headers = {"User-Agent": f"perseus/{VERSION}", "Accept-Encoding": "identity"}
        self._client = httpx.Client(transport=Transport(), timeout=None, follow_redirects=False, headers=headers)

    def bounded(self, seconds_left: SecondsLeft) -> Bounded:
        """The client for one call."""
        return Bounded(self, seconds_left)

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def exchange(self, seconds_left: SecondsLeft, method: str, url: str, **more: Any) -> Answer:
        """One request, as `Bounded.request`."""
        where = _host(url)
        left = seconds_left()
        if left <= 0:
            raise Retry(f"there was no time left to ask {where}", may_have_arrived=False)
        shared = self._hosts.of(where, self._of_host)
        self._admit(shared, where)
        try:
            with wire.ending(time.monotonic() + left - min(REST_SECONDS, left * REST_SHARE)):
                answer = self._answered(method, url, more)
        except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeError):
            raise Permanent("its address or a header cannot be used: look at the configuration") from None
        except NOT_ARRIVED as error:
            raise Retry(f"{where} cannot be reached: {_why(error)}", may_have_arrived=False) from None
        except httpx.HTTPError as error:
            raise Retry(f"{where} gave no whole answer: {_why(error)}") from None
        return self._judged(where, answer, shared)

    def _admit(self, shared: Limiter, where: str) -> None:
        """Raise Wait where a limit would be broken, else count the request."""
        now_ms = self._now_ms()
        wait_ms = self._limiter.wait_ms(now_ms) or shared.take(now_ms)
        if wait_ms > 0:
            raise Wait(wait_ms / 1000, f"the limit of {where} is used up")
        self._limiter.sent(now_ms)

    def _answered(self, method: str, url: str, more: Mapping[str, Any]) -> Answer:
        """What came. Nothing is unpacked: a small answer could fill the memory."""
        parts, length = [], 0
        with self._client.stream(method, url, **more) as response:
            for part in response.iter_raw():
                parts.append(part)
                length += len(part)
                if length > ANSWER_MAX:
                    break
        headers = {name.lower(): value for name, value in response.headers.items()}
        is_packed = headers.get("content-encoding", "identity") != "identity"
        text = "" if is_packed else b"".join(parts)[:ANSWER_MAX].decode("utf-8", "replace")
        return Answer(response.status_code, headers, text)

    def _judged(self, where: str, answer: Answer, shared: Limiter) -> Answer:
        told = (answer.status, answer.headers, answer.text, self._now_ms())
        pause = self._limiter.heard(*told)
        if answer.status == TOO_MANY and ratelimit.is_of_all(answer.headers, answer.text):
            shared.heard(*told)
        error = _outcome(where, answer.status, pause, self._limiter.wait_ms(self._now_ms()) / 1000)
        if error is not None:
            error.answer = answer.text
            raise error
        return answer


def _outcome(where: str, status: int, pause: float | None, wait: float) -> DeliveryError | None:
    """What a status stands for, None for 2xx. Seconds: the `pause` that was asked for, the `wait` of our limits."""
    reason = f"{where} answered {status}"
    if status == TOO_MANY:
        return Wait(wait, f"{reason}: too many requests", status=status)
    if status >= 500 or status in PASSING:
        after = pause if pause is not None and pause >= PAUSE_SECONDS else None
        return Retry(reason, after=after, status=status, may_have_arrived=status not in UNTOUCHED)
    if 300 <= status < 400:
        return Permanent(f"{reason}: it sends elsewhere, which is not followed", status=status)
    if status in PERMANENT:
        return Permanent(reason, status=status)
    if status >= 400:
        return Poison(f"{reason}: it does not take this message", status=status)
    return None


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


def _host(url: str) -> str:
    """Of an address whose path may be a secret, what may be told."""
    try:
        return urlsplit(url).hostname or "the service"
    except ValueError:
        return "the service"


def _why(error: BaseException) -> str:
    """The cause, in words that hold no address: of the system where it is one of its errors, else `read timeout`."""
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return f"its certificate is not trusted ({cause.verify_message})"
            case ssl.SSLError():
                return "it does not speak TLS as expected"
            case socket.gaierror():
                return "its name is not known"
            case OSError(errno=int(number)) if number in errno.errorcode:
                return os.strerror(number).lower()
    name = type(error).__name__.removesuffix("Error")
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__
