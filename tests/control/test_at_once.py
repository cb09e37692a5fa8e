"""What a process is at is known within moments of each change, and nothing else is said of it on the way."""

from __future__ import annotations

import subprocess
import time

import redis

from perseus import keys
from perseus.control import hosts
from perseus.control.command import Kind
from perseus.control.hosts import Report
from tests.control.conftest import KEYED, Commander, eventually
from tests.ingest.running import BINANCE_ID, Start, wait_active

ALONE = ("-m", "perseus", "ingest", "binance", "--made-up")
SOON = 3.0


def until_said(reader: redis.Redis, commander: Commander, **having: object) -> list[Report]:
    """All different reports up to one that is such, which has to come soon after the process has connected."""
    seen: list[Report] = []
    first_at = 0.0

    def is_said() -> bool:
        nonlocal first_at
        for one in hosts.read(commander.client):
            plain = one.model_copy(update={"at": 0})
            if plain not in seen:
                seen.append(plain)
        if not first_at and any(one["name"].startswith("perseus:agent:") for one in reader.client_list()):
            first_at = time.monotonic()
        return bool(seen) and having.items() <= seen[-1].model_dump().items()

    eventually(is_said)
    assert time.monotonic() - first_at < SOON
    return seen


def test_a_process_that_begins_with_an_exchange_is_at_that_from_its_first_report_on(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    reader.hset(keys.last_record(BINANCE_ID), mapping={"token": "7", "until_ms": int(time.time() * 1000) + 60_000})
    start(*ALONE, **KEYED)
    said = until_said(reader, commander, role="serving", exchange_id=BINANCE_ID)
    assert {(one.role, one.exchange_name) for one in said} == {("serving", "binance")}


def test_one_that_ends_is_never_said_to_be_idle_and_gone_with_its_end(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    process: subprocess.Popen[str] = start(*ALONE, **KEYED)
    wait_active(reader, process)
    (host,) = commander.hosts(role="serving")
    commander.send(host.target, Kind.STOP)
    roles = {"serving"}
    while process.poll() is None:
        roles |= {one.role for one in hosts.read(commander.client)}
    assert roles == {"serving"}
    assert hosts.read(commander.client) == []
