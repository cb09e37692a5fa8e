"""From an order to the instance that has its lease. What was lost because nobody answered is claimed patiently."""

from __future__ import annotations

import logging
from collections.abc import Callable

from perseus.control.handling import Refused
from perseus.errors import EXIT_FAILED, PerseusError
from perseus.ingest.backoff import Backoff
from perseus.ingest.feed import FeedMaker
from perseus.ingest.membership import Membership
from perseus.ingest.opening import Opening
from perseus.ingest.service import CLAIMING, Service
from perseus.network.instance import Instance
from perseus.outage import Outage

log = logging.getLogger(__name__)

WAITING = "waiting to begin again"

Claimed = tuple[Opening, Instance, FeedMaker]


def claimed(membership: Membership, service: Service, changed: Callable[[], object]) -> Claimed:
    """On the main thread; `changed()`: it is known now which exchange that is.

    Errors as `Membership.claim`, and Refused; one that resumes waits for who does not answer.
    """
    return _patiently(membership, service, changed) if service.resumes else _once(membership, service, changed)


def _patiently(membership: Membership, service: Service, changed: Callable[[], object]) -> Claimed:
    exchange, backoff = service.order.exchange, Backoff()
    outage = Outage(log, f"{exchange} cannot be begun again, and is tried again and again", f"{exchange} begins again.")
    while True:
        try:
            found = _once(membership, service, changed)
        except PerseusError as error:
            if error.exit_code != EXIT_FAILED or isinstance(error, Refused):
                raise
            outage.failed(error)
            service.doing = WAITING
            service.signals.pause(backoff.wait())
        else:
            outage.done()
            return found


def _once(membership: Membership, service: Service, changed: Callable[[], object]) -> Claimed:
    order, service.doing = service.order, CLAIMING
    opening = order.open()
    service.exchange_id = opening.exchange.id
    changed()
    if order.claim is not None:
        return opening, *order.claim(service, opening)
    maker = opening.maker()
    return opening, membership.claim(opening.exchange, service.signals.pause, order.admin), maker
