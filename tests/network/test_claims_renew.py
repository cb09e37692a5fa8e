"""Renewing a lease, putting a vanished key back, and giving it up, on a real store and on the stand-in."""

from __future__ import annotations

import json

import pytest

from perseus import keys
from perseus.errors import StoreCorrupt
from perseus.network.leasing.claims import Gone, Granted, RedisClaims, Renewed, Taken
from perseus.store import Client
from tests.network.samples import claim_body, sample

STATUS, LAST = keys.status(4), keys.last_record(4)
TTL_MS = 45_000


class Holder:
    """One instance and its requests. `late` ones are as their sender made them, whatever has happened since."""

    def __init__(self, client: Client, name: str) -> None:
        self.name = name
        self.claims = RedisClaims(client, 4, TTL_MS / 1000, 0)
        answer = self.claims.acquire(f"nonce-{name}", name, None, claim_body(name))
        assert isinstance(answer, Granted), answer
        self.token, self.until_ms = answer.token, answer.until_ms

    def renew(self, put_back_until_ms: int | None = None, **changes: object) -> Renewed | Taken | Gone:
        body = sample(self.name, self.token, **changes).to_json()
        return self.claims.renew(f"nonce-{self.name}", self.name, self.token, body, put_back_until_ms)

    def release(self, reason: str = "done") -> bool:
        body = sample(self.name, self.token, connection_state="stopped").to_json()
        return self.claims.release(f"nonce-{self.name}", self.name, self.token, reason, body)


@pytest.fixture
def holder(client: Client) -> Holder:
    return Holder(client, "a")


def test_a_renewal_writes_the_payload_and_begins_the_ttl_anew(client: Client, holder: Holder) -> None:
    client.pexpire(STATUS, 9_000)
    answer = holder.renew(symbol_count=99)
    assert isinstance(answer, Renewed)
    assert (answer.until_ms - answer.now_ms, answer.put_back) == (TTL_MS, False)
    assert TTL_MS - 1000 < client.pttl(STATUS) <= TTL_MS
    assert json.loads(client.get(STATUS) or "")["symbolCount"] == 99


def test_a_renewal_keeps_the_last_record_in_step(client: Client, holder: Holder) -> None:
    client.hset(LAST, mapping={"until_ms": 1, "beat_ms": 1})
    answer = holder.renew()
    assert isinstance(answer, Renewed)
    last = client.hgetall(LAST)
    assert (last["until_ms"], last["beat_ms"]) == (str(answer.until_ms), str(answer.now_ms))
    assert last["payload"] == client.get(STATUS)
    assert last["token"] == holder.token


def test_a_late_renewal_does_not_touch_a_successor_and_is_told_who_that_is(client: Client, holder: Holder) -> None:
    assert holder.release()
    Holder(client, "b")
    before, last = client.get(STATUS), client.hgetall(LAST)
    answer = holder.renew(put_back_until_ms=holder.until_ms)
    assert isinstance(answer, Taken)
    assert answer.holder is not None
    assert answer.holder.hostname == "host-a"
    assert 44 < answer.holder.seconds_left <= 45
    assert (client.get(STATUS), client.hgetall(LAST)) == (before, last)


def test_the_same_instance_id_with_another_token_is_not_the_holder(client: Client, holder: Holder) -> None:
    holder.token = "5"
    assert isinstance(holder.renew(), Taken)
    assert not holder.release()
    assert client.exists(STATUS)


def test_a_renewal_that_comes_after_the_release_brings_nothing_back(client: Client, holder: Holder) -> None:
    assert holder.release()
    assert holder.renew(put_back_until_ms=holder.until_ms) == Gone()
    assert not client.exists(STATUS)
    assert client.hget(LAST, "closed") == "1"


def test_a_renewal_after_a_successor_came_and_went_is_taken(client: Client, holder: Holder) -> None:
    holder.release()
    Holder(client, "b").release()
    assert holder.renew(put_back_until_ms=holder.until_ms) == Taken(None)
    assert not client.exists(STATUS)


def test_a_vanished_key_is_put_back_under_the_same_token(client: Client, holder: Holder) -> None:
    client.delete(STATUS)
    answer = holder.renew(put_back_until_ms=holder.until_ms)
    assert isinstance(answer, Renewed)
    assert answer.put_back
    assert json.loads(client.get(STATUS) or "")["fencingToken"] == holder.token
    assert client.pttl(STATUS) > TTL_MS - 1000


def test_after_an_emptied_store_it_is_put_back_with_its_record_which_is_young(client: Client, holder: Holder) -> None:
    client.delete(STATUS, LAST)
    answer = holder.renew(put_back_until_ms=holder.until_ms)
    assert isinstance(answer, Renewed)
    last = client.hgetall(LAST)
    assert (last["token"], last["closed"]) == (holder.token, "0")
    assert last["recorded_ms"] == str(answer.now_ms)


@pytest.mark.parametrize("ago_ms", [None, 0, 5_000])
def test_nothing_is_put_back_at_or_after_the_time_that_the_request_names(
    client: Client, holder: Holder, ago_ms: int | None
) -> None:
    client.delete(STATUS)
    now_ms = int(client.hget(LAST, "beat_ms") or 0)
    assert holder.renew(put_back_until_ms=None if ago_ms is None else now_ms - ago_ms) == Gone()
    assert not client.exists(STATUS)


def test_nothing_is_put_back_over_the_record_of_a_later_lease(client: Client, holder: Holder) -> None:
    client.delete(STATUS)
    client.hset(LAST, mapping={"token": "9999999999999999"})
    assert holder.renew(put_back_until_ms=holder.until_ms) == Taken(None)
    assert client.hget(LAST, "token") == "9999999999999999"


def test_a_record_that_was_deleted_alone_comes_back_with_the_next_heartbeat(client: Client, holder: Holder) -> None:
    client.delete(LAST)
    assert isinstance(holder.renew(), Renewed)
    last = client.hgetall(LAST)
    assert (last["token"], last["nonce"], last["closed"]) == (holder.token, "nonce-a", "0")
    assert "recorded_ms" in last


@pytest.mark.parametrize("junk", ["junk", "[1]", '{"instanceId":"a"}'])
def test_junk_in_its_place_is_taken_by_nobody_known_and_left_alone(client: Client, holder: Holder, junk: str) -> None:
    client.set(STATUS, junk)
    answer = holder.renew(put_back_until_ms=holder.until_ms)
    assert isinstance(answer, Taken)
    assert answer.holder is not None
    assert (answer.holder.hostname, answer.holder.seconds_left) == (None, -0.001)
    assert not holder.release()
    assert client.get(STATUS) == junk


@pytest.mark.parametrize("key", [STATUS, LAST])
def test_a_key_of_another_type_is_corrupt(client: Client, holder: Holder, key: str) -> None:
    client.delete(STATUS, LAST)
    client.rpush(key, "not ours")
    with pytest.raises(StoreCorrupt):
        holder.renew(put_back_until_ms=holder.until_ms)
    with pytest.raises(StoreCorrupt):
        holder.release()


def test_a_release_deletes_the_key_and_closes_the_record_with_reason_and_last_words(
    client: Client, holder: Holder
) -> None:
    beat_ms = client.hget(LAST, "beat_ms")
    assert holder.release("the host is shut down")
    last = client.hgetall(LAST)
    assert not client.exists(STATUS)
    assert (last["closed"], last["reason"], last["beat_ms"]) == ("1", "the host is shut down", beat_ms)
    assert json.loads(last["payload"])["connectionState"] == "stopped"
    assert int(last["closed_ms"]) >= int(last["beat_ms"])


def test_a_release_whose_reply_was_lost_is_a_release_again_and_keeps_its_first_words(
    client: Client, holder: Holder
) -> None:
    assert holder.release("first")
    last = client.hgetall(LAST)
    assert holder.release("second")
    assert client.hgetall(LAST) == last


def test_a_release_that_comes_late_does_not_touch_a_successor(client: Client, holder: Holder) -> None:
    holder.release()
    Holder(client, "b")
    before, last = client.get(STATUS), client.hgetall(LAST)
    assert not holder.release()
    assert (client.get(STATUS), client.hgetall(LAST)) == (before, last)


def test_a_release_after_the_key_is_gone_closes_the_record_so_that_nobody_is_told_of_a_death(
    client: Client, holder: Holder
) -> None:
    client.delete(STATUS)
    assert holder.release()
    assert client.hget(LAST, "closed") == "1"


def test_a_release_in_an_emptied_store_writes_no_record_of_a_lease_that_it_does_not_know(
    client: Client, holder: Holder
) -> None:
    client.delete(STATUS, LAST)
    assert not holder.release()
    assert not client.exists(LAST)


def test_a_release_with_its_record_deleted_leaves_a_closed_and_young_one(client: Client, holder: Holder) -> None:
    client.delete(LAST)
    assert holder.release()
    last = client.hgetall(LAST)
    assert (last["token"], last["closed"]) == (holder.token, "1")
    assert last["recorded_ms"] == last["closed_ms"] == last["until_ms"] == last["beat_ms"]
    assert isinstance(Holder(client, "b").renew(), Renewed)


@pytest.mark.not_on("cluster", why="it lists all keys, which nobody does in a Cluster")
def test_heartbeats_are_never_logged(client: Client, holder: Holder) -> None:
    for _ in range(3):
        holder.renew()
    assert sorted(client.keys()) == sorted([STATUS, LAST, keys.INITIALISED])
