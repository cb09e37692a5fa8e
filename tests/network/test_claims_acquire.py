"""Claiming an exchange, on a real store and on the stand-in."""

from __future__ import annotations

import json
import re
import threading
from typing import Any

import pytest

from perseus import keys
from perseus.errors import Holder, StoreCorrupt
from perseus.network.leasing.claims import Granted, Held, Pending, RedisClaims, Renewed
from perseus.network.payload import parse
from perseus.store import Client, connect
from tests.network.samples import claim_body, sample

STATUS, LAST = keys.status(4), keys.last_record(4)
TTL_MS = 45_000


def store_ms(client: Client) -> int:
    seconds, micros = client.time()
    return seconds * 1000 + micros // 1000


@pytest.fixture
def claims(client: Client) -> RedisClaims:
    return RedisClaims(client, 4, TTL_MS / 1000, 0)


def granted(answer: object) -> Granted:
    assert isinstance(answer, Granted), answer
    return answer


def acquire(claims: RedisClaims, name: str, previous: str | None = None) -> Granted | Held | Pending:
    return claims.acquire(f"nonce-{name}", name, previous, claim_body(name))


def release(claims: RedisClaims, name: str, token: str) -> bool:
    return claims.release(f"nonce-{name}", name, token, "done", sample(name, token).to_json())


def histories(client: Client) -> list[str]:
    """The id of the history that the store tells of; the stand-in tells of none."""
    told: Any = client.eval("local told = redis.pcall('INFO', 'replication') return tostring(told)", 1, STATUS)
    return re.findall(r"master_replid:(\w+)", told)


def end_lease(client: Client) -> int:
    """As if the TTL had passed without a heartbeat; gives when the lease ended."""
    until_ms = store_ms(client) - 1
    client.delete(STATUS)
    client.hset(LAST, mapping={"until_ms": until_ms, "beat_ms": until_ms - TTL_MS})
    return until_ms


def test_a_grant_writes_the_lease_with_its_ttl_and_the_last_record(client: Client, claims: RedisClaims) -> None:
    before = store_ms(client)
    grant = granted(acquire(claims, "a"))
    assert before <= grant.now_ms <= store_ms(client)
    assert grant.until_ms == grant.now_ms + TTL_MS
    assert TTL_MS - 1000 < client.pttl(STATUS) <= TTL_MS
    last = client.hgetall(LAST)
    assert last.pop("payload") == client.get(STATUS)
    assert last.pop("history") in (*histories(client), "")
    assert last.pop("copied", "1") == "1"
    assert last == {
        "token": grant.token,
        "nonce": "nonce-a",
        "until_ms": str(grant.until_ms),
        "beat_ms": str(grant.now_ms),
        "closed": "0",
        "recorded_ms": str(grant.now_ms),
        "doubtful_ms": "0",
    }
    assert client.ttl(LAST) == -1


def test_the_payload_in_the_key_is_the_claim_s_with_the_token_that_the_store_drew(
    client: Client, claims: RedisClaims
) -> None:
    grant = granted(acquire(claims, "a"))
    assert parse(client.get(STATUS) or "") == sample("a", grant.token)


def test_the_token_keeps_all_its_digits_and_is_text(client: Client, claims: RedisClaims) -> None:
    before = store_ms(client)
    grant = granted(acquire(claims, "a"))
    assert before * 1000 <= int(grant.token) <= store_ms(client) * 1000 + 999
    assert json.loads(client.get(STATUS) or "")["fencingToken"] == grant.token
    assert len(grant.token) == 16


def test_tokens_grow_by_one_at_least_even_when_the_store_s_clock_goes_back(client: Client, claims: RedisClaims) -> None:
    ahead = "8999999999999998"  # a store whose clock was centuries ahead; one digit lost in Lua would show
    client.hset(LAST, mapping={"token": ahead, "until_ms": 1, "beat_ms": 1, "closed": "1"})
    for expected in ("8999999999999999", "9000000000000000", "9000000000000001"):
        grant = granted(acquire(claims, "a"))
        assert grant.token == expected
        release(claims, "a", grant.token)


def test_the_second_claim_is_refused_and_names_host_address_since_and_state(
    client: Client, claims: RedisClaims
) -> None:
    granted(acquire(claims, "a"))
    answer = acquire(claims, "b")
    assert isinstance(answer, Held)
    since, left = sample().connected_at, pytest.approx(45, abs=1)
    assert answer.holder == Holder("host-a", "192.0.2.7", since, "active", left, "Ann (ann@example.org)")
    assert json.loads(client.get(STATUS) or "")["instanceId"] == "a"


def test_a_holder_that_is_not_connected_yet_is_named_with_its_time_of_registration(claims: RedisClaims) -> None:
    claims.acquire("nonce-a", "a", None, claim_body("a", connected_at=None))
    answer = acquire(claims, "b")
    assert isinstance(answer, Held)
    assert answer.holder.connected_at == sample().registered_at


def test_of_many_claims_at_once_one_is_granted(store: str) -> None:
    answers: list[Granted | Held | Pending] = []
    start = threading.Barrier(8)

    def claim(name: str) -> None:
        with connect(store, timeout=2, name=name) as client:
            client.ping()
            start.wait(5)
            answers.append(acquire(RedisClaims(client, 4, 45, 0), name))

    threads = [threading.Thread(target=claim, args=(f"i{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(type(answer).__name__ for answer in answers) == ["Granted"] + ["Held"] * 7


def test_a_claim_whose_reply_was_lost_gets_the_same_token_again(client: Client, claims: RedisClaims) -> None:
    first, second = granted(acquire(claims, "a")), granted(acquire(claims, "a"))
    assert second.token == first.token
    assert (first.recorded, second.recorded) == (False, False)
    assert client.pttl(STATUS) > TTL_MS - 1000


def test_a_repeated_claim_tells_of_the_dead_predecessor_again(client: Client, claims: RedisClaims) -> None:
    granted(acquire(claims, "a"))
    end_lease(client)
    first, second = granted(acquire(claims, "b")), granted(acquire(claims, "b"))
    assert first.death is not None
    assert second.death == first.death


def test_a_key_that_vanished_is_not_free_before_the_time_that_its_record_gives(
    client: Client, claims: RedisClaims
) -> None:
    granted(acquire(claims, "a"))
    client.delete(STATUS)
    answer = acquire(claims, "b")
    assert isinstance(answer, Pending)
    assert TTL_MS - 1000 < answer.wait_ms <= TTL_MS
    assert not client.exists(STATUS)


def test_a_settle_time_delays_a_claim_after_a_lease_that_nobody_released(client: Client, claims: RedisClaims) -> None:
    granted(acquire(claims, "a"))
    end_lease(client)
    settling = RedisClaims(client, 4, 45, 10)
    answer = acquire(settling, "b")
    assert isinstance(answer, Pending)
    assert 9_000 < answer.wait_ms <= 10_000
    client.hincrby(LAST, "until_ms", -10_000)
    granted(acquire(settling, "b"))


def test_a_settle_time_does_not_delay_a_claim_after_a_release(client: Client, claims: RedisClaims) -> None:
    release(claims, "a", granted(acquire(claims, "a")).token)
    granted(acquire(RedisClaims(client, 4, 45, 10), "b"))


def test_a_claim_after_an_end_without_release_tells_who_died_and_when(client: Client, claims: RedisClaims) -> None:
    dead = granted(acquire(claims, "a"))
    until_ms = end_lease(client)
    death = granted(acquire(claims, "b")).death
    assert death is not None
    assert (death.token, death.offline_ms, death.reason) == (dead.token, until_ms, "lease_expired")
    assert death.status == sample("a", dead.token)


def test_a_claim_after_a_release_tells_of_no_death_and_forgets_an_older_one(
    client: Client, claims: RedisClaims
) -> None:
    granted(acquire(claims, "a"))
    end_lease(client)
    release(claims, "b", granted(acquire(claims, "b")).token)
    assert granted(acquire(claims, "c")).death is None
    assert not [name for name in client.hkeys(LAST) if name.startswith("dead_")]


def test_a_restart_that_proves_itself_is_granted_at_once_with_a_new_token(client: Client, claims: RedisClaims) -> None:
    dead = granted(acquire(claims, "a"))
    grant = granted(acquire(claims, "a2", previous="nonce-a"))
    assert int(grant.token) > int(dead.token)
    assert grant.death is not None
    assert (grant.death.reason, grant.death.offline_ms) == ("restarted", dead.now_ms)
    assert json.loads(client.get(STATUS) or "")["instanceId"] == "a2"
    late = claims.renew("nonce-a", "a", dead.token, sample("a", dead.token).to_json(), dead.until_ms)
    assert type(late).__name__ == "Taken"


def test_a_restart_after_its_key_vanished_need_not_wait_either(client: Client, claims: RedisClaims) -> None:
    granted(acquire(claims, "a"))
    client.delete(STATUS)
    granted(acquire(claims, "a2", previous="nonce-a"))


def test_a_restart_after_the_lease_had_ended_tells_of_its_end_and_not_of_a_restart(
    client: Client, claims: RedisClaims
) -> None:
    granted(acquire(claims, "a"))
    until_ms = end_lease(client)
    death = granted(acquire(claims, "a2", previous="nonce-a")).death
    assert death is not None
    assert (death.reason, death.offline_ms) == ("lease_expired", until_ms)


def test_a_wrong_or_empty_proof_is_worth_nothing(claims: RedisClaims) -> None:
    granted(acquire(claims, "a"))
    for proof in ("nonce-x", "", None):
        assert isinstance(acquire(claims, "b", previous=proof), Held)


def test_the_proof_of_a_lease_before_the_last_one_is_worth_nothing(client: Client, claims: RedisClaims) -> None:
    granted(acquire(claims, "a"))
    end_lease(client)
    granted(acquire(claims, "b"))
    assert isinstance(acquire(claims, "a2", previous="nonce-a"), Held)


def test_a_record_younger_than_a_ttl_vouches_for_nothing_however_its_leases_ended(
    client: Client, claims: RedisClaims
) -> None:
    """In an emptied store somebody older may still believe in a lease that this store never knew."""
    first = granted(acquire(claims, "a"))
    release(claims, "a", first.token)
    second = granted(acquire(claims, "b"))
    restarted = granted(acquire(claims, "b2", previous="nonce-b"))
    assert [grant.recorded for grant in (first, second, restarted)] == [False, False, False]
    client.hincrby(LAST, "recorded_ms", -TTL_MS)
    assert granted(acquire(claims, "b3", previous="nonce-b2")).recorded


@pytest.mark.parametrize("junk", ["junk", "17", '"text"', "[]", "null", '{"instanceId":null}'])
def test_junk_in_the_status_key_is_held_by_an_unknown_holder_and_left_alone(
    client: Client, claims: RedisClaims, junk: str
) -> None:
    client.set(STATUS, junk)
    answer = acquire(claims, "a")
    assert answer == Held(Holder(None, None, None, None, -0.001))
    assert client.get(STATUS) == junk


def test_a_status_key_of_another_type_is_corrupt_and_left_alone(client: Client, claims: RedisClaims) -> None:
    client.lpush(STATUS, "not ours")
    with pytest.raises(StoreCorrupt):
        acquire(claims, "a")
    assert client.lrange(STATUS, 0, -1) == ["not ours"]


def test_the_end_of_a_real_ttl_frees_the_exchange(client: Client) -> None:
    claims = RedisClaims(client, 4, 0.05, 0)
    grant = granted(acquire(claims, "a"))
    waited = threading.Event()
    while store_ms(client) <= grant.until_ms:
        assert not waited.wait(0.01)
    successor = granted(acquire(claims, "b"))
    assert successor.death is not None
    assert successor.death.offline_ms == grant.until_ms
    assert isinstance(claims.renew("nonce-b", "b", successor.token, "{}", None), Renewed)
