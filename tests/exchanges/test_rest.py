"""Requests through the ledger: what is asked again, what is not, and what stops everybody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from email.utils import formatdate

import pytest

from perseus.errors import StoreUnavailable
from perseus.exchanges.budget.book import Priority
from perseus.exchanges.budget.ledger import Ledger
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.registry import dialect_of
from perseus.exchanges.rest import ATTEMPTS, NoAnswer, RateLimited, RequestRefused, Rest
from perseus.exchanges.wire.request import Request
from perseus.exchanges.wire.transport import Answer, Socket, TransportError
from perseus.store import Client, connect
from tests.exchanges.budget import BY_MINUTE, MINUTE, clock_now, ledger, true_ms
from tests.redis_process import free_port
from tests.simulated.virtual_loop import run

KLINES = Request("/api/v3/klines", {"symbol": "BTCUSDT", "interval": "1m"}, 2, {"cache-control": "no-cache"})
GOOD = Answer(200, {"x-mbx-used-weight-1m": "2"}, b"[]")
BUSY = Answer(503, {}, b'{"code":-1008,"msg":"Server is currently overloaded"}')
WRONG = Answer(400, {}, b'{"code":-1121,"msg":"Invalid symbol."}')
PAGE = Answer(200, {}, b"<html>Sorry</html>")
CUT = Answer(200, {}, b'[["1499040000000","0.0163')
TOO_MANY = Answer(429, {"retry-after": "40"}, b'{"code":-1003,"msg":"Too much request weight used"}')


class Scripted:
    """A Transport that gives these in turn, the last for ever. `asked`: (url, moment)."""

    def __init__(self, *answers: Answer | TransportError) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []
        self.headers: list[Mapping[str, str]] = []

    async def get(self, url: str, params: Mapping[str, str], headers: Mapping[str, str], timeout: float) -> Answer:
        self.asked.append((url, true_ms()))
        self.headers.append(headers)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, TransportError):
            raise answer
        return answer

    async def connect(self, url: str, timeout: float) -> Socket:
        raise NotImplementedError


def rest_of(transport: Scripted, one: Ledger, clock: ExchangeClock, chance: float = 1.0) -> Rest:
    return Rest(transport, one, clock, dialect_of("binance"), "https://api.example.com/", lambda: chance)


def asking(
    client: Client, *answers: Answer | TransportError, main: Callable[[Rest, Scripted, Ledger], Awaitable[None]]
) -> None:
    async def whole() -> None:
        clock, transport = clock_now(), Scripted(*answers)
        one = ledger(client, BY_MINUTE, clock=clock)
        await main(rest_of(transport, one, clock), transport, one)

    run(whole)


@pytest.fixture
def client(real_store: str) -> Iterator[Client]:
    with connect(real_store, timeout=2, name="test") as client:
        yield client


def test_a_request_goes_to_its_address_with_its_headers_and_is_charged(client: Client) -> None:
    async def main(rest: Rest, transport: Scripted, one: Ledger) -> None:
        assert await rest.get(KLINES, Priority.REPAIR) == GOOD
        assert transport.asked[0][0] == "https://api.example.com/api/v3/klines"
        assert transport.headers[0] == {"cache-control": "no-cache"}
        assert (await one.state()).usages[0].used == 2

    asking(client, GOOD, main=main)


def test_what_the_headers_say_is_used_goes_into_the_budget(client: Client) -> None:
    async def main(rest: Rest, _: Scripted, one: Ledger) -> None:
        await rest.get(KLINES, Priority.REPAIR)
        assert (await one.state()).usages[0].used == 90

    asking(client, Answer(200, {"x-mbx-used-weight-1m": "90"}, b"[]"), main=main)


@pytest.mark.parametrize(
    "bad",
    [
        BUSY,
        Answer(502, {}, b"<html>Bad gateway</html>"),
        Answer(400, {}, b'{"code":-1001,"msg":"Internal error"}'),
        PAGE,
        CUT,
        Answer(200, {}, b""),
        *(TransportError(kind, "no") for kind in ("refused", "reset", "body", "tls", "address")),
    ],
    ids=str,
)
def test_what_may_pass_is_asked_again_and_each_attempt_is_charged(client: Client, bad: Answer | TransportError) -> None:
    async def main(rest: Rest, transport: Scripted, one: Ledger) -> None:
        assert await rest.get(KLINES, Priority.REPAIR) == GOOD
        moments = [moment - transport.asked[0][1] for _, moment in transport.asked]
        assert moments == [0, pytest.approx(500, abs=5), pytest.approx(1_500, abs=5)]
        assert (await one.state()).usages[0].used == 6

    asking(client, bad, bad, GOOD, main=main)


def test_of_what_was_under_way_at_a_freeze_the_first_alone_is_news_and_says_for_how_long(client: Client) -> None:
    class Slow(Scripted):
        async def get(self, url: str, params: Mapping[str, str], headers: Mapping[str, str], timeout: float) -> Answer:
            await asyncio.sleep(1 + len(self.asked) / 10)
            return await super().get(url, params, headers, timeout)

    async def main() -> None:
        clock, transport = clock_now(), Slow(TOO_MANY)
        rest = rest_of(transport, ledger(client, BY_MINUTE, clock=clock), clock)
        for number in range(2):
            asked = (rest.get(KLINES, Priority.REPAIR) for _ in range(4))
            errors = await asyncio.gather(*asked, return_exceptions=True)
            assert len(transport.asked) == 4 * (number + 1)
            assert [error.is_news for error in errors if isinstance(error, RateLimited)].count(True) == 1
            assert all("from this address for 40 s: Too much" in str(error) for error in errors)

    run(main)


def test_after_silence_it_is_asked_again_by_one_probe_at_a_time_at_growing_intervals(client: Client) -> None:
    async def main(rest: Rest, transport: Scripted, one: Ledger) -> None:
        assert await rest.get(KLINES, Priority.REPAIR) == GOOD
        moments = [moment - transport.asked[0][1] for _, moment in transport.asked]
        assert moments == [0, pytest.approx(500, abs=5), pytest.approx(10_500, abs=5)]
        assert await rest.get(KLINES, Priority.REPAIR) == GOOD
        assert transport.asked[-1][1] - transport.asked[-2][1] == pytest.approx(1_000, abs=5)
        await asyncio.gather(rest.get(KLINES, Priority.REPAIR), rest.get(KLINES, Priority.REPAIR))
        assert transport.asked[-1][1] - transport.asked[-3][1] < 100

    silent = TransportError("timeout", "no")
    asking(client, silent, silent, GOOD, main=main)


def test_it_is_asked_four_times_and_then_said_why_it_was_no_use(client: Client) -> None:
    async def main(rest: Rest, transport: Scripted, _: Ledger) -> None:
        with pytest.raises(NoAnswer, match=r"binance gave no usable answer to /api/v3/klines, asked 4 times: HTTP 503"):
            await rest.get(KLINES, Priority.REPAIR)
        assert len(transport.asked) == ATTEMPTS

    asking(client, BUSY, main=main)


def test_waits_between_attempts_are_spread_over_their_whole_length(client: Client) -> None:
    async def main() -> None:
        clock, transport = clock_now(), Scripted(BUSY)
        rest = rest_of(transport, ledger(client, clock=clock), clock, chance=0.0)
        began = true_ms()
        with pytest.raises(NoAnswer):
            await rest.get(KLINES, Priority.REPAIR)
        assert true_ms() == began

    run(main)


def test_a_busy_exchange_that_says_when_is_asked_then(client: Client) -> None:
    async def main(rest: Rest, transport: Scripted, _: Ledger) -> None:
        await rest.get(KLINES, Priority.REPAIR)
        assert transport.asked[1][1] - transport.asked[0][1] == pytest.approx(9_000, abs=5)

    asking(client, Answer(503, {"retry-after": "9"}, b""), GOOD, main=main)


@pytest.mark.parametrize("status", [301, 400, 401, 404])
def test_a_request_that_is_wrong_is_never_asked_again(client: Client, status: int) -> None:
    async def main(rest: Rest, transport: Scripted, _: Ledger) -> None:
        with pytest.raises(RequestRefused, match=r"Invalid symbol\. \(HTTP \d+, code -1121\)") as caught:
            await rest.get(KLINES, Priority.REPAIR)
        assert (caught.value.status, caught.value.code, len(transport.asked)) == (status, -1121, 1)

    asking(client, Answer(status, {}, WRONG.body), main=main)


def test_an_answer_that_is_too_long_is_not_asked_for_again(client: Client) -> None:
    async def main(rest: Rest, transport: Scripted, _: Ledger) -> None:
        with pytest.raises(NoAnswer, match="asked once: 33 MB"):
            await rest.get(KLINES, Priority.REPAIR)
        assert len(transport.asked) == 1

    asking(client, TransportError("size", "33 MB"), main=main)


@pytest.mark.parametrize(
    ("answer", "wait_ms"),
    [
        (TOO_MANY, 40_000),
        (Answer(418, {}, b'{"code":-1003,"msg":"IP banned"}'), 120_000),
        (Answer(403, {}, b"<html>blocked</html>"), 60_000),
        (Answer(400, {}, TOO_MANY.body), 60_000),
    ],
)
def test_a_penalty_stops_all_processes_at_once_and_is_not_asked_again(
    client: Client, real_store: str, answer: Answer, wait_ms: int
) -> None:
    async def main(rest: Rest, transport: Scripted, _: Ledger) -> None:
        with pytest.raises(RateLimited, match=f"for {wait_ms // 1000} s: .*All processes wait") as caught:
            await rest.get(KLINES, Priority.REPAIR)
        assert caught.value.until_ms == pytest.approx(true_ms() + wait_ms, abs=5)
        assert len(transport.asked) == 1
        with connect(real_store, timeout=2, name="other") as other:
            began = true_ms()
            await ledger(other).reserve(1, Priority.ADMIN)
            assert true_ms() - began == pytest.approx(wait_ms, abs=50)

    asking(client, answer, main=main)


def test_penalties_in_a_row_that_say_no_time_grow_and_a_good_answer_ends_the_row(client: Client) -> None:
    async def main(rest: Rest, _: Scripted, __: Ledger) -> None:
        waits = []
        for _ in range(4):
            try:
                await rest.get(KLINES, Priority.ADMIN)
            except RateLimited as error:
                waits.append(round((error.until_ms - true_ms()) / 1000))
        assert waits == [60, 120, 60]

    silent = Answer(429, {}, b"")
    asking(client, silent, silent, GOOD, silent, main=main)


def test_where_the_store_is_away_nothing_is_sent(client: Client) -> None:
    async def main() -> None:
        clock, transport = clock_now(), Scripted(GOOD)
        with connect(f"redis://127.0.0.1:{free_port()}/0", timeout=0.5, name="away") as away:
            rest = rest_of(transport, ledger(away, clock=clock), clock)
            with pytest.raises(StoreUnavailable):
                await rest.get(KLINES, Priority.ADMIN)
        assert transport.asked == []

    run(main)


def test_a_refused_handshake_stops_all_as_well(client: Client) -> None:
    async def main(rest: Rest, _: Scripted, one: Ledger) -> None:
        assert await rest.heed(TOO_MANY) is not None
        assert (await one.state()).frozen_until_ms == true_ms() + 40_000

    asking(client, GOOD, main=main)


def test_the_exchange_is_asked_for_its_time_until_that_is_no_surprise(client: Client) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        clock = ExchangeClock(loop.time)
        answers = [Answer(200, {}, b'{"serverTime":%d}' % (true_ms() + ahead)) for ahead in (0, 90_000, 90_000)]
        transport = Scripted(*answers)
        rest = rest_of(transport, ledger(client, clock=clock), clock)
        await rest.calibrate()
        assert clock.now_ms() == true_ms()
        assert len(transport.asked) == 1
        await rest.calibrate()
        assert clock.now_ms() == true_ms() + 90_000
        assert len(transport.asked) == 3

    run(main)


def test_an_answer_of_the_minute_before_is_booked_there(client: Client) -> None:
    async def main() -> None:
        await asyncio.sleep(50.2)
        assert true_ms() % MINUTE == 200
        clock = clock_now()
        late = Answer(
            200, {"x-mbx-used-weight-1m": "190", "date": formatdate(true_ms() / 1000 - 1, usegmt=True)}, b"[]"
        )
        one = ledger(client, clock=clock)
        await rest_of(Scripted(late), one, clock).get(KLINES, Priority.ADMIN)
        assert (await one.state()).usages[0].used == 2

    run(main)
