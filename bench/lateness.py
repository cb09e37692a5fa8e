"""How late the heartbeat thread gets while other threads of its process keep Python, C code or the cores busy."""

from __future__ import annotations

import hashlib
import random
import re
import threading
import time
from collections.abc import Callable, Sequence
from itertools import pairwise

from bench import store
from bench.figures import Figure
from bench.members import CLOCK, SETTINGS, Member
from perseus.network.exchange import Exchange
from perseus.network.leasing.claims import Gone, RedisClaims, Renewed, Taken
from perseus.network.leasing.heartbeat import Heartbeat
from perseus.network.leasing.lease import Timing
from perseus.store import Client

INTERVAL = 0.05
SECONDS = 2.0
REPEATS = 3
# A beat this late counts as missed: the warden tells everybody who listens.
MISSED = SETTINGS.retry_seconds

Work = Callable[[], object]


def measure(url: str) -> list[Figure]:
    """Worst lateness in each kind of company, as a share of the lateness at which a heartbeat counts as missed."""
    worst: dict[str, list[float]] = {name: [] for name in KINDS}
    with store.client_of(url) as client:
        client.flushall()
        member = Member(client, Exchange(1, "ours", "Ours"))
        for _ in range(REPEATS):
            for name, works in KINDS.items():
                worst[name].append(_worst(client, member, works))
    figures = [_share(name, found) for name, found in worst.items()]
    longest = max(_seconds(work) for work in WITH_GIL)
    ratios = [late / longest for late in worst["C code that holds the GIL"]]
    note = f"that call alone: {longest * 1e3:.0f} ms"
    return [
        *figures,
        Figure(
            "C code that holds the GIL, to its longest call", max(ratios), None, "x", min(ratios), max(ratios), note
        ),
    ]


class Timed(RedisClaims):
    """Claims on one exchange that note when each renewal is sent."""

    def __init__(self, client: Client, exchange: Exchange) -> None:
        super().__init__(client, exchange.id, SETTINGS.ttl_seconds, SETTINGS.settle_seconds)
        self.sent: list[float] = []

    def renew(
        self, nonce: str, instance_id: str, token: str, body: str, put_back_until_ms: int | None
    ) -> Renewed | Taken | Gone:
        self.sent.append(CLOCK.elapsed())
        return super().renew(nonce, instance_id, token, body, put_back_until_ms)


def _worst(client: Client, member: Member, works: Sequence[Work]) -> float:
    """The worst lateness in seconds of a real heartbeat thread that beats every 50 ms while `works` go on."""
    lease, claims = member.lease, Timed(client, member.exchange)
    lease.timing = Timing(INTERVAL, SETTINGS.ttl_seconds, SETTINGS.margin_seconds, SETTINGS.stop_seconds, INTERVAL)
    heartbeat = Heartbeat(lease, claims, member.facts, lambda ms: None, CLOCK, member.store_clock)
    ends = threading.Event()
    threads = [threading.Thread(target=_repeat, args=(work, ends), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    heartbeat.start()
    time.sleep(SECONDS)
    heartbeat.stop(10)
    ends.set()
    for thread in threads:
        thread.join()
    sent = claims.sent
    assert len(sent) > 2, "the heartbeat thread did not beat"
    return max(later - earlier - INTERVAL for earlier, later in pairwise(sent))


def _repeat(work: Work, ends: threading.Event) -> None:
    while not ends.is_set():
        work()


def _seconds(work: Work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _share(name: str, worst: list[float]) -> Figure:
    shares = [late / MISSED * 100 for late in worst]
    note = f"worst {max(worst) * 1e3:.1f} ms late of {MISSED:g} s"
    return Figure(f"heartbeat beside {name}", max(shares), None, "%", min(shares), max(shares), note)


def _count() -> int:
    total = 0
    for number in range(10_000):
        total += number
    return total


NUMBERS = [random.Random(1).random() for _ in range(100_000)]
BUFFER = bytes(4_000_000)
BACKTRACKING = re.compile(r"(a+)+b")
WITH_GIL: Sequence[Work] = (
    lambda: sum(range(2_000_000)),
    lambda: sorted(NUMBERS),
    lambda: pow(3, 200_000),
    lambda: BACKTRACKING.match("a" * 20),
)
KINDS: dict[str, Sequence[Work]] = {
    "an idle process": (),
    "4 threads of pure Python": (_count,) * 4,
    "C code that holds the GIL": WITH_GIL,
    "C code that releases it": (lambda: hashlib.sha256(BUFFER).digest(),) * 4,
}
