"""`perseus dispatch`: the watcher, and the dispatcher with its notifier plugins, in the foreground."""

from __future__ import annotations

import functools
import logging
import os
import signal
import threading
from contextlib import suppress

from perseus import db
from perseus.cli import earlystop
from perseus.clock import SystemClock
from perseus.commands import readiness
from perseus.control.audited import Notary
from perseus.db import notifying
from perseus.db.known import KnownConfiguration, KnownExchanges
from perseus.errors import PerseusError
from perseus.local.pulse import Pulse
from perseus.network.view.watcher import Watcher
from perseus.notify import environment
from perseus.notify.configuration import Configuration, ConfigurationSource, Destination
from perseus.notify.office import Office, Site
from perseus.pluginhost.admission.groups import INGEST, NOTIFIERS
from perseus.pluginhost.calling import cleanstream
from perseus.pluginhost.calling.delivery_observer import DeliveryObserver
from perseus.pluginhost.calling.scrub import scrubber
from perseus.pluginhost.context import Context
from perseus.pluginhost.info import PluginState
from perseus.pluginhost.manager import Plugins, load
from perseus.sealing import Sealer
from perseus.settings import Settings

END_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# They log every request, and the history has those.
CHATTY = ("httpx", "httpcore")
# Foreign code that holds the interpreter's lock for so long has stopped every lane.
FROZEN_SECONDS = 15.0
#: Of the stop time; the rest is for the process to end.
STOP_SHARE = 0.9
# A lane and its calls are many threads, and the memory guard's ceiling counts their stacks whole.
STACK_BYTES = 2 * 1024 * 1024

log = logging.getLogger(__name__)


def run(settings: Settings) -> int:
    """Watch and send until SIGTERM or SIGINT.

    Errors as `readiness.store` and `readiness.database`; SettingError for a variable that belongs to no plugin.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, END_SIGNALS)
    threading.stack_size(STACK_BYTES)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    with earlystop.while_blocked(END_SIGNALS):
        database, clock = readiness.database(settings), SystemClock()
        known = KnownExchanges(functools.partial(db.exchanges, database), clock)
        sealer = Sealer.of(settings)
        configuration = KnownConfiguration(functools.partial(notifying.load, database, sealer), clock)
        cleanstream.install()
        plugins = load(NOTIFIERS, settings=settings)
        plugins.switch(configuration().disabled)
        context = Context(settings)
        plugins.startup(context)
        own = of_environment(plugins)
        client = readiness.store(settings, "perseus-dispatch")
        observer = DeliveryObserver(plugins, context)
        # Ingest processes report nothing: which of their plugins cannot be used here is known by loading them.
        elsewhere = load(INGEST, settings=settings).plugins()
        combined = _Combined(configuration, own)
        site = Site(settings, client, clock, plugins, combined, known, observer, scrubber, sealer, elsewhere)
    watcher = Watcher(client, known, settings, clock, Notary(client, clock).look)
    _until_told(watcher, Office(site), settings.stop_seconds)
    observer.close(settings.stop_seconds / 4)
    client.close()
    return 0


def of_environment(plugins: Plugins) -> tuple[Destination, ...]:
    """Destinations that the environment configures; their secrets are kept out of every text from here on."""
    absent = {info.name: info.verdict for info in plugins.plugins() if info.state is not PluginState.LOADED}
    kinds = [offered.kind for offered in plugins.kinds()]
    others = plugins.names() - {kind.name for kind in kinds} - absent.keys()
    found = environment.destinations(kinds, os.environ, absent, others)
    for destination in found:
        scrubber.register(destination.secrets())
        if destination.problem is not None:
            log.error("Destination %s of the environment is not sent to: %s", destination.id, destination.problem)
    return found


class _Combined:
    """A ConfigurationSource: the database's, with what the environment adds. The same while nothing changes."""

    def __init__(self, stored: ConfigurationSource, own: tuple[Destination, ...]) -> None:
        self._stored = stored
        self._own = own
        self._latest: tuple[Configuration, Configuration] | None = None

    def __call__(self) -> Configuration:
        stored = self._stored()
        if self._latest is None or self._latest[0] != stored:
            self._latest = stored, environment.combined(stored, self._own)
        return self._latest[1]


def _until_told(watcher: Watcher, office: Office, stop_seconds: float) -> None:
    pulse = Pulse(FROZEN_SECONDS)
    pulse.start()
    watcher.start()
    office.start()
    log.info("watching and dispatching")
    signal.sigwait(END_SIGNALS)
    _end_within(stop_seconds)
    threading.Thread(target=watcher.stop, daemon=True).start()
    with suppress(PerseusError):  # what is held runs out by itself, and the report grows old
        office.stop(stop_seconds * 0.7)
    watcher.stop()
    pulse.stop()


def _end_within(seconds: float) -> None:
    """However many answers a store and a database owe: each wait is bounded, and their sum is here."""

    def end() -> None:
        log.warning("Not all was given back within %g s: leases on destinations run out by themselves.", seconds)
        os._exit(0)

    ending = threading.Timer(seconds * STOP_SHARE, end)
    ending.daemon = True
    ending.start()
