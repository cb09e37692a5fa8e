"""Claiming an exchange: from nothing to an instance that holds its lease and beats."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import time
from collections.abc import Callable
from functools import partial

from perseus import keys
from perseus.clock import Clock, StoreClock, SystemClock
from perseus.errors import EXIT_LOST, LeasePending, LeaseRefused, PerseusError, StoreUnavailable
from perseus.network.exchange import Exchange
from perseus.network.facts import Facts
from perseus.network.identity import Identity, new_instance_id
from perseus.network.instance import Instance
from perseus.network.leasing.claims import Granted, Held, Pending, RedisClaims
from perseus.network.leasing.lease import Lease, Timing, new_nonce
from perseus.network.leasing.proof import RestartProof
from perseus.network.log.continuity import Continuity
from perseus.network.maintenance import Upkeep
from perseus.network.observer import NullObserver, Observer
from perseus.settings import Settings
from perseus.store import Client, answers, is_cluster, now_ms, wait_until_up

log = logging.getLogger(__name__)

ClientFactory = Callable[[str], Client]
MACHINE = SystemClock()
WAIT_SHARE = 4  # of the time for one answer: what is left is for the answer itself
EXIT = partial(os._exit, EXIT_LOST)


def join(
    exchange: Exchange,
    settings: Settings,
    clients: ClientFactory,
    identity: Identity,
    observer: Observer | None = None,
    clock: Clock = MACHINE,
    hard_exit: Callable[[], None] = EXIT,
    pause: Callable[[float], object] = time.sleep,
    target: str = "",
) -> Instance:
    """Claim `exchange` and give the idle instance that holds it; `clients(name)` makes a connection of that name.

    `target`: this process, by the name under which a holder may have named it as its successor.

    Waits, by `pause(seconds)`, for a store that is down as long as the settings say. Raises LeaseRefused (with the
    holder), LeasePending (not free yet), StoreUnavailable, StoreRefused, StoreCorrupt. After an emptied store the
    instance is not valid at first: `wait_valid`.
    """
    observer = observer or NullObserver()
    client = clients("claim")
    wait_until_up(client, settings.store_wait_seconds, log.warning, pause, *exchange.written)
    claimant = Claimant(exchange, settings, client, identity, clock, target)
    proof = RestartProof(settings.home, exchange.name)
    instance: Instance | None = None
    try:
        lease, grant = claimant.claim(proof, observer, pause)
        claims = _claims(clients("heartbeat"), exchange, settings)
        client_of_log = clients("activity")
        activity = Continuity(client_of_log, exchange, settings.activity_max_entries, lease.timing, clock)
        upkeep = Upkeep(client_of_log, exchange, lambda: identity.admin_email or claimant.facts.status().instance_id)
        instance = Instance(
            exchange,
            lease,
            grant,
            claimant.facts,
            claims,
            activity,
            upkeep,
            proof,
            observer,
            clock,
            claimant.store_clock,
            hard_exit,
        )
        instance.begin()
        _give_back_at_exit(instance)
        client.close()  # here too, for an interrupt may come in it
    except BaseException:
        if instance is not None:  # it would put back what is withdrawn
            instance.end_threads()
        claimant.withdraw(proof)
        proof.close()
        client.close()
        raise
    return instance


def _give_back_at_exit(instance: Instance) -> None:
    """An interrupt may come before anybody has the instance. That of a process which failed is left to run out."""

    def give_back() -> None:
        if not isinstance(getattr(sys, "last_value", None), Exception):
            instance.stop("its process ended")

    atexit.register(give_back)
    instance.when_ended(lambda: atexit.unregister(give_back))


class Claimant:
    """Asks for one exchange, always with the same nonce: a lost reply is asked for again, not taken for a refusal."""

    def __init__(
        self,
        exchange: Exchange,
        settings: Settings,
        client: Client,
        identity: Identity,
        clock: Clock,
        target: str = "",
    ) -> None:
        self._exchange = exchange
        self._client = client
        self._claims = _claims(client, exchange, settings)
        self._clock = clock
        self._timing, self._settle = Timing.of(settings), settings.settle_seconds
        self._nonce, self._target = new_nonce(), target
        self._instance_id = new_instance_id(identity.hostname)
        self.store_clock = StoreClock(clock)
        self._read_time()
        self.facts = Facts(exchange, identity, self._instance_id, os.getpid(), self._timing, self.store_clock)
        if target:  # from its first payload on: while it is held off nobody else writes one
            self.facts.set_fields({"target": target})
        self._may_be_granted = False

    def claim(
        self, proof: RestartProof, observer: Observer, pause: Callable[[float], object] = time.sleep
    ) -> tuple[Lease, Granted]:
        """Claim, trying again for one TTL while the store does not answer. Errors as `join`."""
        give_up = self._clock.elapsed() + self._timing.ttl
        while True:
            sent_at = self._clock.elapsed()
            self._may_be_granted = True
            try:
                answer = self._ask(proof)
                if isinstance(answer, Granted):
                    return self._granted(answer, proof, sent_at), answer
            except StoreUnavailable as error:
                if self._clock.elapsed() >= give_up:
                    raise
                log.warning("%s Claiming %s again.", error, self._exchange.name)
                pause(self._timing.retry)
                continue
            self._may_be_granted = False
            if isinstance(answer, Held):
                observer.refused(self._exchange, answer.holder)
                raise LeaseRefused(self._exchange.name, answer.holder)
            raise LeasePending(self._exchange.name, answer.wait_ms, answer.kept_for)

    def withdraw(self, proof: RestartProof) -> None:
        """Give back what may have been granted to a start that was interrupted."""
        if not self._may_be_granted:
            return
        try:
            grant = self._ask(proof)
            if isinstance(grant, Granted):
                body = self.facts.status().to_json()
                self._claims.release(self._nonce, self._instance_id, grant.token, "the start was interrupted", body)
        except PerseusError as error:
            log.warning("%s could not be released and ends by itself: %s", self._exchange.name, error)

    def _ask(self, proof: RestartProof) -> Granted | Held | Pending:
        body = self.facts.body_without_token()
        return self._claims.acquire(self._nonce, self._instance_id, proof.previous, body, self._target)

    def _granted(self, grant: Granted, proof: RestartProof, sent_at: float) -> Lease:
        received_at, hold_off = self._clock.elapsed(), self._hold_off(grant)
        proof.keep(self._nonce)
        self.facts.granted(grant.token)
        self.facts.durable(grant.durability)
        held_off_at = received_at + hold_off - self._timing.ttl if hold_off else None
        lease = Lease(self._nonce, self._instance_id, self._timing, grant, sent_at, held_off_at)
        if lease.is_held_off:
            left = max(0.0, lease.valid_from - self._clock.elapsed())
            self.facts.held_off(self.store_clock.now_ms() + round(left * 1000), lease.held_off_why)
        return lease

    def _hold_off(self, grant: Granted) -> float:
        """Seconds for which another may be at work that the store has forgotten, or may come to forget us."""
        name, ttl = self._exchange.name, self._timing.ttl
        if grant.doubtful:
            log.warning("The data store may have lost its last writes: %s waits until no old holder can work.", name)
            return ttl
        if not grant.recorded and not self._is_initialised():
            log.warning("The data store may have been emptied: %s waits until no old holder can work.", name)
            return ttl
        if grant.untold or not grant.recorded:
            return min(self._settle, ttl)
        return 0.0

    def _is_initialised(self) -> bool:
        """Asked after the claim: a store emptied in between has lost the claim too.

        In a Cluster the mark is on one node, and says nothing of what another has kept.
        """
        with answers(self._client):
            return bool(self._client.exists(keys.INITIALISED)) and not is_cluster(self._client)

    def _read_time(self) -> None:
        sent_at = self._clock.elapsed()
        with answers(self._client):
            store_ms = now_ms(self._client, keys.status(self._exchange.id))
        self.store_clock.heard(store_ms, sent_at, self._clock.elapsed())


def _claims(client: Client, exchange: Exchange, settings: Settings) -> RedisClaims:
    s = settings
    replicas, wait = s.durable_replicas, s.store_timeout_seconds / WAIT_SHARE
    return RedisClaims(client, exchange.id, s.ttl_seconds, s.settle_seconds, replicas, wait)
