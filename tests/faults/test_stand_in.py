"""What the stand-in store must do that the fakeredis behind it does not do by itself."""

from __future__ import annotations

import pytest
import redis

from perseus.network.view.directory import Condition, Directory
from perseus.settings import Settings
from perseus.store import connect
from tests.conftest import KRAKEN
from tests.instances import Party, walk


def test_an_error_is_an_answer_and_ends_no_connection(fake_server: str) -> None:
    with connect(fake_server, timeout=2, name="test") as client:
        own = client.client_id()
        with pytest.raises(redis.exceptions.NoScriptError):
            client.evalsha("0" * 40, 0)
        with pytest.raises(redis.exceptions.ResponseError):
            client.execute_command("NONSENSE")
        assert client.client_id() == own


def test_a_store_that_cannot_say_how_long_it_runs_is_read_all_the_same(
    fake_server: str, party: Party, settings: Settings
) -> None:
    with connect(fake_server, timeout=2, name="test") as client:
        client.flushall()
        client.set("perseus:initialised", "not kept")
        walk(party.join(fake_server, settings))
        view = Directory(client, lambda: [KRAKEN]).view()
    assert view.store.answers
    assert not view.store.kept
    assert view.exchanges[0].condition is Condition.ACTIVE
