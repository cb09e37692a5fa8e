"""A sentinel of a foreign service among those that the address names, and that service fails over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from perseus import keys
from perseus.doctor.finding import Finding, Severity
from perseus.network.instance import Instance
from perseus.settings import Settings
from perseus.store import connect
from tests.doctor.conftest import Practice
from tests.instances import Party, eventually
from tests.redis_sentinel import SERVICE, RedisSentinel

LOOKS = 6.0


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisSentinel]:
    yield from _started(RedisSentinel(tmp_path_factory.mktemp("own")))


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisSentinel]:
    """Another site's, which calls its service the same. It fails over once before anybody looks."""
    yield from _started(RedisSentinel(tmp_path_factory.mktemp("foreign")))


def _started(rig: RedisSentinel) -> Iterator[RedisSentinel]:
    try:
        yield rig.start()
    finally:
        rig.kill()


def mixed(own: RedisSentinel, foreign: RedisSentinel) -> str:
    stranger = foreign.sentinels[0].port
    return own.url.replace(f"/{SERVICE}", f",127.0.0.1:{stranger}/{SERVICE}")


def split(practice: Practice) -> Finding:
    (found,) = [one for one in practice.examine().findings if one.name == "sentinel-split"]
    assert found.severity is Severity.GRAVE
    return found


def stays(url: str, own: RedisSentinel, holder: Instance) -> None:
    """Nobody goes over, neither who is there nor who starts."""
    give_up = time.monotonic() + LOOKS
    while time.monotonic() < give_up:
        assert holder.valid()
        time.sleep(0.05)
    for _ in range(4):
        with connect(url, timeout=2, name="starts-now") as client:
            assert client.info("server")["tcp_port"] == own.primary.port


def test_a_failover_of_a_foreign_service_moves_nobody_and_the_doctor_names_its_sentinel(
    own: RedisSentinel, foreign: RedisSentinel, party: Party, settings: Settings, tmp_path: Path
) -> None:
    url = mixed(own, foreign)
    with own.primary.client() as admin:
        admin.set(keys.INITIALISED, "kept")
    holder = party.join(url, settings, home="a")
    assert holder.wait_valid(2 * settings.ttl_seconds)
    foreign.failover()
    stays(url, own, holder)
    own.sentinels[2].freeze()
    stays(url, own, holder)
    own.sentinels[2].thaw()
    with foreign.primary.client() as there:
        assert there.keys("*") == []

    found, stranger = split(Practice(url, tmp_path / "home")), f"127.0.0.1:{foreign.sentinels[0].port}"
    assert f"{stranger} names 127.0.0.1:{foreign.primary.port}, none of the servers that the others know" in found.seen
    assert found.where == (stranger,)
    assert found.commands == ()
    assert "out of PERSEUS_REDIS_URL" in found.mend


def test_beside_such_a_sentinel_a_failover_of_ours_is_followed(
    own: RedisSentinel, foreign: RedisSentinel, party: Party, settings: Settings
) -> None:
    with connect(mixed(own, foreign), timeout=2, name="test") as client:
        client.ping()
        new = own.failover()
        began = time.monotonic()
        eventually(lambda: client.info("server")["tcp_port"] == new.port, 10)
        assert time.monotonic() - began < 5
