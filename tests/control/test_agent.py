"""The agent on a real store: commands are accepted at once, done once, and told to their end, whatever happens."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import pytest

from perseus import keys
from perseus.access.audit import AuditLog
from perseus.control import channel, hosts, signing
from perseus.control.command import Command, Kind
from perseus.control.handling import Done, Job, Refused
from perseus.control.outcomes import Outcome, Status
from perseus.control.recorder import Recorder
from perseus.ingest.commands.agent import Agent
from perseus.store import Client, connect
from tests.control.conftest import eventually
from tests.control.desk import KEY, ME, Desk, audited, client, command, desk, end, start, store_url, until
from tests.redis_process import RedisProcess

__all__ = ["client", "desk", "start", "store_url"]


@pytest.mark.everywhere
def test_a_command_is_done_and_told_to_its_end(start: Callable[[str], Agent], store_url: str, client: Client) -> None:
    start(store_url)
    told = end(client, channel.send(client, KEY, command(Kind.CHECK)))
    assert (told.status, told.text, told.percent) == (Status.DONE, "done at once", 100)
    assert dict(told.data) == {"who": "Ada (ada@example.net)"}
    assert told.started_ms <= told.at_ms == told.ended_ms
    eventually(lambda: audited(client) == [("ada@example.net", "control: check", "done")])


def test_how_far_a_long_one_has_come_is_told_and_others_are_done_meanwhile(
    start: Callable[[str], Agent], store_url: str, client: Client, desk: Desk
) -> None:
    start(store_url)
    long = channel.send(client, KEY, command(Kind.START))
    told = until(client, long, lambda told: told.status is Status.RUNNING)
    assert (told.step, told.percent, dict(told.data)) == ("warming", 40, {"symbols": 3})
    assert end(client, channel.send(client, KEY, command(Kind.CHECK))).status is Status.DONE
    desk.go.set()
    assert end(client, long).text == "active"


def test_a_stop_overtakes_and_cancels_what_is_running(
    start: Callable[[str], Agent], store_url: str, client: Client
) -> None:
    start(store_url)
    long = channel.send(client, KEY, command(Kind.START))
    until(client, long, lambda told: told.status is Status.RUNNING)
    stop = channel.send(client, KEY, command(Kind.STOP))
    assert end(client, stop).status is Status.DONE
    told = end(client, long)
    assert (told.status, told.text) == (Status.CANCELLED, "Ada (ada@example.net) has asked for a stop.")


def test_a_stop_that_is_refused_cancels_nothing(
    start: Callable[[str], Agent], store_url: str, client: Client, desk: Desk
) -> None:
    def refuse(_: Job) -> Done:
        raise Refused("it stands by no longer")

    desk.registry.add(Kind.STOP, refuse)
    start(store_url)
    long = channel.send(client, KEY, command(Kind.START))
    until(client, long, lambda told: told.status is Status.RUNNING)
    assert end(client, channel.send(client, KEY, command(Kind.STOP))).status is Status.REFUSED
    desk.go.set()
    assert end(client, long).status is Status.DONE


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        (Kind.PAUSE, Status.REFUSED, "it is paused already"),
        (Kind.RESUME, Status.FAILED, "the exchange is away"),
        (Kind.RELOAD, Status.FAILED, "It failed: SystemExit: 3"),
        (Kind.WARM_UP, Status.REFUSED, "This process cannot do that"),
    ],
)
def test_what_a_handler_raises_is_told_to_who_commanded_and_ends_nothing(
    start: Callable[[str], Agent], store_url: str, client: Client, kind: Kind, status: Status, text: str
) -> None:
    start(store_url)
    told = end(client, channel.send(client, KEY, command(kind)))
    assert told.status is status
    assert str(told.text).startswith(text)
    assert end(client, channel.send(client, KEY, command(Kind.CHECK))).status is Status.DONE


def test_a_forged_one_is_not_done_nor_answered_and_told_once(
    start: Callable[[str], Agent], store_url: str, client: Client, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    start(store_url)
    forged = [channel.send(client, b"another key", command(Kind.START)) for _ in range(5)]
    for junk in ({"body": "{", "mac": ""}, {"odd": "entry"}, {"body": "\x00" * 99, "mac": "\u00ff"}):
        client.xadd(keys.control(ME, "commands"), junk)  # type: ignore[arg-type]
    assert end(client, channel.send(client, KEY, command(Kind.CHECK))).status is Status.DONE
    assert len(desk.asked) == 1
    assert [channel.outcome(client, ME, one) for one in forged] == [None] * 5
    assert audited(client)[-1] == ("", "control: forged command", "refused")
    assert len([entry for entry in audited(client) if entry[0] == ""]) == 1
    assert len([one for one in caplog.records if "not signed" in one.getMessage()]) == 1


def test_a_replayed_one_is_not_done_again_and_its_outcome_stays(
    start: Callable[[str], Agent], store_url: str, client: Client, desk: Desk
) -> None:
    start(store_url)
    first = channel.send(client, KEY, command(Kind.CHECK))
    told = end(client, first)
    (letter,) = channel.receive(client, ME, channel.START, 0)
    client.xadd(keys.control(ME, "commands"), {"body": letter.body, "mac": letter.mac})
    end(client, channel.send(client, KEY, command(Kind.CHECK)))
    assert len(desk.asked) == 2
    assert channel.outcome(client, ME, first) == told
    assert ("ada@example.net", "control: check", "refused") in audited(client)


def test_what_has_expired_or_is_meant_for_others_is_answered_and_not_done(
    start: Callable[[str], Agent], store_url: str, client: Client, desk: Desk
) -> None:
    late = channel.send(client, KEY, command(Kind.CHECK), life_ms=0)
    of_other_run = channel.send(client, KEY, command(Kind.CHECK, instance_id="another"))
    strayed = Command("another", Kind.CHECK, "ada").issued(int(time.time() * 1000))
    body = strayed.to_json()
    client.xadd(keys.control(ME, "commands"), {"body": body, "mac": signing.sign(KEY, body)})
    start(store_url)
    assert end(client, late).status is Status.EXPIRED
    told = end(client, of_other_run)
    assert (told.status, "Look at the card again" in str(told.text)) == (Status.REFUSED, True)
    assert end(client, strayed.id).target == ME
    assert desk.asked == []


def test_it_announces_itself_says_what_changed_and_leaves(
    start: Callable[[str], Agent], store_url: str, client: Client, desk: Desk
) -> None:
    agent = start(store_url)
    eventually(lambda: [one.target for one in hosts.read(client)] == [ME])
    desk.instance_id = "run-1"
    agent.changed()
    eventually(lambda: [one.instance_id for one in hosts.read(client)] == ["run-1"])
    agent.stop(1)
    assert hosts.read(client) == []


def test_a_process_that_ends_says_so_of_what_it_was_doing(
    start: Callable[[str], Agent], store_url: str, client: Client
) -> None:
    agent = start(store_url)
    long = channel.send(client, KEY, command(Kind.START))
    until(client, long, lambda told: told.status is Status.RUNNING)
    agent.stop(1)
    told = end(client, long)
    assert (told.status, told.text) == (Status.CANCELLED, "The process was ended in the middle of it.")


def test_a_store_that_is_away_is_waited_for_and_what_came_of_commands_is_told_after(
    start: Callable[[str], Agent], own_server: RedisProcess, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    with connect(own_server.url, timeout=2, name="test") as client:
        start(own_server.url)
        long = channel.send(client, KEY, command(Kind.START))
        until(client, long, lambda told: told.status is Status.RUNNING)
        own_server.kill()
        desk.go.set()
        eventually(lambda: "No commands are taken" in caplog.text)
        own_server.start()
        assert until(client, long, lambda told: told.is_final, 10).text == "active"
        assert end(client, channel.send(client, KEY, command(Kind.CHECK))).status is Status.DONE
    said = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert len([line for line in said if line.startswith("No commands are taken")]) == 1
    assert len([line for line in said if line.startswith("Commands are taken again")]) == 1
    assert len(desk.asked) == 2


def test_who_copies_old_commands_into_the_stream_does_not_fill_the_audit_log(
    start: Callable[[str], Agent], store_url: str, client: Client, desk: Desk
) -> None:
    start(store_url)
    end(client, channel.send(client, KEY, command(Kind.CHECK)))
    (letter,) = channel.receive(client, ME, channel.START, 0)
    for _ in range(60):
        client.xadd(keys.control(ME, "commands"), {"body": letter.body, "mac": letter.mac})
    end(client, channel.send(client, KEY, command(Kind.CHECK)))
    assert len(desk.asked) == 2
    assert len([one for one in AuditLog(client).read(100).entries if one.result == "refused"]) in range(20, 41)


def test_a_stop_is_taken_however_much_is_in_hand(
    start: Callable[[str], Agent], store_url: str, client: Client, desk: Desk
) -> None:
    start(store_url)
    many = [channel.send(client, KEY, command(Kind.START)) for _ in range(17)]
    told = end(client, many[-1])
    assert (told.status, "16 commands in hand" in str(told.text)) == (Status.REFUSED, True)
    assert end(client, channel.send(client, KEY, command(Kind.STOP))).status is Status.DONE
    assert end(client, many[0]).status is Status.CANCELLED


def test_a_process_that_lives_long_keeps_the_newest_outcomes_alone(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perseus.control.recorder.KEPT", 3)
    recorder = Recorder(client)
    for number in range(7):
        recorder.write(Outcome(f"{number}", "check", ME, Status.DONE, number, number, number))
    assert sorted(client.hkeys(keys.control(ME, "outcomes"))) == ["4", "5", "6"]
    recorder.write(Outcome("6", "check", ME, Status.RUNNING, 9, 9))
    told = channel.outcome(client, ME, "6")
    assert told is not None
    assert told.status is Status.DONE


def test_another_type_in_place_of_its_stream_is_deleted_and_commands_are_done_again(
    start: Callable[[str], Agent], store_url: str, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    start(store_url)
    stream = keys.control(ME, "commands")
    assert end(client, channel.send(client, KEY, command(Kind.CHECK))).status is Status.DONE
    client.delete(stream)
    client.set(stream, "junk")
    eventually(lambda: client.exists(stream) == 0)
    assert end(client, channel.send(client, KEY, command(Kind.CHECK))).status is Status.DONE
    assert len([line for line in caplog.messages if stream in line]) == 1
    assert "The agent failed" not in caplog.text
