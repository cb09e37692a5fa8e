"""`perseus ingest` and `perseus.run` as processes of their own: exit codes, signals, and what they leave behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from perseus import keys
from perseus.ingest.feed import Feed
from perseus.ingest.process import serve
from perseus.network.exchange import Exchange
from perseus.network.instance import Instance
from perseus.settings import Settings
from tests.ingest.scripted import ScriptedFeed
from tests.ingest.test_capture import BINANCE, written
from tests.plugins.shelf import REGISTRY, Shelf, installed
from tests.redis_process import free_port

ROOT = Path(__file__).parents[2]
BINANCE_ID = 2
SHORT = {
    "PERSEUS_HEARTBEAT_SECONDS": "0.7",
    "PERSEUS_TTL_SECONDS": "2.4",
    "PERSEUS_MARGIN_SECONDS": "0.9",
    "PERSEUS_STOP_SECONDS": "0.8",
    "PERSEUS_RETRY_SECONDS": "0.2",
    "PERSEUS_STORE_TIMEOUT_SECONDS": "0.4",
}

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(site_environment: dict[str, str]) -> Iterator[Start]:
    """Starts Python with these arguments next to the store; ends what a test leaves."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str | Path, **changes: str) -> subprocess.Popen[str]:
        outside = {name: value for name, value in os.environ.items() if not name.startswith("PERSEUS_")}
        environment = {**outside, **site_environment, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **changes}
        command = [sys.executable, *map(str, arguments)]
        started.append(
            subprocess.Popen(
                command, env=environment, stderr=subprocess.PIPE, text=True, cwd=environment["PERSEUS_HOME"]
            )
        )
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)


@pytest.fixture
def reader(real_store: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(real_store, decode_responses=True) as reader:
        yield reader


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return written(tmp_path, BINANCE)


def wait_active(
    reader: redis.Redis, process: subprocess.Popen[str], exchange_id: int = BINANCE_ID
) -> dict[str, object]:
    give_up = time.monotonic() + 20
    while True:
        text = reader.get(keys.status(exchange_id))
        payload: dict[str, object] = json.loads(text) if text else {}
        if payload.get("connectionState") == "active":
            return payload
        if process.poll() is not None:
            raise AssertionError(process.communicate()[1])
        assert time.monotonic() < give_up
        time.sleep(0.02)


def path(reader: redis.Redis, name: str = "binance") -> list[str]:
    events = [fields for _, fields in reader.xrange(keys.activity(name))]
    return [event["toState"] for event in events if event["event"] == "state_transition"]


def test_three_processes_of_one_exchange_are_one_holder_and_two_that_are_told_who_it_is(
    start: Start, reader: redis.Redis, capture: Path
) -> None:
    holder = start("-m", "perseus", "ingest", "binance", "--replay", capture)
    payload = wait_active(reader, holder)
    assert payload["symbolCount"] == 2
    assert payload["fields"]["feed"] == "replay of capture.0"
    for arguments in (["--replay", capture], []):
        late = start("-m", "perseus", "ingest", "binance", *arguments)
        said = late.communicate(timeout=20)[1]
        assert late.returncode == 69
        assert f"binance is held by {payload['hostname']} (IP unknown), since {payload['connectedAt']}" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_in_order_and_leaves_nothing(
    start: Start, reader: redis.Redis, number: signal.Signals
) -> None:
    process = start("-m", "perseus", "ingest", "binance")
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
    process = start("-m", "perseus", "ingest", "binance", PERSEUS_REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    assert process.stderr is not None
    assert "Trying again for" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0


RUN = """
import sys, threading, time, perseus

class Feed:
    name = "test"
    symbols = ("A",)

    def __init__(self, instance):
        print(instance.exchange.name, file=sys.stderr)

    def connect(self): {connect}
    def warm(self): pass
    def receive(self, timeout): {receive}
    def close(self): pass

sys.exit(perseus.run({name!r}, Feed))
"""


def run(
    start: Start,
    name: str = "binance",
    connect: str = "pass",
    receive: str = "time.sleep(0.01); return 1",
    **changes: str,
) -> subprocess.Popen[str]:
    return start("-c", RUN.format(name=name, connect=connect, receive=receive), **changes)


def test_perseus_run_serves_an_owner_s_feed_until_it_is_stopped(start: Start, reader: redis.Redis) -> None:
    process = run(start)
    assert wait_active(reader, process)["symbolCount"] == 1
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_perseus_run_turns_errors_into_exit_codes_and_says_them(start: Start, reader: redis.Redis) -> None:
    holder = run(start)
    wait_active(reader, holder)
    for process, code, said in [
        (run(start), 69, "binance is held by"),
        (run(start, name="nope"), 78, "'nope' is not a known exchange"),
        (run(start, PERSEUS_TTL_SECONDS="soon"), 78, "PERSEUS_TTL_SECONDS"),
        (run(start, name="coinbase", connect="raise OSError('no route')"), 1, "OSError: no route"),
    ]:
        error = process.communicate(timeout=20)[1]
        assert process.returncode == code, error
        assert said in error
    assert not reader.exists(keys.status(1))


def test_a_feed_that_cannot_be_stopped_is_ended_with_its_process(start: Start, reader: redis.Redis) -> None:
    process = run(start, receive="time.sleep(600)", PERSEUS_STOP_SECONDS="1")
    wait_active(reader, process)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    error = process.communicate(timeout=20)[1]
    assert process.returncode == 1
    assert time.monotonic() - began < 5
    assert "binance has not stopped within 1 s and is ended." in error


def test_an_ingest_process_loads_no_web_stack(start: Start, reader: redis.Redis) -> None:
    web = "{'flask', 'werkzeug', 'gunicorn', 'perseus.web'}"
    process = run(start, connect=f"print(sorted({web} & set(sys.modules)), file=sys.stderr)")
    wait_active(reader, process)
    process.send_signal(signal.SIGTERM)
    assert "[]" in process.communicate(timeout=20)[1].splitlines()


def test_the_plugins_are_shut_down_before_the_process_has_ended(
    shelf: Shelf, site: Settings, exchange: Exchange
) -> None:
    shelf.add(
        "tidy", "import time\n@hookimpl\ndef perseus_shutdown():\n    time.sleep(0.1)\n    calls.put('tidied up')"
    )

    def no_feed(instance: Instance) -> Feed:
        instance.request_stop("nothing to do")
        return ScriptedFeed(instance)

    assert serve(exchange, site, no_feed, shelf.load(REGISTRY)) == 0
    assert shelf.heard("tidy", 0) == "tidied up"


JOIN = """
import perseus
with perseus.join("binance") as instance:
    instance.transition(perseus.State.STARTING, "start")
"""


def test_plugins_hear_the_end_of_a_process_that_joined_with_its_own_loop(
    start: Start, shelf: Shelf, tmp_path: Path
) -> None:
    goodbye = tmp_path / "goodbye"
    source = f"""
    import pathlib, time

    @hookimpl
    def perseus_instance_deregistered(status, reason):
        time.sleep(0.3)
        pathlib.Path({str(goodbye)!r}).write_text(status.exchange_name)
    """
    installed(shelf.folder, "polite", "goodbye", source)
    process = start("-c", JOIN, PYTHONPATH=f"{ROOT}:{shelf.folder}")
    error = process.communicate(timeout=20)[1]
    assert process.returncode == 0, error
    assert goodbye.read_text() == "binance"


def test_an_interrupt_while_a_claim_does_not_count_yet_releases_it(start: Start, reader: redis.Redis) -> None:
    reader.delete(keys.INITIALISED)
    process = start("-c", JOIN, **SHORT)
    give_up = time.monotonic() + 20
    while "perseus:binance:heartbeat" not in [client["name"] for client in reader.client_list()]:
        assert time.monotonic() < give_up
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate(timeout=20)[1]
    assert not reader.exists(keys.status(BINANCE_ID))
    assert path(reader) == []
