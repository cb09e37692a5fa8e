"""What httpx sends through: pools of connections over the sockets of `wire`, and the proxies of the environment."""

from __future__ import annotations

import contextlib
import logging
import ssl
from collections.abc import Iterator
from functools import cache
from typing import Any, cast
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from perseus.notify.outgoing.wire import Backend

#: Short: a service that closes an idle connection in the moment of the next request leaves it open what became of that.
KEPT_SECONDS = 4.0
KEPT = {"max_connections": 10, "max_keepalive_connections": 2, "keepalive_expiry": KEPT_SECONDS}

# Its line for each request holds the whole address, and that of a webhook is a secret.
logging.getLogger("httpx").addFilter(lambda _: False)


class Transport(httpx.BaseTransport):
    """The connections of one destination. Certificates are checked, against SSL_CERT_FILE where it is set."""

    def __init__(self) -> None:
        self._pools: dict[str | None, httpcore.ConnectionPool] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request. Raises httpx.TransportError."""
        url = request.url
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_httpx():
            answer = self._pool(proxy_of(url.scheme, url.host)).handle_request(asked)
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer.stream))

    def close(self) -> None:
        """End all connections."""
        for pool in self._pools.values():
            pool.close()

    def _pool(self, proxy: str | None) -> httpcore.ConnectionPool:
        if proxy not in self._pools:
            self._pools[proxy] = _pool(proxy)
        return self._pools[proxy]


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._stream

    def close(self) -> None:
        self._stream.close()


def proxy_of(scheme: str, host: str) -> str | None:
    """The proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY give for an address."""
    proxies = getproxies()
    found = proxies.get(scheme) or proxies.get("all")
    return None if found is None or proxy_bypass(host) else found


def _pool(proxy: str | None) -> httpcore.ConnectionPool:
    if proxy is None:
        return httpcore.ConnectionPool(ssl_context=_trust(), network_backend=Backend(), **cast("Any", KEPT))
    known = httpx.Proxy(proxy if "://" in proxy else f"http://{proxy}")
    if known.url.scheme not in ("http", "https"):
        raise httpx.ProxyError("the proxy of the environment is not spoken to by HTTP")
    return httpcore.HTTPProxy(
        proxy_url=httpcore.URL(
            scheme=known.url.raw_scheme, host=known.url.raw_host, port=known.url.port, target=known.url.raw_path
        ),
        proxy_auth=known.raw_auth,
        ssl_context=_trust(),
        proxy_ssl_context=_trust() if known.url.scheme == "https" else None,
        network_backend=Backend(),
        **cast("Any", KEPT),
    )


@cache
def _trust() -> ssl.SSLContext:
    """One for the process: each holds all certificates of the system."""
    return httpx.create_ssl_context()


@contextlib.contextmanager
def _as_httpx() -> Iterator[None]:
    """httpcore's errors as httpx's, which have the same names."""
    try:
        yield
    except Exception as error:
        mapped = getattr(httpx, type(error).__name__, None)
        if type(error).__module__.startswith("httpcore") and mapped is not None:
            raise mapped(str(error)) from error
        raise
