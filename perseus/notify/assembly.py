"""Puts a dispatcher together, out of what a process has: plugins, store, configuration."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from perseus import keys
from perseus.clock import Clock, StoreClock
from perseus.network.exchange import Exchange
from perseus.notify.configuration import Configuration, ConfigurationSource
from perseus.notify.dispatcher import Dispatcher
from perseus.notify.holding import Holding
from perseus.notify.notifier import NotifierKind
from perseus.notify.outlook import Horizon
from perseus.notify.surroundings import DeliveryObserver, Surroundings
from perseus.notify.system import SystemLog
from perseus.notify.workshop import Workshop
from perseus.pluginhost.context import Context
from perseus.pluginhost.info import PluginState
from perseus.pluginhost.plugins import Plugins
from perseus.pluginhost.scrub import Scrubber
from perseus.settings import Settings
from perseus.store import Client


@dataclass(frozen=True, slots=True)
class Site:
    """What the dispatcher of one process works with. `exchanges()`: those of the database."""

    settings: Settings
    client: Client
    clock: Clock
    plugins: Plugins
    configuration: ConfigurationSource
    exchanges: Callable[[], Sequence[Exchange]]
    observer: DeliveryObserver
    scrubber: Scrubber


def worker_name() -> str:
    """A name that no other worker has or will have: host, pid, and six random digits."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


def assemble(site: Site, worker: str) -> Dispatcher:
    """A dispatcher, not yet started."""
    settings, clock = site.settings, site.clock
    store_clock = StoreClock(clock)
    posts: Callable[[], Mapping[str, object]] = lambda: dispatcher.posts()  # noqa: E731 - it is made below

    def ordered() -> list[str]:
        return [keys.destination(name, "orders") for name in posts()]

    horizon = Horizon(site.client, site.exchanges, ordered, store_clock, clock)
    around = Surroundings(
        client=site.client,
        configuration=site.configuration,
        exchanges=site.exchanges,
        outlook=horizon,
        now_ms=store_clock.now_ms,
        observer=site.observer,
        system=SystemLog(site.client),
    )
    life_ms = round(settings.destination_lease_seconds * 1000)
    dispatcher = Dispatcher(
        site.client,
        site.configuration,
        site.exchanges,
        horizon,
        kinds=Following(site.plugins, Context(settings)),
        make=Workshop(settings, around, clock, site.scrubber).lane,
        hold=lambda name: Holding(site.client, name, worker, life_ms),
        life_seconds=settings.destination_lease_seconds,
        now_ms=store_clock.now_ms,
        clock=clock,
    )
    return dispatcher


class Following:
    """The kinds that may be used, as plugins are switched off and on."""

    def __init__(self, plugins: Plugins, context: Context) -> None:
        self._plugins = plugins
        self._context = context

    def __call__(self, configuration: Configuration) -> Mapping[str, NotifierKind]:
        """By name."""
        if self._plugins.switch(configuration.disabled):
            self._plugins.startup(self._context)
        offered = self._plugins.kinds()
        loaded = {info.name for info in self._plugins.plugins() if info.state is PluginState.LOADED}
        return {one.kind.name: one.kind for one in offered if one.plugin in loaded}
