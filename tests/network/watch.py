"""A watcher of two exchanges on time that is passed in, and the records that it reads."""

from __future__ import annotations

from collections.abc import Sequence

from perseus import keys
from perseus.network.exchange import Exchange
from perseus.network.view.watcher import Watcher
from perseus.settings import Settings
from perseus.store import Client
from tests.conftest import KRAKEN, ManualClock
from tests.network.samples import sample

BINANCE = Exchange(2, "binance", "Binance")
HEARTBEAT = 15.0


class Watch:
    """A watcher of two exchanges that has been reading for as long as it takes to judge."""

    def __init__(self, client: Client, clock: ManualClock, exchanges: Sequence[Exchange] = (KRAKEN, BINANCE)) -> None:
        self.client, self.clock = client, clock
        self.watcher = Watcher(client, lambda: exchanges, Settings(), clock)

    def settle(self) -> Watch:
        self.watcher.look()
        self.clock.advance(HEARTBEAT)
        return self

    def look(self) -> float:
        return self.watcher.look()

    def deaths(self, exchange: Exchange = KRAKEN) -> list[dict[str, str]]:
        return [fields for _, fields in self.client.xrange(keys.activity(exchange.name))]


def store_ms(client: Client) -> int:
    seconds, micros = client.time()
    return seconds * 1000 + micros // 1000


def put_record(client: Client, ended_ms_ago: int, exchange: Exchange = KRAKEN, **changes: object) -> int:
    """An unclosed last record whose lease ended then; gives when that was."""
    until_ms = store_ms(client) - ended_ms_ago
    record = {"token": "7", "until_ms": until_ms, "beat_ms": until_ms - 45_000, "closed": "0"}
    client.hset(keys.last_record(exchange.id), mapping={**record, "payload": sample().to_json(), **changes})
    return until_ms
