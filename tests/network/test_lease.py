"""What a holder may believe of its lease, by elapsed time alone. Times of the defaults: 15, 45, 10, 5, 2.5 s."""

from __future__ import annotations

import pytest

from perseus.errors import Holder
from perseus.network.leasing.claims import Gone, Granted, Renewed, Taken
from perseus.network.leasing.lease import Lease, Standing, Timing, new_nonce
from perseus.settings import Settings

TIMING = Timing(heartbeat=15, ttl=45, margin=10, stop=5, retry=2.5)
STORE_MS = 1_790_000_000_000
UNTIL_MS = STORE_MS + 45_000
OTHER = Holder("host-b", None, None, "active", 45.0)


def lease_of(sent_at: float = 0.0, held_off_at: float | None = None) -> Lease:
    return Lease("nonce", "instance", TIMING, Granted("7", STORE_MS, UNTIL_MS), sent_at, held_off_at)


def renewed(until_ms: int = UNTIL_MS) -> Renewed:
    return Renewed(until_ms - 45_000, until_ms)


def test_the_timing_of_a_lease_is_that_of_the_settings() -> None:
    assert Timing.of(Settings()) == TIMING


@pytest.mark.parametrize(
    ("now", "standing", "is_valid"),
    [
        (0.0, Standing.HELD, True),
        (17.49, Standing.HELD, True),
        (17.5, Standing.JEOPARDY, True),
        (34.99, Standing.JEOPARDY, True),
        (35.0, Standing.SUSPENDED, False),
        (44.99, Standing.SUSPENDED, False),
        (45.0, Standing.OVER, False),
    ],
)
def test_a_lease_that_is_not_renewed_goes_from_held_to_over(now: float, standing: Standing, is_valid: bool) -> None:
    lease = lease_of()
    assert (lease.standing(now), lease.valid(now)) == (standing, is_valid)


def test_the_deadline_counts_from_before_the_request_was_sent_and_not_from_its_answer() -> None:
    lease = lease_of(sent_at=100)
    lease.answered(renewed(), sent_at=115)
    assert (lease.deadline, lease.key_end, lease.silent_since) == (150, 160, 115)
    assert lease.valid(149.99)
    assert not lease.valid(150)


def test_a_renewal_in_time_makes_a_suspended_lease_valid_again() -> None:
    lease = lease_of()
    assert not lease.valid(40)
    lease.answered(renewed(), sent_at=40)
    assert lease.valid(40)
    assert lease.standing(41) is Standing.HELD


def test_a_renewal_whose_answer_comes_after_its_own_deadline_gives_nothing() -> None:
    lease = lease_of()
    lease.answered(renewed(), sent_at=15)
    assert not lease.valid(15 + 35)


@pytest.mark.parametrize("answer", [Taken(OTHER), Taken(None), Gone()])
def test_a_lease_that_is_another_s_or_gone_is_over_at_once_and_for_good(answer: Taken | Gone) -> None:
    lease = lease_of()
    lease.answered(answer, sent_at=15)
    assert lease.standing(15) is Standing.OVER
    lease.answered(renewed(UNTIL_MS + 30_000), sent_at=30)
    assert not lease.valid(31)
    assert lease.put_back_until_ms(31) is None


def test_the_new_holder_is_remembered_for_messages() -> None:
    lease = lease_of()
    lease.answered(Taken(OTHER), sent_at=15)
    assert lease.taken_by == OTHER
    assert lease.why_invalid(16) == "another instance holds it"


def test_a_lease_that_could_have_expired_is_over_even_if_a_late_answer_comes() -> None:
    lease = lease_of(sent_at=100)
    assert lease.why_invalid(140) == "no heartbeat was answered for 40 s"
    lease.run_out(144.99)
    assert lease.end_reason is None
    lease.run_out(145)
    lease.answered(renewed(UNTIL_MS + 60_000), sent_at=160)
    assert not lease.valid(161)
    assert lease.why_invalid(161) == "no heartbeat was answered for 45 s"


def test_the_first_reason_of_an_end_stays() -> None:
    lease = lease_of()
    lease.end("first", 10)
    lease.end("second", 20)
    assert lease.end_reason == "first"
    assert lease.invalid_since(20) == 10


@pytest.mark.parametrize(("now", "since"), [(0, None), (34.9, None), (35, 35), (44, 35)])
def test_work_is_measured_from_the_deadline_on(now: float, since: float | None) -> None:
    assert lease_of().invalid_since(now) == since


def test_an_end_after_the_deadline_does_not_give_work_more_time() -> None:
    lease = lease_of()
    lease.end("taken late", 44)
    assert lease.invalid_since(44) == 35


def test_a_vanished_key_may_be_put_back_until_our_own_deadline_by_the_store_s_clock() -> None:
    """Not until the key's end: a request that is carried out late must not revive what its holder gave up."""
    assert lease_of().put_back_until_ms(34.99) == UNTIL_MS - 10_000


def test_a_renewal_moves_the_time_until_which_its_key_may_be_put_back() -> None:
    lease = lease_of()
    lease.answered(renewed(UNTIL_MS + 15_000), sent_at=15)
    assert lease.put_back_until_ms(49) == UNTIL_MS + 15_000 - 10_000


def test_past_its_deadline_or_its_end_nothing_is_put_back() -> None:
    lease = lease_of()
    assert lease.put_back_until_ms(35) == 0
    lease.end("stopped", 1)
    assert lease.put_back_until_ms(2) is None


def test_in_an_emptied_store_a_lease_is_not_valid_before_a_heartbeat_sent_a_ttl_after_its_grant_came() -> None:
    lease = lease_of(sent_at=0, held_off_at=2)
    for sent_at in (15, 30, 45, 46.99):
        lease.answered(renewed(), sent_at)
        assert not lease.valid(sent_at)
        assert lease.standing(sent_at) is Standing.HELD_OFF
    assert not lease.valid(47)
    lease.answered(renewed(), sent_at=47)
    assert lease.valid(47)
    assert lease.standing(47) is Standing.HELD


def test_an_old_holder_has_ended_its_work_before_a_claimant_of_an_emptied_store_is_valid() -> None:
    """The last the old one can have sent is before the grant came; at its deadline + stop its process is ended."""
    old, new = lease_of(sent_at=10), lease_of(sent_at=9, held_off_at=10)
    assert old.deadline + TIMING.stop < new.valid_from


def test_a_held_off_lease_puts_nothing_back() -> None:
    lease = lease_of(held_off_at=0)
    assert lease.put_back_until_ms(1) is None
    lease.answered(renewed(), sent_at=45)
    assert lease.put_back_until_ms(46) is not None


def test_a_held_off_lease_asks_again_the_moment_its_wait_is_over() -> None:
    lease = lease_of(held_off_at=1)
    assert [lease.next_heartbeat(sent_at, answered=True) for sent_at in (0, 15, 30, 40, 46)] == [15, 30, 45, 46, 61]


def test_the_next_heartbeat_comes_after_one_interval_or_after_the_wait_for_another_try() -> None:
    lease = lease_of()
    assert lease.next_heartbeat(100, answered=True) == 115
    assert lease.next_heartbeat(100, answered=False) == 102.5


def test_a_held_off_lease_says_why_and_for_how_long() -> None:
    lease = lease_of(held_off_at=0)
    assert lease.why_invalid(5) == (
        "the data store may have been emptied, and an old holder may still be at work, for 40 s more"
    )
    assert lease.invalid_since(5) is None


def test_a_held_off_lease_that_is_over_says_why_it_ended() -> None:
    lease = lease_of(held_off_at=0)
    lease.answered(Taken(OTHER), sent_at=15)
    assert lease.why_invalid(16) == "another instance holds it"


def test_a_lease_knows_by_what_its_scripts_know_it() -> None:
    lease = lease_of()
    assert (lease.nonce, lease.instance_id, lease.token) == ("nonce", "instance", "7")


def test_a_held_off_lease_that_is_not_renewed_runs_out_as_any_other() -> None:
    lease = lease_of(held_off_at=0)
    lease.run_out(45)
    assert lease.standing(45) is Standing.OVER


def test_no_two_nonces_are_alike_and_each_has_128_bits() -> None:
    nonces = {new_nonce() for _ in range(1000)}
    assert len(nonces) == 1000
    assert all(len(nonce) == 32 and int(nonce, 16) >= 0 for nonce in nonces)
