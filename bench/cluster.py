"""A poll and a heartbeat on a Cluster of three nodes against the same on one server, in turns in the same run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import store
from bench.figures import Figure
from bench.members import Member, Network
from bench.poll import Polls, round_trips
from bench.rounds import compare
from perseus.network.exchange import Exchange
from perseus.web.feed.newest import PAGE_EVENTS
from tests.redis_cluster import RedisCluster

ROUNDS = {50: 30, 500: 6}
YOUNG, LIVED = 1, PAGE_EVENTS + 10
BEATS = 1_000


def measure(url: str) -> list[Figure]:
    """Young networks and ones that have lived, of 50 and of 500 exchanges, the same on both; then one heartbeat."""
    with tempfile.TemporaryDirectory(prefix="perseus-bench-") as folder:
        cluster = RedisCluster(Path(folder))
        try:
            cluster.start()
            polls = [
                figure
                for exchanges in ROUNDS
                for events in (YOUNG, LIVED)
                for figure in _polls(url, cluster, exchanges, events)
            ]
            return [*polls, _heartbeat(url, cluster)]
        finally:
            cluster.kill()


def _polls(url: str, cluster: RedisCluster, exchanges: int, events: int) -> list[Figure]:
    cluster.flush()
    with store.client_of(url) as one, store.client_of(cluster.url) as many:
        networks = [Network(client, exchanges, events) for client in (one, many)]
        alone, spread = (Polls(client, network) for client, network in zip((one, many), networks, strict=True))
        calls = {
            "poll": alone.poll,
            "view": alone.directory.view,
            "poll, Cluster": spread.poll,
            "view, Cluster": spread.directory.view,
        }
        found = compare(calls, ROUNDS[exchanges], between=lambda: [network.beat_some() for network in networks])
        trips = round_trips(cluster.url, networks[1])
        nodes = len(cluster.nodes)
    told = f"{events} event{'s' * (events > 1)} each"
    return [
        found.figure(f"poll on a Cluster, {exchanges} exchanges, {told}", "poll, Cluster", "poll"),
        found.figure("  of it read and judged", "view, Cluster", "view"),
        Figure("  round trips of it, for each node", trips / nodes, 1, "", note=f"{trips:g} to {nodes} nodes"),
    ]


def _heartbeat(url: str, cluster: RedisCluster) -> Figure:
    cluster.flush()
    with store.client_of(url) as one, store.client_of(cluster.url) as many:
        one.flushall()
        found = compare({"one": _beats(one), "Cluster": _beats(many)}, BEATS)
    return found.figure("heartbeat on a Cluster, to one server", "Cluster", "one")


def _beats(client: store.Client) -> Callable[[], None]:
    member = Member(client, Exchange(1, "ours", "Ours"))
    member.settle()
    return member.beat
