"""The connection to a mail server: encrypted, signed in, ended at the deadline whatever the server does."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from perseus import Permanent
from perseus.plugins.email.config import EmailConfig

LEAST_SECONDS = 0.05
#: For a goodbye. The mail is taken by then, and would go out again if the call ran past its deadline for it.
GOODBYE_SECONDS = 0.5

SecondsLeft = Callable[[], float]


class Watch:
    """Ends every read of a connection after `seconds`: one that drips byte by byte never runs into a time-out."""

    def __init__(self, seconds: float) -> None:
        self.server: smtplib.SMTP | None = None
        self._timer = self._started(seconds)

    def restart(self, seconds: float) -> None:
        """End them after so many seconds from now instead."""
        self._timer.cancel()
        self._timer = self._started(seconds)

    def end(self) -> None:
        """Watch no more, and close what is open."""
        self._timer.cancel()
        if self.server is not None:
            self.server.close()

    def _started(self, seconds: float) -> threading.Timer:
        timer = threading.Timer(seconds, self._break)
        timer.daemon = True
        timer.start()
        return timer

    def _break(self) -> None:
        sock = None if self.server is None else self.server.sock
        if isinstance(sock, socket.socket):
            with suppress(OSError):  # it has ended meanwhile
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


class Watched(smtplib.SMTP):
    """Is under watch before it connects, which its constructor does."""

    def __init__(self, watch: Watch, **options: Any) -> None:
        watch.server = self
        super().__init__(**options)


class WatchedTls(Watched, smtplib.SMTP_SSL):
    """The same with TLS from the first byte."""


@contextmanager
def connected(config: EmailConfig, seconds_left: SecondsLeft) -> Iterator[smtplib.SMTP]:
    """A connection that is ready to send.

    Raises OSError, as all of smtplib's and ssl's errors are; Permanent for a `ca_file` that is of no use.
    """
    watch = Watch(_patience(seconds_left))
    try:
        server = _opened(config, watch, seconds_left)
        yield server
        watch.restart(min(GOODBYE_SECONDS, _patience(seconds_left) / 2))
        with suppress(OSError):  # whatever it says to a goodbye changes nothing
            server.quit()
    finally:
        watch.end()


def _opened(config: EmailConfig, watch: Watch, seconds_left: SecondsLeft) -> smtplib.SMTP:
    options: dict[str, Any] = {
        "host": config.host,
        "port": config.port_or_default,
        "local_hostname": _own_name(config),
        "timeout": _patience(seconds_left),
    }
    if config.tls == "tls":
        server: smtplib.SMTP = WatchedTls(watch, **options, context=_trust(config))
    else:
        server = Watched(watch, **options)
    if config.tls == "starttls":
        assert server.sock is not None
        server.sock.settimeout(_patience(seconds_left))  # what holds for the handshake, which cannot be broken off
        server.starttls(context=_trust(config))
    if config.user is not None and config.password is not None:
        server.login(config.user, config.password.get_secret_value())
    return server


def _trust(config: EmailConfig) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=config.ca_file)
    except OSError:
        raise Permanent("ca_file cannot be read, or holds no certificate: look at it and its rights") from None


def _own_name(config: EmailConfig) -> str:
    """What to call this host. Left to itself smtplib would look a name up, for as long as that takes."""
    name = socket.gethostname()
    return name if "." in name else config.sender.rpartition("@")[2]


def _patience(seconds_left: SecondsLeft) -> float:
    return max(LEAST_SECONDS, seconds_left())
