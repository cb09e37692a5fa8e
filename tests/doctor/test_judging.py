"""Judging without servers: versions, clocks, addresses, and the report as it goes through the store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from perseus.doctor import catalogue, examination
from perseus.doctor.finding import FOR_ADMINS, Finding, Report, Severity, merged
from perseus.doctor.host import HostFacts
from perseus.doctor.node import Node
from perseus.doctor.patient import Address, Patient, Told, address
from perseus.doctor.servers import Servers
from perseus.doctor.site import DatabaseFacts
from perseus.errors import SettingError
from perseus.store.url import StoreURL
from tests.conftest import short

INFO = {
    "redis_version": "7.2.4",
    "maxmemory_policy": "noeviction",
    "used_memory": 1,
    "maxmemory": 100,
    "connected_clients": 1,
    "maxclients": 100,
    "aof_enabled": 1,
}
NEAR = Address(is_near=True, is_tls=False, has_password=False, fails_over=False)


def patient(*nodes: Node, where: Address = NEAR) -> Patient:
    return Patient(
        short(Path()), where, Servers(nodes), DatabaseFacts(), HostFacts(None, None, True), (), Told(True, "kept")
    )


def node(place: str = "10.0.0.1:6379", **changes: object) -> Node:
    return replace(Node(place, True, info=INFO, refused=""), **changes)  # type: ignore[arg-type]


def found(seen: Patient) -> dict[str, Finding]:
    return {one.name: one for one in examination.judged(seen, 0).findings}


def test_every_check_has_a_row_in_the_catalogue_and_every_row_a_check() -> None:
    checks = {*examination.OF_SILENT, *examination.OF_NODES, *examination.OF_SITE}
    assert checks == set(catalogue.CATALOGUE)


def test_what_may_be_unknown_says_how_to_look_by_hand() -> None:
    bare = Node("a:1", True, info={}, refused="CLUSTERDOWN")
    unknown = [one for one in found(patient(bare)).values() if one.severity is Severity.UNKNOWN]
    assert len(unknown) > 5
    assert all(one.entry.check for one in unknown)


@pytest.mark.parametrize(
    ("version", "is_old"),
    [
        ("6.0.16", True),
        ("5.0", True),
        ("6.2.0", True),
        ("6.2.6", True),
        ("6.2.7", False),
        ("7.0", False),
        ("10.1", False),
    ],
)
def test_a_store_that_is_too_old_is_found(version: str, is_old: bool) -> None:
    assert ("store-version" in found(patient(node(info={**INFO, "redis_version": version})))) is is_old


def test_what_was_found_at_one_server_is_not_called_well_for_another() -> None:
    old = node("10.0.0.2:6379", info={**INFO, "redis_version": "5.0"})
    report = examination.judged(patient(node(), old), 0)
    assert "store-version" not in report.fine
    assert [one.where for one in report.findings if one.name == "store-version"] == [("10.0.0.2:6379",)]


def test_a_disk_that_fails_is_found() -> None:
    broken = node(info={**INFO, "aof_last_write_status": "err"})
    assert found(patient(broken))["persistence-failing"].seen == "aof_last_write_status is not ok."


@pytest.mark.parametrize(("system", "commands"), [(400, ("redis-cli CONFIG SET maxmemory 200mb",)), (300, ())])
def test_more_memory_is_only_told_to_be_set_where_the_machine_has_it(system: int, commands: tuple[str, ...]) -> None:
    mib = 1024 * 1024
    sizes = {"used_memory": 90 * mib, "maxmemory": 100 * mib, "total_system_memory": system * mib}
    assert found(patient(node(info={**INFO, **sizes})))["memory-full"].commands == commands


@pytest.mark.parametrize(("ahead_ms", "severity"), [(900, None), (1_100, Severity.WARNING), (5_100, Severity.GRAVE)])
def test_clocks_of_servers_are_judged_against_the_margin(ahead_ms: float, severity: Severity | None) -> None:
    seen = patient(node(), node("10.0.0.2:6379", skew_ms=-ahead_ms))
    seen = replace(seen, settings=short(Path(), margin_seconds=0.9).model_copy(update={"margin_seconds": 10.0}))
    clocks = found(seen).get("node-clocks")
    assert (clocks and clocks.severity) is severity


def test_a_slow_answer_blurs_a_clock() -> None:
    assert "clock-skew" not in found(patient(node(skew_ms=1_200, rtt_ms=600)))
    assert "clock-skew" in found(patient(node(skew_ms=1_200, rtt_ms=40)))


def test_slow_answers_are_set_against_the_time_out() -> None:
    assert "slow-answers" in found(patient(node(rtt_ms=120)))
    assert "slow-answers" not in found(patient(node(rtt_ms=80)))


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("redis://127.0.0.1:1", set()),
        ("redis://localhost", set()),
        ("redis://store.example.org", {"plain-text", "open-store"}),
        ("redis://user:pass@10.0.0.1", {"plain-text"}),
        ("rediss://10.0.0.1", {"open-store"}),
        ("rediss+sentinel://:pass@10.0.0.1,127.0.0.1/site", set()),
        ("redis+sentinel://:pass@127.0.0.1,10.0.0.1/site", {"plain-text"}),
        ("rediss+sentinel://:pass@10.0.0.1/site?sentinel_tls=false", {"plain-text"}),
        ("rediss://:pass@10.0.0.1?ssl_cert_reqs=none", {"tls-unchecked"}),
        ("rediss://:pass@10.0.0.1?ssl_check_hostname=false", {"tls-unchecked"}),
        ("rediss://:pass@10.0.0.1?ssl_check_hostname=true&ssl_cert_reqs=required", set()),
        ("rediss://:pass@127.0.0.1?ssl_cert_reqs=none", set()),
    ],
)
def test_a_store_elsewhere_wants_tls_and_a_password(url: str, names: set[str]) -> None:
    place = f"{StoreURL.parse(url).places[0][0]}:6379"
    names_of_ways = {"plain-text", "open-store", "tls-unchecked"}
    assert {*found(patient(node(place), where=address(url)))} & names_of_ways == names


@pytest.mark.parametrize("url", ["redis+sentinel://127.0.0.1/site", "redis+cluster://localhost"])
def test_a_near_address_that_leads_to_servers_elsewhere_is_not_near(url: str) -> None:
    near = patient(node("127.0.0.1:6379"), node("[::1]:6379"), where=address(url))
    assert not {"plain-text", "open-store"} & {*found(near)}
    assert {"plain-text", "open-store"} <= {*found(patient(node("127.0.0.1:6379"), node(), where=address(url)))}


def test_a_store_that_serves_strangers_beside_the_user_of_perseus_is_found() -> None:
    seen = patient(node(), where=address("rediss://user:pass@10.0.0.1"))
    assert "open-store" in examination.judged(seen, 0).fine
    opened = found(replace(seen, strangers=("10.0.0.1:6379",)))["open-store"]
    assert (opened.severity, opened.where) == (Severity.WARNING, ("10.0.0.1:6379",))


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(SettingError):
        address("http://127.0.0.1")


def test_what_several_servers_share_is_one_finding_and_the_gravest_come_first() -> None:
    said = [
        Finding("idle-timeout", Severity.WARNING, "one", where=("a:1",)),
        Finding("persistence", Severity.GRAVE, "two", where=("a:1",)),
        Finding("idle-timeout", Severity.WARNING, "one", where=("b:1",)),
        Finding("idle-timeout", Severity.WARNING, "other", where=("c:1",)),
    ]
    assert [(one.seen, one.where) for one in merged(said)] == [
        ("two", ("a:1",)),
        ("one", ("a:1", "b:1")),
        ("other", ("c:1",)),
    ]


REPORT = Report(
    1_795_269_802_000,
    "web-1",
    (
        Finding("store-silent", Severity.GRAVE, "Error 111 connecting to 10.1.2.3:6379.", (), ("10.1.2.3:6379",)),
        Finding(
            "eviction-policy", Severity.GRAVE, "it is.", ("redis-cli CONFIG SET a b", "perseus up"), ("h:1", "[::1]:2")
        ),
    ),
    ("rights",),
    ("store",),
)


def test_a_report_goes_through_the_store_whole() -> None:
    assert Report.loaded(REPORT.dumped()) == REPORT


@pytest.mark.parametrize("text", [None, "", "junk", "[]", "{}", '{"findings": [1]}', "null", '{"at": "yesterday"}'])
def test_what_is_no_report_is_none(text: str | None) -> None:
    assert Report.loaded(text) is None


def test_a_finding_of_another_version_is_left_out() -> None:
    assert Report.loaded(REPORT.dumped().replace("store-silent", "sun-spots")) == replace(
        REPORT, findings=REPORT.findings[1:]
    )


def test_a_command_for_servers_names_each_and_any_other_stands_as_it_is() -> None:
    assert list(REPORT.findings[1].addressed()) == [
        "redis-cli -h h -p 1 CONFIG SET a b",
        "redis-cli -h ::1 -p 2 CONFIG SET a b",
        "perseus up",
    ]


def test_without_places_no_address_is_told() -> None:
    told = str(REPORT.as_json(with_places=False))
    assert "10.1.2.3" not in told
    assert "web-1" not in told
    assert FOR_ADMINS in told
    assert "10.1.2.3:6379" in str(REPORT.as_json())
