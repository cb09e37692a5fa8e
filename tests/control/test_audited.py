"""Each command ends once in the audit log: by its process, or else by whoever notices, however many look."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from perseus import keys
from perseus.access.audit import AuditLog
from perseus.access.auditentry import AuditEntry
from perseus.control import audited, channel, hosts, opened
from perseus.control.audited import EVERY_SECONDS, NOT_KNOWN, SETTLE_SECONDS, Notary
from perseus.control.command import Command, Kind
from perseus.control.hosts import Report
from perseus.control.opened import Opened
from perseus.control.outcomes import Outcome, Status
from perseus.store import Client, connect
from tests.conftest import ManualClock
from tests.control.conftest import eventually
from tests.redis_process import RedisProcess

KEY = b"k" * 32
TARGET = "host-1-abcdef01"
COMMAND = Command(TARGET, Kind.WARM_UP, "ada@example.net", ip="203.0.113.9", exchange_name="binance")
LATE = -channel.LATE_MS - 1


@pytest.fixture
def client(store: str) -> Iterator[Client]:
    with connect(store, timeout=2, name="test") as client:
        yield client


@pytest.fixture
def notaries(client: Client, clock: ManualClock) -> list[Notary]:
    """Two that look, as of two processes."""
    return [Notary(client, clock), Notary(client, clock)]


def look(notaries: list[Notary], clock: ManualClock, seconds: float = SETTLE_SECONDS) -> None:
    """For so long, and once more."""
    for _ in range(round(seconds / EVERY_SECONDS) + 1):
        for one in notaries:
            one.look()
        clock.advance(EVERY_SECONDS)


def ends(client: Client) -> list[AuditEntry]:
    return list(AuditLog(client).read(50).entries)


def tell(client: Client, status: Status, text: str | None = None) -> None:
    """As its process does."""
    channel.record(client, Outcome(COMMAND.id, COMMAND.kind, TARGET, status, 5, 4, text=text))


def test_one_that_nobody_took_ends_as_expired_once(client: Client, notaries: list[Notary], clock: ManualClock) -> None:
    channel.send(client, KEY, COMMAND, life_ms=LATE)
    look(notaries, clock)
    (entry,) = ends(client)
    assert (entry.who, entry.what, entry.target) == ("ada@example.net", "control: warm up", "binance")
    assert (entry.result, entry.detail["status"], entry.ip) == ("refused", "expired", "203.0.113.9")
    assert (entry.detail["id"], entry.detail["process"]) == (COMMAND.id, TARGET)
    assert "No process took it in time" in entry.detail["text"]
    assert opened.read(client) == ([], [])
    opened.add(client, COMMAND)  # as one sees it that looked at the same moment
    look(notaries, clock)
    assert len(ends(client)) == 1


def test_one_whose_process_was_killed_in_its_middle_ends_as_not_known_once(
    client: Client, notaries: list[Notary], clock: ManualClock
) -> None:
    channel.send(client, KEY, COMMAND)
    tell(client, Status.RUNNING)
    look(notaries, clock)
    (entry,) = ends(client)
    assert (entry.result, entry.detail["status"]) == ("failed", NOT_KNOWN)
    assert NOT_KNOWN == "not known: the process has ended"


def test_one_that_goes_on_or_may_be_taken_yet_has_no_end(
    client: Client, notaries: list[Notary], clock: ManualClock
) -> None:
    channel.send(client, KEY, COMMAND)
    look(notaries, clock, 60)
    hosts.write(client, Report(target=TARGET, hostname="host", pid=1, at=0, role="idle"))
    tell(client, Status.RUNNING)
    look(notaries, clock, 60)
    assert ends(client) == []
    assert [one.id for one in opened.read(client)[0]] == [COMMAND.id]


def test_what_its_process_wrote_down_is_not_written_again_and_what_it_could_not_is(
    client: Client, notaries: list[Notary], clock: ManualClock
) -> None:
    channel.send(client, KEY, COMMAND)
    tell(client, Status.DONE, "binance is warm.")
    audited.ended(AuditLog(client), Opened.of(COMMAND), Status.DONE, "binance is warm.")
    another = Command(TARGET, Kind.STOP, "ada@example.net")
    channel.send(client, KEY, another)
    channel.record(client, Outcome(another.id, another.kind, TARGET, Status.DONE, 5, 4, text="stopped"))
    look(notaries, clock)
    assert [(one.what, one.result) for one in ends(client)] == [("control: stop", "done"), ("control: warm up", "done")]
    assert opened.read(client) == ([], [])


def test_a_process_that_is_late_with_what_was_written_for_it_adds_nothing(
    client: Client, notaries: list[Notary], clock: ManualClock
) -> None:
    channel.send(client, KEY, COMMAND, life_ms=LATE)
    look(notaries, clock)
    audited.ended(AuditLog(client), Opened.of(COMMAND), Status.EXPIRED, "It came 3 s too late.")
    assert len(ends(client)) == 1


def test_what_was_seen_for_a_moment_is_not_believed(client: Client, notaries: list[Notary], clock: ManualClock) -> None:
    """A process that could not reach the store is behind with what it says."""
    channel.send(client, KEY, COMMAND)
    tell(client, Status.RUNNING)
    look(notaries, clock, EVERY_SECONDS)
    hosts.write(client, Report(target=TARGET, hostname="host", pid=1, at=0, role="idle"))
    tell(client, Status.RUNNING)
    look(notaries, clock)
    assert ends(client) == []


def test_one_of_which_nothing_is_known_after_a_day_ends_too(
    client: Client, notaries: list[Notary], clock: ManualClock
) -> None:
    opened.add(client, COMMAND.issued(0))
    look(notaries, clock)
    assert [one.detail["status"] for one in ends(client)] == [NOT_KNOWN]


def test_junk_among_them_is_removed_and_another_type_gives_way(
    client: Client, notaries: list[Notary], clock: ManualClock
) -> None:
    for junk in ("", "[]", "{}", '{"id":1}'):
        client.hset(keys.COMMANDS, f"junk {junk}", junk)
    opened.add(client, COMMAND)
    client.hset(keys.COMMANDS, "0" * 32, str(client.hget(keys.COMMANDS, COMMAND.id)))
    look(notaries, clock, 0)
    assert client.hkeys(keys.COMMANDS) == [COMMAND.id]
    client.delete(keys.COMMANDS)
    client.set(keys.COMMANDS, "junk")
    look(notaries, clock, 0)
    channel.send(client, KEY, COMMAND)
    assert [one.id for one in opened.read(client)[0]] == [COMMAND.id]


def test_an_end_that_the_store_does_not_take_is_written_later_and_once(
    own_server: RedisProcess, clock: ManualClock
) -> None:
    with connect(own_server.url, timeout=0.4, name="test") as client:
        channel.send(client, KEY, COMMAND, life_ms=LATE)
        notary = Notary(client, clock)
        client.set(keys.AUDIT_LOG, "of another type")
        look([notary], clock)
        assert len(opened.read(client)[0]) == 1
        client.delete(keys.AUDIT_LOG)
        look([notary], clock)
        assert len(ends(client)) == 1
        assert opened.read(client) == ([], [])


def test_that_it_was_sent_is_written_once_where_the_store_took_it_and_could_not_say_so(
    own_server: RedisProcess, clock: ManualClock
) -> None:
    with connect(own_server.url, timeout=0.4, name="test") as client:
        log = AuditLog(client, clock)
        log.write("ada@example.net", "act")  # the store knows the script from here on
        own_server.freeze()
        audited.began(log, COMMAND)
        own_server.thaw()
        assert log.held == 1
        eventually(lambda: len(ends(client)) == 2)  # it carries out what it was sent while it stood still
        assert log.flush()
        audited.began(log, Command(TARGET, Kind.WARM_UP, "bob@example.net"))
        found = [(one.who, one.what, one.result) for one in ends(client)]
    assert found == [
        ("bob@example.net", "control: warm up", "sent"),
        ("ada@example.net", "control: warm up", "sent"),
        ("ada@example.net", "act", "done"),
    ]
