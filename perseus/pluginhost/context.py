"""What a plugin is handed besides the facts of the moment: narrow, frozen, never the application."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perseus.network.exchange import Exchange
    from perseus.network.identity import Identity
    from perseus.network.observer import Observer
    from perseus.notify.outgoing.http import Bounded
    from perseus.settings import Settings
    from perseus.store import Client


@dataclass(frozen=True, slots=True)
class Context:
    """`settings`: the whole configuration of this process, read once at start."""

    settings: Settings


@dataclass(frozen=True, slots=True)
class IngestContext(Context):
    """What it takes to put an ingest process on the network; given to `perseus_join` alone.

    `connect(name)` makes a client of the data store with short time-outs; `name` is what CLIENT LIST shows.
    `observer` is told what happens to the lease and hands it on to the observing hooks.
    `identity(exchange)` gives the merged answers of `perseus_instance_identity`; blocks for 3 s at most.
    `pause(seconds)` sleeps between two tries of a claim; what it raises when a stop is asked ends the join.
    `target`: what this process is called where processes are told what to do, '' for one that takes no commands.
    `public_ip()` gives the first valid answer of `perseus_detect_public_ip`, else None; blocks: call it on a thread.
    """

    connect: Callable[[str], Client]
    observer: Observer
    identity: Callable[[Exchange], Identity]
    pause: Callable[[float], object]
    public_ip: Callable[[], str | None]
    target: str = ""


@dataclass(frozen=True, slots=True)
class NotifyContext(Context):
    """What a notifier is handed with each call.

    `destination`: its id. `config`: its checked configuration (the model that the plugin declared).
    `http`: a client with the deadline, the limits and the redaction of this destination built in; its errors are
    those of `perseus.notify.outcomes`. `log`: a logger whose lines are scrubbed of this site's secrets.
    `seconds_left()`: what remains of the deadline of this call.
    """

    destination: str
    config: Any
    http: Bounded
    log: logging.Logger
    seconds_left: Callable[[], float]
