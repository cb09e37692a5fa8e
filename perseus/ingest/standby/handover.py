"""The holder's side of a hand-over: what waits is written, the work stops in order, the lease goes to the successor."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from perseus import store
from perseus.control import hosts, reserves
from perseus.control.command import TARGET
from perseus.control.handling import Cancelled, Done, Job, Refused, Work
from perseus.errors import PerseusError
from perseus.ingest.feed import Feed
from perseus.ingest.service import HandOver, Service
from perseus.network import payload
from perseus.network.instance import Instance
from perseus.network.leasing import takeover
from perseus.store import Client

if TYPE_CHECKING:
    from perseus.ingest.host import Host

log = logging.getLogger(__name__)

FLUSH_SECONDS = 2.0
LOOK_SECONDS = 0.1


class NotTaken(PerseusError):
    """Raised when a successor has not claimed what was given to it."""


@runtime_checkable
class Flushing(Feed, Protocol):
    """A feed of which something may wait to be written."""

    def flush(self, seconds: float) -> bool:
        """Have it written. False when it has not been within so many seconds."""


def hand_over(host: Host, job: Job) -> Work:
    """Give the exchange of this process to the one that the command names. Raises Refused."""
    to, service = str(job.command.arguments.get("to") or ""), host.service
    if service is None or service.instance is None:
        raise Refused(f"{host.hostname} holds no exchange.")
    exchange, earlier = service.order.exchange, service.handing_over
    if not TARGET.fullmatch(to) or to == host.target:
        raise Refused(f"A hand-over of {exchange} names the process that shall have it.")
    if earlier is not None:
        raise Refused(f"{exchange} is being {earlier.reason} already.")
    if service.is_stopping:
        return lambda: Done(f"{exchange} is being stopped: it is free in a moment.")
    if service.instance.is_over:
        raise Refused(f"The lease of {exchange} has ended at {host.hostname}, which has nothing to give.")
    service.handing_over = handing = HandOver(to, _host_of(host, job, to), job.who)
    instance = service.instance
    return lambda: _done(host, job, service, instance, handing)


def _done(host: Host, job: Job, service: Service, instance: Instance, handing: HandOver) -> Done:
    exchange = service.order.exchange
    try:
        job.step("writing what waits")
        feed = service.feed()
        if isinstance(feed, Flushing) and not feed.flush(FLUSH_SECONDS):
            log.warning("%s: not all was written before it is handed over; its successor asks for the rest.", exchange)
        job.step(f"stopping, for {handing.host}")
    except Cancelled:
        service.handing_over = None
        raise
    instance.request_stop(handing.reason, handing.to)
    service.stop(handing.reason)
    handing.settled.wait(host.settings.stop_seconds + takeover.CONFIRM_SECONDS + 1)
    if handing.error or not handing.settled.is_set():
        raise NotTaken(handing.error or f"{exchange} was released for {handing.host}; whether it came is not known.")
    return Done(f"{exchange} was {handing.reason}.")


def has_come(host: Host, service: Service, handing: HandOver, pause: Callable[[float], object]) -> bool:
    """Wait, with `pause`, until the successor has claimed; False when it does not and nobody else has it either."""
    try:
        if _await_successor(host, service, handing, pause):
            return True
        handing.error = (
            f"{handing.host} has not taken {service.order.exchange} over; {host.hostname} takes it up again."
        )
        log.warning("%s", handing.error)
        return False
    finally:
        handing.settled.set()


def _await_successor(host: Host, service: Service, handing: HandOver, pause: Callable[[float], object]) -> bool:
    if service.exchange_id is None:
        return True
    left = takeover.CONFIRM_SECONDS
    with closing(connected(host, "hand-over")) as client:
        while left > 0:
            with suppress(PerseusError):
                if takeover.look(client, service.exchange_id, host.target, 0).is_held:
                    return True
            pause(LOOK_SECONDS)
            left -= LOOK_SECONDS
    return False


def connected(host: Host, name: str) -> Client:
    """A connection of its own."""
    from perseus.local import runfile  # it looks for a living `perseus up`, which few processes need

    settings = host.settings
    return store.connect(
        runfile.store_url(settings), timeout=settings.store_timeout_seconds, name=f"perseus:{name}:{host.target}"
    )


def successors(host: Host, exchange_id: int | None) -> str:
    """Who stands by for what `host` serves, as a sentence with a blank before it; '' where nobody does, as is known."""
    with suppress(PerseusError), closing(connected(host, "hosts")) as client:
        found = reserves.reserves(hosts.read(client), exchange_id, but=host.target)
        said = reserves.follow([reserves.named(one) for one in found])
        return f" {said}" if said else ""
    return ""


def next_holder(host: Host, service: Service) -> str:
    """Who has told another process to take over what `host` served till now, and which, as a sentence with a blank
    before it; '' where nobody has, as is known."""
    name = service.order.exchange
    with suppress(PerseusError), closing(connected(host, "hosts")) as client:
        found = reserves.taking_over(hosts.read(client), name, but=host.target)
        if found is not None:
            return f" {found.takes_over_for} is taking it over on {reserves.named(found)}."
        if service.exchange_id is not None:
            holder = takeover.look(client, service.exchange_id, host.target, 0).holder
            by = payload.commanded_by(holder) if holder is not None else None
            return f" {by} has taken it over on {holder.hostname}." if holder is not None and by else ""
    return ""


def _host_of(host: Host, job: Job, target: str) -> str:
    """Where that process runs, for people: as the command says, else as its own report does."""
    if told := str(job.command.arguments.get("host") or ""):
        return told
    with suppress(PerseusError), closing(connected(host, "hosts")) as client:
        for report in hosts.read(client):
            if report.target == target:
                return report.hostname
    return target
