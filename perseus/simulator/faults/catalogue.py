"""Every fault that the simulator knows: what it does, what its target is matched with, what can be set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Aim = Literal["path", "symbol", "stream", "connection", "exchange"]
"""path: of the REST request. symbol, stream (as Binance names it; at Coinbase channel:product). connection: its
number, from 1. exchange: the whole of it."""


@dataclass(frozen=True)
class Kind:
    """`is_act`: done by itself at `after_ms`, `count` times (once unless given), every `every_ms`."""

    says: str
    aim: Aim
    params: dict[str, Any] = field(default_factory=dict)
    is_act: bool = False


def _act(says: str, aim: Aim, **params: Any) -> Kind:
    return Kind(says, aim, {"every_ms": 1_000, **params}, is_act=True)


CATALOGUE: dict[str, Kind] = {
    # REST: the answer
    "http_429": Kind("429 with Retry-After", "path", {"retry_after_s": 5}),
    "http_429_bare": Kind("429 without Retry-After", "path"),
    "http_418": Kind("418, each ban longer than the last", "path"),
    "http_403": Kind("403 of a firewall, in HTML", "path"),
    "http_5xx": Kind("a server error", "path", {"status": 502}),
    "busy": Kind("503 with -1008, server busy", "path"),
    "http_reset": Kind("cut without an answer", "path"),
    "slow_headers": Kind("the headers come late", "path", {"wait_ms": 3_000}),
    "slow_body": Kind("the body comes late", "path", {"wait_ms": 3_000}),
    "stalled_body": Kind("half of the body, then silence", "path"),
    "truncated_json": Kind("200 with JSON that breaks off", "path"),
    "empty_body": Kind("200 with nothing", "path"),
    "html_page": Kind("200 with an HTML error page", "path"),
    "wrong_length": Kind("less body than its Content-Length says", "path"),
    "gzip_bomb": Kind("a body that unpacks to 64 MB", "path"),
    # REST: the rows
    "rest_lag": Kind("rows of a candle that has just closed lack its last trades", "symbol", {"ms": 2_000}),
    "rest_hole": Kind("closed candles that REST never has", "symbol", {"timeframe": "*"}),
    "rest_missing": Kind("one answer lacks its newest rows, which the next has", "symbol", {"rows": 1}),
    "rest_duplicate": Kind("rows twice in one answer", "symbol"),
    "rest_shuffled": Kind("rows out of order in one answer", "symbol"),
    "zero_volume_row": Kind("buckets without trades are flat rows without volume", "symbol"),
    "rest_nan": Kind("a price of one row is NaN", "symbol"),
    # numbers and fields, at REST and in streams alike
    "long_prices": Kind("prices with twenty decimals", "symbol"),
    "exponent_volume": Kind("volumes in exponent form", "symbol"),
    "unknown_fields": Kind("fields that nobody knows", "symbol"),
    # the stream of candles
    "kline_duplicate": Kind("an event twice", "stream"),
    "kline_reordered": Kind("an event after the one that follows it", "stream", {"ms": 2_500}),
    "kline_late": Kind("an event late", "stream", {"ms": 30_000}),
    "kline_missing": Kind("an event never", "stream"),
    "close_missing": Kind("the closing event never", "stream"),
    "close_corrected": Kind("a closing event with too little volume, then a right one", "stream", {"ms": 1_500}),
    "kline_nan": Kind("an event whose close is NaN, in place of the right one", "stream"),
    "time_backwards": Kind("an event whose time is earlier than that of the one before", "stream", {"ms": 5_000}),
    "unknown_event": Kind("an event of a type that nobody knows, before the right one", "stream"),
    "channel_renamed": Kind("candles under a kind or a channel that nobody knows, and no others", "stream"),
    "fragmented": Kind("a message in several frames and packets", "stream"),
    # the connection
    "handshake": Kind("HTTP in place of a WebSocket", "connection", {"status": 503}),
    "silent_accept": Kind("accepted, then nothing ever", "connection"),
    "ack_never": Kind("a subscription without its acknowledgement, but with its events", "connection"),
    "ack_other_id": Kind("the acknowledgement of a subscription names another id", "connection"),
    "ack_dead": Kind("subscriptions acknowledged, then no event", "stream"),
    "ping_strict": Kind("pings whose pong must come at once", "connection", {"deadline_ms": 1_000}),
    # what happens at a time
    "reset": _act("connections break", "connection"),
    "close": _act("connections are closed", "connection", code=1001, reason=""),
    "half_open": _act("connections fall silent both ways, without an end", "connection"),
    "ping_flood": _act("many pings at once", "connection", pings=50),
    "server_shutdown": _act("serverShutdown, then the end", "connection", after_s=5),
    "expire_all": _act("every connection ends in the same moment", "exchange"),
    "subscription_lost": _act("a subscription is forgotten without a word", "stream"),
    "market_halt": _act("no trades, and its status says so", "symbol", status="HALT", for_ms=120_000),
    "delist": _act("gone: unknown to REST, silent in streams", "symbol"),
    "list_new": _act("a new market, with so many one-minute candles of history", "exchange", symbol="NEWUSDT", rows=3),
    "outage": _act("every connection breaks and nothing is answered for a while", "exchange", for_ms=30_000),
    "requests_held": _act("REST answers nothing for a while, then takes all at once", "exchange", for_ms=30_000),
    "handshakes_held": _act("no WebSocket opens for a while, then all do at once", "exchange", for_ms=30_000),
    "limits_lowered": _act("the REST limit becomes a share of itself", "exchange", share=0.5),
    "clock_skew": Kind("the exchange tells a time that is wrong by so much", "exchange", {"ms": 5_000}),
    # Coinbase alone
    "sequence_jump": Kind("a message is lost, so that sequence_num jumps", "stream"),
    "sequence_reset": _act("sequence_num begins at 0 again", "connection"),
    "snapshot_again": _act("a snapshot in midstream", "connection"),
    "heartbeat_jump": _act("heartbeat_counter jumps", "connection", by=3),
    "error_message": _act("a message of type error", "connection", message="internal error"),
}
