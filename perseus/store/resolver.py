"""Looking up the names of hosts, never for longer than a connection may take: a DNS that hangs must cost no lease.

Nothing ends the system's own look-up, so each is made in a thread. While one is late, or the DNS says that it cannot
tell now, the addresses that the name had last are taken.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from ipaddress import ip_address
from typing import Any, Final

import redis

from perseus.store.layout import Place

#: The part of its time that a connection waits for a look-up where addresses are known already.
SHARE: Final = 0.25
LATE: Final = "the name {} could not be looked up within {:g} s: look at the DNS of this machine"

Prepare = Callable[[Sequence[Place]], None]

#: As socket.getaddrinfo gives them.
Address = tuple[int, int, int, str, Any]


class Resolver:
    """Remembers what names meant last, and who is asked about at this moment. Safe from any thread."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: what threads of a parent were asked never comes in its child."""
        self._lock = threading.Lock()
        self._known: dict[Place, list[Address]] = {}
        self._asked: dict[Place, Future[list[Address]]] = {}

    def addresses(self, place: Place, seconds: float | None) -> list[Address]:
        """Where to connect to. Waits `seconds` at most; None: as long as it takes.

        Raises gaierror and UnicodeError as getaddrinfo does, and redis.TimeoutError when it is late and no address is
        known.
        """
        if seconds is None or _is_address(place[0]):
            return _looked_up(place)
        known = self._known.get(place)
        try:
            return self._asking(place).result(seconds * SHARE if known else seconds)
        except TimeoutError:
            if not known:
                raise redis.TimeoutError(LATE.format(place[0], seconds)) from None
            return known
        except socket.gaierror as error:
            if not known or error.errno != socket.EAI_AGAIN:
                raise
            return known

    def prepare(self, places: Sequence[Place]) -> None:
        """Begin to look up all names that no address is known of. Waits for nothing."""
        for place in places:
            if not self._known.get(place) and not _is_address(place[0]):
                self._asking(place)

    def _asking(self, place: Place) -> Future[list[Address]]:
        """One look-up of a name at a time, however many wait for it: one that hangs would gather threads."""
        with self._lock:
            if place not in self._asked:
                self._asked[place] = Future()
                threading.Thread(
                    target=self._look_up, args=(place, self._asked[place]), name="resolver", daemon=True
                ).start()
            return self._asked[place]

    def _look_up(self, place: Place, asked: Future[list[Address]]) -> None:
        found: list[Address] = []
        failure: Exception | None = None
        try:
            found = _looked_up(place)
        except (OSError, UnicodeError) as error:
            failure = error
        with self._lock:  # before anybody is answered: who asks after that wants to know anew
            self._asked.pop(place, None)
            self._known[place] = found or self._known.get(place, [])
        if failure is not None:
            asked.set_exception(failure)
        else:
            asked.set_result(found)


def unprepared(places: Sequence[Place]) -> None:
    """Where no names are looked up."""


def _looked_up(place: Place) -> list[Address]:
    return list(socket.getaddrinfo(*place, 0, socket.SOCK_STREAM))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


RESOLVER: Final = Resolver()
os.register_at_fork(after_in_child=RESOLVER.forget)
