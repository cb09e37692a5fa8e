"""The control endpoint of a served simulator: counters, truth, faults and clock, for tests and people."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from aiohttp import web

from perseus.errors import PerseusError
from perseus.simulator.exchange import Exchange
from perseus.simulator.faults.catalogue import CATALOGUE
from perseus.simulator.faults.fault import ScenarioError, fault_of
from perseus.simulator.market import buckets
from perseus.simulator.market.bar import text
from perseus.simulator.market.truth import Known
from perseus.simulator.replay.exchange import REPLAYED
from perseus.simulator.world import Driver, World

log = logging.getLogger(__name__)

ROWS = 1_000


class Control:
    """Its requests. What cannot be done is a 400 whose `error` says why."""

    def __init__(self, world: World, driver: Driver) -> None:
        self._world = world
        self._driver = driver

    async def counters(self, _: web.Request) -> web.Response:
        return _told(self._world.as_json())

    async def truth(self, request: web.Request) -> web.Response:
        """Of `exchange`, `symbol`, `timeframe`, `from` and `to` in milliseconds; the newest 1,000 by default."""
        query = request.query
        exchange = self._exchange(query.get("exchange", ""))
        if isinstance(exchange, REPLAYED):
            raise ScenarioError(f"{exchange.name} is a recording: it is not known what really was.")
        symbol, timeframe = query.get("symbol", ""), query.get("timeframe", "")
        if symbol not in exchange.truth.markets:
            raise ScenarioError(f"{exchange.name} has no {symbol!r}. Known: {', '.join(exchange.truth.markets)}.")
        if timeframe not in buckets.TIMEFRAMES:
            raise ScenarioError(f"No timeframe is called {timeframe!r}. Known: {', '.join(buckets.TIMEFRAMES)}.")
        last = _milliseconds(query.get("to", str(self._world.timers.now_ms)))
        if "from" in query:
            first = _milliseconds(query["from"])
        else:
            newest = exchange.truth.bars(symbol, timeframe, None, last, ROWS)
            first = newest[0].open_ms if newest else last
        known = exchange.truth.known(symbol, timeframe, first, last)
        return _told({"now": self._world.timers.now_ms, "candles": [_row(one) for one in known]})

    async def faults(self, _: web.Request) -> web.Response:
        kept = {name: exchange.faults.all() for name, exchange in self._world.exchanges.items()}
        return _told({name: [fault.as_json() for fault in faults] for name, faults in kept.items()})

    async def add_faults(self, request: web.Request) -> web.Response:
        """One fault, or a list. Without `after_ms` they begin now."""
        told = await _read(request)
        entries = told if isinstance(told, list) else [told]
        for fault in [fault_of(entry) for entry in entries]:
            self._world.add_fault(fault)
        return _told({"added": len(entries)})

    async def clear_faults(self, _: web.Request) -> web.Response:
        self._world.clear_faults()
        return _told({})

    async def clock(self, _: web.Request) -> web.Response:
        clock = self._world.clock
        return _told({"now": clock.now_ms(), "start": clock.start_ms, "speed": clock.speed, "world": self._world.name})

    async def set_clock(self, request: web.Request) -> web.Response:
        """`speed` from now on; `leapMs` at once."""
        told = await _read(request)
        try:
            if "speed" in told:
                self._world.clock.run_at(float(told["speed"]))
            if "leapMs" in told:
                self._world.clock.leap(int(told["leapMs"]))
        except (TypeError, ValueError, OverflowError) as error:
            raise ScenarioError(f"The clock cannot do that: {error}.") from error
        self._driver.run()
        return await self.clock(request)

    async def catalogue(self, _: web.Request) -> web.Response:
        return _told(
            {
                name: {"says": kind.says, "target": kind.aim, "params": kind.params, "isAct": kind.is_act}
                for name, kind in CATALOGUE.items()
            }
        )

    def _exchange(self, name: str) -> Exchange:
        if name not in self._world.exchanges:
            raise ScenarioError(f"No exchange is called {name!r}. Known: {', '.join(self._world.exchanges)}.")
        return self._world.exchanges[name]


def add(app: web.Application, world: World, driver: Driver) -> None:
    """Give the application its control paths."""
    control = Control(world, driver)
    app.middlewares.append(_explain)
    app.router.add_get("/control/counters", control.counters)
    app.router.add_get("/control/truth", control.truth)
    app.router.add_get("/control/catalogue", control.catalogue)
    app.router.add_get("/control/faults", control.faults)
    app.router.add_post("/control/faults", control.add_faults)
    app.router.add_delete("/control/faults", control.clear_faults)
    app.router.add_get("/control/clock", control.clock)
    app.router.add_post("/control/clock", control.set_clock)


@web.middleware
async def _explain(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        response: web.StreamResponse = await handler(request)
    except PerseusError as error:
        return web.Response(
            status=400, body=msgspec.json.encode({"error": str(error)}), content_type="application/json"
        )
    except ConnectionError:
        log.debug("A client gave up before its answer: %s", request.path)
        return web.Response()
    return response


def _milliseconds(told: str) -> int:
    if not told.isdecimal():
        raise ScenarioError(f"A time is whole milliseconds, not {told!r:.40}.")
    return int(told)


def _told(told: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(told), content_type="application/json")


async def _read(request: web.Request) -> Any:
    try:
        return msgspec.json.decode(await request.read())
    except msgspec.DecodeError as error:
        raise ScenarioError(f"The body is no JSON: {error}.") from error


def _row(one: Known) -> dict[str, Any]:
    bar = one.bar
    prices = {"open": bar.open, "high": bar.high, "low": bar.low, "close": bar.close}
    volumes = {"volume": bar.volume, "quoteVolume": bar.quote}
    told: dict[str, Any] = {"timestamp": bar.open_ms, **{name: text(units) for name, units in prices.items()}}
    told |= {name: text(units) for name, units in volumes.items()}
    return told | {"trades": bar.trades, "closed": one.is_closed, "must": one.must and not one.is_lost}
