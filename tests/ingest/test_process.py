"""`perseus ingest` as a process of its own: exit codes, signals, and what it leaves behind."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest
import redis

from perseus import keys
from tests.ingest.running import BINANCE_ID, SHORT, Start, path, wait_active
from tests.ingest.test_capture import BINANCE, written
from tests.redis_process import free_port


def test_three_processes_of_one_exchange_are_one_holder_and_two_that_are_told_who_it_is(
    start: Start, reader: redis.Redis, capture: Path
) -> None:
    holder = start("-m", "perseus", "ingest", "binance", "--replay", capture)
    payload = wait_active(reader, holder)
    assert payload["symbolCount"] == 2
    assert payload["fields"]["feed"] == "replay of capture.0"
    for arguments in (["--replay", capture], ["--made-up"]):
        late = start("-m", "perseus", "ingest", "binance", *arguments)
        said = late.communicate(timeout=20)[1]
        assert late.returncode == 69
        assert f"binance is held by {payload['hostname']} (IP unknown), since {payload['connectedAt']}" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_in_order_and_leaves_nothing(
    start: Start, reader: redis.Redis, number: signal.Signals
) -> None:
    process = start("-m", "perseus", "ingest", "binance", "--made-up")
    wait_active(reader, process)
    began = time.monotonic()
    process.send_signal(number)
    said = process.communicate(timeout=20)[1]
    assert process.returncode == 0, said
    assert time.monotonic() - began < 5
    assert path(reader) == ["starting", "warming", "active", "stopping", "stopped"]
    assert not reader.exists(keys.status(BINANCE_ID))
    assert reader.hget(keys.last_record(BINANCE_ID), "closed") == "1"
    assert "Traceback" not in said


def test_the_messages_of_a_replay_are_on_the_card(start: Start, reader: redis.Redis, capture: Path) -> None:
    process = start("-m", "perseus", "ingest", "binance", "--replay", capture, **SHORT)
    give_up = time.monotonic() + 10
    while wait_active(reader, process)["fields"] != {"feed": "replay of capture.0", "messageCount": 3}:
        assert time.monotonic() < give_up
        time.sleep(0.05)
    payload = wait_active(reader, process)
    assert payload["symbolCount"] == 2
    assert payload["lastMessageAt"] is not None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nope"], "'nope' is not a known exchange. Known: coinbase, binance"),
        (["binance", "--replay", "absent.0"], "--replay: absent.0 cannot be read: No such file"),
        (["binance", "--replay", "readme.txt"], "readme.txt, line 1: it does not begin with"),
    ],
)
def test_bad_input_ends_with_78_before_anything_is_claimed(
    start: Start, reader: redis.Redis, site_environment: dict[str, str], arguments: list[str], said: str
) -> None:
    (Path(site_environment["PERSEUS_HOME"]) / "readme.txt").write_text("read me\n")
    process = start("-m", "perseus", "ingest", *arguments)
    error = process.communicate(timeout=20)[1]
    assert (process.returncode, "Traceback" in error) == (78, False)
    assert said in error
    assert reader.keys("*") == [keys.INITIALISED]


def test_a_bad_line_further_on_fails_the_start_and_releases(start: Start, reader: redis.Redis, tmp_path: Path) -> None:
    process = start("-m", "perseus", "ingest", "binance", "--replay", written(tmp_path, BINANCE + "102.0: {"))
    error = process.communicate(timeout=20)[1]
    assert process.returncode == 78
    assert "capture.0, line 5: it is not" in error
    assert path(reader) == ["starting", "warming", "idle"]
    assert not reader.exists(keys.status(BINANCE_ID))


def test_a_lost_lease_ends_it_with_75(start: Start, reader: redis.Redis, capture: Path) -> None:
    process = start("-m", "perseus", "ingest", "binance", "--replay", capture, **SHORT)
    payload = wait_active(reader, process)
    taken = {**payload, "instanceId": "another", "hostname": "usurper"}
    reader.set(keys.status(BINANCE_ID), json.dumps(taken), px=60_000)
    error = process.communicate(timeout=20)[1]
    assert process.returncode == 75
    assert "The lease on binance is lost: another instance holds it. It is now held by usurper" in error
    assert json.loads(reader.get(keys.status(BINANCE_ID)))["instanceId"] == "another"


def test_a_signal_ends_it_while_it_waits_for_a_store_that_is_down(start: Start) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    process = start("-m", "perseus", "ingest", "binance", "--made-up", PERSEUS_REDIS_URL=nowhere)
    assert process.stderr is not None
    assert "Trying again for" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0
