"""The loop on which simulated time runs."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.simulated.virtual_loop import BEGIN, Stuck, VirtualLoop, run


def test_a_day_of_sleeping_takes_no_time_and_ends_when_it_should() -> None:
    async def main() -> float:
        await asyncio.gather(*(asyncio.sleep(86_400 / share) for share in range(1, 50)))
        return asyncio.get_running_loop().time()

    began = time.monotonic()
    assert run(main) == pytest.approx(BEGIN + 86_400)
    assert time.monotonic() - began < 1


def test_timers_fire_in_their_order_and_at_their_times() -> None:
    heard: list[tuple[str, float]] = []

    async def one(name: str, wait: float) -> None:
        await asyncio.sleep(wait)
        heard.append((name, round(asyncio.get_running_loop().time() - BEGIN, 6)))

    async def main() -> None:
        await asyncio.gather(one("late", 5), one("early", 0.001), one("middle", 3))

    run(main)
    assert heard == [("early", 0.001), ("middle", 3), ("late", 5)]


def test_a_time_out_ends_what_would_wait_for_ever() -> None:
    async def main() -> None:
        async with asyncio.timeout(60):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        run(main)


def test_what_can_never_go_on_is_named_and_does_not_hang() -> None:
    with pytest.raises(Stuck, match="nothing can happen"):
        run(asyncio.Event().wait)


def test_what_never_ends_is_ended_by_virtual_time() -> None:
    async def for_ever() -> None:
        while True:
            await asyncio.sleep(1)

    with pytest.raises(Stuck, match="after 100 s"):
        run(for_ever, longest=100)


def test_a_stall_lets_time_pass_at_once() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.stall(90)
        return loop.time()

    assert run(main) == BEGIN + 90


def test_what_a_forgotten_callback_raises_is_raised_at_the_end() -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_soon(int, "none")
        await asyncio.sleep(0)

    with pytest.raises(ValueError, match="none"):
        run(main)


def test_threads_are_refused() -> None:
    async def main() -> None:
        await asyncio.to_thread(time.monotonic)

    with pytest.raises(AssertionError, match="on a thread"):
        run(main)
