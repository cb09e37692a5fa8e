"""`perseus ingest`: the process that serves one exchange, or waits for one."""

from __future__ import annotations

import logging
from pathlib import Path

from perseus.errors import EXIT_LOST, LeaseLost
from perseus.ingest.brake import Brake
from perseus.ingest.commands import handlers
from perseus.ingest.feed import FeedMaker
from perseus.ingest.host import Host, made
from perseus.ingest.membership import check_database
from perseus.ingest.opening import Opening, Sources
from perseus.ingest.service import Order
from perseus.ingest.standby.waiting import standing_by
from perseus.ingest.work import Work
from perseus.network.exchange import Exchange
from perseus.network.instance import Instance
from perseus.pluginhost.manager import Plugins
from perseus.settings import Settings

log = logging.getLogger(__name__)


def run(
    name: str | None,
    settings: Settings,
    replay: Path | None = None,
    simulator: str | None = None,
    made_up: bool = False,
    idle: bool = False,
    standby: bool = False,
) -> int:
    """Serve the exchange `name`: the real one, one that is simulated at a URL, a recorded capture, or a made-up market.

    `idle`: wait for commands afterwards; with no name, from the beginning. `standby`: begin once nobody else holds it.
    Gives the exit code: 0 after a stop, 75 when the lease was lost. Raises UnknownExchange, NoSource, SettingError,
    BadCapture, NoKey and errors of the database (78), LeaseRefused (69), and what else made the start impossible; by
    then all is released.
    """
    sources = Sources(settings, replay, simulator, made_up)
    host = Host(settings, handlers.install, sources.open if idle or name is None else None, simulator=simulator)
    if name is None:
        check_database(settings)
        return host.run()
    opening = sources.open(name)
    order = Order(name, lambda: opening)
    return _ended(host, standing_by(host, order) if standby else order)


def serve(exchange: Exchange, settings: Settings, make_feed: FeedMaker, plugins: Plugins | None = None) -> int:
    """Join the network, work, leave it. Exit codes and errors as `run`."""
    host = Host(settings, handlers.install, plugins=plugins)
    opening = Opening(exchange, lambda: make_feed)
    return _ended(host, Order(exchange.name, lambda: opening))


def work(instance: Instance, make_feed: FeedMaker) -> None:
    """From idle to active and, however it ends, to a feed that is closed and a lease that is given back."""
    with instance:
        feed = made(make_feed, instance)
        with Brake(instance, feed) as brake:
            Work(instance, feed, brake).run()


def _ended(host: Host, first: Order) -> int:
    try:
        return host.run(first)
    except LeaseLost:
        return EXIT_LOST
