"""Puts a dispatcher together, out of what a process has: plugins, store, configuration."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from perseus import keys
from perseus.clock import Clock, StoreClock
from perseus.errors import EXIT_MEMORY
from perseus.network.exchange import Exchange
from perseus.notify.configuration import Configuration, ConfigurationSource
from perseus.notify.dispatcher import Dispatcher
from perseus.notify.kinddesk import KindDesk, Opener
from perseus.notify.lanes.holding import Holding
from perseus.notify.lanes.surroundings import DeliveryObserver, Surroundings
from perseus.notify.lanes.workshop import Workshop
from perseus.notify.memoryguard import Accounts, MemoryGuard
from perseus.notify.notifier import NotifierKind
from perseus.notify.outlook import Horizon
from perseus.notify.reports import Reporter
from perseus.notify.system import MEMORY, SystemLog
from perseus.pluginhost.calling.scrub import Scrubber
from perseus.pluginhost.context import Context
from perseus.pluginhost.info import PluginInfo, PluginState
from perseus.pluginhost.plugins import Plugins
from perseus.settings import Settings
from perseus.store import Client

REPORT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Site:
    """What the dispatcher of one process works with. `exchanges()`: of the database. `opener`: of sealed secrets.

    `elsewhere`: plugins of this machine that other processes use, for the report alone.
    """

    settings: Settings
    client: Client
    clock: Clock
    plugins: Plugins
    configuration: ConfigurationSource
    exchanges: Callable[[], Sequence[Exchange]]
    observer: DeliveryObserver
    scrubber: Scrubber
    opener: Opener
    elsewhere: tuple[PluginInfo, ...] = ()
    worker: str = field(default_factory=lambda: worker_name())


def worker_name() -> str:
    """A name that no other worker has or will have: host, pid, and six random digits."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


class Office:
    """A dispatcher with all that belongs to it: reports, checks of configurations, the guard of its memory."""

    def __init__(self, site: Site, end: Callable[[int], object] = os._exit) -> None:
        self._site = site
        self._store_clock = StoreClock(site.clock)
        self._horizon = Horizon(site.client, site.exchanges, self._ordered, self._store_clock, site.clock)
        self._system = SystemLog(site.client)
        accounts = Accounts()
        self.dispatcher = self._dispatcher(accounts)
        limit_mb = site.settings.dispatch_memory_mb
        self._guard = MemoryGuard(limit_mb, accounts, self._blame, lambda: end(EXIT_MEMORY))
        self._desk = KindDesk(site.client, site.opener, site.scrubber, self._store_clock.now_ms)
        self._reporter = Reporter(
            site.client,
            site.settings,
            site.worker,
            self.dispatcher,
            lambda: (*site.plugins.plugins(), *site.elsewhere),
            site.plugins.kinds,
            site.configuration,
            self._store_clock.now_ms,
        )
        self._reported_at: float | None = None

    def start(self) -> None:
        """Begin to send."""
        self._guard.start()
        self.dispatcher.start(self._answer, self._report)

    def stop(self, seconds: float) -> None:
        """Let each lane finish its call, within that time, and give its destination back."""
        self.dispatcher.stop(seconds)
        self._guard.stop()
        self._reporter.remove()

    def _dispatcher(self, accounts: Accounts) -> Dispatcher:
        site, now_ms = self._site, self._store_clock.now_ms
        around = Surroundings(
            client=site.client,
            configuration=site.configuration,
            exchanges=site.exchanges,
            outlook=self._horizon,
            now_ms=now_ms,
            observer=site.observer,
            system=self._system,
        )
        life_seconds = site.settings.destination_lease_seconds
        return Dispatcher(
            site.client,
            site.configuration,
            site.exchanges,
            self._horizon,
            kinds=Following(site.plugins, Context(site.settings)),
            make=Workshop(site.settings, around, site.clock, site.scrubber, accounts.call).lane,
            hold=lambda name: Holding(site.client, name, site.worker, round(life_seconds * 1000)),
            life_seconds=life_seconds,
            now_ms=now_ms,
            clock=site.clock,
        )

    def _ordered(self) -> list[str]:
        """The lists in which orders for this dispatcher may stand."""
        of_destinations = [keys.destination(name, "orders") for name in self.dispatcher.posts()]
        return of_destinations + [keys.kind_orders(name) for name in self.dispatcher.kinds]

    def _answer(self) -> None:
        self._desk.serve(self.dispatcher.kinds, self._horizon().ordered)

    def _report(self) -> None:
        now = self._site.clock.elapsed()
        if self._reported_at is None or now - self._reported_at >= REPORT_SECONDS:
            self._reporter.write()
            self._reported_at = now

    def _blame(self, destination: str | None, reason: str) -> None:
        if destination is not None:
            self.dispatcher.blame(destination, reason)
        self._system.tell(MEMORY, destination or "", reason, self._store_clock.now_ms())


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
