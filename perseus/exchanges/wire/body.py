"""The body of an answer as it arrives: bounded, and unpacked without ever holding more than the bound."""

from __future__ import annotations

import zlib

from perseus.exchanges.wire.transport import TransportError

MOST = 32 * 1024 * 1024
"""Bytes of a body, unpacked. The longest known, Binance's list of all symbols, has 2 MB."""
GZIP = 16 + zlib.MAX_WBITS


class Body:
    """`place`: who sends it, for errors; `encoding`: its Content-Encoding; `length`: its Content-Length, if told."""

    def __init__(self, place: str, encoding: str, length: int | None, most: int = MOST) -> None:
        self._place = place
        self._most = most
        self._parts: list[bytes] = []
        self._size = 0
        self._is_begun = False
        self._zip = self._unpacker(encoding.strip().lower())
        if length is not None and length > most:
            raise self._too_much()

    def add(self, chunk: bytes) -> None:
        """The next piece as it came. Raises TransportError (size, body)."""
        self._is_begun = True
        if self._zip is not None:
            chunk = self._unpacked(self._zip, chunk)
        self._size += len(chunk)
        if self._size > self._most:
            raise self._too_much()
        self._parts.append(chunk)

    def whole(self) -> bytes:
        """All of it, when no more comes. Raises TransportError (body) when packed data has no end."""
        if self._zip is not None and self._is_begun and not self._zip.eof:
            raise TransportError("body", f"{self._place} broke off in the middle of an answer.")
        return b"".join(self._parts)

    def _unpacker(self, encoding: str) -> zlib._Decompress | None:
        if encoding in ("", "identity"):
            return None
        if encoding not in ("gzip", "x-gzip"):
            raise TransportError("body", f"{self._place} packed its answer as {encoding!r}, which was not asked for.")
        return zlib.decompressobj(GZIP)

    def _unpacked(self, unpacker: zlib._Decompress, chunk: bytes) -> bytes:
        try:
            return unpacker.decompress(chunk, self._most - self._size + 1)
        except zlib.error as error:
            raise TransportError("body", f"{self._place} sent what is no gzip: {error}.") from None

    def _too_much(self) -> TransportError:
        return TransportError("size", f"{self._place} sent more than {self._most // 1024 // 1024} MB for one answer.")
