"""The twelve mistakes in lock and life cycle of the system before this one, each once: none of them may come back."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from perseus import keys
from perseus.cli.main import commands
from perseus.clock import SystemClock, parse_iso
from perseus.errors import InvalidTransition, LeaseLost, LeaseRefused
from perseus.network.exchange import Exchange
from perseus.network.identity import Identity
from perseus.network.states import State
from perseus.network.view.directory import Condition, Directory
from perseus.network.view.watcher import Watcher
from perseus.settings import Settings
from perseus.store import Client, connect
from tests.conftest import KRAKEN, ManualClock, short
from tests.instances import (
    Party,
    eventually,
    expire,
    last_record_of,
    moves,
    own_threads,
    payload_of,
    vanish,
    walk,
)

STATUS = keys.status(KRAKEN.id)
MEXC = Exchange(6, "mexc", "MEXC")


@pytest.fixture
def long(tmp_path: Path) -> Settings:
    """A lease that does not end by itself during a test."""
    return short(tmp_path, heartbeat_seconds=10.0, ttl_seconds=32.0, margin_seconds=2.0)


def test_a_heartbeat_never_overwrites_a_successor_and_never_takes_an_ended_lease_back(
    party: Party, store: str, client: Client, long: Settings, clock: ManualClock
) -> None:
    """m 1: the heartbeat renewed whatever stood there, and re-created an absent key."""
    first = walk(party.join(store, long))
    first._heartbeat.stop(5)
    client.delete(STATUS, keys.last_record(KRAKEN.id))
    second = party.join(store, long, home="b", clock=clock)
    first._heartbeat.beat()
    assert payload_of(client).fencing_token == second.token  # type: ignore[union-attr]
    with pytest.raises(LeaseLost):
        first.guard()

    second._heartbeat.stop(5)
    client.delete(STATUS)
    clock.advance(long.ttl_seconds - long.margin_seconds)
    second._heartbeat.beat()
    assert payload_of(client) is None
    with pytest.raises(LeaseLost):
        second.guard()


def test_no_status_key_is_ever_without_an_end(party: Party, store: str, client: Client, long: Settings) -> None:
    """m 2: an update of an expired key made one without a TTL, and a late address brought a released one back."""
    instance = party.join(store, long)
    for change in (
        lambda: walk(instance),
        lambda: instance.report_error("broken"),
        lambda: client.delete(STATUS) and instance.set_ip("198.51.100.1"),
        lambda: instance.set_symbols(3),
    ):
        change()
        eventually(lambda: client.exists(STATUS))
        assert 0 < client.pttl(STATUS) <= long.ttl_seconds * 1000
    instance.stop("done")
    instance.set_ip("198.51.100.2")
    eventually(lambda: not own_threads())
    assert not client.exists(STATUS)


def test_a_failed_start_leaves_neither_a_claim_nor_a_heartbeat_behind(
    party: Party, store: str, client: Client, long: Settings
) -> None:
    """m 3: the key stayed claimed in `starting`, with the timer still beating under the next try."""

    def start() -> None:
        with party.join(store, long) as instance:
            walk(instance, State.STARTING)
            raise OSError("no symbols")

    for _ in range(3):
        with pytest.raises(OSError, match="no symbols"):
            start()
        assert not client.exists(STATUS)
        assert own_threads() == []
    assert moves(client)[-1] == "starting>idle"


def test_the_last_of_several_runs_in_one_process_is_the_one_that_is_stopped(
    party: Party, store: str, client: Client, long: Settings
) -> None:
    """m 4: the shutdown worked on the objects of the boot, so the real key was only freed by its TTL."""
    party.join(store, long).stop("first run")
    instance = walk(party.join(store, long))
    instance.stop("SIGTERM")
    assert not client.exists(STATUS)
    assert moves(client)[-2:] == ["active>stopping", "stopping>stopped"]
    assert last_record_of(client)["reason"] == "SIGTERM"


def test_two_processes_of_one_host_do_not_share_an_exchange_and_a_restarted_one_shows_its_address(
    party: Party, store: str, client: Client, long: Settings
) -> None:
    """m 5: the same hostname was let in, and only a first claim looked its address up."""
    first = walk(party.join(store, long, identity=Identity("same-host")))
    for home in ("a", "b"):
        with pytest.raises(LeaseRefused):
            party.join(store, long, home=home, identity=Identity("same-host"))
    vanish(first)
    restarted = party.join(store, long, identity=Identity("same-host"))
    restarted.set_ip("198.51.100.1")
    eventually(lambda: payload_of(client).ip_address == "198.51.100.1")  # type: ignore[union-attr]


def test_nobody_is_promised_a_takeover_that_does_not_exist(party: Party, store: str, long: Settings) -> None:
    """m 6: a dialog offered to connect anyway; the command behind it was the ordinary start."""
    holder = walk(party.join(store, long))
    for _ in range(3):
        with pytest.raises(LeaseRefused, match="Stop that process first") as refusal:
            party.join(store, long, home="b")
        assert "force" not in str(refusal.value).lower()
    assert holder.valid()
    shown = CliRunner().invoke(commands, ["ingest", "--help"])
    assert shown.exit_code == 0
    assert not any(word in shown.output.lower() for word in ("force", "take over", "takeover", "anyway"))


def test_what_runs_says_so_wherever_it_is_asked_and_is_not_started_twice(
    party: Party, store: str, client: Client, long: Settings
) -> None:
    """m 7: after an automatic start, stop answered 'already idle' and start ran again; the admin was an id."""
    instance = walk(party.join(store, long))
    card = Directory(client, lambda: [KRAKEN]).exchange(KRAKEN.id)
    assert card.status is not None
    assert {instance.state, instance.status().connection_state, card.status.connection_state} == {State.ACTIVE}
    assert moves(client)[-1].endswith(">active")
    with pytest.raises(InvalidTransition):
        instance.transition(State.STARTING, "again")
    assert card.status.admin_email == "ann@example.org"
    instance.stop("done")
    assert moves(client)[-1] == "stopping>stopped"


def test_the_next_exchange_of_a_process_has_nothing_of_the_one_before(
    party: Party, store: str, client: Client, long: Settings
) -> None:
    """m 8: symbols and exchange id stayed, under the new name."""
    first = walk(party.join(store, long))
    first.set_symbols(12)
    first.set_fields({"feed": "synthetic"})
    first.report_error("broken")
    first.stop("done")
    party.join(store, long, exchange=MEXC)
    status = payload_of(client, MEXC)
    assert status is not None
    assert (status.exchange_id, status.exchange_name) == (6, "mexc")
    assert (status.symbol_count, status.fields, status.last_error) == (0, {}, None)


def test_an_active_instance_with_a_dead_feed_shows(party: Party, store: str, client: Client, long: Settings) -> None:
    """m 9: the feed could be dead for hours; the state, and even the health check, said active."""
    instance = walk(party.join(store, long))
    instance.heard()
    instance.set_ip("198.51.100.1")
    heard_at = str(eventually(lambda: (found := payload_of(client)) and found.last_message_at))
    eventually(lambda: SystemClock().wall_ms() > parse_iso(heard_at))
    instance.set_ip("198.51.100.2")
    status = eventually(lambda: (found := payload_of(client)) and found.ip_address == "198.51.100.2" and found)
    assert status.connection_state is State.ACTIVE
    assert status.last_message_at == heard_at
    assert status.last_heartbeat > heard_at


def test_idle_and_stopped_are_seen_and_a_way_back_to_idle_is_logged(
    party: Party, store: str, client: Client, long: Settings
) -> None:
    """m 10: a reset wrote nothing, a stop deleted all there was, and nobody saw an idle process."""
    directory = Directory(client, lambda: [KRAKEN])
    instance = party.join(store, long)
    assert directory.exchange(KRAKEN.id).condition is Condition.IDLE
    walk(instance, State.STARTING)
    instance.fail_start(OSError("no symbols"))
    assert moves(client)[-1] == "starting>idle"
    walk(party.join(store, long)).stop("maintenance")
    card = directory.exchange(KRAKEN.id)
    assert (card.condition, card.reason) == (Condition.STOPPED, "maintenance")
    assert card.status is not None


def test_a_lost_instance_keeps_its_last_known_facts(party: Party, store: str, client: Client, long: Settings) -> None:
    """m 11: said to be built, and was not."""
    instance = walk(party.join(store, long))
    instance.set_symbols(12)
    instance.report_error("the last words")
    eventually(lambda: payload_of(client).last_error)  # type: ignore[union-attr]
    vanish(instance)
    expire(client)
    card = Directory(client, lambda: [KRAKEN]).exchange(KRAKEN.id)
    status = card.status
    assert card.condition in (Condition.OFFLINE, Condition.UNKNOWN)
    assert status is not None
    assert (status.symbol_count, status.last_error, status.admin_display_name) == (12, "the last words", "Ann")
    assert (status.hostname, status.connected_at is not None) == ("host-a", True)


def test_a_death_is_written_down_once_by_whoever_looks(
    party: Party, store: str, client: Client, long: Settings, clock: ManualClock
) -> None:
    """m 12: nobody reported a death."""
    vanish(walk(party.join(store, long)))
    expire(client)
    with connect(store, timeout=2, name="watcher") as another:
        watchers = [Watcher(each, lambda: [KRAKEN], long, clock) for each in (client, another)]
        for _ in range(4):
            for watcher in watchers:
                watcher.look()
            clock.advance(5)
    assert moves(client)[3:] == ["active>offline"]
