"""The polled part as all viewers of this worker get it: rendered once a reading of the network."""

from __future__ import annotations

import threading
from collections.abc import Callable

from perseus.network.directory import NetworkView


class SharedBody:
    """Keeps the newest body. A viewer costs a rendering only when the view, or the database's trouble, is another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._view: NetworkView | None = None
        self._trouble: object = None
        self._body = ""

    def of(self, view: NetworkView, trouble: object, render: Callable[[], str]) -> str:
        """The body for this very `view` and `trouble`; `render` makes it when nobody has yet."""
        with self._lock:
            if self._view is not view or self._trouble is not trouble:
                self._body = render()
                self._view, self._trouble = view, trouble
            return self._body
