"""binance-sdk-spot at a simulator: see README.md."""

from __future__ import annotations

import asyncio
import json
import sys

from binance_common.configuration import ConfigurationRestAPI, ConfigurationWebSocketStreams
from binance_sdk_spot.spot import Spot

CANDLES = 3


async def main(place: str) -> dict:
    """What it read."""
    client = Spot(
        config_rest_api=ConfigurationRestAPI(api_key="", api_secret="", base_path=f"http://{place}/binance"),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=f"ws://{place}/binance"),
    )
    answer = client.rest_api.klines(symbol="BTCUSDT", interval="1m", limit=1000)
    rows = answer.data()
    assert answer.rate_limits, "it read no header of the weight that is used"
    kept: dict = {}
    connection = await client.websocket_streams.create_connection()
    try:
        stream = await connection.kline(symbol="btcusdt", interval="1m")

        def took(event: object) -> None:
            if event.k.x:
                kept[event.k.t] = [getattr(event.k, name) for name in ("o", "h", "l", "c", "v")]

        stream.on("message", took)
        while len(kept) < CANDLES:
            await asyncio.sleep(0.1)
    finally:
        await connection.close_connection(close_session=True)
    return {"history": {row[0]: row[1:6] for row in rows[:-1]}, "streamed": kept}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1]))))
