"""Maintenance that the owner of an exchange announces: where it stands, how long, and who reads it."""

from __future__ import annotations

import pytest

from perseus import keys
from perseus.errors import StoreUnavailable
from perseus.network.exchange import Exchange
from perseus.network.maintenance import Maintenance, Upkeep, read
from perseus.network.states import State
from perseus.store import Client, connect, now_ms
from tests.conftest import KRAKEN
from tests.instances import Party, walk
from tests.redis_process import free_port

BYBIT = Exchange(5, "bybit", "Bybit")
KEY = keys.maintenance(KRAKEN.id)


def _upkeep(client: Client) -> Upkeep:
    return Upkeep(client, KRAKEN, lambda: "ann@example.org")


def test_it_stands_in_the_store_until_its_end_with_reason_and_author(client: Client) -> None:
    before = now_ms(client, KEY)
    announced = _upkeep(client).announce(20, " deploy ")
    assert 0 <= announced.until_ms - before - 20 * 60_000 < 5_000
    assert (announced.reason, announced.author) == ("deploy", "ann@example.org")
    assert 20 * 60_000 - 5_000 < client.pttl(KEY) <= 20 * 60_000
    assert read(client, (BYBIT, KRAKEN)) == {"kraken": announced}


def test_the_last_word_counts_and_can_be_taken_back(client: Client) -> None:
    upkeep = _upkeep(client)
    upkeep.announce(20, "deploy")
    later = upkeep.announce(60, "it takes longer")
    assert read(client, (KRAKEN,)) == {"kraken": later}
    assert upkeep.end() is True
    assert read(client, (KRAKEN,)) == {}
    assert upkeep.end() is False


@pytest.mark.parametrize("minutes", [0, -1, 10_081, float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused(client: Client, minutes: float) -> None:
    with pytest.raises(ValueError, match="a week"):
        _upkeep(client).announce(minutes, "deploy")
    assert not client.exists(KEY)


def test_a_reason_must_be_given(client: Client) -> None:
    with pytest.raises(ValueError, match="without a reason"):
        _upkeep(client).announce(5, "  ")


def test_junk_in_the_key_is_no_maintenance(client: Client) -> None:
    client.set(KEY, '{"until_ms": "soon"}')
    client.rpush(keys.maintenance(BYBIT.id), "junk")
    assert read(client, (KRAKEN, BYBIT)) == {}
    assert read(client, ()) == {}


def test_a_store_that_is_away_is_said_so() -> None:
    with connect(f"redis://127.0.0.1:{free_port()}/0", timeout=0.2, name="test") as client:
        with pytest.raises(StoreUnavailable):
            _upkeep(client).announce(5, "deploy")
        with pytest.raises(StoreUnavailable):
            read(client, (KRAKEN,))


def test_an_instance_announces_it_and_it_outlives_the_instance(client: Client, store: str, party: Party) -> None:
    instance = walk(party.join(store))
    announced = instance.maintenance(20, "deploy")
    instance.stop("deploy")
    assert instance.state is State.STOPPED
    assert announced.author == "ann@example.org"
    assert read(client, (KRAKEN,)) == {"kraken": announced}


def test_an_instance_can_end_it(client: Client, store: str, party: Party) -> None:
    instance = party.join(store)
    instance.maintenance(20, "deploy")
    assert instance.end_maintenance() is True
    assert read(client, (KRAKEN,)) == {}


def test_the_text_in_the_store_reads_back_as_it_was_written(client: Client) -> None:
    announced = _upkeep(client).announce(1, "ж" * 600 + "\ud800")
    assert len(announced.reason) == 500
    assert Maintenance.model_validate_json(str(client.get(KEY))) == announced
