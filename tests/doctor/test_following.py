"""Judging replicas without servers: the rule of docs/guarantees.md, and who may take over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perseus.doctor import examination
from perseus.doctor.finding import Finding, Severity
from perseus.doctor.node import Node
from perseus.doctor.patient import Address, Patient
from perseus.doctor.servers import Servers, Slots
from tests.doctor.test_judging import INFO, patient

AWAY = Address(is_near=True, is_tls=False, has_password=False, fails_over=True)
LIMITS = {"min-replicas-to-write": "1", "min-replicas-max-lag": "8"}
TELLS = {**INFO, "connected_slaves": 2, "master_replid": "a1"}
FOLLOWS = {**INFO, "connected_slaves": 0, "master_replid": "a1", "master_link_status": "up", "slave_priority": 100}


def primary(place: str = "127.0.0.1:1", info: dict[str, object] = TELLS, **config: str) -> Node:
    return Node(place, True, info=info, config=LIMITS | _written(config), refused="")


def replica(place: str = "127.0.0.1:2", info: dict[str, object] = FOLLOWS, **config: str) -> Node:
    return Node(place, False, info=info, config=LIMITS | _written(config))


def _written(config: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in config.items()}


def site(*nodes: Node, margin: float = 10.0, settle: float = 0.0, slots: Slots | None = None) -> Patient:
    made = patient(where=AWAY)
    times = {"ttl_seconds": 45.0, "heartbeat_seconds": 15.0, "margin_seconds": margin, "settle_seconds": settle}
    settings = made.settings.model_copy(update=times)
    return replace(made, settings=settings, servers=Servers(nodes, slots))


def finding(seen: Patient, name: str) -> Finding | None:
    return next((one for one in examination.judged(seen, 0).findings if one.name == name), None)


@pytest.mark.parametrize(
    ("lag", "margin", "is_found"), [(0, 10, True), (8, 10, False), (9, 10, True), (9, 11, False), (8, 9.9, True)]
)
def test_how_long_a_cut_off_primary_may_write_follows_from_the_margin(lag: int, margin: float, is_found: bool) -> None:
    seen = site(primary(min_replicas_max_lag=str(lag)), replica(), margin=margin)
    found = finding(seen, "min-replicas")
    assert (found is not None) is is_found
    assert ("min-replicas" in examination.judged(seen, 0).fine) is not is_found


def test_the_command_sets_what_the_rule_allows() -> None:
    config = {"min_replicas_to_write": "0", "min_replicas_max_lag": "6"}
    found = finding(site(primary(**config), replica(), margin=7.0), "min-replicas")
    assert found is not None
    assert found.commands == (
        "redis-cli CONFIG SET min-replicas-to-write 1",
        "redis-cli CONFIG SET min-replicas-max-lag 5",
    )
    short = finding(site(primary(min_replicas_to_write="0"), replica(), margin=2.5), "min-replicas")
    assert short is not None
    assert short.commands == ()


def test_more_replicas_that_are_wanted_stay_wanted() -> None:
    found = finding(site(primary(min_replicas_to_write="2", min_replicas_max_lag="60"), replica()), "min-replicas")
    assert found is not None
    assert found.commands == ("redis-cli CONFIG SET min-replicas-max-lag 8",)


def test_with_one_replica_nobody_is_told_to_want_one() -> None:
    lone = {**TELLS, "connected_slaves": 1}
    for off in ({"min_replicas_to_write": "0"}, {"min_replicas_max_lag": "0"}):
        report = examination.judged(site(primary(info=lone, **off), replica("127.0.0.1:2", **off)), 0)
        found = [one for one in report.findings if one.name == "min-replicas"]
        assert len(found) == 2
        assert all(one.commands == () and "Add a second replica first" in one.seen for one in found)
        assert "once this replica is the primary" in found[1].seen


@pytest.mark.parametrize(
    ("there", "wanted", "is_found"), [(1, 1, True), (2, 1, False), (2, 2, True), (0, 1, False), (1, 0, False)]
)
def test_a_primary_with_no_replica_to_spare_is_found(there: int, wanted: int, is_found: bool) -> None:
    seen = site(primary(info={**TELLS, "connected_slaves": there}, min_replicas_to_write=str(wanted)), replica())
    found = finding(seen, "spare-replica")
    assert (found is not None) is is_found
    if found is not None:
        assert found.where == ("127.0.0.1:1", "127.0.0.1:2")
        assert found.commands == (f"redis-cli CONFIG SET min-replicas-to-write {wanted - 1}",)


def test_a_primary_with_fewer_replicas_than_it_wants_is_no_spare() -> None:
    seen = site(primary(info={**TELLS, "connected_slaves": 1}, min_replicas_to_write="2"), replica())
    report = examination.judged(seen, 0)
    assert "spare-replica" not in {*report.fine, *(one.name for one in report.findings)}


def test_where_may_not_be_asked_how_many_are_wanted_it_is_not_known() -> None:
    lone = {**TELLS, "connected_slaves": 1, "min_slaves_good_slaves": 1}
    found = finding(site(replace(primary(info=lone), config={}), replica()), "spare-replica")
    assert found is not None
    assert found.severity is Severity.UNKNOWN


def test_where_config_may_not_be_asked_the_lag_is_not_known() -> None:
    deaf = replace(primary(info={**TELLS, "min_slaves_good_slaves": 1}), config={})
    found = finding(site(deaf, replica()), "min-replicas")
    assert found is not None
    assert found.severity is Severity.UNKNOWN


def test_a_replica_that_nobody_promotes_needs_no_limit() -> None:
    passive = replica(info={**FOLLOWS, "slave_priority": 0}, min_replicas_to_write="0")
    assert finding(site(primary(), replica(), passive), "min-replicas") is None
    assert finding(site(primary(), replica(), replica("127.0.0.1:3", min_replicas_to_write="0")), "min-replicas")


def test_one_replica_that_may_take_over_is_enough() -> None:
    passive = replica(info={**FOLLOWS, "slave_priority": 0})
    assert finding(site(primary(), passive, replica("127.0.0.1:3")), "replicas") is None
    assert finding(site(primary(), passive), "replicas")


def test_in_a_cluster_each_primary_needs_one_that_may_take_over() -> None:
    first, second = primary(), primary("127.0.0.1:9")
    mine = {**FOLLOWS, "master_host": "127.0.0.1", "master_port": 1, "slave_priority": 0}
    yours = {**mine, "master_port": 9}
    barred = replica("127.0.0.1:2", mine, cluster_replica_no_failover="yes")
    free = replica("127.0.0.1:3", yours, cluster_replica_no_failover="no")
    found = finding(site(first, second, barred, free, slots=Slots(0, 3)), "replicas")
    assert found is not None
    assert found.where == ("127.0.0.1:2",)
    assert found.commands == ("redis-cli CONFIG SET cluster-replica-no-failover no",)


def test_a_replica_whose_link_is_down_is_found_while_another_is_in_step() -> None:
    lost = {**FOLLOWS, "master_link_status": "down", "master_link_down_since_seconds": 90}
    found = finding(site(primary(), replica(), replica("127.0.0.1:3", lost)), "replica-behind")
    assert found is not None
    assert found.where == ("127.0.0.1:3",)
    assert found.seen == "master_link_status is down for 90 s."


def test_no_settle_time_is_grave_only_where_no_failover_is_told_of() -> None:
    untold = {name: value for name, value in TELLS.items() if name != "master_replid"}
    report = examination.judged(site(primary(), replica()), 0)
    assert [one.severity for one in report.findings if one.name == "settle-time"] == [Severity.WARNING]
    assert report.exit_code == 0
    assert finding(site(primary(), replica(), settle=1.0), "settle-time") is None
    silent = finding(site(primary(info=untold), replica()), "settle-time")
    assert silent is not None
    assert silent.severity is Severity.GRAVE
    assert silent.commands == ("export PERSEUS_SETTLE_SECONDS=10",)
    late = finding(site(primary(info=untold), replica(), settle=5.0), "settle-time")
    assert late is not None
    assert late.severity is Severity.WARNING
    assert finding(site(primary(info=untold), replica(), settle=10.0), "settle-time") is None


@pytest.mark.parametrize(("timeout", "is_found"), [("8000", False), ("8001", True)])
def test_the_time_out_of_a_cluster_follows_the_same_rule(timeout: str, is_found: bool) -> None:
    seen = site(primary(cluster_node_timeout=timeout), slots=Slots(0, 3))
    found = finding(seen, "slow-failover")
    assert (found is not None) is is_found
    if found:
        assert found.commands == ("redis-cli CONFIG SET cluster-node-timeout 8000",)


@pytest.mark.parametrize(("rewrite", "is_found"), [("yes", True), ("no", False)])
def test_an_fsync_that_a_rewrite_switches_off_is_found(rewrite: str, is_found: bool) -> None:
    found = finding(site(primary(appendfsync="always", no_appendfsync_on_rewrite=rewrite)), "append-fsync")
    assert (found is not None) is is_found
    if found:
        assert found.commands == ("redis-cli CONFIG SET no-appendfsync-on-rewrite no",)
