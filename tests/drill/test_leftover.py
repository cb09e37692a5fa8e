"""What a drill leaves in the store: nothing that outlives it for long, and no lease that nobody holds."""

from __future__ import annotations

import json
import signal
from types import SimpleNamespace

import pytest
import redis

from perseus import keys
from perseus.drill import leftover
from perseus.drill.practice import PRACTICE_ID, exchange_of, practice
from perseus.drill.runner import GONE
from perseus.drill.stage import Stage
from perseus.network.exchange import Exchange
from perseus.network.log.activity import RETENTION_MS
from perseus.store import Client, connect
from tests.instances import events, moves


def ends(stage: Stage, client: Client) -> bool:
    """Does all that a drill writes end after the time of events?"""
    name = stage.exchange.name
    left = [client.pttl(key) for key in (keys.last_record(PRACTICE_ID), keys.activity(name), keys.activity_meta(name))]
    return all(RETENTION_MS - 60_000 < ms <= RETENTION_MS for ms in left)


def test_a_practice_exchange_is_forgotten_as_events_are(stage: Stage, client: Client) -> None:
    with stage.contender("first") as first:
        first.until("active", stage.patience)
    assert not ends(stage, client)
    stage.clear()
    assert ends(stage, client)
    assert not client.exists(keys.status(PRACTICE_ID))


def left_by_a_killed_contender(stage: Stage, client: Client) -> str:
    """The payload of the lease of a contender that was killed while it held the exchange."""
    with stage.contender("first") as first:
        first.until("active", stage.patience)
        first.signal(signal.SIGKILL)
        told = first.wait((GONE,), 5)
        assert told is not None
    text = client.get(keys.status(PRACTICE_ID))
    assert isinstance(text, str)
    return text


def test_a_lease_that_a_killed_contender_has_left_is_given_back(stage: Stage, client: Client) -> None:
    left_by_a_killed_contender(stage, client)
    stage.clear()
    assert not client.exists(keys.status(PRACTICE_ID))
    assert client.hget(keys.last_record(PRACTICE_ID), "closed") == "1"


@pytest.mark.parametrize("changed", [{"pid": 1}, {"hostname": "elsewhere"}])
def test_the_lease_of_another_drill_stays(stage: Stage, client: Client, changed: dict[str, object]) -> None:
    text = json.dumps({**json.loads(left_by_a_killed_contender(stage, client)), **changed})
    client.set(keys.status(PRACTICE_ID), text)
    stage.clear()
    assert client.get(keys.status(PRACTICE_ID)) == text


def test_a_request_of_a_killed_contender_that_the_store_reads_late_leaves_no_lease(
    stage: Stage, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connection is still open when the end of the drill looks for it, and brings the claim then."""
    text, key = left_by_a_killed_contender(stage, client), keys.status(PRACTICE_ID)
    client.delete(key)
    late = connect(stage.url, timeout=2, name=f"{stage.mark}claim")
    late.ping()

    def bring(_: float = 0.0) -> None:
        if not client.exists(key):
            late.set(key, text)
        late.close()

    monkeypatch.setattr(leftover, "time", SimpleNamespace(sleep=bring))
    stage.clear()
    if late.connection_pool._available_connections[0].is_connected:  # nobody has waited for it
        bring()
    assert not client.exists(key)


def test_a_store_that_does_not_tell_of_connections_is_asked_for_the_lease_alone(
    stage: Stage, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_by_a_killed_contender(stage, client)
    ask = client.execute_command

    def mute(*args: str, **options: object) -> object:
        if args[0] == "CLIENT LIST":
            raise redis.exceptions.NoPermissionError("this user has no permissions to run it")
        return ask(*args, **options)

    monkeypatch.setattr(client, "execute_command", mute)
    stage.clear()
    assert not client.exists(keys.status(PRACTICE_ID))


def test_what_a_drill_writes_has_its_end_before_it_is_written(stage: Stage, client: Client) -> None:
    for _ in range(2):
        stage.prepare()
        assert ends(stage, client)
    assert not events(client, stage.exchange)
    with stage.contender("first") as first:
        first.until("active", stage.patience)
        assert ends(stage, client)
    stage.prepare()
    assert moves(client, stage.exchange)[:2] == ["idle>starting", "starting>warming"]


def test_no_exchange_has_the_keys_of_a_practice_exchange() -> None:
    with pytest.raises(ValueError, match="must match"):
        Exchange(1, practice("kraken").name, "Kraken")
    with pytest.raises(ValueError, match="practice name 'kraken'"):
        exchange_of(PRACTICE_ID, "kraken")
    assert keys.activity(practice("kraken").name) != keys.activity("kraken")
    assert exchange_of(7, "kraken") == Exchange(7, "kraken", "kraken")
