"""`perseus.run` and `perseus.join` in an owner's own process: exit codes, signals, and what it leaves behind."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest
import redis

from perseus import keys
from perseus.ingest.feed import Feed
from perseus.ingest.process import serve
from perseus.network.exchange import Exchange
from perseus.network.instance import Instance
from perseus.settings import Settings
from tests.ingest.running import BINANCE_ID, ROOT, SHORT, Start, path, wait_active
from tests.ingest.scripted import ScriptedFeed
from tests.plugins.shelf import REGISTRY, Shelf, installed

RUN = """
import sys, threading, time, perseus

class Feed:
    name = "test"
    symbols = ("A",)

    def __init__(self, instance):
        print(instance.exchange.name, file=sys.stderr)
        {make}

    def connect(self): {connect}
    def warm(self): pass
    def receive(self, timeout): {receive}
    def close(self): {close}

sys.exit(perseus.run({name!r}, Feed))
"""


def run(
    start: Start,
    name: str = "binance",
    connect: str = "pass",
    receive: str = "time.sleep(0.01); return 1",
    make: str = "pass",
    close: str = "pass",
    **changes: str,
) -> subprocess.Popen[str]:
    return start("-c", RUN.format(name=name, connect=connect, receive=receive, make=make, close=close), **changes)


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


@pytest.mark.parametrize("part", ["make", "connect", "receive", "close"])
def test_a_feed_that_cannot_be_stopped_is_ended_with_its_process(start: Start, reader: redis.Redis, part: str) -> None:
    hang = {part: "print('hangs', file=sys.stderr); time.sleep(600)"}
    process = run(start, PERSEUS_STOP_SECONDS="1", **hang)
    if part == "close":
        wait_active(reader, process)
    else:
        assert process.stderr is not None
        while process.stderr.readline() != "hangs\n":
            assert process.poll() is None
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    error = process.communicate(timeout=20)[1]
    assert process.returncode == 1
    assert time.monotonic() - began < 5
    assert "binance has not stopped within 1 s and is ended." in error
    assert "its feed or a plugin hangs, the work has not ended within 0.8 s" in error
    assert not reader.exists(keys.status(BINANCE_ID))
    assert reader.hget(keys.last_record(BINANCE_ID), "closed") == "1"


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


LEFT = """
import perseus
instance = perseus.join("binance")
instance.transition(perseus.State.STARTING, "start")
{end}
"""


@pytest.mark.parametrize(
    ("end", "is_held"),
    [("", False), ("raise KeyboardInterrupt", False), ("raise SystemExit(3)", False), ("1 / 0", True)],
)
def test_an_instance_that_nobody_stopped_is_given_back_by_a_process_that_did_not_fail(
    start: Start, reader: redis.Redis, end: str, is_held: bool
) -> None:
    process = start("-c", LEFT.format(end=end), **SHORT)
    process.communicate(timeout=20)
    assert bool(reader.exists(keys.status(BINANCE_ID))) == is_held
    assert path(reader)[-1] == ("starting" if is_held else "stopped")
