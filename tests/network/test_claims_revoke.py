"""Revoking a lease, and a successor that is named, on a real store and on the stand-in."""

from __future__ import annotations

from perseus import keys
from perseus.network.leasing.claims import HEIR_MS, Granted, Held, Pending, RedisClaims, Renewed, Revocation, Revoked
from perseus.store import Client
from tests.network.samples import claim_body, sample

STATUS, LAST = keys.status(4), keys.last_record(4)
TTL_MS = 45_000


class One:
    """A process that claims, by the name `target-<name>`."""

    def __init__(self, client: Client, name: str) -> None:
        self.client, self.name = client, name
        self.claims = RedisClaims(client, 4, TTL_MS / 1000, 0)
        self.token = ""

    def claim(self, previous: str | None = None) -> Granted | Held | Pending:
        name = self.name
        answer = self.claims.acquire(f"nonce-{name}", name, previous, claim_body(name), f"target-{name}")
        self.token = answer.token if isinstance(answer, Granted) else self.token
        return answer

    def renew(self, put_back_until_ms: int | None = None) -> object:
        body = sample(self.name, self.token).to_json()
        return self.claims.renew(f"nonce-{self.name}", self.name, self.token, body, put_back_until_ms)

    def release(self, successor: str = "") -> bool:
        body = sample(self.name, self.token, connection_state="stopped").to_json()
        return self.claims.release(f"nonce-{self.name}", self.name, self.token, "done", body, successor)


def held_by(client: Client, name: str = "a") -> One:
    one = One(client, name)
    assert isinstance(one.claim(), Granted)
    return one


def let_pass(client: Client, ms: int) -> None:
    """As if so long had passed: the times in the keys are moved back."""
    for name in ("until_ms", "beat_ms", "closed_ms", "recorded_ms"):
        value = client.hget(LAST, name)
        if value is not None:
            client.hset(LAST, name, int(value) - ms)
    left = client.pttl(STATUS)
    if left > ms:
        client.pexpire(STATUS, left - ms)
    elif left >= 0:
        client.delete(STATUS)


def test_a_revoked_lease_is_not_renewed_and_its_holder_is_told_by_whom(client: Client) -> None:
    a = held_by(client)
    client.pexpire(STATUS, 9_000)
    revocation = a.claims.revoke(a.token, "ann", "target-b")
    assert isinstance(revocation, Revocation)
    assert TTL_MS - 1_000 < revocation.left_ms <= TTL_MS
    before = client.get(STATUS), client.hgetall(LAST)
    assert a.renew(2**60) == Revoked("ann")
    assert (client.get(STATUS), client.hgetall(LAST)) == before
    assert client.pttl(STATUS) <= 9_000


def test_a_revoked_lease_is_not_put_back(client: Client) -> None:
    a = held_by(client)
    a.claims.revoke(a.token, "ann", "target-b")
    client.delete(STATUS)
    assert a.renew(2**60) == Revoked("ann")
    assert not client.exists(STATUS)


def test_only_the_lease_with_that_token_is_revoked(client: Client) -> None:
    a = held_by(client)
    old, _ = a.token, a.release()
    assert a.claims.revoke(old, "ann", "target-b") is None
    b = held_by(client, "b")
    assert b.claims.revoke(old, "ann", "target-a") is None
    assert b.claims.revoke("5", "ann", "target-a") is None
    assert isinstance(b.renew(), Renewed)


def test_nobody_may_claim_a_revoked_lease_before_its_end_not_even_by_a_proof_of_restart(client: Client) -> None:
    a = held_by(client)
    a.claims.revoke(a.token, "ann", "target-b")
    assert isinstance(One(client, "b").claim(), Held)
    assert isinstance(One(client, "c").claim(previous="nonce-a"), Held)
    assert isinstance(a.claim(), Held), "asked again for a lost reply, it would be made longer"
    client.delete(STATUS)
    assert isinstance(One(client, "b").claim(), Pending)
    assert isinstance(One(client, "c").claim(previous="nonce-a"), Pending)


def test_when_a_revoked_lease_has_run_out_its_successor_comes_first_and_is_told_of_the_end(client: Client) -> None:
    a = held_by(client)
    a.claims.revoke(a.token, "ann", "target-b")
    let_pass(client, TTL_MS + 10)
    other = One(client, "c").claim()
    assert isinstance(other, Pending)
    assert other.kept_for == "target-b"
    assert HEIR_MS - 1_000 < other.wait_ms <= HEIR_MS
    grant = One(client, "b").claim()
    assert isinstance(grant, Granted)
    assert grant.death is not None
    assert (grant.death.token, grant.death.reason) == (a.token, "taken over by ann")
    assert grant.death.offline_ms < grant.now_ms - 5


def test_a_successor_that_never_comes_keeps_others_out_for_five_seconds_and_no_more(client: Client) -> None:
    a = held_by(client)
    a.claims.revoke(a.token, "ann", "target-b")
    let_pass(client, TTL_MS + HEIR_MS + 10)
    assert isinstance(One(client, "c").claim(), Granted)


def test_a_holder_that_hears_of_it_gives_the_lease_back_to_whom_it_was_revoked_for(client: Client) -> None:
    a = held_by(client)
    a.claims.revoke(a.token, "ann", "target-b")
    assert a.release("target-c")
    other = One(client, "c").claim()
    assert isinstance(other, Pending)
    assert other.kept_for == "target-b"
    grant = One(client, "b").claim()
    assert isinstance(grant, Granted)
    assert grant.death is None


def test_of_two_who_revoke_the_first_is_told_to_the_second(client: Client) -> None:
    a = held_by(client)
    a.claims.revoke(a.token, "ann", "target-b")
    assert a.claims.revoke(a.token, "bob", "target-c") == Revocation(0, "ann", "target-b")
    again = a.claims.revoke(a.token, "ann", "target-b")
    assert again is not None
    assert again.by == ""
    assert a.renew() == Revoked("ann")


def test_the_next_grant_closes_a_revocation(client: Client) -> None:
    a = held_by(client)
    a.claims.revoke(a.token, "ann", "target-b")
    a.release()
    b = held_by(client, "b")
    assert isinstance(b.renew(), Renewed)
    assert {"revoked", "revoked_by", "revoked_ms", "heir", "heir_for_ms"}.isdisjoint(client.hgetall(LAST))


def test_a_released_exchange_is_kept_for_the_named_successor_for_five_seconds(client: Client) -> None:
    a = held_by(client)
    assert a.release("target-b")
    other = One(client, "c").claim()
    assert isinstance(other, Pending)
    assert other.kept_for == "target-b"
    assert HEIR_MS - 1_000 < other.wait_ms <= HEIR_MS
    assert isinstance(One(client, "b").claim(), Granted)


def test_after_five_seconds_it_is_free_for_all(client: Client) -> None:
    a = held_by(client)
    a.release("target-b")
    let_pass(client, HEIR_MS + 10)
    assert isinstance(One(client, "c").claim(), Granted)


def test_who_released_it_may_not_have_it_back_in_these_seconds(client: Client) -> None:
    a = held_by(client)
    a.release("target-b")
    assert isinstance(a.claim(previous="nonce-a"), Pending)


def test_a_release_that_names_nobody_frees_it_for_all_whoever_was_named_before(client: Client) -> None:
    held_by(client).release("target-b")
    b = held_by(client, "b")
    b.release()
    assert isinstance(One(client, "c").claim(), Granted)
