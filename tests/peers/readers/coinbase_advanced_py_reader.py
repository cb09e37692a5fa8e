"""coinbase-advanced-py at a simulator: see README.md. Its REST client insists on TLS."""

from __future__ import annotations

import json
import sys
import time

from coinbase.rest import RESTClient
from coinbase.websocket import WSClient

FIELDS = ("open", "high", "low", "close", "volume")
STEP_S = 300
COUNT = 300


def main(place: str, tls_place: str) -> dict:
    """What it read: the snapshot and the updates of its stream, less the candle that runs."""
    rest = RESTClient(base_url=f"{tls_place}/coinbase", rate_limit_headers=True)
    now_s = int(rest.get_unix_time()["epoch_seconds"])
    answer = rest.get_public_candles("BTC-USD", str(now_s - COUNT * STEP_S), str(now_s), "FIVE_MINUTE")
    rows = answer.to_dict()["candles"]
    kept: dict = {}
    beats: list = []

    def took(message: str) -> None:
        said = json.loads(message)
        if said["channel"] == "heartbeats":
            beats.append(said)
        for event in said["events"] if said["channel"] == "candles" else ():
            for row in event["candles"]:
                kept[int(row["start"])] = row

    client = WSClient(base_url=f"ws://{place}/coinbase", on_message=took)
    client.open()
    client.candles(product_ids=["BTC-USD"])
    client.heartbeats()
    while not (kept and max(kept) > now_s and beats):
        time.sleep(0.1)
    client.close()
    return {"history": candles(rows, now_s - STEP_S), "streamed": candles(kept.values(), max(kept) - STEP_S)}


def candles(rows: object, last_s: int) -> dict:
    """Those that begin no later."""
    return {int(row["start"]) * 1000: [row[name] for name in FIELDS] for row in rows if int(row["start"]) <= last_s}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2])), flush=True)
