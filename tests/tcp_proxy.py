"""A cable on loopback that a test can pull, plug in again, make slow, or lead to another server.

`tests.faults.proxy` harms single requests; this one harms the way itself and looks at no byte.
"""

from __future__ import annotations

import socket
import time

from perseus.drill.pump import Pump


class Link(Pump):
    """Forwards what connects to `port` to a server on loopback.

    `cut`: no byte passes and nobody is told, as with a pulled cable; `heal` delivers what was held, late.
    `drop`: every connection ends. `lead_to`: the same for good, later ones go to another server.
    """

    def __init__(self, target: int) -> None:
        super().__init__()
        self._target = target
        self._delay = 0.0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def delay(self, seconds: float) -> None:
        """Each piece of either direction arrives so much later."""
        self._delay = seconds

    def lead_to(self, target: int) -> None:
        self._target = target
        self.drop()

    def target(self, near: socket.socket) -> tuple[str, int]:
        return "127.0.0.1", self._target

    def pass_on(self, data: bytes, source: socket.socket, sink: socket.socket, *, is_request: bool) -> None:
        if self._delay:
            time.sleep(self._delay)
        super().pass_on(data, source, sink, is_request=is_request)
