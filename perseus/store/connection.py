"""Connections to the store that say why a server hangs up before it has answered once: mostly it is about TLS.

A port that speaks TLS only does not tell a client without TLS so, it closes; a port without TLS lets a handshake
hang. redis-py gives the words of the system for both.
"""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any

import redis
from redis.connection import Connection, SSLConnection

from perseus.store.resolver import RESOLVER, Address

UNASKED = (
    "it closed the connection before it answered, as a port does that speaks TLS alone (then write rediss in place of "
    "redis), or a proxy with no server behind it"
)
UNKNOWN_TO_IT = (
    "it closed the connection after the TLS handshake, as a server does that wants a certificate of ours (ssl_certfile "
    "and ssl_keyfile)"
)
NO_HANDSHAKE = (
    "no answer to the TLS handshake: a server that hangs, or a port without TLS (then write redis in place of rediss)"
)
#: Of its time a connection to an address that is tried last.
LEAST_SECONDS = 0.01
OTHER_NAME = 62, 64
TOO_OLD_OR_NEW = 9, 10


class Untrusted(redis.ConnectionError):
    """Raised when TLS cannot be agreed upon, which waiting does not mend. Its text says why."""


class Named(Connection):
    """A connection to a host that somebody named: the address of the store, a node, a sentinel."""

    def _connect(self) -> socket.socket:
        """A connection over TCP in `socket_connect_timeout`, looking up the name and trying each address included."""
        seconds, began_at = self.socket_connect_timeout, time.monotonic()
        try:
            addresses = RESOLVER.addresses((self.host, self.port), seconds)
        except UnicodeError:
            raise redis.ConnectionError(f"{self.host} is no name of a host") from None
        failure: OSError | None = None
        for number, address in enumerate(addresses):
            left = None if seconds is None else max(seconds - (time.monotonic() - began_at), LEAST_SECONDS)
            try:
                return self._opened(address, left and left / (len(addresses) - number))
            except OSError as error:
                failure = error
        raise failure or OSError("it has no address")

    def _opened(self, address: Address, seconds: float | None) -> socket.socket:
        made = socket.socket(*address[:3])
        try:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.socket_keepalive:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                for option, value in self.socket_keepalive_options.items():
                    made.setsockopt(socket.IPPROTO_TCP, option, value)
            made.settimeout(seconds)
            made.connect(address[4])
            made.settimeout(self.socket_timeout)
        except OSError:
            made.close()
            raise
        return made


class PlainConnection(Named):
    """A connection without TLS."""

    def on_connect_check_health(self, check_health: bool = True) -> None:
        """Sign in."""
        try:
            super().on_connect_check_health(check_health=check_health)
        except redis.ConnectionError as error:
            raise _said(error, UNASKED) from None


class TLSConnection(SSLConnection, Named):
    """A connection over TLS."""

    def on_connect_check_health(self, check_health: bool = True) -> None:
        """Sign in."""
        try:
            super().on_connect_check_health(check_health=check_health)
        except redis.ConnectionError as error:
            raise _said(error, UNKNOWN_TO_IT) from None

    def _wrap_socket_with_ssl(self, sock: socket.socket) -> Any:
        parent: Any = super()
        try:
            return parent._wrap_socket_with_ssl(sock)
        except TimeoutError:
            raise redis.TimeoutError(NO_HANDSHAKE) from None
        except ssl.SSLEOFError:
            raise
        except ssl.SSLError as error:
            raise Untrusted(_why(error)) from None


def _said(error: redis.ConnectionError, otherwise: str) -> redis.ConnectionError:
    """What the server said, when it said something; else what its closing may mean."""
    has_closed = type(error) is redis.ConnectionError and (
        isinstance(error.__context__, OSError) or "Connection closed" in str(error)
    )
    return redis.ConnectionError(otherwise) if has_closed else error


def _why(error: ssl.SSLError) -> str:
    reason = error.reason or str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return _why_no_trust(error)
    if "WRONG_VERSION" in reason or "RECORD_LAYER" in reason:
        return "it does not speak TLS: write redis in place of rediss"
    if "UNKNOWN_CA" in reason or "CERTIFICATE" in reason or "HANDSHAKE_FAILURE" in reason:
        return f"it does not take our certificate (ssl_certfile): {reason}"
    return f"TLS failed: {reason}"


def _why_no_trust(error: ssl.SSLCertVerificationError) -> str:
    said = error.verify_message.rstrip(".")
    if error.verify_code in OTHER_NAME:
        return f"{said}: use a name that the certificate holds"
    if error.verify_code in TOO_OLD_OR_NEW:
        return f"{said}: have it renewed, and compare the clocks of both hosts"
    return f"nobody whom this host trusts has signed its certificate ({said}): name the file of its CA by ssl_ca_certs"
