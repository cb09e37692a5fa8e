"""The rights that docs/operate.md gives a store's user are enough for candles and tickers."""

from __future__ import annotations

from perseus.market.cache import CandleCache
from perseus.market.coverage import Coverage
from perseus.market.tickercache import TickerCache
from perseus.store import connect
from tests.docs import pages
from tests.market.making import BTC, NEW, START, STEP, candle
from tests.market.test_ticker import ticker
from tests.redis_process import RedisProcess

(RULE,) = [block for block in pages.blocks(pages.read("operate.md"), "text") if block.startswith("ACL ")]


def test_candles_and_tickers_are_kept_with_the_rights_of_the_page(own_server: RedisProcess) -> None:
    with own_server.client() as admin:
        admin.execute_command(*RULE.split())
    with connect(own_server.url.replace("://", "://perseus:secret@"), timeout=2, name="test") as client:
        cache = CandleCache(client, 7, NEW)
        known = Coverage().verify(START, START + STEP)
        cache.store({BTC: [candle(0, is_closed=False)]}, live=True)
        assert cache.store({BTC: [candle(0)]}, live=True, coverage={BTC: known}).closed == 1
        assert (cache.newest(BTC, 1), cache.coverage(BTC)) == ([candle(0)], known)
        tickers = TickerCache(client, 7, NEW)
        tickers.store([ticker()])
        assert tickers.get("BTC-USD") == ticker()
