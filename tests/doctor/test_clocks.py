"""Whose clock is off: judged by what most of them say, without servers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perseus.doctor.finding import Finding, Severity
from perseus.doctor.patient import Patient, Told
from perseus.network.payload import InstanceStatus
from perseus.version import VERSION
from tests.doctor.test_judging import found, node, patient

OFF = "10.0.0.5:6379"


def site(*ahead_s: float) -> Patient:
    """Servers 10.0.0.1 and on, each so many seconds ahead of this host."""
    return patient(*(node(f"10.0.0.{number}:6379", skew_ms=-1000 * s) for number, s in enumerate(ahead_s, 1)))


def clocks(seen: Patient) -> Finding:
    return found(seen)["node-clocks"]


@pytest.mark.parametrize(("ahead_s", "side"), [(20, "20.0 s ahead of"), (-20, "20.0 s behind")])
def test_one_server_that_is_off_is_named_and_this_host_is_not_accused(ahead_s: int, side: str) -> None:
    seen = site(0, 0, 0, 0, ahead_s, 0, 0, 0, 0)
    said = clocks(seen)
    assert said.seen.startswith(f"{OFF} is {side} the others. ")
    assert (said.severity, said.where) == (Severity.GRAVE, (OFF,))
    assert "chronyc makestep" in said.commands
    assert "clock-skew" not in found(seen)


def test_of_two_servers_the_one_that_this_host_contradicts_is_named() -> None:
    seen = site(0, 20)
    assert clocks(seen).where == ("10.0.0.2:6379",)
    assert "clock-skew" not in found(seen)


def test_a_host_that_differs_from_most_servers_is_named_although_one_agrees_with_it() -> None:
    seen = site(20, 20, 0)
    assert clocks(seen).where == ("10.0.0.3:6379",)
    assert found(seen)["clock-skew"].seen == "this host is 20.0 s behind the store."


def test_servers_that_all_differ_a_little_are_told_by_the_farthest() -> None:
    assert clocks(site(0, 0.8, -0.7)).where == ("10.0.0.2:6379",)


def test_an_address_is_said_to_admins_alone() -> None:
    assert OFF not in str(clocks(site(0, 0, 0, 0, 20)).as_json(with_places=False))


def test_a_host_that_reports_to_the_server_that_is_off_is_not_accused() -> None:
    instance = InstanceStatus.model_construct(
        exchange_name="coinbase",
        hostname="host-a",
        clock_skew_ms=-20_000,
        heartbeat_seconds=1.0,
        ttl_seconds=4.0,
        version=VERSION,
    )
    seen = replace(site(0, 0, 20), told=Told(True, "kept", (instance,)))
    assert "clock-skew" not in found(seen)
    assert found(replace(site(0, 0, 0), told=seen.told))["clock-skew"].seen == "host-a is 20.0 s behind the store."
