"""What an instance leaves behind: nothing, however often a process joins."""

from __future__ import annotations

from functools import partial
from unittest.mock import Mock

import pytest

from perseus import keys
from perseus.network.identity import Identity
from perseus.network.joining import join
from perseus.network.observer import NullObserver
from perseus.network.payload import InstanceStatus
from perseus.settings import Settings
from perseus.store import Client, connect
from tests.conftest import KRAKEN
from tests.instances import own_threads


def test_joining_again_and_again_leaves_no_connection_and_no_thread(
    real_store: str, client: Client, settings: Settings
) -> None:
    clients = partial(_connect, real_store)
    for _ in range(5):
        join(KRAKEN, settings, clients, Identity("host-a")).stop("done")
    names = {str(each["name"]) for each in client.client_list()}
    assert {"claim", "heartbeat", "activity"}.isdisjoint(names)
    assert own_threads() == []


def test_a_start_that_is_interrupted_when_it_beats_already_is_given_back_and_not_put_back(
    real_store: str, client: Client, settings: Settings
) -> None:
    with pytest.raises(KeyboardInterrupt):
        join(KRAKEN, settings, partial(_connect, real_store), Identity("host-a"), _Interrupted())
    assert own_threads() == []
    assert not client.exists(keys.status(KRAKEN.id))


def test_a_start_that_is_interrupted_while_it_closes_its_first_connection_is_given_back_too(
    real_store: str, client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def clients(name: str) -> Client:
        made = _connect(real_store, name)
        if name == "claim":
            monkeypatch.setattr(made, "close", Mock(side_effect=[KeyboardInterrupt, None]))
        return made

    with pytest.raises(KeyboardInterrupt):
        join(KRAKEN, settings, clients, Identity("host-a"))
    assert own_threads() == []
    assert not client.exists(keys.status(KRAKEN.id))


def test_an_error_of_any_length_is_told_in_short(real_store: str, client: Client, settings: Settings) -> None:
    with join(KRAKEN, settings, partial(_connect, real_store), Identity("host-a")) as instance:
        instance.report_error("E" * 100_000)
        told = instance.status().last_error
    assert told is not None
    assert told.endswith("(96000 more characters)")
    assert len(told) < 4_100


class _Interrupted(NullObserver):
    def registered(self, status: InstanceStatus) -> None:
        raise KeyboardInterrupt


def _connect(url: str, name: str) -> Client:
    return connect(url, timeout=0.4, name=name)
