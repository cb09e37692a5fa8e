"""The heartbeat thread and the warden, each by itself: answers and time are given, what follows is looked at."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest

from perseus.clock import StoreClock, SystemClock
from perseus.errors import Holder, LeaseLost, PerseusError, StoreCorrupt, StoreRefused, StoreUnavailable
from perseus.network.facts import Facts
from perseus.network.leasing.claims import Gone, Granted, RedisClaims, Renewed, Taken
from perseus.network.leasing.heartbeat import Heartbeat
from perseus.network.leasing.lease import Lease, Standing, Timing
from perseus.network.leasing.warden import Warden
from perseus.store import connect
from tests.conftest import KRAKEN, ManualClock
from tests.instances import IDENTITY, eventually

TIMING = Timing(heartbeat=15.0, ttl=45.0, margin=10.0, stop=5.0, retry=2.5)
RENEWED = Renewed(1_000, 46_000)


class Answers:
    """Claims that give what the test lays out, one answer a heartbeat, and keep what was sent."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.sent: list[dict[str, object]] = []
        self.put_back: list[int | None] = []

    def renew(self, nonce: str, instance_id: str, token: str, body: str, put_back_until_ms: int | None) -> object:
        self.sent.append(json.loads(body))
        self.put_back.append(put_back_until_ms)
        answer = self.answers.pop(0) if self.answers else RENEWED
        if isinstance(answer, Exception):
            raise answer
        return answer


class Beating:
    """A heartbeat with everything it needs."""

    def __init__(self, claims: object, clock: object, timing: Timing = TIMING, token: str = "1") -> None:
        self.lease = Lease("nonce", "instance", timing, Granted(token, 1_000, 46_000), clock.elapsed())
        store_clock = StoreClock(clock)
        self.facts = Facts(KRAKEN, IDENTITY, "instance", 1, timing, store_clock)
        self.facts.granted(token)
        self.put_back: list[int] = []
        self.heartbeat = Heartbeat(self.lease, claims, self.facts, self.put_back.append, clock, store_clock)


def test_the_payload_of_the_moment_rides_on_each_heartbeat(clock: ManualClock) -> None:
    claims = Answers()
    beating = Beating(claims, clock)
    beating.heartbeat.beat()
    beating.facts.set_symbols(4)
    beating.facts.failed("broken")
    beating.heartbeat.beat()
    assert [(sent["symbolCount"], sent["lastError"]) for sent in claims.sent] == [(0, None), (4, "broken")]


def test_a_heartbeat_is_one_command(real_store: str) -> None:
    """Seen by the server: what the scripts do inside does not travel."""
    with connect(real_store, timeout=2, name="seen") as client, connect(real_store, timeout=2, name="test") as looking:
        granted = RedisClaims(client, KRAKEN.id, 45, 0).acquire("nonce", "instance", None, '{"instanceId":"instance"}')
        assert isinstance(granted, Granted)
        beating = Beating(RedisClaims(client, KRAKEN.id, 45, 0), SystemClock(), token=granted.token)
        beating.heartbeat.beat()
        own = client.client_info()["addr"]
        with looking.monitor() as monitor:
            for _ in range(5):
                assert beating.heartbeat.beat()
            client.echo("done")
            seen = []
            for command in monitor.listen():
                if f"{command['client_address']}:{command['client_port']}" == own:
                    seen.append(command["command"].split()[0].upper())
                if seen[-1:] == ["ECHO"]:
                    break
    assert seen == ["EVALSHA"] * 5 + ["ECHO"]


def test_the_deadline_counts_from_the_moment_before_sending(clock: ManualClock) -> None:
    """The answer may take long; the store's count may have begun at any moment in between."""

    class Slow(Answers):
        def renew(self, *args: object) -> object:
            clock.advance(1.9)
            return super().renew(*args)

    beating = Beating(Slow(), clock)
    sent_at = clock.elapsed()
    beating.heartbeat.beat()
    assert beating.lease.deadline == sent_at + TIMING.ttl - TIMING.margin


@pytest.mark.parametrize("silence", [StoreUnavailable("here:1", "timeout"), StoreRefused("here:1", "NOPERM")])
def test_no_answer_leaves_the_lease_as_it_is_until_its_key_can_have_ended(
    clock: ManualClock, silence: PerseusError
) -> None:
    """A refusal of us says nothing of the lease either."""
    beating = Beating(Answers(*[silence] * 3), clock)
    clock.advance(34.9)
    assert not beating.heartbeat.beat()
    assert beating.lease.valid(clock.elapsed())
    clock.advance(0.2)
    assert not beating.lease.valid(clock.elapsed())
    assert beating.lease.end_reason is None
    clock.advance(10)
    assert not beating.heartbeat.beat()
    assert beating.lease.end_reason == "no heartbeat was answered for 45 s"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Taken(Holder("host-b", None, None, "active", 40)), "another instance holds it"),
        (Gone(), "it ran out before it could be renewed"),
        (StoreCorrupt("here:1", "a key"), "did not write"),
        (RuntimeError("a bug"), "its heartbeat failed: a bug"),
    ],
    ids=["taken", "gone", "corrupt", "an error that nobody expected"],
)
def test_a_final_answer_ends_the_lease_and_the_thread_with_its_reason(answer: object, reason: str) -> None:
    claims = Answers(answer)
    beating = Beating(claims, SystemClock())
    beating.heartbeat.start()
    beating.heartbeat.ask()
    eventually(lambda: not any(thread.name == "heartbeat" for thread in threading.enumerate()))
    assert reason in str(beating.lease.end_reason)
    assert ".." not in str(LeaseLost("kraken", str(beating.lease.end_reason)))
    beating.heartbeat.ask()
    beating.heartbeat.stop(1)
    assert len(claims.sent) == 1


def test_whoever_waits_for_a_payload_to_be_written_is_freed_when_the_lease_ends() -> None:
    beating = Beating(Answers(Gone()), SystemClock())
    beating.heartbeat.start()
    assert beating.heartbeat.written(beating.heartbeat.ask(), 5)
    assert beating.lease.end_reason is not None


def test_a_key_that_vanished_may_be_put_back_only_before_the_deadline(clock: ManualClock) -> None:
    claims = Answers(*[StoreUnavailable("here:1", "timeout")] * 2)
    beating = Beating(claims, clock)
    clock.advance(34.9)
    beating.heartbeat.beat()
    clock.advance(0.2)
    beating.heartbeat.beat()
    assert claims.put_back == [36_000, 0]


def test_a_put_back_is_told_with_the_longest_time_that_the_key_can_have_been_gone(clock: ManualClock) -> None:
    beating = Beating(Answers(Renewed(2_000, 47_000, put_back=True)), clock)
    clock.advance(15)
    beating.heartbeat.beat()
    assert beating.put_back == [15_000]


@pytest.fixture
def quick() -> Iterator[Beating]:
    beating = Beating(Answers(), SystemClock(), Timing(0.2, 0.9, 0.3, 0.2, 0.05))
    beating.heartbeat.start()
    yield beating
    beating.heartbeat.stop(5)


def test_heartbeats_come_at_their_pace_without_being_asked(quick: Beating) -> None:
    claims: Answers = quick.heartbeat._claims
    began = SystemClock().elapsed()
    eventually(lambda: len(claims.sent) >= 5)
    assert SystemClock().elapsed() - began >= 5 * 0.2 - 0.05


def test_what_asks_for_a_heartbeat_gets_it_at_once_and_many_share_one(quick: Beating) -> None:
    claims: Answers = quick.heartbeat._claims
    for number in range(100):
        quick.facts.set_symbols(number)
        ticket = quick.heartbeat.ask()
    assert quick.heartbeat.written(ticket, 0.15)
    assert claims.sent[-1]["symbolCount"] == 99
    assert len(claims.sent) < 50


def look_every_second(warden: Warden, clock: ManualClock, seconds: int) -> None:
    for _ in range(seconds):
        clock.advance(1)
        warden.look()


def test_the_warden_tells_each_change_once(clock: ManualClock) -> None:
    beating = Beating(Answers(), clock)
    told: list[tuple[Standing, float]] = []
    warden = Warden(beating.lease, clock, lambda *what: told.append(what), lambda: False, lambda: None)
    look_every_second(warden, clock, 60)
    assert told == [(Standing.JEOPARDY, 18.0), (Standing.SUSPENDED, 35.0), (Standing.OVER, 45.0)]
    assert beating.lease.end_reason == "no heartbeat was answered for 45 s"


def test_the_warden_tells_when_a_lease_was_renewed_in_time(clock: ManualClock) -> None:
    beating = Beating(Answers(), clock)
    told: list[Standing] = []
    warden = Warden(beating.lease, clock, lambda standing, _: told.append(standing), lambda: False, lambda: None)
    look_every_second(warden, clock, 40)
    beating.heartbeat.beat()
    look_every_second(warden, clock, 10)
    assert told == [Standing.JEOPARDY, Standing.SUSPENDED, Standing.HELD]


@pytest.mark.parametrize(("is_working", "ended_at"), [(True, 40.0), (False, None)], ids=["works on", "has halted"])
def test_work_that_goes_on_is_ended_stop_seconds_after_the_deadline(
    clock: ManualClock, is_working: bool, ended_at: float | None
) -> None:
    beating = Beating(Answers(), clock)
    began = clock.elapsed()
    ended: list[float] = []
    warden = Warden(
        beating.lease,
        clock,
        lambda *_: None,
        lambda: is_working,
        lambda: ended.append(clock.elapsed() - began),
    )
    look_every_second(warden, clock, 44)
    assert ended[:1] == ([] if ended_at is None else [ended_at])
    assert ended_at is None or ended_at < TIMING.ttl


def test_work_under_a_lease_that_was_taken_is_ended_stop_seconds_after_that_was_known(clock: ManualClock) -> None:
    beating = Beating(Answers(Taken(None)), clock)
    ended: list[float] = []
    warden = Warden(beating.lease, clock, lambda *_: None, lambda: True, lambda: ended.append(clock.elapsed()))
    beating.heartbeat.beat()
    known_at = clock.elapsed()
    look_every_second(warden, clock, 10)
    assert ended[0] == known_at + TIMING.stop


def test_a_missed_heartbeat_that_is_followed_by_an_answered_one_is_told_as_over_once(
    clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    away = StoreUnavailable("store:6379", "timed out")
    beating = Beating(Answers(RENEWED, away, away, RENEWED, RENEWED), clock)
    for _ in range(5):
        beating.heartbeat.beat()
        clock.advance(2.5)
    assert caplog.text.count("No heartbeat is answered") == 1
    assert caplog.text.count("A heartbeat was answered again after 8 s.") == 1


@pytest.mark.parametrize("commanded_by", ["Ada (ada@example.net)", None], ids=["commanded", "promoted"])
def test_who_wakes_after_its_lease_says_who_has_it_now(
    clock: ManualClock, caplog: pytest.LogCaptureFixture, commanded_by: str | None
) -> None:
    """The warden has ended it by time before the first heartbeat of a process that was frozen is answered."""
    holder = Holder("host-b", "192.0.2.9", None, "active", 40, "Ada (ada@example.net)", commanded_by)
    beating = Beating(Answers(Taken(holder)), clock)
    clock.advance(TIMING.ttl + 1)
    beating.lease.run_out(clock.elapsed())
    beating.heartbeat.beat()
    by = f" by {commanded_by}" if commanded_by else ""
    assert f"was taken over{by} while no heartbeat was answered: it is held by host-b (IP 192.0.2.9)" in caplog.text
    assert caplog.text.rstrip().endswith("Its work here has ended.")


@pytest.mark.parametrize(("seconds", "said"), [(45, ["words", "exit"]), (44, ["exit"])], ids=["woke late", "hangs"])
def test_only_who_wakes_too_late_has_last_words_before_its_end(
    clock: ManualClock, seconds: int, said: list[str]
) -> None:
    beating = Beating(Answers(), clock)
    told: list[str] = []
    exits, words = (lambda: told.append("exit")), (lambda: told.append("words"))
    warden = Warden(beating.lease, clock, lambda *_: None, lambda: True, exits, words)
    clock.advance(seconds)
    warden.look()
    assert told == said
