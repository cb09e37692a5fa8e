"""A fault that is planted in a real server is found by its name, and what mends it mends it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import redis

from perseus import keys
from perseus.doctor.answering import SHARE
from perseus.doctor.finding import Severity
from perseus.doctor.patience import patience
from tests.conftest import KRAKEN
from tests.doctor.conftest import Practice
from tests.instances import eventually
from tests.redis_process import RedisProcess, free_port

GRAVE, WARNING, UNKNOWN = Severity


def set_to(server: RedisProcess, **config: object) -> None:
    with server.client() as client:
        for name, value in config.items():
            client.config_set(name.replace("_", "-"), str(value))


def mended(practice: Practice, name: str, commands: tuple[str, ...]) -> bool:
    """Send what the finding says to send. Is it gone?"""
    with redis.Redis.from_url(practice.url) as client:
        for command in commands:
            assert command.startswith("redis-cli ")
            client.execute_command(*command.split()[1:])
    report = practice.examine()
    return name in report.fine and name not in [one.name for one in report.findings]


def test_a_site_that_is_well_has_no_finding_and_says_what_was_looked_for(practice: Practice) -> None:
    report = practice.examine()
    assert [(one.name, one.seen) for one in report.findings] == []
    assert report.exit_code == 0
    assert {"eviction-policy", "persistence", "append-fsync", "rights", "store-mark", "database-schema"} <= {
        *report.fine
    }


def test_an_examination_leaves_nothing_in_the_store(practice: Practice, own_server: RedisProcess) -> None:
    practice.examine()
    with own_server.client() as client:
        assert client.keys() == [keys.INITIALISED]


@pytest.mark.parametrize(
    ("config", "name", "severity", "seen"),
    [
        ({"maxmemory": "100mb", "maxmemory_policy": "volatile-lru"}, "eviction-policy", GRAVE, "volatile-lru under"),
        ({"maxmemory": "100mb", "maxmemory_policy": "allkeys-lfu"}, "eviction-policy", GRAVE, "allkeys-lfu under"),
        ({"maxmemory_policy": "volatile-ttl"}, "eviction-policy", WARNING, "no maxmemory is set yet"),
        ({"appendonly": "no"}, "persistence", GRAVE, "keeps nothing"),
        ({"appendonly": "no", "save": "60 1"}, "persistence", GRAVE, "snapshots alone"),
        ({"appendfsync": "no"}, "append-fsync", GRAVE, "appendfsync is no"),
        ({"appendfsync": "everysec"}, "append-fsync", WARNING, "everysec"),
        ({"timeout": "1"}, "idle-timeout", WARNING, "timeout is 1 s; a heartbeat comes every 0.7 s"),
        ({"maxmemory": "1400kb"}, "memory-full", WARNING, "are used"),
    ],
)
def test_a_server_that_is_set_up_wrongly_is_found_and_mended_by_the_command_that_is_told(
    practice: Practice, own_server: RedisProcess, config: dict[str, str], name: str, severity: Severity, seen: str
) -> None:
    if name == "memory-full":
        with own_server.client() as client:
            config = {"maxmemory": str(round(client.info("memory")["used_memory"] / 0.9))}
    set_to(own_server, **config)
    found = practice.finds(name, severity)
    assert seen in found.seen
    assert found.where == (f"127.0.0.1:{own_server.port}",)
    assert mended(practice, name, found.commands)


def test_what_has_been_evicted_is_told(practice: Practice, own_server: RedisProcess) -> None:
    with own_server.client() as client:
        limit = client.info("memory")["used_memory"] + 3_000_000
        set_to(own_server, maxmemory=limit, maxmemory_policy="volatile-lru")
        for number in range(400):
            client.set(f"big:{number}", "x" * 20_000, px=60_000)
        assert client.info("stats")["evicted_keys"] > 0
    assert "It has evicted" in practice.finds("eviction-policy").seen


@pytest.mark.parametrize(
    ("config", "answer"),
    [
        ({"min_replicas_to_write": 1}, "NOREPLICAS Not enough good replicas"),
        ({"maxmemory": "1kb"}, "OOM command not allowed when used memory > 'maxmemory'"),
        ({}, "READONLY You can't write against a read only replica"),
    ],
)
def test_a_store_that_refuses_writes_says_why_and_rights_are_not_called_well(
    practice: Practice, own_server: RedisProcess, config: dict[str, str], answer: str
) -> None:
    set_to(own_server, **config)
    if not config:
        with own_server.client() as client:
            client.replicaof("127.0.0.1", free_port())
    assert answer in practice.finds("refuses-writes").seen
    assert practice.finds("rights", UNKNOWN).entry.check


def test_a_store_without_its_mark_is_found(practice: Practice, own_server: RedisProcess) -> None:
    with own_server.client() as client:
        client.delete(keys.INITIALISED)
    assert practice.finds("store-mark").commands == ("perseus init",)


def test_a_stand_in_is_told_from_a_store(practice: Practice, own_server: RedisProcess) -> None:
    with own_server.client() as client:
        client.set(keys.INITIALISED, "not kept")
    practice.finds("stand-in", WARNING)


@contextmanager
def connections(server: RedisProcess, count: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(server.client()).ping()
        yield


def test_a_store_that_is_short_of_connections_is_found(practice: Practice, own_server: RedisProcess) -> None:
    set_to(own_server, maxclients=100)
    with connections(own_server, 95):
        found = practice.finds("connection-limit")
        assert "of 100 connections" in found.seen
        assert mended(practice, "connection-limit", found.commands)


def test_refused_connections_are_remembered(practice: Practice, own_server: RedisProcess) -> None:
    set_to(own_server, maxclients=4)
    with connections(own_server, 4), socket.create_connection(("127.0.0.1", own_server.port), 5) as refused:
        assert b"max number of clients" in refused.recv(100)
    set_to(own_server, maxclients=1000)
    assert "It has refused" in practice.finds("connection-limit", WARNING).seen


def is_busy(server: RedisProcess) -> bool:
    """Does it say that a script runs, longer than it lets one?"""
    try:
        with server.client() as client:
            client.ping()
    except redis.exceptions.ResponseError as error:
        return str(error).startswith("BUSY")
    return False


def test_a_script_that_blocks_the_store_is_named_and_ended_by_what_is_told(
    practice: Practice, own_server: RedisProcess
) -> None:
    set_to(own_server, lua_time_limit=50)

    def block() -> None:
        with own_server.client() as client, pytest.raises(redis.RedisError):
            client.eval("while true do end", 0)

    blocking = threading.Thread(target=block)
    blocking.start()
    slow_from = time.monotonic() + SHARE * practice.settings.store_timeout_seconds
    eventually(lambda: is_busy(own_server) and time.monotonic() > slow_from, 10)
    report = practice.examine()
    names = [one.name for one in report.findings if one.severity is GRAVE]
    (found,) = [one for one in report.findings if one.name == "busy-script"]
    with own_server.client() as client:
        client.execute_command(*found.commands[0].split()[1:])
    blocking.join(10)
    assert names == ["store-silent", "busy-script"]
    assert report.exit_code == 2
    assert [one.name for one in practice.examine().findings] == ["slow-commands"]


def test_a_command_that_held_the_store_up_is_found_without_its_arguments(
    practice: Practice, own_server: RedisProcess
) -> None:
    with own_server.client() as client:
        client.execute_command("DEBUG", "SLEEP", "0.45")
    found = practice.finds("slow-commands")
    assert "1 in the last day; DEBUG took 0." in found.seen
    assert "SLEEP" not in found.seen


def test_a_log_that_will_fill_the_store_is_found_before_it_does(practice: Practice, own_server: RedisProcess) -> None:
    with own_server.client() as client:
        now = int(client.time()[0]) * 1000
        pipe = client.pipeline(transaction=False)
        for number in range(2_000):
            fields = {"event": "error", "error": f"{number} {'x' * 1000}"}
            pipe.xadd(keys.activity("coinbase"), fields, id=f"{now - 2 * 86_400_000 + number * 80_000}-0")
        pipe.execute()
        used = client.info("memory")["used_memory"]
    set_to(own_server, maxmemory=used + 60_000_000)
    seen = practice.finds("memory-forecast", WARNING).seen
    assert "1,000 entries a day" in seen
    set_to(own_server, maxmemory=used + 5_000_000)
    assert "enough for" in practice.finds("memory-forecast").seen
    practice.change(activity_max_entries=40_000)
    assert "coinbase gets 1,000 entries a day: 40,000 last 40 days" in practice.finds("log-cap", WARNING).seen
    practice.change(activity_max_entries=2_000)
    assert "memory-forecast" in practice.examine().fine


def test_a_silent_store_ends_with_2_and_what_the_others_say_is_told(
    practice: Practice, own_server: RedisProcess
) -> None:
    own_server.kill()
    report = practice.examine()
    assert report.exit_code == 2
    assert report.unasked == ("store",)
    assert [one.name for one in report.findings] == ["store-silent"]
    assert "database-schema" in report.fine
    assert "eviction-policy" not in report.fine
    assert "store-mark" not in report.fine


def test_a_wrong_password_is_told_and_no_password_is_repeated(practice: Practice) -> None:
    practice.url = practice.url.replace("://", "://perseus:hunter2@")
    found = practice.examine()
    assert found.exit_code == 2
    assert "hunter2" not in str(found.as_json())


def test_a_frozen_store_costs_no_more_than_a_few_time_outs(practice: Practice, own_server: RedisProcess) -> None:
    own_server.freeze()
    began = time.monotonic()
    report = practice.examine()
    own_server.thaw()
    assert report.exit_code == 2
    timeout = practice.settings.store_timeout_seconds
    assert time.monotonic() - began < 3 * timeout + patience(timeout)


def test_an_exchange_that_the_store_has_junk_for_does_not_stop_the_doctor(
    practice: Practice, own_server: RedisProcess
) -> None:
    with own_server.client() as client:
        client.set(keys.activity("coinbase"), "junk")
        client.set(keys.status(1), "junk")
        client.set(keys.DISPATCHERS, "junk")
        client.set(keys.last_record(KRAKEN.id), "junk")
    assert practice.examine().exit_code == 0


def test_the_doctor_tells_the_log_nothing_that_no_line_would_end(
    practice: Practice, own_server: RedisProcess, caplog: pytest.LogCaptureFixture
) -> None:
    with own_server.client() as client:
        client.config_set("min-replicas-to-write", 1)
    practice.finds("refuses-writes")
    assert caplog.records == []
