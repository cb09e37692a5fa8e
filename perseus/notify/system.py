"""What happens to destinations themselves, in a log of its own that every lane reads like one more exchange."""

from __future__ import annotations

import logging
from uuid import uuid4

from perseus import keys
from perseus.clock import iso
from perseus.errors import PerseusError
from perseus.network.exchange import Exchange
from perseus.store import Client, Script

log = logging.getLogger(__name__)

DISPATCHER = Exchange(2_147_483_647, "-dispatcher-", "Dispatcher")
KEPT = 1_000

OPENED, CLOSED, PARKED = "breaker_opened", "breaker_closed", "parked"
GAP, DEAD_LETTER, RESTARTED, MEMORY = "gap", "dead_letter", "restarted", "memory"


def log_key(exchange: Exchange) -> str:
    """The log that is read for an exchange, the pseudo exchange included."""
    return keys.DISPATCH_LOG if exchange.name == DISPATCHER.name else keys.activity(exchange.name)


class SystemLog:
    """Writes it. Nothing depends on an entry: one that the store does not take is logged instead."""

    def __init__(self, client: Client) -> None:
        self._note = Script(client, "note", "perseus.notify")

    def tell(self, what: str, destination: str, detail: str, now_ms: int) -> None:
        """Add one entry and publish the hint. Never raises."""
        fields = {
            "event": "system",
            "eventId": uuid4().hex,
            "timestamp": iso(now_ms),
            "what": what,
            "destination": destination,
            "detail": detail,
        }
        try:
            self._note([keys.DISPATCH_LOG], [KEPT, *(part for pair in fields.items() for part in pair)])
        except PerseusError as error:
            log.warning("That %s: %s could not be noted. %s", destination or "the dispatcher", detail, error)
