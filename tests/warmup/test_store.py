"""Schedule and stats in the store: fenced, read by type, and junk told as such."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from perseus import keys
from perseus.network.leasing.fence import WriteFenced
from perseus.store import Client, connect
from perseus.warmup.store import INTERRUPTED, WarmupStore, read
from tests.warmup.test_progress import OWNER, Told

SCHEDULE, STATS = keys.warmup_schedule(2), keys.warmup_stats(2)
pytestmark = pytest.mark.everywhere


@pytest.fixture
def client(real_store: str) -> Iterator[Client]:
    with connect(real_store, timeout=5, name="test") as client:
        yield client


def kept(client: Client, token: str = "7") -> WarmupStore:
    return WarmupStore(client, 2, token)


def test_nothing_is_there_before_the_first_warmup(client: Client) -> None:
    told = read(client, 2)
    assert (told.schedule, told.stats, told.problems, told.status("x")) == (None, None, (), None)


def test_both_are_read_as_they_were_written(client: Client) -> None:
    made = Told().scanned()
    assert kept(client).write_schedule(made.schedule) == []
    assert kept(client).write_stats(made.progress.stats()) == []
    told = read(client, 2)
    assert told.schedule == made.schedule
    assert told.stats == made.progress.stats()
    assert told.problems == ()


def test_an_older_lease_writes_neither(client: Client) -> None:
    made = Told().scanned()
    kept(client, "8").write_schedule(made.schedule)
    kept(client, "8").write_stats(made.progress.stats())
    with pytest.raises(WriteFenced):
        kept(client, "7").write_schedule(Told(1).scanned().schedule)
    with pytest.raises(WriteFenced):
        kept(client, "7").write_stats(Told(1).scanned().progress.stats())
    assert read(client, 2).schedule == made.schedule


def test_a_run_of_an_instance_that_is_gone_is_told_as_interrupted_unless_it_had_ended(client: Client) -> None:
    made = Told().scanned()
    kept(client).write_stats(made.progress.stats())
    told = read(client, 2)
    assert told.status(OWNER.instance_id) == "fetching"
    assert told.status(None) == told.status("another") == INTERRUPTED
    made.progress.end("complete")
    kept(client).write_stats(made.progress.stats())
    assert read(client, 2).status(None) == "complete"


@pytest.mark.parametrize("junk", ["", "{", "[]", "{}", '{"runId": 7}', "\x00", "null"])
def test_junk_is_told_as_such_and_hides_nothing_else(client: Client, junk: str) -> None:
    kept(client).write_stats(Told().scanned().progress.stats())
    client.set(SCHEDULE, junk)
    told = read(client, 2)
    assert told.schedule is None
    assert told.stats is not None
    assert len(told.problems) == 1
    assert SCHEDULE in told.problems[0]
    client.set(STATS, junk)
    assert len(read(client, 2).problems) == 2


def test_a_key_of_another_type_is_junk_too(client: Client) -> None:
    client.rpush(STATS, "x")
    assert len(read(client, 2).problems) == 1
    made = Told().scanned()
    assert kept(client).write_stats(made.progress.stats()) == [STATS]
    assert read(client, 2).stats == made.progress.stats()


def test_what_was_overwritten_is_written_anew_and_named(client: Client) -> None:
    made, store = Told().scanned(), kept(client)
    store.write_schedule(made.schedule)
    store.write_stats(made.progress.stats())
    assert store.mend() == []
    client.set(SCHEDULE, "junk")
    client.set(STATS, "junk")
    assert store.mend() == [SCHEDULE]
    assert store.write_stats(made.progress.stats()) == [STATS]
    told = read(client, 2)
    assert (told.schedule, told.stats) == (made.schedule, made.progress.stats())
    assert store.mend() == []


def test_what_is_gone_is_written_anew_and_nobody_is_blamed_for_it(client: Client) -> None:
    made, store = Told().scanned(), kept(client)
    store.write_schedule(made.schedule)
    store.write_stats(made.progress.stats())
    client.delete(SCHEDULE)
    client.delete(STATS)
    assert store.mend() == []
    assert store.write_stats(made.progress.stats()) == []
    told = read(client, 2)
    assert (told.schedule, told.stats) == (made.schedule, made.progress.stats())


def test_the_text_of_an_earlier_run_is_no_junk(client: Client) -> None:
    kept(client, "7").write_schedule(Told().scanned().schedule)
    assert kept(client, "8").write_schedule(Told(2).scanned().schedule) == []
