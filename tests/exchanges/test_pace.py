"""Exchange time that passes faster than ours: it is carried on and waited for as fast, and at 1x all is as ever."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from perseus.exchanges.budget.book import Priority
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.wire.transport import Answer, Socket, TransportError
from perseus.ingest.pace import EVERY_SECONDS, AnotherWorld, follow, followed
from perseus.store import Client
from tests.exchanges.budget import clock_now, ledger
from tests.exchanges.test_clock import BEGIN_MS, Rig
from tests.simulated.virtual_loop import run


def test_a_clock_that_is_told_the_pace_needs_no_word_for_minutes() -> None:
    rig = Rig(drift=8.0)
    rig.clock.set_pace(8.0)
    rig.asked(there=0.01, back=0.01)
    rig.seconds += 75
    assert abs(rig.clock.now_ms() - rig.true_ms) < 200
    rig.told(delay=0.02)
    assert not rig.clock.is_doubtful


def test_another_pace_counts_from_then_on_alone() -> None:
    rig = Rig()
    rig.asked()
    rig.seconds += 10
    before = rig.clock.now_ms()
    rig.clock.set_pace(20.0)
    assert rig.clock.now_ms() == before
    rig.seconds += 3
    assert rig.clock.now_ms() == before + 60_000
    rig.clock.set_pace(1.0)
    rig.seconds += 3
    assert rig.clock.now_ms() == before + 63_000
    assert before - BEGIN_MS < 11_000


@pytest.mark.parametrize("pace", [1.0, 8.0])
def test_a_ban_is_waited_for_by_the_time_of_the_exchange(client: Client, pace: float) -> None:
    async def main() -> None:
        time, clock = asyncio.get_running_loop().time, clock_now()
        clock.set_pace(pace)
        one = ledger(client, clock=clock)
        await one.freeze(clock.now_ms() + 100_000, "HTTP 418: banned")
        began, before_ms = time(), clock.now_ms()
        await one.reserve(1, Priority.REPAIR)
        assert 0 <= clock.now_ms() - before_ms - 100_000 < 1_000 * pace
        assert time() - began == pytest.approx(100 / pace, abs=1)

    run(main)


class Control:
    """A Transport that tells of a speed, or raises."""

    def __init__(self, *told: bytes | TransportError) -> None:
        self.told = list(told)
        self.asked: list[str] = []

    async def get(self, url: str, params: Mapping[str, str], headers: Mapping[str, str], timeout: float) -> Answer:
        self.asked.append(url)
        told = self.told.pop(0) if len(self.told) > 1 else self.told[0]
        if isinstance(told, TransportError):
            raise told
        return Answer(200, {}, told)

    async def connect(self, url: str, timeout: float) -> Socket:
        raise NotImplementedError


def test_the_pace_of_a_simulator_is_known_before_anything_is_heard_and_that_of_a_real_exchange_is_ours() -> None:
    async def main() -> None:
        clock, control = clock_now(), Control(b'{"now":1,"speed":8.0}')
        async with followed(clock, control, "http://127.0.0.1:8787/binance", is_simulated=False):
            assert (clock.passes_ms(1), control.asked) == (1_000, [])
        async with followed(clock, control, "http://127.0.0.1:8787/binance", is_simulated=True):
            assert clock.passes_ms(1) == 8_000

    run(main)


async def until_another(clock: ExchangeClock, control: Control, first: str) -> None:
    async with followed(clock, control, "http://127.0.0.1:8787/binance", is_simulated=True) as world:
        assert world == first
        await asyncio.sleep(3_600)


def test_a_simulator_that_became_another_world_ends_what_was_begun_with_the_first() -> None:
    """One that says no world, or nothing for a while, is the one that it was."""

    async def main() -> None:
        clock, silent = clock_now(), TransportError("refused", "no")
        one, other = b'{"speed":1,"world":"a"}', b'{"speed":1,"world":"b"}'
        for told, after in (((one, one, silent, one, other), 4), ((b'{"speed":1}', b'{"speed":1}', one, other), 3)):
            time = asyncio.get_running_loop().time
            began = time()
            with pytest.raises(AnotherWorld):
                await until_another(clock, Control(*told), "a" if told[0] == one else "")
            assert (after - 2) * EVERY_SECONDS <= time() - began <= after * EVERY_SECONDS
        async with followed(clock, Control(one), "http://127.0.0.1:8787/binance", is_simulated=False) as world:
            assert world == ""

    run(main)


def test_a_simulator_that_is_busy_with_its_start_is_asked_again_for_its_world() -> None:
    async def main() -> None:
        late, away, one = TransportError("timeout", "late"), TransportError("refused", "no"), b'{"speed":1,"world":"a"}'
        for told, world in (((late, late, one), "a"), ((away, one), "")):
            async with followed(clock_now(), Control(*told), "http://127.0.0.1:8787/binance", True) as found:
                assert found == world

    run(main)


def test_the_pace_of_a_simulator_is_followed_and_stays_while_it_is_silent() -> None:
    async def main() -> None:
        clock, silent = clock_now(), TransportError("refused", "no")
        control = Control(b'{"now":1,"speed":8.0}', silent, b"<html>", b"[" * 5_000, b'{"speed":0}', b'{"speed":2}')
        following = asyncio.create_task(follow(clock, control, "http://127.0.0.1:8787/binance"))
        await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
            assert clock.passes_ms(1) == 8_000
            await asyncio.sleep(EVERY_SECONDS)
        await asyncio.sleep(0.1)
        assert clock.passes_ms(1) == 2_000
        assert set(control.asked) == {"http://127.0.0.1:8787/control/clock"}
        following.cancel()

    run(main)
