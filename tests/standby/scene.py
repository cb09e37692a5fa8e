"""What tests of takeovers look for: who holds, what the log says of it, and that never two do."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass

import redis

from perseus import keys
from perseus.control.hosts import Report
from tests.control.conftest import KEYED, Commander, eventually
from tests.ingest.running import BINANCE_ID, Start

HOLDER = ("-m", "perseus", "ingest", "binance", "--made-up")
STANDBY = (*HOLDER, "--standby")
IDLE = ("-m", "perseus", "ingest", "--idle", "--made-up")


@dataclass(frozen=True)
class Pair:
    """A holder that is active, and one that stands by, warm: processes, and what they first said of themselves."""

    primary: subprocess.Popen[str]
    held: dict[str, object]
    follower: subprocess.Popen[str]
    reserve: Report


def payload(reader: redis.Redis) -> dict[str, object]:
    """What the status key says; empty while nobody holds it."""
    text = reader.get(keys.status(BINANCE_ID))
    return dict(json.loads(text)) if text else {}


def target(reader: redis.Redis) -> str:
    """The process that holds the exchange and is active; '' for none."""
    told = payload(reader)
    fields = told.get("fields")
    is_active = told.get("connectionState") == "active"
    return str(fields.get("target", "")) if is_active and isinstance(fields, dict) else ""


def until_active(reader: redis.Redis, name: str, seconds: float = 15) -> None:
    """Wait until the process of that name is active."""
    eventually(lambda: target(reader) == name, seconds)


def reasons(reader: redis.Redis) -> list[tuple[str, str]]:
    """Each state that the log tells of, with the reason."""
    events = [fields for _, fields in reader.xrange(keys.activity("binance"))]
    return [(event["toState"], event["reason"]) for event in events if event["event"] == "state_transition"]


def standby(start: Start, commander: Commander, **environment: str) -> tuple[subprocess.Popen[str], Report]:
    """One that stands by, warm."""
    process = start(*STANDBY, **environment)
    found: list[Report] = []

    def is_there() -> bool:
        found[:] = [one for one in commander.hosts() if one.pid == process.pid and one.role == "standby" and one.warm]
        return bool(found)

    eventually(is_there)
    return process, found[0]


def idle(start: Start, commander: Commander) -> Report:
    """A host that waits for a start, and takes commands."""
    start(*IDLE, **KEYED)
    (host,) = commander.hosts(role="idle")
    return host


def free_since(reader: redis.Redis, held: dict[str, object]) -> float:
    """Wait until that lease has ended, which its successor may notice first; when it was seen."""
    give_up = time.monotonic() + 10
    while payload(reader).get("fencingToken") == held["fencingToken"]:
        assert time.monotonic() < give_up
        time.sleep(0.005)
    return time.monotonic()
