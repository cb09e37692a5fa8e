"""A real Sentinel: found, followed through failovers, and no longer waited for than a command may take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perseus import keys
from perseus.errors import StoreRefused, StoreUnavailable
from perseus.network.leasing.claims import Granted, RedisClaims
from perseus.store import Client, answers, connect, is_cluster, where
from perseus.store.sentinel import Sentinel
from tests.redis_process import RedisProcess
from tests.redis_sentinel import SERVICE, RedisSentinel
from tests.stores.refusals import refused

TIMEOUT = 0.6
SECRET, OTHER_SECRET = "s3cret-of-the-servers", "s3cret-of-the-sentinels"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RedisSentinel]:
    """A Sentinel that a test may break."""
    rig = RedisSentinel(tmp_path)
    try:
        yield rig.start()
    finally:
        rig.kill()


@pytest.fixture
def impatient(own: RedisSentinel) -> Iterator[Sentinel]:
    with connect(own.url, timeout=TIMEOUT, name="t") as client:
        assert isinstance(client, Sentinel)
        yield client


def port(client: Client) -> int:
    return int(client.info("server")["tcp_port"])


def until(client: Client, is_done: Callable[[], bool], seconds: float = 15) -> tuple[list[StoreUnavailable], float]:
    """Call again and again until it answers so; the silences on the way, and the longest call."""
    silences: list[StoreUnavailable] = []
    longest, give_up = 0.0, time.monotonic() + seconds
    while True:
        began = time.monotonic()
        try:
            with answers(client):
                if is_done():
                    return silences, longest
        except StoreUnavailable as error:
            silences.append(error)
        longest = max(longest, time.monotonic() - began)
        assert time.monotonic() < give_up, silences[-1:]
        time.sleep(0.05)


def test_the_primary_is_found_from_any_sentinel_and_the_place_is_told(
    redis_sentinel: RedisSentinel, sentinel_store: str
) -> None:
    for sentinel in redis_sentinel.sentinels:
        url = f"redis+sentinel://127.0.0.1:{sentinel.port}/{SERVICE}"
        with connect(url, timeout=2, name="by-one") as client:
            assert port(client) == redis_sentinel.primary.port
            assert client.client_getname() == "by-one"
            assert where(client) == f"127.0.0.1:{sentinel.port}/{SERVICE}"
            assert not is_cluster(client)


def test_a_database_has_its_own_keys(redis_sentinel: RedisSentinel, sentinel_store: str) -> None:
    with connect(redis_sentinel.url.removesuffix("/0") + "/3", timeout=2, name="t") as client:
        assert client.get(keys.INITIALISED) is None
        assert client.client_info()["db"] == 3


def test_sentinels_that_are_dead_or_hang_are_passed_over_in_time(own: RedisSentinel) -> None:
    dead, hung, _ = own.sentinels
    dead.kill()
    hung.freeze()
    with connect(own.url, timeout=TIMEOUT, name="t") as client:
        began = time.monotonic()
        with answers(client):
            client.ping()
        assert time.monotonic() - began < 2 * TIMEOUT
        for sentinel in own.sentinels:
            sentinel.kill()
        half_the_time_to_its_next_look = 0.5
        for _ in range(3):
            assert client.ping()
            time.sleep(half_the_time_to_its_next_look)


def test_sentinels_that_all_hang_end_a_first_contact_in_time(own: RedisSentinel) -> None:
    for sentinel in own.sentinels:
        sentinel.freeze()
    with connect(own.url, timeout=TIMEOUT, name="t") as client:
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match=r"sentinel 127.0.0.1:\d+: no answer within"), answers(client):
            client.ping()
        assert time.monotonic() - began < 2 * TIMEOUT


def test_a_planned_failover_is_followed_within_seconds_and_without_an_error(
    own: RedisSentinel, impatient: Sentinel
) -> None:
    impatient.set("a", "1")
    old, new = own.primary, own.failover()
    began = time.monotonic()
    silences, _ = until(impatient, lambda: port(impatient) == new.port)
    assert silences == []
    assert time.monotonic() - began < 3  # the old one takes writes for some ten seconds, all of them lost
    assert impatient.get("a") == "1"
    impatient.set("b", "2")
    with new.client() as admin:
        assert admin.get("b") == "2"
    assert old is not new


def test_a_dead_primary_is_silence_until_the_replica_was_promoted(own: RedisSentinel, impatient: Sentinel) -> None:
    impatient.set("a", "1")
    old, new = own.primary, own.replica
    old.kill()
    silences, longest = until(impatient, lambda: port(impatient) == new.port)
    assert silences
    assert all(f"server 127.0.0.1:{old.port}" in str(error) for error in silences)
    assert longest < 2 * TIMEOUT
    assert impatient.get("a") == "1"


def test_a_primary_that_hangs_is_silence_until_the_replica_was_promoted(
    own: RedisSentinel, impatient: Sentinel
) -> None:
    claims = RedisClaims(impatient, 4, 45, 0)
    assert isinstance(claims.acquire("n", "i", None, '{"instanceId":"i"}'), Granted)
    old, new = own.primary, own.replica
    old.freeze()
    _, longest = until(impatient, lambda: port(impatient) == new.port)
    assert longest < 2 * TIMEOUT
    old.thaw()
    began = time.monotonic()
    while time.monotonic() - began < 1.5:  # the old one is back and calls itself a primary for a while
        assert port(impatient) == new.port


# Addresses that name something else, passwords.


def test_a_service_that_nobody_watches_is_a_refusal_that_names_it(redis_sentinel: RedisSentinel) -> None:
    url = redis_sentinel.url.replace(f"/{SERVICE}/", "/mymaster/")
    refused(url, StoreRefused, "watches no service mymaster")


def test_a_server_under_the_name_of_a_sentinel_is_refused(redis_server: RedisProcess) -> None:
    url = f"redis+sentinel://127.0.0.1:{redis_server.port}/{SERVICE}"
    refused(url, StoreRefused, f"sentinel 127.0.0.1:{redis_server.port} is no sentinel")


def test_a_sentinel_under_the_name_of_a_server_is_refused_with_what_to_write(redis_sentinel: RedisSentinel) -> None:
    url = f"redis://127.0.0.1:{redis_sentinel.sentinels[0].port}/0"
    refused(url, StoreRefused, r"write redis\+sentinel://")


class Locked(RedisSentinel):
    """Servers and sentinels that want a password each."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "--requirepass", SECRET, "--masterauth", SECRET)
        for process in (*self.servers, *self.sentinels):
            process.password = SECRET if process in self.servers else OTHER_SECRET

    def _about(self, primary: RedisProcess) -> list[str]:
        return [
            *super()._about(primary),
            f"sentinel auth-pass {SERVICE} {SECRET}",
            f"requirepass {OTHER_SECRET}",
            f"sentinel sentinel-pass {OTHER_SECRET}",
        ]


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisSentinel]:
    rig = Locked(tmp_path_factory.mktemp("locked"))
    try:
        yield rig.start()
    finally:
        rig.kill()


def login(rig: RedisSentinel, password: str, query: str) -> str:
    return rig.url.replace("://", f"://:{password}@") + query


def test_servers_and_sentinels_have_a_password_each(locked: RedisSentinel) -> None:
    with connect(login(locked, SECRET, f"?sentinel_password={OTHER_SECRET}"), timeout=2, name="t") as client:
        assert client.ping()
        assert isinstance(client, Sentinel)
        assert set(client.at_each("PING").values()) == {True}


@pytest.mark.parametrize(
    ("password", "query", "reason"),
    [
        (SECRET, "", r"sentinel 127.0.0.1:\d+: .*sentinel_password"),
        (SECRET, "?sentinel_password=wrong", r"sentinel 127.0.0.1:\d+: .*sentinel_password"),
        ("wrong", f"?sentinel_password={OTHER_SECRET}", r"at 127.0.0.1:\d+ refuses us: it does not take the password"),
    ],
)
def test_a_wrong_password_is_a_refusal_that_says_whose_and_repeats_none(
    locked: RedisSentinel, password: str, query: str, reason: str
) -> None:
    caught = refused(login(locked, password, query), StoreRefused, reason)
    assert "s3cret" not in f"{caught!r} {caught} {vars(caught)}"


def test_no_text_of_a_client_holds_a_password(locked: RedisSentinel) -> None:
    with connect(login(locked, SECRET, f"?sentinel_password={OTHER_SECRET}"), timeout=2, name="t") as client:
        assert isinstance(client, Sentinel)
        assert "s3cret" not in f"{client!r} {client.finder!r} {client.where}"
