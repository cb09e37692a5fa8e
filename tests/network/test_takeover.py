"""What who wants an exchange does next, out of what the keys of its lease say."""

from __future__ import annotations

import re

import pytest

from perseus import keys
from perseus.network.leasing import takeover
from perseus.network.leasing.claims import HEIR_MS, Granted, RedisClaims
from perseus.network.leasing.takeover import PATIENCE_SECONDS, Answer, Seen, Step, Takeover
from perseus.store import Client
from tests.network.samples import claim_body, sample

BODY = sample("a", "7").to_json()
NOW = 1_790_000_000_000
LAST = {"token": "7", "closed": "0", "until_ms": str(NOW + 9_000)}
REVOKED = {**LAST, "revoked": "7", "revoked_by": "ann", "heir": "b", "heir_for_ms": "5000"}
RELEASED = {**LAST, "closed": "1", "closed_ms": str(NOW - 1_000)}


def at(text: str | None, pttl: int = -2, target: str = "b", settle_ms: int = 0, **record: str) -> Seen:
    return takeover.seen(text, pttl, record, NOW, target, settle_ms)


@pytest.mark.parametrize(
    ("record", "target", "settle_ms", "free_in_ms"),
    [
        ({}, "b", 0, 0),
        (LAST, "b", 0, 9_000),
        (LAST, "b", 10_000, 19_000),
        ({**LAST, "until_ms": str(NOW - 1)}, "b", 0, 0),
        (REVOKED, "b", 0, 9_000),
        (REVOKED, "c", 0, 14_000),
        ({**REVOKED, "revoked": "6"}, "c", 0, 9_000),
        (RELEASED, "b", 10_000, 0),
        ({**RELEASED, "heir": "b", "heir_for_ms": "5000"}, "b", 0, 0),
        ({**RELEASED, "heir": "b", "heir_for_ms": "5000"}, "c", 0, 4_000),
        ({**RELEASED, "heir": "b", "heir_for_ms": "5000", "closed_ms": str(NOW - 5_000)}, "c", 0, 0),
        ({**RELEASED, "heir": "b", "heir_for_ms": "5000", "closed_ms": str(NOW + 60_000)}, "c", 0, 0),
        ({"token": "7", "until_ms": "junk"}, "b", 0, 0),
    ],
)
def test_when_it_is_free_follows_from_the_last_record(
    record: dict[str, str], target: str, settle_ms: int, free_in_ms: int
) -> None:
    assert at(None, target=target, settle_ms=settle_ms, **record).free_in_ms == free_in_ms


def test_while_it_is_held_it_is_free_when_the_key_ends() -> None:
    assert at(BODY, 20_000, **LAST).free_in_ms == 20_000
    assert at(BODY, 20_000, **LAST).host == "host-a"


def test_what_it_sees_is_what_a_claim_gets(client: Client) -> None:
    """Held against the scripts themselves."""
    claims = RedisClaims(client, 4, 45, 0)
    grant = claims.acquire("n", "a", None, claim_body("a"), "target-a")
    assert isinstance(grant, Granted)
    assert 44_000 < takeover.look(client, 4, "b", 0).free_in_ms <= 45_000
    claims.release("n", "a", grant.token, "done", sample("a", grant.token).to_json(), "target-b")
    assert takeover.look(client, 4, "target-b", 0).free_in_ms == 0
    assert HEIR_MS - 1_000 < takeover.look(client, 4, "target-c", 0).free_in_ms <= HEIR_MS
    client.set(keys.status(4), "junk")
    assert takeover.look(client, 4, "b", 0).holder is None


def test_a_holder_that_takes_commands_is_asked_and_waited_for_and_then_revoked() -> None:
    order = Takeover("b", "ann", "a")
    held = at(BODY, 20_000, **LAST)
    assert order.next(held, 100)[0] is Step.ASK
    order.asked_at = 100
    assert order.next(held, 100 + PATIENCE_SECONDS - 0.1)[0] is Step.WAIT
    assert order.next(held, 103)[1] == ("host-a is asked to hand it over; its answer is waited for, 7 s at most"), (
        "nobody knows whether it stops: it may be frozen"
    )
    assert order.next(held, 100 + PATIENCE_SECONDS)[0] is Step.REVOKE


@pytest.mark.parametrize(
    ("order", "deaf", "why"),
    [
        (Takeover("b", "ann"), "takes no commands", "takes no commands"),
        (Takeover("b", "ann", asked_at=100, answer=Answer.FAILED, why="it is broken"), "", "could not .*it is broken"),
        (Takeover("b", "ann", asked_at=90), "", "has not answered within 10 s"),
        (Takeover("b", "ann", asked_at=90, answer=Answer.BEGUN), "", "has not handed it over within 10 s"),
    ],
    ids=["takes none", "failed", "frozen", "hangs"],
)
def test_whose_lease_is_revoked_is_told_with_what_it_has_not_done(order: Takeover, deaf: str, why: str) -> None:
    step, told = order.next(at(BODY, 20_000, **LAST), 100, deaf)
    assert step is Step.REVOKE
    assert re.fullmatch(f"host-a {why}.*: its lease is revoked", told)


def test_whoever_was_asked_is_waited_for_whatever_is_said_of_it_afterwards() -> None:
    order = Takeover("b", "ann", asked_at=100)
    assert order.next(at(BODY, 20_000, **LAST), 101, "has another key of commands")[0] is Step.WAIT


def test_who_has_revoked_waits_for_the_end_and_revokes_again_what_a_failover_forgot() -> None:
    order = Takeover("b", "ann", is_revoked=True)
    assert order.next(at(BODY, 20_000, **REVOKED), 100)[0] is Step.WAIT
    assert order.next(at(BODY, 20_000, **LAST), 100)[0] is Step.REVOKE
    assert order.next(at(None, **REVOKED), 100)[0] is Step.WAIT
    gone = {**REVOKED, "until_ms": str(NOW - 1)}
    assert order.next(at(None, **gone), 100)[0] is Step.CLAIM


def test_nothing_is_claimed_before_it_is_free() -> None:
    assert Takeover("b", "ann").next(at(None, **LAST), 100)[0] is Step.WAIT
    assert Takeover("b", "ann").next(at(None, **RELEASED), 100)[0] is Step.CLAIM


@pytest.mark.parametrize(
    ("held", "order", "why"),
    [
        (at(BODY, 20_000, target="c", **REVOKED), Takeover("c", "bob"), "ann takes it over already, for b"),
        (at(BODY, 20_000, **LAST), Takeover("b", "ann", "another"), "by another run"),
        (at("junk", 20_000, **LAST), Takeover("b", "ann"), "no instance wrote"),
        (at(BODY, 20_000, **LAST), Takeover("b", "ann", answer=Answer.REFUSED, why="it says no"), "it says no"),
    ],
)
def test_it_gives_up_where_somebody_else_was_first_or_the_holder_will_not(
    held: Seen, order: Takeover, why: str
) -> None:
    step, told = order.next(held, 100)
    assert step is Step.GIVE_UP
    assert why in told


def test_who_was_meant_stays_meant() -> None:
    """Another that claims meanwhile is not taken from: nobody has looked at it."""
    order = Takeover("b", "ann")
    order.next(at(BODY, 20_000, **LAST), 100)
    other = sample("another", "8").to_json()
    assert order.next(at(other, 20_000, token="8", closed="0", until_ms=str(NOW + 9)), 101)[0] is Step.GIVE_UP


@pytest.mark.parametrize(
    ("told", "origin"),
    [
        ({"fields": {"commandedBy": "Bob (bob@example.net)"}}, ", commanded by Bob (bob@example.net)"),
        ({"admin_email": "ada@example.net", "admin_display_name": "Ada"}, ", whose admin is Ada (ada@example.net)"),
        ({"admin_email": None, "admin_display_name": None}, ""),
    ],
    ids=["commanded", "went on by itself", "nobody's"],
)
def test_whoever_comes_second_is_told_who_was_first(told: dict[str, object], origin: str) -> None:
    """Whose it is has not always commanded it: a standby that was promoted goes on by itself."""
    holder = sample("a", "7").model_copy(update=told)
    step, why = Takeover("b", "ann", "another").next(at(holder.to_json(), 20_000, **LAST), 100)
    assert (step, why) == (
        Step.GIVE_UP,
        f"host-a holds it by now, by another run{origin}: look at its card again",
    )
