"""GET by aiohttp against real servers, the broken ones among them."""

from __future__ import annotations

import gzip
import socket
import zlib

import pytest
from aiohttp import web

from perseus.exchanges.wire import aiohttp_transport, body
from perseus.exchanges.wire.aiohttp_transport import AiohttpTransport
from perseus.exchanges.wire.transport import TransportError
from tests.exchanges.wire import Raw, head, on_wire, serving, talking
from tests.redis_process import free_port

JSON = b'{"serverTime":1499827319559}'


async def get(transport: AiohttpTransport, place: str, timeout: float = 5) -> object:
    return await transport.get(f"http://{place}/api/v3/time", {}, {}, timeout)


async def fails(transport: AiohttpTransport, raw: Raw, timeout: float = 5) -> TransportError:
    async with talking(raw) as place:
        with pytest.raises(TransportError) as caught:
            await get(transport, place, timeout)
        assert place in str(caught.value)
    return caught.value


def test_an_answer_is_passed_on_with_status_headers_in_lower_case_and_body() -> None:
    async def main(transport: AiohttpTransport) -> None:
        asked: list[web.Request] = []

        async def handler(request: web.Request) -> web.Response:
            asked.append(request)
            return web.Response(body=JSON, status=429, headers={"Retry-After": "3", "X-MBX-USED-WEIGHT-1M": "17"})

        async with serving(handler) as place:
            params = {"symbol": "BTCUSDT", "symbols": '["A","B"]'}
            answer = await transport.get(f"http://{place}/x", params, {"cache-control": "no-cache"}, 5)
        assert (answer.status, answer.body) == (429, JSON)
        assert (answer.headers["retry-after"], answer.headers["x-mbx-used-weight-1m"]) == ("3", "17")
        assert dict(asked[0].query) == params
        assert asked[0].headers["Cache-Control"] == "no-cache"
        assert asked[0].headers["User-Agent"].startswith("perseus/")

    on_wire(main)


def test_an_error_page_is_an_answer_and_a_redirect_is_not_followed() -> None:
    async def main(transport: AiohttpTransport) -> None:
        async def handler(request: web.Request) -> web.Response:
            if request.path == "/moved":
                return web.Response(status=302, headers={"Location": "/elsewhere"})
            return web.Response(text="<html><h1>Sorry</h1></html>", content_type="text/html")

        async with serving(handler) as place:
            page = await transport.get(f"http://{place}/", {}, {}, 5)
            moved = await transport.get(f"http://{place}/moved", {}, {}, 5)
        assert page.body.startswith(b"<html>")
        assert moved.status == 302

    on_wire(main)


def test_gzip_is_asked_for_and_unpacked() -> None:
    async def main(transport: AiohttpTransport) -> None:
        async def handler(request: web.Request) -> web.Response:
            assert request.headers["Accept-Encoding"] == "gzip"
            return web.Response(body=gzip.compress(JSON * 9_000), headers={"Content-Encoding": "gzip"})

        async with serving(handler) as place:
            assert (await transport.get(f"http://{place}/", {}, {}, 5)).body == JSON * 9_000

    on_wire(main)


def test_a_gzip_bomb_is_refused_without_being_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked: list[int] = []

    class Counting(body.Body):
        def add(self, chunk: bytes) -> None:
            try:
                super().add(chunk)
            finally:
                unpacked.append(self._size)

    monkeypatch.setattr("perseus.exchanges.wire.aiohttp_transport.Body", Counting)
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join([packer.compress(bytes(1 << 20)) for _ in range(512)]) + packer.flush()

    async def main(transport: AiohttpTransport) -> None:
        raw = Raw(head("Content-Encoding: gzip", f"Content-Length: {len(bomb)}") + bomb)
        assert (await fails(transport, raw)).kind == "size"
        assert max(unpacked) <= body.MOST + 1

    on_wire(main)


def test_a_body_that_is_announced_as_too_long_is_not_even_begun() -> None:
    async def main(transport: AiohttpTransport) -> None:
        raw = Raw(head(f"Content-Length: {body.MOST + 1}"), then="hold")
        assert (await fails(transport, raw)).kind == "size"

    on_wire(main)


def test_an_endless_body_is_cut_off_at_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    class Small(body.Body):
        def __init__(self, place: str, encoding: str, length: int | None) -> None:
            super().__init__(place, encoding, length, 1 << 20)

    monkeypatch.setattr("perseus.exchanges.wire.aiohttp_transport.Body", Small)

    async def main(transport: AiohttpTransport) -> None:
        assert (await fails(transport, Raw(head() + bytes(2 << 20), then="hold"))).kind == "size"

    on_wire(main)


@pytest.mark.parametrize(
    ("said", "then", "kind"),
    [
        (head("Content-Length: 900") + JSON, "close", "body"),
        (head("Transfer-Encoding: chunked") + b"1c\r\n" + JSON, "close", "body"),
        (head("Content-Encoding: gzip", "Content-Length: 20") + gzip.compress(JSON)[:20], "close", "body"),
        (head("Content-Encoding: gzip", "Content-Length: 28") + JSON, "close", "body"),
        (head("Content-Encoding: br", "Content-Length: 28") + JSON, "close", "body"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "close", "body"),
        (b"", "close", "reset"),
        (b"", "reset", "reset"),
        (head("Content-Length: 900") + JSON, "reset", "body"),
        (b"", "hold", "timeout"),
        (head("Content-Length: 900") + JSON, "hold", "timeout"),
    ],
    ids=[
        "fewer bytes than told", "half a chunk", "half a gzip", "no gzip", "not asked for", "no HTTP",
        "closed", "reset", "reset within", "silent", "stalled",
    ],
)  # fmt: skip
def test_what_is_no_whole_answer_is_an_error_of_its_kind(said: bytes, then: str, kind: str) -> None:
    async def main(transport: AiohttpTransport) -> None:
        assert (await fails(transport, Raw(said, then), timeout=0.3 if then == "hold" else 5)).kind == kind

    on_wire(main)


def test_more_bytes_than_told_make_an_error_and_are_no_part_of_any_answer() -> None:
    async def main(transport: AiohttpTransport) -> None:
        raw = Raw(head(f"Content-Length: {len(JSON)}") + JSON + b'{"left":"over"}', then="hold")
        assert (await fails(transport, raw)).kind == "body"
        async with talking(Raw(head(f"Content-Length: {len(JSON)}") + JSON)) as place:
            assert (await transport.get(f"http://{place}/", {}, {}, 5)).body == JSON

    on_wire(main)


def test_a_kept_connection_that_breaks_is_told_and_not_asked_again_behind_the_ledger() -> None:
    async def main(transport: AiohttpTransport) -> None:
        raw = Raw(head(f"Content-Length: {len(JSON)}") + JSON, then="hold")
        async with talking(raw) as place:
            await transport.get(f"http://{place}/", {}, {}, 5)
            raw.said, raw.then = b"", "reset"
            with pytest.raises(TransportError) as caught:
                await transport.get(f"http://{place}/", {}, {}, 5)
        assert (caught.value.kind, raw.count) == ("reset", 2)

    on_wire(main)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://127.0.0.1:CLOSED/", "refused"),
        ("http://no-such-host.invalid/", "address"),
        ("api.example.com/no-scheme", "address"),
        ("http://", "address"),
    ],
)
def test_where_nothing_can_be_asked_the_error_says_why(url: str, kind: str) -> None:
    place = url.replace("CLOSED", str(free_port()))

    async def main(transport: AiohttpTransport) -> None:
        for open_it in (lambda: transport.get(place, {}, {}, 5), lambda: transport.connect(place, 5)):
            with pytest.raises(TransportError) as caught:
                await open_it()
            assert caught.value.kind == kind

    on_wire(main)


def test_a_server_without_tls_is_told_as_that() -> None:
    async def main(transport: AiohttpTransport) -> None:
        async with talking(Raw(b"220 smtp ready\r\n", then="greet")) as place:
            with pytest.raises(TransportError, match="No TLS") as caught:
                await transport.get(f"https://{place}/", {}, {}, 5)
        assert caught.value.kind == "tls"

    on_wire(main)


def test_a_connection_that_nobody_takes_is_told_from_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was sent there, so nothing may arrive later."""
    monkeypatch.setattr(aiohttp_transport, "REACH_SECONDS", 0.3)

    async def main(transport: AiohttpTransport) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as one, socket.socket() as two:
            for each in (one, two):
                each.setblocking(False)
                each.connect_ex(full.getsockname())
            with pytest.raises(TransportError) as caught:
                await get(transport, f"127.0.0.1:{full.getsockname()[1]}")
            assert caught.value.kind == "unreached"

    on_wire(main)
