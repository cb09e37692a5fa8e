"""`perseus receive`, the command of the README: a terminal that is told of every change."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import cast
from urllib.request import Request, urlopen

from perseus.commands import receive
from perseus.plugins.webhook import signature
from perseus.store import Client
from tests.commands.running import Site, eventually


def reported(client: Client) -> set[str]:
    """The destinations that dispatchers say they have."""
    reports = cast("dict[str, str]", client.hgetall("perseus:dispatchers"))
    return {one["id"] for report in reports.values() for one in json.loads(report)["destinations"]}


def test_it_shows_each_notification_and_leaves_no_destination_behind(
    site: Site, store_client: Client, write_event: Callable[[int], str]
) -> None:
    with site.start("dispatch"), site.start("receive") as receiving:
        eventually(lambda: "as destination" in receiving.said)
        name = receiving.said.partition("destination '")[2].partition("'")[0]
        eventually(lambda: store_client.exists(f"{{perseus:dest:{name}}}:lease"))
        eventually(lambda: store_client.hexists(f"{{perseus:dest:{name}}}:cursor", " since"))
        for at in range(3):
            write_event(at)
        eventually(lambda: "is active" in receiving.said)
        told = [line for line in receiving.said.splitlines() if "Coinbase" in line]
        assert [line.split()[-1] for line in told] == ["starting", "warming", "active"]
        assert "SIGNATURE" not in receiving.said
        assert receiving.stop(signal.SIGINT)[0] == 0
        eventually(lambda: not store_client.exists(f"{{perseus:dest:{name}}}:lease"))
        eventually(lambda: name not in reported(store_client))


def test_what_somebody_else_posts_is_shown_as_wrongly_signed() -> None:
    told: list[str] = []
    secret = receive.new_secret()
    assert len(signature.key_of(secret)) == 32
    with receive.receiving(secret, told.append) as address:
        body = json.dumps({"title": "Coinbase is offline", "severity": "critical", "drill": True}).encode()
        with urlopen(Request(address, body), timeout=5) as answer:
            assert answer.status == 204
    assert told == ["          critical  Coinbase is offline  (drill, WRONG SIGNATURE)"]
