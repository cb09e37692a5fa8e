"""How redis-cli reaches a server of the store: the one place that knows its options.

A password is never among its words, where other users of the host could read it: redis-cli takes it from REDISCLI_AUTH.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from perseus.store.layout import Place
from perseus.store.url import StoreURL

PROGRAM: Final = "redis-cli"
PASSWORD: Final = "REDISCLI_AUTH"
TLS: Final = "--tls"
#: Has it end with another code than 0 where the server refuses the command.
FAILING: Final = "-e"
#: What the options of PERSEUS_REDIS_URL are for redis-cli. It never compares the name of a certificate, and asks for
#: what opens a key.
FILES: Final = {
    "ssl_ca_certs": "--cacert",
    "ssl_certfile": "--cert",
    "ssl_keyfile": "--key",
    "ssl_ciphers": "--tls-ciphers",
}


def to_servers(address: StoreURL, *, as_user: bool = True) -> tuple[str, ...]:
    """Options for any server of that store. `as_user`: with the user of the address, else with the default one."""
    user = address.login.get("username") if as_user else None
    return (*_tls(address.tls), *(("--user", user) if user else ()))


def to_sentinels(address: StoreURL, *, as_user: bool = True) -> tuple[str, ...]:
    """Options for its sentinels, which have users and a TLS of their own."""
    user = address.sentinel_login.get("username") if as_user else None
    return (*_tls(address.sentinel_tls), *(("--user", user) if user else ()))


def at(place: Place) -> tuple[str, ...]:
    """Options for this one server."""
    return "-h", place[0], "-p", str(place[1])


def client(address: StoreURL, place: Place) -> tuple[str, ...]:
    """The whole of it but the command: begins at `place`, and in a Cluster goes on to where a key is."""
    number = ("-n", str(address.number)) if address.number else ()
    return PROGRAM, *at(place), *(("-c",) if address.is_cluster else ()), *number, *to_servers(address)


def alone(address: StoreURL, place: Place) -> tuple[str, ...]:
    """The same for this one server, which sends nobody on, or this sentinel of the address."""
    if is_sentinel(address, place):
        return PROGRAM, *at(place), *to_sentinels(address)
    number = ("-n", str(address.number)) if address.number else ()
    return PROGRAM, *at(place), *number, *to_servers(address)


def is_sentinel(address: StoreURL, place: Place) -> bool:
    """Is this one of the sentinels that the address names?"""
    return address.service is not None and place in address.places


def _tls(options: Mapping[str, Any] | None) -> tuple[str, ...]:
    return () if options is None else (TLS, *_named(options))


def _named(options: Mapping[str, Any]) -> Iterator[str]:
    named = dict(options)
    if "ssl_certfile" in named:
        # redis-cli takes the one with the other alone; one file may hold both.
        named.setdefault("ssl_keyfile", named["ssl_certfile"])
    if named.get("ssl_cert_reqs") == "none":
        yield "--insecure"
    for name, option in FILES.items():
        if name in named:
            yield from (option, str(named[name]))
