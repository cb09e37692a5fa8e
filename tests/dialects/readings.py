"""An independent reading of the shared captures and payloads: nothing of what it checks is used here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perseus.exchanges.wire.transport import Answer

DATA = Path(__file__).parents[3] / "shared/data"
LENGTHS = {"1m": 60_000, "5m": 300_000, "1h": 3_600_000, "1d": 86_400_000}


def shared(*path: str) -> Path:
    """A file of the shared data; skips the test where it is absent."""
    file = DATA.joinpath(*path)
    if not file.exists():
        pytest.skip(f"real data is absent: {'/'.join(path)}")
    return file


def payload(name: str) -> bytes:
    return shared("payloads", f"nautilus_{name}.json").read_bytes()


def answer(body: bytes | str, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, named, body if isinstance(body, bytes) else body.encode())


def messages(name: str) -> list[bytes]:
    """All that the exchange sent in a capture, the very bytes."""
    found = []
    for line in shared("captures", name).read_bytes().splitlines():
        head, _, body = line.partition(b": ")
        if b"<-" not in head and body:
            found.append(body)
    return found


def body(name: str) -> bytes:
    """The HTTP body of a capture."""
    return shared("captures", name).read_bytes().splitlines()[0].partition(b" -> ")[2].partition(b": ")[2]


def klines(found: list[bytes]) -> Iterator[dict[str, Any]]:
    """Candles of Binance's streams, by json alone, every number exact."""
    for data in found:
        said = json.loads(data, parse_float=Decimal)["data"]
        if said.get("e") == "kline":
            k = said["k"]
            yield {
                "symbol": k["s"],
                "timeframe": k["i"],
                "open_ms": k["t"],
                "open": k["o"],
                "high": k["h"],
                "low": k["l"],
                "close": k["c"],
                "volume": k["v"],
                "quote_volume": k["q"],
                "trades": k["n"],
                "event_ms": said["E"],
                "is_closed": k["x"],
            }
