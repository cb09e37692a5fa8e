"""A cable between one contender and the store that can be cut: what is sent meanwhile waits in it, as in a network."""

from __future__ import annotations

import socket

from perseus.drill.pump import Pump


class Cable(Pump):
    """Each connection says first where it leads: `host port` and a line feed.

    What was sent while it was cut arrives later, also from those who have given up: late requests are part of the
    matter.
    """

    def target(self, near: socket.socket) -> tuple[str, int]:
        """As the first line says."""
        host, port = _line(near).split()
        return host, int(port)


def _line(sock: socket.socket) -> str:
    text = b""
    while not text.endswith(b"\n"):
        byte = sock.recv(1)
        if not byte or len(text) > 300:
            raise ValueError("no address came")
        text += byte
    return text.decode()
