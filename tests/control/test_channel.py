"""The channel on every kind of store: what is sent is received, and what became of it is told truly."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from perseus import keys
from perseus.control import channel, hosts, signing
from perseus.control.command import BadCommand, Command, Kind, parse
from perseus.control.hosts import Report
from perseus.control.outcomes import Outcome, Status
from perseus.errors import StoreCorrupt
from perseus.store import Client, connect, now_ms

KEY = b"k" * 32
TARGET = "host-1-abcdef01"
COMMAND = Command(TARGET, Kind.START, "ada@example.net", "Ada", exchange_id=2, exchange_name="binance")
REPORT = Report(target=TARGET, hostname="host", pid=1, at=0, role="idle")
STREAM = keys.control(TARGET, "commands")


@pytest.fixture
def client(store: str) -> Iterator[Client]:
    with connect(store, timeout=2, name="test") as client:
        yield client


def accepted(status: Status = Status.RUNNING) -> Outcome:
    return Outcome(COMMAND.id, COMMAND.kind, TARGET, status, 5, 4, step="claiming")


def test_what_is_sent_is_received_signed_and_timed_by_the_store(client: Client) -> None:
    began = now_ms(client, STREAM)
    assert channel.send(client, KEY, COMMAND) == COMMAND.id
    (letter,) = channel.receive(client, TARGET, channel.START, 0)
    command = parse(letter.body)
    assert signing.is_signed(KEY, letter.body, letter.mac)
    assert (command.id, command.kind, command.by) == (COMMAND.id, Kind.START, "ada@example.net")
    assert began <= command.issued_ms <= now_ms(client, STREAM)
    assert command.expires_ms == command.issued_ms + 30_000


def test_commands_come_in_their_order_and_only_to_their_target(client: Client) -> None:
    for kind in (Kind.PAUSE, Kind.RESUME, Kind.STOP):
        channel.send(client, KEY, Command(TARGET, kind, "ada"))
    channel.send(client, KEY, Command("another", Kind.CHECK, "ada"))
    letters = channel.receive(client, TARGET, channel.START, 0)
    assert [parse(letter.body).kind for letter in letters] == ["pause", "resume", "stop"]
    assert channel.receive(client, TARGET, letters[1].stream_id, 0) == letters[2:]


def test_who_waits_is_woken_by_a_command_and_not_kept_longer_than_asked(client: Client) -> None:
    began = time.monotonic()
    assert channel.receive(client, TARGET, channel.START, 100) == []
    assert 0.08 < time.monotonic() - began < 1


def test_a_stream_forgets_in_an_hour_and_holds_no_more_than_a_hundred(client: Client) -> None:
    for _ in range(103):
        channel.send(client, KEY, Command(TARGET, Kind.STOP, "ada"))
    assert client.xlen(STREAM) == 100
    assert 3_500_000 < client.pttl(STREAM) <= 3_600_000


def test_what_is_no_entry_of_ours_is_received_as_such(client: Client) -> None:
    client.xadd(STREAM, {"odd": "one"})
    (letter,) = channel.receive(client, TARGET, channel.START, 0)
    assert (letter.body, letter.mac) == ("", "")


@pytest.mark.not_on("fake", why="it answers XREAD of another type with a fault of its own")
def test_a_key_of_another_type_is_named(client: Client) -> None:
    client.set(STREAM, "junk")
    with pytest.raises(StoreCorrupt, match="commands holds something"):
        channel.send(client, KEY, COMMAND)
    with pytest.raises(StoreCorrupt, match="commands holds something"):
        channel.receive(client, TARGET, channel.START, 0)


def test_nothing_is_sent_that_its_target_could_not_read(client: Client) -> None:
    with pytest.raises(channel.BadTarget):
        channel.send(client, KEY, Command("no {target}", Kind.STOP, "ada"))
    with pytest.raises(BadCommand):
        channel.send(client, KEY, Command(TARGET, Kind.SET_SYMBOLS, "ada", arguments={"symbols": ["A" * 9] * 9_999}))
    assert client.exists(STREAM) == 0


def test_nothing_is_known_of_a_command_that_nobody_has_accepted_yet(client: Client) -> None:
    assert channel.outcome(client, TARGET, COMMAND.id) is None
    channel.send(client, KEY, COMMAND)
    assert channel.outcome(client, TARGET, COMMAND.id) is None


def test_a_command_that_nobody_took_is_told_as_expired(client: Client) -> None:
    channel.send(client, KEY, COMMAND, life_ms=-channel.LATE_MS - 1)
    told = channel.outcome(client, TARGET, COMMAND.id)
    assert told is not None
    assert told.status is Status.EXPIRED
    assert "No process took it" in str(told.text)
    client.xadd(STREAM, {"body": "junk"})
    assert channel.outcome(client, TARGET, COMMAND.id) == told


def test_an_outcome_comes_back_as_it_was_recorded_for_a_day(client: Client) -> None:
    hosts.write(client, REPORT)
    channel.record(client, accepted())
    assert channel.outcome(client, TARGET, COMMAND.id) == accepted()
    assert 86_000_000 < client.pttl(keys.control(TARGET, "outcomes")) <= 86_400_000


def test_a_command_whose_process_is_gone_is_told_as_interrupted_and_one_that_ended_is_not(client: Client) -> None:
    channel.record(client, accepted())
    told = channel.outcome(client, TARGET, COMMAND.id)
    assert told is not None
    assert told.status is Status.FAILED
    assert "in the middle of it" in str(told.text)
    channel.record(client, accepted(Status.DONE))
    assert channel.outcome(client, TARGET, COMMAND.id) == accepted(Status.DONE)


@pytest.mark.parametrize("junk", ["", "[]", "{}", '{"id":1}', "null"])
def test_junk_in_place_of_an_outcome_is_none(client: Client, junk: str) -> None:
    client.hset(keys.control(TARGET, "outcomes"), COMMAND.id, junk)
    assert channel.outcome(client, TARGET, COMMAND.id) is None


def test_another_type_in_place_of_outcomes_gives_way_to_the_next(client: Client) -> None:
    hosts.write(client, REPORT)
    client.set(keys.control(TARGET, "outcomes"), "junk")
    assert channel.outcome(client, TARGET, COMMAND.id) is None
    channel.record(client, accepted())
    assert channel.outcome(client, TARGET, COMMAND.id) == accepted()
