"""The faults that happen by themselves: at a time, to connections, to markets, to the whole exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING

from perseus.simulator.faults.catalogue import CATALOGUE
from perseus.simulator.faults.fault import Fault
from perseus.simulator.market.buckets import MINUTE
from perseus.simulator.market.truth import Market
from perseus.simulator.market.walk import Manner
from perseus.simulator.session import Session

if TYPE_CHECKING:
    from perseus.simulator.exchange import Exchange

QUOTES = ("-USDC", "-USD", "USDT", "USDC", "BTC")


def schedule(exchange: Exchange, fault: Fault) -> None:
    """Have an act done at its times; nothing for a fault that waits for its occasions."""
    if CATALOGUE[fault.name].is_act:
        exchange.timers.at(exchange.start_ms + fault.after_ms, partial(_perform, exchange, fault))


def _perform(exchange: Exchange, fault: Fault) -> None:
    since = exchange.since_ms()
    over = fault.until_ms is not None and since >= fault.until_ms
    if over or fault not in exchange.faults.all() or fault.done >= (fault.count or 1):
        return
    fault.done += 1
    if exchange.faults.roll().random() < fault.probability:
        exchange.counters.faults[fault.name] += 1
        ACTS[fault.name](exchange, fault)
    exchange.timers.after(int(fault.params["every_ms"]), partial(_perform, exchange, fault))


def _sessions(exchange: Exchange, fault: Fault) -> Iterator[Session]:
    for number, session in tuple(exchange.sessions.items()):
        if fnmatchcase(str(number), fault.target):
            yield session


def _to_each(act: Callable[[Session, Fault], None]) -> Callable[[Exchange, Fault], None]:
    def perform(exchange: Exchange, fault: Fault) -> None:
        for session in _sessions(exchange, fault):
            act(session, fault)

    return perform


def _half_open(session: Session, _: Fault) -> None:
    session.is_half_open = True


def _shut_down(session: Session, fault: Fault) -> None:
    session.shut_down()
    session.exchange.timers.after(int(fault.params["after_s"] * 1_000), lambda: session.end(1001, "Server shutdown"))


def _expire_all(exchange: Exchange, _: Fault) -> None:
    for session in tuple(exchange.sessions.values()):
        session.end(1001, "Connection lifetime reached")


def _outage(exchange: Exchange, fault: Fault) -> None:
    for session in tuple(exchange.sessions.values()):
        session.end(None, "outage")
    exchange.is_away = True
    exchange.timers.after(int(fault.params["for_ms"]), lambda: setattr(exchange, "is_away", False))


def _hold(exchange: Exchange, fault: Fault) -> None:
    exchange.hold()
    exchange.timers.after(int(fault.params["for_ms"]), exchange.go_on)


def _shut_out(exchange: Exchange, fault: Fault) -> None:
    exchange.shut()
    exchange.timers.after(int(fault.params["for_ms"]), exchange.open)


def _halt(exchange: Exchange, fault: Fault) -> None:
    for market in _markets(exchange, fault):
        _set(exchange, market, str(fault.params["status"]), False)
        exchange.timers.after(int(fault.params["for_ms"]), partial(_resume, exchange, market))


def _resume(exchange: Exchange, market: Market) -> None:
    if not market.is_gone:
        _set(exchange, market, "TRADING", True)


def _set(exchange: Exchange, market: Market, status: str, is_trading: bool) -> None:
    market.status = status
    exchange.truth.book(market.symbol).is_trading = is_trading


def _delist(exchange: Exchange, fault: Fault) -> None:
    for market in _markets(exchange, fault):
        _set(exchange, market, "BREAK", False)
        market.gone_ms = exchange.timers.now_ms


def _markets(exchange: Exchange, fault: Fault) -> list[Market]:
    return [market for market in exchange.listed() if fnmatchcase(market.symbol, fault.target)]


def _list_new(exchange: Exchange, fault: Fault) -> None:
    symbol, rows = str(fault.params["symbol"]), int(fault.params["rows"])
    if symbol in exchange.truth.markets:
        return
    quote = next((quote for quote in QUOTES if symbol.endswith(quote)), "")
    opened = exchange.timers.now_ms - exchange.timers.now_ms % MINUTE
    listed = opened - (rows - 1) * MINUTE
    base, manner = symbol.removesuffix(quote), Manner(5 * 10**8)
    exchange.truth.add(Market(symbol, base, quote.lstrip("-"), manner, listed_ms=listed))


def _lower(exchange: Exchange, fault: Fault) -> None:
    exchange.lower(float(fault.params["share"]))


ACTS: dict[str, Callable[[Exchange, Fault], None]] = {
    "reset": _to_each(lambda session, _: session.end(None, "reset")),
    "close": _to_each(lambda session, fault: session.end(int(fault.params["code"]), str(fault.params["reason"]))),
    "half_open": _to_each(_half_open),
    "ping_flood": _to_each(lambda session, fault: session.flood(int(fault.params["pings"]))),
    "server_shutdown": _to_each(_shut_down),
    "sequence_reset": _to_each(lambda session, _: session.reset_sequence()),
    "snapshot_again": _to_each(lambda session, _: session.snapshot_again()),
    "heartbeat_jump": _to_each(lambda session, fault: session.skip_heartbeats(int(fault.params["by"]))),
    "error_message": _to_each(lambda session, fault: session.complain(str(fault.params["message"]))),
    "expire_all": _expire_all,
    "outage": _outage,
    "requests_held": _hold,
    "handshakes_held": _shut_out,
    "subscription_lost": lambda exchange, fault: exchange.lose(fault.target),
    "market_halt": _halt,
    "delist": _delist,
    "list_new": _list_new,
    "limits_lowered": _lower,
}
