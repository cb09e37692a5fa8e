"""Answers that nobody can read: asked for four times, then named, whatever is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from perseus.exchanges.budget.book import Priority
from perseus.exchanges.budget.ledger import Ledger
from perseus.exchanges.registry import dialect_of
from perseus.exchanges.rest import ATTEMPTS, NoAnswer, Rest, RestError
from perseus.exchanges.wire.transport import Answer
from perseus.store import Client, connect
from tests.exchanges.test_rest import KLINES, Scripted, asking

BINANCE = dialect_of("binance")
DEEP, NO_TEXT = b"[" * 5_000 + b"]" * 5_000, b'{"serverTime":"\xff"}'
GOOD = b'{"serverTime":1790000000000}'
HOSTILE = {
    "deep": DEEP,
    "no text": NO_TEXT,
    "another shape": b'{"serverTime":"x"}',
    "no time": b'{"serverTime":99999999999999999999999999}',
    "long": b'{"serverTime":%s}' % (b"9" * 5_000),
}
every_body = pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)


@pytest.fixture
def client(real_store: str) -> Iterator[Client]:
    with connect(real_store, timeout=2, name="test") as client:
        yield client


@every_body
def test_it_is_asked_for_again_until_it_can_be_read(client: Client, body: bytes) -> None:
    async def main(rest: Rest, transport: Scripted, _: Ledger) -> None:
        told_ms = await rest.read(BINANCE.time_request(), Priority.ADMIN, BINANCE.parse_time)
        assert (told_ms, len(transport.asked)) == (1_790_000_000_000, 2)

    asking(client, Answer(200, {}, body), Answer(200, {}, GOOD), main=main)


@every_body
def test_four_of_them_are_no_answer_and_say_why(client: Client, body: bytes) -> None:
    async def main(rest: Rest, transport: Scripted, _: Ledger) -> None:
        with pytest.raises(NoAnswer, match="no usable answer to /api/v3/time, asked 4 times"):
            await rest.calibrate()
        assert len(transport.asked) == ATTEMPTS

    asking(client, Answer(200, {}, body), main=main)


@pytest.mark.parametrize("status", [200, 400, 418, 429, 500])
@pytest.mark.parametrize("body", [DEEP, NO_TEXT, b'{"code":[],"msg":{}}', b"9" * 5_000])
@pytest.mark.parametrize("number", ["9" * 5_000, "\u0661", "-1"])
def test_no_answer_is_an_error_of_another_kind(client: Client, status: int, body: bytes, number: str) -> None:
    names = ("retry-after", "x-mbx-used-weight-1m", "x-ratelimit-reset", "date")

    async def main(rest: Rest, transport: Scripted, _: Ledger) -> None:
        with pytest.raises(RestError):
            await rest.read(KLINES, Priority.REPAIR, BINANCE.parse_time)

    asking(client, Answer(status, dict.fromkeys(names, number), body), main=main)
