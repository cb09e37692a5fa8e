"""Hosts whose data store freezes or goes away: they end in time, and take commands again when it is back."""

from __future__ import annotations

import json
import signal
import time

import pytest
from pydantic import SecretStr

from perseus import keys
from perseus.control import channel
from perseus.control.command import Command, Kind
from perseus.control.outcomes import Status
from perseus.settings import Settings
from perseus.store import connect
from tests.control.conftest import KEYED, Commander, eventually
from tests.ingest.running import BINANCE_ID, Start
from tests.redis_process import RedisProcess

IDLE = ("-m", "perseus", "ingest", "--idle", "--made-up")
AWAY_SECONDS, LONGER_THAN_ITS_LEASE_SECONDS = 1.0, 5.0


@pytest.fixture
def away(own_server: RedisProcess, site: Settings) -> Commander:
    assert site.redis_url != SecretStr(own_server.url)
    return Commander(connect(own_server.url, timeout=2, name="commander"))


@pytest.mark.parametrize("is_serving", [False, True], ids=["idle", "serving"])
def test_a_stop_of_the_process_does_not_wait_for_a_store_that_hangs(
    start: Start, away: Commander, own_server: RedisProcess, is_serving: bool
) -> None:
    process = start(*IDLE, **{**KEYED, "PERSEUS_STOP_SECONDS": "0.8"}, PERSEUS_REDIS_URL=own_server.url)
    (host,) = away.hosts(role="idle")
    if is_serving:
        assert away.end(host.target, Kind.START, "binance").status is Status.DONE
    own_server.freeze()
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=20)[1]
    assert time.monotonic() - began < 5
    assert "Traceback" not in said
    if not is_serving:
        assert process.returncode == 0, said


def test_a_host_takes_commands_again_when_the_store_is_back(
    start: Start, away: Commander, own_server: RedisProcess
) -> None:
    process = start(*IDLE, **KEYED, PERSEUS_REDIS_URL=own_server.url)
    (host,) = away.hosts(role="idle")
    own_server.kill()
    time.sleep(AWAY_SECONDS)
    own_server.start()
    away.hosts(role="idle")
    assert away.end(host.target, Kind.START, "binance").status is Status.DONE
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=20)[1]
    assert process.returncode == 0, said
    assert said.count("No commands are taken until the data store answers") == 1
    assert said.count("Commands are taken again") == 1


@pytest.mark.parametrize("wait", ["60", "0.5"], ids=["within-its-wait", "longer-than-its-wait"])
def test_what_a_command_began_and_lost_because_the_store_was_away_is_begun_again(
    start: Start, away: Commander, own_server: RedisProcess, wait: str
) -> None:
    start(*IDLE, **KEYED, PERSEUS_REDIS_URL=own_server.url, PERSEUS_STORE_WAIT_SECONDS=wait)
    (host,) = away.hosts(role="idle")
    first = away.end(host.target, Kind.START, "binance").data["instanceId"]
    own_server.kill()
    time.sleep(LONGER_THAN_ITS_LEASE_SECONDS)
    own_server.start()

    def is_another() -> bool:
        """The report from before stands in the store for a while."""
        (now,) = away.hosts(role="serving", doing="active")
        return now.target == host.target and now.instance_id != first

    eventually(is_another, 30)


def test_a_command_that_grew_old_while_its_process_was_frozen_is_not_done(
    start: Start, away: Commander, own_server: RedisProcess
) -> None:
    process = start(*IDLE, **KEYED, PERSEUS_REDIS_URL=own_server.url)
    (host,) = away.hosts(role="idle")
    process.send_signal(signal.SIGSTOP)

    late = channel.send(away.client, away._key, Command(host.target, Kind.START, "ada", exchange_name="binance"), 500)
    beyond_its_life = 1.0
    time.sleep(beyond_its_life)
    process.send_signal(signal.SIGCONT)
    told = away.until(host.target, late, lambda told: told.is_final)
    assert told.status is Status.EXPIRED
    away.hosts(role="idle")


def test_what_was_taken_over_and_is_begun_again_is_not_taken_over_a_second_time(
    start: Start, away: Commander, own_server: RedisProcess
) -> None:
    from_there = {**KEYED, "PERSEUS_REDIS_URL": own_server.url}
    start("-m", "perseus", "ingest", "binance", "--made-up", **from_there)
    (holder,) = away.hosts(role="serving", doing="active")
    start(*IDLE, **from_there)
    (host,) = away.hosts(role="idle")
    told = away.end(host.target, Kind.TAKEOVER, "binance", **{"from": holder.instance_id})
    assert told.status is Status.DONE, told
    own_server.freeze()
    time.sleep(LONGER_THAN_ITS_LEASE_SECONDS)
    own_server.thaw()

    def is_another() -> bool:
        now = [one for one in away.hosts(0) if one.target == host.target]
        return [one.doing for one in now] == ["active"] and now[0].instance_id != told.data["instanceId"]

    eventually(is_another, 30)
    events = [fields for _, fields in away.client.xrange(keys.activity("binance"))]
    begun = [event["reason"] for event in events if event.get("toState") == "starting"]
    assert begun == ["start", "taken over by Ada (ada@example.net)", "start"]
    fields = json.loads(str(away.client.get(keys.status(BINANCE_ID))))["fields"]
    assert fields["commandedBy"] == "Ada (ada@example.net)"
