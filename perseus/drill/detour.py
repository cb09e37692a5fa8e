"""Leads every connection of this process through the drill's cable, wherever it goes.

A URL cannot do that: the nodes of a Cluster and the primary of a Sentinel are found by the addresses that they tell.
Over TLS the certificate is still checked against the name of the real server. Only contenders use it.
"""

from __future__ import annotations

import socket
from typing import Any

LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::ffff:127.0.0.1"}


def through(port: int) -> None:
    """From now on connect by way of the cable that listens on this loopback port. It is told where to go first."""
    direct = socket.socket.connect

    def connect(own: socket.socket, address: Any) -> None:
        loopback = LOOPBACK.get(socket.AddressFamily(own.family))
        if loopback is None:
            direct(own, address)
            return
        direct(own, (loopback, port))
        own.sendall(f"{address[0]} {address[1]}\n".encode())

    socket.socket.connect = connect  # type: ignore[method-assign,assignment]
