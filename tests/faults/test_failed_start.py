"""A start that fails after the claim."""

from __future__ import annotations

import pytest

from perseus.errors import StopRequested
from perseus.network.instance import Instance
from perseus.network.leasing.proof import RestartProof
from perseus.network.states import State
from perseus.settings import Settings
from perseus.store import Client
from tests.instances import WALK, Party, Recorder, events, last_record_of, moves, own_threads, payload_of, walk


def fail(instance: Instance, states: tuple[State, ...], text: str) -> None:
    """Walk so far inside the instance's own block, then let an exception pass."""

    def work() -> None:
        with instance:
            for state in states:
                instance.transition(state, "test")
            raise RuntimeError(text)

    with pytest.raises(RuntimeError, match=text):
        work()


@pytest.mark.parametrize("states", [(State.STARTING,), (State.STARTING, State.WARMING)], ids=["starting", "warming"])
def test_a_failed_start_releases_the_lease_ends_the_threads_and_says_why(
    party: Party, store: str, client: Client, settings: Settings, states: tuple[State, ...]
) -> None:
    observer = Recorder()
    instance = party.join(store, settings, observer=observer)
    fail(instance, states, "no symbols: the exchange answers 503")
    assert instance.state is State.IDLE
    assert own_threads() == []
    assert payload_of(client) is None
    record = last_record_of(client)
    assert record["closed"] == "1"
    assert record["reason"] == "start failed: RuntimeError: no symbols: the exchange answers 503"
    assert '"lastError":"RuntimeError: no symbols: the exchange answers 503"' in record["payload"]
    assert moves(client)[-2:] == ["error", f"{states[-1]}>idle"]
    assert events(client)[-2]["error"] == "RuntimeError: no symbols: the exchange answers 503"
    assert observer.of("deregistered") == [record["reason"]]
    with pytest.raises(StopRequested):
        instance.transition(State.STARTING, "again")


def test_after_a_failed_start_the_exchange_is_free_at_once(
    party: Party, store: str, client: Client, settings: Settings
) -> None:
    instance = party.join(store, settings)
    fail(instance, (State.STARTING,), "no symbols")
    second = walk(party.join(store, settings, home="another host"))
    assert int(second.token) > int(instance.token)
    status = payload_of(client)
    assert status is not None
    assert (status.fencing_token, status.last_error) == (second.token, None)


def test_a_failure_in_work_stops_in_order_and_says_why(
    party: Party, store: str, client: Client, settings: Settings
) -> None:
    instance = party.join(store, settings)
    fail(instance, WALK, "the feed broke")
    assert instance.state is State.STOPPED
    assert moves(client)[-3:] == ["error", "active>stopping", "stopping>stopped"]
    assert last_record_of(client)["reason"] == "failed: RuntimeError: the feed broke"
    assert own_threads() == []


def test_a_failure_before_the_start_releases_the_lease(
    party: Party, store: str, client: Client, settings: Settings
) -> None:
    fail(party.join(store, settings), (), "no settings for this exchange")
    assert payload_of(client) is None
    assert last_record_of(client)["closed"] == "1"
    assert moves(client) == ["error"]
    assert own_threads() == []


def test_a_start_that_is_interrupted_while_it_claims_gives_the_exchange_back(
    party: Party, store: str, client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C just after the store has granted it: nobody knows the instance yet, so nobody could stop it."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(RestartProof, "keep", interrupted)
        with pytest.raises(KeyboardInterrupt):
            party.join(store, settings)
    assert payload_of(client) is None
    assert last_record_of(client)["closed"] == "1"
    assert own_threads() == []
    assert party.join(store, settings, home="b").valid()
