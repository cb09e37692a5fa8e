"""Where sentinels stand, judged without servers: which cut lets two primaries take writes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perseus.doctor.node import Node
from perseus.doctor.patient import Patient
from perseus.doctor.placing import may_split, sentinel_places
from perseus.doctor.sentinels import Watcher
from perseus.doctor.servers import Servers
from perseus.doctor.sign import ABSENT, Sign
from tests.doctor.test_judging import node, patient


def servers(wanted: str | None, *hosts: str) -> tuple[Node, ...]:
    config = {} if wanted is None else {"min-replicas-to-write": wanted}
    return tuple(node(f"{host}:{6379 + n}", is_primary=not n, config=config) for n, host in enumerate(hosts))


def watched(hosts: str, wanted: str | None, places: str, quorum: str = "2") -> Patient:
    """A server on each host, a sentinel at each place, of names of one letter; each sentinel knows the others."""
    all_ = [(place, 26379 + number) for number, place in enumerate(places)]
    watchers = tuple(
        Watcher(f"name-{place}:{port}", primary={"quorum": quorum}, others=tuple(one for one in all_ if one[1] != port))
        for place, port in all_
    )
    return replace(patient(), servers=Servers(servers(wanted, *hosts), watchers=watchers))


@pytest.mark.parametrize(
    ("hosts", "wanted", "places", "is_safe"),
    [
        ("abc", 1, "abc", True),
        ("abc", 1, "xyz", False),
        ("abc", 2, "xyz", True),
        ("abc", 1, "axy", False),
        ("abc", 1, "abcxy", False),
        ("abc", 1, "aaa", False),
        ("ab", 1, "xyz", True),
        ("abcde", 1, "abcde", False),
        ("abcde", 2, "abcde", True),
        ("abcd", 1, "abcd", True),
    ],
)
def test_no_cut_may_leave_a_primary_with_its_replicas_on_one_side_and_the_decision_on_the_other(
    hosts: str, wanted: int, places: str, is_safe: bool
) -> None:
    site = watched(hosts, str(wanted), places)
    assert may_split(site, wanted) is not is_safe
    said = sentinel_places(site)
    assert (said is None) is is_safe
    if isinstance(said, Sign):
        enough = int(said.commands[0].split()[-1])
        assert not may_split(site, enough)
        assert may_split(site, enough - 1)


def test_servers_of_one_host_stand_and_fall_together() -> None:
    """Two servers there, one sentinel: a cut leaves a primary and its replica with that one."""
    assert may_split(watched("aab", "1", "abc"), 1)
    assert not may_split(watched("aab", "1", "aab"), 1)


def test_a_replica_that_may_not_take_over_takes_no_part_in_it() -> None:
    site = watched("abc", "1", "xyz")
    primary, *replicas = site.servers.nodes
    never = tuple(replace(one, info={**(one.info or {}), "slave_priority": 0}) for one in replicas)
    assert not may_split(replace(site, servers=replace(site.servers, nodes=(primary, *never))), 1)


def test_a_quorum_of_all_lets_no_part_of_them_decide() -> None:
    assert may_split(watched("abc", "1", "abx", "2"), 1)
    assert not may_split(watched("abc", "1", "abx", "3"), 1)


def test_what_the_limit_is_must_be_known_where_it_decides() -> None:
    told = sentinel_places(watched("abc", None, "xyz"))
    assert isinstance(told, Sign)
    assert told.seen == "min-replicas-to-write may not be asked."
    assert sentinel_places(watched("abc", None, "abc")) is None


def test_without_a_limit_it_is_a_matter_of_min_replicas() -> None:
    assert sentinel_places(watched("abc", "0", "xyz")) == ABSENT
