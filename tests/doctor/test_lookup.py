"""Names and addresses of one host are one, whoever tells which."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from perseus.doctor import lookup
from perseus.doctor.lookup import one_name
from perseus.doctor.placing import sentinel_places
from perseus.doctor.sentinels import Watcher
from perseus.doctor.servers import Servers
from perseus.doctor.sign import Sign
from perseus.store.resolver import RESOLVER
from tests.doctor.test_judging import patient
from tests.doctor.test_places import servers

KNOWN = {"a.example": ["10.0.0.1"], "b.example": ["10.0.0.2", "10.1.0.2"], "me.example": ["127.0.1.1"]}


@pytest.fixture(autouse=True)
def dns(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    system = socket.getaddrinfo

    def look_up(host: str, port: int, *rest: Any) -> list[Any]:
        if not host.endswith("example"):
            return list(system(host, port, *rest))
        if host not in KNOWN:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in KNOWN[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    RESOLVER.forget()
    yield
    RESOLVER.forget()


def test_a_name_and_its_addresses_are_one_host_by_what_was_listed_first() -> None:
    told = one_name(["a.example", "10.0.0.1", "10.0.0.3", "10.0.0.2", "10.1.0.2", "b.example"], 1)
    assert told == {
        "a.example": "a.example",
        "10.0.0.1": "a.example",
        "10.0.0.3": "10.0.0.3",
        "10.0.0.2": "10.0.0.2",
        "10.1.0.2": "10.0.0.2",
        "b.example": "10.0.0.2",
    }


def test_a_name_that_does_not_exist_is_not_known() -> None:
    assert one_name(["none.example", "10.0.0.1"], 1) == {"none.example": None, "10.0.0.1": "10.0.0.1"}


def test_the_name_of_this_machine_that_means_loopback_is_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "_is_here", lambda address: address == "10.0.0.9")
    told = one_name(["me.example", "10.0.0.9", "10.0.0.1", "127.0.0.2"], 1)
    assert told == {
        "me.example": "me.example",
        "10.0.0.9": "me.example",
        "10.0.0.1": "10.0.0.1",
        "127.0.0.2": "127.0.0.2",
    }


@pytest.mark.parametrize(("third", "is_judged"), [("10.0.0.3", True), ("none.example", False)])
def test_servers_by_name_with_a_sentinel_beside_each_by_address_are_well(third: str, is_judged: bool) -> None:
    """As servers announce names and sentinels do not."""
    hosts = ("a.example", "b.example", third)
    addresses = ("10.0.0.1", "10.0.0.2", "10.0.0.3")
    watchers = tuple(
        Watcher(
            f"{host}:26379",
            primary={"quorum": "2", "num-other-sentinels": "2"},
            others=tuple((one, 26379) for one in addresses if one != own),
        )
        for host, own in zip(hosts, addresses, strict=True)
    )
    found = Servers(servers("1", *hosts), watchers=watchers, hosts=one_name((*hosts, *addresses), 1))
    said = sentinel_places(replace(patient(), servers=found))
    if is_judged:
        assert said is None
    else:
        assert isinstance(said, Sign)
        assert said.seen == "It could not be judged: no address was found of none.example."
