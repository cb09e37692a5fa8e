"""The polled part as all viewers of this worker get it: rendered once a reading of the network."""

from __future__ import annotations

import threading
from collections.abc import Callable


class SharedBody:
    """Keeps the newest body. A viewer costs a rendering only when something that it is made from is another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parts: tuple[object, ...] = ()
        self._body = b""

    def of(self, parts: tuple[object, ...], render: Callable[[], str]) -> bytes:
        """The body of these very `parts`; `render` makes it when nobody has yet.

        The same bytes for all: nobody encodes them again, and what compresses them knows them at a glance.
        """
        with self._lock:
            if len(self._parts) != len(parts) or any(a is not b for a, b in zip(self._parts, parts, strict=True)):
                self._body = render().encode()
                self._parts = parts
            return self._body
