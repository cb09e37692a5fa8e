"""Lives of a process on one simulated exchange: each ends as a stop or as a kill, and the next goes on from there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from perseus.exchanges.budget.ledger import inline
from perseus.warmup.reporter import Reporter
from perseus.warmup.schedule import Schedule
from perseus.warmup.stats import Stats
from perseus.warmup.store import Told, WarmupStore, read
from tests.simulated.site import EXCHANGE_ID, Site
from tests.simulated.virtual_loop import run

BASES = tuple(f"C{number:02}" for number in range(10))
SYMBOLS = tuple(f"{base}USDT" for base in BASES)
TIMEFRAMES = ("1d", "1h", "1m")
FRAMES_OF = {"coinbase": ("1d", "1h", "5m")}
PAIRS = len(SYMBOLS) * len(TIMEFRAMES)

Step = Callable[[str, Stats | None], None]


class Watched(WarmupStore):
    """Calls `step` with what is about to happen and what has. Once `is_dead`, nothing is written any more."""

    step: Step = staticmethod(lambda *_: None)
    is_dead = False

    def write_schedule(self, schedule: Schedule) -> list[str]:
        self.step("scanned", None)
        found = [] if self.is_dead else super().write_schedule(schedule)
        self.step("scheduled", None)
        return found

    def write_stats(self, stats: Stats) -> list[str]:
        self.step(f"stats {stats.status}", stats)
        return [] if self.is_dead else super().write_stats(stats)

    def mend(self) -> list[str]:
        return [] if self.is_dead else super().mend()


class Lives(Site):
    """`next_life` gives the site the lease of a next process. `kept` is the store of the one that lives."""

    def __init__(self, name: str = "binance") -> None:
        symbols = [f"{base}-USD" for base in BASES] if name == "coinbase" else SYMBOLS
        super().__init__(name, symbols, FRAMES_OF.get(name, TIMEFRAMES), bases=BASES)
        self.step: Step = lambda *_: None

    def reporter_of(self) -> Reporter:
        self.kept = Watched(self.redis, EXCHANGE_ID, self.token)
        self.kept.step = self.step
        return Reporter(self.kept, inline, self.said.append)

    def told(self) -> Told:
        """As anybody reads it."""
        return read(self.redis, EXCHANGE_ID)

    @property
    def schedule(self) -> Schedule:
        """The latest."""
        found = self.told().schedule
        assert found is not None
        return found

    @property
    def stats(self) -> Stats:
        """The latest."""
        found = self.told().stats
        assert found is not None
        return found

    @property
    def instance(self) -> str:
        """Who holds the exchange."""
        return f"instance {self.token}"

    def die(self) -> None:
        """As by SIGKILL: nothing more is written."""
        self.kept.is_dead = True
        if self.run is not None:
            self.run.cancel()

    async def next_life(self) -> None:
        """Another process, with a later lease."""
        await self.stop()
        self.token, self.step = str(int(self.token) + 1), lambda *_: None
        await self.start()

    def requests(self) -> int:
        """Of any kind, that the exchange has seen."""
        return self.exchange.counters.seen["http_requests"]

    async def until(self, is_so: Callable[[], bool], seconds: float = 600) -> None:
        """Let it work until then."""
        end = asyncio.get_running_loop().time() + seconds
        while not is_so():
            assert asyncio.get_running_loop().time() < end, f"not so after {seconds} s"
            await asyncio.sleep(0.05)


def kline_calls(site: Lives) -> int:
    """Requests for candles that Binance has seen."""
    return site.exchange.counters.seen["GET /api/v3/klines"]


def lived(test: Callable[[Lives], Awaitable[None]], name: str = "binance") -> Lives:
    """Run `test` on a site, and judge that no rule of the exchange was broken."""

    async def main() -> Lives:
        site = Lives(name)
        await test(site)
        await site.stop()
        return site

    site = run(main)
    assert site.world.broken() == {}
    return site
