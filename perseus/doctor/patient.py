"""All that one examination asks, gathered before anything is judged: the judging is pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from math import floor
from typing import Final

import redis

from perseus import keys
from perseus.clock import Clock
from perseus.control.hosts import Report as Host
from perseus.doctor import strangers
from perseus.doctor.host import HostFacts, host
from perseus.doctor.servers import NAME, Asking, Servers, servers
from perseus.doctor.site import DatabaseFacts, Site
from perseus.doctor.streams import Growth, growths
from perseus.errors import PerseusError
from perseus.network.exchange import Exchange
from perseus.network.payload import InstanceStatus
from perseus.network.view.directory import NOBODY, Directory
from perseus.notify.told import dispatchers
from perseus.notify.told.dispatchers import Report
from perseus.pluginhost.info import PluginInfo
from perseus.settings import Settings
from perseus.store import Client, answers, connect, rediscli
from perseus.store.url import StoreURL

#: Until a primary notices that its replicas are gone: docs/guarantees.md.
DETECTED_SECONDS: Final = 2
DEFAULT_USER: Final = "default"


@dataclass(frozen=True, slots=True)
class Address:
    """What PERSEUS_REDIS_URL says, without a secret.

    `is_near`: all that it names is this machine. `fails_over`: another server may take over within one lease.
    `unchecked`: options that switch off a check of certificates, as they are written. `is_tls`: all ways, those to
    sentinels too. `user`: of the servers. `tls`, `to_sentinels`: options with which redis-cli reaches servers and
    sentinels; those of servers without the user. `sentinel_tls`: those of sentinels without theirs.
    """

    is_near: bool
    is_tls: bool
    has_password: bool
    fails_over: bool
    unchecked: tuple[str, ...] = ()
    user: str = DEFAULT_USER
    tls: tuple[str, ...] = ()
    to_sentinels: tuple[str, ...] = ()
    sentinel_tls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What the store holds of the site. `mark`: the text of `perseus:initialised`. None: it did not tell."""

    has_mark: bool | None = None
    mark: str | None = None
    instances: tuple[InstanceStatus, ...] = ()
    dispatchers: tuple[Report, ...] | None = None
    growths: tuple[Growth, ...] = ()
    hosts: tuple[Host, ...] = ()


@dataclass(frozen=True, slots=True)
class Patient:
    """One site as it was found. `strangers`: servers that answer who names no user and no password."""

    settings: Settings
    address: Address
    servers: Servers
    database: DatabaseFacts
    host: HostFacts
    plugins: tuple[PluginInfo, ...]
    told: Told = Told()
    strangers: tuple[str, ...] = ()

    @property
    def cut_off_seconds(self) -> int:
        """How long a primary that is cut off may take writes, by docs/guarantees.md. 0: the margin is too short."""
        return max(floor(self.settings.margin_seconds) - DETECTED_SECONDS, 0)

    @property
    def to_servers(self) -> tuple[str, ...]:
        """Options of redis-cli. As the user of the address where it may change a configuration, else as the default."""
        known = self.servers.answering
        is_ours = self.address.user != DEFAULT_USER and known and all(one.may_configure for one in known)
        return (*self.address.tls, *(("--user", self.address.user) if is_ours else ()))

    @property
    def is_near(self) -> bool:
        """All of the store is on this machine: what the URL names, and the servers that it leads to."""
        return self.address.is_near and all(_is_near(one.place.rpartition(":")[0]) for one in self.servers.nodes)


def address(url: str) -> Address:
    """What may be said of a URL of the store."""
    parsed = StoreURL.parse(url)
    is_near = all(_is_near(host) for host, _ in parsed.places)
    fails_over = parsed.is_cluster or parsed.service is not None
    is_tls = parsed.tls is not None and (parsed.service is None or parsed.sentinel_tls is not None)
    has_password = parsed.login.get("password") is not None
    return Address(
        is_near,
        is_tls,
        has_password,
        fails_over,
        _unchecked(parsed),
        parsed.login.get("username") or DEFAULT_USER,
        rediscli.to_servers(parsed, as_user=False),
        rediscli.to_sentinels(parsed),
        rediscli.to_sentinels(parsed, as_user=False),
    )


def _unchecked(parsed: StoreURL) -> tuple[str, ...]:
    tls = parsed.tls or {}
    if tls.get("ssl_cert_reqs") == "none":
        return ("ssl_cert_reqs=none",)
    return ("ssl_check_hostname=false",) if tls.get("ssl_check_hostname") is False else ()


def gathered(settings: Settings, url: str, site: Site, clock: Clock) -> Patient:
    """Ask everybody. Each wait is bounded; never raises for what does not answer."""
    database = site.database()
    with connect(url, timeout=settings.store_timeout_seconds, name=NAME) as client:
        found = servers(client, Asking(url, settings.store_timeout_seconds, clock))
        told = _told(client, database.exchanges) if found.silent is None else Told()
    known = Patient(settings, address(url), found, database, host(settings), tuple(site.plugins()), told)
    if known.is_near or not known.address.has_password:
        return known
    return replace(known, strangers=strangers.served(url, found.answering, settings.store_timeout_seconds))


def _told(client: Client, exchanges: Sequence[Exchange]) -> Told:
    try:
        with answers(client):
            mark = client.get(keys.INITIALISED)
        view = Directory(client, lambda: exchanges, told_to=NOBODY).view(1)
        live = tuple(one.status for one in view.exchanges if one.live and one.status)
        running, hosts = dispatchers.read(client).running, tuple(view.hosts)
        return Told(mark is not None, str(mark), live, running, growths(client, exchanges), hosts)
    except (PerseusError, redis.RedisError):
        return Told()


def _is_near(host: str) -> bool:
    try:
        return ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return host == "localhost"
