"""A client that costs little: GETs over connections that are kept, one after the other or as many as they go."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median, quantiles
from typing import NamedTuple

TIMEOUT = 30.0
CHUNK = 1 << 18
SHARES = (99, 95, 90, 50)
LONGER = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """`seconds` from the first byte sent to the last received; `body` as it came, compressed where it was."""

    status: int
    head: str
    body: bytes
    seconds: float


class Spread(NamedTuple):
    """Milliseconds: the median, and what `share` of 100 took at most."""

    half: float
    share: int
    most: float

    def __str__(self) -> str:
        return f"{self.share} of 100 within {self.most:.2f} ms"


class Connection:
    """One kept connection to a server on this machine that asks for one address."""

    def __init__(self, port: int, path: str, headers: Mapping[str, str]) -> None:
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            *(f"{key}: {value}" for key, value in headers.items()),
        ]
        self._request = ("\r\n".join(lines) + "\r\n\r\n").encode()
        self._port = port
        self._socket: socket.socket | None = None

    def get(self) -> Answer:
        """One request. A connection that the server closed between two is opened anew."""
        try:
            return self._get()
        except (ConnectionError, BrokenPipeError):
            self.close()
            return self._get()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _get(self) -> Answer:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), TIMEOUT)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        self._socket.sendall(self._request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, body = data.partition(b"\r\n\r\n")
        told = head.decode("latin-1")
        length = _length(told)
        parts, had = [body], len(body)
        while had < length:
            parts.append(self._more())
            had += len(parts[-1])
        return Answer(int(told.split(" ", 2)[1]), told, b"".join(parts), time.perf_counter() - began)

    def _more(self) -> bytes:
        assert self._socket is not None
        more = self._socket.recv(CHUNK)
        if not more:
            raise ConnectionResetError("the server closed the connection")
        return more


def _length(head: str) -> int:
    for line in head.split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    raise RuntimeError(f"an answer without a length: {head}")


def as_fast_as_they_go(port: int, path: str, headers: Mapping[str, str], at_once: int, seconds: float) -> int:
    """How many answers `at_once` connections got in that time. RuntimeError for one that is not a 200."""
    ends = time.monotonic() + seconds
    counts = [0] * at_once
    troubles: list[str] = []

    def ask(number: int) -> None:
        connection = Connection(port, path, headers)
        while time.monotonic() < ends and not troubles:
            answer = connection.get()
            if answer.status != 200:
                troubles.append(answer.head)
            counts[number] += 1
        connection.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if troubles:
        raise RuntimeError(f"GET {path}: {troubles[0]}")
    return sum(counts)


def spread(seconds: list[float]) -> Spread:
    """Of two and more. One outlier is no percentile: the highest is told that LONGER of them took longer than."""
    ms = [one * 1000 for one in seconds]
    share = next((share for share in SHARES if len(ms) * (100 - share) >= 100 * LONGER), SHARES[-1])
    return Spread(median(ms), share, quantiles(ms, n=100, method="inclusive")[share - 1])
