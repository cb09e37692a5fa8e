"""Names and addresses of one host: servers may be told by name and sentinels by address."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Final

import redis

from perseus.store.resolver import RESOLVER

#: Any port: the look-up is of the host.
PORT: Final = 0


def one_name(hosts: Iterable[str], seconds: float) -> dict[str, str | None]:
    """For each host the first of those that are the same; None for a name that could not be looked up in time."""
    listed = list(dict.fromkeys(hosts))
    RESOLVER.prepare([(host, PORT) for host in listed])
    found = {host: _addresses(host, seconds) for host in listed}
    here = {one for host in listed if _is_address(host) and _is_here(host) for one in found[host]}
    return _joined({host: told | here if _is_near(host, told) else told for host, told in found.items()})


def _joined(found: Mapping[str, set[str]]) -> dict[str, str | None]:
    """Hosts that share an address are one, in steps as well: a name may have two."""
    named: dict[str, str | None] = {}
    for host, told in found.items():
        same = [one for one in named if told & found[one]]
        first = next((named[one] for one in same), host if told else None)
        merged = {named[one] for one in same}
        named = {one: first if name in merged and name is not None else name for one, name in named.items()}
        named[host] = first
    return named


def _addresses(host: str, seconds: float) -> set[str]:
    try:
        return {str(ip_address(address[4][0])) for address in RESOLVER.addresses((host, PORT), seconds)}
    except (OSError, UnicodeError, ValueError, redis.TimeoutError):
        return set()


def _is_near(host: str, told: set[str]) -> bool:
    """A name that its own machine looks up as loopback, as many a hosts file has it."""
    return bool(told) and not _is_address(host) and all(ip_address(one).is_loopback for one in told)


def _is_here(address: str) -> bool:
    """Is it an address of this machine? Such alone can be bound."""
    if ip_address(address).is_loopback:
        return False
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as knock:
        try:
            knock.bind((address, 0))
        except OSError:
            return False
    return True


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
