"""Who may be written down as dead, when, and that it happens once. Time is passed in; the keys are set by hand."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest

from perseus import keys
from perseus.clock import parse_iso
from perseus.network.leasing.claims import Granted, RedisClaims
from perseus.network.log import activity
from perseus.network.log.activity import ActivityLog
from perseus.network.view.watcher import GRACE_MS, LONGEST_WAIT
from perseus.store import Client, connect
from tests.conftest import KRAKEN, ManualClock
from tests.network.samples import claim_body, sample
from tests.network.watch import BINANCE, HEARTBEAT, Watch, put_record, store_ms


@pytest.fixture
def watch(client: Client, clock: ManualClock) -> Watch:
    return Watch(client, clock).settle()


def test_a_lease_that_ended_without_release_is_written_down_with_what_was_known(watch: Watch) -> None:
    until_ms = put_record(watch.client, 2_000)
    watch.look()
    (fields,) = watch.deaths()
    assert (fields["toState"], fields["reason"], fields["fencingToken"]) == ("offline", "lease_expired", "7")
    assert (fields["fromState"], fields["hostname"], fields["instanceId"]) == ("active", "host-a", "host-a-1-aa")
    assert parse_iso(fields["offlineAt"]) == until_ms
    assert until_ms + 2_000 <= parse_iso(fields["detectedAt"]) < until_ms + 3_000


def test_it_is_written_once_however_often_it_is_seen(watch: Watch) -> None:
    put_record(watch.client, 2_000)
    for _ in range(3):
        watch.look()
        watch.clock.advance(1)
    assert len(watch.deaths()) == 1


def test_that_a_later_lease_has_begun_is_told_once(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    watch.client.hset(keys.activity_meta(KRAKEN.name), "token", "9")
    put_record(watch.client, 2_000)
    for _ in range(5):
        watch.look()
        watch.clock.advance(HEARTBEAT)
    assert watch.deaths() == []
    assert caplog.text.count("kraken already has a later lease.") == 1


def test_what_is_written_is_not_sent_again_at_every_look(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    put_record(watch.client, 2_000)
    watch.look()
    monkeypatch.setattr(ActivityLog, "append", lambda *_, **__: pytest.fail("sent again"))
    watch.look()


def test_many_watchers_at_once_write_it_once(store: str, client: Client, clock: ManualClock) -> None:
    clients = [connect(store, timeout=2, name="w") for _ in range(6)]
    watches = [Watch(own, clock) for own in clients]
    for each in watches:
        each.watcher.look()
    clock.advance(HEARTBEAT)
    put_record(client, 2_000)
    start = threading.Barrier(len(watches))
    threads = [threading.Thread(target=lambda each=each: (start.wait(5), each.look())) for each in watches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    for own in clients:
        own.close()
    assert len(client.xrange(keys.activity("kraken"))) == 1


def test_nobody_is_judged_within_the_grace_after_the_end(watch: Watch) -> None:
    put_record(watch.client, 0)
    pause = watch.look()
    assert watch.deaths() == []
    assert 0 < pause <= GRACE_MS / 1000


def test_it_looks_again_when_the_earliest_lease_has_ended_and_its_grace_is_over(watch: Watch) -> None:
    client = watch.client
    put_record(client, -9_000)
    client.set(keys.status(KRAKEN.id), sample().to_json(), px=1_200)
    put_record(client, -30_000, BINANCE)
    client.set(keys.status(BINANCE.id), sample().to_json(), px=30_000)
    assert watch.look() == pytest.approx(1.7, abs=0.05)


def test_without_anything_to_wait_for_it_looks_for_new_leases_every_two_seconds(watch: Watch) -> None:
    put_record(watch.client, -30_000)
    watch.client.set(keys.status(KRAKEN.id), sample().to_json(), px=30_000)
    assert watch.look() == pytest.approx(LONGEST_WAIT, abs=0.01)


def test_a_lease_that_lives_is_no_death_whatever_its_record_says(watch: Watch) -> None:
    put_record(watch.client, 60_000)
    watch.client.set(keys.status(KRAKEN.id), sample().to_json(), px=1_000)
    watch.look()
    watch.client.persist(keys.status(KRAKEN.id))
    watch.look()
    assert watch.deaths() == []


def test_a_released_lease_is_never_a_death(watch: Watch) -> None:
    put_record(watch.client, 60_000, closed="1", closed_ms="1", reason="SIGTERM")
    watch.look()
    assert watch.deaths() == []


def test_a_key_that_vanished_before_its_time_is_no_death_yet(watch: Watch) -> None:
    put_record(watch.client, -30_000)
    watch.look()
    assert watch.deaths() == []


def test_an_exchange_without_a_record_is_no_death(watch: Watch) -> None:
    watch.look()
    assert watch.deaths() == []


# A predecessor, while its successor already holds the exchange.


@pytest.fixture
def successor(client: Client) -> Granted:
    """It claimed after an unclean end, and has written nothing yet."""
    put_record(client, 2_000)
    answer = RedisClaims(client, KRAKEN.id, 45, 0).acquire("nonce-b", "b", None, claim_body("b"))
    assert isinstance(answer, Granted)
    return answer


def test_a_predecessor_s_death_is_written_even_though_the_exchange_is_held_again(
    watch: Watch, successor: Granted
) -> None:
    watch.look()
    (fields,) = watch.deaths()
    assert (fields["fencingToken"], fields["toState"]) == ("7", "offline")


@pytest.mark.parametrize("first", ["successor", "watcher"])
def test_whoever_comes_first_writes_a_predecessor_s_death_and_the_other_does_not(
    watch: Watch, successor: Granted, first: str
) -> None:
    assert successor.death is not None
    entry = activity.death(KRAKEN, successor.death, store_ms(watch.client))
    steps: list[Callable[[], object]] = [
        lambda: ActivityLog(watch.client, KRAKEN, 1000).append(entry, is_death=True),
        watch.look,
    ]
    for step in steps if first == "successor" else reversed(steps):
        step()
    assert len(watch.deaths()) == 1


def test_a_death_that_comes_behind_its_successor_s_first_event_is_left_out(watch: Watch, successor: Granted) -> None:
    own = activity.transition(sample("b", successor.token), store_ms(watch.client), "idle", "starting", "start")
    ActivityLog(watch.client, KRAKEN, 1000).append(own)
    watch.look()
    assert [fields["toState"] for fields in watch.deaths()] == ["starting"]


# What one exchange cannot spoil for another.


@pytest.mark.parametrize(
    "junk",
    [{"token": "x"}, {"token": "²"}, {"until_ms": "soon"}, {"until_ms": "-99999999999999999"}, {"payload": "junk"}],
)
def test_junk_in_one_record_keeps_no_other_death_from_being_written(watch: Watch, junk: dict[str, str]) -> None:
    put_record(watch.client, 2_000, KRAKEN, **junk)
    put_record(watch.client, 2_000, BINANCE)
    watch.look()
    assert len(watch.deaths(BINANCE)) == 1


@pytest.mark.parametrize("key", [keys.last_record(4), keys.activity("kraken"), keys.activity_meta("kraken")])
def test_a_key_of_another_type_keeps_no_other_death_from_being_written(
    watch: Watch, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    put_record(watch.client, 2_000, KRAKEN)
    watch.client.delete(key)
    watch.client.set(key, "not ours")
    put_record(watch.client, 2_000, BINANCE)
    watch.look()
    assert len(watch.deaths(BINANCE)) == 1
    assert ("cannot be written down yet" in caplog.text) == (key != keys.last_record(4))


@pytest.mark.parametrize("key", [keys.activity(KRAKEN.name), keys.activity_meta(KRAKEN.name)])
def test_a_death_that_met_a_junk_log_is_written_when_the_log_is_mended(
    watch: Watch, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    put_record(watch.client, 2_000, KRAKEN)
    watch.client.set(key, "not ours")
    for _ in range(3):
        watch.look()
    watch.client.delete(key)
    watch.look()
    watch.look()
    assert len(watch.deaths()) == 1
    assert caplog.text.count("cannot be written down yet") == 1


def test_a_last_record_of_absurd_numbers_costs_no_other_exchange_its_watcher(watch: Watch) -> None:
    put_record(watch.client, 2_000, KRAKEN, token="9" * 5_000)
    put_record(watch.client, 2_000, BINANCE)
    watch.look()
    assert len(watch.deaths(BINANCE)) == 1


def test_the_death_of_an_instance_whose_payload_is_junk_is_written_all_the_same(watch: Watch) -> None:
    put_record(watch.client, 2_000, payload="junk")
    watch.look()
    (fields,) = watch.deaths()
    assert (fields["toState"], fields["hostname"]) == ("offline", "")


def test_a_later_death_of_the_same_exchange_is_written_too(watch: Watch) -> None:
    for token in ("7", "8"):
        put_record(watch.client, 2_000, token=token)
        watch.look()
    assert [fields["fencingToken"] for fields in watch.deaths()] == ["7", "8"]
