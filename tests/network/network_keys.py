"""Four exchanges and their keys, set by hand."""

from __future__ import annotations

from perseus import keys
from perseus.network.exchange import Exchange
from perseus.store import Client
from tests.network.samples import sample

ALL = tuple(Exchange(number, f"x{number}", f"X {number}") for number in range(1, 5))
X1, X2, X3, X4 = ALL


def store_ms(client: Client) -> int:
    seconds, micros = client.time()
    return seconds * 1000 + micros // 1000


def put_live(client: Client, exchange: Exchange, pttl_ms: int = 40_000, **changes: object) -> None:
    status = sample(exchange_id=exchange.id, exchange_name=exchange.name, **changes)
    client.set(keys.status(exchange.id), status.to_json(), px=pttl_ms)


def put_last(client: Client, exchange: Exchange, ended_ms_ago: int, **changes: str) -> None:
    until_ms = store_ms(client) - ended_ms_ago
    record = {"token": "7", "until_ms": until_ms, "beat_ms": until_ms - 45_000, "closed": "0"}
    record |= {"payload": sample(exchange_id=exchange.id).to_json(), **changes}
    client.hset(keys.last_record(exchange.id), mapping=record)
