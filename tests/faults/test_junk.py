"""Keys and streams that hold what Perseus did not write, while an instance runs and before it claims."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from perseus import keys
from perseus.errors import LeaseLost, LeaseRefused, StoreCorrupt
from perseus.network.states import State
from perseus.network.view.directory import Condition, Directory
from perseus.settings import Settings
from perseus.store import Client
from tests.conftest import KRAKEN
from tests.instances import Party, Recorder, eventually, walk

STATUS = keys.status(KRAKEN.id)
LAST = keys.last_record(KRAKEN.id)
LOG = keys.activity(KRAKEN.name)
META = keys.activity_meta(KRAKEN.name)


@pytest.mark.parametrize(
    ("key", "junk", "reason"),
    [
        (STATUS, lambda client: client.set(STATUS, "junk"), "its key holds what no instance wrote"),
        (STATUS, lambda client: client.set(STATUS, '{"instanceId": 7}'), "its key holds what no instance wrote"),
        (STATUS, lambda client: client.set(STATUS, "[]"), "its key holds what no instance wrote"),
        (STATUS, lambda client: client.rpush(STATUS, "junk"), "did not write"),
        (LAST, lambda client: client.set(LAST, "junk"), "did not write"),
    ],
    ids=["text", "another schema", "a list in JSON", "another type", "last record of another type"],
)
def test_a_holder_whose_keys_become_junk_stops_and_leaves_the_junk_to_be_looked_at(
    party: Party, real_store: str, settings: Settings, key: str, junk: Callable[[Client], object], reason: str
) -> None:
    observer = Recorder()
    holder = walk(party.join(real_store, settings, observer=observer))
    client = party.client(real_store)
    client.delete(key)
    junk(client)
    before = client.dump(key)
    holder.set_ip("192.0.2.9")
    eventually(lambda: observer.of("lease_lost"))
    with pytest.raises(LeaseLost, match=reason):
        holder.guard()
    holder.stop("over")
    assert client.dump(key) == before


def test_junk_in_a_status_key_is_shown_as_corrupt_and_nobody_takes_it_for_a_free_exchange(
    party: Party, store: str, client: Client, settings: Settings
) -> None:
    client.set(STATUS, "junk")
    assert Directory(client, lambda: [KRAKEN]).exchange(KRAKEN.id).condition is Condition.CORRUPT
    with pytest.raises(LeaseRefused, match="has no end"):
        party.join(store, settings)
    assert client.get(STATUS) == "junk"


@pytest.mark.parametrize(
    "record", [{"token": "junk"}, {"token": "5", "until_ms": "junk"}, {"token": "5", "until_ms": "1"}], ids=str
)
def test_a_claim_over_a_last_record_of_junk_names_the_key(
    party: Party, real_store: str, settings: Settings, record: dict[str, str]
) -> None:
    client = party.client(real_store)
    client.hset(LAST, mapping=record)
    with pytest.raises(StoreCorrupt, match=r"exchange:4:status.*:last"):
        party.join(real_store, settings)
    assert client.hgetall(LAST) == record
    assert not client.exists(STATUS)


@pytest.mark.parametrize(
    "junk",
    [
        lambda client: client.set(LOG, "junk"),
        lambda client: client.hset(META, "token", "junk"),
        lambda client: client.hset(META, "seq", "junk"),
        lambda client: client.xadd(LOG, {"a": "b"}, id=f"{2**64 - 1}-{2**64 - 1}"),
    ],
    ids=["log of another type", "token", "numbering", "the last possible id"],
)
def test_a_start_that_cannot_write_its_event_fails_with_the_key_named_and_releases_the_lease(
    party: Party, real_store: str, settings: Settings, junk: Callable[[Client], object]
) -> None:
    client = party.client(real_store)
    junk(client)
    instance = party.join(real_store, settings)

    def start() -> None:
        with instance:
            instance.transition(State.STARTING, "test")

    with pytest.raises(StoreCorrupt, match="logs:network:kraken"):
        start()
    assert not client.exists(STATUS)
    assert client.hget(LAST, "closed") == "1"


def test_an_entry_that_is_no_event_costs_neither_the_writer_nor_the_reader(
    party: Party, store: str, client: Client, settings: Settings
) -> None:
    client.xadd(LOG, {"something": "else"})
    walk(party.join(store, settings))
    client.xadd(LOG, {"event": "a kind from the future", "eventId": "x"})
    view = Directory(client, lambda: [KRAKEN]).view()
    assert view.exchanges[0].condition is Condition.ACTIVE
    assert [event.kind for event in view.events] == ["a kind from the future", *["state_transition"] * 3, None]
