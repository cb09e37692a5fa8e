"""No secret gets into a recording, wherever it might be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from perseus.clock import SystemClock
from perseus.exchanges.recordings import withheld
from perseus.exchanges.recordings.entries import packed
from perseus.exchanges.recordings.recorder import Kept, RecordedTransport
from perseus.exchanges.wire.transport import Answer, Closed, Frame, Socket, TransportError

SECRET = "s3cr3t"


class Silent:
    """A wire that answers everything, with a cookie."""

    async def get(self, url: str, params: Mapping[str, str], headers: Mapping[str, str], timeout: float) -> Answer:
        return Answer(200, {"set-cookie": SECRET, "x-mbx-used-weight-1m": "2"}, b"{}")

    async def connect(self, url: str, timeout: float) -> Socket:
        if "refused" in url:
            raise TransportError("handshake", "no", Answer(403, {}, b""))
        return self

    async def send(self, text: str) -> None:
        return

    async def receive(self) -> Frame:
        return Closed(1000, "")

    async def pong(self, payload: bytes) -> None:
        return

    async def close(self, code: int = 1000) -> None:
        return


MESSAGES = [
    f'{{"type":"subscribe","channel":"candles","jwt":"{SECRET}"}}',
    f'{{"method":"session.logon","params":{{"apiKey":"{SECRET}","signature" : "{SECRET}","timestamp":1}}}}',
    f'{{"passphrase":"{SECRET}\\"{SECRET}","token":{SECRET}}}',
]


def test_headers_parameters_addresses_and_messages_are_kept_without_their_secrets() -> None:
    kept = Kept(SystemClock())
    wire = RecordedTransport(Silent(), kept)

    async def main() -> None:
        headers = {"X-MBX-APIKEY": SECRET, "Authorization": f"Bearer {SECRET}", "CB-ACCESS-SIGN": SECRET}
        params = {"signature": SECRET, "apiKey": SECRET, "listenKey": SECRET, "symbol": "BTCUSDT"}
        url = f"https://user:{SECRET}@host/path?token={SECRET}&a=b"
        await wire.get(url, params, {**headers, "cache-control": "no-cache"}, 1)
        socket = await wire.connect(url, 1)
        for message in MESSAGES:
            await socket.send(message)
        with pytest.raises(TransportError):
            await wire.connect(f"{url}&refused=1", 1)

    asyncio.run(main())
    written = b"".join(map(packed, kept.entries))
    assert SECRET.encode() not in written
    for plain in (b"X-MBX-APIKEY", b"BTCUSDT", b"no-cache", b"session.logon", b"x-mbx-used-weight-1m", b"host/path"):
        assert plain in written


def test_what_is_no_secret_is_kept_to_the_letter() -> None:
    url = "wss://stream.binance.com:9443/stream?streams=btcusdt@kline_1m/ethusdt@kline_1m"
    assert withheld.url(url) == url
    text = '{"type":"subscribe","channel":"candles","product_ids":["KEY-USD","PASS-USD"]}'
    assert withheld.message(text) == text
    assert withheld.params({"symbol": "TOKENUSDT", "startTime": "0"}) == {"symbol": "TOKENUSDT", "startTime": "0"}
