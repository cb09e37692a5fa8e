"""Sixty events over three exchanges, and who sends is killed seven times: real processes, a service with buckets."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from perseus import keys
from perseus.network.exchange import Exchange
from perseus.network.log.activity import TRANSITION, ActivityLog, Entry
from perseus.store import Client, connect
from perseus.testing.chaos import ChaosDiscord
from perseus.testing.service import Reply, Request
from tests.commands.running import Command, Site, eventually

EXCHANGES = (Exchange(1, "coinbase", ""), Exchange(2, "binance", ""), Exchange(3, "binance_us", ""))
EVENTS, KILLS = 60, 7
LEASE = keys.destination("numbered", "lease")
PLUGIN = """\
from perseus import Limit, Manifest, NotifierKind, hookimpl

ADDRESS = {address!r}


class Numbered:
    def send(self, notifications, context):
        (one,) = notifications
        event = one.events[0].fields["eventId"]
        context.http.post(ADDRESS, json={{"event": event, "repeat": one.is_repeat, "id": one.id}})


@hookimpl
def perseus_manifest():
    return Manifest(api=">=1,<2")


@hookimpl
def perseus_register_notifiers():
    return [NotifierKind("numbered", lambda config: Numbered(), limits=(Limit(5, 1.0),))]
"""


class SlowDiscord(ChaosDiscord):
    """Five requests a second; each answer takes long enough to be killed in. `is_silent`: it never names its limits."""

    def __init__(self, is_silent: bool) -> None:
        super().__init__(limit=5, window=1.0)
        self._is_silent = is_silent

    def take(self, request: Request) -> Reply:
        reply = super().take(request)
        return replace(reply, delay=0.02, headers={} if self._is_silent else reply.headers)


@pytest.fixture
def discord(case: tuple[str, bool]) -> Iterator[SlowDiscord]:
    with SlowDiscord(is_silent=case[1]) as service:
        yield service


@pytest.fixture(
    params=[
        ("real_store", False),
        pytest.param(("real_store", True), marks=pytest.mark.long),
        pytest.param(("cluster_store", False), marks=pytest.mark.long),
    ],
    ids=str,
)
def case(request: pytest.FixtureRequest) -> tuple[str, bool]:
    """Which store, and whether the service keeps its limits to itself."""
    return cast("tuple[str, bool]", request.param)


@pytest.fixture
def store_url(request: pytest.FixtureRequest, case: tuple[str, bool]) -> str:
    return str(request.getfixturevalue(case[0]))


@pytest.fixture
def site(tmp_path: Path, store_url: str, discord: ChaosDiscord) -> Site:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "numbered.py").write_text(PLUGIN.format(address=discord.webhook))
    made = Site(
        tmp_path / "home",
        PERSEUS_REDIS_URL=store_url,
        PERSEUS_PLUGINS_DIR=str(tmp_path / "plugins"),
        PERSEUS_PLUGIN_NUMBERED="on",
        PERSEUS_DESTINATION_LEASE_SECONDS="1.2",
        PERSEUS_STORE_TIMEOUT_SECONDS="0.25",
        PERSEUS_DELIVERY_SECONDS="0.6",
    )
    assert made.run("init").returncode == 0
    return made


def write(client: Client) -> None:
    """Sixty events in turn; the id of each says where it belongs and which it is."""
    logs = [ActivityLog(client, exchange, 1_000) for exchange in EXCHANGES]
    walk = ("starting", "warming", "active", "stopping", "stopped")
    for at in range(EVENTS):
        fields = {
            "timestamp": "2026-01-01T00:00:00.000Z",
            "exchangeName": EXCHANGES[at % 3].name,
            "hostname": "feed-1",
            "fromState": "idle",
            "toState": walk[at // 3 % 5],
            "reason": "test",
        }
        logs[at % 3].append(Entry(TRANSITION, f"{EXCHANGES[at % 3].name}-{at:02}", "1", fields))


def holder(client: Client) -> int:
    """Process id of who has the lease, 0 for nobody."""
    found: Any = client.get(LEASE)
    return int(found.split(" ")[0].rsplit("-", 2)[1]) if found else 0


def kill_the_sender(client: Client, running: dict[int, Command], came: list[Any]) -> None:
    """In the middle of what it does, once it has come further than the last: three ends of one message park it."""
    pid = eventually(lambda: holder(client) in running and holder(client))
    count = len(came)
    eventually(lambda: len(came) > count + 1)
    time.sleep(random.uniform(0, 0.05))
    os.kill(pid, signal.SIGKILL)
    running.pop(pid).process.wait(10)


def test_nothing_is_lost_or_out_of_order_no_limit_is_broken_and_every_repeat_says_so(
    site: Site, store_url: str, discord: ChaosDiscord
) -> None:
    with connect(store_url, timeout=2, name="test") as client, ExitStack() as stack:
        running: dict[int, Command] = {}

        def start() -> None:
            command = stack.enter_context(site.start("dispatch"))
            running[command.pid] = command

        start()
        start()
        eventually(lambda: client.exists(LEASE))
        eventually(lambda: client.hget(keys.destination("numbered", "cursor"), " since"))
        write(client)
        for _ in range(KILLS):
            kill_the_sender(client, running, discord.came)
            start()
        eventually(lambda: len({one["event"] for one in told(discord)}) == EVENTS, 60)
        eventually(lambda: not client.exists(keys.destination("numbered", "inflight")))
    came = told(discord)
    assert discord.refused == 0
    seen: Counter[str] = Counter()
    for one in came:
        assert one["repeat"] or not seen[one["event"]], f"{one['event']} came again unmarked"
        seen[one["event"]] += 1
    for exchange in EXCHANGES:
        of_it = [one["event"] for one in came if one["event"].rpartition("-")[0] == exchange.name]
        assert of_it == sorted(of_it)
    assert len({one["id"] for one in came}) == EVENTS


def told(service: ChaosDiscord) -> list[Any]:
    """What arrived. Of a request whose sender was killed while it wrote, half may have come: that is no message."""
    found = []
    for request in list(service.requests):
        with suppress(ValueError):
            found.append(request.json())
    return found
