"""`perseus ingest NAME`: the process that serves one exchange."""

from __future__ import annotations

import logging
from pathlib import Path

from perseus.errors import EXIT_LOST, LeaseLost, StopRequested
from perseus.ingest.brake import Brake
from perseus.ingest.capture import Capture
from perseus.ingest.feed import Feed, FeedMaker
from perseus.ingest.membership import Membership, find_exchange
from perseus.ingest.replay import ReplayFeed
from perseus.ingest.signals import StopSignals
from perseus.ingest.synthetic import SyntheticFeed
from perseus.ingest.work import FeedFailed, Work
from perseus.network.exchange import Exchange
from perseus.network.instance import Instance
from perseus.pluginhost.boundary import Breakout, contained
from perseus.pluginhost.manager import Plugins
from perseus.settings import Settings

log = logging.getLogger(__name__)


def run(name: str, settings: Settings, replay: Path | None = None, simulator: str | None = None) -> int:
    """Serve the exchange `name`: the real one, one that is simulated at a URL, a recorded capture, or a made-up market.

    Gives the exit code: 0 after a stop, 75 when the lease was lost. Raises UnknownExchange, SettingError and BadCapture
    (78), LeaseRefused (69), and what else made the start impossible; by then everything is released.
    """
    exchange = find_exchange(name, settings)
    return serve(exchange, settings, _feed_maker(exchange, settings, replay, simulator))


def _feed_maker(exchange: Exchange, settings: Settings, replay: Path | None, simulator: str | None) -> FeedMaker:
    if replay is not None:
        capture = Capture(replay)
        return lambda _: ReplayFeed(capture)
    from perseus.ingest import source  # the libraries that speak to exchanges cost memory

    simulator = simulator or source.simulator_beside(exchange, settings)
    if simulator is None and not settings.symbols:
        return lambda _: SyntheticFeed(exchange.name)
    return source.feed_maker(exchange, settings, simulator)


def serve(exchange: Exchange, settings: Settings, make_feed: FeedMaker, plugins: Plugins | None = None) -> int:
    """Join the network, work, leave it. Exit codes and errors as `run`."""
    with StopSignals(exchange.name, settings.stop_seconds) as signals:
        membership = Membership(settings, plugins)
        try:
            instance = membership.claim(exchange, signals.pause)
            signals.pass_to(instance)
            work(instance, make_feed)
        except StopRequested as error:
            log.info("%s", error)
        except LeaseLost as error:
            log.error("%s", error)
            return EXIT_LOST
        finally:
            membership.close(settings.stop_seconds / 5)
    return 0


def work(instance: Instance, make_feed: FeedMaker) -> None:
    """From idle to active and, however it ends, to a feed that is closed and a lease that is given back."""
    with instance:
        feed = _made(make_feed, instance)
        with Brake(instance, feed) as brake:
            Work(instance, feed, brake).run()


def _made(make_feed: FeedMaker, instance: Instance) -> Feed:
    try:
        with contained():
            return make_feed(instance)
    except Breakout as error:
        raise FeedFailed(instance.exchange.name, "not made yet", error) from error
