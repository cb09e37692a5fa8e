"""Claiming an exchange: from nothing to an instance that holds its lease and beats."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import partial

from perseus import keys
from perseus.clock import Clock, StoreClock, SystemClock
from perseus.errors import EXIT_LOST, LeasePending, LeaseRefused, StoreUnavailable
from perseus.network.activity import ActivityLog
from perseus.network.claims import Claims, Granted, Held, Pending, RedisClaims
from perseus.network.exchange import Exchange
from perseus.network.facts import Facts
from perseus.network.identity import Identity, new_instance_id
from perseus.network.instance import Instance
from perseus.network.lease import Lease, Timing, new_nonce
from perseus.network.observer import NullObserver, Observer
from perseus.network.proof import RestartProof
from perseus.settings import Settings
from perseus.store import Client, answers, wait_until_up

log = logging.getLogger(__name__)

ClientFactory = Callable[[str], Client]
MACHINE = SystemClock()


def join(
    exchange: Exchange,
    settings: Settings,
    clients: ClientFactory,
    identity: Identity,
    observer: Observer | None = None,
    clock: Clock = MACHINE,
    hard_exit: Callable[[], None] = partial(os._exit, EXIT_LOST),
) -> Instance:
    """Claim `exchange` and give the idle instance that holds it; `clients(name)` makes a connection of that name.

    Waits for a store that is down as long as the settings say. Raises LeaseRefused (with the holder), LeasePending
    (not free yet), StoreUnavailable, StoreRefused, StoreCorrupt. After an emptied store the instance is not valid
    at first: `wait_valid`.
    """
    observer = observer or NullObserver()
    timing = Timing.of(settings)
    client = clients("claim")
    wait_until_up(client, settings.store_wait_seconds, log.warning)
    store_clock = StoreClock(clock)
    _read_time(client, clock, store_clock)
    instance_id = new_instance_id(identity.hostname)
    facts = Facts(exchange, identity, instance_id, os.getpid(), timing, store_clock)
    proof = RestartProof(settings.home, exchange.name)
    try:
        claims = _claims(client, exchange, settings)
        lease, grant = _claim(exchange, claims, client, facts, instance_id, proof, observer, timing, clock)
    except BaseException:
        proof.close()
        raise
    heartbeat_claims = _claims(clients("heartbeat"), exchange, settings)
    activity = ActivityLog(clients("activity"), exchange, settings.activity_max_entries)
    instance = Instance(
        exchange, lease, grant, facts, heartbeat_claims, activity, proof, observer, clock, store_clock, hard_exit
    )
    instance.begin()
    client.close()
    return instance


def _claims(client: Client, exchange: Exchange, settings: Settings) -> RedisClaims:
    return RedisClaims(client, exchange.id, settings.ttl_seconds, settings.settle_seconds)


def _read_time(client: Client, clock: Clock, store_clock: StoreClock) -> None:
    sent_at = clock.elapsed()
    with answers(client):
        seconds, micros = client.time()
    store_clock.heard(seconds * 1000 + micros // 1000, sent_at, clock.elapsed())


def _claim(
    exchange: Exchange,
    claims: Claims,
    client: Client,
    facts: Facts,
    instance_id: str,
    proof: RestartProof,
    observer: Observer,
    timing: Timing,
    clock: Clock,
) -> tuple[Lease, Granted]:
    """Claim with one nonce, so that a lost reply is asked for again and not mistaken for another holder."""
    nonce = new_nonce()
    give_up = clock.elapsed() + timing.ttl
    while True:
        sent_at = clock.elapsed()
        try:
            answer = claims.acquire(nonce, instance_id, proof.previous, facts.body_without_token())
            hold_off = isinstance(answer, Granted) and not answer.recorded and not _is_initialised(client)
            break
        except StoreUnavailable as error:
            if clock.elapsed() >= give_up:
                raise
            log.warning("%s Claiming %s again.", error, exchange.name)
    if isinstance(answer, Held):
        observer.refused(exchange, answer.holder)
        raise LeaseRefused(exchange.name, answer.holder)
    if isinstance(answer, Pending):
        raise LeasePending(exchange.name, answer.wait_ms)
    if hold_off:
        log.warning("The data store was emptied: %s waits until no old holder can be at work.", exchange.name)
    proof.keep(nonce)
    facts.granted(answer.token)
    return Lease(nonce, instance_id, timing, answer, sent_at, hold_off), answer


def _is_initialised(client: Client) -> bool:
    with answers(client):
        return bool(client.exists(keys.INITIALISED))
