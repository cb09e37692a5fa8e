"""An ingest process as a whole: it serves the exchange that it began with, or waits for commands that name one."""

from __future__ import annotations

import logging
import os
import queue
import re
import secrets
import socket
import threading
from collections.abc import Callable
from functools import partial

from perseus.control import key
from perseus.control.handling import Refused, Registry
from perseus.errors import LeaseLost, PerseusError, StopRequested
from perseus.ingest import claiming
from perseus.ingest.brake import Brake
from perseus.ingest.commands import reporting
from perseus.ingest.commands.agent import Agent
from perseus.ingest.commands.announcing import Announcer
from perseus.ingest.feed import Feed, FeedMaker
from perseus.ingest.membership import Membership
from perseus.ingest.opening import Open, Opening
from perseus.ingest.service import Order, Service
from perseus.ingest.signals import StopSignals
from perseus.ingest.standby import handover
from perseus.ingest.work import FeedFailed, Work
from perseus.network.instance import Instance
from perseus.pluginhost.calling.boundary import Breakout, contained
from perseus.pluginhost.manager import Plugins
from perseus.settings import Settings

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
LATE = 1.3
NAME = "this ingest host"


def new_target(hostname: str) -> str:
    """A name for one process that takes commands: host, pid and 32 random bits."""
    return f"{re.sub(r'[^A-Za-z0-9._-]', '-', hostname)[:90]}-{os.getpid()}-{secrets.token_hex(4)}"


class Host:
    """`open_` looks up an exchange that a command names; None: it serves only what it began with.

    `handlers(host, registry)` gives it what it can do for commands; without a key (`perseus.control.key`) it takes
    none, and a standby is announced all the same. `simulator`: where all exchanges are simulated. Only `run` and what
    it calls work on the main thread; the rest is for handlers.
    """

    def __init__(
        self,
        settings: Settings,
        handlers: Callable[[Host, Registry], None],
        open_: Open | None = None,
        plugins: Plugins | None = None,
        simulator: str | None = None,
    ) -> None:
        self.settings = settings
        self._simulator = simulator
        self.secret: bytes | None = None
        self.open = open_
        self.hostname = socket.gethostname()
        self.target = new_target(self.hostname)
        self.service: Service | None = None
        self.ip: str | None = None
        self.agent: Agent | None = None
        self._announced: Agent | Announcer | None = None
        self._handlers = handlers
        self._plugins = plugins
        self._orders: queue.SimpleQueue[Service] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self.membership: Membership

    @property
    def is_idle_host(self) -> bool:
        """Does it wait for a start when it serves nothing?"""
        return self.open is not None

    def run(self, first: Order | None = None) -> int:
        """Serve `first`, then what commands name, until SIGTERM or SIGINT; 0 then. Errors as `Membership.claim`.

        Without `open_` it ends with `first`. A lease that `first` loses ends the process too: LeaseLost. What a command
        has started and fails is told to whoever commanded, and the process waits for the next.
        """
        stop_seconds = self.settings.stop_seconds
        with StopSignals(NAME, stop_seconds * LATE, pass_on=self._pass_on) as signals:
            secret = self.secret = key.required(self.settings) if first is None else self._key()
            self.membership = Membership(self.settings, self._plugins, self.target if secret else "")
            try:
                self._announce(secret, is_standby=first is not None and first.is_standby)
                self._serve_on(first, signals)
            except StopRequested as error:
                log.info("%s", error)
            finally:
                if self._announced is not None:
                    self._announced.stop(stop_seconds / 5)
                self.membership.close(stop_seconds / 5)
        return 0

    def reserve(self, order: Order) -> Service:
        """Take `order` on, where nothing is served; `begin` it then, or `let_go`. Raises Refused."""
        with self._lock:
            if self.service is not None:
                doing = f"{self.service.order.exchange} ({self.service.step})"
                who = f", started by {self.service.order.who}" if self.service.order.who else ""
                raise Refused(f"{self.hostname} serves {doing} already{who}.")
            if not self.is_idle_host:
                raise Refused(f"{self.hostname} is no idle host: it was not started with `perseus ingest --idle`.")
            self.service = Service(order, self.settings.stop_seconds)
        self.changed()
        return self.service

    def begin(self, service: Service) -> None:
        """Have the main thread serve it. A stop that was asked since it was reserved ends it there."""
        service.has_begun = True
        self._orders.put(service)

    def let_go(self, service: Service) -> None:
        """It was reserved, and is not to begin."""
        service.ended.set()
        with self._lock:
            if self.service is service:
                self.service = None
        self.changed()

    def simulator_of(self, exchange: str) -> str | None:
        """Where that exchange is simulated, as far as this process was told."""
        service = self.service
        ours = service.order.simulator if service is not None and service.order.exchange == exchange else None
        return ours or self._simulator

    def address(self) -> str | None:
        """Of this host on the internet; None where it is not known."""
        service = self.service
        instance = service.instance if service is not None else None
        return (instance.status().ip_address if instance is not None else None) or self.ip

    def changed(self) -> None:
        """What is said of this process has changed."""
        if self._announced is not None:
            self._announced.changed()

    def _key(self) -> bytes | None:
        """A key that cannot be used is no reason to leave an exchange unserved."""
        try:
            return key.of(self.settings)
        except PerseusError as error:
            log.error("%s This process takes no commands.", error)
            return None

    def _announce(self, secret: bytes | None, *, is_standby: bool) -> None:
        """Be known, and take commands where there is a key."""
        report = partial(reporting.report, self)
        if secret is not None:
            registry, timeout = Registry(), self.settings.store_timeout_seconds
            self._handlers(self, registry)
            client = handover.connected(self, "agent")
            self._announced = self.agent = Agent(client, secret, self.target, registry, report, timeout)
        elif is_standby:
            self._announced = Announcer(handover.connected(self, "announcer"), self.target, report)
        if self._announced is not None:
            self._announced.start()

    def _serve_on(self, first: Order | None, signals: StopSignals) -> None:
        if first is not None:
            service = self._serve_first(first, signals)
            while self._goes_on(service, signals):
                service = self._serve_first(first, signals)
        else:
            threading.Thread(target=self._find_ip, name="public ip", daemon=True).start()
        while self.is_idle_host:
            signals.pause(0)
            service = self._next(signals)
            self._serve(service, signals)
            is_lost = isinstance(service.error, LeaseLost) and service.error.holder is None and not service.is_stopping
            if is_lost or self._goes_on(service, signals):
                self._again(service)

    def _serve_first(self, order: Order, signals: StopSignals) -> Service:
        service = self.service = Service(order, self.settings.stop_seconds)
        service.has_begun = True
        self.changed()
        self._serve(service, signals)
        if service.error is not None:
            raise service.error
        return service

    def _goes_on(self, service: Service, signals: StopSignals) -> bool:
        """Is it to be served again? A standby whose lease another has waits anew; who never comes has given it back."""
        if service.handing_over is not None:
            has_come = handover.has_come(self, service, service.handing_over, signals.pause)
            return not has_come or service.order.is_standby
        is_taken = service.instance is not None and service.instance.revoked_by is not None
        return is_taken and service.order.is_standby

    def _next(self, signals: StopSignals) -> Service:
        log.info("%s waits for a start; its name is %s.", self.hostname, self.target)
        while True:
            try:
                return self._orders.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                signals.pause(0)

    def _again(self, service: Service) -> None:
        """What was lost because the store was away is begun again, unless another command came first."""
        try:
            anew = self.reserve(service.order.again)
        except Refused as error:
            log.warning("%s is not begun again: %s", service.order.exchange, error)
        else:
            anew.resumes = True
            self.begin(anew)

    def _serve(self, service: Service, signals: StopSignals) -> None:
        """To its end; what went wrong is in its `error`. A stop of the process passes through."""
        try:
            with service.signals:
                signals.pause(0)  # asked before it could be passed on
                if service.is_stopping:
                    raise StopRequested(service.order.exchange, "stopped before it began")
                self._claim_and_work(service)
        except StopRequested as error:
            log.info("%s", error)
        except PerseusError as error:
            service.error = error
            log.error("%s", error)
        except BaseException as error:
            service.error = error
            raise
        finally:
            self.let_go(service)
        signals.pause(0)

    def _claim_and_work(self, service: Service) -> None:
        opening, instance, maker = claiming.claimed(self.membership, service, self.changed)
        if self.agent is not None:
            instance.set_fields({"target": self.target, **service.origin})
        service.instance = instance
        service.signals.pass_to(instance)
        self.changed()
        with instance:
            self._work(service, instance, opening, maker)

    def _work(self, service: Service, instance: Instance, opening: Opening, maker: FeedMaker) -> None:
        feed = made(maker, instance)
        with Brake(instance, feed, service.reins.is_pending) as brake:
            remake = partial(_remade, opening, instance)
            reason = service.start_reason
            work = Work(instance, feed, brake, reins=service.reins, remake=remake, start_reason=reason)
            service.feed = lambda: work.feed
            work.run()

    def _pass_on(self, reason: str) -> None:
        service = self.service
        if service is not None:
            service.stop(reason)

    def _find_ip(self) -> None:
        self.ip = self.membership.public_ip()
        self.changed()


def made(maker: FeedMaker, instance: Instance) -> Feed:
    """The feed, or FeedFailed where its maker fails for another reason than a PerseusError."""
    try:
        with contained():
            return maker(instance)
    except Breakout as error:
        log.error("%s: its feed could not be made.", instance.exchange.name, exc_info=error)
        raise FeedFailed(instance.exchange.name, "not made yet", error) from error


def _remade(opening: Opening, instance: Instance) -> Feed:
    return made(opening.maker(), instance)
