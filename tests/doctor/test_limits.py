"""min-replicas-to-write against the replicas that there are: judged by the limit, and mended without giving it up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perseus.doctor.finding import Severity
from perseus.doctor.patient import Patient
from tests.doctor.test_judging import INFO, found, node, patient

LAG = {"min-replicas-max-lag": "8"}


def primary(connected: int, good: int | None, limit: int | None, refused: str = "") -> Patient:
    config = {} if limit is None else {**LAG, "min-replicas-to-write": str(limit)}
    info = {**INFO, "connected_slaves": connected, "master_replid": "a"}
    return patient(
        node(info=info if good is None else {**info, "min_slaves_good_slaves": good}, config=config, refused=refused)
    )


@pytest.mark.parametrize("replicas", [1, 2, 3])
def test_a_limit_that_may_not_be_read_is_not_called_well_however_many_replicas_there_are(replicas: int) -> None:
    assert found(primary(replicas, replicas, None))["spare-replica"].severity is Severity.UNKNOWN
    assert "spare-replica" not in found(primary(replicas, None, None)), "INFO says that it is off"


@pytest.mark.parametrize(("connected", "good"), [(2, 2), (3, 2)])
def test_none_to_spare_is_told_by_the_limit_and_the_replicas_that_count(connected: int, good: int) -> None:
    seen = found(primary(connected, good, 2))["spare-replica"]
    assert seen.severity is Severity.WARNING
    assert seen.commands == ("redis-cli CONFIG SET min-replicas-to-write 1",)
    assert "spare-replica" not in found(primary(connected, good, 1))


@pytest.mark.parametrize(("good", "advised"), [(0, 0), (1, 1), (2, 1), (3, 2)])
def test_what_takes_writes_again_gives_up_no_more_of_the_limit_than_it_must(good: int, advised: int) -> None:
    refused = found(primary(good, good, 4, "NOREPLICAS Not enough good replicas to write"))["refuses-writes"]
    assert refused.commands[-1] == f"redis-cli CONFIG SET min-replicas-to-write {advised}"


def roomy(site: Patient) -> Patient:
    """With a margin that leaves room for a lag."""
    times = {"ttl_seconds": 45.0, "heartbeat_seconds": 15.0, "margin_seconds": 10.0}
    return replace(site, settings=site.settings.model_copy(update=times))


@pytest.mark.parametrize("lag", ["60", "0"])
def test_a_lag_that_is_wrong_is_mended_alone_and_undoes_no_other_line(lag: str) -> None:
    config = {"min-replicas-to-write": "2", "min-replicas-max-lag": lag}
    info = {**INFO, "connected_slaves": 2, "min_slaves_good_slaves": 1, "master_replid": "a"}
    site = roomy(patient(node(info=info, config=config, refused="NOREPLICAS Not enough good replicas to write")))
    told = found(site)
    assert told["refuses-writes"].commands[-1] == "redis-cli CONFIG SET min-replicas-to-write 1"
    assert told["min-replicas"].commands == ("redis-cli CONFIG SET min-replicas-max-lag 8",)


def test_a_lag_that_is_short_enough_is_left_when_the_limit_is_set() -> None:
    config = {"min-replicas-to-write": "0", "min-replicas-max-lag": "1"}
    told = found(roomy(patient(node(info={**INFO, "connected_slaves": 2, "master_replid": "a"}, config=config))))
    assert told["min-replicas"].commands == ("redis-cli CONFIG SET min-replicas-to-write 1",)
