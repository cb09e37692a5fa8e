"""How a process gets on the network: its plugins are loaded and asked, in order, to join for it."""

from __future__ import annotations

import ipaddress
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial

from perseus import store
from perseus.errors import EXIT_FAILED, ExchangeOff, LeasePending, NotOnNetwork, PerseusError, UnknownExchange
from perseus.network.exchange import Exchange
from perseus.network.identity import Identity
from perseus.network.instance import Instance
from perseus.pluginhost.calling.boundary import said
from perseus.pluginhost.calling.hooks import HookObserver
from perseus.pluginhost.configuration.fields import merged
from perseus.pluginhost.context import Context, IngestContext
from perseus.pluginhost.manager import Plugins, load
from perseus.settings import Settings

log = logging.getLogger(__name__)

IDENTITY_KEYS = ("hostname", "admin_email", "admin_name")
IDENTITY_SECONDS = 3.0
PUBLIC_IP_SECONDS = 3.0

Pause = Callable[[float], object]
#: Mail address and name of who answers for a run.
Admin = tuple[str, str]


class JoinFailed(NotOnNetwork):
    """Raised when a plugin that would have put the process on the network failed in doing so."""

    exit_code = EXIT_FAILED

    def __init__(self, exchange: str, failures: Mapping[str, BaseException]) -> None:
        told = "; ".join(f"plugin {plugin} failed in perseus_join: {said(error)}" for plugin, error in failures.items())
        super().__init__(f"{exchange} is not on the network: {told}. The log has the traceback.")
        self.exchange = exchange
        self.failures = failures


def find_exchange(name: str, settings: Settings) -> Exchange:
    """The exchange of that name. Raises UnknownExchange, ExchangeOff, and errors as `perseus.db.check`."""
    from perseus import db
    from perseus.local import runfile  # SQLAlchemy is only loaded where the database is read

    database_url = runfile.database_url(settings)
    db.check(database_url)
    exchanges = db.exchanges(database_url)
    found = next((exchange for exchange in exchanges if exchange.name == name), None)
    is_off = found is None and name in db.switched_off(database_url)
    db.disconnect(database_url)  # this process asks no more
    if found is not None:
        return found
    if is_off:
        raise ExchangeOff(name)
    raise UnknownExchange(name, tuple(exchange.name for exchange in exchanges))


def check_database(settings: Settings) -> None:
    """Is it one that exchanges can be found in? Errors as `perseus.db.check`."""
    from perseus import db
    from perseus.local import runfile  # SQLAlchemy is only loaded where the database is read

    database_url = runfile.database_url(settings)
    db.check(database_url)
    db.disconnect(database_url)


class Membership:
    """The plugins of this process, started, and what they are told and asked. `close` it in the end.

    `target`: what the process is called where processes are told what to do, '' for one that takes no commands.
    """

    def __init__(self, settings: Settings, plugins: Plugins | None = None, target: str = "") -> None:
        self._settings = settings
        self._target = target
        self._finding = threading.Lock()
        self._found: tuple[str | None] | None = None
        self._plugins = plugins or load(settings=settings)
        context = Context(settings)
        self._plugins.startup(context)
        self.observer = HookObserver(self._plugins, context, settings.heartbeat_seconds)

    def claim(self, exchange: Exchange, pause: Pause, admin: Admin | None = None) -> Instance:
        """Join. Waits, with `pause(seconds)`, for a store that is down or takes no writes and for an exchange that is
        not free yet. `admin`: who answers for it, where somebody has just said so.

        Raises NotOnNetwork when no plugin joins (JoinFailed when one tried), LeaseRefused, StoreUnavailable, and
        whatever `pause` raises.
        """
        context = self._context(exchange, pause, admin)
        with closing(context.connect("wait")) as client:
            wait = self._settings.store_wait_seconds
            store.wait_until_up(client, wait, log.warning, pause, *exchange.written)
        while True:
            try:
                instance = self._join(exchange, context)
            except LeasePending as error:
                log.warning("%s Waiting.", error)
                pause(error.wait_ms / 1000)
            else:
                self.observer.attach(instance)
                return instance

    def public_ip(self) -> str | None:
        """This host's address on the internet, or None. Blocks for as long as the plugins take, the first time."""
        with self._finding:
            if self._found is None:
                self._found = (public_ip(self._plugins),)
            return self._found[0]

    def close(self, timeout: float) -> None:
        """Let the plugins finish, for `timeout` seconds at most."""
        self.observer.close(timeout)

    def _join(self, exchange: Exchange, context: IngestContext) -> Instance:
        failures: dict[str, BaseException] = {}
        answer = self._plugins.call_first(
            "perseus_join",
            kind=Instance,
            passes=(PerseusError,),
            failed=failures.__setitem__,
            exchange=exchange,
            context=context,
        )
        if answer is None and failures:
            raise JoinFailed(exchange.name, failures) from next(iter(failures.values()))
        if answer is None:
            raise NotOnNetwork(f"No plugin puts {exchange.name} on the network. {self._what_is_there()}")
        instance: Instance = answer.value
        return instance

    def _what_is_there(self) -> str:
        infos = self._plugins.plugins()
        if not infos:
            return "No plugin is installed: install perseus-network with pip, which brings `registry`."
        return " ".join(f"{info.name} is {info.verdict}" for info in infos)

    def _context(self, exchange: Exchange, pause: Pause, admin: Admin | None) -> IngestContext:
        from perseus.local import runfile  # it looks for a living `perseus up`, which few processes need

        url = runfile.store_url(self._settings)
        timeout = self._settings.store_timeout_seconds
        return IngestContext(
            settings=self._settings,
            connect=lambda name: store.connect(url, timeout=timeout, name=f"perseus:{exchange.name}:{name}"),
            observer=self.observer,
            identity=partial(identity, self._plugins, self._settings, admin=admin),
            pause=pause,
            public_ip=self.public_ip,
            target=self._target,
        )


def identity(plugins: Plugins, settings: Settings, exchange: Exchange, admin: Admin | None = None) -> Identity:
    """Who this process is, by all plugins together. `admin` wins over them.

    Raises NotOnNetwork when none knows the host's name.
    """
    answers = plugins.call_each(
        "perseus_instance_identity", seconds=IDENTITY_SECONDS, exchange=exchange, settings=settings
    )
    facts, _ = merged((answer.plugin, _texts(answer.plugin, answer.value)) for answer in answers)
    hostname = facts.get("hostname")
    if hostname is None:
        raise NotOnNetwork("No plugin gives this host a name. Load `registry`, or answer perseus_instance_identity.")
    email, name = admin or (facts.get("admin_email"), facts.get("admin_name"))
    return Identity(hostname, email or None, name or None)


def public_ip(plugins: Plugins) -> str | None:
    """This host's address on the internet, or None. Blocks for as long as the plugins take."""
    answer = plugins.call_first("perseus_detect_public_ip", timeout=PUBLIC_IP_SECONDS)
    if answer is None:
        return None
    try:
        return str(ipaddress.ip_address(str(answer.value).strip()))
    except ValueError:
        log.warning("Plugin %s gave %.80r, which is no IP address.", answer.plugin, answer.value)
        return None


def _texts(plugin: str, answer: object) -> dict[str, str]:
    if not isinstance(answer, Mapping):
        log.warning("Plugin %s gave %.80r, which is no mapping of %s.", plugin, answer, ", ".join(IDENTITY_KEYS))
        return {}
    texts = {key: value for key, value in answer.items() if key in IDENTITY_KEYS and isinstance(value, str) and value}
    odd = [str(key)[:40] for key, value in answer.items() if key not in texts and value is not None]
    if odd:
        log.warning("Plugin %s gave an identity that cannot be used: %s.", plugin, ", ".join(odd))
    return texts
