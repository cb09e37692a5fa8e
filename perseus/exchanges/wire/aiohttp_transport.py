"""The real transport: aiohttp. Bounded in time and size, and what comes over the wire is passed on as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp

from perseus.exchanges.wire.aiohttp_socket import AiohttpSocket
from perseus.exchanges.wire.body import Body
from perseus.exchanges.wire.transport import Answer, TransportError
from perseus.version import VERSION

HEADERS = {"User-Agent": f"perseus/{VERSION}", "Accept-Encoding": "gzip"}
MESSAGE_MAX = 16 * 1024 * 1024
"""Bytes of one WebSocket message."""
CLOSE_SECONDS = 2.0
REACH_SECONDS = 5.0


class AiohttpTransport:
    """A `perseus.exchanges.wire.transport.Transport`. Made within a running loop; `async with`, or `close` at the end.

    Follows no redirect, keeps no cookie, trusts no proxy of the environment, and sends each request once.
    """

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=REACH_SECONDS),
            auto_decompress=False,
            headers=HEADERS,
        )
        # aiohttp sends a GET again by itself when a kept connection breaks: a request that nobody has charged.
        self._session._retry_connection = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections. Any number of times."""
        await self._session.close()

    async def get(self, url: str, params: Mapping[str, str], headers: Mapping[str, str], timeout: float) -> Answer:
        """As the protocol says. Unpacks gzip, up to `perseus.exchanges.wire.body.MOST` bytes."""
        with _told(url, timeout):
            async with (
                asyncio.timeout(timeout),
                self._session.get(url, params=dict(params), headers=dict(headers), allow_redirects=False) as response,
            ):
                body = Body(_place(url), response.headers.get("Content-Encoding", ""), response.content_length)
                async for chunk in response.content.iter_any():
                    body.add(chunk)
                return Answer(response.status, _lower(response.headers), body.whole())

    async def connect(self, url: str, timeout: float) -> AiohttpSocket:
        """As the protocol says. Without compression, as exchanges advise for speed."""
        with _told(url, timeout):
            async with asyncio.timeout(timeout):
                ws = await self._session.ws_connect(
                    url,
                    autoping=False,
                    compress=0,
                    max_msg_size=MESSAGE_MAX,
                    timeout=aiohttp.ClientWSTimeout(ws_receive=None, ws_close=CLOSE_SECONDS),
                    decode_text=False,
                )
                return AiohttpSocket(ws, CLOSE_SECONDS)


@contextmanager
def _told(url: str, timeout: float) -> Iterator[None]:
    """Translate aiohttp's errors. The most special ones first: they inherit from each other."""
    place = _place(url)
    try:
        yield
    except aiohttp.WSServerHandshakeError as error:
        answer = Answer(error.status, _lower(error.headers or {}), b"")
        raise TransportError("handshake", f"{place} opened no WebSocket: HTTP {error.status}.", answer) from None
    except aiohttp.InvalidURL:
        raise TransportError("address", f"{url!r} is no address. Correct it in the row of the exchange.") from None
    except aiohttp.ClientConnectorDNSError:
        raise TransportError("address", f"There is no host {place}, or no name server tells of it.") from None
    except aiohttp.ClientSSLError as error:
        raise TransportError("tls", f"No TLS with {place}: {error}.") from None
    except aiohttp.ConnectionTimeoutError:
        raise TransportError("unreached", f"{place} took no connection within {REACH_SECONDS:g} s.") from None
    except TimeoutError:
        raise TransportError("timeout", f"{place} did not answer within {timeout:g} s.") from None
    except aiohttp.ClientConnectorError as error:
        raise TransportError("refused", f"{place} takes no connection: {error.os_error.strerror}.") from None
    except aiohttp.ClientPayloadError:
        raise TransportError("body", f"{place} broke off in the middle of an answer.") from None
    except aiohttp.ClientResponseError:
        raise TransportError("body", f"{place} does not answer in HTTP, or says more than it announced.") from None
    except (aiohttp.ClientError, OSError) as error:
        raise TransportError("reset", f"{place} cut the connection: {error or type(error).__name__}.") from None


def _place(url: str) -> str:
    return urlsplit(url).netloc or url


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
