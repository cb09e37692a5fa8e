"""Finds one event by its name, in the activity logs or in the log of the dispatcher itself."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from perseus.errors import EXIT_CONFIG, PerseusError, UnknownExchange
from perseus.network.exchange import Exchange
from perseus.network.log.activity import RETENTION_MS, Event
from perseus.network.log.cursors import ID_MAX
from perseus.notify.system import DISPATCHER, log_key
from perseus.store import Client
from perseus.store.batch import Batch

NAME = re.compile(r"([a-z0-9_-]{1,50}):(([0-9]{1,20})-([0-9]{1,20}))")


class UnknownEvent(PerseusError):
    """Raised for a name that no event has, or whose event is no longer kept. `name` is what was asked for."""

    exit_code = EXIT_CONFIG

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name!r} {problem}")
        self.name = name


class UnknownDestination(PerseusError):
    """Raised for an id that no destination has."""

    exit_code = EXIT_CONFIG

    def __init__(self, name: str, known: Sequence[str]) -> None:
        listed = ", ".join(known) if known else "none yet: add one on the Plugins page"
        near = difflib.get_close_matches(name.lower(), known, n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        super().__init__(f"{name!r} is not a known destination.{meant} Known: {listed}.")
        self.name = name
        self.known = tuple(known)


def event(client: Client, exchanges: Sequence[Exchange], name: str) -> Event:
    """The event of that name. Raises UnknownEvent, UnknownExchange, StoreUnavailable, StoreRefused."""
    parts = NAME.fullmatch(name)
    if parts is None or max(int(parts[3]), int(parts[4])) > ID_MAX:
        raise UnknownEvent(name, "is not the name of an event. Write <exchange>:<stream id>, as the feed shows it.")
    exchange, stream_id = _exchange(exchanges, parts[1]), parts[2]
    key = log_key(exchange)
    batch = Batch(client)
    batch.add("XRANGE", key, stream_id, stream_id)
    (found,) = batch.run()
    entries = found if isinstance(found, list) else []
    events = [Event(exchange, id_, fields) for id_, fields in entries]
    if not events or events[0].at_ms < batch.now_ms(key) - RETENTION_MS:
        raise UnknownEvent(
            name, f"is not in the log of {exchange.name}: never written, or older than the log goes back."
        )
    return events[0]


def _exchange(exchanges: Sequence[Exchange], name: str) -> Exchange:
    for exchange in (*exchanges, DISPATCHER):
        if exchange.name == name:
            return exchange
    raise UnknownExchange(name, tuple(exchange.name for exchange in exchanges))
