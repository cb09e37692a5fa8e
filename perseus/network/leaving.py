"""Giving a lease back, to everybody or to a successor that was named."""

from __future__ import annotations

import logging

from perseus.errors import PerseusError
from perseus.network.leasing.claims import Claims, give_back
from perseus.network.leasing.lease import Lease

log = logging.getLogger(__name__)


class Leaving:
    """`successor`: the process that alone may claim for some seconds then; '' for any."""

    def __init__(self, lease: Lease, claims: Claims, exchange_name: str) -> None:
        self._lease, self._claims, self._name = lease, claims, exchange_name
        self.successor = ""

    def release(self, reason: str, body: str, now: float) -> bool:
        """Give it back. False when it was not ours any more, or could not be reached: then it ends by itself.

        The right to act ends before the request: once the store has it, another may be valid while we wait.
        """
        lease = self._lease
        lease.end("the instance has stopped", now)
        try:
            return give_back(self._claims, lease.nonce, lease.instance_id, lease.token, reason, body, self.successor)
        except PerseusError as error:
            self.failed(error)
            return False

    def failed(self, why: object) -> None:
        """Say that nobody was told: whoever waits has to wait for the end of the lease."""
        log.warning("%s could not be released and ends by itself: %s", self._name, why)
