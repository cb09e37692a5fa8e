"""How often somebody may try to sign in: counted for each account and for each address, before any password is checked.

In the data store, so that all web workers count together; in this worker's memory while that is away.
"""

from __future__ import annotations

import ipaddress
import logging
import math
import time
from collections.abc import Callable
from typing import TypeVar

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from perseus.access.counters import StoreCounters
from perseus.access.keys import digest
from perseus.errors import PerseusError
from perseus.store import Client

MINUTES = 5
ACCOUNT = RateLimitItemPerMinute(10, MINUTES, "account")
ADDRESS = RateLimitItemPerMinute(30, MINUTES, "address")
# A host on IPv6 has a whole network of addresses to itself.
IPV6_PREFIX = 64

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


class Throttle:
    """Safe from any thread."""

    def __init__(self, client: Client) -> None:
        self._shared = FixedWindowRateLimiter(StoreCounters(client))
        self._own: FixedWindowRateLimiter | None = None

    def wait_seconds(self, account: str, address: str) -> int:
        """Count one try. 0: go on; else for how many seconds no more tries are taken."""
        return self._ask(lambda limiter: _try(limiter, ADDRESS, network(address)) or _try(limiter, ACCOUNT, account))

    def succeeded(self, account: str) -> None:
        """The password was right: the account starts anew. The address does not, or an own account would free it."""
        self._ask(lambda limiter: limiter.clear(ACCOUNT, digest(account)))

    def _ask(self, ask: Callable[[FixedWindowRateLimiter], Answer]) -> Answer:
        try:
            answer = ask(self._shared)
        except PerseusError as error:
            if self._own is None:
                log.warning("tries to sign in are counted in this worker alone: %s", error)
                self._own = FixedWindowRateLimiter(MemoryStorage())
            return ask(self._own)
        if self._own is not None:
            log.info("tries to sign in are counted in the data store again")
            self._own = None
        return answer


def network(address: str) -> str:
    """What stands for an address: itself, of IPv6 its /64 network."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def _try(limiter: FixedWindowRateLimiter, limit: RateLimitItem, who: str) -> int:
    if limiter.hit(limit, digest(who)):
        return 0
    return max(1, math.ceil(limiter.get_window_stats(limit, digest(who)).reset_time - time.time()))
