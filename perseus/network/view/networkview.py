"""One reading of the whole network."""

from __future__ import annotations

from dataclasses import dataclass

from perseus.control.hosts import Report
from perseus.network.log.activity import Event
from perseus.network.view.reading import ExchangeStatus, StoreNotice


@dataclass(frozen=True, slots=True)
class NetworkView:
    """Everything the Network page shows, read together. `events` newest first; `older` is a cursor or None.

    `capped` names the exchanges whose log the storm cap cut inside the last 90 days.
    When the store does not answer, the exchanges and events are the last ones this process read, as Unknown.
    `read_at_ms` is when they were read, None when they never were. `hosts`: ingest processes that say what they are at;
    `has_hosts` False: something else stands where they report, so who they are is not known. `last_hosts`: of a store
    that does not answer, those of the last reading; None where they are not known.
    """

    now_ms: int
    exchanges: tuple[ExchangeStatus, ...]
    events: tuple[Event, ...]
    older: str | None
    store: StoreNotice
    capped: tuple[str, ...] = ()
    read_at_ms: int | None = None
    hosts: tuple[Report, ...] = ()
    has_hosts: bool = True
    last_hosts: tuple[Report, ...] | None = None
