"""The strict limit on messages, whatever the pattern in which they come."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from perseus.exchanges.budget.window import Window
from tests.simulated.virtual_loop import run

ARRIVALS = st.lists(st.tuples(st.floats(0, 5), st.booleans(), st.booleans()), min_size=1, max_size=40)


@settings(max_examples=200, deadline=None)
@given(ARRIVALS)
def test_no_span_ever_holds_more_than_it_may(arrivals: list[tuple[float, bool, bool]]) -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        window = Window(4, 1.25, loop.time)
        entered: list[float] = []

        async def one(at: float, is_urgent: bool, is_late: bool) -> None:
            await asyncio.sleep(at)
            await (window.enter_urgently() if is_urgent else window.enter())
            entered.append(loop.time())
            if is_late:
                await asyncio.sleep(0.3)
                window.renew()

        await asyncio.gather(*(one(*arrival) for arrival in arrivals))
        return entered

    entered = run(main, longest=3600)
    assert len(entered) == len(arrivals)
    for first, fifth in zip(entered, entered[4:], strict=False):
        assert fifth - first >= 1.25 - 1e-6
