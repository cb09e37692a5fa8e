"""docs/redis-protocol.md is precise enough: a program made from it alone is on the network, as Perseus sees it."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from perseus import keys
from perseus.errors import LeasePending, LeaseRefused
from perseus.network.view.directory import Condition, Directory, ExchangeStatus
from perseus.network.view.watcher import Watcher
from perseus.store import Client
from tests.conftest import KRAKEN, ManualClock, short
from tests.docs import pages
from tests.docs.outsider import Outsider
from tests.instances import Party, events, eventually, last_record_of, moves, party, walk

__all__ = ["party"]

PAGE = pages.read("redis-protocol.md")


def seen(client: Client) -> ExchangeStatus:
    """What the page and the API say of the exchange."""
    return Directory(client, lambda: (KRAKEN,)).exchange(KRAKEN.id)


def watch(client: Client, home: Path) -> None:
    """A real watcher that has read for long enough looks once."""
    settings = short(home)
    clock = ManualClock()
    watcher = Watcher(client, lambda: (KRAKEN,), settings, clock)
    watcher.look()
    clock.advance(settings.heartbeat_seconds)
    watcher.look()


def is_dead(client: Client) -> bool:
    """Has the grace after the end of the lease passed, by the store's clock?"""
    seconds, micros = client.time()
    until_ms = int(last_record_of(client)["until_ms"])
    return seconds * 1000 + micros // 1000 >= until_ms + 500 and client.pttl(keys.status(KRAKEN.id)) == -2


def deaths(client: Client) -> list[dict[str, str]]:
    return [event for event in events(client) if event.get("toState") == "offline"]


def test_the_program_of_the_page_is_shown_active(outsider: Outsider, client: Client) -> None:
    outsider.run(outsider.life)

    found = seen(client)

    assert found.condition is Condition.ACTIVE
    assert found.live
    assert found.status is not None
    assert found.status.symbol_count == 2
    assert found.status.connected_at == found.status.last_state_change
    assert found.heartbeat_age_ms is not None
    assert 0 <= found.heartbeat_age_ms < 1000
    assert moves(client) == ["idle>starting", "starting>warming", "warming>active"]


def test_nobody_else_gets_its_exchange(outsider: Outsider, client: Client, real_store: str, party: Party) -> None:
    outsider.run(outsider.life)

    with pytest.raises(LeaseRefused) as refused:
        party.join(real_store)

    assert refused.value.holder.hostname == socket.gethostname()
    assert refused.value.holder.state == "active"
    assert 0 < refused.value.holder.seconds_left <= 1.6
    with pytest.raises(outsider.Refused):
        outsider.Participant()


def test_it_is_refused_by_a_real_holder(outsider: Outsider, real_store: str, party: Party) -> None:
    holder = walk(party.join(real_store))

    with pytest.raises(outsider.Refused) as refused:
        outsider.Participant()

    kind, body, left_ms = refused.value.args[0]
    assert kind == "HELD"
    assert json.loads(body)["instanceId"] == holder.instance_id
    assert 0 < left_ms <= 2400


def test_it_leaves_in_order(outsider: Outsider, client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    outsider.run(outsider.life)
    outsider.run(outsider.end)

    assert "RELEASED" in capsys.readouterr().out
    assert moves(client)[-2:] == ["active>stopping", "stopping>stopped"]
    assert seen(client).condition is Condition.STOPPED
    assert seen(client).reason == "stopped by hand"
    assert outsider.instance.release("again")[0] == "RELEASED"
    with pytest.raises(outsider.Lost):
        outsider.instance.beat()


def test_its_death_is_written_once_whoever_watches(outsider: Outsider, client: Client, tmp_path: Path) -> None:
    outsider.run(outsider.life)
    until_ms = int(last_record_of(client)["until_ms"])
    watch(client, tmp_path)
    assert deaths(client) == []

    eventually(lambda: is_dead(client))
    for _ in range(2):
        watch(client, tmp_path)
        outsider.watch()

    (death,) = deaths(client)
    assert death["reason"] == "lease_expired"
    assert death["fromState"] == "active"
    assert death["offlineAt"] == outsider.iso(until_ms)
    assert death["eventId"] == f"offline-{death['fencingToken']}"
    assert seen(client).condition is Condition.OFFLINE


def test_its_watcher_and_the_real_one_write_the_same_death(outsider: Outsider, client: Client, tmp_path: Path) -> None:
    outsider.run(outsider.life)
    eventually(lambda: is_dead(client))

    outsider.watch()
    written = {**deaths(client)[0]}
    client.delete(keys.activity(KRAKEN.name), keys.activity_meta(KRAKEN.name))
    watch(client, tmp_path)
    real = {**deaths(client)[0]}

    for one in (written, real):
        for name in ("timestamp", "detectedAt", "seq"):
            del one[name]
    assert written == real


def test_its_successor_comes_back_online_and_it_is_told(
    outsider: Outsider, client: Client, real_store: str, party: Party
) -> None:  # fmt: skip
    outsider.run(outsider.life)
    with pytest.raises(outsider.Refused):
        outsider.Participant()
    client.delete(keys.status(KRAKEN.id))
    with pytest.raises(LeasePending):
        party.join(real_store)
    with pytest.raises(outsider.Refused) as refused:
        outsider.Participant()
    assert refused.value.args[0][0] == "PENDING"

    walk(party.join_when_free(real_store))

    assert moves(client)[3:] == ["active>offline", "idle>starting", "starting>warming", "warming>active"]
    assert int(events(client)[4]["downtimeMs"]) >= 0
    with pytest.raises(outsider.Lost):
        outsider.instance.beat()
    with pytest.raises(outsider.Lost):
        outsider.instance.error("a late word")
    assert not outsider.instance.valid()


def test_it_comes_back_after_a_real_holder_that_died(
    outsider: Outsider, client: Client, real_store: str, party: Party
) -> None:  # fmt: skip
    dead = walk(party.join(real_store))
    dead._heartbeat.stop(1)
    eventually(lambda: client.pttl(keys.status(KRAKEN.id)) == -2)

    outsider.run(outsider.life)

    assert moves(client)[3:] == ["active>offline", "idle>starting", "starting>warming", "warming>active"]
    assert events(client)[3]["hostname"] == "host-a"
    assert int(events(client)[4]["downtimeMs"]) >= 0
    assert int(outsider.instance.token) > int(dead.token)


def test_a_key_that_vanished_is_put_back(outsider: Outsider, client: Client) -> None:
    outsider.run(outsider.life)
    client.delete(keys.status(KRAKEN.id))
    assert seen(client).condition is Condition.UNKNOWN

    assert outsider.instance.beat()

    assert seen(client).condition is Condition.ACTIVE
    assert moves(client)[-1] == "offline>active"
    assert events(client)[-1]["reason"] == "lease_put_back"


def test_the_old_nonce_proves_a_restart(outsider: Outsider, client: Client, tmp_path: Path) -> None:
    outsider.run(outsider.life)
    before = outsider.instance

    after = outsider.Participant(previous_nonce=before.nonce)
    after.transition("starting", "started again")
    watch(client, tmp_path)
    outsider.watch()

    (death,) = deaths(client)
    assert death["reason"] == "restarted"
    assert int(after.token) > int(before.token)
    assert "downtimeMs" in events(client)[-1]
    with pytest.raises(outsider.Lost):
        before.beat()


def test_a_death_that_the_successor_did_not_write_is_written_by_any_watcher(outsider: Outsider, client: Client) -> None:
    outsider.run(outsider.life)
    until_ms = int(last_record_of(client)["until_ms"])
    eventually(lambda: is_dead(client))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(outsider.names, "append_death", lambda *_: None)
        outsider.Participant()

    for _ in range(2):
        outsider.watch()

    (death,) = deaths(client)
    assert death["offlineAt"] == outsider.iso(until_ms)


def test_once_it_is_told_that_another_holds_the_exchange_it_is_not_valid(outsider: Outsider, client: Client) -> None:
    outsider.run(outsider.life)
    client.delete(keys.status(KRAKEN.id), keys.last_record(KRAKEN.id))
    outsider.Participant()
    assert outsider.instance.valid()

    with pytest.raises(outsider.Lost):
        outsider.instance.beat()

    assert not outsider.instance.valid()


def test_after_an_emptied_store_it_waits_until_no_old_holder_can_be_at_work(outsider: Outsider, client: Client) -> None:
    client.delete(keys.INITIALISED)
    now = outsider.elapsed()
    outsider.names["elapsed"] = lambda: now

    instance = outsider.Participant()

    assert seen(client).condition is Condition.IDLE
    for _ in range(3):
        assert not instance.valid()
        now += 0.5
        assert instance.beat()
    assert not instance.valid()
    now += 0.1
    assert instance.beat()
    assert instance.valid()


def test_while_it_waits_it_puts_nothing_back(outsider: Outsider, client: Client) -> None:
    client.delete(keys.INITIALISED)
    instance = outsider.Participant()
    client.flushall()

    with pytest.raises(outsider.Lost):
        instance.beat()


def test_a_lost_answer_of_a_claim_is_asked_for_again(outsider: Outsider) -> None:
    called = outsider.call
    lost = []

    def losing(name: str, *rest: Any) -> Any:
        answer = called(name, *rest)
        if name == "acquire" and not lost:
            lost.append(answer)
            raise outsider.redis.exceptions.TimeoutError
        return answer

    outsider.names["call"] = losing

    assert outsider.Participant().token == lost[0][2]


def test_it_is_not_valid_beyond_its_deadline(outsider: Outsider) -> None:
    instance = outsider.Participant()
    sent = instance.sent
    outsider.names["elapsed"] = lambda: sent + 1.09
    assert instance.valid()
    outsider.names["elapsed"] = lambda: sent + 1.11
    assert not instance.valid()


def test_an_error_of_it_is_on_the_card_and_in_the_log(outsider: Outsider, client: Client) -> None:
    outsider.run(outsider.life)

    outsider.instance.error("the exchange closed the connection")

    status = seen(client).status
    assert status is not None
    assert status.last_error == "the exchange closed the connection"
    assert events(client)[-1]["event"] == "error"
    assert events(client)[-1]["state"] == "active"
