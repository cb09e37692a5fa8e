"""Notifiers that hang, raise or fill memory, in a real dispatcher beside a good one, which must not notice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from perseus import keys
from perseus.errors import EXIT_MEMORY
from perseus.network.exchange import Exchange
from perseus.network.log.activity import TRANSITION, ActivityLog, Entry
from perseus.notify import orders
from perseus.store import Client, connect
from perseus.testing.service import FakeService
from tests.commands.running import Site, eventually

COINBASE = Exchange(1, "coinbase", "Coinbase")
HEAD = """\
import time
from perseus import Manifest, hookimpl

@hookimpl
def perseus_manifest():
    return Manifest(api=">=1,<2")

@hookimpl
def perseus_notify(event, context):
"""
GOOD = "    context.http.post({address!r}, json=[one.fields['eventId'] for one in event.events])\n"
SLEEPER = "    time.sleep(3600)\n"
RAISER = "    raise RuntimeError('it always raises')\n"
HOG = "    kept = []\n    while True:\n        kept.append(bytearray(20_000_000))\n"
GREEDY = "    bytearray(50_000_000_000)\n"


@pytest.fixture
def service() -> Iterator[FakeService]:
    with FakeService() as service:
        yield service


@pytest.fixture
def client(real_store: str) -> Iterator[Client]:
    with connect(real_store, timeout=2, name="test") as client:
        yield client


def site(folder: Path, store: str, service: FakeService, **plugins: str) -> Site:
    """A site whose dispatcher has these plugins, and one good one."""
    plugins["good"] = GOOD.format(address=service.url)
    (folder / "plugins").mkdir()
    for name, body in plugins.items():
        (folder / "plugins" / f"{name}.py").write_text(HEAD + body)
    settings = {f"PERSEUS_PLUGIN_{name.upper()}": "on" for name in plugins}
    made = Site(
        folder / "home",
        PERSEUS_REDIS_URL=store,
        PERSEUS_PLUGINS_DIR=str(folder / "plugins"),
        PERSEUS_DELIVERY_SECONDS="1",
        **settings,
    )
    assert made.run("init").returncode == 0
    return made


def write(client: Client, at: int) -> str:
    """One event; gives its id."""
    fields = {"timestamp": "", "exchangeName": "coinbase", "fromState": "idle", "toState": "active", "reason": ""}
    ActivityLog(client, COINBASE, 1_000).append(Entry(TRANSITION, f"event-{at}", "1", fields))
    return f"event-{at}"


def arrives(service: FakeService, event: str) -> float:
    """Seconds until the good destination has it."""
    began = time.monotonic()
    eventually(lambda: any(event in request.text for request in list(service.requests)))
    return time.monotonic() - began


def held(client: Client, *names: str) -> None:
    """Until a dispatcher sends for these and has begun."""
    for name in names:
        eventually(lambda name=name: client.hget(keys.destination(name, "cursor"), " since"))


def state(client: Client, name: str) -> dict[str, str]:
    found: Any = client.hgetall(keys.destination(name, "state"))
    return dict(found)


def test_others_are_sent_to_at_once_beside_one_that_hangs_and_one_that_raises(
    tmp_path: Path, real_store: str, service: FakeService, client: Client
) -> None:
    made = site(tmp_path, real_store, service, sleeper=SLEEPER, raiser=RAISER)
    with made.start("dispatch") as dispatch:
        held(client, "good", "sleeper", "raiser")
        waits = []
        for at in range(8):
            waits.append(arrives(service, write(client, at)))
            time.sleep(0.2)
        assert median(waits) < 1  # as long as each of the others keeps its lane
        eventually(lambda: state(client, "sleeper")["breaker"] == "open")
        assert "did not come back" in state(client, "sleeper")["breakerReason"]
        assert "it always raises" in state(client, "raiser")["lastReason"]
        assert state(client, "good")["breaker"] == "closed"
        code, _ = dispatch.stop()
        assert code == 0


def test_one_that_fills_memory_is_named_and_stopped_and_the_others_are_sent_to_again(
    tmp_path: Path, real_store: str, service: FakeService, client: Client
) -> None:
    made = site(tmp_path, real_store, service, hog=HOG, sleeper=SLEEPER)
    made.settings["PERSEUS_DISPATCH_MEMORY_MB"] = "300"
    with made.start("dispatch") as dispatch:
        held(client, "good", "hog", "sleeper")
        first = write(client, 0)
        assert dispatch.process.wait(30) == EXIT_MEMORY
        assert "sending to hog" in dispatch.said
    assert state(client, "hog")["breaker"] == "open"
    assert "memory" in state(client, "hog")["breakerReason"]
    client.delete(*(keys.destination(name, "lease") for name in ("good", "hog", "sleeper")))
    with made.start("dispatch"):
        arrives(service, first)
        held(client, "good")
        arrives(service, write(client, 1))
        assert state(client, "hog")["breaker"] == "open"
        what: Any = client.xrange(keys.DISPATCH_LOG)
        assert [(one["what"], one["destination"]) for _, one in what if one["destination"] == "hog"] == [
            ("memory", "hog")
        ]


def test_one_huge_allocation_fails_in_its_own_call(
    tmp_path: Path, real_store: str, service: FakeService, client: Client
) -> None:
    made = site(tmp_path, real_store, service, greedy=GREEDY)
    with made.start("dispatch") as dispatch:
        held(client, "good", "greedy")
        arrives(service, write(client, 0))
        assert "MemoryError" in eventually(lambda: state(client, "greedy").get("lastReason"))
        assert dispatch.process.poll() is None


def test_an_order_is_answered_by_the_process_itself(
    tmp_path: Path, real_store: str, service: FakeService, client: Client
) -> None:
    made = site(tmp_path, real_store, service)
    with made.start("dispatch"):
        held(client, "good")
        order = orders.place(client, keys.destination("good", "orders"), "test", "ada")
        found = eventually(lambda: orders.answer(client, keys.destination_answer("good", order)), 3)
        assert found.ok
        reported: Any = eventually(lambda: client.hgetall(keys.DISPATCHERS))
        assert '"good"' in str(reported)
    check = orders.place(client, keys.kind_orders("good"), "check", "ada", {"config": {"x": 1}})
    with made.start("dispatch"):
        answer = eventually(lambda: orders.answer(client, keys.kind_answer("good", check)))
        assert not answer.ok
        assert answer.detail["problems"].keys() == {"x"}
