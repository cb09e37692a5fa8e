"""Sockets that end at a deadline, whatever the other side does: httpx's own time-outs begin anew with each byte.

A service that drips headers, a name that is not found for minutes, ten addresses of which none answers: all of it
together takes no longer than the deadline. Stands on httpcore, of which httpx is made.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from functools import partial
from typing import Any

import httpcore

from perseus.pluginhost.calling.deadline import TookTooLong, call_within

CONNECT_SECONDS = 5.0

_end: ContextVar[float] = ContextVar("end of the request, monotonic seconds")


@contextlib.contextmanager
def ending(end: float) -> Iterator[None]:
    """Inside, on this thread, no socket is waited for after `end` (monotonic seconds)."""
    token = _end.set(end)
    try:
        yield
    finally:
        _end.reset(token)


class Backend(httpcore.NetworkBackend):
    """Opens sockets. Raises httpcore's errors."""

    def __init__(self) -> None:
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Try each address of the host in turn, each with an equal share of what is left."""
        end = time.monotonic() + min(CONNECT_SECONDS, _left(httpcore.ConnectTimeout))
        addresses = _addresses(host, port)
        for tried, address in enumerate(addresses, 1):
            share = max(0.01, end - time.monotonic()) / (len(addresses) - tried + 1)
            try:
                opened = self._plain.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if tried == len(addresses):
                    raise
            else:
                return Stream(opened)
        raise httpcore.ConnectError("no address")

    def connect_unix_socket(self, path: str, timeout: float | None = None, socket_options: Any = None) -> Any:
        """There is no way to ask for one."""
        raise httpcore.UnsupportedProtocol("sockets of files are not spoken to")

    def sleep(self, seconds: float) -> None:
        """Asked for between tries of a connection, of which there is only one."""


class Stream(httpcore.NetworkStream):
    """One socket."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """As its base, at most until the deadline."""
        return self._stream.read(max_bytes, _left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """As its base, at most until the deadline."""
        self._stream.write(buffer, _left(httpcore.WriteTimeout))

    def close(self) -> None:
        """As its base."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """As its base, at most until the deadline, which the handshake keeps as a whole."""
        return Stream(self._stream.start_tls(ssl_context, server_hostname, _left(httpcore.ConnectTimeout)))

    def get_extra_info(self, info: str) -> Any:
        """As its base."""
        return self._stream.get_extra_info(info)


def _addresses(host: str, port: int) -> list[str]:
    """By the system's look-up, which takes as long as it likes, hence on a thread of its own."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = call_within(_left(httpcore.ConnectTimeout), "name-look-up", ask)
    except TookTooLong:
        raise httpcore.ConnectTimeout("the name is still being looked up") from None
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError("the name is not known") from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _left(late: type[Exception]) -> float:
    left = _end.get() - time.monotonic()
    if left <= 0:
        raise late("the deadline has passed")
    return left
